"""Servers that stand in for AWS, and a Stepwright server whose tasks call one of them."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import boto3
from botocore.config import Config

from server import ROLE, Server, ended, machine, until

KEYS = {"AWS_ACCESS_KEY_ID": "123456789012", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


class Backend:
    """A server on a free port of this machine."""

    def __init__(self, command, environment=()):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.data = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.process = subprocess.Popen(command(port), env={**os.environ, **dict(environment), "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"},
                                        cwd=self.data.name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: self.answers(port), seconds=60)

    @staticmethod
    def answers(port):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return True

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", aws_access_key_id="123456789012",
                            aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}))

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.data.cleanup()


class Moto(Backend):
    def __init__(self):
        super().__init__(lambda port: [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)])


class MiniStack(Backend):
    """The stricter of the two; it runs functions."""

    def __init__(self):
        super().__init__(lambda port: [os.environ["MINISTACK"]])


class Tasks(unittest.TestCase):
    """Tasks of one state each, called through a server of ours."""

    kind = None
    backend = None

    @classmethod
    def setUpClass(cls):
        if cls.kind is None:
            raise unittest.SkipTest("it is what the others have in common")
        cls.backend = cls.kind()
        before = dict(os.environ)
        os.environ.update(KEYS, AWS_ENDPOINT_URL=cls.backend.url)
        cls.server = Server()
        os.environ.clear()
        os.environ.update(before)
        cls.sfn = cls.server.client()

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()
        cls.backend.stop()

    def start(self, resource, parameters, **more):
        task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True, **more}
        return self.start_machine(machine("S", S=task))

    def start_machine(self, definition, **more):
        arn = self.sfn.create_state_machine(name=f"m{time.time_ns()}", definition=definition, roleArn=ROLE)["stateMachineArn"]
        return self.sfn.start_execution(stateMachineArn=arn, **more)["executionArn"]

    def output(self, resource, parameters, **more):
        found = ended(self.sfn, self.start(resource, parameters, **more))
        self.assertEqual(found["status"], "SUCCEEDED", found)
        return json.loads(found["output"])

    def error(self, resource, parameters):
        found = ended(self.sfn, self.start(resource, parameters))
        self.assertEqual(found["status"], "FAILED", found)
        return found["error"], found["cause"]
