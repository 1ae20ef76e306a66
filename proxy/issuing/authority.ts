/** acme-client as this process uses it: one directory, every answer looked at here, nothing waited for inside. */
import { setTimeout as wait } from "node:timers/promises";
import { Client, axios as http } from "acme-client";
import type { CertificateJob } from "../certificate/issue-protocol.ts";
import { ISSUING_LIMITS } from "../limits.ts";
import { VERSION } from "../version.ts";
import { AuthorityRefusal, acmeError, IssueFailure, oneLine, readProblem } from "./failure.ts";
import { retryAfterSeconds } from "./retry-after.ts";

type HttpError = Error & {
  readonly code?: string;
  readonly config?: { readonly resent?: boolean };
  readonly request?: { readonly reusedSocket?: boolean };
};

/** One for a process: acme-client has one HTTP client for all. */
export class Authority {
  readonly directory: string;
  readonly #signal: AbortSignal;
  /** Of the latest answer. */
  #retryAfterSeconds: number | null = null;
  #badNonces = 0;

  /** @param signal ends every request and wait with its reason */
  constructor(directory: string, signal: AbortSignal) {
    this.directory = directory;
    this.#signal = signal;
    // acme-client's own interceptors retry 429 and 5xx after sleeping as long as Retry-After says, an hour for instance.
    http.interceptors.request.clear();
    http.interceptors.response.clear();
    Object.assign(http.defaults, {
      timeout: ISSUING_LIMITS.requestTimeoutMs,
      // Signed requests cannot follow a redirect, because their URL is signed; so nothing does.
      maxRedirects: 0,
      proxy: false,
      maxContentLength: ISSUING_LIMITS.maxResponseBytes,
    });
    http.defaults.headers.common["User-Agent"] = `kdeploy-proxy/${VERSION} (acme-client)`;
    http.interceptors.request.use((config) => {
      this.#signal.throwIfAborted();
      // axios counts idle time only; an answer that trickles would never end.
      config.signal = AbortSignal.any([this.#signal, AbortSignal.timeout(ISSUING_LIMITS.requestTimeoutMs)]);
      return config;
    });
    http.interceptors.response.use(
      (response) => {
        this.#look(response.status, response.headers, response.data);
        return response;
      },
      (error: HttpError) => this.#unanswered(error),
    );
  }

  /** The client of an account. An empty URL: not known yet. */
  client(privateKey: string, accountUrl: string, external: CertificateJob["externalAccount"]): Client {
    const client = new Client({
      directoryUrl: this.directory,
      accountKey: privateKey,
      ...(accountUrl === "" ? {} : { accountUrl }),
      ...(external === null ? {} : { externalAccountBinding: { kid: external.keyId, hmacKey: external.hmacKey } }),
    });
    // Its five attempts are too few where an authority refuses half of all nonces; they are counted here instead.
    const inner = client as unknown as { readonly http: { maxBadNonceRetries: number } };
    inner.http.maxBadNonceRetries = Number.POSITIVE_INFINITY;
    return client;
  }

  /** A resource that is read without an account. @throws AuthorityRefusal, IssueFailure */
  async get(url: string): Promise<{ readonly data: unknown; readonly retryAfterSeconds: number | null }> {
    const { data } = await http.get<unknown>(url, { validateStatus: null });
    return { data, retryAfterSeconds: this.#retryAfterSeconds };
  }

  /** Reads again and again until `settled`, as often as the authority wishes. @throws the signal's reason */
  async poll<T>(read: () => Promise<T>, settled: (value: T) => boolean): Promise<T> {
    let paceMs = ISSUING_LIMITS.firstPollMs;
    for (;;) {
      const value = await read();
      if (settled(value)) return value;
      const wishMs = Math.min((this.#retryAfterSeconds ?? 0) * 1000, ISSUING_LIMITS.maxPollMs);
      await this.pause(Math.max(paceMs, wishMs));
      paceMs = Math.min(paceMs * 1.5, ISSUING_LIMITS.maxPollMs);
    }
  }

  async pause(durationMs: number): Promise<void> {
    // The wait's own error would say less than the reason.
    await wait(durationMs, undefined, { signal: this.#signal }).catch(() => undefined);
    this.#signal.throwIfAborted();
  }

  #look(status: number, headers: Record<string, unknown>, data: unknown): void {
    this.#retryAfterSeconds = retryAfterSeconds(headers["retry-after"], Date.now());
    if (status >= 200 && status < 300) {
      // An answer without a body is a new nonce that was asked for, and says nothing about the one before.
      if (data !== "") this.#badNonces = 0;
      return;
    }
    const document = readProblem(data);
    if (acmeError(document) === "badNonce") {
      this.#badNonces += 1;
      // acme-client signs and sends again with the nonce that came with the refusal (RFC 8555 §6.5).
      if (this.#badNonces <= ISSUING_LIMITS.maxBadNonces) return;
    }
    throw new AuthorityRefusal(status, document, this.#retryAfterSeconds);
  }

  #unanswered(error: HttpError): Promise<unknown> {
    this.#signal.throwIfAborted();
    const { code = "", config, request } = error;
    if (request?.reusedSocket && (code === "ECONNRESET" || code === "EPIPE") && config && !config.resent) {
      // The authority closed an idle connection just as it was used again. Had it taken the request after all, it
      // refuses the nonce of this second one.
      return http.request({ ...config, resent: true } as object);
    }
    throw new IssueFailure("authority-unavailable", `${this.directory} ${inWords(error)}`, { cause: error });
  }
}

function inWords(error: HttpError): string {
  const { code = "", message } = error;
  const seconds = ISSUING_LIMITS.requestTimeoutMs / 1000;
  const words: Readonly<Record<string, string>> = {
    ENOTFOUND: "has a name that does not resolve here; check the proxy's DNS",
    EAI_AGAIN: "has a name that could not be looked up now; check the proxy's DNS",
    ECONNREFUSED: "refuses connections",
    ERR_CANCELED: `did not answer within ${seconds}s`,
    ECONNABORTED: `did not answer within ${seconds}s`,
    ETIMEDOUT: "did not answer",
    ERR_INVALID_URL: "is no URL",
  };
  const known = words[code];
  if (known !== undefined) return known;
  if (/SELF_SIGNED|LEAF_SIGNATURE|ISSUER/.test(code)) {
    return `has a certificate that is not trusted here (${oneLine(message)}); NODE_EXTRA_CA_CERTS names a file of further roots`;
  }
  if (/CERT/.test(code)) return `has a certificate that does not hold: ${oneLine(message)}`;
  return `could not be asked: ${oneLine(message === "" ? code : message)}`;
}
