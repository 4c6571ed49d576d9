//! Signatures of functions, `<s-nn?:s>`: what they accept, and how arguments are fitted to them.
//!
//! Every argument has a one-letter type. A signature matches the string of these letters as a regular expression
//! would, with every parameter a class of letters and a quantifier; what a parameter took decides what it is given.

use super::super::value::Value;
use super::error::{Fault, Outcome};
use super::item::{Elements, Item};

/// A parsed signature.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signature {
    parameters: Vec<Parameter>,
}

#[derive(Clone, Debug)]
struct Parameter {
    /// Letters that are accepted.
    accepts: String,
    /// It takes an array, and makes one from a single value.
    array: bool,
    /// What an array must hold, or the type parameter of a function.
    subtype: Option<String>,
    /// Left out, it is the context.
    context: bool,
    count: Count,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Count {
    One,
    Optional,
    Many,
}

impl Signature {
    /// Reads `<…>`; the result type behind the colon is not checked by anyone.
    pub(crate) fn parse(text: &str) -> Outcome<Signature> {
        let letters: Vec<char> = text.chars().collect();
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut at = 1;
        while let Some(&letter) = letters.get(at) {
            match letter {
                ':' => break,
                's' | 'n' | 'b' | 'l' | 'o' => parameters.push(Parameter::of(&[letter], true)),
                'a' => {
                    let mut parameter = Parameter::of(&['a', 's', 'n', 'b', 'l', 'f', 'o'], true);
                    parameter.array = true;
                    parameters.push(parameter);
                }
                'f' => parameters.push(Parameter::of(&['f'], false)),
                'j' => parameters.push(Parameter::of(&['a', 's', 'n', 'b', 'l', 'o'], true)),
                'x' => parameters.push(Parameter::of(&['a', 's', 'n', 'b', 'l', 'f', 'o'], true)),
                '-' | '?' | '+' => quantify(parameters.last_mut(), letter),
                '(' => {
                    let end = closing(&letters, at, '(', ')');
                    let choice = &letters[(at + 1).min(end)..end];
                    if choice.contains(&'<') {
                        return Err(Fault::new("S0402").at(at).with("value", quoted(choice)));
                    }
                    parameters.push(Parameter::of(choice, true));
                    at = end;
                }
                '<' => {
                    let end = closing(&letters, at, '<', '>');
                    let subtype = letters[(at + 1).min(end)..end].iter().collect();
                    match parameters.last_mut() {
                        Some(last) if last.array || last.accepts == "f" => {
                            last.subtype = Some(subtype);
                        }
                        _ => return Err(Fault::new("S0401").at(at)),
                    }
                    at = end;
                }
                _ => {}
            }
            at += 1;
        }
        Ok(Signature { parameters })
    }

    /// The arguments as the function is to see them. Borrowed arguments stay where they are when they fit already.
    pub(crate) fn fit(&self, arguments: Vec<Item>, context: &Item) -> Outcome<Vec<Item>> {
        if self.fits_unchanged(&arguments) {
            return Ok(arguments);
        }
        let letters: Vec<char> = arguments.iter().map(letter).collect();
        let mut taken = Vec::with_capacity(self.parameters.len());
        if !self.matches(&letters, &mut taken, &mut Dead::new()) {
            return Err(self.misfit(&letters));
        }
        self.distribute(arguments, &taken, context)
    }

    /// Whether each parameter is given exactly one argument that needs no change.
    fn fits_unchanged(&self, arguments: &[Item]) -> bool {
        arguments.len() == self.parameters.len()
            && self.parameters.iter().zip(arguments).all(|(parameter, argument)| {
                let letter = letter(argument);
                let fits =
                    parameter.accepts.contains(letter) && (!parameter.array || letter == 'a');
                fits && parameter
                    .subtype
                    .as_ref()
                    .is_none_or(|t| letter != 'a' || holds(argument, t))
            })
    }

    /// Greedy matching with backtracking; `taken` gets the number of arguments of each parameter.
    fn matches(&self, letters: &[char], taken: &mut Vec<usize>, dead: &mut Dead) -> bool {
        let Some(parameter) = self.parameters.get(taken.len()) else {
            return letters.is_empty();
        };
        let place = (taken.len(), letters.len());
        if dead.contains(&place) {
            return false;
        }
        for count in parameter.counts(letters) {
            taken.push(count);
            if self.matches(&letters[count..], taken, dead) {
                return true;
            }
            taken.pop();
        }
        dead.insert(place);
        false
    }

    fn distribute(
        &self,
        arguments: Vec<Item>,
        taken: &[usize],
        context: &Item,
    ) -> Outcome<Vec<Item>> {
        let mut out = Vec::with_capacity(self.parameters.len());
        let mut arguments = arguments.into_iter();
        let mut index = 0;
        for (parameter, &count) in self.parameters.iter().zip(taken) {
            if count == 0 {
                if !parameter.context {
                    // Nothing was given for it, so nothing is left for later ones either, or they match the rest.
                    out.push(arguments.next().unwrap_or_default());
                    index += 1;
                } else if parameter.accepts.contains(letter(context)) {
                    out.push(context.clone());
                } else {
                    return Err(Fault::new("T0411").with("index", (index + 1).to_string()));
                }
                continue;
            }
            for _ in 0..count {
                let argument = arguments.next().unwrap_or_default();
                index += 1;
                out.push(parameter.accept(argument, index)?);
            }
        }
        Ok(out)
    }

    /// The first argument that no reading of the signature accepts.
    fn misfit(&self, letters: &[char]) -> Box<Fault> {
        let mut good = 0;
        for length in 1..=self.parameters.len() {
            match self.longest_prefix(length, letters) {
                Some(prefix) => good = prefix,
                None => break,
            }
        }
        Fault::new("T0410").with("index", (good + 1).to_string())
    }

    /// How many letters the first `length` parameters match at the start, if they do.
    fn longest_prefix(&self, length: usize, letters: &[char]) -> Option<usize> {
        let part = Signature { parameters: self.parameters[..length].to_vec() };
        part.greedy_prefix(0, letters, &mut Dead::new())
    }

    fn greedy_prefix(&self, index: usize, letters: &[char], dead: &mut Dead) -> Option<usize> {
        let Some(parameter) = self.parameters.get(index) else { return Some(0) };
        if dead.contains(&(index, letters.len())) {
            return None;
        }
        let found = parameter.counts(letters).into_iter().find_map(|count| {
            self.greedy_prefix(index + 1, &letters[count..], dead).map(|rest| rest + count)
        });
        if found.is_none() {
            dead.insert((index, letters.len()));
        }
        found
    }
}

/// Pairs of parameter and rest that are known not to match, so that backtracking stays cheap.
type Dead = std::collections::BTreeSet<(usize, usize)>;

impl Parameter {
    fn of(letters: &[char], or_missing: bool) -> Parameter {
        let mut accepts: String = letters.iter().collect();
        if or_missing {
            accepts.push('m');
        }
        Parameter { accepts, array: false, subtype: None, context: false, count: Count::One }
    }

    /// How many of the letters it can take, the most first.
    fn counts(&self, letters: &[char]) -> Vec<usize> {
        let most = match self.count {
            Count::Many => usize::MAX,
            Count::One | Count::Optional => 1,
        };
        let least = usize::from(self.count != Count::Optional);
        let fitting = letters.iter().take(most).take_while(|l| self.accepts.contains(**l)).count();
        (least..=fitting).rev().collect()
    }

    fn accept(&self, argument: Item, index: usize) -> Outcome<Item> {
        if !self.array || argument.is_undefined() {
            return Ok(argument);
        }
        let is_array = argument.is_array();
        if let Some(subtype) = &self.subtype
            && !holds(&argument, subtype)
        {
            return Err(Fault::new("T0412")
                .with("index", index.to_string())
                .with("type", plural(subtype)));
        }
        Ok(if is_array { argument } else { Item::plain_array(vec![argument]) })
    }
}

/// Whether an array holds only items of the type, judged by its first letter; a single value must be of the type.
fn holds(argument: &Item, subtype: &str) -> bool {
    let Some(items) = argument.elements() else {
        let mut buffer = [0; 4];
        return letter(argument).encode_utf8(&mut buffer) == subtype;
    };
    let expected = subtype.chars().next();
    match items {
        Elements::Values(values) => values.iter().all(|value| Some(letter_of(value)) == expected),
        Elements::Items(items) => items.iter().all(|item| Some(letter(item)) == expected),
    }
}

/// The type of a value as signatures write it; `m` for nothing.
fn letter(item: &Item) -> char {
    match item {
        Item::Undefined => 'm',
        Item::Json(value) => letter_of(value),
        Item::List(_) | Item::Tuples(_) => 'a',
        Item::Record(_) => 'o',
        Item::Function(_) => 'f',
    }
}

fn letter_of(value: &Value) -> char {
    match value {
        Value::Null => 'l',
        Value::Bool(_) => 'b',
        Value::Int(_) | Value::Float(_) => 'n',
        Value::String(_) => 's',
        Value::Array(_) => 'a',
        Value::Object(_) => 'o',
    }
}

fn quantify(parameter: Option<&mut Parameter>, letter: char) {
    let Some(parameter) = parameter else { return };
    match letter {
        '+' => parameter.count = Count::Many,
        '-' => {
            parameter.context = true;
            parameter.count = Count::Optional;
        }
        _ => parameter.count = Count::Optional,
    }
}

/// Where the bracket that opens at `start` closes; the end of the text if it does not.
fn closing(letters: &[char], start: usize, open: char, close: char) -> usize {
    let mut depth = 0usize;
    for (index, letter) in letters.iter().enumerate().skip(start) {
        if *letter == open {
            depth += 1;
        } else if *letter == close {
            depth -= 1;
            if depth == 0 {
                return index;
            }
        }
    }
    letters.len()
}

fn quoted(letters: &[char]) -> String {
    format!("\"{}\"", letters.iter().collect::<String>())
}

fn plural(subtype: &str) -> String {
    let name = match subtype {
        "a" => "arrays",
        "b" => "booleans",
        "f" => "functions",
        "n" => "numbers",
        "o" => "objects",
        "s" => "strings",
        _ => return "undefined".to_owned(),
    };
    format!("\"{name}\"")
}
