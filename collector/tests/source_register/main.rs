//! The source register, read from a SQLite file and from a real PostgreSQL server.
#![cfg(test)]

mod memory;
mod postgres;
mod sqlite;
mod support;
