//! The Tagging API: an ARN that it names is a hint. It names deleted resources for a while, and misses what was
//! never tagged.

use std::collections::BTreeSet;

use bestand_model::arn::Arn;

use crate::action::Action;
use crate::config_service::error::CallError;
use crate::region_client::RegionClient;

/// The most ARNs that one call takes.
const MAX_ARNS: usize = 100;

/// Tells which of some ARNs the Tagging API names.
pub(crate) async fn named(region: &RegionClient, arns: &[Arn]) -> Result<BTreeSet<Arn>, CallError> {
    let mut named = BTreeSet::new();
    for some in arns.chunks(MAX_ARNS) {
        let list: Vec<String> = some.iter().map(|arn| arn.as_str().to_owned()).collect();
        let answer = region
            .tagging_line
            .call(Action::GetTagged, || {
                region.tagging.get_resources().set_resource_arn_list(Some(list.clone())).send()
            })
            .await?;
        let arns = answer.resource_tag_mapping_list().iter().filter_map(|mapping| mapping.resource_arn());
        named.extend(arns.filter_map(|arn| arn.parse::<Arn>().ok()));
    }
    Ok(named)
}
