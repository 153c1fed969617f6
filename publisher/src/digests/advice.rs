//! What an owner is told, and what to do about it.

use bestand_model::finding::{Finding, FindingKind, Severity};
use bestand_model::provenance::Provenance;

/// Tells whether a finding is an owner's to mend: not what an exception answers for, not what is only information,
/// and not what nobody could see or does not belong to bestand.
pub(super) fn is_to_be_told(finding: &Finding) -> bool {
    let for_others = matches!(finding.kind, FindingKind::Unverified | FindingKind::NotOurs);
    finding.exception.is_none() && finding.severity != Severity::Info && !for_others
}

/// Says what to do, in the words of a person who knows the asset and not bestand.
pub(super) fn what_to_do(finding: &Finding) -> &'static str {
    match finding.kind {
        FindingKind::Absent if !finding.evidence.contains_key("row") => {
            "No row speaks of it any more, and nothing lives. Say so if that was not meant."
        }
        FindingKind::Absent => {
            "Was it taken down on purpose? Then close its row in the source register. If not, find out who removed it."
        }
        FindingKind::RetiredButLive => {
            "Shut it down; or, if it is still needed, let its row in the source register say so."
        }
        FindingKind::Unregistered => "Enter it in the source register; or remove it, if nobody needs it.",
        FindingKind::Divergent => match &finding.authority {
            Some(Provenance::SourceRegister) => {
                "The source register decides here: change it in AWS, or correct the row if the row is wrong."
            }
            Some(Provenance::ConfigService | Provenance::Tag(_)) => {
                "AWS decides here: correct the row in the source register."
            }
            _ => "Neither side decides here: bring both to what is right.",
        },
        FindingKind::ExternallyChanged => {
            "Somebody changed the central register by hand. Enter it in the source register if it is right, or tell them."
        }
        FindingKind::Duplicate => {
            "Say which of the candidates in the report is the right one, and correct the others."
        }
        FindingKind::SharedIdentity => "Give each row of the source register an id and an ARN of its own.",
        FindingKind::Misplaced => {
            "Correct account and region in the source register; or move it back, if it should not be there."
        }
        FindingKind::Replaced => "Check that the new resource is meant to be the same asset.",
        FindingKind::NonCompliant => "Set the tag or attribute that the rule asks for.",
        FindingKind::SuspectValue => "Correct the value where it comes from.",
        FindingKind::RejectedRecord => {
            "Correct the row in the source register: until then nobody can use it."
        }
        FindingKind::ExceptionExpired => "Mend what the exception hid, or have it renewed.",
        FindingKind::NotOurs | FindingKind::Unverified => "Nothing: it is for those who run bestand.",
    }
}
