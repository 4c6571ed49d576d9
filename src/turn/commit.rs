//! Decide and commit: what a frame comes to, and the record of it in its slot.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use stepwright_core::engine::{
    Cursor, Decided, Decision, Frame, Phase, Record, Stimulus, begin, decide, record,
};
use stepwright_core::time::Timestamp;

use super::patience::{BRIEF, LONG};
use super::{Drive, Engine, Error, Loaded, outgrown};
use crate::store::{self, Insertion};

impl Engine {
    /// The decision on a frame, with the items that its lane asks for on the way.
    pub(crate) async fn decide(
        &self,
        loaded: &Loaded,
        drive: &Drive,
        states: u32,
    ) -> Result<Made, Error> {
        let next = drive.after.0 + 1;
        let time = Timestamp(if drive.pinned { next } else { self.clock.now().0.max(next) });
        let existing = self.existing_activities(loaded).await?;
        let ask =
            |made: Option<Decision>, stimulus: Stimulus| {
                self.with_setting_and(loaded, &drive.cursor, (time, states), &existing, |set| {
                    match made {
                        Some(made) => decide(set, made, stimulus),
                        None => begin(set),
                    }
                })
            };
        let asking = drive.made.as_ref().filter(|made| made.frame.phase == Phase::Asking);
        let recorded = drive.made.as_ref().and_then(|made| in_hand(&made.frame)).unwrap_or(0);
        let mut decided = match asking {
            Some(made) => Decided::Commit(Box::new(made.clone())),
            None => ask(drive.made.clone(), drive.stimulus.clone()),
        };
        loop {
            match decided {
                Decided::Commit(made) if made.frame.phase == Phase::Asking => {
                    let distributed = made.frame.lane.as_ref().is_some_and(|l| l.done.is_some());
                    let granted = match distributed {
                        true => self.next_unit(&drive.cursor, &made.frame).await?,
                        false => Stimulus::Granted(
                            self.grant(loaded, &drive.cursor, &made.frame, time, recorded).await?,
                        ),
                    };
                    decided = ask(Some(*made), granted);
                }
                Decided::Commit(mut made) => {
                    self.sign(&mut made.frame.phase);
                    return Ok(Made::Commit(made, time));
                }
                Decided::NotBefore(at) => return Ok(Made::NotBefore(at)),
                Decided::Stale => return Ok(Made::Stale),
            }
        }
    }

    /// A fresh claim is this process's.
    fn sign(&self, phase: &mut Phase) {
        if let Phase::Claimed(claim) = phase
            && claim.holder.is_empty()
        {
            claim.holder = self.config.holder.clone();
            claim.until = self.clock.now().plus_seconds(self.config.claim_seconds);
        }
    }

    /// What nobody else has called anything.
    pub(super) fn nonce(&self) -> String {
        let number = self.nonces.fetch_add(1, Ordering::Relaxed);
        format!("{}.{number}", self.config.holder)
    }

    /// The record of a decision.
    pub(crate) fn record(
        &self,
        cursor: &Cursor,
        decision: Decision,
        written: Written,
    ) -> Arc<Record> {
        Arc::new(Record {
            format: record::FORMAT,
            slot: cursor.slot,
            time: written.time,
            guard: written.guard,
            nonce: self.nonce().into(),
            frame: decision.frame,
            events: decision.events,
            cancels: written.cancels.is_some(),
            lanes: written.cancels.unwrap_or(0),
            results: decision.results,
            abandons: decision.abandons,
        })
    }

    /// Inserts a record; `Err` is the record that was there before. A reply that was lost is no lost race: the nonce tells
    /// whose record it is, so an insert that failed is simply tried again. Giving up would waste what was done for it.
    /// The end of a frame is never too large: see [`outgrown`].
    pub(crate) async fn commit(
        &self,
        cursor: &Cursor,
        record: Arc<Record>,
    ) -> Result<Committed, Error> {
        let insert = |record: Arc<Record>| {
            let stored = record.clone();
            async move { Ok((self.store.insert(cursor, stored).await?, record)) }
        };
        let inserted = self.patiently(BRIEF, || insert(record.clone())).await;
        let (answer, record) = match inserted {
            Err(store::Error::TooLarge(why)) => match outgrown::bare(&record) {
                Some(bare) => self.patiently(BRIEF, || insert(bare.clone())).await?,
                None => return Err(store::Error::TooLarge(why).into()),
            },
            inserted => inserted?,
        };
        match answer {
            Insertion::Exists(other) if other.nonce != record.nonce => {
                self.metrics.conflict();
                Ok(Err(other))
            }
            _ => {
                if let Some(observer) = &self.observer {
                    observer(cursor, &record);
                }
                Ok(Ok(record))
            }
        }
    }

    /// The same; what must not be lost waits for a store that is not available.
    pub(super) async fn write(
        &self,
        loaded: &Loaded,
        cursor: &Cursor,
        record: Arc<Record>,
        precious: bool,
    ) -> Result<Committed, Error> {
        if !precious {
            return self.commit(cursor, record).await;
        }
        let (arn, state) = (&*loaded.execution.arn, &*record.frame.state);
        let insert = || async {
            let committed = self.commit(cursor, record.clone()).await;
            if let Err(Error::Store(store::Error::Unavailable(why))) = &committed {
                tracing::warn!(why, execution_arn = arn, state, "a record waits for the store");
            }
            committed
        };
        self.patiently(LONG, insert).await
    }
}

/// Index of the item that a lane has in hand.
fn in_hand(frame: &Frame) -> Option<u64> {
    Some(frame.lane.as_ref()?.item.as_ref()?.index)
}

/// The record that is in its slot now: ours, or another one that was there before.
pub(crate) type Committed = Result<Arc<Record>, Arc<Record>>;

/// What the one who commits a decision adds to it.
pub(crate) struct Written {
    /// The record's time.
    pub(crate) time: Timestamp,
    /// The message that caused it.
    pub(crate) guard: Arc<str>,
    /// If it cancels an open fork: how many lanes of it.
    pub(crate) cancels: Option<u32>,
}

/// What a decision came to.
pub(crate) enum Made {
    /// To be committed, at this time.
    Commit(Box<Decision>, Timestamp),
    /// Not yet.
    NotBefore(Timestamp),
    /// Never.
    Stale,
}
