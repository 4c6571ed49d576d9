//! Partitions of AWS: the worlds of regions that share nothing. What ARNs begin with, and what hosts end with.

/// A partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    /// Second part of its ARNs: `aws`.
    pub(crate) name: &'static str,
    /// What hosts in it end with: `amazonaws.com`.
    pub(crate) suffix: &'static str,
}

impl Partition {
    /// The partition of a region; a region that nobody knows is in `aws`.
    pub(crate) fn of(region: &str) -> Partition {
        let found = PARTITIONS.iter().find(|(start, ..)| region.starts_with(start));
        let (_, name, suffix) = found.unwrap_or(&USUAL);
        Partition { name, suffix }
    }

    /// ARN of a role in it, for machines of whose role nobody has said anything.
    pub(crate) fn any_role(self, account: &str) -> String {
        format!("arn:{}:iam::{account}:role/stepwright", self.name)
    }
}

const USUAL: (&str, &str, &str) = ("", "aws", "amazonaws.com");

/// Beginning of the region's name, partition, suffix.
const PARTITIONS: [(&str, &str, &str); 7] = [
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("eusc-", "aws-eusc", "amazonaws.eu"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_in_one_partition() {
        for (region, name, suffix) in [
            ("us-east-1", "aws", "amazonaws.com"),
            ("xx-new-1", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ] {
            assert_eq!(Partition::of(region), Partition { name, suffix }, "{region}");
        }
        let role = Partition::of("cn-north-1").any_role("123456789012");
        assert_eq!(role, "arn:aws-cn:iam::123456789012:role/stepwright");
    }
}
