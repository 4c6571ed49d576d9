//! What inputs are made from: the literals of the project's own tests, its examples, and `corpus/TARGET`. So seeds mean
//! something, and a new test is a new seed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{SEPARATOR, Target};

/// Where seeds come from.
pub(crate) enum Source {
    /// String literals in the Rust files of a directory or in one file, from the repository's root.
    Literals(&'static str),
    /// The same, but only those that are JSON objects with this member.
    Having(&'static str, &'static str),
    /// Files of a directory.
    Files(&'static str),
    /// What this gives.
    Made(fn() -> Vec<Vec<u8>>),
}

/// The inputs that those for a target are made from, always in the same order; the corpus comes first.
pub fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = corpus(target.name).into_iter().map(|(_, input)| input).collect();
    let mut others = BTreeSet::new();
    for source in target.seeds {
        others.extend(gathered(source).into_iter().map(|seed| (target.shape)(seed)));
    }
    seeds.extend(others);
    seeds
}

/// Inputs that once did harm, with the names of their files.
pub(crate) fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for path in files(&root().join("fuzz/corpus").join(target)) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.push((name, fs::read(path).expect("a file of the corpus")));
    }
    found
}

fn gathered(source: &Source) -> Vec<Vec<u8>> {
    match source {
        Source::Literals(place) => literals(place).map(String::into_bytes).collect(),
        Source::Having(place, member) => {
            let object = |text: &String| {
                let value: Option<serde_json::Value> = serde_json::from_str(text).ok();
                value.is_some_and(|value| value.get(member).is_some())
            };
            literals(place).filter(object).map(String::into_bytes).collect()
        }
        Source::Files(place) => {
            files(&root().join(place)).iter().filter_map(|path| fs::read(path).ok()).collect()
        }
        Source::Made(make) => make(),
    }
}

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files below a directory, in order of name; none if there is no directory.
fn files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        found.extend(files(&entry.path()));
    }
    found.sort();
    found
}

fn literals(place: &str) -> impl Iterator<Item = String> {
    let rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let files = files(&root().join(place)).into_iter().filter(rust);
    files.flat_map(|path| literals_in(&fs::read_to_string(path).unwrap_or_default()))
}

/// String literals of Rust code, and the arguments of `json!` that are JSON as they stand. Good enough for seeds.
fn literals_in(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("json!(") {
        let rest = &code[at + 6..];
        let cut = rest.find(");").or_else(|| rest.find(")}")).unwrap_or(0);
        for (end, _) in rest.match_indices(')').take_while(|(end, _)| *end <= cut) {
            let text = rest[..end].replace(",\n", "\n,\n");
            let text = without_last_commas(&text);
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                found.push(text);
                break;
            }
        }
    }
    let mut rest = code;
    while let Some(at) = rest.find('"') {
        let hashes = rest[..at].bytes().rev().take_while(|byte| *byte == b'#').count();
        let raw = rest[..at - hashes].ends_with('r');
        rest = &rest[at + 1..];
        let end = match raw {
            true => rest.find(&format!("\"{}", "#".repeat(hashes))),
            false => end_of(rest),
        };
        let Some(end) = end else { break };
        let text = &rest[..end];
        found.push(if raw { text.to_owned() } else { unescaped(text) });
        rest = &rest[end + 1..];
    }
    found.retain(|text| !text.is_empty());
    found
}

fn end_of(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}

fn unescaped(text: &str) -> String {
    let simple = [("\\\"", "\""), ("\\n", "\n"), ("\\t", "\t"), ("\\'", "'"), ("\\\\", "\\")];
    simple.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Rust allows a comma after the last member, JSON does not.
fn without_last_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '}' | ']') {
            let kept = out.trim_end().trim_end_matches(',').len();
            if out.trim_end().len() != kept {
                out.truncate(kept);
            }
        }
        out.push(c);
    }
    out
}

/// A seed with more parts behind it.
pub(crate) fn followed_by(seed: Vec<u8>, more: &[&str]) -> Vec<u8> {
    let mut all = seed;
    for part in more {
        all.extend_from_slice(SEPARATOR);
        all.extend_from_slice(part.as_bytes());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_found_in_code() {
        let _alone = crate::bound::alone();
        let code = r##"let a = "x\"y\n"; let b = r#"{"k": "v"}"#; f(json!({"c": [1, 2,], }));"##;
        let found = literals_in(code);
        assert_eq!(found.first().map(String::as_str), Some("{\"c\": [1, 2]}"));
        assert!(
            found.contains(&"x\"y\n".to_owned()) && found.contains(&r#"{"k": "v"}"#.to_owned())
        );
    }

    #[test]
    fn every_target_has_seeds() {
        let _alone = crate::bound::alone();
        for target in crate::targets() {
            let seeds = seeds(target);
            assert!(seeds.len() >= 8, "{}: {}", target.name, seeds.len());
        }
    }
}
