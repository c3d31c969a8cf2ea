//! Records as a host wants to see them, where the record itself holds more, or holds it as stores need it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tertulia::core::contact::{CreatedBy, LeadStatus, RecordStatus};
use tertulia::core::conversation::{self, Author, Resolution};
use tertulia::core::ctwa::LastTouch;
use tertulia::core::identity::{Address, AddressKind};
use tertulia::core::ids::{AccountId, AgentId, ContactId, ConversationId, DispatchId, ImportId, MessageId};
use tertulia::core::import::{Delimiter, Encoding, ImportCounts, Rejection};
use tertulia::core::inbound::Referral;
use tertulia::core::journal::FieldChange;
use tertulia::core::merge::{MergeDifference, MergeOutcome};
use tertulia::core::message::DeliveryStatus;
use tertulia::core::render::Rendered as RenderedText;
use tertulia::core::retry::Failure as SendFailure;
use tertulia::core::survey::LastSurvey;
use tertulia::core::{broadcast, contact};
use tertulia::{Channel, Content, ConversationStatus, Handler, ImportReport as Report, Upserted};

/// A person.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Contact {
    /// The id: the contact's own identity, whatever addresses come and go.
    id: ContactId,
    /// Grows with each change of the profile; an update names the one it read.
    revision: u64,
    /// The full name: as entered, else first and last, else the platform's.
    name: Option<String>,
    /// The first name; without one, the first word of the name.
    first_name: Option<String>,
    /// The last name as entered.
    last_name: Option<String>,
    /// The name that the person gave themself at the platform.
    profile_name: Option<String>,
    /// The user name at the platform: shown, never matched.
    username: Option<String>,
    /// The e-mail address.
    email: Option<String>,
    /// The primary phone in E.164.
    phone: Option<String>,
    /// Every address, former ones included.
    addresses: Vec<ContactAddress>,
    /// Ids in other systems: system → id.
    external_ids: BTreeMap<String, String>,
    /// Tags, as first written.
    tags: Vec<String>,
    /// Custom attributes, and provider data under reserved names (`ctwa`).
    attributes: BTreeMap<String, Value>,
    /// How far the person is on the way to buying.
    lead: LeadStatus,
    /// The member of the team who is responsible.
    owner: Option<AgentId>,
    /// Active, inactive, blocked or deleted.
    status: RecordStatus,
    /// Whether the contact is opted in. Whether a message may go is another question: ask `explain`.
    opted_in: bool,
    /// The channel of the first contact.
    source_channel: Option<Channel>,
    /// How the record came to be.
    created_by: CreatedBy,
    /// When it came to be.
    created_at: DateTime<Utc>,
    /// When the person last wrote, by the provider's time.
    last_inbound: Option<DateTime<Utc>>,
    /// When anything last went in or out.
    last_interaction: Option<DateTime<Utc>>,
    /// The thread that the next message belongs to.
    conversation: Option<ConversationId>,
    /// Where that thread stands.
    conversation_status: Option<ConversationStatus>,
    /// The contacts that were merged into this one: their ids lead here.
    merged: Vec<ContactId>,
}

/// One address of a contact.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct ContactAddress {
    /// What kind of address.
    kind: AddressKind,
    /// The address: E.164 for a phone that parses, the provider's own spelling for one that does not.
    value: String,
    /// The spelling that the provider uses and messages go to, if it told one.
    provider_value: Option<String>,
    /// The number is possible, but in no assigned range.
    unassigned: bool,
    /// Since when the contact has it.
    since: DateTime<Utc>,
    /// Until when; a former address is kept as history and never used.
    until: Option<DateTime<Utc>>,
    /// The merged contact that it came with.
    merged_from: Option<ContactId>,
}

impl From<contact::Identity> for ContactAddress {
    fn from(identity: contact::Identity) -> Self {
        Self {
            kind: identity.address.kind,
            value: identity.address.value,
            provider_value: identity.provider_value,
            unassigned: identity.unassigned,
            since: identity.since,
            until: identity.until,
            merged_from: identity.merged_from,
        }
    }
}

impl From<contact::Contact> for Contact {
    fn from(record: contact::Contact) -> Self {
        let name = record.full_name();
        let first_word = || name.as_deref()?.split_whitespace().next().map(ToOwned::to_owned);
        Self {
            id: record.id,
            revision: record.revision,
            first_name: record.first_name.clone().or_else(first_word),
            phone: record.phone().map(|identity| identity.address.value.clone()),
            opted_in: record.consent.opted_in(),
            last_name: record.last_name,
            profile_name: record.profile_name.map(|(_, name)| name),
            username: record.username.map(|(_, name)| name),
            email: record.email,
            addresses: record.identities.into_iter().map(Into::into).collect(),
            external_ids: record.external_ids,
            tags: record.tags.into_values().collect(),
            attributes: record.attributes,
            lead: record.lead,
            owner: record.owner,
            status: record.status,
            source_channel: record.source_channel,
            created_by: record.created_by,
            created_at: record.created_at,
            last_inbound: record.last_inbound,
            last_interaction: record.last_interaction,
            conversation: record.conversation,
            conversation_status: record.conversation_status,
            merged: record.merged,
            name,
        }
    }
}

/// What a merge makes of the primary contact.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct MergedContact {
    /// The primary contact.
    contact: Contact,
    /// Its fields that change.
    changes: Vec<FieldChange>,
    /// The fields of which the contacts have different values: what a caller may want to choose.
    differing: Vec<MergeDifference>,
}

impl From<MergeOutcome> for MergedContact {
    fn from(outcome: MergeOutcome) -> Self {
        Self {
            contact: outcome.contact.into(),
            changes: outcome.changes,
            differing: outcome.differing,
        }
    }
}

/// A contact, and what storing a record of another system did to it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct UpsertedContact {
    /// The contact as it is now.
    pub(crate) contact: Contact,
    /// What became of the record.
    pub(crate) outcome: Upserted,
}

/// One message, in or out.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Message {
    /// The id.
    id: MessageId,
    /// The thread.
    conversation: ConversationId,
    /// With whom.
    contact: ContactId,
    /// By which of our senders.
    account: AccountId,
    /// The channel.
    channel: Channel,
    /// The address at the other end, as spelled on the wire.
    address: Address,
    /// Who wrote.
    author: Author,
    /// Whether the contact wrote it.
    inbound: bool,
    /// The platform's id, once known.
    provider_id: Option<String>,
    /// What it says; of an edited message, what it says now.
    content: Content,
    /// The platform's id of the message it answers.
    reply_to: Option<String>,
    /// It was forwarded.
    forwarded: bool,
    /// The group it was written in, if any.
    group_id: Option<String>,
    /// The ad or post that led to it.
    referral: Option<Referral>,
    /// When: the provider's time of an inbound message, the time of sending of an outgoing one.
    at: DateTime<Utc>,
    /// The ledger row that sent it.
    dispatch: Option<DispatchId>,
    /// How far an outgoing message got, by all evidence; absent for an inbound one.
    status: Option<DeliveryStatus>,
    /// When it reached the device.
    delivered_at: Option<DateTime<Utc>>,
    /// When it was opened.
    read_at: Option<DateTime<Utc>>,
    /// Why it failed, if the platform said so.
    failure: Option<SendFailure>,
    /// The emojis on it now.
    reactions: Vec<String>,
    /// When it was last edited by its author.
    edited_at: Option<DateTime<Utc>>,
    /// When its author deleted it.
    revoked_at: Option<DateTime<Utc>>,
}

impl From<conversation::Message> for Message {
    fn from(record: conversation::Message) -> Self {
        let inbound = record.is_inbound();
        Self {
            id: record.id,
            conversation: record.conversation,
            contact: record.contact,
            account: record.account,
            channel: record.channel,
            address: record.address,
            author: record.author,
            inbound,
            provider_id: record.provider_id,
            content: record.content,
            reply_to: record.reply_to,
            forwarded: record.forwarded,
            group_id: record.group_id,
            referral: record.referral,
            at: record.at,
            dispatch: record.dispatch,
            status: (!inbound).then(|| record.delivery.status()),
            delivered_at: record.delivery.delivered,
            read_at: record.delivery.read,
            failure: record.delivery.failed.map(|(_, failure)| failure),
            reactions: record
                .reactions
                .into_values()
                .filter_map(|(_, emoji)| emoji)
                .collect(),
            edited_at: record.edited.map(|(at, _)| at),
            revoked_at: record.revoked,
        }
    }
}

/// A thread with one contact, over any of their channels.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Conversation {
    /// The id.
    id: ConversationId,
    /// With whom.
    contact: ContactId,
    /// When it was opened.
    opened_at: DateTime<Utc>,
    /// When anything last went in or out.
    last_activity: DateTime<Utc>,
    /// When the contact last wrote in it.
    last_inbound_at: Option<DateTime<Utc>>,
    /// The sender that the last inbound message came to: the default for the next message.
    account: Option<AccountId>,
    /// Where it stands.
    status: ConversationStatus,
    /// The member of the team whose it is.
    assignee: Option<AgentId>,
    /// The bot or AI that has it.
    handler: Option<Handler>,
    /// Who closed it, and when; absent: it is not closed.
    resolution: Option<Resolution>,
    /// The conversation that was closed before this one was opened.
    follows: Option<ConversationId>,
    /// The channels that anything went in or out by.
    channels: Vec<Channel>,
    /// Something in it waits to be read.
    unread: bool,
    /// How many messages came since it was last read.
    unread_messages: u64,
    /// Until when all that came in was read.
    read_through: Option<DateTime<Utc>>,
    /// It is starred.
    starred: bool,
    /// When it was archived; absent: it is not.
    archived_at: Option<DateTime<Utc>>,
    /// Labels, as first written.
    labels: Vec<String>,
    /// The ad or post that last led the contact here.
    referral: Option<LastTouch>,
    /// How satisfied the contact was when it was last resolved.
    last_survey: Option<LastSurvey>,
}

impl From<conversation::Conversation> for Conversation {
    fn from(record: conversation::Conversation) -> Self {
        Self {
            id: record.id,
            contact: record.contact,
            opened_at: record.opened_at,
            last_activity: record.last_activity,
            last_inbound_at: record.last_inbound.map(|(at, _)| at),
            account: record.last_inbound.map(|(_, account)| account),
            status: record.status(),
            unread: record.is_unread(),
            referral: record.referral,
            assignee: record.assignee,
            handler: record.handler,
            resolution: record.resolution,
            follows: record.follows.map(|before| before.conversation),
            channels: record.channels.into_iter().collect(),
            unread_messages: record.unread,
            read_through: record.read_through,
            starred: record.starred,
            archived_at: record.archived,
            labels: record.labels.into_values().collect(),
            last_survey: record.last_survey,
        }
    }
}

/// Somebody, and the conversation with them.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct StartedConversation {
    /// The contact as it is now.
    pub(crate) contact: Contact,
    /// Its open conversation.
    pub(crate) conversation: Conversation,
}

/// Who would be sent to if a broadcast were launched now.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Preview {
    /// How many would be sent to.
    total: u64,
    /// The first ten of them.
    first: Vec<Contact>,
    /// Those who are meant but would be left out, counted by reason.
    left_out: BTreeMap<String, u64>,
}

impl From<broadcast::Preview> for Preview {
    fn from(preview: broadcast::Preview) -> Self {
        Self {
            total: preview.total,
            first: preview.first.into_iter().map(Into::into).collect(),
            left_out: preview
                .left_out
                .into_iter()
                .map(|(reason, count)| (reason.as_str().to_owned(), count))
                .collect(),
        }
    }
}

/// A text as a contact would read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Rendered {
    /// The text.
    text: String,
    /// Each variable that had neither a value nor a fallback and so left nothing.
    missing: Vec<String>,
}

impl From<RenderedText> for Rendered {
    fn from(rendered: RenderedText) -> Self {
        Self {
            text: rendered.text,
            missing: rendered.missing.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What became of a file's rows. `counts` add up to the rows read.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct ImportReport {
    /// The import, to go on with after a crash or a cancellation; none of a check.
    import: Option<ImportId>,
    /// The rows, counted.
    counts: ImportCounts,
    /// The first hundred refused rows, each with every reason.
    rejections: Vec<Rejection>,
    /// Columns that nobody said anything about.
    unmapped: Vec<String>,
    /// Rows whose opt-in was held back, because the person had opted out.
    opt_ins_withheld: u64,
    /// Rows whose tags were held back, because the contact is blocked.
    tags_withheld: u64,
    /// How the text is written down, as far as it was read.
    encoding: Encoding,
    /// What stands between the columns.
    delimiter: Delimiter,
    /// Whether the end of the file was reached.
    finished: bool,
}

impl From<Report> for ImportReport {
    fn from(report: Report) -> Self {
        Self {
            import: report.import,
            counts: report.counts,
            rejections: report.rejections,
            unmapped: report.unmapped,
            opt_ins_withheld: report.opt_ins_withheld,
            tags_withheld: report.tags_withheld,
            encoding: report.encoding,
            delimiter: report.delimiter,
            finished: report.finished,
        }
    }
}
