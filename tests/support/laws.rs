//! What holds for the journal of any execution.

use std::collections::BTreeSet;
use std::sync::Arc;

use stepwright_core::engine::{FrameId, Phase, Record};

/// A lane of a cancelled fork that could still begin: nothing has its first slot. `None` if there is none, as it must be
/// when whoever cancelled the fork has been looked after.
pub(crate) fn unsealed_lane(records: &[(FrameId, Arc<Record>)]) -> Option<FrameId> {
    let begun: BTreeSet<&FrameId> = records.iter().map(|(frame, _)| frame).collect();
    let pairs = records.windows(2).filter(|pair| pair[0].0 == pair[1].0 && pair[1].1.cancels);
    pairs.into_iter().find_map(|pair| {
        let (frame, record) = &pair[0];
        let Phase::Forked(fork) = &record.frame.phase else { return None };
        // What a lane of a Map Run starts looks by itself whether it is wanted.
        let lanes = if fork.run.is_some() { 0 } else { fork.lanes };
        let lane = |lane| frame.child(record.slot, lane);
        (0..lanes).map(lane).find(|lane| !begun.contains(lane))
    })
}

#[test]
fn a_lane_of_a_cancelled_fork_that_has_not_begun_can_begin_until_it_is_sealed() {
    use stepwright_core::engine::Fork;
    use stepwright_core::event::EventRef;
    use stepwright_core::expr::Document;

    use super::build::{last_record, record, record_with};

    let root = FrameId::root();
    let started = EventRef { frame: root.clone(), slot: 0, index: 0 };
    let input = Document::empty_object();
    let fork =
        Fork { lanes: 2, input: input.clone(), items: None, started, run: None, resumed: None };
    let forked = (root.clone(), record_with(0, "fork", input, Phase::Forked(fork)));
    let goes_on = |cancels| {
        let next = Record { cancels, ..(*record(1, "next")).clone() };
        (root.clone(), Arc::new(next))
    };
    let lane = |number| (root.child(0, number), last_record(0, "lane"));
    let table = [
        (vec![forked.clone(), lane(0)], None, "the fork is open"),
        (vec![forked.clone(), goes_on(false), lane(0), lane(1)], None, "the fork was joined"),
        (vec![forked.clone(), goes_on(true), lane(0), lane(1)], None, "both lanes are sealed"),
        (vec![forked.clone(), goes_on(true), lane(0)], Some(root.child(0, 1)), "one is not"),
    ];
    for (records, expected, why) in table {
        assert_eq!(unsealed_lane(&records), expected, "{why}");
    }
}
