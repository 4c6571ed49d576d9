//! Map Runs that are redriven: what becomes of the children that had failed.
//!
//! Until its lane comes to it, such a child waits to be redriven (AWS: `PENDING_REDRIVE`). One that cannot be redriven any
//! more ([`Execution::not_redrivable`]) stays failed for good and counts as one failure more.

use std::sync::Arc;

use stepwright_core::engine::{Cursor, MapRun, Phase};
use stepwright_core::time::Timestamp;

use super::{Described, Engine, Error};
use crate::store::redrivable::REDRIVABLE_SECONDS;
use crate::store::{Execution, ListPosition, ListQuery, Status, Tally};

/// How many children of a run, and how many items of theirs, there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// By what their rows say.
    pub rows: Tally,
    /// Those of them that wait to be redriven.
    pub pending_redrive: Tally,
    /// Those that failed and cannot be redriven any more.
    pub not_redrivable: Tally,
}

impl Engine {
    /// How many children a run has. Rows are looked at one by one only where their number does not tell.
    ///
    /// # Errors
    /// The store is not available.
    pub async fn counts(&self, arn: &Arc<str>, run: &Described) -> Result<Counts, Error> {
        let mut counts = Counts { rows: self.store.tally(arn).await?, ..Counts::default() };
        let since = run.redriven_since();
        if since.is_none() && !self.some_are_lost(run.registered.started, run.registered.worn_out) {
            return Ok(counts);
        }
        for status in UNSUCCESSFUL {
            if counts.rows.executions(status) == 0 {
                continue;
            }
            let mut one = |row: &Execution| {
                let items = row.parent.as_ref().map_or(0, |parent| parent.items);
                if row.not_redrivable(self.clock.now()).is_some() {
                    counts.not_redrivable.add(status, 1, items);
                } else if since.is_some_and(|since| self.awaits_redrive(row, since)) {
                    counts.pending_redrive.add(status, 1, items);
                }
                true
            };
            self.each_row(arn, status, &mut one).await?;
        }
        Ok(counts)
    }

    /// Whether a child waits to be redriven in a run that was redriven then.
    pub fn awaits_redrive(&self, child: &Execution, since: Timestamp) -> bool {
        child.closing.as_ref().is_some_and(|end| end.stopped < since)
            && child.not_redrivable(self.clock.now()).is_none()
    }

    /// Items of the children that failed after a redrive, or can have no other end: what else failed before it counts no
    /// more.
    pub(super) async fn failed_for_good(
        &self,
        run: &Arc<str>,
        since: Timestamp,
    ) -> Result<u64, Error> {
        let Some((registered, _)) = self.registered(run).await? else { return Ok(0) };
        let all = self.some_are_lost(registered.started, registered.worn_out);
        let mut items = 0;
        for status in UNSUCCESSFUL {
            let mut one = |row: &Execution| {
                let late = row.listed_at() > since;
                if late || row.not_redrivable(self.clock.now()).is_some() {
                    items += row.parent.as_ref().map_or(0, |parent| parent.items);
                }
                late || all
            };
            self.each_row(run, status, &mut one).await?;
        }
        Ok(items)
    }

    /// Notes that the runs were redriven which an execution's record goes on with.
    pub(in crate::turn) async fn runs_redriven(
        &self,
        here: &Cursor,
        phase: &Phase,
    ) -> Result<(), Error> {
        let Phase::Forked(fork) = phase else { return Ok(()) };
        if let Some(run) = &fork.run {
            self.note_redriven(here, run).await?;
        }
        let begun = fork.resumed.iter().flat_map(|resumed| &resumed.begun);
        for (number, lane) in (0..).zip(begun) {
            let frame = here.frame.child(here.slot, number);
            let at = Cursor { execution: here.execution.clone(), frame, slot: 0 };
            Box::pin(self.runs_redriven(&at, &lane.phase)).await?;
        }
        Ok(())
    }

    /// Notes that a run was redriven, and where it goes on.
    pub(super) async fn note_redriven(&self, began: &Cursor, run: &MapRun) -> Result<(), Error> {
        let Some(redriven) = run.redriven else { return Ok(()) };
        let change = |registered: &mut super::Registered| {
            if registered.redriven.is_none_or(|(count, _)| count < redriven.0) {
                (registered.redriven, registered.closed) = (Some(redriven), None);
                registered.began = began.clone();
            }
        };
        self.note(&run.arn, change).await.map(drop)
    }

    /// Whether there may be children in a run that cannot be redriven: old ones, or ones whose history is full.
    fn some_are_lost(&self, started: Timestamp, worn_out: bool) -> bool {
        worn_out || self.clock.now().seconds_since(started) > REDRIVABLE_SECONDS
    }

    /// Shows the children of a run with a status, newest first, until `take` wants no more.
    async fn each_row(
        &self,
        run: &Arc<str>,
        status: Status,
        take: &mut (dyn FnMut(&Execution) -> bool + Send),
    ) -> Result<(), Error> {
        let (machine, status) = (run.clone(), Some(status));
        let mut query = ListQuery { machine, status, after: None, limit: AT_ONCE };
        loop {
            let rows = self.store.list(&query).await?;
            if !rows.iter().all(|row| take(row)) {
                return Ok(());
            }
            let Some(last) = rows.last().filter(|_| rows.len() == AT_ONCE) else { return Ok(()) };
            query.after = Some(ListPosition { time: last.listed_at(), id: last.id.clone() });
        }
    }
}

impl Described {
    /// When it was redriven last, while it has not ended since.
    pub fn redriven_since(&self) -> Option<Timestamp> {
        self.registered.redriven.filter(|_| self.closed.is_none()).map(|(_, at)| at)
    }
}

const UNSUCCESSFUL: [Status; 3] = [Status::Failed, Status::TimedOut, Status::Aborted];
/// Rows of a list that are read at a time.
const AT_ONCE: usize = 1_000;
