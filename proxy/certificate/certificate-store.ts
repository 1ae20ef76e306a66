/**
 * The certificates of one authority on disk, in kamal-proxy's layout, so that either program finds what the other got:
 * `<name>` (`<name>+rsa`) holds a key and its chain, `acme_account+key` the account's key. Ours alone are
 * `<name>+kdeploy` and `acme_account+kdeploy`. Source: proxy-behaviour §8.
 */
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { mkdir, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { CERTIFICATE_LIMITS } from "../limits.ts";
import type { EventLog } from "../observe/event-log.ts";
import { replaceDurably } from "../state/durable-write.ts";
import { type CertificatePair, covers, readPair } from "./certificate-pair.ts";
import { formatMemory, NOTHING_KNOWN, type OrderMemory, parseMemory } from "./order-memory.ts";

export type Account = { readonly privateKey: string; readonly url: string };

const ACCOUNT_KEY = "acme_account+key";
const LEGACY_ACCOUNT_KEY = "acme_account.key";
const ACCOUNT_FACTS = "acme_account+kdeploy";
const MAX_NAME_LENGTH = 200;
/** Names come from options and handshakes, checked; here it is made sure that none leads out of the directory. */
const FILE_NAME = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

export class CertificateStore {
  readonly directory: string;
  readonly #log: EventLog;
  #account: Account | null = null;
  /** While somebody makes the account: resolves when that is done, or has failed. */
  #registering: PromiseWithResolvers<void> | null = null;

  /** Writes are made one after another: two of the same file would get in each other's way. */
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(directory: string, log: EventLog) {
    this.directory = directory;
    this.#log = log;
  }

  /** Null for none that can be used; an expired one can. What is damaged or somebody else's is told and passed over. */
  async load(name: string): Promise<CertificatePair | null> {
    for (const file of filesOf(name)) {
      const text = await this.#read(file);
      if (text === null) continue;
      try {
        const pair = readPair(text, text);
        if (!covers(pair.names, name)) throw new Error(`the certificate is for ${pair.names.join(", ") || "no name"}`);
        return pair;
      } catch (error) {
        this.#log.warn("Saved certificate not used", { path: this.#path(file), error });
      }
    }
    return null;
  }

  /** @throws the system's error */
  async save(name: string, pair: CertificatePair): Promise<void> {
    await this.#write(fileNameOf(name), `${asSec1(pair.privateKey)}${pair.chain}`);
  }

  async has(name: string): Promise<boolean> {
    const found = await Promise.all(filesOf(name).map((file) => isFile(this.#path(file))));
    return found.includes(true);
  }

  async loadMemory(name: string): Promise<OrderMemory> {
    const file = `${fileNameOf(name)}+kdeploy`;
    const text = await this.#read(file);
    if (text === null) return NOTHING_KNOWN;
    try {
      return parseMemory(text);
    } catch (error) {
      this.#log.warn("Saved order not used", { path: this.#path(file), error });
      return NOTHING_KNOWN;
    }
  }

  /** @throws the system's error */
  async saveMemory(name: string, memory: OrderMemory): Promise<void> {
    await this.#write(`${fileNameOf(name)}+kdeploy`, formatMemory(memory));
  }

  /**
   * Runs `task` with the account. While there is none, one task makes it for all, who wait until it calls `saveAccount`.
   */
  async withAccount<T>(task: (account: Account | null) => Promise<T>): Promise<T> {
    for (;;) {
      this.#account ??= await this.#loadAccount();
      if (this.#account !== null) return task(this.#account);
      if (this.#registering === null) break;
      await this.#registering.promise;
    }
    const registering = Promise.withResolvers<void>();
    this.#registering = registering;
    try {
      return await task(null);
    } finally {
      if (this.#registering === registering) this.#registering = null;
      registering.resolve();
    }
  }

  /** @throws the system's error */
  async saveAccount({ privateKey, url }: Account): Promise<void> {
    this.#account = { privateKey, url };
    await this.#write(ACCOUNT_KEY, asSec1(privateKey));
    const facts = { version: 1, url, key: digestOf(privateKey) };
    await this.#write(ACCOUNT_FACTS, `${JSON.stringify(facts, null, 2)}\n`);
    this.#registering?.resolve();
    this.#registering = null;
  }

  /** The authority does not take `account` any more: its key is kept aside, unless there is another one by now. */
  async putAccountAside(account: Account): Promise<void> {
    if (this.#account?.privateKey !== account.privateKey) return;
    this.#account = null;
    for (const file of [ACCOUNT_KEY, LEGACY_ACCOUNT_KEY]) {
      const path = this.#path(file);
      await rename(path, `${path}.unusable`).catch(() => undefined);
    }
  }

  async #loadAccount(): Promise<Account | null> {
    for (const file of [ACCOUNT_KEY, LEGACY_ACCOUNT_KEY]) {
      const text = await this.#read(file);
      if (text === null) continue;
      try {
        createPrivateKey(text);
        return { privateKey: text, url: file === ACCOUNT_KEY ? await this.#accountUrl(text) : "" };
      } catch (error) {
        this.#log.warn("Saved account key not used", { path: this.#path(file), error });
      }
    }
    return null;
  }

  async #accountUrl(privateKey: string): Promise<string> {
    try {
      const { url, key } = JSON.parse((await this.#read(ACCOUNT_FACTS)) ?? "{}") as { url?: unknown; key?: unknown };
      // Key and URL are two files: after a crash, or with a key from elsewhere, they may belong to two accounts.
      return typeof url === "string" && key === digestOf(privateKey) ? url : "";
    } catch {
      // The authority knows the account by its key.
      return "";
    }
  }

  #path(file: string): string {
    return join(this.directory, file);
  }

  /** Null when there is nothing there that can be read; the reason is told unless it simply does not exist. */
  async #read(file: string): Promise<string | null> {
    const path = this.#path(file);
    try {
      const { size } = await stat(path);
      if (size > CERTIFICATE_LIMITS.maxPemBytes) throw new Error(`it has ${size} bytes`);
      return await readFile(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        this.#log.warn("Unable to read from certificate store", { path, error });
      }
      return null;
    }
  }

  async #write(file: string, text: string): Promise<void> {
    const write = this.#lastWrite.then(async () => {
      await mkdir(this.directory, { recursive: true, mode: 0o700 });
      await replaceDurably(this.#path(file), text);
    });
    this.#lastWrite = write.catch(() => undefined);
    return write;
  }
}

function filesOf(name: string): string[] {
  return [fileNameOf(name), `${fileNameOf(name)}+rsa`];
}

/** @throws Error for what is no folded host name: it could lead out of the directory */
function fileNameOf(name: string): string {
  if (!FILE_NAME.test(name)) throw new Error(`${name} is no name for a certificate`);
  // With what is added to it, such a name would be too long for a file system.
  return name.length > MAX_NAME_LENGTH ? createHash("sha256").update(name).digest("hex") : name;
}

/** The form in which kamal-proxy writes and reads keys, where the key has such a form. */
function asSec1(privateKey: string): string {
  const key = createPrivateKey(privateKey);
  if (key.asymmetricKeyType === "ec") return key.export({ type: "sec1", format: "pem" });
  if (key.asymmetricKeyType === "rsa") return key.export({ type: "pkcs1", format: "pem" });
  return privateKey;
}

/** Names a key, in whichever form it is written. */
function digestOf(privateKey: string): string {
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return createHash("sha256").update(publicKey).digest("hex");
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
