//! `*` and `**`.

use super::super::super::value::Value;
use super::super::error::Outcome;
use super::super::item::{Elements, Item};
use super::Evaluator;
use super::bounds::ITEM;

impl Evaluator<'_> {
    /// `*`: the values of all members, arrays flattened completely.
    pub(super) fn wildcard(&self, input: &Item) -> Outcome<Item> {
        let document;
        let input = match input {
            Item::List(list) if list.marks.wrapper => {
                document = list.items.first().cloned().unwrap_or_default();
                &document
            }
            other => other,
        };
        let mut found = Vec::new();
        let mut arrays = false;
        let mut add = |item: Item| {
            arrays |= item.is_array();
            flatten(item, &mut found);
        };
        match input.elements() {
            Some(elements) => elements.iter().for_each(add),
            None => input.members().into_iter().for_each(|(_, item)| add(item)),
        }
        self.meter.allocate(found.len() * ITEM)?;
        // Joined with an array, the result is an array too, even of one item.
        Ok(if arrays { Item::plain_array(found) } else { Item::sequence(found) })
    }

    /// `**`: the value itself and everything below it, parents first, arrays left out.
    pub(super) fn descendants(&self, input: &Item) -> Outcome<Item> {
        if input.is_undefined() {
            return Ok(Item::Undefined);
        }
        let mut found = Vec::new();
        descend(input, &mut found);
        self.meter.allocate(found.len() * ITEM)?;
        Ok(Item::reduced(found))
    }
}

fn flatten(item: Item, found: &mut Vec<Item>) {
    match item.elements() {
        Some(elements) => elements.iter().for_each(|item| flatten(item, found)),
        None => found.push(item),
    }
}

fn descend(item: &Item, found: &mut Vec<Item>) {
    match item {
        Item::Json(value) => descend_value(value, found),
        Item::Record(record) => {
            found.push(item.clone());
            record.values().for_each(|item| descend(item, found));
        }
        other => match other.elements() {
            Some(Elements::Items(items)) => items.iter().for_each(|item| descend(item, found)),
            _ => found.push(other.clone()),
        },
    }
}

fn descend_value(value: &Value, found: &mut Vec<Item>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| descend_value(item, found)),
        Value::Object(members) => {
            found.push(Item::Json(value.clone()));
            members.values().for_each(|item| descend_value(item, found));
        }
        _ => found.push(Item::Json(value.clone())),
    }
}
