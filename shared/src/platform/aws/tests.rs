//! The clients against a server that does as it likes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use super::Sdk;
use super::testing::Wire;
use crate::domain::{Clock as _, Secret};
use crate::platform::SystemClock;
use crate::platform::config::{Aws, AwsCredentials, AwsKeys, CredentialsEndpoint, EndpointAuthorization};

/// What the server does with a connection after the answers that it gives.
#[derive(Clone, Copy)]
enum Then {
    /// Closes it when the next request comes: as happens to a function that was frozen for long.
    Closes,
    /// Never answers again, and never closes it.
    Hangs,
}

/// A server whose n-th connection gives `answers[n]` answers. Says where it is.
async fn server(answers: &'static [usize], then: Then) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for answers in answers {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, *answers, then));
        }
    });
    format!("http://{address}")
}

async fn serve(mut stream: TcpStream, answers: usize, then: Then) {
    for _ in 0..answers {
        if !read_request(&mut stream).await {
            return;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
    }
    read_request(&mut stream).await;
    if let Then::Hangs = then {
        sleep(Duration::from_mins(1)).await;
    }
}

/// Whether there was one. They come in one piece or two, the body last.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut read = Vec::new();
    loop {
        let mut some = [0; 4_096];
        let count = stream.read(&mut some).await.unwrap_or_default();
        read.extend_from_slice(&some[..count]);
        if count == 0 || read.ends_with(b"}") {
            return count > 0;
        }
    }
}

fn sdk(endpoint: &str, wire: &Wire) -> Sdk {
    Sdk::new(&Aws::emulated(endpoint, "Tokens", "Directory")).over(wire)
}

async fn ask(client: &aws_sdk_dynamodb::Client) -> bool {
    client.list_tables().send().await.is_ok()
}

#[tokio::test]
async fn a_kept_connection_that_has_died_is_replaced() {
    for then in [Then::Closes, Then::Hangs] {
        let wire = Wire::default();
        let client = sdk(&server(&[1, 1], then).await, &wire).dynamodb();
        assert!(ask(&client).await);
        assert!(ask(&client).await, "over another connection");
        let attempts: Vec<_> = wire.take_calls().iter().map(|call| call.attempts).collect();
        assert_eq!(attempts, [1, 2]);
    }
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request_of_any_client() {
    let wire = Wire::default();
    let sdk = sdk(&server(&[4], Then::Hangs).await, &wire);
    assert!(ask(&sdk.dynamodb()).await && ask(&sdk.dynamodb()).await && ask(&sdk.clone().dynamodb()).await);
    assert!(sdk.kms().list_keys().send().await.is_ok());
}

#[tokio::test]
async fn no_server_is_an_error_after_three_attempts() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let wire = Wire::default();
    assert!(!ask(&sdk(&format!("http://{nobody}"), &wire).dynamodb()).await);
    assert_eq!(wire.take_calls()[0].attempts, 3);
}

#[tokio::test]
async fn a_silent_service_is_given_up() {
    let wire = Wire::default();
    let sdk = sdk(&server(&[0; 6], Then::Hangs).await, &wire);
    let begun = Instant::now();
    assert!(!ask(&sdk.dynamodb()).await);
    let dynamodb = begun.elapsed();
    assert!((Duration::from_millis(1_500)..Duration::from_secs(4)).contains(&dynamodb), "{dynamodb:?}");
    let begun = Instant::now();
    assert!(sdk.kms().list_keys().send().await.is_err());
    let kms = begun.elapsed();
    assert!((Duration::from_millis(2_500)..Duration::from_secs(5)).contains(&kms), "{kms:?}");
}

#[test]
fn credentials_are_never_shown() {
    let secret = |text: &str| Secret::new(text.to_owned());
    for credentials in [
        AwsCredentials::Keys(AwsKeys {
            access_key_id: "id".to_owned(),
            secret_access_key: secret("hunter2"),
            session_token: Some(secret("hunter3")),
        }),
        AwsCredentials::Endpoint(CredentialsEndpoint {
            url: "http://127.0.0.1:1/".parse().unwrap(),
            authorization: Some(EndpointAuthorization::Token(secret("hunter4"))),
        }),
    ] {
        let sdk = Sdk::new(&Aws { credentials, ..Aws::emulated("http://127.0.0.1:1", "Tokens", "Directory") });
        assert!(!format!("{sdk:?} {:?}", sdk.dynamodb()).contains("hunter"));
    }
}

/// An endpoint of credentials that live so many seconds. It fails when it is asked more often than `MAX_ANSWERS`. Returns its
/// address, and what it was asked with.
async fn credentials_endpoint(lifetime_seconds: i64) -> (String, Arc<Mutex<Vec<String>>>) {
    const MAX_ANSWERS: usize = 3;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 4_096];
            let count = stream.read(&mut head).await.unwrap();
            let request = String::from_utf8(head[..count].to_vec()).unwrap();
            let number = {
                let mut seen = seen.lock().unwrap();
                seen.push(request);
                seen.len()
            };
            let end = jiff::Timestamp::from_millisecond(SystemClock.now().as_ms() + lifetime_seconds * 1_000).unwrap();
            let body = format!(
                r#"{{"Code":"Success","AccessKeyId":"key-{number}","SecretAccessKey":"hunter2","Token":"hunter3","Expiration":"{end}"}}"#
            );
            let status = if number > MAX_ANSWERS { "500 Internal Server Error" } else { "200 OK" };
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (format!("http://{address}/credentials"), asked)
}

/// Clients whose credentials are at this endpoint.
async fn sdk_with(endpoint: &str, authorization: Option<EndpointAuthorization>) -> Sdk {
    let service = server(&[9], Then::Hangs).await;
    let credentials = AwsCredentials::Endpoint(CredentialsEndpoint { url: endpoint.parse().unwrap(), authorization });
    Sdk::new(&Aws { credentials, ..Aws::emulated(&service, "Tokens", "Directory") })
}

#[tokio::test]
async fn credentials_at_an_endpoint_are_read_once_and_kept() {
    let (endpoint, asked) = credentials_endpoint(3_600).await;
    let token = EndpointAuthorization::Token(Secret::new("Bearer b".to_owned()));
    let client = sdk_with(&endpoint, Some(token)).await.dynamodb();
    assert!(ask(&client).await && ask(&client).await && ask(&client).await);
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("GET /credentials HTTP/1.1\r\n"), "{asked:?}");
    assert!(asked[0].to_lowercase().contains("\r\nauthorization: bearer b\r\n"), "{asked:?}");
}

/// They end in 30 seconds, and are renewed a minute before.
#[tokio::test]
async fn credentials_at_an_endpoint_are_renewed_before_they_end_and_used_while_nobody_renews_them() {
    let (endpoint, asked) = credentials_endpoint(30).await;
    let client = sdk_with(&endpoint, None).await.dynamodb();
    for _ in 0..3 {
        assert!(ask(&client).await);
    }
    assert_eq!(asked.lock().unwrap().len(), 3);
    assert!(ask(&client).await, "the endpoint fails, and those that it gave are still good");
    assert!(asked.lock().unwrap().len() > 3);
}

#[tokio::test]
async fn the_text_that_an_endpoint_wants_is_read_from_its_file_each_time() {
    let file = std::env::temp_dir().join(format!("jeton-authorization-{}", std::process::id()));
    let (endpoint, asked) = credentials_endpoint(30).await;
    let client = sdk_with(&endpoint, Some(EndpointAuthorization::File(file.clone()))).await.dynamodb();
    for text in ["first", "second\n"] {
        std::fs::write(&file, text).unwrap();
        assert!(ask(&client).await);
    }
    std::fs::remove_file(&file).unwrap();
    let asked = asked.lock().unwrap();
    assert!(asked[0].to_lowercase().contains("\r\nauthorization: first\r\n"), "{asked:?}");
    assert!(asked[1].to_lowercase().contains("\r\nauthorization: second\r\n"), "{asked:?}");
}

#[tokio::test]
async fn an_endpoint_without_credentials_fails_the_call_and_is_asked_again_by_the_next() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = sdk_with(&format!("http://{nobody}/"), None).await.dynamodb();
    assert!(!ask(&client).await && !ask(&client).await);
}
