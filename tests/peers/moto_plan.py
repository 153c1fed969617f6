#!/usr/bin/env python3
"""`bestand plan` against moto, an AWS that others wrote: moto_plan.py BESTAND.

Three accounts with buckets, instances and roles are made by boto3. moto's Select answers nothing whatever it is
asked, and its counts answer HTTP 500: exactly the kind of silence that must never be taken for absence.

Two phases: `plan` without a central register, as many begin; then `run` with one, and a `plan` after a record has
vanished, where a published asset that neither source speaks of any more must still not be retired.
"""

import base64
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import boto3

import run_directory
from run_directory import RunDirectory, equal, one, pairs, true

ACCOUNTS = {"111111111111": "regio-bus-nord", "222222222222": "stadtbahn", "333333333333": "leitstelle"}
REGIONS = ["eu-central-1", "us-east-1"]
ROLE = "bestand-reader"
EXTERNAL_ID = "peer-4711"
RUN_ID = "moto-plan"
# Where a recorder answers, the reader role is seen by key, and no record speaks of it.
RECORDED = {"111111111111": REGIONS, "222222222222": REGIONS[:1]}


class Moto:
    """A moto server on a free port of loopback."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(os.path.join(folder, "moto.log"), "w", encoding="utf-8")
        program = os.path.join(os.path.dirname(sys.executable), "moto_server")
        environment = {**os.environ, "MOTO_RECORDER_FILEPATH": os.path.join(folder, "requests.ndjson")}
        self.process = subprocess.Popen(
            [program, "-H", "127.0.0.1", "-p", str(port)], stdout=self.log, stderr=self.log, env=environment
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/moto-api/", timeout=2).close()
                break
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.stop()
                    raise SystemExit("moto_server did not start")
                time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()

    def recorder(self, action, method="POST"):
        request = urllib.request.Request(f"{self.url}/moto-api/recorder/{action}", method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def client(self, service, region="eu-central-1", keys=None):
        keys = keys or {"AccessKeyId": "AKIAPEERPEERPEERPEER", "SecretAccessKey": "peer"}
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
        )

    def account(self, account):
        """Keys of an account, as moto gives them to whoever assumes a role there."""
        answer = self.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/founder", RoleSessionName="founder"
        )
        return answer["Credentials"]


def found_account(moto, account):
    """Makes the reader role, a bucket and two instances; gives the instances' ids by region."""
    keys = moto.account(account)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
            }
        ],
    }
    moto.client("iam", keys=keys).create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    moto.client("s3", "us-east-1", keys).create_bucket(Bucket=f"fahrplan-{account}")
    instances = {}
    for region in REGIONS:
        ec2 = moto.client("ec2", region, keys)
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)
        instances[region] = made["Instances"][0]["InstanceId"]
    return keys, instances


def start_recorder(moto, account, region, keys):
    """Sets AWS Config up, so that bestand gets as far as moto's counts."""
    config = moto.client("config", region, keys)
    config.put_configuration_recorder(
        ConfigurationRecorder={
            "name": "default",
            "roleARN": f"arn:aws:iam::{account}:role/config",
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True},
        }
    )
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": f"fahrplan-{account}"})
    config.start_configuration_recorder(ConfigurationRecorderName="default")


def write_source_register(path, estate):
    """Records of some of the resources, of one that never was, and of something that is no AWS resource."""
    rows = []
    for account, (_, instances) in estate.items():
        region, instance = REGIONS[0], instances[REGIONS[0]]
        arn = f"arn:aws:ec2:{region}:{account}:instance/{instance}"
        rows.append((f"A-{account}-1", arn, None, None, None, None, "by its ARN", 1))
        bucket = f"fahrplan-{account}"
        rows.append((f"A-{account}-2", None, bucket, account, "us-east-1", "AWS::S3::Bucket", "by its id", 1))
        never = f"arn:aws:ec2:{region}:{account}:instance/i-0123456789abcdef0"
        rows.append((f"A-{account}-3", never, None, None, None, None, "never was", 1))
    rows.append(("D-1", None, None, None, None, None, "printer in the depot", 0))
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE assets (id TEXT, arn TEXT, rid TEXT, account TEXT, region TEXT, type TEXT, name TEXT, aws INT)"
        )
        database.executemany("INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    database.close()
    return [row for row in rows if row[-1]]


def settings_toml(folder, store="store", register_url=None):
    listed = ", ".join(f'{{ id = "{account}", name = "{name}" }}' for account, name in ACCOUNTS.items())
    return f"""
environment = "staging"
[aws]
region = "eu-central-1"
[accounts]
source = "list"
list = [{listed}]
role = {{ name = "{ROLE}", external_id = "{EXTERNAL_ID}" }}
[regions]
include = {json.dumps(REGIONS)}
[collection]
limits = {{ select_per_second = 1000, batch_get_per_second = 1000, ec2_per_second = 1000 }}
[source_register]
url = "sqlite://{folder}/itk.db"
table = "assets"
aws_rows = "aws = 1"
min_source_share = 0.5
[source_register.columns]
asset_id = "id"
arn = "arn"
resource_id = "rid"
account_id = "account"
region = "region"
resource_type = "type"
name = "name"
[run_store]
url = "file://{folder}/{store}"
""" + (f'[central_register]\nkind = "register_api"\nurl = "{register_url}"\n' if register_url else "")


class Outcome:
    """What the plan left behind."""

    def __init__(self, job, process, requests, records):
        self.moto = job.moto
        self.process = process
        self.records = records
        self.requests = requests
        self.run = RunDirectory.only(os.path.join(job.folder, "store"))
        # Of the second phase: what `run` published, and what was planned after a record had vanished.
        self.published = self.after = None

    def keys_by_service(self, service):
        """The access keys that signed requests to a service."""
        scope = re.compile(rf"Credential=([A-Z0-9]+)/\d+/[a-z0-9-]+/{service}/aws4_request")
        signatures = (request["headers"].get("Authorization", "") for request in self.requests)
        return {match[1] for match in map(scope.search, signatures) if match}


def form(request):
    """The fields of a query-protocol request; moto's recorder keeps some bodies in base64."""
    body = request["body"] or ""
    if request.get("body_encoded"):
        body = base64.b64decode(body).decode()
    return urllib.parse.parse_qs(body)


def ends_with_status_20(outcome):
    equal(outcome.process.returncode, 20, f"exit status, after {outcome.process.stderr[-2000:]}")
    equal(outcome.run.summary["exit_status"], 20, "exit status in run.json")
    true(outcome.run.summary["next_steps"], "no next step is given")


def assumes_one_role_per_account_with_external_id_session_name_and_policy(outcome):
    bodies = map(form, outcome.requests)
    assumed = [body for body in bodies if body.get("Action") == ["AssumeRole"]]
    arns = sorted(body["RoleArn"][0] for body in assumed)
    equal(arns, [f"arn:aws:iam::{account}:role/{ROLE}" for account in sorted(ACCOUNTS)], "roles")
    for body in assumed:
        equal(body.get("ExternalId"), [EXTERNAL_ID], "external id")
        true(RUN_ID in body["RoleSessionName"][0], f"session name {body['RoleSessionName']}")
        statements = json.loads(body["Policy"][0])["Statement"]
        actions = [action for statement in statements for action in statement["Action"]]
        reading = re.compile(r"[a-z0-9-]+:(Describe|List|Get|BatchGet|Select)[A-Za-z]*\*?")
        true(actions and all(reading.fullmatch(action) for action in actions), f"session policy allows {actions}")


def keeps_accounts_apart(outcome):
    for service in ("config", "ec2"):
        keys = outcome.keys_by_service(service)
        identities = {}
        for key in keys:
            sts = outcome.moto.client("sts", keys={"AccessKeyId": key, "SecretAccessKey": "unused"})
            identity = sts.get_caller_identity()
            true(f":assumed-role/{ROLE}/" in identity["Arn"], f"{service} was called as {identity['Arn']}")
            identities[key] = identity["Account"]
        equal(sorted(identities.values()), sorted(ACCOUNTS), f"accounts of the keys that called {service}")


def calls_nothing_that_writes(outcome):
    targets = {request["headers"].get("X-Amz-Target", "").rpartition(".")[2] for request in outcome.requests}
    queries = {form(request).get("Action", [""])[0] for request in outcome.requests}
    wrong = [name for name in (targets | queries) - {"", "AssumeRole"} if not re.match("Describe|List|Get|BatchGet|Select", name)]
    equal(wrong, [], "calls")
    true("GetDiscoveredResourceCounts" in targets, f"the counts were not asked for: {sorted(targets)}")


def nothing_is_complete_and_every_gap_has_a_reason(outcome):
    coverage = outcome.run.coverage()
    for account in ACCOUNTS:
        lines = [line for line in coverage if line["account_id"] == account]
        regions = {line.get("region") for line in lines}
        true(set(REGIONS) <= regions, f"{account}: regions in the ledger: {regions}")
        for line in lines:
            equal(line["status"], "incomplete", f"{line}")
            true(line.get("reason"), f"no reason: {line}")
    equal(outcome.run.summary["coverage"]["complete"], 0, "complete scopes")
    reasons = {line["reason"] for line in coverage}
    true("recorder_absent" in reasons, f"reasons: {sorted(reasons)}")
    print(f"reasons in the ledger: {', '.join(sorted(reasons))}")


def every_record_is_unverified_and_nothing_is_absent(outcome):
    findings = outcome.run.lines("findings")
    by_asset = {finding.get("asset_id"): finding["kind"] for finding in findings if finding.get("asset_id")}
    equal(by_asset, {record[0]: "unverified" for record in outcome.records}, "findings by asset id")
    equal({finding["kind"] for finding in findings}, {"unverified"}, "kinds of findings")
    by_account = {}
    for finding in findings:
        if "asset_id" in finding:
            by_account.setdefault(finding["account_id"], set()).add(finding["asset_id"])
    expected = {a: {r[0] for r in outcome.records if a in r[0]} for a in ACCOUNTS}
    equal(by_account, expected, "records by account")
    others = {(finding["account_id"], finding["name"]) for finding in findings if "asset_id" not in finding}
    equal(others, {(account, ROLE) for account in RECORDED}, "what is seen and in no record")


def records_are_published_as_unverified(outcome):
    run = outcome.published
    equal(run.summary["publication"]["applied"], len(outcome.records) + 1, "published records and the printer")
    changes = [change for change in run.lines("changes") if change["kind"] == "create"]
    equal(len(changes), len(outcome.records) + 1, "creates")
    # What is seen where nothing is complete is no reason to publish it.
    equal(run.summary["changes"]["withheld"], len(RECORDED), "withheld")
    marks = [change["after"]["attributes"].get("verification") for change in changes if change.get("account_id")]
    equal(marks, ["unverified"] * len(outcome.records), "verification")


def nothing_is_retired(outcome):
    """A row is gone and AWS is silent: no source vouches for the asset, and still nobody knows that it is gone."""
    run = outcome.after
    changes = {kind: count for kind, count in run.summary["changes"].items() if count}
    withheld = [change for change in run.lines("changes") if change["kind"] == "withheld"]
    expected = {"unchanged": len(outcome.records), "withheld": 1 + len(RECORDED)}
    equal(changes, expected, "changes after a record has vanished")
    equal({change["reason"] for change in withheld}, {"unverified"}, "why they are withheld")
    retires = [change for change in withheld if change["would_be"] == "retire"]
    equal(len(retires), 1, "retires that are withheld")
    kinds = {finding["kind"] for finding in run.lines("findings")}
    equal(kinds, {"unverified"}, "kinds of findings")


def duckdb_says_the_same(outcome):
    run = outcome.run
    kinds = pairs(f"SELECT kind, count(asset_id) FROM {run.table('findings')} GROUP BY kind")
    equal(kinds, {"unverified": len(outcome.records)}, "findings")
    equal(one(f"SELECT count(*) FROM {run.coverage_table()} WHERE status = 'complete'"), 0, "complete scopes")
    equal(one(f"SELECT count(*) FROM {run.coverage_table()} WHERE reason IS NULL"), 0, "scopes without reason")
    accounts = pairs(f"SELECT account_id, count(*) FROM {run.table('records')} WHERE aws GROUP BY account_id")
    equal(accounts, {account: 3 for account in ACCOUNTS}, "records by account")


CHECKS = [
    ends_with_status_20,
    assumes_one_role_per_account_with_external_id_session_name_and_policy,
    keeps_accounts_apart,
    calls_nothing_that_writes,
    nothing_is_complete_and_every_gap_has_a_reason,
    every_record_is_unverified_and_nothing_is_absent,
    records_are_published_as_unverified,
    nothing_is_retired,
    duckdb_says_the_same,
]


class Job:
    """bestand, run against moto."""

    def __init__(self, bestand, moto, folder):
        self.bestand, self.moto, self.folder = bestand, moto, folder
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment.update(
            AWS_ENDPOINT_URL=moto.url,
            AWS_ACCESS_KEY_ID="AKIABESTANDBESTAND01",
            AWS_SECRET_ACCESS_KEY="peer",
            AWS_EC2_METADATA_DISABLED="true",
        )

    def settings(self, name, *more):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(settings_toml(self.folder, *more))
        return path

    def __call__(self, settings, *arguments, status):
        command = [self.bestand, *arguments, "--settings", settings, "--log-format", "json"]
        started = time.monotonic()
        process = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=300
        )
        print(f"bestand {' '.join(arguments)}: status {process.returncode} after {time.monotonic() - started:.1f} s")
        if process.returncode != status:
            print(process.stdout[-2000:], process.stderr[-4000:])
        return process


def plan_without_central_register(job, records):
    settings = job.settings("drift.toml")
    job.moto.recorder("reset-recording")
    job.moto.recorder("start-recording")
    process = job(settings, "plan", "--run-id", RUN_ID, status=20)
    job.moto.recorder("stop-recording")
    requests = [json.loads(line) for line in job.moto.recorder("download-recording", "GET").splitlines()]
    print(f"moto recorded {len(requests)} requests")
    return Outcome(job, process, requests, records)


def run_and_plan_with_central_register(job, outcome):
    register = os.path.join(job.folder, "register")
    command = [job.bestand, "sandbox", "--json", "--accounts", "1", "--resources", "1", "--directory", register]
    sandbox = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = json.loads(sandbox.stdout.readline())["register_url"]
        settings = job.settings("whole.toml", "whole", url)
        job(settings, "settings", "--init-store", status=0)
        job(settings, "run", "--first-run", "--run-id", "published", status=20)
        with sqlite3.connect(os.path.join(job.folder, "itk.db")) as database:
            database.execute("DELETE FROM assets WHERE id = ?", (outcome.records[0][0],))
        database.close()
        job(settings, "plan", "--run-id", "after", status=20)
    finally:
        sandbox.terminate()
        sandbox.wait(timeout=30)
    runs = os.path.join(job.folder, "whole", "runs")
    outcome.published = RunDirectory(os.path.join(runs, "published"))
    outcome.after = RunDirectory(os.path.join(runs, "after"))


def main():
    bestand = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="bestand-moto-") as folder:
        moto = Moto(folder)
        try:
            estate = {account: found_account(moto, account) for account in ACCOUNTS}
            for account, regions in RECORDED.items():
                for region in regions:
                    start_recorder(moto, account, region, estate[account][0])
            job = Job(bestand, moto, folder)
            outcome = plan_without_central_register(job, write_source_register(os.path.join(folder, "itk.db"), estate))
            run_and_plan_with_central_register(job, outcome)
            return run_directory.report(CHECKS, outcome)
        finally:
            moto.stop()


if __name__ == "__main__":
    sys.exit(main())
