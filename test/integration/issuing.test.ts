/** The issuing process against pebble, which checks challenges as a certificate authority does. */
import { spawn } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { createSecureContext, createServer, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { type CertificateJob, parseIssueEvent } from "../../proxy/certificate/issue-protocol.ts";
import { issuingProgram } from "../../proxy/certificate/issuing-process.ts";
import type { Challenge } from "../../proxy/challenge/challenge-table.ts";
import {
  certificateJob,
  chainOf,
  challengeServer,
  eventOf,
  newKey,
  problemOf,
  processEventsOf,
} from "../support/acme-directory-job.ts";
import { type Pebble, type PebbleOptions, reasonToSkipPebble, startPebble } from "../support/pebble.ts";
import { unusedPort } from "../support/unused-port.ts";

const root = join(import.meta.dirname, "../..");
const hook = join(root, "examples/dns-hooks/challtestsrv.mjs");
const skip = reasonToSkipPebble();

let running: Pebble[] = [];

if (skip !== undefined) process.stderr.write(`Issuing is not tested against pebble: ${skip}.\n`);

async function pebble(options: PebbleOptions = {}): Promise<Pebble> {
  const started = await startPebble(options);
  running.push(started);
  return started;
}

function environment({ caFile, dnsManagementUrl }: Pebble): NodeJS.ProcessEnv {
  const path = `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`;
  return { ...process.env, PATH: path, NODE_EXTRA_CA_CERTS: caFile, CHALLTESTSRV_URL: dnsManagementUrl };
}

function issue(authority: Pebble, over: Partial<CertificateJob> = {}, place?: (challenge: Challenge) => void) {
  const job = certificateJob(authority.directoryUrl, over);
  return processEventsOf(job, place, { environment: environment(authority) });
}

describe.skipIf(skip !== undefined)("issuing from pebble", () => {
  afterEach(async () => {
    await Promise.all(running.map((each) => each.stop()));
    running = [];
  });

  test("by http-01", async () => {
    const server = await challengeServer();
    const authority = await pebble({ httpPort: server.port });
    const privateKey = newKey("sec1");
    const chain = chainOf(await issue(authority, { privateKey, email: "admin@example.com" }, server.place));
    const leaf = new X509Certificate(chain);
    expect(leaf.checkHost("app.example.com")).toBe("app.example.com");
    expect(leaf.checkPrivateKey(createPrivateKey(privateKey))).toBe(true);
    expect(chain.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(authority.orderCount()).toBe(1);
  });

  test("by tls-alpn-01", async () => {
    const port = await unusedPort();
    const authority = await pebble({ tlsPort: port });
    const placed: Challenge[] = [];
    const place = alpnServer(port);
    const events = await issue(authority, { challenge: "tls-alpn-01" }, (challenge) => {
      placed.push(challenge);
      place(challenge);
    });
    expect(chainOf(events)).not.toBe("");
    expect(placed).toMatchObject([{ type: "tls-alpn-01", name: "app.example.com" }]);
    const [challenge] = placed;
    const key = challenge?.type === "tls-alpn-01" ? createPrivateKey(challenge.privateKey) : undefined;
    expect(key?.asymmetricKeyType).toBe("ec");
  });

  test.each(["app.example.com", "*.example.com"])("by dns-01, with a hook, for %s", async (name) => {
    const authority = await pebble();
    const chain = chainOf(await issue(authority, { name, challenge: "dns-01", dnsHook: hook }));
    expect(new X509Certificate(chain).subjectAltName).toBe(`DNS:${name}`);
    const again = await issue(authority, { name: "other.example.com", challenge: "dns-01", dnsHook: "/bin/true" });
    expect(problemOf(again)).toMatchObject({
      kind: "wrong-answer",
      detail: expect.stringContaining("in the TXT record _acme-challenge.other.example.com"),
    });
  });

  test.each([50, 90])("[AC-01] while %i of 100 nonces are refused", async (nonceRejectPercent) => {
    const server = await challengeServer();
    const authority = await pebble({ httpPort: server.port, nonceRejectPercent });
    expect(chainOf(await issue(authority, {}, server.place))).not.toBe("");
    expect(authority.orderCount()).toBe(1);
  });

  test("with certificates of a given life", async () => {
    const server = await challengeServer();
    const authority = await pebble({ httpPort: server.port, certificateLifetimeSeconds: 6 * 86_400 });
    const leaf = new X509Certificate(chainOf(await issue(authority, {}, server.place)));
    const lifeMs = leaf.validToDate.getTime() - leaf.validFromDate.getTime();
    expect(Math.round(lifeMs / 86_400_000)).toBe(6);
  });

  test("again, without a check while the last one counts", async () => {
    const server = await challengeServer();
    const authority = await pebble({ httpPort: server.port, reusePercent: 100 });
    const first = await issue(authority, {}, server.place);
    const second = await issue(authority, { account: eventOf(first, "account") ?? null });
    expect(chainOf(second)).not.toBe(chainOf(first));
    expect(eventOf(second, "challenge")).toBeUndefined();
  });

  test("with an external account where one is required", async () => {
    const eab = { keyId: "kid-1", hmacKey: "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" };
    const server = await challengeServer();
    const authority = await pebble({ httpPort: server.port, eab });
    expect(problemOf(await issue(authority))).toMatchObject({
      kind: "account",
      type: "urn:ietf:params:acme:error:externalAccountRequired",
    });
    const wrong = { ...eab, hmacKey: "AAAA".repeat(16) };
    expect(problemOf(await issue(authority, { externalAccount: wrong })).kind).toBe("account");
    expect(problemOf(await issue(authority, { externalAccount: { ...eab, keyId: "kid-2" } })).kind).toBe("account");
    expect(chainOf(await issue(authority, { externalAccount: eab }, server.place))).not.toBe("");
  });

  test.each(["challenge", "fetching"])(
    "[AC-09] goes on with its order when the process was killed at the %s",
    async (moment) => {
      const server = await challengeServer();
      const authority = await pebble({ httpPort: server.port });
      const job = certificateJob(authority.directoryUrl);
      const { account, orderUrl } = await killedAt(moment, job, authority, server.place);
      const events = await issue(authority, { privateKey: job.privateKey, account, orderUrl }, server.place);
      expect(new X509Certificate(chainOf(events)).checkPrivateKey(createPrivateKey(job.privateKey))).toBe(true);
      expect(authority.orderCount()).toBe(1);
    },
  );

  test("[AC-11] says that an order, or the account, is not known", async () => {
    const server = await challengeServer();
    const authority = await pebble({ httpPort: server.port });
    const first = await issue(authority, {}, server.place);
    const account = eventOf(first, "account") ?? null;
    const orderUrl = `${eventOf(first, "order")?.url}0`;
    expect(problemOf(await issue(authority, { account, orderUrl })).kind).toBe("order-gone");
    const lost = { privateKey: account?.privateKey ?? "", url: `${account?.url}0` };
    expect(problemOf(await issue(authority, { account: lost }, server.place)).kind).toBe("account");
    const again = await issue(authority, { account: { ...lost, url: "" } }, server.place);
    expect(eventOf(again, "account")).toEqual(account);
  });

  test("says that another server answered, and that the port is closed", async () => {
    const other = await challengeServer();
    const authority = await pebble({ httpPort: other.port });
    expect(problemOf(await issue(authority))).toMatchObject({
      kind: "wrong-answer",
      detail: expect.stringMatching(/whoever answers for app\.example\.com on port 80/),
    });
    const closed = await pebble();
    expect(problemOf(await issue(closed))).toMatchObject({ kind: "connection" });
  });

  test("[AC-02] says that the authority is not trusted, or down", async () => {
    const authority = await pebble();
    const job = certificateJob(authority.directoryUrl);
    const { NODE_EXTRA_CA_CERTS: _, ...without } = environment(authority);
    expect(problemOf(await processEventsOf(job, undefined, { environment: without }))).toMatchObject({
      kind: "authority-unavailable",
      detail: expect.stringMatching(/has a certificate that is not trusted here .*NODE_EXTRA_CA_CERTS/),
    });
    await authority.stop();
    expect(problemOf(await processEventsOf(job))).toMatchObject({
      kind: "authority-unavailable",
      detail: `${authority.directoryUrl} refuses connections`,
    });
  });
});

/** RFC 8737: shows the placed certificate to whoever offers `acme-tls/1`. */
function alpnServer(port: number): (challenge: Challenge) => void {
  let context = createSecureContext();
  const server = createServer({
    ALPNProtocols: ["acme-tls/1"],
    SNICallback: (_, done) => done(null, context),
  });
  server.on("tlsClientError", () => undefined);
  server.on("secureConnection", (socket: TLSSocket) => socket.on("error", () => undefined).end());
  server.listen(port, "127.0.0.1");
  onTestFinished(() => void server.close());
  return (challenge) => {
    if (challenge.type !== "tls-alpn-01") return;
    expect((server.address() as AddressInfo).port).toBe(port);
    context = createSecureContext({ cert: challenge.chain, key: challenge.privateKey });
  };
}

/** Runs a job until an event of that name, or a step that begins so, and then kills the process. */
async function killedAt(moment: string, job: CertificateJob, authority: Pebble, place: (challenge: Challenge) => void) {
  const child = spawn(
    process.execPath,
    [issuingProgram(import.meta.resolve("../../proxy/certificate/issuing-process.ts"))],
    {
      env: environment(authority),
    },
  );
  const ended = once(child, "exit");
  let account: CertificateJob["account"] = null;
  let orderUrl = "";
  child.stdin.on("error", () => undefined);
  child.stdin.write(`${JSON.stringify(job)}\n`);
  for await (const line of createInterface({ input: child.stdout })) {
    const event = parseIssueEvent(line);
    if (event?.event === "account") account = event;
    if (event?.event === "order") orderUrl = event.url;
    if (event?.event === moment || (event?.event === "step" && event.text.startsWith(moment))) child.kill("SIGKILL");
    else if (event?.event === "challenge") {
      place(event.challenge);
      child.stdin.write('{"ready":true}\n');
    }
  }
  expect(await ended).toEqual([null, "SIGKILL"]);
  return { account, orderUrl };
}
