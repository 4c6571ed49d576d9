//! Access keys of a deployed installation: in the registry, secrets sealed with a key that lies there too. Who may read the
//! table may sign; sealing keeps secrets out of exports and logs that show items. Whoever IAM lets call the `api` function
//! makes and deletes keys:
//!
//! ```text
//! aws lambda invoke --function-name STACK-api --cli-binary-format raw-in-base64-out --payload '{"keys": "create", "name": "laptop"}' /dev/stdout
//! ```

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::world::unavailable;
use super::{Failed, failure};
use crate::api::Error;
use crate::api::auth::{Keys, Refusal, Secret};
use crate::local::clock::SystemClock;
use crate::local::keys::{Sealer, draw};
use crate::store::{self, Kind, Store};
use crate::turn::Clock as _;

/// What to do about keys.
#[derive(Debug, Deserialize)]
#[serde(tag = "keys", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Action {
    /// Make one; its secret is told this once.
    Create {
        #[serde(default)]
        name: String,
    },
    /// Tell ids, names and dates.
    List {},
    /// Delete one: refused from the next request on.
    Delete { id: String },
}

/// The keys in the registry. Each request reads the key that it names: a deleted key opens nothing any more.
pub(super) struct RegistryKeys {
    store: Arc<dyn Store>,
    /// The keys that requests under way have named.
    seen: Mutex<BTreeMap<String, Option<Secret>>>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    name: String,
    created: String,
    secret: String,
}

impl RegistryKeys {
    pub(super) fn of(store: Arc<dyn Store>) -> RegistryKeys {
        RegistryKeys { store, seen: Mutex::default() }
    }

    /// Looks up the key that an `Authorization` header names, so that the signature can be verified.
    ///
    /// # Errors
    /// The registry cannot be read. Nobody is let in then.
    pub(super) async fn prepare(&self, authorization: Option<&str>) -> Result<(), Error> {
        let Some(id) = authorization.and_then(named) else { return Ok(()) };
        let secret = self
            .find(id)
            .await
            .map_err(|error| Error::from(Refusal::Unavailable(error.to_string())))?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clear();
        seen.insert(id.to_owned(), secret);
        Ok(())
    }

    /// Does what was asked for.
    ///
    /// # Errors
    /// The registry is not available, or there is no such key.
    pub(super) async fn act(&self, action: Action) -> Result<Value, Failed> {
        match action {
            Action::Create { name } => self.create(&name).await,
            Action::List {} => self.list().await,
            Action::Delete { id } => self.delete(&id).await,
        }
    }

    async fn create(&self, name: &str) -> Result<Value, Failed> {
        let sealer = self.sealer().await.map_err(unavailable)?;
        let (id, secret) = draw().map_err(unavailable)?;
        let sealed =
            sealer.close(&id, &secret).ok_or_else(|| unavailable("the secret cannot be sealed"))?;
        let created = SystemClock::default().now().to_string();
        let body = Stored { name: name.to_owned(), created, secret: sealed };
        let body = serde_json::to_string(&body).map_err(unavailable)?;
        if !self.store.put(Kind::Secret, &item(&id), body, None).await.map_err(unavailable)? {
            return Err(unavailable("the key's id is taken"));
        }
        Ok(json!({"accessKeyId": id, "secretAccessKey": secret.reveal()}))
    }

    async fn list(&self) -> Result<Value, Failed> {
        let mut keys = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self
                .store
                .items(Kind::Secret, PREFIX, after.as_deref(), PAGE)
                .await
                .map_err(unavailable)?;
            let Some((last, _)) = page.last() else { return Ok(json!({ "keys": keys })) };
            after = Some(last.clone());
            for (key, item) in &page {
                let stored: Stored = serde_json::from_str(&item.body).map_err(unavailable)?;
                let id = key.strip_prefix(PREFIX).unwrap_or(key);
                keys.push(
                    json!({"accessKeyId": id, "name": stored.name, "created": stored.created}),
                );
            }
        }
    }

    async fn delete(&self, id: &str) -> Result<Value, Failed> {
        let key = item(id);
        while let Some(found) = self.store.item(Kind::Secret, &key).await.map_err(unavailable)? {
            if self.store.remove(Kind::Secret, &key, found.version).await.map_err(unavailable)? {
                return Ok(json!({"deleted": id}));
            }
        }
        Err(failure("Stepwright.NoSuchKey", format!("there is no access key {id}")))
    }

    async fn find(&self, id: &str) -> Result<Option<Secret>, store::Error> {
        let Some(found) = self.store.item(Kind::Secret, &item(id)).await? else { return Ok(None) };
        let damaged = || store::Error::Damaged(format!("the access key {id}"));
        let stored: Stored = serde_json::from_str(&found.body).map_err(|_| damaged())?;
        Ok(Some(self.sealer().await?.open(id, &stored.secret).ok_or_else(damaged)?))
    }

    /// The installation's seal, made on first use.
    async fn sealer(&self) -> Result<Sealer, store::Error> {
        loop {
            if let Some(found) = self.store.item(Kind::Secret, SEAL).await? {
                let key = STANDARD_NO_PAD.decode(found.body.trim_matches('"')).ok();
                let key: Option<[u8; 32]> = key.and_then(|key| key.try_into().ok());
                return key
                    .map(Sealer::of)
                    .ok_or_else(|| store::Error::Damaged("the seal of access keys".into()));
            }
            let mut key = [0; 32];
            getrandom::fill(&mut key)
                .map_err(|error| store::Error::Unavailable(error.to_string()))?;
            let body = format!("\"{}\"", STANDARD_NO_PAD.encode(key));
            self.store.put(Kind::Secret, SEAL, body, None).await?;
        }
    }
}

impl Keys for RegistryKeys {
    fn secret(&self, id: &str) -> Result<Option<Secret>, Refusal> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(seen.get(id).cloned().flatten())
    }
}

/// The access key id in `AWS4-HMAC-SHA256 Credential=ID/…`.
fn named(authorization: &str) -> Option<&str> {
    let (_, rest) = authorization.split_once("Credential=")?;
    let id = rest.split('/').next()?;
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (plain && (1..=128).contains(&id.len())).then_some(id)
}

fn item(id: &str) -> String {
    format!("{PREFIX}{id}")
}

const PREFIX: &str = "access-key/";
const SEAL: &str = "seal-of-access-keys";
const PAGE: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    #[tokio::test]
    async fn a_key_opens_until_it_is_deleted() {
        let keys = RegistryKeys::of(Arc::new(MemoryStore::new()));
        let made = keys.act(Action::Create { name: "laptop".into() }).await.unwrap();
        let id = made["accessKeyId"].as_str().unwrap();
        let header =
            format!("AWS4-HMAC-SHA256 Credential={id}/20260101/us-east-1/states/aws4_request, …");
        keys.prepare(Some(&header)).await.unwrap();
        let secret = keys.secret(id).unwrap().unwrap();
        assert_eq!(Some(secret.reveal()), made["secretAccessKey"].as_str());
        let listed = keys.act(Action::List {}).await.unwrap();
        assert_eq!(listed["keys"][0]["name"], "laptop");
        assert!(!listed.to_string().contains(secret.reveal()), "a list shows no secrets");
        keys.act(Action::Delete { id: id.to_owned() }).await.unwrap();
        keys.prepare(Some(&header)).await.unwrap();
        assert_eq!(keys.secret(id), Ok(None));
        assert!(keys.act(Action::Delete { id: id.to_owned() }).await.is_err());
    }

    #[test]
    fn only_a_plain_id_is_looked_up() {
        let table = [
            ("AWS4-HMAC-SHA256 Credential=SWAK1/2026/x", Some("SWAK1")),
            ("AWS4-HMAC-SHA256 Credential=a b/2026", None),
            ("AWS4-HMAC-SHA256 Credential=/2026", None),
            ("Bearer x", None),
        ];
        for (header, expected) in table {
            assert_eq!(named(header), expected, "{header}");
        }
    }
}
