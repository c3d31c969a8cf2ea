//! What must hold at every moment, whatever goes wrong: watched at the commits, at the platform's door, and after each step.

mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::FutureExt;
use tertulia::Contact;
use tertulia::core::broadcast::{Broadcast, BroadcastState, Stats};
use tertulia::core::consent::Denial;
use tertulia::core::conversation::{Author, Message};
use tertulia::core::ids::{AttemptId, BroadcastId, ContactId, DispatchId, MessageId, OrgId};
use tertulia::core::ledger::{Campaign, Dispatch, DispatchState, SEND_WITHIN, SLOT, StateName, StepRow};
use tertulia::core::record::{ChangeSet, Key, Op, Record, RecordKind};
use tertulia::storage::{PageRequest, Query};

use self::steps::{Moves, StepBefore, Steps};
pub(crate) use self::steps::{enrollments, sequences};
use crate::world::World;

/// The most records that a look at the store asks for.
const ALL: usize = 10_000;

/// What is known of the world's promises so far.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    attempts: BTreeMap<AttemptId, Attempt>,
    /// Rows that somebody chose to send again.
    resent: BTreeSet<DispatchId>,
    broadcasts: BTreeMap<BroadcastId, (OrgId, Stats)>,
    /// What the platform took: how often which text went to which address, but for what was sent again by choice.
    taken: BTreeMap<(String, String), u32>,
    taken_rows: BTreeSet<DispatchId>,
    steps: Steps,
    /// What was committed to since the last look.
    touched: BTreeSet<Campaign>,
}

/// An attempt whose `sending` was committed.
#[derive(Debug)]
struct Attempt {
    row: DispatchId,
    /// The step of a sequence that it is.
    step: Option<StepRow>,
    contact: ContactId,
    process: usize,
    since: DateTime<Utc>,
    marketing: bool,
    /// Earlier marketing attempts at the same person, less than 24 hours before.
    too_soon_after: Vec<AttemptId>,
    on_wire: bool,
    taken: bool,
}

/// A row that is about to be `sending`, with what the store says before.
#[derive(Debug)]
struct Departure {
    row: Dispatch,
    before: Option<Dispatch>,
    /// The recipient, and the same before the commit.
    contact: Option<Contact>,
    contact_before: Option<Contact>,
    text: String,
    broadcast: Option<Broadcast>,
    /// The other rows that the broadcast has for the person.
    others: Vec<Dispatch>,
    step: Option<StepBefore>,
}

/// What a commit is about to do.
#[derive(Debug, Default)]
pub(crate) struct Before {
    departures: Vec<Departure>,
    broadcasts: Vec<Broadcast>,
    /// Whose rows change.
    campaigns: BTreeSet<Campaign>,
    moves: Moves,
}

/// The store is in memory: it answers at once.
fn now<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("memory does not wait")
}

fn get<R: TryFrom<Record>>(world: &World, key: Key) -> Option<R> {
    let mut found = now(world.store.load(vec![key])).expect("the store is open");
    R::try_from(found.pop().flatten()?.record).ok()
}

fn all<R: TryFrom<Record>>(world: &World, query: Query) -> Vec<R> {
    let found = now(world.store.page(PageRequest::first(query, ALL))).expect("the store is open");
    let records = found.records.into_iter();
    records
        .filter_map(|stored| R::try_from(stored.record).ok())
        .collect()
}

/// All rows of the ledger, and where each stands.
pub(crate) fn rows(world: &World) -> Vec<Dispatch> {
    all(
        world,
        Query::Records {
            org: None,
            kind: RecordKind::Dispatch,
        },
    )
}

/// All broadcasts.
pub(crate) fn broadcasts(world: &World) -> Vec<Broadcast> {
    all(
        world,
        Query::Records {
            org: None,
            kind: RecordKind::Broadcast,
        },
    )
}

/// Rows that workers have.
pub(crate) fn leased(world: &World) -> BTreeMap<DispatchId, DispatchState> {
    let rows = rows(world).into_iter();
    rows.filter(|row| row.state.name() == StateName::Leased)
        .map(|row| (row.id, row.state))
        .collect()
}

/// Looks at a commit before it is made.
pub(crate) fn before(world: &Arc<World>, changes: &ChangeSet) -> Before {
    let mut before = Before {
        moves: steps::before(world, changes),
        ..Before::default()
    };
    let (mut contacts, mut messages) = (Vec::new(), BTreeMap::<MessageId, &Message>::new());
    let (mut rows, mut leaving) = (Vec::new(), Vec::new());
    for op in &changes.ops {
        if let Op::SnapshotAudience(audience, _) = op {
            before
                .campaigns
                .insert(Campaign::Broadcast(audience.broadcast.id));
        }
        let (Op::Insert(record) | Op::Update(record, _)) = op else {
            continue;
        };
        match record {
            Record::Contact(contact) => contacts.push(contact),
            Record::Message(message) => {
                messages.insert(message.id, message);
            }
            Record::Broadcast(broadcast) => before.broadcasts.push(broadcast.clone()),
            Record::Dispatch(row) => {
                rows.push(row);
                before.campaigns.extend(row.campaign());
                if row.state.name() == StateName::Sending {
                    leaving.push(row);
                }
            }
            _ => {}
        }
    }
    for row in leaving {
        let org = row.org;
        let known: Option<Dispatch> = get(
            world,
            Key::Dispatch {
                org,
                dispatch: row.id,
            },
        );
        // On its way already: somebody wrote meanwhile, say.
        if known
            .as_ref()
            .is_some_and(|known| known.state == row.state && known.attempt == row.attempt)
        {
            continue;
        }
        let contact = contacts
            .iter()
            .find(|contact| contact.ids().any(|id| id == row.contact));
        let mut others = Vec::new();
        let broadcast = row.broadcast();
        if let (Some(broadcast), Some(contact)) = (broadcast, contact) {
            others = all::<Dispatch>(
                world,
                Query::Recipients {
                    org,
                    broadcast,
                    contacts: contact.ids().collect(),
                },
            );
            // As they are after this commit.
            for other in &mut others {
                if let Some(new) = rows.iter().find(|new| new.id == other.id) {
                    *other = (*new).clone();
                }
            }
            others.retain(|other| other.id != row.id);
        }
        before.departures.push(Departure {
            row: row.clone(),
            before: known,
            contact: contact.map(|contact| (*contact).clone()),
            contact_before: contact.and_then(|contact| {
                get(
                    world,
                    Key::Contact {
                        org,
                        contact: contact.id,
                    },
                )
            }),
            text: row
                .message
                .and_then(|id| messages.get(&id)?.content.words())
                .unwrap_or_default()
                .to_owned(),
            broadcast: broadcast.and_then(|broadcast| get(world, Key::Broadcast { org, broadcast })),
            others,
            step: steps::before_departure(world, row),
        });
    }
    before
}

/// A commit was made: what left with it must have been allowed to.
pub(crate) fn committed(world: &Arc<World>, process: usize, before: Before) {
    let mut state = world.lock();
    state.witness.touched.extend(before.campaigns);
    for broadcast in before.broadcasts {
        state.witness.touched.insert(Campaign::Broadcast(broadcast.id));
        state.log(|| format!("broadcast {} is {}", broadcast.name, broadcast.state.as_str()));
        let known = state.witness.broadcasts.entry(broadcast.id);
        known.or_insert((broadcast.org, Stats::default()));
    }
    steps::committed(&mut state, before.moves);
    let worker = state.processes[process].worker.clone();
    for departure in before.departures {
        let Departure { row, text, .. } = &departure;
        state.log(|| format!("process {process} commits that {text:?} goes to {}", row.contact));
        let mut broken = departure.broken(worker.as_deref());
        if let Some(step) = &departure.step {
            broken.extend(step.broken(row.id, &mut state).into_iter().map(str::to_owned));
        }
        let (Some(attempt), DispatchState::Sending { since }) = (row.attempt, &row.state) else {
            state.broken(format!("a row is sending without an attempt: {row:?}"));
            continue;
        };
        let people: Vec<ContactId> = match &departure.contact {
            Some(contact) => contact.ids().collect(),
            None => vec![row.contact],
        };
        let marketing = text.starts_with("Sale");
        let attempts = &state.witness.attempts;
        let soon = |earlier: &Attempt| marketing && earlier.marketing && *since < earlier.since + SLOT;
        let too_soon_after = attempts
            .iter()
            .filter(|(_, earlier)| people.contains(&earlier.contact) && soon(earlier))
            .map(|(attempt, _)| *attempt)
            .collect();
        let new = Attempt {
            row: row.id,
            step: row.step.clone(),
            contact: row.contact,
            process,
            since: *since,
            marketing,
            too_soon_after,
            on_wire: false,
            taken: false,
        };
        if state.witness.attempts.insert(attempt, new).is_some() {
            broken.push("an attempt is made twice".to_owned());
        }
        for what in broken {
            state.broken(format!("{what}: {row:?}"));
        }
    }
}

impl Departure {
    /// What should have kept the row from leaving.
    fn broken(&self, worker: Option<&str>) -> Vec<String> {
        let mut broken = Vec::new();
        match self.before.as_ref().map(|before| &before.state) {
            None => {}
            Some(DispatchState::Leased { worker: holder, .. }) if Some(holder.as_str()) == worker => {}
            Some(state) => broken.push(format!(
                "worker {worker:?} sends a row that it does not hold, but is {state:?}"
            )),
        }
        let marketing = self.text.starts_with("Sale");
        let by_campaign = marketing || matches!(self.row.origin, Author::Broadcast(_) | Author::Sequence(_));
        if let Some(contact) = self.contact_before.as_ref().filter(|_| by_campaign) {
            let key = self.row.match_key.as_deref();
            let identity = contact
                .identities
                .iter()
                .find(|identity| Some(identity.match_key.as_str()) == key);
            let of = identity.and_then(|identity| identity.merged_from);
            if let Err(Denial::OptedOut(fact)) = contact.consent.permits(marketing, self.row.account, of) {
                broken.push(format!("sending was committed after an opt-out ({fact:?})"));
            }
        }
        if let Some(broadcast) = &self.broadcast
            && !matches!(broadcast.state, BroadcastState::Running { .. })
        {
            broken.push(format!(
                "sending was committed though the broadcast is {}",
                broadcast.state.as_str()
            ));
        }
        let went = |row: &&Dispatch| {
            use StateName::{Accepted, Delivered, Read, Sending, Sent, Unconfirmed, Unknown};
            matches!(
                row.state.name(),
                Sending | Unknown | Accepted | Sent | Delivered | Read | Unconfirmed
            )
        };
        if let Some(other) = self.others.iter().find(went) {
            broken.push(format!("the person has it already, or may have, by {other:?}"));
        }
        broken
    }
}

/// Somebody chose to send a row again.
pub(crate) fn resent(world: &World, row: DispatchId) {
    world.lock().witness.resent.insert(row);
}

/// A process hands a message to the platform's client.
pub(crate) fn leaves(world: &World, process: usize, attempt: AttemptId) {
    let mut state = world.lock();
    let now = state.now_of(process);
    let broken = match state.witness.attempts.get_mut(&attempt) {
        None => Some("a message leaves whose sending is not committed".to_owned()),
        Some(known) if known.on_wire => Some(format!("an attempt is on the wire twice: {known:?}")),
        Some(known) if known.process != process => Some(format!("another process sends: {known:?}")),
        Some(known) if now > known.since + SEND_WITHIN => {
            Some(format!("a message leaves at {now}, too late: {known:?}"))
        }
        Some(known) => {
            known.on_wire = true;
            None
        }
    };
    if let Some(broken) = broken {
        state.broken(broken);
    }
}

/// The platform takes a message.
pub(crate) fn taken(world: &World, attempt: AttemptId, text: &str, to: &str) {
    let mut state = world.lock();
    let witness = &mut state.witness;
    let Some(known) = witness.attempts.get_mut(&attempt) else {
        return;
    };
    known.taken = true;
    let by_choice = witness.resent.contains(&known.row);
    let mut broken = Vec::new();
    let again = witness.taken_rows.replace(known.row).is_some();
    if again && !by_choice {
        broken.push(format!("{text:?} went out twice by the same row"));
    }
    if let Some(step) = &known.step {
        broken.extend(steps::taken(&mut witness.steps, step));
    // A STOP is confirmed as often as somebody says it anew.
    } else if !by_choice && (text.starts_with("Sale") || text.starts_with("News")) {
        let times = witness.taken.entry((text.to_owned(), to.to_owned())).or_default();
        *times += 1;
        if *times > 1 {
            broken.push(format!("{text:?} went to {to} twice"));
        }
    }
    let was_taken = |other: &AttemptId| witness.attempts.get(other).is_some_and(|other| other.taken);
    for (id, later) in &witness.attempts {
        let pair = later.too_soon_after.iter().find(|earlier| was_taken(earlier));
        if let Some(earlier) = pair.filter(|earlier| later.taken && (*id == attempt || **earlier == attempt))
        {
            let earlier = &witness.attempts[earlier];
            broken.push(format!(
                "two marketing messages to one person within 24 hours: {earlier:?}, {later:?}"
            ));
        }
    }
    for broken in broken {
        state.broken(broken);
    }
}

/// Looks at the broadcasts and sequences to which something was committed since the last look.
pub(crate) fn look(world: &Arc<World>) {
    let (touched, mut known) = {
        let witness = &mut world.lock().witness;
        let touched = std::mem::take(&mut witness.touched);
        if touched.is_empty() && !witness.steps.is_touched() {
            return;
        }
        (touched, witness.broadcasts.clone())
    };
    known.retain(|id, _| touched.contains(&Campaign::Broadcast(*id)));
    for (id, (org, before)) in known {
        let mut stats = Stats::default();
        for (bucket, count) in
            now(world.store.tally(org, Campaign::Broadcast(id))).expect("the store is open")
        {
            stats.add(&bucket, count);
        }
        let broadcast: Option<Broadcast> = get(world, Key::Broadcast { org, broadcast: id });
        let mut broken = Vec::new();
        if stats.sent < before.sent || stats.delivered < before.delivered || stats.read < before.read {
            broken.push("what was counted is not any more");
        }
        if before.total > 0 && stats.total != before.total {
            broken.push("recipients came or went");
        }
        let over = broadcast.as_ref().is_some_and(|broadcast| {
            matches!(
                broadcast.state,
                BroadcastState::Finished { .. } | BroadcastState::Cancelled { .. }
            )
        });
        if over && !stats.is_finished() {
            broken.push("it is over, and somebody waits or is on the wire");
        }
        let mut seen = world.lock();
        for broken in broken {
            seen.broken(format!("{broken}: {broadcast:?} had {before:?}, has {stats:?}"));
        }
        seen.witness.broadcasts.insert(id, (org, stats));
    }
    steps::look(world, &touched);
}

/// Looks at the end, when nothing goes wrong any more and all is drained.
pub(crate) fn settle(world: &Arc<World>) {
    look(world);
    let rows = rows(world);
    let mut broken = steps::settle(world);
    let mut state = world.lock();
    for row in &rows {
        use StateName::{Leased, Pending, Sending, Unknown};
        if matches!(row.state.name(), Pending | Leased | Sending | Unknown) {
            broken.push(format!("a row waits at the end: {row:?}"));
        }
        let took = state
            .witness
            .attempts
            .values()
            .any(|attempt| attempt.row == row.id && attempt.taken);
        if row.accepted && !took {
            broken.push(format!(
                "a row says that the platform took it, which it did not: {row:?}"
            ));
        }
    }
    for (org, stats) in state.witness.broadcasts.values() {
        let ended = stats.skipped_total() + stats.failed_total() + stats.unconfirmed;
        let open = stats.pending + stats.sending + stats.unknown;
        // Those that failed after the platform took them are among both.
        if open > 0 || stats.total > ended + stats.sent || stats.sent > stats.total {
            broken.push(format!(
                "the totals of a broadcast of {org} do not add up: {stats:?}"
            ));
        }
    }
    for broken in broken {
        state.broken(broken);
    }
}
