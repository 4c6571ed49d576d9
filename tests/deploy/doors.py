"""What stands between a test and a function: a Runtime API with one event, a proxy that keeps headers, a function's URL."""

import json
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handling(BaseHTTPRequestHandler):
    """What the handlers below have in common: bodies that are read whole, answers of known length, no lines on stderr."""

    def content(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def lower_headers(self):
        return {name.lower(): value for name, value in self.headers.items()}

    def log_message(self, *_):
        pass


class Server:
    """Serves on a port of its own until it is stopped."""

    def __init__(self, handler):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.address = "127.0.0.1:%d" % self.server.server_port
        self.url = "http://" + self.address
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Runtime(Server):
    """A Lambda Runtime API with one event."""

    def __init__(self, event, headers):
        self.answered, self.stopped = threading.Event(), threading.Event()
        self.answer, self.given = None, False
        outer = self

        class Handler(Handling):
            def do_GET(self):
                if outer.given:
                    outer.stopped.wait()
                    return
                outer.given = True
                self.answer(200, [
                    ("Lambda-Runtime-Aws-Request-Id", "request-1"),
                    ("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 60_000)),
                    *headers.items(),
                ], event if isinstance(event, bytes) else json.dumps(event).encode())

            def do_POST(self):
                outer.answer = self.content()
                self.answer(202)
                outer.answered.set()

        super().__init__(Handler)

    def stop(self):
        self.stopped.set()
        super().stop()


class Proxy(Server):
    """Hands requests on and keeps their headers."""

    def __init__(self, target):
        self.seen = []
        outer = self

        class Handler(Handling):
            def do_POST(self):
                body, headers = self.content(), self.lower_headers()
                outer.seen.append((self.path, headers))
                kept = {name: value for name, value in headers.items() if name not in ("host", "content-length")}
                answer = urllib.request.urlopen(urllib.request.Request(target + self.path, body, kept), timeout=60)
                own = ("content-length", "transfer-encoding", "connection")
                back = [(name, value) for name, value in answer.headers.items() if name.lower() not in own]
                self.answer(answer.status, back, answer.read())

        super().__init__(Handler)


class Door(Server):
    """Hands requests to the function as its URL would, with the host that the client has signed."""

    def __init__(self, stack):
        class Handler(Handling):
            def do_POST(self):
                answer = stack.invoke("api", {
                    "version": "2.0", "rawPath": self.path, "rawQueryString": "",
                    "headers": self.lower_headers(),
                    "requestContext": {"http": {"method": "POST", "path": self.path}, "stage": "$default"},
                    "body": self.content().decode(), "isBase64Encoded": False,
                })
                self.answer(answer["statusCode"], body=answer["body"].encode())

        super().__init__(Handler)
