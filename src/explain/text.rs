//! A page of plain text as wide as the terminal: headings, paragraphs, lists, tables.

use std::io::IsTerminal as _;

use bestand_publisher::report::one_line;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, ContentArrangement, Table};

/// Where there is no terminal, or it does not say.
const DEFAULT_WIDTH: usize = 110;
/// Lines that are longer are hard to read.
const MOST_WIDTH: usize = 140;
/// Tables need some room.
const LEAST_WIDTH: usize = 50;

/// How a page looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Columns.
    pub(crate) width: usize,
    /// Whether headings and warnings stand out.
    pub(crate) colour: bool,
}

impl Style {
    /// Gives what standard output can show. `NO_COLOR` is honoured.
    pub(crate) fn of_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let width =
            terminal_size::terminal_size().filter(|_| terminal).map(|(width, _)| usize::from(width.0));
        Self {
            width: width.unwrap_or(DEFAULT_WIDTH).clamp(LEAST_WIDTH, MOST_WIDTH),
            colour: terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }
}

impl Style {
    /// Makes a text stand out where that can be shown; `code` is an SGR parameter.
    pub(crate) fn emphasised(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Text that grows. Whatever comes from a register or from AWS is made harmless for the terminal.
#[derive(Debug)]
pub(super) struct Page {
    style: Style,
    text: String,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        Self { style, text: String::new() }
    }

    pub(super) fn finish(self) -> String {
        self.text.trim_end().to_owned()
    }

    /// Begins a section.
    pub(super) fn heading(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let heading = self.style.emphasised("1", &one_line(text));
        self.text.push_str(&heading);
        self.text.push('\n');
    }

    /// A paragraph.
    pub(super) fn line(&mut self, text: &str) {
        self.wrapped("  ", "  ", text, None);
    }

    /// A paragraph that something is wrong with.
    pub(super) fn warning(&mut self, text: &str) {
        self.wrapped("  ", "  ", text, Some("1;31"));
    }

    /// An entry of a list.
    pub(super) fn item(&mut self, text: &str) {
        self.wrapped("  - ", "    ", text, None);
    }

    /// What belongs to an entry of a list.
    pub(super) fn detail(&mut self, text: &str) {
        self.wrapped("    ", "    ", text, None);
    }

    fn wrapped(&mut self, first: &str, others: &str, text: &str, code: Option<&str>) {
        let width = self.style.width.saturating_sub(others.chars().count()).max(20);
        for (index, line) in wrap(&one_line(text), width).iter().enumerate() {
            self.text.push_str(if index == 0 { first } else { others });
            let line = code.map_or_else(|| line.clone(), |code| self.style.emphasised(code, line));
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// A table.
    pub(super) fn table<const N: usize>(&mut self, header: [&str; N], rows: &[[String; N]]) {
        let mut table = Table::new();
        table
            .load_style(UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(self.style.width.saturating_sub(2)).unwrap_or(u16::MAX));
        table.set_header(header);
        for row in rows {
            table.add_row(row.iter().map(|cell| Cell::new(one_line(cell))));
        }
        for line in table.to_string().lines() {
            self.text.push_str("  ");
            self.text.push_str(line);
            self.text.push('\n');
        }
    }
}

/// Breaks a text between words; a word that is too long stays whole, so that an ARN can be copied.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_and_never_broken() {
        assert_eq!(wrap("a bc  def", 4), ["a bc", "def"]);
        assert_eq!(wrap("arn:aws:sqs:eu x", 4), ["arn:aws:sqs:eu", "x"]);
        assert!(wrap("", 4).is_empty());
    }

    #[test]
    fn what_a_register_holds_cannot_steer_the_terminal() {
        let mut page = Page::new(Style { width: 60, colour: false });
        page.line("evil \u{1b}[31mred\u{202e} \r gone");
        page.table(["a"], &[["\u{1b}]0;title\u{7}\nnext".to_owned()]]);
        let text = page.finish();
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains('\r'), "{text}");
        assert!(text.contains("⟨U+001B⟩"), "{text}");
    }

    #[test]
    fn colour_is_for_terminals_alone() {
        let page = |colour| {
            let mut page = Page::new(Style { width: 60, colour });
            page.heading("Change");
            page.finish()
        };
        assert_eq!(page(false), "Change");
        assert_eq!(page(true), "\u{1b}[1mChange\u{1b}[0m");
    }
}
