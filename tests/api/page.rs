//! Laws of pagination: all pages together are the list, each once and in order, whatever the page size; and a token is
//! good only for the list it came from, for a day.

use serde_json::{Value, json};

use super::world::{FLOW, RUN, World};

const ITEMS: usize = 7;

#[tokio::test]
async fn all_pages_together_are_the_list() {
    let world = busy().await;
    for (operation, body, key) in lists() {
        let whole = world.does(operation, body.clone()).await;
        assert_eq!(whole["nextToken"], Value::Null);
        let whole = whole[key].as_array().unwrap().clone();
        assert_eq!(whole.len(), ITEMS, "{operation}");
        for size in [1, 2, 3, ITEMS - 1, ITEMS, ITEMS + 1, 1000] {
            let (pages, items) = walk(&world, operation, &body, key, size).await;
            assert_eq!(items, whole, "{operation} by {size}");
            assert_eq!(pages, ITEMS.div_ceil(size), "{operation} by {size}: no empty last page");
        }
    }
}

#[tokio::test]
async fn a_page_size_of_0_means_100() {
    let world = World::new().await;
    for i in 0..101 {
        world.does("CreateActivity", json!({"name": format!("a{i:03}")})).await;
    }
    for body in [json!({}), json!({"maxResults": 0})] {
        let page = world.does("ListActivities", body).await;
        assert_eq!(page["activities"].as_array().unwrap().len(), 100);
        assert!(page["nextToken"].is_string());
    }
}

#[tokio::test]
async fn a_list_goes_on_after_its_last_item_was_deleted() {
    let world = busy().await;
    let page = world.does("ListActivities", json!({"maxResults": 2})).await;
    let last = &page["activities"][1]["activityArn"];
    world.does("DeleteActivity", json!({"activityArn": last})).await;
    let rest = world.does("ListActivities", json!({"nextToken": page["nextToken"]})).await;
    assert_eq!(rest["activities"].as_array().unwrap().len(), ITEMS - 2);
}

#[tokio::test]
async fn a_token_is_no_good_elsewhere_or_later_or_changed() {
    let world = busy().await;
    let token = async |operation: &str, body: Value| {
        let page = world.does(operation, with(&body, "maxResults", json!(1))).await;
        page["nextToken"].as_str().unwrap().to_owned()
    };
    let machines = token("ListStateMachines", json!({})).await;
    let running = token("ListExecutions", json!({"stateMachineArn": FLOW})).await;
    let changed: String = machines.chars().rev().collect();
    let table = [
        ("ListActivities", json!({"nextToken": machines})),
        ("ListStateMachines", json!({"nextToken": changed})),
        ("ListStateMachines", json!({"nextToken": &machines[1..]})),
        ("ListStateMachines", json!({"nextToken": "ä"})),
        (
            "ListExecutions",
            json!({"stateMachineArn": FLOW, "statusFilter": "RUNNING", "nextToken": running}),
        ),
    ];
    let invalid = (400, "InvalidToken".to_owned(), "Invalid Token: 'Invalid token'".to_owned());
    for (operation, body) in table {
        assert_eq!(world.refuses(operation, body).await, invalid, "{operation}");
    }
    world.does("ListStateMachines", json!({"nextToken": machines})).await;
    world.clock.advance(86_401);
    let late = json!({"nextToken": machines});
    assert_eq!(world.refuses("ListStateMachines", late).await, invalid);
}

/// Some of everything that is listed.
async fn busy() -> World {
    let world = World::new().await;
    world.create("flow", json!({})).await;
    for i in 0..ITEMS {
        if i > 0 {
            world.create(&format!("m{i}"), json!({})).await;
        }
        world.does("CreateActivity", json!({"name": format!("a{i}")})).await;
        // Pairs start at the same time: then the id decides.
        world.clock.advance(i64::from(i % 2 == 0));
        let body = json!({"stateMachineArn": FLOW, "name": format!("e{i}")});
        world.does("StartExecution", body).await;
    }
    world
}

fn lists() -> [(&'static str, Value, &'static str); 3] {
    [
        ("ListStateMachines", json!({}), "stateMachines"),
        ("ListActivities", json!({}), "activities"),
        ("ListExecutions", json!({"stateMachineArn": FLOW}), "executions"),
    ]
}

async fn walk(
    world: &World,
    operation: &str,
    body: &Value,
    key: &str,
    size: usize,
) -> (usize, Vec<Value>) {
    let mut body = with(body, "maxResults", json!(size));
    let (mut pages, mut items) = (0, Vec::new());
    loop {
        let page = world.does(operation, body.clone()).await;
        pages += 1;
        items.extend(page[key].as_array().unwrap().clone());
        match page.get("nextToken") {
            Some(token) => body = with(&body, "nextToken", token.clone()),
            None => return (pages, items),
        }
    }
}

fn with(body: &Value, key: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[key] = value;
    body
}

/// Every operation that pages against every bound of a page and every token that it did not give.
#[tokio::test]
async fn all_lists_have_the_same_bounds_and_take_no_token_but_their_own() {
    let world = of_each_two().await;
    let lists = [
        ("ListActivities", json!({})),
        ("ListStateMachines", json!({})),
        ("ListExecutions", json!({"stateMachineArn": FLOW})),
        ("ListStateMachineVersions", json!({"stateMachineArn": FLOW})),
        ("ListStateMachineAliases", json!({"stateMachineArn": FLOW})),
        ("ListMapRuns", json!({"executionArn": RUN})),
        ("GetExecutionHistory", json!({"executionArn": RUN})),
    ];
    let mut tokens = Vec::new();
    for (operation, body) in &lists {
        let with = |name: &str, value: Value| {
            let mut body = body.clone();
            body[name] = value;
            body
        };
        for size in [0, 1, 1000] {
            let page = world.does(operation, with("maxResults", json!(size))).await;
            tokens.extend(page["nextToken"].as_str().map(|t| (*operation, t.to_owned())));
        }
        for (size, bound) in
            [(-1, "greater than or equal to 0"), (1001, "less than or equal to 1000")]
        {
            let (_, kind, message) =
                world.refuses(operation, with("maxResults", json!(size))).await;
            assert_eq!(kind, "ValidationException", "{operation} {size}");
            assert_eq!(
                message,
                format!(
                    "1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: Member must have value {bound}"
                )
            );
        }
        let refused = (400, "InvalidToken".to_owned(), "Invalid Token: 'Invalid token'".to_owned());
        for token in ["garbage", " ", "eyJhIjoxfQ=="] {
            let answer = world.refuses(operation, with("nextToken", json!(token))).await;
            assert_eq!(answer, refused, "{operation} {token}");
        }
        for (other, token) in &tokens {
            let body = with("nextToken", json!(token));
            if other == operation {
                world.does(operation, body).await;
            } else {
                assert_eq!(world.refuses(operation, body).await, refused, "{operation}: {other}");
            }
        }
    }
    assert_eq!(tokens.len(), 5, "of all but those that have one page here: {tokens:?}");
}

/// A world with at least two of everything that is listed, but map runs.
async fn of_each_two() -> World {
    let world = World::with_run().await;
    for name in ["b", "c"] {
        world.create(name, json!({})).await;
        world.does("CreateActivity", json!({"name": name})).await;
        world.does("StartExecution", json!({"stateMachineArn": FLOW, "name": name})).await;
    }
    for definition in [None, Some(r#"{"StartAt":"B","States":{"B":{"Type":"Succeed"}}}"#)] {
        if let Some(definition) = definition {
            let change = json!({"stateMachineArn": FLOW, "definition": definition});
            world.does("UpdateStateMachine", change).await;
        }
        world.does("PublishStateMachineVersion", json!({"stateMachineArn": FLOW})).await;
    }
    for name in ["x", "y"] {
        let routing = json!([{"stateMachineVersionArn": format!("{FLOW}:1"), "weight": 100}]);
        let body = json!({"name": name, "routingConfiguration": routing});
        world.does("CreateStateMachineAlias", body).await;
    }
    world
}
