//! What TestState answers: documents as JSON in strings, and of what was noted only what is there.

use stepwright_core::engine::Notes;
use stepwright_core::engine::trial::{Report, Status};
use stepwright_core::expr::Document;

use crate::api::output::Object;
use crate::task::http::Exchange;

/// What is shown beside the result.
pub(super) struct Shown<'a> {
    /// `inspectionData`
    pub(super) inspects: bool,
    /// What went over the wire, if that is asked for.
    pub(super) exchange: Option<&'a Exchange>,
    /// `revealSecrets`
    pub(super) secrets: bool,
}

/// The answer.
pub(super) fn write(report: &Report, shown: &Shown<'_>) -> String {
    let mut answer = Object::new();
    answer.optional("output", report.output.as_ref().map(Document::text));
    if let Some(failure) = &report.failure {
        answer.optional("error", failure.error.as_deref());
        answer.optional("cause", failure.cause.as_deref());
    }
    if shown.inspects {
        answer.raw("inspectionData", &inspection(report, shown));
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

fn inspection(report: &Report, shown: &Shown<'_>) -> String {
    let notes = &report.notes;
    let mut data = Object::new();
    for (name, document) in &notes.documents {
        data.text(name, document.text());
    }
    if let Some(exchange) = shown.exchange {
        let request = if shown.secrets { &exchange.revealed } else { &exchange.request };
        data.raw("request", &members(request));
        if let Some(response) = &exchange.response {
            data.raw("response", &members(response));
        }
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

fn members(texts: &[(&'static str, String)]) -> String {
    let mut object = Object::new();
    for (name, text) in texts {
        object.text(name, text);
    }
    object.finish()
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
