//! The code and `template.yaml` say the same: what there is, where it is found, what it may do, what it is told, what it stands on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use shared::platform::Operations;
use shared::ports::Access;
use shared::store::dynamodb::{BY_SUBJECT, BY_SUBJECT_KEY, KEY, KeySchema, TTL};

use crate::support::template::{Template, logical_id};

/// A function as the code has it.
struct Function {
    name: &'static str,
    bundle: &'static str,
    capability: &'static str,
    access: Access,
    /// `None`: nobody calls it over HTTP.
    route_key: Option<String>,
}

/// All of them.
fn functions() -> Vec<Function> {
    let endpoints =
        [("public", functions::public::<Operations>()), ("records", functions::records()), ("mint", functions::mint())];
    let operations = [("records", functions::records_operations::<Operations>()), ("operate", functions::operate())];
    let endpoints = endpoints.into_iter().flat_map(|(bundle, entries)| {
        entries.into_iter().map(move |entry| Function {
            name: entry.route.name,
            bundle,
            capability: entry.capability,
            access: entry.access,
            route_key: Some(format!("{} {}", entry.route.method, entry.route.path)),
        })
    });
    let operations = operations.into_iter().flat_map(|(bundle, entries)| {
        entries.into_iter().map(move |entry| Function {
            name: entry.name,
            bundle,
            capability: entry.capability,
            access: entry.access,
            route_key: None,
        })
    });
    endpoints.chain(operations).collect()
}

fn source(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).expect(path)
}

#[test]
fn each_function_is_deployed_once_under_an_id_that_follows_from_its_name() {
    let template = Template::load();
    let handler = |function: &Value| function["Properties"]["Handler"].as_str().expect("a handler").to_owned();
    let deployed: BTreeMap<String, String> = template.functions().map(|(id, f)| (id.to_owned(), handler(f))).collect();
    let built = functions().into_iter().map(|function| (logical_id(function.name), function.name.to_owned())).collect();
    assert_eq!(deployed, built);
}

#[test]
fn each_function_is_built_as_its_bundle() {
    let template = Template::load();
    assert_eq!(template.at("/Globals/Function/CodeUri"), "functions/");
    for function in functions() {
        let resource = template.at(&format!("/Resources/{}", logical_id(function.name)));
        let expected = json!({"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": function.bundle}});
        assert_eq!(resource["Metadata"], expected, "{}", function.name);
        assert_eq!(resource["Properties"].get("CodeUri"), None, "{}", function.name);
    }
}

/// `sam build` can't name a profile, so its settings are in the manifest of the bundles, too.
#[test]
fn what_is_built_for_deployment_is_the_profile_lambda() {
    let workspace = source("Cargo.toml");
    let profile = workspace.split("[profile.lambda]").nth(1).expect("the profile");
    let of_profile: BTreeSet<String> = profile
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter(|line| line.contains('=') && !line.starts_with("inherits"))
        .map(|line| format!("profile.release.{line}"))
        .collect();
    let manifest = source("functions/Cargo.toml");
    let list = manifest.split("config = [").nth(1).and_then(|rest| rest.split(']').next()).expect("the settings");
    let built: BTreeSet<String> = list.lines().filter_map(|line| line.split('\'').nth(1)).map(str::to_owned).collect();
    assert_eq!(built, of_profile);
    assert!(of_profile.contains("profile.release.panic = \"unwind\""));
}

#[test]
fn each_route_leads_to_its_function_and_there_is_no_other() {
    let template = Template::load();
    let (mut routes, mut integrations, mut invoked) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
    for function in functions() {
        let Some(route_key) = function.route_key else { continue };
        let id = logical_id(function.name);
        let target = json!({"Fn::Sub": format!("integrations/${{{id}Integration}}")});
        routes.insert(format!("{id}Route"), json!({"ApiId": {"Ref": "Api"}, "RouteKey": route_key, "Target": target}));
        let integration = json!({
            "ApiId": {"Ref": "Api"},
            "CredentialsArn": {"Fn::GetAtt": "ApiRole.Arn"},
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": {"Fn::GetAtt": format!("{id}.Arn")},
            "PayloadFormatVersion": "2.0",
        });
        integrations.insert(format!("{id}Integration"), integration);
        invoked.insert(format!("{id}.Arn"));
    }
    let deployed = |kind| -> BTreeMap<String, Value> {
        template.of_type(kind).map(|(id, resource)| (id.to_owned(), resource["Properties"].clone())).collect()
    };
    assert_eq!(deployed("AWS::ApiGatewayV2::Route"), routes);
    assert_eq!(deployed("AWS::ApiGatewayV2::Integration"), integrations);

    let statement = template.at("/Resources/ApiRole/Properties/Policies/0/PolicyDocument/Statement/0");
    assert_eq!(statement["Action"], "lambda:InvokeFunction");
    let allowed = statement["Resource"].as_array().expect("a list");
    assert_eq!(allowed.len(), invoked.len());
    assert_eq!(
        allowed.iter().map(|arn| arn["Fn::GetAtt"].as_str().expect("an ARN").to_owned()).collect::<BTreeSet<_>>(),
        invoked
    );
}

#[test]
fn each_function_has_the_policy_of_its_capability_and_no_other() {
    let template = Template::load();
    for function in functions() {
        let properties = template.properties(&logical_id(function.name));
        let expected = (function.access != Access::NONE).then(|| json!([{"Ref": format!("{}Policy", function.capability)}]));
        assert_eq!(properties.get("Policies"), expected.as_ref(), "{}", function.name);
        assert_eq!(properties.get("Role"), None, "{}", function.name);
        assert_eq!(properties.get("RolePath"), role_path(&function.access).as_ref(), "{}", function.name);
    }
}

/// Where key policies look for who may sign, and who may make keys.
fn role_path(access: &Access) -> Option<Value> {
    let path = match (access.signing_key.is_empty(), access.key_making.is_empty()) {
        (false, true) => "mint",
        (true, false) => "keys",
        (false, false) => "mint/keys",
        (true, true) => return None,
    };
    Some(json!({"Fn::Sub": format!("/${{AWS::StackName}}/{path}/")}))
}

#[test]
fn each_policy_grants_what_its_capability_needs_to_the_letter() {
    let template = Template::load();
    let mut needed: BTreeMap<String, Grants> = BTreeMap::new();
    for function in functions().iter().filter(|function| function.access != Access::NONE) {
        needed.insert(format!("{}Policy", function.capability), needs(&function.access));
    }
    let policies = template.of_type("AWS::IAM::ManagedPolicy");
    let granted: BTreeMap<String, Grants> = policies.map(|(id, policy)| (id.to_owned(), grants(policy))).collect();
    assert_eq!(granted, needed);
}

/// Actions, each with what it is granted on.
type Grants = BTreeSet<(String, String)>;

fn needs(access: &Access) -> Grants {
    let on = |what: &'static str, prefix: &'static str, actions: &'static [&'static str]| {
        actions.iter().map(move |action| (format!("{prefix}:{action}"), what.to_owned()))
    };
    let mut grants: Grants = on("tokens", "dynamodb", access.tokens)
        .chain(on("by_subject", "dynamodb", access.by_subject))
        .chain(on("directory", "dynamodb", access.directory))
        .chain(on("signing keys", "kms", access.signing_key))
        .chain(on("envelope key", "kms", access.envelope_key))
        .collect();
    for action in access.key_making {
        let places: &[&str] = match *action {
            // There is no key yet.
            "CreateKey" | "TagResource" => &["new keys"],
            "CreateAlias" | "DeleteAlias" => &["own keys", "aliases"],
            _ => &["own keys"],
        };
        grants.extend(places.iter().map(|place| (format!("kms:{action}"), (*place).to_owned())));
    }
    grants
}

fn grants(policy: &Value) -> Grants {
    let statements = policy["Properties"]["PolicyDocument"]["Statement"].as_array().expect("statements");
    statements
        .iter()
        .flat_map(|statement| {
            assert_eq!(statement["Effect"], "Allow");
            let actions = statement["Action"].as_array().expect("a list");
            actions.iter().map(|action| (action.as_str().expect("an action").to_owned(), place(statement)))
        })
        .collect()
}

/// What a statement is about.
fn place(statement: &Value) -> String {
    const KMS: &str = "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}";
    let any_key = json!({"Fn::Sub": format!("{KMS}:key/*")});
    let own = json!({"Fn::Sub": "alias/${AWS::StackName}/signing"});
    let by_alias = json!({"ForAnyValue:StringLike": {"kms:ResourceAliases": {"Fn::Sub": "alias/${AWS::StackName}/signing/*"}}});
    let places = [
        ("tokens", json!({"Fn::GetAtt": "Tokens.Arn"}), Value::Null),
        ("by_subject", json!({"Fn::Sub": format!("${{Tokens.Arn}}/index/{BY_SUBJECT}")}), Value::Null),
        ("directory", json!({"Fn::GetAtt": "Directory.Arn"}), Value::Null),
        ("signing keys", any_key.clone(), by_alias),
        ("envelope key", json!({"Fn::GetAtt": "EnvelopeKey.Arn"}), Value::Null),
        ("new keys", json!("*"), json!({"StringEquals": {"aws:RequestTag/jeton:signing": own}})),
        ("own keys", any_key, json!({"StringEquals": {"aws:ResourceTag/jeton:signing": own}})),
        ("aliases", json!({"Fn::Sub": format!("{KMS}:alias/${{AWS::StackName}}/signing/*")}), Value::Null),
    ];
    let matching = |(_, resource, condition): &&(&str, Value, Value)| {
        statement["Resource"] == *resource && statement.get("Condition").unwrap_or(&Value::Null) == condition
    };
    let place = places.iter().find(matching).unwrap_or_else(|| panic!("nothing that a capability names: {statement}"));
    place.0.to_owned()
}

/// Only roles under a path may use a key: those of functions that mint, and those of functions that make keys.
#[test]
fn key_policies_let_only_functions_that_mint_sign_and_decrypt() {
    let template = Template::load();
    let role = |path: &str| format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/${{AWS::StackName}}/{path}/*");
    let (mint, makers) = (json!(role("mint")), json!([role("keys"), role("mint/keys")]));
    let generate = ["kms:GenerateDataKeyPairWithoutPlaintext", "kms:GenerateDataKeyWithoutPlaintext"];
    let manage = ["kms:CreateAlias", "kms:DeleteAlias", "kms:GetPublicKey", "kms:ScheduleKeyDeletion"];

    let envelope = plain(template.at("/Resources/EnvelopeKey/Properties/KeyPolicy"));
    assert_eq!(uses(&envelope), [(json!("kms:Decrypt"), mint.clone()), (json!(generate), makers.clone())]);
    for statement in &envelope["Statement"].as_array().expect("statements")[1..] {
        assert_eq!(statement["Condition"]["StringEquals"], json!({"kms:EncryptionContext:service": "jeton"}));
    }

    let text = |id: &str| template.properties(id)["Environment"]["Variables"]["JETON_SIGNING_KEY_POLICY"]["Fn::Sub"].clone();
    assert_eq!(text("JetonBootstrap"), text("JetonRotateKeys"));
    let signing: Value = serde_json::from_str(text("JetonRotateKeys").as_str().expect("a text")).expect("JSON");
    assert_eq!(uses(&signing), [(json!("kms:Sign"), mint), (json!(manage), makers)]);
    for statement in &signing["Statement"].as_array().expect("statements")[1..] {
        assert_eq!(statement["Condition"]["StringEquals"], json!({"aws:PrincipalAccount": "${AWS::AccountId}"}));
    }
}

/// What a key policy allows besides administration, and to whom. Administration uses no key.
fn uses(policy: &Value) -> Vec<(Value, Value)> {
    let statements = policy["Statement"].as_array().expect("statements");
    assert_eq!(statements[0]["Sid"], "Administer");
    for action in statements[0]["Action"].as_array().expect("a list") {
        let action = action.as_str().expect("an action");
        let name = action.strip_prefix("kms:").expect("an action of KMS");
        let harmless = [
            "Cancel",
            "CreateAlias",
            "DeleteAlias",
            "Describe",
            "Disable",
            "Enable",
            "Get",
            "List",
            "PutKeyPolicy",
            "RevokeGrant",
            "ScheduleKeyDeletion",
            "TagResource",
            "UntagResource",
            "Update",
        ];
        assert!(harmless.iter().any(|begin| name.starts_with(begin)), "{action}");
    }
    let condition = |statement: &Value| statement["Condition"]["ArnLike"]["aws:PrincipalArn"].clone();
    statements[1..].iter().map(|statement| (statement["Action"].clone(), condition(statement))).collect()
}

/// The same without `Fn::Sub`: as JSON that is one text for `Fn::Sub`.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) if members.contains_key("Fn::Sub") => members["Fn::Sub"].clone(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}

#[test]
fn the_tables_are_keyed_as_the_store_has_them() {
    let template = Template::load();
    let (tokens, directory) = (template.properties("Tokens"), template.properties("Directory"));
    for table in [tokens, directory] {
        assert_eq!(table["KeySchema"], schema(KEY));
        assert_eq!(table["AttributeDefinitions"][0], a_text(KEY.partition));
        assert_eq!(table["AttributeDefinitions"][1], a_text(KEY.sort));
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    }
    assert_eq!(tokens["TimeToLiveSpecification"], json!({"AttributeName": TTL, "Enabled": true}));
    assert_eq!(directory.get("TimeToLiveSpecification"), None);
    assert_eq!(tokens["StreamSpecification"], json!({"StreamViewType": "NEW_AND_OLD_IMAGES"}));
    assert_eq!(directory["PointInTimeRecoverySpecification"], json!({"PointInTimeRecoveryEnabled": true}));

    let index = &tokens["GlobalSecondaryIndexes"]["Fn::If"];
    assert_eq!(index[0], "HasSubjectIndex");
    assert_eq!(index[1][0]["IndexName"], BY_SUBJECT);
    assert_eq!(index[1][0]["KeySchema"], schema(BY_SUBJECT_KEY));
    assert_eq!(index[1][0]["Projection"], json!({"ProjectionType": "ALL"}));
    let attribute = json!({"Fn::If": ["HasSubjectIndex", a_text(BY_SUBJECT_KEY.partition), {"Ref": "AWS::NoValue"}]});
    assert_eq!(tokens["AttributeDefinitions"][2], attribute);
    assert_eq!(*template.at("/Conditions/HasSubjectIndex"), json!({"Fn::Equals": [{"Ref": "SubjectIndex"}, "on"]}));
}

fn schema(key: KeySchema) -> Value {
    json!([
        {"AttributeName": key.partition, "KeyType": "HASH"},
        {"AttributeName": key.sort, "KeyType": "RANGE"},
    ])
}

fn a_text(name: &str) -> Value {
    json!({"AttributeName": name, "AttributeType": "S"})
}

/// Deleting the stack, or a change that replaces them, keeps what can't be made again.
#[test]
fn what_is_lost_with_its_resource_is_retained() {
    let template = Template::load();
    for id in ["Tokens", "Directory", "EnvelopeKey"] {
        let resource = template.at(&format!("/Resources/{id}"));
        assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate", "{id}");
        assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{id}");
    }
}

#[test]
fn functions_are_told_what_the_configuration_reads_and_nothing_else() {
    let template = Template::load();
    let variables = |value: &Value| value.as_object().expect("variables").keys().cloned().collect::<Vec<_>>();
    let mut told: BTreeSet<String> = variables(template.at("/Globals/Function/Environment/Variables")).into_iter().collect();
    for (_, function) in template.functions() {
        if let Some(environment) = function["Properties"].get("Environment") {
            told.extend(variables(&environment["Variables"]));
        }
    }
    let config = source("shared/src/config.rs");
    let config = config.split("#[cfg(test)]").next().expect("code");
    let read: BTreeSet<String> = config.split('"').filter(|text| text.starts_with("JETON_")).map(str::to_owned).collect();
    assert_eq!(told, read);
}

/// CloudFormation takes 500 resources in a stack, and 10,240 characters of policies in a role.
#[test]
fn seventy_endpoints_stay_far_below_the_limits_of_a_stack() {
    const ENDPOINTS: usize = 70;
    let template = Template::load();
    let routes = template.of_type("AWS::ApiGatewayV2::Route").count();
    // SAM adds a role to each function, and a role and a schedule to each event.
    let events = template.functions().filter_map(|(_, function)| function["Properties"].get("Events"));
    let events: usize = events.map(|events| events.as_object().expect("events").len()).sum();
    let resources = template.at("/Resources").as_object().expect("resources").len() + template.functions().count() + 2 * events;
    let per_endpoint = 4;
    let without_endpoints = resources - routes * per_endpoint;
    let then = without_endpoints + ENDPOINTS * per_endpoint;
    assert!(then < 400, "{resources} now, {then} with {ENDPOINTS} endpoints");

    let longest_arn = "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:".len() + 64 + 3;
    assert!(ENDPOINTS * longest_arn + 500 < 10_240);
}
