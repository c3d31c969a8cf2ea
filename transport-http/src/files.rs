//! Files, which are not held whole in memory.

use std::fmt;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::Part;
use reqwest::{Body, RequestBuilder};
use tertulia_core::error::{Code, Error};

use crate::{Answer, NoAnswer, begin, read, words};

pub use reqwest::multipart::Form;

/// The answer to a request for a file.
#[derive(Debug)]
pub enum Fetched {
    /// The file (the status is a 2xx).
    File(File),
    /// Something else, read to its end.
    Refused(Answer),
}

/// A file as a server hands it out.
pub struct File {
    /// How many bytes there will be, if the server says so.
    pub size: Option<u64>,
    /// The media type, if the server says so.
    pub mime_type: Option<String>,
    /// The bytes as they come. If they break off there is an error, `transport.failed`, and nothing after it.
    pub bytes: BoxStream<'static, Result<Bytes, Error>>,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("size", &self.size)
            .field("mime_type", &self.mime_type)
            .finish_non_exhaustive()
    }
}

/// Sends one request, once, and opens what it is answered with.
pub async fn fetch(request: RequestBuilder) -> Result<Fetched, NoAnswer> {
    let response = begin(request).await?;
    if !response.status().is_success() {
        return read(response).await.map(Fetched::Refused);
    }
    let mime_type = response.headers().get(CONTENT_TYPE);
    Ok(Fetched::File(File {
        size: response.content_length(),
        mime_type: mime_type.and_then(|value| value.to_str().ok()).map(str::to_owned),
        bytes: stream::unfold(Some(response), |response| async {
            let mut response = response?;
            match response.chunk().await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(response))),
                Ok(None) => None,
                Err(error) => {
                    let broken = format!("the file broke off: {}", words(error));
                    Some((Err(Error::new(Code::TransportFailed, broken)), None))
                }
            }
        })
        .boxed(),
    }))
}

/// A form of these fields and then a file of that name, size and media type, read as it is sent.
///
/// Fails with `media.invalid` if the media type is none.
pub fn form(
    fields: &[(&'static str, &str)],
    (name, filename): (&'static str, &'static str),
    mime_type: &str,
    size: u64,
    bytes: BoxStream<'static, Result<Bytes, Error>>,
) -> Result<Form, Error> {
    let part = Part::stream_with_length(Body::wrap_stream(bytes), size)
        .file_name(filename)
        .mime_str(mime_type)
        .map_err(|_| Error::new(Code::MediaInvalid, format!("{mime_type:?} is no media type")))?;
    let form = fields.iter().fold(Form::new(), |form, (name, value)| {
        form.text(*name, (*value).to_owned())
    });
    Ok(form.part(name, part))
}
