//! A slice of fuzzing for every day: all that ever did harm, and some thousand mutations of each target's seeds. Always
//! the same ones, so that what fails here fails for everybody.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail where it stands")]

use stepwright_fuzz::run::{Until, run};
use stepwright_fuzz::targets;

#[test]
fn no_input_does_harm() {
    let _alone = stepwright_fuzz::bound::alone();
    for target in targets() {
        let seen =
            run(target, 1, Until::Inputs(target.slice)).unwrap_or_else(|why| panic!("{why}"));
        assert!(seen.inputs >= target.slice, "{}", target.name);
    }
}

#[test]
fn every_operation_is_tried() {
    let _alone = stepwright_fuzz::bound::alone();
    let api = targets().find(|target| target.name == "api").unwrap();
    run(api, 2, Until::Requests(40)).unwrap_or_else(|why| panic!("{why}"));
}
