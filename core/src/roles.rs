//! What the members of a team may do. The host's own calls name no member, and may do everything.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a member may do; each role may do all that the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Works with contacts and conversations: creates and updates contacts, their tags, notes and consent, and writes to
    /// them.
    Agent,
    /// Runs the work: imports, bulk actions, merges, deletions, attributes, rules, templates, segments, broadcasts,
    /// senders and the audit.
    Admin,
    /// Settings, team and plan.
    Owner,
}

impl Role {
    /// All roles, from the one that may do least.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Agent, Self::Admin, Self::Owner];

    /// The role's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! calls {
    ($($name:ident = $text:literal, $needs:ident;)*) => {
        /// A call on an organisation, as other languages name it too.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Call {
            $(#[doc = concat!("`", $text, "`")] $name,)*
        }

        impl Call {
            /// All calls, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The call's name, as in `contacts.merge`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether it does one thing to many contacts, which sequences follow only where they say so.
            pub const fn is_bulk(self) -> bool {
                matches!(
                    self,
                    Self::ContactsBulk | Self::TagsRename | Self::TagsMerge | Self::ImportsCheck | Self::ImportsRun | Self::ImportsResume
                )
            }

            /// The least role that may make it.
            pub const fn needs(self) -> Role {
                match self { $(Self::$name => Role::$needs,)* }
            }
        }
    };
}

calls! {
    ContactsCreate = "contacts.create", Agent;
    ContactsCaptureLead = "contacts.capture_lead", Agent;
    ContactsUsage = "contacts.usage", Viewer;
    ContactsGet = "contacts.get", Viewer;
    ContactsFindByPhone = "contacts.find_by_phone", Viewer;
    ContactsFindByEmail = "contacts.find_by_email", Viewer;
    ContactsFindByWhatsappId = "contacts.find_by_whatsapp_id", Viewer;
    ContactsList = "contacts.list", Viewer;
    ContactsSearch = "contacts.search", Viewer;
    ContactsCount = "contacts.count", Viewer;
    ContactsDuplicates = "contacts.duplicates", Viewer;
    ContactsDuplicatesOf = "contacts.duplicates_of", Viewer;
    ContactsTag = "contacts.tag", Agent;
    ContactsUntag = "contacts.untag", Agent;
    ContactsUpdate = "contacts.update", Agent;
    ContactsMerge = "contacts.merge", Admin;
    ContactsPreviewMerge = "contacts.preview_merge", Admin;
    ContactsUndoMerge = "contacts.undo_merge", Admin;
    ContactsSetOwner = "contacts.set_owner", Agent;
    ContactsSetLead = "contacts.set_lead", Agent;
    ContactsAdvanceLead = "contacts.advance_lead", Agent;
    ContactsReEngage = "contacts.re_engage", Agent;
    ContactsBulk = "contacts.bulk", Admin;
    ContactsExport = "contacts.export", Admin;
    ContactsErase = "contacts.erase", Admin;
    ContactsCertificate = "contacts.certificate", Admin;
    ContactsDossier = "contacts.dossier", Admin;
    ContactsAddPhone = "contacts.add_phone", Agent;
    ContactsReplacePhone = "contacts.replace_phone", Agent;
    ContactsFindByExternalId = "contacts.find_by_external_id", Viewer;
    ContactsSetExternalId = "contacts.set_external_id", Agent;
    ContactsRemoveExternalId = "contacts.remove_external_id", Agent;
    ContactsUpsert = "contacts.upsert", Agent;
    ContactsDelete = "contacts.delete", Admin;
    ContactsBlock = "contacts.block", Agent;
    ContactsUnblock = "contacts.unblock", Agent;
    ContactsSetActive = "contacts.set_active", Agent;
    ContactsTimeline = "contacts.timeline", Viewer;
    ContactsWindow = "contacts.window", Viewer;

    NotesAdd = "notes.add", Agent;
    NotesEdit = "notes.edit", Agent;
    NotesRemove = "notes.remove", Agent;
    NotesList = "notes.list", Viewer;

    PhonesParse = "phones.parse", Viewer;
    PhonesParseWaId = "phones.parse_wa_id", Viewer;

    ConsentGet = "consent.get", Viewer;
    ConsentOptIn = "consent.opt_in", Agent;
    ConsentOptOut = "consent.opt_out", Agent;
    ConsentSet = "consent.set", Agent;
    ConsentExplain = "consent.explain", Viewer;

    TagsRename = "tags.rename", Admin;
    TagsMerge = "tags.merge", Admin;
    TagsDelete = "tags.delete", Admin;
    TagsList = "tags.list", Viewer;

    RulesAdd = "rules.add", Admin;
    RulesPut = "rules.put", Admin;
    RulesRemove = "rules.remove", Admin;
    RulesList = "rules.list", Viewer;
    RulesTest = "rules.test", Viewer;

    AttributesDefine = "attributes.define", Admin;
    AttributesChange = "attributes.change", Admin;
    AttributesRemove = "attributes.remove", Admin;
    AttributesList = "attributes.list", Viewer;

    SegmentsCreate = "segments.create", Admin;
    SegmentsGet = "segments.get", Viewer;
    SegmentsList = "segments.list", Viewer;
    SegmentsUpdate = "segments.update", Admin;
    SegmentsDelete = "segments.delete", Admin;

    ImportsTemplate = "imports.template", Viewer;
    ImportsInspect = "imports.inspect", Admin;
    ImportsCheck = "imports.check", Admin;
    ImportsRun = "imports.run", Admin;
    ImportsResume = "imports.resume", Admin;
    ImportsGet = "imports.get", Admin;

    InboxSend = "inbox.send", Agent;
    InboxStart = "inbox.start", Agent;
    InboxSendText = "inbox.send_text", Agent;
    InboxRender = "inbox.render", Viewer;
    InboxMessage = "inbox.message", Viewer;
    InboxMessages = "inbox.messages", Viewer;
    InboxConversations = "inbox.conversations", Viewer;
    InboxMarkRead = "inbox.mark_read", Agent;
    InboxGet = "inbox.get", Viewer;
    InboxList = "inbox.list", Viewer;
    InboxCounts = "inbox.counts", Viewer;
    InboxAssign = "inbox.assign", Agent;
    InboxSetHandler = "inbox.set_handler", Agent;
    InboxHandOver = "inbox.hand_over", Agent;
    InboxResolve = "inbox.resolve", Agent;
    InboxReopen = "inbox.reopen", Agent;
    InboxRead = "inbox.read", Agent;
    InboxUnread = "inbox.unread", Agent;
    InboxStar = "inbox.star", Agent;
    InboxArchive = "inbox.archive", Agent;
    InboxLabel = "inbox.label", Agent;
    InboxUnlabel = "inbox.unlabel", Agent;
    InboxLabels = "inbox.labels", Viewer;
    InboxBulk = "inbox.bulk", Admin;

    RoutingAdd = "routing.add", Admin;
    RoutingPut = "routing.put", Admin;
    RoutingRemove = "routing.remove", Admin;
    RoutingOrder = "routing.order", Admin;
    RoutingList = "routing.list", Viewer;
    RoutingTest = "routing.test", Viewer;

    InboxFetchMedia = "inbox.fetch_media", Viewer;
    InboxUpload = "inbox.upload", Agent;

    QuickRepliesCreate = "quick_replies.create", Agent;
    QuickRepliesGet = "quick_replies.get", Viewer;
    QuickRepliesList = "quick_replies.list", Viewer;
    QuickRepliesUpdate = "quick_replies.update", Agent;
    QuickRepliesDelete = "quick_replies.delete", Agent;
    QuickRepliesPick = "quick_replies.pick", Viewer;
    QuickRepliesRender = "quick_replies.render", Viewer;

    AnalyticsCtwa = "analytics.ctwa", Viewer;
    AnalyticsCsat = "analytics.csat", Viewer;
    AnalyticsInbox = "analytics.inbox", Viewer;

    TemplatesPut = "templates.put", Admin;
    TemplatesSync = "templates.sync", Admin;
    TemplatesGet = "templates.get", Viewer;
    TemplatesList = "templates.list", Viewer;

    SequencesCreate = "sequences.create", Admin;
    SequencesUpdate = "sequences.update", Admin;
    SequencesGet = "sequences.get", Viewer;
    SequencesGetVersion = "sequences.get_version", Viewer;
    SequencesList = "sequences.list", Viewer;
    SequencesActivate = "sequences.activate", Admin;
    SequencesPause = "sequences.pause", Admin;
    SequencesResume = "sequences.resume", Admin;
    SequencesEnroll = "sequences.enroll", Agent;
    SequencesUnenroll = "sequences.unenroll", Agent;
    SequencesEnrollments = "sequences.enrollments", Viewer;
    SequencesOfContact = "sequences.of_contact", Viewer;
    SequencesStats = "sequences.stats", Viewer;
    SequencesSimulate = "sequences.simulate", Viewer;
    BroadcastsCreate = "broadcasts.create", Admin;
    BroadcastsUpdate = "broadcasts.update", Admin;
    BroadcastsGet = "broadcasts.get", Viewer;
    BroadcastsList = "broadcasts.list", Viewer;
    BroadcastsPreview = "broadcasts.preview", Viewer;
    BroadcastsLaunch = "broadcasts.launch", Admin;
    BroadcastsSimulate = "broadcasts.simulate", Viewer;
    BroadcastsSendTest = "broadcasts.send_test", Admin;
    BroadcastsSchedule = "broadcasts.schedule", Admin;
    BroadcastsUnschedule = "broadcasts.unschedule", Admin;
    BroadcastsPause = "broadcasts.pause", Admin;
    BroadcastsResume = "broadcasts.resume", Admin;
    BroadcastsCancel = "broadcasts.cancel", Admin;
    BroadcastsStats = "broadcasts.stats", Viewer;
    BroadcastsRecipients = "broadcasts.recipients", Viewer;
    BroadcastsResendUnconfirmed = "broadcasts.resend_unconfirmed", Admin;

    AccountsConnect = "accounts.connect", Admin;
    AccountsGet = "accounts.get", Viewer;
    AccountsList = "accounts.list", Viewer;
    AccountsWaits = "accounts.waits", Viewer;
    AccountsResume = "accounts.resume", Admin;
    AccountsSetRate = "accounts.set_rate", Admin;
    AccountsDisable = "accounts.disable", Admin;

    TeamAdd = "team.add", Owner;
    TeamRename = "team.rename", Owner;
    TeamSetRole = "team.set_role", Owner;
    TeamDeactivate = "team.deactivate", Owner;
    TeamReactivate = "team.reactivate", Owner;
    TeamGet = "team.get", Viewer;
    TeamList = "team.list", Viewer;

    SettingsGet = "settings.get", Viewer;
    SettingsSet = "settings.set", Owner;

    EventsRead = "events.read", Admin;
    EventsFollow = "events.follow", Admin;

    AuditList = "audit.list", Admin;
    AuditVerify = "audit.verify", Admin;
    AuditExport = "audit.export", Admin;
}
