//! How a table of fields is written down, and the one function that holds an object against it.

use super::timestamp::is_rfc3339;
use super::{Findings, Here};
use crate::asl::model::QueryLanguage;
use crate::expr::value::{Map, Value};

/// What an object in a definition may contain.
pub(crate) struct Schema {
    /// Its fields, in groups that tables share.
    pub(crate) fields: &'static [&'static [Field]],
    /// Groups of fields of which at most or exactly one may be there.
    pub(crate) alternatives: &'static [Alternative],
    /// Knows further fields whose names follow a pattern.
    pub(crate) further: fn(&str) -> Option<Takes>,
}

/// A field by name.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
}

/// What a field takes.
#[derive(Clone, Copy)]
pub(crate) struct Takes {
    /// The only query language that has the field.
    pub(crate) language: Option<QueryLanguage>,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// Whether JSONata states may give an expression instead.
    pub(crate) computed: bool,
}

/// Forms of values.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Any,
    Text,
    /// A string, or `null` with a meaning of its own.
    NullOrText,
    Flag,
    Object,
    /// An object with members.
    FilledObject,
    Array,
    /// An array with items.
    FilledArray,
    /// An integer within bounds, both included.
    Whole(i64, i64),
    /// A number within bounds, both included.
    Number(f64, f64),
    /// One of these strings.
    Word(&'static [&'static str]),
    /// RFC 3339 text.
    Timestamp,
}

/// Fields that exclude each other.
pub(crate) struct Alternative {
    pub(crate) fields: &'static [&'static str],
    /// Whether one of them must be there.
    pub(crate) required: bool,
}

impl Schema {
    /// A table without alternatives.
    pub(crate) const fn of(fields: &'static [&'static [Field]]) -> Schema {
        Schema { fields, alternatives: &[], further: nothing_further }
    }

    /// The same table with groups of fields that exclude each other.
    pub(crate) const fn with(self, alternatives: &'static [Alternative]) -> Schema {
        Schema { alternatives, ..self }
    }

    /// The same table with more fields, known by a function.
    pub(crate) const fn and(self, further: fn(&str) -> Option<Takes>) -> Schema {
        Schema { further, ..self }
    }

    fn all(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().copied().flatten()
    }

    fn takes(&self, name: &str) -> Option<Takes> {
        self.all()
            .find(|field| field.name == name)
            .map_or_else(|| (self.further)(name), |field| Some(field.takes))
    }
}

impl Field {
    /// The same field, which must be there.
    pub(crate) const fn required(self) -> Field {
        Field { name: self.name, takes: Takes { required: true, ..self.takes } }
    }

    /// The same field, which in JSONata states may be computed.
    pub(crate) const fn computed(self) -> Field {
        Field { name: self.name, takes: Takes { computed: true, ..self.takes } }
    }
}

impl Takes {
    /// An optional field of one language or both.
    pub(crate) const fn new(language: Option<QueryLanguage>, shape: Shape) -> Takes {
        Takes { language, shape, required: false, computed: false }
    }

    fn known_to(&self, language: QueryLanguage) -> bool {
        self.language.is_none_or(|only| only == language)
    }
}

/// A field of both query languages.
pub(crate) const fn both(name: &'static str, shape: Shape) -> Field {
    Field { name, takes: Takes::new(None, shape) }
}

/// A field that only JSONPath states have.
pub(crate) const fn json_path(name: &'static str, shape: Shape) -> Field {
    Field { name, takes: Takes::new(Some(QueryLanguage::JsonPath), shape) }
}

/// A field that only JSONata states have.
pub(crate) const fn jsonata(name: &'static str, shape: Shape) -> Field {
    Field { name, takes: Takes::new(Some(QueryLanguage::Jsonata), shape) }
}

/// Whether a string is a JSONata expression: it begins with exactly `{%` and ends with `%}`.
pub(crate) fn is_expression(text: &str) -> bool {
    text.len() >= 4 && text.starts_with("{%") && text.ends_with("%}")
}

/// Holds an object against its table: fields that are missing, then fields that exclude each other, then each member
/// in its order.
pub(crate) fn check(schema: &Schema, object: &Map, here: &Here<'_>, findings: &mut Findings) {
    let missing: Vec<&str> = schema
        .all()
        .filter(|field| field.takes.required && field.takes.known_to(here.language))
        .map(|field| field.name)
        .filter(|name| !object.contains_key(*name))
        .collect();
    if !missing.is_empty() {
        findings.schema(here, required(&missing));
    }
    for alternative in schema.alternatives {
        check_alternative(schema, alternative, object, here, findings);
    }
    for (name, value) in object {
        let place = here.field(name);
        let Some(takes) = schema.takes(name) else {
            findings.schema(place, "Field is not supported");
            continue;
        };
        if !takes.known_to(here.language) {
            findings.schema(place, wrong_language(name, here.language));
        } else if let Err(message) = fits(takes, value, here.language) {
            findings.schema(place, message);
        }
    }
}

/// The message for fields that must be there and are not.
pub(crate) fn required(names: &[&str]) -> String {
    format!("These fields are required: [{}]", names.join(", "))
}

fn check_alternative(
    schema: &Schema,
    alternative: &Alternative,
    object: &Map,
    here: &Here<'_>,
    findings: &mut Findings,
) {
    let known = |name: &&str| schema.takes(name).is_some_and(|takes| takes.known_to(here.language));
    let names: Vec<&str> = alternative.fields.iter().copied().filter(known).collect();
    // `End: false` says nothing.
    let given = |name: &&&str| object.get(**name).is_some_and(|value| *value != Value::Bool(false));
    let list = names.join(", ");
    match names.iter().filter(given).count() {
        1 => {}
        0 if !alternative.required => {}
        0 => findings.schema(here, format!("Exactly one of these fields is required: [{list}]")),
        _ => findings.schema(here, format!("Only one of these fields is allowed: [{list}]")),
    }
}

fn wrong_language(field: &str, language: QueryLanguage) -> String {
    let (mine, other) = match language {
        QueryLanguage::JsonPath => ("JSONPath", "JSONata"),
        QueryLanguage::Jsonata => ("JSONata", "JSONPath"),
    };
    format!(
        "The QueryLanguage is set to '{mine}', but field '{field}' is only supported for the '{other}' QueryLanguage"
    )
}

fn fits(takes: Takes, value: &Value, language: QueryLanguage) -> Result<(), String> {
    let expression = value.as_str().is_some_and(is_expression);
    if takes.computed && language == QueryLanguage::Jsonata && expression {
        return Ok(());
    }
    match takes.shape {
        Shape::Any => Ok(()),
        Shape::NullOrText if *value == Value::Null => Ok(()),
        Shape::Text | Shape::NullOrText => typed(value.as_str().is_some(), "String"),
        Shape::Flag => typed(value.as_bool().is_some(), "Boolean"),
        Shape::Object => typed(value.as_object().is_some(), "Object"),
        Shape::FilledObject => filled(value.as_object().map(Map::is_empty), "Object"),
        Shape::Array => typed(value.as_array().is_some(), "Array"),
        Shape::FilledArray => filled(value.as_array().map(<[Value]>::is_empty), "Array"),
        Shape::Whole(least, most) => match value.as_i64() {
            Some(n) if (least..=most).contains(&n) => Ok(()),
            Some(_) if most == i64::MAX => Err(format!("Value must be at least {least}")),
            Some(_) => Err(format!("Value must be in the range [{least}, {most}]")),
            None => typed(false, "Integer"),
        },
        Shape::Number(least, most) => match value.as_f64() {
            Some(n) if (least..=most).contains(&n) => Ok(()),
            Some(_) if most == f64::MAX => Err(format!("Value must be at least {least}")),
            Some(_) => Err(format!("Value must be in the range [{least}, {most}]")),
            None => typed(false, "Number"),
        },
        Shape::Word(words) => match value.as_str() {
            Some(word) if words.contains(&word) => Ok(()),
            Some(_) => Err(format!("Value must be one of [{}]", words.join(", "))),
            None => typed(false, "String"),
        },
        Shape::Timestamp => match value.as_str() {
            Some(text) if is_rfc3339(text) => Ok(()),
            Some(_) => Err("String does not match RFC3339 timestamp".to_owned()),
            None => typed(false, "String"),
        },
    }
}

fn typed(fits: bool, name: &str) -> Result<(), String> {
    if fits { Ok(()) } else { Err(format!("Expected value of type {name}")) }
}

fn filled(empty: Option<bool>, name: &str) -> Result<(), String> {
    match empty {
        Some(false) => Ok(()),
        Some(true) => Err("Value cannot be empty".to_owned()),
        None => typed(false, name),
    }
}

fn nothing_further(_: &str) -> Option<Takes> {
    None
}
