//! Reads what there is: AWS accounts through AWS Config, and the source register.
//!
//! This crate does not know what follows from what it reads: it gives `bestand_model` values, and says with
//! each how far it is to be believed. No type of the AWS SDK is public here.

pub mod accounts;
pub mod action;
mod call;
pub mod collector;
pub mod config_service;
pub mod credentials;
mod cross_check;
pub mod database_token;
pub mod doctor;
pub mod region_client;
pub mod regions;
pub mod secrets;
pub mod source_register;
