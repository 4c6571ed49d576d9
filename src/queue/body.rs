//! Messages as text: JSON with a version, so that messages under way survive an update of the engine.

use std::io::Read as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use stepwright_core::engine::frame::FAR;
use stepwright_core::engine::{Message, MessageKind};

/// Version of the form; a reader refuses what is newer than itself.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    m: Option<&'a Message>,
    /// What the message carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    c: Option<&'a str>,
    /// All of it, compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    z: Option<String>,
}

#[derive(Deserialize)]
struct Read {
    v: u32,
    m: Option<Message>,
    c: Option<Arc<str>>,
    z: Option<String>,
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// A message and what it carries as text. Compressed if it is so long that this makes it cheaper.
pub(super) fn write(message: &Message, carried: Option<&str>) -> Result<String, String> {
    let plain = json(&Written { v: VERSION, m: Some(message), c: carried, z: None })?;
    if plain.len() <= CHUNK {
        return Ok(plain);
    }
    let compressed = zstd::bulk::compress(plain.as_bytes(), 3).map_err(|e| e.to_string())?;
    let z = Some(STANDARD_NO_PAD.encode(compressed));
    let packed = json(&Written { v: VERSION, m: None, c: None, z })?;
    Ok(if packed.len() < plain.len() { packed } else { plain })
}

/// What [`write`] wrote.
///
/// # Errors
/// What is wrong with the text.
pub(super) fn read(text: &str) -> Result<(Message, Option<Arc<str>>), String> {
    match parsed(text)? {
        Read { m: Some(message), c, .. } => sound(message, c),
        Read { z: Some(z), .. } => {
            let compressed = STANDARD_NO_PAD.decode(z).map_err(|error| error.to_string())?;
            let plain = unpacked(&compressed)?;
            match parsed(std::str::from_utf8(&plain).map_err(|error| error.to_string())?)? {
                Read { m: Some(message), c, .. } => sound(message, c),
                _ => Err(EMPTY.to_owned()),
            }
        }
        _ => Err(EMPTY.to_owned()),
    }
}

/// A message that the engine can have sent.
fn sound(
    message: Message,
    carried: Option<Arc<str>>,
) -> Result<(Message, Option<Arc<str>>), String> {
    let forked = match &message.kind {
        MessageKind::Fork(frame) => frame.sound(),
        _ => true,
    };
    if message.cursor.slot >= FAR || !forked {
        return Err("its counts are out of range".to_owned());
    }
    Ok((message, carried))
}

/// What was compressed, within reason: a few bytes can come to gigabytes.
fn unpacked(compressed: &[u8]) -> Result<Vec<u8>, String> {
    let decoder = zstd::stream::read::Decoder::new(compressed).map_err(|e| e.to_string())?;
    let mut plain = Vec::new();
    decoder.take(LARGEST + 1).read_to_end(&mut plain).map_err(|e| e.to_string())?;
    if plain.len() as u64 > LARGEST {
        return Err(format!("what it holds is larger than {LARGEST} bytes"));
    }
    Ok(plain)
}

fn parsed(text: &str) -> Result<Read, String> {
    let read = serde_json::from_str::<Read>(text);
    let version = match &read {
        Ok(read) => read.v,
        // What a newer engine wrote need not look like a message to this one.
        Err(_) => serde_json::from_str(text).map_or(VERSION, |Versioned { v }| v),
    };
    if version > VERSION {
        return Err(format!("it has version {version}, this engine reads up to {VERSION}"));
    }
    read.map_err(|error| error.to_string())
}

/// JSON without the two characters that JSON allows and SQS does not.
fn json(written: &Written<'_>) -> Result<String, String> {
    let text = serde_json::to_string(written).map_err(|error| error.to_string())?;
    Ok(if text.contains(['\u{FFFE}', '\u{FFFF}']) {
        text.replace('\u{FFFE}', "\\ufffe").replace('\u{FFFF}', "\\uffff")
    } else {
        text
    })
}

const EMPTY: &str = "there is no message in it";

/// Each request is paid for by chunks of 64 KB.
const CHUNK: usize = 60 * 1024;
/// Bytes that a message comes to at most; one of the engine's own carries a payload and little more.
const LARGEST: u64 = 32 << 20;

#[cfg(test)]
mod tests {
    use stepwright_core::engine::{Cursor, ExecutionId};
    use stepwright_core::time::Timestamp;

    use super::*;

    fn message() -> Message {
        let kind = MessageKind::Timer { due: Timestamp(7) };
        Message { cursor: Cursor::root(ExecutionId("e.0".into()), 3), kind }
    }

    #[test]
    fn a_message_comes_back_with_what_it_carries() {
        let odd = "\u{FFFE}\u{FFFF}\0\u{7}\u{1F4A5}\"";
        let long = odd.repeat(9_000);
        for carried in [None, Some("{}"), Some(odd), Some(&*long)] {
            let text = write(&message(), carried).unwrap();
            assert!(!text.contains(|c: char| c < ' ' || ['\u{FFFE}', '\u{FFFF}'].contains(&c)));
            assert!(text.len() < CHUNK);
            assert_eq!(read(&text).unwrap(), (message(), carried.map(Arc::from)));
        }
    }

    #[test]
    fn what_comes_to_too_much_is_refused_before_it_is_there() {
        let bomb = zstd::bulk::compress(&vec![b' '; 100 << 20], 3).unwrap();
        let text = format!(r#"{{"v":1,"z":"{}"}}"#, STANDARD_NO_PAD.encode(bomb));
        assert!(text.len() < 20_000, "{}", text.len());
        assert_eq!(read(&text).unwrap_err(), "what it holds is larger than 33554432 bytes");
    }

    #[test]
    fn what_is_no_message_is_told() {
        let table = [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("[]", "invalid length 0, expected struct Read with 4 elements at line 1 column 2"),
            ("{}", "missing field `v` at line 1 column 2"),
            ("{\"v\":1}", "there is no message in it"),
            ("{\"v\":2}", "it has version 2, this engine reads up to 1"),
            ("{\"v\":2,\"m\":[\"new\"]}", "it has version 2, this engine reads up to 1"),
            ("{\"v\":1,\"z\":\"?\"}", "Invalid symbol 63, offset 0."),
            ("{\"v\":1,\"z\":\"AAAA\"}", "Unknown frame descriptor"),
        ];
        for (text, expected) in table {
            assert_eq!(read(text).unwrap_err(), expected, "{text}");
        }
    }
}
