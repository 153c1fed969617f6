//! The collector under the real SDK clients, against canned answers of AWS.
#![cfg(test)]

#[path = "aws/aggregator.rs"]
mod aggregator;
#[path = "aws/ask.rs"]
mod ask;
#[path = "aws/by_key.rs"]
mod by_key;
#[path = "aws/coverage.rs"]
mod coverage;
#[path = "aws/cross_check.rs"]
mod cross_check;
#[path = "aws/directory.rs"]
mod directory;
#[path = "aws/doctor.rs"]
mod doctor;
#[path = "aws/failures.rs"]
mod failures;
#[path = "aws/fake.rs"]
mod fake;
#[path = "aws/foreign.rs"]
mod foreign;
#[path = "aws/globals.rs"]
mod globals;
#[path = "aws/neighbours.rs"]
mod neighbours;
#[path = "aws/pages.rs"]
mod pages;
#[path = "aws/sessions.rs"]
mod sessions;
#[path = "aws/table.rs"]
mod table;
