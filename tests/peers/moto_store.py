#!/usr/bin/env python3
"""The run store on S3, as moto has it: moto_store.py BESTAND.

The real command works against the sandbox, and keeps its runs in a bucket. What it leaves there is read by boto3. Then
it is killed, paused, raced and lied to.
"""

import http.client
import json
import os
import signal
import socket
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler

import zstandard

from moto_here import MotoHere
from run_directory import equal, true

BUCKET, PREFIX = "bestand-runs", "staging"
# Long enough that a busy machine renews it in time, short enough to be waited for.
LEASE_SECS = 12
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Flaky(BaseHTTPRequestHandler):
    """Hands requests on to moto; some it refuses, some it does and never answers."""

    protocol_version = "HTTP/1.1"
    target, counted, met = None, 0, {"refused": 0, "unanswered": 0}
    lock = threading.Lock()

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with Flaky.lock:
            Flaky.counted += 1
            number = Flaky.counted
        if number % 7 == 0:
            Flaky.met["refused"] += 1
            return self.answer(503, [], b"<Error><Code>SlowDown</Code><Message>slow down</Message></Error>")
        onward = http.client.HTTPConnection(*Flaky.target, timeout=30)
        onward.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k.lower() != "connection"})
        got = onward.getresponse()
        content = got.read()
        if number % 11 == 0 and self.command == "PUT":
            # moto has it; nobody is told.
            Flaky.met["unanswered"] += 1
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return None
        return self.answer(got.status, got.getheaders(), content)

    def answer(self, status, headers, content):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                self.send_header(name, value)
        length = content and len(content) or 0
        known = [value for name, value in headers if name.lower() == "content-length"]
        self.send_header("Content-Length", known[0] if self.command == "HEAD" and known else str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

    def log_message(self, *_):
        pass


class Threads(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True


class World:
    """A sandbox of its own, and a bucket of its own in moto."""

    def __init__(self, program, moto, folder, endpoint=None):
        self.program, self.moto, self.folder = program, moto, folder
        self.s3 = moto.client("s3")
        self.bucket = f"{BUCKET}-{os.path.basename(folder).lower().replace('_', '-')}"
        self.s3.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        settings = os.path.join(folder, "bestand.toml")
        command = [program, "sandbox", "--json", "--directory", folder, "--settings-out", settings]
        command += ["--accounts", "3", "--resources", "450", "--faults", "none"]
        self.sandbox = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.sandbox.stdout.readline())
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = {
            **clean,
            **dict(ready["environment"]),
            "AWS_ENDPOINT_URL_S3": endpoint or moto.url,
            "BESTAND_SETTINGS": settings,
            "BESTAND__RUN_STORE__URL": f"s3://{self.bucket}/{PREFIX}",
            "BESTAND__RUN_STORE__LEASE_SECS": str(LEASE_SECS),
            "BESTAND__CENTRAL_REGISTER__REQUEST_TIMEOUT_SECS": "2",
            "BESTAND__CENTRAL_REGISTER__BATCH_SIZE": "5",
        }

    def stop(self):
        self.sandbox.terminate()
        self.sandbox.wait(timeout=30)

    def start(self, *arguments, **variables):
        return subprocess.Popen(
            [self.program, *arguments, "--log-format", "json"],
            env={**self.environment, **variables},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, expect=0, words=(), **variables):
        process = self.start(*arguments, **variables)
        return self.ended(process, arguments, expect, words)

    def ended(self, process, arguments, expect, words=()):
        stdout, stderr = process.communicate(timeout=240)
        if process.returncode != expect:
            raise AssertionError(f"{arguments}: status {process.returncode}, not {expect}: {stdout[-500:]} {stderr[-3000:]}")
        for word in words:
            true(word in stderr, f"{word!r} in {stderr[-2000:]}")
        return json.loads(stdout) if stdout.startswith("{") else stdout

    def objects(self, below=""):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{PREFIX}/{below}")
        return [found["Key"][len(PREFIX) + 1 :] for page in pages for found in page.get("Contents", [])]

    def read(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=f"{PREFIX}/{key}")["Body"].read()

    def json(self, key):
        return json.loads(self.read(key))

    def lease(self):
        try:
            return self.json("lease.json")
        except self.s3.exceptions.NoSuchKey:
            return None

    def wait(self, process, what, holds):
        began = time.monotonic()
        while not holds():
            if process is not None and process.poll() is not None:
                raise AssertionError(f"it ended before {what}: {process.stderr.read()[-2000:]}")
            if time.monotonic() - began > 120:
                raise AssertionError(f"no {what}")
            time.sleep(0.01)

    def held_by(self, process):
        lease = self.lease()
        return bool(lease) and not lease["given_back"] and lease["process"] == process.pid

    def wait_for_the_end_of_the_lease(self):
        time.sleep(LEASE_SECS * 1.25 + 1.2)

    def sql(self, database, query):
        with sqlite3.connect(os.path.join(self.folder, database), timeout=30) as connection:
            return connection.execute(query).fetchall()

    def doubled(self):
        return self.sql(
            "register.db", "select idempotency_key from audit_log group by idempotency_key having count(*) > 1"
        )

    def change_everything(self, owner):
        self.sql("itk.db", f"update assets set owner = '{owner}' where status = 'active'")


@check
def a_whole_run_lies_in_the_bucket_and_says_what_it_says_on_a_disk(world):
    on_disk = world.run("plan", "--first-run", BESTAND__RUN_STORE__URL=f"file://{world.folder}/on-disk")
    with open(f"{world.folder}/on-disk/runs/{on_disk['run_id']}/plan.json", encoding="utf-8") as file:
        planned_on_disk = json.load(file)
    world.run("run", "--first-run", expect=43, words=["--init-store"])
    world.run("settings", "--init-store")
    equal(world.json("environment.json")["environment"], "staging", "environment")
    summary = world.run("run", "--first-run")
    run = f"runs/{summary['run_id']}"
    plan = world.json(f"{run}/plan.json")
    equal(plan["changes_digest"], planned_on_disk["changes_digest"], "the same changes as on a disk")
    equal(summary["publication"]["applied"], plan["changes"]["create"], "all applied")
    names = {key.split("/")[2] for key in world.objects(f"{run}/")}
    for name in ("run.json", "plan.json", "settings.json", "coverage.ndjson", "report.html", "report.jsonl"):
        true(name in names, f"{name} in {names}")
    intents, receipts = world.objects(f"{run}/intents/"), world.objects(f"{run}/receipts/")
    equal(len(intents), len(receipts), "a receipt per intent")
    lines = 0
    for key in world.objects(f"{run}/changes/"):
        with zstandard.ZstdDecompressor().stream_reader(world.read(key), read_across_frames=True) as text:
            lines += text.read().count(b"\n")
    equal(lines, sum(file["changes"] for file in plan["files"]), "every change is there")
    true(world.lease()["given_back"], "the lease is given back")
    equal(world.lease()["register_id"], plan["register_id"], "the lease names the register")
    uploads = world.s3.list_multipart_uploads(Bucket=world.bucket).get("Uploads", [])
    equal(uploads, [], "no upload is left half done")


@check
def what_was_begun_there_goes_on_there(world):
    world.run("settings", "--init-store")
    first = world.run("run", "--first-run")
    equal(world.run("publish", first["run_id"])["publication"], first["publication"], "a finished plan changes nothing")
    second = world.run("run")
    equal([second["changes"][kind] for kind in ("create", "update", "retire")], [0, 0, 0], "nothing is left to do")
    key = world.sql("itk.db", "select arn from assets where arn is not null and status = 'active' limit 1")[0][0]
    story = world.run("explain", second["run_id"], key, "--json")
    true(story["asset"], "explained from the bucket")
    report = world.run("doctor", "--json")
    equal((report["run_store"]["status"], report["run_store"]["writable"]), ("ok", True), "doctor")
    true(not [key for key in world.objects() if "probe" in key], "the doctor leaves nothing")
    history = world.read("history/runs.ndjson").splitlines()
    equal([json.loads(line)["run_id"] for line in history], [first["run_id"], second["run_id"]], "history")


@check
def a_second_run_is_refused_while_one_holds_the_lease(world):
    world.run("settings", "--init-store")
    first = world.start("run", "--first-run")
    world.wait(first, "a lease", lambda: world.held_by(first))
    first.send_signal(signal.SIGSTOP)
    world.run("plan", expect=42, words=["in use by run", f"process {first.pid}", "until"])
    first.send_signal(signal.SIGCONT)
    world.ended(first, "run", 0)
    world.run("plan")


@check
def after_a_killed_run_the_next_one_waits_for_the_lease(world):
    world.run("settings", "--init-store")
    first = world.start("run", "--first-run")
    world.wait(first, "a lease", lambda: world.held_by(first))
    first.kill()
    first.communicate()
    world.run("run", "--first-run", expect=42, words=[f"process {first.pid}"])
    world.wait_for_the_end_of_the_lease()
    world.run("run", "--first-run")
    equal(world.doubled(), [], "nothing doubled")


def batches_with(world, run_id, kind):
    """The batches that have an intent, or a receipt."""
    return {key.rsplit("/", 1)[1] for key in world.objects(f"runs/{run_id}/{kind}/")}


def told(document):
    """What an intent or a receipt tells of each change, however that was found out."""
    document = json.loads(document)
    facts = ("asset_key", "kind", "idempotency_key", "status", "version")
    return [[change.get(fact) for fact in facts] for change in document.get("results") or document["changes"]]


@check
def a_paused_run_that_wakes_without_its_lease_sends_and_writes_nothing_more(world):
    world.run("settings", "--init-store")
    world.run("run", "--first-run")
    world.change_everything("Team Nachtbus")
    sleeper = world.start("run")
    world.wait(sleeper, "a lease", lambda: world.held_by(sleeper))
    run_id = world.lease()["run_id"]
    world.wait(sleeper, "a receipt", lambda: len(world.objects(f"runs/{run_id}/receipts/")) >= 2)
    sleeper.send_signal(signal.SIGSTOP)
    plan = world.json(f"runs/{run_id}/plan.json")
    before = len(world.objects(f"runs/{run_id}/receipts/"))
    # What it had sent to S3 when it was stopped may still arrive: a batch's intent, or the receipt of one that was sent.
    there = {key: batches_with(world, run_id, key) for key in ("intents", "receipts")}
    true(before * 5 < plan["changes"]["update"], "it was stopped midway")
    world.wait_for_the_end_of_the_lease()
    summary = world.run("publish", run_id)
    equal(summary["publication"]["applied"], plan["changes"]["update"], "the other one finished it")
    kept = {key: world.read(key) for key in world.objects(f"runs/{run_id}/")}
    sleeper.send_signal(signal.SIGCONT)
    world.ended(sleeper, "the sleeper", 46, ["lease"])
    now = {key: world.read(key) for key in world.objects(f"runs/{run_id}/")}
    other = sorted(key for key in kept.keys() | now.keys() if kept.get(key) != now.get(key))
    late = {f"runs/{run_id}/receipts/{batch}" for batch in there["intents"] - there["receipts"]}
    late |= {f"runs/{run_id}/intents/{batch}" for batch in batches_with(world, run_id, "intents") - there["intents"]}
    equal([key for key in other if key not in late], [], "the sleeper wrote nothing but what was under way")
    equal([told(now[key]) for key in other], [told(kept[key]) for key in other], "and that tells the same")
    true(len(other) <= 4, f"and no more than is sent at a time: {other}")
    equal(world.doubled(), [], "nothing doubled")
    true(world.lease()["given_back"], "and it did not touch the lease")


@check
def a_store_that_fails_now_and_then_loses_nothing(world):
    server = Threads(("127.0.0.1", 0), Flaky)
    Flaky.target = tuple(world.moto.server.get_host_and_port())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    through = {"AWS_ENDPOINT_URL_S3": "http://{}:{}".format(*server.server_address), "BESTAND__RUN_STORE__LEASE_SECS": "60"}
    try:
        world.run("settings", "--init-store", **through)
        summary = world.run("run", "--first-run", **through)
        plan = world.json(f"runs/{summary['run_id']}/plan.json")
        equal(summary["publication"]["applied"], plan["changes"]["create"], "all applied")
        world.change_everything("Team Ersatzverkehr")
        world.run("run", **through)
    finally:
        server.shutdown()
    equal(world.doubled(), [], "nothing doubled")
    lines = [json.loads(line) for line in world.read("history/runs.ndjson").splitlines()]
    equal(len(lines), 2, "each run stands in the history once")
    true(Flaky.met["refused"] > 20 and Flaky.met["unanswered"] > 5, f"the faults were met: {Flaky.met}")
    print(f"  met: {Flaky.met}")


@check
def objects_are_encrypted_as_the_settings_say(world):
    kms = {"BESTAND__RUN_STORE__ENCRYPTION__KIND": "kms", "BESTAND__RUN_STORE__ENCRYPTION__KEY": "alias/bestand"}
    world.run("settings", "--init-store", **kms)
    head = world.s3.head_object(Bucket=world.bucket, Key=f"{PREFIX}/environment.json")
    equal((head.get("ServerSideEncryption"), head.get("SSEKMSKeyId")), ("aws:kms", "alias/bestand"), "encryption")
    world.run("plan", "--first-run", BESTAND__RUN_STORE__ENCRYPTION__KIND="s3")
    head = world.s3.head_object(Bucket=world.bucket, Key=f"{PREFIX}/lease.json")
    equal(head.get("ServerSideEncryption"), "AES256", "encryption")


@check
def a_bucket_that_is_not_there_or_another_environments_is_told_as_such(world):
    nowhere = {"BESTAND__RUN_STORE__URL": "s3://there-is-no-such-bucket/x"}
    world.run("settings", "--init-store", expect=45, words=["there is no such bucket"], **nowhere)
    world.run("plan", expect=45, words=["there is no such bucket"], **nowhere)
    world.run("plan", expect=2, words=["no bucket's name"], BESTAND__RUN_STORE__URL="s3://Not_A_Bucket")
    world.run("settings", "--init-store", BESTAND__ENVIRONMENT="production")
    world.run("plan", expect=43, words=["`staging`", "`production`"])
    equal(world.objects("runs/"), [], "nothing was begun")


def play(checks, make_world, prefix):
    """Plays each check, or those that are named, in a world of its own; ends with what passed."""
    program = os.path.abspath(sys.argv[1])
    wanted = sys.argv[2:]
    moto = MotoHere()
    passed = failed = 0
    for function in checks:
        if wanted and function.__name__ not in wanted:
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=prefix) as folder:
            world = make_world(program, moto, folder)
            try:
                function(world)
                passed += 1
                print(f"{function.__name__}: {time.monotonic() - began:.1f} s")
            except Exception as error:  # a check that breaks is a check that failed
                failed += 1
                print(f"FAILED {function.__name__}: {type(error).__name__}: {error}")
            finally:
                world.stop()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(play(CHECKS, World, "bestand-s3-"))
