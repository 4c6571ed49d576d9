//! What an evaluation has built: how much of it is still in use, and how deeply it is nested.
//!
//! Deeply nested values would overflow the native stack where they are compared, printed or let go; and values are
//! shared, so that a small expression can build one that would never be written out in full. Input from JSON is nested
//! at most 128 deep and shares nothing, so values are only measured once constructors have had room to do harm.

use std::cell::{Cell, RefCell};

use super::super::super::value::{Map, Value};
use super::super::error::{Fault, Outcome};
use super::super::item::Item;
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
        if built > 0 && !has_function(result) {
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

    /// Refuses a container of these parts if it would be too deep or too large when written out.
    pub(crate) fn nested(&self, parts: &[Item]) -> Outcome<()> {
        if !parts.iter().any(|part| part.is_array() || part.is_object()) {
            return Ok(());
        }
        self.extents.check(parts.len(), &self.meter, |extents, seen| {
            parts.iter().fold(Extent::default(), |sum, part| sum.and(extents.item(part, seen, 0)))
        })
    }

    /// The same for the members of an object of plain JSON.
    pub(crate) fn nested_object(&self, members: &Map) -> Outcome<()> {
        self.extents.check(members.len(), &self.meter, |extents, seen| {
            members
                .values()
                .fold(Extent::default(), |sum, value| sum.and(extents.value(value, seen)))
        })
    }

    /// Refuses a result that would be too large when written out.
    pub(crate) fn finished(&self, result: &Item) -> Outcome<()> {
        // So little has been built that the result cannot be many times what was there before.
        let built = self.meter.total() / ITEM;
        if built.saturating_mul(self.extents.unmeasured.get()) <= FREE_GROWTH {
            return Ok(());
        }
        let extent = self.extents.item(result, &mut 0, 0);
        if extent.size > MAX_SIZE { Err(Fault::limit(limit::MEMORY)) } else { Ok(()) }
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

/// How deep a value is nested and how many bytes it is, roughly, when nothing in it is shared.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    depth: usize,
    size: usize,
}

impl Extent {
    fn and(self, other: Extent) -> Extent {
        Extent {
            depth: self.depth.max(other.depth),
            size: self.size.saturating_add(other.size).saturating_add(ITEM),
        }
    }

    fn inside(self) -> Extent {
        Extent { depth: self.depth + 1, ..self }
    }
}

/// Measures values.
pub(super) struct Extents {
    /// By how much values can have grown without having been measured.
    unmeasured: Cell<usize>,
    /// Large values that have been measured. Held, so that an address stands for one value only.
    known: RefCell<Vec<(Value, Extent)>>,
}

impl Default for Extents {
    fn default() -> Extents {
        Extents { unmeasured: Cell::new(1), known: RefCell::default() }
    }
}

impl Extents {
    fn check(
        &self,
        width: usize,
        meter: &Meter,
        measure: impl Fn(&Extents, &mut usize) -> Extent,
    ) -> Outcome<()> {
        let growth = self.unmeasured.get().saturating_mul(width.max(2));
        if growth <= FREE_GROWTH {
            self.unmeasured.set(growth);
            return Ok(());
        }
        let mut seen = 0;
        let extent = measure(self, &mut seen);
        meter.spend(seen as u64 / 8)?;
        if extent.depth >= MAX_DEPTH {
            return Err(Fault::limit(limit::STACK));
        }
        if extent.size > MAX_SIZE {
            return Err(Fault::limit(limit::MEMORY));
        }
        Ok(())
    }

    fn item(&self, item: &Item, seen: &mut usize, level: usize) -> Extent {
        if level > MAX_DEPTH {
            return Extent { depth: level, size: 0 };
        }
        *seen += 1;
        let parts: Vec<&Item> = match item {
            Item::Json(value) => return self.value(value, seen),
            Item::List(list) => list.items.iter().collect(),
            Item::Record(record) => record.values().collect(),
            Item::Undefined | Item::Function(_) | Item::Tuples(_) => return Extent::default(),
        };
        let below = parts.into_iter().map(|part| self.item(part, seen, level + 1));
        below.fold(Extent::default(), Extent::and).inside()
    }

    fn value(&self, value: &Value, seen: &mut usize) -> Extent {
        if !matches!(value, Value::Array(_) | Value::Object(_)) {
            return extent(value, seen, 0);
        }
        let known = self.known.borrow().iter().find(|(held, _)| same(held, value)).map(|(_, e)| *e);
        if let Some(extent) = known {
            return extent;
        }
        let before = *seen;
        let extent = extent(value, seen, 0);
        if *seen - before > LARGE {
            let mut known = self.known.borrow_mut();
            if known.len() == KEPT {
                known.remove(0);
            }
            known.push((value.clone(), extent));
        }
        extent
    }
}

/// Measures a value; stops beyond what is allowed.
fn extent(value: &Value, seen: &mut usize, level: usize) -> Extent {
    *seen += 1;
    if level > MAX_DEPTH || *seen > MAX_SIZE / ITEM {
        return Extent { depth: level.min(1), size: MAX_SIZE };
    }
    match value {
        Value::String(text) => Extent { depth: 0, size: text.len() },
        Value::Array(items) => {
            let below = items.iter().map(|item| extent(item, seen, level + 1));
            below.fold(Extent::default(), Extent::and).inside()
        }
        Value::Object(members) => {
            let below = members.values().map(|item| extent(item, seen, level + 1));
            below.fold(Extent::default(), Extent::and).inside()
        }
        _ => Extent::default(),
    }
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
/// Up to this growth values are not measured: a few constructors around the input cannot do harm.
const FREE_GROWTH: usize = 64;
/// Levels of nesting that are allowed.
const MAX_DEPTH: usize = 400;
/// Bytes that a nested value may come to when it is written out.
const MAX_SIZE: usize = 32 << 20;
const LARGE: usize = 64;
const KEPT: usize = 8;
