//! The functions of the order fulfilment example, called as its workflow calls them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use stepwright::task::function::{Functions, Host, Invocation};
use stepwright_core::expr::Value;

use super::endpoint::Endpoint;

struct Shop {
    functions: Functions,
    _data: tempfile::TempDir,
}

impl Shop {
    fn open(endpoint: &str) -> Shop {
        let data = tempfile::tempdir().unwrap();
        let environment = [
            ("SHOP_DATA", data.path().to_str().unwrap()),
            ("SHOP_APPROVER", "policy"),
            ("STEPWRIGHT_ENDPOINT", endpoint),
        ];
        let host = Host {
            processes: 10,
            region: "us-east-1".into(),
            account: "123456789012".into(),
            environment: environment.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec(),
            log: std::sync::Arc::new(|_, _| {}),
        };
        let functions = Functions::from_cli(&[], &[folder().join("functions.json")], host).unwrap();
        Shop { functions, _data: data }
    }

    /// The result, or the error type and message.
    async fn call(&self, name: &str, event: &str) -> Result<Value, String> {
        let event = event.to_owned();
        let invocation = Invocation { name: name.to_owned(), event, ..Invocation::default() };
        let answer = self.functions.invoke(&invocation).await.unwrap();
        let payload = Value::parse(&answer.payload).unwrap();
        let text = |key| payload.get(key).and_then(Value::as_str).unwrap_or_default();
        if answer.failed {
            return Err(format!("{}: {}", text("errorType"), text("errorMessage")));
        }
        Ok(payload)
    }

    async fn number(&self, name: &str, event: &str, key: &str) -> i64 {
        self.call(name, event).await.unwrap().get(key).unwrap().as_i64().unwrap()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/order-fulfilment")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).unwrap()
}

#[test]
fn the_workflow_calls_the_functions_that_there_are() {
    let workflow = read("workflow.asl.json");
    let quoted = workflow.split('"').collect::<Vec<_>>();
    let by_arn = quoted.iter().filter_map(|text| text.split_once(":function:")).map(|(_, n)| n);
    let by_name = quoted.windows(3).filter(|w| w[0] == "FunctionName").map(|w| w[2]);
    let called: BTreeSet<&str> = by_arn.chain(by_name).collect();
    let shop = Shop::open("");
    assert_eq!(called, shop.functions.names().collect());
}

#[tokio::test]
async fn an_order_is_priced_and_checked() {
    let shop = Shop::open("");
    let totals = [
        ("order-success.json", 18930),
        ("order-payment-retried.json", 8350),
        ("order-compensated.json", 30700),
        ("order-approval.json", 177_080),
    ];
    for (file, total) in totals {
        assert_eq!(shop.number("validate-order", &read(file), "totalCents").await, total, "{file}");
    }
    let changes = [
        ("\"A-1001\"", "\"A 1\"", "'orderId' consists of 1 to 40 letters, digits and hyphens"),
        ("\"mara@example.com\"", "\"mara\"", "'mara' is no e-mail address"),
        ("\"SE\"", "\"Sweden\"", "'country' must be given as a code of two letters"),
        ("\"Storgatan 4\"", "\"\"", "'street' must be given as text"),
        ("4242424242424242", "4242", "'card' must have 16 digits"),
        ("\"quantity\": 2", "\"quantity\": 0", "'quantity' must lie between 1 and 1000"),
        ("\"quantity\": 2", "\"quantity\": true", "'quantity' must be given as an integer"),
        ("TEA-SENCHA-100", "TEA-ASSAM-250", "a product stands in two lines"),
        ("POT-CAST-IRON", "POT", "there is no product 'POT'"),
    ];
    let good = read("order-success.json");
    for (from, to, message) in changes {
        let refused = shop.call("validate-order", &good.replacen(from, to, 1)).await;
        assert_eq!(refused, Err(format!("InvalidOrder: {message}")));
    }
    let refused = shop.call("validate-order", "[]").await.unwrap_err();
    assert!(refused.starts_with("InvalidOrder: expected an object"), "{refused}");
}

#[tokio::test]
async fn stock_is_reserved_once_and_comes_back() {
    let shop = Shop::open("");
    let line = |order: &str, quantity: u32| {
        format!(r#"{{"orderId":"{order}","sku":"SAMOVAR-BRASS","quantity":{quantity}}}"#)
    };
    for _ in 0..2 {
        assert_eq!(shop.number("reserve-stock", &line("A", 5), "reserved").await, 5);
    }
    let refused = shop.call("reserve-stock", &line("B", 2)).await;
    assert_eq!(refused, Err("OutOfStock: fewer than 2 of SAMOVAR-BRASS are left".to_owned()));
    assert_eq!(shop.number("release-stock", &line("A", 5), "released").await, 5);
    assert_eq!(shop.number("release-stock", &line("A", 5), "released").await, 0);
    assert_eq!(shop.number("reserve-stock", &line("C", 6), "reserved").await, 6);
    let late = shop.call("reserve-stock", &line("A", 1)).await.unwrap_err();
    assert!(late.starts_with("OrderClosed: "), "{late}");
}

#[tokio::test]
async fn a_payment_is_retried_made_once_and_refunded_once() {
    let shop = Shop::open("");
    let charge = r#"{"orderId":"A","amountCents":8350,"card":"4000000000000341"}"#;
    for attempt in 1..=2 {
        let expected =
            format!("PaymentUnavailable: the payment provider does not answer (attempt {attempt})");
        assert_eq!(shop.call("charge-payment", charge).await, Err(expected));
    }
    let first = shop.call("charge-payment", charge).await.unwrap();
    let again = shop.call("charge-payment", charge).await.unwrap();
    assert_eq!(first.get("chargeId"), again.get("chargeId"));
    let refund = shop.call("refund-payment", r#"{"orderId":"A"}"#).await.unwrap();
    assert_eq!(refund.get("amountCents"), Some(&8350.into()));
    assert_eq!(shop.call("refund-payment", r#"{"orderId":"A"}"#).await, Ok(refund));
    assert_eq!(shop.number("refund-payment", r#"{"orderId":"B"}"#, "amountCents").await, 0);
    let declined = r#"{"orderId":"C","amountCents":1,"card":"4000000000000002"}"#;
    let expected = Err("PaymentDeclined: the card was declined".to_owned());
    assert_eq!(shop.call("charge-payment", declined).await, expected);
}

#[tokio::test]
async fn a_shipment_goes_where_carriers_go() {
    let shop = Shop::open("");
    let order = |country: &str| {
        format!(
            r#"{{"orderId":"{country}","address":{{"street":"s","city":"c","country":"{country}"}},"lines":[{{"quantity":3}}]}}"#
        )
    };
    let first = shop.call("create-shipment", &order("SE")).await.unwrap();
    assert_eq!(first.get("items"), Some(&3.into()));
    assert_eq!(shop.call("create-shipment", &order("SE")).await, Ok(first));
    let refused = shop.call("create-shipment", &order("AQ")).await;
    assert_eq!(refused, Err("Undeliverable: no carrier delivers to c, AQ".to_owned()));
    let message = r#"{"orderId":"A","email":"a@example.com","subject":"s"}"#;
    for sent in [true, false] {
        let result = shop.call("notify-customer", message).await.unwrap();
        assert_eq!(result.get("sent"), Some(&sent.into()), "a customer is told once");
    }
}

#[tokio::test]
async fn the_policy_answers_by_the_task_token() {
    let endpoint = Endpoint::start(&[("/", 200, &[], "{}")]).await;
    let shop = Shop::open(&endpoint.url);
    let table = [
        (
            177_080,
            "SendTaskSuccess",
            r#"{"taskToken": "TOKEN", "output": "{\"approved\": true, \"by\": \"policy\"}"}"#,
        ),
        (
            600_000,
            "SendTaskFailure",
            r#"{"taskToken": "TOKEN", "error": "ApprovalRefused", "cause": "orders above 5000.00 need a conversation"}"#,
        ),
    ];
    for (index, (total, operation, body)) in table.into_iter().enumerate() {
        let event =
            format!(r#"{{"orderId":"A-{index}","totalCents":{total},"taskToken":"TOKEN"}}"#);
        shop.call("request-approval", &event).await.unwrap();
        while endpoint.seen().len() <= index {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let seen = &endpoint.seen()[index];
        let target = format!("AWSStepFunctions.{operation}");
        assert_eq!(seen.header("x-amz-target"), Some(&*target));
        assert_eq!(seen.header("content-type"), Some("application/x-amz-json-1.0"));
        assert_eq!(seen.body, body);
    }
}
