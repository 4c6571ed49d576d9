//! Bedrock AgentCore: `invokeHarness`. The harness streams what its agent does; the task waits for the end and has the last
//! message as its output, in the form of Converse: `{Output: {Message}, StopReason, Usage, Metrics}` (AWS's developer guide;
//! nothing of it is recorded).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use stepwright_core::engine::{Failure, TaskCall, TaskOutcome};
use stepwright_core::expr::{Map, Value};

use super::aws::for_machine;
use super::sdk::{Call, Event, OptimizedNames, Sdk, pascal};

/// Invokes harnesses.
pub(super) struct Harness {
    sdk: Arc<Sdk>,
}

impl Harness {
    /// Nothing is connected yet.
    pub(super) fn new(sdk: Arc<Sdk>) -> Harness {
        Harness { sdk }
    }

    /// Asks an agent, and waits for its answer.
    pub(super) async fn invoke(&self, call: &TaskCall) -> TaskOutcome {
        match tokio::time::timeout(LONGEST, self.answer(call)).await {
            Ok(Ok(output)) => TaskOutcome::Succeeded(output.into()),
            Ok(Err(failure)) => TaskOutcome::Failed(failure),
            Err(_) => TaskOutcome::TimedOut,
        }
    }

    async fn answer(&self, call: &TaskCall) -> Result<Value, Failure> {
        let asked = Call {
            service: "bedrockagentcore",
            action: "invokeHarness",
            parameters: call.parameters.value(),
            region: None,
            role: call.credentials.as_ref(),
            token: &call.idempotency_token,
        };
        let events = Box::pin(self.sdk.events(&asked)).await.map_err(|failure| {
            let failure = failure.of_optimized(&NAMES, call.parameters.text());
            for_machine(failure, &call.origin.role)
        })?;
        Ok(told(&events))
    }
}

/// What a stream comes to. Messages before the last are the agent's own business: it has called tools.
fn told(events: &[Event]) -> Value {
    let (mut role, mut stop) = (Value::Null, Value::Null);
    let (mut usage, mut metrics) = (Value::Null, Value::Null);
    let mut blocks: BTreeMap<i64, Block> = BTreeMap::new();
    for Event { name, payload, .. } in events {
        let part = |name: &str| payload.get(name).cloned().unwrap_or_default();
        let index = part("contentBlockIndex").as_i64().unwrap_or_default();
        match name.as_str() {
            "messageStart" => {
                role = part("role");
                blocks.clear();
            }
            "contentBlockStart" => blocks.entry(index).or_default().start = part("start"),
            "contentBlockDelta" => blocks.entry(index).or_default().add(&part("delta")),
            "messageStop" => stop = part("stopReason"),
            "metadata" => (usage, metrics) = (named(&part("usage")), named(&part("metrics"))),
            _ => {}
        }
    }
    let content = Value::array(blocks.into_values().map(Block::finished));
    let message = Value::object([("Role", role), ("Content", content)]);
    Value::object([
        ("Output", Value::object([("Message", message)])),
        ("StopReason", stop),
        ("Usage", usage),
        ("Metrics", metrics),
    ])
}

/// A content block, as far as it has come.
#[derive(Default)]
struct Block {
    start: Value,
    text: String,
    input: String,
    results: Vec<Value>,
    reasoning: Map,
}

impl Block {
    fn add(&mut self, delta: &Value) {
        if let Some(text) = delta.get("text").and_then(Value::as_str) {
            self.text.push_str(text);
        }
        if let Some(input) = delta.get("toolUse").and_then(|tool| tool.get("input")?.as_str()) {
            self.input.push_str(input);
        }
        let results = delta.get("toolResult").and_then(Value::as_array);
        self.results.extend(results.into_iter().flatten().map(named));
        let reasoning = delta.get("reasoningContent").and_then(Value::as_object);
        for (name, more) in reasoning.into_iter().flatten() {
            let before = self.reasoning.get(name).and_then(Value::as_str).unwrap_or_default();
            let whole = format!("{before}{}", more.as_str().unwrap_or_default());
            self.reasoning.insert(name.clone(), Value::from(whole.as_str()));
        }
    }

    fn finished(self) -> Value {
        let begun = |kind: &str| {
            let members = self.start.get(kind).map(named);
            members.and_then(|members| members.as_object().cloned())
        };
        if let Some(mut tool) = begun("toolUse") {
            // An input is what the tool makes of it, and may be empty.
            let input = Value::parse(&self.input).unwrap_or_else(|_| Value::object::<&str>([]));
            tool.insert("Input".into(), input);
            return Value::object([("ToolUse", Value::Object(tool.into()))]);
        }
        if let Some(mut result) = begun("toolResult") {
            result.insert("Content".into(), Value::array(self.results));
            return Value::object([("ToolResult", Value::Object(result.into()))]);
        }
        if let Some(redacted) = self.reasoning.get("redactedContent") {
            let content = Value::object([("RedactedContent", redacted.clone())]);
            return Value::object([("ReasoningContent", content)]);
        }
        if !self.reasoning.is_empty() {
            let text = named(&Value::Object(self.reasoning.into()));
            return Value::object([("ReasoningContent", Value::object([("ReasoningText", text)]))]);
        }
        Value::object([("Text", Value::from(self.text.as_str()))])
    }
}

/// The same with the names of its members as workflows have them; what is in a member `json` is nobody's.
fn named(value: &Value) -> Value {
    let members = value.as_object().into_iter().flatten();
    Value::object(members.map(|(name, value)| (pascal(name), value.clone())))
}

const NAMES: OptimizedNames = OptimizedNames {
    prefix: "BedrockAgentCore",
    service: "AmazonBedrockAgentCore",
    base: "AmazonBedrockAgentCoreException",
};
/// AWS waits no longer.
const LONGEST: Duration = Duration::from_secs(900);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_message_of_a_stream_is_put_together_from_its_pieces() {
        let events: Vec<Event> = [
            ("messageStart", r#"{"role":"assistant"}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"let me look"}}"#),
            ("messageStop", r#"{"stopReason":"tool_use"}"#),
            ("messageStart", r#"{"role":"assistant"}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"6 x"}}}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":" 7"}}}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"s"}}}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":"It is "}}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":"42."}}"#),
            ("contentBlockStart", r#"{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t","name":"n"}}}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"some"}}}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"Key\":1}"}}}"#),
            ("contentBlockStart", r#"{"contentBlockIndex":3,"start":{"toolResult":{"toolUseId":"t","status":"success"}}}"#),
            ("contentBlockDelta", r#"{"contentBlockIndex":3,"delta":{"toolResult":[{"json":{"someKey":2}},{"text":"x"}]}}"#),
            ("contentBlockStop", r#"{"contentBlockIndex":3}"#),
            ("messageStop", r#"{"stopReason":"end_turn"}"#),
            ("metadata", r#"{"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3},"metrics":{"latencyMs":4}}"#),
        ]
        .map(|(name, payload)| Event {
            name: name.to_owned(),
            exception: false,
            payload: Value::parse(payload).unwrap(),
        })
        .to_vec();
        let expected = concat!(
            r#"{"Output":{"Message":{"Role":"assistant","Content":["#,
            r#"{"ReasoningContent":{"ReasoningText":{"Text":"6 x 7","Signature":"s"}}},"#,
            r#"{"Text":"It is 42."},"#,
            r#"{"ToolUse":{"ToolUseId":"t","Name":"n","Input":{"someKey":1}}},"#,
            r#"{"ToolResult":{"ToolUseId":"t","Status":"success","Content":[{"Json":{"someKey":2}},{"Text":"x"}]}}]}},"#,
            r#""StopReason":"end_turn","Usage":{"InputTokens":1,"OutputTokens":2,"TotalTokens":3},"Metrics":{"LatencyMs":4}}"#,
        );
        assert_eq!(told(&events).to_json(), expected);
    }
}
