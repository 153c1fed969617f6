//! What an id tells of its resource: whether another place that shows it shows the same thing.

use crate::arn::Arn;
use crate::identifiers::{ResourceId, ResourceType};

const BUCKET: &str = "AWS::S3::Bucket";

/// Types of which AWS Config gives one id to several resources of an account and region.
const SHARED: [&str; 4] = [
    "AWS::ECS::TaskDefinition",
    "AWS::EKS::Cluster",
    "AWS::Kinesis::Stream",
    "AWS::SSM::ManagedInstanceInventory",
];

/// Tells whether several resources of one scope may carry the id, so that what is said of it may be said of
/// another one.
pub fn may_be_shared(kind: &ResourceType) -> bool {
    SHARED.contains(&kind.as_str())
}

/// Tells whether AWS itself makes the id unique, over all accounts and regions: wherever it is seen, it is the
/// same resource. A name that people gave is not: a function `hello` in two accounts is two functions.
///
/// Only forms that are surely of this kind count. A multi-region key (`mrk-...`) is not: its replicas share it.
pub fn is_unique(kind: &ResourceType, id: &ResourceId) -> bool {
    kind.as_str() == BUCKET || id.as_str().starts_with("arn:") || is_never_given_twice(kind, id)
}

/// Tells whether the id is never given a second time: a deletion of it is the deletion. A bucket's name may be taken
/// again, and so may the name in an ARN.
pub fn is_never_given_twice(kind: &ResourceType, id: &ResourceId) -> bool {
    let (kind, id) = (kind.as_str(), id.as_str());
    (kind.starts_with("AWS::EC2::") && is_ec2_form(id)) || (kind.starts_with("AWS::IAM::") && is_iam_form(id))
}

/// `i-0abc1234def567890`: a prefix of letters, and 8 or 17 hexadecimal digits.
fn is_ec2_form(id: &str) -> bool {
    id.rsplit_once('-').is_some_and(|(prefix, number)| {
        let letters = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_hex = number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        prefix.split('-').all(letters) && matches!(number.len(), 8 | 17) && is_hex
    })
}

/// `AROA...`, `AIDA...`, `AGPA...`, `ANPA...`: IAM's unique ids.
fn is_iam_form(id: &str) -> bool {
    let prefix = id.get(..4).unwrap_or_default();
    matches!(prefix, "AROA" | "AIDA" | "AGPA" | "ANPA" | "AIPA")
        && id.len() >= 16
        && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Reads the id out of an ARN, for the forms in which AWS Config surely uses that part as the id. For most types
/// it uses another one (a queue's address, a database's internal id), and a wrong id would be asked for in vain.
pub fn of_arn(kind: &ResourceType, arn: &Arn) -> Option<ResourceId> {
    let resource = arn.as_str().splitn(6, ':').nth(5)?;
    if kind.as_str() == BUCKET && arn.service() == "s3" {
        return (!resource.contains('/')).then(|| resource.into());
    }
    let (_, id) = resource.split_once('/')?;
    (kind.as_str().starts_with("AWS::EC2::") && arn.service() == "ec2" && is_ec2_form(id)).then(|| id.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semantics_2_4_only_what_aws_makes_unique_is_the_same_everywhere() {
        let unique = |kind: &str, id: &str| is_unique(&kind.into(), &id.into());
        assert!(unique("AWS::EC2::Instance", "i-0abc1234def567890"));
        assert!(unique("AWS::EC2::VPCPeeringConnection", "pcx-1a2b3c4d"));
        assert!(unique("AWS::EC2::TransitGatewayAttachment", "tgw-attach-0abc1234def567890"));
        assert!(unique("AWS::IAM::Role", "AROAIOSFODNN7EXAMPLE1"));
        assert!(unique("AWS::SNS::Topic", "arn:aws:sns:eu-central-1:111122223333:alarm"));
        assert!(unique("AWS::S3::Bucket", "fahrplan"));
        for name in [
            "hello",
            "report-20261231",
            "i-",
            "app-v2",
            "web-2024",
            "AROA",
            "mrk-1234abcd12ab34cd56ef1234567890ab",
        ] {
            assert!(!unique("AWS::Lambda::Function", name), "{name}");
        }
    }

    #[test]
    fn semantics_2_4_an_arn_gives_an_id_only_where_it_is_surely_the_one() {
        let of = |kind: &str, arn: &str| {
            of_arn(&kind.into(), &arn.parse().unwrap()).map(|id| id.as_str().to_owned())
        };
        let instance = "arn:aws:ec2:eu-central-1:111122223333:instance/i-0abc1234def567890";
        assert_eq!(of("AWS::EC2::Instance", instance).as_deref(), Some("i-0abc1234def567890"));
        assert_eq!(of("AWS::S3::Bucket", "arn:aws:s3:::fahrplan").as_deref(), Some("fahrplan"));
        // AWS Config knows a queue by its address, a role by its unique id.
        assert_eq!(of("AWS::SQS::Queue", "arn:aws:sqs:eu-central-1:111122223333:q"), None);
        assert_eq!(of("AWS::IAM::Role", "arn:aws:iam::111122223333:role/admin"), None);
        assert_eq!(of("AWS::EC2::KeyPair", "arn:aws:ec2:eu-central-1:111122223333:key-pair/mine"), None);
    }
}
