"""Reads an OCI archive by the standard library, and runs what is in it by runc as the service runs it."""

import gzip
import io
import json
import os
import subprocess
import tarfile

# A root file system that nothing can write to, a user that nobody is, no capability, and no way to get one.
NO_CAPABILITIES = {kind: [] for kind in ("bounding", "effective", "permitted", "inheritable", "ambient")}


class Archive:
    """An image: its digest, its configuration, and its files as the layer has them."""

    def __init__(self, path):
        with tarfile.open(path) as archive:
            self.blobs = {os.path.basename(m.name): archive.extractfile(m).read() for m in archive if m.isfile()}
        (entry,) = json.loads(self.blobs["index.json"])["manifests"]
        self.digest = entry["digest"]
        self.manifest = self.blob(entry)
        self.config = self.blob(self.manifest["config"])
        self.layers = [self.raw(layer) for layer in self.manifest["layers"]]

    def raw(self, entry):
        return self.blobs[entry["digest"].removeprefix("sha256:")]

    def blob(self, entry):
        return json.loads(self.raw(entry))

    def files(self):
        """What tar says of every file, in the order of the layers."""
        found = []
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer))) as files:
                found.extend(files.getmembers())
        return found

    def unpack(self, folder):
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer))) as files:
                files.extractall(folder)


def mount(source, destination, *options):
    return {"source": source, "destination": destination, "type": "none", "options": ["rbind", *options]}


def tmpfs(destination, *options):
    return {"source": "tmpfs", "destination": destination, "type": "tmpfs", "options": ["nosuid", "noexec", *options]}


class Container:
    """One process of an image: the network is the host's, whose loopback the sandbox is on."""

    def __init__(self, root, config, folder, name):
        self.root, self.config, self.folder, self.name = root, config, folder, name
        self.bundle = os.path.join(folder, f"bundle-{name}")

    def start(self, arguments, environment, mounts=(), process=None):
        """Starts it as its PID 1 and gives the process of `runc run`, which ends as it ends."""
        user, group = (int(number) for number in self.config["config"]["User"].split(":"))
        spec = {
            "ociVersion": "1.0.2",
            "root": {"path": self.root, "readonly": True},
            "process": {
                "terminal": False,
                "user": {"uid": user, "gid": group},
                "args": [*self.config["config"]["Entrypoint"], *arguments],
                "env": [*self.config["config"]["Env"], *(f"{name}={value}" for name, value in environment.items())],
                "cwd": self.config["config"]["WorkingDir"],
                "capabilities": NO_CAPABILITIES,
                "noNewPrivileges": True,
                **(process or {}),
            },
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                tmpfs("/dev", "mode=755"),
                *mounts,
            ],
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]},
        }
        os.makedirs(self.bundle)
        with open(os.path.join(self.bundle, "config.json"), "w", encoding="utf-8") as file:
            json.dump(spec, file)
        command = [*self.runc(), "run", "--bundle", self.bundle, self.name]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def runc(self):
        return ["runc", "--root", os.path.join(self.folder, "runc")]

    def signal(self, name):
        subprocess.run([*self.runc(), "kill", self.name, name], check=True)
