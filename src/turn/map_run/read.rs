//! Reading: items become units, the inputs of child executions; few and small ones go into the frame's next record, many
//! into the store, some to an item.
//!
//! Whoever begins to read puts the units under a key of its own, and the record names the key: a reading that was cut short
//! leaves something behind that nobody looks at. Where a turn has an end and the items are too many for it, a record says
//! how far it has come, and the next turn goes on under the same key. It does so at the end of a chunk of units, so two
//! turns that go on from the same record write the same; and only while the object is the one that was begun, so there
//! is never a mixture of two readings.

use std::sync::Arc;

use async_trait::async_trait;
use stepwright_core::engine::map_run::{Batcher, HalfRead, Progress, Source};
use stepwright_core::engine::reader::{self, Entry};
use stepwright_core::engine::{
    Cursor, Failure, Item, MapRun, NextIndex, Record, Stimulus, Units, failure, unit_input,
};
use stepwright_core::expr::{Document, Value};

use super::shelf::Shelf;
use super::{Closed, Engine, Error, Loaded, Registered};
use crate::store::{self, Status};
use crate::task::object::read::{Mark, Origin, Sink, items};

impl Engine {
    /// Reads the items of a run whose frame is at `here`, or as many of them as there is time for.
    pub(in crate::turn) async fn read_items(
        &self,
        loaded: &Loaded,
        here: &Cursor,
        record: &Record,
        run: &MapRun,
    ) -> Result<Stimulus, Error> {
        self.register(loaded, here, record, run).await?;
        let run = Reading { engine: self, loaded, here, record, run };
        let (mark, mut gatherer) = run.begin()?;
        let read = run.feed(mark, &mut gatherer).await;
        match gatherer.finish(read).await? {
            Read::All(units) => {
                let found = (units.items, units.count);
                // A reading before this one may have failed, and what it read with it.
                let change = |registered: &mut Registered| {
                    (registered.found, registered.closed) = (Some(found), None);
                };
                self.note(&run.run.arn, change).await?;
                Ok(Stimulus::ItemsRead(Ok(units)))
            }
            Read::Some(half) => Ok(Stimulus::Paused(Progress::Read(half))),
            Read::Failed(failure) => {
                let stopped = self.clock.now();
                let closed = Some(Closed { status: Status::Failed, stopped, written: 0 });
                self.note(&run.run.arn, |registered| registered.closed = closed).await?;
                Ok(Stimulus::ItemsRead(Err(failure)))
            }
        }
    }
}

/// What is read, and for whom.
#[derive(Clone, Copy)]
struct Reading<'a> {
    engine: &'a Engine,
    loaded: &'a Loaded,
    here: &'a Cursor,
    record: &'a Record,
    run: &'a MapRun,
}

/// What reading comes to.
enum Read {
    /// All is read.
    All(Units),
    /// There was no time for more.
    Some(HalfRead),
    /// The items cannot be had.
    Failed(Failure),
}

impl<'a> Reading<'a> {
    /// Where to read from, and who makes units of what is read.
    fn begin(&self) -> Result<(Mark, Gatherer<'a>), Error> {
        let (mark, shelf, items) = match &self.run.progress {
            Some(Progress::Read(half)) => {
                let mark = serde_json::from_str(half.mark.text());
                let unreadable = |why| store::Error::Damaged(format!("{}: {why}", self.run.arn));
                let shelf = Shelf::going_on(self.engine, &half.units);
                (mark.map_err(unreadable)?, shelf, half.units.items)
            }
            _ => {
                let place = format!("{}#{}", self.run.arn, self.engine.nonce());
                (Mark::default(), Shelf::new(self.engine, place), 0)
            }
        };
        let batcher = Batcher::new(self.run.batch.as_ref());
        let (most, stopped) = (None, None);
        Ok((mark, Gatherer { reading: *self, batcher, shelf, items, most, stopped }))
    }

    /// `MaxItems`
    fn most(&self) -> Result<Option<u64>, String> {
        let Some(Source::Reader(reader)) = &self.run.source else { return Ok(None) };
        reader.value().get("ReaderConfig").map_or(Ok(None), reader::most)
    }

    async fn feed(&self, mark: Mark, gatherer: &mut Gatherer<'_>) -> Result<(), String> {
        gatherer.most = self.most()?;
        match &self.run.source {
            Some(Source::Reader(reader)) => {
                items(&self.engine.tasks.objects(), reader.value(), mark, gatherer).await
            }
            Some(Source::Data(data)) => {
                let mut entries = reader::entries(data.value())?;
                let known = usize::try_from(mark.items()).unwrap_or(usize::MAX);
                entries.drain(..known.min(entries.len()));
                let origin = Origin { source: "STATE_DATA".to_owned(), mark };
                gatherer.take(entries, &origin).await;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The input that an item becomes.
    fn input(&self, index: u64, (key, value): Entry, source: &str) -> Result<Document, Failure> {
        let member = |name: Arc<str>| {
            Value::object([("Key", Value::String(name)), ("Value", value.clone())])
        };
        let whole = key.clone().map(member);
        let item = Item {
            index,
            of: 0,
            next: NextIndex::None,
            value: Document::from(value.clone()),
            key,
            source: Some(source.into()),
        };
        let input =
            self.engine.with_setting(self.loaded, self.here, self.record.time, 0, |set| {
                unit_input(set, self.record, self.run, &item)
            })?;
        // A member of an object goes on with its name, unless a selector has made something else of it.
        Ok(match whole {
            Some(whole) if input.same(&item.value) => Document::from(whole),
            _ => input,
        })
    }
}

/// Makes units of items as they come.
struct Gatherer<'a> {
    reading: Reading<'a>,
    batcher: Batcher<'a>,
    shelf: Shelf<'a>,
    items: u64,
    most: Option<u64>,
    stopped: Option<Stopped>,
}

/// Why no more items are taken.
enum Stopped {
    /// There are enough.
    Enough,
    /// There is no time for more; the next one is here, and so many were taken.
    Paused(Mark, u64),
    /// What the run fails with.
    Failed(Failure),
    /// The store is not available.
    Lost(Error),
}

#[async_trait]
impl Sink for Gatherer<'_> {
    async fn take(&mut self, items: Vec<Entry>, from: &Origin) -> bool {
        let mut mark = from.mark.clone();
        for item in items {
            if self.most.is_some_and(|most| self.items >= most) {
                self.stopped = Some(Stopped::Enough);
                return false;
            }
            let next = mark.past(&item);
            match self.one(item, &from.source).await {
                // The unit that has just been completed holds what came before this item, which is in the next one.
                Ok(true) if self.reading.run.batch.is_some() => {
                    self.stopped = Some(Stopped::Paused(mark, self.items - 1));
                }
                Ok(true) => self.stopped = Some(Stopped::Paused(next, self.items)),
                Ok(false) => {
                    mark = next;
                    continue;
                }
                Err(stopped) => self.stopped = Some(stopped),
            }
            return false;
        }
        true
    }
}

impl Gatherer<'_> {
    /// Takes an item; whether it is time to pause.
    async fn one(&mut self, item: Entry, source: &str) -> Result<bool, Stopped> {
        if self.items >= MOST_ITEMS {
            return Err(Stopped::Failed(Failure::new(failure::name::ITEM_READER_FAILED, TOO_MANY)));
        }
        let index = self.items;
        self.items += 1;
        let input = self.reading.input(index, item, source).map_err(Stopped::Failed)?;
        let Some(unit) = self.batcher.push(input) else { return Ok(false) };
        let chunk = self.shelf.put(unit).await.map_err(Stopped::Lost)?;
        Ok(chunk && self.reading.engine.hurried())
    }

    async fn finish(mut self, read: Result<(), String>) -> Result<Read, Error> {
        match (self.stopped, read) {
            (Some(Stopped::Lost(error)), _) => return Err(error),
            (Some(Stopped::Failed(failure)), _) => return Ok(Read::Failed(failure)),
            (Some(Stopped::Paused(mark, items)), _) => {
                let mark = serde_json::to_string(&mark).unwrap_or_default();
                let mark = Document::from_trusted_text(mark);
                return Ok(Read::Some(HalfRead { units: self.shelf.paused(items), mark }));
            }
            (None, Err(why)) => {
                let failure = Failure::new(failure::name::ITEM_READER_FAILED, why);
                return Ok(Read::Failed(failure));
            }
            (Some(Stopped::Enough), _) | (None, Ok(())) => {}
        }
        if let Some(unit) = self.batcher.finish() {
            self.shelf.put(unit).await?;
        }
        self.shelf.finish(self.items).await.map(Read::All)
    }
}

/// AWS: MaxItems.
const MOST_ITEMS: u64 = 100_000_000;
const TOO_MANY: &str = "There are more than 100,000,000 items.";
