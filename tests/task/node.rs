//! Node handlers.

use stepwright_core::expr::Value;

use super::Local;

const MODULE: &str = r#"
export const echo = async (event) => event;
export const nothing = async () => {};
export const called = (event, context, callback) => setTimeout(() => callback(null, event), 5);
export const silent = (event, context) => { setTimeout(() => {}, 5); };
export const refuse = async () => {
  class Refused extends Error { constructor(m) { super(m); this.name = "Refused"; } }
  throw new Refused("no");
};
export const text = async () => { throw "no"; };
export const told = async (event, context) => [
  context.awsRequestId.length, context.functionName, context.invokedFunctionArn, context.memoryLimitInMB,
  context.getRemainingTimeInMillis() > 0, process.env._HANDLER,
];
export const leave = async () => process.exit(5);
export const stray = async () => { setTimeout(() => { throw new RangeError("late"); }, 1); await new Promise(() => setTimeout(() => {}, 9999)); };
export const forgotten = async () => { Promise.reject(new Error("late")); await new Promise(() => setTimeout(() => {}, 9999)); };
let calls = 0;
export const count = async () => [process.pid, ++calls];
"#;

fn node(handler: &str) -> (Local, tempfile::TempDir) {
    Local::source("node", "app.mjs", MODULE, handler)
}

#[tokio::test]
async fn a_handler_answers_by_promise_by_callback_or_not_at_all() {
    let event = r#"{"s":"ü€","n":[1,1.5,null,true]}"#;
    let table = [("echo", event), ("called", event), ("nothing", "null"), ("silent", "null")];
    for (handler, expected) in table {
        let (local, _folder) = node(handler);
        for _ in 0..2 {
            assert_eq!(local.call(event).await, Ok(expected.to_owned()), "{handler}");
        }
    }
}

#[tokio::test]
async fn common_js_modules_work_too() {
    let source = "exports.handler = async (event) => ({ got: event });";
    let (local, _folder) = Local::source("node", "app.js", source, "handler");
    assert_eq!(local.call("1").await, Ok(r#"{"got":1}"#.to_owned()));
}

#[tokio::test]
async fn a_process_is_kept_for_the_next_call() {
    let (local, _folder) = node("count");
    let first = Value::parse(&local.call("{}").await.unwrap()).unwrap();
    let second = Value::parse(&local.call("{}").await.unwrap()).unwrap();
    let (first, second) = (first.as_array().unwrap(), second.as_array().unwrap());
    assert_eq!((&first[0], second[1].as_i64()), (&second[0], Some(2)));
}

#[tokio::test]
async fn errors_are_described_as_on_lambda() {
    let table = [
        ("refuse", "Refused", "no"),
        ("text", "string", "no"),
        ("stray", "RangeError", "late"),
        ("forgotten", "Runtime.UnhandledPromiseRejection", "Error: late"),
        (
            "leave",
            "Runtime.ExitError",
            "RequestId: ID Error: Runtime exited with error: exit status 5",
        ),
    ];
    for (handler, error, message) in table {
        let (local, _folder) = node(handler);
        let (actual, cause) = local.failure("{}").await;
        assert_eq!(actual, error, "{handler}");
        assert_eq!(cause.get("errorMessage"), Some(&message.into()), "{handler}");
    }
    let (local, _folder) = node("refuse");
    let (_, cause) = local.failure("{}").await;
    let trace = cause.get("trace").unwrap().as_array().unwrap();
    assert_eq!(trace[0].as_str(), Some("Refused: no"));
    let keys: Vec<_> = cause.as_object().unwrap().keys().map(ToString::to_string).collect();
    assert_eq!(keys, ["errorType", "errorMessage", "trace"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_module_is_said_as_lambda_says_it() {
    let table = [
        ("import './nothing.mjs';", "Runtime.ImportModuleError", "Error: Cannot find module"),
        ("export const handler = (;", "Runtime.UserCodeSyntaxError", "SyntaxError: "),
        (
            "export const x = 1;",
            "Runtime.HandlerNotFound",
            "app.handler is undefined or not exported",
        ),
        ("throw new TypeError('at once');", "TypeError", "at once"),
    ];
    for (source, error, message) in table {
        let (local, _folder) = Local::source("node", "app.mjs", source, "handler");
        let (actual, cause) = local.failure("{}").await;
        assert_eq!(actual, error, "{source}");
        let actual = cause.get("errorMessage").unwrap().as_str().unwrap();
        assert!(actual.starts_with(message), "{source}: {actual}");
    }
}

#[tokio::test]
async fn the_context_tells_what_lambda_tells() {
    let (local, _folder) = node("told");
    let expected =
        r#"[36,"f","arn:aws:lambda:us-east-1:123456789012:function:f","128",true,"app.told"]"#;
    assert_eq!(local.call("{}").await, Ok(expected.to_owned()));
}
