"""`sam local invoke` of api, start, worker and sweep with the events of infra/events: one execution from its machine to its
end. The SAM CLI has no queues, so each message is taken from the emulator's queue and handed to the worker as an event."""

import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "deploy"))
from stack import ACCOUNT, REGION, Emulator, Stack  # noqa: E402

# That of this machine, for which what is tested was built.
ARCHITECTURE = platform.machine().replace("aarch64", "arm64")
EVENTS = ROOT / "infra" / "events"


def bridge():
    """Where containers reach this machine."""
    told = subprocess.run(
        ["docker", "network", "inspect", "bridge", "-f", "{{(index .IPAM.Config 0).Gateway}}"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()
    return told or "172.17.0.1"


class Local:
    def __init__(self, emulator, stack):
        host = emulator.host
        self.directory = tempfile.mkdtemp(prefix="stepwright-sam-")
        functions = emulator.client("lambda")
        variables = {}
        for function, role in {"Api": "api", "Start": "start", "Worker": "worker", "Sweep": "sweep"}.items():
            configuration = functions.get_function_configuration(FunctionName=f"{stack.name}-{role}")
            own = dict(configuration["Environment"]["Variables"])
            for name, value in own.items():
                own[name] = value.replace("localhost", host).replace("127.0.0.1", host)
            own["AWS_ENDPOINT_URL"] = f"http://{host}:{emulator.port}"
            variables[f"{role_name(function)}"] = own
        self.variables = os.path.join(self.directory, "env.json")
        pathlib.Path(self.variables).write_text(json.dumps(variables))

    def invoke(self, function, event):
        path = os.path.join(self.directory, "event.json")
        pathlib.Path(path).write_text(json.dumps(event))
        environment = dict(
            os.environ, AWS_ACCESS_KEY_ID=ACCOUNT, AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION=REGION,
        )
        command = [
            os.environ["SAM"], "local", "invoke", role_name(function), "-e", path, "--env-vars", self.variables, "--skip-pull-image",
            "--parameter-overrides", f"Architecture={ARCHITECTURE}",
        ]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180)
        answer = done.stdout.strip().splitlines()[-1:] or [""]
        print(f"sam local invoke {role_name(function)}: {answer[0][:160]}", flush=True)
        try:
            answer = json.loads(answer[0])
        except ValueError:
            raise AssertionError(f"{function} answers no JSON\n{done.stdout}\n{done.stderr}")
        if isinstance(answer, dict) and "errorType" in answer:
            raise AssertionError(answer)
        return answer


def role_name(function):
    return f"{function}Function"


def event(name):
    return json.loads((EVENTS / f"{name}.json").read_text())


def take(sqs, url):
    message = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return message["Body"]


def main():
    emulator = Emulator(bridge())
    try:
        stack = Stack(emulator)
        functions = emulator.client("lambda")
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
            functions.delete_event_source_mapping(UUID=mapping["UUID"])
        local, sqs = Local(emulator, stack), emulator.client("sqs")

        assert local.invoke("Api", event("api-http"))["statusCode"] == 200
        made = local.invoke("Api", event("api-create"))
        assert made["stateMachineArn"].endswith(":stateMachine:hello"), made
        started = local.invoke("Start", event("start-rule"))
        assert started["executionArn"].endswith(":hello:7bf73129-1428-4cd3-a780-95db273d1602"), started

        batch = event("worker")
        batch["Records"][0]["body"] = take(sqs, stack.outputs["WorkQueueUrl"])
        assert local.invoke("Worker", batch) == {"batchItemFailures": []}
        listed = local.invoke("Api", event("api-describe"))["executions"]
        assert [execution["status"] for execution in listed] == ["SUCCEEDED"], listed
        items = emulator.client("dynamodb").scan(TableName=stack.outputs["TableName"])["Items"]
        assert any(item["sk"]["S"].startswith("r") for item in items), "the journal is in the table"

        local.invoke("Start", event("start-schedule"))
        assert local.invoke("Sweep", event("sweep"))["deadLetters"] == 0
        print("sam local: an execution from its machine to its end")
    finally:
        emulator.stop()


main()
