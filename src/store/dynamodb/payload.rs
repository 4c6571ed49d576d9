//! Texts as they lie in items: as they are while they are short, compressed when that saves something, and in a bucket,
//! named by a hash of what they are, when they are so long that writing them there is cheaper.

use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use super::attribute::{Attributes, binary, damaged, string, text_if_any};
use crate::store::Error;

/// Where payloads go that are too large for an item: a bucket.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Writes an object. Writing it twice with the same content is harmless.
    ///
    /// # Errors
    /// What went wrong; trying again later is right.
    async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), String>;

    /// Reads an object; `None` if there is none.
    ///
    /// # Errors
    /// What went wrong; trying again later is right.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String>;
}

/// Writes and reads texts.
#[derive(Clone, Default)]
pub(super) struct Payloads {
    pub(super) blobs: Option<Arc<dyn Blobs>>,
}

impl Payloads {
    /// Puts a text into an item. Objects in the bucket lie under `owner`.
    pub(super) async fn put(
        &self,
        item: &mut Attributes,
        owner: &str,
        text: &str,
    ) -> Result<(), Error> {
        if text.len() <= SHORT {
            item.insert(TEXT.to_owned(), string(text));
            return Ok(());
        }
        let compressed = zstd::bulk::compress(text.as_bytes(), LEVEL)
            .map_err(|error| Error::Unavailable(format!("compressing: {error}")))?;
        match &self.blobs {
            Some(blobs) if compressed.len() > CLAIM_CHECK => {
                let key = format!("x/{owner}/{}", hash(text));
                blobs.put(&key, compressed).await.map_err(Error::Unavailable)?;
                item.insert(OBJECT.to_owned(), string(key));
            }
            _ if compressed.len() > LARGEST => {
                return Err(Error::TooLarge(format!(
                    "{} bytes of data, {} compressed, are more than the {LARGEST} that fit into a DynamoDB item; with \
                     a bucket for payloads they would be stored there",
                    text.len(),
                    compressed.len(),
                )));
            }
            _ if compressed.len() < text.len() => {
                item.insert(COMPRESSED.to_owned(), binary(compressed));
            }
            _ => {
                item.insert(TEXT.to_owned(), string(text));
            }
        }
        Ok(())
    }

    /// The text that an item holds.
    pub(super) async fn read(&self, item: &Attributes) -> Result<String, Error> {
        if let Some(text) = text_if_any(item, TEXT)? {
            return Ok(text.to_owned());
        }
        if let Some(value) = item.get(COMPRESSED) {
            let bytes = value.as_b().map_err(|_| damaged(item, COMPRESSED))?;
            return decompressed(bytes.as_ref()).ok_or_else(|| damaged(item, COMPRESSED));
        }
        let Some(key) = text_if_any(item, OBJECT)? else { return Err(damaged(item, TEXT)) };
        let Some(blobs) = &self.blobs else {
            let why = format!("it is in object {key}, but there is no bucket for payloads");
            return Err(Error::Unavailable(why));
        };
        let object = blobs.get(key).await.map_err(Error::Unavailable)?;
        let object = object.ok_or_else(|| Error::Damaged(format!("there is no object {key}")))?;
        decompressed(&object).ok_or_else(|| Error::Damaged(format!("object {key}")))
    }
}

/// Names a text by what it is.
pub(super) fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn decompressed(bytes: &[u8]) -> Option<String> {
    let text = zstd::stream::decode_all(bytes).ok()?;
    String::from_utf8(text).ok()
}

/// Attributes of which an item has one.
const TEXT: &str = "b";
const COMPRESSED: &str = "z";
const OBJECT: &str = "o";

/// Up to so many bytes a text is left as it is: with its keys it is still within a write unit of 1 KB.
const SHORT: usize = 900;

/// From so many compressed bytes on, writing to S3 ($5.00 a million) is cheaper than eight write units.
const CLAIM_CHECK: usize = 8 * 1024;

/// What fits into an item of 400 KB besides its keys.
const LARGEST: usize = 400 * 1024 - 2048;

/// Of zstd.
const LEVEL: i32 = 3;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Bucket(Mutex<HashMap<String, Vec<u8>>>);

    #[async_trait]
    impl Blobs for Bucket {
        async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), String> {
            self.0.lock().unwrap().insert(key.to_owned(), body);
            Ok(())
        }

        async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
            Ok(self.0.lock().unwrap().get(key).cloned())
        }
    }

    /// Text that cannot be compressed to less than three quarters.
    fn noise(bytes: usize) -> String {
        let mut state = 1u64;
        let letters = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b' ' + (state >> 58) as u8)
        });
        letters.take(bytes).collect()
    }

    #[tokio::test]
    async fn a_text_lies_where_it_is_cheapest_and_comes_back_as_it_was() {
        let alone = Payloads::default();
        let bucket = Arc::new(Bucket::default());
        let with_bucket = Payloads { blobs: Some(bucket.clone()) };
        let table = [
            ("\"short\"".to_owned(), TEXT, TEXT),
            ("x".repeat(SHORT), TEXT, TEXT),
            ("x".repeat(SHORT + 1), COMPRESSED, COMPRESSED),
            ("x".repeat(9_000_000), COMPRESSED, COMPRESSED),
            (noise(10_000), COMPRESSED, COMPRESSED),
            (noise(20_000), COMPRESSED, OBJECT),
            (noise(400_000), COMPRESSED, OBJECT),
        ];
        for (text, expected, expected_with_bucket) in table {
            for (payloads, expected) in [(&alone, expected), (&with_bucket, expected_with_bucket)] {
                let mut item = Attributes::new();
                payloads.put(&mut item, "e.0", &text).await.unwrap();
                assert_eq!(item.keys().collect::<Vec<_>>(), [expected], "{} bytes", text.len());
                assert_eq!(payloads.read(&item).await.unwrap(), text);
            }
        }
        assert!(bucket.0.lock().unwrap().keys().all(|key| key.starts_with("x/e.0/")));
    }

    #[tokio::test]
    async fn what_does_not_fit_is_refused_with_the_way_out() {
        let mut item = Attributes::new();
        let refused = Payloads::default().put(&mut item, "e.0", &noise(600_000)).await.unwrap_err();
        assert!(matches!(refused, Error::TooLarge(_)));
        assert!(
            refused.to_string().ends_with("with a bucket for payloads they would be stored there")
        );
    }

    #[tokio::test]
    async fn damage_is_told() {
        let payloads = Payloads::default();
        let mut item = Attributes::new();
        assert!(matches!(payloads.read(&item).await, Err(Error::Damaged(_))));
        item.insert(COMPRESSED.to_owned(), binary(vec![1, 2, 3]));
        assert!(matches!(payloads.read(&item).await, Err(Error::Damaged(_))));
        let item = Attributes::from([(OBJECT.to_owned(), string("x/gone"))]);
        assert!(matches!(payloads.read(&item).await, Err(Error::Unavailable(_))));
        let with_bucket = Payloads { blobs: Some(Arc::new(Bucket::default())) };
        assert!(matches!(with_bucket.read(&item).await, Err(Error::Damaged(_))));
    }
}
