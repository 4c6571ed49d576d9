//! ARNs: `arn:PARTITION:states:REGION:ACCOUNT:RESOURCE`, read from requests and made for answers.
//!
//! | resource | what |
//! |---|---|
//! | `stateMachine:NAME` | a machine; `:VERSION`, `:ALIAS` or `/LABEL` may follow |
//! | `execution:MACHINE:NAME` | an execution; `MACHINE/LABEL` for a child of a Map Run |
//! | `express:MACHINE:NAME:ID` | an execution of an Express machine; `MACHINE/LABEL` for a child of a Map Run |
//! | `mapRun:MACHINE/LABEL:ID` | a Map Run |
//! | `activity:NAME` | an activity |

use super::error::Error;
use crate::task::aws::Partition;
use crate::turn::Config;

/// A state machine ARN, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MachineArn<'a> {
    /// As it was given.
    pub(super) whole: &'a str,
    /// Without version, alias and label: the key of the machine.
    pub(super) base: &'a str,
    /// Version number or alias.
    pub(super) qualifier: Option<&'a str>,
    /// Label of a distributed Map.
    pub(super) label: Option<&'a str>,
}

impl<'a> MachineArn<'a> {
    /// Reads a state machine ARN.
    ///
    /// # Errors
    /// `InvalidArn`
    pub(super) fn parse(arn: &'a str) -> Result<MachineArn<'a>, Error> {
        let resource = resource(arn, "stateMachine")?;
        let (name, qualifier) = match resource.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (resource, None),
        };
        let (name, label) = match name.split_once('/') {
            Some((name, label)) => (name, Some(label)),
            None => (name, None),
        };
        let whole = name.is_empty() || qualifier.is_some_and(|q| q.is_empty() || q.contains(':'));
        if whole {
            return Err(malformed(arn));
        }
        let end = arn.len() - resource.len() + name.len();
        Ok(MachineArn { whole: arn, base: arn.get(..end).unwrap_or(arn), qualifier, label })
    }

    /// The number of the version that it names.
    pub(super) fn version(&self) -> Option<u64> {
        let digits = self.qualifier.filter(|q| q.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse().ok().filter(|number: &u64| number.to_string() == digits)
    }

    /// The alias that it names.
    pub(super) fn alias(&self) -> Option<&'a str> {
        self.qualifier.filter(|q| !q.bytes().all(|b| b.is_ascii_digit()))
    }

    /// Reads the ARN of a version: the machine's, and the number.
    ///
    /// # Errors
    /// `InvalidArn`
    pub(super) fn parse_version(arn: &'a str) -> Result<(MachineArn<'a>, u64), Error> {
        let parsed = MachineArn::parse_unlabelled(arn)?;
        let number = parsed.version().ok_or_else(|| malformed(arn))?;
        Ok((parsed, number))
    }

    /// Reads the ARN of an alias: the machine's, and the name.
    ///
    /// # Errors
    /// `InvalidArn`
    pub(super) fn parse_alias(arn: &'a str) -> Result<(MachineArn<'a>, &'a str), Error> {
        let parsed = MachineArn::parse_unlabelled(arn)?;
        let name = parsed.alias().ok_or_else(|| malformed(arn))?;
        Ok((parsed, name))
    }

    /// Reads the ARN of a machine, a version or an alias.
    ///
    /// # Errors
    /// `InvalidArn`; with a label `ValidationException`.
    pub(super) fn parse_unlabelled(arn: &'a str) -> Result<MachineArn<'a>, Error> {
        let parsed = MachineArn::parse(arn)?;
        if parsed.label.is_some() { Err(Error::labelled_arn(arn)) } else { Ok(parsed) }
    }

    /// Reads the ARN of a machine as such.
    ///
    /// # Errors
    /// `InvalidArn`; with a label `ValidationException`; with a version or alias `StateMachineDoesNotExist`.
    pub(super) fn parse_unqualified(arn: &'a str) -> Result<MachineArn<'a>, Error> {
        let parsed = MachineArn::parse_unlabelled(arn)?;
        if parsed.qualifier.is_some() {
            return Err(Error::no_machine(arn));
        }
        Ok(parsed)
    }
}

/// An execution ARN, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExecutionArn<'a> {
    /// ARN of its machine.
    pub(super) machine: String,
    /// Its name.
    pub(super) name: &'a str,
}

impl<'a> ExecutionArn<'a> {
    /// Reads the ARN of a Standard execution.
    ///
    /// # Errors
    /// `InvalidArn`
    pub(super) fn parse(arn: &'a str) -> Result<ExecutionArn<'a>, Error> {
        if let Ok(resource) = resource(arn, "express")
            && let Some(child) = ExecutionArn::express_child(arn, resource)
        {
            return Ok(child);
        }
        let resource = resource(arn, "execution")?;
        let (machine, name) = resource.split_once(':').ok_or_else(|| malformed(arn))?;
        if machine.is_empty() || name.is_empty() || name.contains(':') {
            return Err(malformed(arn));
        }
        let prefix = arn.len() - resource.len() - "execution:".len();
        let prefix = arn.get(..prefix).unwrap_or_default();
        Ok(ExecutionArn { machine: format!("{prefix}stateMachine:{machine}"), name })
    }
}

impl<'a> ExecutionArn<'a> {
    /// An Express execution that is a child of a Map Run; others have nothing that could be asked for.
    fn express_child(arn: &'a str, resource: &'a str) -> Option<ExecutionArn<'a>> {
        let (machine, name) = resource.split_once(':')?;
        let (name, _) = name.split_once(':')?;
        let prefix = arn.get(..arn.len() - resource.len() - "express:".len())?;
        let machine = machine.contains('/').then(|| format!("{prefix}stateMachine:{machine}"))?;
        Some(ExecutionArn { machine, name })
    }
}

/// The kind of thing that an ARN names: `stateMachine`, `activity`, …
///
/// # Errors
/// `InvalidArn`
pub(super) fn kind(arn: &str) -> Result<&str, Error> {
    let (kind, _) = states_resource(arn)?;
    Ok(kind)
}

/// The refusal of an ARN of another kind of thing.
pub(super) fn wrong_kind(kind: &str) -> Error {
    Error::invalid_arn(format_args!("Resource type not valid in this context: {kind}"))
}

/// Checks the ARN of an activity.
///
/// # Errors
/// `InvalidArn`
pub(super) fn check_activity(arn: &str) -> Result<(), Error> {
    let name = resource(arn, "activity")?;
    if name.is_empty() || name.contains(':') { Err(malformed(arn)) } else { Ok(()) }
}

/// Checks the ARN of a Map Run.
///
/// # Errors
/// `InvalidArn`
pub(super) fn check_map_run(arn: &str) -> Result<(), Error> {
    resource(arn, "mapRun").map(drop)
}

/// Checks the ARN of a role. Any role will do: who performs tasks here has the credentials of this process.
///
/// # Errors
/// `InvalidArn`
pub(super) fn check_role(arn: &str) -> Result<(), Error> {
    let mut parts = arn.splitn(6, ':');
    let known = parts.next() == Some("arn")
        && parts.next().is_some_and(|partition| partition.starts_with("aws"))
        && parts.next() == Some("iam")
        && parts
            .nth(2)
            .is_some_and(|role| role.strip_prefix("role/").is_some_and(|r| !r.is_empty()));
    if known { Ok(()) } else { Err(Error::invalid_role(arn)) }
}

/// `arn:PARTITION:states:REGION:ACCOUNT:KIND:`, what the keys of all things of a kind start with.
pub(super) fn prefix(config: &Config, kind: &str) -> String {
    let (region, account) = (&config.region, &config.account);
    let partition = Partition::of(region).name;
    format!("arn:{partition}:states:{region}:{account}:{kind}:")
}

/// ARN of an execution of the machine with this ARN.
pub(super) fn execution(machine: &str, name: &str) -> String {
    format!("{}:{name}", machine.replacen(":stateMachine:", ":execution:", 1))
}

/// What follows `arn:…:KIND:`, if it is an ARN of that kind.
fn resource<'a>(arn: &'a str, kind: &str) -> Result<&'a str, Error> {
    let (found, rest) = states_resource(arn)?;
    if found == kind { Ok(rest) } else { Err(wrong_kind(found)) }
}

/// The kind of thing that an ARN of this service names, and which one.
fn states_resource(arn: &str) -> Result<(&str, &str), Error> {
    let Some(rest) = arn.strip_prefix("arn:") else {
        return Err(Error::invalid_arn(format_args!("Invalid ARN prefix: {arn}")));
    };
    let mut parts = rest.splitn(5, ':');
    let service = parts.nth(1).ok_or_else(|| malformed(arn))?;
    let resource = parts.nth(2).ok_or_else(|| malformed(arn))?;
    if service != "states" {
        return Err(Error::invalid_arn(format_args!("Service name not valid: {service}")));
    }
    resource.split_once(':').ok_or_else(|| malformed(arn))
}

fn malformed(arn: &str) -> Error {
    Error::invalid_arn(format_args!("Invalid ARN: {arn}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_arn_is_known_by_its_base() {
        const BASE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:flow";
        let table = [
            ("", None, None),
            (":7", Some("7"), None),
            (":PROD", Some("PROD"), None),
            ("/label", None, Some("label")),
        ];
        for (suffix, qualifier, label) in table {
            let whole = format!("{BASE}{suffix}");
            let expected = MachineArn { whole: &whole, base: BASE, qualifier, label };
            assert_eq!(MachineArn::parse(&whole), Ok(expected));
        }
    }

    #[test]
    fn an_execution_arn_names_its_machine() {
        let arn = "arn:aws:states:us-east-1:123456789012:execution:flow:run";
        let parsed = ExecutionArn::parse(arn).unwrap();
        assert_eq!(parsed.machine, "arn:aws:states:us-east-1:123456789012:stateMachine:flow");
        assert_eq!(parsed.name, "run");
        assert_eq!(execution(&parsed.machine, parsed.name), arn);
    }

    #[test]
    fn what_is_no_such_arn_is_refused_with_the_reason() {
        let express = "arn:aws:states:us-east-1:123456789012:express:m:n:u";
        let table = [
            ("invalid_arn", "Invalid Arn: 'Invalid ARN prefix: invalid_arn'"),
            ("arn:aws:states", "Invalid Arn: 'Invalid ARN: arn:aws:states'"),
            (
                "arn:aws:states:r:1:execution",
                "Invalid Arn: 'Invalid ARN: arn:aws:states:r:1:execution'",
            ),
            (
                "arn:aws:states:r:1:execution:m",
                "Invalid Arn: 'Invalid ARN: arn:aws:states:r:1:execution:m'",
            ),
            ("arn:aws:lambda:r:1:execution:m:n", "Invalid Arn: 'Service name not valid: lambda'"),
            (express, "Invalid Arn: 'Resource type not valid in this context: express'"),
        ];
        for (arn, expected) in table {
            assert_eq!(ExecutionArn::parse(arn).unwrap_err().message(), expected);
        }
        assert!(MachineArn::parse("arn:aws:states:r:1:stateMachine:").is_err());
        assert!(MachineArn::parse("arn:aws:states:r:1:stateMachine:m:").is_err());
    }

    #[test]
    fn roles_of_any_account_will_do() {
        for arn in ["arn:aws:iam::012345678901:role/DummyRole", "arn:aws-cn:iam::1:role/a/b"] {
            assert_eq!(check_role(arn), Ok(()), "{arn}");
        }
        for arn in
            ["role", "arn:aws:iam::1:user/u", "arn:aws:sts::1:role/r", "arn:aws:iam::1:role/"]
        {
            assert_eq!(check_role(arn).unwrap_err().kind(), "InvalidArn", "{arn}");
        }
    }
}
