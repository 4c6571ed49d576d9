"""A bootstrap of another processor starts, asks the Runtime API for work and answers it: under QEMU, with a Runtime API that
has one event for each role.

    arm64_start.py BOOTSTRAP
"""

import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "deploy"))
from doors import Runtime  # noqa: E402

# Role, event, what the answer contains: nothing of it needs AWS.
TABLE = [
    ("api", {"what": "is this"}, "Stepwright.InvalidEvent"),
    ("worker", {"Records": "none"}, "Stepwright.InvalidEvent"),
    ("start", {"no": "machine"}, "Stepwright.NoStateMachine"),
    ("sweep", {"overdueSeconds": "x"}, "Stepwright.InvalidEvent"),
]


def run(bootstrap, role, event, expected):
    runtime = Runtime(event, {"Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:us-east-1:123456789012:function:{role}"})
    queue = "https://sqs.us-east-1.amazonaws.com/123456789012/queue"
    environment = {
        "PATH": os.environ["PATH"], "AWS_REGION": "us-east-1", "_HANDLER": role, "AWS_LAMBDA_RUNTIME_API": runtime.address,
        "AWS_LAMBDA_FUNCTION_NAME": role, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "STEPWRIGHT_TABLE": "t", "STEPWRIGHT_TIMERS_TABLE": "tt", "STEPWRIGHT_QUEUE_URL": queue, "STEPWRIGHT_API_AUTH": "iam",
        "STEPWRIGHT_SLOW_QUEUE_URL": queue, "STEPWRIGHT_ACCOUNT": "123456789012", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
    }
    began = time.time()
    process = subprocess.Popen(["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu", bootstrap], env=environment)
    try:
        assert runtime.answered.wait(60), f"{role}: no answer"
        answer = runtime.answer.decode()
        assert expected in answer, f"{role}: {answer}"
        print(f"{role}: {answer[:100]} ({time.time() - began:.1f} s)")
    finally:
        process.kill()
        process.wait()
        runtime.stop()


for case in TABLE:
    run(sys.argv[1], *case)
print("the arm64 bootstrap starts, asks for work and answers")
