"""Renders CloudFormation templates as CloudFormation would, as far as ours need it: parameters and conditions.

What only AWS knows (`!GetAtt`, `!Ref` of a resource) becomes a name in braces, such as `{TaskRole.Arn}`.
"""

import os
import re

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PSEUDO = {
    "AWS::AccountId": "111111111111",
    "AWS::Region": "eu-central-1",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "bestand",
}
NOTHING = object()


class Loader(yaml.SafeLoader):
    """Knows the short forms."""


def _short_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", _short_form)
# A version such as 2012-10-17 is a text.
Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))


def path(name):
    return os.path.join(ROOT, "deploy", name)


def load(name):
    with open(path(name), encoding="utf-8") as file:
        return yaml.load(file, Loader)


class Rendered:
    """A template with parameters put in; `resources` has those whose condition holds."""

    def __init__(self, name, account=PSEUDO["AWS::AccountId"], **parameters):
        self.template = load(name)
        self.values = {**PSEUDO, "AWS::AccountId": account}
        for key, declared in self.template.get("Parameters", {}).items():
            value = parameters.pop(key, declared.get("Default"))
            if value is None:
                raise AssertionError(f"{name}: the parameter {key} has no default and was not given")
            is_list = declared["Type"].startswith("List<") or declared["Type"] == "CommaDelimitedList"
            self.values[key] = [part.strip() for part in str(value).split(",")] if is_list else str(value)
            for one in self.values[key] if is_list else [str(value)]:
                self._check(name, key, declared, one)
        if parameters:
            raise AssertionError(f"{name} has no parameters {sorted(parameters)}")
        self.conditions = self.template.get("Conditions", {})
        self.resources = {
            key: self._filled(resource)
            for key, resource in self.template["Resources"].items()
            if "Condition" not in resource or self.holds(resource["Condition"])
        }

    @staticmethod
    def _check(name, key, declared, value):
        if "AllowedPattern" in declared and not re.fullmatch(declared["AllowedPattern"], value):
            raise AssertionError(f"{name}: {key}={value!r} does not match {declared['AllowedPattern']}")
        if "AllowedValues" in declared and value not in [str(allowed) for allowed in declared["AllowedValues"]]:
            raise AssertionError(f"{name}: {key}={value!r} is none of {declared['AllowedValues']}")

    def _filled(self, resource):
        return {**resource, "Properties": self.value(resource.get("Properties", {}))}

    def of_type(self, kind):
        return {key: resource["Properties"] for key, resource in self.resources.items() if resource["Type"] == kind}

    def properties(self, key):
        return self.resources[key]["Properties"]

    def holds(self, name):
        return self._truth(self.conditions[name])

    def _truth(self, of):
        ((function, argument),) = of.items()
        if function == "Condition":
            return self.holds(argument)
        if function == "Fn::Equals":
            left, right = (self.value(side) for side in argument)
            return str(left) == str(right)
        if function == "Fn::Not":
            return not self._truth(argument[0])
        if function in ("Fn::And", "Fn::Or"):
            return (all if function == "Fn::And" else any)(self._truth(one) for one in argument)
        raise AssertionError(f"no condition: {of}")

    def value(self, of):
        if isinstance(of, list):
            made = [self.value(one) for one in of]
            return [one for one in made if one is not NOTHING]
        if not isinstance(of, dict):
            return of
        if len(of) == 1:
            ((function, argument),) = of.items()
            if function == "Ref":
                return NOTHING if argument == "AWS::NoValue" else self.values.get(argument, f"{{{argument}}}")
            if function == "Fn::GetAtt":
                return "{" + ".".join(argument) + "}"
            if function == "Fn::If":
                return self.value(argument[1] if self.holds(argument[0]) else argument[2])
            if function == "Fn::Sub":
                return self._substituted(argument)
            if function == "Fn::Join":
                return argument[0].join(self.value(argument[1]))
            if function.startswith("Fn::"):
                raise AssertionError(f"the renderer knows no {function}")
        made = {key: self.value(one) for key, one in of.items()}
        return {key: one for key, one in made.items() if one is not NOTHING}

    def _substituted(self, argument):
        text, own = argument if isinstance(argument, list) else (argument, {})
        own = {key: self.value(value) for key, value in own.items()}

        def put(found):
            name = found[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            return str(own.get(name, self.values.get(name, "{" + name + "}")))

        return re.sub(r"\$\{([^}]+)\}", put, text)

    def policies(self):
        """Every policy that says what somebody may do: (where it stands, document)."""
        for key, resource in self.resources.items():
            for policy in resource["Properties"].get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []:
                yield f"{key}/{policy['PolicyName']}", policy["PolicyDocument"]


def actions(document):
    """All actions of a policy."""
    found = set()
    for statement in document["Statement"]:
        of = statement["Action"]
        found |= {of} if isinstance(of, str) else set(of)
    return found
