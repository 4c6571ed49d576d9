//! `States.StringToJson`, `States.JsonToString`, `States.JsonMerge`.

use std::sync::Arc;

use super::arguments::{Arg, Given, Kind, Signature, UNCHECKED, parameter};
use crate::expr::{Map, Value};

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature::new("States.StringToJson", &[parameter("string", Kind::Text)], string_to_json),
    Signature::new("States.JsonToString", &[parameter("json", Kind::Any)], json_to_string),
    Signature::new(
        "States.JsonMerge",
        &[
            parameter("json1", Kind::Object),
            parameter("json2", Kind::Object),
            parameter("deep", Kind::Truth),
        ],
        merge,
    ),
];

/// Blank text is null (recorded); of several values in a row the first counts, as with AWS's JSON library.
fn string_to_json(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Text(text)] = given.arguments else { return Err(UNCHECKED.into()) };
    match serde_json::Deserializer::from_str(text).into_iter::<Value>().next() {
        None => Ok(Value::Null),
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(format!("the string is not valid JSON: {error}")),
    }
}

fn json_to_string(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Any(value)] = given.arguments else { return Err(UNCHECKED.into()) };
    Ok(value.to_json().into())
}

fn merge(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Object(first), Arg::Object(second), Arg::Truth(deep)] = given.arguments else {
        return Err(UNCHECKED.into());
    };
    if *deep {
        return Err("only shallow merging is supported, the third argument must be false".into());
    }
    let mut members = Map::clone(first);
    members.extend(second.iter().map(|(key, value)| (key.clone(), value.clone())));
    Ok(Value::Object(Arc::new(members)))
}
