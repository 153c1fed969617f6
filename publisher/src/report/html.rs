//! `report.html`: one file that asks nothing of anybody.
//!
//! Values come from AWS and from registers, and anybody who may name a resource may put anything into a name.
//! So: askama escapes what is rendered here, findings lie in the page as JSON that a small script shows as text
//! only, and a Content-Security-Policy lets run nothing but that script, by its hash.

use std::io::Write;

use askama::Template as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bestand_model::change_set::Change;
use bestand_model::finding::Finding;
use sha2::{Digest as _, Sha256};

use super::gravest::{self, Selected};
use super::page::{Head, Tail};
use super::planned::Planned;
use super::{ReportError, ReportHead, ReportTotals, style};

/// The findings in the page may take so many bytes: beyond that browsers get slow, whatever their number.
const MAX_EMBEDDED_BYTES: usize = 64 * 1024 * 1024;

const SCRIPT: &str = include_str!("../../templates/report.js");

/// The report as one self-contained HTML page.
#[derive(Clone, Copy, Debug)]
pub struct HtmlReport;

impl HtmlReport {
    /// Writes the page. It embeds at most `max_findings` findings, the gravest, and says how many it leaves out;
    /// that many are held in memory, rendered, and at most 64 MiB of them, with the changes planned for their assets.
    ///
    /// # Errors
    /// Writing fails, or a value cannot be rendered.
    pub fn write(
        out: &mut dyn Write,
        head: &ReportHead<'_>,
        findings: &mut dyn Iterator<Item = Finding>,
        changes: &mut dyn Iterator<Item = Change>,
        max_findings: usize,
    ) -> Result<ReportTotals, ReportError> {
        let judged_at = head.summary.started_at;
        let selected = gravest::select(findings, judged_at, max_findings, MAX_EMBEDDED_BYTES)?;
        let Selected { gravest, ignored, totals, overview } = selected;
        let planned = Planned::of(gravest.iter().filter_map(|own| own.asset_key.as_ref()), changes)?;
        let style = style::of(head.summary);
        let policy = policy(&style);
        Head::new(head, &totals, &overview, ignored, style, policy).write_into(out)?;
        out.write_all(br#"<script type="application/json" id="findings">["#)?;
        for (index, finding) in gravest.iter().enumerate() {
            out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
            let change = finding.asset_key.as_ref().and_then(|key| planned.get(key));
            match (change, finding.json.strip_suffix('}')) {
                (Some(change), Some(open)) => write!(out, "{open},\"planned\":{change}}}")?,
                _ => out.write_all(finding.json.as_bytes())?,
            }
        }
        out.write_all(b"\n]</script>\n")?;
        Tail::new(head, &totals, SCRIPT)?.write_into(out)?;
        out.flush()?;
        Ok(totals)
    }
}

/// Allows this very style and this very script, and no request at all.
fn policy(style: &str) -> String {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(SCRIPT)
    )
}

/// Allows a style and nothing else: for a page without a script.
pub(super) fn style_policy(style: &str) -> String {
    format!("default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'", hash(style))
}

fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_cannot_end_their_own_element() {
        for text in [style::STYLE, SCRIPT] {
            let lower = text.to_lowercase();
            assert!(!lower.contains("</s") && !lower.contains("<!--"));
        }
    }

    #[test]
    fn the_script_shows_values_as_text_only() {
        for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
        {
            assert!(!SCRIPT.contains(way), "{way}");
        }
    }
}
