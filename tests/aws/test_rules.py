"""What AWS demands of a deployment, and no emulator enforces: rules over what SAM makes of the template."""

import json
import re

import pytest
from harness import REGION, ROOT, template
from transform import Deployment, transformed

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
    return list(deployment.of_type("AWS::IAM::ManagedPolicy"))


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
    assert set(held) == {name for name, binary in binaries.items() if binary == "mint"} | {"JetonAuthorizer", "JetonAudit"}


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


def test_a_search_of_the_dashboard_is_for_a_part_of_a_name():
    """In quotes it would be for all of it, and no function is called like the stack."""
    body = json.loads(template()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    searches = re.findall(r"SEARCH\(.*?FunctionName=(\S+?)', ", json.dumps(body).replace('\\"', '"'))
    assert searches == ["${AWS::StackName}"]


def test_one_failed_signature_in_five_minutes_is_an_alarm(deployment):
    signing = alarm(deployment, "SigningFailuresAlarm")
    assert (signing["Period"], signing["EvaluationPeriods"], signing["Threshold"]) == (300, 1, 1)


def test_an_alarm_that_a_new_stack_begins_in_says_so(deployment):
    for name, one in deployment.of_type("AWS::CloudWatch::Alarm").items():
        if one["TreatMissingData"] == "breaching":
            assert "new stack" in one["AlarmDescription"], name


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


def test_the_stack_has_room_below_what_cloudformation_takes(deployment):
    resources = transformed()["Resources"]
    assert len(resources) <= 480, len(resources)
    assert (ROOT / "template.yaml").stat().st_size < 1_000_000
