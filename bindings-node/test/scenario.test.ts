/** bindings-shapes/scenario.json, replayed through the typed API: what each key means stands in tests/it/scenario.rs. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Crm, TertuliaError, Twilio, WhatsApp, type CrmOptions, type Json, type Watch } from "tertulia";
import { ManualClock, Platform } from "tertulia/testing";

import * as codec from "#dist/codec";
import { DEEPEST, type Codec, type Method } from "#dist/wire";
import { HostBot, HostClock, HostCredentials, HostTransport } from "./scenario.hosts.js";

type Fields = { [key: string]: Json };

interface Step {
  note?: string;
  open?: "clock" | "platform" | "crm";
  as?: string;
  options?: Fields;
  on?: string;
  call?: string;
  org?: string;
  agent?: string;
  args?: Fields;
  other?: string;
  expect?: Json;
  count?: number;
  error?: string;
  save?: Record<string, string>;
  each?: boolean;
  watch?: { expect_progress?: boolean; cancelled?: boolean };
}

const KEYS = new Set(
  "note open as options on call org agent args other expect count error save each watch".split(" "),
);

const methods = codec.methods as unknown as Record<string, Method<unknown> | undefined>;

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

class Replay {
  readonly #saved = new Map<string, Json>();
  readonly #opened = new Map<string, Crm | Platform | ManualClock>();

  constructor(readonly folder: string) {}

  async play(step: Step): Promise<void> {
    for (const key of Object.keys(step)) assert.ok(KEYS.has(key), `nobody knows ${key}`);
    let answer: Json;
    try {
      answer = step.open === undefined ? await this.#call(step) : await this.#open(step);
    } catch (error) {
      if (step.error === undefined || !(error instanceof TertuliaError)) throw error;
      assert.equal(error.code, step.error, error.message);
      return;
    }
    assert.equal(undefined, step.error, `it answered ${JSON.stringify(answer)}`);
    if (step.expect !== undefined) matches(this.#filled(step.expect), answer, "");
    if (step.count !== undefined) assert.equal((answer as Json[]).length, step.count);
    for (const [name, path] of Object.entries(step.save ?? {})) {
      this.#saved.set(name, at(answer, path));
    }
  }

  async #open(step: Step): Promise<Json> {
    const options = this.#filled(step.options ?? {}) as Fields;
    const named = (name: Json | undefined) => this.#opened.get(String(name).slice(1)) as ManualClock;
    switch (step.open) {
      case "clock":
        this.#opened.set(step.as!, await ManualClock.open(new Date(options.now as string)));
        break;
      case "platform":
        this.#opened.set(
          step.as!,
          await Platform.open({
            ...(options.windows === undefined ? {} : { windows: options.windows as boolean }),
            ...(options.clock === undefined ? {} : { clock: named(options.clock) }),
          }),
        );
        break;
      default:
        const bot = new HostBot();
        bot.crm = await Crm.open({
          ...this.#crmOptions(options, named),
          ...(options.handlers === "host" ? { handlers: { host: bot } } : {}),
        });
        this.#opened.set(step.as!, bot.crm);
    }
    return null;
  }

  #crmOptions(options: Fields, named: (name: Json) => ManualClock): CrmOptions {
    const { path, host, media_folder: mediaFolder, transports, credentials, clock } = options;
    const opened: CrmOptions = { path: path as string | undefined, host: host as string | undefined, transports: {} };
    if (mediaFolder !== undefined) opened.mediaFolder = mediaFolder as string;
    for (const [endpoint, transport] of Object.entries((transports ?? {}) as Record<string, Fields>)) {
      const { whatsapp, twilio, host } = transport as Record<string, Fields>;
      opened.transports![endpoint] =
        whatsapp !== undefined
          ? new WhatsApp(codec.WhatsApp.read(whatsapp))
          : twilio !== undefined
            ? new Twilio(codec.Twilio.read(twilio))
            : new HostTransport(host!.channel as "sms", host!.correlation as "none", host!.timeout_seconds as number | undefined);
    }
    if (credentials === "host") opened.credentials = new HostCredentials();
    else if (isFields(credentials)) opened.credentials = credentials.fixed as Record<string, string>;
    if (clock === "host") opened.clock = new HostClock();
    else if (clock !== undefined) opened.clock = named(clock);
    return opened;
  }

  async #call(step: Step): Promise<Json> {
    const opened = this.#opened.get(step.on!)!;
    const bare = { Crm: "crm", Platform: "platform", ManualClock: "clock" }[opened.constructor.name]!;
    const [area, name] = step.call!.includes(".") ? step.call!.split(".") : [undefined, step.call!];
    const method = methods[`${area ?? bare}.${name}`];
    assert.ok(method, `there is no method ${step.call}`);
    // By name, as the host would write it: a typed call, made without types.
    let target = opened as unknown as Record<string, Record<string, (...args: unknown[]) => unknown>>;
    if (area !== undefined) {
      let org = (opened as Crm).org(this.#filled(step.org!) as never);
      if (step.agent !== undefined) org = org.actingAs(this.#filled(step.agent) as never);
      target = (org as unknown as Record<string, typeof target>)[camel(area)]!;
    }
    const call = (name: string, values: unknown[]) => (target[name] as unknown as Function).apply(target, values);

    const given = this.#filled(step.args ?? {}) as Fields;
    const values: unknown[] = method.params.map(([wire, param]) =>
      given[wire] === undefined ? undefined : decoded(param, given[wire], wire),
    );
    for (const key of Object.keys(given)) assert.ok(method.params.some(([wire]) => wire === key), `no argument ${key}`);
    if (step.other !== undefined) values.unshift(this.#opened.get(step.other));

    if (step.each) {
      const items: unknown[] = [];
      for await (const item of call(camel(name!), values) as AsyncIterable<unknown>) items.push(item);
      return (method.returns.write({ items }, DEEPEST) as { items: Json }).items;
    }
    const told: unknown[] = [];
    if (step.watch !== undefined) {
      const watch: Watch<unknown> = {};
      if (step.watch.expect_progress) watch.progress = (counts) => void told.push(method.progress!.write(counts, DEEPEST));
      if (step.watch.cancelled) watch.signal = AbortSignal.abort();
      values.push(watch);
    }
    const paged = `${camel(name!)}Page` in target;
    const answer = method.returns.write(await call(paged ? `${camel(name!)}Page` : camel(name!), values), DEEPEST);
    // At last it is told what the answer counts.
    if (step.watch?.expect_progress) matches((answer as Fields).counts ?? answer, told.at(-1) as Json, "progress");
    return answer;
  }

  /** With what was saved in place of its names. */
  #filled(value: Json): Json {
    if (typeof value === "string") {
      const [, name, path] = /^\$(\w+)(?:\.(.+))?$/.exec(value) ?? [];
      const saved = name === undefined ? undefined : this.#saved.get(name);
      return saved === undefined ? value.replaceAll("$folder", this.folder) : at(saved, path ?? "");
    }
    if (Array.isArray(value)) return value.map((item) => this.#filled(item));
    if (!isFields(value)) return value;
    if ("$bytes" in value) {
      const bytes = this.#filled(value.$bytes!);
      return Buffer.from(typeof bytes === "string" ? bytes : JSON.stringify(bytes)).toString("base64");
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#filled(item)]));
  }
}

/** What the JSON says, all of it. */
function decoded(codec: Codec<unknown>, json: Json, place: string): unknown {
  const value = codec.read(json);
  matches(json, codec.write(value, DEEPEST), place);
  return value;
}

function at(value: Json, path: string): Json {
  if (path === "") return value;
  return path.split(".").reduce((value, key) => {
    const found = (value as Fields)[key];
    assert.notEqual(found, undefined, `nothing at ${path}`);
    return found as Json;
  }, value);
}

function isTime(value: Json): value is string {
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value);
}

function matches(expected: Json, found: Json | undefined, place: string): void {
  if (expected === "$any") {
    assert.ok(found !== null && found !== undefined, `nothing at ${place}`);
  } else if (expected === null) {
    assert.ok(found === null || found === undefined, `${place} is ${JSON.stringify(found)}`);
  } else if (Array.isArray(expected)) {
    assert.ok(Array.isArray(found), `${place} is ${JSON.stringify(found)}`);
    assert.equal(found.length, expected.length, `${place} is ${JSON.stringify(found)}`);
    expected.forEach((item, index) => matches(item, found[index], `${place}[${index}]`));
  } else if (isFields(expected)) {
    assert.ok(isFields(found), `${place} is ${JSON.stringify(found)}`);
    for (const [key, item] of Object.entries(expected)) matches(item, found[key], `${place}.${key}`);
  } else if (isTime(expected) && isTime(found!)) {
    assert.equal(Date.parse(found), Date.parse(expected), place);
  } else {
    assert.equal(found, expected, place);
  }
}

test("every language gives the scenario's answers", async () => {
  const file = new URL("../../../bindings-shapes/scenario.json", import.meta.url);
  const steps = JSON.parse(await readFile(file, "utf8")) as Step[];
  const folder = await mkdtemp(join(tmpdir(), "tertulia-"));
  try {
    const replay = new Replay(folder);
    for (const [index, step] of steps.entries()) {
      await replay.play(step).catch((error: unknown) => {
        throw new Error(`step ${index}, ${JSON.stringify(step)}`, { cause: error });
      });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
