//! Operators with two operands, unary minus, and what counts as true and as equal.

use super::super::super::value::Value;
use super::super::ast::{Node, Operator};
use super::super::error::{Fault, Outcome};
use super::super::item::{Elements, Item};
use super::super::limit;
use super::super::number;
use super::Evaluator;
use super::bounds::ITEM;
use super::frame::Scope;
use super::function::Function;

impl Evaluator<'_> {
    /// An operator applied to the values of two nodes.
    pub(super) fn binary(
        &self,
        node: &Node,
        operator: Operator,
        both: &(Node, Node),
        input: &Item,
        scope: &Scope,
    ) -> Outcome<Item> {
        let left = self.eval(&both.0, input, scope)?;
        if matches!(operator, Operator::And | Operator::Or) {
            let first = self.truth(&left)?;
            let decided = first == (operator == Operator::Or);
            if decided {
                return Ok(Item::boolean(first));
            }
            // An error on the right is reported as one of the operator.
            let second = self.eval(&both.1, input, scope).and_then(|right| self.truth(&right));
            return second
                .map(Item::boolean)
                .map_err(|fault| fault.at(node.position).token(operator.text()));
        }
        let right = self.eval(&both.1, input, scope)?;
        self.combine(operator, left, right)
            .map_err(|fault| fault.at(node.position).token(operator.text()))
    }

    fn combine(&self, operator: Operator, left: Item, right: Item) -> Outcome<Item> {
        match operator {
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Remainder => self.arithmetic(operator, &left, &right),
            Operator::Equal => Ok(Item::boolean(self.equality(&left, &right, true)?)),
            Operator::NotEqual => Ok(Item::boolean(self.equality(&left, &right, false)?)),
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
                compare(operator, &left, &right)
            }
            Operator::Concatenate => self.concatenate(left, right),
            Operator::In => self.contained(&left, &right),
            Operator::Range => self.range(&left, &right),
            Operator::And | Operator::Or => Ok(Item::Undefined),
        }
    }

    fn arithmetic(&self, operator: Operator, left: &Item, right: &Item) -> Outcome<Item> {
        let left = operand(left, "T2001")?;
        let right = operand(right, "T2002")?;
        let (Some(left), Some(right)) = (left, right) else { return Ok(Item::Undefined) };
        Ok(self.number(match operator {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            Operator::Divide => left / right,
            _ => left % right,
        }))
    }

    /// `=` and `!=`; with a side missing both are false.
    fn equality(&self, left: &Item, right: &Item, expected: bool) -> Outcome<bool> {
        if left.is_undefined() || right.is_undefined() {
            return Ok(false);
        }
        if let (Some(a), Some(b)) = (left.elements(), right.elements()) {
            self.meter.spend(a.len().min(b.len()) as u64)?;
        }
        Ok(equal(left, right) == expected)
    }

    fn concatenate(&self, left: Item, right: Item) -> Outcome<Item> {
        let left = self.text(left)?;
        let right = self.text(right)?;
        self.meter.allocate(left.len() + right.len())?;
        let mut out = String::with_capacity(left.len() + right.len());
        out.push_str(&left);
        out.push_str(&right);
        Ok(Item::string(out))
    }

    /// A value as text: what `$string` makes of it, and nothing for nothing.
    pub(crate) fn text(&self, item: Item) -> Outcome<std::sync::Arc<str>> {
        match item {
            Item::Undefined => Ok("".into()),
            Item::Json(Value::String(text)) => Ok(text),
            other => self.print(&other, false).map(Into::into),
        }
    }

    /// A value as `$string` prints it.
    pub(crate) fn print(&self, item: &Item, pretty: bool) -> Outcome<String> {
        match item {
            Item::Json(Value::String(text)) => Ok(text.to_string()),
            Item::Function(_) => Ok(String::new()),
            Item::Json(Value::Float(n)) if !n.is_finite() => Err(Fault::new("D3001")),
            other => {
                if self.odd_number.get() && has_infinity(other) {
                    return Err(Fault::new("D1001").with("value", "null"));
                }
                let text = number::to_string(other, pretty, self.meter.most())
                    .ok_or_else(|| Fault::limit(limit::MEMORY))?;
                self.meter.spend(text.len() as u64 / 8)?;
                Ok(text)
            }
        }
    }

    fn contained(&self, left: &Item, right: &Item) -> Outcome<Item> {
        if left.is_undefined() || right.is_undefined() {
            return Ok(Item::boolean(false));
        }
        let Some(items) = right.elements() else {
            return Ok(Item::boolean(identical(left, right)));
        };
        self.meter.spend(items.len() as u64 / 4)?;
        let found = match items {
            Elements::Values(values) => values.iter().any(|value| identical_value(left, value)),
            Elements::Items(items) => items.iter().any(|item| identical(left, item)),
        };
        Ok(Item::boolean(found))
    }

    fn range(&self, left: &Item, right: &Item) -> Outcome<Item> {
        let left = whole(left, "T2003")?;
        let right = whole(right, "T2004")?;
        let (Some(first), Some(last)) = (left, right) else { return Ok(Item::Undefined) };
        if first > last {
            return Ok(Item::Undefined);
        }
        let size = last - first + 1.0;
        if size > MOST_IN_RANGE {
            return Err(Fault::new("D2014").with("value", number::print(size)));
        }
        let size = size as usize;
        self.meter.allocate(size * ITEM)?;
        Ok(Item::sequence((0..size).map(|step| Item::number(first + step as f64)).collect()))
    }

    /// Unary minus.
    pub(super) fn negate(
        &self,
        node: &Node,
        operand: &Node,
        input: &Item,
        scope: &Scope,
    ) -> Outcome<Item> {
        let value = self.eval(operand, input, scope)?;
        if value.is_undefined() {
            return Ok(value);
        }
        match numeric(&value)? {
            Some(n) => Ok(self.number(-n)),
            None => {
                Err(Fault::new("D1002").at(node.position).token("-").with("value", value.mention()))
            }
        }
    }

    /// Whether a value counts as true; nothing does not.
    pub(crate) fn truth(&self, item: &Item) -> Outcome<bool> {
        if let Some(items) = item.elements() {
            self.meter.spend(items.len() as u64 / 4)?;
        }
        truth(item)
    }
}

/// Whether a value counts as true.
pub(crate) fn truth(item: &Item) -> Outcome<bool> {
    Ok(match item {
        Item::Undefined | Item::Json(Value::Null) => false,
        Item::Json(Value::Bool(b)) => *b,
        Item::Json(Value::String(text)) => !text.is_empty(),
        Item::Json(Value::Object(map)) => !map.is_empty(),
        Item::Record(record) => !record.is_empty(),
        // A function is not true, except where the language forgets to look: a definition used directly.
        Item::Function(function) => !matches!(
            **function,
            Function::Bound(_) | Function::Regex(_) | Function::NextMatch { .. }
        ),
        Item::Tuples(tuples) => !tuples.is_empty(),
        other => match other.elements() {
            Some(items) => {
                // One true item is enough, but every item is looked at.
                let mut any = false;
                for item in items.iter() {
                    any |= truth(&item)?;
                }
                any
            }
            None => numeric(other)?.is_some_and(|n| n != 0.0),
        },
    })
}

/// The number of a value if it is one.
///
/// # Errors
/// `D1001` if it is infinite.
pub(crate) fn numeric(item: &Item) -> Outcome<Option<f64>> {
    match item.as_f64() {
        Some(n) if n.is_infinite() => Err(Fault::new("D1001").with("value", "null")),
        Some(n) if n.is_nan() => Ok(None),
        other => Ok(other),
    }
}

fn operand(item: &Item, code: &'static str) -> Outcome<Option<f64>> {
    if item.is_undefined() {
        return Ok(None);
    }
    numeric(item)?.map(Some).ok_or_else(|| Fault::new(code))
}

fn whole(item: &Item, code: &'static str) -> Outcome<Option<f64>> {
    if item.is_undefined() {
        return Ok(None);
    }
    match item.as_f64() {
        Some(n) if n.is_finite() && n.trunc() == n => Ok(Some(n)),
        _ => Err(Fault::new(code)),
    }
}

fn compare(operator: Operator, left: &Item, right: &Item) -> Outcome<Item> {
    let comparable =
        |item: &Item| item.is_undefined() || item.as_f64().is_some() || item.as_str().is_some();
    if !comparable(left) || !comparable(right) {
        return Err(Fault::new("T2010"));
    }
    if left.is_undefined() || right.is_undefined() {
        return Ok(Item::Undefined);
    }
    let order = match (left, right) {
        (Item::Json(Value::String(a)), Item::Json(Value::String(b))) => Some(compare_text(a, b)),
        _ => match (left.as_f64(), right.as_f64()) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => {
                return Err(Fault::new("T2009")
                    .with("value", left.mention())
                    .with("value2", right.mention()));
            }
        },
    };
    Ok(Item::boolean(order.is_some_and(|order| match operator {
        Operator::Less => order.is_lt(),
        Operator::LessEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    })))
}

/// Strings are ordered by their UTF-16 code units.
pub(crate) fn compare_text(a: &str, b: &str) -> std::cmp::Ordering {
    if a.is_ascii() || b.is_ascii() {
        return a.cmp(b);
    }
    a.encode_utf16().cmp(b.encode_utf16())
}

/// Deep equality; numbers are compared as doubles, members of objects in any order.
pub(crate) fn equal(left: &Item, right: &Item) -> bool {
    match (left, right) {
        (Item::Json(a), Item::Json(b)) => equal_values(a, b),
        (Item::Function(a), Item::Function(b)) => std::rc::Rc::ptr_eq(a, b),
        _ => {
            if let (Some(a), Some(b)) = (left.elements(), right.elements()) {
                return a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(&a, &b));
            }
            if left.is_object() && right.is_object() {
                let (a, b) = (left.members(), right.members());
                return a.len() == b.len()
                    && a.iter().all(|(key, value)| {
                        right.member(key).is_some_and(|other| equal(value, &other))
                    });
            }
            left.is_undefined() && right.is_undefined()
        }
    }
}

fn equal_values(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal_values(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.get(key).is_some_and(|other| equal_values(value, other)))
        }
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            left.as_f64() == right.as_f64()
        }
        _ => left == right,
    }
}

/// Equality of `in`: simple values by value, arrays and objects only with themselves.
fn identical(left: &Item, right: &Item) -> bool {
    match right {
        Item::Json(value) => identical_value(left, value),
        Item::List(b) => matches!(left, Item::List(a) if std::rc::Rc::ptr_eq(a, b)),
        Item::Record(b) => matches!(left, Item::Record(a) if std::rc::Rc::ptr_eq(a, b)),
        Item::Function(b) => matches!(left, Item::Function(a) if std::rc::Rc::ptr_eq(a, b)),
        Item::Undefined | Item::Tuples(_) => false,
    }
}

fn identical_value(left: &Item, right: &Value) -> bool {
    use std::sync::Arc;
    match (left, right) {
        (Item::Json(Value::Array(a)), Value::Array(b)) => Arc::ptr_eq(a, b),
        (Item::Json(Value::Object(a)), Value::Object(b)) => Arc::ptr_eq(a, b),
        (Item::Json(left), right) => equal_values(left, right),
        _ => false,
    }
}

fn has_infinity(item: &Item) -> bool {
    match item {
        Item::Json(value) => value_has_infinity(value),
        Item::List(list) => list.items.iter().any(has_infinity),
        Item::Record(record) => record.values().any(has_infinity),
        _ => false,
    }
}

fn value_has_infinity(value: &Value) -> bool {
    match value {
        Value::Float(n) => n.is_infinite(),
        Value::Array(items) => items.iter().any(value_has_infinity),
        Value::Object(members) => members.values().any(value_has_infinity),
        _ => false,
    }
}

const MOST_IN_RANGE: f64 = 1e7;
