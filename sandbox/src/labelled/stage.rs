//! Puts one day of a scenario onto the stage: registers, estate, faults, clock.

use super::{Scenario, register, settings, world::End};
use crate::{
    SandboxOptions,
    estate::{Estate, placement::Placement, script::Script},
    sandbox::{Sandbox, SandboxError},
    source_register::{self, SourceRegisterError},
    truth::Truth,
};
use jiff::{SignedDuration, Timestamp};
use std::{path::Path, sync::Arc};

const HOURS_A_DAY: i64 = 24;

/// Why a day could not be put onto the stage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// The central register could not be edited.
    #[error("cannot edit the central register")]
    CentralRegister(#[from] sqlx::Error),
    /// The source register could not be written.
    #[error(transparent)]
    SourceRegister(#[from] SourceRegisterError),
    /// The sandbox could not be started.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

impl Scenario {
    /// How far ahead of the first day's clock a day's clock is.
    pub fn ahead(&self, day: usize) -> SignedDuration {
        SignedDuration::from_hours(HOURS_A_DAY * day as i64)
    }

    /// The settings that fit: by the register's address, which is another one each day.
    pub fn settings_toml(&self, directory: &Path, register_url: &str) -> String {
        settings::toml(&self.world, directory, register_url)
    }

    /// Does what others do before the run, then starts the sandbox of a day over a directory.
    ///
    /// # Errors
    /// When a file cannot be written, or a port cannot be had.
    pub async fn start(&self, day: usize, directory: &Path) -> Result<Sandbox, StageError> {
        let (world, of_day) = (&self.world, &self.days[day]);
        let at = Timestamp::from_second(world.before(day)).unwrap_or(Timestamp::UNIX_EPOCH);
        register::edit(directory, &of_day.edits, &format!("{at:.3}")).await?;
        let mut accounts = world.accounts.clone();
        // Whoever has left is neither listed nor entered any more.
        let left = world.ended(day).and_then(|end| accounts.pop().map(|account| (end, account)));
        let suspended = left.and_then(|(end, account)| (end == End::Suspended).then_some(account));
        let resources = of_day.resources.iter().filter(|resource| resource.account < accounts.len());
        let script = Script::new(resources.cloned().collect());
        let options = SandboxOptions {
            accounts: accounts.len(),
            resources: 0,
            seed: world.seed,
            clock_ahead: self.ahead(day),
            ..SandboxOptions::new(directory)
        };
        let estate = Arc::new(Estate::scripted(
            world.seed,
            accounts,
            suspended,
            script,
            Placement::scripted(world.faults(day)),
            crate::clock::now(options.clock_ahead).as_second(),
        ));
        let batches = std::iter::once(of_day.records.clone());
        let total = source_register::write_loosely(&directory.join("itk.db"), batches).await?;
        let truth = Truth::gather(&estate, total, 0, Vec::new());
        Ok(Sandbox::serve(options, estate, truth).await?)
    }
}
