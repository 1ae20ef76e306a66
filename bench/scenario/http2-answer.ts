/** Asks a proxy questions at the same time over one HTTP/2 connection, and complains when it is not HTTP/2. */
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectTls } from "node:tls";
import { siteName } from "../contender/certificate.ts";
import type { Answer, Question } from "./expected-answer.ts";

const timeoutMs = 10_000;

export async function askByHttp2<const Questions extends readonly Question[]>(
  port: number,
  questions: Questions,
  trustedPem: string | undefined,
): Promise<{ [Index in keyof Questions]: Answer }> {
  const session = await open(port, trustedPem);
  try {
    const answers = await Promise.all(questions.map((question) => askOne(session, question)));
    return answers as { [Index in keyof Questions]: Answer };
  } finally {
    session.destroy();
  }
}

/** HTTP/1.1 is offered too, as browsers do: choosing HTTP/2 is the proxy's part. */
async function open(port: number, trustedPem: string | undefined): Promise<ClientHttp2Session> {
  const socket = connectTls({
    port,
    host: "127.0.0.1",
    servername: siteName,
    ...(trustedPem === undefined ? {} : { ca: trustedPem }),
    minVersion: "TLSv1.3",
    ALPNProtocols: ["h2", "http/1.1"],
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no TLS handshake in ${timeoutMs} ms`)));
  });
  socket.setTimeout(0);
  if (socket.alpnProtocol !== "h2") {
    socket.destroy();
    throw new Error(`negotiates ${socket.alpnProtocol || "no protocol"} instead of h2`);
  }
  const session = connect(`https://${siteName}`, { createConnection: () => socket });
  // Each question hears of it by its own stream.
  session.on("error", () => {});
  return session;
}

async function askOne(session: ClientHttp2Session, { path, headers = {} }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ...headers, ":path": path }, { endStream: true });
    const chunks: Buffer[] = [];
    let answer: Pick<Answer, "status" | "headers"> | undefined;
    stream.setTimeout(timeoutMs, () => stream.destroy(new Error(`${path}: no answer in ${timeoutMs} ms`)));
    stream.once("response", (received) => {
      answer = { status: received[":status"] ?? 0, headers: received };
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.once("error", reject);
    stream.once("close", () => {
      if (answer && stream.readableEnded) resolve({ ...answer, body: Buffer.concat(chunks) });
      else reject(new Error(`${path}: the stream ended without a whole answer`));
    });
  });
}
