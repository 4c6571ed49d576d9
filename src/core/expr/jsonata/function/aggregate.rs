//! Numbers of an array: `$sum`, `$count`, `$max`, `$min`, `$average`.

use super::super::super::value::Value;
use super::super::error::Outcome;
use super::super::eval::Evaluator;
use super::super::eval::function::Arguments;
use super::super::item::{Elements, Item};

/// `$sum`
pub(super) fn sum(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    fold(evaluator, arguments, 0.0, |total, n| total + n)
}

/// `$count`; nothing counts as no item.
pub(super) fn count(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let items = arguments.get(0);
    let alone = usize::from(!items.is_undefined());
    Ok(evaluator.number(items.elements().map_or(alone, |items| items.len()) as f64))
}

/// `$max`
pub(super) fn max(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    if is_empty(arguments) {
        return Ok(Item::Undefined);
    }
    fold(evaluator, arguments, f64::NEG_INFINITY, |a, b| if a > b || a.is_nan() { a } else { b })
}

/// `$min`
pub(super) fn min(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    if is_empty(arguments) {
        return Ok(Item::Undefined);
    }
    fold(evaluator, arguments, f64::INFINITY, |a, b| if a < b || a.is_nan() { a } else { b })
}

/// `$average`
pub(super) fn average(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let count = arguments.get(0).elements().map_or(0, |items| items.len());
    if is_empty(arguments) {
        return Ok(Item::Undefined);
    }
    let total = fold(evaluator, arguments, 0.0, |total, n| total + n)?;
    Ok(total.as_f64().map_or(Item::Undefined, |total| evaluator.number(total / count as f64)))
}

fn is_empty(arguments: &Arguments) -> bool {
    arguments.get(0).elements().is_none_or(|items| items.len() == 0)
}

fn fold(
    evaluator: &Evaluator<'_>,
    arguments: &Arguments,
    start: f64,
    join: impl Fn(f64, f64) -> f64,
) -> Outcome<Item> {
    let Some(items) = arguments.get(0).elements() else { return Ok(Item::Undefined) };
    evaluator.meter.spend(items.len() as u64 / 4)?;
    let total = match items {
        Elements::Values(values) => values.iter().filter_map(Value::as_f64).fold(start, join),
        Elements::Items(items) => items.iter().filter_map(Item::as_f64).fold(start, join),
    };
    Ok(evaluator.number(total))
}
