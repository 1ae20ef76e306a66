/** One name at one authority: its certificate, when the next one is due, and the attempts to get it. */
import { CERTIFICATE_LIMITS } from "../limits.ts";
import type { EventLog } from "../observe/event-log.ts";
import { type CertificatePair, dayOf } from "./certificate-pair.ts";
import type { Account, CertificateStore } from "./certificate-store.ts";
import {
  DAY_MS,
  nextAttemptMs,
  nextOrderMs,
  nextRenewalInfoMs,
  plausibleMs,
  renewalMs,
  renewalWithin,
  warningMs,
} from "./certificate-times.ts";
import type { ChallengeBoard } from "./challenge-board.ts";
import type { Clock } from "./clock.ts";
import type { IssueProblem, IssueProblemKind } from "./issue-protocol.ts";
import { type ChallengeType, NOTHING_KNOWN, type OrderMemory } from "./order-memory.ts";
import type { Ordering, OrderSettings } from "./ordering.ts";

export type ManagedParts = {
  readonly name: string;
  readonly store: CertificateStore;
  readonly ordering: Ordering;
  readonly board: Pick<ChallengeBoard, "hasPeers">;
  readonly clock: Clock;
  /** 0 to 1 */
  readonly random: () => number;
  readonly log: EventLog;
  /** Aborts when the proxy shuts down: what fails from then on says nothing. */
  readonly closing: AbortSignal;
  /** Another certificate than before is to be served. */
  readonly onCertificate: () => Promise<void>;
};

/** What is due next: nothing else about the certificate happens before `atMs`. */
export type Due = { readonly what: "order" | "question"; readonly atMs: number };

/** A deploy may follow something that cured these; the others take their time whatever anybody does here. */
const CURABLE: ReadonlySet<IssueProblemKind | ""> = new Set([
  "dns",
  "connection",
  "wrong-answer",
  "caa",
  "dns-hook",
  "account",
  "authority-unavailable",
  "timed-out",
]);
/** After these the authority has given the order up. RFC 8555 §7.1.6. */
const ENDS_ORDER: ReadonlySet<IssueProblemKind> = new Set([
  "dns",
  "connection",
  "wrong-answer",
  "caa",
  "rejected-name",
  "order-gone",
]);
/** With these a check may end at another server that has not been told of its peers yet. */
const CURED_BY_PEERS: ReadonlySet<IssueProblemKind> = new Set(["connection", "wrong-answer"]);
/** An authority that wants a certificate renewed as soon as it is issued gets its way this often at most. */
const LEAST_LIFE_MS = 60 * 60 * 1000;
const LEAST_LIFE_SHARE = 0.1;
/** Orders of one attempt: the first, the other challenge, an order that was gone, a new account. */
const MAX_ORDERS = 4;
const { maxOrdersPerHour, peerDeployMs, maxRetryAfterMs, maxRenewalInfoMs } = CERTIFICATE_LIMITS;

export class ManagedCertificate {
  readonly name: string;
  settings: OrderSettings;
  /** Somebody wants it to be served; if nobody does, no order for it is begun. */
  wished = true;
  readonly #parts: ManagedParts;
  readonly #observers = new Set<(text: string) => void>();
  #pair: CertificatePair | null = null;
  #saved = true;
  #memory: OrderMemory = NOTHING_KNOWN;
  #attempt: Promise<void> | null = null;
  #warnedMs = Number.NEGATIVE_INFINITY;

  constructor(settings: OrderSettings, parts: ManagedParts) {
    this.name = parts.name;
    this.settings = settings;
    this.#parts = parts;
  }

  /** Expired ones included: they are served until there is another. */
  get pair(): CertificatePair | null {
    return this.#pair;
  }

  /** Where its authority's certificates are. */
  get directory(): string {
    return this.#parts.store.directory;
  }

  get memory(): OrderMemory {
    return this.#memory;
  }

  /** An order or a question is under way. */
  get isOrdering(): boolean {
    return this.#attempt !== null;
  }

  /** Whether clients can be shown a certificate that they accept. */
  get isValid(): boolean {
    return this.#pair !== null && this.#pair.notAfterMs > this.#parts.clock.now();
  }

  /** When it is renewed if all goes well; undefined without a certificate. */
  get renewsAtMs(): number | undefined {
    if (this.#pair === null) return undefined;
    const { renewal } = this.#memory;
    if (renewal?.serial === this.#pair.serial && isWithin(renewal.atMs, this.#pair)) return renewal.atMs;
    return renewalMs(this.#pair, `${this.name} ${this.#pair.serial}`);
  }

  /** Takes over what is on disk. */
  async load(): Promise<void> {
    const { store, clock, log } = this.#parts;
    this.#pair = await store.load(this.name);
    const memory = await store.loadMemory(this.name);
    this.#memory = { ...memory, nextAttemptMs: plausibleMs(memory.nextAttemptMs, maxRetryAfterMs, clock.now()) };
    if (this.#pair !== null && !this.isValid) {
      log.warn("Saved certificate has expired", { host: this.name, expires: dayOf(this.#pair.notAfterMs) });
    }
  }

  due(): Due {
    const now = this.#parts.clock.now();
    const { attempts, renewal, orderUrl } = this.#memory;
    const room = orderUrl === "" ? this.#roomMs(maxOrdersPerHour) : 0;
    const notBefore = Math.max(plausibleMs(this.#memory.nextAttemptMs, maxRetryAfterMs, now), room);
    // What was got is gone again, or of no more use: the wait after a success is not for that.
    if (this.#pair === null || !this.isValid) return { what: "order", atMs: attempts > 0 ? notBefore : room };
    const order = Math.max(this.renewsAtMs ?? 0, notBefore);
    const known = renewal?.serial === this.#pair.serial;
    const question = known ? plausibleMs(renewal.nextQuestionMs, maxRenewalInfoMs, now) : 0;
    return question < order ? { what: "question", atMs: question } : { what: "order", atMs: order };
  }

  /** An operator has just deployed: what they may have cured is tried again at once. */
  forgiveProblem(): void {
    if (this.#attempt !== null || !CURABLE.has(this.#memory.problem.kind)) return;
    const room = this.#roomMs(maxOrdersPerHour);
    this.#memory =
      room > this.#parts.clock.now()
        ? { ...this.#memory, nextAttemptMs: Math.min(this.#memory.nextAttemptMs, room) }
        : { ...this.#memory, attempts: 0, nextAttemptMs: 0, alternated: false, accountReplaced: false };
  }

  /** Orders a certificate, or waits for the order that is under way: there is never more than one. Never rejects. */
  order(): Promise<void> {
    this.#attempt ??= this.#tryToOrder()
      .catch((error: unknown) => this.#fail(internal(error)).catch(() => undefined))
      .finally(() => {
        this.#attempt = null;
      });
    return this.#attempt;
  }

  /** Asks the authority when to renew. Never rejects; the order's time stays as it is when there is no answer. */
  question(): Promise<void> {
    this.#attempt ??= this.#ask()
      .catch(() => undefined)
      .finally(() => {
        this.#attempt = null;
      });
    return this.#attempt;
  }

  /** Tells once a day that the certificate runs out, and saves it if that has failed before. */
  async lookAfter(): Promise<void> {
    if (this.#pair === null) return;
    const now = this.#parts.clock.now();
    if (!this.#saved && this.#attempt === null) await this.#save(this.#pair);
    const { problem } = this.#memory;
    if (problem.kind === "" || now < warningMs(this.#pair) || Math.abs(now - this.#warnedMs) < DAY_MS) return;
    this.#warnedMs = now;
    const msg = this.isValid ? "Certificate expires soon" : "Certificate has expired";
    const expires = new Date(this.#pair.notAfterMs).toISOString();
    this.#parts.log.warn(msg, { host: this.name, expires, error: problem.detail });
  }

  /** Hears how orders go, in sentences, until the returned function is called. */
  observe(observer: (text: string) => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  async #tryToOrder(): Promise<void> {
    const { board } = this.#parts;
    let mayWait = this.#memory.attempts === 0;
    for (let orders = 1; ; orders++) {
      const result = await this.#parts.ordering.order({
        name: this.name,
        settings: this.settings,
        challenge: this.#challenge,
        memory: () => this.#memory,
        remember: (changes) => this.#remember(changes),
        replaces: this.#pair,
        tell: (text) => this.#tell(text),
        wanted: () => this.wished,
      });
      if (result === null) return;
      if (result.pair !== undefined) return this.#take(result.pair);
      const { problem, account } = result;
      const otherwise = await this.#tryOtherwise(problem, account);
      const again = !otherwise && mayWait && board.hasPeers && CURED_BY_PEERS.has(problem.kind);
      const hasRoom = orders < MAX_ORDERS && this.#roomMs(maxOrdersPerHour) <= this.#parts.clock.now();
      if (!hasRoom || !(otherwise || again)) return this.#fail(problem);
      const how = otherwise ? "trying another way" : `trying again in ${peerDeployMs / 1000}s, the peers may know then`;
      this.#tell(`${this.name}: ${problem.detail}; ${how}`);
      if (!again) continue;
      mayWait = false;
      await this.#remember({ orderUrl: "" });
      await this.#pause(peerDeployMs);
    }
  }

  /** From when on there may be another order, when `most` an hour are enough. */
  #roomMs(most: number): number {
    return nextOrderMs(this.#memory.ordersMs, most, this.#parts.clock.now());
  }

  /** Ends early when the proxy does. */
  #pause(durationMs: number): Promise<void> {
    const { clock, closing } = this.#parts;
    return new Promise((resolve) => {
      const end = (): void => {
        callOff();
        closing.removeEventListener("abort", end);
        resolve();
      };
      const callOff = clock.after(closing.aborted ? 0 : durationMs, end);
      closing.addEventListener("abort", end);
    });
  }

  get #challenge(): ChallengeType {
    if (this.settings.dnsHook !== "") return "dns-01";
    return this.#memory.challenge === "tls-alpn-01" ? "tls-alpn-01" : "http-01";
  }

  /** Whether there is a reason to believe that another order, right now, ends differently. */
  async #tryOtherwise({ kind }: IssueProblem, account: Account | null): Promise<boolean> {
    const challenge = this.#challenge;
    if (kind === "order-gone" && this.#memory.orderUrl !== "") {
      await this.#remember({ orderUrl: "" });
      return true;
    }
    if (kind === "account" && account !== null && !this.#memory.accountReplaced) {
      await this.#remember({ accountReplaced: true, orderUrl: "" });
      await this.#parts.store.putAccountAside(account);
      return true;
    }
    // Peers help with the other challenge only; and where its port is closed, this one has its turn again at once.
    if (kind === "wrong-answer" && challenge === "tls-alpn-01")
      await this.#remember({ challenge: "http-01", orderUrl: "" });
    if (kind !== "connection" || challenge === "dns-01") return false;
    const first = !this.#memory.alternated;
    await this.#remember({
      challenge: challenge === "http-01" ? "tls-alpn-01" : "http-01",
      alternated: true,
      orderUrl: "",
    });
    return first;
  }

  async #take(pair: CertificatePair): Promise<void> {
    const { clock, log, onCertificate } = this.#parts;
    this.#pair = pair;
    this.#warnedMs = Number.NEGATIVE_INFINITY;
    await this.#save(pair);
    // The order and its key may be forgotten only when the certificate is safe.
    const { challenge, pendingKey, orderUrl } = this.#memory;
    const kept = challenge === "dns-01" ? "" : challenge;
    const least = Math.min(LEAST_LIFE_MS, (pair.notAfterMs - clock.now()) * LEAST_LIFE_SHARE);
    await this.#remember({
      ...NOTHING_KNOWN,
      challenge: kept,
      nextAttemptMs: clock.now() + least,
      ...(this.#saved ? {} : { pendingKey, orderUrl }),
    });
    await onCertificate();
    const lasts = pair.notAfterMs - clock.now() < 3 * DAY_MS ? new Date(pair.notAfterMs).toISOString() : undefined;
    this.#tell(`${this.name}: issued, valid until ${lasts ?? dayOf(pair.notAfterMs)}`);
    log.info("Certificate issued", {
      host: this.name,
      issuer: pair.issuer,
      expires: new Date(pair.notAfterMs).toISOString(),
    });
  }

  async #save(pair: CertificatePair): Promise<void> {
    const { store, log } = this.#parts;
    try {
      await store.save(this.name, pair);
      this.#saved = true;
    } catch (error) {
      this.#saved = false;
      log.error("Unable to save certificate; it is served from memory", { host: this.name, error });
    }
  }

  async #fail(problem: IssueProblem): Promise<void> {
    const { clock, random, log, closing } = this.#parts;
    if (closing.aborted) return;
    const attempts = this.#memory.attempts + 1;
    const { kind, detail } = problem;
    const orderUrl = ENDS_ORDER.has(kind) ? "" : this.#memory.orderUrl;
    const room = orderUrl === "" ? this.#roomMs(maxOrdersPerHour - 1) : 0;
    const next = Math.max(nextAttemptMs({ ...problem, attempts }, clock.now(), random()), room);
    await this.#remember({ attempts, nextAttemptMs: next, problem: { kind, detail }, orderUrl });
    log.warn("Certificate not issued", {
      host: this.name,
      error: detail,
      kind,
      attempts,
      next: new Date(next).toISOString(),
    });
    this.#tell(`${this.name}: no certificate: ${detail}`);
  }

  async #ask(): Promise<void> {
    const pair = this.#pair;
    if (pair === null) return;
    const { clock, random, log, ordering } = this.#parts;
    const before = this.#memory.renewal?.serial === pair.serial ? this.#memory.renewal : null;
    const answer = await ordering.renewalInfo(this.settings, pair).catch((error: unknown) => {
      log.debug("Unable to ask when to renew", { host: this.name, error });
      return null;
    });
    if (this.#parts.closing.aborted) return;
    const now = clock.now();
    const window = answer?.window ?? before?.window ?? null;
    const sameWindow = window?.start === before?.window?.start && window?.end === before?.window?.end;
    // Picked once for each window: whoever picks again and again ends up at its start.
    const atMs =
      sameWindow && before !== null
        ? before.atMs
        : window === null
          ? null
          : (renewalWithin(window, pair, now, random()) ?? null);
    if (!sameWindow) log.info("Certificate's renewal planned", { host: this.name, window });
    const nextQuestionMs = nextRenewalInfoMs(answer?.retryAfterSeconds ?? null, now);
    await this.#remember({ renewal: { serial: pair.serial, atMs, window, nextQuestionMs } });
  }

  /** In memory at once; on disk when it resolves, or told. */
  async #remember(changes: Partial<OrderMemory>): Promise<void> {
    this.#memory = { ...this.#memory, ...changes };
    try {
      await this.#parts.store.saveMemory(this.name, this.#memory);
    } catch (error) {
      this.#parts.log.warn("Unable to save the state of an order", { host: this.name, error });
    }
  }

  #tell(text: string): void {
    for (const observer of this.#observers) observer(text);
  }
}

/** Whether a renewal that is planned for then comes before the end. */
function isWithin(atMs: number | null, { notAfterMs }: CertificatePair): atMs is number {
  return atMs !== null && atMs >= 0 && atMs <= notAfterMs;
}

export function internal(error: unknown): IssueProblem {
  const detail = error instanceof Error ? error.message : String(error);
  return { kind: "internal", detail, type: "", retryAfterSeconds: null };
}
