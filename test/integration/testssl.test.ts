/** What testssl.sh, which knows every weakness that TLS ever had, finds at the proxy's HTTPS port. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { startBed } from "../support/bed.ts";
import { tlsRoute } from "../support/running-proxy.ts";
import { served, tableOf } from "../support/tls-clients.ts";

type Finding = { readonly id: string; readonly severity: string; readonly finding: string };

const TESTSSL = "/usr/bin/testssl";
const run = promisify(execFile);

const skip = existsSync(TESTSSL) || process.env["CI"] === "true" ? undefined : "testssl is not installed";
if (skip !== undefined) process.stderr.write(`The proxy's TLS is not scanned: ${skip}.\n`);

/** Protocols, kinds of ciphers, forward secrecy, renegotiation, and what the server tells of itself. */
const SECTIONS = ["-p", "-s", "-f", "-R", "-S"];

describe.skipIf(skip !== undefined)("testssl", () => {
  test.each(["ec", "rsa"] as const)(
    "finds modern TLS with an %s key: 1.2 and 1.3, h2, no renegotiation, no weak cipher [TL-05] [TL-06]",
    async (key) => {
      const { proxy } = await startBed({ route: { tls: tlsRoute() } });
      await proxy.plane.useCertificates(tableOf([await served(["localhost"], key, { key })]));
      const findings = await scan(proxy.httpsPort);
      const told = (id: string): string => findings.find((finding) => finding.id === id)?.finding ?? "";
      for (const version of ["SSLv2", "SSLv3", "TLS1", "TLS1_1"]) expect(told(version)).toMatch(/^not offered/);
      for (const version of ["TLS1_2", "TLS1_3"]) expect(told(version)).toMatch(/^offered/);
      expect(told("ALPN_HTTP2")).toMatch(/^h2/);
      expect(told("secure_client_renego")).toMatch(/^not vulnerable/);
      const weak = ["NULL", "aNULL", "EXPORT", "LOW", "3DES_IDEA", "AVERAGE"];
      expect(weak.map((list) => [list, told(`cipherlist_${list}`)])).toEqual(weak.map((list) => [list, "not offered"]));
      expect(told("cipherlist_STRONG")).toBe("offered");
      expect(told("PFS")).toBe("offered");
      // None without forward secrecy, none that authenticates after it has encrypted.
      const offered = told("PFS_ciphers")
        .split(" ")
        .filter((name) => name !== "");
      expect(offered.length).toBeGreaterThan(5);
      expect(offered.filter((name) => !/^(TLS_(AES|CHACHA20)_|ECDHE-.*(GCM|CHACHA20))/.test(name))).toEqual([]);
    },
  );
});

async function scan(port: number): Promise<readonly Finding[]> {
  const directory = await mkdtemp(join(tmpdir(), "kdeploy-testssl-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, "findings.json");
  const options = ["--quiet", "--warnings", "off", "--color", "0", "--ip", "127.0.0.1", "--jsonfile", file];
  // Its exit code counts findings of all kinds, those about our test authority included.
  await run(TESTSSL, [...options, ...SECTIONS, `localhost:${port}`], { timeout: 170_000, maxBuffer: 1 << 24 }).catch(
    () => undefined,
  );
  return JSON.parse(await readFile(file, "utf8")) as readonly Finding[];
}
