//! The pure core of Stepwright.
//!
//! Reading order is dependency order: [`time`], [`expr`] (expressions), [`asl`] (definitions), [`event`] (what
//! happened, and where), [`engine`] (what happens next), [`history`] (what happened, in order and as it is shown).

pub mod asl;
pub mod engine;
pub mod event;
pub mod expr;
pub mod history;
pub mod time;
