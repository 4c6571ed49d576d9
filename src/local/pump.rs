//! The pump of the local binary: takes messages from the queue and gives each its turn.
//!
//! Only so many turns compute at a time: each has a seat. A turn that waits for a task gives its seat up meanwhile and
//! takes one again for the outcome, so tasks, however many and however slow, hold nobody up; not even a task that waits
//! for another execution of the same engine.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use stepwright_core::engine::{JobCall, TaskCall, TaskOutcome};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use crate::queue::Delivery;
use crate::task::http::Exchange;
use crate::task::mock::Mocks;
use crate::task::object::Objects;
use crate::task::own::StepFunctions;
use crate::task::{Look, Performer};
use crate::turn::{Engine, Verdict};

/// Turns that compute at a time; it bounds the memory that they need, and is more than the store commits at once.
const SEATS: usize = 1_000;

tokio::task_local! {
    /// The seat of the turn that runs in this task; none while it waits.
    static SEAT: Cell<Option<OwnedSemaphorePermit>>;
}

/// A running pump. It stops when it is told to; when it is dropped, it abandons its turns at once.
pub struct Pump {
    closed: watch::Sender<bool>,
    /// Whether turns are abandoned. The pump and every turn under way hold a receiver.
    abandoned: watch::Sender<bool>,
}

impl Pump {
    /// Starts pumping. The engine's tasks are to be [`OffSeat`].
    pub fn start(engine: Arc<Engine>) -> Pump {
        let (closed, closes) = watch::channel(false);
        let (abandoned, abandons) = watch::channel(false);
        tokio::spawn(pump(engine, closes, abandons));
        Pump { closed, abandoned }
    }

    /// Takes no more messages from now on. Turns under way go on.
    pub fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Takes no more messages, waits for the turns under way, but not beyond the deadline, and abandons the others where
    /// they are; how many. When it returns none is left. An abandoned turn commits nothing more: what it does not
    /// finish is taken up from the journal at the next start, where a claim of a task is that of a lost worker.
    pub async fn stop(self, deadline: Instant) -> usize {
        self.close();
        if tokio::time::timeout_at(deadline, self.abandoned.closed()).await.is_ok() {
            return 0;
        }
        let left = self.abandoned.receiver_count();
        self.abandoned.send_replace(true);
        self.abandoned.closed().await;
        left
    }
}

/// Performs tasks off the seat of the turn that asks for them.
pub struct OffSeat(pub Arc<dyn Performer>);

#[async_trait]
impl Performer for OffSeat {
    async fn trace(&self, call: &TaskCall) -> (TaskOutcome, Option<Exchange>) {
        self.0.trace(call).await
    }

    async fn perform(&self, call: &TaskCall) -> TaskOutcome {
        let seats = SEAT.try_with(Cell::take).ok().flatten().map(|seat| seat.semaphore().clone());
        let outcome = self.0.perform(call).await;
        if let Some(seats) = seats {
            let seat = seats.acquire_owned().await.ok();
            // Who had a seat is in its scope.
            let _ = SEAT.try_with(|place| place.set(seat));
        }
        outcome
    }

    fn objects(&self) -> Arc<dyn Objects> {
        self.0.objects()
    }

    async fn look(&self, job: &JobCall) -> Look {
        self.0.look(job).await
    }

    async fn stop(&self, job: &JobCall) {
        self.0.stop(job).await;
    }

    fn attach(&self, own: Arc<dyn StepFunctions>) {
        self.0.attach(own);
    }

    fn mocks(&self) -> Option<&Mocks> {
        self.0.mocks()
    }

    fn repeatable(&self, call: &TaskCall) -> bool {
        self.0.repeatable(call)
    }
}

async fn pump(
    engine: Arc<Engine>,
    mut closed: watch::Receiver<bool>,
    abandoned: watch::Receiver<bool>,
) {
    let seats = Arc::new(Semaphore::new(SEATS));
    loop {
        let next = tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => return,
            next = next(&engine, &seats) => next,
        };
        let Some((seat, delivery)) = next else {
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        let (engine, mut abandoned) = (engine.clone(), abandoned.clone());
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = SEAT.scope(Cell::new(Some(seat)), turn(engine, delivery)) => {}
                _ = abandoned.wait_for(|abandoned| *abandoned) => {}
            }
        });
        // Of several tasks, tokio runs the one that was spawned last before all others, and with it the last iteration
        // of a Map before the first. One that does nothing takes that place.
        tokio::spawn(async {});
    }
}

/// A seat, and a message for it; `None` if no message can be received.
async fn next(engine: &Engine, seats: &Arc<Semaphore>) -> Option<(OwnedSemaphorePermit, Delivery)> {
    let seat = seats.clone().acquire_owned().await.ok()?;
    match engine.queue.receive().await {
        Ok(delivery) => Some((seat, delivery)),
        Err(error) => {
            tracing::error!(%error, "no messages can be received");
            None
        }
    }
}

/// One turn, and what becomes of its message. A turn that panics (a defect of ours) costs its own message a second, and
/// nobody else anything.
async fn turn(engine: Arc<Engine>, delivery: Delivery) {
    let mut returned = GiveBackOnPanic { engine: engine.clone(), delivery: Some(delivery.clone()) };
    let verdict = engine.handle(&delivery).await;
    returned.delivery = None;
    settle(&engine, &delivery, verdict).await;
}

async fn settle(engine: &Engine, delivery: &Delivery, verdict: Verdict) {
    let settled = match verdict {
        Verdict::Delete => engine.queue.delete(&delivery.receipt).await,
        Verdict::GiveBack(seconds) => engine.queue.give_back(&delivery.receipt, seconds).await,
    };
    if let Err(error) = settled {
        tracing::warn!(%error, "a message could not be settled and will come again");
    }
}

struct GiveBackOnPanic {
    engine: Arc<Engine>,
    delivery: Option<Delivery>,
}

impl Drop for GiveBackOnPanic {
    fn drop(&mut self) {
        let Some(delivery) = self.delivery.take() else { return };
        let engine = self.engine.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { settle(&engine, &delivery, Verdict::GiveBack(1.0)).await });
        }
    }
}
