//! CreateStateMachineAlias: idempotent on name, description and routing.

use std::sync::Arc;

use stepwright_core::expr::Value;

use super::Answer;
use crate::api::arn::MachineArn;
use crate::api::error::Error;
use crate::api::input::Input;
use crate::api::output::Object;
use crate::api::publication::{self, Alias, MOST_ALIASES, Publications, Route};
use crate::api::{Api, machine};

pub(super) async fn run(api: &Api, input: Input) -> Answer {
    let name = input.required("name")?;
    let routing = Routing::of(&input)?
        .ok_or_else(|| Error::routing("Routing configuration must contain a version"))?;
    let base = &*routing.machine;
    let first = routing.first.as_str();
    let found = machine::find(api.store(), base).await?;
    let machine = found.ok_or_else(|| Error::no_such_resource(first))?.machine;
    if machine.deleting {
        return Err(Error::machine_deleting(base));
    }
    let now = api.now();
    let wanted = Alias {
        description: input.text("description").cloned(),
        routes: routing.routes.clone(),
        created: now,
        updated: now,
    };
    let created = publication::change(api.store(), base, &machine, |all| {
        routing.check(all)?;
        create(all, name, &wanted)
    })
    .await?;
    Ok(Object::new()
        .text("stateMachineAliasArn", &format!("{base}:{name}"))
        .time("creationDate", created.created)
        .finish())
}

fn create(all: &mut Publications, name: &Arc<str>, wanted: &Alias) -> Result<Alias, Error> {
    if let Some(known) = all.aliases.get(name) {
        let same = known.routes == wanted.routes && known.description == wanted.description;
        return if same { Ok(known.clone()) } else { Err(Error::conflict(TAKEN)) };
    }
    if all.aliases.len() >= MOST_ALIASES {
        return Err(Error::quota(format!(
            "The maximum number of aliases per state machine is {MOST_ALIASES}"
        )));
    }
    all.aliases.insert(name.clone(), wanted.clone());
    Ok(wanted.clone())
}

/// `routingConfiguration` of a request.
pub(super) struct Routing {
    /// ARN of the machine whose versions it names.
    pub(super) machine: String,
    /// The first ARN that it names.
    first: String,
    pub(super) routes: Vec<Route>,
}

impl Routing {
    /// What a request says, if it says anything.
    ///
    /// # Errors
    /// `ValidationException`, `InvalidArn`
    pub(super) fn of(input: &Input) -> Result<Option<Routing>, Error> {
        let given = input.value("routingConfiguration").and_then(Value::as_array);
        let Some(given) = given else { return Ok(None) };
        let arns: Vec<&str> = given
            .iter()
            .filter_map(|route| route.get("stateMachineVersionArn").and_then(Value::as_str))
            .collect();
        let received = format!("Received: [{}]", arns.join(", "));
        let parsed =
            arns.iter().map(|arn| MachineArn::parse(arn)).collect::<Result<Vec<_>, _>>()?;
        let mut routes = Vec::with_capacity(parsed.len());
        for (arn, route) in parsed.iter().zip(given) {
            let version = arn.version().ok_or_else(|| {
                Error::routing(format!(
                    "Routing configuration must contain state machine version ARNs. {received}"
                ))
            })?;
            let weight = route.get("weight").and_then(Value::as_i64).unwrap_or(0);
            routes.push(Route { version, weight: weight.unsigned_abs() });
        }
        let Some(first) = parsed.first() else { return Ok(None) };
        check_together(&parsed, &routes, &received)?;
        let (machine, first) = (first.base.to_owned(), first.whole.to_owned());
        Ok(Some(Routing { machine, first, routes }))
    }

    /// Whether all its versions are there.
    ///
    /// # Errors
    /// `ResourceNotFound`
    pub(super) fn check(&self, all: &Publications) -> Result<(), Error> {
        let missing = self.routes.iter().find(|route| all.version(route.version).is_none());
        missing.map_or(Ok(()), |route| {
            Err(Error::no_such_resource(&format!("{}:{}", self.machine, route.version)))
        })
    }
}

/// What must hold between the routes of an alias.
fn check_together(arns: &[MachineArn<'_>], routes: &[Route], received: &str) -> Result<(), Error> {
    let pairs = || arns.iter().zip(arns.iter().skip(1));
    if pairs().any(|(a, b)| a.base != b.base) {
        return Err(Error::routing(format!(
            "Routing configuration must contain versions of one state machine. {received}"
        )));
    }
    if pairs().any(|(a, b)| a.qualifier == b.qualifier) {
        return Err(Error::routing(format!(
            "Routing configuration must contain distinct state machine version ARNs. {received}"
        )));
    }
    let weights: Vec<String> = routes.iter().map(|route| route.weight.to_string()).collect();
    if routes.iter().map(|route| route.weight).sum::<u64>() != 100 {
        return Err(Error::routing(format!(
            "Sum of routing configuration weights must equal 100. Received: [{}]",
            weights.join(", ")
        )));
    }
    Ok(())
}

/// AWS's words, which it uses for another description too (recorded).
const TAKEN: &str = "Failed to create alias because an alias with the same name and a different routing configuration already exists.";
