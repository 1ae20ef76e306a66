/** What is read out of h2load's report: the text is its own, from runs in which the server did well, badly, or not at all. */
import { expect, test } from "vitest";
import { readH2load, withLostConnections } from "../../bench/load/h2load.ts";
import { countEstablished } from "../../bench/process/established-connections.ts";

const head = `starting benchmark...
spawning thread #0: 8 total client(s). Timing-based test with 0s of warm-up time and 2s of main duration for measurements.
progress: 100% of clients started
TLS Protocol: TLSv1.3
Cipher: TLS_AES_128_GCM_SHA256
Server Temp Key: X25519 253 bits
Application protocol: h2
Stopped all clients for thread #0
`;

const well = `${head}
finished in 2.50s, 126338.00 req/s, 8.67MB/s
requests: 252676 total, 252932 started, 252676 done, 252676 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 252676 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 17.35MB (18192672) total, 13.90MB (14578656) headers (space savings 51.02%), 1.74MB (1822332) data
                     min         max         mean         sd        +/- sd
time for request:       41us      6.08ms      1.99ms       508us    86.67%
time for connect:        0us         0us         0us         0us     0.00%
time to 1st byte:        0us         0us         0us         0us     0.00%
req/s           :   15742.08    15858.27    15790.21       36.04    75.00%`;

const nobodyThere = `finished in 500.12ms, 0.00 req/s, 0B/s
requests: 0 total, 0 started, 0 done, 0 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 0 2xx, 0 3xx, 0 4xx, 0 5xx
                     min         max         mean         sd        +/- sd
time for request:        0us         0us         0us         0us     0.00%`;

test("requests, seconds and latencies are read in their units", () => {
  expect(readH2load(well, "h2")).toEqual({
    requests: 252_676,
    seconds: 2.5,
    failures: 0,
    failureWords: "",
    meanMs: 1.99,
    slowestMs: 6.08,
  });
  const slow = readH2load(well.replace("6.08ms      1.99ms", "1.20s       723us"), "h2");
  expect([slow.meanMs, slow.slowestMs]).toEqual([0.723, 1_200]);
});

test("wrong answers count as answered and as failed, requests without an answer only as failed", () => {
  const bad = well.replace("252676 succeeded, 0 failed, 0 errored", "252600 succeeded, 76 failed, 70 errored");
  expect(readH2load(bad, "h2")).toMatchObject({
    requests: 252_606,
    failures: 76,
    failureWords: "errored 70, wrongStatus 6",
  });
});

test("a round in another protocol than the scenario's is no result", () => {
  expect(() => readH2load(well, "http/1.1")).toThrow("Application protocol is h2 instead of http/1.1");
  expect(() => readH2load(well.replace("TLSv1.3", "TLSv1.2"), "h2")).toThrow("TLS Protocol is TLSv1.2");
});

test("nobody there is 0 requests, and no report is an error that quotes what was said instead", () => {
  expect(readH2load(nobodyThere, "h2")).toMatchObject({ requests: 0, seconds: 0.50012 });
  expect(() => readH2load("-r, -c: the connection rate is wrong", "h2")).toThrow("the connection rate is wrong");
});

test("connections lost under load are failures, with or without others", () => {
  const result = readH2load(well, "h2");
  expect(withLostConnections(result, 0)).toBe(result);
  expect(withLostConnections(result, 2)).toMatchObject({ failures: 2, failureWords: "lost connections 2" });
  const both = withLostConnections({ ...result, failures: 3, failureWords: "errored 3" }, 1);
  expect(both).toMatchObject({ failures: 4, failureWords: "errored 3, lost connections 1" });
});

test("only established connections accepted on the port count, not their clients' ends", () => {
  const list = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:20FB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 25013 1 0000000000000000
   1: 0100007F:20FB 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 25014 1 0000000000000000
   2: 0100007F:20FB 0100007F:C002 06 00000000:00000000 00:00000000 00000000     0        0 0 3 0000000000000000
   3: 0100007F:C001 0100007F:20FB 01 00000000:00000000 00:00000000 00000000     0        0 25015 1 0000000000000000
   4: 0100007F:20FC 0100007F:C003 01 00000000:00000000 00:00000000 00000000     0        0 25016 1 0000000000000000
`;
  expect(countEstablished(list, 8443)).toBe(1);
});
