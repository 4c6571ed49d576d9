//! What an evaluation has built: how much of it is still in use, and how deeply it is nested.
//!
//! Deeply nested values would overflow the native stack where they are compared, printed or let go. Input from JSON is
//! nested at most 128 deep, and every level beyond takes a constructor, so depths are only measured once many nested
//! values have been built.

use std::cell::{Cell, RefCell};

use super::super::super::value::{Map, Value};
use super::super::error::{Fault, Outcome};
use super::super::item::{Elements, Item};
use super::super::limit::{self, Meter};
use super::Evaluator;

/// The state at the start of something whose garbage is to be recognised.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    memory: usize,
    captured: usize,
}

impl Evaluator<'_> {
    /// Notes the state before a part of the expression is evaluated.
    pub(crate) fn start(&self) -> Start {
        Start { memory: self.meter.memory(), captured: self.graveyard.captured() }
    }

    /// Of what has been built since `start`, only `result` is still in use.
    pub(crate) fn settle(&self, start: Start, result: &Item) {
        let built = self.meter.memory().saturating_sub(start.memory);
        if built > WORTH_A_LOOK && !has_function(result) {
            self.meter.set_memory(start.memory + size(result, built).min(built));
        }
    }

    /// The same at the end of a scope that was made after `start`: scopes in it are of no more use either.
    pub(crate) fn settle_scope(&self, start: Start, result: &Item) {
        self.settle(start, result);
        if self.graveyard.captured() > start.captured && !has_function(result) {
            self.graveyard.release(start.captured);
        }
    }

    /// Accounts for a container with these parts, and refuses it if it is nested too deeply.
    pub(crate) fn built<'i>(&self, parts: impl Iterator<Item = &'i Item> + Clone) -> Outcome<()> {
        let mut count = 0;
        let mut nested = false;
        for part in parts.clone() {
            count += 1;
            nested |= part.is_array() || part.is_object();
        }
        self.meter.allocate(count * ITEM)?;
        if nested && self.depths.is_due() {
            for part in parts {
                self.depths.check(part, &self.meter)?;
            }
        }
        Ok(())
    }
}

impl Evaluator<'_> {
    /// Refuses an object of plain JSON that is nested too deeply; its size has been accounted for.
    pub(crate) fn built_object(&self, members: &Map) -> Outcome<()> {
        if self.depths.is_due() {
            for value in members.values() {
                self.depths.check_value(value, &self.meter)?;
            }
        }
        Ok(())
    }
}

/// Whether a value holds a function, which can refer to anything.
fn has_function(item: &Item) -> bool {
    match item {
        Item::Undefined | Item::Json(_) => false,
        Item::List(list) => list.items.iter().any(has_function),
        Item::Record(record) => record.values().any(has_function),
        Item::Function(_) | Item::Tuples(_) => true,
    }
}

/// An estimate of the size of a value; counting stops beyond `most`.
fn size(item: &Item, most: usize) -> usize {
    let mut total = 0;
    add_size(item, most, &mut total);
    total
}

fn add_size(item: &Item, most: usize, total: &mut usize) {
    if *total > most {
        return;
    }
    match item {
        Item::Json(value) => add_value_size(value, most, total),
        Item::List(list) => {
            *total += list.items.len() * ITEM;
            list.items.iter().for_each(|item| add_size(item, most, total));
        }
        Item::Record(record) => record.values().for_each(|item| add_size(item, most, total)),
        Item::Undefined | Item::Function(_) | Item::Tuples(_) => {}
    }
}

fn add_value_size(value: &Value, most: usize, total: &mut usize) {
    if *total > most {
        return;
    }
    match value {
        Value::String(text) => *total += text.len(),
        Value::Array(items) => {
            *total += items.len() * ITEM;
            items.iter().for_each(|item| add_value_size(item, most, total));
        }
        Value::Object(members) => {
            *total += members.len() * ITEM;
            members.values().for_each(|item| add_value_size(item, most, total));
        }
        _ => {}
    }
}

/// Measures the nesting of values.
#[derive(Default)]
pub(super) struct Depths {
    built: Cell<usize>,
    /// Large values that have been measured. Held, so that an address stands for one value only.
    known: RefCell<Vec<(Value, usize)>>,
}

impl Depths {
    /// Whether enough has been built that something could be nested too deeply.
    fn is_due(&self) -> bool {
        let built = self.built.get() + 1;
        self.built.set(built);
        built > FREE_LEVELS
    }

    fn check_value(&self, value: &Value, meter: &Meter) -> Outcome<()> {
        let mut seen = 0;
        let depth = self.known_depth(value, &mut seen);
        meter.spend(seen as u64 / 8)?;
        if depth > MAX_DEPTH { Err(Fault::limit(limit::STACK)) } else { Ok(()) }
    }

    fn check(&self, item: &Item, meter: &Meter) -> Outcome<()> {
        let mut seen = 0;
        let depth = self.depth(item, &mut seen, 0);
        meter.spend(seen as u64 / 8)?;
        if depth > MAX_DEPTH {
            return Err(Fault::limit(limit::STACK));
        }
        Ok(())
    }

    fn depth(&self, item: &Item, seen: &mut usize, level: usize) -> usize {
        if level > MAX_DEPTH {
            return level;
        }
        let below = |item: &Item, seen: &mut usize| self.depth(item, seen, level + 1);
        match item {
            Item::Json(value) => level + self.known_depth(value, seen),
            Item::Record(record) => {
                record.values().map(|item| below(item, seen)).max().unwrap_or(level)
            }
            other => match other.elements() {
                Some(Elements::Items(items)) => {
                    items.iter().map(|item| below(item, seen)).max().unwrap_or(level)
                }
                _ => level,
            },
        }
    }

    fn known_depth(&self, value: &Value, seen: &mut usize) -> usize {
        if !matches!(value, Value::Array(_) | Value::Object(_)) {
            return 0;
        }
        let known = self.known.borrow().iter().find(|(held, _)| same(held, value)).map(|(_, d)| *d);
        if let Some(depth) = known {
            return depth;
        }
        let before = *seen;
        let depth = depth(value, seen, 0);
        if *seen - before > LARGE {
            let mut known = self.known.borrow_mut();
            if known.len() == KEPT {
                known.remove(0);
            }
            known.push((value.clone(), depth));
        }
        depth
    }
}

/// Levels below a value; counting stops a little beyond what is allowed.
fn depth(value: &Value, seen: &mut usize, level: usize) -> usize {
    *seen += 1;
    if level > MAX_DEPTH {
        return 1;
    }
    let below = match value {
        Value::Array(items) => items.iter().map(|item| depth(item, seen, level + 1)).max(),
        Value::Object(map) => map.values().map(|item| depth(item, seen, level + 1)).max(),
        _ => return 0,
    };
    below.unwrap_or(0) + 1
}

fn same(a: &Value, b: &Value) -> bool {
    use std::sync::Arc;
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => Arc::ptr_eq(a, b),
        (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

/// What an item of an array or a member of an object counts for.
pub(crate) const ITEM: usize = 8;
/// Garbage below this is not looked for.
const WORTH_A_LOOK: usize = 64 * 1024;
/// So many nested values can be built before depths are measured.
const FREE_LEVELS: usize = 250;
/// Levels of nesting that are allowed.
const MAX_DEPTH: usize = 400;
const LARGE: usize = 64;
const KEPT: usize = 8;
