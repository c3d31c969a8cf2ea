//! Files on their way from a platform, and to one.

use std::fmt;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use tertulia_core::error::Error;
use tertulia_core::message::MediaKind;

/// The bytes of a file, piece by piece; after an error nothing comes. Files reach 100 MB: none is held whole in memory.
pub type MediaBytes = BoxStream<'static, Result<Bytes, Error>>;

/// A file that a platform hands out, and what the platform says of it.
pub struct Download {
    /// The media type, as in `image/jpeg`.
    pub mime_type: Option<String>,
    /// How many bytes it has.
    pub size: Option<u64>,
    /// The SHA-256 of its bytes, in hex or base64.
    pub sha256: Option<String>,
    /// The bytes. One that breaks off ends with an error.
    pub bytes: MediaBytes,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("mime_type", &self.mime_type)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// A file to hand to a platform.
pub struct Upload {
    /// What a message will send it as.
    pub kind: MediaKind,
    /// The media type, as in `image/jpeg`.
    pub mime_type: String,
    /// How many bytes it has.
    pub size: u64,
    /// The bytes, as many.
    pub bytes: MediaBytes,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("kind", &self.kind)
            .field("mime_type", &self.mime_type)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
