//! How the errors of stores become the public error.

use tertulia_core::error::{Code, Error};
use tertulia_storage_traits::{StorageError, StorageErrorKind};

/// The public error of a store's error.
pub(crate) fn from_storage(error: StorageError) -> Error {
    let code = match error.kind {
        StorageErrorKind::Conflict => Code::StorageConflict,
        StorageErrorKind::Busy => Code::StorageBusy,
        StorageErrorKind::BadOptions => Code::SettingInvalid,
        StorageErrorKind::NotAStore => Code::StorageNotADatabase,
        StorageErrorKind::Newer => Code::StorageNewer,
        StorageErrorKind::KeyWrong => Code::StorageKeyWrong,
        StorageErrorKind::NoEncryption => Code::StorageNoEncryption,
        StorageErrorKind::Corrupt => Code::StorageCorrupt,
        StorageErrorKind::BadCursor => Code::CursorInvalid,
        StorageErrorKind::Closed => Code::StorageClosed,
        _ => Code::StorageIo,
    };
    Error::new(code, error.message.clone()).because(error)
}
