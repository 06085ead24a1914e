//! The document that API Gateway makes the API of. `JETON_BLESS=1` writes its paths anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::functions;
use crate::support::template::{Template, UNROUTED, logical_id};

/// What stands above the paths, which end where the indentation does.
const ABOVE: &str = "\n        paths:\n";

/// For each path the methods, as OpenAPI has them, and the logical ids of their functions.
fn paths() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut paths: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for function in functions() {
        let id = logical_id(function.name);
        for (method, path) in function.routes {
            paths.entry(path.to_owned()).or_default().insert(method.to_ascii_lowercase(), id.clone());
        }
    }
    // All that no route leads to.
    paths.insert("$default".to_owned(), BTreeMap::from([("x-amazon-apigateway-any-method".to_owned(), logical_id(UNROUTED))]));
    paths
}

/// The names of a path's parameters, with the plus of one that takes the rest of the path: API Gateway exports them so.
fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// The address of a function. Only its name may stand in it: a reference would make a circle, for functions know the API's address.
fn uri(id: &str) -> String {
    let function =
        format!("arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:${{AWS::StackName}}_{id}");
    format!("arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/{function}/invocations")
}

/// A line for each path, and one for each of its methods.
fn lines() -> String {
    let mut lines = String::new();
    for (path, methods) in paths() {
        writeln!(lines, "          {path}:").expect("a text takes all");
        for (method, id) in methods {
            let named = |name| format!("{{ name: {name}, in: path, required: true, schema: {{ type: string }} }}");
            let parameters: Vec<_> = parameters(&path).map(named).collect();
            let parameters =
                if parameters.is_empty() { String::new() } else { format!("parameters: [{}], ", parameters.join(", ")) };
            let default = if path == "$default" { "isDefaultRoute: true, " } else { "" };
            let integration = format!(
                r#"{{ type: aws_proxy, httpMethod: POST, payloadFormatVersion: "2.0", credentials: !GetAtt ApiRole.Arn, uri: !Sub "{}" }}"#,
                uri(&id)
            );
            let operation = format!("{{ {default}{parameters}responses: {{}}, x-amazon-apigateway-integration: {integration} }}");
            writeln!(lines, "            {method}: {operation}").expect("a text takes all");
        }
    }
    lines
}

/// What is written in the template, and what should be. If that was asked for, it is written anew, and then is the same.
fn written_and_wanted() -> (String, String) {
    let text = Template::text();
    let (before, rest) = text.split_once(ABOVE).expect("the document of the API");
    let end = rest.split_inclusive('\n').take_while(|line| line.starts_with("          ")).map(str::len).sum();
    let (written, after) = rest.split_at(end);
    let wanted = lines();
    if written != wanted && is_blessing() {
        std::fs::write(Template::path(), format!("{before}{ABOVE}{wanted}{after}")).expect("the template is written");
        return (wanted.clone(), wanted);
    }
    (written.to_owned(), wanted)
}

#[test]
fn each_route_leads_to_its_function_and_there_is_no_other() {
    let (written, wanted) = written_and_wanted();
    for (there, wanted) in written.lines().zip(wanted.lines()) {
        assert_eq!(there, wanted, "JETON_BLESS=1 writes it anew");
    }
    assert_eq!(written.lines().count(), wanted.lines().count(), "JETON_BLESS=1 writes it anew");
}

/// What the lines above say, as CloudFormation reads it.
#[test]
fn the_document_of_the_api_invokes_functions_by_name_as_the_role_of_the_api() {
    written_and_wanted();
    let template = Template::load();
    let document = template.at("/Resources/Api/Properties/Body");
    assert_eq!(document["openapi"], "3.0.1");
    let document = document["paths"].as_object().expect("paths");
    let wanted = paths();
    assert_eq!(document.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
    for (path, methods) in wanted {
        for (method, id) in &methods {
            let integration = json!({
                "type": "aws_proxy",
                "httpMethod": "POST",
                "payloadFormatVersion": "2.0",
                "credentials": {"Fn::GetAtt": "ApiRole.Arn"},
                "uri": {"Fn::Sub": uri(id)},
            });
            let operation = &document[&path][method];
            assert_eq!(operation["x-amazon-apigateway-integration"], integration, "{method} {path}");
            assert_eq!(operation.get("isDefaultRoute"), (path == "$default").then_some(&Value::Bool(true)), "{method} {path}");
            let named = |name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
            let parameters: Vec<_> = parameters(&path).map(named).collect();
            assert_eq!(
                operation.get("parameters").and_then(Value::as_array).unwrap_or(&Vec::new()),
                &parameters,
                "{method} {path}"
            );
            assert_eq!(template.properties(id)["FunctionName"], json!({"Fn::Sub": format!("${{AWS::StackName}}_{id}")}));
        }
        assert_eq!(document[&path].as_object().expect("methods").len(), methods.len(), "{path}");
    }
}

/// The routes of functions that nobody calls over HTTP would be open to everybody.
#[test]
fn the_role_of_the_api_reaches_the_functions_that_have_routes_and_no_others() {
    let template = Template::load();
    let statement = template.at("/Resources/ApiRole/Properties/Policies/0/PolicyDocument/Statement/0");
    assert_eq!(statement["Action"], "lambda:InvokeFunction");
    let own = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}_*";
    assert_eq!(statement["Resource"], json!({"Fn::Sub": own}));
    for function in functions() {
        let name = template.properties(&logical_id(function.name)).get("FunctionName");
        // CloudFormation makes up a name with a dash behind the stack's.
        assert_eq!(name.is_some(), !function.routes.is_empty(), "{}", function.name);
    }
}

#[expect(clippy::disallowed_methods, reason = "which is for whoever runs the test to say")]
fn is_blessing() -> bool {
    std::env::var_os("JETON_BLESS").is_some()
}
