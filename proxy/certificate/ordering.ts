/** One order, from the key that is saved first to a certificate that has been checked: jobs made, their events carried out. */
import { createPrivateKey, generateKeyPair } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { CERTIFICATE_LIMITS } from "../limits.ts";
import { authorityName } from "./authority.ts";
import { type CertificatePair, covers, dateProblem, readPair } from "./certificate-pair.ts";
import type { Account, CertificateStore } from "./certificate-store.ts";
import type { ChallengeBoard } from "./challenge-board.ts";
import type { Clock } from "./clock.ts";
import type { Issue } from "./issue.ts";
import type { CertificateJob, IssueEvent, IssueProblem, IssueProblemKind, RenewalWindow } from "./issue-protocol.ts";
import type { IssueQueue } from "./issue-queue.ts";
import type { ChallengeType, OrderMemory } from "./order-memory.ts";

export type OrderSettings = {
  /** URL of the ACME directory. */
  readonly directory: string;
  readonly email: string;
  readonly eabKeyId: string;
  readonly eabKeyPath: string;
  readonly dnsHook: string;
};

export type Order = {
  readonly name: string;
  readonly settings: OrderSettings;
  readonly challenge: ChallengeType;
  readonly memory: () => OrderMemory;
  readonly remember: (changes: Partial<OrderMemory>) => Promise<void>;
  /** The certificate before it, if there is one. */
  readonly replaces: CertificatePair | null;
  readonly tell: (text: string) => void;
  /** Asked when its turn has come: what nobody wishes for any more is not ordered. */
  readonly wanted: () => boolean;
};

type Outcome =
  | { readonly pair: CertificatePair; readonly problem?: never }
  | { readonly pair?: never; readonly problem: IssueProblem };

/** With the account that it was begun with; null if there was none yet. */
export type OrderResult = Outcome & { readonly account: Account | null };

export type RenewalAnswer = { readonly window: RenewalWindow | null; readonly retryAfterSeconds: number | null };

export type OrderingParts = {
  readonly issue: Issue;
  readonly queue: IssueQueue;
  readonly board: ChallengeBoard;
  readonly store: CertificateStore;
  readonly clock: Clock;
  /** ARI's name for a certificate (RFC 9773 §4.1), PEM; empty when it has none. */
  readonly certIdOf: (chain: string) => string;
  /** Told how each order ended. */
  readonly onResult: (result: "issued" | IssueProblemKind) => void;
  /** Ends all of them. */
  readonly closing: AbortSignal;
};

const { orderTimeoutMs, renewalInfoTimeoutMs, maxOrdersPerHour, uselessCertificateMs } = CERTIFICATE_LIMITS;

export class Ordering {
  readonly #parts: OrderingParts;

  constructor(parts: OrderingParts) {
    this.#parts = parts;
  }

  /**
   * Waits for its turn; null when it was not wanted any more.
   * @throws Error for what is no fault of the authority's, such as a disk that takes nothing
   */
  async order(order: Order): Promise<OrderResult | null> {
    const { queue, store, onResult } = this.#parts;
    const run = async (account: Account | null) =>
      order.wanted() ? { ...(await this.#run(order, account)), account } : null;
    const result = await queue.run("order", () => store.withAccount(run));
    if (result !== null) onResult(result.problem?.kind ?? "issued");
    return result;
  }

  /** Null when it could not be found out. */
  async renewalInfo({ directory }: OrderSettings, pair: CertificatePair): Promise<RenewalAnswer | null> {
    const { queue, issue, closing, certIdOf } = this.#parts;
    const certId = certIdOf(pair.chain);
    if (certId === "") return null;
    const job = { kind: "renewal-info", directory, certId, timeoutMs: renewalInfoTimeoutMs } as const;
    const last = await queue.run("question", () => issue(job, { onEvent: () => Promise.resolve(), signal: closing }));
    return last.event === "renewal-info" ? last : null;
  }

  async #run(order: Order, account: Account | null): Promise<Outcome> {
    const { issue, closing, store, clock } = this.#parts;
    closing.throwIfAborted();
    const { name, settings, challenge, tell } = order;
    const externalAccount = await readExternalAccount(settings);
    if ("problem" in externalAccount) return externalAccount;
    const { pendingKey } = order.memory();
    const privateKey = isPending(pendingKey, order) ? pendingKey : await newPrivateKey();
    if (privateKey !== pendingKey) {
      await order.remember({ pendingKey: privateKey, orderUrl: "" });
      // Not by `remember`, which puts up with a full disk: a certificate would outlive its key.
      await store.saveMemory(name, order.memory());
    }
    const job: CertificateJob = {
      kind: "certificate",
      directory: settings.directory,
      email: settings.email,
      account,
      externalAccount: externalAccount.key,
      name,
      privateKey,
      challenge,
      dnsHook: settings.dnsHook,
      replaces: order.replaces === null ? "" : this.#certIdOf(order.replaces),
      orderUrl: order.memory().orderUrl,
      timeoutMs: orderTimeoutMs,
    };
    const words = { "http-01": "HTTP-01", "tls-alpn-01": "TLS-ALPN-01", "dns-01": "DNS-01" }[challenge];
    tell(`Waiting for a certificate for ${name} from ${authorityName(settings.directory)} (${words})…`);
    const placed: (() => void)[] = [];
    try {
      const last = await issue(job, { signal: closing, onEvent: (event) => this.#carryOut(event, order, placed) });
      if (last.event === "failed") return { problem: last.problem };
      if (last.event !== "issued") return failed("internal", `the order ended with the event ${last.event}`);
      const pair = usablePair(last.chain, privateKey, name, clock.now());
      if (typeof pair !== "string") return { pair };
      // It would be the same again: the order is of no more use.
      await order.remember({ orderUrl: "", pendingKey: "" });
      return failed("internal", `the authority's certificate cannot be used: ${pair}`, uselessCertificateMs / 1000);
    } finally {
      for (const takeAway of placed) takeAway();
    }
  }

  async #carryOut(event: IssueEvent, order: Order, placed: (() => void)[]): Promise<void> {
    if (event.event === "account") await this.#parts.store.saveAccount(event);
    else if (event.event === "order") await this.#onOrder(event.url, order);
    else if (event.event === "challenge") placed.push(await this.#parts.board.put(event.challenge));
    else if (event.event === "step") order.tell(`${order.name}: ${event.text}`);
  }

  /** Counted before its check begins, so that a proxy which dies again and again counts it, too. */
  async #onOrder(url: string, { memory, remember }: Order): Promise<void> {
    const { orderUrl, ordersMs } = memory();
    if (url === orderUrl) return;
    await remember({ orderUrl: url, ordersMs: [...ordersMs, this.#parts.clock.now()].slice(-maxOrdersPerHour) });
  }

  #certIdOf(pair: CertificatePair): string {
    try {
      return this.#parts.certIdOf(pair.chain);
    } catch {
      // The authority is not told what it replaces, which costs no more than a place in its rate limits.
      return "";
    }
  }
}

/** The pair, or what is wrong with it. */
function usablePair(chain: string, privateKey: string, name: string, nowMs: number): CertificatePair | string {
  try {
    const pair = readPair(chain, privateKey);
    if (!covers(pair.names, name)) return `it is for ${pair.names.join(", ") || "no name"}`;
    // One that is not valid yet shows that this clock lags behind; clients go by their own.
    return dateProblem(pair, Math.max(nowMs, pair.notBeforeMs)) ?? pair;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Whether the key waits for its certificate still: one that has it was kept by a crash, or by a disk that was full. */
function isPending(key: string, { replaces }: Order): boolean {
  if (key === "" || key === replaces?.privateKey) return false;
  try {
    createPrivateKey(key);
    return true;
  } catch {
    return false;
  }
}

type ExternalAccount = { readonly key: CertificateJob["externalAccount"] } | { readonly problem: IssueProblem };

async function readExternalAccount({ eabKeyId, eabKeyPath }: OrderSettings): Promise<ExternalAccount> {
  if (eabKeyId === "") return { key: null };
  try {
    return { key: { keyId: eabKeyId, hmacKey: (await readFile(eabKeyPath, "utf8")).trim() } };
  } catch (error) {
    return failed("account", `the key of the external account binding cannot be read: ${(error as Error).message}`);
  }
}

/** P-256, as kamal-proxy makes them. */
async function newPrivateKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("ec", {
    namedCurve: "prime256v1",
    privateKeyEncoding: { type: "sec1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return privateKey;
}

function failed(kind: IssueProblemKind, detail: string, retryAfterSeconds: number | null = null) {
  return { problem: { kind, detail, type: "", retryAfterSeconds } };
}
