"""Functions that scenarios call."""
import json
import os
import pathlib
import time


class TryAgain(Exception):
    """Trying again helps."""


def double(event, context):
    return {"doubled": event["n"] * 2}


def flaky(event, context):
    """Fails until it has been called so often for a key."""
    path = pathlib.Path(os.environ["PROBE_DATA"]) / f"{event['key']}.calls"
    with open(path, "a") as calls:
        calls.write(".")
    made = path.stat().st_size
    if made <= event["failures"]:
        raise TryAgain(f"call {made}")
    return {"calls": made}


def slow(event, context):
    time.sleep(event["seconds"])
    return {"slept": event["seconds"]}


def keep_token(event, context):
    """Puts a task token where a test finds it."""
    path = pathlib.Path(os.environ["PROBE_DATA"]) / f"{event['key']}.token"
    path.with_suffix(".new").write_text(json.dumps(event["token"]))
    path.with_suffix(".new").rename(path)
    return {}
