//! `bestand explain RUN [KEY]`: why an asset was judged as it was, and the proof that this is how it was judged.
//!
//! Reconciliation is pure, and the run directory holds all that it was given. So nothing was written down for this
//! command's sake: it judges the account again, holds what comes out against the plan, and tells what happened on the
//! way ([why](../docs/decisions/0012-explain-replays.md)).

mod proof;
mod publication;
mod replay;
mod run;
mod search;
mod story;
mod tell;
mod text;
mod words;

use bestand_model::identifiers::RunId;
use bestand_model::reconciliation::Explainer;
use bestand_publisher::run_store::RunStore;
use serde_json::{Value, json};

use crate::error::Error;
use crate::exit_status::ExitStatus;

pub(crate) use proof::RunProof;
pub(crate) use story::Story;
pub(crate) use text::Style;

use replay::Replay;
use run::Run;
use search::Choices;

/// What there is to tell.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Of one asset, or of a row that makes no sense.
    Story(Box<Story>),
    /// Of the whole run: whether every account replays.
    Proof(Box<RunProof>),
}

impl Answer {
    /// Writes it for a person.
    pub(crate) fn text(&self, style: Style) -> String {
        match self {
            Self::Story(story) => tell::story(story, style),
            Self::Proof(proof) => tell::proof(proof, style),
        }
    }

    /// Writes it as one JSON document.
    pub(crate) fn json(&self) -> Result<String, Error> {
        let unexpected = |error: serde_json::Error| Error::Unexpected(error.to_string());
        match self {
            Self::Story(story) => serde_json::to_string_pretty(story).map_err(unexpected),
            Self::Proof(proof) => serde_json::to_string_pretty(proof).map_err(unexpected),
        }
    }

    /// A plan that does not replay is not the one that was made.
    pub(crate) fn exit_status(&self) -> ExitStatus {
        let proven = match self {
            Self::Story(story) => story.is_proven(),
            Self::Proof(proof) => proof.is_proven(),
        };
        if proven { ExitStatus::Done } else { ExitStatus::Plan }
    }
}

/// Gives the JSON schema of both documents.
pub(crate) fn schema() -> Value {
    json!({ "story": schemars::schema_for!(Story), "run_proof": schemars::schema_for!(RunProof) })
}

/// Explains what a text means in a run; without one, proves the whole run.
pub(crate) fn explain(store: &RunStore, run_id: &RunId, key: Option<&str>) -> Result<Answer, Error> {
    let run = Run::open(store, run_id)?;
    let Some(key) = key else { return Ok(Answer::Proof(Box::new(proof::of_run(&run)?))) };
    if key.trim().is_empty() {
        return Err(Error::Usage("explain: the key is empty".into()));
    }
    let places = search::places(&run, key)?;
    let mut choices = Choices::new(key);
    let mut stories: Vec<Story> = Vec::new();
    for name in &places.judged {
        let replay = Replay::of(&run, name)?;
        let explainer = Explainer::new(replay.judgement());
        for one in &explainer.find(key) {
            choices.add(&explainer, one);
            // One asset, or one key that several accounts claim: that is what there is to tell of it.
            if choices.are_one() {
                stories.push(story::make(&run, &replay, &explainer, one, key)?);
            }
        }
        if choices.are_too_many() {
            break;
        }
    }
    if choices.is_empty() {
        return Err(search::nothing(&run, key, &places));
    }
    let mut stories = stories.into_iter();
    match stories.next().filter(|_| choices.are_one()) {
        Some(first) => Ok(Answer::Story(Box::new(Story { also_claimed_by: stories.collect(), ..first }))),
        None => Err(choices.error()),
    }
}

#[cfg(test)]
mod tests;
