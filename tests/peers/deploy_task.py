#!/usr/bin/env python3
"""The real program as the template and the launcher start it: deploy_task.py BESTAND.

Variables come from the rendered task definition, arguments and overrides from the launcher's own code. The AWS around it
is the sandbox, the bucket moto's.
"""

import os
import re
import signal
import sys
import tomllib

import cloudformation
from cloudformation import Rendered
from moto_store import World, play
from run_directory import equal, true

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
sys.path.insert(0, cloudformation.path("launcher"))
import launcher  # noqa: E402

CHECKS = []
SCHEDULED = {"scheduled": "2026-11-28T03:00:00Z"}
DAILY = "20261128T030000Z-scheduled"
REHEARSED = {"rehearsal": "d-A1B2C3D4E"}


def check(function):
    CHECKS.append(function)
    return function


class Task(World):
    """The sandbox, with the task's variables in place of the test's own."""

    def __init__(self, program, moto, folder):
        super().__init__(program, moto, folder)
        with open(self.environment.pop("BESTAND_SETTINGS"), encoding="utf-8") as file:
            text = file.read()
        settings = tomllib.loads(text)
        self.environment.pop("BESTAND__RUN_STORE__URL")
        role = settings["accounts"]["role"]
        # What the parameters give must not be needed in the settings' text.
        text = re.sub(r'external_id = "[^"]*"', 'external_id = "of-the-settings"', text)
        query = "select account from assets where status = 'active' group by account order by count(*)"
        self.accounts = [found for found in self.column(query) if re.fullmatch(r"\d{12}", found)]
        given = {
            "Environment": settings["environment"],
            "RegistryAccount": "111111111111",
            "ImageDigest": "sha256:" + "0" * 64,
            "SettingsParameter": "/bestand/staging/settings",
            "SettingsVersion": 1,
            "ExternalId": role["external_id"],
            "MemberRoleName": role["name"],
            "VpcId": "vpc-1",
            "SubnetIds": "subnet-1",
            "RehearsalAccounts": self.accounts[0],
        }
        self.rendered = Rendered("service.yml", **given)
        (container,) = self.rendered.properties("Task")["ContainerDefinitions"]
        self.scratch = os.path.join(folder, "scratch")
        os.mkdir(self.scratch)
        for variable in container["Environment"]:
            self.environment[variable["Name"]] = variable["Value"].replace("{Store}", self.bucket)
        self.environment |= {"SETTINGS": text, "TMPDIR": self.scratch}

    def column(self, query):
        return [row[0] for row in self.sql("itk.db", query) if row[0]]

    def launch(self, event, expect=0, words=(), **changed):
        """Runs what the launcher would start for the event."""
        variables = self.rendered.properties("Launcher")["Environment"]["Variables"]
        variables = {**variables, **changed}
        before = dict(os.environ)
        os.environ.update({name: value.replace("{Store}", self.bucket) for name, value in variables.items()})
        try:
            _, _, arguments, overrides = launcher.asked(event, "a-request")
        finally:
            os.environ.clear()
            os.environ.update(before)
        return self.run(*arguments, expect=expect, words=words, **overrides)

    def below(self, prefix):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def published(self):
        self.launch({"command": ["settings", "--init-store"]})
        return self.launch({"command": ["run", "--first-run"]})


@check
def the_scheduled_task_runs_once_for_its_instant(task):
    task.published()
    task.launch(SCHEDULED)
    true(f"store/runs/{DAILY}/run.json" in task.below("store/runs/"), "its run has the id of its instant")
    # ECS starts one task for one token; should it ever start two, the run store refuses the second.
    before = task.below("store/")
    task.launch(SCHEDULED, expect=2, words=["exists already"])
    equal(task.below("store/"), before, "nothing was written a second time")
    equal(task.doubled(), [], "nothing doubled")


@check
def nothing_is_written_but_in_scratch_and_the_bucket(task):
    def there():
        return {os.path.join(path, name) for path, _, names in os.walk(task.folder) for name in names}

    before = there()
    task.launch({"command": ["plan", "--first-run"]})
    new = {path for path in there() - before if not path.endswith(("-wal", "-shm", "-journal"))}
    equal(new, set(), "files that are left")


@check
def a_rehearsal_over_a_part_of_the_accounts_is_good_and_touches_nothing_of_the_daily_run(task):
    task.published()
    before = {key: task.s3.head_object(Bucket=task.bucket, Key=key)["ETag"] for key in task.below("store/")}
    summary = task.launch(REHEARSED)
    equal(summary["run_id"], "rehearsal-d-A1B2C3D4E", "run id")
    after = {key: task.s3.head_object(Bucket=task.bucket, Key=key)["ETag"] for key in task.below("store/")}
    equal(after, before, "the daily run's store")
    true("rehearsals/runs/rehearsal-d-A1B2C3D4E/report.html" in task.below("rehearsals/"), "the report of the rehearsal")
    equal(summary["gate"]["verdict"], "approved", "what is owned elsewhere does not count")


@check
def a_rehearsal_goes_on_while_the_daily_run_holds_its_lease(task):
    task.published()
    running = task.start("run", BESTAND__RUN_STORE__LEASE_SECS="240")
    task.wait(running, "a run", lambda: len({key.split("/")[2] for key in task.below("store/runs/")}) > 1)
    running.send_signal(signal.SIGSTOP)
    task.run("plan", expect=42)
    task.launch(REHEARSED)
    running.send_signal(signal.SIGCONT)
    task.ended(running, "run", 0)


@check
def before_the_first_publication_a_rehearsal_must_be_told_so(task):
    summary = task.launch(REHEARSED, expect=41)
    equal([reason["code"] for reason in summary["gate"]["reasons"]], ["first_run"], "why it is refused")
    task.launch({"rehearsal": "d-A1B2C3D4F"}, FIRST_PUBLICATION="yes")


@check
def a_version_with_settings_that_are_wrong_does_not_pass_its_rehearsal(task):
    task.environment["SETTINGS"] += "\nunknown_key = 1\n"
    task.launch(REHEARSED, expect=2, words=["unknown_key", "env:SETTINGS"])
    task.environment["SETTINGS"] = ""
    task.launch(REHEARSED, expect=2, words=["the variable SETTINGS is not set"])


if __name__ == "__main__":
    sys.exit(play(CHECKS, Task, "bestand-task-"))
