//! Forms of any shape: nothing panics, and who did not sign is refused first.

use proptest::prelude::*;
use tertulia_core::error::Code;
use tertulia_core::inbound::InboundKind;

use crate::webhooks::{SMS, WHATSAPP};
use crate::{form, read, request, twilio};

const NAMES: &[&str] = &[
    "MessageSid",
    "From",
    "To",
    "Body",
    "NumMedia",
    "MediaUrl0",
    "MediaContentType0",
    "OptOutType",
    "WaId",
    "MessageType",
    "Latitude",
    "Longitude",
    "ListId",
    "ButtonText",
    "ReferralSourceId",
    "MessageStatus",
    "SmsStatus",
    "ErrorCode",
    "MessagingServiceSid",
    "ExternalUserId",
    "RawDlrDoneDate",
    "bodySHA256",
];

#[test]
fn a_form_cut_at_any_byte_is_read_if_it_was_signed_so_and_refused_if_not() {
    for whole in [form(SMS), form(WHATSAPP)] {
        let signed = request("", &whole);
        for cut in 0..whole.len() {
            let events = read("", &whole[..cut]).unwrap();
            assert!(!events.is_empty(), "cut at {cut}");
            let mut forged = signed.clone();
            forged.body.truncate(cut);
            let error = twilio().parse(&forged).unwrap_err();
            assert_eq!(error.code(), Code::WebhookSignatureWrong, "cut at {cut}");
        }
    }
}

#[test]
fn a_signature_of_another_form_or_query_is_worth_nothing() {
    let theirs = request("attempt=01931c7e-8a00-7000-8000-00000000002a", &form(SMS));
    let mut other_query = theirs.clone();
    other_query.url = other_query.url.replace("2a", "2b");
    let mut other_body = theirs.clone();
    other_body.body = form(WHATSAPP);
    let mut added = theirs.clone();
    added.body.extend_from_slice(b"&OptOutType=START");
    for forged in [other_query, other_body, added] {
        assert_eq!(
            twilio().parse(&forged).unwrap_err().code(),
            Code::WebhookSignatureWrong
        );
    }
    let mut unsigned = theirs;
    unsigned.headers.clear();
    assert_eq!(
        twilio().parse(&unsigned).unwrap_err().code(),
        Code::WebhookSignatureMissing
    );
}

#[test]
fn each_parameter_may_be_missing_or_anything() {
    for base in [SMS, WHATSAPP] {
        for (name, _) in base {
            let without: Vec<_> = base.iter().copied().filter(|(key, _)| key != name).collect();
            assert_eq!(read("", &form(&without)).unwrap().len(), 1);
            for value in [
                "",
                " ",
                "-1",
                "1e999",
                "null",
                "[]",
                "{\"a\":1}",
                "\u{0}",
                "whatsapp:",
                ":",
                "+",
                "✅",
            ] {
                let mut changed = without.clone();
                changed.push((name, value));
                assert_eq!(read("", &form(&changed)).unwrap().len(), 1, "{name}={value}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(body in prop::collection::vec(any::<u8>(), 0..300), query in "[a-zA-Z0-9=&%]{0,30}") {
        prop_assume!(!query.contains("bodySHA256"));
        prop_assert!(!read(&query, &body).unwrap().is_empty());
    }

    #[test]
    fn any_values_of_known_names_are_read(
        parameters in prop::collection::vec((prop::sample::select(NAMES), "\\PC{0,20}|[0-9.+-]{0,12}|whatsapp:.{0,8}"), 0..12),
    ) {
        let pairs: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let events = read("", &form(&pairs)).unwrap();
        prop_assert!(!events.is_empty());
        for event in events {
            if let InboundKind::Message(message) = event.kind {
                prop_assert!(!message.from.addresses.is_empty() && !message.provider_id.is_empty());
            }
        }
    }
}
