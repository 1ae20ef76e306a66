import { chmod, mkdir, readdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CERTIFICATE_LIMITS } from "../../../proxy/limits.ts";
import { startCertificates, tlsService } from "../../support/certificate-bench.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { newKey, type Validity } from "../../support/scripted-issuer.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const DAY = 24 * 60 * 60 * 1000;
const HOSTS = ["shop.example.com"];

async function bench(directory?: string) {
  const certificates = await startCertificates(directory === undefined ? {} : { directory });
  const files = await temporaryDirectory();
  const certificatePath = join(files, "shop.pem");
  const privateKeyPath = join(files, "shop.key");
  /** Writes a new pair; returns it. */
  const write = async (names: readonly string[] = HOSTS, validity?: Validity) => {
    const key = newKey();
    const chain = certificates.issuer.chainFor(key, names, validity);
    await writeFile(privateKeyPath, key);
    await writeFile(certificatePath, chain);
    return { key, chain };
  };
  const shop = (hosts: readonly string[] = HOSTS, paths = { certificatePath, privateKeyPath }) =>
    tlsService("shop", hosts, paths);
  const poll = async () => {
    await certificates.clock.advance(CERTIFICATE_LIMITS.filePollMs);
    await pause(30);
  };
  return { ...certificates, files, certificatePath, privateKeyPath, write, shop, poll };
}

test("a pair of files is loaded and shown for all hosts; nothing is ordered [A29] [A169]", async () => {
  const { deploy, write, shop, shown, issuer, dataPlane, certificates } = await bench();
  await write(["*.example.com"]);
  expect(await deploy(shop(["a.example.com", "b.example.com"]))).toEqual([]);
  expect(shown("a.example.com")).toMatch(/^[0-9a-f]{32}$/);
  expect(shown("b.example.com")).toBe(shown("a.example.com"));
  const table = dataPlane.certificateTables.at(-1);
  expect(table).toMatchObject({ askable: [], defaultId: shown("a.example.com") });
  expect(table?.certificates).toMatchObject([{ names: ["*.example.com"] }]);
  expect(issuer.jobs).toEqual([]);
  expect(certificates.list().certificates[0]).toMatchObject({
    source: "own",
    state: "valid",
    issuer: "kdeploy test authority",
    renewsAt: null,
  });
});

test("missing, swapped, mismatched, cut or expired: refused with the reason, and what runs is not touched [A30] [A31] [TL-12] [P4]", async () => {
  const { deploy, write, shop, shown, certificatePath, privateKeyPath, certificates, files } = await bench();
  const { chain } = await write();
  await deploy(shop());
  const before = shown("shop.example.com");
  const refused = async (reason: string, service = shop()) => {
    await expect(deploy(service)).rejects.toMatchObject({
      code: "certificate-unusable",
      message: "unable to load certificate",
      hint: expect.stringContaining(reason) as string,
    });
    expect(shown("shop.example.com")).toBe(before);
  };
  await refused(
    `--tls-certificate-path ${files}/nowhere.pem: ENOENT`,
    shop(HOSTS, { certificatePath: join(files, "nowhere.pem"), privateKeyPath }),
  );
  await refused(
    `--tls-private-key-path ${files}: it is not a file`,
    shop(HOSTS, { certificatePath, privateKeyPath: files }),
  );
  await refused(
    "are the two files swapped?",
    shop(HOSTS, { certificatePath: privateKeyPath, privateKeyPath: certificatePath }),
  );
  await writeFile(certificatePath, chain.slice(0, 200));
  await refused("cut short or damaged");
  await writeFile(certificatePath, chain);
  await writeFile(privateKeyPath, newKey());
  await refused("the private key does not belong to the certificate");
  await write(HOSTS, { notBefore: new Date("2020-01-01"), notAfter: new Date("2020-02-01") });
  await refused("the certificate expired on 2020-02-01");
  expect(certificates.list().certificates).toHaveLength(1);
});

test("names that it does not cover are a warning", async () => {
  const { deploy, write, shop, shown } = await bench();
  await write();
  expect(await deploy(shop(["shop.example.com", "other.example.com"]))).toEqual([
    "the certificate does not cover other.example.com; it is for shop.example.com",
  ]);
  expect(shown("other.example.com")).toBe(shown("shop.example.com"));
});

test("changed files are taken over without a deploy [W31]", async () => {
  const { deploy, write, shop, shown, poll, log } = await bench();
  await write();
  await deploy(shop());
  const before = shown("shop.example.com");
  await poll();
  expect(shown("shop.example.com")).toBe(before);
  await write();
  await poll();
  await eventually("the new one", () => shown("shop.example.com") !== before);
  expect(log.saying("Certificate reloaded")).toHaveLength(1);
});

test("so are files behind a symbolic link that is moved, and behind a directory that is swapped [W31]", async () => {
  const { deploy, write, shop, shown, poll, files, certificatePath, privateKeyPath } = await bench();
  await write();
  const versions = join(files, "now");
  const move = async (name: string) => {
    await symlink(join(files, name), `${versions}.new`);
    await rename(`${versions}.new`, versions);
  };
  for (const name of ["v1", "v2"]) {
    await write();
    await mkdir(join(files, name));
    await rename(certificatePath, join(files, name, "shop.pem"));
    await rename(privateKeyPath, join(files, name, "shop.key"));
  }
  await move("v1");
  const paths = { certificatePath: join(versions, "shop.pem"), privateKeyPath: join(versions, "shop.key") };
  await deploy(shop(HOSTS, paths));
  const before = shown("shop.example.com");
  await move("v2");
  await poll();
  await eventually("the new one", () => shown("shop.example.com") !== before);
  expect(shown("shop.example.com")).not.toBe("");
});

test("half a change is not taken: the old pair is served until both files belong together [W31] [TL-12]", async () => {
  const { deploy, write, shop, shown, poll, log, issuer, certificatePath, privateKeyPath, certificates } =
    await bench();
  await write();
  await deploy(shop());
  const before = shown("shop.example.com");
  const key = newKey();
  await writeFile(certificatePath, issuer.chainFor(key, HOSTS));
  await poll();
  await poll();
  expect(shown("shop.example.com")).toBe(before);
  expect(log.saying("Changed certificate files not used")).toMatchObject([
    { error: "the private key does not belong to the certificate" },
  ]);
  expect(certificates.list().certificates[0]?.lastError).toContain("does not belong");
  await writeFile(privateKeyPath, key);
  await poll();
  await eventually("the new one", () => shown("shop.example.com") !== before);
  expect(certificates.list().certificates[0]?.lastError).toBe("");
});

test("neither an expired pair nor one for other names takes the place of a good one", async () => {
  const { deploy, write, shop, shown, poll, log } = await bench();
  await write();
  await deploy(shop());
  const before = shown("shop.example.com");
  await write(HOSTS, { notBefore: new Date("2020-01-01"), notAfter: new Date("2020-02-01") });
  await poll();
  await write(["other.example.com"]);
  await poll();
  expect(shown("shop.example.com")).toBe(before);
  expect(log.saying("Changed certificate files not used").map(({ error }) => error)).toEqual([
    "the certificate expired on 2020-02-01",
    "the certificate does not cover shop.example.com; it is for other.example.com",
  ]);
});

test("after a restart without the files the last good copy is served; without that only this service has none [P4] [ST-04]", async () => {
  const first = await bench();
  await first.write();
  const shop = first.shop();
  await first.deploy(shop);
  const before = first.shown("shop.example.com");
  await first.certificates.close();
  await rm(first.files, { recursive: true });
  const copies = join(first.directory, "certificate-copies");
  const [copy = ""] = await readdir(copies);
  expect((await stat(join(copies, copy))).mode & 0o777).toBe(0o600);

  const second = await startCertificates({ directory: first.directory });
  const other = tlsService("other", ["other.example.com"]);
  await second.serve(shop, other);
  expect(second.shown("shop.example.com")).toBe(before);
  expect(second.log.saying("Unable to load certificate; the last good copy is served")).toHaveLength(1);
  expect(second.certificates.list().certificates.find(({ name }) => name === "shop.example.com")?.lastError).toContain(
    "ENOENT",
  );
  await second.certificates.close();

  await rm(copies, { recursive: true });
  const third = await startCertificates({ directory: first.directory });
  await third.serve(shop, other);
  expect(third.shown("shop.example.com")).toBe("");
  expect(third.log.saying("Unable to load certificate; HTTPS fails for this service")).toHaveLength(1);
  await eventually("the other service's", () => (third.shown("other.example.com") ?? "") !== "");
});

test("files that come back after such a start are taken [W31] [P4]", async () => {
  const { serve, write, shop, shown, poll } = await bench();
  await serve(shop());
  expect(shown("shop.example.com")).toBe("");
  await write();
  await poll();
  await eventually("the certificate", () => shown("shop.example.com") !== "");
});

test("a service that goes keeps its certificate until traffic has moved", async () => {
  const { deploy, write, shop, certificates, shown } = await bench();
  await write();
  await deploy(shop());
  await certificates.prepare([], "");
  expect(shown("shop.example.com")).toMatch(/^[0-9a-f]/);
  await certificates.follow();
  expect(shown("shop.example.com")).toBeUndefined();
});

test("a copy goes with its service; a file that is not readable is no reason to fail", async () => {
  const { deploy, write, shop, serve, directory, certificatePath, poll, shown } = await bench();
  await write();
  await deploy(shop());
  await chmod(certificatePath, 0);
  await poll();
  expect(shown("shop.example.com")).not.toBe("");
  await serve();
  expect(await readdir(join(directory, "certificate-copies"))).toEqual([]);
});

test("one that runs out is told once a day, from its last 30 days on [AC-06]", async () => {
  const { deploy, write, shop, poll, clock, log } = await bench();
  const notBefore = new Date(clock.now() - DAY);
  await write(HOSTS, { notBefore, notAfter: new Date(clock.now() + 31 * DAY) });
  await deploy(shop());
  await poll();
  expect(log.saying("Certificate expires soon")).toEqual([]);
  clock.jump(21 * DAY);
  await poll();
  await poll();
  expect(log.saying("Certificate expires soon")).toHaveLength(1);
  clock.jump(DAY);
  await poll();
  expect(log.saying("Certificate expires soon")).toHaveLength(2);
});

test("nobody looks at files while there are none", async () => {
  const { clock, serve } = await bench();
  await serve();
  expect(clock.sleepsMs).toBeUndefined();
});
