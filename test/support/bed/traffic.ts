/** Visitors of every server for as long as a test works on them: one request after the other, each on a connection of its own. */
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "./server.ts";

const PAUSE_MS = 50;
const TIMEOUT_MS = 10_000;

export type Visits = {
  answers: number;
  /** Everything but a 200, in words. */
  readonly failures: string[];
  /** Values of X-Version in the order of their first appearance. */
  readonly versions: string[];
  /** How often an answer was of another version than the one before. */
  takeovers: number;
};

export class Traffic {
  /** By the server's name. */
  readonly visits = new Map<string, Visits>();
  #running = true;
  readonly #loops: Promise<void>[];

  constructor(servers: readonly Server[], path = "/") {
    this.#loops = servers.map((server) => this.#visit(server, path));
  }

  /** Ends after this many more visits to each server. */
  async stop(more = 5): Promise<ReadonlyMap<string, Visits>> {
    const goals = [...this.visits.values()].map((visits) => ({ visits, until: count(visits) + more }));
    const deadline = Date.now() + 60_000;
    while (goals.some(({ visits, until }) => count(visits) < until) && Date.now() < deadline) await sleep(20);
    this.#running = false;
    await Promise.all(this.#loops);
    return this.visits;
  }

  get failures(): string[] {
    return [...this.visits].flatMap(([name, { failures }]) => failures.map((failure) => `${name}: ${failure}`));
  }

  async #visit(server: Server, path: string): Promise<void> {
    const visits: Visits = { answers: 0, failures: [], versions: [], takeovers: 0 };
    let last: string | undefined;
    this.visits.set(server.name, visits);
    while (this.#running) {
      try {
        const version = await visit(`${server.url}${path}`);
        visits.answers++;
        if (last !== undefined && version !== last) visits.takeovers++;
        last = version;
        if (!visits.versions.includes(version)) visits.versions.push(version);
      } catch (error) {
        visits.failures.push(error instanceof Error ? error.message : String(error));
      }
      await sleep(PAUSE_MS);
    }
  }
}

/** @returns the version that answered @throws when the answer is not a whole 200 */
export function visit(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent: false, timeout: TIMEOUT_MS }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(String(response.headers["x-version"]));
        else reject(new Error(`status ${response.statusCode}: ${body.slice(0, 200)}`));
      });
    });
    asking.on("timeout", () => asking.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    asking.on("error", reject);
    asking.end();
  });
}

function count({ answers, failures }: Visits): number {
  return answers + failures.length;
}
