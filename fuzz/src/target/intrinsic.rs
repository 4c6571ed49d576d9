//! Intrinsic functions, over some data.

use stepwright_core::expr::Value;
use stepwright_core::expr::template::Template;

use super::path::scoped;
use crate::texts;

pub(super) fn run(input: &[u8]) {
    let Some([source, data]) = texts(input) else { return };
    let Ok(data) = Value::parse(data) else { return };
    if let Ok(template) = Template::json_path_expression(source) {
        let _ = scoped(&data, |scope| template.evaluate(scope, "Parameters"));
        template.paths();
    }
    let member = Value::object([("a.$", Value::from(source)), ("b", data.clone())]);
    if let Ok(template) = Template::json_path(&member) {
        let found = scoped(&data, |scope| template.evaluate(scope, "Parameters"));
        let _ = found.map(|found| found.measure(1 << 20, 100));
    }
}
