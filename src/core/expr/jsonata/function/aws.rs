//! What AWS adds to the language: `$partition`, `$range`, `$hash`, `$random` with a seed, `$uuid`, `$parse`.
//!
//! Behaviour is as recorded on AWS where it has been; texts of errors are our own, since none has been recorded.

use sha2::Digest as _;

use super::super::super::value::Value;
use super::super::error::{Fault, Outcome};
use super::super::eval::Evaluator;
use super::super::eval::bounds::ITEM;
use super::super::eval::function::Arguments;
use super::super::item::Item;
use super::super::limit;
use super::string::made;

/// `$partition(array, size)`: the array in parts of that size, the last one shorter.
pub(super) fn partition(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(size) = arguments.get(1).as_f64() else { return Ok(Item::Undefined) };
    let array = arguments.take(0);
    if array.is_undefined() {
        return Ok(Item::Undefined);
    }
    let size = size.floor();
    if size < 1.0 {
        return Err(Fault::uncoded("The second argument of partition must be a positive integer"));
    }
    let items = array.into_items();
    evaluator.meter.allocate(items.len() * 2 * ITEM)?;
    evaluator.nested(&items)?;
    let size = size.min(items.len().max(1) as f64) as usize;
    let part = |part: &[Item]| Item::plain_array(part.to_vec());
    Ok(Item::plain_array(items.chunks(size).map(part).collect()))
}

/// `$range(first, last, step)`: last included; arguments are truncated; the result is a sequence.
pub(super) fn range(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let bound = |index: usize| arguments.get(index).as_f64().map(f64::trunc);
    let (Some(first), Some(last), Some(step)) = (bound(0), bound(1), bound(2)) else {
        return Ok(Item::Undefined);
    };
    if step == 0.0 {
        return Err(Fault::uncoded("The third argument of range must not be zero"));
    }
    let steps = ((last - first) / step).floor();
    if steps < 0.0 || !steps.is_finite() {
        return Ok(Item::Undefined);
    }
    if steps >= MOST_IN_RANGE {
        return Err(Fault::limit(limit::MEMORY));
    }
    let count = steps as usize + 1;
    evaluator.meter.allocate(count * ITEM)?;
    let item = |index: usize| evaluator.number(first + index as f64 * step);
    Ok(Item::sequence((0..count).map(item).collect()))
}

/// `$hash(text, algorithm)`: lower-case hexadecimal; names of algorithms are case-sensitive.
pub(super) fn hash(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(text) = arguments.get(0).as_str() else { return Ok(Item::Undefined) };
    let Some(algorithm) = arguments.get(1).as_str() else { return Ok(Item::Undefined) };
    evaluator.meter.spend(text.len() as u64 / 8)?;
    let digest = match algorithm {
        "MD5" => md5::Md5::digest(text).to_vec(),
        "SHA-1" => sha1::Sha1::digest(text).to_vec(),
        "SHA-256" => sha2::Sha256::digest(text).to_vec(),
        "SHA-384" => sha2::Sha384::digest(text).to_vec(),
        "SHA-512" => sha2::Sha512::digest(text).to_vec(),
        _ => {
            return Err(Fault::uncoded(
                "The second argument of hash must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512",
            ));
        }
    };
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    made(evaluator, hex)
}

/// `$random(seed)`: with a seed, the first double of Java's generator of that seed.
pub(super) fn random(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let n = match arguments.get(0).as_f64() {
        Some(seed) => java_double(seed as i64),
        None => evaluator.entropy.borrow_mut().unit(),
    };
    Ok(evaluator.number(n))
}

/// `new java.util.Random(seed).nextDouble()`: a linear congruence of 48 bits, 26 and 27 of which are drawn.
fn java_double(seed: i64) -> f64 {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let mut state = (seed as u64 ^ MULTIPLIER) & MASK;
    let mut next = |bits: u32| {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xb) & MASK;
        state >> (48 - bits)
    };
    let high = next(26) << 27;
    (high + next(27)) as f64 / (1u64 << 53) as f64
}

/// `$uuid()`
pub(super) fn uuid(evaluator: &Evaluator<'_>, _: &mut Arguments) -> Outcome<Item> {
    made(evaluator, evaluator.entropy.borrow_mut().uuid())
}

/// `$parse(json)`
pub(super) fn parse(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(text) = arguments.get(0).as_str() else { return Ok(Item::Undefined) };
    evaluator.meter.allocate(text.len())?;
    match Value::parse(text) {
        Ok(value) => Ok(Item::Json(value)),
        Err(error) => Err(Fault::uncoded(&format!("The argument of parse is not JSON: {error}"))),
    }
}

const MOST_IN_RANGE: f64 = 360_145.0;
