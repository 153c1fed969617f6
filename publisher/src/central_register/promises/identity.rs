//! Who the register is.

use std::collections::BTreeMap;

use bestand_model::identifiers::RunId;

use super::bench::{Case, Flaw, ensure};
use crate::central_register::{RegisterError, RunEvidence};

pub(super) async fn is_stable(case: &Case<'_>) -> Result<(), Flaw> {
    let first = &case.bench.identity;
    let named = [&first.register_id, &first.environment, &first.source].iter().all(|text| !text.is_empty());
    ensure(named, || "register_id, environment or source is empty".to_owned())?;
    let sizes = first.capabilities.max_batch > 0 && first.capabilities.max_page > 0;
    ensure(sizes, || "max_batch or max_page is 0".to_owned())?;
    let again = case.register().identity().await?;
    ensure(again == *first, || format!("it said {first:?}, and then {again:?}"))?;
    let declared = case.register().capabilities().await?;
    ensure(declared == first.capabilities, || {
        format!("its identity declares {:?}, its capabilities are {declared:?}", first.capabilities)
    })
}

pub(super) async fn foreign_evidence_is_refused(case: &Case<'_>) -> Result<(), Flaw> {
    let run_id = RunId::new(case.named("run"));
    let environment = format!("not-{}", case.bench.identity.environment);
    match case.register().record_run(&evidence(case, run_id.clone(), &environment, "foreign")).await {
        Ok(()) => Err(Flaw::Broken(format!("evidence of a run for environment {environment} was taken"))),
        Err(RegisterError::Refused { .. }) => match case.bench.subject.evidence {
            Some(reader) => {
                let kept = reader.evidence(&run_id).await?;
                ensure(kept.is_none(), || "the evidence was refused, and is kept all the same".to_owned())
            }
            None => Ok(()),
        },
        Err(other) => Err(other.into()),
    }
}

/// Evidence of a run of the examination.
pub(super) fn evidence(case: &Case<'_>, run_id: RunId, environment: &str, command: &str) -> RunEvidence {
    RunEvidence {
        run_id,
        environment: environment.to_owned(),
        plan_digest: Some(case.named("plan")),
        command: command.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: case.bench.subject.at,
        ended_at: None,
        totals: BTreeMap::new(),
        overrides: Vec::new(),
    }
}
