"""Runs a new version as a dry run before it gets the schedule, and tells CodeDeploy whether it is good.

It starts exactly the version that is to be rolled out, through the launcher, and waits for the task. Lambda gives it a
quarter of an hour at most: what is left it hands on to an invocation of its own. CodeDeploy gives an hour. Whatever
goes wrong is answered with Failed.

A stack that goes back moves its alias by CodeDeploy, too. What was live before is let through as it is: if it were
rehearsed, and failed today, the stack could go neither forward nor back.
"""

import json
import os
import time

import boto3
from botocore.exceptions import ClientError

CODEDEPLOY = boto3.client("codedeploy")
ECS = boto3.client("ecs")
LAMBDA = boto3.client("lambda")
CONTAINER = "bestand"
PAUSE_SECONDS = 15
# Kept for handing on.
RESERVE_MILLISECONDS = 60_000
# ECS may not know a task yet that it has just started.
UNKNOWN_LOOKS = 8


class NotGood(Exception):
    """Why the version must not be rolled out."""


def handler(event, context):
    try:
        over = rehearse(event, context)
    except Exception as error:  # whatever it is, CodeDeploy must not wait for an hour
        return answer(event, "Failed", f"{type(error).__name__}: {error}")
    if over:
        return answer(event, "Succeeded", over)
    return {"status": "InProgress"}


def rehearse(event, context):
    """Gives why it is good, or nothing when another invocation waits on."""
    limit = int(os.environ["LIMIT_MINUTES"])
    back = "task" not in event and leads_back()
    if back:
        return back
    task = event.get("task") or start(event["DeploymentId"])
    deadline = event.get("deadline") or time.time() + limit * 60
    unknown = 0
    while True:
        found = ECS.describe_tasks(cluster=os.environ["CLUSTER"], tasks=[task])["tasks"]
        if found and found[0]["lastStatus"] == "STOPPED":
            return judge(found[0])
        unknown = 0 if found else unknown + 1
        if unknown >= UNKNOWN_LOOKS:
            raise NotGood(f"ECS knows no task {task}")
        if time.time() >= deadline:
            ECS.stop_task(cluster=os.environ["CLUSTER"], task=task, reason="the rehearsal takes too long")
            raise NotGood(f"it takes longer than {limit} minutes: rehearse with fewer accounts (RehearsalAccounts)")
        if context.get_remaining_time_in_millis() < RESERVE_MILLISECONDS:
            onward = {**event, "task": task, "deadline": deadline}
            LAMBDA.invoke(
                FunctionName=context.invoked_function_arn, InvocationType="Event", Payload=json.dumps(onward).encode()
            )
            return None
        time.sleep(PAUSE_SECONDS)


def leads_back():
    """Says so if the version is no newer than the one that is live. Lambda counts versions up, and uses no number twice."""
    launcher, _, version = os.environ["LAUNCHER_VERSION"].rpartition(":")
    live = LAMBDA.get_alias(FunctionName=launcher, Name="live")["FunctionVersion"]
    if int(version) > int(live):
        return None
    return f"version {version} is not newer than {live}, which is live: the way back is not rehearsed"


def start(deployment):
    """Lets the launcher's new version start it, just as the schedule will. Twice gives the same task."""
    answer = LAMBDA.invoke(
        FunctionName=os.environ["LAUNCHER_VERSION"], Payload=json.dumps({"rehearsal": deployment}).encode()
    )
    told = json.loads(answer["Payload"].read() or "null")
    if answer.get("FunctionError"):
        raise NotGood(f"the launcher started nothing: {told}")
    return told["task"]


def judge(task):
    (container,) = [one for one in task["containers"] if one["name"] == CONTAINER]
    status = container.get("exitCode")
    if status is None:
        why = container.get("reason") or task.get("stoppedReason") or "ECS gives no reason"
        raise NotGood(f"{task['taskArn']} ended without an exit status: {why}")
    if str(status) not in os.environ["GOOD_STATUSES"].split(","):
        raise NotGood(f"{task['taskArn']} ended with status {status}: see its log")
    return f"{task['taskArn']} ended with status {status}"


def answer(event, status, why):
    """Answers once: a second answer to the same hook is refused by CodeDeploy, and left at that."""
    print(json.dumps({"message": f"rehearsal {status.lower()}", "why": why, "deployment": event.get("DeploymentId")}))
    try:
        CODEDEPLOY.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status=status,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "LifecycleEventAlreadyCompletedException":
            raise
    return {"status": status, "why": why}
