//! Asks the program of docs/verifying/status-lists.md about each status that it is given, as JSON.

use oauth_rust::status::StatusLists;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lists = StatusLists::new(&std::env::var("ISSUER")?)?;
    for argument in std::env::args().skip(1) {
        match lists.is_revoked(&serde_json::from_str(&argument)?).await {
            Ok(is_revoked) => println!("{is_revoked}"),
            Err(error) => {
                eprintln!("{error}");
                println!("refused");
            }
        }
    }
    Ok(())
}
