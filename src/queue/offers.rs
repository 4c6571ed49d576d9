//! Activity tasks on offer, in memory: the oldest task of an activity goes to the worker that has waited longest. A
//! waiting worker costs a few hundred bytes and no thread.
//!
//! Offers of tasks that are over by now stay until a worker asks; whoever takes one finds its slot written and takes the
//! next. Why not remove them: the store alone knows, and asking it costs more than an offer does.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use stepwright_core::engine::{Cursor, Offer};
use tokio::sync::oneshot;

use super::{Error, Offers};

/// Offers in memory.
#[derive(Debug, Default)]
pub struct EmbeddedOffers {
    boards: Arc<Mutex<Boards>>,
}

type Boards = HashMap<Arc<str>, Board>;

/// One activity.
#[derive(Debug, Default)]
struct Board {
    offers: VecDeque<Offer>,
    /// What is in `offers`: an offer made again while it waits is not put up twice.
    known: HashSet<(Cursor, u64)>,
    workers: VecDeque<oneshot::Sender<Offer>>,
}

/// A worker's place in the line. If the worker goes away when an offer was already on its way, the offer goes to the
/// next one.
struct Wait {
    activity: Arc<str>,
    boards: Arc<Mutex<Boards>>,
    offer: oneshot::Receiver<Offer>,
}

impl EmbeddedOffers {
    /// No offers yet.
    pub fn new() -> EmbeddedOffers {
        EmbeddedOffers::default()
    }

    /// The oldest offer, or a place in the line.
    fn look(&self, activity: &str) -> Result<Offer, Wait> {
        let mut boards = lock(&self.boards);
        if let Some(offer) = boards.get_mut(activity).and_then(Board::oldest) {
            forget_if_empty(&mut boards, activity);
            return Ok(offer);
        }
        let activity: Arc<str> = activity.into();
        let (worker, offer) = oneshot::channel();
        let board = boards.entry(activity.clone()).or_default();
        board.workers.retain(|worker| !worker.is_closed());
        board.workers.push_back(worker);
        drop(boards);
        Err(Wait { activity, boards: self.boards.clone(), offer })
    }
}

#[async_trait]
impl Offers for EmbeddedOffers {
    async fn offer(&self, activity: &str, offer: Offer) -> Result<(), Error> {
        let mut boards = lock(&self.boards);
        boards.entry(activity.into()).or_default().put(offer, VecDeque::push_back);
        forget_if_empty(&mut boards, activity);
        Ok(())
    }

    async fn take(&self, activity: &str, seconds: f64) -> Result<Option<Offer>, Error> {
        let mut wait = match self.look(activity) {
            Ok(offer) => return Ok(Some(offer)),
            Err(wait) => wait,
        };
        let longest = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let offer = match tokio::time::timeout(longest, &mut wait.offer).await {
            Ok(Ok(offer)) => Some(offer),
            Ok(Err(_)) => None,
            Err(_) => wait.last_look(),
        };
        Ok(offer)
    }
}

impl Board {
    fn oldest(&mut self) -> Option<Offer> {
        let offer = self.offers.pop_front()?;
        self.known.remove(&(offer.cursor.clone(), offer.ticket));
        Some(offer)
    }

    /// Hands an offer to the first worker in the line, or puts it up.
    fn put(&mut self, mut offer: Offer, up: fn(&mut VecDeque<Offer>, Offer)) {
        while let Some(worker) = self.workers.pop_front() {
            match worker.send(offer) {
                Ok(()) => return,
                Err(back) => offer = back,
            }
        }
        if self.known.insert((offer.cursor.clone(), offer.ticket)) {
            up(&mut self.offers, offer);
        }
    }
}

impl Wait {
    /// Leaves the line, with the offer that came at the last moment.
    fn last_look(&mut self) -> Option<Offer> {
        self.offer.close();
        self.offer.try_recv().ok()
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let late = self.last_look();
        let mut boards = lock(&self.boards);
        if let Some(board) = boards.get_mut(&self.activity) {
            board.workers.retain(|worker| !worker.is_closed());
        }
        if let Some(offer) = late {
            boards.entry(self.activity.clone()).or_default().put(offer, VecDeque::push_front);
        }
        forget_if_empty(&mut boards, &self.activity);
    }
}

fn forget_if_empty(boards: &mut Boards, activity: &str) {
    if boards.get(activity).is_some_and(|b| b.offers.is_empty() && b.workers.is_empty()) {
        boards.remove(activity);
    }
}

/// Nothing panics while it holds this lock; a poisoned one is as good as any.
fn lock(boards: &Mutex<Boards>) -> MutexGuard<'_, Boards> {
    boards.lock().unwrap_or_else(PoisonError::into_inner)
}
