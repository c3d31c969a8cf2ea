/** What several tests need. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setImmediate } from "node:timers/promises";

import { Crm, type Content, type CrmOptions, type Org, type OrgId, type Outcome, type Transport } from "tertulia";

/** A folder that is gone after the tests of the file. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "tertulia-"));
  after(() => rm(path, { recursive: true }));
  return path;
}

/** A transport that does what is said here when it sends. */
export function transport(send: (content: Content) => Outcome | Promise<Outcome>, timeoutSeconds?: number): Transport {
  return {
    channel: "whatsapp",
    correlation: "message_id",
    timeoutSeconds,
    verify: (query) => query,
    parse: (request) => [
      {
        source: { channel: "whatsapp", senderId: "own-1" },
        kind: {
          event: "message",
          providerId: `in-${Buffer.from(request.body)}`,
          from: { addresses: [{ kind: "phone", value: "351912345678" }] },
          content: { type: "text", body: "hello" },
        },
      },
    ],
    send: (_sender, message) => send(message.content),
  };
}

/** A CRM over a transport of ours with one sender, to whom Ana has just written. */
export async function written(own: Transport, options: CrmOptions = {}) {
  const crm = await Crm.open({ transports: { own }, credentials: { key: "secret" }, ...options });
  const org = crm.org(await crm.createOrg({ name: "Casa Lua" }));
  const account = await org.accounts.connect({ channel: "whatsapp", senderId: "own-1", name: "Own", credential: "key" });
  await crm.receive("own", { method: "POST", url: "https://shop.example/own", body: Buffer.from("1") });
  const ana = await org.contacts.findByPhone("+351912345678");
  if (ana === undefined) throw new Error("Ana is missing");
  return { crm, org, account, ana: ana.id };
}

/** The first organisation of a CRM, made if there is none. */
export async function first(crm: Crm): Promise<Org> {
  const [id] = await crm.orgs();
  return crm.org(id ?? ((await crm.createOrg({ name: "Casa Lua" })) as OrgId));
}

/** Runs the text as a module in a process of its own; how it ended and what it wrote. */
export async function program(text: string, ...args: string[]) {
  const child = spawn(
    process.execPath,
    ["--expose-gc", "--input-type=module", "--eval", text, "--", ...args],
    // Where the package finds itself by name.
    { cwd: new URL("../..", import.meta.url), stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on("close", (...ended) => resolve(ended)),
  );
  return { ended: signal ?? code, output };
}

/** Collects garbage until it shows. Fails if it never does. */
export async function collected(shows: () => boolean): Promise<void> {
  for (let round = 0; round < 1000; round += 1) {
    (globalThis as { gc?: () => void }).gc?.();
    await setImmediate();
    if (shows()) return;
  }
  throw new Error("it is never collected");
}
