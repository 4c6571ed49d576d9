//! StartExecution: one conditional insert, then the first message. Starting again with the same name and input while it
//! runs is the same start; a name that was used otherwise is taken.

use std::sync::Arc;

use stepwright_core::expr::Document;
use uuid::Uuid;

use super::Answer;
use crate::api::arn::MachineArn;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::{Api, arn, document, execution, express, name, target, test_case};
use crate::store::{Creation, Execution};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let (arn, case) = test_case::split(api, input.required("stateMachineArn")?)?;
    let arn = MachineArn::parse_unlabelled(arn)?;
    let name: Arc<str> = match input.text("name") {
        Some(name) => name.clone(),
        None => Uuid::new_v4().to_string().into(),
    };
    name::check(&name)?;
    let data = payload(&input)?;
    let id = execution::id(arn.base, &name, 0);
    let draw = |express| if express { express::draw() } else { execution::draw(&id) };
    let target = target::resolve(api.store(), arn, draw).await?;
    if target.machine.deleting {
        return Err(Error::machine_deleting(arn.whole));
    }
    if target.machine.express {
        let execution = express::execution(api, arn.base, (name, data), &target, &input);
        test_case::note(api, &execution.arn, case).await?;
        return express::start(api, &execution).await;
    }
    let started = api.now();
    let timeout = target.revision.timeout_seconds;
    let execution = Execution {
        id,
        arn: arn::execution(arn.base, &name).into(),
        name,
        machine: arn.base.into(),
        revision: target.revision.id,
        role: target.revision.role,
        input: data,
        started,
        deadline: timeout.map(|seconds| started.plus_seconds(seconds as f64)),
        trace_header: input.text("traceHeader").cloned(),
        version: target.version_arn,
        alias: target.alias_arn,
        redriven: None,
        parent: None,
        closing: None,
    };
    test_case::note(api, &execution.arn, case).await?;
    begin(api, execution).await
}

/// `input`; `{}` if there is none.
pub(super) fn payload(input: &Input) -> Result<Document, Error> {
    let Some(text) = input.text("input") else { return Ok(Document::empty_object()) };
    document::read(text)
        .map_err(Error::input)?
        .ok_or_else(|| Error::input("Invalid execution input."))
}

async fn begin(api: &Api, execution: Execution) -> Answer {
    let execution = match create(api, execution).await? {
        (Creation::Created, execution) => Arc::new(execution),
        (Creation::Exists(found), wanted)
            if found.closing.is_none() && found.input == wanted.input =>
        {
            found
        }
        (Creation::Exists(found), _) => return Err(Error::execution_exists(&found.arn)),
    };
    // The row is durable; if its first message cannot be sent now, the sweep will send it.
    if let Err(error) = api.engine.start(&execution).await {
        tracing::warn!(execution_arn = %execution.arn, %error, "the start is left to the sweep");
    }
    Ok(Object::new()
        .text("executionArn", &execution.arn)
        .time("startDate", execution.started)
        .finish())
}

/// Takes the name. It is free again some time after the last execution that had it was closed.
async fn create(api: &Api, mut execution: Execution) -> Result<(Creation, Execution), Error> {
    let mut run = 0;
    loop {
        let creation = match api.account.another_execution(api.store()).await {
            Ok(()) => api.store().create(execution.clone()).await?,
            // The same start again is the same start, even where there is no room for another.
            Err(full) => {
                let known = api.store().execution(&execution.id).await?;
                known.map(Creation::Exists).ok_or(full)?
            }
        };
        match &creation {
            Creation::Exists(found) if execution::forgotten(found, api.now()) => {
                run += 1;
                execution.id = execution::id(&execution.machine, &execution.name, run);
            }
            _ => return Ok((creation, execution)),
        }
    }
}
