//! Histories at hand: assembling one means reading all records of an execution, so while somebody pages through the
//! history of a closed execution it is kept, and forgotten with its last page.

use std::sync::{Arc, Mutex, PoisonError};

use stepwright_core::engine::ExecutionId;
use stepwright_core::event::{Event, EventKind};
use stepwright_core::history::{Entry, assemble};

use crate::store::{Execution, Stored};
use crate::turn::{self, Engine};

/// The few histories that are being paged through, most recently used last.
#[derive(Default)]
pub(super) struct Histories {
    kept: Mutex<Vec<(ExecutionId, Arc<Vec<Entry>>)>>,
}

impl Histories {
    /// The whole history of an execution, in order.
    ///
    /// # Errors
    /// The store is not available, or damaged.
    pub(super) async fn of(
        &self,
        engine: &Engine,
        execution: &Execution,
    ) -> Result<Arc<Vec<Entry>>, turn::Error> {
        if let Some(entries) = self.kept(&execution.id) {
            return Ok(entries);
        }
        let records = engine.journal(execution).await?;
        if records.is_empty() {
            return Ok(Arc::new(vec![first(execution)]));
        }
        let entries = Arc::new(assemble(&records));
        if execution.closing.is_some() && entries.len() > WORTH_KEEPING && finished(&records) {
            self.keep(&execution.id, &entries);
        }
        Ok(entries)
    }

    /// Nobody wants more of this history for now.
    pub(super) fn forget(&self, id: &ExecutionId) {
        self.lock().retain(|(kept, _)| kept != id);
    }

    fn kept(&self, id: &ExecutionId) -> Option<Arc<Vec<Entry>>> {
        let mut kept = self.lock();
        let at = kept.iter().position(|(known, _)| known == id)?;
        let found = kept.remove(at);
        let entries = found.1.clone();
        kept.push(found);
        Some(entries)
    }

    fn keep(&self, id: &ExecutionId, entries: &Arc<Vec<Entry>>) {
        let mut kept = self.lock();
        kept.retain(|(known, _)| known != id);
        if kept.len() >= AT_MOST {
            kept.remove(0);
        }
        kept.push((id.clone(), entries.clone()));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(ExecutionId, Arc<Vec<Entry>>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an execution's history is before its first record: it has been started.
fn first(execution: &Execution) -> Entry {
    let kind = EventKind::ExecutionStarted {
        input: execution.input.clone(),
        role_arn: execution.role.clone(),
        state_machine_version_arn: execution.version.clone(),
        state_machine_alias_arn: execution.alias.clone(),
    };
    Entry { id: 1, previous: 0, time: execution.started, event: Event { kind, previous: None } }
}

/// Whether every frame has ended, so that no record can follow.
fn finished(records: &[Stored]) -> bool {
    records.iter().enumerate().all(|(i, (frame, record))| {
        let last = records.get(i + 1).is_none_or(|(next, _)| next != frame);
        !last || record.frame.phase.over()
    })
}

const AT_MOST: usize = 8;
/// A history of one page is not asked for again.
const WORTH_KEEPING: usize = 100;
