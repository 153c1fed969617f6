//! The figures for people.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};

use super::OrdealArgs;
use super::row::Row;

/// Writes the figures down.
pub(super) fn text(rows: &[Row], asked: &OrdealArgs, kinds: [u64; 3]) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header([
        "scenario",
        "published",
        "struck",
        "changes",
        "applied",
        "conflicted",
        "rejected",
        "lost",
        "doubled",
        "verdict",
    ]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for row in rows {
        let verdict = if row.is_right() { "right" } else { "WRONG" };
        table.add_row(figures(&row.scenario, row, verdict));
    }
    let mut all = Row::new("all");
    for row in rows {
        all.publications += row.publications;
        all.struck += row.struck;
        all.changes += row.changes;
        all.applied += row.applied;
        all.conflicted += row.conflicted;
        all.rejected += row.rejected;
        all.lost += row.lost;
        all.doubled += row.doubled;
    }
    let right = rows.iter().all(Row::is_right);
    table.add_row(figures("all", &all, if right { "right" } else { "WRONG" }));
    // Writing to a String cannot fail.
    let [creates, updates, retires] = kinds;
    let mut text = format!(
        "a plan of {} changes ({creates} creates, {updates} updates, {retires} retires), seed {}\n\n{table}\n",
        creates + updates + retires,
        asked.seed
    );
    for row in rows.iter().filter(|row| !row.is_right()) {
        if row.struck == 0 {
            let _ = writeln!(text, "\n{}: nothing struck, so this proves nothing", row.scenario);
        }
        for wrong in &row.wrong {
            let _ = writeln!(text, "\n{}: {wrong}", row.scenario);
        }
        let (name, kills, changes, seed) = (&row.scenario, asked.kills, asked.changes, asked.seed);
        let _ = writeln!(
            text,
            "again: bestand ordeal --scenario {name} --seed {seed} --kills {kills} --changes {changes} --keep DIR"
        );
    }
    text.trim_end().to_owned()
}

fn figures(name: &str, row: &Row, verdict: &str) -> Vec<String> {
    let numbers = [
        row.publications,
        row.struck,
        row.changes,
        row.applied,
        row.conflicted,
        row.rejected,
        row.lost,
        row.doubled,
    ];
    let mut cells = vec![name.to_owned()];
    cells.extend(numbers.map(|number| number.to_string()));
    cells.push(verdict.to_owned());
    cells
}
