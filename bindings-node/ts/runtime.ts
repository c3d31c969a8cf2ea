/** What joins the typed API to the native part. */
import { callbacks } from "./codec.js";
import { InvalidError, TertuliaError, errorOf, type ErrorCode } from "./errors.js";
import { native, type Asked, type NativeHandle, type Reply } from "./native.js";
import type { AgentId, Channel, Correlation, Json, OrgId, Page, PageRequest } from "./types.js";
import { DEEPEST, Misfit, writtenArgs, type Callback, type Codec, type Method } from "./wire.js";

/** What a transport of the host's says of itself. */
export interface Declared {
  /** The channel that it serves. */
  readonly channel: Channel;
  /** How a status finds the attempt that it is about. */
  readonly correlation: Correlation;
  /** How long each of its methods may take, in seconds; absent: 60. After that the outcome of a send is unknown. */
  readonly timeoutSeconds?: number | undefined;
}

/** Who watches long work, and who may end it. */
export interface Watch<P> {
  /** Told how far it is, after each batch and when the one before has returned. What it throws is ignored. */
  progress?: ((progress: P) => void | Promise<void>) | undefined;
  /** Ends the work after the batch that it is in; the call still returns what was done until then. */
  signal?: AbortSignal | undefined;
}

/** What handles share: what was opened, and the objects of the host that it calls. */
export interface Core {
  readonly native: NativeHandle;
  readonly hosts: readonly object[];
}

/** What a handle is on, and on whose behalf: what opens something has one, and nobody else. */
export class Scope {
  /** Without it, any object would do. */
  protected declare readonly opened: true;

  /** @internal */
  constructor(
    /** @internal */ readonly core: Core,
    /** @internal */ readonly org?: OrgId,
    /** @internal */ readonly agent?: AgentId,
  ) {}
}

/** What calls under way need: not to be collected before they end. */
const underWay = new Set<object>();

/** Opens something. The objects of the host live as long as it is held. */
export async function open(
  kind: "crm" | "platform" | "clock",
  options: Json,
  hosts: readonly object[] = [],
  handles: readonly Handle[] = [],
): Promise<Scope> {
  const asked = hosts.map(askedWeakly);
  const others = handles.map((handle) => Handle.core(handle).native);
  const opened = await kept({ hosts, handles }, () => native.open(kind, JSON.stringify(options), asked, others));
  return new Scope({ native: opened, hosts });
}

/** Waits for a call of the native part, holding on to what it needs; a failure becomes an error of its class. */
async function kept<T>(needed: object, work: () => Promise<T>): Promise<T> {
  underWay.add(needed);
  try {
    return await work();
  } catch (error) {
    throw raised(error);
  } finally {
    underWay.delete(needed);
  }
}

function raised(error: unknown): unknown {
  if (!(error instanceof Error) || !error.message.startsWith("{")) return error;
  const { code, message } = JSON.parse(error.message) as { code: ErrorCode; message: string };
  return errorOf(code, message);
}

/** What a call is given beside its arguments. */
interface Also<P> {
  readonly watch?: Watch<P> | undefined;
  readonly other?: Handle;
}

/** What methods are called on. */
export abstract class Handle {
  readonly #scope: Scope;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** @internal */
  static core(handle: Handle | undefined): Core {
    if (typeof handle !== "object" || handle === null || !(#scope in handle)) {
      throw new InvalidError("input.invalid", "that is nothing that was opened");
    }
    return handle.#scope.core;
  }

  /** @internal */
  protected scope(): Scope {
    return this.#scope;
  }

  /** @internal */
  protected async call<T, P>(method: Method<T, P>, values: readonly unknown[], also: Also<P> = {}): Promise<T> {
    const { core, org, agent } = this.#scope;
    const args = writtenArgs(method, values);
    const other = "other" in also ? Handle.core(also.other).native : undefined;
    const { progress, signal } = watched(method.name, also.watch);
    const token = signal && new native.CancelToken();
    const cancel = () => token?.cancel();
    signal?.addEventListener("abort", cancel);
    if (signal?.aborted) cancel();
    try {
      const tell = progress && method.progress && telling(progress, method.progress);
      const answer = await kept({ core, also }, () => core.native.call(method.name, args, org, agent, tell, token, other));
      return method.returns.read(JSON.parse(answer));
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** @internal */
  protected async *pages<T>(method: Method<Page<T>>, values: readonly unknown[]): AsyncIterableIterator<T> {
    const place = method.params.findIndex(([wire]) => wire === "page");
    let page = values[place] as PageRequest | undefined;
    do {
      const { items, next } = await this.call(method, values.with(place, page));
      yield* items;
      page = next === undefined ? undefined : { ...page, cursor: next };
    } while (page !== undefined);
  }
}

function watched<P>(method: string, watch: Watch<P> = {}): Pick<Watch<P>, "progress" | "signal"> {
  const { progress, signal, ...others } = watch;
  if (progress !== undefined && typeof progress !== "function") {
    throw new InvalidError("input.invalid", `${method} progress: expected a function`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new InvalidError("input.invalid", `${method} signal: expected an AbortSignal`);
  }
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new InvalidError("input.invalid", `${method}: there is no field ${JSON.stringify(unknown)}; there are progress, signal`);
  }
  return { progress, signal };
}

/**
 * The function that the native part asks an object by. It holds on to it weakly: the native part is never collected
 * while it holds the function, and the object may well hold the handle that holds the native part.
 */
function askedWeakly(object: object): Asked {
  const weak = new WeakRef(object);
  return (method, args, reply) => {
    settle(reply, answered(weak.deref(), method, args));
  };
}

/** The function that the native part tells progress by: its arguments are the progress itself. */
function telling<P>(progress: (progress: P) => void | Promise<void>, codec: Codec<P>): Asked {
  const told = async (args: string) => {
    await progress(codec.read(JSON.parse(args)));
    return "null";
  };
  return (_, args, reply) => settle(reply, told(args));
}

function settle(reply: Reply, answer: Promise<string>): void {
  answer.then(
    (json) => reply.answer(json),
    (error: unknown) => reply.fail(failed(error)),
  );
}

async function answered(object: object | undefined, method: string, args: string): Promise<string> {
  const { key, params, returns, fallback } = callbacks[method] as Callback;
  if (object === undefined) throw new Error("it is gone");
  const written = (object as Record<string, unknown>)[key];
  if (written === undefined && fallback !== undefined) return JSON.stringify(fallback);
  if (typeof written !== "function") throw new Error(`it has no function ${key}`);
  const named = JSON.parse(args) as { [key: string]: Json };
  const answer: unknown = await written.apply(
    object,
    params.map(([wire, codec]) => codec.read(named[wire] ?? null)),
  );
  return JSON.stringify(returns.write(answer, DEEPEST));
}

/** What an object of the host failed with, for the library. */
function failed(error: unknown): string {
  if (error instanceof Misfit) return JSON.stringify({ message: `its answer does not fit: ${error.toString()}` });
  let message = "it threw something that has no words";
  try {
    message = String((error as Error | null | undefined)?.message ?? error).toWellFormed();
  } catch {
    // Even asking it for words throws.
  }
  return JSON.stringify(error instanceof TertuliaError ? { code: error.code, message } : { message });
}
