"""Optimized integrations against two servers that stand in for AWS, MiniStack and moto: what is sent arrives, what comes
back is shown, errors have AWS's names."""

import json
import time
import unittest

from backends import MiniStack, Moto, Tasks
from server import ended, until


class Services(Tasks):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sqs, cls.sns, cls.dynamodb, cls.events = (cls.backend.client(s) for s in ("sqs", "sns", "dynamodb", "events"))

    def received(self, queue):
        return until(lambda: self.sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"], AttributeNames=["All"], WaitTimeSeconds=1).get("Messages"))[0]

    def test_a_message_reaches_its_queue_with_its_attributes(self):
        queue = self.sqs.create_queue(QueueName="plain")["QueueUrl"]
        attributes = {"n": {"DataType": "Number", "StringValue": "7"}, "b": {"DataType": "Binary", "BinaryValue": "AAE="}}
        output = self.output("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": {"a": [1]}, "MessageAttributes": attributes})
        message = self.received(queue)
        self.assertEqual(message["Body"], '{"a":[1]}')
        self.assertEqual((message["MessageAttributes"]["n"]["StringValue"], message["MessageAttributes"]["b"]["BinaryValue"]), ("7", b"\0\1"))
        self.assertEqual((output["MessageId"], output["MD5OfMessageBody"]), (message["MessageId"], message["MD5OfBody"]))
        self.assertEqual(output["SdkHttpMetadata"]["HttpStatusCode"], 200)

    def test_a_fifo_queue_gets_group_and_deduplication_id(self):
        queue = self.sqs.create_queue(QueueName="ordered.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        self.output("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": "m", "MessageGroupId": "g", "MessageDeduplicationId": "d"})
        attributes = self.received(queue)["Attributes"]
        self.assertEqual((attributes["MessageGroupId"], attributes["MessageDeduplicationId"]), ("g", "d"))
        error, cause = self.error("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": "m"})
        self.assertEqual(error, "SQS.AmazonSQSException", cause)

    def test_a_queue_that_is_not_there_is_told_from_a_host_that_is_not(self):
        queue = self.sqs.create_queue(QueueName="here")["QueueUrl"]
        error, cause = self.error("sqs:sendMessage", {"QueueUrl": queue + "-not", "MessageBody": "m"})
        self.assertEqual(error, "SQS.QueueDoesNotExistException", cause)
        self.assertIn("(Service: AmazonSQS; Status Code: 400; Error Code: AWS.SimpleQueueService.NonExistentQueue; Request ID: ", cause)
        error, cause = self.error("sqs:sendMessage", {"QueueUrl": "http://no-such-queue.invalid", "MessageBody": "m"})
        self.assertEqual(error, "SQS.SdkClientException", cause)

    def test_a_token_in_a_message_is_answered_well_badly_or_not_at_all(self):
        queue = self.sqs.create_queue(QueueName="asked")["QueueUrl"]
        parameters = {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}}

        def asked(**more):
            execution = self.start("sqs:sendMessage.waitForTaskToken", parameters, **more)
            message = self.received(queue)
            self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return execution, json.loads(message["Body"])["token"]

        execution, token = asked()
        self.sfn.send_task_heartbeat(taskToken=token)
        self.sfn.send_task_success(taskToken=token, output='{"yes":1}')
        self.assertEqual(ended(self.sfn, execution)["output"], '{"yes":1}')
        events = [e["type"] for e in self.sfn.get_execution_history(executionArn=execution)["events"]]
        self.assertEqual(events[2:6], ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"])
        execution, token = asked()
        self.sfn.send_task_failure(taskToken=token, error="No", cause="because")
        found = ended(self.sfn, execution)
        self.assertEqual((found["error"], found["cause"]), ("No", "because"))
        execution, token = asked(TimeoutSeconds=2, HeartbeatSeconds=1)
        self.assertEqual(ended(self.sfn, execution)["error"], "States.Timeout")
        with self.assertRaises(self.sfn.exceptions.TaskTimedOut):
            self.sfn.send_task_success(taskToken=token, output="{}")

    def test_what_is_published_reaches_the_subscriber(self):
        topic = self.sns.create_topic(Name="news")["TopicArn"]
        queue = self.sqs.create_queue(QueueName="news")["QueueUrl"]
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:news")
        output = self.output("sns:publish", {"TopicArn": topic, "Message": {"a": 1}, "Subject": "s", "MessageAttributes": {"k": {"DataType": "String", "StringValue": "v"}}})
        body = json.loads(self.received(queue)["Body"])
        self.assertEqual((body["Message"], body["Subject"], body["MessageId"]), ('{"a":1}', "s", output["MessageId"]))
        self.assertEqual(body["MessageAttributes"]["k"]["Value"], "v")
        error, cause = self.error("sns:publish", {"TopicArn": topic + "-not", "Message": "m"})
        self.assertEqual(error, "SNS.NotFoundException", cause)

    def test_an_item_is_put_read_changed_and_deleted(self):
        self.dynamodb.create_table(TableName="items", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                                   AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST")
        item = {"id": {"S": "1"}, "n": {"N": "2"}, "l": {"L": [{"BOOL": True}, {"NULL": True}]}}
        key = {"TableName": "items", "Key": {"id": {"S": "1"}}}
        self.output("dynamodb:putItem", {"TableName": "items", "Item": item})
        self.assertEqual(self.output("dynamodb:getItem", {**key, "ConsistentRead": True})["Item"], item)
        change = {"UpdateExpression": "SET #n = #n + :one", "ExpressionAttributeNames": {"#n": "n"}, "ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "UPDATED_NEW"}
        self.assertEqual(self.output("dynamodb:updateItem", {**key, **change})["Attributes"], {"n": {"N": "3"}})
        error, cause = self.error("dynamodb:putItem", {"TableName": "items", "Item": item, "ConditionExpression": "attribute_not_exists(id)"})
        self.assertEqual(error, "DynamoDB.ConditionalCheckFailedException")
        self.assertIn("(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException; Request ID: ", cause)
        self.assertEqual(self.output("dynamodb:deleteItem", {**key, "ReturnValues": "ALL_OLD"})["Attributes"]["n"], {"N": "3"})
        self.assertNotIn("Item", self.output("dynamodb:getItem", key))
        error, _ = self.error("dynamodb:getItem", {"TableName": "nowhere", "Key": {"id": {"S": "1"}}})
        self.assertEqual(error, "DynamoDB.ResourceNotFoundException")

    def test_an_event_reaches_the_target_of_its_rule_and_names_its_sender(self):
        queue = self.sqs.create_queue(QueueName="events")["QueueUrl"]
        self.events.put_rule(Name="r", EventPattern=json.dumps({"source": ["tests"]}))
        self.events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": "arn:aws:sqs:us-east-1:123456789012:events"}])
        entry = {"Source": "tests", "DetailType": "d", "Detail": {"a": 1}, "Resources": ["mine"]}
        output = self.output("events:putEvents", {"Entries": [entry]})
        self.assertEqual((output["FailedEntryCount"], len(output["Entries"])), (0, 1))
        event = json.loads(self.received(queue)["Body"])
        self.assertEqual((event["detail"], event["resources"][0], len(event["resources"])), ({"a": 1}, "mine", 3))
        self.assertIn(":stateMachine:", event["resources"][1])
        self.assertIn(":execution:", event["resources"][2])


class OnMoto(Services):
    kind = Moto


class OnMiniStack(Services):
    kind = MiniStack


if __name__ == "__main__":
    unittest.main()
