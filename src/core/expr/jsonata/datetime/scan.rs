//! Reading a time by a picture: text is matched part by part, and what was not given is filled in.

use std::collections::BTreeSet;

use super::super::error::{Fault, Outcome};
use super::super::limit;
use super::calendar::{Moment, utc};
use super::integer::{Form, IntegerPicture, leading_integer};
use super::picture::{self, Marker, Part};
use super::{DAYS, MONTHS, unnamed, words};

/// Milliseconds since 1970 of a text that looks like the picture; nothing if it does not. Leading components that the
/// picture leaves out are those of `now`, trailing ones zero.
pub(crate) fn parse(text: &str, picture: &str, now: i64) -> Outcome<Option<f64>> {
    let parts = picture::read(picture)?;
    for part in &parts {
        check(part)?;
    }
    let mut pieces = Vec::new();
    let mut search = Search { dead: BTreeSet::new(), budget: BUDGET };
    let matched = search.matches(&parts, text, &mut pieces);
    if search.budget == 0 {
        return Err(Fault::limit(limit::TIME));
    }
    if !matched {
        return Ok(None);
    }
    let mut components = Components::default();
    for (part, piece) in parts.iter().zip(&pieces) {
        if let Part::Marker(marker) = part {
            components.set(marker.component, read_piece(marker, piece));
        }
    }
    if components.0.is_empty() {
        return Ok(None);
    }
    components.into_millis(now)
}

/// Some pictures can only be written.
fn check(part: &Part) -> Outcome<()> {
    let Part::Marker(marker) = part else { return Ok(()) };
    match &marker.integer {
        Some(_) if matches!(marker.component, 'Z' | 'z') => Ok(()),
        Some(integer) => integer.refuse_sequence(),
        None if "MxFP".contains(marker.component) => Ok(()),
        None => Err(unnamed(marker.component)),
    }
}

/// A search for the pieces of a text.
struct Search {
    /// Places from which the rest is known not to match.
    dead: BTreeSet<(usize, usize)>,
    /// Bytes that may still be looked at.
    budget: usize,
}

impl Search {
    /// Matches all parts against all of the text, longest pieces first.
    fn matches<'t>(&mut self, parts: &[Part], text: &'t str, pieces: &mut Vec<&'t str>) -> bool {
        let Some((part, rest)) = parts.split_first() else { return text.is_empty() };
        let place = (parts.len(), text.len());
        if self.budget == 0 || self.dead.contains(&place) {
            return false;
        }
        let (least, most) = lengths(part, text);
        for length in (least..=most).rev() {
            self.budget = self.budget.saturating_sub(length + 1);
            if self.budget == 0 {
                return false;
            }
            if !text.is_char_boundary(length) || !ends_well(part, &text[..length]) {
                continue;
            }
            pieces.push(&text[..length]);
            if self.matches(rest, &text[length..], pieces) {
                return true;
            }
            pieces.pop();
        }
        self.dead.insert(place);
        false
    }
}

/// The least and the most bytes that a part can take at the start of a text; the most is less if it cannot match.
fn lengths(part: &Part, text: &str) -> (usize, usize) {
    let run =
        |allowed: &dyn Fn(char) -> bool| text.find(|c: char| !allowed(c)).unwrap_or(text.len());
    match part {
        Part::Literal(literal) => {
            let head = text.get(..literal.len());
            let same = head.is_some_and(|head| head.to_lowercase() == literal.to_lowercase());
            if same { (literal.len(), literal.len()) } else { (1, 0) }
        }
        Part::Marker(marker) => match &marker.integer {
            Some(_) if matches!(marker.component, 'Z' | 'z') => (2, run(&|c| !c.is_whitespace())),
            Some(integer) => integer_lengths(integer, &run),
            None => (1, run(&|c| c.is_ascii_alphabetic())),
        },
    }
}

/// The length of the run of characters that are allowed.
type Run<'r> = &'r dyn Fn(&dyn Fn(char) -> bool) -> usize;

fn integer_lengths(integer: &IntegerPicture, run: Run<'_>) -> (usize, usize) {
    match &integer.form {
        Form::Letters => (1, run(&|c| c.is_ascii_alphabetic())),
        Form::Roman => (1, run(&|c| "MDCLXVImdclxvi".contains(c))),
        Form::Words => {
            let letters = run(&|c| c.is_ascii_alphabetic() || matches!(c, '-' | ',' | ' '));
            (1, letters.min(MOST_LETTERS))
        }
        Form::Sequence(_) => (1, 0),
        Form::Decimal => {
            let digits = run(&|c| c.is_ascii_digit());
            let suffix = if integer.ordinal { 2 } else { 0 };
            match integer.parse_width {
                Some(width) if digits >= width => (width + suffix, width + suffix),
                Some(_) => (1, 0),
                None => (1 + suffix, if digits > 0 { digits + suffix } else { 0 }),
            }
        }
    }
}

fn ends_well(part: &Part, piece: &str) -> bool {
    let Part::Marker(marker) = part else { return true };
    let Some(integer) = &marker.integer else { return true };
    if matches!(marker.component, 'Z' | 'z') {
        return is_zone(marker, integer, piece);
    }
    if integer.form == Form::Words {
        return words::are_words(piece);
    }
    let suffixes = ["st", "nd", "rd", "th"];
    let ends = |suffix: &&str| piece.to_ascii_lowercase().ends_with(suffix);
    integer.form != Form::Decimal || !integer.ordinal || suffixes.iter().any(ends)
}

/// `+01:00`, `-0500`, `GMT+1`
fn is_zone(marker: &Marker, integer: &IntegerPicture, piece: &str) -> bool {
    let Some(signed) = zone_digits(marker, piece) else { return false };
    let Some(digits) = signed.strip_prefix(['+', '-']) else { return false };
    let all = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match integer.zone_separator() {
        Some(separator) => {
            digits.split_once(separator).is_some_and(|(hours, minutes)| all(hours) && all(minutes))
        }
        None => all(digits),
    }
}

fn zone_digits<'t>(marker: &Marker, piece: &'t str) -> Option<&'t str> {
    if marker.component != 'z' {
        return Some(piece);
    }
    let (head, rest) = piece.split_at_checked(3)?;
    head.eq_ignore_ascii_case("GMT").then_some(rest)
}

/// The value of a piece of text; `None` for a name that is not known.
fn read_piece(marker: &Marker, piece: &str) -> Option<f64> {
    match (&marker.integer, marker.component) {
        (Some(integer), 'Z' | 'z') => Some(read_zone(marker, integer, piece)),
        (Some(integer), 'f') if integer.form == Form::Decimal => Some(milliseconds(piece)),
        (Some(integer), _) => Some(integer.parse(piece)),
        (None, 'P') => match piece {
            "am" | "AM" => Some(0.0),
            "pm" | "PM" => Some(1.0),
            _ => None,
        },
        (None, component) => {
            let names = if component == 'F' { DAYS } else { MONTHS };
            let width = marker.max_width.filter(|width| *width > 0).unwrap_or(usize::MAX);
            let same = |name: &&str| name.chars().take(width).eq(piece.chars());
            names.iter().position(same).map(|index| index as f64 + 1.0)
        }
    }
}

/// Digits after the point of a second, as whole milliseconds.
fn milliseconds(digits: &str) -> f64 {
    let digit = |index: usize| {
        let digit = digits.chars().nth(index).and_then(|c| c.to_digit(10));
        f64::from(digit.unwrap_or(0))
    };
    digit(0) * 100.0 + digit(1) * 10.0 + digit(2)
}

/// The offset in minutes.
fn read_zone(marker: &Marker, integer: &IntegerPicture, piece: &str) -> f64 {
    let text = zone_digits(marker, piece).unwrap_or(piece);
    let (hours, minutes) = match integer.zone_separator().and_then(|c| text.split_once(c)) {
        Some((hours, minutes)) => (leading_integer(hours), leading_integer(minutes)),
        None if text.len() <= 3 => (leading_integer(text), 0.0),
        None => (leading_integer(&text[..3]), leading_integer(&text[3..])),
    };
    hours * 60.0 + minutes
}

/// Components that have been read, by letter.
#[derive(Default)]
struct Components(Vec<(char, Option<f64>)>);

impl Components {
    fn set(&mut self, component: char, value: Option<f64>) {
        match self.0.iter_mut().find(|(known, _)| *known == component) {
            Some((_, old)) => *old = value,
            None => self.0.push((component, value)),
        }
    }

    fn get(&self, component: char) -> Option<f64> {
        self.0.iter().find(|(known, _)| *known == component).and_then(|(_, value)| *value)
    }

    /// Whether, of the `known` components, some of those `wanted` and no others are given.
    fn is_kind(&self, known: &str, wanted: &str) -> bool {
        let given = |c: &char| self.get(*c).is_some_and(|n| n != 0.0 && !n.is_nan());
        let mut all = known.chars().filter(given).peekable();
        all.peek().is_some() && all.all(|c| wanted.contains(c))
    }

    fn into_millis(mut self, now: i64) -> Outcome<Option<f64>> {
        const DATE: &str = "YXMxWwdD";
        const TIME: &str = "PHhmsf";
        let calendar = self.is_kind(DATE, "YMD");
        let day_of_year = !calendar && self.is_kind(DATE, "Yd");
        let week_of_month = self.is_kind(DATE, "Xxw");
        let week_of_year = !week_of_month && self.is_kind(DATE, "XW");
        let half_days = !self.is_kind(TIME, "Hmsf") && self.is_kind(TIME, "Phmsf");
        let date = match (day_of_year, week_of_month, week_of_year) {
            (true, _, _) => "YD",
            (_, true, _) => "XxwF",
            (_, _, true) => "XWF",
            _ => "YMD",
        };
        self.fill(date, if half_days { "Phmsf" } else { "Hmsf" }, now)?;
        if week_of_month || week_of_year {
            return Err(Fault::new("D3136"));
        }
        let value = |component| self.get(component).unwrap_or(f64::NAN);
        let month = self.get('M').filter(|month| *month > 0.0).map_or(0.0, |month| month - 1.0);
        let hour = match (half_days, value('h')) {
            (false, _) => value('H'),
            (true, hour) => {
                let afternoon = if self.get('P') == Some(1.0) { 12.0 } else { 0.0 };
                afternoon + if hour == 12.0 { 0.0 } else { hour }
            }
        };
        let date = if day_of_year {
            let day = utc([value('Y'), 0.0, value('d')], [0.0; 4]);
            let (month, day) = Moment::new(day).map_or((f64::NAN, f64::NAN), |moment| {
                (moment.month as f64 - 1.0, moment.day as f64)
            });
            [value('Y'), month, day]
        } else {
            [value('Y'), month, value('D')]
        };
        let millis = utc(date, [hour, value('m'), value('s'), value('f')]);
        let zone = self.get('Z').filter(|zone| *zone != 0.0).or_else(|| self.get('z'));
        Ok(Some(millis - zone.unwrap_or(0.0) * 60_000.0))
    }

    /// Fills in what was not given: before the first given component from the present, after the last with the least.
    fn fill(&mut self, date: &str, time: &str, now: i64) -> Outcome<()> {
        let present = Moment::new(now as f64);
        let (mut started, mut ended) = (false, false);
        for component in date.chars().chain(time.chars()) {
            if self.get(component).is_some() {
                started = true;
                if ended {
                    return Err(Fault::new("D3136"));
                }
                continue;
            }
            let value = if started {
                ended = true;
                if "MDd".contains(component) { 1.0 } else { 0.0 }
            } else {
                let value = present.and_then(|moment| moment.component(component));
                value.map_or(0.0, |n| n as f64)
            };
            self.set(component, Some(value));
        }
        Ok(())
    }
}

/// Longer numbers in words are not read.
const MOST_LETTERS: usize = 400;
/// Bytes that a search may look at.
const BUDGET: usize = 500_000;
