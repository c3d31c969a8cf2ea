/** A CRM, opened. */
import * as codec from "./codec.js";
import { CrmMethods, Org, type Clock, type ConversationHandler, type Credentials, type Transport } from "./handles.js";
import { Scope, open, type Handle } from "./runtime.js";
import { ManualClock } from "./testing.js";
import type { Json, OrgId, Twilio as TwilioOptions, WhatsApp as WhatsAppOptions } from "./types.js";
import * as w from "./wire.js";

export type { TwilioOptions, WhatsAppOptions };

/** The WhatsApp Cloud API as a transport. */
export class WhatsApp {
  readonly #options: Json;

  /** Fails with `input.invalid`. The options hold secrets: they are not shown when this is printed. */
  constructor(options: WhatsAppOptions) {
    this.#options = w.written("new WhatsApp", codec.WhatsApp, options);
  }

  /** @internal */
  static options(transport: WhatsApp): Json {
    return transport.#options;
  }
}

/** SMS and WhatsApp by Twilio as a transport. */
export class Twilio {
  readonly #options: Json;

  /** Fails with `input.invalid`. The options hold a secret: they are not shown when this is printed. */
  constructor(options: TwilioOptions) {
    this.#options = w.written("new Twilio", codec.Twilio, options);
  }

  /** @internal */
  static options(transport: Twilio): Json {
    return transport.#options;
  }
}

/** What a CRM is opened with. */
export interface CrmOptions {
  /**
   * The SQLite file, or the URL of a PostgreSQL database, `postgres://user:password@host/database`; absent: in memory,
   * gone with the process.
   */
  path?: string | undefined;
  /** What the file is encrypted with: 32 random bytes; absent: it is plain. It takes a build that can encrypt. */
  encryptionKey?: Uint8Array | undefined;
  /**
   * What the hashes of suppressed addresses are put under: 32 random bytes, kept outside the store. An organisation that
   * was once used with a key is never used without it.
   */
  suppressionKey?: Uint8Array | undefined;
  /** What a file that does not open so was before, plain or under another key: it is then converted. */
  convertFrom?: "plain" | Uint8Array | undefined;
  /** Transports by endpoint: the name that `receive` is given. */
  transports?: Record<string, WhatsApp | Twilio | Transport> | undefined;
  /** Where the keys to send with come from: keys by reference, or an object that is asked. */
  credentials?: Record<string, string> | Credentials | undefined;
  /** Bots and AIs, by the names that conversations are given to them under. */
  handlers?: Record<string, ConversationHandler> | undefined;
  /** How long a handler may take for one turn, in seconds; absent: 60. */
  handlerTimeoutSeconds?: number | undefined;
  /** The clock; absent: the machine's. */
  clock?: ManualClock | Clock | undefined;
  /** The folder that files of messages are kept in; absent: none are. */
  mediaFolder?: string | undefined;
  /** The host program's name, for the journal; absent: `host`. */
  host?: string | undefined;
}

/** A CRM inside this process: opened once, shared by all that it does. */
export class Crm extends CrmMethods {
  /**
   * Opens a CRM.
   *
   * Fails with `input.invalid` if an option is not what it should be, `transport.config_invalid`, or `storage.*` if the
   * file or the server cannot be used.
   */
  static async open(options: CrmOptions = {}): Promise<Crm> {
    const hosts: object[] = [];
    const handles: Handle[] = [];
    const written = w.written("Crm.open", crmOptions(hosts, handles), options);
    return new Crm(await open("crm", written, hosts, handles));
  }

  /** An organisation of it. Whether there is one of this id shows at the first call. */
  org(id: OrgId): Org {
    w.written("Crm.org id", codec.OrgId, id);
    return new Org(new Scope(this.scope().core, id), id);
  }
}

/** The options; objects and handles that they name join those lists. */
function crmOptions(hosts: object[], handles: Handle[]): w.Codec<unknown> {
  const host = (object: object) => hosts.push(object) - 1;

  const transport = w.handedOver((value, depth) => {
    if (value instanceof WhatsApp) return { whatsapp: WhatsApp.options(value) };
    if (value instanceof Twilio) return { twilio: Twilio.options(value) };
    for (const name of ["verify", "parse", "send"]) {
      if (!has(value, name)) throw new w.Misfit(`expected a WhatsApp, a Twilio or a Transport; it has no function ${name}`);
    }
    const { channel, correlation, timeoutSeconds } = value as Transport;
    const said = declared.writeBeside(undefined, { channel, correlation, timeoutSeconds }, depth);
    return { host: { ...said, object: host(value as object) } };
  });

  const credentials = w.handedOver((value, depth) => {
    if (has(value, "credential")) return { host: host(value) };
    return { fixed: w.map(w.text).write(value, depth) };
  });

  const handler = w.handedOver((value) => {
    if (has(value, "turn")) return host(value);
    throw new w.Misfit("expected a ConversationHandler; it has no function turn");
  });

  const clock = w.handedOver((value) => {
    if (value instanceof ManualClock) return { manual: handles.push(value) - 1 };
    if (has(value, "now")) return { host: host(value) };
    throw new w.Misfit("expected a ManualClock or a Clock; it has no function now");
  });

  const convertFrom = w.handedOver((value, depth) =>
    value === "plain" ? value : { key: w.bytes.write(value as Uint8Array, depth) },
  );

  return w.record(() => ({
    path: ["path", w.optional(w.text)],
    encryptionKey: ["encryption_key", w.optional(w.bytes)],
    suppressionKey: ["suppression_key", w.optional(w.bytes)],
    convertFrom: ["convert_from", w.optional(convertFrom)],
    transports: ["transports", w.map(transport), {}],
    credentials: ["credentials", w.optional(credentials)],
    handlers: ["handlers", w.map(handler), {}],
    handlerTimeoutSeconds: ["handler_timeout_seconds", w.optional(w.float)],
    clock: ["clock", w.optional(clock)],
    mediaFolder: ["media_folder", w.optional(w.text)],
    host: ["host", w.optional(w.text)],
  }));
}

/** What a transport of the host's says of itself. */
const declared = w.record(() => ({
  channel: ["channel", codec.Channel],
  correlation: ["correlation", codec.Correlation],
  timeoutSeconds: ["timeout_seconds", w.optional(w.float)],
}));

function has(object: unknown, name: string): object is object {
  return typeof object === "object" && object !== null && typeof (object as Record<string, unknown>)[name] === "function";
}
