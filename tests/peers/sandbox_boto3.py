#!/usr/bin/env python3
"""A foreign client against the sandbox: boto3 asks every operation and compares with the truth.

The sandbox must run; AWS_ENDPOINT_URL and the keys come from the environment, the path of the truth file
from BESTAND_TRUTH. Prints one line per failed check and a closing line such as `24 passed, 0 failed`.
"""

import datetime
import json
import os
import sys
from collections import Counter

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

PROJECTION = "SELECT resourceId, resourceType, arn, configurationItemStatus, tags"
NOT_LIVE = {"ResourceNotRecorded", "ResourceDeleted", "ResourceDeletedNotRecorded"}
EC2_TYPES = {
    "AWS::EC2::Instance": ("describe_instances", "Reservations", "InstanceId"),
    "AWS::EC2::Volume": ("describe_volumes", "Volumes", "VolumeId"),
    "AWS::EC2::VPC": ("describe_vpcs", "Vpcs", "VpcId"),
    "AWS::EC2::SecurityGroup": ("describe_security_groups", "SecurityGroups", "GroupId"),
    "AWS::EC2::NetworkInterface": ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
}
CHECKS = []
SETTINGS = Config(retries={"mode": "standard", "max_attempts": 6})


def check(function):
    CHECKS.append(function)
    return function


def equal(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r} is not {expected!r}")


def true(condition, what):
    if not condition:
        raise AssertionError(what)


def refused(code, call, **arguments):
    """The call must fail with this error code."""
    try:
        call(**arguments)
    except ClientError as error:
        equal(error.response["Error"]["Code"], code, "error code")
        return error.response
    raise AssertionError(f"{code} was expected, the call succeeded")


class Estate:
    def __init__(self, truth):
        self.truth = truth
        self.active = [account["id"] for account in truth["accounts"] if account["state"] == "ACTIVE"]
        refusing = {"role_denied", "onboarding"}
        unusable = {gap["account_id"] for gap in truth["incomplete"] if gap["reason"] in refusing}
        self.denied = sorted(unusable)
        unsteady = {"timeout", "throttled", "truncated", "service_error", "region_denied"}
        unusable |= {gap["account_id"] for gap in truth["incomplete"] if gap["reason"] in unsteady}
        # One large account is enough for what does not differ between accounts.
        self.usable = [account for account in self.active if account not in unusable]
        self.account = self.usable[0]
        self.sessions = {}

    def session(self, account, policy=None):
        key = (account, policy)
        if key not in self.sessions:
            keys = assume(self.truth, account, **({"Policy": policy} if policy else {}))["Credentials"]
            self.sessions[key] = boto3.Session(
                aws_access_key_id=keys["AccessKeyId"],
                aws_secret_access_key=keys["SecretAccessKey"],
                aws_session_token=keys["SessionToken"],
            )
        return self.sessions[key]

    def client(self, service, account=None, region="eu-central-1", policy=None):
        session = self.session(account or self.account, policy)
        return session.client(service, region_name=region, config=SETTINGS)

    def served(self, account, region):
        counts = (line for line in self.truth["served"] if line["account_id"] == account)
        return {line["resource_type"]: line["count"] for line in counts if line["region"] == region}


def assume(truth, account, **more):
    arguments = {
        "RoleArn": f"arn:aws:iam::{account}:role/{truth['role_name']}",
        "RoleSessionName": "peer-boto3",
        "ExternalId": truth["external_id"],
    }
    arguments.update(more)
    arguments = {name: value for name, value in arguments.items() if value is not None}
    return boto3.client("sts", config=SETTINGS).assume_role(**arguments)


def select(config, expression, limit=100):
    rows, token, pages = [], None, []
    while True:
        more = {"NextToken": token} if token else {}
        answer = config.select_resource_config(Expression=expression, Limit=limit, **more)
        rows += [json.loads(row) for row in answer["Results"]]
        pages.append(len(answer["Results"]))
        token = answer.get("NextToken")
        if not token:
            return rows, pages


@check
def base_keys_belong_to_the_management_account(estate):
    identity = boto3.client("sts").get_caller_identity()
    equal(identity["Account"], estate.active[0], "account")


@check
def accounts_are_listed_over_empty_pages(estate):
    organizations = boto3.client("organizations")
    pages = list(organizations.get_paginator("list_accounts").paginate())
    accounts = [account for page in pages for account in page["Accounts"]]
    expected = [(account["id"], account["state"]) for account in estate.truth["accounts"]]
    equal([(account["Id"], account["State"]) for account in accounts], expected, "accounts")
    equal([account["Status"] for account in accounts], [state for _, state in expected], "retired Status")
    true(all(len(page["Accounts"]) <= 20 for page in pages), "a page has more than 20 accounts")
    small = list(organizations.get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 3}))
    equal([account["Id"] for page in small for account in page["Accounts"]], [i for i, _ in expected], "by threes")
    true(any(not page["Accounts"] for page in small[:-1]), "no empty page among small ones")
    true(isinstance(accounts[0]["JoinedTimestamp"], datetime.datetime), "the time is not one")


@check
def organization_is_described_to_the_management_account_only(estate):
    organization = boto3.client("organizations").describe_organization()["Organization"]
    equal(organization["MasterAccountId"], estate.active[0], "management account")
    if len(estate.usable) > 1:
        member = estate.client("organizations", estate.usable[1])
        refused("AccessDeniedException", member.list_accounts)


@check
def every_account_can_be_entered_and_is_itself(estate):
    for account in estate.active:
        if account in estate.denied:
            refused("AccessDenied", lambda: assume(estate.truth, account))
            continue
        identity = estate.client("sts", account).get_caller_identity()
        equal(identity["Account"], account, "account")
        true(identity["Arn"].endswith(":assumed-role/bestand-reader/peer-boto3"), identity["Arn"])


@check
def suspended_accounts_cannot_be_entered(estate):
    for account in estate.truth["accounts"]:
        if account["state"] != "ACTIVE":
            refused("AccessDenied", lambda: assume(estate.truth, account["id"]))


@check
def external_id_role_and_account_must_be_right(estate):
    truth, account = estate.truth, estate.account
    refused("AccessDenied", lambda: assume(truth, account, ExternalId="wrong"))
    refused("AccessDenied", lambda: assume(truth, account, ExternalId=None))
    refused("AccessDenied", lambda: assume(truth, account, RoleArn=f"arn:aws:iam::{account}:role/other"))
    refused("AccessDenied", lambda: assume(truth, "999999999999"))


@check
def assume_role_validates_its_parameters(estate):
    truth, account = estate.truth, estate.account
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "config:*", "Resource": "*"}]}
    refused("ValidationError", lambda: assume(truth, account, DurationSeconds=7200))
    refused("ValidationError", lambda: assume(truth, account, RoleSessionName="with space"))
    refused("ValidationError", lambda: assume(truth, account, Policy=json.dumps(policy) + " " * 2048))
    refused("MalformedPolicyDocument", lambda: assume(truth, account, Policy="{}"))
    answer = assume(truth, account, DurationSeconds=900, Policy=json.dumps(policy))
    lasts = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    true(datetime.timedelta(minutes=10) < lasts <= datetime.timedelta(minutes=15), f"lasts {lasts}")
    true(answer["PackedPolicySize"] > 0, "no packed size")


@check
def session_policies_narrow_what_a_session_may_do(estate):
    statement = {"Effect": "Allow", "Action": ["config:Describe*", "ec2:DescribeRegions"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    config = estate.client("config", policy=policy)
    true(config.describe_configuration_recorders()["ConfigurationRecorders"], "no recorder")
    refused("AccessDeniedException", config.get_discovered_resource_counts)
    ec2 = estate.client("ec2", policy=policy)
    true(ec2.describe_regions()["Regions"], "no regions")
    refused("UnauthorizedOperation", ec2.describe_vpcs)
    equal(estate.client("sts", policy=policy).get_caller_identity()["Account"], estate.account, "account")


@check
def unknown_keys_get_each_protocols_own_error(_):
    wrong = boto3.Session(aws_access_key_id="AKIAUNKNOWN", aws_secret_access_key="x", region_name="eu-central-1")
    refused("UnrecognizedClientException", wrong.client("config").describe_configuration_recorders)
    refused("UnrecognizedClientException", wrong.client("organizations").list_accounts)
    refused("UnrecognizedClientException", wrong.client("resourcegroupstaggingapi").get_resources)
    answer = refused("InvalidClientTokenId", wrong.client("sts").get_caller_identity)
    equal(answer["ResponseMetadata"]["HTTPStatusCode"], 403, "status")
    refused("AuthFailure", wrong.client("ec2").describe_regions)


@check
def a_session_needs_its_token(estate):
    keys = assume(estate.truth, estate.account)["Credentials"]
    half = boto3.Session(aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"])
    refused("InvalidClientTokenId", half.client("sts").get_caller_identity)


@check
def regions_are_described(estate):
    ec2 = estate.client("ec2")
    regions = ec2.describe_regions()["Regions"]
    equal([region["RegionName"] for region in regions], estate.truth["regions"], "enabled regions")
    every = ec2.describe_regions(AllRegions=True)["Regions"]
    states = Counter(region["OptInStatus"] for region in every)
    true(states["not-opted-in"] > 0, "every region is enabled")
    one = ec2.describe_regions(RegionNames=["us-east-1"])["Regions"]
    equal([region["RegionName"] for region in one], ["us-east-1"], "by name")
    refused("UnrecognizedClientException", estate.client("config", region="me-south-1").get_discovered_resource_counts)


@check
def recorders_are_described(estate):
    whole = (gap for gap in estate.truth["incomplete"] if "resource_type" not in gap)
    gaps = {(gap["account_id"], gap.get("region")): gap["reason"] for gap in whole}
    for account in estate.usable:
        for region in estate.truth["regions"]:
            config = estate.client("config", account, region)
            recorders = config.describe_configuration_recorders()["ConfigurationRecorders"]
            statuses = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
            reason = gaps.get((account, region))
            if reason == "recorder_absent":
                equal((recorders, statuses), ([], []), "absent recorder")
                continue
            if reason == "recorder_unknown":
                equal((len(recorders), statuses), (1, []), "recorder without status")
                continue
            group = recorders[0]["recordingGroup"]
            true(group["recordingStrategy"]["useOnly"], "no strategy")
            equal(statuses[0]["recording"], reason != "recorder_stopped", "recording")
            last = {"recorder_failing": "failure", "recorder_pending": "pending"}.get(reason, "success")
            equal(statuses[0]["lastStatus"].lower(), last, "last status")
            age = datetime.datetime.now(datetime.timezone.utc) - statuses[0]["lastStartTime"]
            equal(age < datetime.timedelta(hours=24), reason == "recorder_warming", f"started {age} ago")


@check
def counts_equal_the_truth_in_every_account_and_region(estate):
    for account in estate.usable:
        for region in estate.truth["regions"]:
            config = estate.client("config", account, region)
            counts, more = {}, {}
            while True:
                page = config.get_discovered_resource_counts(limit=7, **more)
                for line in page["resourceCounts"]:
                    true(line["resourceType"] not in counts, "a type is counted twice")
                    counts[line["resourceType"]] = line["count"]
                if "nextToken" not in page:
                    break
                more = {"nextToken": page["nextToken"]}
            equal(page["totalDiscoveredResources"], sum(counts.values()), "total")
            equal(counts, estate.served(account, region), f"counts of {account} {region}")


@check
def rows_equal_the_truth_in_every_account_and_region(estate):
    for account in estate.usable:
        for region in estate.truth["regions"]:
            rows, _ = select(estate.client("config", account, region), PROJECTION)
            live = [row for row in rows if row["configurationItemStatus"] not in NOT_LIVE]
            counts = Counter(row["resourceType"] for row in live)
            served = estate.served(account, region)
            selected = {kind: count for kind, count in served.items() if kind not in estate.truth["not_selected"]}
            equal(dict(counts), selected, f"rows of {account} {region}")
            keys = Counter((row["resourceType"], row["resourceId"], row.get("arn")) for row in rows)
            equal([key for key, count in keys.items() if count > 1], [], "rows that come twice")


@check
def planted_differences_are_what_they_say(estate):
    gone = {"absent", "planned"}
    by_place = {}
    for planted in estate.truth["planted"]:
        region = planted.get("region")
        if planted["scope_complete"] and planted.get("account_id") in estate.usable and region:
            by_place.setdefault((planted["account_id"], region), []).append(planted)
    seen = Counter()
    for (account, region), differences in by_place.items():
        config = estate.client("config", account, "eu-central-1" if region == "global" else region)
        rows, _ = select(config, PROJECTION + ", configuration.instanceType")
        live = {
            (row["resourceType"], row["resourceId"]): row
            for row in rows
            if row["configurationItemStatus"] not in NOT_LIVE
        }
        for planted in differences:
            if planted["kind"] == "rejected_record" or planted["resource_type"] in estate.truth["not_selected"]:
                continue
            row = live.get((planted["resource_type"], planted.get("resource_id")))
            equal(row is None, planted["kind"] in gone, f"{planted['kind']} {planted.get('resource_id')}")
            if row is not None:
                equal(row.get("arn"), planted.get("arn"), "arn")
            if planted["kind"] == "divergent":
                equal(row["configuration"]["instanceType"], planted["live"], "live instance type")
                true(planted["live"] != planted["registered"], "nothing diverges")
            seen[planted["kind"]] += 1
    for kind in ("unregistered", "absent", "divergent", "retired_but_live", "planned", "duplicate"):
        true(seen[kind] > 0, f"nothing was planted of {kind}")


@check
def select_pages_as_the_service_does(estate):
    config = estate.client("config")
    rows, pages = select(config, "SELECT resourceId", limit=2)
    true(len(pages) > 20 and max(pages) <= 2, f"pages {pages[:5]}")
    true(0 in pages[:-1] and 1 in pages[:-1], "no page was empty, none was short")
    again, _ = select(config, "SELECT resourceId", limit=100)
    equal(rows, again, "rows in small and large pages")
    equal(len(config.select_resource_config(Expression="SELECT resourceId")["Results"]), 25, "default page")
    refused("InvalidLimitException", config.select_resource_config, Expression="SELECT resourceId", Limit=101)
    refused("InvalidNextTokenException", config.select_resource_config, Expression="SELECT arn", NextToken="x")


@check
def select_projects_only_what_is_named(estate):
    config = estate.client("config")
    where = " WHERE resourceType = 'AWS::EC2::Instance'"
    row = select(config, "SELECT *" + where)[0][0]
    true({"accountId", "awsRegion", "resourceId", "resourceType"} <= set(row), f"scalars {sorted(row)}")
    true(not {"tags", "configuration", "configurationItemStatus"} & set(row), f"too much: {sorted(row)}")
    row = select(config, "SELECT resourceId, configuration.state.name, configuration.securityGroups.groupId" + where)[0][0]
    equal(sorted(row["configuration"]), ["securityGroups", "state"], "configuration")
    equal(list(row["configuration"]["state"]), ["name"], "state")
    equal(list(row["configuration"]["securityGroups"][0]), ["groupId"], "array")
    answer = config.select_resource_config(Expression="SELECT arn, tags" + where)
    equal([field["Name"] for field in answer["QueryInfo"]["SelectFields"]], ["arn", "tags"], "fields")


@check
def select_filters_groups_and_orders(estate):
    config = estate.client("config")
    everything, _ = select(config, "SELECT resourceId, configuration.size WHERE resourceType = 'AWS::EC2::Volume'")
    for condition, test in [
        ("configuration.size > 64", lambda size: size > 64),
        ("configuration.size BETWEEN 16 AND 32", lambda size: 16 <= size <= 32),
        ("NOT configuration.size = 8", lambda size: size != 8),
        ("(configuration.size = 8 OR configuration.size = 16)", lambda size: size in (8, 16)),
        ("configuration.size IN (32, 64)", lambda size: size in (32, 64)),
    ]:
        rows, _ = select(config, f"SELECT resourceId WHERE resourceType = 'AWS::EC2::Volume' AND {condition}")
        expected = [row["resourceId"] for row in everything if test(row["configuration"]["size"])]
        equal([row["resourceId"] for row in rows], expected, condition)
    one = everything[0]["resourceId"]
    equal(select(config, f"SELECT resourceType WHERE resourceId = '{one}'")[0], [{"resourceType": "AWS::EC2::Volume"}], "by id")
    rows, _ = select(config, f"SELECT resourceId WHERE resourceId LIKE '{one[:12]}%'")
    true({"resourceId": one} in rows, "LIKE")
    groups, _ = select(config, "SELECT resourceType, COUNT(*) GROUP BY resourceType ORDER BY COUNT(*) DESC")
    counts = [group["COUNT(*)"] for group in groups]
    equal(counts, sorted(counts, reverse=True), "order")
    equal(sum(counts), len(select(config, "SELECT resourceId")[0]), "sum of groups")
    sizes, _ = select(config, "SELECT configuration.size WHERE resourceType = 'AWS::EC2::Volume' ORDER BY configuration.size", limit=3)
    sizes = [row["configuration"]["size"] for row in sizes]
    equal(sizes, sorted(row["configuration"]["size"] for row in everything), "ORDER BY over pages")


@check
def select_refuses_what_aws_config_does_not_know(estate):
    config = estate.client("config")
    for expression in [
        "SELECT resourceId FROM resources",
        "SELECT DISTINCT resourceType",
        "SELECT resourceId AS id",
        "SELECT resourceId WHERE arn IS NULL",
        "SELECT resourceId WHERE resourceId LIKE '%x'",
        "SELECT resourceId LIMIT 5",
        "SELECT nonsense",
        "not sql",
        "SELECT resourceId WHERE resourceId = '" + "x" * 4096 + "'",
    ]:
        refused("InvalidExpressionException", config.select_resource_config, Expression=expression)


@check
def row_quirks_are_served_as_the_truth_says(estate):
    for quirk in estate.truth["quirks"]:
        kind = quirk["quirk"]
        account = quirk.get("account_id", estate.account)
        if account != estate.account or kind == "recorded_in_two_regions":
            continue
        region = quirk.get("region", "eu-central-1")
        config = estate.client("config", account, "eu-central-1" if region == "global" else region)
        rows, _ = select(
            config,
            "SELECT resourceId, resourceName, arn, awsRegion, tags, configurationItemStatus, configuration "
            f"WHERE resourceType = '{quirk['resource_type']}'",
        )
        if "resource_id" in quirk:
            rows = [row for row in rows if row["resourceId"] == quirk["resource_id"]]
            equal(len(rows), 1, f"rows of {quirk}")
        if kind == "missing_arn":
            true("arn" not in rows[0], "there is an ARN")
        elif kind == "withdrawn_row":
            equal(rows[0]["configurationItemStatus"], quirk["detail"], "status")
        elif kind == "odd_name":
            name = rows[0].get("resourceName") or next(t["value"] for t in rows[0]["tags"] if t["key"] == "Name")
            true(name.startswith(quirk["detail"]), name)
        elif kind == "tags_as_object":
            true(all(isinstance(row["tags"], dict) for row in rows), "tags are no object")
        elif kind == "global_region":
            true(all(row["awsRegion"] == "global" for row in rows), "region is not global")
        elif kind == "shared_resource_id":
            true(max(Counter(row["resourceId"] for row in rows).values()) > 1, "every id is unique")
        elif kind == "null_configuration":
            true(all(row["configuration"] is None for row in rows), "there is a configuration")
        else:
            raise AssertionError(f"unknown quirk {kind}")


@check
def secrets_are_planted_and_only_in_configuration(estate):
    config = estate.client("config")
    where = " WHERE resourceType = 'AWS::Lambda::Function'"
    mark = estate.truth["secret_mark"]
    with_all, _ = select(config, "SELECT configuration" + where)
    true(all(mark in json.dumps(row) for row in with_all), "no secret is planted")
    named, _ = select(config, "SELECT *, tags, configuration.runtime, configuration.memorySize" + where)
    true(not any(mark in json.dumps(row) for row in named), "a secret lies outside of its place")


@check
def discovered_resources_are_listed(estate):
    config = estate.client("config")
    for resource_type in ("AWS::S3::Bucket", "AWS::IAM::Role", "AWS::EC2::Volume"):
        pages = list(
            config.get_paginator("list_discovered_resources").paginate(
                resourceType=resource_type, PaginationConfig={"PageSize": 5}
            )
        )
        listed = [item["resourceId"] for page in pages for item in page["resourceIdentifiers"]]
        rows, _ = select(config, f"SELECT resourceId, configurationItemStatus WHERE resourceType = '{resource_type}'")
        gone = {"ResourceDeleted", "ResourceDeletedNotRecorded"}
        equal(listed, [row["resourceId"] for row in rows if row["configurationItemStatus"] not in gone], resource_type)
    some = listed[:20]
    answer = config.list_discovered_resources(resourceType="AWS::EC2::Volume", resourceIds=some)
    equal(sorted(item["resourceId"] for item in answer["resourceIdentifiers"]), sorted(some), "by id")
    answer = config.list_discovered_resources(resourceType="AWS::EC2::Volume", resourceIds=["vol-0123"])
    equal(answer["resourceIdentifiers"], [], "unknown id")
    equal(config.list_discovered_resources(resourceType="AWS::EC2::Host")["resourceIdentifiers"], [], "other type")
    too_many = [f"vol-{at}" for at in range(21)]
    refused("ValidationException", config.list_discovered_resources, resourceType="AWS::EC2::Volume", resourceIds=too_many)


@check
def deletions_are_proven_by_id(estate):
    proven = Counter()
    for planted in estate.truth["planted"]:
        region = planted.get("region")
        if planted["kind"] != "absent" or planted.get("account_id") not in estate.usable or not region:
            continue
        if not planted["scope_complete"]:
            continue
        config = estate.client("config", planted["account_id"], "eu-central-1" if region == "global" else region)
        answer = config.list_discovered_resources(
            resourceType=planted["resource_type"], resourceIds=[planted["resource_id"]], includeDeletedResources=True
        )
        found = answer["resourceIdentifiers"]
        at = planted.get("deletion_time")
        equal([int(item["resourceDeletionTime"].timestamp()) for item in found], [at] if at else [], "deletion")
        plain = config.list_discovered_resources(
            resourceType=planted["resource_type"], resourceIds=[planted["resource_id"]]
        )
        equal(plain["resourceIdentifiers"], [], "a deleted resource is listed unasked")
        proven[bool(at)] += 1
    true(proven[True] > 0 and proven[False] > 0, f"proofs {proven}")


@check
def configurations_are_got_in_batches(estate):
    config = estate.client("config")
    rows, _ = select(config, "SELECT resourceId, resourceType, configurationItemStatus, configuration.instanceType")
    live = [row for row in rows if row["configurationItemStatus"] not in NOT_LIVE]
    live = [row for row in live if row["resourceType"] != "AWS::ECS::TaskDefinition"][:100]
    wanted = [{"resourceType": row["resourceType"], "resourceId": row["resourceId"]} for row in live]
    got, asked, unprocessed = {}, wanted, 0
    while asked:
        answer = config.batch_get_resource_config(resourceKeys=asked)
        for item in answer["baseConfigurationItems"]:
            true("tags" not in item, "there are tags")
            got[(item["resourceType"], item["resourceId"])] = item
        true(len(answer["unprocessedResourceKeys"]) < len(asked), "no progress")
        asked = answer["unprocessedResourceKeys"]
        unprocessed += len(asked)
    equal(set(got), {(key["resourceType"], key["resourceId"]) for key in wanted}, "items")
    true(unprocessed > 0, "every key was processed at once")
    for row in live:
        item = got[(row["resourceType"], row["resourceId"])]
        if "configuration" in row and row["configuration"]:
            configuration = json.loads(item["configuration"])
            equal(configuration["instanceType"], row["configuration"]["instanceType"], "instance type")
        true(isinstance(item["configurationItemCaptureTime"], datetime.datetime), "the time is not one")
    unknown = config.batch_get_resource_config(resourceKeys=[{"resourceType": "AWS::EC2::Instance", "resourceId": "i-0"}])
    equal(unknown["baseConfigurationItems"], [], "unknown key")
    refused("ValidationException", config.batch_get_resource_config, resourceKeys=wanted[:1] * 101)


@check
def ec2_agrees_with_config(estate):
    for region in estate.truth["regions"]:
        ec2 = estate.client("ec2", region=region)
        rows, _ = select(estate.client("config", region=region), PROJECTION)
        for resource_type, (operation, member, key) in EC2_TYPES.items():
            entries, token = [], None
            while True:
                answer = getattr(ec2, operation)(MaxResults=5, **({"NextToken": token} if token else {}))
                entries += answer[member]
                token = answer.get("NextToken")
                if not token:
                    break
            if member == "Reservations":
                entries = [instance for reservation in entries for instance in reservation["Instances"]]
                states = Counter(instance["State"]["Name"] for instance in entries)
                true(states["terminated"] > 0 and states["running"] > 0, f"states {states}")
                entries = [entry for entry in entries if entry["State"]["Name"] != "terminated"]
            own = {entry[key] for entry in entries if entry.get("OwnerId", estate.account) == estate.account}
            live = {
                row["resourceId"]
                for row in rows
                if row["resourceType"] == resource_type and row["configurationItemStatus"] not in NOT_LIVE
            }
            equal(own, live, f"{resource_type} in {region}")
            equal(len(getattr(ec2, operation)()[member]) > 0, bool(live), "all in one page")


@check
def ec2_shows_shared_vpcs_filters_and_tags(estate):
    ec2 = estate.client("ec2")
    vpcs = ec2.describe_vpcs()["Vpcs"]
    if len(estate.active) > 1:
        true(any(vpc["OwnerId"] != estate.account for vpc in vpcs), "no shared VPC")
    own = ec2.describe_vpcs(Filters=[{"Name": "owner-id", "Values": [estate.account]}])["Vpcs"]
    equal({vpc["OwnerId"] for vpc in own}, {estate.account}, "owners")
    running = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running"]}])["Reservations"]
    instance = running[0]["Instances"][0]
    equal(instance["State"], {"Code": 16, "Name": "running"}, "state")
    true(any(tag["Key"] == "Name" for tag in instance["Tags"]), "no name")
    true(isinstance(instance["LaunchTime"], datetime.datetime), "the time is not one")
    one = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"]
    equal(len(one), 1, "by id")
    refused("InvalidInstanceID.NotFound", ec2.describe_instances, InstanceIds=["i-0123456789abcdef0"])


@check
def tags_are_read_with_deleted_resources_among_them(estate):
    tagging = estate.client("resourcegroupstaggingapi")
    pages = list(tagging.get_paginator("get_resources").paginate(PaginationConfig={"PageSize": 20}))
    mappings = [mapping for page in pages for mapping in page["ResourceTagMappingList"]]
    arns = [mapping["ResourceARN"] for mapping in mappings]
    equal(len(arns), len(set(arns)), "ARNs come once")
    true(all(mapping["Tags"] for mapping in mappings), "an untagged resource is listed")
    rows, _ = select(estate.client("config"), PROJECTION)
    live = {row.get("arn") for row in rows if row["configurationItemStatus"] not in NOT_LIVE}
    absent = [p for p in estate.truth["planted"] if p["kind"] == "absent" and p.get("account_id") == estate.account]
    deleted = [arn for arn in arns if any(p.get("arn") == arn or p.get("resource_id", "-") in arn for p in absent)]
    true(deleted and not set(deleted) & live, f"deleted resources: {deleted}")
    buckets = tagging.get_resources(ResourceTypeFilters=["s3"])["ResourceTagMappingList"]
    true(buckets and all(m["ResourceARN"].startswith("arn:aws:s3:::") for m in buckets), "filter")
    refused("PaginationTokenExpiredException", tagging.get_resources, PaginationToken="stale")


def everything(call, member, **arguments):
    """All entries of a listing that boto3 has no paginator for."""
    entries, more = [], {}
    while True:
        answer = call(**arguments, **more)
        entries += answer[member]
        if not answer.get("NextToken"):
            return entries
        more = {"NextToken": answer["NextToken"]}


@check
def the_tree_of_units_holds_every_account(estate):
    organizations = boto3.client("organizations")
    (root,) = everything(organizations.list_roots, "Roots")
    found, open_units = {}, [(root["Id"], root["Name"])]
    while open_units:
        parent, path = open_units.pop()
        for account in organizations.get_paginator("list_accounts_for_parent").paginate(
            ParentId=parent, PaginationConfig={"PageSize": 2}
        ):
            found.update({one["Id"]: path for one in account["Accounts"]})
        for page in organizations.get_paginator("list_organizational_units_for_parent").paginate(
            ParentId=parent, PaginationConfig={"PageSize": 1}
        ):
            open_units += [(unit["Id"], f"{path}/{unit['Name']}") for unit in page["OrganizationalUnits"]]
    equal(found, {account["id"]: account["ou_path"] for account in estate.truth["accounts"]}, "paths")
    for account in estate.truth["accounts"]:
        pages = organizations.get_paginator("list_tags_for_resource").paginate(ResourceId=account["id"])
        tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
        equal(tags, account["tags"], "tags")
        described = organizations.describe_account(AccountId=account["id"])["Account"]
        equal((described["Email"], described["State"]), (account["email"], account["state"]), "account")
    (parent,) = everything(organizations.list_parents, "Parents", ChildId=estate.active[0])
    equal(parent["Type"], "ROOT", "parent of the management account")
    refused("ParentNotFoundException", organizations.list_accounts_for_parent, ParentId="ou-rb01-00000000")
    refused("ChildNotFoundException", organizations.list_parents, ChildId="123456789012")
    refused("TargetNotFoundException", organizations.list_tags_for_resource, ResourceId="123456789012")
    refused("AccountNotFoundException", organizations.describe_account, AccountId="123456789012")


@check
def the_aggregator_has_every_account_and_one_that_has_left(estate):
    config, name = boto3.client("config"), estate.truth["aggregator_name"]
    (aggregator,) = config.describe_configuration_aggregators()["ConfigurationAggregators"]
    equal(aggregator["ConfigurationAggregatorName"], name, "name")
    arguments = {"ConfigurationAggregatorName": name}
    pages = config.get_paginator("select_aggregate_resource_config").paginate(
        Expression="SELECT accountId, awsRegion, resourceType, resourceId, configurationItemStatus",
        PaginationConfig={"PageSize": 100},
        **arguments,
    )
    rows = [json.loads(row) for page in pages for row in page["Results"]]
    expected = set(estate.active) | {estate.truth.get("departed_account", estate.active[0])}
    equal({row["accountId"] for row in rows}, expected, "accounts")
    live = Counter((row["accountId"], row["awsRegion"], row["resourceType"]) for row in rows if row["configurationItemStatus"] not in NOT_LIVE)
    outdated = {(gap["account_id"], gap["region"]) for gap in estate.truth["aggregator_incomplete"]}
    for account in estate.usable[:3]:
        for region in [*estate.truth["regions"], "global"]:
            if (account, region) in outdated:
                continue
            groups = everything(
                config.get_aggregate_discovered_resource_counts,
                "GroupedResourceCounts",
                Filters={"AccountId": account, "Region": region},
                GroupByKey="RESOURCE_TYPE",
                Limit=9,
                **arguments,
            )
            counts = {group["GroupName"]: group["ResourceCount"] for group in groups}
            selected = {kind: count for kind, count in counts.items() if kind not in estate.truth["not_selected"]}
            rows_here = {kind: count for (a, r, kind), count in live.items() if (a, r) == (account, region)}
            equal(selected, rows_here, f"aggregate counts of {account} {region}")
    sources = everything(
        config.describe_configuration_aggregator_sources_status, "AggregatedSourceStatusList", Limit=7, **arguments
    )
    accounts = [source for source in sources if source["SourceType"] == "ACCOUNT"]
    equal(len(accounts), len(estate.active) * len(estate.truth["regions"]), "sources")
    bad = {(s["SourceId"], s["AwsRegion"]) for s in accounts if s["LastUpdateStatus"] != "SUCCEEDED"}
    equal(bad, outdated, "outdated sources")
    true(isinstance(accounts[0]["LastUpdateTime"], datetime.datetime), "the time is not one")
    refused("NoSuchConfigurationAggregatorException", config.select_aggregate_resource_config, Expression="SELECT arn", ConfigurationAggregatorName="other")
    if len(estate.usable) > 1:
        member = estate.client("config", estate.usable[1])
        refused("NoSuchConfigurationAggregatorException", member.select_aggregate_resource_config, Expression="SELECT arn", **arguments)


@check
def types_that_select_does_not_serve_are_listed_and_got(estate):
    config = estate.client("config")
    for kind in estate.truth["not_selected"]:
        equal(select(config, f"SELECT resourceId WHERE resourceType = '{kind}'")[0], [], "rows")
        pages = config.get_paginator("list_discovered_resources").paginate(resourceType=kind)
        ids = [item["resourceId"] for page in pages for item in page["resourceIdentifiers"]]
        equal(len(ids), estate.served(estate.account, "eu-central-1")[kind], f"{kind} listed")
        asked, got = [{"resourceType": kind, "resourceId": one} for one in ids], []
        while asked:
            answer = config.batch_get_resource_config(resourceKeys=asked)
            got += answer["baseConfigurationItems"]
            asked = answer["unprocessedResourceKeys"]
        equal(sorted(item["resourceId"] for item in got), sorted(ids), f"{kind} got")
        true(all(json.loads(item["configuration"])["Arn"] == item["arn"] for item in got), "ARNs")


@check
def ec2_filters_by_id_and_tags_are_asked_for_by_arn(estate):
    ec2 = estate.client("ec2")
    volumes = [volume["VolumeId"] for volume in ec2.describe_volumes()["Volumes"]][:3]
    pages = ec2.get_paginator("describe_volumes").paginate(
        Filters=[{"Name": "volume-id", "Values": volumes}], PaginationConfig={"PageSize": 5}
    )
    equal([volume["VolumeId"] for page in pages for volume in page["Volumes"]], volumes, "by filter")
    refused("FilterLimitExceeded", ec2.describe_volumes, Filters=[{"Name": "volume-id", "Values": ["vol-1"] * 201}])
    tagging = estate.client("resourcegroupstaggingapi")
    some = tagging.get_resources(ResourcesPerPage=10)["ResourceTagMappingList"]
    arns = [mapping["ResourceARN"] for mapping in some]
    if arns:
        equal(tagging.get_resources(ResourceARNList=arns)["ResourceTagMappingList"], some, "by ARN")
        refused("InvalidParameterException", tagging.get_resources, ResourceARNList=arns, ResourcesPerPage=10)


def main():
    with open(os.environ["BESTAND_TRUTH"], encoding="utf-8") as file:
        estate = Estate(json.load(file))
    passed = failed = 0
    for function in CHECKS:
        try:
            function(estate)
            passed += 1
        except Exception as error:  # a check that breaks is a check that failed
            failed += 1
            print(f"FAILED {function.__name__}: {type(error).__name__}: {error}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
