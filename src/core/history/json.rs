//! JSON written straight into a string, for answers that are made in great numbers.

use crate::time::Timestamp;

/// Appends a JSON string with its quotes.
pub fn push_string(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    // Every byte that needs an escape is ASCII, so it starts and ends a character.
    while let Some(at) = rest.bytes().position(|b| ESCAPED[usize::from(b)]) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = tail.chars();
        if let Some(c) = chars.next() {
            push_escape(out, c);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Appends a time as seconds since 1970 with milliseconds.
pub fn push_time(out: &mut String, time: Timestamp) {
    let millis = time.0.div_euclid(1000);
    if millis < 0 {
        out.push('-');
    }
    push_number(out, millis.unsigned_abs() / 1000);
    let rest = millis.unsigned_abs() % 1000;
    out.push('.');
    for digit in [rest / 100, rest / 10 % 10, rest % 10] {
        out.push(char::from(b'0' + digit as u8));
    }
}

/// Appends a whole number.
pub fn push_number(out: &mut String, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0' + (number % 10) as u8;
        }
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend(digits.iter().skip(at).map(|b| char::from(*b)));
}

fn push_escape(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ => {
            out.push_str("\\u00");
            for nibble in [c as u32 >> 4 & 0xf, c as u32 & 0xf] {
                out.extend(char::from_digit(nibble, 16));
            }
        }
    }
}

/// Which bytes may not stand in a JSON string as they are.
static ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 0x20 {
        table[b] = true;
        b += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_json_demands() {
        let table = [
            ("", r#""""#),
            ("plain", r#""plain""#),
            (r#"{"a":"b\"c"}"#, r#""{\"a\":\"b\\\"c\"}""#),
            ("a\nb\tc\r", r#""a\nb\tc\r""#),
            ("\u{0}\u{1f}\u{7f}", "\"\\u0000\\u001f\u{7f}\""),
            ("é\u{1F600}\"ß", "\"é\u{1F600}\\\"ß\""),
        ];
        for (text, expected) in table {
            let mut out = String::new();
            push_string(&mut out, text);
            assert_eq!(out, expected);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn times_are_seconds_with_milliseconds() {
        let table = [
            (1_700_000_000_123_456, "1700000000.123"),
            (1_700_000_000_007_000, "1700000000.007"),
            (0, "0.000"),
            (-1_500_000, "-1.500"),
        ];
        for (micros, expected) in table {
            let mut out = String::new();
            push_time(&mut out, Timestamp(micros));
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn numbers_have_all_their_digits() {
        for number in [0, 7, 10, 25_000, u64::MAX] {
            let mut out = String::new();
            push_number(&mut out, number);
            assert_eq!(out, number.to_string());
        }
    }
}
