//! Starting and stopping, as a user does it: the real program in a folder of its own.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

#[path = "start/cli.rs"]
mod cli;

const ISSUER: &str = "http://jeton.example";

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("start-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn jeton(home: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command.args(more).args(["--listen", "127.0.0.1:0", "--issuer", ISSUER, "--data-dir"]).arg(home);
    command
}

/// A running server.
struct Server {
    process: Child,
    printed: Vec<String>,
}

impl Server {
    fn start(home: &Path, more: &[&str]) -> Self {
        Self::started(jeton(home, more))
    }

    fn started(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut printed = Vec::new();
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            printed.push(line.unwrap());
            if printed.last().unwrap().starts_with("Ctrl-C") {
                break;
            }
        }
        Self { process, printed }
    }

    fn address(&self) -> &str {
        let line = self.printed.iter().find(|line| line.starts_with("Jeton listens on ")).unwrap();
        line.trim_start_matches("Jeton listens on http://")
    }

    fn post(&self, path: &str, bearer: &str, body: &str) -> (String, String) {
        self.ask("POST", path, bearer, body)
    }

    /// Sends one request, and returns status line and body.
    fn ask(&self, method: &str, path: &str, bearer: &str, body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {bearer}\r\ncontent-type: application/json\r\n"
        );
        write!(stream, "{head}content-length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    /// As a crash does.
    fn kill(&self) {
        Command::new("kill").args(["-KILL", &self.process.id().to_string()]).status().unwrap();
    }

    /// As Ctrl-C does. It ends by itself, and well.
    fn stop(mut self) {
        Command::new("kill").args(["-INT", &self.process.id().to_string()]).status().unwrap();
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn failure(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_first_start_makes_what_it_needs_for_its_owner_only_and_later_ones_use_it_again() {
    let home = folder("first").join("home");
    let server = Server::start(&home, &[]);
    assert_eq!(mode(&home), 0o700);
    for file in ["address", "admin.token", "jeton.db", "refresh-key", "signing-key.pem"] {
        assert_eq!(mode(&home.join(file)), 0o600, "{file}");
    }
    let token = std::fs::read_to_string(home.join("admin.token")).unwrap();
    let body = r#"{"sub":"administrator","org":"1","audiences":["urn:api"],"time_validity":{},"scopes":["urn:x"]}"#;
    let (status, minted) = server.post("/v1/tokens", &token, body);
    assert_eq!(status, "HTTP/1.1 201 Created", "{minted}");
    server.stop();
    let kept = ["admin.token", "refresh-key", "signing-key.pem"].map(|file| std::fs::read(home.join(file)).unwrap());
    let server = Server::start(&home, &[]);
    assert_eq!(kept, ["admin.token", "refresh-key", "signing-key.pem"].map(|file| std::fs::read(home.join(file)).unwrap()));
    let minted = minted.split('"').nth(3).unwrap();
    let (status, _) = server.post("/v1/tokens/introspect", "", &format!(r#"{{"token":"{minted}"}}"#));
    assert_eq!(status, "HTTP/1.1 200 OK");
    server.stop();
}

/// A name of a JWK's `alg` for each key that is published.
fn published(server: &Server) -> Vec<String> {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    write!(stream, "GET /.well-known/jwks.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split("\"alg\":\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn each_algorithm_has_a_key_of_its_own_which_stays_in_use_as_long_as_it_is_there() {
    let home = folder("algorithms");
    let server = Server::start(&home, &["--algorithm", "RS256", "--algorithm", "ES256"]);
    assert_eq!(published(&server), ["RS256", "ES256"]);
    server.stop();
    let files = ["signing-key.pem", "signing-key.RS256.pem"];
    assert!(files.iter().all(|file| mode(&home.join(file)) == 0o600));
    let kept = files.map(|file| std::fs::read(home.join(file)).unwrap());
    let token = std::fs::read_to_string(home.join("admin.token")).unwrap();

    let server = Server::start(&home, &[]);
    assert_eq!(published(&server), ["RS256", "ES256"], "what was signed by RS256 goes on being valid");
    let (status, _) = server.post("/v1/tokens/introspect", "", &format!(r#"{{"token":"{token}"}}"#));
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert_eq!(std::fs::read_to_string(home.join("admin.token")).unwrap(), token);
    assert_eq!(kept, files.map(|file| std::fs::read(home.join(file)).unwrap()));
    server.stop();

    std::fs::write(home.join("signing-key.RS256.pem"), "garbage").unwrap();
    let error = failure(&jeton(&home, &[]).output().unwrap());
    assert!(error.contains("signing key") && error.contains("signing-key.RS256.pem"), "{error}");
}

#[test]
fn a_signing_key_that_is_gone_stops_the_start_and_no_other_is_made_in_its_place() {
    let home = folder("gone");
    Server::start(&home, &[]).stop();
    std::fs::remove_file(home.join("signing-key.pem")).unwrap();
    let error = failure(&jeton(&home, &[]).output().unwrap());
    assert!(error.contains("signing-key.pem: it is missing. Restore it"), "{error}");
    assert!(!home.join("signing-key.pem").exists());
}

#[test]
fn the_audit_trail_is_a_file_for_its_owner_unless_none_is_wanted() {
    let home = folder("audit");
    Server::start(&home, &[]).stop();
    let told = std::fs::read_to_string(home.join("audit.jsonl")).unwrap();
    assert_eq!(mode(&home.join("audit.jsonl")), 0o600);
    for action in ["org.created", "member.created", "keys.created", "token.minted"] {
        assert_eq!(told.matches(&format!("\"action\":\"{action}\"")).count(), 1, "{told}");
    }
    Server::start(&home, &["--no-audit"]).stop();
    assert_eq!(std::fs::read_to_string(home.join("audit.jsonl")).unwrap(), told);
    let other = home.join("other.jsonl");
    Server::start(&folder("audit-elsewhere"), &["--audit", other.to_str().unwrap()]).stop();
    assert!(std::fs::read_to_string(other).unwrap().contains("token.minted"));
}

#[test]
fn metrics_are_read_at_an_address_of_their_own_and_count_what_the_server_answers() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let server = Server::start(&folder("metrics"), &["--metrics", &address]);
    server.ask("GET", "/health", "", "");
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.contains(r#"jeton_requests_total{endpoint="jeton.health",status="200"} 1"#), "{text}");
    let error = failure(&jeton(&folder("metrics-taken"), &["--metrics", &address]).output().unwrap());
    assert!(error.contains(&format!("can't listen on {address}")), "{error}");
}

#[test]
fn the_printed_commands_name_the_address_the_token_and_the_org() {
    let home = folder("printed");
    let server = Server::start(&home, &["--durability", "memory"]);
    let curls: Vec<_> = server.printed.iter().filter(|line| line.trim_start().starts_with("curl ")).collect();
    assert_eq!(curls.len(), 2);
    for curl in curls {
        assert!(
            curl.contains(server.address()) && curl.contains(&format!("$(cat {}", home.join("admin.token").display())),
            "{curl}"
        );
    }
}

#[test]
fn a_token_that_is_no_good_is_renewed_at_a_start() {
    let home = folder("renewed");
    Server::start(&home, &[]).stop();
    std::fs::write(home.join("admin.token"), "garbage").unwrap();
    let server = Server::start(&home, &[]);
    let token = std::fs::read_to_string(home.join("admin.token")).unwrap();
    assert_eq!(token.split('.').count(), 3);
    assert_eq!(mode(&home.join("admin.token")), 0o600);
    // Another issuer, another token: what was minted before is none of this service.
    drop(server);
    let mut other = jeton(&home, &["--durability", "full"]);
    let other = other.args(["--issuer", "http://other.example"]).output().unwrap();
    assert!(!other.status.success(), "given twice");
}

#[test]
fn a_seed_is_loaded_and_a_wrong_one_is_refused_whole_by_member_and_line() {
    let home = folder("seed");
    let file = home.join("seed.json");
    std::fs::write(&file, "{\"orgs\": [{\"id\": \"7\"}],\n \"members\": [{\"org\": \"7\", \"sub\": \"ann\", \"scops\": []}]}")
        .unwrap();
    let seed = ["--seed", file.to_str().unwrap()];
    let error = failure(&jeton(&home, &seed).output().unwrap());
    assert!(error.contains("seed.json: line 2") && error.contains("members[0].scops is not a known field"), "{error}");
    std::fs::write(&file, "{\"orgs\": [{\"id\": \"7\"}], \"members\": [{\"org\": \"8\", \"sub\": \"ann\"}]}").unwrap();
    let error = failure(&jeton(&home, &seed).output().unwrap());
    assert!(error.contains("members[0].org: must be an org that is there"), "{error}");
    let fresh = home.join("fresh");
    failure(&jeton(&fresh, &seed).output().unwrap());
    assert!(!fresh.exists(), "a start of which nothing comes leaves nothing behind");
    // Had the first two loaded anything, its parent couldn't change now.
    std::fs::write(
        &file,
        "{\"orgs\": [{\"id\": \"6\"}, {\"id\": \"7\", \"parent\": \"6\"}], \"members\": [{\"org\": \"7\", \"sub\": \"ann\"}]}",
    )
    .unwrap();
    for created in [3, 0] {
        let server = Server::start(&home, &seed);
        let loaded = format!("2 orgs, 1 member, 0 clients ({created} created, 0 changed).");
        assert!(server.printed[0].ends_with(&loaded), "{:?}", server.printed[0]);
        server.stop();
    }
    let error = failure(&jeton(&home, &["--seed", "/nowhere.json"]).output().unwrap());
    assert!(error.contains("can't read /nowhere.json"), "{error}");
}

/// What somebody decided through the API outlives the next start with the same file: a leaver stays out, a deleted client is gone.
#[test]
fn a_seed_creates_what_is_missing_and_undoes_nothing_unless_it_is_told_to() {
    let home = folder("seed-again");
    let file = home.join("seed.json");
    let seed = |name: &str| {
        format!(
            r#"{{"orgs": [{{"id": "1", "name": "{name}", "settings": {{"token_duration": 600}}}}, {{"id": "11", "parent": "1"}}],
                "members": [{{"org": "1", "sub": "ann", "scopes": ["a"]}}, {{"org": "1", "sub": "bob"}}, {{"org": "11", "sub": "cid"}}],
                "clients": [{{"org": "1", "id": 4711, "kind": "confidential", "secrets_sha256": ["{}"]}}]}}"#,
            "ab".repeat(32)
        )
    };
    std::fs::write(&file, seed("Shop")).unwrap();
    let options = ["--seed", file.to_str().unwrap()];
    let overwriting = ["--seed", file.to_str().unwrap(), "--seed-overwrite"];
    let server = Server::start(&home, &options);
    // Org 1 and its administrator are made by the first start, after the seed.
    assert!(server.printed[0].ends_with("2 orgs, 3 members, 1 client (6 created, 0 changed)."), "{:?}", server.printed);
    let admin = std::fs::read_to_string(home.join("admin.token")).unwrap();
    let ask = |server: &Server, method: &str, path: &str, body: &str| server.ask(method, path, &admin, body);
    assert!(ask(&server, "PUT", "/v1/orgs/1/members/ann", r#"{"enabled": false}"#).0.contains("200"));
    assert!(ask(&server, "DELETE", "/v1/orgs/1/members/bob", "").0.contains("204"));
    assert!(ask(&server, "DELETE", "/v1/orgs/11/members/cid", "").0.contains("204"));
    assert!(ask(&server, "DELETE", "/v1/orgs/11", "").0.contains("204"));
    assert!(ask(&server, "GET", "/api/1/client/secret/refresh/4711", "").0.contains("200"));
    server.stop();

    std::fs::write(&file, seed("Store")).unwrap();
    let server = Server::start(&home, &options);
    let printed = server.printed.iter().take_while(|line| !line.starts_with("Jeton")).cloned().collect::<Vec<_>>();
    assert_eq!(
        printed[1..printed.len()],
        [
            "  org 1 stays as it is: name is \"Shop\", the file has \"Store\".",
            "  org 11 was deleted and is not created again.",
            "  member ann of org 1 stays as it is: enabled is false, the file has true; scopes is [], the file has [\"a\"].",
            "  member bob of org 1 was deleted and is not created again.",
            "  member cid of org 11 is not created: its org was deleted.",
            "  client 4711 of org 1 stays as it is: secrets_sha256 differs.",
            "  --seed-overwrite makes all of them what the file says.",
        ]
    );
    assert!(printed[0].ends_with("(0 created, 0 changed)."), "{printed:?}");
    assert!(!printed.concat().contains("abab"), "no secret, nor what it is compared with");
    assert!(ask(&server, "GET", "/v1/orgs/1/members/ann", "").1.contains(r#""enabled":false"#));
    assert!(ask(&server, "GET", "/v1/orgs/1/members/bob", "").0.contains("404"));
    server.stop();

    let server = Server::start(&home, &overwriting);
    assert!(server.printed[0].ends_with("(3 created, 3 changed)."), "{:?}", server.printed);
    assert!(ask(&server, "GET", "/v1/orgs/1/members/ann", "").1.contains(r#""enabled":true"#));
    assert!(ask(&server, "GET", "/v1/orgs/1/members/bob", "").0.contains("200"));
    server.stop();
    let server = Server::start(&home, &options);
    assert!(server.printed[0].ends_with("(0 created, 0 changed)."), "{:?}", server.printed);
    assert!(!server.printed[1].starts_with("  "), "nothing differs: {:?}", server.printed);
    server.stop();
    assert!(failure(&jeton(&home, &["--seed-overwrite"]).output().unwrap()).contains("--seed"));
}

/// What was issued is nowhere but in its answer, nor is the end of it.
#[test]
fn nothing_that_was_issued_is_in_the_log_or_at_rest() {
    let home = folder("rest");
    let (server, log) = start_logging(&home, &["--log", "json"]);
    let admin = std::fs::read_to_string(home.join("admin.token")).unwrap();
    let mut issued = vec![admin.clone()];
    for _ in 0..100 {
        let body = r#"{"sub":"administrator","org":"1","audiences":["urn:api"],"time_validity":{},"create_refresh_token":true}"#;
        let (_, minted) = server.post("/v1/tokens", &admin, body);
        let [token, refresh_token] = [3, 7].map(|at| minted.split('"').nth(at).unwrap().to_owned());
        let (_, refreshed) = server.post("/v1/tokens/refresh", "", &format!(r#"{{"token":"{refresh_token}"}}"#));
        server.post("/v1/tokens/introspect", "", &format!(r#"{{"token":"{token}"}}"#));
        server.post("/v1/tokens/revoke", "", &format!(r#"{{"token":"{token}","nonsense":"{refresh_token}"}}"#));
        server.post("/v1/tokens/introspect", &token, &format!(r#"{{"token":["{token}"]}}"#));
        issued.extend([token, refresh_token]);
        issued.extend([3, 7].map(|at| refreshed.split('"').nth(at).unwrap().to_owned()));
    }
    server.stop();
    let log = log.join().unwrap();
    assert_eq!(requests_in(&log), 500, "a line for each request");
    assert!(log.lines().all(|line| line.starts_with('{') && line.ends_with('}')));
    let mut at_rest = log.into_bytes();
    for file in std::fs::read_dir(&home)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|file| file.is_file() && !file.ends_with("admin.token"))
    {
        at_rest.extend(std::fs::read(file).unwrap());
    }
    for token in issued {
        let tail = &token.as_bytes()[token.len() - 20..];
        assert!(!at_rest.windows(20).any(|there| there == tail), "{token}");
    }
}

#[test]
fn without_a_request_log_nothing_is_logged_of_requests() {
    let home = folder("silent");
    for (options, lines) in [(&["--log", "json"][..], 1), (&["--log", "json", "--no-request-log"], 0)] {
        let (server, log) = start_logging(&home, options);
        server.ask("GET", "/health", "", "");
        server.stop();
        assert_eq!(requests_in(&log.join().unwrap()), lines, "{options:?}");
    }
}

/// Starts a server, and returns it with a thread that reads its log until it ends.
fn start_logging(home: &Path, options: &[&str]) -> (Server, std::thread::JoinHandle<String>) {
    let mut process = jeton(home, options).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = process.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).unwrap();
        text
    });
    let first = BufReader::new(process.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    (Server { process, printed: vec![first] }, log)
}

/// How many requests a log in JSON tells of.
fn requests_in(log: &str) -> usize {
    log.lines().filter(|line| line.contains("\"endpoint\":")).count()
}

#[test]
fn what_keeps_it_from_starting_is_said() {
    let home = folder("twice");
    let server = Server::start(&home, &[]);
    let error = failure(&jeton(&home, &[]).output().unwrap());
    assert!(error.contains("another process"), "{error}");
    let mut busy = Command::new(env!("CARGO_BIN_EXE_jeton"));
    let error = failure(&busy.args(["--listen", server.address(), "--data-dir"]).arg(folder("busy")).output().unwrap());
    assert!(error.contains("can't listen on"), "{error}");
    let error = failure(&jeton(&home, &["--issuer", "jeton.example"]).output().unwrap());
    assert!(error.contains("--issuer"), "{error}");
}

/// Each of these is on the page.
#[test]
fn the_page_for_troubleshooting_has_what_is_said_at_a_start() {
    const PAGE: &str = include_str!("../../docs/troubleshooting.md");
    let home = folder("troubles");
    std::fs::write(home.join("file"), "").unwrap();
    std::fs::create_dir(home.join("damaged")).unwrap();
    std::fs::write(home.join("damaged/signing-key.pem"), "garbage").unwrap();
    let seed = home.join("seed.json");
    std::fs::write(&seed, r#"{"orgs": [{"id": "1", "nmae": "Shop"}]}"#).unwrap();
    let server = Server::start(&home.join("taken"), &[]);
    let new = home.join("new");
    for (folder, options, said) in [
        ("new", &["--listen", "3000"][..], "must be an address and a port, such as 127.0.0.1:3000"),
        ("new", &["--listen", "localhost:3000"], "must be an address and a port, such as 127.0.0.1:3000"),
        ("new", &["--port", "3000"], "there is no such option: use --listen"),
        ("new", &["--threads", "0"], "must be a number from 1 up"),
        ("new", &["--listen", server.address()], "Choose another port"),
        ("taken", &["--listen", "127.0.0.1:0"], "another process has it open"),
        ("file", &["--listen", "127.0.0.1:0"], "isn't a folder"),
        ("damaged", &["--listen", "127.0.0.1:0"], "signing-key.pem: it isn't a PKCS #8 key for ES256 in PEM. Restore it"),
        ("new", &["--listen", "127.0.0.1:0", "--seed", seed.to_str().unwrap()], "orgs[0].nmae is not a known field"),
    ] {
        let mut start = Command::new(env!("CARGO_BIN_EXE_jeton"));
        let error = failure(&start.args(options).arg("--data-dir").arg(home.join(folder)).output().unwrap());
        assert!(error.contains(said), "{options:?}: {error}");
        assert!(PAGE.contains(said), "{said}");
        let leaves_nothing = folder != "new" || !new.exists() || options.contains(&"--seed");
        assert!(leaves_nothing, "{options:?}");
    }
}

#[test]
fn the_administrator_gets_its_office_back_from_who_runs_the_service() {
    const SELF: &str = "/v1/orgs/1/members/administrator";
    let home = folder("admin-token");
    let token = |home: &Path| std::fs::read_to_string(home.join("admin.token")).unwrap().trim().to_owned();
    let server = Server::start(&home, &[]);
    let first = token(&home);
    let body = r#"{"scopes":["urn:jeton:*"]}"#;
    assert!(server.ask("PUT", "/v1/orgs/1/members/other", &first, body).0.contains(" 201 "));
    assert!(server.ask("PUT", SELF, &first, r#"{"profile":{"email":"a@example.org"},"enabled":false}"#).0.contains(" 200 "));
    server.stop();
    let output = jeton(&home, &["admin-token"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.trim(), token(&home));
    assert!(String::from_utf8(output.stderr).unwrap().contains("the first administrator is enabled again"));
    let server = Server::start(&home, &[]);
    let (status, body) = server.ask("GET", SELF, printed.trim(), "");
    assert!(status.contains(" 200 ") && body.contains("a@example.org") && body.contains("urn:jeton:admin"), "{status} {body}");
    server.stop();
}

/// RFC 8705: who reads that a certificate authenticates it must be able to present one.
#[test]
fn certificates_are_offered_only_where_a_proxy_passes_them_on() {
    for (name, more, offered) in [("plain", &[][..], false), ("proxied", &["--client-certificate-header", "Client-Cert"], true)] {
        let server = Server::start(&folder(name).join("home"), more);
        for document in ["oauth-authorization-server", "openid-configuration"] {
            let (_, metadata) = server.ask("GET", &format!("/.well-known/{document}"), "", "");
            assert_eq!(metadata.contains("tls_client_auth"), offered, "{name} {document}");
            assert!(
                metadata.contains(&format!(r#""tls_client_certificate_bound_access_tokens":{offered}"#)),
                "{name} {document}"
            );
        }
        server.stop();
    }
}

#[test]
fn id_tokens_are_said_to_be_signed_by_the_algorithms_that_the_server_has_keys_for() {
    for (name, more, told) in [
        ("one-key", &[][..], r#"["ES256"]"#),
        ("two-keys", &["--algorithm", "RS256", "--algorithm", "ES256"], r#"["RS256","ES256"]"#),
    ] {
        let server = Server::start(&folder(name).join("home"), more);
        let (_, metadata) = server.ask("GET", "/.well-known/openid-configuration", "", "");
        assert!(metadata.contains(&format!(r#""id_token_signing_alg_values_supported":{told}"#)), "{name}: {metadata}");
        server.stop();
    }
}

#[test]
fn an_origin_that_is_none_is_refused_at_the_start_with_the_form_that_is_expected() {
    let error = failure(&jeton(&folder("cors"), &["--cors-origin", "https://app.example/"]).output().unwrap());
    assert!(error.contains("--cors-origin") && error.contains("such as https://app.example or http://localhost:5173"), "{error}");
}
