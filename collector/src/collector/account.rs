//! One account: role session, regions, and the joining of what they gave.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use aws_sdk_ec2::config::{Builder, IdentityCache, retry::RetryPartition};
use bestand_model::account::{Account, AccountState};
use bestand_model::configuration_item::ConfigurationItem;
use bestand_model::coverage::{CoverageLine, Reason};
use bestand_model::identifiers::{AccountId, Region};
use futures::StreamExt;

use super::globals::GlobalItems;
use super::{CollectedAccount, CollectorSettings, Interest, ItemSink, Shared, SinkError, ledger, region};
use crate::accounts::is_onboarding;
use crate::config_service::Caller;
use crate::config_service::error::CallError;
use crate::credentials::{RoleSession, SessionCredentials, SessionRequest, action, retries, timeouts};
use crate::regions::choose;
use crate::throttle::Limiter;

/// Hands items of several regions to the one sink of the account.
pub(super) struct SharedSink<'a> {
    sink: Mutex<&'a mut dyn ItemSink>,
    accepted: AtomicU64,
}

impl SharedSink<'_> {
    pub(super) fn accept(&self, item: ConfigurationItem) -> Result<(), SinkError> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner).accept(item)?;
        self.accepted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

pub(super) async fn collect(
    shared: &Shared,
    account: &Account,
    interest: &Interest,
    sink: &mut dyn ItemSink,
) -> Result<CollectedAccount, SinkError> {
    let unread = |reason, detail: String, calls| CollectedAccount {
        lines: vec![CoverageLine::incomplete(account.id.clone(), None, None, reason, detail)],
        items: 0,
        calls,
    };
    match account.state {
        AccountState::Active => {}
        AccountState::Inactive => {
            return Ok(unread(Reason::AccountInactive, inactive(account).to_owned(), 0));
        }
        AccountState::Unknown => {
            return Ok(unread(Reason::AccountUnknown, "no directory names the account".to_owned(), 0));
        }
        AccountState::LeftOut => {
            return Ok(unread(Reason::NotRequested, "the settings leave the account out".to_owned(), 0));
        }
        // Nothing is there to be asked, and that is what a person vouches for.
        AccountState::Decommissioned => {
            let line = CoverageLine::complete(account.id.clone(), None, None);
            return Ok(CollectedAccount { lines: vec![line], ..CollectedAccount::default() });
        }
    }
    let session = match open_session(shared, &account.id).await {
        Ok(session) => session,
        Err(error) => {
            let (reason, detail) = without_session(shared, account, error);
            return Ok(unread(reason, detail, 1));
        }
    };
    let enabled = match enabled_regions(shared, &session).await {
        Ok(enabled) => enabled,
        // A service control policy that forbids this very call forbids it for the account as a whole.
        Err(CallError { reason: Reason::RegionDenied, detail, .. }) => {
            return Ok(unread(Reason::RoleDenied, detail, session.calls() + 1));
        }
        Err(error) => return Ok(unread(error.reason, error.detail, session.calls() + 1)),
    };
    let named = interest.scopes.iter().filter_map(|(region, _)| region.as_ref());
    let chosen = choose(enabled, &shared.settings.regions, named);

    let sink = SharedSink { sink: Mutex::new(sink), accepted: AtomicU64::new(0) };
    let reader = region::Reader { shared, account_id: &account.id, session: &session, interest, sink: &sink };
    let mut reading = futures::stream::iter(chosen.read)
        .map(|region| reader.read(region))
        .buffer_unordered(shared.settings.region_concurrency.max(1));
    let mut regions = BTreeMap::new();
    let mut globals = GlobalItems::default();
    let mut calls = 1;
    while let Some(read) = reading.next().await {
        let (outcome, held) = read?;
        globals.merge(held, &outcome);
        calls += outcome.calls;
        regions.insert(outcome.region.clone(), outcome);
    }
    drop(reading);

    let collected = globals.counts();
    for item in globals.into_items() {
        sink.accept(item)?;
    }
    let lines = ledger::lines(&ledger::Account {
        id: &account.id,
        regions: &regions,
        left_out: &chosen.left_out,
        globals: &collected,
        interest,
        settings: &shared.settings,
    });
    let items = sink.accepted.load(Ordering::Relaxed);
    tracing::debug!(account_id = %account.id, items, lines = lines.len(), "account read");
    Ok(CollectedAccount { lines, items, calls: calls + session.calls() })
}

/// Says how inactive an account is: only a closed one may be named as decommissioned.
fn inactive(account: &Account) -> &'static str {
    if account.closed {
        "the directory says that the account is closed"
    } else {
        "the directory says that the account is not active"
    }
}

/// A role that is denied in an account that has only just joined is still on its way: no failure.
fn without_session(shared: &Shared, account: &Account, error: CallError) -> (Reason, String) {
    let CollectorSettings { onboarding, clock, .. } = &shared.settings;
    match account.joined_at {
        Some(joined)
            if error.reason == Reason::RoleDenied
                && is_onboarding(account.joined_at, clock(), *onboarding) =>
        {
            let hours = onboarding.as_hours();
            (Reason::Onboarding, format!("joined at {joined}, less than {hours} h ago: {}", error.detail))
        }
        _ => (error.reason, error.detail),
    }
}

async fn open_session(shared: &Shared, account_id: &AccountId) -> Result<Arc<RoleSession>, CallError> {
    let settings = &shared.settings;
    let patience = settings.patience();
    let config = aws_sdk_sts::config::Builder::from(shared.context.sdk_config())
        .retry_partition(RetryPartition::custom(format!("{account_id}/sts")).build())
        .retry_config(retries(patience.max_attempts))
        .timeout_config(timeouts(patience.attempt_timeout, patience.operation_timeout))
        .build();
    let sts = aws_sdk_sts::Client::from_conf(config);
    let request = SessionRequest {
        account_id: account_id.clone(),
        partition: settings.partition.clone(),
        role_name: settings.role_name.clone(),
        external_id: settings.external_id.clone(),
        run_id: settings.run_id.clone(),
        clock: Arc::clone(&settings.clock),
    };
    RoleSession::open(sts, request).await
}

/// Asks EC2 which regions the account has enabled: opting in is up to each account.
async fn enabled_regions(shared: &Shared, session: &Arc<RoleSession>) -> Result<BTreeSet<Region>, CallError> {
    let patience = shared.settings.patience();
    let config = Builder::from(shared.context.sdk_config())
        .credentials_provider(SessionCredentials(Arc::clone(session)))
        .identity_cache(IdentityCache::no_cache())
        .retry_partition(RetryPartition::custom("regions").build())
        .retry_config(retries(patience.max_attempts))
        .timeout_config(timeouts(patience.attempt_timeout, patience.operation_timeout))
        .build();
    let client = aws_sdk_ec2::Client::from_conf(config);
    let caller = Caller::new(Arc::clone(session), Limiter::per_second(1, 2));
    let answer = caller.call(action::DESCRIBE_REGIONS, || client.describe_regions().send()).await?;
    let names: Option<BTreeSet<_>> =
        answer.regions().iter().map(|region| region.region_name().map(Region::from)).collect();
    // Every account has regions: an answer without any says nothing, and must not look like an empty account.
    names.filter(|names| !names.is_empty()).ok_or_else(|| {
        let detail = format!("{}: the answer names no region", action::DESCRIBE_REGIONS);
        CallError::nonsense(Reason::ServiceError, detail)
    })
}
