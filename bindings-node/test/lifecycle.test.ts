/** Promises nobody awaits, programs that end, and handles nobody holds. */
import assert from "node:assert/strict";
import { readFile, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { Crm, TertuliaError, type Contact, type Outcome } from "tertulia";
import { Platform } from "tertulia/testing";

import { collected, first, folder, program, transport, written } from "./support.js";

const accepted: Outcome = { accepted: { providerId: "wamid.1" } };

test("a call that nobody waits for still finishes, and the process waits for it", async () => {
  const path = join(await folder(), "crm.db");
  const { ended, output } = await program(
    `import { Crm } from "tertulia";
     const crm = await Crm.open({ path: process.argv[1] });
     void crm.createOrg({ name: "Casa Lua" });`,
    path,
  );
  assert.equal(ended, 0, output);
  assert.equal((await (await Crm.open({ path })).orgs()).length, 1);
});

test("a program ends when it has nothing left to do, whatever it has open", async () => {
  const { ended, output } = await program(
    `import { Crm, WhatsApp } from "tertulia";
     import { ManualClock, Platform } from "tertulia/testing";
     const clock = await ManualClock.open(new Date(0));
     const platform = await Platform.open({ clock });
     const own = {
       channel: "whatsapp", correlation: "none",
       verify: (query) => query, parse: () => [], send: () => ({ accepted: { providerId: "1" } }),
     };
     globalThis.crm = await Crm.open({ transports: { own }, credentials: { credential: () => "key" }, clock: { now: () => new Date() } });
     globalThis.platform = platform;
     await platform.deliverTo(crm, "own");
     await crm.createOrg({});
     console.log("done");`,
  );
  assert.equal(output, "done\n");
  assert.equal(ended, 0);
});

test("work keeps a program going until it is closed", async () => {
  const { ended, output } = await program(
    `import { Crm } from "tertulia";
     const crm = await Crm.open();
     crm.work().then(() => console.log("worked"));
     setTimeout(() => crm.close().then(() => console.log("closed")), 200);`,
  );
  assert.equal(ended, 0, output);
  assert.deepEqual(output.trim().split("\n").sort(), ["closed", "worked"]);
});

test("a program may exit while calls and callbacks are under way", async () => {
  for (let round = 0; round < 5; round += 1) {
    const { ended, output } = await program(
      `import { Crm } from "tertulia";
       const own = {
         channel: "whatsapp", correlation: "none", timeoutSeconds: 60,
         verify: () => new Promise(() => {}), parse: () => [], send: () => new Promise(() => {}),
       };
       const crm = await Crm.open({ transports: { own }, clock: { now: () => new Date() } });
       void crm.work();
       for (let call = 0; call < 50; call += 1) {
         void crm.receive("own", { method: "GET", url: "http://localhost/" });
         void crm.createOrg({});
       }
       setTimeout(() => process.exit(7), Number(process.argv[1]));`,
      String(round * 3),
    );
    assert.equal(ended, 7, output);
  }
});

test("an error that nobody catches is an unhandled rejection like any other", async () => {
  const { ended, output } = await program(
    `import { Crm } from "tertulia";
     const crm = await Crm.open();
     void crm.org("nobody").contacts.count("everyone");`,
  );
  assert.equal(ended, 1);
  assert.match(output, /InvalidError: not a OrgId/);
  assert.match(output, /code: 'id.invalid'/);
});

test("after close, calls fail, and it may be closed again", async () => {
  const crm = await Crm.open({ path: join(await folder(), "crm.db") });
  const org = await first(crm);
  await Promise.all([crm.close(), crm.close()]);
  await crm.close();
  await assert.rejects(org.contacts.count("everyone"), (error) => error instanceof TertuliaError && error.code === "storage.closed");
});

test("a CRM that nobody holds is let go of, with its transports and its file", async () => {
  const path = join(await folder(), "crm.db");
  let gone = 0;
  const registry = new FinalizationRegistry(() => (gone += 1));
  const open = async () => {
    const holder: { crm?: Crm } = {};
    // In a circle: the transport holds the CRM that holds it.
    const own = { ...transport(() => accepted), holder };
    holder.crm = await Crm.open({ path, transports: { own } });
    registry.register(own, undefined);
    await holder.crm.createOrg({ name: "Casa Lua" });
  };
  for (let round = 0; round < 5; round += 1) await open();
  await collected(() => gone === 5);
  if (process.platform === "linux") {
    const files = async () => {
      const open = await Promise.all((await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
      return open.filter((file) => file.startsWith(path));
    };
    for (let round = 0; (await files()).length > 0; round += 1) {
      assert.ok(round < 500, `still open: ${(await files()).join(", ")}`);
      await collected(() => true);
    }
  }
});

test("what a call under way needs is not collected, though nobody else holds it", async () => {
  // It asks for a key, and only then for the transport.
  let answer: ((key: string) => void) | undefined;
  const { sending } = await (async () => {
    const credential = () => new Promise<string>((resolve) => (answer = resolve));
    const { org, ana } = await written(transport(() => accepted), { credentials: { credential } });
    return { sending: org.inbox.sendText(ana, "hello") };
  })();
  await collected(() => answer !== undefined);
  for (let round = 0; round < 10; round += 1) await collected(() => true);
  answer!("secret");
  assert.equal((await sending).providerId, "wamid.1");
});

test("an iterator asks for a page when it is reached, and can be left at any time", async () => {
  const org = await first(await Crm.open());
  for (const phone of ["+12025550101", "+12025550102", "+12025550103"]) {
    await org.contacts.create({ name: phone, phone });
  }
  const seen: (string | undefined)[] = [];
  for await (const { phone } of org.contacts.list("everyone", undefined, { limit: 1 })) {
    seen.push(phone);
    if (seen.length === 2) break;
  }
  assert.equal(seen.length, 2);
  const { items: all } = await org.contacts.listPage("everyone");
  const backwards: Contact[] = [];
  for await (const contact of org.contacts.list("everyone", undefined, { limit: 1, backwards: true })) backwards.push(contact);
  assert.deepEqual(backwards, all.toReversed());
  const { items, next } = await org.contacts.listPage("everyone", undefined, { limit: 2 });
  assert.deepEqual(items, all.slice(0, 2));
  const rest = await org.contacts.listPage("everyone", undefined, { limit: 2, cursor: next });
  assert.deepEqual(rest, { items: all.slice(2) });
});

test("many calls at once are as many answers", async () => {
  const org = await first(await Crm.open());
  const made = await Promise.all(
    Array.from({ length: 200 }, (_, index) => org.contacts.create({ name: `P${index}`, phone: `+1202555${String(index).padStart(4, "0")}` })),
  );
  assert.equal(new Set(made.map(({ id }) => id)).size, 200);
  assert.equal(await org.contacts.count("everyone"), 200);
});

test("the stand-in delivers to the CRM that it was given", async () => {
  const platform = await Platform.open();
  const crm = await Crm.open();
  await platform.deliverTo(crm, "nowhere");
  await platform.say({ phone: "+12025550123" }, "hello");
  assert.equal((await platform.drain()).delivered, 0);
});

test("a key is 32 bytes and takes a build that can encrypt", async () => {
  const path = join(await folder(), "crm.db");
  const opened = async (encryptionKey?: Uint8Array, convertFrom?: "plain" | Uint8Array) => {
    try {
      await (await Crm.open({ path, encryptionKey, convertFrom })).close();
      return "opened";
    } catch (error) {
      assert.ok(error instanceof TertuliaError, String(error));
      return error.code;
    }
  };
  const key = new Uint8Array(32);
  assert.equal(await opened(new Uint8Array(31)), "input.invalid");
  assert.equal(await opened(key, new Uint8Array(33)), "input.invalid");
  for (const from of [undefined, "plain", key] as const) assert.equal(await opened(key, from), "storage.no_encryption");
  await assert.rejects(readFile(path), { code: "ENOENT" });
  assert.equal(await opened(undefined, "plain"), "opened");
});

test("an organisation that took a key for its hashes is not used without it", async () => {
  const path = join(await folder(), "crm.db");
  const used = async (suppressionKey?: Uint8Array) => {
    const crm = await Crm.open({ path, suppressionKey });
    try {
      for (const org of await crm.orgs()) await crm.org(org).settings.get();
      return "used";
    } catch (error) {
      assert.ok(error instanceof TertuliaError, String(error));
      return error.code;
    } finally {
      await crm.close();
    }
  };
  const crm = await Crm.open({ path });
  await crm.createOrg({});
  await crm.close();
  const key = new Uint8Array(32).fill(3);
  await assert.rejects(Crm.open({ path, suppressionKey: new Uint8Array(31) }), { code: "input.invalid" });
  assert.deepEqual(
    [await used(), await used(key), await used(), await used(new Uint8Array(32)), await used(key)],
    ["used", "used", "suppression.key_missing", "suppression.key_wrong", "used"],
  );
});
