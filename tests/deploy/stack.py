"""The stack of template.yaml on MiniStack: an emulator of AWS that runs functions as processes and moves messages itself."""

import io
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile

import boto3
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "us-east-1"
ACCOUNT = "123456789012"


def resolve(host, port, *rest, _system=socket.getaddrinfo, **options):
    """Hosts of the emulator's: names below localhost, which not every system knows, and function URLs. The emulator hands
    AWS's own name of a URL to the function, so a request must be signed for that name."""
    if isinstance(host, str) and host.endswith(".localhost"):
        return _system("127.0.0.1", port, *rest, **options)
    if isinstance(host, str) and host.endswith(".on.aws"):
        return _system(Emulator.latest.host, Emulator.latest.port, *rest, **options)
    return _system(host, port, *rest, **options)


socket.getaddrinfo = resolve


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def until(look, seconds=60, what="nothing came"):
    """What `look` returns as soon as it is something."""
    end = time.time() + seconds
    while time.time() < end:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what} in {seconds} s")


class Emulator:
    """MiniStack on a free port of this machine."""

    latest = None

    def __init__(self, host="127.0.0.1"):
        Emulator.latest = self
        self.port = free_port()
        self.host = host
        self.url = f"http://{host}:{self.port}"
        self.directory = tempfile.mkdtemp(prefix="stepwright-deploy-")
        self.log = open(os.path.join(self.directory, "log"), "w")
        self.environment = dict(
            AWS_ENDPOINT_URL=self.url, AWS_ACCESS_KEY_ID=ACCOUNT, AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION=REGION,
        )
        environment = dict(
            os.environ, BIND_HOST=host, GATEWAY_PORT=str(self.port), MINISTACK_ACCOUNT_ID=ACCOUNT, **self.environment,
        )
        ministack = pathlib.Path(sys.executable).with_name("ministack")
        self.process = subprocess.Popen(
            [str(ministack)], env=environment, stdout=self.log, stderr=self.log, start_new_session=True
        )
        until(self.answers, 60, "MiniStack does not answer")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"MiniStack ended, see {self.log.name}")
        try:
            urllib.request.urlopen(self.url + "/_ministack/health", timeout=2)
            return True
        except OSError:
            return False

    def client(self, service, **options):
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id=ACCOUNT, aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=120, **options),
        )

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()


def zipped(files):
    """A zip of {name: (bytes, mode)}."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, (content, mode) in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()


class Stack:
    """The deployed stack: what `sam build` has made of template.yaml, its functions uploaded by `sam package`."""

    def __init__(self, emulator, name="sw", **parameters):
        self.emulator = emulator
        self.name = name
        self.outputs = self.create(name, self.packaged(emulator), parameters)
        # The emulator keeps numbers of templates as texts, and then cannot compare them.
        functions = emulator.client("lambda")
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
            functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": 8})

    @staticmethod
    def packaged(emulator):
        """The template that `sam deploy` would send."""
        template = pathlib.Path(emulator.directory) / "packaged.yaml"
        if not template.exists():
            emulator.client("s3", s3={"addressing_style": "path"}).create_bucket(Bucket="code")
            subprocess.run(
                [
                    os.environ["SAM"], "package", "--s3-bucket", "code", "--output-template-file", str(template),
                    "--template-file", str(ROOT / ".aws-sam" / "build" / "template.yaml"),
                ],
                env=dict(os.environ, **emulator.environment), check=True, capture_output=True, cwd=ROOT,
            )
        return template.read_text()

    def create(self, name, template, parameters):
        cloudformation = self.emulator.client("cloudformation")
        return self.change(cloudformation.create_stack, name, template, parameters)

    def update(self, name, template, parameters):
        return self.change(self.emulator.client("cloudformation").update_stack, name, template, parameters)

    def change(self, change, name, template, parameters):
        cloudformation = self.emulator.client("cloudformation")
        change(
            StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )

        def done():
            stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            return stack if not stack["StackStatus"].endswith("IN_PROGRESS") else None

        stack = until(done, 180, "the stack was not made")
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            wrong = [(e["LogicalResourceId"], e.get("ResourceStatusReason")) for e in events if "FAILED" in e["ResourceStatus"]]
            raise AssertionError(f"{stack['StackStatus']}: {wrong}")
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def invoke(self, function, event):
        """Calls a function of the stack; its answer, or an error."""
        answer = self.emulator.client("lambda").invoke(FunctionName=f"{self.name}-{function}", Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise RuntimeError(f"{payload.get('errorType')}: {payload.get('errorMessage')}")
        return payload

    def resource(self, logical):
        """Physical id of a resource of the stack."""
        found = self.emulator.client("cloudformation").describe_stack_resources(StackName=self.name)["StackResources"]
        return next(r["PhysicalResourceId"] for r in found if r["LogicalResourceId"] == logical)

    def configure(self, roles, variables=None, **changes):
        """Changes the configuration of functions of the stack."""
        functions = self.emulator.client("lambda")
        for role in roles:
            name = f"{self.name}-{role}"
            if variables:
                known = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
                changes["Environment"] = {"Variables": known | variables}
            functions.update_function_configuration(FunctionName=name, **changes)

    def url(self):
        """Where the emulator answers for the function's URL."""
        name = self.outputs["Endpoint"].split("//")[1].split(".")[0]
        return f"http://{name}.lambda-url.{REGION}.on.aws"

    def http(self):
        """Where the emulator answers for the HTTP API."""
        return f"http://{self.outputs['HttpApiId']}.execute-api.localhost:{self.emulator.port}"

    def client(self):
        """A client of the Step Functions API, with a key of the installation."""
        key = self.invoke("api", {"keys": "create", "name": "test"})
        return boto3.client(
            "stepfunctions", endpoint_url=self.url(), region_name=REGION,
            aws_access_key_id=key["accessKeyId"], aws_secret_access_key=key["secretAccessKey"],
            config=Config(inject_host_prefix=False, retries={"total_max_attempts": 1}, read_timeout=120),
        )
