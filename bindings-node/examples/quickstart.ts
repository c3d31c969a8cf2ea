/**
 * What the library is for, in a minute: `node build/examples/quickstart.js [FOLDER]`.
 *
 * Over a folder, by default a new temporary one, it plays a day of a small shop: a CSV with bad rows, people who write,
 * one who says STOP, and a broadcast. Run it again over the same folder, or kill it half-way and run it again: nobody
 * gets the broadcast twice.
 */
import { mkdir, mkdtemp, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import {
  Crm,
  TertuliaError,
  WhatsApp,
  type AccountId,
  type Contact,
  type JournalEvent,
  type Org,
  type SendRequest,
  type Stats,
} from "tertulia";
import { Platform } from "tertulia/testing";

const folder = process.argv[2] ?? (await mkdtemp(join(tmpdir(), "tertulia-")));
await mkdir(folder, { recursive: true });
const file = join(folder, "crm.db");

// A stand-in for WhatsApp on this machine. With the real one, only the secrets and the base URL differ.
const platform = await Platform.open();
const { appSecret, verifyToken, baseUrl, accessToken, phoneNumberId, wabaId } = await platform.info();
const crm = await Crm.open({
  path: file,
  transports: { whatsapp: new WhatsApp({ appSecret, verifyToken, baseUrl }) },
  credentials: { "main number": accessToken },
});
title(`The CRM is one file: ${file}`);
const { shop, account } = await openShop();

await importContacts();
// What a host's HTTP route does with a request of the platform: `crm.receive("whatsapp", request)`.
await platform.deliverTo(crm, "whatsapp");
await peopleWrite();
await broadcast();
await timeline();

const accepted = (await platform.accepted()).length;
title(`By the platform's own log, this run sent ${accepted} messages.`);
console.log(`  Run it again over ${folder}: nobody gets the broadcast twice.`);
await crm.close();

function title(text: string): void {
  console.log(`\n${text}`);
}

/** The shop of this folder: made on the first run, found again on the next. */
async function openShop(): Promise<{ shop: Org; account: AccountId }> {
  const [known] = await crm.orgs();
  const shop = crm.org(known ?? (await crm.createOrg({ name: "Casa Lua" })));
  await shop.attributes.define("City", { type: "text" });
  if ((await shop.rules.list()).length === 0) {
    await shop.rules.add({ kind: "contains", text: "order" }, ["buyer"]);
    await shop.rules.add({ kind: "exact", text: "PROMO" }, ["promo"]);
    await shop.rules.add({ kind: "startsWith", text: "REF" }, ["referral"]);
  }
  await shop.templates.put({
    name: "spring_sale",
    language: "en_US",
    category: "MARKETING",
    status: "APPROVED",
    components: [{ type: "BODY", text: "Hi {{1}}, {{2}} has new teas. Reply STOP to hear no more." }],
  });
  const [sender] = await shop.accounts.list();
  const account =
    sender?.id ??
    (await shop.accounts.connect({
      channel: "whatsapp",
      senderId: phoneNumberId,
      businessId: wabaId,
      name: "Main number",
      credential: "main number",
    }));
  return { shop, account };
}

async function importContacts(): Promise<void> {
  title("A CSV with bad rows is imported: the good ones go in, the bad ones come back with their reasons.");
  const bytes = await readFile(new URL("../../../examples/data/contacts.csv", import.meta.url));
  const rejected = join(folder, "rejected.csv");
  const { counts, rejections } = await shop.imports.run({ bytes }, { file: "contacts.csv" }, rejected);
  const { created, updated, unchanged } = counts;
  const rows = created + updated + unchanged + counts.rejected;
  console.log(`  ${rows} rows = ${created} created + ${updated} updated + ${unchanged} unchanged + ${counts.rejected} rejected`);
  for (const { line, errors } of rejections) {
    const reasons = errors.map(({ column, reason }) => (column === "" ? reason : `${column}: ${reason}`));
    console.log(`  line ${String(line).padStart(2)}: ${reasons.join("; ")}`);
  }
  console.log(`  (${(await stat(rejected)).size} bytes of rejected rows, to mend and upload)`);
}

async function peopleWrite(): Promise<void> {
  title("People write; each webhook is signed, and durable when it is answered.");
  // The platform's clock tells whole seconds: a moment later, what they write comes after the import.
  await setTimeout(1000);
  const dora = { phone: "+12025550123", name: "Dora" };
  await platform.say({ phone: "+351912345678", name: "Ana" }, "Is my order ready?");
  await platform.say({ phone: "+5215512345678", name: "Ximena" }, "PROMO");
  await platform.say({ userId: "US.13491208655302741918", name: "Pablo" }, "REF 77, a friend sent me");
  await platform.say(dora, "  stop!! ");
  await platform.say(dora, "and who are you?");
  await platform.drain();
  for await (const { id, name = "", phone = "no number", tags } of shop.contacts.list("everyone", "name")) {
    const { optedIn, basis } = await shop.consent.get(id);
    const source = (basis?.source ?? "never asked").padEnd(11);
    const window = (await windowOf(id)).padEnd(22);
    const consent = `opted in: ${(optedIn ? "yes" : "no").padEnd(3)} (${source})`;
    console.log(`  ${name.padEnd(12)} ${phone.padEnd(15)} ${consent} window: ${window} tags: ${tags.join(", ")}`);
  }

  title("May Dora, who said STOP, be sent “Sorry, who is asking?”  No, and this is why:");
  const contact = await shop.contacts.findByPhone(dora.phone);
  if (contact === undefined) throw new Error("Dora is missing");
  const content = { type: "text", body: "Sorry, who is asking?" } as const;
  const request: SendRequest = { contact: contact.id, account, draft: { content } };
  for (const { code, lifts } of (await shop.consent.explain(request)).denials) {
    console.log(`  [${code}] yes when ${"at" in lifts ? lifts.at.toISOString() : lifts.when}`);
  }
  const refused = await shop.inbox.send(request).catch((error: unknown) => error);
  if (!(refused instanceof TertuliaError)) throw new Error("the gate let it through");
  console.log(`  and sending fails with ${refused.code}`);
}

async function windowOf(id: Contact["id"]): Promise<string> {
  const window = await shop.contacts.window(id, account);
  if (window.state !== "open") return "closed";
  const minutes = Math.floor(window.secondsLeft / 60);
  return `open, ${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min left`;
}

async function broadcast(): Promise<void> {
  await platform.receipts("read");
  const { items } = await shop.broadcasts.listPage({ limit: 1 });
  let id = items[0]?.id;
  if (id !== undefined) {
    title("The broadcast of an earlier run is found again; what is left of it goes on.");
  } else {
    const text = (text: string) => ({ type: "text", text }) as const;
    id = await shop.broadcasts.create({
      name: "Spring",
      account,
      template: "spring_sale",
      language: "en_US",
      parameters: { body: [text("{{contact.firstName|there}}"), text("{{org.name}}")] },
      target: { filter: { tags: { any: ["vip", "promo", "referral"] } } },
    });
    title("A broadcast to everybody tagged vip, promo or referral, looked at before it goes:");
    const { total, first, leftOut } = await shop.broadcasts.preview(id);
    console.log(`  goes to ${total}: ${first.flatMap(({ name }) => name ?? []).join(", ")}`);
    for (const [reason, count] of Object.entries(leftOut)) {
      console.log(`  left out: ${count} ${reason.replaceAll("_", " ")}`);
    }
    await shop.broadcasts.launch(id);
  }
  await crm.runDue();
  await platform.drain();
  funnel(await shop.broadcasts.stats(id));
}

function funnel(stats: Stats): void {
  title("The funnel, after the platform's statuses came in:");
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, count) => all + count, 0);
  const rows: [name: string, count: number][] = [
    ["fitted the target", stats.total],
    ["left out", sum(stats.skipped)],
    ["sent", stats.sent],
    ["delivered", stats.delivered],
    ["read", stats.read],
    ["failed", sum(stats.failed)],
    ["waiting", stats.pending],
    ["in doubt", stats.sending + stats.unknown + stats.unconfirmed],
  ];
  for (const [name, count] of rows) {
    const bar = "█".repeat(Math.floor((count * 40) / Math.max(stats.total, 1)));
    console.log(`  ${name.padEnd(18)} ${String(count).padStart(3)} ${bar}`);
  }
  if (stats.sending + stats.unknown > 0) {
    console.log("  (an earlier run was killed while it sent: a status settles these, or they end as unconfirmed)");
  }
}

async function timeline(): Promise<void> {
  title("Ana's timeline:");
  const ana = await shop.contacts.findByPhone("+351 912 345 678");
  if (ana === undefined) throw new Error("Ana is missing");
  for await (const { at, what } of shop.contacts.timeline(ana.id)) {
    console.log(`  ${at.toISOString().slice(0, 19).replace("T", " ")}  ${told(what)}`);
  }
}

/** An event, in words. */
function told(event: JournalEvent): string {
  switch (event.what) {
    case "tag_added":
      return event.rule === undefined ? `tagged ${event.tag}` : `tagged ${event.tag} by a rule`;
    case "consent_changed":
      return `consent: ${pascal(event.fact.change)} by ${pascal(event.fact.source)}; opted in: ${event.after}`;
    case "message_received":
      return "wrote";
    case "message_sent":
      return event.broadcast === undefined ? "message sent" : "was sent the broadcast";
    case "identity_added":
      return `address ${event.address.value} (${event.address.kind})`;
    default:
      return event.what.replaceAll("_", " ");
  }
}

function pascal(word: string): string {
  return word.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
