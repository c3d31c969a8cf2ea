//! Files down and up.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;
use tertulia_core::error::{Code, Error};
use tertulia_core::message::{MediaKind, MediaSource};
use tertulia_transport_traits::{Transport, Upload};

use crate::platform::{Act, Platform};
use crate::sends::{at, sender};

const PLACE: &str = "/v24.0/77?phone_number_id=106540352242922";

fn place(url: &str) -> Act {
    let said = json!({
        "messaging_product": "whatsapp", "url": url, "mime_type": "image/jpeg", "sha256": "ab", "file_size": "5", "id": "77"
    });
    Act::Answer(200, said.to_string())
}

fn refusal(status: u16, code: i64) -> Act {
    Act::Answer(
        status,
        json!({"error": {"message": "m", "code": code}}).to_string(),
    )
}

fn source() -> MediaSource {
    MediaSource::Id("77".into())
}

fn upload(kind: MediaKind, mime_type: &str, size: u64) -> Upload {
    Upload {
        kind,
        mime_type: mime_type.into(),
        size,
        bytes: stream::iter([Ok("by".into()), Ok("tes".into())]).boxed(),
    }
}

/// The bytes of the file, or the code of the error that it ends with.
async fn downloaded(platform: &Platform) -> Result<String, Code> {
    let whatsapp = at(&platform.url);
    let file = whatsapp.download(&sender(), &source()).await;
    let pieces = file.map_err(|error| error.code())?.bytes;
    let pieces: Result<Vec<_>, Error> = pieces.try_collect().await;
    let bytes = pieces.map_err(|error| error.code())?.concat();
    Ok(String::from_utf8(bytes).unwrap())
}

/// A server that first says where the file is, on itself, and then does these things.
async fn serving(acts: impl IntoIterator<Item = Act>) -> Platform {
    // The URL is asked for before the server's own is known: it names itself.
    Platform::start_naming(|url| {
        let mut all = vec![place(&format!("{url}/files/1"))];
        all.extend(acts);
        all
    })
    .await
}

#[tokio::test]
async fn a_file_is_asked_for_by_its_id_and_fetched_with_the_key() {
    let mut platform = serving([Act::Answer(200, "bytes".into())]).await;
    let whatsapp = at(&platform.url);
    let file = whatsapp.download(&sender(), &source()).await.unwrap();
    assert_eq!(file.mime_type.as_deref(), Some("image/jpeg"));
    assert_eq!((file.size, file.sha256.as_deref()), (Some(5), Some("ab")));
    let pieces: Vec<_> = file.bytes.try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"bytes");
    let requests = platform.requests();
    assert!(
        requests[0].head.starts_with(&format!("GET {PLACE} ")),
        "{}",
        requests[0].head
    );
    assert!(
        requests[1].head.starts_with("GET /files/1 "),
        "{}",
        requests[1].head
    );
    for request in &requests {
        assert!(
            request.head.contains("authorization: Bearer EAAG-key"),
            "{}",
            request.head
        );
    }
}

#[tokio::test]
async fn a_url_that_expired_is_asked_for_once_more() {
    let platform = Platform::start_naming(|url| {
        let place = || place(&format!("{url}/files/1"));
        vec![
            place(),
            Act::Answer(404, String::new()),
            place(),
            Act::Answer(200, "bytes".into()),
        ]
    })
    .await;
    assert_eq!(downloaded(&platform).await.as_deref(), Ok("bytes"));
    let platform = Platform::start_naming(|url| {
        let place = || place(&format!("{url}/files/1"));
        vec![
            place(),
            Act::Answer(404, String::new()),
            place(),
            Act::Answer(403, String::new()),
        ]
    })
    .await;
    assert_eq!(downloaded(&platform).await, Err(Code::TransportFailed));
}

#[tokio::test]
async fn a_file_that_breaks_off_ends_with_an_error() {
    let cut = Act::Write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbytes");
    assert_eq!(
        downloaded(&serving([cut]).await).await,
        Err(Code::TransportFailed)
    );
}

#[tokio::test]
async fn a_file_that_the_platform_does_not_have_any_more_is_gone() {
    for (act, code) in [
        (refusal(400, 100), Code::MediaGone),
        (refusal(404, 131_052), Code::MediaGone),
        (refusal(401, 190), Code::TransportRefused),
        (refusal(429, 4), Code::TransportFailed),
        (Act::Answer(200, "{}".into()), Code::TransportFailed),
        (place("http://files.example/1"), Code::TransportFailed),
        (place("file:///etc/passwd"), Code::TransportFailed),
    ] {
        assert_eq!(downloaded(&Platform::start([act]).await).await, Err(code));
    }
    let link = MediaSource::Link("https://files.example/1".into());
    let error = at("http://127.0.0.1:1")
        .download(&sender(), &link)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::TransportUnsupported);
}

#[tokio::test]
async fn a_file_goes_up_as_a_form_and_comes_back_as_an_id() {
    let mut platform = Platform::start([Act::Answer(200, r#"{"id":"88"}"#.into())]).await;
    let file = upload(MediaKind::Image, "image/png", 5);
    let taken = at(&platform.url).upload(&sender(), file).await.unwrap();
    assert_eq!(taken, MediaSource::Id("88".into()));
    let request = platform.requests().remove(0);
    assert!(
        request.head.starts_with("POST /v24.0/106540352242922/media "),
        "{}",
        request.head
    );
    assert!(
        request.head.contains("authorization: Bearer EAAG-key"),
        "{}",
        request.head
    );
    let form = request.text;
    for part in [
        "name=\"messaging_product\"\r\n\r\nwhatsapp\r\n",
        "name=\"type\"\r\n\r\nimage/png\r\n",
        "name=\"file\"; filename=\"file\"\r\nContent-Type: image/png\r\n\r\nbytes\r\n",
    ] {
        assert!(form.contains(part), "{form}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_anything_goes_out_with_what_would() {
    const MB: u64 = 1 << 20;
    use MediaKind::{Audio, Document, Image, Sticker, Video};
    for (kind, mime_type, size, hint) in [
        (Image, "image/jpeg", 5 * MB + 1, "as a document"),
        (Image, "image/gif", 1, "image/jpeg or image/png"),
        (Image, "image/jpeg", 0, "no bytes"),
        (Video, "video/mp4", 16 * MB + 1, "as a document"),
        (Video, "video/webm", 1, "video/mp4"),
        (Audio, "audio/mpeg", 16 * MB + 1, "as a document"),
        (Audio, "audio/wav", 1, "audio/ogg"),
        (Sticker, "image/webp", 500 * 1024 + 1, "smaller"),
        (Sticker, "image/png", 1, "image/webp"),
        (Document, "application/pdf", 100 * MB + 1, "link"),
        (Document, "no type", 1, "no media type"),
    ] {
        let error = at("http://127.0.0.1:1")
            .upload(&sender(), upload(kind, mime_type, size))
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.code(), Code::MediaInvalid, "{mime_type} {size}");
        assert!(error.message().contains(hint), "{}", error.message());
    }
    for (kind, mime_type, size) in [
        (Image, "image/jpeg", 5 * MB),
        (Audio, "audio/ogg; codecs=opus", 16 * MB),
        (Document, "application/zip", 100 * MB),
    ] {
        let error = at("http://127.0.0.1:1")
            .upload(&sender(), upload(kind, mime_type, size))
            .await;
        assert_eq!(error.unwrap_err().code(), Code::TransportFailed, "it was tried");
    }
}

#[tokio::test]
async fn an_upload_fails_with_a_reason() {
    for (act, code) in [
        (refusal(400, 131_053), Code::MediaInvalid),
        (refusal(401, 190), Code::TransportRefused),
        (Act::Answer(200, "{}".into()), Code::TransportFailed),
        (Act::Write(b""), Code::TransportFailed),
    ] {
        let platform = Platform::start([act]).await;
        let file = upload(MediaKind::Image, "image/png", 5);
        let error = at(&platform.url).upload(&sender(), file).await.unwrap_err();
        assert_eq!(error.code(), code);
    }
    let platform = Platform::start([Act::Answer(200, r#"{"id":"88"}"#.into())]).await;
    let broken = Upload {
        bytes: stream::iter([Ok("by".into()), Err(Error::new(Code::MediaIo, "the disk failed"))]).boxed(),
        ..upload(MediaKind::Image, "image/png", 5)
    };
    let error = at(&platform.url).upload(&sender(), broken).await.unwrap_err();
    assert_eq!(error.code(), Code::TransportFailed);
}
