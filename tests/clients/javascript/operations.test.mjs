// The AWS SDK for JavaScript v3, unchanged: one user's way through all operations of the API. Says what it was answered
// wrong, and fails if an operation that the SDK knows was left out. STEPWRIGHT_ENDPOINT says where the server is.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as sdk from "@aws-sdk/client-sfn";

const client = new sdk.SFNClient({
  endpoint: process.env.STEPWRIGHT_ENDPOINT,
  region: "us-east-1",
  credentials: { accessKeyId: "any", secretAccessKey: "any" },
  maxAttempts: 1,
  disableHostPrefix: true,
});
const roleArn = "arn:aws:iam::123456789012:role/any";
const called = new Set();

/** Calls an operation by its name. */
const call = (name, input = {}) => {
  called.add(name);
  return client.send(new sdk[`${name}Command`](input));
};

/** Expects an error of the SDK's own class. */
const refused = async (name, input, error, part = "") => {
  await assert.rejects(call(name, input), (thrown) => {
    assert.ok(thrown instanceof sdk[error], `${name}: ${thrown.name} instead of ${error}`);
    assert.equal(thrown.$metadata.httpStatusCode, error === "ConflictException" ? 409 : 400);
    assert.ok(thrown.message.includes(part), thrown.message);
    return true;
  });
};

const machine = (start, states) => JSON.stringify({ StartAt: start, States: states });
const pass = (result) => machine("P", { P: { Type: "Pass", Result: result, End: true } });
const digging = (activity, next) => machine("Dig", { Dig: { Type: "Task", Resource: activity, HeartbeatSeconds: 60, ...next } });

const ended = async (executionArn) => {
  for (let looks = 0; looks < 1000; looks++) {
    const found = await call("DescribeExecution", { executionArn });
    if (found.status !== "RUNNING") return found;
    await new Promise((done) => setTimeout(done, 20));
  }
  assert.fail("the execution does not end");
};

let activityArn;
let stateMachineArn;
let first;
let second;
let alias;

test("an activity is created, described, listed and tagged", async () => {
  const created = await call("CreateActivity", { name: "dig", tags: [{ key: "team", value: "moles" }] });
  activityArn = created.activityArn;
  assert.equal(activityArn, "arn:aws:states:us-east-1:123456789012:activity:dig");
  const described = await call("DescribeActivity", { activityArn });
  assert.deepEqual([described.name, described.creationDate], ["dig", created.creationDate]);
  const { activities } = await call("ListActivities");
  assert.deepEqual(activities.map((a) => a.activityArn), [activityArn]);
  await call("TagResource", { resourceArn: activityArn, tags: [{ key: "depth", value: "3" }] });
  await call("UntagResource", { resourceArn: activityArn, tagKeys: ["team"] });
  const { tags } = await call("ListTagsForResource", { resourceArn: activityArn });
  assert.deepEqual(tags, [{ key: "depth", value: "3" }]);
  await refused("DescribeActivity", { activityArn: `${activityArn}ger` }, "ActivityDoesNotExist", "digger");
});

test("a definition is validated, and a machine made of it is versioned and aliased", async () => {
  const definition = digging(activityArn, { End: true });
  const valid = await call("ValidateStateMachineDefinition", { definition });
  assert.deepEqual([valid.result, valid.diagnostics, valid.truncated], ["OK", [], false]);
  const invalid = await call("ValidateStateMachineDefinition", { definition: digging(activityArn, { Next: "Gone" }) });
  assert.equal(invalid.result, "FAIL");
  assert.ok(invalid.diagnostics.some((d) => d.code === "MISSING_TRANSITION_TARGET"), JSON.stringify(invalid));
  await refused("CreateStateMachine", { name: "mine", definition: "{", roleArn }, "InvalidDefinition");

  const created = await call("CreateStateMachine", { name: "mine", definition, roleArn, publish: true, versionDescription: "one" });
  ({ stateMachineArn, stateMachineVersionArn: first } = created);
  assert.equal(first, `${stateMachineArn}:1`);
  const described = await call("DescribeStateMachine", { stateMachineArn });
  assert.deepEqual([described.definition, described.status, described.type], [definition, "ACTIVE", "STANDARD"]);
  assert.deepEqual(described.loggingConfiguration, { level: "OFF", includeExecutionData: false });
  const { stateMachines } = await call("ListStateMachines");
  assert.deepEqual(stateMachines.map((m) => m.name), ["mine"]);

  const changed = digging(activityArn, { Comment: "deeper", End: true });
  const updated = await call("UpdateStateMachine", { stateMachineArn, definition: changed });
  const published = await call("PublishStateMachineVersion", { stateMachineArn, revisionId: updated.revisionId });
  second = published.stateMachineVersionArn;
  const { stateMachineVersions } = await call("ListStateMachineVersions", { stateMachineArn });
  assert.deepEqual(stateMachineVersions.map((v) => v.stateMachineVersionArn), [second, first]);
  await refused("PublishStateMachineVersion", { stateMachineArn, revisionId: "stale" }, "ConflictException", "stale");

  const whole = (stateMachineVersionArn) => [{ stateMachineVersionArn, weight: 100 }];
  alias = (await call("CreateStateMachineAlias", { name: "PROD", routingConfiguration: whole(first) })).stateMachineAliasArn;
  await call("UpdateStateMachineAlias", { stateMachineAliasArn: alias, routingConfiguration: whole(second) });
  const route = await call("DescribeStateMachineAlias", { stateMachineAliasArn: alias });
  assert.deepEqual([route.name, route.routingConfiguration], ["PROD", whole(second)]);
  const { stateMachineAliases } = await call("ListStateMachineAliases", { stateMachineArn });
  assert.deepEqual(stateMachineAliases.map((a) => a.stateMachineAliasArn), [alias]);
});

test("an execution fails, is redriven and succeeds", async () => {
  const { executionArn } = await call("StartExecution", { stateMachineArn: alias, name: "run", input: '{"depth":3}' });
  const work = await call("GetActivityTask", { activityArn, workerName: "mole" });
  assert.equal(work.input, '{"depth":3}');
  await call("SendTaskHeartbeat", { taskToken: work.taskToken });
  await call("SendTaskFailure", { taskToken: work.taskToken, error: "Rock", cause: "too hard" });
  const failed = await ended(executionArn);
  assert.deepEqual([failed.status, failed.error, failed.redriveStatus], ["FAILED", "Rock", "REDRIVABLE"]);
  const { redriveDate } = await call("RedriveExecution", { executionArn, clientToken: "again" });
  assert.deepEqual((await call("RedriveExecution", { executionArn, clientToken: "again" })).redriveDate, redriveDate);
  const again = await call("GetActivityTask", { activityArn });
  await call("SendTaskSuccess", { taskToken: again.taskToken, output: '"gold"' });
  await refused("SendTaskSuccess", { taskToken: again.taskToken, output: "1" }, "TaskTimedOut");
  const done = await ended(executionArn);
  assert.deepEqual([done.status, done.output, done.redriveCount], ["SUCCEEDED", '"gold"', 1]);
  assert.deepEqual([done.stateMachineVersionArn, done.stateMachineAliasArn], [second, alias]);

  const pages = sdk.paginateGetExecutionHistory({ client, pageSize: 2 }, { executionArn });
  called.add("GetExecutionHistory");
  const types = [];
  for await (const page of pages) types.push(...page.events.map((event) => event.type));
  assert.deepEqual(types, [
    "ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "ActivityStarted", "ActivityFailed", "ExecutionFailed",
    "ExecutionRedriven", "ActivityScheduled", "ActivityStarted", "ActivitySucceeded", "TaskStateExited", "ExecutionSucceeded",
  ]);
  const ran = await call("DescribeStateMachineForExecution", { executionArn });
  assert.ok(ran.definition.includes("deeper"));
  const { executions } = await call("ListExecutions", { stateMachineArn: alias, redriveFilter: "REDRIVEN" });
  assert.deepEqual(executions.map((e) => e.name), ["run"]);
  await refused("RedriveExecution", { executionArn }, "ExecutionNotRedrivable", "SUCCEEDED");
  assert.deepEqual((await call("ListMapRuns", { executionArn })).mapRuns, []);
  const mapRunArn = "arn:aws:states:us-east-1:123456789012:mapRun:mine/label:6c6b4f3e-2a52-4bb0-b4ae-7f1c0fbd8f11";
  await refused("DescribeMapRun", { mapRunArn }, "ResourceNotFound");
  await refused("UpdateMapRun", { mapRunArn, maxConcurrency: 5 }, "ResourceNotFound");
});

test("an execution is stopped", async () => {
  const { executionArn } = await call("StartExecution", { stateMachineArn });
  await call("StopExecution", { executionArn, error: "Enough", cause: "by hand" });
  const stopped = await ended(executionArn);
  assert.deepEqual([stopped.status, stopped.error, stopped.cause], ["ABORTED", "Enough", "by hand"]);
  await refused("StartExecution", { stateMachineArn, input: "not json" }, "InvalidExecutionInput");
});

test("Express answers its caller, and a state is tried without a machine", async () => {
  const quick = await call("CreateStateMachine", { name: "quick", definition: pass(7), roleArn, type: "EXPRESS" });
  const sync = await call("StartSyncExecution", { stateMachineArn: quick.stateMachineArn, input: "{}" });
  assert.deepEqual([sync.status, sync.output, sync.billingDetails.billedMemoryUsedInMB], ["SUCCEEDED", "7", 64]);
  const state = { Type: "Task", Resource: "arn:aws:states:::lambda:invoke", Arguments: { FunctionName: "f" }, QueryLanguage: "JSONata", Output: "{% $states.result.StatusCode %}", Next: "N" };
  const tried = await call("TestState", { definition: JSON.stringify(state), mock: { result: '{"StatusCode":200}' }, inspectionLevel: "DEBUG" });
  assert.deepEqual([tried.status, tried.output, tried.nextState], ["SUCCEEDED", "200", "N"]);
});

test("everything is deleted", async () => {
  await refused("DeleteStateMachineVersion", { stateMachineVersionArn: second }, "ConflictException", "PROD");
  await call("DeleteStateMachineAlias", { stateMachineAliasArn: alias });
  await call("DeleteStateMachineVersion", { stateMachineVersionArn: second });
  await call("DeleteStateMachine", { stateMachineArn });
  await call("DeleteActivity", { activityArn });
  await refused("DescribeStateMachine", { stateMachineArn }, "StateMachineDoesNotExist");
  assert.deepEqual((await call("ListActivities")).activities, []);
});

after(() => {
  const known = Object.keys(sdk).map((name) => name.match(/^([A-Z]\w+)Command$/)?.[1]).filter(Boolean);
  assert.equal(known.length, 37);
  assert.deepEqual(known.filter((name) => !called.has(name)), [], "operations that were not called");
  client.destroy();
});
