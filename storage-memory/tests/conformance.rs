//! The model passes the suite that it is the measure of.

use std::sync::Arc;

use async_trait::async_trait;
use tertulia_storage_memory::MemoryStorage;
use tertulia_storage_traits::Storage;
use tertulia_storage_traits::testkit::{StoreFactory, random_ops};

struct Memory;

#[async_trait]
impl StoreFactory for Memory {
    async fn open(&self) -> Arc<dyn Storage> {
        Arc::new(MemoryStorage::new())
    }
}

tertulia_storage_traits::conformance!(Memory);

#[tokio::test]
async fn random_ops_have_one_answer() {
    for seed in 0..5 {
        random_ops(seed, 200, Memory.open().await, Memory.open().await).await;
    }
}
