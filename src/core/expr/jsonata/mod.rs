//! JSONata 2.0.6 as AWS Step Functions has it: the language of 2.0.6 without `$eval`, with `$partition`, `$range`,
//! `$hash`, `$random`, `$uuid` and `$parse`, and with bounds on depth, memory and time.
//!
//! ```text
//! lex, parse/     text to tree                    ast        the tree
//! eval/           tree and input to value         item       values at run time
//! function/       built-in functions              signature  what functions accept
//! pattern/        regular expressions             datetime/  picture strings of times and integers
//! format_number   picture strings of numbers      number     numbers as text
//! error           codes and texts                 limit      the bounds
//! references      what an expression refers to, without evaluating it
//! ```
//!
//! The module depends on the value type beside it and on nothing else of the engine.

mod ast;
mod datetime;
mod error;
mod eval;
mod format_number;
mod function;
mod item;
mod lex;
mod limit;
mod number;
mod parse;
mod pattern;
mod references;
mod signature;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::sync::Arc;

use super::entropy::Entropy;
use super::value::Value;
use eval::{Evaluator, Setting};
use item::Item;

pub use error::Error;
pub use limit::Limits;
pub use references::Reference;

/// A parsed expression. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Expression(Arc<ast::Program>);

/// What an evaluation may use beside its input and its variables.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// Values of variables that the expression does not bind itself, by name without `$`. Each is asked for at most
    /// once in an evaluation; cloning a value is cheap.
    pub variables: &'a dyn Fn(&str) -> Option<Value>,
    /// Randomness for `$random`, `$uuid` and `$shuffle`.
    pub entropy: &'a RefCell<Entropy>,
    /// Microseconds since 1970, for `$now` and `$millis`.
    pub now: i64,
    /// Bounds of the evaluation.
    pub limits: Limits,
}

/// What an expression came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing.
    Undefined,
    /// A value.
    Value(Value),
    /// A function or a regular expression, which is no data.
    NotData,
}

impl Expression {
    /// Parses an expression, without the `{%` and `%}` around it.
    ///
    /// # Errors
    /// Errors of the `S` family, worded as JSONata words them.
    pub fn parse(source: &str) -> Result<Expression, Error> {
        parse::parse(source).map(|program| Expression(Arc::new(program))).map_err(|f| f.finish())
    }

    /// The expression as written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Evaluates the expression; `input` is its context `$`, which AWS leaves out.
    ///
    /// # Errors
    /// Errors of the `T` and `D` families, and `U1001` where a limit is hit.
    pub fn evaluate(
        &self,
        input: Option<&Value>,
        environment: &Environment<'_>,
    ) -> Result<Outcome, Error> {
        let setting = Setting {
            bindings: environment.variables,
            entropy: environment.entropy,
            now: environment.now,
            limits: environment.limits,
        };
        let (item, odd) =
            Evaluator::run(&self.0, input, &setting).map_err(|fault| fault.finish())?;
        Ok(match item {
            Item::Undefined => Outcome::Undefined,
            Item::Function(_) => Outcome::NotData,
            item if odd => Outcome::Value(presentable(item.into_value())),
            item => Outcome::Value(item.into_value()),
        })
    }

    /// The variables that the expression reads, in the order in which they are written.
    pub fn references(&self) -> Vec<Reference> {
        references::references(&self.0)
    }

    /// Names that AWS refuses because there is no context for them at the top level: `$`, `$$` and bare names, with
    /// their positions.
    pub fn unsupported(&self) -> Vec<(String, usize)> {
        references::unsupported(&self.0)
    }
}

/// Numbers that JSON cannot hold, as AWS shows them (recorded: `[1/0]` is `["Infinity"]`).
fn presentable(value: Value) -> Value {
    match value {
        Value::Float(n) if !n.is_finite() => Value::string(number::print(n)),
        Value::Float(0.0) => Value::Int(0),
        Value::Array(items) => Value::array(items.iter().cloned().map(presentable)),
        Value::Object(members) => {
            Value::object(members.iter().map(|(k, v)| (k.clone(), presentable(v.clone()))))
        }
        other => other,
    }
}
