//! `States.StringSplit`.

use super::arguments::{Arg, Given, Kind, Signature, UNCHECKED, parameter};
use crate::expr::Value;

pub(super) const FUNCTIONS: &[Signature] = &[Signature::new(
    "States.StringSplit",
    &[parameter("string", Kind::Text), parameter("delimiter", Kind::Text)],
    split,
)];

/// Every character of the delimiter separates, and empty parts are dropped (recorded).
fn split(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Text(text), Arg::Text(delimiters)] = given.arguments else {
        return Err(UNCHECKED.into());
    };
    let parts = text.split(|c| delimiters.contains(c)).filter(|part| !part.is_empty());
    Ok(Value::array(parts.map(Value::from)))
}
