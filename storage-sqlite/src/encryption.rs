//! The key of an encrypted file, and files that change theirs.
//!
//! `SQLCipher` does it, page by page, the log included (AES-256 in CBC mode, each page with an HMAC-SHA-512). The key is
//! taken as it is, so that opening costs no derivation.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tertulia_storage_traits::{StorageError, StorageErrorKind};

use crate::connection;
use crate::error::{self, Result};
use crate::migrate;

/// What a file is encrypted with: 32 bytes that nobody can guess, out of the system's key store and not of a password.
/// Its debug form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionKey([u8; 32]);

impl EncryptionKey {
    /// A key of 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As `SQLCipher` takes a key that it is not to derive.
    fn literal(&self) -> String {
        format!("x'{}'", hex::encode(self.0))
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptionKey(…)")
    }
}

/// What a file is before its encryption changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConvertFrom {
    /// Not encrypted.
    Plain,
    /// Encrypted with another key.
    Key(EncryptionKey),
}

impl ConvertFrom {
    const fn key(&self) -> Option<&EncryptionKey> {
        match self {
            Self::Plain => None,
            Self::Key(key) => Some(key),
        }
    }
}

/// Gives a connection the key, before anything is read. What goes wrong is told by errors, not on the program's output.
pub(crate) fn unlock(connection: &Connection, key: &EncryptionKey) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA cipher_log_level = NONE")?;
    connection.pragma_update(None, "key", key.literal())
}

/// Refuses a key where plain SQLite would take no notice of it and write plain text.
pub(crate) fn require() -> Result<()> {
    let version = Connection::open_in_memory()
        .and_then(|any| any.query_row("PRAGMA cipher_version", [], |row| row.get::<_, String>(0)));
    if version.is_ok() {
        return Ok(());
    }
    Err(StorageError::new(
        StorageErrorKind::NoEncryption,
        "a key was given, but this build of the library cannot encrypt; build it with its feature `encryption`",
    ))
}

/// What a file that is not read as a store probably is, by its first bytes.
pub(crate) fn misfit(path: &Path, keyed: bool, error: StorageError) -> StorageError {
    let (kind, remedy) = match (keyed, is_plain(path)) {
        (true, true) => (
            StorageErrorKind::KeyWrong,
            "the file is not encrypted and a key was given; leave the key out, or convert the file",
        ),
        (true, false) => (
            StorageErrorKind::KeyWrong,
            "the key does not open the file; give the one that it was encrypted with",
        ),
        (false, false) => (
            StorageErrorKind::NotAStore,
            "the file is not a SQLite database, or it is encrypted; name another file, or give its key",
        ),
        (false, true) => return error,
    };
    StorageError::new(kind, format!("while opening {}: {remedy}", path.display())).because(error)
}

fn is_plain(path: &Path) -> bool {
    let mut start = [0; 16];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok_and(|()| start == *b"SQLite format 3\0")
}

/// Writes the store anew under another key, or none, and puts it in the place of the old one, whose bytes are overwritten.
///
/// Fails as `Busy` while anybody else has the file open, and leaves it as it is whenever it fails.
pub(crate) fn convert(
    path: &Path,
    from: &ConvertFrom,
    to: Option<&EncryptionKey>,
    patience: Duration,
) -> Result<()> {
    let while_converting = format!("converting {}", path.display());
    let failed = |e| error::sqlite(e, &while_converting);
    let io = |e: io::Error| {
        StorageError::new(
            StorageErrorKind::Io,
            format!("while {while_converting}: {e}; see that its folder has room and may be written"),
        )
        .because(e)
    };
    let name = path.display().to_string();
    require()?;
    let give_up = Instant::now() + patience;
    let old = loop {
        match alone(path, from, &while_converting) {
            // Let go of in between: others may be waiting for the same.
            Err(e) if e.kind == StorageErrorKind::Busy && Instant::now() < give_up => {
                thread::sleep(Duration::from_millis(fastrand::u64(1..20)));
            }
            opened => break opened?,
        }
    };
    let beside = beside(path);
    remove(&beside).map_err(io)?;
    let converted = export(&old, &beside, to)
        .map_err(failed)
        .and_then(|()| check(&beside, to, &name, patience))
        .and_then(|()| replace(path, &beside).map_err(io));
    if converted.is_err() {
        // What went wrong is told already.
        let _ = remove(&beside);
    }
    converted
}

/// The store as it is, opened by nobody else: it has no log any more, and is locked until the connection is closed.
fn alone(path: &Path, from: &ConvertFrom, while_converting: &str) -> Result<Connection> {
    let opened = connection::open(path, Duration::ZERO, from.key()).and_then(|old| {
        migrate::check(&old, &path.display().to_string(), Duration::ZERO)?;
        Ok(old)
    });
    let old = opened.map_err(|e| match e.kind {
        StorageErrorKind::NotAStore => misfit(path, from.key().is_some() || !is_plain(path), e),
        _ => e,
    })?;
    old.execute_batch("PRAGMA locking_mode = EXCLUSIVE")
        .and_then(|()| old.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())))
        .map_err(|e| error::sqlite(e, while_converting))?;
    Ok(old)
}

/// Where the new file is until it is whole.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".converting");
    name.into()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn export(old: &Connection, beside: &Path, to: Option<&EncryptionKey>) -> rusqlite::Result<()> {
    let key = to.map_or_else(String::new, EncryptionKey::literal);
    let path = beside.to_str();
    let path = path.ok_or_else(|| rusqlite::Error::InvalidPath(beside.to_owned()))?;
    old.execute("ATTACH DATABASE ?1 AS converted KEY ?2", [path, key.as_str()])?;
    old.execute_batch("PRAGMA converted.synchronous = FULL")?;
    old.query_row("SELECT sqlcipher_export('converted')", [], |_| Ok(()))?;
    for number in ["application_id", "user_version"] {
        let value: i64 = old.query_row(&format!("PRAGMA main.{number}"), [], |row| row.get(0))?;
        old.execute_batch(&format!("PRAGMA converted.{number} = {value}"))?;
    }
    old.execute_batch("DETACH DATABASE converted")
}

/// The new file is a store, is undamaged, and keeps a log again.
fn check(beside: &Path, key: Option<&EncryptionKey>, name: &str, patience: Duration) -> Result<()> {
    let new = connection::open(beside, patience, key)?;
    migrate::check(&new, name, patience)?;
    let told = new
        .query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
        .and_then(|told| {
            new.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
            Ok(told)
        })
        .map_err(|e| error::sqlite(e, "checking the converted file"))?;
    if told == "ok" {
        return Ok(());
    }
    Err(StorageError::new(
        StorageErrorKind::Corrupt,
        format!("the store {name} does not come out whole ({told}); restore a backup"),
    ))
}

/// The new file takes the old one's name. Somebody may have opened the old file already, waiting for it: there is nothing
/// in it any more, so that nothing can be written where nobody will find it.
fn replace(path: &Path, beside: &Path) -> io::Result<()> {
    let mut old = OpenOptions::new().write(true).open(path)?;
    let length = old.metadata()?.len();
    fs::set_permissions(beside, old.metadata()?.permissions())?;
    fs::rename(beside, path)?;
    if let Some(folder) = path.parent().filter(|_| cfg!(unix)) {
        File::open(folder)?.sync_all()?;
    }
    old.rewind()?;
    io::copy(&mut io::repeat(0).take(length), &mut old)?;
    old.flush()?;
    old.sync_all()
}
