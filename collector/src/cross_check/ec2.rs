//! EC2's own answer to what there is: five types that map one to one to types of AWS Config.

mod describe;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bestand_model::coverage::CrossCheck;
use bestand_model::identifiers::{AccountId, ResourceId, ResourceType};
use futures::future::try_join_all;

use crate::action::Action;
use crate::config_service::error::CallError;
use crate::region_client::RegionClient;

/// What EC2 has a describe call for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    Instance,
    NetworkInterface,
    SecurityGroup,
    Volume,
    Vpc,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] =
        [Self::Instance, Self::NetworkInterface, Self::SecurityGroup, Self::Volume, Self::Vpc];

    /// Gives the kind of a type, where EC2 can be asked for it.
    pub(crate) fn of(resource_type: &ResourceType) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.type_name() == resource_type.as_str())
    }

    const fn type_name(self) -> &'static str {
        match self {
            Self::Instance => "AWS::EC2::Instance",
            Self::NetworkInterface => "AWS::EC2::NetworkInterface",
            Self::SecurityGroup => "AWS::EC2::SecurityGroup",
            Self::Volume => "AWS::EC2::Volume",
            Self::Vpc => "AWS::EC2::VPC",
        }
    }

    /// Gives the describe call.
    pub(crate) const fn action(self) -> Action {
        match self {
            Self::Instance => Action::DescribeInstances,
            Self::NetworkInterface => Action::DescribeNetworkInterfaces,
            Self::SecurityGroup => Action::DescribeSecurityGroups,
            Self::Volume => Action::DescribeVolumes,
            Self::Vpc => Action::DescribeVpcs,
        }
    }

    /// Gives the filter by id: unlike a list of ids it does not fail over one that is gone.
    const fn filter(self) -> &'static str {
        match self {
            Self::Instance => "instance-id",
            Self::NetworkInterface => "network-interface-id",
            Self::SecurityGroup => "group-id",
            Self::Volume => "volume-id",
            Self::Vpc => "vpc-id",
        }
    }
}

/// What EC2 has in a region, ticked off as AWS Config's rows come in.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    by_type: BTreeMap<ResourceType, Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// What EC2 has, and whether a row of AWS Config spoke of it.
    found: HashMap<ResourceId, bool>,
    /// What only AWS Config has.
    phantoms: HashSet<ResourceId>,
}

impl Seen {
    fn open(&self) -> impl Iterator<Item = &ResourceId> {
        self.found.iter().filter(|(_, ticked)| !**ticked).map(|(id, _)| id)
    }
}

impl Sightings {
    /// Asks EC2 for all five types, side by side.
    pub(crate) async fn read(region: &RegionClient, account_id: &AccountId) -> Result<Self, CallError> {
        let asked = Kind::ALL.map(|kind| async move {
            let ids = describe::all(region, account_id, kind).await?;
            Ok::<_, CallError>((kind, ids))
        });
        let mut by_type = BTreeMap::new();
        for (kind, ids) in try_join_all(asked).await? {
            let found = ids.into_iter().map(|id| (id, false)).collect();
            by_type.insert(ResourceType::from(kind.type_name()), Seen { found, ..Seen::default() });
        }
        Ok(Self { by_type })
    }

    /// Keeps the types for which AWS Config could have it all.
    pub(crate) fn retain(&mut self, keep: impl Fn(&ResourceType) -> bool) {
        self.by_type.retain(|of, _| keep(of));
    }

    /// Takes note that AWS Config has a resource.
    pub(crate) fn tick(&mut self, resource_type: &ResourceType, id: &ResourceId) {
        let Some(seen) = self.by_type.get_mut(resource_type) else { return };
        match seen.found.get_mut(id) {
            Some(ticked) => *ticked = true,
            None if seen.phantoms.contains(id) => {}
            None => {
                seen.phantoms.insert(id.clone());
            }
        }
    }

    /// Gives what AWS Config has not spoken of, by type.
    pub(crate) fn open(&self) -> BTreeMap<ResourceType, BTreeSet<ResourceId>> {
        let open = self.by_type.iter().map(|(of, seen)| (of.clone(), seen.open().cloned().collect()));
        open.filter(|(_, ids): &(_, BTreeSet<_>)| !ids.is_empty()).collect()
    }

    /// Forgets a resource that turned out to be gone from EC2 as well.
    pub(crate) fn forget(&mut self, resource_type: &ResourceType, id: &ResourceId) {
        if let Some(seen) = self.by_type.get_mut(resource_type) {
            seen.found.remove(id);
        }
    }

    /// Gives the figures by type.
    pub(crate) fn figures(&self) -> BTreeMap<ResourceType, CrossCheck> {
        let figures = |seen: &Seen| CrossCheck {
            found: seen.found.len() as u64,
            unrecorded: seen.open().count() as u64,
            phantom: seen.phantoms.len() as u64,
        };
        self.by_type.iter().map(|(of, seen)| (of.clone(), figures(seen))).collect()
    }
}

/// Tells which of some resources EC2 has now.
pub(crate) async fn confirm(
    region: &RegionClient,
    account_id: &AccountId,
    kind: Kind,
    ids: &[ResourceId],
) -> Result<HashSet<ResourceId>, CallError> {
    describe::some(region, account_id, kind, ids).await
}

/// Asks EC2 for as little as can be asked for: whether the call is let through.
pub(crate) async fn probe(region: &RegionClient, kind: Kind) -> Result<(), CallError> {
    describe::probe(region, kind).await
}
