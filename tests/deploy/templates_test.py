"""What templates of users do with the deployed stack: state machines they declare, rules and schedules that start them."""

import json
import unittest

import yaml

from homes import cloud, ended, start
from stack import ACCOUNT, REGION, ROOT, until

MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:"
GREET = """\
# A comment, as JSON has none.
StartAt: Wait
States:
  Wait: {Type: Wait, Seconds: 0, Next: Greet}
  Greet:
    Type: Pass
    Result: "${Word}"
    End: true
"""


class TemplatesTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.cloud = cloud()
        cls.home, cls.emulator = cls.cloud.other, cls.cloud.emulator
        # The example as it stands; only its hourly rule is asked to fire every minute.
        cls.example = cls.home.stack.create(
            "example", (ROOT / "infra" / "examples" / "starts.yaml").read_text(), {"StepwrightStack": "other"}
        )
        resources = cls.emulator.client("cloudformation").describe_stack_resources(StackName="example")["StackResources"]
        rules = {r["LogicalResourceId"]: r["PhysicalResourceId"].split("/")[-1].split("|")[-1] for r in resources}
        cls.emulator.client("events").put_rule(Name=rules["EveryHour"], ScheduleExpression="rate(1 minute)")

    def outputs(self, name):
        """Input and output of the executions of a machine that have succeeded."""
        found = self.home.sfn.list_executions(stateMachineArn=MACHINE + name, statusFilter="SUCCEEDED")["executions"]
        ends = [self.home.sfn.describe_execution(executionArn=one["executionArn"]) for one in found]
        return [(end["name"], json.loads(end["input"]), json.loads(end["output"])) for end in ends]

    def test_a_pattern_with_an_input_transformer_starts_an_execution(self):
        self.assertEqual(self.example["OrderMachineArn"], MACHINE + "order")
        entry = {"Source": "shop", "DetailType": "Order Placed", "Detail": '{"amount": 5}'}
        event = self.emulator.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"]
        found = until(lambda: [e for e in self.outputs("order") if e[1] == {"amount": 5}], 60, "the rule starts nothing")
        self.assertEqual(found, [(event, {"amount": 5}, {"charged": 5})], "the event's id is the execution's name")

    def test_a_schedule_starts_executions(self):
        found = until(lambda: [e for e in self.outputs("order") if e[1] == {"amount": 0}], 120, "the schedule starts nothing")
        self.assertEqual(found[0][2], {"charged": 0})

    def declared(self, **properties):
        return json.dumps({
            "Resources": {"Greeter": {
                "Type": "Custom::StepwrightStateMachine",
                "Properties": {"ServiceToken": self.home.stack.outputs["StartFunctionArn"], **properties},
            }},
            "Outputs": {
                "Arn": {"Value": {"Ref": "Greeter"}},
                "Name": {"Value": {"Fn::GetAtt": ["Greeter", "Name"]}},
            },
        })

    def greeting(self, outputs, run):
        return json.loads(ended(self.home, start(self.home, outputs["Arn"], {}, run))["output"])

    def machines(self):
        return [machine["name"] for machine in self.home.sfn.list_state_machines()["stateMachines"]]

    def test_templates_declare_change_and_remove_state_machines(self):
        s3 = self.emulator.client("s3", s3={"addressing_style": "path"})
        s3.create_bucket(Bucket="definitions")
        s3.put_object(Bucket="definitions", Key="flows/greet.asl.yaml", Body=GREET.encode())
        stack = self.home.stack
        common = {"Name": "declared", "Tags": {"team": "a"}}
        uri = common | {"DefinitionUri": "s3://definitions/flows/greet.asl.yaml"}
        made = stack.create("declaring", self.declared(**uri, DefinitionSubstitutions={"Word": "hello"}), {})
        self.assertEqual((made["Arn"], made["Name"]), (MACHINE + "declared", "declared"))
        self.assertEqual(self.greeting(made, "first"), "hello")

        place = common | {"DefinitionUri": {"Bucket": "definitions", "Key": "flows/greet.asl.yaml"}}
        made = stack.update("declaring", self.declared(**place, DefinitionSubstitutions={"Word": "good day"}), {})
        self.assertEqual(self.greeting(made, "changed"), "good day")

        definition = yaml.safe_load(GREET)
        definition["States"]["Greet"]["Result"] = "bye"
        renamed = self.declared(Name="declared-anew", Definition=definition)
        made = stack.update("declaring", renamed, {})
        self.assertEqual(self.greeting(made, "renamed"), "bye")
        until(lambda: "declared" not in self.machines(), 60, "what was replaced is still there")

        with self.assertRaisesRegex(AssertionError, "neither JSON nor YAML|INVALID|Invalid"):
            stack.create("wrong", self.declared(Name="wrong", DefinitionString="no definition"), {})
        self.assertNotIn("wrong", self.machines())

        self.emulator.client("cloudformation").delete_stack(StackName="declaring")
        until(lambda: "declared-anew" not in self.machines(), 60, "the machine is still there")


if __name__ == "__main__":
    unittest.main()
