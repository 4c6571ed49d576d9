//! Parquet: rows of a file whose parts are fetched as they are needed (AWS: ItemReader, PARQUET).

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, Length};
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::record::{Field, Row};
use stepwright_core::expr::Value;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::{Objects, Place};

/// The rows of an object, some at a time; the channel ends with them, or with what is wrong with the object.
pub(super) async fn rows(
    objects: Arc<dyn Objects>,
    object: Place,
) -> Result<mpsc::Receiver<Result<Vec<Value>, String>>, String> {
    let length = objects.size(&object).await?;
    let (send, receive) = mpsc::channel(2);
    let file =
        Remote { objects, object, length, runtime: Handle::current(), block: Arc::default() };
    tokio::task::spawn_blocking(move || {
        // A damaged file makes the library panic here and there. It is not to look as if the file ended there.
        let reading = catch_unwind(AssertUnwindSafe(|| read(file, &send)));
        let damaged = || Err(ParquetError::General("it is damaged".to_owned()));
        if let Err(why) = reading.unwrap_or_else(|_| damaged()) {
            // Who reads may have had enough.
            let _ = send.blocking_send(Err(format!("The Parquet file cannot be read: {why}")));
        }
    });
    Ok(receive)
}

fn read(file: Remote, send: &mpsc::Sender<Result<Vec<Value>, String>>) -> Result<(), ParquetError> {
    let reader = SerializedFileReader::new(file)?;
    let mut held = Vec::new();
    for row in reader.get_row_iter(None)? {
        held.push(object(&row?));
        if held.len() >= AT_ONCE && send.blocking_send(Ok(std::mem::take(&mut held))).is_err() {
            return Ok(());
        }
    }
    let _ = send.blocking_send(Ok(held));
    Ok(())
}

fn object(row: &Row) -> Value {
    Value::object(row.get_column_iter().map(|(name, field)| (name.as_str(), value(field))))
}

/// Numbers, strings and structures become themselves; dates and decimals strings, bytes Base64.
fn value(field: &Field) -> Value {
    use base64::Engine as _;
    match field {
        Field::Null => Value::Null,
        Field::Bool(b) => Value::Bool(*b),
        Field::Byte(n) => Value::Int(i64::from(*n)),
        Field::Short(n) => Value::Int(i64::from(*n)),
        Field::Int(n) => Value::Int(i64::from(*n)),
        Field::Long(n) => Value::Int(*n),
        Field::UByte(n) => Value::Int(i64::from(*n)),
        Field::UShort(n) => Value::Int(i64::from(*n)),
        Field::UInt(n) => Value::Int(i64::from(*n)),
        Field::ULong(n) => i64::try_from(*n).map_or(Value::Float(*n as f64), Value::Int),
        Field::Float16(n) => number(f64::from(n.to_f32())),
        // The shortest decimal that means the same single, not its whole double.
        Field::Float(n) => number(n.to_string().parse().unwrap_or_else(|_| f64::from(*n))),
        Field::Double(n) => number(*n),
        Field::Str(text) => Value::from(text.as_str()),
        Field::Bytes(bytes) => {
            Value::from(base64::engine::general_purpose::STANDARD.encode(bytes.data()))
        }
        Field::Group(row) => object(row),
        Field::ListInternal(list) => Value::array(list.elements().iter().map(value)),
        Field::MapInternal(map) => Value::object(map.entries().iter().map(|(key, field)| {
            let key = match key {
                Field::Str(text) => text.clone(),
                other => other.to_string(),
            };
            (key, value(field))
        })),
        other => Value::from(other.to_string().trim_matches('"')),
    }
}

/// A number that JSON has; infinities and what is no number are null.
fn number(n: f64) -> Value {
    if n.is_finite() { Value::Float(n) } else { Value::Null }
}

/// An object as a file. The block that was read last is kept, for a reader asks for small pieces one after the other.
#[derive(Clone)]
struct Remote {
    objects: Arc<dyn Objects>,
    object: Place,
    length: u64,
    runtime: Handle,
    block: Arc<Mutex<(u64, Bytes)>>,
}

impl Remote {
    /// The bytes from a place on, as far as one block has them; at least one, unless it is the end.
    fn at(&self, from: u64) -> Result<Bytes, ParquetError> {
        let mut block = self.block.lock().unwrap_or_else(PoisonError::into_inner);
        let (start, bytes) = &*block;
        let inside = (*start..*start + bytes.len() as u64).contains(&from);
        if !inside {
            let length = BLOCK.min(self.length.saturating_sub(from));
            let fetched = if length == 0 { Bytes::new() } else { self.fetch(from, length)? };
            *block = (from, fetched);
        }
        let (start, bytes) = &*block;
        Ok(bytes.slice(usize::try_from(from - start).unwrap_or(0).min(bytes.len())..))
    }

    fn fetch(&self, from: u64, length: u64) -> Result<Bytes, ParquetError> {
        let range = self.objects.range(&self.object, from, length);
        self.runtime.block_on(range).map_err(|why| ParquetError::General(why.to_string()))
    }
}

impl Length for Remote {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Remote {
    type T = Reader;

    fn get_read(&self, start: u64) -> Result<Reader, ParquetError> {
        if page_size(&self.at(start)?).is_some_and(|size| size > LARGEST_PAGE) {
            return Err(ParquetError::General(format!(
                "a page has more than {LARGEST_PAGE} bytes"
            )));
        }
        Ok(Reader { file: self.clone(), at: start, held: Bytes::new() })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let held = self.at(start)?;
        if held.len() >= length {
            return Ok(held.slice(..length));
        }
        let bytes = self.fetch(start, length as u64)?;
        if bytes.len() == length {
            Ok(bytes)
        } else {
            Err(ParquetError::EOF("the file breaks off".into()))
        }
    }
}

struct Reader {
    file: Remote,
    at: u64,
    held: Bytes,
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.held.is_empty() {
            self.held = self.file.at(self.at).map_err(io::Error::other)?;
        }
        let length = into.len().min(self.held.len());
        self.held.split_to(length).copy_to_slice(into.get_mut(..length).unwrap_or_default());
        self.at += length as u64;
        Ok(length)
    }
}

/// What the header of a page at the start of these bytes says of its size once it is unpacked, for which the library makes
/// room before it looks at the data. (Thrift's compact protocol: type and size are the first two fields.)
fn page_size(bytes: &[u8]) -> Option<u64> {
    let (_, rest) = number_field(bytes)?;
    number_field(rest).map(|(size, _)| size)
}

/// A field of 32 bits that follows on the one before, and what comes after it.
fn number_field(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut rest = bytes.strip_prefix(&[0x15])?;
    let mut number = 0;
    for shift in (0..35).step_by(7) {
        let (byte, after) = rest.split_first()?;
        rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((number >> 1, rest));
        }
    }
    None
}

/// Bytes of a page, unpacked. Writers make pages of one megabyte.
const LARGEST_PAGE: u64 = 32 << 20;
/// Rows that are handed over at a time.
const AT_ONCE: usize = 200;
/// Bytes that are fetched at a time.
const BLOCK: u64 = 1 << 20;
