//! Definitions as files and templates have them: JSON or YAML, with placeholders (`${Name}`) whose values come from
//! elsewhere (`DefinitionSubstitutions`).
//!
//! YAML is read by the core schema of YAML 1.2: what stands without quotes and looks like a number, `true`, `false` or
//! `null` is that. Anchors and aliases are followed as far as the definition stays within `LARGEST` bytes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use yaml_rust2::Event;
use yaml_rust2::parser::Parser;
use yaml_rust2::scanner::TScalarStyle;

/// A definition in JSON, from JSON or YAML, with its placeholders replaced.
///
/// # Errors
/// Text that does not begin as JSON does is no YAML either, or not what JSON could say.
pub fn rendered(text: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
    if text.trim_start().starts_with('{') {
        return Ok(substituted(text, values));
    }
    let mut builder = Builder::of(values);
    let mut parser = Parser::new_from_str(text);
    loop {
        let (event, at) = parser.next_token().map_err(|why| format!("{NO_YAML}{why}"))?;
        if event == Event::StreamEnd {
            break;
        }
        let line = at.line();
        builder.take(event).map_err(|why| format!("{NO_YAML}{why} at line {line}"))?;
    }
    match builder.done {
        Some(Value::Object(definition)) => Ok(Value::Object(definition).to_string()),
        Some(_) => Err(format!("{NO_YAML}it has no fields")),
        None => Err("the definition is empty".to_owned()),
    }
}

/// A definition in JSON with its placeholders replaced. A value becomes part of the JSON string in which its placeholder
/// stands, so quotes and backslashes in it are escaped. A placeholder without a value stays.
pub fn substituted(definition: &str, values: &BTreeMap<String, String>) -> String {
    replaced(definition, |name| values.get(name).map(|value| escaped(value)))
}

fn replaced(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let found = after.split_once('}').and_then(|(name, tail)| Some((value(name)?, tail)));
        match found {
            Some((value, tail)) => {
                out.push_str(&value);
                rest = tail;
            }
            None => {
                out.push_str("${");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn escaped(value: &str) -> String {
    let quoted = Value::from(value).to_string();
    quoted
        .strip_prefix('"')
        .and_then(|q| q.strip_suffix('"'))
        .map_or_else(String::new, str::to_owned)
}

/// Makes a value of the events of a parser, without recursion.
struct Builder<'a> {
    values: &'a BTreeMap<String, String>,
    anchors: BTreeMap<usize, (Value, usize)>,
    open: Vec<Open>,
    done: Option<Value>,
    bytes: usize,
}

/// A collection whose end has not come yet.
struct Open {
    anchor: usize,
    /// Bytes before it.
    before: usize,
    so_far: SoFar,
}

enum SoFar {
    List(Vec<Value>),
    Members(Map<String, Value>, Option<String>),
}

impl<'a> Builder<'a> {
    fn of(values: &'a BTreeMap<String, String>) -> Builder<'a> {
        let (anchors, open) = (BTreeMap::new(), Vec::new());
        Builder { values, anchors, open, done: None, bytes: 0 }
    }

    fn take(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let text = replaced(&text, |name| self.values.get(name).cloned());
                let before = self.bytes;
                self.grow(text.len() + 1)?;
                let plain = style == TScalarStyle::Plain;
                let value = if plain { resolved(text) } else { Value::String(text) };
                self.put(value, (anchor, before))
            }
            Event::Alias(anchor) => {
                let (value, bytes) =
                    self.anchors.get(&anchor).cloned().ok_or("an alias of itself")?;
                self.grow(bytes)?;
                self.put(value, (0, 0))
            }
            Event::SequenceStart(anchor, _) => self.begin(anchor, SoFar::List(Vec::new())),
            Event::MappingStart(anchor, _) => self.begin(anchor, SoFar::Members(Map::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                let value = match open.so_far {
                    SoFar::List(items) => Value::Array(items),
                    SoFar::Members(members, _) => Value::Object(members),
                };
                self.put(value, (open.anchor, open.before))
            }
            _ => Ok(()),
        }
    }

    fn grow(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes += bytes;
        if self.bytes > LARGEST { Err("there is too much of it".to_owned()) } else { Ok(()) }
    }

    fn begin(&mut self, anchor: usize, so_far: SoFar) -> Result<(), String> {
        if self.open.len() >= DEEPEST {
            return Err("it is nested too deeply".to_owned());
        }
        let before = self.bytes;
        self.grow(2)?;
        self.open.push(Open { anchor, before, so_far });
        Ok(())
    }

    /// A value is complete. `anchor`: how it may be named (0: it may not), and the bytes before it.
    fn put(&mut self, value: Value, (anchor, before): (usize, usize)) -> Result<(), String> {
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), self.bytes - before));
        }
        match self.open.last_mut().map(|open| &mut open.so_far) {
            None if self.done.is_some() => return Err("there is a second document".to_owned()),
            None => self.done = Some(value),
            Some(SoFar::List(items)) => items.push(value),
            Some(SoFar::Members(members, key)) => match (key.take(), value) {
                (None, Value::String(name)) => *key = Some(name),
                (None, Value::Array(_) | Value::Object(_)) => {
                    return Err("a name is no text".to_owned());
                }
                (None, name) => *key = Some(name.to_string()),
                (Some(name), value) => {
                    if members.insert(name.clone(), value).is_some() {
                        return Err(format!("{name} is there twice"));
                    }
                }
            },
        }
        Ok(())
    }
}

/// What stands without quotes.
fn resolved(text: String) -> Value {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => serde_json::from_str(&text).map_or(Value::String(text), Value::Number),
    }
}

/// Bytes that a definition may have once its aliases are followed. AWS takes one MB.
const LARGEST: usize = 4 << 20;
const DEEPEST: usize = 200;
const NO_YAML: &str = "the definition is neither JSON nor YAML: ";

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> BTreeMap<String, String> {
        let values = [("Fn", "arn:x"), ("N", "3"), ("Q", "a\"b\\")];
        values.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn placeholders_with_a_value_are_replaced() {
        let table = [
            (r#"{"Resource":"${Fn}"}"#, r#"{"Resource":"arn:x"}"#, "a whole string"),
            (r#""${Fn}:${N}""#, r#""arn:x:3""#, "two in one string"),
            (r#"{"TimeoutSeconds":${N}}"#, r#"{"TimeoutSeconds":3}"#, "a number"),
            (r#""${Q}""#, r#""a\"b\\""#, "what would end the string"),
            (r#""${Other} ${ ${Fn}""#, r#""${Other} ${ arn:x""#, "what has no value stays"),
            ("${", "${", "no end"),
        ];
        for (definition, expected, reason) in table {
            assert_eq!(substituted(definition, &values()), expected, "{reason}");
        }
    }

    #[test]
    fn definitions_in_yaml_are_the_same_in_json() {
        let table = [
            (
                "StartAt: A\nStates:\n  A:\n    Type: Pass\n    End: true\n",
                r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#,
                "blocks, in order",
            ),
            (
                "---\nTimeoutSeconds: ${N}\nResource: ${Fn}\n",
                r#"{"TimeoutSeconds":3,"Resource":"arn:x"}"#,
                "values",
            ),
            (
                "A: \"${Q} ${N}\"\nB: '${N}'\n",
                r#"{"A":"a\"b\\ 3","B":"3"}"#,
                "what is quoted stays text",
            ),
            (
                "a: [1, -2.5, 1e3, ~, yes, 0x1]\n",
                r#"{"a":[1,-2.5,1000.0,null,"yes","0x1"]}"#,
                "kinds of values",
            ),
            (
                "t: 2016-03-14T01:59:00Z\n1: one\n",
                r#"{"t":"2016-03-14T01:59:00Z","1":"one"}"#,
                "times are texts",
            ),
            ("a: &r [{b: 1}]\nc: *r\n", r#"{"a":[{"b":1}],"c":[{"b":1}]}"#, "anchors"),
            (
                "Comment: >-\n  two\n  lines\n# a remark\nx: |\n  {% 1 %}\n",
                r#"{"Comment":"two lines","x":"{% 1 %}\n"}"#,
                "long texts",
            ),
            (" {\"a\": 1}", " {\"a\": 1}", "JSON keeps its own text"),
        ];
        for (definition, expected, reason) in table {
            assert_eq!(rendered(definition, &values()).as_deref(), Ok(expected), "{reason}");
        }
    }

    #[test]
    fn what_is_no_definition_is_refused_and_takes_no_memory() {
        let laughs = (1..12).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
            let aliases = vec![format!("*a{}", n - 1); 9].join(", ");
            text + &format!("a{n}: &a{n} [{aliases}]\n")
        });
        let table = [
            (laughs, "there is too much of it at line"),
            ("- ".repeat(5_000) + "x", "it is nested too deeply at line 1"),
            ("a: 1\na: 2\n".to_owned(), "a is there twice at line 2"),
            ("a: 1\n---\nb: 2\n".to_owned(), "there is a second document"),
            ("a: &a [*a]\n".to_owned(), "an alias of itself"),
            ("a: [1\n".to_owned(), "the definition is neither JSON nor YAML: "),
            ("[a]: 1\n".to_owned(), "a name is no text"),
            ("not JSON".to_owned(), "it has no fields"),
            (String::new(), "the definition is empty"),
        ];
        for (definition, expected) in table {
            let refused = rendered(&definition, &values()).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
