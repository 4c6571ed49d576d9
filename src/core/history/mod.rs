//! History: what happened, as the engine records it ([`event`]), in which order ([`order`]) and as GetExecutionHistory
//! tells it ([`wire`]).

pub mod event;
pub mod json;
pub mod order;
pub mod wire;

pub use event::{Event, EventKind, Service, StateClass};
pub use order::{Entry, assemble};
