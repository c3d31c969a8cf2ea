//! How records and journal entries are found, a page at a time.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tertulia_core::broadcast::{BroadcastState, Bucket};
use tertulia_core::contact::ContactOrder;
use tertulia_core::duplicates;
use tertulia_core::ids::ContactId;
use tertulia_core::inbox::ConversationOrder;
use tertulia_core::journal::Entry;
use tertulia_core::ledger::StateName;
use tertulia_core::record::{Key, Record, Stored};
use tertulia_core::sequence::Standing;
use tertulia_storage_traits::{
    Cursor, JournalPage, JournalRequest, JournalView, Page, PageRequest, Query, Shared, SharedPage,
    SharedRequest, StorageError, StorageErrorKind,
};

use crate::store::State;

impl State {
    /// All that a query finds, in its order.
    pub(crate) fn found(&self, query: &Query) -> Vec<&Stored> {
        let mut found: Vec<&Stored> = self
            .records
            .values()
            .map(Arc::as_ref)
            .filter(|stored| self.fits(query, &stored.record))
            .collect();
        found.sort_by_cached_key(|stored| place(query, &stored.record));
        found
    }

    fn fits(&self, query: &Query, record: &Record) -> bool {
        match (query, record) {
            (Query::Conversations { org, filter, .. }, Record::Conversation(conversation)) => {
                let key = Key::Contact {
                    org: *org,
                    contact: conversation.contact,
                };
                let contact = match self.records.get(&key).map(|stored| &stored.record) {
                    Some(Record::Contact(contact)) => Some(contact),
                    _ => None,
                };
                conversation.org == *org && filter.matches(conversation, contact)
            }
            (Query::DueSequences { by }, Record::Sequence(sequence)) => {
                let due = Query::DueEnrollments {
                    org: sequence.org,
                    sequence: sequence.id,
                    by: *by,
                };
                let mut records = self.records.values();
                sequence.state.is_active() && records.any(|stored| fits(&due, &stored.record))
            }
            _ => fits(query, record),
        }
    }

    pub(crate) fn page(&self, request: &PageRequest) -> Result<Page, StorageError> {
        let prefix = prefix(&request.query);
        let after: Option<&str> = match &request.cursor {
            Some(cursor) => Some(cursor.0.strip_prefix(&prefix).ok_or_else(|| bad_cursor(cursor))?),
            None => None,
        };
        let mut found = self.found(&request.query);
        if request.backwards {
            found.reverse();
        }
        let place = |stored: &Stored| place(&request.query, &stored.record);
        let beyond = |stored: &Stored| {
            after.is_none_or(|after| {
                let order = place(stored).as_str().cmp(after);
                order == way(request.backwards)
            })
        };
        let mut rest = found.into_iter().filter(|stored| beyond(stored));
        let records: Vec<Stored> = rest.by_ref().take(request.limit).cloned().collect();
        let last = records.last().filter(|_| rest.next().is_some());
        let next = last.map(|last| Cursor(format!("{prefix}{}", place(last))));
        Ok(Page { records, next })
    }

    pub(crate) fn shared_page(&self, request: &SharedRequest) -> Result<SharedPage, StorageError> {
        let prefix = prefix(&("shared", request.org, &request.keys));
        let after: Option<&str> = match &request.cursor {
            Some(cursor) => Some(cursor.0.strip_prefix(&prefix).ok_or_else(|| bad_cursor(cursor))?),
            None => None,
        };
        let mut all: BTreeMap<String, BTreeSet<ContactId>> = BTreeMap::new();
        for stored in self.records.values() {
            if let Record::Contact(contact) = &stored.record
                && contact.org == request.org
            {
                for key in duplicates::keys(contact) {
                    all.entry(key).or_default().insert(contact.id);
                }
            }
        }
        let wanted = |key: &String| request.keys.is_empty() || request.keys.contains(key);
        let beyond =
            |key: &String| after.is_none_or(|after| key.as_str().cmp(after) == way(request.backwards));
        let mut found: Vec<_> = all
            .into_iter()
            .filter(|(key, contacts)| contacts.len() > 1 && wanted(key) && beyond(key))
            .collect();
        if request.backwards {
            found.reverse();
        }
        let more = found.len() > request.limit;
        found.truncate(request.limit);
        let last = found.last().filter(|_| more);
        let next = last.map(|(key, _)| Cursor(format!("{prefix}{key}")));
        let shared = found.into_iter().map(|(key, contacts)| Shared {
            key,
            contacts: contacts.into_iter().take(request.most).collect(),
        });
        Ok(SharedPage {
            shared: shared.collect(),
            next,
        })
    }

    pub(crate) fn journal_page(&self, request: &JournalRequest) -> Result<JournalPage, StorageError> {
        let all = self.journal.get(&request.org).map_or(&[][..], Vec::as_slice);
        let at = |position: u64| {
            let place = all.binary_search_by_key(&position, |(at, _)| *at).ok()?;
            Some(all[place].1.at)
        };
        let by_time = matches!(request.view, JournalView::Timeline(_) | JournalView::Chronicle);
        let order = |position: u64| (at(position).filter(|_| by_time), position);

        let prefix = match &request.view {
            JournalView::Feed => String::new(),
            JournalView::Audit => format!("audit {} ", request.org),
            JournalView::Timeline(contacts) => format!("timeline {} {contacts:?} ", request.org),
            JournalView::Chronicle => format!("chronicle {} ", request.org),
        };
        let after: Option<u64> = match &request.cursor {
            Some(cursor) => Some(read_position(cursor, &prefix)?),
            None => None,
        };
        let mut found: Vec<(u64, &Entry)> = all
            .iter()
            .map(|(position, entry)| (*position, entry.as_ref()))
            .filter(|(position, entry)| *position > request.after && shows(request, entry))
            .collect();
        found.sort_by_key(|(position, _)| order(*position));
        if request.backwards {
            found.reverse();
        }
        let beyond = |position: u64| {
            after.is_none_or(|after| order(position).cmp(&order(after)) == way(request.backwards))
        };
        let mut rest = found.into_iter().filter(|(position, _)| beyond(*position));
        let entries: Vec<(u64, Entry)> = rest
            .by_ref()
            .take(request.limit)
            .map(|(position, entry)| (position, entry.clone()))
            .collect();

        let last = entries.last().map(|(position, _)| *position);
        let next = if request.view == JournalView::Feed && !request.backwards {
            Some(last.or(after).unwrap_or(0))
        } else {
            last.filter(|_| rest.next().is_some())
        };
        Ok(JournalPage {
            entries,
            next: next.map(|position| Cursor(format!("{prefix}{position}"))),
        })
    }
}

/// How what is still to be read compares with the place of the cursor.
const fn way(backwards: bool) -> Ordering {
    if backwards {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

/// Whether a query means this record, by nothing but the record.
fn fits(query: &Query, record: &Record) -> bool {
    match (query, record) {
        (Query::Records { org, kind }, record) => {
            record.kind() == *kind && (org.is_none() || record.key().org() == *org)
        }
        (Query::Contacts { org, filter, .. }, Record::Contact(contact)) => {
            contact.org == *org && filter.matches(contact)
        }
        (Query::Messages { org, conversation }, Record::Message(message)) => {
            message.org == *org && message.conversation == *conversation
        }
        (Query::MediaFiles { org, contacts }, Record::MediaFile(file)) => {
            file.org == *org && contacts.contains(&file.contact)
        }
        (Query::Touches { org, from, until }, Record::Touch(touch)) => {
            let at = touch.at.timestamp_micros();
            touch.org == *org && (from.timestamp_micros()..until.timestamp_micros()).contains(&at)
        }
        (Query::Surveys { org, from, until }, Record::Survey(survey)) => {
            let period = from.timestamp_micros()..until.timestamp_micros();
            let asked = |at: DateTime<Utc>| period.contains(&at.timestamp_micros());
            survey.org == *org && survey.asked_at.is_some_and(asked)
        }
        (Query::Notes { org, contacts }, Record::Note(note)) => {
            note.org == *org && contacts.contains(&note.contact)
        }
        (
            Query::Dispatches {
                org,
                broadcast,
                recipients,
            },
            Record::Dispatch(row),
        ) => row.org == *org && row.broadcast() == Some(*broadcast) && recipients.matches(&Bucket::of(row)),
        (
            Query::Recipients {
                org,
                broadcast,
                contacts,
            },
            Record::Dispatch(row),
        ) => row.org == *org && row.broadcast() == Some(*broadcast) && contacts.contains(&row.contact),
        (Query::OpenDispatches { org, contact }, Record::Dispatch(row)) => {
            row.org == *org
                && row.contact == *contact
                && matches!(row.state.name(), StateName::Pending | StateName::Leased)
        }
        (Query::Due { state, by }, Record::Dispatch(row)) => {
            row.state.name() == *state && row.due().is_some_and(|due| due <= *by)
        }
        (Query::DueTurns { handler, by }, Record::Conversation(thread)) => {
            thread.handler.as_ref().is_some_and(|has| has.name == *handler)
                && thread.turn.as_ref().is_some_and(|turn| turn.due <= *by)
        }
        (
            Query::Enrollments {
                org,
                sequence,
                filter,
            },
            Record::Enrollment(enrollment),
        ) => {
            enrollment.org == *org
                && enrollment.sequence == *sequence
                && filter.matches(&Standing::of(enrollment))
        }
        (Query::EnrollmentsOf { org, contacts }, Record::Enrollment(enrollment)) => {
            enrollment.org == *org && contacts.contains(&enrollment.contact)
        }
        (Query::DueEnrollments { org, sequence, by }, Record::Enrollment(enrollment)) => {
            enrollment.org == *org
                && enrollment.sequence == *sequence
                && enrollment.due().is_some_and(|due| due <= *by)
        }
        (Query::RunningBroadcasts, Record::Broadcast(broadcast)) => {
            matches!(broadcast.state, BroadcastState::Running { .. })
        }
        (Query::DueBroadcasts { by }, Record::Broadcast(broadcast)) => {
            broadcast.state.due().is_some_and(|due| due <= *by)
        }
        (Query::Seals { org, positions }, Record::Seal(seal)) => {
            let first = seal.leaves.first().map_or(u64::MAX, |leaf| leaf.position);
            let range = first..=seal.through();
            seal.org == *org && positions.iter().any(|position| range.contains(position))
        }
        (Query::OpenErasures, Record::Erasure(erasure)) => erasure.is_open(),
        _ => false,
    }
}

/// A record's place in the order of a query, as text that sorts so.
fn place(query: &Query, record: &Record) -> String {
    match (query, record) {
        (Query::Messages { .. }, Record::Message(message)) => at_then(message.at, message.id),
        (Query::Notes { .. }, Record::Note(note)) => at_then(note.at, note.id),
        (
            Query::Conversations {
                order: ConversationOrder::Activity,
                ..
            },
            Record::Conversation(conversation),
        ) => at_then(conversation.last_activity, conversation.id),
        (Query::Touches { .. }, Record::Touch(touch)) => at_then(touch.at, touch.message),
        (Query::Surveys { .. }, Record::Survey(survey)) => {
            at_then(survey.asked_at.unwrap_or_default(), survey.id)
        }
        (
            Query::Contacts {
                order: Some(order), ..
            },
            Record::Contact(contact),
        ) => match order {
            ContactOrder::Created => at_then(contact.created_at, contact.id),
            ContactOrder::Name => joined(&[&contact.name_key(), &contact.id]),
            ContactOrder::LastActive => match contact.last_interaction {
                Some(at) => at_then(at, contact.id),
                None => joined(&[&"", &contact.id]),
            },
        },
        (Query::DueTurns { .. }, Record::Conversation(thread)) => {
            let due = thread.turn.as_ref().map_or(DateTime::UNIX_EPOCH, |turn| turn.due);
            at_then(due, joined(&[&thread.id, &thread.org]))
        }
        (Query::Due { .. }, Record::Dispatch(row)) => joined(&[&row.id, &row.org]),
        (Query::DueEnrollments { .. }, Record::Enrollment(enrollment)) => {
            at_then(enrollment.due().unwrap_or_default(), enrollment.id)
        }
        (_, record) => key_place(&record.key()),
    }
}

fn key_place(key: &Key) -> String {
    match key {
        Key::Org { org } => joined(&[org]),
        Key::Route { channel, sender_id } => joined(&[channel, sender_id]),
        Key::Account { org, account } => joined(&[org, account]),
        Key::Contact { org, contact }
        | Key::Slot { org, contact }
        | Key::Merged { org, contact }
        | Key::Erasure { org, contact } => joined(&[org, contact]),
        Key::Identity { org, kind, match_key } => joined(&[org, &kind.as_str(), match_key]),
        Key::ExternalRef { org, system, id } => joined(&[org, system, id]),
        Key::Window {
            org,
            account,
            kind,
            match_key,
        } => joined(&[org, account, &kind.as_str(), match_key]),
        Key::Tag { org, key: text }
        | Key::Attribute { org, name: text }
        | Key::SegmentName { org, key: text }
        | Key::QuickReplyName { org, key: text }
        | Key::Suppression { org, hash: text } => joined(&[org, text]),
        Key::Rule { org, rule } => joined(&[org, rule]),
        Key::Member { org, member } => joined(&[org, member]),
        Key::Template { org, name, language } => joined(&[org, name, language]),
        Key::Conversation { org, conversation } => joined(&[org, conversation]),
        Key::Label { org, key } => joined(&[org, key]),
        Key::Message { org, message } | Key::MediaFile { org, message } | Key::Touch { org, message } => {
            joined(&[org, message])
        }
        Key::Survey { org, survey } => joined(&[org, survey]),
        Key::QuickReply { org, reply } => joined(&[org, reply]),
        Key::MessageRef { org, account, token } => joined(&[org, account, token]),
        Key::Parked {
            org,
            account,
            provider_id,
        } => joined(&[org, account, provider_id]),
        Key::Broadcast { org, broadcast } | Key::TargetList { org, broadcast } => joined(&[org, broadcast]),
        Key::Sequence { org, sequence } => joined(&[org, sequence]),
        Key::SequenceVersion {
            org,
            sequence,
            version,
        } => joined(&[org, sequence, &format!("{version:010}")]),
        Key::Enrollment { org, enrollment } => joined(&[org, enrollment]),
        Key::Dispatch { org, dispatch } => joined(&[org, dispatch]),
        Key::Import { org, import } => joined(&[org, import]),
        Key::Segment { org, segment } => joined(&[org, segment]),
        Key::Note { org, note } => joined(&[org, note]),
        Key::Seal { org, number } => joined(&[org, &format!("{number:020}")]),
        Key::Quarantined { id } => joined(&[id]),
    }
}

/// The separator sorts before all that texts are made of, so that the parts are compared one by one.
fn joined(parts: &[&dyn Display]) -> String {
    let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    parts.join("\0")
}

fn at_then(at: DateTime<Utc>, id: impl Display) -> String {
    // Shifted, so that instants before 1970 sort as text, too.
    let seconds = i128::from(at.timestamp()) - i128::from(i64::MIN);
    format!("{seconds:020}.{:09}\0{id}", at.timestamp_subsec_nanos())
}

/// What a cursor of this query begins with.
fn prefix(query: &impl Debug) -> String {
    let mut hasher = DefaultHasher::new();
    format!("{query:?}").hash(&mut hasher);
    format!("{:016x} ", hasher.finish())
}

fn read_position(cursor: &Cursor, prefix: &str) -> Result<u64, StorageError> {
    let position = cursor.0.strip_prefix(prefix).and_then(|text| text.parse().ok());
    position.ok_or_else(|| bad_cursor(cursor))
}

fn bad_cursor(cursor: &Cursor) -> StorageError {
    StorageError::new(
        StorageErrorKind::BadCursor,
        format!(
            "{:?} is no cursor of this query; begin again without one",
            cursor.0
        ),
    )
}

fn shows(request: &JournalRequest, entry: &Entry) -> bool {
    let kind = entry.what.kind();
    let seen = match &request.view {
        JournalView::Feed => true,
        JournalView::Audit => kind.in_audit(),
        JournalView::Timeline(contacts) => {
            kind.on_timeline() && entry.contact.is_some_and(|contact| contacts.contains(&contact))
        }
        JournalView::Chronicle => kind.on_timeline(),
    };
    seen && request.filter.matches(entry)
}
