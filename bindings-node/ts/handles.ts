// Made by `cargo xtask gen` from bindings-shapes/api.json; edit it there.
import { methods } from "./codec.js";
import { Handle, Scope, type Declared, type Watch } from "./runtime.js";
import type * as t from "./types.js";

/**
 * A messaging platform, spoken to in the host's language. It decides nothing: it says truthfully what it knows
 * about a send. A send that throws, answers nonsense or does not answer in time is unknown, and is never repeated
 * by itself.
 */
export interface Transport extends Declared {
  /**
   * Answers the platform's verification request with the text to return as the body. Fails with the code
   * `webhook.verification_failed` when the token is not ours.
   */
  verify(query: string): string | Promise<string>;
  /**
   * Reads a webhook: checks the signature over the raw bytes first, then parses. Fails with a code
   * `webhook.signature_*` or `webhook.malformed`.
   */
  parse(request: t.WebhookRequest): t.InboundEvent[] | Promise<t.InboundEvent[]>;
  /** Sends one message, once. Never retries by itself. */
  send(sender: t.Sender, message: t.Outgoing): t.Outcome | Promise<t.Outcome>;
  /** Tells the platform that a person's message was read. */
  markRead?(sender: t.Sender, providerId: string): void | Promise<void>;
  /** The templates of the sender's business account, as the platform lists them. */
  listTemplates?(sender: t.Sender): t.TemplateInput[] | Promise<t.TemplateInput[]>;
  /**
   * Asks the platform what became of an attempt whose answer was lost, where it can be asked; nothing where it
   * cannot.
   */
  settle?(sender: t.Sender, attempt: t.AttemptId): t.Outcome | undefined | Promise<t.Outcome | undefined>;
}

/** Where the keys to send with come from: never from the store. */
export interface Credentials {
  /** The key for this reference: asked for each message. */
  credential(reference: string): string | Promise<string>;
  /**
   * Another key for this reference, now that the platform refused one: asked once, before its senders are stopped.
   * With another key what was refused is tried again. Here whoever keeps keys for a while, or gets them from
   * somewhere, gets a new one; with nothing `credential` is asked again.
   */
  renew?(reference: string, refused: string): string | undefined | Promise<string | undefined>;
}

/**
 * A bot or an AI of the host's: asked to answer what the contacts of its conversations write, by `runDue` and
 * `work`. A turn is never lost, and so may come more than once: when it threw, took too long, or its process died,
 * the same messages come again after a pause, and after five tries people have the conversation. The n-th message
 * that it sends in a turn and that went out in an earlier try, or may have, is not sent again, but given back as it
 * was sent.
 */
export interface ConversationHandler {
  /**
   * Answers what the contact wrote, acting as the handler: a handle on the organisation with `acting` in the place
   * of a member of the team. When the turn is over, as a person took the conversation over or the time was up, its
   * calls fail with `handler.over`.
   */
  turn(turn: t.HandlerTurn): void | Promise<void>;
}

/** Where the time comes from. */
export interface Clock {
  /** The present moment. */
  now(): Date | Promise<Date>;
}

/** A CRM inside this process: opened once, shared by all its tasks. */
export class CrmMethods extends Handle {
  /** Creates an organisation; its id. */
  createOrg(settings: t.SettingsInput): Promise<t.OrgId> {
    return this.call(methods["crm.create_org"], [settings]);
  }

  /** All organisations, by id. */
  orgs(): Promise<t.OrgId[]> {
    return this.call(methods["crm.orgs"], []);
  }

  /**
   * Takes in one request of a platform, and returns when its events are durable: then answer 200 with the body.
   * On an error answer its `httpStatus`; the platform sends the webhook again later.
   *
   * `endpoint` is the name that the transport was given.
   */
  receive(endpoint: string, request: t.WebhookRequestInput): Promise<t.Received> {
    return this.call(methods["crm.receive"], [endpoint, request]);
  }

  /**
   * Does what is due now, until nothing is, and returns: for cron jobs, phones and tests. Several at once, in
   * one process or many, are safe.
   */
  runDue(): Promise<t.Done> {
    return this.call(methods["crm.run_due"], []);
  }

  /** Does what is due as it falls due, until the CRM is closed. */
  work(): Promise<void> {
    return this.call(methods["crm.work"], []);
  }

  /**
   * Copies all that the store has into the store of another CRM, which is new: a file to a server, or back. Ids,
   * versions and positions of the journal stay, so that cursors of the feed stay good. In the end both are read
   * and compared. Files of messages are in the media store, and stay there.
   *
   * Nobody may use the source meanwhile: stop workers and webhooks. It is only read. Cut off by whatever, or
   * cancelled, the copy goes on when it is called again; until it is finished the target has no organisation,
   * and so refuses to be used.
   *
   * Fails with `copy.same_store`, `copy.source_unfinished` or `copy.target_in_use` before anything is written;
   * with `copy.source_changed` or `copy.differs`, naming the kind; with `storage.*`, naming the side.
   */
  copyTo(crm: CrmMethods, watch?: Watch<t.CopyCounts>): Promise<t.CopyReport> {
    return this.call(methods["crm.copy_to"], [], { watch, other: crm });
  }

  /** Answers if the store can be read. */
  ping(): Promise<void> {
    return this.call(methods["crm.ping"], []);
  }

  /**
   * Ends workers after what they are sending, finishes commits, and lets go of the store. Closing what is
   * closed does nothing.
   */
  close(): Promise<void> {
    return this.call(methods["crm.close"], []);
  }
}

/** A stand-in for the WhatsApp Cloud API on a port of this machine: takes sends, calls webhooks, and fails as told. */
export class PlatformMethods extends Handle {
  /** What it was started with, and where. */
  info(): Promise<t.PlatformInfo> {
    return this.call(methods["platform.info"], []);
  }

  /** Webhooks go straight to this CRM, to the endpoint of that name. */
  deliverTo(crm: CrmMethods, endpoint: string): Promise<void> {
    return this.call(methods["platform.deliver_to"], [endpoint], { other: crm });
  }

  /** Webhooks are posted to this URL. */
  deliverToUrl(url: string): Promise<void> {
    return this.call(methods["platform.deliver_to_url"], [url]);
  }

  /** From now on these faults, in place of any before. `seed` draws those that befall a share. */
  script(faults: t.FaultRule[], seed?: number): Promise<void> {
    return this.call(methods["platform.script"], [faults, seed]);
  }

  /**
   * From now on these statuses follow of themselves when a message is accepted, each so many times (default 1),
   * in an order drawn from the seed if one is given. None do at first.
   */
  receipts(reach: t.Reach, copies?: number, shuffled?: number): Promise<void> {
    return this.call(methods["platform.receipts"], [reach, copies, shuffled]);
  }

  /**
   * Somebody writes text to the business; the message's id, which may be given: said twice, it is a webhook
   * that comes again. The webhook is delivered before this returns.
   */
  say(from: t.Person, text: string, id?: string): Promise<string> {
    return this.call(methods["platform.say"], [from, text, id]);
  }

  /**
   * Somebody sends a message of any type: its payload is the object that the platform names after the type.
   * `fields` stand beside it, as in `{"context": {"id": "…"}}` of a reply.
   */
  sayMessage(from: t.Person, kind: string, payload: t.Json, id?: string, fields?: Record<string, t.Json>): Promise<string> {
    return this.call(methods["platform.say_message"], [from, kind, payload, id, fields]);
  }

  /** Somebody stops (`stop`) or takes back (`resume`) marketing messages in the platform's own settings. */
  prefers(person: t.Person, value: string): Promise<void> {
    return this.call(methods["platform.prefers"], [person, value]);
  }

  /**
   * Reports these statuses of an accepted message, in this order and each in a webhook of its own, delivered
   * before this returns.
   */
  statuses(wamid: string, statuses: t.PlatformStatus[]): Promise<void> {
    return this.call(methods["platform.statuses"], [wamid, statuses]);
  }

  /** A change of any field, as in `message_template_status_update`, delivered before this returns. */
  change(field: string, value: t.Json): Promise<void> {
    return this.call(methods["platform.change"], [field, value]);
  }

  /**
   * A notice about the business account or one of its numbers, as in `account_update` or
   * `phone_number_quality_update`, which names no sender by its id; delivered before this returns.
   */
  notice(field: string, value: t.Json): Promise<void> {
    return this.call(methods["platform.notice"], [field, value]);
  }

  /**
   * The business account's templates, in the shape in which the platform lists them. While there are any, only
   * these can be sent; while there are none, any can.
   */
  setTemplates(templates: t.Json[]): Promise<void> {
    return this.call(methods["platform.set_templates"], [templates]);
  }

  /** Every message it accepted, in order, whatever became of the answer. */
  accepted(): Promise<t.AcceptedMessage[]> {
    return this.call(methods["platform.accepted"], []);
  }

  /** Queues all webhooks from now on: only `drain` delivers, until `release`. */
  hold(): Promise<void> {
    return this.call(methods["platform.hold"], []);
  }

  /** Delivers webhooks as they come again. */
  release(): Promise<void> {
    return this.call(methods["platform.release"], []);
  }

  /** Delivers everything that is queued, and what is queued meanwhile, repeating what isn't answered 200. */
  drain(): Promise<t.Drained> {
    return this.call(methods["platform.drain"], []);
  }

  /**
   * Twilio's stand-in beside this one: what it was started with, and where. It takes messages by SMS and WhatsApp
   * alike, and heeds STOP and START words.
   */
  twilioInfo(): Promise<t.TwilioInfo> {
    return this.call(methods["platform.twilio_info"], []);
  }

  /** Twilio's webhooks go straight to this CRM, to the endpoint of that name. */
  twilioDeliverTo(crm: CrmMethods, endpoint: string): Promise<void> {
    return this.call(methods["platform.twilio_deliver_to"], [endpoint], { other: crm });
  }

  /** From now on these faults befall messages sent by Twilio, in place of any before; codes are Twilio's. */
  twilioScript(faults: t.FaultRule[], seed?: number): Promise<void> {
    return this.call(methods["platform.twilio_script"], [faults, seed]);
  }

  /**
   * Somebody writes by SMS, from a number, or by WhatsApp, from a number after `whatsapp:`; the message's id.
   * `fields`
   * are further parameters of the webhook, which is delivered before this returns.
   */
  twilioSay(from: string, text: string, fields?: Record<string, t.Json>): Promise<string> {
    return this.call(methods["platform.twilio_say"], [from, text, fields]);
  }

  /**
   * Reports a status of a message that Twilio accepted, as in `delivered`, and of one that failed the code;
   * delivered
   * before this returns.
   */
  twilioStatus(sid: string, status: string, code?: number): Promise<void> {
    return this.call(methods["platform.twilio_status"], [sid, status, code]);
  }

  /** Every message that Twilio accepted, in order, whatever became of the answer. */
  twilioAccepted(): Promise<t.TwilioMessage[]> {
    return this.call(methods["platform.twilio_accepted"], []);
  }

  /** Signs and posts these bytes as they are, once; the HTTP status of the answer. */
  post(body: Uint8Array): Promise<number | undefined> {
    return this.call(methods["platform.post"], [body]);
  }
}

/** A clock that stands still until it is set. */
export class ClockMethods extends Handle {
  /** The time shown. */
  now(): Promise<Date> {
    return this.call(methods["clock.now"], []);
  }

  /** Shows this time from here on; earlier than before is allowed, as with a wall clock that was corrected. */
  set(now: Date): Promise<void> {
    return this.call(methods["clock.set"], [now]);
  }

  /** Moves the time forward. */
  advance(seconds: number): Promise<void> {
    return this.call(methods["clock.advance"], [seconds]);
  }
}

/** People. */
export class ContactsArea extends Handle {
  /**
   * Creates a contact: by hand if a member of the team asks, by the API if the host does.
   *
   * Fails with `phone.*`, `contact.email_invalid`, `contact.identity_required`, `contact.name_required`,
   * `contact.duplicate` (the message names the contact), `attribute.*`, `tag.*` or `contact.limit`, and with
   * `consent.opted_out` where `optedIn` does not lift what the person said before their contact was deleted.
   */
  create(new_: t.NewContact): Promise<t.Contact> {
    return this.call(methods["contacts.create"], [new_]);
  }

  /**
   * Takes in a lead that a chatbot captured. The contact that has any of the addresses gets what it lacks: what it
   * has stays, a lead status is taken where it is further on, and whom only the e-mail address names gets the
   * numbers and ids. Else a contact is created, beyond the plan's limit too: a lead is never lost. An opt-in that
   * does not lift what the person said is left out; the contact tells.
   *
   * Fails with `phone.*`, `contact.email_invalid`, `contact.identity_required`, `attribute.*` or `tag.*`, and with
   * `contact.duplicate` for an id in another system that is another contact's.
   */
  captureLead(new_: t.NewContact): Promise<t.Contact> {
    return this.call(methods["contacts.capture_lead"], [new_]);
  }

  /** Where the organisation stands with its plan: how many contacts count, and by how many it is over. */
  usage(): Promise<t.PlanUsage> {
    return this.call(methods["contacts.usage"], []);
  }

  /** The contact, which must be there; a deleted one is not. */
  get(id: t.ContactId): Promise<t.Contact> {
    return this.call(methods["contacts.get"], [id]);
  }

  /** The contact with this number, in any spelling that WhatsApp treats as the same one. */
  findByPhone(phone: string): Promise<t.Contact | undefined> {
    return this.call(methods["contacts.find_by_phone"], [phone]);
  }

  /** The contact that this e-mail address identifies. */
  findByEmail(email: string): Promise<t.Contact | undefined> {
    return this.call(methods["contacts.find_by_email"], [email]);
  }

  /** The contact with this business-scoped WhatsApp id. */
  findByWhatsappId(id: string): Promise<t.Contact | undefined> {
    return this.call(methods["contacts.find_by_whatsapp_id"], [id]);
  }

  /**
   * The contacts that fit a filter, in an order; absent: by when they came to be.
   *
   * Fails with `filter.*`, and with `cursor.invalid` for a cursor of another list, filter, order or organisation.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  list(filter: t.Filter, order?: t.ContactOrder, page?: t.PageRequest): AsyncIterableIterator<t.Contact> {
    return this.pages(methods["contacts.list"], [filter, order, page]);
  }

  /** One page of what `list` gives. */
  listPage(filter: t.Filter, order?: t.ContactOrder, page?: t.PageRequest): Promise<t.Page<t.Contact>> {
    return this.call(methods["contacts.list"], [filter, order, page]);
  }

  /**
   * The contacts that one box finds, by name: each word that was typed is looked for in any part of names, numbers
   * in any spelling, addresses in use and attributes, without regard to case and accents. A word of one or two
   * characters is the beginning of a word. Of these, the ones that fit the filter.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  search(text: string, filter?: t.Filter, page?: t.PageRequest): AsyncIterableIterator<t.Contact> {
    return this.pages(methods["contacts.search"], [text, filter, page]);
  }

  /** One page of what `search` gives. */
  searchPage(text: string, filter?: t.Filter, page?: t.PageRequest): Promise<t.Page<t.Contact>> {
    return this.call(methods["contacts.search"], [text, filter, page]);
  }

  /** How many contacts fit a filter. Fails with `filter.*`. */
  count(filter: t.Filter): Promise<number> {
    return this.call(methods["contacts.count"], [filter]);
  }

  /**
   * Contacts that are likely one person, and why: what two or more share is an entry; one that says no more of the
   * same contacts than an entry before is left out. Blocked and inactive contacts count, deleted ones do not. Where
   * one address makes several pairs alike, a page may have some entries more than asked for.
   *
   * Fails with `cursor.invalid` for a cursor of another list or organisation.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  duplicates(page?: t.PageRequest): AsyncIterableIterator<t.Duplicate> {
    return this.pages(methods["contacts.duplicates"], [page]);
  }

  /** One page of what `duplicates` gives. */
  duplicatesPage(page?: t.PageRequest): Promise<t.Page<t.Duplicate>> {
    return this.call(methods["contacts.duplicates"], [page]);
  }

  /** The contacts that are likely the same person as this one, each with the reasons; the gravest first. */
  duplicatesOf(id: t.ContactId): Promise<t.Duplicate[]> {
    return this.call(methods["contacts.duplicates_of"], [id]);
  }

  /** Adds tags; how many were new. */
  tag(id: t.ContactId, tags: string[]): Promise<number> {
    return this.call(methods["contacts.tag"], [id, tags]);
  }

  /** Removes tags; how many were there. */
  untag(id: t.ContactId, tags: string[]): Promise<number> {
    return this.call(methods["contacts.untag"], [id, tags]);
  }

  /**
   * Changes a contact's profile in one step. `revision` is that of the contact as it was read: if somebody else
   * changed it meanwhile, nothing happens.
   *
   * Fails with `contact.changed`, `contact.update_invalid`, `contact.email_invalid`, `contact.identity_required`,
   * `contact.duplicate`, `attribute.*`, `member.*`, or with `consent.opted_out` where an opt-in does not lift what
   * the person said.
   */
  update(id: t.ContactId, revision: number, update: t.ContactUpdate): Promise<t.Contact> {
    return this.call(methods["contacts.update"], [id, revision, update]);
  }

  /**
   * Merges contacts that are one person into one: nothing of them is lost, their ids lead to the primary from now
   * on, and their addresses find it.
   *
   * The primary's fields win and its gaps are filled, but for what is chosen. Addresses, tags, conversations,
   * notes and timeline are those of all. Consent is not chosen: an opt-out of any of them stands until the person
   * lifts it, and an address of somebody who had not opted in gets nothing until the person writes or an opt-in is
   * recorded. Who is blocked as one of them stays blocked. In a broadcast in which several of them are, one
   * message goes out.
   *
   * Fails with `contact.not_found`, `contact.merge_self` or `contact.merge_invalid`.
   */
  merge(primary: t.ContactId, request: t.MergeRequest): Promise<t.MergedContact> {
    return this.call(methods["contacts.merge"], [primary, request]);
  }

  /** What `merge` would make of the primary, and in what the contacts differ. Changes nothing. */
  previewMerge(primary: t.ContactId, request: t.MergeRequest): Promise<t.MergedContact> {
    return this.call(methods["contacts.preview_merge"], [primary, request]);
  }

  /**
   * Takes a merge back, named by the id of the contact that was merged: it is a contact of its own again, with
   * what it had. What came since stays with the primary; an opt-out and a block since hold for both.
   *
   * Fails with `contact.not_found`, or with `contact.merge_final` if nothing was merged under this id, or the
   * primary was merged or deleted since.
   */
  undoMerge(duplicate: t.ContactId): Promise<t.Contact> {
    return this.call(methods["contacts.undo_merge"], [duplicate]);
  }

  /**
   * Makes a member of the team, or nobody, responsible for a contact; whether somebody else was. Fails with
   * `member.not_found` or `member.inactive`.
   */
  setOwner(id: t.ContactId, owner?: t.AgentId): Promise<boolean> {
    return this.call(methods["contacts.set_owner"], [id, owner]);
  }

  /** Moves a contact to a lead status; whether it was at another one. */
  setLead(id: t.ContactId, lead: t.LeadStatus): Promise<boolean> {
    return this.call(methods["contacts.set_lead"], [id, lead]);
  }

  /**
   * Moves a contact one step on, from cold to warm, to hot, to customer; the status then. Fails with
   * `contact.lead_step` for a customer.
   */
  advanceLead(id: t.ContactId): Promise<t.LeadStatus> {
    return this.call(methods["contacts.advance_lead"], [id]);
  }

  /**
   * Moves a contact that is hot or a customer back to be won again: to cold, or where it is told to begin; the
   * status then. Fails with `contact.lead_step` for others, and where that is no step back.
   */
  reEngage(id: t.ContactId, to?: t.LeadStatus): Promise<t.LeadStatus> {
    return this.call(methods["contacts.re_engage"], [id, to]);
  }

  /**
   * Does one thing with many contacts, by the rules of the calls for one: what they refuse is refused, counted and
   * listed. Some 2,000 contacts are one commit. What was done stays done after a cancellation; `next` of the
   * report, given as `after`, goes on there.
   *
   * Fails with `filter.*`, `segment.not_found`, `tag.*`, or `cursor.invalid` for a place in another selection.
   */
  bulk(selection: t.Selection, action: t.BulkAction, after?: string, watch?: Watch<t.BulkReport>): Promise<t.BulkReport> {
    return this.call(methods["contacts.bulk"], [selection, action, after], { watch });
  }

  /**
   * Writes contacts to a file as CSV, UTF-8 with commas, page by page. Each is written once; deleted ones never,
   * blocked ones as such. No cell is one that a spreadsheet would run: such a cell has one `'` before it, which an
   * import takes off again. Imported, the columns that are written by default give the same contacts back.
   *
   * Fails with `filter.*`, `segment.not_found`, `import.mapping` for columns that do not hold, or `import.io`.
   */
  export(selection: t.Selection, to: string, options?: t.ExportOptions, watch?: Watch<t.ExportCounts>): Promise<t.ExportReport> {
    return this.call(methods["contacts.export"], [selection, to, options], { watch });
  }

  /** Gives a contact one more number. Fails with `phone.*` or `contact.duplicate`. */
  addPhone(id: t.ContactId, phone: string): Promise<t.Contact> {
    return this.call(methods["contacts.add_phone"], [id, phone]);
  }

  /**
   * Gives a contact another number in place of one that it has. The old one is kept as history; an opt-out
   * follows to the new one, an opt-in does not.
   */
  replacePhone(id: t.ContactId, old: string, new_: string): Promise<t.Contact> {
    return this.call(methods["contacts.replace_phone"], [id, old, new_]);
  }

  /** The contact that has this id in another system. */
  findByExternalId(system: string, external: string): Promise<t.Contact | undefined> {
    return this.call(methods["contacts.find_by_external_id"], [system, external]);
  }

  /**
   * Gives a contact its id in another system, in place of the one it has there. An id belongs to one contact of
   * the organisation, and a contact has one in each system; both are compared as they are, trimmed.
   *
   * Fails with `contact.external_id_invalid`, or with `contact.duplicate` (the message names the contact).
   */
  setExternalId(id: t.ContactId, system: string, external: string): Promise<t.Contact> {
    return this.call(methods["contacts.set_external_id"], [id, system, external]);
  }

  /** Takes a contact's id in another system away. Nothing if it has none there. */
  removeExternalId(id: t.ContactId, system: string): Promise<t.Contact> {
    return this.call(methods["contacts.remove_external_id"], [id, system]);
  }

  /**
   * Stores a record of another system by its id there: creates the contact as `create` does, or updates the one
   * that has the id with what is given; said again, the same changes nothing.
   *
   * Of a known contact the fields, attributes and external ids that are given win, tags are added, and numbers
   * and platform ids stay: one that the contact does not have is refused with `contact.address_differs`, or with
   * `contact.duplicate` if it is another contact's. Fails besides with what `create` and `opt_in` fail with.
   */
  upsert(new_: t.NewContact, system: string, external: string): Promise<t.UpsertedContact> {
    return this.call(methods["contacts.upsert"], [new_, system, external]);
  }

  /**
   * Deletes a contact. Names, addresses, tags, attributes, ids in other systems, owner and notes go; what waits to
   * be sent is skipped; conversations stay or go as the settings say. The id stays, and what it is in: the journal,
   * the ledger, and the history of consent. A later message from the person makes a new contact.
   *
   * Of each address that the contact has or had, a keyed hash is kept while an opt-out is in force: whoever gets
   * the address later, by whatever way, is held to it. Fails with `contact.not_found`.
   */
  delete(id: t.ContactId): Promise<void> {
    return this.call(methods["contacts.delete"], [id]);
  }

  /**
   * Erases a contact, as the laws on privacy (GDPR, CCPA) grant it: all that `delete` takes, its conversations
   * whatever the settings say, and every personal value wherever else it stands: in evidence of consent, in the
   * ledger, in the journal and so in the audit, in snapshots that would take back a merge, in webhook events that
   * were kept, and where other contacts' records name its addresses. Merged contacts go whole. One that is deleted
   * already can be erased, too.
   *
   * What stays names nobody: the id, counts, times, and the keyed hash of each address with its opt-outs. The
   * certificate says how much there was, and which media files the host is to delete. What is removed cannot be
   * read out of the store's files any more when it says so. Cut off, it is gone on with by `runDue`, or by asking
   * again. Fails with `contact.not_found`.
   */
  erase(id: t.ContactId): Promise<t.ErasureCertificate> {
    return this.call(methods["contacts.erase"], [id]);
  }

  /** The certificate of an erase, as it stands. Fails with `contact.not_found` for a contact that was not erased. */
  certificate(id: t.ContactId): Promise<t.ErasureCertificate> {
    return this.call(methods["contacts.certificate"], [id]);
  }

  /**
   * Everything that is held about a contact, a deleted one too, under all ids that lead to it, as one object: what
   * the right of access (GDPR, article 15) asks for. Its fields: `contact` (with the history of consent), `merged`,
   * `notes`, `conversations`, `messages`, `messageReferences`, `evidence`, `ledger`, `windows`, `slots`,
   * `suppressions`, `imports`, `quarantined`, `mentions`, `journal`, `erasure`. Fails with `contact.not_found`.
   */
  dossier(id: t.ContactId): Promise<Record<string, t.Json>> {
    return this.call(methods["contacts.dossier"], [id]);
  }

  /** Blocks a contact: it opens no conversation and gets no message, tag or automation. */
  block(id: t.ContactId): Promise<void> {
    return this.call(methods["contacts.block"], [id]);
  }

  /** Lifts a block and restores the status before. */
  unblock(id: t.ContactId): Promise<void> {
    return this.call(methods["contacts.unblock"], [id]);
  }

  /** Sets a contact aside from campaigns (`false`), or takes it back. */
  setActive(id: t.ContactId, active: boolean): Promise<void> {
    return this.call(methods["contacts.set_active"], [id, active]);
  }

  /**
   * Everything that happened with a contact, a deleted one too, by the time it happened; of these kinds only, or
   * (empty) of all.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  timeline(id: t.ContactId, kinds?: t.JournalKind[], page?: t.PageRequest): AsyncIterableIterator<t.JournalEntry> {
    return this.pages(methods["contacts.timeline"], [id, kinds, page]);
  }

  /** One page of what `timeline` gives. */
  timelinePage(id: t.ContactId, kinds?: t.JournalKind[], page?: t.PageRequest): Promise<t.Page<t.JournalEntry>> {
    return this.call(methods["contacts.timeline"], [id, kinds, page]);
  }

  /** The contact's window at a sender, at this moment. */
  window(id: t.ContactId, account: t.AccountId): Promise<t.WindowState> {
    return this.call(methods["contacts.window"], [id, account]);
  }
}

/** What the team writes down about contacts, for itself. */
export class NotesArea extends Handle {
  /** Writes a note about a contact, which the whole team sees. Fails with `contact.not_found` or `note.invalid`. */
  add(contact: t.ContactId, text: string): Promise<t.Note> {
    return this.call(methods["notes.add"], [contact, text]);
  }

  /**
   * Gives a note another text. Its author may, and the host.
   *
   * Fails with `note.not_found`, `note.invalid`, or `note.not_author` for another member of the team.
   */
  edit(id: t.NoteId, text: string): Promise<t.Note> {
    return this.call(methods["notes.edit"], [id, text]);
  }

  /** Takes a note away. Its author may, and the host. Fails with `note.not_found`, or `note.not_author`. */
  remove(id: t.NoteId): Promise<void> {
    return this.call(methods["notes.remove"], [id]);
  }

  /**
   * The notes about a contact, by when they were written. Fails with `contact.not_found`.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  list(contact: t.ContactId, page?: t.PageRequest): AsyncIterableIterator<t.Note> {
    return this.pages(methods["notes.list"], [contact, page]);
  }

  /** One page of what `list` gives. */
  listPage(contact: t.ContactId, page?: t.PageRequest): Promise<t.Page<t.Note>> {
    return this.call(methods["notes.list"], [contact, page]);
  }
}

/** Telephone numbers, read as contacts' numbers are. */
export class PhonesArea extends Handle {
  /** Reads a number in any spelling, national ones by the organisation's default region. Fails with `phone.*`. */
  parse(text: string): Promise<t.Phone> {
    return this.call(methods["phones.parse"], [text]);
  }

  /** Reads the digits that WhatsApp names a number by: always internationally. Fails with `phone.*`. */
  parseWaId(waId: string): Promise<t.Phone> {
    return this.call(methods["phones.parse_wa_id"], [waId]);
  }
}

/** What people agreed to. */
export class ConsentArea extends Handle {
  /** Where a contact stands. */
  get(contact: t.ContactId): Promise<t.ConsentState> {
    return this.call(methods["consent.get"], [contact]);
  }

  /**
   * Records an opt-in; whether it was new. A person's own STOP is lifted only if `proof` says where, when and
   * how they agreed anew; otherwise this fails with `consent.opted_out`.
   */
  optIn(contact: t.ContactId, proof?: string): Promise<boolean> {
    return this.call(methods["consent.opt_in"], [contact, proof]);
  }

  /** Records an opt-out; whether it was new. What waits to be sent to the contact is skipped in the same commit. */
  optOut(contact: t.ContactId, proof?: string): Promise<boolean> {
    return this.call(methods["consent.opt_out"], [contact, proof]);
  }

  /** Records an opt-in or opt-out with a scope and time of its own; whether it was new. */
  set(contact: t.ContactId, request: t.ConsentRequest): Promise<boolean> {
    return this.call(methods["consent.set"], [contact, request]);
  }

  /** Whether a message may be sent now; if not, every rule that says no, and when it would say yes. */
  explain(request: t.SendRequest): Promise<t.Explanation> {
    return this.call(methods["consent.explain"], [request]);
  }
}

/** Tags and how many contacts carry them. */
export class TagsArea extends Handle {
  /**
   * Gives a tag another name: rules, segments and drafts follow at once, and contacts batch by batch; how many
   * contacts that were. If it is cut off, `merge` does the rest.
   *
   * Fails with `tag.not_found`, `tag.empty`, `tag.too_long`, or `tag.exists` if another tag has the name.
   */
  rename(name: string, new_: string): Promise<number> {
    return this.call(methods["tags.rename"], [name, new_]);
  }

  /**
   * Makes one tag of two: whoever has the first gets the other. Rules, segments and drafts follow at once, and
   * contacts batch by batch; how many contacts that were. If it is cut off, the same call does the rest.
   *
   * Fails with `tag.not_found`, or `tag.same`.
   */
  merge(name: string, into: string): Promise<number> {
    return this.call(methods["tags.merge"], [name, into]);
  }

  /**
   * Deletes a tag and takes it from contacts, batch by batch; how many contacts that were. If it is cut off, the
   * same call does the rest.
   *
   * Fails with `tag.not_found`, or `tag.in_use` while a rule adds it, or a segment or a draft asks for it.
   */
  delete(name: string): Promise<number> {
    return this.call(methods["tags.delete"], [name]);
  }

  /** All tags, by their folded names. */
  list(): Promise<t.TagCount[]> {
    return this.call(methods["tags.list"], []);
  }
}

/** Auto-tag rules. */
export class RulesArea extends Handle {
  /**
   * Adds a rule for every channel; its id.
   *
   * Fails with `rule.*` or `tag.*`: a regular expression that does not compile is refused with its position.
   */
  add(pattern: t.PatternInput, tags: string[]): Promise<t.RuleId> {
    return this.call(methods["rules.add"], [pattern, tags]);
  }

  /** Stores a rule, new or in place of the one with its id. It counts from the next message on. */
  put(rule: t.RuleInput): Promise<void> {
    return this.call(methods["rules.put"], [rule]);
  }

  /** Removes a rule; tags that it added stay. */
  remove(id: t.RuleId): Promise<void> {
    return this.call(methods["rules.remove"], [id]);
  }

  /** All rules, in the order in which they apply. */
  list(): Promise<t.Rule[]> {
    return this.call(methods["rules.list"], []);
  }

  /** Which rules would fire for a text that came over a channel, and where in it. */
  test(text: string, channel: t.Channel): Promise<t.RuleMatch[]> {
    return this.call(methods["rules.test"], [text, channel]);
  }
}

/** Definitions of custom attributes. */
export class AttributesArea extends Handle {
  /**
   * Defines an attribute; nothing if it is defined just so. Fails with `attribute.invalid`, also if it is defined
   * otherwise: that is `change`.
   */
  define(name: string, kind: t.AttributeKind): Promise<void> {
    return this.call(methods["attributes.define"], [name, kind]);
  }

  /**
   * Defines an attribute anew. Values that do not fit any more are taken away from contacts; how many contacts
   * lost one.
   *
   * Fails with `attribute.unknown`, `attribute.invalid`, and, unless it is forced, with `attribute.in_use` if there
   * are values that may not fit: those of a dropdown's entry that goes, and all of an attribute that becomes
   * anything else than text.
   */
  change(name: string, kind: t.AttributeKind, force?: boolean): Promise<number> {
    return this.call(methods["attributes.change"], [name, kind, force]);
  }

  /**
   * Removes the definition of an attribute, and its values from contacts; how many contacts lost one. Filters and
   * texts that name it are refused from then on.
   *
   * Fails with `attribute.unknown`, and, unless it is forced, with `attribute.in_use` if there are values.
   */
  remove(name: string, force?: boolean): Promise<number> {
    return this.call(methods["attributes.remove"], [name, force]);
  }

  /** All definitions, by name. */
  list(): Promise<t.Attribute[]> {
    return this.call(methods["attributes.list"], []);
  }
}

/** Filters saved under names. */
export class SegmentsArea extends Handle {
  /**
   * Saves a filter under a name; its id, by which `{"segment": id}` names it wherever a filter is taken.
   *
   * Fails with `segment.invalid`, `segment.exists` (names are compared without regard to case and accents),
   * `segment.not_found` (one that the filter names) or `filter.*`.
   */
  create(name: string, filter: t.Filter): Promise<t.SegmentId> {
    return this.call(methods["segments.create"], [name, filter]);
  }

  /** The segment, which must be there. */
  get(id: t.SegmentId): Promise<t.Segment> {
    return this.call(methods["segments.get"], [id]);
  }

  /** All segments, by the time they were created. */
  list(): Promise<t.Segment[]> {
    return this.call(methods["segments.list"], []);
  }

  /**
   * Gives a segment another name and filter. Whatever names it means the new filter from now on; a broadcast that
   * was launched stays as it was. Fails as `create` does, and with `segment.cycle`.
   */
  update(id: t.SegmentId, name: string, filter: t.Filter): Promise<void> {
    return this.call(methods["segments.update"], [id, name, filter]);
  }

  /** Deletes a segment. Fails with `segment.in_use` while a draft of a broadcast or another segment names it. */
  delete(id: t.SegmentId): Promise<void> {
    return this.call(methods["segments.delete"], [id]);
  }
}

/** CSV files in. */
export class ImportsArea extends Handle {
  /** The sample file: the columns that are read, the organisation's attributes among them. */
  template(): Promise<string> {
    return this.call(methods["imports.template"], []);
  }

  /**
   * The columns of a file, and what each seems to be. What the format leaves open is found out. Fails with
   * `import.*`
   * if it is not such a file.
   */
  inspect(file: t.FileSource, format?: t.ImportFormat): Promise<t.Inspected> {
    return this.call(methods["imports.inspect"], [file, format]);
  }

  /**
   * What taking the file would do, without doing it. The refused rows are written to the file `rejected` as CSV
   * with a reason column, if it is named.
   */
  check(file: t.FileSource, options?: t.ImportOptions, rejected?: string, watch?: Watch<t.ImportCounts>): Promise<t.ImportReport> {
    return this.call(methods["imports.check"], [file, options, rejected], { watch });
  }

  /**
   * Takes a file. The rows before a cancellation or failure stay taken; `resume` goes on after them. The refused
   * rows are written to the file `rejected` as CSV with a reason column, to mend and upload, if it is named.
   */
  run(file: t.FileSource, options?: t.ImportOptions, rejected?: string, watch?: Watch<t.ImportCounts>): Promise<t.ImportReport> {
    return this.call(methods["imports.run"], [file, options, rejected], { watch });
  }

  /**
   * Goes on with an import after a crash or a cancellation, from the same file: no row is done twice.
   *
   * Fails with `import.not_found`, or `import.other_file` if the rows done are not this file's.
   */
  resume(id: t.ImportId, file: t.FileSource, rejected?: string, watch?: Watch<t.ImportCounts>): Promise<t.ImportReport> {
    return this.call(methods["imports.resume"], [id, file, rejected], { watch });
  }

  /** How far an import got. */
  get(id: t.ImportId): Promise<t.Import> {
    return this.call(methods["imports.get"], [id]);
  }
}

/** Conversations and messages. */
export class InboxArea extends Handle {
  /**
   * Sends a message now, and returns it as the platform took it.
   *
   * Passes the gate first: refused with the gravest rule (`contact.blocked`, `consent.opted_out`,
   * `window.closed`, `cap.reached`, …), and nothing changed. Fails with `send.refused` or `send.not_sent` if the
   * platform said no or was not reached, and with `send.unknown` if its answer was lost: then the message may or
   * may not arrive, and its status tells.
   */
  send(request: t.SendRequest): Promise<t.Message> {
    return this.call(methods["inbox.send"], [request]);
  }

  /**
   * Begins a conversation with somebody: with the contact that has any of the addresses, which gets what it lacks,
   * or with one that is created for it. Gives back the contact, and its open conversation if there is one.
   *
   * Fails with what `contacts.create` fails with, `contact.limit` and `consent.opted_out` among it, and with
   * `contact.blocked`.
   */
  start(new_: t.NewContact): Promise<t.StartedConversation> {
    return this.call(methods["inbox.start"], [new_]);
  }

  /** Sends text to a contact, by the sender that they last wrote to. */
  sendText(contact: t.ContactId, text: string): Promise<t.Message> {
    return this.call(methods["inbox.send_text"], [contact, text]);
  }

  /** A text with variables, as a contact would get it; `strict`: a variable without value or fallback is refused. */
  render(contact: t.ContactId, text: string, strict: boolean): Promise<t.Rendered> {
    return this.call(methods["inbox.render"], [contact, text, strict]);
  }

  /**
   * A message's file, in the media store: downloaded from the platform the first time, found there from then on. It
   * is kept only if it has the size and the hash that the platform told.
   *
   * Platforms forget files (WhatsApp after 7 days): fetch what is to be kept as it comes. Fails with
   * `message.not_found`, `media.not_found` if the message has no file, `media.no_store`, `media.gone`,
   * `media.corrupt`, `media.io`, `credential.missing` or `transport.*`.
   */
  fetchMedia(message: t.MessageId): Promise<t.StoredFile> {
    return this.call(methods["inbox.fetch_media"], [message]);
  }

  /**
   * Stores a file to be sent: what a message's content takes as its media, as often as one likes. It is uploaded to
   * the platform with each message; the host removes it from the store when it is of no use any more. Fails with
   * `media.no_store` or `media.io`.
   */
  upload(file: t.NewMedia, source: t.FileSource): Promise<t.Media> {
    return this.call(methods["inbox.upload"], [file, source]);
  }

  /** The message, which must be there. */
  message(id: t.MessageId): Promise<t.Message> {
    return this.call(methods["inbox.message"], [id]);
  }

  /**
   * The messages of a conversation, by time.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  messages(conversation: t.ConversationId, page?: t.PageRequest): AsyncIterableIterator<t.Message> {
    return this.pages(methods["inbox.messages"], [conversation, page]);
  }

  /** One page of what `messages` gives. */
  messagesPage(conversation: t.ConversationId, page?: t.PageRequest): Promise<t.Page<t.Message>> {
    return this.call(methods["inbox.messages"], [conversation, page]);
  }

  /**
   * The conversations, of one contact or of all, by last activity.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  conversations(contact?: t.ContactId, page?: t.PageRequest): AsyncIterableIterator<t.Conversation> {
    return this.pages(methods["inbox.conversations"], [contact, page]);
  }

  /** One page of what `conversations` gives. */
  conversationsPage(contact?: t.ContactId, page?: t.PageRequest): Promise<t.Page<t.Conversation>> {
    return this.call(methods["inbox.conversations"], [contact, page]);
  }

  /** Tells the platform that a contact's message was read; if it is the last one, its conversation is read. */
  markRead(id: t.MessageId): Promise<void> {
    return this.call(methods["inbox.mark_read"], [id]);
  }

  /** The conversation, which must be there. Fails with `conversation.not_found`. */
  get(id: t.ConversationId): Promise<t.Conversation> {
    return this.call(methods["inbox.get"], [id]);
  }

  /**
   * The conversations that fit a filter, by last activity, the longest silent first; read backwards, the latest
   * first. Whatever is written meanwhile, no call fails, and no conversation is met twice on the way backwards.
   *
   * Fails with `contact.not_found`, or `cursor.invalid` for a place in another list.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  list(filter?: t.ConversationFilter, page?: t.PageRequest): AsyncIterableIterator<t.Conversation> {
    return this.pages(methods["inbox.list"], [filter, page]);
  }

  /** One page of what `list` gives. */
  listPage(filter?: t.ConversationFilter, page?: t.PageRequest): Promise<t.Page<t.Conversation>> {
    return this.call(methods["inbox.list"], [filter, page]);
  }

  /**
   * How many conversations fit a filter: in all, by where they stand, and of each how many wait to be read.
   *
   * Fails with `contact.not_found`.
   */
  counts(filter?: t.ConversationFilter): Promise<t.ConversationCounts> {
    return this.call(methods["inbox.counts"], [filter]);
  }

  /**
   * Makes a conversation that of a member of the team, or of nobody; gives it as it is then.
   *
   * Fails with `conversation.not_found`, `member.not_found` or `member.inactive`.
   */
  assign(id: t.ConversationId, assignee?: t.AgentId): Promise<t.Conversation> {
    return this.call(methods["inbox.assign"], [id, assignee]);
  }

  /**
   * Gives a conversation to a bot or an AI of the host; gives it as it is then. It stands so until somebody takes
   * it over.
   *
   * Fails with `conversation.not_found` or `handler.invalid`.
   */
  setHandler(id: t.ConversationId, handler: t.Handler): Promise<t.Conversation> {
    return this.call(methods["inbox.set_handler"], [id, handler]);
  }

  /**
   * Takes a conversation over from its bot or AI: for this member of the team, or for whoever it is assigned to;
   * gives it as it is then.
   *
   * Fails with `conversation.not_found`, `member.not_found` or `member.inactive`.
   */
  handOver(id: t.ConversationId, to?: t.AgentId): Promise<t.Conversation> {
    return this.call(methods["inbox.hand_over"], [id, to]);
  }

  /**
   * Closes a conversation; gives it as it is then. A message of the contact that is later, by the platform's time,
   * opens it again, or opens a new one, as the setting `reopening` says. One of the same second is not later.
   * Where the setting `csat` says so, the contact is asked how satisfied they are, at most once in 24 hours.
   *
   * Fails with `conversation.not_found`.
   */
  resolve(id: t.ConversationId): Promise<t.Conversation> {
    return this.call(methods["inbox.resolve"], [id]);
  }

  /**
   * Opens a conversation again; gives it as it is then. It is nobody's if it was that of somebody who left.
   *
   * Fails with `conversation.not_found`, or with `conversation.superseded` where the contact goes on in another
   * one.
   */
  reopen(id: t.ConversationId): Promise<t.Conversation> {
    return this.call(methods["inbox.reopen"], [id]);
  }

  /**
   * Marks that all that came in so far was read; gives the conversation as it is then. The platform is not told:
   * see `markRead`.
   *
   * Fails with `conversation.not_found`.
   */
  read(id: t.ConversationId): Promise<t.Conversation> {
    return this.call(methods["inbox.read"], [id]);
  }

  /** Marks a conversation as unread; gives it as it is then. Fails with `conversation.not_found`. */
  unread(id: t.ConversationId): Promise<t.Conversation> {
    return this.call(methods["inbox.unread"], [id]);
  }

  /** Stars a conversation, or takes the star away; gives it as it is then. Fails with `conversation.not_found`. */
  star(id: t.ConversationId, starred: boolean): Promise<t.Conversation> {
    return this.call(methods["inbox.star"], [id, starred]);
  }

  /**
   * Hides a conversation until the contact writes again, or brings it back; gives it as it is then.
   *
   * Fails with `conversation.not_found`.
   */
  archive(id: t.ConversationId, archived: boolean): Promise<t.Conversation> {
    return this.call(methods["inbox.archive"], [id, archived]);
  }

  /**
   * Adds labels to a conversation, compared without regard to case and accents and shown as first written; how
   * many were new.
   *
   * Fails with `conversation.not_found` or `label.invalid`.
   */
  label(id: t.ConversationId, labels: string[]): Promise<number> {
    return this.call(methods["inbox.label"], [id, labels]);
  }

  /** Takes labels off a conversation; how many it had. Fails with `conversation.not_found` or `label.invalid`. */
  unlabel(id: t.ConversationId, labels: string[]): Promise<number> {
    return this.call(methods["inbox.unlabel"], [id, labels]);
  }

  /** All labels that were ever given, with how many conversations have each. */
  labels(): Promise<t.LabelCount[]> {
    return this.call(methods["inbox.labels"], []);
  }

  /**
   * Does one thing with many conversations, by the rules of the calls for one: what they refuse is refused,
   * counted and listed. Some 2,000 are one commit. What was done stays done after a cancellation, and the report
   * says where to go on, given as `after`; done again, it changes nothing twice.
   *
   * Fails with `label.invalid`, `contact.not_found` (one that the filter names), or `cursor.invalid` for a place
   * in another selection.
   */
  bulk(selection: t.ConversationSelection, action: t.ConversationAction, after?: string, watch?: Watch<t.InboxReport>): Promise<t.InboxReport> {
    return this.call(methods["inbox.bulk"], [selection, action, after], { watch });
  }
}

/** Who gets a conversation that is new or open again: the first rule that fits. */
export class RoutingArea extends Handle {
  /**
   * Adds a rule behind all others, and switches it on; its id. It counts from the next conversation on that a
   * contact opens, or opens again.
   *
   * Fails with `routing.invalid`, `filter.*`, `segment.not_found`, `handler.invalid`, `member.not_found` or
   * `member.inactive`.
   */
  add(rule: t.NewRoutingRule): Promise<t.RuleId> {
    return this.call(methods["routing.add"], [rule]);
  }

  /** Stores a rule, new or in the place of the one with its id. Fails as `add` does. */
  put(rule: t.RoutingRule): Promise<void> {
    return this.call(methods["routing.put"], [rule]);
  }

  /** Removes a rule; who got a conversation by it keeps it. Fails with `routing.not_found`. */
  remove(id: t.RuleId): Promise<void> {
    return this.call(methods["routing.remove"], [id]);
  }

  /**
   * Puts the rules in another order: all their ids, each once. Fails with `routing.not_found` or
   * `routing.invalid`.
   */
  order(ids: t.RuleId[]): Promise<void> {
    return this.call(methods["routing.order"], [ids]);
  }

  /** All rules, in their order. */
  list(): Promise<t.RoutingRule[]> {
    return this.call(methods["routing.list"], []);
  }

  /**
   * The rule by which a contact's conversation would be routed if they wrote now over a channel; absent: none.
   *
   * Fails with `contact.not_found`.
   */
  test(contact: t.ContactId, channel: t.Channel): Promise<t.RoutingRule | undefined> {
    return this.call(methods["routing.test"], [contact, channel]);
  }
}

/** Messages saved under shortcuts. */
export class QuickRepliesArea extends Handle {
  /**
   * Saves a message under a shortcut such as `/greeting`; its id.
   *
   * Fails with `quick_reply.invalid`, `quick_reply.exists` (shortcuts are compared without regard to case and
   * accents), or `render.unknown_variable` for an attribute that is not defined, with its place.
   */
  create(shortcut: string, body: string): Promise<t.QuickReplyId> {
    return this.call(methods["quick_replies.create"], [shortcut, body]);
  }

  /** The quick reply, which must be there. */
  get(id: t.QuickReplyId): Promise<t.QuickReply> {
    return this.call(methods["quick_replies.get"], [id]);
  }

  /** All quick replies, by the time they were created. */
  list(): Promise<t.QuickReply[]> {
    return this.call(methods["quick_replies.list"], []);
  }

  /** Gives a quick reply another shortcut and body. Fails as `create` does. */
  update(id: t.QuickReplyId, shortcut: string, body: string): Promise<void> {
    return this.call(methods["quick_replies.update"], [id, shortcut, body]);
  }

  /** Deletes a quick reply. */
  delete(id: t.QuickReplyId): Promise<void> {
    return this.call(methods["quick_replies.delete"], [id]);
  }

  /**
   * At most twenty to offer to somebody who typed this much, as in `/gre`: first those whose shortcut begins so,
   * then those whose shortcut has it in any part, then those whose body has.
   */
  pick(typed: string): Promise<t.QuickReply[]> {
    return this.call(methods["quick_replies.pick"], [typed]);
  }

  /**
   * A quick reply as a contact would get it from whoever asks; `strict`: a variable without value or fallback is
   * refused.
   */
  render(id: t.QuickReplyId, contact: t.ContactId, strict: boolean): Promise<t.Rendered> {
    return this.call(methods["quick_replies.render"], [id, contact, strict]);
  }
}

/** What happened in a period, counted. */
export class AnalyticsArea extends Handle {
  /**
   * What each ad and post brought, of the messages that one led to from a time on and before another: who wrote, in
   * which conversations, and who of them became a customer within 7 days. Those that led most contacts to write
   * first.
   */
  ctwa(since: Date, until: Date): Promise<t.AdReport[]> {
    return this.call(methods["analytics.ctwa"], [since, until]);
  }

  /**
   * How satisfied contacts were, of the surveys that went out from a time on and before another: in all, or split
   * by
   * who had the conversation when it was resolved, by channel, or by the day, week or month of the question. A part
   * of which no survey went out is left out.
   */
  csat(since: Date, until: Date, by: t.AnalyticsGroup): Promise<t.CsatReport[]> {
    return this.call(methods["analytics.csat"], [since, until, by]);
  }

  /**
   * What went on in conversations from a time on and before another: messages in and out, conversations opened,
   * opened again and closed, how long people waited for the first response and for the resolution, split as it is
   * said; days, weeks and months are those of the organisation's zone. Parts in which nothing happened are left
   * out.
   * Messages of groups count as any other. What was deleted counts still.
   */
  inbox(since: Date, until: Date, by: t.AnalyticsGroup): Promise<t.InboxFigures[]> {
    return this.call(methods["analytics.inbox"], [since, until, by]);
  }
}

/** Provider templates. */
export class TemplatesArea extends Handle {
  /** Stores a template, new or in place of the one with its name and language. Fails with `template.*`. */
  put(template: t.TemplateInput): Promise<void> {
    return this.call(methods["templates.put"], [template]);
  }

  /**
   * Takes over the templates of a sender's business account as the platform lists them now; how many. One that
   * is stored and not listed stays as it is.
   *
   * Fails with `account.not_found`, `credential.missing`, or `transport.*` if the platform does not list them.
   */
  sync(account: t.AccountId): Promise<number> {
    return this.call(methods["templates.sync"], [account]);
  }

  /** The template, which must be there. */
  get(name: string, language: string): Promise<t.Template> {
    return this.call(methods["templates.get"], [name, language]);
  }

  /** All templates, by name and language. */
  list(): Promise<t.Template[]> {
    return this.call(methods["templates.list"], []);
  }
}

/** One template to many. */
export class BroadcastsArea extends Handle {
  /**
   * Saves a draft; its id. What could never be sent is refused now: `template.*` if template and parameters do
   * not fit, `account.not_found`, `broadcast.invalid`.
   */
  create(new_: t.NewBroadcast): Promise<t.BroadcastId> {
    return this.call(methods["broadcasts.create"], [new_]);
  }

  /** Replaces a draft. Fails with `broadcast.not_draft` once it was launched. */
  update(id: t.BroadcastId, new_: t.NewBroadcast): Promise<void> {
    return this.call(methods["broadcasts.update"], [id, new_]);
  }

  /** The broadcast, which must be there. */
  get(id: t.BroadcastId): Promise<t.Broadcast> {
    return this.call(methods["broadcasts.get"], [id]);
  }

  /**
   * All broadcasts, by the time they were drafted.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  list(page?: t.PageRequest): AsyncIterableIterator<t.Broadcast> {
    return this.pages(methods["broadcasts.list"], [page]);
  }

  /** One page of what `list` gives. */
  listPage(page?: t.PageRequest): Promise<t.Page<t.Broadcast>> {
    return this.call(methods["broadcasts.list"], [page]);
  }

  /**
   * Who would be sent to if the broadcast were launched now: the first ten, the total, and those who are meant but
   * would be left out, by reason.
   */
  preview(id: t.BroadcastId): Promise<t.Preview> {
    return this.call(methods["broadcasts.preview"], [id]);
  }

  /**
   * What everybody who is meant would get, and when, or why not, if the broadcast went out now or at its time.
   * Nothing is sent, and nobody is enlisted.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  simulate(id: t.BroadcastId, page?: t.PageRequest): AsyncIterableIterator<t.Simulated> {
    return this.pages(methods["broadcasts.simulate"], [id, page]);
  }

  /** One page of what `simulate` gives. */
  simulatePage(id: t.BroadcastId, page?: t.PageRequest): Promise<t.Page<t.Simulated>> {
    return this.call(methods["broadcasts.simulate"], [id, page]);
  }

  /**
   * Sends one contact what the broadcast would send them, now, whatever its state: somebody of the team who wants
   * to see it. It passes the gate, and a marketing template takes the contact's turn of 24 hours. Fails as
   * `inbox.send` does.
   */
  sendTest(id: t.BroadcastId, contact: t.ContactId): Promise<t.Message> {
    return this.call(methods["broadcasts.send_test"], [id, contact]);
  }

  /**
   * Fixes the recipients at this instant and starts sending, whatever it was scheduled for; `runDue` or `work`
   * sends. Launched twice, the
   * second call fails with `broadcast.not_draft`.
   */
  launch(id: t.BroadcastId): Promise<void> {
    return this.call(methods["broadcasts.launch"], [id]);
  }

  /**
   * Lets a draft start by itself, at a local time: its recipients are fixed then. Where clocks are put forward
   * over the time, it is the first instant after; where it is there twice, the earlier. One that is scheduled or
   * held is given another time. If nothing runs at its time, nor within `Settings.max_late_seconds` afterwards, it
   * is held until somebody launches, schedules or cancels it. Fails with `broadcast.schedule_invalid` for a time
   * that is over.
   */
  schedule(id: t.BroadcastId, schedule: t.NewSchedule): Promise<t.BroadcastState> {
    return this.call(methods["broadcasts.schedule"], [id, schedule]);
  }

  /** Makes what is scheduled or held a draft again. */
  unschedule(id: t.BroadcastId): Promise<void> {
    return this.call(methods["broadcasts.unschedule"], [id]);
  }

  /**
   * Lets nothing more go out until `resume`. What is on the wire stays there. Fails with `broadcast.wrong_state`
   * for one that is not running.
   */
  pause(id: t.BroadcastId): Promise<void> {
    return this.call(methods["broadcasts.pause"], [id]);
  }

  /** Goes on where it was paused. Fails with `broadcast.wrong_state` for one that was not. */
  resume(id: t.BroadcastId): Promise<void> {
    return this.call(methods["broadcasts.resume"], [id]);
  }

  /**
   * Calls a broadcast off for good: from this instant on nothing more goes out, and due work leaves out who waits.
   * What is on the wire stays there. Fails with `broadcast.wrong_state` for one that is finished.
   */
  cancel(id: t.BroadcastId): Promise<void> {
    return this.call(methods["broadcasts.cancel"], [id]);
  }

  /** The funnel, as of now. */
  stats(id: t.BroadcastId): Promise<t.Stats> {
    return this.call(methods["broadcasts.stats"], [id]);
  }

  /**
   * The recipients that are meant, each with what became of them, why, and what would help; absent: all. To write
   * them to a file, or to tag them, give `contacts.export` or `contacts.bulk` a selection of `recipients`; another
   * broadcast takes it as its target.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  recipients(id: t.BroadcastId, who?: t.RecipientFilterInput, page?: t.PageRequest): AsyncIterableIterator<t.Recipient> {
    return this.pages(methods["broadcasts.recipients"], [id, who, page]);
  }

  /** One page of what `recipients` gives. */
  recipientsPage(id: t.BroadcastId, who?: t.RecipientFilterInput, page?: t.PageRequest): Promise<t.Page<t.Recipient>> {
    return this.call(methods["broadcasts.recipients"], [id, who, page]);
  }

  /** Sends to an unconfirmed recipient again. An explicit choice: they may get the message twice. */
  resendUnconfirmed(dispatch: t.DispatchId): Promise<void> {
    return this.call(methods["broadcasts.resend_unconfirmed"], [dispatch]);
  }
}

/** Sequences: drip campaigns. */
export class SequencesArea extends Handle {
  /**
   * Saves a draft; its id. What could never be done is refused now: `sequence.invalid` for loops, steps that
   * nothing
   * leads to, names that no step has and delays that are none; `template.*`, `filter.*`, `account.not_found`.
   */
  create(new_: t.NewSequence): Promise<t.SequenceId> {
    return this.call(methods["sequences.create"], [new_]);
  }

  /**
   * Gives a sequence another name and definition; the edition that whoever is enrolled from now on has. Once it was
   * active, those who are under way finish on theirs. Fails as `create` does.
   */
  update(id: t.SequenceId, new_: t.NewSequence): Promise<number> {
    return this.call(methods["sequences.update"], [id, new_]);
  }

  /** The sequence, which must be there. */
  get(id: t.SequenceId): Promise<t.DripSequence> {
    return this.call(methods["sequences.get"], [id]);
  }

  /** An edition of the definition, which must be there: today's, or one that was replaced. */
  getVersion(id: t.SequenceId, version: number): Promise<t.SequenceDefinition> {
    return this.call(methods["sequences.get_version"], [id, version]);
  }

  /**
   * All sequences, by the time they were drafted.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  list(page?: t.PageRequest): AsyncIterableIterator<t.DripSequence> {
    return this.pages(methods["sequences.list"], [page]);
  }

  /** One page of what `list` gives. */
  listPage(page?: t.PageRequest): Promise<t.Page<t.DripSequence>> {
    return this.call(methods["sequences.list"], [page]);
  }

  /**
   * Lets a draft enroll and send; `runDue` or `work` sends. Fails with `template.not_approved` while one of its
   * templates may not be sent, and with `sequence.wrong_state` for one that is paused.
   */
  activate(id: t.SequenceId): Promise<void> {
    return this.call(methods["sequences.activate"], [id]);
  }

  /**
   * Lets nobody be enrolled and nothing more go out until `resume`. What is on the wire stays there. Fails with
   * `sequence.wrong_state` for a draft.
   */
  pause(id: t.SequenceId): Promise<void> {
    return this.call(methods["sequences.pause"], [id]);
  }

  /** Goes on where it was paused: what fell due meanwhile is done once, now. Fails as `activate` does. */
  resume(id: t.SequenceId): Promise<void> {
    return this.call(methods["sequences.resume"], [id]);
  }

  /**
   * Enrolls a contact, who is at the first step then. To enroll many, give `contacts.bulk` the action `enroll`.
   *
   * Fails with `sequence.enrolled` for somebody who is in it, or was, unless it enrolls again who is through;
   * `sequence.wrong_state` if it is not active; `sequence.goal_reached`, `contact.blocked`, `consent.opted_out`.
   */
  enroll(id: t.SequenceId, contact: t.ContactId): Promise<t.EnrollmentId> {
    return this.call(methods["sequences.enroll"], [id, contact]);
  }

  /**
   * Takes a contact out: what was not sent yet is not. Fails with `sequence.not_enrolled` if they are not under
   * way.
   */
  unenroll(id: t.SequenceId, contact: t.ContactId): Promise<void> {
    return this.call(methods["sequences.unenroll"], [id, contact]);
  }

  /**
   * Who was enrolled in a sequence, with where they stand and the way they came, by the time they were; absent:
   * all.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  enrollments(id: t.SequenceId, who?: t.EnrollmentFilter, page?: t.PageRequest): AsyncIterableIterator<t.Enrollment> {
    return this.pages(methods["sequences.enrollments"], [id, who, page]);
  }

  /** One page of what `enrollments` gives. */
  enrollmentsPage(id: t.SequenceId, who?: t.EnrollmentFilter, page?: t.PageRequest): Promise<t.Page<t.Enrollment>> {
    return this.call(methods["sequences.enrollments"], [id, who, page]);
  }

  /**
   * All enrollments of a contact and of those who were merged into it, in whatever sequence, by the time they were
   * made.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  ofContact(contact: t.ContactId, page?: t.PageRequest): AsyncIterableIterator<t.Enrollment> {
    return this.pages(methods["sequences.of_contact"], [contact, page]);
  }

  /** One page of what `ofContact` gives. */
  ofContactPage(contact: t.ContactId, page?: t.PageRequest): Promise<t.Page<t.Enrollment>> {
    return this.call(methods["sequences.of_contact"], [contact, page]);
  }

  /** The funnel, step by step, as of now. */
  stats(id: t.SequenceId): Promise<t.SequenceFunnel> {
    return this.call(methods["sequences.stats"], [id]);
  }

  /**
   * What each of these contacts would come through if they were enrolled now and nothing else happened to them,
   * whatever the sequence's state: months of it at once, by the rules that run it. `assume` says what becomes of
   * the
   * messages; absent: they arrive, and are not opened. Nothing is sent, and nobody is enrolled.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  simulate(id: t.SequenceId, contacts: t.Selection, assume?: t.SimulationAssumption, page?: t.PageRequest): AsyncIterableIterator<t.SimulatedRun> {
    return this.pages(methods["sequences.simulate"], [id, contacts, assume, page]);
  }

  /** One page of what `simulate` gives. */
  simulatePage(id: t.SequenceId, contacts: t.Selection, assume?: t.SimulationAssumption, page?: t.PageRequest): Promise<t.Page<t.SimulatedRun>> {
    return this.call(methods["sequences.simulate"], [id, contacts, assume, page]);
  }
}

/** Senders. */
export class AccountsArea extends Handle {
  /**
   * Connects a sender: from now on its webhooks find this organisation. It sends by the transport at the endpoint
   * named, or else by the only one that serves the channel.
   *
   * Fails with `account.taken` if any organisation has connected it, `account.endpoint_unclear` if several
   * transports serve the channel and none is named, or `account.invalid`.
   */
  connect(new_: t.NewAccount): Promise<t.AccountId> {
    return this.call(methods["accounts.connect"], [new_]);
  }

  /** The sender, which must be there. */
  get(id: t.AccountId): Promise<t.Account> {
    return this.call(methods["accounts.get"], [id]);
  }

  /**
   * Why nothing goes out by a sender, or nothing of broadcasts, though it waits: what is in the way, what would
   * help, and when it goes on by itself. Absent: nothing is in the way.
   */
  waits(id: t.AccountId): Promise<t.Waits | undefined> {
    return this.call(methods["accounts.waits"], [id]);
  }

  /** All senders, by id. */
  list(): Promise<t.Account[]> {
    return this.call(methods["accounts.list"], []);
  }

  /** Lets a held, stopped or disabled sender send again. */
  resume(id: t.AccountId): Promise<void> {
    return this.call(methods["accounts.resume"], [id]);
  }

  /**
   * Sets how many messages a second a sender sends at most; absent: as many as its platform takes by default, on
   * WhatsApp 80; 0: there is no limit. Broadcasts keep to it; what people and bots write counts, and does not
   * wait. Each process keeps it for itself: what several send above it together the platform refuses, the sender
   * is held for a moment, and nobody is used up.
   *
   * Fails with `account.invalid` above 10,000.
   */
  setRate(id: t.AccountId, messagesPerSecond?: number): Promise<void> {
    return this.call(methods["accounts.set_rate"], [id, messagesPerSecond]);
  }

  /** Switches a sender off: what waits to go out by it waits until it is resumed. */
  disable(id: t.AccountId): Promise<void> {
    return this.call(methods["accounts.disable"], [id]);
  }
}

/** The people who work with the contacts. */
export class TeamArea extends Handle {
  /** Adds a member; `acting_as` makes calls on their behalf. Fails with `member.name_required`. */
  add(name: string, role: t.Role): Promise<t.Member> {
    return this.call(methods["team.add"], [name, role]);
  }

  /**
   * Gives a member another name: messages carry it from now on. Fails with `member.not_found` or
   * `member.name_required`.
   */
  rename(id: t.AgentId, name: string): Promise<t.Member> {
    return this.call(methods["team.rename"], [id, name]);
  }

  /**
   * Gives a member another role: it counts from the next call on. Fails with `member.not_found`, and with
   * `member.last_owner` where a member of the team, and not the host, would leave it without an owner.
   */
  setRole(id: t.AgentId, role: t.Role): Promise<t.Member> {
    return this.call(methods["team.set_role"], [id, role]);
  }

  /**
   * Marks that a member does not work here any more, and makes a successor, or nobody, responsible for their
   * contacts; how many contacts that were. Nothing that they did goes with them. Called again, it goes on with
   * what an interruption left.
   *
   * Fails with `member.not_found`, with `member.inactive` for a successor who does not work here, and with
   * `member.last_owner` where a member of the team, and not the host, would leave it without an owner.
   */
  deactivate(id: t.AgentId, successor?: t.AgentId): Promise<number> {
    return this.call(methods["team.deactivate"], [id, successor]);
  }

  /** Takes a member back who had left. Fails with `member.not_found`. */
  reactivate(id: t.AgentId): Promise<t.Member> {
    return this.call(methods["team.reactivate"], [id]);
  }

  /** The member, who must be there. */
  get(id: t.AgentId): Promise<t.Member> {
    return this.call(methods["team.get"], [id]);
  }

  /** All members, those who joined first in front. */
  list(): Promise<t.Member[]> {
    return this.call(methods["team.list"], []);
  }
}

/** Settings. */
export class SettingsArea extends Handle {
  /** The settings as they are committed. */
  get(): Promise<t.Settings> {
    return this.call(methods["settings.get"], []);
  }

  /** Replaces the settings. Fails with `setting.invalid`. */
  set(settings: t.SettingsInput): Promise<void> {
    return this.call(methods["settings.set"], [settings]);
  }
}

/** The durable, ordered feed of what changed. */
export class EventsArea extends Handle {
  /** The events after a position (0: from the start), at most so many, in the order of their commits. */
  read(after: number, limit: number): Promise<t.Event[]> {
    return this.call(methods["events.read"], [after, limit]);
  }

  /**
   * The same, and if there are none yet, waits until there are: what follows all that happens. What any process
   * commits to a PostgreSQL store is heard of at once; other stores are looked at every second.
   */
  follow(after: number, limit: number): Promise<t.Event[]> {
    return this.call(methods["events.follow"], [after, limit]);
  }
}

/** Who changed what, before and after. */
export class AuditArea extends Handle {
  /**
   * The audited changes, in the order of their commits. Fails with `contact.not_found`; a deleted contact is found.
   *
   * All of them, page after page; each page is asked for when it is reached.
   */
  list(filter?: t.AuditFilter, page?: t.PageRequest): AsyncIterableIterator<t.JournalEntry> {
    return this.pages(methods["audit.list"], [filter, page]);
  }

  /** One page of what `list` gives. */
  listPage(filter?: t.AuditFilter, page?: t.PageRequest): Promise<t.Page<t.JournalEntry>> {
    return this.call(methods["audit.list"], [filter, page]);
  }

  /**
   * Looks at the whole audit: whether each entry that is sealed is there as it was, and none between them that was
   * not. Entries are sealed by due work (`runDue`, `work`).
   *
   * Whoever can write the whole file can also seal it anew, or cut off its end. Give the head of an earlier verdict
   * or export, which was kept elsewhere: `holdsHead` tells whether the audit still has everything up to it.
   */
  verify(against?: t.AuditHead): Promise<t.AuditVerdict> {
    return this.call(methods["audit.verify"], [against]);
  }

  /**
   * Seals what is not sealed yet, and writes the whole audit as JSON Lines to a new file, its seals among it and
   * its
   * head at the end. The head is to be kept elsewhere.
   *
   * Fails with `audit.broken` at the first entry that is not as it was sealed, and with `audit.unwritable`.
   */
  export(file: string): Promise<t.AuditExport> {
    return this.call(methods["audit.export"], [file]);
  }
}

/** An organisation: the wall that nothing crosses. */
export class Org extends Handle {
  /** People. */
  readonly contacts: ContactsArea;
  /** What the team writes down about contacts, for itself. */
  readonly notes: NotesArea;
  /** Telephone numbers, read as contacts' numbers are. */
  readonly phones: PhonesArea;
  /** What people agreed to. */
  readonly consent: ConsentArea;
  /** Tags and how many contacts carry them. */
  readonly tags: TagsArea;
  /** Auto-tag rules. */
  readonly rules: RulesArea;
  /** Definitions of custom attributes. */
  readonly attributes: AttributesArea;
  /** Filters saved under names. */
  readonly segments: SegmentsArea;
  /** CSV files in. */
  readonly imports: ImportsArea;
  /** Conversations and messages. */
  readonly inbox: InboxArea;
  /** Who gets a conversation that is new or open again: the first rule that fits. */
  readonly routing: RoutingArea;
  /** Messages saved under shortcuts. */
  readonly quickReplies: QuickRepliesArea;
  /** What happened in a period, counted. */
  readonly analytics: AnalyticsArea;
  /** Provider templates. */
  readonly templates: TemplatesArea;
  /** One template to many. */
  readonly broadcasts: BroadcastsArea;
  /** Sequences: drip campaigns. */
  readonly sequences: SequencesArea;
  /** Senders. */
  readonly accounts: AccountsArea;
  /** The people who work with the contacts. */
  readonly team: TeamArea;
  /** Settings. */
  readonly settings: SettingsArea;
  /** The durable, ordered feed of what changed. */
  readonly events: EventsArea;
  /** Who changed what, before and after. */
  readonly audit: AuditArea;

  constructor(
    scope: Scope,
    /** Its id. */
    readonly id: t.OrgId,
  ) {
    super(scope);
    this.contacts = new ContactsArea(scope);
    this.notes = new NotesArea(scope);
    this.phones = new PhonesArea(scope);
    this.consent = new ConsentArea(scope);
    this.tags = new TagsArea(scope);
    this.rules = new RulesArea(scope);
    this.attributes = new AttributesArea(scope);
    this.segments = new SegmentsArea(scope);
    this.imports = new ImportsArea(scope);
    this.inbox = new InboxArea(scope);
    this.routing = new RoutingArea(scope);
    this.quickReplies = new QuickRepliesArea(scope);
    this.analytics = new AnalyticsArea(scope);
    this.templates = new TemplatesArea(scope);
    this.broadcasts = new BroadcastsArea(scope);
    this.sequences = new SequencesArea(scope);
    this.accounts = new AccountsArea(scope);
    this.team = new TeamArea(scope);
    this.settings = new SettingsArea(scope);
    this.events = new EventsArea(scope);
    this.audit = new AuditArea(scope);
  }

  /** The same organisation, with calls made on behalf of a member of the team. */
  actingAs(agent: t.AgentId): Org {
    return new Org(new Scope(this.scope().core, this.id, agent), this.id);
  }
}
