//! The local home: the pump over an engine at work, and the binary as a process among others.

mod binary;
mod endpoint;
mod logs;
mod pump;
mod run;
mod stop;
mod survivors;
