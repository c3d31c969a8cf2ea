/** The host objects of the scenario: the same in every language. */
import {
  TertuliaError,
  type Channel,
  type Clock,
  type ConversationHandler,
  type Correlation,
  type Credentials,
  type Crm,
  type HandlerTurn,
  type InboundEvent,
  type Outcome,
  type Outgoing,
  type Sender,
  type Transport,
  type WebhookRequest,
} from "tertulia";

import * as codec from "#dist/codec";
import { list } from "#dist/wire";

/** A platform of the host's, which does what the text of a message asks it to. */
export class HostTransport implements Transport {
  #sent = 0;

  constructor(
    readonly channel: Channel,
    readonly correlation: Correlation,
    readonly timeoutSeconds: number | undefined,
  ) {}

  verify(query: string): string {
    return query;
  }

  parse(request: WebhookRequest): InboundEvent[] {
    if (request.headers["x-secret"] !== "open") {
      throw new TertuliaError("webhook.signature_missing", "the header x-secret is not open");
    }
    return list(codec.InboundEvent).read(JSON.parse(Buffer.from(request.body).toString()));
  }

  async send({ credential }: Sender, { content }: Outgoing): Promise<Outcome> {
    switch (content.type === "text" ? content.body : "") {
      case "throw":
        throw new Error("the host threw");
      case "hang":
        return new Promise(() => {});
      case "nonsense":
        return 42 as unknown as Outcome;
      case "refuse":
        return { refused: { class: "recipient_invalid", code: "131026", detail: "not on the platform" } };
      case "renew":
        if (credential === "secret") return { refused: { class: "key_refused", code: "190", detail: "expired" } };
        return this.#take();
      default:
        return this.#take();
    }
  }

  #take(): Outcome {
    this.#sent += 1;
    return { accepted: { providerId: `host-${this.#sent}` } };
  }
}

/** Credentials of the host's, which know one key, and the one in its place. */
export class HostCredentials implements Credentials {
  credential(reference: string): string {
    if (reference === "key") return "secret";
    throw new TertuliaError("credential.missing", `there is no key ${reference}`);
  }

  renew(reference: string, refused: string): string | undefined {
    return reference === "key" && refused === "secret" ? "newer secret" : undefined;
  }
}

/** A bot of the host's, which does what the last message asks it to, and else says it again. */
export class HostBot implements ConversationHandler {
  crm?: Crm;

  async turn(turn: HandlerTurn): Promise<void> {
    const org = this.crm!.org(turn.org).actingAs(turn.acting);
    const { content } = turn.messages.at(-1)!;
    const body = content.type === "text" ? content.body : "";
    if (body === "a person, please") await org.inbox.handOver(turn.conversation.id);
    else await org.inbox.sendText(turn.contact.id, `You said: ${body}`);
  }
}

/** A clock of the host's, which stands still. */
export class HostClock implements Clock {
  now(): Date {
    return new Date("2026-01-05T09:00:00Z");
  }
}
