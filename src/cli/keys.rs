//! `stepwright keys`: who may sign requests to a server with `--auth`.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::local::clock::SystemClock;
use crate::local::keys::KeyFile;
use crate::turn::Clock as _;

/// Make, list and delete the access keys that `serve --auth` accepts, also while it runs.
#[derive(Debug, Args)]
pub(super) struct Keys {
    #[command(subcommand)]
    action: Action,
    /// Directory of the server's data [default: $XDG_DATA_HOME/stepwright, or ~/.local/share/stepwright].
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key and print it as environment variables; the secret is shown this once.
    Create {
        /// What it is for.
        #[arg(long, default_value = "")]
        name: String,
    },
    /// List the keys: id, time of creation, name.
    List,
    /// Delete a key; requests signed with it are refused from now on.
    Delete {
        /// Access key id.
        id: String,
    },
}

/// Does what the action says.
pub(super) fn run(arguments: &Keys) -> Result<(), Box<dyn Error>> {
    let file = KeyFile::of(&super::serve::directory(arguments.data.as_ref())?);
    let mut output = io::stdout();
    match &arguments.action {
        Action::Create { name } => {
            let (key, secret) = file.create(name, SystemClock::default().now().to_string())?;
            writeln!(
                output,
                "AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}",
                key.id,
                secret.reveal()
            )?;
            let _ = writeln!(io::stderr(), "The secret is not shown again.");
        }
        Action::List => {
            for key in file.list()? {
                writeln!(
                    output,
                    "{}",
                    [&*key.id, &*key.created, &*key.name].join("  ").trim_end()
                )?;
            }
        }
        Action::Delete { id } => {
            if !file.delete(id)? {
                return Err(NoSuchKey(id.clone()).into());
            }
        }
    }
    Ok(())
}

#[derive(Debug, thiserror::Error)]
#[error("there is no access key {0}")]
struct NoSuchKey(String);
