//! What is remembered of running executions: their rows, and the last records of their frames.
//!
//! The writer puts in what it has committed, in the order of the commits, before it answers. So what is found here is the
//! last acknowledged state; what is not found is read from the database, and is put in too unless the writer came in
//! between.

use std::sync::Arc;

use stepwright_core::engine::{Cursor, ExecutionId, FrameId, Record};

use super::recent::Recent;
use crate::store::Execution;

/// Rows and tails within bounds.
#[derive(Debug)]
pub(super) struct Cache {
    rows: Recent<ExecutionId, Arc<Execution>>,
    tails: Recent<(ExecutionId, FrameId), Arc<Record>>,
    /// Counts closings: a row that was read from the database is worth nothing if a closing came in between.
    closings: u64,
    /// Counts insertions: what closings are to rows, they are to tails.
    insertions: u64,
}

impl Default for Cache {
    fn default() -> Cache {
        Cache {
            rows: Recent::within(ROW_BYTES),
            tails: Recent::within(TAIL_BYTES),
            closings: 0,
            insertions: 0,
        }
    }
}

impl Cache {
    /// The row of a running execution, or the count of closings to hand to [`Cache::read_row`].
    pub(super) fn row(&mut self, id: &ExecutionId) -> Result<Arc<Execution>, u64> {
        self.rows.get(id).cloned().ok_or(self.closings)
    }

    /// Remembers a row that was read when there had been so many closings.
    pub(super) fn read_row(&mut self, row: &Arc<Execution>, closings: u64) {
        if self.closings == closings && row.closing.is_none() {
            self.created(row);
        }
    }

    /// The last record of a frame that is not over, or the count of insertions to hand to [`Cache::read_tail`].
    pub(super) fn tail(&mut self, id: &ExecutionId, frame: &FrameId) -> Result<Arc<Record>, u64> {
        self.tails.get(&(id.clone(), frame.clone())).cloned().ok_or(self.insertions)
    }

    /// Remembers the last record of a frame, with the length of its text, that was read when there had been so many
    /// insertions.
    pub(super) fn read_tail(
        &mut self,
        (id, frame): (&ExecutionId, &FrameId),
        (record, length): (&Arc<Record>, usize),
        insertions: u64,
    ) {
        if self.insertions == insertions && !record.frame.phase.over() {
            self.tails.insert((id.clone(), frame.clone()), record.clone(), length + OVERHEAD);
        }
    }

    /// Forgets everything. Counts go on, so that what is being read now is not remembered.
    pub(super) fn forget(&mut self) {
        let (closings, insertions) = (self.closings + 1, self.insertions + 1);
        *self = Cache { closings, insertions, ..Cache::default() };
    }

    /// An execution was created.
    pub(super) fn created(&mut self, row: &Arc<Execution>) {
        let weight = row.input.text().len() + OVERHEAD;
        self.rows.insert(row.id.clone(), row.clone(), weight);
    }

    /// An execution was closed.
    pub(super) fn closed(&mut self, id: &ExecutionId) {
        self.closings += 1;
        self.rows.remove(id);
        self.tails.remove(&(id.clone(), FrameId::root()));
    }

    /// A record whose text has `length` bytes was inserted. Nobody asks a frame that is over how to go on.
    pub(super) fn inserted(&mut self, cursor: &Cursor, record: &Arc<Record>, length: usize) {
        self.insertions += 1;
        let key = (cursor.execution.clone(), cursor.frame.clone());
        if record.frame.phase.over() {
            self.tails.remove(&key);
        } else if self.tails.get(&key).is_none_or(|known| known.slot < cursor.slot) {
            self.tails.insert(key, record.clone(), length + OVERHEAD);
        }
    }
}

const ROW_BYTES: usize = 8 << 20;
const TAIL_BYTES: usize = 16 << 20;

/// What a row or a record takes in memory beside its payloads, roughly.
const OVERHEAD: usize = 1024;
