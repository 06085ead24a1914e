//! What holds rooms, catalogue and bundles together.

use std::collections::BTreeSet;
use std::path::Path;

use shared::api::authlete::result::ApiCall;
use shared::api::http::{Dialect, Entry};
use shared::domain::Refusal;
use shared::platform::Auditing;

use crate::support::deployment::Instance;

mod docs;
mod map;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository")
}

/// `agilicus.create_token` is the room `functions/agilicus/create_token.rs`, and there is no other room.
#[test]
fn every_room_is_in_the_catalogue_and_every_entry_has_a_room() {
    let (endpoints, operations) = (functions::catalogue::<Instance>(), functions::operations::<Instance>());
    let names = endpoints.iter().map(|entry| entry.route.name).chain(operations.iter().map(|entry| entry.name));
    let audit = functions::audit::<Auditing>();
    let names = names.chain(audit.iter().map(|entry| entry.name));
    let in_catalogue: BTreeSet<String> = names.map(str::to_owned).collect();
    let mut rooms = BTreeSet::new();
    for dialect in ["agilicus", "authlete", "jeton", "oauth"] {
        for file in std::fs::read_dir(root().join("functions").join(dialect)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let name = name.strip_suffix(".rs").unwrap();
            if name != "mod" {
                rooms.insert(format!("{dialect}.{name}"));
            }
        }
    }
    assert_eq!(in_catalogue, rooms);
}

#[test]
fn no_two_endpoints_share_a_method_and_path() {
    let entries: Vec<Entry<Instance>> = functions::catalogue();
    let all =
        |entry: &Entry<Instance>| entry.route.paths().map(|path| (entry.route.method.to_string(), path)).collect::<Vec<_>>();
    let routes: Vec<_> = entries.iter().flat_map(all).collect();
    assert_eq!(routes.iter().collect::<BTreeSet<_>>().len(), routes.len());
}

/// Version 3 of Authlete's API has the service in the path, version 2 hasn't. Of others only metadata has a second path, and a
/// member, whom only the query can name whatever it is called.
#[test]
fn each_path_of_authlete_s_api_has_a_twin_without_the_service() {
    for Entry { route, .. } in functions::catalogue::<Instance>() {
        let without_service = route.path.replace("/{serviceId}", "");
        let twin = (without_service != route.path).then_some(&*without_service);
        if matches!(route.name, "oauth.metadata" | "oauth.resource_metadata" | "oauth.ssf_configuration") {
            assert_eq!(
                route.also,
                Some(&*format!("{}/{{path+}}", route.path)),
                "section 3.1 of RFC 8414 and RFC 9728, 7.2 of SSF"
            );
            continue;
        }
        if route.path == "/v1/orgs/{org}/members/{sub}" {
            assert_eq!(route.also, Some("/v1/orgs/{org}/member"), "{}", route.name);
            continue;
        }
        assert_eq!(route.also, twin, "{}", route.name);
        assert_eq!(route.dialect == Dialect::Authlete, route.path.starts_with("/api/"), "{}", route.name);
        assert_eq!(twin.is_some(), route.dialect == Dialect::Authlete && route.name != "authlete.healthcheck", "{}", route.name);
    }
}

/// By the code it can be told which call refused.
#[test]
fn each_call_of_authlete_s_api_has_digits_of_its_own() {
    let refusal = Refusal::invalid("member", "is wrong");
    for Entry { route, .. } in functions::catalogue::<Instance>() {
        if route.dialect == Dialect::Authlete && route.also.is_some() {
            let code = ApiCall::at(route.path).refused(&refusal).to_string();
            assert!(code.ends_with("201") && !code.starts_with("A001"), "{}: {code}", route.name);
        }
    }
}

/// The bundle follows from what the endpoint can reach.
#[test]
fn only_the_bundle_mint_has_signing_keys_and_public_reaches_nothing() {
    for entry in functions::public::<Instance>() {
        assert_eq!(entry.access, shared::platform::capabilities::AwsAccess::NONE, "{}", entry.route.name);
    }
    for entry in functions::records::<Instance>() {
        assert!(entry.access.signing_key.is_empty() && entry.access.envelope_key.is_empty(), "{}", entry.route.name);
        assert!(!(entry.access.tokens.is_empty() && entry.access.directory.is_empty()), "{}", entry.route.name);
    }
    for entry in functions::mint::<Instance>() {
        assert_eq!(entry.access.signing_key, ["Sign"], "{}", entry.route.name);
    }
}

/// Which libraries a room may know: what they are for is in one room each.
#[test]
fn no_room_knows_a_library_that_it_may_not() {
    for (room, strangers) in [
        ("domain", &["serde", "aws_", "rusqlite", "http::"][..]),
        ("policy", &["serde", "aws_", "rusqlite", "http::"]),
        ("encoding", &["aws_", "rusqlite", "http::"]),
        ("jose", &["aws_sdk", "rusqlite", "http::"]),
        ("api", &["rusqlite", "aws_sdk"]),
    ] {
        for (file, text) in sources(&root().join("shared/src").join(room)) {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            for line in code.lines().filter(|line| line.trim_start().starts_with("use ")) {
                for stranger in strangers {
                    assert!(!line.trim_start().starts_with(&format!("use {stranger}")), "{file}: {line}");
                }
            }
        }
    }
}

/// Only what callers see has status codes.
#[test]
fn no_status_code_outside_api() {
    for (file, text) in sources(&root().join("shared/src")) {
        if !file.contains("/api/") {
            assert!(!text.contains("StatusCode"), "{file}");
        }
    }
}

/// A dialect is a folder of `api`: the rooms above it say what differs, not who wants it.
#[test]
fn no_code_outside_api_names_a_dialect() {
    let shared = root().join("shared/src");
    for (file, text) in sources(&shared) {
        let is_test = file[shared.as_os_str().len()..].contains("/tests") || file.contains("/conformance/");
        if is_test || file.contains("/api/") {
            continue;
        }
        for line in text.split("#[cfg(test)]\nmod").next().unwrap_or_default().lines() {
            let code = line.split("//").next().unwrap_or_default().to_lowercase();
            assert!(!code.contains("authlete") && !code.contains("agilicus"), "{file}: {line}");
        }
    }
}

fn sources(path: &Path) -> Vec<(String, String)> {
    if path.is_file() {
        return vec![(path.display().to_string(), std::fs::read_to_string(path).unwrap())];
    }
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|entry| entry.is_dir() || entry.extension().is_some_and(|kind| kind == "rs"))
        .flat_map(|entry| sources(&entry))
        .collect()
}
