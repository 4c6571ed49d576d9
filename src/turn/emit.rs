//! Emit: carrying out what follows from a record, once or again.

use std::collections::BTreeSet;
use std::sync::Arc;

use stepwright_core::engine::{
    Cursor, Effect, Failure, Message, MessageKind, Outcome, Phase, Record, effects,
};
use stepwright_core::time::Timestamp;

use super::{Engine, Error, Loaded};
use crate::store::{Closing, Status};

impl Engine {
    /// Carries out what follows from a record that was just committed. `going_on`: this turn goes on with the frame
    /// itself, so no message to advance it is needed.
    pub(crate) async fn emit(
        &self,
        loaded: &Loaded,
        here: &Cursor,
        record: &Arc<Record>,
        going_on: bool,
    ) -> Result<(), Error> {
        self.log_now(loaded, here, record);
        let all = self.with_setting(loaded, here, record.time, 0, |set| effects(set, record));
        let own = |effect: &Effect| matches!(effect, Effect::Send { message, .. } if message.kind == MessageKind::Advance);
        let all = all.into_iter().filter(|effect| !(going_on && own(effect))).collect();
        self.carry_out(loaded, (here, record), all).await
    }

    /// Does again what follows from a settled record. Lanes that have begun look after themselves.
    pub(crate) async fn redo(
        &self,
        loaded: &Loaded,
        here: &Cursor,
        record: &Arc<Record>,
    ) -> Result<(), Error> {
        self.log_again(loaded, here, record);
        let mut all = self.with_setting(loaded, here, record.time, 0, |set| effects(set, record));
        if let Phase::Forked(fork) = &record.frame.phase {
            let begun = self.store.tails(&here.execution, &here.frame, Some(record.slot)).await?;
            let begun: BTreeSet<_> = begun.iter().map(|(frame, _)| frame).collect();
            all.retain(|effect| match effect {
                Effect::Send { message, .. } => !begun.contains(&message.cursor.frame),
                _ => true,
            });
            let joined = self.store.joined(here, fork.lanes).await?;
            if !joined.failed.is_empty() || joined.finished >= fork.lanes {
                all.push(Effect::Send { message: join_message(here), at: None });
            }
        }
        self.carry_out(loaded, (here, record), all).await
    }

    /// Logs a record that another process committed: that process may have ended before it could.
    pub(super) fn log_again(&self, loaded: &Loaded, here: &Cursor, record: &Arc<Record>) {
        let writer = record.nonce.rsplit_once('.').map_or("", |(holder, _)| holder);
        if writer != &*self.config.holder {
            self.log_now(loaded, here, record);
        }
    }

    fn log_now(&self, loaded: &Loaded, here: &Cursor, record: &Arc<Record>) {
        if let (Some(log), Some(logging)) = (&self.log, &loaded.logging) {
            log.note((&loaded.execution, logging), &here.frame, record);
        }
    }

    async fn carry_out(
        &self,
        loaded: &Loaded,
        from: (&Cursor, &Record),
        all: Vec<Effect>,
    ) -> Result<(), Error> {
        let mut messages = Vec::new();
        for effect in all {
            match effect {
                Effect::Send { message, at } => messages.push((message, at)),
                Effect::Offer { activity, offer } => self.offers.offer(&activity, offer).await?,
                Effect::Join { fork, lane, lanes, failed, of_run } => {
                    let joined = self.store.join(&fork, lane, lanes, failed).await?;
                    let lanes = match of_run && joined.finished < lanes {
                        true => self.lanes_due(&fork, lanes).await?,
                        false => lanes,
                    };
                    if !joined.failed.is_empty() || joined.finished >= lanes {
                        messages.push((join_message(&fork), None));
                    }
                }
                Effect::Cancel { by, fork, lanes } => {
                    self.seal_below(loaded, &by, (fork, lanes)).await?;
                }
                Effect::StopJob(job) => self.tasks.stop(&job).await,
                Effect::Close { outcome, at, .. } => self.close(loaded, outcome, at).await?,
                Effect::Spawn { by, unit, since } => {
                    self.spawn(loaded, &by, (unit, since)).await?;
                }
            }
        }
        if messages.is_empty() {
            return Ok(());
        }
        let (execution, frame) = (&loaded.execution, &from.1.frame);
        let patient = |message: &Message| self.is_for_patient(loaded, frame, message);
        self.send_on(execution, Some(from), messages, patient).await
    }

    pub(crate) async fn close(
        &self,
        loaded: &Loaded,
        outcome: Outcome,
        at: Timestamp,
    ) -> Result<(), Error> {
        let status = Status::of(&outcome);
        let (output, failure) = match outcome {
            Outcome::Succeeded(output) => (Some(output), Failure::default()),
            Outcome::Failed(failure) | Outcome::TimedOut(failure) | Outcome::Aborted(failure) => {
                (None, failure)
            }
        };
        let told = (status, &failure);
        let closing = Closing { status, stopped: at, output, failure: failure.clone() };
        self.store.close_row(&loaded.execution, closing).await?;
        self.poke(&loaded.execution, told).await
    }
}

/// Tells a fork that its set of lanes is worth a look.
fn join_message(fork: &Cursor) -> Message {
    Message { cursor: fork.next(), kind: MessageKind::Join }
}
