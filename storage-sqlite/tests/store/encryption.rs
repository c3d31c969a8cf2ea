//! Files with a key: what is found in their bytes, who opens them, and how they change it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tertulia_storage_sqlite::{EncryptionKey, Options, SqliteStorage};
use tertulia_storage_traits::StorageErrorKind;

fn with_key(byte: u8) -> Options {
    let mut options = Options::default();
    options.busy_timeout = Duration::from_millis(200);
    options.key = Some(EncryptionKey::new([byte; 32]));
    options
}

fn refused(path: &Path, options: &Options) -> StorageErrorKind {
    SqliteStorage::open_with(path, options).unwrap_err().kind
}

#[test]
fn a_key_is_never_shown() {
    assert_eq!(format!("{:?}", EncryptionKey::new([7; 32])), "EncryptionKey(…)");
    assert!(!format!("{:?}", with_key(0xab)).to_lowercase().contains("abab"));
}

#[cfg(not(feature = "encryption"))]
#[tokio::test]
async fn a_build_that_cannot_encrypt_takes_no_key_and_makes_no_file() {
    use tertulia_storage_traits::Storage;

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("crm.db");
    assert_eq!(refused(&path, &with_key(1)), StorageErrorKind::NoEncryption);
    assert!(!path.exists());
    // Closed to the end: whoever only lets go of it may still write what the log holds.
    SqliteStorage::open(&path).unwrap().close().await.unwrap();
    let before = fs::read(&path).unwrap();
    assert_eq!(refused(&path, &with_key(1)), StorageErrorKind::NoEncryption);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[cfg(feature = "encryption")]
mod on {
    use std::path::PathBuf;
    use std::thread;

    use rusqlite::Connection;
    use tertulia_core::contact::Contact;
    use tertulia_core::filter::Filter;
    use tertulia_core::journal::{Entry, FieldChange, What};
    use tertulia_core::record::{ChangeSet, Op};
    use tertulia_storage_sqlite::ConvertFrom;
    use tertulia_storage_traits::{PageRequest, Query, Storage};

    use super::*;
    use crate::support::{contact, entry, feed, insert, key, org};

    const PLAIN: &[u8] = b"SQLite format 3\0";

    /// What is written, and may be found in no byte of an encrypted file.
    const WORDS: [&str; 4] = [
        "Bartolomea",
        "+351912345678",
        "allergic to penicillin",
        "notes-of-the-clinic",
    ];

    fn plain() -> Options {
        let mut options = with_key(0);
        options.key = None;
        options
    }

    fn from(from: ConvertFrom, mut options: Options) -> Options {
        options.convert_from = Some(from);
        options
    }

    fn key_of(byte: u8) -> ConvertFrom {
        ConvertFrom::Key(EncryptionKey::new([byte; 32]))
    }

    fn person(number: u64) -> Contact {
        let mut person = contact(number);
        person.name = Some(format!("{} {number}", WORDS[0]));
        person.attributes.insert("alert".to_owned(), WORDS[2].into());
        person.external_ids.insert("crm".to_owned(), WORDS[1].to_owned());
        person.tags.insert(WORDS[3].to_owned(), WORDS[3].to_owned());
        person
    }

    fn told(contact: &Contact) -> Entry {
        Entry {
            what: What::ContactUpdated {
                changes: vec![FieldChange {
                    field: "alert".to_owned(),
                    before: serde_json::Value::Null,
                    after: WORDS[2].into(),
                }],
            },
            ..entry(contact.id)
        }
    }

    async fn fill(store: &SqliteStorage) {
        for number in 1..=200 {
            insert(store, [person(number)]).await.unwrap();
            let changes = ChangeSet {
                expect: Vec::new(),
                ops: vec![Op::Journal(told(&person(number)))],
            };
            store.commit(changes).await.unwrap();
        }
    }

    /// All that [`fill`] wrote is there, and is found.
    async fn is_whole(path: &Path, options: &Options) {
        let store = SqliteStorage::open_with(path, options).unwrap();
        let filter = Filter::Text("tolomea 17".to_owned());
        let query = Query::Contacts {
            org: org(),
            filter,
            order: None,
        };
        let found = store.page(PageRequest::first(query, 100)).await.unwrap();
        assert_eq!(found.records.len(), 11);
        for number in [1, 99, 200] {
            let [stored] = &store.load(vec![key(&person(number))]).await.unwrap()[..] else {
                panic!("one record was asked for");
            };
            assert_eq!(stored.as_ref().unwrap().record, person(number).into());
        }
        let journal = store.journal(feed()).await.unwrap();
        assert_eq!(journal.entries.len(), 200);
        assert_eq!(journal.entries[9].1, told(&person(10)));
        store.close().await.unwrap();
    }

    fn beside(path: &Path, suffix: &str) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    }

    /// The bytes of the file and of its log.
    fn bytes(path: &Path) -> Vec<u8> {
        let log = fs::read(beside(path, "-wal")).unwrap_or_default();
        [fs::read(path).unwrap(), log].concat()
    }

    fn holds(bytes: &[u8], word: &str) -> bool {
        let lower = bytes.to_ascii_lowercase();
        let word = word.to_lowercase();
        lower.windows(word.len()).any(|found| found == word.as_bytes())
    }

    fn unreadable(bytes: &[u8]) {
        assert!(bytes.len() > 100_000, "{} bytes are not all of it", bytes.len());
        assert!(!bytes.starts_with(PLAIN));
        for word in WORDS {
            assert!(!holds(bytes, word), "{word} is readable");
        }
    }

    fn file() -> (TempDir, PathBuf) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("crm.db");
        (folder, path)
    }

    async fn filled(options: &Options) -> (TempDir, PathBuf) {
        let (folder, path) = file();
        let store = SqliteStorage::open_with(&path, options).unwrap();
        fill(&store).await;
        store.close().await.unwrap();
        (folder, path)
    }

    #[tokio::test]
    async fn no_name_number_or_text_is_found_in_the_bytes_of_the_file_or_its_log() {
        let (_folder, path) = file();
        let store = SqliteStorage::open_with(&path, &with_key(1)).unwrap();
        fill(&store).await;
        assert!(fs::metadata(beside(&path, "-wal")).unwrap().len() > 0);
        unreadable(&bytes(&path));
        store.close().await.unwrap();
        unreadable(&bytes(&path));
        is_whole(&path, &with_key(1)).await;

        // A plain file shows each of them: the search looks where they would be.
        let (_folder, path) = filled(&plain()).await;
        for word in WORDS {
            assert!(holds(&bytes(&path), word), "{word}");
        }
    }

    #[tokio::test]
    async fn whoever_has_not_the_key_is_refused_and_the_file_left_as_it_is() {
        let (_folder, path) = filled(&with_key(1)).await;
        let before = fs::read(&path).unwrap();
        assert_eq!(refused(&path, &with_key(2)), StorageErrorKind::KeyWrong);
        assert_eq!(refused(&path, &plain()), StorageErrorKind::NotAStore);
        let said = SqliteStorage::open_with(&path, &plain()).unwrap_err().message;
        assert!(said.contains("encrypted"), "{said}");
        let wrong = from(key_of(3), with_key(2));
        assert_eq!(refused(&path, &wrong), StorageErrorKind::KeyWrong);
        let wrong = from(ConvertFrom::Plain, with_key(2));
        assert_eq!(refused(&path, &wrong), StorageErrorKind::KeyWrong);
        assert_eq!(fs::read(&path).unwrap(), before);
        is_whole(&path, &with_key(1)).await;

        let (_folder, path) = filled(&plain()).await;
        let said = SqliteStorage::open_with(&path, &with_key(1)).unwrap_err();
        assert_eq!(said.kind, StorageErrorKind::KeyWrong);
        assert!(said.message.contains("not encrypted"), "{}", said.message);
        is_whole(&path, &plain()).await;
    }

    #[tokio::test]
    async fn a_file_is_converted_to_a_key_to_another_and_back_with_all_that_is_in_it() {
        let (folder, path) = filled(&plain()).await;
        let steps = [
            (from(ConvertFrom::Plain, with_key(1)), true),
            (from(key_of(1), with_key(2)), true),
            (from(key_of(2), plain()), false),
        ];
        for (step, (options, encrypted)) in steps.into_iter().enumerate() {
            // A second name for the file as it was.
            let former = folder.path().join(format!("former-{step}"));
            fs::hard_link(&path, &former).unwrap();
            fs::write(beside(&path, ".converting"), "left by a crash").unwrap();
            is_whole(&path, &options).await;
            let now = fs::read(&path).unwrap();
            assert_eq!(!now.starts_with(PLAIN), encrypted);
            if encrypted {
                unreadable(&now);
            }
            let former = fs::read(&former).unwrap();
            assert!(!former.is_empty() && former.iter().all(|byte| *byte == 0));
            assert!(!beside(&path, ".converting").exists());

            // The wish may stand: what is converted stays as it is.
            is_whole(&path, &options).await;
            assert!(fs::read(&path).unwrap() == now, "step {step} was done again");
        }
        let connection = Connection::open(&path).unwrap();
        let mode: String = connection
            .query_row("PRAGMA journal_mode", [], |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
        let check: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(check, "ok");
        let search = "INSERT INTO contact_search (contact_search, rank) VALUES ('integrity-check', 1)";
        connection.execute(search, []).unwrap();
    }

    #[tokio::test]
    async fn a_file_that_somebody_has_open_is_not_converted() {
        let (_folder, path) = filled(&plain()).await;
        let store = SqliteStorage::open_with(&path, &plain()).unwrap();
        store.ping().await.unwrap();
        assert_eq!(
            refused(&path, &from(ConvertFrom::Plain, with_key(1))),
            StorageErrorKind::Busy
        );
        insert(&store, [contact(500)]).await.unwrap();
        store.close().await.unwrap();
        is_whole(&path, &plain()).await;
    }

    #[tokio::test]
    async fn of_several_that_convert_at_once_all_open_the_same_file() {
        let (_folder, path) = filled(&plain()).await;
        let mut options = from(ConvertFrom::Plain, with_key(1));
        options.busy_timeout = Duration::from_secs(30);
        let open = || SqliteStorage::open_with(&path, &options).map(drop);
        thread::scope(|scope| {
            let opening: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            for opened in opening {
                opened.join().unwrap().unwrap();
            }
        });
        is_whole(&path, &with_key(1)).await;
    }

    #[test]
    fn what_is_no_store_is_not_converted() {
        let (_folder, path) = file();
        let convert = from(ConvertFrom::Plain, with_key(1));
        fs::write(&path, "name,phone\n".repeat(500)).unwrap();
        assert_eq!(refused(&path, &convert), StorageErrorKind::KeyWrong);
        assert_eq!(fs::read(&path).unwrap(), "name,phone\n".repeat(500).as_bytes());

        fs::remove_file(&path).unwrap();
        let other = Connection::open(&path).unwrap();
        other
            .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
            .unwrap();
        drop(other);
        let before = fs::read(&path).unwrap();
        assert_eq!(refused(&path, &convert), StorageErrorKind::NotAStore);
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}
