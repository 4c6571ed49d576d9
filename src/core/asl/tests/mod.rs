//! The language as tables: a definition, and what is said of it. Each row is one rule.

mod accepted;
mod expressions;
mod fields;

use super::model::{
    Condition, Kind, Number, QueryLanguage, ResultPath, Selection, Test, Text, Transition, Wait,
};
use super::*;

/// Findings as CreateStateMachine lists them.
fn said(text: &str, kind: ExecutionType) -> String {
    validate(text, kind).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A machine of these states that starts at `A`.
fn machine(states: &str) -> String {
    format!(r#"{{"StartAt": "A", "States": {{{states}}}}}"#)
}

/// A machine of one state `A` with these fields.
fn one(fields: &str) -> String {
    machine(&format!(r#""A": {{{fields}}}"#))
}

/// A machine of one JSONata state `A` with these fields.
fn jsonata(fields: &str) -> String {
    one(&format!(r#""QueryLanguage": "JSONata", {fields}"#))
}

/// The only finding of a definition, without its code.
fn finding(text: &str) -> String {
    let found = validate(text, ExecutionType::Standard);
    let shown = |d: &Diagnostic| format!("{} at {}", d.message, d.location);
    found.iter().map(shown).collect::<Vec<_>>().join("\n")
}

fn first_state(text: &str) -> model::State {
    let machine = parse(text, ExecutionType::Standard).unwrap();
    machine.flows[0].states.values().next().unwrap().clone()
}

const DONE: &str = r#""Z": {"Type": "Succeed"}"#;

#[test]
fn text_that_is_no_object_has_one_finding() {
    let table = [
        (
            "no way",
            "INVALID_JSON_DESCRIPTION: Unrecognized token 'no': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (String)\"no way\"; line: 1, column: 3]",
        ),
        (
            r#"{"StartAt": "A", "StartAt": "B"}"#,
            "INVALID_JSON_DESCRIPTION: Duplicate field 'StartAt'\n at [Source: (String)\"{\"StartAt\": \"A\", \"StartAt\": \"B\"}\"; line: 1, column: 27]",
        ),
        ("[]", "SCHEMA_VALIDATION_FAILED: Expected value of type Object at /"),
        ("", "SCHEMA_VALIDATION_FAILED: Expected value of type Object at /"),
    ];
    for (text, expected) in table {
        assert_eq!(said(text, ExecutionType::Standard), expected, "{text}");
    }
    let found = &validate("no way", ExecutionType::Standard)[0];
    assert_eq!(found.location, "[Source: (String)\"no way\"; line: 1, column: 3]");
    let padded = format!("{}{}", " ".repeat(1_048_576), one(r#""Type": "Succeed""#));
    assert_eq!(finding(&padded), "Definition is larger than the maximum of 1048576 bytes at /");
}

#[test]
fn a_machine_has_its_fields_and_no_others() {
    let table = [
        ("{}".to_owned(), "These fields are required: [States, StartAt] at /"),
        (r#"{"StartAt": "A"}"#.to_owned(), "These fields are required: [States] at /"),
        (r#"{"StartAt": "A", "States": {}}"#.to_owned(), "Value cannot be empty at /States"),
        (
            machine(DONE).replace("{\"StartAt\"", r#"{"Owner": "me", "StartAt""#),
            "Field is not supported at /Owner",
        ),
        (
            machine(DONE).replace("{\"StartAt\"", r#"{"Version": "2.0", "StartAt""#),
            "Value must be one of [1.0] at /Version",
        ),
        (
            machine(DONE).replace("{\"StartAt\"", r#"{"TimeoutSeconds": "9", "StartAt""#),
            "Expected value of type Integer at /TimeoutSeconds",
        ),
        (machine(r#""A": 1"#), "Expected value of type Object at /States/A"),
        (
            machine(&format!(
                r#""A": {{"Type": "Pass", "Next": "{0}"}}, "{0}": {{"Type": "Succeed"}}"#,
                "n".repeat(81)
            )),
            &format!("State name must have 1 to 80 characters at /States/{}", "n".repeat(81)),
        ),
    ];
    for (text, expected) in &table {
        assert_eq!(&finding(text), expected, "{text}");
    }
}

#[test]
fn transitions_lead_to_states_of_the_same_flow() {
    let table = [
        (machine(DONE), "Missing 'StartAt' target: A at /StartAt"),
        (one(r#""Type": "Pass", "Next": "B""#), "Missing 'Next' target: B at /States/A/Next"),
        (
            machine(r#""A": {"Type": "Pass", "End": true}, "B": {"Type": "Succeed"}"#),
            "State \"B\" is not reachable. at /States/B",
        ),
        (
            one(
                r#""Type": "Choice", "Default": "D", "Choices": [{"Variable": "$.x", "IsNull": true, "Next": "C"}]"#,
            ),
            "Missing 'Next' target: C at /States/A/Choices[0]/Next\nMissing 'Default' target: D at /States/A/Default",
        ),
        (
            one(
                r#""Type": "Parallel", "End": true, "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "A"}}}]"#,
            ),
            "Missing 'Next' target: A at /States/A/Branches[0]/States/B/Next",
        ),
        (
            one(
                r#""Type": "Map", "End": true, "Catch": [{"ErrorEquals": ["E"], "Next": "C"}], "ItemProcessor": {"StartAt": "X", "States": {"B": {"Type": "Succeed"}}}"#,
            ),
            "Missing 'Next' target: C at /States/A/Catch[0]/Next\nMissing 'StartAt' target: X at /States/A/ItemProcessor/StartAt",
        ),
        (
            one(r#""Type": "Pass", "End": false"#),
            "Exactly one of these fields is required: [Next, End] at /States/A",
        ),
        (machine(&format!(r#""A": {{"Type": "Pass", "End": false, "Next": "Z"}}, {DONE}"#)), ""),
        (
            one(r#""Type": "Pass""#),
            "Exactly one of these fields is required: [Next, End] at /States/A",
        ),
        (
            one(r#""Type": "Pass", "End": true, "Next": "A""#),
            "Only one of these fields is allowed: [Next, End] at /States/A",
        ),
        (one(r#""Type": "Succeed", "End": true"#), "Field is not supported at /States/A/End"),
    ];
    for (text, expected) in &table {
        assert_eq!(&finding(text), expected, "{text}");
    }
    let code = validate(&one(r#""Type": "Pass", "Next": "B""#), ExecutionType::Standard)[0].code;
    assert_eq!(code.as_str(), "MISSING_TRANSITION_TARGET");
}

#[test]
fn a_name_is_given_once_in_the_whole_machine() {
    let twice = one(
        r#""Type": "Parallel", "End": true, "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}]"#,
    );
    assert_eq!(
        said(&twice, ExecutionType::Standard),
        "DUPLICATE_STATE_NAME: Duplicate State name: A at /States/A/Branches[0]/States/A"
    );
}

#[test]
fn a_label_is_given_once_in_the_whole_machine() {
    let map = |name: &str, way_out: &str| {
        let item =
            format!(r#"{{"StartAt": "In{name}", "States": {{"In{name}": {{"Type": "Succeed"}}}}"#);
        format!(
            r#""{name}": {{"Type": "Map", {way_out}, "Label": "run", "ItemProcessor": {item}}}}}"#
        )
    };
    let text = machine(&[map("A", r#""Next": "B""#), map("B", r#""End": true"#)].join(","));
    assert_eq!(finding(&text), "Label 'run' is not unique in the state machine at /States/B/Label");
}

#[test]
fn a_state_has_the_fields_of_its_type_and_language() {
    let table = [
        (one(r#""End": true"#), "These fields are required: [Type] at /States/A"),
        (one(r#""Type": "Loop", "Body": 1"#), "Value must be one of [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/A/Type"),
        (one(r#""Type": "Pass", "End": true, "Retry": []"#), "Field is not supported at /States/A/Retry"),
        (one(r#""Type": "Pass", "End": "yes""#), "Expected value of type Boolean at /States/A/End"),
        (one(r#""Type": "Task", "End": true"#), "These fields are required: [Resource] at /States/A"),
        (one(r#""Type": "Pass", "End": true, "Output": {}"#),
         "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/A/Output"),
        (jsonata(r#""Type": "Pass", "End": true, "ResultPath": "$.a""#),
         "The QueryLanguage is set to 'JSONata', but field 'ResultPath' is only supported for the 'JSONPath' QueryLanguage at /States/A/ResultPath"),
        (r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"QueryLanguage": "JSONPath", "Type": "Succeed"}}}"#.to_owned(),
         "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A"),
        (one(r#""Type": "Parallel", "End": true, "Branches": []"#), "Value cannot be empty at /States/A/Branches"),
        (one(r#""Type": "Pass", "End": true, "Assign": {"a.b": 1}"#), "'a.b' is not a valid variable name at /States/A/Assign/a.b"),
        (one(r#""Type": "Fail", "Error": "E", "ErrorPath": "$.e""#), "Only one of these fields is allowed: [Error, ErrorPath] at /States/A"),
    ];
    for (text, expected) in &table {
        assert_eq!(&finding(text), expected, "{text}");
    }
}

#[test]
fn flows_are_numbered_depth_first_in_document_order() {
    let leaf = |name: &str| {
        format!(r#"{{"StartAt": "{name}", "States": {{"{name}": {{"Type": "Succeed"}}}}}}"#)
    };
    let fan = format!(
        r#"{{"StartAt": "In", "States": {{"In": {{"Type": "Parallel", "End": true, "Branches": [{}]}}}}}}"#,
        leaf("Deep")
    );
    let text = machine(&format!(
        r#""A": {{"Type": "Parallel", "Branches": [{fan}, {}], "Next": "M"}}, "M": {{"Type": "Map", "End": true, "Iterator": {}}}"#,
        leaf("Side"),
        leaf("Item")
    ));
    let machine = parse(&text, ExecutionType::Standard).unwrap();
    let starts: Vec<&str> = machine.flows.iter().map(|flow| &*flow.start_at).collect();
    assert_eq!(starts, ["A", "In", "Deep", "Side", "Item"]);
    let Kind::Parallel(parallel) = &machine.state(0, "A").unwrap().kind else {
        panic!("no Parallel")
    };
    assert_eq!(parallel.branches, [1, 3]);
    let Kind::Map(map) = &machine.state(0, "M").unwrap().kind else { panic!("no Map") };
    assert_eq!((map.processor, map.distributed.is_none()), (4, true));
}

#[test]
fn a_state_in_a_flow_defaults_to_the_language_of_the_machine_not_of_the_state_around() {
    let inner = r#"{"StartAt": "B", "States": {"B": {"Type": "Pass", "End": true}}}"#;
    let text = jsonata(&format!(r#""Type": "Map", "End": true, "ItemProcessor": {inner}"#));
    let machine = parse(&text, ExecutionType::Standard).unwrap();
    assert_eq!(machine.state(0, "A").unwrap().language, QueryLanguage::Jsonata);
    assert_eq!(machine.state(1, "B").unwrap().language, QueryLanguage::JsonPath);
}

#[test]
fn fields_are_read_into_their_types() {
    let task = first_state(&machine(&format!(
        r#""A": {{"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "TimeoutSecondsPath": "$.t", "HeartbeatSeconds": 3, "InputPath": null, "ResultPath": "$.r", "OutputPath": "$.r.x", "Retry": [{{"ErrorEquals": ["E"]}}], "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "Z", "ResultPath": null}}], "Next": "Z"}}, {DONE}"#
    )));
    assert_eq!(task.next, Transition::Next("Z".into()));
    assert!(matches!(task.data.input_path, Selection::Nothing));
    assert!(matches!(&task.data.result_path, ResultPath::At(path) if path.source() == "$.r"));
    assert!(matches!(&task.data.output_path, Selection::Path(path) if path.source() == "$.r.x"));
    assert!(matches!(task.catch[0].result_path, ResultPath::Discard));
    let retrier = &task.retry[0];
    assert_eq!((retrier.interval_seconds, retrier.max_attempts, retrier.backoff_rate), (1, 3, 2.0));
    let Kind::Task(task) = task.kind else { panic!("no Task") };
    assert!(matches!(&task.timeout, Some(Number::Path(path)) if path.source() == "$.t"));
    assert!(matches!(task.heartbeat, Some(Number::Literal(3.0))));
}

#[test]
fn expressions_are_told_from_literals_by_their_marks() {
    let wait = first_state(&jsonata(r#""Type": "Wait", "End": true, "Seconds": "{% 1 + 1 %}""#));
    assert!(matches!(wait.kind, Kind::Wait(Wait::Seconds(Number::Expression(_)))));
    let fail =
        first_state(&jsonata(r#""Type": "Fail", "Error": "{% $e %}", "Cause": " {% no %}""#));
    let Kind::Fail(fail) = fail.kind else { panic!("no Fail") };
    assert!(matches!(fail.error, Some(Text::Expression(_))));
    assert!(matches!(fail.cause, Some(Text::Literal(text)) if &*text == " {% no %}"));
    let fail = first_state(&one(r#""Type": "Fail", "Error": "{% $e %}", "CausePath": "$.c""#));
    let Kind::Fail(fail) = fail.kind else { panic!("no Fail") };
    assert!(matches!(fail.error, Some(Text::Literal(_))));
    assert!(matches!(fail.cause, Some(Text::Path(_))));
}

#[test]
fn rules_nest() {
    let rule = r#"{"Next": "Z", "Or": [{"Variable": "$.x", "StringMatches": "a*"}, {"Not": {"Variable": "$.y", "NumericEquals": 1}}]}"#;
    let choice = first_state(&machine(&format!(
        r#""A": {{"Type": "Choice", "Choices": [{rule}]}}, {DONE}"#
    )));
    let Kind::Choice(choice) = choice.kind else { panic!("no Choice") };
    let Condition::Or(either) = &choice.rules[0].condition else { panic!("no Or") };
    assert!(matches!(&either[0], Condition::Test { test: Test::Matches(_), .. }));
    assert!(
        matches!(&either[1], Condition::Not(inner) if matches!(**inner, Condition::Test { .. }))
    );
}

#[test]
fn a_single_state_may_lead_anywhere() {
    let machine =
        parse_state(r#"{"Type": "Pass", "Next": "Elsewhere"}"#, ExecutionType::Standard).unwrap();
    assert!(machine.state(0, "StateName").is_some());
    let found = parse_state(
        r#"{"Type": "Parallel", "Branches": [], "End": true}"#,
        ExecutionType::Standard,
    )
    .unwrap_err();
    assert_eq!(
        found[0].to_string(),
        "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/StateName/Branches"
    );
}

#[test]
fn findings_come_in_the_order_of_the_text() {
    let text = machine(
        r#""B": {"Type": "Pass", "Next": 3, "Color": "red"}, "A": {"Type": "Wait", "End": true, "Seconds": "x"}"#,
    );
    assert_eq!(
        finding(&text),
        "Expected value of type String at /States/B/Next\n\
         Field is not supported at /States/B/Color\n\
         Expected value of type Integer at /States/A/Seconds"
    );
}

#[test]
fn the_deepest_definition_that_is_read_fits_a_small_stack() {
    let mut text = r#"{"StartAt": "L", "States": {"L": {"Type": "Succeed"}}}"#.to_owned();
    for depth in 0..62 {
        text = format!(
            r#"{{"StartAt": "P{depth}", "States": {{"P{depth}": {{"Type": "Parallel", "End": true, "Branches": [{text}]}}}}}}"#
        );
    }
    let read = move || parse(&text, ExecutionType::Standard).map(|machine| machine.flows.len());
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(read).unwrap();
    assert_eq!(thread.join().unwrap().unwrap(), 63);
}
