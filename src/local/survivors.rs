//! Processes of functions that outlived their server: one that is killed outright cannot end what it started.
//!
//! Every function of a data directory has the directory's mark, a random number, in its environment, and what it starts
//! inherits it. The next server on the directory ends all processes that bear the mark, before it begins anything: a task
//! that is tried again must not run beside its first try. No stranger has the mark, and a signal goes to the very process
//! that was seen to have it, even if its id is given to another one meanwhile.
//!
//! Where there is no `/proc` (that is, off Linux), and for programs that wipe their environment, survivors are not found.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

/// The mark of a data directory. Only one process at a time can have it.
#[derive(Debug)]
pub struct Mark {
    value: String,
    _lock: File,
}

/// Why a mark cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its functions are alive, and not ours.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The directory or the file cannot be made or read.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl Mark {
    /// The mark in the directory's file `functions`; both are made if need be.
    ///
    /// # Errors
    /// Another process has the mark, or the file cannot be made or read.
    pub fn of(directory: &Path) -> Result<Mark, Error> {
        let path = directory.join("functions");
        let wrong = |error| Error::File { path: path.clone(), error };
        let mut file = private_file(directory, &path).map_err(wrong)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse(directory.to_owned())),
            Err(TryLockError::Error(error)) => return Err(wrong(error)),
        }
        let value = read_or_make(&mut file).map_err(wrong)?;
        Ok(Mark { value, _lock: file })
    }

    /// The environment variable that functions bear.
    pub fn variable(&self) -> (String, String) {
        (VARIABLE.to_owned(), self.value.clone())
    }

    /// Ends all processes that bear the mark, and waits a while until they are gone; how many there were. To be called
    /// before the first function is started, or after the last.
    pub fn end_survivors(&self) -> usize {
        let wanted = format!("{VARIABLE}={}", self.value);
        let mut seen = BTreeSet::new();
        // More than once, for what they start meanwhile.
        for _ in 0..ROUNDS {
            let found = bearers(wanted.as_bytes());
            if found.is_empty() {
                return seen.len();
            }
            for process in found {
                seen.insert(process);
                end(process, wanted.as_bytes());
            }
            std::thread::sleep(PAUSE);
        }
        tracing::error!("processes of functions still run and cannot be ended");
        seen.len()
    }
}

/// The file, which nobody else may read, in a directory of which the same is true if it is new.
fn private_file(directory: &Path, path: &Path) -> io::Result<File> {
    let (mut builder, mut options) = (DirBuilder::new(), OpenOptions::new());
    builder.recursive(true);
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    builder.create(directory)?;
    options.open(path)
}

fn read_or_make(file: &mut File) -> io::Result<String> {
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    if let Ok(mark) = Uuid::try_parse_ascii(text.trim_ascii()) {
        return Ok(mark.simple().to_string());
    }
    let mark = Uuid::new_v4().simple().to_string();
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(mark.as_bytes())?;
    Ok(mark)
}

/// Ids of the processes, other than this one, that have the variable. Those of other users cannot be read; they are none.
fn bearers(wanted: &[u8]) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let own = i32::try_from(std::process::id()).ok();
    ids.filter(|id| Some(*id) != own && bears(*id, wanted)).collect()
}

fn bears(process: i32, wanted: &[u8]) -> bool {
    let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == wanted)
}

/// Kills a process. It is held first and looked at again then: its id may have become that of another one.
#[cfg(target_os = "linux")]
fn end(process: i32, wanted: &[u8]) {
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    let Some(id) = Pid::from_raw(process) else { return };
    let Ok(held) = pidfd_open(id, PidfdFlags::empty()) else { return };
    if bears(process, wanted) {
        // It may have ended by itself; then there is nothing to do.
        let _ = pidfd_send_signal(held, Signal::KILL);
    }
}

#[cfg(not(target_os = "linux"))]
fn end(_process: i32, _wanted: &[u8]) {}

/// Not what anybody else would use.
const VARIABLE: &str = "STEPWRIGHT_FUNCTIONS_OF";

/// How often processes are looked for until they are gone: two seconds in all.
const ROUNDS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stays_and_belongs_to_one_process_at_a_time() {
        let outer = tempfile::tempdir().unwrap();
        let directory = outer.path().join("data");
        let first = Mark::of(&directory).unwrap();
        let (_, value) = first.variable();
        let second = Mark::of(&directory).unwrap_err();
        assert!(second.to_string().ends_with("data is in use by another process"), "{second}");
        drop(first);
        assert_eq!(Mark::of(&directory).unwrap().variable().1, value);
        let other = Mark::of(&outer.path().join("other")).unwrap();
        assert_ne!(other.variable().1, value);
    }

    #[test]
    fn a_file_that_holds_no_mark_gets_one() {
        let directory = tempfile::tempdir().unwrap();
        for damaged in [&b""[..], b"\xff\xfe", b"short", &[b'x'; 100]] {
            std::fs::write(directory.path().join("functions"), damaged).unwrap();
            let (_, made) = Mark::of(directory.path()).unwrap().variable();
            assert_eq!(Mark::of(directory.path()).unwrap().variable().1, made, "{damaged:?}");
        }
    }
}
