//! Tags of state machines and activities, in the order in which they were given.

use stepwright_core::expr::Value;

use super::error::Error;
use super::input::Input;

/// Key and value.
pub(super) type Tag = (String, String);

/// `tags` of a request. Of several tags with one key the last one counts.
///
/// # Errors
/// `TooManyTags`; `ValidationException` for a tag without a key.
pub(super) fn of(input: &Input, arn: &str) -> Result<Vec<Tag>, Error> {
    let mut tags = Vec::new();
    let given = input.value("tags").and_then(Value::as_array).unwrap_or_default();
    for (at, tag) in given.iter().enumerate() {
        let part = |name| tag.get(name).and_then(Value::as_str);
        let Some(key) = part("key") else { return Err(no_key(at + 1)) };
        set(&mut tags, key, part("value").unwrap_or_default());
    }
    check(&tags, arn)?;
    Ok(tags)
}

/// Adds tags to others; those with a known key replace the others' values.
///
/// # Errors
/// `TooManyTags`
pub(super) fn add(tags: &mut Vec<Tag>, more: &[Tag], arn: &str) -> Result<(), Error> {
    for (key, value) in more {
        set(tags, key, value);
    }
    check(tags, arn)
}

fn set(tags: &mut Vec<Tag>, key: &str, value: &str) {
    match tags.iter_mut().find(|(known, _)| known == key) {
        Some((_, old)) => value.clone_into(old),
        None => tags.push((key.to_owned(), value.to_owned())),
    }
}

fn check(tags: &[Tag], arn: &str) -> Result<(), Error> {
    if tags.len() > MOST { Err(Error::too_many_tags(arn)) } else { Ok(()) }
}

fn no_key(at: usize) -> Error {
    Error::validation(format!(
        "1 validation error detected: Value null at 'tags.{at}.member.key' failed to satisfy constraint: Member must not be null"
    ))
}

/// Tags of a resource (source: quotas).
const MOST: usize = 50;
