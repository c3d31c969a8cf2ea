//! Each kind of content as the platform documents it, and what it does not take.

use tertulia_core::channel::Channel;
use tertulia_core::error::Code;
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::message::{Buttons, Content, Media, MediaKind, MediaSource, ReplyButton};
use tertulia_core::retry::FailureClass;
use tertulia_core::template::{FilledParameter, FilledTemplate, FilledValue, Language};
use tertulia_transport_traits::{Outcome, Outgoing, SenderRef, Transport};

use crate::platform::{Act, Platform};
use crate::sends::{ATTEMPT, CREATED, sender, sms, to_phone, twilio_at};
use crate::twilio;

const HX: &str = "HX00000000000000000000000000000001";

/// The parameters that a message is sent with, in their order.
async fn sent(sender: &SenderRef, message: Outgoing) -> Result<Vec<(String, String)>, FailureClass> {
    let mut platform = Platform::start([Act::Answer(201, CREATED.into())]).await;
    match twilio_at(&platform.url).send(sender, message).await {
        Outcome::Accepted(_) => {
            let request = platform.requests().remove(0);
            Ok(form_urlencoded::parse(request.text.as_bytes())
                .into_owned()
                .collect())
        }
        Outcome::Refused(failure) => Err(failure.class),
        other => panic!("{other:?}"),
    }
}

fn pairs(found: Vec<(String, String)>) -> Vec<(String, String)> {
    let callback = format!("https://shop.example/webhooks/twilio?attempt={ATTEMPT}");
    let (last, rest) = found.split_last().unwrap();
    assert_eq!(*last, ("StatusCallback".to_owned(), callback));
    rest.to_vec()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

fn by(channel: Channel, sender_id: &str) -> SenderRef {
    SenderRef {
        channel,
        sender_id: sender_id.to_owned(),
        ..sender()
    }
}

fn template(provider_id: Option<&str>, names: &[Option<&str>]) -> Content {
    let parameter = |name: Option<&str>| FilledParameter {
        name: name.map(str::to_owned),
        value: FilledValue::Text { text: "Ana".into() },
    };
    Content::Template {
        template: FilledTemplate {
            name: "order".into(),
            language: Language::parse("en").unwrap(),
            provider_id: provider_id.map(str::to_owned),
            header: None,
            body: names.iter().copied().map(parameter).collect(),
            buttons: Vec::new(),
            missing: Vec::new(),
        },
        text: "Hi Ana".into(),
    }
}

#[tokio::test]
async fn a_text_goes_by_a_number_a_service_or_whatsapp() {
    let service = "MG00000000000000000000000000000001";
    let id = Address::new(AddressKind::WhatsAppId, "US.13491208655302741918");
    let to_id = Outgoing { to: id, ..sms("hi") };
    for (sender, message, expected) in [
        (
            by(Channel::Sms, "+15005550006"),
            sms("hi"),
            [("To", "+12025550123"), ("From", "+15005550006"), ("Body", "hi")],
        ),
        (
            by(Channel::Sms, service),
            sms("hi"),
            [
                ("To", "+12025550123"),
                ("MessagingServiceSid", service),
                ("Body", "hi"),
            ],
        ),
        (
            by(Channel::WhatsApp, "+15005550006"),
            sms("hi"),
            [
                ("To", "whatsapp:+12025550123"),
                ("From", "whatsapp:+15005550006"),
                ("Body", "hi"),
            ],
        ),
        (
            by(Channel::WhatsApp, service),
            to_id,
            [
                ("To", "whatsapp:US.13491208655302741918"),
                ("MessagingServiceSid", service),
                ("Body", "hi"),
            ],
        ),
    ] {
        assert_eq!(pairs(sent(&sender, message).await.unwrap()), owned(&expected));
    }
}

#[tokio::test]
async fn a_file_goes_by_its_link_with_its_caption() {
    let media = |source| Media {
        caption: Some("look".into()),
        ..Media::new(MediaKind::Image, source)
    };
    let link = MediaSource::Link("https://shop.example/cat.jpg".into());
    let found = sent(&sender(), to_phone(Content::Media(media(link))))
        .await
        .unwrap();
    assert_eq!(
        pairs(found)[2..],
        owned(&[("Body", "look"), ("MediaUrl", "https://shop.example/cat.jpg")])
    );
    for source in [MediaSource::Id("1".into()), MediaSource::Link("ftp://x".into())] {
        let refused = sent(&sender(), to_phone(Content::Media(media(source)))).await;
        assert_eq!(refused, Err(FailureClass::BadRequest));
    }
}

#[tokio::test]
async fn a_template_goes_by_its_sid_and_without_one_as_a_text_by_sms_only() {
    let whatsapp = by(Channel::WhatsApp, "+15005550006");
    let found = sent(&whatsapp, to_phone(template(Some(HX), &[None, None])))
        .await
        .unwrap();
    let expected = [
        ("ContentSid", HX),
        ("ContentVariables", r#"{"1":"Ana","2":"Ana"}"#),
    ];
    assert_eq!(pairs(found)[2..], owned(&expected));
    let named = sent(&whatsapp, to_phone(template(Some(HX), &[Some("name")])))
        .await
        .unwrap();
    assert_eq!(
        pairs(named)[3..],
        owned(&[("ContentVariables", r#"{"name":"Ana"}"#)])
    );
    let fixed = sent(&whatsapp, to_phone(template(Some(HX), &[]))).await.unwrap();
    assert_eq!(pairs(fixed)[2..], owned(&[("ContentSid", HX)]));
    for other in [None, Some("1234567890")] {
        let text = sent(&sender(), to_phone(template(other, &[None]))).await.unwrap();
        assert_eq!(pairs(text)[2..], owned(&[("Body", "Hi Ana")]));
        let refused = sent(&whatsapp, to_phone(template(other, &[None]))).await;
        assert_eq!(refused, Err(FailureClass::TemplateProblem));
    }
}

#[tokio::test]
async fn what_the_platform_would_refuse_is_refused_before_it_is_asked() {
    let buttons = Content::Buttons(Buttons {
        header: None,
        body: "Yes?".into(),
        footer: None,
        buttons: vec![ReplyButton {
            id: "1".into(),
            title: "Yes".into(),
        }],
    });
    let long = "x".repeat(1601);
    for content in [
        Content::text(""),
        Content::text(" \n"),
        Content::text(long),
        buttons,
    ] {
        assert_eq!(
            sent(&sender(), to_phone(content)).await,
            Err(FailureClass::BadRequest)
        );
    }
    assert!(sent(&sender(), sms(&"é".repeat(1600))).await.is_ok());
    for (kind, value) in [
        (AddressKind::Phone, "none"),
        (AddressKind::WhatsAppId, "US.1"),
        (AddressKind::Email, "a@b.example"),
    ] {
        let message = Outgoing {
            to: Address::new(kind, value),
            ..sms("hi")
        };
        assert_eq!(
            sent(&sender(), message).await,
            Err(FailureClass::RecipientInvalid)
        );
    }
}

#[test]
fn a_sender_is_connected_by_the_spelling_that_webhooks_name() {
    let twilio = twilio();
    let checked = |channel, id: &str| twilio.check_sender(channel, id).map_err(|error| error.code());
    let service = "MG0123456789abcdef0123456789abcdef";
    for (channel, id) in [
        (Channel::Sms, "+15005550006"),
        (Channel::WhatsApp, "+15005550006"),
        (Channel::Sms, service),
        (Channel::WhatsApp, service),
        (Channel::Sms, "12345"),
        (Channel::Sms, "Casa Lua"),
    ] {
        assert_eq!(checked(channel, id), Ok(()), "{id}");
    }
    for (channel, id) in [
        (Channel::Sms, "15005550006"),
        (Channel::Sms, "+1 500 555 0006"),
        (Channel::WhatsApp, "whatsapp:+15005550006"),
        (Channel::WhatsApp, "12345"),
        (Channel::WhatsApp, "Casa Lua"),
        (Channel::Sms, ""),
        (Channel::Sms, "+"),
    ] {
        assert_eq!(checked(channel, id), Err(Code::AccountInvalid), "{id}");
    }
}
