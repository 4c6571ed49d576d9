//! ValidateStateMachineDefinition: what the validator of CreateStateMachine finds, as a list.

use stepwright_core::asl;
use stepwright_core::asl::diagnostic::{Diagnostic, Severity};
use stepwright_core::asl::model::ExecutionType;
use stepwright_core::expr::Value;

use super::Answer;
use crate::api::Api;
use crate::api::input::Input;
use crate::api::integration;
use crate::api::output::Object;

#[expect(clippy::unused_async, reason = "all operations are asynchronous")]
pub(super) async fn run(_: &Api, input: Input) -> Answer {
    let express = input.text("type").is_some_and(|kind| &**kind == "EXPRESS");
    let kind = if express { ExecutionType::Express } else { ExecutionType::Standard };
    let warnings = input.text("severity").is_some_and(|severity| &**severity == "WARNING");
    let definition = input.required("definition")?;
    let mut found = asl::validate(definition, kind);
    found.extend(integration::findings(definition));
    let failed = found.iter().any(|finding| finding.severity == Severity::Error);
    found.retain(|finding| warnings || finding.severity == Severity::Error);
    let most = most(&input);
    let truncated = found.len() > most;
    found.truncate(most);
    let mut answer = Object::new();
    answer
        .text("result", if failed { "FAIL" } else { "OK" })
        .list("diagnostics", found, |out, finding| out.push_str(&row(&finding)))
        .raw("truncated", if truncated { "true" } else { "false" });
    Ok(answer.finish())
}

fn row(finding: &Diagnostic) -> String {
    let severity = match finding.severity {
        Severity::Error => "ERROR",
        Severity::Warning => "WARNING",
    };
    Object::new()
        .text("severity", severity)
        .text("code", finding.code.as_str())
        .text("message", &finding.message)
        .text("location", &finding.location)
        .finish()
}

/// `maxResults`: as many as there can be where it is absent or 0.
fn most(input: &Input) -> usize {
    let asked = input.value("maxResults").and_then(Value::as_i64).unwrap_or(0);
    usize::try_from(asked).ok().filter(|n| *n > 0).unwrap_or(MOST)
}

const MOST: usize = 100;
