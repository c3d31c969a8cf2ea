//! What goes wrong with what is stored, whichever database it is in.

use tertulia_storage_traits::{StorageError, StorageErrorKind};

/// The result of what may fail.
pub type Result<T> = std::result::Result<T, StorageError>;

/// A record that cannot be read. The reader's own words are left out: they quote the record.
pub fn unreadable(what: &str, error: &serde_json::Error) -> StorageError {
    StorageError::new(
        StorageErrorKind::Corrupt,
        format!(
            "the stored {what} cannot be read ({:?} error at column {}); restore a backup, or mend the row",
            error.classify(),
            error.column()
        ),
    )
}

/// A record that cannot be written.
pub fn unwritable(what: &str, error: &serde_json::Error) -> StorageError {
    StorageError::new(
        StorageErrorKind::Corrupt,
        format!(
            "the {what} cannot be written as JSON ({:?} error)",
            error.classify()
        ),
    )
}

/// A word in a column that this version does not know.
pub fn unknown(what: &str, word: &str) -> StorageError {
    StorageError::new(
        StorageErrorKind::Corrupt,
        format!("the store has a {what} {word:?} that this version does not know; update the library"),
    )
}
