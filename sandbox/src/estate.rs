//! The estate: what every account really holds, derived from a seed.
//!
//! Only the number of resources per account, region and type is kept. Ids, names and properties of a resource
//! are computed from its place when somebody asks ([`code`]), so memory does not grow with the estate.

pub(crate) mod accounts;
pub(crate) mod code;
pub(crate) mod configuration;
pub(crate) mod identity;
pub(crate) mod kind;
pub(crate) mod organisation;
pub(crate) mod placement;
pub(crate) mod planted;
pub(crate) mod properties;
pub(crate) mod recorder;
pub(crate) mod relations;
pub(crate) mod script;

use crate::{clock, options::SandboxOptions};
use accounts::{Account, REGION_COUNT, account};
use code::hash;
use kind::{KIND_COUNT, Kind};
use placement::Placement;
use script::Script;

/// The place of one resource: account, region, type and number within them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Item {
    pub(crate) account: u16,
    /// The index of its region; a global resource has the home region's, 0.
    pub(crate) region: u8,
    pub(crate) kind: Kind,
    pub(crate) number: u32,
}

/// How many resources a type has in an account and region, and where they stand in the account.
///
/// Numbers are given out in this order: live, withdrawn, gone, planned.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Holding {
    /// Resources that exist, those among them that were deleted just now included.
    pub(crate) live: u32,
    /// How many of the live ones, the last of them, were deleted just before the sandbox started.
    pub(crate) deleted: u32,
    /// Rows that AWS Config still serves of resources that it does not hold for live.
    pub(crate) withdrawn: u32,
    /// Resources that were deleted; the source register still believes in them.
    pub(crate) gone: u32,
    /// Resources that the source register plans and nobody has made yet.
    pub(crate) planned: u32,
    /// How many registered resources the account holds before this one's.
    pub(crate) base: u32,
    /// How many resources of this type the account holds before this one's.
    pub(crate) kind_base: u32,
}

impl Holding {
    /// How many resources are alive now; they come first.
    pub(crate) const fn alive(&self) -> u32 {
        self.live - self.deleted
    }
}

/// What every account holds.
#[derive(Debug)]
pub(crate) struct Estate {
    pub(crate) seed: u64,
    pub(crate) accounts: Vec<Account>,
    /// An account that the organisation still lists and nobody can enter.
    pub(crate) suspended: Option<Account>,
    /// An account that has left the organisation: the aggregator keeps its rows for a while, and a record still
    /// speaks of it.
    pub(crate) departed: Option<Account>,
    pub(crate) placement: Placement,
    /// When the estate was looked at first, in seconds since 1970.
    pub(crate) started: i64,
    /// `[account][region][kind]`, flat.
    holdings: Vec<Holding>,
    /// What is written down of every resource, where the estate is not derived.
    script: Option<Script>,
}

/// From this many accounts up there are a suspended one and one that has left, and records of what nobody can see:
/// a smaller estate can be seen as a whole.
const STRANGE_FROM: usize = 12;
/// From this many resources up what a fault needs is there in any case.
const ALWAYS_THERE_FROM: u64 = 1000;
/// What the departed account left behind.
const LEFT_BEHIND: [(Kind, u32); 4] =
    [(Kind::Instance, 4), (Kind::Volume, 4), (Kind::Bucket, 2), (Kind::Role, 2)];
/// A scope loses one of its registered resources under `deletions` if it has this many.
const DELETED_FROM: u32 = 8;

impl Estate {
    /// Derives the estate.
    pub(crate) fn new(options: &SandboxOptions) -> Self {
        let count = options.accounts.max(1);
        let seed = options.seed;
        let strange = count >= STRANGE_FROM;
        let placement = Placement::new(seed, count, &options.faults);
        let mut holdings = holdings(seed, count, options.resources as u64, &placement);
        if strange {
            let of = |kind| LEFT_BEHIND.iter().find(|(left, _)| *left == kind).map_or(0, |(_, live)| *live);
            let home = Kind::ALL.into_iter().map(|kind| Holding { live: of(kind), ..Holding::default() });
            let elsewhere = (REGION_COUNT - 1) * KIND_COUNT;
            holdings.extend(home.chain((0..elsewhere).map(|_| Holding::default())));
        }
        let mut estate = Self {
            seed,
            accounts: (0..count).map(|at| account(seed, at)).collect(),
            suspended: strange.then(|| account(seed, count)),
            departed: strange.then(|| account(seed, count + 1)),
            placement,
            started: clock::now(options.clock_ahead).as_second(),
            holdings,
            script: None,
        };
        if options.faults.deletions {
            estate.delete();
        }
        estate
    }

    /// Deletes the last resource of every scope that has enough of them, where its one record agrees with it.
    fn delete(&mut self) {
        let agrees = |(account, region, kind): &(usize, usize, Kind)| {
            let live = self.holding(*account, *region, *kind).live;
            let number = live.saturating_sub(1);
            let last = Item { account: *account as u16, region: *region as u8, kind: *kind, number };
            live >= DELETED_FROM && !kind.inventoried_only() && self.difference(last).is_none()
        };
        let scopes: Vec<_> = self.scopes().filter(agrees).collect();
        for (account, region, kind) in scopes {
            self.holdings[(account * REGION_COUNT + region) * KIND_COUNT + kind.index()].deleted = 1;
        }
    }

    /// An account by its index; the departed one has the index after the last.
    pub(crate) fn account(&self, index: usize) -> &Account {
        let departed = self.departed.as_ref().filter(|_| index == self.accounts.len());
        departed.unwrap_or_else(|| &self.accounts[index])
    }

    /// The index of the account that has left, if there is one.
    pub(crate) fn departed_index(&self) -> Option<usize> {
        self.departed.as_ref().map(|_| self.accounts.len())
    }

    /// What an account holds of a type in a region.
    pub(crate) fn holding(&self, account: usize, region: usize, kind: Kind) -> &Holding {
        &self.holdings[(account * REGION_COUNT + region) * KIND_COUNT + kind.index()]
    }

    /// A fact about a resource: a hash of its place and a salt.
    pub(crate) fn fact(&self, item: Item, salt: u64) -> u64 {
        let place =
            u64::from(item.account) << 48 | u64::from(item.region) << 44 | (item.kind.index() as u64) << 36;
        hash(&[self.seed, place | u64::from(item.number), salt])
    }

    /// The index of an account by its twelve digits.
    pub(crate) fn account_index(&self, id: &str) -> Option<usize> {
        self.accounts.iter().position(|account| account.id == id)
    }

    /// Whether a record names a region that the account has not enabled.
    pub(crate) fn names_disabled_region(&self, account: usize) -> bool {
        account == 0 && self.departed.is_some()
    }

    /// Whether a resource of this account, region, type and id is alive; `global` is the region of IAM.
    pub(crate) fn is_live(&self, account_id: &str, region: &str, resource_type: &str, id: &str) -> bool {
        let (Some(account), Some(kind)) = (self.account_index(account_id), Kind::from_name(resource_type))
        else {
            return false;
        };
        let region = if kind.global() { Some(0) } else { accounts::region_index(region) };
        region.is_some_and(|region| {
            let alive = self.holding(account, region, kind).alive();
            self.find(account, region, kind, id).iter().any(|item| item.number < alive)
        })
    }

    /// Every account, region and type that can hold something: global types in the home region only.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = (usize, usize, Kind)> + '_ {
        (0..self.accounts.len()).flat_map(|account| {
            (0..REGION_COUNT).flat_map(move |region| {
                Kind::ALL
                    .into_iter()
                    .filter(move |kind| region == 0 || !kind.global())
                    .map(move |kind| (account, region, kind))
            })
        })
    }
}

/// Gives every account, region and type its share of the resources; the shares add up exactly.
fn holdings(seed: u64, accounts: usize, resources: u64, placement: &Placement) -> Vec<Holding> {
    let places = accounts * REGION_COUNT * KIND_COUNT;
    let weights: Vec<u64> = (0..places)
        .map(|place| {
            let kind = Kind::ALL[place % KIND_COUNT];
            let region = place / KIND_COUNT % REGION_COUNT;
            let account = place / KIND_COUNT / REGION_COUNT;
            let size = 60 + hash(&[seed, account as u64, 2]) % 80;
            let share = [60, 25, 15][region];
            match (kind.global(), region) {
                (true, 0) => kind.weight() * size * 100,
                (true, _) => 0,
                (false, _) => kind.weight() * size * share,
            }
        })
        .collect();
    // Where there is enough for everybody, everybody gets one: a type without rows is a story of its own.
    let takers = weights.iter().filter(|weight| **weight > 0).count() as u64;
    let floor = u64::from(5 * resources >= 6 * takers);
    let more: Vec<_> = placement.always_there().filter(|_| resources >= ALWAYS_THERE_FROM).collect();
    let reserved = floor * takers + more.iter().map(|(.., count)| u64::from(*count)).sum::<u64>();
    let (total, rest) = (weights.iter().sum::<u64>().max(1), resources.saturating_sub(reserved));
    let mut sum = 0;
    let mut holdings: Vec<Holding> = weights
        .iter()
        .map(|weight| {
            let before = share(rest, sum, total);
            sum += weight;
            let live = share(rest, sum, total) - before + if *weight > 0 { floor } else { 0 };
            Holding { live: u32::try_from(live).unwrap_or(u32::MAX), ..Holding::default() }
        })
        .collect();
    for (account, region, kind, count) in more {
        holdings[(account * REGION_COUNT + region) * KIND_COUNT + kind.index()].live += count;
    }
    for (at, account) in holdings.chunks_mut(REGION_COUNT * KIND_COUNT).enumerate() {
        planted::number(seed, at, account);
    }
    holdings
}

fn share(resources: u64, sum: u64, total: u64) -> u64 {
    (u128::from(resources) * u128::from(sum) / u128::from(total)) as u64
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn estate(accounts: usize, resources: usize, seed: u64) -> Estate {
        Estate::new(&SandboxOptions { accounts, resources, seed, ..SandboxOptions::new("unused") })
    }

    #[test]
    fn the_shares_add_up_to_the_number_asked_for() {
        for (accounts, resources) in [(1, 10), (3, 500), (12, 6000), (200, 200_000)] {
            let estate = estate(accounts, resources, 3);
            let live: u64 = estate
                .scopes()
                .map(|(account, region, kind)| u64::from(estate.holding(account, region, kind).live))
                .sum();
            assert_eq!(live, resources as u64);
        }
    }

    #[test]
    fn every_scope_of_the_demonstration_holds_something() {
        let estate = estate(12, 6000, 1);
        assert!(
            estate.scopes().all(|(account, region, kind)| estate.holding(account, region, kind).live > 0)
        );
    }
}
