"""boto3, unchanged: one user's way through all operations of the API, none left out."""

import json
import unittest

from server import ROLE, Server, ended, machine

ACCOUNT = "arn:aws:states:us-east-1:123456789012"


def digging(activity, **more):
    return machine("Dig", Dig={"Type": "Task", "Resource": activity, "HeartbeatSeconds": 60, "End": True, **more})


class Operations(unittest.TestCase):
    def setUp(self):
        server = Server()
        self.addCleanup(server.remove)
        self.sfn = server.client()
        self.called = set()
        self.sfn.meta.events.register("before-call.stepfunctions", lambda model, **_: self.called.add(model.name))

    def refused(self, error, request, part="", **parameters):
        with self.assertRaises(getattr(self.sfn.exceptions, error)) as raised:
            request(**parameters)
        self.assertIn(part, str(raised.exception))
        return raised.exception.response

    def test_all_of_them(self):
        self.activity()
        self.versions()
        self.executions()
        self.map_runs()
        self.express()
        self.deletion()
        operations = set(self.sfn.meta.service_model.operation_names)
        self.assertEqual(len(operations), 37)
        self.assertEqual(operations - self.called, set(), "operations that were not called")

    def activity(self):
        sfn = self.sfn
        created = sfn.create_activity(name="dig", tags=[{"key": "team", "value": "moles"}])
        self.arn = created["activityArn"]
        self.assertEqual(self.arn, f"{ACCOUNT}:activity:dig")
        described = sfn.describe_activity(activityArn=self.arn)
        self.assertEqual((described["name"], described["creationDate"]), ("dig", created["creationDate"]))
        self.assertEqual([a["activityArn"] for a in sfn.list_activities()["activities"]], [self.arn])
        sfn.tag_resource(resourceArn=self.arn, tags=[{"key": "depth", "value": "3"}])
        sfn.untag_resource(resourceArn=self.arn, tagKeys=["team"])
        self.assertEqual(sfn.list_tags_for_resource(resourceArn=self.arn)["tags"], [{"key": "depth", "value": "3"}])
        self.refused("ActivityDoesNotExist", sfn.describe_activity, "digger", activityArn=self.arn + "ger")

    def versions(self):
        sfn = self.sfn
        definition = digging(self.arn)
        self.assertEqual(sfn.validate_state_machine_definition(definition=definition)["result"], "OK")
        self.refused("InvalidDefinition", sfn.create_state_machine, name="mine", definition="{", roleArn=ROLE)
        created = sfn.create_state_machine(name="mine", definition=definition, roleArn=ROLE, publish=True, versionDescription="one")
        self.machine, first = created["stateMachineArn"], created["stateMachineVersionArn"]
        self.assertEqual(first, self.machine + ":1")
        described = sfn.describe_state_machine(stateMachineArn=first)
        self.assertEqual((described["description"], json.loads(described["definition"])), ("one", json.loads(definition)))
        self.assertEqual([m["name"] for m in sfn.list_state_machines()["stateMachines"]], ["mine"])
        revision = sfn.update_state_machine(stateMachineArn=self.machine, definition=digging(self.arn, Comment="deeper"))["revisionId"]
        self.second = sfn.publish_state_machine_version(stateMachineArn=self.machine, revisionId=revision)["stateMachineVersionArn"]
        listed = sfn.list_state_machine_versions(stateMachineArn=self.machine)["stateMachineVersions"]
        self.assertEqual([v["stateMachineVersionArn"] for v in listed], [self.second, first])
        self.refused("ConflictException", sfn.publish_state_machine_version, "stale", stateMachineArn=self.machine, revisionId="stale")
        half = [{"stateMachineVersionArn": version, "weight": 50} for version in (first, self.second)]
        self.alias = sfn.create_state_machine_alias(name="PROD", routingConfiguration=half)["stateMachineAliasArn"]
        whole = [{"stateMachineVersionArn": self.second, "weight": 100}]
        sfn.update_state_machine_alias(stateMachineAliasArn=self.alias, routingConfiguration=whole)
        self.assertEqual(sfn.describe_state_machine_alias(stateMachineAliasArn=self.alias)["routingConfiguration"], whole)
        listed = sfn.list_state_machine_aliases(stateMachineArn=self.machine)["stateMachineAliases"]
        self.assertEqual([a["stateMachineAliasArn"] for a in listed], [self.alias])

    def executions(self):
        sfn = self.sfn
        self.run_arn = arn = sfn.start_execution(stateMachineArn=self.alias, name="run", input='{"depth":3}')["executionArn"]
        work = sfn.get_activity_task(activityArn=self.arn, workerName="mole")
        self.assertEqual(work["input"], '{"depth":3}')
        sfn.send_task_heartbeat(taskToken=work["taskToken"])
        sfn.send_task_failure(taskToken=work["taskToken"], error="Rock", cause="too hard")
        failed = ended(sfn, arn)
        self.assertEqual((failed["status"], failed["error"], failed["redriveStatus"]), ("FAILED", "Rock", "REDRIVABLE"))
        date = sfn.redrive_execution(executionArn=arn, clientToken="again")["redriveDate"]
        self.assertEqual(sfn.redrive_execution(executionArn=arn, clientToken="again")["redriveDate"], date)
        token = sfn.get_activity_task(activityArn=self.arn)["taskToken"]
        sfn.send_task_success(taskToken=token, output='"gold"')
        self.refused("TaskTimedOut", sfn.send_task_success, taskToken=token, output="1")
        done = ended(sfn, arn)
        self.assertEqual((done["status"], done["output"], done["redriveCount"]), ("SUCCEEDED", '"gold"', 1))
        self.assertEqual((done["stateMachineVersionArn"], done["stateMachineAliasArn"]), (self.second, self.alias))
        pages = sfn.get_paginator("get_execution_history").paginate(executionArn=arn, maxResults=5)
        events = [event["type"] for page in pages for event in page["events"]]
        self.assertEqual(events[5:8], ["ExecutionFailed", "ExecutionRedriven", "ActivityScheduled"])
        self.assertIn("deeper", sfn.describe_state_machine_for_execution(executionArn=arn)["definition"])
        listed = sfn.list_executions(stateMachineArn=self.alias, redriveFilter="REDRIVEN")["executions"]
        self.assertEqual([e["name"] for e in listed], ["run"])
        self.refused("ExecutionNotRedrivable", sfn.redrive_execution, "SUCCEEDED", executionArn=arn)
        stopped = sfn.start_execution(stateMachineArn=self.machine)["executionArn"]
        sfn.stop_execution(executionArn=stopped, error="Enough", cause="by hand")
        found = ended(sfn, stopped)
        self.assertEqual((found["status"], found["error"], found["cause"]), ("ABORTED", "Enough", "by hand"))

    def map_runs(self):
        sfn = self.sfn
        self.assertEqual(sfn.list_map_runs(executionArn=self.run_arn)["mapRuns"], [])
        run = f"{ACCOUNT}:mapRun:mine/label:6c6b4f3e-2a52-4bb0-b4ae-7f1c0fbd8f11"
        for request in (sfn.describe_map_run, sfn.update_map_run):
            found = self.refused("ResourceNotFound", request, mapRunArn=run)
            self.assertEqual(found["resourceName"], run)

    def express(self):
        sfn = self.sfn
        definition = machine("P", P={"Type": "Pass", "Result": 7, "End": True})
        arn = sfn.create_state_machine(name="quick", definition=definition, roleArn=ROLE, type="EXPRESS")["stateMachineArn"]
        answer = sfn.start_sync_execution(stateMachineArn=arn)
        self.assertEqual((answer["status"], answer["output"], answer["billingDetails"]["billedMemoryUsedInMB"]), ("SUCCEEDED", "7", 64))
        state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "QueryLanguage": "JSONata",
                 "Arguments": {"FunctionName": "f"}, "Output": "{% $states.result.StatusCode %}", "Next": "N"}
        tried = sfn.test_state(definition=json.dumps(state), mock={"result": '{"StatusCode":200}'})
        self.assertEqual((tried["status"], tried["output"], tried["nextState"]), ("SUCCEEDED", "200", "N"))

    def deletion(self):
        sfn = self.sfn
        self.refused("ConflictException", sfn.delete_state_machine_version, "PROD", stateMachineVersionArn=self.second)
        sfn.delete_state_machine_alias(stateMachineAliasArn=self.alias)
        sfn.delete_state_machine_version(stateMachineVersionArn=self.second)
        sfn.delete_state_machine(stateMachineArn=self.machine)
        sfn.delete_activity(activityArn=self.arn)
        self.refused("StateMachineDoesNotExist", sfn.describe_state_machine, stateMachineArn=self.machine)
        self.assertEqual(sfn.list_activities()["activities"], [])


if __name__ == "__main__":
    unittest.main()
