//! Integration tests: the real command as a child process, against the sandbox on loopback.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

mod accounts;
mod bad_input;
mod corrections;
mod coverage;
mod demo;
mod digests;
mod doctor;
mod documents;
mod evidence;
mod exceptions;
mod explain;
mod face;
mod interruption;
mod labelled;
mod lifecycle;
mod logging;
mod ordeal;
mod promises;
mod publishing;
mod purity;
mod reasons;
mod register_api;
mod register_kills;
mod report;
mod report_command;
mod revert;
mod shell;
mod support;
mod terminal;
