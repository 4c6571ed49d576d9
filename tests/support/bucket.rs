//! Objects in memory: what is put is there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use stepwright::task::object::{Body, Listing, Nowhere, Objects, Place, Refused};

/// One bucket for all names.
#[derive(Clone, Default)]
pub(crate) struct Bucket(Arc<Mutex<BTreeMap<String, Bytes>>>);

impl Bucket {
    /// Keys and contents, in order of key.
    pub(crate) fn all(&self) -> BTreeMap<String, Bytes> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Objects for Bucket {
    async fn list(&self, bucket: &str, prefix: &str, _: Option<&str>) -> Result<Listing, Refused> {
        Nowhere.list(bucket, prefix, None).await
    }

    async fn open(&self, object: &Place) -> Result<Box<dyn Body>, Refused> {
        Nowhere.open(object).await
    }

    async fn size(&self, object: &Place) -> Result<u64, Refused> {
        Nowhere.size(object).await
    }

    async fn range(&self, object: &Place, from: u64, length: u64) -> Result<Bytes, Refused> {
        Nowhere.range(object, from, length).await
    }

    async fn put(&self, _: &str, key: &str, bytes: Bytes) -> Result<(), Refused> {
        self.0.lock().unwrap().insert(key.to_owned(), bytes);
        Ok(())
    }
}
