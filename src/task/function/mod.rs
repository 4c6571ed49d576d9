//! Local functions: programs on this machine that Task states call instead of AWS Lambda.
//!
//! Three kinds, told apart by how they are given:
//!
//! ```text
//! NAME=COMMAND                    event on standard input, result on standard output, one process per event
//! NAME=runtime:COMMAND            a process that speaks the Lambda Runtime API, as `bootstrap` does on Lambda
//! NAME=python:FILE.py:HANDLER     a handler as on Lambda, run by a small runtime client of ours
//! NAME=node:FILE.mjs:HANDLER
//! ```
//!
//! A function has at most ten processes at a time, unless the command line or a functions file says otherwise; the wait for
//! one does not count. An invocation may take 900 seconds, Lambda's maximum, unless a functions file says otherwise. What runs too long is
//! killed with everything that it started, and so is what still runs when the caller loses interest.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod answer;
mod command;
mod environment;
mod pool;
mod process;
mod runtime_api;
mod spec;
mod words;

pub use answer::{Answer, Invocation};
pub use pool::Place;
pub use spec::{Error, PROCESSES};

use pool::Pool;
use process::Groups;

/// Takes one line that a function printed: the function's name and the line without its end.
pub type Log = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// What all local functions share.
#[derive(Clone)]
pub struct Host {
    /// Processes of one function at a time, unless its file says otherwise. An event for which none is free waits.
    pub processes: usize,
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
pub struct Functions {
    pools: Arc<BTreeMap<Arc<str>, Arc<Pool>>>,
    groups: Groups,
}

impl Functions {
    /// Reads the values of `--function NAME=COMMAND` and `--functions FILE`; the former win over the latter. Relative
    /// paths count from the current folder and from the file's folder.
    ///
    /// # Errors
    /// A value or a file that cannot be understood, a handler's file that is not there, or a name given twice.
    pub fn from_cli(
        definitions: &[String],
        files: &[PathBuf],
        host: Host,
    ) -> Result<Functions, Error> {
        let mut specs = BTreeMap::new();
        for definition in definitions {
            insert(&mut specs, spec::from_argument(definition, Path::new(""))?)?;
        }
        let mut more = BTreeMap::new();
        for file in files {
            for spec in spec::from_file(file)? {
                insert(&mut more, spec)?;
            }
        }
        for (name, spec) in more {
            specs.entry(name).or_insert(spec);
        }
        let (host, groups) = (Arc::new(host), Groups::default());
        let pool = |spec| Arc::new(Pool::new(spec, host.clone(), groups.clone()));
        let pools = specs.into_iter().map(|(name, spec)| (name, pool(spec))).collect();
        Ok(Functions { pools: Arc::new(pools), groups })
    }

    /// Names of all functions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pools.keys().map(|name| &**name)
    }

    /// Whether there is a function of this name.
    pub fn knows(&self, name: &str) -> bool {
        self.pools.contains_key(name)
    }

    /// Waits, as long as it takes, until a process of a function may be had. `None` if there is no function of that name.
    pub async fn place(&self, name: &str) -> Option<Place> {
        Some(self.pools.get(name)?.place().await)
    }

    /// Calls a function, when it has a place. `None` if there is none of that name.
    pub async fn invoke(&self, invocation: &Invocation) -> Option<Answer> {
        Some(self.place(&invocation.name).await?.invoke(invocation).await)
    }

    /// Kills all processes of all functions, with everything that those started, and starts no more.
    pub fn shutdown(&self) {
        self.groups.kill_all();
        for pool in self.pools.values() {
            pool.clear();
        }
    }
}

fn insert(specs: &mut BTreeMap<Arc<str>, spec::Spec>, spec: spec::Spec) -> Result<(), Error> {
    match specs.entry(spec.name.clone()) {
        Entry::Occupied(entry) => Err(Error::Twice(entry.key().to_string())),
        Entry::Vacant(entry) => {
            entry.insert(spec);
            Ok(())
        }
    }
}
