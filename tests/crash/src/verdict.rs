//! The verdict: every execution that was ever acknowledged is looked at, with its whole history.

use std::fmt::{self, Display};

use serde_json::{Value, json};

use super::book::{Book, Pages, Started};
use super::wire::Client;
use super::work::Kind;

/// What was looked at, and everything that was wrong with it.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Executions whose start was acknowledged.
    pub executions: usize,
    /// Events in their histories.
    pub events: usize,
    /// Tasks that were done.
    pub tasks: usize,
    /// Tasks that failed as those of lost workers, and were caught or retried.
    pub lost_workers: usize,
    /// Acknowledged answers to tokens.
    pub answers: usize,
    /// Acknowledged stops.
    pub stops: usize,
    /// Executions that are not there.
    pub lost: Vec<String>,
    /// Executions that do not end.
    pub stuck: Vec<String>,
    /// Tasks without Retry that were done twice, and others done more often than begun.
    pub twice: Vec<String>,
    /// Histories that are none, ends that none of the machines has.
    pub malformed: Vec<String>,
    /// Acknowledged inputs, answers and stops that left no trace.
    pub forgotten: Vec<String>,
    /// Panics of the server.
    pub panics: usize,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub fn sound(&self) -> bool {
        let wrong = [&self.lost, &self.stuck, &self.twice, &self.malformed, &self.forgotten];
        wrong.iter().all(|list| list.is_empty()) && self.panics == 0
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} executions, {} events, {} tasks done, {} workers lost, {} tokens answered, {} stops",
            self.executions, self.events, self.tasks, self.lost_workers, self.answers, self.stops
        )?;
        writeln!(
            f,
            "lost {}, stuck {}, done twice {}, malformed {}, forgotten {}, panics {}",
            self.lost.len(),
            self.stuck.len(),
            self.twice.len(),
            self.malformed.len(),
            self.forgotten.len(),
            self.panics
        )?;
        for (what, list) in [
            ("lost", &self.lost),
            ("stuck", &self.stuck),
            ("twice", &self.twice),
            ("malformed", &self.malformed),
            ("forgotten", &self.forgotten),
        ] {
            for one in list.iter().take(5) {
                writeln!(f, "  {what}: {one}")?;
            }
        }
        Ok(())
    }
}

/// Looks at everything in the book.
pub(crate) async fn verdict(port: u16, book: &Book) -> Verdict {
    let mut client = Client::of(port);
    let mut verdict = Verdict::default();
    let mut answers = Vec::new();
    let mut aborted = Vec::new();
    let started = std::mem::take(&mut book.pages().started);
    for (name, started) in &started {
        verdict.executions += 1;
        let ((status, row), _) =
            client.insist("DescribeExecution", &json!({"executionArn": started.arn})).await;
        if status != 200 {
            verdict.lost.push(format!("{name}: {row}"));
            continue;
        }
        let events = history(&mut client, &started.arn).await;
        let seen = Seen { name, started, row: &row, events: &events };
        verdict.look(&seen, &book.pages(), &mut answers);
        if row["status"] == "ABORTED" {
            aborted.push(name.clone());
        }
    }
    let pages = book.pages();
    verdict.tasks = pages.performed.values().sum();
    verdict.answers = pages.answered.len();
    verdict.stops = pages.stopped.len();
    answers.sort();
    let unheard = pages.answered.iter().filter(|key| answers.binary_search(key).is_err());
    verdict.forgotten.extend(unheard.map(|key| format!("the answer to {key}")));
    let running = pages.stopped.iter().filter(|name| !aborted.contains(name));
    verdict.forgotten.extend(running.map(|name| format!("the stop of {name}")));
    verdict
}

/// An execution as it is at the end.
struct Seen<'a> {
    name: &'a str,
    started: &'a Started,
    row: &'a Value,
    events: &'a [Value],
}

impl Verdict {
    fn look(&mut self, seen: &Seen<'_>, pages: &Pages, answers: &mut Vec<String>) {
        let Seen { name, started, row, events } = seen;
        self.events += events.len();
        if row["input"] != started.input.as_str() {
            self.forgotten.push(format!("the input of {name}: {}", row["input"]));
        }
        let expected = if started.kind == Kind::Long { "ABORTED" } else { "SUCCEEDED" };
        match row["status"].as_str() {
            Some("RUNNING") => return self.stuck.push(format!("{name}: {:?}", events.last())),
            Some(status) if status == expected => {}
            _ => self.malformed.push(format!("{name} ended otherwise: {row}")),
        }
        if let Some(why) = misshapen(events) {
            self.malformed.push(format!("{name}: {why}"));
        }
        for event in *events {
            let text = event.to_string();
            if text.contains("The worker that performed the task was lost") {
                self.lost_workers += 1;
            }
            answers.extend(member(&text, "answer"));
            if let Some(key) = member(&text, "done")
                && event["type"] == "LambdaFunctionSucceeded"
                && !pages.performed.contains_key(&key)
            {
                self.malformed.push(format!("{key} was never done: {text}"));
            }
        }
        self.count_tasks(seen, pages);
    }

    /// No task may be done more often than it was begun, and none more than once unless its Retry says so.
    fn count_tasks(&mut self, seen: &Seen<'_>, pages: &Pages) {
        let from = format!("{}-", seen.name);
        let tasks =
            pages.performed.range(from.clone()..).take_while(|(key, _)| key.starts_with(&from));
        for (key, times) in tasks {
            let begun = seen.events.iter().filter(|event| {
                let kind = event["type"].as_str().unwrap_or_default();
                kind.ends_with("Scheduled") && event.to_string().contains(&format!("{key}\\\""))
            });
            let begun = begun.count();
            let allowed = if seen.started.kind == Kind::Retry { begun } else { begun.min(1) };
            if *times > allowed {
                self.twice.push(format!("{key}: done {times} times, begun {begun} times"));
            }
        }
    }
}

/// The value of a member of a payload, which is text in the event.
fn member(event: &str, name: &str) -> Option<String> {
    let (_, after) = event.split_once(&format!("\\\"{name}\\\":\\\""))?;
    after.split_once('\\').map(|(value, _)| value.to_owned())
}

/// Ids from 1 on without a gap, causes before their effects, one start, one end, at the end.
fn misshapen(events: &[Value]) -> Option<String> {
    for (event, id) in events.iter().zip(1_u64..) {
        if event["id"] != id {
            return Some(format!("event {id} has id {}", event["id"]));
        }
        if event["previousEventId"].as_u64().is_none_or(|before| before >= id) {
            return Some(format!("event {id} follows {}", event["previousEventId"]));
        }
    }
    let of = |event: &Value| event["type"].as_str().unwrap_or_default().to_owned();
    let ends: Vec<_> = events.iter().map(of).filter(|kind| END.contains(&kind.as_str())).collect();
    let starts = events.iter().filter(|event| event["type"] == "ExecutionStarted").count();
    let last = events.last().map(of);
    (starts != 1 || ends.len() != 1 || last.as_ref() != ends.first())
        .then(|| format!("{starts} starts, ends {ends:?}, the last event is {last:?}"))
}

async fn history(client: &mut Client, arn: &str) -> Vec<Value> {
    let mut page = json!({"executionArn": arn, "maxResults": 1000});
    let mut events = Vec::new();
    loop {
        let mut found = client.must("GetExecutionHistory", &page).await;
        events.append(found["events"].as_array_mut().unwrap());
        if found["nextToken"].is_null() {
            return events;
        }
        page["nextToken"] = found["nextToken"].take();
    }
}

const END: [&str; 4] =
    ["ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"];
