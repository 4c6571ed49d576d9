//! From records to lines: order and ids over all frames of an execution, then level and form.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use stepwright_core::engine::{ExecutionId, FrameId, Phase};
use stepwright_core::history::log::{self, Logging};
use stepwright_core::history::{Entry, Sequence};

use super::{Line, Note};
use crate::store::{self, Execution, Store, Stored};

/// What it takes to number the events of executions that are under way.
pub(super) struct Renderer {
    sequences: HashMap<ExecutionId, Sequence>,
    remembers: bool,
}

impl Renderer {
    /// Knows executions that it has seen from their first record on, or has read once.
    pub(super) fn remembering() -> Renderer {
        Renderer { sequences: HashMap::new(), remembers: true }
    }

    /// Knows nothing from before.
    pub(super) fn forgetting() -> Renderer {
        Renderer { sequences: HashMap::new(), remembers: false }
    }

    /// Forgets all that it remembers: some record was not seen.
    pub(super) fn forget(&mut self) {
        self.sequences.clear();
    }

    /// The lines of these records. What cannot be read from the store is not logged, and the program's own log says so.
    pub(super) async fn lines(&mut self, store: &dyn Store, notes: Vec<Note>) -> Vec<Line> {
        // In order of redrives, as records are.
        let mut groups: BTreeMap<(ExecutionId, u32), (Subject, Vec<Stored>)> = BTreeMap::new();
        for Note { execution, logging, frame, record } in notes {
            let key = (execution.id.clone(), redrives(&execution));
            let group =
                groups.entry(key).or_insert_with(|| (Subject { execution, logging }, Vec::new()));
            group.1.push((frame, record));
        }
        let mut lines = Vec::new();
        for (subject, records) in groups.into_values() {
            match self.entries(store, &subject.execution.id, records).await {
                Ok(entries) => subject.render(&entries, &mut lines),
                Err(error) => {
                    let arn = &subject.execution.arn;
                    tracing::error!(%error, execution_arn = %arn, "events cannot be logged");
                }
            }
        }
        if !self.remembers || self.sequences.values().map(Sequence::places).sum::<usize>() > MOST {
            self.forget();
        }
        lines.sort_by_key(|line| line.time);
        lines
    }

    async fn entries(
        &mut self,
        store: &dyn Store,
        id: &ExecutionId,
        records: Vec<Stored>,
    ) -> Result<Vec<Entry>, store::Error> {
        let first = |(frame, record): &Stored| frame.is_root() && record.slot == 0;
        let over = |(frame, record): &Stored| {
            frame.is_root() && matches!(record.frame.phase, Phase::Done(_))
        };
        let (begins, ends) = (records.iter().any(first), records.iter().any(over));
        let found = match self.sequences.get_mut(id) {
            Some(sequence) => sequence.push(records),
            None => {
                let wanted: HashSet<_> =
                    records.iter().map(|(frame, record)| (frame.clone(), record.slot)).collect();
                let mut known = records;
                if !begins {
                    known.extend(store.records(id, &FrameId::root(), None).await?);
                }
                let mut sequence = Sequence::default();
                let mut found = sequence.push(known);
                found.retain(|(frame, slot, _)| wanted.contains(&(frame.clone(), *slot)));
                self.sequences.insert(id.clone(), sequence);
                found
            }
        };
        if ends {
            self.sequences.remove(id);
        }
        Ok(found.into_iter().map(|(_, _, entry)| entry).collect())
    }
}

/// Whose events are logged, and how.
struct Subject {
    execution: Arc<Execution>,
    logging: Arc<Logging>,
}

impl Subject {
    fn render(&self, entries: &[Entry], lines: &mut Vec<Line>) {
        let Subject { execution, logging } = self;
        let machine: Arc<str> = execution.machine.rsplit(':').next().unwrap_or_default().into();
        let covered = entries.iter().filter(|entry| logging.level.covers(&entry.event.kind));
        lines.extend(covered.map(|entry| {
            let mut text = String::new();
            log::write(&mut text, entry, logging.data, (&execution.arn, redrives(execution)));
            let (group, machine) = (logging.group.clone(), machine.clone());
            Line { group, machine, time: entry.time, text }
        }));
    }
}

fn redrives(execution: &Execution) -> u32 {
    execution.redriven.map_or(0, |redriven| redriven.count)
}

/// Records that are remembered, over all executions; beyond it all are forgotten, which costs a reading each.
const MOST: usize = 1_000_000;
