//! The pump of the local binary: takes messages from the queue and gives each its turn, as many at a time as there are.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use crate::queue::Delivery;
use crate::turn::{Engine, Verdict};

/// Turns at a time. A turn that performs a task lasts as long as the task, so this is also the number of tasks at a time.
const TURNS: usize = 10_000;

/// How long a stop waits for the turns that are under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running pump; it stops when it is dropped or told to.
pub struct Pump {
    stop: watch::Sender<bool>,
    turns: Arc<Semaphore>,
}

impl Pump {
    /// Starts pumping.
    pub fn start(engine: Arc<Engine>) -> Pump {
        let (stop, stopped) = watch::channel(false);
        let turns = Arc::new(Semaphore::new(TURNS));
        tokio::spawn(pump(engine, turns.clone(), stopped));
        Pump { stop, turns }
    }

    /// Takes no more messages and waits a while for the turns under way. What is not finished then is finished after the
    /// next start: nothing is lost.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let all = self.turns.acquire_many(TURNS as u32);
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            tracing::warn!("stopping with turns under way; they are resumed at the next start");
        }
    }
}

async fn pump(engine: Arc<Engine>, turns: Arc<Semaphore>, mut stopped: watch::Receiver<bool>) {
    loop {
        let Ok(permit) = turns.clone().acquire_owned().await else { return };
        let delivery = tokio::select! {
            biased;
            _ = stopped.changed() => return,
            delivery = engine.queue.receive() => delivery,
        };
        let delivery = match delivery {
            Ok(delivery) => delivery,
            Err(error) => {
                tracing::error!(%error, "no messages can be received");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let engine = engine.clone();
        tokio::spawn(async move {
            turn(engine, delivery).await;
            drop(permit);
        });
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
