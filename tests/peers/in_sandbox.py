#!/usr/bin/env python3
"""Runs a peer while a sandbox runs: in_sandbox.py BESTAND PEER [sandbox option ...].

The peer finds the sandbox as any AWS client would, by the environment; BESTAND_TRUTH names the truth file.
"""

import json
import os
import subprocess
import sys
import tempfile


def main():
    bestand, peer, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="bestand-peer-") as folder:
        truth = os.path.join(folder, "truth.json")
        command = [bestand, "sandbox", "--json", "--directory", folder, "--truth", truth, *options]
        sandbox = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            ready = sandbox.stdout.readline()
            if not ready:
                sys.exit(f"the sandbox did not start: {' '.join(command)}")
            environment = dict(json.loads(ready)["environment"])
            print(f"sandbox at {environment['AWS_ENDPOINT_URL']}")
            clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
            return subprocess.call([sys.executable, peer], env={**clean, **environment, "BESTAND_TRUTH": truth})
        finally:
            sandbox.terminate()
            sandbox.wait(timeout=30)


if __name__ == "__main__":
    sys.exit(main())
