//! Evidence of runs.

use bestand_model::identifiers::RunId;

use super::bench::{Case, Flaw, ensure};
use super::identity::evidence;

pub(super) async fn replaces(case: &Case<'_>) -> Result<(), Flaw> {
    let Some(reader) = case.bench.subject.evidence else {
        return Err(Flaw::NotExamined("nothing reads evidence back: the subject names no reader".to_owned()));
    };
    let environment = &case.bench.identity.environment;
    let runs = [RunId::new(case.named("run-1")), RunId::new(case.named("run-2"))];
    for run in &runs {
        case.register().record_run(&evidence(case, run.clone(), environment, "earlier")).await?;
    }
    let later = evidence(case, runs[0].clone(), environment, "later");
    // Twice: whoever did not hear the answer sends it again.
    case.register().record_run(&later).await?;
    case.register().record_run(&later).await?;
    for (run, expected) in runs.iter().zip(["later", "earlier"]) {
        let kept = reader.evidence(run).await?;
        let command = kept.as_ref().map(|kept| kept.command.as_str());
        ensure(command == Some(expected), || {
            format!("of run {run} the {expected} evidence was due, and {} is kept", command.unwrap_or("none"))
        })?;
    }
    Ok(())
}
