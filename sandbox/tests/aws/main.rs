//! The sandbox as its clients see it: over the wire, compared with the truth.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do, by a panic")]

mod aggregator;
mod cross_check;
mod deletions;
mod estate;
mod faults;
mod keys;
mod organisation;
mod pages;
mod reasons;
mod registers;
mod support;
