/** Calls that a strict compiler takes. They are compiled, and never run. */
import {
  Crm,
  InvalidError,
  TertuliaError,
  WhatsApp,
  type AgentId,
  type Contact,
  type ContactId,
  type ErrorCode,
  type Filter,
  type Outcome,
  type Settings,
  type Transport,
} from "tertulia";
import { ManualClock, Platform } from "tertulia/testing";

export async function opening(): Promise<Crm> {
  const clock = await ManualClock.open(new Date());
  const platform = await Platform.open({ windows: true, clock });
  const { appSecret, verifyToken, baseUrl, accessToken } = await platform.info();
  await Crm.open();
  await Crm.open({ path: undefined });
  await Crm.open({ credentials: { credential: (reference) => reference.toUpperCase() }, clock: { now: () => new Date() } });
  const crm = await Crm.open({
    path: "crm.db",
    host: "shop",
    transports: { whatsapp: new WhatsApp({ appSecret, verifyToken, baseUrl, timeoutSeconds: 20 }), own: new Own() },
    credentials: { main: accessToken },
    clock,
  });
  await platform.deliverTo(crm, "whatsapp");
  return crm;
}

class Own implements Transport {
  readonly channel = "sms";
  readonly correlation = "none";

  verify(query: string) {
    return query;
  }

  parse() {
    return [];
  }

  async send(sender: { credential: string }): Promise<Outcome> {
    if (sender.credential === "") throw new TertuliaError("credential.missing", "no key");
    return { accepted: { providerId: "1" } };
  }
}

export async function using(crm: Crm, agent: AgentId): Promise<void> {
  const org = crm.org(await crm.createOrg({ name: "Casa Lua" })).actingAs(agent);
  const ana: Contact = await org.contacts.create({ phone: "+351 912 345 678", tags: ["vip"], attributes: { City: "Lisboa" } });
  const id: ContactId = ana.id;
  const phone: string | undefined = (await org.contacts.findByEmail("ana@example.com"))?.phone;
  const settings: Settings = await org.settings.get();
  await org.settings.set({ ...settings, zone: settings.zone.toLowerCase() });
  await org.settings.set({ name: phone ?? "Casa Lua", keywords: { pt: { stop: ["sair"] } } });
  const filter: Filter = { and: ["everyone", { not: { tags: { any: ["vip"] } } }, { optedIn: true }] };
  for await (const { createdAt, attributes } of org.contacts.list(filter, undefined, { limit: 100 })) {
    const since: number = createdAt.getTime();
    const city: unknown = attributes.City;
    void [since, city];
  }
  const { items, next } = await org.contacts.timelinePage(id, ["message_sent"]);
  for (const { what } of items) {
    switch (what.what) {
      case "message_sent":
        void [what.message, next];
        break;
      case "tag_added":
        void [what.tag, what.rule];
        break;
      default:
    }
  }
  const window = await org.contacts.window(id, (await org.accounts.list())[0]!.id);
  const left: number = window.state === "open" ? window.secondsLeft : 0;
  const { content } = await org.inbox.send({ contact: id, draft: { content: { type: "text", body: `${left}` } } });
  if (content.type === "media") void [content.voice, content.source];
  const file = { bytes: new Uint8Array() };
  const report = await org.imports.run(file, { onDuplicate: "fill_gaps" }, "rejected.csv", {
    progress: ({ created }) => void created,
    signal: new AbortController().signal,
  });
  void report.counts.created;
  await org.contacts.bulk({ ids: [id] }, { lead: "hot" }, undefined, { progress: ({ changed, next }) => void [changed, next] });
  for (const { lifts } of (await org.consent.explain({ contact: id, draft: { content: { type: "text", body: "" } } })).denials) {
    const when: string | Date = "at" in lifts ? lifts.at : lifts.when;
    void when;
  }
}

export function failing(error: unknown): number {
  if (error instanceof InvalidError) throw error;
  if (!(error instanceof TertuliaError)) return 500;
  const code: ErrorCode = error.code;
  return code === "webhook.signature_wrong" && error.kind === "forbidden" ? error.httpStatus : 503;
}
