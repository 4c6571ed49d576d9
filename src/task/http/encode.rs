//! Form encoding: bodies and query strings, with arrays as the state wants them.

use stepwright_core::expr::{Map, Value};

/// `RequestEncodingOptions.ArrayFormat`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ArrayFormat {
    /// `a[0]=1&a[1]=2`
    #[default]
    Indices,
    /// `a=1&a=2`
    Repeat,
    /// `a=1,2`
    Commas,
    /// `a[]=1&a[]=2`
    Brackets,
}

impl ArrayFormat {
    /// By its name.
    pub(super) fn named(name: &str) -> Option<ArrayFormat> {
        Some(match name {
            "INDICES" => ArrayFormat::Indices,
            "REPEAT" => ArrayFormat::Repeat,
            "COMMAS" => ArrayFormat::Commas,
            "BRACKETS" => ArrayFormat::Brackets,
            _ => return None,
        })
    }
}

/// The members of an object as `name=value` pairs; what lies deeper is `name[member]=value`.
pub(super) fn form(members: &Map, format: ArrayFormat) -> String {
    let mut pairs = Vec::new();
    for (name, value) in members {
        add(&mut pairs, name, value, format);
    }
    pairs.join("&")
}

/// A name and a value, escaped.
pub(crate) fn pair(name: &str, value: &str) -> String {
    format!("{}={}", escaped(name), escaped(value))
}

/// A scalar as text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        Value::Null => String::new(),
        value => value.to_json(),
    }
}

fn add(pairs: &mut Vec<String>, name: &str, value: &Value, format: ArrayFormat) {
    if let Some(members) = value.as_object() {
        for (member, value) in members {
            add(pairs, &format!("{name}[{member}]"), value, format);
        }
        return;
    }
    let Some(items) = value.as_array() else { return pairs.push(pair(name, &text(value))) };
    if format == ArrayFormat::Commas {
        let items: Vec<_> = items.iter().map(|item| escaped(&text(item))).collect();
        return pairs.push(format!("{}={}", escaped(name), items.join(",")));
    }
    for (index, item) in items.iter().enumerate() {
        let name = match format {
            ArrayFormat::Indices => format!("{name}[{index}]"),
            ArrayFormat::Brackets => format!("{name}[]"),
            ArrayFormat::Repeat | ArrayFormat::Commas => name.to_owned(),
        };
        add(pairs, &name, item, format);
    }
}

/// Percent-encoding of all but unreserved characters (RFC 3986).
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_encoded_as_the_state_wants_them() {
        let body = Value::parse(r#"{"a":[1,"x y"],"b":{"c":true,"d":[2]},"e":null,"f":"ü&="}"#);
        let body = body.unwrap();
        let members = body.as_object().unwrap();
        let rest = "&e=&f=%C3%BC%26%3D";
        let table = [
            ("INDICES", "a%5B0%5D=1&a%5B1%5D=x%20y&b%5Bc%5D=true&b%5Bd%5D%5B0%5D=2"),
            ("REPEAT", "a=1&a=x%20y&b%5Bc%5D=true&b%5Bd%5D=2"),
            ("COMMAS", "a=1,x%20y&b%5Bc%5D=true&b%5Bd%5D=2"),
            ("BRACKETS", "a%5B%5D=1&a%5B%5D=x%20y&b%5Bc%5D=true&b%5Bd%5D%5B%5D=2"),
        ];
        for (name, expected) in table {
            let format = ArrayFormat::named(name).unwrap();
            assert_eq!(form(members, format), format!("{expected}{rest}"), "{name}");
        }
        assert_eq!(ArrayFormat::named("OTHER"), None);
    }
}
