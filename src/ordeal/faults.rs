//! A register, or a network, that misbehaves while the plan is published.

use std::time::Duration;

use bestand_sandbox::register::{Book, FaultKind, FaultyCalls, RegisterFault, RegisterFaults};

use super::row::Row;
use super::stage::Stage;
use super::trial::{Trial, TrialOptions};
use crate::error::Error;

/// How long an answer is held back that must be too late, and what the client is told to wait.
const TOO_LONG: Duration = Duration::from_secs(4);
const TIMEOUT_SECS: &str = "2";

/// So many bytes for each change of a batch are too large: batches must be halved, single changes fit.
const BYTES_PER_CHANGE: u64 = 350;

/// When a fault strikes.
#[derive(Clone, Copy)]
enum Strikes {
    /// Every third batch, to the end.
    EveryThird,
    /// So many batches in a row, after the first three.
    Row(u32),
}

/// Every fault, by name.
const FAULTS: [(&str, Strikes, FaultKind); 10] = [
    ("reset_before_commit", Strikes::EveryThird, FaultKind::DropBefore),
    ("reset_after_commit", Strikes::EveryThird, FaultKind::DropAfter),
    ("answer_cut_short", Strikes::EveryThird, FaultKind::CutJson),
    ("web_page_as_answer", Strikes::EveryThird, FaultKind::Html),
    ("storm_of_429", Strikes::Row(12), FaultKind::TooManyRequests { retry_after_secs: 1 }),
    ("storm_of_503", Strikes::Row(12), FaultKind::Unavailable { retry_after_secs: 1 }),
    ("500_every_third", Strikes::EveryThird, FaultKind::ServerError),
    ("413_over_a_size", Strikes::Row(u32::MAX), FaultKind::TooLarge { over_bytes: BYTES_PER_CHANGE }),
    ("207_every_third", Strikes::EveryThird, FaultKind::MultiStatus),
    ("hang_beyond_timeout", Strikes::Row(4), FaultKind::Hang(TOO_LONG)),
];

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FAULTS.iter().map(|(name, ..)| *name)
}

/// Plays a fault; none has this name: `None`.
pub(super) async fn play(stage: &Stage, name: &str) -> Result<Option<Row>, Error> {
    let Some((_, strikes, kind)) = FAULTS.iter().find(|(own, ..)| *own == name) else { return Ok(None) };
    let mut row = Row::new(name);
    let trial = Trial::start(stage, name, TrialOptions::of(faults(*strikes, *kind, stage))).await?;
    let mut command = trial.command()?;
    command.env("BESTAND__CENTRAL_REGISTER__REQUEST_TIMEOUT_SECS", TIMEOUT_SECS);
    // It may give up; whatever it leaves is taken up again.
    trial.spawn(command, 0)?.wait().await?;
    let ended = trial.finish().await?;
    row.struck = trial.traffic().faults();
    let differences = stage.compare(&trial, &Book::default()).await?;
    row.ended(stage.changes, 0, &ended, differences);
    trial.stop().await;
    Ok(Some(row))
}

fn faults(strikes: Strikes, kind: FaultKind, stage: &Stage) -> RegisterFaults {
    let kind = match kind {
        FaultKind::TooLarge { over_bytes } => {
            FaultKind::TooLarge { over_bytes: over_bytes * stage.batch_size }
        }
        other => other,
    };
    let one = |after, times| RegisterFault { on: FaultyCalls::Changes, after, times, kind };
    let faults = match strikes {
        Strikes::Row(times) => vec![one(3, times)],
        Strikes::EveryThird => {
            // As often as there are batches, and what is sent again counts as well.
            let batches = u32::try_from(stage.changes / stage.batch_size).unwrap_or(u32::MAX);
            (0..batches).map(|third| one(third * 3 + 2, 1)).collect()
        }
    };
    RegisterFaults { faults, ..RegisterFaults::default() }
}
