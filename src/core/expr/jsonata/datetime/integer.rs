//! Pictures of integers, of their own (`$formatInteger`) and within pictures of times.

use super::super::super::value::Value;
use super::super::error::{Fault, Outcome};
use super::super::limit;
use super::super::number::print;
use super::words;

/// `$formatInteger`
pub(crate) fn format(n: f64, picture: &str) -> Outcome<String> {
    IntegerPicture::read(picture)?.format(n.floor())
}

/// `$parseInteger`
pub(crate) fn parse(text: &str, picture: &str) -> Outcome<Option<f64>> {
    let picture = IntegerPicture::read(picture)?;
    picture.refuse_sequence()?;
    Ok(Some(picture.parse(text)))
}

/// How an integer is written.
#[derive(Clone, Debug)]
pub(super) struct IntegerPicture {
    pub(super) form: Form,
    pub(super) case: Case,
    pub(super) ordinal: bool,
    pub(super) mandatory: usize,
    pub(super) optional: usize,
    zero: char,
    /// Separators and how many digits stand right of each.
    separators: Vec<(usize, char)>,
    /// The same separator at every so many digits; 0 if it is not regular.
    pub(super) regular: usize,
    /// How many digits exactly are read, where another integer follows at once.
    pub(super) parse_width: Option<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Decimal,
    Letters,
    Roman,
    Words,
    Sequence(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Case {
    Upper,
    Lower,
    Title,
}

impl IntegerPicture {
    /// Reads a picture.
    pub(super) fn read(picture: &str) -> Outcome<IntegerPicture> {
        let (primary, modifier) = picture.rsplit_once(';').unwrap_or((picture, ""));
        let (form, case) = match primary {
            "A" => (Form::Letters, Case::Upper),
            "a" => (Form::Letters, Case::Lower),
            "I" => (Form::Roman, Case::Upper),
            "i" => (Form::Roman, Case::Lower),
            "W" => (Form::Words, Case::Upper),
            "w" => (Form::Words, Case::Lower),
            "Ww" => (Form::Words, Case::Title),
            _ => (Form::Decimal, Case::Lower),
        };
        let mut result = IntegerPicture {
            form,
            case,
            ordinal: modifier.starts_with('o'),
            mandatory: 0,
            optional: 0,
            zero: '0',
            separators: Vec::new(),
            regular: 0,
            parse_width: None,
        };
        if result.form == Form::Decimal {
            result.read_digits(primary)?;
        }
        Ok(result)
    }

    fn read_digits(&mut self, primary: &str) -> Outcome<()> {
        let mut zero = None;
        for c in primary.chars().rev() {
            let position = self.mandatory + self.optional;
            if let Some(group) = digit_group(c) {
                if *zero.get_or_insert(group) != group {
                    return Err(Fault::new("D3131"));
                }
                self.mandatory += 1;
            } else if c == '#' {
                self.optional += 1;
            } else {
                self.separators.push((position, c));
            }
        }
        match zero {
            Some(zero) => {
                self.zero = zero;
                self.regular = regular_repeat(&self.separators);
            }
            None => self.form = Form::Sequence(primary.to_owned()),
        }
        Ok(())
    }

    /// Writes an integer.
    pub(super) fn format(&self, n: f64) -> Outcome<String> {
        if n.is_nan() && matches!(self.form, Form::Roman | Form::Letters) {
            return Ok(String::new());
        }
        if !n.is_finite() && self.form != Form::Decimal {
            return Err(Fault::new("D1001").with("value", "null"));
        }
        let size = n.abs();
        let text = match &self.form {
            Form::Letters => {
                words::to_letters(size, if self.case == Case::Upper { 'A' } else { 'a' })
            }
            Form::Roman if size > MOST_ROMAN => return Err(Fault::limit(limit::MEMORY)),
            Form::Roman if self.case == Case::Upper => words::to_roman(size).to_uppercase(),
            Form::Roman => words::to_roman(size),
            Form::Words => {
                let text = words::to_words(size, self.ordinal);
                match self.case {
                    Case::Upper => text.to_uppercase(),
                    Case::Lower => text.to_lowercase(),
                    Case::Title => text,
                }
            }
            Form::Decimal => self.format_decimal(size),
            Form::Sequence(token) => return Err(sequence(token)),
        };
        Ok(if n < 0.0 { format!("-{text}") } else { text })
    }

    fn format_decimal(&self, n: f64) -> String {
        let mut digits: Vec<char> = print(n).chars().collect();
        let missing = self.mandatory.saturating_sub(digits.len());
        digits.splice(0..0, std::iter::repeat_n('0', missing));
        let suffix = if self.ordinal { ordinal_suffix(&digits) } else { "" };
        if self.zero != '0' {
            let shift = |c: &char| match c.to_digit(10) {
                Some(digit) => char::from_u32(self.zero as u32 + digit).unwrap_or(*c),
                None => *c,
            };
            digits = digits.iter().map(shift).collect();
        }
        if self.regular > 0 {
            let separator = self.separators.first().map_or(',', |(_, c)| *c);
            let mut position = self.regular;
            while position < digits.len() {
                digits.insert(digits.len() - position, separator);
                position += self.regular + 1;
            }
        } else {
            self.insert_separators(&mut digits);
        }
        digits.into_iter().collect::<String>() + suffix
    }

    /// Separators at places of their own. One further left than the number reaches takes the place of what is there,
    /// which is how the language has it.
    fn insert_separators(&self, digits: &mut Vec<char>) {
        for (position, separator) in self.separators.iter().rev() {
            if let Some(at) = digits.len().checked_sub(*position) {
                digits.insert(at, *separator);
            } else {
                let kept = position - digits.len();
                let from = digits.len().saturating_sub(kept);
                digits.drain(..from);
                digits.insert(0, *separator);
            }
        }
    }

    /// What separates hours and minutes of a time zone.
    pub(super) fn zone_separator(&self) -> Option<char> {
        if self.regular == 0 {
            return None;
        }
        self.separators.first().map(|(_, c)| *c)
    }

    /// Fails for pictures that can be neither written nor read.
    pub(super) fn refuse_sequence(&self) -> Outcome<()> {
        match &self.form {
            Form::Sequence(token) => Err(sequence(token)),
            _ => Ok(()),
        }
    }

    /// Reads an integer; what is none is not a number.
    pub(super) fn parse(&self, text: &str) -> f64 {
        match self.form {
            Form::Letters => {
                words::from_letters(text, if self.case == Case::Upper { 'A' } else { 'a' })
            }
            Form::Roman if self.case == Case::Upper => words::from_roman(text),
            Form::Roman => words::from_roman(&text.to_uppercase()),
            Form::Words => words::from_words(&text.to_lowercase()),
            Form::Decimal => self.parse_decimal(text),
            Form::Sequence(_) => f64::NAN,
        }
    }

    fn parse_decimal(&self, text: &str) -> f64 {
        let count = text.chars().count();
        let kept = if self.ordinal { count.saturating_sub(2) } else { count };
        let is_separator = |c: &char| {
            if self.regular > 0 { *c == ',' } else { self.separators.iter().any(|s| s.1 == *c) }
        };
        let digits = text.chars().take(kept).filter(|c| !is_separator(c)).map(|c| {
            let digit = (c as u32).checked_sub(self.zero as u32).filter(|digit| *digit < 10);
            match digit.and_then(|digit| char::from_digit(digit, 10)) {
                Some(digit) => digit,
                None => c,
            }
        });
        leading_integer(&digits.collect::<String>())
    }
}

/// The integer at the start of a text, hexadecimal behind `0x`; not a number if there is none.
pub(super) fn leading_integer(text: &str) -> f64 {
    let text = text.trim_start();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let hex = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X"));
    let n = match hex {
        Some(digits) => {
            let digits = digits.chars().map_while(|c| c.to_digit(16)).map(f64::from);
            digits.reduce(|n, digit| n * 16.0 + digit).unwrap_or(f64::NAN)
        }
        None => {
            let end = unsigned.find(|c: char| !c.is_ascii_digit()).unwrap_or(unsigned.len());
            unsigned[..end].parse::<f64>().unwrap_or(f64::NAN)
        }
    };
    if text.starts_with('-') { -n } else { n }
}

fn sequence(token: &str) -> Box<Fault> {
    Fault::new("D3130").with("value", Value::from(token).to_json())
}

fn ordinal_suffix(digits: &[char]) -> &'static str {
    let tens = digits.len().checked_sub(2).and_then(|index| digits.get(index));
    match (tens, digits.last()) {
        (Some('1'), _) => "th",
        (_, Some('1')) => "st",
        (_, Some('2')) => "nd",
        (_, Some('3')) => "rd",
        _ => "th",
    }
}

/// The zero of the ten digits that a character belongs to.
fn digit_group(c: char) -> Option<char> {
    let code = c as u32;
    let zero = GROUPS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_u32(*zero)
}

/// The distance of separators that are all the same and equally far apart; 0 if they are not.
fn regular_repeat(separators: &[(usize, char)]) -> usize {
    let Some((_, first)) = separators.first() else { return 0 };
    if separators.iter().any(|(_, c)| c != first) {
        return 0;
    }
    let positions: Vec<usize> = separators.iter().map(|(position, _)| *position).collect();
    common_distance(&positions)
}

/// The distance at which all positions lie, with none left out; 0 if there is none.
pub(in super::super) fn common_distance(positions: &[usize]) -> usize {
    let factor = positions.iter().copied().reduce(common_divisor).unwrap_or(0);
    let complete = (1..=positions.len()).all(|index| positions.contains(&(index * factor)));
    if complete { factor } else { 0 }
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// Zeros of the decimal digit groups of Unicode's basic plane.
const GROUPS: &[u32] = &[
    0x30, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6,
    0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80,
    0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0xFF10,
];
/// Beyond this the numerals would not fit the memory limit.
const MOST_ROMAN: f64 = 6.9e9;
