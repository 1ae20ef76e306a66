/** TLS clients for tests, and tables of certificates for the proxy to show them. */
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import type { CertificateTable, ServedCertificate } from "../../proxy/tls/certificate-table.ts";
import { RawClient } from "./raw-client.ts";
import { type CertificateOptions, certificateFor } from "./test-certificates.ts";

/** A certificate as a table holds it; its id is its first name, unless another one is given. */
export async function served(
  names: readonly string[],
  id = names[0] as string,
  options: CertificateOptions = {},
): Promise<ServedCertificate> {
  const { chain, privateKey } = await certificateFor(names, options);
  return { id, chain, privateKey, names };
}

/** Each certificate for all its names; the first one for clients that name none. */
export function tableOf(
  certificates: readonly ServedCertificate[],
  changes: Partial<CertificateTable> = {},
): CertificateTable {
  return {
    certificates,
    names: certificates.flatMap(({ id, names }) => names.map((name) => [name, id] as const)),
    defaultId: certificates[0]?.id ?? "",
    askable: [],
    ...changes,
  };
}

/** Shakes hands with whoever listens there, trusting anybody. @throws what the handshake failed with */
export async function secure(port: number, servername: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, servername, rejectUnauthorized: false, ...options });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

/** HTTP/1.1 over TLS. */
export async function secureClient(
  port: number,
  servername: string,
  options: ConnectionOptions = {},
): Promise<RawClient> {
  return RawClient.over(await secure(port, servername, { allowHalfOpen: true, ...options } as ConnectionOptions));
}

/** Code of the error that a handshake fails with; `""` if it succeeds. */
export async function handshakeError(
  port: number,
  servername: string,
  options: ConnectionOptions = {},
): Promise<string> {
  try {
    await secure(port, servername, options);
    return "";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** Names on the certificate that is shown for `servername`. */
export async function shownFor(port: number, servername: string, options: ConnectionOptions = {}): Promise<string> {
  const socket = await secure(port, servername, options);
  const { subjectaltname } = socket.getPeerCertificate();
  socket.destroy();
  return (subjectaltname ?? "").replaceAll("DNS:", "");
}

/** The first bytes of a client: a real ClientHello, caught before anybody answers. */
export async function helloOf(servername: string, options: ConnectionOptions = {}): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const wire = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
      wire.emit("hello");
    },
  });
  const said = once(wire, "hello");
  const socket = connect({ socket: wire, servername, rejectUnauthorized: false, ...options });
  socket.on("error", () => undefined);
  await said;
  socket.destroy();
  return Buffer.concat(chunks);
}

/** A TCP connection, as whatever comes over it may be no TLS at all. */
export async function bareSocket(port: number): Promise<Socket> {
  const socket = connectTcp({ host: "127.0.0.1", port, noDelay: true });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}
