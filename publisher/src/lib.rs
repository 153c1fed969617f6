//! Writes what was decided: the central register, the run directory, reports.
