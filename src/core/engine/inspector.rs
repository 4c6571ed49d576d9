//! The inspector: notes what a state does with its data while it does it. Only a trial has one; for everything else its
//! calls are a look at an empty option.

use std::cell::RefCell;
use std::sync::Arc;

use super::context::{self, Sight};
use super::draft::Draft;
use super::setting::Facts;
use super::{Frame, Item};
use crate::expr::{Document, Value};

/// What was noted, by the names that TestState's `inspectionData` has for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notes {
    /// Documents: `afterInputPath`, `result`, …
    pub documents: Vec<(&'static str, Document)>,
    /// Numbers: `maxConcurrency`, …
    pub numbers: Vec<(&'static str, f64)>,
    /// The retrier that names the error.
    pub retrier: Option<usize>,
    /// The pause in seconds that it asks for, if it has attempts left.
    pub backoff_seconds: Option<f64>,
    /// The catcher that took the error.
    pub catcher: Option<usize>,
}

impl Notes {
    /// A document noted under a name.
    pub fn document(&self, name: &str) -> Option<&Document> {
        self.documents.iter().find(|(noted, _)| *noted == name).map(|(_, document)| document)
    }

    /// A number noted under a name.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.numbers.iter().find(|(noted, _)| *noted == name).map(|(_, number)| *number)
    }
}

/// An inspector, and what a trial puts in the place of the real things.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inspector {
    pub(crate) notes: RefCell<Notes>,
    /// The context object, where it is given.
    pub(crate) context: Option<Value>,
    /// The data that a distributed Map's ItemReader has read.
    pub(crate) items_read: Option<Arc<str>>,
    /// The item in hand of the Map that the state is in, if it is in one.
    pub(crate) item: Option<Item>,
}

impl Inspector {
    /// The context object that expressions see: the given one, or one as Express executions have it (recorded: without
    /// `RedriveCount`).
    pub(crate) fn context(&self, facts: &Facts, frame: &Frame, sight: Sight<'_>) -> Value {
        let sight = Sight { item: sight.item.or(self.item.as_ref()), ..sight };
        let full = context::object(facts, frame, sight);
        let Value::Object(members) = full else { return full };
        let mut members = Arc::unwrap_or_clone(members);
        if let Some(Value::Object(execution)) = members.get_mut("Execution") {
            let execution = Arc::make_mut(execution);
            execution.shift_remove("RedriveCount");
            if facts.role.is_empty() {
                execution.shift_remove("RoleArn");
            }
        }
        let Some(Value::Object(given)) = &self.context else {
            return Value::Object(members.into());
        };
        let mut given = (**given).clone();
        for name in ["Map", "Task"] {
            if let Some(part) = members.get(name) {
                given.entry(name.into()).or_insert_with(|| part.clone());
            }
        }
        Value::Object(given.into())
    }
}

impl Draft<'_> {
    /// Notes a document, if somebody inspects; the last one under a name stays.
    pub(crate) fn note(&self, name: &'static str, document: &Document) {
        self.inspect(|notes| {
            notes.documents.retain(|(noted, _)| *noted != name);
            notes.documents.push((name, document.clone()));
        });
    }

    /// Notes a number, if somebody inspects.
    pub(crate) fn note_number(&self, name: &'static str, number: Option<f64>) {
        self.inspect(|notes| notes.numbers.extend(number.map(|number| (name, number))));
    }

    /// Notes what else there is to note, if somebody inspects.
    pub(crate) fn inspect(&self, note: impl FnOnce(&mut Notes)) {
        if let Some(inspector) = &self.inspector {
            note(&mut inspector.notes.borrow_mut());
        }
    }
}
