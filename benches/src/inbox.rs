//! A million conversations listed, searched and counted, beside a bare database of the same ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;
use tertulia::core::channel::Channel;
use tertulia::core::contact::{Contact, CreatedBy, Identity};
use tertulia::core::conversation::{Conversation, Handler, HandlerKind, Label, Resolution};
use tertulia::core::identity::{Address, AddressKind};
use tertulia::core::ids::{AgentId, IdSource};
use tertulia::core::journal::Actor;
use tertulia::core::record::{ChangeSet, IdentityRef, Op};
use tertulia::storage::Storage;
use tertulia::testing::ManualClock;
use tertulia::{ConversationFilter, Crm, Org, PageOf, Role, Settings, SqliteStorage};
use tokio::runtime::Runtime;

use crate::measure::{Outcome, compare, side};
use crate::shop::bare;

/// How many conversations there are; `CONVERSATIONS` in the environment says otherwise.
const CONVERSATIONS: usize = 1_000_000;

/// How many a list shows.
const SHOWN: usize = 50;

/// How many conversations are one commit.
const BATCH: usize = 5_000;

/// How many members the team has.
const MEMBERS: usize = 20;

pub(crate) fn run() -> Outcome<()> {
    let runtime = Runtime::new()?;
    let conversations = match std::env::var("CONVERSATIONS") {
        Ok(conversations) => conversations.parse()?,
        Err(_) => CONVERSATIONS,
    };
    let world = runtime.block_on(World::of(conversations))?;
    lists(&runtime, &world)?;
    counts(&runtime, &world)
}

/// The first pages, the latest first. Each line says what the filter is, and what the bare database is asked.
fn lists(runtime: &Runtime, world: &World) -> Outcome<()> {
    let member = world.members.first().copied().ok_or("there is no member")?;
    for (which, filter, condition) in [
        ("of all", json!({}), "archived = 0"),
        (
            "that are open",
            json!({"status": ["open"]}),
            "archived = 0 AND status = 'open'",
        ),
        (
            "that are not closed",
            json!({"status": ["open", "assigned", "bot_active", "ai_active"]}),
            "archived = 0 AND status <> 'resolved'",
        ),
        (
            "of one member",
            json!({"assignee": {"is": member}}),
            "archived = 0 AND assignee = 0",
        ),
        (
            "of one member that are not closed and not read",
            json!({"assignee": {"is": member}, "status": ["assigned"], "unread": true}),
            "archived = 0 AND assignee = 0 AND status = 'assigned' AND unread = 1",
        ),
        (
            "that are not read",
            json!({"unread": true}),
            "archived = 0 AND unread = 1",
        ),
        (
            "that are read",
            json!({"unread": false}),
            "archived = 0 AND unread = 0",
        ),
        (
            "that are starred",
            json!({"starred": true}),
            "archived = 0 AND starred = 1",
        ),
        (
            "with a label that few have",
            json!({"label": "rare"}),
            "archived = 0 AND label = 'rare'",
        ),
        ("that are archived", json!({"archived": "only"}), "archived = 1"),
        (
            "that a bot has",
            json!({"handler": "clerk", "status": ["bot_active"]}),
            "archived = 0 AND status = 'bot_active'",
        ),
        (
            "of a channel that few use",
            json!({"channel": "sms"}),
            "archived = 0 AND sms = 1",
        ),
        (
            "whose number has these digits",
            json!({"text": "9198000777"}),
            "archived = 0 AND phone LIKE '%9198000777%'",
        ),
        (
            "of a name",
            json!({"text": "ximena"}),
            "archived = 0 AND name LIKE '%ximena%'",
        ),
    ] {
        let filter: ConversationFilter = serde_json::from_value(filter)?;
        let page = PageOf::last(SHOWN);
        let sql = format!(
            "SELECT id, name, status FROM conversations WHERE {condition} ORDER BY last_activity DESC, id DESC LIMIT {SHOWN}"
        );
        let mut met = [0, 0];
        let [ours, theirs] = &mut met;
        compare(
            &format!("inbox: the first page of those {which}"),
            &mut [
                side("inbox().list", 1, || {
                    let start = Instant::now();
                    *ours = runtime
                        .block_on(world.org.inbox().list(&filter, &page))?
                        .items
                        .len();
                    Ok(start.elapsed())
                }),
                side("peer: bare rows", 1, || {
                    let start = Instant::now();
                    let mut statement = world.bare.prepare_cached(&sql)?;
                    let rows = statement
                        .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
                    *theirs = rows.collect::<Result<Vec<_>, _>>()?.len();
                    Ok(start.elapsed())
                }),
            ],
        )?;
        if met[0] != met[1] {
            return Err(format!("{which}: {} beside {}", met[0], met[1]).into());
        }
    }
    Ok(())
}

/// How many there are of each status, and how many of them wait to be read.
fn counts(runtime: &Runtime, world: &World) -> Outcome<()> {
    let mut met = [0_i64; 2];
    let [ours, theirs] = &mut met;
    compare(
        "inbox: how many, by where they stand and whether they wait to be read",
        &mut [
            side("inbox().counts", 1, || {
                let start = Instant::now();
                let counted = runtime.block_on(world.org.inbox().counts(&ConversationFilter::default()))?;
                *ours = i64::try_from(counted.total + counted.unread)?;
                Ok(start.elapsed())
            }),
            side("peer: bare rows, one query", 1, || {
                let start = Instant::now();
                let mut statement = world.bare.prepare_cached(
                    "SELECT status, count(*), sum(unread) FROM conversations WHERE archived = 0 GROUP BY status",
                )?;
                let rows =
                    statement.query_map([], |row| Ok(row.get::<_, i64>(1)? + row.get::<_, i64>(2)?))?;
                *theirs = rows.sum::<Result<i64, _>>()?;
                Ok(start.elapsed())
            }),
        ],
    )?;
    if met[0] != met[1] {
        return Err(format!("counted {} beside {}", met[0], met[1]).into());
    }
    Ok(())
}

struct World {
    org: Org,
    members: Vec<AgentId>,
    bare: Connection,
    _folder: TempDir,
}

/// What a conversation is, however it is stored.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that a list is narrowed by"
)]
struct Thread {
    name: String,
    phone: String,
    last_activity: DateTime<Utc>,
    member: Option<usize>,
    bot: bool,
    resolved: bool,
    unread: bool,
    starred: bool,
    archived: bool,
    label: Option<&'static str>,
    sms: bool,
}

impl Thread {
    fn new(random: &mut fastrand::Rng, number: usize, now: DateTime<Utc>) -> Self {
        let member = random.usize(..MEMBERS * 3);
        let first = ["Ana", "Bruno", "Carla", "Davi", "Elisa", "Rui"];
        Self {
            name: match number % 997 {
                0 => "Ximena".to_owned(),
                other => format!("{} {other}", first[number % first.len()]),
            },
            phone: format!("+9198{number:08}"),
            last_activity: now - TimeDelta::seconds(random.i64(0..100_000_000)),
            member: Some(member).filter(|member| *member < MEMBERS),
            bot: random.usize(..50) == 0,
            resolved: random.usize(..10) < 8,
            unread: random.usize(..20) == 0,
            starred: random.usize(..100) == 0,
            archived: random.usize(..10) == 0,
            label: match random.usize(..1_000) {
                0 => Some("rare"),
                1..100 => Some("order"),
                _ => None,
            },
            sms: random.usize(..1_000) == 0,
        }
    }

    const fn status(&self) -> &'static str {
        if self.resolved {
            "resolved"
        } else if self.bot {
            "bot_active"
        } else if self.member.is_some() {
            "assigned"
        } else {
            "open"
        }
    }
}

impl World {
    /// So many conversations, each with a person of its own. What each is comes from its number, so that both sides hold
    /// the same.
    async fn of(conversations: usize) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let storage = Arc::new(SqliteStorage::open(folder.path().join("crm.db"))?);
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let crm = Crm::builder()
            .storage(Arc::clone(&storage) as Arc<dyn Storage>)
            .clock(ManualClock::new(now))
            .build()?;
        let org = crm.create_org(Settings::default()).await?;
        let bare = bare(folder.path(), SCHEMA)?;
        let mut members = Vec::with_capacity(MEMBERS);
        for number in 0..MEMBERS {
            members.push(org.team().add(&format!("Member {number}"), Role::Agent).await?.id);
        }
        let labels = ["rare", "order"].map(|name| {
            Op::Insert(
                Label {
                    org: org.id(),
                    key: name.to_owned(),
                    name: name.to_owned(),
                }
                .into(),
            )
        });
        storage.commit(commit(labels.into())).await?;
        let mut random = fastrand::Rng::with_seed(1);
        let (mut ours, mut peers) = (Duration::ZERO, Duration::ZERO);
        for batch in (0..conversations).step_by(BATCH) {
            let mut source = IdSource::new(now + TimeDelta::milliseconds(i64::try_from(batch)?), 1);
            let threads: Vec<Thread> = (batch..conversations.min(batch + BATCH))
                .map(|number| Thread::new(&mut random, number, now))
                .collect();
            let ops = threads
                .iter()
                .flat_map(|thread| records(thread, &org, &members, &mut source))
                .collect();
            let start = Instant::now();
            storage.commit(commit(ops)).await?;
            ours += start.elapsed();
            let start = Instant::now();
            insert(&bare, batch, &threads)?;
            peers += start.elapsed();
        }
        println!(
            "\ninbox: {conversations} loaded, {BATCH} a commit: {ours:.1?} into the store with their contacts, {peers:.1?} into the \
             bare database"
        );
        Ok(Self {
            org,
            members,
            bare,
            _folder: folder,
        })
    }
}

const fn commit(ops: Vec<Op>) -> ChangeSet {
    ChangeSet {
        expect: Vec::new(),
        ops,
    }
}

fn records(thread: &Thread, org: &Org, members: &[AgentId], source: &mut IdSource) -> [Op; 3] {
    let at = thread.last_activity;
    let mut contact = Contact::new(org.id(), source.next(), CreatedBy::Inbound, at);
    let mut conversation = Conversation::new(org.id(), source.next(), contact.id, at);
    conversation.channels.insert(Channel::WhatsApp);
    if thread.sms {
        conversation.channels.insert(Channel::Sms);
    }
    conversation.assignee = thread.member.and_then(|member| members.get(member).copied());
    conversation.handler = thread.bot.then(|| Handler {
        name: "clerk".to_owned(),
        kind: HandlerKind::Bot,
    });
    conversation.resolution = thread.resolved.then_some(Resolution {
        at,
        by: Actor::Worker,
    });
    conversation.unread = u64::from(thread.unread);
    conversation.starred = thread.starred;
    conversation.archived = thread.archived.then_some(at);
    conversation.labels = thread
        .label
        .map(|label| (label.to_owned(), label.to_owned()))
        .into_iter()
        .collect();
    let address = Address::new(AddressKind::Phone, &thread.phone);
    contact.name = Some(thread.name.clone());
    let match_key = address.match_key();
    contact.identities.push(Identity {
        match_key: match_key.clone(),
        address,
        provider_value: None,
        unassigned: false,
        since: at,
        until: None,
        merged_from: None,
    });
    contact.conversation = Some(conversation.id);
    contact.conversation_status = Some(conversation.status());
    contact.last_interaction = Some(at);
    let owner = IdentityRef {
        org: org.id(),
        kind: AddressKind::Phone,
        match_key,
        contact: contact.id,
    };
    [
        Op::Insert(owner.into()),
        Op::Insert(conversation.into()),
        Op::Insert(contact.into()),
    ]
}

const SCHEMA: &str = "
    CREATE TABLE conversations (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL, last_activity INTEGER NOT NULL, status TEXT NOT NULL,
        assignee INTEGER, unread INTEGER NOT NULL, starred INTEGER NOT NULL, archived INTEGER NOT NULL, label TEXT,
        sms INTEGER NOT NULL
    );
    CREATE INDEX by_activity ON conversations (archived, last_activity, id);
    CREATE INDEX by_status ON conversations (status, archived, last_activity, id);
    CREATE INDEX by_assignee ON conversations (assignee, archived, last_activity, id);";

fn insert(bare: &Connection, first: usize, threads: &[Thread]) -> Outcome<()> {
    let transaction = bare.unchecked_transaction()?;
    for (at, thread) in threads.iter().enumerate() {
        let member = thread.member.map(i64::try_from).transpose()?;
        transaction
            .prepare_cached("INSERT INTO conversations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute((
                i64::try_from(first + at)?,
                &thread.name,
                &thread.phone,
                thread.last_activity.timestamp_micros(),
                thread.status(),
                member,
                thread.unread,
                thread.starred,
                thread.archived,
                thread.label,
                thread.sms,
            ))?;
    }
    transaction.commit()?;
    Ok(())
}
