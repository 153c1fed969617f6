//! What others do to a publication: the machine, its clock, a second writer, a second run.

use std::process::{Command, Stdio};

use bestand_sandbox::register::{Book, RegisterFaults, write_as_another};

use super::kills::kill_after;
use super::row::Row;
use super::stage::{Stage, read, slow};
use super::trial::{Trial, TrialOptions};
use crate::clock::DEMO_CLOCK;
use crate::error::{Error, chain};

const CLOCK: &str = "clock_jumps";
const DISK: &str = "disk_full";
const WRITER: &str = "second_writer";
const TWICE: &str = "two_at_once";

/// How many entries the second writer has.
const EDITED: u32 = 25;

/// How large a file may become on a full disk, in blocks of 512 bytes: it is met at another place each time.
const ROOM: [u32; 6] = [0, 1, 4, 16, 32, 64];

pub(super) const fn names() -> [&'static str; 4] {
    [CLOCK, DISK, WRITER, TWICE]
}

/// Plays a scenario; none has this name: `None`. Where it cannot be played with this run store there is no row either.
pub(super) async fn play(stage: &Stage, name: &str) -> Result<Option<Row>, Error> {
    let mut row = Row::new(name);
    let faults = if name == WRITER { RegisterFaults::default() } else { slow(true) };
    if !names().contains(&name) {
        return Ok(None);
    }
    let trial = Trial::start(stage, name, TrialOptions::of(faults)).await?;
    let mut theirs = Book::default();
    match name {
        CLOCK => row.struck = clock_jumps(&trial).await?,
        DISK if trial.store.is_none() => return Ok(None),
        DISK => row.struck = disk_full(&trial).await?,
        WRITER => {
            let keys = write_as_another(&trial.database(), &stage.expected_database, EDITED)
                .await
                .map_err(|error| Error::Unexpected(chain(&error)))?;
            theirs = read(&trial.database()).await?;
            theirs.entries.retain(|key, _| keys.contains(key));
        }
        _ => row.struck = two_at_once(&trial, &mut row).await?,
    }
    let ended = trial.finish().await?;
    if name == WRITER {
        row.struck = ended.publication.map_or(0, |counts| counts.conflicted);
    }
    let differences = stage.compare(&trial, &theirs).await?;
    row.ended(stage.changes, theirs.entries.len() as u64, &ended, differences);
    trial.stop().await;
    Ok(Some(row))
}

/// Killed, gone on with a clock beyond the plan's expiry, killed, gone on with one before the plan was made.
async fn clock_jumps(trial: &Trial<'_>) -> Result<u64, Error> {
    let mut jumps = 0;
    if !kill_after(trial, 2).await? {
        return Ok(jumps);
    }
    for jump in ["+20h", "-20h", "+9000h"] {
        let traffic = trial.traffic();
        let before = traffic.committed();
        let mut command = trial.command()?;
        command.env(DEMO_CLOCK, jump);
        let mut running = trial.spawn(command, 0)?;
        if running.until(|| traffic.committed() > before + 2).await? && running.kill()? {
            jumps += 1;
        }
    }
    Ok(jumps)
}

/// Publishes where files cannot grow; counts how often that ended the publication with the run store's status.
async fn disk_full(trial: &Trial<'_>) -> Result<u64, Error> {
    let mut met = 0;
    for blocks in ROOM {
        let plain = trial.command()?;
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""))
            .arg(plain.get_program())
            .args(plain.get_args())
            .stdin(Stdio::null())
            // The log would meet the limit first.
            .stderr(Stdio::null());
        if let Some(folder) = plain.get_current_dir() {
            command.current_dir(folder);
        }
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let ended = trial.spawn(command, 1)?.wait().await?;
        met += u64::from(ended.status == Some(45));
    }
    Ok(met)
}

/// Starts the same publication twice; counts how often one was told that the other is at it.
async fn two_at_once(trial: &Trial<'_>, row: &mut Row) -> Result<u64, Error> {
    let (one, other) = (trial.spawn(trial.command()?, 1)?, trial.spawn(trial.command()?, 2)?);
    let (one, other) = (one.wait().await?.status, other.wait().await?.status);
    let refused = [one, other].iter().filter(|status| **status == Some(42)).count();
    if refused != 1 || ![one, other].contains(&Some(0)) {
        row.wrong(format!("two at once ended with {one:?} and {other:?} rather than 0 and 42"));
    }
    Ok(refused as u64)
}
