"""Decides by policies as AWS does, as far as the templates of deploy/ need it.

moto looks neither at conditions on ARNs nor at a bucket's or a key's own policy.
"""

import re


def _listed(value):
    return [value] if isinstance(value, str) else value


def _like(pattern, text):
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text) is not None


COMPARISONS = {"StringEquals": str.__eq__, "Bool": str.__eq__, "ArnEquals": _like, "ArnLike": _like}


def _account(arn):
    return arn.split(":")[4]


def _is_principal(principal, caller):
    if principal == "*":
        return True
    named = _listed(principal.get("AWS", []))
    return any(one in ("*", caller, f"arn:aws:iam::{_account(caller)}:root") for one in named)


def _hold(conditions, context):
    for operator, keys in conditions.items():
        for key, expected in keys.items():
            if operator.endswith("IfExists") and key not in context:
                continue
            compare = COMPARISONS[operator.removesuffix("IfExists")]
            # A condition on what the request does not say is not met.
            if key not in context or not any(compare(one, context[key]) for one in _listed(expected)):
                return False
    return True


def allows(policies, action, resource, caller, **context):
    """Whether one of the policies allows it and none denies it; `caller` is the ARN of a role.

    A policy of a role names nobody and a trust policy names no resource: neither is looked at then. In the names of the
    context `__` stands for a colon.
    """
    said = {key.replace("__", ":"): value for key, value in context.items()}
    said |= {"aws:PrincipalArn": caller, "aws:SecureTransport": "true"}
    effects = set()
    for statement in (statement for policy in policies for statement in policy["Statement"]):
        if not any(_like(one, action) for one in _listed(statement["Action"])):
            continue
        if "Resource" in statement and not any(_like(one, resource) for one in _listed(statement["Resource"])):
            continue
        if "Principal" in statement and not _is_principal(statement["Principal"], caller):
            continue
        if _hold(statement.get("Condition", {}), said):
            effects.add(statement["Effect"])
    return effects == {"Allow"}
