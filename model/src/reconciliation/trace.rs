//! Which of the input's records and items each asset consists of. The result names them, and two rows may share a
//! name; whoever wants to tell them apart has a trace written besides.

use std::collections::HashMap;

use super::AccountInput;
use crate::asset::AssetKey;
use crate::asset_record::AssetRecord;
use crate::configuration_item::ConfigurationItem;

/// The parties of every asset, by their place in the input.
#[derive(Debug, Default)]
pub struct Trace {
    records: HashMap<*const AssetRecord, usize>,
    items: HashMap<*const ConfigurationItem, usize>,
    parties: HashMap<AssetKey, Vec<Traced>>,
}

/// The parties of one asset.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Traced {
    /// Indices of records.
    pub records: Vec<usize>,
    /// Indices of items.
    pub items: Vec<usize>,
}

impl Trace {
    pub(super) fn new(input: &AccountInput<'_>) -> Self {
        let records = input.records.iter().enumerate();
        let items = input.inventory.items.iter().enumerate();
        Self {
            records: records.map(|(index, record)| (std::ptr::from_ref(record), index)).collect(),
            items: items.map(|(index, item)| (std::ptr::from_ref(item), index)).collect(),
            parties: HashMap::new(),
        }
    }

    pub(super) fn note<'p>(
        &mut self,
        asset_key: AssetKey,
        records: impl IntoIterator<Item = &'p AssetRecord>,
        items: impl IntoIterator<Item = &'p ConfigurationItem>,
    ) {
        let records = records.into_iter().filter_map(|record| self.records.get(&std::ptr::from_ref(record)));
        let items = items.into_iter().filter_map(|item| self.items.get(&std::ptr::from_ref(item)));
        let traced = Traced { records: records.copied().collect(), items: items.copied().collect() };
        self.parties.entry(asset_key).or_default().push(traced);
    }

    /// Gives the parties of the assets with that key: one asset, but where two claim the same key.
    pub fn of(&self, asset_key: AssetKey) -> &[Traced] {
        self.parties.get(&asset_key).map_or(&[], Vec::as_slice)
    }
}
