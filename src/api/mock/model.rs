//! The shapes of what services answer, read from `outputs.txt` (its form is told in `extract.py`, which makes it from
//! botocore's API models). Only the part of one service is read at a time, since a mock is checked once in a while.

/// The models of one service.
pub(super) struct Model {
    shapes: Vec<&'static str>,
}

/// A field of a structure.
pub(super) struct Field {
    /// As Step Functions spells it, with a capital.
    pub(super) name: &'static str,
    /// Whether an answer always has it.
    pub(super) required: bool,
    /// Its type.
    pub(super) kind: &'static str,
}

/// The side on which a bound is overstepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Less than the least.
    Below,
    /// More than the most.
    Above,
}

impl Model {
    /// The model of a service with the number of the structure that an action answers with; `None` if the service or
    /// the action is not covered, or answers nothing.
    pub(super) fn of(service: &str, action: &str) -> Option<(Model, usize)> {
        let section = OUTPUTS.split("\n@").skip(1).find_map(|section| {
            let (name, rest) = section.split_once('\n')?;
            (name == service).then_some(rest)
        })?;
        let output = section.lines().find_map(|line| {
            let (name, shape) = line.split_once('=')?;
            (name == action).then_some(shape)
        })?;
        let shapes = section
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| line.split_once(' ').map_or("", |(_, fields)| fields))
            .collect();
        Some((Model { shapes }, output.parse().ok()?))
    }

    /// The fields of a structure.
    pub(super) fn fields(&self, shape: usize) -> impl Iterator<Item = Field> {
        let fields = self.shapes.get(shape).copied().unwrap_or_default();
        fields.split(' ').filter_map(|field| {
            let mark = field.find([':', '!'])?;
            let (name, kind) = (field.get(..mark)?, field.get(mark + 1..)?);
            Some(Field { name, required: field.get(mark..=mark)? == "!", kind })
        })
    }
}

/// A type without its bounds, and the bounds.
pub(super) fn bounds(kind: &str) -> (&str, &str) {
    match kind.strip_suffix(')').and_then(|kind| kind.rsplit_once('(')) {
        Some(split) => split,
        None => (kind, ""),
    }
}

/// The type of the items of a list or of the values of a map.
pub(super) fn inner(kind: &str) -> &str {
    kind.get(1..kind.len().saturating_sub(1)).unwrap_or_default()
}

/// On which side a length or number lies outside of bounds.
pub(super) fn outside(bounds: &str, size: f64) -> Option<Side> {
    let (least, most) = bounds.split_once(',')?;
    if least.parse().is_ok_and(|least: f64| size < least) {
        return Some(Side::Below);
    }
    most.parse().is_ok_and(|most: f64| size > most).then_some(Side::Above)
}

const OUTPUTS: &str = include_str!("outputs.txt");
