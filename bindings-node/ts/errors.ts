// Made by `cargo xtask gen` from bindings-shapes/api.json; edit it there.

/** What went wrong, coarsely. */
export type ErrorKind = "conflict" | "corrupt" | "forbidden" | "invalid" | "not_found" | "refused" | "unavailable";

/** Whether the same call may succeed later, or after what it was based on is read again. */
export type Retry = "after_reload" | "later" | "never";

const CODES = {
  /** A value handed over from another language is not what the call takes. */
  "input.invalid": ["invalid", "never", 503],
  /** The CRM was opened before the process forked. */
  "runtime.forked": ["refused", "never", 503],
  /** The library's own threads cannot be used here. */
  "runtime.unavailable": ["unavailable", "never", 503],
  /** The system gives no random bytes. */
  "runtime.no_randomness": ["unavailable", "later", 503],
  /** The text is not an identifier. */
  "id.invalid": ["invalid", "never", 503],
  /** The text names no channel. */
  "channel.unknown": ["invalid", "never", 503],
  /** The request carries no signature. */
  "webhook.signature_missing": ["forbidden", "never", 401],
  /** The signature is not of the platform's form. */
  "webhook.signature_malformed": ["forbidden", "never", 401],
  /** The signature does not belong to this body and secret. */
  "webhook.signature_wrong": ["forbidden", "never", 401],
  /** The verification request does not carry our token. */
  "webhook.verification_failed": ["forbidden", "never", 403],
  /** The signed body is not what the platform sends. */
  "webhook.malformed": ["invalid", "never", 400],
  /** No transport is configured under this endpoint. */
  "webhook.endpoint_unknown": ["not_found", "never", 404],
  /** The platform did not answer as it should. */
  "transport.failed": ["unavailable", "later", 503],
  /** A transport is set up with a value that cannot work. */
  "transport.config_invalid": ["invalid", "never", 503],
  /** The platform said no. */
  "transport.refused": ["refused", "never", 503],
  /** The transport has no way to do what is asked. */
  "transport.unsupported": ["refused", "never", 503],
  /** The message has no file, or the media store does not have it. */
  "media.not_found": ["not_found", "never", 503],
  /** The platform does not have the file any more. */
  "media.gone": ["not_found", "never", 503],
  /** What was transferred is not the file that was told of. */
  "media.corrupt": ["unavailable", "later", 503],
  /** The platform does not take a file of this type or size. */
  "media.invalid": ["invalid", "never", 503],
  /** The CRM was opened without a media store. */
  "media.no_store": ["refused", "never", 503],
  /** The media store failed. */
  "media.io": ["unavailable", "later", 503],
  /** A setting's value is not allowed. */
  "setting.invalid": ["invalid", "never", 503],
  /** There is no such member of the team. */
  "member.not_found": ["not_found", "never", 503],
  /** The member of the team does not work here any more. */
  "member.inactive": ["refused", "never", 503],
  /** A member of the team needs a name. */
  "member.name_required": ["invalid", "never", 503],
  /** The organisation would be left without a working owner. */
  "member.last_owner": ["refused", "never", 503],
  /** An entry of the audit is not as it was sealed. */
  "audit.broken": ["corrupt", "never", 503],
  /** The file is no audit that was exported. */
  "audit.malformed": ["invalid", "never", 503],
  /** The file of the audit cannot be written. */
  "audit.unwritable": ["unavailable", "never", 503],
  /** The member's role does not allow the call. */
  "role.forbidden": ["forbidden", "never", 503],
  /** The attribute cannot be defined so. */
  "attribute.invalid": ["invalid", "never", 503],
  /** No attribute of this name is defined. */
  "attribute.unknown": ["invalid", "never", 503],
  /** Contacts have values that the change would take away. */
  "attribute.in_use": ["refused", "never", 503],
  /** The value does not fit the attribute's definition. */
  "attribute.misfit": ["invalid", "never", 503],
  /** The filter is deeper or larger than what is looked at. */
  "filter.too_large": ["invalid", "never", 503],
  /** The filter asks about an attribute that is not defined. */
  "filter.attribute_unknown": ["invalid", "never", 503],
  /** The filter asks an attribute what its type has no answer to. */
  "filter.misfit": ["invalid", "never", 503],
  /** The segment's name is empty or too long. */
  "segment.invalid": ["invalid", "never", 503],
  /** There is no such segment. */
  "segment.not_found": ["not_found", "never", 503],
  /** Another segment has the name. */
  "segment.exists": ["conflict", "never", 503],
  /** A draft of a broadcast, a sequence, a rule of routing or another segment names the segment. */
  "segment.in_use": ["refused", "never", 503],
  /** The segment's filter comes back to the segment itself. */
  "segment.cycle": ["invalid", "never", 503],
  /** There is no such organisation. */
  "org.not_found": ["not_found", "never", 503],
  /** The organisation is there already. */
  "org.exists": ["conflict", "never", 503],
  /** There is no such sender. */
  "account.not_found": ["not_found", "never", 503],
  /** The platform's sender id is connected already. */
  "account.taken": ["conflict", "never", 503],
  /** The sender cannot be connected so. */
  "account.invalid": ["invalid", "never", 503],
  /** Several transports serve the channel, and none was named. */
  "account.endpoint_unclear": ["invalid", "never", 503],
  /** The sender is held, stopped or disabled. */
  "account.not_sending": ["refused", "later", 503],
  /** The host gave no key for this reference. */
  "credential.missing": ["refused", "never", 503],
  /** There is no such contact. */
  "contact.not_found": ["not_found", "never", 503],
  /** A contact made by hand needs a name. */
  "contact.name_required": ["invalid", "never", 503],
  /** A contact needs a phone or another identity. */
  "contact.identity_required": ["invalid", "never", 503],
  /** The text is not an e-mail address. */
  "contact.email_invalid": ["invalid", "never", 503],
  /** The name of another system, or the id there, cannot be kept. */
  "contact.external_id_invalid": ["invalid", "never", 503],
  /** The contact found does not have the number or platform id that was given with it. */
  "contact.address_differs": ["refused", "never", 503],
  /** The address or external id belongs to another contact. */
  "contact.duplicate": ["conflict", "never", 503],
  /** The plan allows no more contacts. */
  "contact.limit": ["refused", "never", 503],
  /** Somebody else changed the contact since it was read. */
  "contact.changed": ["conflict", "after_reload", 503],
  /** The update says two things of one field. */
  "contact.update_invalid": ["invalid", "never", 503],
  /** A contact would be merged with itself. */
  "contact.merge_self": ["refused", "never", 503],
  /** The merge names nobody, or a choice that it does not have. */
  "contact.merge_invalid": ["invalid", "never", 503],
  /** The merge cannot be taken back. */
  "contact.merge_final": ["refused", "never", 503],
  /** There is no such step from the contact's lead status. */
  "contact.lead_step": ["refused", "never", 503],
  /** The contact is blocked. */
  "contact.blocked": ["refused", "never", 503],
  /** The contact is deleted. */
  "contact.deleted": ["refused", "never", 503],
  /** The contact is inactive. */
  "contact.inactive": ["refused", "never", 503],
  /** The contact has no address on the channel. */
  "contact.no_address": ["refused", "never", 503],
  /** The contact has not opted in. */
  "consent.not_opted_in": ["refused", "never", 503],
  /** The contact opted out. */
  "consent.opted_out": ["refused", "never", 503],
  /** The proof of consent cannot be. */
  "consent.proof_invalid": ["invalid", "never", 503],
  /** The 24-hour window is closed: free-form messages may not be sent. */
  "window.closed": ["refused", "never", 503],
  /** The contact got a marketing template within the last 24 hours. */
  "cap.reached": ["refused", "later", 503],
  /** The process was held up for too long between decision and sending; nothing was sent. */
  "send.stale": ["unavailable", "later", 503],
  /** The platform refused the message. */
  "send.refused": ["refused", "never", 503],
  /** The platform was not reached; nothing was sent. */
  "send.not_sent": ["unavailable", "later", 503],
  /** The platform's answer was lost: the message may or may not have been sent. */
  "send.unknown": ["unavailable", "never", 503],
  /** The message cannot be sent so. */
  "message.invalid": ["invalid", "never", 503],
  /** A newer conversation with the contact took this one's place. */
  "conversation.superseded": ["refused", "never", 503],
  /** The handler's name is empty or too long. */
  "handler.invalid": ["invalid", "never", 503],
  /** The handler's turn is over: a person took the conversation over, it was closed, or the turn took too long. */
  "handler.over": ["refused", "never", 503],
  /** A handler writes to, and changes, the conversation of its turn and no other. */
  "handler.elsewhere": ["refused", "never", 503],
  /** The handler failed. */
  "handler.failed": ["unavailable", "later", 503],
  /** The handler did not end in time. */
  "handler.timeout": ["unavailable", "later", 503],
  /** More messages wait for the handler than may. */
  "handler.behind": ["unavailable", "never", 503],
  /** A label is empty or too long. */
  "label.invalid": ["invalid", "never", 503],
  /** The rule of routing, or the order of the rules, cannot be so. */
  "routing.invalid": ["invalid", "never", 503],
  /** There is no such rule of routing. */
  "routing.not_found": ["not_found", "never", 503],
  /** There is no such message. */
  "message.not_found": ["not_found", "never", 503],
  /** There is no such conversation. */
  "conversation.not_found": ["not_found", "never", 503],
  /** The filter is not one. */
  "filter.invalid": ["invalid", "never", 503],
  /** The cursor does not belong to this list. */
  "cursor.invalid": ["invalid", "never", 503],
  /** There is no such broadcast. */
  "broadcast.not_found": ["not_found", "never", 503],
  /** The broadcast was launched already. */
  "broadcast.not_draft": ["refused", "never", 503],
  /** A broadcast that stands there cannot do that. */
  "broadcast.wrong_state": ["refused", "never", 503],
  /** A broadcast cannot be scheduled so. */
  "broadcast.schedule_invalid": ["invalid", "never", 503],
  /** It is a quiet hour where the contact is: broadcasts rest. */
  "broadcast.quiet_hours": ["refused", "later", 503],
  /** The sender wrote to the contact a moment ago, and platforms take one message in some seconds: broadcasts wait. */
  "broadcast.pair_pause": ["refused", "later", 503],
  /** The sender began to write to as many people as its platform allows in 24 hours. */
  "broadcast.day_full": ["refused", "later", 503],
  /** The sequence's name or steps are not what can be done. */
  "sequence.invalid": ["invalid", "never", 503],
  /** There is no such sequence, or none with that version. */
  "sequence.not_found": ["not_found", "never", 503],
  /** A sequence that stands there cannot do that. */
  "sequence.wrong_state": ["refused", "never", 503],
  /** The contact is in the sequence already, or was. */
  "sequence.enrolled": ["conflict", "never", 503],
  /** The contact has the tag that the sequence is to lead to. */
  "sequence.goal_reached": ["refused", "never", 503],
  /** The contact is not under way in the sequence. */
  "sequence.not_enrolled": ["not_found", "never", 503],
  /** The broadcast cannot be launched so. */
  "broadcast.invalid": ["invalid", "never", 503],
  /** The file's header cannot be used. */
  "import.header": ["invalid", "never", 503],
  /** The text of the file, or of a row, cannot be read. */
  "import.encoding": ["invalid", "never", 503],
  /** The file is of another kind than CSV. */
  "import.kind": ["invalid", "never", 503],
  /** The mapping does not fit the file or the organisation. */
  "import.mapping": ["invalid", "never", 503],
  /** The file is not the one that the import began with. */
  "import.other_file": ["refused", "never", 503],
  /** Another process went on with the same import. */
  "import.elsewhere": ["conflict", "after_reload", 503],
  /** A file cannot be read or written. */
  "import.io": ["unavailable", "later", 503],
  /** There is no such import. */
  "import.not_found": ["not_found", "never", 503],
  /** The row cannot be read. */
  "import.row": ["invalid", "never", 503],
  /** A store was to be copied into itself. */
  "copy.same_store": ["refused", "never", 503],
  /** What was to be copied into holds something else than an unfinished copy of the store. */
  "copy.target_in_use": ["refused", "never", 503],
  /** The store was changed while it was copied. */
  "copy.source_changed": ["conflict", "later", 503],
  /** The store that was to be copied is itself a copy that was not finished. */
  "copy.source_unfinished": ["refused", "never", 503],
  /** What was copied does not read as it was written. */
  "copy.differs": ["corrupt", "never", 503],
  /** Others changed the same records again and again. */
  "storage.conflict": ["conflict", "after_reload", 503],
  /** Others hold the database, or all of its connections. */
  "storage.busy": ["unavailable", "later", 503],
  /** The file or server is not a database of this library, or cannot be one. */
  "storage.not_a_database": ["corrupt", "never", 503],
  /** The database was written by a newer version of this library. */
  "storage.newer": ["refused", "never", 503],
  /** The organisation's hashes of suppressed addresses are under a key of the host's, and the CRM was opened without one. */
  "suppression.key_missing": ["refused", "never", 503],
  /** The organisation's hashes of suppressed addresses are under another key of the host's. */
  "suppression.key_wrong": ["refused", "never", 503],
  /** The encryption key does not open the database. */
  "storage.key_wrong": ["refused", "never", 503],
  /** A key was given, and this build of the library cannot encrypt. */
  "storage.no_encryption": ["refused", "never", 503],
  /** A stored record cannot be read. */
  "storage.corrupt": ["corrupt", "never", 503],
  /** The disk, the file, the server or the way to it failed. */
  "storage.io": ["unavailable", "later", 503],
  /** The CRM was closed. */
  "storage.closed": ["unavailable", "never", 503],
  /** The telephone number has no digits. */
  "phone.empty": ["invalid", "never", 503],
  /** The telephone number contains letters or other signs. */
  "phone.letters": ["invalid", "never", 503],
  /** A spreadsheet turned the number into scientific notation and digits are lost. */
  "phone.scientific": ["invalid", "never", 503],
  /** The number has too few digits for its country. */
  "phone.too_short": ["invalid", "never", 503],
  /** The number has too many digits for its country. */
  "phone.too_long": ["invalid", "never", 503],
  /** No country has this calling code. */
  "phone.unknown_country": ["invalid", "never", 503],
  /** The bare digits can be read both as a national and as an international number. */
  "phone.ambiguous": ["invalid", "never", 503],
  /** No number of this length exists in its country. */
  "phone.impossible": ["invalid", "never", 503],
  /** The text is not a business-scoped user id. */
  "phone.business_scoped_id_invalid": ["invalid", "never", 503],
  /** The default region is not a known ISO 3166 code. */
  "phone.region_unknown": ["invalid", "never", 503],
  /** A variable is not closed, or is empty. */
  "render.syntax": ["invalid", "never", 503],
  /** The text names a variable that does not exist. */
  "render.unknown_variable": ["invalid", "never", 503],
  /** The date or time format is not one that can be written out. */
  "render.format_invalid": ["invalid", "never", 503],
  /** A variable has no value and no fallback, and the caller asked for completeness. */
  "render.missing_value": ["refused", "never", 503],
  /** The template's name is not one the platform allows. */
  "template.name_invalid": ["invalid", "never", 503],
  /** The template's language is missing or malformed. */
  "template.language_invalid": ["invalid", "never", 503],
  /** The template's components contradict each other. */
  "template.malformed": ["invalid", "never", 503],
  /** There is no template of this name and language. */
  "template.not_found": ["not_found", "never", 503],
  /** The template is not approved by the platform. */
  "template.not_approved": ["refused", "never", 503],
  /** The number of parameters is not what the template takes. */
  "template.parameter_count": ["invalid", "never", 503],
  /** A parameter is named that the template does not have. */
  "template.parameter_unknown": ["invalid", "never", 503],
  /** A parameter of the template has no value. */
  "template.parameter_missing": ["invalid", "never", 503],
  /** A parameter's value is empty; the platform refuses those. */
  "template.parameter_empty": ["invalid", "never", 503],
  /** A parameter's value is one that the platform refuses. */
  "template.parameter_invalid": ["invalid", "never", 503],
  /** The template has a component that cannot be filled in here. */
  "template.unsupported": ["refused", "never", 503],
  /** A parameter is of another kind than the template's placeholder. */
  "template.parameter_type": ["invalid", "never", 503],
  /** The shortcut or body of the quick reply cannot be used. */
  "quick_reply.invalid": ["invalid", "never", 503],
  /** There is no such quick reply. */
  "quick_reply.not_found": ["not_found", "never", 503],
  /** Another quick reply has the shortcut. */
  "quick_reply.exists": ["conflict", "never", 503],
  /** The note is empty or too long. */
  "note.invalid": ["invalid", "never", 503],
  /** There is no such note. */
  "note.not_found": ["not_found", "never", 503],
  /** Somebody else wrote the note. */
  "note.not_author": ["refused", "never", 503],
  /** A tag's name is empty. */
  "tag.empty": ["invalid", "never", 503],
  /** The organisation has no such tag. */
  "tag.not_found": ["not_found", "never", 503],
  /** Another tag has this name. */
  "tag.exists": ["conflict", "never", 503],
  /** A tag cannot be merged into itself. */
  "tag.same": ["invalid", "never", 503],
  /** A rule, a segment or a draft names the tag. */
  "tag.in_use": ["refused", "never", 503],
  /** A tag's name is longer than 100 characters. */
  "tag.too_long": ["invalid", "never", 503],
  /** The rule's regular expression does not compile. */
  "rule.regex_invalid": ["invalid", "never", 503],
  /** The rule's pattern is empty and would match every message. */
  "rule.pattern_empty": ["invalid", "never", 503],
  /** The rule names no tag. */
  "rule.no_tags": ["invalid", "never", 503],
  /** The rule's list of channels is empty, so that it could never fire. */
  "rule.no_channels": ["invalid", "never", 503],
  /** The rule's pattern is larger than what is run on every message. */
  "rule.too_large": ["invalid", "never", 503],
  /** There is no such rule. */
  "rule.not_found": ["not_found", "never", 503],
  /** A keyword has no letter and no digit, so that no message could be it. */
  "keyword.empty": ["invalid", "never", 503],
  /** The language of a list of keywords is not a language tag. */
  "keyword.language_invalid": ["invalid", "never", 503],
  /** The words leave STOP itself without effect, which carriers obey whatever the organisation says. */
  "keyword.stop_missing": ["invalid", "never", 503],
} as const satisfies Record<string, readonly [ErrorKind, Retry, number]>;

/** What went wrong: a code that never changes its meaning. docs/errors.md says what to do about each. */
export type ErrorCode = keyof typeof CODES;

/** Whatever the library fails with. A transport of yours may throw one, too. */
export class TertuliaError extends Error {
  /** What went wrong, coarsely. */
  readonly kind: ErrorKind;
  /** Whether the same call may succeed later. */
  readonly retry: Retry;
  /** The HTTP status to answer a platform with, if receiving its webhook failed so. */
  readonly httpStatus: number;

  constructor(
    /** What went wrong. */
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
    if (!Object.hasOwn(CODES, code)) throw new TypeError(`there is no error code ${JSON.stringify(code)}`);
    [this.kind, this.retry, this.httpStatus] = CODES[code];
    this.name = new.target.name;
  }
}

/** An error of the kind `conflict`. */
export class ConflictError extends TertuliaError {}

/** An error of the kind `corrupt`. */
export class CorruptError extends TertuliaError {}

/** An error of the kind `forbidden`. */
export class ForbiddenError extends TertuliaError {}

/** An error of the kind `invalid`. */
export class InvalidError extends TertuliaError {}

/** An error of the kind `not found`. */
export class NotFoundError extends TertuliaError {}

/** An error of the kind `refused`. */
export class RefusedError extends TertuliaError {}

/** An error of the kind `unavailable`. */
export class UnavailableError extends TertuliaError {}

const CLASSES: Record<ErrorKind, typeof TertuliaError> = {
  conflict: ConflictError,
  corrupt: CorruptError,
  forbidden: ForbiddenError,
  invalid: InvalidError,
  not_found: NotFoundError,
  refused: RefusedError,
  unavailable: UnavailableError,
};

/** The error of a code, in the class of its kind. */
export function errorOf(code: ErrorCode, message: string): TertuliaError {
  return new CLASSES[CODES[code][0]](code, message);
}
