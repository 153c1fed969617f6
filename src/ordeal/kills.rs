//! SIGKILL at random instants of a publication, resumed each time.

use std::time::Duration;

use bestand_sandbox::register::Book;

use super::dice::Dice;
use super::row::Row;
use super::stage::{Stage, slow};
use super::trial::{PAUSE, RESUMPTIONS, Trial, TrialOptions};
use crate::error::Error;

/// The scenario's name.
pub(super) const NAME: &str = "kill";

/// Farthest batch that is aimed at.
const REACH: u64 = 6;

/// Longest wait after what was aimed at, in milliseconds.
const WAIT: u64 = 12;

/// How many publications in a row may end before a kill strikes.
const MISSES: u32 = 20;

/// When the kill is sent.
#[derive(Debug)]
enum Aim {
    /// At any instant from the first call on to the end.
    Anywhere(Duration),
    /// So long after so many batches came: their intents lie there, their receipts do not.
    Begun(u64, Duration),
    /// So long after so many batches were committed: the register has them, bestand may not know.
    Committed(u64, Duration),
}

/// What became of an attempt to kill.
#[derive(Debug, PartialEq, Eq)]
enum Hit {
    /// It struck.
    Killed,
    /// The publication was told that another holds the run store.
    Held,
    /// The publication ended before.
    Ended,
}

impl Aim {
    /// `span` is how long the publication would take from its first call on.
    fn random(dice: &mut Dice, span: Duration) -> Self {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        match dice.below(5) {
            0 => Self::Anywhere(Duration::from_micros(dice.below(micros))),
            1 | 2 => Self::Begun(1 + dice.below(REACH), Duration::from_millis(dice.below(WAIT))),
            _ => Self::Committed(1 + dice.below(REACH), Duration::from_millis(dice.below(WAIT))),
        }
    }
}

/// Kills until so many kills have struck.
pub(super) async fn play(stage: &Stage, wanted: u64, seed: u64) -> Result<Row, Error> {
    let mut row = Row::new(NAME);
    let mut dice = Dice::new(seed);
    let (mut round, mut misses) = (0_u64, 0);
    while row.struck < wanted && misses < MISSES {
        round += 1;
        let options = TrialOptions::of(slow(round % 2 == 1));
        let trial = Trial::start(stage, &format!("{NAME}-{round}"), options).await?;
        let before = row.struck;
        let mut held = 0;
        while row.struck < wanted && held < RESUMPTIONS {
            let aim = Aim::random(&mut dice, span_left(stage, &trial));
            match killed(&trial, &aim).await? {
                Hit::Killed => row.struck += 1,
                // The one that was killed still holds the store.
                Hit::Held => {
                    held += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Hit::Ended => break,
            }
        }
        misses = if row.struck == before { misses + 1 } else { 0 };
        let ended = trial.finish().await?;
        let differences = stage.compare(&trial, &Book::default()).await?;
        row.ended(stage.changes, 0, &ended, differences);
        tracing::info!(struck = row.struck, of = wanted, "killed and resumed to the end");
        trial.stop().await;
    }
    if row.struck < wanted {
        row.wrong(format!("only {} of {wanted} kills struck", row.struck));
    }
    Ok(row)
}

/// How long what is left of a publication takes, by what an undisturbed one took.
fn span_left(stage: &Stage, trial: &Trial<'_>) -> Duration {
    let batches = u32::try_from(stage.changes.div_ceil(stage.batch_size)).unwrap_or(u32::MAX);
    let done = u32::try_from(trial.traffic().committed()).unwrap_or(u32::MAX);
    stage.span / batches.max(1) * batches.saturating_sub(done).max(1)
}

/// Publishes and kills. Only a publication that had called the register counts.
async fn killed(trial: &Trial<'_>, aim: &Aim) -> Result<Hit, Error> {
    let traffic = trial.traffic();
    let (calls, begun, committed) = (traffic.calls(), traffic.begun(), traffic.committed());
    let mut running = trial.spawn(trial.command()?, 0)?;
    let (there, wait) = match aim {
        Aim::Anywhere(wait) => (running.until(|| traffic.calls() > calls).await?, *wait),
        Aim::Begun(batches, wait) => (running.until(|| traffic.begun() >= begun + batches).await?, *wait),
        Aim::Committed(batches, wait) => {
            (running.until(|| traffic.committed() >= committed + batches).await?, *wait)
        }
    };
    if !there {
        let locked = running.wait().await?.status == Some(42);
        return Ok(if locked { Hit::Held } else { Hit::Ended });
    }
    tokio::time::sleep(wait).await;
    Ok(if running.kill()? { Hit::Killed } else { Hit::Ended })
}

/// Kills once after so many batches were committed; false if the publication ended before.
pub(super) async fn kill_after(trial: &Trial<'_>, batches: u64) -> Result<bool, Error> {
    Ok(killed(trial, &Aim::Committed(batches, Duration::ZERO)).await? == Hit::Killed)
}
