"""What AWS demands of a deployment, and no emulator enforces: rules over what SAM makes of the template."""

import json
import re

import pytest
from harness import REGION, ROOT, routes, run, template
from samcli.yamlhelper import yaml_parse
from transform import PSEUDO, Deployment, transformed

TABLE_KEY = f"arn:aws:kms:{REGION}:123456789012:key/5d0f28a7-0000-4000-8000-000000000000"

# Names of these are unique in an account and region, or in an account.
NAMES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Scheduler::Schedule": "Name",
}


@pytest.fixture(scope="module")
def deployment():
    """With the defaults."""
    return Deployment()


def policies(deployment):
    """Those that grant: boundaries only take away."""
    return [name for name in deployment.of_type("AWS::IAM::ManagedPolicy") if not name.endswith("Boundary")]


def test_a_second_stack_of_an_account_finds_no_name_taken(deployment):
    for name, resource in deployment.resources.items():
        given = resource.get("Properties", {}).get(NAMES.get(resource["Type"], ""))
        assert given is None or "AWS::StackName" in json.dumps(given), f"{name} is always called {given}"


def test_a_first_create_that_fails_leaves_tables_behind_instead_of_a_stack_that_cannot_be_rolled_back(deployment):
    """DynamoDB refuses to delete a protected table, so CloudFormation must not try."""
    for table in deployment.of_type("AWS::DynamoDB::Table"):
        assert deployment.resources[table]["DeletionPolicy"] == "Retain", table


@pytest.mark.parametrize("index", ["on", "off"])
def test_a_role_that_reaches_a_table_may_use_the_key_of_the_table_through_dynamodb(index):
    """DynamoDB uses a customer's key in the name of its caller."""
    reads = {"kms:Decrypt", "kms:DescribeKey"}
    writes = reads | {"kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"}
    with_key, without = Deployment(TableKeyArn=TABLE_KEY, SubjectIndex=index), Deployment(SubjectIndex=index)
    reaching = set()
    for policy in policies(with_key):
        actions = {action for statement in with_key.statements(policy) for action in statement["Action"]}
        on_tables = {action for action in actions if action.startswith("dynamodb:")}
        writes_tables = on_tables & {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
        expected = (writes if writes_tables else reads) if on_tables else set()
        of_key = [one for one in with_key.statements(policy) if one["Resource"] == [{"Ref": "TableKeyArn"}]]
        assert {action for one in of_key for action in one["Action"]} == expected, policy
        for statement in of_key:
            through = {"StringEquals": {"kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"}}}
            assert statement["Condition"] == through, policy
        if on_tables:
            reaching.add(policy)
        assert not any(one["Resource"] == [{"Ref": "TableKeyArn"}] for one in without.statements(policy)), policy
    assert len(reaching) > 20


def test_no_role_that_tags_or_names_keys_acts_on_keys_by_their_tag_or_name(deployment):
    """Else it would tag a key of others, and then destroy it or sign with it."""
    for policy in policies(deployment):
        for statement in deployment.statements(policy):
            conditions = json.dumps(statement.get("Condition", {}))
            by_mark = re.findall(r"aws:ResourceTag|kms:ResourceAliases|kms:RequestAlias", conditions)
            assert not by_mark, f"{policy}: {statement}"
            if not any(action.startswith("kms:") for action in statement["Action"]):
                continue
            if "*" in statement["Resource"]:
                assert set(statement["Action"]) <= {"kms:CreateKey", "kms:TagResource"}, f"{policy}: {statement}"
            # No key but those that the template names; the policies of signing keys say who may use them.
            assert "key/" not in json.dumps(statement["Resource"]), f"{policy}: {statement}"


def test_what_makes_keys_makes_keys_that_sign_and_gives_them_one_tag(deployment):
    makers = []
    for policy in policies(deployment):
        for statement in deployment.statements(policy):
            if "kms:CreateKey" in statement["Action"]:
                makers.append(policy)
                assert statement["Condition"]["StringEquals"]["kms:KeyUsage"] == "SIGN_VERIFY"
            if {"kms:CreateKey", "kms:TagResource"} & set(statement["Action"]):
                assert statement["Condition"]["StringEquals"]["aws:RequestTag/jeton:signing"]
                assert statement["Condition"]["ForAllValues:StringEquals"] == {"aws:TagKeys": ["jeton:signing"]}
    assert sorted(makers) == ["BootstrapperPolicy", "RotatorPolicy"]


def reserved(deployment):
    functions = deployment.of_type("AWS::Lambda::Function")
    return {name: one["ReservedConcurrentExecutions"] for name, one in functions.items() if "ReservedConcurrentExecutions" in one}


def test_what_is_reserved_at_most_leaves_an_account_the_hundred_that_aws_keeps_free(deployment):
    """And by default nothing is, so that a new account, which has ten in all, takes the stack."""
    assert reserved(deployment) == {}
    parameters = template()["Parameters"]
    names = [name for name in parameters if name.endswith("Concurrency")]
    most = {name: parameters[name]["MaxValue"] for name in names}
    held = reserved(Deployment(**{name: str(value) for name, value in most.items()}))
    assert sum(most[value["Ref"]] for value in held.values()) <= 1000 - 100
    binaries = {name: one.get("Metadata", {}).get("BuildProperties", {}).get("Binary") for name, one in template()["Resources"].items()}
    # Receivers that fetch signals take no share from tokens, and need none of their own.
    tokens = {name for name, binary in binaries.items() if binary == "mint"} - {"OauthPollSignals"}
    assert set(held) == tokens | {"JetonAuthorizer", "JetonAudit"}


def broken_rules(**parameters):
    """Which of the template's own rules these parameters break."""
    deployment = Deployment(**parameters)
    broken = []
    for name, rule in deployment.whole["Rules"].items():
        if "RuleCondition" not in rule or deployment.judged(rule["RuleCondition"]):
            broken += [name for one in rule["Assertions"] if not deployment.judged(one["Assert"])]
    return broken


@pytest.mark.parametrize(
    ("parameters", "broken"),
    [
        ({}, []),
        ({"WarmReadUnits": "12000", "WarmWriteUnits": "4000"}, []),
        ({"WarmReadUnits": "12000"}, ["WarmReadsNeedWarmWrites"]),
        ({"WarmWriteUnits": "4000"}, ["WarmWritesNeedWarmReads"]),
        ({"DomainName": "tokens.example.com"}, ["DomainNeedsCertificate"]),
    ],
)
def test_parameters_that_would_be_ignored_or_refused_later_are_refused_at_once(parameters, broken):
    assert broken_rules(**parameters) == broken


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("WarmReadUnits", ["0", "12000", "99999", "1000000"], ["1", "11999", "-12000", "012000"]),
        ("WarmWriteUnits", ["0", "4000", "12345", "1000000"], ["1", "3999", "04000"]),
    ],
)
def test_warm_units_are_none_or_as_many_as_dynamodb_takes(name, good, bad):
    pattern = template()["Parameters"][name]["AllowedPattern"]
    assert [value for value in good + bad if re.fullmatch(pattern, value)] == good


def alarm(deployment, name):
    return deployment.of_type("AWS::CloudWatch::Alarm")[name]


@pytest.mark.parametrize("index", ["on", "off"])
def test_the_alarm_on_throttles_sees_the_index_too(index):
    """A throttled index makes writes of the table fail, and is no part of the table's own metrics."""
    metrics = alarm(Deployment(SubjectIndex=index), "ThrottlesAlarm")["Metrics"]
    dimensions = [[one["Name"] for one in metric["MetricStat"]["Metric"]["Dimensions"]] for metric in metrics if "MetricStat" in metric]
    assert dimensions.count(["TableName", "GlobalSecondaryIndexName"]) == (2 if index == "on" else 0)
    ids = {metric["Id"] for metric in metrics if "MetricStat" in metric}
    (expression,) = [metric["Expression"] for metric in metrics if "Expression" in metric]
    assert set(re.findall(r"FILL\((\w+),", expression)) == ids


def test_who_is_answered_429_a_hundred_times_is_noticed(deployment):
    """Metrics of an API count them among all 4xx."""
    counted = deployment.of_type("AWS::Logs::MetricFilter")["Limited"]
    assert (counted["LogGroupName"], counted["FilterPattern"]) == ({"Ref": "AccessLogs"}, '{ $.status = "429" }')
    assert json.loads(deployment.resources["Stage"]["Properties"]["AccessLogSettings"]["Format"])["status"] == "$context.status"
    watched = alarm(deployment, "LimitedAlarm")
    assert (watched["MetricName"], watched["Threshold"]) == (counted["MetricTransformations"][0]["MetricName"], 100)


def test_a_search_of_the_dashboard_is_for_a_part_of_a_name():
    """In quotes it would be for all of it, and no function is called like the stack."""
    body = json.loads(template()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    searches = re.findall(r"SEARCH\(.*?FunctionName=(\S+?)', ", json.dumps(body).replace('\\"', '"'))
    assert searches == ["${AWS::StackName}"]


def test_one_failed_signature_in_five_minutes_is_an_alarm(deployment):
    signing = alarm(deployment, "SigningFailuresAlarm")
    assert (signing["Period"], signing["EvaluationPeriods"], signing["Threshold"]) == (300, 1, 1)


@pytest.mark.parametrize(("name", "function"), [("AuditLagAlarm", "JetonAudit"), ("StatusListLagAlarm", "JetonPublishStatusLists")])
def test_a_function_that_follows_the_streams_is_watched_for_being_behind(deployment, name, function):
    watched = alarm(deployment, name)
    assert (watched["MetricName"], watched["Dimensions"]) == ("IteratorAge", [{"Name": "FunctionName", "Value": {"Ref": function}}])
    assert (watched["Period"] * watched["EvaluationPeriods"], watched["Threshold"]) == (300, 300_000), "five minutes, in ms"
    assert {"Ref": function} in [one["FunctionName"] for one in deployment.of_type("AWS::Lambda::EventSourceMapping").values()]


def test_each_alarm_has_a_section_that_says_what_to_do(deployment):
    page = (ROOT / "docs/operate.md").read_text().split("\n## Alarms\n")[1].split("\n## ")[0]
    sections = re.split(r"\n### ", page)[1:]
    told = {section.split("\n")[0]: section for section in sections if section.split("\n")[0].endswith("Alarm")}
    assert sorted(told) == sorted(deployment.of_type("AWS::CloudWatch::Alarm"))
    for name, section in told.items():
        assert "```sh\n" in section, name
        # What its commands name is there.
        named = re.findall(r"\b(?:id|lines) ([A-Z]\w+)", section)
        assert [one for one in named if one not in deployment.resources] == [], name


def test_an_alarm_that_a_new_stack_begins_in_says_so(deployment):
    for name, one in deployment.of_type("AWS::CloudWatch::Alarm").items():
        if one["TreatMissingData"] == "breaching":
            assert "new stack" in one["AlarmDescription"], name


def test_keys_are_made_for_other_regions_only_where_that_is_asked_for():
    """KMS makes no other of a key that is there."""
    for value, multi in [("off", False), ("on", True)]:
        made = Deployment(MultiRegion=value)
        assert made.resources["EnvelopeKey"]["Properties"]["MultiRegion"] is multi
        for name in ["JetonBootstrap", "JetonRotateKeys"]:
            assert made.resources[name]["Properties"]["Environment"]["Variables"]["JETON_MULTI_REGION"] == {"Ref": "MultiRegion"}
    assert template()["Parameters"]["MultiRegion"]["Default"] == "off"


def test_keys_are_rotated_in_one_region():
    for parameters, here in [({}, True), ({"PrimaryRegion": REGION}, True), ({"PrimaryRegion": "eu-west-1"}, False)]:
        made = Deployment(**parameters)
        schedules = made.of_type("AWS::Scheduler::Schedule")
        # The other one is that of the status lists.
        assert len(schedules) == 2
        assert {schedule["State"] for schedule in schedules.values()} == {"ENABLED" if here else "DISABLED"}, parameters
        # It would go off for ever.
        assert ("RotationAlarm" in made.resources) is here, parameters


def test_lines_of_the_platform_can_be_turned_on():
    for level in ["WARN", "INFO"]:
        for name, function in Deployment(SystemLogLevel=level).of_type("AWS::Lambda::Function").items():
            assert function["LoggingConfig"]["SystemLogLevel"] == {"Ref": "SystemLogLevel"}, name
    assert template()["Parameters"]["SystemLogLevel"]["AllowedValues"] == ["WARN", "INFO"]


def test_only_apis_of_this_account_call_the_functions(deployment):
    (trust,) = deployment.resources["ApiRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    # If it says for whom: a request that doesn't would fail all.
    assert trust["Condition"] == {"StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def longest(deployment, value):
    """How many characters a value of an environment has at most."""
    whole = deployment.whole
    if isinstance(value, str):
        return len(value)
    ((function, argument),) = value.items()
    if function == "Ref":
        parameter = whole["Parameters"].get(argument, {})
        allowed = [len(str(one)) for one in parameter.get("AllowedValues", [])]
        return max(allowed, default=parameter.get("MaxLength", 100))
    if function == "Fn::Sub":
        # A stack's name has 128 characters at most; this is the longest that a policy of signing keys has room for.
        return len(re.sub(r"\$\{.*?\}", lambda one: "x" * (40 if one[0] == "${AWS::StackName}" else 12), argument))
    return 120


def test_the_environment_of_no_function_is_larger_than_lambda_takes():
    deployment = Deployment(JwksOrigins="https://idp.example.com")
    sizes = {}
    for name, function in deployment.of_type("AWS::Lambda::Function").items():
        variables = function["Environment"]["Variables"]
        sizes[name] = sum(len(key) + longest(deployment, value) for key, value in variables.items())
    assert max(sizes.values()) <= 4096, max(sizes.items(), key=lambda item: item[1])
    assert template()["Parameters"]["JwksOrigins"]["MaxLength"] == 1500


def test_the_stack_has_room_below_what_cloudformation_takes():
    """500 resources, and 300 routes in an API. A function and its role are two; docs/deploy.md and docs/operate.md tell so, and what there is
    besides."""
    resources = transformed()["Resources"]
    functions = [name for name, resource in resources.items() if resource["Type"] == "AWS::Lambda::Function"]
    assert len(resources) <= 2 * len(functions) + 131, len(resources)
    assert len(resources) <= 480, len(resources)
    assert len(routes()) <= 280, len(routes())
    assert (ROOT / "template.yaml").stat().st_size < 1_000_000


def matches(pattern, event):
    """Whether a pattern of EventBridge, which filters of Lambda have as well, matches; as far as patterns here go."""
    for name, wanted in pattern.items():
        if name == "$or":
            if not any(matches(one, event) for one in wanted):
                return False
            continue
        values = [one.get(name) for one in (event if isinstance(event, list) else [event]) if isinstance(one, dict)]
        if isinstance(wanted, dict):
            if not any(matches(wanted, value if value is not None else {}) for value in values):
                return False
        elif not any(one_of(value, wanted) for value in values or [None]):
            return False
    return True


def one_of(value, wanted):
    for want in wanted:
        if not isinstance(want, dict):
            good = value == want
        else:
            ((operator, operand),) = want.items()
            good = {
                "exists": lambda: (value is not None) == operand,
                "prefix": lambda: isinstance(value, str) and value.startswith(operand),
                "suffix": lambda: isinstance(value, str) and value.endswith(operand),
                "anything-but": lambda: value is not None and value not in operand,
            }[operator]()
        if good:
            return True
    return False


def plain(value, arns):
    """The same with each `Fn::Sub` and `Fn::GetAtt` filled in."""
    if isinstance(value, list):
        return [plain(one, arns) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Fn::Sub"}:
        return re.sub(r"\$\{(.*?)\}", lambda one: arns.get(one[1]) or PSEUDO[one[1]], value["Fn::Sub"])
    if value.keys() <= {"Fn::GetAtt", "Ref"}:
        ((_, name),) = value.items()
        name = ".".join(name) if isinstance(name, list) else name
        return arns.get(name) or PSEUDO.get(name, name)
    return {name: plain(member, arns) for name, member in value.items()}


def test_the_audit_trail_and_what_could_not_be_told_outlive_the_stack(deployment):
    for name in ["AuditLogs", "AuditFailures", "AuditFailuresPolicy"]:
        resource = deployment.resources[name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name
    assert deployment.resources["JetonAudit"]["Properties"]["LoggingConfig"]["LogGroup"] == {"Ref": "AuditLogs"}


def test_a_log_group_that_comes_late_does_not_stand_in_the_way_of_the_next_stack(deployment):
    """Only API Gateway needs a name of its kind, and it makes no group."""
    named = [name for name, group in deployment.of_type("AWS::Logs::LogGroup").items() if "LogGroupName" in group]
    assert named == ["AccessLogs"]


def test_a_function_writes_the_log_of_its_own_and_no_other_and_makes_none(deployment):
    """A boundary, since SAM gives each role the right to all of them."""
    functions = deployment.of_type("AWS::Lambda::Function")
    for name, function in functions.items():
        boundary = deployment.resources[f"{name}Role"]["Properties"]["PermissionsBoundary"]["Ref"]
        allowed, own = deployment.statements(boundary)
        assert not any(action.startswith("logs:") or action == "*" for action in allowed["Action"]), name
        assert own["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        assert own["Resource"] == [{"Fn::GetAtt": f"{function['LoggingConfig']['LogGroup']['Ref']}.Arn"}] or own["Resource"] == [
            {"Fn::GetAtt": [function["LoggingConfig"]["LogGroup"]["Ref"], "Arn"]}
        ], name
    assert [name for name, function in functions.items() if function["LoggingConfig"]["LogGroup"] == {"Ref": "AuditLogs"}] == ["JetonAudit"]


def test_a_boundary_takes_nothing_away_that_a_policy_grants(deployment):
    with_bus = Deployment(EventBusName="default")
    statements = [statement for policy in policies(with_bus) for statement in with_bus.statements(policy)]
    services = {action.split(":")[0] for statement in statements for action in statement["Action"]}
    for boundary in ["Boundary", "AuditBoundary"]:
        allowed, _ = deployment.statements(boundary)
        assert services == {action.removesuffix(":*") for action in allowed["Action"]}, boundary


def streams(deployment):
    mappings = deployment.of_type("AWS::Lambda::EventSourceMapping")
    return {name: mapping for name, mapping in mappings.items() if mapping["FunctionName"] == {"Ref": "JetonAudit"}}


def test_what_the_audit_cannot_tell_is_kept_whole_after_a_bounded_number_of_tries(deployment):
    """A queue would get the number of a record, and the stream forgets the record after a day."""
    assert len(streams(deployment)) == 2
    for name, mapping in streams(deployment).items():
        bucket = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"]
        assert bucket in ("AuditFailures.Arn", ["AuditFailures", "Arn"]), name
        assert 100 <= mapping["MaximumRetryAttempts"] <= 1000, name
        assert mapping["MetricsConfig"] == {"Metrics": ["EventCount"]}, name
    watched = alarm(deployment, "AuditFailuresAlarm")["Metrics"]
    of = [metric["MetricStat"]["Metric"] for metric in watched if "MetricStat" in metric]
    dropped = {"OnFailureDestinationDeliveredEventCount", "DroppedEventCount"}
    assert {(one["MetricName"], one["Dimensions"][0]["Value"]["Ref"]) for one in of} == {
        (metric, mapping) for metric in dropped for mapping in streams(deployment)
    }


def test_the_bucket_of_the_audit_is_encrypted_and_nobody_else_s(deployment):
    bucket = deployment.resources["AuditFailures"]["Properties"]
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True} and len(bucket["PublicAccessBlockConfiguration"]) == 4
    (deny,) = deployment.resources["AuditFailuresPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (deny["Effect"], deny["Action"], deny["Principal"]) == ("Deny", "s3:*", "*")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def record(pk, sk, name="INSERT", ttl=False):
    images = {"INSERT": ["NewImage"], "MODIFY": ["OldImage", "NewImage"], "REMOVE": ["OldImage"]}[name]
    keys = {"pk": {"S": pk}, "sk": {"S": sk}}
    user = {"userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}} if ttl else {}
    return {"eventID": "1", "eventName": name, "dynamodb": {"Keys": keys} | dict.fromkeys(images, keys)} | user


TOKEN = "t#06h06kbq3giarbfuktf39c499bgfu8k3"


@pytest.mark.parametrize(
    ("mapping", "told", "silent"),
    [
        (
            "AuditTokens",
            [
                record("1#7", TOKEN),
                record("1#7", TOKEN, "MODIFY"),
                record("1#7", TOKEN, "REMOVE"),
                record("1#7", "f#06h06kbq3giarbfuktf39c499bgfu8k3", "MODIFY"),
                record("1#0", "v#m#ann", "MODIFY"),
                record("1#0", "v#o"),
                record("1#9", "v#p#4711#ann"),
                record("1#7", "z#06h06kbq3giarbfuktf39c499bgfu8k3", "MODIFY"),
                record("1#7", "z#06h06kbq3giarbfuktf39c499bgfu8k3", "REMOVE"),
                *(record("1#7", "y#06h06kbq3giarbfuktf39c499bgfu8k3", name) for name in ["INSERT", "MODIFY", "REMOVE"]),
                *(record("1#7", "g#hash#0000000000004711", name) for name in ["INSERT", "MODIFY", "REMOVE"]),
            ],
            [
                record("1#7", TOKEN, "REMOVE", ttl=True),
                record("1#0", "v#m#ann", "REMOVE", ttl=True),
                record("1#7", "v#m#ann", "MODIFY"),
                record("1#f", "v#o"),
                record("1#7", "z#06h06kbq3giarbfuktf39c499bgfu8k3"),
                record("1#7", "z#06h06kbq3giarbfuktf39c499bgfu8k3", "REMOVE", ttl=True),
                record("1#7", "g#hash#0000000000004711", "REMOVE", ttl=True),
                record("1#7", "y#06h06kbq3giarbfuktf39c499bgfu8k3", "REMOVE", ttl=True),
                record("#y#07", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"),
                *(record("1#7", f"{kind}#x", name) for kind in "abklnru" for name in ["INSERT", "MODIFY", "REMOVE"]),
            ],
        ),
        (
            "AuditDirectory",
            [record("1", sk, name) for sk in ["o", "i", "m#ann", "c#4711"] for name in ["INSERT", "MODIFY", "REMOVE"]]
            + [record("#keys", "k", "MODIFY")],
            [record("1", "a#web"), record("1", "n#7", "MODIFY"), record("1", "s#11"), record("#4711", "c")],
        ),
    ],
)
def test_only_changes_that_are_told_wake_the_audit(deployment, mapping, told, silent):
    filters = [json.loads(one["Pattern"]) for one in streams(deployment)[mapping]["FilterCriteria"]["Filters"]]
    assert len(filters) <= 5
    assert [one for one in told if not any(matches(pattern, one) for pattern in filters)] == []
    assert [one for one in silent if any(matches(pattern, one) for pattern in filters)] == []


def revoked(one):
    """The record of a change after which the item is revoked."""
    return one | {"dynamodb": one["dynamodb"] | {"NewImage": one["dynamodb"]["NewImage"] | {"r": {"N": "1"}}}}


@pytest.mark.parametrize(
    ("mapping", "told", "silent"),
    [
        (
            "StatusTokens",
            [
                revoked(record("1#7", TOKEN, "MODIFY")),
                revoked(record("1#7", "y#06h06kbq3giarbfuktf39c499bgfu8k3", "MODIFY")),
                record("1#7", "f#06h06kbq3giarbfuktf39c499bgfu8k3", "MODIFY"),
                *(record("1#0", sk, name) for sk in ["v#m#ann", "v#o"] for name in ["INSERT", "MODIFY"]),
                record("1#9", "v#p#4711#ann"),
                *(record("1#7", f"{kind}#06h06kbq3giarbfuktf39c499bgfu8k3", "REMOVE") for kind in "tfy"),
            ],
            [
                record("1#7", TOKEN),
                record("1#7", TOKEN, "MODIFY"),
                *(record("1#7", f"{kind}#06h06kbq3giarbfuktf39c499bgfu8k3", "REMOVE", ttl=True) for kind in "tfy"),
                record("1#7", "f#06h06kbq3giarbfuktf39c499bgfu8k3"),
                record("1#f", "v#o"),
                *(record("#s", "o#1", name) for name in ["INSERT", "MODIFY"]),
                *(record("#l#7v2n3f9o1k5m8q0s4t6u7d1e3c", "l", name) for name in ["INSERT", "MODIFY"]),
                *(record("1#7", f"{kind}#x", name) for kind in "abgklnruz" for name in ["INSERT", "MODIFY", "REMOVE"]),
            ],
        ),
        (
            "StatusDirectory",
            [record("1", sk, name) for sk in ["o", "m#ann", "c#4711"] for name in ["MODIFY", "REMOVE"]],
            [record("1", sk) for sk in ["o", "i", "m#ann", "c#4711", "a#web"]] + [record("#keys", "k", "MODIFY"), record("1", "n#7", "MODIFY")],
        ),
    ],
)
def test_only_what_may_have_revoked_tokens_wakes_the_status_lists(deployment, mapping, told, silent):
    mapping = deployment.resources[mapping]["Properties"]
    assert mapping["FunctionName"] == {"Ref": "JetonPublishStatusLists"}
    filters = [json.loads(one["Pattern"]) for one in mapping["FilterCriteria"]["Filters"]]
    assert len(filters) <= 5
    assert [one for one in told if not any(matches(pattern, one) for pattern in filters)] == []
    assert [one for one in silent if any(matches(pattern, one) for pattern in filters)] == []


def test_one_of_several_regions_makes_the_status_lists():
    for primary, is_on in [("", True), (REGION, True), ("eu-west-9", False)]:
        one = Deployment(PrimaryRegion=primary)
        assert {one.resources[name]["Properties"]["Enabled"] for name in ["StatusTokens", "StatusDirectory"]} == {is_on}, primary


def test_the_bootstrap_can_be_closed_and_each_use_of_it_is_an_alarm(deployment):
    """The emulator's CloudFormation knows no reserved concurrency, and so closes nothing."""
    assert "ReservedConcurrentExecutions" not in deployment.resources["JetonBootstrap"]["Properties"]
    closed = Deployment(Bootstrap="off")
    assert closed.resources["JetonBootstrap"]["Properties"]["ReservedConcurrentExecutions"] == 0
    assert set(reserved(closed)) == {"JetonBootstrap"}
    for one in [deployment, closed]:
        metrics = [metric["MetricStat"]["Metric"] for metric in alarm(one, "BootstrapAlarm")["Metrics"] if "MetricStat" in metric]
        assert {metric["MetricName"] for metric in metrics} == {"Invocations", "Throttles"}
        assert all(metric["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "JetonBootstrap"}}] for metric in metrics)


ENVELOPE = f"arn:aws:kms:{REGION}:123456789012:key/e"


def trail(source, name, parameters, resources=(), by="198.51.100.7"):
    """An entry of CloudTrail, as EventBridge has it."""
    detail = {"eventSource": f"{source}.amazonaws.com", "eventName": name, "requestParameters": parameters, "sourceIPAddress": by}
    detail |= {"resources": [{"ARN": arn} for arn in resources]} if resources else {}
    return {"source": f"aws.{source}", "detail-type": "AWS API Call via CloudTrail", "detail": detail}


def test_what_opens_the_keys_to_others_is_told_to_the_topic():
    other = f"arn:aws:kms:{REGION}:123456789012:key/other"
    topic = f"arn:aws:sns:{REGION}:123456789012:alarms"
    (watch,) = Deployment(AlarmTopicArn=topic).of_type("AWS::Events::Rule").values()
    assert [target["Arn"] for target in watch["Targets"]] == [{"Ref": "AlarmTopicArn"}]
    pattern = plain(watch["EventPattern"], {"EnvelopeKey.Arn": ENVELOPE})
    told = [
        trail("iam", "CreateRole", {"path": "/jeton/mint/", "roleName": "x"}),
        trail("iam", "CreateRole", {"path": "/jeton/mint/keys/", "roleName": "x"}),
        trail("iam", "UpdateAssumeRolePolicy", {"roleName": "jeton-OauthTokenRole-1"}),
        trail("kms", "PutKeyPolicy", {"keyId": "e"}, [ENVELOPE]),
        trail("kms", "DisableKey", {"keyId": "other"}, [other]),
        trail("kms", "ScheduleKeyDeletion", {"keyId": ENVELOPE}, [ENVELOPE]),
        trail("lambda", "UpdateFunctionCode20150331v2", {"functionName": "jeton_OauthToken"}),
        trail("lambda", "UpdateFunctionCode20150331v2", {"functionName": f"arn:aws:lambda:{REGION}:123456789012:function:jeton_OauthToken"}),
        trail("lambda", "UpdateFunctionCode20150331v2", {"functionName": "jeton-JetonAudit-1"}),
        trail("lambda", "UpdateFunctionCode20150331v2", {"functionName": f"arn:aws:lambda:{REGION}:123456789012:function:jeton-JetonAudit-1"}),
    ]
    silent = [
        trail("iam", "CreateRole", {"path": "/", "roleName": "x"}),
        trail("iam", "CreateRole", {"path": "/jetons/mint/", "roleName": "x"}),
        # The rotation's own.
        trail("kms", "ScheduleKeyDeletion", {"keyId": "other"}, [other]),
        trail("kms", "Sign", {"keyId": "other"}, [other]),
        trail("lambda", "UpdateFunctionCode20150331v2", {"functionName": "shop-Orders-1"}),
        # A deployment.
        trail("lambda", "UpdateFunctionCode20150331v2", {"functionName": "jeton_OauthToken"}, by="cloudformation.amazonaws.com"),
    ]
    assert [event for event in told if not matches(pattern, event)] == []
    assert [event for event in silent if matches(pattern, event)] == []
    assert Deployment().of_type("AWS::Events::Rule") == {}


MTLS = {
    "MtlsDomainName": "mtls.example.com",
    "MtlsCertificateArn": f"arn:aws:acm:{REGION}:123456789012:certificate/m",
    "TruststoreUri": "s3://trust/store.pem",
}
DOMAIN = {"DomainName": "tokens.example.com", "CertificateArn": f"arn:aws:acm:{REGION}:123456789012:certificate/c"}


@pytest.mark.parametrize("version", ["", "v1"])
def test_clients_with_certificates_get_a_domain_of_theirs_on_the_same_api(deployment, version):
    both = Deployment(**DOMAIN, **MTLS, TruststoreVersion=version)
    domains = both.of_type("AWS::ApiGatewayV2::DomainName")
    assert "MutualTlsAuthentication" not in domains["Domain"]
    trusted = {"TruststoreUri": {"Ref": "TruststoreUri"}} | ({"TruststoreVersion": {"Ref": "TruststoreVersion"}} if version else {})
    assert domains["MtlsDomain"]["MutualTlsAuthentication"] == trusted
    mappings = both.of_type("AWS::ApiGatewayV2::ApiMapping").values()
    assert {(mapping["ApiId"]["Ref"], mapping["DomainName"]["Ref"]) for mapping in mappings} == {("Api", "Domain"), ("Api", "MtlsDomain")}
    for name in ["OauthMetadata", "OauthOpenidConfiguration"]:
        variables = both.resources[name]["Properties"]["Environment"]["Variables"]
        assert variables["JETON_CLIENT_CERTIFICATES"] == "on"
    assert deployment.of_type("AWS::ApiGatewayV2::DomainName") == {}


def test_the_default_endpoint_is_open_unless_it_is_turned_off(deployment):
    for parameters, disabled in [({}, False), (DOMAIN | {"DisableDefaultEndpoint": "on"}, True)]:
        body = Deployment(**parameters).resources["Api"]["Properties"]["Body"]
        assert body["x-amazon-apigateway-endpoint-configuration"] == {"disableExecuteApiEndpoint": disabled}
    assert broken_rules(DisableDefaultEndpoint="on") == ["OneDoorNeedsDomain"]
    assert broken_rules(DisableDefaultEndpoint="on", **DOMAIN) == []


def test_a_domain_with_mutual_tls_needs_its_certificate_and_a_truststore():
    assert broken_rules(MtlsDomainName="mtls.example.com") == ["MtlsDomainNeedsCertificateAndTruststore"] * 2
    assert broken_rules(**MTLS) == []


def test_routes_that_may_sign_can_have_a_limit_of_their_own(deployment):
    assert "RouteSettings" not in deployment.resources["Stage"]["Properties"]
    limited = Deployment(TokenRateLimit="100").resources["Stage"]["Properties"]
    binaries = {name: one.get("Metadata", {}).get("BuildProperties", {}).get("Binary") for name, one in template()["Resources"].items()}
    assert set(limited["RouteSettings"]) == {key for key, function in routes().items() if binaries[function] == "mint"}


def test_the_api_can_be_made_before_the_functions_that_its_document_names(deployment):
    """They know its address. So it names them, and API Gateway calls them, by names that are known beforehand, and that only they have."""
    functions, api = deployment.of_type("AWS::Lambda::Function"), deployment.resources["Api"]["Properties"]
    text = json.dumps([api, deployment.resources["ApiRole"]])
    assert [name for name in functions if f'"{name}.' in text or f'"{name}"' in text or f"${{{name}" in text] == []
    called = set(routes().values())
    assert {name: one.get("FunctionName") for name, one in functions.items()} == {
        name: {"Fn::Sub": f"${{AWS::StackName}}_{name}"} if name in called else None for name in functions
    }
    (allowed,) = deployment.resources["ApiRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    name = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}_*"
    assert (allowed["Action"], allowed["Resource"]) == ("lambda:InvokeFunction", {"Fn::Sub": name})
    # A name has 64 characters at most. The documents say so of the stack's.
    longest = 64 - 1 - max(map(len, called))
    assert f"at most {longest} characters" in (ROOT / "docs/deploy.md").read_text()


def test_traces_and_metrics_of_routes_are_off_until_they_are_asked_for(deployment):
    assert deployment.resources["Stage"]["Properties"]["DefaultRouteSettings"]["DetailedMetricsEnabled"] == {"Ref": "DetailedMetrics"}
    assert template()["Parameters"]["DetailedMetrics"]["Default"] == "false"
    for one, mode in [(deployment, "PassThrough"), (Deployment(Tracing="on"), "Active")]:
        assert {function["TracingConfig"]["Mode"] for function in one.of_type("AWS::Lambda::Function").values()} == {mode}
        for boundary in ["Boundary", "AuditBoundary"]:
            allowed, _ = one.statements(boundary)
            assert ("xray:*" in allowed["Action"]) == (mode == "Active"), boundary


def test_what_stands_before_the_api_caches_documents_only_and_passes_all_else_on():
    made = yaml_parse((ROOT / "deploy/cloudfront.yaml").read_text())
    outputs = template()["Outputs"]
    host = made["Resources"]["Distribution"]["Properties"]["DistributionConfig"]["Origins"][0]["DomainName"]["Fn::If"][2]
    exported = outputs["ApiHost"]["Export"]["Name"]["Fn::Sub"]
    assert host["Fn::ImportValue"]["Fn::Sub"] == exported.replace("AWS::StackName", "StackName")
    distribution = made["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    assert set(distribution["DefaultCacheBehavior"]["AllowedMethods"]) >= {"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"}
    # The managed policies CachingDisabled and AllViewerExceptHostHeader.
    assert distribution["DefaultCacheBehavior"]["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    cached = [one["PathPattern"] for one in distribution["CacheBehaviors"]]
    assert cached == ["/.well-known/*", "/v1/tokens/jwsk", "/openapi.json", "/status/*"]
    run("cfn-lint", "--regions", "us-east-1", "--", ROOT / "deploy/cloudfront.yaml")
