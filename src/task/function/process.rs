//! A function's process: started in a process group of its own, heard line by line, and killed with all its children.
//! No process outlives its [`Process`], nor [`Groups::kill_all`].

use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::spec::Spec;
use super::{Host, Log};

/// The process groups that are alive.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups(Arc<Mutex<Living>>);

#[derive(Debug, Default)]
struct Living {
    groups: BTreeSet<i32>,
    closed: bool,
}

/// A process and its group.
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
    groups: Groups,
}

/// The ends of a process that we hold.
pub(super) struct Pipes {
    /// What it reads.
    pub(super) input: Option<ChildStdin>,
    /// What it prints.
    pub(super) output: Option<ChildStdout>,
    /// What it complains.
    pub(super) error: Option<ChildStderr>,
}

impl Process {
    /// Starts the function's command with the variables that Lambda sets, and `more`.
    ///
    /// # Errors
    /// The program cannot be started, or [`Groups::kill_all`] was called.
    pub(super) fn start(
        spec: &Spec,
        host: &Host,
        more: &[(&str, String)],
        groups: &Groups,
    ) -> io::Result<(Process, Pipes)> {
        let (program, arguments) =
            spec.command.split_first().ok_or_else(|| io::Error::other("its command is empty"))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&spec.folder)
            .envs(variables(spec, host))
            .envs(more.iter().map(|(name, value)| (name, value)))
            .envs(host.environment.iter().map(|(name, value)| (name, value)))
            .envs(&spec.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = groups.start(&mut command)?;
        let pipes = Pipes {
            input: child.stdin.take(),
            output: child.stdout.take(),
            error: child.stderr.take(),
        };
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Ok((Process { child, group, groups: groups.clone() }, pipes))
    }

    /// Waits for the end of the process and says how it ended, as Lambda words it.
    pub(super) async fn ended(&mut self) -> (bool, String) {
        match self.child.wait().await {
            Ok(status) => (status.success(), describe(status)),
            Err(error) => (false, error.to_string()),
        }
    }

    /// Whether the process has not ended yet.
    pub(super) fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills the process and everything that it started.
    pub(super) fn kill(&mut self) {
        if let Some(group) = self.group.take() {
            self.groups.kill(group);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Groups {
    /// Kills all groups. No process can be started after that.
    pub(super) fn kill_all(&self) {
        let mut living = self.living();
        living.closed = true;
        for group in std::mem::take(&mut living.groups).into_iter().filter_map(Pid::from_raw) {
            // It may have ended by itself; then there is nothing to do.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Starts a process under the lock, so that none can slip through [`Groups::kill_all`].
    fn start(&self, command: &mut Command) -> io::Result<Child> {
        let mut living = self.living();
        if living.closed {
            return Err(io::Error::other("functions are shut down"));
        }
        let child = command.spawn()?;
        living.groups.extend(child.id().and_then(|id| i32::try_from(id).ok()));
        Ok(child)
    }

    fn kill(&self, group: Pid) {
        if self.living().groups.remove(&group.as_raw_nonzero().get()) {
            // It may have ended by itself; then there is nothing to do.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    fn living(&self) -> std::sync::MutexGuard<'_, Living> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands each line on to the log, and says at the end which the last one was that was not empty.
pub(super) async fn forward(
    source: Option<impl AsyncRead + Unpin>,
    function: Arc<str>,
    log: Log,
) -> String {
    let mut last = String::new();
    let Some(source) = source else { return last };
    let mut source = BufReader::new(source);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match (&mut source).take(LONGEST_LINE).read_until(b'\n', &mut bytes).await {
            Ok(0) | Err(_) => return last,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim_end_matches(['\r', '\n']);
        log(&function, line);
        if !line.trim().is_empty() {
            line.clone_into(&mut last);
        }
    }
}

/// The variables that Lambda sets for every function.
fn variables(spec: &Spec, host: &Host) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_LAMBDA_FUNCTION_NAME", spec.name.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEMORY_MEGABYTES.to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", spec.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
        ("AWS_REGION", host.region.to_string()),
        ("AWS_DEFAULT_REGION", host.region.to_string()),
        ("LAMBDA_TASK_ROOT", spec.folder.to_string_lossy().into_owned()),
        ("_HANDLER", spec.handler.clone()),
    ]
}

/// `exit status 1`, `signal: 9`
fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "signal: killed".to_owned(),
        (None, Some(signal)) => format!("signal: {signal}"),
        (None, None) => "unknown status".to_owned(),
    }
}

/// Bytes after which a line is cut, so that a function cannot fill our memory.
const LONGEST_LINE: u64 = 64 * 1024;

/// Said to functions, not enforced.
const MEMORY_MEGABYTES: &str = "128";
