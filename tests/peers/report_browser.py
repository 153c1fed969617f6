"""Opens drift reports in a real Chromium, as a reader does, and holds them against their report.jsonl.

    report_browser.py REPORT.html [REPORT.html ...]      each with its report.jsonl beside it

Needs Debian's `chromium` and, from PyPI, `playwright`, `axe-playwright-python` (for axe-core alone) and `pypdf`. The
network is cut off: any request but the one for the file itself is a failure, and so is any dialog, any message
on the console and any violation of the page's own policy. Prints `N passed, 0 failed`; exits with 1 otherwise.
"""

import io
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from importlib.resources import files
from pathlib import Path

from pypdf import PdfReader
from playwright.sync_api import TimeoutError, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
PAGE_ROWS = 50
PAPER_ROWS = 200
SEVERITIES = ["high", "medium", "low", "info"]
KINDS = [
    "absent", "retired_but_live", "unregistered", "divergent", "externally_changed", "duplicate", "shared_identity",
    "misplaced", "replaced", "non_compliant", "suspect_value", "rejected_record", "exception_expired", "not_ours",
    "unverified",
]
# A page that takes longer than this to open is broken, on any machine; how long it takes is printed.
PATIENCE_SECONDS = 10
SIZES = {"phone": {"width": 390, "height": 844}, "laptop": {"width": 1440, "height": 900}}
AXE = files("axe_playwright_python").joinpath("axe.min.js")

passed, failed = 0, 0


def check(name, holds, detail=""):
    """Counts one check; a failed one is told at once."""
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {name} {detail}", file=sys.stderr)


def equal(name, actual, expected):
    check(name, actual == expected, f"is {actual!r}, should be {expected!r}")


def number(text):
    return int(text.replace(",", ""))


class Report:
    """A report and what its report.jsonl says."""

    def __init__(self, path):
        self.path = Path(path).resolve()
        lines = [json.loads(line) for line in self.path.with_name("report.jsonl").open(encoding="utf-8")]
        self.summary = lines[0]
        self.coverage = [line for line in lines if line["type"] == "coverage"]
        self.findings = [line for line in lines if line["type"] == "finding"]
        # The page's own order; Python's sort is stable, as the page's is.
        self.ordered = sorted(
            self.findings, key=lambda row: (SEVERITIES.index(row["severity"]), KINDS.index(row["kind"])))

    def hold_to(self, embedded):
        """Leaves what the page holds: the gravest."""
        self.ordered = self.ordered[:embedded]

    def count(self, field):
        return Counter(row.get(field) for row in self.ordered)


class Reader:
    """A browser window that notes whatever a report must not do."""

    def __init__(self, browser, report, address="", **options):
        self.report = report
        self.context = browser.new_context(offline=True, **{"locale": "en-GB", **options})
        self.incidents = []
        self.page = self.context.new_page()
        own = report.path.as_uri()
        note = self.incidents.append

        def request(seen):
            if re.split("[?#]", seen.url)[0] != own:
                note(f"request {seen.url}")

        def dialog(seen):
            note(f"dialog {seen.message}")
            seen.dismiss()

        self.page.on("request", request)
        self.page.on("dialog", dialog)
        self.page.on("console", lambda seen: note(f"console {seen.text}"))
        self.page.on("pageerror", lambda seen: note(f"error {seen}"))
        self.page.on("popup", lambda seen: note(f"popup {seen.url}"))
        if options.get("java_script_enabled", True):
            self.page.add_init_script(
                "window.violations = []; document.addEventListener('securitypolicyviolation',"
                " event => window.violations.push(event.violatedDirective + ' ' + event.blockedURI))")
        started = time.monotonic()
        self.page.goto(own + address)
        self.seconds = time.monotonic() - started

    def status(self):
        return self.page.locator("#status").inner_text()

    def shown(self):
        """Gives the ids of the rows in the page."""
        return self.page.eval_on_selector_all("#table tr.row", "rows => rows.map(row => row.id.slice(2))")

    def choose(self, field, value):
        self.page.locator(f"#filters select[name={field}]").select_option(value)

    def clear(self):
        self.page.locator("#filters button[type=reset]").click()
        self.page.wait_for_function(
            "() => document.querySelector('#status').textContent.match(/findings?[.]$/)")

    def search(self, text):
        self.page.locator("#filters input[name=text]").fill(text)

    def quiet(self, name):
        if self.page.evaluate("() => typeof window.violations === 'object'"):
            self.incidents += [f"violation {one}" for one in self.page.evaluate("() => window.violations")]
        equal(f"{name}: nothing happened that must not", self.incidents, [])

    def close(self):
        self.context.close()


def totals(reader, report):
    page = reader.page
    words = json.loads(page.locator("#words").text_content())
    report.hold_to(words["embedded"])
    equal("the page knows how many findings there are", words["findings"], len(report.findings))
    equal("run id", words["run_id"], report.summary["run_id"])
    by_kind = Counter(row["kind"] for row in report.findings)
    for kind in KINDS:
        equal(f"total of {kind}", number(page.locator(f"[data-kind-total={kind}]").inner_text()), by_kind[kind])
    said = {kind: count for kind, count in report.summary["findings"]["by_kind"].items() if count}
    equal("the summary's totals", said, dict(by_kind))
    left_out = len(report.findings) - words["embedded"]
    told = page.locator("#list .warning").all_inner_texts()
    if left_out:
        check("what is left out is told", any(f"{left_out:,} findings are left out" in text for text in told), told)
    else:
        equal("nothing is left out", told, [])
    accounts = {line["account_id"] for line in report.coverage}
    ids = set(page.eval_on_selector_all(".map .id", "all => all.map(one => one.textContent)"))
    check("every account of the ledger is in the map", accounts <= ids, accounts - ids)
    reasons = {line["reason"] for line in report.coverage if line["status"] == "incomplete"}
    codes = set(page.eval_on_selector_all(".gap .code code", "all => all.map(one => one.textContent)"))
    equal("every reason is explained", codes, reasons)


def inertness(reader):
    """Whatever the names are, the page's elements are the template's and the script's own."""
    found = reader.page.evaluate(
        """() => {
        // A place in the page, a letter to an account's address with nothing filled in, or the AWS console.
        const LINK = /^(#|mailto:[a-z0-9.+_-]+@[a-z0-9.-]+$)/i;
        const CONSOLE = /^https:[/][/]console[.](aws[.]amazon[.]com|amazonaws-us-gov[.]com|amazonaws[.]cn)[/]/;
        return ({
            scripts: document.scripts.length,
            strange: [...document.querySelectorAll('img, iframe, object, embed, link, base, audio, video, a[href]')]
                .filter(one => !(one.tagName === 'A' && LINK.test(one.getAttribute('href'))))
                .filter(one => !(one.tagName === 'A' && CONSOLE.test(one.getAttribute('href')) && one.rel === 'noreferrer'))
                .length,
            handlers: [...document.querySelectorAll('*')]
                .filter(one => [...one.attributes].some(own => own.name.startsWith('on'))).length,
        })}""")
    equal("no element comes from a name", found, {"scripts": 2, "strange": 0, "handlers": 0})


def filtering(reader, report):
    every = len(report.ordered)
    equal("all findings at first", reader.status(), f"{every:,} finding{'s' if every != 1 else ''}.")
    equal("the gravest first", reader.shown(), [row["finding_id"] for row in report.ordered[:PAGE_ROWS]])
    for field in ["severity", "kind", "account_id", "region", "resource_type", "owner"]:
        counts = report.count(field)
        named = [(value, count) for value, count in counts.most_common() if value is not None]
        if not named or named[0][1] == every:
            continue
        value, count = named[-1] if len(named) < 400 else named[0]
        reader.choose(field, value)
        equal(f"filter by {field}", reader.status(), f"{count:,} of {every:,} findings match.")
        wanted = [row["finding_id"] for row in report.ordered if row.get(field) == value][:PAGE_ROWS]
        equal(f"rows of {field} {value}", reader.shown(), wanted)
        reader.clear()
    last = report.ordered[-1]
    reader.search(last["finding_id"].upper())
    reader.page.wait_for_function("() => document.querySelectorAll('#table tr.row').length === 1")
    equal("search by id", reader.shown(), [last["finding_id"]])
    reader.search("no such thing anywhere")
    reader.page.wait_for_function("() => document.querySelector('#table').hidden")
    equal("nothing found is told", reader.status(), f"0 of {every:,} findings match.")
    reader.clear()


def sorting(reader, report):
    page = reader.page
    since = page.locator("#table thead th[data-key=since]")
    since.locator("button").click()
    equal("sorted is told", since.get_attribute("aria-sort"), "ascending")
    ascending = sorted(report.ordered, key=lambda row: row.get("since", ""))
    equal("sorted by since", reader.shown(), [row["finding_id"] for row in ascending[:PAGE_ROWS]])
    since.locator("button").click()
    equal("turned is told", since.get_attribute("aria-sort"), "descending")
    first = max(row.get("since", "") for row in report.ordered)
    by_id = {row["finding_id"]: row for row in report.ordered}
    equal("turned by since", by_id[reader.shown()[0]].get("since", ""), first)
    reader.choose("sort", "severity+")
    if len(report.ordered) > PAGE_ROWS:
        page.locator("#pager [data-to=next]").click()
        second = [row["finding_id"] for row in report.ordered[PAGE_ROWS:2 * PAGE_ROWS]]
        equal("the second page", reader.shown(), second)
        page.locator("#pager [data-to=last]").click()
        equal("the last page ends with the last", reader.shown()[-1], report.ordered[-1]["finding_id"])
        page.locator("#pager [data-to=first]").click()


def opening(reader, report):
    page = reader.page
    row = next((own for own in report.ordered if own.get("live") is not None), report.ordered[0])
    reader.search(row["finding_id"])
    page.wait_for_function("() => document.querySelectorAll('#table tr.row').length === 1")
    opener = page.locator("#table .open")
    opener.focus()
    page.keyboard.press("Enter")
    equal("the keyboard opens a row", opener.get_attribute("aria-expanded"), "true")
    text = page.locator(f"#d-{row['finding_id']}").inner_text()
    for field in ["finding_id", "resource_type", "resource_id", "asset_id", "region"]:
        if field in row:
            check(f"details tell {field}", row[field] in text, text)
    for side in ["live", "registered", "published"]:
        if isinstance(row.get(side), str):
            check(f"details tell the {side} value", row[side] in text, text)
    if "planned" in row:
        check("details tell what is planned", "Planned change" in text, text)
    if "arn" in row:
        page.get_by_role("button", name="Copy ARN").click()
        page.wait_for_function("() => /Copied|forbids/.test(document.querySelector('.actions [role=status]').textContent)")
        check("the ARN is copied", "Copied." in page.locator(".actions").inner_text())
    page.keyboard.press("Escape")
    opener.click()
    equal("a row closes", page.locator("#table tr.details").count(), 0)
    reader.clear()


def breaking_down(reader, report):
    """A name in a breakdown shows its findings."""
    page = reader.page
    every = len(report.ordered)
    for field in ["kind", "severity", "account_id", "owner"]:
        links = page.locator(f"#kinds a[data-field={field}], #breakdowns a[data-field={field}]")
        for index in sorted({0, links.count() - 1} - {-1}):
            link = links.nth(index)
            value = link.get_attribute("data-value")
            wanted = None if value == "none" else value.removeprefix("=") if field == "owner" else value
            link.click()
            count = sum(row.get(field) == wanted for row in report.ordered)
            told = f"{count:,} of {every:,} findings match." if count < every else f"{every:,} finding"
            check(f"{field} {value}: its findings are shown", reader.status().startswith(told), reader.status())
            focused = page.evaluate("() => document.activeElement.id")
            equal(f"{field} {value}: the reader is led to them", focused, "findings-title")
    reader.clear()


def press_until(page, key, found, limit=80):
    """Presses a key until a place has the focus; gives whether the focus was always to be seen."""
    seen = True
    for _ in range(limit):
        page.keyboard.press(key)
        seen &= page.evaluate(
            """() => { const own = getComputedStyle(document.activeElement);
                return document.activeElement === document.body || own.outlineStyle !== 'none' && parseFloat(own.outlineWidth) >= 1; }""")
        if page.evaluate(f"() => document.activeElement.matches({json.dumps(found)})"):
            return seen
    check(f"the keyboard reaches {found}", False)
    return seen


def by_keyboard(browser, report):
    """From the first key on: to the findings, filter, sort, open one, copy its ARN."""
    row = next((own for own in report.ordered if "arn" in own), None)
    if row is None:
        return
    reader = Reader(browser, report, viewport=SIZES["laptop"])
    page = reader.page
    page.keyboard.press("Tab")
    equal("keyboard: the first stop skips to the findings", page.evaluate("() => document.activeElement.className"), "skip")
    page.keyboard.press("Enter")
    seen = press_until(page, "Tab", "input[name=text]")
    page.keyboard.type(row["finding_id"])
    page.wait_for_function("() => document.querySelectorAll('#table tr.row').length === 1")
    seen &= press_until(page, "Tab", "select[name=severity]")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => document.querySelector('select[name=severity]').value !== ''")
    page.keyboard.press("ArrowUp")
    seen &= press_until(page, "Tab", "th[data-key=since] button")
    page.keyboard.press("Enter")
    sorted_by = page.locator("th[data-key=since]").get_attribute("aria-sort")
    equal("keyboard: sorts", sorted_by, "ascending")
    seen &= press_until(page, "Tab", ".open")
    page.keyboard.press("Space")
    equal("keyboard: opens", page.locator(f"#d-{row['finding_id']}").count(), 1)
    seen &= press_until(page, "Tab", ".actions button")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.actions [role=status]').textContent === 'Copied.'")
    check("keyboard: the focus is always to be seen", seen)
    reader.quiet("keyboard")
    reader.close()


def languages(browser, report):
    """The reader's language at first, the other one by the switch, remembered in the address alone."""
    reader = Reader(browser, report, locale="de-DE", viewport=SIZES["laptop"])
    page = reader.page
    spoken = lambda: page.evaluate("() => document.documentElement.lang")
    equal("a German reader reads German", spoken(), "de")
    day, every = report.summary["started_at"][:10].split("-"), len(report.ordered)
    title = f"Abweichungsbericht vom {int(day[2]):02}.{day[1]}.{day[0]}"
    equal("German: the day as Germans write it", page.locator("h1").inner_text(), title)
    if every:
        equal("German: numbers as Germans write them", reader.status(), f"{every:,} Befunde.".replace(",", "."))
        page.locator("#table .open").first.click()
        reader.search(report.ordered[-1]["finding_id"])
        page.wait_for_function("() => document.querySelectorAll('#table tr.row').length === 1")
        page.locator("#table .open").first.click()
        page.goto(page.url.split("#")[0] + "#f-0000000000000000")
        page.wait_for_function("() => document.querySelector('#status').textContent.includes('keinen Befund')")
    text = page.locator("body").inner_text()
    for english in ["Next steps", "findings", "Findings", "Severity", "Owner", "complete"]:
        own = page.locator("h2, h3, th, label, button, dt, b, p:not([lang])").filter(has_text=re.compile(rf"^{english}$"))
        equal(f"German: no {english!r} is left", own.count(), 0)
    check("German: what the run itself says stays English, and says so", page.locator("ol.steps").get_attribute("lang") == "en"
          if page.locator("ol.steps").count() else True)
    inertness(reader)
    untold = lambda: page.evaluate("() => document.documentElement.dataset.untold")
    equal("German: every word is in the table", untold(), None)
    page.locator("[data-language=en]").click()
    equal("the switch speaks English", spoken(), "en")
    equal("the switch tells what is on", page.locator("[data-language=en]").get_attribute("aria-pressed"), "true")
    check("the address remembers it", "lang=en" in page.url, page.url)
    check("no word of the page is left in German", "Befunde" not in page.locator("body").inner_text())
    page.reload()
    equal("after a reload as well", spoken(), "en")
    page.locator("[data-language=de]").click()
    equal("German: after the switch as well", untold(), None)
    equal("back again, the text is the same", page.locator("main > section:nth-of-type(1)").inner_text(),
          text[text.index(page.locator("#run-title").inner_text()):][:len(page.locator("main > section:nth-of-type(1)").inner_text())])
    stored = page.evaluate("() => [document.cookie, localStorage.length, sessionStorage.length]")
    equal("nothing is stored", stored, ["", 0, 0])
    reader.quiet("languages")
    reader.close()
    reader = Reader(browser, report, locale="fr-FR", viewport=SIZES["laptop"])
    equal("any other reader reads English", reader.page.evaluate("() => document.documentElement.lang"), "en")
    reader.close()
    reader = Reader(browser, report, "?lang=de&X-Amz-Signature=0", viewport=SIZES["laptop"])
    before = reader.page.url
    reader.page.locator("[data-language=en]").click()
    equal("a signed address stays as it is", reader.page.url, before)
    reader.close()


def consoles(browser, report):
    """A link to the AWS console leads to one of its three hosts, whatever the run says."""
    own = report.ordered[0] | {"kind": "unregistered", "resource_type": "AWS::EC2::Instance", "resource_id": "i-1",
                               "region": "eu-central-1", "arn": "arn:aws:ec2:eu-central-1:1:instance/i-1"}
    home = "https://console.aws.amazon.com"
    config = "/config/home?region=eu-central-1#/resources/details?resourceId="
    cases = [
        ({}, home + "/ec2/home?region=eu-central-1#InstanceDetails:instanceId=i-1"),
        ({"kind": "absent"}, home + config + "i-1&resourceType=AWS%3A%3AEC2%3A%3AInstance"),
        ({"resource_type": "AWS::X::Y"}, home + config + "i-1&resourceType=AWS%3A%3AX%3A%3AY"),
        ({"region": "us-gov-west-1", "arn": "arn:aws-us-gov:ec2:x"},
         "https://console.amazonaws-us-gov.com/ec2/home?region=us-gov-west-1#InstanceDetails:instanceId=i-1"),
        ({"region": "cn-north-1", "arn": ""}, "https://console.amazonaws.cn/ec2/home?region=cn-north-1#InstanceDetails:instanceId=i-1"),
        ({"region": "global", "resource_type": "AWS::IAM::Role"},
         home + "/config/home?region=us-east-1#/resources/details?resourceId=i-1&resourceType=AWS%3A%3AIAM%3A%3ARole"),
        ({"resource_id": "x/../?a=b#c\"><img src=x>"}, home + "/ec2/home?region=eu-central-1#InstanceDetails:instanceId="
         "x%2F..%2F%3Fa%3Db%23c%22%3E%3Cimg%20src%3Dx%3E"),
        ({"region": "eu-central-1.example.org/"}, None),
        ({"region": "javascript:alert(1)"}, None),
        ({"arn": "arn:evil.example:x", "region": "@evil.example"}, None),
        ({"resource_id": ""}, None),
    ]
    rows = [own | change | {"finding_id": f"c{index}"} for index, (change, _) in enumerate(cases)]
    html = report.path.read_text(encoding="utf-8")
    start = html.index('id="findings">') + len('id="findings">')
    data = json.dumps(rows).replace("<", "\\u003c").replace(">", "\\u003e")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "report.html"
        copy.write_text(html[:start] + data + html[html.index("</script>", start):], encoding="utf-8")
        altered = Report(report.path)
        altered.path = copy
        reader = Reader(browser, altered, viewport=SIZES["laptop"])
        for opener in reader.page.locator("#table .open").all():
            opener.click()
        for index, (change, wanted) in enumerate(cases):
            links = reader.page.locator(f"#d-c{index} a")
            found = links.first.get_attribute("href") if links.count() else None
            equal(f"console link of {change}", found, wanted)
            if links.count():
                equal("it tells nobody where it was", [links.first.get_attribute("rel"), links.first.get_attribute("referrerpolicy")],
                      ["noreferrer", "no-referrer"])
        inertness(reader)
        reader.quiet("console links")
        reader.close()


def linked(browser, report):
    """A link to a finding opens it, wherever it is; one that is gone says so."""
    reader = Reader(browser, report, viewport={"width": 1280, "height": 800})
    row = report.ordered[-1]
    own = report.path.as_uri()
    reader.page.goto(f"{own}#f-{row['finding_id']}")
    opened = reader.page.locator(f"#f-{row['finding_id']}")
    opened.wait_for()
    equal("the link opens its row", opened.locator(".open").get_attribute("aria-expanded"), "true")
    box = opened.bounding_box()
    check("the linked row is in sight", 0 <= box["y"] < 800, box)
    reader.page.goto(f"{own}#f-0000000000000000")
    reader.page.wait_for_function("() => document.querySelector('#status').textContent.includes('holds no finding')")
    check("a link that leads nowhere says so", "0000000000000000" in reader.status())
    reader.quiet("links")
    reader.close()


def narrow(browser, report, width):
    reader = Reader(browser, report, viewport={"width": width, "height": 844}, has_touch=True)
    if report.ordered:
        reader.page.locator("#table .open").first.click()
    for gap in reader.page.locator("details > summary").all():
        gap.click()
    wide = reader.page.evaluate(
        """() => [document.documentElement.scrollWidth, [...document.querySelectorAll('body *')]
            .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.hidden, thead'))
            .map(one => one.outerHTML.slice(0, 120))]""")
    equal(f"{width} px: nothing is wider than the screen", wide, [width, []])
    reader.quiet(f"{width} px")
    reader.close()


def without_script(browser, report):
    reader = Reader(browser, report, java_script_enabled=False)
    text = reader.page.locator("main").inner_text()
    check("without JavaScript: the totals", "Findings by kind" in text)
    check("without JavaScript: the map", all(line["account_id"] in text for line in report.coverage))
    check("without JavaScript: a word about the table", "needs JavaScript" in text)
    equal("without JavaScript: nothing happened", reader.incidents, [])
    reader.close()


def on_paper(reader, report):
    page = reader.page
    every = len(report.ordered)
    page.emulate_media(media="print")
    # The page prepares itself when it is told of the change, which is a moment after the media has changed.
    page.wait_for_function(
        "rows => matchMedia('print').matches && document.querySelectorAll('#table tr.row').length === rows",
        arg=min(every, PAPER_ROWS))
    try:
        page.wait_for_function("document.querySelectorAll('details:not([open])').length === 0", timeout=5_000)
    except TimeoutError:
        pass  # The check below tells.
    if every:
        note = page.locator("#cut").inner_text()
        rest = every - PAPER_ROWS
        check("paper: what is left out is told", rest <= 0 or f"{rest:,} are left out" in note, note)
        check("paper: no controls", not page.locator("#filters").is_visible())
    check("paper: every gap is written out", page.locator("details:not([open])").count() == 0)
    # "null" emulates nothing: a PDF is then made as paper, and the screen is a screen again.
    page.emulate_media(media="null")
    page.wait_for_function(
        "rows => matchMedia('screen').matches && document.querySelectorAll('#table tr.row').length === rows",
        arg=min(every, PAGE_ROWS))
    pdf = page.pdf(prefer_css_page_size=True)
    sheets = [re.sub(r"\s+", " ", sheet.extract_text()) for sheet in PdfReader(io.BytesIO(pdf)).pages]
    run = report.summary["run_id"]
    check("paper: each sheet names the run", all(run in sheet for sheet in sheets), [sheet[:80] for sheet in sheets][:3])
    check("paper: each sheet has its number", all(f"{index} / {len(sheets)}" in sheet for index, sheet in enumerate(sheets, 1)))
    text = " ".join(sheets)
    digest = report.summary.get("plan_digest") or report.summary["settings_digest"]
    check("paper: the digest is there, whole", digest in text.replace(" ", ""))
    for count in {report.summary["findings"]["drift"], len(report.findings), report.summary["accounts"]["requested"]}:
        check(f"paper: the count {count:,} is there", f"{count:,}" in text)
    page.wait_for_function(
        "rows => document.querySelectorAll('#table tr.row').length === rows", arg=min(every, PAGE_ROWS))


def accessible(reader, name):
    page = reader.page
    for gap in page.locator("details > summary").all():
        gap.click()
    if page.locator("#table .open").count():
        page.locator("#table .open").first.click()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate("() => axe.run(document)")
    told = [(one["id"], one["nodes"][0]["html"][:160], one["nodes"][0].get("failureSummary")) for one in result["violations"]]
    equal(f"{name}: axe finds nothing", told, [])


def read(browser, path):
    report = Report(path)
    reader = Reader(browser, report, viewport={"width": 1280, "height": 800})
    totals(reader, report)
    inertness(reader)
    if report.ordered:
        filtering(reader, report)
        sorting(reader, report)
        opening(reader, report)
        breaking_down(reader, report)
        inertness(reader)
    else:
        equal("an empty table says so", reader.status(), "There are no findings.")
    on_paper(reader, report)
    reader.quiet("laptop")
    seconds = reader.seconds
    reader.close()
    if report.ordered:
        linked(browser, report)
    for width in (320, 390, 800):
        narrow(browser, report, width)
    without_script(browser, report)
    by_keyboard(browser, report)
    languages(browser, report)
    if report.ordered:
        consoles(browser, report)
    for size, viewport in SIZES.items():
        for scheme in ("light", "dark"):
            for locale in ("en-GB", "de-DE"):
                reader = Reader(browser, report, color_scheme=scheme, viewport=viewport, locale=locale)
                accessible(reader, f"{size}, {scheme}, {locale}")
                reader.close()
    check("the page opens", seconds < PATIENCE_SECONDS, f"{seconds:.1f} s")
    bytes_told = re.sub(r"(?<=\d)(?=(\d{3})+$)", ",", str(path.stat().st_size // 1024))
    print(f"{path}: {len(report.findings):,} findings, {bytes_told} KiB, open after {seconds:.1f} s")


def main():
    paths = [Path(argument) for argument in sys.argv[1:]]
    if not paths:
        sys.exit(__doc__)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        for path in paths:
            read(browser, path)
        browser.close()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
