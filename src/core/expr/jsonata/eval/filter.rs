//! Predicates: by position, by a list of positions, or by a condition.

use std::rc::Rc;

use super::super::ast::{Kind, Node, Operator};
use super::super::error::Outcome;
use super::super::item::{Elements, Item, Tuple};
use super::Evaluator;
use super::bounds::ITEM;
use super::frame::{Frame, Scope};
use super::operator::numeric;

impl Evaluator<'_> {
    /// The items of a value that a predicate lets through, as a sequence.
    pub(super) fn filter(&self, predicate: &Node, input: Item, scope: &Scope) -> Outcome<Item> {
        if let Item::Tuples(tuples) = input {
            let tuples = Rc::try_unwrap(tuples).unwrap_or_else(|shared| (*shared).clone());
            return Ok(Item::Tuples(Rc::new(self.filter_tuples(predicate, tuples, scope)?)));
        }
        let alone = std::slice::from_ref(&input);
        let elements = input.elements().unwrap_or(Elements::Items(alone));
        if let Some(position) = position(predicate) {
            let item = place(position, elements.len()).and_then(|index| elements.at(index));
            return Ok(match item {
                None | Some(Item::Undefined) => Item::sequence(Vec::new()),
                Some(item) if item.is_array() => item,
                Some(item) => Item::sequence(vec![item]),
            });
        }
        let mut kept = Vec::new();
        if is_constant(predicate) {
            let verdict = self.eval(predicate, &Item::Undefined, scope)?;
            self.meter.spend(elements.len() as u64)?;
            for (index, item) in elements.iter().enumerate() {
                for _ in 0..self.verdict(&verdict, index, elements.len())? {
                    kept.push(item.clone());
                }
            }
            self.meter.allocate(kept.len() * ITEM)?;
            return Ok(Item::sequence(kept));
        }
        for (index, item) in elements.iter().enumerate() {
            let start = self.start();
            let verdict = self.eval(predicate, &item, scope)?;
            for _ in 0..self.verdict(&verdict, index, elements.len())? {
                kept.push(item.clone());
            }
            self.settle(start, &Item::Undefined);
        }
        self.meter.allocate(kept.len() * ITEM)?;
        Ok(Item::sequence(kept))
    }

    /// The tuples that a predicate lets through.
    pub(super) fn filter_tuples(
        &self,
        predicate: &Node,
        tuples: Vec<Tuple>,
        scope: &Scope,
    ) -> Outcome<Vec<Tuple>> {
        let count = tuples.len();
        if let Some(position) = position(predicate) {
            let tuple = place(position, count).and_then(|index| tuples.into_iter().nth(index));
            return Ok(tuple.into_iter().collect());
        }
        let mut kept = Vec::new();
        for (index, tuple) in tuples.into_iter().enumerate() {
            let inner = Frame::inside(scope, tuple.bindings.clone());
            let verdict = self.eval(predicate, &tuple.item, &inner)?;
            for _ in 0..self.verdict(&verdict, index, count)? {
                kept.push(tuple.clone());
            }
        }
        self.meter.allocate(kept.len() * ITEM)?;
        Ok(kept)
    }

    /// How often the item at `index` is let through: numbers select positions, anything else is a condition.
    fn verdict(&self, verdict: &Item, index: usize, count: usize) -> Outcome<usize> {
        if let Item::Json(super::super::super::value::Value::Bool(yes)) = verdict {
            return Ok(usize::from(*yes));
        }
        if let Some(n) = numeric(verdict)? {
            return Ok(usize::from(place(n, count) == Some(index)));
        }
        let Some(elements) = verdict.elements() else {
            return Ok(usize::from(self.truth(verdict)?));
        };
        self.meter.spend(elements.len() as u64 / 2)?;
        let mut hits = 0;
        for item in elements.iter() {
            match numeric(&item)? {
                Some(n) => hits += usize::from(place(n, count) == Some(index)),
                None => return Ok(usize::from(self.truth(verdict)?)),
            }
        }
        Ok(hits)
    }
}

/// The position a constant predicate selects.
fn position(predicate: &Node) -> Option<f64> {
    match predicate.kind {
        Kind::Number(n) if predicate.filters.is_empty() => Some(n),
        _ => None,
    }
}

/// Whether a predicate is an array of numbers and ranges of numbers: the same for every item.
fn is_constant(predicate: &Node) -> bool {
    let number = |node: &Node| matches!(node.kind, Kind::Number(_)) && node.filters.is_empty();
    let part = |node: &Node| match &node.kind {
        Kind::Binary(Operator::Range, both) => number(&both.0) && number(&both.1),
        _ => number(node),
    };
    match &predicate.kind {
        Kind::Array(elements) => {
            predicate.filters.is_empty()
                && predicate.group.is_none()
                && elements.iter().all(|element| part(&element.node))
        }
        _ => false,
    }
}

/// The index of a position, which counts from the end if it is negative and is rounded down.
fn place(position: f64, count: usize) -> Option<usize> {
    let position = position.floor();
    let index = if position < 0.0 { position + count as f64 } else { position };
    (index >= 0.0 && index < count as f64).then_some(index as usize)
}
