//! The canonical request: the one text that a request and its signer must agree on (source: "Create a signed AWS API
//! request" in the IAM user guide).

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::Request;

/// The canonical form of a request; `None` if it has none: a signed header is not there, or the path is not one.
pub(super) fn request(request: &Request<'_>, signed: &[&str]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(512);
    for line in [request.method, &path(request.path)?, &query(request.query.unwrap_or(""))] {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    for name in signed {
        let mut values = request.values(name).peekable();
        values.peek()?;
        text.extend_from_slice(name.as_bytes());
        for (at, value) in values.enumerate() {
            text.push(if at == 0 { b':' } else { b',' });
            spaced(value, &mut text);
        }
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(signed.join(";").as_bytes());
    text.push(b'\n');
    text.extend_from_slice(hex(&Sha256::digest(request.body)).as_bytes());
    Some(text)
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The path without empty and dotted segments, encoded once more than it came.
fn path(path: &str) -> Option<String> {
    let mut segments = Vec::new();
    for segment in path.strip_prefix('/')?.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let mut text = String::new();
    for segment in &segments {
        text.push('/');
        encode(segment.as_bytes(), &mut text);
    }
    if segments.is_empty() || path.ends_with('/') {
        text.push('/');
    }
    Some(text)
}

/// The parameters, encoded alike and in order.
fn query(query: &str) -> String {
    if query.is_empty() {
        return String::new();
    }
    let mut pairs: Vec<_> = query
        .split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (mut left, mut right) = (String::new(), String::new());
            encode(&decode(name), &mut left);
            encode(&decode(value), &mut right);
            (left, right)
        })
        .collect();
    pairs.sort();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// A header's value without outer blanks and with single spaces inside.
fn spaced(value: &[u8], text: &mut Vec<u8>) {
    let mut last = b' ';
    for byte in value.trim_ascii() {
        if *byte != b' ' || last != b' ' {
            text.push(*byte);
        }
        last = *byte;
    }
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
fn encode(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

/// Undoes percent-encoding; what is none stays as it is.
fn decode(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let escaped = digits
            .filter(|_| *first == b'%')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    Cow::Owned(bytes)
}
