#!/usr/bin/env python3
"""What moto's AWS Config has arrives whole, and what it does not tell is never taken for absence: moto_collection.py
BESTAND.

moto answers nothing to Select and HTTP 500 to counts, but lists five types and gives them by key. So bestand reads
them by key, and nothing becomes complete.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile

import run_directory
from moto_here import FRANKFURT, VIRGINIA, Bestand, MotoHere
from run_directory import RunDirectory, equal, one, true

REGIONS = [FRANKFURT, VIRGINIA]
FIRST, SECOND, THIRD = "111111111111", "222222222222", "333333333333"
# More buckets than moto gives on a page, and than one BatchGet takes.
MANY = 120
WHOLE = {FIRST: "regio-bus-nord", SECOND: "stadtbahn", THIRD: "leitstelle"}
PENDING, WITHOUT = "444444444444", "555555555555"
ACCOUNTS = {**WHOLE, PENDING: "depot", WITHOUT: "museum"}
BUCKET, BLOCK = "AWS::S3::Bucket", "AWS::S3::AccountPublicAccessBlock"
ROLE_TYPE, POLICY, TOPIC = "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::SNS::Topic"
EC2_TYPES = [f"AWS::EC2::{name}" for name in ("Instance", "NetworkInterface", "SecurityGroup", "Volume", "VPC")]
ATTRIBUTES = {BLOCK: ["configuration.blockPublicAcls"], TOPIC: ["configuration.displayName"]}
SECRET = "geheim-4711"


def found_account(moto, account):
    """Makes resources of all five types, and in Frankfurt what only EC2 knows of."""
    moto.reader_role(account)
    iam = moto.client("iam", account)
    allow = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
    for number in range(3):
        policy = iam.create_policy(PolicyName=f"fahrplan-{number}", PolicyDocument=allow, Description=SECRET)
        iam.create_role(RoleName=f"leser-{number}", AssumeRolePolicyDocument=allow, Path="/fahrplan/")
        iam.attach_role_policy(RoleName=f"leser-{number}", PolicyArn=policy["Policy"]["Arn"])
    for region in REGIONS:
        s3 = moto.client("s3", account, region)
        place = {} if region == VIRGINIA else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        many = MANY if (account, region) == (FIRST, FRANKFURT) else 2
        for number in range(many):
            s3.create_bucket(Bucket=f"{account}-{region}-{number:03}", **place)
        s3.put_bucket_policy(Bucket=f"{account}-{region}-000", Policy=allow.replace("s3:*", f"s3:{SECRET}"))
        s3.put_public_access_block(
            Bucket=f"{account}-{region}-001", PublicAccessBlockConfiguration={"BlockPublicAcls": True}
        )
        sns = moto.client("sns", account, region)
        for number in range(2):
            sns.create_topic(Name=f"stoerung-{number}", Attributes={"DisplayName": f"Störung {number}"})
    moto.s3control(account).put_public_access_block(
        AccountId=account,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    ec2 = moto.client("ec2", account)
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=2, MaxCount=2)
    gone = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)
    ec2.terminate_instances(InstanceIds=[gone["Instances"][0]["InstanceId"]])
    ec2.create_volume(AvailabilityZone=f"{FRANKFURT}a", Size=8)
    ec2.create_vpc(CidrBlock="10.9.0.0/16")


def start_recorders(moto):
    """Starts recorders, and gives what the ledger is to say. The counts matter only where a recorder is believed."""
    reasons = {(account, region): "service_error" for account in WHOLE for region in REGIONS}
    for region in REGIONS:
        moto.recorder(FIRST, region, status="SUCCESS")
    # Fewer types to ask for, and so fewer questions to moto.
    group = {"resourceTypes": [BUCKET, BLOCK, ROLE_TYPE, POLICY, TOPIC, *EC2_TYPES]}
    moto.recorder(SECOND, FRANKFURT, group, status="SUCCESS")
    moto.recorder(SECOND, VIRGINIA, group, status="SUCCESS", started=0)
    reasons[SECOND, VIRGINIA] = "recorder_warming"
    moto.recorder(THIRD, FRANKFURT, group, status="SUCCESS")
    moto.recorder(THIRD, VIRGINIA, group, status="FAILURE", error=("AccessDenied", "cannot write to the bucket"))
    reasons[THIRD, VIRGINIA] = "recorder_failing"
    moto.recorder(PENDING, FRANKFURT, group)
    moto.recorder(PENDING, VIRGINIA, group, status="SUCCESS")
    moto.client("config", PENDING, VIRGINIA).stop_configuration_recorder(ConfigurationRecorderName="default")
    reasons.update({(PENDING, FRANKFURT): "recorder_pending", (PENDING, VIRGINIA): "recorder_stopped"})
    reasons.update({(WITHOUT, region): "recorder_absent" for region in REGIONS})
    return reasons


def truth(moto, account):
    """What the account has, as its own services say: (type, region, id)."""
    found = {(BLOCK, region, account) for region in REGIONS}
    s3 = moto.client("s3", account)
    for bucket in s3.list_buckets()["Buckets"]:
        region = s3.get_bucket_location(Bucket=bucket["Name"])["LocationConstraint"] or VIRGINIA
        found.add((BUCKET, region, bucket["Name"]))
    iam = moto.client("iam", account)
    # moto's rows of roles carry the name where AWS's carry the id.
    found |= {(ROLE_TYPE, "global", role["RoleName"]) for role in iam.list_roles()["Roles"]}
    local = iam.list_policies(Scope="Local")["Policies"]
    found |= {(POLICY, "global", policy["PolicyId"]) for policy in local}
    for region in REGIONS:
        topics = moto.client("sns", account, region).list_topics()["Topics"]
        found |= {(TOPIC, region, topic["TopicArn"]) for topic in topics}
    return found


def ec2_truth(moto, account, region):
    """How many resources EC2 itself names of each type, without what is terminated."""
    ec2 = moto.client("ec2", account, region)
    states = [
        instance["State"]["Name"]
        for reservation in ec2.describe_instances()["Reservations"]
        for instance in reservation["Instances"]
    ]
    return {
        "AWS::EC2::Instance": sum(state != "terminated" for state in states),
        "AWS::EC2::NetworkInterface": len(ec2.describe_network_interfaces()["NetworkInterfaces"]),
        "AWS::EC2::SecurityGroup": len(ec2.describe_security_groups()["SecurityGroups"]),
        "AWS::EC2::Volume": len(ec2.describe_volumes()["Volumes"]),
        "AWS::EC2::VPC": len(ec2.describe_vpcs()["Vpcs"]),
    }


def write_source_register(folder):
    """Per account a record of a bucket, a role and a topic that are there, of a bucket that never was, and of an
    instance that only EC2 knows of."""
    rows = []
    for account in ACCOUNTS:
        bucket, never = f"{account}-{FRANKFURT}-000", f"never-was-{account}"
        role = f"arn:aws:iam::{account}:role/leser-0"
        topic = f"arn:aws:sns:{VIRGINIA}:{account}:stoerung-0"
        instance = f"arn:aws:ec2:{FRANKFURT}:{account}:instance/i-0123456789abcdef0"
        rows += [
            (f"{account}-bucket", None, bucket, account, FRANKFURT, BUCKET, "Fahrplan"),
            (f"{account}-role", role, None, None, None, None, "Leser"),
            (f"{account}-topic", topic, None, None, None, None, "Störungen"),
            (f"{account}-never", None, never, account, FRANKFURT, BUCKET, "never was"),
            (f"{account}-instance", instance, None, None, None, None, "never was"),
        ]
    with sqlite3.connect(os.path.join(folder, "itk.db")) as database:
        database.execute("CREATE TABLE assets (id, arn, rid, account, region, type, name)")
        database.executemany("INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    database.close()
    return rows


class Outcome:
    """What the runs left behind, and what moto says itself."""

    def __init__(self, reasons):
        self.reasons = reasons
        self.truth, self.ec2 = {}, {}
        # What was published, and what was planned after a bucket had vanished.
        self.status = self.run = self.after = None
        # With counts lent to moto.
        self.counted = None


def inventory(run):
    """The items of each account."""
    items = {}
    for item in run.lines("inventory"):
        items.setdefault(item["account_id"], []).append(item)
    return items


def key(item):
    return item["resource_type"], item["region"], item["resource_id"]


def lines_of(run, account, region):
    """The ledger's lines of a region, by type; None is the region's own."""
    lines = [line for line in run.coverage() if (line["account_id"], line.get("region")) == (account, region)]
    return {line.get("resource_type"): line for line in lines}


def ends_with_status_20(outcome):
    equal(outcome.status, 20, "exit status")
    true(outcome.run.summary["next_steps"], "no next step is given")


def everything_that_moto_has_arrives_once_in_its_own_account(outcome):
    items = inventory(outcome.run)
    for account in [*WHOLE, PENDING]:
        keys = [key(item) for item in items.get(account, [])]
        equal(len(keys), len(set(keys)), f"{account}: distinct items")
        missing, surplus = outcome.truth[account] - set(keys), set(keys) - outcome.truth[account]
        equal((sorted(missing), sorted(surplus)), ([], []), f"{account}: missing, surplus")
    equal(set(items), {*WHOLE, PENDING}, "accounts with an inventory")
    buckets = [item for item in items[FIRST] if key(item)[:2] == (BUCKET, FRANKFURT)]
    equal(len(buckets), MANY, "buckets of the first account")
    equal(one(f"SELECT count(*) FROM {outcome.run.table('inventory')}"), sum(map(len, items.values())), "by DuckDB")


def items_come_by_key_without_tags_and_with_listed_attributes_only(outcome):
    listed = {
        BUCKET: "configuration.creationDate",
        ROLE_TYPE: "configuration.path configuration.createDate configuration.attachedManagedPolicies.policyArn",
        POLICY: "configuration.defaultVersionId configuration.attachmentCount configuration.isAttachable",
        BLOCK: ATTRIBUTES[BLOCK][0],
        TOPIC: ATTRIBUTES[TOPIC][0],
    }
    for items in inventory(outcome.run).values():
        for item in items:
            equal(item["path"], "batch_get", f"path of {key(item)}")
            true("tags" in item and item["tags"] is None, f"tags of {key(item)}: {item.get('tags')}")
            paths = set(item["attributes"])
            true(set(listed[item["resource_type"]].split()) <= paths, f"attributes of {key(item)}: {sorted(paths)}")
            wrong = [path for path in paths if path in ("configuration", "supplementaryConfiguration")]
            equal(wrong, [], f"whole configurations of {key(item)}")
            unlisted = (".policyText", ".policyVersionList", ".owner", ".assumeRolePolicyDocument", ".policy")
            others = {path for path in paths if path.endswith(unlisted)}
            equal(others, set(), f"attributes that nobody listed of {key(item)}")


def values_are_those_that_moto_was_given(outcome):
    by_key = {key(item): item for item in inventory(outcome.run)[FIRST]}
    role = by_key[ROLE_TYPE, "global", "leser-1"]
    equal(role["attributes"]["configuration.path"], "/fahrplan/", "path of the role")
    policies = role["attributes"]["configuration.attachedManagedPolicies.policyArn"]
    equal(policies, [f"arn:aws:iam::{FIRST}:policy/fahrplan-1"], "policies of the role")
    bucket = by_key[BUCKET, VIRGINIA, f"{FIRST}-{VIRGINIA}-001"]
    equal(bucket["arn"], f"arn:aws:s3:::{FIRST}-{VIRGINIA}-001", "ARN of the bucket")
    blocked = bucket["attributes"]["supplementaryConfiguration.PublicAccessBlockConfiguration.blockPublicAcls"]
    equal(blocked, True, "public access block of the bucket")
    # moto does not tell of versioning, which is not the same as none.
    true(not [path for path in bucket["attributes"] if "Versioning" in path], f"{bucket['attributes']}")
    true(bucket["created_at"].startswith("20"), f"created_at: {bucket['created_at']}")
    topic = by_key[TOPIC, FRANKFURT, f"arn:aws:sns:{FRANKFURT}:{FIRST}:stoerung-1"]
    equal(topic["attributes"]["configuration.displayName"], "Störung 1", "display name of the topic")
    true(topic["captured_at"].startswith("20"), f"captured_at: {topic['captured_at']}")
    blocks = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    expected = {f"configuration.{block}": True for block in blocks}
    equal(by_key[BLOCK, FRANKFURT, FIRST]["attributes"], expected, "public access block")


def nothing_secret_is_kept(outcome):
    for kind in ("inventory", "findings", "changes"):
        for line in outcome.run.lines(kind):
            text = json.dumps(line, ensure_ascii=False)
            true(SECRET not in text, f"{kind}: {text[:300]}")


def each_region_says_what_keeps_it_from_being_complete(outcome):
    for (account, region), reason in outcome.reasons.items():
        line = lines_of(outcome.run, account, region)[None]
        equal((line["status"], line["reason"]), ("incomplete", reason), f"{account} {region}")
        if reason == "service_error":
            call = "config:GetDiscoveredResourceCounts: HTTP 500 without an error code"
            equal(line["detail"], f"what is there could not be counted: {call}", f"{account} {region}")
    failing = lines_of(outcome.run, THIRD, VIRGINIA)[None]
    true("cannot write to the bucket" in failing["detail"], f"detail: {failing['detail']}")
    equal(outcome.run.summary["coverage"]["complete"], 0, "complete scopes")


def each_type_that_was_read_by_key_says_so(outcome):
    for region, of, number in ((FRANKFURT, BUCKET, MANY), (VIRGINIA, TOPIC, 2), ("global", POLICY, 3)):
        line = lines_of(outcome.run, FIRST, region)[of]
        equal((line["status"], line["reason"]), ("incomplete", "service_error"), f"{of} in {region}")
        equal((line["collected"], line["path"]), (number, "batch_get"), f"{of} in {region}")
        true("expected" not in line, f"{of} in {region} was counted: {line}")
    # What was looked for in vain is in the region's own line.
    types = set(lines_of(outcome.run, FIRST, VIRGINIA)) - {None}
    true({BUCKET, BLOCK, ROLE_TYPE, POLICY, TOPIC} <= types, f"types with a line: {sorted(types)}")
    equal(types & {"AWS::DynamoDB::Table", "AWS::EC2::Instance"}, set(), "types with a line for nothing")


def what_only_ec2_knows_of_is_told_beside_the_reason(outcome):
    for region in REGIONS:
        lines = lines_of(outcome.run, FIRST, region)
        figures = {of: line["cross_check"] for of, line in lines.items() if of and "cross_check" in line}
        found = {of: number for of, number in outcome.ec2[region].items() if number}
        expected = {of: {"found": number, "unrecorded": number, "phantom": 0} for of, number in found.items()}
        equal(figures, expected, f"cross-checks in {region}")
        total = sum(found.values())
        equal(lines[None]["cross_check"], {"found": total, "unrecorded": total, "phantom": 0}, f"{region} in all")
    equal(outcome.ec2[FRANKFURT]["AWS::EC2::Instance"], 2, "instances that live")


def records_are_unverified_whether_seen_or_not_and_nothing_is_absent(outcome):
    findings = outcome.run.lines("findings")
    equal({finding["kind"] for finding in findings}, {"unverified"}, "kinds of findings")
    by_asset = {finding["asset_id"]: finding for finding in findings if finding.get("asset_id")}
    seen = {asset: bool(finding["evidence"].get("rule")) for asset, finding in by_asset.items()}
    names = {"bucket": True, "role": True, "topic": True, "never": False, "instance": False}
    expected = {f"{a}-{name}": there and a != WITHOUT for a in ACCOUNTS for name, there in names.items()}
    equal(seen, expected, "records, and whether a live item was identified with them")


def nothing_is_retired_though_bucket_and_record_are_gone(outcome):
    equal(outcome.run.summary["publication"]["applied"], outcome.run.summary["changes"]["create"], "published")
    true(outcome.run.summary["publication"]["applied"] >= 5 * len(ACCOUNTS), "not every record was published")
    equal(outcome.after.summary["changes"]["retire"], 0, "retired")
    (gone,) = (change for change in outcome.after.lines("changes") if change.get("would_be") == "retire")
    equal((gone["kind"], gone["reason"]), ("withheld", "unverified"), "the bucket that is gone")
    by_key = {finding["asset_key"]: finding.get("asset_id") for finding in outcome.after.lines("findings")}
    equal(by_key[gone["asset_key"]], f"{SECOND}-bucket", "whose change it is")


def with_counts_the_same_rows_are_proven_complete(outcome):
    for region, of, number in ((FRANKFURT, BUCKET, MANY), (VIRGINIA, TOPIC, 2), ("global", ROLE_TYPE, 4)):
        line = lines_of(outcome.counted, FIRST, region)[of]
        equal((line["status"], line["collected"], line["path"]), ("complete", number, "batch_get"), f"{of} in {region}")
    keys = {key(item) for item in inventory(outcome.counted)[FIRST]}
    equal(keys, outcome.truth[FIRST], "inventory")


def with_counts_what_only_ec2_knows_of_is_unrecorded(outcome):
    lines = lines_of(outcome.counted, FIRST, FRANKFURT)
    for of in EC2_TYPES:
        number = outcome.ec2[FRANKFURT][of]
        line = lines[of]
        equal((line["status"], line["reason"]), ("incomplete", "unrecorded"), of)
        true(line["detail"].startswith(f"EC2 has {number} that AWS Config does not have"), f"detail: {line['detail']}")
    kinds = {finding.get("asset_id"): finding["kind"] for finding in outcome.counted.lines("findings")}
    equal(kinds.get(f"{FIRST}-never"), "absent", "a bucket that never was, in a complete scope")
    equal(kinds.get(f"{FIRST}-instance"), "unverified", "an instance that never was, where AWS Config has gaps")
    equal(outcome.counted.summary["changes"]["retire"], 0, "retired")


CHECKS = [
    ends_with_status_20,
    everything_that_moto_has_arrives_once_in_its_own_account,
    items_come_by_key_without_tags_and_with_listed_attributes_only,
    values_are_those_that_moto_was_given,
    nothing_secret_is_kept,
    each_region_says_what_keeps_it_from_being_complete,
    each_type_that_was_read_by_key_says_so,
    what_only_ec2_knows_of_is_told_beside_the_reason,
    records_are_unverified_whether_seen_or_not_and_nothing_is_absent,
    nothing_is_retired_though_bucket_and_record_are_gone,
    with_counts_the_same_rows_are_proven_complete,
    with_counts_what_only_ec2_knows_of_is_unrecorded,
]


def publish_and_plan_again(bestand, moto, outcome):
    """Publishes, lets a bucket vanish from AWS and its record from the source register, and plans again."""
    register = os.path.join(bestand.folder, "register")
    command = [bestand.program, "sandbox", "--json", "--accounts", "1", "--resources", "1", "--directory", register]
    sandbox = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = json.loads(sandbox.stdout.readline())["register_url"]
        more = f'[central_register]\nkind = "register_api"\nurl = "{url}"\n'
        settings = bestand.settings("store", ACCOUNTS, REGIONS, more, attributes=ATTRIBUTES)
        equal(bestand(settings, "settings", "--init-store"), 0, "status of --init-store")
        outcome.status = bestand(settings, "run", "--first-run", "--run-id", "published")
        moto.client("s3", SECOND).delete_bucket(Bucket=f"{SECOND}-{FRANKFURT}-000")
        with sqlite3.connect(os.path.join(bestand.folder, "itk.db")) as database:
            database.execute("DELETE FROM assets WHERE id = ?", (f"{SECOND}-bucket",))
        database.close()
        bestand(settings, "plan", "--run-id", "after", "--accounts", SECOND)
    finally:
        sandbox.terminate()
        sandbox.wait(timeout=30)
    runs = os.path.join(bestand.folder, "store", "runs")
    outcome.run = RunDirectory(os.path.join(runs, "published"))
    outcome.after = RunDirectory(os.path.join(runs, "after"))


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="bestand-moto-") as folder:
        moto = MotoHere()
        for account in ACCOUNTS:
            found_account(moto, account)
        outcome = Outcome(start_recorders(moto))
        outcome.truth = {account: truth(moto, account) for account in ACCOUNTS}
        outcome.ec2 = {region: ec2_truth(moto, FIRST, region) for region in REGIONS}
        write_source_register(folder)
        bestand = Bestand(program, moto, folder)
        publish_and_plan_again(bestand, moto, outcome)
        moto.lend_counts()
        bestand(bestand.settings("counted", {FIRST: "regio-bus-nord"}, REGIONS, attributes=ATTRIBUTES), "plan")
        outcome.counted = RunDirectory.only(os.path.join(folder, "counted"))
        return run_directory.report(CHECKS, outcome)


if __name__ == "__main__":
    sys.exit(main())
