//! What a definition is held against while it is read: the tables of fields, the form of timestamps and the graph of
//! transitions. Nothing here builds; it only adds to the [`Findings`].

pub(super) mod fields;
pub(super) mod graph;
pub(super) mod parts;
pub(super) mod schema;
pub(super) mod scopes;
pub(super) mod timestamp;

use std::fmt;

use super::diagnostic::{Code, Diagnostic, Severity};
use super::model::{ExecutionType, QueryLanguage};

/// What has been found wrong so far, in the order of finding. It does not outgrow the definition by much: what quotes long
/// names is cut, and of very many findings the last are left out.
#[derive(Debug, Default)]
pub(super) struct Findings {
    all: Vec<Diagnostic>,
    /// Bytes of messages and locations.
    size: usize,
}

impl Findings {
    /// A field that is missing, out of place or wrong.
    pub(super) fn schema(&mut self, at: impl fmt::Display, message: impl Into<String>) {
        self.add(Code::SchemaValidationFailed, at, message);
    }

    /// An error of any code.
    pub(super) fn add(&mut self, code: Code, at: impl fmt::Display, message: impl Into<String>) {
        if self.size > MOST_TEXT {
            return;
        }
        let (message, location) = (message.into(), at.to_string());
        let message = match cut(&message, LONGEST_MESSAGE) {
            Some(start) => format!("{start}…"),
            None => message,
        };
        self.size += message.len() + location.len();
        self.all.push(Diagnostic { severity: Severity::Error, code, message, location });
    }

    /// Whether nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The findings.
    pub(super) fn into_vec(self) -> Vec<Diagnostic> {
        self.all
    }
}

/// The beginning of a text that is longer than this, in bytes.
fn cut(text: &str, longest: usize) -> Option<&str> {
    (text.len() > longest).then(|| &text[..text.floor_char_boundary(longest)])
}

/// A place in a definition; printed as AWS prints it: `/`, `/States/Fan/Branches[0]/StartAt`.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    outer: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Item(usize),
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.outer.is_none() {
            return f.write_str("/");
        }
        let mut steps = Vec::new();
        let mut place = Some(self);
        while let Some(at) = place {
            steps.push(at.step);
            place = at.outer;
        }
        steps.iter().rev().try_for_each(|step| match step {
            Step::Root => Ok(()),
            Step::Field(name) => match cut(name, LONGEST_NAME) {
                Some(start) => write!(f, "/{start}…"),
                None => write!(f, "/{name}"),
            },
            Step::Item(index) => write!(f, "[{index}]"),
        })
    }
}

/// A place, and what holds there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here<'a> {
    /// The place.
    pub(super) at: At<'a>,
    /// The query language of the state around it.
    pub(super) language: QueryLanguage,
    /// The type of the workflow around it, which is that of the children inside a distributed Map.
    pub(super) kind: ExecutionType,
    /// What `$states` has here beside `input` and `context`.
    pub(super) outcome: Option<Outcome>,
}

/// A member of `$states` that only some fields can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// `result`: in `Output` and `Assign` of a Task, Parallel or Map state.
    Result,
    /// `errorOutput`: in `Output` and `Assign` of a catcher.
    ErrorOutput,
}

impl Outcome {
    /// The member of this name; `None` for those that every field can read, and for those that do not exist.
    pub(super) fn of(member: &str) -> Option<Outcome> {
        match member {
            "result" => Some(Outcome::Result),
            "errorOutput" => Some(Outcome::ErrorOutput),
            _ => None,
        }
    }
}

impl<'a> Here<'a> {
    /// The top of a definition.
    pub(super) fn top(language: QueryLanguage, kind: ExecutionType) -> Here<'a> {
        Here { at: At { outer: None, step: Step::Root }, language, kind, outcome: None }
    }

    /// The same place, where `$states` has one member more.
    pub(super) fn after(&self, outcome: Outcome) -> Here<'a> {
        Here { outcome: Some(outcome), ..*self }
    }

    /// The member `name` of the object here.
    pub(super) fn field(&'a self, name: &'a str) -> Here<'a> {
        Here { at: At { outer: Some(&self.at), step: Step::Field(name) }, ..*self }
    }

    /// An item of the array here.
    pub(super) fn item(&'a self, index: usize) -> Here<'a> {
        Here { at: At { outer: Some(&self.at), step: Step::Item(index) }, ..*self }
    }
}

impl fmt::Display for Here<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.fmt(f)
    }
}

/// Bytes of all findings together after which no more are gathered.
const MOST_TEXT: usize = 1 << 20;
/// Bytes of a message.
const LONGEST_MESSAGE: usize = 16 << 10;
/// Bytes of a name in a location; names of states have 80 characters at most.
const LONGEST_NAME: usize = 400;
