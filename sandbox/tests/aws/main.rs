//! The sandbox as its clients see it: over the wire, compared with the truth.

mod estate;
mod faults;
mod keys;
mod pages;
mod registers;
mod support;
