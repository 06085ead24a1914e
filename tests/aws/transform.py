"""What CloudFormation gets of the template: SAM's macro run over it, and the conditions decided for some parameters."""

import copy
import functools
import os

from harness import REGION, template

# What AWS takes for these when it deploys. Texts that no rule mistakes for a literal.
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::NoValue": None,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "jeton",
    "AWS::URLSuffix": "amazonaws.com",
}


def defaults(whole):
    """The parameters' defaults, as texts."""
    return {name: str(parameter["Default"]) for name, parameter in whole["Parameters"].items()}


@functools.cache
def transformed(**parameters):
    """The template after SAM's macro, with the conditions still in it. It is everybody's: not to be changed."""
    from samtranslator.translator.transform import transform

    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)

    whole = copy.deepcopy(template())
    whole["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
    values = defaults(whole) | parameters | {"AWS::Region": REGION, "AWS::Partition": "aws"}

    class ManagedPolicies:
        def load(self):
            return {"AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}

    return transform(whole, values, ManagedPolicies())


class Deployment:
    """The resources that a deployment with these parameters makes."""

    def __init__(self, **parameters):
        whole = transformed(**parameters)
        self.parameters = defaults(whole) | parameters
        self.conditions = whole["Conditions"]
        self.whole = whole
        kept = {name: one for name, one in whole["Resources"].items() if "Condition" not in one or self.holds(one["Condition"])}
        self.resources = {name: self.decided(resource) for name, resource in kept.items()}

    def of_type(self, kind):
        return {name: resource["Properties"] for name, resource in self.resources.items() if resource["Type"] == kind}

    def holds(self, name):
        return self.judged(self.conditions[name])

    def judged(self, condition):
        ((function, arguments),) = condition.items()
        if function == "Condition":
            return self.holds(arguments)
        if function == "Fn::Equals":
            left, right = (self.text(argument) for argument in arguments)
            return left == right
        answers = [self.judged(argument) for argument in arguments]
        return {"Fn::And": all(answers), "Fn::Or": any(answers), "Fn::Not": not answers[0]}[function]

    def text(self, value):
        """What a part of a condition comes to."""
        if not isinstance(value, dict):
            return str(value)
        ((function, argument),) = value.items()
        if function == "Ref":
            return self.parameters[argument] if argument in self.parameters else PSEUDO[argument]
        assert function == "Fn::Join", value
        separator, parts = argument
        return separator.join(self.text(part) for part in (parts if isinstance(parts, list) else [parts]))

    def decided(self, value):
        """The same with each `Fn::If` decided, and without what then has no value."""
        if isinstance(value, list):
            return [one for one in map(self.decided, value) if one is not None]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"Fn::If"}:
            name, yes, no = value["Fn::If"]
            return self.decided(yes if self.holds(name) else no)
        if value == {"Ref": "AWS::NoValue"}:
            return None
        members = {name: self.decided(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member is not None}

    def statements(self, policy):
        """The statements of a managed policy, with lists where one text would do."""
        for statement in self.resources[policy]["Properties"]["PolicyDocument"]["Statement"]:
            lists = {name: statement[name] for name in ("Action", "Resource") if name in statement}
            yield statement | {name: value if isinstance(value, list) else [value] for name, value in lists.items()}
