//! Filters: `[?(@.price < 10 && @.isbn)]`.
//!
//! The library splits a condition textually: at `||`, then at `&&`, whether quoted or not; parentheses at the ends of a
//! part are dropped and therefore do not group. Parts are tried from the last to the first.

mod compare;
mod criterion;
mod decimal;

use self::criterion::Criterion;
use super::walk::Stop;
use crate::expr::Value;

/// A compiled condition: one of the groups must hold, and in it every criterion.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    groups: Vec<Vec<Criterion>>,
}

impl Filter {
    /// Compiles the filter of a bracket; `mark` is where its `?` stands.
    ///
    /// # Errors
    /// What is wrong, in the library's words where it has some.
    pub(super) fn parse(bracket: &str, mark: usize) -> Result<Filter, String> {
        let inside = inside(bracket, mark)?.trim();
        let condition = inside
            .strip_prefix('?')
            .map(str::trim)
            .ok_or_else(|| format!("Filter must start with '[?' and end with ']'. {inside}"))?;
        let condition =
            condition.strip_prefix('(').and_then(|c| c.strip_suffix(')')).ok_or_else(|| {
                format!("Filter must start with '[?(' and end with ')]'. {condition}")
            })?;
        let groups = condition.split("||").map(group).collect::<Result<_, _>>()?;
        Ok(Filter { groups })
    }

    /// Whether the condition holds for `item`; `root` is the document that `$` means.
    pub(super) fn accepts(&self, item: &Value, root: &Value) -> Result<bool, Stop> {
        for group in self.groups.iter().rev() {
            if all_hold(group, item, root)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn all_hold(group: &[Criterion], item: &Value, root: &Value) -> Result<bool, Stop> {
    for criterion in group.iter().rev() {
        if !criterion.holds(item, root)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn group(text: &str) -> Result<Vec<Criterion>, String> {
    text.split("&&").map(|part| Criterion::parse(bare(part))).collect()
}

/// A part without the spaces and parentheses around it.
fn bare(part: &str) -> &str {
    part.trim_start_matches(|c: char| c == '(' || c <= ' ')
        .trim_end_matches(|c: char| c == ')' || c <= ' ')
}

/// What stands between the bracket before the `?` and the one that closes it, brackets in quotes not counted.
fn inside(bracket: &str, mark: usize) -> Result<&str, String> {
    let start = bracket[..mark].rfind('[').unwrap_or(0);
    let (mut square, mut round) = (0i32, 0i32);
    let mut quoted = false;
    let mut before = ' ';
    for (at, c) in bracket.char_indices().skip_while(|(at, _)| *at < start) {
        match c {
            '\'' if before != '\\' => quoted = !quoted,
            '(' if !quoted => round += 1,
            ')' if !quoted => round -= 1,
            '[' if !quoted => square += 1,
            ']' if !quoted => {
                square -= 1;
                if square == 0 && round == 0 {
                    return Ok(&bracket[start + 1..at]);
                }
            }
            _ => {}
        }
        before = c;
    }
    Err("Filter brackets are not balanced".into())
}
