//! State machines: created, described, updated, deleted.

use serde_json::{Value, json};

use super::world::{FLOW, PASS, ROLE, RUN, World};

const OTHER: &str = r#"{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}"#;

#[tokio::test]
async fn a_machine_is_described_as_it_was_created() {
    let world = World::new().await;
    let created = world.create("flow", json!({"type": "STANDARD"})).await;
    assert_eq!(created, json!({"stateMachineArn": FLOW, "creationDate": 1_700_000_000.123}));
    let expected = json!({
        "stateMachineArn": FLOW,
        "name": "flow",
        "status": "ACTIVE",
        "type": "STANDARD",
        "roleArn": ROLE,
        "creationDate": 1_700_000_000.123,
        "definition": PASS,
        "loggingConfiguration": {"includeExecutionData": false, "level": "OFF"},
        "tracingConfiguration": {"enabled": false},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    });
    assert_eq!(
        world.does("DescribeStateMachine", json!({"stateMachineArn": FLOW})).await,
        expected
    );
    let body = json!({"stateMachineArn": FLOW, "includedData": "METADATA_ONLY"});
    assert_eq!(world.does("DescribeStateMachine", body).await["definition"], "{}");
}

#[tokio::test]
async fn creating_the_same_again_is_the_same_creation() {
    let world = World::new().await;
    let first = world.create("flow", json!({})).await;
    world.clock.advance(5);
    let role = "arn:aws:iam::123456789012:role/other";
    let tags = json!([{"key": "k", "value": "v"}]);
    for more in
        [json!({}), json!({"roleArn": role}), json!({"tags": tags}), json!({"type": "STANDARD"})]
    {
        assert_eq!(world.create("flow", more).await, first);
    }
    let described = world.does("DescribeStateMachine", json!({"stateMachineArn": FLOW})).await;
    assert_eq!(described["roleArn"], ROLE, "a different role is ignored");
}

#[tokio::test]
async fn a_name_is_taken_by_anything_else() {
    let world = World::new().await;
    world.create("flow", json!({})).await;
    let spaced = PASS.replace(':', ": ");
    let others = [
        json!({"definition": OTHER}),
        json!({"definition": spaced}),
        json!({"type": "EXPRESS"}),
        json!({"tracingConfiguration": {"enabled": true}}),
    ];
    for more in others {
        let mut body = json!({"name": "flow", "definition": PASS, "roleArn": ROLE});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let message = format!("State Machine Already Exists: '{FLOW}'");
        let expected = (400, "StateMachineAlreadyExists".to_owned(), message);
        assert_eq!(world.refuses("CreateStateMachine", body).await, expected, "{more}");
    }
}

#[tokio::test]
async fn an_update_that_changes_something_makes_a_revision_and_so_does_the_first() {
    let world = World::new().await;
    world.create("flow", json!({})).await;
    let update = async |more: Value| {
        world.clock.advance(1);
        let mut body = json!({"stateMachineArn": FLOW});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let updated = world.does("UpdateStateMachine", body).await;
        let described = world.does("DescribeStateMachine", json!({"stateMachineArn": FLOW})).await;
        assert_eq!(updated["revisionId"], described["revisionId"]);
        described
    };
    let initial = update(json!({"definition": PASS})).await;
    assert!(initial["revisionId"].is_string(), "the first update makes one, whatever it changes");
    assert_eq!(update(json!({"definition": PASS})).await, initial);
    let first = update(json!({"definition": OTHER})).await;
    assert_eq!(first["definition"], OTHER);
    assert_ne!(first["revisionId"], initial["revisionId"]);
    let again = update(json!({"definition": OTHER, "roleArn": ROLE})).await;
    assert_eq!(again, first);
    let second = update(json!({"tracingConfiguration": {"enabled": true}})).await;
    assert_ne!(second["revisionId"], first["revisionId"]);
    assert_eq!(second["tracingConfiguration"], json!({"enabled": true}));
}

#[tokio::test]
async fn an_execution_keeps_the_revision_it_started_with() {
    let world = World::with_run().await;
    world.does("UpdateStateMachine", json!({"stateMachineArn": FLOW, "definition": OTHER})).await;
    let expected = json!({
        "stateMachineArn": FLOW,
        "name": "flow",
        "roleArn": ROLE,
        "updateDate": 1_700_000_000.123,
        "definition": PASS,
        "loggingConfiguration": {"includeExecutionData": false, "level": "OFF"},
        "tracingConfiguration": {"enabled": false},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    });
    let body = json!({"executionArn": RUN});
    assert_eq!(world.does("DescribeStateMachineForExecution", body).await, expected);
}

#[tokio::test]
async fn a_deleted_machine_is_gone_and_its_name_is_free() {
    let world = World::new().await;
    world.create("flow", json!({})).await;
    world.does("DeleteStateMachine", json!({"stateMachineArn": FLOW})).await;
    let (_, kind, _) =
        world.refuses("DescribeStateMachine", json!({"stateMachineArn": FLOW})).await;
    assert_eq!(kind, "StateMachineDoesNotExist");
    world.create("flow", json!({"definition": OTHER})).await;
    let described = world.does("DescribeStateMachine", json!({"stateMachineArn": FLOW})).await;
    assert_eq!(described["definition"], OTHER);
}

#[tokio::test]
async fn express_machines_are_kept_but_have_no_list_of_executions() {
    let world = World::new().await;
    world.create("flow", json!({"type": "EXPRESS"})).await;
    let described = world.does("DescribeStateMachine", json!({"stateMachineArn": FLOW})).await;
    assert_eq!(described["type"], "EXPRESS");
    let message = "This operation is not supported by this type of state machine";
    let expected = (400, "StateMachineTypeNotSupported".to_owned(), message.to_owned());
    assert_eq!(world.refuses("ListExecutions", json!({"stateMachineArn": FLOW})).await, expected);
}
