/** An order's beginning and its end: opened or gone on with, finalised, and the chain fetched. */
import { type KeyObject, X509Certificate } from "node:crypto";
import { type Client, crypto, type Order } from "acme-client";
import type { CertificateJob } from "../certificate/issue-protocol.ts";
import type { Authority } from "./authority.ts";
import { explainValidation } from "./explain.ts";
import { AuthorityRefusal, IssueFailure, readProblem } from "./failure.ts";

/** How often, and at which pace, an authority is asked that says "ready" here and "not ready" there. */
const FINALIZE_ATTEMPTS = 3;
const FINALIZE_PAUSE_MS = 1_000;

/** @throws IssueFailure `order-gone`, or AuthorityRefusal */
export async function openOrder(client: Client, job: CertificateJob): Promise<Order> {
  if (job.orderUrl !== "") return knownOrder(client, job);
  const request = { identifiers: [{ type: "dns", value: job.name }] };
  if (job.replaces === "") return client.createOrder(request);
  try {
    return await client.createOrder({ ...request, replaces: job.replaces } as typeof request);
  } catch (error) {
    // What it replaces only helps with rate limits (RFC 9773 §5): an authority that has forgotten the old certificate,
    // or has had it replaced already, shall still issue the new one.
    if (error instanceof AuthorityRefusal && isAboutRequest(error)) return client.createOrder(request);
    throw error;
  }
}

async function knownOrder(client: Client, job: CertificateJob): Promise<Order> {
  let order: Order;
  try {
    // Only the URL is looked at.
    order = await client.getOrder({ url: job.orderUrl } as Order);
  } catch (error) {
    if (error instanceof AuthorityRefusal && isAboutRequest(error)) throw gone(job, "the authority does not know it");
    throw error;
  }
  const names = (order.identifiers ?? []).map(({ value }) => value);
  if (names.length !== 1 || names[0] !== job.name) throw gone(job, `it is for ${names.join(", ")}`);
  if (order.status === "invalid") throw gone(job, "it has become invalid");
  return order;
}

function isAboutRequest({ status, acmeError }: AuthorityRefusal): boolean {
  return (
    status >= 400 &&
    status < 500 &&
    status !== 429 &&
    acmeError !== "rateLimited" &&
    acmeError !== "accountDoesNotExist"
  );
}

function gone({ orderUrl, name }: CertificateJob, reason: string): IssueFailure {
  return new IssueFailure("order-gone", `the order ${orderUrl} for ${name} cannot be gone on with: ${reason}`);
}

/** From an order whose authorizations are valid to the chain in PEM. @throws IssueFailure, AuthorityRefusal */
export async function completeOrder(
  authority: Authority,
  client: Client,
  order: Order,
  job: CertificateJob,
  key: KeyObject,
): Promise<string> {
  let current = await settled(authority, client, order);
  if (current.status === "ready") {
    await finalize(authority, client, current, key, job);
    current = await settled(authority, client, order);
  }
  if (current.status !== "valid") throw explainValidation(job, readProblem(current.error));
  const chain: unknown = await client.getCertificate(current);
  return checkedChain(chain, key, job);
}

function settled(authority: Authority, client: Client, order: Order): Promise<Order> {
  return authority.poll(
    () => client.getOrder(order),
    ({ status }) => status !== "pending" && status !== "processing",
  );
}

async function finalize(
  authority: Authority,
  client: Client,
  order: Order,
  key: KeyObject,
  job: CertificateJob,
): Promise<void> {
  // Node's cryptography for the web, which makes the request, reads PKCS #8 only; keys of old caches are in SEC 1.
  const pem = key.export({ type: "pkcs8", format: "pem" });
  // No common name: it is cut at 64 characters, and nobody reads it.
  const [, csr] = await crypto.createCsr({ altNames: [job.name] }, pem);
  for (let attempt = 1; ; attempt++) {
    try {
      await client.finalizeOrder(order, csr);
      return;
    } catch (error) {
      const early = error instanceof AuthorityRefusal && error.acmeError === "orderNotReady";
      if (!early || attempt === FINALIZE_ATTEMPTS) throw error;
      await authority.pause(FINALIZE_PAUSE_MS);
    }
  }
}

/** A chain whose first certificate is for the job's key; all else is looked at by the proxy before it is used. */
function checkedChain(chain: unknown, key: KeyObject, job: CertificateJob): string {
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(typeof chain === "string" ? chain : "");
  } catch (cause) {
    throw new IssueFailure("authority-unavailable", `${job.directory} sent no certificate for ${job.name}`, { cause });
  }
  if (!leaf.checkPrivateKey(key)) {
    // An order that was finalised with a key that is lost: the next one will be for the key that there is.
    if (job.orderUrl !== "") throw gone(job, "its certificate is for another key");
    throw new IssueFailure(
      "authority-unavailable",
      `${job.directory} sent a certificate for another key than ${job.name}'s`,
    );
  }
  return chain as string;
}
