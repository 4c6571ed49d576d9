//! What every crate and every line of ours keeps to: no unsafe code, and comparisons of secrets that take the same time.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn no_crate_of_ours_has_or_allows_unsafe_code() {
    let workspace = fs::read_to_string("Cargo.toml").unwrap();
    assert!(workspace.contains("unsafe_code = \"forbid\""));
    let all = files(Path::new("."));
    let manifests: Vec<_> = all.iter().filter(|path| path.ends_with("Cargo.toml")).collect();
    assert!(manifests.len() >= 4, "{manifests:?}");
    for manifest in &manifests {
        let text = fs::read_to_string(manifest).unwrap();
        let inherits = text.contains("[lints]\nworkspace = true");
        let forbids = text.contains("unsafe_code = \"forbid\"");
        let folder = manifest.parent().unwrap();
        // Where a macro of a tool needs more than the lint allows, the words must not be there at all.
        let clean = sources(&all, folder).all(|path| !says_unsafe(path));
        assert!(inherits || forbids || clean, "{} escapes the lint", manifest.display());
    }
    let wrong: Vec<_> = all
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs") && says_unsafe(path))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_signature_is_compared_in_constant_time() {
    let text = fs::read_to_string("src/api/auth/signature.rs").unwrap();
    assert!(text.contains(".verify_slice("), "hmac's own comparison takes the same time for all");
    for file in files(Path::new("src/api/auth")) {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for comparison in ["signature ==", "== signature", "signature !=", "mac ==", "== mac"] {
            assert!(!code.contains(comparison), "{}: {comparison}", file.display());
        }
    }
}

fn says_unsafe(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let words = [
        concat!("unsafe", " {"),
        concat!("unsafe", " fn"),
        concat!("unsafe", " impl"),
        concat!("allow(unsafe", "_code"),
    ];
    code.into_iter().any(|line| words.iter().any(|word| line.contains(word)))
}

fn sources<'a>(all: &'a [PathBuf], folder: &'a Path) -> impl Iterator<Item = &'a PathBuf> {
    all.iter().filter(move |path| {
        path.starts_with(folder) && path.extension().is_some_and(|end| end == "rs")
    })
}

/// Files of ours: no build outputs, no packages of others.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "target" || name == "node_modules" || name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
