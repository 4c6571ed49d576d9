"""Integrations that do work elsewhere, functions and objects, against servers that stand in for AWS, each where it has
the service. What is proven is in the README's table of integrations."""

import io
import json
import unittest
import zipfile

from backends import MiniStack, Moto, Tasks
from server import ROLE, ended, machine

FUNCTION = """
def handler(event, context):
    if event.get("fail"):
        raise ValueError("no: " + event["fail"])
    return {"got": event, "version": context.function_version}
"""


class OnMiniStack(Tasks):
    kind = MiniStack

    def test_a_function_is_called_in_both_forms_and_its_failure_is_the_tasks(self):
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("f.py", FUNCTION)
        functions = self.backend.client("lambda")
        arn = functions.create_function(FunctionName="f", Runtime="python3.12", Role=ROLE, Handler="f.handler", Code={"ZipFile": code.getvalue()})["FunctionArn"]
        output = self.output("lambda:invoke", {"FunctionName": "f", "Payload": {"a": 1}})
        self.assertEqual((output["Payload"], output["StatusCode"]), ({"got": {"a": 1}, "version": "$LATEST"}, 200))
        plain = machine("S", S={"Type": "Task", "Resource": arn, "End": True})
        found = ended(self.sfn, self.start_machine(plain, input='{"b": 2}'))
        self.assertEqual(json.loads(found["output"])["got"], {"b": 2})
        error, cause = self.error("lambda:invoke", {"FunctionName": "f", "Payload": {"fail": "x"}})
        described = json.loads(cause)
        self.assertEqual((error, described["errorMessage"]), (described["errorType"], "no: x"))
        error, cause = self.error("lambda:invoke", {"FunctionName": "not-there"})
        self.assertEqual(error, "Lambda.ResourceNotFoundException", cause)
        self.assertEqual(self.output("lambda:invoke", {"FunctionName": "f", "InvocationType": "Event"})["StatusCode"], 202)


class Jobs:
    """`.sync` waits for the end of what it began; what it shows is the service's own description."""

    def test_a_job_of_batch_runs_to_its_end(self):
        batch = self.backend.client("batch")
        self.prepare_batch(batch)
        definition = batch.register_job_definition(jobDefinitionName="definition", type="container", containerProperties={"image": "busybox", "vcpus": 1, "memory": 128, "command": ["true"]})["jobDefinitionArn"]
        parameters = {"JobName": "job", "JobQueue": "queue", "JobDefinition": definition}
        output = self.output("batch:submitJob", parameters)
        self.assertEqual(batch.describe_jobs(jobs=[output["JobId"]])["jobs"][0]["jobName"], "job")

    def prepare_batch(self, batch):
        """A queue `queue`; without Docker its jobs stay where they are, or succeed at once."""
        environment = batch.create_compute_environment(computeEnvironmentName="environment", type="UNMANAGED", serviceRole=self.role())["computeEnvironmentArn"]
        batch.create_job_queue(jobQueueName="queue", state="ENABLED", priority=1, computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}])

    def test_a_task_of_ecs_is_run(self):
        ecs = self.backend.client("ecs")
        ecs.create_cluster(clusterName="c")
        ecs.register_task_definition(family="t", containerDefinitions=[{"name": "a", "image": "busybox", "memory": 64}])
        output = self.output("ecs:runTask", {"Cluster": "c", "TaskDefinition": "t", "LaunchType": "FARGATE"})
        self.assertEqual(len(output["Tasks"]), 1, output)
        self.assertEqual(output["Tasks"][0]["TaskArn"], ecs.list_tasks(cluster="c")["taskArns"][0])

    def test_a_run_of_glue_ends_with_its_description(self):
        glue = self.backend.client("glue")
        glue.create_job(Name="g", Role=ROLE, Command={"Name": "glueetl", "ScriptLocation": "s3://b/k"})
        output = self.output("glue:startJobRun.sync", {"JobName": "g"})
        self.assertEqual((output["JobRunState"], output["JobName"]), ("SUCCEEDED", "g"))
        error, cause = self.error("glue:startJobRun", {"JobName": "not-there"})
        self.assertEqual(error, "Glue.EntityNotFoundException", cause)

    def role(self):
        document = {"Version": "2012-10-17", "Statement": []}
        iam = self.backend.client("iam")
        return iam.create_role(RoleName="batch", AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]

    def test_a_build_of_codebuild_ends_with_its_description(self):
        codebuild = self.backend.client("codebuild")
        codebuild.create_project(name="project", source={"type": "S3", "location": "b/k"}, artifacts={"type": "NO_ARTIFACTS"}, serviceRole=ROLE,
                                 environment={"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"})
        output = self.output("codebuild:startBuild.sync", {"ProjectName": "project"})
        self.assertEqual((output["Build"]["BuildStatus"], output["Build"]["ProjectName"]), ("SUCCEEDED", "project"))

    def test_a_cluster_of_emr_is_made_changed_and_ended(self):
        emr = self.backend.client("emr")
        groups = [{"Name": "workers", "InstanceRole": "CORE", "InstanceType": "m5.large", "InstanceCount": 1}, {"Name": "head", "InstanceRole": "MASTER", "InstanceType": "m5.large", "InstanceCount": 1}]
        cluster = self.output("elasticmapreduce:createCluster", {"Name": "c", "ReleaseLabel": "emr-7.0.0", "ServiceRole": "r", "JobFlowRole": "r",
                              "Instances": {"KeepJobFlowAliveWhenNoSteps": True, "InstanceGroups": groups}})["ClusterId"]
        step = {"Name": "s", "ActionOnFailure": "CONTINUE", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["true"]}}
        added = self.output("elasticmapreduce:addStep", {"ClusterId": cluster, "Step": step})
        self.assertIn(added["StepId"], [step["Id"] for step in emr.list_steps(ClusterId=cluster)["Steps"]])
        self.output("elasticmapreduce:modifyInstanceGroupByName", {"ClusterId": cluster, "InstanceGroupName": "workers", "InstanceGroup": {"InstanceCount": 3}})
        counts = {group["Name"]: group["RequestedInstanceCount"] for group in emr.list_instance_groups(ClusterId=cluster)["InstanceGroups"]}
        self.assertEqual(counts["workers"], 3, counts)
        error, cause = self.error("elasticmapreduce:modifyInstanceGroupByName", {"ClusterId": cluster, "InstanceGroupName": "none", "InstanceGroup": {"InstanceCount": 3}})
        self.assertIn('no InstanceGroupName "none"', cause, error)
        self.output("elasticmapreduce:setClusterTerminationProtection", {"ClusterId": cluster, "TerminationProtected": False})
        self.output("elasticmapreduce:terminateCluster.sync", {"ClusterId": cluster})
        self.assertTrue(emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["State"].startswith("TERMINATED"))

    def test_a_cluster_of_eks_is_made_and_deleted(self):
        eks = self.backend.client("eks")
        network = {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
        role = "arn:aws:iam::123456789012:role/eks"
        output = self.output("eks:createCluster.sync", {"Name": "k", "RoleArn": role, "ResourcesVpcConfig": network})
        self.assertEqual((output["Cluster"]["Name"], output["Cluster"]["Status"]), ("k", "ACTIVE"))
        self.output("eks:deleteCluster.sync", {"Name": "k"})
        self.assertEqual(eks.list_clusters()["clusters"], [])


class JobsOnMiniStack(Jobs, Tasks):
    kind = MiniStack


class JobsOnMoto(Jobs, Tasks):
    kind = Moto

    def test_a_query_of_athena_ends_with_its_description(self):
        output = self.output("athena:startQueryExecution.sync", {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "s3://b/k"}})
        self.assertEqual(output["QueryExecution"]["Status"]["State"], "SUCCEEDED")
        id = output["QueryExecution"]["QueryExecutionId"]
        self.assertIn("ResultSet", self.output("athena:getQueryResults", {"QueryExecutionId": id}))

    def test_batch_names_what_it_refuses(self):
        error, cause = self.error("batch:submitJob", {"JobName": "j", "JobQueue": "not-there", "JobDefinition": "d"})
        self.assertEqual(error, "Batch.ClientException", cause)

    def test_emr_on_eks_takes_jobs(self):
        container = {"Id": "k", "Type": "EKS", "Info": {"EksInfo": {"Namespace": "default"}}}
        made = self.output("emr-containers:createVirtualCluster", {"Name": "v", "ContainerProvider": container})
        job = {"VirtualClusterId": made["Id"], "Name": "j", "ExecutionRoleArn": ROLE, "ReleaseLabel": "emr-6.3.0-latest",
               "JobDriver": {"SparkSubmitJobDriver": {"EntryPoint": "s3://b/k.py"}}}
        started = self.output("emr-containers:startJobRun", job)
        containers = self.backend.client("emr-containers")
        self.assertEqual(containers.describe_job_run(id=started["Id"], virtualClusterId=made["Id"])["jobRun"]["name"], "j")
        self.output("emr-containers:deleteVirtualCluster.sync", {"Id": made["Id"]})

    def test_emr_serverless_runs_applications(self):
        made = self.output("emr-serverless:createApplication", {"Name": "a", "ReleaseLabel": "emr-6.6.0", "Type": "SPARK"})["ApplicationId"]
        serverless = self.backend.client("emr-serverless")
        self.output("emr-serverless:startApplication", {"ApplicationId": made})
        job = {"ApplicationId": made, "ExecutionRoleArn": ROLE, "JobDriver": {"SparkSubmit": {"EntryPoint": "s3://b/k.py"}}}
        run = self.output("emr-serverless:startJobRun", job)["JobRunId"]
        self.assertEqual(serverless.get_job_run(applicationId=made, jobRunId=run)["jobRun"]["jobRunId"], run)
        self.output("emr-serverless:cancelJobRun", {"ApplicationId": made, "JobRunId": run})
        self.output("emr-serverless:stopApplication.sync", {"ApplicationId": made})
        self.output("emr-serverless:deleteApplication.sync", {"ApplicationId": made})

    def test_databrew_refuses_what_it_does_not_have(self):
        error, cause = self.error("databrew:startJobRun", {"Name": "not-there"})
        self.assertTrue(error.startswith("GlueDataBrew."), (error, cause))

    def test_a_training_of_sagemaker_ends_with_its_description(self):
        training = {"TrainingJobName": "t", "RoleArn": ROLE, "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
                    "OutputDataConfig": {"S3OutputPath": "s3://b/k"}, "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
                    "StoppingCondition": {"MaxRuntimeInSeconds": 60}}
        output = self.output("sagemaker:createTrainingJob.sync", training)
        self.assertEqual((output["TrainingJobName"], output["TrainingJobStatus"]), ("t", "Completed"))


class ModelsOnMiniStack(Tasks):
    kind = MiniStack

    def test_a_model_is_asked_with_bodies_of_its_own_and_with_those_in_s3(self):
        s3 = self.backend.client("s3")
        s3.create_bucket(Bucket="bodies")
        body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
        s3.put_object(Bucket="bodies", Key="in.json", Body=json.dumps(body).encode())
        model = {"ModelId": "anthropic.claude-3-haiku-20240307-v1:0", "ContentType": "application/json"}
        direct = self.output("bedrock:invokeModel", {**model, "Body": body})
        self.assertIsInstance(direct["Body"], dict, direct)
        stored = self.output("bedrock:invokeModel", {**model, "Input": {"S3Uri": "s3://bodies/in.json"}, "Output": {"S3Uri": "s3://bodies/out.json"}})
        self.assertEqual(stored["Body"], "s3://bodies/out.json")
        kept = json.loads(s3.get_object(Bucket="bodies", Key="out.json")["Body"].read())
        self.assertEqual(kept.keys(), direct["Body"].keys())
        with self.assertRaisesRegex(self.sfn.exceptions.InvalidDefinition, "invokeModelWithResponseStream is not recognized"):
            self.start("aws-sdk:bedrockruntime:invokeModelWithResponseStream", {"ModelId": "m", "Body": "{}"})
        error, cause = self.error("bedrock:invokeModel", {**model, "Input": {"S3Uri": "bodies/in.json"}})
        self.assertIn("'Input.S3Uri' has an invalid format", cause, error)


class Objects:
    """Distributed Maps that read and write S3: lists, whole objects, lengths and ranges, results."""

    def distributed(self, reader, bucket, prefix):
        states = {
            "Type": "Map", "End": True, "ItemReader": reader, "Label": "M",
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}},
            "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": bucket, "Prefix": prefix}},
        }
        found = ended(self.sfn, self.start_machine(machine("M", M=states)))
        self.assertEqual(found["status"], "SUCCEEDED", found)
        return json.loads(found["output"])["ResultWriterDetails"]

    def results(self, details):
        manifest = json.loads(self.s3.get_object(Bucket=details["Bucket"], Key=details["Key"])["Body"].read())
        key = manifest["ResultFiles"]["SUCCEEDED"][0]["Key"]
        records = json.loads(self.s3.get_object(Bucket=details["Bucket"], Key=key)["Body"].read())
        return [json.loads(record["Output"]) for record in records]

    def test_items_come_from_objects_and_results_go_to_them(self):
        self.s3 = self.backend.client("s3")
        self.s3.create_bucket(Bucket="data")
        for key, text in [("in/a b.csv", "n,m\n1,2\n3,4\n"), ("in/ü.json", '{"x": [5, 6]}'), ("in/one.jsonl", "7\n8\n")]:
            self.s3.put_object(Bucket="data", Key=key, Body=text.encode())
        get, listing = "arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2"
        for reader, expected in [
            ({"Resource": get, "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "Parameters": {"Bucket": "data", "Key": "in/a b.csv"}}, [{"n": "1", "m": "2"}, {"n": "3", "m": "4"}]),
            ({"Resource": get, "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/x"}, "Parameters": {"Bucket": "data", "Key": "in/ü.json"}}, [5, 6]),
            ({"Resource": get, "ReaderConfig": {"InputType": "JSONL"}, "Parameters": {"Bucket": "data", "Key": "in/one.jsonl"}}, [7, 8]),
        ]:
            self.assertEqual(self.results(self.distributed(reader, "data", "out")), expected)
        listed = self.results(self.distributed({"Resource": listing, "Parameters": {"Bucket": "data", "Prefix": "in/"}}, "data", "out"))
        self.assertEqual([(item["Key"], item["Size"]) for item in listed], [("in/a b.csv", 12), ("in/one.jsonl", 4), ("in/ü.json", 13)])
        missing = {"Type": "Map", "End": True, "ItemReader": {"Resource": get, "ReaderConfig": {"InputType": "JSON"}, "Parameters": {"Bucket": "data", "Key": "no"}},
                   "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}}
        found = ended(self.sfn, self.start_machine(machine("M", M=missing)))
        self.assertEqual(found["error"], "States.ItemReaderFailed", found)
        self.assertIn("NoSuchKey", found["cause"])


class ObjectsOnMiniStack(Objects, Tasks):
    kind = MiniStack


class ObjectsOnMoto(Objects, Tasks):
    kind = Moto


if __name__ == "__main__":
    unittest.main()
