//! What a send puts on the wire, and what is refused before anything is.

use serde_json::{Map, Value, json};
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::message::{
    Buttons, Content, List, ListRow, ListSection, Location, Media, MediaKind, MediaSource, ReplyButton,
};
use tertulia_core::retry::FailureClass;
use tertulia_core::template::{FilledButton, FilledParameter, FilledTemplate, FilledValue, Language};
use tertulia_transport_traits::{Outcome, Outgoing, Transport};

use crate::platform::Platform;
use crate::sends::{ATTEMPT, at, class, hello, outgoing, phone, sender, taken};

#[tokio::test]
async fn a_send_goes_to_the_senders_endpoint_with_its_key() {
    let mut platform = Platform::start([taken()]).await;
    at(&format!("{}/", platform.url)).send(&sender(), hello()).await;
    let request = platform.requests().remove(0);
    assert!(
        request
            .head
            .starts_with("POST /v24.0/106540352242922/messages HTTP/1.1\r\n"),
        "{}",
        request.head
    );
    assert!(
        request.head.contains("authorization: Bearer EAAG-key\r\n"),
        "{}",
        request.head
    );
    assert!(
        request.head.contains("content-type: application/json\r\n"),
        "{}",
        request.head
    );
    assert_eq!(
        request.body,
        json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "+16505551234",
            "type": "text",
            "text": {"body": "Hello"},
            "biz_opaque_callback_data": ATTEMPT,
        })
    );
}

#[tokio::test]
async fn a_phone_gets_its_plus_and_an_id_goes_as_recipient() {
    let recipients = [
        (phone("5215512345678"), json!({"to": "+5215512345678"})),
        (phone("+55 11 91234-5678"), json!({"to": "+5511912345678"})),
        (
            Address::new(AddressKind::WhatsAppId, "US.13491208655302741918"),
            json!({"recipient": "US.13491208655302741918"}),
        ),
    ];
    let mut platform = Platform::start(recipients.iter().map(|_| taken())).await;
    let whatsapp = at(&platform.url);
    for (to, _) in &recipients {
        whatsapp
            .send(
                &sender(),
                Outgoing {
                    to: to.clone(),
                    ..hello()
                },
            )
            .await;
    }
    for (request, (_, expected)) in platform.requests().iter().zip(&recipients) {
        for key in ["to", "recipient"] {
            assert_eq!(request.body.get(key), expected.get(key), "{expected}");
        }
    }
}

fn media(kind: MediaKind) -> Content {
    Content::Media(Media {
        filename: Some("offer.pdf".into()),
        ..Media::new(kind, MediaSource::Link("https://shop.example/file".into()))
    })
}

fn captioned(kind: MediaKind) -> Content {
    let Content::Media(media) = media(kind) else {
        unreachable!()
    };
    Content::Media(Media {
        caption: Some("Look".into()),
        source: MediaSource::Id("77".into()),
        ..media
    })
}

fn parameter(value: FilledValue) -> FilledParameter {
    FilledParameter { name: None, value }
}

fn text(text: &str) -> FilledValue {
    FilledValue::Text { text: text.into() }
}

fn template(
    header: Option<FilledParameter>,
    body: Vec<FilledParameter>,
    buttons: Vec<FilledValue>,
) -> Content {
    Content::Template {
        template: FilledTemplate {
            name: "order_update".into(),
            language: Language::parse("en-US").unwrap(),
            provider_id: None,
            header,
            body,
            buttons: buttons
                .into_iter()
                .enumerate()
                .map(|(index, value)| FilledButton { index, value })
                .collect(),
            missing: Vec::new(),
        },
        text: "Hi".into(),
    }
}

fn buttons(count: usize) -> Buttons {
    let buttons = (0..count)
        .map(|n| ReplyButton {
            id: format!("b{n}"),
            title: format!("Button {n}"),
        })
        .collect();
    Buttons {
        header: Some("Head".into()),
        body: "Choose".into(),
        footer: Some("Foot".into()),
        buttons,
    }
}

fn list(sections: &[usize]) -> List {
    let row = |n: usize| ListRow {
        id: format!("r{n}"),
        title: format!("Row {n}"),
        description: None,
    };
    let section = |rows: &usize| ListSection {
        title: Some("Part".into()),
        rows: (0..*rows).map(row).collect(),
    };
    List {
        header: None,
        body: "Choose".into(),
        footer: None,
        button: "Open".into(),
        sections: sections.iter().map(section).collect(),
    }
}

#[tokio::test]
async fn each_kind_is_put_as_the_platform_documents_it() {
    let place = Location {
        latitude: -23.5,
        longitude: -46.6,
        name: Some("Shop".into()),
        address: None,
    };
    let mut described = list(&[1]);
    described.sections[0].rows[0].description = Some("More".into());
    described.sections[0].title = None;
    let data = Map::from_iter([("a".to_owned(), json!(1))]);
    let cases: Vec<(Content, &str, Value)> = vec![
        (
            media(MediaKind::Image),
            "image",
            json!({"link": "https://shop.example/file"}),
        ),
        (
            captioned(MediaKind::Image),
            "image",
            json!({"id": "77", "caption": "Look"}),
        ),
        (
            captioned(MediaKind::Video),
            "video",
            json!({"id": "77", "caption": "Look"}),
        ),
        (
            captioned(MediaKind::Document),
            "document",
            json!({"id": "77", "caption": "Look", "filename": "offer.pdf"}),
        ),
        (
            media(MediaKind::Audio),
            "audio",
            json!({"link": "https://shop.example/file"}),
        ),
        (
            media(MediaKind::Sticker),
            "sticker",
            json!({"link": "https://shop.example/file"}),
        ),
        (
            Content::Location(place.clone()),
            "location",
            json!({"latitude": -23.5, "longitude": -46.6, "name": "Shop"}),
        ),
        (
            Content::Contacts {
                cards: vec![json!({"name": {"formatted_name": "Ana"}})],
            },
            "contacts",
            json!([{"name": {"formatted_name": "Ana"}}]),
        ),
        (
            Content::Reaction {
                target: "wamid.9".into(),
                emoji: "👍".into(),
            },
            "reaction",
            json!({"message_id": "wamid.9", "emoji": "👍"}),
        ),
        (
            Content::Reaction {
                target: "wamid.9".into(),
                emoji: String::new(),
            },
            "reaction",
            json!({"message_id": "wamid.9", "emoji": ""}),
        ),
        (
            Content::Buttons(buttons(2)),
            "interactive",
            json!({
                "type": "button",
                "header": {"type": "text", "text": "Head"},
                "body": {"text": "Choose"},
                "footer": {"text": "Foot"},
                "action": {"buttons": [
                    {"type": "reply", "reply": {"id": "b0", "title": "Button 0"}},
                    {"type": "reply", "reply": {"id": "b1", "title": "Button 1"}},
                ]},
            }),
        ),
        (
            Content::List(described),
            "interactive",
            json!({
                "type": "list",
                "body": {"text": "Choose"},
                "action": {"button": "Open", "sections": [
                    {"rows": [{"id": "r0", "title": "Row 0", "description": "More"}]},
                ]},
            }),
        ),
        (
            template(None, vec![], vec![]),
            "template",
            json!({"name": "order_update", "language": {"code": "en_US"}}),
        ),
        (
            template(
                Some(parameter(text("Hey"))),
                vec![parameter(text("Ana")), parameter(text("42"))],
                vec![],
            ),
            "template",
            json!({"name": "order_update", "language": {"code": "en_US"}, "components": [
                {"type": "header", "parameters": [{"type": "text", "text": "Hey"}]},
                {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "42"}]},
            ]}),
        ),
        (
            template(
                None,
                vec![
                    FilledParameter {
                        name: Some("first_name".into()),
                        value: text("Ana"),
                    },
                    parameter(FilledValue::Currency {
                        fallback: "R$ 1".into(),
                        code: "BRL".into(),
                        amount_1000: 1000,
                    }),
                    parameter(FilledValue::DateTime {
                        fallback: "May 1".into(),
                    }),
                ],
                vec![],
            ),
            "template",
            json!({"name": "order_update", "language": {"code": "en_US"}, "components": [
                {"type": "body", "parameters": [
                    {"type": "text", "parameter_name": "first_name", "text": "Ana"},
                    {"type": "currency", "currency": {"fallback_value": "R$ 1", "code": "BRL", "amount_1000": 1000}},
                    {"type": "date_time", "date_time": {"fallback_value": "May 1"}},
                ]},
            ]}),
        ),
        (
            template(
                Some(parameter(FilledValue::Media {
                    media: Media {
                        filename: Some("offer.pdf".into()),
                        ..Media::new(
                            MediaKind::Document,
                            MediaSource::Link("https://shop.example/f".into()),
                        )
                    },
                })),
                vec![],
                vec![
                    FilledValue::Payload {
                        payload: "yes".into(),
                    },
                    text("abc"),
                    FilledValue::CouponCode { code: "SAVE".into() },
                    FilledValue::FlowAction {
                        token: Some("t".into()),
                        data: Some(data.clone()),
                    },
                ],
            ),
            "template",
            json!({"name": "order_update", "language": {"code": "en_US"}, "components": [
                {"type": "header", "parameters": [
                    {"type": "document", "document": {"link": "https://shop.example/f", "filename": "offer.pdf"}},
                ]},
                {"type": "button", "sub_type": "quick_reply", "index": "0",
                 "parameters": [{"type": "payload", "payload": "yes"}]},
                {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "abc"}]},
                {"type": "button", "sub_type": "copy_code", "index": "2",
                 "parameters": [{"type": "coupon_code", "coupon_code": "SAVE"}]},
                {"type": "button", "sub_type": "flow", "index": "3", "parameters": [
                    {"type": "action", "action": {"flow_token": "t", "flow_action_data": {"a": 1}}},
                ]},
            ]}),
        ),
        (
            template(
                Some(parameter(FilledValue::Location { location: place })),
                vec![],
                vec![],
            ),
            "template",
            json!({"name": "order_update", "language": {"code": "en_US"}, "components": [
                {"type": "header", "parameters": [
                    {"type": "location", "location": {"latitude": -23.5, "longitude": -46.6, "name": "Shop"}},
                ]},
            ]}),
        ),
    ];
    let mut platform = Platform::start(cases.iter().map(|_| taken())).await;
    let whatsapp = at(&platform.url);
    for (content, kind, _) in &cases {
        let message = Outgoing {
            reply_to: Some("wamid.q".into()),
            ..outgoing(content.clone())
        };
        let outcome = whatsapp.send(&sender(), message).await;
        assert!(matches!(outcome, Outcome::Accepted(_)), "{kind}: {outcome:?}");
    }
    let requests = platform.requests();
    assert_eq!(requests.len(), cases.len());
    for (request, (_, kind, typed)) in requests.iter().zip(&cases) {
        let expected = json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "+16505551234",
            "type": kind,
            *kind: typed,
            "context": {"message_id": "wamid.q"},
            "biz_opaque_callback_data": ATTEMPT,
        });
        assert_eq!(request.body, expected);
    }
}

#[tokio::test]
async fn what_the_platform_would_refuse_for_its_form_is_refused_before_any_network() {
    let letters = |count: usize| "é".repeat(count);
    let with = |change: fn(&mut Buttons, String), text: String| {
        let mut buttons = buttons(1);
        change(&mut buttons, text);
        Content::Buttons(buttons)
    };
    let listed = |change: fn(&mut List, String), text: String| {
        let mut list = list(&[1]);
        change(&mut list, text);
        Content::List(list)
    };
    let caption = |count| {
        let Content::Media(media) = captioned(MediaKind::Image) else {
            unreachable!()
        };
        Content::Media(Media {
            caption: Some(letters(count)),
            ..media
        })
    };
    let place = |latitude, longitude| {
        Content::Location(Location {
            latitude,
            longitude,
            name: None,
            address: None,
        })
    };
    let mut untitled = list(&[1, 1]);
    untitled.sections[1].title = None;
    // The longest that is taken, and what is too long (or too short).
    let limits: Vec<(Content, Content)> = vec![
        (Content::text(letters(4096)), Content::text(letters(4097))),
        (Content::text("x"), Content::text("")),
        (caption(1024), caption(1025)),
        (Content::Buttons(buttons(3)), Content::Buttons(buttons(4))),
        (Content::Buttons(buttons(1)), Content::Buttons(buttons(0))),
        (
            with(|b, t| b.body = t, letters(1024)),
            with(|b, t| b.body = t, letters(1025)),
        ),
        (
            with(|b, t| b.body = t, letters(1)),
            with(|b, t| b.body = t, letters(0)),
        ),
        (
            with(|b, t| b.header = Some(t), letters(60)),
            with(|b, t| b.header = Some(t), letters(61)),
        ),
        (
            with(|b, t| b.footer = Some(t), letters(60)),
            with(|b, t| b.footer = Some(t), letters(61)),
        ),
        (
            with(|b, t| b.buttons[0].id = t, letters(256)),
            with(|b, t| b.buttons[0].id = t, letters(257)),
        ),
        (
            with(|b, t| b.buttons[0].title = t, letters(20)),
            with(|b, t| b.buttons[0].title = t, letters(21)),
        ),
        (
            listed(|l, t| l.button = t, letters(20)),
            listed(|l, t| l.button = t, letters(21)),
        ),
        (Content::List(list(&[1; 10])), Content::List(list(&[1; 11]))),
        (Content::List(list(&[5, 5])), Content::List(list(&[5, 6]))),
        (Content::List(list(&[1])), Content::List(list(&[]))),
        (Content::List(list(&[1, 1])), Content::List(untitled)),
        (
            listed(|l, t| l.sections[0].title = Some(t), letters(24)),
            listed(|l, t| l.sections[0].title = Some(t), letters(25)),
        ),
        (
            listed(|l, t| l.sections[0].rows[0].id = t, letters(200)),
            listed(|l, t| l.sections[0].rows[0].id = t, letters(201)),
        ),
        (
            listed(|l, t| l.sections[0].rows[0].title = t, letters(24)),
            listed(|l, t| l.sections[0].rows[0].title = t, letters(25)),
        ),
        (
            listed(|l, t| l.sections[0].rows[0].description = Some(t), letters(72)),
            listed(|l, t| l.sections[0].rows[0].description = Some(t), letters(73)),
        ),
        (place(90.0, -180.0), place(90.1, 0.0)),
        (place(-90.0, 180.0), place(0.0, 180.1)),
        (place(0.0, 0.0), place(f64::NAN, 0.0)),
        (captioned(MediaKind::Video), captioned(MediaKind::Audio)),
        (captioned(MediaKind::Document), captioned(MediaKind::Sticker)),
        (
            media(MediaKind::Image),
            Content::Media(Media::new(
                MediaKind::Image,
                MediaSource::Link("file:///etc/passwd".into()),
            )),
        ),
        (
            Content::Contacts {
                cards: vec![json!({})],
            },
            Content::Contacts { cards: vec![] },
        ),
    ];
    let mut platform = Platform::start(limits.iter().map(|_| taken())).await;
    let whatsapp = at(&platform.url);
    for (good, bad) in &limits {
        let accepted = whatsapp.send(&sender(), outgoing(good.clone())).await;
        assert!(matches!(accepted, Outcome::Accepted(_)), "{good:?}: {accepted:?}");
        let refused = whatsapp.send(&sender(), outgoing(bad.clone())).await;
        assert!(matches!(refused, Outcome::Refused(_)), "{bad:?}: {refused:?}");
        assert_eq!(class(&refused), FailureClass::BadRequest);
    }
    assert_eq!(platform.requests().len(), limits.len());
}

#[tokio::test]
async fn what_only_comes_in_is_refused() {
    let whatsapp = at("http://127.0.0.1:1");
    for content in [
        Content::ButtonReply {
            id: "1".into(),
            title: "t".into(),
        },
        Content::ListReply {
            id: "1".into(),
            title: "t".into(),
            description: None,
        },
        Content::FormReply {
            name: "flow".into(),
            body: None,
            response_json: "{}".into(),
        },
        Content::Order { order: json!({}) },
        Content::System {
            notice: "n".into(),
            body: None,
        },
        Content::Unsupported {
            provider_type: "gif".into(),
            raw: json!({}),
        },
        template(
            Some(parameter(FilledValue::Payload { payload: "p".into() })),
            vec![],
            vec![],
        ),
        template(None, vec![], vec![FilledValue::DateTime { fallback: "d".into() }]),
    ] {
        let outcome = whatsapp.send(&sender(), outgoing(content.clone())).await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{content:?}");
        assert_eq!(class(&outcome), FailureClass::BadRequest);
    }
    for to in [
        phone("no digits"),
        Address::new(AddressKind::Email, "a@b.example"),
        Address::new(AddressKind::WhatsAppId, " "),
    ] {
        let outcome = whatsapp.send(&sender(), Outgoing { to, ..hello() }).await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
        assert_eq!(class(&outcome), FailureClass::RecipientInvalid);
    }
}
