#!/usr/bin/env python3
"""The templates of deploy/, as foreign tools see them: deploy_templates.py BESTAND EXAMINERS_PYTHON.

cfn-lint, checkov, cloudsplaining and policy_sentry look at them; the rest holds them against the program and the documents.
EXAMINERS_PYTHON is the Python of the venv that has checkov and cloudsplaining.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

import yaml

import cloudformation
from cloudformation import PSEUDO, Rendered, actions
from cloudformation_calls import CALLS, ROLLOUT
from cloudformation_calls import arn as arn_of
from policy_evaluation import allows
from run_directory import equal, report, true

NAMES = ["member-account.yml", "service.yml", "environment-account.yml", "pipeline.yml"]
TASK_ROLE = "arn:aws:iam::333333333333:role/bestand-staging-task"
DATABASE_USER = "arn:aws:rds-db:eu-central-1:333333333333:dbuser:db-ABCDEFGHIJKLMNOPQRSTUVWXYZ/bestand"
ROOTS = "arn:aws:secretsmanager:eu-central-1:333333333333:secret:bestand/roots-AbCdEf"
# Actions that are allowed on everything though AWS could narrow them, and why.
WIDE = {
    "organizations:ListAccountsForParent": "units are found from the root down; their ids are not known beforehand",
    "organizations:ListOrganizationalUnitsForParent": "the same",
    "organizations:ListTagsForResource": "accounts are found, not known",
    "ecs:CreateCluster": "asked before there is a cluster",
}


def read(*path):
    with open(os.path.join(cloudformation.ROOT, *path), encoding="utf-8") as file:
        return file.read()


# The launcher's variables that a change of parameters or of resources can change, and those that it cannot.
CHANGEABLE = ("SUBNETS", "SECURITY_GROUP", "ASSIGN_PUBLIC_IP", "REHEARSAL_ACCOUNTS", "FIRST_PUBLICATION")
NAMED_BY_ENVIRONMENT = ("CLUSTER", "REHEARSAL_STORE")


class World:
    def __init__(self, program, examiner):
        self.program, self.examiner = os.path.abspath(program), os.path.abspath(examiner)
        self.environments = {
            name: json.loads(read("deploy", "environments", f"{name}.json"))["Parameters"]
            for name in ("staging", "production")
        }
        self.document = read("docs", "OPERATING.md")

    def service(self, name, digest="0", version=1, **changed):
        given = {"ImageDigest": f"sha256:{digest * 64}", "SettingsVersion": version, "RegistryAccount": "333333333333"}
        return Rendered("service.yml", **{**given, **self.environments[name], **changed})

    def variants(self):
        """Every template with all that conditions can add."""
        key = "arn:aws:kms:eu-central-1:333333333333:key/00000000-0000-0000-0000-000000000000"
        yield "member-account", Rendered("member-account.yml", TaskRoleArn=TASK_ROLE, ExternalId="x-1")
        by_iam = {"DatabaseSecurityGroupId": "sg-00000000000000000", "DatabaseUserArn": DATABASE_USER, "ExtraRootsArn": ROOTS}
        yield "service", self.service("production", ReadsAggregator="yes", KeyArn=key, SecretsKeyArn=key, **by_iam)
        yield "environment-account", Rendered("environment-account.yml")
        yield "pipeline", Rendered("pipeline.yml", KeyArn=key, ApprovalEmail="a@example.org")
        connection = "00000000-0000-0000-0000-000000000000"
        yield "pipeline by connection", Rendered("pipeline.yml", Source="Connection", ConnectionId=connection)
        elsewhere = {"StagingAccount": "222222222222", "ProductionAccount": "333333333333"}
        yield "pipeline across accounts", Rendered("pipeline.yml", **elsewhere)

    def printed_policies(self):
        with tempfile.TemporaryDirectory(prefix="bestand-policy-") as folder:
            settings = os.path.join(folder, "bestand.toml")
            with open(settings, "w", encoding="utf-8") as file:
                subprocess.run([self.program, "settings", "--default"], stdout=file, check=True, timeout=60)
            command = [self.program, "settings", "--policy", "--settings", settings]
            printed = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
        return printed["member_role"]["policy"], printed["job_role"]["policy"]

    def examine(self, policies):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "policy_examiner.py")
        told = subprocess.run(
            [self.examiner, script], input=json.dumps(policies), capture_output=True, text=True, timeout=300
        )
        equal(told.returncode, 0, told.stderr[-2000:])
        return json.loads(told.stdout)


def cfn_lint_finds_nothing(_):
    program = os.path.join(os.path.dirname(sys.executable), "cfn-lint")
    paths = [cloudformation.path(name) for name in NAMES]
    told = subprocess.run([program, "--non-zero-exit-code", "informational", *paths], capture_output=True, text=True)
    equal((told.returncode, told.stdout), (0, ""), "cfn-lint")


def checkov_finds_nothing_and_each_exception_has_its_reason(world):
    checkov = os.path.join(os.path.dirname(world.examiner), "checkov")
    files = [part for name in NAMES for part in ("-f", cloudformation.path(name))]
    # It would ask its maker for guidelines.
    command = [checkov, *files, "--framework", "cloudformation", "--skip-download", "--output", "json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=300).stdout)
    results = told["results"]
    failed = [f"{found['check_id']} {found['resource']}" for found in results["failed_checks"]]
    equal(failed, [], "failed checks")
    true(len(results["passed_checks"]) > 100, "it did look")
    skipped = {(one["resource"].split(".")[-1], one["check_id"]) for one in results["skipped_checks"]}
    excused = set()
    for name in NAMES:
        for key, resource in cloudformation.load(name)["Resources"].items():
            for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
                true(len(skip["comment"]) > 10, f"{key} gives no reason for {skip['id']}")
                excused.add((key, skip["id"]))
    equal(sorted(excused - skipped), [], "exceptions that nothing needs")


def no_policy_has_a_wildcard_an_unknown_action_or_a_way_up(world):
    policies = {
        f"{name}: {where}": policy for name, template in world.variants() for where, policy in template.policies()
    }
    true(len(policies) > 15, f"{sorted(policies)}")
    # What is one role's in several policies must not add up to a way up either.
    told = world.examine(policies)
    wrong = {name: found["wrong"] for name, found in told.items() if found["wrong"]}
    equal(wrong, {}, "wrong")
    wide = {action for found in told.values() for action in found["wide"]}
    equal(wide, set(WIDE), "actions that could be narrowed, each with its reason")


def the_examiner_would_tell(world):
    statement = {"Effect": "Allow", "Resource": "*"}
    bad = {
        "wildcard": ["s3:Get*"],
        "unknown": ["s3:GetObjekt"],
        "way up": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"],
    }
    told = world.examine(
        {name: {"Version": "2012-10-17", "Statement": [{**statement, "Action": of}]} for name, of in bad.items()}
    )
    for name, words in (("wildcard", "a wildcard"), ("unknown", "no such action"), ("way up", "escalation")):
        true(any(words in found for found in told[name]["wrong"]), f"{name}: {told[name]}")


def the_role_in_an_account_allows_what_the_program_says_and_no_more(world):
    member, _ = world.printed_policies()
    template = dict(world.variants())["member-account"]
    ((_, policy),) = template.policies()
    equal(policy, member, "policy of the role in an account")
    equal(len(template.resources), 1, "nothing but the role")


def the_jobs_own_role_allows_what_the_program_says_and_its_store(world):
    _, job = world.printed_policies()
    policies = dict(world.service("staging", ReadsAggregator="yes").policies())
    store = {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"}
    equal(actions(policies["TaskRole/bestand"]), actions(job) | store, "actions of the task role")
    policies = dict(world.service("staging", ReadsOrganization="no").policies())
    equal(actions(policies["TaskRole/bestand"]), {"sts:AssumeRole"} | store, "with a list of accounts")
    statements = policies["TaskRole/bestand"]["Statement"]
    (enters,) = [statement for statement in statements if statement["Action"] == "sts:AssumeRole"]
    equal(enters["Resource"], "arn:aws:iam::*:role/bestand-reader-staging", "roles that it enters")
    equal(enters["Condition"], {"StringEquals": {"aws:ResourceOrgID": "o-0000000000"}}, "only of the organisation")


def the_job_signs_in_to_one_user_of_the_database_and_needs_no_password(world):
    template = world.service("staging", SourceSecretArn="", DatabaseUserArn=DATABASE_USER, ExtraRootsArn=ROOTS)
    about = [
        (where, statement["Resource"])
        for where, policy in template.policies()
        for statement in policy["Statement"]
        if "rds-db:connect" in statement["Action"]
    ]
    equal([resource for _, resource in about], [DATABASE_USER], f"who may sign in: {about}")
    true("TaskRole" in about[0][0], about)
    (container,) = template.properties("Task")["ContainerDefinitions"]
    secrets = {secret["Name"]: secret["ValueFrom"] for secret in container["Secrets"] if secret}
    equal((sorted(secrets), secrets["EXTRA_ROOTS"]), (["EXTRA_ROOTS", "REGISTER_SECRET"], ROOTS), "what is handed over")
    pattern = cloudformation.load("service.yml")["Parameters"]["DatabaseUserArn"]["AllowedPattern"]
    for arn in ("", DATABASE_USER):
        true(re.fullmatch(pattern, arn), f"{arn!r} is refused")
    for arn in (DATABASE_USER.replace("bestand", "*"), DATABASE_USER.replace("db-ABC", "*"), DATABASE_USER.rsplit("/", 1)[0]):
        true(not re.fullmatch(pattern, arn), f"{arn!r} is let through")


def the_boundary_holds_all_that_the_roles_allow_and_nothing_besides(world):
    account = dict(world.variants())["environment-account"]
    boundary = actions(account.properties("Boundary")["PolicyDocument"])
    service = dict(world.variants())["service"]
    allowed = set().union(*(actions(policy) for _, policy in service.policies()))
    equal(boundary, allowed, "the boundary")
    bounded = world.service("staging", PermissionsBoundaryArn="arn:aws:iam::333333333333:policy/bestand-boundary")
    for key, role in bounded.of_type("AWS::IAM::Role").items():
        true("PermissionsBoundary" in role, f"{key} has no boundary")


def who_gives_up_into_an_encrypted_queue_may_use_its_key(world):
    key, region = "arn:aws:kms:eu-central-1:333333333333:key/0", PSEUDO["AWS::Region"]
    service = world.service("staging", KeyArn=key)
    givers = [where for where, policy in service.policies() if "sqs:SendMessage" in actions(policy)]
    equal(len(givers), 4, f"the functions and the schedule: {givers}")
    for where, policy in service.policies():
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            may = allows([policy], action, key, where, kms__ViaService=f"sqs.{region}.amazonaws.com")
            equal(may, where in givers, f"{where}: {action} for the queue")
    for where, policy in world.service("staging").policies():
        true("kms:GenerateDataKey" not in actions(policy), f"{where}: no key")


def each_role_is_lent_to_what_it_is_for(world):
    """Everything that takes a role is a service that the pipeline may hand roles to."""
    services = set()
    for role in world.service("staging").of_type("AWS::IAM::Role").values():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        services.add(statement["Principal"]["Service"])
    policies = dict(dict(world.variants())["environment-account"].policies())
    (lends,) = [one for one in policies["DeployRole/roles"]["Statement"] if one["Sid"] == "LendsThem"]
    equal(set(lends["Condition"]["StringEquals"]["iam:PassedToService"]), services, "services that roles are handed to")


def deploy_role(world):
    policies = dict(dict(world.variants())["environment-account"].policies())
    return [policies["DeployRole/roles"], policies["DeployRole/resources"]]


def what_the_service_consists_of_can_be_made_changed_and_deleted(world):
    """By what AWS's schemas say that CloudFormation calls; only AWS tells whether that is all."""
    policies, account, region = deploy_role(world), PSEUDO["AWS::AccountId"], PSEUDO["AWS::Region"]
    key = f"arn:aws:kms:{region}:{account}:key/00000000-0000-0000-0000-000000000000"
    service = world.service("staging", KeyArn=key, DatabaseSecurityGroupId="sg-11111111111111111")
    kinds = {resource["Type"] for resource in service.resources.values()}
    equal(kinds, {resource["Type"] for resource in service.template["Resources"].values()}, "all of it is looked at")
    equal(kinds, set(CALLS), "types whose calls are known")
    caller = f"arn:aws:iam::{account}:role/pipeline-bestand-deploy"
    missing = set()

    def ask(action, arn, where, **context):
        if not allows(policies, action, arn, caller, **context):
            missing.add(f"{where}: {action} on {arn}")

    for name, resource in service.resources.items():
        arn = arn_of(resource["Type"], name, resource["Properties"], account, region)
        for action in CALLS[resource["Type"]].split():
            ask(action, arn, name, iam__PermissionsBoundary="{Boundary}")
        if resource["Type"] == "AWS::IAM::Role":
            (statement,) = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            ask("iam:PassRole", arn, name, iam__PassedToService=statement["Principal"]["Service"])
    groups = {"deploymentgroup": ":bestand-staging/launcher", "application": ":bestand-staging"}
    groups["deploymentconfig"] = ":CodeDeployDefault.LambdaAllAtOnce"
    for action, about in ROLLOUT.items():
        ask(action, f"arn:aws:codedeploy:{region}:{account}:{about}{groups[about]}", "the rollout")
    for about in (f"vpc/{world.environments['staging']['VpcId']}", "security-group-rule/sgr-00000000000000000"):
        action = "ec2:CreateSecurityGroup" if about.startswith("vpc") else "ec2:AuthorizeSecurityGroupEgress"
        ask(action, f"arn:aws:ec2:{region}:{account}:{about}", "the security group")
    for action in ("ssm:GetParameter", "ssm:GetParameters"):
        ask(action, f"arn:aws:ssm:{region}:{account}:parameter/bestand/staging/settings", "the settings' reference")
    linked = f"arn:aws:iam::{account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    ask("iam:CreateServiceLinkedRole", linked, "the first cluster", iam__AWSServiceName="ecs.amazonaws.com")
    # The subnets' and the VPC's types of parameter are looked up.
    ask("ec2:DescribeSubnets", "*", "a parameter")
    ask("ec2:DescribeVpcs", "*", "a parameter")
    equal(missing, set(), "what the role may not do")


def cloudformation_takes_its_role_whether_or_not_it_tells_the_account(world):
    role = dict(world.variants())["environment-account"].properties("DeployRole")
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    equal(statement["Principal"], {"Service": "cloudformation.amazonaws.com"}, "who takes it")
    equal(statement["Condition"], {"StringEqualsIfExists": {"aws:SourceAccount": PSEUDO["AWS::AccountId"]}}, "when")


def what_is_not_the_services_is_out_of_reach(world):
    policies, account, region = deploy_role(world), PSEUDO["AWS::AccountId"], PSEUDO["AWS::Region"]
    caller, role = f"arn:aws:iam::{account}:role/pipeline-bestand-deploy", f"arn:aws:iam::{account}:role/"
    for action, arn, context in (
        ("iam:CreateRole", f"{role}bestand-x", {}),
        ("iam:PutRolePolicy", f"{role}bestand-x", {"iam__PermissionsBoundary": "another"}),
        ("iam:PutRolePolicy", f"{role}pipeline-bestand-rollout", {"iam__PermissionsBoundary": "{Boundary}"}),
        ("iam:DeleteRolePermissionsBoundary", f"{role}bestand-x", {}),
        ("iam:PassRole", f"{role}bestand-x", {"iam__PassedToService": "ec2.amazonaws.com"}),
        ("iam:PassRole", f"{role}admin", {"iam__PassedToService": "lambda.amazonaws.com"}),
        ("s3:DeleteBucket", "arn:aws:s3:::another", {}),
        ("s3:DeleteObject", f"arn:aws:s3:::bestand-staging-{account}-{region}/store/lease.json", {}),
        ("events:TagResource", f"arn:aws:events:{region}:{account}:rule/another", {}),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{region}:{account}:function:another", {}),
    ):
        true(not allows(policies, action, arn, caller, **context), f"{action} on {arn} is allowed")


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, f"{path}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from leaves(one, f"{path}[{number}]")
    else:
        yield path, str(value)


def staging_and_production_differ_in_the_documented_parameters_only(world):
    staging, production = world.environments["staging"], world.environments["production"]
    equal(set(staging), set(production), "parameters of both")
    differing = {key for key in staging if staging[key] != production[key]}
    table = world.document.split("## What differs between the environments")[1].split("\n## ")[0]
    documented = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]+)\|", table, re.M)))) - {"SettingsVersion"}
    equal(differing, documented, "parameters that differ")
    one, other = world.service("staging"), world.service("production")
    equal(set(one.resources), set(other.resources), "resources")
    # Put production's words where staging's stand: nothing else may be left.
    words = sorted(((staging[key], production[key]) for key in differing), key=lambda pair: -len(pair[0]))
    for key in one.resources:
        mine, theirs = dict(leaves(one.resources[key])), dict(leaves(other.resources[key]))
        equal(set(mine), set(theirs), f"properties of {key}")
        for path, text in mine.items():
            if text != theirs[path]:
                for of_staging, of_production in words:
                    text = text.replace(of_staging, of_production)
                equal(text, theirs[path], f"{key}{path}")


def every_change_of_what_runs_makes_a_new_version(world):
    before = world.service("staging")
    for changed in (world.service("staging", digest="1"), world.service("staging", version=2)):
        true(changed.properties("Task") != before.properties("Task"), "another revision")
    true("{Task}" in before.properties("LauncherVersion")["Description"], "and with it another version")
    # A version keeps the variables that it was published with: whatever changes them must make another.
    given = before.properties("Launcher")["Environment"]["Variables"]
    (container,) = before.properties("Task")["ContainerDefinitions"]
    for name in CHANGEABLE:
        true(given[name] in container["DockerLabels"]["bestand.launch"], f"{name} is in the revision")
    equal(set(given), {"TASK_DEFINITION", *CHANGEABLE, *NAMED_BY_ENVIRONMENT}, "there is no other variable")
    for changed in ({"SubnetIds": "subnet-1"}, {"AssignPublicIp": "DISABLED"}, {"FirstPublication": "no"}):
        true(world.service("staging", **changed).properties("Task") != before.properties("Task"), f"{changed}")
    inline = subprocess.run([sys.executable, cloudformation.path("inline.py"), "--check"], capture_output=True, text=True)
    equal((inline.returncode, inline.stdout), (0, ""), "the functions in the template")


def every_alarm_has_its_section(world):
    sections = set(re.findall(r"^### (\S+)$", world.document.split("## Alarms")[1].split("\n## ")[0], re.M))
    alarms = world.service("staging").of_type("AWS::CloudWatch::Alarm")
    names = {alarm["AlarmName"].removeprefix("bestand-staging-") for alarm in alarms.values()}
    equal(sections, names, "sections of alarms")
    for alarm in alarms.values():
        name = alarm["AlarmName"].removeprefix("bestand-staging-")
        true(alarm["AlarmDescription"].endswith(f"docs/OPERATING.md, {name}"), alarm["AlarmDescription"])


def the_settings_of_both_environments_are_in_order(world):
    for name in world.environments:
        (container,) = world.service(name).properties("Task")["ContainerDefinitions"]
        environment = {one["Name"]: one["Value"] for one in container["Environment"]}
        environment["SETTINGS"] = read("deploy", "environments", f"{name}.toml")
        environment["BESTAND__RUN_STORE__URL"] = environment["BESTAND__RUN_STORE__URL"].replace("{Store}", "bestand-x")
        environment |= {secret["Name"]: "secret" for secret in container["Secrets"]}
        told = subprocess.run(
            [world.program, "settings", "--check"], env=environment, capture_output=True, text=True, timeout=60
        )
        equal(told.returncode, 0, f"{name}: {told.stdout}{told.stderr}")
        true(len(environment["SETTINGS"]) < 8192, "it fits into a parameter")


def policies_fit_into_what_iam_takes(world):
    def size(policy):
        return len(json.dumps(policy, separators=(",", ":")))

    for name, template in world.variants():
        for key, role in template.of_type("AWS::IAM::Role").items():
            inline = sum(size(policy["PolicyDocument"]) for policy in role["Policies"])
            true(inline <= 10_240, f"{name} {key}: {inline} characters of policies")
            true(size(role["AssumeRolePolicyDocument"]) <= 2_048, f"{name} {key}: trust policy")
        for key, policy in template.of_type("AWS::IAM::ManagedPolicy").items():
            true(size(policy["PolicyDocument"]) <= 6_144, f"{name} {key}: managed policy")


def templates_fit(_):
    for name in NAMES:
        true(len(read("deploy", name)) < 1_000_000, f"{name} is larger than CloudFormation takes from a bucket")
    for name in ("member-account.yml", "environment-account.yml", "pipeline.yml"):
        true(len(read("deploy", name)) <= 51_200, f"{name} is larger than CloudFormation takes without a bucket")


def the_pipeline_builds_rehearses_asks_and_rolls_out(world):
    pipeline = dict(world.variants())["pipeline"].properties("Pipeline")
    equal(pipeline["PipelineType"], "V2", "type")
    stages = {stage["Name"]: stage["Actions"] for stage in pipeline["Stages"]}
    equal(list(stages), ["Source", "Build", "Staging", "Approval", "Production"], "stages")
    buildspec = yaml.safe_load(read("buildspec.yml"))
    true("IMAGE_DIGEST" in buildspec["env"]["exported-variables"], "the build exports which image it is")
    (build,) = stages["Build"]
    said = {one["name"]: one["value"] for one in json.loads(build["Configuration"]["EnvironmentVariables"])}
    equal(said, {"COMMIT_ID": "#{Source.CommitId}", "COMMIT_DATE": "#{Source.AuthorDate}"}, "the commit is said")
    equal(stages["Source"][0]["Namespace"], "Source", "by the source's own variables")
    without = Rendered("pipeline.yml", Approval="no").properties("Pipeline")["Stages"]
    equal([stage["Name"] for stage in without], ["Source", "Build", "Staging", "Production"], "without a person")
    for name in ("Staging", "Production"):
        prepare, rollout = stages[name]
        true(prepare["RunOrder"] < rollout["RunOrder"], "settings first")
        configuration = rollout["Configuration"]
        equal(configuration["StackName"], f"bestand-{name.lower()}", "stack")
        overrides = json.loads(configuration["ParameterOverrides"])
        equal(overrides["ImageDigest"], "#{Build.IMAGE_DIGEST}", "the image that was built")
        equal(overrides["SettingsVersion"], f"#{{{prepare['Namespace']}.SETTINGS_VERSION}}", "the settings' version")
        true(len(configuration["ParameterOverrides"]) < 1000, "CodePipeline takes a kilobyte of them")
        true(set(overrides) <= set(cloudformation.load("service.yml")["Parameters"]), f"{overrides}")
        file = configuration["TemplateConfiguration"].removeprefix("Source::")
        given = json.loads(read(*file.split("/")))["Parameters"]
        needed = cloudformation.load("service.yml")["Parameters"]
        missing = {key for key, declared in needed.items() if "Default" not in declared} - set(given) - set(overrides)
        equal(missing, set(), "parameters that nobody gives")
        variables = {one["name"]: one["value"] for one in json.loads(prepare["Configuration"]["EnvironmentVariables"])}
        equal(variables["ENVIRONMENT"], name.lower(), "environment")


def a_push_starts_it_by_a_rule_or_by_the_connection(world):
    by_rule = dict(world.variants())["pipeline"]
    pattern = by_rule.properties("Pushed")["EventPattern"]
    equal(pattern["detail"]["referenceName"], ["main"], "branch")
    ((source,),) = [stage["Actions"] for stage in by_rule.properties("Pipeline")["Stages"] if stage["Name"] == "Source"]
    equal(source["Configuration"]["PollForSourceChanges"], False, "no polling beside the rule")
    by_connection = dict(world.variants())["pipeline by connection"]
    true("Pushed" not in by_connection.resources, "no rule for a connection")
    ((source,),) = [stage["Actions"] for stage in by_connection.properties("Pipeline")["Stages"][:1]]
    equal(source["ActionTypeId"]["Provider"], "CodeStarSourceConnection", "connection")
    for template, may in ((by_rule, False), (by_connection, True)):
        policy = dict(template.policies())["PipelineRole/pipeline"]
        equal("s3:PutObjectAcl" in actions(policy), may, "what a connection brings has an ACL")


def images_stay_what_they_are_and_what_runs_stays(world):
    images = dict(world.variants())["pipeline"].properties("Images")
    equal(images["ImageTagMutability"], "IMMUTABLE", "tags")
    equal(images["ImageScanningConfiguration"], {"ScanOnPush": True}, "scan")
    rules = json.loads(images["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    first, second, last = sorted(rules, key=lambda rule: rule["rulePriority"])
    for rule, prefix in ((first, "production-"), (second, "staging-")):
        equal(rule["selection"]["tagPrefixList"], [prefix], "what was rolled out is a rule's own")
        equal(rule["selection"]["countType"], "imageCountMoreThan", "by number, never by age")
        true(rule["selection"]["countNumber"] >= 100, "many are kept")
    equal(last["selection"]["tagStatus"], "any", "the rest")
    equal(last["selection"]["countType"], "sinceImagePushed", "by age")


CHECKS = [
    cfn_lint_finds_nothing,
    checkov_finds_nothing_and_each_exception_has_its_reason,
    no_policy_has_a_wildcard_an_unknown_action_or_a_way_up,
    the_examiner_would_tell,
    the_role_in_an_account_allows_what_the_program_says_and_no_more,
    the_jobs_own_role_allows_what_the_program_says_and_its_store,
    the_job_signs_in_to_one_user_of_the_database_and_needs_no_password,
    the_boundary_holds_all_that_the_roles_allow_and_nothing_besides,
    who_gives_up_into_an_encrypted_queue_may_use_its_key,
    each_role_is_lent_to_what_it_is_for,
    what_the_service_consists_of_can_be_made_changed_and_deleted,
    cloudformation_takes_its_role_whether_or_not_it_tells_the_account,
    what_is_not_the_services_is_out_of_reach,
    staging_and_production_differ_in_the_documented_parameters_only,
    every_change_of_what_runs_makes_a_new_version,
    every_alarm_has_its_section,
    the_settings_of_both_environments_are_in_order,
    policies_fit_into_what_iam_takes,
    templates_fit,
    the_pipeline_builds_rehearses_asks_and_rolls_out,
    a_push_starts_it_by_a_rule_or_by_the_connection,
    images_stay_what_they_are_and_what_runs_stays,
]

if __name__ == "__main__":
    sys.exit(report(CHECKS, World(sys.argv[1], sys.argv[2])))
