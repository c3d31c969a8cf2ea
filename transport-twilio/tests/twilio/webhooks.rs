//! What webhooks tell.

use serde_json::json;
use tertulia_core::channel::Channel;
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::inbound::{InboundEvent, InboundKind, InboundMessage, Source, StatusUpdate};
use tertulia_core::keywords::Keyword;
use tertulia_core::message::{Content, MediaKind, MediaSource, StatusKind};
use tertulia_core::retry::{FailureClass, OptOutScope};

use crate::{form, read};

pub(crate) const SMS: &[(&str, &str)] = &[
    ("ToCountry", "US"),
    ("ToState", "CA"),
    ("SmsMessageSid", "SM1"),
    ("NumMedia", "0"),
    ("ToCity", ""),
    ("FromZip", "94107"),
    ("SmsSid", "SM1"),
    ("FromState", "CA"),
    ("SmsStatus", "received"),
    ("FromCity", "SAN FRANCISCO"),
    ("Body", "Olá ✅ & more"),
    ("FromCountry", "US"),
    ("To", "+15005550006"),
    ("NumSegments", "1"),
    ("MessageSid", "SM1"),
    ("AccountSid", "AC00000000000000000000000000000001"),
    ("From", "+12025550123"),
    ("ApiVersion", "2010-04-01"),
];

pub(crate) const WHATSAPP: &[(&str, &str)] = &[
    ("SmsMessageSid", "SM2"),
    ("NumMedia", "0"),
    ("ProfileName", "Ana"),
    ("MessageType", "text"),
    ("SmsSid", "SM2"),
    ("WaId", "12025550123"),
    ("SmsStatus", "received"),
    ("Body", "hello"),
    ("To", "whatsapp:+15005550006"),
    ("NumSegments", "1"),
    ("ReferralNumMedia", "0"),
    ("MessageSid", "SM2"),
    ("AccountSid", "AC00000000000000000000000000000001"),
    (
        "ChannelMetadata",
        r#"{"type":"whatsapp","data":{"context":{"ProfileName":"Ana"}}}"#,
    ),
    ("From", "whatsapp:+12025550123"),
    ("ApiVersion", "2010-04-01"),
];

/// These parameters, with some of them others, or gone where the value is empty.
fn with<'a>(parameters: &[(&'a str, &'a str)], other: &[(&'a str, &'a str)]) -> Vec<u8> {
    let mut parameters = parameters.to_vec();
    parameters.retain(|(name, _)| other.iter().all(|(changed, _)| changed != name));
    parameters.extend(other.iter().filter(|(_, value)| !value.is_empty()));
    form(&parameters)
}

fn messages(body: &[u8]) -> Vec<InboundMessage> {
    let events = read("", body).unwrap();
    let message = |event: InboundEvent| match event.kind {
        InboundKind::Message(message) => message,
        other => panic!("{other:?}"),
    };
    events.into_iter().map(message).collect()
}

fn message(body: &[u8]) -> InboundMessage {
    let mut messages = messages(body);
    assert_eq!(messages.len(), 1);
    messages.remove(0)
}

fn status(query: &str, other: &[(&str, &str)]) -> StatusUpdate {
    let base = [
        ("MessageSid", "SM3"),
        ("SmsSid", "SM3"),
        ("MessageStatus", "sent"),
        ("SmsStatus", "sent"),
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("From", "+15005550006"),
        ("To", "+12025550123"),
    ];
    let mut events = read(query, &with(&base, other)).unwrap();
    assert_eq!(events[0].source.sender_id.as_deref(), Some("+15005550006"));
    match events.remove(0).kind {
        InboundKind::Status(update) => update,
        other => panic!("{other:?}"),
    }
}

fn phone(value: &str) -> Address {
    Address::new(AddressKind::Phone, value)
}

fn id(value: &str) -> Address {
    Address::new(AddressKind::WhatsAppId, value)
}

#[test]
fn a_text_message_names_its_sender_its_words_and_whom_of_ours_it_is_for() {
    let events = read("", &form(SMS)).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(
        events[0].source,
        Source {
            channel: Channel::Sms,
            business_id: Some("AC00000000000000000000000000000001".into()),
            sender_id: Some("+15005550006".into()),
            pool_id: None,
            number: None,
        }
    );
    assert_eq!(events[0].at, None, "the platform names no time");
    let message = message(&form(SMS));
    assert_eq!(message.provider_id, "SM1");
    assert_eq!(message.from.addresses, [phone("+12025550123")]);
    assert_eq!(message.content, Content::text("Olá ✅ & more"));
    assert_eq!(
        (message.keyword, message.referral, message.forwarded),
        (None, None, false)
    );
    let pooled = read("", &with(SMS, &[("MessagingServiceSid", "MG1")])).unwrap();
    assert_eq!(pooled[0].source.pool_id.as_deref(), Some("MG1"));
}

#[test]
fn a_whatsapp_message_names_the_profile_the_answered_message_and_that_it_was_forwarded() {
    let body = with(
        WHATSAPP,
        &[
            ("OriginalRepliedMessageSid", "SM0"),
            ("OriginalRepliedMessageSender", "whatsapp:+15005550006"),
            ("FrequentlyForwarded", "true"),
            ("ExternalUserId", "whatsapp:US.13491208655302741918"),
        ],
    );
    let events = read("", &body).unwrap();
    assert_eq!(events[0].source.channel, Channel::WhatsApp);
    assert_eq!(events[0].source.sender_id.as_deref(), Some("+15005550006"));
    let message = message(&body);
    assert_eq!(
        message.from.addresses,
        [phone("+12025550123"), id("US.13491208655302741918")]
    );
    assert_eq!(message.from.name.as_deref(), Some("Ana"));
    assert_eq!(
        (message.reply_to.as_deref(), message.forwarded),
        (Some("SM0"), true)
    );
    assert_eq!(message.referral, None, "ReferralNumMedia alone is none");
}

#[test]
fn a_hidden_number_is_an_id_and_a_number_of_another_spelling_is_another_address() {
    let hidden = message(&with(WHATSAPP, &[("From", "whatsapp:US.1349"), ("WaId", "")]));
    assert_eq!(hidden.from.addresses, [id("US.1349")]);
    let both = message(&with(WHATSAPP, &[("From", "whatsapp:US.1349")]));
    assert_eq!(both.from.addresses, [phone("+12025550123"), id("US.1349")]);
    for nobody in ["12345", "MYBANK", "", "whatsapp:", "messenger:1234"] {
        let events = read("", &with(SMS, &[("From", nobody)])).unwrap();
        assert!(
            matches!(events[0].kind, InboundKind::Unknown { .. }),
            "{nobody:?} cannot be answered"
        );
    }
}

#[test]
fn each_file_is_a_message_and_the_words_are_the_firsts_caption() {
    let body = with(
        SMS,
        &[
            ("NumMedia", "2"),
            (
                "MediaUrl0",
                "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1",
            ),
            ("MediaContentType0", "image/jpeg"),
            ("MediaUrl1", "https://api.twilio.com/2"),
            ("MediaContentType1", "text/vcard"),
            ("OptOutType", "HELP"),
        ],
    );
    let found = messages(&body);
    let ids: Vec<_> = found.iter().map(|message| message.provider_id.as_str()).collect();
    assert_eq!(ids, ["SM1", "SM1/1"]);
    let media = |place: usize| match &found[place].content {
        Content::Media(media) => media.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (media(0).kind, media(0).caption.as_deref()),
        (MediaKind::Image, Some("Olá ✅ & more"))
    );
    assert!(matches!(media(0).source, MediaSource::Link(link) if link.ends_with("/ME1")));
    assert_eq!((media(1).kind, media(1).caption), (MediaKind::Document, None));
    assert_eq!((found[0].keyword, found[1].keyword), (Some(Keyword::Help), None));
    // A voice note takes no caption: words beside it stay words.
    let voice = [
        ("MediaUrl0", "https://api.twilio.com/1"),
        ("MediaContentType0", "audio/ogg"),
    ];
    let spoken = messages(&with(SMS, &voice));
    assert_eq!(spoken[0].content, Content::text("Olá ✅ & more"));
    assert!(matches!(&spoken[1].content, Content::Media(media) if media.kind == MediaKind::Audio));
}

#[test]
fn buttons_lists_places_and_stickers_are_what_they_are() {
    let content = |other: &[(&str, &str)]| message(&with(WHATSAPP, other)).content;
    assert_eq!(
        content(&[
            ("MessageType", "button"),
            ("ButtonText", "Yes"),
            ("ButtonPayload", "y"),
            ("Body", "Yes")
        ]),
        Content::ButtonReply {
            id: "y".into(),
            title: "Yes".into()
        }
    );
    assert_eq!(
        content(&[("MessageType", "button"), ("ButtonText", "Yes")]),
        Content::ButtonReply {
            id: "Yes".into(),
            title: "Yes".into()
        }
    );
    assert_eq!(
        content(&[
            ("MessageType", "interactive"),
            ("ListId", "l1"),
            ("ListTitle", "Blue")
        ]),
        Content::ListReply {
            id: "l1".into(),
            title: "Blue".into(),
            description: None
        }
    );
    let place = content(&[
        ("MessageType", "location"),
        ("Body", ""),
        ("Latitude", "38.7"),
        ("Longitude", "-9.1"),
        ("Label", "Shop"),
        ("Address", "Rua 1"),
    ]);
    assert!(
        matches!(place, Content::Location(place) if place.latitude > 38.0 && place.name.as_deref() == Some("Shop"))
    );
    let sticker = [
        ("MessageType", "sticker"),
        ("MediaUrl0", "https://x/1"),
        ("MediaContentType0", "image/webp"),
        ("Body", ""),
    ];
    assert!(matches!(content(&sticker), Content::Media(media) if media.kind == MediaKind::Sticker));
    // What is not known is kept as it came; words are never lost.
    let order = content(&[("MessageType", "order"), ("Body", ""), ("New", "thing")]);
    assert!(
        matches!(order, Content::Unsupported { provider_type, raw } if provider_type == "order" && raw["New"] == "thing")
    );
    assert_eq!(content(&[("MessageType", "order")]), Content::text("hello"));
}

#[test]
fn an_ad_is_known_by_its_id_or_click() {
    let referral = |other: &[(&str, &str)]| message(&with(WHATSAPP, other)).referral;
    let told = referral(&[
        ("ReferralSourceId", "120"),
        ("ReferralSourceType", "ad"),
        ("ReferralSourceUrl", "https://fb.me/1"),
        ("ReferralHeadline", "Sale"),
        ("ReferralBody", "Come"),
        ("ReferralMediaContentType", "image/jpeg"),
        ("ReferralMediaUrl", "https://x/1.jpg"),
        ("ReferralCtwaClid", "clid"),
    ]);
    let told = told.unwrap();
    assert_eq!(
        (told.source_id.as_deref(), told.ctwa_clid.as_deref()),
        (Some("120"), Some("clid"))
    );
    assert_eq!(
        (told.media_type.as_deref(), told.headline.as_deref()),
        (Some("image"), Some("Sale"))
    );
    assert!(referral(&[("ReferralCtwaClid", "clid")]).is_some());
    assert_eq!(referral(&[("ReferralHeadline", "Sale")]), None);
}

#[test]
fn what_the_platform_took_a_message_for_is_told_whatever_its_words() {
    for (word, keyword) in [
        ("STOP", Some(Keyword::Stop)),
        ("START", Some(Keyword::Start)),
        ("HELP", Some(Keyword::Help)),
        ("stop", Some(Keyword::Stop)),
        ("PAUSE", None),
        ("", None),
    ] {
        assert_eq!(
            message(&with(SMS, &[("OptOutType", word)])).keyword,
            keyword,
            "{word:?}"
        );
    }
}

#[test]
fn statuses_are_read_and_find_their_attempt_by_the_urls_query() {
    let attempt = "01931c7e-8a00-7000-8000-00000000002a";
    let found = status(&format!("attempt={attempt}"), &[]);
    assert_eq!(found.provider_id, "SM3");
    assert_eq!(found.correlation, attempt.parse().ok());
    assert_eq!(found.recipient, [phone("+12025550123")]);
    assert_eq!(status("attempt=nonsense", &[]).correlation, None);
    for (word, kind) in [
        ("accepted", StatusKind::Accepted),
        ("scheduled", StatusKind::Accepted),
        ("queued", StatusKind::Accepted),
        ("sending", StatusKind::Accepted),
        ("sent", StatusKind::Sent),
        ("partially_delivered", StatusKind::Sent),
        ("Delivered", StatusKind::Delivered),
        ("read", StatusKind::Read),
        ("teleported", StatusKind::Other("teleported".into())),
    ] {
        assert_eq!(status("", &[("MessageStatus", word)]).status, kind);
    }
    // Without the newer name, by the older one.
    assert_eq!(
        status("", &[("MessageStatus", ""), ("SmsStatus", "delivered")]).status,
        StatusKind::Delivered
    );
}

#[test]
fn a_failure_is_of_the_class_of_its_code_and_quotes_nothing() {
    let failure = |other: &[(&str, &str)]| match status("", other).status {
        StatusKind::Failed(failure) => failure,
        other => panic!("{other:?}"),
    };
    for (word, code, class) in [
        ("undelivered", "30005", FailureClass::RecipientInvalid),
        (
            "failed",
            "21610",
            FailureClass::RecipientOptedOut(OptOutScope::Sender),
        ),
        ("failed", "63016", FailureClass::WindowClosed),
        ("failed", "12345", FailureClass::Unclassified),
        ("failed", "", FailureClass::Unclassified),
        ("failed", "many", FailureClass::Unclassified),
    ] {
        let told = failure(&[
            ("MessageStatus", word),
            ("ErrorCode", code),
            ("ChannelStatusMessage", "to +12025550123"),
        ]);
        assert_eq!(told.class, class, "{code}");
        assert!(!told.detail.contains("2025550123"));
    }
    assert_eq!(failure(&[("MessageStatus", "canceled")]).code, "canceled");
    // The date counts minutes of no zone that is told, whatever it is: nothing is made of it.
    for date in ["2605211430", "0", "tomorrow", "-1", "99999999999999999999"] {
        let told = status("", &[("MessageStatus", "delivered"), ("RawDlrDoneDate", date)]);
        assert_eq!(told.status, StatusKind::Delivered);
    }
}

#[test]
fn what_makes_no_sense_is_kept_with_a_reason() {
    for (body, reason) in [
        (form(&[]), "the message has no id"),
        (
            form(&[("Body", "hello"), ("From", "+12025550123")]),
            "the message has no id",
        ),
        (
            form(&[("MessageStatus", "sent"), ("From", "+15005550006")]),
            "the status has no id",
        ),
        (
            with(SMS, &[("From", "")]),
            "the message names no sender that can be answered",
        ),
    ] {
        let events = read("", &body).unwrap();
        assert_eq!(events.len(), 1);
        let InboundKind::Unknown { reason: told, .. } = &events[0].kind else {
            panic!("{events:?}");
        };
        assert_eq!(told, reason);
    }
    let kept = read(
        "",
        &form(&[("Future", "a"), ("Future", "b"), ("To", "+15005550006")]),
    )
    .unwrap();
    assert_eq!(kept[0].source.sender_id.as_deref(), Some("+15005550006"));
    assert!(
        matches!(&kept[0].kind, InboundKind::Unknown { raw, .. } if *raw == json!({"Future": "a", "To": "+15005550006"}))
    );
}

#[test]
fn a_json_body_with_its_digest_in_the_url_is_kept() {
    let digest = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
    let body = br#"{"property": "value", "boolean": true}"#;
    let query = format!("bodySHA256={digest}");
    let url = format!("{}?{query}", crate::URL);
    let mut request = crate::request(&query, body);
    request.headers[0].1 = tertulia_transport_twilio::signature::sign(crate::TOKEN, &url, b"");
    let events = crate::twilio().parse(&request).unwrap();
    assert!(matches!(&events[0].kind, InboundKind::Unknown { raw, .. } if raw["property"] == "value"));
}
