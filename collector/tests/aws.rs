//! The collector under the real SDK clients, against canned answers of AWS.
#![cfg(test)]

#[path = "aws/coverage.rs"]
mod coverage;
#[path = "aws/directory.rs"]
mod directory;
#[path = "aws/failures.rs"]
mod failures;
#[path = "aws/fake.rs"]
mod fake;
#[path = "aws/globals.rs"]
mod globals;
#[path = "aws/pages.rs"]
mod pages;
#[path = "aws/sessions.rs"]
mod sessions;
