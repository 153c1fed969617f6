//! An AWS organisation, a source register and a central register on loopback.

pub mod register;
