//! What is too much is answered at once, in AWS's form, whatever the door: CreateStateMachine, StartExecution, TestState,
//! ValidateStateMachineDefinition, and the engine at work. Each row keeps the bounds of [`stepwright_fuzz::bound`].

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail where it stands")]

use serde_json::{Value, json};
use stepwright_fuzz::bound::{self, STACK};
use stepwright_fuzz::door::{Request, ask, work};

/// What was found wrong, to be told all at once.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    /// Holds an answer against its expected beginning; answers do not carry megabytes of the question.
    fn unless(&mut self, name: &str, answer: &str, expected: &str) {
        let start: String = answer.chars().take(200).collect();
        if !answer.starts_with(expected) {
            self.0.push(format!("{name}: {start}"));
        }
        if answer.len() > 3 << 20 {
            self.0.push(format!("{name}: {} bytes: {start}", answer.len()));
        }
    }
}

impl Drop for Wrong {
    fn drop(&mut self) {
        assert!(std::thread::panicking() || self.0.is_empty(), "{}", self.0.join("\n"));
    }
}

/// In a thread with a server's stack, within the bounds.
fn bounded<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let run = || {
            let mut result = None;
            let kept = bound::within(|| result = Some(work()));
            (kept, result)
        };
        let (kept, result) = thread.spawn_scoped(scope, run).unwrap().join().unwrap();
        let cost = kept.unwrap_or_else(|why| panic!("{name}: {why}"));
        if std::env::var_os("FUZZ_TRACE").is_some() {
            println!("{name}: {:.3} s, {} KB", cost.time.as_secs_f64(), cost.bytes >> 10);
        }
        result.unwrap()
    })
}

/// A machine of one Pass state with this output.
fn jsonata(expression: &str) -> String {
    let state = json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": format!("{{% {expression} %}}"), "End": true});
    json!({"StartAt": "A", "States": {"A": state}}).to_string()
}

/// A machine of one Pass state with this path or intrinsic call.
fn json_path(expression: &str) -> String {
    let state = json!({"Type": "Pass", "Parameters": {"x.$": expression}, "End": true});
    json!({"StartAt": "A", "States": {"A": state}}).to_string()
}

fn request(operation: &'static str, body: &Value) -> Request {
    (operation, body.to_string().into_bytes())
}

const ROLE: &str = "arn:aws:iam::123456789012:role/r";

fn create(definition: &str) -> Request {
    request("CreateStateMachine", &json!({"name": "m", "definition": definition, "roleArn": ROLE}))
}

fn validate(definition: &str) -> Request {
    request("ValidateStateMachineDefinition", &json!({"definition": definition}))
}

fn start(input: &str) -> Vec<Request> {
    let arn = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
    vec![
        create(&json_path("$")),
        request("StartExecution", &json!({"stateMachineArn": arn, "input": input})),
    ]
}

/// The only state of a machine, tried on its own.
fn test_state(definition: &str, input: &str) -> Request {
    let definition: Value = serde_json::from_str(definition).unwrap();
    let mut state = definition["States"]["A"].clone();
    state["QueryLanguage"] =
        json!(state.get("QueryLanguage").and_then(Value::as_str).unwrap_or("JSONPath"));
    request("TestState", &json!({"definition": state.to_string(), "input": input, "roleArn": ROLE}))
}

#[test]
fn expressions_that_explode_are_stopped() {
    let _alone = bound::alone();
    let mut wrong = Wrong::default();
    let deep = format!("{}1{}", "[".repeat(90), "]".repeat(90));
    let wide = Value::from((0..20_000).collect::<Vec<u32>>()).to_string();
    for (name, language, expression, input, expected) in EXPRESSIONS {
        let definition = match language {
            'a' => jsonata(expression),
            _ => json_path(expression),
        };
        let input = match *input {
            "deep" => &deep,
            "wide" => &wide,
            other => other,
        };
        let ended = bounded(name, || work(&definition, input));
        wrong.unless(name, &ended, expected);
        let found = bounded(name, || ask(&[validate(&definition)]).1);
        wrong.unless(name, &found, "200");
        if expected.starts_with("InvalidDefinition") {
            continue;
        }
        let (tried, brief) = bounded(name, || ask(&[test_state(&definition, input)]));
        wrong.unless(name, &brief, "200");
        let tried = match tried["status"].as_str() {
            Some("SUCCEEDED") => {
                format!("SUCCEEDED {}", tried["output"].as_str().unwrap_or_default())
            }
            _ => format!("FAILED {}: ", tried["error"].as_str().unwrap_or_default()),
        };
        let alike = expected.split(": ").next().unwrap_or_default();
        wrong.unless(name, &tried, alike);
    }
}

/// Name, language (JSONPath or JSONata), expression, input, and how the execution ends.
const EXPRESSIONS: &[(&str, char, &str, &str, &str)] = &[
    (
        "endless recursion",
        'a',
        "($f := function($n){ 1 + $f($n) }; $f(1))",
        "{}",
        "FAILED States.QueryEvaluationError: ",
    ),
    (
        "endless tail calls",
        'a',
        "($f := function($n){ $f($n + 1) }; $f(1))",
        "{}",
        "FAILED States.QueryEvaluationError: ",
    ),
    ("a large range", 'a', "$count([1..10000000])", "{}", "FAILED States.QueryEvaluationError: "),
    (
        "too large a range",
        'a',
        "$count([1..10000001])",
        "{}",
        "FAILED States.QueryEvaluationError: ",
    ),
    (
        "ranges in ranges",
        'a',
        "$map([1..1000], function($i){ $map([1..1000], function($j){ [$i, $j] }) })",
        "{}",
        "FAILED States.QueryEvaluationError: ",
    ),
    (
        "strings that double",
        'a',
        "$reduce([1..100], function($s, $n){ $s & $s }, 'x')",
        "{}",
        "FAILED States.QueryEvaluationError: ",
    ),
    (
        "arrays that double",
        'a',
        "$reduce([1..100], function($a, $n){ $append($a, $a) }, [1])",
        "{}",
        "FAILED States.QueryEvaluationError: ",
    ),
    (
        "objects that double",
        'a',
        "$reduce([1..60], function($o, $n){ {'a': $o, 'b': $o} }, 1)",
        "{}",
        "FAILED States.QueryEvaluationError: ",
    ),
    (
        "arrays that nest",
        'a',
        "$reduce([1..5000], function($a, $n){ [[$a]] }, 1)",
        "{}",
        "FAILED States.QueryEvaluationError: ",
    ),
    ("padding", 'a', "$length($pad('', 999999999))", "{}", "FAILED States.QueryEvaluationError: "),
    (
        "replacement that grows",
        'a',
        "$reduce([1..20], function($s, $n){ $replace($s, 'a', 'aaaaaaaaaa') }, 'a')",
        "{}",
        "FAILED States.QueryEvaluationError: ",
    ),
    (
        "a pattern with steps back",
        'a',
        "$match($pad('', 30000, 'a'), /(a+)+$/)",
        "{}",
        "SUCCEEDED ",
    ),
    (
        "a pattern that refers back",
        'a',
        "$contains($pad('', 3000, 'a'), /(a*)*\\1b/)",
        "{}",
        "FAILED States.QueryEvaluationError: ",
    ),
    (
        "a pattern of many states",
        'a',
        "$contains('x', /((a{100}){100}){100}/)",
        "{}",
        "InvalidDefinition: ",
    ),
    ("a number of many digits", 'a', "$formatBase($power(10, 300), 2)", "{}", "SUCCEEDED "),
    (
        "a picture of many digits",
        'a',
        "$formatNumber(1, $join($map([1..100000], function($i){'0'})))",
        "{}",
        "SUCCEEDED ",
    ),
    (
        "sorting with a costly order",
        'a',
        "$sort([1..3000], function($l, $r){ $count([1..1000]) > $l })",
        "{}",
        "SUCCEEDED ",
    ),
    ("descent into descent", 'a', "$count($states.input.**.**.**.**.**.**)", "deep", "SUCCEEDED "),
    ("shuffling", 'a', "$shuffle([1..1000000])[0]", "{}", "FAILED States.QueryEvaluationError: "),
    (
        "a text that is parsed into depth",
        'a',
        "$parse($join($map([1..100000], function($i){'['})))",
        "{}",
        "FAILED States.QueryEvaluationError: ",
    ),
    ("a transformation of everything", 'a', "$states.input ~> |**|{'a': $}|", "deep", "SUCCEEDED "),
    (
        "descents after descents",
        'p',
        "$..*..*..*..*..*..*..*..*",
        "deep",
        "FAILED States.DataLimitExceeded: ",
    ),
    ("a slice without end", 'p', "$[0:999999999]", "wide", "SUCCEEDED "),
    ("filters in filters", 'p', "$..[?(@..[?(@..a)])]", "deep", "InvalidDefinition: "),
    ("a range of a thousand", 'p', "States.ArrayRange(1, 1000, 1)", "{}", "SUCCEEDED "),
    (
        "a range of more",
        'p',
        "States.ArrayRange(1, 1000000000, 1)",
        "{}",
        "FAILED States.IntrinsicFailure: ",
    ),
    (
        "calls in calls",
        'p',
        "States.Array(States.Array(States.Array(States.Array(States.Array(States.Array(States.Array(States.Array(States.Array(States.Array(States.Array(1)))))))))))",
        "{}",
        "InvalidDefinition: ",
    ),
    ("the same items sought again and again", 'p', "States.ArrayUnique($)", "wide", "SUCCEEDED "),
    (
        "texts that are copied",
        'p',
        "States.Format('{}{}{}{}{}{}{}{}{}{}{}{}', $, $, $, $, $, $, $, $, $, $, $, $)",
        "wide",
        "FAILED States.DataLimitExceeded: ",
    ),
    (
        "a text of brackets",
        'p',
        "States.StringToJson($.s)",
        "{\"s\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}",
        "FAILED States.IntrinsicFailure: ",
    ),
];

#[test]
#[expect(clippy::too_many_lines, reason = "one flat table")]
fn texts_that_are_too_much_are_refused() {
    let _alone = bound::alone();
    let mut wrong = Wrong::default();
    let brackets = "[".repeat(100_000);
    let objects = "{\"a\":".repeat(100_000);
    let long = "x".repeat(400_000);
    let chain = |count: usize| {
        let states = (0..count).map(|n| {
            let next = if n + 1 == count {
                "\"End\":true".to_owned()
            } else {
                format!("\"Next\":\"S{}\"", n + 1)
            };
            format!("\"S{n}\":{{\"Type\":\"Pass\",{next}}}")
        });
        format!("{{\"StartAt\":\"S0\",\"States\":{{{}}}}}", states.collect::<Vec<_>>().join(","))
    };
    let nested = |depth: usize| {
        (0..depth).fold(r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#.to_owned(), |inner, n| {
            format!(r#"{{"StartAt":"P{n}","States":{{"P{n}":{{"Type":"Parallel","Branches":[{inner}],"End":true}}}}}}"#)
        })
    };
    let commented = |bytes: usize| {
        format!(
            r#"{{"Comment":"{}","StartAt":"A","States":{{"A":{{"Type":"Pass","End":true}}}}}}"#,
            "x".repeat(bytes)
        )
    };
    let named =
        format!(r#"{{"StartAt":"{long}","States":{{"{long}":{{"Type":"Pass","End":true}}}}}}"#);
    let unknown = format!(r#"{{"StartAt":"A","{long}":1,"States":{{"A":{{"Type":"{long}"}}}}}}"#);
    let fields: Vec<String> = (0..5_000).map(|n| format!("\"field {n}\":1")).collect();
    let mistakes = format!(
        r#"{{"StartAt":"A","States":{{"{long}":{{"Type":"Pass",{}}}}}}}"#,
        fields.join(",")
    );
    let raw = |operation: &'static str, text: String| vec![(operation, text.into_bytes())];
    let table: Vec<(&str, Vec<Request>, &str)> = vec![
        ("a definition of almost a megabyte", vec![create(&commented(1_040_000))], "200"),
        ("one of more", vec![create(&commented(1_048_576))], "ValidationException: "),
        ("10,000 states", vec![create(&chain(10_000))], "200"),
        ("10,000 states to be validated", vec![validate(&chain(10_000))], "200"),
        ("20,000 states", vec![create(&chain(20_000))], "200"),
        ("30 levels of states", vec![create(&nested(30))], "200"),
        ("100 levels of states", vec![create(&nested(100))], "InvalidDefinition: "),
        ("a definition of brackets", vec![create(&brackets)], "InvalidDefinition: "),
        ("a definition of objects", vec![create(&objects)], "InvalidDefinition: "),
        ("brackets to be validated", vec![validate(&brackets)], "200"),
        (
            "a state of brackets",
            vec![request("TestState", &json!({"definition": objects, "roleArn": ROLE}))],
            "InvalidDefinition: ",
        ),
        ("a body of brackets", raw("ListActivities", brackets.clone()), "SerializationException: "),
        (
            "a body of objects",
            raw("CreateStateMachine", objects.clone()),
            "SerializationException: ",
        ),
        ("an input of brackets", start(&brackets), "InvalidExecutionInput: "),
        (
            "an input of closed brackets",
            start(&format!("{brackets}{}", "]".repeat(100_000))),
            "InvalidExecutionInput: ",
        ),
        ("a long name of a state", vec![create(&named)], "InvalidDefinition: "),
        ("a long name of a state to be validated", vec![validate(&named)], "200"),
        ("a long name of a field", vec![create(&unknown)], "InvalidDefinition: "),
        ("a long name over many mistakes", vec![create(&mistakes)], "InvalidDefinition: "),
        ("a long name over many mistakes to be validated", vec![validate(&mistakes)], "200"),
        (
            "10 MB of text as input",
            start(&json!("x".repeat(10 << 20)).to_string()),
            "RequestEntityTooLargeException: ",
        ),
        (
            "10 MB of text as output of a task",
            raw(
                "SendTaskSuccess",
                json!({"taskToken": "t", "output": json!("x".repeat(10 << 20)).to_string()})
                    .to_string(),
            ),
            "RequestEntityTooLargeException: ",
        ),
        (
            "300 KB of text as input",
            start(&json!("x".repeat(300_000)).to_string()),
            "ValidationException: ",
        ),
        (
            "repeated keys in a definition",
            vec![create(r#"{"StartAt":"A","StartAt":"A","States":{"A":{"Type":"Succeed"}}}"#)],
            "InvalidDefinition: ",
        ),
        (
            "repeated keys in a body",
            raw("ListActivities", r#"{"maxResults":1,"maxResults":2}"#.to_owned()),
            "200",
        ),
        (
            "half a surrogate pair in a body",
            raw("CreateActivity", r#"{"name":"\ud800"}"#.to_owned()),
            "SerializationException: ",
        ),
        (
            "halves in the wrong order",
            raw("CreateActivity", r#"{"name":"\udc00\ud800"}"#.to_owned()),
            "SerializationException: ",
        ),
        ("half a surrogate pair in an input", start(r#"{"a":"\ud800"}"#), "200"),
        ("what is no number", start("NaN"), "InvalidExecutionInput: "),
        ("what is infinite", start("[Infinity]"), "InvalidExecutionInput: "),
        ("a number that no double holds", start("1e999"), "InvalidExecutionInput: "),
        (
            "a number of a megabyte in a body",
            raw("ListActivities", format!("{{\"maxResults\":{}}}", "9".repeat(1_000_000))),
            "SerializationException: ",
        ),
    ];
    for (name, requests, expected) in table {
        let (answer, brief) = bounded(name, || ask(&requests));
        wrong.unless(name, &brief, expected);
        wrong.unless(name, &answer.to_string(), "{");
    }
}

#[test]
fn large_and_odd_values_go_through_unharmed() {
    let _alone = bound::alone();
    let states = 10_000;
    let pass = |n: usize| format!("\"S{n}\":{{\"Type\":\"Pass\",\"Next\":\"S{}\"}}", n + 1);
    let chain: Vec<String> = (0..states - 1).map(pass).collect();
    let chain = format!(
        "{{\"StartAt\":\"S0\",\"States\":{{{},\"S{}\":{{\"Type\":\"Succeed\"}}}}}}",
        chain.join(","),
        states - 1
    );
    let mut wrong = Wrong::default();
    let deep = format!("{}1{}", "[".repeat(90), "]".repeat(90));
    let text = json!("\u{1F4A5}".repeat(60_000)).to_string();
    let identity = json_path("$");
    let table: [(&str, &str, &str, String); 6] = [
        ("10,000 states", &chain, "{}", "SUCCEEDED {}".to_owned()),
        (
            "a number beyond 2^53",
            &identity,
            "9007199254740993",
            r#"SUCCEEDED {"x":9007199254740993}"#.to_owned(),
        ),
        (
            "a number beyond 64 bits",
            &identity,
            "18446744073709551616",
            r#"SUCCEEDED {"x":1.8446744073709552e+19}"#.to_owned(),
        ),
        ("a negative zero", &identity, "-0", r#"SUCCEEDED {"x":0}"#.to_owned()),
        ("90 levels", &identity, &deep, format!("SUCCEEDED {{\"x\":{deep}}}")),
        ("a text of 240,000 bytes", &identity, &text, "SUCCEEDED ".to_owned()),
    ];
    for (name, definition, input, expected) in table {
        let ended = bounded(name, || work(definition, input));
        wrong.unless(name, &ended, &expected);
    }
}

#[test]
fn expressions_nested_without_end_are_answered() {
    let _alone = bound::alone();
    let mut wrong = Wrong::default();
    for (language, open, middle, close) in NESTED {
        for times in [50, 1_000, 40_000] {
            let expression = format!("{}{middle}{}", open.repeat(times), close.repeat(times));
            let name = format!("{times} times {open}{close}");
            let definition = match language {
                'a' => jsonata(&expression),
                _ => json_path(&expression),
            };
            let ended = bounded(&name, || work(&definition, "{\"a\":[[1]]}"));
            let answered = ["SUCCEEDED ", "FAILED States.", "InvalidDefinition: "];
            if !answered.iter().any(|answer| ended.starts_with(answer)) {
                wrong.unless(&name, &ended, "an answer");
            }
        }
    }
}

/// Language, and what is repeated before and after the middle.
const NESTED: &[(char, &str, &str, &str)] = &[
    ('a', "(", "1", ")"),
    ('a', "[", "1", "]"),
    ('a', "{'a':", "1", "}"),
    ('a', "-", "1", ""),
    ('a', "1+", "1", ""),
    ('a', "", "1", "+1"),
    ('a', "'x' & ", "'x'", ""),
    ('a', "true and ", "true", ""),
    ('a', "true ? 1 : ", "1", ""),
    ('a', "$x := ", "1", ""),
    ('a', "a.", "a", ""),
    ('a', "a.(", "1", ")"),
    ('a', "", "$states.input", "[0]"),
    ('a', "", "$states.input", "[a[0]]"),
    ('a', "", "$states.input", "{'a': a}"),
    ('a', "", "$states.input", "^(a)"),
    ('a', "", "$states.input", " ~> $string"),
    ('a', "", "$string", "()"),
    ('a', "$string(", "1", ")"),
    ('a', "function($x){", "1", "}"),
    ('a', "λ($x)<a<", "n", ">:n>{1}"),
    ('a', "|", "a", "|{}|"),
    ('a', "", "a", ".%"),
    ('a', "", "a", "@$x"),
    ('a', "", "**", ".**"),
    ('a', "/(", "a", ")/"),
    ('a', "a ?: ", "1", ""),
    ('a', "a ?? ", "1", ""),
    ('a', "1 in ", "1", ""),
    ('a', "1..", "1", ""),
    ('p', "$.a[?(@", ".a", ")]"),
    ('p', "$.a[?(@.a && ", "@.a", ")]"),
    ('p', "$.a[?((", "@.a", "))]"),
    ('p', "$", ".a", "[0]"),
    ('p', "$", ".a", ".*"),
    ('p', "$.a", "", "..*"),
    ('p', "$.a", "", "['a','b']"),
    ('p', "States.Array(", "1", ")"),
    ('p', "States.Format('{}', ", "1", ")"),
];

#[test]
fn patterns_and_regular_expressions_that_explode_are_answered() {
    let _alone = bound::alone();
    let mut wrong = Wrong::default();
    let stars = "*a".repeat(2_000);
    let rule = json!({"Variable": "$.s", "StringMatches": stars, "Next": "B"});
    let choice = json!({"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [rule], "Default": "B"}, "B": {"Type": "Succeed"}}});
    let input = json!({"s": "a".repeat(200_000) + "b"}).to_string();
    let ended = bounded("a pattern of stars", || work(&choice.to_string(), &input));
    wrong.unless("a pattern of stars", &ended, "SUCCEEDED ");
    let groups = |open: &str, close: &str| {
        format!("$contains('aaa', /{}a{}/)", open.repeat(20_000), close.repeat(20_000))
    };
    for expression in [
        groups("(", ")"),
        groups("(?:", ")*"),
        groups("[", "]"),
        groups("(?=", ")"),
        groups("", "{9}"),
        groups("", "|a"),
    ] {
        let name: String = expression.chars().take(40).collect();
        let ended = bounded(&name, || work(&jsonata(&expression), "{}"));
        if !ended.starts_with("InvalidDefinition: ")
            && !ended.starts_with("FAILED States.QueryEvaluationError: ")
        {
            wrong.unless(&name, &ended, "SUCCEEDED ");
        }
    }
}
