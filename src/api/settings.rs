//! Settings of a state machine beside its definition and role: logging, tracing, encryption. They are checked, kept and
//! given back as AWS does; comparing them decides whether an update changes anything.

use serde::{Deserialize, Serialize};
use stepwright_core::expr::Value;

use super::Api;
use super::error::Error;
use super::input::Input;
use super::output::Object;

/// All settings of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) logging: Logging,
    pub(super) tracing: Tracing,
    pub(super) encryption: Encryption,
}

/// `loggingConfiguration`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Logging {
    #[serde(skip_serializing_if = "Option::is_none")]
    destinations: Option<Vec<LogDestination>>,
    include_execution_data: bool,
    level: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogDestination {
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_watch_logs_log_group: Option<LogGroup>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogGroup {
    #[serde(skip_serializing_if = "Option::is_none")]
    log_group_arn: Option<String>,
}

/// `tracingConfiguration`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tracing {
    enabled: bool,
}

/// `encryptionConfiguration`. Kept as it was given; what it asks for is up to the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Encryption {
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_data_key_reuse_period_seconds: Option<i64>,
}

impl Default for Logging {
    fn default() -> Logging {
        Logging { destinations: None, include_execution_data: false, level: OFF.to_owned() }
    }
}

impl Default for Encryption {
    fn default() -> Encryption {
        Encryption {
            kind: "AWS_OWNED_KEY".to_owned(),
            kms_key_id: None,
            kms_data_key_reuse_period_seconds: None,
        }
    }
}

impl Settings {
    /// These settings with what a request changes.
    ///
    /// # Errors
    /// `InvalidLoggingConfiguration`, `InvalidTracingConfiguration`, `InvalidEncryptionConfiguration`
    pub(super) fn changed(&self, input: &Input) -> Result<Settings, Error> {
        Ok(Settings {
            logging: match input.value("loggingConfiguration") {
                Some(value) => Logging::read(value)?,
                None => self.logging.clone(),
            },
            tracing: match input.value("tracingConfiguration") {
                Some(value) => Tracing::read(value)?,
                None => self.tracing.clone(),
            },
            encryption: match input.value("encryptionConfiguration") {
                Some(value) => Encryption::read(value)?,
                None => self.encryption.clone(),
            },
        })
    }

    /// Sees to it that what these settings of a machine (its name) name beyond those before is there.
    ///
    /// # Errors
    /// `InvalidLoggingConfiguration`
    pub(super) async fn reach(
        &self,
        api: &Api,
        machine: &str,
        before: Option<&Settings>,
    ) -> Result<(), Error> {
        let now = api.engine.clock.now();
        let known = before.and_then(|before| before.logging.group());
        match (self.logging.group(), api.engine.log()) {
            (Some(group), Some(log))
                if Some(group) != known && !log.admits(group, machine, now).await =>
            {
                Err(Error::logging("Log Destination not found."))
            }
            _ => Ok(()),
        }
    }

    /// Appends the settings as members of an answer.
    ///
    /// # Errors
    /// None for settings that were read here.
    pub(super) fn describe(&self, answer: &mut Object) -> Result<(), Error> {
        answer
            .raw("loggingConfiguration", &json(&self.logging)?)
            .raw("tracingConfiguration", &json(&self.tracing)?);
        self.encryption.describe(answer)
    }
}

impl Logging {
    /// ARN of the log group that is the destination.
    fn group(&self) -> Option<&str> {
        let destination = self.destinations.as_ref()?.first()?;
        destination.cloud_watch_logs_log_group.as_ref()?.log_group_arn.as_deref()
    }

    /// A level other than `OFF` needs one destination; more than one is never allowed (recorded).
    fn read(value: &Value) -> Result<Logging, Error> {
        let level = text(value, "level").unwrap_or_else(|| OFF.to_owned());
        let include_execution_data = flag(value, "includeExecutionData");
        let destinations = value
            .get("destinations")
            .and_then(Value::as_array)
            .map(|items| items.iter().map(LogDestination::read).collect::<Vec<_>>());
        let count = destinations.as_ref().map_or(0, Vec::len);
        if count > 1 || count == 0 && level != OFF {
            return Err(Error::logging("Must specify exactly one Log Destination."));
        }
        Ok(Logging { destinations, include_execution_data, level })
    }
}

impl Tracing {
    fn read(value: &Value) -> Result<Tracing, Error> {
        let enabled = value.get("enabled").and_then(Value::as_bool);
        enabled.map(|enabled| Tracing { enabled }).ok_or_else(Error::tracing)
    }
}

impl LogDestination {
    fn read(value: &Value) -> LogDestination {
        let group = value.get("cloudWatchLogsLogGroup").filter(|group| **group != Value::Null);
        LogDestination {
            cloud_watch_logs_log_group: group
                .map(|group| LogGroup { log_group_arn: text(group, "logGroupArn") }),
        }
    }
}

impl Encryption {
    /// The configuration in a request, or AWS's default.
    ///
    /// # Errors
    /// `InvalidEncryptionConfiguration`
    pub(super) fn of(input: &Input) -> Result<Encryption, Error> {
        input.value("encryptionConfiguration").map_or_else(|| Ok(Encryption::default()), Self::read)
    }

    /// Appends the configuration as a member of an answer.
    ///
    /// # Errors
    /// None for a configuration that was read here.
    pub(super) fn describe(&self, answer: &mut Object) -> Result<(), Error> {
        answer.raw("encryptionConfiguration", &json(self)?);
        Ok(())
    }

    fn read(value: &Value) -> Result<Encryption, Error> {
        let own = Encryption::default();
        let kind = text(value, "type").unwrap_or(own.kind.clone());
        let kms_key_id = text(value, "kmsKeyId");
        let period = value.get("kmsDataKeyReusePeriodSeconds").and_then(Value::as_i64);
        match (kind == own.kind, &kms_key_id) {
            (true, Some(_)) => {
                Err(Error::encryption("kmsKeyId must not be set when type is AWS_OWNED_KEY"))
            }
            (false, None) => {
                Err(Error::encryption("kmsKeyId must be set when type is CUSTOMER_MANAGED_KMS_KEY"))
            }
            _ => Ok(Encryption { kind, kms_key_id, kms_data_key_reuse_period_seconds: period }),
        }
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(Error::internal)
}

const OFF: &str = "OFF";

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str =
        r#"{"cloudWatchLogsLogGroup":{"logGroupArn":"arn:aws:logs:r:1:log-group:g:*"}}"#;

    #[test]
    fn logging_is_given_back_as_aws_does_or_refused() {
        let refused =
            Err("Invalid Logging Configuration: Must specify exactly one Log Destination.");
        let one =
            format!(r#"{{"level":"ALL","includeExecutionData":true,"destinations":[{GROUP}]}}"#);
        let one_out =
            format!(r#"{{"destinations":[{GROUP}],"includeExecutionData":true,"level":"ALL"}}"#);
        let off_with_one = format!(r#"{{"level":"OFF","destinations":[{GROUP}]}}"#);
        let off_out =
            format!(r#"{{"destinations":[{GROUP}],"includeExecutionData":false,"level":"OFF"}}"#);
        let two = format!(r#"{{"level":"OFF","destinations":[{GROUP},{GROUP}]}}"#);
        let table = [
            (one.as_str(), Ok(one_out.as_str())),
            (&off_with_one, Ok(&off_out)),
            (&two, refused),
            (r#"{"level":"ALL"}"#, refused),
            (r#"{"level":"ERROR","destinations":[]}"#, refused),
            (
                r#"{"destinations":[]}"#,
                Ok(r#"{"destinations":[],"includeExecutionData":false,"level":"OFF"}"#),
            ),
            ("{}", Ok(r#"{"includeExecutionData":false,"level":"OFF"}"#)),
        ];
        for (given, expected) in table {
            let read = Logging::read(&Value::parse(given).unwrap()).map(|l| json(&l).unwrap());
            let read = read.as_deref().map_err(Error::message);
            assert_eq!(read, expected, "{given}");
        }
    }

    #[test]
    fn a_key_and_its_type_go_together() {
        let table = [
            (r#"{"type":"AWS_OWNED_KEY"}"#, true),
            (r#"{"type":"CUSTOMER_MANAGED_KMS_KEY","kmsKeyId":"k"}"#, true),
            (r#"{"type":"CUSTOMER_MANAGED_KMS_KEY"}"#, false),
            (r#"{"type":"AWS_OWNED_KEY","kmsKeyId":"k"}"#, false),
        ];
        for (given, valid) in table {
            assert_eq!(Encryption::read(&Value::parse(given).unwrap()).is_ok(), valid, "{given}");
        }
    }
}
