//! The domain of bestand, pure: words, rules and decisions.
