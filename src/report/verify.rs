//! `bestand verify PACK`: whether an evidence pack is whole, unchanged, and agrees with itself.

use std::fs::File;
use std::path::Path;

use bestand_model::coverage::{CoverageLine, CoverageStatus};
use bestand_model::run_summary::{PublicationCounts, RunSummary};
use bestand_publisher::evidence::{Manifest, check_lines, unpack};
use bestand_publisher::publish::verify_receipts;
use bestand_publisher::report::one_line;
use bestand_publisher::run_store::{RunDirectory, RunStore};

use super::evidence::{ended, head, is_of_pack, of_system};
use super::{filed, sealed};
use crate::error::{Error, chain};
use crate::exit_status::ExitStatus;
use crate::publish;

/// Checks a pack; gives what to tell, a line each, and 0 or 44.
pub(crate) fn verify(pack: &Path, digest: Option<&str>) -> Result<(Vec<String>, ExitStatus), Error> {
    let file = File::open(pack).map_err(|error| of_system(&format!("read {}", pack.display()), &error))?;
    let room = tempfile::Builder::new()
        .prefix("bestand-verify-")
        .tempdir()
        .map_err(|error| of_system("make a folder to unpack to", &error))?;
    let unpacking = room.path().join("unpacked");
    let mut found =
        unpack(&file, &unpacking).map_err(|error| of_system(&format!("check {}", pack.display()), &error))?;
    if let (Some(wanted), Some(own)) = (digest, &found.digest)
        && !wanted.trim().trim_start_matches("sha256:").eq_ignore_ascii_case(own)
    {
        found.note(format!("it is not the pack whose manifest has the digest {wanted}"));
    }
    let mut lines = Vec::new();
    if let Some(own) = &found.digest {
        lines.push(format!("sha256 of its manifest: {own}"));
    }
    if let Some(manifest) = found.manifest.take().filter(|_| found.problems.is_empty()) {
        let run = &manifest.run;
        lines.push(format!("holds {} files of run {}: {}", manifest.files.len(), run.run_id, ended(run)));
        let (problems, notes) = contradictions(&manifest, room.path(), &unpacking)?;
        lines.extend(notes);
        for problem in problems {
            found.note(problem);
        }
    }
    // A pack is somebody's file: nothing in it may turn or hide what a terminal shows.
    let mut lines: Vec<String> = lines.iter().map(|line| one_line(line)).collect();
    if found.problems.is_empty() {
        lines.push("good: every file is as the manifest says, and the run agrees with itself".to_owned());
        return Ok((lines, ExitStatus::Done));
    }
    let number = found.problems.len() + found.more();
    lines.extend(found.problems.iter().map(|problem| one_line(&format!("wrong: {problem}"))));
    lines.push(format!("not good: {number} {}", if number == 1 { "problem" } else { "problems" }));
    Ok((lines, ExitStatus::Plan))
}

/// Gives what in an unpacked run contradicts itself, and what could not be checked. Each part is looked at, whatever the
/// others say.
fn contradictions(
    manifest: &Manifest,
    room: &Path,
    unpacked: &Path,
) -> Result<(Vec<String>, Vec<String>), Error> {
    for file in &manifest.files {
        // Reports were digested, not unpacked.
        let Ok(mut own) = File::open(unpacked.join(&file.path)) else { continue };
        if let Err(error) = check_lines(&file.path, &mut own) {
            return Ok((vec![format!("`{}`: it cannot be read: {error}", file.path)], Vec::new()));
        }
    }
    let runs = room.join("store").join("runs");
    std::fs::create_dir_all(&runs)
        .and_then(|()| std::fs::rename(unpacked, runs.join(manifest.run.run_id.as_str())))
        .map_err(|error| of_system("unpack", &error))?;
    let store = RunStore::open("file:store", room)?;
    let mut problems = Vec::new();
    let directory = match store.run(&manifest.run.run_id) {
        Ok(directory) => directory,
        Err(error) => return Ok((vec![chain(&error)], Vec::new())),
    };
    let mut notes = Vec::new();
    let Some(summary) = told(filed::check(&directory), &mut problems)? else { return Ok((problems, notes)) };
    let not_sealed = told(sealed::not_sealed(&directory, &summary), &mut problems)?.flatten();
    notes.extend(not_sealed.map(|of| format!("not sealed: {of}")));
    if let Some(own) = told(head(&directory, &summary), &mut problems)?
        && own != manifest.run
    {
        problems
            .push("`manifest.json`: it says other things of the run than run.json and plan.json".to_owned());
    }
    for check in [settings, coverage, publication] {
        if let Some(found) = told(check(&directory, &summary), &mut problems)? {
            problems.extend(found);
        }
    }
    Ok((problems, notes))
}

/// Turns what is wrong with the pack into a problem; what is wrong with this machine stays an error.
fn told<T>(result: Result<T, Error>, problems: &mut Vec<String>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::RunStore(error)) if !is_of_pack(&error) => Err(Error::RunStore(error)),
        Err(error) => {
            problems.push(chain(&error));
            Ok(None)
        }
    }
}

/// The settings must be those that the run was made with.
fn settings(directory: &RunDirectory, summary: &RunSummary) -> Result<Option<String>, Error> {
    sealed::settings(directory, summary).map(|()| None)
}

/// A run with a plan has counted its ledger.
fn coverage(directory: &RunDirectory, summary: &RunSummary) -> Result<Option<String>, Error> {
    if summary.plan_digest.is_none() || summary.reverts.is_some() {
        return Ok(None);
    }
    let (mut scopes, mut complete) = (0, 0);
    for line in directory.read_ndjson::<CoverageLine>("coverage")? {
        let line = line?;
        scopes += 1;
        complete += u64::from(line.status == CoverageStatus::Complete && line.reason.is_none());
    }
    let counted = (summary.coverage.scopes, summary.coverage.complete);
    Ok((counted != (scopes, complete)).then(|| {
        format!(
            "`coverage.ndjson`: it has {scopes} scopes, {complete} of them complete; run.json counts {} and {}",
            counted.0, counted.1
        )
    }))
}

/// Intents are batches of the plan, receipts speak of their changes alone, and run.json tells no more than they do. They
/// may tell more: what became of changes is settled by later runs too.
fn publication(directory: &RunDirectory, summary: &RunSummary) -> Result<Option<String>, Error> {
    let Some(plan) = directory.read_json("plan")? else { return Ok(None) };
    let counts = verify_receipts(directory, &plan).map_err(publish::explain)?;
    let more = |told: PublicationCounts| {
        told.applied > counts.applied
            || told.rejected > counts.rejected
            || told.conflicted > counts.conflicted
    };
    Ok(summary
        .publication
        .filter(|told| more(*told))
        .map(|_| "receipts/: run.json tells of more answers than there are receipts".to_owned()))
}
