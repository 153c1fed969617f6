//! The page's style sheet: one text for all reports, and a line for this one, which names the run on each sheet of paper.

use bestand_model::run_summary::RunSummary;

/// What all reports share.
pub(super) const STYLE: &str = include_str!("../../templates/report.css");

/// Digests are shown on paper with so many characters: the first sheet has them whole.
const DIGEST: usize = 16;

/// Gives the style sheet of a run's report.
pub(super) fn of(summary: &RunSummary) -> String {
    let digest = summary.plan_digest.as_deref().unwrap_or(&summary.settings_digest);
    let digest: String = digest.chars().take(DIGEST).collect();
    let left = format!("bestand \u{b7} {} \u{b7} {}", summary.environment, summary.run_id);
    format!(
        "{STYLE}@page {{ @top-left {{ content: {}; }} @bottom-left {{ content: {}; }} }}\n",
        quoted(&left),
        quoted(&digest)
    )
}

/// Writes a text as CSS does between quotes, all but letters and digits by their codes: it ends neither the text nor
/// the style sheet, whatever it is.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            quoted.push(character);
        } else if !character.is_control() {
            quoted.push_str(&format!("\\{:x} ", u32::from(character)));
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_ends_neither_its_text_nor_the_style_sheet() {
        let text = quoted("a\"; } </style><script>\\\n\u{202e}");
        let inside = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
        assert!(inside.chars().all(|own| own.is_ascii_alphanumeric() || own == '\\' || own == ' '), "{text}");
        assert_eq!(quoted("a-1"), "\"a\\2d 1\"");
    }

    #[test]
    fn nothing_in_the_page_moves() {
        for motion in ["animation", "transition", "scroll-behavior", "@keyframes"] {
            assert!(!STYLE.contains(motion), "{motion}: whoever asks for less motion must get none");
        }
    }
}
