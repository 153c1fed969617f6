//! The proof: what was judged again, held against the plan.

use bestand_publisher::report::instant;

use super::super::proof::{AccountProof, Cause, RunProof};
use super::super::story::{RunHead, Story};
use super::super::text::{Page, Style};
use super::super::words;

/// The end of a story.
pub(super) fn replay(page: &mut Page, story: &Story) {
    page.heading("Proof");
    for planned in &story.planned {
        let text = format!("{}: {}.", planned.change.digest, words::verdict(planned.replay));
        if planned.replay.is_well() { page.line(&text) } else { page.warning(&text) }
    }
    let proof = &story.proof;
    if proof.changes > 0 || proof.differing > 0 {
        let settled = if proof.settled > 0 {
            format!(", and {} but for what the whole plan decides", proof.settled)
        } else {
            String::new()
        };
        page.line(&format!(
            "Changes of {} that have the plan's digest: {} of {}{settled}.",
            place(proof),
            proof.same,
            proof.changes
        ));
    }
    if proof.findings > 0 {
        page.line(&format!(
            "Findings of {} that came out as they are reported: {} of {}.",
            place(proof),
            proof.findings_same,
            proof.findings
        ));
    }
    if proof.differing > 0 {
        page.warning(&format!("{} differ: what is told here is not what was planned.", proof.differing));
    }
    by_what(page, &story.run, &story.causes);
}

fn place(proof: &AccountProof) -> String {
    match proof.partition.as_str() {
        crate::plan::NOT_AWS => "what is no AWS resource".to_owned(),
        crate::plan::UNPLACED => "what belongs to no known account".to_owned(),
        crate::plan::REJECTED => "rows that make no sense".to_owned(),
        account => format!("account {account}"),
    }
}

fn by_what(page: &mut Page, run: &RunHead, causes: &[Cause]) {
    for cause in causes {
        page.warning(&format!("{}.", words::cause(*cause)));
    }
    if causes.is_empty() && run.explained_by != run.tool_version {
        page.line(&format!(
            "Version {} made the run, version {} explains it.",
            run.tool_version, run.explained_by
        ));
    }
    if causes.is_empty() && !run.settings_match {
        page.warning("settings.json has another digest than the settings that the run was made with.");
    }
}

/// The proof of a whole run.
pub(in crate::explain) fn proof(proof: &RunProof, style: Style) -> String {
    let mut page = Page::new(style);
    let run = &proof.run;
    page.heading(&format!("Run {} judged again, account by account", run.run_id));
    page.line(&format!("environment {}, judged at {}", run.environment, instant(run.judged_at)));
    let rows: Vec<[String; 6]> = proof
        .accounts
        .iter()
        .map(|account| {
            [
                place(account),
                account.changes.to_string(),
                account.same.to_string(),
                account.settled.to_string(),
                account.differing.to_string(),
                format!("{} of {}", account.findings_same, account.findings),
            ]
        })
        .collect();
    let header = ["", "changes", "same digest", "settled by the plan", "different", "findings"];
    page.table(header, &rows);
    let changes: u64 = proof.accounts.iter().map(|account| account.changes).sum();
    match (&proof.plan_fault, proof.is_proven()) {
        (_, true) if proof.planned => page.line(&format!(
            "All {changes} changes of the plan follow from what the run directory holds, and the plan's digest covers them: {}.",
            run.plan_digest.as_deref().unwrap_or("none")
        )),
        (_, true) => page.line("There is no plan to hold it against."),
        (Some(fault), _) => page.warning(&format!("The plan's own digests do not hold: {fault}.")),
        (None, _) => page.warning("Not every change of the plan follows from what the run directory holds."),
    }
    for key in proof.accounts.iter().flat_map(|account| &account.different) {
        page.item(&format!("asset key {key}"));
    }
    by_what(&mut page, run, &proof.causes);
    page.finish()
}
