//! From JavaScript's regular expressions to those of the engine underneath: the same language for the most part, but
//! classes are ASCII, a class may hold a bare bracket, and a bare brace stands for itself.

/// The expression in the engine's syntax.
pub(super) fn translate(source: &str) -> String {
    let mut translation = Translation { rest: source.chars().peekable(), out: String::new() };
    while let Some(c) = translation.rest.next() {
        translation.outside_class(c);
    }
    translation.out
}

struct Translation<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    out: String,
}

impl Translation<'_> {
    fn outside_class(&mut self, c: char) {
        match c {
            '\\' => self.escape(false),
            '[' => self.class(),
            '.' => self.out.push_str(r"[^\n\r\x{2028}\x{2029}]"),
            '{' => {
                let ahead: String = self.rest.clone().take_while(|c| *c != '}').collect();
                if !is_repetition(&ahead) || ahead.len() == self.rest.clone().count() {
                    self.out.push('\\');
                }
                self.out.push('{');
            }
            '}' => {
                let open = self.out.rfind('{');
                let repetition = open.is_some_and(|open| {
                    !self.out[..open].ends_with('\\') && is_repetition(&self.out[open + 1..])
                });
                self.out.push_str(if repetition { "}" } else { r"\}" });
            }
            _ => self.out.push(c),
        }
    }

    fn class(&mut self) {
        let negated = self.rest.next_if_eq(&'^').is_some();
        if self.rest.next_if_eq(&']').is_some() {
            // `[]` matches nothing, `[^]` anything.
            self.out.push_str(if negated { r"[\s\S]" } else { r"[^\s\S]" });
            return;
        }
        self.out.push_str(if negated { "[^" } else { "[" });
        while let Some(c) = self.rest.next() {
            match c {
                ']' => break,
                '\\' => self.escape(true),
                '[' | '&' | '~' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                '-' if self.out.ends_with('-') => self.out.push_str(r"\-"),
                _ => self.out.push(c),
            }
        }
        self.out.push(']');
    }

    fn escape(&mut self, in_class: bool) {
        let Some(c) = self.rest.next() else { return };
        let plain = match (c, in_class) {
            ('d', false) => "[0-9]",
            ('d', true) => "0-9",
            ('D', _) => "[^0-9]",
            ('w', false) => "[0-9A-Za-z_]",
            ('w', true) => "0-9A-Za-z_",
            ('W', _) => "[^0-9A-Za-z_]",
            ('s', false) => r"[\s\x{FEFF}]",
            ('s', true) => r"\s\x{FEFF}",
            ('S', _) => r"[^\s\x{FEFF}]",
            ('b', true) => r"\x08",
            ('0', _) => r"\x00",
            ('b', false) => WORD_EDGE,
            ('B', false) => NO_WORD_EDGE,
            ('u', _) => return self.unit(),
            ('c', _) => return self.control(),
            _ => "",
        };
        if !plain.is_empty() {
            self.out.push_str(plain);
            return;
        }
        let special = "xkntrfv123456789".contains(c) && (!in_class || !c.is_ascii_digit());
        if special || !c.is_alphanumeric() && !matches!(c, '<' | '>' | '/' | '_') && c.is_ascii() {
            self.out.push('\\');
        }
        self.out.push(c);
    }

    /// `\uXXXX`
    fn unit(&mut self) {
        let digits: String = self.rest.clone().take(4).collect();
        if digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            for _ in 0..4 {
                self.rest.next();
            }
            self.out.push_str(&format!(r"\x{{{digits}}}"));
        } else {
            self.out.push('u');
        }
    }

    /// `\cX`
    fn control(&mut self) {
        match self.rest.next_if(char::is_ascii_alphabetic) {
            Some(letter) => {
                let code = u32::from(letter.to_ascii_uppercase()) - u32::from('@');
                self.out.push_str(&format!(r"\x{{{code:X}}}"));
            }
            None => self.out.push_str(r"\\c"),
        }
    }
}

/// `3`, `3,` or `3,5`
fn is_repetition(text: &str) -> bool {
    let (least, most) = text.split_once(',').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

const WORD_EDGE: &str = r"(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))";
const NO_WORD_EDGE: &str =
    r"(?:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))";
