//! Objects in buckets: what readers and writers of distributed Maps work on. S3, or anything that answers like it; without
//! it, directories of this machine ([`mod@file`]).

pub mod file;
pub mod format;
mod inventory;
mod parquet;
pub mod read;
mod s3;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use s3::S3;

use super::aws::{Settings, endpoint};
use super::sdk::Sdk;

/// Buckets of objects.
#[async_trait]
pub trait Objects: Send + Sync {
    /// Objects of a bucket whose keys begin with `prefix`, in order of key: the page that `next` of the page before names.
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        next: Option<&str>,
    ) -> Result<Listing, Refused>;

    /// The bytes of an object, from the first to the last.
    async fn open(&self, object: &Place) -> Result<Box<dyn Body>, Refused>;

    /// How many bytes an object has.
    async fn size(&self, object: &Place) -> Result<u64, Refused>;

    /// `length` bytes of an object, from the byte at `from` on.
    async fn range(&self, object: &Place, from: u64, length: u64) -> Result<Bytes, Refused>;

    /// Writes an object.
    async fn put(&self, bucket: &str, key: &str, bytes: Bytes) -> Result<(), Refused>;
}

/// The bytes of an object, as they come.
#[async_trait]
pub trait Body: Send {
    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Refused>;

    /// Another one when the object is another (`ETag`); `None` where that cannot be told.
    fn tag(&self) -> Option<&str> {
        None
    }
}

/// Which object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Bucket.
    pub bucket: String,
    /// Key.
    pub key: String,
    /// Version, if not the current one.
    pub version: Option<String>,
    /// Account that has to own the bucket.
    pub owner: Option<String>,
}

impl Place {
    /// The current version of an object.
    pub fn new(bucket: &str, key: &str) -> Place {
        Place { bucket: bucket.to_owned(), key: key.to_owned(), ..Place::default() }
    }
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Objects.
    pub objects: Vec<Listed>,
    /// What asks for the next page, if there is one.
    pub next: Option<String>,
}

/// An object on a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// `Etag`, with its quotes.
    pub etag: String,
    /// `Key`
    pub key: String,
    /// `LastModified`, in seconds since 1970.
    pub modified: i64,
    /// `Size` in bytes.
    pub size: u64,
    /// `StorageClass`
    pub class: String,
}

/// Why objects cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// By the service.
    #[error(
        "{message} (Service: Amazon S3; Status Code: {status}; Error Code: {code}; Request ID: {request}; Proxy: null)"
    )]
    Service {
        /// `NoSuchKey` and the like.
        code: String,
        /// What it says about it.
        message: String,
        /// HTTP status.
        status: u16,
        /// Which request it was.
        request: String,
    },
    /// There was no answer, or it broke off; or there are no credentials.
    #[error("{0}")]
    Unreachable(String),
}

impl Refused {
    /// Whether there is no such object. (S3 says so only to whom it may list the bucket.)
    pub(crate) fn is_no_key(&self) -> bool {
        matches!(self, Refused::Service { code, .. } if code == "NoSuchKey")
    }

    pub(super) fn no_key() -> Refused {
        Refused::local("NoSuchKey", "The specified key does not exist.", 404)
    }

    pub(super) fn no_bucket() -> Refused {
        Refused::local("NoSuchBucket", "The specified bucket does not exist", 404)
    }

    fn local(code: &str, message: &str, status: u16) -> Refused {
        let (code, message) = (code.to_owned(), message.to_owned());
        Refused::Service { code, message, status, request: "null".to_owned() }
    }
}

/// The objects of this home: in a directory where one is given and no endpoint is, S3 otherwise.
pub(super) fn open(directory: Option<PathBuf>, sdk: Arc<Sdk>) -> Arc<dyn Objects> {
    local(directory).unwrap_or_else(|| Arc::new(S3::new(sdk)))
}

/// The objects of this machine, if they stand for S3.
pub(super) fn local(directory: Option<PathBuf>) -> Option<Arc<dyn Objects>> {
    let directory = directory.filter(|_| endpoint::of_environment("S3").is_none())?;
    Some(Arc::new(file::Directory::new(directory)))
}

/// The objects of S3, reached like the services that tasks call.
pub(crate) fn s3(settings: Settings) -> Arc<dyn Objects> {
    Arc::new(S3::new(Arc::new(Sdk::new(settings))))
}

/// All bytes of an object.
///
/// # Errors
/// It cannot be had, or not to its end.
pub(crate) async fn whole(objects: &dyn Objects, object: &Place) -> Result<Vec<u8>, Refused> {
    let mut body = objects.open(object).await?;
    let mut bytes = Vec::new();
    while let Some(part) = body.next().await? {
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

/// Nowhere: for homes without objects.
pub struct Nowhere;

#[async_trait]
impl Objects for Nowhere {
    async fn list(&self, _: &str, _: &str, _: Option<&str>) -> Result<Listing, Refused> {
        Err(Refused::no_bucket())
    }

    async fn open(&self, _: &Place) -> Result<Box<dyn Body>, Refused> {
        Err(Refused::no_bucket())
    }

    async fn size(&self, _: &Place) -> Result<u64, Refused> {
        Err(Refused::no_bucket())
    }

    async fn range(&self, _: &Place, _: u64, _: u64) -> Result<Bytes, Refused> {
        Err(Refused::no_bucket())
    }

    async fn put(&self, _: &str, _: &str, _: Bytes) -> Result<(), Refused> {
        Err(Refused::no_bucket())
    }
}
