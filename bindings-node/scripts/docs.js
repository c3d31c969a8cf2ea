/** Puts the programs of docs/node.md where they are compiled with the tests: `test/docs/`. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const page = readFileSync(new URL("../../docs/node.md", import.meta.url), "utf8");
const [use, webhook, transport, testing, ...others] = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text]) => text);
if (testing === undefined || others.length > 0) throw new Error("docs/node.md has other programs than are known here");
const programs = {
  use: `${use}${webhook}export { account, ana, crm, server, shop };\n`,
  transport: `${transport}export { crm };\n`,
  testing: `${testing}export { ana, crm, platform, shop };\n`,
};
const folder = new URL("../test/docs/", import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(programs)) writeFileSync(new URL(`${name}.ts`, folder), text);
