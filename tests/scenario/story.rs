//! An execution's story in words: how it ended, and its events in few words each.

use serde_json::Value as Json;
use stepwright::store::{Execution, Status};
use stepwright_core::event::EventKind;

/// Status and output, or error and cause.
pub fn end(execution: &Execution) -> String {
    match &execution.closing {
        None => "RUNNING".to_owned(),
        Some(closing) if closing.status == Status::Succeeded => {
            format!("SUCCEEDED {}", closing.output.as_ref().map_or("", |o| o.text()))
        }
        Some(closing) => {
            let part =
                |text: &Option<std::sync::Arc<str>>| text.as_deref().unwrap_or("-").to_owned();
            format!(
                "{} {} {}",
                closing.status.as_str(),
                part(&closing.failure.error),
                part(&closing.failure.cause)
            )
        }
    }
}

/// An event in few words: type, name, and what it carries.
pub fn line(kind: &EventKind) -> String {
    match kind {
        EventKind::StateEntered { class, name, input } => {
            format!("{class:?}StateEntered {name} {}", input.text())
        }
        EventKind::StateExited { class, name, output, .. } => {
            format!("{class:?}StateExited {name} {}", output.text())
        }
        EventKind::StateAborted { class } => format!("{class:?}StateAborted"),
        // Which slot a run begins in, and so its id, depends on the states per turn.
        EventKind::MapRunStarted { map_run_arn } => {
            format!("MapRunStarted {}", map_run_arn.rsplit_once(':').unwrap().0)
        }
        EventKind::MapRunRedriven { redrive_count, .. } => {
            format!("MapRunRedriven redrive_count={redrive_count}")
        }
        other => {
            let json = serde_json::to_value(other).unwrap();
            match json {
                Json::String(name) => name,
                Json::Object(map) => {
                    let (name, body) = map.into_iter().next().unwrap();
                    let detail: Vec<String> = body
                        .as_object()
                        .into_iter()
                        .flatten()
                        .filter(|(k, _)| *k != "role_arn" && *k != "region")
                        .map(|(k, v)| {
                            format!(
                                "{k}={}",
                                v.as_str().map_or_else(|| v.to_string(), str::to_owned)
                            )
                        })
                        .collect();
                    format!("{name} {}", detail.join(" ")).trim_end().to_owned()
                }
                other => other.to_string(),
            }
        }
    }
}
