//! `| pattern | update, delete |`: a copy of a value in which the objects that the pattern finds are changed.
//!
//! Values are shared and never change in place. The copy is made so that each of its objects has an address of its own;
//! what the pattern finds is recognised by address, changes are noted by address, and applied to the copy at the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::super::value::{Map, Value};
use super::super::ast::Transform;
use super::super::error::{Fault, Outcome};
use super::super::item::Item;
use super::super::limit::Meter;
use super::super::number::fifteen_digits;
use super::Evaluator;
use super::bounds::ITEM;
use super::frame::Scope;

impl Evaluator<'_> {
    /// The transformation applied to a value.
    pub(super) fn transform(
        &self,
        transform: &Transform,
        object: &Item,
        scope: &Scope,
    ) -> Outcome<Item> {
        if object.is_undefined() {
            return Ok(Item::Undefined);
        }
        let clone = self.variable_named("clone", scope);
        let Item::Function(_) = clone else { return Err(Fault::new("T2013")) };
        let copy = self.apply(&clone, vec![object.clone()], &Item::Json(Value::Null), None)?;
        let copy = self.copy(&copy)?;
        let matches = self.eval(&transform.pattern, &copy, scope)?.into_items();
        let mut changes = Changes::default();
        for found in matches {
            let context = changes.applied_to(&found, &self.meter)?;
            let update = self.eval(&transform.update, &context, scope)?;
            self.note_update(&mut changes, &found, &update)?;
            if let Some(delete) = &transform.delete {
                let context = changes.applied_to(&found, &self.meter)?;
                let names = self.eval(delete, &context, scope)?;
                note_deletion(&mut changes, &found, &names)?;
            }
        }
        changes.applied_to(&copy, &self.meter)
    }

    fn note_update(&self, changes: &mut Changes, found: &Item, update: &Item) -> Outcome<()> {
        if update.is_undefined() {
            return Ok(());
        }
        if !update.is_object() {
            return Err(Fault::new("T2011").with("value", update.mention()));
        }
        let Some(members) = changes.members(found) else { return Ok(()) };
        for (key, value) in update.members() {
            // A copy again: an object that became a part of itself could never be written out.
            let mut size = ITEM;
            let value = copy_value(value.into_value(), &mut size);
            self.meter.allocate(size)?;
            members.insert(key, value);
        }
        Ok(())
    }

    /// A deep copy in which nothing is shared; numbers get the 15 digits that going through text leaves them.
    pub(crate) fn copy(&self, item: &Item) -> Outcome<Item> {
        let mut size = 0;
        let value = copy_value(item.clone().into_value(), &mut size);
        self.meter.allocate(size)?;
        self.meter.spend(size as u64 / 8)?;
        Ok(Item::Json(value))
    }
}

fn copy_value(value: Value, size: &mut usize) -> Value {
    match value {
        Value::Float(n) if !n.is_finite() => Value::Null,
        Value::Float(n) => Value::Float(fifteen_digits(n)),
        Value::Array(items) => {
            *size += items.len() * ITEM;
            Value::Array(Arc::new(items.iter().map(|v| copy_value(v.clone(), size)).collect()))
        }
        Value::Object(members) => {
            *size += members.len() * ITEM;
            let copied = members.iter().map(|(k, v)| (k.clone(), copy_value(v.clone(), size)));
            Value::Object(Arc::new(copied.collect()))
        }
        other => other,
    }
}

fn note_deletion(changes: &mut Changes, found: &Item, names: &Item) -> Outcome<()> {
    if names.is_undefined() {
        return Ok(());
    }
    let list = names.clone().into_items();
    if list.iter().any(|name| name.as_str().is_none()) {
        return Err(Fault::new("T2012").with("value", names.mention()));
    }
    let Some(members) = changes.members(found) else { return Ok(()) };
    for name in &list {
        members.shift_remove(name.as_str().unwrap_or_default());
    }
    Ok(())
}

/// New members of changed objects, by the address of the object. The objects are alive in the copy all the while.
#[derive(Default)]
struct Changes(BTreeMap<usize, Map>);

impl Changes {
    /// The members of a found object, to be changed; nothing for what is no object.
    fn members(&mut self, found: &Item) -> Option<&mut Map> {
        let Item::Json(Value::Object(object)) = found else { return None };
        Some(self.0.entry(address(object)).or_insert_with(|| (**object).clone()))
    }

    /// The value with all changes so far.
    fn applied_to(&self, item: &Item, meter: &Meter) -> Outcome<Item> {
        match item {
            Item::Json(value) if !self.0.is_empty() => Ok(Item::Json(self.apply(value, meter)?)),
            other => Ok(other.clone()),
        }
    }

    fn apply(&self, value: &Value, meter: &Meter) -> Outcome<Value> {
        meter.spend(1)?;
        Ok(match value {
            Value::Array(items) => {
                let items: Outcome<Vec<Value>> =
                    items.iter().map(|item| self.apply(item, meter)).collect();
                Value::Array(Arc::new(items?))
            }
            Value::Object(object) => {
                let members = self.0.get(&address(object)).unwrap_or(object);
                let members: Outcome<Map> =
                    members.iter().map(|(k, v)| Ok((k.clone(), self.apply(v, meter)?))).collect();
                Value::Object(Arc::new(members?))
            }
            other => other.clone(),
        })
    }
}

fn address(object: &Arc<Map>) -> usize {
    Arc::as_ptr(object) as usize
}
