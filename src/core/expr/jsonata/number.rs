//! Numbers and values as JavaScript prints them, which is what JSONata's `$string` and error texts show.

use super::super::value::Value;
use super::item::Item;

/// A number as JavaScript prints it: shortest digits that read back, exponents from 1e21 and below 1e-6.
pub(crate) fn print(n: f64) -> String {
    if n == 0.0 {
        return "0".to_owned();
    }
    if !n.is_finite() {
        return if n.is_nan() {
            "NaN"
        } else if n > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    if n.trunc() == n && n.abs() < 9e15 {
        return (n as i64).to_string();
    }
    let scientific = format!("{:e}", n.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let body = place_point(&digits, exponent.parse().unwrap_or(0));
    if n < 0.0 { format!("-{body}") } else { body }
}

/// Digits `d.ddd` times ten to the `exponent`, in JavaScript's layout.
fn place_point(digits: &str, exponent: i32) -> String {
    let count = digits.len() as i32;
    let point = exponent + 1;
    if (count..=21).contains(&point) {
        return format!("{digits}{}", "0".repeat((point - count) as usize));
    }
    if (1..=21).contains(&point) {
        let (whole, part) = digits.split_at(point as usize);
        return format!("{whole}.{part}");
    }
    if (-5..=0).contains(&point) {
        return format!("0.{}{digits}", "0".repeat(-point as usize));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let (first, rest) = digits.split_at(1.min(digits.len()));
    let dot = if rest.is_empty() { "" } else { "." };
    format!("{first}{dot}{rest}e{sign}{}", exponent.abs())
}

/// The number rounded to 15 significant digits, as `$string` shows it; integers are left alone.
pub(crate) fn fifteen_digits(n: f64) -> f64 {
    if !n.is_finite() || n.trunc() == n {
        return n;
    }
    to_precision(n, 15).parse().unwrap_or(n)
}

/// The number with so many significant digits in scientific notation; halves are rounded away from zero.
fn to_precision(n: f64, precision: usize) -> String {
    // Every double has an exact decimal expansion of fewer than 800 digits; a tie can only be seen in all of them, but
    // a number that differs from a tie at all differs within the first 40.
    let exact = format!("{:.40e}", n.abs());
    let (mantissa, exponent) = exact.split_once('e').unwrap_or((&exact, "0"));
    let mut digits: Vec<u8> =
        mantissa.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
    let mut exponent: i32 = exponent.parse().unwrap_or(0);
    let up = digits.get(precision).is_some_and(|digit| *digit >= 5);
    digits.truncate(precision);
    if up {
        let mut carry = true;
        for digit in digits.iter_mut().rev() {
            if !carry {
                break;
            }
            carry = *digit == 9;
            *digit = if carry { 0 } else { *digit + 1 };
        }
        if carry {
            digits.insert(0, 1);
            digits.truncate(precision);
            exponent += 1;
        }
    }
    let text: String = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
    let (first, rest) = text.split_at(1.min(text.len()));
    let sign = if n < 0.0 { "-" } else { "" };
    format!("{sign}{first}.{rest}e{exponent}")
}

/// Compact JSON text with numbers as JavaScript prints them, without rounding.
pub(crate) fn to_json(item: &Item) -> String {
    let mut writer =
        Writer { out: String::new(), round: false, indent: None, most: MOST_MENTIONED };
    writer.item(item, 0);
    writer.out
}

/// JSON text as `$string` makes it: 15 digits, functions as empty text; `None` if it is longer than `most`.
pub(crate) fn to_string(item: &Item, pretty: bool, most: usize) -> Option<String> {
    let indent = pretty.then_some(2);
    let mut writer = Writer { out: String::new(), round: true, indent, most };
    writer.item(item, 0);
    (writer.out.len() <= most).then_some(writer.out)
}

struct Writer {
    out: String,
    round: bool,
    indent: Option<usize>,
    /// Nothing more is written beyond this length.
    most: usize,
}

impl Writer {
    fn item(&mut self, item: &Item, depth: usize) {
        if self.out.len() > self.most {
            return;
        }
        match item {
            Item::Json(value) => self.value(value, depth),
            Item::List(list) => {
                self.block('[', ']', depth, list.items.iter(), |writer, item| {
                    writer.item(item, depth + 1);
                });
            }
            Item::Record(record) => {
                let round = self.round;
                let members = record.iter().filter(|(_, item)| !is_left_out(item, round));
                self.block('{', '}', depth, members, |writer, (key, item)| {
                    writer.key(key);
                    writer.item(item, depth + 1);
                });
            }
            Item::Function(_) if self.round => self.out.push_str("\"\""),
            Item::Undefined | Item::Function(_) | Item::Tuples(_) => self.out.push_str("null"),
        }
    }

    fn value(&mut self, value: &Value, depth: usize) {
        if self.out.len() > self.most {
            return;
        }
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(b) => self.out.push_str(if *b { "true" } else { "false" }),
            Value::Int(i) => self.number(*i as f64),
            Value::Float(f) => self.number(*f),
            Value::String(text) => quote(text, &mut self.out),
            Value::Array(items) => self.block('[', ']', depth, items.iter(), |writer, item| {
                writer.value(item, depth + 1);
            }),
            Value::Object(members) => {
                self.block('{', '}', depth, members.iter(), |writer, (key, value)| {
                    writer.key(key);
                    writer.value(value, depth + 1);
                });
            }
        }
    }

    fn number(&mut self, n: f64) {
        if !n.is_finite() {
            return self.out.push_str("null");
        }
        let n = if self.round { fifteen_digits(n) } else { n };
        self.out.push_str(&print(n));
    }

    fn key(&mut self, key: &str) {
        quote(key, &mut self.out);
        self.out.push_str(if self.indent.is_some() { ": " } else { ":" });
    }

    fn block<T>(
        &mut self,
        open: char,
        close: char,
        depth: usize,
        parts: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Writer, T),
    ) {
        self.out.push(open);
        let mut some = false;
        for part in parts {
            if self.out.len() > self.most {
                return;
            }
            if some {
                self.out.push(',');
            }
            some = true;
            self.line(depth + 1);
            write(self, part);
        }
        if some {
            self.line(depth);
        }
        self.out.push(close);
    }

    fn line(&mut self, depth: usize) {
        if let Some(width) = self.indent {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', width * depth));
        }
    }
}

fn is_left_out(item: &Item, round: bool) -> bool {
    item.is_undefined() || (!round && matches!(item, Item::Function(_)))
}

/// A JSON string literal.
fn quote(text: &str, out: &mut String) {
    // Writing a string into memory cannot fail.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// Values in error texts are cut off at this length.
const MOST_MENTIONED: usize = 1 << 20;
