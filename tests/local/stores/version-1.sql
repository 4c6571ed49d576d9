-- A store as version 1 of the tables has it: executions that ended and that failed, one that waits, one that asks a worker,
-- and one in the middle of a Map.
PRAGMA application_id = 1400137072;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE beat (
    execution INTEGER NOT NULL,
    frame TEXT NOT NULL,
    slot INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (execution, frame, slot)
) WITHOUT ROWID;
CREATE TABLE closing (
    execution INTEGER PRIMARY KEY,
    status TEXT NOT NULL,
    stopped INTEGER NOT NULL,
    error TEXT,
    cause TEXT,
    output TEXT
);
INSERT INTO "closing" VALUES(1,'SUCCEEDED',1732164461506125,NULL,NULL,'{"a": 1}');
INSERT INTO "closing" VALUES(2,'FAILED',1732164461510349,'E','why',NULL);
CREATE TABLE dispensed (
    execution INTEGER NOT NULL,
    frame TEXT NOT NULL,
    slot INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    lane_slot INTEGER NOT NULL,
    item INTEGER NOT NULL,
    PRIMARY KEY (execution, frame, slot, lane, lane_slot)
) WITHOUT ROWID;
CREATE TABLE execution (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    arn TEXT NOT NULL,
    name TEXT NOT NULL,
    machine INTEGER NOT NULL,
    revision TEXT NOT NULL,
    role TEXT NOT NULL,
    started INTEGER NOT NULL,
    deadline INTEGER,
    trace_header TEXT,
    input TEXT NOT NULL,
    version TEXT,
    alias TEXT
);
INSERT INTO "execution" VALUES(1,'fx4l7lmyck3umqf736a6yuqlyn.0','arn:aws:states:us-east-1:123456789012:execution:done:one','one',1,'5a9773f0-a2ae-4411-a4e4-96ebecd5ceae','arn:aws:iam::123456789012:role/any',1732164461473998,NULL,NULL,'{"a": 1}',NULL,NULL);
INSERT INTO "execution" VALUES(2,'uz2gfcrbpxfgatjgszkslcqkmo.0','arn:aws:states:us-east-1:123456789012:execution:failed:two','two',2,'efbb61fa-050f-48eb-a968-55419eb13532','arn:aws:iam::123456789012:role/any',1732164461508969,NULL,NULL,'{"\u00fc": "\ud83d\udca5"}',NULL,NULL);
INSERT INTO "execution" VALUES(3,'y5tvrvjbhytbathpu7o5a6sven.0','arn:aws:states:us-east-1:123456789012:execution:waiting:three','three',3,'8deeb3d3-795d-4c54-ba2a-40216cebe29c','arn:aws:iam::123456789012:role/any',1732164462012541,NULL,NULL,'{"b": 2}',NULL,NULL);
INSERT INTO "execution" VALUES(4,'wvv26sp4atpytgpgrhdnvxwbhc.0','arn:aws:states:us-east-1:123456789012:execution:asking:four','four',4,'36d266b7-4576-4d4d-bf15-88b34c1643da','arn:aws:iam::123456789012:role/any',1732164462015891,NULL,NULL,'{"c": 3}',NULL,NULL);
INSERT INTO "execution" VALUES(5,'kmli4utolql4scmosfloxspnfz.0','arn:aws:states:us-east-1:123456789012:execution:forked:five','five',5,'7def03ba-8e38-47a7-9af7-0f4ab4a74918','arn:aws:iam::123456789012:role/any',1732164462022455,NULL,NULL,'{"items": [1, 2, 3, 4]}',NULL,NULL);
CREATE TABLE item (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, key)
);
INSERT INTO "item" VALUES('secret','task-token-1',1,'"uJF9cBwPFdX-NFzc2ABKWjwKGwMORLxGd1_f82aotBE"');
INSERT INTO "item" VALUES('activity','arn:aws:states:us-east-1:123456789012:activity:approve',1,'{"name":"approve","created":1732164461264450,"encryption":{"type":"AWS_OWNED_KEY"},"tags":[]}');
INSERT INTO "item" VALUES('definition','arn:aws:states:us-east-1:123456789012:stateMachine:done#5a9773f0-a2ae-4411-a4e4-96ebecd5ceae',1,'{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}');
INSERT INTO "item" VALUES('revision','arn:aws:states:us-east-1:123456789012:stateMachine:done#5a9773f0-a2ae-4411-a4e4-96ebecd5ceae',1,'{"id":"5a9773f0-a2ae-4411-a4e4-96ebecd5ceae","updated":false,"role":"arn:aws:iam::123456789012:role/any","timeout_seconds":null,"settings":{"logging":{"includeExecutionData":false,"level":"OFF"},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"}},"since":1732164461314325}');
INSERT INTO "item" VALUES('state-machine','arn:aws:states:us-east-1:123456789012:stateMachine:done',1,'{"name":"done","express":false,"created":1732164461314325,"current":{"id":"5a9773f0-a2ae-4411-a4e4-96ebecd5ceae","updated":false,"role":"arn:aws:iam::123456789012:role/any","timeout_seconds":null,"settings":{"logging":{"includeExecutionData":false,"level":"OFF"},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"}},"since":1732164461314325},"deleting":false,"tags":[],"published":null}');
INSERT INTO "item" VALUES('definition','arn:aws:states:us-east-1:123456789012:stateMachine:failed#efbb61fa-050f-48eb-a968-55419eb13532',1,'{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "why"}}}');
INSERT INTO "item" VALUES('revision','arn:aws:states:us-east-1:123456789012:stateMachine:failed#efbb61fa-050f-48eb-a968-55419eb13532',1,'{"id":"efbb61fa-050f-48eb-a968-55419eb13532","updated":false,"role":"arn:aws:iam::123456789012:role/any","timeout_seconds":null,"settings":{"logging":{"includeExecutionData":false,"level":"OFF"},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"}},"since":1732164461358517}');
INSERT INTO "item" VALUES('state-machine','arn:aws:states:us-east-1:123456789012:stateMachine:failed',1,'{"name":"failed","express":false,"created":1732164461358517,"current":{"id":"efbb61fa-050f-48eb-a968-55419eb13532","updated":false,"role":"arn:aws:iam::123456789012:role/any","timeout_seconds":null,"settings":{"logging":{"includeExecutionData":false,"level":"OFF"},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"}},"since":1732164461358517},"deleting":false,"tags":[],"published":null}');
INSERT INTO "item" VALUES('definition','arn:aws:states:us-east-1:123456789012:stateMachine:waiting#8deeb3d3-795d-4c54-ba2a-40216cebe29c',1,'{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "Next": "P"}, "P": {"Type": "Pass", "End": true}}}');
INSERT INTO "item" VALUES('revision','arn:aws:states:us-east-1:123456789012:stateMachine:waiting#8deeb3d3-795d-4c54-ba2a-40216cebe29c',1,'{"id":"8deeb3d3-795d-4c54-ba2a-40216cebe29c","updated":false,"role":"arn:aws:iam::123456789012:role/any","timeout_seconds":null,"settings":{"logging":{"includeExecutionData":false,"level":"OFF"},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"}},"since":1732164461394010}');
INSERT INTO "item" VALUES('state-machine','arn:aws:states:us-east-1:123456789012:stateMachine:waiting',1,'{"name":"waiting","express":false,"created":1732164461394010,"current":{"id":"8deeb3d3-795d-4c54-ba2a-40216cebe29c","updated":false,"role":"arn:aws:iam::123456789012:role/any","timeout_seconds":null,"settings":{"logging":{"includeExecutionData":false,"level":"OFF"},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"}},"since":1732164461394010},"deleting":false,"tags":[],"published":null}');
INSERT INTO "item" VALUES('definition','arn:aws:states:us-east-1:123456789012:stateMachine:asking#36d266b7-4576-4d4d-bf15-88b34c1643da',1,'{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:approve", "End": true}}}');
INSERT INTO "item" VALUES('revision','arn:aws:states:us-east-1:123456789012:stateMachine:asking#36d266b7-4576-4d4d-bf15-88b34c1643da',1,'{"id":"36d266b7-4576-4d4d-bf15-88b34c1643da","updated":false,"role":"arn:aws:iam::123456789012:role/any","timeout_seconds":null,"settings":{"logging":{"includeExecutionData":false,"level":"OFF"},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"}},"since":1732164461434002}');
INSERT INTO "item" VALUES('state-machine','arn:aws:states:us-east-1:123456789012:stateMachine:asking',1,'{"name":"asking","express":false,"created":1732164461434002,"current":{"id":"36d266b7-4576-4d4d-bf15-88b34c1643da","updated":false,"role":"arn:aws:iam::123456789012:role/any","timeout_seconds":null,"settings":{"logging":{"includeExecutionData":false,"level":"OFF"},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"}},"since":1732164461434002},"deleting":false,"tags":[],"published":null}');
INSERT INTO "item" VALUES('definition','arn:aws:states:us-east-1:123456789012:stateMachine:forked#7def03ba-8e38-47a7-9af7-0f4ab4a74918',1,'{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ItemProcessor": {"StartAt": "W2", "States": {"W2": {"Type": "Wait", "Seconds": 3, "End": true}}}, "End": true}}}');
INSERT INTO "item" VALUES('revision','arn:aws:states:us-east-1:123456789012:stateMachine:forked#7def03ba-8e38-47a7-9af7-0f4ab4a74918',1,'{"id":"7def03ba-8e38-47a7-9af7-0f4ab4a74918","updated":false,"role":"arn:aws:iam::123456789012:role/any","timeout_seconds":null,"settings":{"logging":{"includeExecutionData":false,"level":"OFF"},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"}},"since":1732164461466283}');
INSERT INTO "item" VALUES('state-machine','arn:aws:states:us-east-1:123456789012:stateMachine:forked',1,'{"name":"forked","express":false,"created":1732164461466283,"current":{"id":"7def03ba-8e38-47a7-9af7-0f4ab4a74918","updated":false,"role":"arn:aws:iam::123456789012:role/any","timeout_seconds":null,"settings":{"logging":{"includeExecutionData":false,"level":"OFF"},"tracing":{"enabled":false},"encryption":{"type":"AWS_OWNED_KEY"}},"since":1732164461466283},"deleting":false,"tags":[],"published":null}');
CREATE TABLE lane (
    execution INTEGER NOT NULL,
    frame TEXT NOT NULL,
    slot INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (execution, frame, slot, lane)
) WITHOUT ROWID;
CREATE TABLE listing (
    machine INTEGER NOT NULL,
    status TEXT NOT NULL,
    time INTEGER NOT NULL,
    execution INTEGER NOT NULL,
    PRIMARY KEY (machine, status, time, execution)
) WITHOUT ROWID;
INSERT INTO "listing" VALUES(1,'SUCCEEDED',1732164461506125,1);
INSERT INTO "listing" VALUES(2,'FAILED',1732164461510349,2);
INSERT INTO "listing" VALUES(3,'RUNNING',1732164462012541,3);
INSERT INTO "listing" VALUES(4,'RUNNING',1732164462015891,4);
INSERT INTO "listing" VALUES(5,'RUNNING',1732164462022455,5);
CREATE TABLE machine (
    key INTEGER PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE
);
INSERT INTO "machine" VALUES(1,'arn:aws:states:us-east-1:123456789012:stateMachine:done');
INSERT INTO "machine" VALUES(2,'arn:aws:states:us-east-1:123456789012:stateMachine:failed');
INSERT INTO "machine" VALUES(3,'arn:aws:states:us-east-1:123456789012:stateMachine:waiting');
INSERT INTO "machine" VALUES(4,'arn:aws:states:us-east-1:123456789012:stateMachine:asking');
INSERT INTO "machine" VALUES(5,'arn:aws:states:us-east-1:123456789012:stateMachine:forked');
CREATE TABLE record (
    key INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL,
    frame TEXT NOT NULL,
    slot INTEGER NOT NULL,
    body TEXT NOT NULL
);
INSERT INTO "record" VALUES(1,1,'',0,'{"d":[{"a": 1}],"b":{"f":1,"s":0,"t":1732164461506125,"g":"5b1ae4feb3bb3651-1","w":"0a72044e4d0a415ea58f4d6b42db5cd4.0","fr":{"fl":0,"st":"P","in":0,"vi":{"e":2,"t":1732164461506125},"la":{"s":0,"i":3},"n":0,"ph":{"Done":{"Succeeded":0}}},"ev":[{"k":{"ExecutionStarted":{"input":0,"role_arn":"arn:aws:iam::123456789012:role/any"}}},{"k":{"StateEntered":{"class":"Pass","name":"P","input":0}}},{"k":{"StateExited":{"class":"Pass","name":"P","output":0}},"p":{"s":0,"i":1}},{"k":{"ExecutionSucceeded":{"output":0}},"p":{"s":0,"i":2}}]}}');
INSERT INTO "record" VALUES(2,2,'',0,'{"d":[{"\u00fc": "\ud83d\udca5"}],"b":{"f":1,"s":0,"t":1732164461510349,"g":"5b1ae4feb3bb3651-2","w":"0a72044e4d0a415ea58f4d6b42db5cd4.1","fr":{"fl":0,"st":"F","in":0,"vi":{"e":2,"t":1732164461510349},"la":{"s":0,"i":2},"n":0,"ph":{"Done":{"Failed":{"e":"E","c":"why"}}}},"ev":[{"k":{"ExecutionStarted":{"input":0,"role_arn":"arn:aws:iam::123456789012:role/any"}}},{"k":{"StateEntered":{"class":"Fail","name":"F","input":0}}},{"k":{"ExecutionFailed":{"e":"E","c":"why"}},"p":{"s":0,"i":1}}]}}');
INSERT INTO "record" VALUES(3,3,'',0,'{"d":[{"b": 2}],"b":{"f":1,"s":0,"t":1732164462014100,"g":"5b1ae4feb3bb3651-3","w":"0a72044e4d0a415ea58f4d6b42db5cd4.2","fr":{"fl":0,"st":"W","in":0,"vi":{"e":2,"t":1732164462014100},"la":{"s":0,"i":1},"n":0,"ph":{"Waiting":{"until":1732164467014100}}},"ev":[{"k":{"ExecutionStarted":{"input":0,"role_arn":"arn:aws:iam::123456789012:role/any"}}},{"k":{"StateEntered":{"class":"Wait","name":"W","input":0}}}]}}');
INSERT INTO "record" VALUES(4,4,'',0,'{"d":[{"c": 3}],"b":{"f":1,"s":0,"t":1732164462020901,"g":"5b1ae4feb3bb3651-5","w":"0a72044e4d0a415ea58f4d6b42db5cd4.3","fr":{"fl":0,"st":"A","in":0,"vi":{"e":2,"t":1732164462020901},"la":{"s":0,"i":2},"n":0,"ph":{"Pending":{"k":0,"a":{"r":"arn:aws:states:us-east-1:123456789012:activity:approve","i":0,"s":false},"t":1732164462020901}}},"ev":[{"k":{"ExecutionStarted":{"input":0,"role_arn":"arn:aws:iam::123456789012:role/any"}}},{"k":{"StateEntered":{"class":"Task","name":"A","input":0}}},{"k":{"ActivityScheduled":{"resource":"arn:aws:states:us-east-1:123456789012:activity:approve","input":0}},"p":{"s":0,"i":1}}]}}');
INSERT INTO "record" VALUES(5,5,'',0,'{"d":[{"items": [1, 2, 3, 4]},[1,2,3,4]],"b":{"f":1,"s":0,"t":1732164462023435,"g":"5b1ae4feb3bb3651-6","w":"0a72044e4d0a415ea58f4d6b42db5cd4.4","fr":{"fl":0,"st":"M","in":0,"vi":{"e":2,"t":1732164462023435},"la":{"s":0,"i":2},"n":0,"ph":{"Forked":{"l":2,"i":0,"it":1,"e":{"s":0,"i":2}}}},"ev":[{"k":{"ExecutionStarted":{"input":0,"role_arn":"arn:aws:iam::123456789012:role/any"}}},{"k":{"StateEntered":{"class":"Map","name":"M","input":0}}},{"k":{"MapStateStarted":{"length":4}},"p":{"s":0,"i":1}}]}}');
INSERT INTO "record" VALUES(6,5,'0.1',0,'{"d":[2],"b":{"f":1,"s":0,"t":1732164462025234,"g":"5b1ae4feb3bb3651-8","w":"0a72044e4d0a415ea58f4d6b42db5cd4.5","fr":{"fl":1,"ln":{"s":"M","l":1,"o":2,"i":{"i":1,"n":4,"x":"Dispensed","v":0}},"st":"W2","in":0,"vi":{"e":5,"t":1732164462025234,"b":{"f":"0.1","s":0,"i":0}},"la":{"f":"0.1","s":0,"i":1},"n":3,"ph":{"Waiting":{"until":1732164465025234}}},"ev":[{"k":{"MapIterationStarted":{"name":"M","index":1}},"p":{"s":0,"i":2}},{"k":{"StateEntered":{"class":"Wait","name":"W2","input":0}},"p":{"f":"0.1","s":0,"i":0}}]}}');
INSERT INTO "record" VALUES(7,5,'0.0',0,'{"d":[1],"b":{"f":1,"s":0,"t":1732164462025342,"g":"5b1ae4feb3bb3651-7","w":"0a72044e4d0a415ea58f4d6b42db5cd4.6","fr":{"fl":1,"ln":{"s":"M","l":0,"o":2,"i":{"i":0,"n":4,"x":"Dispensed","v":0}},"st":"W2","in":0,"vi":{"e":5,"t":1732164462025342,"b":{"f":"0.0","s":0,"i":0}},"la":{"f":"0.0","s":0,"i":1},"n":3,"ph":{"Waiting":{"until":1732164465025342}}},"ev":[{"k":{"MapIterationStarted":{"name":"M","index":0}},"p":{"s":0,"i":2}},{"k":{"StateEntered":{"class":"Wait","name":"W2","input":0}},"p":{"f":"0.0","s":0,"i":0}}]}}');
CREATE TABLE redrive (
    execution INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    at INTEGER NOT NULL,
    deadline INTEGER
);
CREATE TABLE running (
    id TEXT PRIMARY KEY,
    execution INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO "running" VALUES('kmli4utolql4scmosfloxspnfz.0',5);
INSERT INTO "running" VALUES('wvv26sp4atpytgpgrhdnvxwbhc.0',4);
INSERT INTO "running" VALUES('y5tvrvjbhytbathpu7o5a6sven.0',3);
CREATE UNIQUE INDEX record_slot ON record (execution, frame, slot);
CREATE VIEW executions AS
    SELECT e.id, e.arn, coalesce(c.status, 'RUNNING') AS status,
           strftime('%Y-%m-%dT%H:%M:%fZ', e.started / 1e6, 'unixepoch') AS started,
           strftime('%Y-%m-%dT%H:%M:%fZ', c.stopped / 1e6, 'unixepoch') AS stopped,
           c.error, c.cause, e.input, c.output
    FROM execution e LEFT JOIN closing c ON c.execution = e.key;
CREATE VIEW journal AS
    SELECT e.id, r.frame, r.slot, r.body
    FROM record r JOIN execution e ON e.key = r.execution;
COMMIT;
