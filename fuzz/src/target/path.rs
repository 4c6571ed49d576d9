//! JSONPath and reference paths, over some data.

use std::cell::RefCell;

use stepwright_core::expr::path::Path;
use stepwright_core::expr::reference::ReferencePath;
use stepwright_core::expr::{Entropy, Lazy, Map, Scope, States, Value};

use crate::texts;

pub(super) fn run(input: &[u8]) {
    let Some([source, data]) = texts(input) else { return };
    let Ok(data) = Value::parse(data) else { return };
    let data = &data;
    scoped(data, |scope| {
        if let Ok(path) = Path::parse(source) {
            assert_eq!(path.source(), source);
            let _ = path.read(scope).map(|found| found.to_json());
        }
        let Ok(path) = ReferencePath::parse(source) else { return };
        if let Ok(written) = path.write(data, Value::Int(7)) {
            scoped(&written, |scope| {
                assert_eq!(path.read(scope).expect("what was written is there"), Value::Int(7));
            });
        }
    });
}

/// A scope in which everything is this data.
pub(super) fn scoped<T>(data: &Value, with: impl FnOnce(&Scope<'_>) -> T) -> T {
    let make = || data.clone();
    let context = Lazy::new(&make);
    let entropy = RefCell::new(Entropy::of("e", "f", 1, "fuzz"));
    let variables: Map =
        [("a".into(), data.clone()), ("x".into(), Value::Int(1))].into_iter().collect();
    let states = States { input: Some(data), result: Some(data), error_output: Some(data) };
    with(&Scope {
        input: data,
        context: &context,
        variables: &variables,
        states,
        entropy: &entropy,
        now: 1_700_000_000_000_000,
    })
}
