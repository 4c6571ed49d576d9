//! Every protocol by its specification: what leaves for given parameters, and what comes of given answers.

use stepwright_core::expr::Value;

use super::super::input::convert;
use super::super::models::{Models, Operation, Service};
use super::{Request, Response, answered, output, request};

/// Service, action, parameters; then method and target, the headers that matter, and the body.
type Sent = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

fn with<T>(call: (&str, &str), then: impl FnOnce(&Service, &Operation) -> T) -> T {
    let service = Models::shared().service(call.0).unwrap();
    let operation = service.operation(call.1).unwrap_or_else(|| panic!("{call:?}"));
    then(&service, operation)
}

fn sent(service: &str, action: &str, parameters: &str) -> Request {
    with((service, action), |service, operation| {
        let parameters = Value::parse(parameters).unwrap();
        let node = convert(service, operation, &parameters, "the-token").unwrap();
        request(service, operation, &node).unwrap()
    })
}

fn received(service: &str, action: &str, response: &Response) -> String {
    with((service, action), |service, operation| {
        output(service, operation, response).unwrap().to_json()
    })
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Response { status, headers, body: body.as_bytes().to_vec() }
}

fn check(table: &[Sent]) {
    for (service, action, parameters, line, headers, body) in table {
        let request = sent(service, action, parameters);
        let found = format!("{} {}", request.method, request.target());
        assert_eq!(found, *line, "{service}:{action}");
        let mut found: Vec<String> =
            request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        found.sort();
        assert_eq!(found.join("\n"), *headers, "{service}:{action}");
        assert_eq!(String::from_utf8_lossy(&request.body), *body, "{service}:{action}");
    }
}

#[test]
fn aws_json_names_the_operation_in_a_header_and_sends_everything_as_one_object() {
    check(&[
        (
            "dynamodb",
            "putItem",
            r#"{"TableName":"t","Item":{"a":{"S":"x"},"b":{"B":"raw"},"n":{"N":"1"},"l":{"L":[{"BOOL":true},{"NULL":true}]}}}"#,
            "POST /",
            "content-type: application/x-amz-json-1.0\nx-amz-target: DynamoDB_20120810.PutItem",
            r#"{"TableName":"t","Item":{"a":{"S":"x"},"b":{"B":"cmF3"},"n":{"N":"1"},"l":{"L":[{"BOOL":true},{"NULL":true}]}}}"#,
        ),
        (
            "secretsmanager",
            "createSecret",
            r#"{"Name":"n","SecretString":{"user":"u"}}"#,
            "POST /",
            "content-type: application/x-amz-json-1.1\nx-amz-target: secretsmanager.CreateSecret",
            r#"{"Name":"n","ClientRequestToken":"the-token","SecretString":"{\"user\":\"u\"}"}"#,
        ),
        (
            "sfn",
            "startExecution",
            r#"{"StateMachineArn":"a","Input":{"key":"value"},"Name":null}"#,
            "POST /",
            "content-type: application/x-amz-json-1.0\nx-amz-target: AWSStepFunctions.StartExecution",
            r#"{"stateMachineArn":"a","input":"{\"key\":\"value\"}"}"#,
        ),
        (
            "sqs",
            "receiveMessage",
            r#"{"QueueUrl":"q","MaxNumberOfMessages":"10"}"#,
            "POST /",
            "content-type: application/x-amz-json-1.0\nx-amz-target: AmazonSQS.ReceiveMessage\nx-amzn-query-mode: true",
            r#"{"QueueUrl":"q","MaxNumberOfMessages":10}"#,
        ),
        (
            "cloudwatchlogs",
            "getLogEvents",
            r#"{"LogStreamName":"s","StartTime":5}"#,
            "POST /",
            "content-type: application/x-amz-json-1.1\nx-amz-target: Logs_20140328.GetLogEvents",
            r#"{"logStreamName":"s","startTime":5}"#,
        ),
        (
            "cloudwatch",
            "getMetricStatistics",
            r#"{"Namespace":"n","MetricName":"m","StartTime":"2026-03-02T10:00:00Z","EndTime":1772445600.5,"Period":60}"#,
            "POST /",
            "content-type: application/x-amz-json-1.0\nx-amz-target: GraniteServiceVersion20100801.GetMetricStatistics\nx-amzn-query-mode: true",
            r#"{"Namespace":"n","MetricName":"m","StartTime":1772445600,"EndTime":1772445600.5,"Period":60}"#,
        ),
    ]);
}

#[test]
fn rest_json_spreads_parameters_over_path_query_headers_and_body() {
    check(&[
        (
            "lambda",
            "invoke",
            r#"{"FunctionName":"a:b/c","Qualifier":"1","InvocationType":"Event","Payload":{"n":1}}"#,
            "POST /2015-03-31/functions/a%3Ab%2Fc/invocations?Qualifier=1",
            "content-type: application/octet-stream\nx-amz-invocation-type: Event",
            r#"{"n":1}"#,
        ),
        (
            "lambda",
            "listFunctions",
            r#"{"MaxItems":2,"Marker":"a b"}"#,
            "GET /2015-03-31/functions?Marker=a%20b&MaxItems=2",
            "",
            "",
        ),
        (
            "lambda",
            "untagResource",
            r#"{"Resource":"arn","TagKeys":["a","b"]}"#,
            "DELETE /2017-03-31/tags/arn?tagKeys=a&tagKeys=b",
            "",
            "",
        ),
        (
            "apigateway",
            "createRestApi",
            r#"{"Name":"n","ApiKeySource":"HEADER"}"#,
            "POST /restapis",
            "content-type: application/json",
            r#"{"name":"n","apiKeySource":"HEADER"}"#,
        ),
        (
            "lexruntime",
            "postContent",
            r#"{"BotName":"b","BotAlias":"a","UserId":"u","ContentType":"text/plain","SessionAttributes":{"k":"v"},"InputStream":"hi"}"#,
            "POST /bot/b/alias/a/user/u/content",
            "content-type: text/plain\nx-amz-lex-session-attributes: eyJrIjoidiJ9",
            "hi",
        ),
        (
            "batch",
            "submitJob",
            r#"{"JobName":"n","JobQueue":"q","JobDefinition":"d"}"#,
            "POST /v1/submitjob",
            "content-type: application/json",
            r#"{"jobName":"n","jobQueue":"q","jobDefinition":"d"}"#,
        ),
    ]);
}

#[test]
fn rest_xml_writes_documents_with_attributes_namespaces_and_flat_lists() {
    let s3 = "http://s3.amazonaws.com/doc/2006-03-01/";
    let delete = format!(
        r#"<Delete xmlns="{s3}"><Object><Key>a&amp;b</Key></Object><Object><Key>c</Key></Object><Quiet>true</Quiet></Delete>"#
    );
    let acl = format!(
        r#"<AccessControlPolicy xmlns="{s3}"><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>me</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>"#
    );
    let records = r#"<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes><Change><Action>UPSERT</Action><ResourceRecordSet><Name>a.</Name><Type>A</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>1.2.3.4</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"#;
    check(&[
        (
            "s3",
            "listObjectsV2",
            r#"{"Bucket":"b","Prefix":"x/ y","MaxKeys":2}"#,
            "GET /b?list-type=2&max-keys=2&prefix=x%2F%20y",
            "",
            "",
        ),
        (
            "s3",
            "putObject",
            r#"{"Bucket":"b","Key":"a/ü b","Body":{"Dict":"Value"},"Metadata":{"Mine":"1"},"Expires":"2026-03-02T10:00:00Z"}"#,
            "PUT /b/a/%C3%BC%20b",
            "content-type: text/plain; charset=UTF-8\nexpires: Mon, 02 Mar 2026 10:00:00 GMT\nx-amz-meta-mine: 1",
            r#"{"Dict":"Value"}"#,
        ),
        (
            "s3",
            "deleteObjects",
            r#"{"Bucket":"b","Delete":{"Quiet":true,"Objects":[{"Key":"a&b"},{"Key":"c"}]}}"#,
            "POST /b?delete=",
            "content-type: application/xml",
            delete.clone().leak(),
        ),
        (
            "s3",
            "putBucketAcl",
            r#"{"Bucket":"b","AccessControlPolicy":{"Grants":[{"Grantee":{"ID":"me","Type":"CanonicalUser"},"Permission":"READ"}]}}"#,
            "PUT /b?acl=",
            "content-type: application/xml",
            acl.clone().leak(),
        ),
        (
            "route53",
            "changeResourceRecordSets",
            r#"{"HostedZoneId":"Z1","ChangeBatch":{"Changes":[{"Action":"UPSERT","ResourceRecordSet":{"Name":"a.","Type":"A","TTL":60,"ResourceRecords":[{"Value":"1.2.3.4"}]}}]}}"#,
            "POST /2013-04-01/hostedzone/Z1/rrset/",
            "content-type: application/xml",
            records,
        ),
    ]);
}

#[test]
fn query_numbers_the_items_of_lists_and_maps() {
    let form = "content-type: application/x-www-form-urlencoded; charset=utf-8";
    check(&[
        (
            "sns",
            "publish",
            r#"{"TopicArn":"t","Message":"a b&c","MessageAttributes":{"k":{"DataType":"Binary","BinaryValue":"raw"}}}"#,
            "POST /",
            form,
            "Action=Publish&Version=2010-03-31&TopicArn=t&Message=a%20b%26c&MessageAttributes.entry.1.Name=k&MessageAttributes.entry.1.Value.DataType=Binary&MessageAttributes.entry.1.Value.BinaryValue=cmF3",
        ),
        (
            "iam",
            "createUser",
            r#"{"UserName":"u","Tags":[{"Key":"a","Value":"b"},{"Key":"c","Value":"d"}]}"#,
            "POST /",
            form,
            "Action=CreateUser&Version=2010-05-08&UserName=u&Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.2.Key=c&Tags.member.2.Value=d",
        ),
        (
            "rds",
            "describeDBInstances",
            r#"{"Filters":[{"Name":"n","Values":["v"]}]}"#,
            "POST /",
            form,
            "Action=DescribeDBInstances&Version=2014-10-31&Filters.Filter.1.Name=n&Filters.Filter.1.Values.Value.1=v",
        ),
        (
            "simpledb",
            "putAttributes",
            r#"{"DomainName":"d","ItemName":"i","Attributes":[{"Name":"a","Value":"1","Replace":true}]}"#,
            "POST /",
            form,
            "Action=PutAttributes&Version=2009-04-15&DomainName=d&ItemName=i&Attribute.1.Name=a&Attribute.1.Value=1&Attribute.1.Replace=true",
        ),
        (
            "autoscaling",
            "describeAutoScalingGroups",
            r#"{"AutoScalingGroupNames":[]}"#,
            "POST /",
            form,
            "Action=DescribeAutoScalingGroups&Version=2011-01-01&AutoScalingGroupNames=",
        ),
        (
            "sts",
            "getCallerIdentity",
            "{}",
            "POST /",
            form,
            "Action=GetCallerIdentity&Version=2011-06-15",
        ),
    ]);
}

#[test]
fn ec2_has_capital_names_and_flat_lists() {
    let form = "content-type: application/x-www-form-urlencoded; charset=utf-8";
    check(&[
        (
            "ec2",
            "describeInstances",
            r#"{"Filters":[{"Name":"n","Values":["a","b"]}],"InstanceIds":["i-1"],"MaxResults":5}"#,
            "POST /",
            form,
            "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-1&Filter.1.Name=n&Filter.1.Value.1=a&Filter.1.Value.2=b&MaxResults=5",
        ),
        (
            "ec2",
            "runInstances",
            r#"{"ImageId":"ami","MinCount":1,"MaxCount":1,"BlockDeviceMappings":[{"DeviceName":"d","Ebs":{"VolumeSize":8}}]}"#,
            "POST /",
            form,
            "Action=RunInstances&Version=2016-11-15&BlockDeviceMapping.1.Ebs.VolumeSize=8&BlockDeviceMapping.1.DeviceName=d&ImageId=ami&MaxCount=1&MinCount=1&ClientToken=the-token",
        ),
    ]);
}

#[test]
fn cbor_has_service_and_operation_in_the_path() {
    let request = sent("eventbridgev2", "describeEventBus", r#"{"EventBusArn":"n"}"#);
    assert_eq!(request.target(), "/service/AWSEventsV2/operation/DescribeEventBus");
    assert!(request.headers.contains(&("smithy-protocol".into(), "rpc-v2-cbor".into())));
    assert_eq!(request.body, b"\xa1\x6bEventBusArn\x61n");
}

#[test]
fn answers_are_shown_in_pascal_case_and_in_the_order_of_the_alphabet() {
    let sts = r#"<GetCallerIdentityResponse xmlns="n"><GetCallerIdentityResult><Arn>a</Arn><UserId>u</UserId><Account>1</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"#;
    let ec2 = r#"<DescribeInstancesResponse xmlns="n"><requestId>r</requestId><reservationSet><item><reservationId>r-1</reservationId><instancesSet><item><instanceId>i-1</instanceId><launchTime>2026-03-02T10:00:00.000Z</launchTime><ebsOptimized>false</ebsOptimized><amiLaunchIndex>0</amiLaunchIndex></item></instancesSet><groupSet/></item></reservationSet></DescribeInstancesResponse>"#;
    let list = r#"<?xml version="1.0"?><ListBucketResult><Name>b</Name><Prefix/><KeyCount>2</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>a&amp;b</Key><Size>3</Size><ETag>&quot;e&quot;</ETag><LastModified>2026-03-02T10:00:00.000Z</LastModified></Contents><Contents><Key>c</Key><Size>0</Size></Contents></ListBucketResult>"#;
    let attributes = r#"<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry><key>Owner</key><value>1</value></entry><entry><key>Policy</key><value/></entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>"#;
    let table = [
        (
            ("dynamodb", "query"),
            r#"{"Items":[{"id":{"S":"1"},"data":{"B":"cmF3"}}],"Count":1,"ScannedCount":1,"LastEvaluatedKey":null,"New":1}"#,
            r#"{"Count":1,"Items":[{"id":{"S":"1"},"data":{"B":"raw"}}],"ScannedCount":1}"#,
        ),
        (("secretsmanager", "listSecrets"), r#"{"SecretList":[]}"#, r#"{"SecretList":[]}"#),
        (
            ("sfn", "startExecution"),
            r#"{"startDate":1772445600.123,"executionArn":"a"}"#,
            r#"{"ExecutionArn":"a","StartDate":"2026-03-02T10:00:00.123Z"}"#,
        ),
        (("dynamodb", "putItem"), "", "{}"),
        (
            ("apigateway", "getRestApis"),
            r#"{"item":[{"id":"i","createdDate":1772445600}]}"#,
            r#"{"Items":[{"CreatedDate":"2026-03-02T10:00:00Z","Id":"i"}]}"#,
        ),
        (("sts", "getCallerIdentity"), sts, r#"{"Account":"1","Arn":"a","UserId":"u"}"#),
        (
            ("ec2", "describeInstances"),
            ec2,
            r#"{"Reservations":[{"Groups":[],"Instances":[{"AmiLaunchIndex":0,"EbsOptimized":false,"InstanceId":"i-1","LaunchTime":"2026-03-02T10:00:00Z"}],"ReservationId":"r-1"}]}"#,
        ),
        (
            ("s3", "listObjectsV2"),
            list,
            r#"{"Contents":[{"ETag":"\"e\"","Key":"a&b","LastModified":"2026-03-02T10:00:00Z","Size":3},{"Key":"c","Size":0}],"IsTruncated":false,"KeyCount":2,"Name":"b","Prefix":""}"#,
        ),
        (
            ("s3", "getBucketLocation"),
            r#"<LocationConstraint xmlns="n">eu-west-1</LocationConstraint>"#,
            r#"{"LocationConstraint":"eu-west-1"}"#,
        ),
        (("sns", "getTopicAttributes"), attributes, r#"{"Attributes":{"Owner":"1","Policy":""}}"#),
        (("lambda", "getFunctionConfiguration"), "{}", "{}"),
    ];
    for ((service, action), body, expected) in table {
        let found = received(service, action, &response(200, &[], body));
        assert_eq!(found, expected, "{service}:{action}");
    }
}

#[test]
fn headers_and_the_status_are_part_of_the_result_and_a_stream_comes_last() {
    let get = response(
        200,
        &[
            ("content-length", "9"),
            ("content-type", "text/plain"),
            ("etag", "\"e\""),
            ("last-modified", "Mon, 02 Mar 2026 10:00:00 GMT"),
            ("x-amz-missing-meta", "2"),
            ("accept-ranges", "bytes"),
        ],
        "text data",
    );
    let expected = r#"{"AcceptRanges":"bytes","ContentLength":9,"ContentType":"text/plain","ETag":"\"e\"","LastModified":"2026-03-02T10:00:00Z","Metadata":{},"MissingMeta":2,"Body":"text data"}"#;
    assert_eq!(received("s3", "getObject", &get), expected);
    let invoke = response(200, &[("x-amz-executed-version", "$LATEST")], r#"{"a": 1}"#);
    let expected = r#"{"ExecutedVersion":"$LATEST","Payload":"{\"a\": 1}","StatusCode":200}"#;
    assert_eq!(received("lambda", "invoke", &invoke), expected);
    let binary = Response { status: 200, headers: Vec::new(), body: vec![0xff, 0x00] };
    assert!(received("s3", "getObject", &binary).ends_with(r#""Body":"/wA="}"#));
}

#[test]
fn cbor_of_both_forms_is_read() {
    let definite = b"\xa2\x64Name\x61n\x6cCreationTime\xc1\xfb\x41\xda\x69\x5e\x78\x20\x00\x00";
    let indefinite = b"\xbf\x64Name\x7f\x61n\xff\x6cCreationTime\xc1\x1a\x69\xa5\x60\xe0\xff";
    for body in [definite.as_slice(), indefinite.as_slice()] {
        let value = super::cbor::parse(body).unwrap();
        assert_eq!(value.get("Name"), Some(&"n".into()), "{value:?}");
    }
    for body in [
        b"\xa1".as_slice(),
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x81".repeat(500).as_slice(),
    ] {
        assert!(super::cbor::parse(body).is_err());
    }
}

#[test]
fn errors_of_every_protocol_have_a_code_a_message_and_an_id() {
    let query = r#"<ErrorResponse xmlns="n"><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error><RequestId>r</RequestId></ErrorResponse>"#;
    let ec2 = r#"<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>no</Message></Error></Errors><RequestID>r</RequestID></Response>"#;
    let s3 = r#"<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message><RequestId>r</RequestId></Error>"#;
    let id = ("x-amzn-requestid", "r");
    let table = [
        (
            "dynamodb",
            response(
                400,
                &[id],
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no"}"#,
            ),
            ("ResourceNotFoundException", Some("ResourceNotFoundException"), "no"),
        ),
        (
            "dynamodb",
            response(
                400,
                &[id],
                r#"{"__type":"com.amazon.coral.validate#ValidationException","Message":"no"}"#,
            ),
            ("ValidationException", None, "no"),
        ),
        (
            "lambda",
            response(
                404,
                &[id, ("x-amzn-errortype", "ResourceNotFoundException:http://x/")],
                r#"{"Message":"no"}"#,
            ),
            ("ResourceNotFoundException", Some("ResourceNotFoundException"), "no"),
        ),
        (
            "sns",
            response(404, &[], query),
            ("NotFound", Some("NotFoundException"), "Topic does not exist"),
        ),
        ("ec2", response(400, &[], ec2), ("InvalidInstanceID.NotFound", None, "no")),
        (
            "s3",
            response(404, &[("x-amz-request-id", "r"), ("x-amz-id-2", "more")], s3),
            ("NoSuchBucket", Some("NoSuchBucketException"), "The specified bucket does not exist"),
        ),
    ];
    for (service, response, (code, exception, message)) in table {
        let service = Models::shared().service(service).unwrap();
        let error = answered(&service, &response);
        assert_eq!(error.code.as_deref(), Some(code));
        assert_eq!(error.exception.as_deref(), exception);
        assert_eq!(error.message.as_deref(), Some(message));
        assert_eq!(error.request_id.as_deref(), Some("r"));
    }
}

#[test]
fn a_label_that_would_change_the_path_is_refused() {
    for parameters in [r#"{"Bucket":"","Key":"k"}"#, r#"{"Bucket":"b","Key":""}"#] {
        let problem = with(("s3", "getObject"), |service, operation| {
            let node = convert(service, operation, &Value::parse(parameters).unwrap(), "").unwrap();
            request(service, operation, &node).unwrap_err()
        });
        assert!(problem.ends_with("has an invalid format"), "{problem}");
    }
}
