/**
 * A whole server: WhatsApp webhooks by Express, and a worker beside it.
 *
 *     APP_SECRET=… VERIFY_TOKEN=… ACCESS_TOKEN=… PUBLIC_URL=https://shop.example node build/examples/webhooks.js
 *
 * Senders are connected once, by `accounts.connect` with the credential reference `main`. `PUBLIC_URL` is where the
 * platform finds this server: behind a proxy the request itself does not tell.
 */
import { once } from "node:events";

import express from "express";

import { Crm, TertuliaError, WhatsApp } from "tertulia";

const crm = await Crm.open({
  path: process.env.CRM_FILE ?? "crm.db",
  transports: {
    whatsapp: new WhatsApp({
      appSecret: secret("APP_SECRET"),
      verifyToken: secret("VERIFY_TOKEN"),
      baseUrl: process.env.GRAPH_URL,
    }),
  },
  credentials: { main: secret("ACCESS_TOKEN") },
});
const worker = crm.work();
const publicUrl = secret("PUBLIC_URL");

const app = express();
// The bytes as they came, before anything parses them: the signature is over them.
app.use("/webhooks", express.raw({ type: () => true, limit: "8mb" }));
app.all("/webhooks/:endpoint", async (request, response) => {
  const { method, originalUrl, headersDistinct } = request;
  const headers = Object.fromEntries(Object.entries(headersDistinct).map(([name, all]) => [name, all!.join(", ")]));
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  try {
    // When this returns, the events are on disk.
    const received = await crm.receive(request.params.endpoint, { method, url: publicUrl + originalUrl, headers, body });
    response.type(received.contentType).send(received.body);
  } catch (error) {
    // Not 200: the platform sends the webhook again. The message may name what was refused: log the code alone.
    if (error instanceof TertuliaError) response.status(error.httpStatus).type("text").send(error.code);
    else response.sendStatus(503);
  }
});

const server = app.listen(Number(process.env.PORT ?? 8080), "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as { port: number };
console.log(`listening on http://127.0.0.1:${port}`);

await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
server.close();
// Ends the worker after what it is sending.
await crm.close();
await worker;

function secret(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`the environment lacks ${name}`);
  return value;
}
