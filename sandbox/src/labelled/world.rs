//! What is the same for all of a scenario: its accounts, and what is dark on which day.

use super::{cases::Choice, dice::Dice};
use crate::{
    estate::{
        accounts::{Account, REGIONS, account},
        kind::Kind,
    },
    faults::Fault,
};

/// Two accounts in which everything is always seen.
pub(super) const BRIGHT: [usize; 2] = [0, 1];
/// The account of which a region, or all of it, is dark on some days.
pub(super) const DIM: usize = 2;
/// The region of that account.
pub(super) const DIM_REGION: usize = 2;
/// The account that leaves the organisation, or is suspended.
pub(super) const LEAVING: usize = 3;
pub(super) const ACCOUNTS: usize = 4;
const DAY_SECONDS: i64 = 24 * 3600;
/// How long before the day's run something happens.
const BEFORE_THE_RUN: i64 = 3600;

/// How much of a place is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// Everything.
    Clear,
    /// Rows are shown, and prove nothing.
    Murky,
    /// Nothing.
    Dark,
}

/// A time during which something is dark.
#[derive(Debug, Clone, Copy)]
struct Night {
    fault: Fault,
    first: usize,
    last: usize,
}

/// How an account ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Gone,
    Suspended,
}

/// What is the same for all of a scenario.
#[derive(Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) days: usize,
    /// When the first day's run begins, in seconds since 1970.
    pub(super) start: i64,
    pub(super) accounts: Vec<Account>,
    pub(super) choice: Choice,
    night: Option<Night>,
    end: Option<(usize, End)>,
}

const NIGHTS: [Fault; 8] = [
    Fault::RecorderStopped,
    Fault::RecorderFailing,
    Fault::RecorderPending,
    Fault::RecorderUnknown,
    Fault::RecorderAbsent,
    Fault::RegionDenied,
    Fault::AccountDenied,
    Fault::Unrecorded,
];

impl World {
    pub(super) fn new(seed: u64, days: usize, start: i64, choice: Choice) -> Self {
        let dice = &mut Dice::new(seed);
        let fault = dice.pick(&NIGHTS);
        let first = if dice.chance(15) { 0 } else { dice.within(1, 2) };
        let last = (first + dice.below(2)).min(days - 2);
        let night = dice.chance(70).then_some(Night { fault, first, last });
        let end = dice.pick(&[End::Gone, End::Suspended]);
        let end = dice.chance(40).then_some((dice.within(1, 3), end));
        Self {
            seed,
            days,
            start,
            accounts: (0..ACCOUNTS).map(|at| account(seed, at)).collect(),
            choice,
            night,
            end,
        }
    }

    pub(super) fn account_id(&self, account: usize) -> &str {
        &self.accounts[account].id
    }

    fn night(&self, day: usize) -> Option<Night> {
        self.night.filter(|night| (night.first..=night.last).contains(&day))
    }

    /// The first day of the night, and the first day after it.
    pub(super) fn dusk_and_dawn(&self) -> Option<(usize, usize)> {
        self.night.map(|night| (night.first, night.last + 1))
    }

    /// How the account that leaves has ended by that day.
    pub(super) fn ended(&self, day: usize) -> Option<End> {
        self.end.filter(|(from, _)| day >= *from).map(|(_, end)| end)
    }

    pub(super) fn end_day(&self) -> Option<usize> {
        self.end.map(|(from, _)| from)
    }

    /// How much is seen of everything in which such a resource could be. In the dim account all that belongs to a
    /// region lies in the dim one.
    pub(super) fn view(&self, account: usize, kind: Kind, day: usize) -> View {
        match account {
            LEAVING if self.ended(day).is_some() => View::Dark,
            DIM => match self.night(day).map(|night| night.fault) {
                None => View::Clear,
                Some(Fault::AccountDenied) => View::Dark,
                Some(_) if kind.global() => View::Clear,
                // EC2 has an instance there that AWS Config does not have: of other types that says nothing.
                Some(Fault::Unrecorded) if kind != Kind::Instance => View::Clear,
                Some(Fault::RegionDenied | Fault::RecorderAbsent) => View::Dark,
                Some(_) => View::Murky,
            },
            _ => View::Clear,
        }
    }

    /// Whether somebody who may know of what is gone does not answer: what belongs to no region is asked for in all.
    pub(super) fn is_silent(&self, account: usize, kind: Kind, day: usize) -> bool {
        let denied = self.night(day).is_some_and(|night| night.fault == Fault::RegionDenied);
        account == DIM && kind.global() && denied
    }

    /// Whether nothing at all is dark.
    pub(super) fn all_clear(&self, day: usize) -> bool {
        self.night(day).is_none() && self.ended(day).is_none()
    }

    /// Until which day the rows of the dim region are those of the evening before: its recorder stands still.
    pub(super) fn stands_still(&self, day: usize) -> Option<usize> {
        let night = self.night(day).filter(|night| night.fault == Fault::RecorderStopped)?;
        Some(night.first.saturating_sub(1))
    }

    /// Whether the dim recorder ever stands still: EC2 would then know better than AWS Config.
    pub(super) fn ever_stands_still(&self) -> bool {
        self.night.is_some_and(|night| night.fault == Fault::RecorderStopped)
    }

    /// The faults of a day, with their places.
    pub(super) fn faults(&self, day: usize) -> Vec<(Fault, usize, Option<usize>)> {
        let place = |fault| (fault != Fault::AccountDenied).then_some(DIM_REGION);
        // What EC2 alone has is a resource, and no fault of a service.
        let night = self.night(day).filter(|night| night.fault != Fault::Unrecorded);
        night.map(|night| (night.fault, DIM, place(night.fault))).into_iter().collect()
    }

    /// Whether EC2 has an instance in the dim region that AWS Config does not have.
    pub(super) fn hides_an_instance(&self, day: usize) -> bool {
        self.night(day).is_some_and(|night| night.fault == Fault::Unrecorded)
    }

    pub(super) fn ever_hides_an_instance(&self) -> bool {
        self.night.is_some_and(|night| night.fault == Fault::Unrecorded)
    }

    /// What is dark on a day, for people.
    pub(super) fn in_words(&self, day: usize) -> Vec<String> {
        let night = self.night(day).map(|night| match night.fault {
            Fault::AccountDenied => format!("account_denied {}", self.account_id(DIM)),
            fault => format!("{} {} {}", fault.name(), self.account_id(DIM), REGIONS[DIM_REGION]),
        });
        let end = self.ended(day).map(|end| match end {
            End::Gone => format!("account_gone {}", self.account_id(LEAVING)),
            End::Suspended => format!("account_suspended {}", self.account_id(LEAVING)),
        });
        night.into_iter().chain(end).collect()
    }

    /// An instant shortly before a day's run, in seconds since 1970.
    pub(super) const fn before(&self, day: usize) -> i64 {
        self.start + day as i64 * DAY_SECONDS - BEFORE_THE_RUN
    }
}
