//! Limits on our own calls. Each account and region has limits of its own, as AWS counts them.

use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Lets so many calls a second through, after a first burst.
#[derive(Debug)]
pub(crate) struct Limiter {
    inner: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

impl Limiter {
    /// Makes a limiter; zero counts as one.
    pub(crate) fn per_second(calls: u32, burst: u32) -> Self {
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(calls)).allow_burst(at_least_one(burst));
        Self { inner: RateLimiter::direct(quota), clock: DefaultClock::default() }
    }

    /// Waits until a call may be made, and counts it.
    pub(crate) async fn ready(&self) {
        while let Err(not_until) = self.inner.check() {
            tokio::time::sleep(not_until.wait_time_from(self.clock.now())).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[tokio::test]
    async fn calls_beyond_the_burst_wait_for_their_turn() {
        let limiter = Limiter::per_second(20, 2);
        let start = Instant::now();
        limiter.ready().await;
        limiter.ready().await;
        let burst = start.elapsed();
        limiter.ready().await;
        limiter.ready().await;
        assert!(start.elapsed() - burst >= Duration::from_millis(60), "{:?}", start.elapsed());
    }
}
