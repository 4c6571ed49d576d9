//! Metrics: what is counted, in one table ([`TABLE`]), and the counters. They are told as Prometheus reads them
//! ([`prometheus`]) and as CloudWatch does ([`emf`]).
//!
//! Promises:
//! - Counting costs nanoseconds: one atomic addition where the values of a label are known, a short lock where they are
//!   not (once for an execution or a request, not for a transition).
//! - Memory is bounded: users name machines, so only the first hundred have a series of their own, the rest share
//!   [`OTHERS`]. No label holds anything else that users choose.
//!
//! No library is used, for none serves both forms: those for Prometheus do not give back what they have counted, which
//! CloudWatch needs by invocation; both forms are a page of specification each.

pub mod emf;
pub mod prometheus;
mod series;

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use stepwright_core::event::StateClass;

pub use series::OTHERS;
use series::{Known, Named, Times};

/// What an engine has counted since it began.
pub struct Metrics {
    transitions: Known,
    started: Named,
    ended: Named,
    transition_times: Times,
    tasks: Known,
    task_times: Times,
    retries: Known,
    catches: Known,
    conflicts: Known,
    given_back: Known,
    failed_turns: Known,
    lateness: Times,
    overdue: Known,
    requests: Named,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            transitions: Known::of(&CLASSES),
            started: Named::default(),
            ended: Named::default(),
            transition_times: Times::default(),
            tasks: Known::of(&OUTCOMES),
            task_times: Times::default(),
            retries: Known::of(&ONE),
            catches: Known::of(&ONE),
            conflicts: Known::of(&ONE),
            given_back: Known::of(&ONE),
            failed_turns: Known::of(&ONE),
            lateness: Times::default(),
            overdue: Known::of(&ONE),
            requests: Named::default(),
        }
    }
}

impl Metrics {
    /// A state was entered.
    pub fn transition(&self, class: StateClass) {
        self.transitions.add(class as usize);
    }

    /// An execution of a machine (by name) has begun.
    pub fn started(&self, machine: &str) {
        self.started.add(machine, "");
    }

    /// An execution of a machine (by name) has ended, with this `status`.
    pub fn ended(&self, machine: &str, status: &'static str) {
        self.ended.add(machine, status);
    }

    /// Deciding and committing a record took so many seconds.
    pub fn transition_took(&self, seconds: f64) {
        self.transition_times.add(seconds);
    }

    /// A task was performed, in so many seconds.
    pub fn task(&self, outcome: TaskEnd, seconds: f64) {
        self.tasks.add(outcome as usize);
        self.task_times.add(seconds);
    }

    /// A state that failed is tried again.
    pub fn retry(&self) {
        self.retries.add(0);
    }

    /// A state that failed was left by a catcher.
    pub fn catch(&self) {
        self.catches.add(0);
    }

    /// A record found its slot taken by another.
    pub fn conflict(&self) {
        self.conflicts.add(0);
    }

    /// A message was not handled and comes again.
    pub fn given_back(&self) {
        self.given_back.add(0);
    }

    /// A turn ended without an outcome, since the store or the queue was not available.
    pub fn failed_turn(&self) {
        self.failed_turns.add(0);
    }

    /// A timer came so many seconds after its time.
    pub fn late(&self, seconds: f64) {
        self.lateness.add(seconds);
    }

    /// A frame was found that should have gone on long ago.
    pub fn overdue(&self) {
        self.overdue.add(0);
    }

    /// The API has answered a request for an operation, with this error if it is one.
    pub fn request(&self, operation: &'static str, error: Option<&'static str>) {
        self.requests.add(operation, error.unwrap_or_default());
    }
}

/// How a task ended that was performed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskEnd {
    /// With a result.
    Succeeded,
    /// With an error.
    Failed,
    /// It took longer than it may.
    TimedOut,
    /// It goes on elsewhere: a job, or whoever has its token.
    Submitted,
}

/// What is counted for the process, since whoever sees it does not know for which engine it happens.
pub mod process {
    use super::{AtomicU64, Relaxed};

    /// A service has refused a request of the engine's own because there were too many; it is made again.
    pub fn throttled() {
        THROTTLES.fetch_add(1, Relaxed);
    }

    /// So many events of execution logs were lost.
    pub fn log_events_dropped(count: usize) {
        LOG_EVENTS.fetch_add(count as u64, Relaxed);
    }

    /// So many spans of traces were lost.
    pub fn spans_dropped(count: usize) {
        SPANS.fetch_add(count as u64, Relaxed);
    }

    pub(super) static THROTTLES: AtomicU64 = AtomicU64::new(0);
    pub(super) static LOG_EVENTS: AtomicU64 = AtomicU64::new(0);
    pub(super) static SPANS: AtomicU64 = AtomicU64::new(0);
}

/// One metric.
pub struct Metric {
    /// Its name for Prometheus, with the unit and `_total` where that is the custom.
    pub name: &'static str,
    /// Its name for CloudWatch; with `per_value` there is one for each value of the last label, which follows the name.
    pub cloud: &'static str,
    /// What it tells.
    pub help: &'static str,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// Whether CloudWatch has a metric for each value of the last label.
    pub per_value: bool,
    /// When CloudWatch is told.
    pub haste: Haste,
    read: fn(&Metrics) -> Reading<'_>,
}

/// When CloudWatch is told of a metric, or earlier with another one. Its lines cost money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// With the next line, which is written at once.
    AtOnce,
    /// At once, but together when a function is busy.
    Soon,
    /// When the last line is a minute old.
    InAMinute,
}

/// Where the numbers of a metric are.
enum Reading<'a> {
    Known(&'a Known),
    Named(&'a Named),
    Times(&'a Times),
    Process(&'static AtomicU64),
}

/// All metrics that engines count. What a queue holds is read when it is asked for, see [`prometheus`].
pub static TABLE: [Metric; 17] = [
    Metric {
        name: "stepwright_transitions_total",
        cloud: "Transitions",
        help: "States entered, by type.",
        labels: &["state_type"],
        per_value: false,
        haste: Haste::InAMinute,
        read: |m| Reading::Known(&m.transitions),
    },
    Metric {
        name: "stepwright_executions_started_total",
        cloud: "ExecutionsStarted",
        help: "Executions begun, by state machine.",
        labels: &["machine"],
        per_value: false,
        haste: Haste::Soon,
        read: |m| Reading::Named(&m.started),
    },
    Metric {
        name: "stepwright_executions_ended_total",
        cloud: "Executions",
        help: "Executions ended, by state machine and status.",
        labels: &["machine", "status"],
        per_value: true,
        haste: Haste::Soon,
        read: |m| Reading::Named(&m.ended),
    },
    Metric {
        name: "stepwright_transition_seconds",
        cloud: "TransitionTime",
        help: "Time from taking up a frame until its next record is committed.",
        labels: &[],
        per_value: false,
        haste: Haste::InAMinute,
        read: |m| Reading::Times(&m.transition_times),
    },
    Metric {
        name: "stepwright_tasks_total",
        cloud: "Tasks",
        help: "Tasks performed by this process, by outcome.",
        labels: &["outcome"],
        per_value: true,
        haste: Haste::InAMinute,
        read: |m| Reading::Known(&m.tasks),
    },
    Metric {
        name: "stepwright_task_seconds",
        cloud: "TaskTime",
        help: "Time that tasks took that this process has performed.",
        labels: &[],
        per_value: false,
        haste: Haste::InAMinute,
        read: |m| Reading::Times(&m.task_times),
    },
    Metric {
        name: "stepwright_retries_total",
        cloud: "Retries",
        help: "Failed states that are tried again.",
        labels: &[],
        per_value: false,
        haste: Haste::InAMinute,
        read: |m| Reading::Known(&m.retries),
    },
    Metric {
        name: "stepwright_catches_total",
        cloud: "Catches",
        help: "Failed states that were left by a catcher.",
        labels: &[],
        per_value: false,
        haste: Haste::InAMinute,
        read: |m| Reading::Known(&m.catches),
    },
    Metric {
        name: "stepwright_commit_conflicts_total",
        cloud: "CommitConflicts",
        help: "Records whose slot another one had taken: duplicates of messages, or somebody outside was first.",
        labels: &[],
        per_value: false,
        haste: Haste::InAMinute,
        read: |m| Reading::Known(&m.conflicts),
    },
    Metric {
        name: "stepwright_messages_given_back_total",
        cloud: "MessagesGivenBack",
        help: "Messages that were not handled and come again.",
        labels: &[],
        per_value: false,
        haste: Haste::InAMinute,
        read: |m| Reading::Known(&m.given_back),
    },
    Metric {
        name: "stepwright_failed_turns_total",
        cloud: "FailedTurns",
        help: "Turns that ended without an outcome, since the store or the queue was not available.",
        labels: &[],
        per_value: false,
        haste: Haste::AtOnce,
        read: |m| Reading::Known(&m.failed_turns),
    },
    Metric {
        name: "stepwright_throttles_total",
        cloud: "Throttles",
        help: "Requests of the engine to its store and queue that were refused because there were too many.",
        labels: &[],
        per_value: false,
        haste: Haste::AtOnce,
        read: |_| Reading::Process(&process::THROTTLES),
    },
    Metric {
        name: "stepwright_timer_lateness_seconds",
        cloud: "TimerLateness",
        help: "How long after their time timers came.",
        labels: &[],
        per_value: false,
        haste: Haste::InAMinute,
        read: |m| Reading::Times(&m.lateness),
    },
    Metric {
        name: "stepwright_overdue_total",
        cloud: "Overdue",
        help: "Frames that the sweep found left behind, and sent on.",
        labels: &[],
        per_value: false,
        haste: Haste::AtOnce,
        read: |m| Reading::Known(&m.overdue),
    },
    Metric {
        name: "stepwright_api_requests_total",
        cloud: "ApiRequests",
        help: "Requests to the API, by operation and error; an operation that there is none of is -.",
        labels: &["operation", "error"],
        per_value: false,
        haste: Haste::InAMinute,
        read: |m| Reading::Named(&m.requests),
    },
    Metric {
        name: "stepwright_log_events_dropped_total",
        cloud: "LogEventsDropped",
        help: "Events of execution logs that their destination did not take.",
        labels: &[],
        per_value: false,
        haste: Haste::AtOnce,
        read: |_| Reading::Process(&process::LOG_EVENTS),
    },
    Metric {
        name: "stepwright_spans_dropped_total",
        cloud: "SpansDropped",
        help: "Spans that the collector of traces did not take.",
        labels: &[],
        per_value: false,
        haste: Haste::InAMinute,
        read: |_| Reading::Process(&process::SPANS),
    },
];

/// In the order of [`StateClass`].
const CLASSES: [&str; 8] = ["Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"];
/// In the order of [`TaskEnd`].
const OUTCOMES: [&str; 4] = ["succeeded", "failed", "timed_out", "submitted"];
const ONE: [&str; 1] = [""];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_prometheus_and_cloudwatch_want_them() {
        for metric in &TABLE {
            let counter = !matches!((metric.read)(&Metrics::default()), Reading::Times(_));
            let suffix = if counter { "_total" } else { "_seconds" };
            assert!(metric.name.starts_with("stepwright_") && metric.name.ends_with(suffix));
            assert!(metric.cloud.chars().all(char::is_alphanumeric), "{}", metric.cloud);
            assert!(metric.help.ends_with('.'), "{}", metric.name);
        }
    }

    #[test]
    fn classes_are_counted_under_their_own_names() {
        use StateClass::{Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait};
        for class in [Pass, Task, Choice, Wait, Succeed, Fail, Parallel, Map] {
            let metrics = Metrics::default();
            metrics.transition(class);
            let counted: Vec<_> = metrics.transitions.read().filter(|(_, n)| *n > 0).collect();
            assert_eq!(counted, [(&*format!("{class:?}"), 1)]);
        }
    }
}
