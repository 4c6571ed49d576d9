//! Transitions: each must lead to a state of its own flow, and each state must be led to.

use std::collections::BTreeSet;

use super::Findings;
use crate::asl::diagnostic::Code;
use crate::asl::model::{Flow, Kind, State, Transition};

/// Finds transitions of a flow that lead nowhere, then states that nothing leads to. `at` is the flow's location, empty
/// for the machine's own.
pub(crate) fn check(flow: &Flow, at: &str, findings: &mut Findings) {
    check_targets(flow, at, findings);
    if flow.states.contains_key(&flow.start_at) {
        check_reach(flow, at, findings);
    }
}

fn check_targets(flow: &Flow, at: &str, findings: &mut Findings) {
    let mut check = |field: &str, target: &str, location: String| {
        if !flow.states.contains_key(target) {
            let message = format!("Missing '{field}' target: {target}");
            findings.add(Code::MissingTransitionTarget, location, message);
        }
    };
    check("StartAt", &flow.start_at, format!("{at}/StartAt"));
    for (name, state) in &flow.states {
        for exit in exits(state) {
            check(exit.field, exit.target, format!("{at}/States/{name}/{}", exit.place));
        }
    }
}

fn check_reach(flow: &Flow, at: &str, findings: &mut Findings) {
    let mut reached = BTreeSet::new();
    let mut ahead = vec![&*flow.start_at];
    while let Some(name) = ahead.pop() {
        if let Some(state) = flow.states.get(name)
            && reached.insert(name)
        {
            ahead.extend(exits(state).into_iter().map(|exit| exit.target));
        }
    }
    for name in flow.states.keys().filter(|name| !reached.contains(&***name)) {
        let message = format!("State \"{name}\" is not reachable.");
        findings.add(Code::MissingTransitionTarget, format!("{at}/States/{name}"), message);
    }
}

/// A way out of a state.
struct Exit<'a> {
    field: &'static str,
    place: String,
    target: &'a str,
}

fn exits(state: &State) -> Vec<Exit<'_>> {
    let mut exits = Vec::new();
    if let Transition::Next(target) = &state.next {
        exits.push(Exit { field: "Next", place: "Next".to_owned(), target });
    }
    for (index, catcher) in state.catch.iter().enumerate() {
        exits.push(Exit {
            field: "Next",
            place: format!("Catch[{index}]/Next"),
            target: &catcher.next,
        });
    }
    if let Kind::Choice(choice) = &state.kind {
        for (index, rule) in choice.rules.iter().enumerate() {
            exits.push(Exit {
                field: "Next",
                place: format!("Choices[{index}]/Next"),
                target: &rule.next,
            });
        }
        if let Some(target) = &choice.default {
            exits.push(Exit { field: "Default", place: "Default".to_owned(), target });
        }
    }
    exits
}
