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


FORKS = {"ParallelStateStarted", "MapStateStarted"}
JOINS = {kind + end for kind in ("ParallelState", "MapState") for end in ("Succeeded", "Failed", "Exited")}


def unbraided(history):
    """All events, each with all that led to it: what of a history does not depend on how its branches are braided, which
    AWS leaves open. What joins a fork follows whichever branch came last, and an iteration whichever made room for it, so
    both are taken to follow the fork."""
    paths = {0: ()}
    for number, event in enumerate(history, 1):
        assert event["id"] == number and event["previousEventId"] < number, event
        before = paths[event["previousEventId"]]
        kind = event["type"]
        after_its_end = before and before[-1].split("State")[0] == kind.split("State")[0] and ends(before[-1])
        if (kind in JOINS and not after_its_end) or kind == "MapIterationStarted":
            before = before[:fork_of(before)]
        paths[number] = (*before, told(event))
    return sorted(" > ".join(path) for path in paths.values())


def ends(told):
    return told.split(" ", 1)[0].endswith(("StateSucceeded", "StateFailed"))


def fork_of(path):
    """Where the fork ends that the end of a path is inside of."""
    depth = 0
    for place in range(len(path), 0, -1):
        kind = path[place - 1].split(" ", 1)[0]
        depth += (kind in JOINS) - (kind in FORKS)
        if depth < 0:
            return place
    raise AssertionError(f"a join without a fork: {path}")


def outcome(execution):
    kept = {name: execution.get(name) for name in ("status", "output", "error")}
    if kept["output"] is not None:
        kept["output"] = json.loads(kept["output"])
    return json.loads(plain(kept))
