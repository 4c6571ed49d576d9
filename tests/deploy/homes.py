"""The two homes that tests compare: the local binary and the deployed stack; and how executions are started and watched."""

import atexit
import copy
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import boto3
from botocore.config import Config

from doors import Runtime
from stack import ACCOUNT, REGION, ROOT, Emulator, Stack, until, zipped

STEPWRIGHT = os.environ["STEPWRIGHT"]
ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"
ROLES = ("worker", "slow-worker", "api", "start", "sweep")
HERE = pathlib.Path(__file__).parent
ORDER = ROOT / "examples" / "order-fulfilment"
PROBES = {"probe-double": "double", "probe-flaky": "flaky", "probe-slow": "slow", "probe-token": "keep_token"}


class Local:
    """The local binary, with the same functions."""

    def __init__(self):
        self.data = tempfile.mkdtemp(prefix="stepwright-local-")
        self.buckets = os.path.join(self.data, "buckets")
        os.makedirs(self.buckets)
        probes = {name: f"python:{HERE}/functions/probe.py:{handler}" for name, handler in PROBES.items()}
        probe_file = pathlib.Path(self.data) / "functions.json"
        probe_file.write_text(json.dumps(probes))
        environment = dict(os.environ, PROBE_DATA=self.data, SHOP_DATA=self.data, SHOP_APPROVER="human", AWS_ACCOUNT_ID=ACCOUNT)
        self.process = subprocess.Popen(
            [
                STEPWRIGHT, "serve", "--in-memory", "--port", "0", "--limits", "extended",
                "--functions", str(ORDER / "functions.json"), "--functions", str(probe_file), "--buckets", self.buckets,
            ],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        self.endpoint = re.search(r"http://\S+", self.process.stdout.readline()).group(0)
        self.sfn = boto3.client(
            "stepfunctions", endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id="any",
            aws_secret_access_key="any", config=Config(inject_host_prefix=False),
        )

    def stop(self):
        self.process.terminate()
        self.process.wait(15)
        self.process.stdout.close()
        shutil.rmtree(self.data, ignore_errors=True)


class Deployed:
    """The stack, with the same functions deployed beside it."""

    def __init__(self):
        self.data = tempfile.mkdtemp(prefix="stepwright-cloud-")
        self.emulator = Emulator()
        self.stack = Stack(self.emulator, EventBusName="default", DefaultStateMachine="pass", PayloadBucket="yes")
        self.sfn = self.stack.client()
        # The same with everything the other way round: as many states in an invocation as there are, who may do what is
        # IAM's business, no bucket; and what is due in more than 90 s is parked.
        self.other = copy.copy(self)
        self.other.stack = Stack(self.emulator, "other", MaxStatesPerInvocation="0", ApiAuth="iam")
        self.other.stack.configure(ROLES, {"STEPWRIGHT_LONGEST_DELAY_SECONDS": "90"})
        self.other.sfn = self.other.stack.client()
        self.deploy({name: f"probe.{handler}" for name, handler in PROBES.items()}, HERE / "functions")
        order = json.loads((ORDER / "functions.json").read_text())
        handlers = {name: re.sub(r"python:functions/(\w+)\.py:(\w+)", r"\1.\2", spec) for name, spec in order.items()}
        self.deploy(handlers, ORDER / "functions")

    def deploy(self, functions, folder):
        files = {path.name: (path.read_bytes(), 0o644) for path in folder.glob("*.py")}
        code = zipped(files | {"bootstrap": ((HERE / "functions" / "bootstrap").read_bytes(), 0o755)})
        variables = {"PROBE_DATA": self.data, "SHOP_DATA": self.data, "SHOP_APPROVER": "human"}
        for name, handler in functions.items():
            self.emulator.client("lambda").create_function(
                FunctionName=name, Runtime="provided.al2023", Handler=handler, Role=ROLE, Timeout=30,
                Code={"ZipFile": code}, Environment={"Variables": variables},
            )

    def stop(self):
        self.emulator.stop()
        shutil.rmtree(self.data, ignore_errors=True)


def beside(home, role, event, headers, finally_do, **variables):
    """The answer of a function of the stack that runs in a process of its own, with a Runtime API that hands it one event."""
    function = home.emulator.client("lambda").get_function_configuration(FunctionName=f"{home.stack.name}-{role}")
    runtime = Runtime(event, headers)
    finally_do(runtime.stop)
    environment = {
        "PATH": os.environ["PATH"], **function["Environment"]["Variables"], "AWS_REGION": REGION, "_HANDLER": role,
        "AWS_LAMBDA_RUNTIME_API": runtime.address, "AWS_LAMBDA_FUNCTION_NAME": f"{home.stack.name}-{role}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": home.emulator.url, **variables,
    }
    process = subprocess.Popen([STEPWRIGHT], env=environment, stderr=subprocess.DEVNULL)
    finally_do(process.wait)
    finally_do(process.kill)
    if not runtime.answered.wait(60):
        raise AssertionError("no answer")
    return json.loads(runtime.answer)


def create(home, name, definition, **more):
    made = home.sfn.create_state_machine(name=name, roleArn=ROLE, definition=json.dumps(definition), **more)
    return made["stateMachineArn"]


def start(home, arn, data, name="run"):
    return home.sfn.start_execution(stateMachineArn=arn, name=name, input=json.dumps(data))["executionArn"]


def ended(home, arn, seconds=60):
    def look():
        execution = home.sfn.describe_execution(executionArn=arn)
        return execution if execution["status"] != "RUNNING" else None
    return until(look, seconds, f"{arn} does not end")


def history(home, arn):
    events, token = [], {}
    while True:
        page = home.sfn.get_execution_history(executionArn=arn, maxResults=1000, **token)
        events += page["events"]
        if "nextToken" not in page:
            return events
        token = {"nextToken": page["nextToken"]}


def own_id(home, arn):
    """What the engine itself calls an execution."""
    pages = home.emulator.client("dynamodb").get_paginator("scan").paginate(TableName=home.stack.outputs["TableName"])
    rows = [row for page in pages for row in page["Items"] if row["sk"].get("S") == "e"]
    return next(row["pk"]["S"] for row in rows if arn in row["m"]["S"])


def token_in(home, key):
    path = pathlib.Path(home.data) / f"{key}.token"
    return until(lambda: path.exists() and json.loads(path.read_text()), 30, "no task token")


@functools.cache
def local():
    """The local binary, the same for all tests."""
    home = Local()
    atexit.register(home.stop)
    return home


@functools.cache
def cloud():
    """The deployed stacks, the same for all tests."""
    home = Deployed()
    atexit.register(home.stop)
    return home
