//! The context object: `$$` in JSONPath, `$states.context` in JSONata. Members stand in the order in which AWS writes them.

use std::sync::Arc;

use super::setting::Facts;
use super::{Frame, Item};
use crate::expr::Value;

/// What the context object shows beside the frame.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sight<'a> {
    /// The task token, where there is one.
    pub(crate) token: Option<&'a str>,
    /// The item in hand, where it is not the frame's own (an item selector).
    pub(crate) item: Option<&'a Item>,
    /// Whether the state is one that can be retried, which has a retry count.
    pub(crate) retries: bool,
}

/// Builds the context object.
pub(crate) fn object(facts: &Facts, frame: &Frame, sight: Sight<'_>) -> Value {
    let mut members = vec![
        ("Execution", execution(facts)),
        ("StateMachine", machine(facts)),
        ("State", state(frame, sight.retries)),
    ];
    let own = frame.lane.as_ref().and_then(|lane| lane.item.as_ref());
    if let Some(item) = sight.item.or(own) {
        members.push(("Map", Value::object([("Item", map_item(item))])));
    }
    if let Some(token) = sight.token {
        members.push(("Task", Value::object([("Token", Value::from(token))])));
    }
    Value::object(members)
}

fn execution(facts: &Facts) -> Value {
    let count = facts.redriven.map_or(0, |(count, _)| count);
    let mut members = vec![
        ("Id", Value::String(facts.arn.clone())),
        ("Input", facts.input.value().clone()),
        ("StartTime", Value::from(facts.started.to_string())),
        ("Name", Value::String(facts.name.clone())),
        ("RoleArn", Value::String(facts.role.clone())),
        ("RedriveCount", Value::Int(i64::from(count))),
    ];
    if let Some((_, at)) = facts.redriven {
        members.push(("RedriveTime", Value::from(at.to_string())));
    }
    Value::object(members)
}

fn machine(facts: &Facts) -> Value {
    Value::object([
        ("Id", Value::String(facts.machine_arn.clone())),
        ("Name", Value::String(facts.machine_name.clone())),
    ])
}

fn state(frame: &Frame, retries: bool) -> Value {
    let mut members = vec![
        ("Name", Value::String(frame.state.clone())),
        ("EnteredTime", Value::from(frame.visit.entered_at.to_string())),
    ];
    if retries {
        members.push(("RetryCount", Value::Int(i64::from(frame.visit.retry_count))));
    }
    Value::object(members)
}

fn map_item(item: &Item) -> Value {
    let text = |text: &Option<Arc<str>>| text.clone().map(Value::String);
    let members = [
        ("Index", Some(Value::Int(item.index as i64))),
        ("Key", text(&item.key)),
        ("Value", Some(item.value.value().clone())),
        ("Source", text(&item.source)),
    ];
    Value::object(members.into_iter().filter_map(|(name, value)| Some((name, value?))))
}
