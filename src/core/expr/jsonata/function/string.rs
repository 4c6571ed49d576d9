//! Functions on strings. Lengths and positions count characters, not bytes and not UTF-16 units.

use std::sync::Arc;

use super::super::super::value::Value;
use super::super::error::Outcome;
use super::super::eval::Evaluator;
use super::super::eval::function::Arguments;
use super::super::item::Item;

/// `$string(value, pretty)`
pub(super) fn string(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let pretty = matches!(arguments.get(1), Item::Json(Value::Bool(true)));
    let value = arguments.take(0);
    if value.is_undefined() || value.as_str().is_some() {
        return Ok(value);
    }
    // The document, where it is the context, is wrapped if it is an array.
    let value = match &value {
        Item::List(list) if list.marks.wrapper => list.items.first().cloned().unwrap_or_default(),
        _ => value,
    };
    made(evaluator, evaluator.print(&value, pretty)?)
}

/// `$substring(text, start, length)`
pub(super) fn substring(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(text) = arguments.get(0).as_str() else { return Ok(Item::Undefined) };
    let count = text.chars().count() as f64;
    let given = arguments.get(1).as_f64();
    if given.is_none() && arguments.get(2).as_f64().is_some() {
        return Ok(Item::string(""));
    }
    let mut start = given.unwrap_or(0.0);
    if count + start < 0.0 {
        start = 0.0;
    }
    let end = match arguments.get(2).as_f64() {
        Some(length) if length <= 0.0 => return Ok(Item::string("")),
        Some(length) if start >= 0.0 => start + length,
        Some(length) => count + start + length,
        None => count,
    };
    let from = offset(start, count);
    let to = offset(end, count);
    let part: String = text.chars().skip(from).take(to.saturating_sub(from)).collect();
    made(evaluator, part)
}

/// An offset as JavaScript's `slice` takes it: whole, negative from the end, within the text.
fn offset(position: f64, count: f64) -> usize {
    let position = position.trunc();
    let position = if position < 0.0 { count + position } else { position };
    position.clamp(0.0, count) as usize
}

/// `$substringBefore(text, mark)`
pub(super) fn substring_before(
    evaluator: &Evaluator<'_>,
    arguments: &mut Arguments,
) -> Outcome<Item> {
    around(evaluator, arguments, |text, at, _| &text[..at])
}

/// `$substringAfter(text, mark)`
pub(super) fn substring_after(
    evaluator: &Evaluator<'_>,
    arguments: &mut Arguments,
) -> Outcome<Item> {
    around(evaluator, arguments, |text, at, length| &text[at + length..])
}

fn around(
    evaluator: &Evaluator<'_>,
    arguments: &mut Arguments,
    part: fn(&str, usize, usize) -> &str,
) -> Outcome<Item> {
    let text = arguments.take(0);
    let (Some(whole), Some(mark)) = (text.as_str(), arguments.get(1).as_str()) else {
        return Ok(text);
    };
    match whole.find(mark) {
        Some(at) => made(evaluator, part(whole, at, mark.len()).to_owned()),
        None => Ok(text),
    }
}

/// `$lowercase`
pub(super) fn lowercase(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    convert(evaluator, arguments, str::to_lowercase)
}

/// `$uppercase`
pub(super) fn uppercase(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    convert(evaluator, arguments, str::to_uppercase)
}

/// `$trim`: white space at the ends goes, within it becomes one blank.
pub(super) fn trim(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    convert(evaluator, arguments, |text| {
        let blank = [' ', '\t', '\n', '\r'];
        let words: Vec<&str> = text.split(blank).filter(|word| !word.is_empty()).collect();
        words.join(" ")
    })
}

/// `$length`
pub(super) fn length(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let text = arguments.get(0).as_str();
    Ok(text.map_or(Item::Undefined, |text| evaluator.number(text.chars().count() as f64)))
}

/// `$pad(text, width, filler)`: filled at the end, at the front if the width is negative.
pub(super) fn pad(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let text = arguments.take(0);
    let Some(inner) = text.as_str() else { return Ok(Item::Undefined) };
    let width = arguments.get(1).as_f64().unwrap_or(0.0).trunc();
    let missing = width.abs() - inner.chars().count() as f64;
    // A width that is no number leaves the text as it is.
    if missing.is_nan() || missing < 1.0 {
        return Ok(text);
    }
    let filler = arguments.get(2).as_str().filter(|filler| !filler.is_empty()).unwrap_or(" ");
    let missing = missing.min(usize::MAX as f64) as usize;
    evaluator.meter.foresee(missing)?;
    let padding: String = filler.chars().cycle().take(missing).collect();
    made(
        evaluator,
        if width > 0.0 { format!("{inner}{padding}") } else { format!("{padding}{inner}") },
    )
}

/// `$join(texts, separator)`
pub(super) fn join(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(items) = arguments.get(0).elements() else { return Ok(Item::Undefined) };
    let separator = arguments.get(1).as_str().unwrap_or("");
    let mut out = String::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(separator);
        }
        out.push_str(item.as_str().unwrap_or(""));
        if out.len() > CHECK {
            evaluator.meter.foresee(out.len())?;
        }
    }
    made(evaluator, out)
}

fn convert(
    evaluator: &Evaluator<'_>,
    arguments: &Arguments,
    to: impl Fn(&str) -> String,
) -> Outcome<Item> {
    match arguments.get(0).as_str() {
        Some(text) => made(evaluator, to(text)),
        None => Ok(Item::Undefined),
    }
}

/// A new string, accounted for.
pub(super) fn made(evaluator: &Evaluator<'_>, text: impl Into<Arc<str>>) -> Outcome<Item> {
    let text = text.into();
    evaluator.meter.allocate(text.len())?;
    Ok(Item::string(text))
}

/// Texts shorter than this are not checked while they grow.
const CHECK: usize = 1 << 16;
