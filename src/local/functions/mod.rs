//! Local functions: programs on this machine that Task states call instead of AWS Lambda.

use std::path::PathBuf;
use std::sync::Arc;

/// Takes one line that a function printed: the function's name and the line without its end.
pub type Log = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// What all local functions share.
#[derive(Clone)]
pub struct Host {
    /// `AWS_REGION` of the functions, and in their ARNs.
    pub region: Arc<str>,
    /// Account id in their ARNs.
    pub account: Arc<str>,
    /// More environment variables for every function, over the inherited ones.
    pub environment: Vec<(String, String)>,
    /// Where their lines go.
    pub log: Log,
}

/// The registered functions. Clones share one registry.
#[derive(Clone, Default)]
pub struct Functions {}

/// A call of a function.
#[derive(Clone, Debug, Default)]
pub struct Invocation {
    /// Name of the function, without ARN and qualifier.
    pub name: String,
    /// Version or alias it was called by.
    pub qualifier: Option<String>,
    /// JSON text of the event.
    pub event: String,
    /// `ClientContext`: base64 of a JSON object.
    pub client_context: Option<String>,
}

/// What a function answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Id of the request, a UUID.
    pub request_id: String,
    /// What it returned, or the JSON object that describes its error.
    pub payload: String,
    /// Whether the payload describes an error.
    pub failed: bool,
}

/// Why a function cannot be registered.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl Functions {
    /// Reads the values of `--function NAME=COMMAND` and `--functions FILE`; the former win over the latter.
    ///
    /// # Errors
    /// A value or a file that cannot be understood, or a name given twice.
    pub fn from_cli(
        definitions: &[String],
        files: &[PathBuf],
        host: Host,
    ) -> Result<Functions, Error> {
        let _ = (definitions, files, host);
        Ok(Functions::default())
    }

    /// Names of all functions.
    pub fn names(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Whether there is a function of this name.
    pub fn knows(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// Calls a function. `None` if there is none of that name.
    pub async fn invoke(&self, invocation: Invocation) -> Option<Answer> {
        let _ = invocation;
        None
    }

    /// Stops all processes. Functions called later start new ones.
    pub async fn shutdown(&self) {}
}

/// Prints lines to standard error as `[NAME] line`.
pub fn standard_error() -> Log {
    Arc::new(|name, line| eprintln!("[{name}] {line}"))
}
