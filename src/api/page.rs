//! Page tokens: where a list goes on, sealed so that nobody can read, change or invent one. A token is good for the list
//! it was made for (operation and filters) and for 24 hours, as at AWS.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use stepwright_core::time::Timestamp;
use tokio::sync::OnceCell;

use super::Api;
use super::error::Error;
use super::input::Input;
use crate::store::{Kind, Store};

/// Makes and reads page tokens with a key that this installation made for itself and keeps in its store, so that a
/// token outlives a restart and is known to every process on the same store.
#[derive(Default)]
pub(super) struct Pages {
    cipher: OnceCell<ChaCha20Poly1305>,
}

/// What a list is: tokens of one list are no good for another.
pub(super) struct List<'a> {
    /// The operation and whatever filters it.
    pub(super) scope: &'a str,
    /// Now.
    pub(super) now: Timestamp,
}

/// A list that is at hand as a whole, in order: what pages of it are called, and by what its items are known.
pub(super) struct Slice<'a, T, K> {
    /// See [`List::scope`].
    pub(super) scope: &'a str,
    /// What an item is known by.
    pub(super) key: fn(&T) -> K,
}

impl<T, K: ToString + FromStr> Slice<'_, T, K> {
    /// The page that a request asks for, and the token of the next one. `after` tells whether a key comes after the
    /// last one shown; that one need not be there any more.
    ///
    /// # Errors
    /// `InvalidToken`, or the store is not available.
    pub(super) async fn cut(
        &self,
        api: &Api,
        input: &Input,
        mut items: Vec<T>,
        after: impl Fn(K, K) -> bool,
    ) -> Result<(Vec<T>, Option<String>), Error> {
        let list = List { scope: self.scope, now: api.now() };
        if let Some(token) = input.text("nextToken") {
            let shown = api.pages.open(api.store(), &list, token).await?;
            let shown = || shown.parse::<K>().map_err(|_| Error::invalid_page_token());
            shown()?;
            items.retain(|item| shown().is_ok_and(|shown| after((self.key)(item), shown)));
        }
        let size = input.page_size();
        let more = items.len() > size;
        items.truncate(size);
        let token = match items.last().map(self.key).filter(|_| more) {
            Some(last) => Some(api.pages.seal(api.store(), &list, &last.to_string()).await?),
            None => None,
        };
        Ok((items, token))
    }
}

impl Pages {
    /// A token for a position in a list.
    ///
    /// # Errors
    /// The store is not available.
    pub(super) async fn seal(
        &self,
        store: &dyn Store,
        list: &List<'_>,
        position: &str,
    ) -> Result<String, Error> {
        let cipher = self.cipher(store).await?;
        let nonce: [u8; NONCE] = random()?;
        let text = format!("{} {position}", list.now.0);
        let payload = Payload { msg: text.as_bytes(), aad: list.scope.as_bytes() };
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Error::internal("a page token could not be made"))?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// The position that a token stands for.
    ///
    /// # Errors
    /// `InvalidToken`, or the store is not available.
    pub(super) async fn open(
        &self,
        store: &dyn Store,
        list: &List<'_>,
        token: &str,
    ) -> Result<String, Error> {
        let cipher = self.cipher(store).await?;
        unseal(cipher, list, token).ok_or_else(Error::invalid_page_token)
    }

    async fn cipher(&self, store: &dyn Store) -> Result<&ChaCha20Poly1305, Error> {
        self.cipher
            .get_or_try_init(|| async {
                let key = key(store).await?;
                Ok(ChaCha20Poly1305::new(&Key::from(key)))
            })
            .await
    }
}

fn unseal(cipher: &ChaCha20Poly1305, list: &List<'_>, token: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
    let payload = Payload { msg: sealed, aad: list.scope.as_bytes() };
    let text = String::from_utf8(cipher.decrypt(&Nonce::from(*nonce), payload).ok()?).ok()?;
    let (made, position) = text.split_once(' ')?;
    let age = list.now.seconds_since(Timestamp(made.parse().ok()?));
    (age <= LIFETIME_SECONDS).then(|| position.to_owned())
}

/// The key of this installation; made by whoever needs it first.
async fn key(store: &dyn Store) -> Result<[u8; KEY], Error> {
    if let Some(key) = stored_key(store).await? {
        return Ok(key);
    }
    let key: [u8; KEY] = random()?;
    let body = serde_json::to_string(&URL_SAFE_NO_PAD.encode(key)).map_err(Error::internal)?;
    if store.put(Kind::Secret, KEY_NAME, body, None).await? {
        return Ok(key);
    }
    stored_key(store).await?.ok_or_else(|| Error::unavailable("the key of page tokens is missing"))
}

async fn stored_key(store: &dyn Store) -> Result<Option<[u8; KEY]>, Error> {
    let Some(item) = store.item(Kind::Secret, KEY_NAME).await? else { return Ok(None) };
    let text: String = serde_json::from_str(&item.body).map_err(Error::internal)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(Error::internal)?;
    bytes.try_into().map(Some).map_err(|_| Error::internal("the key of page tokens is damaged"))
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

const KEY: usize = 32;
const NONCE: usize = 12;
const KEY_NAME: &str = "page-tokens";
const LIFETIME_SECONDS: f64 = 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_opens_and_only_for_its_list_and_a_day() {
        let cipher = ChaCha20Poly1305::new(&Key::from([7; KEY]));
        let nonce = [1; NONCE];
        let made = Timestamp(1_000_000_000_000);
        let payload = Payload { msg: b"1000000000000 here", aad: b"list" };
        let sealed = cipher.encrypt(&Nonce::from(nonce), payload).unwrap();
        let token = URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat());
        let other =
            token.replacen(&token[20..21], if &token[20..21] == "A" { "B" } else { "A" }, 1);
        let table = [
            (token.as_str(), "list", 86_400.0, Some("here")),
            (&token, "list", 86_401.0, None),
            (&token, "another", 1.0, None),
            (&other, "list", 1.0, None),
            (&token[..30], "list", 1.0, None),
            ("InvalidToken", "list", 1.0, None),
            ("", "list", 1.0, None),
        ];
        for (token, scope, age, expected) in table {
            let list = List { scope, now: made.plus_seconds(age) };
            assert_eq!(unseal(&cipher, &list, token).as_deref(), expected, "{scope} {age} {token}");
        }
    }
}
