"""Workflows that run on the deployed stack and on the local binary, and must tell the same story on both."""

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"


def machine(start, **states):
    return {"StartAt": start, "States": states}


def function(name, **fields):
    return {"Type": "Task", "Resource": FUNCTION + name, "TimeoutSeconds": 20, **fields}


# name: (definition, input, expected status)
PLAIN = {
    "pass": (machine("P", P={"Type": "Pass", "Result": "hello", "End": True}), {}, "SUCCEEDED"),
    "chain": (
        machine(
            "A",
            A={"Type": "Pass", "Result": {"n": 20}, "Next": "B"},
            B=function("probe-double", Next="C"),
            C={"Type": "Choice", "Choices": [{"Variable": "$.doubled", "NumericEquals": 40, "Next": "D"}]},
            D={"Type": "Succeed"},
        ),
        {},
        "SUCCEEDED",
    ),
    "wait": (machine("W", W={"Type": "Wait", "Seconds": 2, "End": True}), {"a": [1, None, "ü"]}, "SUCCEEDED"),
    "retry": (
        machine(
            "F",
            F=function(
                "probe-flaky", End=True,
                Retry=[{"ErrorEquals": ["TryAgain"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 3}],
            ),
        ),
        {"key": "retry", "failures": 2},
        "SUCCEEDED",
    ),
    "caught": (
        machine(
            "F",
            F=function("probe-flaky", End=True, Catch=[{"ErrorEquals": ["TryAgain"], "ResultPath": "$.e", "Next": "G"}]),
            G={"Type": "Fail", "Error": "GaveUp", "Cause": "as meant"},
        ),
        {"key": "caught", "failures": 99},
        "FAILED",
    ),
    "long-task": (
        machine("S", S={"Type": "Task", "Resource": FUNCTION + "probe-slow", "End": True}), {"seconds": 2}, "SUCCEEDED",
    ),
    "timeout": (
        machine("S", S=function("probe-slow", End=True) | {"TimeoutSeconds": 1}), {"seconds": 4}, "FAILED",
    ),
    "jsonata": (
        {
            "QueryLanguage": "JSONata",
            "StartAt": "A",
            "States": {"A": {"Type": "Pass", "Output": "{% $sum($states.input.n) %}", "End": True}},
        },
        {"n": [1, 2, 3]},
        "SUCCEEDED",
    ),
    "overdue": (machine("W", W={"Type": "Wait", "Seconds": 30, "End": True}) | {"TimeoutSeconds": 2}, {}, "TIMED_OUT"),
}

FORKED = {
    "parallel": (
        machine(
            "P",
            P={
                "Type": "Parallel",
                "Branches": [
                    machine("D", D=function("probe-double", End=True)),
                    machine("W", W={"Type": "Wait", "Seconds": 1, "Next": "R"}, R={"Type": "Pass", "Result": 7, "End": True}),
                ],
                "End": True,
            },
        ),
        {"n": 4},
        "SUCCEEDED",
    ),
    "map-200": (
        machine(
            "M",
            M={
                "Type": "Map",
                "ItemProcessor": machine(
                    "A", A={"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($, 1)"}, "End": True}
                ),
                "End": True,
            },
        ),
        list(range(200)),
        "SUCCEEDED",
    ),
    "map-lanes": (
        machine(
            "M",
            M={
                "Type": "Map",
                "MaxConcurrency": 3,
                "ItemProcessor": machine("A", A=function("probe-double", End=True)),
                "End": True,
            },
        ),
        [{"n": n} for n in range(12)],
        "SUCCEEDED",
    ),
}

# Once more, with a key of its own: what is flaky is so once for each key.
MANY = {"retry-many": (PLAIN["retry"][0], {"key": "retry-many", "failures": 2}, "SUCCEEDED")}
