/**
 * The proxies on other servers that serve the same names: a token that this one does not know → the key authorization
 * from the one that asked for the certificate. A token is public, and so is its answer; nothing else travels.
 */
import { type GetResult, getOnce } from "../http1/get-once.ts";
import { CHALLENGE_LIMITS } from "../limits.ts";
import { parseTargetAddress } from "../target/target-address.ts";
import { type Heard, SingleFlight } from "./single-flight.ts";

/** Where a certificate authority looks for the answer, RFC 8555 §8.3; the token follows. */
export const CHALLENGE_PATH = "/.well-known/acme-challenge/";
/** Marks a question of one proxy to another: whoever gets it knows the answer itself, or there is none. Lower case. */
export const HOP_FIELD = "x-kdeploy-acme-hop";
const QUESTION_FIELDS = "X-Kdeploy-Acme-Hop: 1\r\nUser-Agent: kdeploy-proxy\r\n";

const TOKEN = /^[A-Za-z0-9_-]+$/;
/** SHA-256 of the account's key, base64url (RFC 8555 §8.1, RFC 7638). */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

export class ChallengePeers {
  readonly #limits: typeof CHALLENGE_LIMITS;
  readonly #questions: SingleFlight<string>;
  #peers: readonly string[] = [];
  /** Peers that did not answer → when they may be asked again, `performance.now()`. */
  readonly #down = new Map<string, number>();

  constructor(limits: typeof CHALLENGE_LIMITS = CHALLENGE_LIMITS) {
    this.#limits = limits;
    this.#questions = new SingleFlight({
      maxAtOnce: limits.maxPeerQuestions,
      burst: limits.peerQuestionsPerSecond,
      refillMs: 1_000,
      maxRemembered: limits.maxRememberedTokens,
    });
  }

  get empty(): boolean {
    return this.#peers.length === 0;
  }

  /**
   * @param peers `host:port` of each
   * @param known what need not be asked any more; those who wait for it have it at once
   */
  use(peers: readonly string[], known: ReadonlyMap<string, string>): void {
    if (!samePeers(peers, this.#peers)) {
      this.#peers = [...peers];
      this.#down.clear();
      this.#questions.forget();
    }
    for (const token of this.#questions.keysUnderWay) {
      const keyAuthorization = known.get(token);
      if (keyAuthorization !== undefined) this.#questions.settle(token, keyAuthorization);
    }
  }

  /**
   * The key authorization that one of the peers has for `token`; empty or null when none has, within
   * `peerTimeoutMs`. Many who ask the same are one question, and there are never many questions at once.
   * @param hostHeader the Host that the authority asked for
   */
  ask(token: string, hostHeader: string): Promise<string | null> {
    if (this.empty || !this.isToken(token)) return Promise.resolve(null);
    return this.#questions.ask(token, (signal) => this.#askAll(token, hostHeader, signal));
  }

  /** Base64url, RFC 8555 §8.3. */
  isToken(text: string): boolean {
    return text.length <= this.#limits.maxTokenLength && TOKEN.test(text);
  }

  /** Ends what is under way. */
  close(): void {
    this.#questions.close();
  }

  async #askAll(token: string, hostHeader: string, signal: AbortSignal): Promise<Heard<string>> {
    const now = performance.now();
    const peers = this.#peers.filter((peer) => (this.#down.get(peer) ?? 0) <= now);
    // The first good answer ends the others; and so does whoever no longer wants one.
    const enough = new AbortController();
    const either = AbortSignal.any([signal, enough.signal]);
    const found = await firstOf(
      peers.map(async (peer) => {
        const result = await getOnce(this.#questionTo(peer, token, hostHeader), either);
        if (either.aborted) return "";
        if (result.kind !== "response") {
          this.#down.set(peer, performance.now() + this.#limits.peerDownMs);
          return "";
        }
        return this.#keyAuthorizationIn(result, token);
      }),
    );
    enough.abort();
    return { value: found, keepMs: found === "" ? this.#unknownForMs() : this.#limits.tokenMs };
  }

  /** Who was not heard may know it after all, as soon as he can be asked again. */
  #unknownForMs(): number {
    const now = performance.now();
    const waits = this.#peers.map((peer) => (this.#down.get(peer) ?? 0) - now).filter((waitMs) => waitMs > 0);
    return Math.min(this.#limits.tokenMs, ...waits);
  }

  #questionTo(peer: string, token: string, hostHeader: string) {
    const maxBodyBytes = this.#limits.maxKeyAuthorizationBytes + 1;
    return {
      ...parseTargetAddress(peer),
      tls: false,
      path: CHALLENGE_PATH + token,
      hostHeader: hostHeader === "" ? peer : hostHeader,
      fields: QUESTION_FIELDS,
      timeoutMs: this.#limits.peerTimeoutMs,
      maxBodyBytes,
      keepBodyBytes: maxBodyBytes,
    };
  }

  #keyAuthorizationIn(result: GetResult & { kind: "response" }, token: string): string {
    if (result.status !== 200 || result.bodyBytes > this.#limits.maxKeyAuthorizationBytes) return "";
    const text = result.body.toString("latin1");
    // Whatever else a peer may say (its application's page, for one) is not passed on in this server's name.
    return text.startsWith(`${token}.`) && THUMBPRINT.test(text.slice(token.length + 1)) ? text : "";
  }
}

/** The first text that is not empty, as soon as it is there; empty when all are. */
function firstOf(answers: readonly Promise<string>[]): Promise<string> {
  const good = answers.map((answer) =>
    answer.then((text) => (text === "" ? Promise.reject(new Error("no answer")) : text)),
  );
  return Promise.any(good).catch(() => "");
}

function samePeers(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((peer, index) => peer === other[index]);
}
