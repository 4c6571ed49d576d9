//! Wait in all its forms, to the second and as long as a year.

use insta::assert_snapshot;
use serde_json::json;
use stepwright_core::time::Timestamp;

use super::sim::Risks;
use super::{ALL_STATES, Scenario};
use crate::support::build::START;

fn wait(field: &str, value: serde_json::Value) -> Scenario {
    let mut state = json!({"Type": "Wait", "End": true});
    state[field] = value;
    Scenario::states("Wait", json!({"Wait": state}))
}

/// Seconds of virtual time that the execution took.
fn took(scenario: &Scenario, states: u32) -> f64 {
    let (mut sim, id) = scenario.begin(states, 1, Risks::NONE);
    sim.run();
    let execution = sim.execution(&id);
    execution.closing.as_ref().unwrap().stopped.seconds_since(START)
}

#[test]
fn a_wait_lasts_as_long_as_it_says_in_every_form() {
    let at = Timestamp(START.0 + 90_000_000).to_string();
    let table = [
        (wait("Seconds", json!(5)), 5.0),
        (wait("SecondsPath", json!("$.n")).input(json!({"n": 7})), 7.0),
        (wait("Timestamp", json!(at)), 90.0),
        (wait("TimestampPath", json!("$.at")).input(json!({"at": at})), 90.0),
        (wait("Seconds", json!(31_536_000)), 31_536_000.0),
        (wait("Seconds", json!(0)), 0.0),
        (wait("Timestamp", json!("2001-01-01T00:00:00Z")), 0.0),
    ];
    for (scenario, seconds) in table {
        for states in [1, ALL_STATES] {
            let took = took(&scenario, states);
            assert!((took - seconds).abs() < 0.001, "{took} s instead of {seconds}");
        }
    }
}

#[test]
fn a_wait_is_entered_and_left() {
    assert_snapshot!(wait("Seconds", json!(5)).story(), @r#"
    SUCCEEDED {}
    1<0 ExecutionStarted input={}
    2<0 WaitStateEntered Wait {}
    3<2 WaitStateExited Wait {}
    4<3 ExecutionSucceeded output={}
    "#);
}

#[test]
fn values_that_are_no_wait_fail_the_execution() {
    let table = [
        (
            "SecondsPath",
            json!({"v": -1}),
            "The SecondsPath parameter references a negative value: $.v == -1",
        ),
        (
            "SecondsPath",
            json!({"v": 1.5}),
            "The SecondsPath parameter cannot be parsed as a long value: $.v == 1.5",
        ),
        ("SecondsPath", json!({"v": 100_000_000}), "Wait state delay is too long."),
        (
            "SecondsPath",
            json!({}),
            "The SecondsPath parameter does not reference an input value: $.v",
        ),
        (
            "TimestampPath",
            json!({"v": "2016-12-05 21:29:29Z"}),
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: $.v == 2016-12-05 21:29:29Z",
        ),
    ];
    for (field, input, detail) in table {
        let story = wait(field, json!("$.v")).input(input.clone()).story();
        let expected = format!(
            "FAILED States.Runtime An error occurred while executing the state 'Wait' (entered at the event id #2). {detail}"
        );
        assert_eq!(story.lines().next().unwrap(), expected, "{field} on {input}");
    }
}
