//! History: what happened, as the engine records it ([`event`]), in which order ([`order`], and [`sequence`] while it
//! grows), as GetExecutionHistory tells it ([`wire`]) and as execution logs do ([`log`]).

pub mod event;
pub mod json;
pub mod log;
pub mod order;
pub mod sequence;
pub mod wire;

pub use event::{Event, EventKind, Service, StateClass};
pub use order::{Entry, assemble};
pub use sequence::Sequence;
