//! Evidence packs: one archive that holds what a run left, with a manifest of digests that can be signed or written
//! down; and the check of such an archive, which somebody else may have made or changed.
//!
//! A pack has one form only: the same files give the same bytes. So a pack is good only if it is, byte for byte, what
//! bestand would have written; no trick with the archive's own structure is left to be known by its name.

mod archive;
mod bounds;
mod manifest;
mod pack;
mod unpack;

pub use bounds::check_lines;
pub use manifest::{
    Identities, MANIFEST_FILE, Manifest, Outcome, PACK_SCHEMA_VERSION, PackHead, PackedFile, Window,
};
pub use pack::{INPUTS, PackError, Packed, write_pack};
pub use unpack::{Unpacked, unpack};
