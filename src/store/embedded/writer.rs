//! The writer: one thread, one connection, and each transaction as large as what has queued up. It survives every error
//! and every panic: a transaction that fails is rolled back, everybody in it is told, and the next one is tried afresh.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::ledger::Ledger;
use super::open::OpenError;
use super::{Memory, sound};
use crate::store::Error;

/// One kind of change.
pub(super) trait Write: Send + 'static {
    /// What the caller learns when the change is durable.
    type Answer: Send + 'static;

    /// Makes the change, inside a transaction.
    fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<Self::Answer>;

    /// The change is durable; called before anybody learns of it.
    fn committed(&self, answer: &Self::Answer, memory: &Memory) {
        let _ = (answer, memory);
    }
}

/// The door to the writer thread. Dropping it waits until all is written.
pub(super) struct Writer {
    inbox: Arc<Inbox>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, memory: Arc<Memory>) -> Result<Writer, OpenError> {
        let inbox = Arc::new(Inbox::default());
        let (ledger, kept) = (Ledger::new(connection), VecDeque::new());
        let desk = Desk { inbox: inbox.clone(), ledger, memory, kept, trouble: Trouble::default() };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || desk.run())
            .map_err(OpenError::Thread)?;
        Ok(Writer { inbox, thread: Some(thread) })
    }

    /// Makes a change and waits until it is durable.
    pub(super) async fn submit<W: Write>(&self, write: W) -> Result<W::Answer, Error> {
        let (reply, answer) = oneshot::channel();
        self.inbox.push(Box::new(Awaited { write, answer: None, reply }));
        // Only a panic, or the end of the process, drops a change without an answer.
        answer.await.unwrap_or_else(|_| Err(Error::Unavailable("the answer was lost".to_owned())))
    }

    /// Makes a change some time, but no later than any change that is handed in after it: if it fails, it is tried again
    /// first thing in the next transaction.
    pub(super) fn submit_behind<W: Write>(&self, write: W) {
        self.inbox.push(Box::new(Behind(write)));
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.inbox.close();
        if let Some(thread) = self.thread.take() {
            // Nothing that it ends with is left to be told to anybody.
            let _ = thread.join();
        }
    }
}

#[derive(Default)]
struct Inbox {
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Box<dyn Job>>,
    closed: bool,
}

impl Inbox {
    fn push(&self, job: Box<dyn Job>) {
        let mut queue = sound(&self.queue);
        if queue.closed {
            return; // and whoever waits for the job learns that it was dropped
        }
        queue.jobs.push_back(job);
        let first = queue.jobs.len() == 1;
        drop(queue);
        if first {
            self.filled.notify_one();
        }
    }

    fn close(&self) {
        sound(&self.queue).closed = true;
        self.filled.notify_one();
    }

    /// Waits for jobs and takes them all, up to a bound; nothing when the door is closed and all is done.
    fn take(&self) -> Option<VecDeque<Box<dyn Job>>> {
        let mut queue = sound(&self.queue);
        while queue.jobs.is_empty() {
            if queue.closed {
                return None;
            }
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if queue.jobs.len() <= LARGEST_BATCH {
            return Some(std::mem::take(&mut queue.jobs));
        }
        Some(queue.jobs.drain(..LARGEST_BATCH).collect())
    }
}

/// The thread's own things.
struct Desk {
    inbox: Arc<Inbox>,
    ledger: Ledger,
    memory: Arc<Memory>,
    /// What a transaction that failed left to the next one, before all else.
    kept: VecDeque<Box<dyn Job>>,
    trouble: Trouble,
}

impl Desk {
    fn run(mut self) {
        while let Some(jobs) = self.inbox.take() {
            self.survive(|desk| desk.settle(jobs));
        }
        if !self.kept.is_empty() {
            self.survive(|desk| desk.settle(VecDeque::new()));
        }
        let lost = self.kept.len();
        if lost > 0 {
            tracing::error!(lost, "grants of map items could not be written");
        }
    }

    /// A panic outside of a transaction (a defect of ours): those who were not answered yet learn that their answers were
    /// dropped. What is remembered may lack what was committed, so it is forgotten.
    fn survive(&mut self, work: impl FnOnce(&mut Desk)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            self.memory.cache().forget();
        }
    }

    /// Makes all changes or none, and answers. Keeps what must be tried again.
    fn settle(&mut self, jobs: VecDeque<Box<dyn Job>>) {
        let mut jobs: VecDeque<_> =
            std::mem::take(&mut self.kept).into_iter().chain(jobs).collect();
        let changes = jobs.len();
        let outcome =
            self.ledger.transaction(|ledger| jobs.iter_mut().try_for_each(|job| job.apply(ledger)));
        match outcome {
            Ok(()) => {
                self.trouble.over();
                jobs.iter().for_each(|job| job.committed(&self.memory));
                jobs.into_iter().for_each(|job| job.done());
            }
            Err(error) => {
                self.kept = jobs.into_iter().filter_map(|job| job.failed(&error)).collect();
                self.trouble.note(&error, changes);
            }
        }
    }
}

/// What keeps the store from being written. It is told once, not once a transaction: a log that grows with every try makes
/// a full disk fuller.
#[derive(Default)]
struct Trouble {
    /// The last error.
    why: Option<String>,
    /// Changes that were refused since it was told first.
    refused: usize,
}

impl Trouble {
    fn note(&mut self, error: &Error, changes: usize) {
        self.refused += changes;
        let why = error.to_string();
        if self.why.as_ref() != Some(&why) {
            tracing::error!(%error, "nothing can be written: changes are refused and tried again, and what was acknowledged is kept");
            self.why = Some(why);
        }
    }

    fn over(&mut self) {
        if self.why.take().is_some() {
            tracing::warn!(refused = self.refused, "the store can be written again");
            self.refused = 0;
        }
    }
}

/// However the thread ends, nobody is left waiting for it.
impl Drop for Desk {
    fn drop(&mut self) {
        self.inbox.close();
        sound(&self.inbox.queue).jobs.clear();
    }
}

/// A change whose answer type is nobody's business here.
trait Job: Send {
    fn apply(&mut self, ledger: &mut Ledger) -> rusqlite::Result<()>;
    fn committed(&self, memory: &Memory);
    fn done(self: Box<Self>);
    /// The job again, if it must not be given up.
    fn failed(self: Box<Self>, error: &Error) -> Option<Box<dyn Job>>;
}

/// A change that somebody waits for.
struct Awaited<W: Write> {
    write: W,
    answer: Option<W::Answer>,
    reply: oneshot::Sender<Result<W::Answer, Error>>,
}

impl<W: Write> Job for Awaited<W> {
    fn apply(&mut self, ledger: &mut Ledger) -> rusqlite::Result<()> {
        self.answer = Some(self.write.apply(ledger)?);
        Ok(())
    }

    fn committed(&self, memory: &Memory) {
        if let Some(answer) = &self.answer {
            self.write.committed(answer, memory);
        }
    }

    fn done(self: Box<Self>) {
        if let Some(answer) = self.answer {
            // Whoever asked may have gone away; the change stands.
            let _ = self.reply.send(Ok(answer));
        }
    }

    fn failed(self: Box<Self>, error: &Error) -> Option<Box<dyn Job>> {
        let _ = self.reply.send(Err(error.clone()));
        None
    }
}

/// A change that nobody waits for and that must not be lost before a later one.
struct Behind<W>(W);

impl<W: Write> Job for Behind<W> {
    fn apply(&mut self, ledger: &mut Ledger) -> rusqlite::Result<()> {
        self.0.apply(ledger).map(|_| ())
    }

    fn committed(&self, _: &Memory) {}

    fn done(self: Box<Self>) {}

    fn failed(self: Box<Self>, _: &Error) -> Option<Box<dyn Job>> {
        Some(self)
    }
}

/// Bounds the time that the first in a transaction waits for the last.
const LARGEST_BATCH: usize = 2048;

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc;

    use rusqlite::OptionalExtension;

    use super::*;
    use crate::store::embedded::open;

    /// Any statement.
    struct Run(String);

    impl Write for Run {
        type Answer = ();

        fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<()> {
            ledger.connection.execute_batch(&self.0)
        }
    }

    /// Holds up the writer, so that what is handed in meanwhile becomes one transaction.
    struct Hold {
        entered: mpsc::Sender<()>,
        released: Mutex<mpsc::Receiver<()>>,
    }

    impl Write for Hold {
        type Answer = ();

        fn apply(&self, _: &mut Ledger) -> rusqlite::Result<()> {
            self.entered.send(()).unwrap();
            sound(&self.released).recv().unwrap();
            Ok(())
        }
    }

    fn writer(directory: &Path) -> Writer {
        let database = open::database(directory).unwrap();
        let connection = open::writing(&database, open::Durability::Full).unwrap();
        Writer::start(connection, Arc::default()).unwrap()
    }

    fn put(key: &str, size: usize) -> Run {
        Run(format!("INSERT INTO item VALUES ('secret', '{key}', 1, '{}')", "x".repeat(size)))
    }

    fn has(directory: &Path, key: &str) -> bool {
        let connection = open::reading(&directory.join("stepwright.db")).unwrap();
        let found: Option<i64> = connection
            .query_row("SELECT 1 FROM item WHERE key = ?1", [key], |row| row.get(0))
            .optional()
            .unwrap();
        found.is_some()
    }

    #[tokio::test]
    async fn a_full_disk_is_an_error_that_passes() {
        let directory = tempfile::tempdir().unwrap();
        let writer = writer(directory.path());
        writer.submit(Run("PRAGMA max_page_count = 100".to_owned())).await.unwrap();
        writer.submit(put("before", 1_000)).await.unwrap();
        for _ in 0..2 {
            let full = writer.submit(put("too large", 1_000_000)).await.unwrap_err();
            assert_eq!(full.to_string(), "the store is not available: database or disk is full");
            assert!(matches!(full, Error::Unavailable(_)));
        }
        writer.submit(put("small", 1_000)).await.unwrap();
        writer.submit(Run("PRAGMA max_page_count = 1000000".to_owned())).await.unwrap();
        writer.submit(put("large", 1_000_000)).await.unwrap();
        let keys = ["before", "too large", "small", "large"];
        assert_eq!(keys.map(|key| has(directory.path(), key)), [true, false, true, true]);
    }

    #[tokio::test]
    async fn a_transaction_that_fails_fails_for_all_in_it_but_keeps_what_is_written_behind() {
        let directory = tempfile::tempdir().unwrap();
        let writer = Arc::new(writer(directory.path()));
        let ((enter, entered), (release, released)) = (mpsc::channel(), mpsc::channel());
        let submit = |write: Run| {
            let writer = writer.clone();
            tokio::spawn(async move { writer.submit(write).await })
        };
        let hold = tokio::spawn({
            let writer = writer.clone();
            let hold = Hold { entered: enter, released: Mutex::new(released) };
            async move { writer.submit(hold).await }
        });
        tokio::task::yield_now().await;
        entered.recv().unwrap();
        writer.submit_behind(put("behind", 1));
        let (good, bad) = (submit(put("good", 1)), submit(Run("INSERT INTO nowhere".to_owned())));
        tokio::task::yield_now().await;
        release.send(()).unwrap();
        hold.await.unwrap().unwrap();
        assert!(good.await.unwrap().is_err() && bad.await.unwrap().is_err());
        writer.submit(put("later", 1)).await.unwrap();
        let keys = ["behind", "good", "later"];
        assert_eq!(keys.map(|key| has(directory.path(), key)), [true, false, true]);
    }

    /// Panics, in the transaction or after it.
    struct Deadly {
        late: bool,
    }

    impl Write for Deadly {
        type Answer = ();

        fn apply(&self, ledger: &mut Ledger) -> rusqlite::Result<()> {
            put(if self.late { "late" } else { "early" }, 1).apply(ledger)?;
            assert!(self.late, "as no write should");
            Ok(())
        }

        fn committed(&self, (): &(), _: &Memory) {
            panic!("as no write should")
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_error_that_passes() {
        let directory = tempfile::tempdir().unwrap();
        let writer = writer(directory.path());
        let table = [
            (false, "the store is not available: a change of it panicked"),
            (true, "the store is not available: the answer was lost"),
        ];
        for (late, expected) in table {
            let told = writer.submit(Deadly { late }).await.unwrap_err();
            assert_eq!(told.to_string(), expected);
        }
        writer.submit(put("later", 1)).await.unwrap();
        let keys = ["early", "late", "later"];
        assert_eq!(keys.map(|key| has(directory.path(), key)), [false, true, true]);
    }

    #[tokio::test]
    async fn what_is_written_behind_is_written_before_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let writer = writer(directory.path());
        writer.submit_behind(put("behind", 1));
        drop(writer);
        assert!(has(directory.path(), "behind"));
    }
}
