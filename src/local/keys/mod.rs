//! Access keys of a local home: made, listed and deleted by `stepwright keys`, looked up by the server.
//!
//! They lie beside the store, not in it: the store belongs to the one process that has it open, and keys must be given
//! out and, above all, taken back while a server runs.
//!
//! | file | what | how it changes |
//! |---|---|---|
//! | `keys.key` | 32 random bytes that seal the secrets | made with the first key, then never; its lock is held by who writes |
//! | `keys.json` | ids, names, dates, sealed secrets | replaced as a whole; the server notices with the next request |
//!
//! Both can be read by their owner only. Signature Version 4 needs the secret itself, so it cannot be kept as a hash.
//! Sealing means that `keys.json` alone (shown, copied, found in a log) opens nothing; who can read both files can sign.
//!
//! Promise: a key that is shown is durable; one whose deletion is acknowledged lets nobody in any more; two commands at
//! once lose nothing; when the files cannot be read, nobody is let in.

mod private;
mod seal;
mod watch;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::api::auth::Secret;

use seal::Seal;

pub use seal::Sealer;
pub use watch::WatchedKeys;

/// The access keys of one data directory, for those who manage them.
#[derive(Clone, Debug)]
pub struct KeyFile {
    directory: PathBuf,
}

/// An access key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// `SWAK` and 16 more characters.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was made, ISO 8601 in UTC.
    pub created: String,
}

/// Why keys cannot be managed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The system has no randomness to give.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
    /// Not a name.
    #[error("a name of a key has at most {MAX_NAME} characters and no control characters")]
    Name,
}

impl KeyFile {
    /// The keys that belong to a data directory. Nothing is read or made yet.
    pub fn of(directory: &Path) -> KeyFile {
        KeyFile { directory: directory.to_owned() }
    }

    /// Makes a key. Its secret is handed out here and nowhere else.
    ///
    /// # Errors
    /// The name is not one, or the files cannot be written; then there is no new key.
    pub fn create(&self, name: &str, created: String) -> Result<(AccessKey, Secret), Error> {
        if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            return Err(Error::Name);
        }
        private::make_directory(&self.directory).map_err(file(&self.directory))?;
        let (seal, _lock) = Seal::make(&self.seal_path())?;
        let mut entries = self.read()?;
        let (id, secret) = draw()?;
        let sealed = seal.close(&id, &secret)?;
        let entry = Entry { id, name: name.to_owned(), created, secret: sealed };
        let key = entry.key();
        entries.push(entry);
        self.write(entries)?;
        Ok((key, secret))
    }

    /// All keys in the order in which they were made.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn list(&self) -> Result<Vec<AccessKey>, Error> {
        Ok(self.read()?.iter().map(Entry::key).collect())
    }

    /// Deletes a key. `false` if there is none with that id.
    ///
    /// # Errors
    /// The files cannot be read or written; then the key is still there.
    pub fn delete(&self, id: &str) -> Result<bool, Error> {
        if self.read()?.is_empty() {
            return Ok(false);
        }
        let (_, _lock) = Seal::make(&self.seal_path())?;
        let mut entries = self.read()?;
        let before = entries.len();
        entries.retain(|entry| entry.id != id);
        let found = entries.len() < before;
        if found {
            self.write(entries)?;
        }
        Ok(found)
    }

    fn path(&self) -> PathBuf {
        self.directory.join("keys.json")
    }

    fn seal_path(&self) -> PathBuf {
        self.directory.join("keys.key")
    }

    fn read(&self) -> Result<Vec<Entry>, Error> {
        let path = self.path();
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::File { path, error }),
        };
        let damaged = |why| Error::Damaged { path: path.clone(), why };
        let stored: Stored =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if stored.version != VERSION {
            return Err(damaged(format!("this program does not know version {}", stored.version)));
        }
        Ok(stored.keys)
    }

    fn write(&self, keys: Vec<Entry>) -> Result<(), Error> {
        let path = self.path();
        let text = serde_json::to_vec_pretty(&Stored { version: VERSION, keys })
            .map_err(|error| Error::Damaged { path: path.clone(), why: error.to_string() })?;
        private::replace(&path, &text).map_err(file(&path))
    }
}

/// A new access key: id and secret.
///
/// # Errors
/// The system has no randomness to give.
pub fn draw() -> Result<(String, Secret), Error> {
    let id = format!("{PREFIX}{}", letters(&random::<10>()?, UPPER));
    Ok((id, Secret::new(&letters(&random::<25>()?, LOWER))))
}

/// What `keys.json` holds.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    keys: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    id: String,
    name: String,
    created: String,
    /// Sealed.
    secret: String,
}

impl Entry {
    fn key(&self) -> AccessKey {
        AccessKey { id: self.id.clone(), name: self.name.clone(), created: self.created.clone() }
    }
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::File { path, error }
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    Ok(bytes)
}

/// Base 32: five bytes are eight letters, none of which a shell, a URL or a reader mistakes for another.
fn letters(bytes: &[u8], alphabet: &[u8; 32]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5);
    for five in bytes.chunks(5) {
        let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let digits = (0..8).rev().map(|at| alphabet[(bits >> (5 * at)) as usize & 31]);
        text.extend(digits.map(char::from));
    }
    text
}

const VERSION: u32 = 1;
const PREFIX: &str = "SWAK";
const UPPER: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LOWER: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Characters in the name of a key.
const MAX_NAME: usize = 80;

#[cfg(test)]
mod tests;
