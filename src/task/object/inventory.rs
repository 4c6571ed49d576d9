//! Manifests: lists of objects that hold the items. S3 Inventory has one in JSON, with a schema and gzipped CSV files;
//! Athena (UNLOAD) one in CSV, with a location in each line.

use stepwright_core::expr::Value;

use super::Place;

/// The files of an S3 Inventory, and the configuration that reads each of them.
///
/// # Errors
/// It is no manifest of an inventory in CSV.
pub(super) fn inventory(manifest: &Value) -> Result<(Vec<Place>, Value), String> {
    let text = |field: &str| {
        let found = manifest.get(field).and_then(Value::as_str);
        found.ok_or_else(|| format!("The manifest has no field '{field}'."))
    };
    let format = text("fileFormat")?;
    if !format.eq_ignore_ascii_case("CSV") {
        return Err(format!("The inventory has the format '{format}', only CSV can be read."));
    }
    let bucket = text("destinationBucket")?.rsplit(':').next().unwrap_or_default();
    let headers = text("fileSchema")?.split(',').map(|column| Value::from(column.trim()));
    let config = Value::object([
        ("InputType", Value::from("CSV")),
        ("CSVHeaderLocation", Value::from("GIVEN")),
        ("CSVHeaders", Value::array(headers)),
    ]);
    let files = manifest.get("files").and_then(Value::as_array).unwrap_or_default();
    let keys = files.iter().filter_map(|file| file.get("key")?.as_str());
    Ok((keys.map(|key| Place::new(bucket, key)).collect(), config))
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
