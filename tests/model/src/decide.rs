//! What a frame comes to: the pure part, with the outcomes that are not its own to choose left open.

use crate::path::Path;
use crate::program::{Program, Step};
use crate::world::{Effect, Frame, Kind, Message, Phase, Record};

/// Why a frame goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as the engine's own stimuli")]
pub enum Stimulus {
    Advance,
    Worked,
    Failed,
    Lost,
    Due,
    Answer,
    Joined,
    LaneFailed,
    Stop,
    Redrive(u8),
}

/// What a decision comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// This record.
    Write(Record),
    /// A lane has finished its item and asks for another; the flag goes into the record.
    Ask(Frame, bool),
    /// Nothing: the frame is past that.
    Stale,
}

/// The frame with which an execution begins.
pub fn beginning() -> Frame {
    Frame { flow: 0, step: 0, attempt: 0, item: 0, finished: 0, phase: Phase::Ready }
}

/// A record of a frame.
pub fn record(frame: Frame) -> Record {
    Record { frame, cancels: false, answered: false, redrive: 0 }
}

/// The transition of a frame.
pub fn decide(program: Program, path: Path, frame: Frame, stimulus: Stimulus) -> Decided {
    let cancels = frame.phase == Phase::Forked && stimulus != Stimulus::Joined;
    let step = program[frame.flow as usize].get(frame.step as usize);
    let write = |phase| Decided::Write(Record { cancels, ..record(Frame { phase, ..frame }) });
    match (frame.phase, stimulus) {
        (_, Stimulus::Stop) if !frame.phase.over() => write(Phase::Aborted),
        (Phase::Failed | Phase::TimedOut | Phase::Aborted, Stimulus::Redrive(count)) => {
            let again = Frame { phase: Phase::Ready, attempt: 0, ..frame };
            Decided::Write(Record { redrive: count, ..record(again) })
        }
        (Phase::Ready, Stimulus::Advance) => match step {
            Some(Step::Pass) => leave(program, path, frame, false),
            Some(Step::Task { .. }) => write(Phase::Claimed),
            Some(Step::Token { .. }) => write(Phase::Pending),
            Some(Step::Timer) => write(Phase::Waiting),
            Some(Step::Fork { .. }) => write(Phase::Forked),
            None => Decided::Stale,
        },
        (Phase::Claimed, Stimulus::Worked)
        | (Phase::Waiting, Stimulus::Due)
        | (Phase::Forked, Stimulus::Joined) => leave(program, path, frame, false),
        (Phase::Pending, Stimulus::Answer) => leave(program, path, frame, true),
        (Phase::Claimed, Stimulus::Failed | Stimulus::Lost) => match step {
            Some(Step::Task { retries, .. }) if frame.attempt < *retries => {
                let again = Frame { attempt: frame.attempt + 1, phase: Phase::Ready, ..frame };
                Decided::Write(record(again))
            }
            _ => write(Phase::Failed),
        },
        (Phase::Pending, Stimulus::Due) => write(Phase::TimedOut),
        (Phase::Forked, Stimulus::LaneFailed) => write(Phase::Failed),
        _ => Decided::Stale,
    }
}

/// The step is over.
fn leave(program: Program, path: Path, frame: Frame, answered: bool) -> Decided {
    let next = Frame { step: frame.step + 1, attempt: 0, phase: Phase::Ready, ..frame };
    if (next.step as usize) < program[frame.flow as usize].len() {
        return Decided::Write(Record { answered, ..record(next) });
    }
    if path == Path::ROOT {
        let done = Frame { phase: Phase::Done, ..frame };
        return Decided::Write(Record { answered, ..record(done) });
    }
    Decided::Ask(Frame { finished: frame.finished | 1 << frame.item, ..frame }, answered)
}

/// A lane that asked has its answer: the next item, or none.
pub fn granted(frame: Frame, item: Option<u8>, answered: bool) -> Record {
    let frame = match item {
        Some(item) => Frame { step: 0, attempt: 0, item, phase: Phase::Ready, ..frame },
        None => Frame { phase: Phase::Done, ..frame },
    };
    Record { answered, ..record(frame) }
}

/// The fork that a frame is in: lanes, items and the flow of a lane.
pub fn forked(program: Program, frame: Frame) -> Option<(u8, u8, u8)> {
    match program[frame.flow as usize].get(frame.step as usize) {
        Some(Step::Fork { flow, lanes, items }) => Some((*lanes, *items, *flow)),
        _ => None,
    }
}

/// Whether a frame that waits for a token does so for ever.
pub fn timed(program: Program, frame: Frame) -> bool {
    let step = program[frame.flow as usize].get(frame.step as usize);
    !matches!(step, Some(Step::Token { timed: false }))
}

/// What must follow from a record: computed from it, so that it can be done again.
pub fn effects(program: Program, path: Path, slot: u8, record: Record, lanes: u8) -> Vec<Effect> {
    let mut all = Vec::new();
    let next = |kind| Message { path, slot: slot + 1, kind };
    if record.cancels {
        all.push(Effect::Seal { slot: slot - 1 });
    }
    match record.frame.phase {
        Phase::Ready => all.push(Effect::Send(next(Kind::Advance))),
        Phase::Claimed | Phase::Sealed => {}
        Phase::Pending if timed(program, record.frame) => {
            all.push(Effect::Send(next(Kind::Timer)));
        }
        Phase::Pending => {}
        Phase::Waiting => all.push(Effect::Park(next(Kind::Timer))),
        Phase::Forked => {
            let Some((lanes, _, flow)) = forked(program, record.frame) else { return all };
            for lane in 0..lanes {
                let frame = Frame { flow, item: lane, ..beginning() };
                all.push(Effect::Send(Message {
                    path: path.child(slot, lane),
                    slot: 0,
                    kind: Kind::Fork(frame),
                }));
            }
        }
        Phase::Done | Phase::Failed | Phase::TimedOut | Phase::Aborted => match path.parent() {
            None => all.push(Effect::Close),
            Some((parent, fork, lane)) => all.push(Effect::Join {
                path: parent,
                slot: fork,
                lane,
                lanes,
                failed: record.frame.phase != Phase::Done,
            }),
        },
    }
    all
}
