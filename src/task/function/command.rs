//! Functions that are plain commands: the event goes to standard input, the result comes from standard output, one
//! process for each event.
//!
//! A command fails by an exit status other than 0, or by printing nothing but an object with `errorType` and
//! `errorMessage`. Such an object on standard output, or as the last line on standard error, describes the failure.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};

use super::answer::{Answer, LARGEST_RESPONSE};
use super::process::{Groups, Pipes, Process, forward};
use super::spec::Spec;
use super::{Host, Invocation};

/// Runs the command once.
pub(super) async fn run(
    spec: &Spec,
    host: &Host,
    groups: &Groups,
    (request_id, invocation): (&str, &Invocation),
) -> Answer {
    let started = Process::start(spec, host, &[], groups);
    let (process, pipes) = match started {
        Ok(started) => started,
        Err(error) => {
            let program = spec.command.first().map_or("", String::as_str);
            return Answer::not_started(request_id, program, &error);
        }
    };
    let event = invocation.event.as_bytes();
    match tokio::time::timeout(spec.timeout, converse(process, pipes, (spec, host), event)).await {
        Ok(said) => said.answer(request_id),
        Err(_) => Answer::timed_out(request_id, spec.timeout),
    }
}

/// What a command left behind.
struct Said {
    output: Vec<u8>,
    last_complaint: String,
    success: bool,
    status: String,
}

async fn converse(
    mut process: Process,
    pipes: Pipes,
    (spec, host): (&Spec, &Host),
    event: &[u8],
) -> Said {
    let end = async {
        let ended = process.ended().await;
        // Whatever it left running holds its pipes open.
        process.kill();
        ended
    };
    let (output, last_complaint, (success, status), ()) = tokio::join!(
        read(pipes.output),
        forward(pipes.error, spec.name.clone(), host.log.clone()),
        end,
        write(pipes.input, event),
    );
    Said { output, last_complaint, success, status }
}

/// A command need not read its event.
async fn write(input: Option<ChildStdin>, event: &[u8]) {
    if let Some(mut input) = input {
        let _ = input.write_all(event).await;
    }
}

/// Everything the command prints, cut after one byte too many.
async fn read(output: Option<ChildStdout>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(output) = output {
        let most = LARGEST_RESPONSE as u64 + 1;
        let _ = output.take(most).read_to_end(&mut bytes).await;
    }
    bytes
}

impl Said {
    fn answer(self, request_id: &str) -> Answer {
        if self.output.len() > LARGEST_RESPONSE {
            return Answer::too_large(request_id);
        }
        let output = String::from_utf8_lossy(&self.output);
        let output = output.trim();
        if let Some(error) = described(output) {
            return Answer::raised(request_id, error);
        }
        if !self.success {
            return match described(self.last_complaint.trim()) {
                Some(error) => Answer::raised(request_id, error),
                None => self.exited(request_id),
            };
        }
        if output.is_empty() {
            return Answer::returned(request_id, "null".to_owned());
        }
        match serde_json::from_str::<serde::de::IgnoredAny>(output) {
            Ok(_) => Answer::returned(request_id, output.to_owned()),
            Err(error) => Answer::fault(
                request_id,
                "Runtime.MarshalError",
                &format!("the command printed no JSON: {error}"),
            ),
        }
    }

    fn exited(&self, request_id: &str) -> Answer {
        if self.last_complaint.is_empty() {
            return Answer::exited(request_id, &self.status);
        }
        Answer::exited(request_id, &format!("{}: {}", self.status, self.last_complaint))
    }
}

/// The text, if it is the description of an error: an object with `errorType` and `errorMessage`, and nothing beside it
/// that such a description does not have.
fn described(text: &str) -> Option<String> {
    let members: serde_json::Map<String, Value> = serde_json::from_str(text).ok()?;
    let complete = members.get("errorType").is_some_and(Value::is_string)
        && members.get("errorMessage").is_some_and(Value::is_string);
    (complete && members.keys().all(|key| DESCRIPTION.contains(&key.as_str())))
        .then(|| text.to_owned())
}

/// The members of Lambda's error objects.
const DESCRIPTION: [&str; 6] =
    ["errorType", "errorMessage", "requestId", "stackTrace", "trace", "cause"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_status_decide_what_the_answer_is() {
        let error = r#"{"errorType":"Refused","errorMessage":"no"}"#;
        let table = [
            ("{\"a\":1}\n", "", true, "{\"a\":1}", false, "JSON is the result"),
            ("", "", true, "null", false, "no output is null"),
            (error, "", true, error, true, "an error object is a failure"),
            (error, "x", false, error, true, "an error object describes the failure"),
            ("", error, false, error, true, "so it does on standard error"),
            ("1", error, true, "1", false, "standard error alone is no failure"),
            (
                "{}",
                "boom",
                false,
                r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: id Error: Runtime exited with error: exit status 3: boom"}"#,
                true,
                "else the status and the last line describe it",
            ),
        ];
        for (output, last, success, payload, failed, reason) in table {
            let said = Said {
                output: output.into(),
                last_complaint: last.into(),
                success,
                status: "exit status 3".into(),
            };
            let expected = Answer { request_id: "id".into(), payload: payload.into(), failed };
            assert_eq!(said.answer("id"), expected, "{reason}");
        }
    }

    #[test]
    fn data_that_merely_mentions_an_error_is_data() {
        for text in [r#"{"errorType":"a"}"#, r#"{"errorType":"a","errorMessage":"b","n":1}"#, "[]"]
        {
            assert_eq!(described(text), None, "{text}");
        }
    }
}
