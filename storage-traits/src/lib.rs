//! What the CRM asks of a store.
//!
//! A store keeps records, finds them, and commits a [`ChangeSet`] whole or not at all. It decides nothing: every rule
//! is in [`tertulia_core`]. [`testkit`] is the suite that every store passes, those of other authors included.

pub mod testkit;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU32;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tertulia_core::broadcast::{Bucket, RecipientFilter};
use tertulia_core::contact::ContactOrder;
use tertulia_core::filter::Filter;
use tertulia_core::ids::{AccountId, BroadcastId, ContactId, ConversationId, OrgId, SequenceId};
use tertulia_core::inbox::{ConversationFilter, ConversationOrder};
use tertulia_core::journal::{Entry, EntryFilter};
use tertulia_core::ledger::{Campaign, Dispatch, StateName};
use tertulia_core::record::{ChangeSet, Key, Record, RecordKind, Stored};
use tertulia_core::sequence::{EnrollmentFilter, Standing};

/// A store of records.
///
/// Held as `Arc<dyn Storage>`; all methods may be called at the same time from many tasks. Records come back as they
/// were given; where times are compared or sorted by, they are told apart to the microsecond at least.
#[async_trait]
pub trait Storage: fmt::Debug + Send + Sync {
    /// The records under these keys, in their order, all as of one instant.
    async fn load(&self, keys: Vec<Key>) -> Result<Vec<Option<Stored>>, StorageError>;

    /// One page of a query, all as of one instant. Pages are found by key, so that writes between two pages neither
    /// repeat nor hide a record that was there throughout.
    async fn page(&self, request: PageRequest) -> Result<Page, StorageError>;

    /// How many records a query finds.
    async fn count(&self, query: Query) -> Result<u64, StorageError>;

    /// One page of the journal.
    async fn journal(&self, request: JournalRequest) -> Result<JournalPage, StorageError>;

    /// The ledger rows of a broadcast or sequence, counted by their [`Bucket::of`], in any order.
    async fn tally(&self, org: OrgId, campaign: Campaign) -> Result<Vec<(Bucket, u64)>, StorageError>;

    /// The enrollments of a sequence, counted by their [`Standing::of`], in any order.
    async fn standings(&self, org: OrgId, sequence: SequenceId)
    -> Result<Vec<(Standing, u64)>, StorageError>;

    /// How many contacts that are not deleted carry each tag, by the tag's key, in any order; tags that none carries
    /// are left out.
    async fn tag_counts(&self, org: OrgId) -> Result<Vec<(String, u64)>, StorageError>;

    /// One page of the texts of [`duplicates::keys`] that two or more contacts of the organisation have, in their order
    /// (by their bytes), all as of one instant. As with [`page`](Self::page), writes between two pages neither repeat
    /// nor hide a text that was shared throughout.
    ///
    /// [`duplicates::keys`]: tertulia_core::duplicates::keys
    async fn shared(&self, request: SharedRequest) -> Result<SharedPage, StorageError>;

    /// Writes a change set, all or nothing, durably. An empty one does nothing. The expectations are about the state
    /// before it; each write sees those before it.
    ///
    /// Fails with [`StorageErrorKind::Conflict`] if an expectation does not hold, an updated or removed record is not
    /// at its version, an inserted one is there already, or another ledger row of the organisation has the broadcast
    /// and contact, or broadcast, account and match key, of one that is written (rows without broadcast, or without
    /// match key, never meet there). Then nothing changed: load, decide and commit again.
    async fn commit(&self, changes: ChangeSet) -> Result<Committed, StorageError>;

    /// Leases ledger rows to a worker: pending ones whose time has come and leased ones whose lease is over, whose
    /// sender may send (see [`tertulia_core::account::Account::sendable_from`]) and whose broadcast, if any, is
    /// running, or whose sequence, if any, is active. A row whose sender, broadcast or sequence has no record stays.
    ///
    /// Organisations take turns, row by row, by their ids from the one after [`ClaimRequest::after`] on, those up to it
    /// last. What an organisation gives to one claim is dealt alike: in turn from each of its lanes, which are the rows
    /// of one sender and broadcast, of one sender and sequence, or of one sender and neither. In a lane the longest due
    /// goes first, of those due at once the lower id; among what lanes give in the same round, too. A sender gives no
    /// more to one claim than [`ClaimRequest::left`] says, nor than it sends in a second (see
    /// [`tertulia_core::account::Account::rate`]). Applies [`Dispatch::lease`], durably, as a write of the row. Two
    /// workers never get the same row.
    async fn claim(&self, request: ClaimRequest) -> Result<Claimed, StorageError>;

    /// Waits until an entry of the journal was committed, by this process or another. May return for nothing, and a store
    /// that hears of nothing waits for ever: callers also look from time to time.
    async fn changed(&self) {
        std::future::pending::<()>().await;
    }

    /// Writes a portion of what another store has, all or nothing, durably: records with the versions, and entries at the
    /// positions, that they have there. What is there under a key or at a position is replaced, so that a portion may be
    /// written twice. All that is found and counted by them follows, and the next entry that an organisation commits comes
    /// after all of these.
    ///
    /// Fails with [`StorageErrorKind::Conflict`], and changes nothing, if an [organisation](Portion::orgs) of the portion
    /// has its record in the store: then it may be in use, and what was done since would be undone. So its record is
    /// copied last, or in one portion with what is last. Fails so, too, where two ledger rows would meet that
    /// [`commit`](Self::commit) keeps apart.
    async fn copy_in(&self, portion: Portion) -> Result<(), StorageError>;

    /// Forgets evidence that waited for its message since before this time; how many rows.
    async fn prune(&self, parked_before: DateTime<Utc>) -> Result<u64, StorageError>;

    /// Makes what was removed or replaced before unreadable in all that the store keeps on disk, its logs included; what
    /// is there stays as it is. Fails with [`StorageErrorKind::Busy`] while another process is in the way.
    async fn scrub(&self) -> Result<(), StorageError>;

    /// What tells its place from all others, as a file's full path or a database's address does; `None`: nobody else can
    /// open it. It has no secret in it.
    fn place(&self) -> Option<String> {
        None
    }

    /// Answers if the store can be read.
    async fn ping(&self) -> Result<(), StorageError>;

    /// Finishes what is under way and lets go of the store. Later calls fail with [`StorageErrorKind::Closed`].
    async fn close(&self) -> Result<(), StorageError>;
}

/// What to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// All records of a kind, by key (ids and texts by their bytes, kinds of address and channels in any fixed order);
    /// of one organisation, or of all. Routes and quarantined events have no organisation in their key: they are found
    /// with `None` only.
    Records {
        /// The organisation.
        org: Option<OrgId>,
        /// The kind.
        kind: RecordKind,
    },
    /// The contacts that fit a folded filter.
    Contacts {
        /// The organisation.
        org: OrgId,
        /// The filter.
        filter: Filter,
        /// The order; `None`: by id, which never changes, so that a walk meets everybody once.
        order: Option<ContactOrder>,
    },
    /// The messages of a conversation, by time and id.
    Messages {
        /// The organisation.
        org: OrgId,
        /// The conversation.
        conversation: ConversationId,
    },
    /// The conversations that fit a folded filter.
    Conversations {
        /// The organisation.
        org: OrgId,
        /// The filter.
        filter: ConversationFilter,
        /// The order.
        order: ConversationOrder,
    },
    /// The notes about these contacts, by time and id.
    Notes {
        /// The organisation.
        org: OrgId,
        /// The contacts.
        contacts: Vec<ContactId>,
    },
    /// The files of these contacts' messages in the media store, by message.
    MediaFiles {
        /// The organisation.
        org: OrgId,
        /// The contacts.
        contacts: Vec<ContactId>,
    },
    /// The messages of a period that an ad or post led to, by time and message. Times are compared to the microsecond.
    Touches {
        /// The organisation.
        org: OrgId,
        /// From then on.
        from: DateTime<Utc>,
        /// Before then.
        until: DateTime<Utc>,
    },
    /// The surveys that went out in a period, by time and id. Times are compared to the microsecond.
    Surveys {
        /// The organisation.
        org: OrgId,
        /// From then on.
        from: DateTime<Utc>,
        /// Before then.
        until: DateTime<Utc>,
    },
    /// The ledger rows of a broadcast whose bucket fits (see [`RecipientFilter::matches`]), by id.
    ///
    /// [`RecipientFilter::matches`]: tertulia_core::broadcast::RecipientFilter::matches
    Dispatches {
        /// The organisation.
        org: OrgId,
        /// The broadcast.
        broadcast: BroadcastId,
        /// Which of them.
        recipients: RecipientFilter,
    },
    /// The ledger rows that a broadcast has for these contacts, by id.
    Recipients {
        /// The organisation.
        org: OrgId,
        /// The broadcast.
        broadcast: BroadcastId,
        /// The contacts.
        contacts: Vec<ContactId>,
    },
    /// The ledger rows of a contact that were not sent yet: pending or leased, by id.
    OpenDispatches {
        /// The organisation.
        org: OrgId,
        /// The contact.
        contact: ContactId,
    },
    /// The ledger rows of all organisations in this state whose [`Dispatch::due`] is at or before that time, by id and
    /// organisation.
    Due {
        /// `sending` or `unknown`.
        state: StateName,
        /// The time.
        by: DateTime<Utc>,
    },
    /// The conversations of all organisations that a handler of this name has and whose turn is due by then (see
    /// [`Turn::due`](tertulia_core::turn::Turn::due)), by that time, conversation and organisation.
    DueTurns {
        /// The handler's name.
        handler: String,
        /// The time.
        by: DateTime<Utc>,
    },
    /// The enrollments of a sequence whose standing fits (see [`EnrollmentFilter::matches`]), by id.
    Enrollments {
        /// The organisation.
        org: OrgId,
        /// The sequence.
        sequence: SequenceId,
        /// Which of them.
        filter: EnrollmentFilter,
    },
    /// All enrollments of these contacts, by id.
    EnrollmentsOf {
        /// The organisation.
        org: OrgId,
        /// The contacts.
        contacts: Vec<ContactId>,
    },
    /// The active sequences of all organisations that have an enrollment whose [`Enrollment::due`] is at or before that
    /// time, by key.
    ///
    /// [`Enrollment::due`]: tertulia_core::sequence::Enrollment::due
    DueSequences {
        /// The time.
        by: DateTime<Utc>,
    },
    /// The enrollments of a sequence whose [`Enrollment::due`] is at or before that time, by that time and id.
    ///
    /// [`Enrollment::due`]: tertulia_core::sequence::Enrollment::due
    DueEnrollments {
        /// The organisation.
        org: OrgId,
        /// The sequence.
        sequence: SequenceId,
        /// The time.
        by: DateTime<Utc>,
    },
    /// The running broadcasts of all organisations, by key.
    RunningBroadcasts,
    /// The broadcasts of all organisations whose [`BroadcastState::due`] is at or before that time, by key.
    ///
    /// [`BroadcastState::due`]: tertulia_core::broadcast::BroadcastState::due
    DueBroadcasts {
        /// The time.
        by: DateTime<Utc>,
    },
    /// The seals of the audit from whose first to whose last position any of these lies, by number.
    Seals {
        /// The organisation.
        org: OrgId,
        /// Positions in the journal.
        positions: Vec<u64>,
    },
    /// The erasures of all organisations that are not done (see [`tertulia_core::erasure::Erasure::is_open`]), by key.
    OpenErasures,
}

/// Which page of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// The query.
    pub query: Query,
    /// The end of the page before; `None`: from the start.
    pub cursor: Option<Cursor>,
    /// From the last to the first.
    pub backwards: bool,
    /// The most records that the page may have; at least 1.
    pub limit: usize,
}

impl PageRequest {
    /// The first page of a query.
    pub const fn first(query: Query, limit: usize) -> Self {
        Self {
            query,
            cursor: None,
            backwards: false,
            limit,
        }
    }
}

/// A place in a query's order. Opaque: its text belongs to the store that gave it. It is good for the same query, read
/// the same way; a store refuses it for any other query with [`StorageErrorKind::BadCursor`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// One page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The records.
    pub records: Vec<Stored>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<Cursor>,
}

/// Which page of what contacts share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedRequest {
    /// The organisation.
    pub org: OrgId,
    /// These texts only; empty: all.
    pub keys: Vec<String>,
    /// The end of the page before; `None`: from the start.
    pub cursor: Option<Cursor>,
    /// From the last to the first.
    pub backwards: bool,
    /// The most texts that the page may have; at least 1.
    pub limit: usize,
    /// The most contacts that are named of each text: the first by id; at least 2.
    pub most: usize,
}

/// A text, and contacts that share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The text.
    pub key: String,
    /// The contacts, by id.
    pub contacts: Vec<ContactId>,
}

/// One page of what contacts share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedPage {
    /// The texts.
    pub shared: Vec<Shared>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<Cursor>,
}

/// Which page of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRequest {
    /// The organisation.
    pub org: OrgId,
    /// The order, and whose entries.
    pub view: JournalView,
    /// Which of these entries.
    pub filter: EntryFilter,
    /// Those behind this position only; 0: all.
    pub after: u64,
    /// The end of the page before; `None`: from the start.
    pub cursor: Option<Cursor>,
    /// From the last to the first.
    pub backwards: bool,
    /// The most entries that the page may have; at least 1.
    pub limit: usize,
}

/// The ways to read the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalView {
    /// Everything, in the order of commits. A position, as text, is a valid cursor: the entries after it.
    Feed,
    /// The audited entries, in the order of commits.
    Audit,
    /// The timeline entries of these contacts, by the time they happened, then by position.
    Timeline(Vec<ContactId>),
    /// The timeline entries of everybody, by the time they happened, then by position.
    Chronicle,
}

/// One page of the journal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JournalPage {
    /// The entries with their positions.
    pub entries: Vec<(u64, Entry)>,
    /// Where the next page begins; `None`: this was the last. Of the feed read forwards it is always there: what is
    /// written later is read from it. Cursors of all other views are good for the same view only.
    pub next: Option<Cursor>,
}

/// What a worker asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// The worker's name.
    pub worker: String,
    /// The time.
    pub now: DateTime<Utc>,
    /// The end of the leases.
    pub until: DateTime<Utc>,
    /// The organisation that had the last turn; `None`: the one with the lowest id has the first.
    pub after: Option<OrgId>,
    /// The most rows.
    pub limit: usize,
    /// The most rows of these senders; none gives more than it sends in a second.
    pub left: BTreeMap<(OrgId, AccountId), usize>,
}

/// What a worker got.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claimed {
    /// The rows, leased.
    pub rows: Vec<Stored<Dispatch>>,
    /// How many messages a second their senders send, of those that have a rate.
    pub rates: BTreeMap<(OrgId, AccountId), NonZeroU32>,
    /// Fewer rows than the limit came, and others would have, but for how much their senders may give.
    pub kept_back: bool,
}

/// What a commit did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Committed {
    /// The position of the last journal entry written.
    pub position: Option<u64>,
    /// How many ledger rows an audience became.
    pub enlisted: u64,
}

/// Some of what another store has, as it is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Portion {
    /// Records, none twice.
    pub records: Vec<Stored>,
    /// Journal entries with their positions, none twice in an organisation's journal.
    pub entries: Vec<(u64, Entry)>,
}

impl Portion {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.entries.is_empty()
    }

    /// The organisations that it has something of; quarantined events are nobody's.
    pub fn orgs(&self) -> BTreeSet<OrgId> {
        let records = self.records.iter().filter_map(|stored| org_of(&stored.record));
        records
            .chain(self.entries.iter().map(|(_, entry)| entry.org))
            .collect()
    }
}

/// Whose a record is; a quarantined event is nobody's.
pub fn org_of(record: &Record) -> Option<OrgId> {
    match record {
        Record::Route(route) => Some(route.org),
        other => other.key().org(),
    }
}

/// What a store failed with.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StorageError {
    /// What went wrong, coarsely.
    pub kind: StorageErrorKind,
    /// What went wrong with what.
    pub message: String,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StorageError {
    /// An error of this kind.
    pub fn new(kind: StorageErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// The same error, with what caused it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether the commit lost against another one: load, decide and commit again.
    pub fn is_conflict(&self) -> bool {
        self.kind == StorageErrorKind::Conflict
    }
}

/// What went wrong, coarsely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StorageErrorKind {
    /// An expectation did not hold.
    Conflict,
    /// Another process holds the store; try again later.
    Busy,
    /// What the store was to be opened with cannot be.
    BadOptions,
    /// The file or server is not a store of this library.
    NotAStore,
    /// The store was written by a newer version of this library.
    Newer,
    /// The key that was given is not the store's.
    KeyWrong,
    /// A key was given, and the store cannot encrypt.
    NoEncryption,
    /// What is stored cannot be read.
    Corrupt,
    /// A cursor is not one of this store's, or belongs to another query.
    BadCursor,
    /// The disk, file or network failed.
    Io,
    /// The store was closed.
    Closed,
}
