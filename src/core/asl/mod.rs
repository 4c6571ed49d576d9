//! The Amazon States Language: text in, typed [`Machine`](model::Machine) or [`Diagnostic`](diagnostic::Diagnostic)s out.

pub mod diagnostic;
pub mod model;
