"""boto3 against a server that asks for signatures: keys come from `stepwright keys`, also while it runs."""

import os
import subprocess
import unittest
import urllib.request

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from server import ROLE, Server, machine


class Auth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--auth")

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    def keys(self, *arguments):
        command = [os.environ["STEPWRIGHT"], "keys", "--data", self.server.data, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def create(self, *arguments):
        made = dict(line.split("=", 1) for line in self.keys("create", *arguments).stdout.split())
        return made["AWS_ACCESS_KEY_ID"], made["AWS_SECRET_ACCESS_KEY"]

    def client(self, key=None, secret=None, region="us-east-1", **config):
        settings = Config(retries={"mode": "standard", "total_max_attempts": 1}, inject_host_prefix=False, **config)
        return boto3.client("stepfunctions", endpoint_url=self.server.endpoint, region_name=region,
                            aws_access_key_id=key, aws_secret_access_key=secret, config=settings)

    def refused(self, client):
        with self.assertRaises(ClientError) as caught:
            client.list_state_machines()
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)
        return caught.exception.response["Error"]["Code"]

    def test_the_right_key_works_for_whatever_is_sent_and_in_any_region(self):
        key, secret = self.create("--name", "right")
        client = self.client(key, secret)
        arn = client.create_state_machine(name="auth-1", definition=machine("P", P={"Type": "Pass", "End": True}), roleArn=ROLE)["stateMachineArn"]
        started = client.start_execution(stateMachineArn=arn, input='{"text": "ünï  +/=%"}')
        self.assertIn(":execution:", started["executionArn"])
        self.assertTrue(self.client(key, secret, region="eu-central-1").list_state_machines()["stateMachines"])

    def test_a_wrong_secret_is_refused(self):
        key, secret = self.create()
        self.assertEqual(self.refused(self.client(key, secret[::-1])), "InvalidSignatureException")

    def test_an_unknown_key_is_refused(self):
        _, secret = self.create()
        self.assertEqual(self.refused(self.client("SWAKNOBODYNOBODY2222", secret)), "UnrecognizedClientException")

    def test_an_unsigned_request_is_refused_but_health_is_told(self):
        self.assertEqual(self.refused(self.client(signature_version=UNSIGNED)), "MissingAuthenticationTokenException")
        self.assertEqual(urllib.request.urlopen(self.server.endpoint + "/health").status, 200)

    def test_a_deleted_key_is_refused_from_then_on(self):
        key, secret = self.create("--name", "gone soon")
        client = self.client(key, secret)
        client.list_state_machines()
        self.assertRegex(self.keys("list").stdout, f"(?m)^{key}  .*Z  gone soon$")
        self.assertNotIn(secret, self.keys("list").stdout)
        self.assertEqual(self.keys("delete", key).returncode, 0)
        self.assertEqual(self.refused(client), "UnrecognizedClientException")
        again = self.keys("delete", key)
        self.assertEqual((again.returncode, again.stderr), (1, f"stepwright: there is no access key {key}\n"))


class Door(unittest.TestCase):
    def serve(self, *arguments):
        command = [os.environ["STEPWRIGHT"], "serve", "--port", "0", "--in-memory", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def test_an_address_that_others_reach_needs_authentication_or_two_words(self):
        for said_once in ([], ["--no-auth"]):
            done = self.serve("--host", "0.0.0.0", *said_once)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("add --auth", done.stderr)
            self.assertIn("--no-auth --allow-remote", done.stderr)
        self.assertEqual(self.serve("--host", "0.0.0.0", "--allow-remote").returncode, 2, "one word alone")
        self.assertEqual(self.serve("--auth", "--no-auth").returncode, 2)

    def test_in_memory_the_key_is_that_of_the_environment(self):
        done = self.serve("--auth")
        self.assertEqual(done.returncode, 1)
        self.assertIn("STEPWRIGHT_ACCESS_KEY_ID", done.stderr)
