"""What the deployed stack does about what got lost, waits for long, or does not fit."""

import concurrent.futures
import json
import os
import pathlib
import time
import unittest

from botocore.exceptions import ClientError

import scenarios
from homes import cloud, create, ended, history, local, own_id, start, token_in
from stack import until

WAIT = 100
"""Seconds; more than messages are delayed on the other stack, and no more than the rest of these tests takes."""


class RecoveryTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cloud, cls.local = cloud(), local()
        # What takes its time begins here and is looked at in the end.
        other = cls.cloud.other
        waits = scenarios.machine("W", W={"Type": "Wait", "Seconds": WAIT, "End": True})
        retry = [{"ErrorEquals": ["TryAgain"], "IntervalSeconds": WAIT, "MaxAttempts": 1}]
        retries = scenarios.machine("F", F=scenarios.function("probe-flaky", End=True, Retry=retry))
        cls.waiting = [
            start(other, create(other, "long-wait", waits), {}),
            start(other, create(other, "long-backoff", retries), {"key": "long-backoff", "failures": 1}),
        ]
        timers = other.stack.resource("TimersTable")

        ids = [own_id(other, execution) for execution in cls.waiting]

        def parked():
            """When each of them is due, as far as it is parked."""
            found = [t for t in cls.cloud.emulator.client("dynamodb").scan(TableName=timers)["Items"] if "b" in t]
            due = [[int(t["sk"]["S"].split("#")[0]) / 1e6 for t in found if own in t["b"]["S"]] for own in ids]
            return all(due) and due

        cls.parked = until(parked, 60, "nothing is parked")

    def lose(self, home, name, begin):
        """Does something while no message is delivered, and takes away those that were sent of executions of a machine; their
        bodies."""
        functions, sqs = self.cloud.emulator.client("lambda"), self.cloud.emulator.client("sqs")
        url = home.stack.outputs["WorkQueueUrl"]
        mappings = functions.list_event_source_mappings(FunctionName=f"{home.stack.name}-worker")["EventSourceMappings"]
        self.switch(mappings, False)
        try:
            begun = begin()
            lost = []

            def gone():
                # Others are visible again in a second.
                found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1).get("Messages", [])
                for message in found:
                    if f":execution:{name}:" in message["Body"]:
                        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                        lost.append(message["Body"])
                return lost

            until(gone, 30, "no message")
        finally:
            self.switch(mappings, True)
        return begun, lost

    def switch(self, mappings, on):
        for mapping in mappings:
            self.cloud.emulator.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)
        time.sleep(1.5)  # What was under way is over.

    def test_the_sweep_carries_an_execution_whose_messages_are_lost_to_its_end(self):
        chain = create(self.cloud, "stuck", scenarios.PLAIN["chain"][0])
        for begun in ("before its first state", "in the middle"):
            with self.subTest(begun):
                if begun == "in the middle":
                    definition = scenarios.machine("W", W={"Type": "Wait", "Seconds": 4, "Next": "E"}, E={"Type": "Succeed"})
                    execution = start(self.cloud, create(self.cloud, "stuck-later", definition), {})
                    until(lambda: len(history(self.cloud, execution)) == 2, 30, "it does not begin")
                    _, lost = self.lose(self.cloud, "stuck-later", lambda: None)
                else:
                    execution, lost = self.lose(self.cloud, "stuck", lambda: start(self.cloud, chain, {}))
                self.assertEqual(len(lost), 1, lost)
                time.sleep(2)
                self.assertEqual(self.cloud.sfn.describe_execution(executionArn=execution)["status"], "RUNNING")
                self.assertEqual(self.cloud.stack.invoke("sweep", {})["deadLetters"], 0)
                swept = self.cloud.stack.invoke("sweep", {"overdueSeconds": 1})
                self.assertGreaterEqual(swept["executions"], 1)
                self.assertEqual(ended(self.cloud, execution)["status"], "SUCCEEDED")
                types = [event["type"] for event in history(self.cloud, execution)]
                self.assertEqual(sorted(types), sorted(set(types)), "nothing has happened twice")

    def test_a_dead_letter_goes_on_where_it_was_given_up(self):
        arn = create(self.cloud, "given-up", scenarios.PLAIN["chain"][0])
        execution, lost = self.lose(self.cloud, "given-up", lambda: start(self.cloud, arn, {}))
        sqs = self.cloud.emulator.client("sqs")
        # As SQS does after maxReceiveCount deliveries.
        sqs.send_message(QueueUrl=self.cloud.stack.outputs["DeadLetterQueueUrl"], MessageBody=lost[0])
        until(lambda: self.cloud.stack.invoke("sweep", {})["deadLetters"] or self.is_over(execution), 60, "it is not found")
        self.assertEqual(ended(self.cloud, execution)["status"], "SUCCEEDED")

    def test_a_message_that_fails_again_and_again_is_a_dead_letter_and_is_sent_again(self):
        other, sqs = self.cloud.other, self.cloud.emulator.client("sqs")
        url, dead = (other.stack.outputs[name] for name in ("WorkQueueUrl", "DeadLetterQueueUrl"))
        table = other.stack.outputs["TableName"]
        known = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        policy = json.loads(known["RedrivePolicy"])
        self.assertEqual(int(policy["maxReceiveCount"]), 50, "as the template says")
        arn = create(other, "fails", scenarios.PLAIN["chain"][0])
        # 50 deliveries of six minutes each would take a while.
        hasty = {"VisibilityTimeout": "1", "RedrivePolicy": json.dumps(policy | {"maxReceiveCount": 3})}
        usual = {name: known[name] for name in hasty}
        sqs.set_queue_attributes(QueueUrl=url, Attributes=hasty)
        other.stack.configure(["worker"], {"STEPWRIGHT_TABLE": "none"})
        try:
            execution = start(other, arn, {})

            def letters():
                counts = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]
                return int(counts["ApproximateNumberOfMessages"]) + int(counts["ApproximateNumberOfMessagesNotVisible"])

            until(letters, 60, "it is no dead letter")
        finally:
            other.stack.configure(["worker"], {"STEPWRIGHT_TABLE": table})
            sqs.set_queue_attributes(QueueUrl=url, Attributes=usual)
        self.assertEqual(other.sfn.describe_execution(executionArn=execution)["status"], "RUNNING", "nothing is lost")
        over = lambda: other.sfn.describe_execution(executionArn=execution)["status"] != "RUNNING"
        until(lambda: other.stack.invoke("sweep", {})["deadLetters"] or over(), 90, "the sweep does not find it")
        self.assertEqual(ended(other, execution)["status"], "SUCCEEDED")
        types = [event["type"] for event in history(other, execution)]
        self.assertEqual(types.count("ExecutionStarted"), 1)

    def test_a_bad_message_of_a_batch_harms_no_other(self):
        other, sqs = self.cloud.other, self.cloud.emulator.client("sqs")
        url, dead = (other.stack.outputs[name] for name in ("WorkQueueUrl", "DeadLetterQueueUrl"))
        arn = create(other, "among-bad", scenarios.PLAIN["chain"][0])
        mappings = self.cloud.emulator.client("lambda").list_event_source_mappings(FunctionName="other-worker")["EventSourceMappings"]
        self.switch(mappings, False)
        try:
            executions = [start(other, arn, {}, f"before-{number}") for number in range(3)]
            sqs.send_message(QueueUrl=url, MessageBody='{"v": 1, "m": "bad"}')
            executions += [start(other, arn, {}, f"after-{number}") for number in range(3)]
        finally:
            self.switch(mappings, True)
        for execution in executions:
            self.assertEqual(ended(other, execution)["status"], "SUCCEEDED")
        found = until(lambda: sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"]).get("Messages"), 60, "it is gone")
        self.assertEqual([message["Body"] for message in found], ['{"v": 1, "m": "bad"}'])
        self.assertTrue(found[0]["MessageAttributes"]["why"]["StringValue"], "it says why")
        sqs.delete_message(QueueUrl=dead, ReceiptHandle=found[0]["ReceiptHandle"])

    def test_a_task_token_that_races_its_timeout_is_answered_once(self):
        definition = scenarios.machine("T", T={
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 4, "End": True,
            "Parameters": {"FunctionName": "probe-token", "Payload": {"key.$": "$.key", "token.$": "$$.Task.Token"}},
        })
        arn = create(self.cloud, "racing", definition)

        def race(number):
            key = f"race-{number}"
            execution = start(self.cloud, arn, {"key": key}, key)
            token = token_in(self.cloud, key)
            # Around the timeout, which comes when a message does.
            time.sleep(2.5 + number * 0.15)
            try:
                self.cloud.sfn.send_task_success(taskToken=token, output='"answered"')
                answered = True
            except ClientError as error:
                self.assertEqual(error.response["Error"]["Code"], "TaskTimedOut")
                answered = False
            end = ended(self.cloud, execution)
            types = [event["type"] for event in history(self.cloud, execution)]
            ends = [types.count(kind) for kind in ("TaskSucceeded", "TaskTimedOut")]
            self.assertEqual(ends, [1, 0] if answered else [0, 1], (number, types))
            self.assertEqual(end["status"], "SUCCEEDED" if answered else "FAILED")
            return answered

        with concurrent.futures.ThreadPoolExecutor(8) as runners:
            answered = list(runners.map(race, range(24)))
        self.assertEqual({True, False}, set(answered), "both have won")

    def is_over(self, execution):
        return self.cloud.sfn.describe_execution(executionArn=execution)["status"] != "RUNNING"

    def test_an_answer_that_cannot_be_kept_is_refused_and_the_task_still_waits(self):
        other = self.cloud.other
        definition = scenarios.machine("T", T={
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 300,
            "Parameters": {"FunctionName": "probe-token", "Payload": {"key": "too-large", "token.$": "$$.Task.Token"}}, "End": True,
        })
        arn = create(other, "too-large", definition)
        execution = start(other, arn, {})
        token = token_in(other, "too-large")
        noise = json.dumps(os.urandom(450_000).hex())
        with self.assertRaises(ClientError) as refused:
            other.sfn.send_task_success(taskToken=token, output=noise)
        self.assertEqual(refused.exception.response["Error"]["Code"], "InvalidOutput")
        self.assertIn("DynamoDB item", refused.exception.response["Error"]["Message"])
        other.sfn.send_task_success(taskToken=token, output='"small"')
        self.assertEqual(json.loads(ended(other, execution)["output"]), "small")
        with self.assertRaises(ClientError) as refused:
            other.sfn.start_execution(stateMachineArn=arn, input=noise)
        self.assertEqual(refused.exception.response["Error"]["Code"], "InvalidExecutionInput")
        with self.assertRaisesRegex(RuntimeError, "InvalidExecutionInput"):
            other.stack.invoke("start", {"stateMachine": "too-large", "input": json.loads(noise)})

    def test_a_distributed_map_reads_and_writes_objects(self):
        rows = "id,name\n" + "".join(f"{n},name {n}\n" for n in range(300))
        s3 = self.cloud.emulator.client("s3", s3={"addressing_style": "path"})
        s3.create_bucket(Bucket="work")
        s3.put_object(Bucket="work", Key="in/rows.csv", Body=rows.encode())
        bucket = pathlib.Path(self.local.buckets) / "work"
        (bucket / "in").mkdir(parents=True)
        (bucket / "in" / "rows.csv").write_text(rows)
        here = self.map_of(self.local)
        there = self.map_of(self.cloud)
        # The same once more, by functions that have no time left for more than a chunk of it.
        other = self.cloud.other
        other.stack.configure(["worker", "slow-worker"], Timeout=12)
        self.addCleanup(other.stack.configure, ["worker"], Timeout=60)
        self.addCleanup(other.stack.configure, ["slow-worker"], Timeout=900)
        hurried = self.map_of(other)
        local = json.loads((bucket / here).read_text())
        self.assertEqual([row["at"] for row in local], list(range(300)))
        for key in (there, hurried):
            deployed = json.loads(s3.get_object(Bucket="work", Key=key)["Body"].read())
            self.assertEqual(deployed, local)

    def map_of(self, home):
        """Runs the Map; the key of its results."""
        item = {"StartAt": "P", "States": {"P": {"Type": "Pass", "OutputPath": "$.Items", "End": True}}}
        definition = scenarios.machine("M", M={
            "Type": "Map", "MaxConcurrency": 20, "End": True,
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "work", "Key": "in/rows.csv"},
                "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            },
            "ItemSelector": {"row.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index", "pad": "x" * 60},
            "ItemBatcher": {"MaxItemsPerBatch": 2},
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **item},
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "work", "Prefix": "out"},
                "WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"},
            },
        })
        end = ended(home, start(home, create(home, "map", definition), {}), 240)
        self.assertEqual(end["status"], "SUCCEEDED", end)
        manifest = json.loads(end["output"])["ResultWriterDetails"]["Key"]
        return manifest.replace("manifest.json", "SUCCEEDED_0.json")

    def test_status_changes_are_told_and_redrives_are_beginnings(self):
        events, sqs = self.cloud.emulator.client("events"), self.cloud.emulator.client("sqs")
        url = sqs.create_queue(QueueName="told")["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name="told", EventPattern=json.dumps({"source": ["stepwright"], "detail": {"name": ["told"]}}))
        events.put_targets(Rule="told", Targets=[{"Id": "queue", "Arn": queue}])
        arn = create(self.cloud, "told", scenarios.machine("F", F=scenarios.function("probe-flaky", End=True)))
        execution = start(self.cloud, arn, {"key": "told", "failures": 1}, "told")
        self.assertEqual(ended(self.cloud, execution)["status"], "FAILED")
        self.cloud.sfn.redrive_execution(executionArn=execution)
        self.assertEqual(ended(self.cloud, execution)["status"], "SUCCEEDED")
        told = {}

        def all_told():
            for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10).get("Messages", []):
                event = json.loads(message["Body"])
                self.assertEqual(event["detail-type"], "Step Functions Execution Status Change")
                detail = event["detail"]
                self.assertEqual(detail["executionArn"], execution)
                told[detail["redriveCount"], detail["status"]] = detail["output"] and json.loads(detail["output"])
            return len(told) == 4

        until(all_told, 60, f"not all is told: {told}")
        self.assertEqual(told, {
            (0, "RUNNING"): None, (0, "FAILED"): None, (1, "RUNNING"): None, (1, "SUCCEEDED"): {"calls": 2},
        })

    def test_what_was_parked_goes_on_in_time(self):
        other = self.cloud.other
        # The Wait begins and is over; the task fails and is scheduled again.
        turns = [("WaitStateEntered", "WaitStateExited"), ("LambdaFunctionFailed", "LambdaFunctionScheduled")]
        for execution, due, (before, after) in zip(self.waiting, self.parked, turns):
            with self.subTest(after):
                self.assertEqual(ended(other, execution, WAIT + 90)["status"], "SUCCEEDED")
                times = {event["type"]: event["timestamp"] for event in history(other, execution)}
                late = (times[after] - times[before]).total_seconds() - WAIT
                self.assertTrue(0 <= late < 30, f"{late} s late; another sweep would have come only after a minute")
                self.assertEqual(len(due), 1, "it is parked once")
                self.assertAlmostEqual(due[0], times[before].timestamp() + WAIT, delta=0.01)


if __name__ == "__main__":
    unittest.main()
