//! What AWS Config knows of single resources, deleted ones too: the one place that dates a deletion.

use std::collections::BTreeMap;

use bestand_model::identifiers::{ResourceId, ResourceType};
use jiff::Timestamp;

use super::error::CallError;
use super::tokens::Tokens;
use crate::action::Action;
use crate::region_client::RegionClient;

/// The most ids that one call takes.
const MAX_IDS: usize = 20;

/// What AWS Config knows of a resource.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Known {
    /// It is there.
    There,
    /// It was deleted then.
    Deleted(Timestamp),
}

/// Looks resources up by id. An id that is missing in the answer is one that AWS Config never heard of.
pub(crate) async fn look_up(
    region: &RegionClient,
    resource_type: &ResourceType,
    ids: &[ResourceId],
) -> Result<BTreeMap<ResourceId, Known>, CallError> {
    let mut known: BTreeMap<ResourceId, Known> = BTreeMap::new();
    for some in ids.chunks(MAX_IDS) {
        let ids: Vec<String> = some.iter().map(|id| id.as_str().to_owned()).collect();
        let mut tokens = Tokens::default();
        while !tokens.ended() {
            let page = region
                .config_line
                .call(Action::ListDiscovered, || {
                    let request = region.config.list_discovered_resources();
                    request
                        .resource_type(resource_type.as_str().into())
                        .set_resource_ids(Some(ids.clone()))
                        .include_deleted_resources(true)
                        .set_next_token(tokens.next())
                        .send()
                })
                .await?;
            for listed in page.resource_identifiers.unwrap_or_default() {
                let Some(id) = listed.resource_id.map(ResourceId::new) else { continue };
                let deleted = listed.resource_deletion_time.map(|time| Timestamp::from_second(time.secs()));
                // A time that makes no sense proves nothing: then it counts as there.
                let found = match deleted {
                    Some(Ok(at)) => Known::Deleted(at),
                    Some(Err(_)) | None => Known::There,
                };
                let merged = known.get(&id).map_or(found, |before| before.and(found));
                known.insert(id, merged);
            }
            tokens.take(Action::ListDiscovered, page.next_token)?;
        }
    }
    Ok(known)
}

impl Known {
    /// Joins what is known of namesakes: one that is there outweighs any deletion, and of deletions the last counts.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Deleted(one), Self::Deleted(two)) => Self::Deleted(one.max(two)),
            (Self::There, _) | (_, Self::There) => Self::There,
        }
    }
}
