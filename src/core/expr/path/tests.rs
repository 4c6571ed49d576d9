//! What paths find, by table. Every expectation on [`Query`] was checked against the library itself.

use proptest::prelude::*;

use super::*;
use crate::expr::ErrorKind;
use crate::expr::trial::{Trial, json};

const ORDER: &str = r#"{
    "id": "o-1", "note": null, "paid": true, "total": 12.5, "ship to": {"city": "Bonn", "it's": 1},
    "lines": [
        {"sku": "A", "qty": 2, "price": 5, "tags": ["new", "red"], "gift": false},
        {"sku": "B", "qty": "3", "price": 0.5, "tags": []},
        {"sku": "C", "qty": null, "box": {"w": 1}}
    ],
    "grid": [[1, 2], [3, [4]]], "none": [], "by": {"x": {"n": 1}, "y": {"n": 2}}
}"#;

fn finds(table: &[(&str, &str, &str)]) {
    let document = json(ORDER);
    for (path, expected, reason) in table {
        let found = Query::parse(path).unwrap_or_else(|e| panic!("{path}: {e}")).read(&document);
        assert_eq!(found.map(|v| v.to_json()), Ok((*expected).to_owned()), "{path}: {reason}");
    }
}

fn fails(table: &[(&str, &str)]) {
    let document = json(ORDER);
    for (path, expected) in table {
        let error = Query::parse(path).unwrap_or_else(|e| panic!("{path}: {e}")).read(&document);
        assert_eq!(error, Err(Error::runtime(*expected)), "{path}");
    }
}

#[test]
fn a_definite_path_finds_one_value() {
    finds(&[
        ("$.id", r#""o-1""#, "name after a dot"),
        ("$['id']", r#""o-1""#, "quoted name"),
        ("$.note", "null", "null is a value"),
        ("$['ship to'].city", r#""Bonn""#, "quoted names may hold spaces"),
        ("$['ship to']['it','city']", r#"{"city":"Bonn"}"#, "in the order asked for"),
        ("$.lines[0].sku", r#""A""#, "index"),
        ("$.lines.[1].sku", r#""B""#, "a dot before a bracket changes nothing"),
        ("$.lines[0]sku", r#""A""#, "a missing dot neither"),
        ("$.lines[ 1 ].sku", r#""B""#, "spaces around an index"),
        ("$.lines[01].sku", r#""B""#, "a leading zero"),
        ("$.lines[1.9].sku", r#""B""#, "what follows the number is passed over"),
        ("$.lines[(@.length-1)].sku", r#""C""#, "counted from the end"),
        ("$.lines[(@.size() - 3)].sku", r#""A""#, "the same, spelled otherwise"),
        ("$.lines[0]['sku','qty']", r#"{"sku":"A","qty":2}"#, "several names make one object"),
        ("$.lines[0]['sku','nope']", r#"{"sku":"A"}"#, "of those that exist"),
        ("id", r#""o-1""#, "the library needs no $"),
        ("@.id", r#""o-1""#, "and takes @ for it"),
        (" $.id ", r#""o-1""#, "and trims"),
    ]);
}

#[test]
fn an_indefinite_path_finds_a_list() {
    finds(&[
        ("$.lines[*].sku", r#"["A","B","C"]"#, "wildcard over an array"),
        ("$.lines.*.sku", r#"["A","B","C"]"#, "spelled with a dot"),
        ("$.lines[*].box.w", "[1]", "items without the member are passed over"),
        ("$.by.*.n", "[1,2]", "wildcard over an object"),
        ("$.total.*", "[]", "wildcard over a scalar"),
        ("$.lines[0,2].sku", r#"["A","C"]"#, "index list"),
        ("$.lines[1:].sku", r#"["B","C"]"#, "slice"),
        ("$.lines[:1].sku", r#"["A"]"#, "slice to"),
        ("$.lines[-2:].sku", r#"["B","C"]"#, "slice from the end"),
        ("$.lines[:-2].sku", r#"["A"]"#, "slice to before the end"),
        ("$.lines[0:3:2].sku", r#"["A","B","C"]"#, "a step has no meaning"),
        ("$.lines[9:]", "[]", "slice beyond the end"),
        ("$.lines[2:1]", "[]", "empty slice"),
        ("$.lines[1:-1]", "[]", "between two numbers a negative one is no position"),
        ("$..sku", r#"["A","B","C"]"#, "scan"),
        ("$..n", "[1,2]", "scan, document order"),
        ("$..tags[*]", r#"["new","red"]"#, "on from what the scan found"),
        ("$.grid..[0]", "[[1,2],1,3,4]", "scan for an index, parents first"),
        (
            "$.lines..['sku','qty']",
            r#"[{"sku":"A","qty":2},{"sku":"B","qty":"3"},{"sku":"C","qty":null}]"#,
            "scan for several names, all present",
        ),
        ("$..nope", "[]", "scan that finds nothing"),
        (
            "$.lines[*]",
            r#"[{"sku":"A","qty":2,"price":5,"tags":["new","red"],"gift":false},{"sku":"B","qty":"3","price":0.5,"tags":[]},{"sku":"C","qty":null,"box":{"w":1}}]"#,
            "whole items",
        ),
    ]);
}

#[test]
fn what_is_missing_before_an_indefinite_step_is_an_empty_list() {
    finds(&[
        ("$.nope[*]", "[]", "recorded on AWS"),
        ("$.nope[1:5].x", "[]", "recorded on AWS"),
        ("$.nope.deeper[*]", "[]", "two steps before"),
        ("$.nope..x", "[]", "scan"),
        ("$.nope[?(@.x)]", "[]", "filter"),
    ]);
}

#[test]
fn what_is_missing_otherwise_is_an_error_that_says_where() {
    fails(&[
        ("$.nope", "No results for path: $['nope']"),
        ("$.nope.x", "Missing property in path $['nope']"),
        ("$.by.x.nope", "No results for path: $['by']['x']['nope']"),
        ("$.lines[1:].box", "No results for path: $['lines'][1]['box']"),
        ("$.by.*.nope", "No results for path: $['by']['x']['nope']"),
        ("$.id.x", "Property ['x'] not found in path $['id']"),
        ("$.note.x", "Property ['x'] not found in path $['note']"),
        ("$.lines.sku", "Property ['sku'] not found in path $['lines']"),
        ("$.id['a','b']", "Property ['a', 'b'] not found in path $['id']"),
        ("$.lines.length()", "Property ['length()'] not found in path $['lines']"),
        ("$.lines[3]", "Index out of bounds when evaluating path $['lines'][3]"),
        ("$.lines[-1]", "Index out of bounds when evaluating path $['lines'][-1]"),
        ("$.lines[0,3]", "Index out of bounds when evaluating path $['lines'][3]"),
        ("$.lines[-2:1]", "Index out of bounds when evaluating path $['lines'][-2]"),
        ("$..tags[1]", "Index out of bounds when evaluating path $['lines'][1]['tags'][1]"),
        ("$['ship to'].it's", "No results for path: $['ship to']['it']"),
        ("$.note[0]", "The path $['note'] is null"),
        ("$.id[0]", "Filter: [0] can only be applied to arrays. Current context is: o-1"),
        (
            "$.by[1:].n",
            "Filter: [1:]['n'] can only be applied to arrays. Current context is: {x={n=1}, y={n=2}}",
        ),
        (
            "$.by[(@.length-1)]",
            "Filter: [@.size()-1] can only be applied to arrays. Current context is: {x={n=1}, y={n=2}}",
        ),
        ("$.id[?(@.x)]", "Filter: [?] can not be applied to primitives. Current context is: o-1"),
        ("$['id','note'].x", "Multi properties can only be used as path leafs: $['id', 'note']"),
    ]);
}

#[test]
fn filters_keep_the_items_that_fit() {
    finds(&[
        ("$.lines[?(@.box)].sku", r#"["C"]"#, "there"),
        ("$.lines[?(@.qty)].sku", r#"["A","B"]"#, "null is as good as missing"),
        ("$.lines[?(@.gift)].sku", r#"["A"]"#, "false is there"),
        ("$.lines[?(!@.box)].sku", r#"["A","B"]"#, "not there"),
        ("$.lines[?(@.sku == 'B')].sku", r#"["B"]"#, "text"),
        ("$.lines[?('B' == @.sku)].sku", r#"["B"]"#, "the other way round"),
        ("$.lines[?(@.sku == \"B\")].sku", "[]", "double quotes do not quote"),
        ("$.lines[?(@['sku']=='B')].sku", r#"["B"]"#, "bracket path"),
        ("$.lines[?(@.qty == '2')].sku", r#"["A"]"#, "a number equals a text of its value"),
        ("$.lines[?(@.qty == 2.0)].sku", r#"["A"]"#, "and another spelling"),
        ("$.lines[?(@.price < 1)].sku", r#"["B"]"#, "order; without the member never"),
        ("$.lines[?(@.price >= 0.5)].sku", r#"["A","B"]"#, "or equal"),
        ("$.lines[?(@.price != 5)].sku", r#"["B"]"#, "missing is not unequal either"),
        ("$.lines[?(@.price > $.total)].sku", "[]", "against the document"),
        ("$.lines[?(@.price < $.total)].sku", r#"["A","B"]"#, "against the document"),
        ("$.lines[?(@.qty == null)].sku", r#"["C"]"#, "null"),
        ("$.lines[?(@.qty < 9)].sku", r#"["A","B"]"#, "null is not less than anything"),
        ("$.lines[?(@.gift == false)].sku", r#"["A"]"#, "truth values"),
        ("$.lines[?(@.box == @.box)].sku", r#"["C"]"#, "an object equals itself"),
        ("$.lines[?(@.tags == 'new')].sku", "[]", "a list equals no text"),
        ("$.lines[?(@.sku =~ /[ab]/i)].sku", r#"["A","B"]"#, "regular expression, any case"),
        ("$.lines[?(@.tags[0] =~ /ne/)].sku", "[]", "it must match the whole text"),
        ("$.lines[?(@.sku =~ /(?!B)./)].sku", r#"["A","C"]"#, "look-ahead"),
        ("$.lines[?(@.sku=='A' || @.sku=='B' && @.qty==9)].sku", r#"["A"]"#, "and binds tighter"),
        (
            "$.lines[?((@.sku=='A' || @.sku=='B') && @.gift)].sku",
            r#"["A"]"#,
            "parentheses are dropped",
        ),
        ("$.lines[?((@.sku=='A' || @.sku=='C') && @.nope)].sku", r#"["A"]"#, "and do not group"),
        ("$.grid[0][?(@ > 1)]", "[2]", "the item itself"),
        ("$.by[?(@.x)].y.n", "[2]", "on an object the object itself"),
        ("$.by[?(@.n)]", "[]", "not its members"),
        ("$..[?(@.n)].n", "[1,2]", "after a scan"),
        (
            "$.lines[?(@.nope || $.id)].sku",
            "[]",
            "a bare path is looked for in the item, even from $",
        ),
    ]);
    fails(&[
        (
            "$.lines[?(@.price == 'cheap')]",
            "Character c is neither a decimal digit number, decimal point, nor \"e\" notation exponential mark.",
        ),
        (
            "$.lines[?(@.sku == 'A')][0]",
            "Filter: [0] can only be applied to arrays. Current context is: {sku=A, qty=2, price=5, tags=[new, red], gift=false}",
        ),
        (
            "$.lines[?(@.sku[0])]",
            "Filter: [0] can only be applied to arrays. Current context is: A",
        ),
    ]);
}

#[test]
fn malformed_paths_are_refused() {
    let table = [
        ("", "json can not be null or empty"),
        ("$x", "Invalid path $x"),
        ("$$.x", "Invalid path $$.x"),
        ("$ .x", "Invalid path $ .x"),
        ("$.", "A path can not end with a dot."),
        ("$.a..", "A path can not end with a scan."),
        ("$.a b", "Space not allowed in path"),
        ("$. a", "Space not allowed in path"),
        ("$['a']$.b", "'$' can only stand at the start of a path"),
        ("$[", "Could not analyze path component: ["),
        ("$[a]", "Could not analyze path component: [a]"),
        ("$[\"a\"]", "Could not analyze path component: [\"a\"]"),
        ("$['a", "A bracket is not closed: ['a"),
        ("$[0", "A bracket is not closed"),
        ("$[:]", "For input string: \"\""),
        ("$[-]", "For input string: \"-\""),
        ("$[99999999999]", "For input string: \"99999999999\""),
        (
            "$[(@.width-1)]",
            "Invalid function: @.width. Supported functions are: [(@.length - n)] and [(@.size() - n)]",
        ),
        ("$[?]", "A filter must have a condition: [?]"),
        ("$[?()]", "A condition of a filter is empty"),
        ("$[?(@.a &&)]", "A condition of a filter is empty"),
        ("$[?(1)]", "CriteriaType  can not be parsed"),
        ("$[?@.a]", "Filter must start with '[?(' and end with ')]'. @.a"),
        ("$[?(@.a in ['x'])]", "Space not allowed in path"),
        (
            "$[?(@.a == !@.b)]",
            "Invalid negation! Can only be used for existence check e.g [?(!@.foo)]",
        ),
        ("$[?(@.a[*] == 1)]", "the predicate path: @.a[*] is not definite"),
        ("$[?(@.a[?(@.b)])]", "the predicate path: @.a[?(@.b)] is not definite"),
        ("$[?(@.a == 'x]')]", "Filter brackets are not balanced"),
    ];
    for (path, expected) in table {
        assert_eq!(Query::parse(path).map(|_| ()), Err(expected.to_owned()), "{path}");
    }
}

#[test]
fn a_path_is_definite_if_every_step_is_and_a_reference_if_it_has_names_and_indexes_only() {
    let table = [
        ("$", true, true),
        ("$.a['b'][0]", true, true),
        ("$$.a", true, true),
        ("$name.a", true, true),
        ("$.a[-1]", true, false),
        ("$['a','b']", true, false),
        ("$.a[(@.length-1)]", true, false),
        ("$.a[0,1]", false, false),
        ("$.a[1:]", false, false),
        ("$.*", false, false),
        ("$..a", false, false),
        ("$[?(@.a)]", false, false),
    ];
    for (source, definite, reference) in table {
        let path = Path::parse(source).unwrap();
        assert_eq!((path.is_definite(), path.is_reference()), (definite, reference), "{source}");
    }
}

#[test]
fn the_root_is_input_context_or_variable() {
    let trial = Trial::of(r#"{"a":1}"#)
        .with_context(r#"{"State":{"Name":"S"}}"#)
        .with_variables(r#"{"list":[{"n":7}],"x":null}"#);
    let table = [
        ("$", Root::Input, r#"{"a":1}"#),
        ("$.a", Root::Input, "1"),
        ("$$", Root::Context, r#"{"State":{"Name":"S"}}"#),
        ("$$.State.Name", Root::Context, r#""S""#),
        ("$$['State'].Name", Root::Context, r#""S""#),
        ("$x", Root::Variable("x"), "null"),
        ("$list[0].n", Root::Variable("list"), "7"),
        ("$list[?(@.n > 6)].n", Root::Variable("list"), "[7]"),
    ];
    for (source, root, expected) in table {
        assert_eq!(Path::parse(source).unwrap().root(), root, "{source}");
        assert_eq!(trial.read(source).unwrap().to_json(), expected, "{source}");
    }
    let missing = [
        ("$$.Task.Token", "Missing property in path $['Task']"),
        ("$list[1]", "Index out of bounds when evaluating path $['list'][1]"),
        ("$nope", "No results for path: $['nope']"),
        ("$nope[*]", "No results for path: $['nope']"),
    ];
    for (source, expected) in missing {
        assert_eq!(trial.read(source), Err(Error::runtime(expected)), "{source}");
    }
}

#[test]
fn only_what_starts_with_a_dollar_is_a_path_of_a_state() {
    for source in ["", "a", "a.b", "@.a", " $.a", "$-", "$1a", "$a-b", "$$$", "$$x", "$.a.", "$["] {
        assert!(Path::parse(source).is_err(), "{source}");
    }
    assert!(Path::parse(&format!("${}", "v".repeat(80))).is_ok());
    assert!(Path::parse(&format!("${}", "v".repeat(81))).is_err());
}

#[test]
fn an_evaluation_that_multiplies_is_given_up() {
    let nested = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let path = Query::parse("$..*..*..*..*..*").unwrap();
    assert_eq!(path.read(&json(&nested)).unwrap_err().kind, ErrorKind::DataLimit);
    // Few values, but the same long text in each of them.
    let long = format!("{}\"{}\"{}", "[".repeat(100), "x".repeat(100_000), "]".repeat(100));
    for source in ["$..*..*".to_owned(), format!("$[{}0]", "0,".repeat(200))] {
        let path = Query::parse(&source).unwrap();
        assert_eq!(path.read(&json(&long)).unwrap_err().kind, ErrorKind::DataLimit, "{source}");
    }
    assert!(Query::parse("$..*").unwrap().read(&json(&long)).is_ok());
    // Objects that are made anew take room, though there is next to no text in them.
    let made = Query::parse("$..*..*..*..['x','y']").unwrap();
    let objects = format!("{}1{}", r#"{"a":"#.repeat(64), "}".repeat(64));
    let objects = objects.replace("{\"a\"", "{\"x\":1,\"y\":2,\"a\"");
    assert_eq!(made.read(&json(&objects)).unwrap_err().kind, ErrorKind::DataLimit);
    let filters = |count| Query::parse(&format!("${}", "[?(@.a)]".repeat(count)));
    assert_eq!(filters(256).unwrap().read(&json(r#"{"a":1}"#)), Ok(json(r#"[{"a":1}]"#)));
    assert!(filters(257).is_err());
    assert!(filters(100_000).is_err());
    assert!(Query::parse(&format!("$[?(@{}", "[?(@".repeat(100_000))).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_the_compiler_or_the_evaluation_panic(
        path in r"\$?[.a-c\[\]()?@'*0-2:,=<>~/!&|$ -]{0,24}",
    ) {
        if let Ok(query) = Query::parse(&path) {
            let found = query.read(&json(r#"{"a":[{"b":1},{"c":[2,null]}],"b":{"a":"c"}}"#));
            if let Ok(value) = found {
                prop_assert!(query.is_definite() || value.as_array().is_some());
            }
        }
    }

    #[test]
    fn every_member_and_item_is_found_by_its_own_path(keys in prop::collection::vec("[a-z]{1,3}", 1..6), at in 0i64..4) {
        let leaf = Value::array((0..4).map(Value::Int));
        let document = keys.iter().rev().fold(leaf, |value, key| Value::object([(key.as_str(), value)]));
        for path in [
            format!("$.{}[{at}]", keys.join(".")),
            format!("$['{}'][{at}]", keys.join("']['")),
        ] {
            prop_assert_eq!(Query::parse(&path).unwrap().read(&document), Ok(Value::Int(at)));
        }
    }
}
