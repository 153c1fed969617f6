//! Preconditions.

use bestand_model::asset::PublishedAsset;
use serde_json::json;

use super::bench::{Case, Flaw, ensure, told};
use crate::central_register::{ChangeResult, ResultStatus, SentChange};

/// A change that must conflict and leave the entry as it is.
async fn conflicts(case: &Case<'_>, change: SentChange, entry: &PublishedAsset) -> Result<(), Flaw> {
    let tried = format!("{:?} of an entry that moved, or is there,", change.kind);
    let result = case.one(change).await?;
    ensure(result.status == ResultStatus::Conflicted, || format!("{tried} was {}", told(&result)))?;
    let names_another = result.version.as_ref().is_some_and(|version| *version != entry.version);
    ensure(!names_another, || {
        format!("{tried} names version {:?}, not the one that is there", result.version)
    })?;
    case.unchanged(entry, &format!("{tried} conflicted")).await
}

pub(super) async fn create(case: &Case<'_>) -> Result<(), Flaw> {
    let entry = case.made(1).await?;
    let mut again = case.create(1);
    again.idempotency_key = case.named("create-again");
    again.patch.attributes.insert("name".to_owned(), json!("another entry"));
    conflicts(case, again, &entry).await
}

pub(super) async fn stale(case: &Case<'_>) -> Result<(), Flaw> {
    let before = case.made(1).await?;
    let entry = case.applied(case.update("move", &before, &[("size", json!(4))])).await?;
    conflicts(case, case.update("update", &before, &[("size", json!(5))]), &entry).await?;
    conflicts(case, case.retire("retire", &before), &entry).await
}

pub(super) async fn missing(case: &Case<'_>) -> Result<(), Flaw> {
    let made = case.made(1).await?;
    let nobody = PublishedAsset { asset_key: case.key(2), ..made };
    for change in [case.update("update", &nobody, &[("size", json!(5))]), case.retire("retire", &nobody)] {
        let kind = change.kind;
        let result = case.one(change).await?;
        ensure(result.status == ResultStatus::Conflicted, || {
            format!("{kind:?} of an entry that is not there was {}", told(&result))
        })?;
        let found = case.find(nobody.asset_key).await?;
        ensure(found.is_none(), || format!("{kind:?} of an entry that was not there made one"))?;
    }
    Ok(())
}

/// How often two writers meet: one of them may be lucky in its timing.
const ROUNDS: usize = 8;

pub(super) async fn two_writers(case: &Case<'_>) -> Result<(), Flaw> {
    let register = case.register();
    let second = case.bench.subject.second.unwrap_or(register);
    let mut entry = case.made(1).await?;
    for round in 0..ROUNDS {
        let by = |writer: &str| case.update(&format!("{writer}-{round}"), &entry, &[("name", json!(writer))]);
        let (one, other) = futures::join!(
            case.send_by(register, "one", vec![by("one")]),
            case.send_by(second, "other", vec![by("other")]),
        );
        let (one, other) = (only(one?)?, only(other?)?);
        let winner = match (one.status, other.status) {
            (ResultStatus::Applied, ResultStatus::Conflicted) => "one",
            (ResultStatus::Conflicted, ResultStatus::Applied) => "other",
            _ => {
                let what = format!("of two writers one was {}, the other {}", told(&one), told(&other));
                return Err(Flaw::Broken(what));
            }
        };
        entry = case.entry(entry.asset_key).await?;
        ensure(entry.attributes.get("name") == Some(&json!(winner)), || {
            format!(
                "writer `{winner}` was told that it won, and the entry says {:?}",
                entry.attributes.get("name")
            )
        })?;
    }
    Ok(())
}

fn only(results: Vec<ChangeResult>) -> Result<ChangeResult, Flaw> {
    results.into_iter().next().ok_or_else(|| Flaw::NotExamined("a change got no result".to_owned()))
}
