//! Calls from outside: StartExecution, StopExecution, SendTaskSuccess, RedriveExecution. Each is two steps, the record and what
//! follows from it, between which the caller's process can die.

use crate::decide::{Decided, Stimulus, beginning, decide, granted};
use crate::machine::{Action, Caller, Protocol, send};
use crate::mutant::Mutant;
use crate::path::Path;
use crate::turn::{alive, carry_out, due, grant};
use crate::world::{Call, Frame, Kind, Message, Phase, Record, World};

impl Protocol {
    pub(crate) fn calls(&self, world: &World, all: &mut Vec<Action>) {
        let hangs_up = world.faults.crashes < self.mix.crashes;
        let mut call = |call: &Call, action: Action, caller: Caller| match call {
            Call::Idle => all.push(action),
            Call::Written(..) => {
                all.push(action);
                if hangs_up {
                    all.push(Action::HangUp(caller));
                }
            }
            Call::Heard | Call::Refused => {}
        };
        call(&world.start, Action::Start, Caller::Start);
        let Some(row) = world.row else { return };
        if self.mix.stop {
            call(&world.stop, Action::Stop, Caller::Stop);
        }
        if let (true, Call::Written(path, _)) = (self.mix.answer, &world.answer) {
            call(&world.answer, Action::Answer(*path), Caller::Answer);
        } else if self.mix.answer {
            let pending = world.journals.iter().filter(|(_, records)| {
                records.last().is_some_and(|record| record.frame.phase == Phase::Pending)
            });
            for (path, _) in pending {
                call(&world.answer, Action::Answer(*path), Caller::Answer);
            }
        }
        let failed = row.is_some_and(|phase| phase != Phase::Done);
        let more = failed && world.redrives < self.mix.redrives;
        if more || matches!(world.redrive, Call::Written(..)) {
            call(&world.redrive, Action::Redrive, Caller::Redrive);
        }
    }

    pub(crate) fn call(&self, world: &mut World, caller: Caller, path: Path) {
        match caller {
            Caller::Start if world.start == Call::Idle => {
                world.row = world.row.or(Some(None));
                world.start = Call::Written(Path::ROOT, 0);
            }
            Caller::Start => {
                send(world, Message { path: Path::ROOT, slot: 0, kind: Kind::Start });
                world.start = Call::Heard;
            }
            Caller::Stop => self.stop(world),
            Caller::Answer => self.answer(world, path),
            Caller::Redrive => self.redrive(world),
        }
    }

    fn stop(&self, world: &mut World) {
        let root = Path::ROOT;
        if let Call::Written(_, slot) = world.stop {
            let record = world.journals[&root][slot as usize];
            self.at_once(world, root, slot, record);
            world.stop = Call::Heard;
            return;
        }
        if self.is(Mutant::StopClosesRowFirst) {
            world.row = Some(Some(Phase::Aborted));
        }
        match world.tail(&root) {
            Some((slot, record)) if record.frame.phase.over() => {
                self.at_once(world, root, slot, record);
                world.stop = Call::Refused;
            }
            tail => {
                let (slot, frame) = tail.map_or((0, beginning()), |(n, r)| (n + 1, r.frame));
                world.stop = self.write(world, root, (slot, frame), Stimulus::Stop);
            }
        }
    }

    fn answer(&self, world: &mut World, path: Path) {
        if let Call::Written(path, slot) = world.answer {
            let record = world.journals[&path][slot as usize];
            self.at_once(world, path, slot, record);
            world.answer = Call::Heard;
            return;
        }
        let Some((slot, record)) = world.tail(&path) else { return };
        if record.frame.phase != Phase::Pending || !alive(world, path) {
            world.answer = Call::Refused;
            return;
        }
        world.answer = self.write(world, path, (slot + 1, record.frame), Stimulus::Answer);
        if self.is(Mutant::AnswerHeardBeforeSend) && world.answer != Call::Refused {
            world.answer = Call::Heard;
        }
    }

    fn redrive(&self, world: &mut World) {
        let root = Path::ROOT;
        if let Call::Written(_, slot) = world.redrive {
            if self.is(Mutant::RedriveReopensRowFirst) {
                let Some((slot, record)) = world.tail(&root) else { return };
                if record.frame.phase.over() {
                    let stimulus = Stimulus::Redrive(world.redrives);
                    self.write(world, root, (slot + 1, record.frame), stimulus);
                }
            } else {
                world.row = Some(None);
                world.redrives += 1;
            }
            let (slot, record) = match self.mutant {
                Some(Mutant::RedriveReopensRowFirst) => match world.tail(&root) {
                    Some(tail) => tail,
                    None => return,
                },
                _ => (slot, world.journals[&root][slot as usize]),
            };
            self.at_once(world, root, slot, record);
            world.redrive =
                if world.redrives < self.mix.redrives { Call::Idle } else { Call::Heard };
            return;
        }
        if self.is(Mutant::RedriveReopensRowFirst) {
            world.row = Some(None);
            world.redrives += 1;
            world.redrive = Call::Written(root, 0);
            return;
        }
        let Some((slot, record)) = world.tail(&root) else { return };
        world.redrive = if record.frame.phase.over() {
            let stimulus = Stimulus::Redrive(world.redrives + 1);
            self.write(world, root, (slot + 1, record.frame), stimulus)
        } else {
            Call::Written(root, slot)
        };
    }

    /// Inserts what a caller wants, where nobody was faster.
    fn write(
        &self,
        world: &mut World,
        path: Path,
        (slot, frame): (u8, Frame),
        stimulus: Stimulus,
    ) -> Call {
        let record = match decide(self.program, path, frame, stimulus) {
            Decided::Write(record) => record,
            // The lane's next item is asked for before the record is written; nothing else can take the item in between.
            Decided::Ask(frame, answered) => {
                let item = grant(self, world, path, frame);
                granted(frame, item, answered)
            }
            Decided::Stale => return Call::Refused,
        };
        world.append(path, record);
        Call::Written(path, slot)
    }

    /// Carries out what follows from a record in one go.
    pub fn at_once(&self, world: &mut World, path: Path, slot: u8, record: Record) {
        for effect in due(self, world, path, slot, record) {
            carry_out(self, world, path, effect);
        }
    }
}
