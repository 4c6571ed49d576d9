//! `$append`, `$reverse`, `$sort`, `$shuffle`, `$distinct`, `$zip`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::super::value::Value;
use super::super::error::{Fault, Outcome};
use super::super::eval::bounds::ITEM;
use super::super::eval::function::Arguments;
use super::super::eval::sort::merge_sort;
use super::super::eval::{Evaluator, compare_text, equal};
use super::super::item::{self, Item};

/// `$append`
pub(super) fn append(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let (first, second) = (arguments.take(0), arguments.take(1));
    if second.is_undefined() {
        return Ok(first);
    }
    if first.is_undefined() {
        return Ok(second);
    }
    let mut items = first.into_items();
    item::append(&mut items, second);
    evaluator.meter.allocate(items.len() * ITEM)?;
    Ok(Item::plain_array(items))
}

/// `$reverse`
pub(super) fn reverse(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let array = arguments.take(0);
    if array.elements().is_none_or(|items| items.len() <= 1) {
        return Ok(array);
    }
    let mut items = array.into_items();
    items.reverse();
    evaluator.meter.allocate(items.len() * ITEM)?;
    Ok(Item::plain_array(items))
}

/// `$shuffle`
pub(super) fn shuffle(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let array = arguments.take(0);
    if array.elements().is_none_or(|items| items.len() <= 1) {
        return Ok(array);
    }
    let mut items = array.into_items();
    evaluator.meter.allocate(items.len() * ITEM)?;
    evaluator.meter.spend(items.len() as u64 * 4)?;
    let mut entropy = evaluator.entropy.borrow_mut();
    for last in (1..items.len()).rev() {
        let other = (entropy.unit() * (last + 1) as f64) as usize;
        items.swap(last, other.min(last));
    }
    Ok(Item::plain_array(items))
}

/// `$zip`
pub(super) fn zip(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let arrays = std::mem::take(&mut arguments.0);
    let length = |array: &Item| array.elements().map_or(0, |items| items.len());
    let shortest = arrays.iter().map(length).min().unwrap_or(0);
    evaluator.meter.allocate(shortest * (arrays.len() + 1) * ITEM)?;
    evaluator.nested(&arrays)?;
    let row = |index: usize| {
        let cells = arrays.iter().filter_map(|array| array.elements()?.at(index));
        Item::plain_array(cells.collect())
    };
    Ok(Item::plain_array((0..shortest).map(row).collect()))
}

/// `$sort(array, comparator)`: the comparator says whether the first belongs behind the second.
pub(super) fn sort(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let comparator = arguments.take(1);
    let array = arguments.take(0);
    if array.elements().is_none_or(|items| items.len() <= 1) {
        return Ok(array);
    }
    let items = array.into_items();
    evaluator.meter.allocate(items.len() * ITEM)?;
    let order = if comparator.is_undefined() {
        sort_simply(evaluator, &items)?
    } else {
        let start = evaluator.start();
        merge_sort(items.len(), &mut |a, b| {
            let pair = vec![items[a].clone(), items[b].clone()];
            let verdict = evaluator.invoke(&comparator, pair)?;
            evaluator.settle(start, &Item::Undefined);
            Ok(is_truthy(&verdict))
        })?
    };
    Ok(Item::plain_array(order.into_iter().map(|index| items[index].clone()).collect()))
}

fn sort_simply(evaluator: &Evaluator<'_>, items: &[Item]) -> Outcome<Vec<usize>> {
    evaluator.meter.spend(items.len() as u64)?;
    let mut order: Vec<usize> = (0..items.len()).collect();
    if let Some(numbers) = items.iter().map(Item::as_f64).collect::<Option<Vec<f64>>>() {
        if numbers.iter().any(|n| n.is_infinite()) {
            return Err(Fault::new("D1001").with("value", "null"));
        }
        order.sort_by(|a, b| {
            numbers[*a].partial_cmp(&numbers[*b]).unwrap_or(std::cmp::Ordering::Equal)
        });
    } else if let Some(texts) = items.iter().map(Item::as_str).collect::<Option<Vec<&str>>>() {
        order.sort_by(|a, b| compare_text(texts[*a], texts[*b]));
    } else {
        return Err(Fault::new("D3070"));
    }
    Ok(order)
}

/// Truth as JavaScript has it, which is what a comparator is judged by.
fn is_truthy(item: &Item) -> bool {
    match item {
        Item::Undefined | Item::Json(Value::Null | Value::Bool(false)) => false,
        Item::Json(Value::String(text)) => !text.is_empty(),
        other => other.as_f64().is_none_or(|n| n != 0.0 && !n.is_nan()),
    }
}

/// `$distinct`
pub(super) fn distinct(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let array = arguments.take(0);
    if array.elements().is_none_or(|items| items.len() <= 1) {
        return Ok(array);
    }
    let is_sequence = array.is_sequence();
    let mut seen = Seen::default();
    let mut items = Vec::new();
    for item in array.into_items() {
        evaluator.meter.spend(1 + seen.others.len() as u64 / 2)?;
        if seen.add(&item) {
            items.push(item);
        }
    }
    evaluator.meter.allocate(items.len() * ITEM)?;
    Ok(if is_sequence { Item::sequence(items) } else { Item::plain_array(items) })
}

/// Values seen so far; simple ones are looked up, others compared one by one.
#[derive(Default)]
struct Seen {
    texts: BTreeSet<Arc<str>>,
    numbers: BTreeSet<u64>,
    others: Vec<Item>,
}

impl Seen {
    fn add(&mut self, item: &Item) -> bool {
        match item {
            Item::Json(Value::String(text)) => self.texts.insert(Arc::clone(text)),
            Item::Json(Value::Int(n)) => self.numbers.insert((*n as f64 + 0.0).to_bits()),
            Item::Json(Value::Float(n)) if !n.is_nan() => self.numbers.insert((n + 0.0).to_bits()),
            other => {
                let new = !self.others.iter().any(|seen| equal(seen, other));
                if new {
                    self.others.push(other.clone());
                }
                new
            }
        }
    }
}
