//! The fields of each type of state as tables.

use super::{DONE, finding, jsonata, machine, one, said};
use crate::asl::model::ExecutionType;

#[test]
fn a_wait_has_exactly_one_of_four_ends() {
    let wait = |fields: &str| one(&format!(r#""Type": "Wait", "End": true{fields}"#));
    let table = [
        (
            wait(""),
            "Exactly one of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath] at /States/A",
        ),
        (
            wait(r#", "Seconds": 1, "TimestampPath": "$.t""#),
            "Only one of these fields is allowed: [Seconds, SecondsPath, Timestamp, TimestampPath] at /States/A",
        ),
        (
            wait(r#", "Seconds": -1"#),
            "Value must be in the range [0, 99999999] at /States/A/Seconds",
        ),
        (wait(r#", "Seconds": 1.5"#), "Expected value of type Integer at /States/A/Seconds"),
        (wait(r#", "Seconds": "{% 1 %}""#), "Expected value of type Integer at /States/A/Seconds"),
        (
            wait(r#", "Timestamp": "tomorrow""#),
            "String does not match RFC3339 timestamp at /States/A/Timestamp",
        ),
        (
            wait(r#", "Timestamp": "{% $now() %}""#),
            "String does not match RFC3339 timestamp at /States/A/Timestamp",
        ),
        (
            jsonata(r#""Type": "Wait", "End": true"#),
            "Exactly one of these fields is required: [Seconds, Timestamp] at /States/A",
        ),
        (jsonata(r#""Type": "Wait", "End": true, "Timestamp": "{% $now() %}""#), ""),
        (jsonata(r#""Type": "Wait", "End": true, "Seconds": "{% 1 %}""#), ""),
    ];
    for (text, expected) in &table {
        assert_eq!(&finding(text), expected, "{text}");
    }
}

#[test]
fn a_task_names_what_it_calls_and_how_long_it_may_take() {
    let invoke = |fields: &str| {
        one(&format!(
            r#""Type": "Task", "End": true, "Resource": "arn:aws:states:::lambda:invoke"{fields}"#
        ))
    };
    let resource = |arn: &str| one(&format!(r#""Type": "Task", "End": true, "Resource": "{arn}""#));
    let table = [
        (resource("send mail"), "Value is not a valid resource ARN at /States/A/Resource"),
        (
            resource("arn:aws:states:::post:send"),
            "The resource provided arn:aws:states:::post:send is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/A/Resource",
        ),
        (
            invoke(r#", "TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t""#),
            "Only one of these fields is allowed: [TimeoutSeconds, TimeoutSecondsPath] at /States/A",
        ),
        (
            invoke(r#", "TimeoutSeconds": 5, "HeartbeatSeconds": 5"#),
            "'HeartbeatSeconds' must be smaller than 'TimeoutSeconds' at /States/A/HeartbeatSeconds",
        ),
        (
            invoke(r#", "Credentials": {"Role": "r"}"#),
            "The field 'RoleArn' is required but was missing at /States/A/Credentials",
        ),
        (invoke(r#", "Credentials": {"RoleArn.$": "$.r"}"#), ""),
        (
            invoke(r#", "Parameters": {"Payload": 1}"#),
            "The field 'FunctionName' is required but was missing at /States/A/Parameters",
        ),
        (invoke(r#", "Parameters": {"FunctionName.$": "$.f"}"#), ""),
        (invoke(""), ""),
    ];
    for (text, expected) in &table {
        assert_eq!(&finding(text), expected, "{text}");
    }
}

#[test]
fn an_express_machine_waits_for_nothing() {
    let task = |arn: &str| one(&format!(r#""Type": "Task", "End": true, "Resource": "{arn}""#));
    let distributed = |kind: &str, arn: &str| {
        one(&format!(
            r#""Type": "Map", "End": true, "ItemProcessor": {{"ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "{kind}"}}, "StartAt": "B", "States": {{"B": {{"Type": "Task", "End": true, "Resource": "{arn}"}}}}}}"#
        ))
    };
    let (activity, token) = (
        "arn:aws:states:eu-west-1:123456789012:activity:pack",
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    );
    let table = [
        (
            ExecutionType::Express,
            task(activity),
            "Express state machine does not support Activity ARN at /States/A/Resource",
        ),
        (
            ExecutionType::Express,
            task("arn:aws:states:::glue:startJobRun.sync"),
            "Express state machine does not support '.sync' service integration at /States/A/Resource",
        ),
        (
            ExecutionType::Express,
            task(token),
            "Express state machine does not support '.waitForTaskToken' service integration at /States/A/Resource",
        ),
        (
            ExecutionType::Express,
            distributed("STANDARD", activity),
            "Express state machine does not support 'DISTRIBUTED' mode at /States/A/ItemProcessor/ProcessorConfig/Mode",
        ),
        (
            ExecutionType::Standard,
            distributed("EXPRESS", token),
            "Express state machine does not support '.waitForTaskToken' service integration at /States/A/ItemProcessor/States/B/Resource",
        ),
        (ExecutionType::Standard, distributed("STANDARD", token), ""),
        (ExecutionType::Standard, task(activity), ""),
    ];
    for (kind, text, expected) in &table {
        let expected = if expected.is_empty() {
            String::new()
        } else {
            format!("SCHEMA_VALIDATION_FAILED: {expected}")
        };
        assert_eq!(said(text, *kind), expected, "{text}");
    }
}

#[test]
fn a_choice_rule_has_one_operator_and_its_operand() {
    for (rule, expected) in RULES {
        let text = machine(&format!(
            r#""A": {{"Type": "Choice", "Choices": [{{"Next": "Z", {rule}}}]}}, {DONE}"#
        ));
        assert_eq!(finding(&text), expected.replace('@', "at /States/A/Choices[0]"), "{rule}");
    }
    assert_eq!(
        finding(&one(r#""Type": "Choice", "Choices": []"#)),
        "Value cannot be empty at /States/A/Choices"
    );
}

#[test]
fn a_jsonata_rule_has_a_condition() {
    let choice = |rule: &str| {
        machine(&format!(
            r#""A": {{"Type": "Choice", "QueryLanguage": "JSONata", "Choices": [{{"Next": "Z", {rule}}}]}}, {DONE}"#
        ))
    };
    let place = "/States/A/Choices[0]";
    let table = [
        (r#""Condition": "{% $states.input.ok %}", "Output": 1"#, String::new()),
        (r#""Condition": true"#, String::new()),
        (
            r#""Condition": "yes""#,
            format!("Value must be a JSONata expression or a Boolean at {place}/Condition"),
        ),
        (r#""Comment": "none""#, format!("These fields are required: [Condition] at {place}")),
        (
            r#""Condition": true, "IsNull": true"#,
            format!(
                "The QueryLanguage is set to 'JSONata', but field 'IsNull' is only supported for the 'JSONPath' QueryLanguage at {place}/IsNull"
            ),
        ),
    ];
    for (rule, expected) in table {
        assert_eq!(finding(&choice(rule)), expected, "{rule}");
    }
}

#[test]
fn retriers_and_catchers_name_errors_within_bounds() {
    for (field, entries, expected) in RECOVERIES {
        let text = machine(&format!(
            r#""A": {{"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": "Z", "{field}": [{entries}]}}, {DONE}"#
        ));
        let place = format!("at /States/A/{field}[0]");
        assert_eq!(finding(&text), expected.replace('@', &place), "{entries}");
    }
}

#[test]
fn a_map_has_one_processor_and_parts_that_fit_its_mode() {
    for (config, fields, expected) in MAPS {
        let text = one(&format!(
            r#""Type": "Map", "End": true, "ItemProcessor": {{"ProcessorConfig": {config}, "StartAt": "B", "States": {{"B": {{"Type": "Succeed"}}}}}}{fields}"#
        ));
        assert_eq!(finding(&text), expected.replace('@', "at /States/A"), "{config} {fields}");
    }
    assert_eq!(
        finding(&one(r#""Type": "Map", "End": true"#)),
        "Exactly one of these fields is required: [ItemProcessor, Iterator] at /States/A"
    );
    let items = r#""Type": "Map", "End": true, "Items": 7, "Iterator": {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}"#;
    assert_eq!(
        finding(&jsonata(items)),
        "Value must be an array, an object or a JSONata expression at /States/A/Items"
    );
}

/// Rules, and what is said of them; `@` stands for the place of the rule.
#[rustfmt::skip]
const RULES: [(&str, &str); 14] = [
    (r#""Variable": "$.x", "StringEquals": "a""#, ""),
    (r#""Variable": "$.x", "NumericLessThanPath": "$.y""#, ""),
    (r#""Variable": "$.x", "TimestampGreaterThan": "2026-01-01T00:00:00Z""#, ""),
    (r#""And": [{"Variable": "$.x", "IsPresent": true}, {"Not": {"Variable": "$.x", "IsNull": true}}]"#, ""),
    (r#""Variable": "$.x""#, "Exactly one comparison operator is required @"),
    (r#""Variable": "$.x", "IsNull": true, "IsString": true"#, "Exactly one comparison operator is required @"),
    (r#""IsNull": true"#, "These fields are required: [Variable] @"),
    (r#""Variable": "$.x", "StringEquals": 1"#, "Expected value of type String @/StringEquals"),
    (r#""Variable": "$.x", "NumericEquals": "1""#, "Expected value of type Number @/NumericEquals"),
    (r#""Variable": "$.x", "BooleanEquals": "true""#, "Expected value of type Boolean @/BooleanEquals"),
    (r#""Variable": "$.x", "TimestampEquals": "noon""#, "String does not match RFC3339 timestamp @/TimestampEquals"),
    (r#""Or": []"#, "Value cannot be empty @/Or"),
    (r#""Or": [{"Variable": "$.x", "IsNull": true, "Next": "Z"}]"#, "Field is not supported @/Or[0]/Next"),
    (r#""Variable": "$.x", "IsNull": true, "Weight": 3"#, "Field is not supported @/Weight"),
];

/// Entries of a field, and what is said of them; `@` stands for the place of the first one.
#[rustfmt::skip]
const RECOVERIES: [(&str, &str, &str); 12] = [
    ("Retry", r#"{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 0, "BackoffRate": 1, "MaxDelaySeconds": 9, "JitterStrategy": "FULL"}"#, ""),
    ("Retry", r#"{"MaxAttempts": 1}"#, "These fields are required: [ErrorEquals] @"),
    ("Retry", r#"{"ErrorEquals": []}"#, "Value cannot be empty @/ErrorEquals"),
    ("Retry", r#"{"ErrorEquals": ["E", 1]}"#, "Expected value of type String @/ErrorEquals[1]"),
    ("Retry", r#"{"ErrorEquals": ["E"], "BackoffRate": 0.5}"#, "Value must be at least 1 @/BackoffRate"),
    ("Retry", r#"{"ErrorEquals": ["E"], "MaxAttempts": 100000000}"#, "Value must be in the range [0, 99999999] @/MaxAttempts"),
    ("Retry", r#"{"ErrorEquals": ["E"], "MaxDelaySeconds": 31622401}"#, "Value must be in the range [1, 31622400] @/MaxDelaySeconds"),
    ("Retry", r#"{"ErrorEquals": ["E"], "JitterStrategy": "SOME"}"#, "Value must be one of [FULL, NONE] @/JitterStrategy"),
    ("Retry", r#"{"ErrorEquals": ["States.ALL", "E"]}"#, "'States.ALL' must appear alone @/ErrorEquals"),
    ("Retry", r#"{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}"#, "'States.ALL' must appear in the last entry only @/ErrorEquals"),
    ("Catch", r#"{"ErrorEquals": ["E"]}"#, "These fields are required: [Next] @"),
    ("Catch", r#"{"ErrorEquals": ["E"], "Next": "Z", "Output": 1}"#, "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage @/Output"),
];

const INLINE: &str = r#"{"Mode": "INLINE"}"#;

const DISTRIBUTED: &str = r#"{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}"#;

/// Configuration, further fields, and what is said of the state; `@` stands for its place.
#[rustfmt::skip]
const MAPS: [(&str, &str, &str); 20] = [
    (INLINE, r#", "ItemsPath": "$.list", "MaxConcurrencyPath": "$.n", "ItemSelector": {"a.$": "$"}"#, ""),
    (INLINE, r#", "Iterator": {}"#, "Only one of these fields is allowed: [ItemProcessor, Iterator] @"),
    (INLINE, r#", "Parameters": {}, "ItemSelector": {}"#, "Only one of these fields is allowed: [ItemSelector, Parameters] @"),
    (INLINE, r#", "MaxConcurrency": -1"#, "Value must be at least 0 @/MaxConcurrency"),
    (INLINE, r#", "ItemReader": {"Resource": "arn:aws:states:::s3:getObject"}"#, "Field 'ItemReader' is only supported in 'DISTRIBUTED' mode @/ItemReader"),
    (r#"{"Mode": "DISTRIBUTED"}"#, "", "These fields are required: [ExecutionType] @/ItemProcessor/ProcessorConfig"),
    (r#"{"Mode": "FAST"}"#, "", "Value must be one of [INLINE, DISTRIBUTED] @/ItemProcessor/ProcessorConfig/Mode"),
    (DISTRIBUTED, r#", "Label": "two words""#, "Label contains invalid character: ' ' @/Label"),
    (DISTRIBUTED, r#", "Label": "tab\t""#, "Label contains invalid character: '\\t' @/Label"),
    (DISTRIBUTED, r#", "Label": """#, "Label cannot be empty @/Label"),
    (DISTRIBUTED, r#", "Label": "12345678901234567890123456789012345678901""#, "Label cannot exceed 40 characters @/Label"),
    (DISTRIBUTED, r#", "ToleratedFailurePercentage": 100.5"#, "Value must be in the range [0, 100] @/ToleratedFailurePercentage"),
    (DISTRIBUTED, r#", "ItemBatcher": {"MaxInputBytesPerBatch": 300000}"#, "Value must be in the range [1, 262144] @/ItemBatcher/MaxInputBytesPerBatch"),
    (DISTRIBUTED, r#", "ResultWriter": {}"#, "Value cannot be empty @/ResultWriter"),
    (DISTRIBUTED, r#", "ResultWriter": {"Resource": "arn:aws:states:::s3:getObject"}"#, "Value is not a valid resource ARN @/ResultWriter/Resource"),
    (DISTRIBUTED, r#", "ItemReader": {"ReaderConfig": {}}"#, "These fields are required: [Resource] @/ItemReader"),
    (DISTRIBUTED, r#", "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "XML"}}"#, "Value must be one of [CSV, JSON, JSONL, PARQUET, MANIFEST] @/ItemReader/ReaderConfig/InputType"),
    (DISTRIBUTED, r#", "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"CSVHeaderLocation": "GIVEN"}}"#, "These fields are required: [CSVHeaders] @/ItemReader/ReaderConfig"),
    (DISTRIBUTED, r#", "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"CSVHeaders": ["a", 1]}}"#, "Expected value of type String @/ItemReader/ReaderConfig/CSVHeaders[1]"),
    (DISTRIBUTED, r#", "ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "ReaderConfig": {"MaxItems": 2}, "Parameters": {"Bucket": "b"}}"#, ""),
];

#[test]
fn what_is_said_of_a_definition_does_not_outgrow_it() {
    let fields: Vec<String> = (0..5_000).map(|n| format!("\"field {n}\": 1")).collect();
    let name = "x".repeat(400_000);
    let text = format!(
        r#"{{"StartAt": "{name}", "States": {{"{name}": {{"Type": "Pass", {}}}}}}}"#,
        fields.join(", ")
    );
    let found = crate::asl::validate(&text, ExecutionType::Standard);
    let size: usize = found.iter().map(|finding| finding.to_string().len()).sum();
    assert!(found.len() > 1_000 && size < 2 << 20, "{} findings of {size} bytes", found.len());
}
