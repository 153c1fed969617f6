"""Starts one task of the revision that this version of the function is pinned to.

The event is one of
  {"scheduled": "2026-11-28T03:00:00Z"}   the daily run, from EventBridge Scheduler; also to repeat one by hand
  {"rehearsal": "d-ABCDEF123"}            the dry run that CodeDeploy waits for, from the rehearsal
  {"command": ["doctor"]}                 any other command, from a person
"""

import json
import os
import re

import boto3
from botocore.exceptions import ClientError

ECS = boto3.client("ecs")
CONTAINER = "bestand"


class NotStarted(Exception):
    """No task runs. Raised, so that Lambda tries again and then hands the event to the dead-letter queue."""


def asked(event, request_id):
    """What to run: who asked, the token that makes it happen once, the arguments and what they override."""
    if "scheduled" in event:
        # The instant is the same in each delivery of one trigger, so the run id is.
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(event["scheduled"])):
            raise ValueError(f"`scheduled` is no instant like 2026-11-28T03:00:00Z: {event['scheduled']!r}")
        run_id = re.sub("[-:]", "", event["scheduled"]) + "-scheduled"
        return "schedule", run_id, ["run", "--run-id", run_id], {}
    if "rehearsal" in event:
        run_id = f"rehearsal-{event['rehearsal']}"
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,48}", run_id):
            raise ValueError(f"`rehearsal` makes no run id: {event['rehearsal']!r}")
        arguments = ["plan", "--fail-on-gate", "--run-id", run_id]
        # A store of its own: the daily run's lease, looks and plans are none of the rehearsal's business.
        overrides = {"BESTAND__RUN_STORE__URL": os.environ["REHEARSAL_STORE"]}
        if os.environ["REHEARSAL_ACCOUNTS"]:
            arguments += ["--accounts", os.environ["REHEARSAL_ACCOUNTS"]]
        if os.environ["FIRST_PUBLICATION"] == "yes":
            arguments.append("--first-run")
        return "rehearsal", run_id, arguments, overrides
    command = event.get("command")
    if not command or not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        raise ValueError("the event has none of `scheduled`, `rehearsal` and `command`, a list of words")
    return "operator", request_id, command, {}


def handler(event, context):
    """Gives the ARN of the task. A second delivery of the same event gives that of the first."""
    started_by, token, arguments, overrides = asked(event, context.aws_request_id)
    container = {"name": CONTAINER, "command": arguments}
    container["environment"] = [{"name": name, "value": value} for name, value in overrides.items()]
    network = {
        "subnets": os.environ["SUBNETS"].split(","),
        "securityGroups": [os.environ["SECURITY_GROUP"]],
        "assignPublicIp": os.environ["ASSIGN_PUBLIC_IP"],
    }
    try:
        answer = ECS.run_task(
            cluster=os.environ["CLUSTER"],
            taskDefinition=os.environ["TASK_DEFINITION"],
            count=1,
            launchType="FARGATE",
            platformVersion="1.4.0",
            clientToken=token,
            startedBy=started_by,
            networkConfiguration={"awsvpcConfiguration": network},
            overrides={"containerOverrides": [container]},
        )
    except ClientError as error:
        # The token was used with other parameters: the version was rolled out between two deliveries.
        there = error.response.get("resourceIds")
        if error.response["Error"]["Code"] == "ConflictException" and there:
            return told(started_by, token, there[0], "was started by an earlier delivery")
        raise
    if answer.get("failures") or not answer.get("tasks"):
        reasons = [f"{of.get('reason')} {of.get('detail', '')}".strip() for of in answer.get("failures", [])]
        raise NotStarted(f"ECS started no task for {token}: {', '.join(reasons) or 'it gives no reason'}")
    return told(started_by, token, answer["tasks"][0]["taskArn"], "started")


def told(started_by, token, task, what):
    answer = {"task": task, "token": token, "started_by": started_by}
    print(json.dumps({"message": f"task {what}", **answer}))
    return answer
