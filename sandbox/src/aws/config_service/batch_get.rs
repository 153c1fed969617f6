//! Configuration items by key: `configuration` as a string, no tags, some keys to be asked again.

use super::validation;
use crate::{
    aws::{Aws, answer::Answer, error::AwsError},
    estate::{Item, code::hash_text, kind::Kind, placement::UNPROCESSED},
    faults::Fault,
};
use serde_json::{Value, json};

const MAX_KEYS: usize = 100;
/// Of so many keys about one is left unprocessed in a batch; never the first, so that asking again gets on.
const UNPROCESSED_PERIOD: u64 = 12;

impl Aws {
    pub(super) fn batch_get(&self, account: usize, region: usize, input: &Value) -> Result<Answer, AwsError> {
        let keys = input["resourceKeys"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !(1..=MAX_KEYS).contains(&keys.len()) {
            return Err(validation(format!("{} keys are given, 1 to {MAX_KEYS} are allowed", keys.len())));
        }
        self.require_recorder(account, region)?;
        let (mut items, mut unprocessed) = (Vec::new(), Vec::new());
        for (at, key) in keys.iter().enumerate() {
            let (Some(name), Some(id)) = (key["resourceType"].as_str(), key["resourceId"].as_str()) else {
                return Err(validation("a key lacks its type or its id"));
            };
            if self.never_processed(account, region, name, id)
                || at > 0 && hash_text(self.estate.seed, id).is_multiple_of(UNPROCESSED_PERIOD)
            {
                unprocessed.push(json!({"resourceType": name, "resourceId": id}));
                continue;
            }
            let Some(kind) = Kind::from_name(name) else { continue };
            let recorded = self.estate.recorded(account, region, kind);
            let found = self.estate.find(account, region, kind, id);
            // Where several share the id AWS Config gives one.
            let first = found.into_iter().find(|item| item.number < recorded.live);
            items.extend(first.map(|item| self.base_item(item)));
        }
        let answer = json!({"baseConfigurationItems": items, "unprocessedResourceKeys": unprocessed});
        Ok(Answer::json(answer.to_string()))
    }

    /// Under `unprocessed_keys` every second resource of one type never comes, however often it is asked for.
    fn never_processed(&self, account: usize, region: usize, name: &str, id: &str) -> bool {
        name == UNPROCESSED.name()
            && self.estate.placement.hits(Fault::UnprocessedKeys, account, region)
            && self
                .estate
                .find(account, region, UNPROCESSED, id)
                .iter()
                .any(|item| item.number.is_multiple_of(2))
    }

    fn base_item(&self, item: Item) -> Value {
        let estate = &self.estate;
        let mut row = json!({
            "configurationItemCaptureTime": estate.captured_at(item) as f64,
            "resourceCreationTime": estate.created_at(item) as f64,
            "configuration": estate.configuration(item, None).to_string(),
            "supplementaryConfiguration": {},
            "recordingFrequency": "CONTINUOUS",
        });
        for property in [
            "version",
            "accountId",
            "configurationItemStatus",
            "configurationStateId",
            "arn",
            "resourceType",
            "resourceId",
            "resourceName",
            "awsRegion",
            "availabilityZone",
        ] {
            if let Some(value) = estate.scalar(item, property) {
                row[property] = value;
            }
        }
        if let Value::Object(parts) = estate.supplementary_configuration(item) {
            // A map of strings: each part is JSON within JSON.
            let parts = parts.into_iter().map(|(name, part)| (name, Value::String(part.to_string())));
            row["supplementaryConfiguration"] = Value::Object(parts.collect());
        }
        row
    }
}
