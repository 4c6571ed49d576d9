//! Definitions in the styles that people write, none of which may be refused: both query languages, every state, every
//! service integration with each of its patterns, every reader and writer of a distributed Map.

use super::*;

/// Each file is an object of definitions by name.
const FILES: [(&str, &str); 4] = [
    ("paths", include_str!("accepted/paths.json")),
    ("queries", include_str!("accepted/queries.json")),
    ("integrations", include_str!("accepted/integrations.json")),
    ("distributed", include_str!("accepted/distributed.json")),
];

#[test]
fn what_people_write_is_accepted() {
    let mut count = 0;
    for (file, text) in FILES {
        let Value::Object(definitions) = Value::parse(text).unwrap() else { panic!("{file}") };
        for (name, definition) in definitions.iter() {
            let said = said(&definition.to_json(), ExecutionType::Standard);
            assert_eq!(said, "", "{file}: {name}");
            count += 1;
        }
    }
    assert_eq!(count, 33);
}
