//! The patterns of the API model: few enough to be written out, so that no request pays for a regular expression.

/// A pattern: how AWS writes it, and what it means.
pub(in crate::api) struct Pattern {
    /// As AWS quotes it when a value does not match.
    pub(super) text: &'static str,
    /// Whether a value matches.
    pub(super) matches: fn(&str) -> bool,
}

/// Names of aliases: letters, digits and `_-.`, and not digits alone.
pub(super) static ALIAS_NAME: Pattern =
    Pattern { text: r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$", matches: alias_name };

/// Visible ASCII.
pub(super) static PRINTABLE: Pattern = Pattern {
    text: "[!-~]+",
    matches: |s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_graphic()),
};

/// ASCII.
pub(super) static ASCII: Pattern = Pattern { text: r"\p{ASCII}*", matches: str::is_ascii };

fn alias_name(name: &str) -> bool {
    let sign = |b: u8| matches!(b, b'_' | b'-' | b'.');
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || sign(b))
        && name.bytes().any(|b| b.is_ascii_alphabetic() || sign(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_their_text_says() {
        let table = [
            (&ALIAS_NAME, "PROD", true),
            (&ALIAS_NAME, "12", false),
            (&ALIAS_NAME, "1.2", true),
            (&ALIAS_NAME, "a b", false),
            (&PRINTABLE, "abc~!", true),
            (&PRINTABLE, "a b", false),
            (&PRINTABLE, "", false),
            (&ASCII, "Root=1-5759e988", true),
            (&ASCII, "é", false),
        ];
        for (pattern, value, expected) in table {
            assert_eq!((pattern.matches)(value), expected, "{value} against {}", pattern.text);
        }
    }
}
