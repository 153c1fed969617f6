#!/usr/bin/env python3
"""Access and secrets, with real TLS, a real proxy and moto's Secrets Manager: access.py BESTAND [CHECK ...].

The real command works against the sandbox. Between it and the register stands a door that speaks TLS and asks who is
there. Last, secrets of every kind are planted and looked for in all that was written.
"""

import base64
import datetime
import json
import os
import sys
from unittest import mock
from urllib.parse import parse_qs

import boto3
import trustme

import moto_store
from doors import Container, DatabaseDoor, Door, Proxy
from leaks import Written, below, plain
from moto_here import VIRGINIA
from run_directory import equal, true
from source_in_postgres import SourceInPostgres

CHECKS = []
AUTH = "BESTAND__CENTRAL_REGISTER__AUTH__"
CERTIFICATE = "BESTAND__CENTRAL_REGISTER__CLIENT_CERTIFICATE__"
REFUSED = (401, {"title": "who are you?", "status": 401})


def check(function):
    CHECKS.append(function)
    return function


class World(moto_store.World):
    """A sandbox, a bucket in moto, moto's Secrets Manager, authorities, and doors before the register."""

    def __init__(self, program, moto, folder):
        super().__init__(program, moto, folder)
        self.store = os.path.join(folder, "runs-of-the-check")
        self.environment.update(
            {
                "BESTAND__RUN_STORE__URL": f"file://{self.store}",
                "BESTAND__RUN_STORE__LEASE_SECS": "120",
                "BESTAND__CENTRAL_REGISTER__REQUEST_TIMEOUT_SECS": "30",
                "BESTAND__CENTRAL_REGISTER__BATCH_SIZE": "50",
                "AWS_ENDPOINT_URL_SECRETS_MANAGER": moto.url,
                "NO_PROXY": "127.0.0.1,localhost",
            }
        )
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            self.environment.pop(name, None)
        with open(self.environment["BESTAND_SETTINGS"], encoding="utf-8") as file:
            self.register = next(line.split('"')[1] for line in file if line.startswith("url = \"http://"))
        self.authority, self.other_authority = trustme.CA(), trustme.CA()
        self.certificate = self.authority.issue_cert("localhost", "127.0.0.1")
        self.roots = self.file("roots.pem", self.authority.cert_pem.bytes())
        self.doors = []

    def file(self, name, content, mode=0o600):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(path, mode)
        return path

    def door(self, **how):
        door = Door(self.register, self.certificate, **how)
        self.doors.append(door)
        return door

    def through(self, door, **more):
        """The variables that lead bestand to a door whose authority it trusts."""
        return {
            "BESTAND__CENTRAL_REGISTER__URL": door.url,
            "BESTAND__CENTRAL_REGISTER__EXTRA_ROOTS": self.roots,
            **more,
        }

    def secret(self, name, text, region=None):
        client = self.moto.client("secretsmanager", region=region or "eu-central-1")
        name = f"{os.path.basename(self.folder)}/{name}"
        return client.create_secret(Name=name, SecretString=text)

    def stop(self):
        for door in self.doors:
            door.close()
        super().stop()


def api_key(key):
    return {f"{AUTH}KIND": "api_key", f"{AUTH}KEY__ENV": "REGISTER_KEY", "REGISTER_KEY": key}


def asks_for(name, value):
    return lambda line, headers, body: None if headers.get(name) == value else REFUSED


class Issuer:
    """Gives tokens to the one who knows the client's secret, and lets nobody else in."""

    def __init__(self, client_id, secret, token):
        self.basic = "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        self.token = token

    def __call__(self, line, headers, body):
        if line.startswith("POST /v1/oauth/token"):
            if headers.get("authorization") != self.basic:
                return 401, {"error": "invalid_client", "error_description": f"not {headers.get('authorization')}"}
            return 200, {"access_token": self.token, "token_type": "Bearer", "expires_in": 3600}
        return asks_for("authorization", f"Bearer {self.token}")(line, headers, body)


# --- TLS ---------------------------------------------------------------------------------------------------


@check
def a_private_authority_is_trusted_only_where_the_settings_name_it(world):
    door = world.door(guard=asks_for("x-api-key", "key-1"))
    there = world.through(door, **api_key("key-1"))
    strangers = {name: value for name, value in there.items() if not name.endswith("EXTRA_ROOTS")}
    world.run("plan", expect=32, words=["cannot reach the central register", "UnknownIssuer"], **strangers)
    equal(door.seen, [], "the key was not shown to a stranger")
    world.run("plan", expect=2, words=["extra_roots", "no-such.pem"], **{**there, "BESTAND__CENTRAL_REGISTER__EXTRA_ROOTS": "no-such.pem"})
    world.run("settings", "--init-store")
    summary = world.run("run", "--first-run", **there)
    true(summary["publication"]["applied"] > 100, summary["publication"])
    equal(set(door.headers("x-api-key")), {"key-1"}, "every call has the key")
    report = world.run("doctor", "--json", **there)
    equal(report["central_register"]["status"], "ok", "doctor")
    # A container has no place for a file of its own.
    pem = world.authority.cert_pem.bytes().decode()
    key, secret = "BESTAND__CENTRAL_REGISTER__EXTRA_ROOTS", world.secret("roots", pem)
    for place in ({f"{key}__ENV": "ROOTS", "ROOTS": pem}, of_manager(key, secret["ARN"])):
        report = world.run("doctor", "--json", **strangers, **place)
        equal(report["central_register"]["status"], "ok", place)
        told = [(one["key"], one["status"]) for one in report["secrets"] if one["key"].endswith("extra_roots")]
        equal(told, [("central_register.extra_roots", "ok")], "what the doctor says of the place")


@check
def a_client_certificate_is_shown_where_one_is_demanded(world):
    clients = trustme.CA()
    mine, strangers = clients.issue_cert("bestand@example.org"), world.other_authority.issue_cert("bestand@example.org")
    chain = b"".join(pem.bytes() for pem in mine.cert_chain_pems)
    door = world.door(client_authority=clients)
    there = world.through(door)

    def showing(certificate, key, kind="mutual_tls", **more):
        return {
            **there,
            f"{AUTH}KIND": kind,
            f"{CERTIFICATE}CERTIFICATE": world.file("chain.pem", certificate),
            f"{CERTIFICATE}KEY__FILE": world.file("key.pem", key),
            **more,
        }

    key = mine.private_key_pem.bytes()
    # In TLS 1.3 the refusal comes after the handshake: whether it is read before the connection is found closed is chance.
    refused = ["central register", "client certificate"]
    world.run("plan", expect=32, words=refused, **there)
    theirs = showing(strangers.cert_chain_pems[0].bytes(), strangers.private_key_pem.bytes())
    world.run("plan", expect=32, words=refused, **theirs)
    other_key = showing(chain, strangers.private_key_pem.bytes())
    world.run("plan", expect=2, words=["client certificate and its key do not fit together"], **other_key)
    world.run("plan", expect=2, words=["central_register.client_certificate.key", "cannot read"], **{**showing(chain, key), f"{CERTIFICATE}KEY__FILE": "no-such.pem"})
    world.run("plan", expect=2, words=["client_certificate.certificate: cannot read"], **{**showing(chain, key), f"{CERTIFICATE}CERTIFICATE": "no-such.pem"})
    world.run("plan", expect=2, words=["`mutual_tls` shows a certificate"], **{**there, f"{AUTH}KIND": "mutual_tls"})
    clear = {**showing(chain, key), "BESTAND__CENTRAL_REGISTER__URL": world.register}
    world.run("plan", expect=2, words=["must begin with https://"], **clear)
    equal(door.seen, [], "nobody came in")
    world.run("settings", "--init-store")
    world.run("run", "--first-run", **showing(chain, key))
    true(door.seen and all(shown for _, _, shown in door.seen), "every call came with the certificate")
    # Beside a token: the issuer wants the certificate as well.
    door.guard = Issuer("bestand", "client-secret-1", "token-1")
    secret = {f"{AUTH}CLIENT_ID": "bestand", f"{AUTH}CLIENT_SECRET__ENV": "CLIENT_SECRET", "CLIENT_SECRET": "client-secret-1"}
    del door.seen[:]
    world.run("plan", **showing(chain, key, "oauth2", **secret))
    true("POST /v1/oauth/token" in door.lines() and "GET /v1/identity" in door.lines(), door.lines())
    true(all(shown for _, _, shown in door.seen), "also the issuer is shown the certificate")


@check
def a_bearer_token_that_is_rotated_while_a_run_goes_on_costs_nothing(world):
    path = world.file("token", "token-a\n")
    state = {"good": "Bearer token-a", "changes": 0}

    def guard(line, headers, body):
        if line == "POST /v1/changes":
            state["changes"] += 1
            if state["changes"] == 2:
                # What is on its way has the old one; whoever rotates puts the new file into its place at once.
                state["good"] = "Bearer token-b"
                os.replace(world.file("token.new", "token-b\n"), path)
        return None if headers.get("authorization") == state["good"] else REFUSED

    door = world.door(guard=guard)
    there = world.through(door, **{f"{AUTH}KIND": "bearer_file", f"{AUTH}FILE": path})
    world.run("settings", "--init-store")
    summary = world.run("run", "--first-run", **there)
    equal(summary["publication"]["unknown"] + summary["publication"]["rejected"], 0, "everything was applied")
    equal(world.doubled(), [], "nothing doubled")
    equal(set(door.headers("authorization")), {"Bearer token-a", "Bearer token-b"}, "both were used")
    state["good"] = "Bearer token-c"
    before = len(door.seen)
    world.run("plan", expect=32, words=["401"], **there)
    equal(len(door.seen) - before, 1, "the same token is not shown twice")
    for content, words in (("", "the secret is empty"), (None, "cannot read")):
        os.remove(path)
        if content is not None:
            world.file("token", content)
        world.run("plan", expect=2, words=["central_register.auth.file", words], **there)
        if content is None:
            break


# --- Proxies -----------------------------------------------------------------------------------------------


@check
def proxies_are_used_where_they_are_set_and_see_no_secret_of_https(world):
    proxy = Proxy("someone:proxy-password-1")
    door = world.door(guard=asks_for("x-api-key", "key-of-the-register-1"))
    there = world.through(door, **api_key("key-of-the-register-1"))
    by_proxy = {**there, "HTTPS_PROXY": proxy.url, "HTTP_PROXY": proxy.url, "NO_PROXY": "none.example"}
    try:
        world.run("plan", "--first-run", **by_proxy)
        aws = world.environment["AWS_ENDPOINT_URL"].removeprefix("http://")
        true(f"CONNECT localhost:{door.port}" in proxy.asked, proxy.asked[:5])
        true(f"POST {aws}" in proxy.asked, proxy.asked[:5])
        true(len(proxy.bytes["tunnel"]) > 2_000, "the register's traffic went through the tunnel")
        true(b"key-of-the-register-1" not in proxy.bytes["tunnel"] + proxy.bytes["clear"], "in clear")
        true(b"x-api-key" not in bytes(proxy.bytes["tunnel"]).lower(), "in clear")
        true(b"GetCallerIdentity" in proxy.bytes["clear"], "the tap sees what is in clear")
        del proxy.asked[:]
        world.run("plan", "--first-run", **{**by_proxy, "NO_PROXY": "localhost"})
        true(proxy.asked and not [line for line in proxy.asked if "localhost" in line], "NO_PROXY for the register")
        del proxy.asked[:]
        world.run("plan", "--first-run", **{**by_proxy, "NO_PROXY": "localhost,127.0.0.1"})
        equal(proxy.asked, [], "NO_PROXY for everything")
        proxy.credentials = "someone:else"
        outcome = world.start("plan", "--first-run", **{**by_proxy, "NO_PROXY": "127.0.0.1"})
        _, stderr = outcome.communicate(timeout=240)
        equal(outcome.returncode, 32, stderr[-1000:])
        true("proxy-password-1" not in stderr, "the proxy's password is not told")
    finally:
        proxy.close()


# --- AWS Secrets Manager -----------------------------------------------------------------------------------


def of_manager(key, name, json_key=None):
    variables = {f"{key}__SECRETS_MANAGER": name}
    return {**variables, f"{key}__JSON_KEY": json_key} if json_key else variables


@check
def secrets_come_from_secrets_manager(world):
    plain_key = world.secret("key", "key-of-moto-1\n")
    door = world.door(guard=asks_for("x-api-key", "key-of-moto-1"))
    there = world.through(door, **{f"{AUTH}KIND": "api_key"})
    world.run("plan", "--first-run", **there, **of_manager(f"{AUTH}KEY", plain_key["Name"]))
    # Of another region, which its ARN names.
    abroad = world.secret("abroad", json.dumps({"user": "bestand", "key": "key-of-moto-1", "port": 1, "none": ""}), VIRGINIA)
    world.run("plan", "--first-run", **there, **of_manager(f"{AUTH}KEY", abroad["ARN"], "key"))
    world.run("plan", expect=2, words=["in eu-central-1", "ResourceNotFound"], **there, **of_manager(f"{AUTH}KEY", abroad["Name"], "key"))
    seen = len(door.seen)
    binary = world.moto.client("secretsmanager").create_secret(Name=f"{world.bucket}-binary", SecretBinary=b"key-of-moto-1")
    for name, json_key, words in (
        (binary["Name"], None, "is binary"),
        (plain_key["Name"], "key", "is no JSON object"),
        (abroad["ARN"], "password", "has no key `password`"),
        (abroad["ARN"], "port", "something other than a string under `port`"),
        (abroad["ARN"], "none", "has nothing under `none`"),
        ("no-such-secret", None, "ResourceNotFoundException"),
    ):
        wanted = of_manager(f"{AUTH}KEY", name, json_key)
        told = ["central_register.auth.key", f"`{name}`", words]
        process = world.start("plan", "--first-run", **there, **wanted)
        _, stderr = process.communicate(timeout=120)
        equal(process.returncode, 2, stderr[-1000:])
        for word in told:
            true(word in stderr, f"{word!r} in {stderr[-1000:]}")
        true("key-of-moto-1" not in stderr, "not a word of it")
    nowhere = {**there, "AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://127.0.0.1:1"}
    world.run("plan", expect=32, words=["cannot reach AWS Secrets Manager", plain_key["Name"]], **nowhere, **of_manager(f"{AUTH}KEY", plain_key["Name"]))
    equal(len(door.seen), seen, "without its key the register was not called")

    door.guard = Issuer("bestand", "client-secret-of-moto", "token-of-moto")
    secret = world.secret("client", json.dumps({"client_secret": "client-secret-of-moto"}))
    oauth2 = {f"{AUTH}KIND": "oauth2", f"{AUTH}CLIENT_ID": "bestand"}
    world.run("plan", "--first-run", **{**there, **oauth2}, **of_manager(f"{AUTH}CLIENT_SECRET", secret["ARN"], "client_secret"))
    equal({value for value in door.headers("authorization") if value and value.startswith("Bearer")}, {"Bearer token-of-moto"}, "the token")


@check
def the_source_registers_password_comes_from_secrets_manager(world):
    with SourceInPostgres(world.folder) as source:
        expected = world.run("plan", "--first-run", BESTAND__CENTRAL_REGISTER__URL=world.register)["records"]
        secret = world.secret("itk", json.dumps({"username": source.user, "password": source.password}))
        there = {"BESTAND__SOURCE_REGISTER__URL": source.url}
        key = "BESTAND__SOURCE_REGISTER__PASSWORD"
        got = world.run("plan", "--first-run", **there, **of_manager(key, secret["ARN"], "password"))["records"]
        equal(got, expected, "the same rows as from SQLite")
        wrong = world.secret("wrong", "another-password-1")
        process = world.start("plan", "--first-run", **there, **of_manager(key, wrong["Name"]))
        _, stderr = process.communicate(timeout=120)
        equal(process.returncode, 30, stderr[-1000:])
        true("password authentication failed" in stderr and "another-password-1" not in stderr, stderr[-1000:])
        nowhere = {**there, "AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://127.0.0.1:1"}
        world.run("plan", "--first-run", expect=30, words=["cannot reach AWS Secrets Manager"], **nowhere, **of_manager(key, wrong["Name"]))
        world.run("plan", expect=2, words=["source_register.password", "no-such"], **there, **of_manager(key, "no-such"))
        world.run("plan", expect=2, words=["source_register.password: only PostgreSQL"], **of_manager(key, "no-such"))


class Iam:
    """Knows a token as AWS does: botocore signs the same request for the same instant, and the two must agree."""

    def __init__(self, keys, region="eu-central-1"):
        self.keys, self.region, self.place = keys, region, None

    def __call__(self, user, token):
        address, _, query = token.partition("?")
        shown = parse_qs(query, strict_parsing=True)
        instant = datetime.datetime.strptime(shown["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ")
        age = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) - instant
        if abs(age.total_seconds()) > 900 or address != f"{self.place}/":
            return False
        host, _, port = self.place.rpartition(":")
        client = boto3.Session(**self.keys, region_name=self.region).client("rds", endpoint_url="http://127.0.0.1:1")
        with mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: instant):
            expected = client.generate_db_auth_token(host, int(port), user)
        return parse_qs(expected.partition("?")[2], strict_parsing=True) == shown


@check
def iam_signs_in_to_the_source_register_in_place_of_a_password(world):
    key_id = world.environment["AWS_ACCESS_KEY_ID"]
    keys = {"aws_access_key_id": key_id, "aws_secret_access_key": AWS_SECRET, "aws_session_token": AWS_TOKEN}
    variables = {name.upper(): value for name, value in keys.items()}
    with SourceInPostgres(world.folder) as source:
        source.let_iam_vouch()
        expected = world.run("plan", "--first-run", BESTAND__CENTRAL_REGISTER__URL=world.register)["records"]
        iam = Iam(keys)
        door = DatabaseDoor(source.server, world.certificate, iam)
        world.doors.append(door)
        iam.place = f"localhost:{door.port}"
        url = f"postgres://{source.user}@{iam.place}/{source.database}"
        there = {
            **variables,
            "BESTAND__SOURCE_REGISTER__URL": url,
            "BESTAND__SOURCE_REGISTER__IAM_AUTHENTICATION": "true",
            "BESTAND__SOURCE_REGISTER__EXTRA_ROOTS__ENV": "EXTRA_ROOTS",
            "EXTRA_ROOTS": world.authority.cert_pem.bytes().decode(),
        }
        equal(world.run("plan", "--first-run", **there)["records"], expected, "the same rows as from SQLite")
        world.run("settings", "--init-store")
        report = world.run("doctor", "--json", **there)
        equal(report["source_register"]["status"], "ok", report["source_register"])
        equal(len(door.seen), 2, "a token for each connection")
        # The system's authorities count as well: they are what SSL_CERT_FILE says.
        system = {name: value for name, value in there.items() if "EXTRA_ROOTS" not in name}
        world.run("plan", "--first-run", **system, SSL_CERT_FILE=world.roots)
        secret = world.secret("roots", there["EXTRA_ROOTS"])
        world.run("plan", "--first-run", **system, **of_manager("BESTAND__SOURCE_REGISTER__EXTRA_ROOTS", secret["ARN"]))

        # Whoever cannot show a certificate of a known authority, for that name, is shown no token.
        seen = len(door.seen)
        other = world.other_authority.cert_pem.bytes().decode()
        world.run("plan", "--first-run", expect=30, words=["certificate"], **{**there, "EXTRA_ROOTS": other})
        misnamed = DatabaseDoor(source.server, world.authority.issue_cert("elsewhere.example"), iam)
        world.doors.append(misnamed)
        by_another_name = {**there, "BESTAND__SOURCE_REGISTER__URL": url.replace(str(door.port), str(misnamed.port))}
        world.run("plan", "--first-run", expect=30, words=["certificate", "elsewhere.example"], **by_another_name)
        equal(misnamed.seen, [], "tokens shown under another name")
        world.run("plan", expect=30, words=["holds no certificate"], **{**there, "EXTRA_ROOTS": "not in PEM"})
        weaker = {**there, "BESTAND__SOURCE_REGISTER__URL": f"{url}?sslmode=require"}
        world.run("plan", expect=30, words=["`iam_authentication` needs `sslmode=verify-full`"], **weaker)
        equal(len(door.seen), seen, "tokens shown")

        # What AWS would not let in, with what to do about it, and without the token.
        iam.region = "us-east-1"
        process = world.start("plan", "--first-run", **there, RUST_LOG="trace")
        _, stderr = process.communicate(timeout=120)
        equal(process.returncode, 30, stderr[-2000:])
        for word in ("rds-db:connect", "rds_iam", "PAM authentication failed", "eu-central-1"):
            true(word in stderr, f"{word} in {stderr[-2000:]}")
        shown = door.seen[-1]
        for secret in (shown, parse_qs(shown)["X-Amz-Signature"][0], AWS_SECRET, AWS_TOKEN):
            true(secret not in stderr, "no token in the log")

        nobody = {name: "" for name in variables} | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}
        report = world.run("doctor", "--json", expect=31, **{**there, **nobody})
        true("no AWS credentials to sign in with" in report["source_register"]["detail"], report["source_register"])

        for wrong, words in (
            ({"BESTAND__SOURCE_REGISTER__PASSWORD__ENV": "X"}, "take source_register.password out"),
            ({"BESTAND__SOURCE_REGISTER__URL": "sqlite://itk.db"}, "source_register.iam_authentication: only PostgreSQL"),
            ({"EXTRA_ROOTS": ""}, "source_register.extra_roots"),
        ):
            world.run("plan", expect=2, words=[words], **{**there, **wrong})


@check
def a_secret_that_others_can_read_is_warned_of_once(world):
    warning = "others can read this secret"
    world.run("settings", "--init-store")
    for mode, times in ((0o600, 0), (0o644, 1), (0o640, 1)):
        path = world.file("key", "key-1", mode)
        there = {f"{AUTH}KIND": "api_key", f"{AUTH}KEY__FILE": path}
        process = world.start("doctor", **there)
        _, stderr = process.communicate(timeout=120)
        equal((process.returncode, stderr.count(warning)), (0, times), f"{mode:o}: {stderr[-1000:]}")
        true(times == 0 or (path in stderr and "central_register.auth.key" in stderr), stderr[-1000:])


@check
def the_doctor_tells_of_every_secret_whether_it_is_there(world):
    key = world.secret("key", "key-1")
    door = world.door(guard=asks_for("x-api-key", "key-1"))
    there = world.through(door, **{f"{AUTH}KIND": "api_key"})
    world.run("settings", "--init-store")
    report = world.run("doctor", "--json", **there, **of_manager(f"{AUTH}KEY", key["Name"]))
    equal(
        report["secrets"],
        [{"key": "central_register.auth.key", "place": f"Secrets Manager {key['Name']}", "status": "ok"}],
        "secrets",
    )
    report = world.run("doctor", "--json", expect=2, **there, **of_manager(f"{AUTH}KEY", key["Name"], "none"))
    equal([secret["status"] for secret in report["secrets"]], ["failed"], "secrets")
    true("is no JSON object" in report["secrets"][0]["detail"], report["secrets"])
    equal(report["central_register"]["status"], "not_tried", "the register")
    problems = [problem for problem in report["problems"] if "auth.key" in problem["problem"]]
    equal([problem["scope"] for problem in problems], ["secrets"], "told once")
    true("key-1" not in json.dumps(report), "no value")


# --- Planted secrets ---------------------------------------------------------------------------------------

API_KEY, CLIENT_SECRET, TOKEN = "planted/api+key-4711", "planted:client secret&4711", "planted.issued.token-4711"
BEARER, PROXY, DATABASE = "planted-bearer-from-file-4711", "planted-proxy-4711", "planted&datenbank/4711"
AWS_SECRET, AWS_TOKEN = "planted/AWSSECRET+4711abcdefgh", "planted/AWSTOKEN+4711//abcdefghijklmnop=="
CONTAINER_TOKEN = "planted-container-4711"
# What is no secret and is written everywhere, also in base64: found, or the search is no search.
MARKER, ENCODED = "Markierung-4711", "Zeichen-verschluesselt-4711"


class Planted:
    """Runs commands at their most talkative and keeps all that they write."""

    def __init__(self, world):
        self.world, self.written, self.number = world, Written(), 0
        world.sql("itk.db", f"update assets set owner = '{MARKER}', room = '{base64.b64encode(b'xx' + ENCODED.encode()).decode()}'")
        self.variables = {
            "RUST_LOG": "trace",
            "AWS_SECRET_ACCESS_KEY": AWS_SECRET,
            "AWS_SESSION_TOKEN": AWS_TOKEN,
        }

    def in_a_container(self, container):
        """The same keys and token, but from where a task's role comes from."""
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            self.variables.pop(name, None)
            self.world.environment.pop(name, None)
        self.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = container.url
        self.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = CONTAINER_TOKEN

    def __call__(self, *arguments, expect, **variables):
        self.number += 1
        process = self.world.start(*arguments, **{**self.variables, **variables})
        command_line = b""
        try:
            with open(f"/proc/{process.pid}/cmdline", "rb") as file:
                command_line = file.read()
        except OSError:
            pass
        stdout, stderr = process.communicate(timeout=240)
        where = f"{self.number} {' '.join(arguments)}"
        self.written.add(f"{where}: command line", command_line)
        self.written.add(f"{where}: stdout", stdout)
        self.written.add(f"{where}: stderr", stderr)
        true(process.returncode in expect, f"{where}: {process.returncode}: {stderr[-2000:]}")
        if arguments[0] in ("run", "plan", "publish", "doctor") and 2 not in expect:
            true('"level":"TRACE"' in stderr, f"{where}: it is talkative")
        return json.loads(stdout) if stdout.startswith("{") else None

    def days(self, there, elsewhere):
        """Everything that is done with a register, and everything that fails."""
        self("settings", "--init-store", expect=[0], **there)
        run = self("plan", "--first-run", expect=[0], **there)
        self("publish", run["run_id"], "--first-run", expect=[0], **there)
        self("run", expect=[0], **there)
        self("doctor", "--json", expect=[0], **there)
        key = self.world.sql("itk.db", "select id from assets where arn is not null and status = 'active' limit 1")[0][0]
        self("explain", run["run_id"], str(key), "--json", expect=[0], **there)
        for wrong, expect in elsewhere:
            for command in (["run"], ["doctor", "--json"]) if self.number < 20 else (["run"],):
                self(*command, expect=expect, **{**there, **wrong})

    def nothing_but_markers(self, secrets):
        for marker in (MARKER, ENCODED):
            found = self.written.holds(marker)
            true(found, f"the marker {marker} is not found: the search finds nothing")
        true(any(".zst" in place for place in self.written.holds(MARKER)), "also in what is compressed")
        true(any(".zst" in place for place in self.written.holds(ENCODED)), "also in base64")
        true(self.written.size() > 1_000_000, "enough was written")
        leaks = [f"{secret}: {place}" for secret in secrets for place in self.written.holds(secret)]
        true(not leaks, f"{len(leaks)} leaks:\n" + "\n".join(leak[:600] for leak in leaks[:8]))


def session_secrets(proxy):
    """Keys and tokens of the role sessions, which STS sends in clear to a proxy of plain HTTP."""
    text = bytes(proxy.bytes["clear"]).decode("utf-8", "replace")
    return {
        part.split("<")[0]
        for tag in ("<SecretAccessKey>", "<SessionToken>")
        for part in text.split(tag)[1:]
    }


def plant(world, proxy):
    """Kinds of access, each with its planted secret, and what goes wrong with each."""
    token = world.file("token", BEARER)
    client = world.secret("client", json.dumps({"secret": CLIENT_SECRET}))
    echo = lambda line, headers, body: (401, {"title": f"not {headers}", "detail": json.dumps(headers), "status": 401})
    doors = {
        "api_key": (world.door(guard=asks_for("x-api-key", API_KEY)), api_key(API_KEY)),
        "oauth2": (
            world.door(guard=Issuer("bestand", CLIENT_SECRET.replace(":", "%3A").replace(" ", "+").replace("&", "%26"), TOKEN)),
            {f"{AUTH}KIND": "oauth2", f"{AUTH}CLIENT_ID": "bestand", **of_manager(f"{AUTH}CLIENT_SECRET", client["ARN"], "secret")},
        ),
        "bearer_file": (
            world.door(guard=asks_for("authorization", f"Bearer {BEARER}")),
            {f"{AUTH}KIND": "bearer_file", f"{AUTH}FILE": token},
        ),
    }
    echoing = world.door(guard=echo)
    elsewhere = [
        ({"BESTAND__CENTRAL_REGISTER__URL": "https://localhost:1"}, [32]),
        ({"BESTAND__CENTRAL_REGISTER__URL": echoing.url}, [32]),
        ({"BESTAND__SOURCE_REGISTER__TABLE": "nowhere"}, [30]),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, [31]),
    ]
    by_proxy = {"HTTPS_PROXY": proxy.url, "HTTP_PROXY": proxy.url, "NO_PROXY": "none.example"}
    return {kind: (world.through(door, **auth, **by_proxy), elsewhere) for kind, (door, auth) in doors.items()}


def planted_secrets_are_in_nothing_that_is_written(world, kinds, store, collect, container=None):
    proxy = Proxy(f"someone:{PROXY}")
    try:
        planted = Planted(world)
        if container:
            planted.in_a_container(container)
        for kind, (there, elsewhere) in plant(world, proxy).items():
            if kind not in kinds:
                continue
            planted.days({**there, **store(kind)}, elsewhere)
            collect(planted.written, kind)
        sessions = session_secrets(proxy)
        true(len(sessions) > 10, f"{len(sessions)} secrets of role sessions are known")
        own = {API_KEY, CLIENT_SECRET, TOKEN, BEARER, PROXY, AWS_SECRET, AWS_TOKEN, CONTAINER_TOKEN}
        planted.nothing_but_markers(own | sessions)
    finally:
        proxy.close()


@check
def planted_secrets_are_in_nothing_that_is_written_to_a_disk(world):
    def collect(written, kind):
        for path, content in below(f"{world.store}-{kind}").items():
            written.add(path, content)

    def store(kind):
        return {"BESTAND__RUN_STORE__URL": f"file://{world.store}-{kind}"}

    planted_secrets_are_in_nothing_that_is_written(world, ["api_key", "oauth2", "bearer_file"], store, collect)


@check
def planted_secrets_are_in_nothing_that_is_written_to_a_bucket(world):
    def collect(written, kind):
        for key in world.objects():
            written.add(f"s3 {key}", plain(key, world.read(key)))

    def store(_):
        return {"BESTAND__RUN_STORE__URL": f"s3://{world.bucket}/{moto_store.PREFIX}"}

    keys = {
        "AccessKeyId": world.environment["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": AWS_SECRET,
        "Token": AWS_TOKEN,
        "Expiration": "2099-01-01T00:00:00Z",
    }
    container = Container(CONTAINER_TOKEN, keys)
    try:
        planted_secrets_are_in_nothing_that_is_written(world, ["oauth2"], store, collect, container)
    finally:
        container.close()


@check
def passwords_of_the_source_register_are_in_nothing_that_is_written(world):
    planted = Planted(world)
    with SourceInPostgres(world.folder, DATABASE) as source:
        beside = {"BESTAND__SOURCE_REGISTER__URL": source.url, "BESTAND__SOURCE_REGISTER__PASSWORD__ENV": "ITK", "ITK": DATABASE}
        within = {"BESTAND__SOURCE_REGISTER__URL": source.url_with_password}
        wrong = [
            ({"BESTAND__SOURCE_REGISTER__TABLE": "nowhere"}, [30]),
            ({"BESTAND__SOURCE_REGISTER__AWS_ROWS": f"is_aws = '{MARKER}'::int"}, [30]),
            ({"BESTAND__SOURCE_REGISTER__PASSWORD__FILE": "both"}, [2]),
        ]
        for number, there in enumerate((beside, within)):
            store = f"{world.store}-{number}"
            planted.days({**there, "BESTAND__RUN_STORE__URL": f"file://{store}"}, wrong[: 3 - number])
            for path, content in below(store).items():
                planted.written.add(path, content)
        for broken in ("postgres://x:{}@127.0.0.1:1/x", "postgres://x:{}@127.0.0.1:99999/x", "mysql://x:{}@y/z", "{}"):
            planted("plan", "--first-run", expect=[2, 30], BESTAND__SOURCE_REGISTER__URL=broken.format(source.quoted))
        planted.nothing_but_markers({DATABASE, source.quoted, AWS_SECRET, AWS_TOKEN})


if __name__ == "__main__":
    sys.exit(moto_store.play(CHECKS, World, "bestand-access-"))
