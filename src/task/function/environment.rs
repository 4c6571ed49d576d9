//! An execution environment: one process that speaks the Runtime API, and works on one invocation at a time.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use uuid::Uuid;

use super::answer::Answer;
use super::process::{Groups, Process, forward};
use super::runtime_api::{Said, Server, Work, serve};
use super::spec::Spec;
use super::{Host, Invocation};
use crate::task::aws::{Partition, trace_header};

/// One process and its API. Dropping it kills the process.
pub(super) struct Environment {
    process: Process,
    said: mpsc::Receiver<Said>,
    waiting: Option<oneshot::Sender<Work>>,
    spec: Arc<Spec>,
    arn: String,
    _server: Server,
}

impl Environment {
    /// Starts a process and waits until it asks for work. A process that does not get that far, within the time that one
    /// invocation may take, is the answer to the request that it was started for.
    pub(super) async fn start(
        spec: Arc<Spec>,
        host: &Host,
        groups: &Groups,
        request_id: &str,
    ) -> Result<Environment, Answer> {
        let refused = |error: &std::io::Error| {
            let program = spec.command.first().map_or("", String::as_str);
            Answer::not_started(request_id, program, error)
        };
        let (tell, said) = mpsc::channel(4);
        let server = serve(tell).await.map_err(|error| refused(&error))?;
        let api = [("AWS_LAMBDA_RUNTIME_API", server.address.to_string())];
        let (process, pipes) =
            Process::start(&spec, host, &api, groups).map_err(|error| refused(&error))?;
        tokio::spawn(forward(pipes.output, spec.name.clone(), host.log.clone()));
        tokio::spawn(forward(pipes.error, spec.name.clone(), host.log.clone()));
        let partition = Partition::of(&host.region).name;
        let place = format!("arn:{partition}:lambda:{}:{}", host.region, host.account);
        let arn = format!("{place}:function:{}", spec.name);
        let mut environment =
            Environment { process, said, waiting: None, spec, arn, _server: server };
        environment.ready(request_id).await?;
        Ok(environment)
    }

    /// Whether the process can take another invocation.
    pub(super) fn lives(&mut self) -> bool {
        self.process.lives()
    }

    /// Has the process work on one invocation. `None` beside the answer if the process must not be used again.
    pub(super) async fn invoke(
        mut self,
        request_id: &str,
        invocation: &Invocation,
    ) -> (Answer, Option<Environment>) {
        let limit = self.spec.timeout;
        match timeout(limit, self.work(request_id, invocation)).await {
            Ok(Ok(answer)) => (answer, Some(self)),
            Ok(Err(answer)) => (answer, None),
            Err(_) => (Answer::timed_out(request_id, limit), None),
        }
    }

    /// Waits until the process asks for work.
    async fn ready(&mut self, request_id: &str) -> Result<(), Answer> {
        let limit = self.spec.timeout;
        let asked = timeout(limit, async {
            while self.waiting.as_ref().is_none_or(oneshot::Sender::is_closed) {
                match self.hear(request_id).await? {
                    Said::Next(give) => self.waiting = Some(give),
                    Said::InitError(payload) => return Err(Answer::raised(request_id, payload)),
                    Said::Finished { .. } => {}
                }
            }
            Ok(())
        });
        asked.await.unwrap_or_else(|_| Err(Answer::timed_out(request_id, limit)))
    }

    /// The answer of the process; `Err` if there will be no other.
    async fn work(&mut self, request_id: &str, invocation: &Invocation) -> Result<Answer, Answer> {
        self.ready(request_id).await?;
        if let Some(give) = self.waiting.take() {
            // If the process has gone meanwhile, its end is heard next.
            let _ = give.send(self.describe(request_id, invocation));
        }
        loop {
            match self.hear(request_id).await? {
                Said::Finished { request_id: id, payload, failed, right } => {
                    let ours = id == request_id;
                    // The process may have gone after it answered.
                    let _ = right.send(ours);
                    if ours {
                        return Ok(finished(request_id, payload, failed));
                    }
                }
                Said::Next(_) => return Err(Answer::exited(request_id, NO_ANSWER)),
                Said::InitError(payload) => return Err(Answer::raised(request_id, payload)),
            }
        }
    }

    /// What the process says next; its end, if it says nothing more.
    async fn hear(&mut self, request_id: &str) -> Result<Said, Answer> {
        let how = tokio::select! {
            biased;
            Some(said) = self.said.recv() => return Ok(said),
            (_, how) = self.process.ended() => how,
        };
        // What it said last may have come in together with its end.
        self.said.try_recv().map_err(|_| Answer::exited(request_id, &how))
    }

    fn describe(&self, request_id: &str, invocation: &Invocation) -> Work {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let none = || {
            let trace = Uuid::new_v4().simple().to_string();
            format!("Root=1-{:08x}-{};Sampled=0", now.as_secs(), &trace[..24])
        };
        let context =
            invocation.client_context.as_ref().and_then(|text| STANDARD.decode(text).ok());
        Work {
            request_id: request_id.to_owned(),
            deadline: (now + self.spec.timeout).as_millis(),
            arn: match &invocation.qualifier {
                Some(qualifier) => format!("{}:{qualifier}", self.arn),
                None => self.arn.clone(),
            },
            trace: trace_header().unwrap_or_else(none),
            client_context: context.and_then(|bytes| String::from_utf8(bytes).ok()),
            event: invocation.event.clone(),
        }
    }
}

fn finished(request_id: &str, payload: Option<String>, failed: bool) -> Answer {
    match payload {
        None => Answer::too_large(request_id),
        Some(payload) if failed => Answer::raised(request_id, payload),
        Some(payload) => Answer::returned(request_id, payload),
    }
}

const NO_ANSWER: &str = "it asked for the next invocation without answering this one";
