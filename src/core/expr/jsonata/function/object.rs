//! `$keys`, `$lookup`, `$spread`, `$merge`, `$clone`.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use super::super::super::value::{Map, Value};
use super::super::error::Outcome;
use super::super::eval::bounds::ITEM;
use super::super::eval::function::Arguments;
use super::super::eval::{Evaluator, field_of};
use super::super::item::{self, Item, Record};

/// `$keys`
pub(super) fn keys(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let mut found = IndexSet::new();
    collect_keys(evaluator, arguments.get(0), &mut found)?;
    evaluator.meter.allocate(found.len() * ITEM)?;
    Ok(Item::sequence(found.into_iter().map(Item::string).collect()))
}

fn collect_keys(
    evaluator: &Evaluator<'_>,
    value: &Item,
    found: &mut IndexSet<Arc<str>>,
) -> Outcome<()> {
    match value {
        Item::Json(Value::Object(map)) => {
            evaluator.meter.spend(map.len() as u64 / 2)?;
            found.extend(map.keys().cloned());
        }
        Item::Record(record) => found.extend(record.keys().cloned()),
        other => {
            if let Some(elements) = other.elements() {
                evaluator.meter.spend(1 + elements.len() as u64 / 2)?;
                for item in elements.iter() {
                    collect_keys(evaluator, &item, found)?;
                }
            }
        }
    }
    Ok(())
}

/// `$lookup(object, key)`
pub(super) fn lookup(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let value = arguments.get(0);
    let items = value.elements().map_or(0, |items| items.len());
    evaluator.meter.allocate(items * ITEM)?;
    field_of(value, arguments.get(1).as_str().unwrap_or("undefined"), &evaluator.meter)
}

/// `$spread`: an object for each member.
pub(super) fn spread(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    spread_item(evaluator, arguments.get(0))
}

fn spread_item(evaluator: &Evaluator<'_>, value: &Item) -> Outcome<Item> {
    if let Some(elements) = value.elements() {
        let mut items = Vec::new();
        let mut nothing = true;
        for item in elements.iter() {
            let spread = spread_item(evaluator, &item)?;
            nothing &= spread.is_undefined();
            item::append(&mut items, spread);
        }
        evaluator.meter.allocate(items.len() * ITEM)?;
        // Only if nothing was added is the result still a sequence.
        return Ok(if nothing { Item::sequence(items) } else { Item::plain_array(items) });
    }
    if !value.is_object() {
        return Ok(value.clone());
    }
    let single = |(key, item)| Item::object(IndexMap::from_iter([(key, item)]));
    let items: Vec<Item> = value.members().into_iter().map(single).collect();
    evaluator.meter.allocate(items.len() * 2 * ITEM)?;
    Ok(Item::sequence(items))
}

/// `$merge`
pub(super) fn merge(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(elements) = arguments.get(0).elements() else { return Ok(Item::Undefined) };
    let all_plain = elements.iter().all(|item| matches!(item, Item::Json(Value::Object(_))));
    if !all_plain {
        let mut members = Record::new();
        for item in elements.iter() {
            members.extend(item.members());
        }
        evaluator.meter.allocate(members.len() * ITEM)?;
        return Ok(Item::object(members));
    }
    let mut merged: Option<Map> = None;
    for item in elements.iter() {
        let Item::Json(Value::Object(map)) = item else { continue };
        evaluator.meter.allocate(map.len() * ITEM)?;
        match &mut merged {
            // Copying a map whole is cheaper than adding its members.
            None => merged = Some((*map).clone()),
            Some(merged) => {
                merged.extend(map.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
        }
    }
    let merged = merged.unwrap_or_default();
    Ok(Item::Json(Value::Object(Arc::new(merged))))
}

/// `$clone`
pub(super) fn clone(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    match arguments.get(0) {
        Item::Undefined => Ok(Item::Undefined),
        value => evaluator.copy(value),
    }
}
