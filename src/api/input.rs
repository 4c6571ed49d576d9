//! A request's input after its shape was checked: what is there has the right type, what is required is there.

use std::sync::Arc;

use stepwright_core::expr::Value;

use super::error::Error;

/// The input of an operation.
#[derive(Debug)]
pub(super) struct Input(Value);

impl Input {
    pub(super) fn new(checked: Value) -> Input {
        Input(checked)
    }

    /// A string member.
    pub(super) fn text(&self, name: &str) -> Option<&Arc<str>> {
        match self.0.get(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// A string member that the shape requires.
    ///
    /// # Errors
    /// It is missing, which the check of the shape has refused before.
    pub(super) fn required(&self, name: &str) -> Result<&Arc<str>, Error> {
        self.text(name)
            .ok_or_else(|| Error::validation(format!("Value null at '{name}' must not be null")))
    }

    /// A boolean member.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// A member of any type; `null` counts as absent.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| **value != Value::Null)
    }

    /// `maxResults`: 100 where it is absent or 0.
    pub(super) fn page_size(&self) -> usize {
        let asked = self.0.get("maxResults").and_then(Value::as_i64).unwrap_or(0);
        usize::try_from(asked).ok().filter(|n| *n > 0).unwrap_or(DEFAULT_PAGE)
    }

    /// `includedData`: whether more than metadata is asked for.
    pub(super) fn all_data(&self) -> bool {
        self.text("includedData").is_none_or(|which| &**which != "METADATA_ONLY")
    }
}

const DEFAULT_PAGE: usize = 100;
