/**
 * How values are written to JSON, checked to the last field, and read from it.
 *
 * What does not fit is an `InvalidError` that names the place and what it found there, never what it says: that may be
 * a secret or somebody's message.
 */
import { inspect, types } from "node:util";

import { InvalidError } from "./errors.js";
import type { Json, Page } from "./types.js";

/** How a value of one type crosses. */
export interface Codec<T> {
  /** Writes a value that the host handed over. Throws a {@link Misfit}. */
  write(value: unknown, depth: number): Json;
  /** Reads a value that the library gave. */
  read(json: Json): T;
  /** It may be left out. */
  readonly optional?: boolean;
  /** It is not shown when what holds it is printed. */
  readonly secret?: boolean;
}

/** An object with fields, which may stand beside a tag. */
export interface RecordCodec<T> extends Codec<T> {
  writeBeside(tag: string | undefined, value: object, depth: number): { [key: string]: Json };
}

/** An argument: its name in JSON, and its type. */
export type Param = readonly [wire: string, codec: Codec<unknown>];

/** A method: its name, its arguments in order, what it returns, and what it tells of its progress, if it does. */
export interface Method<T, P = unknown> {
  readonly name: string;
  readonly params: readonly Param[];
  readonly returns: Codec<T>;
  readonly progress?: Codec<P> | undefined;
}

/** A method of an object of the host: `fallback` is its answer if it was not written. */
export interface Callback {
  readonly key: string;
  readonly params: readonly Param[];
  readonly returns: Codec<unknown>;
  readonly fallback?: Json;
}

/** A value that does not fit, and where. */
export class Misfit {
  constructor(
    readonly problem: string,
    readonly place = "",
  ) {}

  toString(): string {
    return this.place === "" ? this.problem : `${this.place}: ${this.problem}`;
  }
}

/** How deep what is written may be nested: what reads it stops a little later. */
export const DEEPEST = 100;

/** Writes a value. Throws an `InvalidError` that says where `what` does not fit. */
export function written(what: string, codec: Codec<unknown>, value: unknown): Json {
  return fitting(what, () => codec.write(value, DEEPEST));
}

/** Writes a method's arguments as JSON text. Throws an `InvalidError`. */
export function writtenArgs(method: Method<unknown>, values: readonly unknown[]): string {
  const args: { [key: string]: Json } = {};
  fitting(method.name, () => {
    method.params.forEach(([wire, codec], index) => {
      if (values[index] !== undefined || !codec.optional) {
        args[wire] = inside(wire, () => codec.write(values[index], DEEPEST));
      }
    });
  });
  return JSON.stringify(args);
}

/** Throws an `InvalidError` where a misfit was thrown. */
function fitting<T>(what: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw error instanceof Misfit ? invalid(what, error) : error;
  }
}

function invalid(what: string, misfit: Misfit): InvalidError {
  return new InvalidError("input.invalid", `${what}${misfit.place === "" ? ": " : " "}${misfit.toString()}`);
}

function inside<T>(place: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    const separator = error.place === "" || error.place.startsWith("[") ? "" : ".";
    throw new Misfit(error.problem, `${place}${separator}${error.place}`);
  }
}

function found(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  if (types.isDate(value)) return Number.isNaN(value.getTime()) ? "an invalid Date" : "a Date";
  if (types.isUint8Array(value)) return "bytes";
  switch (typeof value) {
    case "string":
      return "text";
    case "number":
      return "a number";
    case "object":
      return isObject(value) ? "an object" : `a ${Object.prototype.toString.call(value).slice(8, -1)}`;
    default:
      return `a ${typeof value}`;
  }
}

/** What was found, where one of some words was expected. */
function foundWord(value: unknown): string {
  return typeof value === "string" && /^\w{1,40}$/.test(value) ? JSON.stringify(value) : found(value);
}

function plain<T>(expected: string, fits: (value: unknown) => boolean, foundInstead = found): Codec<T> {
  return {
    write(value) {
      if (!fits(value)) throw new Misfit(`expected ${expected}, found ${foundInstead(value)}`);
      return value as Json;
    },
    read: (json) => json as T,
  };
}

function numeric(expected: string, fits: (value: unknown) => boolean): Codec<number> {
  return plain(expected, fits, (value) => (typeof value === "number" ? `the number ${value}` : found(value)));
}

function deeper(depth: number): number {
  if (depth === 0) throw new Misfit(`it is nested more than ${DEEPEST} deep`);
  return depth - 1;
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new Misfit("it holds half of a surrogate pair, which is no text");
  return text;
}

const anyText = plain<string>("text", (value) => typeof value === "string");

/** Text. */
export const text: Codec<string> = {
  write: (value, depth) => wellFormed(anyText.write(value, depth) as string),
  read: (json) => json as string,
};

/** An id: text. */
export function id<T extends string>(): Codec<T> {
  return text as Codec<T>;
}

/** True or false. */
export const bool = plain<boolean>("true or false", (value) => typeof value === "boolean");

/** A whole number that a number holds exactly. */
export const integer = numeric("a whole number", Number.isSafeInteger);

/** A whole number that is not negative. */
export const natural = numeric("a whole number from 0 on", (value) => Number.isSafeInteger(value) && Number(value) >= 0);

/** A number. */
export const float = numeric("a finite number", Number.isFinite);

const anyDate = plain<Date>("a valid Date", (value) => types.isDate(value) && !Number.isNaN(value.getTime()));

/** A moment. The library keeps microseconds, a Date milliseconds. */
export const time: Codec<Date> = {
  write: (value, depth) => (anyDate.write(value, depth) as unknown as Date).toISOString(),
  read: (json) => new Date(json as string),
};

const anyBytes = plain<Uint8Array>("bytes (a Uint8Array)", types.isUint8Array);

/** Bytes. */
export const bytes: Codec<Uint8Array> = {
  write(value, depth) {
    const { buffer, byteOffset, byteLength } = anyBytes.write(value, depth) as unknown as Uint8Array;
    return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
  },
  read: (json) => new Uint8Array(Buffer.from(json as string, "base64")),
};

/** Any JSON. A field that is undefined is left out. */
export const json: Codec<Json> = {
  write(value, depth) {
    if (value === null || typeof value === "boolean") return value;
    if (typeof value === "string") return wellFormed(value);
    if (typeof value === "number") return float.write(value, depth);
    if (Array.isArray(value)) return list(json).write(value, depth);
    if (!isObject(value)) throw new Misfit(`expected JSON, found ${found(value)}`);
    const present = Object.entries(value).filter(([, field]) => field !== undefined);
    return map(json).write(Object.fromEntries(present), depth);
  },
  read: (json) => json,
};

/** Nothing, whatever was handed over. */
export const nothing: Codec<void> = {
  write: () => null,
  read: () => undefined,
};

/** A value or nothing; null is nothing too. */
export function optional<T>(of: Codec<T>): Codec<T | undefined> {
  return {
    write: (value, depth) => (value === undefined || value === null ? null : of.write(value, depth)),
    read: (json) => (json === null ? undefined : of.read(json)),
    optional: true,
  };
}

/** What is not shown when what holds it is printed. */
export function secret<T>(of: Codec<T>): Codec<T> {
  return { ...of, secret: true };
}

/** What is handed over and never given back. */
export function handedOver(write: (value: unknown, depth: number) => Json): Codec<never> {
  return {
    write,
    read: () => {
      throw new TypeError("nothing gives this back");
    },
  };
}

/** A list. */
export function list<T>(of: Codec<T>): Codec<T[]> {
  return {
    write(value, depth) {
      if (!Array.isArray(value)) throw new Misfit(`expected a list, found ${found(value)}`);
      const under = deeper(depth);
      return Array.from(value, (item, index) => inside(`[${index}]`, () => of.write(item, under)));
    },
    read: (json) => (json as Json[]).map((item) => of.read(item)),
  };
}

function isObject(value: unknown): value is object {
  return Object.prototype.toString.call(value) === "[object Object]";
}

function object(value: unknown): object {
  if (!isObject(value)) throw new Misfit(`expected an object, found ${found(value)}`);
  return value;
}

/** Values by name. */
export function map<T>(of: Codec<T>): Codec<Record<string, T>> {
  return {
    write(value, depth) {
      const under = deeper(depth);
      // As entries, so that a name like `__proto__` is a name.
      const entries = Object.entries(object(value)).map(([key, item]) => [
        wellFormed(key),
        inside(key, () => of.write(item, under)),
      ]);
      return Object.fromEntries(entries) as Json;
    },
    read: (json) => Object.fromEntries(Object.entries(json as object).map(([key, item]) => [key, of.read(item)])),
  };
}

const hidden = { [inspect.custom]: () => "[secret]" };

/** Leaves these fields out of what is printed of a value. */
function hide(value: object, secrets: readonly string[]): void {
  const masks = Object.fromEntries(secrets.map((name) => [name, hidden]));
  Object.defineProperty(value, inspect.custom, {
    value(this: object) {
      return { ...this, ...masks };
    },
  });
}

/** A field: its name in JSON, its type, and what it is if left out. */
export type Field = readonly [wire: string, codec: Codec<unknown>, fallback?: Json];

/** An object with these fields and no others. */
export function record<T>(make: () => Record<string, Field>): RecordCodec<T> {
  const fields = once(() => Object.entries(make()));
  const names = once(() => new Set(fields().map(([name]) => name)));
  const secrets = once(() => fields().flatMap(([name, [, codec]]) => (codec.secret ? [name] : [])));
  function writeBeside(tag: string | undefined, value: object, depth: number) {
    const under = deeper(depth);
    const given = value as Record<string, unknown>;
    for (const name of Object.keys(given)) {
      if (name !== tag && given[name] !== undefined && !names().has(name)) {
        throw new Misfit(`there is no field ${JSON.stringify(name)}; there are ${[...names()].join(", ")}`);
      }
    }
    const json: { [key: string]: Json } = {};
    for (const [name, [wire, codec, fallback]] of fields()) {
      if (given[name] === undefined && (codec.optional || fallback !== undefined)) continue;
      if (given[name] === undefined) throw new Misfit("it is missing", name);
      json[wire] = inside(name, () => codec.write(given[name], under));
    }
    return json;
  }
  return {
    write: (value, depth) => writeBeside(undefined, object(value), depth),
    writeBeside,
    read(json) {
      const given = json as { [key: string]: Json };
      const value: Record<string, unknown> = {};
      for (const [name, [wire, codec, fallback]] of fields()) {
        const field = given[wire] === undefined ? fallback : given[wire];
        const read = field === undefined ? undefined : codec.read(field);
        if (read !== undefined) value[name] = read;
      }
      if (secrets().length > 0) hide(value, secrets());
      return value as T;
    },
  };
}

/** One of these words. */
export function choice<T extends string>(words: readonly T[]): Codec<T> {
  const known = new Set<unknown>(words);
  return {
    write(value, depth) {
      const word = text.write(value, depth);
      if (!known.has(word)) throw new Misfit(`expected one of ${words.join(", ")}, found ${foundWord(word)}`);
      return word;
    },
    read: (json) => json as T,
  };
}

/** One of several objects, told apart by the word under `tag`. */
export function tagged<T>(tag: string, make: () => Record<string, RecordCodec<unknown>>): Codec<T> {
  const variants = once(() => new Map(Object.entries(make())));
  return {
    write(value, depth) {
      const given = object(value) as Record<string, unknown>;
      const word = given[tag];
      const variant = typeof word === "string" ? variants().get(word) : undefined;
      if (variant === undefined) {
        throw new Misfit(`expected one of ${[...variants().keys()].join(", ")}, found ${foundWord(word)}`, tag);
      }
      return { [tag]: word as string, ...variant.writeBeside(tag, given, depth) };
    },
    read(json) {
      const word = (json as { [key: string]: Json })[tag] as string;
      const fields = Object.getOwnPropertyDescriptors(variants().get(word)?.read(json) ?? {});
      return Object.defineProperties({ [tag]: word }, fields) as T;
    },
  };
}

/** One of several: an object with the variant's name as its only key, or a bare word. */
export function named<T>(
  words: readonly string[],
  make: () => Record<string, readonly [wire: string, codec: Codec<unknown>]>,
): Codec<T> {
  const variants = once(() => new Map(Object.entries(make())));
  const byWire = once(() => new Map([...variants()].map(([name, [wire, codec]]) => [wire, { name, codec }])));
  function expected(): string {
    return [...words.map((word) => JSON.stringify(word)), ...[...variants().keys()].map((name) => `{ ${name} }`)].join(", ");
  }
  return {
    write(value, depth) {
      if (typeof value === "string" && words.includes(value)) return value;
      if (!isObject(value)) {
        const other = words.length > 0 ? foundWord(value) : found(value);
        throw new Misfit(`expected one of ${expected()}, found ${other}`);
      }
      const [only, ...others] = Object.entries(value).filter(([, payload]) => payload !== undefined);
      const variant = only && variants().get(only[0]);
      if (variant === undefined || others.length > 0) {
        throw new Misfit(`expected one of ${expected()}, found an object with other keys`);
      }
      const [wire, codec] = variant;
      return { [wire]: inside(only![0], () => codec.write(only![1], deeper(depth))) };
    },
    read(json) {
      if (typeof json === "string") return json as T;
      const [wire, payload] = Object.entries(json as { [key: string]: Json })[0]!;
      const { name, codec } = byWire().get(wire)!;
      return { [name]: codec.read(payload) } as T;
    },
  };
}

/** A list or an object, each with its own meaning. */
export function listOrMap<T>(make: () => { list: Codec<unknown>; map: Codec<unknown> }): Codec<T> {
  const both = once(make);
  const which = (value: unknown) => (Array.isArray(value) ? both().list : both().map);
  return {
    write: (value, depth) => which(value).write(value, depth),
    read: (json) => which(json).read(json) as T,
  };
}

/** Another name for a type. */
export function alias<T>(make: () => Codec<T>): Codec<T> {
  const of = once(make);
  return {
    write: (value, depth) => of().write(value, depth),
    read: (json) => of().read(json),
  };
}

/** One page of a list. */
export function page<T>(of: Codec<T>): Codec<Page<T>> {
  return record(() => ({ items: ["items", list(of)], next: ["next", optional(text)] }));
}

/** A method of this name. */
export function method<T, P>(name: string, params: readonly Param[], returns: Codec<T>, progress?: Codec<P>): Method<T, P> {
  return { name, params, returns, progress };
}

/** Types refer to each other in circles: what is made is made when it is first needed. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
