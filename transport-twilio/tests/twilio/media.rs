//! Files that people sent.

use tertulia_core::error::Code;
use tertulia_core::message::MediaSource;
use tertulia_transport_traits::Transport;

use crate::platform::{Act, Platform, Request};
use crate::sends::{sender, twilio_at};

const FILE: &[u8] = b"HTTP/1.1 200 X\r\ncontent-type: image/png\r\ncontent-length: 3\r\n\r\nPNG";

/// The size and media type of the file behind a link of the platform's, and what was asked.
async fn opened(acts: Vec<Act>) -> (Result<(Option<u64>, Option<String>), Code>, Vec<Request>) {
    let mut platform = Platform::start(acts).await;
    let link = MediaSource::Link(format!(
        "{}/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1",
        platform.url
    ));
    let opened = twilio_at(&platform.url).download(&sender(), &link).await;
    let told = opened
        .map(|file| (file.size, file.mime_type))
        .map_err(|error| error.code());
    (told, platform.requests())
}

fn has_key(request: &Request) -> bool {
    request.head.to_lowercase().contains("authorization: basic ")
}

#[tokio::test]
async fn a_file_is_asked_for_with_the_key_and_fetched_elsewhere_without_it() {
    let (file, asked) = opened(vec![Act::Write(FILE)]).await;
    assert_eq!(file.unwrap(), (Some(3), Some("image/png".to_owned())));
    assert!(has_key(&asked[0]));
    let moved = b"HTTP/1.1 307 X\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    let (file, asked) = opened(vec![Act::Write(moved), Act::Write(FILE)]).await;
    assert_eq!(file.unwrap().0, Some(3));
    assert!(asked[1].head.starts_with("GET /elsewhere "));
    assert!(has_key(&asked[0]) && !has_key(&asked[1]));
}

#[tokio::test]
async fn the_key_goes_to_nobody_else_and_the_file_in_the_open_to_nobody() {
    for link in ["https://elsewhere.example/1", "ftp://x", "none"] {
        let source = MediaSource::Link(link.to_owned());
        let refused = twilio_at("http://127.0.0.1:9").download(&sender(), &source).await;
        assert_eq!(refused.unwrap_err().code(), Code::TransportUnsupported, "{link}");
    }
    let open = b"HTTP/1.1 307 X\r\nlocation: http://elsewhere.example/1\r\ncontent-length: 0\r\n\r\n";
    let (file, asked) = opened(vec![Act::Write(open)]).await;
    assert_eq!((file.unwrap_err(), asked.len()), (Code::TransportFailed, 1));
}

#[tokio::test]
async fn what_is_gone_is_told_from_what_is_refused_or_failed() {
    for (status, code) in [
        (404, Code::MediaGone),
        (410, Code::MediaGone),
        (401, Code::TransportRefused),
        (500, Code::TransportFailed),
    ] {
        assert_eq!(
            opened(vec![Act::Answer(status, "{}".into())])
                .await
                .0
                .unwrap_err(),
            code
        );
    }
}
