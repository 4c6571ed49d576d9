//! Dispensers of Map items, answered from memory. A grant is written behind: it becomes durable no later than any record
//! that is inserted because of it, which is all that must hold. A grant whose record was never inserted may be forgotten by
//! a crash; nobody has seen its effects.

use std::collections::HashMap;

use rusqlite::params;
use stepwright_core::engine::{Cursor, ExecutionId, FrameId};

use super::integer;
use super::ledger::{Known, Ledger};
use super::read::Readers;
use super::writer::{Write, Writer};
use crate::store::dispenser::{Answer, Dispenser, Grant};
use crate::store::{Asking, Error};

/// Dispensers of running executions that were asked since the start of the process.
#[derive(Debug, Default)]
pub(super) struct Dispensers {
    executions: HashMap<ExecutionId, HashMap<(FrameId, u64), Dispenser>>,
}

impl Dispensers {
    /// The index for a lane's slot.
    pub(super) fn dispense(
        &mut self,
        fork: &Cursor,
        ask: &Asking,
        readers: &Readers,
        writer: &Writer,
    ) -> Result<u64, Error> {
        let place = (fork.frame.clone(), fork.slot);
        let known = self.executions.get_mut(&fork.execution).and_then(|e| e.get_mut(&place));
        if let Some(dispenser) = known {
            return Ok(grant(dispenser, fork, ask, writer));
        }
        let (mut dispenser, running) = readers.dispenser(fork)?;
        let index = grant(&mut dispenser, fork, ask, writer);
        // Once an execution is closed, nothing would ever remove its dispensers from here.
        if running {
            self.executions.entry(fork.execution.clone()).or_default().insert(place, dispenser);
        }
        Ok(index)
    }

    /// Executions of which dispensers are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.executions.len()
    }

    /// An execution was closed.
    pub(super) fn closed(&mut self, id: &ExecutionId) {
        self.executions.remove(id);
    }
}

/// Handed to the writer while the dispensers are locked, so grants are written in the order in which they are made.
fn grant(dispenser: &mut Dispenser, fork: &Cursor, ask: &Asking, writer: &Writer) -> u64 {
    match dispenser.grant(ask.lane, ask.finished, ask.first) {
        Answer::Known(index) => index,
        Answer::New(index) => {
            let grant = Grant { slot: ask.finished, index };
            writer.submit_behind(Granted { fork: fork.clone(), lane: ask.lane, grant });
            index
        }
    }
}

/// A grant to be written.
struct Granted {
    fork: Cursor,
    lane: u32,
    grant: Grant,
}

impl Write for Granted {
    type Answer = ();

    fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<()> {
        let Some(Known { key, .. }) = ledger.execution(&self.fork.execution)? else {
            return Ok(());
        };
        ledger
            .connection
            .prepare_cached(
                "INSERT INTO dispensed (execution, frame, slot, lane, lane_slot, item) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                key,
                &*self.fork.frame.0,
                integer(self.fork.slot),
                self.lane,
                integer(self.grant.slot),
                integer(self.grant.index),
            ])?;
        Ok(())
    }
}
