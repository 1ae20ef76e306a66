/** A small ACME directory (RFC 8555, RFC 9773) whose every answer a test can spoil; pebble is for the faithful cases. */
import { type KeyObject, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";
import { newTestAuthority, readRequest } from "./acme-directory-certificates.ts";
import { bindingProblem, type SignedRequest, verifyRequest } from "./acme-directory-jws.ts";
import { pause } from "./eventually.ts";

export type AcmeDirectoryOptions = {
  /** Where http-01 is checked, on 127.0.0.1. Without it every challenge of any type is met at once. */
  readonly httpPort?: number;
  /** Challenge types that are offered. */
  readonly challenges?: readonly string[];
  readonly nonceRejectPercent?: number;
  readonly eab?: { readonly keyId: string; readonly hmacKey: string };
  /** Of the certificates, from a minute ago; 90 days by default. */
  readonly lifetimeMs?: number;
  /** False: the directory has no renewalInfo. */
  readonly renewalInfo?: boolean;
};

export type Resource =
  | "directory"
  | "newNonce"
  | "newAccount"
  | "account"
  | "newOrder"
  | "order"
  | "authz"
  | "challenge"
  | "finalize"
  | "certificate"
  | "renewalInfo";

export type Fault =
  /** `type` without its prefix; none: an answer that is no problem document. */
  | {
      readonly status: number;
      readonly type?: string;
      readonly detail?: string;
      readonly subproblems?: readonly object[];
      readonly retryAfter?: string | number;
      readonly location?: string;
    }
  /** The answer comes, but late. */
  | { readonly delayMs: number }
  /** The connection is cut. */
  | { readonly hangUp: true }
  /** This text instead of the certificate, or of any other body; status 200. */
  | { readonly body: string };

export type RecordedOrder = {
  readonly name: string;
  /** Empty when it replaces nothing. */
  readonly replaces: string;
  readonly url: string;
  status: "pending" | "ready" | "valid" | "invalid";
};

export type AcmeDirectory = {
  /** Of the directory, over plain HTTP. */
  readonly url: string;
  /** Of the authority that signs. */
  readonly rootPem: string;
  readonly orders: readonly RecordedOrder[];
  /** Accounts by their URL; a test may delete one, or deactivate it. */
  readonly accounts: Map<string, { readonly key: KeyObject; status: string; contact: unknown }>;
  /** CertIDs that were asked about, in order. */
  readonly renewalInfoAsked: readonly string[];
  /** What is said to all of them; by default the last third of a certificate's life. */
  renewal: { start: string; end: string; explanationURL?: string; retryAfter?: string | number } | undefined;
  /** Requests so far, of one kind or all. */
  requestCount(resource?: Resource): number;
  /** User-Agent of the latest request. */
  userAgent: string;
  /** Spoils the next `times` answers of a resource. */
  fail(resource: Resource, fault: Fault, times?: number): void;
  /** Connections are refused until `start`, on the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
};

type Authorization = {
  readonly name: string;
  readonly wildcard: boolean;
  readonly token: string;
  status: string;
  error?: object;
};
type Order = RecordedOrder & {
  readonly id: string;
  readonly account: string;
  readonly authorization: Authorization;
  chain?: string;
};
type Call = { readonly resource: Resource; readonly id: string; readonly signed: SignedRequest };
type Answer = { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown };

const PREFIX = "urn:ietf:params:acme:error:";
const DAY_MS = 24 * 60 * 60 * 1000;
const CHECK_TIMEOUT_MS = 5_000;

class Refusal extends Error {
  readonly fault: Extract<Fault, { status: number }>;
  constructor(status: number, type: string, detail: string) {
    super(detail);
    this.fault = { status, type, detail };
  }
}

export async function startAcmeDirectory(options: AcmeDirectoryOptions = {}): Promise<AcmeDirectory> {
  const authority = newTestAuthority();
  const orders: Order[] = [];
  const faults = new Map<Resource, Fault[]>();
  const counts = new Map<Resource, number>();
  const nonces = new Set<string>();
  const renewalInfoAsked: string[] = [];
  let server: Server | undefined;
  let port = 0;

  const directory: AcmeDirectory = {
    get url() {
      return `http://127.0.0.1:${port}/directory`;
    },
    rootPem: authority.pem,
    orders,
    accounts: new Map(),
    renewalInfoAsked,
    renewal: undefined,
    userAgent: "",
    requestCount: (resource) =>
      resource ? (counts.get(resource) ?? 0) : [...counts.values()].reduce((sum, count) => sum + count, 0),
    fail: (resource, fault, times = 1) => {
      faults.set(resource, [...(faults.get(resource) ?? []), ...Array.from({ length: times }, () => fault)]);
    },
    start: async () => {
      const fresh = createServer((request, response) => void serve(request, response));
      await new Promise<void>((resolve) => {
        fresh.listen(port, "127.0.0.1", resolve);
      });
      ({ port } = fresh.address() as AddressInfo);
      server = fresh;
    },
    stop: async () => {
      const closing = server;
      server = undefined;
      closing?.closeAllConnections();
      await new Promise((resolve) => {
        if (closing) closing.close(resolve);
        else resolve(undefined);
      });
    },
  };
  await directory.start();
  return directory;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, resource = "", id = ""] = (request.url ?? "").split("/") as [string, Resource?, string?];
    counts.set(resource as Resource, (counts.get(resource as Resource) ?? 0) + 1);
    directory.userAgent = request.headers["user-agent"] ?? "";
    const fault = faults.get(resource as Resource)?.shift();
    try {
      if (fault && "hangUp" in fault) return void request.socket.destroy();
      if (fault && "delayMs" in fault) await pause(fault.delayMs);
      if (fault && "status" in fault) return send(response, refused(fault));
      const answer = await answerTo(resource as Resource, id, request);
      send(response, fault && "body" in fault ? { ...answer, body: fault.body } : answer);
    } catch (error) {
      const known = error instanceof Refusal ? error : new Refusal(400, "malformed", String(error));
      send(response, refused(known.fault));
    }
  }

  function refused({ status, type, retryAfter, location, ...rest }: Extract<Fault, { status: number }>): Answer {
    const headers = {
      ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
      ...(location === undefined ? {} : { location }),
    };
    if (type === undefined) return { status, headers, body: "<h1>no such luck</h1>" };
    return { status, headers, body: { type: PREFIX + type, status, ...rest } };
  }

  function send(response: ServerResponse, { status = 200, headers = {}, body = "" }: Answer): void {
    const nonce = randomBytes(12).toString("base64url");
    nonces.add(nonce);
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const type =
      typeof body === "string" ? "text/plain" : status < 400 ? "application/json" : "application/problem+json";
    response.writeHead(status, { "content-type": type, "replay-nonce": nonce, ...headers }).end(text);
  }

  async function answerTo(resource: Resource, id: string, request: IncomingMessage): Promise<Answer> {
    const at = (path: string): string => `http://127.0.0.1:${port}/${path}`;
    if (resource === "newNonce") return {};
    if (resource === "directory") {
      const { renewalInfo = true } = options;
      return {
        body: {
          newNonce: at("newNonce"),
          newAccount: at("newAccount"),
          newOrder: at("newOrder"),
          ...(renewalInfo ? { renewalInfo: at("renewalInfo") } : {}),
          meta: { externalAccountRequired: options.eab !== undefined },
        },
      };
    }
    if (resource === "renewalInfo") return renewalInfo(id);
    const signed = verifyRequest(await bodyOf(request), at(request.url?.slice(1) ?? ""), (kid) => accountOf(kid).key);
    if (!nonces.delete(signed.nonce) || Math.random() * 100 < (options.nonceRejectPercent ?? 0)) {
      throw new Refusal(400, "badNonce", "try another one");
    }
    if (resource !== "newAccount" && signed.kid === "") throw new Refusal(400, "malformed", "kid is missing");
    return act({ resource, id, signed }, at);
  }

  function accountOf(kid: string) {
    const account = directory.accounts.get(kid);
    if (!account) throw new Refusal(400, "accountDoesNotExist", `no account ${kid}`);
    if (account.status !== "valid") throw new Refusal(403, "unauthorized", `account is ${account.status}`);
    return account;
  }

  function renewalInfo(certId: string): Answer {
    renewalInfoAsked.push(certId);
    const lifetimeMs = options.lifetimeMs ?? 90 * DAY_MS;
    const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
    const {
      explanationURL,
      retryAfter = 21_600,
      ...window
    } = directory.renewal ?? {
      start: inMs((lifetimeMs * 2) / 3),
      end: inMs((lifetimeMs * 3) / 4),
    };
    return { headers: { "retry-after": String(retryAfter) }, body: { suggestedWindow: window, explanationURL } };
  }

  async function act({ resource, id, signed }: Call, at: (path: string) => string): Promise<Answer> {
    if (resource === "newAccount") return newAccount(signed, at);
    if (resource === "account") return updateAccount(signed);
    if (resource === "newOrder") return newOrder(signed, at);
    const order = orders.find((each) => each.id === id && each.account === signed.kid);
    if (!order) throw new Refusal(404, "malformed", "no such thing");
    if (resource === "order") return { body: orderBody(order, at) };
    if (resource === "authz") return { body: authorizationBody(order, at) };
    if (resource === "finalize") return finalize(order, signed, at);
    if (resource === "certificate") return { body: order.chain ?? "" };
    if (resource !== "challenge") throw new Refusal(404, "malformed", `no resource ${resource}`);
    if (order.authorization.status !== "pending") throw new Refusal(400, "malformed", "not pending");
    await check(order, signed.thumbprint);
    return { body: challengeBody(order, "http-01", at) };
  }

  function newAccount({ key, payload }: SignedRequest, at: (path: string) => string): Answer {
    const [known] = [...directory.accounts].filter(([, account]) => account.key.equals(key));
    if (known) {
      accountOf(known[0]);
      return { status: 200, headers: { location: known[0] }, body: { status: "valid" } };
    }
    if (payload?.["termsOfServiceAgreed"] !== true) throw new Refusal(400, "userActionRequired", "agree to the terms");
    if (options.eab) {
      const binding = payload["externalAccountBinding"];
      if (binding === undefined) throw new Refusal(400, "externalAccountRequired", "this directory wants a binding");
      const problem = bindingProblem(binding, key, options.eab);
      if (problem !== undefined) throw new Refusal(403, "unauthorized", problem);
    }
    const url = at(`account/${randomBytes(6).toString("hex")}`);
    directory.accounts.set(url, { key, status: "valid", contact: payload["contact"] });
    return { status: 201, headers: { location: url }, body: { status: "valid" } };
  }

  function updateAccount({ kid, payload }: SignedRequest): Answer {
    const account = accountOf(kid);
    const { contact } = payload ?? {};
    if (payload && contact === undefined) throw new Refusal(400, "malformed", "an empty update");
    if (contact !== undefined) account.contact = contact;
    return { body: { status: account.status } };
  }

  function newOrder({ kid, payload }: SignedRequest, at: (path: string) => string): Answer {
    const identifiers = payload?.["identifiers"] as { type: string; value: string }[];
    const { value: name = "" } = identifiers[0] ?? {};
    const id = randomBytes(6).toString("hex");
    const authorization = {
      name: name.replace(/^\*\./, ""),
      wildcard: name.startsWith("*."),
      token: randomBytes(16).toString("base64url"),
      status: "pending",
    };
    const replaces = textOf(payload?.["replaces"]);
    if (replaces !== "" && orders.some((each) => each.replaces === replaces && each.status !== "invalid")) {
      throw new Refusal(409, "alreadyReplaced", `${replaces} has been replaced`);
    }
    const order: Order = { id, url: at(`order/${id}`), account: kid, name, replaces, status: "pending", authorization };
    orders.push(order);
    return { status: 201, headers: { location: order.url }, body: orderBody(order, at) };
  }

  function finalize(order: Order, { payload }: SignedRequest, at: (path: string) => string): Answer {
    if (order.status !== "ready") throw new Refusal(403, "orderNotReady", `the order is ${order.status}`);
    const request = readRequest(Buffer.from(textOf(payload?.["csr"]), "base64url"));
    if (request.names.join() !== order.name) throw new Refusal(400, "badCSR", `it is for ${request.names.join()}`);
    const notBefore = new Date(Date.now() - 60_000);
    const notAfter = new Date(notBefore.getTime() + (options.lifetimeMs ?? 90 * DAY_MS));
    order.chain = authority.issue(request, { notBefore, notAfter }) + authority.pem;
    order.status = "valid";
    return { body: orderBody(order, at) };
  }

  function orderBody(order: Order, at: (path: string) => string): object {
    return {
      status: order.status,
      identifiers: [{ type: "dns", value: order.name }],
      authorizations: [at(`authz/${order.id}`)],
      finalize: at(`finalize/${order.id}`),
      ...(order.chain === undefined ? {} : { certificate: at(`certificate/${order.id}`) }),
    };
  }

  function authorizationBody(order: Order, at: (path: string) => string): object {
    const { name, wildcard, status } = order.authorization;
    const { challenges = ["http-01", "tls-alpn-01", "dns-01"] } = options;
    return {
      identifier: { type: "dns", value: name },
      status,
      ...(wildcard ? { wildcard } : {}),
      challenges: challenges.map((type) => challengeBody(order, type, at)),
    };
  }

  function challengeBody({ id, authorization }: Order, type: string, at: (path: string) => string): object {
    const { token, status, error } = authorization;
    return { type, url: at(`challenge/${id}`), token, status, ...(error ? { error } : {}) };
  }

  /** RFC 8555 §8.3, as an authority does it. */
  async function check(order: Order, thumbprint: string): Promise<void> {
    const { authorization } = order;
    const problem = options.httpPort === undefined ? undefined : await httpProblem(order, options.httpPort, thumbprint);
    authorization.status = problem ? "invalid" : "valid";
    order.status = problem ? "invalid" : "ready";
    if (problem) authorization.error = problem;
  }

  async function httpProblem(
    { authorization }: Order,
    httpPort: number,
    thumbprint: string,
  ): Promise<object | undefined> {
    const { name, token } = authorization;
    const url = `http://127.0.0.1:${httpPort}/.well-known/acme-challenge/${token}`;
    try {
      const { status, body } = await ask(url, name);
      if (status === 200 && body.trim() === `${token}.${thumbprint}`) return undefined;
      const detail = `127.0.0.1: Invalid response from http://${name}/.well-known/acme-challenge/${token}: ${status}`;
      return { type: `${PREFIX}unauthorized`, status: 403, detail };
    } catch (error) {
      return { type: `${PREFIX}connection`, status: 400, detail: `127.0.0.1: ${String(error)}` };
    }
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** With a Host field of its own, which fetch does not allow. */
function ask(url: string, host: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host }, agent: false, timeout: CHECK_TIMEOUT_MS }, (response) => {
      bodyOf(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    })
      .on("timeout", function (this: { destroy(error: Error): void }) {
        this.destroy(new Error("Timeout during connect"));
      })
      .on("error", reject)
      .end();
  });
}
