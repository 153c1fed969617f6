#!/usr/bin/env python3
"""Writes the functions of deploy/launcher into service.yml, where CloudFormation takes them from.

With --check it only says whether they are there as they should be. A version of the launcher is published anew when its
description changes, so the description carries the digest of its code.
"""

import hashlib
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TEMPLATE = os.path.join(HERE, "service.yml")


def source(path):
    with open(os.path.join(os.path.dirname(HERE), path), encoding="utf-8") as file:
        return file.read()


def with_functions(template):
    """Gives the template with the functions as they are in their files."""
    made, inside = [], None
    for line in template.split("\n"):
        # A block begins with the path of its file, and ends where something less indented follows.
        if inside is not None and (not line.strip() or line.startswith(inside)):
            continue
        if inside is not None:
            made.append("")
            inside = None
        made.append(line)
        begins = re.fullmatch(r"( +)# (deploy/launcher/\w+\.py)", line)
        if begins:
            inside = begins[1]
            made += [f"{inside}{code}" if code else "" for code in source(begins[2]).rstrip("\n").split("\n")]
    digest = hashlib.sha256(source("deploy/launcher/launcher.py").encode()).hexdigest()[:12]
    return re.sub(r'"code [0-9a-f]{12} starts', f'"code {digest} starts', "\n".join(made))


def main():
    with open(TEMPLATE, encoding="utf-8") as file:
        before = file.read()
    after = with_functions(before)
    if "--check" in sys.argv[1:]:
        if before != after:
            print("service.yml has other functions than deploy/launcher: run deploy/inline.py")
            return 1
    elif before != after:
        with open(TEMPLATE, "w", encoding="utf-8") as file:
            file.write(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
