//! The binary as a process: what the world around it may do to it.

#[cfg(target_os = "linux")]
mod nowhere_to_write;
#[cfg(target_os = "linux")]
mod wrong_start;
