//! Writes what was decided: the central register, the run directory, reports.
//!
//! This crate does not know AWS's clients, the source register or how a decision came about: it takes
//! `bestand_model` values and makes them durable. `collector` does not know it, and it does not know
//! `collector`.

pub mod central_register;
mod chain;
pub mod corrections;
pub mod digests;
pub mod evidence;
pub mod publish;
pub mod report;
pub mod run_store;
