//! One sheet of the workbook, row by row, within the limits of the file format.

use std::borrow::Cow;

use jiff::Timestamp;
use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, Worksheet, XlsxError};

use super::XlsxReport;
use crate::report::ReportError;
use crate::report::table::{Cell, Column, Look};
use crate::report::text::count;

/// A cell holds so many characters, counted in UTF-16.
const MAX_CELL_CHARACTERS: usize = 32_767;

/// Whole numbers beyond this are not exact in a spreadsheet, and are written as texts.
const MAX_EXACT: f64 = 999_999_999_999_999.0;

/// What the workbook leaves out.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Rows that did not fit, by sheet.
    pub(super) rows: Vec<(&'static str, u64)>,
    /// Texts that were cut.
    pub(super) texts: u64,
    /// Bytes of the texts that were written.
    pub(super) bytes: u64,
}

impl Left {
    /// Gives how many rows did not fit into a sheet.
    pub(super) fn rows_of(&self, sheet: &str) -> u64 {
        self.rows.iter().filter(|(own, _)| *own == sheet).map(|(_, rows)| rows).sum()
    }
}

/// A sheet at work.
pub(super) struct Sheet<'a> {
    report: &'a XlsxReport,
    worksheet: Worksheet,
    name: &'static str,
    columns: &'a [Column],
    formats: Formats,
    next: u32,
    /// The row that would be the last: it goes in only if none follows.
    last: Option<Vec<Cell<'static>>>,
    left_out: u64,
    cut: u64,
    bytes: u64,
}

struct Formats {
    name: Format,
    text: Format,
    instant: Format,
    number: Format,
}

impl<'a> Sheet<'a> {
    /// Begins a sheet with its row of names, which stays in view.
    pub(super) fn begin(
        report: &'a XlsxReport,
        mut worksheet: Worksheet,
        name: &'static str,
        columns: &'a [Column],
    ) -> Result<Self, ReportError> {
        let top = FormatAlign::Top;
        let formats = Formats {
            name: Format::new().set_bold().set_align(top),
            text: Format::new().set_num_format("@").set_align(top),
            instant: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss").set_align(top),
            number: Format::new().set_num_format("General").set_align(top),
        };
        report.guarded(|| {
            worksheet.set_name(name)?;
            worksheet.set_freeze_panes(1, 0)?;
            worksheet.set_landscape().set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
            for (index, column) in (0..).zip(columns) {
                worksheet.set_column_width(index, column.width)?;
                worksheet.set_column_format(index, formats.of(column.look))?;
                worksheet.write_string_with_format(0, index, column.name, &formats.name)?;
            }
            Ok(())
        })?;
        let (last, next) = (None, 1);
        Ok(Self { report, worksheet, name, columns, formats, next, last, left_out: 0, cut: 0, bytes: 0 })
    }

    /// Adds a row. Those beyond the limit are counted only.
    pub(super) fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ReportError> {
        if self.next + 1 < self.report.max_rows {
            self.put(cells)
        } else if self.last.is_none() {
            self.last = Some(cells.iter().map(own).collect());
            Ok(())
        } else {
            self.left_out += 1;
            Ok(())
        }
    }

    fn put(&mut self, cells: &[Cell<'_>]) -> Result<(), ReportError> {
        let (row, formats, worksheet) = (self.next, &self.formats, &mut self.worksheet);
        let (cut, bytes) = (&mut self.cut, &mut self.bytes);
        self.report.guarded(|| {
            for (column, cell) in (0..).zip(cells) {
                let text = match cell {
                    Cell::Blank => continue,
                    Cell::Text(text) if text.is_empty() => continue,
                    Cell::Text(text) => Cow::Borrowed(&**text),
                    Cell::Flag(flag) => {
                        worksheet.write_boolean_with_format(row, column, *flag, &formats.number)?;
                        continue;
                    }
                    Cell::Number(number) => match exact(number) {
                        Some(exact) => {
                            worksheet.write_number_with_format(row, column, exact, &formats.number)?;
                            continue;
                        }
                        None => Cow::Owned(number.to_string()),
                    },
                    Cell::Instant(at) => match date(*at) {
                        Some(date) => {
                            worksheet.write_datetime_with_format(row, column, &date, &formats.instant)?;
                            continue;
                        }
                        None => Cow::Owned(at.to_string()),
                    },
                };
                let fitting = fit(&text);
                *cut += u64::from(fitting.len() != text.len());
                *bytes += fitting.len() as u64;
                worksheet.write_string_with_format(row, column, fitting, &formats.text)?;
            }
            Ok(())
        })?;
        self.next += 1;
        Ok(())
    }

    /// Ends the sheet with the last row, or with a word on those that did not fit, and notes what is left out.
    pub(super) fn finish(mut self, left: &mut Left) -> Result<Worksheet, ReportError> {
        if let Some(last) = self.last.take() {
            if self.left_out == 0 {
                self.put(&last)?;
            } else {
                self.left_out += 1;
                let word = format!(
                    "{} further rows do not fit into a sheet: report.jsonl has all, and report.csv all findings",
                    count(self.left_out)
                );
                self.put(&[Cell::own(word)])?;
            }
        }
        let (bottom, right) = (self.next - 1, self.columns.len().saturating_sub(1));
        let worksheet = &mut self.worksheet;
        self.report.guarded(|| {
            let right = u16::try_from(right).map_err(|_| XlsxError::RowColumnLimitError)?;
            worksheet.autofilter(0, 0, bottom, right).map(|_| ())
        })?;
        left.rows.push((self.name, self.left_out));
        left.texts += self.cut;
        left.bytes += self.bytes;
        Ok(self.worksheet)
    }
}

impl Formats {
    fn of(&self, look: Look) -> &Format {
        match look {
            Look::Text => &self.text,
            Look::Number => &self.number,
            Look::Instant => &self.instant,
        }
    }
}

/// Gives a number as a spreadsheet holds it, if it holds it as it is.
fn exact(number: &serde_json::Number) -> Option<f64> {
    let float = number.as_f64()?;
    let whole = number.is_i64() || number.is_u64();
    (float.is_finite() && (!whole || float.abs() <= MAX_EXACT)).then_some(float)
}

/// Gives an instant as a spreadsheet holds it, to the second and in UTC; it knows the years from 1900 to 9999.
fn date(at: Timestamp) -> Option<ExcelDateTime> {
    ExcelDateTime::from_timestamp(at.as_second()).ok()
}

/// Cuts a text that a cell does not hold, and says so in it.
fn fit(text: &str) -> Cow<'_, str> {
    // A text of fewer bytes has fewer characters: most need not be counted.
    if text.len() <= MAX_CELL_CHARACTERS {
        return Cow::Borrowed(text);
    }
    let all = text.encode_utf16().count();
    if all <= MAX_CELL_CHARACTERS {
        return Cow::Borrowed(text);
    }
    let word = format!("… (cut here, {} characters: see report.csv)", count(all as u64));
    let room = MAX_CELL_CHARACTERS - word.encode_utf16().count();
    let mut taken = 0;
    let kept = text.chars().take_while(|own| {
        taken += own.len_utf16();
        taken <= room
    });
    Cow::Owned(kept.chain(word.chars()).collect())
}

fn own(cell: &Cell<'_>) -> Cell<'static> {
    match cell {
        Cell::Blank => Cell::Blank,
        Cell::Text(text) => Cell::own(&**text),
        Cell::Number(number) => Cell::Number(number.clone()),
        Cell::Instant(at) => Cell::Instant(*at),
        Cell::Flag(flag) => Cell::Flag(*flag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_what_a_cell_holds_and_says_so() {
        for text in ["ü".repeat(40_000), "🚌".repeat(20_000), "x".repeat(65_536)] {
            let cut = fit(&text);
            let characters = cut.encode_utf16().count();
            assert!((MAX_CELL_CHARACTERS - 1..=MAX_CELL_CHARACTERS).contains(&characters), "{characters}");
            assert!(cut.ends_with("characters: see report.csv)"));
        }
        for text in ["x".repeat(MAX_CELL_CHARACTERS), "ü".repeat(MAX_CELL_CHARACTERS)] {
            assert_eq!(fit(&text), text);
        }
    }

    #[test]
    fn numbers_that_a_spreadsheet_would_round_are_texts() {
        let number = |text: &str| exact(&serde_json::from_str(text).unwrap());
        assert_eq!(number("-5"), Some(-5.0));
        assert_eq!(number("0.25"), Some(0.25));
        assert_eq!(number("12345678901234567"), None);
        assert_eq!(number("18446744073709551615"), None);
    }
}
