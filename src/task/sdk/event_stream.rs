//! Event streams (`application/vnd.amazon.eventstream`): messages one after the other, each with headers and a payload.
//!
//! ```text
//! length of all (4) | length of headers (4) | CRC32 of both (4) | headers | payload | CRC32 of all before (4)
//! ```

use flate2::Crc;
use stepwright_core::expr::Value;

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `contentBlockDelta`; of an exception its name.
    pub name: String,
    /// Whether it is the error with which the stream ends.
    pub exception: bool,
    /// What it says: JSON.
    pub payload: Value,
}

/// All messages of a stream that has ended.
///
/// # Errors
/// What is wrong with it.
pub(super) fn events(mut stream: &[u8]) -> Result<Vec<Event>, String> {
    let mut events = Vec::new();
    while !stream.is_empty() {
        let (message, rest) = message(stream).ok_or("the stream of events breaks off")?;
        stream = rest;
        events.push(event(message?)?);
    }
    Ok(events)
}

/// Headers and payload.
type Message<'a> = (&'a [u8], &'a [u8]);

/// The first message, and what comes after it.
fn message(stream: &[u8]) -> Option<(Result<Message<'_>, String>, &[u8])> {
    let length = size(stream.get(..4)?)?;
    let headers = size(stream.get(4..8)?)?;
    let whole = stream.get(..length)?;
    let (body, sum) = whole.split_at_checked(length.checked_sub(4)?)?;
    let rest = stream.get(length..)?;
    if crc(stream.get(..8)?) != stream.get(8..12)? || crc(body) != sum {
        return Some((Err("an event of the stream is damaged".to_owned()), rest));
    }
    let (headers, payload) = body.get(12..)?.split_at_checked(headers)?;
    Some((Ok((headers, payload)), rest))
}

fn size(bytes: &[u8]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(bytes.try_into().ok()?)).ok()
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum().to_be_bytes()
}

fn event((headers, payload): Message<'_>) -> Result<Event, String> {
    let headers = texts(headers).ok_or("the headers of an event cannot be read")?;
    let header = |name: &str| {
        let found = headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let payload = match payload {
        [] => Value::object::<&str>([]),
        payload => {
            let text = std::str::from_utf8(payload).map_err(|_| NO_JSON)?;
            Value::parse(text).map_err(|_| NO_JSON)?
        }
    };
    Ok(match header(":message-type").as_deref() {
        Some("exception") => {
            let name = header(":exception-type").unwrap_or_default();
            Event { name, exception: true, payload }
        }
        Some("error") => {
            let message = header(":error-message").unwrap_or_default();
            let payload = Value::object([("message", Value::from(message.as_str()))]);
            Event { name: header(":error-code").unwrap_or_default(), exception: true, payload }
        }
        _ => Event { name: header(":event-type").unwrap_or_default(), exception: false, payload },
    })
}

/// The headers whose values are texts.
fn texts(mut headers: &[u8]) -> Option<Vec<(&str, &str)>> {
    let mut found = Vec::new();
    while let Some((length, rest)) = headers.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        let (kind, rest) = rest.split_first()?;
        let (length, rest) = match kind {
            0 | 1 => (0, rest),
            2 => (1, rest),
            3 => (2, rest),
            4 => (4, rest),
            5 | 8 => (8, rest),
            9 => (16, rest),
            6 | 7 => {
                let (length, rest) = rest.split_first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        if *kind == TEXT {
            found.push((std::str::from_utf8(name).ok()?, std::str::from_utf8(value).ok()?));
        }
        headers = rest;
    }
    Some(found)
}

const TEXT: u8 = 7;
const NO_JSON: &str = "an event of the stream is no JSON";

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, value: &str) -> Vec<u8> {
        let mut header = vec![name.len() as u8];
        header.extend(name.as_bytes());
        header.push(TEXT);
        header.extend((value.len() as u16).to_be_bytes());
        header.extend(value.as_bytes());
        header
    }

    fn encoded(headers: &[u8], payload: &str) -> Vec<u8> {
        let length = (16 + headers.len() + payload.len()) as u32;
        let mut message = [length.to_be_bytes(), (headers.len() as u32).to_be_bytes()].concat();
        message.extend(crc(&message));
        message.extend_from_slice(headers);
        message.extend(payload.as_bytes());
        let sum = crc(&message);
        message.extend(sum);
        message
    }

    #[test]
    fn messages_are_told_apart_with_what_they_are_and_say() {
        let event = [header(":message-type", "event"), header(":event-type", "delta")].concat();
        // A header of another kind, a moment, stands in between.
        let dated = [vec![1, b't', 8], vec![0; 8], event.clone()].concat();
        let refused = [
            header(":message-type", "exception"),
            header(":exception-type", "validationException"),
        ]
        .concat();
        let lost = [
            header(":message-type", "error"),
            header(":error-code", "Internal"),
            header(":error-message", "gone"),
        ]
        .concat();
        let table = [
            (encoded(&event, r#"{"a":1}"#), "delta", false, r#"{"a":1}"#),
            (encoded(&dated, ""), "delta", false, "{}"),
            (
                encoded(&refused, r#"{"message":"no"}"#),
                "validationException",
                true,
                r#"{"message":"no"}"#,
            ),
            (encoded(&lost, ""), "Internal", true, r#"{"message":"gone"}"#),
        ];
        let stream: Vec<u8> = table.iter().flat_map(|(message, ..)| message.clone()).collect();
        let found = events(&stream).unwrap();
        assert_eq!(found.len(), table.len());
        for (found, (_, name, exception, payload)) in found.iter().zip(table) {
            assert_eq!((&*found.name, found.exception), (name, exception));
            assert_eq!(found.payload.to_json(), payload);
        }
    }

    #[test]
    fn a_stream_that_is_cut_or_changed_is_no_answer() {
        let event = [header(":message-type", "event"), header(":event-type", "delta")].concat();
        let whole = encoded(&event, r#"{"a":1}"#);
        for length in 1..whole.len() {
            assert!(events(&whole[..length]).is_err(), "{length} bytes");
        }
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            assert!(events(&changed).is_err(), "byte {place}");
        }
        assert_eq!(events(&whole).unwrap().len(), 1);
    }
}
