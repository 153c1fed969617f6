//! What bestand may do in AWS, and does: one table for the code, the session policy and the deployed roles.

mod policy;

use serde::{Serialize, Serializer};

pub use policy::{home_policy, member_policy, session_policy};

/// Whose credentials an action is called with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Caller {
    /// A session of the role in a member account.
    Member,
    /// The job's own credentials.
    Home,
}

/// An action of AWS that bestand calls. A call cannot be made without naming its action, and what is not named
/// here is in no policy.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Action {
    /// Configuration items by key.
    BatchGet,
    /// The configuration recorders of a region.
    DescribeRecorders,
    /// Whether they record.
    DescribeRecorderStatus,
    /// How many resources there are of each type.
    GetCounts,
    /// Resources of one type, or by id, deleted ones too.
    ListDiscovered,
    /// Configuration items by query.
    Select,
    /// EC2's instances.
    DescribeInstances,
    /// EC2's network interfaces.
    DescribeNetworkInterfaces,
    /// The regions that the account has enabled.
    DescribeRegions,
    /// EC2's security groups.
    DescribeSecurityGroups,
    /// EC2's volumes.
    DescribeVolumes,
    /// EC2's VPCs.
    DescribeVpcs,
    /// Tagged resources by ARN.
    GetTagged,
    /// How far an aggregator's sources are up to date.
    AggregatorSourcesStatus,
    /// How many resources an aggregator has of each type.
    AggregatorCounts,
    /// An aggregator's configuration items by query.
    AggregatorSelect,
    /// The accounts of the organisation.
    ListAccounts,
    /// The accounts of an organisational unit.
    ListAccountsForParent,
    /// The organisational units below another one.
    ListOrganizationalUnits,
    /// The roots of the organisation.
    ListRoots,
    /// The tags of an account.
    ListAccountTags,
    /// A session of a member account's role.
    AssumeRole,
    /// Whose credentials these are: nobody can be forbidden to ask.
    GetCallerIdentity,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 23] = [
        Self::BatchGet,
        Self::DescribeRecorders,
        Self::DescribeRecorderStatus,
        Self::GetCounts,
        Self::ListDiscovered,
        Self::Select,
        Self::DescribeInstances,
        Self::DescribeNetworkInterfaces,
        Self::DescribeRegions,
        Self::DescribeSecurityGroups,
        Self::DescribeVolumes,
        Self::DescribeVpcs,
        Self::GetTagged,
        Self::AggregatorSourcesStatus,
        Self::AggregatorCounts,
        Self::AggregatorSelect,
        Self::ListAccounts,
        Self::ListAccountsForParent,
        Self::ListOrganizationalUnits,
        Self::ListRoots,
        Self::ListAccountTags,
        Self::AssumeRole,
        Self::GetCallerIdentity,
    ];

    /// Gives the action as policies write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BatchGet => "config:BatchGetResourceConfig",
            Self::DescribeRecorders => "config:DescribeConfigurationRecorders",
            Self::DescribeRecorderStatus => "config:DescribeConfigurationRecorderStatus",
            Self::GetCounts => "config:GetDiscoveredResourceCounts",
            Self::ListDiscovered => "config:ListDiscoveredResources",
            Self::Select => "config:SelectResourceConfig",
            Self::DescribeInstances => "ec2:DescribeInstances",
            Self::DescribeNetworkInterfaces => "ec2:DescribeNetworkInterfaces",
            Self::DescribeRegions => "ec2:DescribeRegions",
            Self::DescribeSecurityGroups => "ec2:DescribeSecurityGroups",
            Self::DescribeVolumes => "ec2:DescribeVolumes",
            Self::DescribeVpcs => "ec2:DescribeVpcs",
            Self::GetTagged => "tag:GetResources",
            Self::AggregatorSourcesStatus => "config:DescribeConfigurationAggregatorSourcesStatus",
            Self::AggregatorCounts => "config:GetAggregateDiscoveredResourceCounts",
            Self::AggregatorSelect => "config:SelectAggregateResourceConfig",
            Self::ListAccounts => "organizations:ListAccounts",
            Self::ListAccountsForParent => "organizations:ListAccountsForParent",
            Self::ListOrganizationalUnits => "organizations:ListOrganizationalUnitsForParent",
            Self::ListRoots => "organizations:ListRoots",
            Self::ListAccountTags => "organizations:ListTagsForResource",
            Self::AssumeRole => "sts:AssumeRole",
            Self::GetCallerIdentity => "sts:GetCallerIdentity",
        }
    }

    /// Gives the service's prefix in policies, such as `config`.
    pub fn service(self) -> &'static str {
        self.name().split(':').next().unwrap_or_default()
    }

    /// Gives the operation's name on the wire, such as `SelectResourceConfig`.
    pub fn operation(self) -> &'static str {
        self.name().rsplit(':').next().unwrap_or_default()
    }

    /// Tells whose credentials it is called with.
    pub const fn caller(self) -> Caller {
        match self {
            Self::BatchGet
            | Self::DescribeRecorders
            | Self::DescribeRecorderStatus
            | Self::GetCounts
            | Self::ListDiscovered
            | Self::Select
            | Self::DescribeInstances
            | Self::DescribeNetworkInterfaces
            | Self::DescribeRegions
            | Self::DescribeSecurityGroups
            | Self::DescribeVolumes
            | Self::DescribeVpcs
            | Self::GetTagged => Caller::Member,
            Self::AggregatorSourcesStatus
            | Self::AggregatorCounts
            | Self::AggregatorSelect
            | Self::ListAccounts
            | Self::ListAccountsForParent
            | Self::ListOrganizationalUnits
            | Self::ListRoots
            | Self::ListAccountTags
            | Self::AssumeRole
            | Self::GetCallerIdentity => Caller::Home,
        }
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
