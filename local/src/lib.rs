//! The local server: the same endpoints as the Lambdas, over an embedded store, with a local key.

mod first_start;
mod options;
mod server;

use std::process::ExitCode;
use std::sync::Arc;

use shared::domain::{Error, Fault, Issuer};
use shared::embedded::Home;
use shared::http::Service;
use shared::seed::{self, NotLoaded};
use shared::wire::jeton::seed::Seed;
use tokio::net::TcpListener;

pub use options::{Durability, LogFormat, Options};
pub use server::serve;

/// Runs the server until it is told to stop, and says why if it can't.
pub fn run(options: Options) -> ExitCode {
    shared::telemetry::log_to_stderr(options.log == LogFormat::Json);
    let mut runtime = match options.threads.get() {
        // Without a second thread there is nobody to wake and nothing to steal.
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = match runtime.worker_threads(options.threads.get()).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return give_up(&format!("can't start its threads: {error}")),
    };
    match runtime.block_on(start(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => give_up(&why),
    }
}

async fn start(options: Options) -> Result<(), String> {
    let stopped = stop_signal().map_err(|e| format!("can't wait for signals: {e}"))?;
    let listener = TcpListener::bind(options.listen).await.map_err(|e| format!("can't listen on {}: {e}", options.listen))?;
    let address = listener.local_addr().map_err(|e| format!("can't tell its address: {e}"))?;
    let base_url = format!("http://{address}");
    let issuer =
        options.issuer.clone().map_or_else(|| Issuer::parse(&base_url).map_err(|rule| format!("the issuer {rule}")), Ok)?;
    let home = Home::open(&options.data_dir).map_err(|fault| in_words(&fault))?;
    let platform = home.platform(issuer, options.durability.into()).map_err(|fault| in_words(&fault))?;
    if let Some(file) = &options.seed {
        load(&platform, file).await?;
    }
    let administrator = first_start::prepare(&home, &platform).await.map_err(|error| match error {
        Error::Failed(fault) => in_words(&fault),
        Error::Refused(refusal) => format!("can't mint the administrator's token: {refusal:?}"),
    })?;
    let service = Service::new(&functions::catalogue(), &platform).map_err(|fault| in_words(&fault))?;
    print!("{}", first_start::welcome(&base_url, &home, &administrator));
    server::serve(listener, Arc::new(service), stopped).await;
    // The store closes when the last of its users is gone: in order, after everything that was answered is committed.
    drop(platform);
    Ok(())
}

async fn load(platform: &shared::platform::Platform, file: &std::path::Path) -> Result<(), String> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|e| format!("can't read {name}: {e}"))?;
    let seed = Seed::read(&text).map_err(|bad| format!("{name}: {bad}"))?;
    let loaded = seed::load(&*platform.store, seed, platform.reader.now()).await.map_err(|error| match error {
        NotLoaded::Bad(bad) => format!("{name}: {bad}"),
        NotLoaded::Failed(fault) => in_words(&fault),
    })?;
    println!("Loaded {name}: {} orgs, {} members, {} clients.", loaded.orgs, loaded.members, loaded.clients);
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

/// A fault, for the one who runs the service: with its cause.
fn in_words(fault: &Fault) -> String {
    format!("{fault:?}")
}

fn give_up(why: &str) -> ExitCode {
    eprintln!("jeton: {why}");
    ExitCode::FAILURE
}
