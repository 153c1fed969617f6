//! Where the source register differs from the estate, as a rule over places.
//!
//! The registered resources of an account are counted through; certain counts, a few in a hundred, are
//! differences. So every account has some of each kind, those with faults too, and nothing is stored.

use super::{
    Estate, Holding, Item,
    accounts::REGION_COUNT,
    code::hash,
    kind::{KIND_COUNT, Kind},
};

/// How the source register differs about a live resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Difference {
    /// It has no record.
    Unregistered,
    /// Its record names another instance type.
    Divergent,
    /// Its record says that it is retired.
    RetiredButLive,
    /// Two records speak of it.
    Duplicate,
}

/// What becomes of a registered resource by its count within the account.
enum Slot {
    Live(Difference),
    Gone,
    Planned,
    Withdrawn,
}

const PERIOD: u64 = 48;
const INSTANCE_PERIOD: u64 = 12;

fn slot(seed: u64, account: usize, count: u64) -> Option<Slot> {
    let shifted = count + hash(&[seed, account as u64, 3]) % PERIOD;
    let even = (shifted / PERIOD).is_multiple_of(2);
    match shifted % PERIOD {
        5 => Some(Slot::Live(Difference::Unregistered)),
        13 => Some(Slot::Live(Difference::RetiredButLive)),
        21 if even => Some(Slot::Live(Difference::Duplicate)),
        29 => Some(Slot::Gone),
        37 if even => Some(Slot::Planned),
        43 => Some(Slot::Withdrawn),
        _ => None,
    }
}

/// Counts an account's holdings through and gives them what is not live.
pub(crate) fn number(seed: u64, account: usize, holdings: &mut [Holding]) {
    let mut base = 0;
    let mut kind_bases = [0; KIND_COUNT];
    for region in 0..REGION_COUNT {
        for kind in Kind::ALL {
            let holding = &mut holdings[region * KIND_COUNT + kind.index()];
            holding.base = base;
            holding.kind_base = kind_bases[kind.index()];
            kind_bases[kind.index()] += holding.live;
            if kind.inventoried_only() {
                continue;
            }
            base += holding.live;
            for count in holding.base..base {
                match slot(seed, account, u64::from(count)) {
                    Some(Slot::Gone) => holding.gone += 1,
                    Some(Slot::Planned) => holding.planned += 1,
                    Some(Slot::Withdrawn) => holding.withdrawn += 1,
                    Some(Slot::Live(_)) | None => {}
                }
            }
        }
    }
}

impl Estate {
    /// How the source register differs about a live resource; `None`: it has one record that agrees, or is of
    /// a type that nobody registers.
    pub(crate) fn difference(&self, item: Item) -> Option<Difference> {
        if item.kind.inventoried_only() {
            return None;
        }
        let account = usize::from(item.account);
        let holding = self.holding(account, usize::from(item.region), item.kind);
        match slot(self.seed, account, u64::from(holding.base + item.number)) {
            Some(Slot::Live(difference)) => Some(difference),
            Some(Slot::Gone | Slot::Planned | Slot::Withdrawn) => None,
            None => {
                let count = u64::from(holding.kind_base + item.number) + account as u64 * 7;
                (item.kind == Kind::Instance && count.is_multiple_of(INSTANCE_PERIOD))
                    .then_some(Difference::Divergent)
            }
        }
    }
}
