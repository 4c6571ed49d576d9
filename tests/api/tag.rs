//! Tags: of machines and activities, set, read, removed.

use serde_json::{Value, json};

use super::world::{FLOW, RUN, World};

const DIG: &str = "arn:aws:states:us-east-1:123456789012:activity:dig";

#[tokio::test]
async fn tags_are_added_changed_removed_and_listed_in_order() {
    let world = World::new().await;
    let tags = |pairs: &[(&str, &str)]| -> Value {
        pairs.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
    };
    world.create("flow", json!({"tags": tags(&[("a", "1")])})).await;
    world.does("CreateActivity", json!({"name": "dig", "tags": tags(&[("a", "1")])})).await;
    for arn in [FLOW, DIG] {
        let list = json!({"resourceArn": arn});
        assert_eq!(
            world.does("ListTagsForResource", list.clone()).await,
            json!({"tags": tags(&[("a", "1")])})
        );
        let table = [
            (
                "TagResource",
                json!({"tags": tags(&[("b", ""), ("a", "2")])}),
                tags(&[("a", "2"), ("b", "")]),
            ),
            ("TagResource", json!({"tags": []}), tags(&[("a", "2"), ("b", "")])),
            ("UntagResource", json!({"tagKeys": []}), tags(&[("a", "2"), ("b", "")])),
            ("UntagResource", json!({"tagKeys": ["a", "c"]}), tags(&[("b", "")])),
        ];
        for (operation, mut body, expected) in table {
            body["resourceArn"] = json!(arn);
            assert_eq!(world.does(operation, body).await, json!({}));
            assert_eq!(world.does("ListTagsForResource", list.clone()).await["tags"], expected);
        }
    }
}

#[tokio::test]
async fn a_resource_has_50_tags_at_most() {
    let world = World::new().await;
    world.create("flow", json!({})).await;
    let tags =
        |n: u32| -> Value { (0..n).map(|n| json!({"key": n.to_string(), "value": ""})).collect() };
    let too_many = (400, "TooManyTags".to_owned(), format!("Too many tags: '{FLOW}'"));
    let body = |tags| json!({"resourceArn": FLOW, "tags": tags});
    assert_eq!(world.refuses("TagResource", body(tags(51))).await, too_many);
    world.does("TagResource", body(tags(50))).await;
    world.does("TagResource", body(tags(50))).await;
    let one_more = json!([{"key": "more", "value": ""}]);
    assert_eq!(world.refuses("TagResource", body(one_more)).await, too_many);
    let (_, kind, _) =
        world.refuses("CreateActivity", json!({"name": "dig", "tags": tags(51)})).await;
    assert_eq!(kind, "TooManyTags");
}

#[tokio::test]
async fn only_machines_and_activities_that_are_there_have_tags() {
    let world = World::with_run().await;
    world.does("PublishStateMachineVersion", json!({"stateMachineArn": FLOW})).await;
    let version = format!("{FLOW}:1");
    let nowhere = FLOW.replace("flow", "nowhere");
    let missing = |arn: &str| ("ResourceNotFound", format!("Resource not found: '{arn}'"));
    let invalid = |why: &str| ("InvalidArn", format!("Invalid Arn: '{why}'"));
    let table = [
        (version.as_str(), missing(&version)),
        (&nowhere, missing(&nowhere)),
        (DIG, missing(DIG)),
        (RUN, invalid("Resource type not valid in this context: execution")),
        ("x", invalid("Invalid ARN prefix: x")),
    ];
    for (arn, (kind, message)) in table {
        let requests = [
            ("TagResource", json!({"resourceArn": arn, "tags": []})),
            ("UntagResource", json!({"resourceArn": arn, "tagKeys": []})),
            ("ListTagsForResource", json!({"resourceArn": arn})),
        ];
        for (operation, body) in requests {
            let expected = (400, kind.to_owned(), message.clone());
            assert_eq!(world.refuses(operation, body).await, expected, "{operation}");
        }
    }
}
