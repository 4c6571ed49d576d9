//! Paths: each step is applied to every item of what the step before it gave, and results are flattened one level.

use std::rc::Rc;

use super::super::super::value::Value;
use super::super::ast::{Kind, Node, Path, Stage};
use super::super::error::Outcome;
use super::super::item::{Elements, Item, List, Marks, Tuple, field};
use super::super::limit::Meter;
use super::Evaluator;
use super::bounds::ITEM;
use super::frame::Scope;

/// What a step is applied to.
enum Source {
    /// One value, even if it is an array.
    One(Item),
    /// The items of an array.
    Each(Item),
}

impl Evaluator<'_> {
    /// The value of a path, not yet reduced.
    pub(super) fn path(
        &self,
        node: &Node,
        path: &Path,
        input: &Item,
        scope: &Scope,
    ) -> Outcome<Item> {
        if path.steps.iter().any(|step| step.step.tuple) {
            return self.tuple_path(node, path, input, scope);
        }
        let bare = !path.keep_singleton && !node.keep_array && node.group.is_none();
        let mut result = match walk(&path.steps, input) {
            Walk::Missing if bare => return Ok(Item::Undefined),
            Walk::End(value) if bare => return Ok(Item::Json(value.clone())),
            Walk::Missing => Item::sequence(Vec::new()),
            Walk::End(value) => single(Item::Json(value.clone())),
            Walk::Stopped(value, index) => {
                let source = enter(Item::Json(value.clone()));
                self.steps(path, index, source, scope)?
            }
            Walk::Unfit => self.steps(path, 0, first_source(path, input), scope)?,
        };
        if path.keep_singleton {
            result = kept(result);
        }
        match &node.group {
            Some(group) => self.group(group, &result, scope),
            None => Ok(result),
        }
    }

    fn steps(&self, path: &Path, from: usize, source: Source, scope: &Scope) -> Outcome<Item> {
        let mut source = source;
        let mut result = Item::Undefined;
        for (index, step) in path.steps.iter().enumerate().skip(from) {
            result = if index == 0 && step.step.constructed {
                self.eval(step, &source.into_sequence(), scope)?
            } else if index == 0
                && path.steps.len() > 1
                && let Some(value) = self.head(step, &source, scope)?
            {
                // A plain value at the head: names can be followed without copying anything.
                return match walk(&path.steps[1..], &value) {
                    Walk::Missing => Ok(Item::sequence(Vec::new())),
                    Walk::End(value) => Ok(single(Item::Json(value.clone()))),
                    Walk::Stopped(value, at) => {
                        let source = enter(Item::Json(value.clone()));
                        self.steps(path, at + 1, source, scope)
                    }
                    Walk::Unfit => self.steps(path, 1, enter(value), scope),
                };
            } else {
                self.step(step, &source, scope, index + 1 == path.steps.len())?
            };
            if result.is_undefined() || result.elements().is_some_and(|items| items.len() == 0) {
                break;
            }
            source = Source::Each(result.clone());
        }
        Ok(result)
    }

    /// The value of a variable or another simple expression that begins a path, if the next step can go on from it.
    fn head(&self, step: &Node, source: &Source, scope: &Scope) -> Outcome<Option<Item>> {
        let Source::One(input) = source else { return Ok(None) };
        if !matches!(step.kind, Kind::Variable(_)) || !step.step.stages.is_empty() {
            return Ok(None);
        }
        let value = self.eval(step, input, scope)?;
        Ok((!value.is_undefined()).then_some(value))
    }

    /// One step applied to all items of its source.
    fn step(&self, step: &Node, source: &Source, scope: &Scope, last: bool) -> Outcome<Item> {
        if let Kind::Sort(terms) = &step.kind {
            let input = match source {
                Source::One(item) => Item::sequence(vec![item.clone()]),
                Source::Each(items) => items.clone(),
            };
            let mut sorted = self.sort(terms, input, scope)?;
            for stage in &step.step.stages {
                if let Stage::Filter(filter) = stage {
                    sorted = self.filter(filter, sorted, scope)?;
                }
            }
            return Ok(sorted);
        }
        let mut results = Results::new(last);
        match source {
            Source::One(item) => self.step_item(step, item, scope, &mut results)?,
            Source::Each(items) => {
                let elements = items.elements().unwrap_or(Elements::Items(&[]));
                results.reserve(elements.len());
                for item in elements.iter() {
                    self.step_item(step, &item, scope, &mut results)?;
                }
            }
        }
        self.meter.allocate(results.len() * ITEM)?;
        Ok(results.finish())
    }

    fn step_item(
        &self,
        step: &Node,
        item: &Item,
        scope: &Scope,
        results: &mut Results,
    ) -> Outcome<()> {
        if let (Kind::Name(name), Item::Json(Value::Object(map))) = (&step.kind, item)
            && step.step.stages.is_empty()
        {
            self.meter.spend(1)?;
            if let Some(value) = field(map, name) {
                results.accept(Item::Json(value.clone()));
            }
            return Ok(());
        }
        let start = self.start();
        let mut value = self.eval(step, item, scope)?;
        for stage in &step.step.stages {
            if let Stage::Filter(filter) = stage {
                value = self.filter(filter, value, scope)?;
            }
        }
        self.settle(start, &value);
        if !value.is_undefined() {
            results.accept(value);
        }
        Ok(())
    }

    /// A path on which variables are bound: every item carries its own bindings.
    fn tuple_path(&self, node: &Node, path: &Path, input: &Item, scope: &Scope) -> Outcome<Item> {
        let mut source = first_source(path, input);
        let mut result = Item::Undefined;
        let mut tuples: Option<Vec<Tuple>> = None;
        for (index, step) in path.steps.iter().enumerate() {
            if index == 0 && step.step.constructed {
                result = self.eval(step, &source.into_sequence(), scope)?;
            } else if step.step.tuple || tuples.is_some() {
                let fresh = tuples.is_none();
                let before = tuples.take().unwrap_or_else(|| source.tuples());
                tuples = Some(self.tuple_step(step, before, fresh, scope)?);
                continue;
            } else {
                result = self.step(step, &source, scope, index + 1 == path.steps.len())?;
            }
            if result.is_undefined() || result.elements().is_some_and(|items| items.len() == 0) {
                break;
            }
            source = Source::Each(result.clone());
        }
        let carried = node.step.tuple;
        match tuples {
            Some(tuples) => self.finish_tuples(node, path, tuples, carried, scope),
            None => {
                if path.keep_singleton {
                    result = kept(result);
                }
                match &node.group {
                    Some(group) => self.group(group, &result, scope),
                    None => Ok(result),
                }
            }
        }
    }

    fn finish_tuples(
        &self,
        node: &Node,
        path: &Path,
        tuples: Vec<Tuple>,
        carried: bool,
        scope: &Scope,
    ) -> Outcome<Item> {
        if let Some(group) = &node.group {
            return self.group(group, &Item::Tuples(Rc::new(tuples)), scope);
        }
        if carried {
            return Ok(Item::Tuples(Rc::new(tuples)));
        }
        let result = Item::sequence(tuples.into_iter().map(|tuple| tuple.item).collect());
        Ok(if path.keep_singleton { kept(result) } else { result })
    }
}

impl Source {
    fn into_sequence(self) -> Item {
        match self {
            Source::One(item) => Item::sequence(vec![item]),
            Source::Each(items) => items,
        }
    }

    fn tuples(&self) -> Vec<Tuple> {
        let tuple = |item| Tuple { item, bindings: Vec::new() };
        match self {
            Source::One(item) => vec![tuple(item.clone())],
            Source::Each(items) => match items.elements() {
                Some(elements) => elements.iter().map(tuple).collect(),
                None => Vec::new(),
            },
        }
    }
}

fn first_source(path: &Path, input: &Item) -> Source {
    let from_variable = path
        .steps
        .first()
        .is_some_and(|step| matches!(step.kind, Kind::Variable(_) | Kind::Context));
    if input.is_array() && !from_variable {
        Source::Each(input.clone())
    } else {
        Source::One(input.clone())
    }
}

/// What the next step sees of a single result.
fn enter(value: Item) -> Source {
    if !value.is_array() || value.marks().constructed {
        return Source::One(value);
    }
    let Item::List(mut list) = value else { return Source::Each(value) };
    // What is gathered from a step is a new sequence: that the value was to stay an array is forgotten.
    let marks = Marks { sequence: true, ..Marks::default() };
    if list.marks != marks {
        Rc::make_mut(&mut list).marks = marks;
    }
    Source::Each(Item::List(list))
}

/// A single result of the last step: an array stays as it is.
fn single(value: Item) -> Item {
    if value.is_array() { value } else { Item::sequence(vec![value]) }
}

/// A result that is to stay an array.
fn kept(result: Item) -> Item {
    let Item::List(mut list) = result else { return result };
    if list.marks.constructed && !list.marks.sequence {
        let marks = Marks { sequence: true, keep: true, ..Marks::default() };
        return Item::List(Rc::new(List { items: vec![Item::List(list)], marks }));
    }
    Rc::make_mut(&mut list).marks.keep = true;
    Item::List(list)
}

/// How far plain names can be followed through plain objects.
enum Walk<'v> {
    /// There is no such member.
    Missing,
    /// To the end.
    End(&'v Value),
    /// To this value, which the step of this index goes on from.
    Stopped(&'v Value, usize),
    /// Not at all.
    Unfit,
}

fn walk<'v>(steps: &[Node], input: &'v Item) -> Walk<'v> {
    let Item::Json(start @ Value::Object(_)) = input else { return Walk::Unfit };
    let mut value = start;
    for (index, step) in steps.iter().enumerate() {
        let (Kind::Name(name), true) = (&step.kind, step.step.stages.is_empty()) else {
            return match value {
                _ if index == 0 => Walk::Unfit,
                Value::Array(items) if items.is_empty() => Walk::Missing,
                _ => Walk::Stopped(value, index),
            };
        };
        match value {
            Value::Object(map) => match field(map, name) {
                Some(member) => value = member,
                None => return Walk::Missing,
            },
            Value::Array(items) if items.is_empty() => return Walk::Missing,
            Value::Array(_) => return Walk::Stopped(value, index),
            _ => return Walk::Missing,
        }
    }
    Walk::End(value)
}

/// Results of one step, flattened as they come.
struct Results {
    last: bool,
    count: usize,
    /// The only result so far of the last step, which is not flattened if it stays the only one.
    first: Option<Item>,
    items: Vec<Item>,
}

impl Results {
    fn new(last: bool) -> Results {
        Results { last, count: 0, first: None, items: Vec::new() }
    }

    fn reserve(&mut self, count: usize) {
        self.items.reserve(count);
    }

    fn len(&self) -> usize {
        self.items.len()
    }

    fn accept(&mut self, value: Item) {
        self.count += 1;
        if self.last && self.count == 1 && value.is_array() && !value.is_sequence() {
            self.first = Some(value);
            return;
        }
        if let Some(first) = self.first.take() {
            flatten(&mut self.items, first);
        }
        flatten(&mut self.items, value);
    }

    fn finish(self) -> Item {
        self.first.unwrap_or_else(|| Item::sequence(self.items))
    }
}

fn flatten(items: &mut Vec<Item>, value: Item) {
    if value.is_array() && !value.marks().constructed {
        items.extend(value.into_items());
    } else {
        items.push(value);
    }
}

/// A field of an object, or of each object in an array, however deep in arrays; not yet reduced.
pub(crate) fn lookup(input: &Item, name: &str, meter: &Meter) -> Outcome<Item> {
    match input {
        Item::Json(Value::Object(map)) => {
            Ok(field(map, name).map_or(Item::Undefined, |value| Item::Json(value.clone())))
        }
        Item::Record(record) => Ok(record.get(name).cloned().unwrap_or_default()),
        other => match other.elements() {
            None => Ok(Item::Undefined),
            Some(elements) => {
                meter.spend(LOOK_INTO_ARRAY + elements.len() as u64)?;
                let mut found = Vec::new();
                for item in elements.iter() {
                    let value = lookup(&item, name, meter)?;
                    if value.is_array() {
                        found.extend(value.into_items());
                    } else if !value.is_undefined() {
                        found.push(value);
                    }
                }
                Ok(Item::sequence(found))
            }
        },
    }
}

/// Steps that looking into an array takes, besides one for each of its items.
const LOOK_INTO_ARRAY: u64 = 2;
