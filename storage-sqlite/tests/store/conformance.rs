//! The suite of all stores, on files and in memory, and the model beside them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use tempfile::TempDir;
use tertulia_storage_memory::MemoryStorage;
use tertulia_storage_sqlite::SqliteStorage;
use tertulia_storage_traits::Storage;
use tertulia_storage_traits::testkit::{StoreFactory, random_ops};

struct Files {
    folder: TempDir,
    opened: AtomicU32,
}

impl Files {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            opened: AtomicU32::new(0),
        }
    }
}

#[async_trait]
impl StoreFactory for Files {
    async fn open(&self) -> Arc<dyn Storage> {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.path().join(format!("{number}.db"));
        Arc::new(SqliteStorage::open(path).unwrap())
    }
}

struct Memory;

#[async_trait]
impl StoreFactory for Memory {
    async fn open(&self) -> Arc<dyn Storage> {
        Arc::new(SqliteStorage::open_in_memory().unwrap())
    }
}

mod in_a_file {
    tertulia_storage_traits::conformance!(super::Files::new());
}

/// The same under a key, where the build can encrypt.
#[cfg(feature = "encryption")]
mod in_an_encrypted_file {
    struct Encrypted(super::Files);

    #[async_trait::async_trait]
    impl super::StoreFactory for Encrypted {
        async fn open(&self) -> std::sync::Arc<dyn super::Storage> {
            let number = self.0.opened.fetch_add(1, super::Ordering::Relaxed);
            let mut options = tertulia_storage_sqlite::Options::default();
            options.key = Some(tertulia_storage_sqlite::EncryptionKey::new([7; 32]));
            let path = self.0.folder.path().join(format!("{number}.db"));
            super::Arc::new(super::SqliteStorage::open_with(path, &options).unwrap())
        }
    }

    tertulia_storage_traits::conformance!(Encrypted(super::Files::new()));
}

mod in_memory {
    tertulia_storage_traits::conformance!(super::Memory);
}

#[tokio::test]
async fn random_ops_have_the_answers_of_the_model() {
    let files = Files::new();
    for seed in 0..12 {
        let store = if seed % 3 == 0 {
            files.open().await
        } else {
            Memory.open().await
        };
        random_ops(seed, 250, store, Arc::new(MemoryStorage::new())).await;
    }
}
