#!/usr/bin/env python3
"""Schemathesis holds the reference register against its own contract: register_schemathesis.py BESTAND.

The contract is read from the running register, which asks for credentials. Every check of Schemathesis is on, for every
call and in every phase; nothing is left out. It runs twice: with a fixed seed, so that what it finds stays found, and
with another one each day, as two writers who must not see each other's entries. Cases that chance hardly ever makes
(a token that is granted, a batch that is too large) are made by hand and held against the contract in the same way.
"""

import json
import os
import random
import subprocess
import sys
import tempfile

import schemathesis
from schemathesis.core.failures import FailureGroup

SEED = 20261128
WRITERS = {"bestand": "key-of-bestand", "other": "key-of-other"}
EXAMPLES = 250
# Two writers take turns, which is twice the work.
EXAMPLES_OF_TWO = 100


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def add(self, good, what):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}")


def start(bestand, folder):
    command = [bestand, "sandbox", "--json", "--faults", "none", "--accounts", "1", "--resources", "50"]
    command += ["--directory", os.path.join(folder, "sandbox")]
    for writer, key in WRITERS.items():
        command += ["--register-key", f"{writer}={key}"]
    sandbox = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    ready = sandbox.stdout.readline()
    if not ready:
        sys.exit(f"the sandbox did not start: {' '.join(command)}")
    return sandbox, json.loads(ready)["register_url"]


def run(tally, what, url, folder, seed, examples, options=(), settings=""):
    """One run of the command, in a folder of its own."""
    print(f"\n{what}: seed {seed}, {examples} examples a call", flush=True)
    folder = tempfile.mkdtemp(dir=folder)
    report, config = os.path.join(folder, "report.json"), os.path.join(folder, "schemathesis.toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(settings)
    command = [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "--config-file", config]
    command += ["run", f"{url}/openapi.yaml", *options]
    command += ["--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--mode", "all"]
    command += ["--max-examples", str(examples), "--seed", str(seed), "--generation-database", "none"]
    command += ["--continue-on-failure", "--no-color", "--report", "json", "--report-json-path", report]
    # In the folder: it keeps what it found in the working directory.
    ended = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if not os.path.exists(report):
        tally.add(False, f"{what} left no report:\n{ended.stdout}")
        return
    with open(report, encoding="utf-8") as file:
        report = json.load(file)
    cases, operations = report["test_cases"], report["operations"]
    print(f"{cases['generated']} requests to {operations['tested']} calls in {report['running_time']:.0f} s")
    tally.add(operations["tested"] == operations["total"] > 0, f"{what}: calls are left out: {operations}")
    for phase, state in report["phases"].items():
        tally.add(state["status"] == "success", f"{what}: {phase}: {state['status']} {state['skip_reason'] or ''}")
    # Fuzzing that is refused everywhere would prove little.
    for operation, rates in report["valid_rates"].items():
        accepted = sum(rate["accepted"] for rate in rates.values())
        tally.add(accepted > 0, f"{what}: nothing that was sent to {operation} was taken")
    good = ended.returncode == 0 and report["complete"] and not report["failures"] and not report["errors"]
    tally.add(good, f"{what} found something, or did not end well:\n{ended.stdout}")
    for kind, warnings in report["warnings"].items():
        tally.add(not warnings, f"{what} warns of {kind}: {warnings}")


def two_writers(folder):
    """Settings that let the writers try to read each other's entries."""
    path = os.path.join(folder, "writers.json")
    auth = [
        {"name": writer, "fixedHeaders": [{"name": "X-API-Key", "value": key}]} for writer, key in WRITERS.items()
    ]
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"auth": auth}, file)
    return f'[auth.wfc]\npath = "{path}"\npeers = {json.dumps(list(WRITERS))}\n'


def by_hand(tally, url):
    """Cases that are hardly ever made by chance; status, media type, headers and body are held against the contract."""
    contract = schemathesis.openapi.from_url(f"{url}/openapi.yaml")
    key = {"X-API-Key": WRITERS["bestand"]}

    def case(status, path, method, what, headers=key, **parts):
        made = contract[path][method].Case(**parts)
        try:
            answer = made.call(headers=headers)
            made.validate_response(answer, headers=headers)
            tally.add(answer.status_code == status, f"{what}: {answer.status_code}, not {status}: {answer.text[:200]}")
            return answer.json()
        # Schemathesis raises its failures as a group, which is no ordinary exception.
        except (Exception, FailureGroup) as error:
            tally.add(False, f"{what}: {error!r}")
            return {}

    form = {"grant_type": "client_credentials", "client_id": "other", "client_secret": WRITERS["other"]}
    form_type = {"media_type": "application/x-www-form-urlencoded"}
    token = case(200, "/v1/oauth/token", "POST", "a token", headers={}, body=form, **form_type)
    bearer = {"Authorization": f"Bearer {token.get('access_token')}"}
    told = case(200, "/v1/identity", "GET", "the token's identity", headers=bearer)
    tally.add(told.get("source") == "other", f"the token is of {told.get('source')}")
    wrong = {**form, "client_secret": "wrong"}
    case(401, "/v1/oauth/token", "POST", "a wrong secret", headers={}, body=wrong, **form_type)

    def batch(numbers, kind="create", precondition=None):
        changes = [
            {
                "idempotency_key": f"{kind}-{number}",
                "kind": kind,
                "asset_key": f"00000000-0000-5000-8000-{number:012x}",
                "precondition": precondition or {"absent": True},
                "patch": {"account_id": "987654321098", "attributes": {"number": number}},
            }
            for number in numbers
        ]
        return {"plan_digest": "by-hand", "run_id": "by-hand", "changes": changes}

    sent = {"media_type": "application/json"}
    most = told.get("capabilities", {}).get("max_batch", 0)
    case(413, "/v1/changes", "POST", "a batch that is too large", body=batch(range(most + 1)), **sent)
    full = case(200, "/v1/changes", "POST", "the largest batch", body=batch(range(most)), **sent)
    applied = [result["status"] for result in full.get("results", [])]
    tally.add(applied == ["applied"] * most and most > 0, f"of the largest batch {applied.count('applied')} applied")
    lapsed = case(200, "/v1/changes", "POST", "a stale version", body=batch([1], "update", {"version": "9"}), **sent)
    tally.add("conflicted" in str(lapsed), f"a stale version is {lapsed}")
    query = {"account_id": "987654321098", "limit": 300}
    first = case(200, "/v1/assets", "GET", "the first page", query=query)
    query["cursor"] = first.get("next_cursor")
    second = case(200, "/v1/assets", "GET", "the second page", query=query)
    listed = len(first.get("assets", [])) + len(second.get("assets", []))
    tally.add(listed == most, f"the pages hold {listed} entries, not {most}")
    path = {"asset_key": "00000000-0000-5000-8000-000000000001"}
    case(200, "/v1/assets/{asset_key}", "GET", "an entry", path_parameters=path)
    case(404, "/v1/assets/{asset_key}", "GET", "another writer's entry", headers=bearer, path_parameters=path)


def main():
    (bestand,) = sys.argv[1:]
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="bestand-schemathesis-") as folder:
        sandbox, url = start(bestand, folder)
        try:
            fixed = ["--header", f"X-API-Key: {WRITERS['bestand']}"]
            run(tally, "one writer", url, folder, SEED, EXAMPLES, fixed)
            seed = random.randrange(2**32)
            run(tally, "two writers", url, folder, seed, EXAMPLES_OF_TWO, settings=two_writers(folder))
            by_hand(tally, url)
        finally:
            sandbox.terminate()
            sandbox.wait(timeout=30)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
