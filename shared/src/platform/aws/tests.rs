//! The clients against a server that does as it likes.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use super::Sdk;
use super::testing::Wire;
use crate::domain::Secret;
use crate::platform::config::Aws;

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
    let mut aws = Aws::emulated("http://127.0.0.1:1", "Tokens", "Directory");
    aws.credentials.secret_access_key = Secret::new("hunter2".to_owned());
    aws.credentials.session_token = Some(Secret::new("hunter3".to_owned()));
    let sdk = Sdk::new(&aws);
    assert!(!format!("{sdk:?} {:?}", sdk.dynamodb()).contains("hunter"));
}
