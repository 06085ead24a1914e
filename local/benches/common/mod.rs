//! The server under load: what a request costs it, in CPU time. That depends less than wall time on what else the machine is doing.

#![allow(dead_code, clippy::allow_attributes, reason = "not every benchmark needs all of it")]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Connections that are kept busy: group commit lives off what is in flight.
pub(crate) const CONNECTIONS: usize = 64;

/// The member of an answer behind this name.
pub(crate) fn member<'a>(answer: &'a str, name: &str) -> &'a str {
    let rest = answer.split(name).nth(1).expect("the member");
    rest.split([',', '}']).next().expect("its value")
}

/// The server, as a process of its own.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: String,
    /// The administrator's.
    pub(crate) token: String,
    folder: PathBuf,
    /// How long it took to listen.
    pub(crate) ready: Duration,
}

impl Server {
    /// Starts it, with this seed if there is one.
    pub(crate) fn start(durability: &str, seed: Option<&str>) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{durability}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("seed.json"), seed.unwrap_or("{}")).expect("a seed");
        // Once to make the keys, once to be measured: a first start happens once.
        let first = Self::open(folder, durability);
        first.restart(durability, |_| ())
    }

    /// Starts it on what is in a folder.
    fn open(folder: PathBuf, durability: &str) -> Self {
        let begun = Instant::now();
        let mut process = Command::new(env!("CARGO_BIN_EXE_jeton"))
            .args([
                "--listen",
                "127.0.0.1:0",
                "--issuer",
                "http://bench.example",
                "--durability",
                durability,
                "--no-audit",
                "--data-dir",
            ])
            .arg(&folder)
            .arg("--seed")
            .arg(folder.join("seed.json"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let first = lines.by_ref().map(|line| line.expect("a line")).find(|line| line.contains("http://")).expect("a line");
        let ready = begun.elapsed();
        std::thread::spawn(move || lines.for_each(drop));
        let address = first.rsplit("http://").next().expect("its address").to_owned();
        let token = fs::read_to_string(folder.join("admin.token")).expect("its token");
        Self { process, address, token, folder, ready }
    }

    /// Stops it, does something to what is in its folder, and starts it again.
    pub(crate) fn restart(mut self, durability: &str, meanwhile: impl FnOnce(&Path)) -> Self {
        self.end();
        meanwhile(&self.folder);
        Self::open(self.folder, durability)
    }

    /// User and system time so far.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("its times");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().expect("utime") + fields[12].parse::<u64>().expect("stime");
        // USER_HZ is 100 on every Linux.
        Duration::from_millis(ticks * 10)
    }

    /// In MB.
    pub(crate) fn memory(&self, what: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("its status");
        let line = status.lines().find(|line| line.starts_with(what)).expect("a line");
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).expect("a number") / 1024.0
    }

    /// The size of all files of the store, in MB.
    #[expect(clippy::cast_precision_loss, reason = "a figure to print")]
    pub(crate) fn stored_mb(&self) -> f64 {
        let files = fs::read_dir(&self.folder).expect("its folder").filter_map(Result::ok);
        let bytes: u64 = files.filter_map(|file| file.metadata().ok()).filter(fs::Metadata::is_file).map(|file| file.len()).sum();
        bytes as f64 / 1024.0 / 1024.0
    }

    pub(crate) fn stop(&mut self) {
        self.end();
        let _ = fs::remove_dir_all(&self.folder);
    }

    fn end(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

pub(crate) fn request(server: &Server, path: &str, headers: &str, body: &str) -> Vec<u8> {
    send(server, "POST", path, headers, body)
}

pub(crate) fn send(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    written(server, method, path, &format!("Content-Type: application/json\r\n{headers}"), body)
}

/// A form to be posted.
pub(crate) fn form(server: &Server, path: &str, form: &str) -> Vec<u8> {
    written(server, "POST", path, "Content-Type: application/x-www-form-urlencoded\r\n", form)
}

fn written(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let (host, length) = (&server.address, body.len());
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

pub(crate) struct Cost {
    count: usize,
    cpu: Duration,
    wall: Duration,
}

impl Cost {
    pub(crate) fn cpu(&self) -> Duration {
        self.cpu
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure to print")]
    pub(crate) fn per_cpu_second(&self) -> f64 {
        self.count as f64 / self.cpu.as_secs_f64()
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure to print")]
    pub(crate) fn per_second(&self) -> f64 {
        self.count as f64 / self.wall.as_secs_f64()
    }
}

/// Sends the requests over all connections, each answer before the next request, and returns the cost and the bodies.
pub(crate) async fn measure(server: &Server, requests: Vec<Vec<u8>>, expected: u16) -> (Cost, Vec<String>) {
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
    let mut connection = Connection::open(&address).await;
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        answers.push(connection.ask(&request, expected).await);
    }
    answers
}

/// A connection to the server.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self { stream, buffer: vec![0; 65_536] }
    }

    /// The body of the answer, which must be of this status.
    pub(crate) async fn ask(&mut self, request: &[u8], expected: u16) -> String {
        let Self { stream, buffer } = self;
        stream.write_all(request).await.expect("a request is sent");
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
        String::from_utf8_lossy(&buffer[head..head + length]).into_owned()
    }
}
