//! How fast AWS is called: a limit that gives way where AWS throttles, and comes back slowly.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After so long without a throttle the rate grows again.
const QUIET: Duration = Duration::from_secs(10);
/// By this share of the limit.
const GROWTH: f64 = 0.1;
/// The rate never falls below this share of the limit: a call every few seconds still gets through.
const FLOOR: f64 = 1.0 / 32.0;

/// The pace of calls of one kind to one place: an account and region, or an endpoint that all accounts share.
///
/// Each throttle halves the rate, each quiet ten seconds add a tenth of the limit, and the limit is never passed.
#[derive(Debug)]
pub(crate) struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Calls a second, at most.
    limit: f64,
    /// Calls a second, now.
    rate: f64,
    /// Calls that may come at once after a pause.
    burst: f64,
    /// When the next call would be due at an even pace.
    due: Instant,
    /// When the rate was last changed.
    changed: Instant,
}

impl Pace {
    /// Makes a pace of so many calls a second, after a first burst; zero counts as one.
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        Self(Mutex::new(State::new(per_second, burst, Instant::now())))
    }

    /// Waits until a call may be made, and counts it.
    pub(crate) async fn ready(&self) {
        let wait = {
            let now = Instant::now();
            self.state().reserve(now).saturating_duration_since(now)
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Notes that a call was throttled which began then.
    pub(crate) fn throttled(&self, began: Instant) {
        self.state().throttled(began, Instant::now());
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        let limit = f64::from(per_second.max(1));
        Self { limit, rate: limit, burst: f64::from(burst.max(1)), due: now, changed: now }
    }

    /// Takes the next place in the row, and gives when it is due.
    fn reserve(&mut self, now: Instant) -> Instant {
        self.grow(now);
        let each = Duration::from_secs_f64(1.0 / self.rate);
        // After a pause, as many calls may come at once as would have come in it, but no more than a burst; where
        // the rate gave way, the burst does too.
        let burst = (self.burst * self.rate / self.limit).max(1.0);
        let earliest = now.checked_sub(each.mul_f64(burst - 1.0)).unwrap_or(now);
        let place = self.due.max(earliest);
        self.due = place + each;
        place
    }

    fn throttled(&mut self, began: Instant, now: Instant) {
        // Calls that were under way when the rate was halved say nothing about the new one.
        if self.rate < self.limit && began < self.changed {
            return;
        }
        self.rate = (self.rate / 2.0).max(self.limit * FLOOR);
        self.changed = now;
        self.due = self.due.max(now + Duration::from_secs_f64(1.0 / self.rate));
    }

    fn grow(&mut self, now: Instant) {
        while self.rate < self.limit && now.saturating_duration_since(self.changed) >= QUIET {
            self.rate = (self.rate + self.limit * GROWTH).min(self.limit);
            self.changed += QUIET;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(number: f64) -> Duration {
        Duration::from_secs_f64(number)
    }

    /// How many calls get through from one instant to another.
    fn calls(state: &mut State, from: Instant, until: Instant) -> usize {
        let mut calls = 0;
        let mut now = from;
        loop {
            now = state.reserve(now).max(now);
            if now >= until {
                return calls;
            }
            calls += 1;
        }
    }

    #[test]
    fn a_burst_and_then_an_even_pace() {
        let start = Instant::now();
        let mut state = State::new(8, 8, start);
        let later = start + seconds(60.0);
        assert_eq!((0..8).filter(|_| state.reserve(later) <= later).count(), 8, "the burst");
        assert_eq!(state.reserve(later), later + seconds(0.125));
        let mut steady = State::new(10, 1, start);
        assert_eq!(calls(&mut steady, start, start + seconds(2.0)), 20);
    }

    #[test]
    fn a_throttle_halves_the_rate_and_quiet_brings_it_back_by_tenths() {
        let start = Instant::now();
        let mut state = State::new(8, 8, start);
        state.throttled(start, start + seconds(1.0));
        assert!((state.rate - 4.0).abs() < 1e-9);
        // A call that began before the rate fell is no news.
        state.throttled(start + seconds(0.5), start + seconds(1.1));
        assert!((state.rate - 4.0).abs() < 1e-9);
        state.throttled(start + seconds(1.2), start + seconds(1.3));
        assert!((state.rate - 2.0).abs() < 1e-9);
        state.grow(start + seconds(11.2));
        assert!((state.rate - 2.0).abs() < 1e-9, "not yet quiet for ten seconds");
        state.grow(start + seconds(11.3));
        assert!((state.rate - 2.8).abs() < 1e-9);
        state.grow(start + seconds(600.0));
        assert!((state.rate - 8.0).abs() < 1e-9, "never above the limit");
    }

    #[test]
    fn throttling_for_ever_leaves_a_call_every_few_seconds() {
        let start = Instant::now();
        let mut state = State::new(8, 8, start);
        for number in 0..50 {
            let now = start + seconds(f64::from(number));
            state.throttled(now, now);
        }
        let now = start + seconds(50.0);
        assert!(state.reserve(now) <= now + seconds(4.0));
        assert!(state.reserve(now) <= now + seconds(8.0));
    }

    #[tokio::test]
    async fn calls_beyond_the_burst_wait_for_their_turn() {
        let pace = Pace::new(20, 2);
        let start = Instant::now();
        for _ in 0..4 {
            pace.ready().await;
        }
        assert!(start.elapsed() >= Duration::from_millis(90), "{:?}", start.elapsed());
    }
}
