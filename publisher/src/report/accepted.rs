//! The gaps that the settings accept: they stay gaps, and the page says who lives with which, why and until when.

use bestand_model::accepted_gap::AcceptedGapUse;
use bestand_model::exception::ExceptionState;

use super::phrase::Phrase;
use super::text::visible;
use super::words;

/// An accepted gap as its row shows it.
pub(super) struct AcceptedRow {
    pub(super) index: usize,
    pub(super) names: String,
    pub(super) class: &'static str,
    pub(super) state: &'static str,
    pub(super) meaning: &'static str,
    pub(super) because: String,
    pub(super) until: Phrase,
    pub(super) scopes: Phrase,
}

impl AcceptedRow {
    /// Shows one.
    pub(super) fn new(one: &AcceptedGapUse) -> Self {
        let (state, meaning) = words::accepted_gap(one.state);
        Self {
            index: one.index,
            names: visible(&one.names),
            class: if one.state == ExceptionState::Expired { "blind" } else { "" },
            state,
            meaning,
            because: visible(&one.because),
            until: Phrase::Instant(one.until),
            scopes: Phrase::Number(one.scopes),
        }
    }
}
