//! Compares the evaluator with jsonata-js 2.0.6 and with the crate `jsonata-core`, in turns within one run, on
//! expressions as state machines have them: parsed once, `$states` bound, result dropped.
//!
//! `cargo run --release` prints nanoseconds per evaluation (the best of all rounds) and the ratios. It exits with 1 if
//! a bar is missed: faster than jsonata-js on every expression, and slower than jsonata-core on one at most. Node must
//! be there; jsonata-js comes from npm.

use std::cell::RefCell;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use jsonata_core::evaluator::{Context, Evaluator};
use jsonata_core::value::JValue;
use serde_json::{Value as Json, json};
use stepwright_core::expr::jsonata::{Environment, Expression, Limits, Outcome};
use stepwright_core::expr::{Entropy, Value};

type Failure = Box<dyn Error>;

const EXPRESSIONS: [(&str, &str); 9] = [
    ("path", "$states.input.order.customer.name"),
    ("condition", "$states.input.(total > 100 and status = 'OPEN')"),
    ("sum", "$sum($states.input.items.(price * quantity))"),
    ("filter", "$states.input.items[price > 50].{'id': sku, 'cost': price * quantity}"),
    (
        "map",
        "$map($states.input.items, function($i) { $merge([$i, {'total': $i.price * $i.quantity}]) })",
    ),
    (
        "text",
        "$string($states.input.order.id) & '-' & $uppercase($states.input.status) & '-' & $substring($states.input.order.customer.name, 0, 3)",
    ),
    (
        "object",
        "{'count': $count($states.input.items), 'names': $states.input.items.name, 'by': $states.input.items{category: $sum(quantity)}}",
    ),
    ("sort", "$states.input.items^(>price)[[0..2]].name"),
    ("merge", "$merge([$states.input, {'status': 'DONE', 'seen': true}])"),
];
const ROUNDS: usize = 15;
const TURN: Duration = Duration::from_millis(25);

fn main() -> Result<(), Failure> {
    let documents = [("small", document(4)), ("large", document(1_120))];
    let mut javascript = JavaScript::start(&documents)?;
    let (mut behind_javascript, mut behind_crate) = (Vec::new(), Vec::new());
    println!(
        "{:<10} {:<6} {:>12} {:>14} {:>14} {:>8} {:>8}",
        "expression",
        "input",
        "ours ns",
        "jsonata-js ns",
        "jsonata-core ns",
        "js/ours",
        "core/ours"
    );
    for (name, source) in EXPRESSIONS {
        for (size, document) in &documents {
            let [ours, core, js] = best(source, size, document, &mut javascript)?;
            println!(
                "{name:<10} {size:<6} {ours:>12.0} {js:>14.0} {core:>14.0} {:>8.1} {:>8.2}",
                js / ours,
                core / ours
            );
            if js <= ours {
                behind_javascript.push(format!("{name} {size}"));
            }
            if core < ours {
                behind_crate.push(format!("{name} {size}"));
            }
        }
    }
    let expressions = |rows: &[String]| {
        let mut names: Vec<&str> = rows.iter().filter_map(|row| row.split(' ').next()).collect();
        names.dedup();
        names.len()
    };
    println!(
        "slower than jsonata-js: {behind_javascript:?}; slower than jsonata-core: {behind_crate:?}"
    );
    let met = behind_javascript.is_empty() && expressions(&behind_crate) <= 1;
    std::process::exit(if met { 0 } else { 1 });
}

/// Nanoseconds of ours, of the crate and of JavaScript: the best of turns that alternate.
fn best(
    source: &str,
    size: &str,
    document: &Json,
    javascript: &mut JavaScript,
) -> Result<[f64; 3], Failure> {
    let mut best = [f64::INFINITY; 3];
    for _ in 0..ROUNDS {
        let (ours, our_result) = ours(source, document)?;
        let (core, core_result) = core(source, document)?;
        let (js, js_result) = javascript.measure(source, size)?;
        if our_result != js_result || core_result != js_result {
            return Err(format!(
                "{source}: the results differ: {our_result}, {core_result}, {js_result}"
            )
            .into());
        }
        for (best, this) in best.iter_mut().zip([ours, core, js]) {
            *best = best.min(this);
        }
    }
    Ok(best)
}

fn ours(source: &str, document: &Json) -> Result<(f64, Json), Failure> {
    let expression = Expression::parse(source)?;
    let states =
        Value::object([("input", Value::parse(&document.to_string()).map_err(|e| e.to_string())?)]);
    let variables = |name: &str| (name == "states").then(|| states.clone());
    let entropy = RefCell::new(Entropy::of("bench", "", 0, "jsonata"));
    let environment =
        Environment { variables: &variables, entropy: &entropy, now: 0, limits: Limits::default() };
    let time = timed(|| expression.evaluate(None, &environment).map(drop))?;
    match expression.evaluate(None, &environment)? {
        Outcome::Value(value) => Ok((time, plain(&serde_json::from_str(&value.to_json())?))),
        other => Err(format!("{source}: {other:?}").into()),
    }
}

fn core(source: &str, document: &Json) -> Result<(f64, Json), Failure> {
    let tree = jsonata_core::parser::parse(source).map_err(|e| e.to_string())?;
    let mut context = Context::new();
    context.bind("states".to_owned(), JValue::from(json!({ "input": document })));
    let mut evaluator = Evaluator::with_context(context);
    let nothing = JValue::Undefined;
    let time = timed(|| {
        evaluator.evaluate(&tree, &nothing).map(drop).map_err(|e| e.message().to_owned())
    })?;
    let result = evaluator.evaluate(&tree, &nothing).map_err(|e| e.message().to_owned())?;
    Ok((time, plain(&serde_json::from_str(&result.to_json_string()?)?)))
}

/// Nanoseconds per call over one turn.
fn timed<E: Into<Failure>>(mut call: impl FnMut() -> Result<(), E>) -> Result<f64, Failure> {
    let start = Instant::now();
    let mut count = 0u32;
    while start.elapsed() < TURN {
        for _ in 0..8 {
            call().map_err(Into::into)?;
        }
        count += 8;
    }
    Ok(start.elapsed().as_nanos() as f64 / f64::from(count))
}

/// The same with every number a float, so that 3 and 3.0 are equal.
fn plain(value: &Json) -> Json {
    match value {
        Json::Number(number) => json!(number.as_f64()),
        Json::Array(items) => items.iter().map(plain).collect(),
        Json::Object(members) => members
            .iter()
            .map(|(key, member)| (key.clone(), plain(member)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// An order with so many items.
fn document(items: usize) -> Json {
    let category = |n: usize| ["tools", "toys", "food"][n % 3];
    let item = |n: usize| {
        json!({
            "sku": format!("SKU-{n:05}"), "name": format!("Item number {n}"), "category": category(n),
            "price": ((n * 37 + 300) % 400) as f64 / 4.0, "quantity": n % 7 + 1, "tags": ["a", "b"], "stock": n.is_multiple_of(2),
        })
    };
    json!({
        "order": {"id": 4711, "customer": {"name": "Ada Byron", "city": "London", "vip": true}},
        "status": "OPEN", "total": 129.5, "items": (0..items).map(item).collect::<Vec<_>>(),
    })
}

/// A Node process that measures on request.
struct JavaScript {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl JavaScript {
    fn start(documents: &[(&str, Json); 2]) -> Result<JavaScript, Failure> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/javascript.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(mut requests), Some(answers)) = (process.stdin.take(), process.stdout.take())
        else {
            return Err("node has no pipes".into());
        };
        let [(small, first), (large, second)] = documents;
        writeln!(requests, "{}", json!({ *small: first, *large: second }))?;
        Ok(JavaScript { process, requests, answers: BufReader::new(answers) })
    }

    fn measure(&mut self, source: &str, size: &str) -> Result<(f64, Json), Failure> {
        let request =
            json!({ "expression": source, "document": size, "for": TURN.as_millis() as u64 });
        writeln!(self.requests, "{request}")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let answer: Json = serde_json::from_str(&line)?;
        Ok((answer["nanoseconds"].as_f64().ok_or("node did not answer")?, plain(&answer["result"])))
    }
}

impl Drop for JavaScript {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
