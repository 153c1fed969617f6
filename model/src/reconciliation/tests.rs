//! Whole reconciliations: examples named after the rules, estates as readable text, properties.

mod ambiguity;
mod built_arns;
mod coverage;
mod estates;
mod identity;
mod no_account;
mod oracle;
mod properties;
mod small_estates;
mod support;
