"""Approves or refuses an order that waits for it:

    python3 approve.py ORDER_ID [--by NAME] [--refuse REASON] [--after SECONDS]

Needs nothing but the Step Functions API at STEPWRIGHT_ENDPOINT (default http://127.0.0.1:8083).
"""
import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request

import shop


def main():
    parser = argparse.ArgumentParser(description="Approves or refuses an order that waits for it.")
    parser.add_argument("order_id")
    parser.add_argument("--by", default=os.environ.get("USER", "manager"))
    parser.add_argument("--refuse", metavar="REASON")
    parser.add_argument("--after", type=float, default=0, metavar="SECONDS")
    arguments = parser.parse_args()
    time.sleep(arguments.after)
    path = shop.folder() / "approvals" / f"{arguments.order_id}.json"
    if not path.is_file():
        sys.exit(f"order {arguments.order_id} does not wait for approval")
    token = json.loads(path.read_text())["taskToken"]
    if arguments.refuse:
        answer = {"taskToken": token, "error": "ApprovalRefused", "cause": arguments.refuse}
        call("SendTaskFailure", answer)
    else:
        output = {"approved": True, "by": arguments.by}
        call("SendTaskSuccess", {"taskToken": token, "output": json.dumps(output)})
    path.unlink(missing_ok=True)
    print(f"order {arguments.order_id}: {'refused' if arguments.refuse else 'approved'} by {arguments.by}")


def call(operation, parameters):
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"AWSStepFunctions.{operation}",
    }
    endpoint = os.environ.get("STEPWRIGHT_ENDPOINT", "http://127.0.0.1:8083")
    request = urllib.request.Request(endpoint, json.dumps(parameters).encode(), headers)
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except urllib.error.HTTPError as error:
        sys.exit(f"{operation}: {error.read().decode(errors='replace')}")
    except urllib.error.URLError as error:
        sys.exit(f"{operation}: {endpoint} cannot be reached: {error.reason}")


if __name__ == "__main__":
    main()
