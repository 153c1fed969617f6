#!/usr/bin/env python3
"""The functions of deploy/launcher, with botocore's own model holding their calls: deploy_launcher.py.

AWS's answers are played by botocore's Stubber, which refuses a call that the service would not take, and one that nobody
expected. Time is played as well.
"""

import contextlib
import importlib.util
import io
import json
import os
import re
import sys

from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

import cloudformation
from run_directory import equal, report, true

os.environ.update(AWS_DEFAULT_REGION="eu-central-1", AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
TASK = "arn:aws:ecs:eu-central-1:111111111111:task/bestand-staging/0123456789abcdef0123456789abcdef"
REVISION = "arn:aws:ecs:eu-central-1:111111111111:task-definition/bestand-staging:7"
CLUSTER = "arn:aws:ecs:eu-central-1:111111111111:cluster/bestand-staging"
VERSION = "arn:aws:lambda:eu-central-1:111111111111:function:bestand-staging-launcher:4"
ITSELF = "arn:aws:lambda:eu-central-1:111111111111:function:bestand-staging-rehearsal"
HOOK = {"DeploymentId": "d-A1B2C3D4E", "LifecycleEventHookExecutionId": "eyJlbmNyeXB0ZWREYXRhIjoi" * 12}
SCHEDULED = {"scheduled": "2026-11-28T03:00:00Z"}
LAUNCHER = {
    "CLUSTER": CLUSTER,
    "TASK_DEFINITION": REVISION,
    "SUBNETS": "subnet-1,subnet-2",
    "SECURITY_GROUP": "sg-1",
    "ASSIGN_PUBLIC_IP": "ENABLED",
    "REHEARSAL_STORE": "s3://bestand-staging/rehearsals",
    "REHEARSAL_ACCOUNTS": "111111111111,222222222222",
    "FIRST_PUBLICATION": "no",
}
REHEARSAL = {"CLUSTER": CLUSTER, "LAUNCHER_VERSION": VERSION, "GOOD_STATUSES": "0", "LIMIT_MINUTES": "45"}


class Function:
    """A function as it is loaded into Lambda, with its clients stubbed."""

    def __init__(self, name, environment, **changed):
        path = os.path.join(cloudformation.ROOT, "deploy", "launcher", f"{name}.py")
        spec = importlib.util.spec_from_file_location(f"of_{name}", path)
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.environment = {**environment, **changed}
        names = [name for name in ("ECS", "CODEDEPLOY", "LAMBDA") if hasattr(self.module, name)]
        self.stubs = {name: Stubber(getattr(self.module, name)) for name in names}
        for stub in self.stubs.values():
            stub.activate()
        self.clock, self.slept = 1_000_000.0, 0
        if hasattr(self.module, "time"):
            self.module.time = self

    # The module's `time`.
    def time(self):
        return self.clock

    def sleep(self, seconds):
        self.clock += seconds
        self.slept += seconds

    # The context of an invocation: a quarter of an hour from now.
    aws_request_id = "3f1b2c4d-0000-4000-8000-000000000001"
    invoked_function_arn = ITSELF
    ends = None

    def get_remaining_time_in_millis(self):
        return int((self.ends - self.clock) * 1000)

    def __call__(self, event):
        self.ends = self.clock + 900
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                return self.module.handler(event, self)
        finally:
            os.environ.clear()
            os.environ.update(before)

    def all_asked(self):
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()


def run_task(token, command, environment=(), by="schedule"):
    """What ECS is to be asked, whole."""
    container = {"name": "bestand", "command": command, "environment": list(environment)}
    network = {"subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}
    return {
        "cluster": CLUSTER,
        "taskDefinition": REVISION,
        "count": 1,
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "clientToken": token,
        "startedBy": by,
        "networkConfiguration": {"awsvpcConfiguration": network},
        "overrides": {"containerOverrides": [container]},
    }


DAILY = run_task("20261128T030000Z-scheduled", ["run", "--run-id", "20261128T030000Z-scheduled"])


def raises(function, event, *words):
    try:
        function(event)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        for word in words:
            true(word in told, f"{word!r} in {told}")
        return
    raise AssertionError(f"nothing was raised for {event}")


def the_same_instant_twice_is_asked_for_with_the_same_token_and_run_id(_):
    launcher = Function("launcher", LAUNCHER)
    for _ in range(2):
        launcher.stubs["ECS"].add_response("run_task", {"tasks": [{"taskArn": TASK}], "failures": []}, DAILY)
    equal([launcher(SCHEDULED)["task"] for _ in range(2)], [TASK, TASK], "tasks")
    launcher.all_asked()
    token = DAILY["clientToken"]
    true(len(token) <= 48 and re.fullmatch("[!-~]+", token), f"{token} is a run id, and a token of ECS")


def another_instant_is_another_run(_):
    launcher = Function("launcher", LAUNCHER)
    answer = {"tasks": [{"taskArn": TASK}], "failures": []}
    launcher.stubs["ECS"].add_response("run_task", answer, {**{key: ANY for key in DAILY}})
    equal(launcher({"scheduled": "2026-11-29T03:00:00Z"})["token"], "20261129T030000Z-scheduled", "token")


def what_ecs_does_not_start_is_raised_so_that_it_is_tried_again(_):
    for failure in ({"reason": "RESOURCE:MEMORY", "arn": CLUSTER}, {"reason": "Capacity is unavailable at this time"}):
        launcher = Function("launcher", LAUNCHER)
        launcher.stubs["ECS"].add_response("run_task", {"tasks": [], "failures": [failure]}, DAILY)
        raises(launcher, SCHEDULED, "NotStarted", "20261128T030000Z-scheduled", failure["reason"])
    launcher = Function("launcher", LAUNCHER)
    launcher.stubs["ECS"].add_response("run_task", {"tasks": [], "failures": []}, DAILY)
    raises(launcher, SCHEDULED, "NotStarted")
    for code in ("AccessDeniedException", "ClientException", "ServerException"):
        launcher = Function("launcher", LAUNCHER)
        launcher.stubs["ECS"].add_client_error("run_task", code, "no")
        raises(launcher, SCHEDULED, code)


def a_token_that_has_started_a_task_of_an_earlier_revision_starts_no_second_one(_):
    launcher = Function("launcher", LAUNCHER)
    conflict = {"service_error_code": "ConflictException", "modeled_fields": {"resourceIds": [TASK]}}
    launcher.stubs["ECS"].add_client_error("run_task", **conflict)
    equal(launcher(SCHEDULED)["task"], TASK, "task")
    launcher.stubs["ECS"].add_client_error("run_task", "ConflictException", "about something else")
    raises(launcher, SCHEDULED, "ConflictException")


def a_rehearsal_is_a_dry_run_of_the_chosen_accounts_in_a_store_of_its_own(_):
    launcher = Function("launcher", LAUNCHER)
    run_id = "rehearsal-d-A1B2C3D4E"
    command = ["plan", "--fail-on-gate", "--run-id", run_id, "--accounts", "111111111111,222222222222"]
    environment = [{"name": "BESTAND__RUN_STORE__URL", "value": "s3://bestand-staging/rehearsals"}]
    asked = run_task(run_id, command, environment, "rehearsal")
    launcher.stubs["ECS"].add_response("run_task", {"tasks": [{"taskArn": TASK}]}, asked)
    equal(launcher({"rehearsal": "d-A1B2C3D4E"})["task"], TASK, "task")
    launcher = Function("launcher", LAUNCHER, REHEARSAL_ACCOUNTS="", FIRST_PUBLICATION="yes")
    asked = run_task(run_id, [*command[:4], "--first-run"], environment, "rehearsal")
    launcher.stubs["ECS"].add_response("run_task", {"tasks": [{"taskArn": TASK}]}, asked)
    launcher({"rehearsal": "d-A1B2C3D4E"})
    launcher.all_asked()


def a_persons_command_is_started_as_a_persons(_):
    launcher = Function("launcher", LAUNCHER)
    asked = run_task(Function.aws_request_id, ["publish", "20261128T030000Z-scheduled"], by="operator")
    launcher.stubs["ECS"].add_response("run_task", {"tasks": [{"taskArn": TASK}]}, asked)
    equal(launcher({"command": ["publish", "20261128T030000Z-scheduled"]})["started_by"], "operator", "started by")


def what_makes_no_sense_starts_nothing(_):
    wrong = [{}, {"scheduled": "<aws.scheduler.scheduled-time>"}, {"scheduled": None}, {"rehearsal": "d/../x"}]
    for event in wrong + [{"rehearsal": "d" * 60}, {"command": "run"}, {"command": []}, {"command": [1]}]:
        raises(Function("launcher", LAUNCHER), event, "ValueError")


def payload(value):
    text = json.dumps(value).encode()
    return StreamingBody(io.BytesIO(text), len(text))


def stopped(status=0, reason=None, others=()):
    container = {"name": "bestand", **({"exitCode": status} if status is not None else {"reason": reason})}
    task = {"taskArn": TASK, "lastStatus": "STOPPED", "stoppedReason": reason or "Essential container exited"}
    return {"tasks": [{**task, "containers": [*others, container]}]}


RUNNING = {"tasks": [{"taskArn": TASK, "lastStatus": "RUNNING", "containers": []}]}


class Rehearsal(Function):
    """The rehearsal, its hook to be answered with a status."""

    def __init__(self, looks, status, started=None, live="3", **changed):
        super().__init__("rehearsal", REHEARSAL, **changed)
        if started is not False or live != "3":
            asked = {"FunctionName": VERSION.rpartition(":")[0], "Name": "live"}
            self.stubs["LAMBDA"].add_response("get_alias", {"FunctionVersion": live}, asked)
        if started is not False:
            asked = {"FunctionName": VERSION, "Payload": json.dumps({"rehearsal": HOOK["DeploymentId"]}).encode()}
            self.stubs["LAMBDA"].add_response("invoke", started or {"Payload": payload({"task": TASK})}, asked)
        for look in looks:
            self.stubs["ECS"].add_response("describe_tasks", look, {"cluster": CLUSTER, "tasks": [TASK]})
        if status:
            self.answered(status)

    def answered(self, status):
        told = {"deploymentId": HOOK["DeploymentId"], "status": status}
        told["lifecycleEventHookExecutionId"] = HOOK["LifecycleEventHookExecutionId"]
        self.stubs["CODEDEPLOY"].add_response("put_lifecycle_event_hook_execution_status", {}, told)


def ends(rehearsal, status, *words, event=None):
    answer = rehearsal(event or HOOK)
    equal(answer["status"], status, f"{answer}")
    for word in words:
        true(word in answer["why"], f"{word!r} in {answer}")
    rehearsal.all_asked()


def a_good_rehearsal_lets_the_version_through(_):
    ends(Rehearsal([RUNNING, RUNNING, stopped(0)], "Succeeded"), "Succeeded", "status 0")
    ends(Rehearsal([stopped(20)], "Succeeded", GOOD_STATUSES="0,20"), "Succeeded", "status 20")
    agent = {"name": "aws-guardduty-agent", "exitCode": 137}
    ends(Rehearsal([stopped(0, others=[agent])], "Succeeded"), "Succeeded")


def the_way_back_is_let_through_without_a_rehearsal(_):
    for live in ("4", "5", "12"):
        ends(Rehearsal([], "Succeeded", started=False, live=live), "Succeeded", f"not newer than {live}")
    ends(Rehearsal([stopped(41)], "Failed", LAUNCHER_VERSION=VERSION, live="3"), "Failed", "status 41")
    later = VERSION.replace(":4", ":10")
    rehearsal = Rehearsal([], None, started=False, live="9", LAUNCHER_VERSION=later)
    asked = {"FunctionName": later, "Payload": ANY}
    rehearsal.stubs["LAMBDA"].add_response("invoke", {"Payload": payload({"task": TASK})}, asked)
    rehearsal.stubs["ECS"].add_response("describe_tasks", stopped(41), {"cluster": CLUSTER, "tasks": [TASK]})
    rehearsal.answered("Failed")
    ends(rehearsal, "Failed", "status 41")


def any_other_status_does_not(_):
    for status in (1, 2, 10, 20, 41, 43, 143):
        ends(Rehearsal([stopped(status)], "Failed"), "Failed", f"status {status}")
    why = "CannotPullContainerError: no such image"
    ends(Rehearsal([stopped(None, why)], "Failed"), "Failed", "without an exit status", why)


def whatever_goes_wrong_is_answered_with_failed_at_once(_):
    broken = {"Payload": payload({"errorMessage": "ECS started no task"}), "FunctionError": "Unhandled"}
    ends(Rehearsal([], "Failed", started=broken), "Failed", "ECS started no task")
    ends(Rehearsal([], "Failed", started={"Payload": payload(None)}), "Failed")
    rehearsal = Rehearsal([], None)
    rehearsal.stubs["ECS"].add_client_error("describe_tasks", "AccessDeniedException", "not allowed")
    rehearsal.answered("Failed")
    ends(rehearsal, "Failed", "AccessDeniedException")
    rehearsal = Rehearsal([{"tasks": []}] * 8, "Failed")
    ends(rehearsal, "Failed", "ECS knows no task")


def a_task_that_ecs_does_not_know_yet_is_waited_for(_):
    ends(Rehearsal([{"tasks": []}, {"tasks": []}, RUNNING, stopped(0)], "Succeeded"), "Succeeded")


def a_rehearsal_longer_than_a_functions_quarter_of_an_hour_is_handed_on_and_answered_once(_):
    looks = (900 - 60) // 15 + 2
    first = Rehearsal([RUNNING] * looks, None)
    onward = {}

    def keep(params, **_):
        onward.update(json.loads(params["Payload"]))

    first.module.LAMBDA.meta.events.register("before-parameter-build.lambda.Invoke", keep)
    asked = {"FunctionName": ITSELF, "InvocationType": "Event", "Payload": ANY}
    first.stubs["LAMBDA"].add_response("invoke", {"StatusCode": 202, "Payload": payload(None)}, asked)
    equal(first(HOOK), {"status": "InProgress"}, "answer")
    first.all_asked()
    equal({key: onward[key] for key in (*HOOK, "task")}, {**HOOK, "task": TASK}, "handed on")
    second = Rehearsal([RUNNING, stopped(0)], "Succeeded", started=False)
    second.clock = first.clock
    ends(second, "Succeeded", event=onward)


def a_rehearsal_beyond_its_limit_is_stopped_and_refused_with_what_to_do(_):
    rehearsal = Rehearsal([RUNNING], None, started=False)
    asked = {"cluster": CLUSTER, "task": TASK, "reason": ANY}
    rehearsal.stubs["ECS"].add_response("stop_task", {}, asked)
    rehearsal.answered("Failed")
    event = {**HOOK, "task": TASK, "deadline": rehearsal.clock}
    ends(rehearsal, "Failed", "longer than 45 minutes", "RehearsalAccounts", event=event)


def a_hook_that_is_answered_already_is_left_at_that(_):
    rehearsal = Rehearsal([stopped(0)], None)
    rehearsal.stubs["CODEDEPLOY"].add_client_error(
        "put_lifecycle_event_hook_execution_status", "LifecycleEventAlreadyCompletedException", "done"
    )
    ends(rehearsal, "Succeeded")
    rehearsal = Rehearsal([stopped(0)], None)
    rehearsal.stubs["CODEDEPLOY"].add_client_error(
        "put_lifecycle_event_hook_execution_status", "ThrottlingException", "slowly"
    )
    raises(rehearsal, HOOK, "ThrottlingException")


def documented_statuses():
    with open(os.path.join(cloudformation.ROOT, "README.md"), encoding="utf-8") as file:
        table = file.read().split("### Exit status")[1].split("###")[0]
    return {int(found) for found in re.findall(r"^\| (\d+) \|", table, re.M)}


def every_exit_status_has_its_outcome(_):
    outcome = Function("outcome", {"ENVIRONMENT": "staging"})
    expected = {0: "done", 10: "done", 20: "gaps", 40: "incomplete", 41: "refused", 43: "environment"}
    true(set(expected) <= documented_statuses(), "the statuses of the outcomes are documented")
    for status in documented_statuses() | {137, 139, 255}:
        line = outcome({"detail": {**stopped(status)["tasks"][0], "taskDefinitionArn": REVISION}})
        equal(line["Outcome"], expected.get(status, "failed"), f"outcome of {status}")
        equal(line["Succeeded"], int(status in (0, 10, 20)), f"success of {status}")
        equal((line["Environment"], line["exit_status"]), ("staging", status), "line")
        for metrics in line["_aws"]["CloudWatchMetrics"]:
            for name in [*metrics["Dimensions"][0], *(metric["Name"] for metric in metrics["Metrics"])]:
                true(name in line, f"{name} is in the line")


def a_task_that_never_ran_is_not_started_whatever_its_neighbours_say(_):
    outcome = Function("outcome", {"ENVIRONMENT": "staging"})
    agent = {"name": "aws-guardduty-agent", "exitCode": 0}
    task = {**stopped(None, "no", [agent])["tasks"][0], "taskDefinitionArn": REVISION, "stopCode": "TaskFailedToStart"}
    line = outcome({"detail": task})
    equal((line["Outcome"], line["Succeeded"], line["stop_code"]), ("not_started", 0, "TaskFailedToStart"), "line")


CHECKS = [
    the_same_instant_twice_is_asked_for_with_the_same_token_and_run_id,
    another_instant_is_another_run,
    what_ecs_does_not_start_is_raised_so_that_it_is_tried_again,
    a_token_that_has_started_a_task_of_an_earlier_revision_starts_no_second_one,
    a_rehearsal_is_a_dry_run_of_the_chosen_accounts_in_a_store_of_its_own,
    a_persons_command_is_started_as_a_persons,
    what_makes_no_sense_starts_nothing,
    a_good_rehearsal_lets_the_version_through,
    the_way_back_is_let_through_without_a_rehearsal,
    any_other_status_does_not,
    whatever_goes_wrong_is_answered_with_failed_at_once,
    a_task_that_ecs_does_not_know_yet_is_waited_for,
    a_rehearsal_longer_than_a_functions_quarter_of_an_hour_is_handed_on_and_answered_once,
    a_rehearsal_beyond_its_limit_is_stopped_and_refused_with_what_to_do,
    a_hook_that_is_answered_already_is_left_at_that,
    every_exit_status_has_its_outcome,
    a_task_that_never_ran_is_not_started_whatever_its_neighbours_say,
]

if __name__ == "__main__":
    sys.exit(report(CHECKS, None))
