"""Writes outputs.txt: the shapes of what AWS services answer, taken from botocore's API models (Apache-2.0).

    python -m venv v && v/bin/pip install botocore && v/bin/python extract.py > outputs.txt

Lines of the file:
    @SERVICE                    a service, by its name in `arn:aws:states:::aws-sdk:SERVICE:action`
    action=SHAPE                the output of an action
    #SHAPE Field:TYPE …         structure number SHAPE of the service; `!` in place of `:` marks a required field
Types: s string, b blob, t timestamp, n number, f boolean, * anything, a number the structure of that number, [T] list,
<T> map to T;
`(min,max)` after a type bounds its length (string, blob, list) or value (number), either side may be empty.
"""

import sys

import botocore
import botocore.session

# Name in resource ARNs -> name in botocore. All of a service's actions, unless listed here.
SERVICES = {
    "athena": "athena", "batch": "batch", "bedrockruntime": "bedrock-runtime", 
    "codebuild": "codebuild", "databrew": "databrew", "dynamodb": "dynamodb", "ecs": "ecs",
    "eks": "eks", "emr": "emr", "emrcontainers": "emr-containers", "emrserverless": "emr-serverless",
    "eventbridge": "events", "glue": "glue", "kinesis": "kinesis", "kms": "kms",
    "lambda": "lambda", "mediaconvert": "mediaconvert", "rdsdata": "rds-data",
    "redshiftdata": "redshift-data", "s3": "s3", "sagemaker": "sagemaker", "scheduler": "scheduler",
    "secretsmanager": "secretsmanager", "sesv2": "sesv2", "sfn": "stepfunctions", "sns": "sns",
    "sqs": "sqs", "ssm": "ssm", "sts": "sts", "bedrock": "bedrock",
}
# Structures that lie deeper than this in an answer are taken for anything.
DEPTH = {"mediaconvert": 2, "batch": 5, "lambda": 5, "codebuild": 4, "s3": 6, "bedrockruntime": 5}
ONLY = {
    "sesv2": "SendEmail SendBulkEmail",
    "batch": "SubmitJob DescribeJobs TerminateJob CancelJob ListJobs",
    "athena": "StartQueryExecution StopQueryExecution GetQueryExecution GetQueryResults BatchGetQueryExecution "
    "ListQueryExecutions GetQueryRuntimeStatistics",
    "codebuild": "StartBuild StartBuildBatch StopBuild BatchDeleteBuilds BatchGetReports StopBuildBatch "
    "RetryBuildBatch DeleteBuildBatch BatchGetBuilds BatchGetBuildBatches RetryBuild",
    "bedrockruntime": "InvokeModel Converse ApplyGuardrail StartAsyncInvoke GetAsyncInvoke CountTokens",
    "sagemaker": "CreateTrainingJob DescribeTrainingJob CreateTransformJob DescribeTransformJob CreateLabelingJob "
    "DescribeLabelingJob CreateProcessingJob DescribeProcessingJob CreateHyperParameterTuningJob "
    "DescribeHyperParameterTuningJob CreateEndpoint CreateEndpointConfig CreateModel UpdateEndpoint DescribeEndpoint "
    "StopTrainingJob StopTransformJob StopProcessingJob",
    "glue": "StartJobRun GetJobRun GetJobRuns BatchStopJobRun StartCrawler GetCrawler GetTable GetTables GetDatabase "
    "GetPartitions StartWorkflowRun GetWorkflowRun CreateTable BatchCreatePartition",
    "mediaconvert": "CreateJob GetJob CancelJob",
    "bedrock": "CreateModelCustomizationJob GetModelCustomizationJob StopModelCustomizationJob",
    "ecs": "RunTask StartTask StopTask DescribeTasks DescribeServices DescribeTaskDefinition UpdateService ListTasks",
    "ssm": "GetParameter GetParameters GetParametersByPath PutParameter DeleteParameter SendCommand "
    "GetCommandInvocation ListCommandInvocations StartAutomationExecution GetAutomationExecution",
    "eks": "CreateCluster DescribeCluster DeleteCluster CreateFargateProfile DescribeFargateProfile "
    "DeleteFargateProfile CreateNodegroup DescribeNodegroup DeleteNodegroup",
    "emr": "RunJobFlow DescribeCluster TerminateJobFlows AddJobFlowSteps DescribeStep CancelSteps "
    "SetTerminationProtection ModifyInstanceFleet ModifyInstanceGroups ListSteps ListClusters",
    "databrew": "StartJobRun DescribeJobRun StopJobRun",
}


def main():
    session = botocore.session.get_session()
    print(f"# Made by extract.py from botocore {botocore.__version__} (Apache-2.0). Do not edit.")
    for name in sorted(SERVICES):
        service(name, session.get_service_model(SERVICES[name]))


def service(name, model):
    print(f"@{name}")
    shapes = {}
    wanted = ONLY[name].split() if name in ONLY else model.operation_names
    for operation in wanted:
        output = model.operation_model(operation).output_shape
        action = operation[0].lower() + operation[1:]
        if output is not None and output.members:
            print(f"{action}={kind(output, shapes, DEPTH.get(name, 9))}")
        else:
            print(f"{action}=-")
    for number, text in shapes.values():
        print(f"#{number}{text}")


def kind(shape, shapes, depth):
    what = shape.type_name
    if getattr(shape, "is_document_type", False):
        return "*"
    if what == "structure":
        if depth == 0:
            return "*"
        if shape.name not in shapes:
            shapes[shape.name] = (len(shapes), "")
            shapes[shape.name] = (shapes[shape.name][0], fields(shape, shapes, depth - 1))
        return str(shapes[shape.name][0])
    if what == "list":
        return f"[{kind(shape.member, shapes, depth)}]{bounds(shape)}"
    if what == "map":
        return f"<{kind(shape.value, shapes, depth)}>"
    letter = {"string": "s", "character": "s", "blob": "b", "timestamp": "t", "boolean": "f"}.get(what, "n")
    return letter + ("" if letter in "tf" else bounds(shape))


def fields(shape, shapes, depth):
    required = shape.metadata.get("required", [])
    text = ""
    for name, member in shape.members.items():
        if member.name in ("ResponseMetadata",):
            continue
        mark = "!" if name in required else ":"
        text += f" {name[0].upper()}{name[1:]}{mark}{kind(member, shapes, depth)}"
    return text


def bounds(shape):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least in (None, 0) and shape.type_name not in ("integer", "long", "float", "double"):
        least = None
    if least is None and most is None:
        return ""
    return f"({'' if least is None else least},{'' if most is None else most})"


if __name__ == "__main__":
    sys.exit(main())
