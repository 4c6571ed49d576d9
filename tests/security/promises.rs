//! SECURITY.md promises what a test shows, and nothing else.

use std::fs;

#[test]
fn every_promise_names_a_test_that_is_there() {
    let text = fs::read_to_string("SECURITY.md").unwrap();
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ");
    let spans: Vec<_> = text.split('`').collect();
    let mut named = 0;
    // What is between two backticks stands at every other place.
    for at in (1..spans.len()).step_by(2) {
        let file = spans[at];
        if !file.starts_with("tests/") && !file.starts_with("src/") {
            continue;
        }
        let held = fs::read_to_string(file).unwrap_or_else(|why| panic!("{file}: {why}"));
        if spans.get(at + 1).is_some_and(|between| between.trim() == ":") {
            let name = spans[at + 2];
            let there = [format!("fn {name}("), format!("def {name}(")];
            assert!(there.iter().any(|there| held.contains(there)), "{file} has no {name}");
            named += 1;
        }
    }
    assert!(named >= 30, "{named}");
}

#[test]
fn every_point_of_a_list_is_a_promise_with_a_test() {
    let text = fs::read_to_string("SECURITY.md").unwrap();
    let (mut points, mut inside): (Vec<String>, bool) = (Vec::new(), false);
    for line in text.lines() {
        if line.starts_with("- ") {
            points.push(line.to_owned());
            inside = true;
        } else if line.trim().is_empty() {
            inside = false;
        } else if inside {
            points.last_mut().unwrap().push_str(line);
        }
    }
    assert!(points.len() >= 20, "{}", points.len());
    for point in points {
        let shown = point.contains("`tests/") || point.contains("`src/");
        assert!(shown, "a promise without a test: {point}");
    }
}
