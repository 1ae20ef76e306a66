/** Clients that never stop asking and know which version may answer: every answer is checked, every failure kept. */
import { createHash, randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const MAX_PAUSE_MS = 10;
const WEBSOCKET_MESSAGES = 4;

export class VersionLoad {
  readonly failures: string[] = [];
  requests = 0;
  conversations = 0;
  readonly #port: number;
  readonly #running: Promise<void>[] = [];
  #stopped = false;
  /** The version that the last finished deploy left serving, and the one that a running deploy brings. */
  #current: string;
  #next: string | undefined;
  /** Counts deploys begun, so that an answer can be told from one that no deploy explains. */
  #deploys = 0;

  constructor(port: number, current: string) {
    this.#port = port;
    this.#current = current;
  }

  begin(clients: { keepAlive: number; fresh: number; post: number; webSockets: number }): void {
    for (let n = 0; n < clients.keepAlive; n++) this.#client(new Agent({ keepAlive: true, maxSockets: 1 }), false);
    for (let n = 0; n < clients.fresh; n++) this.#client(new Agent({ keepAlive: false }), false);
    for (let n = 0; n < clients.post; n++) this.#client(new Agent({ keepAlive: true, maxSockets: 1 }), true);
    for (let n = 0; n < clients.webSockets; n++) this.#running.push(this.#converse());
  }

  /** Runs `deploy`; while it runs both versions may answer, afterwards only `version`. */
  async during(version: string, deploy: () => Promise<unknown>): Promise<void> {
    this.#deploys++;
    this.#next = version;
    await deploy();
    this.#current = version;
    this.#next = undefined;
  }

  async end(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  #client(agent: Agent, post: boolean): void {
    const run = async (): Promise<void> => {
      while (!this.#stopped) {
        await this.#ask(agent, post).catch((error: unknown) =>
          this.failures.push(`${post ? "POST" : "GET"}: ${String(error)}`),
        );
        await sleep(Math.random() * MAX_PAUSE_MS);
      }
      agent.destroy();
    };
    this.#running.push(run());
  }

  async #ask(agent: Agent, post: boolean): Promise<void> {
    const allowed = this.#allowedNow();
    const body = post ? randomBytes(1 + Math.floor(Math.random() * 50_000)) : Buffer.alloc(0);
    const answer = await exchange(this.#port, agent, post ? "POST" : "GET", body);
    this.requests++;
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
    const said = JSON.parse(answer.body) as { version: string; sha1: string };
    if (said.version !== answer.version) throw new Error(`head of ${answer.version}, body of ${said.version}`);
    if (said.sha1 !== createHash("sha1").update(body).digest("hex")) throw new Error("the body arrived changed");
    allowed(said.version);
  }

  /** A short WebSocket conversation, again and again: it stays with one version from hello to close. */
  async #converse(): Promise<void> {
    while (!this.#stopped) {
      const allowed = this.#allowedNow();
      try {
        allowed(await conversation(this.#port));
        this.conversations++;
      } catch (error) {
        this.failures.push(`WebSocket: ${String(error)}`);
      }
      await sleep(Math.random() * MAX_PAUSE_MS);
    }
  }

  /** What may answer a request that starts now: checked when it has been answered. */
  #allowedNow(): (version: string) => void {
    const versions = new Set([this.#current, ...(this.#next === undefined ? [] : [this.#next])]);
    const deploys = this.#deploys;
    return (version) => {
      if (versions.has(version)) return;
      // A deploy that began while the request was under way may have brought its version.
      if (this.#deploys > deploys && (version === this.#current || version === this.#next)) return;
      throw new Error(`answered by version ${version}, not by ${[...versions].join(" or ")}`);
    };
  }
}

type Answer = { readonly status: number; readonly version: string; readonly body: string };

function exchange(port: number, agent: Agent, method: string, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", agent, method, path: "/" }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        text += piece;
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          version: String(response.headers["x-version"]),
          body: text,
        }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Resolves with the version that answered every message. */
function conversation(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    const versions = new Set<string>();
    let answers = 0;
    socket.addEventListener("open", () => socket.send("0"));
    socket.addEventListener("message", (event) => {
      const [version, number] = String(event.data).split(":");
      versions.add(version as string);
      if (Number(number) !== answers) reject(new Error(`message ${number} instead of ${answers}`));
      answers++;
      if (answers < WEBSOCKET_MESSAGES) socket.send(String(answers));
      else socket.close(1000);
    });
    socket.addEventListener("error", () => reject(new Error("socket error")));
    socket.addEventListener("close", (event) => {
      if (event.code === 1000 && versions.size === 1) resolve([...versions][0] as string);
      else reject(new Error(`closed with ${event.code} after ${answers} answers of ${versions.size} versions`));
    });
  });
}
