#!/usr/bin/env python3
"""The container image, built and run: image.py BESTAND [CHECK ...].

scripts/image builds it twice. What is in it is read from the archive. Then runc runs it as the service does: as PID 1,
without a root file system that can be written to, without any capability, as a user that nobody is; against the sandbox
on loopback, with its runs in a bucket of moto. Needs root, as runc does.
"""

import json
import os
import re
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import access
from moto_store import play
from oci import Archive, Container, mount, tmpfs
from run_directory import equal, true

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, "..", "..", "scripts", "image")
ROOTS = "/etc/ssl/certs/ca-certificates.crt"
# What a registry keeps and a task pulls.
LIMIT_BYTES = 40_000_000
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def build(output):
    # Through bash: what comes out of a pipeline's ZIP may not be executable.
    subprocess.run(["bash", SCRIPT, "--output", output], check=True)
    return Archive(output)


def commit():
    """The commit and its time in seconds, which a pipeline says where there is no git."""
    if os.path.exists(".git"):
        known = subprocess.run(["git", "log", "-1", "--format=%H %at"], check=True, capture_output=True, text=True)
        name, seconds = known.stdout.split()
    else:
        name = os.environ["COMMIT_ID"]
        seconds = subprocess.check_output(["date", "--date", os.environ["COMMIT_DATE"], "+%s"])
    return name, int(seconds)


def crates_of(*selection):
    """The crates that are linked, without procedural macros, as `cargo tree` sees it."""
    command = ["cargo", "tree", "--locked", "--no-default-features", "--edges", "normal,no-proc-macro", "--prefix", "none"]
    tree = subprocess.run([*command, *selection], check=True, capture_output=True, text=True).stdout
    crates = {tuple(line.split(" (")[0].split(" v")) for line in tree.splitlines() if line.strip()}
    return {crate for crate in crates if crate[0] != "bestand"}


class NameServer(socketserver.BaseRequestHandler):
    """Says of every name below peer.test that it is this machine."""

    asked = []

    def handle(self):
        query, socket = self.request
        end, labels = 12, []
        while query[end]:
            labels.append(query[end + 1 : end + 1 + query[end]].decode())
            end += 1 + query[end]
        question = query[12 : end + 5]
        name, (kind,) = ".".join(labels), struct.unpack("!H", query[end + 1 : end + 3])
        NameServer.asked.append(name)
        answer = kind == 1 and name.endswith("peer.test")
        header = query[:2] + struct.pack("!HHHHH", 0x8180, 1, int(answer), 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([127, 0, 0, 1]) if answer else b""
        socket.sendto(header + question + record, self.client_address)


class World(access.World):
    """A sandbox, a bucket, and the image instead of the binary."""

    archive = root = None
    numbers = iter(range(1_000_000))

    def __init__(self, program, moto, folder):
        super().__init__(program, moto, folder)
        self.environment["BESTAND__RUN_STORE__URL"] = f"s3://{self.bucket}/staging"
        # The container's user must be able to read settings and source register.
        os.chmod(folder, 0o755)
        self.containers = {}

    def start(self, *arguments, mounts=(), process=None, scratch=True, **variables):
        name = f"bestand-peer-{os.getpid()}-{next(World.numbers)}"
        container = Container(self.root, self.archive.config, self.folder, name)
        wanted = ("AWS_", "BESTAND", "NO_PROXY", "REGISTER_")
        kept = {name: value for name, value in self.environment.items() if name.startswith(wanted)}
        volume = [tmpfs("/scratch", "nodev", "mode=755", "uid=65532", "gid=65532")] if scratch else []
        mounts = [*volume, mount(self.folder, self.folder, "ro"), *mounts]
        arguments = [*arguments, *(["--log-format", "json"] if arguments[0] != "--version" else [])]
        process = {"cwd": self.folder, **(process or {})}
        started = container.start(arguments, {**kept, **variables}, mounts, process)
        self.containers[started] = container
        return started

    def held_by(self, process):
        """The first process of a container is 1, whoever looks from within."""
        lease = self.lease()
        return bool(lease) and not lease["given_back"] and lease["process"] == 1


# --- What is in it -----------------------------------------------------------------------------------------


@check
def the_same_commit_gives_the_same_digest(world):
    again = build(os.path.join(world.folder, "again.tar"))
    equal(again.digest, world.archive.digest, "digest")
    equal(again.layers, world.archive.layers, "layers")


@check
def it_has_the_binary_its_libraries_and_certificates_and_nothing_else(world):
    files = {"/" + member.name.strip("./"): member for member in world.archive.files()}
    plain = sorted(name for name, member in files.items() if not member.isdir())
    libraries = [name for name in plain if re.fullmatch(r"(/usr)?/lib[^ ]*\.so(\.\d+)*", name)]
    others = [name for name in plain if name not in libraries]
    equal(others, ["/bestand", "/etc/group", "/etc/nsswitch.conf", "/etc/passwd", ROOTS], "files")
    stems = {os.path.basename(name).split(".so")[0] for name in libraries}
    true({"libc", "libgcc_s"} <= stems <= {"libc", "libgcc_s", "libm"} | {s for s in stems if s.startswith("ld-linux")}, stems)
    for name, member in files.items():
        # Fargate gives the volume that it mounts there the owner that the folder has here.
        owner = 65532 if name == "/scratch" else 0
        equal((member.uid, member.gid), (owner, owner), f"owner of {name}")
        true(member.isdir() or member.isreg(), f"{name} is a file or a folder")
        wanted = 0o755 if member.isdir() or name in libraries or name == "/bestand" else 0o644
        equal(oct(member.mode & 0o7777), oct(wanted), f"mode of {name}")
        equal(member.mtime, World.created, f"time of {name}")


@check
def it_is_small_enough_to_be_pulled_for_every_run(world):
    size = sum(len(layer) for layer in world.archive.layers)
    unpacked = sum(member.size for member in world.archive.files())
    print(f"  {size / 1e6:.1f} MB as it is pulled, {unpacked / 1e6:.1f} MB unpacked")
    true(size < LIMIT_BYTES, f"{size} bytes")


@check
def it_says_what_it_is_made_of(world):
    config = world.archive.config
    labels = {name.rsplit(".", 1)[1]: value for name, value in config["config"]["Labels"].items() if "opencontainers" in name}
    true(labels["revision"] in (World.commit, f"{World.commit}-dirty"), labels)
    equal(labels["created"], config["created"].split(".")[0].rstrip("Z") + "Z", "created")
    equal((labels["title"], labels["licenses"]), ("bestand", "Apache-2.0"), "labels")
    true(labels["version"], labels)
    equal(config["config"]["User"], "65532:65532", "user")
    equal((config["config"]["Volumes"], "TMPDIR=/scratch" in config["config"]["Env"]), ({"/scratch": {}}, True), "volume")
    equal(config["config"]["Entrypoint"], ["/bestand"], "entrypoint")


@check
def its_bill_of_materials_is_valid_and_names_every_crate(world):
    with open(os.path.join(World.work, "bestand.cdx.json"), encoding="utf-8") as file:
        text = file.read()
    equal(JsonStrictValidator(SchemaVersion.V1_6).validate_str(text), None, "what the schema says against it")
    bill = json.loads(text)
    linked = {(c["name"], c["version"]) for c in bill["components"] if c["scope"] == "required" and c["bom-ref"].startswith("pkg:cargo")}
    # cargo's own answer, by another way. Selecting the workspace turns on features that bestand alone does not ask for.
    alone, workspace = crates_of("--package", "bestand"), crates_of("--workspace")
    equal(sorted(alone - linked), [], "crates that it does not name")
    equal(sorted(linked - workspace), [], "crates that it names for nothing")
    equal({c["name"] for c in bill["components"] if c["bom-ref"].startswith("pkg:deb")}, {"libc6", "libgcc-s1", "ca-certificates"}, "packages")
    true("bestand-sandbox" not in text, "no sandbox")


@check
def the_template_mounts_the_folder_that_the_image_declares(world):
    """Fargate gives a volume that the image does not declare to root, and no run could begin."""
    with open(os.path.join(HERE, "..", "..", "deploy", "service.yml"), encoding="utf-8") as file:
        mounted = re.findall(r"\bContainerPath: ([^ ,}]+)", file.read())
    equal(mounted, list(world.archive.config["config"].get("Volumes", {})), "what the template mounts")


# --- As it runs --------------------------------------------------------------------------------------------


@check
def it_tells_its_version_and_refuses_bad_settings(world):
    equal(world.run("--version").strip(), f"bestand {World.version}", "version")
    world.run("plan", expect=2, words=["no bucket's name"], BESTAND__RUN_STORE__URL="s3://Not_A_Bucket")
    stderr = world.start("sandbox").communicate(timeout=60)[1]
    true("unrecognized subcommand" in stderr, stderr)


@check
def there_is_no_shell_in_it(world):
    for shell in ("/bin/sh", "sh", "/bin/bash", "/busybox"):
        process = world.start("--version", process={"args": [shell, "-c", "true"]})
        stderr = process.communicate(timeout=60)[1]
        true(process.returncode != 0 and ("no such file" in stderr or "not found" in stderr), f"{shell}: {stderr}")


@check
def it_plans_by_names_that_it_looks_up(world):
    NameServer.asked.clear()
    server = socketserver.ThreadingUDPServer(("127.0.0.77", 53), NameServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    resolver = world.file("resolv.conf", "nameserver 127.0.0.77\noptions timeout:2 attempts:2\n", 0o644)
    by_name = world.environment["AWS_ENDPOINT_URL"].replace("127.0.0.1", "aws.peer.test")
    true("aws.peer.test" in by_name, by_name)
    try:
        summary = world.run(
            "plan", "--first-run", mounts=[mount(resolver, "/etc/resolv.conf", "ro")], AWS_ENDPOINT_URL=by_name
        )
    finally:
        server.shutdown()
        server.server_close()
    true("aws.peer.test" in NameServer.asked, f"asked: {set(NameServer.asked)}")
    true(summary["changes"]["create"] > 100, summary["changes"])
    names = {key.split("/")[2] for key in world.objects(f"runs/{summary['run_id']}/")}
    true({"plan.json", "run.json", "report.html"} <= names, names)


@check
def it_trusts_the_certificates_that_it_brings(world):
    """With another file in the place of its certificates it trusts that one: so this is the file that it reads."""
    door = world.door()
    # There is no /etc/hosts here that knows localhost.
    there = {"BESTAND__CENTRAL_REGISTER__URL": door.url.replace("localhost", "127.0.0.1")}
    world.run("plan", "--first-run", expect=32, words=["UnknownIssuer"], **there)
    mounts = [mount(world.roots, ROOTS, "ro")]
    os.chmod(world.roots, 0o644)
    world.run("plan", "--first-run", mounts=mounts, **there)
    with open(os.path.join(World.root, ROOTS.lstrip("/")), encoding="ascii") as file:
        true(file.read().count("BEGIN CERTIFICATE") > 100, "the certificates of Debian")


@check
def terminated_as_the_first_process_it_gives_the_lease_back(world):
    world.run("settings", "--init-store")
    running = world.start("run", "--first-run")
    world.wait(running, "lease", lambda: world.held_by(running))
    world.containers[running].signal("TERM")
    world.ended(running, "run", 143)
    true(world.lease()["given_back"], "the lease is given back")
    world.run("run", "--first-run")


@check
def a_run_in_a_bucket_needs_a_folder_for_its_parts_and_says_so(world):
    """What a task definition must mount besides: without it nothing is begun."""
    world.run("plan", "--first-run", expect=45, words=["/scratch"], scratch=False)
    equal(world.objects("runs/"), [], "nothing was begun")


def main():
    if os.geteuid() != 0:
        sys.exit("runc needs root: run this with sudo")
    os.chdir(os.path.join(HERE, "..", ".."))
    World.work = os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), "image")
    with open("Cargo.toml", encoding="utf-8") as file:
        World.version = re.search(r'^version = "(.*)"', file.read(), re.M)[1]
    World.commit, World.created = commit()
    with tempfile.TemporaryDirectory(prefix="bestand-image-") as folder:
        os.chmod(folder, 0o755)
        World.archive = build(os.path.join(folder, "bestand.tar"))
        World.root = os.path.join(folder, "root")
        World.archive.unpack(World.root)
        return play(CHECKS, World, "bestand-image-")


if __name__ == "__main__":
    sys.exit(main())
