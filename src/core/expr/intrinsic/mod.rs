//! Intrinsic functions: `States.Format('{} of {}', $.a, States.ArrayLength($.b))`.
//!
//! A [`Call`] is compiled once. Every function is a row of data: its name, what its arguments must be, and a body that
//! gets them checked and converted ([`arguments`]). One file per family of functions.

use std::sync::Arc;

use super::path::Path;
use super::value::MOST_TEXT;
use super::{Error, ErrorKind, Scope, Value};

mod arguments;
mod array;
mod encoding;
mod format;
mod java;
mod json;
mod math;
mod parse;
mod string;
mod unique;

use self::arguments::{Given, Signature};

/// A compiled call of an intrinsic function.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    source: Arc<str>,
    invocation: Invocation,
}

#[derive(Clone, Debug)]
struct Invocation {
    function: &'static Signature,
    arguments: Vec<Argument>,
}

#[derive(Clone, Debug)]
enum Argument {
    Literal(Value),
    /// A quoted string: what it says, and its pieces between unescaped `{}`.
    Quoted {
        text: Value,
        pieces: Arc<[Box<str>]>,
    },
    Path(Path),
    Call(Invocation),
}

/// Why a call has no value, before the call is named.
struct Failure {
    kind: ErrorKind,
    text: String,
}

/// The families, each a list of functions.
const FAMILIES: [&[Signature]; 7] = [
    format::FUNCTIONS,
    json::FUNCTIONS,
    array::FUNCTIONS,
    encoding::FUNCTIONS,
    math::FUNCTIONS,
    string::FUNCTIONS,
    unique::FUNCTIONS,
];

fn function(name: &str) -> Option<&'static Signature> {
    FAMILIES.into_iter().flatten().find(|function| function.name == name)
}

impl Call {
    /// Whether text is meant as a call rather than a path.
    pub(crate) fn is_meant(source: &str) -> bool {
        source.starts_with("States.")
    }

    /// Compiles a call with all calls nested in it.
    ///
    /// # Errors
    /// What is wrong with it, for the validator.
    pub(crate) fn parse(source: &str) -> Result<Call, String> {
        Ok(Call { invocation: parse::invocation(source)?, source: source.into() })
    }

    /// The value of the call.
    ///
    /// # Errors
    /// `States.Runtime` for a path that finds nothing, `States.IntrinsicFailure` for arguments that do not fit.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, Error> {
        self.invocation.evaluate(scope, &mut { MOST_TEXT }).map_err(|failure| {
            let detail =
                format!("The function '{}' had the following error: {}", self.source, failure.text);
            Error::new(failure.kind, detail)
        })
    }

    /// Shows every path among the arguments, nested ones too.
    pub(crate) fn paths<'a>(&'a self, visit: &mut dyn FnMut(&'a Path)) {
        self.invocation.paths(visit);
    }
}

impl Invocation {
    /// `left`: how much text all arguments of it, and of the calls around it, may yet have.
    fn evaluate(&self, scope: &Scope<'_>, left: &mut usize) -> Result<Value, Failure> {
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            let value = argument.evaluate(scope, left)?;
            if !value.fits(left) {
                return Err(Failure::too_much());
            }
            values.push(value);
        }
        let pieces = match self.arguments.first() {
            Some(Argument::Quoted { pieces, .. }) => Some(&pieces[..]),
            _ => None,
        };
        let name = self.function.name;
        let given = self
            .function
            .check(values)
            .map_err(|text| Failure::intrinsic(format!("Invalid arguments in {name}: {text}")))?;
        (self.function.body)(&Given { arguments: &given, pieces, entropy: scope.entropy })
            .map_err(|text| Failure::intrinsic(format!("Invalid arguments in {name}: {text}")))
    }

    fn paths<'a>(&'a self, visit: &mut dyn FnMut(&'a Path)) {
        for argument in &self.arguments {
            match argument {
                Argument::Path(path) => visit(path),
                Argument::Call(call) => call.paths(visit),
                Argument::Literal(_) | Argument::Quoted { .. } => {}
            }
        }
    }
}

impl Argument {
    fn evaluate(&self, scope: &Scope<'_>, left: &mut usize) -> Result<Value, Failure> {
        match self {
            Argument::Literal(value) | Argument::Quoted { text: value, .. } => Ok(value.clone()),
            Argument::Call(call) => call.evaluate(scope, left),
            Argument::Path(path) => path.read(scope).map_err(|error| match error.kind {
                ErrorKind::Runtime => Failure::not_found(path, scope),
                kind => Failure { kind, text: error.detail },
            }),
        }
    }
}

impl Failure {
    fn not_found(path: &Path, scope: &Scope<'_>) -> Failure {
        let text = format!(
            "The JsonPath argument for the field '{}' could not be found in the input '{}'",
            path.source(),
            path.searched(scope)
        );
        Failure { kind: ErrorKind::Runtime, text }
    }

    fn too_much() -> Failure {
        let text = "The arguments are larger than an evaluation may have them.".to_owned();
        Failure { kind: ErrorKind::DataLimit, text }
    }

    fn intrinsic(text: String) -> Failure {
        Failure { kind: ErrorKind::Intrinsic, text }
    }
}

#[cfg(test)]
mod tests;
