//! The one public error and the table of its codes.

use std::fmt;

/// What went wrong, coarsely: what a caller branches on first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input is malformed; it will never be accepted as it stands.
    Invalid,
    /// A rule says no to well-formed input; the message says what would lift it.
    Refused,
    /// There is no such thing in this organisation.
    NotFound,
    /// Somebody else changed or made the same thing first.
    Conflict,
    /// The request does not come from who it claims to come from.
    Forbidden,
    /// A store, a platform or the network did not answer as it should.
    Unavailable,
    /// What is stored cannot be read.
    Corrupt,
}

impl ErrorKind {
    /// The kind's name as bindings and documents spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Forbidden => "forbidden",
            Self::Unavailable => "unavailable",
            Self::Corrupt => "corrupt",
        }
    }
}

/// Whether the same call may succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Not without changing the input or the state that the message names.
    Never,
    /// Yes, unchanged, after a pause.
    Later,
    /// Yes, after reading again what the call was based on.
    AfterReload,
}

impl Retry {
    /// The hint's name as bindings and documents spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Later => "later",
            Self::AfterReload => "after_reload",
        }
    }
}

macro_rules! codes {
    ($($name:ident = $text:literal, $kind:ident, $retry:ident, $meaning:literal, $remedy:literal;)*) => {
        /// Every code an [`Error`] can carry. The dotted text is frozen: it never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The dotted code, as in `consent.opted_out`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// The kind of error that carries this code.
            pub const fn kind(self) -> ErrorKind {
                match self { $(Code::$name => ErrorKind::$kind,)* }
            }

            /// Whether trying again can help.
            pub const fn retry(self) -> Retry {
                match self { $(Code::$name => Retry::$retry,)* }
            }

            /// What the code means, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$name => $meaning,)* }
            }

            /// What to do about it, in a sentence.
            pub const fn remedy(self) -> &'static str {
                match self { $(Code::$name => $remedy,)* }
            }
        }
    };
}

codes! {
    InputInvalid = "input.invalid", Invalid, Never, "A value handed over from another language is not what the call takes.", "Mend the value that the message names.";
    RuntimeForked = "runtime.forked", Refused, Never, "The CRM was opened before the process forked.", "Open it again in the child process.";
    RuntimeUnavailable = "runtime.unavailable", Unavailable, Never, "The library's own threads cannot be used here.", "Call asynchronously inside callbacks, and see the message.";
    RuntimeNoRandomness = "runtime.no_randomness", Unavailable, Later, "The system gives no random bytes.", "Try again later; see the message.";
    IdInvalid = "id.invalid", Invalid, Never, "The text is not an identifier.", "Pass an id that this library gave out.";

    ChannelUnknown = "channel.unknown", Invalid, Never, "The text names no channel.", "Use whatsapp, sms, instagram, messenger or email.";

    WebhookSignatureMissing = "webhook.signature_missing", Forbidden, Never, "The request carries no signature.", "Answer 401; hand over all headers of the request.";
    WebhookSignatureMalformed = "webhook.signature_malformed", Forbidden, Never, "The signature is not of the platform's form.", "Answer 401; hand over the header unchanged.";
    WebhookSignatureWrong = "webhook.signature_wrong", Forbidden, Never, "The signature does not belong to this body and secret.", "Answer 401; check the app secret, and that the body is the raw bytes.";
    WebhookVerificationFailed = "webhook.verification_failed", Forbidden, Never, "The verification request does not carry our token.", "Answer 403; check the verify token in the platform's settings.";
    WebhookMalformed = "webhook.malformed", Invalid, Never, "The signed body is not what the platform sends.", "Answer 400; nothing was read from it.";
    WebhookEndpointUnknown = "webhook.endpoint_unknown", NotFound, Never, "No transport is configured under this endpoint.", "Name one of the endpoints given to the builder.";
    TransportFailed = "transport.failed", Unavailable, Later, "The platform did not answer as it should.", "Try again later.";
    TransportConfigInvalid = "transport.config_invalid", Invalid, Never, "A transport is set up with a value that cannot work.", "Change the value that the message names.";
    TransportRefused = "transport.refused", Refused, Never, "The platform said no.", "See the platform's code in the message.";
    TransportUnsupported = "transport.unsupported", Refused, Never, "The transport has no way to do what is asked.", "See the message for what it is; do without it on this channel.";

    MediaNotFound = "media.not_found", NotFound, Never, "The message has no file, or the media store does not have it.", "Name a message with a file, or store the file again.";
    MediaGone = "media.gone", NotFound, Never, "The platform does not have the file any more.", "Ask the person for it again; fetch files while the platform keeps them, on WhatsApp 7 days.";
    MediaCorrupt = "media.corrupt", Unavailable, Later, "What was transferred is not the file that was told of.", "Try again.";
    MediaInvalid = "media.invalid", Invalid, Never, "The platform does not take a file of this type or size.", "See the message for what would fit.";
    MediaNoStore = "media.no_store", Refused, Never, "The CRM was opened without a media store.", "Give the builder one, as a folder.";
    MediaIo = "media.io", Unavailable, Later, "The media store failed.", "See the message; check space and permissions.";

    SettingInvalid = "setting.invalid", Invalid, Never, "A setting's value is not allowed.", "See the message for what is.";
    MemberNotFound = "member.not_found", NotFound, Never, "There is no such member of the team.", "List the members for their ids.";
    MemberInactive = "member.inactive", Refused, Never, "The member of the team does not work here any more.", "Name another member, or take this one back.";
    MemberNameRequired = "member.name_required", Invalid, Never, "A member of the team needs a name.", "Give the name that contacts are to read.";
    MemberLastOwner = "member.last_owner", Refused, Never, "The organisation would be left without a working owner.", "Make another member an owner first, or let the host do it.";
    AuditBroken = "audit.broken", Corrupt, Never, "An entry of the audit is not as it was sealed.", "Ask verify for the place, and keep the file as it is.";
    AuditMalformed = "audit.malformed", Invalid, Never, "The file is no audit that was exported.", "Give the file as it was written.";
    AuditUnwritable = "audit.unwritable", Unavailable, Never, "The file of the audit cannot be written.", "See the message.";
    RoleForbidden = "role.forbidden", Forbidden, Never, "The member's role does not allow the call.", "Let a member do it who has the role that the message names, or have an owner change the role; docs/roles.md has the table.";
    AttributeInvalid = "attribute.invalid", Invalid, Never, "The attribute cannot be defined so.", "See the message for what is allowed.";
    AttributeUnknown = "attribute.unknown", Invalid, Never, "No attribute of this name is defined.", "Define the attribute first, or correct the name.";
    AttributeInUse = "attribute.in_use", Refused, Never, "Contacts have values that the change would take away.", "Change the values first, or force the change.";
    AttributeMisfit = "attribute.misfit", Invalid, Never, "The value does not fit the attribute's definition.", "Give a value of the defined type.";

    FilterTooLarge = "filter.too_large", Invalid, Never, "The filter is deeper or larger than what is looked at.", "Split it up, or mark the contacts with a tag.";
    FilterAttributeUnknown = "filter.attribute_unknown", Invalid, Never, "The filter asks about an attribute that is not defined.", "Define the attribute first, or correct the name.";
    FilterMisfit = "filter.misfit", Invalid, Never, "The filter asks an attribute what its type has no answer to.", "Give a value of the attribute's type; only numbers and dates are less or greater, only texts contain something.";

    SegmentInvalid = "segment.invalid", Invalid, Never, "The segment's name is empty or too long.", "Give it a name of at most 100 characters.";
    SegmentNotFound = "segment.not_found", NotFound, Never, "There is no such segment.", "List the segments for their ids.";
    SegmentExists = "segment.exists", Conflict, Never, "Another segment has the name.", "Choose another name, or update that segment.";
    SegmentInUse = "segment.in_use", Refused, Never, "A draft of a broadcast, a sequence, a rule of routing or another segment names the segment.", "Change what the message names first.";
    SegmentCycle = "segment.cycle", Invalid, Never, "The segment's filter comes back to the segment itself.", "Leave out the segment that leads back.";

    OrgNotFound = "org.not_found", NotFound, Never, "There is no such organisation.", "Create it first.";
    OrgExists = "org.exists", Conflict, Never, "The organisation is there already.", "Use it, or choose another id.";
    AccountNotFound = "account.not_found", NotFound, Never, "There is no such sender.", "Connect it first.";
    AccountTaken = "account.taken", Conflict, Never, "The platform's sender id is connected already.", "Disable the other connection first.";
    AccountInvalid = "account.invalid", Invalid, Never, "The sender cannot be connected so.", "See the message for what is missing.";
    AccountEndpointUnclear = "account.endpoint_unclear", Invalid, Never, "Several transports serve the channel, and none was named.", "Name the endpoint of the one to send by.";
    AccountNotSending = "account.not_sending", Refused, Later, "The sender is held, stopped or disabled.", "See the account's state; mend what it names, then resume it.";

    CredentialMissing = "credential.missing", Refused, Never, "The host gave no key for this reference.", "Give the builder credentials that know the account's reference.";

    ContactNotFound = "contact.not_found", NotFound, Never, "There is no such contact.", "List or search the contacts.";
    ContactNameRequired = "contact.name_required", Invalid, Never, "A contact made by hand needs a name.", "Give a name, or switch name_required off.";
    ContactIdentityRequired = "contact.identity_required", Invalid, Never, "A contact needs a phone or another identity.", "Give a phone, an e-mail address, a platform's id or an id of another system.";
    ContactEmailInvalid = "contact.email_invalid", Invalid, Never, "The text is not an e-mail address.", "Give an address such as ana@example.com.";
    ContactExternalIdInvalid = "contact.external_id_invalid", Invalid, Never, "The name of another system, or the id there, cannot be kept.", "Give both, the system in at most 100 characters and the id in at most 255.";
    ContactAddressDiffers = "contact.address_differs", Refused, Never, "The contact found does not have the number or platform id that was given with it.", "Give it to the contact by a step of its own (add_phone, replace_phone), or leave it out.";
    ContactDuplicate = "contact.duplicate", Conflict, Never, "The address or external id belongs to another contact.", "Use that contact.";
    ContactLimit = "contact.limit", Refused, Never, "The plan allows no more contacts.", "Delete contacts, or choose a larger plan.";
    ContactChanged = "contact.changed", Conflict, AfterReload, "Somebody else changed the contact since it was read.", "Read the contact again, and decide anew.";
    ContactUpdateInvalid = "contact.update_invalid", Invalid, Never, "The update says two things of one field.", "Give the field's value, or empty it.";
    ContactMergeSelf = "contact.merge_self", Refused, Never, "A contact would be merged with itself.", "Name other contacts; ids that were merged lead to the contact they were merged into.";
    ContactMergeInvalid = "contact.merge_invalid", Invalid, Never, "The merge names nobody, or a choice that it does not have.", "Name the duplicates, and choose each field once, from one of the contacts that are merged.";
    ContactMergeFinal = "contact.merge_final", Refused, Never, "The merge cannot be taken back.", "Undo later merges of the contact first; after a deletion there is nothing to bring back.";
    ContactLeadStep = "contact.lead_step", Refused, Never, "There is no such step from the contact's lead status.", "Set the lead status that is meant.";
    ContactBlocked = "contact.blocked", Refused, Never, "The contact is blocked.", "Unblock the contact.";
    ContactDeleted = "contact.deleted", Refused, Never, "The contact is deleted.", "Create the contact anew.";
    ContactInactive = "contact.inactive", Refused, Never, "The contact is inactive.", "Make the contact active.";
    ContactNoAddress = "contact.no_address", Refused, Never, "The contact has no address on the channel.", "Add one, or choose another channel.";
    ConsentNotOptedIn = "consent.not_opted_in", Refused, Never, "The contact has not opted in.", "Record the contact's opt-in with its proof.";
    ConsentOptedOut = "consent.opted_out", Refused, Never, "The contact opted out.", "Only what the message names lifts it.";
    ConsentProofInvalid = "consent.proof_invalid", Invalid, Never, "The proof of consent cannot be.", "Give the time at which the person agreed, in the past.";
    WindowClosed = "window.closed", Refused, Never, "The 24-hour window is closed: free-form messages may not be sent.", "Send an approved template, or wait for the contact to write.";
    CapReached = "cap.reached", Refused, Later, "The contact got a marketing template within the last 24 hours.", "Wait until the time that the message names.";
    SendStale = "send.stale", Unavailable, Later, "The process was held up for too long between decision and sending; nothing was sent.", "Send again.";
    SendRefused = "send.refused", Refused, Never, "The platform refused the message.", "See the platform's code in the message.";
    SendNotSent = "send.not_sent", Unavailable, Later, "The platform was not reached; nothing was sent.", "Send again.";
    SendUnknown = "send.unknown", Unavailable, Never, "The platform's answer was lost: the message may or may not have been sent.", "Wait for its status; send again only if a second message does no harm.";
    MessageInvalid = "message.invalid", Invalid, Never, "The message cannot be sent so.", "See the message for the limit.";
    ConversationSuperseded = "conversation.superseded", Refused, Never, "A newer conversation with the contact took this one's place.", "Go on in the conversation that the message names.";
    HandlerInvalid = "handler.invalid", Invalid, Never, "The handler's name is empty or too long.", "Give it a name of at most 100 characters.";
    HandlerOver = "handler.over", Refused, Never, "The handler's turn is over: a person took the conversation over, it was closed, or the turn took too long.", "Nothing: what waits is a person's, or another turn's.";
    HandlerElsewhere = "handler.elsewhere", Refused, Never, "A handler writes to, and changes, the conversation of its turn and no other.", "Let the host do it, without acting as the handler.";
    HandlerFailed = "handler.failed", Unavailable, Later, "The handler failed.", "See its error in the host's log; the turn is tried again.";
    HandlerTimeout = "handler.timeout", Unavailable, Later, "The handler did not end in time.", "Answer in less time, or raise the limit; the turn is tried again.";
    HandlerBehind = "handler.behind", Unavailable, Never, "More messages wait for the handler than may.", "Run the process that has the handler.";
    LabelInvalid = "label.invalid", Invalid, Never, "A label is empty or too long.", "Give it a name of at most 100 characters.";
    RoutingInvalid = "routing.invalid", Invalid, Never, "The rule of routing, or the order of the rules, cannot be so.", "Mend what the message names.";
    RoutingNotFound = "routing.not_found", NotFound, Never, "There is no such rule of routing.", "List the rules for their ids.";
    MessageNotFound = "message.not_found", NotFound, Never, "There is no such message.", "List the conversation's messages.";
    ConversationNotFound = "conversation.not_found", NotFound, Never, "There is no such conversation.", "List the conversations.";
    FilterInvalid = "filter.invalid", Invalid, Never, "The filter is not one.", "See the filter's JSON form in the documentation.";
    CursorInvalid = "cursor.invalid", Invalid, Never, "The cursor does not belong to this list.", "Start again without a cursor.";
    BroadcastNotFound = "broadcast.not_found", NotFound, Never, "There is no such broadcast.", "List the broadcasts.";
    BroadcastNotDraft = "broadcast.not_draft", Refused, Never, "The broadcast was launched already.", "Create another one.";
    BroadcastWrongState = "broadcast.wrong_state", Refused, Never, "A broadcast that stands there cannot do that.", "See the message for where it stands, and get the broadcast.";
    BroadcastScheduleInvalid = "broadcast.schedule_invalid", Invalid, Never, "A broadcast cannot be scheduled so.", "Give a local time that is to come.";
    QuietHours = "broadcast.quiet_hours", Refused, Later, "It is a quiet hour where the contact is: broadcasts rest.", "It goes out by itself when the quiet hours end.";
    PairPause = "broadcast.pair_pause", Refused, Later, "The sender wrote to the contact a moment ago, and platforms take one message in some seconds: broadcasts wait.", "It goes out by itself when the pause is over.";
    DayFull = "broadcast.day_full", Refused, Later, "The sender began to write to as many people as its platform allows in 24 hours.", "It goes out by itself when the first of them are 24 hours ago.";
    SequenceInvalid = "sequence.invalid", Invalid, Never, "The sequence's name or steps are not what can be done.", "See the message for the step, and what is wrong with it.";
    SequenceNotFound = "sequence.not_found", NotFound, Never, "There is no such sequence, or none with that version.", "List the sequences for their ids.";
    SequenceWrongState = "sequence.wrong_state", Refused, Never, "A sequence that stands there cannot do that.", "See the message for where it stands; activate or resume it.";
    SequenceEnrolled = "sequence.enrolled", Conflict, Never, "The contact is in the sequence already, or was.", "Nothing, or let the sequence enroll again who is through.";
    SequenceGoalReached = "sequence.goal_reached", Refused, Never, "The contact has the tag that the sequence is to lead to.", "Nothing is to be done.";
    SequenceNotEnrolled = "sequence.not_enrolled", NotFound, Never, "The contact is not under way in the sequence.", "List the contact's enrollments.";
    BroadcastInvalid = "broadcast.invalid", Invalid, Never, "The broadcast cannot be launched so.", "See the message for what is missing.";

    ImportHeader = "import.header", Invalid, Never, "The file's header cannot be used.", "See the message; map a column to phone or email.";
    ImportEncoding = "import.encoding", Invalid, Never, "The text of the file, or of a row, cannot be read.", "Export the file as CSV in UTF-8, or say in which encoding it is.";
    ImportKind = "import.kind", Invalid, Never, "The file is of another kind than CSV.", "See the message for what it seems to be; save or export it as CSV.";
    ImportMapping = "import.mapping", Invalid, Never, "The mapping does not fit the file or the organisation.", "See the message for the column.";
    ImportOtherFile = "import.other_file", Refused, Never, "The file is not the one that the import began with.", "Go on with the same file, or start a new import.";
    ImportElsewhere = "import.elsewhere", Conflict, AfterReload, "Another process went on with the same import.", "Let it finish, or go on from where it is.";
    ImportIo = "import.io", Unavailable, Later, "A file cannot be read or written.", "See the message; go on with the import, or export again, once it can be.";
    ImportNotFound = "import.not_found", NotFound, Never, "There is no such import.", "Start a new import.";
    ImportRow = "import.row", Invalid, Never, "The row cannot be read.", "Mend the row as its reason says, and upload it again.";

    CopySameStore = "copy.same_store", Refused, Never, "A store was to be copied into itself.", "Name another file, or another database.";
    CopyTargetInUse = "copy.target_in_use", Refused, Never, "What was to be copied into holds something else than an unfinished copy of the store.", "Copy into a new file, or into an empty database.";
    CopySourceChanged = "copy.source_changed", Conflict, Later, "The store was changed while it was copied.", "Stop all that uses it, workers and webhooks included, and copy again: it goes on from where it is.";
    CopySourceUnfinished = "copy.source_unfinished", Refused, Never, "The store that was to be copied is itself a copy that was not finished.", "Finish that copy first, or copy what it was made from.";
    CopyDiffers = "copy.differs", Corrupt, Never, "What was copied does not read as it was written.", "Copy again, which writes anew what differs; report it if it lasts.";

    StorageConflict = "storage.conflict", Conflict, AfterReload, "Others changed the same records again and again.", "Try again.";
    StorageBusy = "storage.busy", Unavailable, Later, "Others hold the database, or all of its connections.", "Try again; if it lasts, look for a process that hangs.";
    StorageNotADatabase = "storage.not_a_database", Corrupt, Never, "The file or server is not a database of this library, or cannot be one.", "Check the path or the URL; see the message.";
    StorageNewer = "storage.newer", Refused, Never, "The database was written by a newer version of this library.", "Update the library.";
    SuppressionKeyMissing = "suppression.key_missing", Refused, Never, "The organisation's hashes of suppressed addresses are under a key of the host's, and the CRM was opened without one.", "Open it with the key that the organisation was used with before.";
    SuppressionKeyWrong = "suppression.key_wrong", Refused, Never, "The organisation's hashes of suppressed addresses are under another key of the host's.", "Open it with the key that the organisation was used with before.";
    StorageKeyWrong = "storage.key_wrong", Refused, Never, "The encryption key does not open the database.", "Give the key that the file was encrypted with, or none if it is plain; see the message.";
    StorageNoEncryption = "storage.no_encryption", Refused, Never, "A key was given, and this build of the library cannot encrypt.", "Build the library with its feature `encryption`.";
    StorageCorrupt = "storage.corrupt", Corrupt, Never, "A stored record cannot be read.", "Restore a backup; report how it came about.";
    StorageIo = "storage.io", Unavailable, Later, "The disk, the file, the server or the way to it failed.", "See the message; check space and permissions, and that the server runs.";
    StorageClosed = "storage.closed", Unavailable, Never, "The CRM was closed.", "Open it again.";

    PhoneEmpty = "phone.empty", Invalid, Never, "The telephone number has no digits.", "Leave the field out, or give a number.";
    PhoneLetters = "phone.letters", Invalid, Never, "The telephone number contains letters or other signs.", "Give digits, spaces, dashes, dots, brackets and a leading + only.";
    PhoneScientific = "phone.scientific", Invalid, Never, "A spreadsheet turned the number into scientific notation and digits are lost.", "Format the column as text and export again.";
    PhoneTooShort = "phone.too_short", Invalid, Never, "The number has too few digits for its country.", "Check the number with its country code.";
    PhoneTooLong = "phone.too_long", Invalid, Never, "The number has too many digits for its country.", "Check the number with its country code.";
    PhoneUnknownCountry = "phone.unknown_country", Invalid, Never, "No country has this calling code.", "Write the number with its country code, or set a default region.";
    PhoneAmbiguous = "phone.ambiguous", Invalid, Never, "The bare digits can be read both as a national and as an international number.", "Write the number with a leading +.";
    PhoneImpossible = "phone.impossible", Invalid, Never, "No number of this length exists in its country.", "Check the number with its country code.";
    BusinessScopedIdInvalid = "phone.business_scoped_id_invalid", Invalid, Never, "The text is not a business-scoped user id.", "Pass the id as the platform sent it, as in US.13491208655302741918.";
    PhoneRegionUnknown = "phone.region_unknown", Invalid, Never, "The default region is not a known ISO 3166 code.", "Use two letters, as in IN or BR.";

    RenderSyntax = "render.syntax", Invalid, Never, "A variable is not closed, or is empty.", "Write {{contact.name}} or {{contact.name|fallback}}.";
    RenderUnknownVariable = "render.unknown_variable", Invalid, Never, "The text names a variable that does not exist.", "Use one of the variables that the message lists.";
    RenderFormatInvalid = "render.format_invalid", Invalid, Never, "The date or time format is not one that can be written out.", "Use strftime letters, as in %d/%m/%Y or %H:%M.";
    RenderMissingValue = "render.missing_value", Refused, Never, "A variable has no value and no fallback, and the caller asked for completeness.", "Give a fallback, or fill the field.";

    TemplateNameInvalid = "template.name_invalid", Invalid, Never, "The template's name is not one the platform allows.", "Use lowercase letters, digits and underscores, at most 512.";
    TemplateLanguageInvalid = "template.language_invalid", Invalid, Never, "The template's language is missing or malformed.", "Use a code such as en_US.";
    TemplateMalformed = "template.malformed", Invalid, Never, "The template's components contradict each other.", "Send the components as the platform lists them.";
    TemplateNotFound = "template.not_found", NotFound, Never, "There is no template of this name and language.", "Store the template first.";
    TemplateNotApproved = "template.not_approved", Refused, Never, "The template is not approved by the platform.", "Wait for approval, or choose another template.";
    TemplateParameterCount = "template.parameter_count", Invalid, Never, "The number of parameters is not what the template takes.", "Give one value for each placeholder.";
    TemplateParameterUnknown = "template.parameter_unknown", Invalid, Never, "A parameter is named that the template does not have.", "Use the template's own parameter names.";
    TemplateParameterMissing = "template.parameter_missing", Invalid, Never, "A parameter of the template has no value.", "Give a value, or a variable with a fallback.";
    TemplateParameterEmpty = "template.parameter_empty", Invalid, Never, "A parameter's value is empty; the platform refuses those.", "Give a value, or a variable with a fallback.";
    TemplateParameterInvalid = "template.parameter_invalid", Invalid, Never, "A parameter's value is one that the platform refuses.", "Mend the value as the message says.";
    TemplateUnsupported = "template.unsupported", Refused, Never, "The template has a component that cannot be filled in here.", "Choose a template without that component.";
    TemplateParameterType = "template.parameter_type", Invalid, Never, "A parameter is of another kind than the template's placeholder.", "Give text for text and media for media.";

    QuickReplyInvalid = "quick_reply.invalid", Invalid, Never, "The shortcut or body of the quick reply cannot be used.", "See the message for what is allowed.";
    QuickReplyNotFound = "quick_reply.not_found", NotFound, Never, "There is no such quick reply.", "List the quick replies for their ids.";
    QuickReplyExists = "quick_reply.exists", Conflict, Never, "Another quick reply has the shortcut.", "Choose another shortcut, or update that quick reply.";

    NoteInvalid = "note.invalid", Invalid, Never, "The note is empty or too long.", "Write 1 to 10,000 characters.";
    NoteNotFound = "note.not_found", NotFound, Never, "There is no such note.", "List the contact's notes for their ids.";
    NoteNotAuthor = "note.not_author", Refused, Never, "Somebody else wrote the note.", "Let its author or the host change it, or write another.";

    TagEmpty = "tag.empty", Invalid, Never, "A tag's name is empty.", "Give the tag a name.";
    TagNotFound = "tag.not_found", NotFound, Never, "The organisation has no such tag.", "List the tags for their names.";
    TagExists = "tag.exists", Conflict, Never, "Another tag has this name.", "Merge the one into the other.";
    TagSame = "tag.same", Invalid, Never, "A tag cannot be merged into itself.", "Name two tags.";
    TagInUse = "tag.in_use", Refused, Never, "A rule, a segment or a draft names the tag.", "Change what the message names, or merge the tag into another.";
    TagTooLong = "tag.too_long", Invalid, Never, "A tag's name is longer than 100 characters.", "Shorten the name.";
    RuleRegexInvalid = "rule.regex_invalid", Invalid, Never, "The rule's regular expression does not compile.", "Mend the expression at the position that the message names.";
    RulePatternEmpty = "rule.pattern_empty", Invalid, Never, "The rule's pattern is empty and would match every message.", "Give the text to look for.";
    RuleNoTags = "rule.no_tags", Invalid, Never, "The rule names no tag.", "Give at least one tag.";
    RuleNoChannels = "rule.no_channels", Invalid, Never, "The rule's list of channels is empty, so that it could never fire.", "Name a channel, leave the list out to mean all of them, or switch the rule off.";
    RuleTooLarge = "rule.too_large", Invalid, Never, "The rule's pattern is larger than what is run on every message.", "Shorten the pattern, or lower the numbers of its repetitions.";
    RuleNotFound = "rule.not_found", NotFound, Never, "There is no such rule.", "List the rules for their ids.";

    KeywordEmpty = "keyword.empty", Invalid, Never, "A keyword has no letter and no digit, so that no message could be it.", "Remove the word, or write one with letters.";
    KeywordLanguageInvalid = "keyword.language_invalid", Invalid, Never, "The language of a list of keywords is not a language tag.", "Use a tag such as en or pt-BR.";
    KeywordStopMissing = "keyword.stop_missing", Invalid, Never, "The words leave STOP itself without effect, which carriers obey whatever the organisation says.", "Keep stop among the words of some language.";
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

crate::text_schema::written_as_text!(Code);

/// The library's only public error.
///
/// Branch on [`Error::kind`] or [`Error::code`]; show [`fmt::Display`] to a person.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this code; the message says what was wrong with which value.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
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

    /// The frozen code.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// What went wrong, coarsely.
    pub const fn kind(&self) -> ErrorKind {
        self.code.kind()
    }

    /// Whether trying again can help.
    pub const fn retry(&self) -> Retry {
        self.code.retry()
    }

    /// What was wrong with which value.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.code.as_str())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Code;

    #[test]
    fn codes_are_dotted_unique_and_explained() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(seen.insert(text), "{text} is listed twice");
            assert_eq!(text.split('.').count(), 2, "{text}");
            assert!(
                text.chars()
                    .all(|c| c.is_ascii_lowercase() || c == '.' || c == '_'),
                "{text}"
            );
            assert!(
                code.meaning().ends_with('.') && code.remedy().ends_with('.'),
                "{text}"
            );
        }
    }
}
