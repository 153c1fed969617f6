//! An owner's letter: plain text with the head of a mail. All that is not ours stands in indented lines, so that a
//! viewer of Markdown shows it as it is.

use bestand_model::attribute::cut;

use super::DigestHead;
use super::part::OwnersPart;
use crate::report::{instant, kind_label, one_line, severity_code};

/// Characters of an owner's name that are shown.
const OWNER_SHOWN: usize = 200;

/// Writes the letter.
pub(super) fn text(head: &DigestHead<'_>, owner: Option<&str>, of: &OwnersPart) -> String {
    let summary = head.summary;
    let counted = [(of.high, "high"), (of.medium, "medium"), (of.low, "low")];
    let counted: Vec<String> = counted
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, severity)| format!("{count} {severity}"))
        .collect();
    let findings = if of.total() == 1 { "1 finding".to_owned() } else { format!("{} findings", of.total()) };
    let subject = format!(
        "bestand: {findings} to act on ({}), {}, run {}",
        counted.join(", "),
        summary.environment,
        summary.run_id
    );
    let mut text = format!(
        "Subject: {}\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: 8bit\n\n",
        plain(&subject)
    );
    match owner {
        Some(owner) => text += &format!("For the owner\n\n    {}\n\n", cut(&one_line(owner), OWNER_SHOWN)),
        None => text += "These findings have no owner that either register names.\n\n",
    }
    text += &format!(
        "{findings} to act on, the gravest first, as bestand saw them at {}.\n\
         More on each is in the run's report.html, at the address that stands with it.\n",
        instant(summary.started_at)
    );
    for (number, ((severity, kind, _, _), own)) in of.gravest.iter().enumerate() {
        let severity = severity_code(severity.0);
        text += &format!("\n## {}. {} ({severity})\n\n{own}", number + 1, kind_label(*kind));
    }
    let more = of.total() - of.shown();
    if more > 0 {
        text += &format!("\nAnd {more} more: filter report.html, or report.jsonl, by this owner.\n");
    }
    text
}

/// A mail's head is ASCII, one line: what is not, is a question mark.
fn plain(text: &str) -> String {
    let characters = text.chars().take(OWNER_SHOWN);
    characters.map(|own| if own.is_ascii() && !own.is_ascii_control() { own } else { '?' }).collect()
}
