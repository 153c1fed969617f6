//! The client of the Register API against a register that says odd things.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, in its helpers too"
)]

mod authentication;
mod reading;
mod scripted;
mod writing;
