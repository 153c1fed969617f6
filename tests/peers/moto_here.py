"""moto within this process, so that what its API cannot bring about is set in its own objects.

moto leaves every recorder at PENDING and has no counts. Both are AWS Config's to say, and bestand looks at both before
it believes anything.
"""

import json
import logging
import os
import subprocess
import time

import boto3
from moto import settings as moto_settings
from moto.config.models import RESOURCE_MAP, config_backends
from moto.config.responses import ConfigResponse
from moto.core.authorization import ActionAuthenticatorMixin
from moto.server import ThreadedMotoServer
from moto.sts.models import sts_backends

FRANKFURT, VIRGINIA = "eu-central-1", "us-east-1"
ROLE = "bestand-reader"
EXTERNAL_ID = "peer-4711"
DAY = 24 * 60 * 60


class MotoHere:
    """moto on a free port of loopback."""

    def __init__(self):
        for noisy in ("werkzeug", "moto.server"):
            logging.getLogger(noisy).setLevel(logging.CRITICAL)
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        self.url = "http://{}:{}".format(*self.server.get_host_and_port())
        self.keys = {}

    def client(self, service, account=None, region=FRANKFURT):
        """A client of an account, as whoever assumes a role there."""
        if account and account not in self.keys:
            arn = f"arn:aws:iam::{account}:role/founder"
            answer = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="founder")
            self.keys[account] = answer["Credentials"]
        keys = self.keys.get(account, {"AccessKeyId": "AKIAPEERPEERPEERPEER", "SecretAccessKey": "peer"})
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
        )

    def s3control(self, account):
        """S3 Control's client puts the account before the host, which then is one that nobody knows."""

        def plain_host(request, **_):
            request.url = request.url.replace(f"//{account}.", "//")

        client = self.client("s3control", account)
        client.meta.events.register("before-send.s3-control", plain_host)
        return client

    def reader_role(self, account, policy=None):
        """Makes the role that bestand assumes; with IAM enforcement it may do what the policy says."""
        condition = {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": condition}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam = self.client("iam", account)
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)
        if policy:
            iam.put_role_policy(RoleName=ROLE, PolicyName="bestand", PolicyDocument=json.dumps(policy))

    def recorder(self, account, region, group=None, started=None, status=None, error=None):
        """Starts a recorder; with a status it says that, and has been started when told."""
        config = self.client("config", account, region)
        group = group or {"allSupported": True, "includeGlobalResourceTypes": True}
        role = f"arn:aws:iam::{account}:role/config"
        config.put_configuration_recorder(
            ConfigurationRecorder={"name": "default", "roleARN": role, "recordingGroup": group}
        )
        config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": f"history-{account}"})
        config.start_configuration_recorder(ConfigurationRecorderName="default")
        told = config_backends[account][region].recorders["default"].status
        if status:
            told.last_status = status
            told.last_start_time = int(time.time()) - (30 * DAY if started is None else started)
        if error:
            told.last_error_code, told.last_error_message = error

    def session_policies(self, account):
        """The inline policies that came with every AssumeRole of bestand's role."""
        sessions = sts_backends[account]["aws"].assumed_roles
        return [json.loads(session.policy) for session in sessions if session.role_arn.endswith(f"/{ROLE}")]

    @staticmethod
    def lend_counts():
        """Gives moto the counts that it lacks, from its own listings."""

        def get_discovered_resource_counts(response):
            backend, counts = response.config_backend, []
            for resource_type in RESOURCE_MAP:
                number, token = 0, None
                while True:
                    page = backend.list_discovered_resources(resource_type, [], "", 100, token)
                    number += len(page["resourceIdentifiers"])
                    token = page.get("nextToken")
                    if not token:
                        break
                if number:
                    counts.append({"resourceType": resource_type, "count": number})
            total = sum(count["count"] for count in counts)
            return json.dumps({"totalDiscoveredResources": total, "resourceCounts": counts})

        ConfigResponse.get_discovered_resource_counts = get_discovered_resource_counts

    @staticmethod
    def enforce_iam():
        """From now on every call must be signed rightly and allowed."""
        moto_settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
        ActionAuthenticatorMixin.request_count = 0


class Bestand:
    """bestand, run against moto."""

    def __init__(self, program, moto, folder, keys=("AKIABESTANDBESTAND01", "peer")):
        self.program, self.folder = program, folder
        self.said = ""
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment.update(
            AWS_ENDPOINT_URL=moto.url,
            AWS_ACCESS_KEY_ID=keys[0],
            AWS_SECRET_ACCESS_KEY=keys[1],
            AWS_EC2_METADATA_DISABLED="true",
        )

    def __call__(self, settings, *arguments):
        """Gives the exit status; what went wrong is shown, and what was said is kept."""
        command = [self.program, *arguments, "--settings", settings, "--log-format", "json"]
        started = time.monotonic()
        process = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=300
        )
        self.said = process.stdout + process.stderr
        print(f"bestand {' '.join(arguments)}: status {process.returncode} after {time.monotonic() - started:.1f} s")
        if process.returncode not in (0, 20):
            print(process.stdout[-2000:], process.stderr[-4000:])
        return process.returncode

    def settings(self, name, accounts, regions, more="", external_id=EXTERNAL_ID, attributes=None):
        """Writes settings for a store of their own and the source register of this folder."""
        listed = ", ".join(f'{{ id = "{id_}", name = "{called}" }}' for id_, called in accounts.items())
        text = f"""
environment = "staging"
[aws]
region = "{FRANKFURT}"
[accounts]
source = "list"
list = [{listed}]
role = {{ name = "{ROLE}", external_id = "{external_id}" }}
[regions]
include = {json.dumps(regions)}
[collection]
limits = {{ select_per_second = 1000, batch_get_per_second = 1000, ec2_per_second = 1000 }}
[collection.attributes]
{chr(10).join(f'"{of}" = {json.dumps(paths)}' for of, paths in (attributes or {}).items())}
[source_register]
url = "sqlite://{self.folder}/itk.db"
table = "assets"
min_source_share = 0.5
[source_register.columns]
asset_id = "id"
arn = "arn"
resource_id = "rid"
account_id = "account"
region = "region"
resource_type = "type"
name = "name"
[run_store]
url = "file://{self.folder}/{name}"
{more}"""
        path = os.path.join(self.folder, f"{name}.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path
