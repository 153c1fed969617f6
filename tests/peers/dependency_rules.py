#!/usr/bin/env python3
"""Holds the dependencies to deny.toml: licences, bans, sources; and to one build for tests and command."""

import json
import re
import subprocess
import sys
import tomllib

# Features that only tests add, and that cost a rebuild of little: what builds on it is named.
SMALL_EXTRAS = {"rustix": "tempfile wants its file functions; only clap stands upon it"}


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], check=True, capture_output=True, text=True).stdout


def packages(rules):
    """Every package of the build and its tests, on the platforms that count."""
    metadata = json.loads(cargo("metadata", "--format-version=1", "--locked", "--all-features"))
    # The lock file also names what no feature turns on; only the tree knows what is really built.
    built = set()
    for target in rules["graph"]["targets"]:
        tree = cargo("tree", "--locked", "--workspace", "--all-features", "--prefix=none", "--format={p}", "--target", target)
        built.update(tuple(line.split()[:2]) for line in tree.splitlines() if line)
    found = [package for package in metadata["packages"] if (package["name"], f"v{package['version']}") in built]
    return sorted(found, key=lambda package: package["id"]), set(metadata["workspace_members"])


def licence_fits(expression, allowed):
    """Evaluates an SPDX expression; a bare slash is the old spelling of OR."""
    tokens = re.findall(r"\(|\)|[A-Za-z0-9.+-]+", expression.replace("/", " OR "))
    position = 0

    def peek():
        return tokens[position] if position < len(tokens) else None

    def take():
        nonlocal position
        position += 1
        return tokens[position - 1]

    def one():
        if peek() == "(":
            take()
            value = either()
            if take() != ")":
                raise ValueError(expression)
            return value
        name = take()
        if peek() == "WITH":
            take()
            name = f"{name} WITH {take()}"
        return name in allowed

    def both():
        value = one()
        while peek() == "AND":
            take()
            value = one() and value
        return value

    def either():
        value = both()
        while peek() == "OR":
            take()
            value = both() or value
        return value

    result = either()
    if peek() is not None:
        raise ValueError(f"`{expression}` is no licence expression")
    return result


def version_key(text):
    numbers = [int(part) for part in re.split(r"[-+]", text)[0].split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def is_banned(package, rule):
    name, _, requirement = rule["crate"].partition("@")
    if package["name"] != name:
        return False
    if not requirement:
        return True
    match = re.fullmatch(r"<(\d+(?:\.\d+)*)", requirement)
    if not match:
        raise ValueError(f"deny.toml: only `<version` is understood here, not `{requirement}`")
    return version_key(package["version"]) < version_key(match[1])


def label(package):
    return f"{package['name']} {package['version']}"


def licences(rules, found, _members):
    allowed = set(rules["licenses"]["allow"])
    return [
        f"{label(package)}: licence {package['license']!r} is not allowed"
        for package in found
        if not package["license"] or not licence_fits(package["license"], allowed)
    ]


def bans(rules, found, _members):
    return [
        f"{label(package)} is banned: {rule['reason']}"
        for package in found
        for rule in rules["bans"]["deny"]
        if is_banned(package, rule)
    ]


def sources(rules, found, members):
    allowed = {f"registry+{address}" for address in rules["sources"]["allow-registry"]}
    wrong = []
    for package in found:
        if package["source"] is None and package["id"] not in members:
            wrong.append(f"{label(package)} is a folder outside the workspace")
        if package["source"] is not None and package["source"] not in allowed:
            wrong.append(f"{label(package)} comes from {package['source']}")
    return wrong


def members_stay_private(_rules, found, members):
    return [
        f"{label(package)} could be published"
        for package in found
        if package["id"] in members and package["publish"] != []
    ]


def tests_add_no_features(_rules, _found, _members):
    """What the tests are built upon must be what the command is built upon, or both are built twice."""

    def features(*arguments):
        lines = cargo("tree", "--locked", "--prefix=none", "--format={p}|{f}", *arguments).splitlines()
        return {tuple(line.removesuffix(" (*)").split("|")) for line in lines if "|" in line}

    shipped = features("--edges=no-dev")
    tested = features("--workspace", "--all-features")
    names = {package for package, _ in shipped}
    wrong = []
    for package in sorted(names):
        built = {kinds for name, kinds in shipped if name == package}
        more = {kinds for name, kinds in tested if name == package} - built
        ours = "(/" in package
        if more and not ours and package.split()[0] not in SMALL_EXTRAS:
            wrong.append(f"{package} is built with {sorted(built)} and tested with {sorted(more)}")
    return wrong


CHECKS = [licences, bans, sources, members_stay_private, tests_add_no_features]


def main():
    with open("deny.toml", "rb") as file:
        rules = tomllib.load(file)
    found, members = packages(rules)
    print(f"{len(found)} packages, {len(members)} of them ours")
    passed = failed = 0
    for check in CHECKS:
        wrong = check(rules, found, members)
        for line in wrong:
            print(f"FAILED {check.__name__}: {line}")
        passed += not wrong
        failed += bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
