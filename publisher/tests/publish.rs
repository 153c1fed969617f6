//! Publishing against a register with true semantics that fails in every way: nothing lost, nothing doubled,
//! the sums always hold (SEMANTICS 3.4 to 3.6).

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail it, too")]

#[path = "publish/breaking.rs"]
mod breaking;
#[path = "publish/drive.rs"]
mod drive;
#[path = "publish/faulty_register.rs"]
mod faulty_register;
#[path = "publish/memory_register.rs"]
mod memory_register;
#[path = "publish/world.rs"]
mod world;
#[path = "publish/writer.rs"]
mod writer;

#[path = "publish/answers.rs"]
mod answers;
#[path = "publish/any_faults.rs"]
mod any_faults;
#[path = "publish/kills.rs"]
mod kills;
#[path = "publish/plain.rs"]
mod plain;
#[path = "publish/promises.rs"]
mod promises;
#[path = "publish/remembering.rs"]
mod remembering;
#[path = "publish/settling.rs"]
mod settling;
#[path = "publish/store_failures.rs"]
mod store_failures;
#[path = "publish/tampering.rs"]
mod tampering;
