//! Sorting: a stable merge sort that compares in the order the language's own does, so that of several errors the same
//! one is found. Keys are evaluated once for each item, when they are first compared.

use std::cell::OnceCell;
use std::rc::Rc;

use super::super::super::value::Value;
use super::super::ast::{Kind, Node, Term};
use super::super::error::{Fault, Outcome};
use super::super::item::{Item, List, Marks, Tuple};
use super::Evaluator;
use super::bounds::ITEM;
use super::frame::{Frame, Scope};
use super::operator::compare_text;

impl Evaluator<'_> {
    /// `^(…)` applied to items.
    pub(super) fn sort(&self, terms: &[Term], input: Item, scope: &Scope) -> Outcome<Item> {
        if input.elements().is_some_and(|items| items.len() <= 1) {
            return Ok(match input {
                Item::List(_) => input,
                plain => Item::sequence(plain.into_items()),
            });
        }
        let items = input.into_items();
        self.meter.allocate(items.len() * ITEM)?;
        let make = |term: &Term, index: usize| self.eval(&term.key, &items[index], scope);
        let order = match self.simple_order(terms, items.len(), &make)? {
            Some(order) => order,
            None => {
                let keys = Keys::new(terms.len(), items.len());
                merge_sort(items.len(), &mut |a, b| keys.is_after(self, terms, (a, b), &make))?
            }
        };
        let items = order.into_iter().map(|index| items[index].clone()).collect();
        // A sorted array is an array, not a sequence.
        Ok(Item::List(Rc::new(List { items, marks: Marks::default() })))
    }

    /// The order by one key that is a number everywhere: nothing can go wrong, so the order of comparisons is free.
    fn simple_order(
        &self,
        terms: &[Term],
        count: usize,
        make: MakeKey<'_>,
    ) -> Outcome<Option<Vec<usize>>> {
        let [term] = terms else { return Ok(None) };
        if !is_field(&term.key) {
            return Ok(None);
        }
        let mut keys = Vec::with_capacity(count);
        for index in 0..count {
            match make(term, index)?.as_f64() {
                Some(key) if !key.is_nan() => keys.push(key),
                _ => return Ok(None),
            }
        }
        self.meter.spend(count as u64)?;
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|a, b| {
            let order = keys[*a].partial_cmp(&keys[*b]).unwrap_or(std::cmp::Ordering::Equal);
            if term.descending { order.reverse() } else { order }
        });
        Ok(Some(order))
    }

    /// `^(…)` applied to tuples.
    pub(super) fn sort_tuples(
        &self,
        terms: &[Term],
        tuples: &[Tuple],
        scope: &Scope,
    ) -> Outcome<Vec<Tuple>> {
        self.meter.allocate(tuples.len() * ITEM)?;
        let keys = Keys::new(terms.len(), tuples.len());
        let order = merge_sort(tuples.len(), &mut |a, b| {
            keys.is_after(self, terms, (a, b), &|term, index| {
                let inner = Frame::inside(scope, tuples[index].bindings.clone());
                self.eval(&term.key, &tuples[index].item, &inner)
            })
        })?;
        Ok(order.into_iter().map(|index| tuples[index].clone()).collect())
    }
}

/// Whether a key is a plain field, whose evaluation cannot fail.
fn is_field(key: &Node) -> bool {
    matches!(&key.kind, Kind::Path(path) if path.steps.iter().all(|step| {
        matches!(step.kind, Kind::Name(_)) && step.step.stages.is_empty()
    }))
}

/// Keys of all items, evaluated when needed.
struct Keys {
    terms: usize,
    known: Vec<OnceCell<Item>>,
}

type MakeKey<'k> = &'k dyn Fn(&Term, usize) -> Outcome<Item>;

impl Keys {
    fn new(terms: usize, items: usize) -> Keys {
        Keys { terms, known: vec![OnceCell::new(); terms * items] }
    }

    fn is_after(
        &self,
        evaluator: &Evaluator<'_>,
        terms: &[Term],
        (a, b): (usize, usize),
        make: MakeKey<'_>,
    ) -> Outcome<bool> {
        evaluator.meter.spend(1)?;
        for (number, term) in terms.iter().enumerate() {
            let left = self.key(number, term, a, make)?;
            let right = self.key(number, term, b, make)?;
            let order = compare(left, right)?;
            if order.is_ne() {
                let missing = left.is_undefined() || right.is_undefined();
                // Items without a key come last in either direction.
                return Ok(if term.descending && !missing { order.is_lt() } else { order.is_gt() });
            }
        }
        Ok(false)
    }

    fn key(&self, number: usize, term: &Term, index: usize, make: MakeKey<'_>) -> Outcome<&Item> {
        let cell = &self.known[index * self.terms + number];
        if let Some(key) = cell.get() {
            return Ok(key);
        }
        let key = make(term, index)?;
        Ok(cell.get_or_init(|| key))
    }
}

fn compare(left: &Item, right: &Item) -> Outcome<std::cmp::Ordering> {
    use std::cmp::Ordering;
    match (left.is_undefined(), right.is_undefined()) {
        (true, true) => return Ok(Ordering::Equal),
        (true, false) => return Ok(Ordering::Greater),
        (false, true) => return Ok(Ordering::Less),
        (false, false) => {}
    }
    for key in [left, right] {
        if !matches!(key, Item::Json(Value::String(_) | Value::Int(_) | Value::Float(_))) {
            return Err(Fault::new("T2008").with("value", key.mention()));
        }
    }
    match (left, right) {
        (Item::Json(Value::String(a)), Item::Json(Value::String(b))) => Ok(compare_text(a, b)),
        _ => match (left.as_f64(), right.as_f64()) {
            (Some(a), Some(b)) => Ok(a.partial_cmp(&b).unwrap_or(Ordering::Greater)),
            _ => Err(Fault::new("T2007")
                .with("value", left.mention())
                .with("value2", right.mention())),
        },
    }
}

/// The order of `count` things, sorted by merging; `is_after` says whether the first belongs behind the second.
pub(crate) fn merge_sort(
    count: usize,
    is_after: &mut dyn FnMut(usize, usize) -> Outcome<bool>,
) -> Outcome<Vec<usize>> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut buffer = order.clone();
    sort_range(&mut order, &mut buffer, is_after)?;
    Ok(order)
}

fn sort_range(
    order: &mut [usize],
    buffer: &mut [usize],
    is_after: &mut dyn FnMut(usize, usize) -> Outcome<bool>,
) -> Outcome<()> {
    if order.len() <= 1 {
        return Ok(());
    }
    let middle = order.len() / 2;
    let (left, right) = order.split_at_mut(middle);
    let (left_buffer, right_buffer) = buffer.split_at_mut(middle);
    sort_range(left, left_buffer, is_after)?;
    sort_range(right, right_buffer, is_after)?;
    let (mut l, mut r) = (0, 0);
    for place in buffer.iter_mut() {
        let take_right = match (left.get(l), right.get(r)) {
            (Some(a), Some(b)) => is_after(*a, *b)?,
            (left, _) => left.is_none(),
        };
        let (source, index) = if take_right { (&right, &mut r) } else { (&left, &mut l) };
        *place = source[*index];
        *index += 1;
    }
    order.copy_from_slice(buffer);
    Ok(())
}
