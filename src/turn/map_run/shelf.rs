//! Where units are put: into the frame's next record as long as they are few and small, into the store when they are many.
//!
//! In the store fifty units are a chunk, which is found without a directory: unit *n* is in chunk *n* / 50. What is in a
//! chunk follows from the items alone, however often and by whomever it is written.

use stepwright_core::engine::Units;
use stepwright_core::engine::map_run::{Place, Unit};
use stepwright_core::expr::{Document, Value};

use super::{Engine, Error};
use crate::store::Kind;
use crate::turn::patience::FAIR;

impl Engine {
    /// A unit of a run: the number of items in it, and the input of its child.
    pub(super) async fn unit(&self, units: &Units, number: u64) -> Result<Option<Unit>, Error> {
        let place = match &units.place {
            Place::Here(all) => {
                let place = usize::try_from(number).unwrap_or(usize::MAX);
                return Ok(all.value().as_array().and_then(|all| unit_of(all.get(place)?)));
            }
            Place::Stored(place) => place,
        };
        let prefix = chunk(place, number / PER_CHUNK);
        let mut left = usize::try_from(number % PER_CHUNK).unwrap_or(usize::MAX);
        let mut after: Option<String> = None;
        loop {
            let ask = || self.store.items(Kind::Units, &prefix, after.as_deref(), PARTS);
            let parts = self.patiently(FAIR, ask).await?;
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

    /// Forgets the units of a run that is over, as far as there is time: nobody looks at those that are left, and where
    /// turns have an end they expire.
    pub(super) async fn forget_units(&self, units: &Units) -> Result<(), Error> {
        let Place::Stored(place) = &units.place else { return Ok(()) };
        for number in 0..units.count.div_ceil(PER_CHUNK) {
            if self.hurried() {
                return Ok(());
            }
            let prefix = chunk(place, number);
            let ask = || self.store.items(Kind::Units, &prefix, None, ALL);
            for (key, item) in self.patiently(FAIR, ask).await? {
                let version = item.version;
                self.patiently(FAIR, || self.store.remove(Kind::Units, &key, version)).await?;
            }
        }
        Ok(())
    }
}

/// Takes units as they come.
pub(super) struct Shelf<'a> {
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
    /// An empty one.
    pub(super) fn new(engine: &'a Engine, place: String) -> Shelf<'a> {
        let (held, bytes, count, stored) = (Vec::new(), 0, 0, false);
        Shelf { engine, place, held, bytes, count, stored, chunk: 0, part: 0, in_chunk: 0 }
    }

    /// One with units in it that were [paused](Shelf::paused).
    pub(super) fn going_on(engine: &'a Engine, units: &Units) -> Shelf<'a> {
        let Place::Stored(place) = &units.place else { return Shelf::new(engine, String::new()) };
        let (count, chunk) = (units.count, units.count / PER_CHUNK);
        Shelf { count, chunk, stored: true, ..Shelf::new(engine, place.to_string()) }
    }

    /// Takes a unit; whether this is a moment at which it can be [paused](Shelf::paused).
    pub(super) async fn put(&mut self, (items, input): Unit) -> Result<bool, Error> {
        self.count += 1;
        // A line break in a JSON text is nothing but white space.
        let unit = format!("[{items},{}]", input.text().replace(['\n', '\r'], " "));
        if self.stored {
            self.store(unit).await?;
            return Ok(self.in_chunk == 0);
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
        Ok(self.stored && self.in_chunk == 0)
    }

    /// The units so far, none of which is in hand.
    pub(super) fn paused(&self, items: u64) -> Units {
        Units { items, count: self.count, place: Place::Stored(self.place.as_str().into()) }
    }

    /// All units, which were made of so many items.
    pub(super) async fn finish(mut self, items: u64) -> Result<Units, Error> {
        if !self.stored {
            let all = format!("[{}]", self.held.join(","));
            let place = Place::Here(Document::from_trusted_text(all));
            return Ok(Units { items, count: self.count, place });
        }
        if !self.held.is_empty() {
            self.write().await?;
        }
        Ok(self.paused(items))
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
        let key = format!("{}{:04}", chunk(&self.place, self.chunk), self.part);
        let (engine, kind) = (self.engine, Kind::Units);
        engine.patiently(FAIR, || engine.store.put(kind, &key, body.clone(), None)).await?;
        Ok(())
    }
}

/// What the keys of a chunk's parts begin with.
fn chunk(place: &str, number: u64) -> String {
    format!("{place}/{number:012}.")
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

/// Units of one chunk.
const PER_CHUNK: u64 = 50;
/// Bytes of one part of a chunk, unless a single unit has more (DynamoDB: an item has at most 400 KB).
const PART_BYTES: usize = 192 << 10;
/// More parts than any chunk has.
const ALL: usize = 1_000;
/// Parts that are read at a time.
const PARTS: usize = 4;
/// Bytes of units that go into the record itself.
const IN_HAND: usize = 16 << 10;
