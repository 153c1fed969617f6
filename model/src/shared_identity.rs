//! Rows of the source register that name themselves alike: one asset id on several rows, one ARN in several accounts,
//! two ids that only look the same. Each may be right by itself; a person has to tell.
//!
//! Found in two readings: the first keeps eight bytes for each name, the second only what came twice.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use serde::{Deserialize, Serialize};
use unicode_security::skeleton;

use crate::arn::Arn;
use crate::asset_record::AssetRecord;
use crate::identifiers::{AccountId, AssetId};

/// The first reading: which names came more than once.
#[derive(Debug, Default)]
pub struct IdentityCensus {
    seen: HashSet<u64>,
    twice: HashSet<u64>,
    /// What the ids look like that are not written in plain letters. Plain ones cannot be told apart from each other
    /// by more than they are: `l` and `1` may both be meant.
    looks: BTreeSet<String>,
}

impl IdentityCensus {
    /// Notes a row.
    pub fn add(&mut self, record: &AssetRecord) {
        if let Some(id) = &record.asset_id {
            self.note(id);
            if !id.as_str().is_ascii() {
                self.looks.insert(look(id));
            }
        }
        if let Some(arn) = &record.arn {
            self.note(arn);
        }
    }

    fn note(&mut self, name: &impl Hash) {
        let hash = hash(name);
        if !self.seen.insert(hash) {
            self.twice.insert(hash);
        }
    }

    /// Tells whether a second reading can find anything.
    pub fn needs_a_second_look(&self) -> bool {
        !self.twice.is_empty() || !self.looks.is_empty()
    }
}

/// A row, as the evidence names it.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct RowName {
    /// What a person finds it by.
    pub row: String,
    /// Its asset id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<AssetId>,
    /// Its account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// Its ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<Arn>,
}

impl RowName {
    fn of(record: &AssetRecord) -> Self {
        Self {
            row: record.row_key.clone(),
            asset_id: record.asset_id.clone(),
            account_id: record.account_id.clone(),
            arn: record.arn.clone(),
        }
    }
}

/// A name that rows share, with the rows.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum SharedName {
    /// The same asset id.
    AssetId {
        /// The id.
        asset_id: AssetId,
        /// The rows.
        rows: Vec<RowName>,
    },
    /// The same ARN.
    Arn {
        /// The ARN.
        arn: Arn,
        /// The rows.
        rows: Vec<RowName>,
    },
    /// Asset ids that look the same.
    Look {
        /// What a person sees of them.
        look: String,
        /// The rows.
        rows: Vec<RowName>,
    },
}

/// The second reading: the rows that share a name.
#[derive(Clone, Debug, Default)]
pub struct SharedIdentities {
    by_asset_id: BTreeMap<AssetId, Vec<RowName>>,
    by_arn: BTreeMap<Arn, Vec<RowName>>,
    by_look: BTreeMap<String, Vec<RowName>>,
}

impl SharedIdentities {
    /// Notes a row of the second reading.
    pub fn add(&mut self, census: &IdentityCensus, record: &AssetRecord) {
        let came_twice = |hash| census.twice.contains(&hash);
        if let Some(id) = &record.asset_id {
            if came_twice(hash(id)) {
                self.by_asset_id.entry(id.clone()).or_default().push(RowName::of(record));
            }
            if !census.looks.is_empty() {
                let look = look(id);
                if census.looks.contains(&look) {
                    self.by_look.entry(look).or_default().push(RowName::of(record));
                }
            }
        }
        if let Some(arn) = record.arn.as_ref().filter(|arn| came_twice(hash(arn))) {
            self.by_arn.entry(arn.clone()).or_default().push(RowName::of(record));
        }
    }

    /// Puts the rows in order, whatever order they came in.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        let rows = self.by_asset_id.values_mut().chain(self.by_arn.values_mut());
        rows.chain(self.by_look.values_mut()).for_each(|rows| rows.sort());
        self
    }

    /// Gives what concerns these records, name by name: so it can be written down beside them.
    pub fn of_records<'r>(&self, records: impl IntoIterator<Item = &'r AssetRecord>) -> Vec<SharedName> {
        let mut names: BTreeSet<SharedName> = BTreeSet::new();
        for record in records {
            if let Some((id, rows)) =
                record.asset_id.as_ref().and_then(|id| self.by_asset_id.get_key_value(id))
            {
                names.insert(SharedName::AssetId { asset_id: id.clone(), rows: rows.clone() });
            }
            if let Some((arn, rows)) = record.arn.as_ref().and_then(|arn| self.by_arn.get_key_value(arn)) {
                names.insert(SharedName::Arn { arn: arn.clone(), rows: rows.clone() });
            }
            let id = record.asset_id.as_ref().filter(|_| !self.by_look.is_empty());
            if let Some((look, rows)) = id.and_then(|id| self.by_look.get_key_value(&look(id))) {
                names.insert(SharedName::Look { look: look.clone(), rows: rows.clone() });
            }
        }
        names.into_iter().collect()
    }

    /// Takes what was written down.
    pub fn take(&mut self, name: SharedName) {
        match name {
            SharedName::AssetId { asset_id, rows } => self.by_asset_id.insert(asset_id, rows),
            SharedName::Arn { arn, rows } => self.by_arn.insert(arn, rows),
            SharedName::Look { look, rows } => self.by_look.insert(look, rows),
        };
    }

    /// Gives all rows that carry the record's asset id, where there are several.
    pub fn of_asset_id(&self, record: &AssetRecord) -> Option<&[RowName]> {
        let rows = self.by_asset_id.get(record.asset_id.as_ref()?)?;
        (rows.len() > 1).then_some(rows)
    }

    /// Gives all rows that carry the record's ARN, where they name several accounts. Within one account they claim
    /// the same resource, which is a `duplicate`.
    pub fn of_arn(&self, record: &AssetRecord) -> Option<&[RowName]> {
        let rows = self.by_arn.get(record.arn.as_ref()?)?;
        let accounts: BTreeSet<_> = rows.iter().filter_map(|row| row.account_id.as_ref()).collect();
        (accounts.len() > 1).then_some(rows)
    }

    /// Gives the rows whose asset id only looks like the record's.
    pub fn alike(&self, record: &AssetRecord) -> Vec<&RowName> {
        let Some(id) = record.asset_id.as_ref().filter(|_| !self.by_look.is_empty()) else {
            return Vec::new();
        };
        let rows = self.by_look.get(&look(id)).into_iter().flatten();
        rows.filter(|row| row.asset_id.as_ref() != Some(id)).collect()
    }
}

/// What a person sees of an id, by UTS 39.
fn look(id: &AssetId) -> String {
    skeleton(id.as_str()).collect()
}

/// Two names that share a hash are only looked at twice.
fn hash(name: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset_record::Lifecycle;

    fn record(asset_id: &str, account: Option<&str>, arn: Option<&str>) -> AssetRecord {
        AssetRecord {
            row_key: asset_id.into(),
            aws: true,
            asset_id: Some(asset_id.into()),
            arn: arn.map(|arn| arn.parse().unwrap()),
            resource_id: None,
            account_id: account.map(|account| account.parse().unwrap()),
            region: None,
            resource_type: None,
            lifecycle: Lifecycle::Active,
            attributes: BTreeMap::new(),
        }
    }

    fn found(records: &[AssetRecord]) -> SharedIdentities {
        let mut census = IdentityCensus::default();
        records.iter().for_each(|record| census.add(record));
        let mut shared = SharedIdentities::default();
        if census.needs_a_second_look() {
            records.iter().for_each(|record| shared.add(&census, record));
        }
        shared.sorted()
    }

    #[test]
    fn one_asset_id_on_two_rows_is_shared_wherever_they_are() {
        let rows =
            [record("A", Some("111111111111"), None), record("A", None, None), record("B", None, None)];
        let shared = found(&rows);
        assert_eq!(shared.of_asset_id(&rows[0]).map(<[_]>::len), Some(2));
        assert_eq!(shared.of_asset_id(&rows[2]), None);
    }

    #[test]
    fn one_arn_in_two_accounts_is_shared_and_in_one_account_it_is_not() {
        let arn = Some("arn:aws:s3:::fahrplan");
        let here = record("A", Some("111111111111"), arn);
        let there = record("B", Some("222222222222"), arn);
        let again = record("C", Some("111111111111"), arn);
        assert_eq!(found(&[here.clone(), again]).of_arn(&here), None);
        assert_eq!(found(&[here.clone(), there]).of_arn(&here).map(<[_]>::len), Some(2));
    }

    #[test]
    fn ids_that_only_look_alike_are_told() {
        // The second one begins with a Cyrillic letter.
        let rows = [record("A-7", None, None), record("\u{410}-7", None, None), record("A-1", None, None)];
        let shared = found(&rows);
        assert_eq!(shared.alike(&rows[0]).len(), 1);
        assert_eq!(shared.alike(&rows[1]).len(), 1);
        assert_eq!(shared.alike(&rows[2]).len(), 0);
        assert!(found(&[record("l", None, None), record("1", None, None)]).alike(&rows[0]).is_empty());
    }

    #[test]
    fn an_estate_of_plain_and_different_names_needs_no_second_look() {
        let mut census = IdentityCensus::default();
        [record("A", None, None), record("B", None, None)].iter().for_each(|record| census.add(record));
        assert!(!census.needs_a_second_look());
    }
}
