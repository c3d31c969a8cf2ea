//! Files that people sent: behind a link of the API's, by the key, and from there wherever it leads, without the key.
//!
//! Twilio fetches what is sent to people by its link: nothing is uploaded.

use std::time::Duration;

use tertulia_core::error::{Code, Error};
use tertulia_core::message::MediaSource;
use tertulia_transport_http::{Fetched, File, NoAnswer, Url, fetch};
use tertulia_transport_traits::{Download, SenderRef};

use crate::send::{Key, Rest};

/// The most time that a file may take, however slow the line.
const TRANSFER: Duration = Duration::from_mins(10);

impl Rest {
    /// Opens the file behind a link that a message named.
    pub(crate) async fn download(&self, sender: &SenderRef, source: &MediaSource) -> Result<Download, Error> {
        let own = self.api.url(&[]).origin();
        let place = match source {
            MediaSource::Link(link) => Url::parse(link).ok().filter(|url| url.origin() == own),
            _ => None,
        };
        // The key goes to nobody else.
        let place = place.ok_or_else(|| {
            let message = "Twilio hands out files by links of its own API only";
            Error::new(Code::TransportUnsupported, message)
        })?;
        let key = Key::read(sender).map_err(|why| Error::new(Code::TransportConfigInvalid, why))?;
        let asked = self.api.get(place.clone()).timeout(TRANSFER);
        let answer = match fetch(asked.basic_auth(key.user, Some(key.password))).await {
            Ok(Fetched::File(file)) => return Ok(opened(file)),
            Ok(Fetched::Refused(answer)) => answer,
            Err(no_answer) => return Err(lost(no_answer)),
        };
        let next = answer.location.filter(|_| (300..400).contains(&answer.status));
        let next = next.and_then(|location| place.join(&location).ok());
        let Some(next) = next.filter(|url| url.scheme() == "https" || url.origin() == own) else {
            return Err(refused(answer.status));
        };
        match fetch(self.api.get(next).timeout(TRANSFER)).await {
            Ok(Fetched::File(file)) => Ok(opened(file)),
            Ok(Fetched::Refused(answer)) => Err(refused(answer.status)),
            Err(no_answer) => Err(lost(no_answer)),
        }
    }
}

fn refused(status: u16) -> Error {
    let (code, what) = match status {
        404 | 410 => (Code::MediaGone, "the platform does not have the file any more"),
        401 | 403 => (Code::TransportRefused, "the platform refuses the key"),
        _ => (Code::TransportFailed, "the platform does not hand out the file"),
    };
    Error::new(code, format!("downloading a file: {what}: HTTP {status}"))
}

fn lost(no_answer: NoAnswer) -> Error {
    let why = match no_answer {
        NoAnswer::Unfit(why) | NoAnswer::NotSent(why) | NoAnswer::Lost(why) => why,
        NoAnswer::BrokenOff(status, why) => format!("HTTP {status}, broken off: {why}"),
    };
    Error::new(Code::TransportFailed, format!("downloading a file: {why}"))
}

fn opened(file: File) -> Download {
    Download {
        mime_type: file.mime_type,
        size: file.size,
        sha256: None,
        bytes: file.bytes,
    }
}
