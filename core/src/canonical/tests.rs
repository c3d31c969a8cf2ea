use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::canonical;
use crate::contact::{Contact, CreatedBy, Identity};
use crate::conversation::{Evidence, MessageRef, Parked};
use crate::identity::{Address, AddressKind};
use crate::ids::{AccountId, ContactId, IdSource, MessageId, OrgId};
use crate::record::{IdentityRef, Record};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

/// A contact with two numbers and what waits for a message, with ids and times of receipt of one's own.
fn records(seed: u64, numbers: [&str; 2]) -> Vec<Record> {
    let mut ids = IdSource::new(at(i64::try_from(seed).unwrap()), seed);
    let (org, account): (OrgId, AccountId) = (ids.next(), ids.next());
    let mut contact = Contact::new(org, ids.next::<ContactId>(), CreatedBy::Inbound, at(0));
    contact.revision = seed;
    let mut records = Vec::new();
    for number in numbers {
        contact.identities.push(Identity {
            address: Address::new(AddressKind::Phone, number),
            match_key: number.to_owned(),
            provider_value: None,
            unassigned: false,
            since: at(0),
            until: None,
            merged_from: None,
        });
        records.push(Record::from(IdentityRef {
            org,
            kind: AddressKind::Phone,
            match_key: number.to_owned(),
            contact: contact.id,
        }));
    }
    let mut evidence = vec![Evidence::Revoke { at: at(1) }, Evidence::Revoke { at: at(2) }];
    if seed.is_multiple_of(2) {
        evidence.reverse();
    }
    records.push(
        Parked {
            org,
            account,
            provider_id: "m1".to_owned(),
            evidence,
            since: at(9),
        }
        .into(),
    );
    let attempt: Uuid = ids.next();
    for token in ["m2".to_owned(), attempt.to_string()] {
        records.push(
            MessageRef {
                org,
                account,
                token,
                message: ids.next::<MessageId>(),
                dispatch: None,
            }
            .into(),
        );
    }
    records.push(contact.into());
    records
}

#[test]
fn ids_receipt_times_and_orders_do_not_matter_and_all_else_does() {
    let state = canonical(records(1, ["1", "2"]));
    let mut other = records(2, ["2", "1"]);
    other.reverse();
    assert_eq!(canonical(other.clone()), state);
    assert_ne!(canonical(records(1, ["1", "3"])), state);
    other.pop();
    assert_ne!(canonical(other), state);
}

#[test]
fn contacts_are_named_by_their_lowest_address_and_attempts_are_left_out() {
    let state = canonical(records(1, ["2", "1"]));
    assert_eq!(state["identity"][0]["contact"], "contact phone:1");
    assert_eq!(state["message_ref"].as_array().unwrap().len(), 1);
    assert_eq!(state["message_ref"][0]["token"], json!("m2"));
}
