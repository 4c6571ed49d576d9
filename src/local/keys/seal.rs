//! The key of an installation that seals the secrets of its access keys (ChaCha20-Poly1305).

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};

use super::{Error, Secret, file, private, random};

/// Closes and opens secrets with a key of 32 bytes.
pub struct Sealer(ChaCha20Poly1305);

impl Sealer {
    /// With this key.
    pub fn of(key: [u8; KEY]) -> Sealer {
        Sealer(ChaCha20Poly1305::new(&Key::from(key)))
    }

    /// Seals the secret of an access key. It opens for that key only. `None` if the system has no randomness to give.
    pub fn close(&self, id: &str, secret: &Secret) -> Option<String> {
        let nonce = random::<NONCE>().ok()?;
        let payload = Payload { msg: secret.reveal().as_bytes(), aad: id.as_bytes() };
        let sealed = self.0.encrypt(&Nonce::from(nonce), payload).ok()?;
        Some(STANDARD_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// Opens what [`Sealer::close`] sealed; `None` if it was not sealed by this key for this id.
    pub fn open(&self, id: &str, sealed: &str) -> Option<Secret> {
        let bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let payload = Payload { msg: sealed, aad: id.as_bytes() };
        let secret = self.0.decrypt(&Nonce::from(nonce), payload).ok()?;
        Some(Secret::new(std::str::from_utf8(&secret).ok()?))
    }
}

/// The seal of a data directory.
pub(super) struct Seal {
    sealer: Sealer,
    path: PathBuf,
}

/// Held by the one who changes the keys.
pub(super) struct Lock {
    _file: File,
}

impl Seal {
    /// The installation's seal, made on first use; waits for others who change the keys.
    pub(super) fn make(path: &Path) -> Result<(Seal, Lock), Error> {
        let mut key_file = private::open(path).map_err(file(path))?;
        key_file.lock().map_err(file(path))?;
        let mut key = Vec::new();
        key_file.read_to_end(&mut key).map_err(file(path))?;
        if key.is_empty() {
            key = random::<KEY>()?.to_vec();
            key_file.write_all(&key).map_err(file(path))?;
            key_file.sync_all().map_err(file(path))?;
            path.parent().map_or(Ok(()), private::sync_directory).map_err(file(path))?;
        }
        Ok((Seal::with(path, key)?, Lock { _file: key_file }))
    }

    /// The seal as it is; `None` if none was made yet.
    pub(super) fn read(path: &Path) -> Result<Option<Seal>, Error> {
        match fs::read(path) {
            Ok(key) => Seal::with(path, key).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::File { path: path.to_owned(), error }),
        }
    }

    /// Seals the secret of an access key.
    pub(super) fn close(&self, id: &str, secret: &Secret) -> Result<String, Error> {
        self.sealer.close(id, secret).ok_or_else(|| self.damaged("it does not seal"))
    }

    /// Opens what [`Seal::close`] sealed.
    pub(super) fn open(&self, id: &str, sealed: &str) -> Result<Secret, Error> {
        let opened = self.sealer.open(id, sealed);
        opened.ok_or_else(|| self.damaged(&format!("it does not open the secret of {id}")))
    }

    fn with(path: &Path, key: Vec<u8>) -> Result<Seal, Error> {
        let key: [u8; KEY] = key.try_into().map_err(|key: Vec<u8>| Error::Damaged {
            path: path.to_owned(),
            why: format!("it has {} bytes, not {KEY}", key.len()),
        })?;
        Ok(Seal { sealer: Sealer::of(key), path: path.to_owned() })
    }

    fn damaged(&self, why: &str) -> Error {
        Error::Damaged { path: self.path.clone(), why: why.to_owned() }
    }
}

const KEY: usize = 32;
const NONCE: usize = 12;
