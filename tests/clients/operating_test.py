"""What operators see, read by the packages of those who defined it: metrics by Prometheus's parser, spans by OpenTelemetry's
message types."""

import base64
import http.server
import json
import os
import threading
import unittest
import urllib.request

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from server import ROLE, Server, ended

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"
TRACE = "5759e988bd862e3fe1be46a994272793"
CALLER = "53995c3f42cd8ad8"
DEFINITION = {
    "StartAt": "Charge",
    "States": {
        "Charge": {
            "Type": "Task", "Resource": FUNCTION + "seen", "Next": "Both",
            "Retry": [{"ErrorEquals": ["Boom"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        },
        "Both": {
            "Type": "Parallel", "Next": "Last",
            "Branches": [
                {"StartAt": "Left", "States": {"Left": {"Type": "Pass", "End": True}}},
                {"StartAt": "Right", "States": {"Right": {"Type": "Wait", "Seconds": 1, "End": True}}},
            ],
        },
        "Last": {"Type": "Fail", "Error": "Broken", "Cause": "hush"},
    },
}
# Fails at first, then answers with the header of the trace that it is part of.
HANDLER = """
import os
tried = []
class Boom(Exception): pass
def handle(event, context):
    if not tried:
        tried.append(1)
        raise Boom("hush")
    return os.environ["_X_AMZN_TRACE_ID"]
"""


class Collector(http.server.BaseHTTPRequestHandler):
    """A collector of OTLP over HTTP: JSON, of which ids are hexadecimal (the protocol's one difference from protobuf's JSON)."""

    requests = []
    refusals = 1

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 503 if Collector.refusals else 200
        Collector.refusals = max(0, Collector.refusals - 1)
        if status == 200:
            self.requests.append((self.path, self.headers["content-type"], self.headers["x-team"], json.loads(body)))
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def parsed(document):
    """Held to the official message type: an unknown field, or a value of the wrong type, is an error."""
    document = json.loads(json.dumps(document))
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for field in {"traceId", "spanId", "parentSpanId"} & span.keys():
                    span[field] = base64.b64encode(bytes.fromhex(span[field])).decode()
    return json_format.ParseDict(document, ExportTraceServiceRequest())


class Operating(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
        threading.Thread(target=cls.collector.serve_forever, daemon=True).start()
        set_before = dict(os.environ)
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{cls.collector.server_port}"
        os.environ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-team=a%20b"
        os.environ["OTEL_SERVICE_NAME"] = "shop"
        cls.server = Server()
        file = os.path.join(cls.server.data, "seen.py")
        with open(file, "w", encoding="utf-8") as handler:
            handler.write(HANDLER)
        cls.server.stop()
        cls.server.arguments = ("--function", f"seen=python:{file}:handle")
        cls.server.start()
        os.environ.clear()
        os.environ.update(set_before)
        sfn = cls.server.client()
        machine = sfn.create_state_machine(name="traced", definition=json.dumps(DEFINITION), roleArn=ROLE)
        started = sfn.start_execution(
            stateMachineArn=machine["stateMachineArn"],
            traceHeader=f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={CALLER};Sampled=1;Lineage=a:1",
        )
        cls.execution = ended(sfn, started["executionArn"])
        cls.history = sfn.get_execution_history(executionArn=started["executionArn"])["events"]
        quiet = sfn.start_execution(stateMachineArn=machine["stateMachineArn"], traceHeader="Sampled=0")
        ended(sfn, quiet["executionArn"])
        with urllib.request.urlopen(cls.server.endpoint + "/metrics") as answer:
            cls.kind, cls.text = answer.headers["content-type"], answer.read().decode()
        cls.server.stop()

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()
        cls.collector.shutdown()
        cls.collector.server_close()

    def test_prometheus_reads_the_metrics(self):
        self.assertEqual(self.kind, "text/plain; version=0.0.4; charset=utf-8")
        families = {family.name: family for family in text_string_to_metric_families(self.text)}
        self.assertGreaterEqual(len(families), 19)
        for family in families.values():
            self.assertTrue(family.documentation, family.name)
        def values(name):
            return {tuple(s.labels.values()): s.value for s in families[name].samples if not s.name.endswith(("_created", "_bucket"))}
        self.assertEqual(values("stepwright_executions_ended"), {("traced", "FAILED"): 2})
        self.assertEqual(values("stepwright_transitions")[("Parallel",)], 2)
        self.assertEqual(values("stepwright_retries"), {(): 1})
        buckets = [s.value for s in families["stepwright_task_seconds"].samples if s.name.endswith("_bucket")]
        self.assertEqual((buckets, buckets[-1]), (sorted(buckets), 3))

    def test_opentelemetry_reads_the_spans(self):
        self.assertTrue(Collector.requests)
        spans = []
        for path, kind, team, document in Collector.requests:
            self.assertEqual((path, kind, team), ("/v1/traces", "application/json", "a b"))
            self.assertNotIn("hush", json.dumps(document))
            for resource in parsed(document).resource_spans:
                names = {a.key: a.value.string_value for a in resource.resource.attributes}
                self.assertEqual(names, {"service.name": "shop"})
                spans += [span for scope in resource.scope_spans for span in scope.spans]
        self.assertEqual(
            sorted(span.name for span in spans), ["Both", "Both lanes", "Charge", "Last", "Left", "Right", "traced"],
            "the execution that asked not to be sampled has none",
        )
        of = {span.name: span for span in spans}
        parents = {name: next((p.name for p in spans if p.span_id == span.parent_span_id), span.parent_span_id.hex()) for name, span in of.items()}
        self.assertEqual(parents, {
            "traced": CALLER, "Charge": "traced", "Both": "traced", "Last": "traced", "Both lanes": "Both", "Left": "Both lanes", "Right": "Both lanes",
        })
        for span in spans:
            self.assertEqual(span.trace_id.hex(), TRACE)
            self.assertLessEqual(span.start_time_unix_nano, span.end_time_unix_nano)
        attributes = {a.key: a.value.string_value for a in of["Charge"].attributes}
        self.assertEqual(attributes, {"stepwright.state.type": "Task", "stepwright.state.retries": "1"})
        self.assertGreaterEqual(of["Charge"].end_time_unix_nano - of["Charge"].start_time_unix_nano, 1e9)
        self.assertEqual((of["traced"].status.code, of["traced"].status.message), (2, "Broken"))
        self.assertEqual((of["Last"].status.code, of["Charge"].status.code), (2, 0))
        attributes = {a.key: a.value.string_value for a in of["traced"].attributes}
        expected = {"stepwright.execution.arn": self.execution["executionArn"], "stepwright.execution.status": "FAILED"}
        self.assertEqual(attributes, expected)

    def test_a_function_takes_part_in_the_trace_without_lineage(self):
        [seen] = [e["lambdaFunctionSucceededEventDetails"]["output"] for e in self.history if e["type"] == "LambdaFunctionSucceeded"]
        requests = [parsed(document) for *_, document in Collector.requests]
        spans = [s for request in requests for r in request.resource_spans for scope in r.scope_spans for s in scope.spans]
        [charge] = [span for span in spans if span.name == "Charge"]
        self.assertEqual(json.loads(seen), f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={charge.span_id.hex()};Sampled=1")


if __name__ == "__main__":
    unittest.main()
