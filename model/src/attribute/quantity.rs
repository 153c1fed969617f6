//! Sizes and durations with their units, compared exactly: `1 GiB`, `1024 MiB`, and a bare `1` where GiB is meant.

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A unit of size or of time.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Unit {
    /// Byte.
    #[serde(rename = "B")]
    Byte,
    /// 1000 bytes.
    #[serde(rename = "kB")]
    Kilobyte,
    /// 1000² bytes.
    #[serde(rename = "MB")]
    Megabyte,
    /// 1000³ bytes.
    #[serde(rename = "GB")]
    Gigabyte,
    /// 1000⁴ bytes.
    #[serde(rename = "TB")]
    Terabyte,
    /// 1024 bytes.
    #[serde(rename = "KiB")]
    Kibibyte,
    /// 1024² bytes.
    #[serde(rename = "MiB")]
    Mebibyte,
    /// 1024³ bytes.
    #[serde(rename = "GiB")]
    Gibibyte,
    /// 1024⁴ bytes.
    #[serde(rename = "TiB")]
    Tebibyte,
    /// Second.
    #[serde(rename = "s")]
    Second,
    /// Minute.
    #[serde(rename = "min")]
    Minute,
    /// Hour.
    #[serde(rename = "h")]
    Hour,
    /// Day of 24 hours.
    #[serde(rename = "d")]
    Day,
}

impl Unit {
    const ALL: [(Self, &'static str); 13] = [
        (Self::Byte, "B"),
        (Self::Kilobyte, "kB"),
        (Self::Megabyte, "MB"),
        (Self::Gigabyte, "GB"),
        (Self::Terabyte, "TB"),
        (Self::Kibibyte, "KiB"),
        (Self::Mebibyte, "MiB"),
        (Self::Gibibyte, "GiB"),
        (Self::Tebibyte, "TiB"),
        (Self::Second, "s"),
        (Self::Minute, "min"),
        (Self::Hour, "h"),
        (Self::Day, "d"),
    ];

    /// People write `gb` and `KB`: case tells no two of these units apart.
    fn of_text(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(unit, _)| *unit)
    }

    fn dimension(self) -> Dimension {
        match self {
            Self::Second | Self::Minute | Self::Hour | Self::Day => Dimension::Time,
            Self::Byte
            | Self::Kilobyte
            | Self::Megabyte
            | Self::Gigabyte
            | Self::Terabyte
            | Self::Kibibyte
            | Self::Mebibyte
            | Self::Gibibyte
            | Self::Tebibyte => Dimension::Size,
        }
    }

    /// How many bytes or seconds it is.
    fn factor(self) -> i128 {
        match self {
            Self::Byte | Self::Second => 1,
            Self::Kilobyte => 1_000,
            Self::Megabyte => 1_000_000,
            Self::Gigabyte => 1_000_000_000,
            Self::Terabyte => 1_000_000_000_000,
            Self::Kibibyte => 1 << 10,
            Self::Mebibyte => 1 << 20,
            Self::Gibibyte => 1 << 30,
            Self::Tebibyte => 1 << 40,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Dimension {
    Size,
    Time,
}

/// So many bytes or seconds: `digits` divided by ten to the power of `decimals`, as short as it can be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Quantity {
    dimension: Dimension,
    digits: i128,
    decimals: u32,
}

impl Quantity {
    /// Reads `16`, `16 GiB`, `1.5h`. What is no such quantity, or one of another dimension, stays text.
    pub(super) fn parse(text: &str, meant: Unit) -> Option<Self> {
        let text = text.trim();
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(end)?;
        let unit = match unit.trim() {
            "" => meant,
            unit => Unit::of_text(unit)?,
        };
        if unit.dimension() != meant.dimension() {
            return None;
        }
        let (digits, decimals) = decimal(number)?;
        Some(Self::shortest(unit.dimension(), digits.checked_mul(unit.factor())?, decimals))
    }

    fn shortest(dimension: Dimension, mut digits: i128, mut decimals: u32) -> Self {
        while decimals > 0 && digits % 10 == 0 {
            digits /= 10;
            decimals -= 1;
        }
        Self { dimension, digits, decimals }
    }
}

/// Only an order for sorting, not the one by size: what is equal is written equally.
impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.dimension, self.digits, self.decimals).cmp(&(other.dimension, other.digits, other.decimals))
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Reads a plain decimal number. A comma is a decimal sign to some and a thousands sign to others: no number.
fn decimal(text: &str) -> Option<(i128, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || (fraction.is_empty() && text.contains('.')) || fraction.contains('-') {
        return None;
    }
    let decimals = u32::try_from(fraction.len()).ok().filter(|decimals| *decimals <= 18)?;
    Some((format!("{whole}{fraction}").parse().ok()?, decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(left: &str, right: &str, meant: Unit) -> bool {
        let (left, right) = (Quantity::parse(left, meant), Quantity::parse(right, meant));
        left.is_some() && left == right
    }

    #[test]
    fn units_are_converted_exactly_and_a_bare_number_is_in_the_unit_meant() {
        assert!(same("16", "16 GiB", Unit::Gibibyte));
        assert!(same("16384 mib", "16GiB", Unit::Gibibyte));
        assert!(same("1.5 TiB", "1536", Unit::Gibibyte));
        assert!(same("1.10 GB", "1100MB", Unit::Gibibyte));
        assert!(!same("16 GB", "16 GiB", Unit::Gibibyte));
        assert!(same("90", "1.5 h", Unit::Minute));
        assert!(same("2 d", "48h", Unit::Second));
    }

    #[test]
    fn what_is_no_quantity_stays_text() {
        for text in ["", "GiB", "1,5 GiB", "1.", ".5", "--1", "1-2", "1.5.2", "3 h", "16 GiB disk", "1e3"] {
            assert_eq!(Quantity::parse(text, Unit::Gibibyte), None, "{text}");
        }
        assert_eq!(Quantity::parse(&"9".repeat(60), Unit::Byte), None);
    }
}
