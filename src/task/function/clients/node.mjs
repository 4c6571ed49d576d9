// Runs a Node handler on the Lambda Runtime API. Arguments: file, handler. No packages.
import http from "node:http";
import { pathToFileURL } from "node:url";
import { basename, extname } from "node:path";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const [file, name] = process.argv.slice(-2);

function request(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined
      ? {}
      : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const options = { host, port, method, agent, headers, path: "/2018-06-01/runtime/" + path };
    const sent = http.request(options, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(parts).toString() }));
      answer.on("error", reject);
    });
    sent.setNoDelay(true);
    sent.on("error", reject);
    sent.end(body);
  });
}

function describe(error) {
  if (error instanceof Error) {
    return { errorType: error.name, errorMessage: error.message, trace: String(error.stack ?? "").split("\n") };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function fault(errorType, errorMessage, error) {
  const trace = String(error?.stack ?? errorMessage).split("\n");
  return { errorType, errorMessage, trace };
}

// The handler; what is wrong with it is thrown as the description that Lambda gives.
async function load() {
  let module;
  try {
    module = await import(pathToFileURL(file));
  } catch (error) {
    if (error instanceof SyntaxError) throw fault("Runtime.UserCodeSyntaxError", String(error), error);
    if (error?.code === "ERR_MODULE_NOT_FOUND" || error?.code === "MODULE_NOT_FOUND") {
      throw fault("Runtime.ImportModuleError", `Error: ${error.message}`, error);
    }
    throw describe(error);
  }
  const handler = module[name] ?? module.default?.[name];
  const wanted = `${basename(file, extname(file))}.${name}`;
  if (handler === undefined) throw fault("Runtime.HandlerNotFound", `${wanted} is undefined or not exported`);
  if (typeof handler !== "function") throw fault("Runtime.HandlerNotFound", `${wanted} is not a function`);
  return handler;
}

function contextOf(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const client = headers["lambda-runtime-client-context"];
  return {
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    clientContext: client ? JSON.parse(client) : undefined,
    identity: undefined,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

// A handler is done when its promise settles, when it calls back, or when nothing is left to wait for: then it has null.
function call(handler, event, context) {
  return new Promise((resolve, reject) => {
    context.succeed = resolve;
    context.fail = reject;
    context.done = (error, result) => (error ? reject(error) : resolve(result));
    process.removeAllListeners("beforeExit").once("beforeExit", () => resolve(null));
    const returned = handler(event, context, context.done);
    if (typeof returned?.then === "function") returned.then(resolve, reject);
  });
}

let current = null;

// An error that no handler awaits ends the process, as on Lambda.
async function end(description, status) {
  console.error(`ERROR ${description.errorType}: ${description.errorMessage}`);
  const path = current ? `invocation/${current}/error` : "init/error";
  agent.maxSockets = 2;
  await request("POST", path, JSON.stringify(description)).catch(() => {});
  process.exit(status);
}

process.on("uncaughtException", (error) => end(describe(error), 129));
process.on("unhandledRejection", (error) => {
  end(fault("Runtime.UnhandledPromiseRejection", String(error), error), 128);
});

async function main() {
  const handler = await load();
  for (;;) {
    const next = await request("GET", "invocation/next").catch(() => process.exit(0));
    const id = next.headers["lambda-runtime-aws-request-id"];
    if (id === undefined) process.exit(0);
    current = id;
    process.env._X_AMZN_TRACE_ID = next.headers["lambda-runtime-trace-id"] ?? "";
    let verb = "response";
    let payload;
    try {
      const result = await call(handler, JSON.parse(next.body), contextOf(next.headers));
      payload = JSON.stringify(result) ?? "null";
    } catch (error) {
      verb = "error";
      payload = JSON.stringify(describe(error));
    }
    current = null;
    await request("POST", `invocation/${id}/${verb}`, payload).catch(() => process.exit(0));
  }
}

main().catch((description) => end(description, 1));
