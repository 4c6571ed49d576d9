//! What a start costs when many executions are open.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::lambda;
use super::server::Server;
use super::wire::Client;

/// A start after a kill.
#[derive(Debug)]
pub struct Recovery {
    /// Executions that the server says it took up again.
    pub resumed: usize,
    /// From the start of the process until the first answer to a request.
    pub answering: Duration,
    /// From the start of the process until the last execution was taken up.
    pub whole: Duration,
}

/// Starts so many executions that wait, kills the server, and starts it again.
pub async fn recover(binary: &Path, open: usize) -> Recovery {
    let folder = tempfile::tempdir().unwrap();
    let lambda = lambda::start(std::sync::Arc::default()).await;
    let mut server = Server::new(binary, folder.path(), lambda);
    server.start().await;
    let mut client = Client::of(server.port());
    let wait = json!({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 86_400, "End": true}}});
    let role = "arn:aws:iam::123456789012:role/any";
    let machine = json!({"name": "wait", "roleArn": role, "definition": wait.to_string()});
    let machine = client.must("CreateStateMachine", &machine).await["stateMachineArn"].clone();
    let starters: Vec<_> = (0..16)
        .map(|starter| {
            let (port, machine) = (server.port(), machine.clone());
            tokio::spawn(async move {
                let mut client = Client::of(port);
                for _ in (starter..open).step_by(16) {
                    client.must("StartExecution", &json!({"stateMachineArn": machine})).await;
                }
            })
        })
        .collect();
    for starter in starters {
        starter.await.unwrap();
    }
    server.kill().await;
    let (whole, line) = server.start_until("executions go on where they were").await;
    let resumed = line.split("running=").nth(1).unwrap();
    let resumed = resumed.chars().take_while(char::is_ascii_digit).collect::<String>();
    server.kill().await;
    let begun = std::time::Instant::now();
    server.start().await;
    client.must("ListStateMachines", &json!({})).await;
    Recovery { resumed: resumed.parse().unwrap(), answering: begun.elapsed(), whole }
}
