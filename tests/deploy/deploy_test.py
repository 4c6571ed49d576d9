"""The deployed stack does what the local binary does, and what only a deployed stack can do."""

import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

import boto3
from botocore.exceptions import ClientError

import scenarios
import story
from doors import Door, Proxy
from homes import ORDER, ROLE, STEPWRIGHT, beside, cloud, create, ended, history, local, own_id, start, token_in
from stack import ACCOUNT, REGION, until


class DeployTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cloud, cls.local = cloud(), local()

    def both(self, name, definition, data, act=None, run="run"):
        """The end and the history on both homes; `act` plays those outside."""
        told = []
        for home in (self.local, self.cloud):
            arn = start(home, create(home, name, definition), data, run)
            if act:
                act(home, arn)
            told.append((ended(home, arn), history(home, arn)))
        return told

    def test_scenarios_tell_the_same_story_event_for_event(self):
        for name, (definition, data, status) in scenarios.PLAIN.items():
            with self.subTest(name):
                (here, told_here), (there, told_there) = self.both(name, definition, data)
                self.assertEqual(there["status"], status, there)
                self.assertEqual(story.outcome(there), story.outcome(here))
                self.assertEqual(story.in_order(told_there), story.in_order(told_here))

    def test_scenarios_with_forks_tell_the_same_story(self):
        for name, (definition, data, status) in scenarios.FORKED.items():
            with self.subTest(name):
                (here, told_here), (there, told_there) = self.both(name, definition, data)
                self.assertEqual(there["status"], status, there)
                self.assertEqual(story.outcome(there), story.outcome(here))
                self.assertEqual(story.unbraided(told_there), story.unbraided(told_here))
                self.assertEqual([event["id"] for event in told_there], list(range(1, len(told_there) + 1)))

    def test_many_states_in_an_invocation_tell_the_same_story(self):
        # What is flaky is so once for each key.
        every = scenarios.PLAIN | scenarios.FORKED | scenarios.MANY
        for name, (definition, data, status) in every.items():
            if name == "retry":
                continue
            with self.subTest(name):
                told = []
                for home in (self.local, self.cloud.other):
                    arn = start(home, create(home, name, definition), data, "many")
                    told.append((ended(home, arn), history(home, arn)))
                (here, told_here), (there, told_there) = told
                self.assertEqual(there["status"], status, there)
                self.assertEqual(story.outcome(there), story.outcome(here))
                self.assertEqual(story.unbraided(told_there), story.unbraided(told_here))

    def test_an_execution_whose_messages_nobody_can_handle_fails(self):
        arn = create(self.cloud, "undeliverable", scenarios.machine("W", W={"Type": "Wait", "Seconds": 600, "End": True}))
        execution = start(self.cloud, arn, {})
        until(lambda: len(history(self.cloud, execution)) >= 2, 30, "it does not begin")
        sqs = self.cloud.emulator.client("sqs")
        body = {"v": 1, "m": {"cursor": {"execution": own_id(self.cloud, execution), "frame": "", "slot": 1}, "kind": "Advance"}}
        sqs.send_message(
            QueueUrl=self.cloud.stack.outputs["DeadLetterQueueUrl"], MessageBody=json.dumps(body),
            MessageAttributes={"redrives": {"DataType": "Number", "StringValue": "3"}},
        )
        until(lambda: self.cloud.stack.invoke("sweep", {})["deadLetters"], 60, "the dead letter is not found")
        end = ended(self.cloud, execution)
        self.assertEqual((end["status"], end["error"]), ("FAILED", "Stepwright.Undeliverable"))
        last = history(self.cloud, execution)[-1]
        self.assertEqual((last["type"], last["executionFailedEventDetails"]["error"]), ("ExecutionFailed", end["error"]))

    def test_orders_end_as_they_do_locally(self):
        definition = json.loads((ORDER / "workflow.asl.json").read_text())
        expected = {"success": "SUCCEEDED", "payment-retried": "SUCCEEDED", "compensated": "FAILED", "approval": "SUCCEEDED"}
        for order, status in expected.items():
            with self.subTest(order):
                data = json.loads((ORDER / f"order-{order}.json").read_text())
                act = self.approve if order == "approval" else None
                (here, told_here), (there, told_there) = self.both("order", definition, data, act, order)
                self.assertEqual(there["status"], status, there)
                self.assertEqual(there.get("cause"), here.get("cause"))
                # Whether the customer is told before the shipment fails is a race between two branches.
                if order != "compensated":
                    types = [sorted(event["type"] for event in told) for told in (told_there, told_here)]
                    self.assertEqual(*types)

    def approve(self, home, arn):
        path = pathlib.Path(home.data) / "approvals" / "A-1004.json"
        request = until(lambda: path.exists() and json.loads(path.read_text() or "null"), 60, "no request for approval")
        home.sfn.send_task_success(taskToken=request["taskToken"], output='{"approved": true, "by": "test"}')

    def test_a_task_token_is_answered_once(self):
        definition = scenarios.machine("T", T={
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "HeartbeatSeconds": 60,
            "Parameters": {"FunctionName": "probe-token", "Payload": {"key": "once", "token.$": "$$.Task.Token"}}, "End": True,
        })

        def act(home, arn):
            token = token_in(home, "once")
            home.sfn.send_task_heartbeat(taskToken=token)
            home.sfn.send_task_success(taskToken=token, output='{"yes": true}')
            with self.assertRaises(ClientError) as refused:
                home.sfn.send_task_failure(taskToken=token)
            self.assertEqual(refused.exception.response["Error"]["Code"], "TaskTimedOut")

        (here, told_here), (there, told_there) = self.both("token", definition, {}, act)
        self.assertEqual(story.outcome(there), story.outcome(here))
        self.assertEqual([event["type"] for event in told_there], [event["type"] for event in told_here])

    def test_an_activity_is_worked_on(self):
        arns = [home.sfn.create_activity(name="dig")["activityArn"] for home in (self.local, self.cloud)]
        self.assertEqual(arns[0], arns[1])
        definition = scenarios.machine("D", D={"Type": "Task", "Resource": arns[0], "TimeoutSeconds": 60, "End": True})

        def act(home, arn):
            work = home.sfn.get_activity_task(activityArn=arns[0], workerName="test")
            self.assertEqual(json.loads(work["input"]), {"where": "here"})
            home.sfn.send_task_success(taskToken=work["taskToken"], output='"dug"')

        (here, told_here), (there, told_there) = self.both("activity", definition, {"where": "here"}, act)
        self.assertEqual(there["status"], "SUCCEEDED")
        self.assertEqual(story.in_order(told_there), story.in_order(told_here))

    def test_an_execution_can_be_stopped(self):
        definition = scenarios.machine("W", W={"Type": "Wait", "Seconds": 300, "End": True})

        def act(home, arn):
            until(lambda: len(history(home, arn)) >= 2, 30, "it does not begin")
            home.sfn.stop_execution(executionArn=arn, error="E", cause="because")

        (here, told_here), (there, told_there) = self.both("stop", definition, {}, act)
        self.assertEqual(there["status"], "ABORTED")
        self.assertEqual(story.in_order(told_there), story.in_order(told_here))

    def test_a_wait_beyond_a_quarter_of_an_hour_is_parked(self):
        arn = create(self.cloud, "park", scenarios.machine("W", W={"Type": "Wait", "Seconds": 5000, "End": True}))
        table = self.cloud.stack.resource("TimersTable")
        before = self.parked(table)
        execution = start(self.cloud, arn, {})
        until(lambda: len(self.parked(table)) > len(before), 30, "no timer is parked")
        self.cloud.sfn.stop_execution(executionArn=execution)

    def parked(self, table):
        items = self.cloud.emulator.client("dynamodb").scan(TableName=table)["Items"]
        return [item for item in items if "b" in item]

    def test_express_executions_run_in_the_api_function(self):
        definition = scenarios.machine("A", A=scenarios.function("probe-double", End=True))
        arn = create(self.cloud, "express", definition, type="EXPRESS")
        end = self.cloud.sfn.start_sync_execution(stateMachineArn=arn, input='{"n": 21}')
        self.assertEqual((end["status"], json.loads(end["output"])), ("SUCCEEDED", {"doubled": 42}))
        token = scenarios.machine("T", T={
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "probe-token", "Payload": {"key": "express", "token": "came"}}, "End": True,
        })
        arn = create(self.cloud, "express-async", token, type="EXPRESS")
        self.cloud.sfn.start_execution(stateMachineArn=arn)
        self.assertEqual(token_in(self.cloud, "express"), "came")

    def test_a_message_that_is_none_of_the_engines_becomes_a_dead_letter(self):
        sqs = self.cloud.emulator.client("sqs")
        sqs.send_message(QueueUrl=self.cloud.stack.outputs["WorkQueueUrl"], MessageBody="poison")
        url = self.cloud.stack.outputs["DeadLetterQueueUrl"]
        found = until(lambda: sqs.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages"), 60, "no dead letter")
        self.assertEqual(found[0]["Body"], "poison")
        swept = self.cloud.stack.invoke("sweep", {})
        self.assertEqual(swept["deadLetters"], 0, "it stays for somebody to look at")

    def test_events_start_executions_once(self):
        create(self.cloud, "pass", scenarios.PLAIN["pass"][0])
        create(self.cloud, "evented", scenarios.PLAIN["pass"][0])
        events, function = self.cloud.emulator.client("events"), self.cloud.stack.outputs["StartFunctionArn"]
        events.put_rule(Name="orders", EventPattern=json.dumps({"source": ["shop"]}))
        events.put_targets(Rule="orders", Targets=[{
            "Id": "start", "Arn": function,
            "InputTransformer": {
                "InputPathsMap": {"id": "$.id", "detail": "$.detail"},
                "InputTemplate": '{"stateMachine": "evented", "name": <id>, "input": <detail>}',
            },
        }])
        events.put_events(Entries=[{"Source": "shop", "DetailType": "Order", "Detail": '{"order": 1}'}])
        machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:evented"
        listed = lambda: self.cloud.sfn.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"]
        found = until(listed, 60, "the rule starts nothing")
        execution = self.cloud.sfn.describe_execution(executionArn=found[0]["executionArn"])
        self.assertEqual(json.loads(execution["input"]), {"order": 1})

        event = {"version": "0", "id": "e-1", "detail-type": "t", "source": "s", "detail": {"x": 1}}
        first, second = (self.cloud.stack.invoke("start", event) for _ in range(2))
        self.assertEqual(first["executionArn"], second["executionArn"], "the same event is the same execution")
        self.assertTrue(first["executionArn"].endswith(":execution:pass:e-1"))

        at = time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 3))
        self.cloud.emulator.client("scheduler").create_schedule(
            Name="once", ScheduleExpression=at, FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": function, "RoleArn": ROLE, "Input": json.dumps({"stateMachine": "evented", "name": "scheduled"})},
        )
        until(lambda: any(e["name"] == "scheduled" for e in listed()), 90, "the schedule starts nothing")

    def test_large_payloads_go_to_the_bucket(self):
        data = {"text": "".join(f"{n:x}" for n in range(60_000))}
        (here, told_here), (there, told_there) = self.both("large", scenarios.machine("P", P={"Type": "Pass", "End": True}), data)
        self.assertEqual(there["output"], here["output"])
        self.assertEqual(story.in_order(told_there), story.in_order(told_here))
        s3 = self.cloud.emulator.client("s3", s3={"addressing_style": "path"})
        self.assertTrue(s3.list_objects_v2(Bucket=self.cloud.stack.resource("Payloads")).get("Contents"))

    def test_bad_events_are_clear_errors(self):
        for event, expected in [
            ({"stateMachine": "nobody"}, "StateMachineDoesNotExist"),
            ({"stateMachine": "pass", "input": "x" * 5_000_000}, "ValidationException"),
        ]:
            create(self.cloud, "pass", scenarios.PLAIN["pass"][0])
            with self.assertRaisesRegex(RuntimeError, expected):
                self.cloud.stack.invoke("start", event)
        with self.assertRaisesRegex(RuntimeError, "Stepwright.InvalidEvent"):
            self.cloud.stack.invoke("api", {"what": "is this"})

    def test_a_deleted_key_opens_nothing(self):
        key = self.cloud.stack.invoke("api", {"keys": "create", "name": "short-lived"})
        client = boto3.client(
            "stepfunctions", endpoint_url=self.cloud.stack.url(), region_name=REGION,
            aws_access_key_id=key["accessKeyId"], aws_secret_access_key=key["secretAccessKey"],
        )
        client.list_activities()
        self.cloud.stack.invoke("api", {"keys": "delete", "id": key["accessKeyId"]})
        with self.assertRaises(ClientError) as refused:
            client.list_activities()
        self.assertEqual(refused.exception.response["Error"]["Code"], "UnrecognizedClientException")

    def test_with_iam_as_the_guard_nobody_is_asked_for_a_key(self):
        stack, functions = self.cloud.other.stack, self.cloud.emulator.client("lambda")
        url = functions.get_function_url_config(FunctionName="other-api")
        self.assertEqual(url["AuthType"], "AWS_IAM")
        policy = json.loads(functions.get_policy(FunctionName="other-api")["Policy"])
        allowed = [statement["Principal"] for statement in policy["Statement"]]
        self.assertEqual(allowed, [{"Service": "apigateway.amazonaws.com"}], "nobody else may call the function")
        api = stack.outputs["HttpApiId"]
        routes = self.cloud.emulator.client("apigatewayv2").get_routes(ApiId=api)["Items"]
        self.assertEqual([route["AuthorizationType"] for route in routes], ["AWS_IAM"])
        create(self.cloud.other, "guarded", scenarios.PLAIN["pass"][0])
        started = stack.invoke("api", {
            "version": "2.0", "rawPath": "/executions", "rawQueryString": "", "headers": {}, "isBase64Encoded": False,
            "requestContext": {"http": {"method": "POST", "path": "/executions"}, "stage": "$default"},
            "body": json.dumps({"stateMachine": "guarded", "name": "one"}),
        })
        self.assertEqual(started["statusCode"], 200, started)
        end = ended(self.cloud.other, json.loads(started["body"])["executionArn"])
        self.assertEqual(json.loads(end["output"]), "hello")

    def test_files_are_deployed_and_deployed_again(self):
        key = self.cloud.sfn._request_signer._credentials
        local = dict(os.environ, AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any")
        signed = dict(os.environ, AWS_ACCESS_KEY_ID=key.access_key, AWS_SECRET_ACCESS_KEY=key.secret_key)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "greet.asl.yaml"
            path.write_text("StartAt: A\nStates:\n  A: {Type: Pass, Result: '${Word}', End: true}\n")
            for home, url, environment in [
                (self.local, self.local.endpoint, local), (self.cloud, self.door(), signed),
            ]:
                for word, expected in [("one", "created"), ("two", "updated")]:
                    command = [STEPWRIGHT, "deploy", str(path), "--endpoint", url, "--substitution", f"Word={word}"]
                    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertTrue(done.stdout.startswith(expected), done.stdout)
                    arn = done.stdout.split()[1]
                    self.assertEqual(json.loads(ended(home, start(home, arn, {}, word))["output"]), word)

    def door(self):
        """A URL of the function at an address that every program can look up."""
        door = Door(self.cloud.stack)
        self.addCleanup(door.stop)
        return door.url

    def test_functions_of_the_user_are_not_drawn_into_the_chain_of_invocations(self):
        definition = scenarios.machine("A", A=scenarios.function("probe-double", End=True))
        arn = create(self.cloud, "traced", definition, type="EXPRESS")
        left = Proxy(self.cloud.emulator.url)
        self.addCleanup(left.stop)
        event = {"operation": "StartSyncExecution", "input": {"stateMachineArn": arn, "input": '{"n": 1}'}}
        trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0;Lineage=1:a1b2c3d4:9"
        headers = {"Lambda-Runtime-Trace-Id": trace}
        answer = beside(self.cloud, "api", event, headers, self.addCleanup, AWS_ENDPOINT_URL_LAMBDA=left.url)
        self.assertEqual(answer["status"], "SUCCEEDED", answer)
        called = [headers for path, headers in left.seen if "/invocations" in path]
        self.assertEqual(len(called), 1)
        sent = called[0].get("x-amzn-trace-id", "")
        self.assertIn("Root=1-5759e988", sent, "the trace goes on")
        self.assertNotIn("Lineage", sent, "the count of invocations does not")


if __name__ == "__main__":
    unittest.main()
