//! Where a service is at AWS: host and scope of signatures for a region.

use super::models::{Operation, Service};
use crate::task::aws::Partition;

/// Host and scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Host, for HTTPS.
    pub(super) host: String,
    /// Region in the scope of signatures.
    pub(super) signing_region: String,
    /// Service in the scope of signatures.
    pub(super) signing_name: String,
}

/// Where an operation of a service is performed for a region; `None` if AWS has no such place, or none that a plain
/// signature reaches.
pub(super) fn place(service: &Service, operation: &Operation, region: &str) -> Option<Place> {
    let Partition { name, suffix } = Partition::of(region);
    let table = service.tables.get(operation.table)?;
    let row = [region, name, ""]
        .iter()
        .find_map(|wanted| table.iter().find(|row| &*row.place == *wanted))?;
    let or = |given: &str, usual: &str| if given.is_empty() { usual } else { given }.to_owned();
    Some(Place {
        host: row.host.replace("{region}", region).replace("{suffix}", suffix),
        signing_region: or(&row.signing_region, region),
        signing_name: or(&row.signing_name, &service.signing_name),
    })
}

#[cfg(test)]
mod tests {
    use super::super::models::Models;
    use super::*;

    /// Service, action, region; host and scope.
    const PLACES: &[(&str, &str, &str, &str, &str)] = &[
        (
            "dynamodb",
            "putItem",
            "eu-west-1",
            "dynamodb.eu-west-1.amazonaws.com",
            "eu-west-1/dynamodb",
        ),
        (
            "dynamodb",
            "putItem",
            "cn-north-1",
            "dynamodb.cn-north-1.amazonaws.com.cn",
            "cn-north-1/dynamodb",
        ),
        ("iam", "listUsers", "eu-west-1", "iam.amazonaws.com", "us-east-1/iam"),
        ("iam", "listUsers", "cn-northwest-1", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1/iam"),
        ("iam", "listUsers", "us-gov-east-1", "iam.us-gov.amazonaws.com", "us-gov-west-1/iam"),
        ("sts", "getCallerIdentity", "eu-west-1", "sts.eu-west-1.amazonaws.com", "eu-west-1/sts"),
        ("route53", "listHostedZones", "ap-south-1", "route53.amazonaws.com", "us-east-1/route53"),
        (
            "cloudfront",
            "listDistributions",
            "eu-west-1",
            "cloudfront.amazonaws.com",
            "us-east-1/cloudfront",
        ),
        ("s3", "getObject", "us-east-1", "s3.us-east-1.amazonaws.com", "us-east-1/s3"),
        (
            "cloudwatchlogs",
            "putLogEvents",
            "us-east-2",
            "logs.us-east-2.amazonaws.com",
            "us-east-2/logs",
        ),
        ("budgets", "describeBudgets", "us-east-2", "budgets.amazonaws.com", "us-east-1/budgets"),
        ("dynamodb", "putItem", "xx-new-1", "dynamodb.xx-new-1.amazonaws.com", "xx-new-1/dynamodb"),
        (
            "neptunegraph",
            "executeQuery",
            "us-east-1",
            "us-east-1.neptune-graph.amazonaws.com",
            "us-east-1/neptune-graph",
        ),
    ];

    #[test]
    fn services_are_where_aws_has_them() {
        for (service, action, region, host, scope) in PLACES {
            let service = Models::shared().service(service).unwrap();
            let place = place(&service, service.operation(action).unwrap(), region).unwrap();
            let found = format!("{}/{}", place.signing_region, place.signing_name);
            assert_eq!((&*place.host, &*found), (*host, *scope));
        }
    }
}
