"""Counts how the daily run's task ended, as a metric that the alarms look at.

It is told by EventBridge when the task has stopped: the task itself cannot tell that it never started.
"""

import json
import os
import time

CONTAINER = "bestand"
# By exit status; all others are `failed`.
OUTCOMES = {0: "done", 10: "done", 20: "gaps", 40: "incomplete", 41: "refused", 43: "environment"}
# The job was done, if not everywhere.
SUCCEEDED = ("done", "gaps")


def outcome(task):
    """Gives the outcome and the exit status. Other containers, such as GuardDuty's agent, do not count."""
    status = next((one.get("exitCode") for one in task["containers"] if one["name"] == CONTAINER), None)
    if status is None:
        return "not_started", None
    return OUTCOMES.get(status, "failed"), status


def handler(event, context):
    task = event["detail"]
    ended, status = outcome(task)
    names = [{"Name": "Ended", "Unit": "Count"}]
    of_all = [{"Name": "Succeeded", "Unit": "Count"}]
    metrics = [
        {"Namespace": "bestand", "Dimensions": [["Environment", "Outcome"]], "Metrics": names},
        {"Namespace": "bestand", "Dimensions": [["Environment"]], "Metrics": of_all},
    ]
    line = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": metrics},
        "Environment": os.environ["ENVIRONMENT"],
        "Outcome": ended,
        "Ended": 1,
        "Succeeded": 1 if ended in SUCCEEDED else 0,
        "exit_status": status,
        "task": task["taskArn"],
        "task_definition": task["taskDefinitionArn"],
        "stop_code": task.get("stopCode"),
        "stopped_reason": task.get("stoppedReason"),
    }
    print(json.dumps(line))
    return line
