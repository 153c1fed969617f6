//! How figures, instants and foreign text look in the report.

use std::fmt::Write as _;

use jiff::Timestamp;

/// Writes a count with its thousands apart: `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes an instant to the second, in UTC.
pub fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Writes the time between two instants in the two largest units that matter: `1 h 4 min`, `12 s`.
pub(super) fn duration(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.as_second().saturating_sub(from.as_second()).max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Gives bytes in MiB.
pub(super) fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1024 * 1024)
}

/// Makes characters visible that would change how the text around them reads: control characters, and those
/// that turn the direction of writing (a name could otherwise pass itself off as another one).
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if hides(character) {
            // Writing to a string cannot fail.
            let _ = write!(shown, "\u{27e8}U+{:04X}\u{27e9}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Makes a text visible in one line: a name may hold lines and worse.
pub fn one_line(text: &str) -> String {
    visible(text).replace(['\n', '\t'], " ")
}

fn hides(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Makes the address of a link that opens a letter. Only of what is an e-mail address and nothing more: in such a
/// link `?`, `&` and `%` would fill the letter in, and the address comes from whoever founded the account.
pub(super) fn mail_link(address: &str) -> Option<String> {
    let plain = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|own| own.is_ascii_alphanumeric() || more.contains(own))
    };
    let (person, domain) = address.split_once('@')?;
    let harmless =
        address.len() <= 254 && plain(person, ".+-_") && plain(domain, ".-") && domain.contains('.');
    harmless.then(|| format!("mailto:{address}"))
}

/// A piece of a sentence.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Piece {
    /// Whether it is something to type.
    pub(super) code: bool,
    /// The text.
    pub(super) text: String,
}

/// Parts a sentence at its backticks, so that commands in it can be set apart.
pub(super) fn pieces(sentence: &str) -> Vec<Piece> {
    let parts: Vec<&str> = sentence.split('`').collect();
    // An odd number of backticks sets nothing apart.
    if parts.len().is_multiple_of(2) {
        return vec![Piece { code: false, text: visible(sentence) }];
    }
    parts
        .into_iter()
        .enumerate()
        .filter(|(_, part)| !part.is_empty())
        .map(|(index, part)| Piece { code: index % 2 == 1, text: visible(part) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_thousands_apart() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1000), "1,000");
        assert_eq!(count(1_234_567), "1,234,567");
    }

    #[test]
    fn durations_name_what_matters() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(duration(at(0), at(59)), "59 s");
        assert_eq!(duration(at(0), at(61)), "1 min 1 s");
        assert_eq!(duration(at(0), at(3840)), "1 h 4 min");
        assert_eq!(duration(at(10), at(0)), "0 s");
    }

    #[test]
    fn what_would_turn_the_writing_is_made_visible() {
        assert_eq!(visible("a\u{202e}gpj.exe"), "a⟨U+202E⟩gpj.exe");
        assert_eq!(visible("a\0b"), "a⟨U+0000⟩b");
        assert_eq!(visible("Straße, 東京"), "Straße, 東京");
    }

    #[test]
    fn only_a_plain_address_becomes_a_link() {
        assert_eq!(
            mail_link("aws+nord@regiobus.example").as_deref(),
            Some("mailto:aws+nord@regiobus.example")
        );
        for other in [
            "",
            "nobody",
            "@example.org",
            "a@b",
            "a@example.org?subject=x",
            "a%0A@example.org",
            "a@example.org&bcc=b@example.org",
            "a@b.example@c.example",
            "javascript:alert(1)",
            "a@example.org\"onclick=x",
            "\u{202e}a@example.org",
        ] {
            assert_eq!(mail_link(other), None, "{other}");
        }
    }

    #[test]
    fn commands_are_set_apart() {
        let parts = pieces("run `bestand plan` again");
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[1], Piece { code: true, text: "bestand plan".into() });
        assert_eq!(pieces("a ` b").len(), 1);
    }
}
