/** Objects of the host: whatever they throw, answer or leave unanswered is an error or a failure class, and no crash. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import {
  Crm,
  TertuliaError,
  type BulkReport,
  type Content,
  type ConversationHandler,
  type HandlerTurn,
  type Outcome,
} from "tertulia";
import { ManualClock } from "tertulia/testing";

import { first, folder, transport, written } from "./support.js";

/** What sending a text fails with, by the text. */
async function failure(code: string, call: Promise<unknown>, message: RegExp = /./): Promise<void> {
  await assert.rejects(call, (error: unknown) => {
    assert.ok(error instanceof TertuliaError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}

const accepted: Outcome = { accepted: { providerId: "wamid.1" } };

test("a transport that throws, answers nonsense or does not answer has sent who knows what", async () => {
  const stubborn = Object.create(null, { toString: { value: () => assert.fail("no words") } }) as object;
  const sends: Record<string, (content: Content) => Outcome | Promise<Outcome>> = {
    "throws at once": () => {
      throw new Error("at once");
    },
    "throws later": async () => {
      throw new Error("later");
    },
    "throws what is no error": () => {
      throw "text";
    },
    "throws nothing": () => {
      throw undefined;
    },
    "throws what has no words": () => {
      throw stubborn;
    },
    "throws half a surrogate": () => {
      throw new Error("\ud83d");
    },
    "rejects with an error of ours": () => Promise.reject(new TertuliaError("window.closed", "it says")),
    "answers nothing": () => undefined as unknown as Outcome,
    "answers text": () => "accepted" as unknown as Outcome,
    "answers another outcome": () => ({ delivered: {} }) as unknown as Outcome,
    "answers two outcomes": () => ({ ...accepted, unknown: { detail: "?" } }) as unknown as Outcome,
    "answers without what is needed": () => ({ accepted: {} }) as unknown as Outcome,
    "answers more than there is": () => ({ accepted: { providerId: "1", price: 1 } }) as unknown as Outcome,
    "answers a thenable that throws": () =>
      ({
        then() {
          throw new Error("then");
        },
      }) as unknown as Outcome,
    "does not answer": () => new Promise<Outcome>(() => {}),
    "answers too late": () => new Promise<Outcome>((resolve) => void setTimeout(resolve, 800, accepted)),
  };
  for (const [name, send] of Object.entries(sends)) {
    const { crm, org, ana } = await written(transport(send, 0.3));
    // In its own words, not in those that cross.
    await failure("send.unknown", org.inbox.sendText(ana, "hello"), /^(?!.*{")/).catch((error: unknown) => {
      throw new Error(name, { cause: error });
    });
    await crm.close();
  }
});

test("what a transport says of a send is what is noted", async () => {
  const { org, ana } = await written(
    transport(({ ...content }) => {
      if (content.type !== "text") throw new Error("text only");
      if (content.body === "no") return { refused: { class: "recipient_invalid", code: "131026", detail: "not there" } };
      if (content.body === "down") return { notSent: { class: "unreachable", code: "", detail: "no route" } };
      return accepted;
    }),
  );
  assert.equal((await org.inbox.sendText(ana, "hello")).providerId, "wamid.1");
  await failure("send.refused", org.inbox.sendText(ana, "no"), /not there/);
  await failure("send.not_sent", org.inbox.sendText(ana, "down"));
});

test("a handler that throws is asked again, and acts in its turn only", async () => {
  const turns: HandlerTurn[] = [];
  const clock = await ManualClock.open(new Date("2026-01-05T09:00:00Z"));
  let crm: Crm | undefined;
  const bot: ConversationHandler = {
    async turn(turn) {
      turns.push(turn);
      await crm!.org(turn.org).actingAs(turn.acting).inbox.sendText(turn.contact.id, "One moment.");
      if (turn.number === 1) throw new Error("out of words");
    },
  };
  const shop = await written(transport(() => accepted), { clock, handlers: { bot }, handlerTimeoutSeconds: 20 });
  crm = shop.crm;
  const { conversation } = await shop.org.contacts.get(shop.ana);
  await shop.org.inbox.setHandler(conversation!, { name: "bot", kind: "bot" });
  assert.equal((await crm.runDue()).unanswered, 1);
  await clock.advance(2);
  assert.equal((await crm.runDue()).answered, 1);
  const { items } = await shop.org.inbox.messagesPage(conversation!);
  const said = items.filter(({ inbound }) => !inbound).map(({ content }) => content.type === "text" && content.body);
  assert.deepEqual(said, ["One moment."]);
  assert.deepEqual(turns.map(({ id, number }) => [id, number]), [1, 2].map((number) => [turns[0]!.id, number]));
  for (const turn of turns) {
    const late = crm.org(turn.org).actingAs(turn.acting);
    await failure("handler.over", late.inbox.sendText(turn.contact.id, "And another thing."));
  }
  await failure("input.invalid", Crm.open({ handlers: { bot: {} as ConversationHandler } }), /function turn/);
});

test("what may be left out of a transport has its default, and is called where it is written", async () => {
  const bare = await written(transport(() => accepted));
  const [message] = (await bare.org.inbox.messagesPage((await bare.org.inbox.conversationsPage()).items[0]!.id)).items;
  await bare.org.inbox.markRead(message!.id);

  const read: string[] = [];
  class Own {
    readonly channel = "whatsapp";
    readonly correlation = "message_id";
    readonly #read = read;
    verify = (query: string) => query;
    parse = transport(() => accepted).parse;
    send = () => accepted;
    async markRead(sender: { credential: string }, providerId: string) {
      this.#read.push(`${sender.credential} ${providerId}`);
    }
  }
  const full = await written(new Own());
  const [other] = (await full.org.inbox.messagesPage((await full.org.inbox.conversationsPage()).items[0]!.id)).items;
  await full.org.inbox.markRead(other!.id);
  assert.deepEqual(read, ["secret in-1"]);
});

test("an error of ours that a transport throws at a webhook is the error of the webhook", async () => {
  const own = transport(() => accepted);
  const crm = await Crm.open({
    transports: {
      closed: {
        ...own,
        parse: () => {
          throw new TertuliaError("webhook.signature_wrong", "not our key");
        },
        verify: () => Promise.reject(new TertuliaError("webhook.verification_failed", "not our token")),
      },
      broken: { ...own, parse: () => [{ source: {}, kind: {} }] as never, verify: () => 5 as never },
    },
  });
  const post = { method: "POST", url: "https://shop.example/" };
  const get = { method: "GET", url: "https://shop.example/?hub.challenge=1" };
  await failure("webhook.signature_wrong", crm.receive("closed", post), /not our key/);
  await failure("webhook.verification_failed", crm.receive("closed", get), /not our token/);
  await failure("transport.failed", crm.receive("broken", post), /its answer does not fit: \[0\]\.source\.channel: it is missing/);
  await failure("transport.failed", crm.receive("broken", get), /expected text, found a number/);
  await failure("webhook.endpoint_unknown", crm.receive("nowhere", post));
});

test("a webhook's bytes and headers arrive as they are", async () => {
  const seen: unknown[] = [];
  const body = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const crm = await Crm.open({
    transports: {
      own: {
        ...transport(() => accepted),
        parse: (request) => {
          seen.push({ ...request, body: [...request.body] });
          return [];
        },
      },
    },
  });
  // A view into a longer buffer is its own bytes and no others.
  const view = new Uint8Array([0, 0, ...body, 0]).subarray(2, -1);
  await crm.receive("own", { method: "POST", url: "https://shop.example/?é", headers: { "X-A": "1" }, body: view });
  await crm.receive("own", { method: "POST", url: "https://shop.example/" });
  assert.deepEqual(seen, [
    { method: "POST", url: "https://shop.example/?é", headers: { "X-A": "1" }, body: [...body] },
    { method: "POST", url: "https://shop.example/", headers: {}, body: [] },
  ]);
});

test("credentials and a clock of the host's are asked, and may fail", async () => {
  let now = new Date("2026-01-05T09:00:00Z");
  const { org, ana } = await written(transport(() => accepted), {
    credentials: { credential: async (reference) => (reference === "key" ? "secret" : Promise.reject(new Error("none"))) },
    clock: { now: () => now },
  });
  assert.deepEqual((await org.inbox.sendText(ana, "hello")).at, now);
  now = new Date("2026-01-06T09:00:00.001Z");
  await failure("window.closed", org.inbox.sendText(ana, "hello"));

  const failing = await written(transport(() => accepted), {
    credentials: {
      credential: () => {
        throw new TertuliaError("credential.missing", "the vault is closed");
      },
    },
  });
  await failure("send.not_sent", failing.org.inbox.sendText(failing.ana, "hello"), /the vault is closed/);
  await failure("transport.failed", Crm.open({ clock: { now: () => "noon" as never } }), /expected a valid Date/);
});

test("a callback may call the library that called it", async () => {
  const names: (string | undefined)[] = [];
  const { org, ana } = await written(
    transport(async () => {
      names.push((await org.contacts.get(ana)).phone);
      return accepted;
    }),
  );
  await org.inbox.sendText(ana, "hello");
  assert.deepEqual(names, ["+351912345678"]);
});

test("progress is told in order and to the end, whatever it throws", async () => {
  const org = await first(await Crm.open());
  const rows = Array.from({ length: 2_100 }, (_, row) => `+1202555${String(row).padStart(4, "0")},Person ${row}\n`);
  const file = { bytes: Buffer.from(`phone,name\n${rows.join("")}`) };
  const told: number[] = [];
  const report = await org.imports.check(file, undefined, undefined, {
    progress: async (counts) => {
      told.push(counts.created + counts.rejected);
      throw new Error("ignored");
    },
  });
  assert.ok(told.length > 1, `told ${told.length} times`);
  assert.deepEqual(told, [...told].sort((one, other) => one - other));
  assert.equal(told.at(-1), report.counts.created + report.counts.rejected);
});

test("each kind of long work tells progress of its own", async () => {
  const org = await first(await Crm.open());
  const phones = Array.from({ length: 2_100 }, (_, row) => `+1202555${String(row).padStart(4, "0")}\n`);
  await org.imports.run({ bytes: Buffer.from(`phone\n${phones.join("")}`) });
  const told: BulkReport[] = [];
  const watch = { progress: (report: BulkReport) => void told.push(report) };
  const report = await org.contacts.bulk({ filter: "everyone" }, { tag: ["vip"] }, undefined, watch);
  assert.equal(report.changed, phones.length);
  assert.ok(told.length > 1 && told[0]!.next !== undefined, `told ${told.length} times`);
  assert.deepEqual(told.at(-1), report);
  const begun = await org.contacts.bulk({ filter: "everyone" }, { untag: ["vip"] }, undefined, { signal: AbortSignal.abort() });
  assert.ok(begun.changed > 0 && begun.next !== undefined);
  const rest = await org.contacts.bulk({ filter: "everyone" }, { untag: ["vip"] }, begun.next);
  assert.deepEqual([begun.changed + rest.changed, rest.next], [phones.length, undefined]);
});

test("a signal ends long work after the batch that it is in, and it can be gone on with", async () => {
  const path = join(await folder(), "crm.db");
  const { id } = await first(await Crm.open({ path }));
  const looker = (await Crm.open({ path })).org(id);
  const stop = new AbortController();
  const stopped = new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  // Every batch asks for the time: those after the first one get it when the signal has been given.
  const now = async () => {
    if ((await looker.contacts.count("everyone")) > 0) await stopped;
    return new Date();
  };
  const org = (await Crm.open({ path, clock: { now } })).org(id);
  const rows = Array.from({ length: 6_000 }, (_, row) => `+1202555${String(row).padStart(4, "0")},Person ${row}\n`);
  const file = { bytes: Buffer.from(`phone,name\n${rows.join("")}`) };
  const cut = await org.imports.run(file, undefined, undefined, { signal: stop.signal, progress: () => stop.abort() });
  assert.equal(cut.finished, false);
  assert.ok(cut.counts.created > 0 && cut.counts.created < rows.length, `${cut.counts.created} created`);
  const none = await org.imports.check(file, undefined, undefined, { signal: AbortSignal.abort() });
  assert.deepEqual([none.finished, none.counts.unchanged], [false, 0]);
  const rest = await org.imports.resume(cut.import!, file);
  assert.equal(rest.finished, true);
  assert.equal(await org.contacts.count("everyone"), rows.length);
});
