//! The command line against a running server: each command once, and what it says when it can't.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::{Server, folder, mode};

/// A server with its data folder, and the command line beside it.
struct Local {
    home: PathBuf,
    server: Server,
}

impl Local {
    fn start(name: &str) -> Self {
        let home = folder(name);
        Self { server: Server::start(&home, &[]), home }
    }

    /// Runs a command, which must end with this code. Returns what it prints.
    fn ends(&self, code: i32, arguments: &[&str]) -> String {
        ended(code, arguments, &run(&self.home, arguments, "", &[]))
    }

    fn does(&self, arguments: &[&str]) -> String {
        self.ends(0, arguments)
    }

    /// What it prints for programs.
    fn tells(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.does(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Runs a command that reads its standard input.
    fn reads(&self, code: i32, arguments: &[&str], input: &str) -> String {
        ended(code, arguments, &run(&self.home, arguments, input, &[]))
    }
}

fn run(home: &Path, arguments: &[&str], input: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command.args(arguments).arg("--data-dir").arg(home).env_remove("JETON_URL").env_remove("JETON_TOKEN");
    command.envs(variables.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    // A command that reads nothing may have ended already.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    process.wait_with_output().unwrap()
}

/// What a command has printed: on standard output if it has done what it was told to do, else on standard error.
fn ended(code: i32, arguments: &[&str], output: &Output) -> String {
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    String::from_utf8(if code == 0 { output.stdout.clone() } else { output.stderr.clone() }).unwrap()
}

fn jti(token: &str) -> String {
    use base64::Engine as _;
    let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<serde_json::Value>(&claims).unwrap()["jti"].as_str().unwrap().to_owned()
}

const MINT: [&str; 6] = ["token", "mint", "--audience", "urn:api", "--scope", "urn:x"];

#[test]
fn a_token_is_minted_shown_listed_decoded_and_revoked() {
    let local = Local::start("cli-token");
    assert_eq!(mode(&local.home.join("address")), 0o600);
    let token =
        local.does(&[&MINT[..], &["--duration", "15m", "--session", "s-1", "--label", "a laptop"]].concat()).trim().to_owned();
    let jti = jti(&token);
    let shown = local.does(&["token", "show", &jti]);
    assert!(shown.starts_with("jti ") && shown.lines().next().unwrap().ends_with(&jti), "{shown}");
    assert!(shown.contains("a laptop"), "{shown}");
    assert_eq!(local.does(&["token", "list", "--label", "another"]).lines().count(), 1);
    let listed = local.does(&["token", "list", "--session", "s-1", "--label", "a laptop"]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.starts_with("JTI  ") && listed.contains(&jti), "{listed}");
    for arguments in [["token", "introspect", "-"], ["token", "decode", "-"]] {
        let seen = local.reads(0, &arguments, &token);
        assert!(seen.contains(&jti) && !seen.contains("not good"), "{seen}");
    }
    let file = local.home.join("token.txt");
    std::fs::write(&file, format!("{token}\n")).unwrap();
    let from_file = ["token", "introspect", "--file", file.to_str().unwrap()];
    assert_eq!(local.tells(&from_file)["session"], "s-1");
    assert_eq!(local.does(&["token", "revoke", &jti]), format!("Revoked token {jti}.\n"));
    assert!(local.does(&["token", "show", &jti]).contains("revocation.by"));
    assert!(local.ends(1, &from_file).contains("revoked"));
    assert_eq!(local.does(&["token", "list", "--session", "s-1", "--revoked", "false"]).lines().count(), 1);

    let pair = local.does(&[&MINT[..], &["administrator", "--org", "1", "--refresh"]].concat());
    let [token, refresh] = pair.lines().collect::<Vec<_>>()[..] else { panic!("{pair}") };
    assert_ne!(token, refresh);
    assert_eq!(local.reads(0, &["token", "revoke", "--file", "-"], token), "Revoked the token.\n");
    local.server.stop();
}

#[test]
fn decode_says_what_is_good_and_what_is_not_and_why() {
    let local = Local::start("cli-decode");
    let decode = |code, token: &str| {
        let output = run(&local.home, &["token", "decode", "-", "--json"], token, &[]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let token = local.does(&MINT).trim().to_owned();
    let good = decode(0, &token);
    assert_eq!((&good["header"]["alg"], &good["claims"]["sub"]), (&"ES256".into(), &"administrator".into()));
    assert_eq!((&good["signature"]["good"], &good["record"]["good"]), (&true.into(), &true.into()), "{good}");

    let (signed, _) = token.rsplit_once('.').unwrap();
    let forged = decode(1, &format!("{signed}.{}", "A".repeat(86)));
    assert_eq!((&forged["signature"]["good"], &forged["record"]["good"]), (&false.into(), &false.into()), "{forged}");

    local.does(&["token", "revoke", &jti(&token)]);
    let revoked = decode(1, &token);
    assert_eq!((&revoked["signature"]["good"], &revoked["record"]["good"]), (&true.into(), &false.into()), "{revoked}");
    assert!(revoked["record"]["detail"].as_str().unwrap().contains("revoked"), "{revoked}");

    let pair = local.does(&[&MINT[..], &["--refresh"]].concat());
    let refresh = decode(0, pair.lines().last().unwrap());
    assert_eq!((&refresh["header"], refresh.get("signature")), (&serde_json::Value::Null, None));
    assert!(refresh["record"]["detail"].as_str().unwrap().contains("refresh token"), "{refresh}");

    let opaque = decode(1, "nothing.of.ours");
    assert_eq!(opaque["header"], serde_json::Value::Null);
    local.server.kill();

    let why = local_stderr(&local.home, &["token", "decode", "-"], &token);
    assert!(why.contains("nothing was verified") && why.contains("can't reach"), "{why}");
    let offline = run(&local.home, &["token", "decode", "-", "--offline"], &token, &[]);
    let offline = ended(0, &[], &offline);
    assert!(offline.contains("\"administrator\"") && offline.ends_with("Nothing was verified.\n"), "{offline}");
}

fn local_stderr(home: &Path, arguments: &[&str], input: &str) -> String {
    ended(1, arguments, &run(home, arguments, input, &[]))
}

#[test]
fn orgs_are_created_changed_listed_and_deleted() {
    let local = Local::start("cli-org");
    assert!(local.ends(1, &["org", "set", "acme", "name=Acme"]).contains("403"));
    let created = local.does(&["org", "set", "acme", "--create", "parent=1", "name=Acme", "settings.token_duration=600"]);
    assert!(created.contains("settings.token_duration") && created.starts_with("id "), "{created}");
    local.does(&["org", "set", "acme", "settings.token_duration=900", "--create"]);
    let shown = local.tells(&["org", "show", "acme"]);
    assert_eq!((&shown["name"], &shown["settings"]["token_duration"]), (&"Acme".into(), &900.into()), "what isn't named stays");
    assert!(local.ends(1, &["org", "set", "acme", "settings.token_duraton=1"]).contains("token_duraton"));
    let listed = local.does(&["org", "list"]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert_eq!(local.does(&["org", "delete", "acme"]), "Deleted org acme.\n");
    local.ends(1, &["org", "show", "acme"]);
}

#[test]
fn members_are_created_changed_listed_and_deleted() {
    let local = Local::start("cli-member");
    let missing = local.ends(1, &["member", "set", "ann", "enabled=true"]);
    assert!(missing.contains("404") && missing.contains("--create"), "{missing}");
    let created = local.tells(&["member", "set", "ann", "--create", r#"scopes=["urn:x"]"#, "profile.email=ann@x.example"]);
    assert_eq!(created["scopes"], serde_json::json!(["urn:x"]));
    let changed = local.tells(&["member", "set", "ann", "enabled=false", "profile.first_name=Ann"]);
    assert_eq!(
        (&changed["scopes"], &changed["enabled"]),
        (&serde_json::json!(["urn:x"]), &false.into()),
        "what isn't named stays"
    );
    assert_eq!(changed["profile"], serde_json::json!({"email": "ann@x.example", "first_name": "Ann"}));
    let file = r#"{"enabled": true, "scopes": []}"#;
    local.reads(0, &["member", "set", "ann", "--file", "-", r#"roles={"shop":["owner"]}"#], file);
    let shown = local.does(&["member", "show", "ann"]);
    assert!(shown.contains("roles.shop") && shown.contains("owner"), "{shown}");
    let wrong = local.ends(1, &["member", "set", "ann", "scops=[]"]);
    assert!(wrong.contains("scops") && wrong.contains("400"), "{wrong}");
    for number in 0..3 {
        local.does(&["member", "set", &format!("bob/{number}"), "--create", "enabled=true", "--org", "1"]);
    }
    let all = local.tells(&["member", "list"]);
    assert_eq!((all["members"].as_array().unwrap().len(), all.get("next")), (5, None));
    let some = local.tells(&["member", "list", "--limit", "2"]);
    assert_eq!(some["members"].as_array().unwrap().len(), 2);
    let rest = local.tells(&["member", "list", "--after", some["next"].as_str().unwrap()]);
    assert_eq!(rest["members"].as_array().unwrap().len(), 3);
    assert_eq!(local.does(&["member", "delete", "bob/1"]), "Deleted member bob/1 of org 1.\n");
    assert!(local.ends(1, &["member", "show", "bob/1"]).contains("404"));
}

#[test]
fn clients_and_their_secrets_are_managed() {
    let local = Local::start("cli-client");
    let created = local.tells(&["client", "create", "kind=confidential", r#"grants=["client_credentials"]"#, "name=Nightly"]);
    let (id, secret) = (created["id"].to_string(), created["secret"].as_str().unwrap().to_owned());
    assert!(local.does(&["client", "list"]).contains("Nightly"));
    let changed = local.tells(&["client", "set", &id, "name=Daily"]);
    assert_eq!((&changed["name"], &changed["grants"]), (&"Daily".into(), &serde_json::json!(["client_credentials"])));
    assert!(local.does(&["client", "show", &id]).contains("Daily"));

    let token = local.does(&MINT).trim().to_owned();
    let file = local.home.join("token.txt");
    std::fs::write(&file, &token).unwrap();
    let ask = ["token", "introspect", "--file", file.to_str().unwrap(), "--client-id", &id, "--secret-file", "-"];
    local.reads(1, &ask, "wrong");
    let output = run(&local.home, &ask, &secret, &[]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("active"), "{output:?}");

    let second = local.does(&["client", "secret", "new", &id, "--previous-expires-in", "60"]);
    assert_ne!(second.trim(), secret);
    let secrets = local.tells(&["client", "secret", "list", &id]);
    assert_eq!(secrets["secrets"].as_array().unwrap().len(), 2);
    let oldest = secrets["secrets"][1]["id"].as_str().unwrap();
    local.does(&["client", "secret", "delete", &id, oldest]);
    assert!(local.ends(1, &["client", "secret", "delete", &id, oldest]).contains("404"));
    assert_eq!(local.does(&["client", "secret", "list", &id]).lines().count(), 2);
    local.does(&["client", "delete", &id]);
    assert!(local.ends(1, &["client", "show", &id]).contains("404"));
}

#[test]
fn the_token_of_a_platform_is_tested_and_presets_are_printed() {
    const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIn0.AA";
    let local = Local::start("issuers");
    let why = local.reads(1, &["issuer", "test"], TOKEN);
    assert!(why.contains("ISSUER: The org has no such issuer"), "{why}");
    let why = local.reads(1, &["issuer", "test", "--client", "4711", "--use", "grant"], TOKEN);
    assert!(why.contains("no such client"), "{why}");
    let printed = local.does(&["issuer", "preset", "github", "--owner-id", "43356", "--repository-id", "957014466"]);
    let preset: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(preset["assertion_issuers"][0]["claims"], serde_json::json!({"repository_owner_id": "43356"}));
    assert_eq!(preset["federated"][0]["claims"]["repository_id"], "957014466");
    local.ends(2, &["issuer", "preset", "github"]);
    local.ends(2, &["issuer", "test", "--use", "id_jag"]);
}

#[test]
fn everything_of_a_member_a_client_or_a_session_is_revoked_at_once() {
    let local = Local::start("cli-revoke");
    let minted = |session: &str| {
        let ann = ["ann", "--session", session];
        local.does(&[&["token", "mint", "--audience", "urn:api"], &ann[..]].concat())
    };
    let is_live = |token: &str| run(&local.home, &["token", "introspect", "-"], token, &[]).status.success();
    local.does(&["member", "set", "ann", "--create", "enabled=true"]);
    let [tablet, phone] = ["tablet", "phone"].map(minted);
    let revoked = local.does(&["revoke", "--session", "tablet"]);
    assert!(revoked.starts_with("Revoked all tokens of the target that were issued until 2"), "{revoked}");
    assert_eq!((is_live(&tablet), is_live(&phone)), (false, true), "of that session and no other");
    assert!(local.tells(&["revoke", "--member", "ann"])["revoked_before"].is_string());
    assert!(!is_live(&phone));
    assert!(is_live(&minted("laptop")), "what is minted waits until it would live");
    let client = local.tells(&["client", "create", "kind=confidential"])["id"].to_string();
    local.does(&["revoke", "--client", &client]);
    local.does(&["revoke", "--client", &client, "--org", "1"]);
    for unknown in [["--subject", "nobody"], ["--session", "none"], ["--client", "4711"]] {
        assert!(local.ends(1, &[&["revoke"], &unknown[..]].concat()).contains("404"), "{unknown:?}");
    }
    let leaked = local.does(&["token", "mint", "administrator", "--audience", "urn:jeton", "--scope", "urn:jeton:admin"]);
    let made = local.reads(0, &["token", "mint", "ann", "--audience", "urn:api", "--token-file", "-"], &leaked);
    assert!(is_live(&leaked) && is_live(&made));
    let revoked = local.does(&["revoke", "--created-by", &jti(leaked.trim())]);
    assert!(revoked.starts_with("Revoked all tokens of the target that were issued until 2"), "{revoked}");
    assert_eq!((is_live(&leaked), is_live(&made)), (false, false));
    local.ends(2, &["revoke", "--created-by", &jti(leaked.trim()), "--subject", "ann"]);
    local.ends(2, &["revoke"]);
    local.ends(2, &["revoke", "--org", "1"]);
    local.ends(2, &["revoke", "--session", "s", "--subject", "ann"]);
}

#[test]
fn the_service_and_the_token_come_from_options_the_environment_or_the_data_folder() {
    let local = Local::start("cli-remote");
    let keys = local.does(&["keys", "list"]);
    assert!(keys.starts_with("KID ") && keys.contains("ES256"), "{keys}");
    let (url, nowhere) = (format!("http://{}", local.server.address()), folder("cli-nowhere"));
    let token = std::fs::read_to_string(local.home.join("admin.token")).unwrap();
    let none = ended(2, &[], &run(&nowhere, &["member", "list", "--url", &url], "", &[]));
    assert!(none.contains("JETON_TOKEN") && none.contains("--token-file"), "{none}");
    let from_file = run(&nowhere, &["member", "--url", &url, "list", "--token-file", "-"], &token, &[]);
    assert!(ended(0, &[], &from_file).contains("administrator"));
    let variables = [("JETON_URL", url.as_str()), ("JETON_TOKEN", token.trim())];
    assert!(ended(0, &[], &run(&nowhere, &["member", "list"], "", &variables)).contains("administrator"));
    let refused = run(&nowhere, &["member", "list"], "", &[("JETON_URL", &url), ("JETON_TOKEN", "garbage")]);
    assert!(ended(2, &[], &refused).contains("name the org"), "{refused:?}");
    let refused = run(&nowhere, &["org", "list"], "", &[("JETON_URL", &url), ("JETON_TOKEN", "garbage")]);
    assert!(ended(1, &[], &refused).contains("401"), "{refused:?}");
    assert!(local.ends(2, &["org", "list", "--url", "http://tokens.example"]).contains("https"));
    local.server.stop();
    assert!(!local.home.join("address").exists());
    assert!(local_stderr(&local.home, &["keys", "list", "--url", &url], "").contains("can't reach"));
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_is_wrong() {
    let home = folder("cli-usage");
    for (arguments, expected) in [
        (&["tokne"][..], "token"),
        (&["token"], "Usage"),
        (&["token", "mint"], "--audience"),
        (&["token", "decode"], "--file"),
        (&["token", "mint", "--audience", "a", "--duration", "soon"], "15m"),
        (&["member", "set", "ann"], "FIELD=VALUE"),
        (&["member", "set", "ann", "enabled"], "FIELD=VALUE"),
        (&["member", "list", "--limit", "0"], "1 or more"),
        (&["client", "show", "abc"], "invalid"),
        (&["--log", "json", "token", "list"], "--log is an option of the server"),
    ] {
        let said = ended(2, arguments, &run(&home, arguments, "", &[("JETON_TOKEN", "x")]));
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn a_seed_file_is_checked_without_a_server_with_the_same_errors() {
    let home = folder("cli-seed");
    let file = home.join("seed.json");
    let check = |code, text: &str| {
        std::fs::write(&file, text).unwrap();
        ended(code, &[], &run(&home, &["check-seed", file.to_str().unwrap()], "", &[]))
    };
    let good = r#"{"orgs": [{"id": "7"}], "members": [{"org": "7", "sub": "ann"}]}"#;
    assert!(check(0, good).ends_with("seed.json is good: 1 org, 1 member, 0 clients.\n"));
    let unknown = check(1, "{\"orgs\": [{\"id\": \"7\"}],\n \"members\": [{\"org\": \"7\", \"sub\": \"ann\", \"scops\": []}]}");
    assert!(unknown.contains("seed.json: line 2") && unknown.contains("members[0].scops is not a known field"), "{unknown}");
    let nobody = check(1, r#"{"members": [{"org": "8", "sub": "ann"}]}"#);
    assert!(nobody.contains("members[0].org: must be an org that is there"), "{nobody}");
    let sign_alg = r#"{"orgs": [{"id": "7", "settings": {"access_token_sign_alg": "RS256"}}]}"#;
    assert!(check(1, sign_alg).contains("access_token_sign_alg"));
    let with_key = ["check-seed", file.to_str().unwrap(), "--algorithm", "RS256"];
    ended(0, &with_key, &run(&home, &with_key, "", &[]));
    assert!(ended(1, &[], &run(&home, &["check-seed", "/nowhere.json"], "", &[])).contains("can't read /nowhere.json"));
    assert_eq!(std::fs::read_dir(&home).unwrap().count(), 1, "nothing is left behind");
}

#[test]
fn shells_get_a_script_that_knows_the_commands() {
    let home = folder("cli-completions");
    for shell in ["bash", "zsh", "fish"] {
        let script = ended(0, &[], &run(&home, &["completions", shell], "", &[]));
        assert!(script.contains("check-seed") && script.contains("introspect"), "{shell}");
    }
}

#[test]
fn serve_is_what_happens_without_a_command() {
    let home = folder("cli-serve");
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&home);
    let server = Server::started(command);
    assert!(server.printed.iter().any(|line| line.contains("Jeton listens on http://127.0.0.1:")));
    server.stop();
}

#[test]
fn keys_are_rotated_while_the_server_runs() {
    let local = Local::start("cli-keys");
    let states = |answer: &serde_json::Value| {
        let keys = answer["keys"].as_array().unwrap().iter();
        keys.map(|key| key["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(states(&local.tells(&["keys", "rotate"])), ["active", "next"]);
    assert_eq!(states(&local.tells(&["keys", "rotate"])), ["active", "next"], "one that waits is enough");
    assert_eq!(local.does(&["keys", "list"]).lines().count(), 3);
    assert!(local.ends(1, &["keys", "rotate", "--stolen", "nobody"]).contains("404"));
    local.ends(2, &["keys", "rotate", "--signs-in", "-1"]);
}
