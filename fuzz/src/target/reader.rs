//! What readers of distributed Maps read: JSON, JSON lines, CSV, Parquet, manifests and lists, packed or not. Parts: the
//! reader's configuration, and the objects in the order in which they are read.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::SchemaDescriptor;
use stepwright::task::object::Objects;
use stepwright::task::object::read::{Sink, items};
use stepwright_core::engine::reader::Entry;
use stepwright_core::expr::Value;

use crate::home::{Bucket, block_on};
use crate::{SEPARATOR, parts};

pub(super) fn run(input: &[u8]) {
    let mut parts = parts(input);
    let config = parts.next().unwrap_or_default();
    let Some(reader) = std::str::from_utf8(config).ok().and_then(|text| Value::parse(text).ok())
    else {
        return;
    };
    let objects: Arc<dyn Objects> =
        Arc::new(Bucket::with(parts.map(Bytes::copy_from_slice).collect()));
    block_on(async {
        let mut sink = Counted(0);
        let _ = items(&objects, &reader, &mut sink).await;
    });
}

/// Looks at the items and lets them go, as a Map Run does once it has stored them.
struct Counted(usize);

#[async_trait]
impl Sink for Counted {
    async fn take(&mut self, items: Vec<Entry>, _: &str) -> bool {
        for (_, item) in &items {
            let _ = item.measure(1 << 20, 100);
        }
        self.0 += items.len();
        self.0 < 1_000_000
    }
}

fn file(config: &str, objects: &[&[u8]]) -> Vec<u8> {
    let mut all = config.as_bytes().to_vec();
    for object in objects {
        all.extend_from_slice(SEPARATOR);
        all.extend_from_slice(object);
    }
    all
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).expect("memory")
}

/// A reader of an object.
fn of(input_type: &str, more: &str, key: &str) -> String {
    format!(
        r#"{{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{{"InputType":"{input_type}"{more}}},"Parameters":{{"Bucket":"b","Key":"{key}"}}}}"#
    )
}

/// Small files of every kind.
pub(super) fn files() -> Vec<Vec<u8>> {
    let csv: &[u8] =
        b"id,name,\"odd \"\"one\"\"\"\r\n1,\"a,\nb\",\\,x\r\n\r\n2,,\n3,too,many,cells\n";
    let json: &[u8] = br#" [ {"a": "x]\"" } , [1, 2], 3.5, null ] "#;
    let lines: &[u8] = b"{\"a\":1}\n\n[2]\n\"\xc3\xa9\"\n";
    let inventory: &[u8] = br#"{"sourceBucket":"s","destinationBucket":"arn:aws:s3:::b","fileFormat":"CSV","fileSchema":"Bucket, Key, Size","files":[{"key":"a.csv","size":1},{"key":"b.csv"}]}"#;
    let listed = |more: &str| {
        format!(
            r#"{{"Resource":"arn:aws:states:::s3:listObjectsV2","ReaderConfig":{{"InputType":"JSON"{more}}},"Parameters":{{"Bucket":"b","Prefix":"p"}}}}"#
        )
    };
    vec![
        file(&of("CSV", r#","CSVHeaderLocation":"FIRST_ROW""#, "k"), &[csv]),
        file(
            &of(
                "CSV",
                r#","CSVHeaderLocation":"GIVEN","CSVHeaders":["x","y"],"CSVDelimiter":"PIPE""#,
                "k",
            ),
            &[b"1|2\n3|\"4\n"],
        ),
        file(&of("CSV", r#","CSVDelimiter":"TAB""#, "k.gz"), &[&gzip(csv)]),
        file(&of("CSV", "", "k.zst"), &[&zstd(csv)]),
        file(&of("JSON", "", "k"), &[json]),
        file(&of("JSON", r#","ItemsPointer":"/a/b""#, "k"), &[br#"{"a":{"b":[1,2]}}"#]),
        file(&of("JSON", "", "k.gz"), &[&gzip(json)]),
        file(&of("JSONL", "", "k"), &[lines]),
        file(&of("JSONL", "", "k.zstd"), &[&zstd(lines)]),
        file(&of("MANIFEST", "", "m"), &[inventory, csv, csv]),
        file(
            &of("MANIFEST", r#","ManifestType":"S3_INVENTORY""#, "m.gz"),
            &[&gzip(inventory), &gzip(csv)],
        ),
        file(
            &of("CSV", r#","ManifestType":"ATHENA_DATA""#, "m"),
            &[b"s3://b/x\n\"s3://b/y\"\n", csv, lines],
        ),
        file(&listed(""), &[json, lines]),
        file(&listed(r#","Transformation":"LOAD_AND_FLATTEN""#), &[json, br#"{"a":[1]}"#]),
    ]
}

/// Parquet files of several schemas and encodings, with and without compression.
pub(super) fn parquet_files() -> Vec<Vec<u8>> {
    use parquet::basic::Compression;
    let packings =
        [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(Default::default())];
    let mut found = Vec::new();
    for schema in SCHEMAS {
        for packing in packings {
            found.push(file(&of("PARQUET", "", "k"), &[&parquet_file(schema, packing)]));
        }
    }
    found
}

const SCHEMAS: [&str; 3] = [
    "message m { required int64 id; optional binary name (UTF8); }",
    "message m { optional group l (LIST) { repeated group list { optional int32 element; } } required boolean b; }",
    "message m { optional int32 day (DATE); required double d; repeated int96 t; optional fixed_len_byte_array(4) f; }",
];

fn parquet_file(schema: &str, packing: parquet::basic::Compression) -> Vec<u8> {
    use parquet::column::writer::ColumnWriter as W;
    use parquet::data_type::{ByteArray, Int96};
    use parquet::file::properties::WriterProperties;
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let columns = SchemaDescriptor::new(schema.clone());
    let mut levels =
        columns.columns().iter().map(|column| (column.max_def_level(), column.max_rep_level()));
    let properties = Arc::new(WriterProperties::builder().set_compression(packing).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).expect("a writer");
    let mut rows = writer.next_row_group().expect("a row group");
    while let Some(mut column) = rows.next_column().expect("a column") {
        let (deepest, repeated) = levels.next().unwrap_or_default();
        // Three rows; what is repeated is there twice in the second one.
        let count = if repeated > 0 { 4 } else { 3 };
        let definition = (deepest > 0).then_some(vec![deepest; count]);
        let repetition = (repeated > 0).then_some(vec![0, 0, repeated, 0]);
        let (definition, repetition) = (definition.as_deref(), repetition.as_deref());
        let text = |text: &str| ByteArray::from(text);
        match column.untyped() {
            W::BoolColumnWriter(w) => {
                w.write_batch(&[true, false, true, true][..count], definition, repetition)
            }
            W::Int32ColumnWriter(w) => {
                w.write_batch(&[1, -2, 19_000, 4][..count], definition, repetition)
            }
            W::Int64ColumnWriter(w) => {
                w.write_batch(&[1, i64::MIN, 3, 4][..count], definition, repetition)
            }
            W::Int96ColumnWriter(w) => {
                let mut values = vec![Int96::default(); count];
                values[0] = Int96::from(vec![1, 2, 3]);
                w.write_batch(&values, definition, repetition)
            }
            W::FloatColumnWriter(w) => {
                w.write_batch(&[1.5, f32::NAN, 0.0, 1.0][..count], definition, repetition)
            }
            W::DoubleColumnWriter(w) => {
                w.write_batch(&[0.1, f64::INFINITY, -0.0, 1.0][..count], definition, repetition)
            }
            W::ByteArrayColumnWriter(w) => w.write_batch(
                &[text("a"), text(""), text("\u{1F4A5}"), text("b")][..count],
                definition,
                repetition,
            ),
            W::FixedLenByteArrayColumnWriter(w) => {
                let values = vec![ByteArray::from("abcd").into(); count];
                w.write_batch(&values, definition, repetition)
            }
        }
        .expect("values are written");
        column.close().expect("a column");
    }
    rows.close().expect("a row group");
    writer.into_inner().expect("a file")
}
