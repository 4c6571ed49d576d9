//! EMR's actions on the instance fleet or group of a name: Step Functions looks its id up in the cluster, for the API itself
//! knows it by that only (source: AWS's developer guide, "Create and manage Amazon EMR clusters").

use stepwright_core::expr::{Map, Value};

/// How such an action is performed.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByName {
    /// The action.
    pub(super) action: &'static str,
    /// The operation that lists what may have the name.
    pub(super) list: &'static str,
    /// The operation that changes it.
    pub(super) change: &'static str,
    /// Member of the answer to the list.
    found: &'static str,
    /// Parameter with the name.
    name: &'static str,
    /// Parameter with the change.
    part: &'static str,
    /// Member of the change that names it by its id.
    id: &'static str,
    /// Member of the operation's parameters, and whether it is a list.
    whole: (&'static str, bool),
}

/// The rule of an action, if it has one.
pub(super) fn rule(service: &str, action: &str) -> Option<&'static ByName> {
    RULES.iter().find(|rule| service == "emr" && rule.action == action)
}

impl ByName {
    /// The parameters of the list from a page on.
    ///
    /// # Errors
    /// What is wrong with the action's own parameters.
    pub(super) fn listing(
        &self,
        given: &Value,
        marker: Option<&Value>,
    ) -> Result<Value, Vec<String>> {
        let own = ["ClusterId", self.name, self.part];
        let members = given.as_object().cloned().unwrap_or_default();
        let unknown = members.keys().filter(|key| !own.contains(&&***key));
        let unknown =
            unknown.map(|key| format!("The field '{key}' is not supported by Step Functions"));
        let missing = own.iter().filter(|name| !members.contains_key(**name));
        let missing = missing.map(|name| format!("The field '{name}' is required but was missing"));
        let problems: Vec<String> = unknown.chain(missing).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let cluster = members.get("ClusterId").map(|id| ("ClusterId", id.clone()));
        let marker = marker.map(|marker| ("Marker", marker.clone()));
        Ok(Value::object(cluster.into_iter().chain(marker)))
    }

    /// The id that a page of the list has for the name.
    pub(super) fn id_of(&self, given: &Value, page: &Value) -> Option<Value> {
        let found = page.get(self.found).and_then(Value::as_array).unwrap_or_default();
        let named = found
            .iter()
            .find(|one| one.get("Name").is_some_and(|name| Some(name) == given.get(self.name)))?;
        named.get("Id").cloned()
    }

    /// The parameters of the change.
    pub(super) fn changing(&self, given: &Value, id: Value) -> Value {
        let mut part: Map =
            given.get(self.part).and_then(Value::as_object).cloned().unwrap_or_default();
        part.insert(self.id.into(), id);
        let part = Value::Object(part.into());
        let (name, many) = self.whole;
        let part = if many { Value::array([part]) } else { part };
        let cluster = given.get("ClusterId").cloned().unwrap_or_default();
        Value::object([("ClusterId", cluster), (name, part)])
    }

    /// What is said where nothing has the name.
    pub(super) fn nothing(&self, given: &Value) -> String {
        let text = |name: &str| given.get(name).map_or_else(String::new, Value::to_json);
        format!("The cluster {} has no {} {}.", text("ClusterId"), self.name, text(self.name))
    }
}

const RULES: &[ByName] = &[
    ByName {
        action: "modifyInstanceFleetByName",
        list: "listInstanceFleets",
        change: "modifyInstanceFleet",
        found: "InstanceFleets",
        name: "InstanceFleetName",
        part: "InstanceFleet",
        id: "InstanceFleetId",
        whole: ("InstanceFleet", false),
    },
    ByName {
        action: "modifyInstanceGroupByName",
        list: "listInstanceGroups",
        change: "modifyInstanceGroups",
        found: "InstanceGroups",
        name: "InstanceGroupName",
        part: "InstanceGroup",
        id: "InstanceGroupId",
        whole: ("InstanceGroups", true),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::sdk::Sdk;

    #[test]
    fn the_id_of_the_name_takes_its_place() {
        let table = [
            (
                "modifyInstanceFleetByName",
                r#"{"ClusterId":"j","InstanceFleetName":"b","InstanceFleet":{"TargetSpotCapacity":2}}"#,
                r#"{"InstanceFleets":[{"Id":"1","Name":"a"},{"Id":"2","Name":"b"}]}"#,
                r#"{"ClusterId":"j","InstanceFleet":{"TargetSpotCapacity":2,"InstanceFleetId":"2"}}"#,
            ),
            (
                "modifyInstanceGroupByName",
                r#"{"ClusterId":"j","InstanceGroupName":"a","InstanceGroup":{"InstanceCount":8}}"#,
                r#"{"InstanceGroups":[{"Id":"1","Name":"a"}]}"#,
                r#"{"ClusterId":"j","InstanceGroups":[{"InstanceCount":8,"InstanceGroupId":"1"}]}"#,
            ),
        ];
        for (action, given, page, expected) in table {
            let rule = rule("emr", action).unwrap();
            let [given, page] = [given, page].map(|text| Value::parse(text).unwrap());
            assert_eq!(rule.listing(&given, None).unwrap().to_json(), r#"{"ClusterId":"j"}"#);
            let id = rule.id_of(&given, &page).unwrap();
            assert_eq!(rule.changing(&given, id).to_json(), expected);
            assert_eq!(rule.id_of(&given, &Value::Null), None);
        }
    }

    #[test]
    fn rules_name_operations_that_emr_has_and_parameters_that_must_be_there() {
        for rule in RULES {
            assert!(Sdk::knows("emr", rule.list) && Sdk::knows("emr", rule.change), "{rule:?}");
            let problems = rule.listing(&Value::parse(r#"{"X":1}"#).unwrap(), None).unwrap_err();
            assert_eq!(problems.len(), 4, "{problems:?}");
        }
    }
}
