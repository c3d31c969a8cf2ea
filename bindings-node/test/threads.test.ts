/** Worker threads, and a native part that is loaded more than once. */
import assert from "node:assert/strict";
import { copyFile, cp, mkdir, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

import { Crm } from "tertulia";

import { first, folder, program } from "./support.js";

/** Where the package finds itself by name: a worker's text has no place of its own. */
const here = JSON.stringify(import.meta.resolve("tertulia"));

/** A thread that runs the text; it gives what it posts at last. */
function thread(text: string, workerData: unknown): { worker: Worker; ended: Promise<unknown> } {
  const worker = new Worker(
    `const { parentPort, workerData } = require("node:worker_threads");
     import(${here}).then(async ({ Crm }) => {${text}});`,
    { eval: true, workerData },
  );
  let posted: unknown;
  worker.on("message", (message) => (posted = message));
  const ended = new Promise((resolve, reject) => {
    worker.on("error", reject);
    worker.on("exit", () => resolve(posted));
  });
  return { worker, ended };
}

test("threads open the same file, and each finds what the others wrote", async () => {
  const path = join(await folder(), "crm.db");
  const crm = await Crm.open({ path });
  const org = await first(crm);
  const threads = [1, 2, 3].map(
    (number) =>
      thread(
        `const crm = await Crm.open({ path: workerData.path });
         const org = crm.org(workerData.org);
         const made = [];
         for (let index = 0; index < 20; index += 1) {
           made.push(org.contacts.create({ name: "P", phone: "+1202555" + workerData.number + String(index).padStart(3, "0") }));
         }
         await Promise.all(made);
         parentPort.postMessage(made.length);`,
        { path, org: org.id, number },
      ).ended,
  );
  assert.deepEqual(await Promise.all(threads), [20, 20, 20]);
  assert.equal(await org.contacts.count("everyone"), 60);
});

test("a thread may be ended while its calls and callbacks are under way", async () => {
  const path = join(await folder(), "crm.db");
  for (let round = 0; round < 5; round += 1) {
    const { worker, ended } = thread(
      `const own = {
         channel: "whatsapp", correlation: "none",
         verify: () => new Promise(() => {}), parse: () => [], send: () => new Promise(() => {}),
       };
       const crm = await Crm.open({ path: workerData.path, transports: { own }, clock: { now: () => new Date() } });
       void crm.work();
       for (;;) {
         for (let call = 0; call < 20; call += 1) {
           void crm.receive("own", { method: "GET", url: "http://localhost/" });
           void crm.createOrg({});
         }
         parentPort.postMessage("under way");
         await crm.ping();
       }`,
      { path },
    );
    await new Promise((resolve) => worker.once("message", resolve));
    await worker.terminate();
    await ended;
  }
  // The file is whole, and this thread goes on.
  assert.ok((await (await Crm.open({ path })).orgs()).length > 0);
});

test("one native part serves those who import and those who require, once and again", async () => {
  const require = createRequire(import.meta.url);
  const required = require("tertulia") as typeof import("tertulia");
  assert.equal(required.Crm, Crm);
  const again = (await import(`${import.meta.resolve("tertulia")}?again`)) as typeof import("tertulia");
  assert.notEqual(again.Crm, undefined);
  const path = join(await folder(), "crm.db");
  const org = await first(await Crm.open({ path }));
  const same = await again.Crm.open({ path });
  assert.deepEqual(await same.orgs(), [org.id]);

  const native = fileURLToPath(new URL("../..", import.meta.url));
  const [file] = (await readdir(native)).filter((name) => name.endsWith(".node"));
  const one = require(join(native, file!)) as object;
  delete require.cache[join(native, file!)];
  const other = require(join(native, file!)) as { open(...args: unknown[]): Promise<object> };
  assert.notEqual(one, other);
  assert.ok(await other.open("clock", '{"now":"2026-01-05T09:00:00Z"}', [], []));
});

test("a second copy of the native part is refused", async () => {
  const package_ = fileURLToPath(new URL("../..", import.meta.url));
  const copy = join(await folder(), "copy");
  await mkdir(copy);
  await cp(join(package_, "dist"), join(copy, "dist"), { recursive: true });
  for (const name of await readdir(package_)) {
    if (name.endsWith(".node") || name === "package.json") await copyFile(join(package_, name), join(copy, name));
  }
  const { ended, output } = await program(
    `await import("tertulia");
     await import(process.argv[1]).then(() => console.log("loaded"), (error) => console.log(error.message));`,
    pathToFileURL(join(copy, "dist/index.js")).href,
  );
  assert.match(output, /has loaded tertulia from .*; a second copy, .*, would corrupt its files/);
  assert.equal(ended, 0);
});
