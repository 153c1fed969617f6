//! How old a source says that its value is, and whether that is believed.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::attribute;

/// Clocks differ, and a register without time zones may be a day ahead; no more than that.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// What a time that somebody else wrote tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ToldTime {
    /// There is none.
    Nothing,
    /// It is believed.
    At(Timestamp),
    /// It lies in the future: not believed.
    Future(Timestamp),
    /// Something is there, and it is no time.
    Unreadable,
}

impl ToldTime {
    /// Holds an instant against the run's own.
    pub fn of(at: Option<Timestamp>, now: Timestamp) -> Self {
        match at {
            None => Self::Nothing,
            Some(at) if at.duration_since(now) > AHEAD => Self::Future(at),
            Some(at) => Self::At(at),
        }
    }

    /// Gives the time, if it is believed.
    pub fn believed(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Nothing | Self::Future(_) | Self::Unreadable => None,
        }
    }
}

/// Reads a time as registers keep it: RFC 3339, or a date, with or without a time of day, taken as UTC.
pub fn told_time(value: Option<&Value>, now: Timestamp) -> ToldTime {
    let Some(value) = value.filter(|value| !attribute::is_blank(value)) else { return ToldTime::Nothing };
    let read = value.as_str().map(str::trim).and_then(|text| {
        let without_zone = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
        text.parse::<Timestamp>().ok().or_else(|| Some(without_zone()?.timestamp()))
    });
    read.map_or(ToldTime::Unreadable, |at| ToldTime::of(Some(at), now))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn semantics_4_2_a_time_is_read_as_registers_write_it_and_the_future_is_not_believed() {
        let now: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
        let told = |value: Value| told_time(Some(&value), now);
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(told(json!("2026-11-01T03:00:00+01:00")), ToldTime::At(at("2026-11-01T02:00:00Z")));
        assert_eq!(told(json!(" 2026-11-01 02:00:00 ")), ToldTime::At(at("2026-11-01T02:00:00Z")));
        assert_eq!(told(json!("2026-11-01")), ToldTime::At(at("2026-11-01T00:00:00Z")));
        assert_eq!(told(json!("2026-11-24T02:00:00Z")), ToldTime::At(at("2026-11-24T02:00:00Z")));
        assert_eq!(told(json!("2026-11-24T02:00:01Z")), ToldTime::Future(at("2026-11-24T02:00:01Z")));
        assert_eq!(told(json!("01.11.2026")), ToldTime::Unreadable);
        assert_eq!(told(json!(1_800_000_000)), ToldTime::Unreadable);
        assert_eq!(told(json!(" ")), ToldTime::Nothing);
        assert_eq!(told_time(None, now), ToldTime::Nothing);
    }
}
