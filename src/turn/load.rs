//! Load: the execution's row, the definition it runs on, and the setting of a decision.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use stepwright_core::asl::model::{ExecutionType, Machine};
use stepwright_core::engine::{Cursor, ExecutionId, Facts, Setting, activities};
use stepwright_core::history::log::Logging;
use stepwright_core::time::Timestamp;

use super::{Engine, Error};
use crate::log;
use crate::store::{Execution, Kind};

/// An execution with all that its turns need to know.
#[derive(Clone)]
pub struct Loaded {
    /// Its row.
    pub execution: Arc<Execution>,
    /// The definition that it runs on.
    pub machine: Arc<Machine>,
    pub(super) logging: Option<Arc<Logging>>,
    facts: Arc<Facts>,
    activities: Arc<[Arc<str>]>,
}

impl Loaded {
    /// Name of its state machine.
    pub(super) fn machine_name(&self) -> &Arc<str> {
        &self.facts.machine_name
    }
}

/// Definitions that were parsed already, by machine ARN and revision. They never change, so they are never stale, and
/// engines of one process can share them.
#[derive(Default)]
pub struct Definitions(Mutex<HashMap<Revision, Parsed>>);

/// Machine ARN and revision.
type Revision = (Arc<str>, Arc<str>);

#[derive(Clone)]
struct Parsed {
    machine: Arc<Machine>,
    logging: Option<Arc<Logging>>,
    activities: Arc<[Arc<str>]>,
}

/// Definitions kept parsed; beyond it all are dropped, which costs a parse each.
const KEPT: usize = 1000;

impl Engine {
    /// Loads an execution; `None` if there is none.
    pub(crate) async fn load(&self, id: &ExecutionId) -> Result<Option<Loaded>, Error> {
        let Some(execution) = self.store.execution(id).await? else { return Ok(None) };
        self.loaded(execution).await.map(Some)
    }

    /// An execution whose row is at hand.
    pub(crate) async fn loaded(&self, execution: Arc<Execution>) -> Result<Loaded, Error> {
        let parsed = self.definition(&execution).await?;
        let name = execution.machine.rsplit(':').next().unwrap_or_default();
        let facts = Facts {
            arn: execution.arn.clone(),
            name: execution.name.clone(),
            role: execution.role.clone(),
            started: execution.started,
            input: execution.input.clone(),
            redriven: execution.redriven.map(|redriven| (redriven.count, redriven.at)),
            version: execution.version.clone(),
            alias: execution.alias.clone(),
            machine_arn: execution.machine.clone(),
            machine_name: name.into(),
            region: self.config.region.clone(),
            flow: execution.parent.as_ref().map_or(0, |parent| parent.flow),
        };
        Ok(Loaded {
            execution,
            machine: parsed.machine,
            logging: parsed.logging,
            facts: Arc::new(facts),
            activities: parsed.activities,
        })
    }

    async fn definition(&self, execution: &Execution) -> Result<Parsed, Error> {
        let key = (Arc::from(execution.definition()), execution.revision.clone());
        let known =
            self.definitions.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(parsed) = known {
            return Ok(parsed);
        }
        let name = definition_key(&key.0, &key.1);
        let unreadable = |why: String| Error::Definition(name.clone(), why);
        let item = self
            .store
            .item(Kind::Definition, &name)
            .await?
            .ok_or_else(|| unreadable("it is gone".into()))?;
        let machine =
            stepwright_core::asl::parse(&item.body, ExecutionType::Standard).map_err(|found| {
                unreadable(found.first().map(ToString::to_string).unwrap_or_default())
            })?;
        let activities = activities(&machine).cloned().collect();
        let logging = self.logging(&name).await?.map(Arc::new);
        let parsed = Parsed { machine: Arc::new(machine), logging, activities };
        let mut definitions = self.definitions.0.lock().unwrap_or_else(PoisonError::into_inner);
        if definitions.len() >= KEPT {
            definitions.clear();
        }
        definitions.insert(key, parsed.clone());
        Ok(parsed)
    }

    /// What executions of a revision log.
    async fn logging(&self, revision: &str) -> Result<Option<Logging>, Error> {
        if self.log.is_none() {
            return Ok(None);
        }
        let item = self.store.item(Kind::Revision, revision).await?;
        Ok(item.and_then(|item| log::logging_of(&item.body)))
    }

    /// Which of the activities that the definition names exist. Nothing is read for one that names none.
    pub(crate) async fn existing_activities(
        &self,
        loaded: &Loaded,
    ) -> Result<Vec<Arc<str>>, Error> {
        let mut existing = Vec::new();
        for arn in loaded.activities.iter() {
            if self.store.item(Kind::Activity, arn).await?.is_some() {
                existing.push(arn.clone());
            }
        }
        Ok(existing)
    }

    /// A setting for looking at a record, not for deciding.
    pub(crate) fn with_setting<T>(
        &self,
        loaded: &Loaded,
        cursor: &Cursor,
        now: Timestamp,
        states: u32,
        with: impl FnOnce(&Setting<'_>) -> T,
    ) -> T {
        self.with_setting_and(loaded, cursor, (now, states), &[], with)
    }

    /// A setting for a decision.
    pub(crate) fn with_setting_and<T>(
        &self,
        loaded: &Loaded,
        cursor: &Cursor,
        (now, states): (Timestamp, u32),
        existing: &[Arc<str>],
        with: impl FnOnce(&Setting<'_>) -> T,
    ) -> T {
        with(&Setting {
            machine: &loaded.machine,
            execution: &loaded.facts,
            cursor,
            now,
            states,
            limits: self.config.limits,
            token: &|cursor| self.tokens.seal(cursor),
            activity_exists: &|arn| existing.iter().any(|known| **known == *arn),
        })
    }

    /// Whether the machine's `TimeoutSeconds` is over, or the longest time that any execution may take. Asked at every
    /// step, so that a message that comes late cannot carry an execution over its end.
    pub(crate) fn overdue(&self, loaded: &Loaded) -> bool {
        let now = self.clock.now();
        let age = now.seconds_since(loaded.execution.started);
        loaded.execution.deadline.is_some_and(|deadline| deadline <= now)
            || self.config.limits.execution_seconds.is_some_and(|most| age >= most as f64)
    }

    /// Whether one of the forks that a frame belongs to has gone on without it.
    pub(crate) async fn cancelled(&self, cursor: &Cursor) -> Result<bool, Error> {
        let mut frame = cursor.frame.clone();
        while let Some((parent, slot, _)) = frame.fork() {
            let after =
                Cursor { execution: cursor.execution.clone(), frame: parent, slot: slot + 1 };
            if self.store.taken(&after).await? {
                return Ok(true);
            }
            frame = after.frame;
        }
        Ok(false)
    }

    /// The same again in a turn that has looked before, unless that was only just now. What cannot be known counts as no.
    pub(super) async fn cancelled_since(&self, cursor: &Cursor, looked: &mut Timestamp) -> bool {
        if self.clock.now().seconds_since(*looked) <= FRESH_SECONDS {
            return false;
        }
        *looked = self.clock.now();
        self.cancelled(cursor).await.unwrap_or(false)
    }
}

/// How long a look at the enclosing forks holds, in seconds.
const FRESH_SECONDS: f64 = 1.0;

/// Key of a definition in the registry.
pub fn definition_key(machine: &str, revision: &str) -> String {
    format!("{machine}#{revision}")
}
