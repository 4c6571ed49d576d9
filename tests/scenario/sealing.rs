//! What is below a cancelled fork is sealed as a whole, whoever began that and did not come to its end.

use std::sync::Arc;

use serde_json::json;
use stepwright::store::Journal;
use stepwright_core::engine::{
    Cursor, ExecutionId, Failure, Frame, FrameId, Outcome, Phase, Record,
};

use super::sim::{Risks, Sim, block_on};
use super::{ALL_STATES, Scenario};

/// A fork in each of the two lanes of a fork.
fn forks_in_a_fork() -> Scenario {
    let pass =
        |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Pass", "End": true}}});
    let inner = |name: &str, lanes: [&str; 2]| {
        let fork = json!({"Type": "Parallel", "Branches": lanes.map(pass), "End": true});
        json!({"StartAt": name, "States": {name: fork}})
    };
    let branches = [inner("A", ["C", "D"]), inner("B", ["E", "F"])];
    let outer = json!({"Type": "Parallel", "Branches": branches, "End": true});
    Scenario::states("Outer", json!({"Outer": outer}))
}

#[test]
fn lanes_that_have_not_begun_are_sealed_though_their_frame_was_sealed_or_ended_by_another() {
    let failed = Phase::Done(Outcome::Failed(Failure::default()));
    for (what, phase) in [("sealed", Phase::Sealed), ("failed", failed)] {
        let (mut sim, id) = forks_in_a_fork().begin(ALL_STATES, 0, Risks::NONE);
        let mut forked = None;
        sim.run_until(|sim| {
            forked = fork_below(sim, &id);
            forked.is_some()
        });
        let (frame, tail) = forked.expect("a lane forks");
        let fork = tail.slot;
        let record = Record {
            slot: fork + 1,
            nonce: "another.1".into(),
            events: Vec::new(),
            cancels: true,
            lanes: 2,
            frame: Frame { phase: phase.clone(), ..tail.frame.clone() },
            ..(*tail).clone()
        };
        let place = Cursor { execution: id.clone(), frame: frame.clone(), slot: fork + 1 };
        block_on(sim.store.insert(&place, Arc::new(record))).unwrap();
        let execution = sim.execution(&id);
        assert!(block_on(sim.engine.stop(&execution, Failure::default())).unwrap().is_some());
        for lane in 0..2 {
            let tail = block_on(sim.store.tail(&id, &frame.child(fork, lane))).unwrap();
            let phase = tail.map(|tail| tail.frame.phase.clone());
            assert_eq!(phase, Some(Phase::Sealed), "lane {lane} below what another {what}");
        }
    }
}

/// The frame of a lane whose fork is open, none of whose own lanes has begun.
fn fork_below(sim: &Sim, id: &ExecutionId) -> Option<(FrameId, Arc<Record>)> {
    let tails = block_on(sim.store.tails(id, &FrameId::root(), None)).ok()?;
    let open = |(frame, tail): &(FrameId, Arc<Record>)| {
        !frame.is_root() && matches!(tail.frame.phase, Phase::Forked(_))
    };
    let (frame, tail) = tails.iter().find(|found| open(found))?;
    let begun = tails.iter().any(|(other, _)| {
        other.fork().is_some_and(|(parent, slot, _)| parent == *frame && slot == tail.slot)
    });
    (!begun).then(|| (frame.clone(), tail.clone()))
}
