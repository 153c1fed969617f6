//! Pages of EC2's describe calls, reduced to the ids of what the account itself owns.

use std::collections::HashSet;

use aws_sdk_ec2::types::{Filter, InstanceStateName, VolumeState};
use bestand_model::identifiers::{AccountId, ResourceId};

use super::Kind;
use crate::config_service::error::CallError;
use crate::config_service::tokens::Tokens;
use crate::region_client::RegionClient;

/// The largest page.
const PAGE_SIZE: i32 = 1000;
/// The smallest page.
const SMALLEST_PAGE: i32 = 5;
/// The most values of one filter.
const MAX_FILTER_VALUES: usize = 200;

/// Gives every resource of a kind.
pub(super) async fn all(
    region: &RegionClient,
    account_id: &AccountId,
    kind: Kind,
) -> Result<HashSet<ResourceId>, CallError> {
    pages(region, account_id, kind, None).await
}

/// Gives those of some resources that are there.
pub(super) async fn some(
    region: &RegionClient,
    account_id: &AccountId,
    kind: Kind,
    ids: &[ResourceId],
) -> Result<HashSet<ResourceId>, CallError> {
    let mut found = HashSet::new();
    for some in ids.chunks(MAX_FILTER_VALUES) {
        let values = some.iter().map(|id| id.as_str().to_owned()).collect();
        let filter = Filter::builder().name(kind.filter()).set_values(Some(values)).build();
        found.extend(pages(region, account_id, kind, Some(vec![filter])).await?);
    }
    Ok(found)
}

/// Asks for as little as can be asked for: whether the call is let through.
pub(super) async fn probe(region: &RegionClient, kind: Kind) -> Result<(), CallError> {
    page(region, kind, None, None, SMALLEST_PAGE).await.map(|_| ())
}

async fn pages(
    region: &RegionClient,
    account_id: &AccountId,
    kind: Kind,
    filters: Option<Vec<Filter>>,
) -> Result<HashSet<ResourceId>, CallError> {
    let mut found = HashSet::new();
    let mut tokens = Tokens::default();
    while !tokens.ended() {
        let page = page(region, kind, filters.clone(), tokens.next(), PAGE_SIZE).await?;
        tokens.take(kind.action(), page.next)?;
        let ours = page.listed.into_iter().filter(|listed| listed.is_ours(account_id));
        found.extend(ours.filter_map(|listed| listed.id).map(ResourceId::new));
    }
    Ok(found)
}

struct Page {
    listed: Vec<Listed>,
    next: Option<String>,
}

struct Listed {
    id: Option<String>,
    owner: Option<String>,
    gone: bool,
}

impl Listed {
    /// Shared VPCs and what lies in them carry another owner; what is being deleted is no proof of life.
    fn is_ours(&self, account_id: &AccountId) -> bool {
        !self.gone && self.owner.as_deref().is_none_or(|owner| owner == account_id.as_str())
    }
}

/// The five calls differ in name and shape only.
macro_rules! describe {
    ($region:expr, $kind:expr, $filters:expr, $token:expr, $size:expr, $call:ident, |$page:ident| $listed:expr) => {{
        let $page = $region
            .ec2_line
            .call($kind.action(), || {
                let request = $region.ec2.$call().max_results($size);
                request.set_filters($filters.clone()).set_next_token($token.clone()).send()
            })
            .await?;
        Page { next: $page.next_token().map(str::to_owned), listed: $listed }
    }};
}

async fn page(
    region: &RegionClient,
    kind: Kind,
    filters: Option<Vec<Filter>>,
    token: Option<String>,
    size: i32,
) -> Result<Page, CallError> {
    let listed = |id: Option<&str>, owner: Option<&str>, gone| Listed {
        id: id.map(str::to_owned),
        owner: owner.map(str::to_owned),
        gone,
    };
    Ok(match kind {
        Kind::Instance => describe!(region, kind, filters, token, size, describe_instances, |page| {
            let reservations = page.reservations().iter();
            let instances = reservations.flat_map(|reservation| {
                reservation.instances().iter().map(|instance| (reservation.owner_id(), instance))
            });
            instances
                .map(|(owner, instance)| {
                    let state = instance.state().and_then(|state| state.name());
                    let gone = matches!(
                        state,
                        Some(InstanceStateName::Terminated | InstanceStateName::ShuttingDown)
                    );
                    listed(instance.instance_id(), owner, gone)
                })
                .collect()
        }),
        Kind::NetworkInterface => {
            describe!(region, kind, filters, token, size, describe_network_interfaces, |page| page
                .network_interfaces()
                .iter()
                .map(|of| listed(of.network_interface_id(), of.owner_id(), false))
                .collect())
        }
        Kind::SecurityGroup => {
            describe!(region, kind, filters, token, size, describe_security_groups, |page| page
                .security_groups()
                .iter()
                .map(|of| listed(of.group_id(), of.owner_id(), false))
                .collect())
        }
        Kind::Volume => describe!(region, kind, filters, token, size, describe_volumes, |page| page
            .volumes()
            .iter()
            .map(|of| {
                let gone = matches!(of.state(), Some(VolumeState::Deleting | VolumeState::Deleted));
                listed(of.volume_id(), of.owner_id(), gone)
            })
            .collect()),
        Kind::Vpc => describe!(region, kind, filters, token, size, describe_vpcs, |page| page
            .vpcs()
            .iter()
            .map(|of| listed(of.vpc_id(), of.owner_id(), false))
            .collect()),
    })
}
