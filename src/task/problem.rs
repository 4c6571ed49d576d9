//! Parameters that no request can be made of: what is wrong with each, in AWS's words.

use stepwright_core::engine::Failure;
use stepwright_core::engine::failure::name;
use stepwright_core::expr::{Document, Map, Value};

use super::request::text;

/// Reads members of parameters and collects what is wrong with them.
pub(super) struct Reader<'a> {
    parameters: &'a Document,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Of parameters that may have these members only.
    pub(super) fn of(parameters: &'a Document, known: &[&str]) -> Reader<'a> {
        let keys = parameters.value().as_object().into_iter().flat_map(Map::keys);
        let problems = keys
            .filter(|key| !known.contains(&&***key))
            .map(|key| format!("The field '{key}' is not supported by Step Functions"))
            .collect();
        Reader { parameters, problems }
    }

    /// A member, unless it is missing or `null`.
    pub(super) fn value(&self, field: &str) -> Option<&'a Value> {
        self.parameters.value().get(field).filter(|value| **value != Value::Null)
    }

    /// A text that may be missing; a number or boolean is taken for its text.
    pub(super) fn text(&mut self, field: &str) -> Option<String> {
        let value = self.value(field)?;
        if value.as_object().is_some() || value.as_array().is_some() {
            self.invalid(field);
            return None;
        }
        Some(text(value))
    }

    /// A boolean, or the text of one; `false` if it is missing.
    pub(super) fn flag(&self, field: &str) -> bool {
        self.value(field).is_some_and(|value| text(value) == "true")
    }

    /// A text that may not be missing.
    pub(super) fn required(&mut self, field: &str) -> String {
        let text = self.text(field);
        if self.value(field).is_none() {
            self.missing(field);
        }
        text.unwrap_or_default()
    }

    /// An object that may be missing.
    pub(super) fn object(&mut self, field: &str) -> Option<&'a Map> {
        let value = self.value(field)?;
        let object = value.as_object();
        if object.is_none() {
            self.invalid(field);
        }
        object
    }

    /// A member has a value that it may not have.
    pub(super) fn invalid(&mut self, field: &str) {
        self.problems.push(format!("The value of the field '{field}' has an invalid format"));
    }

    /// A member is not there.
    pub(super) fn missing(&mut self, field: &str) {
        self.problems.push(format!("The field '{field}' is required but was missing"));
    }

    /// Something else is wrong.
    pub(super) fn problem(&mut self, what: impl Into<String>) {
        self.problems.push(what.into());
    }

    /// `Err` if something was wrong (recorded for `apigateway:invoke`).
    pub(super) fn finish(self) -> Result<(), Failure> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let cause = format!(
            "The Parameters '{}' could not be used to start the Task: [{}]",
            self.parameters.text(),
            self.problems.join(", ")
        );
        Err(Failure::new(name::RUNTIME, cause))
    }
}
