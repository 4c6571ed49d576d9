//! `$formatNumber`: pictures of numbers, `#,##0.00;(#,##0.00)`, as XPath defines them.

use super::datetime::integer::common_distance;
use super::error::{Fault, Outcome};
use super::function::round_to;
use super::item::Item;
use super::number::print;

/// A number written by a picture; `options` replace the special characters.
pub(crate) fn format(n: f64, picture: &str, options: &Item) -> Outcome<String> {
    let symbols = Symbols::new(options);
    let pictures: Vec<&str> = picture.split(symbols.pattern_separator.as_str()).collect();
    if pictures.len() > 2 {
        return Err(Fault::new("D3080"));
    }
    let mut parts = Vec::with_capacity(pictures.len());
    for picture in pictures {
        parts.push(Parts::split(picture, &symbols));
    }
    for part in &parts {
        part.validate(&symbols)?;
    }
    let positive = Layout::of(parts.first(), &symbols);
    if n >= 0.0 {
        return Ok(positive.write(n, "", &symbols));
    }
    match parts.get(1) {
        Some(_) => Ok(Layout::of(parts.get(1), &symbols).write(n, "", &symbols)),
        None => Ok(positive.write(n, &symbols.minus, &symbols)),
    }
}

/// The characters that mean something in a picture.
struct Symbols {
    decimal: char,
    grouping: char,
    exponent: char,
    minus: String,
    percent: String,
    per_mille: String,
    zero: char,
    digit: char,
    pattern_separator: String,
}

impl Symbols {
    fn new(options: &Item) -> Symbols {
        let text = |name: &str, default: &str| {
            let given = options.member(name);
            given.as_ref().and_then(Item::as_str).unwrap_or(default).to_owned()
        };
        let one = |name: &str, default: char| {
            let given = options.member(name);
            given.as_ref().and_then(Item::as_str).and_then(|s| s.chars().next()).unwrap_or(default)
        };
        let separator = text("pattern-separator", ";");
        Symbols {
            decimal: one("decimal-separator", '.'),
            grouping: one("grouping-separator", ','),
            exponent: one("exponent-separator", 'e'),
            minus: text("minus-sign", "-"),
            percent: text("percent", "%"),
            per_mille: text("per-mille", "\u{2030}"),
            zero: one("zero-digit", '0'),
            digit: one("digit", '#'),
            pattern_separator: if separator.is_empty() { ";".to_owned() } else { separator },
        }
    }

    fn is_digit(&self, c: char) -> bool {
        (c as u32).checked_sub(self.zero as u32).is_some_and(|digit| digit < 10)
    }

    fn is_active(&self, c: char) -> bool {
        self.is_digit(c)
            || [self.decimal, self.exponent, self.grouping, self.digit].contains(&c)
            || self.pattern_separator.contains(c)
    }

    /// A number with so many places, in the digits of the picture.
    fn digits(&self, n: f64, places: usize) -> Vec<char> {
        let n = n.abs();
        let text = if n < 1e21 { format!("{n:.places$}") } else { print(n) };
        let own = |c: char| match c.to_digit(10) {
            Some(digit) => char::from_u32(self.zero as u32 + digit).unwrap_or(c),
            None => c,
        };
        text.chars().map(own).collect()
    }
}

/// A sub-picture taken apart.
struct Parts<'p> {
    picture: &'p str,
    prefix: &'p str,
    suffix: &'p str,
    active: &'p str,
    mantissa: &'p str,
    exponent: Option<&'p str>,
    integer: &'p str,
    fraction: &'p str,
}

impl<'p> Parts<'p> {
    fn split(picture: &'p str, symbols: &Symbols) -> Parts<'p> {
        let starts = |c: char| symbols.is_active(c) && c != symbols.exponent;
        let prefix = picture.find(starts).map_or("", |at| &picture[..at]);
        let suffix = picture.rfind(starts).map_or("", |at| {
            let after = picture[at..].chars().next().map_or(0, char::len_utf8);
            &picture[at + after..]
        });
        let active = &picture[prefix.len()..picture.len() - suffix.len()];
        let exponent_at =
            picture[prefix.len()..].find(symbols.exponent).map(|at| at + prefix.len());
        // The position is one in the whole picture but is used on its active part, prefix and all.
        let split = exponent_at
            .filter(|at| *at <= picture.len() - suffix.len())
            .map(|at| (active.get(..at).unwrap_or(active), active.get(at + 1..).unwrap_or("")));
        let (mantissa, exponent) = match split {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (active, None),
        };
        let (integer, fraction) =
            mantissa.split_once(symbols.decimal).unwrap_or((mantissa, suffix));
        Parts { picture, prefix, suffix, active, mantissa, exponent, integer, fraction }
    }

    /// Of several mistakes the last in this order is reported.
    fn validate(&self, symbols: &Symbols) -> Outcome<()> {
        let several = |mark: &str| self.picture.matches(mark).count() > 1;
        let (percent, per_mille) = (symbols.percent.as_str(), symbols.per_mille.as_str());
        let digits = |text: &str| text.chars().any(|c| symbols.is_digit(c));
        let mut buffer = [0; 4];
        let decimal = &*symbols.decimal.encode_utf8(&mut buffer);
        let grouping = symbols.grouping;
        let beside_decimal = [format!("{grouping}{decimal}"), format!("{decimal}{grouping}")];
        let has_decimal = self.picture.contains(decimal);
        let has_ratio = self.picture.contains(percent) || self.picture.contains(per_mille);
        let optional_late =
            self.integer.find(symbols.digit).is_some_and(|at| digits(&self.integer[..at]));
        let optional_early =
            self.fraction.rfind(symbols.digit).is_some_and(|at| digits(&self.fraction[at..]));
        let checks = [
            ("D3081", several(decimal)),
            ("D3082", several(percent)),
            ("D3083", several(per_mille)),
            ("D3084", self.picture.contains(percent) && self.picture.contains(per_mille)),
            ("D3085", !self.mantissa.chars().any(|c| symbols.is_digit(c) || c == symbols.digit)),
            ("D3086", !self.active.chars().all(|c| symbols.is_active(c))),
            ("D3087", has_decimal && beside_decimal.iter().any(|pair| self.picture.contains(pair))),
            ("D3088", !has_decimal && self.integer.ends_with(grouping)),
            ("D3089", self.picture.contains(&format!("{grouping}{grouping}"))),
            ("D3090", optional_late),
            ("D3091", optional_early),
            ("D3092", has_ratio && self.exponent.is_some_and(|part| !part.is_empty())),
            (
                "D3093",
                self.exponent.is_some_and(|part| {
                    part.is_empty() || !part.chars().all(|c| symbols.is_digit(c))
                }),
            ),
        ];
        match checks.iter().rev().find(|(_, failed)| *failed) {
            Some((code, _)) => Err(Fault::new(code)),
            None => Ok(()),
        }
    }
}

/// What a sub-picture asks for.
struct Layout<'p> {
    prefix: &'p str,
    suffix: &'p str,
    picture: &'p str,
    grouping: Vec<usize>,
    regular: usize,
    fraction_grouping: Vec<usize>,
    least_integer: usize,
    scaling: i32,
    least_fraction: usize,
    most_fraction: usize,
    least_exponent: usize,
}

impl<'p> Layout<'p> {
    fn of(parts: Option<&Parts<'p>>, symbols: &Symbols) -> Layout<'p> {
        let count = |text: &str| text.chars().filter(|c| symbols.is_digit(*c)).count();
        let places = |text: &str| {
            text.chars().filter(|c| symbols.is_digit(*c) || *c == symbols.digit).count()
        };
        let integer = parts.map_or("", |parts| parts.integer);
        let fraction = parts.map_or("", |parts| parts.fraction);
        let exponent = parts.and_then(|parts| parts.exponent);
        let groups = |text: &str, left: bool| -> Vec<usize> {
            let marks = text.match_indices(symbols.grouping);
            marks.map(|(at, _)| places(if left { &text[..at] } else { &text[at..] })).collect()
        };
        let grouping = groups(integer, false);
        let scaling = count(integer);
        let (mut least_integer, mut least_fraction) = (scaling, count(fraction));
        let mut most_fraction = places(fraction);
        if least_integer == 0 && most_fraction == 0 {
            if exponent.is_some() {
                (least_fraction, most_fraction) = (1, 1);
            } else {
                least_integer = 1;
            }
        }
        if exponent.is_some() && least_integer == 0 && integer.contains(symbols.digit) {
            least_integer = 1;
        }
        if least_integer == 0 && least_fraction == 0 {
            least_fraction = 1;
        }
        Layout {
            prefix: parts.map_or("", |parts| parts.prefix),
            suffix: parts.map_or("", |parts| parts.suffix),
            picture: parts.map_or("", |parts| parts.picture),
            regular: common_distance(&grouping),
            grouping,
            fraction_grouping: groups(fraction, true),
            least_integer,
            scaling: scaling.min(400) as i32,
            least_fraction,
            most_fraction,
            least_exponent: exponent.map_or(0, count),
        }
    }

    fn write(&self, n: f64, sign: &str, symbols: &Symbols) -> String {
        let mut n = n;
        if self.picture.contains(&symbols.percent) {
            n *= 100.0;
        } else if self.picture.contains(&symbols.per_mille) {
            n *= 1000.0;
        }
        let exponent = if self.least_exponent == 0 { None } else { Some(self.scale(&mut n)) };
        let places = self.most_fraction.min(MOST_PLACES);
        let n = round_to(n, places as f64);
        let mut text = self.place(&symbols.digits(n, places), symbols);
        if let Some(exponent) = exponent {
            let digits = symbols.digits(f64::from(exponent), 0);
            let missing = self.least_exponent.saturating_sub(digits.len());
            text.push(symbols.exponent);
            if exponent < 0 {
                text.push_str(&symbols.minus);
            }
            text.extend(std::iter::repeat_n(symbols.zero, missing).chain(digits));
        }
        format!("{sign}{}{text}{}", self.prefix, self.suffix)
    }

    /// Brings the number into the range of the mantissa and says by which power of ten.
    fn scale(&self, n: &mut f64) -> i32 {
        if *n == 0.0 || !n.is_finite() {
            return 0;
        }
        let (least, most) = (10f64.powi(self.scaling - 1), 10f64.powi(self.scaling));
        let mut exponent = 0;
        while n.abs() < least && exponent > -FARTHEST {
            *n *= 10.0;
            exponent -= 1;
        }
        while n.abs() > most && exponent < FARTHEST {
            *n /= 10.0;
            exponent += 1;
        }
        exponent
    }

    /// Digits with separators, filled up to what the picture demands.
    fn place(&self, digits: &[char], symbols: &Symbols) -> String {
        let point = digits.iter().position(|c| *c == '.').unwrap_or(digits.len());
        let zero = |c: &&char| **c == symbols.zero;
        let whole: Vec<char> = digits[..point].iter().skip_while(zero).copied().collect();
        let after = digits.get(point + 1..).unwrap_or(&[]);
        let kept = after.len() - after.iter().rev().take_while(zero).count();
        let mut fraction = after[..kept].to_vec();
        let missing = self.least_integer.saturating_sub(whole.len());
        let mut whole: Vec<char> =
            std::iter::repeat_n(symbols.zero, missing).chain(whole).collect();
        while fraction.len() < self.least_fraction {
            fraction.push(symbols.zero);
        }
        self.group(&mut whole, symbols.grouping);
        // Only the first separator of the fraction counts.
        if let Some(position) = self.fraction_grouping.first().filter(|at| **at <= fraction.len()) {
            fraction.insert(*position, symbols.grouping);
        }
        let mut text: String = whole.into_iter().collect();
        if self.picture.contains(symbols.decimal) && !fraction.is_empty() {
            text.push(symbols.decimal);
            text.extend(fraction);
        } else if !fraction.is_empty() {
            // Without a decimal separator in the picture the last character is dropped, whatever it is.
            text.push(symbols.decimal);
            text.extend(fraction);
            text.pop();
        }
        text
    }

    fn group(&self, whole: &mut Vec<char>, separator: char) {
        let digits = whole.len();
        if let Some(groups) = digits.saturating_sub(1).checked_div(self.regular) {
            for group in 1..=groups {
                whole.insert(digits - group * self.regular, separator);
            }
            return;
        }
        for position in self.grouping.iter().rev() {
            if *position <= digits {
                let at = whole.len() - position - self.inserted_right(*position, digits);
                whole.insert(at, separator);
            }
        }
    }

    /// Separators already placed further right.
    fn inserted_right(&self, position: usize, digits: usize) -> usize {
        self.grouping.iter().filter(|other| **other < position && **other <= digits).count()
    }
}

const MOST_PLACES: usize = 100;
const FARTHEST: i32 = 1000;
