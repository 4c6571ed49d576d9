//! The modelled world: journals, join sets, dispensers, the status row, messages, and those who are at work.

use std::collections::{BTreeMap, BTreeSet};

use crate::path::Path;
use crate::seal::Sealing;

/// What a frame is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// About to enter its next step.
    Ready,
    /// A task is claimed and being performed.
    Claimed,
    /// A token is out.
    Pending,
    /// Waits for its time.
    Waiting,
    /// Lanes are at work.
    Forked,
    /// Ended well.
    Done,
    /// Failed.
    Failed,
    /// Took too long.
    TimedOut,
    /// Was stopped.
    Aborted,
    /// Cancelled with its fork.
    Sealed,
}

impl Phase {
    /// Whether nothing follows any more.
    pub fn over(self) -> bool {
        use Phase::{Aborted, Done, Failed, Sealed, TimedOut};
        matches!(self, Done | Failed | TimedOut | Aborted | Sealed)
    }

    /// Whether the frame waits for something outside, or for nothing.
    pub fn settled(self) -> bool {
        self.over() || matches!(self, Phase::Pending | Phase::Waiting | Phase::Forked)
    }
}

/// What a record says of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Frame {
    /// Which flow it runs.
    pub flow: u8,
    /// The step that it is in or about to enter.
    pub step: u8,
    /// Failed attempts of that step.
    pub attempt: u8,
    /// The item in hand, of a lane.
    pub item: u8,
    /// Items that the lane has finished, a bit each.
    pub finished: u8,
    /// What it is doing.
    pub phase: Phase,
}

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Record {
    /// The frame after it.
    pub frame: Frame,
    /// Whether it gave up an open fork.
    pub cancels: bool,
    /// Whether it holds the answer of a token's holder.
    pub answered: bool,
    /// Which redrive it begins, if it does.
    pub redrive: u8,
}

/// Why a slot is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "as the engine's own kinds of messages")]
pub enum Kind {
    Start,
    Fork(Frame),
    Advance,
    Timer,
    Join,
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Message {
    /// The frame that it is for.
    pub path: Path,
    /// The slot that it wants to write.
    pub slot: u8,
    /// Why.
    pub kind: Kind,
}

/// What must follow from a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "as the engine's own effects")]
pub enum Effect {
    Send(Message),
    Park(Message),
    Join { path: Path, slot: u8, lane: u8, lanes: u8, failed: bool },
    Seal { slot: u8 },
    Close,
}

/// Where a turn is: the await that comes next.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum At {
    /// Reads the status row.
    Row,
    /// Looks whether the fork at this depth has gone on without its frame.
    Alive(u8),
    /// Reads the frame's tail.
    Tail,
    /// Reads the lanes of the fork that it found as the tail.
    Lanes(u8, Record),
    /// Asks for the next item of a lane; the flag: because a token was answered.
    Ask(u8, Frame, bool),
    /// Looks again before a claim.
    Sure(u8, Record),
    /// Inserts a record.
    Put(u8, Record),
    /// Carries out what follows from the record in this slot: the effects left, and what comes then.
    Emit(u8, Record, Vec<Effect>, bool),
    /// Seals what is below a fork, then goes on.
    Sealing(Sealing, Box<At>),
    /// Performs the task that it claimed.
    Perform(u8, Frame),
    /// Deletes its message.
    Ack,
}

/// A turn under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Turn {
    /// What it handles.
    pub message: Message,
    /// Whether it is the present receiver; the others are duplicates and those whose time was over.
    pub own: bool,
    /// Where it is.
    pub at: At,
}

/// How far somebody outside has come with what they asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    /// Not asked yet.
    #[default]
    Idle,
    /// The record is written, at this place; what follows from it is not done.
    Written(Path, u8),
    /// The caller was told that it is done.
    Heard,
    /// The caller was told that it cannot be.
    Refused,
}

/// A dispenser: the next item, and which lane was given what for which item in hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dispenser {
    /// Items beyond the lanes' first ones that were handed out.
    pub next: u8,
    /// Grants by lane and item in hand.
    pub grants: BTreeMap<(u8, u8), u8>,
}

/// The finished lanes of a fork.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Set {
    /// A bit for each finished lane.
    pub finished: u8,
    /// A bit for each failed one.
    pub failed: u8,
    /// What a counter in its place would say.
    pub count: u8,
}

/// Faults that have happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named as the actions")]
pub struct Faults {
    pub crashes: u8,
    pub duplicates: u8,
    pub expiries: u8,
    pub losses: u8,
    pub hang_ups: u8,
    pub sweeps: u8,
}

/// Everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct World {
    /// Records by frame.
    pub journals: BTreeMap<Path, Vec<Record>>,
    /// Finished lanes by fork.
    pub sets: BTreeMap<(Path, u8), Set>,
    /// Dispensers by fork.
    pub dispensers: BTreeMap<(Path, u8), Dispenser>,
    /// Forks below which somebody has sealed everything.
    pub sealed: BTreeSet<(Path, u8)>,
    /// The status row: whether it is there, and how it was closed.
    pub row: Option<Option<Phase>>,
    /// Messages.
    pub queue: Vec<Message>,
    /// Timers that are too far off for the queue.
    pub parked: Vec<Message>,
    /// Turns under way.
    pub turns: Vec<Turn>,
    /// StartExecution.
    pub start: Call,
    /// StopExecution.
    pub stop: Call,
    /// SendTaskSuccess.
    pub answer: Call,
    /// RedriveExecution.
    pub redrive: Call,
    /// Redrives so far.
    pub redrives: u8,
    /// Performances by place of the claim.
    pub performed: BTreeMap<(Path, u8), u8>,
    /// A promise that was seen broken where it happened.
    pub broken: Option<&'static str>,
    /// What has gone wrong in the world.
    pub faults: Faults,
}

impl World {
    /// The last record of a frame and its slot.
    pub fn tail(&self, path: &Path) -> Option<(u8, Record)> {
        let records = self.journals.get(path)?;
        Some((records.len() as u8 - 1, *records.last()?))
    }

    /// The root frame's last record.
    pub fn root(&self) -> Option<Record> {
        self.tail(&Path::ROOT).map(|(_, record)| record)
    }

    /// A record at the end of a frame's journal. Nobody writes below a fork any more once all there was sealed.
    pub fn append(&mut self, path: Path, record: Record) {
        if self.sealed.iter().any(|(fork, slot)| path.is_below(*fork, *slot)) {
            self.broken = Some("nothing is written below a fork that was sealed");
        }
        self.journals.entry(path).or_default().push(record);
    }
}
