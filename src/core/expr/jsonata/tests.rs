//! The language as tables: expression, expected result, reason.

use std::cell::RefCell;

use super::{Environment, Expression, Limits, Outcome};
use crate::expr::{Entropy, Value};

const INPUT: &str = r#"{"order":{"id":17,"lines":[
  {"sku":"A","price":2.5,"amount":4,"tags":["x","y"]},
  {"sku":"B","price":10,"amount":1,"tags":[]},
  {"sku":"A","price":1,"amount":3,"tags":["x"]}]},
  "one":[{"v":1}],"nested":[[1,2],[3]],"big":9007199254740993,"none":null}"#;

fn outcome(expression: &str, limits: Limits) -> String {
    let input = Value::parse(INPUT).unwrap();
    let entropy = RefCell::new(Entropy::of("test", "", 0, "jsonata"));
    let variables = |name: &str| (name == "outer").then(|| Value::from("from outside"));
    let now = 1_700_000_000_000_000;
    let environment = Environment { variables: &variables, entropy: &entropy, now, limits };
    match Expression::parse(expression).and_then(|e| e.evaluate(Some(&input), &environment)) {
        Ok(Outcome::Undefined) => "undefined".to_owned(),
        Ok(Outcome::NotData) => "function".to_owned(),
        Ok(Outcome::Value(value)) => value.to_json(),
        Err(error) => error.to_string(),
    }
}

fn check(table: &[(&str, &str, &str)]) {
    for (expression, expected, reason) in table {
        assert_eq!(outcome(expression, Limits::default()), *expected, "{expression}: {reason}");
    }
}

#[test]
fn paths_map_flatten_and_reduce() {
    check(&[
        ("order.id", "17", "a plain member"),
        ("order.lines.sku", r#"["A","B","A"]"#, "one result per item"),
        ("order.lines.tags", r#"["x","y","x"]"#, "arrays are flattened one level"),
        ("one.v", "1", "a sequence of one item is the item"),
        ("one.v[]", "[1]", "unless it is to stay an array"),
        ("order.missing.deeper", "undefined", "nothing gives nothing"),
        ("nested.$", "[1,2,3]", "nested arrays are flattened by a step"),
        ("nested", "[[1,2],[3]]", "but not by a name alone"),
        ("order.lines.[sku, price]", r#"[["A",2.5],["B",10],["A",1]]"#, "constructed arrays stay"),
        ("order.*.sku", r#"["A","B","A"]"#, "any member"),
        ("**.price", "[2.5,10,1]", "at any depth"),
        ("big", "9007199254740993", "an integer that is only passed on stays exact"),
        ("order.'id'", "17", "a string as a step is a name"),
        ("none.x", "undefined", "null has no members"),
    ]);
}

#[test]
fn what_is_gathered_from_nothing_or_kept_too_early_is_plain() {
    check(&[
        ("$spread([1, 2].q[[0..1]])", "undefined", "nothing spread is nothing"),
        ("($r := one[0]; $r[-1][]^(>v))", r#"{"v":1}"#, "a sort gathers anew"),
        ("($r := one[0]; $r[-1][])", r#"[{"v":1}]"#, "kept at the end"),
        (r#"$pad("a", $parseInteger("0x1F", "w"), "")"#, r#""a""#, "a width that is no number"),
        (r#"[1 / $parseInteger("", "a")]"#, r#"["Infinity"]"#, "zero, not minus zero"),
    ]);
}

#[test]
fn predicates_select_by_position_and_condition() {
    check(&[
        ("order.lines[0].sku", r#""A""#, "the first"),
        ("order.lines[-1].price", "1", "from the end"),
        ("order.lines[[0..1]].price", "[2.5,10]", "several positions"),
        ("order.lines[price > 2].sku", r#"["A","B"]"#, "a condition"),
        ("order.lines[9]", "undefined", "out of range"),
        ("order.lines.tags[0]", r#"["x","x"]"#, "the first of each"),
        ("(order.lines.tags)[0]", r#""x""#, "the first of all"),
        ("order.lines[tags].sku", r#"["A","A"]"#, "an empty array counts as false"),
    ]);
}

#[test]
fn variables_bound_on_a_path_travel_with_its_items() {
    check(&[
        (
            "order.lines#$i[price > 2].{\"i\": $i, \"s\": sku}",
            r#"[{"i":0,"s":"A"},{"i":1,"s":"B"}]"#,
            "positions before the filter",
        ),
        ("order.lines@$l.order.id", "undefined", "the focus does not move the context below"),
        ("order@$o.lines.(sku & $o.id)", "undefined", "a focus leaves the context where it was"),
        (
            "order.lines.tags.{\"t\": $, \"of\": %.sku}",
            r#"[{"t":"x","of":"A"},{"t":"y","of":"A"},{"t":"x","of":"A"}]"#,
            "the parent",
        ),
        ("order.lines[%.id = 17].sku", r#"["A","B","A"]"#, "the parent in a predicate"),
        ("order.lines^(>price).price", "[10,2.5,1]", "descending order"),
        ("order.lines^(sku, price).price", "[1,2.5,10]", "two keys"),
        ("order.lines{sku: $sum(price)}", r#"{"A":3.5,"B":10}"#, "grouping"),
    ]);
}

#[test]
fn operators_follow_the_language() {
    check(&[
        ("1 + 2 * 3", "7", "precedence"),
        ("7 % 4 & 'x'", r#""3x""#, "concatenation makes text"),
        ("0.1 + 0.2", "0.30000000000000004", "doubles"),
        ("1 / 0", r#""Infinity""#, "as AWS shows it"),
        ("[1 / 0]", r#"["Infinity"]"#, "recorded on AWS"),
        ("missing = missing", "false", "nothing equals nothing"),
        ("[1, {'a': 2}] = [1.0, {'a': 2}]", "true", "deep equality"),
        ("order.and", "undefined", "names can look like operators"),
        ("1 in [3, 1]", "true", "membership"),
        ("missing + 1", "undefined", "arithmetic with nothing"),
        (
            "'a' + 1",
            r#"T2001: The left side of the "+" operator must evaluate to a number"#,
            "types",
        ),
        (
            "1 < 'a'",
            r#"T2009: The values 1 and "a" either side of operator "<" must be of the same data type"#,
            "types",
        ),
        ("[1..3]", "[1,2,3]", "a range"),
    ]);
}

#[test]
fn functions_are_values() {
    check(&[
        ("($f := function($x) { $x * 2 }; $f(4))", "8", "a definition"),
        ("($f := function($n) { $n < 2 ? 1 : $n * $f($n - 1) }; $f(5))", "120", "recursion"),
        (
            "($add := function($a, $b) { $a + $b }; $inc := $add(1, ?); $inc(4))",
            "5",
            "partial application",
        ),
        ("('a b' ~> $split(' ') ~> $map($uppercase))", r#"["A","B"]"#, "chaining"),
        ("($f := $trim ~> $length; $f(' ab '))", "2", "composition"),
        ("$reduce([1..4], function($a, $b) { $a * $b })", "24", "folding"),
        (
            "order ~> |lines|{'cost': price * amount}, 'tags'|",
            r#"{"id":17,"lines":[{"sku":"A","price":2.5,"amount":4,"cost":10},{"sku":"B","price":10,"amount":1,"cost":10},{"sku":"A","price":1,"amount":3,"cost":3}]}"#,
            "a transformation",
        ),
        ("function($x) { $x }", "function", "a function is no data"),
        ("$nothing(1)", "T1006: Attempted to invoke a non-function", "recorded on AWS"),
        ("sum([1])", "T1005: Attempted to invoke a non-function. Did you mean $sum?", "a hint"),
        (
            "$sum('x')",
            r#"T0412: Argument 1 of function "sum" must be an array of "numbers""#,
            "recorded on AWS",
        ),
        ("$eval('1')", "T1006: Attempted to invoke a non-function", "AWS has no $eval"),
        ("$outer", r#""from outside""#, "a variable of the state"),
    ]);
}

#[test]
fn strings_and_patterns() {
    check(&[
        ("$string(1e20)", r#""100000000000000000000""#, "recorded on AWS"),
        ("$string(9223372036854775808)", r#""9223372036854776000""#, "recorded on AWS"),
        ("$string(0.1 + 0.2)", r#""0.3""#, "15 digits"),
        ("$substring('hello', -3, 2)", r#""ll""#, "from the end"),
        ("$pad('x', -3, '0')", r#""00x""#, "in front"),
        ("$match('ab12', /([a-z])(\\d)/).groups", r#"["b","1"]"#, "groups"),
        ("$replace('a1b2', /\\d/, '<$0>')", r#""a<1>b<2>""#, "substitution"),
        ("$split('a, b', /,\\s*/)", r#"["a","b"]"#, "splitting by a pattern"),
        ("$contains('aab', /(a)\\1b/)", "true", "references back"),
        ("$encodeUrlComponent('a b/c')", r#""a%20b%2Fc""#, "escapes"),
        ("$formatNumber(1234.5, '#,##0.00')", r#""1,234.50""#, "grouping"),
        ("$formatNumber(42, '0.0e0')", r#""4.2e1""#, "exponents"),
        ("$formatInteger(1999, 'I')", r#""MCMXCIX""#, "Roman numerals"),
        ("$parseInteger('twelve hundred', 'w')", "1200", "words"),
    ]);
}

#[test]
fn times_have_pictures() {
    check(&[
        ("$now()", r#""2023-11-14T22:13:20.000Z""#, "the time is an argument"),
        (
            "$fromMillis(0, '[FNn] [D1o] [MNn] [Y]')",
            r#""Thursday 1st January 1970""#,
            "names and ordinals",
        ),
        ("$fromMillis(0, '[H01]:[m] [Z]', '+0230')", r#""02:30 +02:30""#, "at an offset"),
        ("$toMillis('2024-02-29T00:00:00Z')", "1709164800000", "ISO 8601"),
        (
            "$toMillis('29-2-24 1 pm', '[D]/[M]/[Y0001] [h] [P]')",
            "undefined",
            "the text must fit the picture",
        ),
        ("$toMillis('1 March 2024', '[D] [MNn] [Y]')", "1709251200000", "names of months"),
        (
            "$toMillis('nonsense')",
            r#"D3110: The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given "nonsense""#,
            "what is wrong",
        ),
    ]);
}

#[test]
fn functions_of_aws() {
    check(&[
        ("$partition([1..5], 2)", "[[1,2],[3,4],[5]]", "the last part is shorter"),
        ("$partition([0], 1)", "[[0]]", "recorded on AWS"),
        ("$range(-1.7, 2, 1)", "[-1,0,1,2]", "recorded on AWS: arguments are truncated"),
        ("$range(1, 9, 9)", "1", "recorded on AWS: a sequence of one"),
        ("$hash('a', 'MD5')", r#""0cc175b9c0f1b6a831c399e269772661""#, "lower-case hexadecimal"),
        ("$random(42)", "0.7275636800328681", "recorded on AWS: Java's generator"),
        ("$parse('{\"a\":[1,9007199254740993]}').a[1]", "9007199254740993", "integers stay exact"),
        ("$length($uuid())", "36", "a UUID"),
    ]);
}

#[test]
fn syntax_errors_are_worded_as_on_aws() {
    check(&[
        ("[1,", r#"S0203: Expected "]" before end of expression"#, "an open end"),
        ("[1}", r#"S0202: Expected "]", got "}""#, "recorded on AWS in kind"),
        ("(1", r#"S0203: Expected ")" before end of expression"#, "an open bracket"),
        ("a ?? b", r#"S0211: The symbol "?" cannot be used as a unary operator"#, "not in 2.0.6"),
        ("a ?: b", r#"S0211: The symbol ":" cannot be used as a unary operator"#, "not in 2.0.6"),
        ("'abc", "S0101: String literal must be terminated by a matching quote", "an open string"),
        ("1 2", "S0201: Syntax error: 2", "two expressions"),
        ("/* x", "S0106: Comment has no closing tag", "an open comment"),
        (
            "%",
            "S0217: The object representing the 'parent' cannot be derived from this expression",
            "no parent",
        ),
    ]);
}

#[test]
fn nothing_runs_away() {
    const STACK: &str = "U1001: Stack overflow error: Check for non-terminating recursive function.  Consider rewriting as tail-recursive.";
    const MEMORY: &str =
        "U1001: Expression evaluation memory limit exceeded: Check for excessive memory usage";
    const TIME: &str = "U1001: Expression evaluation timeout: Check for infinite loop";
    let sum = |terms: usize| vec!["1"; terms].join("+");
    check(&[
        (&sum(99), "99", "99 levels"),
        (&sum(101), STACK, "101 levels"),
        (&"(".repeat(5000), STACK, "nesting that the parser refuses"),
        ("($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(200))", STACK, "recursion"),
        (
            "($f := function($n) { $n = 0 ? 0 : $f($n - 1) }; $f(5000))",
            "0",
            "tail calls do not count",
        ),
        ("[1..873782] ~> $count()", "873782", "recorded on AWS"),
        ("[1..873783] ~> $count()", MEMORY, "recorded on AWS"),
        ("$length($pad('', 4194304))", "4194304", "recorded on AWS"),
        ("$pad('', 8388608)", MEMORY, "recorded on AWS"),
        ("$pad('foo', 1e16)", MEMORY, "a width no memory holds"),
        ("$formatInteger(1e212, 'I')", MEMORY, "numerals no memory holds"),
        (
            "$reduce([1..1000], function($a, $b) { {'a': $a} }, {})",
            STACK,
            "values nested too deeply",
        ),
        (
            "$reduce([1..60], function($a, $b) { [[$a], [$a]] }, [1])",
            MEMORY,
            "sharing that cannot be written out",
        ),
    ]);
    let short = Limits { steps: 10_000, ..Limits::default() };
    assert_eq!(outcome("($f := function() { $f() }; $f())", short), TIME);
    // Whatever goes through an array takes its time, though it finds nothing.
    let short = Limits { steps: 100_000, ..Limits::default() };
    for look in ["$a.x", "$lookup($a, 'x')", "$keys($a)"] {
        let often = format!("($a := [[1..2000]]; $count([1..100].({look})))");
        assert_eq!(outcome(&often, short), TIME, "{look}");
    }
}

#[test]
fn scopes_that_hold_each_other_do_not_outlive_the_evaluation() {
    check(&[
        (
            "$reduce([1..20000], function($f, $i) { function() { $f } }, 1) ~> $type()",
            r#""function""#,
            "a long chain of scopes",
        ),
        (
            "$count([1..2000].($f := function($n) { $n < 1 ? 0 : $f($n - 1) }; $f(2)))",
            "2000",
            "many small circles",
        ),
    ]);
}

#[test]
fn references_are_found_without_evaluation() {
    let expression = Expression::parse(
        "($x := $states.input.a; $map($list, function($i) { $i.b + $x + $other[$y > 1] }))",
    );
    let found = expression.unwrap().references();
    let found: Vec<String> = found
        .iter()
        .map(|reference| {
            let mut path = vec![reference.name.clone()];
            path.extend(reference.members.clone());
            path.join(".")
        })
        .collect();
    assert_eq!(found, ["states.input.a", "list", "other", "y"]);
}

#[test]
fn a_variable_that_the_expression_binds_where_it_is_read_is_no_reference() {
    let table: &[(&str, &[&str], &str)] = &[
        ("function($a) { function($b) { $a + $b + $c } }", &["c"], "parameters, outer ones too"),
        ("($a := 1; ($b := $a; $b); $b)", &["b"], "a block's binding ends with it"),
        ("($a := $a + 1; $a)", &["a"], "the value is read before the name is bound"),
        (
            "($f := function($n) { $n < 1 ? 0 : $f($n - 1) }; $f($m))",
            &["m"],
            "a function knows itself",
        ),
        ("($map := 3; $map + $k)", &["k"], "a builtin's name can be bound"),
        (
            "$map($l, function($x) { $filter($r, function($y) { $y = $x and $z }) })",
            &["l", "r", "z"],
            "nested functions",
        ),
        ("$l@$a.b[$a = c]#$i.{$k: $i}", &["l", "k"], "bindings of a path"),
        ("($l@$a; $a)", &["l", "a"], "which end with the path"),
        ("$sum(?)", &[], "partial application of a builtin"),
        ("$f(?, $p) ~> $g", &["f", "p", "g"], "functions from outside"),
        ("$o ~> |$q|{'x': $u}, $d|", &["o", "q", "u", "d"], "all parts of a transformation"),
        ("$states.input^(>$k).a", &["states", "k"], "keys of a sort"),
        ("[$a..$b]['$c']", &["a", "b"], "text is text"),
    ];
    for (source, expected, reason) in table {
        let found = Expression::parse(source).unwrap().references();
        let names: Vec<&str> = found.iter().map(|reference| reference.name.as_str()).collect();
        assert_eq!(&names, expected, "{source}: {reason}");
    }
}

#[test]
fn top_level_names_are_unsupported() {
    let table: &[(&str, &[&str])] = &[
        ("phone", &["phone"]),
        ("$.a", &["$"]),
        ("$states.input.a[b = 1].{'c': d, 'e': $}", &[]),
        ("$count($states.result[$ = 1])", &[]),
        ("$map($x, function($v) { $v & name })", &["name"]),
        ("$x.a.($$ & b)", &["$$"]),
        ("$x ~> |a|{'b': c}|", &[]),
        ("{'a': b}", &["b"]),
    ];
    for (source, expected) in table {
        let found = Expression::parse(source).unwrap().unsupported();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(&names, expected, "{source}");
    }
}
