//! Times as text, with and without pictures.
//!
//! ```text
//! picture   a picture taken apart          integer   pictures of integers
//! calendar  milliseconds and dates         words     numbers in words, Roman numerals, letters
//! scan      reading text by a picture      iso       reading ISO 8601
//! ```

mod calendar;
pub(crate) mod integer;
mod iso;
mod picture;
mod scan;
mod words;

use super::super::value::Value;
use super::error::{Fault, Outcome};
use calendar::Moment;
use integer::{Case, leading_integer};
use picture::{Marker, Part};

pub(crate) use iso::parse_iso;
pub(crate) use scan::parse;

/// Milliseconds since 1970 as text: by a picture or as ISO 8601, in UTC or at an offset such as `+0530`.
pub(crate) fn format(
    millis: f64,
    picture: Option<&str>,
    timezone: Option<&str>,
) -> Outcome<String> {
    let offset = timezone.map_or(0.0, leading_integer);
    let (hours, minutes) = ((offset / 100.0).floor(), offset % 100.0);
    let zone = Zone { hours, minutes };
    let parts = picture::read(picture.unwrap_or(ISO))?;
    let moment = Moment::new(millis.trunc() + (60.0 * hours + minutes) * 60_000.0);
    let mut out = String::new();
    for part in &parts {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Marker(marker) => out.push_str(&format_marker(marker, moment.as_ref(), zone)?),
        }
    }
    Ok(out)
}

#[derive(Clone, Copy)]
struct Zone {
    hours: f64,
    minutes: f64,
}

fn format_marker(marker: &Marker, moment: Option<&Moment>, zone: Zone) -> Outcome<String> {
    let number = |component| match moment {
        Some(moment) => moment.component(component).map(|n| n as f64),
        None => Some(f64::NAN),
    };
    match marker.component {
        'Z' | 'z' => format_zone(marker, zone),
        'P' => {
            let text = if number('P') == Some(1.0) { "pm" } else { "am" };
            let upper = marker.names == Some(Case::Upper);
            Ok(if upper { text.to_uppercase() } else { text.to_owned() })
        }
        'C' | 'E' => Ok("ISO".to_owned()),
        // A letter that stands for nothing is not noticed if it comes with a presentation.
        other if !"YMDdFWwXxHhmsf".contains(other) => Ok("undefined".to_owned()),
        component => {
            let mut value = number(component).unwrap_or(0.0);
            if component == 'Y'
                && let Some(digits) = marker.year_digits
            {
                value %= 10f64.powi(digits.min(300) as i32);
            }
            match (&marker.names, &marker.integer) {
                (Some(case), _) => format_name(marker, value, *case),
                (None, Some(integer)) => integer.format(value),
                (None, None) => Ok(String::new()),
            }
        }
    }
}

fn format_name(marker: &Marker, value: f64, case: Case) -> Outcome<String> {
    let index = value as usize;
    let name = match marker.component {
        'M' | 'x' => MONTHS.get(index.wrapping_sub(1)),
        'F' => DAYS.get(index.wrapping_sub(1)),
        other => return Err(unnamed(other)),
    };
    let name = name.copied().unwrap_or("undefined");
    let name = match case {
        Case::Upper => name.to_uppercase(),
        Case::Lower => name.to_lowercase(),
        Case::Title => name.to_owned(),
    };
    Ok(name.chars().take(marker.max_width.unwrap_or(usize::MAX)).collect())
}

fn format_zone(marker: &Marker, zone: Zone) -> Outcome<String> {
    let offset = zone.hours * 100.0 + zone.minutes;
    let Some(integer) = &marker.integer else { return Ok(String::new()) };
    let mut text = if integer.regular > 0 {
        integer.format(offset)?
    } else {
        match integer.mandatory {
            1 | 2 => {
                let mut text = integer.format(zone.hours)?;
                if zone.minutes != 0.0 {
                    text.push(':');
                    text.push_str(&integer::format(zone.minutes, "00")?);
                }
                text
            }
            3 | 4 => integer.format(offset)?,
            _ => return Err(Fault::new("D3134")),
        }
    };
    if offset >= 0.0 {
        text.insert(0, '+');
    }
    if marker.component == 'z' {
        text.insert_str(0, "GMT");
    }
    if offset == 0.0 && marker.traditional {
        text = "Z".to_owned();
    }
    Ok(text)
}

fn unnamed(component: char) -> Box<Fault> {
    Fault::new("D3133").with("value", Value::from(component.to_string()).to_json())
}

const ISO: &str = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";
const MONTHS: &[&str] = &[
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: &[&str] =
    &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
