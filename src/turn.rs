//! The turn: load, decide, commit, emit. The only place where the four meet.

use std::sync::Arc;

use stepwright_core::engine::{Answer, Failure};
use stepwright_core::expr::Document;
use stepwright_core::time::Timestamp;

use crate::queue::{self, Delivery, Offers, Queue};
use crate::store::{self, Execution, Store};
use crate::task::Performer;

/// Tells the time. A seat for virtual time in tests.
pub trait Clock: Send + Sync {
    /// Now; never earlier than an answer before.
    fn now(&self) -> Timestamp;
}

/// How this home runs turns.
#[derive(Clone, Debug)]
pub struct Config {
    /// States that one turn may enter: 1 as deployed, many in the local binary.
    pub states_per_turn: u32,
    /// Names this process (an invocation, a server's life) in claims.
    pub holder: Arc<str>,
    /// Whether no other holder can be alive: claims of others are dead at once. True for the embedded store, which only
    /// one process can open.
    pub sole: bool,
    /// How long a claim of this process holds, in seconds: until its own deadline plus 5 s.
    pub claim_seconds: f64,
    /// How long a delivered message stays invisible, in seconds.
    pub visibility_seconds: f64,
    /// AWS region, in ARNs and history.
    pub region: Arc<str>,
    /// AWS account id, 12 digits.
    pub account: Arc<str>,
}

/// The engine in one home: the parts of the world it works with.
pub struct Engine {
    /// What must survive.
    pub store: Arc<dyn Store>,
    /// Messages to itself.
    pub queue: Arc<dyn Queue>,
    /// Activity tasks on offer.
    pub offers: Arc<dyn Offers>,
    /// Performs tasks.
    pub tasks: Arc<dyn Performer>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How turns are run.
    pub config: Config,
}

/// What becomes of a message after its turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Handled.
    Delete,
    /// To come again, not before so many seconds.
    GiveBack(f64),
}

/// The engine could not do its work; nothing is lost, trying again later is right.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// By the store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// By the queue.
    #[error(transparent)]
    Queue(#[from] queue::Error),
    /// A definition that was accepted cannot be read any more.
    #[error("definition {0} cannot be read: {1}")]
    Definition(String, String),
}

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Not a token of this engine.
    Invalid,
    /// The task is over: answered, timed out, or its execution ended.
    TimedOut,
    /// There is no such task.
    DoesNotExist,
}

/// An activity task as a worker gets it.
#[derive(Clone, Debug)]
pub struct ActivityWork {
    /// `taskToken`
    pub token: String,
    /// `input`
    pub input: Document,
}

impl Engine {
    /// Handles one delivery.
    pub async fn handle(&self, delivery: &Delivery) -> Verdict {
        let _ = delivery;
        Verdict::GiveBack(1.0)
    }

    /// Starts an execution whose row was just created: sends its first message. Doing it twice is harmless.
    ///
    /// # Errors
    /// The queue is not available; the row is there and the sweep will find it.
    pub async fn start(&self, execution: &Execution) -> Result<(), Error> {
        let _ = execution;
        Ok(())
    }

    /// StopExecution: `Some(stop date)`, or `None` when the execution had ended before.
    ///
    /// # Errors
    /// The store is not available.
    pub async fn stop(
        &self,
        execution: &Execution,
        failure: Failure,
    ) -> Result<Option<Timestamp>, Error> {
        let _ = (execution, failure);
        Ok(None)
    }

    /// SendTaskSuccess and SendTaskFailure.
    ///
    /// # Errors
    /// The store is not available.
    pub async fn answer(
        &self,
        token: &str,
        answer: Answer,
    ) -> Result<Result<(), TokenError>, Error> {
        let _ = (token, answer);
        Ok(Err(TokenError::Invalid))
    }

    /// SendTaskHeartbeat.
    ///
    /// # Errors
    /// The store is not available.
    pub async fn heartbeat(&self, token: &str) -> Result<Result<(), TokenError>, Error> {
        let _ = token;
        Ok(Err(TokenError::Invalid))
    }

    /// GetActivityTask: waits up to `seconds` for a task of the activity and starts it.
    ///
    /// # Errors
    /// The store or the queue is not available.
    pub async fn activity_task(
        &self,
        activity: &str,
        worker_name: Option<&str>,
        seconds: f64,
    ) -> Result<Option<ActivityWork>, Error> {
        let _ = (activity, worker_name, seconds);
        Ok(None)
    }

    /// Finds the messages of all running executions again after a restart; what was in the queue before is not needed.
    ///
    /// # Errors
    /// The store or the queue is not available.
    pub async fn sweep(&self) -> Result<(), Error> {
        Ok(())
    }
}
