"""A Stepwright server for tests: started on a free port, killed or stopped at will, started again on the same data."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import boto3
from botocore.config import Config

ROLE = "arn:aws:iam::123456789012:role/any"


class Server:
    """One data directory and, most of the time, one process on it."""

    def __init__(self, *arguments):
        self.data = tempfile.mkdtemp(prefix="stepwright-")
        self.arguments = arguments
        self.process = None
        self.start()

    def start(self):
        command = [os.environ["STEPWRIGHT"], "serve", "--port", "0", "--data", self.data, *self.arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        greeting = self.process.stdout.readline()
        found = re.search(r"http://\S+", greeting)
        if not found:
            raise AssertionError(f"the server does not say where it is: {greeting!r}")
        self.endpoint = found.group(0)

    def client(self):
        return boto3.client(
            "stepfunctions", endpoint_url=self.endpoint, region_name="us-east-1",
            aws_access_key_id="any", aws_secret_access_key="any", config=Config(retries={"mode": "standard", "total_max_attempts": 1}, inject_host_prefix=False),
        )

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=15)
        self.process.stdout.close()
        return code

    def remove(self):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.data, ignore_errors=True)


def machine(start, **states):
    return json.dumps({"StartAt": start, "States": states})


def until(look, seconds=20):
    """What `look` returns as soon as it is something."""
    end = time.time() + seconds
    while time.time() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"nothing came in {seconds} s")


def ended(client, arn):
    def look():
        execution = client.describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None
    return until(look)
