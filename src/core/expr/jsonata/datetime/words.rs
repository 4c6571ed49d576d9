//! Integers in English words, Roman numerals and letters, both ways.

/// A number in words, each with a capital: `Twelve Thousand, Three Hundred and Forty-Five`.
pub(super) fn to_words(n: f64, ordinal: bool) -> String {
    let mut out = String::new();
    words(n, false, ordinal, &mut out);
    out
}

fn words(n: f64, follows: bool, ordinal: bool, out: &mut String) {
    if n < 20.0 {
        out.push_str(if follows { " and " } else { "" });
        let names = if ordinal { ORDINALS } else { SMALL };
        out.push_str(names.get(n as usize).unwrap_or(&""));
    } else if n < 100.0 {
        out.push_str(if follows { " and " } else { "" });
        let tens = DECADES.get((n / 10.0) as usize - 2).unwrap_or(&"");
        let rest = n % 10.0;
        if rest > 0.0 {
            out.push_str(tens);
            out.push('-');
            words(rest, false, ordinal, out);
        } else if ordinal {
            out.push_str(&tens[..tens.len() - 1]);
            out.push_str("ieth");
        } else {
            out.push_str(tens);
        }
    } else if n < 1000.0 {
        out.push_str(if follows { ", " } else { "" });
        out.push_str(SMALL.get((n / 100.0) as usize).unwrap_or(&""));
        out.push_str(" Hundred");
        finish(n % 100.0, ordinal, out);
    } else {
        let magnitude = ((n.log10() / 3.0).floor() as usize).clamp(1, MAGNITUDES.len());
        let factor = 1000f64.powi(magnitude as i32);
        let count = (n / factor).floor();
        out.push_str(if follows { ", " } else { "" });
        words(count, false, false, out);
        out.push(' ');
        out.push_str(MAGNITUDES.get(magnitude - 1).unwrap_or(&""));
        finish(n - count * factor, ordinal, out);
    }
}

fn finish(rest: f64, ordinal: bool, out: &mut String) {
    if rest > 0.0 {
        words(rest, true, ordinal, out);
    } else if ordinal {
        out.push_str("th");
    }
}

/// The number that lower-case words stand for; not a number where a word is unknown.
pub(super) fn from_words(text: &str) -> f64 {
    let mut sums = vec![0.0];
    for word in split_words(text) {
        let value = word_value(word).unwrap_or(f64::NAN);
        let top = sums.pop().unwrap_or(0.0);
        if value < 100.0 {
            if top >= 1000.0 {
                sums.push(top);
                sums.push(value);
            } else {
                sums.push(top + value);
            }
        } else {
            sums.push(top * value);
        }
    }
    total(sums)
}

/// Words are separated by a comma and a blank, by `and`, or by a single blank or hyphen.
fn split_words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let mut chars = rest.chars();
        let (first, second) = (chars.next().unwrap_or(' '), chars.next());
        let blank = |c: Option<char>| c.is_some_and(char::is_whitespace);
        let length = if first == ',' && blank(second) {
            1 + second.map_or(0, char::len_utf8)
        } else if first.is_whitespace() && is_and(&rest[first.len_utf8()..]) {
            first.len_utf8() + 4
        } else if first.is_whitespace() || first == '-' || first == '\\' {
            first.len_utf8()
        } else {
            at += first.len_utf8();
            continue;
        };
        words.push(&text[start..at]);
        at += length;
        start = at;
    }
    words.push(text.get(start..).unwrap_or(""));
    words
}

fn is_and(rest: &str) -> bool {
    rest.strip_prefix("and").is_some_and(|rest| rest.starts_with([' ', '\t', '\n', '\r']))
}

/// Whether a text consists of words of numbers and what stands between them.
pub(super) fn are_words(text: &str) -> bool {
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for start in 0..text.len() {
        let Some(rest) = text.get(start..).filter(|_| ends[start]) else { continue };
        let between = usize::from(rest.starts_with(['-', ',', ' ']));
        ends[start + between] = true;
        let spelled =
            |word: &str| rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        for word in [SMALL, ORDINALS, DECADES, MAGNITUDES, JOINTS].into_iter().flatten() {
            let length = word.len();
            ends[start + length.min(text.len() - start)] |= spelled(word);
            let ordinal = word.strip_suffix('y').map(|stem| format!("{stem}ieth"));
            let ordinal = ordinal.unwrap_or_else(|| format!("{word}th"));
            if spelled(&ordinal) {
                ends[start + ordinal.len()] = true;
            }
        }
    }
    ends[text.len()]
}

fn word_value(word: &str) -> Option<f64> {
    let same = |name: &&str| name.eq_ignore_ascii_case(word);
    if let Some(index) = SMALL.iter().position(same).or_else(|| ORDINALS.iter().position(same)) {
        return Some(index as f64);
    }
    if matches!(word, "hundred" | "hundredth") {
        return Some(100.0);
    }
    let cardinal = match word.strip_suffix("ieth") {
        Some(stem) => format!("{stem}y"),
        None => word.to_owned(),
    };
    let same = |name: &&str| name.eq_ignore_ascii_case(&cardinal);
    if let Some(index) = DECADES.iter().position(same) {
        return Some((index as f64 + 2.0) * 10.0);
    }
    let magnitude = word.strip_suffix("th").unwrap_or(word);
    let index = MAGNITUDES.iter().position(|name| name.eq_ignore_ascii_case(magnitude))?;
    Some(1000f64.powi(index as i32 + 1))
}

/// A number in lower-case Roman numerals.
pub(super) fn to_roman(n: f64) -> String {
    let mut out = String::new();
    let mut rest = n;
    for (value, numeral) in ROMAN {
        while rest >= *value {
            out.push_str(numeral);
            rest -= value;
        }
    }
    out
}

/// The number of upper-case Roman numerals; not a number where one is unknown.
pub(super) fn from_roman(text: &str) -> f64 {
    let (mut total, mut most) = (0.0, 1.0);
    for c in text.chars().rev() {
        let value = match c {
            'M' => 1000.0,
            'D' => 500.0,
            'C' => 100.0,
            'L' => 50.0,
            'X' => 10.0,
            'V' => 5.0,
            'I' => 1.0,
            _ => return f64::NAN,
        };
        if value < most {
            total -= value;
        } else {
            most = value;
            total += value;
        }
    }
    total
}

/// A, B … Z, AA, AB …
pub(super) fn to_letters(n: f64, first: char) -> String {
    let mut letters = Vec::new();
    let mut rest = n;
    while rest > 0.0 {
        let digit = ((rest - 1.0) % 26.0) as u8;
        letters.push(char::from(first as u8 + digit));
        rest = ((rest - 1.0) / 26.0).floor();
    }
    letters.into_iter().rev().collect()
}

/// The number that letters stand for.
pub(super) fn from_letters(text: &str, first: char) -> f64 {
    let digit = |c: char| f64::from(c as u32) - f64::from(first as u32) + 1.0;
    let letters = text.chars().rev().enumerate();
    total(letters.map(|(place, c)| digit(c) * 26f64.powf(place as f64)))
}

/// The sum; of nothing it is zero, where that of the standard library is minus zero.
fn total(numbers: impl IntoIterator<Item = f64>) -> f64 {
    numbers.into_iter().fold(0.0, |sum, n| sum + n)
}

const SMALL: &[&str] = &[
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
];
const ORDINALS: &[&str] = &[
    "Zeroth",
    "First",
    "Second",
    "Third",
    "Fourth",
    "Fifth",
    "Sixth",
    "Seventh",
    "Eighth",
    "Ninth",
    "Tenth",
    "Eleventh",
    "Twelfth",
    "Thirteenth",
    "Fourteenth",
    "Fifteenth",
    "Sixteenth",
    "Seventeenth",
    "Eighteenth",
    "Nineteenth",
];
const DECADES: &[&str] =
    &["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"];
const MAGNITUDES: &[&str] = &["Thousand", "Million", "Billion", "Trillion"];
const JOINTS: &[&str] = &["Hundred", "and"];
const ROMAN: &[(f64, &str)] = &[
    (1000.0, "m"),
    (900.0, "cm"),
    (500.0, "d"),
    (400.0, "cd"),
    (100.0, "c"),
    (90.0, "xc"),
    (50.0, "l"),
    (40.0, "xl"),
    (10.0, "x"),
    (9.0, "ix"),
    (5.0, "v"),
    (4.0, "iv"),
    (1.0, "i"),
];
