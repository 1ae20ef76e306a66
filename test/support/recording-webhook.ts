/** A real HTTP server that keeps what is posted to it, and answers as it is told: for webhooks and collectors. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

export type Posted = { readonly path: string; readonly type: string | undefined; readonly body: unknown };

export type Webhook = { readonly url: string; readonly posted: Posted[] };

/** @param answer the status of the n-th request from 0; undefined for no answer at all */
export async function recordingWebhook(answer: (number: number) => number | undefined = () => 200): Promise<Webhook> {
  const posted: Posted[] = [];
  const server = createServer((request, response) => {
    const number = posted.length;
    const { url: path = "", headers } = request;
    // Noted when it begins, in order; its body comes later.
    const entry = { path, type: headers["content-type"], body: undefined as unknown };
    posted.push(entry);
    void text(request).then((body) => {
      entry.body = JSON.parse(body);
      const status = answer(number);
      if (status !== undefined) response.writeHead(status).end("ok");
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posted };
}
