//! The faults that hit calls rather than data.

use super::{
    answer::Protocol,
    error::AwsError,
    request::{Call, Service},
};
use crate::{
    estate::{accounts::region_index, placement::Placement},
    faults::Fault,
};
use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// The tokens that a bucket holds and gets a second, under `throttling`.
const CALLS_PER_SECOND: f64 = 6.0;
/// The same for the account that `slow_account` hits.
const SLOW_CALLS_PER_SECOND: f64 = 1.0;
/// Every so manieth call fails, under `server_errors`.
const SERVER_ERROR_PERIOD: u64 = 40;

/// What a call meets before it is answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Met {
    Nothing,
    Silence,
    Error(AwsError),
}

/// Counts calls and decides which of them fail.
#[derive(Default)]
pub(crate) struct Disturbance {
    calls: AtomicU64,
    buckets: Mutex<HashMap<(usize, String), Bucket>>,
}

struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Disturbance {
    /// What a call of an account meets.
    pub(crate) fn meet(&self, placement: &Placement, account: usize, call: &Call) -> Met {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if placement.faults().has(Fault::ServerErrors) && number.is_multiple_of(SERVER_ERROR_PERIOD) {
            let code = if call.service == Service::Config { "InternalFailure" } else { "InternalError" };
            return Met::Error(AwsError::with_status(500, code, "an internal error has occurred"));
        }
        let hits =
            |fault| region_index(&call.region).is_some_and(|region| placement.hits(fault, account, region));
        // STS and Organizations are called where the organisation is at home, for the account as a whole.
        let regional = !matches!(call.service, Service::Sts | Service::Organizations);
        if regional && hits(Fault::RegionDenied) {
            return Met::Error(forbidden(call));
        }
        if call.service != Service::Config {
            return Met::Nothing;
        }
        if hits(Fault::Hanging) {
            return Met::Silence;
        }
        if hits(Fault::ServiceError) {
            return Met::Error(AwsError::with_status(
                500,
                "InternalFailure",
                "an internal error has occurred",
            ));
        }
        let rate = if hits(Fault::SlowAccount) {
            Some(SLOW_CALLS_PER_SECOND)
        } else {
            placement.faults().has(Fault::Throttling).then_some(CALLS_PER_SECOND)
        };
        let throttled = rate.is_some_and(|rate| !self.take(account, &call.region, rate));
        if throttled || hits(Fault::ThrottledHard) {
            return Met::Error(AwsError::new("ThrottlingException", "Rate exceeded"));
        }
        Met::Nothing
    }

    fn take(&self, account: usize, region: &str, rate: f64) -> bool {
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket =
            buckets.entry((account, region.to_owned())).or_insert(Bucket { tokens: rate, filled: now });
        let filled = now.duration_since(bucket.filled).as_secs_f64() * rate;
        bucket.tokens = (bucket.tokens + filled).min(rate);
        bucket.filled = now;
        let granted = bucket.tokens >= 1.0;
        if granted {
            bucket.tokens -= 1.0;
        }
        granted
    }
}

/// What a caller gets whom a service control policy forbids the region.
fn forbidden(call: &Call) -> AwsError {
    let action = format!("{}:{}", call.service.prefix(), call.operation);
    let message = format!(
        "User is not authorized to perform: {action} with an explicit deny in a service control policy"
    );
    match call.service.protocol() {
        Protocol::Ec2 => AwsError::with_status(403, "UnauthorizedOperation", message),
        _ => AwsError::new("AccessDeniedException", message),
    }
}
