"""Asks a manager to approve an order. The answer comes later, by the task token; see approve.py.

SHOP_APPROVER=policy (the default) has a policy answer after a second: up to 5,000.00 is approved. With SHOP_APPROVER=human
the request lies in the folder `approvals` of the shop's data until somebody runs approve.py.
"""
import json
import os
import pathlib
import subprocess
import sys

import shop

LIMIT_CENTS = 500_000
APPROVE = pathlib.Path(__file__).with_name("approve.py")


class InvalidRequest(Exception):
    """The request makes no sense."""


def request(event, context):
    try:
        order_id, token = shop.order_id(event), shop.member(event, "taskToken", str)
        total = shop.positive(event, "totalCents", 100_000_000)
    except shop.Problem as problem:
        raise InvalidRequest(str(problem)) from None
    path = shop.folder() / "approvals" / f"{order_id}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"orderId": order_id, "totalCents": total, "taskToken": token}))
    print(f"order {order_id}: {total / 100:.2f} waits for approval in {path}")
    if os.environ.get("SHOP_APPROVER", "policy") == "policy":
        decide(order_id, total)
    return {"asked": True}


def decide(order_id, total):
    """Starts the program that a manager would run."""
    command = [sys.executable, str(APPROVE), order_id, "--after", "1", "--by", "policy"]
    if total > LIMIT_CENTS:
        command += ["--refuse", f"orders above {LIMIT_CENTS / 100:.2f} need a conversation"]
    subprocess.Popen(command, stdin=subprocess.DEVNULL)
