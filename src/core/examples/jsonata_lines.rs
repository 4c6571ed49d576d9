//! Evaluates JSONata expressions given as JSON lines on standard input, for comparison with another implementation.
//!
//! In: `{"e": expression, "input": …, "bindings": {…}, "depth": n, "nesting": n, "free": true}`; only `e` is needed. `free` lifts the
//! limits. A line may set `data` for the lines after it: `{"data": …, "bindings": {…}}`.
//! Out, per expression: `{"value": …}`, `{"undefined": true}`, `{"function": true}` or `{"code": …, "message": …}`.

use std::cell::RefCell;
use std::io::{BufRead, Write};

use stepwright_core::expr::jsonata::{Environment, Expression, Limits, Outcome};
use stepwright_core::expr::{Entropy, Value};

fn main() -> std::io::Result<()> {
    let mut defaults = (None, None);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let Ok(request) = Value::parse(&line) else {
            writeln!(out, "{{\"code\":\"bad request\"}}")?;
            continue;
        };
        let Some(source) = request.get("e").and_then(Value::as_str) else {
            defaults = (request.get("data").cloned(), request.get("bindings").cloned());
            continue;
        };
        let input = request.get("input").or(defaults.0.as_ref());
        let bindings = request.get("bindings").or(defaults.1.as_ref());
        writeln!(out, "{}", answer(source, input, bindings, limits(&request)).to_json())?;
        out.flush()?;
    }
    Ok(())
}

fn limits(request: &Value) -> Limits {
    let mut limits = Limits::default();
    if request.get("free").is_some() {
        limits.memory = 1 << 31;
        limits.steps = 1 << 26;
    }
    if let Some(depth) = request.get("depth").and_then(Value::as_i64) {
        limits.depth = usize::try_from(depth).unwrap_or(limits.depth);
    }
    if let Some(nesting) = request.get("nesting").and_then(Value::as_i64) {
        limits.nesting = usize::try_from(nesting).unwrap_or(limits.nesting);
    }
    limits
}

fn answer(source: &str, input: Option<&Value>, bindings: Option<&Value>, limits: Limits) -> Value {
    let entropy = RefCell::new(Entropy::of("lines", "", 0, "jsonata"));
    let variables = |name: &str| bindings?.get(name).cloned();
    let environment = Environment {
        variables: &variables,
        entropy: &entropy,
        now: 1_700_000_000_000_000,
        limits,
    };
    let outcome = Expression::parse(source).and_then(|e| e.evaluate(input, &environment));
    match outcome {
        Ok(Outcome::Undefined) => Value::object([("undefined", Value::Bool(true))]),
        Ok(Outcome::NotData) => Value::object([("function", Value::Bool(true))]),
        Ok(Outcome::Value(value)) => Value::object([("value", value)]),
        Err(error) => Value::object([
            ("code", Value::string(&*error.code)),
            ("message", Value::string(error.message)),
        ]),
    }
}
