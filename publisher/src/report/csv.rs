//! `report.csv`: one row per finding (RFC 4180, UTF-8).
//!
//! A spreadsheet that opens a CSV takes a cell that begins like a formula for one, whatever is in quotes, and may
//! run it. So such a text gets an apostrophe in front, as OWASP advises for CSV injection.

use std::borrow::Cow;
use std::io::Write;

use bestand_model::finding::Finding;
use csv::{Terminator, WriterBuilder};

use super::table::{self, Cell};
use super::{ReportError, ReportHead, ReportTotals};

/// Writes the report as CSV: a row of names, then every finding in the order in which it comes. What exceptions
/// hide is there as well, and marked in the column `ignored`.
///
/// # Errors
/// Writing fails.
pub fn write_csv(
    out: &mut dyn Write,
    head: &ReportHead<'_>,
    findings: &mut dyn Iterator<Item = Finding>,
) -> Result<ReportTotals, ReportError> {
    let mut totals = ReportTotals::default();
    let mut rows = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    rows.write_record(table::FINDING.iter().map(|column| column.name)).map_err(failed)?;
    let directory = table::directory(head.accounts);
    for finding in findings {
        totals.add(&finding);
        totals.embedded += u64::from(finding.exception.is_none());
        for cell in table::finding(&finding, &directory) {
            rows.write_field(&*written(&cell)).map_err(failed)?;
        }
        rows.write_record(None::<&[u8]>).map_err(failed)?;
    }
    rows.flush()?;
    Ok(totals)
}

fn failed(error: csv::Error) -> ReportError {
    ReportError::Write(error.into())
}

/// Gives a cell's text.
fn written<'a>(cell: &'a Cell<'_>) -> Cow<'a, str> {
    match cell {
        Cell::Blank => Cow::Borrowed(""),
        Cell::Text(text) => neutral(text),
        Cell::Number(number) => Cow::Owned(number.to_string()),
        Cell::Instant(at) => Cow::Owned(at.to_string()),
        Cell::Flag(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
    }
}

/// Puts an apostrophe before a text that a spreadsheet would take for a formula. Taking one apostrophe away from
/// what is still such a text gives back what was there.
pub(crate) fn neutral(text: &str) -> Cow<'_, str> {
    if looks_like_a_formula(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Spreadsheets pass over blanks, some over quotes; the wide forms are what East Asian keyboards give.
fn looks_like_a_formula(text: &str) -> bool {
    if text.starts_with(['\t', '\r', '\n']) {
        return true;
    }
    let passed_over =
        |own: char| own.is_whitespace() || own.is_control() || "'\"`\u{feff}\u{200b}".contains(own);
    text.trim_start_matches(passed_over).starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_begins_like_a_formula_gets_an_apostrophe() {
        for text in [
            "=cmd|' /C calc'!A0",
            "+1+1",
            "-2+3",
            "@SUM(A1)",
            "\ttab",
            "\rreturn",
            "\nline",
            "  =1",
            "\"=1",
            "'=1",
            "＝1",
            "\u{feff}=1",
            "\0=1",
        ] {
            assert_eq!(neutral(text), format!("'{text}"), "{text:?}");
        }
        for text in ["", "a=b", "t3.large", "1-2", "'", "it's", "10.0.0.0/8", "<b>=</b>", "ü"] {
            assert_eq!(neutral(text), text);
        }
    }

    #[test]
    fn numbers_stay_numbers_and_texts_that_look_like_some_do_not() {
        let (number, text) = (json!(-5), json!("-5"));
        assert_eq!(written(&Cell::value(Some(&number))), "-5");
        assert_eq!(written(&Cell::value(Some(&text))), "'-5");
        assert_eq!(written(&Cell::value(Some(&json!(null)))), "null");
        assert_eq!(written(&Cell::value(None)), "");
    }
}
