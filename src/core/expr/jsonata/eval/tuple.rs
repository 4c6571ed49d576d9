//! Steps of a path that bind variables: `@$v`, `#$i`, and those that a `%` refers back to.

use super::super::ast::{Kind, Node, Stage};
use super::super::error::Outcome;
use super::super::item::{Item, Tuple};
use super::Evaluator;
use super::frame::{Frame, Scope};

impl Evaluator<'_> {
    /// One step applied to all tuples. `fresh`: no variable has been bound on the path so far.
    pub(super) fn tuple_step(
        &self,
        step: &Node,
        tuples: Vec<Tuple>,
        fresh: bool,
        scope: &Scope,
    ) -> Outcome<Vec<Tuple>> {
        let results = if let Kind::Sort(terms) = &step.kind {
            let mut sorted = self.sort_tuples(terms, &tuples, scope)?;
            if let (true, Some(name)) = (fresh, step.step.index) {
                for (position, tuple) in sorted.iter_mut().enumerate() {
                    tuple.bind(name, Item::number(position as f64));
                }
            }
            sorted
        } else {
            let mut results = Vec::with_capacity(tuples.len());
            for tuple in tuples {
                self.step_tuple(step, &tuple, scope, &mut results)?;
            }
            results
        };
        self.meter.allocate(results.len() * TUPLE)?;
        self.tuple_stages(&step.step.stages, results, scope)
    }

    fn step_tuple(
        &self,
        step: &Node,
        tuple: &Tuple,
        scope: &Scope,
        results: &mut Vec<Tuple>,
    ) -> Outcome<()> {
        let inner = Frame::inside(scope, tuple.bindings.clone());
        let value = self.eval(step, &tuple.item, &inner)?;
        if let Item::Tuples(stream) = &value {
            for more in stream.iter() {
                let mut joined = tuple.clone();
                joined.item = more.item.clone();
                for (name, value) in &more.bindings {
                    joined.bind(*name, value.clone());
                }
                results.push(joined);
            }
            return Ok(());
        }
        let values = if value.is_array() { value.into_items() } else { present(value) };
        for (position, value) in values.into_iter().enumerate() {
            let mut next = tuple.clone();
            match step.step.focus {
                Some(name) => next.bind(name, value),
                None => next.item = value,
            }
            if let Some(name) = step.step.index {
                next.bind(name, Item::number(position as f64));
            }
            let label = step.step.ancestor.and_then(|slot| self.program.labels.get(slot as usize));
            if let Some(label) = label {
                next.bind(*label, tuple.item.clone());
            }
            results.push(next);
        }
        Ok(())
    }

    fn tuple_stages(
        &self,
        stages: &[Stage],
        tuples: Vec<Tuple>,
        scope: &Scope,
    ) -> Outcome<Vec<Tuple>> {
        let mut tuples = tuples;
        for stage in stages {
            match stage {
                Stage::Filter(filter) => tuples = self.filter_tuples(filter, tuples, scope)?,
                Stage::Index(name) => {
                    for (position, tuple) in tuples.iter_mut().enumerate() {
                        tuple.bind(*name, Item::number(position as f64));
                    }
                }
            }
        }
        Ok(tuples)
    }
}

fn present(value: Item) -> Vec<Item> {
    if value.is_undefined() { Vec::new() } else { vec![value] }
}

/// What a tuple counts for.
const TUPLE: usize = 32;
