//! `States.Array` and the functions on arrays.

use std::collections::BTreeSet;

use super::arguments::{Arg, Given, Kind, Signature, UNCHECKED, parameter};
use crate::expr::Value;

/// Documented for `States.ArrayRange`.
const LONGEST_RANGE: i128 = 1000;

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature { name: "States.Array", parameters: &[], optional: 0, variadic: true, body: array },
    Signature::new(
        "States.ArrayPartition",
        &[parameter("array", Kind::Array), parameter("chunk size", Kind::Integer)],
        partition,
    ),
    Signature::new(
        "States.ArrayContains",
        &[parameter("array", Kind::Array), parameter("value", Kind::Any)],
        contains,
    ),
    Signature::new(
        "States.ArrayRange",
        &[
            parameter("first", Kind::Integer),
            parameter("last", Kind::Integer),
            parameter("step", Kind::Integer),
        ],
        range,
    ),
    Signature::new(
        "States.ArrayGetItem",
        &[parameter("array", Kind::Array), parameter("index", Kind::Integer)],
        item,
    ),
    Signature::new("States.ArrayLength", &[parameter("array", Kind::Array)], length),
    Signature::new("States.ArrayUnique", &[parameter("array", Kind::Array)], unique),
];

fn array(given: &Given<'_>) -> Result<Value, String> {
    let value = |arg: &Arg| if let Arg::Any(value) = arg { Some(value.clone()) } else { None };
    Ok(Value::array(given.arguments.iter().filter_map(value)))
}

fn partition(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Array(items), Arg::Integer(size)] = given.arguments else {
        return Err(UNCHECKED.into());
    };
    if *size <= 0 {
        return Err(format!("the chunk size must be positive but was {size}"));
    }
    let size = usize::try_from(*size).unwrap_or(usize::MAX);
    Ok(Value::array(items.chunks(size).map(|chunk| Value::array(chunk.iter().cloned()))))
}

fn contains(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Array(items), Arg::Any(value)] = given.arguments else {
        return Err(UNCHECKED.into());
    };
    Ok(items.contains(value).into())
}

/// Up to and including the last number, if a step hits it.
fn range(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Integer(first), Arg::Integer(last), Arg::Integer(step)] = *given.arguments else {
        return Err(UNCHECKED.into());
    };
    if step == 0 {
        return Err("the step must not be 0".into());
    }
    let distance = i128::from(last) - i128::from(first);
    let count = distance / i128::from(step) + 1;
    if distance != 0 && (distance > 0) != (step > 0) {
        return Ok(Value::array([]));
    }
    if count > LONGEST_RANGE {
        return Err(format!(
            "the array must not have more than {LONGEST_RANGE} elements but had {count}"
        ));
    }
    // Every number lies between the first and the last, so none overflows.
    Ok(Value::array((0..count as i64).map(|n| Value::Int(first + n * step))))
}

fn item(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Array(items), Arg::Integer(index)] = given.arguments else {
        return Err(UNCHECKED.into());
    };
    usize::try_from(*index).ok().and_then(|at| items.get(at)).cloned().ok_or_else(|| {
        format!("the index {index} is out of bounds for an array of length {}", items.len())
    })
}

fn length(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Array(items)] = given.arguments else { return Err(UNCHECKED.into()) };
    Ok(Value::Int(items.len() as i64))
}

/// The first of equal values stays. Numbers of the same value but of different kinds (`1`, `1.0`) differ.
fn unique(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Array(items)] = given.arguments else { return Err(UNCHECKED.into()) };
    let mut seen = BTreeSet::new();
    Ok(Value::array(items.iter().filter(|item| seen.insert(canonical(item))).cloned()))
}

/// JSON text that is the same for equal values, whatever the order of their keys.
fn canonical(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let mut members: Vec<String> = members
                .iter()
                .map(|(key, member)| {
                    format!("{}:{}", Value::from(&**key).to_json(), canonical(member))
                })
                .collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_json(),
    }
}
