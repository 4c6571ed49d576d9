//! Task tokens: the place of a task, sealed. There is no table of tokens to scan and nothing to guess; a token says where it
//! belongs, and nobody without the installation's key can make one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use sha2::{Digest, Sha256};
use stepwright_core::engine::{Cursor, ExecutionId, FrameId};

use crate::store::{self, Kind, Registry};

/// First byte of a token: the form of what follows.
const VERSION: u8 = 1;
const KEY_NAME: &str = "task-token-1";
const NONCE: usize = 12;

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Not a token of this installation.
    Invalid,
    /// The task is over: answered, timed out, or its execution ended.
    TimedOut,
    /// There is no such task.
    DoesNotExist,
}

/// Makes and opens task tokens.
pub struct Tokens {
    cipher: ChaCha20Poly1305,
    salt: [u8; 32],
}

impl Tokens {
    /// With the installation's key, made on first use.
    ///
    /// # Errors
    /// The store is not available.
    pub async fn open(registry: &(impl Registry + ?Sized)) -> Result<Tokens, store::Error> {
        loop {
            if let Some(item) = registry.item(Kind::Secret, KEY_NAME).await? {
                return Tokens::from_stored(&item.body)
                    .ok_or_else(|| store::Error::Damaged("the key of the task tokens".into()));
            }
            let mut key = [0u8; 32];
            getrandom::fill(&mut key).map_err(|e| store::Error::Unavailable(e.to_string()))?;
            registry
                .put(Kind::Secret, KEY_NAME, format!("\"{}\"", URL_SAFE_NO_PAD.encode(key)), None)
                .await?;
        }
    }

    fn from_stored(body: &str) -> Option<Tokens> {
        let key = URL_SAFE_NO_PAD.decode(body.trim_matches('"')).ok()?;
        let key: [u8; 32] = key.try_into().ok()?;
        let salt =
            Sha256::new_with_prefix(b"nonce of a task token").chain_update(key).finalize().into();
        Some(Tokens { cipher: ChaCha20Poly1305::new(&Key::from(key)), salt })
    }

    /// The token of a task: the same for the same place, so that a repeated step hands out the same token. The nonce is
    /// a keyed hash of the place, hence never the same for two places.
    pub fn seal(&self, ticket: &Cursor) -> String {
        let text = format!("{}\n{}\n{}", ticket.execution, ticket.frame, ticket.slot);
        let hash = Sha256::new_with_prefix(self.salt).chain_update(text.as_bytes()).finalize();
        let mut nonce = [0u8; NONCE];
        nonce.copy_from_slice(&hash[..NONCE]);
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), text.as_bytes()).unwrap_or_default();
        let mut bytes = Vec::with_capacity(1 + NONCE + sealed.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a token names; `None` if it was not made here.
    pub fn open_token(&self, token: &str) -> Option<Cursor> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (nonce, sealed) = rest.split_at_checked(NONCE)?;
        if *version != VERSION {
            return None;
        }
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let text = self.cipher.decrypt(&Nonce::from(nonce), sealed).ok()?;
        let text = String::from_utf8(text).ok()?;
        let mut parts = text.split('\n');
        let (execution, frame, slot) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Cursor {
            execution: ExecutionId(execution.into()),
            frame: FrameId(frame.into()),
            slot: slot.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        Tokens::from_stored(&format!("\"{}\"", URL_SAFE_NO_PAD.encode([7u8; 32]))).unwrap()
    }

    #[test]
    fn a_token_names_its_place_and_nothing_else_opens() {
        let place =
            Cursor { execution: ExecutionId("e.0".into()), frame: FrameId("3.1".into()), slot: 9 };
        let token = tokens().seal(&place);
        assert_eq!(tokens().open_token(&token), Some(place.clone()));
        assert_eq!(tokens().seal(&place), token, "the same place has the same token");
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            if forged != token {
                assert_eq!(tokens().open_token(&forged), None, "byte {at}");
            }
        }
        for garbage in ["", "AQ", "not a token", "€"] {
            assert_eq!(tokens().open_token(garbage), None);
        }
    }

    /// A million and more by `make test-forgery`.
    #[test]
    fn of_all_forged_tokens_none_opens() {
        let tokens = tokens();
        let place =
            Cursor { execution: ExecutionId("e.0".into()), frame: FrameId("3.1".into()), slot: 9 };
        let token = tokens.seal(&place);
        let sealed = URL_SAFE_NO_PAD.decode(&token).unwrap();
        let many = std::env::var("STEPWRIGHT_FORGERIES").ok().and_then(|many| many.parse().ok());
        let mut seed: u64 = 1;
        let mut next = |below: usize| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        for number in 0..many.unwrap_or(5_000_u32) {
            let mut bytes = sealed.clone();
            match number % 4 {
                0 => {
                    for _ in 0..=next(3) {
                        let at = next(bytes.len());
                        bytes[at] ^= 1 << next(8);
                    }
                }
                1 => bytes = (0..next(96)).map(|_| next(256) as u8).collect(),
                2 => bytes.truncate(next(bytes.len())),
                _ => bytes.extend((0..=next(8)).map(|_| next(256) as u8)),
            }
            // The version is right, so that it is the seal that refuses.
            if let Some(version) = bytes.first_mut().filter(|_| number % 3 == 0) {
                *version = VERSION;
            }
            let forged = URL_SAFE_NO_PAD.encode(&bytes);
            assert!(bytes == sealed || tokens.open_token(&forged).is_none(), "{forged}");
        }
    }
}
