/** What does not fit is refused with a typed error that names the place, and never crashes anything. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";

import { Crm, InvalidError, TertuliaError, WhatsApp, type Org, type OrgId, type Sender } from "tertulia";
import { ManualClock, Platform } from "tertulia/testing";

import { first, transport, written } from "./support.js";

/** Without types: what a host in plain JavaScript may do. */
type Loose = Record<string, (...args: unknown[]) => Promise<unknown>>;

const loose = (area: object) => area as Loose;

async function refused(call: () => unknown, message: RegExp): Promise<void> {
  await assert.rejects(async () => call(), (error: unknown) => {
    assert.ok(error instanceof InvalidError, String(error));
    assert.equal(error.code, "input.invalid");
    assert.match(error.message, message);
    return true;
  });
}

let org: Org;
test.before(async () => {
  org = await first(await Crm.open());
  await org.attributes.define("City", { type: "text" });
});

test("a value of the wrong type is refused where it stands", async () => {
  const { contacts, consent, rules, broadcasts, events, settings } = org;
  const cases: [area: object, method: string, args: unknown[], message: RegExp][] = [
    [contacts, "create", [{ phone: 351912345678 }], /^contacts\.create new\.phone: expected text, found a number$/],
    [contacts, "create", ["Ana"], /new: expected an object, found text/],
    [contacts, "create", [], /new: expected an object, found undefined/],
    [contacts, "create", [null], /new: expected an object, found null/],
    [contacts, "create", [new Date()], /new: expected an object, found a Date/],
    [contacts, "create", [new Map([["phone", "+351"]])], /new: expected an object, found a Map/],
    [contacts, "create", [{ tags: "vip" }], /new\.tags: expected a list, found text/],
    [contacts, "create", [{ tags: ["vip", 7] }], /new\.tags\[1\]: expected text/],
    [contacts, "create", [{ tags: null }], /new\.tags: expected a list, found null/],
    [contacts, "create", [{ tags: new Array(1) }], /new\.tags\[0\]: expected text, found undefined/],
    [contacts, "create", [{ optedIn: "yes" }], /new\.optedIn: expected true or false, found text/],
    [contacts, "create", [{ lead: "lukewarm" }], /new\.lead: expected one of .*warm, .*, found "lukewarm"$/],
    [contacts, "create", [{ attributes: { City: undefined } }], /new\.attributes\.City: expected JSON, found undefined/],
    [contacts, "create", [{ attributes: { City: new Date() } }], /new\.attributes\.City: expected JSON, found a Date/],
    [contacts, "create", [{ attributes: { City: () => "Lisboa" } }], /City: expected JSON, found a function/],
    [contacts, "create", [{ attributes: { City: Symbol("Lisboa") } }], /City: expected JSON, found a symbol/],
    [contacts, "create", [{ attributes: { City: Number.NaN } }], /new\.attributes\.City: expected a finite number, found the number NaN/],
    [contacts, "create", [{ attributes: { City: 10n } }], /new\.attributes\.City: expected JSON, found a bigint/],
    [contacts, "get", [null], /contacts\.get id: expected text, found null/],
    [contacts, "get", [undefined], /contacts\.get id: expected text, found undefined/],
    [contacts, "tag", ["id"], /tags: expected a list, found undefined/],
    [contacts, "listPage", [{ everyone: true }], /filter: expected one of "everyone", \{ and \}/],
    [contacts, "listPage", [{ and: [], or: [] }], /filter: expected one of/],
    [contacts, "listPage", [{ and: ["nobody"] }], /filter: *|and\[0\]: expected one of .*, found "nobody"/],
    [contacts, "listPage", ["everyone", undefined, { limit: 2.5 }], /page\.limit: expected a whole number from 0 on, found the number 2.5/],
    [contacts, "listPage", ["everyone", undefined, { limit: -1 }], /page\.limit: expected a whole number from 0 on/],
    [contacts, "listPage", ["everyone", undefined, { limit: Number.NaN }], /page\.limit: .* found the number NaN/],
    [contacts, "listPage", ["everyone", undefined, { limit: Number.POSITIVE_INFINITY }], /page\.limit: .* Infinity/],
    [contacts, "listPage", ["everyone", undefined, { limit: 10n }], /page\.limit: .* found a bigint/],
    [events, "read", [2 ** 53, 10], /after: expected a whole number from 0 on/],
    [settings, "set", [{ name: "Casa Lua", windowClosingSoonSeconds: 2 ** 32 }], /settings\.window_closing_soon_seconds.*4294967296/],
    [events, "read", ["0", 10], /after: expected a whole number from 0 on, found text/],
    [consent, "set", ["id", { optIn: true, scope: { purpose: "everything" }, at: new Date(Number.NaN) }], /request\.at: expected a valid Date, found an invalid Date/],
    [consent, "set", ["id", { optIn: true, scope: { purpose: "everything" }, at: "2026-01-05T09:00:00Z" }], /request\.at: expected a valid Date, found text/],
    [consent, "set", ["id", { scope: { purpose: "everything" } }], /request\.optIn: it is missing/],
    [rules, "add", [{ kind: "contains" }, ["vip"]], /pattern\.text: it is missing/],
    [broadcasts, "create", [{ name: "Spring" }], /new\.account: it is missing/],
    [settings, "set", [{ name: "Casa Lua", zone: 1 }], /settings\.zone: expected text/],
    [org.inbox, "send", [{ contact: "id", draft: { content: { type: "sonnet" } } }], /draft\.content\.type: expected one of text, media.*"sonnet"/],
    [org.inbox, "send", [{ contact: "id", draft: { content: { body: "hello" } } }], /content\.type: expected one of .*, found undefined/],
    [org.imports, "inspect", [{ bytes: "phone,name" }], /file\.bytes: expected bytes \(a Uint8Array\), found text/],
    [org.imports, "inspect", [{ bytes: [112] }], /file\.bytes: expected bytes .* found a list/],
    [org.imports, "inspect", [{}], /file: expected one of \{ path \}, \{ bytes \}/],
  ];
  for (const [area, method, args, message] of cases) {
    await refused(() => loose(area)[method]!(...args), message);
  }
});

test("a field that there is not is refused, wherever it stands", async () => {
  await refused(() => loose(org.contacts).create!({ name: "Ana", optedin: true }), /there is no field "optedin"; there are phone, /);
  await refused(() => loose(org.contacts).create!({ name: "Ana", first_name: "Ana" }), /there is no field "first_name"/);
  await refused(() => loose(org.contacts).create!({ name: "Ana", constructor: 1 }), /there is no field "constructor"/);
  await refused(
    () => loose(org.inbox).send!({ contact: "id", draft: { content: { type: "text", body: "hello", text: "hello" } } }),
    /draft\.content: there is no field "text"; there are body/,
  );
});

test("undefined is absent, and so is null where a value may be absent", async () => {
  const contact = await loose(org.contacts).create!({
    name: "Bea",
    phone: "+351 912 345 679",
    email: null,
    lastName: undefined,
    nickname: undefined,
    tags: undefined,
  });
  assert.ok(!("email" in (contact as object)));
  assert.equal((await loose(org.contacts).listPage!("everyone", null, null) as { items: object[] }).items.length > 0, true);
});

test("text that is no text is refused, and the rest of Unicode comes back as it was", async () => {
  await refused(() => org.contacts.create({ name: "Ana \ud83d", phone: "+351912345670" }), /new\.name: it holds half of a surrogate pair/);
  await refused(() => org.contacts.create({ name: "Ana", attributes: { "\udc00": 1 } }), /half of a surrogate pair/);
  await refused(() => org.contacts.create({ name: "Ana", attributes: { City: ["\ud83d"] } }), /City\[0\]: it holds half of a surrogate pair/);
  await refused(async () => (await Crm.open()).org("\ud83d" as OrgId), /Crm\.open|Crm\.org id: it holds half/);
  const name = "Ana ☕ 🫖 \u0301 e\u0301 \u0000\u2028 é";
  const attributes = { City: "São\tPaulo" };
  const { id } = await org.contacts.create({ name, phone: "+351912345671", attributes });
  const stored = await org.contacts.get(id);
  assert.equal(stored.name, name);
  assert.deepEqual(stored.attributes, attributes);
});

test("what is nested without end is refused, and a name like __proto__ is a name", async () => {
  const circle: Record<string, unknown> = {};
  circle.City = circle;
  await refused(() => loose(org.contacts).create!({ name: "Ana", attributes: circle }), /nested more than 100 deep/);
  let filter: unknown = "everyone";
  for (let depth = 0; depth < 100_000; depth += 1) filter = { not: filter };
  await refused(() => loose(org.contacts).count!(filter), /nested more than 100 deep/);
  const attributes = JSON.parse('{"__proto__": "Lisboa"}') as Record<string, string>;
  await assert.rejects(org.contacts.create({ name: "Ana", phone: "+351912345673", attributes }), (error: TertuliaError) => {
    assert.match(error.message, /__proto__/);
    return error.code.startsWith("attribute.");
  });
});

test("what a getter or a proxy of the host throws comes back as it is", async () => {
  const own = new RangeError("mine");
  const throwing = {
    get phone(): string {
      throw own;
    },
  };
  await assert.rejects(org.contacts.create(throwing), own);
});

test("values of another realm are as good as ours", async () => {
  const other = runInNewContext(
    "({ new: { phone: '+351912345672', name: 'Zoe', tags: ['vip'], attributes: { City: 'Lisboa' } }, now: new Date(0) })",
  ) as { new: { phone: string }; now: Date };
  assert.equal((await org.contacts.create(other.new)).phone, "+351912345672");
  assert.equal((await (await ManualClock.open(other.now)).now()).getTime(), 0);
});

test("options are looked at like everything else", async () => {
  const open = (options: unknown) => Crm.open(options as object);
  const own = transport(() => ({ accepted: { providerId: "1" } }));
  await refused(() => open(null), /Crm\.open: expected an object, found null/);
  await refused(() => open({ file: "crm.db" }), /there is no field "file"; there are path, encryptionKey, /);
  await refused(() => open({ path: 5 }), /Crm\.open path: expected text/);
  await refused(() => open({ transports: { own: {} } }), /transports\.own: expected a WhatsApp, a Twilio or a Transport; it has no function verify/);
  await refused(() => open({ transports: { own: { ...own, channel: "pigeon" } } }), /transports\.own\.channel: expected one of whatsapp, .*, found "pigeon"$/);
  await refused(() => open({ transports: { own: { ...own, timeoutSeconds: "1" } } }), /own\.timeoutSeconds: expected a finite number/);
  await refused(() => open({ transports: { own: { ...own, timeoutSeconds: 0 } } }), /timeout_seconds is 0/);
  await refused(() => open({ credentials: { key: undefined } }), /credentials\.key: expected text, found undefined/);
  await refused(() => open({ credentials: "key" }), /credentials: expected an object, found text/);
  await refused(() => open({ clock: new Date() }), /clock: expected a ManualClock or a Clock/);
  await refused(() => new WhatsApp({ appSecret: "secret" } as never), /new WhatsApp verifyToken: it is missing/);
  await refused(() => ManualClock.open(new Date(Number.NaN)), /ManualClock\.open now: expected a valid Date/);
  await refused(() => Platform.open({ clock: {} as ManualClock }), /Platform\.open clock: expected a ManualClock/);
});

test("what is handed over in place of something opened is refused", async () => {
  const platform = await Platform.open();
  await refused(() => platform.deliverTo({} as Crm, "whatsapp"), /nothing that was opened/);
  await refused(() => platform.deliverTo(undefined as unknown as Crm, "whatsapp"), /nothing that was opened/);
  await refused(() => platform.deliverTo(platform as unknown as Crm, "whatsapp"), /to a CRM only/);
  await assert.rejects(async () => org.contacts.get.call({} as never, "id" as never), TypeError);
});

test("what watches long work is looked at, too", async () => {
  const file = { bytes: Buffer.from("phone,name\n+12025550123,Dora\n") };
  await refused(() => loose(org.imports).check!(file, undefined, undefined, { progress: 5 }), /progress: expected a function/);
  await refused(() => loose(org.imports).check!(file, undefined, undefined, { signal: {} }), /signal: expected an AbortSignal/);
  await refused(() => loose(org.imports).check!(file, undefined, undefined, { abort: 1 }), /there is no field "abort"/);
});

test("nothing that is printed shows a secret", async () => {
  const whatsapp = new WhatsApp({ appSecret: "hush", verifyToken: "hush" });
  const crm = await Crm.open({ transports: { whatsapp }, credentials: { key: "hush" } });
  assert.doesNotMatch(inspect([whatsapp, crm, crm.org("id" as OrgId)], { depth: 9, showHidden: true }), /hush/);

  const info = await (await Platform.open()).info();
  const printed = inspect([{ info }], { depth: 9, showHidden: true });
  for (const secret of [info.appSecret, info.verifyToken, info.accessToken]) {
    assert.ok(secret.length > 0 && !printed.includes(secret), printed);
  }
  assert.match(printed, /appSecret: \[secret\]/);
  assert.ok(printed.includes(info.baseUrl) && printed.includes(info.phoneNumberId), printed);

  const senders: Sender[] = [];
  const { org, ana } = await written({
    ...transport(() => ({ accepted: { providerId: "1" } })),
    send: (sender) => {
      senders.push(sender);
      return { accepted: { providerId: "1" } };
    },
  });
  await org.inbox.sendText(ana, "hello");
  assert.equal(senders[0]!.credential, "secret");
  // It is a plain object to all but who prints it.
  assert.deepEqual(senders[0], { channel: "whatsapp", senderId: "own-1", credential: "secret" });
  assert.equal(inspect(senders[0]), "{ channel: 'whatsapp', senderId: 'own-1', credential: [secret] }");
});

test("what is refused is not repeated, as it may be a message, a number or a key", async () => {
  const hush = "+351 912 345 678: hush, hush";
  const cases: [area: object, method: string, args: unknown[]][] = [
    [org.inbox, "send", [{ contact: "id", draft: hush }]],
    [org.inbox, "send", [{ contact: "id", draft: { content: hush } }]],
    [org.inbox, "send", [{ contact: "id", draft: { content: { type: hush } } }]],
    [org.inbox, "send", [{ contact: "id", draft: { [hush.length]: hush } }]],
    [org.inbox, "sendText", ["id", { body: hush }]],
    [org.imports, "inspect", [hush]],
    [org.contacts, "count", [hush]],
    [org.contacts, "create", [{ tags: hush }]],
    [org.contacts, "create", [{ lead: hush }]],
    [org.contacts, "create", [{ name: `${hush}\ud83d` }]],
    [org.contacts, "create", [{ phone: 351912345678 }]],
  ];
  for (const [area, method, args] of cases) {
    await assert.rejects(loose(area)[method]!(...args), (error: unknown) => {
      assert.ok(error instanceof InvalidError, String(error));
      assert.doesNotMatch(error.message, /hush|912/);
      return true;
    });
  }
});

test("times that the library cannot keep are refused", async () => {
  await refused(() => ManualClock.open(new Date(8.64e15)), /now/);
  await refused(() => ManualClock.open(new Date(-8.64e15)), /now/);
  for (const text of ["0000-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"]) {
    const clock = await ManualClock.open(new Date(text));
    assert.equal((await clock.now()).toISOString(), text);
  }
});

test("an error has its class, code and hints, and can be made by hand", () => {
  const error = new TertuliaError("webhook.signature_wrong", "no");
  assert.equal(error.name, "TertuliaError");
  assert.deepEqual([error.kind, error.retry, error.httpStatus], ["forbidden", "never", 401]);
  assert.throws(() => new TertuliaError("constructor" as never, "no"), /there is no error code "constructor"/);
});
