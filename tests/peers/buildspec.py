#!/usr/bin/env python3
"""Runs what CodeBuild runs: buildspec.py [CHECK ...].

The commands of buildspec.yml are run as they stand there, one after the other in one shell, in a checkout of their own.
Some things are not as in AWS: `scripts/test` would run this peer again, and gives way to one that leaves its logs;
cargo hands out the binary that scripts/image has built before (tests/peers/image.py); the registry's name in ECR leads
to a registry on loopback; and its password comes from moto, or from what stands in for the AWS CLI.
"""

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as xml

import yaml

from moto_here import MotoHere
from oci import Archive
from run_directory import equal, report, true

REPOSITORY = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(REPOSITORY, "target"))
HOST = "111111111111.dkr.ecr.eu-central-1.amazonaws.com"
COMMITTED = "2026-10-01T06:00:00Z"
CHECKS = []
OUTSIDE = ("AWS_", "CARGO_TARGET", "CODEBUILD_", "COMMIT_", "IMAGE_", "REGISTRY_AUTH_FILE")

# What stands before the real tools on the PATH.
BASH = """#!/bin/sh
[ "$1" != scripts/test ] || { echo "scripts/test" >>"$SEEN"; exec /bin/bash "$TESTS" ; }
exec /bin/bash "$@"
"""
TESTS = """mkdir -p "$SCRATCH/logs" target
printf '     Running unittests src/lib.rs (x)\\ntest a::works ... ok\\ntest a::breaks ... %s\\n' "${VERDICT:-ok}" >"$SCRATCH/logs/000 cargo.log"
printf 'test result: ok. %s passed; %s failed; 0 ignored; 0 measured\\n' ${COUNTS:-2 0} >>"$SCRATCH/logs/000 cargo.log"
printf 'it_works: 1.0 s\\n2 passed, 0 failed\\n' >"$SCRATCH/logs/001 a peer.log"
python3 scripts/junit "$SCRATCH/logs" >target/junit.xml
[ "${VERDICT:-ok}" = ok ]
"""
CARGO = """#!/bin/sh
[ "$1" = build ] || exec "$REAL_CARGO" "$@"
echo "cargo $*" >>"$SEEN"
mkdir -p target/release
cp "$BUILT/bestand" target/release/bestand
sed "s|$BUILT_IN|$PWD|g" "$BUILT/build.ndjson"
"""
AWS = """#!/bin/sh
echo "aws $*" >>"$SEEN"
echo from-the-cli
"""
SKOPEO = """#!/bin/sh
echo "skopeo $*" >>"$SEEN"
if [ "$1" = login ]; then password=$(cat); echo "password $password" >>"$SEEN"; exit; fi
for argument; do
    shift
    case $argument in
        docker://HOST/*) argument=docker://$LOOPBACK/${argument#docker://HOST/} ;;
        --*tls-verify=true) argument=${argument%true}false ;;
    esac
    set -- "$@" "$argument"
done
exec "$REAL_SKOPEO" "$@"
""".replace("HOST", HOST)


def check(function):
    CHECKS.append(function)
    return function


class Registry:
    """Debian's docker-registry on a free port of loopback."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        settings = os.path.join(folder, "registry.yml")
        storage = {"filesystem": {"rootdirectory": os.path.join(folder, "registry")}}
        with open(settings, "w", encoding="utf-8") as file:
            yaml.safe_dump({"version": 0.1, "storage": storage, "http": {"addr": self.address}}, file)
        self.log = open(os.path.join(folder, "registry.log"), "w", encoding="utf-8")
        self.process = subprocess.Popen(["docker-registry", "serve", settings], stdout=self.log, stderr=self.log)
        began = time.monotonic()
        while True:
            try:
                urllib.request.urlopen(f"http://{self.address}/v2/", timeout=2).close()
                return
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() - began > 60:
                    raise SystemExit("docker-registry did not start") from error
                time.sleep(0.05)

    def manifest(self, name, reference):
        accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
        request = urllib.request.Request(f"http://{self.address}/v2/{name}/manifests/{reference}", headers=accept)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def tags(self, name):
        with urllib.request.urlopen(f"http://{self.address}/v2/{name}/tags/list", timeout=10) as answer:
            return json.load(answer)["tags"]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()


def files_of_the_commit():
    """What git has; where there is no git, as in a pipeline's ZIP, everything that was not built."""
    if os.path.exists(os.path.join(REPOSITORY, ".git")):
        listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True, cwd=REPOSITORY)
        return [name for name in listed.stdout.split("\0") if name]
    found = []
    for at, folders, names in os.walk(REPOSITORY):
        folders[:] = [folder for folder in folders if folder not in ("target", "__pycache__")]
        found.extend(os.path.relpath(os.path.join(at, name), REPOSITORY) for name in names)
    return found


class World:
    """A checkout, a registry, moto, and what gives way."""

    def __init__(self, folder):
        self.folder, self.tree = folder, os.path.join(folder, "tree")
        self.moto, self.registry = MotoHere(), Registry(folder)
        for file in files_of_the_commit():
            os.makedirs(os.path.dirname(os.path.join(self.tree, file)), exist_ok=True)
            shutil.copy2(os.path.join(REPOSITORY, file), os.path.join(self.tree, file))
        stand_ins = os.path.join(folder, "stand-ins")
        os.makedirs(stand_ins)
        for name, text in (("bash", BASH), ("cargo", CARGO), ("skopeo", SKOPEO), ("aws", AWS), ("../tests.sh", TESTS)):
            with open(os.path.join(stand_ins, name), "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(os.path.join(stand_ins, name), 0o755)
        # boto3 is where scripts/test puts it.
        os.makedirs(os.path.join(self.tree, "target", "peers"))
        os.symlink(sys.prefix, os.path.join(self.tree, "target", "peers", "venv"))
        self.seen = os.path.join(folder, "seen")
        self.environment = {
            # What a pipeline says of the commit that it builds is nothing of the checkout here.
            **{name: value for name, value in os.environ.items() if not name.startswith(OUTSIDE)},
            "PATH": f"{stand_ins}:{os.environ['PATH']}",
            "REAL_CARGO": shutil.which("cargo"),
            "REAL_SKOPEO": shutil.which("skopeo"),
            "SEEN": self.seen,
            "SCRATCH": folder,
            "TESTS": os.path.join(folder, "tests.sh"),
            "BUILT": os.path.join(TARGET, "image"),
            "BUILT_IN": REPOSITORY,
            "LOOPBACK": self.registry.address,
            "IMAGE_REPOSITORY": f"{HOST}/bestand",
            "AWS_ENDPOINT_URL": self.moto.url,
            "AWS_ACCESS_KEY_ID": "AKIAPEERPEERPEERPEER",
            "AWS_SECRET_ACCESS_KEY": "peer",
        }
        with open(os.path.join(self.tree, "buildspec.yml"), encoding="utf-8") as file:
            self.buildspec = yaml.safe_load(file)

    def command(self, *words, cwd=None, **more):
        return subprocess.run(words, check=True, capture_output=True, text=True, cwd=cwd or self.tree, **more).stdout

    def commit(self):
        """Makes a checkout of the tree, always the same commit for the same files."""
        shutil.rmtree(os.path.join(self.tree, ".git"), ignore_errors=True)
        who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
               for what, value in (("NAME", "peer"), ("EMAIL", "peer@example.org"), ("DATE", COMMITTED))}
        environment = {**os.environ, **who}
        self.command("git", "init", "--quiet")
        self.command("git", "add", "--all", env=environment)
        self.command("git", "commit", "--quiet", "--no-verify", "--message", "what is tested", env=environment)
        return self.command("git", "rev-parse", "HEAD").strip()

    def build(self, **variables):
        """Runs all phases as CodeBuild does: in one shell, and no phase after a failed one. Gives status and variables."""
        open(self.seen, "w", encoding="utf-8").close()
        exported = self.buildspec["env"]["exported-variables"]
        lines = [command + " || exit" for phase in ("install", "build") for command in self.buildspec["phases"][phase]["commands"]]
        lines += [f'echo "exported {name}=${{{name}-}}"' for name in exported]
        process = subprocess.run(
            ["/bin/bash", "-c", "\n".join(lines)],
            env={**self.environment, **variables}, cwd=self.tree, capture_output=True, text=True, timeout=600,
        )
        told = [line.removeprefix("exported ").split("=", 1) for line in process.stdout.splitlines() if line.startswith("exported ")]
        return process, dict(told)

    def good(self, **variables):
        process, told = self.build(**variables)
        if process.returncode != 0:
            raise AssertionError(f"status {process.returncode}: {process.stdout[-1000:]} {process.stderr[-2000:]}")
        return told

    def push(self, *options, expect=0):
        """Runs scripts/image alone."""
        command = ["bash", "scripts/image", "--push", f"{HOST}/bestand", *options]
        process = subprocess.run(command, env=self.environment, cwd=self.tree, capture_output=True, text=True, check=False)
        equal(process.returncode, expect, f"status: {process.stderr[-2000:]}")
        return process

    def calls(self):
        with open(self.seen, encoding="utf-8") as file:
            return file.read().splitlines()


@check
def it_runs_both_scripts_and_nothing_else(world):
    equal(sorted(world.buildspec["phases"]), ["build", "install"], "phases: one after a failed build would run all the same")
    told = world.buildspec["phases"]["build"]["commands"]
    equal([command.split()[:2] for command in told[:2]], [["bash", "scripts/test"], ["bash", "scripts/image"]], "commands")
    equal(told[2:], ["set -a; . target/image.env; set +a"], "what follows only exports")


@check
def a_commit_is_tested_built_pushed_and_told_by_its_digest(world):
    commit = world.commit()
    told = world.good()
    archive = Archive(os.path.join(world.tree, "target", "image", "bestand.tar"))
    equal(told, {"IMAGE_DIGEST": archive.digest, "IMAGE_URI": f"{HOST}/bestand@{archive.digest}"}, "variables")
    manifest = world.registry.manifest("bestand", archive.digest)
    equal("sha256:" + hashlib.sha256(manifest).hexdigest(), archive.digest, "digest in the registry")
    equal(world.registry.manifest("bestand", f"{commit}-{archive.digest[7:19]}"), manifest, "the commit begins its tag")
    equal(archive.config["config"]["Labels"]["org.opencontainers.image.revision"], commit, "revision")
    calls = world.calls()
    equal(calls[0], "scripts/test", "the tests come first")
    token = world.moto.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    true(f"password {base64.b64decode(token).decode().split(':', 1)[1]}" in calls, f"login: {calls}")
    true(f"skopeo login --username AWS --password-stdin {HOST}" in calls, f"login: {calls}")
    true(not os.path.exists(os.path.join(world.tree, "target", "image", "auth.json")), "the password is gone")


@check
def its_reports_and_artifacts_are_there(world):
    world.commit()
    world.good()
    (group,) = world.buildspec["reports"].values()
    equal((group["file-format"], group["files"]), ("JUNITXML", ["junit.xml"]), "report")
    suites = xml.parse(os.path.join(world.tree, group["base-directory"], "junit.xml")).getroot()
    found = {suite.get("name"): [case.get("name") for case in suite.iter("testcase")] for suite in suites}
    equal(found, {"src/lib.rs": ["a::works", "a::breaks"], "a peer": ["it_works", "check 2"]}, "tests")
    for file in world.buildspec["artifacts"]["files"]:
        true(os.path.getsize(os.path.join(world.tree, world.buildspec["artifacts"]["base-directory"], file)), file)
    with open(os.path.join(world.tree, "target", "image", "bestand.cdx.json"), encoding="utf-8") as file:
        equal(json.load(file)["metadata"]["timestamp"], COMMITTED, "SBOM")


@check
def built_again_it_is_not_pushed_again(world):
    commit = world.commit()
    first, again = world.good(), world.good()
    equal(again, first, "variables")
    true(not [call for call in world.calls() if call.startswith("skopeo copy")], world.calls())
    true([call for call in world.calls() if f":{commit}" in call], "it was looked for")


@check
def without_the_tests_tools_the_aws_cli_logs_in(world):
    world.commit()
    venv = os.path.join(world.tree, "target", "peers", "venv")
    os.rename(venv, f"{venv}.away")
    try:
        world.good()
    finally:
        os.rename(f"{venv}.away", venv)
    calls = world.calls()
    true("aws ecr get-login-password --region eu-central-1" in calls and "password from-the-cli" in calls, calls)


@check
def a_zip_of_the_commit_gives_the_same_digest(world):
    commit = world.commit()
    checkout = world.good()
    shutil.rmtree(os.path.join(world.tree, ".git"))
    process, _ = world.build()
    true(process.returncode != 0 and "COMMIT_ID" in process.stderr, process.stderr)
    equal(world.good(COMMIT_ID=commit, COMMIT_DATE=COMMITTED), checkout, "variables")
    equal(world.good(CODEBUILD_RESOLVED_SOURCE_VERSION=commit, COMMIT_DATE=COMMITTED), checkout, "variables")


@check
def another_build_of_the_commit_stands_beside_the_first(world):
    commit = world.commit()
    first = world.good()["IMAGE_DIGEST"]
    world.push("--source", "https://example.org/another")
    tags = [tag for tag in world.registry.tags("bestand") if tag.startswith(commit)]
    equal(len(tags), 2, f"tags of the commit: {tags}")
    equal(hashlib.sha256(world.registry.manifest("bestand", f"{commit}-{first[7:19]}")).hexdigest(), first[7:], "the first")


@check
def a_tag_that_is_taken_is_never_moved(world):
    world.commit()
    first = world.good()["IMAGE_DIGEST"]
    world.push("--tag", "v1")
    process = world.push("--tag", "v1", "--source", "https://example.org/another", expect=1)
    true(first in process.stderr, process.stderr)
    equal(hashlib.sha256(world.registry.manifest("bestand", "v1")).hexdigest(), first[7:], "tag")


@check
def what_fails_its_tests_is_not_built_and_the_report_says_why(world):
    world.commit()
    process, _ = world.build(VERDICT="FAILED", COUNTS="1 1")
    true(process.returncode != 0, "status")
    equal(world.calls(), ["scripts/test"], "calls")
    suites = xml.parse(os.path.join(world.tree, "target", "junit.xml")).getroot()
    failed = [case.get("name") for case in suites.iter("testcase") if case.find("failure") is not None]
    equal(failed, ["a::breaks"], "failures")


@check
def changes_that_are_not_committed_are_not_pushed(world):
    world.commit()
    with open(os.path.join(world.tree, "README.md"), "a", encoding="utf-8") as file:
        file.write("changed\n")
    process, _ = world.build()
    true(process.returncode == 1 and "not committed" in process.stderr, process.stderr)
    true(not [call for call in world.calls() if call.startswith("skopeo")], "nothing was asked of the registry")


@check
def a_registry_that_cannot_be_asked_is_no_empty_one(world):
    world.commit()
    process, _ = world.build(LOOPBACK="127.0.0.1:1")
    true(process.returncode == 1 and "cannot be asked" in process.stderr, process.stderr)
    true(not [call for call in world.calls() if call.startswith("skopeo copy")], "nothing was pushed")


def main():
    if not os.path.exists(os.path.join(TARGET, "image", "build.ndjson")):
        subprocess.run(["bash", os.path.join(REPOSITORY, "scripts", "image")], check=True)
    wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="bestand-buildspec-") as folder:
        world = World(folder)
        try:
            return report([function for function in CHECKS if not wanted or function.__name__ in wanted], world)
        finally:
            world.registry.stop()


if __name__ == "__main__":
    sys.exit(main())
