"""Reads a run directory as a stranger would: once with zstd and json, once with DuckDB."""

import glob
import io
import json
import os

import duckdb
import zstandard


def _columns(text="", json="", boolean=""):
    kinds = (("VARCHAR", text), ("JSON", json), ("BOOLEAN", boolean))
    return {name: kind for kind, names in kinds for name in names.split()}


# The keys that readers may rely on.
COLUMNS = {
    "inventory": _columns(
        "account_id region resource_type resource_id arn resource_name created_at captured_at status path",
        "tags attributes",
    ),
    "findings": _columns(
        "finding_id kind severity asset_key account_id region resource_type resource_id arn asset_id name attribute "
        "authority since",
        "live registered published evidence",
    ),
    "changes": _columns("kind asset_key account_id reason digest", "precondition before after"),
    "records": _columns(
        "row_key asset_id arn resource_id account_id region resource_type lifecycle", "attributes rejected", "aws"
    ),
}


class RunDirectory:
    """One folder below runs/."""

    def __init__(self, path):
        self.path = path
        with open(os.path.join(path, "run.json"), encoding="utf-8") as file:
            self.summary = json.load(file)

    @classmethod
    def only(cls, store):
        """The only run of a store; a second one would mean that something else ran as well."""
        runs = sorted(glob.glob(os.path.join(store, "runs", "*")))
        if len(runs) != 1:
            raise AssertionError(f"expected one run below {store}, found {runs}")
        return cls(runs[0])

    def files(self, kind):
        return sorted(glob.glob(os.path.join(self.path, kind, "*.ndjson.zst")))

    def coverage(self):
        with open(os.path.join(self.path, "coverage.ndjson"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def lines(self, kind):
        """All lines of a kind, by zstd and json alone."""
        lines = []
        for path in self.files(kind):
            with open(path, "rb") as file:
                reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
                for line in io.TextIOWrapper(reader, encoding="utf-8"):
                    lines.append(json.loads(line))
        return lines

    def stems(self, kind):
        return [os.path.basename(path).removesuffix(".ndjson.zst") for path in self.files(kind)]

    def table(self, kind):
        """The SQL that reads all lines of a kind.

        What is an object stays JSON: AWS has attributes that differ in case only, and DuckDB's struct members
        must not.
        """
        pattern = os.path.join(self.path, kind, "*.ndjson.zst").replace("'", "''")
        columns = ", ".join(f"'{name}': '{type_}'" for name, type_ in COLUMNS[kind].items())
        return (
            f"read_json('{pattern}', format='newline_delimited', compression='zstd', filename=true, "
            f"columns={{{columns}}})"
        )

    def coverage_table(self):
        path = os.path.join(self.path, "coverage.ndjson").replace("'", "''")
        return f"read_json('{path}', format='newline_delimited', union_by_name=true, sample_size=-1)"


def one(sql):
    """The single value of a query."""
    return duckdb.execute(sql).fetchone()[0]


def pairs(sql):
    """A query's two columns as a dictionary."""
    return dict(duckdb.execute(sql).fetchall())


def equal(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r} is not {expected!r}")


def true(condition, what):
    if not condition:
        raise AssertionError(what)


def count_failed(checks, *arguments):
    """Runs every check, tells which failed, and gives their number."""
    failed = 0
    for check in checks:
        try:
            check(*arguments)
        except Exception as error:  # a check that breaks is a check that failed
            failed += 1
            print(f"FAILED {check.__name__}: {type(error).__name__}: {error}")
    return failed


def report(checks, *arguments):
    """Runs every check, and closes as scripts/test expects."""
    failed = count_failed(checks, *arguments)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0
