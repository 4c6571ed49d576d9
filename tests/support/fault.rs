//! Which operation fails, and when. One [`Faults`] is shared by a store and a queue, so that their operations are numbered
//! together and a test can strike each of them in turn.
//!
//! On each side of an operation there is an await: there others may go on, and whoever called may be dropped, which is how
//! a crash is made.

use std::collections::BTreeSet;
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

/// Everything that can go wrong in a simulated world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An operation of the store or the queue fails without effect.
    Refused,
    /// An operation takes effect and its reply gets lost.
    LostReply,
    /// A message stays visible while it is being handled.
    Duplicate,
    /// A message comes again, as if it had never been delivered.
    Copy,
    /// A message overtakes an older one.
    Reordered,
    /// A message comes later than it should.
    Late,
    /// A message never comes.
    Lost,
    /// A turn dies at an await.
    Crash,
    /// A worker dies with all its turns.
    Kill,
    /// A turn stands still for half the visibility timeout.
    Pause,
    /// A caller of the API goes away at an await.
    HungUp,
}

impl Fault {
    /// All of them, in the order in which they are counted.
    pub(crate) const ALL: [Fault; 11] = [
        Fault::Refused,
        Fault::LostReply,
        Fault::Duplicate,
        Fault::Copy,
        Fault::Reordered,
        Fault::Late,
        Fault::Lost,
        Fault::Crash,
        Fault::Kill,
        Fault::Pause,
        Fault::HungUp,
    ];
}

/// Which of the faults that chance would have are left out: those with these numbers, and all from `end` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spared {
    pub(crate) numbers: BTreeSet<u64>,
    pub(crate) end: u64,
}

impl Default for Spared {
    /// None is left out.
    fn default() -> Spared {
        Spared { numbers: BTreeSet::new(), end: u64::MAX }
    }
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
    chances: u64,
    counts: [u64; Fault::ALL.len()],
    spared: Spared,
}

/// An operation under way.
pub(super) struct Call<'a> {
    faults: &'a Faults,
    operation: Operation,
    number: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64, plan: Plan) -> Arc<Faults> {
        let state = State {
            plan,
            random: Random::seeded(seed),
            operations: 0,
            chances: 0,
            counts: Default::default(),
            spared: Spared::default(),
        };
        Arc::new(Faults { meter: Meter::default(), state: Mutex::new(state) })
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

    /// Operations struck so far.
    pub(crate) fn strikes(&self) -> u64 {
        let counts = self.counts();
        counts[Fault::Refused as usize] + counts[Fault::LostReply as usize]
    }

    /// Faults of a kind so far.
    pub(crate) fn count(&self, fault: Fault) -> u64 {
        self.state.lock().unwrap().counts[fault as usize]
    }

    /// Faults so far, by kind, in the order of [`Fault::ALL`].
    pub(crate) fn counts(&self) -> [u64; Fault::ALL.len()] {
        self.state.lock().unwrap().counts
    }

    /// Leaves some faults out: how few are needed for something to go wrong.
    pub(crate) fn spare(&self, spared: Spared) {
        self.state.lock().unwrap().spared = spared;
    }

    /// Whether a fault that chance would have happens: it is counted, unless it is one of those that are left out.
    pub(crate) fn happens(&self, fault: Fault) -> bool {
        self.state.lock().unwrap().happens(fault)
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
        let fault = match moment {
            Moment::Before => Fault::Refused,
            Moment::After => Fault::LostReply,
        };
        let mut state = self.faults.state.lock().unwrap();
        if state.strikes(self.number, moment) && state.happens(fault) {
            return Err(format!("injected {moment:?} {:?}", self.operation));
        }
        Ok(())
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.operations += 1;
        self.operations - 1
    }

    fn happens(&mut self, fault: Fault) -> bool {
        let number = self.chances;
        self.chances += 1;
        let happens = number < self.spared.end && !self.spared.numbers.contains(&number);
        self.counts[fault as usize] += u64::from(happens);
        happens
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
