//! The local server: the same endpoints as the Lambdas, over an embedded store, with a local key; and the command line.

pub mod audit;
mod cli;
pub mod cors;
pub mod first_start;
pub mod health;
#[cfg(feature = "aws")]
mod in_aws;
mod keys;
pub mod metrics;
mod options;
mod server;
pub mod signals;
pub mod status_lists;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use shared::api::http::{Forwarding, Service};
use shared::api::jeton::load_seed;
use shared::api::jeton::load_seed::{Loaded, NotLoaded, SeedMode};
use shared::api::jeton::seed::Seed;
use shared::domain::{Error, Fault, Issuer, Secret, TrustedProxies};
use shared::keys::remote::{KeySets, SecretScanners};
use shared::platform::capabilities::{Provides as _, Rotator, SignalCollector};
use shared::platform::data_dir::DataDir;
use shared::platform::events::Publish;
use shared::platform::key_files::KeyFiles;
use shared::platform::queue::Signalling;
use shared::platform::queue::local::LocalQueue;
use shared::platform::{LocalService, Platform, SystemClock};
use shared::store::sqlite::{self, SqliteStore};
use shared::store::{KeepEventStreams, KeepSignals, ReadTokens};
use shared::tokens::batch;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use first_start::ADDRESS_FILE;

use audit::Trail;
use cli::{Cli, Command, Failure};
use cors::Cors;
pub use health::catalogue;
pub use keys::{KeyKeeper, Served};
use metrics::Metrics;
pub use options::{Durability, LogFormat, Options, SignerKind, StoreKind};
pub use server::{Edge, serve};
use signals::{Collector, PushQueue};
use status_lists::StatusLists;

/// Does what the arguments of the program say: serves until it is told to stop, or runs a command. Says why if it can't.
pub fn run() -> ExitCode {
    let Cli { options, command } = Cli::parse_arguments();
    match command {
        None => ended(with_threads(&options.clone(), start(options))),
        Some(Command::Serve(options)) => ended(with_threads(&options.clone(), start(*options))),
        Some(Command::AdminToken(options)) => ended(with_threads(&options.clone(), admin_token(*options))),
        Some(command) => {
            let done = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let done = done.map_err(|error| Failure::Refused(format!("can't start: {error}")));
            match done.and_then(|runtime| runtime.block_on(cli::run(command, &options.data_dir))) {
                Ok(()) => ExitCode::SUCCESS,
                Err(Failure::Refused(why)) => give_up(&why),
                Err(Failure::Usage(why)) => {
                    give_up(&why);
                    ExitCode::from(2)
                }
            }
        }
    }
}

/// Runs what needs the log and the threads of the server.
fn with_threads(options: &Options, work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    shared::telemetry::log_to_stderr(options.log == LogFormat::Json);
    let mut runtime = match options.threads.get() {
        // Without a second thread there is nobody to wake and nothing to steal.
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime.worker_threads(options.threads.get()).enable_all().build();
    runtime.map_err(|error| format!("can't start its threads: {error}"))?.block_on(work)
}

fn ended(done: Result<(), String>) -> ExitCode {
    done.map_or_else(|why| give_up(&why), |()| ExitCode::SUCCESS)
}

async fn start(options: Options) -> Result<(), String> {
    let stopped = stop_signal().map_err(|e| format!("can't wait for signals: {e}"))?;
    let listener = listen(options.listen).await?;
    let address = listener.local_addr().map_err(|e| format!("can't tell its address: {e}"))?;
    let base_url = format!("http://{address}");
    let issuer = issuer(&options, &base_url)?;
    // Declared before all that uses the folder, so that it goes after that.
    let mut unused = UnusedFolder::before(&options.data_dir);
    let home = DataDir::open(&options.data_dir).map_err(|fault| in_words(&fault))?;
    let counting = counting(&options, &home).await?;
    let key_sets = KeySets::over_https(options.jwks_origin.iter().cloned().collect());
    let data_file = open_data_file(&options, &home).map_err(|fault| in_words(&fault))?;
    let (push_queue, push_worker) = PushQueue::open(&data_file).map_err(|fault| in_words(&fault))?;
    // Of tables in DynamoDB a function makes the signals.
    let collects = !options.no_audit || options.store == StoreKind::Dynamodb;
    let signalling = Signalling { pusher: Arc::new(push_queue), collects };
    let metrics = counting.as_ref().map(|(metrics, _)| Arc::clone(metrics) as Arc<dyn Publish>);
    let others = metrics.into_iter().chain([collector(&data_file, &issuer, &signalling)]).collect();
    let trail = trail(&options, &home, &data_file, others)?;
    let (mut platform, rotator) = platform(&options, &home, Arc::clone(&data_file), issuer).await?;
    platform = platform.reading(key_sets);
    platform.records = platform.records.opening(Some(options.open_org.clone())).reading_the_web();
    platform.records = platform.records.hearing_from(SecretScanners::over_https(options.secret_scanning_keys.clone()));
    platform.records = platform.records.pushing_over_https(options.receiver_origin.iter().cloned().collect());
    platform.records.signing_algorithms = options.algorithms.as_slice().into();
    if options.client_certificate_header.is_some() {
        platform = platform.with_client_certificates(options.mtls_url.clone());
    }
    if let Some(file) = &options.seed {
        load(&platform, &data_file, file, options.seed_overwrite).await?;
    }
    let administrator = first_start::prepare(&home, &platform).await.map_err(|error| why_no_token(&error))?;
    let data_file_of_lists = Arc::clone(&data_file);
    let (queue, worker) = LocalQueue::open(data_file).map_err(|fault| in_words(&fault))?;
    let served = Served { whole: LocalService { platform, queue: Arc::new(queue), signalling }, rotator };
    let mut service = Service::new(&catalogue(), &served).map_err(|fault| in_words(&fault))?;
    if let Some(header) = options.client_address_header.clone() {
        let proxies = TrustedProxies::from_networks(options.trusted_proxy.as_slice());
        service = service.behind(Forwarding { header, proxies });
    }
    if options.no_request_log {
        service = service.without_request_log();
    }
    unused.keep();
    let mut background = Background::default();
    background.run(worker.run(batch::worker(served.provide())));
    background.run(push_worker.run(served.provide()));
    background.run(first_start::keep_renewed(home.clone(), served.whole.platform.clone()));
    if let Some(rotator) = &served.rotator {
        background.run(keys::watch(rotator.clone(), served.whole.platform.records.reader.clone()));
    }
    if let Some(trail) = &trail {
        background.run(trail.clone().follow());
    }
    // Of tables in DynamoDB their streams tell, to a function.
    if options.store == StoreKind::Sqlite {
        let lists = StatusLists::begin(data_file_of_lists, Arc::new(SystemClock), served.provide());
        background.run(lists.map_err(|fault| in_words(&fault))?.follow());
    }
    home.write(ADDRESS_FILE, &Secret::new(reachable(address))).map_err(|fault| in_words(&fault))?;
    print!("{}", first_start::welcome(&base_url, &home, &administrator));
    if let Some((metrics, listener)) = counting {
        service = service.observed_by(metrics.clone());
        background.run(metrics::serve(listener, metrics));
    }
    let edge = Edge { certificate_header: options.client_certificate_header, cors: Cors::new(options.cors_origin) };
    server::serve(listener, Arc::new(service), edge, stopped).await;
    let _ = std::fs::remove_file(home.file(ADDRESS_FILE));
    // What isn't done is done after the next start.
    background.stop().await;
    if let Some(trail) = trail {
        trail.finish().await;
    }
    // The store closes when the last of its users is gone: in order, after everything that was answered is committed.
    drop(served);
    Ok(())
}

/// The data folder that a start has made, which goes with it if nothing comes of it: a refused seed leaves nothing behind.
struct UnusedFolder(Option<PathBuf>);

impl UnusedFolder {
    /// Notes whether there is a folder, or whatever else, at this path.
    fn before(path: &Path) -> Self {
        Self((!path.exists()).then(|| path.to_owned()))
    }

    fn keep(&mut self) {
        self.0 = None;
    }
}

impl Drop for UnusedFolder {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

/// Tasks that run as long as the server does.
#[derive(Default)]
struct Background(Vec<JoinHandle<()>>);

impl Background {
    fn run(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.push(tokio::spawn(task));
    }

    async fn stop(self) {
        for task in self.0 {
            task.abort();
            let _ = task.await;
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| {
        let what_to_do =
            if error.kind() == io::ErrorKind::AddrInUse { ". Choose another port; port 0 takes any that is free" } else { "" };
        format!("can't listen on {address}: {error}{what_to_do}")
    })
}

/// The metrics and where they are read, if they are wanted.
async fn counting(options: &Options, home: &DataDir) -> Result<Option<(Arc<Metrics>, TcpListener)>, String> {
    let Some(address) = options.metrics else { return Ok(None) };
    Ok(Some((Arc::new(Metrics::new(home.file("jeton.db"))), listen(address).await?)))
}

/// Makes signals of what the audit trail tells, for receivers.
fn collector(data_file: &Arc<SqliteStore>, issuer: &Issuer, signalling: &Signalling) -> Arc<dyn Publish> {
    Arc::new(Collector::new(SignalCollector {
        clock: Arc::new(SystemClock),
        issuer: issuer.clone(),
        tokens: Arc::clone(data_file) as Arc<dyn ReadTokens>,
        streams: Arc::clone(data_file) as Arc<dyn KeepEventStreams>,
        signals: Arc::clone(data_file) as Arc<dyn KeepSignals>,
        signalling: signalling.clone(),
    }))
}

/// The audit trail, unless it isn't wanted, in its file and in other places. A store in AWS has streams for that.
fn trail(
    options: &Options,
    home: &DataDir,
    data_file: &Arc<SqliteStore>,
    others: Vec<Arc<dyn Publish>>,
) -> Result<Option<Trail>, String> {
    if options.store == StoreKind::Dynamodb && options.audit.is_some() {
        return Err("--audit needs --store sqlite: of tables in DynamoDB their streams tell".to_owned());
    }
    if options.no_audit || options.store == StoreKind::Dynamodb {
        return Ok(None);
    }
    let file = options.audit.clone().unwrap_or_else(|| home.file("audit.jsonl"));
    let is_synced = options.durability == Durability::Full;
    let trail = Trail::begin(Arc::clone(data_file), Arc::new(SystemClock), (file, is_synced), others);
    trail.map(Some).map_err(|fault| in_words(&fault))
}

/// Prints a token of the administrator, which can act as one then whatever has become of it.
async fn admin_token(options: Options) -> Result<(), String> {
    let issuer = issuer(&options, &format!("http://{}", options.listen))?;
    let home = DataDir::open(&options.data_dir).map_err(|fault| in_words(&fault))?;
    let data_file = open_data_file(&options, &home).map_err(|fault| in_words(&fault))?;
    // What was committed before a crash may have to be told to receivers. It is pushed after the next start.
    let (push_queue, _) = PushQueue::open(&data_file).map_err(|fault| in_words(&fault))?;
    let signalling = Signalling { pusher: Arc::new(push_queue), collects: !options.no_audit };
    let trail = trail(&options, &home, &data_file, vec![collector(&data_file, &issuer, &signalling)])?;
    let (platform, _) = platform(&options, &home, data_file, issuer).await?;
    let token = first_start::restore(&home, &platform).await.map_err(|error| why_no_token(&error))?;
    if let Some(trail) = trail {
        trail.finish().await;
    }
    println!("{}", token.expose());
    Ok(())
}

/// Returns the URL at which this machine finds a server that listens on an address.
fn reachable(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    format!("http://{address}")
}

fn issuer(options: &Options, base_url: &str) -> Result<Issuer, String> {
    options.issuer.clone().map_or_else(|| Issuer::parse(base_url).map_err(|rule| format!("the issuer {rule}")), Ok)
}

fn why_no_token(error: &Error) -> String {
    match error {
        Error::Failed(fault) => in_words(fault),
        Error::Refused(refusal) => format!("can't mint the administrator's token: {refusal:?}"),
    }
}

/// Opens the data file, which has the queue and, unless that is in AWS, the store. First of all: it is locked, so that two
/// processes can't make keys at the same time.
///
/// # Errors
/// [`Fault`] when the file cannot be opened, or another process has it open.
fn open_data_file(options: &Options, home: &DataDir) -> Result<Arc<SqliteStore>, Fault> {
    match options.store {
        StoreKind::Sqlite => home.store(options.durability.into()),
        // The durability is that of the store, which is in AWS and forgets nothing; so must the queue.
        StoreKind::Dynamodb => home.store(sqlite::Durability::Full),
    }
}

/// What the service stands on: all in the data folder, or parts of it in AWS. With it what rotates the keys, if they are here.
async fn platform(
    options: &Options,
    home: &DataDir,
    data_file: Arc<SqliteStore>,
    issuer: Issuer,
) -> Result<(Platform, Option<Rotator>), String> {
    if options.store == StoreKind::Dynamodb || options.signer != SignerKind::Local {
        if options.rotate_keys_every.is_some() {
            return Err("--rotate-keys-every needs --store sqlite and --signer local: keys in AWS are rotated there".to_owned());
        }
        return Ok((in_aws::platform(options, home, data_file, issuer).await?, None));
    }
    let schedule = keys::schedule(options.rotate_keys_every);
    let files = KeyFiles::new(home.clone());
    let operations = files.operations(issuer, data_file, Arc::new(SystemClock), (&options.algorithms, schedule)).await;
    let operations = operations.map_err(|fault| in_words(&fault))?;
    let rotator = operations.provide();
    Ok((operations.platform, Some(rotator)))
}

#[cfg(not(feature = "aws"))]
mod in_aws {
    use std::future::{Ready, ready};

    use super::{Arc, DataDir, Issuer, Options, Platform, SqliteStore};

    pub(super) fn platform(_: &Options, _: &DataDir, _: Arc<SqliteStore>, _: Issuer) -> Ready<Result<Platform, String>> {
        ready(Err("this build has no AWS support. Use `cargo run --features aws -- …`".to_owned()))
    }
}

async fn load(platform: &Platform, data_file: &SqliteStore, file: &std::path::Path, overwrite: bool) -> Result<(), String> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|e| format!("can't read {name}: {e}"))?;
    let seed = Seed::read(&text).map_err(|bad| format!("{name}: {bad}"))?;
    let reader = &platform.records.reader;
    let keys = reader.keys.now().await.map_err(|fault| in_words(&fault))?;
    let mode = if overwrite {
        SeedMode::Overwrite
    } else {
        SeedMode::CreateMissing { seeded: data_file.seeded().map_err(|fault| in_words(&fault))? }
    };
    let loaded = load_seed::load(&*platform.records.store, &keys, &platform.records.key_origins, (seed, &mode), reader.now())
        .await
        .map_err(|error| match error {
            NotLoaded::Bad(bad) => format!("{name}: {bad}"),
            NotLoaded::Failed(fault) => in_words(&fault),
        })?;
    data_file.note_seeded(loaded.entries.clone()).await.map_err(|fault| in_words(&fault))?;
    println!("Loaded {name}: {} ({} created, {} changed).", inventory(&loaded), loaded.created, loaded.changed);
    for difference in &loaded.left {
        println!("  {difference}");
    }
    if !loaded.left.is_empty() {
        println!("  --seed-overwrite makes all of them what the file says.");
    }
    Ok(())
}

/// Ctrl-C, or what a service manager sends. Heeded from here on, not only when it is waited for.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// What a seed file has: `2 orgs, 1 member, 0 clients`.
fn inventory(loaded: &Loaded) -> String {
    let counts = [(loaded.orgs, "org"), (loaded.members, "member"), (loaded.clients, "client")];
    counts.map(|(count, noun)| counted(count, noun)).join(", ")
}

/// A count with its noun: `1 org`, `2 orgs`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A fault, for the one who runs the service: with its cause.
fn in_words(fault: &Fault) -> String {
    format!("{fault:?}")
}

fn give_up(why: &str) -> ExitCode {
    eprintln!("jeton: {why}");
    ExitCode::FAILURE
}
