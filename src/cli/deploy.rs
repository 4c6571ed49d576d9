//! `stepwright deploy`: state machines from files, created or updated through the Step Functions API, wherever that is.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use crate::cloud::definition::rendered;
use crate::cloud::web::{Request, Web};
use crate::task::aws::Partition;
use crate::task::aws::endpoint::of_environment;

/// Create or update state machines from files with definitions.
///
/// Each file becomes a machine by the name of the file: order.asl.json is the machine order. Requests go to the endpoint
/// and are signed with AWS credentials (environment, profile), or those of `stepwright keys create`.
#[derive(Debug, Args)]
pub(super) struct Deploy {
    /// Files with definitions in JSON.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where the Step Functions API is [default: AWS_ENDPOINT_URL_SFN, AWS_ENDPOINT_URL, else http://127.0.0.1:8083].
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Name of the machine, for a single file.
    #[arg(long)]
    name: Option<String>,
    /// Value of a placeholder ${NAME} in definitions. Repeatable.
    #[arg(long = "substitution", value_name = "NAME=VALUE", value_parser = pair)]
    substitutions: Vec<(String, String)>,
    /// File with values of placeholders: a JSON object. Repeatable.
    #[arg(long = "substitutions", value_name = "FILE")]
    substitution_files: Vec<PathBuf>,
    /// Make Express machines.
    #[arg(long)]
    express: bool,
    /// Publish a version of each machine.
    #[arg(long)]
    publish: bool,
    /// Role in machines that are created.
    #[arg(long, value_name = "ARN")]
    role: Option<String>,
    /// Region that requests are signed for.
    #[arg(long, env = "AWS_DEFAULT_REGION", default_value = "us-east-1")]
    region: String,
}

/// Deploys all files; the first one that is refused ends it.
pub(super) fn run(arguments: &Deploy) -> Result<(), Box<dyn Error>> {
    if arguments.name.is_some() && arguments.files.len() > 1 {
        return Err("--name is for a single file".into());
    }
    let values = values(arguments)?;
    let mut machines = Vec::new();
    for file in &arguments.files {
        machines.push((machine(arguments, file)?, definition(file, &values)?));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let api = Endpoint::of(arguments).await;
        let known = api.machines().await?;
        for (name, definition) in &machines {
            let done = api.keep(arguments, (name, definition), known.get(name)).await?;
            writeln!(io::stdout(), "{done}")?;
        }
        Ok(())
    })
}

/// The Step Functions API at its place.
struct Endpoint {
    web: Web,
    url: String,
}

#[derive(Debug, thiserror::Error)]
#[error("{operation}: {kind}: {message}")]
struct Refused {
    operation: String,
    kind: String,
    message: String,
}

impl Endpoint {
    async fn of(arguments: &Deploy) -> Endpoint {
        let given = arguments.endpoint.clone().or_else(|| of_environment("SFN"));
        let url = given.unwrap_or_else(|| LOCAL.to_owned());
        Endpoint { web: Web::outside(&arguments.region).await, url }
    }

    /// ARNs of all machines by name.
    async fn machines(&self) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
        let mut machines = BTreeMap::new();
        let mut token = None;
        loop {
            let page = self
                .call("ListStateMachines", &json!({"maxResults": 1000, "nextToken": token}))
                .await?;
            for machine in page.get("stateMachines").and_then(Value::as_array).into_iter().flatten()
            {
                let text = |name| machine.get(name).and_then(Value::as_str).map(str::to_owned);
                machines.extend(text("name").zip(text("stateMachineArn")));
            }
            token = page.get("nextToken").filter(|token| !token.is_null()).cloned();
            if token.is_none() {
                return Ok(machines);
            }
        }
    }

    /// Creates or updates a machine; what was done.
    async fn keep(
        &self,
        arguments: &Deploy,
        (name, definition): (&str, &str),
        known: Option<&String>,
    ) -> Result<String, Box<dyn Error>> {
        let mut input = Map::from_iter([
            ("definition".to_owned(), definition.into()),
            ("publish".to_owned(), arguments.publish.into()),
        ]);
        if let Some(arn) = known {
            input.insert("stateMachineArn".to_owned(), arn.clone().into());
            self.call("UpdateStateMachine", &input.into()).await?;
            return Ok(format!("updated {arn}"));
        }
        let kind = if arguments.express { "EXPRESS" } else { "STANDARD" };
        let any = || Partition::of(&arguments.region).any_role("123456789012");
        let role = arguments.role.clone().unwrap_or_else(any);
        input.insert("name".to_owned(), name.into());
        input.insert("type".to_owned(), kind.into());
        input.insert("roleArn".to_owned(), role.into());
        let made = self.call("CreateStateMachine", &input.into()).await?;
        let arn = made.get("stateMachineArn").and_then(Value::as_str).unwrap_or_default();
        Ok(format!("created {arn}"))
    }

    async fn call(&self, operation: &str, input: &Value) -> Result<Value, Box<dyn Error>> {
        let mut input = input.clone();
        if let Some(members) = input.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        let target = format!("AWSStepFunctions.{operation}");
        let headers =
            [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
        let body = input.to_string().into_bytes();
        let request = Request { method: "POST", url: &self.url, headers: &headers, body };
        let answer = self.web.signed(&request, "states").await?;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status == 200 {
            return Ok(told);
        }
        let text = |name| told.get(name).and_then(Value::as_str).map(str::to_owned);
        let kind = text("__type").unwrap_or_else(|| format!("status {}", answer.status));
        let message = text("message").or_else(|| text("Message")).unwrap_or_default();
        Err(Box::new(Refused { operation: operation.to_owned(), kind, message }))
    }
}

fn values(arguments: &Deploy) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let mut values = BTreeMap::new();
    for path in &arguments.substitution_files {
        let object: Map<String, Value> = serde_json::from_str(&read(path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        for (name, value) in object {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            values.insert(name, text);
        }
    }
    values.extend(arguments.substitutions.iter().cloned());
    Ok(values)
}

fn definition(path: &Path, values: &BTreeMap<String, String>) -> Result<String, Box<dyn Error>> {
    let text =
        rendered(&read(path)?, values).map_err(|why| format!("{}: {why}", path.display()))?;
    match serde_json::from_str::<Value>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("{}: not JSON: {error}", path.display()).into()),
    }
}

fn machine(arguments: &Deploy, path: &Path) -> Result<String, Box<dyn Error>> {
    if let Some(name) = &arguments.name {
        return Ok(name.clone());
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let bare = [".json", ".yaml", ".yml", ".asl"]
        .iter()
        .fold(name.as_str(), |name, ending| name.trim_end_matches(ending));
    if bare.is_empty() {
        return Err(format!(
            "{}: the file's name gives none to its machine: --name",
            path.display()
        )
        .into());
    }
    Ok(bare.to_owned())
}

fn read(path: &Path) -> Result<String, Box<dyn Error>> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

const LOCAL: &str = "http://127.0.0.1:8083";
