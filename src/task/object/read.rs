//! Reading the items of an ItemReader from objects, a few at a time, whatever they are kept in (AWS: ItemReader).
//!
//! | what | items |
//! |---|---|
//! | `listObjectsV2` | the objects of the list; with `LOAD_AND_FLATTEN` the items in each of them |
//! | `getObject` | the items in the object: JSON, JSON lines, CSV, Parquet |
//! | `getObject` with a manifest | the items in the objects that the manifest names |

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use stepwright_core::engine::reader::{Decoder, Entry};
use stepwright_core::expr::Value;

use super::format::Unpacking;
use super::{Body, Listed, Objects, Place, inventory, parquet};

/// Who takes items.
#[async_trait]
pub trait Sink: Send {
    /// Takes items; whether there may be more.
    async fn take(&mut self, items: Vec<Entry>, from: &Origin) -> bool;
}

/// Where items come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// Where a child execution is told that they come from.
    pub source: String,
    /// The place of the first of them.
    pub mark: Mark,
}

/// A place in what is read, before an item: reading can go on from there. Items are told apart by what cannot shift while
/// others come and go: in a list by key, in an object by number, as long as it is the same object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Which page of a list.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    /// Listed objects up to this key are done.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// Which state of the manifest.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    manifest: Option<String>,
    /// Which file of it.
    #[serde(rename = "f", default)]
    file: usize,
    /// Which state of the object.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    /// How many items of the object come before.
    #[serde(rename = "i", default)]
    items: u64,
    /// Whether the items are listed objects.
    #[serde(skip)]
    listed: bool,
}

impl Mark {
    /// The place after an item that has this place.
    #[must_use]
    pub fn past(&self, item: &Entry) -> Mark {
        let key = item.1.get("Key").and_then(Value::as_str).filter(|_| self.listed);
        match key {
            Some(key) => Mark { after: Some(key.to_owned()), ..self.clone() },
            None => Mark { items: self.items + 1, ..self.clone() },
        }
    }

    /// How many items of an object come before.
    pub fn items(&self) -> u64 {
        self.items
    }
}

/// Reads the items of a reader that was computed, from a place on.
///
/// # Errors
/// Why they cannot be read; so if what was begun is not the same any more.
pub async fn items(
    objects: &Arc<dyn Objects>,
    reader: &Value,
    from: Mark,
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
        return reading.list((bucket, argument("Prefix").unwrap_or_default()), from, sink).await;
    }
    let key = argument("Key").ok_or("The ItemReader names no Key.")?;
    let object = Place {
        version: argument("VersionId").map(str::to_owned),
        owner: argument("ExpectedBucketOwner").map(str::to_owned),
        ..Place::new(bucket, key)
    };
    match (word(config, "InputType"), word(config, "ManifestType")) {
        (_, Some("ATHENA_DATA")) => reading.athena(&object, from, sink).await,
        (Some("MANIFEST"), _) | (_, Some("S3_INVENTORY")) => {
            reading.inventory(&object, from, sink).await
        }
        _ => reading.object(&object, from, sink).await.map(drop),
    }
}

struct Reading<'a> {
    objects: &'a Arc<dyn Objects>,
    config: &'a Value,
}

impl Reading<'_> {
    async fn list(
        &self,
        (bucket, prefix): (&str, &str),
        from: Mark,
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        let load = word(self.config, "Transformation") == Some("LOAD_AND_FLATTEN");
        let mut mark = Mark { listed: !load, ..from };
        loop {
            let page = self.objects.list(bucket, prefix, mark.page.as_deref()).await?;
            let after = mark.after.clone();
            let fresh = |listed: &&Listed| after.as_deref().is_none_or(|key| &*listed.key > key);
            let listed = page.objects.iter().filter(fresh);
            if load {
                // What stands for a folder holds nothing.
                for listed in listed.filter(|listed| listed.size > 0) {
                    let place = Place::new(bucket, &listed.key);
                    if !self.object(&place, mark.clone(), sink).await? {
                        return Ok(());
                    }
                    mark = Mark { after: Some(listed.key.clone()), page: mark.page, ..BEGINNING };
                }
            } else {
                let items = listed.map(|listed| (None, item(listed))).collect();
                let origin = Origin { source: format!("S3://{bucket}"), mark: mark.clone() };
                if !sink.take(items, &origin).await {
                    return Ok(());
                }
            }
            mark.page = page.next;
            if mark.page.is_none() {
                return Ok(());
            }
        }
    }

    /// The items in one object; whether there may be more.
    async fn object(
        &self,
        object: &Place,
        from: Mark,
        sink: &mut dyn Sink,
    ) -> Result<bool, String> {
        let source = format!("S3://{}/{}", object.bucket, object.key);
        let skip = from.items;
        let mut feed =
            Feed { sink, skip, origin: Origin { source, mark: Mark { items: 0, ..from } } };
        if word(self.config, "InputType") == Some("PARQUET") {
            // It is read in ranges, which do not say of what; who opens it is told.
            feed.is_of(self.objects.open(object).await?.tag())?;
            let mut rows = parquet::rows(self.objects.clone(), object.clone()).await?;
            while let Some(rows) = rows.recv().await {
                let items = rows?.into_iter().map(|row| (None, row)).collect();
                if !feed.take(items).await {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let mut decoder = Decoder::of(self.config);
        let mut unpacking = Unpacking::of(&object.key)?;
        let mut body = self.objects.open(object).await?;
        feed.is_of(body.tag())?;
        while let Some(bytes) = body.next().await? {
            for piece in bytes.chunks(unpacking.piece()) {
                let plain = unpacking.feed(piece)?;
                let mut rest = &*plain;
                while !rest.is_empty() {
                    let (bite, after) = rest.split_at(decoder.bite().min(rest.len()));
                    rest = after;
                    let items = decoder.feed(bite)?;
                    if !feed.take(items).await {
                        return Ok(false);
                    }
                }
            }
        }
        let mut items = decoder.feed(&unpacking.finish()?)?;
        items.extend(decoder.finish()?);
        Ok(feed.take(items).await)
    }

    async fn inventory(
        &self,
        manifest: &Place,
        from: Mark,
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        let (text, from) = self.manifest(manifest, from).await?;
        let manifest =
            Value::parse(&text).map_err(|error| format!("The manifest is no JSON: {error}"))?;
        let (files, config) = inventory::inventory(&manifest)?;
        let reading = Reading { objects: self.objects, config: &config };
        reading.files(files.into_iter().map(Ok), from, sink).await
    }

    async fn athena(
        &self,
        manifest: &Place,
        from: Mark,
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        let (text, from) = self.manifest(manifest, from).await?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        self.files(lines.map(inventory::location), from, sink).await
    }

    /// The items in the files of a manifest.
    async fn files(
        &self,
        files: impl Iterator<Item = Result<Place, String>> + Send,
        from: Mark,
        sink: &mut dyn Sink,
    ) -> Result<(), String> {
        let (mut mark, manifest) = (from.clone(), from.manifest);
        for (number, file) in files.enumerate().skip(from.file) {
            mark = Mark { file: number, ..mark };
            if !self.object(&file?, mark, sink).await? {
                return Ok(());
            }
            mark = Mark { manifest: manifest.clone(), ..BEGINNING };
        }
        Ok(())
    }

    /// A manifest, and from where on its files are to be read: they are told apart by number, so it must not change.
    async fn manifest(&self, object: &Place, from: Mark) -> Result<(String, Mark), String> {
        let mut body = self.objects.open(object).await?;
        let manifest = body.tag().map(str::to_owned);
        if from.manifest.is_some() && from.manifest != manifest {
            let Place { bucket, key, .. } = object;
            return Err(format!("S3://{bucket}/{key} was changed while it was being read."));
        }
        Ok((self.whole(object, &mut *body).await?, Mark { manifest, ..from }))
    }

    /// The text of a manifest: a list of files, hence small.
    async fn whole(&self, object: &Place, body: &mut dyn Body) -> Result<String, String> {
        let mut unpacking = Unpacking::of(&object.key)?;
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

/// Hands the items of one object on, but for those that were taken before.
struct Feed<'a> {
    sink: &'a mut dyn Sink,
    origin: Origin,
    skip: u64,
}

impl Feed<'_> {
    /// The object is the one that was begun, or nothing of it was taken yet.
    fn is_of(&mut self, tag: Option<&str>) -> Result<(), String> {
        let begun = self.origin.mark.tag.as_deref().filter(|_| self.skip > 0);
        if begun.is_some_and(|begun| tag.is_some_and(|tag| tag != begun)) {
            return Err(format!("{} was changed while it was being read.", self.origin.source));
        }
        self.origin.mark.tag = tag.map(str::to_owned);
        Ok(())
    }

    /// Hands items on; whether there may be more.
    async fn take(&mut self, mut items: Vec<Entry>) -> bool {
        let known = usize::try_from(self.skip).unwrap_or(usize::MAX).min(items.len());
        items.drain(..known);
        self.skip -= known as u64;
        self.origin.mark.items += known as u64;
        if items.is_empty() {
            return true;
        }
        let count = items.len() as u64;
        let more = self.sink.take(items, &self.origin).await;
        self.origin.mark.items += count;
        more
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

const BEGINNING: Mark =
    Mark { page: None, after: None, manifest: None, file: 0, tag: None, items: 0, listed: false };
const LARGEST_MANIFEST: usize = 64 << 20;
