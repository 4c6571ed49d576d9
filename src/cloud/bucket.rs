//! Large payloads in a bucket: above some kilobytes S3 is cheaper than DynamoDB.

use std::sync::Arc;

use async_trait::async_trait;

use crate::store::dynamodb::Blobs;
use crate::task::object::{Objects, Place, whole};

/// A bucket.
pub(super) struct Bucket {
    objects: Arc<dyn Objects>,
    name: String,
}

impl Bucket {
    /// The bucket of this name.
    pub(super) fn named(name: &str, objects: Arc<dyn Objects>) -> Bucket {
        Bucket { objects, name: name.to_owned() }
    }
}

#[async_trait]
impl Blobs for Bucket {
    async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), String> {
        let put = self.objects.put(&self.name, key, body.into()).await;
        put.map_err(|refused| format!("s3://{}/{key}: {refused}", self.name))
    }

    /// S3 answers 403 for what is not there to whoever may not list the bucket (`s3:ListBucket`); the functions may.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        match whole(&*self.objects, &Place::new(&self.name, key)).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(refused) if refused.is_no_key() => Ok(None),
            Err(refused) => Err(format!("s3://{}/{key}: {refused}", self.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::object::file::Directory;

    #[tokio::test]
    async fn payloads_come_back_byte_for_byte_and_what_is_missing_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("payloads")).unwrap();
        let objects: Arc<dyn Objects> = Arc::new(Directory::new(folder.path().to_owned()));
        let bucket = Bucket::named("payloads", objects.clone());
        let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        bucket.put("x/e.0/hash", bytes.clone()).await.unwrap();
        assert_eq!(bucket.get("x/e.0/hash").await.unwrap(), Some(bytes));
        assert_eq!(bucket.get("x/e.0/other").await.unwrap(), None);
        let nowhere = Bucket::named("nowhere", objects);
        let why = nowhere.get("x/e.0/hash").await.unwrap_err();
        assert!(why.contains("s3://nowhere/x/e.0/hash") && why.contains("NoSuchBucket"), "{why}");
    }
}
