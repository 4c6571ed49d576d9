//! Splits a command line into words as a POSIX shell does, without expanding anything: no variables, no patterns, no
//! pipes. Who wants those writes `sh -c '…'`.

/// The words of a command line.
///
/// # Errors
/// A quote that is not closed, or a backslash at the end.
pub(super) fn split(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' => single(&mut chars, word.get_or_insert_default())?,
            '"' => double(&mut chars, word.get_or_insert_default())?,
            '\\' => {
                let escaped = chars.next().ok_or("it ends with a backslash")?;
                word.get_or_insert_default().push(escaped);
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Everything up to the closing single quote, as it stands.
fn single(chars: &mut impl Iterator<Item = char>, word: &mut String) -> Result<(), &'static str> {
    for c in chars {
        if c == '\'' {
            return Ok(());
        }
        word.push(c);
    }
    Err("a single quote is not closed")
}

/// Everything up to the closing double quote; a backslash escapes `"`, `\`, `$` and `` ` ``.
fn double(chars: &mut impl Iterator<Item = char>, word: &mut String) -> Result<(), &'static str> {
    let mut escaped = false;
    for c in chars {
        match c {
            '"' | '\\' | '$' | '`' if escaped => {
                word.push(c);
                escaped = false;
            }
            '"' => return Ok(()),
            '\\' if !escaped => escaped = true,
            c => {
                if std::mem::take(&mut escaped) {
                    word.push('\\');
                }
                word.push(c);
            }
        }
    }
    Err("a double quote is not closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_a_shell_makes_of_them() {
        let table: [(&str, &[&str], &str); 9] = [
            ("python3 a.py", &["python3", "a.py"], "spaces separate"),
            ("  a \t b ", &["a", "b"], "runs of white space separate once"),
            ("sh -c 'a | b \"c\"'", &["sh", "-c", "a | b \"c\""], "single quotes keep all"),
            (r#""a \"b\" \n""#, &[r#"a "b" \n"#], "double quotes escape only special characters"),
            (r"a\ b", &["a b"], "a backslash escapes"),
            ("a'b'\"c\"", &["abc"], "adjacent parts are one word"),
            ("''", &[""], "an empty word is a word"),
            ("$HOME", &["$HOME"], "nothing is expanded"),
            ("", &[], "no words"),
        ];
        for (text, expected, reason) in table {
            assert_eq!(split(text).unwrap(), expected, "{reason}");
        }
    }

    #[test]
    fn what_is_not_finished_is_refused() {
        for text in ["a 'b", "a \"b", "a \\"] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
