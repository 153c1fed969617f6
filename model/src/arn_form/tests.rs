use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const ACCOUNT: &str = "111122223333";

/// A resource whose id, name, path and owner are the given ones.
struct Known {
    partition: &'static str,
    region: Option<Region>,
    kind: ResourceType,
    id: ResourceId,
    name: Option<&'static str>,
    path: Option<&'static str>,
    owner: Option<&'static str>,
}

fn known(kind: &str, id: &str) -> Known {
    Known {
        partition: "aws",
        region: Some("eu-central-1".into()),
        kind: kind.into(),
        id: id.into(),
        name: None,
        path: None,
        owner: None,
    }
}

impl Known {
    fn arn(&self) -> Option<String> {
        let account_id = ACCOUNT.parse().unwrap();
        let resource = Nameless {
            partition: self.partition,
            account_id: &account_id,
            region: self.region.as_ref(),
            resource_type: &self.kind,
            resource_id: &self.id,
            resource_name: self.name,
            path: self.path,
            owner: self.owner,
        };
        build(&resource).map(String::from)
    }

    fn owned(self) -> Self {
        Self { owner: Some(ACCOUNT), ..self }
    }

    fn named(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }

    fn under(self, path: &'static str) -> Self {
        Self { path: Some(path), ..self }
    }

    fn at(self, region: Option<&str>) -> Self {
        Self { region: region.map(Region::from), ..self }
    }
}

/// As AWS's service authorization reference gives them, one of each form at least.
#[test]
fn the_arn_is_that_of_the_documentation() {
    let regional = |rest: &str| rest.replace("R:A", &format!("eu-central-1:{ACCOUNT}"));
    for (kind, id, expected) in [
        ("AWS::EC2::Instance", "i-0abc", "arn:aws:ec2:R:A:instance/i-0abc"),
        ("AWS::EC2::Volume", "vol-0abc", "arn:aws:ec2:R:A:volume/vol-0abc"),
        ("AWS::EC2::EIP", "eipalloc-0abc", "arn:aws:ec2:R:A:elastic-ip/eipalloc-0abc"),
        ("AWS::EC2::NatGateway", "nat-0abc", "arn:aws:ec2:R:A:natgateway/nat-0abc"),
        ("AWS::EC2::FlowLog", "fl-0abc", "arn:aws:ec2:R:A:vpc-flow-log/fl-0abc"),
        ("AWS::EC2::VPNGateway", "vgw-0abc", "arn:aws:ec2:R:A:vpn-gateway/vgw-0abc"),
        ("AWS::EC2::Subnet", "subnet-0abc", "arn:aws:ec2:R:A:subnet/subnet-0abc"),
        ("AWS::EC2::VPCEndpoint", "vpce-0abc", "arn:aws:ec2:R:A:vpc-endpoint/vpce-0abc"),
        ("AWS::S3::Bucket", "fahrplan.archiv", "arn:aws:s3:::fahrplan.archiv"),
        ("AWS::Lambda::Function", "auskunft", "arn:aws:lambda:R:A:function:auskunft"),
        ("AWS::DynamoDB::Table", "Fahrten", "arn:aws:dynamodb:R:A:table/Fahrten"),
        ("AWS::KMS::Key", "mrk-12ab", "arn:aws:kms:R:A:key/mrk-12ab"),
        ("AWS::ECR::Repository", "bus/bordrechner", "arn:aws:ecr:R:A:repository/bus/bordrechner"),
        ("AWS::ECR::PublicRepository", "bus", "arn:aws:ecr-public::A:repository/bus"),
        ("AWS::EFS::FileSystem", "fs-0abc", "arn:aws:elasticfilesystem:R:A:file-system/fs-0abc"),
        ("AWS::CodePipeline::Pipeline", "bau", "arn:aws:codepipeline:R:A:bau"),
        ("AWS::Backup::BackupVault", "nachts", "arn:aws:backup:R:A:backup-vault:nachts"),
        (
            "AWS::ElasticLoadBalancing::LoadBalancer",
            "alt",
            "arn:aws:elasticloadbalancing:R:A:loadbalancer/alt",
        ),
        ("AWS::ApiGateway::RestApi", "a1b2", "arn:aws:apigateway:eu-central-1::/restapis/a1b2"),
        ("AWS::Route53::HostedZone", "Z0ABC", "arn:aws:route53:::hostedzone/Z0ABC"),
        ("AWS::CloudFront::Distribution", "E0ABC", "arn:aws:cloudfront::A:distribution/E0ABC"),
        ("AWS::WAF::WebACL", "0a-b", "arn:aws:waf::A:webacl/0a-b"),
        (
            "AWS::SQS::Queue",
            "https://sqs.eu-central-1.amazonaws.com/111122223333/fahrten.fifo",
            "arn:aws:sqs:R:A:fahrten.fifo",
        ),
    ] {
        let expected = regional(expected).replace("::A:", &format!("::{ACCOUNT}:"));
        assert_eq!(known(kind, id).owned().arn(), Some(expected), "{kind}");
    }
}

#[test]
fn the_partition_is_that_of_the_organisation() {
    let china = Known { partition: "aws-cn", ..known("AWS::EC2::Instance", "i-1").at(Some("cn-north-1")) };
    assert_eq!(china.arn().unwrap(), "arn:aws-cn:ec2:cn-north-1:111122223333:instance/i-1");
    let bucket = Known { partition: "aws-us-gov", ..known("AWS::S3::Bucket", "b").at(Some("us-gov-west-1")) };
    assert_eq!(bucket.arn().unwrap(), "arn:aws-us-gov:s3:::b");
    let url = "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q";
    let queue = Known { partition: "aws-cn", ..known("AWS::SQS::Queue", url).at(Some("cn-north-1")) };
    assert_eq!(queue.arn().unwrap(), "arn:aws-cn:sqs:cn-north-1:111122223333:q");
    let foreign =
        Known { partition: "aws-cn", ..known("AWS::SNS::Topic", "arn:aws:sns:eu-central-1:111122223333:t") };
    assert_eq!(foreign.arn(), None);
}

#[test]
fn an_id_that_is_an_arn_is_the_arn() {
    for (kind, id) in [
        ("AWS::SNS::Topic", "arn:aws:sns:eu-central-1:111122223333:stoerungen"),
        ("AWS::CloudFormation::Stack", "arn:aws:cloudformation:eu-central-1:111122223333:stack/netz/0a-b"),
        ("AWS::CloudWatch::Alarm", "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:zu viele (5xx)"),
        ("AWS::ECS::Cluster", "arn:aws:ecs:eu-central-1:111122223333:cluster/bus"),
        ("AWS::Brand::New", "arn:aws:brand:eu-central-1:111122223333:new/1"),
        ("AWS::Brand::New", "arn:aws:brand:::new/1"),
    ] {
        assert_eq!(known(kind, id).arn().as_deref(), Some(id));
    }
}

#[test]
fn the_arn_of_something_else_is_not_taken() {
    for (kind, id) in [
        ("AWS::SNS::Topic", "arn:aws:sns:eu-west-1:111122223333:t"),
        ("AWS::SNS::Topic", "arn:aws:sns:eu-central-1:444455556666:t"),
        ("AWS::SNS::Topic", "arn:aws:sqs:eu-central-1:111122223333:t"),
        (
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/a/1/2",
        ),
        ("AWS::MSK::ClusterPolicy", "arn:aws:kafka:eu-central-1:111122223333:cluster/c/1"),
        ("AWS::ECS::Service", "arn:aws:ecs:eu-central-1:111122223333:service/c/s|c"),
        ("AWS::SNS::Topic", "arn:nonsense"),
        ("AWS::SNS::Topic", "t"),
    ] {
        assert_eq!(known(kind, id).arn(), None, "{id}");
    }
}

#[test]
fn what_the_id_does_not_determine_is_not_built() {
    for (kind, id, why) in [
        ("AWS::EC2::EIP", "192.0.2.1", "an address is no allocation"),
        ("AWS::EC2::Instance", "vol-1", "an id of another type"),
        ("AWS::EC2::Instance", "i-", "nothing after the prefix"),
        ("AWS::EC2::Instance", "i-1/x", "a separator"),
        ("AWS::Lambda::Function", "auskunft:7", "a version"),
        ("AWS::S3::Bucket", "b/key", "an object"),
        ("AWS::S3::Bucket", "büro", "no name of a bucket"),
        ("AWS::SQS::Queue", "fahrten", "no URL"),
        ("AWS::SQS::Queue", "https://sqs.eu-central-1.amazonaws.com/444455556666/q", "another account's"),
        ("AWS::SQS::Queue", "https://sqs.eu-west-1.amazonaws.com/111122223333/q", "another region's"),
        ("AWS::SQS::Queue", "https://eu-central-1.queue.amazonaws.com/111122223333/q", "an older host"),
        ("AWS::ECS::TaskDefinition", "auskunft", "the revision is missing"),
        ("AWS::EKS::Cluster", "bus", "the id is not unique"),
        ("AWS::Kinesis::Stream", "bus", "the id is not unique"),
        ("AWS::SSM::ManagedInstanceInventory", "i-1", "the id is not unique"),
        ("AWS::SecretsManager::Secret", "kasse", "six characters are missing"),
        ("Regiobus::Fahrzeug::Bordrechner", "bus-17", "no AWS type"),
    ] {
        assert_eq!(known(kind, id).owned().arn(), None, "{kind}: {why}");
    }
}

#[test]
fn without_a_region_of_its_own_a_regional_resource_has_no_arn() {
    for region in [None, Some(""), Some("global"), Some("eu:central")] {
        assert_eq!(known("AWS::EC2::Instance", "i-1").at(region).arn(), None, "{region:?}");
        assert_eq!(known("AWS::S3::Bucket", "b").at(region).arn().unwrap(), "arn:aws:s3:::b");
    }
}

#[test]
fn what_may_be_shared_is_built_for_its_owner_only() {
    let subnet = || known("AWS::EC2::Subnet", "subnet-1");
    assert_eq!(subnet().arn(), None);
    assert_eq!(Known { owner: Some("444455556666"), ..subnet() }.arn(), None);
    assert!(subnet().owned().arn().is_some());
}

#[test]
fn names_and_paths_are_taken_where_they_are_known() {
    let role = || known("AWS::IAM::Role", "AROA1").at(Some("global"));
    assert_eq!(role().named("lesen").arn(), None);
    assert_eq!(role().under("/").arn(), None);
    assert_eq!(role().named("lesen").under("/").arn().unwrap(), "arn:aws:iam::111122223333:role/lesen");
    assert_eq!(
        known("AWS::IAM::Policy", "ANPA1").named("lesen").under("/bus/nord/").arn().unwrap(),
        "arn:aws:iam::111122223333:policy/bus/nord/lesen"
    );
    assert_eq!(role().named("lesen").under("bus").arn(), None);
    let database = || known("AWS::RDS::DBInstance", "db-ABC");
    assert_eq!(database().arn(), None);
    assert_eq!(database().named("kasse").arn().unwrap(), "arn:aws:rds:eu-central-1:111122223333:db:kasse");
}

#[test]
fn an_arn_tells_type_and_id_where_it_determines_them() {
    let identified = |arn: &str| identify(&arn.parse().unwrap()).map(|(kind, id)| format!("{kind} {id}"));
    for (arn, expected) in [
        ("arn:aws:ec2:eu-central-1:111122223333:instance/i-1", "AWS::EC2::Instance i-1"),
        ("arn:aws:s3:::fahrplan", "AWS::S3::Bucket fahrplan"),
        (
            "arn:aws:sns:eu-central-1:111122223333:t",
            "AWS::SNS::Topic arn:aws:sns:eu-central-1:111122223333:t",
        ),
        (
            "arn:aws:sqs:eu-central-1:111122223333:q",
            "AWS::SQS::Queue https://sqs.eu-central-1.amazonaws.com/111122223333/q",
        ),
        ("arn:aws:apigateway:eu-central-1::/apis/a1", "AWS::ApiGatewayV2::Api a1"),
        (
            "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/alt",
            "AWS::ElasticLoadBalancing::LoadBalancer alt",
        ),
        (
            "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/neu/1",
            "AWS::ElasticLoadBalancingV2::LoadBalancer arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/neu/1",
        ),
    ] {
        assert_eq!(identified(arn).as_deref(), Some(expected));
    }
    for arn in [
        "arn:aws:iam::111122223333:role/lesen",
        "arn:aws:rds:eu-central-1:111122223333:db:kasse",
        "arn:aws:lambda:eu-central-1:111122223333:function:auskunft:7",
        "arn:aws:sns:eu-central-1:111122223333:t:0a-subscription",
        "arn:aws:s3:::fahrplan/2026.csv",
        "arn:aws:s3:eu-central-1:111122223333:accesspoint/a",
        "arn:aws:ec2:eu-central-1::image/ami-1",
        "arn:aws:ecs:eu-central-1:111122223333:task-definition/auskunft:7",
        "arn:aws:eks:eu-central-1:111122223333:cluster/bus",
        "arn:aws:globalaccelerator::111122223333:accelerator/a/listener/b",
        "arn:aws:brand:eu-central-1:111122223333:new/1",
    ] {
        assert_eq!(identified(arn), None);
    }
}

#[test]
fn every_type_has_one_form_unless_its_id_is_the_arn() {
    let mut seen = BTreeSet::new();
    for form in FORMS {
        assert!(seen.insert(form.kind) || matches!(form.naming, Naming::Whole(_)), "{}", form.kind);
        assert!(!form.shared || form.service == "ec2");
    }
}

/// An id such as resources of the form have.
fn id_of(form: &Form, tail: &str) -> String {
    let (region, account) = match form.place {
        Place::Regional => ("eu-central-1", ACCOUNT),
        Place::RegionOnly => ("eu-central-1", ""),
        Place::AccountOnly => ("", ACCOUNT),
        Place::Nowhere => ("", ""),
    };
    match form.naming {
        Naming::Id(prefix) => format!("{prefix}{tail}"),
        Naming::QueueUrl => format!("https://sqs.{region}.amazonaws.com/{account}/{tail}"),
        Naming::Whole(_) => format!("arn:aws:{}:{region}:{account}:{}{tail}", form.service, form.before),
        _ => tail.to_owned(),
    }
}

proptest! {
    #[test]
    fn from_id_to_arn_and_back(index in 0..FORMS.len(), tail in "[a-zA-Z0-9._-]{1,40}") {
        let form = &FORMS[index];
        let id = id_of(form, &tail);
        let resource = known(form.kind, &id).owned().named("name").under("/");
        let arn: Arn = resource.arn().unwrap().parse().unwrap();
        let expected = match form.naming {
            Naming::ResourceName | Naming::PathAndName => None,
            _ => Some((resource.kind, resource.id)),
        };
        prop_assert_eq!(identify(&arn), expected);
    }

    #[test]
    fn what_is_built_says_the_resources_own_place(index in 0..FORMS.len(), id in "\\PC{0,40}") {
        let resource = known(FORMS[index].kind, &id).owned().named("name").under("/");
        if let Some(arn) = resource.arn() {
            let arn: Arn = arn.parse().unwrap();
            prop_assert!(arn.region().is_none_or(|region| region.as_str() == "eu-central-1"));
            prop_assert!(arn.account_id().is_none_or(|account| account.as_str() == ACCOUNT));
            prop_assert_eq!(arn.service(), FORMS[index].service);
        }
    }

    #[test]
    fn any_arn_is_identified_as_what_has_that_arn(text in "arn:aws:(ec2|s3|sns|sqs|ecr|cloudfront):(eu-central-1)?:(111122223333)?:[a-z:/-]{1,20}") {
        let arn: Arn = text.parse().unwrap();
        if let Some((kind, id)) = identify(&arn) {
            let resource = known(kind.as_str(), id.as_str()).owned();
            prop_assert_eq!(resource.arn(), Some(text));
        }
    }
}
