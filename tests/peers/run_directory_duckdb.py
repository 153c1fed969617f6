#!/usr/bin/env python3
"""A stranger reads the demo's run directory with DuckDB: run_directory_duckdb.py BESTAND.

What run.json says must be what the files hold; what was planted in the estate must be what was found in it; and
a second run over the same registers must have nothing to publish.
"""

import glob
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile

import duckdb
import zstandard

import run_directory
from run_directory import COLUMNS, RunDirectory, equal, one, pairs, true

# Keys that a healthy demo has no reason to write: nothing was published before its first run.
NOT_IN_A_FIRST_RUN = {"published"}


class Demo:
    def __init__(self, bestand, folder, first, second):
        self.bestand, self.folder = bestand, folder
        self.first, self.second = first, second
        with open(os.path.join(folder, "truth.json"), encoding="utf-8") as file:
            self.truth = json.load(file)


def run_json_counts_what_the_files_hold(demo):
    for run in (demo.first, demo.second):
        summary = run.summary
        equal(one(f"SELECT count(*) FROM {run.table('inventory')}"), summary["inventory"]["items"], "items")
        equal(one(f"SELECT count(*) FROM {run.table('records')}"), summary["records"]["read"], "records")
        findings = pairs(f"SELECT kind, count(*) FROM {run.table('findings')} GROUP BY kind")
        equal(findings, summary["findings"]["by_kind"], "findings by kind")
        changes = pairs(f"SELECT kind, count(*) FROM {run.table('changes')} GROUP BY kind")
        equal(changes, {kind: n for kind, n in summary["changes"].items() if n}, "changes by kind")
        coverage = summary["coverage"]
        equal(one(f"SELECT count(*) FROM {run.coverage_table()}"), coverage["scopes"], "scopes")
        reasons = f"SELECT reason, count(*) FROM {run.coverage_table()} WHERE status = 'incomplete' GROUP BY reason"
        equal(pairs(reasons), coverage["by_reason"], "gaps by reason")
        complete = f"SELECT count(*) FROM {run.coverage_table()} WHERE status = 'complete' AND reason IS NULL"
        equal(one(complete), coverage["complete"], "complete scopes")


def zstd_and_json_read_the_same_lines(demo):
    for kind in ("inventory", "records", "findings", "changes"):
        lines = demo.first.lines(kind)
        equal(one(f"SELECT count(*) FROM {demo.first.table(kind)}"), len(lines), kind)
        seen = {key for line in lines for key in line}
        missing = set(COLUMNS[kind]) - seen - NOT_IN_A_FIRST_RUN
        equal(missing, set(), f"keys of {kind} that no line has")


def every_line_lies_in_its_accounts_file(demo):
    for kind in ("inventory", "findings", "changes"):
        astray = one(
            f"SELECT count(*) FROM {demo.first.table(kind)} "
            "WHERE account_id IS NOT NULL AND parse_filename(filename) NOT LIKE '\\_%' ESCAPE '\\' "
            "AND parse_filename(filename) <> account_id || '.ndjson.zst'"
        )
        equal(astray, 0, f"lines of {kind} in another account's file")


def items_and_findings_are_unique(demo):
    run = demo.first
    equal(one(f"SELECT count(*) - count(DISTINCT finding_id) FROM {run.table('findings')}"), 0, "doubled findings")
    equal(one(f"SELECT count(*) - count(DISTINCT asset_key) FROM {run.table('changes')}"), 0, "doubled asset keys")


def what_was_planted_is_found_and_nothing_else(demo):
    """By SQL alone: planted differences of complete scopes against findings, both ways."""
    run = demo.first
    planted = os.path.join(demo.folder, "planted.json")
    with open(planted, "w", encoding="utf-8") as file:
        json.dump(demo.truth["planted"], file)
    kinds = ("absent", "retired_but_live", "divergent", "duplicate", "rejected_record")
    for kind in kinds:
        planted_here = f"""SELECT DISTINCT asset_id FROM read_json('{planted}', sample_size=-1)
                           WHERE kind = '{kind}' AND asset_id IS NOT NULL"""
        expected = f"{planted_here} AND scope_complete"
        # What two records claim is a duplicate however little was seen; absence has a check of its own.
        possible = expected if kind == "absent" else planted_here
        found = f"SELECT DISTINCT asset_id FROM {run.table('findings')} WHERE kind = '{kind}' AND asset_id IS NOT NULL"
        missed = duckdb.execute(f"{expected} EXCEPT {found}").fetchall()
        surplus = duckdb.execute(f"{found} EXCEPT {possible}").fetchall()
        equal((missed, surplus), ([], []), f"{kind}: (missed, surplus)")
        true(one(f"SELECT count(*) FROM ({expected})") > 0, f"{kind}: nothing was planted")


def nothing_is_concluded_where_not_everything_was_seen(demo):
    run = demo.first
    denied = pairs(f"SELECT account_id, reason FROM {run.coverage_table()} WHERE reason = 'role_denied'")
    true(len(denied) == 1, f"denied accounts: {denied}")
    concluded = one(
        f"""SELECT count(*) FROM {run.table('findings')} AS f
            WHERE f.kind = 'absent' AND EXISTS (
                SELECT 1 FROM {run.coverage_table()} AS c
                WHERE c.status = 'incomplete' AND c.account_id = f.account_id
                AND (c.region IS NULL OR c.region = f.region)
                AND (c.resource_type IS NULL OR c.resource_type = f.resource_type))"""
    )
    equal(concluded, 0, "absences concluded in incomplete scopes")
    for each in (demo.first, demo.second):
        equal(each.summary["changes"]["retire"], 0, "retires")


def a_second_run_has_nothing_to_publish(demo):
    sent = {kind: demo.second.summary["changes"][kind] for kind in ("create", "update", "retire")}
    equal(sent, {"create": 0, "update": 0, "retire": 0}, "changes of the second run")
    published = demo.first.summary["publication"]["applied"]
    true(published > 0, "the first run published nothing")
    equal(demo.second.summary["changes"]["unchanged"], published, "unchanged assets")


def planted_secrets_are_nowhere(demo):
    mark = demo.truth["secret_mark"].encode()
    looked = 0
    store = os.path.dirname(os.path.dirname(demo.first.path))
    for path in glob.glob(os.path.join(store, "**", "*"), recursive=True):
        if not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            content = file.read()
        if path.endswith(".zst"):
            content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
        looked += 1
        true(mark not in content, f"a secret stands in {path}")
    true(looked > 20, f"only {looked} files")


def python_reads_the_evidence_and_comes_to_the_same_manifest(demo):
    identifier = demo.first.summary["run_id"]
    out = os.path.join(demo.folder, "filed")
    settings = os.path.join(demo.folder, "bestand.toml")
    command = [demo.bestand, "report", identifier, "--format", "evidence", "--out", out, "--settings", settings]
    packing = subprocess.run(command, capture_output=True, text=True, timeout=300)
    equal(packing.returncode, 0, packing.stderr)
    path = os.path.join(out, f"evidence-{identifier}.zip")
    with zipfile.ZipFile(path) as pack:
        equal(pack.testzip(), None, "the first damaged file")
        names = pack.namelist()
        manifest_bytes = pack.read("manifest.json")
        manifest = json.loads(manifest_bytes)
        recomputed = [
            {"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name in sorted(names)
            if name != "manifest.json"
            for content in [pack.read(name)]
        ]
    equal(recomputed, manifest["files"], "files of the manifest")
    equal(len(set(names)), len(names), "names")
    digest = hashlib.sha256(manifest_bytes).hexdigest()
    true(f"sha256 of its manifest: {digest}" in packing.stdout.splitlines(), packing.stdout)
    for file in manifest["files"]:
        with open(os.path.join(demo.first.path, file["path"]), "rb") as own:
            equal(hashlib.sha256(own.read()).hexdigest(), file["sha256"], file["path"])
    checking = subprocess.run([demo.bestand, "verify", path, "--digest", digest], capture_output=True, text=True, timeout=300)
    equal(checking.returncode, 0, checking.stdout)
    # Python writes the same files anew: every digest is right, and still it is not the pack.
    again = os.path.join(out, "again.zip")
    with zipfile.ZipFile(path) as pack, zipfile.ZipFile(again, "w") as other:
        for name in names:
            method = zipfile.ZIP_STORED if name.endswith((".zst", "manifest.json")) else zipfile.ZIP_DEFLATED
            other.writestr(name, pack.read(name), method)
    checking = subprocess.run([demo.bestand, "verify", again], capture_output=True, text=True, timeout=300)
    equal(checking.returncode, 44, checking.stdout)
    true("not as bestand writes it" in checking.stdout, checking.stdout)


CHECKS = [
    run_json_counts_what_the_files_hold,
    zstd_and_json_read_the_same_lines,
    every_line_lies_in_its_accounts_file,
    items_and_findings_are_unique,
    what_was_planted_is_found_and_nothing_else,
    nothing_is_concluded_where_not_everything_was_seen,
    a_second_run_has_nothing_to_publish,
    planted_secrets_are_nowhere,
    python_reads_the_evidence_and_comes_to_the_same_manifest,
]


def demo_run(bestand, folder, known, *more):
    command = [bestand, "demo", *more, "--directory", folder, "--log-format", "json"]
    process = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if process.returncode != 20:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{process.stderr[-4000:]}")
    with open(os.path.join(folder, "bestand.toml"), "rb") as file:
        store = tomllib.load(file)["run_store"]["url"].removeprefix("file://")
    runs = [path for path in glob.glob(os.path.join(store, "runs", "*")) if path not in known]
    if len(runs) != 1:
        raise SystemExit(f"expected one new run, found {runs}")
    print(f"demo {' '.join(more)}: status {process.returncode}, {os.path.basename(runs[0])}")
    return RunDirectory(runs[0])


def main():
    bestand = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="bestand-duckdb-") as folder:
        first = demo_run(bestand, folder, [])
        second = demo_run(bestand, folder, [first.path], "same")
        return run_directory.report(CHECKS, Demo(bestand, folder, first, second))


if __name__ == "__main__":
    sys.exit(main())
