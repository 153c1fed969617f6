//! An AWS organisation, a source register and a central register on loopback.
//!
//! The sandbox is what bestand's job is tried against: the demo, tests, rehearsals and benchmarks. It knows
//! nothing of bestand's own crates and shares no code with them; it speaks AWS's wire protocols and the Register
//! API as strangers do. It derives a whole estate from a seed, keeps a source register that differs from it in
//! planted ways, and tells the truth of what was planted, so that a test can compare.

mod aws;
mod clock;
mod estate;
mod faults;
pub mod labelled;
mod options;
pub mod register;
mod sandbox;
mod settings;
mod source_register;
mod truth;

pub use faults::{Fault, Faults, UnknownFault};
pub use options::SandboxOptions;
pub use sandbox::{Sandbox, SandboxError};
pub use settings::REGISTER_KEY;
pub use source_register::{SourceRegisterError, day_before, next_day};
pub use truth::{Incomplete, LiveCount, Planted, PlantedKind, Quirk, Retirable, Truth, TruthAccount};
