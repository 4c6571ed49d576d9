//! What comes from outside and takes a slot of a frame: StopExecution, callbacks, workers, the execution's own timeout. Each
//! is linearized by its insert: the caller hears `Ok` when it is committed and what follows has been sent.

use std::sync::Arc;

use stepwright_core::engine::{
    Answer, Cursor, Decided, Failure, FrameId, Message, MessageKind, Offer, Phase, Record,
    Stimulus, begin,
};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use super::held::{Held, Owed};
use super::{Drive, Engine, Error, Loaded, Made, TokenError, Written};
use crate::store::Execution;

/// How often an insert from outside is tried against a frame that makes transitions of its own.
const TRIES: u32 = 64;

/// An activity task as a worker gets it.
#[derive(Clone, Debug)]
pub struct ActivityWork {
    /// `taskToken`
    pub token: String,
    /// `input`
    pub input: Document,
}

impl Engine {
    /// Starts an execution whose row was just created: sends its first message, and the one that ends it in time. Doing
    /// it twice is harmless.
    ///
    /// # Errors
    /// The queue is not available; the row is there and the sweep will find it.
    pub async fn start(&self, execution: &Execution) -> Result<(), Error> {
        let first = Cursor::root(execution.id.clone(), 0);
        let mut messages =
            vec![(Message { cursor: first.clone(), kind: MessageKind::Start }, None)];
        if let Some(due) = execution.deadline {
            messages
                .push((Message { cursor: first, kind: MessageKind::Deadline { due } }, Some(due)));
        }
        self.send_on(execution, None, messages, |_| false).await
    }

    /// StopExecution: when it stopped, or `None` when it had ended before.
    ///
    /// # Errors
    /// The store is not available, or the execution too busy to be stopped just now.
    pub async fn stop(
        &self,
        execution: &Execution,
        failure: Failure,
    ) -> Result<Option<Timestamp>, Error> {
        match self.load(&execution.id).await? {
            Some(loaded) => self.interrupt(&loaded, Stimulus::Stop(failure)).await,
            None => Ok(None),
        }
    }

    /// Ends an execution that the engine cannot bring to an end of its own: it has failed. When, or `None` when it had
    /// ended before.
    ///
    /// # Errors
    /// The store is not available, or the execution too busy to be ended just now.
    pub async fn fail(
        &self,
        execution: &Execution,
        failure: Failure,
    ) -> Result<Option<Timestamp>, Error> {
        match self.load(&execution.id).await? {
            Some(loaded) => self.interrupt(&loaded, Stimulus::Fail(failure)).await,
            None => Ok(None),
        }
    }

    /// Ends an execution from outside by taking its root's next slot, whatever it is doing.
    pub(crate) async fn interrupt(
        &self,
        loaded: &Loaded,
        stimulus: Stimulus,
    ) -> Result<Option<Timestamp>, Error> {
        let root = Cursor::root(loaded.execution.id.clone(), 0);
        for _ in 0..TRIES {
            let tail = self.store.tail(&root.execution, &root.frame).await?;
            if let Some(tail) = tail.as_ref().filter(|tail| tail.frame.phase.over()) {
                self.redo(loaded, &super::cursor_of(&root, tail), tail).await?;
                return Ok(None);
            }
            let drive = match &tail {
                Some(tail) => {
                    let here = super::cursor_of(&root, tail);
                    // Once there is a further record, nobody looks after this one any more.
                    self.seal_cancelled(loaded, &here, tail).await?;
                    Drive::after(&here, tail, stimulus.clone())
                }
                None => self.unbegun(loaded, &root, stimulus.clone()),
            };
            let Made::Commit(decision, time) = self.decide(loaded, &drive, 0).await? else {
                return Ok(None);
            };
            let written = Written { time, guard: "".into(), cancels: drive.forked };
            let record = self.record(&drive.cursor, *decision, written);
            let Some((record, emitted)) = self.commit_and_emit(loaded, &drive, record).await?
            else {
                continue;
            };
            // Whoever hears of the end relies on it that nothing goes on below it. Asked again, it looks after that.
            emitted?;
            return Ok(Some(record.time));
        }
        Err(Error::Busy)
    }

    /// An execution whose first message has not been handled yet.
    fn unbegun(&self, loaded: &Loaded, root: &Cursor, stimulus: Stimulus) -> Drive {
        let now = self.clock.now();
        let begun = self.with_setting(loaded, root, now, 0, begin);
        let made = if let Decided::Commit(made) = begun { Some(*made) } else { None };
        Drive {
            cursor: root.clone(),
            after: loaded.execution.started,
            made,
            stimulus,
            forked: None,
            pinned: false,
        }
    }

    /// SendTaskSuccess and SendTaskFailure.
    ///
    /// # Errors
    /// The store is not available.
    pub async fn answer(
        &self,
        token: &str,
        answer: Answer,
    ) -> Result<Result<(), TokenError>, Error> {
        let Some(ticket) = self.tokens.open_token(token) else {
            return Ok(Err(TokenError::Invalid));
        };
        let Some(loaded) = self.load(&ticket.execution).await? else {
            return Ok(Err(TokenError::DoesNotExist));
        };
        for _ in 0..TRIES {
            let tail = match self.ticket_holder(&ticket).await? {
                Ok(tail) => tail,
                Err(error) => return Ok(Err(error)),
            };
            let lapsed = self.lapsed(&ticket, &tail).await?;
            let late = lapsed.is_some();
            let stimulus = lapsed.unwrap_or_else(|| Stimulus::Callback(answer.clone()));
            match self.insert_outside(&loaded, &ticket, &tail, stimulus).await? {
                Outside::Done if late => return Ok(Err(TokenError::TimedOut)),
                Outside::Done => return Ok(Ok(())),
                Outside::Refused => return Ok(Err(TokenError::TimedOut)),
                Outside::Again => {}
            }
        }
        Err(Error::Busy)
    }

    /// SendTaskHeartbeat.
    ///
    /// # Errors
    /// The store is not available.
    pub async fn heartbeat(&self, token: &str) -> Result<Result<(), TokenError>, Error> {
        let Some(ticket) = self.tokens.open_token(token) else {
            return Ok(Err(TokenError::Invalid));
        };
        let tail = match self.ticket_holder(&ticket).await? {
            Ok(tail) => tail,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(lapsed) = self.lapsed(&ticket, &tail).await? {
            if let Some(loaded) = self.load(&ticket.execution).await? {
                self.insert_outside(&loaded, &ticket, &tail, lapsed).await?;
            }
            return Ok(Err(TokenError::TimedOut));
        }
        self.store.beat(&ticket, self.clock.now()).await?;
        Ok(Ok(()))
    }

    /// What the time means to a task whose timeout, or time for a heartbeat, is over. Its timer may come late, or be lost:
    /// whoever comes after that time is too late all the same.
    async fn lapsed(&self, ticket: &Cursor, tail: &Record) -> Result<Option<Stimulus>, Error> {
        let Phase::Pending(pending) = &tail.frame.phase else { return Ok(None) };
        let now = self.clock.now();
        let over = |beat| pending.due(beat).is_some_and(|(due, _)| due <= now);
        if !over(None) {
            return Ok(None);
        }
        let beat = self.store.last_beat(ticket).await?;
        Ok(over(beat).then_some(Stimulus::Due { beat }))
    }

    /// The record that waits for a token.
    async fn ticket_holder(
        &self,
        ticket: &Cursor,
    ) -> Result<Result<Arc<Record>, TokenError>, Error> {
        let Some(tail) = self.store.tail(&ticket.execution, &ticket.frame).await? else {
            return Ok(Err(TokenError::DoesNotExist));
        };
        let waits = match &tail.frame.phase {
            Phase::Pending(pending) => pending.ticket == ticket.slot,
            Phase::Claimed(claim) => claim.ticket == ticket.slot,
            _ => false,
        };
        let alive = waits && !self.cancelled(ticket).await?;
        Ok(if alive { Ok(tail) } else { Err(TokenError::TimedOut) })
    }

    /// GetActivityTask: waits up to `seconds` for a task of the activity and starts it. Dropping the future puts a task
    /// that it had taken, but not handed out, on offer again.
    ///
    /// # Errors
    /// The store or the queue is not available.
    pub async fn activity_task(
        &self,
        activity: &str,
        worker_name: Option<&str>,
        seconds: f64,
    ) -> Result<Option<ActivityWork>, Error> {
        let until = self.clock.now().plus_seconds(seconds);
        loop {
            let left = until.seconds_since(self.clock.now()).max(0.0);
            let Some(offer) = self.offers.take(activity, left).await? else { return Ok(None) };
            let held = Held::new(self.offers.clone(), activity, &offer);
            let work = self.hand_out(&offer, worker_name).await?;
            held.settle();
            if work.is_some() {
                return Ok(work);
            }
        }
    }

    /// Starts the task on offer; `None` if it is not to be started any more.
    async fn hand_out(
        &self,
        offer: &Offer,
        worker_name: Option<&str>,
    ) -> Result<Option<ActivityWork>, Error> {
        let Some(loaded) = self.load(&offer.cursor.execution).await? else { return Ok(None) };
        let tail = self.store.tail(&offer.cursor.execution, &offer.cursor.frame).await?;
        let Some(tail) = tail.filter(|tail| tail.slot + 1 == offer.cursor.slot) else {
            return Ok(None);
        };
        let Phase::Pending(pending) = &tail.frame.phase else { return Ok(None) };
        let Some(task) = &pending.activity else { return Ok(None) };
        if self.cancelled(&offer.cursor).await? {
            return Ok(None);
        }
        let stimulus = Stimulus::ActivityStarted { worker_name: worker_name.map(Arc::from) };
        let inserted = self.insert_outside(&loaded, &offer.cursor, &tail, stimulus).await?;
        let ticket = Cursor { slot: pending.ticket, ..offer.cursor.clone() };
        Ok((inserted == Outside::Done)
            .then(|| ActivityWork { token: self.tokens.seal(&ticket), input: task.input.clone() }))
    }

    /// Writes a frame's next record for someone outside.
    async fn insert_outside(
        &self,
        loaded: &Loaded,
        place: &Cursor,
        tail: &Record,
        stimulus: Stimulus,
    ) -> Result<Outside, Error> {
        let drive = Drive::after(&super::cursor_of(place, tail), tail, stimulus);
        let Made::Commit(decision, time) = self.decide(loaded, &drive, 0).await? else {
            return Ok(Outside::Refused);
        };
        let record = self.record(
            &drive.cursor,
            *decision,
            Written { time, guard: "".into(), cancels: None },
        );
        // Once it is committed the caller is told so, even if what follows has to be done later.
        let committed = self.commit_and_emit(loaded, &drive, record).await?;
        Ok(committed.map_or(Outside::Again, |_| Outside::Done))
    }

    /// Commits a record for someone outside and carries out what follows, or says why that has to be done later; `None` if
    /// the slot was taken.
    async fn commit_and_emit(
        &self,
        loaded: &Loaded,
        drive: &Drive,
        record: Arc<Record>,
    ) -> Result<Option<(Arc<Record>, Result<(), Error>)>, Error> {
        let place = &drive.cursor;
        let owed = Owed::after(self.queue.clone(), place);
        let Ok(record) = self.commit(place, record).await? else {
            owed.settle();
            return Ok(None);
        };
        self.observe(loaded, drive, &record, None);
        let emitted = self.emit(loaded, place, &record, false).await;
        match &emitted {
            Ok(()) => owed.settle(),
            Err(error) => {
                tracing::warn!(%error, execution_arn = %loaded.execution.arn, "what follows from a record is done later");
                owed.send().await?;
            }
        }
        Ok(Some((record, emitted)))
    }

    /// All records of an execution. If its last transition was made but its row not closed yet, the row is closed first,
    /// so that whoever sees the end in the history sees it in the status too.
    ///
    /// # Errors
    /// The store is not available.
    pub async fn journal(&self, execution: &Execution) -> Result<Vec<crate::store::Stored>, Error> {
        let records = self.store.records(&execution.id, &FrameId::root(), None).await?;
        let root = records.iter().rfind(|(frame, _)| frame.is_root());
        if let Some((frame, record)) = root.filter(|(_, record)| record.frame.phase.over())
            && execution.closing.is_none()
            && let Some(loaded) = self.load(&execution.id).await?
        {
            let here =
                Cursor { execution: execution.id.clone(), frame: frame.clone(), slot: record.slot };
            self.redo(&loaded, &here, record).await?;
        }
        Ok(records)
    }
}

#[derive(PartialEq, Eq)]
enum Outside {
    Done,
    Refused,
    Again,
}
