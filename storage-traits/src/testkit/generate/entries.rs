//! Random journal entries of every kind.

use serde_json::json;
use tertulia_core::contact::CreatedBy;
use tertulia_core::identity::Address;
use tertulia_core::ids::OrgId;
use tertulia_core::inbound::{CallEvent, Caller};
use tertulia_core::journal::{Actor, Entry, EntryKind, FieldChange, What};
use tertulia_core::ledger::{SkipReason, StateName};
use tertulia_core::message::{ContentKind, DeliveryStatus};
use tertulia_core::roles::Role;
use tertulia_core::sequence::Stage;

use super::Generator;

impl Generator {
    /// An entry of any kind, about a contact or none.
    pub fn entry(&mut self, org: OrgId) -> Entry {
        let kind = self.one_of(EntryKind::ALL);
        Entry {
            org,
            at: self.time(),
            recorded_at: self.time(),
            actor: self.actor(),
            contact: self.maybe(Self::pooled),
            what: self.what(kind),
            redacted: self.once_in(9),
        }
    }

    pub(crate) fn actor(&mut self) -> Actor {
        match self.below(6) {
            0 => Actor::Agent(self.pooled()),
            1 => Actor::System(self.text()),
            5 => Actor::Handler(self.text()),
            2 => Actor::Contact,
            3 => Actor::Provider,
            _ => Actor::Worker,
        }
    }

    pub(crate) fn address(&mut self) -> Address {
        Address::new(self.address_kind(), self.text())
    }

    /// What happened, of this kind.
    pub fn what(&mut self, kind: EntryKind) -> What {
        match kind {
            EntryKind::ContactCreated => What::ContactCreated {
                by: self.one_of(&[CreatedBy::Inbound, CreatedBy::Import]),
                channel: self.maybe(Self::channel),
                over_limit: self.once_in(2),
            },
            EntryKind::ContactUpdated => What::ContactUpdated {
                changes: self.some(2, |make| FieldChange {
                    field: make.text(),
                    before: make.value(),
                    after: make.value(),
                }),
            },
            EntryKind::ContactMerged => What::ContactMerged {
                duplicate: self.pooled(),
                changes: self.some(2, |make| FieldChange {
                    field: make.text(),
                    before: make.value(),
                    after: make.value(),
                }),
            },
            EntryKind::ContactUnmerged => What::ContactUnmerged {
                primary: self.pooled(),
                duplicate: self.pooled(),
            },
            EntryKind::ContactBlocked => What::ContactBlocked,
            EntryKind::ContactUnblocked => What::ContactUnblocked,
            EntryKind::ContactDeleted => What::ContactDeleted,
            EntryKind::ContactErased => What::ContactErased,
            EntryKind::ContactReactivated => What::ContactReactivated,
            EntryKind::BlockedMessage => What::BlockedMessage {
                channel: self.channel(),
            },
            EntryKind::IdentityAdded => What::IdentityAdded {
                address: self.address(),
            },
            EntryKind::IdentityMoved => What::IdentityMoved {
                from: self.address(),
                to: self.address(),
            },
            EntryKind::IdentityConflict => What::IdentityConflict {
                address: self.address(),
                other: self.pooled(),
            },
            EntryKind::TagAdded => What::TagAdded {
                tag: self.text(),
                rule: self.maybe(Self::pooled),
            },
            EntryKind::TagRemoved => What::TagRemoved { tag: self.text() },
            EntryKind::ConsentChanged => What::ConsentChanged {
                fact: self.fact(),
                before: self.once_in(2),
                after: self.once_in(2),
            },
            EntryKind::NoteChanged => What::NoteChanged {
                note: self.pooled(),
                change: self.text(),
            },
            EntryKind::ConversationOpened => What::ConversationOpened {
                conversation: self.pooled(),
            },
            EntryKind::Survey => What::Survey {
                survey: self.pooled(),
                conversation: self.pooled(),
                change: self.text(),
                rating: self.maybe(|make| make.one_of(&[1, 5])),
                message: self.maybe(Self::pooled),
            },
            EntryKind::MessageReceived => What::MessageReceived {
                message: self.pooled(),
                kind: ContentKind::Image,
                channel: self.channel(),
            },
            EntryKind::MessageSent => What::MessageSent {
                message: self.pooled(),
                kind: ContentKind::Template,
                channel: self.channel(),
                dispatch: self.maybe(Self::pooled),
                broadcast: self.maybe(Self::pooled),
                sequence: self.maybe(Self::sequence_id),
            },
            EntryKind::MessageStatus => What::MessageStatus {
                message: self.pooled(),
                status: DeliveryStatus::Delivered,
            },
            EntryKind::MessageChanged => What::MessageChanged {
                message: self.pooled(),
                change: self.text(),
            },
            EntryKind::Call => What::Call {
                call: self.text(),
                channel: self.channel(),
                caller: self.one_of(&[Caller::Person, Caller::Business]),
                event: self.one_of(&[CallEvent::Connect, CallEvent::Other("HELD".to_owned())]),
                raw: self.value(),
            },
            EntryKind::DispatchChanged => What::DispatchChanged {
                dispatch: self.pooled(),
                broadcast: self.maybe(Self::pooled),
                sequence: self.maybe(Self::sequence_id),
                state: self.one_of(&StateName::ALL),
                reason: self.maybe(|make| make.one_of(&[SkipReason::Capped, SkipReason::LeftSequence])),
                code: self.maybe(Self::text),
            },
            EntryKind::BroadcastChanged => What::BroadcastChanged {
                broadcast: self.pooled(),
                change: self.text(),
            },
            EntryKind::SequenceChanged => What::SequenceChanged {
                sequence: self.sequence_id(),
                change: self.text(),
                version: self.rng.u32(1..9),
            },
            EntryKind::EnrollmentChanged => What::EnrollmentChanged {
                sequence: self.sequence_id(),
                enrollment: self.pooled(),
                state: self.one_of(&Stage::ALL),
                reason: self.maybe(Self::exit_reason),
            },
            EntryKind::SettingsChanged => What::SettingsChanged {
                before: json!({ "name": self.text() }),
                after: self.value(),
            },
            EntryKind::RuleChanged => What::RuleChanged {
                rule: self.pooled(),
                before: None,
                after: Some(json!([self.text()])),
            },
            EntryKind::TemplateChanged => What::TemplateChanged {
                name: self.text(),
                language: self.text(),
                change: self.text(),
            },
            EntryKind::AccountChanged => What::AccountChanged {
                account: self.pooled(),
                change: self.text(),
            },
            EntryKind::TagChanged => What::TagChanged {
                before: self.text(),
                after: self.maybe(Self::text),
            },
            EntryKind::AttributeChanged => What::AttributeChanged {
                name: self.text(),
                before: None,
                after: Some(json!({"type": self.text()})),
            },
            EntryKind::ConversationAssigned => What::ConversationAssigned {
                conversation: self.pooled(),
                before: self.maybe(Self::pooled),
                after: self.maybe(Self::pooled),
                rule: self.maybe(Self::pooled),
            },
            EntryKind::ConversationHandled => What::ConversationHandled {
                conversation: self.pooled(),
                before: self.maybe(Self::handler),
                after: self.maybe(Self::handler),
                rule: self.maybe(Self::pooled),
            },
            EntryKind::HandlerFailed => What::HandlerFailed {
                conversation: self.pooled(),
                handler: self.text(),
                tries: self.one_of(&[0, 1, 5]),
                reason: self.text(),
            },
            EntryKind::ConversationResolved => What::ConversationResolved {
                conversation: self.pooled(),
                before: self.conversation_status(),
            },
            EntryKind::ConversationReopened => What::ConversationReopened {
                conversation: self.pooled(),
                after: self.conversation_status(),
            },
            EntryKind::ConversationMarked => What::ConversationMarked {
                conversation: self.pooled(),
                change: self.text(),
            },
            EntryKind::ConversationDeleted => What::ConversationDeleted {
                conversation: self.pooled(),
            },
            EntryKind::LabelAdded => What::LabelAdded {
                conversation: self.pooled(),
                label: self.text(),
            },
            EntryKind::LabelRemoved => What::LabelRemoved {
                conversation: self.pooled(),
                label: self.text(),
            },
            EntryKind::RoutingChanged => What::RoutingChanged {
                before: json!([self.text()]),
                after: json!([]),
            },
            EntryKind::RoutingPassedOver => What::RoutingPassedOver {
                conversation: self.pooled(),
                rule: self.pooled(),
                reason: self.text(),
            },
            EntryKind::QuickReplyChanged => What::QuickReplyChanged {
                reply: self.pooled(),
                before: self.maybe(|make| json!({ "shortcut": make.text() })),
                after: self.maybe(|make| json!({ "shortcut": make.text() })),
            },
            EntryKind::SegmentChanged => What::SegmentChanged {
                segment: self.pooled(),
                change: self.text(),
            },
            EntryKind::MemberChanged => What::MemberChanged {
                member: self.pooled(),
                before: self.maybe(|make| json!({ "name": make.text() })),
                after: json!({ "name": self.text() }),
            },
            EntryKind::HashesKeyed => What::HashesKeyed {
                hashes: self.rng.u64(..1_000),
            },
            EntryKind::AccessRefused => What::AccessRefused {
                call: self.text(),
                role: self.maybe(|make| make.one_of(&Role::ALL)),
                needs: self.one_of(&Role::ALL),
            },
            EntryKind::ImportChanged => What::ImportChanged {
                import: self.pooled(),
                change: self.text(),
            },
            EntryKind::ProviderNotice => What::ProviderNotice {
                field: self.text(),
                raw: self.value(),
            },
        }
    }
}
