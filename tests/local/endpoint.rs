//! Functions are told where the engine is.

use serde_json::Value;

use super::binary::{Server, task};

#[test]
fn functions_find_the_engine_wherever_it_listens() {
    let table = [
        ("127.0.0.1", "127.0.0.1", "the port that was free, not 0"),
        ("0.0.0.0", "127.0.0.1", "an address to connect to"),
        ("::", "[::1]", "an address to connect to, in brackets"),
    ];
    for (host, reached, reason) in table {
        let function = r#"f=sh -c 'printf "\"%s\"" $STEPWRIGHT_ENDPOINT'"#;
        let server = Server::start(&[
            "--in-memory",
            "--host",
            host,
            "--no-auth",
            "--allow-remote",
            "--function",
            function,
        ]);
        let port = server.address().rsplit(':').next().unwrap();
        let found = server.ended(&server.run(&task()));
        let output: Value = serde_json::from_str(found["output"].as_str().unwrap()).unwrap();
        assert_eq!(output, format!("http://{reached}:{port}"), "{reason}");
    }
}
