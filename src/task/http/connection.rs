//! Connections: how an HTTP Task authenticates itself. On AWS they live in EventBridge, their secrets in Secrets Manager;
//! on this machine in a file (`--connections`):
//!
//! ```json
//! {"billing": {"AuthorizationType": "API_KEY",
//!              "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "${BILLING_KEY}"}}}}
//! ```
//! Keys are names or ARNs of connections, members those of EventBridge's CreateConnection; `${NAME}` as a whole value is
//! that variable of the environment.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

/// Connections of this machine.
#[derive(Clone, Default)]
pub struct Connections(BTreeMap<String, Json>);

/// The file with connections cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It cannot be read.
    #[error("the connections in {0} cannot be read: {1}")]
    File(String, std::io::Error),
    /// It is no JSON object.
    #[error("the connections in {0} are no JSON object: {1}")]
    Json(String, serde_json::Error),
    /// One of the connections is none.
    #[error("connection {0}: {1}")]
    Connection(String, String),
}

// Secrets: nothing of it is shown.
impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// How requests are authorized, and what else is added to them.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) authorization: Authorization,
    pub(super) additions: Additions,
}

/// `AuthorizationType`
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Authorization {
    /// A header.
    Header(String, String),
    /// A token that is asked for first.
    OAuth(Box<OAuth>),
}

/// `OAuthParameters`
#[derive(Clone, PartialEq, Eq)]
pub(super) struct OAuth {
    pub(super) endpoint: String,
    pub(super) method: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) additions: Additions,
}

/// `InvocationHttpParameters`: names and values.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Additions {
    pub(super) headers: Vec<(String, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Vec<(String, String)>,
}

impl Connections {
    /// Reads a file. Every connection in it must be one.
    ///
    /// # Errors
    /// See [`Unreadable`]; the message names no value.
    pub fn read(path: &Path) -> Result<Connections, Unreadable> {
        let shown = || path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| Unreadable::File(shown(), e))?;
        let all: BTreeMap<String, Json> =
            serde_json::from_str(&text).map_err(|e| Unreadable::Json(shown(), e))?;
        let anything = |name: &str| Some(name.to_owned());
        for (name, given) in &all {
            Connection::of(given, &anything)
                .map_err(|why| Unreadable::Connection(name.clone(), why))?;
        }
        Ok(Connections(all))
    }

    /// The connection of an ARN, by the ARN or the name in it (`…:connection/NAME/ID`); `None` if there is none here.
    pub(super) fn find(&self, arn: &str) -> Option<Result<Connection, String>> {
        let name = connection_name(arn);
        let given = self.0.get(arn).or_else(|| self.0.get(name))?;
        Some(Connection::of(given, &|name| std::env::var(name).ok()))
    }
}

/// `…:connection/NAME/ID`; what is no ARN is a name.
pub(super) fn connection_name(arn: &str) -> &str {
    let Some((_, rest)) = arn.split_once(":connection/") else { return arn };
    rest.split('/').next().unwrap_or(rest)
}

type Variable<'a> = dyn Fn(&str) -> Option<String> + 'a;

impl Connection {
    /// As EventBridge's CreateConnection spells it.
    ///
    /// # Errors
    /// What is wrong with it, without any value.
    pub(super) fn of(given: &Json, variable: &Variable<'_>) -> Result<Connection, String> {
        let parameters = &given["AuthParameters"];
        let text = |of: &Json, name: &str| text(of, name, variable);
        let authorization = match given["AuthorizationType"].as_str() {
            Some("BASIC") => {
                let basic = &parameters["BasicAuthParameters"];
                basic_authorization(&text(basic, "Username")?, &text(basic, "Password")?)
            }
            Some("API_KEY") => {
                let key = &parameters["ApiKeyAuthParameters"];
                Authorization::Header(text(key, "ApiKeyName")?, text(key, "ApiKeyValue")?)
            }
            Some("OAUTH_CLIENT_CREDENTIALS") => {
                let oauth = &parameters["OAuthParameters"];
                let client = &oauth["ClientParameters"];
                Authorization::OAuth(Box::new(OAuth {
                    endpoint: text(oauth, "AuthorizationEndpoint")?,
                    method: text(oauth, "HttpMethod")?,
                    client_id: text(client, "ClientID")?,
                    client_secret: text(client, "ClientSecret")?,
                    additions: Additions::of(&oauth["OAuthHttpParameters"], variable)?,
                }))
            }
            _ => {
                return Err(
                    "AuthorizationType must be BASIC, API_KEY or OAUTH_CLIENT_CREDENTIALS".into()
                );
            }
        };
        let additions = Additions::of(&parameters["InvocationHttpParameters"], variable)?;
        Ok(Connection { authorization, additions })
    }

    /// From the secret that EventBridge keeps in Secrets Manager; its members are spelled in another way.
    ///
    /// # Errors
    /// What is missing, without any value.
    pub(super) fn of_secret(secret: &Json) -> Result<Connection, String> {
        let text = |name: &str| text(secret, name, &|_| None);
        let authorization = if !secret["api_key_name"].is_null() {
            Authorization::Header(text("api_key_name")?, text("api_key_value")?)
        } else if !secret["username"].is_null() {
            basic_authorization(&text("username")?, &text("password")?)
        } else {
            Authorization::OAuth(Box::new(OAuth {
                endpoint: text("authorization_endpoint")?,
                method: text("http_method").unwrap_or_else(|_| "POST".into()),
                client_id: text("client_id")?,
                client_secret: text("client_secret")?,
                additions: Additions::of_secret(&secret["oauth_http_parameters"]),
            }))
        };
        let additions = Additions::of_secret(&secret["invocation_http_parameters"]);
        Ok(Connection { authorization, additions })
    }
}

impl Additions {
    fn of(given: &Json, variable: &Variable<'_>) -> Result<Additions, String> {
        let list = |name: &str| -> Result<Vec<(String, String)>, String> {
            let items = given[name].as_array().into_iter().flatten();
            items
                .map(|item| Ok((text(item, "Key", variable)?, text(item, "Value", variable)?)))
                .collect()
        };
        Ok(Additions {
            headers: list("HeaderParameters")?,
            query: list("QueryStringParameters")?,
            body: list("BodyParameters")?,
        })
    }

    fn of_secret(given: &Json) -> Additions {
        let list = |name: &str| {
            let items = given[name].as_array().into_iter().flatten();
            let pair = |item: &Json| {
                let part = |name: &str| item[name].as_str().map(str::to_owned);
                Some((part("key")?, part("value")?))
            };
            items.filter_map(pair).collect()
        };
        Additions {
            headers: list("header_parameters"),
            query: list("query_string_parameters"),
            body: list("body_parameters"),
        }
    }
}

fn basic_authorization(user: &str, password: &str) -> Authorization {
    Authorization::Header("Authorization".to_owned(), basic(user, password))
}

/// `Basic …` (RFC 7617).
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn text(of: &Json, name: &str, variable: &Variable<'_>) -> Result<String, String> {
    let text = match &of[name] {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Bool(flag) => flag.to_string(),
        _ => return Err(format!("{name} is missing")),
    };
    match text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        Some(wanted) => {
            variable(wanted).ok_or_else(|| format!("{name}: the environment has no {wanted}"))
        }
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_connection_is_found_by_arn_or_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connections.json");
        let key = |value: &str| {
            json!({"AuthorizationType": "API_KEY", "AuthParameters": {
                "ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": value}}})
        };
        let arn = "arn:aws:events:us-east-1:123456789012:connection/b/1-2";
        let all = json!({"a": key("1"), arn: key("2")}).to_string();
        std::fs::write(&path, all).unwrap();
        let connections = Connections::read(&path).unwrap();
        let table = [
            ("a", Some("1")),
            ("arn:aws:events:eu-west-1:1:connection/a/9", Some("1")),
            (arn, Some("2")),
            ("b", None),
            ("arn:aws:events:eu-west-1:1:connection/c/9", None),
        ];
        for (wanted, expected) in table {
            let found = connections.find(wanted).map(|found| match found {
                Ok(Connection { authorization: Authorization::Header(_, value), .. }) => value,
                _ => panic!("another connection"),
            });
            assert_eq!(found.as_deref(), expected, "{wanted}");
        }
        assert!(!format!("{connections:?}").contains("ApiKeyValue"), "secrets are not shown");
    }

    #[test]
    fn what_is_missing_is_named_and_no_value_is() {
        let none = |_: &str| None;
        let table = [
            (json!({}), "AuthorizationType must be"),
            (json!({"AuthorizationType": "BASIC"}), "Username is missing"),
            (
                json!({"AuthorizationType": "BASIC", "AuthParameters": {"BasicAuthParameters": {"Username": "u", "Password": "${PW}"}}}),
                "Password: the environment has no PW",
            ),
        ];
        for (given, expected) in table {
            let why = Connection::of(&given, &none).err().unwrap();
            assert!(why.contains(expected), "{why}");
        }
    }

    #[test]
    fn variables_and_secrets_of_eventbridge_make_the_same_connection() {
        let given = json!({"AuthorizationType": "OAUTH_CLIENT_CREDENTIALS", "AuthParameters": {
            "OAuthParameters": {
                "AuthorizationEndpoint": "https://t", "HttpMethod": "POST",
                "ClientParameters": {"ClientID": "id", "ClientSecret": "${S}"},
                "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "all"}]}},
            "InvocationHttpParameters": {"HeaderParameters": [{"Key": "h", "Value": "v", "IsValueSecret": true}]}}});
        let secret = json!({
            "authorization_endpoint": "https://t", "http_method": "POST", "client_id": "id", "client_secret": "x",
            "oauth_http_parameters": {"body_parameters": [{"key": "scope", "value": "all"}]},
            "invocation_http_parameters": {"header_parameters": [{"key": "h", "value": "v"}]}});
        let variable = |name: &str| (name == "S").then(|| "x".to_owned());
        let (a, b) = (Connection::of(&given, &variable), Connection::of_secret(&secret));
        assert!(a.unwrap() == b.unwrap());
    }
}
