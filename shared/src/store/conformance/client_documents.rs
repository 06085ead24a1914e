//! The metadata documents of clients.

use std::sync::Arc;

use super::cases;
use super::samples::{at, client_document, find_client_document};
use crate::domain::ClientDocument;
use crate::store::Store;

cases![a_document_is_read_back_whole_in_its_org_alone, the_last_reading_of_a_document_is_kept];

async fn a_document_is_read_back_whole_in_its_org_alone(store: Arc<dyn Store>) {
    let [document, other, elsewhere] = [client_document("a", 1), client_document("a", 2), client_document("b", 1)];
    let other = ClientDocument { etag: None, ..other };
    for kept in [&document, &other] {
        assert_eq!(find_client_document(&store, &kept.key).await, None);
        store.put_client_document(kept).await.unwrap();
    }
    assert_eq!(find_client_document(&store, &document.key).await, Some(document));
    assert_eq!(find_client_document(&store, &other.key).await, Some(other));
    assert_eq!(find_client_document(&store, &elsewhere.key).await, None);
}

async fn the_last_reading_of_a_document_is_kept(store: Arc<dyn Store>) {
    let first = client_document("a", 1);
    let second = ClientDocument { body: "{}".to_owned(), etag: None, fetched_at: at(9), fresh_until: at(99), ..first.clone() };
    for kept in [&first, &second, &second, &first] {
        store.put_client_document(kept).await.unwrap();
        assert_eq!(find_client_document(&store, &kept.key).await.as_ref(), Some(kept));
    }
}
