//! What the client knows of each AWS service: an index in memory, and one service's model when it is first called.
//!
//! `models.bin` is data made by `make.py` beside this file (see `README.md`), which lies here because layout and reader
//! change together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

mod model;
mod read;

pub(super) use model::{
    Kind, Location, Member, Operation, Protocol, Service, Shape, ShapeId, TimeFormat,
};

/// All services by the name that Step Functions gives them.
pub(super) struct Models {
    index: BTreeMap<&'static str, Entry>,
    dictionary: &'static [u8],
    loaded: Mutex<BTreeMap<&'static str, Arc<Service>>>,
}

/// Where a service's model lies.
struct Entry {
    prefix: &'static str,
    block: &'static [u8],
    /// Length after decompression.
    length: usize,
}

impl Models {
    /// The models that came with the build; the index is read once for the process.
    pub(super) fn shared() -> &'static Models {
        static MODELS: OnceLock<Models> = OnceLock::new();
        // The data is part of the build and a test reads all of it; damaged data would know no service.
        MODELS.get_or_init(|| open(DATA).unwrap_or_else(Models::none))
    }

    fn none() -> Models {
        Models { index: BTreeMap::new(), dictionary: &[], loaded: Mutex::default() }
    }

    /// A service, by its name in `aws-sdk:NAME:action`.
    pub(super) fn service(&self, name: &str) -> Option<Arc<Service>> {
        let (&name, entry) = self.index.get_key_value(name)?;
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(service) = loaded.get(name) {
            return Some(Arc::clone(service));
        }
        let mut zstd = zstd::bulk::Decompressor::with_dictionary(self.dictionary).ok()?;
        let block = zstd.decompress(entry.block, entry.length).ok()?;
        let service = Arc::new(read::service(&block, name, entry.prefix)?);
        loaded.insert(name, Arc::clone(&service));
        Some(service)
    }

    /// Names of all services.
    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.index.keys().copied()
    }
}

fn open(data: &'static [u8]) -> Option<Models> {
    let mut input = read::Input::new(data.strip_prefix(MAGIC)?);
    let dictionary = input.bytes()?;
    let count = input.number()?;
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let name = std::str::from_utf8(input.bytes()?).ok()?;
        let prefix = std::str::from_utf8(input.bytes()?).ok()?;
        entries.push((name, prefix, input.number()?, input.number()?));
    }
    let mut index = BTreeMap::new();
    for (name, prefix, packed, length) in entries {
        index.insert(name, Entry { prefix, block: input.take(packed)?, length });
    }
    input.is_empty().then(|| Models { index, dictionary, loaded: Mutex::default() })
}

const DATA: &[u8] = include_bytes!("models.bin");
const MAGIC: &[u8] = b"SWM2";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_of_the_data_can_be_read_to_its_last_byte() {
        let models = open(DATA).unwrap();
        let (mut services, mut operations) = (0, 0);
        for name in models.names() {
            let service = models.service(name).unwrap_or_else(|| panic!("{name} is damaged"));
            services += 1;
            operations += service.operations.len();
            assert!(!service.operations.is_empty(), "{name} has no operations");
        }
        assert_eq!((services, operations), (438, 19_788));
    }

    #[test]
    fn the_data_is_small_enough_to_ship_and_a_large_service_is_read_on_its_own() {
        assert!(DATA.len() < 1_500_000, "{}", DATA.len());
        let models = open(DATA).unwrap();
        models.service("ec2").unwrap();
        assert_eq!(models.loaded.lock().unwrap().len(), 1);
    }

    #[test]
    fn data_that_is_cut_short_is_refused_and_not_read_past_its_end() {
        for length in [0, 3, 100, 70_000, DATA.len() - 1] {
            assert!(open(&DATA[..length]).is_none(), "{length}");
        }
    }

    #[test]
    fn what_a_call_needs_to_know_is_there() {
        let dynamodb = Models::shared().service("dynamodb").unwrap();
        assert_eq!((dynamodb.protocol, dynamodb.prefix), (Protocol::Json, "DynamoDb"));
        let put = dynamodb.operation("putItem").unwrap();
        let members = dynamodb.members(put.input.unwrap());
        let required: Vec<&str> = members.iter().filter(|m| m.required).map(|m| &*m.name).collect();
        assert_eq!(required, ["TableName", "Item"]);
        let s3 = Models::shared().service("s3").unwrap();
        let get = s3.operation("getObject").unwrap();
        assert_eq!((get.method, &*get.uri), ("GET", "/{Bucket}/{Key+}"));
        assert_eq!(
            s3.errors.get("NoSuchBucket").map(|name| &**name),
            Some("NoSuchBucketException")
        );
    }
}
