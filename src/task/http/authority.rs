//! Who vouches for requests: connections with their secrets, from the file or from AWS, and tokens of OAuth.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Request;
use serde_json::Value as Json;
use stepwright_core::engine::Failure;
use stepwright_core::expr::Value;
use tokio::sync::Mutex;

use super::connection::{
    Additions, Authorization, Connection, Connections, OAuth, basic, connection_name,
};
use super::encode;
use crate::task::aws::Settings;
use crate::task::sdk::{Call, Sdk, SdkFailure};
use crate::task::web::Web;

/// Looks connections up.
pub(super) struct Authority {
    local: Connections,
    remote: Arc<Sdk>,
    known: Mutex<HashMap<String, (Connection, Instant)>>,
    tokens: Mutex<HashMap<String, (String, Instant)>>,
}

impl Authority {
    /// Nothing is looked up yet.
    pub(super) fn new(settings: &Settings, remote: Arc<Sdk>) -> Authority {
        Authority {
            local: settings.connections.clone(),
            remote,
            known: Mutex::default(),
            tokens: Mutex::default(),
        }
    }

    /// What a connection adds to a request, its authorization included. `fresh`: not with a token from before.
    ///
    /// # Errors
    /// The connection cannot be used.
    pub(super) async fn additions(
        &self,
        arn: &str,
        web: &Web,
        fresh: bool,
    ) -> Result<Additions, Failure> {
        let Connection { authorization, mut additions } = self.connection(arn).await?;
        let (name, value) = match authorization {
            Authorization::Header(name, value) => (name, value),
            Authorization::OAuth(oauth) => {
                let token = self.token(arn, &oauth, web, fresh).await?;
                ("Authorization".to_owned(), format!("Bearer {token}"))
            }
        };
        additions.headers.push((name, value));
        Ok(additions)
    }

    /// Whether a connection can vouch with something new.
    pub(super) async fn renews(&self, arn: &str) -> bool {
        let found = self.connection(arn).await;
        found.is_ok_and(|found| matches!(found.authorization, Authorization::OAuth(_)))
    }

    async fn connection(&self, arn: &str) -> Result<Connection, Failure> {
        if let Some(found) = self.local.find(arn) {
            return found.map_err(|why| Failure::new(INVALID, format!("Connection {arn}: {why}")));
        }
        let mut known = self.known.lock().await;
        known.retain(|_, (_, since)| since.elapsed() < KNOWN_FOR);
        if let Some((connection, _)) = known.get(arn) {
            return Ok(connection.clone());
        }
        let found = self.fetch(arn).await?;
        known.insert(arn.to_owned(), (found.clone(), Instant::now()));
        Ok(found)
    }

    /// From EventBridge and Secrets Manager.
    async fn fetch(&self, arn: &str) -> Result<Connection, Failure> {
        let region = arn.split(':').nth(3).filter(|region| !region.is_empty());
        let name = Value::object([("Name", connection_name(arn).into())]);
        let described = self.ask(("eventbridge", "describeConnection"), region, &name).await;
        let described = described.map_err(|failure| unusable(arn, &failure))?;
        let state = described.get("ConnectionState").and_then(Value::as_str);
        let state = state.unwrap_or("AUTHORIZED");
        if state != "AUTHORIZED" {
            return Err(Failure::new(INVALID, format!("Connection {arn} is {state}")));
        }
        let secret = described.get("SecretArn").cloned().unwrap_or_default();
        let secret = Value::object([("SecretId", secret)]);
        let secret = self.ask(("secretsmanager", "getSecretValue"), region, &secret).await;
        let secret = secret.map_err(|failure| unusable(arn, &failure))?;
        let text = secret.get("SecretString").and_then(Value::as_str).unwrap_or_default();
        let secret: Json = serde_json::from_str(text).unwrap_or(Json::Null);
        Connection::of_secret(&secret)
            .map_err(|why| Failure::new(INVALID, format!("The secret of connection {arn}: {why}")))
    }

    async fn ask(
        &self,
        (service, action): (&str, &str),
        region: Option<&str>,
        parameters: &Value,
    ) -> Result<Value, SdkFailure> {
        let call = Call { service, action, parameters, region, role: None, token: "" };
        Box::pin(self.remote.ask(&call)).await
    }

    async fn token(
        &self,
        arn: &str,
        oauth: &OAuth,
        web: &Web,
        fresh: bool,
    ) -> Result<String, Failure> {
        let mut tokens = self.tokens.lock().await;
        tokens.retain(|_, (_, until)| *until > Instant::now());
        if let Some((token, _)) = tokens.get(arn).filter(|_| !fresh) {
            return Ok(token.clone());
        }
        let refused = |why: String| {
            Failure::new(INVALID, format!("Connection {arn}: no OAuth token was given: {why}"))
        };
        let request = request(oauth).map_err(|error| refused(error.to_string()))?;
        let reply = web.send(request).await.map_err(|error| refused(error.to_string()))?;
        if !(200..300).contains(&reply.status) {
            return Err(refused(format!("HTTP status {}", reply.status)));
        }
        let answer: Json = serde_json::from_slice(&reply.body).unwrap_or(Json::Null);
        let none = || refused("the answer has no access_token".to_owned());
        let token = answer["access_token"].as_str().ok_or_else(none)?.to_owned();
        let seconds = answer["expires_in"].as_u64().unwrap_or(0).saturating_sub(EARLY_SECONDS);
        let until = Instant::now() + Duration::from_secs(seconds.min(LONGEST_SECONDS));
        tokens.insert(arn.to_owned(), (token.clone(), until));
        Ok(token)
    }
}

/// Asks for a token: the client names itself by basic authentication (RFC 6749, 2.3.1).
fn request(oauth: &OAuth) -> Result<Request<Vec<u8>>, hyper::http::Error> {
    let own = [("grant_type".to_owned(), "client_credentials".to_owned())];
    let Additions { headers, query, body } = &oauth.additions;
    let given = body.iter().any(|(name, _)| name == "grant_type");
    let form: Vec<_> = own.iter().filter(|_| !given).chain(body).collect();
    let in_url = oauth.method == "GET";
    let pairs = query.iter().chain(form.iter().copied().filter(|_| in_url));
    let query: Vec<_> = pairs.map(|(name, value)| encode::pair(name, value)).collect();
    let joint = if oauth.endpoint.contains('?') { "&" } else { "?" };
    let tail = if query.is_empty() { String::new() } else { format!("{joint}{}", query.join("&")) };
    let mut request = Request::builder()
        .method(oauth.method.as_str())
        .uri(format!("{}{tail}", oauth.endpoint))
        .header("authorization", basic(&oauth.client_id, &oauth.client_secret))
        .header("accept", "application/json");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if in_url {
        return request.body(Vec::new());
    }
    let form: Vec<_> = form.iter().map(|(name, value)| encode::pair(name, value)).collect();
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.join("&").into_bytes())
}

fn unusable(arn: &str, failure: &SdkFailure) -> Failure {
    let SdkFailure::Service(answered) = failure else {
        return Failure::new(
            INVALID,
            format!(
                "Connection {arn} is not among those of --connections, and AWS cannot be asked for it: {failure}"
            ),
        );
    };
    let error = match answered.code.as_deref() {
        Some("ResourceNotFoundException") => format!("{FAMILY}ResourceNotFound"),
        Some("AccessDeniedException") => format!("{FAMILY}AccessDenied"),
        _ => INVALID.to_owned(),
    };
    let message = answered.message.as_deref().unwrap_or_default();
    Failure::new(error, format!("Connection {arn}: {message}"))
}

/// Errors of connections begin so.
const FAMILY: &str = "Events.ConnectionResource.";
const INVALID: &str = "Events.ConnectionResource.InvalidConnectionState";
const KNOWN_FOR: Duration = Duration::from_secs(60);
const EARLY_SECONDS: u64 = 60;
const LONGEST_SECONDS: u64 = 86_400;
