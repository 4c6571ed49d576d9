//! Functions that apply functions: `$map`, `$filter`, `$single`, `$reduce`, `$sift`, `$each`.

use super::super::error::{Fault, Outcome};
use super::super::eval::Evaluator;
use super::super::eval::bounds::ITEM;
use super::super::eval::function::Arguments;
use super::super::item::{Item, Record};

/// `$map`
pub(super) fn map(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(elements) = arguments.get(0).elements() else { return Ok(Item::Undefined) };
    let mut results = Vec::with_capacity(elements.len());
    for (index, item) in elements.iter().enumerate() {
        let result = visit(evaluator, arguments, item, index)?;
        if !result.is_undefined() {
            results.push(result);
            evaluator.meter.allocate(ITEM)?;
        }
    }
    evaluator.nested(&results)?;
    Ok(Item::sequence(results))
}

/// `$filter`
pub(super) fn filter(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(elements) = arguments.get(0).elements() else { return Ok(Item::Undefined) };
    let mut kept = Vec::new();
    for (index, item) in elements.iter().enumerate() {
        let verdict = visit(evaluator, arguments, item.clone(), index)?;
        if evaluator.truth(&verdict)? {
            kept.push(item);
            evaluator.meter.allocate(ITEM)?;
        }
    }
    Ok(Item::sequence(kept))
}

/// `$single`: the only item that fits.
pub(super) fn single(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(elements) = arguments.get(0).elements() else { return Ok(Item::Undefined) };
    let mut found = None;
    for (index, item) in elements.iter().enumerate() {
        let fits = arguments.get(1).is_undefined() || {
            let verdict = visit(evaluator, arguments, item.clone(), index)?;
            evaluator.truth(&verdict)?
        };
        if fits && found.replace(item).is_some() {
            return Err(Fault::new("D3138"));
        }
    }
    found.ok_or_else(|| Fault::new("D3139"))
}

/// `$reduce(array, function, start)`
pub(super) fn reduce(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(elements) = arguments.get(0).elements() else { return Ok(Item::Undefined) };
    let function = arguments.get(1);
    let arity = arity(function);
    if arity < 2 {
        return Err(Fault::new("D3050"));
    }
    let mut result = arguments.get(2).clone();
    let mut items = elements.iter().enumerate();
    if result.is_undefined() {
        result = items.next().map(|(_, item)| item).unwrap_or_default();
    }
    let start = evaluator.start();
    for (index, item) in items {
        let mut given = vec![result, item];
        if arity > 2 {
            given.push(Item::number(index as f64));
        }
        if arity > 3 {
            given.push(arguments.get(0).clone());
        }
        result = evaluator.invoke(function, given)?;
        evaluator.settle(start, &result);
    }
    Ok(result)
}

/// `$sift`: the members that fit.
pub(super) fn sift(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let mut kept = Record::new();
    for (key, item) in arguments.get(0).members() {
        let verdict = visit_member(evaluator, arguments, item.clone(), &key)?;
        if evaluator.truth(&verdict)? {
            kept.insert(key, item);
            evaluator.meter.allocate(ITEM)?;
        }
    }
    Ok(if kept.is_empty() { Item::Undefined } else { Item::object(kept) })
}

/// `$each`: the function applied to each member.
pub(super) fn each(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let mut results = Vec::new();
    for (key, item) in arguments.get(0).members() {
        let result = visit_member(evaluator, arguments, item, &key)?;
        if !result.is_undefined() {
            results.push(result);
            evaluator.meter.allocate(ITEM)?;
        }
    }
    evaluator.nested(&results)?;
    Ok(Item::sequence(results))
}

/// The function applied to an item, its index and the array, as far as it takes them.
fn visit(
    evaluator: &Evaluator<'_>,
    arguments: &Arguments,
    item: Item,
    index: usize,
) -> Outcome<Item> {
    let function = arguments.get(1);
    let arity = arity(function);
    let mut given = vec![item];
    if arity > 1 {
        given.push(Item::number(index as f64));
    }
    if arity > 2 {
        given.push(arguments.get(0).clone());
    }
    evaluator.invoke(function, given)
}

fn visit_member(
    evaluator: &Evaluator<'_>,
    arguments: &Arguments,
    item: Item,
    key: &std::sync::Arc<str>,
) -> Outcome<Item> {
    let function = arguments.get(1);
    let arity = arity(function);
    let mut given = vec![item];
    if arity > 1 {
        given.push(Item::string(std::sync::Arc::clone(key)));
    }
    if arity > 2 {
        given.push(arguments.get(0).clone());
    }
    evaluator.invoke(function, given)
}

fn arity(function: &Item) -> usize {
    match function {
        Item::Function(function) => function.arity(),
        _ => 0,
    }
}
