//! Metrics as CloudWatch extracts them from log lines: its embedded metric format. One line says what was counted since
//! the one before; no request is made for it.
//!
//! A metric of CloudWatch costs by the month for each combination of dimensions, so there is one dimension, the stack:
//! what has labels beyond that has a metric for each status or outcome (`ExecutionsFailed`, `TasksTimedOut`), and stands
//! in the line as a plain number for each machine, state type and error, which Logs Insights adds up for the asking.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};
use stepwright_core::time::Timestamp;

use super::series::LIMITS;
use super::{Haste, Metric, Metrics, Reading, TABLE};

/// Says what a process has counted, line by line.
pub struct Teller {
    stack: String,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    at: Option<Timestamp>,
    /// How many more lines may be told at once that could wait, as of then.
    lines: f64,
    /// What was counted by then, by metric and values of its labels.
    counts: BTreeMap<(&'static str, String), u64>,
}

impl Teller {
    /// For a stack of this name.
    pub fn of(stack: &str) -> Teller {
        Teller { stack: stack.to_owned(), told: Mutex::default() }
    }

    /// The line that is due, without its end; `None` if there is nothing to tell that could not wait: executions that
    /// begin and succeed, in a function that has just told twenty lines and is still busy, for half a minute; most else
    /// for a minute, or for what cannot wait. A function that is never called again keeps what it has not told.
    pub fn line(&self, metrics: &Metrics, now: Timestamp) -> Option<String> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let news = news(metrics, &told.counts);
        let silence = told.at.map_or(f64::INFINITY, |at| now.seconds_since(at));
        let lines = (told.lines + silence * LINES_A_SECOND).min(BURST);
        let due = |new: &New| match new.haste() {
            Haste::AtOnce => true,
            Haste::Soon => lines >= 1.0,
            Haste::InAMinute => silence >= LONGEST_SILENCE_SECONDS,
        };
        if !news.iter().any(due) {
            return None;
        }
        told.lines = (lines - 1.0).max(0.0);
        for New { metric, values, count } in &news {
            let key = (metric.name, values.join(SEPARATOR));
            *told.counts.entry(key).or_default() += count;
        }
        told.at = Some(now);
        Some(self.form(&news, now))
    }

    fn form(&self, news: &[New], now: Timestamp) -> String {
        let mut line = Line::default();
        for new in news {
            line.add(new);
        }
        let directive = json!({
            "Namespace": NAMESPACE,
            "Dimensions": [["Stack"]],
            "Metrics": line.units(),
        });
        let mut whole = Map::new();
        whole.insert("timestamp".into(), now.to_string().into());
        whole.insert("level".into(), "INFO".into());
        whole.insert("message".into(), "metrics".into());
        let milliseconds = now.0.div_euclid(1000);
        let root = json!({"Timestamp": milliseconds, "CloudWatchMetrics": [directive]});
        whole.insert("_aws".into(), root);
        whole.insert("Stack".into(), self.stack.as_str().into());
        whole.extend(line.values());
        Value::Object(whole).to_string()
    }
}

/// Names of all metrics that CloudWatch can be told of.
pub fn names() -> Vec<String> {
    let metrics = Metrics::default();
    let mut names = vec![API_ERRORS.to_owned()];
    for metric in &TABLE {
        let ends = match (metric.read)(&metrics) {
            Reading::Known(known) => known.read().map(|(value, _)| value).collect(),
            _ => ENDS.to_vec(),
        };
        match metric.per_value {
            true => names.extend(ends.iter().map(|end| format!("{}{}", metric.cloud, camel(end)))),
            false => names.push(metric.cloud.to_owned()),
        }
    }
    names
}

/// What was counted since the last line.
struct New {
    metric: &'static Metric,
    /// Values of its labels; of times, the limit that they are within.
    values: Vec<String>,
    count: u64,
}

impl New {
    fn haste(&self) -> Haste {
        let failed =
            self.values.last().is_some_and(|end| ENDS.contains(&&**end) && end != SUCCEEDED);
        if failed { Haste::AtOnce } else { self.metric.haste }
    }
}

fn news(metrics: &Metrics, told: &BTreeMap<(&'static str, String), u64>) -> Vec<New> {
    let mut news = Vec::new();
    for metric in &TABLE {
        for (values, all) in counts(&(metric.read)(metrics)) {
            let before = told.get(&(metric.name, values.join(SEPARATOR))).copied().unwrap_or(0);
            if all > before {
                news.push(New { metric, values, count: all - before });
            }
        }
    }
    news
}

fn counts(reading: &Reading<'_>) -> Vec<(Vec<String>, u64)> {
    match reading {
        Reading::Known(known) => {
            known.read().map(|(value, count)| (vec![value.to_owned()], count)).collect()
        }
        Reading::Named(named) => {
            let read = named.read().into_iter();
            read.map(|(first, second, count)| (vec![first, second.to_owned()], count)).collect()
        }
        Reading::Process(count) => vec![(Vec::new(), count.load(Relaxed))],
        Reading::Times(times) => {
            let limits = LIMITS.iter().chain([&BEYOND]).map(|limit| (limit * 1e3).to_string());
            limits.zip(times.read()).map(|(limit, count)| (vec![limit], count)).collect()
        }
    }
}

/// A line as it is put together.
#[derive(Default)]
struct Line {
    counts: BTreeMap<String, u64>,
    /// Milliseconds, and how many times took so long.
    times: BTreeMap<&'static str, Vec<(f64, u64)>>,
    /// What is no metric of CloudWatch: counts by label.
    details: BTreeMap<String, Map<String, Value>>,
}

impl Line {
    fn add(&mut self, New { metric, values, count }: &New) {
        if metric.name.ends_with("_seconds") {
            let limit = values.first().and_then(|limit| limit.parse().ok()).unwrap_or_default();
            self.times.entry(metric.cloud).or_default().push((limit, *count));
            return;
        }
        let suffix = match values.last() {
            Some(value) if metric.per_value => camel(value),
            _ => String::new(),
        };
        *self.counts.entry(format!("{}{suffix}", metric.cloud)).or_default() += count;
        let failed = metric.labels.last() == Some(&"error");
        if failed && values.last().is_some_and(|error| !error.is_empty()) {
            *self.counts.entry(API_ERRORS.to_owned()).or_default() += count;
        }
        let values: Vec<_> = values.iter().map(String::as_str).filter(|v| !v.is_empty()).collect();
        let told_already = metric.labels.len() == 1 && metric.per_value;
        if !(metric.labels.is_empty() || told_already) {
            let detail = self.details.entry(format!("{}By", metric.cloud)).or_default();
            detail.insert(values.join(" "), (*count).into());
        }
    }

    fn units(&self) -> Vec<Value> {
        let unit = |name: &str, unit: &str| json!({"Name": name, "Unit": unit});
        let counts = self.counts.keys().map(|name| unit(name, "Count"));
        counts.chain(self.times.keys().map(|name| unit(name, "Milliseconds"))).collect()
    }

    fn values(self) -> impl Iterator<Item = (String, Value)> {
        let counts = self.counts.into_iter().map(|(name, count)| (name, count.into()));
        let times = self.times.into_iter();
        let times = times.map(|(name, times)| (name.to_owned(), several(&times).into()));
        let details = self.details.into_iter().map(|(name, by)| (name, Value::Object(by)));
        counts.chain(times).chain(details)
    }
}

/// Times one by one; CloudWatch takes a hundred, so of more there are as many in proportion.
fn several(times: &[(f64, u64)]) -> Vec<f64> {
    let all: u64 = times.iter().map(|(_, count)| count).sum();
    let share = |count: u64| match all <= MOST_VALUES {
        true => count,
        false => (count.saturating_mul(MOST_VALUES) / all).max(1),
    };
    let each = times.iter().flat_map(|(limit, n)| (0..share(*n)).map(|_| *limit));
    let mut each: Vec<_> = each.collect();
    // The slow ones are what somebody looks for.
    each.reverse();
    each.truncate(MOST_VALUES as usize);
    each
}

/// `TIMED_OUT`, `timed_out`: `TimedOut`
fn camel(text: &str) -> String {
    let mut camel = String::new();
    for part in text.split('_') {
        let mut chars = part.chars();
        camel.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        camel.extend(chars.map(|c| c.to_ascii_lowercase()));
    }
    camel
}

/// Statuses that executions end with.
const ENDS: [&str; 4] = [SUCCEEDED, "FAILED", "TIMED_OUT", "ABORTED"];
const SUCCEEDED: &str = "SUCCEEDED";
const LONGEST_SILENCE_SECONDS: f64 = 60.0;
/// So many lines are told one by one until a function counts as busy, and so many while it is.
const BURST: f64 = 20.0;
const LINES_A_SECOND: f64 = 1.0 / 30.0;
const NAMESPACE: &str = "Stepwright";
const API_ERRORS: &str = "ApiErrors";
/// CloudWatch: values of one metric in one line.
const MOST_VALUES: u64 = 100;
/// What times beyond all limits are said to be, in seconds: a function's longest time.
const BEYOND: f64 = 900.0;
/// Stands in no name.
const SEPARATOR: &str = "\u{1f}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::TaskEnd;
    use stepwright_core::event::StateClass;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(1_772_000_000_000_000 + seconds * 1_000_000)
    }

    fn line(teller: &Teller, metrics: &Metrics, seconds: i64) -> Option<Value> {
        teller.line(metrics, at(seconds)).map(|line| serde_json::from_str(&line).unwrap())
    }

    #[test]
    fn a_line_is_in_the_format_that_cloudwatch_extracts() {
        let (metrics, teller) = (Metrics::default(), Teller::of("orders"));
        metrics.started("order");
        metrics.ended("order", "TIMED_OUT");
        metrics.transition(StateClass::Task);
        metrics.transition(StateClass::Task);
        metrics.transition(StateClass::Pass);
        metrics.task(TaskEnd::Failed, 0.02);
        metrics.request("StartExecution", Some("ExecutionLimitExceeded"));
        let line = line(&teller, &metrics, 0).unwrap();
        let expected = json!({
            "timestamp": "2026-02-25T06:13:20Z", "level": "INFO", "message": "metrics",
            "_aws": {"Timestamp": 1_772_000_000_000_i64, "CloudWatchMetrics": [{
                "Namespace": "Stepwright", "Dimensions": [["Stack"]], "Metrics": [
                    {"Name": "ApiErrors", "Unit": "Count"},
                    {"Name": "ApiRequests", "Unit": "Count"},
                    {"Name": "ExecutionsStarted", "Unit": "Count"},
                    {"Name": "ExecutionsTimedOut", "Unit": "Count"},
                    {"Name": "TasksFailed", "Unit": "Count"},
                    {"Name": "Transitions", "Unit": "Count"},
                    {"Name": "TaskTime", "Unit": "Milliseconds"}]}]},
            "Stack": "orders",
            "ApiErrors": 1, "ApiRequests": 1, "ExecutionsStarted": 1, "ExecutionsTimedOut": 1,
            "TasksFailed": 1, "Transitions": 3, "TaskTime": [25.0],
            "ApiRequestsBy": {"StartExecution ExecutionLimitExceeded": 1},
            "ExecutionsBy": {"order TIMED_OUT": 1}, "ExecutionsStartedBy": {"order": 1},
            "TransitionsBy": {"Pass": 1, "Task": 2},
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn what_was_told_is_not_told_again_and_what_can_wait_does() {
        let (metrics, teller) = (Metrics::default(), Teller::of("s"));
        assert_eq!(line(&teller, &metrics, 0), None, "nothing happened");
        metrics.retry();
        assert_eq!(
            line(&teller, &metrics, 1).unwrap()["Retries"],
            1,
            "the first line comes at once"
        );
        metrics.retry();
        assert_eq!(line(&teller, &metrics, 2), None, "it can wait");
        metrics.failed_turn();
        let urgent = line(&teller, &metrics, 3).unwrap();
        assert_eq!((&urgent["Retries"], &urgent["FailedTurns"]), (&1.into(), &1.into()));
        metrics.retry();
        assert_eq!(line(&teller, &metrics, 62), None, "not yet a minute");
        assert_eq!(line(&teller, &metrics, 63).unwrap()["Retries"], 1);
    }

    #[test]
    fn a_busy_function_tells_beginnings_and_good_ends_together_and_bad_ones_at_once() {
        let (metrics, teller) = (Metrics::default(), Teller::of("s"));
        for number in 0..BURST as i64 {
            metrics.started("m");
            assert!(line(&teller, &metrics, number / 10).is_some(), "{number}: one by one");
        }
        metrics.started("m");
        metrics.ended("m", "SUCCEEDED");
        assert_eq!(line(&teller, &metrics, 2), None, "it is busy");
        metrics.started("m");
        let together = line(&teller, &metrics, 31).unwrap();
        let counts = (&together["ExecutionsSucceeded"], &together["ExecutionsStarted"]);
        assert_eq!(counts, (&1.into(), &2.into()));
        metrics.started("m");
        for end in ["FAILED", "TIMED_OUT", "ABORTED"] {
            metrics.ended("m", end);
            assert!(line(&teller, &metrics, 31).is_some(), "{end}");
        }
        metrics.started("m");
        assert!(line(&teller, &metrics, 200).is_some(), "after a silence");
    }

    #[test]
    fn no_metric_has_more_values_than_cloudwatch_takes_and_the_slow_ones_are_among_them() {
        let metrics = Metrics::default();
        for _ in 0..10_000 {
            metrics.transition_took(0.0001);
        }
        metrics.transition_took(20.0);
        let line = line(&Teller::of("s"), &metrics, 0).unwrap();
        let times = line["TransitionTime"].as_array().unwrap();
        assert_eq!((times.len(), &times[0], &times[1]), (100, &30_000.0.into(), &0.1.into()));
    }
}
