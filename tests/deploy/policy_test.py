"""What template.yaml grants and keeps: nothing on everything, and nothing that is not encrypted."""

import pathlib
import unittest

from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTIONS = ("Worker", "SlowWorker", "Api", "Start", "Sweep")
# Resources with a * in them, and why that must be.
PATTERNS = {
    ":log-group:*": "the loggingConfiguration of a state machine names any log group of the account",
    "${Payloads.Arn}/*": "the objects of the stack's own bucket",
    "${ExecutionsTable.Arn}/index/*": "the indexes of the stack's own table",
    ":s3:::${DefinitionBuckets}/*": "SAM uploads definitions to a bucket that it names itself",
}


class PolicyTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        template = yaml_parse((ROOT / "template.yaml").read_text())
        cls.resources = template["Resources"]
        cls.granted = {name: cls.grants(cls.resources[f"{name}Function"]["Properties"]["Policies"]) for name in FUNCTIONS}

    @classmethod
    def grants(cls, policies):
        """Pairs of action and resource that a function has for the engine's own sake."""
        found = set()
        for policy in policies:
            if "Ref" in policy and policy["Ref"] != "WorkflowPolicy":
                found |= cls.statements(cls.resources[policy["Ref"]]["Properties"]["PolicyDocument"])
            elif "Statement" in policy:
                found |= cls.statements(policy)
        return found

    @classmethod
    def statements(cls, document):
        found = set()
        for statement in document["Statement"]:
            statement = statement["Fn::If"][1] if "Fn::If" in statement else statement
            assert statement["Effect"] == "Allow"
            for action in listed(statement["Action"]):
                found |= {(action, named(resource)) for resource in listed(statement["Resource"])}
        return found

    def test_nothing_is_granted_on_everything(self):
        for function in FUNCTIONS:
            self.assertTrue(self.granted[function], function)
            for action, resource in self.granted[function]:
                with self.subTest(function, action=action, resource=resource):
                    self.assertNotIn("*", action)
                    if "*" in resource:
                        self.assertTrue(any(resource.endswith(pattern) for pattern in PATTERNS))

    def test_everything_that_is_kept_is_encrypted(self):
        kept = {"AWS::DynamoDB::Table": 0, "AWS::SQS::Queue": 0, "AWS::S3::Bucket": 0}
        for name, resource in self.resources.items():
            properties = resource.get("Properties", {})
            if resource["Type"] not in kept:
                continue
            kept[resource["Type"]] += 1
            with self.subTest(name):
                if resource["Type"] == "AWS::DynamoDB::Table":
                    self.assertTrue(properties["SSESpecification"]["SSEEnabled"])
                elif resource["Type"] == "AWS::SQS::Queue":
                    self.assertTrue(properties["SqsManagedSseEnabled"])
                else:
                    self.assertIn("ServerSideEncryptionConfiguration", properties["BucketEncryption"])
                    self.assertEqual(set(properties["PublicAccessBlockConfiguration"].values()), {True})
        self.assertTrue(all(kept.values()), kept)

    def test_functions_of_workflows_are_the_users_to_choose(self):
        [statement] = self.resources["WorkflowPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        self.assertEqual(statement["Action"], "lambda:InvokeFunction")
        self.assertIn("function:${CallableFunctions}", statement["Resource"]["Fn::Sub"])


def listed(value):
    return value if isinstance(value, list) else [value]


def named(resource):
    """A resource as one text."""
    if "Fn::GetAtt" in resource:
        target = resource["Fn::GetAtt"]
        return target if isinstance(target, str) else ".".join(target)
    return resource["Fn::Sub"] if isinstance(resource, dict) else resource


if __name__ == "__main__":
    unittest.main()
