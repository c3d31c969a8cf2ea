//! Filters of conversations as walks along an index: the same conversations as `ConversationFilter::matches` finds.

use rusqlite::types::Value;
use tertulia_core::filter::OwnerFilter;
use tertulia_core::ids::OrgId;
use tertulia_core::inbox::{Archived, ConversationFilter, ConversationOrder};

use crate::filter::{self, Condition};
use crate::rows::{assignee, blob, spaced};

/// The conversations that fit: what stands after `FROM`, conditions that no two share a conversation of, and the columns
/// to walk by.
pub(crate) struct Walk {
    /// The tables.
    pub(crate) from: &'static str,
    /// The conditions, each a walk along the index.
    pub(crate) lanes: Vec<Condition>,
    /// What the walk goes by.
    pub(crate) order: [&'static str; 2],
}

/// What a walk goes along, and what it leaves to be asked of each row.
struct Driver {
    from: &'static str,
    /// The conditions that the index begins with.
    begin: Vec<Condition>,
    order: [&'static str; 2],
    /// The parts of the filter that are asked already.
    asked: &'static [Part],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Contact,
    Status,
    Assignee,
    Handler,
    Unread,
    Starred,
    Archived,
    Label,
    Text,
}

const BY_ACTIVITY: [&str; 2] = ["t.last_activity", "t.conversation"];

fn one(sql: impl Into<String>, values: Vec<Value>) -> Condition {
    Condition {
        sql: sql.into(),
        values,
    }
}

/// The walk over an organisation's conversations that fit a folded filter.
pub(crate) fn walk(org: OrgId, filter: &ConversationFilter, order: ConversationOrder) -> Walk {
    let driver = driver(org, filter, order);
    let rest = rest(filter, driver.asked);
    let lanes = driver.begin.into_iter().map(|mut lane| {
        lane.sql = format!("{} AND {}", lane.sql, rest.sql);
        lane.values.extend(rest.values.iter().cloned());
        lane
    });
    Walk {
        from: driver.from,
        lanes: lanes.collect(),
        order: driver.order,
    }
}

/// The text that is searched for, if it searches for anything.
fn searched(filter: &ConversationFilter) -> Option<String> {
    filter.text.as_deref().and_then(filter::found)
}

fn driver(org: OrgId, filter: &ConversationFilter, order: ConversationOrder) -> Driver {
    let org = || blob(org.0.as_bytes());
    let by_id = ["t.conversation", "t.org"];
    let by = match order {
        ConversationOrder::Activity => BY_ACTIVITY,
        ConversationOrder::Id => by_id,
    };
    if let Some(text) = searched(filter) {
        return Driver {
            from: "contact_search d CROSS JOIN contacts c ON c.row = d.rowid \
                CROSS JOIN conversations t INDEXED BY conversations_contact ON t.org = c.org AND t.contact = c.contact",
            begin: vec![one(
                "d.contact_search MATCH ? AND c.org = ?",
                vec![Value::Text(text), org()],
            )],
            order: by,
            asked: &[Part::Text],
        };
    }
    if let Some(contact) = filter.contact {
        return Driver {
            from: "conversations t INDEXED BY conversations_contact",
            begin: vec![one(
                "t.org = ? AND t.contact = ?",
                vec![org(), blob(contact.0.as_bytes())],
            )],
            order: by,
            asked: &[Part::Contact],
        };
    }
    if order == ConversationOrder::Id {
        return Driver {
            from: "conversations t",
            begin: vec![one("t.org = ?", vec![org()])],
            order: by_id,
            asked: &[],
        };
    }
    let archived: &[i64] = match filter.archived {
        Archived::Without => &[0],
        Archived::With => &[0, 1],
        Archived::Only => &[1],
    };
    // One lane for each value, archived and not.
    let lanes = |condition: &str, values: &[Option<Value>]| {
        let each = values.iter().flat_map(|value| {
            archived.iter().map(move |archived| {
                let mut bound = vec![org()];
                bound.extend(value.clone());
                bound.push(Value::Integer(*archived));
                one(condition, bound)
            })
        });
        each.collect::<Vec<_>>()
    };
    let word = |word: &str| Some(Value::Text(word.to_owned()));
    if let Some(label) = &filter.label {
        return Driver {
            from: "conversation_labels d CROSS JOIN conversations t \
                ON t.org = d.org AND t.conversation = d.conversation",
            begin: lanes("d.org = ? AND d.label = ? AND d.archived = ?", &[word(label)]),
            order: ["d.last_activity", "d.conversation"],
            asked: &[Part::Label, Part::Archived],
        };
    }
    if filter.starred == Some(true) {
        return Driver {
            from: "conversations t INDEXED BY conversations_starred",
            begin: lanes("t.starred = 1 AND t.org = ? AND t.archived = ?", &[None]),
            order: BY_ACTIVITY,
            asked: &[Part::Starred, Part::Archived],
        };
    }
    if let Some(handler) = &filter.handler {
        return Driver {
            from: "conversations t INDEXED BY conversations_handler",
            begin: lanes("t.org = ? AND t.handler = ? AND t.archived = ?", &[word(handler)]),
            order: BY_ACTIVITY,
            asked: &[Part::Handler, Part::Archived],
        };
    }
    if filter.unread == Some(true) {
        return Driver {
            from: "conversations t INDEXED BY conversations_unread",
            begin: lanes("t.unread = 1 AND t.org = ? AND t.archived = ?", &[None]),
            order: BY_ACTIVITY,
            asked: &[Part::Unread, Part::Archived],
        };
    }
    if let Some(who) = filter.assignee {
        return Driver {
            from: "conversations t INDEXED BY conversations_assignee",
            begin: lanes(
                "t.org = ? AND t.assignee = ? AND t.archived = ?",
                &[Some(whose(who))],
            ),
            order: BY_ACTIVITY,
            asked: &[Part::Assignee, Part::Archived],
        };
    }
    if !filter.status.is_empty() {
        let mut status = filter.status.clone();
        status.sort_unstable();
        status.dedup();
        let status: Vec<_> = status.iter().map(|status| word(status.as_str())).collect();
        return Driver {
            from: "conversations t INDEXED BY conversations_status",
            begin: lanes("t.org = ? AND t.status = ? AND t.archived = ?", &status),
            order: BY_ACTIVITY,
            asked: &[Part::Status, Part::Archived],
        };
    }
    Driver {
        from: "conversations t INDEXED BY conversations_shown",
        begin: lanes("t.org = ? AND t.archived = ?", &[None]),
        order: BY_ACTIVITY,
        asked: &[Part::Archived],
    }
}

fn whose(who: OwnerFilter) -> Value {
    assignee(match who {
        OwnerFilter::Nobody => None,
        OwnerFilter::Is(member) => Some(member),
    })
}

/// What is asked of each row.
fn rest(filter: &ConversationFilter, asked: &[Part]) -> Condition {
    let mut all = one("1", Vec::new());
    let mut ask = |part: Option<Part>, sql: String, values: Vec<Value>| {
        if part.is_none_or(|part| !asked.contains(&part)) {
            all.sql = format!("{} AND {sql}", all.sql);
            all.values.extend(values);
        }
    };
    if let Some(contact) = filter.contact {
        let id = blob(contact.0.as_bytes());
        ask(Some(Part::Contact), "t.contact = ?".to_owned(), vec![id]);
    }
    if !filter.status.is_empty() {
        let words = filter
            .status
            .iter()
            .map(|status| Value::Text(status.as_str().to_owned()));
        let sql = format!("t.status IN ({})", filter::marks(filter.status.len()));
        ask(Some(Part::Status), sql, words.collect());
    }
    if let Some(who) = filter.assignee {
        ask(
            Some(Part::Assignee),
            "t.assignee = ?".to_owned(),
            vec![whose(who)],
        );
    }
    if let Some(handler) = &filter.handler {
        let name = Value::Text(handler.clone());
        ask(Some(Part::Handler), "t.handler IS ?".to_owned(), vec![name]);
    }
    if let Some(channel) = filter.channel {
        let name = Value::Text(spaced(channel));
        ask(None, "instr(t.channels, ?) > 0".to_owned(), vec![name]);
    }
    if let Some(unread) = filter.unread {
        ask(
            Some(Part::Unread),
            format!("t.unread = {}", u8::from(unread)),
            Vec::new(),
        );
    }
    if let Some(starred) = filter.starred {
        ask(
            Some(Part::Starred),
            format!("t.starred = {}", u8::from(starred)),
            Vec::new(),
        );
    }
    match filter.archived {
        Archived::With => {}
        Archived::Without => ask(Some(Part::Archived), "t.archived = 0".to_owned(), Vec::new()),
        Archived::Only => ask(Some(Part::Archived), "t.archived = 1".to_owned(), Vec::new()),
    }
    if let Some(label) = &filter.label {
        let sql = "EXISTS (SELECT 1 FROM json_each(t.labels) l WHERE l.value = ?)";
        ask(
            Some(Part::Label),
            sql.to_owned(),
            vec![Value::Text(label.clone())],
        );
    }
    all
}
