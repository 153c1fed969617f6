//! The page's own texts, in a form that its script can say in another language.
//!
//! The page is written in English. Beside each of its texts stands, in the attribute `data-t`, what the text is made
//! of: a key of the table of words, numbers, instants, and what came from the run and is the same in every language.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::text::{count, instant, visible};

/// A text of the page.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phrase {
    /// A text of the page's own.
    Word(&'static str),
    /// What came from the run, made visible.
    Verbatim(String),
    /// A number.
    Number(u64),
    /// A share of one, shown as a percentage.
    Share(f64),
    /// An instant, shown to the second.
    Instant(Timestamp),
    /// The day of an instant.
    Day(Timestamp),
    /// A day.
    CivilDay(Date),
    /// A text with `{}` for each part. Where it reads `one|many`, the first part, a number, chooses.
    Pattern(&'static str, Vec<Phrase>),
    /// Parts with the same text between them.
    List(&'static str, Vec<Phrase>),
}

/// Makes a pattern of numbers with their nouns and of other parts.
pub(super) fn phrase<const N: usize>(pattern: &'static str, parts: [Phrase; N]) -> Phrase {
    Phrase::Pattern(pattern, parts.into())
}

/// Makes a number with its noun: the pattern reads `{} account|{} accounts`.
pub(super) fn counted(pattern: &'static str, number: u64) -> Phrase {
    Phrase::Pattern(pattern, vec![Phrase::Number(number)])
}

impl Phrase {
    /// Takes a text from the run.
    pub(super) fn verbatim(text: &str) -> Self {
        Self::Verbatim(visible(text))
    }

    /// Says nothing.
    pub(super) fn nothing() -> Self {
        Self::Verbatim(String::new())
    }

    /// Tells whether nothing is said.
    pub(super) fn is_nothing(&self) -> bool {
        match self {
            Self::Verbatim(text) => text.is_empty(),
            Self::List(_, parts) => parts.is_empty(),
            _ => false,
        }
    }

    /// Gives the text as HTML, in an element of its own where the script may have to say it anew.
    pub(super) fn html(&self) -> String {
        match self {
            Self::Verbatim(text) => escaped(text),
            other => format!("<span {}>{}</span>", other.told(), other.inner()),
        }
    }

    /// Gives the attribute that tells the script what an element's text is made of.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Word(_) => "data-t".to_owned(),
            other => format!("data-t='{}'", escaped(&other.made_of().to_string())),
        }
    }

    /// Gives the text as HTML for inside an element that has [`Self::told`].
    pub(super) fn inner(&self) -> String {
        let text = escaped(&self.to_string());
        match self {
            Self::Word(own) | Self::Pattern(own, _) if own.contains('`') => set_apart(&text),
            _ => text,
        }
    }

    fn made_of(&self) -> Value {
        let all = |parts: &[Self]| parts.iter().map(Self::made_of).collect::<Vec<_>>();
        match self {
            Self::Word(text) => json!(text),
            Self::Verbatim(text) => json!({ "is": text }),
            Self::Number(number) => json!(number),
            Self::Share(share) => json!({ "share": share }),
            Self::Instant(at) => json!({ "at": at }),
            Self::Day(at) => json!({ "day": at }),
            // Noon, so that no time zone makes another day of it.
            Self::CivilDay(day) => json!({ "day": format!("{day}T12:00:00Z") }),
            Self::Pattern(pattern, parts) => {
                let mut array = vec![json!(pattern)];
                array.extend(all(parts));
                Value::Array(array)
            }
            Self::List(between, parts) => json!({ "all": all(parts), "between": between }),
        }
    }
}

/// In English.
impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) => f.write_str(text),
            Self::Verbatim(text) => f.write_str(text),
            Self::Number(number) => f.write_str(&count(*number)),
            Self::Share(share) => write!(f, "{:.1} %", share * 100.0),
            Self::Instant(at) => f.write_str(&instant(*at)),
            Self::Day(at) => write!(f, "{}", at.strftime("%Y-%m-%d")),
            Self::CivilDay(day) => write!(f, "{day}"),
            Self::Pattern(pattern, parts) => {
                let mut parts_left = parts.iter();
                for (index, text) in in_number(pattern, parts).split("{}").enumerate() {
                    if let Some(part) = (index > 0).then(|| parts_left.next()).flatten() {
                        part.fmt(f)?;
                    }
                    f.write_str(text)?;
                }
                Ok(())
            }
            Self::List(between, parts) => {
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        f.write_str(between)?;
                    }
                    part.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

/// Chooses between one and many.
fn in_number<'a>(pattern: &'a str, parts: &[Phrase]) -> &'a str {
    match (pattern.split_once('|'), parts.first()) {
        (Some((one, _)), Some(Phrase::Number(1))) => one,
        (Some((_, many)), _) => many,
        (None, _) => pattern,
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// Sets what stands between backticks apart.
fn set_apart(html: &str) -> String {
    let parts = html.split('`').enumerate();
    parts
        .map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_chooses_between_one_and_many() {
        let accounts = |number| counted("{} account|{} accounts", number).to_string();
        assert_eq!(
            (accounts(0), accounts(1), accounts(2_000)),
            ("0 accounts".into(), "1 account".into(), "2,000 accounts".into())
        );
        let inside = phrase("{} in {}", [Phrase::Number(1), counted("{} account|{} accounts", 2)]);
        assert_eq!(inside.to_string(), "1 in 2 accounts");
    }

    #[test]
    fn what_came_from_the_run_ends_no_attribute_and_no_element() {
        let hostile =
            phrase("{} is {}", [Phrase::verbatim("' onclick=x {} | `b` </span><script>"), Phrase::Number(3)]);
        let html = hostile.html();
        assert_eq!((html.matches('\'').count(), html.matches('<').count()), (2, 2), "{html}");
        assert!(html.ends_with("</span>") && html.contains("{} | `b` "), "{html}");
        assert!(hostile.to_string().ends_with("<script> is 3"));
    }

    #[test]
    fn only_the_pages_own_backticks_set_apart() {
        assert_eq!(Phrase::Word("see `a.b`").html(), "<span data-t>see <code>a.b</code></span>");
        assert!(!phrase("see {}", [Phrase::verbatim("`a`")]).html().contains("<code>"));
    }
}
