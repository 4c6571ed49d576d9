//! The local home: the pump over an engine at work, and the binary as a process among others.

mod binary;
mod canaries;
mod endpoint;
mod fake;
mod http;
mod logs;
mod nested;
mod outbound;
mod pump;
mod run;
mod stop;
mod survivors;
