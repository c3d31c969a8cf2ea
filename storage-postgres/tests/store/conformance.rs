//! The suite of all stores, and the model beside them.

use std::sync::Arc;

use async_trait::async_trait;
use tertulia_storage_memory::MemoryStorage;
use tertulia_storage_postgres::PostgresStorage;
use tertulia_storage_traits::Storage;
use tertulia_storage_traits::testkit::{StoreFactory, random_ops};

use crate::support::{name, url, with};

/// Each store in a schema of its own.
struct Schemas;

#[async_trait]
impl StoreFactory for Schemas {
    async fn open(&self) -> Arc<dyn Storage> {
        let url = with(&url(), &format!("schema={}", name("suite")));
        Arc::new(PostgresStorage::open(&url).await.unwrap())
    }
}

tertulia_storage_traits::conformance!(Schemas);

#[tokio::test]
async fn random_ops_have_the_answers_of_the_model() {
    for seed in 0..12 {
        random_ops(seed, 250, Schemas.open().await, Arc::new(MemoryStorage::new())).await;
    }
}
