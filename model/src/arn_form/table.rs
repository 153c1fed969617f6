//! Which ARN the resources of a type have: one line per form.

/// How the ARN of a type is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) kind: &'static str,
    pub(super) service: &'static str,
    pub(super) place: Place,
    /// What the last part of the ARN begins with.
    pub(super) before: &'static str,
    pub(super) naming: Naming,
    /// Whether AWS may show the resource to accounts that do not own it.
    pub(super) shared: bool,
}

/// What the ARN says of the place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// Region and account.
    Regional,
    /// The region alone.
    RegionOnly,
    /// The account alone.
    AccountOnly,
    /// Neither.
    Nowhere,
}

/// Where the rest of the ARN comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Naming {
    /// The id, which begins so. An elastic IP address of old has its address as id, and no ARN.
    Id(&'static str),
    /// The id, which is a name.
    Name(Text),
    /// The resource's name; its id is something else.
    ResourceName,
    /// IAM's path and the resource's name; its id is something else.
    PathAndName,
    /// The name at the end of the URL that is the id.
    QueueUrl,
    /// The id is the ARN.
    Whole(Text),
}

/// Which characters a name has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Text {
    /// No separator.
    Plain,
    /// Slashes too.
    Nested,
}

const fn form(
    kind: &'static str,
    service: &'static str,
    place: Place,
    before: &'static str,
    naming: Naming,
) -> Form {
    Form { kind, service, place, before, naming, shared: false }
}

const fn ec2(kind: &'static str, before: &'static str, prefix: &'static str) -> Form {
    form(kind, "ec2", Place::Regional, before, Naming::Id(prefix))
}

const fn shared(kind: &'static str, before: &'static str, prefix: &'static str) -> Form {
    Form { shared: true, ..ec2(kind, before, prefix) }
}

const fn id(kind: &'static str, service: &'static str, before: &'static str, prefix: &'static str) -> Form {
    form(kind, service, Place::Regional, before, Naming::Id(prefix))
}

const fn name(kind: &'static str, service: &'static str, before: &'static str) -> Form {
    form(kind, service, Place::Regional, before, Naming::Name(Text::Plain))
}

const fn global(kind: &'static str, service: &'static str, before: &'static str) -> Form {
    form(kind, service, Place::AccountOnly, before, Naming::Name(Text::Plain))
}

const fn whole(kind: &'static str, service: &'static str, before: &'static str, text: Text) -> Form {
    form(kind, service, Place::Regional, before, Naming::Whole(text))
}

const fn iam(kind: &'static str, before: &'static str) -> Form {
    form(kind, "iam", Place::AccountOnly, before, Naming::PathAndName)
}

use Text::{Nested, Plain};

/// The forms. Types that are not here have ids that do not determine their ARN (a suffix is missing, or the name
/// of a cluster), or ids that are not unique (task definitions, EKS clusters, streams), or nobody has checked.
pub(super) const FORMS: &[Form] = &[
    ec2("AWS::EC2::ClientVpnEndpoint", "client-vpn-endpoint/", "cvpn-endpoint-"),
    ec2("AWS::EC2::CustomerGateway", "customer-gateway/", "cgw-"),
    ec2("AWS::EC2::EIP", "elastic-ip/", "eipalloc-"),
    ec2("AWS::EC2::EgressOnlyInternetGateway", "egress-only-internet-gateway/", "eigw-"),
    ec2("AWS::EC2::FlowLog", "vpc-flow-log/", "fl-"),
    ec2("AWS::EC2::Instance", "instance/", "i-"),
    ec2("AWS::EC2::LaunchTemplate", "launch-template/", "lt-"),
    ec2("AWS::EC2::NatGateway", "natgateway/", "nat-"),
    ec2("AWS::EC2::VPCEndpointService", "vpc-endpoint-service/", "vpce-svc-"),
    ec2("AWS::EC2::VPNConnection", "vpn-connection/", "vpn-"),
    ec2("AWS::EC2::VPNGateway", "vpn-gateway/", "vgw-"),
    ec2("AWS::EC2::Volume", "volume/", "vol-"),
    shared("AWS::EC2::DHCPOptions", "dhcp-options/", "dopt-"),
    shared("AWS::EC2::Host", "dedicated-host/", "h-"),
    shared("AWS::EC2::InternetGateway", "internet-gateway/", "igw-"),
    shared("AWS::EC2::NetworkAcl", "network-acl/", "acl-"),
    shared("AWS::EC2::NetworkInterface", "network-interface/", "eni-"),
    shared("AWS::EC2::PrefixList", "prefix-list/", "pl-"),
    shared("AWS::EC2::RouteTable", "route-table/", "rtb-"),
    shared("AWS::EC2::SecurityGroup", "security-group/", "sg-"),
    shared("AWS::EC2::Subnet", "subnet/", "subnet-"),
    shared("AWS::EC2::TransitGateway", "transit-gateway/", "tgw-"),
    shared("AWS::EC2::TransitGatewayRouteTable", "transit-gateway-route-table/", "tgw-rtb-"),
    shared("AWS::EC2::VPC", "vpc/", "vpc-"),
    shared("AWS::EC2::VPCEndpoint", "vpc-endpoint/", "vpce-"),
    shared("AWS::EC2::VPCPeeringConnection", "vpc-peering-connection/", "pcx-"),
    form("AWS::S3::Bucket", "s3", Place::Nowhere, "", Naming::Name(Plain)),
    form("AWS::Route53::HealthCheck", "route53", Place::Nowhere, "healthcheck/", Naming::Name(Plain)),
    form("AWS::Route53::HostedZone", "route53", Place::Nowhere, "hostedzone/", Naming::Id("Z")),
    form("AWS::ApiGateway::RestApi", "apigateway", Place::RegionOnly, "/restapis/", Naming::Name(Plain)),
    form("AWS::ApiGatewayV2::Api", "apigateway", Place::RegionOnly, "/apis/", Naming::Name(Plain)),
    form("AWS::SQS::Queue", "sqs", Place::Regional, "", Naming::QueueUrl),
    form("AWS::RDS::DBCluster", "rds", Place::Regional, "cluster:", Naming::ResourceName),
    form("AWS::RDS::DBInstance", "rds", Place::Regional, "db:", Naming::ResourceName),
    iam("AWS::IAM::Group", "group"),
    iam("AWS::IAM::Policy", "policy"),
    iam("AWS::IAM::Role", "role"),
    iam("AWS::IAM::User", "user"),
    global("AWS::CloudFront::Distribution", "cloudfront", "distribution/"),
    global("AWS::CloudFront::StreamingDistribution", "cloudfront", "streaming-distribution/"),
    global("AWS::Shield::Protection", "shield", "protection/"),
    global("AWS::WAF::RateBasedRule", "waf", "ratebasedrule/"),
    global("AWS::WAF::Rule", "waf", "rule/"),
    global("AWS::WAF::RuleGroup", "waf", "rulegroup/"),
    global("AWS::WAF::WebACL", "waf", "webacl/"),
    form("AWS::ECR::PublicRepository", "ecr-public", Place::AccountOnly, "repository/", Naming::Name(Nested)),
    form("AWS::ECR::Repository", "ecr", Place::Regional, "repository/", Naming::Name(Nested)),
    id("AWS::EFS::AccessPoint", "elasticfilesystem", "access-point/", "fsap-"),
    id("AWS::EFS::FileSystem", "elasticfilesystem", "file-system/", "fs-"),
    id("AWS::Route53Resolver::ResolverEndpoint", "route53resolver", "resolver-endpoint/", "rslvr-"),
    id("AWS::WorkSpaces::Workspace", "workspaces", "workspace/", "ws-"),
    name("AWS::Athena::WorkGroup", "athena", "workgroup/"),
    name("AWS::Backup::BackupPlan", "backup", "backup-plan:"),
    name("AWS::Backup::BackupVault", "backup", "backup-vault:"),
    name("AWS::CodePipeline::Pipeline", "codepipeline", ""),
    name("AWS::Cognito::UserPool", "cognito-idp", "userpool/"),
    name("AWS::DynamoDB::Table", "dynamodb", "table/"),
    name("AWS::ECS::Cluster", "ecs", "cluster/"),
    name("AWS::ElasticLoadBalancing::LoadBalancer", "elasticloadbalancing", "loadbalancer/"),
    name("AWS::Events::EventBus", "events", "event-bus/"),
    name("AWS::Glue::Job", "glue", "job/"),
    name("AWS::GuardDuty::Detector", "guardduty", "detector/"),
    name("AWS::KMS::Key", "kms", "key/"),
    name("AWS::KinesisFirehose::DeliveryStream", "firehose", "deliverystream/"),
    name("AWS::Lambda::Function", "lambda", "function:"),
    name("AWS::WAFRegional::RateBasedRule", "waf-regional", "ratebasedrule/"),
    name("AWS::WAFRegional::Rule", "waf-regional", "rule/"),
    name("AWS::WAFRegional::RuleGroup", "waf-regional", "rulegroup/"),
    name("AWS::WAFRegional::WebACL", "waf-regional", "webacl/"),
    whole("AWS::ACM::Certificate", "acm", "certificate/", Plain),
    whole("AWS::Batch::ComputeEnvironment", "batch", "compute-environment/", Plain),
    whole("AWS::Batch::JobQueue", "batch", "job-queue/", Plain),
    whole("AWS::CloudFormation::Stack", "cloudformation", "stack/", Nested),
    whole("AWS::CloudWatch::Alarm", "cloudwatch", "alarm:", Nested),
    whole("AWS::CodeBuild::Project", "codebuild", "project/", Plain),
    whole("AWS::ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing", "loadbalancer/app/", Nested),
    whole("AWS::ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing", "loadbalancer/gwy/", Nested),
    whole("AWS::ElasticLoadBalancingV2::LoadBalancer", "elasticloadbalancing", "loadbalancer/net/", Nested),
    whole("AWS::ElasticLoadBalancingV2::TargetGroup", "elasticloadbalancing", "targetgroup/", Nested),
    form(
        "AWS::GlobalAccelerator::Accelerator",
        "globalaccelerator",
        Place::AccountOnly,
        "accelerator/",
        Naming::Whole(Plain),
    ),
    whole("AWS::MSK::Cluster", "kafka", "cluster/", Nested),
    whole("AWS::NetworkFirewall::Firewall", "network-firewall", "firewall/", Plain),
    whole("AWS::SNS::Topic", "sns", "", Plain),
    whole("AWS::SecretsManager::Secret", "secretsmanager", "secret:", Nested),
    whole("AWS::StepFunctions::Activity", "states", "activity:", Plain),
    whole("AWS::StepFunctions::StateMachine", "states", "stateMachine:", Plain),
];
