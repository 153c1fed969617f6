#!/usr/bin/env python3
"""Production and staging in accounts of their own, or all in one: deploy_accounts.py.

Each step over the border between accounts takes two policies, of two templates: both are asked, for who should get
through and for who should not. Then moto makes the stacks in three accounts, and each thing is looked up by its own
interface.
"""

import ast
import json
import logging
import os
import sys
import warnings

import cloudformation
from cloudformation import Rendered
from deploy_stacks import small
from moto_here import FRANKFURT, MotoHere
from policy_evaluation import allows
from run_directory import equal, report, true

TOOLS, STAGING, PRODUCTION, STRANGER = "111111111111", "222222222222", "333333333333", "444444444444"
BUCKET = f"pipeline-bestand-{TOOLS}-{FRANKFURT}"
KEY = f"arn:aws:kms:{FRANKFURT}:{TOOLS}:key/00000000-0000-0000-0000-000000000000"
REPOSITORY = f"arn:aws:ecr:{FRANKFURT}:{TOOLS}:repository/bestand"
TEMPLATE = f"arn:aws:s3:::{BUCKET}/bestand/Source/a1b2c3d"
BY_S3 = {"kms__ViaService": f"s3.{FRANKFURT}.amazonaws.com", "kms__EncryptionContext__aws__s3__arn": TEMPLATE}
PULLS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def role(account, name):
    return f"arn:aws:iam::{account}:role/{name}"


class Layout:
    """Which account each environment is in, and the templates rendered for it."""

    def __init__(self, **accounts):
        self.accounts = {name: accounts.get(name, TOOLS) for name in ("staging", "production")}
        given = {f"{name.capitalize()}Account": account for name, account in accounts.items()}
        self.pipeline = Rendered("pipeline.yml", account=TOOLS, **given)
        self.inside = {
            account: Rendered(
                "environment-account.yml", account=account, PipelineAccount="" if account == TOOLS else TOOLS
            )
            for account in self.accounts.values()
        }

    @staticmethod
    def known(value, account=TOOLS):
        """With what only AWS knows put in."""
        text = json.dumps(value)
        for name, of in {
            "{Artifacts.Arn}": f"arn:aws:s3:::{BUCKET}",
            "{ArtifactsKey.Arn}": KEY,
            "{Images.Arn}": REPOSITORY,
            "{BuildLog.Arn}": f"arn:aws:logs:{FRANKFURT}:{TOOLS}:log-group:/bestand/pipeline:*",
            "{Build.Arn}": f"arn:aws:codebuild:{FRANKFURT}:{TOOLS}:project/bestand-build",
            "{Prepare.Arn}": f"arn:aws:codebuild:{FRANKFURT}:{TOOLS}:project/bestand-prepare",
            "{DeployRole.Arn}": role(account, "pipeline-bestand-deploy"),
            "{Boundary}": f"arn:aws:iam::{account}:policy/bestand-boundary",
        }.items():
            text = text.replace(name, of)
        return json.loads(text)

    def of_tools(self, key):
        return self.known([policy for where, policy in self.pipeline.policies() if where.startswith(f"{key}/")])

    def of_account(self, name, key):
        account = self.accounts[name]
        policies = [policy for where, policy in self.inside[account].policies() if where.startswith(f"{key}/")]
        return self.known(policies, account)

    def trust(self, name, key):
        """The ARN of a role of an environment's account, and whom it trusts."""
        account = self.accounts[name]
        made = self.inside[account].properties(key)
        return role(account, made["RoleName"]), [made["AssumeRolePolicyDocument"]]

    def actions(self, name):
        return self.actions_of(self.pipeline, name)

    @staticmethod
    def actions_of(pipeline, name):
        (stage,) = [one for one in pipeline.properties("Pipeline")["Stages"] if one["Name"] == name.capitalize()]
        return {action["Name"]: action for action in stage["Actions"]}

    def variables(self, name):
        told = self.actions(name)["Prepare"]["Configuration"]["EnvironmentVariables"]
        return {one["name"]: one["value"] for one in json.loads(told)}

    def execution_role(self, name):
        """As CloudFormation names it, and what it may do."""
        with open(cloudformation.path(f"environments/{name}.json"), encoding="utf-8") as file:
            given = json.load(file)["Parameters"]
        configuration = self.actions(name)["Rollout"]["Configuration"]
        overrides = json.loads(configuration["ParameterOverrides"])
        overrides |= {"ImageDigest": "sha256:" + "0" * 64, "SettingsVersion": 1}
        service = Rendered("service.yml", account=self.accounts[name], **{**given, **overrides})
        (policy,) = [policy for where, policy in service.policies() if where.startswith("ExecutionRole/")]
        true("RoleName" not in service.properties("ExecutionRole"), "CloudFormation names it")
        return role(self.accounts[name], f"{configuration['StackName']}-ExecutionRole-1A2B3C4D5E6F"), [policy]


class World:
    def __init__(self):
        self.layouts = {
            "one account": Layout(),
            "production alone": Layout(production=PRODUCTION),
            "each its own": Layout(staging=STAGING, production=PRODUCTION),
            "both in another": Layout(staging=STAGING, production=STAGING),
        }

    def environments(self):
        for called, layout in self.layouts.items():
            for name in layout.accounts:
                yield f"{called}, {name}", layout, name


def resource_policies(template):
    """Every policy that says who may come: (where it stands, document)."""
    kinds = {
        "S3::BucketPolicy": "PolicyDocument",
        "KMS::Key": "KeyPolicy",
        "ECR::Repository": "RepositoryPolicyText",
        "IAM::Role": "AssumeRolePolicyDocument",
    }
    for kind, key in kinds.items():
        for name, properties in template.of_type(f"AWS::{kind}").items():
            if key in properties:
                yield name, properties[key]


def is_entered_only_by(key, where, layout, arn, trust):
    """One role of the pipeline's account goes there and is let in; the other, an administrator and a namesake are not."""
    names = {one: layout.pipeline.properties(one)["RoleName"] for one in ("PipelineRole", "PrepareRole")}
    name = names.pop(key)
    true(allows(trust, "sts:AssumeRole", arn, role(TOOLS, name)), f"{where}: it is let in")
    true(allows(layout.of_tools(key), "sts:AssumeRole", arn, role(TOOLS, name)), f"{where}: it may go there")
    for other in (*(role(TOOLS, one) for one in names.values()), role(TOOLS, "admin"), role(STRANGER, name)):
        true(not allows(trust, "sts:AssumeRole", arn, other), f"{where}: {other} is let in")


def the_pipeline_enters_by_the_rollout_role_and_nobody_else_does(world):
    for where, layout, name in world.environments():
        arn, trust = layout.trust(name, "RolloutRole")
        equal(layout.actions(name)["Rollout"]["RoleArn"], arn, f"{where}: the role that the action takes")
        is_entered_only_by("PipelineRole", where, layout, arn, trust)


def the_rollout_role_makes_the_stack_and_lends_one_role_to_cloudformation(world):
    for where, layout, name in world.environments():
        account, may = layout.accounts[name], layout.of_account(name, "RolloutRole")
        arn, _ = layout.trust(name, "RolloutRole")
        configuration = layout.actions(name)["Rollout"]["Configuration"]
        stack = f"arn:aws:cloudformation:{FRANKFURT}:{account}:stack/{configuration['StackName']}/1"
        for action in ("CreateStack", "UpdateStack", "DescribeStacks", "TagResource"):
            true(allows(may, f"cloudformation:{action}", stack, arn), f"{where}: {action}")
        for action in ("DescribeSubnets", "DescribeVpcs"):
            true(allows(may, f"ec2:{action}", "*", arn), f"{where}: the parameters' types, {action}")
        another = stack.replace("bestand", "another")
        true(not allows(may, "cloudformation:UpdateStack", another, arn), f"{where}: another's stack")
        lent, _ = layout.trust(name, "DeployRole")
        equal(configuration["RoleArn"], lent, f"{where}: the role that CloudFormation takes")
        for service, expected in (("cloudformation", True), ("lambda", False)):
            to = {"iam__PassedToService": f"{service}.amazonaws.com"}
            equal(allows(may, "iam:PassRole", lent, arn, **to), expected, f"{where}: lent to {service}")
        boundary = json.loads(configuration["ParameterOverrides"])["PermissionsBoundaryArn"]
        equal(boundary, f"arn:aws:iam::{account}:policy/bestand-boundary", f"{where}: boundary")
        made = layout.inside[account].properties("Boundary")["ManagedPolicyName"]
        equal(made, "bestand-boundary", f"{where}: name of the boundary")


def cloudformation_cannot_change_the_roles_by_which_it_is_entered(world):
    for where, layout, name in world.environments():
        may, account = layout.of_account(name, "DeployRole"), layout.accounts[name]
        arn, _ = layout.trust(name, "DeployRole")
        true(allows(may, "iam:UpdateAssumeRolePolicy", role(account, "bestand-staging-task"), arn), "the job's roles")
        guarded = [one["RoleName"] for one in layout.inside[account].of_type("AWS::IAM::Role").values()]
        guarded += [one["RoleName"] for one in layout.pipeline.of_type("AWS::IAM::Role").values() if "RoleName" in one]
        for one in guarded:
            for action in ("iam:UpdateAssumeRolePolicy", "iam:DeleteRolePolicy", "iam:DeleteRole"):
                true(not allows(may, action, role(account, one), arn), f"{where}: {action} {one}")


def the_template_travels_through_bucket_and_key_to_the_rollout_role_alone(world):
    for where, layout, name in world.environments():
        elsewhere = layout.accounts[name] != TOOLS
        arn, _ = layout.trust(name, "RolloutRole")
        may = layout.of_account(name, "RolloutRole")
        bucket = layout.known([layout.pipeline.properties("ArtifactsPolicy")["PolicyDocument"]])
        equal(layout.pipeline.properties("Artifacts")["BucketName"], BUCKET, "the bucket that both templates name")
        for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"):
            true(allows(may, action, TEMPLATE, arn, aws__ResourceAccount=TOOLS), f"{where}: {action}")
            true(not allows(may, action, TEMPLATE, arn, aws__ResourceAccount=STRANGER), f"{where}: a stranger's bucket")
            equal(allows(bucket, action, TEMPLATE, arn), elsewhere, f"{where}: the bucket, {action}")
        keyed = "ArtifactsKey" in layout.pipeline.resources
        equal(keyed, set(layout.accounts.values()) != {TOOLS}, f"{where}: a key is made")
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            true(allows(may, action, KEY, arn, **BY_S3), f"{where}: {action}")
            true(not allows(may, action, KEY, arn), f"{where}: {action}, but not by S3")
        if keyed:
            key = [layout.pipeline.properties("ArtifactsKey")["KeyPolicy"]]
            true(allows(key, "kms:Decrypt", "*", arn, **BY_S3), f"{where}: the key")
            equal(allows(key, "kms:Decrypt", "*", arn), not elsewhere, f"{where}: the key, but not by S3")
            for one in ("BuildRole", "PrepareRole", "PipelineRole"):
                true(allows(layout.of_tools(one), "kms:Decrypt", KEY, role(TOOLS, one)), f"{where}: {one} decrypts")
            store = layout.pipeline.properties("Pipeline")["ArtifactStore"]
            equal(store["EncryptionKey"]["Id"], "{ArtifactsKey.Arn}", "the pipeline's key")
        for account in {*layout.accounts.values(), STAGING, STRANGER} - {TOOLS}:
            for other in ("pipeline-bestand-settings", "admin"):
                true(not allows(bucket, "s3:GetObject", TEMPLATE, role(account, other)), f"{where}: bucket, {other}")
                if keyed:
                    true(not allows(key, "kms:Decrypt", "*", role(account, other), **BY_S3), f"{where}: key, {other}")
        true(not allows(bucket, "s3:GetObject", TEMPLATE, role(STRANGER, "pipeline-bestand-rollout")), "a stranger's")


def the_settings_are_put_where_the_environment_is_by_a_role_that_can_nothing_else(world):
    for where, layout, name in world.environments():
        arn, trust = layout.trust(name, "SettingsRole")
        equal(layout.variables(name)["ROLE"], arn, f"{where}: the role that deploy/prepare takes")
        is_entered_only_by("PrepareRole", where, layout, arn, trust)
        may = layout.of_account(name, "SettingsRole")
        parameter = f"arn:aws:ssm:{FRANKFURT}:{layout.accounts[name]}:parameter"
        for action in ("ssm:GetParameter", "ssm:PutParameter"):
            true(allows(may, action, f"{parameter}/bestand/{name}/settings", arn), f"{where}: {action}")
            true(not allows(may, action, f"{parameter}/another", arn), f"{where}: {action} elsewhere")


def the_image_is_pulled_by_the_execution_roles_alone(world):
    for where, layout, name in world.environments():
        puller, may = layout.execution_role(name)
        for action in PULLS:
            true(allows(may, action, REPOSITORY, puller), f"{where}: the role, {action}")
        text = layout.pipeline.properties("Images").get("RepositoryPolicyText")
        if set(layout.accounts.values()) == {TOOLS}:
            equal(text, None, f"{where}: no policy is needed in one account")
            continue
        elsewhere = layout.accounts[name] != TOOLS
        for action in PULLS:
            equal(allows([text], action, REPOSITORY, puller), elsewhere, f"{where}: the repository, {action}")
        true(not allows([text], "ecr:PutImage", REPOSITORY, puller), f"{where}: pushes")
        for other in (role(layout.accounts[name], f"bestand-{name}-task"), role(STRANGER, puller.split("/")[1])):
            true(not allows([text], "ecr:BatchGetImage", REPOSITORY, other), f"{where}: {other}")


def nobody_is_let_in_by_account_alone(world):
    """But for this account's own policies about its own key, without which nobody could keep the key."""
    for called, layout in world.layouts.items():
        for template in (layout.pipeline, *layout.inside.values()):
            for where, document in resource_policies(template):
                for statement in document["Statement"]:
                    if statement["Effect"] == "Deny" or statement.get("Sid") == "PoliciesOfThisAccountDecide":
                        continue
                    condition = {key for of in statement["Condition"].values() for key in of}
                    if "Service" in statement["Principal"]:
                        equal(condition, {"aws:SourceAccount"}, f"{called}: {where}, a service of this account")
                    else:
                        named = str(statement["Principal"])
                        true(named.endswith(":root'}"), f"{called}: {where}, {named}")
                        true("aws:PrincipalArn" in condition, f"{called}: {where}, of whom one role")


def without_other_accounts_nothing_is_made_for_them(world):
    alone = world.layouts["one account"].pipeline
    named = Rendered("pipeline.yml", account=TOOLS, StagingAccount=TOOLS, ProductionAccount=TOOLS)
    equal(named.resources, alone.resources, "the pipeline's own account, named")
    true(not alone.of_type("AWS::KMS::Key"), "no key")
    encrypted = alone.properties("Artifacts")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    equal(encrypted, [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}], "encryption")
    sids = [one["Sid"] for one in alone.properties("ArtifactsPolicy")["PolicyDocument"]["Statement"]]
    equal(sids, ["TlsOnly"], "the bucket's policy")
    keyed = Rendered("pipeline.yml", account=TOOLS, KeyArn=KEY, StagingAccount=STAGING)
    true("ArtifactsKey" not in keyed.resources, "a key that is given is taken")
    (rule,) = keyed.properties("Artifacts")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    equal(rule["ServerSideEncryptionByDefault"], {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}, "that key")


def staging_and_production_are_treated_alike(world):
    def of(name, account):
        template = Layout(**{name: account}).pipeline
        parts = {key: template.resources[key] for key in ("Artifacts", "ArtifactsPolicy", "ArtifactsKey")}
        parts |= {
            "pulls": template.properties("Images")["RepositoryPolicyText"],
            "stage": Layout.actions_of(template, name),
        }
        text = json.dumps(parts)
        return text.replace(name, "ENVIRONMENT").replace(name.capitalize(), "ENVIRONMENT")

    equal(of("production", STAGING), of("staging", STAGING), "with either in another account")


def moto_makes_it_in_three_accounts(world):
    warnings.simplefilter("ignore")
    logging.getLogger("moto").setLevel(logging.CRITICAL)
    os.environ.setdefault("AWS_DEFAULT_REGION", FRANKFURT)
    moto, layout = MotoHere(), world.layouts["each its own"]

    def create(account, name, **parameters):
        with open(cloudformation.path(f"{name}.yml"), encoding="utf-8") as file:
            body = file.read()
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        moto.client("cloudformation", account).create_stack(
            StackName=name, TemplateBody=body, Parameters=given, Capabilities=["CAPABILITY_NAMED_IAM"]
        )

    for account in (STAGING, PRODUCTION):
        create(account, "environment-account", PipelineAccount=TOOLS)
        iam = moto.client("iam", account)
        for key, made in layout.inside[account].of_type("AWS::IAM::Role").items():
            found = iam.get_role(RoleName=made["RoleName"])["Role"]
            equal(found["AssumeRolePolicyDocument"], made["AssumeRolePolicyDocument"], f"{account}: whom {key} trusts")
            for policy in made["Policies"]:
                told = iam.get_role_policy(RoleName=made["RoleName"], PolicyName=policy["PolicyName"])["PolicyDocument"]
                # moto writes it as Python does.
                expected = layout.known(policy["PolicyDocument"], account)
                equal(ast.literal_eval(told), expected, f"{account}: what {key} may do")
        (boundary,) = iam.list_policies(Scope="Local")["Policies"]
        equal(boundary["Arn"], f"arn:aws:iam::{account}:policy/bestand-boundary", "boundary")
    # moto's CloudFormation knows no CodeBuild, so what the pipeline's stack has is made by the interfaces of each.
    iam, s3, kms, ecr = (moto.client(service, TOOLS) for service in ("iam", "s3", "kms", "ecr"))
    for key in ("PipelineRole", "PrepareRole"):
        made = layout.pipeline.properties(key)
        trust = json.dumps(made["AssumeRolePolicyDocument"])
        iam.create_role(RoleName=made["RoleName"], AssumeRolePolicyDocument=trust)
        (policy,) = layout.of_tools(key)
        iam.put_role_policy(RoleName=made["RoleName"], PolicyName="only", PolicyDocument=json.dumps(policy))
        told = iam.get_role_policy(RoleName=made["RoleName"], PolicyName="only")["PolicyDocument"]
        entered = [one["Resource"] for one in told["Statement"] if one["Action"] == "sts:AssumeRole"]
        equal([arn.split(":")[4] for arn in entered[0]], [STAGING, PRODUCTION], f"accounts that {key} enters")
    policy = json.dumps(layout.pipeline.properties("ArtifactsKey")["KeyPolicy"])
    key = kms.create_key(Policy=policy)["KeyMetadata"]["Arn"]
    equal(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"], policy, "who may use the key")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": FRANKFURT})
    encrypted = layout.pipeline.properties("Artifacts")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    default = {**encrypted[0]["ServerSideEncryptionByDefault"], "KMSMasterKeyID": key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=rules)
    (found,) = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    equal(found["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"], key, "encryption")
    policy = layout.known(layout.pipeline.properties("ArtifactsPolicy")["PolicyDocument"])
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    equal(json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"]), policy, "the bucket's policy")
    policy = layout.pipeline.properties("Images")["RepositoryPolicyText"]
    ecr.create_repository(repositoryName="bestand")
    ecr.set_repository_policy(repositoryName="bestand", policyText=json.dumps(policy))
    equal(json.loads(ecr.get_repository_policy(repositoryName="bestand")["policyText"]), policy, "the repository's")
    text = json.dumps(layout.pipeline.properties("Pipeline"))
    made = {"{ArtifactsKey.Arn}": key, "{Artifacts}": BUCKET, "{PipelineRole.Arn}": role(TOOLS, "pipeline-bestand")}
    for name, of in made.items():
        text = text.replace(name, of)
    known = json.loads(text)
    declared = small(known)
    for stage, given in zip(declared["stages"], known["Stages"], strict=True):
        for action, of in zip(stage["actions"], given["Actions"], strict=True):
            action["configuration"] = {name: str(value) for name, value in of["Configuration"].items()}
    pipeline = moto.client("codepipeline", TOOLS)
    pipeline.create_pipeline(pipeline=declared)
    found = pipeline.get_pipeline(name="bestand")["pipeline"]
    (rollout,) = [one for one in found["stages"][-1]["actions"] if one["name"] == "Rollout"]
    equal(rollout["roleArn"], role(PRODUCTION, "pipeline-bestand-rollout"), "the role in production's account")


CHECKS = [
    the_pipeline_enters_by_the_rollout_role_and_nobody_else_does,
    the_rollout_role_makes_the_stack_and_lends_one_role_to_cloudformation,
    cloudformation_cannot_change_the_roles_by_which_it_is_entered,
    the_template_travels_through_bucket_and_key_to_the_rollout_role_alone,
    the_settings_are_put_where_the_environment_is_by_a_role_that_can_nothing_else,
    the_image_is_pulled_by_the_execution_roles_alone,
    nobody_is_let_in_by_account_alone,
    without_other_accounts_nothing_is_made_for_them,
    staging_and_production_are_treated_alike,
    moto_makes_it_in_three_accounts,
]

if __name__ == "__main__":
    sys.exit(report(CHECKS, World()))
