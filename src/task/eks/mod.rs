//! EKS: `call`, any request to a cluster's Kubernetes API, and `runJob`, a job of Kubernetes. What concerns clusters
//! themselves (`createCluster`, …) goes through the generic client.
//!
//! Source: AWS's developer guide, "Call Amazon EKS". The names of the answer's members are from there; the failure of a
//! job and the texts of errors are not recorded.

mod cluster;
mod pods;
mod token;

use std::sync::Arc;

use async_trait::async_trait;
use stepwright_core::engine::failure::name;
use stepwright_core::engine::{Failure, JobCall, TaskCall, TaskOutcome};
use stepwright_core::expr::{Document, Map, Value};

use super::aws::{Aws, for_machine};
use super::job::{Jobs, Look, Submitted};
use super::problem::Reader;
use super::web::Reply;
use cluster::{Asked, Cluster, Clusters};

/// Calls Kubernetes.
pub(super) struct Eks {
    clusters: Clusters,
}

/// A job of Kubernetes, as parameters have it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    cluster: Cluster,
    namespace: String,
    job: Value,
    /// `LogOptions`
    logs: Value,
}

impl Eks {
    /// Nothing is connected yet.
    pub(super) fn new(aws: Arc<Aws>) -> Eks {
        Eks { clusters: Clusters::new(aws) }
    }

    /// `eks:call`
    pub(super) async fn call(&self, call: &TaskCall) -> TaskOutcome {
        match Box::pin(self.called(call)).await {
            Ok(reply) => TaskOutcome::Succeeded(output(&reply)),
            Err(failure) => TaskOutcome::Failed(for_machine(failure, &call.origin.role)),
        }
    }

    /// `eks:runJob` that does not wait for the job.
    pub(super) async fn run_job(&self, call: &TaskCall) -> TaskOutcome {
        match Box::pin(self.submitted(call)).await {
            Ok(Submitted { output, .. }) => TaskOutcome::Succeeded(output),
            Err(failure) => TaskOutcome::Failed(failure),
        }
    }

    async fn called(&self, call: &TaskCall) -> Result<Reply, Failure> {
        let (cluster, asked) = asked(&call.parameters)?;
        let reply = self.clusters.ask(&cluster, &asked, call.credentials.as_ref()).await?;
        good(reply)
    }

    async fn submitted(&self, call: &TaskCall) -> Result<Submitted, Failure> {
        let Wanted { cluster, namespace, job, logs } = wanted(&call.parameters)?;
        let asked = Asked {
            body: Some(job.to_json()),
            ..Asked::new("POST", format!("/apis/batch/v1/namespaces/{namespace}/jobs"))
        };
        let asked = self.clusters.ask(&cluster, &asked, call.credentials.as_ref()).await;
        let reply = good(asked.map_err(|failure| for_machine(failure, &call.origin.role))?)?;
        let made = body(&reply);
        let name = made.get("metadata").and_then(|metadata| metadata.get("name")).cloned();
        let own =
            [("Namespace", namespace.into()), ("Name", name.unwrap_or_default()), ("Logs", logs)];
        let handle = Value::object(cluster.members().into_iter().chain(own));
        Ok(Submitted { output: output(&reply), handle: handle.into() })
    }

    /// The job that a handle names: its description, or nothing where that cannot be had just now.
    async fn described(&self, call: &JobCall) -> Result<Option<Value>, Failure> {
        let (cluster, path) = place(&call.handle);
        let asked = Asked::new("GET", path);
        let Ok(reply) = self.clusters.ask(&cluster, &asked, call.credentials.as_ref()).await else {
            return Ok(None);
        };
        if reply.status == 429 || reply.status >= 500 {
            return Ok(None);
        }
        good(reply).map(|reply| Some(body(&reply)))
    }
}

#[async_trait]
impl Jobs for Eks {
    async fn submit(&self, call: &TaskCall) -> Result<Submitted, TaskOutcome> {
        Box::pin(self.submitted(call)).await.map_err(TaskOutcome::Failed)
    }

    async fn look(&self, call: &JobCall) -> Look {
        let described = match Box::pin(self.described(call)).await {
            Ok(Some(described)) => described,
            Ok(None) => return Look::Running,
            Err(failure) => return Look::Failed(failure),
        };
        match ended(&described) {
            None => Look::Running,
            Some(false) => {
                let cause: String = described.to_json().chars().take(MOST_CAUSE).collect();
                Look::Failed(Failure::new(name::TASK_FAILED, cause))
            }
            Some(true) => {
                let logs = Box::pin(pods::logs(&self.clusters, call)).await;
                let mut members = described.as_object().cloned().unwrap_or_default();
                members.extend(logs.map(|logs| ("logs".into(), logs)));
                Look::Succeeded(Value::Object(members.into()).into())
            }
        }
    }

    async fn stop(&self, call: &JobCall) {
        let (cluster, path) = place(&call.handle);
        // Its pods too, which are what works and costs.
        let query = vec![("propagationPolicy".to_owned(), "Background".to_owned())];
        let asked = Asked { query, ..Asked::new("DELETE", path) };
        let answer = self.clusters.ask(&cluster, &asked, call.credentials.as_ref()).await;
        // One that is gone was stopped before, or deleted by whoever watches it.
        let gone = answer.as_ref().is_ok_and(|reply| reply.status == 404);
        if let (Err(failure), false) = (answer.and_then(good), gone) {
            tracing::warn!(error = failure.error.as_deref(), "a job of Kubernetes was not stopped");
        }
    }
}

/// The cluster and the request that `eks:call` is about.
fn asked(parameters: &Document) -> Result<(Cluster, Asked), Failure> {
    let fields = [&Cluster::FIELDS[..], &CALL_FIELDS].concat();
    let mut reader = Reader::of(parameters, &fields);
    let cluster = Cluster::read(&mut reader);
    let (method, path) = (reader.required("Method"), reader.required("Path"));
    if !method.is_empty() && !METHODS.contains(&method.as_str()) {
        reader.invalid("Method");
    }
    let query = reader.object("QueryParameters").map(pairs).unwrap_or_default();
    let body = reader.value("RequestBody").map(Value::to_json);
    reader.finish()?;
    Ok((cluster, Asked { method, path, query, body }))
}

/// The job that `eks:runJob` is about.
fn wanted(parameters: &Document) -> Result<Wanted, Failure> {
    let fields = [&Cluster::FIELDS[..], &JOB_FIELDS].concat();
    let mut reader = Reader::of(parameters, &fields);
    let cluster = Cluster::read(&mut reader);
    let namespace = reader.text("Namespace").unwrap_or_else(|| "default".to_owned());
    let logs = reader.object("LogOptions").cloned();
    let job = reader.object("Job").cloned();
    if reader.value("Job").is_none() {
        reader.missing("Job");
    }
    reader.finish()?;
    let [job, logs] = [job, logs].map(|members| Value::Object(members.unwrap_or_default().into()));
    Ok(Wanted { cluster, namespace, job, logs })
}

/// `{"name": ["value", …]}`, or one value without a list.
fn pairs(members: &Map) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_json(), str::to_owned);
    let values = |value: &Value| match value.as_array() {
        Some(values) => values.iter().map(text).collect(),
        None => vec![text(value)],
    };
    let all = members.iter().map(|(name, value)| (name, values(value)));
    all.flat_map(|(name, values)| values.into_iter().map(move |value| (name.to_string(), value)))
        .collect()
}

/// Cluster and path of a job.
fn place(handle: &Document) -> (Cluster, String) {
    let text = |name| handle.value().get(name).and_then(Value::as_str).unwrap_or_default();
    let path = format!("/apis/batch/v1/namespaces/{}/jobs/{}", text("Namespace"), text("Name"));
    (Cluster::of_handle(handle.value()), path)
}

/// Whether a job has ended, and well.
fn ended(job: &Value) -> Option<bool> {
    let conditions = job.get("status").and_then(|status| status.get("conditions"));
    let conditions = conditions.and_then(Value::as_array).unwrap_or_default();
    conditions.iter().find_map(|condition| {
        let text = |name| condition.get(name).and_then(Value::as_str);
        match (text("type"), text("status")) {
            (Some("Complete"), Some("True")) => Some(true),
            (Some("Failed"), Some("True")) => Some(false),
            _ => None,
        }
    })
}

/// A reply that is no refusal.
fn good(reply: Reply) -> Result<Reply, Failure> {
    if (200..300).contains(&reply.status) {
        return Ok(reply);
    }
    let said = String::from_utf8_lossy(&reply.body).chars().take(MOST_CAUSE).collect::<String>();
    Err(Failure::new(format!("EKS.{}", reply.status), said))
}

fn output(reply: &Reply) -> Document {
    let headers = reply.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.as_str(), Value::array([value.as_str().into()])));
    let members = [
        ("ResponseBody", body(reply)),
        ("ResponseHeaders", Value::object(headers)),
        ("StatusCode", Value::Int(reply.status.into())),
    ];
    Value::object(members).into()
}

/// JSON where it is some, text otherwise (the log of a pod).
fn body(reply: &Reply) -> Value {
    let text = String::from_utf8_lossy(&reply.body);
    Value::parse(&text).unwrap_or_else(|_| (&*text).into())
}

const CALL_FIELDS: [&str; 4] = ["Method", "Path", "QueryParameters", "RequestBody"];
const JOB_FIELDS: [&str; 3] = ["Namespace", "Job", "LogOptions"];
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
/// Characters of a cause.
const MOST_CAUSE: usize = 32_768;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_ended_when_a_condition_says_so() {
        let table = [
            ("{}", None),
            (r#"{"status":{"active":1}}"#, None),
            (r#"{"status":{"conditions":[{"type":"Suspended","status":"True"}]}}"#, None),
            (r#"{"status":{"conditions":[{"type":"Complete","status":"False"}]}}"#, None),
            (r#"{"status":{"conditions":[{"type":"Complete","status":"True"}]}}"#, Some(true)),
            (
                r#"{"status":{"conditions":[{"type":"FailureTarget","status":"True"},{"type":"Failed","status":"True"}]}}"#,
                Some(false),
            ),
        ];
        for (job, expected) in table {
            assert_eq!(ended(&Value::parse(job).unwrap()), expected, "{job}");
        }
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        let parameters = Document::parse(r#"{"ClusterName":"c","Method":"BREW","X":1}"#).unwrap();
        let cause = asked(&parameters).unwrap_err().cause.unwrap();
        for part in [
            "'X' is not supported",
            "'CertificateAuthority' is required",
            "'Endpoint' is required",
            "'Path' is required",
            "'Method' has an invalid",
        ] {
            assert!(cause.contains(part), "{part} in {cause}");
        }
        let cause = wanted(&Document::empty_object()).unwrap_err().cause.unwrap();
        assert!(cause.contains("'Job' is required"), "{cause}");
    }

    #[test]
    fn query_parameters_are_lists_or_single_values() {
        let members = Value::parse(r#"{"a":["1",2],"b":"x"}"#).unwrap();
        let found = pairs(members.as_object().unwrap());
        let expected = [("a", "1"), ("a", "2"), ("b", "x")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
