//! Configuration items by key, by `BatchGetResourceConfig`: what Select does not serve.

use std::collections::BTreeSet;

use aws_sdk_config::operation::batch_get_resource_config::BatchGetResourceConfigError;
use aws_sdk_config::types::ResourceKey;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use bestand_model::coverage::Reason;
use bestand_model::identifiers::{ResourceId, ResourceType};
use serde::Deserialize;

use super::decode::Row;
use super::error::CallError;
use crate::action::Action;
use crate::region_client::RegionClient;

/// The most keys that one call takes.
pub(crate) const MAX_KEYS: usize = 100;

/// Gets the rows of up to a hundred ids of one type. Keys that AWS leaves unprocessed are asked for again.
///
/// # Errors
/// [`Reason::Truncated`] where asking again gets no further.
pub(crate) async fn get(
    region: &RegionClient,
    resource_type: &ResourceType,
    ids: &[ResourceId],
) -> Result<Vec<Row>, CallError> {
    let mut open: BTreeSet<String> = ids.iter().map(|id| id.as_str().to_owned()).collect();
    let mut rows = Vec::new();
    while !open.is_empty() {
        let keys = keys(resource_type, &open)?;
        let answer = region
            .batch_get_line
            .call(Action::BatchGet, || async {
                let request = region.config.batch_get_resource_config();
                read(request.set_resource_keys(Some(keys.clone())).send().await)
            })
            .await?;
        rows.extend(answer.rows);
        let unprocessed: BTreeSet<String> = answer
            .unprocessed
            .into_iter()
            .map(|key| key.resource_id)
            .filter(|id| open.contains(id))
            .collect();
        if unprocessed.len() >= open.len() {
            let detail = format!("{}: {} keys stay unprocessed", Action::BatchGet, unprocessed.len());
            return Err(CallError::nonsense(Reason::Truncated, detail));
        }
        open = unprocessed;
    }
    Ok(rows)
}

fn keys(resource_type: &ResourceType, ids: &BTreeSet<String>) -> Result<Vec<ResourceKey>, CallError> {
    let key = |id: &String| {
        ResourceKey::builder().resource_type(resource_type.as_str().into()).resource_id(id).build()
    };
    let keys = ids.iter().map(key).collect::<Result<_, _>>();
    keys.map_err(|error| CallError::nonsense(Reason::ServiceError, format!("{}: {error}", Action::BatchGet)))
}

/// An answer, as it stands on the wire.
#[derive(Deserialize)]
struct Answer {
    #[serde(default, rename = "baseConfigurationItems")]
    rows: Vec<Row>,
    #[serde(default, rename = "unprocessedResourceKeys")]
    unprocessed: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    #[serde(rename = "resourceId")]
    resource_id: String,
}

type Sent<T> = Result<T, SdkError<BatchGetResourceConfigError, HttpResponse>>;

/// Takes the SDK's reading of an answer, or reads it ourselves where the SDK cannot: endpoints that are not AWS's own
/// write times as text, over which the SDK gives the whole answer up.
#[expect(clippy::result_large_err, reason = "the error is the SDK's own, and lives for one line")]
fn read(
    sent: Sent<aws_sdk_config::operation::batch_get_resource_config::BatchGetResourceConfigOutput>,
) -> Sent<Answer> {
    match sent {
        Ok(answer) => Ok(Answer {
            rows: answer.base_configuration_items.unwrap_or_default().into_iter().map(Row::from).collect(),
            unprocessed: answer
                .unprocessed_resource_keys
                .unwrap_or_default()
                .into_iter()
                .map(|key| Key { resource_id: key.resource_id })
                .collect(),
        }),
        Err(error @ SdkError::ResponseError(_)) => {
            let body = error.raw_response().and_then(|answer| answer.body().bytes());
            body.and_then(|body| serde_json::from_slice(body).ok()).ok_or(error)
        }
        Err(error) => Err(error),
    }
}
