/** Asks a proxy one question over a real connection and complains, in a sentence, about anything but the right answer. */
import { createHash } from "node:crypto";
import { Agent, type IncomingHttpHeaders, request as sendRequest } from "node:http";
import { Agent as SecureAgent, request as sendSecureRequest } from "node:https";
import { siteName } from "../contender/certificate.ts";

export interface Question {
  path: string;
  method?: string;
  headers?: Record<string, string>;
  body?: Buffer;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

const timeoutMs = 10_000;

/**
 * Asks all questions one after another on a single connection, so that keep-alive is part of the examination.
 * @param trustedPem makes it HTTP/1.1 over TLS 1.3 to the site's name, whose certificate this must be
 */
export async function ask<const Questions extends readonly Question[]>(
  port: number,
  questions: Questions,
  trustedPem?: string,
): Promise<{ [Index in keyof Questions]: Answer }> {
  const agent = agentFor(trustedPem);
  let connections = 0;
  const answers: Answer[] = [];
  try {
    for (const question of questions) answers.push(await askOne(port, question, agent, () => (connections += 1)));
  } finally {
    agent.destroy();
  }
  if (connections !== 1) throw new Error(`does not keep the client's connection alive (${connections} were needed)`);
  return answers as { [Index in keyof Questions]: Answer };
}

function agentFor(trustedPem: string | undefined): Agent {
  const single = { keepAlive: true, maxSockets: 1 };
  if (trustedPem === undefined) return new Agent(single);
  const secure = { servername: siteName, ca: trustedPem, minVersion: "TLSv1.3", ALPNProtocols: ["http/1.1"] } as const;
  return new SecureAgent({ ...single, ...secure });
}

export function expectBody(answer: Answer, body: Buffer | string, what: string): void {
  const expected = Buffer.from(body);
  if (answer.status !== 200) throw new Error(`${what}: status ${answer.status} instead of 200`);
  if (answer.body.length !== expected.length) {
    throw new Error(`${what}: ${answer.body.length} bytes instead of ${expected.length}`);
  }
  if (sha256(answer.body) !== sha256(expected)) throw new Error(`${what}: right length, wrong bytes`);
}

export function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function askOne(port: number, question: Question, agent: Agent, onConnection: () => void): Promise<Answer> {
  const { path, method = "GET", headers = {}, body } = question;
  return new Promise((resolve, reject) => {
    const host = agent instanceof SecureAgent ? { host: siteName } : {};
    const length = body ? { "content-length": String(body.length) } : {};
    const send = agent instanceof SecureAgent ? sendSecureRequest : sendRequest;
    const all = { ...host, ...headers, ...length };
    const request = send({ port, host: "127.0.0.1", path, method, agent, headers: all });
    request.setTimeout(timeoutMs, () => request.destroy(new Error(`${method} ${path}: no answer in ${timeoutMs} ms`)));
    request.on("socket", (socket) => {
      if (socket.connecting) onConnection();
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    request.end(body);
  });
}
