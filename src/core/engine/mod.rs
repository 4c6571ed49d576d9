//! The engine: what happens next. Its door is one function, `decide`: the machine, the frame as its last record left it and
//! a stimulus go in; the frame after the transition and the events of it come out. No I/O, no clock, no randomness.

pub mod cursor;
pub mod effect;
pub mod failure;
pub mod frame;
pub mod record;
pub mod stimulus;

pub use cursor::{Cursor, EventRef, ExecutionId, FrameId};
pub use effect::{Effect, Message, MessageKind, Offer, TaskCall, TaskOutcome};
pub use failure::Failure;
pub use frame::{
    ActivityTask, Answer, Claim, Fork, Frame, Item, Lane, NextIndex, Outcome, Pending, Phase, Visit,
};
pub use record::Record;
pub use stimulus::{Lanes, Stimulus};
