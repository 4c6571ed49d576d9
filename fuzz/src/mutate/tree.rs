//! Changes of JSON trees. Text inside a tree that is JSON itself, as definitions and inputs in requests are, is a tree
//! like any other.

use serde_json::{Map, Value};

use super::Random;

/// The JSON at the end of a text, and where it begins: what stands before it may name an operation, or be a line of
/// headers.
pub(super) fn read(text: &[u8]) -> Option<(usize, Value)> {
    let at = text.iter().position(|byte| matches!(byte, b'{' | b'['))?;
    let value = serde_json::from_slice(&text[at..]).ok()?;
    Some((at, value))
}

/// Gathers the parts of a tree.
pub(super) fn collect(value: &Value, pool: &mut Vec<Value>, most: usize) {
    if pool.len() >= most {
        return;
    }
    pool.push(value.clone());
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, pool, most)),
        Value::Object(members) => members.values().for_each(|member| collect(member, pool, most)),
        Value::String(text) => {
            if let Some((0, value)) = read(text.as_bytes()) {
                collect(&value, pool, most);
            }
        }
        _ => {}
    }
}

/// The tree, changed in one place.
pub(super) fn changed(
    value: Value,
    random: &mut Random,
    pool: &[Value],
    tokens: &[Vec<u8>],
) -> Value {
    Change { random, pool, tokens }.anywhere(value, 0)
}

struct Change<'a> {
    random: &'a mut Random,
    pool: &'a [Value],
    tokens: &'a [Vec<u8>],
}

impl Change<'_> {
    /// Here, or somewhere below.
    fn anywhere(&mut self, value: Value, depth: usize) -> Value {
        if self.random.one_in(4 + depth) {
            return self.here(value);
        }
        match value {
            Value::Array(mut items) if !items.is_empty() => {
                let at = self.random.below(items.len());
                items[at] = self.anywhere(items[at].take(), depth + 1);
                Value::Array(items)
            }
            Value::Object(mut members) if !members.is_empty() => {
                let at = self.random.below(members.len());
                if let Some((_, member)) = members.iter_mut().nth(at) {
                    *member = self.anywhere(member.take(), depth + 1);
                }
                Value::Object(members)
            }
            Value::String(text) => match read(text.as_bytes()) {
                Some((0, inner)) if !self.random.one_in(8) => {
                    Value::String(self.anywhere(inner, depth + 1).to_string())
                }
                _ => self.here(Value::String(text)),
            },
            other => self.here(other),
        }
    }

    fn here(&mut self, value: Value) -> Value {
        match self.random.below(8) {
            0 | 1 => self.random.of(self.pool).cloned().unwrap_or_default(),
            2 => self.hostile(),
            3 => self.nested(value),
            _ => match value {
                Value::Array(items) => Value::Array(self.items(items)),
                Value::Object(members) => Value::Object(self.members(members)),
                Value::String(text) => Value::String(self.text(&text)),
                Value::Number(number) => self.number(&number),
                _ => self.random.of(self.pool).cloned().unwrap_or_default(),
            },
        }
    }

    fn items(&mut self, mut items: Vec<Value>) -> Vec<Value> {
        let at = self.random.below(items.len());
        match self.random.below(3) {
            0 if !items.is_empty() => drop(items.remove(at)),
            1 if !items.is_empty() => {
                for _ in 0..1 << self.random.below(7) {
                    items.push(items[at].clone());
                }
            }
            _ => items.push(self.random.of(self.pool).cloned().unwrap_or_default()),
        }
        items
    }

    fn members(&mut self, mut members: Map<String, Value>) -> Map<String, Value> {
        let at = self.random.below(members.len());
        let Some(name) = members.keys().nth(at).cloned() else {
            members.insert(self.text(""), self.hostile());
            return members;
        };
        match self.random.below(4) {
            0 => drop(members.shift_remove(&name)),
            1 => {
                let value = members.shift_remove(&name).unwrap_or_default();
                let name = self.text(&name);
                members.insert(name, value);
            }
            2 => {
                let other = self.random.of(self.pool).and_then(Value::as_object);
                let other = other.and_then(|other| {
                    other
                        .iter()
                        .nth(self.random.below(other.len()))
                        .map(|(k, v)| (k.clone(), v.clone()))
                });
                members.extend(other);
            }
            _ => {
                let copy = members.get(&name).cloned().unwrap_or_default();
                let at = self.random.below(members.len());
                if let Some((_, member)) = members.iter_mut().nth(at) {
                    *member = copy;
                }
            }
        }
        members
    }

    fn text(&mut self, text: &str) -> String {
        let token = self.random.of(self.tokens).cloned().unwrap_or_default();
        let token = String::from_utf8_lossy(&token).into_owned();
        let places: Vec<usize> =
            text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let from = self.random.of(&places).copied().unwrap_or_default();
        let to = self.random.of(&places).copied().unwrap_or_default();
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 24));
        let to = places.iter().rev().find(|at| **at <= to).copied().unwrap_or(from);
        let (head, middle, tail) =
            (&text[..from], &text[from..to.max(from)], &text[to.max(from)..]);
        match self.random.below(6) {
            0 => format!("{head}{tail}"),
            1 => format!("{head}{}{tail}", middle.repeat(1 + self.random.below(60))),
            2 => token,
            3 => format!("{head}{token}{tail}"),
            _ => format!("{head}{token}{middle}{tail}"),
        }
    }

    fn number(&mut self, number: &serde_json::Number) -> Value {
        let n = number.as_f64().unwrap_or_default();
        match self.random.below(6) {
            0 => Value::from(n + 1.0),
            1 => Value::from(-n),
            2 => Value::from(n * 1e6),
            3 => Value::from(n / 3.0),
            4 => Value::from(self.random.whole() >> self.random.below(64)),
            _ => self.hostile(),
        }
    }

    fn nested(&mut self, value: Value) -> Value {
        let levels = 1 << self.random.below(8);
        let object = self.random.one_in(2);
        (0..levels.min(120)).fold(value, |inner, _| {
            if object {
                Value::Object([("a".to_owned(), inner)].into_iter().collect())
            } else {
                Value::Array(vec![inner])
            }
        })
    }

    fn hostile(&mut self) -> Value {
        match self.random.below(16) {
            0 => Value::Null,
            1 => Value::Bool(self.random.one_in(2)),
            2 => Value::from(0),
            3 => Value::from(-1),
            4 => Value::from(1u64 << 53 | 1),
            5 => Value::from(u64::MAX),
            6 => Value::from(i64::MIN),
            7 => Value::from(1e308),
            8 => Value::from(1e-320),
            9 => Value::from(""),
            10 => Value::from("\u{0}\u{ffff}\u{202e}"),
            11 => Value::Array(Vec::new()),
            12 => Value::Object(Map::new()),
            13 => Value::from("x".repeat(1 << self.random.below(12))),
            _ => {
                let token = self.random.of(self.tokens).cloned().unwrap_or_default();
                Value::from(String::from_utf8_lossy(&token).into_owned())
            }
        }
    }
}
