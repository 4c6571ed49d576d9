//! The small part of the model, and that no mistake goes unseen.

use stepwright_model::mutant::Mutant;
use stepwright_model::{check, mixes};

#[test]
fn the_protocol_keeps_its_laws() {
    for case in mixes::small() {
        let verdict = check(case, None);
        assert!(verdict.violation.is_none(), "{}: {:?}", case.0, verdict.violation);
        assert_eq!(verdict.unreached, None, "{}", case.0);
        assert!(verdict.worlds > 100, "{}: only {} worlds", case.0, verdict.worlds);
    }
}

#[test]
fn every_mistake_is_found_out() {
    for mutant in Mutant::ALL {
        let case = mixes::revealing(mutant);
        let verdict = check(case, Some(mutant));
        assert!(verdict.violation.is_some(), "{mutant:?} goes unseen in {}", case.0);
    }
}
