//! Base64 and URL encoding, as JavaScript has them.

use super::super::super::value::Value;
use super::super::error::{Fault, Outcome};
use super::super::eval::Evaluator;
use super::super::eval::function::Arguments;
use super::super::item::Item;
use super::string::made;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// `$base64encode`: every UTF-16 unit of the text is one byte, its low one.
pub(super) fn base64_encode(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(text) = arguments.get(0).as_str() else { return Ok(Item::Undefined) };
    let bytes: Vec<u8> = text.encode_utf16().map(|unit| unit.to_le_bytes()[0]).collect();
    made(evaluator, STANDARD.encode(bytes))
}

/// `$base64decode`: either alphabet; what belongs to none is skipped; each byte is one character.
pub(super) fn base64_decode(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    let Some(text) = arguments.get(0).as_str() else { return Ok(Item::Undefined) };
    let mut out = String::with_capacity(text.len());
    let (mut bits, mut count) = (0u32, 0u32);
    for c in text.bytes().take_while(|c| *c != b'=') {
        let Some(value) = sextet(c) else { continue };
        bits = (bits << 6) | value;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(char::from((bits >> count) as u8));
            bits &= (1 << count) - 1;
        }
    }
    made(evaluator, out)
}

fn sextet(c: u8) -> Option<u32> {
    let value = match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

/// `$encodeUrlComponent`
pub(super) fn encode_url_component(
    evaluator: &Evaluator<'_>,
    arguments: &mut Arguments,
) -> Outcome<Item> {
    encode(evaluator, arguments, UNRESERVED, "")
}

/// `$encodeUrl`: what separates the parts of a URL stays.
pub(super) fn encode_url(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    encode(evaluator, arguments, UNRESERVED, RESERVED)
}

/// `$decodeUrlComponent`
pub(super) fn decode_url_component(
    evaluator: &Evaluator<'_>,
    arguments: &mut Arguments,
) -> Outcome<Item> {
    decode(evaluator, arguments, "", "decodeUrlComponent")
}

/// `$decodeUrl`: escapes of what separates the parts of a URL stay.
pub(super) fn decode_url(evaluator: &Evaluator<'_>, arguments: &mut Arguments) -> Outcome<Item> {
    decode(evaluator, arguments, RESERVED, "decodeUrl")
}

fn encode(
    evaluator: &Evaluator<'_>,
    arguments: &Arguments,
    plain: &str,
    more: &str,
) -> Outcome<Item> {
    let Some(text) = arguments.get(0).as_str() else { return Ok(Item::Undefined) };
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || (c.is_ascii() && (plain.contains(c) || more.contains(c))) {
            out.push(c);
        } else {
            out.push('%');
            for half in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    made(evaluator, out)
}

fn decode(
    evaluator: &Evaluator<'_>,
    arguments: &Arguments,
    keep: &str,
    function: &'static str,
) -> Outcome<Item> {
    let Some(text) = arguments.get(0).as_str() else { return Ok(Item::Undefined) };
    match decode_text(text, keep) {
        Some(decoded) => made(evaluator, decoded),
        None => Err(Fault::new("D3140")
            .with("functionName", function)
            .with("value", Value::from(text).to_json())),
    }
}

fn decode_text(text: &str, keep: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            out.push(first);
            rest = after;
            continue;
        }
        let byte = hex(after.get(..2)?)?;
        let escaped = rest.get(..3)?;
        if byte.is_ascii() && keep.contains(char::from(byte)) {
            out.extend_from_slice(escaped);
        } else {
            out.push(byte);
            let more = match byte {
                0x00..=0x7f => 0,
                0xc0..=0xdf => 1,
                0xe0..=0xef => 2,
                0xf0..=0xf7 => 3,
                _ => return None,
            };
            // The bytes of one character must all be escaped.
            for number in 1..=more {
                let escape = rest.get(3 * number..3 * number + 3)?;
                let (b'%', digits) = (*escape.first()?, escape.get(1..)?) else { return None };
                out.push(hex(digits)?);
            }
            rest = rest.get(3 * more..)?;
        }
        rest = rest.get(3..)?;
    }
    String::from_utf8(out).ok()
}

fn hex(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u8::from_str_radix(text, 16).ok()
}

const UNRESERVED: &str = "-_.!~*'()";
const RESERVED: &str = ";/?:@&=+$,#";
