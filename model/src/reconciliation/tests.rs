//! Whole reconciliations: examples named after the rules, estates as readable text, properties.

mod ambiguity;
mod built_arns;
mod coverage;
mod decommissioned;
mod elsewhere;
mod estates;
mod explanation;
mod identity;
mod no_account;
mod oracle;
mod proof;
mod properties;
mod small_estates;
mod support;
