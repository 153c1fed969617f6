//! Authority by itself: rules, what they have against them, and who wins.

mod checks;
mod examples;
mod properties;
mod support;
