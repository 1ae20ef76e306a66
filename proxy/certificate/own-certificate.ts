/**
 * A certificate that an operator brings: two PEM files → what is served, checked first, followed when the files change.
 * The last good pair is kept in the data directory, so that files which are gone after a restart cost nobody anything.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ProxyError } from "../errors.ts";
import { CERTIFICATE_LIMITS } from "../limits.ts";
import type { EventLog } from "../observe/event-log.ts";
import { replaceDurably } from "../state/durable-write.ts";
import { type CertificatePair, covers, dateProblem, dayOf, readPair } from "./certificate-pair.ts";
import { DAY_MS, ownWarningMs } from "./certificate-times.ts";
import type { Clock } from "./clock.ts";

export type OwnFiles = {
  readonly service: string;
  readonly hosts: readonly string[];
  /** As given: relative to the working directory. */
  readonly certificatePath: string;
  readonly privateKeyPath: string;
};

type OwnParts = { readonly dataDirectory: string; readonly log: EventLog; readonly clock: Clock };

export class OwnCertificate {
  readonly files: OwnFiles;
  readonly #parts: OwnParts;
  /** Where its last good pair is kept. */
  readonly copyPath: string;
  #pair: CertificatePair | null = null;
  #problem = "";
  /** Of the files when they were last read, whatever came of it. */
  #stamp = "";
  #warnedMs = Number.NEGATIVE_INFINITY;

  constructor(files: OwnFiles, parts: OwnParts) {
    this.files = files;
    this.#parts = parts;
    const { service, certificatePath, privateKeyPath } = files;
    const key = createHash("sha256")
      .update(JSON.stringify([service, certificatePath, privateKeyPath]))
      .digest("hex");
    this.copyPath = join(parts.dataDirectory, "certificate-copies", `${key}.pem`);
  }

  get pair(): CertificatePair | null {
    return this.#pair;
  }

  /** What is wrong with the files as they are now, though another pair may be served; empty for nothing. */
  get problem(): string {
    return this.#problem;
  }

  /**
   * For a deploy: all is well with the files, or it does not happen.
   * @returns sentences about what may go wrong all the same
   * @throws ProxyError `certificate-unusable` with the file and the reason as its hint
   */
  async load(): Promise<string[]> {
    const { certificatePath, privateKeyPath, hosts } = this.files;
    try {
      const pair = await this.#read();
      const problem = dateProblem(pair, this.#parts.clock.now());
      if (problem !== undefined) throw new Error(problem);
      this.#pair = pair;
      return [...uncoveredWords(pair, hosts), ...pair.doubts.map((doubt) => `${certificatePath}: ${doubt}`)];
    } catch (error) {
      const reason = (error as Error).message;
      const files = error instanceof FileError ? "" : `${certificatePath} and ${privateKeyPath}: `;
      throw new ProxyError("certificate-unusable", "unable to load certificate", {
        hint: `${files}${reason}. Nothing was changed.`,
        cause: error,
      });
    }
  }

  /** For a restart: the files, else the last good copy, else none; never fails. */
  async restore(): Promise<void> {
    const { log } = this.#parts;
    const { service } = this.files;
    try {
      this.#pair = await this.#read();
      const problem = dateProblem(this.#pair, this.#parts.clock.now());
      if (problem !== undefined) this.#complain("Certificate is not valid", problem);
    } catch (error) {
      this.#problem = (error as Error).message;
      try {
        const text = await readFile(this.copyPath, "utf8");
        this.#pair = readPair(text, text);
        log.error("Unable to load certificate; the last good copy is served", { service, error: this.#problem });
      } catch {
        log.error("Unable to load certificate; HTTPS fails for this service", { service, error: this.#problem });
      }
    }
  }

  /** Keeps what is served for the next start. */
  async keepCopy(): Promise<void> {
    if (this.#pair === null) return;
    try {
      await mkdir(dirname(this.copyPath), { recursive: true, mode: 0o700 });
      await replaceDurably(this.copyPath, `${this.#pair.privateKey}${this.#pair.chain}`);
    } catch (error) {
      this.#parts.log.warn("Unable to keep a copy of a certificate", { service: this.files.service, error });
    }
  }

  async forgetCopy(): Promise<void> {
    await unlink(this.copyPath).catch(() => undefined);
  }

  /** Takes the files over if they have changed and belong together. True when another certificate is to be served. */
  async follow(): Promise<boolean> {
    const { log, clock } = this.#parts;
    const { service, hosts } = this.files;
    this.#warnOfEnd();
    const stamp = await this.#stampNow();
    if (stamp === this.#stamp) return false;
    try {
      const pair = await this.#read();
      const problem = dateProblem(pair, clock.now());
      if (problem !== undefined && this.#pair !== null) throw new Error(problem);
      if (!hosts.some((host) => covers(pair.names, host)) && this.#pair !== null) {
        throw new Error(uncoveredWords(pair, hosts).join("; "));
      }
      this.#problem = problem ?? "";
      if (pair.id === this.#pair?.id) return false;
      this.#pair = pair;
      log.info("Certificate reloaded", { service, issuer: pair.issuer, expires: dayOf(pair.notAfterMs) });
      await this.keepCopy();
      return true;
    } catch (error) {
      this.#complain("Changed certificate files not used", (error as Error).message);
      return false;
    }
  }

  #complain(msg: string, reason: string): void {
    const { service, certificatePath } = this.files;
    if (this.#problem !== reason) this.#parts.log.warn(msg, { service, path: certificatePath, error: reason });
    this.#problem = reason;
  }

  #warnOfEnd(): void {
    const { clock, log } = this.#parts;
    const now = clock.now();
    if (this.#pair === null || now < ownWarningMs(this.#pair) || Math.abs(now - this.#warnedMs) < DAY_MS) return;
    this.#warnedMs = now;
    const msg = this.#pair.notAfterMs > now ? "Certificate expires soon" : "Certificate has expired";
    log.warn(msg, { service: this.files.service, expires: new Date(this.#pair.notAfterMs).toISOString() });
  }

  async #read(): Promise<CertificatePair> {
    this.#stamp = await this.#stampNow();
    const { certificatePath, privateKeyPath } = this.files;
    const chain = await readText("--tls-certificate-path", certificatePath);
    const key = await readText("--tls-private-key-path", privateKeyPath);
    return readPair(chain, key);
  }

  /** Differs when either file was written, replaced, or is reached by another link. */
  async #stampNow(): Promise<string> {
    const { certificatePath, privateKeyPath } = this.files;
    const stamps = await Promise.all([certificatePath, privateKeyPath].map(stampOf));
    return stamps.join(" ");
  }
}

/** Its message names the file already. */
class FileError extends Error {}

async function readText(flag: string, path: string): Promise<string> {
  try {
    const found = await stat(path);
    // Reading from a pipe of that name might never end, and a restart with it.
    if (!found.isFile()) throw new Error("it is not a file");
    if (found.size > CERTIFICATE_LIMITS.maxPemBytes) {
      throw new Error(`it has ${found.size} bytes, at most ${CERTIFICATE_LIMITS.maxPemBytes} are taken`);
    }
    return await readFile(path, "utf8");
  } catch (error) {
    throw new FileError(`${flag} ${path}: ${(error as Error).message}`, { cause: error });
  }
}

function stampOf(path: string): Promise<string> {
  return stat(path).then(
    ({ ino, size, mtimeMs, ctimeMs }) => `${ino}-${size}-${mtimeMs}-${ctimeMs}`,
    (error: NodeJS.ErrnoException) => error.code ?? "unknown",
  );
}

function uncoveredWords(pair: CertificatePair, hosts: readonly string[]): string[] {
  const uncovered = hosts.filter((host) => !covers(pair.names, host));
  if (uncovered.length === 0) return [];
  return [`the certificate does not cover ${uncovered.join(", ")}; it is for ${pair.names.join(", ") || "no name"}`];
}
