//! What functions take, as data, and the one place where it is checked.

use std::cell::RefCell;
use std::sync::Arc;

use super::java;
use crate::expr::{Entropy, Map, Value};

/// One function.
#[derive(Debug)]
pub(super) struct Signature {
    /// `States.Format`
    pub(super) name: &'static str,
    /// The arguments it names.
    pub(super) parameters: &'static [Parameter],
    /// How many of them may be left out, from the last one on.
    pub(super) optional: usize,
    /// Whether any number of further arguments may follow.
    pub(super) variadic: bool,
    /// Computes the result from checked arguments; an error is worded for the user.
    pub(super) body: fn(&Given<'_>) -> Result<Value, String>,
}

/// One argument that a function names.
#[derive(Debug)]
pub(super) struct Parameter {
    /// As in AWS's documentation.
    pub(super) name: &'static str,
    /// What it must be.
    pub(super) kind: Kind,
}

/// What an argument must be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Any JSON value.
    Any,
    /// A string.
    Text,
    /// A string of at most this many characters; other values stand for their JSON text.
    Data(usize),
    /// An array.
    Array,
    /// An object.
    Object,
    /// `true` or `false`.
    Truth,
    /// A number, rounded as Java's `Math.round` does.
    Integer,
}

/// An argument that is what it must be.
#[derive(Clone, Debug)]
pub(super) enum Arg {
    Any(Value),
    Text(Arc<str>),
    Array(Arc<Vec<Value>>),
    Object(Arc<Map>),
    Truth(bool),
    Integer(i64),
}

/// What a body computes from.
pub(super) struct Given<'a> {
    /// As many as the signature allows, each of its kind; further ones are of any kind.
    pub(super) arguments: &'a [Arg],
    /// The first argument cut at its `{}`, if it is a literal string.
    pub(super) pieces: Option<&'a [Box<str>]>,
    /// Where randomness comes from.
    pub(super) entropy: &'a RefCell<Entropy>,
}

/// Said by a body for arguments that its signature does not let through.
pub(super) const UNCHECKED: &str = "the arguments do not fit the function";

/// Shorthand for tables.
pub(super) const fn parameter(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind }
}

impl Signature {
    /// A function with exactly these arguments.
    pub(super) const fn new(
        name: &'static str,
        parameters: &'static [Parameter],
        body: fn(&Given<'_>) -> Result<Value, String>,
    ) -> Signature {
        Signature { name, parameters, optional: 0, variadic: false, body }
    }

    /// Checks number and kinds, and converts.
    ///
    /// # Errors
    /// What does not fit, by the argument's name.
    pub(super) fn check(&self, values: Vec<Value>) -> Result<Vec<Arg>, String> {
        self.check_count(values.len())?;
        let kinds = self.parameters.iter().map(|p| (p.name, p.kind));
        let kinds = kinds.chain(std::iter::repeat(("", Kind::Any)));
        kinds.zip(values).map(|((name, kind), value)| convert(name, kind, value)).collect()
    }

    /// Checks the number of arguments.
    ///
    /// # Errors
    /// How many there should be.
    pub(super) fn check_count(&self, count: usize) -> Result<(), String> {
        let most = self.parameters.len();
        let least = most - self.optional;
        if count < least || (count > most && !self.variadic) {
            let wanted = match (least == most, self.variadic) {
                (_, true) => format!("at least {least}"),
                (true, _) => least.to_string(),
                (false, _) => format!("{least} to {most}"),
            };
            return Err(format!("expected {wanted} arguments but got {count}"));
        }
        Ok(())
    }
}

fn convert(name: &str, kind: Kind, value: Value) -> Result<Arg, String> {
    match (kind, value) {
        (Kind::Any, value) => Ok(Arg::Any(value)),
        (Kind::Text, Value::String(text)) => Ok(Arg::Text(text)),
        (Kind::Data(most), value) => data(name, most, value),
        (Kind::Array, Value::Array(items)) => Ok(Arg::Array(items)),
        (Kind::Object, Value::Object(members)) => Ok(Arg::Object(members)),
        (Kind::Truth, Value::Bool(truth)) => Ok(Arg::Truth(truth)),
        (Kind::Integer, Value::Int(n)) => Ok(Arg::Integer(n)),
        (Kind::Integer, Value::Float(x)) => Ok(Arg::Integer(java::round(x))),
        (kind, value) => {
            let is = type_name(&value);
            Err(format!("the argument '{name}' must be {} but was {is}", kind.name()))
        }
    }
}

fn data(name: &str, most: usize, value: Value) -> Result<Arg, String> {
    let text = match value {
        Value::String(text) => text,
        other => other.to_json().into(),
    };
    if text.chars().count() > most {
        return Err(format!("the argument '{name}' must not be longer than {most} characters"));
    }
    Ok(Arg::Text(text))
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Any => "a value",
            Kind::Text | Kind::Data(_) => "a string",
            Kind::Array => "an array",
            Kind::Object => "an object",
            Kind::Truth => "a boolean",
            Kind::Integer => "a number",
        }
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
