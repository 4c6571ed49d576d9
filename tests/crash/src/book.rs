//! What the harness knows by itself: what it was told is done, and what its tasks have done.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::work::Kind;

/// Filled by the work, read by the verdict.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pages: Mutex<Pages>,
    running: AtomicUsize,
}

#[derive(Debug, Default)]
pub(crate) struct Pages {
    /// Executions whose start was acknowledged, by name.
    pub(crate) started: BTreeMap<String, Started>,
    /// How often each task was done.
    pub(crate) performed: BTreeMap<String, usize>,
    /// Keys of tasks whose SendTaskSuccess was acknowledged.
    pub(crate) answered: Vec<String>,
    /// Names of executions whose StopExecution was acknowledged.
    pub(crate) stopped: Vec<String>,
    /// Tokens to be answered, and their keys.
    tokens: VecDeque<(String, String)>,
    /// Executions to be stopped.
    victims: VecDeque<(String, String)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Started {
    pub(crate) arn: String,
    pub(crate) kind: Kind,
    pub(crate) input: String,
}

impl Book {
    pub(crate) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap()
    }

    pub(crate) fn started(&self, name: &str, started: Started) {
        let mut pages = self.pages();
        if started.kind == Kind::Long {
            pages.victims.push_back((name.to_owned(), started.arn.clone()));
        }
        let before = pages.started.insert(name.to_owned(), started);
        assert!(before.is_none(), "{name} is started twice by the harness");
    }

    /// Counts a task that is done; how often it was by now.
    pub(crate) fn performed(&self, key: &str) -> usize {
        let mut pages = self.pages();
        let times = pages.performed.entry(key.to_owned()).or_default();
        *times += 1;
        *times
    }

    pub(crate) fn offer_token(&self, key: &str, token: &str) {
        self.pages().tokens.push_back((key.to_owned(), token.to_owned()));
    }

    /// A key and its token.
    pub(crate) fn token(&self) -> Option<(String, String)> {
        self.pages().tokens.pop_front()
    }

    pub(crate) fn answered(&self, key: String) {
        self.pages().answered.push(key);
    }

    /// Name and ARN of an execution to be stopped.
    pub(crate) fn victim(&self) -> Option<(String, String)> {
        self.pages().victims.pop_front()
    }

    pub(crate) fn stopped(&self, name: String) {
        self.pages().stopped.push(name);
    }

    /// Executions started so far.
    pub(crate) fn len(&self) -> usize {
        self.pages().started.len()
    }

    /// Executions that ran when the server was asked last.
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    pub(crate) fn note_running(&self, count: usize) {
        self.running.store(count, Ordering::Relaxed);
    }
}
