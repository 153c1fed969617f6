//! Where a record and the live resource do not say the same.

use serde_json::Value;

use crate::attribute::{self, is_blank, is_technical, looks_alike};
use crate::authority::{Authority, Values};
use crate::identifiers::Region;
use crate::provenance::Provenance;

/// One attribute on which record and live item disagree.
pub(super) struct Divergence<'a> {
    pub(super) attribute: &'a str,
    /// Each in its own words.
    pub(super) live: &'a Value,
    pub(super) registered: &'a Value,
    /// Who speaks for the live resource: AWS Config or a tag.
    pub(super) live_source: &'a Provenance,
    /// What they are called in the central register.
    pub(super) live_called: &'a Value,
    pub(super) registered_called: &'a Value,
    /// A reader would take one for the other.
    pub(super) looks_alike: bool,
}

/// Compares what both sides report, each in the central register's words. An empty cell is no claim, and where AWS
/// Config has no name, a record's name contradicts nothing. A value that its map does not have is a finding of its
/// own, and cannot be compared.
pub(super) fn divergences<'a>(
    authority: Authority<'a>,
    live: &'a Values,
    registered: &'a Values,
) -> Vec<Divergence<'a>> {
    let global = live.get(attribute::REGION).and_then(Value::as_str) == Some(Region::GLOBAL);
    registered
        .iter()
        .filter(|(name, value)| !(is_blank(value) || global && *name == attribute::REGION))
        .filter_map(|(name, registered)| {
            let spoken = authority.live_word(name, live)?;
            let live_called = spoken.value?;
            let registered_called = authority.registered_word(name, registered)?;
            let silent = is_blank(spoken.raw) && !is_technical(name);
            if silent || authority.same(name, live_called, registered_called) {
                return None;
            }
            Some(Divergence {
                attribute: name,
                live: spoken.raw,
                registered,
                live_source: spoken.source,
                live_called,
                registered_called,
                looks_alike: looks_alike(spoken.raw, registered),
            })
        })
        .collect()
}
