//! The organisation: its organisational units, which account lies in which, and the tags of accounts.

use super::{Estate, code::hash};

/// One organisational unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) name: &'static str,
    /// The place of its parent in [`UNITS`]; without one it lies below the root.
    pub(crate) parent: Option<usize>,
}

/// The organisation's id.
pub(crate) const ORGANIZATION: &str = "o-regiobus0001";
/// The id of its root.
pub(crate) const ROOT: &str = "r-rb01";
/// The name of its root, as AWS gives it.
pub(crate) const ROOT_NAME: &str = "Root";
/// The path of the unit that the settings leave out under `left_out`.
pub(crate) const LEFT_OUT_UNIT: &str = "Root/Labor";

/// Every organisational unit, parents first.
pub(crate) const UNITS: [Unit; 9] = [
    Unit { name: "Verkehr", parent: None },
    Unit { name: "Nord", parent: Some(0) },
    Unit { name: "Süd", parent: Some(0) },
    Unit { name: "Betriebshof", parent: Some(1) },
    Unit { name: "Verwaltung", parent: None },
    Unit { name: "Kasse", parent: Some(4) },
    Unit { name: "Labor", parent: None },
    Unit { name: "Fahrerlos", parent: Some(6) },
    Unit { name: "Stillgelegt", parent: None },
];
/// Below `Labor`: whoever leaves that out must look into the depth.
const LEFT_OUT: usize = 7;
/// Where suspended accounts go.
const CLOSED: usize = 8;
/// Where all others lie.
const OTHERS: [usize; 6] = [3, 1, 2, 0, 5, 4];

/// 2022-03-01, when nearly every account joined.
const JOINED: i64 = 1_646_092_800;
/// How long before the sandbox's start an onboarding account joined.
const ONBOARDING_SECONDS: i64 = 3600;

/// The id of a unit.
pub(crate) fn unit_id(unit: usize) -> String {
    format!("ou-rb01-{:08x}", hash(&[unit as u64, 210]) as u32)
}

/// The unit that has an id.
pub(crate) fn unit_of_id(id: &str) -> Option<usize> {
    (0..UNITS.len()).find(|unit| unit_id(*unit) == id)
}

/// The path of a unit from the root down; without a unit it is the root itself.
pub(crate) fn path(unit: Option<usize>) -> String {
    match unit {
        None => ROOT_NAME.to_owned(),
        Some(unit) => format!("{}/{}", path(UNITS[unit].parent), UNITS[unit].name),
    }
}

impl Estate {
    /// How many accounts the organisation has: the active ones and the suspended one, in this order.
    pub(crate) fn members(&self) -> usize {
        self.accounts.len() + usize::from(self.suspended.is_some())
    }

    /// The unit that an account of the organisation lies in; the management account lies in the root.
    pub(crate) fn unit(&self, member: usize) -> Option<usize> {
        if member == 0 || self.is_scripted() {
            None
        } else if member >= self.accounts.len() {
            Some(CLOSED)
        } else if self.placement.in_left_out_unit(member) {
            Some(LEFT_OUT)
        } else {
            Some(OTHERS[(hash(&[self.seed, member as u64, 211]) % OTHERS.len() as u64) as usize])
        }
    }

    /// When an account joined, in seconds since 1970.
    pub(crate) fn joined_at(&self, member: usize) -> i64 {
        let onboarding = self.placement.hits(crate::faults::Fault::Onboarding, member, 0);
        if onboarding { self.started - ONBOARDING_SECONDS } else { JOINED }
    }

    /// The tags of an account of the organisation.
    pub(crate) fn account_tags(&self, member: usize) -> [(&'static str, String); 2] {
        let fact = hash(&[self.seed, member as u64, 212]);
        let stage = match self.unit(member) {
            Some(LEFT_OUT) => "labor",
            _ => ["prod", "prod", "test", "abnahme"][(fact % 4) as usize],
        };
        [("stage", stage.to_owned()), ("kostenstelle", format!("KST-{}", 4000 + (fact >> 8) % 60))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_from_the_root_and_ids_lead_back() {
        assert_eq!(path(None), "Root");
        assert_eq!(path(Some(3)), "Root/Verkehr/Nord/Betriebshof");
        assert_eq!(path(UNITS[LEFT_OUT].parent), LEFT_OUT_UNIT);
        assert!((0..UNITS.len()).all(|unit| unit_of_id(&unit_id(unit)) == Some(unit)));
        assert_eq!(unit_of_id(ROOT), None);
    }
}
