//! Files: where they are, what fits, down and up (Cloud API, "Media").

use std::time::Duration;

use serde_json::Value;
use tertulia_core::error::{Code, Error};
use tertulia_core::message::{MediaKind, MediaSource};
use tertulia_transport_http::{Fetched, File, NoAnswer, Url, exchange, fetch, form};
use tertulia_transport_traits::{Download, SenderRef, Upload};

use crate::parse::read::{any_of, whole};
use crate::send::{Graph, error_in, json_of, succeeded};

/// The most time that a file may take, however slow the line.
const TRANSFER: Duration = Duration::from_mins(10);

/// How often a file's URL is asked for: one lives 5 minutes, and may be older than that when a slow process gets to it.
const URLS: u32 = 2;

/// A file that is not there, as of one older than the 7 days (inbound) or 30 days (uploaded) that ids are good for.
const NO_OBJECT: i64 = 100;
const DOWNLOAD_PROBLEM: i64 = 131_052;
const UPLOAD_PROBLEM: i64 = 131_053;

const KB: u64 = 1024;
const MB: u64 = 1024 * KB;

/// The largest file of a kind and the media types that it may have; none named: all.
const fn limits(kind: MediaKind) -> (u64, &'static [&'static str]) {
    match kind {
        MediaKind::Image => (5 * MB, &["image/jpeg", "image/png"]),
        MediaKind::Video => (16 * MB, &["video/mp4", "video/3gpp"]),
        MediaKind::Audio => (
            16 * MB,
            &["audio/aac", "audio/amr", "audio/mp4", "audio/mpeg", "audio/ogg"],
        ),
        MediaKind::Document => (100 * MB, &[]),
        // 100 KB unless it is animated, which only the file tells.
        MediaKind::Sticker => (500 * KB, &["image/webp"]),
    }
}

const fn name(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "an image",
        MediaKind::Video => "a video",
        MediaKind::Audio => "an audio file",
        MediaKind::Document => "a document",
        MediaKind::Sticker => "a sticker",
    }
}

/// Refuses what the platform would refuse, with what would fit.
fn check(file: &Upload) -> Result<(), Error> {
    let (largest, types) = limits(file.kind);
    let kind = name(file.kind);
    let invalid = |what: String| Err(Error::new(Code::MediaInvalid, what));
    let bare = file.mime_type.split(';').next().unwrap_or_default().trim();
    if !types.is_empty() && !types.contains(&bare) {
        return invalid(format!(
            "WhatsApp takes no {bare:?} as {kind}: make it {}, or send it as a document",
            types.join(" or ")
        ));
    }
    if file.size == 0 {
        return invalid(format!("{kind} of no bytes cannot be sent"));
    }
    if file.size > largest {
        let instead = match file.kind {
            MediaKind::Document => "make it smaller, or send a link",
            _ if file.size <= limits(MediaKind::Document).0 => "make it smaller, or send it as a document",
            _ => "make it smaller",
        };
        let size = file.size;
        return invalid(format!(
            "{kind} may have {largest} bytes on WhatsApp, and this has {size}: {instead}"
        ));
    }
    Ok(())
}

/// Where a file is, and what the platform says of it.
struct Place {
    url: Url,
    mime_type: Option<String>,
    sha256: Option<String>,
    size: Option<u64>,
}

impl Graph {
    /// Opens the file of this id.
    pub(crate) async fn download(&self, sender: &SenderRef, source: &MediaSource) -> Result<Download, Error> {
        let MediaSource::Id(id) = source else {
            let message = "WhatsApp hands out files by their id only";
            return Err(Error::new(Code::TransportUnsupported, message));
        };
        let mut failed = String::new();
        for _ in 0..URLS {
            let place = self.place(sender, id).await?;
            let request = self.api.get(place.url.clone()).timeout(TRANSFER);
            // The key: the file is nobody's who has the URL alone. The platform turns away clients without a name.
            let request = request
                .bearer_auth(sender.credential.expose())
                .header("user-agent", "tertulia");
            match fetch(request).await {
                Ok(Fetched::File(file)) => return Ok(opened(place, file)),
                Ok(Fetched::Refused(answer)) => failed = format!("HTTP {}", answer.status),
                Err(NoAnswer::BrokenOff(status, why)) => failed = format!("HTTP {status}, broken off: {why}"),
                Err(NoAnswer::Unfit(why) | NoAnswer::NotSent(why) | NoAnswer::Lost(why)) => failed = why,
            }
        }
        let message = format!("downloading a file: the platform's URL does not lead to it: {failed}");
        Err(Error::new(Code::TransportFailed, message))
    }

    async fn place(&self, sender: &SenderRef, id: &str) -> Result<Place, Error> {
        let what = "asking where a file is";
        let mut url = self.api.url(&[&self.version, id]);
        url.query_pairs_mut()
            .append_pair("phone_number_id", &sender.sender_id);
        let request = self.api.get(url).bearer_auth(sender.credential.expose());
        let answer = exchange(request).await;
        if let Ok(answer) = &answer
            && let Some(error) = error_in(json_of(answer).as_ref(), &sender.credential)
            && matches!(error.code, NO_OBJECT | DOWNLOAD_PROBLEM)
        {
            let message = format!(
                "the platform has no file {id} any more: it says {}: {}",
                error.code, error.detail
            );
            return Err(Error::new(Code::MediaGone, message));
        }
        let said = succeeded(answer, &sender.credential, what)?;
        // Whoever gets the URL gets the key: never in the open, except where the API itself is spoken to so.
        let url = any_of(&said, &["url"])
            .and_then(|url| Url::parse(&url).ok())
            .filter(|url| url.scheme() == "https" || url.origin() == self.api.url(&[]).origin());
        let url = url.ok_or_else(|| {
            let message = format!("{what}: the platform names no https URL");
            Error::new(Code::TransportFailed, message)
        })?;
        Ok(Place {
            url,
            mime_type: any_of(&said, &["mime_type"]),
            sha256: any_of(&said, &["sha256"]),
            size: whole(&said, "file_size").and_then(|size| u64::try_from(size).ok()),
        })
    }

    /// Uploads a file, once.
    pub(crate) async fn upload(&self, sender: &SenderRef, file: Upload) -> Result<MediaSource, Error> {
        let what = "uploading a file";
        check(&file)?;
        let fields = [("messaging_product", "whatsapp"), ("type", &*file.mime_type)];
        // Only a message shows a name.
        let form = form(&fields, ("file", "file"), &file.mime_type, file.size, file.bytes)?;
        let url = self.api.url(&[&self.version, &sender.sender_id, "media"]);
        let request = self.api.post(url).timeout(TRANSFER);
        let request = request.bearer_auth(sender.credential.expose()).multipart(form);
        let answer = exchange(request).await;
        if let Ok(answer) = &answer
            && let Some(error) = error_in(json_of(answer).as_ref(), &sender.credential)
            && error.code == UPLOAD_PROBLEM
        {
            let message = format!("{what}: the platform says {}: {}", error.code, error.detail);
            return Err(Error::new(Code::MediaInvalid, message));
        }
        let said: Value = succeeded(answer, &sender.credential, what)?;
        any_of(&said, &["id"]).map(MediaSource::Id).ok_or_else(|| {
            let message = format!("{what}: the platform's answer has no id");
            Error::new(Code::TransportFailed, message)
        })
    }
}

fn opened(place: Place, file: File) -> Download {
    Download {
        mime_type: place.mime_type.or(file.mime_type),
        size: place.size.or(file.size),
        sha256: place.sha256,
        bytes: file.bytes,
    }
}
