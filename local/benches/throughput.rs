//! `cargo bench`: what a token costs. Starts the server as a user would, asks it for tokens over HTTP, and prints the work done
//! per CPU-second of the server's process, with its memory, beside the targets.
//!
//! `-- --count N --durability memory|normal|full` narrows it. CPU time, not wall time: it depends less on what else the machine
//! is doing. The load is bounded in count.

#![expect(clippy::expect_used, reason = "a benchmark may panic")]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use shared::domain::Algorithm;
use shared::jose::jws::VerifyingKey;
use shared::signer::{LocalSigner, Signer as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Connections that are kept busy: group commit lives off what is in flight.
const CONNECTIONS: usize = 64;
/// Tokens that are asked about again and again.
const KNOWN: usize = 1_000;
const DURABILITIES: [&str; 3] = ["memory", "normal", "full"];

fn main() {
    let option = |name: &str| std::env::args().skip_while(|arg| arg != name).nth(1);
    let count = option("--count").and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let only = option("--durability");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (sign, verify) = runtime.block_on(floor());
    println!(
        "One ES256 signature costs {sign:.1} µs here, and {verify:.1} µs to verify (12.4 and 37.5 where the targets were set)."
    );
    println!("{count} tokens each, {CONNECTIONS} connections, every answer checked; targets in brackets\n");
    println!(
        "{:<10} {:>9} {:>9} {:>15} {:>8} {:>19} {:>12} {:>10}",
        "durability", "ready ms", "idle MB", "mint /CPU-s", "mint /s", "introspect /CPU-s", "again /CPU-s", "peak MB"
    );
    for durability in DURABILITIES.into_iter().filter(|durability| only.as_deref().is_none_or(|only| only == *durability)) {
        let mut server = Server::start(durability);
        let idle = server.memory("VmRSS");
        let (mint, tokens) = runtime.block_on(measure(&server, mint_requests(&server, count), 201));
        let (introspect, _) = runtime.block_on(measure(&server, introspect_requests(&server, &tokens), 200));
        // As a gateway asks: the same tokens again and again.
        let known: Vec<_> = tokens.iter().take(KNOWN).cycle().take(count).cloned().collect();
        let (again, _) = runtime.block_on(measure(&server, introspect_requests(&server, &known), 200));
        let target = if durability == "memory" { 20_000 } else { 12_000 };
        println!(
            "{durability:<10} {:>9} {:>9} {:>15} {:>8.0} {:>19} {:>12.0} {:>10}",
            format!("{:.0} [30]", server.ready.as_secs_f64() * 1e3),
            format!("{idle:.1} [15]"),
            format!("{:.0} [{target}]", mint.per_cpu_second()),
            mint.per_second(),
            format!("{:.0} [18000]", introspect.per_cpu_second()),
            again.per_cpu_second(),
            format!("{:.1} [64]", server.memory("VmHWM")),
        );
        server.stop();
    }
    println!("\n{:<28} {:>15} {:>19}", "Authlete's API, normal", "create /CPU-s", "introspection /CPU-s");
    for (form, settings) in [("opaque tokens", ""), ("JWT (ES256)", r#","access_token_sign_alg":"ES256""#)] {
        for (with, grant) in [("", "CLIENT_CREDENTIALS"), (", refreshable", "PASSWORD")] {
            let mut server = Server::start("normal");
            let (create, introspect) = runtime.block_on(authlete(&server, settings, grant, count));
            let name = format!("{form}{with}");
            println!("{name:<28} {:>15.0} {:>19.0}", create.per_cpu_second(), introspect.per_cpu_second());
            server.stop();
        }
    }
}

/// Tokens of an OAuth client: to create them, and to introspect each once.
async fn authlete(server: &Server, settings: &str, grant: &str, count: usize) -> (Cost, Cost) {
    let bearer = format!("Authorization: Bearer {}\r\n", server.token);
    let settings = format!(r#"{{"settings":{{"supported_scopes":[{{"name":"read"}}]{settings}}}}}"#);
    measure(server, vec![send(server, "PUT", "/v1/orgs/1", &bearer, &settings)], 200).await;
    let draft = r#"{"clientType":"CONFIDENTIAL"}"#;
    let (_, client) = measure(server, vec![request(server, "/api/1/client/create", &bearer, draft)], 200).await;
    let client = member(&client[0], r#""clientId":"#);
    let body = format!(r#"{{"grantType":"{grant}","clientId":{client},"subject":"john","scopes":["read"]}}"#);
    let creation = request(server, "/api/1/auth/token/create", &bearer, &body);
    let (create, tokens) = measure(server, vec![creation; count], 200).await;
    let introspections = tokens.iter().map(|answer| {
        let body = format!(r#"{{"token":{},"scopes":["read"]}}"#, member(answer, r#""accessToken":"#));
        request(server, "/api/1/auth/introspection", &bearer, &body)
    });
    let (introspect, answers) = measure(server, introspections.collect(), 200).await;
    assert!(answers.iter().all(|answer| answer.contains(r#""action":"OK""#)), "every token is good");
    (create, introspect)
}

/// The member of an answer behind this name.
fn member<'a>(answer: &'a str, name: &str) -> &'a str {
    let rest = answer.split(name).nth(1).expect("the member");
    rest.split([',', '}']).next().expect("its value")
}

/// What the signatures alone cost on this machine, in µs: no mint and no first introspection can cost less.
async fn floor() -> (f64, f64) {
    const ROUNDS: u32 = 2_000;
    let signer = LocalSigner::generate(Algorithm::Es256).expect("a key");
    let key = VerifyingKey::new(signer.jwk()).expect("its public half");
    let input = [7; 420];
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        signer.sign(&input).await.expect("a signature");
    }
    let sign = begun.elapsed();
    let signature = signer.sign(&input).await.expect("a signature");
    let begun = Instant::now();
    assert!((0..ROUNDS).all(|_| key.verify(&input, &signature)));
    let each = |all: Duration| all.as_secs_f64() * 1e6 / f64::from(ROUNDS);
    (each(sign), each(begun.elapsed()))
}

/// The server, as a process of its own.
struct Server {
    process: Child,
    address: String,
    token: String,
    folder: PathBuf,
    ready: Duration,
}

impl Server {
    fn start(durability: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{durability}"));
        let _ = fs::remove_dir_all(&folder);
        // Once to make the keys, once to be measured: a first start happens once.
        for measured in [false, true] {
            let begun = Instant::now();
            let mut process = Command::new(env!("CARGO_BIN_EXE_jeton"))
                .args(["--listen", "127.0.0.1:0", "--issuer", "http://bench.example", "--durability", durability, "--data-dir"])
                .arg(&folder)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("the server starts");
            let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
            let first = lines.next().expect("a line").expect("a line");
            let ready = begun.elapsed();
            std::thread::spawn(move || lines.for_each(drop));
            if measured {
                let address = first.rsplit("http://").next().expect("its address").to_owned();
                let token = fs::read_to_string(folder.join("admin.token")).expect("its token");
                return Self { process, address, token, folder, ready };
            }
            process.kill().expect("the server stops");
            process.wait().expect("the server stops");
        }
        unreachable!("the second start is measured")
    }

    /// User and system time so far.
    fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("its times");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().expect("utime") + fields[12].parse::<u64>().expect("stime");
        // USER_HZ is 100 on every Linux.
        Duration::from_millis(ticks * 10)
    }

    /// In MB.
    fn memory(&self, what: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("its status");
        let line = status.lines().find(|line| line.starts_with(what)).expect("a line");
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).expect("a number") / 1024.0
    }

    fn stop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn mint_requests(server: &Server, count: usize) -> Vec<Vec<u8>> {
    let body = r#"{"sub":"administrator","org":"1","audiences":["urn:example:api"],"time_validity":{"duration":3600},"scopes":["urn:example:read","urn:example:write?"]}"#;
    vec![request(server, "/v1/tokens", &format!("Authorization: Bearer {}\r\n", server.token), body); count]
}

fn introspect_requests(server: &Server, answers: &[String]) -> Vec<Vec<u8>> {
    let token = |answer: &String| answer.split('"').nth(3).expect("a token").to_owned();
    answers
        .iter()
        .map(token)
        .map(|token| request(server, "/v1/tokens/introspect", "", &format!(r#"{{"token":"{token}"}}"#)))
        .collect()
}

fn request(server: &Server, path: &str, headers: &str, body: &str) -> Vec<u8> {
    send(server, "POST", path, headers, body)
}

fn send(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let host = &server.address;
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

struct Cost {
    count: usize,
    cpu: Duration,
    wall: Duration,
}

impl Cost {
    #[expect(clippy::cast_precision_loss, reason = "a figure to print")]
    fn per_cpu_second(&self) -> f64 {
        self.count as f64 / self.cpu.as_secs_f64()
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure to print")]
    fn per_second(&self) -> f64 {
        self.count as f64 / self.wall.as_secs_f64()
    }
}

/// Sends the requests over all connections, each answer before the next request, and returns the cost and the bodies.
async fn measure(server: &Server, requests: Vec<Vec<u8>>, expected: u16) -> (Cost, Vec<String>) {
    let count = requests.len();
    let mut shares: HashMap<usize, Vec<Vec<u8>>> = HashMap::new();
    for (index, request) in requests.into_iter().enumerate() {
        shares.entry(index % CONNECTIONS).or_default().push(request);
    }
    let (cpu, begun) = (server.cpu(), Instant::now());
    let set = tokio::task::LocalSet::new();
    let connections: Vec<_> =
        shares.into_values().map(|share| set.spawn_local(converse(server.address.clone(), share, expected))).collect();
    // Never asleep: otherwise the server pays for waking us with each answer, which costs more than the answer on a virtual machine.
    let awake = set.spawn_local(async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    let mut answers = Vec::with_capacity(count);
    set.run_until(async {
        for connection in connections {
            answers.extend(connection.await.expect("a connection ends well"));
        }
    })
    .await;
    awake.abort();
    (Cost { count, cpu: server.cpu().saturating_sub(cpu), wall: begun.elapsed() }, answers)
}

async fn converse(address: String, requests: Vec<Vec<u8>>, expected: u16) -> Vec<String> {
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    let mut buffer = vec![0; 65_536];
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        stream.write_all(&request).await.expect("a request is sent");
        let mut filled = 0;
        let (head, length) = loop {
            filled += stream.read(&mut buffer[filled..]).await.expect("an answer");
            let Some(head) = buffer[..filled].windows(4).position(|end| end == b"\r\n\r\n") else { continue };
            let text = std::str::from_utf8(&buffer[..head]).expect("headers");
            assert!(text.starts_with(&format!("HTTP/1.1 {expected}")), "{text}");
            let length =
                text.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|n| n.parse::<usize>().ok());
            let length = length.expect("a length");
            if filled >= head + 4 + length {
                break (head + 4, length);
            }
        };
        answers.push(String::from_utf8_lossy(&buffer[head..head + length]).into_owned());
    }
    answers
}
