//! Access keys as a server sees them: in memory, and read again as soon as their file is another.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crate::api::auth::{Keys, Refusal, Secret};

use super::seal::Seal;
use super::{Error, KeyFile};

/// The keys of a data directory, up to date with every request: one look at the file's metadata each.
pub struct WatchedKeys {
    file: KeyFile,
    seen: Mutex<Option<Seen>>,
}

struct Seen {
    stamp: Option<Stamp>,
    secrets: BTreeMap<String, Secret>,
}

/// What changes whenever a file is replaced.
#[derive(PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
    number: u64,
}

impl WatchedKeys {
    /// The keys of a data directory.
    pub fn of(directory: &Path) -> WatchedKeys {
        WatchedKeys { file: KeyFile::of(directory), seen: Mutex::new(None) }
    }

    fn find(&self, id: &str) -> Result<Option<Secret>, Error> {
        // The stamp first: if the file is replaced between the two, the next look sees another stamp.
        let stamp = self.stamp()?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.as_ref().filter(|seen| seen.stamp == stamp) {
            return Ok(seen.secrets.get(id).cloned());
        }
        // What was seen before may hold a key that is deleted by now.
        *seen = None;
        let secrets = self.open()?;
        let found = secrets.get(id).cloned();
        *seen = Some(Seen { stamp, secrets });
        Ok(found)
    }

    fn open(&self) -> Result<BTreeMap<String, Secret>, Error> {
        let entries = self.file.read()?;
        let Some(seal) = Seal::read(&self.file.seal_path())? else {
            return Ok(BTreeMap::new());
        };
        let open =
            |entry: super::Entry| Ok((entry.id.clone(), seal.open(&entry.id, &entry.secret)?));
        entries.into_iter().map(open).collect()
    }

    fn stamp(&self) -> Result<Option<Stamp>, Error> {
        let path = self.file.path();
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(Stamp {
                modified: metadata.modified().ok(),
                size: metadata.len(),
                number: number(&metadata),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::File { path, error }),
        }
    }
}

impl Keys for WatchedKeys {
    fn secret(&self, id: &str) -> Result<Option<Secret>, Refusal> {
        self.find(id).map_err(|error| {
            tracing::error!(%error, "access keys cannot be read, nobody is let in");
            Refusal::Unavailable("see the log of the server".to_owned())
        })
    }
}

/// The file's number where the system has one: a file that replaced another has a number of its own.
#[cfg(unix)]
fn number(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> u64 {
    0
}
