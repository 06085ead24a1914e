//! The code and `template.yaml` say the same: what there is, where it is found, what it may do, what it is told, what it stands on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use shared::api::http::Entry;
use shared::domain::PendingSignal;
use shared::platform::Auditing;
use shared::platform::capabilities::AwsAccess;
use shared::store::dynamodb::{BY_SUBJECT, BY_SUBJECT_ATTRIBUTES, BY_SUBJECT_KEY, KEY, KeySchema, TTL};

use crate::support::deployment::Instance;
use crate::support::template::{Template, logical_id};

mod api;
mod grants;

/// A function as the code has it.
struct Function {
    name: &'static str,
    bundle: &'static str,
    capability: &'static str,
    access: AwsAccess,
    /// Its methods and paths. None: nobody calls it over HTTP.
    routes: Vec<(String, &'static str)>,
}

/// All of them.
fn functions() -> Vec<Function> {
    let endpoints = [
        ("public", functions::public::<Instance>()),
        ("records", functions::records()),
        ("mint", functions::mint()),
        ("operate", functions::queueing()),
        ("operate", functions::streaming()),
        ("operate", functions::signalling()),
    ];
    let operations = [
        ("records", functions::records_operations::<Instance>()),
        ("operate", functions::queue_work()),
        ("operate", functions::operate()),
        ("operate", functions::status_lists()),
        ("operate", functions::signal_collecting()),
        ("operate", functions::signal_pushing()),
    ];
    let audit = functions::audit::<Auditing>().into_iter().map(|entry| Function {
        name: entry.name,
        bundle: "operate",
        capability: entry.capability,
        access: entry.access,
        routes: Vec::new(),
    });
    let endpoints = endpoints.into_iter().flat_map(|(bundle, entries)| {
        entries.into_iter().map(move |entry| Function {
            name: entry.route.name,
            bundle,
            capability: entry.capability,
            access: entry.access,
            routes: routes(&entry),
        })
    });
    let operations = operations.into_iter().flat_map(|(bundle, entries)| {
        entries.into_iter().map(move |entry| Function {
            name: entry.name,
            bundle,
            capability: entry.capability,
            access: entry.access,
            routes: Vec::new(),
        })
    });
    endpoints.chain(operations).chain(audit).collect()
}

/// The routes of an endpoint: a gateway passes on only the methods that it knows of.
fn routes(entry: &Entry<Instance>) -> Vec<(String, &'static str)> {
    let at = |path| entry.methods().map(move |method| (method.to_string(), path));
    entry.route.paths().flat_map(at).collect()
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
fn each_function_has_the_policy_of_its_capability_and_no_other() {
    let template = Template::load();
    for function in functions() {
        let properties = template.properties(&logical_id(function.name));
        let expected = (function.access != AwsAccess::NONE).then(|| json!([{"Ref": format!("{}Policy", function.capability)}]));
        assert_eq!(properties.get("Policies"), expected.as_ref(), "{}", function.name);
        assert_eq!(properties.get("Role"), None, "{}", function.name);
        assert_eq!(properties.get("RolePath"), role_path(&function.access).as_ref(), "{}", function.name);
    }
}

/// Where key policies look for who may sign and decrypt, and who may make keys.
fn role_path(access: &AwsAccess) -> Option<Value> {
    let path = match (access.envelope_key.contains(&"Decrypt"), !access.key_making.is_empty()) {
        (true, false) => "mint",
        (false, true) => "keys",
        (true, true) => "mint/keys",
        (false, false) => return None,
    };
    Some(json!({"Fn::Sub": format!("/${{AWS::StackName}}/{path}/")}))
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
        assert_eq!(table["StreamSpecification"], json!({"StreamViewType": "NEW_AND_OLD_IMAGES"}));
    }
    assert_eq!(tokens["TimeToLiveSpecification"], json!({"AttributeName": TTL, "Enabled": true}));
    assert_eq!(directory["TimeToLiveSpecification"], tokens["TimeToLiveSpecification"], "clients of strangers end by themselves");
    assert_eq!(directory["PointInTimeRecoverySpecification"], json!({"PointInTimeRecoveryEnabled": true}));

    let index = &tokens["GlobalSecondaryIndexes"]["Fn::If"];
    assert_eq!(index[0], "HasSubjectIndex");
    assert_eq!(index[1][0]["IndexName"], BY_SUBJECT);
    assert_eq!(index[1][0]["KeySchema"], schema(BY_SUBJECT_KEY));
    assert_eq!(index[1][0]["Projection"], json!({"ProjectionType": "INCLUDE", "NonKeyAttributes": BY_SUBJECT_ATTRIBUTES}));
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

/// Both streams are told, and none of their records is lost without a word.
#[test]
fn the_audit_hears_of_both_tables() {
    let template = Template::load();
    let mappings = template.of_type("AWS::Lambda::EventSourceMapping").map(|(_, mapping)| &mapping["Properties"]);
    let of_audit = json!({"Ref": logical_id("jeton.audit")});
    let mappings: Vec<_> = mappings.filter(|mapping| mapping["FunctionName"] == of_audit).collect();
    let streams: BTreeSet<_> = mappings.iter().map(|mapping| mapping["EventSourceArn"]["Fn::GetAtt"].as_str()).collect();
    assert_eq!(streams, BTreeSet::from([Some("Tokens.StreamArn"), Some("Directory.StreamArn")]));
    for mapping in mappings {
        assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
        assert_eq!(mapping["DestinationConfig"]["OnFailure"]["Destination"], json!({"Fn::GetAtt": "AuditFailures.Arn"}));
    }
}

/// A part of a batch is kept until it has been done, or somebody hears that it can't be.
#[test]
fn batches_are_worked_on_and_none_of_their_parts_is_lost() {
    let template = Template::load();
    let mapping = template.properties("AuthleteBatches");
    assert_eq!(mapping["EventSourceArn"], json!({"Fn::GetAtt": "Batches.Arn"}));
    assert_eq!(mapping["FunctionName"], json!({"Ref": logical_id("authlete.work_on_batch")}));
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    let queue = template.properties("Batches");
    assert_eq!(queue["RedrivePolicy"]["deadLetterTargetArn"], json!({"Fn::GetAtt": "BatchFailures.Arn"}));
    // As AWS advises: a message isn't seen by others for six times as long as a function may work on it.
    let timeout = template.properties(&logical_id("authlete.work_on_batch"))["Timeout"].as_i64().expect("seconds");
    assert_eq!(queue["VisibilityTimeout"], json!(6 * timeout));
    let environment = &template.properties(&logical_id("authlete.create_token_batch"))["Environment"]["Variables"];
    assert_eq!(environment["JETON_BATCH_QUEUE"], json!({"Ref": "Batches"}));
}

/// Deleting the stack, or a change that replaces them, keeps what can't be made again.
#[test]
fn what_is_lost_with_its_resource_is_retained() {
    let template = Template::load();
    // A protected table can't be deleted when its creation is rolled back, and would leave a stack that can't be deployed to.
    let kept = ["EnvelopeKey", "AuditLogs", "AuditFailures", "AuditFailuresPolicy"].map(|id| (id, "RetainExceptOnCreate"));
    for (id, policy) in [("Tokens", "Retain"), ("Directory", "Retain")].into_iter().chain(kept) {
        let resource = template.at(&format!("/Resources/{id}"));
        assert_eq!(resource["DeletionPolicy"], policy, "{id}");
        assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{id}");
    }
}

/// Each event becomes signals or is looked at by a person, and each signal waits for its receiver as long as it is kept.
#[test]
fn signals_are_made_and_pushed_and_none_is_lost() {
    let template = Template::load();
    for (mapping, queue, name) in
        [("CollectedSignals", "Signals", "jeton.collect_signals"), ("PushedSignals", "Pushes", "jeton.push_signals")]
    {
        let (mapping, queue) = (template.properties(mapping), (queue, template.properties(queue)));
        assert_eq!(mapping["FunctionName"], json!({"Ref": logical_id(name)}));
        assert_eq!(mapping["EventSourceArn"], json!({"Fn::GetAtt": format!("{}.Arn", queue.0)}));
        assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
        let timeout = template.properties(&logical_id(name))["Timeout"].as_i64().expect("seconds");
        assert!(queue.1["VisibilityTimeout"].as_i64().expect("seconds") >= 3 * timeout, "{name}");
    }
    let (signals, pushes) = (template.properties("Signals"), template.properties("Pushes"));
    assert_eq!(signals["RedrivePolicy"]["deadLetterTargetArn"], json!({"Fn::GetAtt": "SignalFailures.Arn"}));
    // Of one stream one message after the other: the code names the stream as the group.
    assert_eq!((&pushes["FifoQueue"], &pushes["DeduplicationScope"]), (&json!(true), &json!("messageGroup")));
    assert_eq!(pushes["MessageRetentionPeriod"], PendingSignal::LIFETIME.0);
    assert_eq!(pushes.get("RedrivePolicy"), None, "a receiver is tried for as long as its signals are kept");
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
    let config = source("shared/src/platform/config.rs");
    let config = config.split("#[cfg(test)]").next().expect("code");
    let mut read: BTreeSet<String> = config.split('"').filter(|text| text.starts_with("JETON_")).map(str::to_owned).collect();
    // The command line reads them, and no function.
    assert!(["JETON_TOKEN", "JETON_URL"].iter().all(|name| read.remove(*name)));
    assert_eq!(told, read);
}

/// CloudFormation takes 500 resources in a stack.
#[test]
fn the_deployment_stays_far_below_the_limits_of_a_stack() {
    let template = Template::load();
    let endpoints = functions().iter().filter(|function| !function.routes.is_empty()).count();
    // SAM adds a role to each function, and a role and a schedule to each event.
    let events = template.functions().filter_map(|(_, function)| function["Properties"].get("Events"));
    let events: usize = events.map(|events| events.as_object().expect("events").len()).sum();
    let resources = template.at("/Resources").as_object().expect("resources").len() + template.functions().count() + 2 * events;
    assert!(resources < 480, "{resources} with {endpoints} endpoints");
}
