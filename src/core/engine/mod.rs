//! The engine: what happens next. Its door is one function, [`decide`]: the machine, the frame as its last record left it
//! and a stimulus go in; the frame after the transition and the events of it come out. No I/O, no clock, no randomness.
//!
//! ```text
//!   Frame (last record) + Stimulus ──▶ decide ──▶ Decision { frame, events } ──▶ Record (inserted by the turn)
//!                                                                                    │
//!                                    messages, task calls, joins ◀── effects ◀───────┘
//! ```
//!
//! Reading order: [`cursor`] (where), [`frame`] (the state of one thread of control), [`record`] (one transition of it),
//! [`stimulus`] (what may come in), `decide` with `state/` (what happens), [`effect`] and `emit` (what must follow),
//! [`redrive`] (where an execution that ended badly goes on),
//! [`trial`] (one state on its own, under an inspector).

mod context;
pub mod cursor;
mod data_flow;
mod decide;
mod draft;
pub mod effect;
mod emit;
pub mod failure;
pub mod frame;
mod inspector;
pub mod job;
mod reader;
pub mod record;
pub mod redrive;
mod retry;
mod setting;
mod state;
pub mod stimulus;
pub mod trial;

pub use cursor::{Cursor, EventRef, ExecutionId, FrameId};
pub use decide::{Decided, EVENTS_PER_RECORD, begin, decide};
pub use draft::Decision;
pub use effect::{Effect, Message, MessageKind, Offer, Origin, TaskCall, TaskOutcome};
pub use emit::{activities, effects, failure_of, item, task_call};
pub use failure::Failure;
pub use frame::{
    ActivityTask, Answer, Claim, EarlierFork, Fork, Frame, Item, Lane, NextIndex, Outcome, Pending,
    Phase, Resumed, Visit,
};
pub use inspector::Notes;
pub use job::{Job, JobCall};
pub use record::Record;
pub use redrive::{Resumption, resumption};
pub use setting::{Facts, Limits, Setting};
pub use stimulus::{LaneFailure, Lanes, Stimulus};
