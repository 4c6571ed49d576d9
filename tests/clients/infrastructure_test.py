"""What infrastructure tools ask for, request by request as they send it: Terraform's AWS provider (plan, apply, refresh,
change, destroy) and CloudFormation's handlers, through which CDK and SAM create machines."""

import json
import unittest

from server import ROLE, Server, machine, until

GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/flows:*"
LOGGING = {"level": "ERROR", "includeExecutionData": True, "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}]}


def definition(result):
    return machine("P", P={"Type": "Pass", "Result": result, "End": True})


class Infrastructure(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.sfn = cls.server.client()

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()

    def gone(self, arn):
        """Both tools delete, and then ask until there is nothing left."""
        sfn = self.sfn
        sfn.delete_state_machine(stateMachineArn=arn)

        def look():
            try:
                self.assertEqual(sfn.describe_state_machine(stateMachineArn=arn)["status"], "DELETING")
            except sfn.exceptions.StateMachineDoesNotExist:
                return True
        until(look)

    def test_terraform_plans_applies_refreshes_changes_and_destroys(self):
        sfn = self.sfn
        text = definition(1)
        # plan: the definition is validated before anything is there
        planned = sfn.validate_state_machine_definition(definition=text, type="STANDARD")
        self.assertEqual((planned["result"], planned["diagnostics"]), ("OK", []))
        # apply
        created = sfn.create_state_machine(
            name="tf", definition=text, roleArn=ROLE, type="STANDARD", publish=True, tags=[{"key": "Name", "value": "tf"}],
            loggingConfiguration=LOGGING, tracingConfiguration={"enabled": True}, encryptionConfiguration={"type": "AWS_OWNED_KEY"})
        arn = created["stateMachineArn"]
        # refresh: what is read must be what was written, or the next plan shows a change
        found = sfn.describe_state_machine(stateMachineArn=arn)
        self.assertEqual((found["name"], found["definition"], found["roleArn"], found["type"]), ("tf", text, ROLE, "STANDARD"))
        self.assertEqual((found["loggingConfiguration"], found["tracingConfiguration"]), (LOGGING, {"enabled": True}))
        self.assertEqual(found["encryptionConfiguration"], {"type": "AWS_OWNED_KEY"})
        self.assertNotIn("revisionId", found)
        self.assertEqual(sfn.list_tags_for_resource(resourceArn=arn)["tags"], [{"key": "Name", "value": "tf"}])
        versions = sfn.list_state_machine_versions(stateMachineArn=arn, maxResults=1)["stateMachineVersions"]
        self.assertEqual(versions[0]["stateMachineVersionArn"], created["stateMachineVersionArn"])
        # an alias beside it
        route = [{"stateMachineVersionArn": created["stateMachineVersionArn"], "weight": 100}]
        alias = sfn.create_state_machine_alias(name="live", description="d", routingConfiguration=route)["stateMachineAliasArn"]
        read = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
        self.assertEqual((read["name"], read["description"], read["routingConfiguration"]), ("live", "d", route))
        # change: everything is sent again; then it reads until it sees the change
        off = {"level": "OFF", "includeExecutionData": False}
        updated = sfn.update_state_machine(
            stateMachineArn=arn, definition=definition(2), roleArn=ROLE, publish=True, loggingConfiguration=off,
            tracingConfiguration={"enabled": False}, encryptionConfiguration={"type": "AWS_OWNED_KEY"})
        found = sfn.describe_state_machine(stateMachineArn=arn)
        self.assertEqual((found["definition"], found["revisionId"]), (definition(2), updated["revisionId"]))
        self.assertEqual((found["loggingConfiguration"], found["tracingConfiguration"]), (off, {"enabled": False}))
        sfn.untag_resource(resourceArn=arn, tagKeys=["Name"])
        sfn.tag_resource(resourceArn=arn, tags=[{"key": "Owner", "value": "x"}])
        self.assertEqual(sfn.list_tags_for_resource(resourceArn=arn)["tags"], [{"key": "Owner", "value": "x"}])
        route[0]["stateMachineVersionArn"] = updated["stateMachineVersionArn"]
        sfn.update_state_machine_alias(stateMachineAliasArn=alias, description="d", routingConfiguration=route)
        # destroy
        sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
        with self.assertRaises(sfn.exceptions.ResourceNotFound):
            sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
        self.gone(arn)

    def test_terraform_keeps_an_activity(self):
        sfn = self.sfn
        arn = sfn.create_activity(name="tf", tags=[{"key": "a", "value": "1"}], encryptionConfiguration={"type": "AWS_OWNED_KEY"})["activityArn"]
        found = sfn.describe_activity(activityArn=arn)
        self.assertEqual((found["name"], found["encryptionConfiguration"]), ("tf", {"type": "AWS_OWNED_KEY"}))
        self.assertEqual(sfn.list_tags_for_resource(resourceArn=arn)["tags"], [{"key": "a", "value": "1"}])
        sfn.delete_activity(activityArn=arn)
        with self.assertRaises(sfn.exceptions.ActivityDoesNotExist):
            sfn.describe_activity(activityArn=arn)

    def test_cloudformation_creates_updates_versions_shifts_traffic_and_deletes(self):
        sfn = self.sfn
        tags = [{"key": "aws:cloudformation:stack-name", "value": "stack"}, {"key": "aws:cloudformation:logical-id", "value": "Flow"}]
        text = json.dumps(json.loads(definition(1)))
        arn = sfn.create_state_machine(
            name="Flow-6JmzRwh9hVtH", definition=text, roleArn=ROLE, type="STANDARD", loggingConfiguration=LOGGING,
            tracingConfiguration={"enabled": True}, tags=tags)["stateMachineArn"]
        self.assertEqual(sfn.describe_state_machine(stateMachineArn=arn)["definition"], text)
        self.assertEqual(sfn.list_tags_for_resource(resourceArn=arn)["tags"], tags)
        # A version resource names the revision; of a machine that was never updated it is INITIAL.
        first = sfn.publish_state_machine_version(stateMachineArn=arn, revisionId="INITIAL", description="one")["stateMachineVersionArn"]
        self.assertEqual(sfn.describe_state_machine(stateMachineArn=first)["description"], "one")
        live = [{"stateMachineVersionArn": first, "weight": 100}]
        alias = sfn.create_state_machine_alias(name="live", routingConfiguration=live)["stateMachineAliasArn"]
        revision = sfn.update_state_machine(stateMachineArn=arn, definition=definition(2), roleArn=ROLE, loggingConfiguration=LOGGING,
                                            tracingConfiguration={"enabled": True})["revisionId"]
        second = sfn.publish_state_machine_version(stateMachineArn=arn, revisionId=revision)["stateMachineVersionArn"]
        for weight in (10, 100):
            routes = [{"stateMachineVersionArn": second, "weight": weight}]
            if weight < 100:
                routes.append({"stateMachineVersionArn": first, "weight": 100 - weight})
            sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=routes)
            self.assertEqual(sfn.describe_state_machine_alias(stateMachineAliasArn=alias)["routingConfiguration"], routes)
        # Deletion in the order of dependence; each asks first whether the thing is there.
        sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
        sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
        for version in (second, first):
            sfn.describe_state_machine(stateMachineArn=version)
            sfn.delete_state_machine_version(stateMachineVersionArn=version)
        self.assertEqual(sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"], [])
        self.gone(arn)


if __name__ == "__main__":
    unittest.main()
