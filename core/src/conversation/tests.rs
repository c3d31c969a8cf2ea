use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::{Author, Evidence, Message};
use crate::channel::Channel;
use crate::identity::{Address, AddressKind};
use crate::ids::{AccountId, ContactId, ConversationId, MessageId, OrgId};
use crate::message::{Content, Delivery, StatusKind};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn message() -> Message {
    Message {
        id: MessageId(Uuid::nil()),
        org: OrgId(Uuid::nil()),
        conversation: ConversationId(Uuid::nil()),
        contact: ContactId(Uuid::nil()),
        account: AccountId(Uuid::nil()),
        channel: Channel::WhatsApp,
        address: Address::new(AddressKind::Phone, "1"),
        author: Author::Contact,
        provider_id: Some("m1".to_owned()),
        content: Content::text("first"),
        reply_to: None,
        forwarded: false,
        group_id: None,
        referral: None,
        at: at(0),
        dispatch: None,
        delivery: Delivery::default(),
        reactions: BTreeMap::new(),
        edited: None,
        revoked: None,
    }
}

fn after(evidence: &[Evidence]) -> Message {
    let mut message = message();
    for evidence in evidence {
        message.absorb(evidence);
    }
    message
}

#[test]
fn the_latest_reaction_and_edit_and_the_earliest_deletion_count() {
    let reaction = |seconds, emoji: Option<&str>| Evidence::Reaction {
        by: "ana".to_owned(),
        emoji: emoji.map(str::to_owned),
        at: at(seconds),
    };
    let edit = |seconds, id: &str, body: &str| Evidence::Edit {
        edit_id: id.to_owned(),
        content: Content::text(body),
        at: at(seconds),
    };
    let message = after(&[
        reaction(2, None),
        reaction(1, Some("👍")),
        edit(3, "e1", "third"),
        edit(2, "e9", "second"),
        Evidence::Revoke { at: at(9) },
        Evidence::Revoke { at: at(8) },
    ]);
    assert_eq!(message.reactions["ana"], (at(2), None));
    assert_eq!(message.content, Content::text("third"));
    assert_eq!(
        (message.edited, message.revoked),
        (Some((at(3), "e1".to_owned())), Some(at(8)))
    );
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    let by = prop::sample::select(vec!["ana", "eva"]);
    let emoji = prop::option::of(prop::sample::select(vec!["👍", "❤"]));
    let time = || (0..5_i64).prop_map(at);
    prop_oneof![
        (by, emoji, time()).prop_map(|(by, emoji, at)| Evidence::Reaction {
            by: by.to_owned(),
            emoji: emoji.map(str::to_owned),
            at
        }),
        // An edit's id stands for what it says.
        (0..9_u8, time()).prop_map(|(id, at)| Evidence::Edit {
            edit_id: id.to_string(),
            content: Content::text(id.to_string()),
            at
        }),
        time().prop_map(|at| Evidence::Revoke { at }),
        time().prop_map(|at| Evidence::Status {
            status: StatusKind::Read,
            at
        }),
    ]
}

proptest! {
    #[test]
    fn what_becomes_known_is_a_join(
        (evidence, other) in prop::collection::vec(any_evidence(), 0..10)
            .prop_flat_map(|evidence| (Just(evidence.clone()), Just(evidence).prop_shuffle()))
    ) {
        let once = after(&evidence);
        prop_assert_eq!(&after(&other), &once, "in any order");
        let twice: Vec<_> = other.into_iter().chain(evidence).collect();
        prop_assert_eq!(after(&twice), once, "however often");
    }
}
