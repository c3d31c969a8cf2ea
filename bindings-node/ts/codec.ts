// Made by `cargo xtask gen` from bindings-shapes/api.json; edit it there.
import type * as t from "./types.js";
import * as w from "./wire.js";

export const Accepted: w.RecordCodec<t.Accepted> = w.record(() => ({
  providerId: ["provider_id", w.text],
  addresses: ["addresses", w.list(Address), []],
  held: ["held", w.bool, false],
}));

export const AcceptedMessage: w.RecordCodec<t.AcceptedMessage> = w.record(() => ({
  wamid: ["wamid", w.text],
  phoneNumberId: ["phone_number_id", w.text],
  to: ["to", w.text],
  userId: ["user_id", w.text],
  category: ["category", w.text],
  at: ["at", w.time],
  body: ["body", w.json],
}));

export const Account: w.RecordCodec<t.Account> = w.record(() => ({
  id: ["id", AccountId],
  org: ["org", OrgId],
  channel: ["channel", Channel],
  senderId: ["sender_id", w.text],
  businessId: ["business_id", w.optional(w.text)],
  endpoint: ["endpoint", w.optional(w.text)],
  name: ["name", w.text],
  credential: ["credential", w.text],
  messagesPerSecond: ["messages_per_second", w.optional(w.natural)],
  state: ["state", AccountState],
  standing: ["standing", SenderStanding, {"number":null,"quality":null,"limit":null,"ban":null}],
  begun: ["begun", w.list(SenderBegun), []],
}));

export const AccountId: w.Codec<t.AccountId> = w.id();

export const AccountState: w.Codec<t.AccountState> = w.tagged("state", () => ({
  active: w.record(() => ({})),
  held: w.record(() => ({
    until: ["until", w.time],
  })),
  stopped: w.record(() => ({
    failure: ["failure", SendFailure],
    since: ["since", w.time],
  })),
  disabled: w.record(() => ({})),
}));

export const Actor: w.Codec<t.Actor> = w.named(["contact", "provider", "worker"], () => ({
  agent: ["agent", AgentId],
  system: ["system", w.text],
  handler: ["handler", w.text],
}));

export const AdReport: w.RecordCodec<t.AdReport> = w.record(() => ({
  source: ["source", w.optional(w.text)],
  id: ["id", w.optional(w.text)],
  url: ["url", w.optional(w.text)],
  headline: ["headline", w.optional(w.text)],
  contacts: ["contacts", w.natural],
  conversations: ["conversations", w.natural],
  customers: ["customers", w.natural],
}));

export const Address: w.RecordCodec<t.Address> = w.record(() => ({
  kind: ["kind", AddressKind],
  value: ["value", w.text],
}));

export const AddressKind: w.Codec<t.AddressKind> = w.choice(["phone", "whatsapp_id", "instagram_id", "facebook_id", "email"]);

export const AgentId: w.Codec<t.AgentId> = w.id();

export const AnalyticsGroup: w.Codec<t.AnalyticsGroup> = w.choice(["total", "agent", "channel", "day", "week", "month"]);

export const AnalyticsKey: w.RecordCodec<t.AnalyticsKey> = w.record(() => ({
  agent: ["agent", w.optional(AgentId)],
  handler: ["handler", w.optional(w.text)],
  channel: ["channel", w.optional(Channel)],
  period: ["period", w.optional(w.text)],
}));

export const Archived: w.Codec<t.Archived> = w.choice(["without", "with", "only"]);

export const AttemptId: w.Codec<t.AttemptId> = w.id();

export const Attribute: w.RecordCodec<t.Attribute> = w.record(() => ({
  org: ["org", OrgId],
  name: ["name", w.text],
  kind: ["kind", AttributeKind],
}));

export const AttributeFilter: w.RecordCodec<t.AttributeFilter> = w.record(() => ({
  name: ["name", w.text],
  is: ["is", ValueTest],
}));

export const AttributeKind: w.Codec<t.AttributeKind> = w.tagged("type", () => ({
  text: w.record(() => ({})),
  number: w.record(() => ({})),
  date: w.record(() => ({})),
  dropdown: w.record(() => ({
    values: ["values", w.list(w.text)],
  })),
  boolean: w.record(() => ({})),
}));

export const AuditBreak: w.RecordCodec<t.AuditBreak> = w.record(() => ({
  position: ["position", w.natural],
  why: ["why", AuditFault],
}));

export const AuditExport: w.RecordCodec<t.AuditExport> = w.record(() => ({
  entries: ["entries", w.natural],
  head: ["head", w.optional(AuditHead)],
}));

export const AuditFault: w.Codec<t.AuditFault> = w.choice(["changed", "missing", "foreign", "seal"]);

export const AuditFilter: w.RecordCodec<t.AuditFilter> = w.record(() => ({
  kinds: ["kinds", w.list(JournalKind), []],
  actor: ["actor", w.optional(Actor)],
  contact: ["contact", w.optional(ContactId)],
  from: ["from", w.optional(w.time)],
  until: ["until", w.optional(w.time)],
}));

export const AuditHead: w.RecordCodec<t.AuditHead> = w.record(() => ({
  seal: ["seal", w.natural],
  position: ["position", w.natural],
  hash: ["hash", w.text],
}));

export const AuditVerdict: w.RecordCodec<t.AuditVerdict> = w.record(() => ({
  head: ["head", w.optional(AuditHead)],
  entries: ["entries", w.natural],
  redacted: ["redacted", w.natural],
  unsealed: ["unsealed", w.natural],
  firstBreak: ["first_break", w.optional(AuditBreak)],
  holdsHead: ["holds_head", w.optional(w.bool)],
}));

export const Author: w.Codec<t.Author> = w.named(["contact", "elsewhere", "stop_confirmation"], () => ({
  agent: ["agent", AgentId],
  host: ["host", w.text],
  handler: ["handler", w.text],
  broadcast: ["broadcast", BroadcastId],
  sequence: ["sequence", SequenceId],
  survey: ["survey", SurveyId],
}));

export const BanNotice: w.RecordCodec<t.BanNotice> = w.record(() => ({
  ban: ["ban", SenderBanKind],
  detail: ["detail", w.optional(w.text)],
  until: ["until", w.optional(w.time)],
}));

export const BodyParameters: w.Codec<t.BodyParameters> = w.listOrMap(() => ({ list: w.list(Parameter), map: w.map(Parameter) }));

export const Broadcast: w.RecordCodec<t.Broadcast> = w.record(() => ({
  id: ["id", BroadcastId],
  org: ["org", OrgId],
  name: ["name", w.text],
  account: ["account", AccountId],
  template: ["template", w.text],
  language: ["language", w.text],
  parameters: ["parameters", TemplateParameters],
  target: ["target", Target],
  schedule: ["schedule", w.optional(Schedule)],
  state: ["state", BroadcastState],
  createdAt: ["created_at", w.time],
}));

export const BroadcastId: w.Codec<t.BroadcastId> = w.id();

export const BroadcastState: w.Codec<t.BroadcastState> = w.tagged("state", () => ({
  draft: w.record(() => ({})),
  scheduled: w.record(() => ({
    at: ["at", w.time],
  })),
  held: w.record(() => ({
    due: ["due", w.time],
    since: ["since", w.time],
    refusal: ["refusal", w.optional(Refusal)],
  })),
  running: w.record(() => ({
    since: ["since", w.time],
  })),
  paused: w.record(() => ({
    launched: ["launched", w.time],
    since: ["since", w.time],
    refusal: ["refusal", w.optional(Refusal)],
  })),
  cancelling: w.record(() => ({
    launched: ["launched", w.time],
    since: ["since", w.time],
  })),
  cancelled: w.record(() => ({
    launched: ["launched", w.optional(w.time)],
    at: ["at", w.time],
  })),
  finished: w.record(() => ({
    launched: ["launched", w.time],
    at: ["at", w.time],
  })),
}));

export const BulkAction: w.Codec<t.BulkAction> = w.named(["unassign", "delete"], () => ({
  tag: ["tag", w.list(w.text)],
  untag: ["untag", w.list(w.text)],
  lead: ["lead", LeadStatus],
  assign: ["assign", AgentId],
  enroll: ["enroll", SequenceId],
  unenroll: ["unenroll", SequenceId],
}));

export const BulkRefusal: w.RecordCodec<t.BulkRefusal> = w.record(() => ({
  contact: ["contact", ContactId],
  code: ["code", w.text],
  message: ["message", w.text],
}));

export const BulkReport: w.RecordCodec<t.BulkReport> = w.record(() => ({
  changed: ["changed", w.natural],
  unchanged: ["unchanged", w.natural],
  refused: ["refused", w.map(w.natural)],
  refusals: ["refusals", w.list(BulkRefusal)],
  next: ["next", w.optional(w.text)],
}));

export const ButtonParameter: w.RecordCodec<t.ButtonParameter> = w.record(() => ({
  index: ["index", w.natural],
  parameter: ["parameter", Parameter],
}));

export const ButtonsMessage: w.RecordCodec<t.ButtonsMessage> = w.record(() => ({
  header: ["header", w.optional(w.text)],
  body: ["body", w.text],
  footer: ["footer", w.optional(w.text)],
  buttons: ["buttons", w.list(ReplyButton)],
}));

export const Call: w.RecordCodec<t.Call> = w.record(() => ({
  providerId: ["provider_id", w.text],
  person: ["person", InboundPerson],
  caller: ["caller", Caller],
  stage: ["stage", CallEvent],
  raw: ["raw", w.json],
}));

export const CallEvent: w.Codec<t.CallEvent> = w.named(["connect", "ringing", "accepted", "rejected", "terminate"], () => ({
  other: ["other", w.text],
}));

export const Caller: w.Codec<t.Caller> = w.choice(["person", "business"]);

export const Category: w.Codec<t.Category> = w.choice(["MARKETING", "UTILITY", "AUTHENTICATION"]);

export const CategoryNotice: w.RecordCodec<t.CategoryNotice> = w.record(() => ({
  providerId: ["provider_id", w.optional(w.text)],
  name: ["name", w.text],
  language: ["language", w.text],
  value: ["value", Category],
  reason: ["reason", w.optional(w.text)],
}));

export const CellError: w.RecordCodec<t.CellError> = w.record(() => ({
  column: ["column", w.text],
  value: ["value", w.text],
  reason: ["reason", w.text],
  code: ["code", w.text],
}));

export const Channel: w.Codec<t.Channel> = w.choice(["whatsapp", "sms", "instagram", "messenger", "email"]);

export const ConsentChange: w.Codec<t.ConsentChange> = w.choice(["new_number", "opt_in", "opt_in_after_stop", "opt_out"]);

export const ConsentFact: w.RecordCodec<t.ConsentFact> = w.record(() => ({
  at: ["at", w.time],
  change: ["change", ConsentChange],
  scope: ["scope", ConsentScope],
  source: ["source", ConsentSource],
  via: ["via", w.optional(AccountId)],
  newProof: ["new_proof", w.bool, false],
  proof: ["proof", ConsentProof],
}));

export const ConsentProof: w.Codec<t.ConsentProof> = w.named([], () => ({
  message: ["message", w.text],
  agent: ["agent", AgentId],
  line: ["line", w.record(() => ({
    file: ["file", w.text],
    line: ["line", w.natural],
  }))],
  stated: ["stated", w.text],
  provider: ["provider", w.text],
}));

export const ConsentPurpose: w.Codec<t.ConsentPurpose> = w.choice(["everything", "marketing", "all_but_marketing"]);

export const ConsentRequest: w.RecordCodec<t.ConsentRequest> = w.record(() => ({
  optIn: ["opt_in", w.bool],
  scope: ["scope", ConsentScope],
  proof: ["proof", w.optional(w.text)],
  at: ["at", w.optional(w.time)],
}));

export const ConsentScope: w.RecordCodec<t.ConsentScope> = w.record(() => ({
  purpose: ["purpose", ConsentPurpose],
  sender: ["sender", w.optional(AccountId)],
}));

export const ConsentSource: w.Codec<t.ConsentSource> = w.choice(["inbound", "manual", "import", "api", "keyword", "provider", "merge"]);

export const ConsentState: w.RecordCodec<t.ConsentState> = w.record(() => ({
  optedIn: ["opted_in", w.bool],
  basis: ["basis", w.optional(ConsentFact)],
  history: ["history", w.list(ConsentFact)],
}));

export const Contact: w.RecordCodec<t.Contact> = w.record(() => ({
  id: ["id", ContactId],
  revision: ["revision", w.natural],
  name: ["name", w.optional(w.text)],
  firstName: ["first_name", w.optional(w.text)],
  lastName: ["last_name", w.optional(w.text)],
  profileName: ["profile_name", w.optional(w.text)],
  username: ["username", w.optional(w.text)],
  email: ["email", w.optional(w.text)],
  phone: ["phone", w.optional(w.text)],
  addresses: ["addresses", w.list(ContactAddress)],
  externalIds: ["external_ids", w.map(w.text)],
  tags: ["tags", w.list(w.text)],
  attributes: ["attributes", w.map(w.json)],
  lead: ["lead", LeadStatus],
  owner: ["owner", w.optional(AgentId)],
  status: ["status", RecordStatus],
  optedIn: ["opted_in", w.bool],
  sourceChannel: ["source_channel", w.optional(Channel)],
  createdBy: ["created_by", CreatedBy],
  createdAt: ["created_at", w.time],
  lastInbound: ["last_inbound", w.optional(w.time)],
  lastInteraction: ["last_interaction", w.optional(w.time)],
  conversation: ["conversation", w.optional(ConversationId)],
  conversationStatus: ["conversation_status", w.optional(ConversationStatus)],
  merged: ["merged", w.list(ContactId)],
}));

export const ContactAddress: w.RecordCodec<t.ContactAddress> = w.record(() => ({
  kind: ["kind", AddressKind],
  value: ["value", w.text],
  providerValue: ["provider_value", w.optional(w.text)],
  unassigned: ["unassigned", w.bool],
  since: ["since", w.time],
  until: ["until", w.optional(w.time)],
  mergedFrom: ["merged_from", w.optional(ContactId)],
}));

export const ContactField: w.Codec<t.ContactField> = w.choice(["name", "firstName", "lastName", "email", "owner"]);

export const ContactId: w.Codec<t.ContactId> = w.id();

export const ContactOrder: w.Codec<t.ContactOrder> = w.choice(["created", "name", "lastActive"]);

export const ContactUpdate: w.RecordCodec<t.ContactUpdate> = w.record(() => ({
  name: ["name", w.optional(w.text)],
  firstName: ["firstName", w.optional(w.text)],
  lastName: ["lastName", w.optional(w.text)],
  email: ["email", w.optional(w.text)],
  lead: ["lead", w.optional(LeadStatus)],
  owner: ["owner", w.optional(AgentId)],
  attributes: ["attributes", w.map(w.json), {}],
  optedIn: ["optedIn", w.optional(w.bool)],
  optInProof: ["optInProof", w.optional(w.text)],
  clear: ["clear", w.list(ContactField), []],
  clearAttributes: ["clearAttributes", w.list(w.text), []],
}));

export const Content: w.Codec<t.Content> = w.tagged("type", () => ({
  text: w.record(() => ({
    body: ["body", w.text],
  })),
  media: Media,
  location: Location,
  contacts: w.record(() => ({
    cards: ["cards", w.list(w.json)],
  })),
  button_reply: w.record(() => ({
    id: ["id", w.text],
    title: ["title", w.text],
  })),
  list_reply: w.record(() => ({
    id: ["id", w.text],
    title: ["title", w.text],
    description: ["description", w.optional(w.text)],
  })),
  form_reply: w.record(() => ({
    name: ["name", w.text],
    body: ["body", w.optional(w.text)],
    responseJson: ["response_json", w.text],
  })),
  order: w.record(() => ({
    order: ["order", w.json],
  })),
  buttons: ButtonsMessage,
  list: ListMessage,
  template: w.record(() => ({
    template: ["template", FilledTemplate],
    text: ["text", w.text],
  })),
  reaction: w.record(() => ({
    target: ["target", w.text],
    emoji: ["emoji", w.text],
  })),
  system: w.record(() => ({
    notice: ["notice", w.text],
    body: ["body", w.optional(w.text)],
  })),
  unsupported: w.record(() => ({
    providerType: ["provider_type", w.text],
    raw: ["raw", w.json],
  })),
}));

export const ContentKind: w.Codec<t.ContentKind> = w.choice(["text", "image", "video", "document", "audio", "sticker", "location", "contacts", "interactive", "template", "reaction", "reply", "system", "unsupported"]);

export const Conversation: w.RecordCodec<t.Conversation> = w.record(() => ({
  id: ["id", ConversationId],
  contact: ["contact", ContactId],
  openedAt: ["opened_at", w.time],
  lastActivity: ["last_activity", w.time],
  lastInboundAt: ["last_inbound_at", w.optional(w.time)],
  account: ["account", w.optional(AccountId)],
  status: ["status", ConversationStatus],
  assignee: ["assignee", w.optional(AgentId)],
  handler: ["handler", w.optional(Handler)],
  resolution: ["resolution", w.optional(Resolution)],
  follows: ["follows", w.optional(ConversationId)],
  channels: ["channels", w.list(Channel)],
  unread: ["unread", w.bool],
  unreadMessages: ["unread_messages", w.natural],
  readThrough: ["read_through", w.optional(w.time)],
  starred: ["starred", w.bool],
  archivedAt: ["archived_at", w.optional(w.time)],
  labels: ["labels", w.list(w.text)],
  referral: ["referral", w.optional(LastTouch)],
  lastSurvey: ["last_survey", w.optional(LastSurvey)],
}));

export const ConversationAction: w.Codec<t.ConversationAction> = w.named(["read", "unread", "star", "unstar", "archive", "unarchive", "unassign", "resolve", "resolveAndSurvey", "delete"], () => ({
  assign: ["assign", AgentId],
  label: ["label", w.list(w.text)],
  unlabel: ["unlabel", w.list(w.text)],
}));

export const ConversationCounts: w.RecordCodec<t.ConversationCounts> = w.record(() => ({
  total: ["total", w.natural],
  unread: ["unread", w.natural],
  byStatus: ["by_status", w.list(StatusCount)],
}));

export const ConversationFilter: w.RecordCodec<t.ConversationFilter> = w.record(() => ({
  contact: ["contact", w.optional(ContactId)],
  status: ["status", w.list(ConversationStatus), []],
  assignee: ["assignee", w.optional(OwnerFilter)],
  handler: ["handler", w.optional(w.text)],
  channel: ["channel", w.optional(Channel)],
  unread: ["unread", w.optional(w.bool)],
  starred: ["starred", w.optional(w.bool)],
  archived: ["archived", Archived, "without"],
  label: ["label", w.optional(w.text)],
  text: ["text", w.optional(w.text)],
}));

export const ConversationId: w.Codec<t.ConversationId> = w.id();

export const ConversationSelection: w.Codec<t.ConversationSelection> = w.named([], () => ({
  ids: ["ids", w.list(ConversationId)],
  filter: ["filter", ConversationFilter],
}));

export const ConversationStatus: w.Codec<t.ConversationStatus> = w.choice(["open", "assigned", "bot_active", "ai_active", "resolved"]);

export const CopiedKind: w.RecordCodec<t.CopiedKind> = w.record(() => ({
  kind: ["kind", w.text],
  count: ["count", w.natural],
  hash: ["hash", w.text],
}));

export const CopyCounts: w.RecordCodec<t.CopyCounts> = w.record(() => ({
  stage: ["stage", CopyStage],
  done: ["done", w.natural],
  total: ["total", w.natural],
}));

export const CopyReport: w.RecordCodec<t.CopyReport> = w.record(() => ({
  counts: ["counts", CopyCounts],
  kinds: ["kinds", w.list(CopiedKind)],
  written: ["written", w.natural],
  finished: ["finished", w.bool],
}));

export const CopyStage: w.Codec<t.CopyStage> = w.choice(["checking", "copying", "comparing"]);

export const Correlation: w.Codec<t.Correlation> = w.choice(["echoed_field", "callback_url", "message_id", "none"]);

export const CreatedBy: w.Codec<t.CreatedBy> = w.choice(["inbound", "outbound", "chatbot", "import", "manual", "api"]);

export const Csat: w.RecordCodec<t.Csat> = w.record(() => ({
  question: ["question", w.text],
  button: ["button", w.optional(w.text)],
  thanks: ["thanks", w.optional(w.text)],
  commentQuestion: ["comment_question", w.optional(w.text)],
  template: ["template", w.optional(CsatTemplate)],
  expiresAfterSeconds: ["expires_after_seconds", w.optional(w.natural)],
}));

export const CsatReport: w.RecordCodec<t.CsatReport> = w.record(() => ({
  key: ["key", AnalyticsKey],
  asked: ["asked", w.natural],
  answered: ["answered", w.natural],
  satisfied: ["satisfied", w.natural],
  score: ["score", w.optional(w.float)],
  mean: ["mean", w.optional(w.float)],
  ratings: ["ratings", w.list(w.natural)],
}));

export const CsatTemplate: w.RecordCodec<t.CsatTemplate> = w.record(() => ({
  name: ["name", w.text],
  language: ["language", w.text],
}));

export const DeletedConversations: w.Codec<t.DeletedConversations> = w.choice(["keep", "remove"]);

export const Delimiter: w.Codec<t.Delimiter> = w.choice(["comma", "semicolon", "tab"]);

export const DeliveryStatus: w.Codec<t.DeliveryStatus> = w.choice(["queued", "held", "accepted", "sent", "delivered", "read", "failed"]);

export const Denial: w.RecordCodec<t.Denial> = w.record(() => ({
  code: ["code", w.text],
  message: ["message", w.text],
  lifts: ["lifts", Lift],
  skip: ["skip", w.optional(SkipReason)],
}));

export const DispatchId: w.Codec<t.DispatchId> = w.id();

export const DispatchState: w.Codec<t.DispatchState> = w.tagged("state", () => ({
  pending: w.record(() => ({})),
  leased: w.record(() => ({
    worker: ["worker", w.text],
    until: ["until", w.time],
  })),
  sending: w.record(() => ({
    since: ["since", w.time],
  })),
  unknown: w.record(() => ({
    since: ["since", w.time],
    until: ["until", w.time],
  })),
  accepted: w.record(() => ({
    reached: ["reached", Reached],
  })),
  failed: w.record(() => ({})),
  skipped: w.record(() => ({
    reason: ["reason", SkipReason],
  })),
  unconfirmed: w.record(() => ({})),
}));

export const Done: w.RecordCodec<t.Done> = w.record(() => ({
  accepted: ["accepted", w.natural],
  skipped: ["skipped", w.natural],
  postponed: ["postponed", w.natural],
  failed: ["failed", w.natural],
  unknown: ["unknown", w.natural],
  unconfirmed: ["unconfirmed", w.natural],
  started: ["started", w.natural],
  finished: ["finished", w.natural],
  stepped: ["stepped", w.natural],
  erased: ["erased", w.natural],
  answered: ["answered", w.natural],
  unanswered: ["unanswered", w.natural],
}));

export const Draft: w.Codec<t.Draft> = w.named([], () => ({
  content: ["content", Content],
  template: ["template", w.record(() => ({
    name: ["name", w.text],
    language: ["language", w.text],
    parameters: ["parameters", TemplateParameters],
  }))],
}));

export const Drained: w.RecordCodec<t.Drained> = w.record(() => ({
  delivered: ["delivered", w.natural],
  refused: ["refused", w.natural],
  waiting: ["waiting", w.natural],
}));

export const DripSequence: w.RecordCodec<t.DripSequence> = w.record(() => ({
  id: ["id", SequenceId],
  org: ["org", OrgId],
  name: ["name", w.text],
  definition: ["definition", SequenceDefinition],
  version: ["version", w.natural],
  state: ["state", SequenceState],
  createdAt: ["created_at", w.time],
}));

export const Duplicate: w.RecordCodec<t.Duplicate> = w.record(() => ({
  contacts: ["contacts", w.list(ContactId)],
  reasons: ["reasons", w.list(Likeness)],
}));

export const Durations: w.RecordCodec<t.Durations> = w.record(() => ({
  count: ["count", w.natural],
  meanSeconds: ["mean_seconds", w.optional(w.natural)],
  medianSeconds: ["median_seconds", w.optional(w.natural)],
  p90Seconds: ["p90_seconds", w.optional(w.natural)],
}));

export const Echo: w.RecordCodec<t.Echo> = w.record(() => ({
  providerId: ["provider_id", w.text],
  to: ["to", InboundPerson],
  content: ["content", Content],
}));

export const Edit: w.RecordCodec<t.Edit> = w.record(() => ({
  providerId: ["provider_id", w.text],
  from: ["from", InboundPerson],
  target: ["target", w.text],
  content: ["content", Content],
}));

export const Encoding: w.Codec<t.Encoding> = w.choice(["utf8", "utf16_le", "utf16_be", "windows1252"]);

export const Enrollment: w.RecordCodec<t.Enrollment> = w.record(() => ({
  id: ["id", EnrollmentId],
  org: ["org", OrgId],
  sequence: ["sequence", SequenceId],
  version: ["version", w.natural],
  contact: ["contact", ContactId],
  enrolledAt: ["enrolled_at", w.time],
  by: ["by", Actor],
  byTrigger: ["by_trigger", w.bool, false],
  state: ["state", EnrollmentState],
  path: ["path", w.list(PassedStep)],
}));

export const EnrollmentFilter: w.RecordCodec<t.EnrollmentFilter> = w.record(() => ({
  states: ["states", w.list(EnrollmentStateName), []],
  steps: ["steps", w.list(w.text), []],
  reasons: ["reasons", w.list(ExitReason), []],
}));

export const EnrollmentId: w.Codec<t.EnrollmentId> = w.id();

export const EnrollmentState: w.Codec<t.EnrollmentState> = w.tagged("state", () => ({
  waiting: w.record(() => ({
    step: ["step", w.text],
    until: ["until", w.time],
  })),
  sending: w.record(() => ({
    step: ["step", w.text],
    dispatch: ["dispatch", DispatchId],
  })),
  finished: w.record(() => ({
    at: ["at", w.time],
  })),
  exited: w.record(() => ({
    at: ["at", w.time],
    reason: ["reason", ExitReason],
  })),
}));

export const EnrollmentStateName: w.Codec<t.EnrollmentStateName> = w.choice(["waiting", "sending", "finished", "exited"]);

export const ErasedMedia: w.RecordCodec<t.ErasedMedia> = w.record(() => ({
  message: ["message", MessageId],
  account: ["account", AccountId],
  channel: ["channel", Channel],
  source: ["source", MediaSource],
}));

export const ErasureCertificate: w.RecordCodec<t.ErasureCertificate> = w.record(() => ({
  contact: ["contact", ContactId],
  ids: ["ids", w.list(ContactId)],
  requestedAt: ["requested_at", w.time],
  by: ["by", Actor],
  finishedAt: ["finished_at", w.optional(w.time)],
  scrubbed: ["scrubbed", w.bool],
  counts: ["counts", ErasureCounts],
  media: ["media", w.list(ErasedMedia)],
}));

export const ErasureCounts: w.RecordCodec<t.ErasureCounts> = w.record(() => ({
  conversations: ["conversations", w.natural, 0],
  messages: ["messages", w.natural, 0],
  messageReferences: ["message_references", w.natural, 0],
  evidence: ["evidence", w.natural, 0],
  files: ["files", w.natural, 0],
  touches: ["touches", w.natural, 0],
  notes: ["notes", w.natural, 0],
  ledgerRows: ["ledger_rows", w.natural, 0],
  journalEntries: ["journal_entries", w.natural, 0],
  identities: ["identities", w.natural, 0],
  externalIds: ["external_ids", w.natural, 0],
  attributes: ["attributes", w.natural, 0],
  tags: ["tags", w.natural, 0],
  proofs: ["proofs", w.natural, 0],
  undoSnapshots: ["undo_snapshots", w.natural, 0],
  windows: ["windows", w.natural, 0],
  quarantined: ["quarantined", w.natural, 0],
  mentions: ["mentions", w.natural, 0],
}));

export const Event: w.RecordCodec<t.Event> = w.record(() => ({
  position: ["position", w.natural],
  entry: ["entry", JournalEntry],
}));

export const EventSource: w.RecordCodec<t.EventSource> = w.record(() => ({
  channel: ["channel", Channel],
  businessId: ["business_id", w.optional(w.text)],
  senderId: ["sender_id", w.optional(w.text)],
  poolId: ["pool_id", w.optional(w.text)],
  number: ["number", w.optional(w.text)],
}));

export const ExitReason: w.Codec<t.ExitReason> = w.choice(["opted_out", "blocked", "deleted", "replied", "tagged", "merged", "removed"]);

export const Explanation: w.RecordCodec<t.Explanation> = w.record(() => ({
  allowed: ["allowed", w.bool],
  denials: ["denials", w.list(Denial)],
  window: ["window", WindowState],
}));

export const ExportColumn: w.Codec<t.ExportColumn> = w.named(["phone", "otherPhones", "whatsappIds", "name", "firstName", "lastName", "email", "tags", "lead", "owner", "recordStatus", "externalIds", "optedIn", "optInProof", "optOuts", "contactId", "fullName", "profileName", "profileUsername", "sourceChannel", "createdBy", "createdAt", "lastInbound", "lastInteraction", "optInSource"], () => ({
  externalId: ["externalId", w.text],
  attribute: ["attribute", w.text],
}));

export const ExportCounts: w.RecordCodec<t.ExportCounts> = w.record(() => ({
  exported: ["exported", w.natural],
  missing: ["missing", w.natural],
}));

export const ExportOptions: w.RecordCodec<t.ExportOptions> = w.record(() => ({
  columns: ["columns", w.optional(w.list(ExportColumn))],
}));

export const ExportReport: w.RecordCodec<t.ExportReport> = w.record(() => ({
  counts: ["counts", ExportCounts],
  finished: ["finished", w.bool],
}));

export const Failure: w.RecordCodec<t.Failure> = w.record(() => ({
  kind: ["kind", w.text],
  code: ["code", w.text],
  message: ["message", w.text],
  retry: ["retry", w.text],
  httpStatus: ["http_status", w.natural],
}));

export const FailureClass: w.Codec<t.FailureClass> = w.named(["auth_or_config", "key_refused", "key_replaced", "payment", "policy_restricted", "low_quality", "template_problem", "template_stopped", "window_closed", "recipient_invalid", "per_user_cap", "media_problem", "bad_request", "transient", "unexplained", "unreachable", "unclassified"], () => ({
  rateLimited: ["rate_limited", LimitScope],
  recipientOptedOut: ["recipient_opted_out", OptOutScope],
}));

export const Fault: w.Codec<t.Fault> = w.tagged("type", () => ({
  refuse: w.record(() => ({
    code: ["code", w.integer],
  })),
  delay_before: w.record(() => ({
    seconds: ["seconds", w.float],
  })),
  delay_after_accept: w.record(() => ({
    seconds: ["seconds", w.float],
  })),
  drop_before: w.record(() => ({})),
  drop_after_accept: w.record(() => ({})),
  garbage_after_accept: w.record(() => ({})),
  server_error_after_accept: w.record(() => ({
    http: ["http", w.natural],
  })),
  held_for_quality: w.record(() => ({})),
  fail_later: w.record(() => ({
    code: ["code", w.integer],
  })),
}));

export const FaultRule: w.RecordCodec<t.FaultRule> = w.record(() => ({
  fault: ["fault", Fault],
  to: ["to", w.optional(w.text)],
  first: ["first", w.optional(w.natural)],
  share: ["share", w.optional(w.float)],
}));

export const FieldChange: w.RecordCodec<t.FieldChange> = w.record(() => ({
  field: ["field", w.text],
  before: ["before", w.json],
  after: ["after", w.json],
}));

export const FileSource: w.Codec<t.FileSource> = w.named([], () => ({
  path: ["path", w.text],
  bytes: ["bytes", w.bytes],
}));

export const FilledButton: w.RecordCodec<t.FilledButton> = w.record(() => ({
  index: ["index", w.natural],
  value: ["value", FilledValue],
}));

export const FilledParameter: w.RecordCodec<t.FilledParameter> = w.record(() => ({
  name: ["name", w.optional(w.text)],
  value: ["value", FilledValue],
}));

export const FilledTemplate: w.RecordCodec<t.FilledTemplate> = w.record(() => ({
  name: ["name", w.text],
  language: ["language", w.text],
  providerId: ["provider_id", w.optional(w.text)],
  header: ["header", w.optional(FilledParameter)],
  body: ["body", w.list(FilledParameter), []],
  buttons: ["buttons", w.list(FilledButton), []],
  missing: ["missing", w.list(w.text), []],
}));

export const FilledValue: w.Codec<t.FilledValue> = w.tagged("type", () => ({
  text: w.record(() => ({
    text: ["text", w.text],
  })),
  currency: w.record(() => ({
    fallback: ["fallback", w.text],
    code: ["code", w.text],
    amount1000: ["amount_1000", w.integer],
  })),
  date_time: w.record(() => ({
    fallback: ["fallback", w.text],
  })),
  media: w.record(() => ({
    media: ["media", Media],
  })),
  location: w.record(() => ({
    location: ["location", Location],
  })),
  payload: w.record(() => ({
    payload: ["payload", w.text],
  })),
  coupon_code: w.record(() => ({
    code: ["code", w.text],
  })),
  flow_action: w.record(() => ({
    token: ["token", w.optional(w.text)],
    data: ["data", w.optional(w.map(w.json))],
  })),
}));

export const Filter: w.Codec<t.Filter> = w.named(["everyone"], () => ({
  and: ["and", w.list(Filter)],
  or: ["or", w.list(Filter)],
  not: ["not", Filter],
  tags: ["tags", TagFilter],
  optedIn: ["optedIn", w.bool],
  status: ["status", w.list(RecordStatus)],
  lead: ["lead", w.list(LeadStatus)],
  owner: ["owner", OwnerFilter],
  source: ["source", w.list(Channel)],
  conversation: ["conversation", w.list(ConversationStatus)],
  created: ["created", TimeFilter],
  lastInteraction: ["lastInteraction", TimeFilter],
  attribute: ["attribute", AttributeFilter],
  text: ["text", w.text],
  segment: ["segment", SegmentId],
}));

export const Handler: w.RecordCodec<t.Handler> = w.record(() => ({
  name: ["name", w.text],
  kind: ["kind", HandlerKind],
}));

export const HandlerKind: w.Codec<t.HandlerKind> = w.choice(["bot", "ai"]);

export const HandlerTurn: w.RecordCodec<t.HandlerTurn> = w.record(() => ({
  id: ["id", TurnId],
  number: ["number", w.natural],
  org: ["org", OrgId],
  acting: ["acting", AgentId],
  handler: ["handler", Handler],
  conversation: ["conversation", Conversation],
  contact: ["contact", Contact],
  messages: ["messages", w.list(Message)],
}));

export const IdentityChange: w.RecordCodec<t.IdentityChange> = w.record(() => ({
  previous: ["previous", w.list(Address)],
  current: ["current", w.list(Address)],
  detail: ["detail", w.optional(w.text)],
}));

export const Import: w.RecordCodec<t.Import> = w.record(() => ({
  id: ["id", ImportId],
  org: ["org", OrgId],
  file: ["file", w.text],
  columns: ["columns", w.list(ImportField)],
  onDuplicate: ["on_duplicate", OnDuplicate],
  format: ["format", ImportFormat, {}],
  digest: ["digest", w.text],
  counts: ["counts", ImportCounts],
  finished: ["finished", w.bool],
}));

export const ImportCounts: w.RecordCodec<t.ImportCounts> = w.record(() => ({
  created: ["created", w.natural],
  updated: ["updated", w.natural],
  unchanged: ["unchanged", w.natural],
  rejected: ["rejected", w.natural],
}));

export const ImportField: w.Codec<t.ImportField> = w.named(["phone", "otherPhones", "whatsappIds", "name", "firstName", "lastName", "email", "tags", "lead", "owner", "recordStatus", "externalIds", "optedIn", "optInProof", "optOuts", "ignore"], () => ({
  externalId: ["externalId", w.text],
  attribute: ["attribute", w.text],
}));

export const ImportFormat: w.RecordCodec<t.ImportFormat> = w.record(() => ({
  encoding: ["encoding", w.optional(Encoding)],
  delimiter: ["delimiter", w.optional(Delimiter)],
}));

export const ImportId: w.Codec<t.ImportId> = w.id();

export const ImportOptions: w.RecordCodec<t.ImportOptions> = w.record(() => ({
  file: ["file", w.text, ""],
  columns: ["columns", w.optional(w.list(w.optional(ImportField)))],
  onDuplicate: ["onDuplicate", OnDuplicate, "update"],
  encoding: ["encoding", w.optional(Encoding)],
  delimiter: ["delimiter", w.optional(Delimiter)],
}));

export const ImportReport: w.RecordCodec<t.ImportReport> = w.record(() => ({
  import: ["import", w.optional(ImportId)],
  counts: ["counts", ImportCounts],
  rejections: ["rejections", w.list(Rejection)],
  unmapped: ["unmapped", w.list(w.text)],
  optInsWithheld: ["opt_ins_withheld", w.natural],
  tagsWithheld: ["tags_withheld", w.natural],
  encoding: ["encoding", Encoding],
  delimiter: ["delimiter", Delimiter],
  finished: ["finished", w.bool],
}));

export const InboundConsent: w.Codec<t.InboundConsent> = w.choice(["everything", "all_but_marketing"]);

export const InboundEvent: w.RecordCodec<t.InboundEvent> = w.record(() => ({
  source: ["source", EventSource],
  at: ["at", w.optional(w.time)],
  kind: ["kind", InboundKind],
}));

export const InboundKind: w.Codec<t.InboundKind> = w.tagged("event", () => ({
  message: InboundMessage,
  echo: Echo,
  status: StatusUpdate,
  reaction: Reaction,
  edit: Edit,
  revoke: Revoke,
  preference: Preference,
  call: Call,
  identity_changed: IdentityChange,
  template_status: TemplateStatusNotice,
  template_category: CategoryNotice,
  template_quality: QualityNotice,
  sender: SenderNotice,
  notice: w.record(() => ({
    field: ["field", w.text],
    raw: ["raw", w.json],
  })),
  unknown: w.record(() => ({
    field: ["field", w.text],
    raw: ["raw", w.json],
    reason: ["reason", w.text],
  })),
}));

export const InboundMessage: w.RecordCodec<t.InboundMessage> = w.record(() => ({
  providerId: ["provider_id", w.text],
  from: ["from", InboundPerson],
  content: ["content", Content],
  replyTo: ["reply_to", w.optional(w.text)],
  forwarded: ["forwarded", w.bool, false],
  groupId: ["group_id", w.optional(w.text)],
  referral: ["referral", w.optional(Referral)],
  keyword: ["keyword", w.optional(Keyword)],
}));

export const InboundPerson: w.RecordCodec<t.InboundPerson> = w.record(() => ({
  addresses: ["addresses", w.list(Address)],
  name: ["name", w.optional(w.text)],
  username: ["username", w.optional(w.text)],
}));

export const InboxFigures: w.RecordCodec<t.InboxFigures> = w.record(() => ({
  key: ["key", AnalyticsKey],
  received: ["received", w.natural],
  sentByPeople: ["sent_by_people", w.natural],
  sentByBots: ["sent_by_bots", w.natural],
  sentByHost: ["sent_by_host", w.natural],
  sentByBroadcasts: ["sent_by_broadcasts", w.natural],
  sentBySequences: ["sent_by_sequences", w.natural],
  sentAutomatically: ["sent_automatically", w.natural],
  opened: ["opened", w.natural],
  reopened: ["reopened", w.natural],
  resolved: ["resolved", w.natural],
  waiting: ["waiting", w.natural],
  firstResponse: ["first_response", Durations],
  resolution: ["resolution", Durations],
}));

export const InboxRefusal: w.RecordCodec<t.InboxRefusal> = w.record(() => ({
  conversation: ["conversation", ConversationId],
  code: ["code", w.text],
  message: ["message", w.text],
}));

export const InboxReport: w.RecordCodec<t.InboxReport> = w.record(() => ({
  changed: ["changed", w.natural],
  unchanged: ["unchanged", w.natural],
  refused: ["refused", w.map(w.natural)],
  refusals: ["refusals", w.list(InboxRefusal)],
  next: ["next", w.optional(w.text)],
}));

export const Inspected: w.RecordCodec<t.Inspected> = w.record(() => ({
  header: ["header", w.list(w.text)],
  suggested: ["suggested", w.list(w.optional(ImportField))],
  repeated: ["repeated", w.list(w.text)],
  encoding: ["encoding", Encoding],
  delimiter: ["delimiter", Delimiter],
}));

export const JournalEntry: w.RecordCodec<t.JournalEntry> = w.record(() => ({
  org: ["org", OrgId],
  at: ["at", w.time],
  recordedAt: ["recorded_at", w.time],
  actor: ["actor", Actor],
  contact: ["contact", w.optional(ContactId)],
  what: ["what", JournalEvent],
  redacted: ["redacted", w.bool, false],
}));

export const JournalEvent: w.Codec<t.JournalEvent> = w.tagged("what", () => ({
  contact_created: w.record(() => ({
    by: ["by", CreatedBy],
    channel: ["channel", w.optional(Channel)],
    overLimit: ["over_limit", w.bool],
  })),
  contact_updated: w.record(() => ({
    changes: ["changes", w.list(FieldChange)],
  })),
  contact_merged: w.record(() => ({
    duplicate: ["duplicate", ContactId],
    changes: ["changes", w.list(FieldChange)],
  })),
  contact_unmerged: w.record(() => ({
    primary: ["primary", ContactId],
    duplicate: ["duplicate", ContactId],
  })),
  contact_blocked: w.record(() => ({})),
  contact_unblocked: w.record(() => ({})),
  contact_deleted: w.record(() => ({})),
  contact_erased: w.record(() => ({})),
  contact_reactivated: w.record(() => ({})),
  blocked_message: w.record(() => ({
    channel: ["channel", Channel],
  })),
  identity_added: w.record(() => ({
    address: ["address", Address],
  })),
  identity_moved: w.record(() => ({
    from: ["from", Address],
    to: ["to", Address],
  })),
  identity_conflict: w.record(() => ({
    address: ["address", Address],
    other: ["other", ContactId],
  })),
  tag_added: w.record(() => ({
    tag: ["tag", w.text],
    rule: ["rule", w.optional(RuleId)],
  })),
  tag_removed: w.record(() => ({
    tag: ["tag", w.text],
  })),
  consent_changed: w.record(() => ({
    fact: ["fact", ConsentFact],
    before: ["before", w.bool],
    after: ["after", w.bool],
  })),
  note_changed: w.record(() => ({
    note: ["note", NoteId],
    change: ["change", w.text],
  })),
  conversation_opened: w.record(() => ({
    conversation: ["conversation", ConversationId],
  })),
  conversation_assigned: w.record(() => ({
    conversation: ["conversation", ConversationId],
    before: ["before", w.optional(AgentId)],
    after: ["after", w.optional(AgentId)],
    rule: ["rule", w.optional(RuleId)],
  })),
  conversation_handled: w.record(() => ({
    conversation: ["conversation", ConversationId],
    before: ["before", w.optional(Handler)],
    after: ["after", w.optional(Handler)],
    rule: ["rule", w.optional(RuleId)],
  })),
  handler_failed: w.record(() => ({
    conversation: ["conversation", ConversationId],
    handler: ["handler", w.text],
    tries: ["tries", w.natural],
    reason: ["reason", w.text],
  })),
  conversation_resolved: w.record(() => ({
    conversation: ["conversation", ConversationId],
    before: ["before", ConversationStatus],
  })),
  conversation_reopened: w.record(() => ({
    conversation: ["conversation", ConversationId],
    after: ["after", ConversationStatus],
  })),
  conversation_marked: w.record(() => ({
    conversation: ["conversation", ConversationId],
    change: ["change", w.text],
  })),
  conversation_deleted: w.record(() => ({
    conversation: ["conversation", ConversationId],
  })),
  survey: w.record(() => ({
    survey: ["survey", SurveyId],
    conversation: ["conversation", ConversationId],
    change: ["change", w.text],
    rating: ["rating", w.optional(w.natural)],
    message: ["message", w.optional(MessageId)],
  })),
  label_added: w.record(() => ({
    conversation: ["conversation", ConversationId],
    label: ["label", w.text],
  })),
  label_removed: w.record(() => ({
    conversation: ["conversation", ConversationId],
    label: ["label", w.text],
  })),
  routing_changed: w.record(() => ({
    before: ["before", w.json],
    after: ["after", w.json],
  })),
  routing_passed_over: w.record(() => ({
    conversation: ["conversation", ConversationId],
    rule: ["rule", RuleId],
    reason: ["reason", w.text],
  })),
  message_received: w.record(() => ({
    message: ["message", MessageId],
    kind: ["kind", ContentKind],
    channel: ["channel", Channel],
  })),
  message_sent: w.record(() => ({
    message: ["message", MessageId],
    kind: ["kind", ContentKind],
    channel: ["channel", Channel],
    dispatch: ["dispatch", w.optional(DispatchId)],
    broadcast: ["broadcast", w.optional(BroadcastId)],
    sequence: ["sequence", w.optional(SequenceId)],
  })),
  message_status: w.record(() => ({
    message: ["message", MessageId],
    status: ["status", DeliveryStatus],
  })),
  message_changed: w.record(() => ({
    message: ["message", MessageId],
    change: ["change", w.text],
  })),
  call: w.record(() => ({
    call: ["call", w.text],
    channel: ["channel", Channel],
    caller: ["caller", Caller],
    event: ["event", CallEvent],
    raw: ["raw", w.json],
  })),
  dispatch_changed: w.record(() => ({
    dispatch: ["dispatch", DispatchId],
    broadcast: ["broadcast", w.optional(BroadcastId)],
    sequence: ["sequence", w.optional(SequenceId)],
    state: ["state", StateName],
    reason: ["reason", w.optional(SkipReason)],
    code: ["code", w.optional(w.text)],
  })),
  broadcast_changed: w.record(() => ({
    broadcast: ["broadcast", BroadcastId],
    change: ["change", w.text],
  })),
  sequence_changed: w.record(() => ({
    sequence: ["sequence", SequenceId],
    change: ["change", w.text],
    version: ["version", w.natural],
  })),
  enrollment_changed: w.record(() => ({
    sequence: ["sequence", SequenceId],
    enrollment: ["enrollment", EnrollmentId],
    state: ["state", EnrollmentStateName],
    reason: ["reason", w.optional(ExitReason)],
  })),
  settings_changed: w.record(() => ({
    before: ["before", w.json],
    after: ["after", w.json],
  })),
  rule_changed: w.record(() => ({
    rule: ["rule", RuleId],
    before: ["before", w.json, null],
    after: ["after", w.json, null],
  })),
  template_changed: w.record(() => ({
    name: ["name", w.text],
    language: ["language", w.text],
    change: ["change", w.text],
  })),
  account_changed: w.record(() => ({
    account: ["account", AccountId],
    change: ["change", w.text],
  })),
  tag_changed: w.record(() => ({
    before: ["before", w.text],
    after: ["after", w.optional(w.text)],
  })),
  attribute_changed: w.record(() => ({
    name: ["name", w.text],
    before: ["before", w.json, null],
    after: ["after", w.json, null],
  })),
  segment_changed: w.record(() => ({
    segment: ["segment", SegmentId],
    change: ["change", w.text],
  })),
  quick_reply_changed: w.record(() => ({
    reply: ["reply", QuickReplyId],
    before: ["before", w.json, null],
    after: ["after", w.json, null],
  })),
  member_changed: w.record(() => ({
    member: ["member", AgentId],
    before: ["before", w.json, null],
    after: ["after", w.json],
  })),
  hashes_keyed: w.record(() => ({
    hashes: ["hashes", w.natural],
  })),
  access_refused: w.record(() => ({
    call: ["call", w.text],
    role: ["role", w.optional(Role)],
    needs: ["needs", Role],
  })),
  import_changed: w.record(() => ({
    import: ["import", ImportId],
    change: ["change", w.text],
  })),
  provider_notice: w.record(() => ({
    field: ["field", w.text],
    raw: ["raw", w.json],
  })),
}));

export const JournalKind: w.Codec<t.JournalKind> = w.choice(["contact_created", "contact_updated", "contact_merged", "contact_unmerged", "contact_blocked", "contact_unblocked", "contact_deleted", "contact_erased", "contact_reactivated", "blocked_message", "identity_added", "identity_moved", "identity_conflict", "tag_added", "tag_removed", "consent_changed", "note_changed", "conversation_opened", "conversation_assigned", "conversation_handled", "handler_failed", "conversation_resolved", "conversation_reopened", "conversation_marked", "conversation_deleted", "survey", "label_added", "label_removed", "routing_changed", "routing_passed_over", "message_received", "message_sent", "message_status", "message_changed", "call", "dispatch_changed", "broadcast_changed", "sequence_changed", "enrollment_changed", "settings_changed", "rule_changed", "template_changed", "account_changed", "tag_changed", "attribute_changed", "segment_changed", "quick_reply_changed", "member_changed", "hashes_keyed", "access_refused", "import_changed", "provider_notice"]);

export const Keyword: w.Codec<t.Keyword> = w.choice(["stop", "help", "conditionalStart", "start"]);

export const KeywordList: w.RecordCodec<t.KeywordList> = w.record(() => ({
  stop: ["stop", w.list(w.text), []],
  start: ["start", w.list(w.text), []],
  conditionalStart: ["conditionalStart", w.list(w.text), []],
  help: ["help", w.list(w.text), []],
}));

export const Keywords: w.Codec<t.Keywords> = w.alias(() => w.map(KeywordList));

export const LabelCount: w.RecordCodec<t.LabelCount> = w.record(() => ({
  name: ["name", w.text],
  conversations: ["conversations", w.natural],
}));

export const LastSurvey: w.RecordCodec<t.LastSurvey> = w.record(() => ({
  id: ["id", SurveyId],
  state: ["state", StateName],
  reason: ["reason", w.optional(SkipReason)],
  askedAt: ["asked_at", w.optional(w.time)],
  expiresAt: ["expires_at", w.optional(w.time)],
  rating: ["rating", w.optional(w.natural)],
  comment: ["comment", w.optional(w.text)],
}));

export const LastTouch: w.RecordCodec<t.LastTouch> = w.record(() => ({
  at: ["at", w.time],
  referral: ["referral", Referral],
}));

export const LeadStatus: w.Codec<t.LeadStatus> = w.choice(["cold", "warm", "hot", "customer"]);

export const Lift: w.Codec<t.Lift> = w.named([], () => ({
  at: ["at", w.time],
  when: ["when", w.text],
}));

export const Likeness: w.RecordCodec<t.Likeness> = w.record(() => ({
  reason: ["reason", LikenessReason],
  address: ["address", Address],
}));

export const LikenessReason: w.Codec<t.LikenessReason> = w.choice(["named_together", "likely_number", "same_email", "same_name_and_address"]);

export const LimitNotice: w.RecordCodec<t.LimitNotice> = w.record(() => ({
  tier: ["tier", w.text],
  peopleADay: ["people_a_day", w.optional(w.natural)],
}));

export const LimitScope: w.Codec<t.LimitScope> = w.choice(["pair", "number", "account", "app", "day"]);

export const ListMessage: w.RecordCodec<t.ListMessage> = w.record(() => ({
  header: ["header", w.optional(w.text)],
  body: ["body", w.text],
  footer: ["footer", w.optional(w.text)],
  button: ["button", w.text],
  sections: ["sections", w.list(ListSection)],
}));

export const ListRow: w.RecordCodec<t.ListRow> = w.record(() => ({
  id: ["id", w.text],
  title: ["title", w.text],
  description: ["description", w.optional(w.text)],
}));

export const ListSection: w.RecordCodec<t.ListSection> = w.record(() => ({
  title: ["title", w.optional(w.text)],
  rows: ["rows", w.list(ListRow)],
}));

export const Location: w.RecordCodec<t.Location> = w.record(() => ({
  latitude: ["latitude", w.float],
  longitude: ["longitude", w.float],
  name: ["name", w.optional(w.text)],
  address: ["address", w.optional(w.text)],
}));

export const Media: w.RecordCodec<t.Media> = w.record(() => ({
  kind: ["kind", MediaKind],
  source: ["source", MediaSource],
  mimeType: ["mime_type", w.optional(w.text)],
  sha256: ["sha256", w.optional(w.text)],
  caption: ["caption", w.optional(w.text)],
  filename: ["filename", w.optional(w.text)],
  voice: ["voice", w.bool, false],
}));

export const MediaKind: w.Codec<t.MediaKind> = w.choice(["image", "video", "audio", "document", "sticker"]);

export const MediaSource: w.Codec<t.MediaSource> = w.named([], () => ({
  id: ["id", w.text],
  link: ["link", w.text],
  stored: ["stored", w.text],
}));

export const Member: w.RecordCodec<t.Member> = w.record(() => ({
  id: ["id", AgentId],
  org: ["org", OrgId],
  name: ["name", w.text],
  role: ["role", Role],
  active: ["active", w.bool],
}));

export const MergeChoice: w.RecordCodec<t.MergeChoice> = w.record(() => ({
  field: ["field", MergeField],
  from: ["from", ContactId],
}));

export const MergeDifference: w.RecordCodec<t.MergeDifference> = w.record(() => ({
  field: ["field", MergeField],
  values: ["values", w.list(MergeValue)],
}));

export const MergeField: w.Codec<t.MergeField> = w.named(["name", "first_name", "last_name", "email", "lead", "owner"], () => ({
  attribute: ["attribute", w.text],
  externalId: ["external_id", w.text],
}));

export const MergeRequest: w.RecordCodec<t.MergeRequest> = w.record(() => ({
  duplicates: ["duplicates", w.list(ContactId), []],
  choices: ["choices", w.list(MergeChoice), []],
}));

export const MergeValue: w.RecordCodec<t.MergeValue> = w.record(() => ({
  contact: ["contact", ContactId],
  value: ["value", w.json],
}));

export const MergedContact: w.RecordCodec<t.MergedContact> = w.record(() => ({
  contact: ["contact", Contact],
  changes: ["changes", w.list(FieldChange)],
  differing: ["differing", w.list(MergeDifference)],
}));

export const Message: w.RecordCodec<t.Message> = w.record(() => ({
  id: ["id", MessageId],
  conversation: ["conversation", ConversationId],
  contact: ["contact", ContactId],
  account: ["account", AccountId],
  channel: ["channel", Channel],
  address: ["address", Address],
  author: ["author", Author],
  inbound: ["inbound", w.bool],
  providerId: ["provider_id", w.optional(w.text)],
  content: ["content", Content],
  replyTo: ["reply_to", w.optional(w.text)],
  forwarded: ["forwarded", w.bool],
  groupId: ["group_id", w.optional(w.text)],
  referral: ["referral", w.optional(Referral)],
  at: ["at", w.time],
  dispatch: ["dispatch", w.optional(DispatchId)],
  status: ["status", w.optional(DeliveryStatus)],
  deliveredAt: ["delivered_at", w.optional(w.time)],
  readAt: ["read_at", w.optional(w.time)],
  failure: ["failure", w.optional(SendFailure)],
  reactions: ["reactions", w.list(w.text)],
  editedAt: ["edited_at", w.optional(w.time)],
  revokedAt: ["revoked_at", w.optional(w.time)],
}));

export const MessageFate: w.Codec<t.MessageFate> = w.choice(["sent", "delivered", "read", "replied", "failed", "skipped"]);

export const MessageId: w.Codec<t.MessageId> = w.id();

export const NewAccount: w.RecordCodec<t.NewAccount> = w.record(() => ({
  channel: ["channel", Channel],
  senderId: ["sender_id", w.text],
  businessId: ["business_id", w.optional(w.text)],
  endpoint: ["endpoint", w.optional(w.text)],
  name: ["name", w.text],
  credential: ["credential", w.text],
  messagesPerSecond: ["messages_per_second", w.optional(w.natural)],
}));

export const NewBroadcast: w.RecordCodec<t.NewBroadcast> = w.record(() => ({
  name: ["name", w.text],
  account: ["account", AccountId],
  template: ["template", w.text],
  language: ["language", w.text],
  parameters: ["parameters", TemplateParameters, {"body":[]}],
  target: ["target", Selection],
}));

export const NewContact: w.RecordCodec<t.NewContact> = w.record(() => ({
  phone: ["phone", w.optional(w.text)],
  whatsappId: ["whatsappId", w.optional(w.text)],
  name: ["name", w.optional(w.text)],
  firstName: ["firstName", w.optional(w.text)],
  lastName: ["lastName", w.optional(w.text)],
  email: ["email", w.optional(w.text)],
  externalIds: ["externalIds", w.map(w.text), {}],
  tags: ["tags", w.list(w.text), []],
  attributes: ["attributes", w.map(w.json), {}],
  lead: ["lead", w.optional(LeadStatus)],
  optedIn: ["optedIn", w.optional(w.bool)],
  optInProof: ["optInProof", w.optional(w.text)],
}));

export const NewMedia: w.RecordCodec<t.NewMedia> = w.record(() => ({
  kind: ["kind", MediaKind],
  mimeType: ["mime_type", w.text],
  filename: ["filename", w.optional(w.text)],
}));

export const NewRoutingRule: w.RecordCodec<t.NewRoutingRule> = w.record(() => ({
  name: ["name", w.optional(w.text)],
  filter: ["filter", w.optional(Filter)],
  channels: ["channels", w.optional(w.list(Channel))],
  to: ["to", RoutingTarget],
}));

export const NewSchedule: w.RecordCodec<t.NewSchedule> = w.record(() => ({
  at: ["at", w.text],
  zone: ["zone", w.optional(w.text)],
  recipientsZones: ["recipients_zones", w.bool, false],
}));

export const NewSequence: w.RecordCodec<t.NewSequence> = w.record(() => ({
  name: ["name", w.text],
  definition: ["definition", SequenceDefinition],
}));

export const Note: w.RecordCodec<t.Note> = w.record(() => ({
  id: ["id", NoteId],
  org: ["org", OrgId],
  contact: ["contact", ContactId],
  author: ["author", Actor],
  text: ["text", w.text],
  at: ["at", w.time],
  editedAt: ["edited_at", w.optional(w.time)],
}));

export const NoteId: w.Codec<t.NoteId> = w.id();

export const OnDuplicate: w.Codec<t.OnDuplicate> = w.choice(["skip", "update", "fill_gaps"]);

export const OptOutScope: w.Codec<t.OptOutScope> = w.choice(["marketing", "sender"]);

export const OrgId: w.Codec<t.OrgId> = w.id();

export const Outcome: w.Codec<t.Outcome> = w.named([], () => ({
  accepted: ["accepted", Accepted],
  refused: ["refused", SendFailure],
  notSent: ["not_sent", SendFailure],
  unknown: ["unknown", w.record(() => ({
    detail: ["detail", w.text],
  }))],
}));

export const Outgoing: w.RecordCodec<t.Outgoing> = w.record(() => ({
  to: ["to", Address],
  content: ["content", Content],
  replyTo: ["reply_to", w.optional(w.text)],
  attempt: ["attempt", AttemptId],
}));

export const OwnerFilter: w.Codec<t.OwnerFilter> = w.named(["nobody"], () => ({
  is: ["is", AgentId],
}));

export const PageRequest: w.RecordCodec<t.PageRequest> = w.record(() => ({
  limit: ["limit", w.optional(w.natural)],
  cursor: ["cursor", w.optional(w.text)],
  backwards: ["backwards", w.bool, false],
}));

export const Parameter: w.Codec<t.Parameter> = w.tagged("type", () => ({
  text: w.record(() => ({
    text: ["text", w.text],
  })),
  currency: w.record(() => ({
    fallback: ["fallback", w.text],
    code: ["code", w.text],
    amount1000: ["amount_1000", w.integer],
  })),
  date_time: w.record(() => ({
    fallback: ["fallback", w.text],
  })),
  media: w.record(() => ({
    source: ["source", TemplateMedia],
    filename: ["filename", w.optional(w.text)],
  })),
  location: w.record(() => ({
    latitude: ["latitude", w.float],
    longitude: ["longitude", w.float],
    name: ["name", w.optional(w.text)],
    address: ["address", w.optional(w.text)],
  })),
  payload: w.record(() => ({
    payload: ["payload", w.text],
  })),
  coupon_code: w.record(() => ({
    code: ["code", w.text],
  })),
  flow_action: w.record(() => ({
    token: ["token", w.optional(w.text)],
    data: ["data", w.optional(w.map(w.json))],
  })),
}));

export const ParameterFormat: w.Codec<t.ParameterFormat> = w.choice(["POSITIONAL", "NAMED"]);

export const PassedStep: w.RecordCodec<t.PassedStep> = w.record(() => ({
  step: ["step", w.text],
  at: ["at", w.time],
  dispatch: ["dispatch", w.optional(DispatchId)],
  branch: ["branch", w.optional(w.bool)],
  problem: ["problem", w.optional(w.text)],
}));

export const Pattern: w.RecordCodec<t.Pattern> = w.record(() => ({
  kind: ["kind", PatternKind],
  text: ["text", w.text],
  caseSensitive: ["caseSensitive", w.bool, false],
}));

export const PatternKind: w.Codec<t.PatternKind> = w.choice(["contains", "exact", "startsWith", "word", "regex"]);

export const Person: w.RecordCodec<t.Person> = w.record(() => ({
  phone: ["phone", w.optional(w.text)],
  userId: ["user_id", w.optional(w.text)],
  name: ["name", w.optional(w.text)],
  username: ["username", w.optional(w.text)],
}));

export const Phone: w.RecordCodec<t.Phone> = w.record(() => ({
  e164: ["e164", w.text],
  waId: ["wa_id", w.text],
  region: ["region", w.optional(w.text)],
  assigned: ["assigned", w.bool],
  variants: ["variants", w.list(w.text)],
}));

export const Plan: w.Codec<t.Plan> = w.named(["free", "starter", "growth", "scale"], () => ({
  contacts: ["contacts", w.natural],
}));

export const PlanUsage: w.RecordCodec<t.PlanUsage> = w.record(() => ({
  contacts: ["contacts", w.natural],
  limit: ["limit", w.optional(w.natural)],
  overBy: ["over_by", w.natural],
}));

export const PlatformInfo: w.RecordCodec<t.PlatformInfo> = w.record(() => ({
  baseUrl: ["base_url", w.text],
  appSecret: ["app_secret", w.secret(w.text)],
  accessToken: ["access_token", w.secret(w.text)],
  verifyToken: ["verify_token", w.secret(w.text)],
  wabaId: ["waba_id", w.text],
  phoneNumberId: ["phone_number_id", w.text],
}));

export const PlatformStatus: w.Codec<t.PlatformStatus> = w.tagged("type", () => ({
  sent: w.record(() => ({})),
  delivered: w.record(() => ({})),
  read: w.record(() => ({})),
  played: w.record(() => ({})),
  failed: w.record(() => ({
    code: ["code", w.integer],
  })),
}));

export const Preference: w.RecordCodec<t.Preference> = w.record(() => ({
  person: ["person", InboundPerson],
  choice: ["choice", PreferenceChoice],
}));

export const PreferenceChoice: w.Codec<t.PreferenceChoice> = w.named(["stop", "resume", "signup"], () => ({
  other: ["other", w.text],
}));

export const Preview: w.RecordCodec<t.Preview> = w.record(() => ({
  total: ["total", w.natural],
  first: ["first", w.list(Contact)],
  leftOut: ["left_out", w.map(w.natural)],
}));

export const QualityNotice: w.RecordCodec<t.QualityNotice> = w.record(() => ({
  providerId: ["provider_id", w.optional(w.text)],
  name: ["name", w.text],
  language: ["language", w.text],
  value: ["value", w.text],
  reason: ["reason", w.optional(w.text)],
}));

export const QuickReply: w.RecordCodec<t.QuickReply> = w.record(() => ({
  id: ["id", QuickReplyId],
  org: ["org", OrgId],
  shortcut: ["shortcut", w.text],
  body: ["body", w.text],
  createdAt: ["created_at", w.time],
  updatedAt: ["updated_at", w.time],
}));

export const QuickReplyId: w.Codec<t.QuickReplyId> = w.id();

export const QuietHours: w.RecordCodec<t.QuietHours> = w.record(() => ({
  from: ["from", w.text],
  until: ["until", w.text],
}));

export const Reach: w.Codec<t.Reach> = w.choice(["nothing", "delivered", "read"]);

export const Reached: w.Codec<t.Reached> = w.choice(["accepted", "sent", "delivered", "read"]);

export const Reaction: w.RecordCodec<t.Reaction> = w.record(() => ({
  providerId: ["provider_id", w.text],
  from: ["from", InboundPerson],
  target: ["target", w.text],
  emoji: ["emoji", w.optional(w.text)],
}));

export const Received: w.RecordCodec<t.Received> = w.record(() => ({
  applied: ["applied", w.natural],
  duplicate: ["duplicate", w.natural],
  quarantined: ["quarantined", w.natural],
  body: ["body", w.text],
  contentType: ["content_type", w.text],
}));

export const Recipient: w.RecordCodec<t.Recipient> = w.record(() => ({
  dispatch: ["dispatch", DispatchId],
  contact: ["contact", ContactId],
  state: ["state", DispatchState],
  failure: ["failure", w.optional(SendFailure)],
  attempts: ["attempts", w.natural],
  replied: ["replied", w.bool],
  optedOutAfter: ["opted_out_after", w.bool],
  reason: ["reason", w.optional(w.text)],
  remedy: ["remedy", w.optional(w.text)],
}));

export const RecipientFilter: w.RecordCodec<t.RecipientFilter> = w.record(() => ({
  states: ["states", w.list(StateName), []],
  reasons: ["reasons", w.list(w.text), []],
  replied: ["replied", w.optional(w.bool)],
  optedOutAfter: ["opted_out_after", w.optional(w.bool)],
}));

export const RecipientSelection: w.RecordCodec<t.RecipientSelection> = w.record(() => ({
  broadcast: ["broadcast", BroadcastId],
  who: ["who", RecipientFilter, {"states":[],"reasons":[],"replied":null,"opted_out_after":null}],
}));

export const RecordStatus: w.Codec<t.RecordStatus> = w.choice(["active", "inactive", "blocked", "deleted"]);

export const Referral: w.RecordCodec<t.Referral> = w.record(() => ({
  sourceUrl: ["sourceUrl", w.optional(w.text)],
  sourceId: ["sourceId", w.optional(w.text)],
  sourceType: ["sourceType", w.optional(w.text)],
  headline: ["headline", w.optional(w.text)],
  body: ["body", w.optional(w.text)],
  mediaType: ["mediaType", w.optional(w.text)],
  mediaUrl: ["mediaUrl", w.optional(w.text)],
  ctwaClid: ["ctwaClid", w.optional(w.text)],
}));

export const Refusal: w.RecordCodec<t.Refusal> = w.record(() => ({
  code: ["code", w.text],
  message: ["message", w.text],
}));

export const Rejection: w.RecordCodec<t.Rejection> = w.record(() => ({
  line: ["line", w.natural],
  errors: ["errors", w.list(CellError)],
}));

export const Rendered: w.RecordCodec<t.Rendered> = w.record(() => ({
  text: ["text", w.text],
  missing: ["missing", w.list(w.text)],
}));

export const Reopening: w.Codec<t.Reopening> = w.choice(["reopen", "open_new"]);

export const ReplyButton: w.RecordCodec<t.ReplyButton> = w.record(() => ({
  id: ["id", w.text],
  title: ["title", w.text],
}));

export const Resolution: w.RecordCodec<t.Resolution> = w.record(() => ({
  at: ["at", w.time],
  by: ["by", Actor],
}));

export const Revoke: w.RecordCodec<t.Revoke> = w.record(() => ({
  providerId: ["provider_id", w.text],
  from: ["from", InboundPerson],
  target: ["target", w.text],
}));

export const Role: w.Codec<t.Role> = w.choice(["viewer", "agent", "admin", "owner"]);

export const RoutingRule: w.RecordCodec<t.RoutingRule> = w.record(() => ({
  id: ["id", RuleId],
  name: ["name", w.optional(w.text)],
  filter: ["filter", w.optional(Filter)],
  channels: ["channels", w.optional(w.list(Channel))],
  to: ["to", RoutingTarget],
  enabled: ["enabled", w.bool],
}));

export const RoutingTarget: w.Codec<t.RoutingTarget> = w.named([], () => ({
  member: ["member", AgentId],
  handler: ["handler", Handler],
}));

export const Rule: w.RecordCodec<t.Rule> = w.record(() => ({
  id: ["id", RuleId],
  name: ["name", w.optional(w.text)],
  pattern: ["pattern", Pattern],
  tags: ["tags", w.list(w.text)],
  enabled: ["enabled", w.bool, true],
  channels: ["channels", w.optional(w.list(Channel))],
}));

export const RuleId: w.Codec<t.RuleId> = w.id();

export const RuleMatch: w.RecordCodec<t.RuleMatch> = w.record(() => ({
  rule: ["rule", RuleId],
  span: ["span", Span],
}));

export const Schedule: w.RecordCodec<t.Schedule> = w.record(() => ({
  at: ["at", w.text],
  zone: ["zone", w.text],
  recipientsZones: ["recipients_zones", w.bool],
}));

export const Segment: w.RecordCodec<t.Segment> = w.record(() => ({
  id: ["id", SegmentId],
  org: ["org", OrgId],
  name: ["name", w.text],
  filter: ["filter", Filter],
  createdAt: ["created_at", w.time],
  users: ["users", w.list(SegmentUser), []],
}));

export const SegmentId: w.Codec<t.SegmentId> = w.id();

export const SegmentUser: w.Codec<t.SegmentUser> = w.named([], () => ({
  broadcast: ["broadcast", BroadcastId],
  segment: ["segment", SegmentId],
  routing: ["routing", RuleId],
  sequence: ["sequence", SequenceId],
}));

export const Selection: w.Codec<t.Selection> = w.named([], () => ({
  ids: ["ids", w.list(ContactId)],
  filter: ["filter", Filter],
  recipients: ["recipients", RecipientSelection],
}));

export const SendFailure: w.RecordCodec<t.SendFailure> = w.record(() => ({
  class: ["class", FailureClass],
  code: ["code", w.text],
  detail: ["detail", w.text],
}));

export const SendRequest: w.RecordCodec<t.SendRequest> = w.record(() => ({
  contact: ["contact", ContactId],
  account: ["account", w.optional(AccountId)],
  draft: ["draft", Draft],
  replyTo: ["reply_to", w.optional(w.text)],
}));

export const Sender: w.RecordCodec<t.Sender> = w.record(() => ({
  channel: ["channel", Channel],
  senderId: ["sender_id", w.text],
  businessId: ["business_id", w.optional(w.text)],
  credential: ["credential", w.secret(w.text)],
}));

export const SenderBan: w.RecordCodec<t.SenderBan> = w.record(() => ({
  since: ["since", w.time],
  ban: ["ban", SenderBanKind],
  detail: ["detail", w.optional(w.text)],
  until: ["until", w.optional(w.time)],
}));

export const SenderBanKind: w.Codec<t.SenderBanKind> = w.choice(["lifted", "scheduled", "restricted", "disabled"]);

export const SenderBegun: w.RecordCodec<t.SenderBegun> = w.record(() => ({
  until: ["until", w.time],
  people: ["people", w.natural],
}));

export const SenderLimit: w.RecordCodec<t.SenderLimit> = w.record(() => ({
  since: ["since", w.time],
  tier: ["tier", w.text],
  peopleADay: ["people_a_day", w.optional(w.natural)],
}));

export const SenderNotice: w.RecordCodec<t.SenderNotice> = w.record(() => ({
  number: ["number", w.optional(w.text)],
  lowQuality: ["low_quality", w.optional(w.bool)],
  limit: ["limit", w.optional(LimitNotice)],
  ban: ["ban", w.optional(BanNotice)],
  field: ["field", w.text],
  raw: ["raw", w.json],
}));

export const SenderQuality: w.RecordCodec<t.SenderQuality> = w.record(() => ({
  since: ["since", w.time],
  low: ["low", w.bool],
}));

export const SenderStanding: w.RecordCodec<t.SenderStanding> = w.record(() => ({
  number: ["number", w.optional(w.text)],
  quality: ["quality", w.optional(SenderQuality)],
  limit: ["limit", w.optional(SenderLimit)],
  ban: ["ban", w.optional(SenderBan)],
  unclaimed: ["unclaimed", w.map(SenderQuality), {}],
}));

export const SequenceCondition: w.RecordCodec<t.SequenceCondition> = w.record(() => ({
  when: ["when", SequenceTest],
  yes: ["yes", w.optional(w.text)],
  no: ["no", w.optional(w.text)],
}));

export const SequenceDefinition: w.RecordCodec<t.SequenceDefinition> = w.record(() => ({
  account: ["account", AccountId],
  trigger: ["trigger", SequenceTrigger, "manual"],
  fromBulk: ["fromBulk", w.bool, false],
  again: ["again", w.bool, false],
  goals: ["goals", w.list(SequenceGoal), []],
  steps: ["steps", w.list(SequenceStep)],
}));

export const SequenceDelay: w.RecordCodec<t.SequenceDelay> = w.record(() => ({
  days: ["days", w.integer, 0],
  hours: ["hours", w.integer, 0],
}));

export const SequenceFunnel: w.RecordCodec<t.SequenceFunnel> = w.record(() => ({
  enrolled: ["enrolled", w.natural],
  underWay: ["under_way", w.natural],
  finished: ["finished", w.natural],
  exited: ["exited", w.map(w.natural)],
  steps: ["steps", w.list(StepFunnel)],
  waits: ["waits", w.optional(Waits)],
}));

export const SequenceGoal: w.Codec<t.SequenceGoal> = w.named(["reply"], () => ({
  tag: ["tag", w.text],
}));

export const SequenceId: w.Codec<t.SequenceId> = w.id();

export const SequenceMessage: w.RecordCodec<t.SequenceMessage> = w.record(() => ({
  template: ["template", w.text],
  language: ["language", w.text],
  parameters: ["parameters", TemplateParameters, {"body":[]}],
}));

export const SequenceMessageTest: w.RecordCodec<t.SequenceMessageTest> = w.record(() => ({
  step: ["step", w.text],
  was: ["was", MessageFate],
}));

export const SequenceState: w.Codec<t.SequenceState> = w.tagged("state", () => ({
  draft: w.record(() => ({})),
  active: w.record(() => ({
    since: ["since", w.time],
  })),
  paused: w.record(() => ({
    since: ["since", w.time],
    refusal: ["refusal", w.optional(Refusal)],
  })),
}));

export const SequenceStep: w.RecordCodec<t.SequenceStep> = w.record(() => ({
  name: ["name", w.text],
  does: ["does", SequenceStepKind],
  next: ["next", w.optional(w.text)],
}));

export const SequenceStepKind: w.Codec<t.SequenceStepKind> = w.named([], () => ({
  message: ["message", SequenceMessage],
  delay: ["delay", SequenceDelay],
  condition: ["condition", SequenceCondition],
}));

export const SequenceTest: w.Codec<t.SequenceTest> = w.named([], () => ({
  contact: ["contact", Filter],
  message: ["message", SequenceMessageTest],
}));

export const SequenceTrigger: w.Codec<t.SequenceTrigger> = w.named(["manual", "contactCreated"], () => ({
  tagAdded: ["tagAdded", w.text],
}));

export const Settings: w.RecordCodec<t.Settings> = w.record(() => ({
  name: ["name", w.text, ""],
  zone: ["zone", w.text, "UTC"],
  dateFormat: ["date_format", w.text, "%Y-%m-%d"],
  timeFormat: ["time_format", w.text, "%H:%M"],
  defaultRegion: ["default_region", w.optional(w.text)],
  plan: ["plan", Plan, "scale"],
  keywords: ["keywords", Keywords, {}],
  strictConsent: ["strict_consent", w.bool, true],
  inboundConsent: ["inbound_consent", InboundConsent, "everything"],
  stopConfirmation: ["stop_confirmation", w.optional(w.text)],
  windowClosingSoonSeconds: ["window_closing_soon_seconds", w.natural, 7200],
  nameRequired: ["name_required", w.bool, true],
  unknownAfterSeconds: ["unknown_after_seconds", w.natural, 2592000],
  deletedConversations: ["deleted_conversations", DeletedConversations, "keep"],
  reopening: ["reopening", Reopening, "reopen"],
  csat: ["csat", w.optional(Csat)],
  maxLateSeconds: ["max_late_seconds", w.natural, 21600],
  quietHours: ["quiet_hours", w.optional(QuietHours)],
  zoneAttribute: ["zone_attribute", w.optional(w.text)],
}));

export const Simulated: w.RecordCodec<t.Simulated> = w.record(() => ({
  contact: ["contact", ContactId],
  at: ["at", w.optional(w.time)],
  text: ["text", w.optional(w.text)],
  skip: ["skip", w.optional(SkipReason)],
  reason: ["reason", w.optional(w.text)],
}));

export const SimulatedRun: w.RecordCodec<t.SimulatedRun> = w.record(() => ({
  contact: ["contact", ContactId],
  refusal: ["refusal", w.optional(Refusal)],
  steps: ["steps", w.list(SimulatedStep)],
  finishedAt: ["finished_at", w.optional(w.time)],
}));

export const SimulatedStep: w.RecordCodec<t.SimulatedStep> = w.record(() => ({
  step: ["step", w.text],
  at: ["at", w.time],
  text: ["text", w.optional(w.text)],
  skip: ["skip", w.optional(SkipReason)],
  branch: ["branch", w.optional(w.bool)],
  reason: ["reason", w.optional(w.text)],
}));

export const SimulationAssumption: w.Codec<t.SimulationAssumption> = w.choice(["delivered", "read", "failed"]);

export const SkipReason: w.Codec<t.SkipReason> = w.choice(["not_opted_in", "opted_out", "inactive", "blocked", "deleted", "not_found", "capped", "no_address", "template_not_approved", "missing_value", "window_closed", "merged", "survey_over", "cancelled", "late", "left_sequence"]);

export const Span: w.RecordCodec<t.Span> = w.record(() => ({
  start: ["start", w.natural],
  end: ["end", w.natural],
}));

export const StartedConversation: w.RecordCodec<t.StartedConversation> = w.record(() => ({
  contact: ["contact", Contact],
  conversation: ["conversation", Conversation],
}));

export const StateName: w.Codec<t.StateName> = w.choice(["pending", "leased", "sending", "unknown", "accepted", "sent", "delivered", "read", "failed", "skipped", "unconfirmed"]);

export const Stats: w.RecordCodec<t.Stats> = w.record(() => ({
  total: ["total", w.natural],
  pending: ["pending", w.natural],
  sending: ["sending", w.natural],
  unknown: ["unknown", w.natural],
  unconfirmed: ["unconfirmed", w.natural],
  skipped: ["skipped", w.map(w.natural)],
  sent: ["sent", w.natural],
  delivered: ["delivered", w.natural],
  read: ["read", w.natural],
  failed: ["failed", w.map(w.natural)],
  replied: ["replied", w.natural],
  optedOutAfter: ["opted_out_after", w.natural],
  waits: ["waits", w.optional(Waits)],
}));

export const StatusCount: w.RecordCodec<t.StatusCount> = w.record(() => ({
  status: ["status", ConversationStatus],
  total: ["total", w.natural],
  unread: ["unread", w.natural],
}));

export const StatusKind: w.Codec<t.StatusKind> = w.named(["accepted", "held", "sent", "delivered", "read"], () => ({
  failed: ["failed", SendFailure],
  other: ["other", w.text],
}));

export const StatusUpdate: w.RecordCodec<t.StatusUpdate> = w.record(() => ({
  providerId: ["provider_id", w.text],
  status: ["status", StatusKind],
  correlation: ["correlation", w.optional(AttemptId)],
  recipient: ["recipient", w.list(Address)],
  priceCategory: ["price_category", w.optional(w.text)],
  billable: ["billable", w.optional(w.bool)],
  freeEntryUntil: ["free_entry_until", w.optional(w.time)],
}));

export const StepFunnel: w.RecordCodec<t.StepFunnel> = w.record(() => ({
  step: ["step", w.text],
  here: ["here", w.natural],
  messages: ["messages", w.optional(Stats)],
}));

export const StoredFile: w.RecordCodec<t.StoredFile> = w.record(() => ({
  key: ["key", w.text],
  mimeType: ["mime_type", w.optional(w.text)],
  size: ["size", w.natural],
  sha256: ["sha256", w.optional(w.text)],
  path: ["path", w.optional(w.text)],
}));

export const SurveyId: w.Codec<t.SurveyId> = w.id();

export const TagCount: w.RecordCodec<t.TagCount> = w.record(() => ({
  name: ["name", w.text],
  contacts: ["contacts", w.natural],
}));

export const TagFilter: w.Codec<t.TagFilter> = w.named([], () => ({
  any: ["any", w.list(w.text)],
  all: ["all", w.list(w.text)],
  none: ["none", w.list(w.text)],
}));

export const Target: w.Codec<t.Target> = w.named(["list"], () => ({
  filter: ["filter", Filter],
  recipients: ["recipients", RecipientSelection],
}));

export const Template: w.RecordCodec<t.Template> = w.record(() => ({
  id: ["id", w.optional(w.text)],
  name: ["name", w.text],
  language: ["language", w.text],
  category: ["category", Category],
  status: ["status", w.text],
  parameterFormat: ["parameter_format", ParameterFormat, "POSITIONAL"],
  components: ["components", w.list(w.json), []],
  qualityScore: ["quality_score", w.json, null],
}));

export const TemplateMedia: w.Codec<t.TemplateMedia> = w.named([], () => ({
  id: ["id", w.text],
  link: ["link", w.text],
}));

export const TemplateParameters: w.RecordCodec<t.TemplateParameters> = w.record(() => ({
  header: ["header", w.optional(Parameter)],
  body: ["body", BodyParameters, []],
  buttons: ["buttons", w.list(ButtonParameter), []],
}));

export const TemplateStatusNotice: w.RecordCodec<t.TemplateStatusNotice> = w.record(() => ({
  providerId: ["provider_id", w.optional(w.text)],
  name: ["name", w.text],
  language: ["language", w.text],
  value: ["value", w.text],
  reason: ["reason", w.optional(w.text)],
}));

export const TimeFilter: w.Codec<t.TimeFilter> = w.named(["never"], () => ({
  before: ["before", w.time],
  after: ["after", w.time],
  between: ["between", TimeSpan],
}));

export const TimeSpan: w.RecordCodec<t.TimeSpan> = w.record(() => ({
  from: ["from", w.time],
  until: ["until", w.time],
}));

export const TurnId: w.Codec<t.TurnId> = w.id();

export const Twilio: w.RecordCodec<t.Twilio> = w.record(() => ({
  authToken: ["auth_token", w.secret(w.text)],
  publicUrl: ["public_url", w.text],
  baseUrl: ["base_url", w.optional(w.text)],
  contentUrl: ["content_url", w.optional(w.text)],
  connectTimeoutSeconds: ["connect_timeout_seconds", w.optional(w.float)],
  timeoutSeconds: ["timeout_seconds", w.optional(w.float)],
}));

export const TwilioInfo: w.RecordCodec<t.TwilioInfo> = w.record(() => ({
  baseUrl: ["base_url", w.text],
  publicUrl: ["public_url", w.text],
  authToken: ["auth_token", w.secret(w.text)],
  key: ["key", w.secret(w.text)],
  senderId: ["sender_id", w.text],
}));

export const TwilioMessage: w.RecordCodec<t.TwilioMessage> = w.record(() => ({
  sid: ["sid", w.text],
  from: ["from", w.text],
  to: ["to", w.text],
  parameters: ["parameters", w.json],
  at: ["at", w.time],
}));

export const Upserted: w.Codec<t.Upserted> = w.choice(["created", "updated", "unchanged"]);

export const UpsertedContact: w.RecordCodec<t.UpsertedContact> = w.record(() => ({
  contact: ["contact", Contact],
  outcome: ["outcome", Upserted],
}));

export const ValueTest: w.Codec<t.ValueTest> = w.named(["set"], () => ({
  equals: ["equals", w.json],
  contains: ["contains", w.text],
  less: ["less", w.json],
  greater: ["greater", w.json],
}));

export const Waits: w.RecordCodec<t.Waits> = w.record(() => ({
  reason: ["reason", w.text],
  remedy: ["remedy", w.text],
  until: ["until", w.optional(w.time)],
}));

export const WebhookRequest: w.RecordCodec<t.WebhookRequest> = w.record(() => ({
  method: ["method", w.text],
  url: ["url", w.text],
  headers: ["headers", w.map(w.text), {}],
  body: ["body", w.bytes, ""],
}));

export const WhatsApp: w.RecordCodec<t.WhatsApp> = w.record(() => ({
  appSecret: ["app_secret", w.secret(w.text)],
  verifyToken: ["verify_token", w.secret(w.text)],
  baseUrl: ["base_url", w.optional(w.text)],
  apiVersion: ["api_version", w.optional(w.text)],
  connectTimeoutSeconds: ["connect_timeout_seconds", w.optional(w.float)],
  timeoutSeconds: ["timeout_seconds", w.optional(w.float)],
}));

export const WindowState: w.Codec<t.WindowState> = w.tagged("state", () => ({
  none: w.record(() => ({})),
  open: w.record(() => ({
    until: ["until", w.time],
    secondsLeft: ["seconds_left", w.integer],
    closingSoon: ["closing_soon", w.bool],
    freeEntryUntil: ["free_entry_until", w.optional(w.time)],
  })),
  closed: w.record(() => ({
    since: ["since", w.optional(w.time)],
    freeEntryUntil: ["free_entry_until", w.optional(w.time)],
  })),
}));

/** Every method, by area and name. */
export const methods = {
  "crm.create_org": w.method("crm.create_org", [["settings", Settings]], OrgId),
  "crm.orgs": w.method("crm.orgs", [], w.list(OrgId)),
  "crm.receive": w.method("crm.receive", [["endpoint", w.text], ["request", WebhookRequest]], Received),
  "crm.run_due": w.method("crm.run_due", [], Done),
  "crm.work": w.method("crm.work", [], w.nothing),
  "crm.copy_to": w.method("crm.copy_to", [], CopyReport, CopyCounts),
  "crm.ping": w.method("crm.ping", [], w.nothing),
  "crm.close": w.method("crm.close", [], w.nothing),
  "platform.info": w.method("platform.info", [], PlatformInfo),
  "platform.deliver_to": w.method("platform.deliver_to", [["endpoint", w.text]], w.nothing),
  "platform.deliver_to_url": w.method("platform.deliver_to_url", [["url", w.text]], w.nothing),
  "platform.script": w.method("platform.script", [["faults", w.list(FaultRule)], ["seed", w.optional(w.natural)]], w.nothing),
  "platform.receipts": w.method("platform.receipts", [["reach", Reach], ["copies", w.optional(w.natural)], ["shuffled", w.optional(w.natural)]], w.nothing),
  "platform.say": w.method("platform.say", [["from", Person], ["text", w.text], ["id", w.optional(w.text)]], w.text),
  "platform.say_message": w.method("platform.say_message", [["from", Person], ["kind", w.text], ["payload", w.json], ["id", w.optional(w.text)], ["fields", w.optional(w.map(w.json))]], w.text),
  "platform.prefers": w.method("platform.prefers", [["person", Person], ["value", w.text]], w.nothing),
  "platform.statuses": w.method("platform.statuses", [["wamid", w.text], ["statuses", w.list(PlatformStatus)]], w.nothing),
  "platform.change": w.method("platform.change", [["field", w.text], ["value", w.json]], w.nothing),
  "platform.notice": w.method("platform.notice", [["field", w.text], ["value", w.json]], w.nothing),
  "platform.set_templates": w.method("platform.set_templates", [["templates", w.list(w.json)]], w.nothing),
  "platform.accepted": w.method("platform.accepted", [], w.list(AcceptedMessage)),
  "platform.hold": w.method("platform.hold", [], w.nothing),
  "platform.release": w.method("platform.release", [], w.nothing),
  "platform.drain": w.method("platform.drain", [], Drained),
  "platform.twilio_info": w.method("platform.twilio_info", [], TwilioInfo),
  "platform.twilio_deliver_to": w.method("platform.twilio_deliver_to", [["endpoint", w.text]], w.nothing),
  "platform.twilio_script": w.method("platform.twilio_script", [["faults", w.list(FaultRule)], ["seed", w.optional(w.natural)]], w.nothing),
  "platform.twilio_say": w.method("platform.twilio_say", [["from", w.text], ["text", w.text], ["fields", w.optional(w.map(w.json))]], w.text),
  "platform.twilio_status": w.method("platform.twilio_status", [["sid", w.text], ["status", w.text], ["code", w.optional(w.integer)]], w.nothing),
  "platform.twilio_accepted": w.method("platform.twilio_accepted", [], w.list(TwilioMessage)),
  "platform.post": w.method("platform.post", [["body", w.bytes]], w.optional(w.natural)),
  "clock.now": w.method("clock.now", [], w.time),
  "clock.set": w.method("clock.set", [["now", w.time]], w.nothing),
  "clock.advance": w.method("clock.advance", [["seconds", w.float]], w.nothing),
  "contacts.create": w.method("contacts.create", [["new", NewContact]], Contact),
  "contacts.capture_lead": w.method("contacts.capture_lead", [["new", NewContact]], Contact),
  "contacts.usage": w.method("contacts.usage", [], PlanUsage),
  "contacts.get": w.method("contacts.get", [["id", ContactId]], Contact),
  "contacts.find_by_phone": w.method("contacts.find_by_phone", [["phone", w.text]], w.optional(Contact)),
  "contacts.find_by_email": w.method("contacts.find_by_email", [["email", w.text]], w.optional(Contact)),
  "contacts.find_by_whatsapp_id": w.method("contacts.find_by_whatsapp_id", [["id", w.text]], w.optional(Contact)),
  "contacts.list": w.method("contacts.list", [["filter", Filter], ["order", w.optional(ContactOrder)], ["page", w.optional(PageRequest)]], w.page(Contact)),
  "contacts.search": w.method("contacts.search", [["text", w.text], ["filter", w.optional(Filter)], ["page", w.optional(PageRequest)]], w.page(Contact)),
  "contacts.count": w.method("contacts.count", [["filter", Filter]], w.natural),
  "contacts.duplicates": w.method("contacts.duplicates", [["page", w.optional(PageRequest)]], w.page(Duplicate)),
  "contacts.duplicates_of": w.method("contacts.duplicates_of", [["id", ContactId]], w.list(Duplicate)),
  "contacts.tag": w.method("contacts.tag", [["id", ContactId], ["tags", w.list(w.text)]], w.natural),
  "contacts.untag": w.method("contacts.untag", [["id", ContactId], ["tags", w.list(w.text)]], w.natural),
  "contacts.update": w.method("contacts.update", [["id", ContactId], ["revision", w.natural], ["update", ContactUpdate]], Contact),
  "contacts.merge": w.method("contacts.merge", [["primary", ContactId], ["request", MergeRequest]], MergedContact),
  "contacts.preview_merge": w.method("contacts.preview_merge", [["primary", ContactId], ["request", MergeRequest]], MergedContact),
  "contacts.undo_merge": w.method("contacts.undo_merge", [["duplicate", ContactId]], Contact),
  "contacts.set_owner": w.method("contacts.set_owner", [["id", ContactId], ["owner", w.optional(AgentId)]], w.bool),
  "contacts.set_lead": w.method("contacts.set_lead", [["id", ContactId], ["lead", LeadStatus]], w.bool),
  "contacts.advance_lead": w.method("contacts.advance_lead", [["id", ContactId]], LeadStatus),
  "contacts.re_engage": w.method("contacts.re_engage", [["id", ContactId], ["to", w.optional(LeadStatus)]], LeadStatus),
  "contacts.bulk": w.method("contacts.bulk", [["selection", Selection], ["action", BulkAction], ["after", w.optional(w.text)]], BulkReport, BulkReport),
  "contacts.export": w.method("contacts.export", [["selection", Selection], ["to", w.text], ["options", w.optional(ExportOptions)]], ExportReport, ExportCounts),
  "contacts.add_phone": w.method("contacts.add_phone", [["id", ContactId], ["phone", w.text]], Contact),
  "contacts.replace_phone": w.method("contacts.replace_phone", [["id", ContactId], ["old", w.text], ["new", w.text]], Contact),
  "contacts.find_by_external_id": w.method("contacts.find_by_external_id", [["system", w.text], ["external", w.text]], w.optional(Contact)),
  "contacts.set_external_id": w.method("contacts.set_external_id", [["id", ContactId], ["system", w.text], ["external", w.text]], Contact),
  "contacts.remove_external_id": w.method("contacts.remove_external_id", [["id", ContactId], ["system", w.text]], Contact),
  "contacts.upsert": w.method("contacts.upsert", [["new", NewContact], ["system", w.text], ["external", w.text]], UpsertedContact),
  "contacts.delete": w.method("contacts.delete", [["id", ContactId]], w.nothing),
  "contacts.erase": w.method("contacts.erase", [["id", ContactId]], ErasureCertificate),
  "contacts.certificate": w.method("contacts.certificate", [["id", ContactId]], ErasureCertificate),
  "contacts.dossier": w.method("contacts.dossier", [["id", ContactId]], w.map(w.json)),
  "contacts.block": w.method("contacts.block", [["id", ContactId]], w.nothing),
  "contacts.unblock": w.method("contacts.unblock", [["id", ContactId]], w.nothing),
  "contacts.set_active": w.method("contacts.set_active", [["id", ContactId], ["active", w.bool]], w.nothing),
  "contacts.timeline": w.method("contacts.timeline", [["id", ContactId], ["kinds", w.optional(w.list(JournalKind))], ["page", w.optional(PageRequest)]], w.page(JournalEntry)),
  "contacts.window": w.method("contacts.window", [["id", ContactId], ["account", AccountId]], WindowState),
  "notes.add": w.method("notes.add", [["contact", ContactId], ["text", w.text]], Note),
  "notes.edit": w.method("notes.edit", [["id", NoteId], ["text", w.text]], Note),
  "notes.remove": w.method("notes.remove", [["id", NoteId]], w.nothing),
  "notes.list": w.method("notes.list", [["contact", ContactId], ["page", w.optional(PageRequest)]], w.page(Note)),
  "phones.parse": w.method("phones.parse", [["text", w.text]], Phone),
  "phones.parse_wa_id": w.method("phones.parse_wa_id", [["wa_id", w.text]], Phone),
  "consent.get": w.method("consent.get", [["contact", ContactId]], ConsentState),
  "consent.opt_in": w.method("consent.opt_in", [["contact", ContactId], ["proof", w.optional(w.text)]], w.bool),
  "consent.opt_out": w.method("consent.opt_out", [["contact", ContactId], ["proof", w.optional(w.text)]], w.bool),
  "consent.set": w.method("consent.set", [["contact", ContactId], ["request", ConsentRequest]], w.bool),
  "consent.explain": w.method("consent.explain", [["request", SendRequest]], Explanation),
  "tags.rename": w.method("tags.rename", [["name", w.text], ["new", w.text]], w.natural),
  "tags.merge": w.method("tags.merge", [["name", w.text], ["into", w.text]], w.natural),
  "tags.delete": w.method("tags.delete", [["name", w.text]], w.natural),
  "tags.list": w.method("tags.list", [], w.list(TagCount)),
  "rules.add": w.method("rules.add", [["pattern", Pattern], ["tags", w.list(w.text)]], RuleId),
  "rules.put": w.method("rules.put", [["rule", Rule]], w.nothing),
  "rules.remove": w.method("rules.remove", [["id", RuleId]], w.nothing),
  "rules.list": w.method("rules.list", [], w.list(Rule)),
  "rules.test": w.method("rules.test", [["text", w.text], ["channel", Channel]], w.list(RuleMatch)),
  "attributes.define": w.method("attributes.define", [["name", w.text], ["kind", AttributeKind]], w.nothing),
  "attributes.change": w.method("attributes.change", [["name", w.text], ["kind", AttributeKind], ["force", w.optional(w.bool)]], w.natural),
  "attributes.remove": w.method("attributes.remove", [["name", w.text], ["force", w.optional(w.bool)]], w.natural),
  "attributes.list": w.method("attributes.list", [], w.list(Attribute)),
  "segments.create": w.method("segments.create", [["name", w.text], ["filter", Filter]], SegmentId),
  "segments.get": w.method("segments.get", [["id", SegmentId]], Segment),
  "segments.list": w.method("segments.list", [], w.list(Segment)),
  "segments.update": w.method("segments.update", [["id", SegmentId], ["name", w.text], ["filter", Filter]], w.nothing),
  "segments.delete": w.method("segments.delete", [["id", SegmentId]], w.nothing),
  "imports.template": w.method("imports.template", [], w.text),
  "imports.inspect": w.method("imports.inspect", [["file", FileSource], ["format", w.optional(ImportFormat)]], Inspected),
  "imports.check": w.method("imports.check", [["file", FileSource], ["options", w.optional(ImportOptions)], ["rejected", w.optional(w.text)]], ImportReport, ImportCounts),
  "imports.run": w.method("imports.run", [["file", FileSource], ["options", w.optional(ImportOptions)], ["rejected", w.optional(w.text)]], ImportReport, ImportCounts),
  "imports.resume": w.method("imports.resume", [["id", ImportId], ["file", FileSource], ["rejected", w.optional(w.text)]], ImportReport, ImportCounts),
  "imports.get": w.method("imports.get", [["id", ImportId]], Import),
  "inbox.send": w.method("inbox.send", [["request", SendRequest]], Message),
  "inbox.start": w.method("inbox.start", [["new", NewContact]], StartedConversation),
  "inbox.send_text": w.method("inbox.send_text", [["contact", ContactId], ["text", w.text]], Message),
  "inbox.render": w.method("inbox.render", [["contact", ContactId], ["text", w.text], ["strict", w.bool]], Rendered),
  "inbox.fetch_media": w.method("inbox.fetch_media", [["message", MessageId]], StoredFile),
  "inbox.upload": w.method("inbox.upload", [["file", NewMedia], ["source", FileSource]], Media),
  "inbox.message": w.method("inbox.message", [["id", MessageId]], Message),
  "inbox.messages": w.method("inbox.messages", [["conversation", ConversationId], ["page", w.optional(PageRequest)]], w.page(Message)),
  "inbox.conversations": w.method("inbox.conversations", [["contact", w.optional(ContactId)], ["page", w.optional(PageRequest)]], w.page(Conversation)),
  "inbox.mark_read": w.method("inbox.mark_read", [["id", MessageId]], w.nothing),
  "inbox.get": w.method("inbox.get", [["id", ConversationId]], Conversation),
  "inbox.list": w.method("inbox.list", [["filter", w.optional(ConversationFilter)], ["page", w.optional(PageRequest)]], w.page(Conversation)),
  "inbox.counts": w.method("inbox.counts", [["filter", w.optional(ConversationFilter)]], ConversationCounts),
  "inbox.assign": w.method("inbox.assign", [["id", ConversationId], ["assignee", w.optional(AgentId)]], Conversation),
  "inbox.set_handler": w.method("inbox.set_handler", [["id", ConversationId], ["handler", Handler]], Conversation),
  "inbox.hand_over": w.method("inbox.hand_over", [["id", ConversationId], ["to", w.optional(AgentId)]], Conversation),
  "inbox.resolve": w.method("inbox.resolve", [["id", ConversationId]], Conversation),
  "inbox.reopen": w.method("inbox.reopen", [["id", ConversationId]], Conversation),
  "inbox.read": w.method("inbox.read", [["id", ConversationId]], Conversation),
  "inbox.unread": w.method("inbox.unread", [["id", ConversationId]], Conversation),
  "inbox.star": w.method("inbox.star", [["id", ConversationId], ["starred", w.bool]], Conversation),
  "inbox.archive": w.method("inbox.archive", [["id", ConversationId], ["archived", w.bool]], Conversation),
  "inbox.label": w.method("inbox.label", [["id", ConversationId], ["labels", w.list(w.text)]], w.natural),
  "inbox.unlabel": w.method("inbox.unlabel", [["id", ConversationId], ["labels", w.list(w.text)]], w.natural),
  "inbox.labels": w.method("inbox.labels", [], w.list(LabelCount)),
  "inbox.bulk": w.method("inbox.bulk", [["selection", ConversationSelection], ["action", ConversationAction], ["after", w.optional(w.text)]], InboxReport, InboxReport),
  "routing.add": w.method("routing.add", [["rule", NewRoutingRule]], RuleId),
  "routing.put": w.method("routing.put", [["rule", RoutingRule]], w.nothing),
  "routing.remove": w.method("routing.remove", [["id", RuleId]], w.nothing),
  "routing.order": w.method("routing.order", [["ids", w.list(RuleId)]], w.nothing),
  "routing.list": w.method("routing.list", [], w.list(RoutingRule)),
  "routing.test": w.method("routing.test", [["contact", ContactId], ["channel", Channel]], w.optional(RoutingRule)),
  "quick_replies.create": w.method("quick_replies.create", [["shortcut", w.text], ["body", w.text]], QuickReplyId),
  "quick_replies.get": w.method("quick_replies.get", [["id", QuickReplyId]], QuickReply),
  "quick_replies.list": w.method("quick_replies.list", [], w.list(QuickReply)),
  "quick_replies.update": w.method("quick_replies.update", [["id", QuickReplyId], ["shortcut", w.text], ["body", w.text]], w.nothing),
  "quick_replies.delete": w.method("quick_replies.delete", [["id", QuickReplyId]], w.nothing),
  "quick_replies.pick": w.method("quick_replies.pick", [["typed", w.text]], w.list(QuickReply)),
  "quick_replies.render": w.method("quick_replies.render", [["id", QuickReplyId], ["contact", ContactId], ["strict", w.bool]], Rendered),
  "analytics.ctwa": w.method("analytics.ctwa", [["since", w.time], ["until", w.time]], w.list(AdReport)),
  "analytics.csat": w.method("analytics.csat", [["since", w.time], ["until", w.time], ["by", AnalyticsGroup]], w.list(CsatReport)),
  "analytics.inbox": w.method("analytics.inbox", [["since", w.time], ["until", w.time], ["by", AnalyticsGroup]], w.list(InboxFigures)),
  "templates.put": w.method("templates.put", [["template", Template]], w.nothing),
  "templates.sync": w.method("templates.sync", [["account", AccountId]], w.natural),
  "templates.get": w.method("templates.get", [["name", w.text], ["language", w.text]], Template),
  "templates.list": w.method("templates.list", [], w.list(Template)),
  "broadcasts.create": w.method("broadcasts.create", [["new", NewBroadcast]], BroadcastId),
  "broadcasts.update": w.method("broadcasts.update", [["id", BroadcastId], ["new", NewBroadcast]], w.nothing),
  "broadcasts.get": w.method("broadcasts.get", [["id", BroadcastId]], Broadcast),
  "broadcasts.list": w.method("broadcasts.list", [["page", w.optional(PageRequest)]], w.page(Broadcast)),
  "broadcasts.preview": w.method("broadcasts.preview", [["id", BroadcastId]], Preview),
  "broadcasts.simulate": w.method("broadcasts.simulate", [["id", BroadcastId], ["page", w.optional(PageRequest)]], w.page(Simulated)),
  "broadcasts.send_test": w.method("broadcasts.send_test", [["id", BroadcastId], ["contact", ContactId]], Message),
  "broadcasts.launch": w.method("broadcasts.launch", [["id", BroadcastId]], w.nothing),
  "broadcasts.schedule": w.method("broadcasts.schedule", [["id", BroadcastId], ["schedule", NewSchedule]], BroadcastState),
  "broadcasts.unschedule": w.method("broadcasts.unschedule", [["id", BroadcastId]], w.nothing),
  "broadcasts.pause": w.method("broadcasts.pause", [["id", BroadcastId]], w.nothing),
  "broadcasts.resume": w.method("broadcasts.resume", [["id", BroadcastId]], w.nothing),
  "broadcasts.cancel": w.method("broadcasts.cancel", [["id", BroadcastId]], w.nothing),
  "broadcasts.stats": w.method("broadcasts.stats", [["id", BroadcastId]], Stats),
  "broadcasts.recipients": w.method("broadcasts.recipients", [["id", BroadcastId], ["who", w.optional(RecipientFilter)], ["page", w.optional(PageRequest)]], w.page(Recipient)),
  "broadcasts.resend_unconfirmed": w.method("broadcasts.resend_unconfirmed", [["dispatch", DispatchId]], w.nothing),
  "sequences.create": w.method("sequences.create", [["new", NewSequence]], SequenceId),
  "sequences.update": w.method("sequences.update", [["id", SequenceId], ["new", NewSequence]], w.natural),
  "sequences.get": w.method("sequences.get", [["id", SequenceId]], DripSequence),
  "sequences.get_version": w.method("sequences.get_version", [["id", SequenceId], ["version", w.natural]], SequenceDefinition),
  "sequences.list": w.method("sequences.list", [["page", w.optional(PageRequest)]], w.page(DripSequence)),
  "sequences.activate": w.method("sequences.activate", [["id", SequenceId]], w.nothing),
  "sequences.pause": w.method("sequences.pause", [["id", SequenceId]], w.nothing),
  "sequences.resume": w.method("sequences.resume", [["id", SequenceId]], w.nothing),
  "sequences.enroll": w.method("sequences.enroll", [["id", SequenceId], ["contact", ContactId]], EnrollmentId),
  "sequences.unenroll": w.method("sequences.unenroll", [["id", SequenceId], ["contact", ContactId]], w.nothing),
  "sequences.enrollments": w.method("sequences.enrollments", [["id", SequenceId], ["who", w.optional(EnrollmentFilter)], ["page", w.optional(PageRequest)]], w.page(Enrollment)),
  "sequences.of_contact": w.method("sequences.of_contact", [["contact", ContactId], ["page", w.optional(PageRequest)]], w.page(Enrollment)),
  "sequences.stats": w.method("sequences.stats", [["id", SequenceId]], SequenceFunnel),
  "sequences.simulate": w.method("sequences.simulate", [["id", SequenceId], ["contacts", Selection], ["assume", w.optional(SimulationAssumption)], ["page", w.optional(PageRequest)]], w.page(SimulatedRun)),
  "accounts.connect": w.method("accounts.connect", [["new", NewAccount]], AccountId),
  "accounts.get": w.method("accounts.get", [["id", AccountId]], Account),
  "accounts.waits": w.method("accounts.waits", [["id", AccountId]], w.optional(Waits)),
  "accounts.list": w.method("accounts.list", [], w.list(Account)),
  "accounts.resume": w.method("accounts.resume", [["id", AccountId]], w.nothing),
  "accounts.set_rate": w.method("accounts.set_rate", [["id", AccountId], ["messages_per_second", w.optional(w.natural)]], w.nothing),
  "accounts.disable": w.method("accounts.disable", [["id", AccountId]], w.nothing),
  "team.add": w.method("team.add", [["name", w.text], ["role", Role]], Member),
  "team.rename": w.method("team.rename", [["id", AgentId], ["name", w.text]], Member),
  "team.set_role": w.method("team.set_role", [["id", AgentId], ["role", Role]], Member),
  "team.deactivate": w.method("team.deactivate", [["id", AgentId], ["successor", w.optional(AgentId)]], w.natural),
  "team.reactivate": w.method("team.reactivate", [["id", AgentId]], Member),
  "team.get": w.method("team.get", [["id", AgentId]], Member),
  "team.list": w.method("team.list", [], w.list(Member)),
  "settings.get": w.method("settings.get", [], Settings),
  "settings.set": w.method("settings.set", [["settings", Settings]], w.nothing),
  "events.read": w.method("events.read", [["after", w.natural], ["limit", w.natural]], w.list(Event)),
  "events.follow": w.method("events.follow", [["after", w.natural], ["limit", w.natural]], w.list(Event)),
  "audit.list": w.method("audit.list", [["filter", w.optional(AuditFilter)], ["page", w.optional(PageRequest)]], w.page(JournalEntry)),
  "audit.verify": w.method("audit.verify", [["against", w.optional(AuditHead)]], AuditVerdict),
  "audit.export": w.method("audit.export", [["file", w.text]], AuditExport),
};

/** What objects of the host are called by. */
export const callbacks: Record<string, w.Callback> = {
  verify: { key: "verify", params: [["query", w.text]], returns: w.text },
  parse: { key: "parse", params: [["request", WebhookRequest]], returns: w.list(InboundEvent) },
  send: { key: "send", params: [["sender", Sender], ["message", Outgoing]], returns: Outcome },
  mark_read: { key: "markRead", params: [["sender", Sender], ["provider_id", w.text]], returns: w.nothing, fallback: null },
  list_templates: { key: "listTemplates", params: [["sender", Sender]], returns: w.list(Template), fallback: [] },
  settle: { key: "settle", params: [["sender", Sender], ["attempt", AttemptId]], returns: w.optional(Outcome), fallback: null },
  credential: { key: "credential", params: [["reference", w.text]], returns: w.text },
  renew: { key: "renew", params: [["reference", w.text], ["refused", w.text]], returns: w.optional(w.text), fallback: null },
  turn: { key: "turn", params: [["turn", HandlerTurn]], returns: w.nothing },
  now: { key: "now", params: [], returns: w.time },
};
