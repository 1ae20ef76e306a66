/** The TLS scenarios' own clients, against small real servers: what they accept, and what they must not let pass. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type Certificate, makeCertificate, siteName } from "../../bench/contender/certificate.ts";
import { startLoad } from "../../bench/load/load-program.ts";
import type { LoadResult } from "../../bench/load/wrk.ts";
import { http2SmallGet } from "../../bench/scenario/http2-small-get.ts";
import { tlsSmallGet } from "../../bench/scenario/tls-small-get.ts";
import { smallBody } from "../../bench/upstream/upstream.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

/** Answers as a proxy in front of the benchmark's upstream would. */
const rightAnswers: Handler = (request, response) => {
  response.end(request.url === "/seen" ? "127.0.0.1|https|some-id|t=1700000000000" : smallBody("app"));
};

async function certificateForTest(): Promise<Certificate> {
  return makeCertificate(await temporaryDirectory());
}

/** Speaks HTTP/1.1, and HTTP/2 unless it is told not to. */
async function serve(certificate: Certificate, handler: Handler, speaksHttp2 = true): Promise<number> {
  const options = { cert: certificate.pem, key: readFileSync(certificate.privateKeyFile) };
  const server = speaksHttp2
    ? createSecureServer({ ...options, allowHTTP1: true }, handler)
    : createServer(options, (_request, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test("the certificate is for the site, on P-256, for 90 days", async () => {
  const certificate = await certificateForTest();
  const parsed = new X509Certificate(certificate.pem);
  expect(parsed.checkHost(siteName)).toBe(siteName);
  expect(parsed.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
  expect((parsed.validToDate.getTime() - parsed.validFromDate.getTime()) / 86_400_000).toBe(90);
  expect(readFileSync(certificate.bundleFile, "utf8")).toMatch(/BEGIN CERTIFICATE[^]*BEGIN PRIVATE KEY/);
});

test("both examinations pass a server that does the task", async () => {
  const certificate = await certificateForTest();
  const port = await serve(certificate, rightAnswers);
  await expect(tlsSmallGet.validate(port, certificate.pem)).resolves.toBeUndefined();
  await expect(http2SmallGet.validate(port, certificate.pem)).resolves.toBeUndefined();
});

test("another certificate, another scheme and wrong bytes are not let pass", async () => {
  const certificate = await certificateForTest();
  const { pem } = await certificateForTest();
  const port = await serve(certificate, rightAnswers);
  const plain = await serve(certificate, (request, response) =>
    request.url === "/seen" ? void response.end("127.0.0.1|http|id|t=1") : rightAnswers(request, response),
  );
  const wrong = await serve(certificate, (_request, response) => void response.end("x".repeat(1024)));
  for (const { validate } of [tlsSmallGet, http2SmallGet]) {
    await expect(validate(port, pem)).rejects.toThrow(/self-signed certificate|certificate signature/);
    await expect(validate(plain, certificate.pem)).rejects.toThrow('X-Forwarded-Proto arrives as "http"');
    await expect(validate(wrong, certificate.pem)).rejects.toThrow("right length, wrong bytes");
  }
});

test("a server that does not choose HTTP/2 does not take part in its scenario", async () => {
  const certificate = await certificateForTest();
  const port = await serve(certificate, rightAnswers, false);
  await expect(http2SmallGet.validate(port, certificate.pem)).rejects.toThrow("negotiates http/1.1 instead of h2");
});

test("the handshake load asks once per connection and counts wrong answers and cut connections as failures", async () => {
  const certificate = await certificateForTest();
  let asked = 0;
  const port = await serve(certificate, (request, response) => {
    asked += 1;
    if (asked % 10 === 3) response.end("wrong");
    else if (asked % 10 === 7) request.socket.destroy();
    else rightAnswers(request, response);
  });
  const load = startLoad("handshake-clients.ts", [port, 2, 1], undefined);
  onTestFinished(() => load.stop());
  const { requests, failures, failureWords, seconds } = await load.report<LoadResult>(20_000);
  expect(asked).toBeGreaterThan(9);
  expect(requests + failures).toBe(asked);
  expect(failures).toBe(Math.floor((asked + 7) / 10) + Math.floor((asked + 3) / 10));
  expect(failureWords).toContain("incomplete");
  expect(seconds).toBeGreaterThanOrEqual(1);
});
