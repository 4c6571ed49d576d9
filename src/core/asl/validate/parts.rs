//! The fields of objects inside states: retriers, catchers, Choice rules and the parts of a distributed Map.

use super::fields::{MAX_SECONDS, at_most_one};
use super::schema::{Field, Schema, Shape, both, json_path, jsonata};

/// An entry of `Retry`.
pub(crate) const RETRIER: Schema = Schema::of(&[&[
    both("ErrorEquals", Shape::FilledArray).required(),
    both("IntervalSeconds", Shape::Whole(0, MAX_SECONDS)),
    both("MaxAttempts", Shape::Whole(0, MAX_SECONDS)),
    both("BackoffRate", Shape::Number(1.0, f64::MAX)),
    both("MaxDelaySeconds", Shape::Whole(1, 31_622_400)),
    both("JitterStrategy", Shape::Word(&["FULL", "NONE"])),
    both("Comment", Shape::Any),
]]);

/// An entry of `Catch`.
pub(crate) const CATCHER: Schema = Schema::of(&[
    &[
        both("ErrorEquals", Shape::FilledArray).required(),
        both("Next", Shape::Text).required(),
        json_path("ResultPath", Shape::NullOrText),
    ],
    OUTCOME,
]);

/// An entry of `Choices`. JSONPath operators are fields beyond this table.
pub(crate) const RULE: Schema =
    Schema::of(&[&[both("Next", Shape::Text).required()], CONDITION, OUTCOME]);

/// A rule inside `And`, `Or` or `Not`.
pub(crate) const NESTED_RULE: Schema =
    Schema::of(&[CONDITION, &[both("Assign", Shape::Object), both("Comment", Shape::Any)]]);

/// `ProcessorConfig`.
pub(crate) const PROCESSOR_CONFIG: Schema = Schema::of(&[&[
    both("Mode", Shape::Word(&["INLINE", "DISTRIBUTED"])),
    both("ExecutionType", Shape::Word(&["STANDARD", "EXPRESS"])),
]]);

/// `ItemReader`.
pub(crate) const ITEM_READER: Schema = Schema::of(&[
    &[both("Resource", Shape::Text).required(), both("ReaderConfig", Shape::Object)],
    ARGUMENTS,
]);

/// `ReaderConfig` of an item reader.
pub(crate) const READER_CONFIG: Schema = Schema::of(&[&[
    both("InputType", Shape::Word(&["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"])),
    both("Transformation", Shape::Word(&["NONE", "LOAD_AND_FLATTEN"])),
    both("ManifestType", Shape::Word(&["ATHENA_DATA", "S3_INVENTORY"])),
    both("CSVDelimiter", Shape::Word(&["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"])),
    both("CSVHeaderLocation", Shape::Word(&["FIRST_ROW", "GIVEN"])),
    both("CSVHeaders", Shape::FilledArray),
    both("ItemsPointer", Shape::Text),
    both("MaxItems", Shape::Whole(0, 100_000_000)).computed(),
    json_path("MaxItemsPath", Shape::Text),
]])
.with(&[at_most_one(&["MaxItems", "MaxItemsPath"])]);

/// `ItemBatcher`.
pub(crate) const ITEM_BATCHER: Schema = Schema::of(&[&[
    both("BatchInput", Shape::Any),
    both("MaxItemsPerBatch", Shape::Whole(1, i64::MAX)).computed(),
    json_path("MaxItemsPerBatchPath", Shape::Text),
    both("MaxInputBytesPerBatch", Shape::Whole(1, 262_144)).computed(),
    json_path("MaxInputBytesPerBatchPath", Shape::Text),
]])
.with(&[
    at_most_one(&["MaxItemsPerBatch", "MaxItemsPerBatchPath"]),
    at_most_one(&["MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"]),
]);

/// `ResultWriter`.
pub(crate) const RESULT_WRITER: Schema =
    Schema::of(&[&[both("Resource", Shape::Text), both("WriterConfig", Shape::Object)], ARGUMENTS]);

/// `WriterConfig` of a result writer.
pub(crate) const WRITER_CONFIG: Schema = Schema::of(&[&[
    both("Transformation", Shape::Word(&["NONE", "COMPACT", "FLATTEN"])),
    both("OutputType", Shape::Word(&["JSON", "JSONL"])),
]]);

const ARGUMENTS: &[Field] =
    &[json_path("Parameters", Shape::Any), jsonata("Arguments", Shape::Any)];
const CONDITION: &[Field] =
    &[json_path("Variable", Shape::Text), jsonata("Condition", Shape::Any).required()];
const OUTCOME: &[Field] =
    &[both("Assign", Shape::Object), jsonata("Output", Shape::Any), both("Comment", Shape::Any)];
