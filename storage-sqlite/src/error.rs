//! What SQLite failed with, in the words of the store.

use rusqlite::ErrorCode;
use rusqlite::ffi;
use tertulia_storage_traits::{StorageError, StorageErrorKind};

/// The result of what may fail.
pub(crate) type Result<T> = std::result::Result<T, StorageError>;

/// An error for an answer that is too late: the store was closed.
pub(crate) fn closed() -> StorageError {
    StorageError::new(StorageErrorKind::Closed, "the store was closed; open it again")
}

/// What stands in the place of a result that a panic kept from being.
pub(crate) fn panicked(what: &str) -> StorageError {
    StorageError::new(
        StorageErrorKind::Io,
        format!("{what} panicked and changed nothing; this is a fault of the library, please report it"),
    )
}

/// Whether somebody else holds the file.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// What went wrong while doing something (`while_doing` completes "while …").
pub(crate) fn sqlite(error: rusqlite::Error, while_doing: &str) -> StorageError {
    let (kind, remedy) = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            StorageErrorKind::Busy,
            "another process holds the file; try again later",
        ),
        Some(ErrorCode::NotADatabase) => (
            StorageErrorKind::NotAStore,
            "the file is not a SQLite database; name another file",
        ),
        Some(ErrorCode::DatabaseCorrupt) => {
            (StorageErrorKind::Corrupt, "the file is damaged; restore a backup")
        }
        Some(ErrorCode::DiskFull) => (StorageErrorKind::Io, "the disk is full; make room and try again"),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => (
            StorageErrorKind::Io,
            "the file or its folder may not be written; give this process write permission for both",
        ),
        Some(ErrorCode::CannotOpen) => (
            StorageErrorKind::Io,
            "the file cannot be opened; see that its folder is there and that this process may write in it",
        ),
        Some(ErrorCode::ConstraintViolation) if is_taken(&error) => (
            StorageErrorKind::Conflict,
            "a record with this key is there already",
        ),
        Some(_) => (StorageErrorKind::Io, "see the cause"),
        // A column without the value that it must have.
        None => (StorageErrorKind::Corrupt, "the file is damaged; restore a backup"),
    };
    StorageError::new(kind, format!("while {while_doing}: {error}: {remedy}")).because(error)
}

fn is_taken(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        matches!(
            error.extended_code,
            ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE
        )
    })
}

/// The same trouble, for another caller.
pub(crate) fn again(error: &StorageError) -> StorageError {
    StorageError::new(error.kind, error.message.clone())
}
