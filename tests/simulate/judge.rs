//! What a run came to, and whether it may have: the same as the run in which nothing happened, up to what AWS leaves
//! open; and the laws that hold whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use stepwright::store::Stored;
use stepwright_core::engine::{FrameId, Phase, Record};
use stepwright_core::event::EventKind;
use stepwright_core::history::Sequence;

use super::grow::Machine;
use super::run::Drama;
use super::tree::cut_short;
use super::world::World;
use crate::sim::block_on;
use crate::story;
use crate::support::laws::unsealed_lane;

/// What a run came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Story {
    /// Status and output, or error and cause.
    pub(crate) end: String,
    /// What happened in each thread of control, in its order. The threads are sorted: which comes first is open.
    pub(crate) threads: Vec<String>,
    /// How often each task was performed, by what was sent.
    pub(crate) performed: BTreeMap<String, usize>,
}

/// How much of the story is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Given {
    /// Nothing but the laws.
    Laws,
    /// Status and output.
    End,
    /// All of it.
    Story,
}

/// What of a machine's story must be the same after such a drama.
pub(crate) fn given(machine: &Machine, drama: Drama) -> Given {
    match drama {
        Drama::Stop(_) | Drama::Delete(_) | Drama::Rivals | Drama::Merciless => Given::Laws,
        _ if machine.hasty => Given::Laws,
        Drama::Redrive(_) => Given::End,
        Drama::None if cut_short(&machine.flow, false) => Given::End,
        Drama::None => Given::Story,
    }
}

/// The story of a world that has come to rest.
pub(crate) fn story_of(world: &World) -> Story {
    let plain = world.sim.store.plain();
    let row = world.row().expect("the execution is there");
    let records = block_on(plain.records(&world.id, &FrameId::root(), None)).unwrap();
    let tokens = tokens(world);
    let mut performed: BTreeMap<String, usize> = BTreeMap::new();
    for one in world.sim.tasks.performed_since(0) {
        let what = format!("{} {}", one.function, plainly(one.sent.text(), &tokens));
        *performed.entry(what).or_default() += 1;
    }
    let mut threads = threads(&records, &tokens);
    threads.sort_unstable();
    Story { end: plainly(&story::end(&row), &tokens), threads, performed }
}

/// The tokens that were handed out to functions.
fn tokens(world: &World) -> Vec<String> {
    let performed = world.sim.tasks.performed_since(0);
    let token = |sent: &stepwright_core::expr::Value| {
        sent.get("Payload")?.get("token")?.as_str().map(str::to_owned)
    };
    performed.iter().filter_map(|one| token(one.sent.value())).collect()
}

/// A text without what differs from run to run: tokens, and the ids of events in causes.
fn plainly(text: &str, tokens: &[String]) -> String {
    let mut text = text.to_owned();
    if text.len() > 60 {
        for token in tokens {
            text = text.replace(token.as_str(), "TOKEN");
        }
    }
    let Some(at) = text.find("event id #") else { return text };
    let digits = text[at + 10..].bytes().take_while(u8::is_ascii_digit).count();
    text.replace_range(at + 10..at + 10 + digits, "N");
    text
}

/// The events of each frame in their order; those of a Map's lane cut into iterations.
fn threads(records: &[Stored], tokens: &[String]) -> Vec<String> {
    let shown = Sequence::default().push(records.to_vec());
    let mut threads: Vec<String> = Vec::new();
    let mut current: BTreeMap<FrameId, usize> = BTreeMap::new();
    for (frame, _, entry) in shown {
        let begins = matches!(entry.event.kind, EventKind::MapIterationStarted { .. });
        let thread = match current.get(&frame) {
            Some(thread) if !begins => *thread,
            _ => {
                threads.push(String::new());
                current.insert(frame, threads.len() - 1);
                threads.len() - 1
            }
        };
        threads[thread].push_str(&plainly(&story::line(&entry.event.kind), tokens));
        threads[thread].push('\n');
    }
    threads
}

/// What of a story is not as it must be.
pub(crate) fn differences(given: Given, expected: &Story, found: &Story) -> Vec<String> {
    let mut differences = Vec::new();
    if given >= Given::End && expected.end != found.end {
        differences.push(format!("expected {}\nfound    {}", expected.end, found.end));
    }
    if given < Given::Story {
        return differences;
    }
    for (mine, others, word) in
        [(&expected.threads, &found.threads, "missing"), (&found.threads, &expected.threads, "new")]
    {
        let mut others = others.clone();
        for thread in mine {
            match others.iter().position(|other| other == thread) {
                Some(at) => drop(others.swap_remove(at)),
                None => differences.push(format!("{word} in the history:\n{thread}")),
            }
        }
    }
    if expected.performed != found.performed {
        differences
            .push(format!("performed {:?}\ninstead of {:?}", found.performed, expected.performed));
    }
    differences
}

/// The laws that a world broke.
pub(crate) fn broken_laws(world: &World) -> Vec<String> {
    let mut broken = world.broken.clone();
    let plain = world.sim.store.plain();
    let performed = world.sim.tasks.performed_since(0);
    let attempts: BTreeSet<_> = performed.iter().map(|one| &one.token).collect();
    if attempts.len() < performed.len() {
        broken.push("an attempt of a task was performed twice".to_owned());
    }
    if world.stopped.is_some_and(|before| world.sim.store.attempts() > before) {
        broken.push("a task was claimed after an acknowledged stop".to_owned());
    }
    if world.sim.store.claims() > 0 {
        broken.push("a claim was left without an outcome".to_owned());
    }
    let executions = world.sim.store.created();
    for id in executions {
        let records = block_on(plain.records(&id, &FrameId::root(), None)).unwrap();
        broken.extend(journal_laws(&records).map(|law| format!("{id}: {law}")));
        let open = unsealed_lane(&records);
        broken.extend(open.map(|lane| format!("{id}: {lane} can still begin, but was cancelled")));
        let row = block_on(plain.execution(&id)).unwrap();
        match row.map(|row| row.closing.is_some()) {
            Some(true) | None => {}
            Some(false) => broken.push(format!("{id} was left running")),
        }
        broken.extend(history_laws(&records).map(|law| format!("{id}: {law}")));
    }
    broken
}

/// Slots without gaps, time that runs forward, ends in all frames.
fn journal_laws(records: &[Stored]) -> Option<String> {
    let mut frames: BTreeMap<&FrameId, Vec<&Arc<Record>>> = BTreeMap::new();
    for (frame, record) in records {
        frames.entry(frame).or_default().push(record);
    }
    for (frame, records) in &frames {
        for (slot, record) in records.iter().enumerate() {
            if record.slot != slot as u64 {
                return Some(format!("frame {frame} has a gap at slot {slot}"));
            }
            if slot > 0 && records[slot - 1].time >= record.time {
                return Some(format!("frame {frame}: time stands still at slot {slot}"));
            }
        }
        let last = &records[records.len() - 1].frame.phase;
        let never_wanted = records.len() == 1 && too_late(frame, &frames);
        if !last.over() && !never_wanted {
            return Some(format!("frame {frame} has not ended: {last:?}"));
        }
    }
    None
}

/// Whether a frame is a lane of a Map Run that may have begun when the run was cancelled already: such lanes are left as
/// they are, and start nothing.
fn too_late(frame: &FrameId, frames: &BTreeMap<&FrameId, Vec<&Arc<Record>>>) -> bool {
    let Some((parent, slot, _)) = frame.fork() else { return false };
    let Some(parent) = frames.get(&parent) else { return false };
    let fork = parent.get(slot as usize).map(|record| &record.frame.phase);
    let of_run = matches!(fork, Some(Phase::Forked(fork)) if fork.run.is_some());
    of_run && parent.len() > slot as usize + 1
}

/// One end, and it is the last event; ids follow each other and causes come before effects.
fn history_laws(records: &[Stored]) -> Option<String> {
    let entries = stepwright_core::history::assemble(records);
    let pieces = Sequence::default().push(records.to_vec());
    let differs = entries.iter().zip(&pieces).find(|(whole, (_, _, piece))| *whole != piece);
    if let Some((whole, piece)) = differs {
        return Some(format!("assembled at once {whole:?}\nand piece by piece {piece:?}"));
    }
    if entries.len() != pieces.len() {
        return Some("the history has more events when it is assembled in another way".to_owned());
    }
    let mut ended = false;
    for (place, entry) in entries.iter().enumerate() {
        if entry.id != place as u64 + 1 || entry.previous >= entry.id {
            return Some(format!("event {} follows {}", entry.id, entry.previous));
        }
        if place > 0 && entries[place - 1].time > entry.time {
            return Some(format!("event {} is earlier than the one before", entry.id));
        }
        let redriven = matches!(entry.event.kind, EventKind::ExecutionRedriven { .. });
        if ended != redriven {
            return Some(format!("event {} comes after the end, or a redrive before it", entry.id));
        }
        ended = ends(&entry.event.kind);
    }
    let root = records.iter().rfind(|(frame, _)| frame.is_root());
    let done = root.is_some_and(|(_, record)| matches!(record.frame.phase, Phase::Done(_)));
    (ended != done).then(|| "the end is not in the history".to_owned())
}

fn ends(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::ExecutionSucceeded { .. }
            | EventKind::ExecutionFailed(_)
            | EventKind::ExecutionTimedOut(_)
            | EventKind::ExecutionAborted(_)
    )
}
