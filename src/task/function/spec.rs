//! Reads how functions are given: `NAME=COMMAND` on the command line and JSON files of names and commands.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::words;

/// A registered function: what to run and how long it may take.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    /// Its name, as Lambda would have it.
    pub(super) name: Arc<str>,
    /// How it is spoken to.
    pub(super) protocol: Protocol,
    /// Program and arguments; never empty.
    pub(super) command: Vec<String>,
    /// Working directory, and `LAMBDA_TASK_ROOT`.
    pub(super) folder: PathBuf,
    /// `_HANDLER`
    pub(super) handler: String,
    /// How long one invocation may take.
    pub(super) timeout: Duration,
    /// How many processes it may have at a time, if it says so itself.
    pub(super) processes: Option<usize>,
    /// Environment variables of this function alone.
    pub(super) environment: BTreeMap<String, String>,
}

/// How a function is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// One process per event: event on standard input, result on standard output.
    Command,
    /// The Lambda Runtime API, by processes that stay.
    Runtime,
}

/// Why a function cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `--function` without a name or a command.
    #[error(
        "--function {0:?} is not NAME=COMMAND, NAME=python:FILE.py:HANDLER, NAME=node:FILE.mjs:HANDLER or NAME=runtime:COMMAND"
    )]
    Form(String),
    /// A function that cannot be run as it is given.
    #[error("function {name:?}: {reason}")]
    Function {
        /// Which.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A name given twice.
    #[error("function {0:?} is given twice")]
    Twice(String),
    /// A file of functions that cannot be read.
    #[error("functions file {}: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// An entry of a functions file: the command alone, or with settings.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Command(String),
    Settings(Settings),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// As after `NAME=` on the command line.
    run: String,
    /// Seconds.
    #[serde(default)]
    timeout: Option<f64>,
    #[serde(default)]
    processes: Option<usize>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

/// Lambda's own default is 3 seconds, its maximum 900. Locally a function that is merely slow to start, or stopped in a
/// debugger, should not fail, so the maximum is the default.
const TIMEOUT_SECONDS: f64 = 900.0;

/// How many processes a function may be allowed at a time: at least one, or it would wait for ever.
pub const PROCESSES: RangeInclusive<usize> = 1..=10_000;

/// Reads `NAME=COMMAND`; relative paths count from the folder.
pub(super) fn from_argument(text: &str, folder: &Path) -> Result<Spec, Error> {
    let Some((name, run)) = text.split_once('=') else {
        return Err(Error::Form(text.to_owned()));
    };
    let settings = Settings { run: run.to_owned(), ..Settings::default() };
    spec(name.trim(), settings, folder)
}

/// Reads a JSON file `{NAME: COMMAND, NAME: {"run": COMMAND, "timeout": SECONDS, "processes": N, "environment": {…}}}`;
/// relative paths count from the file's folder.
pub(super) fn from_file(path: &Path) -> Result<Vec<Spec>, Error> {
    let wrong = |reason: String| Error::File { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let values: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    values
        .into_iter()
        .map(|(name, value)| match serde_json::from_value(value) {
            Ok(Entry::Command(run)) => {
                spec(&name, Settings { run, ..Settings::default() }, folder)
            }
            Ok(Entry::Settings(settings)) => spec(&name, settings, folder),
            Err(_) => Err(wrong(format!(
                "{name:?} is neither a command nor {{\"run\": COMMAND, \"timeout\": SECONDS, \"processes\": N, \"environment\": {{…}}}}"
            ))),
        })
        .collect()
}

fn spec(name: &str, settings: Settings, folder: &Path) -> Result<Spec, Error> {
    let wrong = |reason: String| Error::Function { name: name.to_owned(), reason };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 140 || !name.chars().all(plain) {
        return Err(wrong("a name consists of letters, digits, - and _".to_owned()));
    }
    let seconds = settings.timeout.unwrap_or(TIMEOUT_SECONDS);
    if !(seconds > 0.0 && seconds <= TIMEOUT_SECONDS) {
        return Err(wrong(format!("its timeout is {seconds}, not above 0 and up to 900 seconds")));
    }
    if settings.processes.is_some_and(|processes| !PROCESSES.contains(&processes)) {
        return Err(wrong(format!("its processes are not from 1 to {}", PROCESSES.end())));
    }
    let folder = absolute(folder).map_err(|error| wrong(error.to_string()))?;
    let program = program(name, &settings.run, &folder).map_err(wrong)?;
    Ok(Spec {
        name: name.into(),
        protocol: program.protocol,
        command: program.command,
        folder: program.folder,
        handler: program.handler,
        timeout: Duration::from_secs_f64(seconds),
        processes: settings.processes,
        environment: settings.environment,
    })
}

struct Program {
    protocol: Protocol,
    command: Vec<String>,
    folder: PathBuf,
    handler: String,
}

/// What follows `NAME=`.
fn program(name: &str, run: &str, folder: &Path) -> Result<Program, String> {
    for language in &LANGUAGES {
        if let Some(rest) = run.strip_prefix(language.prefix) {
            return handler(language, rest, folder);
        }
    }
    let (protocol, text) = match run.strip_prefix("runtime:") {
        Some(text) => (Protocol::Runtime, text),
        None => (Protocol::Command, run),
    };
    let mut command = words::split(text)?;
    let Some(program) = command.first_mut() else {
        return Err("its command is empty".to_owned());
    };
    if program.contains('/') {
        *program = folder.join(&*program).to_string_lossy().into_owned();
    }
    Ok(Program { protocol, command, folder: folder.to_owned(), handler: name.to_owned() })
}

/// A language whose handlers are run by a runtime client of ours.
struct Language {
    prefix: &'static str,
    /// The interpreter and what comes before the client's text.
    interpreter: &'static [&'static str],
    client: &'static str,
    extensions: &'static [&'static str],
}

const LANGUAGES: [Language; 2] = [
    Language {
        prefix: "python:",
        interpreter: &["python3", "-u", "-c"],
        client: include_str!("clients/python.py"),
        extensions: &["py"],
    },
    Language {
        prefix: "node:",
        interpreter: &["node", "--input-type=module", "-e"],
        client: include_str!("clients/node.mjs"),
        extensions: &["js", "mjs", "cjs"],
    },
];

/// `FILE:HANDLER`
fn handler(language: &Language, text: &str, folder: &Path) -> Result<Program, String> {
    let form = || {
        let endings = language.extensions.join(", .");
        format!("{text:?} is not FILE:HANDLER with a file that ends in .{endings}")
    };
    let (file, handler) = text.rsplit_once(':').ok_or_else(form)?;
    let file = folder.join(file);
    let known = file.extension().is_some_and(|e| language.extensions.iter().any(|x| e == *x));
    if !known || handler.is_empty() {
        return Err(form());
    }
    if !file.is_file() {
        return Err(format!("there is no file {}", file.display()));
    }
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut command: Vec<String> = language.interpreter.iter().map(|&s| s.to_owned()).collect();
    command.push(language.client.to_owned());
    command.push(file.to_string_lossy().into_owned());
    command.push(handler.to_owned());
    Ok(Program {
        protocol: Protocol::Runtime,
        command,
        folder: file.parent().unwrap_or(folder).to_owned(),
        handler: format!("{stem}.{handler}"),
    })
}

fn absolute(folder: &Path) -> std::io::Result<PathBuf> {
    if folder.as_os_str().is_empty() {
        std::env::current_dir()
    } else {
        std::path::absolute(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_keeps_its_words_and_finds_its_program_in_the_folder() {
        let spec = from_argument("greet=./bin/greet --to 'the world'", Path::new("/srv")).unwrap();
        assert_eq!(spec.command, ["/srv/./bin/greet", "--to", "the world"]);
        assert_eq!((&*spec.name, spec.protocol), ("greet", Protocol::Command));
        assert_eq!(spec.timeout, Duration::from_secs(900));
        let spec = from_argument("f=runtime:boot", Path::new("/srv")).unwrap();
        assert_eq!((spec.protocol, &*spec.command), (Protocol::Runtime, &["boot".to_owned()][..]));
    }

    #[test]
    fn what_cannot_be_run_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let table = [
            ("greet", "is not NAME=COMMAND"),
            ("=cat", "a name consists of"),
            ("a b=cat", "a name consists of"),
            ("f=", "its command is empty"),
            ("f=runtime:", "its command is empty"),
            ("f=sh -c 'x", "a single quote is not closed"),
            ("f=python:app.py", "is not FILE:HANDLER"),
            ("f=python:app.js:handler", "ends in .py"),
            ("f=python:app.py:handler", "there is no file"),
            ("f=node:app.py:handler", "ends in .js, .mjs, .cjs"),
        ];
        for (text, expected) in table {
            let error = from_argument(text, folder.path()).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_gives_commands_and_settings_relative_to_itself() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("app.py"), "").unwrap();
        let path = folder.path().join("functions.json");
        let text = r#"{"a": "cat", "b": {"run": "python:app.py:f", "timeout": 2.5, "processes": 2, "environment": {"K": "v"}}}"#;
        std::fs::write(&path, text).unwrap();
        let specs = from_file(&path).unwrap();
        assert_eq!(specs.len(), 2);
        assert_eq!(specs[1].folder, folder.path());
        assert_eq!(specs[1].handler, "app.f");
        assert_eq!(specs[1].timeout, Duration::from_millis(2500));
        assert_eq!((specs[0].processes, specs[1].processes), (None, Some(2)));
        assert_eq!(specs[1].environment["K"], "v");
    }

    #[test]
    fn a_file_that_is_no_map_of_functions_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("functions.json");
        let table = [
            ("[]", "invalid type"),
            ("{", "EOF"),
            (r#"{"a": 1}"#, "neither a command nor"),
            (r#"{"a": {"run": "cat", "timout": 1}}"#, "neither a command nor"),
            (r#"{"a": {"run": "cat", "timeout": 901}}"#, "up to 900 seconds"),
            (r#"{"a": {"run": "cat", "processes": 0}}"#, "from 1 to 10000"),
        ];
        for (text, expected) in table {
            std::fs::write(&path, text).unwrap();
            let error = from_file(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(from_file(&folder.path().join("none")).is_err());
    }
}
