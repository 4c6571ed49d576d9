//! Metrics as Prometheus reads them: the text format, version 0.0.4.

use std::fmt::Write as _;

use super::series::LIMITS;
use super::{Metrics, Reading, TABLE};

/// `Content-Type` of [`text`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a queue in memory holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Backlog {
    /// Messages that could be handled.
    pub ready: usize,
    /// Messages whose time has not come.
    pub waiting: usize,
    /// Messages that are being handled.
    pub in_flight: usize,
    /// How long the oldest that could be handled has been waiting for that, in seconds.
    pub oldest_seconds: f64,
}

impl Backlog {
    /// Of two queues together.
    #[must_use]
    pub fn and(self, other: Backlog) -> Backlog {
        Backlog {
            ready: self.ready + other.ready,
            waiting: self.waiting + other.waiting,
            in_flight: self.in_flight + other.in_flight,
            oldest_seconds: self.oldest_seconds.max(other.oldest_seconds),
        }
    }
}

/// Everything that was counted, and what is waiting.
pub fn text(metrics: &Metrics, backlog: Backlog) -> String {
    let mut text = String::new();
    for metric in &TABLE {
        let reading = (metric.read)(metrics);
        let kind = if matches!(reading, Reading::Times(_)) { "histogram" } else { "counter" };
        head(&mut text, metric.name, metric.help, kind);
        match reading {
            Reading::Known(known) => {
                for (value, count) in known.read() {
                    sample(&mut text, metric.name, metric.labels, &[value], count);
                }
            }
            Reading::Named(named) => {
                for (first, second, count) in named.read() {
                    sample(&mut text, metric.name, metric.labels, &[&first, second], count);
                }
            }
            Reading::Process(count) => {
                let count = count.load(std::sync::atomic::Ordering::Relaxed);
                sample(&mut text, metric.name, &[], &[], count);
            }
            Reading::Times(times) => {
                let mut sum = 0;
                let bucket = format!("{}_bucket", metric.name);
                let limits = LIMITS.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
                for (limit, count) in limits.zip(times.read()) {
                    sum += count;
                    sample(&mut text, &bucket, &["le"], &[&limit], sum);
                }
                let _ = writeln!(text, "{}_sum {}", metric.name, times.sum());
                let _ = writeln!(text, "{}_count {sum}", metric.name);
            }
        }
    }
    queue(&mut text, backlog);
    text
}

fn queue(text: &mut String, backlog: Backlog) {
    let messages = "stepwright_queue_messages";
    head(
        text,
        messages,
        "Messages in memory: to be handled, waiting for their time, in hand.",
        "gauge",
    );
    let Backlog { ready, waiting, in_flight, oldest_seconds } = backlog;
    for (state, count) in [("ready", ready), ("waiting", waiting), ("in_flight", in_flight)] {
        sample(text, messages, &["state"], &[state], count as u64);
    }
    let oldest = "stepwright_queue_oldest_seconds";
    head(
        text,
        oldest,
        "How long the oldest message that could be handled waits for that.",
        "gauge",
    );
    let _ = writeln!(text, "{oldest} {oldest_seconds}");
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn sample(text: &mut String, name: &str, labels: &[&str], values: &[&str], count: u64) {
    text.push_str(name);
    for (at, (label, value)) in labels.iter().zip(values).enumerate() {
        text.push(if at == 0 { '{' } else { ',' });
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = write!(text, "{label}=\"{value}\"");
    }
    if !labels.is_empty() {
        text.push('}');
    }
    let _ = writeln!(text, " {count}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::TaskEnd;
    use stepwright_core::event::StateClass;

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let metrics = Metrics::default();
        metrics.transition(StateClass::Task);
        metrics.started("a \"b\"\\\nc");
        metrics.ended("order", "SUCCEEDED");
        metrics.task(TaskEnd::Succeeded, 0.02);
        metrics.task(TaskEnd::Failed, 400.0);
        metrics.request("StartExecution", None);
        metrics.request("-", Some("UnknownOperationException"));
        let text =
            text(&metrics, Backlog { ready: 1, waiting: 2, in_flight: 3, oldest_seconds: 0.5 });
        for expected in [
            "# TYPE stepwright_transitions_total counter\n",
            "stepwright_transitions_total{state_type=\"Task\"} 1\n",
            "stepwright_transitions_total{state_type=\"Pass\"} 0\n",
            "stepwright_executions_started_total{machine=\"a \\\"b\\\"\\\\\\nc\"} 1\n",
            "stepwright_executions_ended_total{machine=\"order\",status=\"SUCCEEDED\"} 1\n",
            "# TYPE stepwright_task_seconds histogram\n",
            "stepwright_task_seconds_bucket{le=\"0.01\"} 0\n",
            "stepwright_task_seconds_bucket{le=\"0.025\"} 1\n",
            "stepwright_task_seconds_bucket{le=\"300\"} 1\n",
            "stepwright_task_seconds_bucket{le=\"+Inf\"} 2\n",
            "stepwright_task_seconds_sum 400.02\n",
            "stepwright_task_seconds_count 2\n",
            "stepwright_api_requests_total{operation=\"-\",error=\"UnknownOperationException\"} 1\n",
            "stepwright_api_requests_total{operation=\"StartExecution\",error=\"\"} 1\n",
            "stepwright_retries_total 0\n",
            "stepwright_queue_messages{state=\"waiting\"} 2\n",
            "stepwright_queue_oldest_seconds 0.5\n",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }
}
