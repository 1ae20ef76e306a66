/** Every vector of the shared HTTP/1 catalogue, from client bytes to the bytes that a target sees. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RequestMessage, readRequests, readResponses } from "../support/http-messages.ts";
import { CHECKS } from "../support/vector-checks.ts";
import { expectConnection, expectForwarding, expectStatuses } from "../support/vector-expectations.ts";
import { type Vector, VectorBed, type VectorRun } from "../support/vector-run.ts";

const vectors = JSON.parse(
  readFileSync(new URL("../vectors/http1-vectors.json", import.meta.url), "utf8"),
) as readonly Vector[];

let bed: VectorBed;
beforeAll(async () => {
  bed = await VectorBed.start();
});
afterAll(() => bed.stop());

test("the catalogue is whole", () => {
  expect(vectors.length).toBe(201);
});

describe.each([...new Set(vectors.map(({ group }) => group))])("%s", (group) => {
  test.each(vectors.filter((vector) => vector.group === group))("$id $why", async (vector) => {
    await bed.serve(!vector.expect.assert?.some((sentence) => sentence.startsWith("untrusted client")));
    const run = await bed.run(vector);
    expectStatuses(vector, run);
    expectForwarding(vector, run);
    expectConnection(vector, run);
    for (const sentence of vector.expect.assert ?? []) {
      const check = CHECKS.get(sentence);
      expect(check, `a check for “${sentence}”`).toBeDefined();
      check?.(run);
    }
    const clean = await bed.clean(`/after-${vector.id}`);
    expect(clean.body).toBe(`root GET /after-${vector.id} 0`);
  });
});

const sentences = new Set(vectors.flatMap((vector) => vector.expect.assert ?? []));

test.each([...sentences])("the check for “%s” fails when everything is wrong", (sentence) => {
  const request = "GET /../../x%2Fy?b HTTP/1.1\r\nX-Forwarded-Proto: https\r\nX_Forwarded_For: 6.6.6.6\r\n";
  const fields =
    "X-Inj: 1\r\nX-A: ?\r\nProxy: p\r\nUpgrade: h2c\r\nTE: gzip\r\nTransfer_Encoding: chunked\r\nX-Trailer: 1\r\n";
  const [message] = readRequests(`${request}${fields}Content-Length: 3\r\n\r\nbad`).requests;
  const run: VectorRun = {
    sent: "GET /sent?a HTTP/1.1\r\n\r\n",
    received: "bad",
    informational: [],
    responses: readResponses("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    forwarded: [{ ...(message as RequestMessage), route: "api", aborted: false }],
    outcome: 200,
    closed: false,
    tookMs: 0,
    afterwards: [],
    tunnelled: true,
  };
  expect(() => CHECKS.get(sentence)?.(run)).toThrow(/expected/);
});
