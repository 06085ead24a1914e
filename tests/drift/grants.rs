//! Policies grant what the code needs, and keys let nobody else use them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::platform::capabilities::AwsAccess;
use shared::store::dynamodb::BY_SUBJECT;

use super::{functions, source};
use crate::support::template::Template;

#[test]
fn each_policy_grants_what_its_capability_needs_to_the_letter() {
    let template = Template::load();
    let mut needed: BTreeMap<String, Grants> = BTreeMap::new();
    for function in functions().iter().filter(|function| function.access != AwsAccess::NONE) {
        needed.insert(format!("{}Policy", function.capability), needs(&function.access));
    }
    // A boundary grants nothing.
    let policies = template.of_type("AWS::IAM::ManagedPolicy").filter(|(id, _)| !id.ends_with("Boundary"));
    let granted: BTreeMap<String, Grants> = policies.map(|(id, policy)| (id.to_owned(), grants(policy))).collect();
    assert_eq!(granted, needed);
}

/// Actions, each with what it is granted on.
type Grants = BTreeSet<(String, String)>;

fn needs(access: &AwsAccess) -> Grants {
    let on = |what: &'static str, prefix: &'static str, actions: &'static [&'static str]| {
        actions.iter().map(move |action| (format!("{prefix}:{action}"), what.to_owned()))
    };
    let mut grants: Grants = on("tokens", "dynamodb", access.tokens)
        .chain(on("by_subject", "dynamodb", access.by_subject))
        .chain(on("directory", "dynamodb", access.directory))
        .chain(on("envelope key", "kms", access.envelope_key))
        .chain(on("streams", "dynamodb", access.streams))
        .chain(on("event bus", "events", access.event_bus))
        .chain(on("batches", "sqs", access.queue))
        .chain(on("signals", "sqs", access.signal_queue))
        .chain(on("pushes", "sqs", access.push_queue))
        .collect();
    if !access.event_bus.is_empty() {
        // Not the code's: Lambda leaves there in the function's name what can't be told. Status lists find in their rounds what they missed.
        let left = [("s3:ListBucket", "bucket of failures"), ("s3:PutObject", "its objects")];
        grants.extend(left.map(|(action, place)| (action.to_owned(), place.to_owned())));
    }
    for action in access.key_making {
        let place = match *action {
            // There is no key yet.
            "CreateKey" => "new keys",
            "TagResource" => "tags",
            "CreateAlias" | "DeleteAlias" => "aliases",
            // What is done with a signing key, the key's own policy says.
            _ => continue,
        };
        grants.insert((format!("kms:{action}"), place.to_owned()));
    }
    // DynamoDB uses the key of a table in the name of its caller.
    let writes = ["PutItem", "UpdateItem", "DeleteItem"];
    let is_write = access.tokens.iter().chain(access.directory).any(|action| writes.contains(action));
    let reaches_tables = [access.tokens, access.by_subject, access.directory, access.streams].iter().any(|list| !list.is_empty());
    let reading = reaches_tables.then_some(["kms:Decrypt", "kms:DescribeKey"]);
    let writing = is_write.then_some(["kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]);
    let with_key = reading.into_iter().flatten().chain(writing.into_iter().flatten());
    grants.extend(with_key.map(|action| (action.to_owned(), "table key".to_owned())));
    grants
}

fn grants(policy: &Value) -> Grants {
    let statements = policy["Properties"]["PolicyDocument"]["Statement"].as_array().expect("statements");
    statements
        .iter()
        .flat_map(|statement| {
            // Some of them are there if there is a bus, or a key for the tables.
            let statement = statement.pointer("/Fn::If/1").unwrap_or(statement);
            assert_eq!(statement["Effect"], "Allow");
            let actions = statement["Action"].as_array().expect("a list");
            actions.iter().map(|action| (action.as_str().expect("an action").to_owned(), place(statement)))
        })
        .collect()
}

/// What a statement is about.
fn place(statement: &Value) -> String {
    const KMS: &str = "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}";
    let own = json!({"Fn::Sub": "alias/${AWS::StackName}/signing"});
    let one_tag = json!({"aws:TagKeys": ["jeton:signing"]});
    let signs = json!({"aws:RequestTag/jeton:signing": own, "kms:KeyUsage": "SIGN_VERIFY"});
    let by_dynamodb = json!({"StringEquals": {"kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"}}});
    let places = [
        ("tokens", json!({"Fn::GetAtt": "Tokens.Arn"}), Value::Null),
        ("by_subject", json!({"Fn::Sub": format!("${{Tokens.Arn}}/index/{BY_SUBJECT}")}), Value::Null),
        ("directory", json!({"Fn::GetAtt": "Directory.Arn"}), Value::Null),
        ("directory", json!({"Fn::GetAtt": "Directory.Arn"}), uses_of_secrets()),
        ("directory", json!({"Fn::GetAtt": "Directory.Arn"}), event_streams_alone()),
        ("directory", json!({"Fn::GetAtt": "Directory.Arn"}), names_of_streams()),
        ("envelope key", json!({"Fn::GetAtt": "EnvelopeKey.Arn"}), Value::Null),
        ("streams", json!([{"Fn::GetAtt": "Tokens.StreamArn"}, {"Fn::GetAtt": "Directory.StreamArn"}]), Value::Null),
        (
            "event bus",
            json!({"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${EventBusName}"}),
            Value::Null,
        ),
        ("bucket of failures", json!({"Fn::GetAtt": "AuditFailures.Arn"}), Value::Null),
        ("its objects", json!({"Fn::Sub": "${AuditFailures.Arn}/*"}), Value::Null),
        ("batches", json!({"Fn::GetAtt": "Batches.Arn"}), Value::Null),
        ("signals", json!({"Fn::GetAtt": "Signals.Arn"}), Value::Null),
        ("pushes", json!({"Fn::GetAtt": "Pushes.Arn"}), Value::Null),
        ("table key", json!({"Ref": "TableKeyArn"}), by_dynamodb),
        ("new keys", json!("*"), json!({"StringEquals": signs, "ForAllValues:StringEquals": one_tag})),
        (
            "tags",
            json!("*"),
            json!({"StringEquals": {"aws:RequestTag/jeton:signing": own}, "ForAllValues:StringEquals": one_tag}),
        ),
        ("aliases", json!({"Fn::Sub": format!("{KMS}:alias/${{AWS::StackName}}/signing/*")}), Value::Null),
    ];
    let matching = |(_, resource, condition): &&(&str, Value, Value)| {
        statement["Resource"] == *resource && statement.get("Condition").unwrap_or(&Value::Null) == condition
    };
    let place = places.iter().find(matching).unwrap_or_else(|| panic!("nothing that a capability names: {statement}"));
    place.0.to_owned()
}

/// Of a client's item, nothing but on which day its secrets were used: neither the client itself, nor what else is in the directory.
fn uses_of_secrets() -> Value {
    json!({
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk", "u"]},
        "StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"},
    })
}

/// Items in the partitions of event streams, and nothing else of the directory.
fn event_streams_alone() -> Value {
    json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["#e#*"]}})
}

/// Of a client's item, nothing but which event streams it has.
fn names_of_streams() -> Value {
    json!({
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk", "s"]},
        "StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"},
    })
}

#[test]
fn receivers_of_signals_can_write_nothing_of_the_directory_but_event_streams() {
    let template = Template::load();
    let writes = |statement: &Value| {
        let actions = statement["Action"].as_array().expect("actions").iter();
        actions
            .filter_map(Value::as_str)
            .any(|action| ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"].contains(&action))
    };
    let directory = json!({"Fn::GetAtt": "Directory.Arn"});
    let mut managing = 0;
    for function in functions().iter().filter(|function| function.routes.iter().any(|(_, path)| path.starts_with("/ssf/"))) {
        managing += 1;
        let policy = format!("/Resources/{}Policy/Properties/PolicyDocument/Statement", function.capability);
        let statements = template.at(&policy).as_array().expect("statements");
        for statement in statements.iter().filter(|statement| statement["Resource"] == directory && writes(statement)) {
            assert!(
                [event_streams_alone(), names_of_streams()].contains(&statement["Condition"]),
                "{}: {statement}",
                function.name
            );
        }
    }
    assert_eq!(managing, 11);
}

#[test]
fn the_token_endpoint_writes_one_attribute_of_the_directory_and_nothing_else() {
    let template = Template::load();
    let writes =
        |action: &Value| ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"].map(Value::from).contains(action);
    let statements = template.at("/Resources/TokenEndpointPolicy/Properties/PolicyDocument/Statement").as_array().unwrap();
    let on_directory = statements.iter().filter(|statement| statement["Resource"] == json!({"Fn::GetAtt": "Directory.Arn"}));
    let written: Vec<_> = on_directory.filter(|statement| statement["Action"].as_array().unwrap().iter().any(writes)).collect();
    assert_eq!(written.len(), 1);
    assert_eq!((&written[0]["Action"], &written[0]["Condition"]), (&json!(["dynamodb:UpdateItem"]), &uses_of_secrets()));
}

/// Only roles under a path may use a key: those of functions that mint, and those of functions that make keys.
#[test]
fn key_policies_let_only_functions_that_mint_sign_and_decrypt() {
    let template = Template::load();
    let role = |path: &str| format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/${{AWS::StackName}}/{path}/*");
    let (mint, makers) = (json!(role("mint")), json!([role("keys"), role("mint/keys")]));
    let generate = ["kms:GenerateDataKeyPairWithoutPlaintext", "kms:GenerateDataKeyWithoutPlaintext"];
    let made_by = functions().into_iter().flat_map(|function| function.access.key_making);
    // The others are of a key that isn't there yet.
    let managed: BTreeSet<_> = made_by.filter(|action| !["CreateKey", "TagResource"].contains(action)).collect();
    let manage: Vec<_> = managed.into_iter().map(|action| format!("kms:{action}")).collect();

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

/// What policies and filters look for is what the code sends and logs.
#[test]
fn tags_contexts_and_log_lines_are_those_of_the_code() {
    for (file, text) in [
        ("shared/src/keys/signer/kms/mod.rs", r#"("service", "jeton")"#),
        ("shared/src/keys/signer/kms/make.rs", r#"tag("jeton:signing", &self.making.alias)"#),
        ("shared/src/keys/signer/kms/make.rs", r#"format!("{}/{}", self.making.alias, jwk.kid)"#),
        ("shared/src/telemetry.rs", r#"target: "jeton::fault""#),
        ("shared/src/telemetry.rs", r#"target: "jeton::alarm""#),
        ("shared/src/keys/signer/kms/mod.rs", r#""signing with KMS""#),
        ("shared/src/keys/signer/kms/mod.rs", r#""decrypting a signing key""#),
    ] {
        assert!(source(file).contains(text), "{file} has no {text}");
    }
    let filter = |id: &str| Template::load().properties(id)["FilterPattern"].clone();
    assert_eq!(filter("SigningFailures"), r#"{ $.target = "jeton::fault" && ($.cause = "*sign*" || $.cause = "*decrypt*") }"#);
    assert_eq!(filter("Misuses"), r#"{ $.target = "jeton::alarm" }"#);
}

/// Whoever is woken by an alarm finds what it means, and what to do.
#[test]
fn each_alarm_of_the_code_is_explained_and_no_other() {
    let telemetry = source("shared/src/telemetry.rs");
    let alarms = telemetry.split("enum Alarm {\n").nth(1).expect("the alarms").split("\n}").next().expect("their end");
    let lines = alarms.lines().map(str::trim).filter(|line| !line.starts_with("///"));
    let alarms: BTreeSet<_> = lines.map(|line| line.trim_end_matches(',').to_owned()).collect();
    let page = source("docs/operate.md");
    let table =
        page.split("| `alarm` | means |\n|---|---|\n").nth(1).expect("their table").split("\n\n").next().expect("its end");
    let explained: BTreeSet<_> = table.lines().map(|row| row.split('`').nth(1).expect("a name").to_owned()).collect();
    assert_eq!(explained, alarms);
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
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
