//! Values as Java's `toString` prints them: `{a=1, b=[x]}`.
//!
//! AWS shows documents this way in the path library's error texts and in `States.Format` (recorded).

use std::fmt::{self, Write};

use crate::expr::Value;

/// `value` as Java's `toString` prints it: no quotes, `=` after a key, `, ` between members.
pub fn java_text(value: &Value) -> String {
    JavaText(value).to_string()
}

/// The same for `format!`.
pub(super) struct JavaText<'a>(pub(super) &'a Value);

impl fmt::Display for JavaText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Int(i) => write!(f, "{i}"),
            Value::Float(x) => f.write_str(&java_double(*x)),
            Value::String(s) => f.write_str(s),
            Value::Array(items) => {
                f.write_char('[')?;
                for (i, item) in items.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { ", " })?;
                    JavaText(item).fmt(f)?;
                }
                f.write_char(']')
            }
            Value::Object(members) => {
                f.write_char('{')?;
                for (i, (key, member)) in members.iter().enumerate() {
                    write!(f, "{}{key}=", if i == 0 { "" } else { ", " })?;
                    JavaText(member).fmt(f)?;
                }
                f.write_char('}')
            }
        }
    }
}

/// A double as `Double.toString`: plain between 0.001 and 10,000,000, otherwise `1.5E10`; always with a fraction.
fn java_double(x: f64) -> String {
    if x == 0.0 || (1e-3..1e7).contains(&x.abs()) {
        return format!("{x:?}");
    }
    let scientific = format!("{x:E}");
    match scientific.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_print_as_java_prints_maps_lists_and_doubles() {
        let table = [
            ("null", "null"),
            ("true", "true"),
            (r#""a b""#, "a b"),
            ("[]", "[]"),
            ("{}", "{}"),
            (r#"{"a":1,"b":["x",null]}"#, "{a=1, b=[x, null]}"),
            ("1.0", "1.0"),
            ("0.0", "0.0"),
            ("0.001", "0.001"),
            ("0.0001", "1.0E-4"),
            ("1e-7", "1.0E-7"),
            ("9999999.5", "9999999.5"),
            ("1e7", "1.0E7"),
            ("-12345678.9", "-1.23456789E7"),
            ("1e21", "1.0E21"),
        ];
        for (json, expected) in table {
            assert_eq!(java_text(&Value::parse(json).unwrap()), expected, "{json}");
        }
    }
}
