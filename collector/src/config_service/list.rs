//! Pages of `ListDiscoveredResources`: the ids of one type, recorded or not.

use bestand_model::identifiers::{ResourceId, ResourceType};

use super::error::CallError;
use super::tokens::Tokens;
use crate::action::Action;
use crate::region_client::RegionClient;

/// The largest page.
const PAGE_SIZE: i32 = 100;

/// Gives the next page of ids. It lists also what is discovered and not recorded, but nothing deleted.
pub(crate) async fn page(
    region: &RegionClient,
    resource_type: &ResourceType,
    tokens: &mut Tokens,
) -> Result<Vec<ResourceId>, CallError> {
    let page = region
        .config_line
        .call(Action::ListDiscovered, || {
            let request = region.config.list_discovered_resources();
            request
                .resource_type(resource_type.as_str().into())
                .limit(PAGE_SIZE)
                .set_next_token(tokens.next())
                .send()
        })
        .await?;
    tokens.take(Action::ListDiscovered, page.next_token)?;
    let ids = page.resource_identifiers.unwrap_or_default().into_iter();
    Ok(ids.filter_map(|listed| listed.resource_id).filter(|id| !id.is_empty()).map(ResourceId::new).collect())
}
