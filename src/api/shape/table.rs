//! What each operation takes, as data: members, lengths, ranges, patterns, enums (source: the API model of
//! 2026-11-17). Members stand in the model's order, enum values in the order in which AWS lists them when it refuses one.

use super::pattern;
use super::{
    Kind, PAYLOAD, Shape, list, matching, member, one_of, required, secret, structure, text, whole,
};

/// The input of each operation, in order of name.
pub(super) static INPUTS: &[(&str, &Shape)] = &[
    ("CreateActivity", &CREATE_ACTIVITY),
    ("CreateStateMachine", &CREATE_STATE_MACHINE),
    ("CreateStateMachineAlias", &CREATE_STATE_MACHINE_ALIAS),
    ("DeleteActivity", &DELETE_ACTIVITY),
    ("DeleteStateMachine", &DELETE_STATE_MACHINE),
    ("DeleteStateMachineAlias", &DELETE_STATE_MACHINE_ALIAS),
    ("DeleteStateMachineVersion", &DELETE_STATE_MACHINE_VERSION),
    ("DescribeActivity", &DESCRIBE_ACTIVITY),
    ("DescribeExecution", &DESCRIBE_EXECUTION),
    ("DescribeMapRun", &DESCRIBE_MAP_RUN),
    ("DescribeStateMachine", &DESCRIBE_STATE_MACHINE),
    ("DescribeStateMachineAlias", &DESCRIBE_STATE_MACHINE_ALIAS),
    ("DescribeStateMachineForExecution", &DESCRIBE_STATE_MACHINE_FOR_EXECUTION),
    ("GetActivityTask", &GET_ACTIVITY_TASK),
    ("GetExecutionHistory", &GET_EXECUTION_HISTORY),
    ("ListActivities", &LIST_ACTIVITIES),
    ("ListExecutions", &LIST_EXECUTIONS),
    ("ListMapRuns", &LIST_MAP_RUNS),
    ("ListStateMachineAliases", &LIST_STATE_MACHINE_ALIASES),
    ("ListStateMachineVersions", &LIST_STATE_MACHINE_VERSIONS),
    ("ListStateMachines", &LIST_STATE_MACHINES),
    ("ListTagsForResource", &LIST_TAGS_FOR_RESOURCE),
    ("PublishStateMachineVersion", &PUBLISH_STATE_MACHINE_VERSION),
    ("RedriveExecution", &REDRIVE_EXECUTION),
    ("SendTaskFailure", &SEND_TASK_FAILURE),
    ("SendTaskHeartbeat", &SEND_TASK_HEARTBEAT),
    ("SendTaskSuccess", &SEND_TASK_SUCCESS),
    ("StartExecution", &START_EXECUTION),
    ("StartSyncExecution", &START_SYNC_EXECUTION),
    ("StopExecution", &STOP_EXECUTION),
    ("TagResource", &TAG_RESOURCE),
    ("TestState", &TEST_STATE),
    ("UntagResource", &UNTAG_RESOURCE),
    ("UpdateMapRun", &UPDATE_MAP_RUN),
    ("UpdateStateMachine", &UPDATE_STATE_MACHINE),
    ("UpdateStateMachineAlias", &UPDATE_STATE_MACHINE_ALIAS),
    ("ValidateStateMachineDefinition", &VALIDATE_STATE_MACHINE_DEFINITION),
];

const CREATE_ACTIVITY: Shape = structure(&[
    required("name", &NAME),
    member("tags", &TAG_LIST),
    member("encryptionConfiguration", &ENCRYPTION_CONFIGURATION),
]);
const CREATE_STATE_MACHINE: Shape = structure(&[
    required("name", &NAME),
    required("definition", &DEFINITION),
    required("roleArn", &ARN),
    member("type", &STATE_MACHINE_TYPE),
    member("loggingConfiguration", &LOGGING_CONFIGURATION),
    member("tags", &TAG_LIST),
    member("tracingConfiguration", &TRACING_CONFIGURATION),
    member("publish", &FLAG),
    member("versionDescription", &VERSION_DESCRIPTION),
    member("encryptionConfiguration", &ENCRYPTION_CONFIGURATION),
]);
const CREATE_STATE_MACHINE_ALIAS: Shape = structure(&[
    member("description", &ALIAS_DESCRIPTION),
    required("name", &CHARACTER_RESTRICTED_NAME),
    required("routingConfiguration", &ROUTING_CONFIGURATION_LIST),
]);
const DELETE_ACTIVITY: Shape = structure(&[required("activityArn", &ARN)]);
const DELETE_STATE_MACHINE: Shape = structure(&[required("stateMachineArn", &ARN)]);
const DELETE_STATE_MACHINE_ALIAS: Shape = structure(&[required("stateMachineAliasArn", &ARN)]);
const DELETE_STATE_MACHINE_VERSION: Shape =
    structure(&[required("stateMachineVersionArn", &LONG_ARN)]);
const DESCRIBE_ACTIVITY: Shape = structure(&[required("activityArn", &ARN)]);
const DESCRIBE_EXECUTION: Shape =
    structure(&[required("executionArn", &ARN), member("includedData", &INCLUDED_DATA)]);
const DESCRIBE_MAP_RUN: Shape = structure(&[required("mapRunArn", &LONG_ARN)]);
const DESCRIBE_STATE_MACHINE: Shape =
    structure(&[required("stateMachineArn", &ARN), member("includedData", &INCLUDED_DATA)]);
const DESCRIBE_STATE_MACHINE_ALIAS: Shape = structure(&[required("stateMachineAliasArn", &ARN)]);
const DESCRIBE_STATE_MACHINE_FOR_EXECUTION: Shape =
    structure(&[required("executionArn", &ARN), member("includedData", &INCLUDED_DATA)]);
const GET_ACTIVITY_TASK: Shape =
    structure(&[required("activityArn", &ARN), member("workerName", &NAME)]);
const GET_EXECUTION_HISTORY: Shape = structure(&[
    required("executionArn", &ARN),
    member("maxResults", &PAGE_SIZE),
    member("reverseOrder", &FLAG),
    member("nextToken", &PAGE_TOKEN),
    member("includeExecutionData", &FLAG),
]);
const LIST_ACTIVITIES: Shape =
    structure(&[member("maxResults", &PAGE_SIZE), member("nextToken", &PAGE_TOKEN)]);
const LIST_EXECUTIONS: Shape = structure(&[
    member("stateMachineArn", &ARN),
    member("statusFilter", &EXECUTION_STATUS),
    member("maxResults", &PAGE_SIZE),
    member("nextToken", &LIST_EXECUTIONS_PAGE_TOKEN),
    member("mapRunArn", &LONG_ARN),
    member("redriveFilter", &EXECUTION_REDRIVE_FILTER),
]);
const LIST_MAP_RUNS: Shape = structure(&[
    required("executionArn", &ARN),
    member("maxResults", &PAGE_SIZE),
    member("nextToken", &PAGE_TOKEN),
]);
const LIST_STATE_MACHINE_ALIASES: Shape = structure(&[
    required("stateMachineArn", &ARN),
    member("nextToken", &PAGE_TOKEN),
    member("maxResults", &PAGE_SIZE),
]);
const LIST_STATE_MACHINE_VERSIONS: Shape = structure(&[
    required("stateMachineArn", &ARN),
    member("nextToken", &PAGE_TOKEN),
    member("maxResults", &PAGE_SIZE),
]);
const LIST_STATE_MACHINES: Shape =
    structure(&[member("maxResults", &PAGE_SIZE), member("nextToken", &PAGE_TOKEN)]);
const LIST_TAGS_FOR_RESOURCE: Shape = structure(&[required("resourceArn", &ARN)]);
const PUBLISH_STATE_MACHINE_VERSION: Shape = structure(&[
    required("stateMachineArn", &ARN),
    member("revisionId", &REVISION_ID),
    member("description", &VERSION_DESCRIPTION),
]);
const REDRIVE_EXECUTION: Shape =
    structure(&[required("executionArn", &ARN), member("clientToken", &CLIENT_TOKEN)]);
const SEND_TASK_FAILURE: Shape = structure(&[
    required("taskToken", &TASK_TOKEN),
    member("error", &SENSITIVE_ERROR),
    member("cause", &SENSITIVE_CAUSE),
]);
const SEND_TASK_HEARTBEAT: Shape = structure(&[required("taskToken", &TASK_TOKEN)]);
const SEND_TASK_SUCCESS: Shape =
    structure(&[required("taskToken", &TASK_TOKEN), required("output", &SENSITIVE_DATA)]);
const START_EXECUTION: Shape = structure(&[
    required("stateMachineArn", &ARN),
    member("name", &NAME),
    member("input", &SENSITIVE_DATA),
    member("traceHeader", &TRACE_HEADER),
]);
const START_SYNC_EXECUTION: Shape = structure(&[
    required("stateMachineArn", &ARN),
    member("name", &NAME),
    member("input", &SENSITIVE_DATA),
    member("traceHeader", &TRACE_HEADER),
    member("includedData", &INCLUDED_DATA),
]);
const STOP_EXECUTION: Shape = structure(&[
    required("executionArn", &ARN),
    member("error", &SENSITIVE_ERROR),
    member("cause", &SENSITIVE_CAUSE),
]);
const TAG_RESOURCE: Shape =
    structure(&[required("resourceArn", &ARN), required("tags", &TAG_LIST)]);
const TEST_STATE: Shape = structure(&[
    required("definition", &DEFINITION),
    member("roleArn", &ARN),
    member("input", &SENSITIVE_DATA),
    member("inspectionLevel", &INSPECTION_LEVEL),
    member("revealSecrets", &FLAG),
    member("variables", &SENSITIVE_DATA),
    member("stateName", &TEST_STATE_STATE_NAME),
    member("mock", &MOCK_INPUT),
    member("context", &SENSITIVE_DATA),
    member("stateConfiguration", &TEST_STATE_CONFIGURATION),
]);
const UNTAG_RESOURCE: Shape =
    structure(&[required("resourceArn", &ARN), required("tagKeys", &TAG_KEY_LIST)]);
const UPDATE_MAP_RUN: Shape = structure(&[
    required("mapRunArn", &LONG_ARN),
    member("maxConcurrency", &MAX_CONCURRENCY),
    member("toleratedFailurePercentage", &TOLERATED_FAILURE_PERCENTAGE),
    member("toleratedFailureCount", &TOLERATED_FAILURE_COUNT),
]);
const UPDATE_STATE_MACHINE: Shape = structure(&[
    required("stateMachineArn", &ARN),
    member("definition", &DEFINITION),
    member("roleArn", &ARN),
    member("loggingConfiguration", &LOGGING_CONFIGURATION),
    member("tracingConfiguration", &TRACING_CONFIGURATION),
    member("publish", &FLAG),
    member("versionDescription", &VERSION_DESCRIPTION),
    member("encryptionConfiguration", &ENCRYPTION_CONFIGURATION),
]);
const UPDATE_STATE_MACHINE_ALIAS: Shape = structure(&[
    required("stateMachineAliasArn", &ARN),
    member("description", &ALIAS_DESCRIPTION),
    member("routingConfiguration", &ROUTING_CONFIGURATION_LIST),
]);
const VALIDATE_STATE_MACHINE_DEFINITION: Shape = structure(&[
    required("definition", &DEFINITION),
    member("type", &STATE_MACHINE_TYPE),
    member("severity", &VALIDATE_STATE_MACHINE_DEFINITION_SEVERITY),
    member("maxResults", &VALIDATE_STATE_MACHINE_DEFINITION_MAX_RESULT),
]);

const NAME: Shape = text(1, 80);
const TAG_KEY: Shape = text(1, 128);
const TAG_VALUE: Shape = text(0, 256);
const TAG: Shape = structure(&[member("key", &TAG_KEY), member("value", &TAG_VALUE)]);
const TAG_LIST: Shape = list(&TAG, 0, usize::MAX);
const KMS_KEY_ID: Shape = text(1, 2048);
const KMS_DATA_KEY_REUSE_PERIOD_SECONDS: Shape = whole(Kind::Integer, 60, 900);
const ENCRYPTION_TYPE: Shape = one_of(&["AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"]);
const ENCRYPTION_CONFIGURATION: Shape = structure(&[
    member("kmsKeyId", &KMS_KEY_ID),
    member("kmsDataKeyReusePeriodSeconds", &KMS_DATA_KEY_REUSE_PERIOD_SECONDS),
    required("type", &ENCRYPTION_TYPE),
]);
const DEFINITION: Shape = secret(1, 1_048_576);
const ARN: Shape = text(1, 256);
const STATE_MACHINE_TYPE: Shape = one_of(&["STANDARD", "EXPRESS"]);
const LOG_LEVEL: Shape = one_of(&["ALL", "ERROR", "FATAL", "OFF"]);
const CLOUD_WATCH_LOGS_LOG_GROUP: Shape = structure(&[member("logGroupArn", &ARN)]);
const LOG_DESTINATION: Shape =
    structure(&[member("cloudWatchLogsLogGroup", &CLOUD_WATCH_LOGS_LOG_GROUP)]);
const LOG_DESTINATION_LIST: Shape = list(&LOG_DESTINATION, 0, usize::MAX);
const LOGGING_CONFIGURATION: Shape = structure(&[
    member("level", &LOG_LEVEL),
    member("includeExecutionData", &FLAG),
    member("destinations", &LOG_DESTINATION_LIST),
]);
const TRACING_CONFIGURATION: Shape = structure(&[member("enabled", &FLAG)]);
const VERSION_DESCRIPTION: Shape = secret(0, 256);
const ALIAS_DESCRIPTION: Shape = secret(0, 256);
const CHARACTER_RESTRICTED_NAME: Shape = matching(1, 80, &pattern::ALIAS_NAME);
const VERSION_WEIGHT: Shape = whole(Kind::Integer, 0, 100);
const ROUTING_CONFIGURATION_LIST_ITEM: Shape =
    structure(&[required("stateMachineVersionArn", &ARN), required("weight", &VERSION_WEIGHT)]);
const ROUTING_CONFIGURATION_LIST: Shape = list(&ROUTING_CONFIGURATION_LIST_ITEM, 1, 2);
const LONG_ARN: Shape = text(1, 2000);
const INCLUDED_DATA: Shape = one_of(&["ALL_DATA", "METADATA_ONLY"]);
const PAGE_SIZE: Shape = whole(Kind::Integer, 0, 1000);
const PAGE_TOKEN: Shape = text(1, 1024);
const EXECUTION_STATUS: Shape =
    one_of(&["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"]);
const LIST_EXECUTIONS_PAGE_TOKEN: Shape = text(1, 3096);
const EXECUTION_REDRIVE_FILTER: Shape = one_of(&["REDRIVEN", "NOT_REDRIVEN"]);
const REVISION_ID: Shape = text(0, usize::MAX);
const CLIENT_TOKEN: Shape = matching(1, 64, &pattern::PRINTABLE);
const TASK_TOKEN: Shape = secret(1, 2048);
const SENSITIVE_ERROR: Shape = secret(0, 256);
const SENSITIVE_CAUSE: Shape = secret(0, 32_768);
const SENSITIVE_DATA: Shape = secret(0, PAYLOAD);
const TRACE_HEADER: Shape = matching(0, 256, &pattern::ASCII);
const INSPECTION_LEVEL: Shape = one_of(&["INFO", "DEBUG", "TRACE"]);
const TEST_STATE_STATE_NAME: Shape = secret(1, 80);
const MOCK_ERROR_OUTPUT: Shape =
    structure(&[member("error", &SENSITIVE_ERROR), member("cause", &SENSITIVE_CAUSE)]);
const MOCK_RESPONSE_VALIDATION_MODE: Shape = one_of(&["STRICT", "PRESENT", "NONE"]);
const MOCK_INPUT: Shape = structure(&[
    member("result", &SENSITIVE_DATA),
    member("errorOutput", &MOCK_ERROR_OUTPUT),
    member("fieldValidationMode", &MOCK_RESPONSE_VALIDATION_MODE),
]);
const RETRIER_RETRY_COUNT: Shape = whole(Kind::Integer, 0, i64::MAX);
const MAP_ITERATION_FAILURE_COUNT: Shape = whole(Kind::Integer, 0, i64::MAX);
const TEST_STATE_CONFIGURATION: Shape = structure(&[
    member("retrierRetryCount", &RETRIER_RETRY_COUNT),
    member("errorCausedByState", &TEST_STATE_STATE_NAME),
    member("mapIterationFailureCount", &MAP_ITERATION_FAILURE_COUNT),
    member("mapItemReaderData", &SENSITIVE_DATA),
]);
const TAG_KEY_LIST: Shape = list(&TAG_KEY, 0, usize::MAX);
const MAX_CONCURRENCY: Shape = whole(Kind::Integer, 0, i64::MAX);
const TOLERATED_FAILURE_PERCENTAGE: Shape = Shape::Float { min: 0.0, max: 100.0 };
const TOLERATED_FAILURE_COUNT: Shape = whole(Kind::Long, 0, i64::MAX);
const VALIDATE_STATE_MACHINE_DEFINITION_SEVERITY: Shape = one_of(&["ERROR", "WARNING"]);
const VALIDATE_STATE_MACHINE_DEFINITION_MAX_RESULT: Shape = whole(Kind::Integer, 0, 100);
const FLAG: Shape = Shape::Flag;
