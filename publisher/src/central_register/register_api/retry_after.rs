//! `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// How long the server asks to wait. A date is taken against the server's own `Date`: no clock of ours is
/// needed, and none can be wrong.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value: &reqwest::header::HeaderValue| value.to_str().ok());
    let asked = text(RETRY_AFTER)?.trim();
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let (until, now) = (http_date(asked)?, http_date(text(DATE)?)?);
    // A date that has passed asks for no wait.
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
}

fn http_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after_text: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after_text.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        retry_after(&headers)
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        let noon = Some("Mon, 23 Nov 2026 12:00:00 GMT");
        assert_eq!(wait("7", None), Some(Duration::from_secs(7)));
        assert_eq!(wait("Mon, 23 Nov 2026 12:00:30 GMT", noon), Some(Duration::from_secs(30)));
        assert_eq!(wait("Mon, 23 Nov 2026 11:00:00 GMT", noon), Some(Duration::ZERO));
        assert_eq!(wait("Mon, 23 Nov 2026 12:00:30 GMT", None), None);
        assert_eq!(wait("soon", noon), None);
        assert_eq!(wait("-5", noon), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
