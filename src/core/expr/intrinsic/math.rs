//! `States.MathAdd`, `States.MathRandom`.

use super::arguments::{Arg, Given, Kind, Signature, UNCHECKED, parameter};
use super::java::Random;
use crate::expr::Value;

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature::new(
        "States.MathAdd",
        &[parameter("value1", Kind::Integer), parameter("value2", Kind::Integer)],
        add,
    ),
    Signature {
        name: "States.MathRandom",
        parameters: &[
            parameter("start", Kind::Integer),
            parameter("end", Kind::Integer),
            parameter("seed", Kind::Integer),
        ],
        optional: 1,
        variadic: false,
        body: random,
    },
];

/// Each number is rounded before it is added (recorded: 1.5 + 1.51 = 4).
fn add(given: &Given<'_>) -> Result<Value, String> {
    let [Arg::Integer(a), Arg::Integer(b)] = given.arguments else { return Err(UNCHECKED.into()) };
    a.checked_add(*b).map(Value::Int).ok_or_else(|| format!("the sum of {a} and {b} is too large"))
}

/// From the first number up to, not including, the second. With a seed always the same.
fn random(given: &Given<'_>) -> Result<Value, String> {
    let (start, end, seed) = match *given.arguments {
        [Arg::Integer(start), Arg::Integer(end)] => (start, end, None),
        [Arg::Integer(start), Arg::Integer(end), Arg::Integer(seed)] => (start, end, Some(seed)),
        _ => return Err(UNCHECKED.into()),
    };
    if start >= end {
        return Err(format!("the start {start} must be less than the end {end}"));
    }
    let width = end.wrapping_sub(start) as u64;
    let offset = match seed {
        Some(seed) => seeded(seed, width),
        None => ((u128::from(given.entropy.borrow_mut().bits()) * u128::from(width)) >> 64) as u64,
    };
    Ok(Value::Int(start.wrapping_add_unsigned(offset)))
}

fn seeded(seed: i64, width: u64) -> u64 {
    let mut random = Random::new(seed);
    match i32::try_from(width) {
        Ok(width) => u64::from(random.next_int(width).unsigned_abs()),
        Err(_) => (random.next_long() as u64) % width,
    }
}
