//! The journal: what happened, to whom, by whom and why. Timeline, audit and change feed are three ways to read it.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::channel::Channel;
use crate::consent::Fact;
use crate::contact::CreatedBy;
use crate::conversation::{ConversationStatus, Handler};
use crate::identity::Address;
use crate::ids::{
    AccountId, AgentId, BroadcastId, ContactId, ConversationId, DispatchId, EnrollmentId, ImportId,
    MessageId, NoteId, OrgId, QuickReplyId, RuleId, SegmentId, SequenceId, SurveyId,
};
use crate::inbound::{CallEvent, Caller};
use crate::ledger::{SkipReason, StateName};
use crate::message::{ContentKind, DeliveryStatus};
use crate::roles::Role;
use crate::sequence::{ExitReason, Stage};
use crate::suppression::nameless;

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A member of the team.
    Agent(AgentId),
    /// The host's program, by the name it gave itself.
    System(String),
    /// A bot or AI of the host, by its name.
    Handler(String),
    /// The person themself.
    Contact,
    /// The platform.
    Provider,
    /// The library, doing what was due.
    Worker,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "JournalEntry")]
pub struct Entry {
    /// The organisation.
    pub org: OrgId,
    /// When it happened: the provider's time for what a person did, else the time of the decision.
    pub at: DateTime<Utc>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// To whose record, if to one.
    pub contact: Option<ContactId>,
    /// What happened.
    pub what: What,
    /// Personal values were removed by an erase.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
}

/// Which entries of the journal; what is empty or absent asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Of these kinds.
    pub kinds: Vec<EntryKind>,
    /// By whom.
    pub actor: Option<Actor>,
    /// About any of these contacts.
    pub contacts: Vec<ContactId>,
    /// That happened then or later.
    pub from: Option<DateTime<Utc>>,
    /// That happened before.
    pub until: Option<DateTime<Utc>>,
}

impl EntryFilter {
    /// Whether an entry is meant. Times are compared to the microsecond, as stores do.
    pub fn matches(&self, entry: &Entry) -> bool {
        let at = entry.at.timestamp_micros();
        (self.kinds.is_empty() || self.kinds.contains(&entry.what.kind()))
            && self.actor.as_ref().is_none_or(|actor| *actor == entry.actor)
            && (self.contacts.is_empty()
                || entry
                    .contact
                    .is_some_and(|contact| self.contacts.contains(&contact)))
            && self.from.is_none_or(|from| at >= from.timestamp_micros())
            && self.until.is_none_or(|until| at < until.timestamp_micros())
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
#[schemars(rename = "JournalEvent")]
pub enum What {
    /// A contact was created.
    ContactCreated {
        /// How.
        by: CreatedBy,
        /// The channel of the first contact.
        channel: Option<Channel>,
        /// The organisation has more contacts than its plan allows.
        over_limit: bool,
    },
    /// Fields of a contact changed: field → (before, after).
    ContactUpdated {
        /// The fields.
        changes: Vec<FieldChange>,
    },
    /// Another contact was merged into this one.
    ContactMerged {
        /// The other contact, whose id leads here from now on.
        duplicate: ContactId,
        /// The fields of this one that changed.
        changes: Vec<FieldChange>,
    },
    /// A merge was taken back: told of both contacts.
    ContactUnmerged {
        /// The contact that the other one had been merged into.
        primary: ContactId,
        /// The one that is a contact of its own again.
        duplicate: ContactId,
    },
    /// A contact was blocked.
    ContactBlocked,
    /// A contact was unblocked.
    ContactUnblocked,
    /// A contact was deleted, its profile and notes with it, and its conversations if the organisation removes them.
    ContactDeleted,
    /// All that was known of a contact was erased, or is being erased: its profile, conversations and history.
    ContactErased,
    /// An inactive contact wrote and is active again.
    ContactReactivated,
    /// A blocked contact wrote or called; nothing of it was kept.
    BlockedMessage {
        /// The channel.
        channel: Channel,
    },
    /// An address was added to a contact.
    IdentityAdded {
        /// The address.
        address: Address,
    },
    /// A contact's address was replaced.
    IdentityMoved {
        /// The former address.
        from: Address,
        /// The new address.
        to: Address,
    },
    /// An address that turned up with this contact already belongs to another one: likely duplicates.
    IdentityConflict {
        /// The address.
        address: Address,
        /// Whose it is.
        other: ContactId,
    },
    /// A tag was added.
    TagAdded {
        /// The tag's name.
        tag: String,
        /// The auto-tag rule that fired.
        rule: Option<RuleId>,
    },
    /// A tag was removed.
    TagRemoved {
        /// The tag's name.
        tag: String,
    },
    /// An entry was added to the consent history.
    ConsentChanged {
        /// The entry.
        fact: Fact,
        /// `optedIn` before.
        before: bool,
        /// `optedIn` after.
        after: bool,
    },
    /// A note about the contact was added, edited or removed.
    NoteChanged {
        /// The note.
        note: NoteId,
        /// `added`, `edited` or `removed`.
        change: String,
    },
    /// A conversation was opened.
    ConversationOpened {
        /// The conversation.
        conversation: ConversationId,
    },
    /// A conversation was given to a member of the team, or to nobody.
    ConversationAssigned {
        /// The conversation.
        conversation: ConversationId,
        /// Whose it was.
        before: Option<AgentId>,
        /// Whose it is.
        after: Option<AgentId>,
        /// The rule of routing that said so.
        rule: Option<RuleId>,
    },
    /// A conversation was given to a bot or AI, or taken over from it.
    ConversationHandled {
        /// The conversation.
        conversation: ConversationId,
        /// Which one had it.
        before: Option<Handler>,
        /// Which one has it.
        after: Option<Handler>,
        /// The rule of routing that said so.
        rule: Option<RuleId>,
    },
    /// A bot or AI failed too often, or fell too far behind: people have the conversation.
    HandlerFailed {
        /// The conversation.
        conversation: ConversationId,
        /// The handler's name.
        handler: String,
        /// How often it was asked.
        tries: u32,
        /// The dotted code of what it failed with at last, as in `handler.timeout`.
        reason: String,
    },
    /// A conversation was closed.
    ConversationResolved {
        /// The conversation.
        conversation: ConversationId,
        /// Where it stood.
        before: ConversationStatus,
    },
    /// A conversation that was closed is open again.
    ConversationReopened {
        /// The conversation.
        conversation: ConversationId,
        /// Where it stands.
        after: ConversationStatus,
    },
    /// A conversation was read, starred, archived or the opposite.
    ConversationMarked {
        /// The conversation.
        conversation: ConversationId,
        /// `read`, `unread`, `starred`, `unstarred`, `archived` or `unarchived`.
        change: String,
    },
    /// A conversation was deleted with all its messages.
    ConversationDeleted {
        /// The conversation.
        conversation: ConversationId,
    },
    /// A survey of satisfaction went out, or was answered.
    Survey {
        /// The survey.
        survey: SurveyId,
        /// The conversation.
        conversation: ConversationId,
        /// `asked`, `rated` or `commented`.
        change: String,
        /// The rating that was given, 1 to 5.
        rating: Option<u8>,
        /// The message that answers.
        message: Option<MessageId>,
    },
    /// A label was added to a conversation.
    LabelAdded {
        /// The conversation.
        conversation: ConversationId,
        /// The label's name.
        label: String,
    },
    /// A label was taken off a conversation.
    LabelRemoved {
        /// The conversation.
        conversation: ConversationId,
        /// The label's name.
        label: String,
    },
    /// The rules of routing changed.
    RoutingChanged {
        /// The rules before, in their order.
        before: Value,
        /// The rules after.
        after: Value,
    },
    /// A rule of routing that was to be used could not be, and was passed over.
    RoutingPassedOver {
        /// The conversation.
        conversation: ConversationId,
        /// The rule.
        rule: RuleId,
        /// The dotted code of why, as in `member.inactive`.
        reason: String,
    },
    /// A message came in.
    MessageReceived {
        /// The message.
        message: MessageId,
        /// Its kind.
        kind: ContentKind,
        /// Its channel.
        channel: Channel,
    },
    /// A message goes out: committed before the socket is touched.
    MessageSent {
        /// The message.
        message: MessageId,
        /// Its kind.
        kind: ContentKind,
        /// Its channel.
        channel: Channel,
        /// The ledger row.
        dispatch: Option<DispatchId>,
        /// The broadcast it belongs to.
        broadcast: Option<BroadcastId>,
        /// The sequence it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<SequenceId>,
    },
    /// A message got further.
    MessageStatus {
        /// The message.
        message: MessageId,
        /// How far.
        status: DeliveryStatus,
    },
    /// A message was reacted to, edited or deleted by its author.
    MessageChanged {
        /// The message.
        message: MessageId,
        /// `reaction`, `edit` or `revoke`.
        change: String,
    },
    /// A call came in or went out, or got further.
    Call {
        /// The platform's id of the call.
        call: String,
        /// Its channel.
        channel: Channel,
        /// Who called.
        caller: Caller,
        /// What happened.
        event: CallEvent,
        /// The platform's object: what answering the call needs, and how it ended.
        raw: Value,
    },
    /// A row of the ledger changed its state without a message: skipped, unknown, unconfirmed, failed, or tried again.
    DispatchChanged {
        /// The row.
        dispatch: DispatchId,
        /// The broadcast it belongs to.
        broadcast: Option<BroadcastId>,
        /// The sequence it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<SequenceId>,
        /// The state now.
        state: StateName,
        /// Why it was skipped.
        reason: Option<SkipReason>,
        /// The failure's code.
        code: Option<String>,
    },
    /// A broadcast was drafted, edited, launched or finished.
    BroadcastChanged {
        /// The broadcast.
        broadcast: BroadcastId,
        /// `created`, `updated`, `launched` or `finished`.
        change: String,
    },
    /// A sequence was drafted, changed, activated, paused or resumed.
    SequenceChanged {
        /// The sequence.
        sequence: SequenceId,
        /// What changed.
        change: String,
        /// The edition of its definition that new enrollments have since.
        version: u32,
    },
    /// A contact was enrolled in a sequence, came through it, or left it.
    EnrollmentChanged {
        /// The sequence.
        sequence: SequenceId,
        /// The enrollment.
        enrollment: EnrollmentId,
        /// The state: `waiting` or `sending` when they were enrolled, `finished`, `exited`.
        state: Stage,
        /// Why they left.
        reason: Option<ExitReason>,
    },
    /// A setting changed.
    SettingsChanged {
        /// The settings before.
        before: Value,
        /// The settings after.
        after: Value,
    },
    /// An auto-tag rule was stored or removed.
    RuleChanged {
        /// The rule.
        rule: RuleId,
        /// The rule before.
        before: Option<Value>,
        /// The rule after.
        after: Option<Value>,
    },
    /// A template was stored, or the platform changed it.
    TemplateChanged {
        /// The template's name.
        name: String,
        /// The template's language.
        language: String,
        /// What changed, as `field: before → after`.
        change: String,
    },
    /// A sender was connected, held, stopped, resumed or disabled.
    AccountChanged {
        /// The sender.
        account: AccountId,
        /// What changed.
        change: String,
    },
    /// A tag was renamed, merged into another, or deleted.
    TagChanged {
        /// Its name before.
        before: String,
        /// Its name, or that of the tag it became; absent: it was deleted.
        after: Option<String>,
    },
    /// An attribute was defined, defined anew or removed.
    AttributeChanged {
        /// The attribute's name.
        name: String,
        /// What its values were; absent: it was not defined.
        before: Option<Value>,
        /// What its values are; absent: it was removed.
        after: Option<Value>,
    },
    /// A segment was created, updated or deleted.
    SegmentChanged {
        /// The segment.
        segment: SegmentId,
        /// `created`, `updated` or `deleted`.
        change: String,
    },
    /// A quick reply was created, updated or deleted.
    QuickReplyChanged {
        /// The quick reply.
        reply: QuickReplyId,
        /// Its shortcut and body before; absent: it was created.
        before: Option<Value>,
        /// Its shortcut and body after; absent: it was deleted.
        after: Option<Value>,
    },
    /// A member of the team was added, renamed or given another role, left or came back.
    MemberChanged {
        /// The member.
        member: AgentId,
        /// The member before; absent: added.
        before: Option<Value>,
        /// The member after.
        after: Value,
    },
    /// The hashes of suppressed addresses were put under a key of the host's.
    HashesKeyed {
        /// How many.
        hashes: u64,
    },
    /// A call on behalf of somebody who may not make it was refused, and changed nothing.
    AccessRefused {
        /// The call, as in `contacts.merge`.
        call: String,
        /// The role of who asked; absent: no member has the id.
        role: Option<Role>,
        /// The role that the call takes.
        needs: Role,
    },
    /// An import began, or is done.
    ImportChanged {
        /// The import.
        import: ImportId,
        /// `started`, `cancelled` or `finished`.
        change: String,
    },
    /// The platform told something that this library has no rule for.
    ProviderNotice {
        /// The platform's name for it.
        field: String,
        /// The platform's object.
        raw: Value,
    },
}

/// One field's change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// The field.
    pub field: String,
    /// Before.
    pub before: Value,
    /// After.
    pub after: Value,
}

impl Entry {
    /// Removes what it says of a person, and keeps what happened, when, by whom and to which record; whether there was
    /// anything to remove.
    pub fn redact(&mut self) -> bool {
        let said = self.what.redact();
        self.redacted |= said;
        said
    }
}

impl What {
    /// Every event says here what of it is personal.
    fn redact(&mut self) -> bool {
        let before = self.clone();
        match self {
            Self::ContactUpdated { changes } | Self::ContactMerged { changes, .. } => {
                for change in changes {
                    (change.before, change.after) = (Value::Null, Value::Null);
                }
            }
            Self::IdentityAdded { address } | Self::IdentityConflict { address, .. } => address.value.clear(),
            Self::IdentityMoved { from, to } => {
                from.value.clear();
                to.value.clear();
            }
            Self::TagAdded { tag, .. } | Self::TagRemoved { tag } => tag.clear(),
            Self::LabelAdded { label, .. } | Self::LabelRemoved { label, .. } => label.clear(),
            Self::ConsentChanged { fact, .. } => *fact = nameless(fact.clone()),
            Self::Call { call, raw, .. } => {
                call.clear();
                *raw = Value::Null;
            }
            Self::ProviderNotice { raw, .. } => *raw = Value::Null,
            Self::ContactCreated { .. }
            | Self::ContactUnmerged { .. }
            | Self::ContactBlocked
            | Self::ContactUnblocked
            | Self::ContactDeleted
            | Self::ContactErased
            | Self::ContactReactivated
            | Self::BlockedMessage { .. }
            | Self::NoteChanged { .. }
            | Self::ConversationOpened { .. }
            | Self::ConversationAssigned { .. }
            | Self::ConversationHandled { .. }
            | Self::HandlerFailed { .. }
            | Self::ConversationResolved { .. }
            | Self::ConversationReopened { .. }
            | Self::ConversationMarked { .. }
            | Self::ConversationDeleted { .. }
            | Self::Survey { .. }
            | Self::RoutingChanged { .. }
            | Self::RoutingPassedOver { .. }
            | Self::MessageReceived { .. }
            | Self::MessageSent { .. }
            | Self::MessageStatus { .. }
            | Self::MessageChanged { .. }
            | Self::DispatchChanged { .. }
            | Self::BroadcastChanged { .. }
            | Self::SequenceChanged { .. }
            | Self::EnrollmentChanged { .. }
            | Self::SettingsChanged { .. }
            | Self::RuleChanged { .. }
            | Self::TemplateChanged { .. }
            | Self::AccountChanged { .. }
            | Self::TagChanged { .. }
            | Self::AttributeChanged { .. }
            | Self::SegmentChanged { .. }
            | Self::QuickReplyChanged { .. }
            | Self::MemberChanged { .. }
            | Self::HashesKeyed { .. }
            | Self::AccessRefused { .. }
            | Self::ImportChanged { .. } => {}
        }
        *self != before
    }
}

macro_rules! kinds {
    ($($variant:ident = $text:literal, $timeline:literal, $audit:literal;)*) => {
        /// What happened, as a bare word: what timelines and feeds are filtered by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[schemars(rename = "JournalKind")]
        pub enum EntryKind {
            $(#[doc = concat!("`", $text, "`")] #[serde(rename = $text)] $variant,)*
        }

        impl EntryKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word itself.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Whether it is shown on the contact's timeline.
            pub const fn on_timeline(self) -> bool {
                match self { $(Self::$variant => $timeline,)* }
            }

            /// Whether it belongs to the audit: a change of contact, consent, rule, campaign or setting.
            pub const fn in_audit(self) -> bool {
                match self { $(Self::$variant => $audit,)* }
            }
        }

        impl What {
            /// The bare word.
            pub const fn kind(&self) -> EntryKind {
                match self { $(Self::$variant { .. } => EntryKind::$variant,)* }
            }
        }
    };
}

kinds! {
    ContactCreated = "contact_created", true, true;
    ContactUpdated = "contact_updated", true, true;
    ContactMerged = "contact_merged", true, true;
    ContactUnmerged = "contact_unmerged", true, true;
    ContactBlocked = "contact_blocked", true, true;
    ContactUnblocked = "contact_unblocked", true, true;
    ContactDeleted = "contact_deleted", true, true;
    ContactErased = "contact_erased", false, true;
    ContactReactivated = "contact_reactivated", true, true;
    BlockedMessage = "blocked_message", false, true;
    IdentityAdded = "identity_added", true, true;
    IdentityMoved = "identity_moved", true, true;
    IdentityConflict = "identity_conflict", true, true;
    TagAdded = "tag_added", true, true;
    TagRemoved = "tag_removed", true, true;
    ConsentChanged = "consent_changed", true, true;
    NoteChanged = "note_changed", true, true;
    ConversationOpened = "conversation_opened", true, false;
    ConversationAssigned = "conversation_assigned", true, true;
    ConversationHandled = "conversation_handled", true, true;
    HandlerFailed = "handler_failed", true, true;
    ConversationResolved = "conversation_resolved", true, true;
    ConversationReopened = "conversation_reopened", true, true;
    ConversationMarked = "conversation_marked", false, false;
    ConversationDeleted = "conversation_deleted", true, true;
    Survey = "survey", true, false;
    LabelAdded = "label_added", true, true;
    LabelRemoved = "label_removed", true, true;
    RoutingChanged = "routing_changed", false, true;
    RoutingPassedOver = "routing_passed_over", true, true;
    MessageReceived = "message_received", true, false;
    MessageSent = "message_sent", true, false;
    MessageStatus = "message_status", false, false;
    MessageChanged = "message_changed", false, false;
    Call = "call", true, false;
    DispatchChanged = "dispatch_changed", true, false;
    BroadcastChanged = "broadcast_changed", false, true;
    SequenceChanged = "sequence_changed", false, true;
    EnrollmentChanged = "enrollment_changed", true, false;
    SettingsChanged = "settings_changed", false, true;
    RuleChanged = "rule_changed", false, true;
    TemplateChanged = "template_changed", false, true;
    AccountChanged = "account_changed", false, true;
    TagChanged = "tag_changed", false, true;
    AttributeChanged = "attribute_changed", false, true;
    SegmentChanged = "segment_changed", false, true;
    QuickReplyChanged = "quick_reply_changed", false, true;
    MemberChanged = "member_changed", false, true;
    HashesKeyed = "hashes_keyed", false, true;
    AccessRefused = "access_refused", false, true;
    ImportChanged = "import_changed", false, true;
    ProviderNotice = "provider_notice", false, false;
}
