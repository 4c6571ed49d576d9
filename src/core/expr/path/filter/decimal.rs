//! Decimal numbers of any length, only to be compared: `1.0`, `1` and `'1e0'` are equal.

use std::cmp::Ordering;

/// A number as `0.digits × 10^exponent`, without zeros at either end of the digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// Reads what Java's `BigDecimal` reads.
    ///
    /// # Errors
    /// Java's text for text that is no number.
    pub(super) fn parse(text: &str) -> Result<Decimal, String> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let mut digits = Vec::new();
        let mut whole: Option<usize> = None;
        let mut power = 0;
        for (at, c) in unsigned.char_indices() {
            match c {
                '0'..='9' => digits.push(c as u8 - b'0'),
                '.' if whole.is_some() => {
                    return Err("Character array contains more than one decimal point.".into());
                }
                '.' => whole = Some(digits.len()),
                'e' | 'E' => {
                    power = exponent(&unsigned[at + 1..])?;
                    break;
                }
                _ => return Err(no_digit(c, text)),
            }
        }
        if digits.is_empty() {
            return Err("No digits found.".into());
        }
        let exponent = whole.unwrap_or(digits.len()) as i64 + power;
        Ok(Decimal::of(text.starts_with('-'), digits, exponent))
    }

    fn of(negative: bool, mut digits: Vec<u8>, exponent: i64) -> Decimal {
        let zeros = digits.iter().take_while(|d| **d == 0).count();
        digits.drain(..zeros);
        while digits.last() == Some(&0) {
            digits.pop();
        }
        if digits.is_empty() {
            return Decimal { negative: false, digits, exponent: 0 };
        }
        Decimal { negative, digits, exponent: exponent - zeros as i64 }
    }
}

impl From<i64> for Decimal {
    fn from(n: i64) -> Decimal {
        let digits: Vec<u8> = n.unsigned_abs().to_string().bytes().map(|b| b - b'0').collect();
        let exponent = digits.len() as i64;
        Decimal::of(n < 0, digits, exponent)
    }
}

impl From<f64> for Decimal {
    fn from(x: f64) -> Decimal {
        // The shortest text that reads back as this double is always a number; infinity does not occur in JSON.
        Decimal::parse(&format!("{x:e}")).unwrap_or_else(|_| Decimal::from(0))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        let size = |d: &Decimal| match (d.digits.is_empty(), d.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let by_sign = size(self).cmp(&size(other));
        if by_sign.is_ne() {
            return by_sign;
        }
        let by_size =
            self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits));
        if self.negative { by_size.reverse() } else { by_size }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn exponent(text: &str) -> Result<i64, String> {
    text.parse::<i32>().map(i64::from).map_err(|_| "No exponent digits.".into())
}

/// Java has another text for numbers too long for its fast reader.
fn no_digit(c: char, text: &str) -> String {
    const LONGEST_FAST: usize = 18;
    if text.chars().count() > LONGEST_FAST {
        return "Character array is missing \"e\" notation exponential mark.".into();
    }
    format!(
        "Character {c} is neither a decimal digit number, decimal point, nor \"e\" notation exponential mark."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_ordered_by_value_not_by_spelling() {
        use Ordering::{Equal, Greater, Less};
        let table = [
            ("1", Equal, "1.0"),
            ("1e2", Equal, "100"),
            ("-0", Equal, "0.00"),
            ("+.5", Equal, "0.5"),
            ("9", Less, "10"),
            ("-9", Greater, "-10"),
            ("0.1", Less, "0.11"),
            ("1e400", Greater, "1e399"),
            ("9007199254740993", Greater, "9007199254740992.5"),
            ("-1", Less, "0"),
        ];
        for (left, expected, right) in table {
            let order = Decimal::parse(left).unwrap().cmp(&Decimal::parse(right).unwrap());
            assert_eq!(order, expected, "{left} {right}");
        }
        assert_eq!(Decimal::from(0.1), Decimal::parse("0.1").unwrap());
        assert_eq!(Decimal::from(i64::MIN), Decimal::parse("-9223372036854775808").unwrap());
    }

    #[test]
    fn text_that_is_no_number_is_refused_in_javas_words() {
        let table = [
            ("", "No digits found."),
            ("-", "No digits found."),
            ("1e", "No exponent digits."),
            ("1.0.0", "Character array contains more than one decimal point."),
            (
                "=1",
                "Character = is neither a decimal digit number, decimal point, nor \"e\" notation exponential mark.",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(Decimal::parse(text).unwrap_err(), expected, "{text}");
        }
    }
}
