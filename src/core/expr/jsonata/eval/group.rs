//! `{key: value}`: as an object constructor, and after a path, where items with the same key are gathered.

use std::sync::Arc;

use indexmap::IndexMap;

use super::super::super::value::{Map, Value};
use super::super::ast::{Group, Kind, Node};
use super::super::error::{Fault, Outcome};
use super::super::item::{Elements, Item, Record, Tuple, append};
use super::Evaluator;
use super::bounds::ITEM;
use super::frame::{Frame, Scope};

/// Items that share a key, and the pair whose value they make.
struct Gathered {
    data: Item,
    pair: usize,
}

/// Tuples that share a key.
struct GatheredTuples {
    tuples: Vec<Tuple>,
    pair: usize,
}

impl Evaluator<'_> {
    /// An object constructor applied to the context.
    pub(super) fn object(&self, pairs: &Group, input: &Item, scope: &Scope) -> Outcome<Item> {
        if !input.is_array() && pairs.pairs.iter().all(|(key, _)| literal(key).is_some()) {
            return self.plain_object(pairs, input, scope);
        }
        self.group(pairs, input.clone(), scope)
    }

    /// Constant keys and a single context: nothing to gather.
    fn plain_object(&self, pairs: &Group, input: &Item, scope: &Scope) -> Outcome<Item> {
        for (index, (key, _)) in pairs.pairs.iter().enumerate() {
            let earlier = &pairs.pairs[..index];
            if earlier.iter().any(|(other, _)| literal(other) == literal(key)) {
                return Err(duplicate(literal(key).map_or("", |key| &**key), pairs.position));
            }
        }
        self.meter.allocate(pairs.pairs.len() * ITEM)?;
        let mut members = Members::with_capacity(pairs.pairs.len());
        for (key, value) in &pairs.pairs {
            let Some(key) = literal(key) else { continue };
            let value = self.eval(value, input, scope)?;
            members.insert(key.clone(), value);
        }
        self.finish(members)
    }

    /// Items grouped by the keys they have; the value of each key is evaluated for its items.
    pub(super) fn group(&self, pairs: &Group, input: Item, scope: &Scope) -> Outcome<Item> {
        if let Item::Tuples(tuples) = &input {
            return self.group_tuples(pairs, tuples, scope);
        }
        let nothing = [Item::Undefined];
        let alone = std::slice::from_ref(&input);
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
                        groups.insert(key, Gathered { data: item.clone(), pair: index });
                    }
                    Some(group) if group.pair != index => {
                        return Err(duplicate(&key, pairs.position));
                    }
                    Some(group) => self.gather(&mut group.data, item.clone())?,
                }
            }
        }
        let mut members = Members::with_capacity(groups.len());
        self.meter.allocate(groups.len() * ITEM)?;
        for (key, group) in groups {
            let Some((_, value)) = pairs.pairs.get(group.pair) else { continue };
            let start = self.start();
            let value = self.eval(value, &group.data, scope)?;
            self.settle(start, &value);
            members.insert(key, value);
        }
        self.finish(members)
    }

    fn gather(&self, data: &mut Item, more: Item) -> Outcome<()> {
        if data.is_undefined() || more.is_undefined() {
            if data.is_undefined() {
                *data = more;
            }
            return Ok(());
        }
        let mut items = std::mem::take(data).into_items();
        let before = items.len();
        append(&mut items, more);
        self.meter.allocate((items.len() - before) * ITEM)?;
        *data = Item::List(std::rc::Rc::new(super::super::item::List {
            items,
            marks: Default::default(),
        }));
        Ok(())
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
        let mut joined = tuples.next().unwrap_or_default();
        for tuple in tuples {
            self.gather(&mut joined.item, tuple.item)?;
            for (name, value) in tuple.bindings {
                match joined.bindings.iter_mut().find(|(bound, _)| *bound == name) {
                    Some((_, data)) => self.gather(data, value)?,
                    None => joined.bindings.push((name, value)),
                }
            }
        }
        Ok(joined)
    }

    fn key(
        &self,
        key: &Node,
        input: &Item,
        position: usize,
        scope: &Scope,
    ) -> Outcome<Option<Arc<str>>> {
        if let Some(key) = literal(key) {
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
                Held::Plain(map) => {
                    let values = map.values().map(|value| Item::Json(value.clone()));
                    let values: Vec<Item> = values.collect();
                    self.built(values.iter())?;
                }
                Held::Mixed(record) => self.built(record.values())?,
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

fn literal(node: &Node) -> Option<&Arc<str>> {
    match &node.kind {
        Kind::Literal(Value::String(text)) if node.filters.is_empty() && node.group.is_none() => {
            Some(text)
        }
        _ => None,
    }
}

fn duplicate(key: &str, position: usize) -> Box<Fault> {
    Fault::new("D1009").at(position).with("value", Value::from(key).to_json())
}
