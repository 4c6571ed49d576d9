//! JSONata: parsed, looked into, evaluated within AWS's bounds.

use std::cell::RefCell;

use stepwright_core::expr::jsonata::{Environment, Expression, Limits, Outcome};
use stepwright_core::expr::{Entropy, Value};

use crate::texts;

pub(super) fn run(input: &[u8]) {
    let Some([source, data]) = texts(input) else { return };
    let Ok(data) = Value::parse(data) else { return };
    let Ok(expression) = Expression::parse(source) else { return };
    expression.references();
    expression.unsupported();
    let entropy = RefCell::new(Entropy::of("e", "f", 1, "fuzz"));
    let limits = match cfg!(debug_assertions) {
        true => Limits { steps: 1_000_000, ..Limits::default() },
        false => Limits::default(),
    };
    let variables = |name: &str| (name == "states" || name == "a").then(|| data.clone());
    let environment = Environment {
        variables: &variables,
        entropy: &entropy,
        now: 1_700_000_000_000_000,
        limits,
    };
    // Without a context as in a state, with one as in the language's own tests.
    let given = (source.len() % 2 == 0).then_some(&data);
    if let Ok(Outcome::Value(value)) = expression.evaluate(given, &environment) {
        // What it comes to is shown and stored.
        if value.measure(1 << 20, 100).is_ok() {
            let text = value.to_json();
            Value::parse(&text).expect("a value is JSON");
        }
    }
}

/// What the tests of the language do not say in one line.
pub(super) fn expressions() -> Vec<Vec<u8>> {
    WHOLE.iter().map(|text| text.as_bytes().to_vec()).collect()
}

const WHOLE: [&str; 18] = [
    "($f := function($n){ $n < 2 ? 1 : $n * $f($n - 1) }; $f(20))",
    "($f := function($n, $a){ $n = 0 ? $a : $f($n - 1, $a + $n) }; $f(10000, 0))",
    "items[id > 1].{'id': id, 'q': $string(q)}",
    "items{$string(id): $sum(q)}",
    "items^(>q, id).id",
    "$map(items, function($v, $i, $a){ $v.q * $i + $count($a) })",
    "$reduce([1..50], function($p, $n){ $p & $string($n) }, '')",
    "$ ~> |items|{'total': q * 2}, ['q']|",
    "items@$i.b#$p.{'i': $i.id, 'p': $p}",
    "items.%.o.a.a",
    "$replace('aXbX', /x/i, function($m){ $m.match & $m.groups[0] })",
    "$match('abcabc', /a(b)(c)/)[1].groups",
    "$formatNumber(-12345.678, '#,##0.00;(#)') & $formatBase(255, 16) & $formatInteger(1999, 'I')",
    "$fromMillis($toMillis('2024-02-29', '[Y]-[M]-[D]'), '[FNn], [D1o] [MNn] [Y]', '+0100')",
    "$merge($each($, function($v, $k){ {$k: $type($v)} }))",
    "$sort(b, function($l, $r){ $string($l) > $string($r) })",
    "($p := $partition([1..10], 3); $zip($p[0], $p[1])) ~> $distinct",
    "$parse('{\"a\": [1, 2]}').a ~> $append($split('a,b', ',')) ~> $join('-') ~> $hash('SHA-256')",
];
