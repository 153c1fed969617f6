//! The `bestand` command.
fn main() {}
