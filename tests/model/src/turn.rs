//! A turn, await by await.

use crate::decide::{Decided, Stimulus, decide, effects, forked, granted};
use crate::machine::{Protocol, first, give_back, message_of, send};
use crate::mutant::Mutant;
use crate::path::Path;
use crate::program::Step;
use crate::seal::Sealing;
use crate::world::{At, Effect, Frame, Kind, Message, Phase, Record, Turn, World};

/// How many ways the next step of a turn can go.
pub fn choices(protocol: &Protocol, world: &World, turn: &Turn) -> u8 {
    match &turn.at {
        // To drive it, or to give it back for now.
        At::Tail => match world.tail(&turn.message.path) {
            Some((slot, tail)) if turn.message.slot <= slot => match tail.frame.phase {
                phase if phase.settled() && phase != Phase::Forked => 1,
                _ => 2,
            },
            Some((_, tail)) if tail.frame.phase == Phase::Claimed => 2,
            _ => 1,
        },
        // To go on in this turn, or to hand over.
        At::Emit(_, record, left, true) if left.is_empty() => match record.frame.phase {
            Phase::Ready => 2,
            _ => 1,
        },
        At::Perform(_, frame) => {
            match protocol.program[frame.flow as usize].get(frame.step as usize) {
                Some(Step::Task { fails: true, .. }) => 2,
                _ => 1,
            }
        }
        // A delete that comes late may hit or miss.
        At::Ack if !turn.own => 2,
        _ => 1,
    }
}

/// A turn makes its next step.
pub fn step(protocol: &Protocol, world: &mut World, n: usize, choice: u8) {
    let Turn { message, own, at } = world.turns[n].clone();
    let path = message.path;
    let next = match at {
        At::Row => match world.row {
            Some(None) => At::Alive(path.depth() as u8),
            _ => At::Ack,
        },
        At::Alive(0) => At::Tail,
        At::Alive(depth) => match open(world, path, depth) {
            true => At::Alive(depth - 1),
            false => At::Ack,
        },
        At::Tail => match tail(protocol, world, &message, choice) {
            Some(at) => at,
            None => return give_back(world, n),
        },
        At::Lanes(slot, tail) => lanes(protocol, world, path, (slot, tail)),
        At::Ask(slot, frame, answered) => {
            let item = grant(protocol, world, path, frame);
            At::Put(slot, granted(frame, item, answered))
        }
        At::Sure(slot, record) => match alive(world, path) {
            true => {
                if protocol.is(Mutant::PerformBeforeClaim) {
                    perform(world, path, slot);
                }
                At::Put(slot, record)
            }
            false => At::Ack,
        },
        At::Put(slot, record) => match write(protocol, world, n, (slot, record)) {
            Some(at) => at,
            None => return give_back(world, n),
        },
        At::Emit(slot, record, left, drives) => {
            emit(protocol, world, path, (slot, record, left, drives), choice)
        }
        At::Sealing(mut sealing, then) => match sealing.step(protocol, world) {
            true => At::Sealing(sealing, then),
            false => *then,
        },
        At::Perform(slot, frame) => {
            if !protocol.is(Mutant::PerformBeforeClaim) {
                perform(world, path, slot);
            }
            let stimulus = if choice == 0 { Stimulus::Worked } else { Stimulus::Failed };
            drive(protocol, path, slot, frame, stimulus)
        }
        At::Ack => return acknowledge(world, n, own, choice),
    };
    world.turns[n].at = next;
}

/// A turn inserts a record and comes to what follows from it, or from the one that was there before; `None` gives the message
/// back.
fn write(
    protocol: &Protocol,
    world: &mut World,
    n: usize,
    (slot, record): (u8, Record),
) -> Option<At> {
    let path = world.turns[n].message.path;
    match put(protocol, world, path, slot, record) {
        None => {
            if protocol.is(Mutant::DeleteBeforeSend) {
                world.turns[n].own = false;
            }
            Some(At::Emit(slot, record, due(protocol, world, path, slot, record), true))
        }
        Some(_) if protocol.is(Mutant::DeleteOnConflict) => Some(At::Ack),
        Some(other) if other.frame.phase.settled() => {
            Some(At::Emit(slot, other, owed(protocol, world, path, slot, other), false))
        }
        Some(_) => None,
    }
}

/// What a turn does about the tail that it finds; `None` gives the message back.
fn tail(protocol: &Protocol, world: &World, message: &Message, choice: u8) -> Option<At> {
    let Some((slot, tail)) = world.tail(&message.path) else {
        return first(message.kind).map(|record| At::Put(0, record));
    };
    if message.slot > slot {
        return if choice == 1 {
            None
        } else {
            Some(awaited(protocol, world, message, slot, tail))
        };
    }
    if protocol.is(Mutant::DeleteOnConflict) {
        return Some(At::Ack);
    }
    if tail.frame.phase.settled() {
        let redo = || At::Emit(slot, tail, owed(protocol, world, message.path, slot, tail), false);
        return (choice == 0).then(redo);
    }
    if protocol.is(Mutant::DeleteWhenSuccessorExists) && slot > message.slot {
        return Some(At::Ack);
    }
    (choice == 0).then(|| awaited(protocol, world, message, slot, tail))
}

/// The frame is to go on from its tail.
fn awaited(protocol: &Protocol, world: &World, message: &Message, slot: u8, tail: Record) -> At {
    let path = message.path;
    let go_on = match (tail.frame.phase, message.kind) {
        (Phase::Ready, _) => drive(protocol, path, slot, tail.frame, Stimulus::Advance),
        (Phase::Claimed, _) if protocol.is(Mutant::ClaimOutcomeRepeatsTheTask) => {
            At::Perform(slot, tail.frame)
        }
        (Phase::Claimed, _) => drive(protocol, path, slot, tail.frame, Stimulus::Lost),
        (Phase::Pending | Phase::Waiting, Kind::Timer) => {
            drive(protocol, path, slot, tail.frame, Stimulus::Due)
        }
        (phase, Kind::Advance) if phase.settled() => {
            At::Emit(slot, tail, owed(protocol, world, path, slot, tail), false)
        }
        (Phase::Forked, Kind::Join) => At::Lanes(slot, tail),
        _ => At::Ack,
    };
    if tail.cancels {
        At::Sealing(Sealing::of(protocol, world, path, slot - 1), Box::new(go_on))
    } else {
        go_on
    }
}

/// The next record of a frame, or what has to be asked before.
fn drive(protocol: &Protocol, path: Path, slot: u8, frame: Frame, stimulus: Stimulus) -> At {
    match decide(protocol.program, path, frame, stimulus) {
        Decided::Write(record) if record.frame.phase == Phase::Claimed => {
            At::Sure(slot + 1, record)
        }
        Decided::Write(record) => At::Put(slot + 1, record),
        Decided::Ask(frame, answered) => At::Ask(slot + 1, frame, answered),
        Decided::Stale => At::Ack,
    }
}

/// What has become of the lanes of a fork.
fn lanes(protocol: &Protocol, world: &mut World, path: Path, (slot, tail): (u8, Record)) -> At {
    let Some((lanes, items, _)) = forked(protocol.program, tail.frame) else { return At::Ack };
    let tails: Vec<_> = (0..lanes).filter_map(|lane| world.tail(&path.child(slot, lane))).collect();
    let failed =
        tails.iter().any(|(_, lane)| lane.frame.phase.over() && lane.frame.phase != Phase::Done);
    if failed && !protocol.is(Mutant::JoinIgnoresFailure) {
        return drive(protocol, path, slot, tail.frame, Stimulus::LaneFailed);
    }
    let set = world.sets.get(&(path, slot)).copied().unwrap_or_default();
    let counted = protocol.is(Mutant::CountInsteadOfSet) && set.count >= lanes;
    let ended = tails.iter().filter(|(_, lane)| lane.frame.phase.over()).count();
    if ended < lanes as usize && !counted {
        return At::Ack;
    }
    let all = tails.iter().fold(0, |seen, (_, lane)| seen | lane.frame.finished);
    let sum: u32 = tails.iter().map(|(_, lane)| lane.frame.finished.count_ones()).sum();
    if all.count_ones() != u32::from(items) || sum != u32::from(items) {
        world.broken = Some("a join has each item once");
    }
    drive(protocol, path, slot, tail.frame, Stimulus::Joined)
}

/// One more of the things that follow from a record; then on with the frame, or to the end of the turn.
fn emit(
    protocol: &Protocol,
    world: &mut World,
    path: Path,
    (slot, record, mut left, drives): (u8, Record, Vec<Effect>, bool),
    choice: u8,
) -> At {
    if !left.is_empty() {
        let effect = left.remove(0);
        if drives && record.frame.phase == Phase::Ready && matches!(effect, Effect::Send(_)) {
            // Its own successor: sent only if this turn hands over.
            return At::Emit(slot, record, left, drives);
        }
        if let Effect::Seal { slot: fork } = effect {
            let then = At::Emit(slot, record, left, drives);
            return At::Sealing(Sealing::of(protocol, world, path, fork), Box::new(then));
        }
        carry_out(protocol, world, path, effect);
        return At::Emit(slot, record, left, drives);
    }
    match record.frame.phase {
        Phase::Ready if drives && choice == 0 => {
            drive(protocol, path, slot, record.frame, Stimulus::Advance)
        }
        Phase::Ready if drives => {
            send(world, Message { path, slot: slot + 1, kind: Kind::Advance });
            At::Ack
        }
        Phase::Claimed if drives => At::Perform(slot, record.frame),
        _ => At::Ack,
    }
}

/// Carries out an effect.
pub fn carry_out(protocol: &Protocol, world: &mut World, path: Path, effect: Effect) {
    match effect {
        Effect::Send(message) => send(world, message),
        Effect::Park(message) => {
            if !world.parked.contains(&message) {
                world.parked.push(message);
                world.parked.sort();
            }
        }
        Effect::Join { path: parent, slot, lane, lanes, failed } => {
            let set = world.sets.entry((parent, slot)).or_default();
            set.finished |= 1 << lane;
            set.failed |= u8::from(failed) << lane;
            set.count = (set.count + 1).min(9);
            let full = match protocol.is(Mutant::CountInsteadOfSet) {
                true => set.count >= lanes,
                false => set.finished.count_ones() >= u32::from(lanes),
            };
            if full || set.failed != 0 {
                send(world, Message { path: parent, slot: slot + 1, kind: Kind::Join });
            }
        }
        Effect::Seal { slot } => {
            Sealing::of(protocol, world, path, slot).whole(protocol, world);
        }
        Effect::Close => {
            // Conditional on an open row; what closes is the last record.
            if let (Some(None), Some(root)) = (world.row, world.root())
                && root.frame.phase.over()
            {
                world.row = Some(Some(root.frame.phase));
            }
        }
    }
}

/// What follows from a record that was just written.
pub fn due(
    protocol: &Protocol,
    world: &World,
    path: Path,
    slot: u8,
    record: Record,
) -> Vec<Effect> {
    effects(protocol.program, path, slot, record, lanes_of(protocol, world, path))
}

/// What is to be done again for a settled record: lanes that have begun look after themselves, but the join is looked at.
pub fn owed(
    protocol: &Protocol,
    world: &World,
    path: Path,
    slot: u8,
    record: Record,
) -> Vec<Effect> {
    let mut all = due(protocol, world, path, slot, record);
    if protocol.is(Mutant::LaneEndNotRedone) {
        all.retain(|effect| !matches!(effect, Effect::Join { .. }));
    }
    if record.frame.phase != Phase::Forked {
        return all;
    }
    all.retain(|effect| {
        message_of(effect).is_none_or(|message| !world.journals.contains_key(&message.path))
    });
    let set = world.sets.get(&(path, slot)).copied().unwrap_or_default();
    let lanes = forked(protocol.program, record.frame).map_or(0, |(lanes, ..)| lanes);
    let full = set.failed != 0 || set.finished.count_ones() >= u32::from(lanes);
    if full {
        all.push(Effect::Send(Message { path, slot: slot + 1, kind: Kind::Join }));
    }
    all
}

/// How many lanes the fork has that a frame is a lane of.
fn lanes_of(protocol: &Protocol, world: &World, path: Path) -> u8 {
    let Some((parent, slot, _)) = path.parent() else { return 0 };
    let fork = world.journals.get(&parent).and_then(|records| records.get(slot as usize));
    fork.and_then(|fork| forked(protocol.program, fork.frame)).map_or(0, |(lanes, ..)| lanes)
}

/// The next item for a lane: the same for the same item in hand, however often it asks.
pub fn grant(protocol: &Protocol, world: &mut World, path: Path, frame: Frame) -> Option<u8> {
    let (parent, slot, lane) = path.parent()?;
    let fork = world.journals.get(&parent)?.get(slot as usize)?.frame;
    let (lanes, items, _) = forked(protocol.program, fork)?;
    if lanes >= items {
        return None;
    }
    let dispenser = world.dispensers.entry((parent, slot)).or_default();
    let known = dispenser.grants.get(&(lane, frame.item)).copied();
    let item = match known.filter(|_| !protocol.is(Mutant::ForgetfulDispenser)) {
        Some(item) => item,
        None => {
            let item = lanes + dispenser.next;
            dispenser.next = (dispenser.next + 1).min(items);
            dispenser.grants.insert((lane, frame.item), item);
            item
        }
    };
    (item < items).then_some(item)
}

/// Inserts a record; the one that was there before, if there was one.
fn put(
    protocol: &Protocol,
    world: &mut World,
    path: Path,
    slot: u8,
    record: Record,
) -> Option<Record> {
    let records = world.journals.get(&path).map_or(&[][..], Vec::as_slice);
    let length = records.len();
    match records.get(slot as usize).copied() {
        Some(_) if protocol.is(Mutant::Overwrite) => {
            if let Some(there) = world.journals.get_mut(&path) {
                there[slot as usize] = record;
            }
            world.broken = Some("no record is written twice");
            None
        }
        Some(other) => Some(other),
        None => {
            if length != slot as usize {
                world.broken = Some("journals have no gaps");
            }
            world.append(path, record);
            None
        }
    }
}

fn perform(world: &mut World, path: Path, slot: u8) {
    let count = world.performed.entry((path, slot)).or_default();
    *count = (*count + 1).min(3);
}

/// Whether the fork at this depth of a path still waits for its lanes.
fn open(world: &World, path: Path, depth: u8) -> bool {
    let Some((parent, fork, _)) = path.up_to(depth as usize).parent() else { return true };
    let tail = world.tail(&parent);
    tail.is_some_and(|(slot, tail)| slot == fork && tail.frame.phase == Phase::Forked)
}

/// Whether all forks that a frame is in still wait for it.
pub fn alive(world: &World, path: Path) -> bool {
    (1..=path.depth() as u8).all(|depth| open(world, path, depth))
}

/// The message is deleted. A delete that comes late and hits takes the message away from whoever has it now.
fn acknowledge(world: &mut World, n: usize, own: bool, choice: u8) {
    let turn = world.turns.remove(n);
    if own || choice == 0 {
        return;
    }
    if let Some(at) = world.queue.iter().position(|other| *other == turn.message) {
        world.queue.remove(at);
    } else if let Some(other) =
        world.turns.iter_mut().find(|other| other.message == turn.message && other.own)
    {
        other.own = false;
    }
}
