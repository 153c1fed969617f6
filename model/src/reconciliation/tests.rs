//! Whole reconciliations: examples named after the rules, estates as readable text, properties.

mod adoption;
mod ambiguity;
mod authority;
mod authority_properties;
mod built_arns;
mod coverage;
mod decommissioned;
mod elsewhere;
mod ephemerals;
mod estates;
mod explanation;
mod external;
mod identification;
mod identity;
mod life;
mod life_properties;
mod no_account;
mod oracle;
mod proof;
mod properties;
mod requirements;
mod small_estates;
mod support;
