//! Where files of messages are kept, and how they get there.

use std::fmt::Debug;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tertulia_core::error::{Code, Error};
use tertulia_core::media::{MediaKey, is_sha256};
use tertulia_transport_traits::{Download, MediaBytes};
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Where files of messages are kept. The host's own, or a [folder](MediaFolder).
#[async_trait]
pub trait MediaStore: Debug + Send + Sync {
    /// Keeps a file under a key, in place of the one that there is: whole once it returns, and not at all if its bytes
    /// end with an error, which is then the answer.
    async fn put(&self, key: MediaKey, bytes: MediaBytes) -> Result<(), Error>;

    /// The file under a key, if there is one: how many bytes it has, and the bytes.
    async fn get(&self, key: MediaKey) -> Result<Option<(u64, MediaBytes)>, Error>;

    /// Removes the file under a key; nothing if there is none.
    async fn remove(&self, key: MediaKey) -> Result<(), Error>;

    /// Where on this machine others can open the file, if they can.
    fn path(&self, _key: MediaKey) -> Option<PathBuf> {
        None
    }
}

/// A file in the media store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoredFile {
    /// Its key there.
    pub key: MediaKey,
    /// The media type, if anybody told it.
    pub mime_type: Option<String>,
    /// How many bytes it has.
    pub size: u64,
    /// The SHA-256 of its bytes, in hex, if it is known.
    pub sha256: Option<String>,
    /// Where on this machine it can be opened, if it can. It is gone when the message is.
    pub path: Option<PathBuf>,
}

/// Files in a folder: one subfolder for each organisation, one file for each key. Programs on the same machine can share
/// it. The names are ids of this library; what a sender called a file is never one.
#[derive(Debug, Clone)]
pub struct MediaFolder(PathBuf);

/// The end of the name of a file that is still being written.
const PART: &str = "part";

/// How old a file is that nobody goes on writing: the process died.
const ABANDONED: Duration = Duration::from_hours(24);

/// How much is read at once.
const PIECE: usize = 64 * 1024;

impl MediaFolder {
    /// Files in this folder, which is made if it is not there. What processes that died left half-written more than a day
    /// ago is removed.
    ///
    /// Fails with `media.io`.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, Error> {
        let folder = folder.into();
        let failed = |error| io(&folder, error);
        make_private(&folder).map_err(failed)?;
        for org in std::fs::read_dir(&folder).map_err(failed)?.flatten() {
            // What is no folder is none of ours.
            for file in std::fs::read_dir(org.path()).into_iter().flatten().flatten() {
                let written = file.metadata().and_then(|metadata| metadata.modified());
                let age = written
                    .ok()
                    .and_then(|at| SystemTime::now().duration_since(at).ok());
                if file.path().extension().is_some_and(|end| end == PART) && age > Some(ABANDONED) {
                    std::fs::remove_file(file.path()).map_err(failed)?;
                }
            }
        }
        Ok(Self(folder))
    }

    fn file(&self, key: MediaKey) -> PathBuf {
        self.0.join(key.org.to_string()).join(key.file.to_string())
    }
}

#[cfg(unix)]
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}

fn io(path: &Path, error: std::io::Error) -> Error {
    Error::new(Code::MediaIo, format!("{}: {error}", path.display())).because(error)
}

/// Writes all of it down, and sees to it that it is on the disk.
async fn write(path: &Path, mut bytes: MediaBytes) -> Result<(), Error> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(path).await.map_err(|error| io(path, error))?;
    while let Some(piece) = bytes.next().await {
        file.write_all(&piece?).await.map_err(|error| io(path, error))?;
    }
    file.sync_all().await.map_err(|error| io(path, error))
}

#[async_trait]
impl MediaStore for MediaFolder {
    async fn put(&self, key: MediaKey, bytes: MediaBytes) -> Result<(), Error> {
        let file = self.file(key);
        let folder = self.0.join(key.org.to_string());
        make_private(&folder).map_err(|error| io(&folder, error))?;
        // Beside it, so that it can be renamed; of its own, so that two that write at once both write a whole file.
        let part = file.with_extension(format!("{:016x}.{PART}", fastrand::u64(..)));
        let written = match write(&part, bytes).await {
            Ok(()) => fs::rename(&part, &file).await.map_err(|error| io(&file, error)),
            Err(error) => Err(error),
        };
        if written.is_err() {
            let _ = fs::remove_file(&part).await;
        }
        written
    }

    async fn get(&self, key: MediaKey) -> Result<Option<(u64, MediaBytes)>, Error> {
        match open_file(&self.file(key)).await {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io(&self.file(key), error)),
        }
    }

    async fn remove(&self, key: MediaKey) -> Result<(), Error> {
        match fs::remove_file(self.file(key)).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(io(&self.file(key), error)),
            _ => Ok(()),
        }
    }

    fn path(&self, key: MediaKey) -> Option<PathBuf> {
        Some(self.file(key))
    }
}

/// How many bytes a file has, and the bytes, read as they are asked for.
async fn open_file(path: &Path) -> std::io::Result<(u64, MediaBytes)> {
    let file = fs::File::open(path).await?;
    let size = file.metadata().await?.len();
    let pieces = stream::try_unfold(file, |mut file| async {
        let mut piece = Vec::with_capacity(PIECE);
        match file.read_buf(&mut piece).await {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some((Bytes::from(piece), file))),
            Err(error) => Err(Error::new(Code::MediaIo, error.to_string()).because(error)),
        }
    });
    Ok((size, pieces.boxed()))
}

/// The bytes of a file on this machine, read as they are asked for: what
/// [`upload`](crate::Inbox::upload) takes. Fails with `media.io`.
pub async fn media_of_file(path: impl AsRef<Path>) -> Result<MediaBytes, Error> {
    let path = path.as_ref();
    let (_, bytes) = open_file(path).await.map_err(|error| io(path, error))?;
    Ok(bytes)
}

/// Bytes that are held already.
pub fn media_of_bytes(bytes: impl Into<Bytes>) -> MediaBytes {
    stream::iter([Ok(bytes.into())]).boxed()
}

/// What came through so far.
#[derive(Debug, Default)]
struct Tally {
    size: u64,
    hasher: Sha256,
}

/// What a file turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

/// Puts a file into a store, counted and hashed on its way. It is not kept if it is none that was told of: of another
/// size (`size`), or of another hash (`hashes`).
pub(crate) async fn put(
    store: &dyn MediaStore,
    key: MediaKey,
    bytes: MediaBytes,
    size: Option<u64>,
    hashes: Vec<String>,
) -> Result<Seen, Error> {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let seen = Arc::clone(&tally);
    let counted = bytes.map(move |piece| {
        let piece = piece?;
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.size += piece.len() as u64;
        seen.hasher.update(&piece);
        match size {
            Some(size) if seen.size > size => Err(corrupt(&format!("it has more than {size} bytes"))),
            _ => Ok(piece),
        }
    });
    // At its end the store hears whether it is to keep it.
    let seen = Arc::clone(&tally);
    let end = stream::once(async move {
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let digest: [u8; 32] = seen.hasher.clone().finalize().into();
        match size {
            Some(size) if seen.size != size => Err(corrupt(&format!("it has {} bytes of {size}", seen.size))),
            _ if hashes.iter().all(|told| is_sha256(told, &digest)) => Ok(Bytes::new()),
            _ => Err(corrupt("its bytes have another hash")),
        }
    });
    store.put(key, counted.chain(end).boxed()).await?;
    let tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Seen {
        size: tally.size,
        sha256: hex::encode(tally.hasher.clone().finalize()),
    })
}

fn corrupt(why: &str) -> Error {
    let message = format!("the file is not the one that was told of: {why}");
    Error::new(Code::MediaCorrupt, message)
}

/// The same for a file that a platform hands out.
pub(crate) async fn put_download(
    store: &dyn MediaStore,
    key: MediaKey,
    file: Download,
    told: Option<String>,
) -> Result<Seen, Error> {
    let hashes = file.sha256.into_iter().chain(told).collect();
    put(store, key, file.bytes, file.size, hashes).await
}

#[cfg(test)]
mod tests {
    use futures_util::stream::TryStreamExt;
    use tertulia_core::ids::OrgId;
    use uuid::Uuid;

    use super::*;

    fn key(file: u128) -> MediaKey {
        MediaKey {
            org: OrgId(Uuid::from_u128(1)),
            file: Uuid::from_u128(file),
        }
    }

    async fn read(store: &MediaFolder, key: MediaKey) -> Option<(u64, Vec<u8>)> {
        let (size, bytes) = store.get(key).await.unwrap()?;
        let pieces: Vec<Bytes> = bytes.try_collect().await.unwrap();
        Some((size, pieces.concat()))
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for org in std::fs::read_dir(folder).unwrap().flatten() {
            for file in std::fs::read_dir(org.path()).unwrap().flatten() {
                found.push(file.file_name().into_string().unwrap());
            }
        }
        found.sort();
        found
    }

    #[tokio::test]
    async fn a_folder_keeps_replaces_and_removes_files() {
        let folder = tempfile::tempdir().unwrap();
        let store = MediaFolder::open(folder.path().join("media")).unwrap();
        assert_eq!(read(&store, key(1)).await, None);
        store.remove(key(1)).await.unwrap();
        let large = vec![7; 3 * PIECE + 1];
        store.put(key(1), media_of_bytes(large.clone())).await.unwrap();
        assert_eq!(read(&store, key(1)).await, Some((large.len() as u64, large)));
        store.put(key(1), media_of_bytes("new")).await.unwrap();
        assert_eq!(read(&store, key(1)).await, Some((3, b"new".to_vec())));
        assert_eq!(std::fs::read(store.path(key(1)).unwrap()).unwrap(), b"new");
        store.remove(key(1)).await.unwrap();
        assert_eq!(read(&store, key(1)).await, None);
        assert_eq!(files(&folder.path().join("media")), [""; 0]);
    }

    #[tokio::test]
    async fn what_breaks_off_leaves_the_file_before_it_and_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let store = MediaFolder::open(folder.path()).unwrap();
        store.put(key(1), media_of_bytes("old")).await.unwrap();
        let broken = stream::iter([Ok("new".into()), Err(corrupt(""))]).boxed();
        assert_eq!(
            store.put(key(1), broken).await.unwrap_err().code(),
            Code::MediaCorrupt
        );
        assert_eq!(read(&store, key(1)).await, Some((3, b"old".to_vec())));
        assert_eq!(files(folder.path()).len(), 1);
    }

    #[tokio::test]
    async fn what_is_not_the_file_that_was_told_of_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = MediaFolder::open(folder.path()).unwrap();
        let right = hex::encode(Sha256::digest(b"bytes"));
        let wrong = hex::encode(Sha256::digest(b"other"));
        for (size, hashes) in [
            (Some(4), vec![]),
            (Some(6), vec![]),
            (None, vec![wrong.clone()]),
            (Some(5), vec![right.clone(), wrong]),
        ] {
            let put = put(&store, key(1), media_of_bytes("bytes"), size, hashes).await;
            assert_eq!(put.unwrap_err().code(), Code::MediaCorrupt);
            assert_eq!(files(folder.path()), [""; 0]);
        }
        let seen = put(
            &store,
            key(1),
            media_of_bytes("bytes"),
            Some(5),
            vec![right.clone()],
        )
        .await;
        assert_eq!(
            seen.unwrap(),
            Seen {
                size: 5,
                sha256: right
            }
        );
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_of_the_process_reads_the_files() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let store = MediaFolder::open(folder.path().join("media")).unwrap();
        store.put(key(1), media_of_bytes("bytes")).await.unwrap();
        let file = store.path(key(1)).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    }

    #[tokio::test]
    async fn what_a_dead_process_left_half_written_is_removed_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let store = MediaFolder::open(folder.path()).unwrap();
        store.put(key(1), media_of_bytes("bytes")).await.unwrap();
        let part = |name: &str| folder.path().join(key(1).org.to_string()).join(name);
        for name in ["old.part", "new.part"] {
            std::fs::write(part(name), "half").unwrap();
        }
        let old = std::fs::File::options()
            .write(true)
            .open(part("old.part"))
            .unwrap();
        old.set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
        MediaFolder::open(folder.path()).unwrap();
        assert_eq!(
            files(folder.path()),
            [key(1).file.to_string(), "new.part".to_owned()]
        );
    }
}
