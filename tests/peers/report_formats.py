#!/usr/bin/env python3
"""Strangers read a report in all its forms, and must find the same: report_formats.py BESTAND DEMO [FOLDER ...].

DEMO is the folder of a demo: `bestand report` writes its run in every form, and these are held against the run
directory too. Each FOLDER has the four forms of one run. Read by: json, csv, openpyxl, DuckDB and LibreOffice
(`soffice` from Debian's libreoffice-calc-nogui). Prints `N passed, 0 failed`; exits with 1 otherwise.
"""

import csv
import datetime
import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections import Counter

import duckdb
import jsonschema_rs
import openpyxl
from openpyxl.utils.escape import unescape

import run_directory
from run_directory import RunDirectory, equal, pairs, true

SCHEMA = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "report.schema.json")
DANGEROUS = tuple("=+-@＝＋－＠")
SHEETS = ["summary", "coverage", "findings", "changes", "exceptions"]
CUT = re.compile(r"… \(cut here, [\d,]+ characters: see report\.csv\)$")
csv.field_size_limit(1 << 30)


class Embedded(html.parser.HTMLParser):
    """The data that lies in the page, and the counts that it shows."""

    def __init__(self, text):
        super().__init__()
        self.blocks, self.totals, self._into, self._kind = {}, {}, None, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "script" and attributes.get("type") == "application/json":
            self._into = attributes["id"]
        if "data-kind-total" in attributes:
            self._kind = attributes["data-kind-total"]

    def handle_endtag(self, tag):
        self._into = self._kind = None

    def handle_data(self, data):
        if self._into:
            self.blocks[self._into] = self.blocks.get(self._into, "") + data
        elif self._kind:
            self.totals[self._kind] = int(data.replace(",", ""))


class Report:
    def __init__(self, folder, run=None):
        self.folder, self.run = folder, run
        with open(self.path("jsonl"), encoding="utf-8") as file:
            self.lines = [json.loads(line) for line in file]
        self.summary = self.lines[0]
        self.findings = [line for line in self.lines if line["type"] == "finding"]
        self.ignored = [line for line in self.lines if line["type"] == "ignored_finding"]
        # In the order of the run, those that exceptions hide among the others.
        self.all = [line for line in self.lines if line["type"].endswith("finding")]
        with open(self.path("csv"), encoding="utf-8", newline="") as file:
            self.rows = list(csv.DictReader(file, strict=True))
        with open(self.path("html"), encoding="utf-8") as file:
            self.page = Embedded(file.read())
        self.book = openpyxl.load_workbook(self.path("xlsx"))
        self.sheets = {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in self.book.worksheets}

    def path(self, form):
        return os.path.join(self.folder, f"report.{form}")

    def sheet(self, name):
        names, *rows = self.sheets[name]
        return [dict(zip(names, row)) for row in rows]

    def part(self, part):
        return {row["name"]: row["value"] for row in self.sheet("summary") if row["part"] == part}


def by_kind(findings):
    return dict(Counter(own["kind"] for own in findings))


def ids(findings):
    return sorted(own["finding_id"] for own in findings)


def same_ids(one, other, what):
    one, other = Counter(ids(one)), Counter(ids(other))
    equal((sorted(one - other)[:5], sorted(other - one)[:5]), ([], []), f"{what}: findings that only one has")


def plain(cell):
    """Takes the apostrophe away that keeps a spreadsheet from running a text."""
    return cell[1:] if cell.startswith("'") and is_dangerous(cell[1:]) else cell


def is_dangerous(text):
    if text.startswith(("\t", "\r", "\n")):
        return True
    bare = re.sub(r"""^[\s\x00-\x1f\x7f-\x9f'"`\ufeff\u200b]+""", "", text)
    return bare.startswith(DANGEROUS)


def expected(line, column):
    """What a table says of a finding in a column: a text, or a number."""
    exception = line.get("exception", {})
    value = {
        "ignored": "true" if exception else "false",
        "exception_owner": exception.get("owner", ""),
        "exception_because": exception.get("because", ""),
        "exception_until": exception.get("until", ""),
    }.get(column, line.get(column, ""))
    if column in line and value is None:
        return "null"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def every_form_has_the_same_findings(report):
    same_ids(json.loads(report.page.blocks["findings"]), report.findings, "html and jsonl")
    same_ids((row for row in report.rows if row["ignored"] == "false"), report.findings, "csv and jsonl")
    same_ids((row for row in report.rows if row["ignored"] == "true"), report.ignored, "csv and jsonl, ignored")
    book = report.sheet("findings")
    same_ids((row for row in book if not row["ignored"]), report.findings, "xlsx and jsonl")
    same_ids((row for row in book if row["ignored"]), report.ignored, "xlsx and jsonl, ignored")
    if report.run:
        lines = report.run.lines("findings")
        same_ids((line for line in lines if "exception" not in line), report.findings, "run directory and jsonl")
        same_ids((line for line in lines if "exception" in line), report.ignored, "run directory and jsonl, ignored")


def every_form_counts_the_same(report):
    counts = report.summary["findings"]["by_kind"]
    ignored = report.summary["findings"]["ignored"]
    equal(by_kind(report.findings), counts, "jsonl")
    equal(by_kind(report.ignored), ignored, "jsonl, ignored")
    equal({kind: count for kind, count in report.page.totals.items() if count}, counts, "the page's own totals")
    equal(by_kind(row for row in report.rows if row["ignored"] == "false"), counts, "csv")
    told = {kind: count for kind, count in report.part("by kind").items() if count}
    equal(told, counts, "the workbook's summary")
    equal(report.part("ignored"), ignored, "the workbook's summary, ignored")
    equal(report.part("findings")["all"], len(report.findings), "the workbook's summary, all")
    severities = {name: count for name, count in report.part("by severity").items() if count}
    equal(severities, report.summary["findings"]["by_severity"], "the workbook's severities")
    equal(report.part("changes"), report.summary["changes"], "the workbook's changes")
    if report.run:
        of_run = {key: value for key, value in report.summary.items() if key != "type"}
        equal(of_run, report.run.summary, "run.json")


def duckdb_reads_the_tables_and_counts_the_same(report):
    table = f"read_csv('{report.path('csv')}', all_varchar=true, header=true, delim=',', quote='\"', escape='\"', " \
            "strict_mode=true, max_line_size=100000000)"
    counted = f"SELECT kind, count(*) FROM {table} WHERE ignored = 'false' GROUP BY kind"
    equal(pairs(counted), report.summary["findings"]["by_kind"], "csv")
    ids_there = duckdb.execute(f"SELECT finding_id FROM {table} ORDER BY 1").fetchall()
    equal([row[0] for row in ids_there], ids(report.all), "ids of the csv")
    lines = f"read_json('{report.path('jsonl')}', format='newline_delimited', maximum_object_size=100000000, " \
            "columns={type: 'VARCHAR', kind: 'VARCHAR'})"
    counted = f"SELECT kind, count(*) FROM {lines} WHERE type = 'finding' GROUP BY kind"
    equal(pairs(counted), report.summary["findings"]["by_kind"], "jsonl")
    if report.run:
        counted = f"SELECT kind, count(*) FROM {report.run.table('findings')} GROUP BY kind"
        equal(pairs(counted), report.summary["findings"]["by_kind"], "run directory")


def every_cell_of_the_csv_says_what_the_line_says(report):
    equal(len(report.rows), len(report.all), "rows")
    for row, line in zip(report.rows, report.all):
        for column, cell in row.items():
            value = expected(line, column)
            if isinstance(value, (int, float)):
                equal(float(cell), float(value), column)
            else:
                true(not is_dangerous(cell) or cell.startswith("'"), f"{column}: {cell!r}")
                equal(plain(cell), value, f"{column} of {line['finding_id']}")


def every_cell_of_the_workbook_says_what_the_line_says(report):
    for row, line in zip(report.sheet("findings"), report.all, strict=True):
        for column, cell in row.items():
            value = expected(line, column)
            where = f"{column} of {line['finding_id']}"
            if column == "ignored":
                equal(cell, value == "true", where)
            elif isinstance(cell, datetime.datetime):
                at = datetime.datetime.fromisoformat(value).replace(tzinfo=None, microsecond=0)
                equal(cell.replace(microsecond=0), at, where)
            elif isinstance(value, (int, float)) and not isinstance(cell, str):
                equal(float(cell), float(value), where)
            else:
                # Of a control character openpyxl leaves the escape.
                text = unescape(cell) if isinstance(cell, str) else ""
                text = re.sub(r"_x([0-9A-Fa-f]{4})_", lambda own: chr(int(own[1], 16)), text) if "_x" not in str(value) else text
                if CUT.search(text):
                    true(str(value).startswith(CUT.sub("", text)) and len(text.encode("utf-16-le")) // 2 <= 32767, where)
                else:
                    equal(text.replace("\r\n", "\n"), str(value).replace("\r\n", "\n"), where)


def the_workbook_holds_no_formula_and_no_link(report):
    equal(report.book.sheetnames, SHEETS, "sheets")
    for sheet in report.book.worksheets:
        equal(sheet.freeze_panes, "A2", f"frozen names of {sheet.title}")
        true(sheet.auto_filter.ref.startswith("A1:"), f"filter of {sheet.title}")
        for row in sheet.iter_rows():
            for cell in row:
                true(cell.data_type != "f" and cell.hyperlink is None, f"{sheet.title}!{cell.coordinate}")
    names = [cell.value for cell in report.book["findings"][1]]
    since, account = names.index("since"), names.index("account_id")
    for row in report.book["findings"].iter_rows(min_row=2):
        true(row[since].value is None or row[since].is_date, f"no date: {row[since].value!r}")
        number = row[account].value
        true(number is None or (isinstance(number, str) and len(number) == 12), f"account {number!r}")
    parts = zipfile.ZipFile(report.path("xlsx")).namelist()
    true(not any("externalLink" in name or "vba" in name for name in parts), f"parts {parts}")


def ledger_and_changes_stand_in_the_workbook(report):
    ledger = [line for line in report.lines if line["type"] == "coverage"]
    told = [(row["account_id"], row["region"], row["resource_type"], row["status"], row["reason"])
            for row in report.sheet("coverage")]
    keys = ("account_id", "region", "resource_type", "status", "reason")
    equal(told, [tuple(line.get(key) for key in keys) for line in ledger], "coverage")
    if report.run:
        changes = [own for own in report.run.lines("changes") if own["kind"] != "unchanged"]
        rows = report.sheet("changes")
        equal([row["asset_key"] for row in rows], [own["asset_key"] for own in changes], "changes")
        for row, own in zip(rows, changes):
            if not CUT.search(row["after"]):
                equal(json.loads(unescape(row["after"])), own["after"], "after")


def every_line_is_as_the_published_schema_says(report):
    with open(SCHEMA, encoding="utf-8") as file:
        validator = jsonschema_rs.validator_for(json.load(file), validate_formats=True)
    for line in report.lines:
        errors = [error.message for error in validator.iter_errors(line)]
        equal(errors, [], f"line of type {line['type']}")


def office(folder, target, path):
    command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", target,
               "--outdir", folder, path]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    true(done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}")


def libreoffice_shows_the_findings_as_the_csv_has_them(report):
    with tempfile.TemporaryDirectory(prefix="bestand-office-") as folder:
        # Comma, double quote, UTF-8, texts quoted, as shown, the third sheet.
        office(folder, 'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,false,false,false,3', report.path("xlsx"))
        with open(os.path.join(folder, "report-findings.csv"), encoding="utf-8", newline="") as file:
            shown = list(csv.DictReader(file))
    equal(len(shown), len(report.rows), "rows")
    for there, here in zip(shown, report.rows):
        for column, cell in here.items():
            where = f"{column} of {here['finding_id']}"
            said, cell = there[column], plain(cell)
            if column in ("since", "exception_until") and cell:
                at = datetime.datetime.fromisoformat(cell).replace(tzinfo=None)
                equal(said, at.strftime("%Y-%m-%d %H:%M:%S"), where)
            elif column == "ignored":
                equal(said.lower(), cell, where)
            elif CUT.search(said):
                true(bare(cell).startswith(bare(CUT.sub("", said))), where)
            else:
                equal(bare(said), bare(cell), where)


def bare(text):
    """LibreOffice keeps neither control characters, nor the two code points that XML does not know, nor CR."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]", "", text.replace("\r\n", "\n"))


def libreoffice_opens_the_csv_and_makes_no_formula_of_it(report):
    with tempfile.TemporaryDirectory(prefix="bestand-office-") as folder:
        office(folder, "xlsx", report.path("csv"))
        book = openpyxl.load_workbook(os.path.join(folder, "report.xlsx"))
    rows = list(book.worksheets[0].iter_rows())
    true(len(rows) > len(report.rows), f"{len(rows)} rows")
    for row in rows:
        for cell in row:
            true(cell.data_type != "f", f"{cell.coordinate}: {cell.value!r}")


CHECKS = [
    every_form_has_the_same_findings,
    every_form_counts_the_same,
    duckdb_reads_the_tables_and_counts_the_same,
    every_cell_of_the_csv_says_what_the_line_says,
    every_cell_of_the_workbook_says_what_the_line_says,
    the_workbook_holds_no_formula_and_no_link,
    ledger_and_changes_stand_in_the_workbook,
    every_line_is_as_the_published_schema_says,
    libreoffice_shows_the_findings_as_the_csv_has_them,
    libreoffice_opens_the_csv_and_makes_no_formula_of_it,
]


def of_demo(bestand, demo, folder):
    settings = os.path.join(demo, "bestand.toml")
    with open(settings, "rb") as file:
        store = tomllib.load(file)["run_store"]["url"].removeprefix("file://")
    run = RunDirectory.only(store)
    command = [bestand, "--settings", settings, "report", os.path.basename(run.path), "--out", folder]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return Report(folder, run)


def main():
    bestand, demo, *folders = map(os.path.abspath, sys.argv[1:])
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="bestand-formats-") as folder:
        for report in [of_demo(bestand, demo, folder), *map(Report, folders)]:
            print(f"{report.folder}: {len(report.findings)} findings, {len(report.ignored)} ignored")
            failed += run_directory.count_failed(CHECKS, report)
            passed += len(CHECKS)
    print(f"{passed - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
