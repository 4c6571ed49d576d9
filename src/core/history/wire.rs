//! History as GetExecutionHistory tells it: each entry as the JSON object that AWS writes, with its member names.
//! The rule (source: the API model): the key of the details is the event's type with a small first letter and
//! `EventDetails`; all entered and exited states share one key each; some types have no details.

use super::json::{push_number, push_string, push_time};
use super::order::Entry;
use crate::event::Failure;
use crate::event::{EventKind, Service, StateClass};
use crate::expr::{Document, Value};

/// Appends the JSON object of an entry. Without `data`, inputs, outputs, parameters and variables are left out.
pub fn write(out: &mut String, entry: &Entry, data: bool) {
    let kind = &entry.event.kind;
    let name = type_name(kind);
    out.push_str("{\"timestamp\":");
    push_time(out, entry.time);
    out.push_str(",\"type\":\"");
    out.push_str(name);
    out.push_str("\",\"id\":");
    push_number(out, entry.id);
    out.push_str(",\"previousEventId\":");
    push_number(out, entry.previous);
    if has_details(kind) {
        push_key(out, kind, name);
        // AWS never cuts anything off in its answers.
        write_details(out, kind, Shown { data, room: usize::MAX });
        out.push('}');
    }
    out.push('}');
}

/// What is shown of an event's payloads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    /// Whether inputs, outputs, parameters and variables are there at all.
    pub(super) data: bool,
    /// Bytes that they may take together, as they stand in JSON strings; what is beyond is cut off.
    pub(super) room: usize,
}

/// Appends the members of an event's details, without braces.
pub(super) fn write_details(out: &mut String, kind: &EventKind, shown: Shown) {
    Details { out, data: shown.data, room: shown.room, first: true }.write(kind);
}

/// `type`
pub fn type_name(kind: &EventKind) -> &'static str {
    use EventKind as E;
    match kind {
        E::ExecutionStarted { .. } => "ExecutionStarted",
        E::ExecutionSucceeded { .. } => "ExecutionSucceeded",
        E::ExecutionFailed(_) => "ExecutionFailed",
        E::ExecutionTimedOut(_) => "ExecutionTimedOut",
        E::ExecutionAborted(_) => "ExecutionAborted",
        E::ExecutionRedriven { .. } => "ExecutionRedriven",
        E::StateEntered { class, .. } => state_type(*class).0,
        E::StateExited { class, .. } => state_type(*class).1,
        E::StateAborted { class } => state_type(*class).2,
        E::LambdaFunctionScheduled { .. } => "LambdaFunctionScheduled",
        E::LambdaFunctionScheduleFailed(_) => "LambdaFunctionScheduleFailed",
        E::LambdaFunctionStarted => "LambdaFunctionStarted",
        E::LambdaFunctionStartFailed(_) => "LambdaFunctionStartFailed",
        E::LambdaFunctionSucceeded { .. } => "LambdaFunctionSucceeded",
        E::LambdaFunctionFailed(_) => "LambdaFunctionFailed",
        E::LambdaFunctionTimedOut(_) => "LambdaFunctionTimedOut",
        E::TaskScheduled { .. } => "TaskScheduled",
        E::TaskStarted { .. } => "TaskStarted",
        E::TaskStartFailed { .. } => "TaskStartFailed",
        E::TaskSubmitted { .. } => "TaskSubmitted",
        E::TaskSubmitFailed { .. } => "TaskSubmitFailed",
        E::TaskSucceeded { .. } => "TaskSucceeded",
        E::TaskFailed { .. } => "TaskFailed",
        E::TaskTimedOut { .. } => "TaskTimedOut",
        E::ActivityScheduled { .. } => "ActivityScheduled",
        E::ActivityScheduleFailed(_) => "ActivityScheduleFailed",
        E::ActivityStarted { .. } => "ActivityStarted",
        E::ActivitySucceeded { .. } => "ActivitySucceeded",
        E::ActivityFailed(_) => "ActivityFailed",
        E::ActivityTimedOut(_) => "ActivityTimedOut",
        E::ParallelStateStarted => "ParallelStateStarted",
        E::ParallelStateSucceeded => "ParallelStateSucceeded",
        E::ParallelStateFailed => "ParallelStateFailed",
        E::MapStateStarted { .. } => "MapStateStarted",
        E::MapStateSucceeded => "MapStateSucceeded",
        E::MapStateFailed => "MapStateFailed",
        E::MapIterationStarted { .. } => "MapIterationStarted",
        E::MapIterationSucceeded { .. } => "MapIterationSucceeded",
        E::MapIterationFailed { .. } => "MapIterationFailed",
        E::MapIterationAborted { .. } => "MapIterationAborted",
        E::MapRunStarted { .. } => "MapRunStarted",
        E::MapRunSucceeded => "MapRunSucceeded",
        E::MapRunFailed(_) => "MapRunFailed",
        E::MapRunAborted => "MapRunAborted",
        E::MapRunRedriven { .. } => "MapRunRedriven",
        E::EvaluationFailed { .. } => "EvaluationFailed",
    }
}

/// Types of a state's entry, exit and end by abortion. (AWS has no type for some of these: they do not happen.)
fn state_type(class: StateClass) -> (&'static str, &'static str, &'static str) {
    match class {
        StateClass::Pass => ("PassStateEntered", "PassStateExited", "PassStateAborted"),
        StateClass::Task => ("TaskStateEntered", "TaskStateExited", "TaskStateAborted"),
        StateClass::Choice => ("ChoiceStateEntered", "ChoiceStateExited", "ChoiceStateAborted"),
        StateClass::Wait => ("WaitStateEntered", "WaitStateExited", "WaitStateAborted"),
        StateClass::Succeed => ("SucceedStateEntered", "SucceedStateExited", "SucceedStateAborted"),
        StateClass::Fail => ("FailStateEntered", "FailStateExited", "FailStateAborted"),
        StateClass::Parallel => {
            ("ParallelStateEntered", "ParallelStateExited", "ParallelStateAborted")
        }
        StateClass::Map => ("MapStateEntered", "MapStateExited", "MapStateAborted"),
    }
}

fn has_details(kind: &EventKind) -> bool {
    use EventKind as E;
    !matches!(
        kind,
        E::StateAborted { .. }
            | E::LambdaFunctionStarted
            | E::ParallelStateStarted
            | E::ParallelStateSucceeded
            | E::ParallelStateFailed
            | E::MapStateSucceeded
            | E::MapStateFailed
            | E::MapRunSucceeded
            | E::MapRunAborted
    )
}

fn push_key(out: &mut String, kind: &EventKind, name: &str) {
    out.push_str(",\"");
    match kind {
        EventKind::StateEntered { .. } => out.push_str("stateEntered"),
        EventKind::StateExited { .. } => out.push_str("stateExited"),
        _ => {
            out.extend(name.chars().take(1).map(|c| c.to_ascii_lowercase()));
            out.push_str(name.get(1..).unwrap_or_default());
        }
    }
    out.push_str("EventDetails\":{");
}

/// Members of a details object.
struct Details<'a> {
    out: &'a mut String,
    data: bool,
    room: usize,
    first: bool,
}

impl Details<'_> {
    fn write(&mut self, kind: &EventKind) {
        use EventKind as E;
        match kind {
            E::ExecutionStarted {
                input,
                role_arn,
                state_machine_version_arn: version,
                state_machine_alias_arn: alias,
            } => self
                .input(input)
                .text("roleArn", role_arn)
                .optional("stateMachineAliasArn", alias.as_deref())
                .optional("stateMachineVersionArn", version.as_deref()),
            E::ExecutionRedriven { redrive_count } => self.number("redriveCount", *redrive_count),
            E::ExecutionSucceeded { output } => self.output(output),
            E::ExecutionFailed(failure)
            | E::ExecutionTimedOut(failure)
            | E::ExecutionAborted(failure)
            | E::MapRunFailed(failure) => self.failure(failure),
            E::MapRunStarted { map_run_arn } => self.text("mapRunArn", map_run_arn),
            E::MapRunRedriven { map_run_arn, redrive_count } => {
                self.text("mapRunArn", map_run_arn).number("redriveCount", *redrive_count)
            }
            E::StateEntered { name, input, .. } => self.text("name", name).input(input),
            E::StateExited { name, output, assigned, .. } => {
                self.text("name", name).output(output).assigned(assigned.as_ref())
            }
            E::MapStateStarted { length } => self.number("length", *length),
            E::MapIterationStarted { name, index }
            | E::MapIterationSucceeded { name, index }
            | E::MapIterationFailed { name, index }
            | E::MapIterationAborted { name, index } => {
                self.text("name", name).number("index", *index)
            }
            E::EvaluationFailed { state, failure, location } => {
                let location = location.as_deref();
                self.failure(failure).optional("location", location).text("state", state)
            }
            work => self.work(work),
        };
    }

    /// Lambda functions by their ARN, service integrations, activities.
    fn work(&mut self, kind: &EventKind) -> &mut Self {
        use EventKind as E;
        match kind {
            E::LambdaFunctionScheduled { resource, input, timeout, credentials } => self
                .text("resource", resource)
                .input(input)
                .limit("timeoutInSeconds", *timeout)
                .credentials(credentials.as_deref()),
            E::LambdaFunctionSucceeded { output } | E::ActivitySucceeded { output } => {
                self.output(output)
            }
            E::LambdaFunctionScheduleFailed(failure)
            | E::LambdaFunctionStartFailed(failure)
            | E::LambdaFunctionFailed(failure)
            | E::LambdaFunctionTimedOut(failure)
            | E::ActivityScheduleFailed(failure)
            | E::ActivityFailed(failure)
            | E::ActivityTimedOut(failure) => self.failure(failure),
            E::TaskScheduled { service, region, parameters, timeout, heartbeat, credentials } => {
                self.service(service).text("region", region).payload("parameters", parameters);
                self.limit("timeoutInSeconds", *timeout)
                    .limit("heartbeatInSeconds", *heartbeat)
                    .credentials(credentials.as_deref())
            }
            E::TaskStarted { service } => self.service(service),
            E::TaskSubmitted { service, output } | E::TaskSucceeded { service, output } => {
                self.service(service).output(output)
            }
            E::TaskStartFailed { service, failure }
            | E::TaskSubmitFailed { service, failure }
            | E::TaskFailed { service, failure }
            | E::TaskTimedOut { service, failure } => self.service(service).failure(failure),
            E::ActivityScheduled { resource, input, timeout, heartbeat } => self
                .text("resource", resource)
                .input(input)
                .limit("timeoutInSeconds", *timeout)
                .limit("heartbeatInSeconds", *heartbeat),
            E::ActivityStarted { worker_name } => {
                self.optional("workerName", worker_name.as_deref())
            }
            _ => self,
        }
    }

    fn input(&mut self, input: &Document) -> &mut Self {
        let cut = self.payload("input", input);
        self.truncated("inputDetails", cut)
    }

    fn output(&mut self, output: &Document) -> &mut Self {
        let cut = self.payload("output", output);
        self.truncated("outputDetails", cut)
    }

    fn failure(&mut self, failure: &Failure) -> &mut Self {
        self.optional("error", failure.error.as_deref()).optional("cause", failure.cause.as_deref())
    }

    fn service(&mut self, service: &Service) -> &mut Self {
        self.text("resourceType", &service.resource_type).text("resource", &service.resource)
    }

    fn credentials(&mut self, role: Option<&str>) -> &mut Self {
        if let Some(role) = role {
            self.key("taskCredentials").push_str("{\"roleArn\":");
            push_string(self.out, role);
            self.out.push('}');
        }
        self
    }

    fn assigned(&mut self, variables: Option<&Document>) -> &mut Self {
        let Some(Value::Object(variables)) = variables.map(Document::value) else { return self };
        if !self.data {
            return self;
        }
        self.key("assignedVariables").push('{');
        let mut cut = false;
        for (i, (name, value)) in variables.iter().enumerate() {
            if i > 0 {
                self.out.push(',');
            }
            push_string(self.out, name);
            self.out.push(':');
            cut |= self.cut(&value.to_json());
        }
        self.out.push('}');
        self.truncated("assignedVariablesDetails", cut)
    }

    /// Whether something had to be cut off.
    fn payload(&mut self, name: &str, document: &Document) -> bool {
        if !self.data {
            return false;
        }
        self.key(name);
        self.cut(document.text())
    }

    /// Appends as much of a text as there is room for.
    fn cut(&mut self, text: &str) -> bool {
        let fits = fitting(text, self.room);
        let before = self.out.len();
        push_string(self.out, fits);
        self.room = self.room.saturating_sub(self.out.len() - before);
        fits.len() < text.len()
    }

    fn truncated(&mut self, name: &str, cut: bool) -> &mut Self {
        if self.data {
            let said = if cut { "{\"truncated\":true}" } else { "{\"truncated\":false}" };
            self.key(name).push_str(said);
        }
        self
    }

    fn limit(&mut self, name: &str, seconds: Option<u64>) -> &mut Self {
        if let Some(seconds) = seconds {
            self.number(name, seconds);
        }
        self
    }

    fn number(&mut self, name: &str, number: u64) -> &mut Self {
        push_number(self.key(name), number);
        self
    }

    fn optional(&mut self, name: &str, text: Option<&str>) -> &mut Self {
        if let Some(text) = text {
            self.text(name, text);
        }
        self
    }

    fn text(&mut self, name: &str, text: &str) -> &mut Self {
        push_string(self.key(name), text);
        self
    }

    fn key(&mut self, name: &str) -> &mut String {
        self.out.push_str(if self.first { "\"" } else { ",\"" });
        self.first = false;
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }
}

/// The longest beginning of a text that takes at most so many bytes in a JSON string.
fn fitting(text: &str, room: usize) -> &str {
    // The longest escape of a byte, `\u001f`, has six.
    if text.len() <= room / 6 {
        return text;
    }
    let mut left = room;
    let end = text.char_indices().find(|(_, c)| match left.checked_sub(written(*c)) {
        Some(rest) => {
            left = rest;
            false
        }
        None => true,
    });
    end.map_or(text, |(at, _)| text.get(..at).unwrap_or_default())
}

/// Bytes of a character in a JSON string.
fn written(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests;
