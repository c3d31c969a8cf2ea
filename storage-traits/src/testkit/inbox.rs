//! A filter finds the conversations that core says it finds.

use tertulia_core::contact::Contact;
use tertulia_core::conversation::{Conversation, Message};
use tertulia_core::filter::OwnerFilter;
use tertulia_core::ids::OrgId;
use tertulia_core::inbox::{Archived, ConversationFilter, ConversationOrder};
use tertulia_core::record::{Key, Op, Record};

use super::StoreFactory;
use super::support::{Bench, blank_contact, id, keys};
use crate::Query;

const ORG: u128 = 1;

fn org() -> OrgId {
    id(ORG)
}

fn key(number: u128) -> Key {
    Key::Conversation {
        org: org(),
        conversation: id(number),
    }
}

fn expected(
    conversations: &[Conversation],
    contacts: &[Contact],
    filter: &ConversationFilter,
    order: ConversationOrder,
) -> Vec<Key> {
    let of = |thread: &Conversation| contacts.iter().find(|contact| contact.id == thread.contact);
    let mut fit: Vec<&Conversation> = conversations
        .iter()
        .filter(|thread| filter.matches(thread, of(thread)))
        .collect();
    match order {
        ConversationOrder::Activity => {
            fit.sort_by_key(|thread| (thread.last_activity.timestamp_micros(), thread.id));
        }
        ConversationOrder::Id => fit.sort_by_key(|thread| thread.id),
    }
    fit.into_iter()
        .map(|thread| Record::from(thread.clone()).key())
        .collect()
}

async fn check(
    bench: &mut Bench,
    conversations: &[Conversation],
    contacts: &[Contact],
    filter: ConversationFilter,
) {
    for order in [ConversationOrder::Activity, ConversationOrder::Id] {
        let mut expected = expected(conversations, contacts, &filter, order);
        let query = Query::Conversations {
            org: org(),
            filter: filter.clone(),
            order,
        };
        let counted = bench.store.count(query.clone()).await.unwrap();
        assert_eq!(counted, expected.len() as u64, "count of {query:?}");
        let found = keys(&bench.all(query.clone(), 3, false).await);
        assert_eq!(found, expected, "{query:?}");
        expected.reverse();
        let found = keys(&bench.all(query.clone(), 4, true).await);
        assert_eq!(found, expected, "{query:?}, backwards");
    }
}

/// Random filters over random conversations find what [`ConversationFilter::matches`] says, in both orders, and count it.
pub async fn random_filters_find_the_conversations_that_core_finds(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut contacts = Vec::new();
    let mut conversations = Vec::new();
    for number in 1..=4 {
        let contact = bench.make.contact(&blank_contact(org(), id(number)));
        bench.insert([contact.clone()]).await;
        contacts.push(contact);
    }
    for number in 1..=40 {
        let thread = bench.make.conversation(org(), id(number));
        bench.insert([thread.clone()]).await;
        conversations.push(thread);
        // Another organisation's are never found.
        let foreign = bench.make.conversation(id(2), id(number));
        bench.insert([foreign]).await;
    }
    check(&mut bench, &conversations, &contacts, ConversationFilter::all()).await;
    for _ in 0..300 {
        let filter = bench.make.conversation_filter();
        check(&mut bench, &conversations, &contacts, filter).await;
    }
}

/// What a filter finds changes with every write of a conversation, and of its contact.
pub async fn filters_follow_changes_of_a_conversation(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut contact = blank_contact(org(), id(1));
    let mut thread = Conversation {
        contact: contact.id,
        ..bench.make.conversation(org(), id(1))
    };
    bench.insert([contact.clone()]).await;
    bench.insert([thread.clone()]).await;
    for version in 1..40 {
        let own = Conversation {
            contact: contact.id,
            ..bench.make.conversation(org(), id(1))
        };
        thread = own;
        bench
            .commit(vec![Op::Update(thread.clone().into(), version)])
            .await;
        contact = bench.make.contact(&contact);
        bench
            .commit(vec![Op::Update(contact.clone().into(), version)])
            .await;
        let (threads, contacts) = ([thread.clone()], [contact.clone()]);
        for filter in every_way(&thread, &contact) {
            check(&mut bench, &threads, &contacts, filter).await;
        }
    }
    let version = bench.version(&key(1)).await;
    bench.commit(vec![Op::Remove(key(1), version)]).await;
    for filter in every_way(&thread, &contact) {
        check(&mut bench, &[], &[], filter).await;
    }
    // The labels of the one that went are not those of the next one with its id.
    let next = Conversation {
        contact: contact.id,
        ..bench.make.conversation(org(), id(1))
    };
    bench.insert([next.clone()]).await;
    for filter in every_way(&thread, &contact) {
        check(
            &mut bench,
            std::slice::from_ref(&next),
            &[contact.clone()],
            filter,
        )
        .await;
    }
    let remove = Op::RemoveConversations {
        org: org(),
        contact: contact.id,
    };
    bench.commit(vec![remove]).await;
    for filter in every_way(&next, &contact) {
        check(&mut bench, &[], &[], filter).await;
    }
}

/// Each condition alone, as it was for this conversation.
fn every_way(thread: &Conversation, contact: &Contact) -> Vec<ConversationFilter> {
    let all = ConversationFilter::all;
    let mut filters = vec![
        all(),
        ConversationFilter::of(thread.contact),
        ConversationFilter {
            archived: Archived::Only,
            ..all()
        },
        ConversationFilter {
            status: vec![thread.status()],
            ..all()
        },
        ConversationFilter {
            assignee: Some(thread.assignee.map_or(OwnerFilter::Nobody, OwnerFilter::Is)),
            ..all()
        },
        ConversationFilter {
            unread: Some(true),
            ..all()
        },
        ConversationFilter {
            starred: Some(true),
            ..all()
        },
    ];
    filters.extend(thread.handler.iter().map(|handler| ConversationFilter {
        handler: Some(handler.name.clone()),
        ..all()
    }));
    filters.extend(thread.channels.iter().map(|channel| ConversationFilter {
        channel: Some(*channel),
        ..all()
    }));
    filters.extend(thread.labels.keys().map(|label| ConversationFilter {
        label: Some(label.clone()),
        ..all()
    }));
    filters.extend(contact.full_name().map(|name| ConversationFilter {
        text: Some(name),
        ..all()
    }));
    filters
}

/// The messages of one conversation go; it and other conversations' stay.
pub async fn messages_of_a_conversation_are_removed(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut kept = Vec::new();
    for (org, number, conversation) in [(1, 1, 1), (1, 2, 1), (1, 3, 2), (2, 1, 1)] {
        let key = Key::Message {
            org: id(org),
            message: id(number),
        };
        let random: Message = bench.make.record(&key).try_into().unwrap();
        let message = Message {
            conversation: id(conversation),
            ..random
        };
        bench.insert([message.clone()]).await;
        if (org, conversation) != (1, 1) {
            kept.push(Record::from(message));
        }
    }
    let thread = bench.make.conversation(id(1), id(1));
    bench.insert([thread.clone()]).await;
    kept.push(thread.into());
    let remove = Op::RemoveMessages {
        org: id(1),
        conversation: id(1),
    };
    bench.commit(vec![remove]).await;
    kept.sort_by_key(Record::key);
    let left = bench.everything().await.records.into_values();
    let left: Vec<Record> = left.map(|stored| stored.record).collect();
    assert_eq!(left, kept);
}
