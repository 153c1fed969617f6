//! Lists discovered resources of one type, deleted ones too where asked for.

use super::{invalid_token, page_limit, validation};
use crate::{
    aws::{Aws, answer::Answer, error::AwsError, token::Cursor},
    estate::{Item, code::hash, kind::Kind, placement::REPEATED},
    faults::Fault,
};
use serde_json::{Value, json};

/// How many resources may be asked for by id.
const MAX_IDS: usize = 20;
/// How many rows a page has whose token repeats.
const REPEATED_PAGE: usize = 1;

impl Aws {
    pub(super) fn list(&self, account: usize, region: usize, input: &Value) -> Result<Answer, AwsError> {
        let name = input["resourceType"].as_str().ok_or_else(|| validation("resourceType is missing"))?;
        let limit = page_limit(&input["limit"])?;
        let ids: Vec<&str> =
            input["resourceIds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if ids.len() > MAX_IDS {
            return Err(validation(format!(
                "{} ids are asked for, at most {MAX_IDS} are allowed",
                ids.len()
            )));
        }
        let wanted_name = input["resourceName"].as_str();
        if wanted_name.is_some() && !ids.is_empty() {
            return Err(validation("resourceName and resourceIds cannot be given together"));
        }
        self.require_recorder(account, region)?;
        let deleted = input["includeDeletedResources"].as_bool().unwrap_or(false);
        // An open type that the estate does not hold has no resources, which is no error.
        let Some(kind) = Kind::from_name(name) else {
            return Ok(Answer::json(json!({"resourceIdentifiers": []}).to_string()));
        };
        let mut items = self.listed(account, region, kind, &ids, deleted);
        if let Some(wanted) = wanted_name {
            items.retain(|item| self.estate.resource_name(*item).as_deref() == Some(wanted));
        }
        let listing = hash(&[
            account as u64,
            region as u64,
            kind.index() as u64,
            limit as u64,
            u64::from(deleted),
            320,
        ]);
        let cursor = match input["nextToken"].as_str().filter(|token| !token.is_empty()) {
            None => Cursor::default(),
            Some(token) => self.tokens.read(listing, token).ok_or_else(invalid_token)?,
        };
        let repeats = kind == REPEATED && self.estate.placement.hits(Fault::RepeatedToken, account, region);
        let size = match (repeats, ids.is_empty()) {
            (true, _) => REPEATED_PAGE.min(limit),
            (false, true) => self.tokens.page_size(listing, cursor.page, limit),
            // At most twenty: they come as one page.
            (false, false) => limit,
        };
        let from = (cursor.position as usize).min(items.len());
        let until = (from + size).min(items.len());
        let page: Vec<Value> = items[from..until].iter().map(|item| self.identifier(*item)).collect();
        let mut answer = json!({"resourceIdentifiers": page});
        if until < items.len() {
            let next = if repeats {
                Cursor { position: size as u64, page: 1 }
            } else {
                Cursor { position: until as u64, page: cursor.page + 1 }
            };
            answer["nextToken"] = json!(self.tokens.write(listing, next));
        }
        Ok(Answer::json(answer.to_string()))
    }

    /// Live resources and those that are discovered but not recorded; deleted ones that AWS Config saw go.
    fn listed(&self, account: usize, region: usize, kind: Kind, ids: &[&str], deleted: bool) -> Vec<Item> {
        let recorded = self.estate.recorded(account, region, kind);
        let rows: Vec<Item> = (0..recorded.rows()).map(|row| recorded.item(account, kind, row)).collect();
        let holding = self.estate.holding(account, recorded.home, kind);
        let first_gone = holding.live + holding.withdrawn;
        let gone = (holding.alive()..holding.live)
            .chain(first_gone..first_gone + holding.gone)
            .map(|number| Item { account: account as u16, region: recorded.home as u8, kind, number })
            .filter(|_| deleted && self.estate.placement.records(account, region, kind));
        let shown = |item: &Item| match self.estate.status(*item) {
            "OK" | "ResourceDiscovered" | "ResourceNotRecorded" => true,
            _ => deleted && self.estate.deletion_time(*item).is_some(),
        };
        let mut items: Vec<Item> = if ids.is_empty() {
            rows.into_iter().chain(gone).collect()
        } else {
            let found: Vec<Item> =
                ids.iter().flat_map(|id| self.estate.find(account, region, kind, id)).collect();
            rows.into_iter().chain(gone).filter(|item| found.contains(item)).collect()
        };
        items.retain(shown);
        items
    }

    fn identifier(&self, item: Item) -> Value {
        let mut identifier =
            json!({"resourceType": item.kind.name(), "resourceId": self.estate.resource_id(item)});
        if let Some(name) = self.estate.resource_name(item) {
            identifier["resourceName"] = json!(name);
        }
        if let Some(at) = self.estate.deletion_time(item) {
            identifier["resourceDeletionTime"] = json!(at as f64);
        }
        identifier
    }
}
