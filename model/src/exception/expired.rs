//! An exception whose time is over is a finding itself: what it hid counts again, and somebody has to decide.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::{ExceptionState, ExceptionUse};
use crate::finding::{Finding, FindingKind};

impl ExceptionUse {
    /// Makes the finding of an exception whose time is over, if it is. `before` has the first sighting of those that
    /// earlier runs found.
    pub fn expired(&self, before: &BTreeMap<String, Timestamp>, now: Timestamp) -> Option<Finding> {
        if self.state != ExceptionState::Expired {
            return None;
        }
        let kind = FindingKind::ExceptionExpired;
        // By what it names: its place moves when another one is taken out, and its reason may be reworded.
        let finding_id = Finding::id(kind, &self.names, None);
        let since = before.get(&finding_id).copied().unwrap_or(now);
        Some(Finding {
            name: Some(format!("exceptions.{}", self.index)),
            owner: Some(self.owner.clone()),
            since: Some(since),
            evidence: BTreeMap::from([
                ("index".to_owned(), json!(self.index)),
                ("names".to_owned(), json!(self.names)),
                ("because".to_owned(), json!(self.because)),
                ("owner".to_owned(), json!(self.owner)),
                ("until".to_owned(), json!(self.until)),
                ("findings".to_owned(), json!(self.findings)),
            ]),
            ..Finding::new(kind, finding_id)
        })
    }
}
