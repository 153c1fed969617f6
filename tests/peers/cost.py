#!/usr/bin/env python3
"""scripts/cost against sums done by hand, and the documents against scripts/cost: cost.py."""

import json
import os
import re
import runpy
import subprocess
import sys
import tempfile
import tomllib

from run_directory import equal, report, true

REPOSITORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SCRIPT = os.path.join(REPOSITORY, "scripts", "cost")
# Prices that are easy to multiply by.
NAMES = (
    "fargate_x86_vcpu_hour fargate_x86_gb_hour fargate_arm_vcpu_hour fargate_arm_gb_hour fargate_disk_gb_hour "
    "ec2_t3_micro_hour ec2_t4g_micro_hour ebs_gp3_gb_month public_address_hour nat_gateway_hour nat_gateway_gb endpoint_hour endpoint_gb "
    "scheduler_million lambda_million lambda_gb_second logs_gb logs_gb_month metric_month alarm_month dashboard_month "
    "s3_gb_month s3_put_thousand s3_get_thousand secret_month config_query"
).split()
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def ask(*arguments, expect=0):
    process = subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)
    equal(process.returncode, expect, f"status of {arguments}: {process.stderr}")
    return json.loads(process.stdout) if "--json" in arguments else process.stdout + process.stderr


def with_prices(folder, **prices):
    """A table in which everything is free but what is named, and everything was seen but `alarm_month`."""
    path = os.path.join(folder, "prices.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write('date = 2026-01-31\n[sources]\nx = "https://example.org"\n[regions.eu-central-1]\n')
        for name in NAMES:
            seen = "" if name == "alarm_month" else ', seen = "https://example.org"'
            file.write(f'{name} = {{ usd = {float(prices.get(name, 0))}, source = "x"{seen} }}\n')
    return ["--prices", path, "--json"]


def figures(arguments, **prices):
    """By the prices of x86, if the arguments say nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        return ask("--architecture", "x86", *arguments, *with_prices(folder, **prices))


def month(lines):
    return round(sum(usd for _, usd in lines), 6)


@check
def a_run_costs_its_size_by_its_time(_):
    # An hour and no start; a month is 730 hours.
    hour = ["--minutes", "60", "--start-secs", "0", "--cpu", "256", "--memory", "512", "--disk-gb", "25"]
    found = figures(hour, fargate_x86_vcpu_hour=4, fargate_x86_gb_hour=2, fargate_disk_gb_hour=1)
    # A quarter of 4, half of 2, and the five gigabytes beyond the twenty that are free.
    equal(round(found["run"], 6), 7.0, "a run")
    equal(month(found["job"]), round(7 * 730 / 24, 6), "a month")
    equal(round(figures([*hour, "--architecture", "arm"], fargate_arm_vcpu_hour=8)["run"], 6), 2.0, "ARM")
    equal(round(figures([*hour, "--runs-per-day", "2"], fargate_x86_gb_hour=2)["job_month"], 4), round(2 * 730 / 24, 4), "twice a day")


@check
def the_start_is_billed_and_a_minute_at_least(_):
    size = ["--cpu", "1024", "--memory", "1024"]
    found = figures(["--minutes", "5", "--start-secs", "60", *size], fargate_x86_vcpu_hour=60)
    equal(round(found["run"], 6), 6.0, "five minutes and one to start")
    found = figures(["--minutes", "0.1", "--start-secs", "0", *size], fargate_x86_vcpu_hour=60)
    equal(round(found["run"], 6), 1.0, "six seconds are a minute")


@check
def the_minutes_are_those_of_run_json(_):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, ended in enumerate(["2026-11-25T06:10:00Z", "2026-11-25T06:20:00.123456789Z", None]):
            paths.append(os.path.join(folder, f"run-{number}.json"))
            with open(paths[-1], "w", encoding="utf-8") as file:
                json.dump({"started_at": "2026-11-25T06:00:00Z", "ended_at": ended}, file)
        equal(round(ask(*paths[:2], *with_prices(folder, fargate_arm_gb_hour=1))["minutes"], 2), 15.0, "the mean of both")
        true("has not ended" in ask(paths[2], expect=1), "an unfinished run is no measure")
    true("run.json" in ask(expect=2), "one must say something")


@check
def the_way_out_counts_for_both(_):
    size = ["--minutes", "60", "--start-secs", "0", "--traffic-mb", "1000"]
    prices = {"fargate_x86_vcpu_hour": 2, "ec2_t3_micro_hour": 1, "public_address_hour": 0.5, "nat_gateway_hour": 3, "nat_gateway_gb": 2}
    prices |= {"endpoint_hour": 0.1, "endpoint_gb": 1}
    found = figures([*size, "--network", "public"], **prices)
    equal((month(found["job"]), month(found["server"])), (round(1.5 * 730 / 24, 6), 1.5 * 730), "a public address")
    found = figures([*size, "--network", "nat"], **prices)
    equal(month(found["way_out"]), round(3.5 * 730 + 2 * 730 / 24, 6), "a NAT gateway, its address, what passes it")
    equal(round(found["ratio"], 6), round((month(found["server"]) + month(found["way_out"])) / (month(found["job"]) + month(found["way_out"])), 6), "ratio")
    found = figures([*size, "--network", "shared-nat"], **prices)
    equal(month(found["way_out"]), round(2 * 730 / 24, 6), "what passes one that is there anyway")
    found = figures([*size, "--network", "endpoints", "--endpoints", "4", "--zones", "2"], **prices)
    equal(month(found["way_out"]), round(8 * 73 + 730 / 24, 6), "endpoints in each zone, and what passes them")


@check
def the_server_is_of_the_architecture_of_the_task(_):
    size = ["--minutes", "60", "--network", "shared-nat", "--instance-disk-gb", "0"]
    prices = {"ec2_t3_micro_hour": 2, "ec2_t4g_micro_hour": 1, "nat_gateway_gb": 1}
    equal(month(figures([*size, "--architecture", "arm"], **prices)["server"]), 730.0, "ARM")
    equal(month(figures(size, **prices)["server"]), 1460.0, "x86")
    equal(month(figures([*size, "--instance", "t4g.micro"], **prices)["server"]), 730.0, "the one that is said")


@check
def what_is_not_said_is_as_the_template_has_it(_):
    with open(os.path.join(REPOSITORY, "deploy", "service.yml"), encoding="utf-8") as file:
        template = file.read()
    parameters = dict(re.findall(r"^  (\w+):\n(?:    .*\n)*?    Default: \"?([^\"\n]*)\"?\n", template.split("\nResources:")[0], re.M))
    told = runpy.run_path(SCRIPT)["parse"](["--minutes", "1"])
    said = {"ARM64": "arm", "X86_64": "x86"}
    wanted = {"architecture": "Architecture", "cpu": "Cpu", "memory": "Memory", "disk_gb": "ScratchGiB",
              "log_days": "LogRetentionDays", "store_days": "RunRetentionDays"}
    for option, parameter in wanted.items():
        default = parameters[parameter]
        equal(f"{getattr(told, option):g}" if default.isdigit() else told.architecture, said.get(default, default), f"{option} and {parameter}")
    counts = {"alarms": "AWS::CloudWatch::Alarm", "dashboards": "AWS::CloudWatch::Dashboard"}
    for option, kind in counts.items():
        equal(getattr(told, option), (len(re.findall(rf"^    Type: {kind}$", template, re.M))), f"{option} and {kind}")


@check
def what_both_need_is_shown_and_not_compared(_):
    size = ["--minutes", "60", "--start-secs", "0", "--cpu", "1024"]
    found = figures([*size, "--alarms", "3"], fargate_x86_vcpu_hour=1, ec2_t3_micro_hour=1, alarm_month=10)
    equal(round(found["ratio"], 6), 24.0, "an hour a day against a day")
    equal(month(found["either_way"]), 30.0, "alarms")
    equal(round(found["whole_ratio"], 4), round((730 + 30) / (730 / 24 + 30), 4), "with them")
    # A metric is billed by the hours in which it was told anything: one of each day's.
    equal(month(figures([*size, "--metrics", "2"], fargate_x86_gb_hour=1, metric_month=24)["either_way"]), 2.0, "metrics")


@check
def what_was_not_verified_is_told(_):
    equal(figures(["--minutes", "1"], fargate_x86_gb_hour=1)["unseen"], ["alarm_month"], "unseen")
    true("Not verified, see deploy/prices.toml: " in ask("--minutes", "1"), "told")
    true("no prices of eu-nowhere-1" in ask("--minutes", "1", "--region", "eu-nowhere-1", expect=1), "region")
    true("ec2_m9_huge_hour" in ask("--minutes", "1", "--instance", "m9.huge", expect=1), "instance")


@check
def every_price_has_a_source_in_every_region(_):
    with open(os.path.join(REPOSITORY, "deploy", "prices.toml"), "rb") as file:
        table = tomllib.load(file)
    true(table["date"].year >= 2026, "date")
    equal(len({tuple(sorted(prices)) for prices in table["regions"].values()}), 1, "sets of names")
    for region, prices in table["regions"].items():
        for name, price in prices.items():
            true(price["usd"] >= 0 and price["source"] in table["sources"], f"{region} {name}")
            true(set(price) <= {"usd", "source", "seen"}, f"{region} {name}")


@check
def the_readme_says_what_it_computes(_):
    with open(os.path.join(REPOSITORY, "README.md"), encoding="utf-8") as file:
        told = re.findall(r"`scripts/cost ([^`]*)` +\| +\$?([\d.]+) +\| +\$?([\d.]+) +\| +1 : (\d+)", file.read())
    true(len(told) >= 3, f"the table is there: {told}")
    for arguments, job, machine, ratio in told:
        found = ask(*arguments.split(), "--json")
        computed = f"{found['job_month']:.2f}", f"{found['server_month']:.2f}", f"{found['ratio']:.0f}"
        equal((job, machine, ratio), computed, arguments)


if __name__ == "__main__":
    sys.exit(report(CHECKS, None))
