//! `{key: value}`: as an object constructor, and after a path, where items with the same key are gathered.

use std::sync::Arc;

use indexmap::IndexMap;

use super::super::super::value::{Map, Value};
use super::super::ast::{Group, Node};
use super::super::error::{Fault, Outcome};
use super::super::item::{Elements, Item, List, Marks, Record, Tuple, append};
use super::Evaluator;
use super::bounds::ITEM;
use super::frame::{Frame, Scope};

/// Items that share a key, and the pair whose value they make.
struct Gathered {
    data: Data,
    pair: usize,
}

/// The items gathered so far.
enum Data {
    One(Item),
    Many(Vec<Item>),
}

impl Data {
    fn add(&mut self, more: Item) {
        match self {
            Data::Many(items) => append(items, more),
            Data::One(first) if first.is_undefined() => *first = more,
            Data::One(_) if more.is_undefined() => {}
            Data::One(first) => {
                let mut items = std::mem::take(first).into_items();
                append(&mut items, more);
                *self = Data::Many(items);
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Data::One(_) => 0,
            Data::Many(items) => items.len(),
        }
    }

    fn into_item(self) -> Item {
        match self {
            Data::One(item) => item,
            Data::Many(items) => {
                Item::List(std::rc::Rc::new(List { items, marks: Marks::default() }))
            }
        }
    }
}

/// Tuples that share a key.
struct GatheredTuples {
    tuples: Vec<Tuple>,
    pair: usize,
}

impl Evaluator<'_> {
    /// An object constructor applied to the context.
    pub(super) fn object(&self, pairs: &Group, input: &Item, scope: &Scope) -> Outcome<Item> {
        match &pairs.template {
            Some(template) if !input.is_array() => {
                self.meter.allocate(template.len() * ITEM)?;
                self.plain_object(pairs, template.clone(), input, scope)
            }
            _ => self.group(pairs, input, scope),
        }
    }

    /// Constant keys and a single context: nothing to gather, and the keys are in place already.
    fn plain_object(
        &self,
        pairs: &Group,
        mut map: Map,
        input: &Item,
        scope: &Scope,
    ) -> Outcome<Item> {
        let mut nested = false;
        for (index, (_, value)) in pairs.pairs.iter().enumerate() {
            match (self.eval(value, input, scope)?, map.get_index_mut(index)) {
                (Item::Json(value), Some((_, place))) => {
                    nested |= matches!(value, Value::Array(_) | Value::Object(_));
                    *place = value;
                }
                (other, _) => {
                    let mut members = Members { held: Held::Plain(map), nested };
                    members.truncate(index);
                    members.insert_literal(&pairs.pairs, index, other);
                    for (index, (_, value)) in pairs.pairs.iter().enumerate().skip(index + 1) {
                        let value = self.eval(value, input, scope)?;
                        members.insert_literal(&pairs.pairs, index, value);
                    }
                    return self.finish(members);
                }
            }
        }
        self.finish(Members { held: Held::Plain(map), nested })
    }

    /// Items grouped by the keys they have; the value of each key is evaluated for its items.
    pub(super) fn group(&self, pairs: &Group, input: &Item, scope: &Scope) -> Outcome<Item> {
        if let Item::Tuples(tuples) = input {
            return self.group_tuples(pairs, tuples, scope);
        }
        let nothing = [Item::Undefined];
        let alone = std::slice::from_ref(input);
        let mut elements = input.elements().unwrap_or(Elements::Items(alone));
        if elements.len() == 0 {
            elements = Elements::Items(&nothing);
        }
        let mut groups: IndexMap<Arc<str>, Gathered> = IndexMap::new();
        for item in elements.iter() {
            for (index, (key, _)) in pairs.pairs.iter().enumerate() {
                let Some(key) = self.key(key, &item, pairs.position, scope)? else { continue };
                match groups.get_mut(&key) {
                    None => {
                        let data = Data::One(item.clone());
                        groups.insert(key, Gathered { data, pair: index });
                    }
                    Some(group) if group.pair != index => {
                        return Err(duplicate(&key, pairs.position));
                    }
                    Some(group) => group.data.add(item.clone()),
                }
            }
        }
        let mut members = Members::with_capacity(groups.len());
        self.meter.allocate(groups.len() * ITEM)?;
        for (key, group) in groups {
            let Some((_, value)) = pairs.pairs.get(group.pair) else { continue };
            self.meter.allocate(group.data.len() * ITEM)?;
            let start = self.start();
            let value = self.eval(value, &group.data.into_item(), scope)?;
            self.settle(start, &value);
            members.insert(key, value);
        }
        self.finish(members)
    }

    fn group_tuples(&self, pairs: &Group, tuples: &[Tuple], scope: &Scope) -> Outcome<Item> {
        let nothing = [Tuple::default()];
        let tuples = if tuples.is_empty() { &nothing } else { tuples };
        let mut groups: IndexMap<Arc<str>, GatheredTuples> = IndexMap::new();
        for tuple in tuples {
            let inner = Frame::inside(scope, tuple.bindings.clone());
            for (index, (key, _)) in pairs.pairs.iter().enumerate() {
                let key = self.key(key, &tuple.item, pairs.position, &inner)?;
                let Some(key) = key else { continue };
                match groups.get_mut(&key) {
                    None => {
                        let tuples = vec![tuple.clone()];
                        groups.insert(key, GatheredTuples { tuples, pair: index });
                    }
                    Some(group) if group.pair != index => {
                        return Err(duplicate(&key, pairs.position));
                    }
                    Some(group) => group.tuples.push(tuple.clone()),
                }
            }
        }
        let mut members = Members::with_capacity(groups.len());
        for (key, group) in groups {
            let Some((_, value)) = pairs.pairs.get(group.pair) else { continue };
            let joined = self.join(group.tuples)?;
            let inner = Frame::inside(scope, joined.bindings);
            members.insert(key, self.eval(value, &joined.item, &inner)?);
        }
        self.finish(members)
    }

    /// One tuple of many: items and variables of the same name become arrays.
    fn join(&self, tuples: Vec<Tuple>) -> Outcome<Tuple> {
        let mut tuples = tuples.into_iter();
        let first = tuples.next().unwrap_or_default();
        let mut item = Data::One(first.item);
        let own = first.bindings.into_iter();
        let mut bindings: Vec<_> = own.map(|(name, value)| (name, Data::One(value))).collect();
        for tuple in tuples {
            item.add(tuple.item);
            for (name, value) in tuple.bindings {
                match bindings.iter_mut().find(|(bound, _)| *bound == name) {
                    Some((_, data)) => data.add(value),
                    None => bindings.push((name, Data::One(value))),
                }
            }
        }
        self.meter.allocate(item.len() * (1 + bindings.len()) * ITEM)?;
        let bindings = bindings.into_iter().map(|(name, data)| (name, data.into_item())).collect();
        Ok(Tuple { item: item.into_item(), bindings })
    }

    fn key(
        &self,
        key: &Node,
        input: &Item,
        position: usize,
        scope: &Scope,
    ) -> Outcome<Option<Arc<str>>> {
        if let Some(key) = key.literal_text() {
            return Ok(Some(key.clone()));
        }
        match self.eval(key, input, scope)? {
            Item::Undefined => Ok(None),
            Item::Json(Value::String(key)) => Ok(Some(key)),
            other => Err(Fault::new("T1003").at(position).with("value", other.mention())),
        }
    }

    fn finish(&self, members: Members) -> Outcome<Item> {
        if members.nested {
            match &members.held {
                Held::Plain(map) => self.nested_object(map)?,
                Held::Mixed(record) => {
                    let parts: Vec<Item> = record.values().cloned().collect();
                    self.nested(&parts)?;
                }
            }
        }
        Ok(match members.held {
            Held::Plain(map) => Item::Json(Value::Object(Arc::new(map))),
            Held::Mixed(record) => Item::object(record),
        })
    }
}

/// Members of an object under construction: plain JSON as long as possible.
struct Members {
    held: Held,
    /// Some member is an array or an object.
    nested: bool,
}

enum Held {
    Plain(Map),
    Mixed(Record),
}

impl Members {
    fn with_capacity(count: usize) -> Members {
        Members { held: Held::Plain(Map::with_capacity(count)), nested: false }
    }

    fn truncate(&mut self, count: usize) {
        if let Held::Plain(map) = &mut self.held {
            map.truncate(count);
        }
    }

    fn insert_literal(&mut self, pairs: &[(Node, Node)], index: usize, value: Item) {
        if let Some(key) = pairs.get(index).and_then(|(key, _)| key.literal_text()) {
            self.insert(key.clone(), value);
        }
    }

    fn insert(&mut self, key: Arc<str>, value: Item) {
        if value.is_undefined() {
            return;
        }
        self.nested |= value.is_array() || value.is_object();
        match (&mut self.held, value) {
            (Held::Plain(map), Item::Json(value)) => {
                map.insert(key, value);
            }
            (Held::Plain(map), value) => {
                let plain = std::mem::take(map).into_iter();
                let mut record: Record =
                    plain.map(|(key, value)| (key, Item::Json(value))).collect();
                record.insert(key, value);
                self.held = Held::Mixed(record);
            }
            (Held::Mixed(record), value) => {
                record.insert(key, value);
            }
        }
    }
}

fn duplicate(key: &str, position: usize) -> Box<Fault> {
    Fault::new("D1009").at(position).with("value", Value::from(key).to_json())
}
