//! Random records, filters and journal entries: of every kind, with awkward texts and times that tie.

mod content;
mod entries;
mod inbox;
mod sequences;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tertulia_core::account::{
    Account, AccountState, Ban, Begun, Route, SenderBan, SenderLimit, SenderQuality, Standing,
};
use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::audit::{Leaf, Salt, Seal};
use tertulia_core::broadcast::{Broadcast, BroadcastState, RecipientFilter, Refusal};
use tertulia_core::channel::Channel;
use tertulia_core::consent::{Change, Consent, Fact, Proof, Purpose, Scope, Source};
use tertulia_core::contact::{
    Contact, ContactOrder, CreatedBy, Elsewhere, Identity, LeadStatus, RecordStatus, Tag, Written,
};
use tertulia_core::conversation::{Author, Evidence, Label, Message, MessageRef, Parked};
use tertulia_core::ctwa::Touch;
use tertulia_core::erasure::{ErasedMedia, Erasure, ErasureCertificate, ErasureCounts};
use tertulia_core::filter::{AttributeFilter, Filter, OwnerFilter, Span, TagFilter, TimeFilter, ValueTest};
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::ids::{ContactId, DispatchId, OrgId};
use tertulia_core::import::{Field, Format, Import, ImportCounts, OnDuplicate};
use tertulia_core::journal::Actor;
use tertulia_core::ledger::{Dispatch, DispatchState, Reached, SkipReason, Slot, StateName, StepRow};
use tertulia_core::media::MediaFile;
use tertulia_core::merge::{Merged, Undo};
use tertulia_core::message::{Delivery, MediaSource, StatusKind};
use tertulia_core::note::Note;
use tertulia_core::quick_reply::{QuickReply, QuickReplyName};
use tertulia_core::record::{
    ExternalRef, IdentityRef, Key, Org, OrgRule, OrgTemplate, Quarantined, Record, RecordKind,
};
use tertulia_core::render::Text;
use tertulia_core::retry::{Failure, FailureClass, LimitScope};
use tertulia_core::roles::Role;
use tertulia_core::schedule::Schedule;
use tertulia_core::segment::{Segment, SegmentName, SegmentUser};
use tertulia_core::selection::{RecipientSelection, Selection, Target, TargetList};
use tertulia_core::sequence::SequenceVersion;
use tertulia_core::settings::{InboundConsent, Plan, Settings};
use tertulia_core::suppression::{HostKeyed, Suppression, SuppressionKey};
use tertulia_core::tagging::{Pattern, PatternKind, Rule};
use tertulia_core::team::Member;
use tertulia_core::template::{
    BodyParameters, Category, Component, Language, Parameter, ParameterFormat, Quality, Template,
    TemplateParameters, TemplateStatus,
};
use tertulia_core::window::Window;
use uuid::Uuid;

use super::support::blank_contact;

/// Folded tags as contacts and filters have them.
pub const TAGS: [&str; 7] = ["vip", "novo", "são joão", "100%_", "o'brien", "日本", "\"a\" b"];

const ZONES: [&str; 3] = ["UTC", "Asia/Kolkata", "Pacific/Kiritimati"];

/// Names of attributes that contacts have and filters ask about.
const ATTRIBUTES: [&str; 3] = ["city", "Joined_On", "o'brien"];

const TEXTS: [&str; 14] = [
    "a",
    "A",
    "Z",
    "ab",
    "a b",
    "a%",
    "a_",
    "O'Brien",
    "x\"y\\z",
    "São João",
    "Łódź ß",
    "日本語",
    "👩‍👩‍👧",
    "line\nbreak\t",
];

/// A source of random values: the same seed gives the same ones.
#[derive(Debug, Clone)]
pub struct Generator {
    rng: fastrand::Rng,
    /// How many different ids of each kind [`Self::pooled`] makes; small, so that records meet.
    pool: u64,
}

impl Generator {
    /// A source with this many different ids of each kind.
    pub fn new(seed: u64, pool: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            pool: pool.max(1),
        }
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.rng.usize(..end.max(1))
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    pub fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.rng.bool().then(|| make(self))
    }

    pub(crate) fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }

    /// An id that no other call makes.
    pub fn fresh<I: From<Uuid>>(&mut self) -> I {
        let random: [u8; 10] = std::array::from_fn(|_| self.rng.u8(..));
        let millis = 1_767_225_600_000 + self.rng.u64(..1_000_000);
        I::from(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// One of the few ids of its kind.
    pub fn pooled<I: From<Uuid>>(&mut self) -> I {
        I::from(Uuid::from_u128(u128::from(self.rng.u64(1..=self.pool))))
    }

    /// The few organisations: two, or one if the pool has only one.
    pub fn orgs(&self) -> Vec<OrgId> {
        (1..=u128::from(self.pool.min(2)))
            .map(|n| OrgId(Uuid::from_u128(n)))
            .collect()
    }

    fn org(&mut self) -> OrgId {
        let orgs = self.orgs();
        self.one_of(&orgs)
    }

    /// A time within a minute: often a whole second that others have too, sometimes a microsecond of its own.
    pub fn time(&mut self) -> DateTime<Utc> {
        let micros = if self.once_in(3) {
            self.rng.i64(0..1_000_000)
        } else {
            0
        };
        epoch() + TimeDelta::seconds(self.rng.i64(0..60)) + TimeDelta::microseconds(micros)
    }

    /// Less than this many seconds, to the millisecond.
    pub fn seconds(&mut self, end: u32) -> TimeDelta {
        TimeDelta::milliseconds(self.rng.i64(0..i64::from(end.max(1)) * 1_000))
    }

    /// 64 random bits, as ids are made from.
    pub fn seed(&mut self) -> u64 {
        self.rng.u64(..)
    }

    /// A text that quoting, escaping or collation may spoil.
    pub fn text(&mut self) -> String {
        self.one_of(&TEXTS).to_owned()
    }

    /// A match key, of few.
    fn match_key(&mut self) -> String {
        format!("+5511{}", self.rng.u64(..self.pool))
    }

    fn value(&mut self) -> Value {
        match self.below(6) {
            0 => Value::Null,
            1 => json!(self.rng.bool()),
            2 => self.number(),
            3 => json!({ self.text(): [self.text(), 1.5] }),
            4 => self.date(),
            _ => json!(self.text()),
        }
    }

    /// A number that types may spoil: the ends of their ranges, and what two of them both have.
    fn number(&mut self) -> Value {
        self.one_of(&[
            json!(0),
            json!(-0.0),
            json!(1),
            json!(1.0),
            json!(-1.5),
            json!(i64::MIN),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(9_007_199_254_740_993_i64),
            json!(1e300),
        ])
    }

    fn date(&mut self) -> Value {
        self.one_of(&["0001-01-01", "2026-02-28", "2026-03-01"].map(|date| json!(date)))
    }

    fn lead(&mut self) -> LeadStatus {
        use LeadStatus::{Cold, Customer, Hot, Warm};
        self.one_of(&[Cold, Warm, Hot, Customer])
    }

    /// One of the orders of contacts, or by id.
    pub(crate) fn contact_order(&mut self) -> Option<ContactOrder> {
        use ContactOrder::{Created, LastActive, Name};
        self.one_of(&[None, Some(Created), Some(Name), Some(LastActive)])
    }

    /// A key of this kind, of few.
    pub fn key(&mut self, kind: RecordKind) -> Key {
        let org = self.org();
        let (account, contact) = (self.pooled(), self.pooled());
        match kind {
            RecordKind::Org => Key::Org { org },
            RecordKind::Route => Key::Route {
                channel: self.channel(),
                sender_id: self.text(),
            },
            RecordKind::Account => Key::Account { org, account },
            RecordKind::Contact => Key::Contact { org, contact },
            RecordKind::Identity => Key::Identity {
                org,
                kind: self.address_kind(),
                match_key: self.text(),
            },
            RecordKind::ExternalRef => Key::ExternalRef {
                org,
                system: self.text(),
                id: self.text(),
            },
            RecordKind::Window => Key::Window {
                org,
                account,
                kind: self.address_kind(),
                match_key: self.text(),
            },
            RecordKind::Tag => Key::Tag {
                org,
                key: self.one_of(&TAGS).to_owned(),
            },
            RecordKind::Label => Key::Label {
                org,
                key: self.one_of(&TAGS).to_owned(),
            },
            RecordKind::Rule => Key::Rule {
                org,
                rule: self.pooled(),
            },
            RecordKind::Attribute => Key::Attribute {
                org,
                name: self.text(),
            },
            RecordKind::Member => Key::Member {
                org,
                member: self.pooled(),
            },
            RecordKind::Template => Key::Template {
                org,
                name: self.text(),
                language: self.language().as_str().to_owned(),
            },
            RecordKind::Conversation => Key::Conversation {
                org,
                conversation: self.pooled(),
            },
            RecordKind::Message => Key::Message {
                org,
                message: self.pooled(),
            },
            RecordKind::MessageRef => Key::MessageRef {
                org,
                account,
                token: self.text(),
            },
            RecordKind::Parked => Key::Parked {
                org,
                account,
                provider_id: self.text(),
            },
            RecordKind::Broadcast => Key::Broadcast {
                org,
                broadcast: self.pooled(),
            },
            RecordKind::TargetList => Key::TargetList {
                org,
                broadcast: self.pooled(),
            },
            RecordKind::Sequence => Key::Sequence {
                org,
                sequence: self.sequence_id(),
            },
            RecordKind::SequenceVersion => Key::SequenceVersion {
                org,
                sequence: self.sequence_id(),
                // Texts of these numbers sort otherwise.
                version: self.one_of(&[1, 2, 10, u32::MAX]),
            },
            RecordKind::Enrollment => Key::Enrollment {
                org,
                enrollment: self.pooled(),
            },
            RecordKind::Dispatch => Key::Dispatch {
                org,
                dispatch: self.pooled(),
            },
            RecordKind::Slot => Key::Slot { org, contact },
            RecordKind::Import => Key::Import {
                org,
                import: self.pooled(),
            },
            RecordKind::Segment => Key::Segment {
                org,
                segment: self.pooled(),
            },
            RecordKind::SegmentName => Key::SegmentName {
                org,
                key: self.text(),
            },
            RecordKind::Merged => Key::Merged {
                org,
                contact: self.pooled(),
            },
            RecordKind::MediaFile => Key::MediaFile {
                org,
                message: self.pooled(),
            },
            RecordKind::Touch => Key::Touch {
                org,
                message: self.pooled(),
            },
            RecordKind::Survey => Key::Survey {
                org,
                survey: self.pooled(),
            },
            RecordKind::QuickReply => Key::QuickReply {
                org,
                reply: self.pooled(),
            },
            RecordKind::QuickReplyName => Key::QuickReplyName {
                org,
                key: self.text(),
            },
            RecordKind::Note => Key::Note {
                org,
                note: self.pooled(),
            },
            RecordKind::Suppression => Key::Suppression {
                org,
                hash: self.text(),
            },
            RecordKind::Seal => Key::Seal {
                org,
                number: self.rng.u64(1..9),
            },
            RecordKind::Erasure => Key::Erasure {
                org,
                contact: self.pooled(),
            },
            RecordKind::Quarantined => Key::Quarantined { id: self.pooled() },
        }
    }

    /// A record with this key.
    pub fn record(&mut self, key: &Key) -> Record {
        let key = key.clone();
        match key {
            Key::Org { org } => Record::Org(Org {
                id: org,
                settings: self.settings(),
                rules_epoch: self.rng.u64(..9),
                suppression_key: SuppressionKey::new(std::array::from_fn(|_| self.rng.u8(..))),
                host_key: self.maybe(|make| HostKeyed {
                    check: make.text(),
                    done: make.rng.bool(),
                }),
                routing: self.some(2, Self::routing_rule),
                watches: self.some(2, Self::watch),
            }),
            Key::Route { channel, sender_id } => Record::Route(Route {
                channel,
                sender_id,
                org: self.org(),
                account: self.pooled(),
            }),
            Key::Account { org, account } => Record::Account(Account {
                id: account,
                org,
                channel: self.one_of(&[Channel::WhatsApp, Channel::WhatsApp, Channel::Email]),
                sender_id: self.text(),
                business_id: self.maybe(Self::text),
                endpoint: self.maybe(Self::text),
                name: self.text(),
                credential: self.text(),
                messages_per_second: self.maybe(|make| u32::try_from(make.below(4)).unwrap_or_default()),
                state: self.account_state(),
                standing: self.standing(),
                begun: self.some(2, |make| Begun {
                    until: make.time(),
                    people: make.below(9) as u64,
                }),
            }),
            Key::Contact { org, contact } => {
                let blank = Contact::new(org, contact, CreatedBy::Api, self.time());
                Record::Contact(self.contact(&blank))
            }
            Key::Identity { org, kind, match_key } => Record::Identity(IdentityRef {
                org,
                kind,
                match_key,
                contact: self.pooled(),
            }),
            Key::ExternalRef { org, system, id } => Record::ExternalRef(ExternalRef {
                org,
                system,
                id,
                contact: self.pooled(),
            }),
            Key::Window {
                org,
                account,
                kind,
                match_key,
            } => Record::Window(Window {
                org,
                account,
                address: Address::new(kind, match_key),
                last_inbound: self.maybe(Self::time),
                free_entry_until: self.maybe(Self::time),
            }),
            Key::Tag { org, key } => Record::Tag(Tag {
                org,
                key,
                name: self.text(),
            }),
            Key::Rule { org, rule } => Record::Rule(OrgRule {
                org,
                position: self.rng.u64(..9),
                rule: Rule {
                    id: rule,
                    name: self.maybe(Self::text),
                    pattern: Pattern {
                        kind: self.one_of(&[PatternKind::Contains, PatternKind::Word, PatternKind::Regex]),
                        text: self.text(),
                        case_sensitive: self.rng.bool(),
                    },
                    tags: vec![self.text()],
                    enabled: self.rng.bool(),
                    channels: self.maybe(|make| vec![make.channel()]),
                },
            }),
            Key::Attribute { org, name } => Record::Attribute(Attribute {
                org,
                name,
                kind: self.one_of(&[
                    AttributeKind::Number,
                    AttributeKind::Dropdown {
                        values: vec!["a".to_owned(), "b".to_owned()],
                    },
                ]),
            }),
            Key::Member { org, member } => Record::Member(Member {
                id: member,
                org,
                name: self.text(),
                role: self.one_of(&Role::ALL),
                active: self.rng.bool(),
            }),
            Key::Template { org, name, language } => Record::Template(OrgTemplate {
                org,
                template: self.template(name, &language),
                noticed: [("status".to_owned(), self.time())].into(),
            }),
            Key::Conversation { org, conversation } => {
                Record::Conversation(self.conversation(org, conversation))
            }
            Key::Label { org, key } => Record::Label(Label {
                org,
                key,
                name: self.text(),
            }),
            Key::Message { org, message } => Record::Message(Message {
                id: message,
                org,
                conversation: self.pooled(),
                contact: self.pooled(),
                account: self.pooled(),
                channel: self.channel(),
                address: Address::new(self.address_kind(), self.text()),
                author: self.author(),
                provider_id: self.maybe(Self::text),
                content: self.content(),
                reply_to: self.maybe(Self::text),
                forwarded: self.rng.bool(),
                group_id: self.maybe(Self::text),
                referral: self.maybe(Self::referral),
                at: self.time(),
                dispatch: self.maybe(Self::pooled),
                delivery: self.delivery(),
                reactions: BTreeMap::from([(self.text(), (self.time(), self.maybe(Self::text)))]),
                edited: self.maybe(|make| (make.time(), make.text())),
                revoked: self.maybe(Self::time),
            }),
            Key::MessageRef { org, account, token } => Record::MessageRef(MessageRef {
                org,
                account,
                token,
                message: self.pooled(),
                dispatch: self.maybe(Self::pooled),
            }),
            Key::Parked {
                org,
                account,
                provider_id,
            } => Record::Parked(Parked {
                org,
                account,
                provider_id,
                evidence: self.some(3, Self::evidence),
                since: self.time(),
            }),
            Key::Broadcast { org, broadcast } => Record::Broadcast(Broadcast {
                id: broadcast,
                org,
                name: self.text(),
                account: self.pooled(),
                template: self.text(),
                language: self.language(),
                parameters: self.parameters(),
                target: self.target(),
                schedule: self.maybe(|make| Schedule {
                    at: make.time().naive_utc(),
                    zone: make.one_of(&ZONES).parse().expect("a zone"),
                    recipients_zones: make.rng.bool(),
                }),
                state: self.broadcast_state(),
                created_at: self.time(),
            }),
            Key::TargetList { org, broadcast } => Record::TargetList(TargetList {
                org,
                broadcast,
                contacts: self.some(4, Self::pooled).into_iter().collect(),
            }),
            Key::Sequence { org, sequence } => Record::Sequence(self.sequence(org, sequence)),
            Key::SequenceVersion {
                org,
                sequence,
                version,
            } => Record::SequenceVersion(SequenceVersion {
                org,
                sequence,
                version,
                definition: self.definition(),
            }),
            Key::Enrollment { org, enrollment } => Record::Enrollment(self.enrollment(org, enrollment)),
            Key::Dispatch { org, dispatch } => Record::Dispatch(self.dispatch(org, dispatch)),
            Key::Slot { org, contact } => Record::Slot(Slot {
                org,
                contact,
                attempt: self.fresh(),
                taken_at: self.time() - TimeDelta::hours(self.rng.i64(0..48)),
                earlier: self.some(3, |make| (make.fresh(), make.time())),
            }),
            Key::Import { org, import } => Record::Import(Import {
                id: import,
                org,
                file: self.text(),
                columns: vec![Field::Phone, Field::Attribute(self.text())],
                on_duplicate: self.one_of(&[OnDuplicate::Skip, OnDuplicate::FillGaps]),
                format: Format::default(),
                digest: self.text(),
                counts: ImportCounts {
                    created: self.rng.u64(..9),
                    ..ImportCounts::default()
                },
                finished: self.rng.bool(),
            }),
            Key::Segment { org, segment } => Record::Segment(Segment {
                id: segment,
                org,
                name: self.text(),
                filter: self.filter(2),
                created_at: self.time(),
                users: self
                    .some(2, |make| match make.below(2) {
                        0 => SegmentUser::Sequence(make.sequence_id()),
                        _ => SegmentUser::Broadcast(make.pooled()),
                    })
                    .into_iter()
                    .collect(),
            }),
            Key::SegmentName { org, key } => Record::SegmentName(SegmentName {
                org,
                key,
                segment: self.pooled(),
            }),
            Key::Merged { org, contact } => Record::Merged(self.merged(org, contact)),
            Key::MediaFile { org, message } => Record::MediaFile(MediaFile {
                org,
                message,
                contact: self.pooled(),
                account: self.pooled(),
                channel: self.channel(),
                source: MediaSource::Id(self.text()),
                mime_type: self.maybe(Self::text),
                size: self.rng.u64(..),
                sha256: self.text(),
                at: self.time(),
            }),
            Key::Touch { org, message } => Record::Touch(Touch {
                org,
                message,
                contact: self.pooled(),
                conversation: self.pooled(),
                at: self.time(),
                referral: self.referral(),
            }),
            Key::Survey { org, survey } => Record::Survey(self.survey(org, survey)),
            Key::QuickReply { org, reply } => Record::QuickReply(QuickReply {
                id: reply,
                org,
                shortcut: self.text(),
                body: Text::literal(&self.text()),
                created_at: self.time(),
                updated_at: self.time(),
            }),
            Key::QuickReplyName { org, key } => Record::QuickReplyName(QuickReplyName {
                org,
                key,
                reply: self.pooled(),
            }),
            Key::Note { org, note } => Record::Note(Note {
                id: note,
                org,
                contact: self.pooled(),
                author: self.actor(),
                text: self.text(),
                at: self.time(),
                edited_at: self.maybe(Self::time),
            }),
            Key::Suppression { org, hash } => Record::Suppression(Suppression {
                org,
                hash,
                facts: self.some(2, Self::fact),
                slot: self.maybe(|make| (make.time(), make.pooled())),
                erased_at: self.maybe(Self::time),
            }),
            Key::Seal { org, number } => {
                let salt = Salt::new(std::array::from_fn(|_| self.rng.u8(..)));
                let position = self.rng.u64(1..20);
                let mut entries = self.some(3, |make| make.entry(org));
                entries.push(self.entry(org));
                let entries: Vec<_> = (position..).zip(entries).collect();
                let seal = Seal::over(org, None, &entries, || salt, self.time());
                let mut seal = seal.unwrap_or_else(|| unreachable!("there is an entry"));
                seal.number = number;
                if self.once_in(3) {
                    seal.leaves.iter_mut().for_each(Leaf::forget);
                }
                Record::Seal(seal)
            }
            Key::Erasure { org, contact } => Record::Erasure(self.erasure(org, contact)),
            Key::Quarantined { id } => Record::Quarantined(Quarantined {
                id,
                org: self.maybe(Self::org),
                received_at: self.time(),
                reason: self.text(),
                raw: self.value(),
            }),
        }
    }

    fn settings(&mut self) -> Settings {
        Settings {
            name: self.text(),
            zone: self.one_of(&["America/Sao_Paulo", "UTC"]).parse().unwrap(),
            plan: self
                .maybe(|make| make.rng.u64(..9))
                .map_or(Plan::Free, Plan::Contacts),
            strict_consent: self.rng.bool(),
            inbound_consent: self.one_of(&[InboundConsent::Everything, InboundConsent::AllButMarketing]),
            stop_confirmation: self.maybe(Self::text),
            ..Settings::default()
        }
    }

    fn standing(&mut self) -> Standing {
        let quality = |make: &mut Self| SenderQuality {
            since: make.time(),
            low: make.rng.bool(),
        };
        Standing {
            number: self.maybe(Self::text),
            quality: self.maybe(quality),
            limit: self.maybe(|make| SenderLimit {
                since: make.time(),
                tier: make.text(),
                people_a_day: make.maybe(|make| make.rng.u64(..9)),
            }),
            ban: self.maybe(|make| SenderBan {
                since: make.time(),
                ban: make.one_of(&[Ban::Lifted, Ban::Scheduled, Ban::Restricted, Ban::Disabled]),
                detail: make.maybe(Self::text),
                until: make.maybe(Self::time),
            }),
            unclaimed: self
                .some(2, |make| (make.text(), quality(make)))
                .into_iter()
                .collect(),
        }
    }

    fn account_state(&mut self) -> AccountState {
        match self.below(8) {
            0 => AccountState::Held { until: self.time() },
            1 => AccountState::Stopped {
                failure: self.failure(),
                since: self.time(),
            },
            2 => AccountState::Disabled,
            _ => AccountState::Active,
        }
    }

    /// Fills a blank contact with whatever.
    pub fn contact(&mut self, blank: &Contact) -> Contact {
        let own = blank.id.0.as_u128() % 1_000_000_007;
        let identities = self.some(2, |make| {
            let kind = make.address_kind();
            // Mostly the contact's own, so that an audience rarely meets one address twice.
            let match_key = if make.once_in(12) {
                make.match_key()
            } else {
                format!("+5511{own}{}", make.below(3))
            };
            Identity {
                address: Address::new(kind, match_key.clone()),
                match_key,
                provider_value: make.maybe(Self::text),
                unassigned: make.rng.bool(),
                since: make.time(),
                until: if make.once_in(4) { Some(make.time()) } else { None },
                merged_from: if make.once_in(4) {
                    Some(make.pooled())
                } else {
                    None
                },
            }
        });
        Contact {
            revision: self.rng.u64(1..9),
            name: self.maybe(Self::text),
            first_name: self.maybe(Self::text),
            last_name: self.maybe(Self::text),
            profile_name: self.maybe(|make| (make.time(), make.text())),
            username: self.maybe(|make| (make.time(), make.text())),
            email: self.maybe(Self::text),
            identities,
            elsewhere: self.some(1, |make| Elsewhere {
                address: Address::new(make.address_kind(), make.match_key()),
                at: make.time(),
            }),
            external_ids: BTreeMap::from([(self.text(), self.text())]),
            tags: self
                .some(4, |make| (make.one_of(&TAGS).to_owned(), make.text()))
                .into_iter()
                .collect(),
            attributes: self
                .some(3, |make| (make.one_of(&ATTRIBUTES).to_owned(), make.value()))
                .into_iter()
                .collect(),
            lead: self.lead(),
            owner: self.maybe(Self::pooled),
            status: self.status(),
            status_before_block: self.maybe(Self::status),
            source_channel: self.maybe(Self::channel),
            last_inbound: self.maybe(Self::time),
            last_interaction: self.maybe(Self::time),
            consent: self.consent(),
            conversation: self.maybe(Self::pooled),
            conversation_status: self.maybe(Self::conversation_status),
            last_campaign: self.maybe(|make| (make.time(), make.pooled())),
            became_customer: self.some(2, Self::time).into_iter().collect(),
            written: self.some(2, |make| Written {
                account: make.pooled(),
                at: make.time(),
                row: make.pooled(),
                began: make.maybe(Self::time),
                took: make.once_in(2),
            }),
            enrolled: self
                .some(2, |make| (make.sequence_id(), make.enrolled()))
                .into_iter()
                .collect(),
            merged: self.some(2, Self::pooled),
            ..blank.clone()
        }
    }

    fn merged(&mut self, org: OrgId, contact: ContactId) -> Merged {
        let blank = blank_contact(org, contact);
        let undo = self.maybe(|make| {
            Box::new(Undo {
                duplicate: make.contact(&blank),
                before: make.contact(&blank),
                after: make.contact(&blank),
                conversations: make.some(2, Self::pooled),
            })
        });
        Merged {
            org,
            contact,
            into: self.pooled(),
            at: self.time(),
            by: Actor::Worker,
            undo,
        }
    }

    fn erasure(&mut self, org: OrgId, contact: ContactId) -> Erasure {
        Erasure {
            org,
            addresses: self.some(2, Self::address),
            certificate: ErasureCertificate {
                contact,
                ids: self.some(2, Self::pooled),
                requested_at: self.time(),
                by: self.actor(),
                finished_at: self.maybe(Self::time),
                scrubbed: self.once_in(2),
                counts: ErasureCounts {
                    messages: self.rng.u64(..9),
                    ..ErasureCounts::default()
                },
                media: self.some(2, |make| ErasedMedia {
                    message: make.pooled(),
                    account: make.pooled(),
                    channel: make.channel(),
                    source: MediaSource::Id(make.text()),
                }),
            },
        }
    }

    fn status(&mut self) -> RecordStatus {
        use RecordStatus::{Active, Blocked, Deleted, Inactive};
        self.one_of(&[Active, Active, Active, Inactive, Blocked, Deleted])
    }

    fn consent(&mut self) -> Consent {
        let mut consent = Consent::default();
        for fact in self.some(3, Self::fact) {
            consent.record(fact);
        }
        if self.once_in(4) {
            let mut other = Consent::default();
            for fact in self.some(3, Self::fact) {
                other.record(fact);
            }
            consent.merge(self.pooled(), &other, self.time());
        }
        consent
    }

    fn fact(&mut self) -> Fact {
        Fact {
            at: self.time(),
            change: self.one_of(&[Change::OptIn, Change::OptIn, Change::OptOut, Change::NewNumber]),
            scope: Scope {
                purpose: self.one_of(&[
                    Purpose::Everything,
                    Purpose::Everything,
                    Purpose::Marketing,
                    Purpose::AllButMarketing,
                ]),
                sender: if self.once_in(4) {
                    Some(self.pooled())
                } else {
                    None
                },
            },
            source: self.one_of(&[Source::Inbound, Source::Manual, Source::Keyword, Source::Provider]),
            via: self.maybe(Self::pooled),
            new_proof: self.rng.bool(),
            proof: Proof::Stated(self.text()),
        }
    }

    fn broadcast_state(&mut self) -> BroadcastState {
        match self.below(10) {
            0 => BroadcastState::Draft,
            1 => BroadcastState::Finished {
                launched: self.time(),
                at: self.time(),
            },
            2 => BroadcastState::Scheduled { at: self.time() },
            3 => BroadcastState::Held {
                due: self.time(),
                since: self.time(),
                refusal: self.maybe(|make| Refusal {
                    code: make.text(),
                    message: make.text(),
                }),
            },
            4 => BroadcastState::Paused {
                launched: self.time(),
                since: self.time(),
                refusal: None,
            },
            5 => BroadcastState::Cancelling {
                launched: self.time(),
                since: self.time(),
            },
            6 => BroadcastState::Cancelled {
                launched: self.maybe(Self::time),
                at: self.time(),
            },
            _ => BroadcastState::Running { since: self.time() },
        }
    }

    /// A row of the ledger, in any state.
    pub fn dispatch(&mut self, org: OrgId, id: DispatchId) -> Dispatch {
        let state = self.one_of(&StateName::ALL);
        let origin = self.author();
        Dispatch {
            id,
            org,
            step: matches!(origin, Author::Sequence(_)).then(|| StepRow {
                enrollment: self.pooled(),
                step: self.step_name(),
            }),
            origin,
            contact: self.pooled(),
            account: self.pooled(),
            match_key: self.maybe(Self::match_key),
            state: self.dispatch_state(state),
            epoch: self.rng.u64(..9),
            attempts: self.rng.u32(..9),
            faults: self.rng.u32(..3),
            attempt: self.maybe(Self::fresh),
            message: self.maybe(Self::pooled),
            not_before: self.time(),
            settles_within_seconds: self.rng.u32(..9),
            failure: self.maybe(Self::failure),
            accepted: self.rng.bool(),
            replied: self.rng.bool(),
            opted_out_after: self.rng.bool(),
        }
    }

    fn target(&mut self) -> Target {
        match self.selection() {
            Selection::Ids(_) => Target::List,
            Selection::Filter(filter) => Target::Filter(filter),
            Selection::Recipients(meant) => Target::Recipients(meant),
        }
    }

    /// Which contacts.
    pub fn selection(&mut self) -> Selection {
        match self.below(3) {
            0 => Selection::Ids(self.some(4, Self::pooled)),
            1 => Selection::Recipients(RecipientSelection {
                broadcast: self.pooled(),
                who: self.recipients(),
            }),
            _ => Selection::Filter(self.filter(2)),
        }
    }

    /// Which recipients of a broadcast.
    pub fn recipients(&mut self) -> RecipientFilter {
        RecipientFilter {
            states: self.some(4, |make| make.one_of(&StateName::ALL)),
            reasons: match self.below(3) {
                0 => self.some(3, |make| {
                    make.one_of(&["opted_out", "capped", "131026"]).to_owned()
                }),
                _ => Vec::new(),
            },
            replied: Some(self.rng.bool()).filter(|_| self.once_in(3)),
            opted_out_after: Some(self.rng.bool()).filter(|_| self.once_in(3)),
        }
    }

    /// A state of this name.
    pub fn dispatch_state(&mut self, name: StateName) -> DispatchState {
        let accepted = |reached| DispatchState::Accepted { reached };
        match name {
            StateName::Pending => DispatchState::Pending,
            StateName::Leased => DispatchState::Leased {
                worker: self.text(),
                until: self.time(),
            },
            StateName::Sending => DispatchState::Sending { since: self.time() },
            StateName::Unknown => DispatchState::Unknown {
                since: self.time(),
                until: self.time(),
            },
            StateName::Accepted => accepted(Reached::Accepted),
            StateName::Sent => accepted(Reached::Sent),
            StateName::Delivered => accepted(Reached::Delivered),
            StateName::Read => accepted(Reached::Read),
            StateName::Failed => DispatchState::Failed,
            StateName::Skipped => DispatchState::Skipped {
                reason: self.one_of(&[
                    SkipReason::OptedOut,
                    SkipReason::Capped,
                    SkipReason::NoAddress,
                    SkipReason::LeftSequence,
                ]),
            },
            StateName::Unconfirmed => DispatchState::Unconfirmed,
        }
    }

    fn failure(&mut self) -> Failure {
        let class = self.one_of(&[
            FailureClass::Payment,
            FailureClass::RateLimited(LimitScope::Pair),
            FailureClass::Unreachable,
        ]);
        let code = self.one_of(&["131026", "connect", ""]);
        Failure::new(class, code, self.text())
    }

    fn author(&mut self) -> Author {
        match self.below(8) {
            0 => Author::Agent(self.pooled()),
            1 => Author::Host(self.text()),
            5 => Author::Handler(self.text()),
            6 | 7 => Author::Sequence(self.sequence_id()),
            2 => Author::Contact,
            _ => Author::Broadcast(self.pooled()),
        }
    }

    fn status_kind(&mut self) -> StatusKind {
        match self.below(4) {
            0 => StatusKind::Failed(self.failure()),
            1 => StatusKind::Other(self.text()),
            2 => StatusKind::Delivered,
            _ => StatusKind::Sent,
        }
    }

    fn delivery(&mut self) -> Delivery {
        let mut delivery = Delivery::default();
        for status in self.some(3, Self::status_kind) {
            delivery.observe(&status, self.time());
        }
        delivery
    }

    fn evidence(&mut self) -> Evidence {
        match self.below(4) {
            0 => Evidence::Reaction {
                by: self.text(),
                emoji: self.maybe(Self::text),
                at: self.time(),
            },
            1 => Evidence::Edit {
                edit_id: self.text(),
                content: self.content(),
                at: self.time(),
            },
            2 => Evidence::Revoke { at: self.time() },
            _ => Evidence::Status {
                status: self.status_kind(),
                at: self.time(),
            },
        }
    }

    fn language(&mut self) -> Language {
        let code = self.one_of(&["pt_BR", "en_US", "en"]);
        Language::parse(code).unwrap()
    }

    fn parameters(&mut self) -> TemplateParameters {
        TemplateParameters {
            header: None,
            body: BodyParameters::Positional(self.some(2, |make| Parameter::Text {
                text: Text::literal(&make.text()),
            })),
            buttons: Vec::new(),
        }
    }

    fn template(&mut self, name: String, language: &str) -> Template {
        let body = json!({ "type": "BODY", "text": self.text(), "example": self.value() });
        Template {
            provider_id: self.maybe(Self::text),
            name,
            language: Language::parse(language).unwrap(),
            category: self.one_of(&[Category::Marketing, Category::Utility]),
            status: self.one_of(&[
                TemplateStatus::Approved,
                TemplateStatus::Unknown("NEW".to_owned()),
            ]),
            parameter_format: ParameterFormat::Named,
            components: vec![serde_json::from_value::<Component>(body).unwrap()],
            quality: self.maybe(|make| make.one_of(&[Quality::Green, Quality::Unrated])),
        }
    }

    fn channel(&mut self) -> Channel {
        self.one_of(&Channel::ALL)
    }

    fn address_kind(&mut self) -> AddressKind {
        self.one_of(&[
            AddressKind::Phone,
            AddressKind::Phone,
            AddressKind::WhatsAppId,
            AddressKind::Email,
        ])
    }

    /// A folded filter, at most this deep.
    pub fn filter(&mut self, depth: usize) -> Filter {
        let tags = |make: &mut Self| make.some(3, |make| make.one_of(&TAGS).to_owned());
        match self.below(if depth == 0 { 14 } else { 21 }) {
            0 => Filter::Everyone,
            1 => Filter::Tags(TagFilter::Any(tags(self))),
            2 => Filter::Tags(TagFilter::All(tags(self))),
            3 => Filter::Tags(TagFilter::None(tags(self))),
            4 => Filter::OptedIn(self.rng.bool()),
            5 => Filter::Status(self.some(3, Self::status)),
            6 => Filter::Lead(self.some(2, Self::lead)),
            7 => Filter::Owner(match self.maybe(Self::pooled) {
                Some(owner) => OwnerFilter::Is(owner),
                None => OwnerFilter::Nobody,
            }),
            8 if self.once_in(2) => Filter::Conversation(self.some(3, Self::conversation_status)),
            8 => Filter::Source(self.some(3, Self::channel)),
            9 => Filter::Created(self.time_filter()),
            10 => Filter::LastInteraction(self.time_filter()),
            11 => Filter::Attribute(AttributeFilter {
                name: self.one_of(&ATTRIBUTES).to_owned(),
                is: self.value_test(),
            })
            .folded(),
            12 | 13 => Filter::Text(self.typed()),
            14 => Filter::Segment(self.pooled()),
            15 | 16 => Filter::Not(Box::new(self.filter(depth - 1))),
            17 | 18 => Filter::And(self.some(3, |make| make.filter(depth - 1))),
            _ => Filter::Or(self.some(3, |make| make.filter(depth - 1))),
        }
    }

    /// What somebody types into a search box: words and parts of words, with numbers in pieces.
    pub(crate) fn typed(&mut self) -> String {
        let mut words = self.some(2, |make| {
            let word: Vec<char> = make.text().chars().collect();
            let begin = make.below(word.len());
            let part = &word[begin..=begin + make.below(word.len() - begin)];
            part.iter().collect::<String>()
        });
        if self.once_in(3) {
            words.push(
                self.one_of(&[
                    "+55 (11)", "5511", "(011) 2", "11-1", "1", "0", "-", "\"", "\u{1}a", "2026",
                ])
                .to_owned(),
            );
        }
        words.join(" ")
    }

    fn time_filter(&mut self) -> TimeFilter {
        match self.below(4) {
            0 => TimeFilter::Never,
            1 => TimeFilter::Before(self.time()),
            2 => TimeFilter::After(self.time()),
            _ => TimeFilter::Between(Span {
                from: self.time(),
                until: self.time(),
            }),
        }
    }

    fn value_test(&mut self) -> ValueTest {
        match self.below(5) {
            0 => ValueTest::Set,
            1 => ValueTest::Equals(self.value()),
            2 => ValueTest::Less(self.value()),
            3 => ValueTest::Greater(self.value()),
            _ => ValueTest::Contains(self.text()),
        }
    }
}

/// When everything here happens, give or take.
pub(crate) fn epoch() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Generator, Record, RecordKind};
    use tertulia_core::journal::Entry;

    #[test]
    fn records_and_entries_are_the_same_after_json() {
        let mut make = Generator::new(1, 4);
        for _ in 0..200 {
            for kind in RecordKind::ALL {
                let key = make.key(*kind);
                let record = make.record(&key);
                let text = serde_json::to_string(&record).unwrap();
                let read = serde_json::from_str::<Record>(&text);
                assert_eq!(read.ok(), Some(record), "{text}");
            }
            let entry = make.entry(make.orgs()[0]);
            let text = serde_json::to_string(&entry).unwrap();
            let read = serde_json::from_str::<Entry>(&text);
            assert_eq!(read.ok(), Some(entry), "{text}");
        }
    }
}
