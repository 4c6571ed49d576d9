//! What is checked: programs under mixes of faults.

use crate::machine::Mix;
use crate::mutant::Mutant;
use crate::program::{FLAKY, FRAIL, PATIENT, Program, Step, TASK, TOKEN, fork, map};

/// A name, a program and what may go wrong.
pub type Case = (&'static str, Program, Mix);

const CALM: Mix = Mix {
    crashes: 0,
    duplicates: 0,
    expiries: 0,
    losses: 0,
    turns: 2,
    stop: false,
    answer: false,
    redrives: 0,
};

const CHAIN: Program = &[&[TASK, Step::Pass, FLAKY, Step::Pass]];
const TOKENS: Program = &[&[TOKEN, TASK, Step::Timer]];
const PARALLEL: Program = &[&[fork(1, 2), TASK], &[TASK]];
const ASKING: Program = &[&[PATIENT, TASK]];
const PASSING: Program = &[&[fork(1, 2)], &[Step::Pass]];
const FAILING: Program = &[&[fork(1, 2), Step::Pass], &[FRAIL]];
const LANES: Program = &[&[map(1, 2, 3)], &[Step::Pass]];
const WORKING_LANES: Program = &[&[map(1, 2, 3)], &[FRAIL]];
const NESTED: Program = &[&[fork(1, 2)], &[fork(2, 2)], &[Step::Pass]];
const NESTED_FAILING: Program = &[&[fork(1, 2)], &[fork(2, 1)], &[FRAIL]];
/// One lane: somebody answers once, and of two tokens one would time out in every world.
const TOKEN_LANES: Program = &[&[fork(1, 1)], &[TOKEN]];
const REDRIVEN: Program = &[&[FRAIL, fork(1, 2)], &[FRAIL]];

/// Small enough for every run of the tests.
pub fn small() -> Vec<Case> {
    vec![
        ("chain, crash and duplicate", CHAIN, Mix { crashes: 1, duplicates: 1, ..CALM }),
        ("token, answer and stop", TOKENS, Mix { crashes: 1, stop: true, answer: true, ..CALM }),
        ("parallel, crash", PARALLEL, Mix { crashes: 1, ..CALM }),
        ("lanes, crash", LANES, Mix { crashes: 1, ..CALM }),
        ("failing lanes and redrive", FAILING, Mix { redrives: 1, ..CALM }),
    ]
}

/// All of it: minutes to hours, and gigabytes.
pub fn whole() -> Vec<Case> {
    small().into_iter().chain(LARGE.iter().copied()).collect()
}

/// What takes its time.
const LARGE: &[Case] = &[
    ("chain, everything", CHAIN, Mix { crashes: 1, duplicates: 1, expiries: 1, losses: 1, ..CALM }),
    (
        "chain, stop and redrive",
        CHAIN,
        Mix { crashes: 2, duplicates: 1, expiries: 1, stop: true, redrives: 2, ..CALM },
    ),
    (
        "token, everything",
        TOKENS,
        Mix {
            crashes: 2,
            duplicates: 1,
            expiries: 1,
            losses: 1,
            turns: 3,
            stop: true,
            answer: true,
            ..CALM
        },
    ),
    (
        "parallel, everything",
        PARALLEL,
        Mix { crashes: 1, duplicates: 1, expiries: 1, losses: 1, ..CALM },
    ),
    ("parallel, stop", PARALLEL, Mix { crashes: 1, duplicates: 1, stop: true, turns: 3, ..CALM }),
    (
        "failing lanes, crash and redrive",
        FAILING,
        Mix { crashes: 1, duplicates: 1, redrives: 1, ..CALM },
    ),
    ("lanes, everything", LANES, Mix { crashes: 1, duplicates: 1, expiries: 1, losses: 1, ..CALM }),
    ("working lanes, crashes", WORKING_LANES, Mix { crashes: 2, ..CALM }),
    ("nested, crash", NESTED, Mix { crashes: 1, ..CALM }),
    ("nested and failing, crash and stop", NESTED_FAILING, Mix { crashes: 1, stop: true, ..CALM }),
    (
        "patient token, crashes",
        ASKING,
        Mix { crashes: 2, duplicates: 1, losses: 1, answer: true, stop: true, ..CALM },
    ),
    (
        "token in a lane",
        TOKEN_LANES,
        Mix { crashes: 1, duplicates: 1, answer: true, stop: true, ..CALM },
    ),
    ("redriven twice", REDRIVEN, Mix { crashes: 1, losses: 1, redrives: 2, ..CALM }),
];

/// Where a mistake must show.
pub fn revealing(mutant: Mutant) -> Case {
    let one = Mix { crashes: 1, duplicates: 1, ..CALM };
    match mutant {
        Mutant::DeleteBeforeSend
        | Mutant::Overwrite
        | Mutant::DeleteOnConflict
        | Mutant::DeleteWhenSuccessorExists
        | Mutant::PerformBeforeClaim
        | Mutant::ClaimOutcomeRepeatsTheTask => {
            ("chain", CHAIN, Mix { crashes: 1, duplicates: 1, expiries: 1, ..CALM })
        }
        Mutant::AnswerHeardBeforeSend => ("patient token", ASKING, Mix { answer: true, ..CALM }),
        Mutant::StopClosesRowFirst | Mutant::TimerLeavesThePark => {
            ("token", TOKENS, Mix { stop: true, answer: true, crashes: 1, ..CALM })
        }
        Mutant::CountInsteadOfSet => ("parallel", PARALLEL, one),
        Mutant::SealsWhatHasBegunOnly => ("stopped fork", PASSING, Mix { stop: true, ..CALM }),
        Mutant::SealsNothingBelowWhatEnded => {
            ("nested and failing", NESTED_FAILING, Mix { crashes: 1, stop: true, ..CALM })
        }
        Mutant::LaneEndNotRedone => ("lanes in a fork", PASSING, Mix { crashes: 1, ..CALM }),
        Mutant::ForgetfulDispenser => ("lanes", LANES, one),
        Mutant::SweepLooksAtRootOnly => ("losses", PASSING, Mix { losses: 1, ..CALM }),
        Mutant::RedriveReopensRowFirst | Mutant::JoinIgnoresFailure => {
            ("failing", FAILING, Mix { crashes: 1, redrives: 1, ..CALM })
        }
    }
}
