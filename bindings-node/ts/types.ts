// Made by `cargo xtask gen` from bindings-shapes/api.json; edit it there.

/** Any JSON. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** One page of a list. */
export interface Page<T> {
  items: T[];
  /** What `cursor` is on the next page; absent on the last one. */
  next?: string | undefined;
}

declare const of: unique symbol;

/** The platform's receipt. */
export interface Accepted {
  /** The platform's id of the message. */
  providerId: string;
  /** The addresses that the platform names for the recipient: its own spelling of the phone, its user id. */
  addresses?: Address[] | undefined;
  /** The platform holds it for a quality check. */
  held?: boolean | undefined;
}

/** A message that the platform accepted, whether or not the client learned of it. */
export interface AcceptedMessage {
  /** The id that the platform gave it. */
  wamid: string;
  /** The number it was sent from. */
  phoneNumberId: string;
  /** The recipient, as the client wrote it. */
  to: string;
  /** The business-scoped id of whoever gets it. */
  userId: string;
  /** What it is priced as: the template's category in lowercase, or `service`. */
  category: string;
  /** When. */
  at: Date;
  /** The whole request. */
  body: Json;
}

/** A sender: one WhatsApp number, say. Its key to send with is a reference, never stored. */
export interface Account {
  /** The id. */
  id: AccountId;
  /** The organisation. */
  org: OrgId;
  /** The channel. */
  channel: Channel;
  /**
   * The platform's id of the sender (on WhatsApp the phone-number id; at Twilio the number, as in `+15005550006`,
   * or
   * a messaging service's id).
   */
  senderId: string;
  /** The platform's id of the business account (on WhatsApp the WABA id; at Twilio the account's SID). */
  businessId?: string | undefined;
  /**
   * The endpoint whose transport it sends by, and its webhooks come to; absent: the only transport that serves the
   * channel.
   */
  endpoint?: string | undefined;
  /** A name for people. */
  name: string;
  /** What the host's credentials callback is asked for. */
  credential: string;
  /**
   * How many messages a second it sends at most; absent: as many as its platform takes by default, on WhatsApp 80;
   * 0:
   * there is no limit.
   */
  messagesPerSecond?: number | undefined;
  /** Whether it may send. */
  state: AccountState;
  /** What the platform told of it. */
  standing: SenderStanding;
  /**
   * How many people it began to write to within the last 24 hours: counted while the platform's limit of it is
   * known.
   */
  begun: SenderBegun[];
}

/** A sender of the organisation: one WhatsApp number, say. */
export type AccountId = string & { readonly [of]: "AccountId" };

/** Whether a sender may send. */
export type AccountState =
  /** It may. */
  | { state: "active" }
  /** Not before that time: the platform throttles it. */
  | {
      state: "held";
      /** The first instant at which it may send again. */
      until: Date;
    }
  /** Not until somebody mends what the failure names and resumes it. */
  | {
      state: "stopped";
      /** Why. */
      failure: SendFailure;
      /** Since when. */
      since: Date;
    }
  /** Switched off by hand. */
  | { state: "disabled" };

/** Who did something. */
export type Actor =
  /** A member of the team. */
  | { agent: AgentId }
  /** The host's program, by the name it gave itself. */
  | { system: string }
  /** A bot or AI of the host, by its name. */
  | { handler: string }
  /** The person themself. */
  | "contact"
  /** The platform. */
  | "provider"
  /** The library, doing what was due. */
  | "worker";

/** What an ad or post brought in a period. One that the platform gave no id is known by its link. */
export interface AdReport {
  /** `ad` or `post`, as last seen. */
  source?: string | undefined;
  /** Its id. */
  id?: string | undefined;
  /** Its link, as last seen. */
  url?: string | undefined;
  /** Its headline, as last seen. */
  headline?: string | undefined;
  /** The contacts that it led to write. */
  contacts: number;
  /** The conversations that they wrote in. */
  conversations: number;
  /** Those of the contacts who became customers within 7 days of a message that it led to. */
  customers: number;
}

/** An address as its provider, file or caller spelled it. */
export interface Address {
  /** What kind of address it is. */
  kind: AddressKind;
  /** The spelling: E.164 for a stored phone, the provider's own digits for one it sent. */
  value: string;
}

/** The kind of an address. A phone serves WhatsApp and SMS alike. */
export type AddressKind =
  /** A telephone number, or the `waId` that WhatsApp derives from one. */
  | "phone"
  /** A business-scoped WhatsApp user id (BSUID), as in `US.13491208655302741918`. */
  | "whatsapp_id"
  /** An Instagram-scoped id. */
  | "instagram_id"
  /** A page-scoped Facebook id. */
  | "facebook_id"
  /** An e-mail address. */
  | "email";

/** A member of the organisation's team. */
export type AgentId = string & { readonly [of]: "AgentId" };

/** What figures are split by. */
export type AnalyticsGroup =
  /** Nothing: all in one. */
  | "total"
  /** Who it was done by, or who had the conversation: a member of the team, or a bot or AI. */
  | "agent"
  /** The channel. */
  | "channel"
  /** The day, in the organisation's zone. */
  | "day"
  /** The week from Monday on, in the organisation's zone. */
  | "week"
  /** The month, in the organisation's zone. */
  | "month";

/** Which part of the figures this is: all absent where they are not split, or where nobody had the conversation. */
export interface AnalyticsKey {
  /** The member of the team. */
  agent?: AgentId | undefined;
  /** The bot or AI, by its name. */
  handler?: string | undefined;
  /** The channel. */
  channel?: Channel | undefined;
  /** The first day of the period, as `YYYY-MM-DD`. */
  period?: string | undefined;
}

/** What becomes of archived conversations in a list. */
export type Archived =
  /** They are left out. */
  | "without"
  /** They stand among the others. */
  | "with"
  /** Nothing but them. */
  | "only";

/** One attempt to send: what the platform is asked to echo. */
export type AttemptId = string & { readonly [of]: "AttemptId" };

/** The definition of an attribute. */
export interface Attribute {
  /** The organisation. */
  org: OrgId;
  /** The name, as texts and files use it: letters, digits and underscores, at most 64. */
  name: string;
  /** What its values are. */
  kind: AttributeKind;
}

/** A condition on one attribute. */
export interface AttributeFilter {
  /** The attribute. */
  name: string;
  /** What holds of its value. */
  is: ValueTest;
}

/** What an attribute's values are. */
export type AttributeKind =
  /** Free text. */
  | { type: "text" }
  /** A number. */
  | { type: "number" }
  /** A date, as in `2026-11-21`. */
  | { type: "date" }
  /** One of these. */
  | {
      type: "dropdown";
      /** The values. */
      values: string[];
    }
  /** Yes or no. */
  | { type: "boolean" };

/** Where an audit is not as it was sealed. */
export interface AuditBreak {
  /** The entry's position; of a seal, that of its first entry. */
  position: number;
  /** What is wrong. */
  why: AuditFault;
}

/** What was exported. */
export interface AuditExport {
  /** How many entries. */
  entries: number;
  /** How far the chain had come: keep this elsewhere. Absent: nothing is audited yet. */
  head?: AuditHead | undefined;
}

/** What is wrong with an audit. */
export type AuditFault =
  /** The entry was changed, or erased by somebody else than this library. */
  | "changed"
  /** A sealed entry is not there. */
  | "missing"
  /** An entry is there that was not when its neighbours were sealed. */
  | "foreign"
  /**
   * The seal itself was changed, does not follow the one before, or an erased entry's time, kind or contact was
   * changed.
   */
  | "seal";

/** Which audited changes; what is empty or absent asks for nothing. */
export interface AuditFilter {
  /** Of these kinds. */
  kinds?: JournalKind[] | undefined;
  /** By whom. */
  actor?: Actor | undefined;
  /** Of this contact, under all ids that lead to it. */
  contact?: ContactId | undefined;
  /** That happened then or later. */
  from?: Date | undefined;
  /** That happened before. */
  until?: Date | undefined;
}

/** How far the chain had come at some time: kept elsewhere, it shows whether the chain still has what it had then. */
export interface AuditHead {
  /** The number of the seal. */
  seal: number;
  /** The position of its last entry. */
  position: number;
  /** The hash of everything up to there. */
  hash: string;
}

/** What looking at the whole audit came to. */
export interface AuditVerdict {
  /** How far the chain holds: keep this elsewhere. Absent: nothing is sealed, or the first seal does not hold. */
  head?: AuditHead | undefined;
  /** How many sealed entries hold, erased ones among them. */
  entries: number;
  /** How many of these were erased since. */
  redacted: number;
  /** How many entries are not sealed yet. */
  unsealed: number;
  /** Where it is not as it was sealed; what follows was not looked at. */
  firstBreak?: AuditBreak | undefined;
  /** Whether the chain still has the head that was asked about; absent if none was. */
  holdsHead?: boolean | undefined;
}

/** Who wrote a message. */
export type Author =
  /** The contact. */
  | "contact"
  /** A member of the team. */
  | { agent: AgentId }
  /** The host's program. */
  | { host: string }
  /** A bot or AI of the host, by its name. */
  | { handler: string }
  /** A broadcast. */
  | { broadcast: BroadcastId }
  /** A sequence. */
  | { sequence: SequenceId }
  /** The business, elsewhere: its phone app or another program. */
  | "elsewhere"
  /** The answer to a STOP. */
  | "stop_confirmation"
  /** A survey of satisfaction: its question, and what follows the rating. */
  | { survey: SurveyId };

/** Whether senders are barred. */
export interface BanNotice {
  /** How far. */
  ban: SenderBanKind;
  /** The provider's words. */
  detail?: string | undefined;
  /** Until when, if it ends by itself. */
  until?: Date | undefined;
}

/** The body's parameters, as the template tells them apart: a JSON list, or an object. */
export type BodyParameters =
  /** For `{{1}}`, `{{2}}` and so on, in this order. */
  | Parameter[]
  /** By name. */
  | Record<string, Parameter>;

/** A broadcast. */
export interface Broadcast {
  /** The id. */
  id: BroadcastId;
  /** The organisation. */
  org: OrgId;
  /** A name for people. */
  name: string;
  /** The sender. */
  account: AccountId;
  /** The template's name. */
  template: string;
  /** The template's language. */
  language: string;
  /** What fills the template. */
  parameters: TemplateParameters;
  /** Whom it is for. */
  target: Target;
  /** When it is to start by itself, or was to. */
  schedule?: Schedule | undefined;
  /** Where it stands. */
  state: BroadcastState;
  /** When it was drafted. */
  createdAt: Date;
}

/** One broadcast. */
export type BroadcastId = string & { readonly [of]: "BroadcastId" };

/** Where a broadcast stands. */
export type BroadcastState =
  /** Saved, not sent; can be edited. */
  | { state: "draft" }
  /** Starts by itself. */
  | {
      state: "scheduled";
      /** When. */
      at: Date;
    }
  /** It was to start and did not: somebody launches, schedules or cancels it. */
  | {
      state: "held";
      /** When it was to start. */
      due: Date;
      /** Since when it is held. */
      since: Date;
      /** Why it could not start; absent: nothing ran at its time, nor soon enough afterwards. */
      refusal?: Refusal | undefined;
    }
  /** Its recipients are fixed, and it is being sent. */
  | {
      state: "running";
      /** When it was launched. */
      since: Date;
    }
  /** Nothing more goes out until it is resumed. */
  | {
      state: "paused";
      /** When it was launched. */
      launched: Date;
      /** Since when. */
      since: Date;
      /** Why it paused by itself, its template being stopped; absent: somebody paused it. */
      refusal?: Refusal | undefined;
    }
  /** Nothing more goes out; those who wait are being left out. */
  | {
      state: "cancelling";
      /** When it was launched. */
      launched: Date;
      /** Since when. */
      since: Date;
    }
  /** Called off. Those whom it had reached by then, it reached. */
  | {
      state: "cancelled";
      /** When it was launched; absent: it never was. */
      launched?: Date | undefined;
      /** When that was done. */
      at: Date;
    }
  /** No recipient is pending, leased or sending. */
  | {
      state: "finished";
      /** When it was launched. */
      launched: Date;
      /** When the last recipient was done. */
      at: Date;
    };

/** What is done with each contact. */
export type BulkAction =
  /** Adds tags. */
  | { tag: string[] }
  /** Removes tags. */
  | { untag: string[] }
  /** Sets the lead status. */
  | { lead: LeadStatus }
  /** Makes a member of the team responsible. */
  | { assign: AgentId }
  /** Makes nobody responsible. */
  | "unassign"
  /** Enrolls them in a sequence. Who is in it, or was and may not again, stays as they are. */
  | { enroll: SequenceId }
  /** Takes them out of a sequence. */
  | { unenroll: SequenceId }
  /** Deletes the contact. */
  | "delete";

/** One contact that a rule refused. */
export interface BulkRefusal {
  /** The contact. */
  contact: ContactId;
  /** The dotted code, as in `contact.blocked`. */
  code: string;
  /** Why. */
  message: string;
}

/** What became of the contacts so far. */
export interface BulkReport {
  /** Those that changed. */
  changed: number;
  /** Those that were so already. */
  unchanged: number;
  /** Those that a rule refused, by the code of the refusal. */
  refused: Record<string, number>;
  /** The first hundred of them. */
  refusals: BulkRefusal[];
  /** Where to go on; absent: everybody was done. */
  next?: string | undefined;
}

/** A button's parameter. */
export interface ButtonParameter {
  /** Which button, counted from 0 over all buttons of the template. */
  index: number;
  /** What it is given. */
  parameter: Parameter;
}

/** Outgoing reply buttons (WhatsApp: 1 to 3, id at most 256 and title at most 20 characters). */
export interface ButtonsMessage {
  /** Text above the body. */
  header?: string | undefined;
  /** The message itself, at most 1,024 characters. */
  body: string;
  /** Small text below, at most 60 characters. */
  footer?: string | undefined;
  /** The buttons. */
  buttons: ReplyButton[];
}

/** One thing that a platform tells of a call. */
export interface Call {
  /** The provider's id of the call: with the stage and the account, the key against doubles. */
  providerId: string;
  /** The person at the other end, whoever called. */
  person: InboundPerson;
  /** Who called. */
  caller: Caller;
  /** What happened. */
  stage: CallEvent;
  /** The provider's object: what answering the call needs, and how it ended. */
  raw: Json;
}

/** What happened to a call, by the platform's words. */
export type CallEvent =
  /** It comes in, or ours gets its line. */
  | "connect"
  /** It rings at the person's. */
  | "ringing"
  /** The person took it. */
  | "accepted"
  /** The person turned it away. */
  | "rejected"
  /** It ended. */
  | "terminate"
  /** A word this library does not know. */
  | { other: string };

/** Who called whom. */
export type Caller =
  /** The person called the business. */
  | "person"
  /** The business called the person. */
  | "business";

/** What a template is for. The cap on marketing goes by it, so an unknown one is an error. */
export type Category =
  /** Offers and news: at most one for a contact in 24 hours. */
  | "MARKETING"
  /** About something that the contact asked for or bought. */
  | "UTILITY"
  /** One-time codes. */
  | "AUTHENTICATION";

/** A notice about a template. */
export interface CategoryNotice {
  /** The provider's id of the template. */
  providerId?: string | undefined;
  /** The template's name. */
  name: string;
  /** The template's language. */
  language: string;
  /** What it is now. */
  value: Category;
  /** The provider's reason. */
  reason?: string | undefined;
}

/** What is wrong with one cell, or with the row as a whole. */
export interface CellError {
  /** The column's name; empty where the row as a whole is wrong. */
  column: string;
  /** What the cell has. */
  value: string;
  /** Why it cannot be taken, and what would mend it. */
  reason: string;
  /** The code that a call with this value would have got. */
  code: string;
}

/** A way to reach a person. */
export type Channel =
  /** WhatsApp, by the Cloud API or a reseller of it. */
  | "whatsapp"
  /** SMS and MMS. */
  | "sms"
  /** Instagram direct messages. */
  | "instagram"
  /** Facebook Messenger. */
  | "messenger"
  /** E-mail. */
  | "email";

/** What an entry does. */
export type ConsentChange =
  /** A new number: a consent question of its own. An opt-out follows to it, an opt-in does not. */
  | "new_number"
  /** Opts in. */
  | "opt_in"
  /** Opts in only where a STOP word had opted out (`YES`). */
  | "opt_in_after_stop"
  /** Opts out. */
  | "opt_out";

/**
 * One entry of the history.
 *
 * Entries take effect in the order of their times. A person's words count by the second, as most platforms time
 * them, and within one second the later variant of [`Change`] wins: STOP beats START.
 */
export interface ConsentFact {
  /** When it was said: the provider's time for a person's words, the proof's own time where it has one. */
  at: Date;
  /** What it does. */
  change: ConsentChange;
  /** What it is about. */
  scope: ConsentScope;
  /** Where it came from. */
  source: ConsentSource;
  /** The sender through which the person said it. */
  via?: AccountId | undefined;
  /** It brings new, dated evidence of the person's will: it may lift an earlier revocation. */
  newProof: boolean;
  /** The evidence. */
  proof: ConsentProof;
}

/** The evidence of an entry. */
export type ConsentProof =
  /** The provider's id of the person's message. */
  | { message: string }
  /** The agent who says so. */
  | { agent: AgentId }
  /** A line of an imported file. */
  | {
      line: {
        /** The file, as the caller named it. */
        file: string;
        /** The line, from 1. */
        line: number;
      };
    }
  /** The host's words: where, when and how the person agreed. */
  | { stated: string }
  /** The platform's notice or error code. */
  | { provider: string };

/** What messages an entry is about. */
export type ConsentPurpose =
  /** Every message. */
  | "everything"
  /** Marketing messages only. */
  | "marketing"
  /**
   * Everything but marketing: what an inbound message consents to where the organisation reads Meta's policy
   * strictly.
   */
  | "all_but_marketing";

/** An opt-in or opt-out that a person's words did not make: an agent's toggle or the host's call. */
export interface ConsentRequest {
  /** In or out. */
  optIn: boolean;
  /** What it is about. */
  scope: ConsentScope;
  /** New evidence of the person's will: where, when and how they agreed. Only that lifts a person's own STOP. */
  proof?: string | undefined;
  /** When the person agreed; absent: now. */
  at?: Date | undefined;
}

/** What an entry is about: a purpose, at all senders or at one. */
export interface ConsentScope {
  /** The purpose. */
  purpose: ConsentPurpose;
  /** One sender only; absent: the whole contact. */
  sender?: AccountId | undefined;
}

/** Where an entry came from. */
export type ConsentSource =
  /** The person wrote first. */
  | "inbound"
  /** An agent's toggle. */
  | "manual"
  /** A CSV file. */
  | "import"
  /** The host's call. */
  | "api"
  /** A STOP or START word. */
  | "keyword"
  /** The platform told us. */
  | "provider"
  /** Carried over from a merged contact. */
  | "merge";

/** A contact's opt-in as the seeds' products show it. */
export interface ConsentState {
  /** Whether the contact is opted in. */
  optedIn: boolean;
  /** The entry that decides: its source and proof are `optInSource` and `optInProof`. */
  basis?: ConsentFact | undefined;
  /** Every entry, oldest first. */
  history: ConsentFact[];
}

/** A person. */
export interface Contact {
  /** The id: the contact's own identity, whatever addresses come and go. */
  id: ContactId;
  /** Grows with each change of the profile; an update names the one it read. */
  revision: number;
  /** The full name: as entered, else first and last, else the platform's. */
  name?: string | undefined;
  /** The first name; without one, the first word of the name. */
  firstName?: string | undefined;
  /** The last name as entered. */
  lastName?: string | undefined;
  /** The name that the person gave themself at the platform. */
  profileName?: string | undefined;
  /** The user name at the platform: shown, never matched. */
  username?: string | undefined;
  /** The e-mail address. */
  email?: string | undefined;
  /** The primary phone in E.164. */
  phone?: string | undefined;
  /** Every address, former ones included. */
  addresses: ContactAddress[];
  /** Ids in other systems: system → id. */
  externalIds: Record<string, string>;
  /** Tags, as first written. */
  tags: string[];
  /** Custom attributes, and provider data under reserved names (`ctwa`). */
  attributes: Record<string, Json>;
  /** How far the person is on the way to buying. */
  lead: LeadStatus;
  /** The member of the team who is responsible. */
  owner?: AgentId | undefined;
  /** Active, inactive, blocked or deleted. */
  status: RecordStatus;
  /** Whether the contact is opted in. Whether a message may go is another question: ask `explain`. */
  optedIn: boolean;
  /** The channel of the first contact. */
  sourceChannel?: Channel | undefined;
  /** How the record came to be. */
  createdBy: CreatedBy;
  /** When it came to be. */
  createdAt: Date;
  /** When the person last wrote, by the provider's time. */
  lastInbound?: Date | undefined;
  /** When anything last went in or out. */
  lastInteraction?: Date | undefined;
  /** The thread that the next message belongs to. */
  conversation?: ConversationId | undefined;
  /** Where that thread stands. */
  conversationStatus?: ConversationStatus | undefined;
  /** The contacts that were merged into this one: their ids lead here. */
  merged: ContactId[];
}

/** One address of a contact. */
export interface ContactAddress {
  /** What kind of address. */
  kind: AddressKind;
  /** The address: E.164 for a phone that parses, the provider's own spelling for one that does not. */
  value: string;
  /** The spelling that the provider uses and messages go to, if it told one. */
  providerValue?: string | undefined;
  /** The number is possible, but in no assigned range. */
  unassigned: boolean;
  /** Since when the contact has it. */
  since: Date;
  /** Until when; a former address is kept as history and never used. */
  until?: Date | undefined;
  /** The merged contact that it came with. */
  mergedFrom?: ContactId | undefined;
}

/** A field of a contact that can be empty. */
export type ContactField =
  /** The full name. */
  | "name"
  /** The first name. */
  | "firstName"
  /** The last name. */
  | "lastName"
  /** The e-mail address. */
  | "email"
  /** The member of the team who is responsible. */
  | "owner";

/** A person, whatever addresses they have. */
export type ContactId = string & { readonly [of]: "ContactId" };

/** What a list of contacts is sorted by; contacts that are alike in it, by id. */
export type ContactOrder =
  /** By when they came to be, the earliest first. */
  | "created"
  /** By name, without regard to case and accents; those without a name last. */
  | "name"
  /** By when anything last went in or out, the longest silent first, those before all where nothing ever did. */
  | "lastActive";

/**
 * What is to change of a contact; what is absent stays. Phones, tags and ids in other systems have calls of their
 * own.
 */
export interface ContactUpdate {
  /** The full name. */
  name?: string | undefined;
  /** The first name. */
  firstName?: string | undefined;
  /** The last name. */
  lastName?: string | undefined;
  /** The e-mail address. */
  email?: string | undefined;
  /** How far the person is on the way to buying. */
  lead?: LeadStatus | undefined;
  /** The member of the team who is responsible. */
  owner?: AgentId | undefined;
  /** Values of custom attributes, each in place of the one that there is. */
  attributes?: Record<string, Json> | undefined;
  /** Opt-in: `true` records one that is news, `false` opts out who is opted in. */
  optedIn?: boolean | undefined;
  /** Where, when and how the person agreed, in the host's words. */
  optInProof?: string | undefined;
  /** Fields to empty. */
  clear?: ContactField[] | undefined;
  /** Custom attributes whose values are taken away. */
  clearAttributes?: string[] | undefined;
}

/** What a message says. One type for messages in and out. */
export type Content =
  /** Plain text. */
  | {
      type: "text";
      /** The text, at most 4,096 characters on WhatsApp. */
      body: string;
    }
  /** An image, video, document, voice note, audio file or sticker. */
  | ({ type: "media" } & Media)
  /** A place. */
  | ({ type: "location" } & Location)
  /** Address-book cards, as the provider sent them (platform-specific objects). */
  | {
      type: "contacts";
      /** One object a card. */
      cards: Json[];
    }
  /** A tap on a reply button, of a template or of an interactive message. */
  | {
      type: "button_reply";
      /** The button's id or payload. */
      id: string;
      /** The button's text. */
      title: string;
    }
  /** A choice from a list. */
  | {
      type: "list_reply";
      /** The row's id. */
      id: string;
      /** The row's title. */
      title: string;
      /** The row's description. */
      description?: string | undefined;
    }
  /** A filled form (WhatsApp Flow) or address message. */
  | {
      type: "form_reply";
      /** `flow` or `address_message`. */
      name: string;
      /** The text shown for the reply. */
      body?: string | undefined;
      /** The provider's JSON string, unparsed: it may be no object, or no JSON. */
      responseJson: string;
    }
  /** An order from a catalogue, as the provider sent it. */
  | {
      type: "order";
      /** The provider's `order` object. */
      order: Json;
    }
  /** Outgoing reply buttons: at most three. */
  | ({ type: "buttons" } & ButtonsMessage)
  /** An outgoing list: at most ten rows in all. */
  | ({ type: "list" } & ListMessage)
  /** An outgoing provider template, filled for one person. */
  | {
      type: "template";
      /** What goes over the wire. */
      template: FilledTemplate;
      /** The body as the recipient sees it. */
      text: string;
    }
  /** An outgoing reaction to a message; an empty emoji takes the reaction back. */
  | {
      type: "reaction";
      /** The provider's id of the message reacted to. */
      target: string;
      /** The emoji, or empty. */
      emoji: string;
    }
  /** A provider's notice inside the thread, such as a changed security code. */
  | {
      type: "system";
      /** The provider's name for the notice. */
      notice: string;
      /** The provider's words. */
      body?: string | undefined;
    }
  /** A message that the provider could not pass on, or of a type this library does not know: kept raw. */
  | {
      type: "unsupported";
      /** The provider's name for the type. */
      providerType: string;
      /** The provider's object, untouched. */
      raw: Json;
    };

/** A {@link Content} to hand over: what has a default may be left out. */
export type ContentInput =
  /** Plain text. */
  | {
      type: "text";
      /** The text, at most 4,096 characters on WhatsApp. */
      body: string;
    }
  /** An image, video, document, voice note, audio file or sticker. */
  | ({ type: "media" } & MediaInput)
  /** A place. */
  | ({ type: "location" } & Location)
  /** Address-book cards, as the provider sent them (platform-specific objects). */
  | {
      type: "contacts";
      /** One object a card. */
      cards: Json[];
    }
  /** A tap on a reply button, of a template or of an interactive message. */
  | {
      type: "button_reply";
      /** The button's id or payload. */
      id: string;
      /** The button's text. */
      title: string;
    }
  /** A choice from a list. */
  | {
      type: "list_reply";
      /** The row's id. */
      id: string;
      /** The row's title. */
      title: string;
      /** The row's description. */
      description?: string | undefined;
    }
  /** A filled form (WhatsApp Flow) or address message. */
  | {
      type: "form_reply";
      /** `flow` or `address_message`. */
      name: string;
      /** The text shown for the reply. */
      body?: string | undefined;
      /** The provider's JSON string, unparsed: it may be no object, or no JSON. */
      responseJson: string;
    }
  /** An order from a catalogue, as the provider sent it. */
  | {
      type: "order";
      /** The provider's `order` object. */
      order: Json;
    }
  /** Outgoing reply buttons: at most three. */
  | ({ type: "buttons" } & ButtonsMessage)
  /** An outgoing list: at most ten rows in all. */
  | ({ type: "list" } & ListMessage)
  /** An outgoing provider template, filled for one person. */
  | {
      type: "template";
      /** What goes over the wire. */
      template: FilledTemplateInput;
      /** The body as the recipient sees it. */
      text: string;
    }
  /** An outgoing reaction to a message; an empty emoji takes the reaction back. */
  | {
      type: "reaction";
      /** The provider's id of the message reacted to. */
      target: string;
      /** The emoji, or empty. */
      emoji: string;
    }
  /** A provider's notice inside the thread, such as a changed security code. */
  | {
      type: "system";
      /** The provider's name for the notice. */
      notice: string;
      /** The provider's words. */
      body?: string | undefined;
    }
  /** A message that the provider could not pass on, or of a type this library does not know: kept raw. */
  | {
      type: "unsupported";
      /** The provider's name for the type. */
      providerType: string;
      /** The provider's object, untouched. */
      raw: Json;
    };

/** The coarse kind of a message: what the window's rules are about. */
export type ContentKind =
  /** Plain text. */
  | "text"
  /** An image. */
  | "image"
  /** A video. */
  | "video"
  /** A document. */
  | "document"
  /** Audio. */
  | "audio"
  /** A sticker. */
  | "sticker"
  /** A place. */
  | "location"
  /** Address-book cards. */
  | "contacts"
  /** Buttons or a list. */
  | "interactive"
  /** A provider template: the only kind that may go outside the window. */
  | "template"
  /** A reaction. */
  | "reaction"
  /** A reply to something interactive, an order or a form: inbound only. */
  | "reply"
  /** A provider's notice: inbound only. */
  | "system"
  /** Not understood: inbound only. */
  | "unsupported";

/** A thread with one contact, over any of their channels. */
export interface Conversation {
  /** The id. */
  id: ConversationId;
  /** With whom. */
  contact: ContactId;
  /** When it was opened. */
  openedAt: Date;
  /** When anything last went in or out. */
  lastActivity: Date;
  /** When the contact last wrote in it. */
  lastInboundAt?: Date | undefined;
  /** The sender that the last inbound message came to: the default for the next message. */
  account?: AccountId | undefined;
  /** Where it stands. */
  status: ConversationStatus;
  /** The member of the team whose it is. */
  assignee?: AgentId | undefined;
  /** The bot or AI that has it. */
  handler?: Handler | undefined;
  /** Who closed it, and when; absent: it is not closed. */
  resolution?: Resolution | undefined;
  /** The conversation that was closed before this one was opened. */
  follows?: ConversationId | undefined;
  /** The channels that anything went in or out by. */
  channels: Channel[];
  /** Something in it waits to be read. */
  unread: boolean;
  /** How many messages came since it was last read. */
  unreadMessages: number;
  /** Until when all that came in was read. */
  readThrough?: Date | undefined;
  /** It is starred. */
  starred: boolean;
  /** When it was archived; absent: it is not. */
  archivedAt?: Date | undefined;
  /** Labels, as first written. */
  labels: string[];
  /** The ad or post that last led the contact here. */
  referral?: LastTouch | undefined;
  /** How satisfied the contact was when it was last resolved. */
  lastSurvey?: LastSurvey | undefined;
}

/** What is done with each conversation. */
export type ConversationAction =
  /** Marks it as read. */
  | "read"
  /** Marks it as unread. */
  | "unread"
  /** Stars it. */
  | "star"
  /** Takes the star away. */
  | "unstar"
  /** Archives it until the contact writes again. */
  | "archive"
  /** Brings it back. */
  | "unarchive"
  /** Gives it to a member of the team. */
  | { assign: AgentId }
  /** Gives it to nobody. */
  | "unassign"
  /** Closes it; nobody is asked how satisfied they are. */
  | "resolve"
  /** Closes it, and asks how satisfied the contact is, as the call for one does. */
  | "resolveAndSurvey"
  /** Adds labels. */
  | { label: string[] }
  /** Takes labels off. */
  | { unlabel: string[] }
  /** Deletes it with all its messages. */
  | "delete";

/** How many conversations fit a filter, and how many of them wait to be read. */
export interface ConversationCounts {
  /** All of them. */
  total: number;
  /** Those in which something waits to be read. */
  unread: number;
  /** The same by where they stand, each that was asked for once. */
  byStatus: StatusCount[];
}

/**
 * A condition on a conversation: all that is given must hold; what is absent or empty asks for nothing. Archived
 * ones are
 * left out unless they are asked for.
 *
 * In JSON: `{"status": ["open", "assigned"], "assignee": "nobody", "unread": true, "label": "urgent"}`.
 */
export interface ConversationFilter {
  /** With this contact. */
  contact?: ContactId | undefined;
  /** Where it stands: any of these. */
  status?: ConversationStatus[] | undefined;
  /** Whose it is. */
  assignee?: OwnerFilter | undefined;
  /** The name of the bot or AI that has it. */
  handler?: string | undefined;
  /** The channel that anything went in or out by. */
  channel?: Channel | undefined;
  /** Something in it waits to be read, or nothing. */
  unread?: boolean | undefined;
  /** It is starred, or not. */
  starred?: boolean | undefined;
  /** Archived ones, too, or only; default neither. */
  archived?: Archived | undefined;
  /** It has this label, compared folded. */
  label?: string | undefined;
  /**
   * What [`search`](mod@crate::search) finds of its contact: each word in any part of a name, number, address or
   * attribute.
   */
  text?: string | undefined;
}

/** A thread with one contact. */
export type ConversationId = string & { readonly [of]: "ConversationId" };

/** Which conversations are meant. */
export type ConversationSelection =
  /** These. */
  | { ids: ConversationId[] }
  /** All that fit a filter. */
  | { filter: ConversationFilter };

/** Where a conversation stands. */
export type ConversationStatus =
  /** Nobody has it. */
  | "open"
  /** A member of the team has it. */
  | "assigned"
  /** A bot has it. */
  | "bot_active"
  /** An AI has it. */
  | "ai_active"
  /** It is closed. */
  | "resolved";

/** The records of a kind that were copied. */
export interface CopiedKind {
  /** The kind, as in `contact`; `journal` for the entries of the journal. */
  kind: string;
  /** How many there are. */
  count: number;
  /** What they hash to, in whatever order and store: SHA-256 in hexadecimal. */
  hash: string;
}

/** How far a copy is. */
export interface CopyCounts {
  /** What it is at. */
  stage: CopyStage;
  /** How many records and journal entries this stage has gone through. */
  done: number;
  /** How many it goes through, about. */
  total: number;
}

/** What became of a copy. */
export interface CopyReport {
  /** Where it ended. */
  counts: CopyCounts;
  /**
   * What source and target have, the same in both: kind by kind, and the journal last. Of a copy that is not
   * finished,
   * what was gone through.
   */
  kinds: CopiedKind[];
  /** How many records and journal entries this call wrote. */
  written: number;
  /** Whether the target has everything; if not, the copy was cancelled. */
  finished: boolean;
}

/** What a copy is at. */
export type CopyStage =
  /** What an earlier call left in the target is held against the source. */
  | "checking"
  /** What the target lacks is written. */
  | "copying"
  /** Source and target are read, and compared. */
  | "comparing";

/** How a platform's status finds the attempt that it is about. */
export type Correlation =
  /** A field of the send comes back in each status. */
  | "echoed_field"
  /** Our id is in the callback's URL. */
  | "callback_url"
  /** Only the platform's message id, known once the send was answered. */
  | "message_id"
  /** Statuses cannot be tied to attempts. */
  | "none";

/** How a record came to be. */
export type CreatedBy =
  /** The person wrote. */
  | "inbound"
  /** An agent started a conversation. */
  | "outbound"
  /** A bot captured a lead. */
  | "chatbot"
  /** A CSV file. */
  | "import"
  /** By hand. */
  | "manual"
  /** The host's call. */
  | "api";

/** What a contact is asked when a conversation is resolved. */
export interface Csat {
  /**
   * The question, with variables, at most 1,024 characters; `{{agent.name}}` is whoever had the conversation. Where
   * no
   * list can be shown (SMS, Twilio), the digits 1 to 5 stand below it.
   */
  question: string;
  /** What opens the list, at most 20 characters; default `1 – 5`. */
  button?: string | undefined;
  /** What answers the first rating, with variables; default nothing. */
  thanks?: string | undefined;
  /**
   * What asks for a comment, behind the thanks, with variables; default nobody is asked. What the contact writes
   * next is
   * the comment.
   */
  commentQuestion?: string | undefined;
  /** The template that asks where the window is closed; default nobody is asked then. */
  template?: CsatTemplate | undefined;
  /** For how many seconds answers count, at most seven days; default 24 hours. */
  expiresAfterSeconds?: number | undefined;
}

/** How satisfied contacts were, of the surveys that went out. */
export interface CsatReport {
  /** Which part of the figures this is. */
  key: AnalyticsKey;
  /** The surveys that went out. */
  asked: number;
  /** Those that were rated. */
  answered: number;
  /** Those that were rated 4 or 5. */
  satisfied: number;
  /** The share of 4 and 5 among the ratings, 0 to 1; absent: nobody rated. */
  score?: number | undefined;
  /** The mean rating, 1 to 5; absent: nobody rated. */
  mean?: number | undefined;
  /** How many rated 1, 2, 3, 4 and 5, in this order. */
  ratings: number[];
}

/** A template that takes no parameters. Its quick replies, if it has any, begin with the digits 1 to 5. */
export interface CsatTemplate {
  /** The template's name. */
  name: string;
  /** The template's language. */
  language: string;
}

/** What becomes of the conversations of a contact that is deleted. */
export type DeletedConversations =
  /** They stay as they are, under the deleted contact's id. */
  | "keep"
  /** They go, with all their messages. */
  | "remove";

/** What stands between a file's columns. */
export type Delimiter =
  /** `,` */
  | "comma"
  /** `;` */
  | "semicolon"
  /** A tab. */
  | "tab";

/** How far an outgoing message got, as one word. */
export type DeliveryStatus =
  /** Committed, not answered for yet. */
  | "queued"
  /** Accepted, and held by the platform for a quality check. */
  | "held"
  /** Accepted by the platform. */
  | "accepted"
  /** Left the platform. */
  | "sent"
  /** Reached the device. */
  | "delivered"
  /** Opened. */
  | "read"
  /** Will not arrive. */
  | "failed";

/** One rule that says no. */
export interface Denial {
  /** The rule, as the code of the error that a send would fail with. */
  code: string;
  /** What it is about, in words. */
  message: string;
  /** When it would say yes. */
  lifts: Lift;
  /** The reason that a broadcast records; `None`: the recipient is not used up, but waits. */
  skip?: SkipReason | undefined;
}

/** One row of the ledger: at most one message to one address. */
export type DispatchId = string & { readonly [of]: "DispatchId" };

/** Where a row of the ledger stands. */
export type DispatchState =
  /** Waits for its turn. */
  | { state: "pending" }
  /** A worker has it; nothing was sent. Back to pending when the lease ends. */
  | {
      state: "leased";
      /** The worker. */
      worker: string;
      /** The end of the lease. */
      until: Date;
    }
  /** It may be on the wire: committed before the socket is touched. */
  | {
      state: "sending";
      /** When that was committed. */
      since: Date;
    }
  /** No answer was recorded: the platform may or may not have it. */
  | {
      state: "unknown";
      /** Since when. */
      since: Date;
      /** When it ends as unconfirmed. */
      until: Date;
    }
  /** The platform took it; the word is how far it got since. */
  | {
      state: "accepted";
      /** Sent, delivered, read: never falls. */
      reached: Reached;
    }
  /** It will not arrive. */
  | { state: "failed" }
  /** It was not sent, for that reason. */
  | {
      state: "skipped";
      /** The reason. */
      reason: SkipReason;
    }
  /** Nobody ever said what became of it. Sent again only by an explicit choice. */
  | { state: "unconfirmed" };

/** What a run of due work did. */
export interface Done {
  /** Messages that a platform took. */
  accepted: number;
  /** Recipients that were left out at the moment of sending. */
  skipped: number;
  /** Recipients who were put off: their turn is not now, or the attempt will be made again. */
  postponed: number;
  /** Messages that failed for good. */
  failed: number;
  /** Attempts whose answer was lost. */
  unknown: number;
  /** Attempts that were given up as unconfirmed. */
  unconfirmed: number;
  /** Scheduled broadcasts that were started, or held. */
  started: number;
  /** Broadcasts that were finished. */
  finished: number;
  /** Contacts who went on in a sequence, having waited long enough. */
  stepped: number;
  /** Erases that were gone on with, and finished. */
  erased: number;
  /** Turns that handlers answered. */
  answered: number;
  /** Turns in which a handler failed: it is asked again later, or people have the conversation. */
  unanswered: number;
}

/** What somebody wants to send. */
export type Draft =
  /** A free-form message. */
  | { content: ContentInput }
  /** A stored template, to be filled for the contact. */
  | {
      template: {
        /** The template's name. */
        name: string;
        /** The template's language. */
        language: string;
        /** What fills it. */
        parameters: TemplateParametersInput;
      };
    };

/** What a drain did. */
export interface Drained {
  /** POSTs that were answered 200. */
  delivered: number;
  /** POSTs that were answered otherwise or not at all. */
  refused: number;
  /** POSTs that are still waiting. */
  waiting: number;
}

/** A sequence. */
export interface DripSequence {
  /** The id. */
  id: SequenceId;
  /** The organisation. */
  org: OrgId;
  /** A name for people. */
  name: string;
  /** What whoever is enrolled from now on gets. */
  definition: SequenceDefinition;
  /** Which edition of the definition that is: it grows with each change once the sequence was active. */
  version: number;
  /** Where it stands. */
  state: SequenceState;
  /** When it was drafted. */
  createdAt: Date;
}

/** Contacts that are likely one person. */
export interface Duplicate {
  /** The contacts: two, or more that share one thing; at most a hundred. */
  contacts: ContactId[];
  /** Why, the gravest reason first. */
  reasons: Likeness[];
}

/** How long something took, in whole seconds. */
export interface Durations {
  /** How often it was measured. */
  count: number;
  /** The mean; absent where nothing was measured. */
  meanSeconds?: number | undefined;
  /** What half of them took at most. */
  medianSeconds?: number | undefined;
  /** What nine of ten took at most. */
  p90Seconds?: number | undefined;
}

/** A message that the business itself wrote elsewhere. */
export interface Echo {
  /** The provider's id of the message. */
  providerId: string;
  /** To whom. */
  to: InboundPerson;
  /** What it says. */
  content: ContentInput;
}

/** An edit of a message. */
export interface Edit {
  /** The provider's id of the edit itself. */
  providerId: string;
  /** Who edited. */
  from: InboundPerson;
  /** The provider's id of the message edited. */
  target: string;
  /** What it says now. */
  content: ContentInput;
}

/** How a file's text is written down. */
export type Encoding =
  /** UTF-8. */
  | "utf8"
  /** UTF-16, the lower byte first, as Windows writes it. */
  | "utf16_le"
  /** UTF-16, the higher byte first. */
  | "utf16_be"
  /** Windows-1252, what western versions of Excel call ANSI. */
  | "windows1252";

/** A contact in a sequence, once. Who is enrolled again has another one. */
export interface Enrollment {
  /** The id. */
  id: EnrollmentId;
  /** The organisation. */
  org: OrgId;
  /** The sequence. */
  sequence: SequenceId;
  /** The edition of its definition. */
  version: number;
  /** The contact, by the id of then. */
  contact: ContactId;
  /** When they were enrolled. */
  enrolledAt: Date;
  /** Who enrolled them, or did what enrolled them. */
  by: Actor;
  /** Whether the trigger did. */
  byTrigger: boolean;
  /** Where they stand. */
  state: EnrollmentState;
  /** The steps that they came through, in order; of the one where they stand, what is known so far. */
  path: PassedStep[];
}

/** Which enrollments of a sequence. */
export interface EnrollmentFilter {
  /** In any of these states; empty: in all. */
  states?: EnrollmentStateName[] | undefined;
  /** At any of these steps; empty: wherever they are. */
  steps?: string[] | undefined;
  /** Who left for any of these reasons; empty: for whatever reason. */
  reasons?: ExitReason[] | undefined;
}

/** A contact in a sequence, once. */
export type EnrollmentId = string & { readonly [of]: "EnrollmentId" };

/** Where somebody who was enrolled stands. */
export type EnrollmentState =
  /** At a step that waits. */
  | {
      state: "waiting";
      /** The step. */
      step: string;
      /** Until when. */
      until: Date;
    }
  /** At a message, which waits in the ledger or is on its way. */
  | {
      state: "sending";
      /** The step. */
      step: string;
      /** The row of the ledger. */
      dispatch: DispatchId;
    }
  /** Through. */
  | {
      state: "finished";
      /** When. */
      at: Date;
    }
  /** Out, before they were through. */
  | {
      state: "exited";
      /** When. */
      at: Date;
      /** Why. */
      reason: ExitReason;
    };

/** The states of an enrollment as bare words. */
export type EnrollmentStateName =
  /** At a step that waits. */
  | "waiting"
  /** At a message. */
  | "sending"
  /** Through. */
  | "finished"
  /** Out. */
  | "exited";

/** A media file of an erased message. */
export interface ErasedMedia {
  /** The message that had it. */
  message: MessageId;
  /** The sender at whose platform it is. */
  account: AccountId;
  /** The channel. */
  channel: Channel;
  /** The platform's id of the file, its link, or its key in the media store. */
  source: MediaSource;
}

/** What an erase touched. It names nobody but by id. */
export interface ErasureCertificate {
  /** The contact. */
  contact: ContactId;
  /** Its id, and those of the contacts that had been merged into it. */
  ids: ContactId[];
  /** When it was asked for. */
  requestedAt: Date;
  /** Who asked. */
  by: Actor;
  /** When the last of it was removed; absent while it is under way. */
  finishedAt?: Date | undefined;
  /**
   * Whether what was removed cannot be read out of the store's files any more. While other processes hold them it
   * cannot be done; due work then tries again.
   */
  scrubbed: boolean;
  /** How much of each kind there was. */
  counts: ErasureCounts;
  /**
   * The media files of the person's messages, which the host deletes where it keeps copies of them. Of those in the
   * media store, the files that the person sent are removed by the erase itself, if the CRM was opened with the
   * store;
   * the files that were sent to the person may be others' too, and are the host's to delete.
   */
  media: ErasedMedia[];
}

/** How much an erase removed or made nameless. */
export interface ErasureCounts {
  /** Conversations removed. */
  conversations: number;
  /** Messages removed, in and out. */
  messages: number;
  /** References that platforms' message ids lead by, removed. */
  messageReferences: number;
  /** Evidence that waited for its message, removed. */
  evidence: number;
  /** Notes of files in the media store removed. */
  files: number;
  /** Notes of which ads led to messages removed. */
  touches: number;
  /** Notes removed. */
  notes: number;
  /** Rows of the ledger that say nothing of the address any more; they still count. */
  ledgerRows: number;
  /** Entries of the journal whose personal values were removed. */
  journalEntries: number;
  /** Addresses removed, former ones included. */
  identities: number;
  /** Ids in other systems removed. */
  externalIds: number;
  /** Custom attributes removed. */
  attributes: number;
  /** Tags removed. */
  tags: number;
  /** Entries of the consent history whose evidence was made nameless. */
  proofs: number;
  /** Snapshots that would have taken back a merge, removed. */
  undoSnapshots: number;
  /** Windows removed. */
  windows: number;
  /** Webhook events that could not be applied and named the person, removed. */
  quarantined: number;
  /** Records of other contacts that named the person, and do not any more. */
  mentions: number;
}

/** One event of the feed. */
export interface Event {
  /** Its position: hand it to [`Events::read`] to go on after it. */
  position: number;
  /** What happened. */
  entry: JournalEntry;
}

/** Whom of ours an event is about, in the provider's ids. */
export interface EventSource {
  /** The channel. */
  channel: Channel;
  /** The business account (on WhatsApp the WABA id). */
  businessId?: string | undefined;
  /** The sender (on WhatsApp the phone-number id); absent for notices about the whole business account. */
  senderId?: string | undefined;
  /**
   * The pool that the sender belongs to (at Twilio the messaging service): asked for where nobody connected the
   * sender
   * itself.
   */
  poolId?: string | undefined;
  /** The sender's number in digits, if the event shows it beside the id: how notices name it that know no id. */
  number?: string | undefined;
}

/** Why somebody left a sequence before they were through. */
export type ExitReason =
  /** They opted out of all that it sends. */
  | "opted_out"
  /** They were blocked. */
  | "blocked"
  /** They were deleted or erased. */
  | "deleted"
  /** They wrote: the goal. */
  | "replied"
  /** They got the tag that is the goal. */
  | "tagged"
  /** They were merged with somebody who is or was in the sequence, too. */
  | "merged"
  /** Somebody took them out. */
  | "removed";

/** Whether a message may be sent now, and if not, every rule that says no. */
export interface Explanation {
  /** Whether it may. */
  allowed: boolean;
  /** Every rule that says no, the gravest first, with when it would say yes. */
  denials: Denial[];
  /** The window at the sender. */
  window: WindowState;
}

/** A column of an export. */
export type ExportColumn =
  /** The primary telephone number. */
  | "phone"
  /** The further telephone numbers, a list. */
  | "otherPhones"
  /** Business-scoped WhatsApp user ids, a list. */
  | "whatsappIds"
  /** The full name as somebody entered it. */
  | "name"
  /** The first name. */
  | "firstName"
  /** The last name. */
  | "lastName"
  /** The e-mail address. */
  | "email"
  /** The tags, a list. */
  | "tags"
  /** The lead status. */
  | "lead"
  /** Who is responsible: the member's name, or their id where several have the name. */
  | "owner"
  /** Active, inactive or blocked. */
  | "recordStatus"
  /** Ids in other systems, as JSON. */
  | "externalIds"
  /** The id in one other system. */
  | { externalId: string }
  /** `true`, `allButMarketing`, `false` for who opted out, or nothing for who was never asked. */
  | "optedIn"
  /** When the person agreed. */
  | "optInProof"
  /** Every opt-out in force, a list. */
  | "optOuts"
  /** An attribute of the organisation. */
  | { attribute: string }
  /** The contact's id. For reading, as are those that follow: an import leaves them out. */
  | "contactId"
  /** The full name: as entered, else first and last, else the platform's. */
  | "fullName"
  /** The name that the person gave themself at the platform. */
  | "profileName"
  /** The user name at the platform. */
  | "profileUsername"
  /** The channel of the first contact. */
  | "sourceChannel"
  /** How the record came to be. */
  | "createdBy"
  /** When it came to be. */
  | "createdAt"
  /** When the person last wrote or called. */
  | "lastInbound"
  /** When anything last went in or out. */
  | "lastInteraction"
  /** What the opt-in, or the opt-out, came by. */
  | "optInSource";

/** What was written so far. */
export interface ExportCounts {
  /** Contacts written. */
  exported: number;
  /** Contacts asked for by id that are not there, or deleted. */
  missing: number;
}

/** What an export has of each contact. */
export interface ExportOptions {
  /** The columns, in their order; absent: all that an import takes back. */
  columns?: ExportColumn[] | undefined;
}

/** What became of an export. */
export interface ExportReport {
  /** What was written. */
  counts: ExportCounts;
  /** Whether everybody was written; if not, it was cancelled. */
  finished: boolean;
}

/** An error, with all that a host branches on. */
export interface Failure {
  /**
   * What went wrong, coarsely: `invalid`, `refused`, `not_found`, `conflict`, `forbidden`, `unavailable`,
   * `corrupt`.
   */
  kind: string;
  /** The frozen, dotted code, as in `consent.opted_out`. */
  code: string;
  /** What was wrong with which value. */
  message: string;
  /** Whether the same call may succeed later: `never`, `later`, `after_reload`. */
  retry: string;
  /** The HTTP status to answer a platform with, if receiving its webhook failed so. */
  httpStatus: number;
}

/** The class of a failure: what decides about trying again. */
export type FailureClass =
  /** Permission, registration or set-up: nothing goes out by this sender until somebody mends it. */
  | "auth_or_config"
  /** The key itself: nothing goes out by this sender until there is another one. */
  | "key_refused"
  /** The key was refused, and the host has given another one since. */
  | "key_replaced"
  /** An invoice or payment method blocks the account. */
  | "payment"
  /** Too many requests in that scope. */
  | { rateLimited: LimitScope }
  /** The platform restricts or has disabled the sender or account. */
  | "policy_restricted"
  /** The platform holds the sender back for a while, for the quality of what it sent. */
  | "low_quality"
  /** The template is filled wrongly for this recipient, or refused with what fills it. */
  | "template_problem"
  /** The template is missing, paused or disabled, or has other parameters by now: nobody gets it. */
  | "template_stopped"
  /** Free-form outside the 24-hour window. */
  | "window_closed"
  /** The address cannot be reached on this channel. */
  | "recipient_invalid"
  /** The person stopped messages; the scope says which. */
  | { recipientOptedOut: OptOutScope }
  /** The platform's own cap on marketing for one person: not before 24 hours. */
  | "per_user_cap"
  /** A file could not be fetched, or is of the wrong kind or size. */
  | "media_problem"
  /** The request itself is wrong. */
  | "bad_request"
  /** A passing fault of the platform. */
  | "transient"
  /** A fault that the platform does not explain: it may pass, or lie in the message. */
  | "unexplained"
  /** The platform could not be reached: nothing was sent. */
  | "unreachable"
  /** A code that no table knows, without a hint that it passes. */
  | "unclassified";

/** One thing that goes wrong with a request. "After accept" means: the request has had its full effect. */
export type Fault =
  /** Answers with this error code; nothing is accepted. */
  | {
      type: "refuse";
      /** The platform's code, as in 131047. */
      code: number;
    }
  /** Waits on the platform's clock before looking at the request. */
  | {
      type: "delay_before";
      /** How long. */
      seconds: number;
    }
  /** Accepts at once, but answers only after this long on the platform's clock. */
  | {
      type: "delay_after_accept";
      /** How long. */
      seconds: number;
    }
  /** Closes the connection without accepting or answering. */
  | { type: "drop_before" }
  /** Accepts, then closes the connection without an answer. */
  | { type: "drop_after_accept" }
  /** Accepts, then answers with a body that isn't JSON. */
  | { type: "garbage_after_accept" }
  /** Accepts, then answers with this HTTP status. */
  | {
      type: "server_error_after_accept";
      /** The status. */
      http: number;
    }
  /** Accepts a message as held for a quality check. */
  | { type: "held_for_quality" }
  /** Accepts a message; its only status is a failure with this code. */
  | {
      type: "fail_later";
      /** The platform's code. */
      code: number;
    };

/** What goes wrong with which messages: all, unless narrowed. */
export interface FaultRule {
  /** What goes wrong. */
  fault: Fault;
  /** Only with messages to this number. */
  to?: string | undefined;
  /** Only with so many first messages to each recipient. */
  first?: number | undefined;
  /** Only with this share of all messages, from 0.0 to 1.0. */
  share?: number | undefined;
}

/** One field's change. */
export interface FieldChange {
  /** The field. */
  field: string;
  /** Before. */
  before: Json;
  /** After. */
  after: Json;
}

/** A file to read. */
export type FileSource =
  /** Where it is. */
  | { path: string }
  /** What it holds. */
  | { bytes: Uint8Array };

/**
 * A button's value. Its kind tells the button's: a text is for a link, a payload for a quick reply,
 * a coupon code for a button that copies it, a flow action for a form.
 */
export interface FilledButton {
  /** Which button, counted from 0 over all buttons of the template. */
  index: number;
  /** The value. */
  value: FilledValue;
}

/** A {@link FilledButton} to hand over: what has a default may be left out. */
export interface FilledButtonInput {
  /** Which button, counted from 0 over all buttons of the template. */
  index: number;
  /** The value. */
  value: FilledValueInput;
}

/** A value of header or body. */
export interface FilledParameter {
  /** The placeholder's name, if the template names its placeholders. */
  name?: string | undefined;
  /** The value. */
  value: FilledValue;
}

/** A {@link FilledParameter} to hand over: what has a default may be left out. */
export interface FilledParameterInput {
  /** The placeholder's name, if the template names its placeholders. */
  name?: string | undefined;
  /** The value. */
  value: FilledValueInput;
}

/** A template filled for one contact, on any platform; a transport writes it the way its platform wants. */
export interface FilledTemplate {
  /** The template's name. */
  name: string;
  /** Its language. */
  language: string;
  /** The platform's id of it, if known; some platforms send by that (Twilio's content SID). */
  providerId?: string | undefined;
  /** What the header shows, if it is not always the same. */
  header?: FilledParameter | undefined;
  /** The body's values: in order, or each with its name. */
  body: FilledParameter[];
  /** The buttons' values, by rising index; buttons that take nothing are left out. */
  buttons: FilledButton[];
  /** The variables that had neither a value nor a fallback: something is left out in a text here. */
  missing: string[];
}

/** A {@link FilledTemplate} to hand over: what has a default may be left out. */
export interface FilledTemplateInput {
  /** The template's name. */
  name: string;
  /** Its language. */
  language: string;
  /** The platform's id of it, if known; some platforms send by that (Twilio's content SID). */
  providerId?: string | undefined;
  /** What the header shows, if it is not always the same. */
  header?: FilledParameterInput | undefined;
  /** The body's values: in order, or each with its name. */
  body?: FilledParameterInput[] | undefined;
  /** The buttons' values, by rising index; buttons that take nothing are left out. */
  buttons?: FilledButtonInput[] | undefined;
  /** The variables that had neither a value nor a fallback: something is left out in a text here. */
  missing?: string[] | undefined;
}

/** A value as it is sent: no variables are left in it. */
export type FilledValue =
  /** Text. */
  | {
      type: "text";
      /** The text. */
      text: string;
    }
  /** An amount. */
  | {
      type: "currency";
      /** What is shown where the device cannot write it out. */
      fallback: string;
      /** ISO 4217. */
      code: string;
      /** The amount times 1000. */
      amount1000: number;
    }
  /** A date. */
  | {
      type: "date_time";
      /** The date, written out. */
      fallback: string;
    }
  /** A file: its kind, source and, for documents, name. */
  | {
      type: "media";
      /** The file. */
      media: Media;
    }
  /** A place. */
  | {
      type: "location";
      /** The place. */
      location: Location;
    }
  /** What a quick reply sends back. */
  | {
      type: "payload";
      /** The payload. */
      payload: string;
    }
  /** A coupon code. */
  | {
      type: "coupon_code";
      /** The code. */
      code: string;
    }
  /** What a form begins with; both may be absent. */
  | {
      type: "flow_action";
      /** What comes back with the filled form. */
      token?: string | undefined;
      /** The first screen's data. */
      data?: Record<string, Json> | undefined;
    };

/** A {@link FilledValue} to hand over: what has a default may be left out. */
export type FilledValueInput =
  /** Text. */
  | {
      type: "text";
      /** The text. */
      text: string;
    }
  /** An amount. */
  | {
      type: "currency";
      /** What is shown where the device cannot write it out. */
      fallback: string;
      /** ISO 4217. */
      code: string;
      /** The amount times 1000. */
      amount1000: number;
    }
  /** A date. */
  | {
      type: "date_time";
      /** The date, written out. */
      fallback: string;
    }
  /** A file: its kind, source and, for documents, name. */
  | {
      type: "media";
      /** The file. */
      media: MediaInput;
    }
  /** A place. */
  | {
      type: "location";
      /** The place. */
      location: Location;
    }
  /** What a quick reply sends back. */
  | {
      type: "payload";
      /** The payload. */
      payload: string;
    }
  /** A coupon code. */
  | {
      type: "coupon_code";
      /** The code. */
      code: string;
    }
  /** What a form begins with; both may be absent. */
  | {
      type: "flow_action";
      /** What comes back with the filled form. */
      token?: string | undefined;
      /** The first screen's data. */
      data?: Record<string, Json> | undefined;
    };

/**
 * A condition on a contact. Two-valued: a condition on what a contact does not have is false, and `not` is the
 * exact
 * complement.
 *
 * In JSON: `"everyone"`, `{"and": […]}`, `{"or": […]}`, `{"not": …}`, `{"tags": {"any": ["vip"]}}`, `{"optedIn":
 * true}`,
 * `{"status": ["active"]}`, `{"lead": ["hot"]}`, `{"owner": "nobody"}`, `{"owner": {"is": "<id>"}}`,
 * `{"source": ["whatsapp"]}`, `{"conversation": ["open"]}`, `{"created": {"after": "2026-11-21T00:00:00Z"}}`,
 * `{"lastInteraction": "never"}`,
 * `{"attribute": {"name": "city", "is": {"contains": "rio"}}}`, `{"text": "ana 98765"}`,
 * `{"segment": "<id>"}`.
 */
export type Filter =
  /** Every contact. */
  | "everyone"
  /** All of these; of none: everyone. */
  | { and: Filter[] }
  /** At least one of these; of none: nobody. */
  | { or: Filter[] }
  /** Not this. */
  | { not: Filter }
  /** By tags, compared folded. */
  | { tags: TagFilter }
  /** By opt-in. */
  | { optedIn: boolean }
  /** By record status: any of these. */
  | { status: RecordStatus[] }
  /** By lead status: any of these. */
  | { lead: LeadStatus[] }
  /** By who is responsible. */
  | { owner: OwnerFilter }
  /** By the channel of the first contact: any of these. */
  | { source: Channel[] }
  /** By where the conversation stands that the next message belongs to: any of these. */
  | { conversation: ConversationStatus[] }
  /** By when the record came to be. */
  | { created: TimeFilter }
  /** By when anything last went in or out. */
  | { lastInteraction: TimeFilter }
  /** By a custom attribute. */
  | { attribute: AttributeFilter }
  /** By what [`search`](mod@crate::search) finds: each word in any part of a name, number, address or attribute. */
  | { text: string }
  /** Who fits the filter of a segment. Stores never see it: the filter stands in its place by then. */
  | { segment: SegmentId };

/** A bot or AI of the host that has a conversation. */
export interface Handler {
  /** The name that the host calls it. */
  name: string;
  /** Bot or AI. */
  kind: HandlerKind;
}

/** What a handler is. */
export type HandlerKind =
  /** A bot: it goes by rules. */
  | "bot"
  /** An AI. */
  | "ai";

/** What a bot or an AI is to answer. */
export interface HandlerTurn {
  /** The id: the same each time that these messages are given. */
  id: TurnId;
  /** Which try it is, from 1. */
  number: number;
  /** The organisation. */
  org: OrgId;
  /**
   * What to act as on the organisation, in the place of a member of the team: it may do what an agent may, sends
   * only to
   * this contact, and changes no other conversation.
   */
  acting: AgentId;
  /** The handler that has the conversation. */
  handler: Handler;
  /** The conversation. */
  conversation: Conversation;
  /** With whom. */
  contact: Contact;
  /** What the contact wrote since the last turn, by time; at least one message. */
  messages: Message[];
}

/** A change of number or id. */
export interface IdentityChange {
  /** The addresses before; empty if the notice named none. */
  previous: Address[];
  /** The addresses now. */
  current: Address[];
  /** The provider's words. */
  detail?: string | undefined;
}

/** How far an import got: what a crash leaves, and what it goes on from. */
export interface Import {
  /** The id: the token to go on with. */
  id: ImportId;
  /** The organisation. */
  org: OrgId;
  /** The file, as the caller named it. */
  file: string;
  /** What the columns are, in the order of the file. */
  columns: ImportField[];
  /** What to do with known contacts. */
  onDuplicate: OnDuplicate;
  /** What the caller said about how the file is written. */
  format: ImportFormat;
  /** A digest of the header and of the rows done: going on with another file is refused. */
  digest: string;
  /** The counts so far; their sum is the number of data rows done. */
  counts: ImportCounts;
  /** Whether the end of the file was reached. */
  finished: boolean;
}

/** The four counts; together they are the rows read. */
export interface ImportCounts {
  /** Rows that made a contact. */
  created: number;
  /** Rows that changed one. */
  updated: number;
  /** Rows that changed nothing, skipped duplicates included. */
  unchanged: number;
  /** Rows that were refused. */
  rejected: number;
}

/** What a column is. */
export type ImportField =
  /** A telephone number. */
  | "phone"
  /** Further telephone numbers, a list. */
  | "otherPhones"
  /** Business-scoped WhatsApp user ids, a list. */
  | "whatsappIds"
  /** The full name. */
  | "name"
  /** The first name. */
  | "firstName"
  /** The last name. */
  | "lastName"
  /** The e-mail address. */
  | "email"
  /** A list of tags, separated by commas or semicolons; one that holds these stands in double quotes. */
  | "tags"
  /** The lead status: cold, warm, hot or customer. */
  | "lead"
  /** The member of the team who is responsible: the name, if only one who works here has it, or the id. */
  | "owner"
  /** `recordStatus`: active, inactive or blocked. A file blocks, and never lifts a block. */
  | "recordStatus"
  /** Ids in other systems, as JSON: `{"shop": "17"}`. */
  | "externalIds"
  /** The id in one other system. */
  | { externalId: string }
  /** `optedIn`: true/false/yes/no/1/0/y/n, `allButMarketing`, or blank. */
  | "optedIn"
  /**
   * When the person agreed, as RFC 3339 or a date (its first instant in the organisation's zone): evidence that
   * may lift an earlier opt-out.
   */
  | "optInProof"
  /**
   * Opt-outs in force, a list: each what it is about (`everything` or `marketing`), after `@` the id of the sender
   * if it is about one only, and when it was said, as in `marketing 2026-01-31T09:30:00Z`.
   */
  | "optOuts"
  /** An attribute of the organisation. */
  | { attribute: string }
  /** Left out on purpose. */
  | "ignore";

/** What the caller says about how a file is written; what is absent is found out. */
export interface ImportFormat {
  /** How the text is written down. */
  encoding?: Encoding | undefined;
  /** What stands between the columns. */
  delimiter?: Delimiter | undefined;
}

/** One CSV import. */
export type ImportId = string & { readonly [of]: "ImportId" };

/** How a file is to be taken. */
export interface ImportOptions {
  /** The file's name: part of each opt-in's proof. */
  file?: string | undefined;
  /** What each column is, in the order of the file, `None` for one to leave out; absent: as suggested. */
  columns?: (ImportField | undefined)[] | undefined;
  /** What to do with a row whose contact is known, or was in the file before. */
  onDuplicate?: OnDuplicate | undefined;
  /** How the text is written down; absent: as the file's beginning says. */
  encoding?: Encoding | undefined;
  /** What stands between the columns; absent: as the header says. */
  delimiter?: Delimiter | undefined;
}

/** What became of a file's rows. `counts` add up to the rows read. */
export interface ImportReport {
  /** The import, to go on with after a crash or a cancellation; none of a check. */
  import?: ImportId | undefined;
  /** The rows, counted. */
  counts: ImportCounts;
  /** The first hundred refused rows, each with every reason. */
  rejections: Rejection[];
  /** Columns that nobody said anything about. */
  unmapped: string[];
  /** Rows whose opt-in was held back, because the person had opted out. */
  optInsWithheld: number;
  /** Rows whose tags were held back, because the contact is blocked. */
  tagsWithheld: number;
  /** How the text is written down, as far as it was read. */
  encoding: Encoding;
  /** What stands between the columns. */
  delimiter: Delimiter;
  /** Whether the end of the file was reached. */
  finished: boolean;
}

/** What an inbound message consents to. */
export type InboundConsent =
  /** Everything. */
  | "everything"
  /** Everything but marketing: Meta's own reading (WhatsApp, "Get opt-in"). */
  | "all_but_marketing";

/** One thing that a webhook body tells. A body may hold a thousand, of several organisations. */
export interface InboundEvent {
  /** Whom of ours it is about. */
  source: EventSource;
  /** The provider's time, if it named one that can be read. */
  at?: Date | undefined;
  /** What it tells. */
  kind: InboundKind;
}

/** What an event tells. */
export type InboundKind =
  /** A person wrote. */
  | ({ event: "message" } & InboundMessage)
  /** The business wrote, from its phone app or another program: recorded, triggers nothing. */
  | ({ event: "echo" } & Echo)
  /** Something became of a message that we sent. */
  | ({ event: "status" } & StatusUpdate)
  /** A person reacted to a message, or took the reaction back. */
  | ({ event: "reaction" } & Reaction)
  /** A person edited a message. */
  | ({ event: "edit" } & Edit)
  /** A person deleted a message. */
  | ({ event: "revoke" } & Revoke)
  /** A person stopped or resumed a category of messages at the platform. */
  | ({ event: "preference" } & Preference)
  /** A call began, or got further. */
  | ({ event: "call" } & Call)
  /** A person's number or id changed. */
  | ({ event: "identity_changed" } & IdentityChange)
  /** A template's status changed. */
  | ({ event: "template_status" } & TemplateStatusNotice)
  /** A template's category changed. */
  | ({ event: "template_category" } & CategoryNotice)
  /** A template's quality changed. */
  | ({ event: "template_quality" } & QualityNotice)
  /** The platform tells how a sender, or all of a business account, stands with it. */
  | ({ event: "sender" } & SenderNotice)
  /** Any other notice about a sender or the business account: kept as it is, under the provider's field name. */
  | {
      event: "notice";
      /** The provider's name for the field. */
      field: string;
      /** The provider's object. */
      raw: Json;
    }
  /** Something this library has no word for: kept as it is. */
  | {
      event: "unknown";
      /** The provider's name for the field. */
      field: string;
      /** The provider's object. */
      raw: Json;
      /** What could not be read about it. */
      reason: string;
    };

/** A message from a person. */
export interface InboundMessage {
  /** The provider's id of the message: with the account, the key against doubles. */
  providerId: string;
  /** Who wrote. */
  from: InboundPerson;
  /** What it says. */
  content: ContentInput;
  /** The provider's id of the message it answers. */
  replyTo?: string | undefined;
  /** It was forwarded. */
  forwarded?: boolean | undefined;
  /** The provider's id of the group it was written in: such messages are kept apart from one-to-one threads. */
  groupId?: string | undefined;
  /** The ad or post that led here (`ctwa`). */
  referral?: Referral | undefined;
  /**
   * What the platform itself took the message for (Twilio's `OptOutType`), whatever its words: it stops or resumes
   * messages of this sender, and answers the person.
   */
  keyword?: Keyword | undefined;
}

/** Who wrote. */
export interface InboundPerson {
  /** Every address that the event named, the one to answer to first. */
  addresses: Address[];
  /** The profile's name. */
  name?: string | undefined;
  /** The user name, without `@`: shown, never matched. */
  username?: string | undefined;
}

/** What went on in conversations in a period, or in a part of what happened in it. */
export interface InboxFigures {
  /**
   * Which part: for messages and responses who wrote them, for resolutions who closed the conversation, for all
   * else
   * who had it then.
   */
  key: AnalyticsKey;
  /** Messages of contacts. */
  received: number;
  /** Messages that people of the business wrote, here or in its phone app. */
  sentByPeople: number;
  /** Messages of bots and AI: what the host sent while one of them had the conversation. */
  sentByBots: number;
  /** Messages of the host's program. */
  sentByHost: number;
  /** Messages of broadcasts. */
  sentByBroadcasts: number;
  /** Messages of sequences. */
  sentBySequences: number;
  /** Answers to a STOP, and surveys. */
  sentAutomatically: number;
  /** Conversations that were opened for the first time. */
  opened: number;
  /** Conversations that were opened again. */
  reopened: number;
  /** Conversations that were closed. */
  resolved: number;
  /**
   * Contacts who wrote first in this part, and who had no response at the end of the period: the only figure that
   * depends on where the period ends.
   */
  waiting: number;
  /** How long contacts waited for the first response, of the responses given. */
  firstResponse: Durations;
  /** How long conversations had been open, of those closed. */
  resolution: Durations;
}

/** One conversation that a rule refused. */
export interface InboxRefusal {
  /** The conversation. */
  conversation: ConversationId;
  /** The dotted code, as in `conversation.not_found`. */
  code: string;
  /** Why. */
  message: string;
}

/** What became of the conversations so far. */
export interface InboxReport {
  /** Those that changed. */
  changed: number;
  /** Those that were so already. */
  unchanged: number;
  /** Those that a rule refused, by the code of the refusal. */
  refused: Record<string, number>;
  /** The first hundred of them. */
  refusals: InboxRefusal[];
  /** Where to go on; absent: all were done. */
  next?: string | undefined;
}

/** What a file's header says, before anything is read of it. */
export interface Inspected {
  /** The columns' names. */
  header: string[];
  /** What each column seems to be. */
  suggested: (ImportField | undefined)[];
  /**
   * Names that several columns have. Columns are mapped by their places, so each of them can be; of those for one
   * field, the first is suggested.
   */
  repeated: string[];
  /** How the text is written down, as far as the header says; an import's report tells it of the whole file. */
  encoding: Encoding;
  /** What stands between the columns. */
  delimiter: Delimiter;
}

/** One thing that happened. */
export interface JournalEntry {
  /** The organisation. */
  org: OrgId;
  /** When it happened: the provider's time for what a person did, else the time of the decision. */
  at: Date;
  /** When it was recorded. */
  recordedAt: Date;
  /** Who did it. */
  actor: Actor;
  /** To whose record, if to one. */
  contact?: ContactId | undefined;
  /** What happened. */
  what: JournalEvent;
  /** Personal values were removed by an erase. */
  redacted: boolean;
}

/** What happened. */
export type JournalEvent =
  /** A contact was created. */
  | {
      what: "contact_created";
      /** How. */
      by: CreatedBy;
      /** The channel of the first contact. */
      channel?: Channel | undefined;
      /** The organisation has more contacts than its plan allows. */
      overLimit: boolean;
    }
  /** Fields of a contact changed: field → (before, after). */
  | {
      what: "contact_updated";
      /** The fields. */
      changes: FieldChange[];
    }
  /** Another contact was merged into this one. */
  | {
      what: "contact_merged";
      /** The other contact, whose id leads here from now on. */
      duplicate: ContactId;
      /** The fields of this one that changed. */
      changes: FieldChange[];
    }
  /** A merge was taken back: told of both contacts. */
  | {
      what: "contact_unmerged";
      /** The contact that the other one had been merged into. */
      primary: ContactId;
      /** The one that is a contact of its own again. */
      duplicate: ContactId;
    }
  /** A contact was blocked. */
  | { what: "contact_blocked" }
  /** A contact was unblocked. */
  | { what: "contact_unblocked" }
  /** A contact was deleted, its profile and notes with it, and its conversations if the organisation removes them. */
  | { what: "contact_deleted" }
  /** All that was known of a contact was erased, or is being erased: its profile, conversations and history. */
  | { what: "contact_erased" }
  /** An inactive contact wrote and is active again. */
  | { what: "contact_reactivated" }
  /** A blocked contact wrote or called; nothing of it was kept. */
  | {
      what: "blocked_message";
      /** The channel. */
      channel: Channel;
    }
  /** An address was added to a contact. */
  | {
      what: "identity_added";
      /** The address. */
      address: Address;
    }
  /** A contact's address was replaced. */
  | {
      what: "identity_moved";
      /** The former address. */
      from: Address;
      /** The new address. */
      to: Address;
    }
  /** An address that turned up with this contact already belongs to another one: likely duplicates. */
  | {
      what: "identity_conflict";
      /** The address. */
      address: Address;
      /** Whose it is. */
      other: ContactId;
    }
  /** A tag was added. */
  | {
      what: "tag_added";
      /** The tag's name. */
      tag: string;
      /** The auto-tag rule that fired. */
      rule?: RuleId | undefined;
    }
  /** A tag was removed. */
  | {
      what: "tag_removed";
      /** The tag's name. */
      tag: string;
    }
  /** An entry was added to the consent history. */
  | {
      what: "consent_changed";
      /** The entry. */
      fact: ConsentFact;
      /** `optedIn` before. */
      before: boolean;
      /** `optedIn` after. */
      after: boolean;
    }
  /** A note about the contact was added, edited or removed. */
  | {
      what: "note_changed";
      /** The note. */
      note: NoteId;
      /** `added`, `edited` or `removed`. */
      change: string;
    }
  /** A conversation was opened. */
  | {
      what: "conversation_opened";
      /** The conversation. */
      conversation: ConversationId;
    }
  /** A conversation was given to a member of the team, or to nobody. */
  | {
      what: "conversation_assigned";
      /** The conversation. */
      conversation: ConversationId;
      /** Whose it was. */
      before?: AgentId | undefined;
      /** Whose it is. */
      after?: AgentId | undefined;
      /** The rule of routing that said so. */
      rule?: RuleId | undefined;
    }
  /** A conversation was given to a bot or AI, or taken over from it. */
  | {
      what: "conversation_handled";
      /** The conversation. */
      conversation: ConversationId;
      /** Which one had it. */
      before?: Handler | undefined;
      /** Which one has it. */
      after?: Handler | undefined;
      /** The rule of routing that said so. */
      rule?: RuleId | undefined;
    }
  /** A bot or AI failed too often, or fell too far behind: people have the conversation. */
  | {
      what: "handler_failed";
      /** The conversation. */
      conversation: ConversationId;
      /** The handler's name. */
      handler: string;
      /** How often it was asked. */
      tries: number;
      /** The dotted code of what it failed with at last, as in `handler.timeout`. */
      reason: string;
    }
  /** A conversation was closed. */
  | {
      what: "conversation_resolved";
      /** The conversation. */
      conversation: ConversationId;
      /** Where it stood. */
      before: ConversationStatus;
    }
  /** A conversation that was closed is open again. */
  | {
      what: "conversation_reopened";
      /** The conversation. */
      conversation: ConversationId;
      /** Where it stands. */
      after: ConversationStatus;
    }
  /** A conversation was read, starred, archived or the opposite. */
  | {
      what: "conversation_marked";
      /** The conversation. */
      conversation: ConversationId;
      /** `read`, `unread`, `starred`, `unstarred`, `archived` or `unarchived`. */
      change: string;
    }
  /** A conversation was deleted with all its messages. */
  | {
      what: "conversation_deleted";
      /** The conversation. */
      conversation: ConversationId;
    }
  /** A survey of satisfaction went out, or was answered. */
  | {
      what: "survey";
      /** The survey. */
      survey: SurveyId;
      /** The conversation. */
      conversation: ConversationId;
      /** `asked`, `rated` or `commented`. */
      change: string;
      /** The rating that was given, 1 to 5. */
      rating?: number | undefined;
      /** The message that answers. */
      message?: MessageId | undefined;
    }
  /** A label was added to a conversation. */
  | {
      what: "label_added";
      /** The conversation. */
      conversation: ConversationId;
      /** The label's name. */
      label: string;
    }
  /** A label was taken off a conversation. */
  | {
      what: "label_removed";
      /** The conversation. */
      conversation: ConversationId;
      /** The label's name. */
      label: string;
    }
  /** The rules of routing changed. */
  | {
      what: "routing_changed";
      /** The rules before, in their order. */
      before: Json;
      /** The rules after. */
      after: Json;
    }
  /** A rule of routing that was to be used could not be, and was passed over. */
  | {
      what: "routing_passed_over";
      /** The conversation. */
      conversation: ConversationId;
      /** The rule. */
      rule: RuleId;
      /** The dotted code of why, as in `member.inactive`. */
      reason: string;
    }
  /** A message came in. */
  | {
      what: "message_received";
      /** The message. */
      message: MessageId;
      /** Its kind. */
      kind: ContentKind;
      /** Its channel. */
      channel: Channel;
    }
  /** A message goes out: committed before the socket is touched. */
  | {
      what: "message_sent";
      /** The message. */
      message: MessageId;
      /** Its kind. */
      kind: ContentKind;
      /** Its channel. */
      channel: Channel;
      /** The ledger row. */
      dispatch?: DispatchId | undefined;
      /** The broadcast it belongs to. */
      broadcast?: BroadcastId | undefined;
      /** The sequence it belongs to. */
      sequence?: SequenceId | undefined;
    }
  /** A message got further. */
  | {
      what: "message_status";
      /** The message. */
      message: MessageId;
      /** How far. */
      status: DeliveryStatus;
    }
  /** A message was reacted to, edited or deleted by its author. */
  | {
      what: "message_changed";
      /** The message. */
      message: MessageId;
      /** `reaction`, `edit` or `revoke`. */
      change: string;
    }
  /** A call came in or went out, or got further. */
  | {
      what: "call";
      /** The platform's id of the call. */
      call: string;
      /** Its channel. */
      channel: Channel;
      /** Who called. */
      caller: Caller;
      /** What happened. */
      event: CallEvent;
      /** The platform's object: what answering the call needs, and how it ended. */
      raw: Json;
    }
  /** A row of the ledger changed its state without a message: skipped, unknown, unconfirmed, failed, or tried again. */
  | {
      what: "dispatch_changed";
      /** The row. */
      dispatch: DispatchId;
      /** The broadcast it belongs to. */
      broadcast?: BroadcastId | undefined;
      /** The sequence it belongs to. */
      sequence?: SequenceId | undefined;
      /** The state now. */
      state: StateName;
      /** Why it was skipped. */
      reason?: SkipReason | undefined;
      /** The failure's code. */
      code?: string | undefined;
    }
  /** A broadcast was drafted, edited, launched or finished. */
  | {
      what: "broadcast_changed";
      /** The broadcast. */
      broadcast: BroadcastId;
      /** `created`, `updated`, `launched` or `finished`. */
      change: string;
    }
  /** A sequence was drafted, changed, activated, paused or resumed. */
  | {
      what: "sequence_changed";
      /** The sequence. */
      sequence: SequenceId;
      /** What changed. */
      change: string;
      /** The edition of its definition that new enrollments have since. */
      version: number;
    }
  /** A contact was enrolled in a sequence, came through it, or left it. */
  | {
      what: "enrollment_changed";
      /** The sequence. */
      sequence: SequenceId;
      /** The enrollment. */
      enrollment: EnrollmentId;
      /** The state: `waiting` or `sending` when they were enrolled, `finished`, `exited`. */
      state: EnrollmentStateName;
      /** Why they left. */
      reason?: ExitReason | undefined;
    }
  /** A setting changed. */
  | {
      what: "settings_changed";
      /** The settings before. */
      before: Json;
      /** The settings after. */
      after: Json;
    }
  /** An auto-tag rule was stored or removed. */
  | {
      what: "rule_changed";
      /** The rule. */
      rule: RuleId;
      /** The rule before. */
      before: Json;
      /** The rule after. */
      after: Json;
    }
  /** A template was stored, or the platform changed it. */
  | {
      what: "template_changed";
      /** The template's name. */
      name: string;
      /** The template's language. */
      language: string;
      /** What changed, as `field: before → after`. */
      change: string;
    }
  /** A sender was connected, held, stopped, resumed or disabled. */
  | {
      what: "account_changed";
      /** The sender. */
      account: AccountId;
      /** What changed. */
      change: string;
    }
  /** A tag was renamed, merged into another, or deleted. */
  | {
      what: "tag_changed";
      /** Its name before. */
      before: string;
      /** Its name, or that of the tag it became; absent: it was deleted. */
      after?: string | undefined;
    }
  /** An attribute was defined, defined anew or removed. */
  | {
      what: "attribute_changed";
      /** The attribute's name. */
      name: string;
      /** What its values were; absent: it was not defined. */
      before: Json;
      /** What its values are; absent: it was removed. */
      after: Json;
    }
  /** A segment was created, updated or deleted. */
  | {
      what: "segment_changed";
      /** The segment. */
      segment: SegmentId;
      /** `created`, `updated` or `deleted`. */
      change: string;
    }
  /** A quick reply was created, updated or deleted. */
  | {
      what: "quick_reply_changed";
      /** The quick reply. */
      reply: QuickReplyId;
      /** Its shortcut and body before; absent: it was created. */
      before: Json;
      /** Its shortcut and body after; absent: it was deleted. */
      after: Json;
    }
  /** A member of the team was added, renamed or given another role, left or came back. */
  | {
      what: "member_changed";
      /** The member. */
      member: AgentId;
      /** The member before; absent: added. */
      before: Json;
      /** The member after. */
      after: Json;
    }
  /** The hashes of suppressed addresses were put under a key of the host's. */
  | {
      what: "hashes_keyed";
      /** How many. */
      hashes: number;
    }
  /** A call on behalf of somebody who may not make it was refused, and changed nothing. */
  | {
      what: "access_refused";
      /** The call, as in `contacts.merge`. */
      call: string;
      /** The role of who asked; absent: no member has the id. */
      role?: Role | undefined;
      /** The role that the call takes. */
      needs: Role;
    }
  /** An import began, or is done. */
  | {
      what: "import_changed";
      /** The import. */
      import: ImportId;
      /** `started`, `cancelled` or `finished`. */
      change: string;
    }
  /** The platform told something that this library has no rule for. */
  | {
      what: "provider_notice";
      /** The platform's name for it. */
      field: string;
      /** The platform's object. */
      raw: Json;
    };

/** What happened, as a bare word: what timelines and feeds are filtered by. */
export type JournalKind =
  /** `contact_created` */
  | "contact_created"
  /** `contact_updated` */
  | "contact_updated"
  /** `contact_merged` */
  | "contact_merged"
  /** `contact_unmerged` */
  | "contact_unmerged"
  /** `contact_blocked` */
  | "contact_blocked"
  /** `contact_unblocked` */
  | "contact_unblocked"
  /** `contact_deleted` */
  | "contact_deleted"
  /** `contact_erased` */
  | "contact_erased"
  /** `contact_reactivated` */
  | "contact_reactivated"
  /** `blocked_message` */
  | "blocked_message"
  /** `identity_added` */
  | "identity_added"
  /** `identity_moved` */
  | "identity_moved"
  /** `identity_conflict` */
  | "identity_conflict"
  /** `tag_added` */
  | "tag_added"
  /** `tag_removed` */
  | "tag_removed"
  /** `consent_changed` */
  | "consent_changed"
  /** `note_changed` */
  | "note_changed"
  /** `conversation_opened` */
  | "conversation_opened"
  /** `conversation_assigned` */
  | "conversation_assigned"
  /** `conversation_handled` */
  | "conversation_handled"
  /** `handler_failed` */
  | "handler_failed"
  /** `conversation_resolved` */
  | "conversation_resolved"
  /** `conversation_reopened` */
  | "conversation_reopened"
  /** `conversation_marked` */
  | "conversation_marked"
  /** `conversation_deleted` */
  | "conversation_deleted"
  /** `survey` */
  | "survey"
  /** `label_added` */
  | "label_added"
  /** `label_removed` */
  | "label_removed"
  /** `routing_changed` */
  | "routing_changed"
  /** `routing_passed_over` */
  | "routing_passed_over"
  /** `message_received` */
  | "message_received"
  /** `message_sent` */
  | "message_sent"
  /** `message_status` */
  | "message_status"
  /** `message_changed` */
  | "message_changed"
  /** `call` */
  | "call"
  /** `dispatch_changed` */
  | "dispatch_changed"
  /** `broadcast_changed` */
  | "broadcast_changed"
  /** `sequence_changed` */
  | "sequence_changed"
  /** `enrollment_changed` */
  | "enrollment_changed"
  /** `settings_changed` */
  | "settings_changed"
  /** `rule_changed` */
  | "rule_changed"
  /** `template_changed` */
  | "template_changed"
  /** `account_changed` */
  | "account_changed"
  /** `tag_changed` */
  | "tag_changed"
  /** `attribute_changed` */
  | "attribute_changed"
  /** `segment_changed` */
  | "segment_changed"
  /** `quick_reply_changed` */
  | "quick_reply_changed"
  /** `member_changed` */
  | "member_changed"
  /** `hashes_keyed` */
  | "hashes_keyed"
  /** `access_refused` */
  | "access_refused"
  /** `import_changed` */
  | "import_changed"
  /** `provider_notice` */
  | "provider_notice";

/**
 * What a whole-message keyword asks for. Where a word is listed under several, the first of these wins: a
 * doubt never sends a message.
 */
export type Keyword =
  /** Opt out. */
  | "stop"
  /** Send help. */
  | "help"
  /** Opt in again, if the contact opted out by keyword; an ordinary answer otherwise. */
  | "conditionalStart"
  /** Opt in again. */
  | "start";

/** The keywords of one language, in any spelling that folds alike. */
export interface KeywordList {
  /** Words that opt out. */
  stop: string[];
  /** Words that opt in again. */
  start: string[];
  /** Words that opt in again only after a keyword opt-out. */
  conditionalStart: string[];
  /** Words that ask for help. */
  help: string[];
}

/** A {@link KeywordList} to hand over: what has a default may be left out. */
export interface KeywordListInput {
  /** Words that opt out. */
  stop?: string[] | undefined;
  /** Words that opt in again. */
  start?: string[] | undefined;
  /** Words that opt in again only after a keyword opt-out. */
  conditionalStart?: string[] | undefined;
  /** Words that ask for help. */
  help?: string[] | undefined;
}

/**
 * An organisation's keywords, ready to be held against messages. Words of all languages count at once.
 *
 * As a setting, and in JSON, it is the languages whose words the organisation has replaced:
 * `{"de": {"stop": ["Stopp", "Ende"]}}`, or `{"de": {}}` for none. All others keep their defaults.
 */
export type Keywords = Record<string, KeywordList>;

/** A {@link Keywords} to hand over: what has a default may be left out. */
export type KeywordsInput = Record<string, KeywordListInput>;

/** A label with its count. */
export interface LabelCount {
  /** The label as first written. */
  name: string;
  /** How many conversations have it, archived ones among them. */
  conversations: number;
}

/** A conversation's last survey, as a list of conversations shows it. */
export interface LastSurvey {
  /** The survey. */
  id: SurveyId;
  /** Where its question stands: waits, went out, was not sent. */
  state: StateName;
  /** Why it was not sent. */
  reason?: SkipReason | undefined;
  /** When it went out. */
  askedAt?: Date | undefined;
  /** Until when answers count. */
  expiresAt?: Date | undefined;
  /** The rating, 1 to 5. */
  rating?: number | undefined;
  /** The comment. */
  comment?: string | undefined;
}

/** The ad or post that last led somebody into a conversation. Of two, the later; of one instant, the greater. */
export interface LastTouch {
  /** When they wrote, by the provider's time. */
  at: Date;
  /** The ad or post. */
  referral: Referral;
}

/** How far a person is on the way to buying. */
export type LeadStatus =
  /** No engagement yet. */
  | "cold"
  /** Showed interest. */
  | "warm"
  /** Ready to buy. */
  | "hot"
  /** Bought. */
  | "customer";

/** When a rule would say yes. */
export type Lift =
  /** From that instant on. */
  | { at: Date }
  /** When this happens. */
  | { when: string };

/** A reason to take two contacts for one person. */
export interface Likeness {
  /** What makes them alike. */
  reason: LikenessReason;
  /** The address that they share: a phone as E.164, an e-mail address in lower case. */
  address: Address;
}

/** What makes two contacts alike, the gravest first. */
export type LikenessReason =
  /** The platform named an address of the one as the other's. */
  | "named_together"
  /** Their numbers are likely spellings of one: Argentine ones with and without the 9. */
  | "likely_number"
  /** They have the same e-mail address. */
  | "same_email"
  /** They have the same full name and an address in common, at least one of them as a former one. */
  | "same_name_and_address";

/** A limit of how many people may be written to first in 24 hours. */
export interface LimitNotice {
  /** The provider's word, as in `TIER_2K`. */
  tier: string;
  /** How many; absent: there is no limit, or the word does not say. */
  peopleADay?: number | undefined;
}

/** What a rate limit is counted by. */
export type LimitScope =
  /** One sender to one recipient. */
  | "pair"
  /** One sender. */
  | "number"
  /** All senders of the account. */
  | "account"
  /** The application. */
  | "app"
  /** All senders of the account, for the day. */
  | "day";

/** An outgoing list (WhatsApp: at most 10 sections and 10 rows in all). */
export interface ListMessage {
  /** Text above the body, at most 60 characters. */
  header?: string | undefined;
  /** The message itself, at most 1,024 characters. */
  body: string;
  /** Small text below, at most 60 characters. */
  footer?: string | undefined;
  /** The text of the button that opens the list, at most 20 characters. */
  button: string;
  /** The sections. */
  sections: ListSection[];
}

/** A row of a list. */
export interface ListRow {
  /** What comes back when it is chosen, at most 200 characters. */
  id: string;
  /** What it shows, at most 24 characters. */
  title: string;
  /** A line below, at most 72 characters. */
  description?: string | undefined;
}

/** A section of a list. */
export interface ListSection {
  /** The heading, at most 24 characters; needed when there are several sections. */
  title?: string | undefined;
  /** The rows. */
  rows: ListRow[];
}

/** A place. */
export interface Location {
  /** Degrees north. */
  latitude: number;
  /** Degrees east. */
  longitude: number;
  /** The place's name. */
  name?: string | undefined;
  /** The place's address. */
  address?: string | undefined;
}

/** A media file, by the provider's id or by link. */
export interface Media {
  /** What it is. */
  kind: MediaKind;
  /** Where it is. */
  source: MediaSource;
  /** The media type, as in `image/jpeg`. */
  mimeType?: string | undefined;
  /** The provider's SHA-256 of the file, as it spelled it. */
  sha256?: string | undefined;
  /** The caption; images, videos and documents only. */
  caption?: string | undefined;
  /** The file's name; documents only. */
  filename?: string | undefined;
  /** Whether it is a voice note. */
  voice: boolean;
}

/** A {@link Media} to hand over: what has a default may be left out. */
export interface MediaInput {
  /** What it is. */
  kind: MediaKind;
  /** Where it is. */
  source: MediaSource;
  /** The media type, as in `image/jpeg`. */
  mimeType?: string | undefined;
  /** The provider's SHA-256 of the file, as it spelled it. */
  sha256?: string | undefined;
  /** The caption; images, videos and documents only. */
  caption?: string | undefined;
  /** The file's name; documents only. */
  filename?: string | undefined;
  /** Whether it is a voice note. */
  voice?: boolean | undefined;
}

/** The kind of a media file. */
export type MediaKind =
  /** An image. */
  | "image"
  /** A video. */
  | "video"
  /** Audio or a voice note. */
  | "audio"
  /** A document. */
  | "document"
  /** A sticker. */
  | "sticker";

/** Where a media file is. */
export type MediaSource =
  /** The provider's id; on WhatsApp good for 7 days (inbound) or 30 days (uploaded). */
  | { id: string }
  /** A public link. */
  | { link: string }
  /** A file in the media store, by its key: it is uploaded when the message is sent. Transports never see this. */
  | { stored: string };

/** A member of the team: what an agent's id stands for. */
export interface Member {
  /** The id, by which calls are made on the member's behalf. */
  id: AgentId;
  /** The organisation. */
  org: OrgId;
  /** The name, as contacts read it in `{{agent.name}}`. */
  name: string;
  /** What they may do. */
  role: Role;
  /** Whether they still work here. Nothing that they did goes with them. */
  active: boolean;
}

/** Whose value a field is to have. */
export interface MergeChoice {
  /** The field. */
  field: MergeField;
  /** The contact whose value is taken, even if it has none. */
  from: ContactId;
}

/** A field of which the contacts of a merge have different values. */
export interface MergeDifference {
  /** The field. */
  field: MergeField;
  /** The value of each contact that has one. */
  values: MergeValue[];
}

/**
 * A field that contacts can differ in, and of which a merge keeps one value. Addresses, tags, notes, conversations
 * and
 * the timeline are kept of all; consent is not chosen.
 */
export type MergeField =
  /** The full name. */
  | "name"
  /** The first name. */
  | "first_name"
  /** The last name. */
  | "last_name"
  /** The e-mail address. */
  | "email"
  /** How far the person is on the way to buying. */
  | "lead"
  /** The member of the team who is responsible. */
  | "owner"
  /** A custom attribute, by its name. */
  | { attribute: string }
  /** The id in another system, by its name. The other ids there go on finding the contact. */
  | { externalId: string };

/** Which contacts to merge into another one, and whose value a field is to have. */
export interface MergeRequest {
  /** The contacts to merge into the primary one. */
  duplicates?: ContactId[] | undefined;
  /**
   * Fields whose values are chosen. Of all others the primary's value stays, and where it has none, that of the
   * first
   * duplicate that has one is taken.
   */
  choices?: MergeChoice[] | undefined;
}

/** A contact's value of a field. */
export interface MergeValue {
  /** The contact. */
  contact: ContactId;
  /** The value. */
  value: Json;
}

/** What a merge makes of the primary contact. */
export interface MergedContact {
  /** The primary contact. */
  contact: Contact;
  /** Its fields that change. */
  changes: FieldChange[];
  /** The fields of which the contacts have different values: what a caller may want to choose. */
  differing: MergeDifference[];
}

/** One message, in or out. */
export interface Message {
  /** The id. */
  id: MessageId;
  /** The thread. */
  conversation: ConversationId;
  /** With whom. */
  contact: ContactId;
  /** By which of our senders. */
  account: AccountId;
  /** The channel. */
  channel: Channel;
  /** The address at the other end, as spelled on the wire. */
  address: Address;
  /** Who wrote. */
  author: Author;
  /** Whether the contact wrote it. */
  inbound: boolean;
  /** The platform's id, once known. */
  providerId?: string | undefined;
  /** What it says; of an edited message, what it says now. */
  content: Content;
  /** The platform's id of the message it answers. */
  replyTo?: string | undefined;
  /** It was forwarded. */
  forwarded: boolean;
  /** The group it was written in, if any. */
  groupId?: string | undefined;
  /** The ad or post that led to it. */
  referral?: Referral | undefined;
  /** When: the provider's time of an inbound message, the time of sending of an outgoing one. */
  at: Date;
  /** The ledger row that sent it. */
  dispatch?: DispatchId | undefined;
  /** How far an outgoing message got, by all evidence; absent for an inbound one. */
  status?: DeliveryStatus | undefined;
  /** When it reached the device. */
  deliveredAt?: Date | undefined;
  /** When it was opened. */
  readAt?: Date | undefined;
  /** Why it failed, if the platform said so. */
  failure?: SendFailure | undefined;
  /** The emojis on it now. */
  reactions: string[];
  /** When it was last edited by its author. */
  editedAt?: Date | undefined;
  /** When its author deleted it. */
  revokedAt?: Date | undefined;
}

/** What may become of a step's message. */
export type MessageFate =
  /** The platform took it. */
  | "sent"
  /** It reached the device. */
  | "delivered"
  /** It was opened. */
  | "read"
  /** The contact wrote afterwards, and before any later campaign. */
  | "replied"
  /** It will not arrive. */
  | "failed"
  /** It was left out. */
  | "skipped";

/** One message, in or out. */
export type MessageId = string & { readonly [of]: "MessageId" };

/** A sender to connect. */
export interface NewAccount {
  /** The channel. */
  channel: Channel;
  /**
   * The platform's id of the sender (on WhatsApp the phone-number id; at Twilio the number, as in `+15005550006`,
   * or
   * a messaging service's id).
   */
  senderId: string;
  /**
   * The platform's id of the business account: on WhatsApp the WABA id, as notices about templates name only that;
   * at
   * Twilio the account's SID, needed where the key to send with is an API key.
   */
  businessId?: string | undefined;
  /**
   * The endpoint of the transport to send by, as it was given to the builder; absent: the only one that serves the
   * channel.
   */
  endpoint?: string | undefined;
  /** A name for people. */
  name: string;
  /** What the host's credentials callback is asked for. */
  credential: string;
  /**
   * How many messages a second it sends at most; absent: as many as its platform takes by default, on WhatsApp 80;
   * 0:
   * there is no limit.
   */
  messagesPerSecond?: number | undefined;
}

/** A broadcast to create. */
export interface NewBroadcast {
  /** A name for people. */
  name: string;
  /** The sender. */
  account: AccountId;
  /** The template's name. */
  template: string;
  /** The template's language. */
  language: string;
  /** What fills the template. */
  parameters?: TemplateParametersInput | undefined;
  /** Whom it is for: as it stands at the launch, where it is not named. */
  target: Selection;
}

/** A contact to create, as a caller, a file or the seeds' API gives it. */
export interface NewContact {
  /** The telephone number, in any spelling that [`Phone::parse`] reads. */
  phone?: string | undefined;
  /** A business-scoped WhatsApp user id. */
  whatsappId?: string | undefined;
  /** The full name. */
  name?: string | undefined;
  /** The first name. */
  firstName?: string | undefined;
  /** The last name. */
  lastName?: string | undefined;
  /** The e-mail address. */
  email?: string | undefined;
  /** Ids in other systems: system → id. */
  externalIds?: Record<string, string> | undefined;
  /** Tags. */
  tags?: string[] | undefined;
  /** Custom attributes. */
  attributes?: Record<string, Json> | undefined;
  /** How far the person is on the way to buying. */
  lead?: LeadStatus | undefined;
  /** Opt-in: `true` records one, `false` or absent none. */
  optedIn?: boolean | undefined;
  /** Where, when and how the person agreed, in the host's words. */
  optInProof?: string | undefined;
}

/** A file to store for messages to come. */
export interface NewMedia {
  /** What messages will send it as. */
  kind: MediaKind;
  /** The media type, as in `image/jpeg`. */
  mimeType: string;
  /** The name that a document is shown with. */
  filename?: string | undefined;
}

/** A rule of routing to add. */
export interface NewRoutingRule {
  /** A name for people. */
  name?: string | undefined;
  /** Which contacts; absent: all. */
  filter?: Filter | undefined;
  /** By which channels the person wrote or called; absent: any. */
  channels?: Channel[] | undefined;
  /** Who gets the conversation. */
  to: RoutingTarget;
}

/** When a broadcast is to start. */
export interface NewSchedule {
  /** The local date and time, as in `2026-12-24T09:00:00`. */
  at: string;
  /** The zone that it is a time of, as in `Europe/Berlin`; absent: the organisation's. */
  zone?: string | undefined;
  /** Everybody gets it at that time of their own zone, where that is known (see `Settings.zone_attribute`). */
  recipientsZones?: boolean | undefined;
}

/** A sequence to create, or what one is to become. */
export interface NewSequence {
  /** A name for people. */
  name: string;
  /** What it is made of. */
  definition: SequenceDefinitionInput;
}

/** A note about a contact: seen by the whole team, never by the contact. */
export interface Note {
  /** The id. */
  id: NoteId;
  /** The organisation. */
  org: OrgId;
  /** About whom. */
  contact: ContactId;
  /** Who wrote it. */
  author: Actor;
  /** What it says. */
  text: string;
  /** When it was written. */
  at: Date;
  /** When it was last edited. */
  editedAt?: Date | undefined;
}

/** One note about a contact. */
export type NoteId = string & { readonly [of]: "NoteId" };

/** What to do with a row whose contact is known, or was in the file before. */
export type OnDuplicate =
  /** Leave the contact as it is. */
  | "skip"
  /** The row's values win. */
  | "update"
  /** The row fills what is empty. */
  | "fill_gaps";

/** What an opt-out told by the platform covers. */
export type OptOutScope =
  /** Marketing messages of this sender. */
  | "marketing"
  /** Everything from this sender. */
  | "sender";

/** One organisation: the wall that nothing crosses. */
export type OrgId = string & { readonly [of]: "OrgId" };

/** What is known about a send. */
export type Outcome =
  /** The platform took it. */
  | { accepted: Accepted }
  /** The platform answered that it will not send it. */
  | { refused: SendFailure }
  /** It never reached the platform (connection, DNS, TLS), or was turned away unprocessed (429). */
  | { notSent: SendFailure }
  /** It may or may not have been taken: the answer was lost or cannot be read. */
  | {
      unknown: {
        /** What happened, for a person. */
        detail: string;
      };
    };

/** One message to put on the wire. */
export interface Outgoing {
  /** To whom, spelled as the platform last spelled it. */
  to: Address;
  /** What it says. */
  content: Content;
  /** The platform's id of the message it answers. */
  replyTo?: string | undefined;
  /** What the platform is asked to echo in statuses. */
  attempt: AttemptId;
}

/** A condition on who is responsible. */
export type OwnerFilter =
  /** Nobody. */
  | "nobody"
  /** This member of the team. */
  | { is: AgentId };

/** Which page of a list. */
export interface PageRequest {
  /** The most entries; 1 to 1,000; absent: 50. */
  limit?: number | undefined;
  /** The `next` of the page before; absent: from the start. */
  cursor?: string | undefined;
  /** From the last to the first. */
  backwards?: boolean | undefined;
}

/** One value for a template. Texts may hold variables. */
export type Parameter =
  /** For a text header, the body, the end of a link, or a one-time code. */
  | {
      type: "text";
      /** The text. */
      text: string;
    }
  /** An amount, which the recipient's device writes out; header and body only. */
  | {
      type: "currency";
      /** What is shown where the device cannot. */
      fallback: string;
      /** ISO 4217, as in `BRL`. */
      code: string;
      /** The amount times 1000. */
      amount1000: number;
    }
  /** A date; header and body only. */
  | {
      type: "date_time";
      /** The date, written out. */
      fallback: string;
    }
  /** For an image, video or document header. */
  | {
      type: "media";
      /** Where it is. */
      source: TemplateMedia;
      /** The name that a document is shown with. */
      filename?: string | undefined;
    }
  /** For a location header. */
  | {
      type: "location";
      /** Degrees north, -90 to 90. */
      latitude: number;
      /** Degrees east, -180 to 180. */
      longitude: number;
      /** The place's name. */
      name?: string | undefined;
      /** The place's address. */
      address?: string | undefined;
    }
  /** What a quick reply sends back. */
  | {
      type: "payload";
      /** The payload. */
      payload: string;
    }
  /** For a button that copies a coupon code. */
  | {
      type: "coupon_code";
      /** The code. */
      code: string;
    }
  /** For a button that opens a form. */
  | {
      type: "flow_action";
      /** What comes back with the filled form. */
      token?: string | undefined;
      /** The first screen's data. */
      data?: Record<string, Json> | undefined;
    };

/** How a template's text parameters are told apart. */
export type ParameterFormat =
  /** By number: `{{1}}`, `{{2}}`. */
  | "POSITIONAL"
  /** By name: `{{first_name}}`. */
  | "NAMED";

/** A step that a contact came to. */
export interface PassedStep {
  /** The step. */
  step: string;
  /** When they came to it. */
  at: Date;
  /** A message's row of the ledger, which says what became of it. */
  dispatch?: DispatchId | undefined;
  /** Which way a condition went. */
  branch?: boolean | undefined;
  /** The dotted code of why a condition could not be read, and went the way of no. */
  problem?: string | undefined;
}

/** What a rule looks for. */
export interface Pattern {
  /** How the text is compared. */
  kind: PatternKind;
  /** The text or regular expression to look for. */
  text: string;
  /** Whether upper and lower case differ. Accents and compatibility forms fold all the same. */
  caseSensitive: boolean;
}

/** A {@link Pattern} to hand over: what has a default may be left out. */
export interface PatternInput {
  /** How the text is compared. */
  kind: PatternKind;
  /** The text or regular expression to look for. */
  text: string;
  /** Whether upper and lower case differ. Accents and compatibility forms fold all the same. */
  caseSensitive?: boolean | undefined;
}

/** How a pattern is held against a text. */
export type PatternKind =
  /** The folded text contains the folded pattern, with its spaces. */
  | "contains"
  /** The folded text is the folded pattern, white space at both ends aside. */
  | "exact"
  /** The folded text starts with the folded pattern, leading white space aside. */
  | "startsWith"
  /**
   * The folded text contains the folded pattern as whole words: no letter, digit, mark or underscore
   * runs on over its ends. Han, Hiragana, Thai, Lao, Khmer and Myanmar do not space their words, so that
   * there any two letters may be parted (as by default in Unicode UAX #29).
   */
  | "word"
  /**
   * The regular expression, in the syntax of the `regex` crate, matches somewhere in the text as it was
   * written: unfolded, but regardless of case unless asked. Anchor it with `^` and `$`.
   */
  | "regex";

/** Somebody who writes to the business. */
export interface Person {
  /** Their phone number; absent for somebody known by their business-scoped user id only. */
  phone?: string | undefined;
  /** Their business-scoped user id, as in `US.13491208655302741918`; absent: made from the phone. */
  userId?: string | undefined;
  /** The name of their profile. */
  name?: string | undefined;
  /** The user name that they took, without `@`. */
  username?: string | undefined;
}

/** A telephone number. */
export interface Phone {
  /** The number in E.164, as it is stored. */
  e164: string;
  /** Its digits: what WhatsApp calls it, unless the platform told another spelling. */
  waId: string;
  /** ISO 3166 code of its region, where it has one. */
  region?: string | undefined;
  /** Whether it is in a range that its country has assigned; one that is not is kept and flagged. */
  assigned: boolean;
  /** The spellings of its digits that WhatsApp treats as this number. */
  variants: string[];
}

/** How many contacts an organisation may have: all count but deleted ones. */
export type Plan =
  /** 100. */
  | "free"
  /** 5,000. */
  | "starter"
  /** 25,000. */
  | "growth"
  /** Any number. */
  | "scale"
  /** This many. */
  | { contacts: number };

/** Where an organisation stands with its plan. */
export interface PlanUsage {
  /** The contacts that count: all but deleted ones. */
  contacts: number;
  /** The most that the plan allows; absent: any number. */
  limit?: number | undefined;
  /** How many there are beyond it: people who wrote, and leads of a chatbot. */
  overBy: number;
}

/** What the business and the platform have agreed on. */
export interface PlatformInfo {
  /** Where it listens, in place of `https://graph.facebook.com`. */
  baseUrl: string;
  /** The key of the signatures. */
  appSecret: string;
  /** The token that requests must bear. */
  accessToken: string;
  /** The token of the handshake of the webhook endpoint. */
  verifyToken: string;
  /** The id of the WhatsApp Business Account. */
  wabaId: string;
  /** The id of its first number. */
  phoneNumberId: string;
}

/** What becomes of a message. */
export type PlatformStatus =
  /** It left the platform. */
  | { type: "sent" }
  /** It reached the phone. */
  | { type: "delivered" }
  /** It was seen. */
  | { type: "read" }
  /** The voice note was played. */
  | { type: "played" }
  /** It will never arrive. */
  | {
      type: "failed";
      /** The platform's code, as in 131026. */
      code: number;
    };

/**
 * A person's choice at the platform about marketing messages of this sender (WhatsApp webhooks,
 * `user_preferences`).
 */
export interface Preference {
  /** Who chose. */
  person: InboundPerson;
  /** `stop`, `resume`, or another word, kept. */
  choice: PreferenceChoice;
}

/** The choice itself. */
export type PreferenceChoice =
  /** No more marketing. */
  | "stop"
  /** Marketing again. */
  | "resume"
  /** Signed up at the platform. */
  | "signup"
  /** A word this library does not know. */
  | { other: string };

/** Who would be sent to if a broadcast were launched now. */
export interface Preview {
  /** How many would be sent to. */
  total: number;
  /** The first ten of them. */
  first: Contact[];
  /** Those who are meant but would be left out, counted by reason. */
  leftOut: Record<string, number>;
}

/** A notice about a template. */
export interface QualityNotice {
  /** The provider's id of the template. */
  providerId?: string | undefined;
  /** The template's name. */
  name: string;
  /** The template's language. */
  language: string;
  /** What it is now. */
  value: string;
  /** The provider's reason. */
  reason?: string | undefined;
}

/** A message that is often written. */
export interface QuickReply {
  /** The id. */
  id: QuickReplyId;
  /** The organisation. */
  org: OrgId;
  /** What is typed for it, as in `/greeting`: unique without regard to case and accents. */
  shortcut: string;
  /** What it says, with variables. */
  body: string;
  /** When it was created. */
  createdAt: Date;
  /** When it was last changed. */
  updatedAt: Date;
}

/** A message saved under a shortcut. */
export type QuickReplyId = string & { readonly [of]: "QuickReplyId" };

/**
 * The hours in which broadcasts rest, by the recipient's clock where their zone is known, else by the
 * organisation's.
 */
export interface QuietHours {
  /** From this time of day on, as in `21:00:00`. */
  from: string;
  /** Until this time of day, on the next day if it is not later. */
  until: string;
}

/** How far a message gets of itself. */
export type Reach =
  /** No status is sent. */
  | "nothing"
  /** Sent, delivered. */
  | "delivered"
  /** Sent, delivered, read. */
  | "read";

/** How far an accepted message got. */
export type Reached =
  /** The platform has it. */
  | "accepted"
  /** It left the platform. */
  | "sent"
  /** It reached the device. */
  | "delivered"
  /** It was opened. */
  | "read";

/** A reaction to a message, or its removal. */
export interface Reaction {
  /** The provider's id of the reaction itself. */
  providerId: string;
  /** Who reacted. */
  from: InboundPerson;
  /** The provider's id of the message reacted to. */
  target: string;
  /** The emoji; absent when the reaction was taken back. */
  emoji?: string | undefined;
}

/** What became of a webhook. It is durable when this is returned. */
export interface Received {
  /** Events that changed something or were recorded. */
  applied: number;
  /** Events that were known already. */
  duplicate: number;
  /** Events that could not be applied, kept as they came. */
  quarantined: number;
  /**
   * The body to answer with, status 200: the challenge of a verification request, else what the platform wants to
   * hear, mostly nothing.
   */
  body: string;
  /** The header `content-type` to answer with. */
  contentType: string;
}

/** One recipient of a broadcast, and what became of them. */
export interface Recipient {
  /** The row of the ledger. */
  dispatch: DispatchId;
  /** To whom. */
  contact: ContactId;
  /** Where it stands. */
  state: DispatchState;
  /** What the last attempt failed with. */
  failure?: SendFailure | undefined;
  /** How many attempts were made. */
  attempts: number;
  /** They wrote back. */
  replied: boolean;
  /** They opted out afterwards. */
  optedOutAfter: boolean;
  /** Why they got nothing, in words; absent: they got it, or may still get it. */
  reason?: string | undefined;
  /** What would help. */
  remedy?: string | undefined;
}

/** Which recipients of a broadcast: any bucket that its [`Stats`] count. */
export interface RecipientFilter {
  /** In any of these states; empty: in all. */
  states: StateName[];
  /**
   * Left out for any of these reasons, or failed with any of these codes of the platform; empty: whatever the
   * reason.
   */
  reasons: string[];
  /** Only those who wrote back, or only those who did not. */
  replied?: boolean | undefined;
  /** Only those who opted out afterwards, or only those who did not. */
  optedOutAfter?: boolean | undefined;
}

/** A {@link RecipientFilter} to hand over: what has a default may be left out. */
export interface RecipientFilterInput {
  /** In any of these states; empty: in all. */
  states?: StateName[] | undefined;
  /**
   * Left out for any of these reasons, or failed with any of these codes of the platform; empty: whatever the
   * reason.
   */
  reasons?: string[] | undefined;
  /** Only those who wrote back, or only those who did not. */
  replied?: boolean | undefined;
  /** Only those who opted out afterwards, or only those who did not. */
  optedOutAfter?: boolean | undefined;
}

/** Some of the recipients of a broadcast. */
export interface RecipientSelection {
  /** The broadcast. */
  broadcast: BroadcastId;
  /** Which of them; absent: all. */
  who: RecipientFilter;
}

/** A {@link RecipientSelection} to hand over: what has a default may be left out. */
export interface RecipientSelectionInput {
  /** The broadcast. */
  broadcast: BroadcastId;
  /** Which of them; absent: all. */
  who?: RecipientFilterInput | undefined;
}

/** Whether a record takes part. */
export type RecordStatus =
  /** Takes part. */
  | "active"
  /** Set aside by hand; a message from the person makes it active again. */
  | "inactive"
  /** Gets nothing, opens nothing. */
  | "blocked"
  /** Removed. */
  | "deleted";

/** The ad or post that led a person to write (Click-to-WhatsApp). Each field is absent if the platform left it out. */
export interface Referral {
  /** The link of the ad or post. */
  sourceUrl?: string | undefined;
  /** The ad's or post's id. */
  sourceId?: string | undefined;
  /** `ad` or `post`. */
  sourceType?: string | undefined;
  /** The headline. */
  headline?: string | undefined;
  /** The body. */
  body?: string | undefined;
  /** `image` or `video`. */
  mediaType?: string | undefined;
  /** A link to the image, video or thumbnail. */
  mediaUrl?: string | undefined;
  /** The click id for the Conversions API. */
  ctwaClid?: string | undefined;
}

/** Why a broadcast could not start, or not go on. */
export interface Refusal {
  /** The error's code. */
  code: string;
  /** What was wrong. */
  message: string;
}

/** A row that was not taken, with every reason. */
export interface Rejection {
  /** The line that the row begins on, from 1; the header counts. */
  line: number;
  /** What is wrong; never empty. */
  errors: CellError[];
}

/** A text as a contact would read it. */
export interface Rendered {
  /** The text. */
  text: string;
  /** Each variable that had neither a value nor a fallback and so left nothing. */
  missing: string[];
}

/** What a message does that is later than the resolution of its conversation. */
export type Reopening =
  /** It opens the conversation again. */
  | "reopen"
  /** It opens a new conversation: the old one stays closed. */
  | "open_new";

/** One reply button. */
export interface ReplyButton {
  /** What comes back when it is tapped. */
  id: string;
  /** What it shows. */
  title: string;
}

/** Who closed a conversation, and when. */
export interface Resolution {
  /** When: the time of the decision, or of a message that was there by then and that the platform dates later. */
  at: Date;
  /** Who. */
  by: Actor;
}

/** A deletion of a message by its author. */
export interface Revoke {
  /** The provider's id of the deletion itself. */
  providerId: string;
  /** Who deleted. */
  from: InboundPerson;
  /** The provider's id of the message deleted. */
  target: string;
}

/** What a member may do; each role may do all that the ones before it may. */
export type Role =
  /** Reads. */
  | "viewer"
  /**
   * Works with contacts and conversations: creates and updates contacts, their tags, notes and consent, and writes
   * to
   * them.
   */
  | "agent"
  /**
   * Runs the work: imports, bulk actions, merges, deletions, attributes, rules, templates, segments, broadcasts,
   * senders and the audit.
   */
  | "admin"
  /** Settings, team and plan. */
  | "owner";

/** A rule of routing: the first one that fits says who gets the conversation. */
export interface RoutingRule {
  /** The id. */
  id: RuleId;
  /** A name for people. */
  name?: string | undefined;
  /** Which contacts, as they are once the message is taken in and tagged; absent: all. */
  filter?: Filter | undefined;
  /** By which channels the person wrote or called; absent: any. */
  channels?: Channel[] | undefined;
  /** Who gets it. */
  to: RoutingTarget;
  /** Whether the rule is used. */
  enabled: boolean;
}

/** Who gets a conversation. */
export type RoutingTarget =
  /** A member of the team. */
  | { member: AgentId }
  /** A bot or AI of the host. */
  | { handler: Handler };

/**
 * An auto-tag rule. In JSON, at its shortest:
 * `{"id": "…", "pattern": {"kind": "contains", "text": "order"}, "tags": ["buyer"]}`.
 */
export interface Rule {
  /** The rule's id. */
  id: RuleId;
  /** A name for people. */
  name?: string | undefined;
  /** What to look for. */
  pattern: Pattern;
  /** The tags that a message with it earns; one at least. */
  tags: string[];
  /** Whether the rule is on, as it is unless told. */
  enabled: boolean;
  /** The channels it applies to; all of them if absent. */
  channels?: Channel[] | undefined;
}

/** A {@link Rule} to hand over: what has a default may be left out. */
export interface RuleInput {
  /** The rule's id. */
  id: RuleId;
  /** A name for people. */
  name?: string | undefined;
  /** What to look for. */
  pattern: PatternInput;
  /** The tags that a message with it earns; one at least. */
  tags: string[];
  /** Whether the rule is on, as it is unless told. */
  enabled?: boolean | undefined;
  /** The channels it applies to; all of them if absent. */
  channels?: Channel[] | undefined;
}

/** One rule, of auto-tagging or of routing. */
export type RuleId = string & { readonly [of]: "RuleId" };

/** A rule that fires for a text. */
export interface RuleMatch {
  /** The rule. */
  rule: RuleId;
  /**
   * The first place that makes it fire, in bytes of the text as it was written, widened to whole characters with
   * their accents.
   */
  span: Span;
}

/** When a broadcast starts, or started. */
export interface Schedule {
  /** The local date and time. */
  at: string;
  /** The zone that it is a time of. */
  zone: string;
  /** Everybody gets it at that time of their own zone, where that is known. */
  recipientsZones: boolean;
}

/** A filter saved under a name. */
export interface Segment {
  /** The id. */
  id: SegmentId;
  /** The organisation. */
  org: OrgId;
  /** The name, unique without regard to case and accents. */
  name: string;
  /** The filter. */
  filter: Filter;
  /** When it was created. */
  createdAt: Date;
  /** What relies on it. */
  users: SegmentUser[];
}

/** A filter saved under a name. */
export type SegmentId = string & { readonly [of]: "SegmentId" };

/** What relies on a segment. */
export type SegmentUser =
  /** A broadcast that was not launched yet. */
  | { broadcast: BroadcastId }
  /** Another segment. */
  | { segment: SegmentId }
  /** A rule of routing. */
  | { routing: RuleId }
  /** A sequence. */
  | { sequence: SequenceId };

/**
 * Which contacts are meant: of a bulk action, an export or a broadcast.
 *
 * In JSON: `{"ids": ["<id>", …]}`, `{"filter": {"tags": {"any": ["vip"]}}}`,
 * `{"recipients": {"broadcast": "<id>", "who": {"states": ["delivered"]}}}`.
 */
export type Selection =
  /** These. An id of a contact that was merged leads to the one that it was merged into. */
  | { ids: ContactId[] }
  /** All that fit a filter. */
  | { filter: Filter }
  /** Recipients of a broadcast, and what became of them. */
  | { recipients: RecipientSelectionInput };

/** One failure, as a platform or the network reported it. */
export interface SendFailure {
  /** The class. */
  class: FailureClass;
  /** The platform's own code, as in `131026`, or a word such as `connect`. */
  code: string;
  /** The platform's words, for a person. Never a message body or a secret. */
  detail: string;
}

/** A message that an agent or the host wants to send now. */
export interface SendRequest {
  /** To whom. */
  contact: ContactId;
  /**
   * By which sender, for this message; absent: the one that the contact last wrote to, or the only one that reaches
   * them if they never did.
   */
  account?: AccountId | undefined;
  /** What. */
  draft: Draft;
  /** The platform's id of the message it answers. */
  replyTo?: string | undefined;
}

/** The sender of ours that a message goes out by. */
export interface Sender {
  /** The channel it sends on. */
  channel: Channel;
  /** The platform's id of the sender (on WhatsApp the phone-number id). */
  senderId: string;
  /** The platform's id of the business account (on WhatsApp the WABA id), if known. */
  businessId?: string | undefined;
  /** The key to send with. Keep it out of logs. */
  credential: string;
}

/** Whether a platform has barred a sender. */
export interface SenderBan {
  /** Since when, by the platform's time. */
  since: Date;
  /** How far. */
  ban: SenderBanKind;
  /** The platform's words. */
  detail?: string | undefined;
  /** Until when, if it ends by itself. */
  until?: Date | undefined;
}

/** How far a platform has barred a sender. */
export type SenderBanKind =
  /** It was, and is not any more. */
  | "lifted"
  /** It will be. */
  | "scheduled"
  /** Some of what it does is forbidden; what is allowed goes out. */
  | "restricted"
  /** It is, altogether: it is stopped, until the platform lifts the ban or somebody resumes it. */
  | "disabled";

/** How many people a sender began to write to in some minutes: templates outside of windows. */
export interface SenderBegun {
  /** The end of these minutes: 24 hours later none of them counts any more. */
  until: Date;
  /** How many people. */
  people: number;
}

/** How many people a sender may begin to write to. */
export interface SenderLimit {
  /** Since when, by the platform's time. */
  since: Date;
  /** The platform's word, as in `TIER_2K`. */
  tier: string;
  /** How many in 24 hours, outside open windows; absent: there is no limit, or the word does not say. */
  peopleADay?: number | undefined;
}

/** How a sender, or all of a business account, stands with the platform. What is absent is not told. */
export interface SenderNotice {
  /** The number that its quality is told of, in digits; absent: the sender that the event is about. */
  number?: string | undefined;
  /** Whether the platform finds the quality low. */
  lowQuality?: boolean | undefined;
  /** The limit of how many people may be written to first: of all senders of the business account. */
  limit?: LimitNotice | undefined;
  /** Whether all senders of the business account are barred. */
  ban?: BanNotice | undefined;
  /** The provider's name for the field. */
  field: string;
  /** The provider's object. */
  raw: Json;
}

/** The quality of what a sender sends. */
export interface SenderQuality {
  /** Since when, by the platform's time. */
  since: Date;
  /** The platform finds it low: people block or report the sender. */
  low: boolean;
}

/** What a platform told of a sender: of each the latest, by the platform's time. */
export interface SenderStanding {
  /** Its number in digits, as its webhooks show it; absent: none came yet. */
  number?: string | undefined;
  /** The quality of what it sends. */
  quality?: SenderQuality | undefined;
  /** How many people it may begin to write to; on WhatsApp all senders of a business share it. */
  limit?: SenderLimit | undefined;
  /** Whether the platform has barred it. */
  ban?: SenderBan | undefined;
  /** The quality of numbers of its business account of which one may be its own, while its own is not known. */
  unclaimed: Record<string, SenderQuality>;
}

/** A fork. */
export interface SequenceCondition {
  /** What is asked. */
  when: SequenceTest;
  /** The step that comes next where it is so, or `end`; absent: the next in the list. */
  yes?: string | undefined;
  /** The step that comes next where it is not so, or `end`; absent: the next in the list. */
  no?: string | undefined;
}

/** What a sequence is made of. */
export interface SequenceDefinition {
  /** The sender of all its messages. */
  account: AccountId;
  /** What enrolls contacts by itself. */
  trigger: SequenceTrigger;
  /** Whether imports, bulk actions and the merging of tags enroll by the trigger, too. */
  fromBulk: boolean;
  /** Whether a contact who is through, or out, may be enrolled again. */
  again: boolean;
  /** What a contact leaves the sequence for, whichever comes first. */
  goals: SequenceGoal[];
  /** The steps. It begins with the first. */
  steps: SequenceStep[];
}

/** A {@link SequenceDefinition} to hand over: what has a default may be left out. */
export interface SequenceDefinitionInput {
  /** The sender of all its messages. */
  account: AccountId;
  /** What enrolls contacts by itself. */
  trigger?: SequenceTrigger | undefined;
  /** Whether imports, bulk actions and the merging of tags enroll by the trigger, too. */
  fromBulk?: boolean | undefined;
  /** Whether a contact who is through, or out, may be enrolled again. */
  again?: boolean | undefined;
  /** What a contact leaves the sequence for, whichever comes first. */
  goals?: SequenceGoal[] | undefined;
  /** The steps. It begins with the first. */
  steps: SequenceStepInput[];
}

/** How long to wait: both together, an hour at least and 366 days at most. A day has 24 hours. */
export interface SequenceDelay {
  /** Days. */
  days: number;
  /** Hours. */
  hours: number;
}

/** A {@link SequenceDelay} to hand over: what has a default may be left out. */
export interface SequenceDelayInput {
  /** Days. */
  days?: number | undefined;
  /** Hours. */
  hours?: number | undefined;
}

/** How far the contacts of a sequence got, all editions together. */
export interface SequenceFunnel {
  /** How often anybody was enrolled. */
  enrolled: number;
  /** How many are under way. */
  underWay: number;
  /** How many are through. */
  finished: number;
  /** How many left before, by reason. */
  exited: Record<string, number>;
  /** Each step: first those of today's edition, in its order, then those of earlier editions, by name. */
  steps: StepFunnel[];
  /**
   * Why none of the messages that wait goes out just now, and until when, where that is the sender's; absent: they
   * do,
   * or the sequence is not active.
   */
  waits?: Waits | undefined;
}

/**
 * What a contact leaves a sequence for.
 *
 * In JSON: `"reply"`, `{"tag": "purchased"}`.
 */
export type SequenceGoal =
  /** They write. */
  | "reply"
  /** They get this tag. Who has it is not enrolled. */
  | { tag: string };

/** One sequence. */
export type SequenceId = string & { readonly [of]: "SequenceId" };

/** A message: a stored template, filled for the contact. */
export interface SequenceMessage {
  /** The template's name. */
  template: string;
  /** The template's language. */
  language: string;
  /** What fills the template. */
  parameters: TemplateParameters;
}

/** A {@link SequenceMessage} to hand over: what has a default may be left out. */
export interface SequenceMessageInput {
  /** The template's name. */
  template: string;
  /** The template's language. */
  language: string;
  /** What fills the template. */
  parameters?: TemplateParametersInput | undefined;
}

/** What became of an earlier step's message; of one that the contact never came to, nothing did. */
export interface SequenceMessageTest {
  /** The step. */
  step: string;
  /** What became of it. */
  was: MessageFate;
}

/** Where a sequence stands. */
export type SequenceState =
  /** Saved; nobody is enrolled yet. */
  | { state: "draft" }
  /** Enrolls, and sends. */
  | {
      state: "active";
      /** Since when. */
      since: Date;
    }
  /** Nobody is enrolled and nothing more goes out until it is resumed; times that waiting steps wait for run on. */
  | {
      state: "paused";
      /** Since when. */
      since: Date;
      /** Why it paused by itself, a template being stopped; absent: somebody paused it. */
      refusal?: Refusal | undefined;
    };

/** One step. */
export interface SequenceStep {
  /** Its name, unique in the sequence. */
  name: string;
  /** What is done. */
  does: SequenceStepKind;
  /** The step that comes next, or `end`; absent: the next in the list. A condition has branches instead. */
  next?: string | undefined;
}

/** A {@link SequenceStep} to hand over: what has a default may be left out. */
export interface SequenceStepInput {
  /** Its name, unique in the sequence. */
  name: string;
  /** What is done. */
  does: SequenceStepKindInput;
  /** The step that comes next, or `end`; absent: the next in the list. A condition has branches instead. */
  next?: string | undefined;
}

/** What a step does. */
export type SequenceStepKind =
  /** Sends a template. */
  | { message: SequenceMessage }
  /** Waits. */
  | { delay: SequenceDelay }
  /** Goes one way or the other. */
  | { condition: SequenceCondition };

/** A {@link SequenceStepKind} to hand over: what has a default may be left out. */
export type SequenceStepKindInput =
  /** Sends a template. */
  | { message: SequenceMessageInput }
  /** Waits. */
  | { delay: SequenceDelayInput }
  /** Goes one way or the other. */
  | { condition: SequenceCondition };

/**
 * What a condition asks, at the moment when a contact comes to it.
 *
 * In JSON: `{"contact": {"tags": {"any": ["purchased"]}}}`, `{"message": {"step": "welcome", "was": "read"}}`.
 */
export type SequenceTest =
  /**
   * Whether the contact fits a filter. One that cannot be read any more, as it names an attribute that is gone,
   * fits
   * nobody.
   */
  | { contact: Filter }
  /** What became of an earlier step's message. */
  | { message: SequenceMessageTest };

/**
 * What enrolls contacts by itself.
 *
 * In JSON: `"manual"`, `"contactCreated"`, `{"tagAdded": "vip"}`.
 */
export type SequenceTrigger =
  /** Nothing: somebody enrolls them. */
  | "manual"
  /** A contact comes to be, whoever or whatever creates it; a merge never does. */
  | "contactCreated"
  /** A contact gets this tag who did not have it, by whatever way. */
  | { tagAdded: string };

/** The settings of one organisation. Durations are whole seconds. */
export interface Settings {
  /** The business's name: `{{org.name}}`. */
  name: string;
  /** The zone of `{{date}}` and `{{time}}` and of local times; default UTC. */
  zone: string;
  /** How `{{date}}` is written; default `%Y-%m-%d`. */
  dateFormat: string;
  /** How `{{time}}` is written; default `%H:%M`. */
  timeFormat: string;
  /** The region that national numbers belong to; default none: numbers need their country code. */
  defaultRegion?: string | undefined;
  /** How many contacts the organisation may have; default any number. */
  plan: Plan;
  /** The STOP and START words. */
  keywords: Keywords;
  /** Whether a reply inside an open window needs an opt-in too; default true. */
  strictConsent: boolean;
  /** What an inbound message consents to; default everything. */
  inboundConsent: InboundConsent;
  /** What answers a STOP, once; default nothing. */
  stopConfirmation?: string | undefined;
  /** When a window counts as closing soon; default 2 hours. */
  windowClosingSoonSeconds: number;
  /** Whether contacts made by hand need a name; default true. */
  nameRequired: boolean;
  /**
   * How long an attempt with unknown outcome may still settle; default 30 days, authentication templates 10 minutes
   * at most.
   */
  unknownAfterSeconds: number;
  /** What becomes of the conversations of a contact that is deleted; default kept. */
  deletedConversations: DeletedConversations;
  /** What a message does that is later than the resolution of its conversation; default it opens it again. */
  reopening: Reopening;
  /** What a contact is asked when a conversation is resolved; default nothing. */
  csat?: Csat | undefined;
  /** How much later than scheduled a broadcast may start by itself; default 6 hours. Later it is held. */
  maxLateSeconds: number;
  /** The hours in which broadcasts rest; default none. */
  quietHours?: QuietHours | undefined;
  /**
   * The text attribute that has a contact's zone, as in `Europe/Berlin`; default none: all are in the
   * organisation's.
   */
  zoneAttribute?: string | undefined;
}

/** A {@link Settings} to hand over: what has a default may be left out. */
export interface SettingsInput {
  /** The business's name: `{{org.name}}`. */
  name?: string | undefined;
  /** The zone of `{{date}}` and `{{time}}` and of local times; default UTC. */
  zone?: string | undefined;
  /** How `{{date}}` is written; default `%Y-%m-%d`. */
  dateFormat?: string | undefined;
  /** How `{{time}}` is written; default `%H:%M`. */
  timeFormat?: string | undefined;
  /** The region that national numbers belong to; default none: numbers need their country code. */
  defaultRegion?: string | undefined;
  /** How many contacts the organisation may have; default any number. */
  plan?: Plan | undefined;
  /** The STOP and START words. */
  keywords?: KeywordsInput | undefined;
  /** Whether a reply inside an open window needs an opt-in too; default true. */
  strictConsent?: boolean | undefined;
  /** What an inbound message consents to; default everything. */
  inboundConsent?: InboundConsent | undefined;
  /** What answers a STOP, once; default nothing. */
  stopConfirmation?: string | undefined;
  /** When a window counts as closing soon; default 2 hours. */
  windowClosingSoonSeconds?: number | undefined;
  /** Whether contacts made by hand need a name; default true. */
  nameRequired?: boolean | undefined;
  /**
   * How long an attempt with unknown outcome may still settle; default 30 days, authentication templates 10 minutes
   * at most.
   */
  unknownAfterSeconds?: number | undefined;
  /** What becomes of the conversations of a contact that is deleted; default kept. */
  deletedConversations?: DeletedConversations | undefined;
  /** What a message does that is later than the resolution of its conversation; default it opens it again. */
  reopening?: Reopening | undefined;
  /** What a contact is asked when a conversation is resolved; default nothing. */
  csat?: Csat | undefined;
  /** How much later than scheduled a broadcast may start by itself; default 6 hours. Later it is held. */
  maxLateSeconds?: number | undefined;
  /** The hours in which broadcasts rest; default none. */
  quietHours?: QuietHours | undefined;
  /**
   * The text attribute that has a contact's zone, as in `Europe/Berlin`; default none: all are in the
   * organisation's.
   */
  zoneAttribute?: string | undefined;
}

/** What one contact would get if a broadcast went out now, or at its time. */
export interface Simulated {
  /** The contact. */
  contact: ContactId;
  /** When it would go out; absent: it would not, or nobody can say when. */
  at?: Date | undefined;
  /** The text as they would read it. */
  text?: string | undefined;
  /** Why they would be left out. */
  skip?: SkipReason | undefined;
  /** What is in the way, in words. */
  reason?: string | undefined;
}

/** What a contact would come through if they were enrolled now, and nothing else happened to them. */
export interface SimulatedRun {
  /** The contact. */
  contact: ContactId;
  /** Why they would not be enrolled: the dotted code and the words of the refusal; absent: they would be. */
  refusal?: Refusal | undefined;
  /** The steps, in order. */
  steps: SimulatedStep[];
  /** When they would be through. */
  finishedAt?: Date | undefined;
}

/** A step that a contact would come to. */
export interface SimulatedStep {
  /** The step. */
  step: string;
  /** When; of a message, when it would go out. */
  at: Date;
  /** A message's text as they would read it. */
  text?: string | undefined;
  /** Why a message would be left out. */
  skip?: SkipReason | undefined;
  /** Which way a condition would go. */
  branch?: boolean | undefined;
  /** What would keep the message waiting without an end, in words: the sequence would go no further. */
  reason?: string | undefined;
}

/** What is assumed of everybody's messages in a simulation. */
export type SimulationAssumption =
  /** They arrive, and are not opened. */
  | "delivered"
  /** They are opened. */
  | "read"
  /** They fail. */
  | "failed";

/** Why a recipient was left out. */
export type SkipReason =
  /** Never opted in, or not to this purpose. */
  | "not_opted_in"
  /** Opted out. */
  | "opted_out"
  /** Set aside by hand. */
  | "inactive"
  /** Blocked. */
  | "blocked"
  /** Deleted. */
  | "deleted"
  /** There is no such contact. */
  | "not_found"
  /** Got a marketing template within the last 24 hours. */
  | "capped"
  /** Has no address on the channel. */
  | "no_address"
  /** The template is not approved any more. */
  | "template_not_approved"
  /** A variable of the template has no value for this contact. */
  | "missing_value"
  /** The window closed. */
  | "window_closed"
  /** Merged with another recipient of the same broadcast, who gets it. */
  | "merged"
  /** A survey's time was over: the conversation went on, it waited for a day, or surveys were switched off. */
  | "survey_over"
  /** The broadcast was cancelled before their turn. */
  | "cancelled"
  /** At the scheduled time of their own zone nothing ran, nor soon enough afterwards. */
  | "late"
  /** Left the sequence before their turn. */
  | "left_sequence";

/** A place in a text, in bytes. */
export interface Span {
  /** The first byte. */
  start: number;
  /** The byte after the last. */
  end: number;
}

/** Somebody, and the conversation with them. */
export interface StartedConversation {
  /** The contact as it is now. */
  contact: Contact;
  /** Its open conversation. */
  conversation: Conversation;
}

/** The states as bare words: what is stored beside a row, counted and asked for. */
export type StateName =
  /** Waits. */
  | "pending"
  /** A worker has it. */
  | "leased"
  /** It may be on the wire. */
  | "sending"
  /** No answer was recorded. */
  | "unknown"
  /** The platform has it. */
  | "accepted"
  /** It left the platform. */
  | "sent"
  /** It reached the device. */
  | "delivered"
  /** It was opened. */
  | "read"
  /** It will not arrive. */
  | "failed"
  /** Left out. */
  | "skipped"
  /** Nobody ever said. */
  | "unconfirmed";

/** The funnel. `sent`, `delivered` and `read` each include those who got further, and never fall. */
export interface Stats {
  /** Everybody who was meant at the launch. */
  total: number;
  /** Waiting or leased: not tried yet, or to be tried again. */
  pending: number;
  /** On the wire at this moment. */
  sending: number;
  /** No answer was recorded; a status may still settle them. */
  unknown: number;
  /** Nobody ever said what became of them. */
  unconfirmed: number;
  /** Left out, by reason. */
  skipped: Record<string, number>;
  /** Taken by the platform, whatever became of them afterwards. */
  sent: number;
  /** Reached the device. */
  delivered: number;
  /** Opened. */
  read: number;
  /** Failed, by the platform's code. */
  failed: Record<string, number>;
  /** Wrote back. */
  replied: number;
  /** Opted out afterwards. */
  optedOutAfter: number;
  /**
   * Why nobody of those who wait is sent to just now, and until when, where that is the sender's; absent: they are,
   * or it
   * is no longer running.
   */
  waits?: Waits | undefined;
}

/** How many conversations stand so. */
export interface StatusCount {
  /** Where they stand. */
  status: ConversationStatus;
  /** All of them. */
  total: number;
  /** Those in which something waits to be read. */
  unread: number;
}

/** What a platform says became of a message. */
export type StatusKind =
  /** Taken. */
  | "accepted"
  /** Taken, and held for a quality check. */
  | "held"
  /** Left the platform. */
  | "sent"
  /** Reached the device. */
  | "delivered"
  /** Opened (or, a voice note, played). */
  | "read"
  /** Will not arrive. */
  | { failed: SendFailure }
  /** A word this library does not know: kept. */
  | { other: string };

/** What became of a message that we sent. */
export interface StatusUpdate {
  /** The provider's id of the message. */
  providerId: string;
  /** What became of it. */
  status: StatusKind;
  /** The attempt that the platform echoes, if our correlation id came back. */
  correlation?: AttemptId | undefined;
  /** Addresses of the recipient that the status named. */
  recipient: Address[];
  /** The price category, if named. */
  priceCategory?: string | undefined;
  /** Whether it is billed, if named. */
  billable?: boolean | undefined;
  /**
   * Until when messages to the recipient are free because they came by an ad or a page's button, if told (on
   * WhatsApp the end of the free entry point's conversation).
   */
  freeEntryUntil?: Date | undefined;
}

/** How far the contacts at one step got. */
export interface StepFunnel {
  /** The step. */
  step: string;
  /** How many stand there now. */
  here: number;
  /** What became of its messages; absent: it sends none. */
  messages?: Stats | undefined;
}

/** A file in the media store. */
export interface StoredFile {
  /** Its key there. */
  key: string;
  /** The media type, if anybody told it. */
  mimeType?: string | undefined;
  /** How many bytes it has. */
  size: number;
  /** The SHA-256 of its bytes, in hex, if it is known. */
  sha256?: string | undefined;
  /** Where on this machine it can be opened, if it can. It is gone when the message is. */
  path?: string | undefined;
}

/** One survey of satisfaction. */
export type SurveyId = string & { readonly [of]: "SurveyId" };

/** A tag with its count. */
export interface TagCount {
  /** The tag as first written. */
  name: string;
  /** How many contacts that are not deleted carry it. */
  contacts: number;
}

/** A condition on tags. */
export type TagFilter =
  /** At least one of these; of none: nobody. */
  | { any: string[] }
  /** All of these; of none: everyone. */
  | { all: string[] }
  /** None of these; of none: everyone. */
  | { none: string[] };

/**
 * Whom a broadcast is for.
 *
 * In JSON: `"list"`, `{"filter": …}`, `{"recipients": …}`.
 */
export type Target =
  /** The contacts that were named; `broadcasts.simulate` tells them one by one. */
  | "list"
  /**
   * All that fit a filter, texts folded. A draft may name segments; once launched, their filters stand in their
   * place.
   */
  | { filter: Filter }
  /** Recipients of another broadcast, as they stand at the launch. */
  | { recipients: RecipientSelection };

/** A template of the platform. Name and language together say which one it is. */
export interface Template {
  /** The platform's id of it; status webhooks carry it. */
  id?: string | undefined;
  /** Its name. */
  name: string;
  /** Its language. */
  language: string;
  /** What it is for. */
  category: Category;
  /** Where it stands. */
  status: string;
  /** Whether its parameters have numbers or names. */
  parameterFormat: ParameterFormat;
  /** What it is made of. */
  components: Json[];
  /** How recipients have taken it; `None` if the platform was not asked. */
  qualityScore: Json;
}

/** A {@link Template} to hand over: what has a default may be left out. */
export interface TemplateInput {
  /** The platform's id of it; status webhooks carry it. */
  id?: string | undefined;
  /** Its name. */
  name: string;
  /** Its language. */
  language: string;
  /** What it is for. */
  category: Category;
  /** Where it stands. */
  status: string;
  /** Whether its parameters have numbers or names. */
  parameterFormat?: ParameterFormat | undefined;
  /** What it is made of. */
  components?: Json[] | undefined;
  /** How recipients have taken it; `None` if the platform was not asked. */
  qualityScore?: Json | undefined;
}

/** Where a template's file is. */
export type TemplateMedia =
  /** The platform's id of an uploaded file. */
  | { id: string }
  /** A public link. */
  | { link: string };

/** What the caller gives a template: the same for every contact, with variables where they differ. */
export interface TemplateParameters {
  /** For the header, if it takes something. */
  header?: Parameter | undefined;
  /** For the body's placeholders. */
  body: BodyParameters;
  /** For the buttons that take something. */
  buttons: ButtonParameter[];
}

/** A {@link TemplateParameters} to hand over: what has a default may be left out. */
export interface TemplateParametersInput {
  /** For the header, if it takes something. */
  header?: Parameter | undefined;
  /** For the body's placeholders. */
  body?: BodyParameters | undefined;
  /** For the buttons that take something. */
  buttons?: ButtonParameter[] | undefined;
}

/** A notice about a template. */
export interface TemplateStatusNotice {
  /** The provider's id of the template. */
  providerId?: string | undefined;
  /** The template's name. */
  name: string;
  /** The template's language. */
  language: string;
  /** What it is now. */
  value: string;
  /** The provider's reason. */
  reason?: string | undefined;
}

/**
 * A condition on a time, half-open: an instant is after itself and not before itself, so that neighbouring spans
 * meet
 * in nobody. To the microsecond; what is finer does not count.
 */
export type TimeFilter =
  /** It never happened. */
  | "never"
  /** Before this instant. */
  | { before: Date }
  /** At this instant or after it. */
  | { after: Date }
  /** From one instant on, until before another. */
  | { between: TimeSpan };

/** From one instant on, until before another. */
export interface TimeSpan {
  /** The first instant that counts. */
  from: Date;
  /** The first instant after it that does not count any more. */
  until: Date;
}

/** What a bot or AI is to answer in a conversation, once. */
export type TurnId = string & { readonly [of]: "TurnId" };

/** How Twilio is spoken to. */
export interface Twilio {
  /** The key of the webhooks' signatures: the account's auth token. */
  authToken: string;
  /**
   * The URL of the endpoint as it stands in Twilio's console: scheme, host and path as they are outside of any
   * proxy. It
   * is part of each signature, and statuses come back to it.
   */
  publicUrl: string;
  /** Where messages are sent; absent: `https://api.twilio.com`. */
  baseUrl?: string | undefined;
  /** Where templates are listed; absent: `https://content.twilio.com`. */
  contentUrl?: string | undefined;
  /** How long connecting may take, in seconds; absent: 10. */
  connectTimeoutSeconds?: number | undefined;
  /** How long a request may take in all, in seconds; absent: 30. */
  timeoutSeconds?: number | undefined;
}

/** What Twilio and the business have agreed on. */
export interface TwilioInfo {
  /** Where it listens, in place of `https://api.twilio.com` and `https://content.twilio.com`. */
  baseUrl: string;
  /** The URL that its signatures are over. */
  publicUrl: string;
  /** The key of the signatures. */
  authToken: string;
  /** What the credentials are to answer for its senders. */
  key: string;
  /** Its first number. */
  senderId: string;
}

/** A message that Twilio accepted, whether or not the client learned of it. */
export interface TwilioMessage {
  /** The id that it was given. */
  sid: string;
  /** The sender, with its channel's prefix. */
  from: string;
  /** The recipient, with the channel's prefix. */
  to: string;
  /** The whole request. */
  parameters: Json;
  /** When. */
  at: Date;
}

/** What became of a record of another system. */
export type Upserted =
  /** It made a contact. */
  | "created"
  /** It changed the contact that has the id. */
  | "updated"
  /** The contact that has the id says the same already. */
  | "unchanged";

/** A contact, and what storing a record of another system did to it. */
export interface UpsertedContact {
  /** The contact as it is now. */
  contact: Contact;
  /** What became of the record. */
  outcome: Upserted;
}

/** What holds of a value. Nothing but `not` holds of a contact without the attribute. */
export type ValueTest =
  /** There is one. */
  | "set"
  /** It is this, of the same type; texts letter by letter. Of `ctwa`: the ad's or post's id is. */
  | { equals: Json }
  /** It is a text in which this occurs, compared folded. */
  | { contains: string }
  /** It is less than this number, or before this date. */
  | { less: Json }
  /** It is more than this number, or after this date. */
  | { greater: Json };

/** Why nothing goes out by a sender, or nothing of broadcasts, though it waits. */
export interface Waits {
  /** What is in the way, in words. */
  reason: string;
  /** What would help. */
  remedy: string;
  /** When it goes on by itself; absent: not before that is done. */
  until?: Date | undefined;
}

/** An HTTP request as the host received it. */
export interface WebhookRequest {
  /** `GET` or `POST`. */
  method: string;
  /** The full public URL as the platform requested it, query included. */
  url: string;
  /** The headers, by name in any case. */
  headers: Record<string, string>;
  /** The raw body, byte for byte. */
  body: Uint8Array;
}

/** A {@link WebhookRequest} to hand over: what has a default may be left out. */
export interface WebhookRequestInput {
  /** `GET` or `POST`. */
  method: string;
  /** The full public URL as the platform requested it, query included. */
  url: string;
  /** The headers, by name in any case. */
  headers?: Record<string, string> | undefined;
  /** The raw body, byte for byte. */
  body?: Uint8Array | undefined;
}

/** How the WhatsApp Cloud API is spoken to. */
export interface WhatsApp {
  /** The key of the webhooks' signatures: the Meta app's secret. */
  appSecret: string;
  /** The word that the verification request must name. */
  verifyToken: string;
  /** Where the Graph API is; absent: `https://graph.facebook.com`. */
  baseUrl?: string | undefined;
  /** The Graph API's version; absent: `v24.0`. */
  apiVersion?: string | undefined;
  /** How long connecting may take, in seconds; absent: 10. */
  connectTimeoutSeconds?: number | undefined;
  /** How long a request may take in all, in seconds; absent: 30. */
  timeoutSeconds?: number | undefined;
}

/** A window at one instant. */
export type WindowState =
  /** The channel has no window: anything may be sent. */
  | { state: "none" }
  /** Free-form messages may be sent until then; at that very instant they may not. */
  | {
      state: "open";
      /** The first instant at which it is closed. */
      until: Date;
      /** Seconds left. */
      secondsLeft: number;
      /** No more is left than the organisation's threshold. */
      closingSoon: boolean;
      /** Until when the platform charges nothing (see [`Window::free_entry_until`]); absent: it charges as usual. */
      freeEntryUntil?: Date | undefined;
    }
  /** Only templates may be sent. */
  | {
      state: "closed";
      /** Since when; absent if the person never wrote or called. */
      since?: Date | undefined;
      /** Until when the platform charges nothing, for templates too; absent: it charges as usual. */
      freeEntryUntil?: Date | undefined;
    };
