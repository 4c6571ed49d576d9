//! A job: work that a service goes on with after it has answered the request of a `.sync` task. Nobody waits for it: it is
//! looked at from time to time, and what is seen before its end leaves no trace in the journal.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Cursor, Frame, Origin, Setting};
use crate::asl::model::{Kind, Name, Resource};
use crate::expr::Document;
use crate::time::Timestamp;

/// A job that was submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Slot of the claim that submitted it.
    #[serde(rename = "k")]
    pub ticket: u64,
    /// The state that it belongs to.
    #[serde(rename = "s")]
    pub state: Name,
    /// What its service knows it by.
    #[serde(rename = "j")]
    pub handle: Document,
    /// Role to be assumed.
    #[serde(rename = "cr", default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Arc<str>>,
    /// When the task times out.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// When it was submitted.
    #[serde(rename = "t")]
    pub since: Timestamp,
}

impl Job {
    /// When it is to be looked at again after the last look: the longer it runs, the later.
    pub fn next_look(&self, last: Option<Timestamp>) -> Timestamp {
        let last = last.unwrap_or(self.since).max(self.since);
        let pause = last.seconds_since(self.since) * SHARE;
        last.plus_seconds(pause.clamp(FIRST_SECONDS, MOST_SECONDS))
    }

    /// When something is to be done about it: the next look, or its timeout.
    pub fn due(&self, last: Option<Timestamp>) -> Timestamp {
        let look = self.next_look(last);
        self.deadline.map_or(look, |deadline| deadline.min(look))
    }

    /// What its service is asked about it; `None` only if the definition was changed behind the engine's back.
    pub fn call(&self, set: &Setting<'_>, frame: &Frame) -> Option<JobCall> {
        let state = set.machine.state(frame.flow, &self.state)?;
        let Kind::Task(task) = &state.kind else { return None };
        Some(JobCall {
            cursor: Cursor { slot: self.ticket, ..set.cursor.clone() },
            resource: task.resource.clone(),
            handle: self.handle.clone(),
            credentials: self.credentials.clone(),
            origin: Origin::of(set, frame, &self.state),
        })
    }
}

/// A question or an order about a job.
#[derive(Clone, Debug, PartialEq)]
pub struct JobCall {
    /// Where it was claimed.
    pub cursor: Cursor,
    /// The integration that submitted it.
    pub resource: Resource,
    /// What its service knows it by.
    pub handle: Document,
    /// Role to be assumed.
    pub credentials: Option<Arc<str>>,
    /// Who asks.
    pub origin: Origin,
}

/// The end of a job is seen at most a tenth of its run time late, but no more than a minute.
const SHARE: f64 = 0.1;
const FIRST_SECONDS: f64 = 0.02;
const MOST_SECONDS: f64 = 60.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_looked_at_soon_and_then_more_and_more_seldom() {
        let since = Timestamp(1_000_000_000);
        let job = Job {
            ticket: 1,
            state: "Run".into(),
            handle: Document::empty_object(),
            credentials: None,
            deadline: Some(since.plus_seconds(10_000.0)),
            since,
        };
        let table = [
            (None, 0.02, "the first look comes at once"),
            (Some(0.1), 0.12, "short jobs are not kept waiting"),
            (Some(10.0), 11.0, "a tenth of the run time"),
            (Some(5_000.0), 5_060.0, "at most a minute"),
            (Some(9_990.0), 10_000.0, "the timeout comes before the next look"),
        ];
        for (last, expected, reason) in table {
            let due = job.due(last.map(|s| since.plus_seconds(s)));
            assert_eq!(due, since.plus_seconds(expected), "{reason}");
        }
        let mut looks = 0;
        let mut at = job.next_look(None);
        while at < since.plus_seconds(600.0) {
            (looks, at) = (looks + 1, job.next_look(Some(at)));
        }
        assert!(looks < 110, "{looks} looks in ten minutes");
    }
}
