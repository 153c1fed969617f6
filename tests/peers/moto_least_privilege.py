#!/usr/bin/env python3
"""The roles of the templates suffice with exactly their policies, and the ledger names each action that a member role
lacks: moto_least_privilege.py BESTAND.

moto enforces IAM here: signatures, the role's policy, the job's own policy, and the external id. Both policies are taken
from deploy/member-account.yml and deploy/service.yml. moto has counts lent to it, so that a role that lacks nothing gets
complete scopes. One account has all of the policy, and each of the others lacks one action of it. The job itself keeps
its runs in S3, and is tried without each of its own actions.
"""

import json
import os
import sqlite3
import sys
import tempfile

import run_directory
from cloudformation import Rendered, actions
from moto_here import EXTERNAL_ID, FRANKFURT, ROLE, Bestand, MotoHere
from run_directory import RunDirectory, equal, true

HOME, WHOLE = "100000000000", "200000000000"
BUCKET = "bestand-staging-store"
CONFIG_TYPES = ["AWS::S3::Bucket", "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::SNS::Topic"]
EC2_TYPES = [f"AWS::EC2::{name}" for name in ("Instance", "NetworkInterface", "SecurityGroup", "Volume", "VPC")]
# What each action is for: the account, a region, its types, or the cross-check of a region.
LACKED = {
    "ec2:DescribeRegions": "account",
    "config:DescribeConfigurationRecorders": "region",
    "config:DescribeConfigurationRecorderStatus": "region",
    "config:GetDiscoveredResourceCounts": "region",
    "config:SelectResourceConfig": "types",
    "config:ListDiscoveredResources": "types",
    "config:BatchGetResourceConfig": "types",
    "ec2:DescribeInstances": "check",
    "ec2:DescribeNetworkInterfaces": "check",
    "ec2:DescribeSecurityGroups": "check",
    "ec2:DescribeVolumes": "check",
    "ec2:DescribeVpcs": "check",
}
# Called before a Retire only, and nothing gets that far here.
UNCALLED = {"tag:GetResources"}
LACKING = {action: f"{300000000000 + number}" for number, action in enumerate(LACKED)}
ACCOUNTS = {HOME: "home", WHOLE: "whole", **{account: action.split(":")[1] for action, account in LACKING.items()}}


def policies_of_the_templates():
    """What the templates allow the role in an account, whom it trusts, and what they allow the job's own role."""
    trusted = f"arn:aws:iam::{HOME}:role/bestand-staging-task"
    member = Rendered("member-account.yml", TaskRoleArn=trusted, ExternalId=EXTERNAL_ID, RoleName=ROLE)
    service = Rendered(
        "service.yml",
        Environment="staging",
        RegistryAccount=HOME,
        ImageDigest="sha256:" + "0" * 64,
        SettingsParameter="/bestand/staging/settings",
        SettingsVersion=1,
        ExternalId=EXTERNAL_ID,
        MemberRoleName=ROLE,
        ReadsOrganization="no",
        VpcId="vpc-1",
        SubnetIds="subnet-1",
        RehearsalAccounts=HOME,
    )
    ((_, in_an_account),) = member.policies()
    # moto knows users by their ARN, and sessions of a role by another one than the role's.
    trust = json.dumps(member.properties("Reader")["AssumeRolePolicyDocument"])
    trust = trust.replace(trusted, f"arn:aws:iam::{HOME}:user/job")
    own = json.dumps(dict(service.policies())["TaskRole/bestand"]).replace("{Store.Arn}", f"arn:aws:s3:::{BUCKET}")
    return in_an_account, trust, json.loads(own)


def without(policy, action):
    """The policy without one action."""
    statements = []
    for statement in policy["Statement"]:
        listed = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        left = [allowed for allowed in listed if allowed != action]
        if left:
            statements.append({**statement, "Action": left})
    return {**policy, "Statement": statements}


def found_account(moto, account, policy):
    """Makes the role, and something of each type that the recorder is to record."""
    moto.reader_role(account, policy)
    place = {"LocationConstraint": FRANKFURT}
    moto.client("s3", account).create_bucket(Bucket=f"fahrplan-{account}", CreateBucketConfiguration=place)
    moto.client("sns", account).create_topic(Name="stoerung")
    moto.client("iam", account).create_policy(PolicyName="fahrplan", PolicyDocument=json.dumps(policy))
    moto.recorder(account, FRANKFURT, group={"resourceTypes": CONFIG_TYPES + EC2_TYPES}, status="SUCCESS")


def found_user(moto, name, policy):
    """Makes a user, such as the one that the job runs as."""
    iam = moto.client("iam", HOME)
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="bestand", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def play_in_s3(program, moto, folder, job):
    """Keeps runs in S3: once with the whole policy, then without each action. Gives the exit statuses,
    and whether the missing action is named."""
    place = {"LocationConstraint": FRANKFURT}
    moto.client("s3", HOME).create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    users = {None: found_user(moto, "whole", job)}
    for number, action in enumerate(sorted(actions(job))):
        users[action] = found_user(moto, f"lacking-{number}", without(job, action))
    moto.enforce_iam()
    statuses = {}
    for action, keys in users.items():
        bestand = Bestand(program, moto, folder, keys)
        bestand.environment["BESTAND__RUN_STORE__URL"] = f"s3://{BUCKET}/store"
        settings = bestand.settings("in-s3", {WHOLE: "whole"}, [FRANKFURT])
        commands = [["doctor", "--json"]] if action == "s3:DeleteObject" else [["settings", "--init-store"], ["plan"]]
        statuses[action] = [bestand(settings, *command) for command in commands]
        if action:
            statuses[action].append("named" if action in bestand.said else "not named")
    return statuses


def write_source_register(folder):
    """Per account a bucket that is there, and one that never was."""
    rows = []
    for account in ACCOUNTS:
        for name, bucket in (("bucket", f"fahrplan-{account}"), ("never", f"never-was-{account}")):
            rows.append((f"{account}-{name}", None, bucket, account, FRANKFURT, CONFIG_TYPES[0], name))
    with sqlite3.connect(os.path.join(folder, "itk.db")) as database:
        database.execute("CREATE TABLE assets (id, arn, rid, account, region, type, name)")
        database.executemany("INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    database.close()


class Outcome:
    """What the runs left behind."""

    def __init__(self, policy):
        self.policy = policy
        self.somebody = None
        self.status = self.run = self.sessions = self.stranger_status = self.stranger = self.in_s3 = None

    def lines(self, account):
        return [
            line
            for line in self.run.coverage()
            if line["account_id"] == account and line.get("reason") != "not_requested"
        ]

    def region(self, account):
        (line,) = self.types(account, [None])
        return line

    def types(self, account, names):
        lines = (line for line in self.lines(account) if line.get("region") == FRANKFURT)
        return [line for line in lines if line.get("resource_type") in names]

    def findings(self, account):
        return {
            finding["asset_id"]: finding["kind"]
            for finding in self.run.lines("findings")
            if finding.get("asset_id") and finding["account_id"] == account
        }


def ends_with_status_20(outcome):
    equal(outcome.status, 20, "exit status")


def exactly_the_policy_suffices(outcome):
    for account in (WHOLE, HOME):
        equal(outcome.region(account)["status"], "complete", f"{outcome.region(account)}")
        true("detail" not in outcome.region(account), f"{outcome.region(account)}")
        lines = outcome.types(account, CONFIG_TYPES)
        equal(sorted(line["resource_type"] for line in lines), sorted(CONFIG_TYPES), "types")
        for line in lines:
            equal(line["status"], "complete", f"{line}")
        denied = [line for line in outcome.lines(account) if line.get("reason") == "role_denied"]
        equal(denied, [], "denied")
        equal(outcome.findings(account).get(f"{account}-never"), "absent", "the bucket that never was")


def every_action_of_the_policy_is_tried_without(outcome):
    of_policy = actions(outcome.policy)
    equal(of_policy, set(LACKED) | UNCALLED, "actions of the policy")
    statements = [policy["Statement"] for policy in outcome.sessions]
    sessions = [{action for allowed in statement for action in allowed["Action"]} for statement in statements]
    true(of_policy in sessions and sessions.count(of_policy) == len(sessions), f"what sessions are narrowed to: {sessions}")


def a_missing_action_is_named_where_it_is_missed(outcome):
    for action, scope in LACKED.items():
        account = LACKING[action]
        if scope == "account":
            lines = [line for line in outcome.lines(account) if "region" not in line]
        elif scope == "types":
            lines = [line for line in outcome.types(account, CONFIG_TYPES)]
        else:
            lines = [outcome.region(account)]
        true(lines, f"{action}: the ledger has no line: {outcome.lines(account)}")
        for line in lines:
            true(action in line.get("detail", ""), f"{action} is not named: {line}")
            if scope == "check":
                equal(line["status"], "complete", f"{action}: {line}")
                true(line["detail"].startswith("not checked against EC2"), f"{line}")
            else:
                equal((line["status"], line["reason"]), ("incomplete", "role_denied"), f"{action}: {line}")


def without_an_action_nothing_is_absent_but_where_only_the_cross_check_is_missing(outcome):
    for action, scope in LACKED.items():
        account = LACKING[action]
        expected = "absent" if scope == "check" else "unverified"
        equal(outcome.findings(account).get(f"{account}-never"), expected, f"{action}: the bucket that never was")


def nothing_is_retired(outcome):
    equal(outcome.run.summary["changes"]["retire"], 0, "retired")


def a_role_that_lacks_something_harms_no_other_account(outcome):
    complete = {line["account_id"] for line in outcome.run.coverage() if line["status"] == "complete"}
    checked = {LACKING[action] for action, scope in LACKED.items() if scope == "check"}
    true({WHOLE, HOME} | checked <= complete, f"accounts with something complete: {sorted(complete)}")


def the_jobs_own_policy_suffices_with_the_store_in_s3_and_each_action_that_is_missing_ends_a_run_in_order(outcome):
    expected = {
        None: [0, 20],
        # A plan deletes nothing; the doctor does.
        "s3:DeleteObject": [45, "named"],
        "s3:GetObject": [45, 45, "named"],
        "s3:ListBucket": [0, 45, "named"],
        "s3:PutObject": [0, 45, "named"],
        "sts:AssumeRole": [0, 31, "named"],
    }
    equal(outcome.in_s3, expected, "exit statuses by the action that is missing, and whether it is named")


def a_wrong_external_id_is_refused(outcome):
    equal(outcome.stranger_status, 31, "exit status where no account could be read")
    lines = [line for line in outcome.stranger.coverage() if line["account_id"] == HOME]
    equal([(line["status"], line["reason"]) for line in lines], [("incomplete", "role_denied")], f"{lines}")
    true("sts:AssumeRole" in lines[0]["detail"], f"{lines}")


def somebody_else_than_the_job_is_refused_even_with_the_external_id(outcome):
    equal(outcome.somebody, 31, "exit status where no account could be read")


CHECKS = [
    ends_with_status_20,
    exactly_the_policy_suffices,
    every_action_of_the_policy_is_tried_without,
    a_missing_action_is_named_where_it_is_missed,
    without_an_action_nothing_is_absent_but_where_only_the_cross_check_is_missing,
    nothing_is_retired,
    a_role_that_lacks_something_harms_no_other_account,
    the_jobs_own_policy_suffices_with_the_store_in_s3_and_each_action_that_is_missing_ends_a_run_in_order,
    a_wrong_external_id_is_refused,
    somebody_else_than_the_job_is_refused_even_with_the_external_id,
]


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="bestand-moto-") as folder:
        moto = MotoHere()
        moto.lend_counts()
        write_source_register(folder)
        member, trust, job = policies_of_the_templates()
        outcome = Outcome(member)
        for account in (HOME, WHOLE):
            found_account(moto, account, outcome.policy)
        for action, account in LACKING.items():
            found_account(moto, account, without(outcome.policy, action))
        # moto looks at a role's trust only within the account of whoever assumes it.
        moto.client("iam", HOME).update_assume_role_policy(RoleName=ROLE, PolicyDocument=trust)
        bestand = Bestand(program, moto, folder, found_user(moto, "job", job))
        somebody = Bestand(program, moto, folder, found_user(moto, "somebody", job))
        outcome.in_s3 = play_in_s3(program, moto, folder, job)
        outcome.status = bestand(bestand.settings("store", ACCOUNTS, [FRANKFURT]), "plan")
        outcome.run = RunDirectory.only(os.path.join(folder, "store"))
        outcome.sessions = moto.session_policies(WHOLE)
        outcome.somebody = somebody(bestand.settings("somebody", {HOME: "home"}, [FRANKFURT]), "plan")
        settings = bestand.settings("stranger", {HOME: "home"}, [FRANKFURT], external_id=f"not-{EXTERNAL_ID}")
        outcome.stranger_status = bestand(settings, "plan")
        outcome.stranger = RunDirectory.only(os.path.join(folder, "stranger"))
        return run_directory.report(CHECKS, outcome)


if __name__ == "__main__":
    sys.exit(main())
