//! Which operation fails, and when. One [`Faults`] is shared by a store and a queue, so that their operations are numbered
//! together and a test can strike each of them in turn.
//!
//! On each side of an operation there is an await: there others may go on, and whoever called may be dropped, which is how
//! a crash is made.

use std::sync::{Arc, Mutex};

use tokio::task::yield_now;

use super::meter::{Meter, Operation};
use super::random::Random;

/// Before the operation has taken effect, or after it (a lost reply).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

/// Which operations are struck with an error.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plan {
    Never,
    /// Each operation, with these probabilities.
    Random {
        before: f64,
        after: f64,
    },
    /// Just one: operations are numbered from 0.
    Once {
        number: u64,
        moment: Moment,
    },
}

/// Decides the fate of operations, and counts them.
#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) meter: Meter,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    plan: Plan,
    random: Random,
    operations: u64,
    strikes: u64,
}

/// An operation under way.
pub(super) struct Call<'a> {
    faults: &'a Faults,
    operation: Operation,
    number: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64, plan: Plan) -> Arc<Faults> {
        let random = Random::seeded(seed);
        Arc::new(Faults {
            meter: Meter::default(),
            state: Mutex::new(State { plan, random, operations: 0, strikes: 0 }),
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

    /// Does an operation, or something worse.
    pub(super) async fn through<T, E>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, E>>,
        error: fn(String) -> E,
    ) -> Result<T, E> {
        let call = self.begin(operation).await.map_err(error)?;
        let answer = work.await?;
        call.reply().await.map_err(error)?;
        Ok(answer)
    }

    /// Begins an operation, unless it fails before it has taken effect.
    pub(super) async fn begin(&self, operation: Operation) -> Result<Call<'_>, String> {
        self.meter.count(operation, 1);
        let number = self.state.lock().unwrap().number();
        yield_now().await;
        let call = Call { faults: self, operation, number };
        call.risk(Moment::Before)?;
        Ok(call)
    }
}

impl Call<'_> {
    /// The reply arrives, unless it gets lost. An operation with several effects has a reply to lose after each of them.
    pub(super) async fn reply(&self) -> Result<(), String> {
        yield_now().await;
        self.risk(Moment::After)
    }

    fn risk(&self, moment: Moment) -> Result<(), String> {
        let mut state = self.faults.state.lock().unwrap();
        if !state.strikes(self.number, moment) {
            return Ok(());
        }
        state.strikes += 1;
        Err(format!("injected {moment:?} {:?}", self.operation))
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.operations += 1;
        self.operations - 1
    }

    fn strikes(&mut self, operation: u64, now: Moment) -> bool {
        match self.plan {
            Plan::Never => false,
            Plan::Once { number, moment } => (operation, now) == (number, moment),
            Plan::Random { before, .. } if now == Moment::Before => self.random.chance(before),
            Plan::Random { after, .. } => self.random.chance(after),
        }
    }
}
