//! Functions on numbers.

use super::super::super::value::Value;
use super::super::datetime::integer;
use super::super::error::{Fault, Outcome};
use super::super::eval::Evaluator;
use super::super::eval::function::Arguments;
use super::super::format_number as picture;
use super::super::item::Item;
use super::super::number::print;
use super::string::made;

/// `$number`
pub(super) fn number(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let value = arguments.take(0);
    let n = match &value {
        Item::Undefined => return Ok(Item::Undefined),
        Item::Json(Value::Bool(yes)) => Some(f64::from(u8::from(*yes))),
        Item::Json(Value::String(text)) => read(text),
        Item::Json(Value::Int(_) | Value::Float(_)) => return Ok(value),
        _ => None,
    };
    match n.filter(|n| n.is_finite()) {
        Some(n) => Ok(evaluator.number(n)),
        None => Err(Fault::new("D3030").with("value", value.mention())),
    }
}

/// A decimal number as JSON writes it, or a hexadecimal, octal or binary integer.
fn read(text: &str) -> Option<f64> {
    let radix = match text.get(..2) {
        Some("0x" | "0X") => 16,
        Some("0o" | "0O") => 8,
        Some("0b" | "0B") => 2,
        _ => return is_decimal(text).then(|| text.parse().ok()).flatten(),
    };
    let digits = text.get(2..)?;
    let digit = |total: Option<f64>, c: char| {
        Some(total.unwrap_or(0.0) * f64::from(radix) + f64::from(c.to_digit(radix)?))
    };
    digits.chars().try_fold(None, |total, c| digit(total, c).map(Some)).flatten()
}

fn is_decimal(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
        }
        None => (rest, "0"),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    digits(whole) && digits(part) && digits(exponent)
}

/// `$floor`
pub(super) fn floor(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    convert(evaluator, arguments, f64::floor)
}

/// `$ceil`
pub(super) fn ceil(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    convert(evaluator, arguments, f64::ceil)
}

/// `$abs`
pub(super) fn abs(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    convert(evaluator, arguments, f64::abs)
}

/// `$sqrt`
pub(super) fn sqrt(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    match arguments.get(0).as_f64() {
        Some(n) if n < 0.0 => Err(Fault::new("D3060").with("value", arguments.get(0).mention())),
        _ => convert(evaluator, arguments, f64::sqrt),
    }
}

/// `$power`
pub(super) fn power(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(base) = arguments.get(0).as_f64() else { return Ok(Item::Undefined) };
    let exponent = arguments.get(1).as_f64().unwrap_or(f64::NAN);
    // One to the power of infinity or of nothing is not one in JavaScript.
    let undefined = base.abs() == 1.0 && !exponent.is_finite();
    let result = if undefined { f64::NAN } else { base.powf(exponent) };
    if !result.is_finite() {
        return Err(Fault::new("D3061")
            .with("value", arguments.get(0).mention())
            .with("exp", arguments.get(1).mention()));
    }
    Ok(evaluator.number(result))
}

/// `$round(n, places)`: halves go to the even neighbour.
pub(super) fn round(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    // AWS rounds arguments that should be whole down.
    let places = arguments.get(1).as_f64().filter(|n| !n.is_nan()).unwrap_or(0.0).floor();
    convert(evaluator, arguments, |n| round_to(n, places))
}

/// A number rounded to decimal places, halves to the even neighbour.
pub(crate) fn round_to(n: f64, places: f64) -> f64 {
    let scaled = if places == 0.0 { n } else { shift(n, places) };
    let mut result = (scaled + 0.5).floor();
    if scaled.trunc() == scaled || scaled.abs() >= 4_503_599_627_370_496.0 {
        result = scaled;
    } else if scaled == 0.499_999_999_999_999_94 {
        result = 0.0;
    }
    if (result - scaled).abs() == 0.5 && (result % 2.0).abs() == 1.0 {
        result -= 1.0;
    }
    let result = if places == 0.0 { result } else { shift(result, -places) };
    if result == 0.0 { 0.0 } else { result }
}

/// The number with its decimal point moved, by way of its digits.
fn shift(n: f64, places: f64) -> f64 {
    let text = print(n);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent = exponent.parse::<f64>().unwrap_or(0.0) + places;
    format!("{mantissa}e{exponent:.0}").parse().unwrap_or(f64::NAN)
}

/// `$formatBase(n, radix)`
pub(super) fn format_base(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(n) = arguments.get(0).as_f64() else { return Ok(Item::Undefined) };
    let radix = round_to(arguments.get(1).as_f64().unwrap_or(10.0), 0.0);
    if !(2.0..=36.0).contains(&radix) {
        return Err(Fault::new("D3100").with("value", print(radix)));
    }
    let n = round_to(n, 0.0);
    if radix == 10.0 || !n.is_finite() {
        return made(evaluator, print(n));
    }
    made(evaluator, in_base(n, radix))
}

/// The integer's digits; those beyond a double's precision are zeros.
fn in_base(n: f64, radix: f64) -> String {
    let mut digits = Vec::new();
    let mut rest = n.abs();
    while rest >= 9_007_199_254_740_992.0 {
        rest /= radix;
        digits.push('0');
    }
    rest = rest.trunc();
    loop {
        let digit = rest % radix;
        digits.push(char::from_digit(digit as u32, radix as u32).unwrap_or('0'));
        rest = (rest - digit) / radix;
        if rest < 1.0 {
            break;
        }
    }
    if n < 0.0 {
        digits.push('-');
    }
    digits.into_iter().rev().collect()
}

/// `$formatNumber(n, picture, options)`
pub(super) fn format_number(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(n) = arguments.get(0).as_f64() else { return Ok(Item::Undefined) };
    let Some(text) = arguments.get(1).as_str() else { return Ok(Item::Undefined) };
    evaluator.meter.spend(text.len() as u64)?;
    evaluator.meter.foresee(text.len().saturating_mul(2))?;
    made(evaluator, picture::format(n, text, arguments.get(2))?)
}

/// `$formatInteger(n, picture)`
pub(super) fn format_integer(
    evaluator: &Evaluator<'_>,
    arguments: &mut Arguments,
) -> Outcome<Item> {
    let Some(n) = arguments.get(0).as_f64() else { return Ok(Item::Undefined) };
    let Some(text) = arguments.get(1).as_str() else { return Ok(Item::Undefined) };
    evaluator.meter.spend(text.len() as u64)?;
    made(evaluator, integer::format(n, text)?)
}

/// `$parseInteger(text, picture)`
pub(super) fn parse_integer(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(text) = arguments.get(0).as_str() else { return Ok(Item::Undefined) };
    let Some(picture) = arguments.get(1).as_str() else { return Ok(Item::Undefined) };
    evaluator.meter.spend((text.len() + picture.len()) as u64)?;
    Ok(integer::parse(text, picture)?.map_or(Item::Undefined, |n| evaluator.number(n)))
}

fn convert(
    evaluator: &Evaluator<'_>,
    arguments: &Arguments,
    to: impl Fn(f64) -> f64,
) -> Outcome<Item> {
    Ok(arguments.get(0).as_f64().map_or(Item::Undefined, |n| evaluator.number(to(n))))
}
