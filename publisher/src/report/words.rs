//! bestand's codes in a person's words. Every match is total: a new code does not compile without its words.

use bestand_model::change_set::WithheldReason;
use bestand_model::coverage::Reason;
use bestand_model::exception::ExceptionState;
use bestand_model::finding::{FindingKind, Severity};
use bestand_model::gate::GateCode;

/// Severities, the gravest first.
pub(super) const SEVERITIES: [Severity; 4] =
    [Severity::High, Severity::Medium, Severity::Low, Severity::Info];

/// Gives a severity's code.
pub(super) fn severity_code(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Info => "info",
    }
}

/// Gives the pattern of a number of findings of a severity.
pub(super) fn severity_counted(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "{} high",
        Severity::Medium => "{} medium",
        Severity::Low => "{} low",
        Severity::Info => "{} info",
    }
}

/// Gives a kind's label and what it means.
pub(super) fn kind(kind: FindingKind) -> (&'static str, &'static str) {
    match kind {
        FindingKind::Absent => ("Absent", "A register has it, AWS does not, and enough was seen to say so."),
        FindingKind::RetiredButLive => {
            ("Retired but live", "The source register says that it is retired, and it runs.")
        }
        FindingKind::Unregistered => ("Unregistered", "It runs in AWS, and no record speaks of it."),
        FindingKind::Divergent => ("Divergent", "Both sides know it, and they do not say the same."),
        FindingKind::ExternallyChanged => (
            "Externally changed",
            "Somebody else changed it in the central register since bestand published it.",
        ),
        FindingKind::SharedIdentity => (
            "Shared identity",
            "Several records carry the same asset id, or the same ARN in several accounts.",
        ),
        FindingKind::Replaced => {
            ("Replaced", "The same ARN, made anew: another resource than the one that was published.")
        }
        FindingKind::NonCompliant => {
            ("Non-compliant", "A required tag or attribute is missing, or its value is not allowed.")
        }
        FindingKind::SuspectValue => (
            "Suspect value",
            "It cannot be meant so: no value map knows it, it is too long, in the future, or looks like another.",
        ),
        FindingKind::ExceptionExpired => (
            "Exception expired",
            "An exception of the settings whose time is over: renew it, or mend what it hid.",
        ),
        FindingKind::NotOurs => (
            "Not ours",
            "An entry under our name that bestand never wrote and that nothing was matched to. It is left alone.",
        ),
        FindingKind::Duplicate => {
            ("Duplicate", "Several records or resources claim each other: a person must tell which is right.")
        }
        FindingKind::Misplaced => {
            ("Misplaced", "It is not where a register has it, and lives in another region or account.")
        }
        FindingKind::RejectedRecord => {
            ("Rejected record", "A row of the source register that makes no sense.")
        }
        FindingKind::Unverified => (
            "Unverified",
            "Not enough was seen to say whether it is live. It is no difference, and nothing is done.",
        ),
    }
}

/// Gives the label of what became of an exception, and what it means.
pub(super) fn exception(state: ExceptionState) -> (&'static str, &'static str) {
    match state {
        ExceptionState::InUse => ("in use", "It hides what it fits."),
        ExceptionState::Unused => ("unused", "It fits no finding of this run."),
        ExceptionState::NotJudged => {
            ("not judged", "It fits nothing here, but this run was for some accounts only.")
        }
        ExceptionState::Expired => {
            ("expired", "It hides nothing any more: renew it, take it out, or mend what it hid.")
        }
    }
}

/// Gives the label of what became of an accepted gap, and what it means.
pub(super) fn accepted_gap(state: ExceptionState) -> (&'static str, &'static str) {
    match state {
        ExceptionState::InUse => {
            ("in use", "It stays a gap: nothing in it is called absent. The run does not fail for it.")
        }
        ExceptionState::Unused => {
            ("unused", "No gap of this run is one that it names: it can be taken out of the settings.")
        }
        ExceptionState::NotJudged => {
            ("not judged", "No gap here is one that it names, but this run was for some accounts only.")
        }
        ExceptionState::Expired => {
            ("expired", "It accepts nothing any more: renew it, take it out, or mend the gap.")
        }
    }
}

/// What a reason for incomplete coverage means.
pub(super) struct ReasonWords {
    /// Two or three words, for a cell.
    pub(super) label: &'static str,
    /// What it means.
    pub(super) meaning: &'static str,
    /// What mends it.
    pub(super) remedy: &'static str,
}

/// Gives a reason's words.
pub(super) fn reason(reason: Reason) -> ReasonWords {
    let (label, meaning, remedy) = match reason {
        Reason::RoleDenied => (
            "role denied",
            "The account's reader role could not be assumed, or it forbids a call.",
            "Check the role's trust policy, external id and permissions in that account.",
        ),
        Reason::AccountInactive => (
            "account inactive",
            "The account is suspended, closing or closed.",
            "Nothing to mend. Name it as decommissioned once its assets may go.",
        ),
        Reason::AccountUnknown => (
            "account unknown",
            "A record or a published asset names the account, and no directory does.",
            "Add the account to the directory, or correct the record.",
        ),
        Reason::Onboarding => (
            "onboarding",
            "The account joined a short while ago, and its reader role is not there yet.",
            "Wait for the StackSet; where it lasts, look at its operations.",
        ),
        Reason::RegionDenied => (
            "region denied",
            "A policy forbids the region to the reader role.",
            "Let the role read there, or leave the region out in the settings.",
        ),
        Reason::RegionDisabled => {
            ("region disabled", "The region is not enabled in the account.", "Nothing to mend.")
        }
        Reason::NotRequested => (
            "not requested",
            "Left out by the settings or by the command line.",
            "Nothing to mend. What was not asked is never called absent.",
        ),
        Reason::RecorderAbsent => (
            "no recorder",
            "AWS Config has no configuration recorder there.",
            "Set up AWS Config's recorder in that account and region.",
        ),
        Reason::RecorderStopped => (
            "recorder stopped",
            "The recorder is stopped: what it answers may be old.",
            "Start the recorder. Coverage returns a day later.",
        ),
        Reason::RecorderFailing => (
            "recorder failing",
            "The recorder's last recording failed.",
            "Look at the recorder's role and its delivery channel.",
        ),
        Reason::RecorderPending => (
            "recorder pending",
            "The recorder has not recorded yet.",
            "Wait. Where it lasts for a day, look at the recorder's role.",
        ),
        Reason::RecorderWarming => (
            "recorder warming",
            "The recorder started less than 24 hours ago and is still taking its inventory.",
            "Wait a day.",
        ),
        Reason::RecorderUnknown => (
            "recorder unknown",
            "The recorder's state could not be read.",
            "Let the reader role call DescribeConfigurationRecorders and its status.",
        ),
        Reason::TypeNotRecorded => (
            "type not recorded",
            "The recorder leaves the type out.",
            "Let the recorder record the type, or accept the gap in the settings.",
        ),
        Reason::TypeNeverSeen => (
            "type never seen",
            "Nothing of the type was ever seen in the region: AWS Config may not support it there.",
            "Accept the gap in the settings once somebody has checked.",
        ),
        Reason::Collapsed => (
            "collapsed",
            "Far fewer resources than at the last complete look. It counts once it has repeated.",
            "Find out whether they were deleted; accept it in the settings, or wait for the next runs.",
        ),
        Reason::CountMismatch => (
            "count mismatch",
            "The rows that arrived and AWS Config's own counts do not agree.",
            "Run again. Where it lasts, the scope is busy or AWS Config lags behind.",
        ),
        Reason::Unrecorded => (
            "unrecorded",
            "EC2 has resources that AWS Config does not.",
            "Look at what the recorder records in that region.",
        ),
        Reason::Truncated => ("truncated", "The listing did not end as it should.", "Run again."),
        Reason::Throttled => (
            "throttled",
            "AWS throttled for longer than the retries last.",
            "Lower the limits in the settings, or run at a quieter hour.",
        ),
        Reason::Timeout => {
            ("timeout", "A call ran out of time.", "Run again. Check the network on the way to AWS.")
        }
        Reason::ServiceError => (
            "service error",
            "AWS answered with an error or with something unreadable.",
            "Run again. Where it lasts, the detail names the call.",
        ),
        Reason::Stale => (
            "stale",
            "The aggregator's copy of the account and region is outdated.",
            "Look at the aggregator's source status; authorise it in that account and region.",
        ),
        Reason::ScopeUnknown => (
            "scope unknown",
            "A record or an entry names no account or no type: nobody can say where it would be found.",
            "Give the records an account and a resource type.",
        ),
    };
    ReasonWords { label, meaning, remedy }
}

/// Tells why changes are withheld, by the code as it stands in the summary. The summary is open to codes of
/// later versions: those are shown as they are.
pub(super) fn withheld(code: &str) -> &'static str {
    WITHHELD.iter().find(|reason| reason.code() == code).map_or("", |reason| withheld_words(*reason))
}

/// Gives every reason's code with its words.
pub(super) fn all_withheld() -> impl Iterator<Item = (&'static str, &'static str)> {
    WITHHELD.into_iter().map(|reason| (reason.code(), withheld_words(reason)))
}

const WITHHELD: [WithheldReason; 17] = [
    WithheldReason::TypeNotPublished,
    WithheldReason::Grace,
    WithheldReason::NotLive,
    WithheldReason::NeverSeen,
    WithheldReason::Unproven,
    WithheldReason::Misplaced,
    WithheldReason::Unverified,
    WithheldReason::Ambiguous,
    WithheldReason::Planned,
    WithheldReason::AccountInactive,
    WithheldReason::Ephemeral,
    WithheldReason::NotOurs,
    WithheldReason::ExternallyChanged,
    WithheldReason::GateAccount,
    WithheldReason::MovedSince,
    WithheldReason::NotRevertible,
    WithheldReason::ListNotPromised,
];

fn withheld_words(reason: WithheldReason) -> &'static str {
    match reason {
        WithheldReason::TypeNotPublished => {
            "The type is only inventoried: published when a record speaks of it."
        }
        WithheldReason::Grace => "Absent, but not yet for long enough.",
        WithheldReason::NotLive => "A record speaks of something that is not live and was never published.",
        WithheldReason::NeverSeen => "Absent, but never once seen live, and a record still vouches for it.",
        WithheldReason::Unproven => {
            "Absent for long enough, but nobody could be asked for it by its id, or none could say."
        }
        WithheldReason::Misplaced => "Not where it should be, but it lives in another region or account.",
        WithheldReason::Unverified => "Not enough was seen to conclude anything.",
        WithheldReason::Ambiguous => "Several records or resources claim each other.",
        WithheldReason::Planned => "The record says that it is planned, and nothing is live yet.",
        WithheldReason::AccountInactive => "The account is suspended, closed or gone.",
        WithheldReason::Ephemeral => {
            "The settings leave resources of this kind out, or count them together only."
        }
        WithheldReason::NotOurs => {
            "Bestand never wrote the entry, and nothing was matched to it: somebody else's."
        }
        WithheldReason::ExternallyChanged => {
            "Somebody else set the entry's state, and the settings leave that to a person."
        }
        WithheldReason::GateAccount => "Too many assets of the account would be retired at once.",
        WithheldReason::MovedSince => "The entry no longer says what the reverted run wrote.",
        WithheldReason::NotRevertible => {
            "The reverted run gave the entry its account, and a patch cannot take one away."
        }
        WithheldReason::ListNotPromised => {
            "The central register does not promise whole lists of bestand's own entries: nothing is retired there."
        }
    }
}

/// Gives the words for a limit of the gate.
pub(super) fn gate(code: GateCode) -> &'static str {
    match code {
        GateCode::FirstRun => "First publication",
        GateCode::MaxRetireCount => "Number of retirements",
        GateCode::MaxRetireShare => "Share of retirements",
        GateCode::MaxCreateCount => "Number of new entries",
        GateCode::MinCompleteShare => "Share of assets seen",
    }
}

/// Tells whether a limit of the gate is a share of one.
pub(super) fn gate_is_share(code: GateCode) -> bool {
    match code {
        GateCode::MaxRetireShare | GateCode::MinCompleteShare => true,
        GateCode::FirstRun | GateCode::MaxRetireCount | GateCode::MaxCreateCount => false,
    }
}
