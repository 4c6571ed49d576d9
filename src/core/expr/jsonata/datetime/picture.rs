//! Pictures of times: `[Y0001]-[M01]-[D01]` taken apart into literals and markers.

use super::super::super::value::Value;
use super::super::error::{Fault, Outcome};
use super::integer::{Case, IntegerPicture, leading_integer};

/// A part of a picture.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Literal(String),
    Marker(Marker),
}

/// `[…]`
#[derive(Clone, Debug)]
pub(super) struct Marker {
    pub(super) component: char,
    /// Written as a name, in this case.
    pub(super) names: Option<Case>,
    pub(super) integer: Option<IntegerPicture>,
    pub(super) max_width: Option<usize>,
    /// The letter after the presentation: `t` for traditional.
    pub(super) traditional: bool,
    /// The year is cut to so many digits.
    pub(super) year_digits: Option<usize>,
}

/// Takes a picture apart.
pub(super) fn read(picture: &str) -> Outcome<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = picture;
    while let Some(open) = rest.find('[') {
        literal(&rest[..open], &mut parts);
        rest = &rest[open..];
        if let Some(after) = rest.strip_prefix("[[") {
            parts.push(Part::Literal("[".to_owned()));
            rest = after;
            continue;
        }
        let Some(close) = rest.find(']') else { return Err(Fault::new("D3135")) };
        let text: String = rest[1..close].chars().filter(|c| !c.is_whitespace()).collect();
        let marker = marker(&text)?;
        if marker.integer.is_some()
            && let Some(Part::Marker(previous)) = parts.last_mut()
            && let Some(integer) = &mut previous.integer
        {
            integer.parse_width = Some(integer.mandatory);
        }
        parts.push(Part::Marker(marker));
        rest = &rest[close + 1..];
    }
    literal(rest, &mut parts);
    Ok(parts)
}

fn literal(text: &str, parts: &mut Vec<Part>) {
    if !text.is_empty() {
        parts.push(Part::Literal(text.replace("]]", "]")));
    }
}

fn marker(text: &str) -> Outcome<Marker> {
    let component = text.chars().next();
    let after = text.get(component.map_or(0, char::len_utf8)..).unwrap_or("");
    let (presentation, width) = match after.rsplit_once(',') {
        Some((presentation, width)) => (presentation, Some(width)),
        None => (after, None),
    };
    let (min_width, max_width) = width.map_or((None, None), widths);
    let (mut first, mut second) = (presentation, None);
    if presentation.chars().count() > 1
        && let Some(last) = presentation.chars().last().filter(|c| "atco".contains(*c))
    {
        first = &presentation[..presentation.len() - 1];
        second = Some(last);
    }
    let Some(component) = component else { return Err(unknown("")) };
    if first.is_empty() {
        first = default_presentation(component).ok_or_else(|| unknown(&component.to_string()))?;
    }
    let mut marker = Marker {
        component,
        names: names(first),
        integer: None,
        max_width,
        traditional: second == Some('t'),
        year_digits: None,
    };
    if marker.names.is_none() && "YMDdFWwXxHhmsf".contains(component) {
        let pattern = second.map_or_else(|| first.to_owned(), |second| format!("{first};{second}"));
        let mut integer = IntegerPicture::read(&pattern)?;
        integer.mandatory = integer.mandatory.max(min_width.unwrap_or(0));
        if component == 'Y' {
            let digits = integer.mandatory + integer.optional;
            if let Some(max) = max_width {
                integer.mandatory = max;
                marker.year_digits = Some(max);
            } else if digits >= 2 {
                marker.year_digits = Some(digits);
            }
        }
        marker.integer = Some(integer);
    }
    if matches!(component, 'Z' | 'z') {
        marker.integer = Some(IntegerPicture::read(first)?);
    }
    Ok(marker)
}

fn unknown(component: &str) -> Box<Fault> {
    Fault::new("D3132").with("value", Value::from(component).to_json())
}

fn names(presentation: &str) -> Option<Case> {
    match presentation.get(..1)? {
        "n" => Some(Case::Lower),
        "N" if presentation[1..].starts_with('n') => Some(Case::Title),
        "N" => Some(Case::Upper),
        _ => None,
    }
}

fn widths(text: &str) -> (Option<usize>, Option<usize>) {
    let width = |text: &str| match leading_integer(text) {
        n if n >= 0.0 => Some(n.min(MOST_WIDTH) as usize),
        _ => None,
    };
    match text.split_once('-') {
        Some((min, max)) => (width(min), width(max)),
        None => (width(text), None),
    }
}

fn default_presentation(component: char) -> Option<&'static str> {
    Some(match component {
        'Y' | 'M' | 'D' | 'd' | 'W' | 'w' | 'X' | 'x' | 'H' | 'h' | 'f' => "1",
        'F' | 'P' | 'C' | 'E' => "n",
        'm' | 's' => "01",
        'Z' | 'z' => "01:01",
        _ => return None,
    })
}

/// Widths beyond this are not needed by anyone.
const MOST_WIDTH: f64 = 4096.0;
