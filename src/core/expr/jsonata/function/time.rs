//! `$now`, `$millis`, `$toMillis`, `$fromMillis`.

use super::super::super::value::Value;
use super::super::datetime;
use super::super::error::{Fault, Outcome};
use super::super::eval::Evaluator;
use super::super::eval::function::Arguments;
use super::super::item::Item;
use super::string::made;

/// `$now(picture, timezone)`
pub(super) fn now(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    present(evaluator, evaluator.now.div_euclid(1000) as f64, arguments.get(0), arguments.get(1))
}

/// `$millis()`
pub(super) fn millis(evaluator: &Evaluator<'_>, _: &mut Arguments) -> Outcome<Item> {
    Ok(evaluator.number(evaluator.now.div_euclid(1000) as f64))
}

/// `$fromMillis(millis, picture, timezone)`
pub(super) fn from_millis(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(millis) = arguments.get(0).as_f64() else { return Ok(Item::Undefined) };
    present(evaluator, millis, arguments.get(1), arguments.get(2))
}

fn present(
    evaluator: &Evaluator<'_>,
    millis: f64,
    picture: &Item,
    timezone: &Item,
) -> Outcome<Item> {
    let picture = picture.as_str();
    evaluator.meter.spend(picture.map_or(1, str::len) as u64)?;
    made(evaluator, datetime::format(millis, picture, timezone.as_str())?)
}

/// `$toMillis(text, picture)`
pub(super) fn to_millis(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(text) = arguments.get(0).as_str() else { return Ok(Item::Undefined) };
    evaluator.meter.spend(text.len() as u64)?;
    match arguments.get(1).as_str() {
        Some(picture) => {
            evaluator.meter.spend(picture.len() as u64)?;
            let millis = datetime::parse(text, picture, evaluator.now.div_euclid(1000))?;
            Ok(millis.map_or(Item::Undefined, |millis| evaluator.number(millis)))
        }
        None => match datetime::parse_iso(text) {
            Some(millis) => Ok(evaluator.number(millis)),
            None => Err(Fault::new("D3110").with("value", Value::from(text).to_json())),
        },
    }
}
