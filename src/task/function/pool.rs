//! The processes of one function: started when they are needed, kept warm for a while, never more than ten.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

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
    places: Semaphore,
    idle: Mutex<Idle>,
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
        Pool {
            spec: Arc::new(spec),
            host,
            groups,
            places: Semaphore::new(MOST_PROCESSES),
            idle: Mutex::default(),
        }
    }

    /// Calls the function; waits for a process if all are at work.
    pub(super) async fn invoke(self: &Arc<Pool>, invocation: &Invocation) -> Answer {
        let request_id = uuid::Uuid::new_v4().to_string();
        // The semaphore is never closed; without a place the call simply goes ahead.
        let _place = self.places.acquire().await.ok();
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

/// Processes of one function at a time.
const MOST_PROCESSES: usize = 10;

/// How long a process is kept without work.
const IDLE_LIMIT: Duration = Duration::from_secs(300);
