//! What is there before anything goes wrong: a machine, its activities, and what it is started with. All runs of a machine
//! begin with the same scene, so that its definition is accepted and parsed once.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use stepwright::api::Api;
use stepwright::store::{Kind, Store};
use stepwright::turn::Definitions;

use super::render::activities;
use crate::sim::{Risks, Sim, block_on};

/// A machine as the registry has it, and an input.
pub(crate) struct Scene {
    /// What the machine is started with.
    pub(crate) input: String,
    /// What was parsed of it.
    pub(crate) definitions: Arc<Definitions>,
    items: Vec<(Kind, String, String)>,
}

impl Scene {
    /// Creates a machine with this definition.
    ///
    /// # Panics
    /// It is not accepted.
    pub(crate) fn of(definition: &str, input: &str) -> Scene {
        let sim = Sim::new(1, 0, Risks::NONE);
        let api = Api::new(sim.engine.clone());
        let does = |operation: &str, body: Json| {
            let response = block_on(api.call(operation, body.to_string().as_bytes()));
            assert_eq!(response.status, 200, "{operation}: {}\n{definition}", response.body);
        };
        for name in activities(definition) {
            does("CreateActivity", json!({"name": name}));
        }
        let role = "arn:aws:iam::123456789012:role/machine";
        does(
            "CreateStateMachine",
            json!({"name": "machine", "definition": definition, "roleArn": role}),
        );
        let items = KINDS.into_iter().flat_map(|kind| {
            let found = block_on(sim.store.plain().items(kind, "", None, usize::MAX)).unwrap();
            found.into_iter().map(move |(key, item)| (kind, key, item.body))
        });
        let items = items.collect();
        Scene { input: input.to_owned(), definitions: Arc::default(), items }
    }

    /// Puts it into a store that has nothing yet.
    pub(crate) fn set(&self, store: &Arc<dyn Store>) {
        for (kind, key, body) in &self.items {
            assert!(block_on(store.put(*kind, key, body.clone(), None)).unwrap(), "{key} is new");
        }
    }
}

/// What creating a machine and activities leaves.
const KINDS: [Kind; 5] =
    [Kind::StateMachine, Kind::Definition, Kind::Revision, Kind::Activity, Kind::Publications];
