//! The story of one asset, and the proof of a run, as a person reads them.

mod account;
mod change;

use bestand_model::change_set::WithheldReason;
use bestand_model::configuration_item::CollectionPath;
use bestand_model::finding::Finding;
use bestand_model::identifiers::Region;
use bestand_model::reconciliation::{Absence, Candidate, DomainPart, Explanation, Looks, Seen, Side};
use bestand_publisher::report::{instant, meaning_of_kind, meaning_of_reason};
use serde_json::Value;

use super::story::{Planned, Story};
use super::text::{Page, Style};
use super::words;

pub(super) use account::proof;

/// Characters of a value that a cell shows; the JSON has them all.
const MOST_OF_A_VALUE: usize = 120;

/// Tells the story, and that of others that claim the same key.
pub(super) fn story(story: &Story, style: Style) -> String {
    let mut page = Page::new(style);
    one(&mut page, story);
    for other in &story.also_claimed_by {
        page.heading("The same asset key is claimed a second time:");
        one(&mut page, other);
    }
    page.finish()
}

fn one(page: &mut Page, story: &Story) {
    head(page, story);
    if let Some(asset) = &story.asset {
        record(page, asset);
        candidates(page, asset);
        sight(page, story, asset);
        change::attributes(page, asset);
    }
    findings(page, story);
    change::planned(page, story);
    account::replay(page, story);
}

fn head(page: &mut Page, story: &Story) {
    let kinds: Vec<&str> = story.found_as.iter().map(|kind| words::key_kind(*kind)).collect();
    let Some(asset) = &story.asset else {
        page.heading(&format!("{}, found as {}: about no asset", story.key, kinds.join(" and ")));
        run(page, story);
        return;
    };
    let identity = &asset.identity;
    let id = identity.resource_id.as_ref().map(AsRef::as_ref);
    let title = identity.name.as_deref().or(id).unwrap_or(&story.key);
    page.heading(&match &identity.resource_type {
        Some(kind) => format!("{title} ({kind})"),
        None => title.to_owned(),
    });
    if let Some(arn) = &identity.arn {
        page.line(arn.as_str());
    }
    let account = identity.account_id.as_ref().map(|id| {
        let name = story.account.as_ref().and_then(|account| account.name.as_deref());
        name.map_or_else(|| format!("account {id}"), |name| format!("account {id} ({name})"))
    });
    let place = [
        id.map(|id| format!("resource id {id}")),
        identity.region.as_ref().map(|region| format!("region {region}")),
        Some(account.unwrap_or_else(|| "no account".to_owned())),
    ];
    page.line(&place.into_iter().flatten().collect::<Vec<_>>().join(", "));
    let asset_id = identity.asset_id.as_ref().map(|id| format!("asset id {id}, "));
    page.line(&format!("{}asset key {}", asset_id.unwrap_or_default(), identity.asset_key));
    run(page, story);
    page.line(&format!("`{}` was found as {}.", story.key, kinds.join(" and ")));
}

fn run(page: &mut Page, story: &Story) {
    let run = &story.run;
    page.line(&format!(
        "run {}, environment {}, judged at {}",
        run.run_id,
        run.environment,
        instant(run.judged_at)
    ));
}

fn record(page: &mut Page, asset: &Explanation) {
    page.heading("Record");
    match (asset.records.as_slice(), asset.seen.is_empty()) {
        ([], _) => page.line("No record of the source register speaks of it."),
        ([record], live_is_none) => {
            let live_is_none = live_is_none && record.aws;
            let lifecycle = code(&record.lifecycle);
            page.line(&format!("{} speaks of it; it says that it is {lifecycle}.", record.row_key));
            match (&asset.rule, live_is_none) {
                (Some(rule), _) => {
                    page.line(&format!(
                        "It was matched to the live resource by the rule {}.",
                        words::rule(rule, asset.rule_of_settings.as_ref())
                    ));
                }
                (None, true) => page.line("No live resource was matched to it."),
                (None, false) => {}
            }
        }
        (several, _) => {
            let rows: Vec<&str> = several.iter().map(|record| record.row_key.as_str()).collect();
            page.line(&format!("{} records claim it: {}.", several.len(), rows.join(", ")));
        }
    }
}

fn candidates(page: &mut Page, asset: &Explanation) {
    if asset.candidates.is_empty() {
        return;
    }
    page.heading("What comes near, and why it is not it");
    for one in &asset.candidates {
        page.item(&candidate(one));
    }
    if asset.more_candidates > 0 {
        page.item(&format!("and {} more", asset.more_candidates));
    }
}

fn candidate(one: &Candidate) -> String {
    let side = match one.side {
        Side::Item => "live",
        Side::Record => "record",
    };
    let mut text = format!("{side} {}: {}", one.name, words::refusal(one.refused));
    if let (Some(has), Some(wanted)) = (&one.has, &one.wanted) {
        text.push_str(&format!(" ({has}, not {wanted})"));
    }
    if let Some(key) = one.belongs_to {
        text.push_str(&format!("; it belongs to asset {key}"));
    }
    text
}

fn sight(page: &mut Page, story: &Story, asset: &Explanation) {
    page.heading("What was seen");
    for seen in &asset.seen {
        page.line(&seen_words(seen));
    }
    if asset.seen.is_empty() && story.partition == crate::plan::NOT_AWS {
        page.line("It is no AWS resource: the source register alone vouches for it.");
    } else if asset.seen.is_empty() {
        page.line("Nothing live was matched to it in its account.");
    }
    for finding in &asset.findings {
        if let Some(place) = finding.evidence.get("seen_in").filter(|_| asset.seen.is_empty()) {
            let at = |name: &str| place.get(name).and_then(Value::as_str).unwrap_or("an unknown place");
            page.line(&format!("It was seen in account {}, region {}.", at("account_id"), at("region")));
        }
        if finding.evidence.contains_key("sighted_elsewhere") {
            page.line("Something that carries its names was seen, but not so that it could be matched.");
        }
    }
    if let Some(absence) = asset.absence.as_ref().filter(|_| story.partition != crate::plan::NOT_AWS) {
        absence_words(page, absence);
    }
    if let Some(proof) = &asset.proof {
        match &proof.question {
            Some(question) => page.line(&format!(
                "Asked by its id: {} {} in {}.",
                question.resource_type, question.resource_id, question.region
            )),
            None => page.line("Nobody can be asked for it by its id: its type, region or id is not known."),
        }
        match (&proof.answer, &proof.elsewhere) {
            (Some(answer), _) => page.line(&format!("Answer: {}.", words::answer(answer))),
            (None, Some(place)) => page.line(&format!(
                "It was not asked for: it was seen in account {}, region {}{}.",
                place.account_id,
                place.region,
                if place.doubtful { ", where not everything was seen" } else { "" }
            )),
            (None, None) => page.line("There is no answer."),
        }
    }
    life(page, asset);
    if let Some(looks) = &asset.looks {
        looks_words(page, looks);
        let waits = |planned: &Planned| planned.change.reason == Some(WithheldReason::Grace);
        if let Some(earliest) = looks.earliest_retirement.filter(|_| story.planned.iter().any(waits)) {
            page.line(&format!("It can be retired at {} at the earliest.", instant(earliest)));
        }
    }
}

fn seen_words(seen: &Seen) -> String {
    let item = &seen.item;
    let path = match item.path {
        CollectionPath::Select => "by a query of AWS Config",
        CollectionPath::BatchGet => "by AWS Config's list and its items, which have no tags",
        CollectionPath::Aggregator => "by the aggregator",
        CollectionPath::Snapshot => "by a snapshot",
    };
    let mut text = format!("Live in {}: seen {path}", item.region);
    if let Some(at) = item.captured_at {
        text.push_str(&format!(", last recorded at {}", instant(at)));
    }
    if item.arn_built {
        text.push_str("; AWS Config gives no ARN, bestand built it");
    }
    match seen.reason {
        None => text.push_str(". Everything that reports it is complete."),
        Some(reason) if seen.provisional => text.push_str(&format!(
            ". It was matched by what people wrote down, and not everything was seen in which another one could be \
             meant, {reason}: {} So nothing is concluded from it yet.",
            meaning_of_reason(reason)
        )),
        Some(reason) => text.push_str(&format!(
            ". It is not believed, {reason}: {} It vetoes an absence, and changes nothing.",
            meaning_of_reason(reason)
        )),
    }
    text
}

fn absence_words(page: &mut Page, absence: &Absence) {
    match absence.reason {
        None => page.line("Everything in which it could be was seen:"),
        Some(reason) => page.line(&format!(
            "Not everything in which it could be was seen, so nothing says that it is gone. {reason}: {}",
            meaning_of_reason(reason)
        )),
    }
    if !absence.uncollected.is_empty() {
        let kinds: Vec<&str> = absence.uncollected.iter().map(AsRef::as_ref).collect();
        page.line(&format!(
            "What an identification rule reads was not collected of every {}: any of them may be it.",
            kinds.join(", ")
        ));
    }
    for part in &absence.domain {
        page.item(&part_words(part));
        for gap in &part.gaps {
            let kind = gap.resource_type.as_ref().map(|kind| format!(" {kind}")).unwrap_or_default();
            let region = gap.region.as_ref().map_or("the whole account", Region::as_str);
            let reason = gap.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            let detail = gap.detail.as_ref().filter(|detail| !detail.is_empty());
            let detail = detail.map(|detail| format!(", {detail}")).unwrap_or_default();
            page.detail(&format!("{region}{kind}{reason}{detail}"));
        }
        if part.more_gaps > 0 {
            page.detail(&format!("and {} more gaps", part.more_gaps));
        }
    }
}

fn part_words(part: &DomainPart) -> String {
    let kind = part.resource_type.as_ref().map_or("every type".to_owned(), ToString::to_string);
    let region = part.region.as_ref().map_or("every region".to_owned(), ToString::to_string);
    match part.reason {
        None => format!("{kind} in {region}: complete"),
        Some(reason) => format!("{kind} in {region}: not complete, {reason}"),
    }
}

/// Where it stands in its life (SEMANTICS 5.1).
fn life(page: &mut Page, asset: &Explanation) {
    match (&asset.life.before, &asset.life.after) {
        (None, None) => {}
        (before, Some(after)) if before.as_ref() == Some(after) => {
            page.line(&format!("Stage of life: {after}, as before this run."));
        }
        (before, after) => page.line(&format!(
            "Stage of life: {} before this run, {} after it.",
            before.as_deref().unwrap_or("none"),
            after.as_deref().unwrap_or("none")
        )),
    }
}

fn looks_words(page: &mut Page, looks: &Looks) {
    if let Some(first) = looks.first_seen {
        let last = looks.last_seen.map(|last| format!(", last at {}", instant(last))).unwrap_or_default();
        page.line(&format!("bestand first saw it live at {}{last}.", instant(first)));
    } else if looks.last_seen.is_none() && looks.looks > 0 {
        page.line("bestand never saw it live.");
    }
    let Some(since) = looks.absent_since else { return };
    page.line(&format!(
        "Absent since {}: {} of {} complete looks that it takes, at least {} h apart, over at least {} h{}.",
        instant(since),
        looks.looks,
        looks.needs_looks,
        looks.look_interval_hours,
        looks.needs_hours,
        if looks.daily { " (it is recorded once a day)" } else { "" }
    ));
}

fn findings(page: &mut Page, story: &Story) {
    let of_asset = story.asset.iter().flat_map(|asset| &asset.findings);
    let findings: Vec<&Finding> = of_asset.chain(&story.finding).collect();
    page.heading("Findings");
    if findings.is_empty() {
        page.line("None.");
    }
    for finding in findings {
        let attribute = finding.attribute.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        let since = finding.since.map(|since| format!(", since {}", instant(since))).unwrap_or_default();
        let severity = code(&finding.severity);
        page.item(&format!("{} {}{attribute} ({severity}{since})", finding.finding_id, finding.kind));
        page.detail(meaning_of_kind(finding.kind));
        if let Some(exception) = &finding.exception {
            page.detail(&format!(
                "It is ignored until {}: {} ({} answers for it). That changes nothing else.",
                instant(exception.until),
                exception.because,
                exception.owner
            ));
        }
        if let Some(reason) = finding.evidence.get("reason").filter(|_| story.asset.is_none()) {
            page.detail(&value_words(reason));
        }
        let values = [("AWS", &finding.live), ("source register", &finding.registered)];
        let values = values.into_iter().chain([("central register", &finding.published)]);
        let values: Vec<String> = values
            .filter_map(|(side, value)| Some(format!("{side}: {}", value_words(value.as_ref()?))))
            .collect();
        if !values.is_empty() {
            page.detail(&values.join("; "));
        }
        for (name, words) in [("last_writer", "last written by"), ("last_published", "published last")] {
            if let Some(value) = finding.evidence.get(name) {
                page.detail(&format!("{words}: {}", value_words(value)));
            }
        }
        if story.findings_not_reported.contains(&finding.finding_id) {
            page.detail("It is not in the report.");
        }
    }
}

/// A value in a cell: text as it is, everything else as JSON; what is too long is cut.
fn value_words(value: &Value) -> String {
    let text = match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= MOST_OF_A_VALUE {
        return text;
    }
    text.chars().take(MOST_OF_A_VALUE).chain("...".chars()).collect()
}

/// A code as it stands in the files.
fn code(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
