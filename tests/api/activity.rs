//! Activities and the long poll.

use serde_json::json;

use super::world::World;

const ARN: &str = "arn:aws:states:us-east-1:123456789012:activity:dig";

#[tokio::test]
async fn an_activity_is_created_once_described_listed_and_deleted() {
    let world = World::new().await;
    let created = world.does("CreateActivity", json!({"name": "dig"})).await;
    assert_eq!(created, json!({"activityArn": ARN, "creationDate": 1_700_000_000.123}));
    world.clock.advance(1);
    assert_eq!(world.does("CreateActivity", json!({"name": "dig"})).await, created);
    let expected = json!({
        "activityArn": ARN,
        "name": "dig",
        "creationDate": 1_700_000_000.123,
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    });
    assert_eq!(world.does("DescribeActivity", json!({"activityArn": ARN})).await, expected);
    let row = json!({"activityArn": ARN, "name": "dig", "creationDate": 1_700_000_000.123});
    assert_eq!(world.does("ListActivities", json!({})).await, json!({"activities": [row]}));
    world.does("DeleteActivity", json!({"activityArn": ARN})).await;
    assert_eq!(world.does("ListActivities", json!({})).await, json!({"activities": []}));
}

#[tokio::test]
async fn another_encryption_is_another_activity() {
    let world = World::new().await;
    world.does("CreateActivity", json!({"name": "dig"})).await;
    let encryption = json!({"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"});
    let body = json!({"name": "dig", "encryptionConfiguration": encryption});
    let expected =
        (400, "ActivityAlreadyExists".to_owned(), format!("Activity Already Exists: '{ARN}'"));
    assert_eq!(world.refuses("CreateActivity", body).await, expected);
}

#[tokio::test]
async fn a_poll_ends_empty_when_the_api_closes() {
    let world = World::new().await;
    world.does("CreateActivity", json!({"name": "dig"})).await;
    world.api.close();
    let polled =
        world.does("GetActivityTask", json!({"activityArn": ARN, "workerName": "w"})).await;
    assert_eq!(polled, json!({"taskToken": null}));
}
