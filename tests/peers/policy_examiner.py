#!/usr/bin/env python3
"""Examines policies with cloudsplaining and the action tables of policy_sentry: policy_examiner.py < policies.json.

It runs in a venv of its own. The input is an object of names and policies; the output says of each what is wrong with it,
and which of its actions are allowed on everything though they could be narrowed.
"""

import json
import sys

from cloudsplaining.scan.policy_document import PolicyDocument
from policy_sentry.querying.actions import get_action_data


def listed(value):
    return [value] if isinstance(value, str) else value


def examine(policy):
    wrong, wide = [], []
    for statement in policy["Statement"]:
        if "NotAction" in statement or "NotResource" in statement:
            wrong.append("says what it does not mean")
        for action in listed(statement.get("Action", [])):
            prefix, name = action.split(":", 1)
            if "*" in action:
                wrong.append(f"{action}: a wildcard")
                continue
            known = [row for rows in (get_action_data(prefix, name) or {}).values() for row in rows]
            if not known:
                wrong.append(f"{action}: AWS has no such action")
            elif "*" in listed(statement["Resource"]) and any(row["resource_arn_format"] != "*" for row in known):
                wide.append(action)
    document = PolicyDocument(policy)
    wrong += [f"privilege escalation: {found}" for found in document.allows_privilege_escalation]
    wrong += [f"permissions without a resource: {found}" for found in document.permissions_management_without_constraints]
    wrong += [f"all of a service: {found}" for found in document.service_wildcard]
    return {"wrong": wrong, "wide": sorted(wide)}


if __name__ == "__main__":
    json.dump({name: examine(policy) for name, policy in json.load(sys.stdin).items()}, sys.stdout)
