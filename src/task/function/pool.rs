//! The processes of one function: started when they are needed, kept warm for a while, never more than there are places.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::Answer;
use super::environment::Environment;
use super::process::Groups;
use super::spec::{Protocol, Spec};
use super::{Host, Invocation, command};

/// One function and its processes.
pub(super) struct Pool {
    spec: Arc<Spec>,
    host: Arc<Host>,
    groups: Groups,
    places: Arc<Semaphore>,
    idle: Mutex<Idle>,
}

/// The right to one process of a function; it ends with this value.
pub struct Place {
    pool: Arc<Pool>,
    _permit: Option<OwnedSemaphorePermit>,
}

#[derive(Default)]
struct Idle {
    /// The one used last is taken first.
    environments: Vec<(Environment, Instant)>,
    watched: bool,
}

impl Pool {
    /// A function without any process yet.
    pub(super) fn new(spec: Spec, host: Arc<Host>, groups: Groups) -> Pool {
        let places = Arc::new(Semaphore::new(spec.processes.unwrap_or(host.processes)));
        Pool { spec: Arc::new(spec), host, groups, places, idle: Mutex::default() }
    }

    /// Waits, as long as it takes, until a process may be had.
    pub(super) async fn place(self: &Arc<Pool>) -> Place {
        // The semaphore is never closed; without a permit the call would simply go ahead.
        Place { pool: self.clone(), _permit: self.places.clone().acquire_owned().await.ok() }
    }

    async fn invoke(self: &Arc<Pool>, invocation: &Invocation) -> Answer {
        let request_id = uuid::Uuid::new_v4().to_string();
        if self.spec.protocol == Protocol::Command {
            let call = (&*request_id, invocation);
            return command::run(&self.spec, &self.host, &self.groups, call).await;
        }
        let environment = match self.warm() {
            Some(environment) => environment,
            None => {
                let spec = self.spec.clone();
                match Environment::start(spec, &self.host, &self.groups, &request_id).await {
                    Ok(environment) => environment,
                    Err(answer) => return answer,
                }
            }
        };
        let (answer, environment) = environment.invoke(&request_id, invocation).await;
        if let Some(environment) = environment {
            self.keep(environment);
        }
        answer
    }

    /// Stops the processes that are not at work.
    pub(super) fn clear(&self) {
        self.idle().environments.clear();
    }

    /// A process that waits for work.
    fn warm(&self) -> Option<Environment> {
        let mut idle = self.idle();
        while let Some((mut environment, _)) = idle.environments.pop() {
            if environment.lives() {
                return Some(environment);
            }
        }
        None
    }

    fn keep(self: &Arc<Pool>, environment: Environment) {
        let mut idle = self.idle();
        idle.environments.push((environment, Instant::now()));
        if !std::mem::replace(&mut idle.watched, true) {
            tokio::spawn(watch(Arc::downgrade(self)));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Calls the function. The time that an invocation may take begins now.
    pub async fn invoke(self, invocation: &Invocation) -> Answer {
        self.pool.invoke(invocation).await
    }
}

/// Stops processes that have been idle for long, until none is left.
async fn watch(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE_LIMIT / 4).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle();
        idle.environments.retain(|(_, since)| since.elapsed() < IDLE_LIMIT);
        if idle.environments.is_empty() {
            idle.watched = false;
            return;
        }
    }
}

/// How long a process is kept without work.
const IDLE_LIMIT: Duration = Duration::from_secs(300);
