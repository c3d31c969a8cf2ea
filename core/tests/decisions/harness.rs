//! A store in memory, and the loop that the engine runs: load what a decision stops for, decide, commit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tertulia_core::account::{Account, AccountState, Standing};
use tertulia_core::broadcast::Bucket;
use tertulia_core::canonical::canonical;
use tertulia_core::channel::Channel;
use tertulia_core::consent::{Proof, Source as ConsentSource};
use tertulia_core::contact::{Contact, CreatedBy};
use tertulia_core::context::{Context, OrgContext};
use tertulia_core::conversation::{Conversation, Message};
use tertulia_core::decide::broadcasts::{self, NewBroadcast};
use tertulia_core::decide::contacts::{self, NewContact};
use tertulia_core::decide::reactions;
use tertulia_core::decide::receive::{Applied, receive};
use tertulia_core::decide::sending::{self, Begun, Draft, Flight, SendRequest};
use tertulia_core::decide::team;
use tertulia_core::error::Error;
use tertulia_core::filter::Filter;
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::ids::{
    AccountId, AgentId, AttemptId, BroadcastId, ContactId, ConversationId, DispatchId, IdSource, OrgId,
    RuleId,
};
use tertulia_core::inbound::{
    Call, CallEvent, Caller, Echo, Edit, InboundEvent, InboundKind, InboundMessage, Person, Preference,
    PreferenceChoice, Reaction, Revoke, Source, StatusUpdate, TemplateNotice,
};
use tertulia_core::journal::{Actor, Entry, What};
use tertulia_core::ledger::{Accepted, Dispatch, DispatchState, Outcome, Slot};
use tertulia_core::merge::{Merged, led_to};
use tertulia_core::message::{Content, StatusKind};
use tertulia_core::record::{ChangeSet, Expect, Key, Op, Org, OrgRule, OrgTemplate, Record, Stored};
use tertulia_core::retry::{Failure, FailureClass, OptOutScope};
use tertulia_core::roles::Role;
use tertulia_core::selection::Selection;
use tertulia_core::settings::Settings;
use tertulia_core::suppression::SuppressionKey;
use tertulia_core::tagging::{Pattern, PatternKind, Rule};
use tertulia_core::template::TemplateStatus;
use tertulia_core::turn::InTurn;
use tertulia_core::working_set::{Lookup, Step, Stop, WorkingSet};
use uuid::Uuid;

pub(crate) const ORG: OrgId = OrgId(Uuid::from_u128(1));
pub(crate) const SHOP: AccountId = AccountId(Uuid::from_u128(2));
pub(crate) const HELPDESK: AccountId = AccountId(Uuid::from_u128(3));

/// Noon, at which tests begin.
pub(crate) fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// So many seconds before or after noon.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    noon() + TimeDelta::seconds(seconds)
}

/// A commit that lost against another one.
#[derive(Debug, PartialEq)]
pub(crate) struct Conflict;

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) records: HashMap<Key, Stored>,
    pub(crate) journal: Vec<Entry>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) actor: Actor,
    /// What a handler acts in.
    pub(crate) turn: Option<InTurn>,
    pub(crate) bulk: bool,
    seed: u64,
}

impl World {
    /// An organisation with two WhatsApp senders and three templates, at noon.
    pub(crate) fn new() -> Self {
        let mut world = Self {
            records: HashMap::new(),
            journal: Vec::new(),
            now: noon(),
            actor: Actor::System("host".to_owned()),
            turn: None,
            bulk: false,
            seed: 0,
        };
        world.store(Org {
            id: ORG,
            settings: Settings::default(),
            rules_epoch: 0,
            suppression_key: SuppressionKey::new([7; 32]),
            host_key: None,
            routing: Vec::new(),
            watches: Vec::new(),
        });
        for (id, name) in [(SHOP, "shop"), (HELPDESK, "helpdesk")] {
            world.store(Account {
                id,
                org: ORG,
                channel: Channel::WhatsApp,
                sender_id: name.to_owned(),
                business_id: None,
                endpoint: None,
                name: name.to_owned(),
                credential: name.to_owned(),
                messages_per_second: None,
                state: AccountState::Active,
                standing: Standing::default(),
                begun: Vec::new(),
            });
        }
        for (name, category) in [
            ("offer", "MARKETING"),
            ("receipt", "UTILITY"),
            ("code", "AUTHENTICATION"),
        ] {
            world.set_template(name, category, "APPROVED");
        }
        world
    }

    /// The same with changed settings.
    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut world = Self::new();
        let mut org: Org = world.get(&Key::Org { org: ORG });
        change(&mut org.settings);
        world.store(org);
        world
    }

    /// Adds a rule that tags messages with this text in them.
    pub(crate) fn rule(&mut self, text: &str, tag: &str) -> RuleId {
        let id = RuleId(Uuid::from_u128(1000 + self.records.len() as u128));
        self.store(OrgRule {
            org: ORG,
            position: self.records.len() as u64,
            rule: Rule {
                id,
                name: None,
                pattern: Pattern {
                    kind: PatternKind::Contains,
                    text: text.to_owned(),
                    case_sensitive: false,
                },
                tags: vec![tag.to_owned()],
                enabled: true,
                channels: None,
            },
        });
        id
    }

    /// Writes a record past all rules.
    pub(crate) fn store(&mut self, record: impl Into<Record>) {
        let record = record.into();
        let version = self.records.get(&record.key()).map_or(0, |stored| stored.version) + 1;
        self.records.insert(record.key(), Stored { record, version });
    }

    pub(crate) fn get<R: TryFrom<Record>>(&self, key: &Key) -> R {
        self.find(key).unwrap_or_else(|| panic!("no record {key:?}"))
    }

    pub(crate) fn find<R: TryFrom<Record>>(&self, key: &Key) -> Option<R> {
        let stored = self.records.get(key)?;
        R::try_from(stored.record.clone()).ok()
    }

    pub(crate) fn all<R: TryFrom<Record>>(&self) -> Vec<R> {
        let records = self.records.values().map(|stored| stored.record.clone());
        records.filter_map(|record| R::try_from(record).ok()).collect()
    }

    pub(crate) fn canonical(&self) -> Value {
        canonical(self.records.values().map(|stored| stored.record.clone()))
    }

    fn org(&self) -> OrgContext {
        let stored = &self.records[&Key::Org { org: ORG }];
        let Record::Org(org) = &stored.record else {
            unreachable!()
        };
        OrgContext::new(org.clone(), stored.version, self.all::<OrgRule>(), None).unwrap()
    }

    fn load(&self, set: &mut WorkingSet) {
        for key in set.wanted() {
            let stored = self.records.get(&key).cloned();
            set.loaded(key, stored);
        }
        for lookup in set.wanted_lists() {
            let found = self
                .records
                .values()
                .filter(|stored| finds(&lookup, &stored.record));
            let found = found.cloned().collect();
            set.loaded_list(lookup, found);
        }
    }

    /// Decides each item in one working set; the results, and what they change together.
    pub(crate) fn plan_all<I, R>(
        &mut self,
        items: &[I],
        mut decision: impl FnMut(&mut WorkingSet, &mut Context<'_>, &I) -> Step<R>,
    ) -> (Vec<Result<R, Error>>, ChangeSet) {
        let org = self.org();
        let mut set = WorkingSet::new();
        let mut results = Vec::new();
        for item in items {
            self.seed += 1;
            let ids = IdSource::new(self.now, self.seed.wrapping_mul(0x5851_F42D_4C95_7F2D));
            results.push(loop {
                let mut ctx = Context {
                    now: self.now,
                    org: &org,
                    actor: self.actor.clone(),
                    bulk: self.bulk,
                    turn: self.turn,
                    ids: ids.clone(),
                };
                set.begin();
                let decided = decision(&mut set, &mut ctx, item);
                match decided.and_then(|result| reactions::follow(&mut set, &mut ctx).map(|()| result)) {
                    Ok(result) => break Ok(result),
                    Err(Stop::Load) => {
                        set.roll_back();
                        self.load(&mut set);
                    }
                    Err(Stop::Refused(error)) => {
                        set.roll_back();
                        break Err(error);
                    }
                }
            });
        }
        let mut changes = set.into_changes();
        changes.expect.push(org.expectation());
        (results, changes)
    }

    pub(crate) fn plan<R>(
        &mut self,
        mut decision: impl FnMut(&mut WorkingSet, &mut Context<'_>) -> Step<R>,
    ) -> (Result<R, Error>, ChangeSet) {
        let (mut results, changes) = self.plan_all(&[()], |set, ctx, ()| decision(set, ctx));
        (results.remove(0), changes)
    }

    /// One decision, committed.
    pub(crate) fn decide<R>(
        &mut self,
        decision: impl FnMut(&mut WorkingSet, &mut Context<'_>) -> Step<R>,
    ) -> Result<R, Error> {
        let (result, changes) = self.plan(decision);
        if result.is_err() {
            assert!(
                changes.is_empty(),
                "a refused decision changes nothing: {changes:?}"
            );
        }
        self.commit(changes).unwrap();
        result
    }

    /// All or nothing.
    pub(crate) fn commit(&mut self, changes: ChangeSet) -> Result<(), Conflict> {
        let version = |key: &Key| self.records.get(key).map(|stored| stored.version);
        let holds = changes.expect.iter().all(|expect| match expect {
            Expect::Version(key, expected) => version(key) == Some(*expected),
            Expect::Absent(key) => version(key).is_none(),
        });
        let fits = changes.ops.iter().all(|op| match op {
            Op::Insert(record) => version(&record.key()).is_none(),
            Op::Update(record, read) => version(&record.key()) == Some(*read),
            Op::Remove(key, read) => version(key) == Some(*read),
            Op::Journal(_)
            | Op::Redact { .. }
            | Op::SnapshotAudience(..)
            | Op::RemoveConversations { .. }
            | Op::RemoveMessages { .. } => true,
        });
        if !holds || !fits {
            return Err(Conflict);
        }
        for op in changes.ops {
            match op {
                Op::Insert(record) | Op::Update(record, _) => self.store(record),
                Op::Remove(key, _) => {
                    self.records.remove(&key);
                }
                Op::Journal(entry) => self.journal.push(entry),
                Op::Redact { position, entry } => {
                    self.journal[usize::try_from(position).unwrap() - 1] = entry;
                }
                Op::RemoveConversations { contact, .. } => {
                    let threads = self.all::<Conversation>().into_iter();
                    let threads: Vec<ConversationId> = threads
                        .filter(|thread| thread.contact == contact)
                        .map(|thread| thread.id)
                        .collect();
                    self.records.retain(|_, stored| match &stored.record {
                        Record::Conversation(thread) => !threads.contains(&thread.id),
                        Record::Message(message) => !threads.contains(&message.conversation),
                        _ => true,
                    });
                }
                Op::RemoveMessages { conversation, .. } => {
                    self.records.retain(|_, stored| match &stored.record {
                        Record::Message(message) => message.conversation != conversation,
                        _ => true,
                    });
                }
                Op::SnapshotAudience(audience, seed) => {
                    let mut ids = IdSource::new(self.now, seed);
                    for who in self.meant(&audience.who) {
                        let contact: Option<Contact> = self.find(&Key::Contact {
                            org: ORG,
                            contact: who,
                        });
                        let slot: Option<Slot> = self.find(&Key::Slot {
                            org: ORG,
                            contact: who,
                        });
                        self.store(audience.enlist(ids.next(), who, contact.as_ref(), slot.as_ref()));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whom a selection means, as stores tell it.
    fn meant(&self, who: &Selection) -> BTreeSet<ContactId> {
        let rows = self.all::<Dispatch>().into_iter();
        let named: Vec<ContactId> = match who {
            Selection::Ids(ids) => ids.clone(),
            Selection::Filter(filter) => {
                let contacts = self.all::<Contact>().into_iter();
                contacts
                    .filter(|contact| filter.matches(contact))
                    .map(|contact| contact.id)
                    .collect()
            }
            Selection::Recipients(meant) => rows
                .filter(|row| row.broadcast() == Some(meant.broadcast) && meant.who.matches(&Bucket::of(row)))
                .map(|row| row.contact)
                .collect(),
        };
        let into = |contact| {
            let there = self.records.contains_key(&Key::Contact { org: ORG, contact });
            let merged: Option<Merged> = self.find(&Key::Merged { org: ORG, contact });
            Ok::<_, Error>(merged.filter(|_| !there).map(|merged| merged.into))
        };
        named.into_iter().map(|id| led_to(id, into).unwrap()).collect()
    }

    /// How often something of this kind was journaled.
    pub(crate) fn journaled(&self, what: impl Fn(&What) -> bool) -> usize {
        self.journal.iter().filter(|entry| what(&entry.what)).count()
    }

    // What platforms tell.

    pub(crate) fn receive(&mut self, event: &InboundEvent) -> Result<Applied, Error> {
        self.receive_at(SHOP, event)
    }

    /// An event about another sender than the shop.
    pub(crate) fn receive_at(&mut self, account: AccountId, event: &InboundEvent) -> Result<Applied, Error> {
        let account: Account = self.get(&Key::Account { org: ORG, account });
        let before = std::mem::replace(&mut self.actor, Actor::Provider);
        let result = self.decide(|set, ctx| receive(set, ctx, Some(&account), event, 0));
        self.actor = before;
        result
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests make the event in the call")]
    pub(crate) fn told(&mut self, event: InboundEvent) -> Applied {
        self.receive(&event).unwrap()
    }

    // What callers do.

    /// A contact made by the host, opted in.
    pub(crate) fn contact(&mut self, phone: &str) -> ContactId {
        self.create(&NewContact {
            opted_in: Some(true),
            ..named(phone)
        })
        .unwrap()
    }

    pub(crate) fn create(&mut self, new: &NewContact) -> Result<ContactId, Error> {
        let proof = || Proof::Stated("host".to_owned());
        self.decide(|set, ctx| {
            contacts::create(set, ctx, new, CreatedBy::Api, ConsentSource::Api, proof(), 0)
        })
    }

    pub(crate) fn see(&self, contact: ContactId) -> Contact {
        self.get(&Key::Contact { org: ORG, contact })
    }

    /// Whose an address is.
    pub(crate) fn holder(&self, address: &Address) -> Option<Contact> {
        let key = Key::Identity {
            org: ORG,
            kind: address.kind,
            match_key: address.match_key(),
        };
        let found: Option<tertulia_core::record::IdentityRef> = self.find(&key);
        found.map(|found| self.see(found.contact))
    }

    /// The conversation that goes on with a contact, held against what the contact says of it.
    pub(crate) fn thread(&self, contact: ContactId) -> Conversation {
        let contact = self.see(contact);
        let thread: Conversation = self.get(&Key::Conversation {
            org: ORG,
            conversation: contact.conversation.unwrap(),
        });
        assert_eq!(contact.conversation_status, Some(thread.status()));
        thread
    }

    /// A member of the team who works here.
    pub(crate) fn member(&mut self, name: &str) -> AgentId {
        self.decide(|set, ctx| team::add(set, ctx, name, Role::Agent))
            .unwrap()
            .id
    }

    pub(crate) fn send(&mut self, request: &SendRequest) -> Result<Flight, Error> {
        self.decide(|set, ctx| sending::send(set, ctx, request))
    }

    pub(crate) fn land(&mut self, flight: &Flight, outcome: &Outcome) -> DispatchState {
        self.decide(|set, ctx| sending::land(set, ctx, flight.dispatch, flight.attempt, outcome))
            .unwrap()
    }

    pub(crate) fn row(&self, dispatch: DispatchId) -> Dispatch {
        self.get(&Key::Dispatch { org: ORG, dispatch })
    }

    pub(crate) fn slot(&self, contact: ContactId) -> Option<Slot> {
        self.find(&Key::Slot { org: ORG, contact })
    }

    pub(crate) fn message(&self, provider_id: &str) -> Message {
        let found = self.all::<Message>();
        let mut found = found
            .into_iter()
            .filter(|message| message.provider_id.as_deref() == Some(provider_id));
        let message = found.next().unwrap_or_else(|| panic!("no message {provider_id}"));
        assert!(found.next().is_none(), "two messages {provider_id}");
        message
    }

    /// Launches a broadcast of a template to everybody.
    pub(crate) fn launch(&mut self, template: &str) -> BroadcastId {
        let id = self.draft(template);
        self.seed += 1;
        let seed = self.seed;
        self.decide(|set, ctx| broadcasts::launch(set, ctx, id, seed))
            .unwrap();
        id
    }

    /// Nobody of a broadcast is counted as waiting any more; whether it ends.
    pub(crate) fn finishes(&mut self, broadcast: BroadcastId) -> bool {
        let version = self.records[&Key::Broadcast { org: ORG, broadcast }].version;
        self.decide(|set, ctx| broadcasts::finish(set, ctx, broadcast, version))
            .unwrap()
    }

    /// A draft to everyone.
    pub(crate) fn draft(&mut self, template: &str) -> BroadcastId {
        let new = NewBroadcast {
            name: template.to_owned(),
            account: SHOP,
            template: template.to_owned(),
            language: "pt_BR".parse().unwrap(),
            parameters: serde_json::from_value(
                json!({"body": [{"type": "text", "text": "{{contact.firstName}}"}]}),
            )
            .unwrap(),
            target: Selection::Filter(Filter::Everyone),
        };
        self.decide(|set, ctx| broadcasts::create(set, ctx, &new))
            .unwrap()
    }

    /// The ledger's row of a contact in a broadcast.
    pub(crate) fn row_of(&self, broadcast: BroadcastId, contact: ContactId) -> Dispatch {
        let mut rows = self.all::<Dispatch>().into_iter();
        rows.find(|row| row.broadcast() == Some(broadcast) && row.contact == contact)
            .unwrap()
    }

    /// Leases a row, as a store does; its epoch.
    pub(crate) fn lease(&mut self, dispatch: DispatchId) -> u64 {
        let mut row = self.row(dispatch);
        assert!(
            row.lease("worker", self.now, self.now + tertulia_core::ledger::LEASE),
            "{row:?}"
        );
        let epoch = row.epoch;
        self.store(row);
        epoch
    }

    /// Leases a row and begins to send it.
    pub(crate) fn begin(&mut self, dispatch: DispatchId) -> Option<Flight> {
        let epoch = self.lease(dispatch);
        self.decide(|set, ctx| sending::begin(set, ctx, dispatch, epoch).map(Begun::flight))
            .unwrap()
    }

    pub(crate) fn set_template(&mut self, name: &str, category: &str, status: &str) {
        let template = template(name, category, status);
        let noticed = BTreeMap::new();
        self.store(OrgTemplate {
            org: ORG,
            template,
            noticed,
        });
    }
}

fn finds(lookup: &Lookup, record: &Record) -> bool {
    match (lookup, record) {
        (Lookup::OpenDispatches { contact, .. }, Record::Dispatch(row)) => {
            row.contact == *contact
                && matches!(row.state, DispatchState::Pending | DispatchState::Leased { .. })
        }
        (
            Lookup::Recipients {
                broadcast, contacts, ..
            },
            Record::Dispatch(row),
        ) => row.broadcast() == Some(*broadcast) && contacts.contains(&row.contact),
        (Lookup::Conversations { contact, .. }, Record::Conversation(thread)) => thread.contact == *contact,
        (Lookup::Seals { positions, .. }, Record::Seal(seal)) => {
            seal.leaves.iter().any(|leaf| positions.contains(&leaf.position))
        }
        (Lookup::Members { .. }, Record::Member(_)) | (Lookup::Accounts { .. }, Record::Account(_)) => true,
        (Lookup::LastMessages { conversation, .. }, Record::Message(message)) => {
            message.conversation == *conversation
        }
        (Lookup::Notes { contact, .. }, Record::Note(note)) => note.contact == *contact,
        _ => false,
    }
}

pub(crate) fn template(name: &str, category: &str, status: &str) -> tertulia_core::template::Template {
    serde_json::from_value(json!({
        "name": name, "language": "pt_BR", "category": category, "status": status,
        "components": [{"type": "BODY", "text": "Olá {{1}}"}],
    }))
    .unwrap()
}

/// A new contact of this number, called Ana.
pub(crate) fn named(phone: &str) -> NewContact {
    NewContact {
        phone: Some(phone.to_owned()),
        name: Some("Ana Souza".to_owned()),
        ..NewContact::default()
    }
}

pub(crate) fn template_to(contact: ContactId, name: &str) -> SendRequest {
    SendRequest {
        contact,
        account: Some(SHOP),
        draft: Draft::Template {
            name: name.to_owned(),
            language: "pt_BR".parse().unwrap(),
            parameters: serde_json::from_value(
                json!({"body": [{"type": "text", "text": "{{contact.firstName}}"}]}),
            )
            .unwrap(),
        },
        reply_to: None,
    }
}

pub(crate) fn text_to(contact: ContactId, body: &str) -> SendRequest {
    SendRequest {
        contact,
        account: Some(SHOP),
        draft: Draft::Content(Content::text(body)),
        reply_to: None,
    }
}

pub(crate) fn phone(wa_id: &str) -> Address {
    Address::new(AddressKind::Phone, wa_id)
}

pub(crate) fn bsuid(id: &str) -> Address {
    Address::new(AddressKind::WhatsAppId, id)
}

pub(crate) fn person(addresses: &[Address]) -> Person {
    Person {
        addresses: addresses.to_vec(),
        ..Person::default()
    }
}

pub(crate) fn event(seconds: i64, kind: InboundKind) -> InboundEvent {
    InboundEvent {
        source: Source {
            channel: Channel::WhatsApp,
            business_id: None,
            sender_id: Some("shop".to_owned()),
            pool_id: None,
            number: None,
        },
        at: Some(at(seconds)),
        kind,
    }
}

/// A text from a person, so many seconds before or after noon.
pub(crate) fn says(from: &Person, id: &str, seconds: i64, body: &str) -> InboundEvent {
    event(
        seconds,
        InboundKind::Message(incoming(from, id, Content::text(body))),
    )
}

pub(crate) fn incoming(from: &Person, id: &str, content: Content) -> InboundMessage {
    InboundMessage {
        provider_id: id.to_owned(),
        from: from.clone(),
        content,
        reply_to: None,
        forwarded: false,
        group_id: None,
        referral: None,
        keyword: None,
    }
}

pub(crate) fn echo(to: &Person, id: &str, seconds: i64) -> InboundEvent {
    let content = Content::text("from the phone app");
    event(
        seconds,
        InboundKind::Echo(Echo {
            provider_id: id.to_owned(),
            to: to.clone(),
            content,
        }),
    )
}

pub(crate) fn became(
    id: &str,
    seconds: i64,
    status: StatusKind,
    correlation: Option<AttemptId>,
) -> InboundEvent {
    let update = StatusUpdate {
        provider_id: id.to_owned(),
        status,
        correlation,
        recipient: vec![phone("919876543210")],
        price_category: None,
        billable: None,
        free_entry_until: None,
    };
    event(seconds, InboundKind::Status(update))
}

/// Something happens to a call, so many seconds before or after noon.
pub(crate) fn calls(with: &Person, id: &str, seconds: i64, caller: Caller, what: CallEvent) -> InboundEvent {
    let call = Call {
        provider_id: id.to_owned(),
        person: with.clone(),
        caller,
        stage: what,
        raw: json!({"id": id}),
    };
    event(seconds, InboundKind::Call(call))
}

pub(crate) fn reacts(
    from: &Person,
    id: &str,
    target: &str,
    seconds: i64,
    emoji: Option<&str>,
) -> InboundEvent {
    let reaction = Reaction {
        provider_id: id.to_owned(),
        from: from.clone(),
        target: target.to_owned(),
        emoji: emoji.map(str::to_owned),
    };
    event(seconds, InboundKind::Reaction(reaction))
}

pub(crate) fn edits(from: &Person, id: &str, target: &str, seconds: i64, body: &str) -> InboundEvent {
    let content = Content::text(body);
    let edit = Edit {
        provider_id: id.to_owned(),
        from: from.clone(),
        target: target.to_owned(),
        content,
    };
    event(seconds, InboundKind::Edit(edit))
}

pub(crate) fn revokes(from: &Person, id: &str, target: &str, seconds: i64) -> InboundEvent {
    let revoke = Revoke {
        provider_id: id.to_owned(),
        from: from.clone(),
        target: target.to_owned(),
    };
    event(seconds, InboundKind::Revoke(revoke))
}

pub(crate) fn prefers(from: &Person, seconds: i64, choice: PreferenceChoice) -> InboundEvent {
    event(
        seconds,
        InboundKind::Preference(Preference {
            person: from.clone(),
            choice,
        }),
    )
}

/// The platform says that the template is now this.
pub(crate) fn template_is(name: &str, seconds: i64, status: TemplateStatus) -> InboundEvent {
    let notice = TemplateNotice {
        provider_id: None,
        name: name.to_owned(),
        language: "pt_BR".parse().unwrap(),
        value: status,
        reason: None,
    };
    event(seconds, InboundKind::TemplateStatus(notice))
}

pub(crate) fn accepted(id: &str) -> Outcome {
    Outcome::Accepted(Accepted {
        provider_id: id.to_owned(),
        addresses: Vec::new(),
        held: false,
    })
}

pub(crate) fn failed(class: FailureClass, code: &str) -> StatusKind {
    StatusKind::Failed(failure(class, code))
}

pub(crate) fn failure(class: FailureClass, code: &str) -> Failure {
    Failure::new(class, code, "as the platform says")
}

/// The platform says that the person stopped marketing.
pub(crate) fn stopped_marketing() -> Failure {
    failure(FailureClass::RecipientOptedOut(OptOutScope::Marketing), "131050")
}
