"""Tasks on `aws-sdk:SERVICE:ACTION` against moto, which knows nothing of our client: every wire protocol, and signatures that
moto computes again before it answers."""

import contextlib
import json
import logging
import os
import unittest

import boto3
import requests
from moto.server import ThreadedMotoServer

from server import ROLE, Server, ended

logging.getLogger("werkzeug").setLevel(logging.ERROR)

REGION = "eu-west-1"
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}


class AwsSdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        cls.moto.start()
        cls.url = "http://{}:{}".format(*cls.moto.get_host_and_port())
        iam = boto3.client("iam", endpoint_url=cls.url, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="a")
        iam.create_user(UserName="stepwright")
        iam.put_user_policy(UserName="stepwright", PolicyName="all", PolicyDocument=json.dumps(ALLOW))
        cls.role = iam.create_role(RoleName="task", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName="task", PolicyName="all", PolicyDocument=json.dumps(ALLOW))
        key = iam.create_access_key(UserName="stepwright")["AccessKey"]
        # From here on moto wants valid signatures.
        requests.post(f"{cls.url}/moto-api/reset-auth", data="0", timeout=10)
        wanted = {
            "AWS_ENDPOINT_URL": cls.url, "AWS_REGION": REGION, "AWS_ENDPOINT_URL_SNS": "",
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            cls.server = Server()
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
        cls.client = cls.server.client()

    @classmethod
    def tearDownClass(cls):
        requests.post(f"{cls.url}/moto-api/reset-auth", data="inf", timeout=10)
        cls.server.remove()
        cls.moto.stop()

    @contextlib.contextmanager
    def unverified(self):
        """Without signatures: moto computes those of GET requests wrongly, and refuses boto3's as well."""
        requests.post(f"{self.url}/moto-api/reset-auth", data="inf", timeout=10)
        yield
        requests.post(f"{self.url}/moto-api/reset-auth", data="0", timeout=10)

    def run_task(self, resource, parameters, role=None):
        task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": parameters, "End": True}
        if role:
            task["Credentials"] = {"RoleArn": role}
        definition = {"QueryLanguage": "JSONata", "StartAt": "Call", "States": {"Call": task}}
        name = f"m{len(self.client.list_state_machines()['stateMachines'])}"
        machine = self.client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        started = self.client.start_execution(stateMachineArn=machine["stateMachineArn"])
        return ended(self.client, started["executionArn"])

    def call(self, resource, role=None, **parameters):
        execution = self.run_task(f"aws-sdk:{resource}", parameters, role)
        self.assertEqual(execution["status"], "SUCCEEDED", (resource, execution.get("error"), execution.get("cause")))
        return json.loads(execution["output"])

    def failure(self, resource, **parameters):
        execution = self.run_task(f"aws-sdk:{resource}", parameters)
        self.assertEqual(execution["status"], "FAILED", resource)
        return execution["error"], execution["cause"]

    def test_json(self):
        self.call(
            "dynamodb:createTable", TableName="t", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
        item = {"id": {"S": "1"}, "map": {"M": {"n": {"N": "1.5"}, "l": {"L": [{"BOOL": True}]}}}}
        self.assertEqual(self.call("dynamodb:putItem", TableName="t", Item=item), {})
        self.assertEqual(self.call("dynamodb:getItem", TableName="t", Key={"id": {"S": "1"}}), {"Item": item})
        self.call("secretsmanager:createSecret", Name="s", SecretString={"user": "u"})
        secret = self.call("secretsmanager:getSecretValue", SecretId="s")
        self.assertEqual(json.loads(secret["SecretString"]), {"user": "u"})
        self.assertRegex(secret["CreatedDate"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
        self.call("ssm:putParameter", Name="/p", Value="v", Type="String")
        self.assertEqual(self.call("ssm:getParameter", Name="/p")["Parameter"]["Value"], "v")
        self.call("cloudwatchlogs:createLogGroup", LogGroupName="g")
        groups = self.call("cloudwatchlogs:describeLogGroups", LogGroupNamePrefix="g")["LogGroups"]
        self.assertEqual([group["LogGroupName"] for group in groups], ["g"])
        queue = self.call("sqs:createQueue", QueueName="q")["QueueUrl"]
        self.call("sqs:sendMessage", QueueUrl=queue, MessageBody={"n": 1})
        messages = self.call("sqs:receiveMessage", QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
        self.assertEqual([message["Body"] for message in messages], ['{"n":1}'])
        key = self.call("kms:createKey")["KeyMetadata"]["KeyId"]
        self.assertTrue(self.call("kms:describeKey", KeyId=key)["KeyMetadata"]["Enabled"])

    def test_rest_xml(self):
        bucket = "my.bucket-1"
        self.call("s3:createBucket", Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.assertEqual(self.call("s3:getBucketLocation", Bucket=bucket), {"LocationConstraint": REGION})
        for key in ("a/ü & b+c", "two", "~=%20"):
            self.call("s3:putObject", Bucket=bucket, Key=key, Body={"key": key}, Metadata={"mine": "1"})
            found = self.call("s3:getObject", Bucket=bucket, Key=key)
            self.assertEqual((json.loads(found["Body"]), found["Metadata"]), ({"key": key}, {"mine": "1"}))
        listed = self.call("s3:listObjectsV2", Bucket=bucket)
        self.assertEqual({entry["Key"] for entry in listed["Contents"]}, {"a/ü & b+c", "two", "~=%20"})
        deleted = self.call("s3:deleteObjects", Bucket=bucket, Delete={"Objects": [{"Key": "two"}, {"Key": "a/ü & b+c"}]})
        self.assertEqual({entry["Key"] for entry in deleted["Deleted"]}, {"a/ü & b+c", "two"})
        error, cause = self.failure("s3:getObject", Bucket=bucket, Key="two")
        self.assertEqual(error, "S3.NoSuchKeyException")
        self.assertRegex(cause, r"^The specified key does not exist\. \(Service: S3, Status Code: 404, Request ID: \S+\)$")
        self.assertEqual(self.failure("s3:headObject", Bucket=bucket, Key="two")[0], "S3.NoSuchKeyException")
        zone = self.call("route53:createHostedZone", Name="example.com.", CallerReference="r")["HostedZone"]["Id"]
        record = {"Name": "a.example.com.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
        self.call("route53:changeResourceRecordSets", HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]})
        with self.unverified():
            records = self.call("route53:listResourceRecordSets", HostedZoneId=zone)["ResourceRecordSets"]
        self.assertIn(record, records)

    def test_query_and_ec2(self):
        account = self.call("sts:getCallerIdentity")["Account"]
        self.assertRegex(account, r"^\d{12}$")
        self.call("iam:createUser", UserName="u", Tags=[{"Key": "k", "Value": "v"}])
        self.assertEqual(self.call("iam:listUserTags", UserName="u")["Tags"], [{"Key": "k", "Value": "v"}])
        self.assertEqual(self.failure("iam:getUser", UserName="nobody")[0], "Iam.NoSuchEntityException")
        topic = self.call("sns:createTopic", Name="t", Attributes={"DisplayName": "d"})["TopicArn"]
        self.assertEqual(self.call("sns:getTopicAttributes", TopicArn=topic)["Attributes"]["DisplayName"], "d")
        self.assertIn("MessageId", self.call("sns:publish", TopicArn=topic, Message={"n": 1}))
        vpc = self.call("ec2:createVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        found = self.call("ec2:describeVpcs", Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Vpcs"]
        self.assertEqual([(vpc["CidrBlock"], vpc["IsDefault"]) for vpc in found], [("10.0.0.0/16", False)])
        self.assertEqual(self.failure("ec2:describeVpcs", VpcIds=["vpc-0"])[0], "Ec2.Ec2Exception")

    def test_rest_json(self):
        api = self.call("apigateway:createRestApi", Name="api", Tags={"k": "v"})["Id"]
        with self.unverified():
            self.assertIn(api, [item["Id"] for item in self.call("apigateway:getRestApis", Limit=10)["Items"]])
            self.assertEqual(self.failure("apigateway:getRestApi", RestApiId="none")[0], "ApiGateway.NotFoundException")
            self.assertEqual(self.call("lambda:listFunctions", MaxItems=5)["Functions"], [])
            self.assertEqual(self.failure("lambda:getFunction", FunctionName="no")[0], "Lambda.ResourceNotFoundException")

    def test_a_role_is_assumed(self):
        arn = self.call("sts:getCallerIdentity", role=self.role)["Arn"]
        self.assertIn(":assumed-role/task/stepwright", arn)

    def test_errors_have_the_names_that_step_functions_gives_them(self):
        error, cause = self.failure("dynamodb:getItem", TableName="none", Key={"id": {"S": "1"}})
        self.assertEqual(error, "DynamoDb.ResourceNotFoundException")
        self.assertRegex(cause, r"\(Service: DynamoDb, Status Code: 400, Request ID: \S+\)$")
        # Too late for a look at the definition, as the names come with the input.
        execution = self.run_task("aws-sdk:dynamodb:getItem", "{% $merge([{'TableName': 'none', 'Keys': {}}]) %}")
        self.assertEqual(execution["error"], "States.Runtime")
        self.assertIn("The field 'Keys' is not supported by Step Functions", execution["cause"])

    def test_jobs_run_to_their_end(self):
        glue = {"Name": "job", "Role": "r", "Command": {"Name": "glueetl", "ScriptLocation": "s3://x/y"}}
        self.call("glue:createJob", **glue)
        execution = self.run_task("glue:startJobRun.sync", {"JobName": "job"})
        self.assertEqual(execution["status"], "SUCCEEDED", execution)
        output = json.loads(execution["output"])
        self.assertEqual((output["JobName"], output["JobRunState"]), ("job", "SUCCEEDED"))
        self.assertIsInstance(output["StartedOn"], int)
        execution = self.run_task("glue:startJobRun", {"JobName": "none"})
        self.assertEqual(execution["error"], "Glue.EntityNotFoundException")
        self.assertRegex(execution["cause"], r"\(Service: AWSGlue; Status Code: 400; Error Code: EntityNotFoundException; Request ID: \S+; Proxy: null\)$")


if __name__ == "__main__":
    unittest.main()
