use serde_json::json;

use super::*;
use crate::journal::FieldChange;

fn trail() -> Trail {
    let addresses = [
        (AddressKind::Phone, "+5511987654321"),
        (AddressKind::WhatsAppId, "BR.1234567890"),
        (AddressKind::Email, "Ana.Souza@Example.org"),
    ];
    let addresses = addresses.map(|(kind, value)| Address::new(kind, value));
    Trail::new([ContactId(uuid::Uuid::from_u128(1))], &addresses)
}

#[test]
fn an_address_is_found_in_a_text_in_every_spelling_and_no_other_is() {
    for text in [
        "+5511987654321",
        "5511987654321",
        // As WhatsApp knows it, without the 9.
        "551187654321",
        "call +55 11 98765-4321, please",
        "+55 (11) 9.8765.4321",
        "wa.me/5511987654321?text=hi",
        "ANA.SOUZA@EXAMPLE.ORG",
        "<ana.souza@example.org>",
        "from br.1234567890",
        "wamid.HRgNNTUxMTk4NzY1NDMyMRUC",
        "seen wamid.HRgNNTUxMTk4NzY1NDMyMRUC.",
        "wacid.HRgMNTUxMTg3NjU0MzIxFQI=",
    ] {
        assert!(trail().is_in(text), "{text}");
    }
    for text in [
        "",
        "+5511987654322",
        "15511987654321",
        "55119876543210",
        "+55 11 98765",
        "ana.souza@example.com",
        "wamid.HRgNNTUxMTk4NzY1NDMyMhUC",
        "wamid.no base64",
        "NTUxMTk4NzY1NDMyMQ==",
    ] {
        assert!(!trail().is_in(text), "{text}");
    }
}

#[test]
fn an_address_is_found_anywhere_in_an_object() {
    for value in [
        json!("5511987654321"),
        json!(5_511_987_654_321_u64),
        json!([[{ "a": [null, true, "+5511987654321"] }]]),
        json!({ "5511987654321": 1 }),
    ] {
        assert!(trail().is_in_value(&value), "{value}");
    }
    for value in [
        json!(null),
        json!({ "to": [1.5, false, "x"] }),
        json!(551_198_765),
    ] {
        assert!(!trail().is_in_value(&value), "{value}");
    }
}

#[test]
fn a_history_tells_the_addresses_that_the_contact_had_and_not_those_of_others() {
    let entry = |what| Entry {
        org: OrgId(uuid::Uuid::nil()),
        at: DateTime::<Utc>::UNIX_EPOCH,
        recorded_at: DateTime::<Utc>::UNIX_EPOCH,
        actor: Actor::Worker,
        contact: None,
        what,
        redacted: false,
    };
    let phone = |value: &str| Address::new(AddressKind::Phone, value);
    let email = |value: &str| Address::new(AddressKind::Email, value);
    let change = |field: &str, before: Value, after: Value| FieldChange {
        field: field.to_owned(),
        before,
        after,
    };
    let told = |what| addresses_told(&entry(what));
    let moved = What::IdentityMoved {
        from: phone("1"),
        to: phone("2"),
    };
    assert_eq!(told(What::IdentityAdded { address: phone("1") }), [phone("1")]);
    assert_eq!(told(moved), [phone("1"), phone("2")]);
    let changes = vec![
        change("email", Value::Null, json!("a@b.cd")),
        change("name", Value::Null, json!("e@f.gh")),
        change("email", json!("a@b.cd"), json!("e@b.cd")),
    ];
    let emails = [email("a@b.cd"), email("a@b.cd"), email("e@b.cd")];
    assert_eq!(told(What::ContactUpdated { changes }), emails);
    let conflict = What::IdentityConflict {
        address: phone("1"),
        other: ContactId(uuid::Uuid::nil()),
    };
    assert_eq!(told(conflict), []);
}
