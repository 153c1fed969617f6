#!/usr/bin/env python3
"""`bestand plan` over an organisation that boto3 founds in moto: moto_organizations.py BESTAND.

Units three deep with accounts in each, tags, and an account that is closed. Each plan chooses among them in another
way; what is left out must be `not_requested`, and must not be entered.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile

import run_directory
from moto_plan import Moto, form
from run_directory import RunDirectory, equal, true

# Account's name: the path of its unit, its tags.
ACCOUNTS = {
    "fahrplan": ("Root/Verkehr", {"stage": "prod"}),
    "bus-nord": ("Root/Verkehr/Nord", {"stage": "prod", "line": "bus"}),
    "tram-nord": ("Root/Verkehr/Nord", {"stage": "prod", "line": "tram"}),
    "bus-test": ("Root/Verkehr/Nord/Prüfstand", {"stage": "test", "line": "bus"}),
    "spielwiese": ("Root/Labor", {}),
    "aufgegeben": ("Root/Labor", {"stage": "prod"}),
}
CLOSED = "aufgegeben"
PATHS = ["Root/Verkehr", "Root/Labor", "Root/Verkehr/Nord", "Root/Verkehr/Nord/Prüfstand"]


class Organisation:
    """What boto3 founded: ids by path and by account's name."""

    def __init__(self, moto):
        self.client = moto.client("organizations")
        self.client.create_organization(FeatureSet="ALL")
        root = self.client.list_roots()["Roots"][0]
        self.units = {root["Name"]: root["Id"]}
        for path in PATHS:
            above, _, name = path.rpartition("/")
            made = self.client.create_organizational_unit(ParentId=self.units[above], Name=name)
            self.units[path] = made["OrganizationalUnit"]["Id"]
        self.accounts = {name: self._found(root["Id"], name, *where) for name, where in ACCOUNTS.items()}
        self.client.close_account(AccountId=self.accounts[CLOSED])
        described = self.client.describe_organization()["Organization"]
        self.accounts["management"] = described["MasterAccountId"]

    def _found(self, root, name, path, tags):
        made = self.client.create_account(AccountName=name, Email=f"aws+{name}@regiobus.example")
        account = made["CreateAccountStatus"]["AccountId"]
        self.client.move_account(
            AccountId=account, SourceParentId=root, DestinationParentId=self.units[path]
        )
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        self.client.tag_resource(ResourceId=account, Tags=listed)
        return account


class Job:
    """bestand with settings that choose accounts, and what its plans left."""

    def __init__(self, bestand, moto, folder):
        self.bestand, self.moto, self.folder, self.plans = bestand, moto, folder, 0
        self.organisation = Organisation(moto)
        with sqlite3.connect(os.path.join(folder, "itk.db")) as database:
            database.execute("CREATE TABLE assets (id TEXT, arn TEXT)")
            records = [
                (f"A-{name}", f"arn:aws:ec2:eu-central-1:{account}:instance/i-0123456789abcdef0")
                for name, account in self.organisation.accounts.items()
            ]
            # An account that no directory knows; moto would let anybody in there as well.
            records.append(("A-fremd", "arn:aws:ec2:eu-central-1:999999999999:instance/i-0123456789abcdef0"))
            database.executemany("INSERT INTO assets VALUES (?, ?)", records)
        database.close()

    def plan(self, choice, status=20):
        """Plans with this choice; gives the run's directory, the process and the accounts that were entered."""
        self.plans += 1
        settings = os.path.join(self.folder, f"{self.plans}.toml")
        with open(settings, "w", encoding="utf-8") as file:
            file.write(settings_toml(self.folder, self.plans, choice))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment.update(
            AWS_ENDPOINT_URL=self.moto.url,
            AWS_ACCESS_KEY_ID="AKIABESTANDBESTAND01",
            AWS_SECRET_ACCESS_KEY="peer",
            AWS_EC2_METADATA_DISABLED="true",
        )
        self.moto.recorder("reset-recording")
        self.moto.recorder("start-recording")
        command = [self.bestand, "plan", "--settings", settings, "--log-format", "json"]
        process = subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=300)
        self.moto.recorder("stop-recording")
        equal(process.returncode, status, f"exit status of {choice!r}, after {process.stderr[-2000:]}")
        requests = [json.loads(line) for line in self.moto.recorder("download-recording", "GET").splitlines()]
        return RunDirectory.only(os.path.join(self.folder, f"store-{self.plans}")), process, requests

    def names(self, ids):
        by_id = {account: name for name, account in self.organisation.accounts.items()}
        return sorted(by_id.get(account, account) for account in ids)

    def reasons(self, run):
        """Each account's reason for the account as a whole, by the account's name; those that were read have none."""
        whole = {line["account_id"]: line.get("reason") for line in run.coverage() if "region" not in line}
        everyone = {line["account_id"] for line in run.coverage()}
        return {self.names([account])[0]: whole.get(account) for account in everyone}

    def read(self, run):
        return sorted(name for name, reason in self.reasons(run).items() if reason is None)


def settings_toml(folder, number, choice):
    return f"""
environment = "staging"
[aws]
region = "eu-central-1"
[accounts]
source = "organizations"
role = {{ name = "bestand-reader" }}
{choice}
[regions]
include = ["eu-central-1"]
[source_register]
url = "sqlite://{folder}/itk.db"
table = "assets"
columns = {{ asset_id = "id", arn = "arn" }}
[run_store]
url = "file://{folder}/store-{number}"
"""


def units(include=(), exclude=()):
    return f"organizational_units = {{ include = {json.dumps(list(include))}, exclude = {json.dumps(list(exclude))} }}"


def entered(job, requests):
    """The accounts whose role was assumed."""
    bodies = map(form, requests)
    arns = [body["RoleArn"][0] for body in bodies if body.get("Action") == ["AssumeRole"]]
    return job.names(arn.split(":")[4] for arn in arns)


def without_a_choice_all_active_accounts_are_read(job):
    run, _, _ = job.plan("")
    equal(
        job.reasons(run),
        {
            **{name: None for name in job.organisation.accounts},
            CLOSED: "account_inactive",
            "999999999999": "account_unknown",
        },
        "reasons by account",
    )


def accounts_tell_name_unit_and_address(job):
    run, _, _ = job.plan("")
    with open(os.path.join(run.path, "accounts.json"), encoding="utf-8") as file:
        accounts = {account["id"]: account for account in json.load(file)}
    for name, (path, _) in ACCOUNTS.items():
        own = accounts[job.organisation.accounts[name]]
        told = (own["name"], own["ou_path"], own["email"], "joined_at" in own)
        equal(told, (name, path, f"aws+{name}@regiobus.example", True), "what accounts.json says")
    equal(accounts[job.organisation.accounts["management"]]["ou_path"], "Root", "the management account's unit")
    with open(os.path.join(run.path, "report.jsonl"), encoding="utf-8") as file:
        findings = [line for line in map(json.loads, file) if line["type"] == "finding"]
    places = {finding["asset_id"]: finding.get("ou_path") for finding in findings}
    expected = {f"A-{name}": path for name, (path, _) in ACCOUNTS.items()}
    equal(places, {**expected, "A-management": "Root", "A-fremd": None}, "units in report.jsonl")


def units_are_chosen_by_path_and_by_id_with_all_below(job):
    nord = ["bus-nord", "bus-test", "tram-nord"]
    for name in ("Root/Verkehr/Nord", job.organisation.units["Root/Verkehr/Nord"]):
        run, _, _ = job.plan(units(include=[name]))
        equal(job.read(run), nord, f"accounts read in {name}")
        reasons = job.reasons(run)
        left_out = {name: reasons[name] for name in ("fahrplan", "spielwiese", "management")}
        equal(set(left_out.values()), {"not_requested"}, f"reasons of what is left out: {left_out}")
        equal(reasons[CLOSED], "account_inactive", "the closed account")
        equal(run.summary["accounts"]["left_out"], 3, "accounts left out in run.json")


def exclusion_wins_at_any_depth(job):
    verkehr, labor = "Root/Verkehr", "Root/Labor"
    run, _, _ = job.plan(units(include=[verkehr], exclude=[job.organisation.units["Root/Verkehr/Nord"]]))
    equal(job.read(run), ["fahrplan"], "an exclusion below an inclusion")
    run, _, _ = job.plan(units(include=["Root/Verkehr/Nord/Prüfstand", labor], exclude=[verkehr]))
    equal(job.read(run), ["spielwiese"], "an exclusion above an inclusion")


def tags_are_chosen_by_key_and_any_of_the_values(job):
    choice = 'tags = { stage = "prod", line = ["bus", "ferry"] }'
    run, _, requests = job.plan(choice)
    equal(job.read(run), ["bus-nord"], "accounts with the tags")
    targets = [request["headers"].get("X-Amz-Target", "").rpartition(".")[2] for request in requests]
    equal(targets.count("ListTagsForResource"), 6, "accounts whose tags were asked for: the closed one is none of them")


def what_is_left_out_is_not_entered(job):
    run, _, requests = job.plan(units(exclude=["Root/Labor", "Root/Verkehr/Nord"]))
    equal(job.read(run), ["fahrplan", "management"], "accounts read")
    equal(entered(job, requests), ["fahrplan", "management"], "accounts whose role was assumed")
    left_out = ("spielwiese", "bus-nord", "bus-test", "tram-nord")
    kinds = {finding["asset_id"]: finding["kind"] for finding in run.lines("findings")}
    equal({kinds[f"A-{name}"] for name in left_out}, {"unverified"}, "findings in what is left out")


def a_unit_that_does_not_exist_ends_the_run(job):
    run, process, requests = job.plan(units(include=["Root/Verkehr/Nrod"]), status=2)
    message = process.stderr + json.dumps(run.summary["next_steps"], ensure_ascii=False)
    true("`Root/Verkehr/Nord`" in message, f"the unit that was meant is not named in {message[-1500:]}")
    equal(entered(job, requests), [], "accounts whose role was assumed")
    true(not os.path.exists(os.path.join(run.path, "plan.json")), "there is a plan")


def a_word_of_decommissioning_counts_only_beside_the_directory(job):
    closed, active = job.organisation.accounts[CLOSED], job.organisation.accounts["fahrplan"]
    words = ", ".join(
        f'{{ id = "{account}", since = "2026-01-01T00:00:00Z", because = "OPS-42", by = "m.muster" }}'
        for account in (closed, active, "999999999999")
    )
    run, process, _ = job.plan(f"decommissioned = [{words}]")
    reasons = job.reasons(run)
    # moto knows no state beyond SUSPENDED, and a suspended account can come back.
    equal(reasons[CLOSED], "account_inactive", "a suspended account that is named")
    equal(reasons["fahrplan"], None, "an active account that is named")
    whole = [line for line in run.coverage() if line["account_id"] == "999999999999"]
    equal([line["status"] for line in whole], ["complete"], "the ledger of an account that is gone")
    equal(run.summary["accounts"]["inactive"], 2, "inactive accounts in run.json")
    for account in (closed, active):
        true(f"account {account} is named in accounts.decommissioned" in process.stderr, f"no warning about {account}")
    overrides = [(own["code"], own["because"], own["by"], own["at"]) for own in run.summary["overrides"]]
    expected = ("decommissioned", "account 999999999999: OPS-42", "m.muster", "2026-01-01T00:00:00Z")
    equal(overrides, [expected], "overrides")
    equal(run.summary["overrides"][0]["plan_digest"], run.summary["plan_digest"], "the plan of the override")


CHECKS = [
    without_a_choice_all_active_accounts_are_read,
    accounts_tell_name_unit_and_address,
    units_are_chosen_by_path_and_by_id_with_all_below,
    exclusion_wins_at_any_depth,
    tags_are_chosen_by_key_and_any_of_the_values,
    what_is_left_out_is_not_entered,
    a_unit_that_does_not_exist_ends_the_run,
    a_word_of_decommissioning_counts_only_beside_the_directory,
]


def main():
    bestand = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="bestand-moto-") as folder:
        moto = Moto(folder)
        try:
            return run_directory.report(CHECKS, Job(bestand, moto, folder))
        finally:
            moto.stop()


if __name__ == "__main__":
    sys.exit(main())
