//! Examines an account: its role, its regions, some of them at a time.

use std::collections::{BTreeMap, BTreeSet};

use bestand_model::account::{Account, AccountState};
use bestand_model::coverage::Reason;
use bestand_model::identifiers::Region;
use futures::StreamExt as _;

use super::check::ActionCheck;
use super::examined::{ExaminedAccount, Gap};
use super::region;
use crate::action::Action;
use crate::collector::{Shared, enabled_regions, enter, whole_account};
use crate::config_service::error::CallError;
use crate::regions::choose;

pub(super) async fn examine(
    shared: &Shared,
    account: &Account,
    only: Option<&BTreeSet<Region>>,
) -> ExaminedAccount {
    let mut examined = ExaminedAccount {
        id: account.id.clone(),
        name: account.name.clone(),
        state: account.state,
        gap: None,
        actions: Vec::new(),
        regions: Vec::new(),
        not_read: BTreeMap::new(),
    };
    match account.state {
        AccountState::Active => {}
        AccountState::Unknown => {
            let detail = "a record or a published asset names the account, and no directory does".to_owned();
            examined.gap = Some(Gap { reason: Reason::AccountUnknown, detail });
            return examined;
        }
        AccountState::Inactive | AccountState::LeftOut | AccountState::Decommissioned => return examined,
    }
    let session = enter(shared, account).await;
    examined.actions.push(ActionCheck::of(Action::AssumeRole, &session));
    let session = match session {
        Ok(session) => session,
        Err(error) => return examined.with_gap(error),
    };
    let enabled = enabled_regions(shared, &session).await;
    examined.actions.push(ActionCheck::of(Action::DescribeRegions, &enabled));
    let enabled = match enabled {
        Ok(enabled) => enabled,
        Err(error) => return examined.with_gap(whole_account(error)),
    };
    let mut chosen = choose(enabled, &shared.settings.regions, []);
    if let Some(only) = only {
        chosen.read.retain(|region| only.contains(region));
    }
    let mut regions: Vec<_> = futures::stream::iter(chosen.read)
        .map(|region| region::examine(shared, &session, region))
        .buffer_unordered(shared.settings.region_concurrency.max(1))
        .collect()
        .await;
    regions.sort_by(|left, right| left.region.cmp(&right.region));
    examined.regions = regions;
    for (region, (reason, detail)) in chosen.left_out {
        examined.not_read.insert(region, Gap { reason, detail: detail.to_owned() });
    }
    examined
}

impl ExaminedAccount {
    fn with_gap(mut self, error: CallError) -> Self {
        self.gap = Some(error.into());
        self
    }
}

impl From<CallError> for Gap {
    fn from(error: CallError) -> Self {
        Self { reason: error.reason, detail: error.detail }
    }
}
