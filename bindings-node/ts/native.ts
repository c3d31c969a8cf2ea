/** The native part: what it offers, and how it is found. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { triple } from "./triple.js";

/** Where a host's answer goes: JSON, or what went wrong as JSON `{"code"?, "message"}`. */
export interface Reply {
  answer(json: string): void;
  fail(json: string): void;
}

/** What the library asks an object of the host by. */
export type Asked = (method: string, args: string, reply: Reply) => void;

/** Ends long work between two batches. */
export interface CancelToken {
  cancel(): void;
}

/** What was opened. */
export interface NativeHandle {
  call(
    method: string,
    args: string,
    org: string | undefined,
    agent: string | undefined,
    progress: Asked | undefined,
    cancel: CancelToken | undefined,
    other: NativeHandle | undefined,
  ): Promise<string>;
}

interface Native {
  open(kind: "crm" | "platform" | "clock", options: string, hosts: Asked[], handles: NativeHandle[]): Promise<NativeHandle>;
  CancelToken: new () => CancelToken;
}

function load(): Native {
  const path = fileURLToPath(new URL(`../tertulia.${triple()}.node`, import.meta.url));
  // Two copies would bring two SQLites into the process, and one would drop the other's locks on the file.
  const key = Symbol.for("tertulia.native");
  const loaded = globalThis as { [key]?: string };
  loaded[key] ??= path;
  if (loaded[key] !== path) {
    throw new Error(`this process has loaded tertulia from ${loaded[key]}; a second copy, ${path}, would corrupt its files`);
  }
  return createRequire(import.meta.url)(path) as Native;
}

export const native = load();
