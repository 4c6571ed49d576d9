//! The protocol: what may happen next, and what it does to the world.

use stateright::{Model, Property};

use crate::decide::record;
use crate::mutant::Mutant;
use crate::path::Path;
use crate::program::Program;
use crate::properties;
use crate::world::{At, Call, Effect, Kind, Message, Phase, Record, Turn, World};

/// How often each kind of fault may happen, and who is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mix {
    /// Turns and callers that die.
    pub crashes: u8,
    /// Messages delivered twice.
    pub duplicates: u8,
    /// Turns that live longer than their message stays invisible.
    pub expiries: u8,
    /// Messages that are lost.
    pub losses: u8,
    /// Turns at a time.
    pub turns: usize,
    /// Somebody calls StopExecution.
    pub stop: bool,
    /// Somebody answers a token.
    pub answer: bool,
    /// Redrives that are asked for.
    pub redrives: u8,
}

/// The protocol at work on a program.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// What the execution runs.
    pub program: Program,
    /// What may go wrong.
    pub mix: Mix,
    /// The mistake in it, if any.
    pub mutant: Option<Mutant>,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Action {
    Start,
    Deliver(Message),
    Duplicate(Message),
    Lose(Message),
    /// The turn makes its next step, one of those open to it.
    Step(usize, u8),
    Crash(usize),
    Expire(usize),
    Stop,
    Answer(Path),
    Redrive,
    /// A caller's process dies between the write and what follows from it.
    HangUp(Caller),
    Unpark(Message),
    UnparkTwice(Message),
    Sweep,
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Caller {
    Start,
    Stop,
    Answer,
    Redrive,
}

impl Protocol {
    /// Whether this is the protocol with that mistake.
    pub fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// Whether nothing is under way and the sweep finds something to do. It is the net for what was lost; a protocol
    /// that needs it for anything else is at fault.
    pub fn sweeps(&self, world: &World) -> bool {
        let lost = world.faults.losses > 0 || world.faults.hang_ups > 0;
        let open = world.row == Some(None);
        lost && open && world.faults.sweeps < 3 && quiet(world)
    }

    fn sweep(&self, world: &mut World) {
        let frames: Vec<Path> = world.journals.keys().copied().collect();
        if world.root().is_none() {
            send(world, Message { path: Path::ROOT, slot: 0, kind: Kind::Start });
        }
        for path in frames {
            if self.is(Mutant::SweepLooksAtRootOnly) && path != Path::ROOT {
                continue;
            }
            let Some((slot, record)) = world.tail(&path) else { continue };
            if !crate::turn::alive(world, path) {
                continue;
            }
            match record.frame.phase {
                Phase::Ready | Phase::Claimed => {
                    send(world, Message { path, slot: slot + 1, kind: Kind::Advance });
                }
                _ => {
                    for effect in crate::turn::owed(self, world, path, slot, record) {
                        crate::turn::carry_out(self, world, path, effect);
                    }
                }
            }
        }
    }
}

/// Whether nobody is at work and nothing is on its way.
pub fn quiet(world: &World) -> bool {
    let under_way = [&world.start, &world.stop, &world.answer, &world.redrive]
        .iter()
        .any(|call| matches!(call, Call::Written(..)));
    world.queue.is_empty()
        && world.parked.is_empty()
        && world.turns.is_empty()
        && world.start != Call::Idle
        && !under_way
}

/// A message is on its way; where it is already, one is as good as two.
pub fn send(world: &mut World, message: Message) {
    if !world.queue.contains(&message) {
        world.queue.push(message);
        world.queue.sort();
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::default()]
    }

    fn actions(&self, world: &World, all: &mut Vec<Action>) {
        let (mix, faults) = (&self.mix, &world.faults);
        self.calls(world, all);
        for message in &world.queue {
            if world.turns.len() < mix.turns {
                all.push(Action::Deliver(*message));
                if faults.duplicates < mix.duplicates {
                    all.push(Action::Duplicate(*message));
                }
            }
            if faults.losses < mix.losses {
                all.push(Action::Lose(*message));
            }
        }
        for message in &world.parked {
            all.push(Action::Unpark(*message));
            if faults.duplicates < mix.duplicates {
                all.push(Action::UnparkTwice(*message));
            }
        }
        for (n, turn) in world.turns.iter().enumerate() {
            if n > 0 && world.turns[n - 1] == *turn {
                continue;
            }
            for choice in 0..crate::turn::choices(self, world, turn) {
                all.push(Action::Step(n, choice));
            }
            if faults.crashes < mix.crashes {
                all.push(Action::Crash(n));
            }
            if faults.expiries < mix.expiries && turn.own {
                all.push(Action::Expire(n));
            }
        }
        if self.sweeps(world) {
            all.push(Action::Sweep);
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        match action {
            Action::Start => self.call(&mut world, Caller::Start, Path::ROOT),
            Action::Stop => self.call(&mut world, Caller::Stop, Path::ROOT),
            Action::Answer(path) => self.call(&mut world, Caller::Answer, path),
            Action::Redrive => self.call(&mut world, Caller::Redrive, Path::ROOT),
            Action::HangUp(caller) => {
                world.faults.crashes += 1;
                world.faults.hang_ups += 1;
                // Sweeps are without number; they are counted only so that those for nothing come to an end.
                world.faults.sweeps = 0;
                match caller {
                    // Who got no answer to StartExecution asks again.
                    Caller::Start => world.start = Call::Idle,
                    Caller::Stop => world.stop = Call::Refused,
                    Caller::Answer => world.answer = Call::Refused,
                    Caller::Redrive => world.redrive = Call::Idle,
                }
            }
            Action::Deliver(message) => {
                world.queue.retain(|other| *other != message);
                world.turns.push(Turn { message, own: true, at: At::Row });
            }
            Action::Duplicate(message) => {
                world.faults.duplicates += 1;
                world.turns.push(Turn { message, own: false, at: At::Row });
            }
            Action::Lose(message) => {
                world.faults.losses += 1;
                world.faults.sweeps = 0;
                world.queue.retain(|other| *other != message);
            }
            Action::Step(turn, choice) => crate::turn::step(self, &mut world, turn, choice),
            Action::Crash(turn) => {
                world.faults.crashes += 1;
                give_back(&mut world, turn);
            }
            Action::Expire(turn) => {
                world.faults.expiries += 1;
                world.turns[turn].own = false;
                let message = world.turns[turn].message;
                send(&mut world, message);
            }
            Action::Unpark(message) => {
                world.parked.retain(|other| *other != message);
                if !self.is(Mutant::TimerLeavesThePark) {
                    send(&mut world, message);
                }
            }
            Action::UnparkTwice(message) => {
                world.faults.duplicates += 1;
                send(&mut world, message);
            }
            Action::Sweep => {
                world.faults.sweeps += 1;
                self.sweep(&mut world);
            }
        }
        world.turns.sort();
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Protocol>> {
        properties::all()
    }
}

/// A turn ends without having handled its message: it comes again.
pub fn give_back(world: &mut World, turn: usize) {
    let turn = world.turns.remove(turn);
    if turn.own {
        send(world, turn.message);
    }
}

/// A record of a frame at its beginning.
pub fn first(kind: Kind) -> Option<Record> {
    match kind {
        Kind::Start => Some(record(crate::decide::beginning())),
        Kind::Fork(frame) => Some(record(frame)),
        _ => None,
    }
}

/// The effect of sending, seen from outside.
pub fn message_of(effect: &Effect) -> Option<&Message> {
    match effect {
        Effect::Send(message) | Effect::Park(message) => Some(message),
        _ => None,
    }
}
