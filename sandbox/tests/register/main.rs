//! The reference server keeps the promises of the Register API.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise, in its helpers too")]

mod access;
mod audit;
mod changes;
mod contract;
mod durability;
mod listing;
mod misbehaviour;
mod pages;
mod preconditions;
mod support;
mod writers;
