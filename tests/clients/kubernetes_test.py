"""`eks:call` and `eks:runJob` against a server that speaks the Kubernetes API as far as they need it, over TLS with an
authority of its own. The token is what a real cluster's authenticator calls STS with; here that of MiniStack is called with it."""

import base64
import datetime
import http.server
import ipaddress
import json
import re
import ssl
import tempfile
import threading
import unittest
import urllib.request
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from backends import MiniStack, Tasks
from server import ended, until


def authority():
    """An authority's certificate; and one for 127.0.0.1 that it vouches for, with its key. All in PEM."""
    now = datetime.datetime.now(datetime.timezone.utc)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)]) for name in ("authority", "kubernetes")]
    local = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])

    def certificate(of, extension):
        builder = x509.CertificateBuilder().subject_name(names[of]).issuer_name(names[0]).public_key(keys[of].public_key())
        builder = builder.serial_number(x509.random_serial_number()).add_extension(extension, critical=False)
        builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        return builder.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    private = keys[1].private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate(0, x509.BasicConstraints(ca=True, path_length=None)), certificate(1, local) + private


class Kubernetes(http.server.BaseHTTPRequestHandler):
    """Jobs that are complete at the second look, if they are not named otherwise."""

    protocol_version = "HTTP/1.1"
    jobs = {}
    seen = []

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        url = urlsplit(self.path)
        self.seen.append((self.command, url.path, parse_qs(url.query), self.headers.get("authorization", "")))
        status, said = self.told(url.path, body)
        said = (said if isinstance(said, str) else json.dumps(said)).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_DELETE = answer

    def told(self, path, body):
        made = re.fullmatch(r"/apis/batch/v1/namespaces/([^/]+)/jobs(?:/([^/]+))?", path)
        if made and self.command == "POST":
            job = json.loads(body)
            self.jobs[job["metadata"]["name"]] = 0
            return 201, job
        if made and made[2] in self.jobs:
            name = made[2]
            if self.command == "DELETE":
                del self.jobs[name]
                return 200, {"kind": "Status", "status": "Success"}
            self.jobs[name] += 1
            kind = {"good": "Complete", "bad": "Failed"}.get(name)
            ended = kind and self.jobs[name] > 1
            return 200, {"kind": "Job", "metadata": {"name": name}, "status": {"conditions": [{"type": kind, "status": "True"}]} if ended else {"active": 1}}
        if path == "/api/v1/namespaces/default/pods":
            return 200, {"kind": "PodList", "items": [{"metadata": {"name": "pod"}, "spec": {"containers": [{"name": "a"}, {"name": "b"}]}}]}
        if path == "/api/v1/namespaces/default/pods/pod/log":
            return 200, '{"pi": 3.14}' if "container=a" in self.path else "just text"
        return 404, {"kind": "Status", "reason": "NotFound"}

    def log_message(self, *_):
        pass


class Clusters(Tasks):
    kind = MiniStack

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        certificate, server = authority()
        with tempfile.NamedTemporaryFile() as chain:
            chain.write(server)
            chain.flush()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(chain.name)
        cls.kubernetes = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Kubernetes)
        cls.kubernetes.socket = context.wrap_socket(cls.kubernetes.socket, server_side=True)
        threading.Thread(target=cls.kubernetes.serve_forever, daemon=True).start()
        cls.cluster = {"ClusterName": "c", "Endpoint": f"https://127.0.0.1:{cls.kubernetes.server_port}", "CertificateAuthority": base64.b64encode(certificate).decode()}

    @classmethod
    def tearDownClass(cls):
        cls.kubernetes.shutdown()
        cls.kubernetes.server_close()
        super().tearDownClass()

    def job(self, name, **more):
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {}}
        return {**self.cluster, "Job": job, **more}

    def test_a_call_reaches_the_cluster_with_a_token_that_names_the_caller(self):
        asked = {**self.cluster, "Method": "GET", "Path": "/api/v1/namespaces/default/pods", "QueryParameters": {"labelSelector": ["a=b"]}}
        output = self.output("eks:call", asked)
        self.assertEqual((output["StatusCode"], output["ResponseBody"]["kind"]), (200, "PodList"))
        method, path, query, authorization = Kubernetes.seen[-1]
        self.assertEqual((method, path, query), ("GET", "/api/v1/namespaces/default/pods", {"labelSelector": ["a=b"]}))
        token = authorization.removeprefix("Bearer k8s-aws-v1.")
        url = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        self.assertTrue(url.startswith("https://sts.us-east-1.amazonaws.com/?"), url)
        request = urllib.request.Request(self.backend.url + "/?" + url.split("?")[1], headers={"x-k8s-aws-id": "c", "host": "sts.us-east-1.amazonaws.com"})
        self.assertIn("<GetCallerIdentityResult>", urllib.request.urlopen(request).read().decode().replace(" ", ""))

    def test_what_a_cluster_refuses_is_named_by_its_status(self):
        error, cause = self.error("eks:call", {**self.cluster, "Method": "GET", "Path": "/nothing"})
        self.assertEqual((error, json.loads(cause)["reason"]), ("EKS.404", "NotFound"))

    def test_a_cluster_that_another_authority_vouches_for_is_not_asked(self):
        other = base64.b64encode(authority()[0]).decode()
        error, cause = self.error("eks:call", {**self.cluster, "CertificateAuthority": other, "Method": "GET", "Path": "/"})
        self.assertEqual(error, "States.TaskFailed")
        self.assertIn("certificate", cause)
        error, cause = self.error("eks:call", {**self.cluster, "CertificateAuthority": "bm8=", "Method": "GET", "Path": "/"})
        self.assertIn("'CertificateAuthority' is invalid: there is no certificate in it", cause, error)

    def test_a_job_is_waited_for_and_its_logs_are_shown(self):
        output = self.output("eks:runJob.sync", self.job("good", LogOptions={"RetrieveLogs": True, "LogParameters": {"tailLines": ["20"]}}))
        self.assertEqual(output["status"]["conditions"][0]["type"], "Complete")
        self.assertEqual(output["logs"]["pods"]["pod"]["containers"], {"a": {"log": {"pi": 3.14}}, "b": {"log": "just text"}})
        asked = [query for _, path, query, _ in Kubernetes.seen if path.endswith("/log")]
        self.assertEqual(asked[0], {"container": ["a"], "tailLines": ["20"]})
        found = ended(self.sfn, self.start("eks:runJob.sync", self.job("bad")))
        self.assertEqual((found["error"], json.loads(found["cause"])["metadata"]), ("States.TaskFailed", {"name": "bad"}))

    def test_a_job_is_deleted_when_its_execution_is_stopped(self):
        execution = self.start("eks:runJob.sync", self.job("endless"))
        until(lambda: Kubernetes.jobs.get("endless"))
        self.sfn.stop_execution(executionArn=execution)
        until(lambda: "endless" not in Kubernetes.jobs)
        self.assertIn(("DELETE", {"propagationPolicy": ["Background"]}), [(method, query) for method, _, query, _ in Kubernetes.seen])


if __name__ == "__main__":
    unittest.main()
