"""boto3, unchanged: every operation of the API that is there, and the errors by their classes."""

import json
import threading
import unittest

from server import ROLE, Server, ended, machine, until

WAIT = machine("Wait", Wait={"Type": "Wait", "Seconds": 600, "End": True})


class Boto3(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--function", "double=python3 -c 'import json,sys; print(json.load(sys.stdin)*2)'")
        cls.client = cls.server.client()

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    def create(self, name, definition):
        return self.client.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]

    def test_a_machine_lives_from_creation_to_deletion(self):
        sfn = self.client
        arn = self.create("life", WAIT)
        self.assertEqual(arn, "arn:aws:states:us-east-1:123456789012:stateMachine:life")
        self.assertEqual(self.create("life", WAIT), arn, "the same request again is the same machine")
        with self.assertRaises(sfn.exceptions.StateMachineAlreadyExists):
            self.create("life", machine("P", P={"Type": "Pass", "End": True}))
        changed = machine("Q", Q={"Type": "Pass", "End": True})
        sfn.update_state_machine(stateMachineArn=arn, definition=changed)
        self.assertEqual(sfn.describe_state_machine(stateMachineArn=arn)["definition"], changed)
        names = [m["name"] for m in sfn.list_state_machines()["stateMachines"]]
        self.assertIn("life", names)
        sfn.delete_state_machine(stateMachineArn=arn)
        with self.assertRaises(sfn.exceptions.StateMachineDoesNotExist):
            sfn.start_execution(stateMachineArn=arn)

    def test_an_execution_is_started_described_listed_and_read(self):
        sfn = self.client
        call = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "double", "Payload.$": "$.n"},
                "ResultSelector": {"n.$": "$.Payload"}, "End": True}
        arn = self.create("double", machine("Call", Call=call))
        execution = sfn.start_execution(stateMachineArn=arn, name="one", input='{"n": 21}')["executionArn"]
        found = ended(sfn, execution)
        self.assertEqual((found["status"], json.loads(found["output"])), ("SUCCEEDED", {"n": 42}))
        pages = sfn.get_paginator("get_execution_history").paginate(executionArn=execution, maxResults=2)
        events = [event for page in pages for event in page["events"]]
        self.assertEqual([e["type"] for e in events], [
            "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"])
        self.assertEqual([e["id"] for e in events], list(range(1, 8)))
        backwards = sfn.get_execution_history(executionArn=execution, reverseOrder=True)["events"]
        self.assertEqual([e["id"] for e in backwards], list(range(7, 0, -1)))
        listed = sfn.list_executions(stateMachineArn=arn, statusFilter="SUCCEEDED")["executions"]
        self.assertEqual([e["executionArn"] for e in listed], [execution])

    def test_a_running_execution_can_be_stopped(self):
        sfn = self.client
        execution = sfn.start_execution(stateMachineArn=self.create("stop", WAIT))["executionArn"]
        sfn.stop_execution(executionArn=execution, error="Enough", cause="by hand")
        found = ended(sfn, execution)
        self.assertEqual((found["status"], found["error"], found["cause"]), ("ABORTED", "Enough", "by hand"))

    def test_a_worker_polls_an_activity(self):
        sfn = self.client
        activity = sfn.create_activity(name="pack")["activityArn"]
        task = {"Type": "Task", "Resource": activity, "TimeoutSeconds": 60, "HeartbeatSeconds": 30, "End": True}
        arn = self.create("packing", machine("Pack", Pack=task))
        work = {}
        worker = threading.Thread(target=lambda: work.update(self.server.client().get_activity_task(activityArn=activity, workerName="w")))
        worker.start()
        execution = sfn.start_execution(stateMachineArn=arn, input='{"box": 1}')["executionArn"]
        worker.join(timeout=20)
        self.assertEqual(json.loads(work["input"]), {"box": 1})
        sfn.send_task_heartbeat(taskToken=work["taskToken"])
        sfn.send_task_success(taskToken=work["taskToken"], output='"packed"')
        with self.assertRaises(sfn.exceptions.TaskTimedOut):
            sfn.send_task_success(taskToken=work["taskToken"], output='"again"')
        self.assertEqual(ended(sfn, execution)["output"], '"packed"')
        self.assertIn("pack", [a["name"] for a in sfn.list_activities()["activities"]])
        sfn.delete_activity(activityArn=activity)

    def test_an_express_execution_answers_its_caller(self):
        sfn = self.client
        create = lambda name, state: sfn.create_state_machine(name=name, definition=machine("S", S=state), roleArn=ROLE, type="EXPRESS")["stateMachineArn"]
        good = sfn.start_sync_execution(stateMachineArn=create("quick", {"Type": "Pass", "End": True}), input='{"a": 1}')
        self.assertEqual((good["status"], good["output"], good["billingDetails"]),
                         ("SUCCEEDED", '{"a": 1}', {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100}))
        bad = sfn.start_sync_execution(stateMachineArn=create("broken", {"Type": "Fail", "Error": "Oops", "Cause": "why"}))
        self.assertEqual((bad["status"], bad["error"], bad["cause"]), ("FAILED", "Oops", "why"))
        standard = self.create("not-express", WAIT)
        with self.assertRaises(sfn.exceptions.StateMachineTypeNotSupported):
            sfn.start_sync_execution(stateMachineArn=standard)
        self.assertIn(":express:quick:", sfn.start_execution(stateMachineArn=good["stateMachineArn"], name="n")["executionArn"])

    def test_versions_and_aliases_route_executions(self):
        sfn = self.client
        first = sfn.create_state_machine(name="routed", definition=machine("A", A={"Type": "Pass", "Result": 1, "End": True}), roleArn=ROLE, publish=True)
        arn, one = first["stateMachineArn"], first["stateMachineVersionArn"]
        sfn.update_state_machine(stateMachineArn=arn, definition=machine("A", A={"Type": "Pass", "Result": 2, "End": True}))
        two = sfn.publish_state_machine_version(stateMachineArn=arn, description="second")["stateMachineVersionArn"]
        self.assertEqual(sfn.describe_state_machine(stateMachineArn=two)["description"], "second")
        self.assertEqual([v["stateMachineVersionArn"] for v in sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]], [two, one])
        alias = sfn.create_state_machine_alias(name="live", routingConfiguration=[{"stateMachineVersionArn": one, "weight": 100}])["stateMachineAliasArn"]
        for version, output in [(one, "1"), (two, "2")]:
            sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}])
            execution = sfn.start_execution(stateMachineArn=alias)["executionArn"]
            found = ended(sfn, execution)
            self.assertEqual((found["stateMachineVersionArn"], found["stateMachineAliasArn"], found["output"]), (version, alias, output))
            details = sfn.get_execution_history(executionArn=execution)["events"][0]["executionStartedEventDetails"]
            self.assertEqual(details["stateMachineVersionArn"], version)
        self.assertEqual(len(sfn.list_executions(stateMachineArn=alias)["executions"]), 2)
        with self.assertRaises(sfn.exceptions.ConflictException):
            sfn.delete_state_machine_version(stateMachineVersionArn=two)
        self.assertEqual(sfn.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"][0]["weight"], 100)
        self.assertEqual(len(sfn.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"]), 1)
        sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
        with self.assertRaises(sfn.exceptions.ResourceNotFound):
            sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
        sfn.delete_state_machine_version(stateMachineVersionArn=two)

    def test_tags_are_kept(self):
        sfn = self.client
        arn = sfn.create_state_machine(name="tagged", definition=WAIT, roleArn=ROLE, tags=[{"key": "a", "value": "1"}])["stateMachineArn"]
        sfn.tag_resource(resourceArn=arn, tags=[{"key": "b", "value": "2"}])
        sfn.untag_resource(resourceArn=arn, tagKeys=["a"])
        self.assertEqual(sfn.list_tags_for_resource(resourceArn=arn)["tags"], [{"key": "b", "value": "2"}])
        with self.assertRaises(sfn.exceptions.TooManyTags):
            sfn.tag_resource(resourceArn=arn, tags=[{"key": str(n), "value": ""} for n in range(51)])

    def test_a_definition_is_validated_without_being_kept(self):
        sfn = self.client
        self.assertEqual(sfn.validate_state_machine_definition(definition=WAIT)["result"], "OK")
        found = sfn.validate_state_machine_definition(definition=machine("P", P={"Type": "Pass", "Next": "Nowhere"}), maxResults=1)
        self.assertEqual((found["result"], found["diagnostics"][0]["code"]), ("FAIL", "MISSING_TRANSITION_TARGET"))

    def test_a_failed_execution_is_redriven(self):
        sfn = self.client
        activity = sfn.create_activity(name="retried")["activityArn"]
        arn = self.create("redriven", machine("T", T={"Type": "Task", "Resource": activity, "End": True}))
        execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
        with self.assertRaises(sfn.exceptions.ExecutionNotRedrivable):
            sfn.redrive_execution(executionArn=execution)
        sfn.send_task_failure(taskToken=sfn.get_activity_task(activityArn=activity)["taskToken"], error="E")
        self.assertEqual(ended(sfn, execution)["redriveStatus"], "REDRIVABLE")
        date = sfn.redrive_execution(executionArn=execution, clientToken="t")["redriveDate"]
        self.assertEqual(sfn.redrive_execution(executionArn=execution, clientToken="t")["redriveDate"], date)
        sfn.send_task_success(taskToken=sfn.get_activity_task(activityArn=activity)["taskToken"], output="1")
        found = ended(sfn, execution)
        self.assertEqual((found["status"], found["redriveCount"], found["redriveDate"]), ("SUCCEEDED", 1, date))
        types = [e["type"] for e in sfn.get_execution_history(executionArn=execution)["events"]]
        self.assertIn("ExecutionRedriven", types)

    def test_map_runs_are_asked_for(self):
        sfn = self.client
        execution = sfn.start_execution(stateMachineArn=self.create("no-runs", WAIT))["executionArn"]
        self.assertEqual(sfn.list_map_runs(executionArn=execution)["mapRuns"], [])
        run = "arn:aws:states:us-east-1:123456789012:mapRun:no-runs/label:0"
        for request in (sfn.describe_map_run, sfn.update_map_run):
            with self.assertRaises(sfn.exceptions.ResourceNotFound):
                request(mapRunArn=run)

    def test_bad_requests_are_refused_in_words(self):
        sfn = self.client
        table = [
            (lambda: self.create("bad", "not json"), sfn.exceptions.InvalidDefinition, "INVALID_JSON_DESCRIPTION"),
            (lambda: self.create("bad", machine("P", P={"Type": "Pass", "Next": "Nowhere"})), sfn.exceptions.InvalidDefinition, "Nowhere"),
            (lambda: self.create("bad", machine("P", P={"Type": "Pass"})), sfn.exceptions.InvalidDefinition, "/States/P"),
            (lambda: self.create("a b", WAIT), sfn.exceptions.InvalidName, "a b"),
            (lambda: sfn.describe_execution(executionArn="nonsense"), sfn.exceptions.InvalidArn, "nonsense"),
            (lambda: sfn.send_task_success(taskToken="nonsense", output="{}"), sfn.exceptions.InvalidToken, ""),
        ]
        for request, error, part in table:
            with self.assertRaises(error) as raised:
                request()
            self.assertIn(part, str(raised.exception))


class Durability(unittest.TestCase):
    def setUp(self):
        self.server = Server()

    def tearDown(self):
        self.server.remove()

    def test_a_wait_is_finished_after_a_kill(self):
        sfn = self.server.client()
        arn = sfn.create_state_machine(name="sleepy", roleArn=ROLE, definition=machine(
            "Wait", Wait={"Type": "Wait", "Seconds": 2, "Next": "Done"}, Done={"Type": "Pass", "Result": "woke up", "End": True}))["stateMachineArn"]
        execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
        until(lambda: len(sfn.get_execution_history(executionArn=execution)["events"]) == 2)
        self.server.kill()
        self.server.start()
        sfn = self.server.client()
        found = ended(sfn, execution)
        self.assertEqual((found["status"], found["output"]), ("SUCCEEDED", '"woke up"'))
        took = (found["stopDate"] - found["startDate"]).total_seconds()
        self.assertGreaterEqual(took, 2.0)

    def test_versions_and_redrives_survive_a_kill(self):
        sfn = self.server.client()
        version = sfn.create_state_machine(name="kept", roleArn=ROLE, publish=True, definition=WAIT)["stateMachineVersionArn"]
        execution = sfn.start_execution(stateMachineArn=version)["executionArn"]
        sfn.stop_execution(executionArn=execution)
        date = sfn.redrive_execution(executionArn=execution)["redriveDate"]
        self.server.kill()
        self.server.start()
        found = self.server.client().describe_execution(executionArn=execution)
        self.assertEqual((found["status"], found["redriveDate"], found["stateMachineVersionArn"]), ("RUNNING", date, version))

    def test_a_redriven_parallel_keeps_its_finished_branch_through_a_kill(self):
        sfn = self.server.client()
        quick, flaky = (sfn.create_activity(name=name)["activityArn"] for name in ("quick", "flaky"))
        branch = lambda name, arn: {"StartAt": name, "States": {name: {"Type": "Task", "Resource": arn, "End": True}}}
        arn = sfn.create_state_machine(name="both", roleArn=ROLE, definition=machine(
            "P", P={"Type": "Parallel", "Branches": [branch("Quick", quick), branch("Flaky", flaky)], "End": True}))["stateMachineArn"]
        execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
        sfn.send_task_success(taskToken=sfn.get_activity_task(activityArn=quick)["taskToken"], output='"kept"')
        sfn.send_task_failure(taskToken=sfn.get_activity_task(activityArn=flaky)["taskToken"], error="E")
        self.assertEqual(ended(sfn, execution)["status"], "FAILED")
        sfn.redrive_execution(executionArn=execution)
        self.server.kill()
        self.server.start()
        sfn = self.server.client()
        sfn.send_task_success(taskToken=sfn.get_activity_task(activityArn=flaky)["taskToken"], output='"again"')
        self.assertEqual(ended(sfn, execution)["output"], '["kept","again"]')
        events = sfn.get_execution_history(executionArn=execution)["events"]
        self.assertEqual(sum(e["type"] == "ActivityScheduled" for e in events), 3, "the finished branch is not run again")

    def test_nothing_that_was_acknowledged_is_lost_by_kills_under_load(self):
        sfn = self.server.client()
        arn = sfn.create_state_machine(name="load", roleArn=ROLE, definition=machine(
            "M", M={"Type": "Map", "ItemProcessor": {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}}, "End": True}))["stateMachineArn"]
        started = []
        for _ in range(3):
            for _ in range(10):
                started.append(sfn.start_execution(stateMachineArn=arn, input="[1, 2, 3]")["executionArn"])
            self.server.kill()
            self.server.start()
            sfn = self.server.client()
        for execution in started:
            found = ended(sfn, execution)
            self.assertEqual((found["status"], found["output"]), ("SUCCEEDED", "[1,2,3]"))
            events = sfn.get_execution_history(executionArn=execution)["events"]
            self.assertEqual([e["id"] for e in events], list(range(1, len(events) + 1)))
            self.assertEqual(sum(e["type"] == "MapIterationSucceeded" for e in events), 3)

    def test_an_orderly_stop_is_quick_and_keeps_everything(self):
        sfn = self.server.client()
        arn = sfn.create_state_machine(name="kept", definition=WAIT, roleArn=ROLE)["stateMachineArn"]
        execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.assertEqual(self.server.client().describe_execution(executionArn=execution)["status"], "RUNNING")


if __name__ == "__main__":
    unittest.main()
