/** Certificates for tests: names in, a chain signed by an authority made for this process out. Needs openssl. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const openssl = (...groups: readonly string[][]) => run("openssl", groups.flat());

export type TestCertificate = {
  /** PEM: the leaf, then the authority. */
  readonly chain: string;
  /** PEM, PKCS#8. */
  readonly privateKey: string;
  /** PEM of the authority, for a client's `ca`. */
  readonly ca: string;
  readonly chainPath: string;
  readonly privateKeyPath: string;
  readonly caPath: string;
};

export type CertificateOptions = {
  readonly key?: "ec" | "rsa";
  /** Validity; by default from an hour ago until a day from now. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
};

type Authority = { readonly keyPath: string; readonly path: string; readonly pem: string };

const HOUR_MS = 60 * 60 * 1000;

let directory: string | null = null;
let authority: Promise<Authority> | null = null;
let made = 0;

/** A certificate for `names` (DNS names, wildcards or addresses), signed by the same authority for the whole process. */
export async function certificateFor(
  names: readonly string[],
  options: CertificateOptions = {},
): Promise<TestCertificate> {
  authority ??= makeAuthority();
  const ca = await authority;
  const base = join(home(), `leaf-${++made}`);
  const privateKeyPath = `${base}.key`;
  const chainPath = `${base}.pem`;
  const alternatives = names.map((name) => `${isIP(name) ? "IP" : "DNS"}:${name}`).join(",");
  await writeFile(`${base}.ext`, `basicConstraints=CA:FALSE\nsubjectAltName=${alternatives}\n`);
  await newKey(privateKeyPath, options.key ?? "ec");
  await openssl(["req", "-new", "-key", privateKeyPath, "-subj", "/CN=test", "-out", `${base}.csr`]);
  await openssl(
    ["x509", "-req", "-in", `${base}.csr`, "-CA", ca.path, "-CAkey", ca.keyPath, "-set_serial", `${made + 1}`],
    ["-extfile", `${base}.ext`, "-out", `${base}.leaf`, "-days", "1"],
  );
  if (options.notBefore || options.notAfter) await redate(base, ca, options);
  const chain = (await readFile(`${base}.leaf`, "utf8")) + ca.pem;
  await writeFile(chainPath, chain);
  const privateKey = await readFile(privateKeyPath, "utf8");
  return { chain, privateKey, ca: ca.pem, chainPath, privateKeyPath, caPath: ca.path };
}

/** Signs once more with exact dates: `openssl x509` knows only days from now. */
async function redate(base: string, ca: Authority, options: CertificateOptions): Promise<void> {
  const from = asn1Time(options.notBefore ?? new Date(Date.now() - HOUR_MS));
  const until = asn1Time(options.notAfter ?? new Date(Date.now() + 24 * HOUR_MS));
  await writeFile(`${base}.index`, "");
  await writeFile(
    `${base}.conf`,
    `[ca]\ndefault_ca=one\n[one]\ndatabase=${base}.index\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n` +
      `new_certs_dir=${home()}\ncopy_extensions=none\nunique_subject=no\n[any]\ncommonName=supplied\n`,
  );
  await openssl(
    ["ca", "-batch", "-notext", "-config", `${base}.conf`, "-cert", ca.path, "-keyfile", ca.keyPath],
    ["-in", `${base}.csr`, "-extfile", `${base}.ext`, "-out", `${base}.leaf`],
    ["-startdate", from, "-enddate", until],
  );
}

async function makeAuthority(): Promise<Authority> {
  const keyPath = join(home(), "ca.key");
  const path = join(home(), "ca.pem");
  await newKey(keyPath, "ec");
  await openssl(
    ["req", "-x509", "-new", "-key", keyPath, "-subj", "/CN=Test Authority", "-days", "3650", "-out", path],
    ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
  );
  return { keyPath, path, pem: await readFile(path, "utf8") };
}

async function newKey(path: string, kind: "ec" | "rsa"): Promise<void> {
  const parameters =
    kind === "ec" ? ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
  await openssl(["genpkey", "-algorithm"], parameters, ["-out", path]);
}

function asn1Time(date: Date): string {
  return `${date
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/[-:T]/g, "")}Z`;
}

/** Everything made here goes when the process ends. */
function home(): string {
  if (directory !== null) return directory;
  const made = mkdtempSync(join(tmpdir(), "kdeploy-certificates-"));
  directory = made;
  process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  return made;
}
