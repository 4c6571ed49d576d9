//! What TestState answers: documents as JSON in strings, and of what was noted only what is there.

use stepwright_core::engine::Notes;
use stepwright_core::engine::trial::{Report, Status};
use stepwright_core::expr::Document;

use crate::api::output::Object;

/// The answer; with `inspectionData` if it is asked for.
pub(super) fn write(report: &Report, inspects: bool) -> String {
    let mut answer = Object::new();
    answer.optional("output", report.output.as_ref().map(Document::text));
    if let Some(failure) = &report.failure {
        answer.optional("error", failure.error.as_deref());
        answer.optional("cause", failure.cause.as_deref());
    }
    if inspects {
        answer.raw("inspectionData", &inspection(report));
    }
    answer.optional("nextState", report.next.as_deref());
    answer.text("status", status(report.status)).finish()
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Succeeded => "SUCCEEDED",
        Status::Failed => "FAILED",
        Status::Retriable => "RETRIABLE",
        Status::CaughtError => "CAUGHT_ERROR",
    }
}

fn inspection(report: &Report) -> String {
    let notes = &report.notes;
    let mut data = Object::new();
    for (name, document) in &notes.documents {
        data.text(name, document.text());
    }
    let held = report.variables.as_ref().filter(|variables| {
        variables.value().as_object().is_some_and(|variables| !variables.is_empty())
    });
    data.optional("variables", held.map(Document::text));
    if let Some(details) = error_details(notes) {
        data.raw("errorDetails", &details);
    }
    for (name, number) in &notes.numbers {
        if *name == "toleratedFailurePercentage" {
            data.raw(name, &format!("{number:?}"));
        } else {
            data.number(name, *number as u64);
        }
    }
    data.finish()
}

fn error_details(notes: &Notes) -> Option<String> {
    let mut details = Object::new();
    let indices = [("catchIndex", notes.catcher), ("retryIndex", notes.retrier)];
    if indices.iter().all(|(_, index)| index.is_none()) {
        return None;
    }
    for (name, index) in indices {
        if let Some(index) = index {
            details.number(name, index as u64);
        }
    }
    if let Some(seconds) = notes.backoff_seconds {
        details.number("retryBackoffIntervalSeconds", seconds as u64);
    }
    Some(details.finish())
}
