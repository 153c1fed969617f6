//! The one clock. Everything else is handed an instant.

#[cfg(feature = "demo")]
mod ahead;

#[cfg(feature = "demo")]
pub(crate) use ahead::{DEMO_CLOCK, ahead, check};
use bestand_model::digest::sha256_hex;
use bestand_model::identifiers::RunId;
use jiff::Timestamp;

/// Gives the present instant.
#[expect(clippy::disallowed_methods, reason = "this is the one clock that the ban points to")]
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    #[cfg(feature = "demo")]
    let now = now.checked_add(ahead()).unwrap_or(now);
    now
}
/// Makes a run id that sorts by time, to the millisecond, and that two runs of one instant do not share.
pub(crate) fn new_run_id(now: Timestamp) -> RunId {
    let unique = sha256_hex(format!("{}-{}", now.as_nanosecond(), std::process::id()).as_bytes());
    let suffix: String = unique.chars().take(4).collect();
    RunId::new(format!("{}-{suffix}", now.strftime("%Y%m%dT%H%M%S%.3fZ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_of_one_second_sort_by_time_and_are_safe_as_names() {
        let ids: Vec<RunId> = [0, 1, 200, 999]
            .iter()
            .map(|millisecond| {
                new_run_id(Timestamp::from_millisecond(1_800_000_000_000 + millisecond).unwrap())
            })
            .collect();
        assert!(ids.is_sorted(), "{ids:?}");
        for id in &ids {
            assert_eq!(RunId::checked(id.as_str()).as_ref(), Ok(id));
        }
    }
}
