/** One request over HTTPS to a server of the bed, by a name that no DNS knows: what came back, and with which certificate. */
import { request } from "node:https";
import type { TLSSocket } from "node:tls";
import type { Server } from "./server.ts";

export type HttpsAnswer = {
  readonly status: number;
  readonly body: string;
  /** Of the certificate, in hex. */
  readonly serial: string;
};

/** @throws when nobody answers within ten seconds, or with a certificate that `ca` has not signed for `name` */
export function visitHttps(server: Server, name: string, path: string, ca: string): Promise<HttpsAnswer> {
  const url = new URL(path, `https://${server.address}`);
  return new Promise((resolve, reject) => {
    const options = { agent: false, servername: name, headers: { Host: name }, ca, timeout: 10_000 };
    const asking = request(url, options, (response) => {
      const { serialNumber } = (response.socket as TLSSocket).getPeerCertificate();
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, serial: serialNumber }));
    });
    asking.on("timeout", () => asking.destroy(new Error(`${url.href} did not answer`)));
    asking.on("error", reject);
    asking.end();
  });
}
