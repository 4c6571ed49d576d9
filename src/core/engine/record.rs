//! A record: one committed transition of one frame. Inserted once into its slot, never changed.

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use super::frame::FAR;
use super::{Frame, Job};
use crate::event::Event;
use crate::expr::{Document, pool};
use crate::time::Timestamp;

/// Version of the stored form; a reader refuses what is newer than itself. To be raised with every change that an engine of
/// before could misread; what that engine may leave out is added without.
pub const FORMAT: u32 = 1;

/// One transition: the commit, the state after it, its part of the history and, through the frame's phase, the messages
/// that must follow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`FORMAT`] when it was written.
    #[serde(rename = "f")]
    pub format: u32,
    /// Its slot in the frame's journal.
    #[serde(rename = "s")]
    pub slot: u64,
    /// Logical time: not before the record it follows from.
    #[serde(rename = "t")]
    pub time: Timestamp,
    /// Which message caused it: whoever holds that message is the one to go on.
    #[serde(rename = "g")]
    pub guard: Arc<str>,
    /// Who inserted it, so that a lost reply is not taken for a lost race.
    #[serde(rename = "w")]
    pub nonce: Arc<str>,
    /// The frame after the transition.
    #[serde(rename = "fr")]
    pub frame: Frame,
    /// What happened in it, in order.
    #[serde(rename = "ev")]
    pub events: Vec<Event>,
    /// Whether the transition cancelled the fork that was open at the slot before.
    #[serde(rename = "x", default, skip_serializing_if = "is_false")]
    pub cancels: bool,
    /// Lanes of the fork that it cancelled: those that had not begun by then never will.
    #[serde(rename = "xl", default, skip_serializing_if = "is_zero")]
    pub lanes: u32,
    /// Results of Map iterations that ended in it: index and output.
    #[serde(rename = "re", default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<(u64, Document)>,
    /// The job that nobody waits for any more since this transition.
    #[serde(rename = "ab", default, skip_serializing_if = "Option::is_none")]
    pub abandons: Option<Job>,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

fn is_false(b: &bool) -> bool {
    !*b
}

/// A stored record that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Damaged, or not a record.
    #[error("a stored record cannot be read: {0}")]
    Damaged(#[from] serde_json::Error),
    /// Written by a newer engine.
    #[error("a stored record has format {0}, this engine reads up to {FORMAT}")]
    Newer(u32),
}

impl Record {
    /// The frame to go on from: it knows of the events of its own last record.
    pub fn frame_after(&self) -> Frame {
        let events_before = self.frame.events_before + self.events.len() as u64;
        Frame { events_before, ..self.frame.clone() }
    }

    /// The stored form: JSON text in which every payload stands once.
    ///
    /// # Errors
    /// None for records that the engine makes.
    pub fn encode(&self) -> Result<String, Error> {
        Ok(pool::write(self)?)
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// The text is damaged, or was written by a newer engine.
    pub fn decode(text: &str) -> Result<Record, Error> {
        let read = pool::read::<Record>(text);
        let format = match &read {
            Ok(record) => record.format,
            // What a newer engine wrote need not look like a record to this one.
            Err(_) => format_of(text).unwrap_or(FORMAT),
        };
        if format > FORMAT {
            return Err(Error::Newer(format));
        }
        let record = read?;
        if record.slot >= FAR || !record.frame.sound() {
            return Err(Error::Damaged(serde_json::Error::custom("its counts are out of range")));
        }
        Ok(record)
    }
}

/// The format that a text says it has, whatever else it holds.
fn format_of(text: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Outer {
        b: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        f: u32,
    }
    serde_json::from_str::<Outer>(text).ok().map(|outer| outer.b.f)
}
