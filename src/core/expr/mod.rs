//! Expressions: everything in a state that is computed from data. One door for both query languages:
//! a [`Scope`] goes in, a [`Value`] or an [`Error`] comes out.
//!
//! ```text
//! path/       JSONPath as AWS evaluates it, and reference paths with write semantics
//! intrinsic/  the States.* functions
//! jsonata/    JSONata 2.0.6 as AWS has it
//! template    payload templates of both languages, compiled once
//! ```

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

pub mod entropy;
mod intrinsic;
pub mod json_error;
pub mod jsonata;
pub mod path;
pub mod pool;
mod query;
pub mod reference;
pub mod template;
#[cfg(test)]
mod trial;
pub mod value;

pub use entropy::Entropy;
pub use value::{Document, Map, Value};

/// Variables that a state can see, by name without `$`. Shared, since every state of a scope sees the same ones.
pub type Variables = Arc<Map>;

/// What an expression may look at. Made once per field evaluation; cheap.
pub struct Scope<'a> {
    /// `$` in JSONPath: the effective input, the result or whatever the field is applied to.
    pub input: &'a Value,
    /// `$$` in JSONPath and `$states.context` in JSONata: the context object, built when first used.
    pub context: &'a Lazy<'a>,
    /// Variables in sight, inner ones over outer ones.
    pub variables: &'a Map,
    /// What `$states` offers beside the context.
    pub states: States<'a>,
    /// Randomness of this step of this execution, the same whenever the step is repeated.
    pub entropy: &'a RefCell<Entropy>,
    /// Logical time in microseconds since 1970, for `$now()` and `$millis()`.
    pub now: i64,
}

/// `$states` of JSONata; a member that is `None` is not accessible where the expression stands.
#[derive(Clone, Copy, Default)]
pub struct States<'a> {
    /// `$states.input`: the state's input.
    pub input: Option<&'a Value>,
    /// `$states.result`: the result of a Task, Parallel or Map.
    pub result: Option<&'a Value>,
    /// `$states.errorOutput`: inside a catcher.
    pub error_output: Option<&'a Value>,
}

/// A value made on first use.
pub struct Lazy<'a> {
    cell: OnceCell<Value>,
    make: &'a dyn Fn() -> Value,
}

impl<'a> Lazy<'a> {
    /// A value that `make` makes when it is first asked for.
    pub fn new(make: &'a dyn Fn() -> Value) -> Lazy<'a> {
        Lazy { cell: OnceCell::new(), make }
    }

    /// The value.
    pub fn get(&self) -> &Value {
        self.cell.get_or_init(self.make)
    }
}

/// Why an expression has no value. It becomes the detail of the cause that AWS shows after
/// `An error occurred while executing the state '…' (entered at the event id #…). `.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    /// Which error name the failure carries.
    pub kind: ErrorKind,
    /// The text as AWS words it.
    pub detail: String,
    /// For JSONata: the field and the place in it, as EvaluationFailed shows it (`Output/values[0]`).
    pub location: Option<Arc<str>>,
}

/// The error names that a failed evaluation can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `States.Runtime`: bad path, missing field; never retried, never caught.
    Runtime,
    /// `States.QueryEvaluationError`: JSONata; can be retried and caught.
    QueryEvaluation,
    /// `States.IntrinsicFailure`: an intrinsic function refused its arguments.
    Intrinsic,
    /// `States.ResultPathMatchFailure`: ResultPath cannot be applied to the input.
    ResultPathMatch,
    /// `States.DataLimitExceeded`
    DataLimit,
}

impl Error {
    /// An error of the given kind.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Error {
        Error { kind, detail: detail.into(), location: None }
    }

    /// The same error, found at this place.
    pub fn at(self, location: impl Into<Arc<str>>) -> Error {
        Error { location: Some(location.into()), ..self }
    }

    /// `States.QueryEvaluationError` with this detail.
    pub fn query(detail: impl Into<String>) -> Error {
        Error::new(ErrorKind::QueryEvaluation, detail)
    }

    /// `States.Runtime` with this detail.
    pub fn runtime(detail: impl Into<String>) -> Error {
        Error::new(ErrorKind::Runtime, detail)
    }
}
