#!/usr/bin/env python3
"""The templates as moto's CloudFormation makes them, each thing looked up by its own interface: deploy_stacks.py.

moto's CREATE_COMPLETE alone says nothing: it makes only some types. Those that it leaves out but knows otherwise are made
by their own interfaces from the rendered properties, which AWS's own model of the call then checks.
"""

import json
import logging
import os
import re
import sys
import warnings

from moto.awslambda.models import lambda_backends

import cloudformation
from cloudformation import Rendered
from moto_here import FRANKFURT, MotoHere
from run_directory import equal, report, true

sys.path.insert(0, cloudformation.path("launcher"))
import outcome  # noqa: E402

os.environ.update(AWS_DEFAULT_REGION=FRANKFURT)
ACCOUNT = "123456789012"
DIGEST = "sha256:" + "ab" * 32
SETTINGS = 'environment = "staging"\n# two lines\n'


def create(moto, name, parameters):
    """Makes a stack, and gives the ids of what moto says that it has made."""
    cloud = moto.client("cloudformation")
    with open(cloudformation.path(f"{name}.yml"), encoding="utf-8") as file:
        body = file.read()
    given = [{"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()]
    cloud.create_stack(StackName=name, TemplateBody=body, Parameters=given, Capabilities=["CAPABILITY_NAMED_IAM"])
    pages = cloud.get_paginator("list_stack_resources").paginate(StackName=name)
    rows = [row for page in pages for row in page["StackResourceSummaries"]]
    return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows if row.get("LogicalResourceId")}


class World:
    def __init__(self):
        # What moto does not make is known, and looked at otherwise.
        warnings.simplefilter("ignore")
        logging.getLogger("moto").setLevel(logging.CRITICAL)
        self.moto = MotoHere()
        ec2 = self.moto.client("ec2")
        self.vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        self.subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]][:2]
        self.database = ec2.create_security_group(GroupName="itk", Description="itk", VpcId=self.vpc)["GroupId"]
        self.moto.client("ssm").put_parameter(Name="/bestand/staging", Value=SETTINGS, Type="String")
        self.parameters = {
            "Environment": "staging",
            "RegistryAccount": ACCOUNT,
            "ImageDigest": DIGEST,
            "SettingsParameter": "/bestand/staging",
            "SettingsVersion": 1,
            "ExternalId": "peer-4711",
            "RegisterSecretArn": f"arn:aws:secretsmanager:{FRANKFURT}:{ACCOUNT}:secret:bestand/register-AbCdEf",
            "DatabaseSecurityGroupId": self.database,
            "VpcId": self.vpc,
            "SubnetIds": ",".join(self.subnets),
            "RehearsalAccounts": "111111111111,222222222222",
            "AlarmEmail": "betrieb@example.org",
        }
        self.made = create(self.moto, "service", self.parameters)
        # moto puts its own object where a reference to a version stands, and cannot show it then.
        variables = lambda_backends[ACCOUNT][FRANKFURT].get_function("bestand-staging-rehearsal").environment_vars
        variables["LAUNCHER_VERSION"] = self.made["LauncherVersion"]
        self.rendered = Rendered("service.yml", **self.parameters)
        self.task_role = f"arn:aws:iam::{ACCOUNT}:role/bestand-staging-task"
        member = {"TaskRoleArn": self.task_role, "ExternalId": "peer-4711", "OrganizationId": "o-0123456789"}
        create(self.moto, "member-account", member)

    def attributes(self):
        """What only AWS knows, as moto has it."""
        roles = self.moto.client("iam").list_roles()["Roles"]
        (rehearsal,) = [role["Arn"] for role in roles if role["RoleName"] == "bestand-staging-rehearsal"]
        return {
            "{Alarms}": self.made["Alarms"],
            "{Undelivered.Arn}": f"arn:aws:sqs:{FRANKFURT}:{ACCOUNT}:bestand-staging-undelivered",
            "{Undelivered.QueueName}": "bestand-staging-undelivered",
            "{TaskRole.Arn}": self.task_role,
            "{SchedulerRole.Arn}": rehearsal,
            "{RolloutRole.Arn}": rehearsal,
            "{RolloutApplication}": "bestand-staging",
            "{Live}": f"arn:aws:lambda:{FRANKFURT}:{ACCOUNT}:function:bestand-staging-launcher:live",
            "{Store}": "bestand-staging-123456789012-eu-central-1",
            "{Store.Arn}": "arn:aws:s3:::bestand-staging-123456789012-eu-central-1",
            "{Launcher}": "bestand-staging-launcher",
            "{LauncherVersion.Version}": "1",
            "{LauncherAlarm}": "bestand-staging-launcher",
            "{NotStartedAlarm}": "bestand-staging-not-started",
            "{EnvironmentAlarm}": "bestand-staging-environment",
        }

    def properties(self, key):
        """The rendered properties, with what AWS knows put in."""
        text = json.dumps(self.rendered.properties(key))
        for name, value in self.attributes().items():
            text = text.replace(name, value)
        return json.loads(text)


def small(value):
    """The same with keys as most of AWS's interfaces write them."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: small(one) for key, one in value.items()}
    return [small(one) for one in value] if isinstance(value, list) else value


def the_task_is_locked_down_and_has_its_settings(world):
    ecs = world.moto.client("ecs")
    task = ecs.describe_task_definition(taskDefinition="bestand-staging")["taskDefinition"]
    (container,) = task["containerDefinitions"]
    equal(container["image"], f"{ACCOUNT}.dkr.ecr.{FRANKFURT}.amazonaws.com/bestand@{DIGEST}", "image")
    true(container["readonlyRootFilesystem"], "the root is read-only")
    equal(container["user"], "65532:65532", "user")
    equal(container["linuxParameters"]["capabilities"], {"drop": ["ALL"]}, "capabilities")
    equal(container["stopTimeout"], 120, "time to stop in")
    equal(container["logConfiguration"]["options"]["mode"], "blocking", "log")
    equal(container["logConfiguration"]["options"]["awslogs-group"], "/bestand/staging/job", "log group")
    equal([mount["containerPath"] for mount in container["mountPoints"]], ["/scratch"], "what can be written to")
    # moto leaves a hole where there is no value.
    equal([secret["name"] for secret in container["secrets"] if secret], ["REGISTER_SECRET"], "secrets")
    variables = {one["name"]: one["value"] for one in container["environment"]}
    equal(variables["BESTAND_SETTINGS"], "env:SETTINGS", "where the settings are")
    # moto leaves the reference for CloudFormation to resolve; what it names is there.
    equal(variables["SETTINGS"], "{{resolve:ssm:/bestand/staging:1}}", "the settings, of one version")
    found = world.moto.client("ssm").get_parameter(Name="/bestand/staging:1")
    equal(found["Parameter"]["Value"], SETTINGS, "the settings")
    equal(variables["TMPDIR"], "/scratch", "where files are staged")
    true(ecs.describe_clusters(clusters=["bestand-staging"])["clusters"], "cluster")


def the_task_definition_is_one_that_ecs_takes(world):
    """By AWS's own model: moto looks less closely."""
    known = small(world.properties("Task"))
    known["ephemeralStorage"]["sizeInGiB"] = int(known["ephemeralStorage"]["sizeInGiB"])
    task = world.moto.client("ecs").register_task_definition(**known)["taskDefinition"]
    equal((task["networkMode"], task["requiresCompatibilities"]), ("awsvpc", ["FARGATE"]), "task")
    equal(task["runtimePlatform"], {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}, "platform")
    equal((task["cpu"], task["memory"]), ("512", "1024"), "size")
    equal(task["taskRoleArn"], world.task_role, "role")


def the_bucket_is_versioned_encrypted_and_closed(world):
    s3, name = world.moto.client("s3"), "bestand-staging-123456789012-eu-central-1"
    equal(world.properties("Store")["VersioningConfiguration"], {"Status": "Enabled"}, "versions")
    rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    equal(rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256", "encryption")
    closed = world.properties("Store")["PublicAccessBlockConfiguration"]
    equal(set(closed.values()) | {len(closed)}, {True, 4}, "public access")
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=closed)
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(world.properties("StorePolicy")["PolicyDocument"]))
    lifecycle = world.properties("Store")["LifecycleConfiguration"]["Rules"]
    ending = {rule["Prefix"] for rule in lifecycle if "ExpirationInDays" in rule}
    equal(ending, {"store/runs/", "rehearsals/"}, "what ends: never the history, the environment and the lease")
    keyed = Rendered("service.yml", **world.parameters, KeyArn="arn:aws:kms:eu-central-1:1:key/k", ObjectLock="yes")
    (rule,) = keyed.properties("Store")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    equal(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"], "arn:aws:kms:eu-central-1:1:key/k", "key")
    true(keyed.properties("Store")["ObjectLockEnabled"], "object lock, if asked for")
    true("ObjectLockEnabled" not in world.rendered.properties("Store"), "none, if not")
    for key in ("Store", "JobLog", "Task", "LauncherVersion"):
        kept = world.rendered.resources[key]
        equal((kept["DeletionPolicy"], kept["UpdateReplacePolicy"]), ("RetainExceptOnCreate", "Retain"), f"{key} is kept")


def only_the_job_and_a_named_role_write_into_the_store(world):
    operator = f"arn:aws:iam::{ACCOUNT}:role/betrieb"
    for role, allowed in (("", [world.task_role]), (operator, [world.task_role, operator])):
        rendered = Rendered("service.yml", **world.parameters, OperatorRoleArn=role)
        statements = rendered.properties("StorePolicy")["PolicyDocument"]["Statement"]
        fence = {statement["Sid"]: statement for statement in statements}
        condition = fence["OnlyTheJobWrites"]["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
        equal([world.attributes().get(one, one) for one in condition], allowed, "who may write")
        equal(fence["TlsOnly"]["Condition"], {"Bool": {"aws:SecureTransport": "false"}}, "TLS only")


def nothing_comes_in_and_only_https_and_the_database_go_out(world):
    ec2 = world.moto.client("ec2")
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [world.vpc]}])["SecurityGroups"]
    (group,) = [one for one in groups if one["Description"].startswith("bestand staging")]
    equal(group["IpPermissions"], [], "what comes in")
    # moto leaves out what may go out.
    (out,) = world.rendered.properties("TaskGroup")["SecurityGroupEgress"]
    equal((out["FromPort"], out["ToPort"], out["IpProtocol"]), (443, 443, "tcp"), "what goes out")
    onward = world.rendered.properties("TaskToDatabase")
    equal((onward["ToPort"], onward["DestinationSecurityGroupId"]), ("5432", world.database), "what goes to the database")
    (itk,) = [one for one in groups if one["GroupId"] == world.database]
    (rule,) = itk["IpPermissions"]
    equal(rule["UserIdGroupPairs"][0]["GroupId"], group["GroupId"], "who reaches the database")
    without = Rendered("service.yml", **{**world.parameters, "DatabaseSecurityGroupId": ""})
    true("DatabaseFromTask" not in without.resources and "TaskToDatabase" not in without.resources, "no database")


def logs_queue_topic_and_rule_are_there(world):
    groups = world.moto.client("logs").describe_log_groups()["logGroups"]
    kept = {group["logGroupName"]: group.get("retentionInDays") for group in groups}
    for name in ("/bestand/staging/job", "/bestand/staging/functions"):
        equal(kept.get(name), 400, f"retention of {name}")
    world.moto.client("sqs").get_queue_url(QueueName="bestand-staging-undelivered")
    topics = [topic["TopicArn"] for topic in world.moto.client("sns").list_topics()["Topics"]]
    true(world.made["Alarms"] in topics, f"{topics}")
    events = world.moto.client("events")
    pattern = json.loads(events.describe_rule(Name="bestand-staging-ended")["EventPattern"])
    equal((pattern["detail"]["startedBy"], pattern["detail"]["lastStatus"]), (["schedule"], ["STOPPED"]), "rule")
    (target,) = events.list_targets_by_rule(Rule="bestand-staging-ended")["Targets"]
    true(target["Arn"].endswith(":function:bestand-staging-outcome"), f"{target}")


def the_functions_are_those_of_their_files_and_the_version_names_the_revision(world):
    functions = {one["FunctionName"]: one for one in world.moto.client("lambda").list_functions()["Functions"]}
    for name in ("launcher", "rehearsal", "outcome"):
        found = functions[f"bestand-staging-{name}"]
        equal((found["Runtime"], found["Handler"]), ("python3.13", "index.handler"), name)
        code = world.rendered.properties(name.capitalize())["Code"]["ZipFile"]
        compile(code, name, "exec")
        with open(cloudformation.path(f"launcher/{name}.py"), encoding="utf-8") as file:
            equal(code.split("\n", 1)[1].strip(), file.read().strip(), f"code of {name}")
    variables = functions["bestand-staging-launcher"]["Environment"]
    task = variables["Variables"]["TASK_DEFINITION"]
    true(task.endswith(":task-definition/bestand-staging:1"), f"the revision is pinned: {task}")
    description = world.rendered.properties("LauncherVersion")["Description"]
    true(description.endswith(" starts {Task}"), f"a new revision makes a new version: {description}")


def every_variable_that_a_function_reads_is_given_to_it(world):
    for name in ("launcher", "rehearsal", "outcome"):
        given = set(world.rendered.properties(name.capitalize())["Environment"]["Variables"])
        code = world.rendered.properties(name.capitalize())["Code"]["ZipFile"]
        equal(given, set(re.findall(r'os\.environ\["(\w+)"\]', code)), f"variables of {name}")


def the_alias_moves_by_codedeploy_after_the_rehearsal(world):
    live = world.rendered.resources["Live"]
    update = live["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    equal(update["BeforeAllowTrafficHook"], {"Ref": "Rehearsal"}, "hook")
    equal(live["Properties"]["FunctionVersion"], "{LauncherVersion.Version}", "version")
    rehearsed = world.rendered.properties("Rehearsal")["Environment"]["Variables"]["LAUNCHER_VERSION"]
    equal(rehearsed, "{LauncherVersion}", "the version that is rehearsed is the one that is rolled out")
    deploy = world.moto.client("codedeploy")
    deploy.create_application(**small(world.properties("RolloutApplication")))
    deploy.create_deployment_group(**small(world.properties("Rollout")))
    group = deploy.get_deployment_group(applicationName="bestand-staging", deploymentGroupName="launcher")
    info = group["deploymentGroupInfo"]
    true("DEPLOYMENT_FAILURE" in info["autoRollbackConfiguration"]["events"], f"{info}")
    true("DEPLOYMENT_STOP_ON_ALARM" in info["autoRollbackConfiguration"]["events"], f"{info}")


def the_schedule_has_a_time_zone_a_window_few_attempts_and_a_queue(world):
    schedule = world.properties("Daily")
    schedule["FlexibleTimeWindow"]["MaximumWindowInMinutes"] = int(
        schedule["FlexibleTimeWindow"]["MaximumWindowInMinutes"]
    )
    scheduler = world.moto.client("scheduler")
    scheduler.create_schedule(**schedule)
    found = scheduler.get_schedule(Name="bestand-staging")
    equal(found["ScheduleExpressionTimezone"], "Europe/Berlin", "time zone")
    equal(found["FlexibleTimeWindow"]["Mode"], "FLEXIBLE", "window")
    target = found["Target"]
    true(target["Arn"].endswith(":function:bestand-staging-launcher:live"), f"{target['Arn']}")
    true(target["RetryPolicy"]["MaximumRetryAttempts"] <= 3, "attempts")
    true(target["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 3600, "age")
    true(target["DeadLetterConfig"]["Arn"].endswith("undelivered"), "queue")
    equal(json.loads(target["Input"]), {"scheduled": "<aws.scheduler.scheduled-time>"}, "input")
    retries = world.rendered.properties("LiveRetries")
    true(retries["MaximumRetryAttempts"] <= 2 and retries["Qualifier"] == "live", "Lambda's own attempts")


def every_outcome_but_done_has_its_alarm_and_each_alarm_is_told(world):
    watch = world.moto.client("cloudwatch")
    keys = world.rendered.of_type("AWS::CloudWatch::Alarm")
    for key in keys:
        watch.put_metric_alarm(**world.properties(key))
    alarms = {alarm["AlarmName"]: alarm for alarm in watch.describe_alarms()["MetricAlarms"]}
    equal(len(alarms), len(keys), "alarms")
    for alarm in alarms.values():
        equal(alarm["AlarmActions"], [world.made["Alarms"]], f"who is told of {alarm['AlarmName']}")
    words = {*outcome.OUTCOMES.values(), "failed", "not_started"} - {"done"}
    watched = {
        dimension["Value"]
        for alarm in alarms.values()
        for dimension in alarm["Dimensions"]
        if alarm["MetricName"] == "Ended" and dimension["Name"] == "Outcome"
    }
    equal(watched, words, "outcomes with an alarm")
    by = {one["Name"]: one["Value"] for one in alarms["bestand-staging-launcher"]["Dimensions"]}
    function = "bestand-staging-launcher"
    equal(by, {"FunctionName": function, "Resource": f"{function}:live"}, "errors of the alias, not of rehearsals")
    late = alarms["bestand-staging-no-success"]
    equal(late["Period"] * late["EvaluationPeriods"], 26 * 3600, "hours without success")
    equal((late["TreatMissingData"], late["MetricName"]), ("breaching", "Succeeded"), "no word is no success")
    shown = json.loads(world.rendered.properties("Dashboard")["DashboardBody"])
    (listed,) = [widget["properties"]["alarms"] for widget in shown["widgets"] if widget["type"] == "alarm"]
    equal({arn.rsplit(":", 1)[1] for arn in listed}, set(alarms), "alarms on the dashboard")


def the_dashboard_shows_metrics_that_there_are(world):
    with open(os.path.join(cloudformation.ROOT, "docs", "LOGGING.md"), encoding="utf-8") as file:
        of_the_job = set(re.findall(r"^\| `(\w+)` \|", file.read().split("### The metrics")[1], re.M))
    shown = json.loads(world.rendered.properties("Dashboard")["DashboardBody"])
    lines = [
        line
        for widget in shown["widgets"]
        if widget["type"] == "metric"
        for line in widget["properties"]["metrics"]
        if "Command" in line or line[0] == "."
    ]
    true(len(lines) >= 6, f"{lines}")
    for line in lines:
        true(line[1] in of_the_job, f"{line[1]} is a metric of docs/LOGGING.md")


def the_role_in_an_account_trusts_one_role_with_an_external_id_in_one_organisation(world):
    role = world.moto.client("iam").get_role(RoleName="bestand-reader")["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    equal(statement["Principal"], {"AWS": world.task_role}, "who")
    expected = {"StringEquals": {"sts:ExternalId": "peer-4711", "aws:PrincipalOrgID": "o-0123456789"}}
    equal(statement["Condition"], expected, "on which condition")
    equal(role["MaxSessionDuration"], 3600, "for how long")
    without = Rendered("member-account.yml", TaskRoleArn=world.task_role, ExternalId="x-1")
    (statement,) = without.properties("Reader")["AssumeRolePolicyDocument"]["Statement"]
    equal(statement["Condition"], {"StringEquals": {"sts:ExternalId": "x-1"}}, "without an organisation")


CHECKS = [
    the_task_is_locked_down_and_has_its_settings,
    the_task_definition_is_one_that_ecs_takes,
    the_bucket_is_versioned_encrypted_and_closed,
    only_the_job_and_a_named_role_write_into_the_store,
    nothing_comes_in_and_only_https_and_the_database_go_out,
    logs_queue_topic_and_rule_are_there,
    the_functions_are_those_of_their_files_and_the_version_names_the_revision,
    every_variable_that_a_function_reads_is_given_to_it,
    the_alias_moves_by_codedeploy_after_the_rehearsal,
    the_schedule_has_a_time_zone_a_window_few_attempts_and_a_queue,
    every_outcome_but_done_has_its_alarm_and_each_alarm_is_told,
    the_dashboard_shows_metrics_that_there_are,
    the_role_in_an_account_trusts_one_role_with_an_external_id_in_one_organisation,
]

if __name__ == "__main__":
    sys.exit(report(CHECKS, World()))
