/** Calls that a strict compiler refuses, each on the line that follows; where one is taken, this does not compile. */
import { Crm, TertuliaError, WhatsApp, type ErrorCode, type Org, type Transport } from "tertulia";
import { ManualClock, Platform } from "tertulia/testing";

export async function wrong(crm: Crm, org: Org): Promise<void> {
  // @ts-expect-error: an option that there is not
  await Crm.open({ file: "crm.db" });
  // @ts-expect-error: a transport is an object of its class, not its options
  await Crm.open({ transports: { whatsapp: { appSecret: "secret", verifyToken: "token" } } });
  // @ts-expect-error: the token is missing
  new WhatsApp({ appSecret: "secret" });
  // @ts-expect-error: a CRM is opened, not made
  new Crm();
  // @ts-expect-error: a clock shows a Date
  await ManualClock.open("2026-01-05T09:00:00Z");
  // @ts-expect-error: a platform delivers to a CRM
  await (await Platform.open()).deliverTo(org, "whatsapp");
  // @ts-expect-error: an id is no mere text
  crm.org("0190");
  // @ts-expect-error: of an organisation, not of a contact
  crm.org((await org.contacts.get(org.id)).id);
  // @ts-expect-error: a phone is text
  await org.contacts.create({ phone: 351912345678 });
  // @ts-expect-error: names are in camel case
  await org.contacts.create({ first_name: "Ana" });
  // @ts-expect-error: no such lead status
  await org.contacts.create({ lead: "lukewarm" });
  // @ts-expect-error: a Date is no JSON
  await org.contacts.create({ attributes: { Since: new Date() } });
  // @ts-expect-error: a filter is one of its variants
  await org.contacts.count({ everyone: true });
  // @ts-expect-error: no page of everything, but page after page
  (await org.contacts.list("everyone")).items;
  // @ts-expect-error: what may be absent is looked at first
  (await org.contacts.findByPhone("+351912345678")).name.length;
  // @ts-expect-error: a template has a category
  await org.templates.put({ name: "spring_sale", language: "en_US", status: "APPROVED" });
  // @ts-expect-error: text has a body
  await org.inbox.send({ contact: (await org.contacts.get("" as never)).id, draft: { content: { type: "text" } } });
  // @ts-expect-error: a window has no time before it is looked at whether it is open
  (await org.contacts.window("" as never, "" as never)).until;
  // @ts-expect-error: bytes are bytes
  await org.imports.inspect({ bytes: "phone,name" });
  // @ts-expect-error: a signal, not its controller
  await org.imports.check({ path: "contacts.csv" }, {}, undefined, { signal: new AbortController() });
  // @ts-expect-error: it tells counts, which have no such field
  await org.imports.check({ path: "contacts.csv" }, {}, undefined, { progress: ({ changed }) => changed });
  // @ts-expect-error: only long work is watched
  await org.contacts.count("everyone", { signal: AbortSignal.abort() });
  // @ts-expect-error: a call is not its answer
  (org.contacts.count("everyone") as Promise<number>) + 1;
  // @ts-expect-error: no such code
  new TertuliaError("window.shut", "no");
  // @ts-expect-error: no such code either
  const code: ErrorCode = "window.shut";
  // @ts-expect-error: an answer is not changed in kind
  const transport: Transport["send"] = () => ({ delivered: {} });
  void [code, transport];
}
