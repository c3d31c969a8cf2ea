/** The programs of docs/node.md run as they stand, and do what the page says. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import type { TertuliaError } from "tertulia";

import { first, folder } from "./support.js";

async function code(call: Promise<unknown>): Promise<string | undefined> {
  return call.then(
    () => undefined,
    (error: TertuliaError) => error.code,
  );
}

test("the program and its webhook", async () => {
  process.chdir(await folder());
  process.env.PORT = "0";
  const { account, ana, crm, server, shop } = await import("./docs/use.js");
  if (!server.listening) await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const greeting = await fetch(`${url}/?hub.mode=subscribe&hub.verify_token=verify+token&hub.challenge=42`);
  assert.deepEqual([greeting.status, await greeting.text()], [200, "42"]);
  const body = JSON.stringify({ object: "whatsapp_business_account", entry: [] });
  const post = async (key: string) => {
    const signature = createHmac("sha256", key).update(body).digest("hex");
    return (await fetch(url, { method: "POST", body, headers: { "X-Hub-Signature-256": `sha256=${signature}` } })).status;
  };
  assert.deepEqual([await post("app secret"), await post("another")], [200, 401]);
  const draft = { content: { type: "text", body: "Olá!" } } as const;
  assert.equal(await code(shop.inbox.send({ contact: ana.id, account, draft })), "window.closed");
  server.close();
  server.closeAllConnections();
  await crm.close();
});

test("the transport of one's own", async () => {
  const { crm } = await import("./docs/transport.js");
  const org = await first(crm);
  await org.accounts.connect({ channel: "sms", senderId: "loft 1", name: "Loft", credential: "grain" });
  const url = "https://shop.example/pigeon";
  const message = { id: "1", loft: "loft 1", from: "+351912345678", text: "coo" };
  const webhook = { method: "POST", url, body: Buffer.from(JSON.stringify(message)) };
  assert.equal(await code(crm.receive("pigeon", webhook)), "webhook.signature_wrong");
  await crm.receive("pigeon", { ...webhook, headers: { "x-key": "our secret" } });
  const ana = await org.contacts.findByPhone("+351912345678");
  assert.notEqual((await org.inbox.sendText(ana!.id, "coo")).providerId, undefined);
  assert.equal((await crm.receive("pigeon", { method: "GET", url: `${url}?challenge=42` })).body, "42");
});

test("tests of one's own", async () => {
  const { ana, platform, shop } = await import("./docs/testing.js");
  assert.equal((await platform.accepted()).length, 1);
  assert.equal(await code(shop.inbox.sendText(ana!.id, "Boa noite!")), "window.closed");
});
