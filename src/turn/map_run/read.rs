//! Reading: items become units, the inputs of child executions; few and small ones go into the frame's next record, many
//! into the store, some to an item.
//!
//! Whoever reads puts the units under a key of its own, and the record names the key: a reading that was cut short leaves
//! something behind that nobody looks at, but never a mixture of two readings of an object that was changed in between.

use async_trait::async_trait;
use stepwright_core::engine::map_run::{Batcher, Place, Source, Unit};
use stepwright_core::engine::reader::{self, Entry};
use stepwright_core::engine::{
    Cursor, Failure, Item, MapRun, NextIndex, Record, Stimulus, Units, failure, unit_input,
};
use stepwright_core::expr::{Document, Value};

use super::{Closed, Engine, Error, Loaded, Registered};
use crate::store::{Kind, Status};
use crate::task::object::read::{Sink, items};

impl Engine {
    /// Reads the items of a run whose frame is at `here`.
    pub(in crate::turn) async fn read_items(
        &self,
        loaded: &Loaded,
        here: &Cursor,
        record: &Record,
        run: &MapRun,
    ) -> Result<Stimulus, Error> {
        self.register(loaded, here, record, run).await?;
        let place = format!("{}#{}", run.arn, self.nonce());
        let mut gatherer = Gatherer {
            engine: self,
            loaded,
            here,
            record,
            run,
            batcher: Batcher::new(run.batch.as_ref()),
            shelf: Shelf::new(self, place),
            items: 0,
            most: None,
            stopped: None,
        };
        let read = match &run.source {
            Some(Source::Reader(reader)) => {
                let config = reader.value().get("ReaderConfig");
                gatherer.most = config.and_then(reader::most);
                let objects = self.tasks.objects();
                items(&objects, reader.value(), &mut gatherer).await
            }
            Some(Source::Data(data)) => match reader::entries(data.value()) {
                Ok(entries) => {
                    gatherer.take(entries, "STATE_DATA").await;
                    Ok(())
                }
                Err(why) => Err(why),
            },
            None => Ok(()),
        };
        match gatherer.finish(read).await? {
            Ok(units) => {
                let found = (units.items, units.count);
                // A reading before this one may have failed, and what it read with it.
                let change = |registered: &mut Registered| {
                    (registered.found, registered.closed) = (Some(found), None);
                };
                self.note(&run.arn, change).await?;
                Ok(Stimulus::ItemsRead(Ok(units)))
            }
            Err(failure) => {
                let stopped = self.clock.now();
                let closed = Some(Closed { status: Status::Failed, stopped, written: 0 });
                self.note(&run.arn, |registered| registered.closed = closed).await?;
                Ok(Stimulus::ItemsRead(Err(failure)))
            }
        }
    }

    /// A unit of a run: the number of items in it, and the input of its child.
    pub(super) async fn unit(&self, units: &Units, number: u64) -> Result<Option<Unit>, Error> {
        let place = match &units.place {
            Place::Here(all) => {
                let place = usize::try_from(number).unwrap_or(usize::MAX);
                return Ok(all.value().as_array().and_then(|all| unit_of(all.get(place)?)));
            }
            Place::Stored(place) => place,
        };
        let prefix = format!("{place}/{:012}.", number / PER_CHUNK);
        let mut left = usize::try_from(number % PER_CHUNK).unwrap_or(usize::MAX);
        let mut after: Option<String> = None;
        loop {
            let ask = || self.store.items(Kind::Units, &prefix, after.as_deref(), PARTS);
            let parts = self.patiently(ask).await?;
            let Some((last, _)) = parts.last() else { return Ok(None) };
            for (_, part) in &parts {
                let mut units = lines(&part.body);
                if let Some(unit) = units.nth(left) {
                    return Ok(Value::parse(unit).ok().as_ref().and_then(unit_of));
                }
                left -= lines(&part.body).count();
            }
            after = Some(last.clone());
        }
    }

    /// Forgets the units of a run that is over.
    pub(super) async fn forget_units(&self, units: &Units) -> Result<(), Error> {
        let Place::Stored(place) = &units.place else { return Ok(()) };
        let prefix = format!("{place}/");
        loop {
            let some =
                self.patiently(|| self.store.items(Kind::Units, &prefix, None, PARTS)).await?;
            if some.is_empty() {
                return Ok(());
            }
            for (key, item) in some {
                let version = item.version;
                self.patiently(|| self.store.remove(Kind::Units, &key, version)).await?;
            }
        }
    }
}

/// The units of a part: an array with each of its elements on a line of its own, so that one can be had without reading
/// the others.
fn lines(part: &str) -> impl Iterator<Item = &str> {
    part.lines().filter(|line| line.len() > 1).map(|line| line.trim_end_matches(','))
}

fn unit_of(pair: &Value) -> Option<Unit> {
    let pair = pair.as_array()?;
    let count = pair.first()?.as_i64()?;
    Some((u64::try_from(count).ok()?, Document::from(pair.get(1)?.clone())))
}

/// Makes units of items as they come.
struct Gatherer<'a> {
    engine: &'a Engine,
    loaded: &'a Loaded,
    here: &'a Cursor,
    record: &'a Record,
    run: &'a MapRun,
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
    /// What the run fails with.
    Failed(Failure),
    /// The store is not available.
    Lost(Error),
}

#[async_trait]
impl Sink for Gatherer<'_> {
    async fn take(&mut self, items: Vec<Entry>, source: &str) -> bool {
        for item in items {
            if self.most.is_some_and(|most| self.items >= most) {
                self.stopped = Some(Stopped::Enough);
            } else if let Err(stopped) = self.one(item, source).await {
                self.stopped = Some(stopped);
            }
            if self.stopped.is_some() {
                return false;
            }
        }
        true
    }
}

impl Gatherer<'_> {
    async fn one(&mut self, (key, value): Entry, source: &str) -> Result<(), Stopped> {
        if self.items >= MOST_ITEMS {
            return Err(Stopped::Failed(Failure::new(failure::name::ITEM_READER_FAILED, TOO_MANY)));
        }
        let index = self.items;
        self.items += 1;
        let member = |name: std::sync::Arc<str>| {
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
        let time = self.record.time;
        let input = self.engine.with_setting(self.loaded, self.here, time, 0, |set| {
            unit_input(set, self.record, self.run, &item)
        });
        let input = input.map_err(Stopped::Failed)?;
        // A member of an object goes on with its name, unless a selector has made something else of it.
        let input = match whole {
            Some(whole) if input.same(&item.value) => Document::from(whole),
            _ => input,
        };
        match self.batcher.push(input) {
            Some(unit) => self.shelf.put(unit).await.map_err(Stopped::Lost),
            None => Ok(()),
        }
    }

    async fn finish(mut self, read: Result<(), String>) -> Result<Result<Units, Failure>, Error> {
        match (self.stopped, read) {
            (Some(Stopped::Lost(error)), _) => return Err(error),
            (Some(Stopped::Failed(failure)), _) => return Ok(Err(failure)),
            (None, Err(why)) => {
                return Ok(Err(Failure::new(failure::name::ITEM_READER_FAILED, why)));
            }
            (Some(Stopped::Enough), _) | (None, Ok(())) => {}
        }
        if let Some(unit) = self.batcher.finish() {
            self.shelf.put(unit).await?;
        }
        self.shelf.finish(self.items).await.map(Ok)
    }
}

/// Where units are put: in hand as long as they are few, in the store when they are many.
struct Shelf<'a> {
    engine: &'a Engine,
    place: String,
    held: Vec<String>,
    bytes: usize,
    count: u64,
    stored: bool,
    chunk: u64,
    part: u32,
    in_chunk: u64,
}

impl<'a> Shelf<'a> {
    fn new(engine: &'a Engine, place: String) -> Shelf<'a> {
        let (held, bytes, count, stored) = (Vec::new(), 0, 0, false);
        Shelf { engine, place, held, bytes, count, stored, chunk: 0, part: 0, in_chunk: 0 }
    }

    async fn put(&mut self, (items, input): Unit) -> Result<(), Error> {
        self.count += 1;
        // A line break in a JSON text is nothing but white space.
        let unit = format!("[{items},{}]", input.text().replace(['\n', '\r'], " "));
        if self.stored {
            return self.store(unit).await;
        }
        self.bytes += unit.len() + 1;
        self.held.push(unit);
        if self.bytes > IN_HAND {
            self.stored = true;
            self.bytes = 0;
            for unit in std::mem::take(&mut self.held) {
                self.store(unit).await?;
            }
        }
        Ok(())
    }

    async fn store(&mut self, unit: String) -> Result<(), Error> {
        if !self.held.is_empty() && self.bytes + unit.len() > PART_BYTES {
            self.write().await?;
            self.part += 1;
        }
        self.bytes += unit.len() + 1;
        self.held.push(unit);
        self.in_chunk += 1;
        if self.in_chunk == PER_CHUNK {
            self.write().await?;
            (self.chunk, self.part, self.in_chunk) = (self.chunk + 1, 0, 0);
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<(), Error> {
        self.bytes = 0;
        let body = format!("[\n{}\n]", std::mem::take(&mut self.held).join(",\n"));
        let key = format!("{}/{:012}.{:04}", self.place, self.chunk, self.part);
        let (engine, kind) = (self.engine, Kind::Units);
        engine.patiently(|| engine.store.put(kind, &key, body.clone(), None)).await?;
        Ok(())
    }

    async fn finish(mut self, items: u64) -> Result<Units, Error> {
        if !self.stored {
            let all = format!("[{}]", self.held.join(","));
            let place = Place::Here(Document::from_trusted_text(all));
            return Ok(Units { items, count: self.count, place });
        }
        if !self.held.is_empty() {
            self.write().await?;
        }
        let place = Place::Stored(self.place.as_str().into());
        Ok(Units { items, count: self.count, place })
    }
}

/// Units of one chunk, which are found without a directory: unit n is in chunk n / 50.
const PER_CHUNK: u64 = 50;
/// Bytes of one part of a chunk, unless a single unit has more (DynamoDB: an item has at most 400 KB).
const PART_BYTES: usize = 192 << 10;
/// Parts that are read at a time.
const PARTS: usize = 4;
/// Bytes of units that go into the record itself.
const IN_HAND: usize = 16 << 10;
/// AWS: MaxItems.
const MOST_ITEMS: u64 = 100_000_000;
const TOO_MANY: &str = "There are more than 100,000,000 items.";
