/** The receiver by Express, in a process of its own, and the stand-in for the platform on the other side. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Crm } from "tertulia";
import { Platform } from "tertulia/testing";
import { folder } from "./support.js";

const EXAMPLE = fileURLToPath(new URL("../examples/webhooks.js", import.meta.url));

test("what the platform sends to the receiver is in the CRM", async () => {
  const path = join(await folder(), "crm.db");
  const platform = await Platform.open();
  const info = await platform.info();
  let crm = await Crm.open({ path });
  const org = await crm.createOrg({ name: "Casa Lua" });
  await crm.org(org).accounts.connect({
    channel: "whatsapp",
    senderId: info.phoneNumberId,
    businessId: info.wabaId,
    name: "Main number",
    credential: "main",
  });
  await crm.close();

  const server = spawn(process.execPath, [EXAMPLE], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      APP_SECRET: info.appSecret,
      VERIFY_TOKEN: info.verifyToken,
      ACCESS_TOKEN: info.accessToken,
      GRAPH_URL: info.baseUrl,
      PUBLIC_URL: "https://shop.example",
      CRM_FILE: path,
      PORT: "0",
    },
  });
  const ended = once(server, "exit");
  try {
    const [line] = await Promise.race([once(server.stdout, "data"), ended.then(() => assert.fail("the server ended"))]);
    const url = `${String(line).trim().replace("listening on ", "")}/webhooks`;
    await platform.deliverToUrl(`${url}/whatsapp`);
    await platform.say({ phone: "+12025550123" }, "hello");
    const { refused, waiting } = await platform.drain();
    assert.deepEqual([refused, waiting], [0, 0]);
    const asked = `${url}/whatsapp?hub.mode=subscribe&hub.challenge=42&hub.verify_token=`;
    const verified = await fetch(asked + info.verifyToken);
    assert.deepEqual([verified.status, await verified.text()], [200, "42"]);
    assert.equal((await fetch(`${asked}x`)).status, 403);
    const forged = await fetch(`${url}/whatsapp`, { method: "POST", body: "{}" });
    assert.deepEqual([forged.status, await forged.text()], [401, "webhook.signature_missing"]);
    assert.equal((await fetch(`${url}/nowhere`, { method: "POST", body: "{}" })).status, 404);
  } finally {
    server.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null]);
  }

  crm = await Crm.open({ path });
  const contact = await crm.org(org).contacts.findByPhone("+12025550123");
  assert.ok(contact?.conversation);
  const said = [];
  for await (const message of crm.org(org).inbox.messages(contact.conversation)) said.push(message.content);
  assert.deepEqual(said, [{ type: "text", body: "hello" }]);
  await crm.close();
});
