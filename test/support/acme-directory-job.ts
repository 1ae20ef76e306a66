/** Jobs for the issuing process, run in it or without it, and a server that answers challenges on port 80's behalf. */
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { onTestFinished } from "vitest";
import type { CertificateJob, IssueEvent, IssueJob, IssueProblem } from "../../proxy/certificate/issue-protocol.ts";
import { type IssuingOptions, runIssueJob } from "../../proxy/certificate/issuing-process.ts";
import type { Challenge } from "../../proxy/challenge/challenge-table.ts";
import { Conversation } from "../../proxy/issuing/conversation.ts";
import { runJob } from "../../proxy/issuing/run-job.ts";

export const JOB_TIMEOUT_MS = 30_000;

export function newKey(type: "pkcs8" | "sec1" = "pkcs8"): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type, format: "pem" });
}

export function certificateJob(directory: string, over: Partial<CertificateJob> = {}): CertificateJob {
  return {
    kind: "certificate",
    directory,
    email: "",
    account: null,
    externalAccount: null,
    name: "app.example.com",
    privateKey: newKey(),
    challenge: "http-01",
    dnsHook: "",
    replaces: "",
    orderUrl: "",
    timeoutMs: JOB_TIMEOUT_MS,
    ...over,
  };
}

export type ChallengeServer = { readonly port: number; place(challenge: Challenge): void };

/** Knows the key authorizations that were placed, and answers 404 to everything else. */
export async function challengeServer(): Promise<ChallengeServer> {
  const answers = new Map<string, string>();
  const server = createServer((request, response) => {
    const answer = answers.get(request.url?.split("/").pop() ?? "");
    response.writeHead(answer === undefined ? 404 : 200).end(answer ?? "not here");
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    place: (challenge) => {
      if (challenge.type === "http-01") answers.set(challenge.token, challenge.keyAuthorization);
    },
  };
}

/** All events of a job that is done in this process, one at a time, because acme-client has one HTTP client for all. */
export async function eventsOf(
  job: IssueJob,
  place: (challenge: Challenge) => void = () => undefined,
): Promise<IssueEvent[]> {
  const events: IssueEvent[] = [];
  const input = new PassThrough();
  const conversation = new Conversation(input, (event) => {
    events.push(event);
    if (event.event === "challenge") {
      place(event.challenge);
      input.write('{"ready":true}\n');
    }
    return Promise.resolve();
  });
  events.push(await runJob(job, conversation, AbortSignal.timeout(job.timeoutMs)));
  input.end();
  return events;
}

/** All events of a job that is done as the proxy has it done: in a process of its own. */
export async function processEventsOf(
  job: IssueJob,
  place: (challenge: Challenge) => void | Promise<void> = () => undefined,
  options: Partial<IssuingOptions> = {},
): Promise<IssueEvent[]> {
  const events: IssueEvent[] = [];
  await runIssueJob(job, {
    ...options,
    onEvent: async (event) => {
      events.push(event);
      if (event.event === "challenge") await place(event.challenge);
    },
  });
  return events;
}

/** The chain of a job that succeeded. @throws with the problem of one that failed */
export function chainOf(events: readonly IssueEvent[]): string {
  const last = events.at(-1);
  if (last?.event !== "issued") throw new Error(JSON.stringify(last));
  return last.chain;
}

/** The problem of a job that failed. @throws for one that did not */
export function problemOf(events: readonly IssueEvent[]): IssueProblem {
  const last = events.at(-1);
  if (last?.event !== "failed") throw new Error(`it has not failed: ${JSON.stringify(last)}`);
  return last.problem;
}

export function eventOf<Name extends IssueEvent["event"]>(
  events: readonly IssueEvent[],
  name: Name,
): Extract<IssueEvent, { event: Name }> | undefined {
  return events.find((event): event is Extract<IssueEvent, { event: Name }> => event.event === name);
}
