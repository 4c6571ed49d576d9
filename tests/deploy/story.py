"""What an execution tells, without what differs from run to run."""

import json
import re

SWAPPED = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\b(ch|re|TRK|trk)[_-][0-9A-Za-z]{6,}"), r"\1-ID"),
    (re.compile(r'(taskToken\\*":\s*\\*")[^"\\]+'), r"\1TOKEN"),
    (re.compile(r'(token\\*":\s*\\*")[^"\\]+'), r"\1TOKEN"),
    (re.compile(r'\\*"stackTrace\\*":\s*\[.*?\]'), "STACK"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
]


def plain(value):
    text = json.dumps(value, sort_keys=True, default=str)
    for pattern, swap in SWAPPED:
        text = pattern.sub(swap, text)
    return text


def told(event):
    """An event without its place in the history."""
    details = {name: value for name, value in event.items() if name.endswith("EventDetails")}
    for detail in details.values():
        cause = detail.get("cause")
        # What a runtime reports beside error and message is the runtime's.
        if cause and cause.startswith("{"):
            known = json.loads(cause)
            detail["cause"] = {key: known[key] for key in ("errorType", "errorMessage") if key in known}
    return f"{event['type']} {plain(details)}"


def in_order(history):
    return [f"{event['id']} after {event['previousEventId']}: {told(event)}" for event in history]


def in_any_order(history):
    return sorted(told(event) for event in history)


def outcome(execution):
    kept = {name: execution.get(name) for name in ("status", "output", "error")}
    if kept["output"] is not None:
        kept["output"] = json.loads(kept["output"])
    return json.loads(plain(kept))
