//! The figures for people.

use std::fmt::Write as _;

use bestand_model::finding::FindingKind;
use bestand_sandbox::labelled::{AWAITED, KNOWN};
use comfy_table::{CellAlignment, Table, presets};

use super::LabelledArgs;
use super::tally::{Counts, Tally};

/// How many differences are told in words.
const SHOWN: usize = 20;

/// Writes the figures down.
pub(super) fn text(tally: &Tally, asked: &LabelledArgs) -> String {
    let (first_seed, days) = (asked.first_seed, asked.days);
    let mut text =
        format!("{} estates of {days} days, from seed {first_seed}: {} runs\n\n", tally.seeds, tally.runs);
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}\n\n{}\n", findings(tally), entries(tally));
    let planted: Vec<String> = tally.planted.iter().map(|(case, count)| format!("{case} {count}")).collect();
    let _ = writeln!(text, "assets planted: {}", planted.join(", "));
    for awaited in AWAITED {
        let _ = writeln!(text, "not planted yet: {} awaits {}", awaited.case, awaited.what);
    }
    for known in KNOWN {
        let _ = writeln!(text, "known to be wrong, not planted: {}: {}", known.case, known.why);
    }
    mismatches(&mut text, tally, asked);
    text.trim_end().to_owned()
}

fn plain(header: [&str; 6]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn findings(tally: &Tally) -> Table {
    let mut table = plain(["finding", "expected", "found", "right", "precision", "recall"]);
    for kind in FindingKind::ALL {
        let counts = tally.findings.get(&kind).copied().unwrap_or_default();
        table.add_row(row(kind.code(), &counts, counts.expected + counts.found > 0));
    }
    table
}

fn row(name: &str, counts: &Counts, any: bool) -> [String; 6] {
    let share = |share: f64| if any { format!("{share:.4}") } else { "-".to_owned() };
    [
        name.to_owned(),
        counts.expected.to_string(),
        counts.found.to_string(),
        counts.right.to_string(),
        share(counts.precision()),
        share(counts.recall()),
    ]
}

fn entries(tally: &Tally) -> String {
    let of = &tally.entries;
    [
        ("entries looked at", of.looked_at),
        ("retirements due", of.retirements),
        ("wrong retires", of.wrong_retires),
        ("missed retires", of.missed_retires),
        ("reactivations due", of.reactivations),
        ("lost reactivations", of.lost_reactivations),
        ("wrong creates", of.wrong_creates),
        ("missed creates", of.missed_creates),
        ("wrong values", of.wrong_values),
    ]
    .map(|(name, count)| format!("{name:<20}{count:>8}"))
    .join("\n")
}

fn mismatches(text: &mut String, tally: &Tally, asked: &LabelledArgs) {
    let Some(first) = tally.mismatches.first() else {
        text.push_str("\nevery finding and every entry is as it must be");
        return;
    };
    let _ = writeln!(text, "\n{} differences; the first:", tally.mismatches.len());
    for of in tally.mismatches.iter().take(SHOWN) {
        let _ = writeln!(text, "  seed {} day {} {}: {} {}", of.seed, of.day, of.case, of.subject, of.what);
    }
    let case = asked.case.as_ref().map(|case| format!(" --case {case}")).unwrap_or_default();
    let _ = writeln!(
        text,
        "again: bestand labelled --first-seed {} --seeds 1 --days {}{case} --keep DIR",
        first.seed, asked.days
    );
}
