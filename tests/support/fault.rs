//! Which operation fails, when, and how. One [`Faults`] is shared by a store and a queue, so that their operations are
//! numbered together and a test can strike each of them in turn.

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::meter::{Meter, Operation};
use super::random::Random;

/// Before the operation has taken effect, or after it (a lost reply).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

/// What the caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// An error.
    Error,
    /// Nothing, ever: the caller has died at this await. See [`Faults::until_crash`].
    Crash,
}

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) moment: Moment,
    pub(crate) manner: Manner,
}

/// Which operations are struck.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    Never,
    /// Each operation with these probabilities; of the strikes, this share are crashes.
    Random {
        before: f64,
        after: f64,
        crashes: f64,
    },
    /// Just one: operations are numbered from 0.
    Once {
        operation: u64,
        strike: Strike,
    },
}

/// Decides the fate of operations, and counts them.
#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) meter: Meter,
    state: Mutex<State>,
    crashed: Notify,
}

#[derive(Debug)]
struct State {
    plan: Plan,
    random: Random,
    operations: u64,
    strikes: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64, plan: Plan) -> Arc<Faults> {
        let random = Random::seeded(seed);
        Arc::new(Faults {
            meter: Meter::default(),
            state: Mutex::new(State { plan, random, operations: 0, strikes: 0 }),
            crashed: Notify::new(),
        })
    }

    pub(crate) fn never() -> Arc<Faults> {
        Faults::new(0, Plan::Never)
    }

    /// Changes the plan; numbering goes on.
    pub(crate) fn plan(&self, plan: Plan) {
        self.state.lock().unwrap().plan = plan;
    }

    /// Operations so far.
    pub(crate) fn operations(&self) -> u64 {
        self.state.lock().unwrap().operations
    }

    /// Faults so far.
    pub(crate) fn strikes(&self) -> u64 {
        self.state.lock().unwrap().strikes
    }

    /// Runs work to its end, or to its crash: then it is dropped where it stood, and there is nothing to show for it.
    pub(crate) async fn until_crash<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.crashed.notified() => None,
            out = work => Some(out),
        }
    }

    /// Does an operation, or something worse.
    pub(super) async fn through<T, E>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, E>>,
        error: fn(String) -> E,
    ) -> Result<T, E> {
        self.meter.count(operation, 1);
        let strike = self.state.lock().unwrap().next();
        match strike {
            None => call.await,
            Some(Strike { moment: Moment::Before, manner }) => {
                self.strike(manner).await;
                Err(error(format!("injected before {operation:?}")))
            }
            Some(Strike { moment: Moment::After, manner }) => {
                call.await?;
                self.strike(manner).await;
                Err(error(format!("injected after {operation:?}")))
            }
        }
    }

    async fn strike(&self, manner: Manner) {
        if manner == Manner::Crash {
            self.crashed.notify_one();
            std::future::pending().await
        }
    }
}

impl State {
    fn next(&mut self) -> Option<Strike> {
        let number = self.operations;
        self.operations += 1;
        let strike = match &self.plan {
            Plan::Never => None,
            Plan::Once { operation, strike } => (number == *operation).then_some(*strike),
            Plan::Random { before, after, crashes } => {
                let draw = self.random.unit();
                let manner =
                    if self.random.chance(*crashes) { Manner::Crash } else { Manner::Error };
                let moment = match draw {
                    draw if draw < *before => Some(Moment::Before),
                    draw if draw < before + after => Some(Moment::After),
                    _ => None,
                };
                moment.map(|moment| Strike { moment, manner })
            }
        };
        self.strikes += u64::from(strike.is_some());
        strike
    }
}
