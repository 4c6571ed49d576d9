//! Buckets as directories of this machine: `DIRECTORY/BUCKET/KEY`. A key leads nowhere outside of its bucket.

use std::fs::Metadata;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};

use super::{Body, Listed, Listing, Objects, Place, Refused};

/// A directory of buckets.
pub struct Directory {
    root: PathBuf,
}

impl Directory {
    /// Nothing has to be there yet.
    pub fn new(root: PathBuf) -> Directory {
        Directory { root }
    }

    fn bucket(&self, bucket: &str) -> Result<PathBuf, Refused> {
        below(&self.root, bucket).filter(|path| path.is_dir()).ok_or_else(Refused::no_bucket)
    }

    fn object(&self, object: &Place) -> Result<PathBuf, Refused> {
        let bucket = self.bucket(&object.bucket)?;
        below(&bucket, &object.key).ok_or_else(Refused::no_key)
    }

    async fn file(&self, object: &Place) -> Result<tokio::fs::File, Refused> {
        let path = self.object(object)?;
        if path.is_dir() {
            return Err(Refused::no_key());
        }
        tokio::fs::File::open(path).await.map_err(|error| refused(&error))
    }
}

#[async_trait]
impl Objects for Directory {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        next: Option<&str>,
    ) -> Result<Listing, Refused> {
        let root = self.bucket(bucket)?;
        let (prefix, after) = (prefix.to_owned(), next.unwrap_or_default().to_owned());
        let page = move || page(&root, &prefix, &after).map_err(|error| refused(&error));
        let done = tokio::task::spawn_blocking(page).await;
        done.unwrap_or_else(|lost| Err(Refused::Unreachable(lost.to_string())))
    }

    async fn open(&self, object: &Place) -> Result<Box<dyn Body>, Refused> {
        let file = self.file(object).await?;
        let metadata = file.metadata().await.map_err(|error| refused(&error))?;
        Ok(Box::new(FileBody { file, tag: tag(&object.key, &metadata) }))
    }

    async fn size(&self, object: &Place) -> Result<u64, Refused> {
        let metadata = self.file(object).await?.metadata().await;
        metadata.map(|metadata| metadata.len()).map_err(|error| refused(&error))
    }

    async fn range(&self, object: &Place, from: u64, length: u64) -> Result<Bytes, Refused> {
        let mut file = self.file(object).await?;
        let read = async {
            file.seek(SeekFrom::Start(from)).await?;
            let mut bytes = Vec::new();
            file.take(length).read_to_end(&mut bytes).await?;
            Ok(Bytes::from(bytes))
        };
        read.await.map_err(|error: io::Error| refused(&error))
    }

    async fn put(&self, bucket: &str, key: &str, bytes: Bytes) -> Result<(), Refused> {
        let path = below(&self.bucket(bucket)?, key).ok_or_else(Refused::no_key)?;
        let write = async {
            if let Some(folder) = path.parent() {
                tokio::fs::create_dir_all(folder).await?;
            }
            // Readers see the whole object or none.
            let draft = path.with_extension(format!("{}.part", uuid::Uuid::new_v4()));
            tokio::fs::write(&draft, &bytes).await?;
            tokio::fs::rename(&draft, &path).await
        };
        write.await.map_err(|error| refused(&error))
    }
}

/// The path of a key below a directory; `None` if it would lead out of it.
fn below(root: &Path, key: &str) -> Option<PathBuf> {
    let relative = Path::new(key);
    let inside = relative.components().all(|part| matches!(part, Component::Normal(_)));
    (inside && !key.is_empty()).then(|| root.join(relative))
}

/// The first keys after `after`. All keys are looked at, but only those of the page are kept.
fn page(root: &Path, prefix: &str, after: &str) -> io::Result<Listing> {
    let mut keys: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let Some(key) = path.strip_prefix(root).ok().and_then(Path::to_str) else { continue };
            if path.is_dir() {
                folders.push(path);
            } else if key.starts_with(prefix) && key > after {
                keys.insert(key.to_owned());
                if keys.len() > PAGE + 1 {
                    keys.pop_last();
                }
            }
        }
    }
    let more = keys.len() > PAGE;
    if more {
        keys.pop_last();
    }
    let next = keys.last().filter(|_| more).cloned();
    let objects = keys.into_iter().map(|key| listed(root, key)).collect::<io::Result<_>>()?;
    Ok(Listing { objects, next })
}

fn listed(root: &Path, key: String) -> io::Result<Listed> {
    let metadata = root.join(&key).metadata()?;
    let modified = modified(&metadata);
    Ok(Listed {
        etag: tag(&key, &metadata),
        key,
        modified: i64::try_from(modified.as_secs()).unwrap_or_default(),
        size: metadata.len(),
        class: "STANDARD".to_owned(),
    })
}

/// No hash of the content, which would have to be read for it; but another one when the content is another.
fn tag(key: &str, metadata: &Metadata) -> String {
    let mark = format!("{key} {} {}", metadata.len(), modified(metadata).as_nanos());
    let hash = Sha256::digest(mark);
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

fn modified(metadata: &Metadata) -> Duration {
    let at = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    at.unwrap_or_default()
}

fn refused(error: &io::Error) -> Refused {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            Refused::no_key()
        }
        _ => Refused::Unreachable(error.to_string()),
    }
}

struct FileBody {
    file: tokio::fs::File,
    tag: String,
}

#[async_trait]
impl Body for FileBody {
    fn tag(&self) -> Option<&str> {
        Some(&self.tag)
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Refused> {
        let mut bytes = Vec::with_capacity(PIECE);
        let read = (&mut self.file).take(PIECE as u64).read_to_end(&mut bytes).await;
        read.map_err(|error| refused(&error))?;
        Ok(if bytes.is_empty() { None } else { Some(bytes.into()) })
    }
}

/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;
/// Objects of one page.
const PAGE: usize = 1_000;
