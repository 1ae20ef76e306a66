/** Clients that never stop asking: keep-alive connections, fresh ones, and uploads, with every answer kept. */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export type Answer = { readonly askedAt: number; readonly version: string };

export class BusyClients {
  readonly answers: Answer[] = [];
  /** What went wrong, in words; a request is in here or in `answers`. */
  readonly failures: string[] = [];
  readonly #agent = new Agent({ keepAlive: true });
  readonly #url: string;
  #running = true;
  readonly #loops: Promise<void>[];

  constructor(url: string, clients: number) {
    this.#url = url;
    this.#loops = Array.from({ length: clients }, (_, index) => this.#askOn(index));
  }

  /** Lets the clients go on until they have had this many more answers or failures. */
  async more(count: number): Promise<void> {
    const until = this.#asked + count;
    while (this.#asked < until) await sleep(5);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }

  get #asked(): number {
    return this.answers.length + this.failures.length;
  }

  /** Every fourth client opens a connection per request, every other one uploads. */
  async #askOn(index: number): Promise<void> {
    const agent = index % 4 === 3 ? false : this.#agent;
    const body = index % 2 === 1 ? Buffer.alloc(20_000, "x") : undefined;
    while (this.#running) {
      const askedAt = performance.now();
      try {
        this.answers.push({ askedAt, version: await ask(this.#url, agent, body) });
      } catch (error) {
        this.failures.push(`client ${index}: ${error instanceof Error ? error.message : String(error)}`);
        await sleep(20);
      }
    }
  }
}

/** @returns the version that answered @throws when the answer is not a whole 200 from one version */
export function ask(url: string, agent: Agent | false = false, body?: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent, method: body ? "POST" : "GET", timeout: 10_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const version = String(response.headers["x-version"]);
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode === 200 && text === `${version} received ${body?.length ?? 0} bytes\n`)
          resolve(version);
        else reject(new Error(`status ${response.statusCode}: ${text.slice(0, 200)}`));
      });
    });
    asking.on("timeout", () => asking.destroy(new Error("no answer within 10 s")));
    asking.on("error", reject);
    asking.end(body);
  });
}
