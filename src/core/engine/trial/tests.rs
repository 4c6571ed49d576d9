//! Trials as tables: a state, what is said about it, and what comes of it.

use std::fmt::Write;

use super::super::{Cursor, ExecutionId, Facts, Limits};
use super::*;
use crate::asl::model::ExecutionType;
use crate::asl::parse_state;

/// A trial of a single state with this input and nothing else.
fn of(input: &str) -> Trial {
    Trial {
        flow: 0,
        state: "StateName".into(),
        input: Document::parse(input).unwrap(),
        variables: None,
        context: None,
        mock: None,
        retries: 0,
        failed_items: 0,
        items_read: None,
    }
}

fn result(json: &str) -> Option<Mock> {
    Some(Mock::Result(Document::parse(json).unwrap()))
}

fn failure(error: &str) -> Option<Mock> {
    Some(Mock::Failure(Failure::new(error, "why")))
}

fn with<T>(state: &str, now: i64, then: impl FnOnce(&Setting<'_>) -> T) -> T {
    in_machine(&parse_state(state, ExecutionType::Standard).unwrap(), now, then)
}

fn in_machine<T>(machine: &Machine, now: i64, then: impl FnOnce(&Setting<'_>) -> T) -> T {
    let facts = Facts {
        arn: "arn:execution".into(),
        name: "run".into(),
        role: "".into(),
        started: Timestamp(0),
        input: Document::empty_object(),
        redriven: None,
        version: None,
        alias: None,
        machine_arn: "arn:machine".into(),
        machine_name: "flow".into(),
        region: "eu-west-1".into(),
        flow: 0,
    };
    then(&Setting {
        machine,
        execution: &facts,
        cursor: &Cursor::root(ExecutionId("x".into()), 1),
        now: Timestamp(now),
        states: 1,
        limits: Limits::AWS,
        token: &|_| "token".to_owned(),
        activity_exists: &|_| true,
    })
}

fn try_it(state: &str, trial: &Trial) -> Report {
    with(state, 0, |set| match begin(set, trial) {
        Ok(Progress::Over(report)) => *report,
        other => panic!("not over: {other:?}"),
    })
}

/// A report in one line.
fn told(report: &Report) -> String {
    let mut line = format!("{:?}", report.status);
    if let Some(output) = &report.output {
        let _ = write!(line, " {}", output.text());
    }
    if let Some(next) = &report.next {
        let _ = write!(line, " to {next}");
    }
    if let Some(failure) = &report.failure {
        let _ = write!(line, " by {}", failure.error.as_deref().unwrap_or("null"));
    }
    line
}

fn noted(report: &Report) -> String {
    let documents = report.notes.documents.iter().map(|(name, d)| format!("{name}={}", d.text()));
    let numbers = report.notes.numbers.iter().map(|(name, n)| format!("{name}={n}"));
    documents.chain(numbers).collect::<Vec<_>>().join(" ")
}

#[test]
fn states_that_need_nobody_are_run_to_their_end() {
    let choice = r#"{"Type":"Choice","Choices":[{"Variable":"$.n","NumericEquals":1,"Next":"One"}],"Default":"Other"}"#;
    let table = [
        (r#"{"Type":"Pass","Next":"Away"}"#, "{}", "Succeeded {} to Away"),
        (
            r#"{"Type":"Pass","Result":[1],"ResultPath":"$.r","End":true}"#,
            r#"{"a":0}"#,
            r#"Succeeded {"a":0,"r":[1]}"#,
        ),
        (r#"{"Type":"Succeed"}"#, "[1]", "Succeeded [1]"),
        (r#"{"Type":"Fail","Error":"E","Cause":"c"}"#, "{}", "Failed by E"),
        (choice, r#"{"n":1}"#, r#"Succeeded {"n":1} to One"#),
        (choice, r#"{"n":2}"#, r#"Succeeded {"n":2} to Other"#),
        (r#"{"Type":"Pass","InputPath":"$.no","End":true}"#, "{}", "Failed by States.Runtime"),
        (r#"{"Type":"Wait","Seconds":0,"End":true}"#, "{}", "Succeeded {}"),
        (
            r#"{"Type":"Pass","QueryLanguage":"JSONata","Output":"{% $states.context.State.Name %}","End":true}"#,
            "{}",
            r#"Succeeded "StateName""#,
        ),
    ];
    for (state, input, expected) in table {
        assert_eq!(told(&try_it(state, &of(input))), expected, "{state}");
    }
}

#[test]
fn each_step_of_the_data_is_noted_as_aws_shows_it() {
    let table = [
        (
            r#"{"Type":"Pass","End":true}"#,
            None,
            "input={} afterInputPath={} afterParameters={} afterResultSelector={} afterResultPath={}",
        ),
        (r#"{"Type":"Pass","QueryLanguage":"JSONata","End":true}"#, None, "input={}"),
        (r#"{"Type":"Fail"}"#, None, "input={} afterInputPath={}"),
        (r#"{"Type":"Fail","QueryLanguage":"JSONata"}"#, None, "input={}"),
        (
            r#"{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"ResultSelector":{"x.$":"$.a"},"ResultPath":"$.r","End":true}"#,
            result(r#"{"a":1}"#),
            r#"input={} afterInputPath={} afterParameters={"FunctionName":"f"} result={"a":1} afterResultSelector={"x":1} afterResultPath={"r":{"x":1}}"#,
        ),
        (
            r#"{"Type":"Task","QueryLanguage":"JSONata","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f"},"End":true}"#,
            result(r#"{"a":1}"#),
            r#"input={} afterArguments={"FunctionName":"f"} result={"a":1}"#,
        ),
        // Of a mocked Parallel nothing is shown of what comes before its branches (recorded).
        (
            r#"{"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}],"End":true}"#,
            result("[ 1 ]"),
            "input={} afterResultSelector=[ 1 ] afterResultPath=[ 1 ]",
        ),
    ];
    for (state, mock, expected) in table {
        let report = try_it(state, &Trial { mock, ..of("{}") });
        assert_eq!(noted(&report), expected, "{state}");
    }
}

#[test]
fn a_task_is_performed_outside_and_goes_on_with_the_outcome() {
    let state = r#"{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName.$":"$.f"},"Next":"Away","Retry":[{"ErrorEquals":["Boom"]}]}"#;
    let trial = of(r#"{"f":"bill"}"#);
    let outcomes = [
        (TaskOutcome::Succeeded(Document::parse("7").unwrap()), "Succeeded 7 to Away"),
        (TaskOutcome::Failed(Failure::new("Boom", "")), "Retriable by Boom"),
        (TaskOutcome::Failed(Failure::new("Bang", "")), "Failed by Bang"),
        (TaskOutcome::TimedOut, "Failed by States.Timeout"),
    ];
    for (outcome, expected) in outcomes {
        let report = with(state, 0, |set| match begin(set, &trial) {
            Ok(Progress::Perform(paused, call)) => {
                assert_eq!(call.parameters.text(), r#"{"FunctionName":"bill"}"#);
                resume(set, &trial, *paused, Event::Performed(outcome)).unwrap()
            }
            other => panic!("nothing to perform: {other:?}"),
        });
        assert_eq!(told(&report), expected);
        assert!(report.notes.document("afterParameters").is_some());
    }
}

#[test]
fn a_wait_waits_until_its_time_and_no_longer_than_a_trial_may_take() {
    let state = r#"{"Type":"Wait","Seconds":5,"Next":"Away"}"#;
    let trial = of("[]");
    for (event, expected) in
        [(Event::Waited, "Succeeded [] to Away"), (Event::Overdue, "Failed by States.Timeout")]
    {
        let report = with(state, 1_000_000, |set| match begin(set, &trial) {
            Ok(Progress::Wait(paused, until)) => {
                assert_eq!(until, Timestamp(6_000_000));
                resume(set, &trial, *paused, event).unwrap()
            }
            other => panic!("no wait: {other:?}"),
        });
        assert_eq!(told(&report), expected);
    }
}

#[test]
fn mocked_errors_meet_retriers_and_catchers_in_their_order() {
    let state = |resource: &str| {
        format!(
            r#"{{"Type":"Task","Resource":"{resource}","End":true,
                "Retry":[{{"ErrorEquals":["Other"]}},{{"ErrorEquals":["Boom"],"IntervalSeconds":3,"MaxAttempts":2}}],
                "Catch":[{{"ErrorEquals":["Nothing"],"Next":"N"}},{{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"C"}}]}}"#
        )
    };
    let caught = |error: &str| {
        format!(r#"CaughtError {{"e":{{"Error":"{error}","Cause":"why"}}}} to C by {error}"#)
    };
    // Error, retries made, what comes of it, retrier, pause, catcher.
    let table = [
        ("Boom", 0, "Retriable by Boom".to_owned(), Some(1), Some(3.0), None),
        ("Boom", 1, "Retriable by Boom".to_owned(), Some(1), Some(6.0), None),
        ("Boom", 2, caught("Boom"), Some(1), None, Some(1)),
        ("Bang", 0, caught("Bang"), None, None, Some(1)),
        (
            "States.DataLimitExceeded",
            0,
            "Failed by States.DataLimitExceeded".to_owned(),
            None,
            None,
            None,
        ),
    ];
    for resource in [
        "arn:aws:states:::sqs:sendMessage",
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "arn:aws:states:::states:startExecution.sync:2",
        "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "arn:aws:states:eu-west-1:123456789012:activity:a",
    ] {
        for (error, retries, expected, retrier, pause, catcher) in &table {
            let trial = Trial { mock: failure(error), retries: *retries, ..of("{}") };
            let report = try_it(&state(resource), &trial);
            assert_eq!(told(&report), *expected, "{resource} {error}");
            let notes = (report.notes.retrier, report.notes.backoff_seconds, report.notes.catcher);
            assert_eq!(notes, (*retrier, *pause, *catcher), "{resource} {error}");
        }
    }
}

fn map(fields: &str) -> String {
    format!(
        r#"{{"Type":"Map",{fields}"ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"}},"StartAt":"A","States":{{"A":{{"Type":"Succeed"}}}}}},"End":true}}"#
    )
}

#[test]
fn a_map_tolerates_the_failed_iterations_that_it_says_it_does() {
    let exceeded = "Failed by States.ExceedToleratedFailureThreshold";
    // Without a threshold AWS takes any number of failures (recorded).
    let table = [
        ("", 4, "Succeeded [0]"),
        (r#""ToleratedFailureCount":1,"#, 1, "Succeeded [0]"),
        (r#""ToleratedFailureCount":1,"#, 2, exceeded),
        (r#""ToleratedFailurePercentage":50,"#, 2, "Succeeded [0]"),
        (r#""ToleratedFailurePercentage":50,"#, 3, exceeded),
    ];
    for (fields, failed_items, expected) in table {
        let trial = Trial { mock: result("[0]"), failed_items, ..of("[1,2,3,4]") };
        assert_eq!(told(&try_it(&map(fields), &trial)), expected, "{fields} {failed_items}");
    }
    let trial = Trial { mock: result("[0]"), failed_items: 5, ..of("[1,2,3,4]") };
    let refused = with(&map(""), 0, |set| begin(set, &trial).err());
    assert_eq!(refused, Some(Refusal::FailedItems));
}

#[test]
fn a_mocked_map_shows_its_items_and_bounds() {
    let fields = r#""ItemsPath":"$.l","ItemSelector":{"v.$":"$$.Map.Item.Value"},"MaxConcurrency":2,"ToleratedFailurePercentage":5,"#;
    let report = try_it(&map(fields), &Trial { mock: result("[9]"), ..of(r#"{"l":[7]}"#) });
    assert_eq!(
        noted(&report),
        r#"input={"l":[7]} afterInputPath={"l":[7]} afterItemsPath=[7] afterItemSelector=[{"v":7}] afterResultSelector=[9] afterResultPath=[9] maxConcurrency=2 toleratedFailurePercentage=5"#
    );
    let report = try_it(&map(r#""ItemsPath":"$.no","#), &Trial { mock: result("[]"), ..of("{}") });
    assert_eq!(told(&report), "Failed by States.Runtime");
}

#[test]
fn what_an_item_reader_has_read_counts_as_the_items() {
    let reader = r#""ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSON"},"Parameters":{"Bucket":"b","Key":"k"}},"#;
    let items_read = Some("[1,2]".into());
    let trial = Trial { mock: result("[9]"), items_read, failed_items: 2, ..of("{}") };
    assert_eq!(told(&try_it(&map(reader), &trial)), "Succeeded [9]");
    let more = Trial { failed_items: 3, ..trial };
    assert_eq!(with(&map(reader), 0, |set| begin(set, &more).err()), Some(Refusal::FailedItems));
}

#[test]
fn a_given_context_object_is_all_that_expressions_see_of_one() {
    let state = r#"{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"ResultSelector":{"c.$":"$$"},"End":true}"#;
    let given = Value::parse(r#"{"State":{"Name":"Mine"}}"#).unwrap();
    let trial = Trial { mock: result("{}"), context: Some(given), ..of("{}") };
    assert_eq!(told(&try_it(state, &trial)), r#"Succeeded {"c":{"State":{"Name":"Mine"}}}"#);
    let made_up = try_it(state, &Trial { mock: result("{}"), retries: 2, ..of("{}") });
    let output = made_up.output.unwrap();
    let execution = output.value().get("c").unwrap().get("Execution").unwrap();
    let names: Vec<_> = execution.as_object().unwrap().keys().map(|key| &**key).collect();
    assert_eq!(names, ["Id", "Input", "StartTime", "Name"]);
    assert_eq!(
        output.value().get("c").unwrap().get("State").unwrap().get("RetryCount"),
        Some(&Value::Int(2))
    );
}

#[test]
fn variables_are_seen_and_assigned() {
    let state = r#"{"Type":"Pass","QueryLanguage":"JSONata","Assign":{"n":"{% $n + 1 %}"},"Output":"{% $n %}","End":true}"#;
    let variables = Some(Document::parse(r#"{"n":1,"m":0}"#).unwrap());
    let report = try_it(state, &Trial { variables, ..of("{}") });
    assert_eq!(told(&report), "Succeeded 1");
    assert_eq!(report.variables.unwrap().text(), r#"{"n":2,"m":0}"#);
}

#[test]
fn batches_are_the_iterations_of_a_map_that_has_a_batcher() {
    let table = [
        (r#"{"MaxItemsPerBatch":2}"#, r#"[{"Items":[1,2]},{"Items":[3]}]"#),
        (
            r#"{"MaxItemsPerBatchPath":"$[2]","BatchInput":{"n.$":"$[0]"}}"#,
            r#"[{"BatchInput":{"n":1},"Items":[1,2,3]}]"#,
        ),
        (r#"{"MaxInputBytesPerBatch":4}"#, r#"[{"Items":[1,2]},{"Items":[3]}]"#),
    ];
    for (batcher, expected) in table {
        let state = map(&format!(r#""ItemBatcher":{batcher},"#));
        let report = try_it(&state, &Trial { mock: result("[9]"), ..of("[1,2,3]") });
        let noted = report.notes.document("afterItemBatcher").map(Document::text);
        assert_eq!(noted, Some(expected), "{batcher}");
    }
    let state = map(r#""ItemBatcher":{"MaxItemsPerBatch":2},"#);
    let trial = Trial { mock: result("[9]"), failed_items: 3, ..of("[1,2,3]") };
    assert_eq!(with(&state, 0, |set| begin(set, &trial).err()), Some(Refusal::FailedItems));
}

#[test]
fn a_state_in_a_map_sees_its_input_as_the_first_item_and_no_other_state_sees_one() {
    let shows = r#"{"Type":"Pass","QueryLanguage":"JSONata","Output":{"map":"{% [$states.context.Map.Item] %}"},"End":true}"#;
    let machine = format!(
        r#"{{"StartAt":"Outer","States":{{"Outer":{{"Type":"Parallel","Next":"M","Branches":[{{"StartAt":"InBranch","States":{{"InBranch":{shows}}}}}]}},
        "M":{{"Type":"Map","End":true,"ItemProcessor":{{"StartAt":"InMap","States":{{"InMap":{},"P":{{"Type":"Parallel","End":true,"Branches":[{{"StartAt":"Deep","States":{{"Deep":{shows}}}}}]}}}}}}}}}}}}"#,
        shows.replace(r#""End":true"#, r#""Next":"P""#)
    );
    let machine = crate::asl::parse(&machine, ExecutionType::Standard).unwrap();
    let item = r#"[{"Index":0,"Value":{"a":1}}]"#;
    for (state, expected) in [("InBranch", "[]"), ("InMap", item), ("Deep", item)] {
        let flow = machine.flows.iter().position(|flow| flow.states.contains_key(state)).unwrap();
        let (flow, state) = (flow as FlowId, Name::from(state));
        let trial = Trial { flow, state: state.clone(), ..of(r#"{"a":1}"#) };
        let output = in_machine(&machine, 0, |set| match begin(set, &trial) {
            Ok(Progress::Over(report)) => report.output.unwrap(),
            other => panic!("not over: {other:?}"),
        });
        assert_eq!(output.text(), format!(r#"{{"map":{expected}}}"#), "{state}");
    }
}

#[test]
fn data_that_a_reader_cannot_read_fails_the_map() {
    let reader = r#""ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSON"},"Parameters":{"Bucket":"b","Key":"k"}},"#;
    let trial = Trial { mock: result("[9]"), items_read: Some("{".into()), ..of("{}") };
    assert_eq!(told(&try_it(&map(reader), &trial)), "Failed by States.ItemReaderFailed");
}

#[test]
fn a_computed_field_of_the_wrong_type_or_size_fails_the_state() {
    for (fields, n, expected) in MISFITS {
        let work = r#""Type":"Task","End":true,"Resource":"arn:aws:states:::sqs:sendMessage""#;
        let each = r#""Type":"Map","End":true,"ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Succeed"}}}"#;
        let apart = each.replacen(
            '{',
            r#"{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"#,
            1,
        );
        let fields = fields.replace("TASK", work).replace("MAP", each).replace("RUN", &apart);
        let state = format!("{{{}}}", fields.replace("@", r#""{% $states.input.n %}""#));
        let mut trial = of(&format!(r#"{{"n":{n},"l":[1]}}"#));
        let works = !state.contains(r#""Type":"Choice""#) && !state.contains(r#""Type":"Fail""#);
        trial.mock = works.then(|| result("[1]")).flatten();
        let failure = try_it(&state, &trial).failure.unwrap();
        let text = match expected.split_once(" was ") {
            Some((types, value)) if !types.ends_with("but") => {
                let (field, wanted) = types.split_once(' ').unwrap();
                let (was, value) = value.split_once(' ').unwrap();
                let text = format!(
                    "The JSONata expression '$states.input.n' specified for the field '{field}' returned an unexpected result type. Expected '{wanted}', but was '{was}' for value: {value}"
                );
                text
            }
            _ => (*expected).to_owned(),
        };
        let jsonata = state.contains("JSONata");
        let error = if jsonata { "States.QueryEvaluationError" } else { "States.Runtime" };
        assert_eq!(failure.error.as_deref(), Some(error), "{state} {n}");
        let cause = failure.cause.unwrap();
        assert!(cause.ends_with(&text), "{state} {n}\n{cause}\n{text}");
    }
}

/// Fields, where `@` is an expression for `n`; `n`; and the end of the cause, or `field type was type value`.
#[rustfmt::skip]
const MISFITS: &[(&str, &str, &str)] = &[
    (r#""QueryLanguage":"JSONata",TASK,"TimeoutSeconds":@"#, "\"5\"", "TimeoutSeconds number was string \"5\""),
    (r#""QueryLanguage":"JSONata",TASK,"TimeoutSeconds":@"#, "-1", "The field 'TimeoutSeconds' must be an integer that is not negative and at most 99999999 but was: -1"),
    (r#""QueryLanguage":"JSONata",TASK,"HeartbeatSeconds":@"#, "1.5", "The field 'HeartbeatSeconds' must be an integer that is not negative and at most 99999999 but was: 1.5"),
    (r#""QueryLanguage":"JSONata",TASK,"HeartbeatSeconds":@"#, "100000000", "The field 'HeartbeatSeconds' must be an integer that is not negative and at most 99999999 but was: 100000000"),
    (r#""QueryLanguage":"JSONata",MAP,"Items":[1],"MaxConcurrency":@"#, "-1", "The field 'MaxConcurrency' must be an integer that is not negative and at most 4294967295 but was: -1"),
    (r#""QueryLanguage":"JSONata",MAP,"Items":[1],"MaxConcurrency":@"#, "null", "MaxConcurrency number was null null"),
    (r#""QueryLanguage":"JSONata",MAP,"Items":@"#, "true", "Items array was boolean true"),
    (r#""QueryLanguage":"JSONata","Type":"Fail","Error":@"#, "[1]", "Error string was array [1]"),
    (r#""QueryLanguage":"JSONata","Type":"Choice","Choices":[{"Condition":@,"Next":"B"}]"#, "1", "Choices[0]/Condition boolean was number 1"),
    (r#""QueryLanguage":"JSONata","Type":"Choice","Choices":[{"Condition":false,"Next":"B"},{"Condition":true,"Output":{"v":["{% $no %}"]},"Next":"B"}]"#, "1", "specified for the field 'Choices[1]/Output/v[0]' returned nothing (undefined)."),
    (r#""QueryLanguage":"JSONata","Type":"Choice","Choices":[{"Condition":true,"Assign":{"v":"{% $no %}"},"Next":"B"}]"#, "1", "specified for the field 'Choices[0]/Assign/v' returned nothing (undefined)."),
    (r#""QueryLanguage":"JSONata",TASK,"TimeoutSeconds":@,"Catch":[{"ErrorEquals":["States.ALL"],"Output":"{% $no %}","Next":"B"}]"#, "-1", "specified for the field 'Catch[0]/Output' returned nothing (undefined)."),
    (r#""QueryLanguage":"JSONata",RUN,"Items":[1],"ItemBatcher":{"MaxItemsPerBatch":@}"#, "\"2\"", "ItemBatcher/MaxItemsPerBatch number was string \"2\""),
    (r#""QueryLanguage":"JSONata",RUN,"Items":[1],"ItemBatcher":{"MaxInputBytesPerBatch":@}"#, "1.5", "ItemBatcher/MaxInputBytesPerBatch integer was number 1.5"),
    (r#"RUN,"ItemsPath":"$.l","ItemBatcher":{"MaxItemsPerBatchPath":"$.n"}"#, "1.5", "The MaxItemsPerBatchPath field refers to value \"1.5\" which is not a valid integer: $.n"),
    (r#"MAP,"ItemsPath":"$.n""#, "1", "Reference path \"$.n\" must point to array."),
    (r#"MAP,"ItemsPath":"$$.Execution.Input""#, "1", "Reference path \"$.Execution.Input\" must point to array."),
    (r#""QueryLanguage":"JSONata","Type":"Wait","Seconds":@,"End":true"#, "\"5\"", "Seconds number was string \"5\""),
    (r#""QueryLanguage":"JSONata","Type":"Wait","Seconds":@,"End":true"#, "-1", "The Seconds parameter references a negative value: -1"),
    (r#""QueryLanguage":"JSONata","Type":"Wait","Seconds":@,"End":true"#, "1.5", "The Seconds parameter cannot be parsed as a long value: 1.5"),
    (r#""QueryLanguage":"JSONata","Type":"Wait","Timestamp":@,"End":true"#, "1", "Timestamp string was number 1"),
    (r#""QueryLanguage":"JSONata","Type":"Wait","Timestamp":@,"End":true"#, "\"x\"", "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: x"),
    (r#""Type":"Wait","Timestamp":"2016-03-14T01:59:00.1234567891Z","End":true"#, "1", "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: 2016-03-14T01:59:00.1234567891Z"),
    (r#"TASK,"TimeoutSecondsPath":"$.n""#, "-1", "The TimeoutSecondsPath field refers to value \"-1\" which is not a valid integer: $.n"),
    (r#"TASK,"HeartbeatSecondsPath":"$.n""#, "\"x\"", "The HeartbeatSecondsPath field refers to value \"x\" which is not a valid integer: $.n"),
    (r#"TASK,"TimeoutSecondsPath":"$.n""#, "100000000", "The TimeoutSecondsPath field refers to value \"100000000\" which is not a valid integer: $.n"),
    (r#"MAP,"ItemsPath":"$.l","MaxConcurrencyPath":"$.n""#, "-2", "Expected non-negative integer for MaxConcurrency, but got '-2' instead."),
    (r#"MAP,"ItemsPath":"$.l","MaxConcurrencyPath":"$.n""#, "{}", "The MaxConcurrencyPath field refers to value \"{}\" which is not a valid integer: $.n"),
];
