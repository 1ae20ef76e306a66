/** Which certificate a client is shown for the name it asks for, and what happens when there is none. */
import { expect, test } from "vitest";
import { connectTo, startBed } from "../support/bed.ts";
import { helloMessage, nameExtension, records } from "../support/client-hello.ts";
import { get } from "../support/raw-client.ts";
import { tlsRoute } from "../support/running-proxy.ts";
import { handshakeError, secureClient, served, shownFor, tableOf } from "../support/tls-clients.ts";

const UNKNOWN_NAME = "ERR_SSL_TLSV1_UNRECOGNIZED_NAME";

async function startSecureBed(names: readonly (readonly string[])[]) {
  const bed = await startBed({ route: { tls: tlsRoute() } });
  const certificates = await Promise.all(names.map((each) => served(each)));
  await bed.proxy.plane.useCertificates(tableOf(certificates));
  return { ...bed, certificates, port: bed.proxy.httpsPort };
}

test("the name decides: its own certificate, else that of its wildcard, and no label more [TL-01]", async () => {
  const { port } = await startSecureBed([["a.test"], ["*.a.test"], ["b.test", "www.b.test"]]);
  expect(await shownFor(port, "a.test")).toBe("a.test");
  expect(await shownFor(port, "x.a.test")).toBe("*.a.test");
  expect(await shownFor(port, "www.b.test")).toBe("b.test, www.b.test");
  expect(await handshakeError(port, "x.y.a.test")).toBe(UNKNOWN_NAME);
});

test("no name: the certificate that the table names, the same for every client; without one, none [TL-01]", async () => {
  const { port, proxy, certificates } = await startSecureBed([["a.test"], ["b.test"], ["c.test"]]);
  await proxy.plane.useCertificates(tableOf(certificates, { defaultId: "b.test" }));
  for (let round = 0; round < 5; round++) expect(await shownFor(port, "")).toBe("b.test");
  await proxy.plane.useCertificates(tableOf(certificates, { defaultId: "" }));
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    expect(await handshakeError(port, "", { maxVersion })).toBe("ERR_SSL_TLSV13_ALERT_MISSING_EXTENSION");
  }
});

test("an unknown name ends with an alert, and nobody is asked for a certificate [TL-02]", async () => {
  const { port, proxy } = await startSecureBed([["a.test"]]);
  const asked: string[] = [];
  proxy.plane.whenMissing((name) => Promise.resolve(void asked.push(name)));
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    expect(await handshakeError(port, "stranger.test", { maxVersion })).toBe(UNKNOWN_NAME);
  }
  expect(asked).toEqual([]);
  expect(proxy.events.filter((line) => line.includes("unknown server name"))).toHaveLength(2);
});

test("a name that is listed without a certificate has none, and no wildcard stands in", async () => {
  const { port, proxy, certificates } = await startSecureBed([["*.a.test"]]);
  const table = tableOf(certificates);
  await proxy.plane.useCertificates({ ...table, names: [...table.names, ["off.a.test", ""]] });
  expect(await handshakeError(port, "off.a.test")).toBe(UNKNOWN_NAME);
  expect(await shownFor(port, "on.a.test")).toBe("*.a.test");
});

test.each([
  ["upper case", "A.TEST"],
  ["a trailing dot", "a.test."],
  ["both", "A.tEsT."],
])("%s is the same name [TL-03]", async (_, name) => {
  const { port, connectSecurely } = await withClient(["a.test"]);
  expect(await shownFor(port, name)).toBe("a.test");
  const client = await connectSecurely(name);
  expect((await client.ask(get("/"))).status).toBe(200);
});

test.each([
  ["an IPv4 address", "127.0.0.1"],
  ["an IPv6 address", "::1"],
  ["two trailing dots", "a.test.."],
  ["an empty label", "a..test"],
  ["NUL", "a.test\0.evil.test"],
  ["blanks", "a test"],
  ["300 bytes", `${"a.".repeat(148)}test`],
  ["a label of 64", `${"a".repeat(64)}.test`],
  ["other scripts, unencoded", "\xe4.test"],
])("%s: no such name, and nothing breaks [TL-03]", async (_, name) => {
  const { port } = await startSecureBed([["a.test"]]);
  const client = await connectTo(port);
  client.send(records(helloMessage([nameExtension(name)])));
  expect(await client.until(() => client.ended)).toBe(true);
  expect(Buffer.from(client.text, "latin1")).toEqual(Buffer.of(21, 3, 3, 0, 2, 2, 112));
  expect(await shownFor(port, "a.test")).toBe("a.test");
});

test("a certificate that cannot be used fails its own handshakes only, and says so in the log", async () => {
  const { port, proxy, certificates } = await startSecureBed([["a.test"]]);
  const broken = { ...(await served(["b.test"])), chain: "-----BEGIN CERTIFICATE-----\nMIIB\n" };
  await proxy.plane.useCertificates(tableOf([...certificates, broken]));
  for (let round = 0; round < 2; round++) {
    expect(await handshakeError(port, "b.test")).toBe("ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR");
  }
  expect(await shownFor(port, "a.test")).toBe("a.test");
  expect(proxy.events.filter((line) => line.includes("Unable to use certificate"))).toHaveLength(1);
});

test("RSA certificates are shown as well", async () => {
  const { port, proxy } = await startSecureBed([]);
  await proxy.plane.useCertificates(tableOf([await served(["a.test"], "rsa", { key: "rsa" })]));
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    expect(await shownFor(port, "a.test", { maxVersion })).toBe("a.test");
  }
});

async function withClient(names: readonly string[]) {
  const bed = await startSecureBed([names]);
  return { ...bed, connectSecurely: (name: string) => secureClient(bed.port, name) };
}
