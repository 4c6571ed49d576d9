//! What the containers of a job have printed, where the task asks for it (`LogOptions`).

use stepwright_core::engine::JobCall;
use stepwright_core::expr::{Map, Value};

use super::cluster::{Asked, Cluster, Clusters};
use super::{good, pairs};

/// `{"pods": {POD: {"containers": {CONTAINER: {"log": …}}}}}`; `None` if nobody asked. What cannot be read is left out:
/// the job itself has done its work.
pub(super) async fn logs(clusters: &Clusters, call: &JobCall) -> Option<Value> {
    let handle = call.handle.value();
    let options = handle.get("Logs")?;
    let flag = |name| options.get(name).is_some_and(|value| value.to_json().contains("true"));
    if !flag("RetrieveLogs") {
        return None;
    }
    let more = options.get("LogParameters").and_then(Value::as_object).map(pairs);
    let (more, raw) = (more.unwrap_or_default(), flag("RawLogs"));
    let text = |name| handle.get(name).and_then(Value::as_str).unwrap_or_default();
    let path = format!("/api/v1/namespaces/{}/pods", text("Namespace"));
    let query = vec![("labelSelector".to_owned(), format!("job-name={}", text("Name")))];
    let list = ask(clusters, call, Asked { query, ..Asked::new("GET", path.clone()) }).await?;
    let list = Value::parse(&list).ok()?;
    let mut pods = Map::new();
    for (pod, containers) in named(&list) {
        let mut printed = Map::new();
        for container in containers {
            let mut query = vec![("container".to_owned(), container.clone())];
            query.extend(more.clone());
            let asked = Asked { query, ..Asked::new("GET", format!("{path}/{pod}/log")) };
            if let Some(text) = ask(clusters, call, asked).await {
                let json = Value::parse(&text).ok().filter(|_| !raw);
                let log = json.unwrap_or_else(|| text.into());
                printed.insert(container.into(), Value::object([("log", log)]));
            }
        }
        let containers = Value::object([("containers", Value::Object(printed.into()))]);
        pods.insert(pod.into(), containers);
    }
    Some(Value::object([("pods", Value::Object(pods.into()))]))
}

async fn ask(clusters: &Clusters, call: &JobCall, asked: Asked) -> Option<String> {
    let cluster = Cluster::of_handle(call.handle.value());
    let reply = clusters.ask(&cluster, &asked, call.credentials.as_ref()).await;
    Some(String::from_utf8_lossy(&reply.and_then(good).ok()?.body).into_owned())
}

/// Names of pods and of their containers.
fn named(list: &Value) -> Vec<(String, Vec<String>)> {
    let name = |value: &Value| value.get("name").and_then(Value::as_str).map(str::to_owned);
    let pods = list.get("items").and_then(Value::as_array).unwrap_or_default().iter();
    pods.filter_map(|pod| {
        let containers = pod.get("spec").and_then(|spec| spec.get("containers"));
        let containers = containers.and_then(Value::as_array).unwrap_or_default();
        Some((name(pod.get("metadata")?)?, containers.iter().filter_map(name).collect()))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_and_containers_go_by_their_names() {
        let list = r#"{"items":[{"metadata":{"name":"p"},"spec":{"containers":[{"name":"a"},{"name":"b"}]}},{"spec":{}}]}"#;
        let found = named(&Value::parse(list).unwrap());
        assert_eq!(found, [("p".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
    }
}
