//! What is said of expressions that cannot be right, by the field they stand in.

use super::{DONE, finding, jsonata, machine, one, said};
use crate::asl::model::ExecutionType;

#[test]
fn a_payload_template_holds_paths_and_calls_that_can_be_read() {
    let bad = "must be a valid JSONPath or a valid intrinsic function call";
    let table = [
        (r#"{"x.$": "$.a."}"#, bad, ""),
        (r#"{"x.$": "$.a["}"#, bad, ""),
        (r#"{"x.$": "a.b"}"#, bad, ""),
        (r#"{"x.$": ""}"#, bad, ""),
        (r#"{"x.$": "$.a b"}"#, bad, ""),
        (r#"{"x.$": "$.a[?(@.b in ['c'])]"}"#, bad, ""),
        (r#"{"x.$": "States.Nope($.a)"}"#, bad, ""),
        (r#"{"x.$": "States.Format('{}', $.a"}"#, bad, ""),
        (r#"{"x.$": "States.Format('a\"b')"}"#, "", ""),
        (r#"{"x.$": "States.Format('a\\\"b')"}"#, bad, ""),
        (r#"{"x.$": "States.UUID"}"#, bad, ""),
        (r#"{"x.$": "States.ArrayLength()"}"#, bad, ""),
        (r#"{"x.$": "States.ArrayLength($.a, 1)"}"#, bad, ""),
        (r#"{"x.$": "States.Array(States.Hash($.a))"}"#, bad, ""),
        (r#"{"x.$": "States.MathAdd(1, two)"}"#, bad, ""),
        (r#"{"d": {"e": [{"x.$": "no"}]}}"#, bad, "/d/e[0]"),
        (r#"{"x.$": 1}"#, "must be a STRING that contains a JSONPath but was a NUMBER", ""),
        (
            r#"{"x.$": {"y.$": "$"}}"#,
            "must be a STRING that contains a JSONPath but was an OBJECT",
            "",
        ),
        (r#"{"x.$": null}"#, "must be a STRING that contains a JSONPath but was NULL", ""),
    ];
    let task = r#""Type": "Task", "End": true, "Resource": "arn:aws:states:::sqs:sendMessage""#;
    for (template, what, below) in table {
        for field in ["Parameters", "ResultSelector"] {
            let text = one(&format!(r#"{task}, "{field}": {template}"#));
            let expected = match what {
                "" => String::new(),
                what => format!("The value for the field 'x.$' {what} at /States/A/{field}{below}"),
            };
            assert_eq!(finding(&text), expected, "{field} {template}");
        }
    }
}

#[test]
fn a_field_that_is_a_path_holds_one() {
    for (fields, expected) in PATHS {
        let text = machine(&format!(r#""A": {{{fields}}}, {DONE}"#));
        let found = finding(&text);
        match *expected {
            "" => assert_eq!(found, "", "{fields}"),
            expected => {
                let (start, place) = expected.split_once('@').unwrap();
                assert!(found.starts_with(start), "{fields}: {found}");
                assert!(found.ends_with(&format!(" at /States/A/{place}")), "{fields}: {found}");
            }
        }
    }
}

#[test]
fn states_has_a_result_after_work_and_an_error_output_in_a_catcher() {
    for (fields, member, place) in MEMBERS {
        let text = machine(&format!(r#""A": {{"QueryLanguage": "JSONata", {fields}}}, {DONE}"#));
        let expected = match *place {
            "" => String::new(),
            place => format!(
                "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$states.{member}' is not supported. at /States/A/{place}"
            ),
        };
        assert_eq!(said(&text, ExecutionType::Standard), expected, "{fields}");
    }
}

#[test]
fn an_expression_is_one_that_step_functions_evaluates() {
    let invalid =
        |message: &str| format!("INVALID_JSONATA_EXPRESSION: {message} at /States/A/Output/x");
    let unsupported = |name: &str| {
        format!(
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '{name}' at the top level is not supported. at /States/A/Output/x"
        )
    };
    let table = [
        ("{% [1, 2 %}", invalid(r#"Expected "]" before end of expression"#)),
        ("{% 1 + %}", invalid("Unexpected end of expression")),
        ("{% %}", invalid("Unexpected end of expression")),
        ("{% $f( %}", invalid(r#"Expected ")" before end of expression"#)),
        ("{% 'open %}", invalid("String literal must be terminated by a matching quote")),
        ("{% a ?? 1 %}", invalid(r#"The symbol "?" cannot be used as a unary operator"#)),
        ("{% 1 := 2 %}", invalid("The left side of := must be a variable name (start with $)")),
        ("{% phone %}", unsupported("phone")),
        ("{% order.id %}", unsupported("order")),
        ("{% $ %}", unsupported("$")),
        ("{% $$.a %}", unsupported("$$")),
        ("{% * %}", unsupported("*")),
        ("{% $sum(price) %}", unsupported("price")),
        ("{% {'k': name} %}", unsupported("name")),
        ("{% 1", invalid("A JSONata expression must start with '{%' and end with '%}'")),
        ("1 %}", invalid("A JSONata expression must start with '{%' and end with '%}'")),
    ];
    for (source, expected) in &table {
        let text =
            jsonata(&format!(r#""Type": "Pass", "End": true, "Output": {{"x": "{source}"}}"#));
        assert_eq!(&said(&text, ExecutionType::Standard), expected, "{source}");
    }
}

#[test]
fn a_variable_belongs_to_one_scope() {
    let inner = |fields: &str| {
        format!(r#"{{"StartAt": "B", "States": {{"B": {{"Type": "Pass", "End": true{fields}}}}}}}"#)
    };
    let outer = |more: &str| {
        machine(&format!(
            r#""A": {{"Type": "Pass", "Next": "M", "Assign": {{"x": 1}}}}, "M": {{{more}, "Next": "Z"}}, {DONE}"#
        ))
    };
    let reused = |place: &str| {
        format!(
            "Variable 'x' is already assigned in an outer scope and can not be assigned here at {place}"
        )
    };
    let x = inner(r#", "Assign": {"x.$": "$"}"#);
    let y = inner(r#", "Assign": {"y.$": "$x"}"#);
    let distributed = x.replacen(
        '{',
        r#"{"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "#,
        1,
    );
    let deep = format!(
        r#"{{"StartAt": "C", "States": {{"C": {{"Type": "Parallel", "End": true, "Branches": [{y}, {}]}}}}}}"#,
        x.replace("\"B\"", "\"D\"")
    );
    let table = [
        (
            outer(&format!(r#""Type": "Map", "ItemProcessor": {x}"#)),
            reused("/States/M/ItemProcessor/States/B/Assign/x.$"),
        ),
        (
            outer(&format!(r#""Type": "Parallel", "Branches": [{x}]"#)),
            reused("/States/M/Branches[0]/States/B/Assign/x.$"),
        ),
        (
            outer(&format!(r#""Type": "Map", "Iterator": {deep}"#)),
            reused("/States/M/Iterator/States/C/Branches[1]/States/D/Assign/x.$"),
        ),
        (
            outer(&format!(r#""Type": "Map", "ItemProcessor": {y}, "Assign": {{"x.$": "$"}}"#)),
            String::new(),
        ),
        (outer(&format!(r#""Type": "Map", "ItemProcessor": {distributed}"#)), String::new()),
        (
            outer(&format!(r#""Type": "Parallel", "Branches": [{y}], "Assign": {{"y": 1}}"#)),
            reused("/States/M/Branches[0]/States/B/Assign/y.$").replace("'x'", "'y'"),
        ),
        (
            outer(&format!(
                r#""Type": "Map", "ItemProcessor": {y}, "Catch": [{{"ErrorEquals": ["E"], "Next": "Z", "Assign": {{"y": 1}}}}]"#
            )),
            reused("/States/M/ItemProcessor/States/B/Assign/y.$").replace("'x'", "'y'"),
        ),
    ];
    for (text, expected) in &table {
        assert_eq!(&finding(text), expected, "{text}");
    }
}

/// Fields of a state, how the finding starts, and after `@` its place.
#[rustfmt::skip]
const PATHS: &[(&str, &str)] = &[
    (r#""Type": "Pass", "Next": "Z", "InputPath": "detail""#, "Value is not a valid JSONPath: @InputPath"),
    (r#""Type": "Pass", "Next": "Z", "InputPath": "$.a[""#, "Value is not a valid JSONPath: @InputPath"),
    (r#""Type": "Pass", "Next": "Z", "InputPath": """#, "Value is not a valid JSONPath: @InputPath"),
    (r#""Type": "Pass", "Next": "Z", "InputPath": "States.UUID()""#, "Value is not a valid JSONPath: @InputPath"),
    (r#""Type": "Pass", "Next": "Z", "OutputPath": "$.a.""#, "Value is not a valid JSONPath: @OutputPath"),
    (r#""Type": "Pass", "Next": "Z", "OutputPath": 3"#, "Expected value of type String@OutputPath"),
    (r#""Type": "Pass", "Next": "Z", "ResultPath": "$.a[*]""#, "Value is not a Reference Path: @ResultPath"),
    (r#""Type": "Pass", "Next": "Z", "ResultPath": "$$.a""#, "Value is not a Reference Path: @ResultPath"),
    (r#""Type": "Pass", "Next": "Z", "ResultPath": "$name""#, "Value is not a Reference Path: @ResultPath"),
    (r#""Type": "Pass", "Next": "Z", "ResultPath": "a""#, "Value is not a Reference Path: @ResultPath"),
    (r#""Type": "Choice", "Choices": [{"Variable": "x", "IsNull": true, "Next": "Z"}]"#, "Value is not a valid JSONPath: @Choices[0]/Variable"),
    (r#""Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEqualsPath": "y", "Next": "Z"}]"#, "Value is not a valid JSONPath: @Choices[0]/NumericEqualsPath"),
    (r#""Type": "Choice", "Choices": [{"Not": {"Variable": "$.", "IsNull": true}, "Next": "Z"}]"#, "Value is not a valid JSONPath: @Choices[0]/Not/Variable"),
    (r#""Type": "Wait", "Next": "Z", "SecondsPath": "$.a[*]""#, "Value is not a Reference Path: @SecondsPath"),
    (r#""Type": "Wait", "Next": "Z", "SecondsPath": "5""#, "Value is not a Reference Path: @SecondsPath"),
    (r#""Type": "Wait", "Next": "Z", "TimestampPath": "$..t""#, "Value is not a Reference Path: @TimestampPath"),
    (r#""Type": "Wait", "Next": "Z", "TimestampPath": "$t[0]""#, ""),
    (r#""Type": "Task", "Next": "Z", "Resource": "arn:aws:states:::sqs:sendMessage", "TimeoutSecondsPath": "$.a[1:]""#, "Value is not a Reference Path: @TimeoutSecondsPath"),
    (r#""Type": "Task", "Next": "Z", "Resource": "arn:aws:states:::sqs:sendMessage", "HeartbeatSecondsPath": "x""#, "Value is not a Reference Path: @HeartbeatSecondsPath"),
    (r#""Type": "Task", "Next": "Z", "Resource": "arn:aws:states:::sqs:sendMessage", "Catch": [{"ErrorEquals": ["E"], "Next": "Z", "ResultPath": "$.*"}]"#, "Value is not a Reference Path: @Catch[0]/ResultPath"),
    (r#""Type": "Map", "Next": "Z", "ItemsPath": "$.a[*].b", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}"#, "Value is not a Reference Path: @ItemsPath"),
    (r#""Type": "Map", "Next": "Z", "ItemsPath": "$$.Execution.Input.a", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}"#, ""),
    (r#""Type": "Map", "Next": "Z", "MaxConcurrencyPath": "$$.Execution.Input.n", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}"#, "Value is not a Reference Path: It can not start with '$$'@MaxConcurrencyPath"),
    (r#""Type": "Map", "Next": "Z", "ToleratedFailureCountPath": "$$.x", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}"#, "Value is not a Reference Path: It can not start with '$$'@ToleratedFailureCountPath"),
    (r#""Type": "Map", "Next": "Z", "ToleratedFailurePercentagePath": "p", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}"#, "Value is not a Reference Path: @ToleratedFailurePercentagePath"),
];

/// Fields of a JSONata state, the member they read, and the place of the finding.
#[rustfmt::skip]
const MEMBERS: &[(&str, &str, &str)] = &[
    (r#""Type": "Pass", "Next": "Z", "Output": {"a": ["{% $states.result.x %}"]}"#, "result", "Output/a[0]"),
    (r#""Type": "Pass", "Next": "Z", "Assign": {"v": "{% $exists($states.errorOutput) %}"}"#, "errorOutput", "Assign/v"),
    (r#""Type": "Pass", "Next": "Z", "Output": "{% $states.input.result & $states.context.errorOutput %}""#, "", ""),
    (r#""Type": "Succeed", "Output": "{% $states.result %}""#, "result", "Output"),
    (r#""Type": "Wait", "Next": "Z", "Seconds": "{% $states.result.n %}""#, "result", "Seconds"),
    (r#""Type": "Fail", "Cause": "{% $states.errorOutput.Cause %}""#, "errorOutput", "Cause"),
    (r#""Type": "Choice", "Choices": [{"Condition": "{% $states.result.ok %}", "Next": "Z"}]"#, "result", "Choices[0]/Condition"),
    (r#""Type": "Choice", "Choices": [{"Condition": true, "Output": "{% $states.result %}", "Next": "Z"}]"#, "result", "Choices[0]/Output"),
    (r#""Type": "Choice", "Choices": [{"Condition": true, "Next": "Z"}], "Output": "{% $states.result %}""#, "result", "Output"),
    (r#""Type": "Task", "Next": "Z", "Resource": "arn:aws:states:::sqs:sendMessage", "Arguments": {"x": "{% $states.result %}"}"#, "result", "Arguments/x"),
    (r#""Type": "Task", "Next": "Z", "Resource": "arn:aws:states:::sqs:sendMessage", "TimeoutSeconds": "{% $states.result %}""#, "result", "TimeoutSeconds"),
    (r#""Type": "Task", "Next": "Z", "Resource": "arn:aws:states:::sqs:sendMessage", "Output": "{% $states.result %}", "Assign": {"r": "{% $states.result[0] %}"}"#, "", ""),
    (r#""Type": "Task", "Next": "Z", "Resource": "arn:aws:states:::sqs:sendMessage", "Output": "{% $states.errorOutput %}""#, "errorOutput", "Output"),
    (r#""Type": "Task", "Next": "Z", "Resource": "arn:aws:states:::sqs:sendMessage", "Catch": [{"ErrorEquals": ["E"], "Next": "Z", "Output": "{% $states.errorOutput %}", "Assign": {"e": "{% $states.errorOutput.Error %}"}}]"#, "", ""),
    (r#""Type": "Task", "Next": "Z", "Resource": "arn:aws:states:::sqs:sendMessage", "Catch": [{"ErrorEquals": ["E"], "Next": "Z", "Output": "{% $states.result %}"}]"#, "result", "Catch[0]/Output"),
    (r#""Type": "Map", "Next": "Z", "Items": "{% $states.result %}", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}"#, "result", "Items"),
    (r#""Type": "Map", "Next": "Z", "ItemSelector": "{% $states.result %}", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}"#, "result", "ItemSelector"),
    (r#""Type": "Map", "Next": "Z", "Output": "{% $count($states.result) %}", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}"#, "", ""),
    (r#""Type": "Parallel", "Next": "Z", "Output": "{% $states.result[1] %}", "Branches": [{"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}]"#, "", ""),
    (r#""Type": "Parallel", "Next": "Z", "Arguments": "{% $states.result %}", "Branches": [{"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}]"#, "result", "Arguments"),
    (r#""Type": "Pass", "Next": "Z", "Output": "{% function($states){ $states.result }({}) %}""#, "", ""),
];
