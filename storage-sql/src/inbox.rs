//! Filters of conversations as walks along an index: the same conversations as `ConversationFilter::matches` finds.

use tertulia_core::filter::OwnerFilter;
use tertulia_core::ids::OrgId;
use tertulia_core::inbox::{Archived, ConversationFilter, ConversationOrder};

use crate::filter;
use crate::rows::{assignee, spaced};
use crate::value::{Value, as_id};
use crate::{Condition, Dialect};

/// The conversations that fit: what stands after `FROM`, conditions that no two share a conversation of, and the columns
/// to walk by.
pub struct Walk {
    /// The tables.
    pub from: String,
    /// The conditions, each a walk along the index.
    pub lanes: Vec<Condition>,
    /// What the walk goes by.
    pub order: [&'static str; 2],
}

/// What a walk goes along, and what it leaves to be asked of each row.
struct Driver {
    from: String,
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
pub fn walk(dialect: Dialect, org: OrgId, filter: &ConversationFilter, order: ConversationOrder) -> Walk {
    let driver = driver(dialect, org, filter, order);
    let rest = rest(dialect, filter, driver.asked);
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

fn driver(dialect: Dialect, org: OrgId, filter: &ConversationFilter, order: ConversationOrder) -> Driver {
    let of = org;
    let org = || as_id(of.0);
    let by_id = ["t.conversation", "t.org"];
    let by = match order {
        ConversationOrder::Activity => BY_ACTIVITY,
        ConversationOrder::Id => by_id,
    };
    if let Some(text) = &filter.text
        && let Some(driver) = searching(dialect, of, text, by)
    {
        return driver;
    }
    if let Some(contact) = filter.contact {
        return Driver {
            from: dialect.along("conversations", "conversations_contact"),
            begin: vec![one("t.org = ? AND t.contact = ?", vec![org(), as_id(contact.0)])],
            order: by,
            asked: &[Part::Contact],
        };
    }
    if order == ConversationOrder::Id {
        return Driver {
            from: "conversations t".to_owned(),
            begin: vec![one("t.org = ?", vec![org()])],
            order: by_id,
            asked: &[],
        };
    }
    let archived: &[bool] = match filter.archived {
        Archived::Without => &[false],
        Archived::With => &[false, true],
        Archived::Only => &[true],
    };
    // One lane for each value, archived and not.
    let lanes = |condition: &str, values: &[Option<Value>]| {
        let each = values.iter().flat_map(|value| {
            archived.iter().map(move |archived| {
                let mut bound = vec![org()];
                bound.extend(value.clone());
                bound.push(Value::Flag(*archived));
                one(condition, bound)
            })
        });
        each.collect::<Vec<_>>()
    };
    let word = |word: &str| Some(Value::Text(word.to_owned()));
    if let Some(label) = &filter.label {
        return Driver {
            from: format!(
                "conversation_labels d {} conversations t \
                 ON t.org = d.org AND t.conversation = d.conversation",
                dialect.join()
            ),
            begin: lanes("d.org = ? AND d.label = ? AND d.archived = ?", &[word(label)]),
            order: ["d.last_activity", "d.conversation"],
            asked: &[Part::Label, Part::Archived],
        };
    }
    if filter.starred == Some(true) {
        return Driver {
            from: dialect.along("conversations", "conversations_starred"),
            begin: lanes(
                &format!(
                    "t.starred = {} AND t.org = ? AND t.archived = ?",
                    dialect.truth(true)
                ),
                &[None],
            ),
            order: BY_ACTIVITY,
            asked: &[Part::Starred, Part::Archived],
        };
    }
    if let Some(handler) = &filter.handler {
        return Driver {
            from: dialect.along("conversations", "conversations_handler"),
            begin: lanes("t.org = ? AND t.handler = ? AND t.archived = ?", &[word(handler)]),
            order: BY_ACTIVITY,
            asked: &[Part::Handler, Part::Archived],
        };
    }
    if filter.unread == Some(true) {
        return Driver {
            from: dialect.along("conversations", "conversations_unread"),
            begin: lanes(
                &format!(
                    "t.unread = {} AND t.org = ? AND t.archived = ?",
                    dialect.truth(true)
                ),
                &[None],
            ),
            order: BY_ACTIVITY,
            asked: &[Part::Unread, Part::Archived],
        };
    }
    if let Some(who) = filter.assignee {
        return Driver {
            from: dialect.along("conversations", "conversations_assignee"),
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
            from: dialect.along("conversations", "conversations_status"),
            begin: lanes("t.org = ? AND t.status = ? AND t.archived = ?", &status),
            order: BY_ACTIVITY,
            asked: &[Part::Status, Part::Archived],
        };
    }
    Driver {
        from: dialect.along("conversations", "conversations_shown"),
        begin: lanes("t.org = ? AND t.archived = ?", &[None]),
        order: BY_ACTIVITY,
        asked: &[Part::Archived],
    }
}

/// The conversations of those who have what somebody typed; of nothing typed, none: everybody is found.
fn searching(dialect: Dialect, org: OrgId, text: &str, order: [&'static str; 2]) -> Option<Driver> {
    let (from, condition) = match dialect {
        Dialect::Sqlite => (
            "contact_search d CROSS JOIN contacts c ON c.row = d.rowid CROSS JOIN conversations t \
             INDEXED BY conversations_contact ON t.org = c.org AND t.contact = c.contact",
            one(
                "d.contact_search MATCH ? AND c.org = ?",
                vec![Value::Text(filter::found(text)?), as_id(org.0)],
            ),
        ),
        Dialect::Postgres => {
            let mut values = vec![as_id(org.0)];
            let found = filter::searched(dialect, org, text, &mut values)?;
            ("conversations t", one(format!("t.org = ? AND {found}"), values))
        }
    };
    Some(Driver {
        from: from.to_owned(),
        begin: vec![condition],
        order,
        asked: &[Part::Text],
    })
}

fn whose(who: OwnerFilter) -> Value {
    assignee(match who {
        OwnerFilter::Nobody => None,
        OwnerFilter::Is(member) => Some(member),
    })
}

/// What is asked of each row.
fn rest(dialect: Dialect, filter: &ConversationFilter, asked: &[Part]) -> Condition {
    let mut all = one(dialect.truth(true), Vec::new());
    let mut ask = |part: Option<Part>, sql: String, values: Vec<Value>| {
        if part.is_none_or(|part| !asked.contains(&part)) {
            all.sql = format!("{} AND {sql}", all.sql);
            all.values.extend(values);
        }
    };
    if let Some(contact) = filter.contact {
        let id = as_id(contact.0);
        ask(Some(Part::Contact), "t.contact = ?".to_owned(), vec![id]);
    }
    if !filter.status.is_empty() {
        let mut values = Vec::new();
        let words = filter.status.iter().map(|status| status.as_str());
        let sql = dialect.among("t.status", words, &mut values);
        ask(Some(Part::Status), sql, values);
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
        ask(
            Some(Part::Handler),
            "(t.handler IS NOT NULL AND t.handler = ?)".to_owned(),
            vec![name],
        );
    }
    if let Some(channel) = filter.channel {
        let name = Value::Text(spaced(channel));
        let within = match dialect {
            Dialect::Sqlite => "instr",
            Dialect::Postgres => "strpos",
        };
        ask(None, format!("{within}(t.channels, ?) > 0"), vec![name]);
    }
    if let Some(unread) = filter.unread {
        ask(
            Some(Part::Unread),
            format!("t.unread = {}", dialect.truth(unread)),
            Vec::new(),
        );
    }
    if let Some(starred) = filter.starred {
        ask(
            Some(Part::Starred),
            format!("t.starred = {}", dialect.truth(starred)),
            Vec::new(),
        );
    }
    match filter.archived {
        Archived::With => {}
        Archived::Without | Archived::Only => {
            let only = dialect.truth(filter.archived == Archived::Only);
            ask(Some(Part::Archived), format!("t.archived = {only}"), Vec::new());
        }
    }
    if let Some(label) = &filter.label {
        let sql = match dialect {
            Dialect::Sqlite => "EXISTS (SELECT 1 FROM json_each(t.labels) l WHERE l.value = ?)",
            Dialect::Postgres => "(? = ANY (t.labels))",
        };
        ask(
            Some(Part::Label),
            sql.to_owned(),
            vec![Value::Text(label.clone())],
        );
    }
    all
}
