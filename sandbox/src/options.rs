//! What sandbox to make.

use crate::{faults::Faults, register::Credential};
use jiff::SignedDuration;
use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

/// What sandbox to make. The same accounts, resources and seed give the same estate.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// How many active accounts there are; at least one. From twelve up a suspended one is added.
    pub accounts: usize,
    /// How many live resources the active accounts hold together.
    pub resources: usize,
    /// What the estate is derived from.
    pub seed: u64,
    /// What goes wrong.
    pub faults: Faults,
    /// Where the registers lie: `itk.db`, the source register, is written anew; `register.db`, the central
    /// register, survives from one start to the next.
    pub directory: PathBuf,
    /// The address to listen on; anything but loopback hands the estate to the network.
    pub listen: IpAddr,
    /// The environment that the central register says it is.
    pub environment: String,
    /// Who may call the central register; empty: everyone, as `bestand`.
    pub register_credentials: Vec<Credential>,
    /// How far its clock is ahead of the world's, so that days can pass in seconds.
    pub clock_ahead: SignedDuration,
}

impl SandboxOptions {
    /// Twelve accounts with six thousand resources, nothing wrong, on loopback, with its files in `directory`.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            accounts: 12,
            resources: 6000,
            seed: 1,
            faults: Faults::none(),
            directory: directory.into(),
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            environment: "staging".to_owned(),
            register_credentials: Vec::new(),
            clock_ahead: SignedDuration::ZERO,
        }
    }
}
