/**
 * Builds the native part for this machine and puts it where the package looks for it. The arguments are cargo's:
 * `npm run native -- --release`.
 *
 * What is released has the features that it asks for. For tests it has those of the whole workspace, with which its
 * dependencies are built already.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, renameSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { triple } from "../dist/triple.js";

const given = process.argv.slice(2);
const which = given.includes("--release") ? ["--package", "tertulia-bindings-node"] : ["--workspace"];
const cargo = ["build", "--locked", ...which, "--lib", "--message-format", "json-render-diagnostics", ...given];
const built = spawnSync("cargo", cargo, {
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  encoding: "utf8",
  maxBuffer: Infinity,
  stdio: ["ignore", "pipe", "inherit"],
});
if (built.error) throw built.error;
if (built.status !== 0) process.exit(built.status ?? 1);
const library = built.stdout
  .split("\n")
  .filter((line) => line.startsWith("{"))
  .map((line) => JSON.parse(line))
  .find((message) => message.reason === "compiler-artifact" && message.target.name === "tertulia_bindings_node");
const place = fileURLToPath(new URL(`../tertulia.${triple()}.node`, import.meta.url));
// By way of another name, so that a process that has loaded the last one keeps it whole.
copyFileSync(library.filenames[0], `${place}.new`);
renameSync(`${place}.new`, place);
