//! The local home: the pump over an engine at work, and the binary as a process among others.

mod binary;
mod canaries;
mod crowd;
mod endpoint;
mod fake;
mod full_disk;
mod http;
mod kills;
mod logs;
mod nested;
mod older_stores;
mod operating;
mod outbound;
mod pump;
mod run;
mod stop;
mod survivors;
