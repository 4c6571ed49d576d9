"""What comes in by the doors of the deployed stack: routes, and what is no event, no JSON, or too large, which ends in a
clear error and loses nothing."""

import json
import os
import unittest
import urllib.error
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import scenarios
from homes import beside, cloud, create, ended
from stack import REGION, until

TOO_LARGE = "x" * 5_000_000


class EntranceTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cloud = cloud()
        cls.stack = cls.cloud.stack

    def ask(self, method, path, body=None, door=None, sign=True, **headers):
        """Status and answer. A body that is no bytes goes out as JSON."""
        key = self.cloud.sfn._request_signer._credentials
        url = (door or self.stack.http()) + path
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        request = AWSRequest(method, url, data=data, headers=headers)
        if sign:
            SigV4Auth(Credentials(key.access_key, key.secret_key), "states", REGION).add_auth(request)
        sent = urllib.request.Request(url, data, dict(request.headers), method=method)
        try:
            with urllib.request.urlopen(sent, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")

    def doors(self):
        return {"HTTP API": self.stack.http(), "function URL": self.stack.url()}

    def executions(self, machine, home=None):
        home = home or self.cloud
        return home.sfn.list_executions(stateMachineArn=machine)["executions"]

    def test_rest_routes_answer_whom_they_know(self):
        arn = create(self.cloud, "rest", scenarios.PLAIN["pass"][0])
        status, told = self.ask("POST", "/executions", {"stateMachine": "rest"}, sign=False)
        self.assertEqual((status // 100, "MissingAuthenticationToken" in json.dumps(told)), (4, True), told)
        status, started = self.ask("POST", "/executions", {"stateMachine": "rest", "name": "one", "input": {"a": 1}})
        self.assertEqual((status, started["executionArn"]), (200, arn.replace(":stateMachine:", ":execution:") + ":one"))
        look = lambda: (e := self.ask("GET", "/executions/rest/one")[1])["status"] != "RUNNING" and e
        end = until(look, 30, "it does not end")
        self.assertEqual((end["status"], end["input"]), ("SUCCEEDED", '{"a":1}'))
        events = self.ask("GET", "/executions/rest/one/history?maxResults=1")[1]["events"]
        self.assertEqual([event["type"] for event in events], ["ExecutionStarted"])
        self.assertEqual(self.ask("POST", "/executions/sync", {"stateMachine": "rest", "input": 1})[1]["status"], "SUCCEEDED")
        self.assertEqual(self.ask("GET", "/executions/rest/nobody")[0], 404)
        self.assertEqual(self.ask("GET", "/executions")[0] // 100, 4)
        self.assertEqual(self.ask("DELETE", "/executions/rest/one")[0], 405)

    def test_a_webhook_starts_a_machine_with_its_whole_body_once(self):
        arn = create(self.cloud, "hook", scenarios.PLAIN["wait"][0])
        for where, door in self.doors().items():
            with self.subTest(where):
                name = where.replace(" ", "-")
                started = [
                    self.ask("POST", "/machines/hook/executions", {"paid": 5}, door, idempotency_key=name) for _ in range(2)
                ]
                self.assertEqual(started[0], started[1], "the same key is the same execution")
                self.assertEqual(started[0][0], 200, started)
                execution = started[0][1]["executionArn"]
                self.assertTrue(execution.endswith(f":hook:{name}"), execution)
                end = ended(self.cloud, execution)
                self.assertEqual((end["status"], json.loads(end["input"])), ("SUCCEEDED", {"paid": 5}))
        # A body that is no JSON is a text.
        status, started = self.ask("POST", "/machines/hook/executions", b"a=1&b=2")
        self.assertEqual(status, 200, started)
        self.assertEqual(json.loads(ended(self.cloud, started["executionArn"])["output"]), "a=1&b=2")
        self.assertEqual(self.ask("POST", "/machines/nobody/executions", {})[0], 404)
        self.assertEqual(len(self.executions(arn)), 3)

    def test_an_execution_is_stopped_by_its_route(self):
        create(self.cloud, "halted", scenarios.machine("W", W={"Type": "Wait", "Seconds": 300, "End": True}))
        for name, body, expected in [
            ("why", {"error": "Enough", "cause": "by hand"}, ("ABORTED", "Enough", "by hand")),
            ("bare", None, ("ABORTED", None, None)),
        ]:
            with self.subTest(name):
                self.ask("POST", "/executions", {"stateMachine": "halted", "name": name})
                status, told = self.ask("POST", f"/executions/halted/{name}/stop", body)
                self.assertEqual((status, list(told)), (200, ["stopDate"]))
                end = self.ask("GET", f"/executions/halted/{name}")[1]
                self.assertEqual((end["status"], end.get("error"), end.get("cause")), expected)
        self.assertEqual(self.ask("POST", "/executions/halted/nobody/stop")[0], 404)

    def test_bodies_that_are_no_json_or_too_large_start_nothing_and_are_told_so(self):
        arn = create(self.cloud, "entered", scenarios.PLAIN["pass"][0])
        target = {"x_amz_target": "AWSStepFunctions.StartExecution", "content_type": "application/x-amz-json-1.0"}
        large = {"stateMachine": "entered", "input": TOO_LARGE}
        called = json.dumps({"stateMachineArn": arn, "input": json.dumps(TOO_LARGE)}).encode()
        table = [
            ("/executions", b"{not json", {}, "SerializationException", "no JSON to a route"),
            ("/executions", b"[]", {}, "SerializationException", "JSON, but no order"),
            ("/executions", b"", {}, "SerializationException", "nothing"),
            ("/executions", large, {}, "InvalidExecutionInput|ValidationException", "too large for a route"),
            ("/executions/sync", large, {}, "InvalidExecutionInput|ValidationException", "too large, and waited for"),
            ("/machines/entered/executions", TOO_LARGE, {}, "InvalidExecutionInput|ValidationException", "too large a webhook"),
            ("/", b"{not json", target, "SerializationException", "no JSON to an operation"),
            ("/", called, target, "InvalidExecutionInput|ValidationException", "too large for an operation"),
        ]
        for where, door in self.doors().items():
            for path, body, headers, expected, reason in table:
                with self.subTest(f"{where}: {reason}"):
                    status, told = self.ask("POST", path, body, door, **headers)
                    self.assertEqual(status, 400, told)
                    self.assertRegex(json.dumps(told), expected)
                    self.assertRegex(json.dumps(told), r'"[mM]essage": "\S', "it says why")
        self.assertEqual(self.executions(arn), [])
        status, started = self.ask("POST", "/executions", {"stateMachine": "entered"})
        self.assertEqual((status, ended(self.cloud, started["executionArn"])["status"]), (200, "SUCCEEDED"), "the door still works")

    def test_the_start_function_refuses_what_it_cannot_start_and_says_why(self):
        arn = create(self.cloud, "begun", scenarios.PLAIN["pass"][0])
        for event, expected, reason in [
            ({"stateMachine": "begun", "input": TOO_LARGE}, "InvalidExecutionInput|ValidationException", "too large"),
            ({"stateMachine": "nobody"}, "StateMachineDoesNotExist", "no such machine"),
            ({"stateMachine": "no machine!"}, "InvalidArn|StateMachineDoesNotExist", "no such name"),
        ]:
            with self.subTest(reason), self.assertRaisesRegex(RuntimeError, expected):
                self.stack.invoke("start", event)
        # Lambda refuses what is no JSON before the function sees it; were it to come, the function would say so and live.
        answer = beside(self.cloud, "start", b"{not json", {}, self.addCleanup)
        self.assertRegex(answer["errorMessage"], "JSON|json|key must be a string")
        self.assertEqual(self.executions(arn), [])

    def test_an_event_that_starts_nothing_is_kept_as_it_came(self):
        sqs, functions = self.cloud.emulator.client("sqs"), self.cloud.emulator.client("lambda")
        other = self.cloud.other
        create(other, "small", scenarios.PLAIN["pass"][0])
        unknown = {"stateMachine": "to-be-made", "name": "late", "input": {"order": 7}}
        # No bucket there: more than an item holds, and less than an event may have.
        large = {"stateMachine": "small", "name": "large", "input": os.urandom(450_000).hex()}
        for event in (unknown, large):
            answer = functions.invoke(FunctionName="other-start", InvocationType="Event", Payload=json.dumps(event))
            self.assertEqual(answer["StatusCode"], 202)
        url, kept = other.stack.outputs["FailedStartsQueueUrl"], {}

        def both():
            for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10).get("Messages", []):
                body = json.loads(message["Body"])
                kept[body["requestPayload"]["name"]] = body
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return len(kept) == 2

        until(both, 60, "the events are lost")
        self.assertEqual(kept["late"]["requestPayload"], unknown)
        self.assertEqual(kept["late"]["responsePayload"]["errorType"], "StateMachineDoesNotExist")
        self.assertEqual(kept["large"]["requestPayload"], large)
        self.assertEqual(kept["large"]["responsePayload"]["errorType"], "InvalidExecutionInput")
        # What was kept can be sent again as it is, once the reason is gone.
        create(other, "to-be-made", scenarios.PLAIN["pass"][0])
        started = other.stack.invoke("start", kept["late"]["requestPayload"])
        end = ended(other, started["executionArn"])
        self.assertEqual((end["status"], json.loads(end["input"])), ("SUCCEEDED", {"order": 7}))


if __name__ == "__main__":
    unittest.main()
