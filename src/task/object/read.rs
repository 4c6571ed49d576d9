//! Reading the items of an ItemReader from objects, a few at a time, whatever they are kept in (AWS: ItemReader).
//!
//! | what | items |
//! |---|---|
//! | `listObjectsV2` | the objects of the list; with `LOAD_AND_FLATTEN` the items in each of them |
//! | `getObject` | the items in the object: JSON, JSON lines, CSV, Parquet |
//! | `getObject` with a manifest | the items in the objects that the manifest names |

use std::sync::Arc;

use async_trait::async_trait;
use stepwright_core::engine::reader::{Decoder, Entry};
use stepwright_core::expr::Value;

use super::format::Unpacking;
use super::{Listed, Objects, Place, inventory, parquet};

/// Who takes items.
#[async_trait]
pub trait Sink: Send {
    /// Takes items that come from `source`; whether there may be more.
    async fn take(&mut self, items: Vec<Entry>, source: &str) -> bool;
}

/// Reads the items of a reader that was computed.
///
/// # Errors
/// Why they cannot be read.
pub async fn items(
    objects: &Arc<dyn Objects>,
    reader: &Value,
    sink: &mut dyn Sink,
) -> Result<(), String> {
    let arguments = reader.get("Parameters").or_else(|| reader.get("Arguments"));
    let argument = |field: &str| arguments.and_then(|arguments| arguments.get(field)?.as_str());
    let bucket = argument("Bucket").ok_or("The ItemReader names no Bucket.")?;
    let none = Value::Null;
    let config = reader.get("ReaderConfig").unwrap_or(&none);
    let reading = Reading { objects, config };
    let resource = reader.get("Resource").and_then(Value::as_str).unwrap_or_default();
    if resource.ends_with(":listObjectsV2") {
        return reading.list(bucket, argument("Prefix").unwrap_or_default(), sink).await;
    }
    let key = argument("Key").ok_or("The ItemReader names no Key.")?;
    let object = Place {
        version: argument("VersionId").map(str::to_owned),
        owner: argument("ExpectedBucketOwner").map(str::to_owned),
        ..Place::new(bucket, key)
    };
    match (word(config, "InputType"), word(config, "ManifestType")) {
        (_, Some("ATHENA_DATA")) => reading.athena(&object, sink).await,
        (Some("MANIFEST"), _) | (_, Some("S3_INVENTORY")) => reading.inventory(&object, sink).await,
        _ => reading.object(&object, sink).await.map(drop),
    }
}

struct Reading<'a> {
    objects: &'a Arc<dyn Objects>,
    config: &'a Value,
}

impl Reading<'_> {
    async fn list(&self, bucket: &str, prefix: &str, sink: &mut dyn Sink) -> Result<(), String> {
        let load = word(self.config, "Transformation") == Some("LOAD_AND_FLATTEN");
        let source = format!("S3://{bucket}");
        let mut next: Option<String> = None;
        loop {
            let page = self.objects.list(bucket, prefix, next.as_deref()).await?;
            if load {
                // What stands for a folder holds nothing.
                for listed in page.objects.iter().filter(|listed| listed.size > 0) {
                    if !self.object(&Place::new(bucket, &listed.key), sink).await? {
                        return Ok(());
                    }
                }
            } else {
                let items = page.objects.iter().map(|listed| (None, item(listed))).collect();
                if !sink.take(items, &source).await {
                    return Ok(());
                }
            }
            next = page.next;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// The items in one object; whether there may be more.
    async fn object(&self, object: &Place, sink: &mut dyn Sink) -> Result<bool, String> {
        let source = format!("S3://{}/{}", object.bucket, object.key);
        if word(self.config, "InputType") == Some("PARQUET") {
            let mut rows = parquet::rows(self.objects.clone(), object.clone()).await?;
            while let Some(rows) = rows.recv().await {
                let items = rows?.into_iter().map(|row| (None, row)).collect();
                if !sink.take(items, &source).await {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let mut decoder = Decoder::of(self.config);
        let mut unpacking = Unpacking::of(&object.key)?;
        let mut body = self.objects.open(object).await?;
        while let Some(bytes) = body.next().await? {
            for piece in bytes.chunks(unpacking.piece()) {
                let plain = unpacking.feed(piece)?;
                let mut rest = &*plain;
                while !rest.is_empty() {
                    let (bite, after) = rest.split_at(decoder.bite().min(rest.len()));
                    rest = after;
                    let items = decoder.feed(bite)?;
                    if !items.is_empty() && !sink.take(items, &source).await {
                        return Ok(false);
                    }
                }
            }
        }
        let mut items = decoder.feed(&unpacking.finish()?)?;
        items.extend(decoder.finish()?);
        Ok(sink.take(items, &source).await)
    }

    async fn inventory(&self, manifest: &Place, sink: &mut dyn Sink) -> Result<(), String> {
        let text = self.whole(manifest).await?;
        let manifest =
            Value::parse(&text).map_err(|error| format!("The manifest is no JSON: {error}"))?;
        let (files, config) = inventory::inventory(&manifest)?;
        let reading = Reading { objects: self.objects, config: &config };
        for file in files {
            if !reading.object(&file, sink).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn athena(&self, manifest: &Place, sink: &mut dyn Sink) -> Result<(), String> {
        let text = self.whole(manifest).await?;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            if !self.object(&inventory::location(line)?, sink).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A manifest: a list of files, hence small.
    async fn whole(&self, object: &Place) -> Result<String, String> {
        let mut unpacking = Unpacking::of(&object.key)?;
        let mut body = self.objects.open(object).await?;
        let mut whole = Vec::new();
        while let Some(bytes) = body.next().await? {
            for piece in bytes.chunks(unpacking.piece()) {
                whole.extend(unpacking.feed(piece)?);
                if whole.len() > LARGEST_MANIFEST {
                    return Err("The manifest is too large.".to_owned());
                }
            }
        }
        whole.extend(unpacking.finish()?);
        String::from_utf8(whole).map_err(|_| "The manifest is not encoded in UTF-8.".to_owned())
    }
}

fn word<'v>(config: &'v Value, field: &str) -> Option<&'v str> {
    config.get(field).and_then(Value::as_str)
}

/// An object of a list as an item, its members in AWS's order (recorded).
fn item(listed: &Listed) -> Value {
    Value::object([
        ("Etag", Value::from(listed.etag.as_str())),
        ("LastModified", Value::Int(listed.modified)),
        ("Key", Value::from(listed.key.as_str())),
        ("Size", Value::Int(i64::try_from(listed.size).unwrap_or(i64::MAX))),
        ("StorageClass", Value::from(listed.class.as_str())),
    ])
}

const LARGEST_MANIFEST: usize = 64 << 20;
