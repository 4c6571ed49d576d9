//! The tree as it is written, before paths are flattened and parents are resolved.

use std::sync::Arc;

use super::super::super::value::Value;
use super::super::signature::Signature;

/// A node of the written tree.
#[derive(Debug)]
pub(super) struct Syntax {
    pub(super) form: Form,
    pub(super) position: usize,
    /// `[]` follows.
    pub(super) keep_array: bool,
    /// Levels of nesting below, this one included; bounded by the parser.
    pub(super) height: usize,
}

/// The forms of the written tree.
#[derive(Debug)]
pub(super) enum Form {
    Literal(Value),
    Number(f64),
    String(Arc<str>),
    Name(Arc<str>),
    Variable(Arc<str>),
    Regex(Arc<str>, String),
    Wildcard,
    Descendant,
    Parent,
    End,
    /// Any operator that is neither a path nor an attachment.
    Binary(&'static str, Box<(Syntax, Syntax)>),
    Step(Box<(Syntax, Syntax)>),
    Predicate(Box<(Syntax, Syntax)>),
    Group(Box<Syntax>, Vec<(Syntax, Syntax)>),
    Order(Box<Syntax>, Vec<(bool, Syntax)>),
    Focus(Box<Syntax>, Arc<str>),
    Index(Box<Syntax>, Arc<str>),
    Bind(Arc<str>, Box<Syntax>),
    Apply(Box<(Syntax, Syntax)>),
    Negate(Box<Syntax>),
    Array(Vec<Syntax>),
    Object(Vec<(Syntax, Syntax)>),
    Block(Vec<Syntax>),
    Call(Box<Syntax>, Vec<Syntax>),
    /// `None` stands for `?`.
    Partial(Box<Syntax>, Vec<Option<Syntax>>),
    Lambda(Vec<Arc<str>>, Option<Signature>, Box<Syntax>),
    Condition(Box<(Syntax, Syntax)>, Option<Box<Syntax>>),
    Transform(Box<(Syntax, Syntax)>, Option<Box<Syntax>>),
}

impl Syntax {
    /// A node without children.
    pub(super) fn leaf(form: Form, position: usize) -> Syntax {
        Syntax { form, position, keep_array: false, height: 1 }
    }
}
