//! Task states.

use super::{Parser, resource};
use crate::asl::model::ExecutionType;
use crate::asl::model::{Number, Pattern, QueryLanguage, Resource, ServiceResource, Task};
use crate::asl::validate::Here;
use crate::expr::template::Template;
use crate::expr::value::{Map, Value};

impl Parser {
    /// The fields that only a Task has.
    pub(super) fn task(&mut self, object: &Map, here: &Here<'_>) -> Task {
        let timeout = self.number(object, "TimeoutSeconds", here);
        let heartbeat = self.number(object, "HeartbeatSeconds", here);
        if let (Some(Number::Literal(limit)), Some(Number::Literal(beat))) = (&timeout, &heartbeat)
            && beat >= limit
        {
            let message = "'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'";
            self.findings.schema(here.field("HeartbeatSeconds"), message);
        }
        let resource = self.resource(object, &here.field("Resource"));
        self.check_arguments(&resource, object, here);
        Task { resource, timeout, heartbeat, credentials: self.credentials(object, here) }
    }

    fn resource(&mut self, object: &Map, here: &Here<'_>) -> Resource {
        let arn = object.get("Resource").and_then(Value::as_str);
        let resource = arn.map_or(Ok(Resource::Activity("".into())), resource::parse);
        let found = match &resource {
            Err(message) => Some(message.clone()),
            Ok(resource) if here.kind == ExecutionType::Express => not_for_express(resource),
            Ok(_) => None,
        };
        if let Some(message) = found {
            self.findings.schema(here, message);
        }
        resource.unwrap_or(Resource::Activity("".into()))
    }

    /// What an optimized integration cannot be called without; arguments that are computed as a whole are not known.
    fn check_arguments(&mut self, resource: &Resource, object: &Map, here: &Here<'_>) {
        let Resource::Service(service) = resource else {
            return;
        };
        let field = match here.language {
            QueryLanguage::JsonPath => "Parameters",
            QueryLanguage::Jsonata => "Arguments",
        };
        let Some(arguments) = object.get(field).and_then(Value::as_object) else {
            return;
        };
        for name in required_arguments(service) {
            self.check_present(name, arguments, &here.field(field));
        }
    }

    fn credentials(&mut self, object: &Map, here: &Here<'_>) -> Option<Template> {
        if let Some(credentials) = object.get("Credentials")?.as_object() {
            self.check_present("RoleArn", credentials, &here.field("Credentials"));
        }
        self.template(object, "Credentials", here)
    }

    fn check_present(&mut self, name: &str, object: &Map, here: &Here<'_>) {
        let by_path =
            here.language == QueryLanguage::JsonPath && object.contains_key(&*format!("{name}.$"));
        if !by_path && !object.contains_key(name) {
            self.findings.schema(here, format!("The field '{name}' is required but was missing"));
        }
    }
}

fn not_for_express(resource: &Resource) -> Option<String> {
    match resource {
        Resource::LambdaFunction(_) => None,
        Resource::Activity(_) => {
            Some("Express state machine does not support Activity ARN".to_owned())
        }
        Resource::Service(ServiceResource { pattern: Pattern::RequestResponse, .. }) => None,
        Resource::Service(service) => {
            let suffix = service.pattern.suffix();
            Some(format!("Express state machine does not support '{suffix}' service integration"))
        }
    }
}

fn required_arguments(service: &ServiceResource) -> &'static [&'static str] {
    match (&*service.resource_type, &*service.action) {
        ("lambda", "invoke") => &["FunctionName"],
        ("states", "startExecution") => &["StateMachineArn"],
        _ => &[],
    }
}
