//! SQL that SQLite and PostgreSQL both take and understand alike, whatever is written into it.

use bestand_model::attribute::cut;

use crate::report::one_line;

/// The most characters of a text that a comment quotes.
const COMMENT_SHOWN: usize = 200;

/// Writes a text as a literal; none where it has a character that no database keeps.
///
/// Quotes are doubled. A backslash means something to a PostgreSQL whose `standard_conforming_strings` is off, and
/// nothing to all others: it is doubled too, so that none can end the literal, and what the doubling left is taken
/// back by an expression that is right both ways.
pub(super) fn literal(text: &str) -> Option<String> {
    if text.contains('\0') {
        return None;
    }
    let doubled = text.replace('\'', "''");
    Some(if doubled.contains('\\') {
        format!("REPLACE('{}', '\\\\', SUBSTR('\\\\', 1, 1))", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    })
}

/// Writes a comparison of a cell with what was read from it: as text, without the blanks around it, an empty cell
/// like none.
pub(super) fn is_still(cell: &str, texts: &[String], folds_case: bool) -> Option<String> {
    let literals: Option<Vec<String>> = texts.iter().map(|text| literal(text)).collect();
    let text = format!("COALESCE(TRIM(CAST({cell} AS TEXT)), '')");
    let text = if folds_case { format!("LOWER({text})") } else { text };
    match literals?.as_slice() {
        [one] => Some(format!("{text} = {one}")),
        several => Some(format!("{text} IN ({})", several.join(", "))),
    }
}

/// Writes a comment of one line. What would end the line, or hide or turn what stands there, is shown by its code.
pub(super) fn comment(text: &str) -> String {
    format!("-- {}\n", cut(&one_line(text), COMMENT_SHOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_ends_where_it_should() {
        assert_eq!(literal("it's").as_deref(), Some("'it''s'"));
        assert_eq!(literal("a\nb").as_deref(), Some("'a\nb'"));
        assert_eq!(literal("a\0b"), None);
        // With backslashes that escape it is `\'`, without them `\\''`: it goes on either way.
        assert_eq!(literal("\\'x").as_deref(), Some("REPLACE('\\\\''x', '\\\\', SUBSTR('\\\\', 1, 1))"));
    }

    #[test]
    fn a_comment_stays_on_its_line() {
        let text = comment("a\r\nb\u{2028}c\u{85}d; DROP TABLE assets");
        assert_eq!(text.matches('\n').count(), 1);
        assert!(text.starts_with("-- a") && !text.contains('\r') && !text.contains('\u{2028}'), "{text}");
        assert!(comment(&"x".repeat(10_000)).len() < 300);
    }
}
