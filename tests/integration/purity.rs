//! The domain is pure: what decides cannot reach a disk, a network, a clock or a runtime, not even by accident.

use std::collections::BTreeSet;
use std::process::Command;

/// Crates that neither do input or output nor wait for any: values, formats, hashes, and macros that only run
/// in the compiler.
const PURE: [&str; 41] = [
    "aho-corasick",
    "bestand-model",
    "block-buffer",
    "cfg-if",
    "const-oid",
    "cpufeatures",
    "crypto-common",
    "digest",
    "dyn-clone",
    "hybrid-array",
    "itoa",
    "jiff",
    "jiff-core",
    "memchr",
    "proc-macro2",
    "quote",
    "ref-cast",
    "ref-cast-impl",
    "regex",
    "regex-automata",
    "regex-syntax",
    "schemars",
    "schemars_derive",
    "serde",
    "serde_core",
    "serde_derive",
    "serde_derive_internals",
    "serde_json",
    "sha1_smol",
    "sha2",
    "syn",
    "thiserror",
    "thiserror-impl",
    "tinyvec",
    "typenum",
    "unicode-ident",
    "unicode-normalization",
    "unicode-script",
    "unicode-security",
    "uuid",
    "zmij",
];

fn tree(format: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "-p", "bestand-model", "-e", "normal", "--prefix", "none", "--locked"])
        // Elsewhere a crate may ask another way what the processor can do.
        .args(["--target", "x86_64-unknown-linux-gnu"])
        .args(["--format", format])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn the_model_depends_on_pure_crates_only() {
    let crates: BTreeSet<String> =
        tree("{p}").iter().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert!(crates.contains("bestand-model") && crates.contains("serde"), "{crates:?}");
    let strange: Vec<&String> = crates.iter().filter(|name| !PURE.contains(&name.as_str())).collect();
    assert!(strange.is_empty(), "new in the model's tree, and perhaps not pure: {strange:?}");
}

#[test]
fn the_model_has_no_clock() {
    // Without `std` jiff has no `Timestamp::now`, and without `tz-system` it reads no time zones from disk.
    let jiff = tree("{p} | {f}").into_iter().find(|line| line.starts_with("jiff v")).unwrap();
    let features = jiff.split('|').next_back().unwrap();
    let features: BTreeSet<&str> =
        features.trim_end_matches(" (*)").split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    assert_eq!(features, BTreeSet::from(["alloc", "serde"]), "{jiff}");
    let uuid = tree("{p} | {f}").into_iter().find(|line| line.starts_with("uuid v")).unwrap();
    assert!(!uuid.contains("v4") && !uuid.contains("v7") && !uuid.contains("rng"), "{uuid}");
}
