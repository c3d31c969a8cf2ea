//! An embeddable messaging CRM: contacts, consent, inbox, broadcasts and sequences inside the host's own process.
//!
//! [`Crm`] is opened once; [`Crm::org`] gives the handles. A message never goes to somebody who opted out, never
//! free-form outside the window, and never twice to one recipient of a broadcast: at most once, always. What a crash
//! leaves in doubt is named, and sent again only by an explicit choice.

mod audit;
pub mod clock;
mod copying;
mod credentials;
mod crm;
mod dossiers;
mod erasing;
mod error;
mod handlers;
mod handles;
mod host_key;
mod imports;
mod media;
mod org;
mod rates;
mod receive;
mod runtime;
pub mod testing;
mod walk;
mod worker;

pub use audit::{AuditExport, check_audit};
pub use copying::{CopiedKind, CopyCounts, CopyProgress, CopyReport, CopyStage, CopyWatch};
pub use credentials::StaticCredentials;
pub use crm::{Builder, Crm, postgres_url};
pub use handlers::{ConversationHandler, HandlerTurn};
pub use handles::{
    Accounts, Analytics, Attributes, Audit, AuditFilter, Broadcasts, BulkProgress, BulkRefusal, BulkReport,
    BulkWatch, Consent, ConsentState, Contacts, ConversationCounts, Event, Events, ExportCounts,
    ExportOptions, ExportProgress, ExportReport, ExportWatch, ImportOptions, ImportReport, Imports, Inbox,
    InboxProgress, InboxRefusal, InboxReport, InboxWatch, Inspected, LabelCount, Listed, NewRoutingRule,
    Notes, PageOf, Phones, Progress, QuickReplies, Recipient, Routing, Rules, Segments, Sequences,
    SettingsHandle, StatusCount, TagCount, Tags, Team, Templates, Watch,
};
pub use media::{MediaFolder, MediaStore, StoredFile, media_of_bytes, media_of_file};
pub use org::Org;
pub use receive::{Received, http_status};
pub use tertulia_core as core;
pub use tertulia_core::analytics::inbox::{Durations, InboxFigures};
pub use tertulia_core::analytics::{AnalyticsGroup, AnalyticsKey};
pub use tertulia_core::attributes::AttributeKind;
pub use tertulia_core::audit::{AuditBreak, AuditFault, AuditHead, AuditVerdict};
pub use tertulia_core::broadcast::{RecipientFilter, Simulated};
pub use tertulia_core::channel::Channel;
pub use tertulia_core::contact::{Contact, ContactOrder};
pub use tertulia_core::conversation::{Conversation, ConversationStatus, Handler, HandlerKind};
pub use tertulia_core::ctwa::AdReport;
pub use tertulia_core::decide::broadcasts::NewBroadcast;
pub use tertulia_core::decide::bulk::{BulkAction, ConversationAction, ConversationSelection};
pub use tertulia_core::decide::contacts::{ConsentRequest, NewContact};
pub use tertulia_core::decide::external_ids::Upserted;
pub use tertulia_core::decide::organisation::NewAccount;
pub use tertulia_core::decide::profile::{ContactField, ContactUpdate};
pub use tertulia_core::decide::sending::{Draft, Explanation, SendRequest};
pub use tertulia_core::decide::sequences::NewSequence;
pub use tertulia_core::dossier::{Dossier, DossierMention};
pub use tertulia_core::duplicates::{Duplicate, Likeness, LikenessReason};
pub use tertulia_core::erasure::{ErasedMedia, ErasureCertificate, ErasureCounts};
pub use tertulia_core::error::{Code, Error, ErrorKind, Retry};
pub use tertulia_core::filter::{Filter, OwnerFilter};
pub use tertulia_core::inbox::{Archived, ConversationFilter};
pub use tertulia_core::media::{MediaKey, NewMedia};
pub use tertulia_core::merge::{MergeChoice, MergeField, MergeOutcome, MergeRequest};
pub use tertulia_core::message::Content;
pub use tertulia_core::quick_reply::QuickReply;
pub use tertulia_core::roles::Role;
pub use tertulia_core::routing::{RoutingRule, RoutingTarget};
pub use tertulia_core::schedule::{NewSchedule, QuietHours, Schedule};
pub use tertulia_core::selection::{RecipientSelection, Selection, Target};
pub use tertulia_core::sequence;
pub use tertulia_core::settings::{DeletedConversations, Plan, PlanUsage, Reopening, Settings};
pub use tertulia_core::suppression::HostKey;
pub use tertulia_core::survey::{Csat, CsatReport, CsatTemplate, LastSurvey};
pub use tertulia_core::tagging::{Pattern, PatternKind};
pub use tertulia_core::team::Member;
pub use tertulia_core::template::{Language, Template, TemplateParameters};
pub use tertulia_storage_memory::MemoryStorage;
#[cfg(feature = "postgres")]
pub use tertulia_storage_postgres::{Options as PostgresOptions, PostgresStorage};
#[cfg(feature = "sqlite")]
pub use tertulia_storage_sqlite::{ConvertFrom, EncryptionKey, Options as SqliteOptions, SqliteStorage};
pub use tertulia_storage_traits as storage;
pub use tertulia_transport_traits as transport;
pub use tertulia_transport_traits::{Credentials, MediaBytes, Secret, Transport, WebhookRequest};
#[cfg(feature = "twilio")]
pub use tertulia_transport_twilio::{Twilio, TwilioConfig};
#[cfg(feature = "whatsapp")]
pub use tertulia_transport_whatsapp::{WhatsApp, WhatsAppConfig};
pub use tokio_util::sync::CancellationToken;
pub use worker::Done;

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
