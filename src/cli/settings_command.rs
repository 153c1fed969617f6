//! `bestand settings`: shows and checks settings, and makes a run store ready.

use std::path::Path;

use bestand_collector::action::{home_policy, member_policy};
use clap::Args;

use super::print;
use crate::error::Error;
use crate::exit_status::ExitStatus;
use crate::settings::{self, Settings};
use crate::{clock, compose};

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "flags of which exactly one is given")]
pub(super) struct SettingsArgs {
    /// Prints the commented default: the reference documentation.
    #[arg(long)]
    default: bool,
    /// Prints the JSON schema of the settings file.
    #[arg(long)]
    schema: bool,
    /// Checks the settings and lists every problem at once.
    #[arg(long)]
    check: bool,
    /// Prints the policies of the role in every account and of the job's own role, as JSON.
    #[arg(long)]
    policy: bool,
    /// Makes the run store ready: writes which environment it belongs to.
    #[arg(long)]
    init_store: bool,
}

/// Does what was asked of the settings.
pub(super) async fn carry_out(asked: &SettingsArgs, path: &Path) -> Result<ExitStatus, Error> {
    if asked.default {
        print(settings::DEFAULT.trim_end());
    } else if asked.schema {
        print(&serde_json::to_string_pretty(&settings::schema()).unwrap_or_default());
    } else {
        let settings: Settings = settings::load(path)?;
        if asked.policy {
            let role = &settings.accounts.role;
            let policies = serde_json::json!({
                "member_role": {"name": role.name, "policy": member_policy()},
                "job_role": {"policy": home_policy(&settings.aws.partition, &role.name)},
            });
            print(&serde_json::to_string_pretty(&policies).unwrap_or_default());
        } else if asked.init_store {
            let made = compose::run_store(&settings).await?.init(&settings.environment, clock::now())?;
            print(&format!(
                "the run store {} belongs to environment `{}`",
                settings.run_store.url, made.environment
            ));
        } else {
            print(&format!("{} is in order", path.display()));
        }
    }
    Ok(ExitStatus::Done)
}
