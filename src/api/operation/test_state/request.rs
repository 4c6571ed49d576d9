//! What is asked of TestState, held against what may be asked together.

use std::sync::Arc;

use stepwright_core::asl::model::{ExecutionType, FlowId, Kind, Machine, Pattern, Resource, State};
use stepwright_core::asl::{self};
use stepwright_core::engine::Failure;
use stepwright_core::engine::trial::{Mock, Trial};
use stepwright_core::expr::{Document, Value};

use super::context;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::mock::{self, Mode};
use crate::api::operation::start_execution;
use crate::api::{arn, definition};

/// A request that makes sense.
pub(super) struct Request {
    /// The machine that the state is in.
    pub(super) machine: Arc<Machine>,
    /// What is to be tried.
    pub(super) trial: Trial,
    /// The role, which nobody takes on here.
    pub(super) role: Option<Arc<str>>,
    /// Whether `inspectionData` is asked for.
    pub(super) inspects: bool,
    /// Whether what goes over the wire is asked for as well.
    pub(super) traces: bool,
    /// `revealSecrets`
    pub(super) secrets: bool,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub(super) fn read(input: &Input) -> Result<Request, Error> {
        let mock = mock_of(input)?;
        check_together(input, mock.is_some())?;
        let role = input.text("roleArn").cloned();
        role.as_deref().map_or(Ok(()), arn::check_role)?;
        let (machine, flow, name) = definition_of(input)?;
        let state = machine.state(flow, &name).ok_or_else(no_state)?;
        let mode = input.value("mock").and_then(|mock| mock.get("fieldValidationMode"));
        match &mock {
            Some(mock) => check_mock(state, mock, Mode::of(mode.and_then(Value::as_str)))?,
            None => check_unmocked(state, role.is_some())?,
        }
        check_origin(input, &machine, state)?;
        let trial = Trial {
            flow,
            input: start_execution::payload(input)?,
            variables: variables(input)?,
            context: input.text("context").map(|text| context::read(text)).transpose()?,
            mock,
            retries: whole(input, "retrierRetryCount") as u32,
            failed_items: whole(input, "mapIterationFailureCount"),
            items_read: setting(input, "mapItemReaderData").and_then(Value::as_str).map(Arc::from),
            state: name,
        };
        let inspects = input.text("inspectionLevel").is_some_and(|level| &**level != "INFO");
        let traces = input.text("inspectionLevel").is_some_and(|level| &**level == "TRACE");
        let secrets = input.flag("revealSecrets").unwrap_or(false);
        let machine = Arc::new(machine);
        Ok(Request { machine, trial, role, inspects, traces, secrets })
    }
}

/// Neither the definition nor anything in it has a state of this name.
pub(super) fn no_state() -> Error {
    Error::validation("State not found in definition")
}

fn mock_of(input: &Input) -> Result<Option<Mock>, Error> {
    let Some(mock) = input.value("mock") else { return Ok(None) };
    let part = |name: &str| mock.get(name).filter(|value| **value != Value::Null);
    match (part("result"), part("errorOutput")) {
        (Some(result), None) => {
            let text = result.as_str().unwrap_or_default();
            let result = Document::parse(text)
                .map_err(|_| Error::validation("Mocked result must be valid JSON"))?;
            Ok(Some(Mock::Result(result)))
        }
        (None, Some(failure)) => {
            let part = |name: &str| failure.get(name).and_then(Value::as_str).map(Arc::from);
            let failure = Failure { error: part("error"), cause: part("cause") };
            if failure.error.is_none() {
                return Err(Error::validation("A mocked errorOutput must have an error."));
            }
            Ok(Some(Mock::Failure(failure)))
        }
        _ => Err(Error::validation(
            "A test mock should have only one of the following fields: [result, errorOutput].",
        )),
    }
}

/// What goes only with a mock, and what only without.
fn check_together(input: &Input, mocked: bool) -> Result<(), Error> {
    if mocked {
        if input.flag("revealSecrets").unwrap_or(false) {
            return Err(Error::validation(
                "TestState does not support RevealSecrets when a mock is specified.",
            ));
        }
        return Ok(());
    }
    let configured = CONFIGURATION.iter().find(|(member, _)| setting(input, member).is_some());
    let context = input.text("context").map(|_| "Context");
    match configured.map(|(_, name)| *name).or(context) {
        Some(name) => Err(Error::validation(format!(
            "TestState does not support {name} when a mock is not specified."
        ))),
        None => Ok(()),
    }
}

fn setting<'a>(input: &'a Input, name: &str) -> Option<&'a Value> {
    input.value("stateConfiguration")?.get(name).filter(|value| **value != Value::Null)
}

fn whole(input: &Input, name: &str) -> u64 {
    setting(input, name).and_then(Value::as_i64).and_then(|n| n.try_into().ok()).unwrap_or_default()
}

/// The definition with the place of the state in it: the only one, or one by its name, wherever it lies.
fn definition_of(input: &Input) -> Result<(Machine, FlowId, Arc<str>), Error> {
    let text = input.required("definition")?;
    let refused = |found: Vec<_>| definition::refusal(&found);
    let Some(name) = input.text("stateName") else {
        let machine = asl::parse_state(text, ExecutionType::Standard).map_err(refused)?;
        let name = machine.flow(0).map(|flow| flow.start_at.clone()).unwrap_or_default();
        return Ok((machine, 0, name));
    };
    let machine = asl::parse(text, ExecutionType::Standard).map_err(refused)?;
    let flow = machine.flows.iter().position(|flow| flow.states.contains_key(name));
    let flow = flow.and_then(|flow| FlowId::try_from(flow).ok()).ok_or_else(no_state)?;
    Ok((machine, flow, name.clone()))
}

fn check_mock(state: &State, mock: &Mock, mode: Mode) -> Result<(), Error> {
    let array = |result: &Document| match result.value().as_array() {
        Some(items) => Ok(items.len()),
        None => Err(Error::validation("Mocked result must be an array.")),
    };
    let kind = match (&state.kind, mock) {
        (Kind::Task(_) | Kind::Map(_) | Kind::Parallel(_), Mock::Failure(_)) => return Ok(()),
        (Kind::Task(task), Mock::Result(result)) => {
            return mock::check(&task.resource, result.value(), mode);
        }
        (Kind::Map(map), Mock::Result(result)) => {
            // What a ResultWriter leaves behind is an object.
            let written = map.distributed.as_ref().is_some_and(|map| map.result_writer.is_some());
            return if written { Ok(()) } else { array(result).map(drop) };
        }
        (Kind::Parallel(parallel), Mock::Result(result)) => {
            return match array(result)? == parallel.branches.len() {
                true => Ok(()),
                false => Err(Error::validation(
                    "Mocked result must have one element for each branch of the Parallel state.",
                )),
            };
        }
        (Kind::Pass(_), _) => "Pass",
        (Kind::Choice(_), _) => "Choice",
        (Kind::Wait(_), _) => "Wait",
        (Kind::Succeed, _) => "Succeed",
        (Kind::Fail(_), _) => "Fail",
    };
    Err(Error::validation(format!("State type '{kind}' is not supported when a mock is specified")))
}

/// What is tried in earnest must be something that comes to an end by itself.
fn check_unmocked(state: &State, has_role: bool) -> Result<(), Error> {
    let task = match &state.kind {
        Kind::Map(_) | Kind::Parallel(_) => return Err(Error::test_unsupported(NO_FORKS)),
        Kind::Task(task) => task,
        _ => return Ok(()),
    };
    let tokens = match &task.resource {
        Resource::LambdaFunction(_) => false,
        Resource::Activity(_) => true,
        Resource::Service(service) => service.pattern != Pattern::RequestResponse,
    };
    if tokens {
        return Err(Error::test_unsupported(NO_TOKENS));
    }
    if !has_role {
        return Err(Error::validation("RoleArn must be specified when testing a Task state"));
    }
    Ok(())
}

/// `errorCausedByState` names a state inside of the Map or Parallel that is tried.
fn check_origin(input: &Input, machine: &Machine, state: &State) -> Result<(), Error> {
    let Some(origin) = setting(input, "errorCausedByState").and_then(Value::as_str) else {
        return Ok(());
    };
    let mut flows = inner_flows(state);
    while let Some(flow) = flows.pop().and_then(|flow| machine.flow(flow)) {
        if flow.states.contains_key(origin) {
            return Ok(());
        }
        flows.extend(flow.states.values().flat_map(inner_flows));
    }
    Err(no_state())
}

fn inner_flows(state: &State) -> Vec<FlowId> {
    match &state.kind {
        Kind::Map(map) => vec![map.processor],
        Kind::Parallel(parallel) => parallel.branches.clone(),
        _ => Vec::new(),
    }
}

fn variables(input: &Input) -> Result<Option<Document>, Error> {
    let Some(text) = input.text("variables") else { return Ok(None) };
    match Document::parse(&**text) {
        Ok(variables) if variables.value().as_object().is_some() => Ok(Some(variables)),
        _ => Err(Error::validation("Variables must be a valid JSON object")),
    }
}

/// Members of `stateConfiguration` that need a mock, with the names that AWS's refusals have for them.
const CONFIGURATION: [(&str, &str); 4] = [
    ("mapIterationFailureCount", "MapIterationFailureCount"),
    ("retrierRetryCount", "RetrierRetryCount"),
    ("errorCausedByState", "ErrorCausedByState"),
    ("mapItemReaderData", "MapItemReaderData"),
];
const NO_FORKS: &str = "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]";
/// Worded after [`NO_FORKS`]; not among the recordings.
const NO_TOKENS: &str = "TestState API does not support Activity tasks or the .sync and .waitForTaskToken integration patterns unless a mock is specified";
