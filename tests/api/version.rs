//! Versions and aliases: published, routed to, listed, deleted.

use serde_json::{Value, json};

use super::world::{FLOW, PASS, ROLE, World};

const OTHER: &str = r#"{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}"#;

#[tokio::test]
async fn versions_are_numbered_and_keep_what_they_were() {
    let world = World::new().await;
    let created = world.create("flow", json!({"publish": true, "versionDescription": "one"})).await;
    assert_eq!(created["stateMachineVersionArn"], version(1));
    assert_eq!(
        world.create("flow", json!({"publish": true, "versionDescription": "one"})).await,
        created
    );
    world.clock.advance(1);
    let body = json!({"stateMachineArn": FLOW, "definition": OTHER, "publish": true});
    let updated = world.does("UpdateStateMachine", body.clone()).await;
    assert_eq!(updated["stateMachineVersionArn"], version(2));
    assert_eq!(world.does("UpdateStateMachine", body).await, updated, "nothing new to publish");
    let publish = world.does("PublishStateMachineVersion", json!({"stateMachineArn": FLOW})).await;
    assert_eq!(
        publish,
        json!({"stateMachineVersionArn": version(2), "creationDate": 1_700_000_001.123})
    );
    let expected = json!({
        "stateMachineArn": version(1),
        "name": "flow",
        "status": "ACTIVE",
        "type": "STANDARD",
        "roleArn": ROLE,
        "creationDate": 1_700_000_000.123,
        "description": "one",
        "definition": PASS,
        "loggingConfiguration": {"includeExecutionData": false, "level": "OFF"},
        "tracingConfiguration": {"enabled": false},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    });
    assert_eq!(
        world.does("DescribeStateMachine", json!({"stateMachineArn": version(1)})).await,
        expected
    );
    let second = world.does("DescribeStateMachine", json!({"stateMachineArn": version(2)})).await;
    assert_eq!(
        (&second["definition"], &second["revisionId"]),
        (&json!(OTHER), &updated["revisionId"])
    );
}

#[tokio::test]
async fn publishing_is_part_of_what_a_creation_is_held_against() {
    let world = World::new().await;
    world.create("flow", json!({"publish": true})).await;
    for more in [json!({}), json!({"publish": true, "versionDescription": "other"})] {
        let mut body = json!({"name": "flow", "definition": PASS, "roleArn": ROLE});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (_, kind, _) = world.refuses("CreateStateMachine", body).await;
        assert_eq!(kind, "StateMachineAlreadyExists", "{more}");
    }
}

#[tokio::test]
async fn only_the_current_revision_is_published() {
    let world = World::new().await;
    world.create("flow", json!({})).await;
    let publish = |revision: &str| json!({"stateMachineArn": FLOW, "revisionId": revision});
    world.does("PublishStateMachineVersion", publish("INITIAL")).await;
    let body = json!({"stateMachineArn": FLOW, "definition": OTHER});
    let current = world.does("UpdateStateMachine", body).await["revisionId"].clone();
    let current = current.as_str().unwrap();
    let message = format!(
        "Failed to publish the State Machine version for revision INITIAL. The current State Machine revision is {current}."
    );
    let expected = (409, "ConflictException".to_owned(), message);
    assert_eq!(world.refuses("PublishStateMachineVersion", publish("INITIAL")).await, expected);
    let published = world.does("PublishStateMachineVersion", publish(current)).await;
    assert_eq!(published["stateMachineVersionArn"], version(2));
}

#[tokio::test]
async fn versions_are_listed_newest_first_and_numbers_are_not_given_again() {
    let world = World::new().await;
    world.create("flow", json!({"publish": true})).await;
    for number in 2..=3 {
        let definition = PASS.replace("\"A\"", &format!("\"A{number}\""));
        let body = json!({"stateMachineArn": FLOW, "definition": definition, "publish": true});
        world.does("UpdateStateMachine", body).await;
    }
    assert_eq!(versions(&world, 2).await, [version(3), version(2), version(1)]);
    for _ in 0..2 {
        world
            .does("DeleteStateMachineVersion", json!({"stateMachineVersionArn": version(3)}))
            .await;
    }
    assert_eq!(versions(&world, 1).await, [version(2), version(1)]);
    let again = world.does("PublishStateMachineVersion", json!({"stateMachineArn": FLOW})).await;
    assert_eq!(again["stateMachineVersionArn"], version(4));
    let (_, kind, _) =
        world.refuses("StartExecution", json!({"stateMachineArn": version(3)})).await;
    assert_eq!(kind, "StateMachineDoesNotExist");
    world.does("DeleteStateMachine", json!({"stateMachineArn": FLOW})).await;
    assert_eq!(versions(&world, 9).await, [] as [String; 0]);
    let created = world.create("flow", json!({"publish": true})).await;
    assert_eq!(created["stateMachineVersionArn"], version(1), "a new machine counts from 1");
}

#[tokio::test]
async fn an_execution_tells_by_which_version_and_alias_it_was_started() {
    let world = World::with_versions().await;
    let alias = create_alias(&world, "live", &[(2, 100)]).await;
    let table = [
        (FLOW.to_owned(), None, None, OTHER),
        (version(1), Some(version(1)), None, PASS),
        (alias.clone(), Some(version(2)), Some(alias), OTHER),
    ];
    for (arn, version, alias, definition) in table {
        let body = json!({"stateMachineArn": arn, "name": arn.rsplit(':').next()});
        let execution = world.does("StartExecution", body).await["executionArn"].clone();
        let by = json!({"executionArn": execution});
        let described = world.does("DescribeExecution", by.clone()).await;
        let history = world.does("GetExecutionHistory", by.clone()).await;
        let listed = world.does("ListExecutions", json!({"stateMachineArn": arn})).await;
        let started = &history["events"][0]["executionStartedEventDetails"];
        let row = &listed["executions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["executionArn"] == execution)
            .unwrap();
        for told in [&described, started, row] {
            assert_eq!(told["stateMachineVersionArn"], json!(version), "{arn}");
            assert_eq!(told["stateMachineAliasArn"], json!(alias), "{arn}");
        }
        assert_eq!(described["stateMachineArn"], FLOW);
        let machine = world.does("DescribeStateMachineForExecution", by).await;
        assert_eq!(machine["definition"], definition);
    }
}

#[tokio::test]
async fn executions_of_a_version_or_an_alias_are_listed_alone() {
    let world = World::with_versions().await;
    let alias = create_alias(&world, "live", &[(1, 100)]).await;
    for (name, arn) in
        [("a", FLOW), ("b", &version(1)), ("c", &alias), ("d", &version(2)), ("e", &alias)]
    {
        world.clock.advance(1);
        world.does("StartExecution", json!({"stateMachineArn": arn, "name": name})).await;
    }
    let table = [(FLOW, "edcba"), (&version(1), "ecb"), (&version(2), "d"), (&alias, "ec")];
    for (arn, expected) in table {
        let mut names = String::new();
        let mut body = json!({"stateMachineArn": arn, "maxResults": 1});
        loop {
            let listed = world.does("ListExecutions", body.clone()).await;
            for row in listed["executions"].as_array().unwrap() {
                names.push_str(row["name"].as_str().unwrap());
            }
            if listed["nextToken"].is_null() {
                break;
            }
            body["nextToken"] = listed["nextToken"].clone();
        }
        assert_eq!(names, expected, "{arn}");
    }
}

#[tokio::test]
async fn an_alias_shares_executions_out_by_weight_and_repeats_itself() {
    let world = World::with_versions().await;
    let alias = create_alias(&world, "live", &[(1, 20), (2, 80)]).await;
    let mut first = 0;
    for n in 0..100 {
        let body = json!({"stateMachineArn": alias, "name": format!("run{n}")});
        let started = world.does("StartExecution", body.clone()).await;
        assert_eq!(world.does("StartExecution", body).await, started);
        let described =
            world.does("DescribeExecution", json!({"executionArn": started["executionArn"]})).await;
        first += u32::from(described["stateMachineVersionArn"] == version(1));
    }
    // Which version a name gets is fixed by the name, so this is the same number every time.
    assert!((10..=30).contains(&first), "{first}");
}

#[tokio::test]
async fn an_alias_is_described_updated_listed_and_deleted() {
    let world = World::with_versions().await;
    let alias = create_alias(&world, "live", &[(1, 100)]).await;
    world.clock.advance(1);
    assert_eq!(create_alias(&world, "live", &[(1, 100)]).await, alias, "the same creation");
    let routes = json!([
        {"stateMachineVersionArn": version(1), "weight": 90},
        {"stateMachineVersionArn": version(2), "weight": 10},
    ]);
    let by = json!({"stateMachineAliasArn": alias});
    let mut update = by.clone();
    update["routingConfiguration"] = routes.clone();
    let updated = world.does("UpdateStateMachineAlias", update).await;
    assert_eq!(updated, json!({"updateDate": 1_700_000_001.123}));
    let expected = json!({
        "stateMachineAliasArn": alias,
        "name": "live",
        "description": "about live",
        "routingConfiguration": routes,
        "creationDate": 1_700_000_000.123,
        "updateDate": 1_700_000_001.123,
    });
    assert_eq!(world.does("DescribeStateMachineAlias", by.clone()).await, expected);
    create_alias(&world, "beta", &[(2, 100)]).await;
    for (arn, expected) in [
        (FLOW, vec!["beta", "live"]),
        (&version(1), vec!["live"]),
        (&version(2), vec!["beta", "live"]),
    ] {
        let listed = world.does("ListStateMachineAliases", json!({"stateMachineArn": arn})).await;
        let listed = listed["stateMachineAliases"].as_array().unwrap().clone();
        let listed: Vec<&str> = listed
            .iter()
            .map(|row| row["stateMachineAliasArn"].as_str().unwrap().rsplit(':').next().unwrap())
            .collect();
        assert_eq!(listed, expected, "{arn}");
    }
    let message = "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [beta, live]";
    let refused = world
        .refuses("DeleteStateMachineVersion", json!({"stateMachineVersionArn": version(2)}))
        .await;
    assert_eq!(refused, (409, "ConflictException".to_owned(), message.to_owned()));
    for _ in 0..2 {
        world.does("DeleteStateMachineAlias", by.clone()).await;
    }
    let missing = (
        400,
        "ResourceNotFound".to_owned(),
        "Request references a resource that does not exist.".to_owned(),
    );
    assert_eq!(world.refuses("DescribeStateMachineAlias", by.clone()).await, missing);
    let update = json!({"stateMachineAliasArn": alias, "description": "d"});
    assert_eq!(world.refuses("UpdateStateMachineAlias", update).await, missing);
    world.does("DeleteStateMachineVersion", json!({"stateMachineVersionArn": version(1)})).await;
}

#[tokio::test]
async fn routes_that_make_no_sense_are_refused() {
    let world = World::with_versions().await;
    create_alias(&world, "taken", &[(1, 100)]).await;
    let route = |arn: &str, weight: u32| json!({"stateMachineVersionArn": arn, "weight": weight});
    let (one, two) = (version(1), version(2));
    let other = format!("{}:1", FLOW.replace("flow", "other"));
    let table = [
        ("a", json!([route(FLOW, 100)]), "ValidationException", format!("Routing configuration must contain state machine version ARNs. Received: [{FLOW}]")),
        ("a", json!([route(&one, 50), route(&two, 49)]), "ValidationException", "Sum of routing configuration weights must equal 100. Received: [50, 49]".to_owned()),
        ("a", json!([route(&one, 50), route(&one, 50)]), "ValidationException", format!("Routing configuration must contain distinct state machine version ARNs. Received: [{one}, {one}]")),
        ("a", json!([route(&one, 50), route(&other, 50)]), "ValidationException", format!("Routing configuration must contain versions of one state machine. Received: [{one}, {other}]")),
        ("a", json!([route(&version(9), 100)]), "ResourceNotFound", "Request references a resource that does not exist.".to_owned()),
        ("a", json!([route(&other, 100)]), "ResourceNotFound", "Request references a resource that does not exist.".to_owned()),
        ("a", json!([route("x", 100)]), "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'".to_owned()),
        ("1", json!([route(&one, 100)]), "ValidationException", r"1 validation error detected: Value '1' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$".to_owned()),
        ("taken", json!([route(&two, 100)]), "ConflictException", "Failed to create alias because an alias with the same name and a different routing configuration already exists.".to_owned()),
    ];
    for (name, routes, kind, message) in table {
        let body = json!({"name": name, "routingConfiguration": routes});
        let (_, refused, why) = world.refuses("CreateStateMachineAlias", body).await;
        assert_eq!((refused.as_str(), why), (kind, message), "{routes}");
    }
}

#[tokio::test]
async fn a_machine_has_1000_versions_and_100_aliases_at_most() {
    let world = World::with_versions().await;
    for n in 0..100 {
        create_alias(&world, &format!("a{n}"), &[(1, 100)]).await;
    }
    let route = json!([{"stateMachineVersionArn": version(1), "weight": 100}]);
    let body = json!({"name": "more", "routingConfiguration": route});
    let (status, kind, _) = world.refuses("CreateStateMachineAlias", body).await;
    assert_eq!((status, kind.as_str()), (402, "ServiceQuotaExceededException"));
    let update = |n: u32| {
        let definition = PASS.replace("\"A\"", &format!("\"A{n}\""));
        json!({"stateMachineArn": FLOW, "definition": definition, "publish": true})
    };
    for n in 3..=1000 {
        world.does("UpdateStateMachine", update(n)).await;
    }
    let (status, kind, _) = world.refuses("UpdateStateMachine", update(1001)).await;
    assert_eq!((status, kind.as_str()), (402, "ServiceQuotaExceededException"));
}

impl World {
    /// A world with the machine `flow` in two versions.
    async fn with_versions() -> World {
        let world = World::new().await;
        world.create("flow", json!({"publish": true})).await;
        let body = json!({"stateMachineArn": FLOW, "definition": OTHER, "publish": true});
        world.does("UpdateStateMachine", body).await;
        world
    }
}

/// Creates an alias that routes to versions by weights; its ARN.
async fn create_alias(world: &World, name: &str, routes: &[(u64, u64)]) -> String {
    let routes: Vec<Value> = routes
        .iter()
        .map(|(number, weight)| json!({"stateMachineVersionArn": version(*number), "weight": weight}))
        .collect();
    let description = format!("about {name}");
    let body = json!({"name": name, "description": description, "routingConfiguration": routes});
    let created = world.does("CreateStateMachineAlias", body).await;
    created["stateMachineAliasArn"].as_str().unwrap().to_owned()
}

/// All versions, page by page.
async fn versions(world: &World, at_once: u32) -> Vec<String> {
    let mut found = Vec::new();
    let mut body = json!({"stateMachineArn": FLOW, "maxResults": at_once});
    loop {
        let listed = world.does("ListStateMachineVersions", body.clone()).await;
        let rows = listed["stateMachineVersions"].as_array().unwrap();
        found.extend(
            rows.iter().map(|row| row["stateMachineVersionArn"].as_str().unwrap().to_owned()),
        );
        if listed["nextToken"].is_null() {
            return found;
        }
        body["nextToken"] = listed["nextToken"].clone();
    }
}

fn version(number: u64) -> String {
    format!("{FLOW}:{number}")
}
