//! How much an account may have at a time (source: quotas of AWS): open executions, machines, activities, and workers that
//! poll for one activity.
//!
//! Counting a million executions takes a while, so it is done once; from then on only what is added is counted, and all of
//! it anew when that comes to the limit. So nobody is refused who has room, and nobody who has none is let in by this
//! process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use stepwright_core::engine::Limits;

use super::error::Error;
use crate::store::{Kind, Store};

/// The most of each; `None` is any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Executions that run.
    pub executions: Option<usize>,
    /// State machines.
    pub machines: Option<usize>,
    /// Activities.
    pub activities: Option<usize>,
    /// GetActivityTask requests that wait for one activity.
    pub workers: Option<usize>,
}

impl Quotas {
    /// AWS's own.
    pub const AWS: Quotas = Quotas {
        executions: Some(1_000_000),
        machines: Some(100_000),
        activities: Some(100_000),
        workers: Some(1_000),
    };

    /// As many as there is room for.
    pub const NONE: Quotas =
        Quotas { executions: None, machines: None, activities: None, workers: None };

    /// What goes with the limits of workflows.
    pub(super) fn beside(limits: &Limits) -> Quotas {
        if *limits == Limits::EXTENDED { Quotas::NONE } else { Quotas::AWS }
    }
}

/// The quotas of an account, and how much of them is used.
pub(super) struct Account {
    quotas: Quotas,
    executions: Gauge,
    machines: Gauge,
    activities: Gauge,
    polls: Arc<Mutex<HashMap<Arc<str>, usize>>>,
}

impl Account {
    pub(super) fn with(quotas: Quotas) -> Account {
        Account {
            quotas,
            executions: Gauge::default(),
            machines: Gauge::default(),
            activities: Gauge::default(),
            polls: Arc::default(),
        }
    }

    /// Makes room for one more execution. What is told of as one more and is none in the end only makes the next count
    /// come sooner.
    ///
    /// # Errors
    /// `ExecutionLimitExceeded`, or the store is not available.
    pub(super) async fn another_execution(&self, store: &dyn Store) -> Result<(), Error> {
        let Some(most) = self.quotas.executions else { return Ok(()) };
        if self.executions.take(most) {
            return Ok(());
        }
        let mut count = 0;
        let mut after = None;
        while count < most {
            let page = store.running(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            count += page.len();
            after = Some(last.clone());
        }
        self.executions.reset(count);
        if self.executions.take(most) { Ok(()) } else { Err(Error::execution_limit()) }
    }

    /// Makes room for one more state machine.
    ///
    /// # Errors
    /// `StateMachineLimitExceeded`, or the store is not available.
    pub(super) async fn another_machine(
        &self,
        store: &dyn Store,
        prefix: &str,
    ) -> Result<(), Error> {
        let Some(most) = self.quotas.machines else { return Ok(()) };
        let items = Items { store, kind: Kind::StateMachine, prefix };
        if self.machines.another(most, items).await? { Ok(()) } else { Err(Error::machine_limit()) }
    }

    /// Makes room for one more activity.
    ///
    /// # Errors
    /// `ActivityLimitExceeded`, or the store is not available.
    pub(super) async fn another_activity(
        &self,
        store: &dyn Store,
        prefix: &str,
    ) -> Result<(), Error> {
        let Some(most) = self.quotas.activities else { return Ok(()) };
        let items = Items { store, kind: Kind::Activity, prefix };
        if self.activities.another(most, items).await? {
            Ok(())
        } else {
            Err(Error::activity_limit())
        }
    }

    /// Counts a worker that polls for an activity, until what is returned is dropped.
    ///
    /// # Errors
    /// `ActivityWorkerLimitExceeded`
    pub(super) fn another_worker(&self, activity: &Arc<str>) -> Result<Polling, Error> {
        let most = self.quotas.workers.unwrap_or(usize::MAX);
        let mut polls = self.polls.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = polls.entry(activity.clone()).or_default();
        if *waiting >= most {
            return Err(Error::worker_limit());
        }
        *waiting += 1;
        Ok(Polling { polls: self.polls.clone(), activity: activity.clone() })
    }
}

/// A worker that polls.
pub(super) struct Polling {
    polls: Arc<Mutex<HashMap<Arc<str>, usize>>>,
    activity: Arc<str>,
}

impl Drop for Polling {
    fn drop(&mut self) {
        let mut polls = self.polls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = polls.get_mut(&self.activity) {
            *waiting -= 1;
            if *waiting == 0 {
                polls.remove(&self.activity);
            }
        }
    }
}

/// No less than how many there are; nothing before they were counted.
#[derive(Default)]
struct Gauge(Mutex<Option<usize>>);

impl Gauge {
    /// Counts one more, if there is certainly room for it.
    fn take(&self, most: usize) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.as_mut().filter(|count| **count < most) {
            Some(count) => {
                *count += 1;
                true
            }
            None => false,
        }
    }

    fn reset(&self, count: usize) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(count);
    }

    async fn another(&self, most: usize, items: Items<'_>) -> Result<bool, Error> {
        if self.take(most) {
            return Ok(true);
        }
        self.reset(items.count(most).await?);
        Ok(self.take(most))
    }
}

/// Items of the registry.
struct Items<'a> {
    store: &'a dyn Store,
    kind: Kind,
    prefix: &'a str,
}

impl Items<'_> {
    /// How many there are, as far as that matters.
    async fn count(&self, most: usize) -> Result<usize, Error> {
        let mut count = 0;
        let mut after: Option<String> = None;
        while count < most {
            let page = self.store.items(self.kind, self.prefix, after.as_deref(), PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            count += page.len();
            after = Some(last.clone());
        }
        Ok(count)
    }
}

/// What is counted at a time.
const PAGE: usize = 5_000;
