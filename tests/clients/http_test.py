"""HTTP Tasks over TLS: the server's certificate counts, by the roots of the system (SSL_CERT_FILE)."""

import base64
import http.server
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest

from server import ROLE, Server, ended, machine


class Echo(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps({"body": body.decode(), "user": self.headers["Authorization"]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@unittest.skipUnless(shutil.which("openssl"), "makes its certificate with openssl")
class Https(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="stepwright-tls-")
        key, certificate = os.path.join(cls.folder, "key.pem"), os.path.join(cls.folder, "cert.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-addext", "basicConstraints=critical,CA:FALSE"],
            check=True, capture_output=True)
        cls.certificate = certificate
        cls.site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        cls.site.socket = context.wrap_socket(cls.site.socket, server_side=True)
        threading.Thread(target=cls.site.serve_forever, daemon=True).start()
        cls.connections = os.path.join(cls.folder, "connections.json")
        with open(cls.connections, "w", encoding="utf-8") as file:
            json.dump({"site": {"AuthorizationType": "BASIC", "AuthParameters": {
                "BasicAuthParameters": {"Username": "u", "Password": "${SITE_PASSWORD}"}}}}, file)

    @classmethod
    def tearDownClass(cls):
        cls.site.shutdown()
        cls.site.server_close()
        shutil.rmtree(cls.folder)

    def run_task(self, roots):
        os.environ["SITE_PASSWORD"] = "hidden"
        if roots:
            os.environ["SSL_CERT_FILE"] = roots
        server = Server("--connections", self.connections)
        os.environ.pop("SSL_CERT_FILE", None)
        self.addCleanup(server.remove)
        port = self.site.server_address[1]
        task = {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": True, "Parameters": {
            "ApiEndpoint": f"https://localhost:{port}/x", "Method": "POST", "RequestBody.$": "$",
            "InvocationConfig": {"ConnectionArn": "arn:aws:events:us-east-1:123456789012:connection/site/1"}}}
        sfn = server.client()
        arn = sfn.create_state_machine(name="https", definition=machine("T", T=task), roleArn=ROLE)["stateMachineArn"]
        execution = sfn.start_execution(stateMachineArn=arn, input='{"n": 1}')["executionArn"]
        found = ended(sfn, execution)
        history = sfn.get_execution_history(executionArn=execution)["events"]
        return found, json.dumps(history, default=str)

    def test_a_trusted_server_is_called_and_no_secret_is_in_the_history(self):
        found, history = self.run_task(self.certificate)
        self.assertEqual(found["status"], "SUCCEEDED", found)
        answer = json.loads(found["output"])["ResponseBody"]
        credentials = base64.b64encode(b"u:hidden").decode()
        self.assertEqual(answer, {"body": '{"n":1}', "user": f"Basic {credentials}"})
        # The server of this test sends the header back, which is its own affair; the request is nowhere.
        self.assertNotIn("hidden", history)

    def test_a_server_that_nobody_vouches_for_is_not_called(self):
        found, _ = self.run_task(None)
        self.assertEqual((found["status"], found["error"]), ("FAILED", "States.Http.Socket"), found)
        self.assertIn("certificate", found["cause"].lower())


if __name__ == "__main__":
    unittest.main()
