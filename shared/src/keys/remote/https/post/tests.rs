use std::net::SocketAddr;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::super::receivers::{Delivery, PushError, PushFailure};
use super::*;

/// A receiver on a socket that answers each request by its path, and keeps what it was sent.
struct Server {
    at: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let seen = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let seen = seen.clone();
                tokio::spawn(async move {
                    let mut request = String::new();
                    // Until all of the body is there.
                    while !request.ends_with('c') {
                        let mut some = [0; 4_096];
                        let length = connection.read(&mut some).await.unwrap_or_default();
                        if length == 0 {
                            return;
                        }
                        request.push_str(&String::from_utf8_lossy(&some[..length]));
                    }
                    let answer = answer(request.split(' ').nth(1).unwrap_or_default());
                    seen.lock().unwrap().push(request);
                    match answer {
                        Some(answer) => drop(connection.write_all(answer.as_bytes()).await),
                        // It keeps the connection open and says nothing.
                        None => tokio::time::sleep(PATIENCE * 2).await,
                    }
                    let _ = connection.shutdown().await;
                });
            }
        });
        Self { at, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn answer(path: &str) -> Option<String> {
    let with = |status: &str, body: &str| format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    Some(match path {
        "/good" => with("202 Accepted", ""),
        "/redirect" => "HTTP/1.1 307 Temporary Redirect\r\nLocation: /good\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "/refused" => with("400 Bad Request", r#"{"err":"invalid_request","description":"no"}"#),
        "/huge" => {
            with("400 Bad Request", &format!(r#"{{"err":"authentication_failed","description":"{}"}}"#, "x".repeat(1_000_000)))
        }
        "/endless" => format!("HTTP/1.1 202 Accepted\r\nContent-Length: 999999999\r\n\r\n{}", " ".repeat(100_000)),
        "/503" => with("503 Service Unavailable", ""),
        "/broken" => "what?\r\n\r\n".to_owned(),
        "/slow" => return None,
        _ => with("404 Not Found", ""),
    })
}

fn local() -> Receivers {
    Receivers::over_https(Origins::default(), true)
}

#[tokio::test]
async fn rfc8935_2_1_a_token_is_the_body_of_a_request_that_says_what_it_is() {
    let (server, receivers) = (Server::start().await, local());
    let password = Secret::new("Bearer s3cret".to_owned());
    assert_eq!(receivers.push(&server.url("/good"), Some(&password), "a.b.c").await, Delivery::Accepted);
    let request = server.asked().remove(0).to_lowercase();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("post /good http/1.1\r\n") && body == "a.b.c", "{request}");
    for line in ["content-type: application/secevent+jwt", "accept: application/json", "authorization: bearer s3cret"] {
        assert!(head.lines().any(|there| there == line), "{line} in {head}");
    }
    receivers.push(&server.url("/good"), None, "a.b.c").await;
    assert!(!server.asked()[0].to_lowercase().contains("authorization"));
    let debug = format!("{receivers:?}");
    assert!(!debug.contains("s3cret"), "{debug}");
}

#[tokio::test]
async fn whatever_a_receiver_answers_it_is_no_more_than_an_answer() {
    let (server, receivers) = (Server::start().await, local());
    for (path, expected) in [
        ("/redirect", Delivery::Failed(PushFailure::Status(307))),
        ("/refused", Delivery::Rejected(Some(PushError::InvalidRequest))),
        // Nobody reads so much.
        ("/huge", Delivery::Rejected(None)),
        ("/endless", Delivery::Accepted),
        ("/503", Delivery::Failed(PushFailure::Status(503))),
        ("/404", Delivery::Failed(PushFailure::Status(404))),
        ("/broken", Delivery::Failed(PushFailure::Unanswered)),
    ] {
        assert_eq!(receivers.push(&server.url(path), None, "a.b.c").await, expected, "{path}");
        assert_eq!(server.asked().len(), 1, "nothing is followed, nothing is sent again: {path}");
    }
    let odd = Secret::new("a\nb".to_owned());
    assert_eq!(receivers.push(&server.url("/good"), Some(&odd), "a.b.c").await, Delivery::Failed(PushFailure::Unanswered));
    assert!(server.asked().is_empty());
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = receivers.push(&format!("http://{nobody}/"), None, "a.b.c").await;
    assert_eq!(nobody, Delivery::Failed(PushFailure::Unanswered));
}

#[tokio::test]
async fn a_receiver_that_says_nothing_is_given_up() {
    let (server, receivers) = (Server::start().await, local());
    let url = server.url("/slow");
    let push = receivers.push(&url, None, "a.b.c");
    let delivery = tokio::time::timeout(PATIENCE * 2, push).await.expect("it is given up before");
    assert_eq!(delivery, Delivery::Failed(PushFailure::Unanswered));
}

/// A name is judged by what it stands for.
#[tokio::test]
async fn a_name_that_leads_into_a_private_network_is_not_connected_to() {
    let server = Server::start().await;
    let receivers = Receivers::over_https("https://192.0.2.1".parse().unwrap(), false);
    for url in [format!("https://localhost:{}/good", server.at.port()), format!("https://2130706433:{}/good", server.at.port())] {
        assert!(receivers.allow(&url), "it is a name like any other");
        assert_eq!(receivers.push(&url, None, "a.b.c").await, Delivery::Failed(PushFailure::Unanswered), "{url}");
    }
    assert_eq!(receivers.push(&server.url("/good"), None, "a.b.c").await, Delivery::Failed(PushFailure::NotAllowed));
    assert!(server.asked().is_empty());
}
