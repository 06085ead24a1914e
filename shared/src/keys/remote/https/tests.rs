use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::domain::Timestamp;

const SET: &str = r#"{"keys":[]}"#;

/// An HTTP server that answers each request with what was written for its path, and counts connections.
struct Server {
    at: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Server {
    async fn start(answer: fn(&str) -> Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, asked) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut request = vec![0; 4_096];
                    let length = connection.read(&mut request).await.unwrap_or_default();
                    let request = String::from_utf8_lossy(&request[..length]).into_owned();
                    let path = request.split(' ').nth(1).unwrap_or_default();
                    let _ = connection.write_all(&answer(path)).await;
                    if path == "/slow" {
                        for _ in 0..100 {
                            tokio::time::sleep(Duration::from_millis(100)).await;
                            if connection.write_all(b" ").await.is_err() {
                                return;
                            }
                        }
                    }
                    let _ = connection.shutdown().await;
                });
            }
        });
        Self { at, asked }
    }

    fn origin(&self) -> String {
        format!("http://{}", self.at)
    }

    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}

fn answers(path: &str) -> Vec<u8> {
    match path {
        "/jwks" => answer("200 OK", "Content-Type: application/jwk-set+json\r\n", SET),
        "/redirect" => answer("302 Found", "Location: /jwks\r\n", SET),
        "/moved" => answer("301 Moved Permanently", "Location: http://169.254.169.254/\r\n", ""),
        "/500" => answer("500 Internal Server Error", "", SET),
        "/404" => answer("404 Not Found", "", SET),
        "/large" => answer("200 OK", "", &format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(100_000))),
        "/unbounded" => format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", " ".repeat(100_000)).into_bytes(),
        "/html" => answer("200 OK", "Content-Type: text/html\r\n", "<html></html>"),
        "/latin" => b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\xe9".to_vec(),
        "/short" => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}".to_vec(),
        "/slow" => b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{".to_vec(),
        _ => b"what?\r\n\r\n".to_vec(),
    }
}

async fn fetched(origins: &str, url: &str) -> Result<String, Fault> {
    Https::new(origins.parse().unwrap()).fetch(url).await.map(|read| read.text)
}

#[tokio::test]
async fn a_key_set_is_read_from_a_listed_origin_without_redirects_and_within_limits() {
    let server = Server::start(answers).await;
    let origin = server.origin();
    assert_eq!(fetched(&origin, &format!("{origin}/jwks")).await.unwrap(), SET);
    assert_eq!(server.asked(), 1);
    for path in ["/redirect", "/moved", "/500", "/404", "/large", "/unbounded", "/latin", "/short", "/nonsense"] {
        let fault = fetched(&origin, &format!("{origin}{path}")).await.unwrap_err();
        assert!(fault.can_retry(), "{path}");
        assert_eq!(server.asked(), 1, "{path} was asked for once, and nothing else was");
    }
}

#[tokio::test]
async fn a_slow_answer_is_given_up_after_two_seconds() {
    let server = Server::start(answers).await;
    let begun = Instant::now();
    assert!(fetched(&server.origin(), &format!("{}/slow", server.origin())).await.unwrap_err().can_retry());
    assert!(begun.elapsed() >= PATIENCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn no_origin_is_asked_that_is_not_listed() {
    let server = Server::start(answers).await;
    let (port, url) = (server.at.port(), format!("{}/jwks", server.origin()));
    for origins in ["", "https://idp.example", "http://127.0.0.1:1", &format!("https://127.0.0.1:{port}")] {
        assert!(fetched(origins, &url).await.is_err(), "{origins}");
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_name_that_stands_for_a_private_address_is_not_asked() {
    let server = Server::start(answers).await;
    let port = server.at.port();
    for host in ["localhost", "2130706433", "127.1"] {
        let origin = format!("https://{host}:{port}");
        assert!(fetched(&origin, &format!("{origin}/jwks")).await.is_err(), "{host}");
        assert_eq!(server.asked(), 0, "{host}");
    }
    let both = format!("https://localhost:{port} https://127.0.0.1:{port}");
    assert!(fetched(&both, &format!("https://localhost:{port}/jwks")).await.is_err(), "it speaks no TLS");
    assert_eq!(server.asked(), 1, "the address itself is listed");
}

/// A server that answers with documents, and shows in them what it was asked.
fn documents(path: &str) -> Vec<u8> {
    const JSON: &str = "Content-Type: application/json\r\n";
    match path {
        "/document" => answer("200 OK", &format!("{JSON}ETag: \"1\"\r\nCache-Control: public, max-age=600\r\n"), "{}"),
        "/plus" => {
            answer("200 OK", "Content-Type: application/client-metadata+json; charset=utf-8\r\nCache-Control: no-store\r\n", "{}")
        }
        "/same" => answer("304 Not Modified", "Cache-Control: max-age=\"60\"\r\n", ""),
        "/full" => answer("200 OK", JSON, &format!("\"{}\"", "x".repeat(98))),
        "/large" => answer("200 OK", JSON, &format!("\"{}\"", "x".repeat(99))),
        "/unbounded" => format!("HTTP/1.1 200 OK\r\n{JSON}Connection: close\r\n\r\n{}", " ".repeat(100_000)).into_bytes(),
        "/text" => answer("200 OK", "Content-Type: text/plain\r\n", "{}"),
        "/typeless" => answer("200 OK", "", "{}"),
        "/created" => answer("201 Created", JSON, "{}"),
        "/redirect" => answer("302 Found", &format!("{JSON}Location: /document\r\n"), "{}"),
        "/404" => answer("404 Not Found", JSON, "{}"),
        "/429" => answer("429 Too Many Requests", JSON, "{}"),
        "/500" => answer("500 Internal Server Error", JSON, "{}"),
        "/latin" => {
            format!("HTTP/1.1 200 OK\r\n{JSON}Content-Length: 1\r\n\r\n").into_bytes().into_iter().chain([0xe9]).collect()
        }
        "/short" => format!("HTTP/1.1 200 OK\r\n{JSON}Content-Length: 100\r\n\r\n{{}}").into_bytes(),
        "/slow" => format!("HTTP/1.1 200 OK\r\n{JSON}Content-Length: 1000\r\n\r\n{{").into_bytes(),
        _ => b"what?\r\n\r\n".to_vec(),
    }
}

fn web(takes_loopback: bool) -> Web {
    Web { takes_loopback, client: OnceLock::new() }
}

#[tokio::test]
async fn a_document_of_a_stranger_is_read_without_redirects_and_within_limits() {
    let server = Server::start(documents).await;
    let origin = server.origin();
    let read = async |path: &str, etag: Option<&str>| web(true).fetch(&format!("{origin}{path}"), etag, 100).await;
    let document = |etag: Option<&str>, max_age: Option<u32>| Fetched::Document {
        text: "{}".to_owned(),
        etag: etag.map(str::to_owned),
        max_age: max_age.map(Seconds),
    };
    assert_eq!(read("/document", None).await, Ok(document(Some("\"1\""), Some(600))));
    assert_eq!(read("/plus", None).await, Ok(document(None, Some(0))));
    assert_eq!(read("/same", Some("\"1\"")).await, Ok(Fetched::Unchanged { max_age: Some(Seconds(60)) }));
    assert!(matches!(read("/full", None).await, Ok(Fetched::Document { text, .. }) if text.len() == 100));
    assert_eq!(server.asked(), 4);
    for (path, failure) in [
        ("/same", FetchFailure::Refused),
        ("/large", FetchFailure::Refused),
        ("/unbounded", FetchFailure::Refused),
        ("/text", FetchFailure::Refused),
        ("/typeless", FetchFailure::Refused),
        ("/created", FetchFailure::Refused),
        ("/redirect", FetchFailure::Refused),
        ("/404", FetchFailure::Refused),
        ("/429", FetchFailure::Refused),
        ("/latin", FetchFailure::Refused),
        ("/500", FetchFailure::Unreachable),
        ("/short", FetchFailure::Unreachable),
        ("/nonsense", FetchFailure::Unreachable),
    ] {
        assert_eq!(read(path, None).await, Err(failure), "{path}");
        assert_eq!(server.asked(), 1, "{path} was asked for once, and nothing else was");
    }
}

#[tokio::test]
async fn a_slow_stranger_is_given_up_after_four_seconds() {
    let server = Server::start(documents).await;
    let begun = Instant::now();
    let slow = web(true).fetch(&format!("{}/slow", server.origin()), None, 10_000).await;
    assert_eq!(slow, Err(FetchFailure::Unreachable));
    assert!(begun.elapsed() >= PATIENCE_WITH_STRANGERS, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_stranger_leads_to_no_private_address() {
    let server = Server::start(documents).await;
    let port = server.at.port();
    for host in ["localhost", "2130706433", "127.1", "0x7f000001"] {
        let resolved = web(true).fetch(&format!("https://{host}:{port}/document"), None, 100).await;
        assert_eq!(resolved, Err(FetchFailure::Unreachable), "{host}");
    }
    for address in
        ["127.0.0.1", "169.254.169.254", "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "93.184.216.34"]
    {
        for scheme in ["https", "http"] {
            let read = web(false).fetch(&format!("{scheme}://{address}:{port}/document"), None, 100).await;
            assert_eq!(read, Err(FetchFailure::Refused), "{scheme} {address}");
        }
    }
    for url in [
        format!("http://localhost:{port}/document"),
        format!("http://10.0.0.1:{port}/x"),
        "ftp://a.example/x".to_owned(),
        "/x".to_owned(),
    ] {
        assert_eq!(web(true).fetch(&url, None, 100).await, Err(FetchFailure::Refused), "{url}");
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn what_is_no_key_set_is_a_fault_that_can_be_retried() {
    let server = Server::start(answers).await;
    let sets = KeySets::over_https(server.origin().parse().unwrap());
    let now = Timestamp::from_secs(1_800_000_000);
    assert!(sets.at(&format!("{}/html", server.origin()), None, now).await.unwrap_err().can_retry());
    assert!(sets.at(&format!("{}/jwks", server.origin()), None, now).await.unwrap().is_some());
    assert!(!KeySets::over_https(Origins::default()).origins().allow("https://idp.example/jwks"));
}

#[test]
fn addresses_within_networks_are_not_public() {
    for address in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(address.parse().unwrap()), "{address}");
    }
    for address in [
        "1.1.1.1",
        "9.255.255.255",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.167.0.1",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
    ] {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
}
