//! The functions, by table: what is recorded on AWS, then what is documented.

use super::*;
use crate::expr::trial::{Trial, json};

const DATA: &str = r#"{
    "n": null, "t": true, "i": 3, "f": 1.1, "s": "it", "o": {"Arg1": 1, "Arg2": []},
    "a": [1, 2, 3, 4, 5], "mixed": [[1, 2], {"x": 1, "y": 2}, null, true, 1.0],
    "same": [3, 1, 3, 1.0, "1", {"a": 1, "b": 2}, {"b": 2, "a": 1}], "tpl": "a {} b"
}"#;

fn gives(table: &[(&str, &str)]) {
    let trial = Trial::of(DATA).with_context(r#"{"Name":"m-1"}"#).with_variables(r#"{"v":2.5}"#);
    for (call, expected) in table {
        let value = trial.call(call).unwrap_or_else(|e| panic!("{call}: {e}"));
        assert_eq!(value.to_json(), *expected, "{call}");
    }
}

fn refuses(table: &[(&str, &str)]) {
    let trial = Trial::of(DATA);
    for (call, expected) in table {
        let name = call.split('(').next().unwrap();
        let detail = format!(
            "The function '{call}' had the following error: Invalid arguments in {name}: {expected}"
        );
        assert_eq!(trial.call(call), Err(Error::new(ErrorKind::Intrinsic, detail)), "{call}");
    }
}

#[test]
fn format_fills_in_text_json_and_java_objects() {
    gives(&[
        ("States.Format('plain')", r#""plain""#),
        ("States.Format('{}-{}', $.s, $.i)", r#""it-3""#),
        ("States.Format('{} {} {}', $.n, $.t, $.f)", r#""null true 1.1""#),
        ("States.Format('{}', $.o)", r#""{Arg1=1, Arg2=[]}""#),
        ("States.Format('{}{}', 1, true)", r#""1true""#),
        (r"States.Format('\{\} {} \\ \'', $.s)", r#""{} it \\ '""#),
        ("States.Format($.tpl, 'x')", r#""a x b""#),
        ("States.Format('{ {} }', $.s)", r#""{ it }""#),
        ("States.Format('{}', States.Format('{}', 'in'))", r#""in""#),
    ]);
    refuses(&[
        ("States.Format('{}')", "number of arguments do not match the occurrences of {}"),
        ("States.Format('{}', 1, 2)", "number of arguments do not match the occurrences of {}"),
        ("States.Format(1)", "the argument 'template' must be a string but was a number"),
    ]);
}

#[test]
fn json_functions_parse_print_and_merge() {
    gives(&[
        ("States.StringToJson('')", "null"),
        ("States.StringToJson('  ')", "null"),
        ("States.StringToJson('-0')", "0"),
        (r#"States.StringToJson('{"a": [1, 2.50]}')"#, r#"{"a":[1,2.5]}"#),
        ("States.StringToJson('1 2')", "1"),
        ("States.JsonToString($.o)", r#""{\"Arg1\":1,\"Arg2\":[]}""#),
        ("States.JsonToString($.s)", r#""\"it\"""#),
        ("States.JsonToString(null)", r#""null""#),
        (
            r#"States.JsonMerge($.o, States.StringToJson('{"z":1,"Arg1":{}}'), false)"#,
            r#"{"Arg1":{},"Arg2":[],"z":1}"#,
        ),
    ]);
    refuses(&[
        (
            "States.StringToJson('{')",
            "the string is not valid JSON: EOF while parsing an object at line 1 column 1",
        ),
        ("States.StringToJson($.o)", "the argument 'string' must be a string but was an object"),
        (
            "States.JsonMerge($.o, $.o, true)",
            "only shallow merging is supported, the third argument must be false",
        ),
        (
            "States.JsonMerge($.o, $.a, false)",
            "the argument 'json2' must be an object but was an array",
        ),
    ]);
}

#[test]
fn array_functions() {
    gives(&[
        ("States.Array()", "[]"),
        (
            "States.Array(1, 'a', null, true, $.o, -1.5)",
            r#"[1,"a",null,true,{"Arg1":1,"Arg2":[]},-1.5]"#,
        ),
        ("States.ArrayPartition($.a, 2)", "[[1,2],[3,4],[5]]"),
        ("States.ArrayPartition($.a, 9)", "[[1,2,3,4,5]]"),
        ("States.ArrayPartition(States.Array(), 4)", "[]"),
        ("States.ArrayPartition($.a, 2.5)", "[[1,2,3],[4,5]]"),
        ("States.ArrayContains($.a, 5)", "true"),
        ("States.ArrayContains($.mixed, null)", "true"),
        ("States.ArrayContains($.mixed, States.Array(1, 2))", "true"),
        (r#"States.ArrayContains($.mixed, States.StringToJson('{"y":2,"x":1}'))"#, "true"),
        ("States.ArrayContains($.mixed, 1)", "false"),
        ("States.ArrayRange(0, 9, 3)", "[0,3,6,9]"),
        ("States.ArrayRange(0, 10, 3)", "[0,3,6,9]"),
        ("States.ArrayRange(1, 9, 9)", "[1]"),
        ("States.ArrayRange(3, -3, -2)", "[3,1,-1,-3]"),
        ("States.ArrayRange(1, 3, -1)", "[]"),
        ("States.ArrayRange(2, 2, -1)", "[2]"),
        ("States.ArrayLength(States.ArrayRange(1, 1000, 1))", "1000"),
        ("States.ArrayGetItem($.a, 0)", "1"),
        ("States.ArrayGetItem($.a, States.MathAdd(States.ArrayLength($.a), -1))", "5"),
        ("States.ArrayLength($.mixed)", "5"),
        ("States.ArrayUnique($.same)", r#"[3,1,1.0,"1",{"a":1,"b":2}]"#),
    ]);
    refuses(&[
        ("States.ArrayPartition($.a, 0)", "the chunk size must be positive but was 0"),
        (
            "States.ArrayPartition($.a, 'x')",
            "the argument 'chunk size' must be a number but was a string",
        ),
        ("States.ArrayRange(1, 9, 0)", "the step must not be 0"),
        (
            "States.ArrayRange(0, 1000, 1)",
            "the array must not have more than 1000 elements but had 1001",
        ),
        ("States.ArrayGetItem($.a, 5)", "the index 5 is out of bounds for an array of length 5"),
        ("States.ArrayGetItem($.a, -1)", "the index -1 is out of bounds for an array of length 5"),
        ("States.ArrayLength($.s)", "the argument 'array' must be an array but was a string"),
    ]);
}

#[test]
fn encoding_functions() {
    gives(&[
        ("States.Base64Encode('')", r#""""#),
        ("States.Base64Encode('Data to encode')", r#""RGF0YSB0byBlbmNvZGU=""#),
        ("States.Base64Decode('RGVjb2RlZCBkYXRh')", r#""Decoded data""#),
        ("States.Base64Decode(States.Base64Encode('ünï'))", r#""ünï""#),
        ("States.Base64Decode('RGF0YQ')", r#""Data""#),
        ("States.Base64Decode('/w==')", "\"\u{fffd}\""),
        ("States.Hash('abc', 'MD5')", r#""900150983cd24fb0d6963f7d28e17f72""#),
        ("States.Hash('abc', 'SHA-1')", r#""a9993e364706816aba3e25717850c26c9cd0d89d""#),
        (
            "States.Hash('abc', 'SHA-256')",
            r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#,
        ),
        (
            "States.MathAdd(0, States.ArrayLength(States.StringSplit(States.Hash('', 'SHA-384'), '')))",
            "1",
        ),
    ]);
    refuses(&[
        (
            "States.Hash('abc', 'sha-256')",
            "the algorithm must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512 but was 'sha-256'",
        ),
        (
            "States.Base64Decode('*')",
            "the argument 'data' is not valid Base64: Invalid symbol 42, offset 0.",
        ),
    ]);
}

#[test]
fn ten_thousand_characters_are_the_most() {
    let trial = |length: usize| Trial::of(&format!(r#"{{"s":"{}"}}"#, "ä".repeat(length)));
    assert!(trial(10_000).call("States.Base64Encode($.s)").is_ok());
    assert!(trial(10_001).call("States.Base64Encode($.s)").is_err());
    assert!(trial(10_001).call("States.Hash($.s, 'MD5')").is_err());
}

#[test]
fn numbers_are_rounded_before_they_are_added() {
    gives(&[
        ("States.MathAdd(1, -9)", "-8"),
        ("States.MathAdd(1.49, 1.5)", "3"),
        ("States.MathAdd(1.5, 1.51)", "4"),
        ("States.MathAdd(-1.5, -1.51)", "-3"),
        ("States.MathAdd(-0.5, 0.5)", "1"),
        ("States.MathAdd(-2.5, 0)", "-2"),
        ("States.MathAdd($v, 0)", "3"),
        ("States.MathAdd(0.49999999999999994, 0)", "0"),
    ]);
    refuses(&[
        (
            "States.MathAdd(9223372036854775807, 1)",
            "the sum of 9223372036854775807 and 1 is too large",
        ),
        ("States.MathAdd('1', 1)", "the argument 'value1' must be a number but was a string"),
    ]);
}

#[test]
fn a_seed_gives_the_numbers_that_java_gives() {
    gives(&[
        ("States.MathRandom(0, 100, 0)", "60"),
        ("States.MathRandom(0, 100, 42)", "30"),
        ("States.MathRandom(-5, 5, -1)", "-2"),
        ("States.MathRandom(0, 16, 123456789)", "10"),
        ("States.MathRandom(0, 2147483647, 42)", "1562431130"),
        ("States.MathRandom(7, 8, 1)", "7"),
    ]);
    refuses(&[("States.MathRandom(2, 2)", "the start 2 must be less than the end 2")]);
}

#[test]
fn without_a_seed_numbers_are_in_range_and_the_same_when_the_step_is_repeated() {
    let trial = Trial::of("{}");
    let call = "States.Array(States.MathRandom(-3, 3), States.MathRandom(-3, 3), States.UUID())";
    let first = trial.call(call).unwrap();
    assert_eq!(trial.call(call).unwrap(), first);
    for number in first.as_array().unwrap().iter().filter_map(Value::as_i64) {
        assert!((-3..3).contains(&number), "{number}");
    }
    let wide = trial.call("States.MathRandom(-9223372036854775808, 9223372036854775807)");
    assert!(wide.is_ok());
}

#[test]
fn every_character_of_a_delimiter_separates() {
    gives(&[
        ("States.StringSplit('a,b,c', ',')", r#"["a","b","c"]"#),
        (
            "States.StringSplit('This.is+a,test=string', '.+,=')",
            r#"["This","is","a","test","string"]"#,
        ),
        ("States.StringSplit(', , ,', ',')", r#"[" "," "]"#),
        ("States.StringSplit(',,,,', ',')", "[]"),
        ("States.StringSplit('abc', '')", r#"["abc"]"#),
        ("States.StringSplit('', ',')", "[]"),
        ("States.StringSplit('Hello\nWorld', '\n')", r#"["Hello","World"]"#),
    ]);
}

#[test]
fn arguments_are_paths_of_any_root_literals_and_calls() {
    gives(&[
        ("States.Array($, $$.Name, $v)", &format!(r#"[{},"m-1",2.5]"#, json(DATA).to_json())),
        ("States.Array($.a[0,1], $.a[1:2])", "[[1,2],[2]]"),
        ("States.Array($.a[?(@ > 3)],$['s'])", r#"[[4,5],"it"]"#),
        ("States.Array( 'a, (b)' , 2 )", r#"["a, (b)",2]"#),
        ("States.Array($.a[(@.length-1)], 1e2)", "[5,100.0]"),
        ("States.Array( )", "[]"),
    ]);
}

#[test]
fn a_path_that_finds_nothing_is_a_runtime_error() {
    let error = Trial::of(r#"{"a":1}"#).call("States.Format('{}', States.Array($.b))").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Runtime);
    assert_eq!(
        error.detail,
        "The function 'States.Format('{}', States.Array($.b))' had the following error: \
         The JsonPath argument for the field '$.b' could not be found in the input '{\"a\":1}'"
    );
}

#[test]
fn arguments_that_would_make_endless_text_are_refused() {
    let long = format!(r#"{{"s":"{}"}}"#, "x".repeat(200_000));
    let nested = format!("{}{long}{}", r#"{"a":"#.repeat(40), "}".repeat(40));
    let often = vec!["$.a"; 100].join(", ");
    let table = [
        "States.Format('{}', $..*..*)".to_owned(),
        "States.JsonToString($..*..*)".to_owned(),
        "States.Hash($..*..*, 'MD5')".to_owned(),
        format!("States.Array({often})"),
        "States.Format('{}', States.Array($..a, $..a, $..a))".to_owned(),
    ];
    for call in table {
        let refused = Trial::of(&nested).call(&call).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::DataLimit, "{call}");
    }
    assert!(Trial::of(&nested).call("States.ArrayLength($..a)").is_ok());
}

#[test]
fn malformed_calls_are_refused() {
    let table = [
        ("States.Nope()", "'States.Nope' is not an intrinsic function"),
        ("States.UUID", "An intrinsic function call needs parentheses"),
        ("States.UUID(", "'' is not an argument of an intrinsic function"),
        ("States.UUID() x", "'x' follows the intrinsic function call"),
        ("States.Array(1 2)", "'1 2' is not an argument of an intrinsic function"),
        ("States.Array(1,)", "'' is not an argument of an intrinsic function"),
        ("States.Array('a' 'b')", "Arguments must be separated by ',' and end with ')'"),
        ("States.Array(abc)", "'abc' is not an argument of an intrinsic function"),
        ("States.Array([1])", "'[1]' is not an argument of an intrinsic function"),
        (r#"States.Array("a")"#, "'\"a\"' is not an argument of an intrinsic function"),
        ("States.Array('a)", "A string is not closed"),
        (r"States.Array('a\')", "A string is not closed"),
        (r#"States.Array('a\"b')"#, "'\\\"' is not an escape sequence"),
        ("States.Array($.a.)", "A path can not end with a dot."),
        ("States.Array($.a b)", "Space not allowed in path"),
        ("States.Format()", "expected at least 1 arguments but got 0"),
        ("States.JsonMerge($.o, $.o)", "expected 3 arguments but got 2"),
        ("States.ArrayLength()", "expected 1 arguments but got 0"),
        ("States.UUID('x')", "expected 0 arguments but got 1"),
        ("States.MathRandom(1)", "expected 2 to 3 arguments but got 1"),
        ("States.Array(States.Hash('x'))", "expected 2 arguments but got 1"),
    ];
    for (source, expected) in table {
        assert_eq!(Call::parse(source).map(|_| ()), Err(expected.to_owned()), "{source}");
    }
}

#[test]
fn functions_nest_ten_deep() {
    let nested = |depth: usize| format!("{}{}", "States.Array(".repeat(depth), ")".repeat(depth));
    assert!(Call::parse(&nested(10)).is_ok());
    assert!(Call::parse(&nested(11)).is_err());
    assert!(Call::parse(&nested(100_000)).is_err());
}

#[test]
fn eighteen_functions_have_different_names() {
    let mut names: Vec<&str> = FAMILIES.into_iter().flatten().map(|f| f.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 18);
}
