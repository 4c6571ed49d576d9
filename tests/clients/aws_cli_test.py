"""The AWS CLI, unchanged but for `--endpoint-url`."""

import json
import os
import subprocess
import unittest

from server import ROLE, Server, machine, until


class AwsCli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    def aws(self, *arguments, fails=False):
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}
        command = ["aws", "--endpoint-url", self.server.endpoint, "--output", "json", "stepfunctions", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode != 0, fails, done.stderr)
        return done.stderr if fails else json.loads(done.stdout)

    def test_create_start_describe_list_and_read_the_history(self):
        definition = machine("Hello", Hello={"Type": "Pass", "Result": "hello", "End": True})
        arn = self.aws("create-state-machine", "--name", "cli", "--definition", definition, "--role-arn", ROLE)["stateMachineArn"]
        execution = self.aws("start-execution", "--state-machine-arn", arn, "--name", "first")["executionArn"]
        self.assertEqual(execution, "arn:aws:states:us-east-1:123456789012:execution:cli:first")
        found = until(lambda: (lambda e: e if e["status"] != "RUNNING" else None)(self.aws("describe-execution", "--execution-arn", execution)))
        self.assertEqual((found["status"], found["output"]), ("SUCCEEDED", '"hello"'))
        events = self.aws("get-execution-history", "--execution-arn", execution)["events"]
        self.assertEqual([e["type"] for e in events], ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"])
        self.assertEqual([m["name"] for m in self.aws("list-state-machines")["stateMachines"]], ["cli"])
        error = self.aws("start-execution", "--state-machine-arn", arn, "--name", "first", "--input", "[1]", fails=True)
        self.assertIn("ExecutionAlreadyExists", error)


if __name__ == "__main__":
    unittest.main()
