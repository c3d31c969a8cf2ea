/** The stand-in platform and the clock set by hand, for tests: months of campaigns run in seconds. */
import { ClockMethods, PlatformMethods } from "./handles.js";
import { open, type Handle } from "./runtime.js";
import * as w from "./wire.js";

/** A clock that stands still until it is set. */
export class ManualClock extends ClockMethods {
  /** A clock that shows this time. */
  static async open(now: Date): Promise<ManualClock> {
    const options = { now: w.written("ManualClock.open now", w.time, now) };
    return new ManualClock(await open("clock", options));
  }
}

/** What a stand-in platform is started with. */
export interface PlatformOptions {
  /** Whether free-form messages outside the 24 hours are refused; absent: they are not. */
  windows?: boolean | undefined;
  /** Its clock; absent: the machine's. */
  clock?: ManualClock | undefined;
}

/** A stand-in for the WhatsApp Cloud API on a port of this machine: takes sends, calls webhooks, and fails as told. */
export class Platform extends PlatformMethods {
  /** Starts one. */
  static async open(options: PlatformOptions = {}): Promise<Platform> {
    const clocks: Handle[] = [];
    const written = w.written("Platform.open", platformOptions(clocks), options);
    return new Platform(await open("platform", written, [], clocks));
  }
}

/** The options; the clock that they name joins the list. */
function platformOptions(clocks: Handle[]): w.Codec<unknown> {
  const clock = w.handedOver((value) => {
    if (value instanceof ManualClock) return clocks.push(value) - 1;
    throw new w.Misfit("expected a ManualClock");
  });
  return w.record(() => ({ windows: ["windows", w.bool, false], clock: ["clock", w.optional(clock)] }));
}
