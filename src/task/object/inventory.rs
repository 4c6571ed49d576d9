//! Manifests: lists of objects that hold the items. S3 Inventory has one in JSON, with a schema and files in CSV (gzipped)
//! or Parquet; Athena (UNLOAD) one in CSV, with a location in each line.
//!
//! AWS takes an inventory to be CSV; one in Parquet, whose files have their own schema, can be read here as well. ORC
//! cannot.

use stepwright_core::expr::Value;

use super::Place;

/// The files of an S3 Inventory, and the configuration that reads each of them.
///
/// # Errors
/// It is no manifest of an inventory in CSV or Parquet.
pub(super) fn inventory(manifest: &Value) -> Result<(Vec<Place>, Value), String> {
    let text = |field: &str| {
        let found = manifest.get(field).and_then(Value::as_str);
        found.ok_or_else(|| format!("The manifest has no field '{field}'."))
    };
    let format = text("fileFormat")?;
    let bucket = text("destinationBucket")?.rsplit(':').next().unwrap_or_default();
    let config = match () {
        () if format.eq_ignore_ascii_case("CSV") => columns(text("fileSchema")?),
        () if format.eq_ignore_ascii_case("Parquet") => {
            Value::object([("InputType", Value::from("PARQUET"))])
        }
        () => {
            return Err(format!(
                "The S3 inventory has the file format '{format}'. Supported formats are CSV and Parquet."
            ));
        }
    };
    let files = manifest.get("files").and_then(Value::as_array).unwrap_or_default();
    let keys = files.iter().filter_map(|file| file.get("key")?.as_str());
    Ok((keys.map(|key| Place::new(bucket, key)).collect(), config))
}

/// What reads CSV files with these columns.
fn columns(schema: &str) -> Value {
    let headers = schema.split(',').map(|column| Value::from(column.trim()));
    Value::object([
        ("InputType", Value::from("CSV")),
        ("CSVHeaderLocation", Value::from("GIVEN")),
        ("CSVHeaders", Value::array(headers)),
    ])
}

/// The object that a line of an Athena manifest names.
///
/// # Errors
/// The line is no location in S3.
pub(super) fn location(line: &str) -> Result<Place, String> {
    let line = line.trim().trim_matches('"');
    let found = line.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let (bucket, key) =
        found.ok_or_else(|| format!("The manifest names '{line}', which is no location in S3."))?;
    Ok(Place::new(bucket, key))
}
