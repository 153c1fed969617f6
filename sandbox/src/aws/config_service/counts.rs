//! How many resources AWS Config has discovered, per type.

use super::{invalid_token, page_limit};
use crate::{
    aws::{Aws, answer::Answer, error::AwsError, token::Cursor},
    estate::{code::hash, kind::Kind},
};
use serde_json::{Value, json};

/// How many types may be asked for by name.
const MAX_TYPES: usize = 20;

impl Aws {
    pub(super) fn counts(&self, account: usize, region: usize, input: &Value) -> Result<Answer, AwsError> {
        let limit = page_limit(&input["limit"])?;
        let asked: Vec<&str> =
            input["resourceTypes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if asked.len() > MAX_TYPES {
            return Err(super::validation(format!(
                "{} types are asked for, at most {MAX_TYPES} are allowed",
                asked.len()
            )));
        }
        let mut counts: Vec<(Kind, u32)> = Kind::ALL
            .into_iter()
            .filter(|kind| asked.is_empty() || asked.contains(&kind.name()))
            .map(|kind| (kind, self.estate.counted(account, region, kind)))
            .filter(|(_, count)| *count > 0)
            .collect();
        // AWS Config gives the commonest types first.
        counts.sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), kind.name()));
        let total: u64 = counts.iter().map(|(_, count)| u64::from(*count)).sum();
        let listing = hash(&[account as u64, region as u64, limit as u64, asked.len() as u64, 310]);
        let cursor = match input["nextToken"].as_str().filter(|token| !token.is_empty()) {
            None => Cursor::default(),
            Some(token) => self.tokens.read(listing, token).ok_or_else(invalid_token)?,
        };
        let size = self.tokens.page_size(listing, cursor.page, limit);
        let from = (cursor.position as usize).min(counts.len());
        let until = (from + size).min(counts.len());
        let page = counts[from..until]
            .iter()
            .map(|(kind, count)| json!({"resourceType": kind.name(), "count": count}));
        let mut answer = json!({"totalDiscoveredResources": total, "resourceCounts": Vec::from_iter(page)});
        if until < counts.len() {
            let next = Cursor { position: until as u64, page: cursor.page + 1 };
            answer["nextToken"] = json!(self.tokens.write(listing, next));
        }
        Ok(Answer::json(answer.to_string()))
    }
}
