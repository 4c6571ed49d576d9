//! Express executions: the same turns over a journal in memory, for five minutes at most. Nothing of them survives the
//! process; an asynchronous one that was lost is not run again by the engine (AWS: at least once, which its caller has
//! to see to), a synchronous one answers its caller or nobody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use stepwright_core::engine::{Cursor, ExecutionId, Outcome, Phase, Record};
use stepwright_core::time::Timestamp;
use tokio::sync::oneshot;

use super::{Engine, Error, Observer, definition_key};
use crate::store::{Creation, Execution, Kind, Store};

/// Longest life of an Express execution, in seconds (AWS: quotas).
pub const LONGEST_SECONDS: f64 = 300.0;

/// Who waits for the end of which execution.
#[derive(Clone, Default)]
pub struct Ends(Arc<Mutex<HashMap<ExecutionId, oneshot::Sender<End>>>>);

/// The end of an execution.
#[derive(Clone, Debug)]
pub struct End {
    /// How it ended.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
}

impl Ends {
    /// Tells those who wait, as the engine of Express executions commits its records.
    pub fn observer(&self) -> Observer {
        let ends = self.clone();
        Arc::new(move |cursor: &Cursor, record: &Record| {
            if let (true, Phase::Done(outcome)) = (cursor.frame.is_root(), &record.frame.phase) {
                ends.tell(&cursor.execution, End { outcome: outcome.clone(), at: record.time });
            }
        })
    }

    fn tell(&self, id: &ExecutionId, end: End) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(waiting) = waiting {
            // Who waited may have gone away; then nobody wants to know.
            let _ = waiting.send(end);
        }
    }

    fn expect(&self, id: &ExecutionId) -> oneshot::Receiver<End> {
        let (tell, told) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), tell);
        told
    }

    fn forget(&self, id: &ExecutionId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// Starts executions somewhere else, for a home whose process does not outlast the request that starts one.
#[async_trait]
pub trait Launcher: Send + Sync {
    /// Has the execution run, by somebody, at least once.
    ///
    /// # Errors
    /// It could not be arranged.
    async fn launch(&self, execution: &Execution) -> Result<(), Error>;
}

/// Runs Express executions.
pub struct Express {
    engine: Arc<Engine>,
    ends: Ends,
    launcher: Option<Arc<dyn Launcher>>,
}

impl Express {
    /// Over an engine whose store is in memory and whose observer is that of `ends`.
    pub fn new(engine: Arc<Engine>, ends: Ends) -> Express {
        Express { engine, ends, launcher: None }
    }

    /// The same, with executions that nobody waits for started elsewhere.
    pub fn starting_through(self, launcher: Arc<dyn Launcher>) -> Express {
        Express { launcher: Some(launcher), ..self }
    }

    /// The engine that runs them.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Starts an execution and does not wait for it. Its definition is looked up in `definitions`.
    ///
    /// # Errors
    /// The stores are not available.
    pub async fn start(&self, execution: &Execution, definitions: &dyn Store) -> Result<(), Error> {
        match &self.launcher {
            Some(launcher) => launcher.launch(execution).await,
            None => self.begin(execution, definitions).await,
        }
    }

    async fn begin(&self, execution: &Execution, definitions: &dyn Store) -> Result<(), Error> {
        self.bring_definition(execution, definitions).await?;
        if let Creation::Created = self.engine.store.create(execution.clone()).await? {
            self.engine.start(execution).await?;
        }
        Ok(())
    }

    /// Runs an execution to its end.
    ///
    /// # Errors
    /// The stores are not available, or the process is stopping.
    pub async fn run(&self, execution: &Execution, definitions: &dyn Store) -> Result<End, Error> {
        let told = self.ends.expect(&execution.id);
        if let Err(error) = self.begin(execution, definitions).await {
            self.ends.forget(&execution.id);
            return Err(error);
        }
        told.await.map_err(|_| Error::Busy)
    }

    /// Definitions never change, so a copy is as good as the original.
    async fn bring_definition(&self, execution: &Execution, from: &dyn Store) -> Result<(), Error> {
        let key = definition_key(&execution.machine, &execution.revision);
        if self.engine.store.item(Kind::Definition, &key).await?.is_some() {
            return Ok(());
        }
        // The definition last: with it, the revision counts as brought.
        for kind in [Kind::Revision, Kind::Definition] {
            if let Some(item) = from.item(kind, &key).await? {
                self.engine.store.put(kind, &key, item.body, None).await?;
            }
        }
        Ok(())
    }
}
