"""What the deployed stack does about what got lost, waits for long, or does not fit."""

import json
import os
import pathlib
import time
import unittest

from botocore.exceptions import ClientError

import scenarios
from homes import cloud, create, ended, history, local, start, token_in
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
        cls.waiting = start(other, create(other, "long-wait", waits), {})
        timers = other.stack.resource("TimersTable")

        def parked():
            return [t for t in cls.cloud.emulator.client("dynamodb").scan(TableName=timers)["Items"] if "b" in t]

        cls.parked = until(parked, 60, "no timer is parked")

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
        self.assertEqual(len(self.parked), 1, "it was parked, and nothing else was")
        end = ended(other, self.waiting, WAIT + 90)
        self.assertEqual(end["status"], "SUCCEEDED")
        entered, exited = (event["timestamp"] for event in history(other, self.waiting)[1:3])
        late = (exited - entered).total_seconds() - WAIT
        self.assertTrue(0 <= late < 30, f"{late} s late; another sweep would have come only after a minute")


if __name__ == "__main__":
    unittest.main()
