//! Runs a sandbox until its standard input ends: for foreign clients, and for whoever writes tests.
//!
//! `serve DIRECTORY [ACCOUNTS] [RESOURCES] [SEED] [FAULTS]` writes `truth.json`, `bestand.toml` and
//! `environment` (lines of NAME=VALUE) into the directory and then says that it is ready.

use bestand_sandbox::{Sandbox, SandboxOptions};
use std::{error::Error, io::Read};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("the directory is missing")?;
    let mut options = SandboxOptions::new(&directory);
    if let Some(accounts) = arguments.next() {
        options.accounts = accounts.parse()?;
    }
    if let Some(resources) = arguments.next() {
        options.resources = resources.parse()?;
    }
    if let Some(seed) = arguments.next() {
        options.seed = seed.parse()?;
    }
    if let Some(faults) = arguments.next() {
        options.faults = faults.parse()?;
    }
    let sandbox = Sandbox::start(options).await?;
    let variables: Vec<String> = sandbox
        .environment_variables()
        .into_iter()
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    std::fs::write(format!("{directory}/truth.json"), serde_json::to_vec_pretty(sandbox.truth())?)?;
    std::fs::write(format!("{directory}/bestand.toml"), sandbox.settings_toml())?;
    std::fs::write(format!("{directory}/environment"), variables.concat())?;
    report(&format!("ready: {} and {}", sandbox.aws_url(), sandbox.register_url()));
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    sandbox.stop().await;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example is a command line of its own")]
fn report(line: &str) {
    println!("{line}");
}
