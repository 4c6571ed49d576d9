"""boto3 against the function's URL of the deployed stack: all operations of the API, each of them with success."""

import json
import unittest

import scenarios
from homes import ROLE, cloud, ended
from stack import until

PASS = {"Type": "Pass", "End": True}


class OperationsTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cloud = cloud()
        cls.sfn = cls.cloud.other.stack.client()
        cls.succeeded = set()
        # A request that is refused is no success.
        cls.sfn.meta.events.register("after-call.stepfunctions", cls.note)

    @classmethod
    def note(cls, http_response, model, **_):
        if http_response.status_code == 200:
            cls.succeeded.add(model.name)

    def test_all_of_them_succeed(self):
        self.definitions()
        self.activities()
        self.versions()
        self.executions()
        self.map_runs()
        self.express()
        self.deletion()
        operations = set(self.sfn.meta.service_model.operation_names)
        self.assertEqual(len(operations), 37)
        self.assertEqual(operations - self.succeeded, set(), "operations without success")

    def definitions(self):
        sfn = self.sfn
        definition = json.dumps(scenarios.machine("P", P=PASS))
        self.assertEqual(sfn.validate_state_machine_definition(definition=definition)["result"], "OK")
        tried = sfn.test_state(definition=json.dumps(PASS | {"Result": 1}), roleArn=ROLE, input="{}")
        self.assertEqual((tried["status"], tried["output"]), ("SUCCEEDED", "1"))

    def activities(self):
        sfn = self.sfn
        self.activity = sfn.create_activity(name="carve", tags=[{"key": "team", "value": "wood"}])["activityArn"]
        self.assertEqual(sfn.describe_activity(activityArn=self.activity)["name"], "carve")
        self.assertIn("carve", [activity["name"] for activity in sfn.list_activities()["activities"]])
        sfn.tag_resource(resourceArn=self.activity, tags=[{"key": "tool", "value": "knife"}])
        sfn.untag_resource(resourceArn=self.activity, tagKeys=["team"])
        tags = sfn.list_tags_for_resource(resourceArn=self.activity)["tags"]
        self.assertEqual(tags, [{"key": "tool", "value": "knife"}])

    def versions(self):
        sfn = self.sfn
        carve = {"Type": "Task", "Resource": self.activity, "TimeoutSeconds": 120, "End": True}
        definition = scenarios.machine("C", C=carve)
        made = sfn.create_state_machine(name="carving", definition=json.dumps(definition), roleArn=ROLE, publish=True)
        self.machine, first = made["stateMachineArn"], made["stateMachineVersionArn"]
        revised = sfn.update_state_machine(stateMachineArn=self.machine, definition=json.dumps(definition | {"Comment": "finer"}))
        self.version = sfn.publish_state_machine_version(stateMachineArn=self.machine, revisionId=revised["revisionId"])["stateMachineVersionArn"]
        listed = sfn.list_state_machine_versions(stateMachineArn=self.machine)["stateMachineVersions"]
        self.assertEqual([version["stateMachineVersionArn"] for version in listed], [self.version, first])
        self.assertIn("carving", [machine["name"] for machine in sfn.list_state_machines()["stateMachines"]])
        self.assertIn("finer", sfn.describe_state_machine(stateMachineArn=self.machine)["definition"])
        routes = [{"stateMachineVersionArn": first, "weight": 100}]
        self.alias = sfn.create_state_machine_alias(name="LIVE", routingConfiguration=routes)["stateMachineAliasArn"]
        routes[0]["stateMachineVersionArn"] = self.version
        sfn.update_state_machine_alias(stateMachineAliasArn=self.alias, routingConfiguration=routes)
        described = sfn.describe_state_machine_alias(stateMachineAliasArn=self.alias)
        self.assertEqual(described["routingConfiguration"], routes)
        aliases = sfn.list_state_machine_aliases(stateMachineArn=self.machine)["stateMachineAliases"]
        self.assertEqual([alias["stateMachineAliasArn"] for alias in aliases], [self.alias])
        sfn.delete_state_machine_version(stateMachineVersionArn=first)

    def executions(self):
        sfn = self.sfn
        self.execution = sfn.start_execution(stateMachineArn=self.alias, name="spoon", input='{"wood":"oak"}')["executionArn"]
        work = sfn.get_activity_task(activityArn=self.activity, workerName="carver")
        self.assertEqual(work["input"], '{"wood":"oak"}')
        sfn.send_task_heartbeat(taskToken=work["taskToken"])
        sfn.send_task_failure(taskToken=work["taskToken"], error="Split", cause="too dry")
        end = ended(self, self.execution)
        self.assertEqual((end["status"], end["error"], end["redriveStatus"]), ("FAILED", "Split", "REDRIVABLE"))
        sfn.redrive_execution(executionArn=self.execution)
        work = sfn.get_activity_task(activityArn=self.activity, workerName="carver")
        sfn.send_task_success(taskToken=work["taskToken"], output='"spoon"')
        end = ended(self, self.execution)
        self.assertEqual((end["status"], end["output"], end["stateMachineAliasArn"]), ("SUCCEEDED", '"spoon"', self.alias))
        told = sfn.describe_state_machine_for_execution(executionArn=self.execution)
        self.assertIn("finer", told["definition"])
        pages = sfn.get_paginator("get_execution_history").paginate(executionArn=self.execution, maxResults=4)
        types = [event["type"] for page in pages for event in page["events"]]
        self.assertEqual([types[0], types.count("ExecutionRedriven"), types[-1]], ["ExecutionStarted", 1, "ExecutionSucceeded"])
        stopped = sfn.start_execution(stateMachineArn=self.machine)["executionArn"]
        sfn.stop_execution(executionArn=stopped)
        listed = sfn.list_executions(stateMachineArn=self.machine, statusFilter="ABORTED")["executions"]
        self.assertEqual([execution["executionArn"] for execution in listed], [stopped])

    def map_runs(self):
        sfn = self.sfn
        wait = {"Type": "Wait", "SecondsPath": "$.seconds", "End": True}
        run = {
            "Type": "Map", "MaxConcurrency": 1, "End": True, "ItemsPath": "$.items",
            "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **scenarios.machine("W", W=wait)},
        }
        made = sfn.create_state_machine(name="mapping", definition=json.dumps(scenarios.machine("M", M=run)), roleArn=ROLE)
        items = [{"seconds": seconds} for seconds in (3, 3, 0)]
        execution = sfn.start_execution(stateMachineArn=made["stateMachineArn"], input=json.dumps({"items": items}))["executionArn"]
        listed = until(lambda: sfn.list_map_runs(executionArn=execution)["mapRuns"], 60, "no Map Run")
        arn = listed[0]["mapRunArn"]
        sfn.update_map_run(mapRunArn=arn, maxConcurrency=3, toleratedFailureCount=1)
        described = sfn.describe_map_run(mapRunArn=arn)
        self.assertEqual((described["maxConcurrency"], described["toleratedFailureCount"]), (3, 1))
        self.assertEqual(ended(self, execution)["status"], "SUCCEEDED")
        described = sfn.describe_map_run(mapRunArn=arn)
        self.assertEqual((described["status"], described["itemCounts"]["succeeded"]), ("SUCCEEDED", 3))
        children = sfn.list_executions(mapRunArn=arn)["executions"]
        self.assertEqual([child["status"] for child in children], ["SUCCEEDED"] * 3)

    def express(self):
        sfn = self.sfn
        definition = json.dumps(scenarios.machine("P", P=PASS | {"Result": 7}))
        made = sfn.create_state_machine(name="quickly", definition=definition, roleArn=ROLE, type="EXPRESS")
        answer = sfn.start_sync_execution(stateMachineArn=made["stateMachineArn"])
        self.assertEqual((answer["status"], answer["output"]), ("SUCCEEDED", "7"))

    def deletion(self):
        sfn = self.sfn
        sfn.delete_state_machine_alias(stateMachineAliasArn=self.alias)
        sfn.delete_state_machine_version(stateMachineVersionArn=self.version)
        sfn.delete_state_machine(stateMachineArn=self.machine)
        sfn.delete_activity(activityArn=self.activity)
        until(lambda: "carving" not in [m["name"] for m in sfn.list_state_machines()["stateMachines"]], 30, "it is still there")


if __name__ == "__main__":
    unittest.main()
