"""A deployed stack, and what is asked of it."""

import base64
import json
import re
import time

from harness import REGION, Api, emulated, environment, prebuilt, run, template, write


class Stack:
    """A deployed stack."""

    def __init__(self, aws, name, folder, bundles=None, kind=".zip", whole=None, **parameters):
        self.aws, self.name = aws, name
        self.parameters = {"Architecture": "x86_64"} | parameters
        whole = whole or prebuilt(template(), bundles, kind)
        self.document = whole["Resources"]["Api"]["Properties"]["Body"]
        self.template = write(emulated(whole), folder)
        begun = time.monotonic()
        self.deploy()
        self.import_routes()
        self.seconds = time.monotonic() - begun
        stack = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        self.api = Api(aws.port, self.outputs["ApiUrl"].removeprefix("http://"))

    def deploy(self, **parameters):
        self.parameters |= parameters
        overrides = [f"{name}={value}" for name, value in self.parameters.items()]
        command = ["sam", "deploy", "--template-file", self.template, "--stack-name", self.name, "--no-confirm-changeset"]
        env = environment(**self.aws.credentials)
        run(*command, "--parameter-overrides", *overrides, env=env, cwd=self.template.parent)

    def import_routes(self):
        """Makes a route and an integration of each method in the document of the API, as API Gateway does when it imports it. The emulator
        doesn't, and takes no more resources in a stack than AWS, so they aren't in the template either."""
        gateway, role = self.aws.client("apigatewayv2"), self.aws.client("iam").get_role(RoleName=self.resource("ApiRole"))["Role"]["Arn"]
        known = {"AWS::StackName": self.name, "AWS::Region": REGION, "AWS::Partition": "aws", "AWS::AccountId": role.split(":")[4]}
        api = self.resource("Api")
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                made = operation["x-amazon-apigateway-integration"]
                uri = re.sub(r"\$\{(.+?)\}", lambda name: known[name[1]], made["uri"]["Fn::Sub"])
                settings = {"IntegrationType": made["type"].upper(), "IntegrationMethod": made["httpMethod"], "CredentialsArn": role}
                settings["PayloadFormatVersion"] = made["payloadFormatVersion"]
                integration = gateway.create_integration(ApiId=api, IntegrationUri=uri, **settings)["IntegrationId"]
                key = path if path == "$default" else f"{method.upper()} {path}"
                gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{integration}")

    def resource(self, logical_id):
        """The name of a resource."""
        resource = self.aws.client("cloudformation").describe_stack_resource(StackName=self.name, LogicalResourceId=logical_id)
        return resource["StackResourceDetail"]["PhysicalResourceId"]

    def function(self, logical_id):
        """What Lambda knows of a function."""
        return self.aws.client("lambda").get_function_configuration(FunctionName=self.resource(logical_id))

    def variables(self, logical_id):
        """What a function is told."""
        return self.function(logical_id)["Environment"]["Variables"]

    def invoke(self, output, event):
        """What a function answers to who has rights of IAM."""
        answer = self.aws.client("lambda").invoke(FunctionName=self.outputs[output], Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload


def mint(api, admin, **more):
    """A token for the administrator, or for whom is asked."""
    request = {"sub": "administrator", "org": "1", "audiences": ["urn:acme:files"], "time_validity": {"duration": 600}} | more
    return api.post("/v1/tokens", request, admin).json(201)


def introspect(api, token):
    return api.post("/v1/tokens/introspect", {"token": token})


def part(token, index):
    """The header of a token, 0, or its claims, 1."""
    text = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
