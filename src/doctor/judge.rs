//! What follows from what was found, in a run's own terms: reasons, accepted gaps, the status that a run would end with.

use std::collections::{BTreeMap, BTreeSet};

use bestand_collector::action::Action;
use bestand_collector::collector::Interest;
use bestand_collector::doctor::{ActionCheck, ActionStatus, ExaminedAccount, Gap};
use bestand_model::account::AccountState;
use bestand_model::coverage::{CoverageLine, Reason};
use bestand_model::identifiers::{AccountId, Region, ResourceType};
use bestand_model::resource_type::TypePolicy;
use bestand_publisher::report::remedy;
use jiff::Timestamp;

use super::left_out::left_out;
use super::report::{Problem, Rechecked, Report};
use crate::error::Error;
use crate::exit_status::ExitStatus;
use crate::settings::{CollectionSource, Settings};

/// How many types a problem names before it only counts them.
const NAMED_TYPES: usize = 5;

/// Judges by the settings.
pub(super) struct Judge<'a> {
    pub(super) settings: &'a Settings,
    pub(super) now: Timestamp,
}

impl Judge<'_> {
    /// Finds the problems of all accounts; with what the source register speaks of, also the types that recorders
    /// leave out of it.
    pub(super) fn accounts(&self, report: &mut Report, rows: Option<&BTreeMap<AccountId, Interest>>) {
        let mut problems = Vec::new();
        let types = TypePolicy::new(self.settings.types.clone());
        for account in &report.accounts {
            if let Some(gap) = &account.gap {
                problems.extend(self.of_gap(account, None, gap));
            }
            for region in &account.regions {
                let unread =
                    region.actions.iter().any(|check| check.is_broken() && is_about_recorder(check.action));
                // Where the recorder could not be read, the action that failed says so.
                if let Some(gap) = region.recorder.gap.as_ref().filter(|_| !unread) {
                    problems.extend(self.of_gap(account, Some(&region.region), gap));
                }
            }
            problems.extend(self.of_actions(account));
            if let Some(interest) = rows.and_then(|rows| rows.get(&account.id)) {
                for (region, left_out) in left_out(account, interest, &types) {
                    problems.extend(self.of_left_out(account, &region, left_out));
                }
            }
        }
        report.problems.extend(problems);
        self.aggregator(report);
    }

    /// A run that could enter no account at all would end with that.
    pub(super) fn any_account_readable(&self, report: &mut Report) {
        if self.settings.collection.source == CollectionSource::Aggregator {
            return;
        }
        let active = || report.accounts.iter().filter(|account| account.state == AccountState::Active);
        let dark: Vec<_> =
            active().filter_map(|account| Some((&account.id, account.gap.as_ref()?))).collect();
        if let Some((id, gap)) = dark.first().filter(|_| dark.len() == active().count()) {
            let first = format!("{id}: {}: {}", gap.reason, gap.detail);
            let error = Error::NoAccountReadable { accounts: dark.len(), first };
            report.fail("accounts", &error);
        }
    }

    /// Adds the gaps of an earlier run that are there still, unless a problem says so already.
    pub(super) fn rechecked(&self, report: &mut Report, rechecked: &[Rechecked]) {
        type Place = (AccountId, Option<Region>, Reason, bool);
        let mut open: BTreeMap<Place, (BTreeSet<ResourceType>, Option<String>)> = BTreeMap::new();
        for gap in rechecked {
            let Some(reason) = gap.now.filter(|reason| reason.is_gap()) else { continue };
            let known = report.problems.iter().any(|problem| {
                let here = gap.region.as_ref().filter(|region| region.as_str() != Region::GLOBAL);
                problem.account_id.as_ref() == Some(&gap.account_id)
                    && problem.reason == Some(reason)
                    && (problem.regions.is_empty() || here.is_none_or(|here| problem.regions.contains(here)))
            });
            if known {
                continue;
            }
            let accepted =
                self.is_accepted(&gap.account_id, gap.region.as_ref(), gap.resource_type.as_ref(), reason);
            let place = (gap.account_id.clone(), gap.region.clone(), reason, accepted);
            let (types, detail) = open.entry(place).or_default();
            types.extend(gap.resource_type.clone());
            if detail.is_none() {
                detail.clone_from(&gap.detail);
            }
        }
        for ((account_id, region, reason, accepted), (types, detail)) in open {
            let detail = detail.map_or(String::new(), |detail| format!(": {detail}"));
            let of = if types.is_empty() { String::new() } else { format!(" ({})", some_of(&types)) };
            report.problems.push(Problem {
                scope: scope(&account_id, None, region.as_slice()),
                account_id: Some(account_id),
                regions: region.into_iter().collect(),
                reason: Some(reason),
                problem: format!("{reason}{of}{detail}"),
                fix: remedy(reason).to_owned(),
                accepted,
                exit_status: ExitStatus::Gaps,
            });
        }
    }

    /// What the ledger would say of an account or a region.
    fn of_gap(&self, account: &ExaminedAccount, region: Option<&Region>, gap: &Gap) -> Option<Problem> {
        let Gap { reason, detail } = gap;
        let role = &self.settings.accounts.role.name;
        let fix = match region {
            None if *reason == Reason::RoleDenied => {
                let denied = account.actions.iter().find(|check| check.status == ActionStatus::Denied);
                match denied.map(|check| check.action) {
                    Some(action) if action != Action::AssumeRole => allow(&[action], role, account),
                    _ => format!("{} The role is `{role}`.", remedy(*reason)),
                }
            }
            _ => remedy(*reason).to_owned(),
        };
        reason.is_gap().then(|| Problem {
            accepted: self.is_accepted(&account.id, region, None, *reason),
            ..self.problem(account, region.cloned().as_slice(), *reason, format!("{reason}: {detail}"), fix)
        })
    }

    /// Actions that do not work; those that fail alike in several regions are told once.
    fn of_actions(&self, account: &ExaminedAccount) -> Vec<Problem> {
        type Alike = (ActionStatus, Reason, Vec<Action>, bool);
        let mut alike: Vec<(Alike, Vec<Region>, String)> = Vec::new();
        for region in &account.regions {
            let mut by_reason: BTreeMap<Reason, Vec<&ActionCheck>> = BTreeMap::new();
            for check in region.actions.iter().filter(|check| check.is_broken()) {
                by_reason.entry(check.reason.unwrap_or(Reason::ServiceError)).or_default().push(check);
            }
            for (reason, checks) in by_reason {
                let Some(first) = checks.first() else { continue };
                let actions = checks.iter().map(|check| check.action).collect();
                let accepted = self.is_accepted(&account.id, Some(&region.region), None, reason);
                let key = (first.status, reason, actions, accepted);
                match alike.iter_mut().find(|(known, _, _)| *known == key) {
                    Some((_, regions, _)) => regions.push(region.region.clone()),
                    None => {
                        let detail = first.detail.clone().unwrap_or_default();
                        alike.push((key, vec![region.region.clone()], detail));
                    }
                }
            }
        }
        let problem =
            |((status, reason, actions, accepted), regions, detail): (Alike, Vec<Region>, String)| {
                let names: Vec<&str> = actions.iter().map(|action| action.name()).collect();
                let names = names.join(", ");
                let what = match status {
                    ActionStatus::Denied => format!("{reason}: {names}: {detail}"),
                    ActionStatus::Works | ActionStatus::Failed | ActionStatus::NotTried => {
                        format!("{reason}: {names} failed: {detail}")
                    }
                };
                let fix = match reason {
                    Reason::RoleDenied => allow(&actions, &self.settings.accounts.role.name, account),
                    _ => remedy(reason).to_owned(),
                };
                Problem { accepted, ..self.problem(account, &regions, reason, what, fix) }
            };
        alike.into_iter().map(problem).collect()
    }

    /// Types with records that a recorder leaves out; what is accepted is told by itself.
    fn of_left_out(
        &self,
        account: &ExaminedAccount,
        region: &Region,
        types: BTreeSet<ResourceType>,
    ) -> Vec<Problem> {
        let reason = Reason::TypeNotRecorded;
        let (accepted, open): (BTreeSet<_>, BTreeSet<_>) =
            types.into_iter().partition(|of| self.is_accepted(&account.id, Some(region), Some(of), reason));
        let problem = |types: &BTreeSet<ResourceType>, accepted| {
            let where_ = if region.as_str() == Region::GLOBAL {
                "no region's recorder takes"
            } else {
                "the recorder leaves out"
            };
            let what = format!("{reason}: the source register has them, {where_} {}", some_of(types));
            let region = std::slice::from_ref(region);
            Problem { accepted, ..self.problem(account, region, reason, what, remedy(reason).to_owned()) }
        };
        let both = [(open, false), (accepted, true)];
        both.iter()
            .filter(|(types, _)| !types.is_empty())
            .map(|(types, accepted)| problem(types, *accepted))
            .collect()
    }

    fn aggregator(&self, report: &mut Report) {
        let Some(aggregator) = &report.aggregator else { return };
        let mut problems = Vec::new();
        for check in aggregator.actions.iter().filter(|check| check.is_broken()) {
            let reason = check.reason.unwrap_or(Reason::ServiceError);
            let fix = match check.status {
                ActionStatus::Denied => format!(
                    "allow {} in the policy of the job's own role (`bestand settings --policy` prints it)",
                    check.action
                ),
                ActionStatus::Works | ActionStatus::Failed | ActionStatus::NotTried => {
                    remedy(reason).to_owned()
                }
            };
            problems.push(Problem {
                scope: format!("aggregator {}", aggregator.name),
                account_id: None,
                regions: Vec::new(),
                reason: Some(reason),
                problem: format!("{reason}: {}", check.detail.as_deref().unwrap_or_default()),
                fix,
                accepted: false,
                // Without it no account can be read.
                exit_status: ExitStatus::NoAccount,
            });
        }
        let asked: BTreeSet<&AccountId> = report.accounts.iter().map(|account| &account.id).collect();
        for stale in aggregator.stale.iter().filter(|stale| asked.contains(&stale.account_id)) {
            let regions = vec![stale.region.clone()];
            problems.push(Problem {
                scope: scope(&stale.account_id, None, &regions),
                account_id: Some(stale.account_id.clone()),
                accepted: self.is_accepted(&stale.account_id, Some(&stale.region), None, Reason::Stale),
                regions,
                reason: Some(Reason::Stale),
                problem: format!("{}: {}", Reason::Stale, stale.detail),
                fix: remedy(Reason::Stale).to_owned(),
                exit_status: ExitStatus::Gaps,
            });
        }
        report.problems.extend(problems);
    }

    fn problem(
        &self,
        account: &ExaminedAccount,
        regions: &[Region],
        reason: Reason,
        problem: String,
        fix: String,
    ) -> Problem {
        Problem {
            scope: scope(&account.id, account.name.as_deref(), regions),
            account_id: Some(account.id.clone()),
            regions: regions.to_vec(),
            reason: Some(reason),
            problem,
            fix,
            accepted: false,
            exit_status: ExitStatus::Gaps,
        }
    }

    fn is_accepted(
        &self,
        account: &AccountId,
        region: Option<&Region>,
        of: Option<&ResourceType>,
        reason: Reason,
    ) -> bool {
        let line = CoverageLine::incomplete(account.clone(), region.cloned(), of.cloned(), reason, "");
        self.settings.coverage.accepted.iter().any(|gap| gap.covers(&line, reason, self.now))
    }
}

fn is_about_recorder(action: Action) -> bool {
    matches!(action, Action::DescribeRecorders | Action::DescribeRecorderStatus)
}

fn allow(actions: &[Action], role: &str, account: &ExaminedAccount) -> String {
    let names: Vec<&str> = actions.iter().map(|action| action.name()).collect();
    format!(
        "Allow {} in the policy of role `{role}` in account {} (`bestand settings --policy` prints it whole).",
        names.join(", "),
        account.id
    )
}

fn scope(account: &AccountId, name: Option<&str>, regions: &[Region]) -> String {
    let name = name.map_or(String::new(), |name| format!(" {name}"));
    let regions: Vec<&str> = regions.iter().map(Region::as_str).collect();
    let regions = if regions.is_empty() { String::new() } else { format!(" {}", regions.join(", ")) };
    format!("{account}{name}{regions}")
}

fn some_of(types: &BTreeSet<ResourceType>) -> String {
    let named: Vec<&str> = types.iter().take(NAMED_TYPES).map(ResourceType::as_str).collect();
    let more = types.len().saturating_sub(NAMED_TYPES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", named.join(", "))
}
