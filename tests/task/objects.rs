//! Objects in a directory of buckets, and the items that readers find in them.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use stepwright::task::function::Functions;
use stepwright::task::object::read::{Mark, Origin, Sink, items};
use stepwright::task::object::{Listed, Objects, Place, file::Directory};
use stepwright::task::{Performer, Settings, Tasks};
use stepwright_core::engine::reader::Entry;
use stepwright_core::expr::Value;

/// A bucket `b` with these objects.
fn bucket(objects: &[(&str, Vec<u8>)]) -> (Arc<dyn Objects>, tempfile::TempDir) {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("b")).unwrap();
    for (key, bytes) in objects {
        let path = root.path().join("b").join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    (Arc::new(Directory::new(root.path().to_owned())), root)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Two columns, two rows.
fn parquet_file() -> Vec<u8> {
    let schema = "message m { required int64 id; optional binary name (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::default());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1, 2], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let names = [ByteArray::from("one")];
    column.typed::<ByteArrayType>().write_batch(&names, Some(&[1, 0]), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[derive(Default)]
struct Collected {
    items: Vec<Entry>,
    sources: Vec<String>,
    most: Option<usize>,
    /// Where the next item is.
    mark: Mark,
}

#[async_trait]
impl Sink for Collected {
    async fn take(&mut self, items: Vec<Entry>, from: &Origin) -> bool {
        self.sources.push(from.source.clone());
        self.mark = from.mark.clone();
        for item in items {
            if self.most.is_some_and(|most| self.items.len() >= most) {
                return false;
            }
            self.mark = self.mark.past(&item);
            self.items.push(item);
        }
        self.most.is_none_or(|most| self.items.len() < most)
    }
}

/// The items of a reader, as JSON, or what is wrong.
async fn read(objects: &Arc<dyn Objects>, action: &str, rest: &str) -> String {
    let reader = format!(r#"{{"Resource":"arn:aws:states:::s3:{action}",{rest}}}"#);
    let mut collected = Collected::default();
    match items(objects, &Value::parse(&reader).unwrap(), Mark::default(), &mut collected).await {
        Err(why) => why,
        Ok(()) => Value::array(collected.items.into_iter().map(|(_, item)| item)).to_json(),
    }
}

/// The same, read in turns of so many items, each of which goes on where the one before has stopped.
async fn read_in_turns(
    objects: &Arc<dyn Objects>,
    (action, rest): (&str, &str),
    most: usize,
    between: impl Fn(),
) -> String {
    let reader = format!(r#"{{"Resource":"arn:aws:states:::s3:{action}",{rest}}}"#);
    let reader = Value::parse(&reader).unwrap();
    let (mut all, mut mark) = (Vec::new(), Mark::default());
    loop {
        let mut turn = Collected { most: Some(most), mark: mark.clone(), ..Collected::default() };
        // A record keeps it in between.
        let kept = serde_json::from_str(&serde_json::to_string(&mark).unwrap()).unwrap();
        if let Err(why) = items(objects, &reader, kept, &mut turn).await {
            return why;
        }
        let over = turn.items.is_empty();
        all.extend(turn.items.into_iter().map(|(_, item)| item));
        mark = turn.mark;
        if over {
            return Value::array(all).to_json();
        }
        between();
    }
}

#[tokio::test]
async fn items_are_read_whatever_they_are_kept_in() {
    let inventory = r#"{"sourceBucket":"s","destinationBucket":"arn:aws:s3:::b","fileFormat":"CSV","fileSchema":"Bucket, Key","files":[{"key":"i/data.csv.gz"}]}"#;
    let (objects, _root) = bucket(&[
        ("a.json", br#"[1,{"a":2}]"#.to_vec()),
        ("o.json", br#"{"x":{"y":[5,6]}}"#.to_vec()),
        ("a.jsonl", b"{\"n\":1}\n{\"n\":2}\n".to_vec()),
        ("a.csv", b"h,i\n1,2\n".to_vec()),
        ("a.csv.gz", gzip("h\n1\n2\n")),
        ("a.jsonl.zst", zstd::encode_all(&b"7\n8\n"[..], 0).unwrap()),
        ("a.parquet", parquet_file()),
        ("i/manifest.json", inventory.as_bytes().to_vec()),
        ("i/data.csv.gz", gzip("\"s\",\"k1\"\n\"s\",\"k2\"\n")),
        (
            "p/manifest.json",
            inventory.replace("CSV", "Parquet").replace("i/data.csv.gz", "a.parquet").into_bytes(),
        ),
        ("m/manifest.csv", b"s3://b/m/1.jsonl\ns3://b/m/2.jsonl\n".to_vec()),
        ("m/1.jsonl", b"1\n".to_vec()),
        ("m/2.jsonl", b"2\n".to_vec()),
    ]);
    let get = |key: &str, config: &str| {
        let rest =
            format!(r#""Parameters":{{"Bucket":"b","Key":"{key}"}},"ReaderConfig":{config}"#);
        ("getObject", rest)
    };
    let list = |prefix: &str, config: &str| {
        let rest =
            format!(r#""Arguments":{{"Bucket":"b","Prefix":"{prefix}"}},"ReaderConfig":{config}"#);
        ("listObjectsV2", rest)
    };
    let csv = r#"{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}"#;
    let table = [
        (get("a.json", "{}"), r#"[1,{"a":2}]"#),
        (get("o.json", r#"{"InputType":"JSON","ItemsPointer":"/x/y"}"#), "[5,6]"),
        (get("a.jsonl", r#"{"InputType":"JSONL"}"#), r#"[{"n":1},{"n":2}]"#),
        (get("a.csv", csv), r#"[{"h":"1","i":"2"}]"#),
        (get("a.csv.gz", csv), r#"[{"h":"1"},{"h":"2"}]"#),
        (get("a.jsonl.zst", r#"{"InputType":"JSONL"}"#), "[7,8]"),
        (
            get("a.parquet", r#"{"InputType":"PARQUET"}"#),
            r#"[{"id":1,"name":"one"},{"id":2,"name":null}]"#,
        ),
        (
            get("i/manifest.json", r#"{"InputType":"MANIFEST"}"#),
            r#"[{"Bucket":"s","Key":"k1"},{"Bucket":"s","Key":"k2"}]"#,
        ),
        (
            get("p/manifest.json", r#"{"ManifestType":"S3_INVENTORY"}"#),
            r#"[{"id":1,"name":"one"},{"id":2,"name":null}]"#,
        ),
        (get("m/manifest.csv", r#"{"InputType":"JSONL","ManifestType":"ATHENA_DATA"}"#), "[1,2]"),
        (list("m/1", r#"{"InputType":"JSONL","Transformation":"LOAD_AND_FLATTEN"}"#), "[1]"),
        (list("none", "{}"), "[]"),
    ];
    for ((action, rest), expected) in table {
        assert_eq!(read(&objects, action, &rest).await, expected, "{action} {rest}");
        for most in [1, 2] {
            let turns = read_in_turns(&objects, (action, &rest), most, || ()).await;
            assert_eq!(turns, expected, "{action} {rest}, {most} at a time");
        }
    }
}

#[tokio::test]
async fn reading_goes_on_in_a_list_that_changes_but_not_in_an_object_that_did() {
    let names: Vec<String> = (0..1_003).map(|n| format!("k/{n:04}")).collect();
    let all: Vec<(&str, Vec<u8>)> =
        names.iter().map(|name| (name.as_str(), b"[1,2]".to_vec())).collect();
    let (objects, root) = bucket(&all);
    let list = r#""Parameters":{"Bucket":"b","Prefix":"k/"}"#;
    let removed = || drop(fs::remove_file(root.path().join("b/k/0000")));
    let listed = read_in_turns(&objects, ("listObjectsV2", list), 400, removed).await;
    let keys = names.iter().filter(|name| listed.contains(&format!(r#""Key":"{name}""#)));
    assert_eq!(keys.count(), 1_003, "each once, though the first is gone meanwhile");
    assert_eq!(listed.matches(r#""Key":"#).count(), 1_003);

    let load = r#""Parameters":{"Bucket":"b","Prefix":"k/00"},"ReaderConfig":{"InputType":"JSON","Transformation":"LOAD_AND_FLATTEN"}"#;
    let loaded = read_in_turns(&objects, ("listObjectsV2", load), 3, || ()).await;
    assert_eq!(loaded, format!("[{}]", ["1,2"; 99].join(",")));

    let get = r#""Parameters":{"Bucket":"b","Key":"k/0007"}"#;
    let changed = || fs::write(root.path().join("b/k/0007"), "[1,3,4]").unwrap();
    let read = read_in_turns(&objects, ("getObject", get), 1, changed).await;
    assert_eq!(read, "S3://b/k/0007 was changed while it was being read.");

    let (objects, root) = bucket(&[("a.parquet", parquet_file())]);
    let get =
        r#""Parameters":{"Bucket":"b","Key":"a.parquet"},"ReaderConfig":{"InputType":"PARQUET"}"#;
    let changed = || fs::write(root.path().join("b/a.parquet"), "other").unwrap();
    let read = read_in_turns(&objects, ("getObject", get), 1, changed).await;
    assert_eq!(read, "S3://b/a.parquet was changed while it was being read.");

    let (objects, root) = bucket(&[
        ("m.csv", b"s3://b/1.jsonl\ns3://b/2.jsonl\n".to_vec()),
        ("1.jsonl", b"1\n2\n".to_vec()),
        ("2.jsonl", b"3\n".to_vec()),
    ]);
    let get = r#""Parameters":{"Bucket":"b","Key":"m.csv"},"ReaderConfig":{"InputType":"JSONL","ManifestType":"ATHENA_DATA"}"#;
    let read = read_in_turns(&objects, ("getObject", get), 1, || ()).await;
    assert_eq!(read, "[1,2,3]");
    let fewer = || fs::write(root.path().join("b/m.csv"), "s3://b/2.jsonl").unwrap();
    let read = read_in_turns(&objects, ("getObject", get), 1, fewer).await;
    assert_eq!(read, "S3://b/m.csv was changed while it was being read.");
}

#[tokio::test]
async fn what_cannot_be_read_says_why() {
    let (objects, _root) = bucket(&[("a.json", b"[1,".to_vec()), ("x.gz", b"no gzip".to_vec())]);
    let table = [
        (
            "b",
            "none",
            "The specified key does not exist. (Service: Amazon S3; Status Code: 404; Error Code: NoSuchKey; Request ID: null; Proxy: null)",
        ),
        (
            "c",
            "a.json",
            "The specified bucket does not exist (Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket; Request ID: null; Proxy: null)",
        ),
        (
            "b",
            "../b/a.json",
            "The specified key does not exist. (Service: Amazon S3; Status Code: 404; Error Code: NoSuchKey; Request ID: null; Proxy: null)",
        ),
        ("b", "a.json", "The data is no JSON: it has no end"),
        (
            "b",
            "x.gz",
            "The data cannot be decompressed: corrupt gzip stream does not have a matching checksum",
        ),
    ];
    for (bucket, key, expected) in table {
        let rest = format!(r#""Parameters":{{"Bucket":"{bucket}","Key":"{key}"}}"#);
        assert_eq!(read(&objects, "getObject", &rest).await, expected, "{bucket} {key}");
    }
    let orc =
        r#"{"destinationBucket":"arn:aws:s3:::b","fileFormat":"ORC","fileSchema":"","files":[]}"#;
    objects.put("b", "orc.json", orc.into()).await.unwrap();
    let rest = r#""Parameters":{"Bucket":"b","Key":"orc.json"},"ReaderConfig":{"ManifestType":"S3_INVENTORY"}"#;
    assert_eq!(
        read(&objects, "getObject", rest).await,
        "The S3 inventory has the file format 'ORC'. Supported formats are CSV and Parquet."
    );
    assert_eq!(
        read(&objects, "getObject", r#""Parameters":{}"#).await,
        "The ItemReader names no Bucket."
    );
}

#[tokio::test]
async fn who_has_enough_is_read_no_more_to() {
    let lines: String = (0..100_000).map(|n| format!("{n}\n")).collect();
    let (objects, _root) = bucket(&[("a.jsonl", lines.into_bytes())]);
    let reader = r#"{"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket":"b","Key":"a.jsonl"},"ReaderConfig":{"InputType":"JSONL"}}"#;
    let mut collected = Collected { most: Some(10), ..Collected::default() };
    let reader = Value::parse(reader).unwrap();
    items(&objects, &reader, Mark::default(), &mut collected).await.unwrap();
    assert_eq!(collected.sources, ["S3://b/a.jsonl"], "one piece was enough");
}

#[tokio::test]
async fn lists_are_in_order_and_come_in_pages() {
    let names: Vec<String> = (0..1_500).map(|n| format!("k/{n:04}")).collect();
    let all: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (name.as_str(), vec![1, 2])).collect();
    let (objects, _root) = bucket(&all);
    let first = objects.list("b", "k/", None).await.unwrap();
    assert_eq!((first.objects.len(), first.next.as_deref()), (1_000, Some("k/0999")));
    let second = objects.list("b", "k/", first.next.as_deref()).await.unwrap();
    assert_eq!((second.objects.len(), second.next), (500, None));
    let Listed { key, size, class, .. } = &first.objects[7];
    assert_eq!((key.as_str(), *size, class.as_str()), ("k/0007", 2, "STANDARD"));
}

#[tokio::test]
async fn objects_are_written_whole_and_inside_of_their_bucket() {
    let (objects, root) = bucket(&[]);
    objects.put("b", "x/y.json", "[1]".into()).await.unwrap();
    assert_eq!(fs::read(root.path().join("b/x/y.json")).unwrap(), b"[1]");
    assert_eq!(objects.range(&Place::new("b", "x/y.json"), 1, 1).await.unwrap(), "1");
    assert_eq!(objects.size(&Place::new("b", "x/y.json")).await, Ok(3));
    for key in ["../out", "/etc/x", "a/../../out", ""] {
        assert!(objects.put("b", key, "x".into()).await.is_err(), "{key}");
    }
    assert!(!root.path().join("out").exists());
}

#[tokio::test]
async fn a_directory_of_buckets_stands_for_s3() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(Path::join(root.path(), "b")).unwrap();
    let tasks = Tasks::new(Functions::default(), Settings::default())
        .with_buckets(Some(root.path().to_owned()));
    tasks.objects().put("b", "k", "v".into()).await.unwrap();
    assert_eq!(fs::read(root.path().join("b/k")).unwrap(), b"v");
}
