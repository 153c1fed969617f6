//! The domain of bestand: what a live resource, an asset record and a published asset are, when absence
//! may be concluded, and what follows from a comparison.
//!
//! This crate is pure. It does not know AWS clients, HTTP, files, async or a clock: every instant is handed
//! in, every result is a value. Its types are what the other crates read and write; `docs/SEMANTICS.md`
//! states the rules that the functions here hold, each with the name of its test.

pub mod absence;
pub mod accepted_gap;
pub mod account;
pub mod adoption;
pub mod arn;
pub mod arn_form;
pub mod asset;
pub mod asset_record;
pub mod attribute;
pub mod authority;
pub mod caller;
pub mod capability;
pub mod change_set;
pub mod configuration_item;
pub mod coverage;
pub mod digest;
pub mod ephemeral;
pub mod exception;
pub mod finding;
pub mod gate;
pub mod history;
pub mod identification;
pub mod identifiers;
pub mod inventory;
pub mod judged;
pub mod last_published;
pub mod lifecycle;
pub mod outcome;
pub mod plan;
pub mod proof;
pub mod provenance;
pub mod reconciliation;
pub mod requirement;
pub mod resource_id;
pub mod resource_type;
pub mod revert;
pub mod run_summary;
pub mod setting_problem;
pub mod settle;
pub mod shared_identity;
pub mod sql_name;
