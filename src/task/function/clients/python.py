"""Runs a Python handler on the Lambda Runtime API. Arguments: file, handler. Standard library only."""
import http.client
import importlib.util
import json
import os
import sys
import time

API = "/2018-06-01/runtime/"


class Context:
    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        text = headers.get("Lambda-Runtime-Client-Context")
        self.client_context = ClientContext(json.loads(text)) if text else None
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message):
        print(message, end="")


class ClientContext:
    def __init__(self, members):
        self.custom = members.get("custom")
        self.env = members.get("env")
        self.client = members.get("client")


def to_json(value):
    return json.dumps(value, ensure_ascii=False, default=plain).encode()


def plain(value):
    if type(value).__name__ == "Decimal":
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def frames(error, skipped):
    import traceback

    return [
        f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}\n    {frame.line}\n'
        for frame in traceback.extract_tb(error.__traceback__)[skipped:]
    ]


def describe(kind, message, request_id="", stack=()):
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": list(stack)}


def load(path, name):
    """The handler, or the description of what is wrong with it."""
    folder, file = os.path.split(path)
    module_name = os.path.splitext(file)[0]
    sys.path[0] = folder
    spec = importlib.util.spec_from_file_location(module_name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        return None, describe("Runtime.ImportModuleError", message)
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        stack = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}\n']
        return None, describe("Runtime.UserCodeSyntaxError", message, "", stack)
    except Exception as error:
        stack = [line for line in frames(error, 1) if "<frozen importlib" not in line]
        return None, describe(type(error).__name__, str(error), "", stack)
    handler = getattr(module, name, None)
    if handler is None:
        message = f"Handler '{name}' missing on module '{module_name}'"
        return None, describe("Runtime.HandlerNotFound", message)
    return handler, None


def prepare_logging():
    """Lambda gives the root logger a handler; programs rely on it."""
    logging = sys.modules.get("logging")
    if logging and not logging.getLogger().handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
        logging.getLogger().addHandler(handler)


def call(handler, event, context):
    """Whether it went well, and the payload."""
    try:
        result = handler(json.loads(event), context)
    except Exception as error:
        request_id = context.aws_request_id
        return False, to_json(describe(type(error).__name__, str(error), request_id, frames(error, 1)))
    if isinstance(result, bytes):
        return True, result
    try:
        return True, to_json(result)
    except Exception as error:
        message = f"Unable to marshal response: {error}"
        return False, to_json(describe("Runtime.MarshalError", message, context.aws_request_id))


def main():
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def request(method, path, body=None):
        connection.request(method, API + path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.headers, response.read()

    handler, problem = load(*sys.argv[1:3])
    if problem:
        print(f"[ERROR] {problem['errorType']}: {problem['errorMessage']}", file=sys.stderr)
        request("POST", "init/error", to_json(problem))
        sys.exit(1)
    prepare_logging()
    while True:
        headers, event = request("GET", "invocation/next")
        if "Lambda-Runtime-Aws-Request-Id" not in headers:
            return
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id", "")
        context = Context(headers)
        good, payload = call(handler, event, context)
        sys.stdout.flush()
        verb = "response" if good else "error"
        request("POST", f"invocation/{context.aws_request_id}/{verb}", payload)


try:
    main()
except (ConnectionError, http.client.HTTPException):
    pass  # The host has gone, or wants this process no more.
