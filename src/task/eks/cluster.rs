//! A cluster and its API server: where it is, whom to trust for it, how it is asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Request;
use stepwright_core::engine::Failure;
use stepwright_core::engine::failure::name;
use stepwright_core::expr::Value;

use super::token::token;
use crate::task::aws::Aws;
use crate::task::http::encode_pair;
use crate::task::problem::Reader;
use crate::task::web::{Reply, Web};

/// What parameters say of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cluster {
    /// `ClusterName`
    pub(super) name: String,
    /// `Endpoint`, without a slash at its end.
    pub(super) endpoint: String,
    /// `CertificateAuthority`: PEM in base64, as DescribeCluster gives it.
    pub(super) authority: String,
}

/// What is asked of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<String>,
}

impl Cluster {
    /// The members of parameters that name a cluster.
    pub(super) const FIELDS: [&'static str; 3] =
        ["ClusterName", "CertificateAuthority", "Endpoint"];

    /// Reads them.
    pub(super) fn read(reader: &mut Reader<'_>) -> Cluster {
        let [name, authority, endpoint] = Cluster::FIELDS.map(|field| reader.required(field));
        Cluster { name, endpoint: endpoint.trim_end_matches('/').to_owned(), authority }
    }

    /// The same out of the handle of a job.
    pub(super) fn of_handle(handle: &Value) -> Cluster {
        let text = |name| handle.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let [name, authority, endpoint] = Cluster::FIELDS.map(text);
        Cluster { name, endpoint, authority }
    }

    /// What a handle says of it.
    pub(super) fn members(&self) -> [(&'static str, Value); 3] {
        let [name, authority, endpoint] = Cluster::FIELDS;
        [
            (name, self.name.as_str().into()),
            (authority, self.authority.as_str().into()),
            (endpoint, self.endpoint.as_str().into()),
        ]
    }

    /// `https://ID.gr7.REGION.eks.amazonaws.com`
    fn region(&self) -> Option<&str> {
        let host = self.endpoint.split("://").nth(1)?.split(['/', ':']).next()?;
        let (before, _) = host.split_once(".eks.amazonaws.com")?;
        before.rsplit('.').next()
    }
}

impl Asked {
    /// Without a body.
    pub(super) fn new(method: &str, path: String) -> Asked {
        Asked { method: method.to_owned(), path, ..Asked::default() }
    }

    fn url(&self, cluster: &Cluster) -> String {
        let query: Vec<_> =
            self.query.iter().map(|(name, value)| encode_pair(name, value)).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let path = self.path.trim_start_matches('/');
        format!("{}/{path}{mark}{}", cluster.endpoint, query.join("&"))
    }
}

/// Asks clusters.
pub(super) struct Clusters {
    aws: Arc<Aws>,
    /// By the authority that is trusted.
    clients: Mutex<HashMap<String, Arc<Web>>>,
}

impl Clusters {
    /// Nothing is connected yet.
    pub(super) fn new(aws: Arc<Aws>) -> Clusters {
        Clusters { aws, clients: Mutex::default() }
    }

    /// What a cluster answers, whatever it is.
    ///
    /// # Errors
    /// The request cannot be made, or there was no answer.
    pub(super) async fn ask(
        &self,
        cluster: &Cluster,
        asked: &Asked,
        role: Option<&Arc<str>>,
    ) -> Result<Reply, Failure> {
        let client = self.client(&cluster.authority)?;
        let token = token(&self.aws, (&cluster.name, cluster.region()), role).await?;
        let mut request = Request::builder()
            .method(asked.method.as_str())
            .uri(asked.url(cluster))
            .header("accept", "application/json")
            .header("authorization", format!("Bearer {token}"));
        if asked.body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = asked.body.clone().unwrap_or_default().into_bytes();
        let request = request.body(body).map_err(|error| {
            Failure::new(name::RUNTIME, format!("The request cannot be made: {error}"))
        })?;
        client.send(request).await.map_err(|error| {
            let why = format!("The cluster {} cannot be asked: {error}", cluster.name);
            Failure::new(name::TASK_FAILED, why)
        })
    }

    fn client(&self, authority: &str) -> Result<Arc<Web>, Failure> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(authority) {
            return Ok(client.clone());
        }
        let wrong = |why: String| {
            let cause = format!("The value of the field 'CertificateAuthority' is invalid: {why}");
            Failure::new(name::RUNTIME, cause)
        };
        let pem = STANDARD.decode(authority.trim()).map_err(|error| wrong(error.to_string()))?;
        let reach = self.aws.settings().reach;
        let client = Arc::new(Web::trusting(reach, &pem).map_err(wrong)?);
        clients.insert(authority.to_owned(), client.clone());
        Ok(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_in_the_region_that_its_endpoint_names() {
        let table = [
            ("https://ABC.gr7.eu-west-1.eks.amazonaws.com", Some("eu-west-1")),
            ("https://ABC.sk1.cn-north-1.eks.amazonaws.com.cn", Some("cn-north-1")),
            ("https://k8s.example.org", None),
            ("", None),
        ];
        for (endpoint, expected) in table {
            let cluster = Cluster { endpoint: endpoint.into(), ..Cluster::default() };
            assert_eq!(cluster.region(), expected, "{endpoint}");
        }
    }

    #[test]
    fn a_request_goes_to_the_path_below_the_endpoint() {
        let cluster = Cluster { endpoint: "https://h".into(), ..Cluster::default() };
        let mut asked = Asked::new("GET", "/api/v1/pods".into());
        assert_eq!(asked.url(&cluster), "https://h/api/v1/pods");
        asked.query = vec![("labelSelector".into(), "job-name=a b".into())];
        assert!(
            asked.url(&cluster).starts_with("https://h/api/v1/pods?labelSelector=job-name%3Da")
        );
    }
}
