"""The prefix `sync-` that SDKs put before the host name: what is documented to make it harmless does."""

import http.client
import json
import os
import subprocess
import unittest
from urllib.parse import urlsplit

import boto3
from server import ROLE, Server, machine

PASS = {"Type": "Pass", "End": True}


class HostPrefix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        made = cls.server.client().create_state_machine(name="quick", type="EXPRESS", definition=machine("P", P=PASS), roleArn=ROLE)
        cls.arn = made["stateMachineArn"]

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    def cli(self, *arguments, **environment):
        environment = {"PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1", **environment}
        command = ["aws", "--endpoint-url", self.server.endpoint, "--output", "json", "stepfunctions", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_settings_of_the_cli(self):
        for setting in ({"AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}, {"http_proxy": self.server.endpoint}):
            answer = self.cli("start-sync-execution", "--state-machine-arn", self.arn, "--input", '{"a":1}', **setting)
            self.assertEqual((answer["status"], answer["output"]), ("SUCCEEDED", '{"a":1}'), setting)
            tried = self.cli("test-state", "--definition", json.dumps(PASS), **setting)
            self.assertEqual(tried["status"], "SUCCEEDED", setting)

    def test_the_same_setting_for_boto3(self):
        os.environ["AWS_DISABLE_HOST_PREFIX_INJECTION"] = "true"
        self.addCleanup(os.environ.pop, "AWS_DISABLE_HOST_PREFIX_INJECTION")
        session = boto3.session.Session(aws_access_key_id="any", aws_secret_access_key="any", region_name="us-east-1")
        answer = session.client("stepfunctions", endpoint_url=self.server.endpoint).start_sync_execution(stateMachineArn=self.arn)
        self.assertEqual(answer["status"], "SUCCEEDED")

    def test_the_server_takes_requests_under_any_name(self):
        where = urlsplit(self.server.endpoint)
        for host in (f"sync-localhost:{where.port}", f"sync-127.0.0.1:{where.port}", f"sync-sfn.localhost:{where.port}", "sync-states.us-east-1.amazonaws.com"):
            connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
            connection.request("POST", "/", json.dumps({"stateMachineArn": self.arn}),
                               {"Host": host, "X-Amz-Target": "AWSStepFunctions.StartSyncExecution", "Content-Type": "application/x-amz-json-1.0"})
            answer = connection.getresponse()
            self.assertEqual((answer.status, json.loads(answer.read())["status"]), (200, "SUCCEEDED"), host)
            connection.close()


if __name__ == "__main__":
    unittest.main()
