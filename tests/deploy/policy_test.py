"""Each function of template.yaml may do what its code does, and nothing else.

What the code does is read from the code: every request to a service of AWS stands in TABLE, with the functions that make
it; a request that is not there, and a permission that no request needs, are both errors. What workflows call is the user's
to allow (WorkflowPolicy) and is not looked at here.
"""

import pathlib
import re
import unittest

import botocore.session
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALL = ("Worker", "SlowWorker", "Api", "Start", "Sweep")
WORKERS = ("Worker", "SlowWorker")
STATE = ("ExecutionsTable", "ExecutionsTable/index/list")
# Timers, and activity tasks on offer.
TIMERS = ("TimersTable",)
SENT = ("WorkQueue", "SlowQueue")
OWN = {"Worker": ("WorkQueue",), "SlowWorker": ("SlowQueue",)}
DEAD = ("DeadLetterQueue",)

# Requests: (file, action, functions that make it, resources). Receiving from the work queues is nobody's: Lambda's own
# poller does it, by a policy that SAM adds.
TABLE = [
    ("src/store/dynamodb/table.rs", "dynamodb:GetItem", ALL, STATE),
    ("src/store/dynamodb/table.rs", "dynamodb:BatchGetItem", ALL, STATE),
    ("src/store/dynamodb/table.rs", "dynamodb:PutItem", ALL, STATE),
    ("src/store/dynamodb/table.rs", "dynamodb:UpdateItem", ALL, STATE),
    ("src/store/dynamodb/table.rs", "dynamodb:DeleteItem", ALL, STATE),
    ("src/store/dynamodb/table.rs", "dynamodb:Query", ALL, STATE),
    ("src/queue/dynamodb/timers.rs", "dynamodb:GetItem", ALL, TIMERS),
    ("src/queue/dynamodb/timers.rs", "dynamodb:PutItem", ALL, TIMERS),
    ("src/queue/dynamodb/timers.rs", "dynamodb:Query", ALL, TIMERS),
    ("src/queue/dynamodb/offers.rs", "dynamodb:PutItem", ALL, TIMERS),
    ("src/queue/dynamodb/offers.rs", "dynamodb:DeleteItem", ALL, TIMERS),
    ("src/queue/dynamodb/offers.rs", "dynamodb:Query", ALL, TIMERS),
    ("src/queue/sqs/send.rs", "sqs:SendMessage", ALL, SENT),
    ("src/queue/sqs/mod.rs", "sqs:ChangeMessageVisibility", WORKERS, OWN),
    ("src/queue/sqs/mod.rs", "sqs:ReceiveMessage", (), ()),
    ("src/queue/sqs/mod.rs", "sqs:DeleteMessage", (), ()),
    ("src/cloud/dead_letters.rs", "sqs:SendMessage", WORKERS, DEAD),
    ("src/cloud/dead_letters.rs", "sqs:ReceiveMessage", ("Sweep",), DEAD),
    ("src/cloud/dead_letters.rs", "sqs:DeleteMessage", ("Sweep",), DEAD),
    ("src/cloud/express.rs", "lambda:InvokeFunction", ALL, ("ApiFunction",)),
    # Whatever ends or deletes executions logs it and tells it.
    ("src/log/cloudwatch.rs", "logs:CreateLogStream", ALL, ("log groups",)),
    ("src/log/cloudwatch.rs", "logs:PutLogEvents", ALL, ("log groups",)),
    ("src/log/cloudwatch.rs", "logs:DescribeLogGroups", ALL, ("log groups",)),
    ("src/cloud/notices.rs", "events:PutEvents", ALL, ("event bus",)),
    ("src/cloud/bucket.rs", "s3:GetObject", ALL, ("Payloads",)),
    ("src/cloud/bucket.rs", "s3:PutObject", ALL, ("Payloads",)),
    # What is missing is told from what is forbidden.
    ("src/cloud/bucket.rs", "s3:ListBucket", ALL, ("Payloads",)),
    ("src/cloud/custom_resource.rs", "s3:GetObject", ("Start",), ("definition buckets",)),
    ("src/cloud/custom_resource.rs", "s3:GetObjectVersion", ("Start",), ("definition buckets",)),
]

# Resources that are more than one thing of the stack, and why that must be.
PATTERNS = {
    "log groups": (":log-group:*", "the loggingConfiguration of a state machine names any log group of the account"),
    "event bus": (":event-bus/${EventBusName}", "one event bus, which a parameter names"),
    "definition buckets": (":s3:::${DefinitionBuckets}/*", "SAM uploads definitions to a bucket that it names itself"),
    "Payloads": ("${Payloads.Arn}/*", "the objects of the stack's own bucket"),
    "ApiFunction": (":function:${AWS::StackName}-api", "a reference would make the stack depend on itself in a circle"),
    "ExecutionsTable/index/list": ("${ExecutionsTable.Arn}/index/list", "the one index of the table"),
}
# Names of requests that are called otherwise in policies.
NAMED = {"lambda:Invoke": "lambda:InvokeFunction", "sqs:SendMessageBatch": "sqs:SendMessage"}
# Requests to S3, as they are made of the objects of `task::object`.
OBJECTS = {
    r"objects\.put\(": "s3:PutObject",
    r"whole\(&": "s3:GetObject",
    r"Place \{ version": "s3:GetObjectVersion",
    r"is_no_key\(": "s3:ListBucket",
}
PLACES = ("src/store/dynamodb", "src/queue", "src/cloud", "src/log", "src/retry")


def operations():
    """`put_item` and the like, for the services whose own clients the engine uses."""
    session = botocore.session.get_session()
    known = {}
    for service in ("dynamodb", "sqs", "lambda"):
        for name in session.get_service_model(service).operation_names:
            action = f"{service}:{name}"
            snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
            known[(service, snake)] = NAMED.get(action, action)
    return known


def asked_for():
    """What the code asks AWS for: pairs of file and action."""
    known, found = operations(), set()
    for place in PLACES:
        for path in (ROOT / place).rglob("*.rs"):
            file, text = str(path.relative_to(ROOT)), path.read_text().split("#[cfg(test)]")[0]
            for (service, snake), action in known.items():
                if f".{snake}()" in text and speaks_to(service, text):
                    found.add((file, action))
            for name in re.findall(r'\.call\(&?group, "(\w+)"', text):
                found.add((file, f"logs:{name[0].upper()}{name[1:]}"))
            found |= {(file, f"events:{name}") for name in re.findall(r'"AWSEvents\.(\w+)"', text)}
            if "task::object::" in text and place == "src/cloud":
                found |= {(file, action) for sign, action in OBJECTS.items() if re.search(sign, text)}
    return found


def speaks_to(service, text):
    return re.search({"dynamodb": "dynamodb|self.client", "sqs": "sqs|Sqs", "lambda": "lambda"}[service], text) is not None


class PolicyTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        template = yaml_parse((ROOT / "template.yaml").read_text())
        cls.resources = template["Resources"]
        cls.granted = {name: cls.grants(cls.resources[f"{name}Function"]["Properties"]["Policies"]) for name in ALL}

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

    def test_the_table_names_every_request_that_the_code_makes_and_no_other(self):
        table = {(file, action) for file, action, _, _ in TABLE}
        self.assertEqual(sorted(asked_for()), sorted(table))

    def test_each_function_may_do_what_its_code_does_and_nothing_else(self):
        for function in ALL:
            needed = set()
            for _, action, functions, resources in TABLE:
                if function in functions:
                    resources = resources[function] if isinstance(resources, dict) else resources
                    needed |= {(action, resource) for resource in resources}
            # An index can be asked only, and holds nothing of its own.
            needed = {pair for pair in needed if allowed_on(*pair)}
            granted = {pair for pair in self.granted[function] if allowed_on(*pair)}
            with self.subTest(function):
                self.assertEqual(sorted(granted), sorted(needed))

    def test_nothing_is_granted_on_everything(self):
        seen = set()
        for function in ALL:
            for action, resource in self.granted[function]:
                self.assertNotIn("*", action, function)
                self.assertNotIn(resource, ("*", "arn:*"), function)
                seen.add(resource)
        self.assertLessEqual(set(PATTERNS) - seen, {"definition buckets"}, "a pattern that nobody needs any more")
        for name, (pattern, why) in PATTERNS.items():
            self.assertTrue(why, name)
            if "*" in pattern:
                self.assertIn(name, {"log groups", "definition buckets", "Payloads"}, pattern)

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


def allowed_on(action, resource):
    return action == "dynamodb:Query" or not resource.endswith("/index/list")


def listed(value):
    return value if isinstance(value, list) else [value]


def named(resource):
    """A resource by its name in this file."""
    if "Fn::GetAtt" in resource:
        target = resource["Fn::GetAtt"]
        return (target if isinstance(target, list) else target.split("."))[0]
    text = resource["Fn::Sub"] if isinstance(resource, dict) else resource
    for name, (pattern, _) in PATTERNS.items():
        if text.endswith(pattern):
            return name
    return text


if __name__ == "__main__":
    unittest.main()
