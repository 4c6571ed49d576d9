//! The Amazon States Language: text in, typed [`Machine`](model::Machine) or [`Diagnostic`](diagnostic::Diagnostic)s out.

pub mod diagnostic;
pub mod model;

/// Stub.
pub fn parse(
    _: &str,
    _: model::ExecutionType,
) -> Result<model::Machine, Vec<diagnostic::Diagnostic>> {
    Err(Vec::new())
}
