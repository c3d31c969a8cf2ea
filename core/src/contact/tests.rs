use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Contact, CreatedBy, Identity, TAG_MAX_CHARS, tag_key, tag_name};
use crate::channel::Channel;
use crate::decide::contacts::read_email;
use crate::error::Code;
use crate::identity::{Address, AddressKind};
use crate::ids::{ContactId, OrgId};

fn contact() -> Contact {
    Contact::new(
        OrgId(Uuid::nil()),
        ContactId(Uuid::nil()),
        CreatedBy::Api,
        DateTime::UNIX_EPOCH,
    )
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

#[test]
fn the_full_name_is_what_was_entered_else_first_and_last_else_the_platforms() {
    // (name, first, last, platform's) → full name
    let table = [
        (
            [Some("Ana Souza"), Some("A"), Some("S"), Some("~ana")],
            Some("Ana Souza"),
        ),
        (
            [None, Some("Ana"), Some("Souza"), Some("~ana")],
            Some("Ana Souza"),
        ),
        ([None, None, Some("Souza"), Some("~ana")], Some("Souza")),
        ([None, None, None, Some("~ana")], Some("~ana")),
        ([None, None, None, None], None),
    ];
    for ([name, first, last, profile], full) in table {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let contact = Contact {
            name: owned(name),
            first_name: owned(first),
            last_name: owned(last),
            profile_name: profile.map(|name| (at(0), name.to_owned())),
            ..contact()
        };
        assert_eq!(contact.full_name().as_deref(), full);
    }
}

#[test]
fn of_profile_names_the_latest_stays_whatever_order_they_come_in() {
    let told = [
        (at(1), "Ana"),
        (at(3), "Ana S."),
        (at(2), "A."),
        (at(3), "Ana R."),
        (at(9), "  "),
    ];
    let mut orders = [told, told];
    orders[1].reverse();
    for order in orders {
        let mut contact = contact();
        for (at, name) in order {
            contact.learn_profile(at, Some(name), None);
        }
        assert_eq!(contact.profile_name, Some((at(3), "Ana S.".to_owned())));
        assert_eq!(contact.username, None);
    }
}

#[test]
fn times_of_activity_only_move_forward() {
    let mut contact = contact();
    contact.touch(at(5), true);
    contact.touch(at(3), true);
    contact.touch(at(9), false);
    assert_eq!(
        (contact.last_inbound, contact.last_interaction),
        (Some(at(5)), Some(at(9)))
    );
}

#[test]
fn a_former_address_is_never_used_and_a_channel_has_its_own_kinds() {
    let identity = |kind, value: &str, until| Identity {
        address: Address::new(kind, value),
        match_key: value.to_owned(),
        provider_value: None,
        unassigned: false,
        since: at(0),
        until,
        merged_from: None,
    };
    let mut contact = contact();
    contact.identities = vec![
        identity(AddressKind::Phone, "+1", Some(at(1))),
        identity(AddressKind::WhatsAppId, "US.1", None),
        identity(AddressKind::Phone, "+2", None),
        identity(AddressKind::Email, "a@b.example", None),
    ];
    let reached = |channel| {
        contact
            .reachable_at(channel)
            .next()
            .map(|found| found.address.value.as_str())
    };
    assert_eq!(contact.phone().unwrap().address.value, "+2");
    assert_eq!(reached(Channel::WhatsApp), Some("US.1"));
    assert_eq!(reached(Channel::Sms), Some("+2"));
    assert_eq!(reached(Channel::Email), Some("a@b.example"));
    assert_eq!(reached(Channel::Instagram), None);
    assert_eq!(reached(Channel::Messenger), None);
}

#[test]
fn a_tag_is_compared_folded_and_spaced_and_shown_as_written() {
    assert_eq!(
        tag_name("  Café \t Clube ").unwrap(),
        ("cafe clube".to_owned(), "Café Clube".to_owned())
    );
    assert_eq!(tag_key("CAFÉ  CLUBE"), "cafe clube");
    for blank in ["", " \n"] {
        assert_eq!(tag_name(blank).unwrap_err().code(), Code::TagEmpty);
    }
    assert!(tag_name(&"é".repeat(TAG_MAX_CHARS)).is_ok());
    let long = tag_name(&"é".repeat(TAG_MAX_CHARS + 1)).unwrap_err();
    assert_eq!(long.code(), Code::TagTooLong);
}

#[test]
fn an_e_mail_address_is_checked_and_trimmed() {
    assert_eq!(
        read_email(" Ana.S+shop@Example.com ").unwrap(),
        "Ana.S+shop@Example.com"
    );
    assert!(read_email("josé@exämple.de").is_ok());
    for bad in [
        "",
        "ana",
        "ana@",
        "@example.com",
        "ana@localhost",
        "Ana <ana@example.com>",
        "a b@example.com",
        "a@[1.2.3.4]",
    ] {
        assert_eq!(
            read_email(bad).unwrap_err().code(),
            Code::ContactEmailInvalid,
            "{bad}"
        );
    }
}
