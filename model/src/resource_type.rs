//! What bestand knows of single resource types: which are global, which are assets (SEMANTICS 2.7, 3.11).
//!
//! Sources: [recording](https://docs.aws.amazon.com/config/latest/developerguide/select-resources.html) and
//! [resource types](https://docs.aws.amazon.com/config/latest/developerguide/resource-config-reference.html) of AWS
//! Config. Where they are silent a type is regional: then every region of an account has to be complete before
//! anything of it is absent.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identifiers::{Region, ResourceType};

/// What is done with the resources of a type.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TypeClass {
    /// Published, also when no record speaks of them.
    Asset,
    /// In the inventory; published only when a record speaks of them.
    InventoriedOnly,
    /// Never asked for.
    NeverAsked,
}

/// Furniture: a live estate has thousands of them, and nobody keeps a record of one. Some AWS puts into every
/// account and region itself: the recorder, predefined deployment settings, settings of the account. The software
/// inventory of a machine has the machine's own id.
const INVENTORIED_ONLY: [&str; 14] = [
    "AWS::AppConfig::DeploymentStrategy",
    "AWS::CodeDeploy::DeploymentConfig",
    "AWS::Config::ConfigurationRecorder",
    "AWS::EC2::DHCPOptions",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::NetworkAcl",
    "AWS::EC2::NetworkInterface",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::ECS::TaskDefinition",
    "AWS::SSM::ManagedInstanceInventory",
    "AWS::XRay::EncryptionConfig",
];

/// What AWS Config keeps beside resources: verdicts about them.
const NEVER_ASKED: [&str; 5] = [
    "AWS::Config::ConformancePackCompliance",
    "AWS::Config::ResourceCompliance",
    "AWS::SSM::AssociationCompliance",
    "AWS::SSM::FileData",
    "AWS::SSM::PatchCompliance",
];

/// Types that belong to no region, with the one region that records them, where there is one.
///
/// - IAM users, groups, roles and customer managed policies are recorded in every region that AWS Config had
///   before February 2022. Global types that it took up later are recorded in the home region of their service
///   only: ECR Public, Global Accelerator, Route 53. CloudFront, WAF Classic and Shield's global protections are
///   supported in us-east-1 only.
/// - `AWS::RDS::GlobalCluster` is not here: every region records it, but nothing says that each records all. So one
///   complete region does not vouch for its absence; its copies have one ARN, and are a `duplicate`.
/// - Neither is `AWS::WAFv2::*`: AWS Config has it in every region, us-east-1 with that of CloudFront.
const GLOBAL: [(&str, Option<&str>); 20] = [
    ("AWS::CloudFront::Distribution", Some("us-east-1")),
    ("AWS::CloudFront::KeyValueStore", Some("us-east-1")),
    ("AWS::CloudFront::PublicKey", Some("us-east-1")),
    ("AWS::CloudFront::RealtimeLogConfig", Some("us-east-1")),
    ("AWS::CloudFront::StreamingDistribution", Some("us-east-1")),
    ("AWS::ECR::PublicRepository", Some("us-east-1")),
    ("AWS::GlobalAccelerator::Accelerator", Some("us-west-2")),
    ("AWS::GlobalAccelerator::EndpointGroup", Some("us-west-2")),
    ("AWS::GlobalAccelerator::Listener", Some("us-west-2")),
    ("AWS::IAM::Group", None),
    ("AWS::IAM::Policy", None),
    ("AWS::IAM::Role", None),
    ("AWS::IAM::User", None),
    ("AWS::Route53::HealthCheck", Some("us-east-1")),
    ("AWS::Route53::HostedZone", Some("us-east-1")),
    ("AWS::Shield::Protection", Some("us-east-1")),
    ("AWS::WAF::RateBasedRule", Some("us-east-1")),
    ("AWS::WAF::Rule", Some("us-east-1")),
    ("AWS::WAF::RuleGroup", Some("us-east-1")),
    ("AWS::WAF::WebACL", Some("us-east-1")),
];

/// Tells whether a type belongs to no region.
pub fn is_global(resource_type: &ResourceType) -> bool {
    GLOBAL.iter().any(|(name, _)| *name == resource_type.as_str())
}

/// Gives the one region that records a global type, where there is one.
pub fn home_region(resource_type: &ResourceType) -> Option<Region> {
    GLOBAL
        .iter()
        .find(|(name, _)| *name == resource_type.as_str())
        .and_then(|(_, home)| *home)
        .map(Region::from)
}

/// The shipped list of classes with the settings' own on top. A type that nobody has heard of is an asset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TypePolicy {
    overrides: BTreeMap<ResourceType, TypeClass>,
}

impl TypePolicy {
    /// Takes the settings' classes, which win over the shipped ones.
    pub fn new(overrides: BTreeMap<ResourceType, TypeClass>) -> Self {
        Self { overrides }
    }

    /// Gives a type's class.
    pub fn class(&self, resource_type: &ResourceType) -> TypeClass {
        if let Some(class) = self.overrides.get(resource_type) {
            return *class;
        }
        let name = resource_type.as_str();
        if INVENTORIED_ONLY.contains(&name) {
            TypeClass::InventoriedOnly
        } else if NEVER_ASKED.contains(&name) {
            TypeClass::NeverAsked
        } else {
            TypeClass::Asset
        }
    }

    /// Gives every type that the shipped list or the settings say is never asked for.
    pub fn never_asked(&self) -> BTreeSet<ResourceType> {
        let shipped = NEVER_ASKED.iter().map(|name| ResourceType::from(*name));
        shipped
            .chain(self.overrides.keys().cloned())
            .filter(|kind| self.class(kind) == TypeClass::NeverAsked)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semantics_3_11_an_unknown_type_is_an_asset_and_settings_win() {
        let policy = TypePolicy::new(BTreeMap::from([
            (ResourceType::from("AWS::EC2::Subnet"), TypeClass::Asset),
            (ResourceType::from("AWS::New::Thing"), TypeClass::NeverAsked),
        ]));
        let class = |name: &str| policy.class(&ResourceType::from(name));
        assert_eq!(class("AWS::Brand::New"), TypeClass::Asset);
        assert_eq!(class("AWS::EC2::Subnet"), TypeClass::Asset);
        assert_eq!(class("AWS::EC2::NetworkInterface"), TypeClass::InventoriedOnly);
        assert_eq!(class("AWS::Config::ResourceCompliance"), TypeClass::NeverAsked);
        assert!(policy.never_asked().contains(&ResourceType::from("AWS::New::Thing")));
    }

    #[test]
    fn semantics_2_7_some_global_types_have_a_home() {
        assert_eq!(home_region(&"AWS::Route53::HostedZone".into()), Some("us-east-1".into()));
        assert_eq!(home_region(&"AWS::IAM::Role".into()), None);
        assert!(is_global(&"AWS::IAM::Role".into()) && !is_global(&"AWS::S3::Bucket".into()));
    }

    #[test]
    fn semantics_2_7_what_one_region_alone_records_needs_that_region() {
        for (kind, home) in [
            ("AWS::CloudFront::Distribution", "us-east-1"),
            ("AWS::ECR::PublicRepository", "us-east-1"),
            ("AWS::GlobalAccelerator::Listener", "us-west-2"),
            ("AWS::Route53::HealthCheck", "us-east-1"),
            ("AWS::Shield::Protection", "us-east-1"),
            ("AWS::WAF::WebACL", "us-east-1"),
        ] {
            assert_eq!(home_region(&kind.into()), Some(home.into()), "{kind}");
        }
    }

    #[test]
    fn semantics_2_7_what_the_documentation_does_not_call_global_is_regional() {
        for kind in [
            "AWS::ECR::Repository",
            "AWS::IAM::SAMLProvider",
            "AWS::NetworkManager::GlobalNetwork",
            "AWS::RDS::GlobalCluster",
            "AWS::ShieldRegional::Protection",
            "AWS::WAFRegional::WebACL",
            "AWS::WAFv2::WebACL",
            "Regiobus::Fahrzeug::Bordrechner",
        ] {
            assert!(!is_global(&kind.into()) && home_region(&kind.into()).is_none(), "{kind}");
        }
    }

    #[test]
    fn the_lists_are_in_order_and_name_nothing_twice() {
        assert!(GLOBAL.is_sorted_by(|(one, _), (two, _)| one < two));
        assert!(INVENTORIED_ONLY.is_sorted_by(|one, two| one < two));
        assert!(NEVER_ASKED.is_sorted_by(|one, two| one < two));
        assert!(!INVENTORIED_ONLY.iter().any(|kind| NEVER_ASKED.contains(kind)));
    }
}
