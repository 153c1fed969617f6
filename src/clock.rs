//! The one clock. Everything else is handed an instant.

use bestand_model::digest::sha256_hex;
use bestand_model::identifiers::RunId;
use jiff::Timestamp;

/// Gives the present instant.
#[expect(clippy::disallowed_methods, reason = "this is the one clock that the ban points to")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Makes a run id that sorts by time and that two runs of one second do not share.
pub(crate) fn new_run_id(now: Timestamp) -> RunId {
    let unique = sha256_hex(format!("{}-{}", now.as_nanosecond(), std::process::id()).as_bytes());
    let suffix: String = unique.chars().take(4).collect();
    RunId::new(format!("{}-{suffix}", now.strftime("%Y%m%dT%H%M%SZ")))
}
