//! `$boolean`, `$not`, `$exists`, `$type`, `$error`, `$assert`.

use super::super::super::value::Value;
use super::super::error::{Fault, Outcome};
use super::super::eval::Evaluator;
use super::super::eval::function::Arguments;
use super::super::item::Item;

/// `$boolean`
pub(super) fn boolean(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    match arguments.get(0) {
        Item::Undefined => Ok(Item::Undefined),
        value => Ok(Item::boolean(evaluator.truth(value)?)),
    }
}

/// `$not`
pub(super) fn not(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    match arguments.get(0) {
        Item::Undefined => Ok(Item::Undefined),
        value => Ok(Item::boolean(!evaluator.truth(value)?)),
    }
}

/// `$exists`
pub(super) fn exists(_: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    Ok(Item::boolean(!arguments.get(0).is_undefined()))
}

/// `$type`
pub(super) fn type_of(_: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let name = match arguments.get(0) {
        Item::Undefined => return Ok(Item::Undefined),
        Item::Json(Value::Null) => "null",
        Item::Json(Value::Bool(_)) => "boolean",
        Item::Json(Value::Float(n)) if n.is_nan() => "object",
        Item::Json(Value::Int(_) | Value::Float(_)) => "number",
        Item::Json(Value::String(_)) => "string",
        Item::Json(Value::Array(_)) | Item::List(_) | Item::Tuples(_) => "array",
        Item::Json(Value::Object(_)) | Item::Record(_) => "object",
        Item::Function(_) => "function",
    };
    Ok(Item::string(name))
}

/// `$error(message)`
pub(super) fn error(_: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let message = message(arguments.get(0), "$error() function evaluated");
    Err(Fault::new("D3137").with("message", message))
}

/// `$assert(condition, message)`
pub(super) fn assert(_: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    if matches!(arguments.get(0), Item::Json(Value::Bool(true))) {
        return Ok(Item::Undefined);
    }
    let message = message(arguments.get(1), "$assert() statement failed");
    Err(Fault::new("D3141").with("message", message))
}

fn message(given: &Item, otherwise: &'static str) -> String {
    given.as_str().filter(|text| !text.is_empty()).unwrap_or(otherwise).to_owned()
}
