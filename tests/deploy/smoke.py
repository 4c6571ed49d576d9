"""One Pass state on the deployed stack."""
import json, os, sys, time
from stack import Emulator, Stack, until
emulator = Emulator()
print("emulator", emulator.url, emulator.log.name, flush=True)
try:
    t=time.time()
    stack = Stack(emulator, os.environ["STEPWRIGHT"])
    print("deployed in", time.time()-t, stack.outputs, flush=True)
    role="arn:aws:iam::000000000000:role/any"
    made = stack.invoke("api", {"operation": "CreateStateMachine", "input": {"name": "hello", "roleArn": role, "definition": json.dumps({"StartAt":"P","States":{"P":{"Type":"Pass","Result":"hello","End":True}}})}})
    print(made, flush=True)
    started = stack.invoke("api", {"operation": "StartExecution", "input": {"stateMachineArn": made["stateMachineArn"], "name": "first"}})
    print(started, flush=True)
    def ended():
        d = stack.invoke("api", {"operation": "DescribeExecution", "input": {"executionArn": started["executionArn"]}})
        return d if d["status"]!="RUNNING" else None
    print(until(ended, 30), flush=True)
    sfn = stack.client()
    print(sfn.list_state_machines()["stateMachines"], flush=True)
finally:
    if os.environ.get("KEEP"): print("kept", emulator.process.pid)
    else: emulator.stop()
