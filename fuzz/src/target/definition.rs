//! Definitions: parsed and validated, as both types of workflow and as a single state.

use stepwright_core::asl::diagnostic::Severity;
use stepwright_core::asl::model::ExecutionType;
use stepwright_core::asl::{parse, parse_state, validate};

pub(super) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    for kind in [ExecutionType::Standard, ExecutionType::Express] {
        let found = validate(text, kind);
        let refused = found.iter().any(|finding| finding.severity == Severity::Error);
        assert_eq!(parse(text, kind).is_err(), refused, "what is refused has an error");
        let length: usize = found.iter().map(|finding| finding.to_string().len()).sum();
        assert!(length <= text.len() * 40 + 100_000, "findings of {length} bytes");
    }
    let _ = parse_state(text, ExecutionType::Standard);
}

/// Every state and field at least once.
pub(super) fn definitions() -> Vec<Vec<u8>> {
    WHOLE.iter().map(|text| text.as_bytes().to_vec()).collect()
}

const WHOLE: [&str; 6] = [
    r#"{"Comment":"c","StartAt":"T","TimeoutSeconds":60,"Version":"1.0","States":{
      "T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$"},"InputPath":"$.o","ResultSelector":{"r.$":"$.a"},"ResultPath":"$.t.r","OutputPath":"$","TimeoutSeconds":5,"HeartbeatSeconds":2,"Retry":[{"ErrorEquals":["Broken"],"IntervalSeconds":1,"MaxAttempts":2,"BackoffRate":2.5,"MaxDelaySeconds":3,"JitterStrategy":"FULL"},{"ErrorEquals":["States.ALL"],"MaxAttempts":1}],"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"C"}],"Next":"C"},
      "C":{"Type":"Choice","Choices":[{"And":[{"Variable":"$.a","NumericGreaterThan":0},{"Not":{"Variable":"$.z","IsPresent":true}}],"Next":"W"},{"Or":[{"Variable":"$.b[0]","StringMatches":"a*b\\*"},{"Variable":"$.t","TimestampLessThanEqualsPath":"$.u"}],"Next":"F"}],"Default":"S"},
      "W":{"Type":"Wait","SecondsPath":"$.a","Next":"W2"},"W2":{"Type":"Wait","Timestamp":"2030-01-01T00:00:00Z","Next":"P"},
      "P":{"Type":"Pass","Result":{"x":[1,2]},"ResultPath":"$.p","Assign":{"v.$":"$.p.x[0]"},"Next":"S"},
      "F":{"Type":"Fail","ErrorPath":"$.e.Error","CausePath":"States.Format('{}', $.a)"},"S":{"Type":"Succeed"}}}"#,
    r#"{"StartAt":"Q","States":{"Q":{"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"f.$":"States.ArrayGetItem($.b, 0)","g":{"h.$":"$$.Execution.Id"}},"End":true}}},{"StartAt":"B","States":{"B":{"Type":"Wait","Seconds":3,"End":true}}}],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"M"}],"Next":"M"},
      "M":{"Type":"Map","ItemsPath":"$[0].g","MaxConcurrency":2,"ItemSelector":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value"},"ItemProcessor":{"ProcessorConfig":{"Mode":"INLINE"},"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}},"End":true}}}"#,
    r#"{"StartAt":"M","States":{"M":{"Type":"Map","Label":"L","ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSON","MaxItems":3},"Parameters":{"Bucket":"b","Key":"k"}},"ItemBatcher":{"MaxItemsPerBatch":2,"BatchInput":{"x":1}},"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}},"ToleratedFailurePercentage":50,"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b","Prefix":"p"}},"End":true}}}"#,
    r#"{"QueryLanguage":"JSONata","StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","Payload":"{% $states.input %}"},"Output":{"r":"{% $states.result.a + 1 %}","n":"{% $count($states.input.items) %}"},"Assign":{"v":"{% $sum($states.input.items.q) %}"},"TimeoutSeconds":"{% 5 %}","Retry":[{"ErrorEquals":["States.ALL"]}],"Catch":[{"ErrorEquals":["States.ALL"],"Output":"{% $states.errorOutput %}","Next":"C"}],"Next":"C"},
      "C":{"Type":"Choice","Choices":[{"Condition":"{% $states.input.n > 2 %}","Next":"M","Assign":{"w":1}}],"Default":"W"},"W":{"Type":"Wait","Seconds":"{% $v ? $v : 1 %}","Next":"M"},
      "M":{"Type":"Map","Items":"{% [1..3] %}","ItemSelector":"{% {'v': $states.context.Map.Item.Value} %}","MaxConcurrency":"{% 2 %}","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","Output":"{% $states.input.v * 2 %}","End":true}}},"Output":"{% $states.result %}","Next":"F"},
      "F":{"Type":"Fail","Error":"{% 'E' %}","Cause":"{% $string($states.input) %}"}}}"#,
    r#"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","Parameters":{"QueueUrl":"u","MessageBody":{"t.$":"$$.Task.Token"}},"HeartbeatSecondsPath":"$.a","TimeoutSeconds":10,"Retry":[{"ErrorEquals":["States.Timeout"],"MaxAttempts":2}],"Next":"J"},
      "J":{"Type":"Task","Resource":"arn:aws:states:::batch:submitJob.sync","Parameters":{"JobName":"n"},"TimeoutSeconds":100,"Next":"X"},"X":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:dig","TimeoutSeconds":30,"End":true}}}"#,
    r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Choice","Choices":[{"Variable":"$.a","NumericEquals":1,"Next":"A"}]}}}"#,
];
