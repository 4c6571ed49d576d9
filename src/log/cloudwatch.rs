//! CloudWatch Logs, as AWS's own service writes to it: one stream for each machine and day, named
//! `states/<machine>/<minute of its beginning>/<8 hex digits>`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use stepwright_core::expr::Value;
use stepwright_core::time::Timestamp;

use super::{Line, Sink};
use crate::task::Settings;
use crate::task::aws::endpoint;
use crate::task::sdk::{Call, Sdk, SdkFailure};
use crate::telemetry::metrics::process;

/// Log groups of CloudWatch Logs.
pub struct CloudWatch {
    client: Sdk,
    streams: Mutex<HashMap<Key, Stream>>,
}

/// Log group and machine.
type Key = (Arc<str>, Arc<str>);

#[derive(Clone)]
struct Stream {
    day: i64,
    name: Arc<str>,
}

impl CloudWatch {
    /// Nothing is looked up before the first event.
    pub fn new(settings: Settings) -> CloudWatch {
        CloudWatch { client: Sdk::new(settings), streams: Mutex::default() }
    }

    /// Whether the environment names an endpoint for it (`AWS_ENDPOINT_URL_CLOUDWATCH_LOGS`, `AWS_ENDPOINT_URL`).
    pub fn is_meant() -> bool {
        endpoint::of_environment("CloudWatch Logs").is_some()
    }

    async fn call(
        &self,
        group: &Group<'_>,
        action: &str,
        parameters: &Value,
    ) -> Result<Value, SdkFailure> {
        let call = Call {
            service: "cloudwatchlogs",
            action,
            parameters,
            region: Some(group.region),
            role: None,
            token: "",
        };
        let answer = tokio::time::timeout(PATIENCE, Box::pin(self.client.call(&call))).await;
        answer.unwrap_or_else(|_| {
            let (prefix, reason) = ("CloudWatchLogs".into(), "there was no answer in time".into());
            Err(SdkFailure::Client { prefix, reason })
        })
    }

    /// Makes the stream by which AWS tries a group out, and the one that a machine begins with.
    async fn prepare(
        &self,
        group: &Group<'_>,
        (arn, machine): (&str, &str),
        now: Timestamp,
    ) -> Result<(), SdkFailure> {
        self.create_stream(group, TRIAL).await?;
        self.stream(group, (arn.into(), machine.into()), now).await.map(drop)
    }

    /// The stream of a machine for an event of that time; made if it is the first one of its day.
    async fn stream(
        &self,
        group: &Group<'_>,
        key: Key,
        time: Timestamp,
    ) -> Result<Arc<str>, SdkFailure> {
        let day = time.0.div_euclid(DAY_MICROS);
        let known = self.streams().get(&key).filter(|stream| stream.day >= day).cloned();
        if let Some(stream) = known {
            return Ok(stream.name);
        }
        let name: Arc<str> = stream_name(&key.1, time).into();
        self.create_stream(group, &name).await?;
        self.streams().insert(key, Stream { day, name: name.clone() });
        Ok(name)
    }

    async fn create_stream(&self, group: &Group<'_>, name: &str) -> Result<(), SdkFailure> {
        let names = [("LogGroupName", group.name.into()), ("LogStreamName", name.into())];
        match self.call(group, "createLogStream", &Value::object(names)).await {
            Err(failure) if code(&failure) == "ResourceAlreadyExistsException" => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Sends events of one stream in one request.
    async fn put(&self, group: &Group<'_>, lines: &[Line]) -> Result<(), SdkFailure> {
        let Some(first) = lines.first() else { return Ok(()) };
        let key = (first.group.clone(), first.machine.clone());
        let stream = self.stream(group, key, first.time).await?;
        let event = |line: &Line| {
            let time = Value::Int(line.time.0.div_euclid(1000));
            Value::object([("Timestamp", time), ("Message", (&*line.text).into())])
        };
        let parameters = Value::object([
            ("LogGroupName", group.name.into()),
            ("LogStreamName", (&*stream).into()),
            ("LogEvents", Value::array(lines.iter().map(event))),
        ]);
        let put = self.call(group, "putLogEvents", &parameters).await;
        if put.is_err() {
            // It may have been deleted; then the next try makes another one.
            self.streams().remove(&(first.group.clone(), first.machine.clone()));
        }
        put.map(drop)
    }

    fn streams(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Stream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Sink for CloudWatch {
    async fn write(&self, lines: Vec<Line>) -> Vec<Line> {
        let mut left = Vec::new();
        for batch in batches(lines) {
            let Some(arn) = batch.first().map(|line| line.group.clone()) else { continue };
            let Some(group) = Group::parse(&arn) else { continue };
            match self.put(&group, &batch).await {
                Ok(()) => {}
                Err(error) if passes(&error) => {
                    tracing::warn!(%error, group = group.name, "execution logs wait for CloudWatch Logs");
                    left.extend(batch);
                }
                Err(error) => {
                    let lost = batch.len();
                    process::log_events_dropped(lost);
                    tracing::error!(%error, group = group.name, lost, "CloudWatch Logs takes no execution logs");
                }
            }
        }
        left
    }

    /// Like AWS, which tries a destination out before it accepts it. The machine's stream is made here and not by its first
    /// event, so that whoever looks for it right after a start finds it.
    async fn admits(&self, arn: &str, machine: &str, now: Timestamp) -> bool {
        let Some(group) = Group::parse(arn) else { return false };
        let prefix = Value::object([("LogGroupNamePrefix", group.name.into())]);
        match self.call(&group, "describeLogGroups", &prefix).await {
            Ok(found) => {
                let groups = found.get("LogGroups").and_then(Value::as_array).unwrap_or_default();
                let name = |group: &Value| group.get("LogGroupName")?.as_str().map(str::to_owned);
                let there = groups.iter().any(|found| name(found).as_deref() == Some(group.name));
                if there && let Err(error) = self.prepare(&group, (arn, machine), now).await {
                    tracing::warn!(%error, group = group.name, "no log stream can be created");
                }
                there
            }
            Err(error) => {
                tracing::warn!(%error, group = group.name, "it cannot be seen whether the log group exists");
                true
            }
        }
    }
}

/// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME[:*]`
struct Group<'a> {
    region: &'a str,
    name: &'a str,
}

impl<'a> Group<'a> {
    fn parse(arn: &'a str) -> Option<Group<'a>> {
        let mut parts = arn.splitn(6, ':');
        let (scheme, _, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, _, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let name = resource.strip_prefix("log-group:")?;
        let name = name.strip_suffix(":*").unwrap_or(name);
        let valid = scheme == "arn" && service == "logs" && !region.is_empty() && !name.is_empty();
        valid.then_some(Group { region, name })
    }
}

/// Whether another try may succeed.
fn passes(error: &SdkFailure) -> bool {
    error.passes() || code(error) == "ResourceNotFoundException"
}

/// The code of a service's answer.
fn code(failure: &SdkFailure) -> &str {
    let SdkFailure::Service(error) = failure else { return "" };
    error.code.as_deref().unwrap_or_default()
}

/// What one request may hold: events of one stream and day, in order, in number and size.
fn batches(lines: Vec<Line>) -> Vec<Vec<Line>> {
    let mut all: Vec<Vec<Line>> = Vec::new();
    // Group, machine and day: which batch takes more of them, and its bytes.
    let mut open: HashMap<(Key, i64), (usize, usize)> = HashMap::new();
    for line in lines {
        let day = line.time.0.div_euclid(DAY_MICROS);
        let key = ((line.group.clone(), line.machine.clone()), day);
        let size = line.text.len() + OVERHEAD;
        let batch = open.get(&key).copied().and_then(|(at, bytes)| {
            let batch = all.get_mut(at)?;
            (batch.len() < MOST_EVENTS && bytes + size <= MOST_BYTES).then_some((at, bytes, batch))
        });
        match batch {
            Some((at, bytes, batch)) => {
                batch.push(line);
                open.insert(key, (at, bytes + size));
            }
            None => {
                all.push(vec![line]);
                open.insert(key, (all.len() - 1, size));
            }
        }
    }
    all
}

fn stream_name(machine: &str, begun: Timestamp) -> String {
    let minute: String = begun.to_string().chars().take(MINUTE).collect();
    let minute = minute.replace(['T', ':'], "-");
    // A colon or an asterisk may not stand in the name of a stream.
    let machine = machine.replace([':', '*'], "_");
    let unique = uuid::Uuid::new_v4().simple().to_string();
    format!("states/{machine}/{minute}/{}", unique.get(..8).unwrap_or_default())
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The stream by which AWS tries out whether it may write to a group.
const TRIAL: &str = "log_stream_created_by_aws_to_validate_log_delivery_subscriptions";
const DAY_MICROS: i64 = 86_400_000_000;
/// Length of `2023-11-14T22:13`.
const MINUTE: usize = 16;
/// Limits of PutLogEvents: events, bytes, and bytes that each event counts beside its own.
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 1_048_576;
const OVERHEAD: usize = 26;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_holds_events_of_one_stream_and_day_within_limits() {
        let text = "x".repeat(400_000);
        let lines = vec![
            line("a", 0, "1"),
            line("b", 1, "2"),
            line("a", 2, "3"),
            line("a", DAY_MICROS, &text),
            line("a", DAY_MICROS, &text),
            line("a", DAY_MICROS, &text),
        ];
        let batches = batches(lines);
        let shape: Vec<_> = batches.iter().map(|batch| (&*batch[0].machine, batch.len())).collect();
        assert_eq!(shape, [("a", 2), ("b", 1), ("a", 2), ("a", 1)]);
        let many = (0..10_001).map(|n| line("a", n, "1")).collect();
        let sizes: Vec<_> = super::batches(many).iter().map(Vec::len).collect();
        assert_eq!(sizes, [10_000, 1]);
    }

    #[test]
    fn a_log_group_is_known_by_its_arn() {
        let table = [
            (
                "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/x:*",
                Some(("eu-west-1", "/aws/x")),
            ),
            ("arn:aws:logs:eu-west-1:123456789012:log-group:x", Some(("eu-west-1", "x"))),
            ("arn:aws:s3:::bucket", None),
            ("x", None),
        ];
        for (arn, expected) in table {
            let read = Group::parse(arn).map(|group| (group.region, group.name));
            assert_eq!(read, expected, "{arn}");
        }
    }

    #[test]
    fn a_stream_is_named_as_aws_names_it() {
        let name = stream_name("flow", Timestamp(1_700_000_000_000_000));
        let (start, unique) = name.rsplit_once('/').unwrap();
        assert_eq!(start, "states/flow/2023-11-14-22-13");
        assert_eq!(unique.len(), 8);
    }

    fn line(machine: &str, time: i64, text: &str) -> Line {
        let time = Timestamp(time);
        Line { group: "arn:g".into(), machine: machine.into(), time, text: text.into() }
    }
}
