//! Counts the rows and hands each on at once.

use bestand_model::asset_record::{RecordLine, RecordPartition, RecordTotals};

use super::cell::CellResult;
use super::error::SourceRegisterError;
use super::row::RowJudge;
use super::{RecordSink, RecordSinkError};

/// One reading under way.
pub(super) struct Progress<'a> {
    judge: &'a RowJudge,
    sink: &'a mut dyn RecordSink,
    totals: RecordTotals,
}

impl<'a> Progress<'a> {
    /// Begins with what the snapshot counts.
    ///
    /// # Errors
    /// No row is there.
    pub(super) fn begin(
        judge: &'a RowJudge,
        sink: &'a mut dyn RecordSink,
        counted: u64,
    ) -> Result<Self, SourceRegisterError> {
        if counted == 0 {
            return Err(SourceRegisterError::Empty);
        }
        Ok(Self { judge, sink, totals: RecordTotals { counted, ..RecordTotals::default() } })
    }

    /// Judges a row and hands it on.
    ///
    /// # Errors
    /// The sink could not keep it.
    pub(super) fn take(&mut self, aws: bool, cells: Vec<CellResult>) -> Result<(), RecordSinkError> {
        self.totals.read += 1;
        let (partition, line) = self.judge.judge(self.totals.read, aws, cells);
        match (&line, &partition) {
            (RecordLine::Rejected { .. }, _) => self.totals.rejected += 1,
            (RecordLine::Record(_), RecordPartition::Unplaced) => self.totals.unplaced += 1,
            (RecordLine::Record(_), RecordPartition::NotAws) => self.totals.not_aws += 1,
            (RecordLine::Record(_), RecordPartition::Account(_) | RecordPartition::Rejected) => {}
        }
        self.sink.accept(partition, line)
    }

    /// Ends the reading after the last row.
    ///
    /// # Errors
    /// Not as many rows arrived as were counted.
    pub(super) fn end(self) -> Result<RecordTotals, SourceRegisterError> {
        let RecordTotals { read, counted, .. } = self.totals;
        if read == counted { Ok(self.totals) } else { Err(SourceRegisterError::Incomplete { read, counted }) }
    }
}

#[cfg(test)]
mod tests {
    use bestand_model::identification::IdentificationRules;

    use std::collections::BTreeMap;

    use super::super::settings::LifecycleWords;
    use super::*;

    struct Nowhere;

    impl RecordSink for Nowhere {
        fn accept(&mut self, _: RecordPartition, _: RecordLine) -> Result<(), RecordSinkError> {
            Ok(())
        }
    }

    #[test]
    fn rows_that_do_not_arrive_make_the_reading_incomplete() {
        let judge =
            RowJudge::new(&BTreeMap::new(), &LifecycleWords::default(), &IdentificationRules::default());
        let mut sink = Nowhere;
        let mut progress = Progress::begin(&judge, &mut sink, 2).unwrap();
        progress.take(true, Vec::new()).unwrap();
        assert!(matches!(progress.end(), Err(SourceRegisterError::Incomplete { read: 1, counted: 2 })));
    }

    #[test]
    fn an_empty_register_is_an_error() {
        let judge =
            RowJudge::new(&BTreeMap::new(), &LifecycleWords::default(), &IdentificationRules::default());
        assert!(matches!(Progress::begin(&judge, &mut Nowhere, 0), Err(SourceRegisterError::Empty)));
    }
}
