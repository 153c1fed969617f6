//! The codes of an explanation in a person's words. Every match is total: a new code does not compile without its
//! words.

use bestand_model::change_set::{Ground, Provenance, WithheldReason};
use bestand_model::identification::IdentificationRule;
use bestand_model::proof::Answer;
use bestand_model::reconciliation::{KeyKind, Refusal, Why};
use bestand_publisher::report::instant;

use super::proof::{Cause, Verdict};

/// What would lift a reason to withhold a change.
pub(super) fn lifted_by(reason: WithheldReason) -> &'static str {
    match reason {
        WithheldReason::TypeNotPublished => "a record that speaks of it, or its type as `asset` in [types]",
        WithheldReason::Grace => {
            "complete looks and time that go on finding it absent; a sighting ends the wait"
        }
        WithheldReason::NotLive => {
            "a sighting in AWS; if there is nothing to come, the record should say `planned` or `retired`, or go"
        }
        WithheldReason::NeverSeen => {
            "a sighting in AWS, or the source register: the record says `retired`, or goes"
        }
        WithheldReason::Unproven => {
            "an answer from AWS about this very id: region, type and id in the register, and a role that may ask"
        }
        WithheldReason::Misplaced => "a record that says where it lives now",
        WithheldReason::Unverified => "a complete look at everything in which it could be",
        WithheldReason::Ambiguous => "one record for one resource: a person corrects the register",
        WithheldReason::Planned => "a sighting in AWS, or a record that says that it is in use",
        WithheldReason::AccountInactive => {
            "the account's name in [accounts] decommissioned, once its assets may go"
        }
        WithheldReason::Ephemeral => "the settings: they leave resources of this kind out",
        WithheldReason::NotOurs => "a record or a live resource that it is matched to by a stated rule",
        WithheldReason::ExternallyChanged => {
            "the state set back in the central register, or the settings' word on who decides it"
        }
        WithheldReason::GateAccount => {
            "fewer retirements in this account, or higher limits in [gate] once somebody has checked them"
        }
        WithheldReason::MovedSince => "nothing: whoever wrote the entry since has the last word",
        WithheldReason::NotRevertible => "a person who sets the entry right in the central register",
        WithheldReason::ListNotPromised => {
            "a central register that promises whole lists: `list` among the capabilities that it declares"
        }
    }
}

/// What an identification rule does.
pub(super) fn rule(name: &str, of_settings: Option<&IdentificationRule>) -> String {
    match (name, of_settings) {
        (_, Some(rule)) => {
            let pairs = rule.pairs.iter();
            let pairs: Vec<String> = pairs
                .map(|pair| format!("the record's `{}` is the resource's `{}`", pair.record, pair.item))
                .collect();
            let many = if rule.many { "; it may speak for many" } else { "" };
            format!("`{name}` of the settings: {}{many}", pairs.join(" and "))
        }
        ("arn", None) => "`arn`: both have the same ARN".into(),
        ("resource_id", None) => "`resource_id`: the same account, region, type and resource id".into(),
        ("resource_id_without_region", None) => {
            "`resource_id_without_region`: the same account, type and resource id; the record names no region"
                .into()
        }
        (name, None) => format!("`{name}`"),
    }
}

/// Why a candidate is not the asset's.
pub(super) fn refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::AnotherArn => "another ARN",
        Refusal::AnotherType => "another type",
        Refusal::AnotherId => "another resource id",
        Refusal::AnotherRegion => "another region",
        Refusal::SeveralMatch => "one of several that fit: nobody can tell which is meant",
        Refusal::SeveralClaim => "one of several that claim it: nobody can tell which is right",
        Refusal::ClaimedByAnother => "it was matched with another one",
        Refusal::OneOfMany => "the same record speaks for it as well",
        Refusal::SaysTooLittle => "it has neither an ARN nor a type and id",
    }
}

/// Where a value comes from.
pub(super) fn source(source: &Provenance) -> String {
    match source {
        Provenance::ConfigService => "AWS Config".to_owned(),
        Provenance::SourceRegister => "source register".to_owned(),
        Provenance::CentralRegister => "central register".to_owned(),
        Provenance::Tag(key) => format!("tag {key}"),
        Provenance::Default => "default of the settings".to_owned(),
        Provenance::LastPublished => "last published".to_owned(),
        Provenance::Bestand => "bestand".to_owned(),
    }
}

/// Why a source's value does not stand, where that of another does.
pub(super) fn why(why: Why, winner: &str) -> String {
    match why {
        Why::Authority => return format!("{winner} has authority"),
        Why::NotBelieved => "not believed: not everything was seen there",
        Why::EmptyCell => "an empty cell leaves it to others",
        Why::TooOld => "older than the rule allows",
        Why::Unmapped => "no value map knows it",
        Why::TooLong => "too long to be meant",
        Why::NotNamed => "the rule does not name this source",
        Why::Superseded => "replaced by the change",
        Why::NotSeenLive => "AWS Config has authority, and nothing live was seen",
        Why::NothingChanges => "nothing changes",
    }
    .to_owned()
}

/// What AWS answered.
pub(super) fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Deleted { at } => format!("AWS Config says that it was deleted at {}", instant(*at)),
        Answer::Sighted { by } => format!("it is there: {by} shows it"),
        Answer::Hinted => "the Tagging API still names it, which is a hint and no proof".into(),
        Answer::NeverHeardOf => "AWS Config never heard of it, which proves nothing".into(),
        Answer::Unanswered { detail } => format!("nobody could say: {detail}"),
    }
}

/// What a retirement rests on.
pub(super) fn ground(ground: Ground) -> String {
    match ground {
        Ground::Deletion { at } => format!("proof: AWS Config dates its deletion to {}", instant(at)),
        Ground::Patience => "patience: enough complete looks over enough time found it absent".into(),
        Ground::Revert => "a revert: the run that is reverted made it active, and nobody wrote since".into(),
        Ground::Decommissioned => {
            "a person's word that the account is gone, and enough complete looks over enough time".into()
        }
    }
}

/// What a text turned out to be.
pub(super) fn key_kind(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Arn => "ARN",
        KeyKind::AssetId => "asset id",
        KeyKind::AssetKey => "asset key",
        KeyKind::FindingId => "finding id",
        KeyKind::ResourceId => "resource id",
        KeyKind::Row => "row",
        KeyKind::Name => "name",
    }
}

/// How a planned change stands to the one that was judged again.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "judged again from the run's own files, the change has the same digest",
        Verdict::WithheldByGate => {
            "judged again, it would be sent; the whole plan withholds it: the account has too many retirements"
        }
        Verdict::WithheldByRegister => {
            "judged again, it would be sent; the whole plan withholds it: the register does not promise whole lists"
        }
        Verdict::ClaimedTwice => {
            "judged again, it would be sent; the whole plan withholds it: another account claims its key, too"
        }
        Verdict::Different => "judged again, the change has another digest than in the plan",
        Verdict::OneSided => "judged again, there is a change of which the plan knows nothing",
        Verdict::NotPlanned => {
            "there is no plan to hold it against: without a central register nothing is planned, or the run ended before"
        }
    }
}

/// Why an account may not replay.
pub(super) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::ToolVersion => "another version of bestand made the run, and may have judged by other rules",
        Cause::Settings => "settings.json is not what the run was made with: its digest is another",
        Cause::Unknown => {
            "version and settings are the run's own: files of the run were altered, or bestand has a fault; please report it"
        }
    }
}
