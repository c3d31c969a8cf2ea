use super::*;
use crate::conversation::{Handler, HandlerKind, Resolution};
use crate::ids::{AgentId, ConversationId, OrgId};
use crate::journal::Actor;
use uuid::Uuid;

fn id<I: From<Uuid>>(number: u128) -> I {
    I::from(Uuid::from_u128(number))
}

fn thread() -> Conversation {
    let at = "2026-03-01T12:00:00Z".parse().unwrap();
    let (org, conversation): (OrgId, ConversationId) = (id(1), id(2));
    Conversation {
        channels: [Channel::WhatsApp].into(),
        assignee: Some(id(4)),
        unread: 1,
        labels: [("urgente".to_owned(), "Urgente".to_owned())].into(),
        ..Conversation::new(org, conversation, id(3), at)
    }
}

#[test]
fn each_condition_alone_tells_conversations_apart() {
    let conditions = [
        r#"{"contact": "00000000-0000-0000-0000-000000000003"}"#,
        r#"{"status": ["open", "assigned"]}"#,
        r#"{"assignee": {"is": "00000000-0000-0000-0000-000000000004"}}"#,
        r#"{"channel": "whatsapp"}"#,
        r#"{"unread": true}"#,
        r#"{"starred": false}"#,
        r#"{"archived": "without"}"#,
        r#"{"label": "URGENTE"}"#,
    ];
    let other = Conversation {
        contact: id(9),
        assignee: None,
        handler: Some(Handler {
            name: "clerk".to_owned(),
            kind: HandlerKind::Bot,
        }),
        channels: [Channel::Sms].into(),
        unread: 0,
        starred: true,
        archived: Some(thread().opened_at),
        resolution: Some(Resolution {
            at: thread().opened_at,
            by: Actor::Worker,
        }),
        labels: std::collections::BTreeMap::new(),
        ..thread()
    };
    for condition in conditions {
        let filter: ConversationFilter = serde_json::from_str(condition).unwrap();
        let filter = ConversationFilter {
            archived: if condition.contains("archived") {
                filter.archived
            } else {
                Archived::With
            },
            ..filter.folded()
        };
        assert!(filter.matches(&thread(), None), "{condition}");
        assert!(!filter.matches(&other, None), "{condition}");
    }
    let of_the_other = [
        r#"{"assignee": "nobody", "archived": "only"}"#,
        r#"{"handler": "clerk", "archived": "with"}"#,
        r#"{"status": ["resolved"], "archived": "only", "unread": false, "starred": true}"#,
    ];
    for condition in of_the_other {
        let filter: ConversationFilter = serde_json::from_str(condition).unwrap();
        assert!(
            filter.matches(&other, None) && !filter.matches(&thread(), None),
            "{condition}"
        );
    }
    assert!(serde_json::from_str::<ConversationFilter>(r#"{"lable": "urgent"}"#).is_err());
}

#[test]
fn a_contact_is_searched_for_by_name_and_number_and_archived_ones_are_left_out() {
    use crate::contact::{Contact, CreatedBy};
    let mut contact = Contact::new(id(1), id(3), CreatedBy::Api, thread().opened_at);
    contact.name = Some("Ana Souza".to_owned());
    let by = |text: &str| ConversationFilter {
        text: Some(text.to_owned()),
        ..ConversationFilter::default()
    };
    assert!(by("souz").matches(&thread(), Some(&contact)));
    assert!(!by("silva").matches(&thread(), Some(&contact)));
    assert!(!by("souz").matches(&thread(), None));
    assert!(by("  ").matches(&thread(), None), "nothing is searched for");
    let archived = Conversation {
        archived: Some(thread().opened_at),
        ..thread()
    };
    assert!(!ConversationFilter::default().matches(&archived, None));
    assert!(ConversationFilter::all().matches(&archived, None));
    assert!(ConversationFilter::of(id(3)).matches(&archived, None));
    let nobody: AgentId = id(8);
    let theirs = ConversationFilter {
        assignee: Some(OwnerFilter::Is(nobody)),
        ..ConversationFilter::all()
    };
    assert!(!theirs.matches(&thread(), None));
}
