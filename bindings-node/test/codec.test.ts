/** Every shape that crosses: what is read from JSON is written as it was. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import type { Json } from "tertulia";

import * as codec from "#dist/codec";
import { DEEPEST, type Codec } from "#dist/wire";

interface Schema {
  $ref?: string;
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: string[];
  const?: string;
  type?: string | string[];
  format?: string;
  contentEncoding?: string;
  minimum?: number;
  maximum?: number;
  items?: Schema | true;
  properties?: Record<string, Schema | true>;
  additionalProperties?: Schema | boolean;
  required?: string[];
}

const api = JSON.parse(readFileSync(new URL("../../../bindings-shapes/api.json", import.meta.url), "utf8")) as {
  shapes: Record<string, Schema>;
};

/** Numbers from a seed, so that a failure comes again. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** JSON that fits a schema. */
function sample(schema: Schema | true, next: (below: number) => number, depth: number): Json {
  const pick = <T>(list: readonly T[]): T => list[next(list.length)]!;
  if (schema === true) return pick([null, 1.5, "any", { ["__proto__"]: [true] }, []] as Json[]);
  if (schema.anyOf ?? schema.oneOf) {
    const all = (schema.anyOf ?? schema.oneOf)!;
    // Where it could go on for ever, the first variant ends it.
    return sample(depth < 0 ? all[0]! : pick(all), next, depth - 1);
  }
  const named = schema.$ref === undefined ? {} : sample(api.shapes[schema.$ref.replace("#/$defs/", "")]!, next, depth - 1);
  if (schema.$ref !== undefined && schema.properties === undefined) return named;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return pick(schema.enum);
  switch (Array.isArray(schema.type) ? (depth < 0 ? "null" : pick(schema.type)) : schema.type) {
    case "null":
      return null;
    case "boolean":
      return pick([true, false]);
    case "integer":
      return pick([0, 1, 2 ** 16 - 1, ...(schema.maximum === undefined ? [Number.MAX_SAFE_INTEGER] : []), ...(schema.minimum === undefined ? [-5] : [])]);
    case "number":
      return pick([0, -1.25, 1e21]);
    case "string":
      if (schema.contentEncoding !== undefined) return Buffer.from([next(256), next(256)]).toString("base64");
      if (schema.format === "date-time") return new Date(next(2 ** 32) * 1000 + next(1000)).toISOString();
      return pick(["", "text", "ção ☕", "__proto__"]);
    case "array":
      return depth < 0 ? [] : Array.from({ length: next(3) }, () => sample(schema.items ?? true, next, depth - 1));
    case "object": {
      const fields = Object.entries(schema.properties ?? {}).map(([key, field]) => [key, sample(field, next, depth - 1)]);
      if (typeof schema.additionalProperties === "object" && depth >= 0) {
        fields.push(["__proto__", sample(schema.additionalProperties, next, depth - 1)]);
      } else if (schema.additionalProperties === true) {
        fields.push(["any", sample(true, next, depth - 1)]);
      }
      return { ...(named as object), ...Object.fromEntries(fields) } as Json;
    }
    default:
      return sample(true, next, depth - 1);
  }
}

/** Fails where `found` lacks what `expected` has; null and absent are the same. */
function holds(expected: Json, found: Json | undefined, place: string): void {
  if (expected === null) {
    assert.ok(found === null || found === undefined, place);
  } else if (typeof expected === "object" && !Array.isArray(expected)) {
    for (const [key, value] of Object.entries(expected)) {
      const own = Object.getOwnPropertyDescriptor(found as object, key)?.value as Json | undefined;
      holds(value, own, `${place}.${key}`);
    }
  } else if (Array.isArray(expected)) {
    assert.equal((found as Json[]).length, expected.length, place);
    expected.forEach((value, index) => holds(value, (found as Json[])[index], `${place}[${index}]`));
  } else {
    assert.deepEqual(found, expected, place);
  }
}

const codecs = codec as unknown as Record<string, Codec<unknown> | undefined>;
const pascal = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

test("every shape that is read is written as it was", () => {
  for (const [name, schema] of Object.entries(api.shapes)) {
    const shape = codecs[pascal(name)];
    assert.ok(shape, `there is no codec ${name}`);
    for (let seed = 0; seed < 200; seed += 1) {
      const json = sample(schema, numbers(seed), 5);
      const place = `${name} of seed ${seed}`;
      const back: Json = shape.write(shape.read(json), DEEPEST);
      holds(json, back, place);
      assert.deepEqual(shape.write(shape.read(back), DEEPEST), back, place);
    }
  }
});
