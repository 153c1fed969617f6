#!/usr/bin/env python3
"""deploy/prepare with the real AWS CLI, against moto: deploy_prepare.py EXAMINERS_PYTHON.

The AWS CLI is that of the venv of EXAMINERS_PYTHON.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

import cloudformation
from moto_here import FRANKFURT, MotoHere
from run_directory import equal, report, true

REPOSITORY = "bestand"


class World:
    def __init__(self, examiner, folder):
        self.moto, self.folder = MotoHere(), folder
        self.script = shutil.copy(cloudformation.path("prepare"), folder)
        self.settings = os.path.join(folder, "environments", "production.toml")
        shutil.copytree(cloudformation.path("environments"), os.path.dirname(self.settings))
        self.environment = {
            "PATH": f"{os.path.dirname(os.path.abspath(examiner))}:/usr/bin:/bin",
            "HOME": folder,
            "AWS_ENDPOINT_URL": self.moto.url,
            "AWS_DEFAULT_REGION": FRANKFURT,
            "AWS_ACCESS_KEY_ID": "AKIAPEERPEERPEERPEER",
            "AWS_SECRET_ACCESS_KEY": "peer",
        }
        self.ecr, self.ssm = self.moto.client("ecr"), self.moto.client("ssm")
        self.ecr.create_repository(repositoryName=REPOSITORY, imageTagMutability="IMMUTABLE")

    def image(self, name):
        """Pushes an image as the build does; gives its digest."""
        layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 7, "digest": f"sha256:{name * 64}"}
        config = {**layer, "mediaType": "application/vnd.oci.image.config.v1+json"}
        kind = "application/vnd.oci.image.manifest.v1+json"
        manifest = {"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]}
        pushed = self.ecr.put_image(
            repositoryName=REPOSITORY, imageManifest=json.dumps(manifest), imageTag=f"build-{name}"
        )
        return pushed["image"]["imageId"]["imageDigest"]

    def tags(self, digest):
        found = self.ecr.describe_images(repositoryName=REPOSITORY, imageIds=[{"imageDigest": digest}])
        return set(found["imageDetails"][0]["imageTags"])

    def __call__(self, environment, digest, *role):
        command = ["bash", self.script, environment, digest, REPOSITORY, *role]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)

    def version(self, digest, environment="production"):
        told = self(environment, digest)
        equal(told.returncode, 0, told.stderr)
        return told.stdout


def settings_are_put_once_and_their_version_is_printed(world):
    digest = world.image("a")
    equal(world.version(digest), "1\n", "the first version")
    equal(world.version(digest), "1\n", "the same settings are the same version")
    with open(world.settings, encoding="utf-8") as file:
        text = file.read()
    found = world.ssm.get_parameter(Name="/bestand/production/settings:1")["Parameter"]
    equal((found["Value"], found["Type"]), (text, "String"), "the settings")
    with open(world.settings, "a", encoding="utf-8") as file:
        file.write('# "quoted", $HOME and `ticks`\n')
    equal(world.version(digest), "2\n", "other settings are another version")
    found = world.ssm.get_parameter(Name="/bestand/production/settings:2")["Parameter"]
    equal(found["Value"], text + '# "quoted", $HOME and `ticks`\n', "as they are")


def the_image_is_tagged_for_where_it_goes_and_stays_the_same(world):
    digest = world.image("b")
    world.version(digest, "staging")
    equal(world.tags(digest), {"build-b", f"staging-{digest[7:27]}"}, "tags")
    world.version(digest)
    world.version(digest)
    equal(world.tags(digest), {"build-b", f"staging-{digest[7:27]}", f"production-{digest[7:27]}"}, "tags")


def the_settings_go_to_the_account_of_a_role_and_the_image_stays(world):
    elsewhere = "222222222222"
    arn, there = f"arn:aws:iam::{elsewhere}:role/pipeline-bestand-settings", world.moto.client("ssm", elsewhere)
    digest = world.image("d")
    with open(world.settings.replace("production", "staging"), encoding="utf-8") as file:
        text = file.read()
    told = world("staging", digest, arn)
    equal((told.returncode, told.stdout), (0, "1\n"), f"version: {told.stderr}")
    equal(there.get_parameter(Name="/bestand/staging/settings:1")["Parameter"]["Value"], text, "the settings, there")
    here = {one["Name"]: one["Version"] for one in world.ssm.describe_parameters()["Parameters"]}
    told = world("staging", digest, arn)
    equal(told.stdout, "1\n", "the same settings are the same version there, too")
    after = {one["Name"]: one["Version"] for one in world.ssm.describe_parameters()["Parameters"]}
    equal(after, here, "nothing here")
    true("/bestand/production/settings" in here, "where production's are, without a role")
    equal(world.tags(digest), {"build-d", f"staging-{digest[7:27]}"}, "the image is tagged here")
    told = world("staging", digest, "no-role")
    true(told.returncode != 0 and not told.stdout, "a role that cannot be taken ends it")


def without_settings_or_image_no_version_is_printed(world):
    told = world("integration", world.image("c"))
    equal((told.returncode, told.stdout), (1, ""), "an environment that is not there")
    true("there are no settings" in told.stderr, told.stderr)
    told = world("production", "sha256:" + "0" * 64)
    true(told.returncode != 0, "an image that is not there")
    equal(told.stdout, "", "no version")


CHECKS = [
    settings_are_put_once_and_their_version_is_printed,
    the_image_is_tagged_for_where_it_goes_and_stays_the_same,
    the_settings_go_to_the_account_of_a_role_and_the_image_stays,
    without_settings_or_image_no_version_is_printed,
]

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bestand-prepare-") as scratch:
        sys.exit(report(CHECKS, World(sys.argv[1], scratch)))
