//! `States.Format`.

use super::arguments::{Arg, Given, Kind, Signature, UNCHECKED, parameter};
use crate::expr::Value;
use crate::expr::path::java_text;

pub(super) const FUNCTIONS: &[Signature] = &[Signature {
    name: "States.Format",
    parameters: &[parameter("template", Kind::Text)],
    optional: 0,
    variadic: true,
    body: format,
}];

/// Puts the arguments in place of `{}`. In a template that comes from data every `{}` counts, in a literal one those
/// without a backslash.
fn format(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Text(template), rest @ ..] = given.arguments else { return Err(UNCHECKED.into()) };
    let pieces: Vec<&str> = match given.pieces {
        Some(pieces) => pieces.iter().map(AsRef::as_ref).collect(),
        None => template.split("{}").collect(),
    };
    if pieces.len() != rest.len() + 1 {
        return Err("number of arguments do not match the occurrences of {}".into());
    }
    let mut text = String::from(pieces[0]);
    for (argument, piece) in rest.iter().zip(&pieces[1..]) {
        if let Arg::Any(value) = argument {
            text.push_str(&shown(value));
        }
        text.push_str(piece);
    }
    Ok(text.into())
}

/// Strings as they are, arrays and objects as Java prints them, the rest as JSON (recorded).
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) | Value::String(_) => java_text(value),
        other => other.to_json(),
    }
}
