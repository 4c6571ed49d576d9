//! Names of state machines, executions and activities. (Length is a matter of the shape: 1 to 80 characters.)

use super::error::Error;

/// Refuses a name with a character that AWS forbids (source: CreateStateMachine).
///
/// # Errors
/// `InvalidName`
pub(super) fn check(name: &str) -> Result<(), Error> {
    if name.chars().any(forbidden) {
        return Err(Error::invalid_name(name));
    }
    Ok(())
}

fn forbidden(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || FORBIDDEN.contains(c)
        || matches!(c, '\u{FFFE}' | '\u{FFFF}' | '\u{10FFFF}')
}

const FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_forbidden_character_is_refused_wherever_it_stands() {
        let control = ['\u{0}', '\u{1f}', '\u{7f}', '\u{9f}', '\u{a0}', ' ', '\t', '\u{FFFF}'];
        for c in FORBIDDEN.chars().chain(control) {
            let name = format!("a{c}");
            let error = check(&name).unwrap_err();
            assert_eq!(error.message(), format!("Invalid Name: '{name}'"));
        }
    }

    #[test]
    fn all_other_characters_are_allowed() {
        for name in ["a", "Activity1", "a-b.c_d", "ünïcode", "a=b@c!d'(e)+"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }
}
