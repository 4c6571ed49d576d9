//! What an expression refers to, found without evaluating it.

use super::ast::Program;

/// A variable that an expression reads and does not bind itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name, without `$`.
    pub name: String,
    /// The members that directly follow, as in `$states.input.order`.
    pub members: Vec<String>,
    /// How many bytes of the expression had been read when the variable was complete.
    pub position: usize,
}

pub(super) fn references(_program: &Program) -> Vec<Reference> {
    Vec::new()
}
pub(super) fn unsupported(_program: &Program) -> Vec<(String, usize)> {
    Vec::new()
}
