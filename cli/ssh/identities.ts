/** The keys to log in with: a host's settings in, an ordered list of offers out, and why other keys are none. */
import { readFile, stat } from "node:fs/promises";
import ssh2, {
  type AnyAuthMethod,
  type BaseAgent,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from "ssh2";
import { HostError } from "../execute/host-error.ts";
import { AGENT_TIMEOUT_MS, MAX_KEY_FILE_BYTES } from "./limits.ts";
import type { HostSettings, Identity } from "./ssh-settings.ts";

export type Offer = { readonly label: string; readonly method: (username: string) => AnyAuthMethod };

export type Identities = {
  /** Configured identities first, because servers hang up after a few failures (MaxAuthTries, 6). */
  readonly offers: readonly Offer[];
  /** One sentence for each identity that could not be offered. */
  readonly unusable: readonly string[];
  readonly agent: BaseAgent | undefined;
};

/** @throws HostError `ssh-key-unusable` when a secret of `key_data` is no key, which no other key should hide */
export async function identitiesFor(settings: HostSettings): Promise<Identities> {
  const unusable: string[] = [];
  const agent = settings.agentSocket === undefined ? undefined : ssh2.createAgent(settings.agentSocket);
  const held = agent === undefined ? [] : await heldKeys(agent, settings.agentSocket ?? "", unusable);
  const offers: Offer[] = [];
  const offered = new Set<string>();
  for (const identity of settings.identities) {
    const key = await readIdentity(settings, identity, unusable);
    if (key === undefined) continue;
    const blob = key.publicBlob?.toString("base64");
    if (blob !== undefined && offered.has(blob)) continue;
    const inAgent = held.find((one) => one.getPublicSSH().toString("base64") === blob);
    if (agent !== undefined && inAgent !== undefined) offers.push(agentOffer(agent, inAgent, `${key.label} (agent)`));
    else if (key.privateKey !== undefined) offers.push(keyOffer(key.privateKey, key.label));
    else {
      unusable.push(key.problem);
      continue;
    }
    if (blob !== undefined) offered.add(blob);
  }
  if (agent !== undefined && !settings.identitiesOnly) {
    for (const key of held) {
      if (offered.has(key.getPublicSSH().toString("base64"))) continue;
      offers.push(agentOffer(agent, key, `${key.comment || key.type} (agent)`));
    }
  }
  return { offers, unusable, agent };
}

type ReadKey = {
  readonly label: string;
  readonly publicBlob: Buffer | undefined;
  readonly privateKey: ParsedKey | undefined;
  /** Why the private key cannot be used, where it cannot. */
  readonly problem: string;
};

async function readIdentity(
  settings: HostSettings,
  identity: Identity,
  unusable: string[],
): Promise<ReadKey | undefined> {
  if (identity.kind === "data") {
    const read = understood(identity.key.reveal(), identity.label);
    if (read.privateKey !== undefined) return read;
    throw new HostError(settings.name, "ssh-key-unusable", "authentication", `${read.problem}.`, {
      hint: "A secret of ssh/key_data holds a private key without a passphrase.",
    });
  }
  try {
    const { size } = await stat(identity.path);
    if (size > MAX_KEY_FILE_BYTES) throw new Error("too large for a key");
    const read = understood(await readFile(identity.path, "utf8"), identity.path);
    return read.publicBlob === undefined ? { ...read, publicBlob: await besideIt(identity.path) } : read;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    // The private key may be in the agent only, and its public half here.
    const publicBlob = missing ? await besideIt(identity.path) : undefined;
    const problem = missing
      ? `${identity.path} does not exist`
      : `${identity.path} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    if (publicBlob !== undefined) return { label: identity.path, publicBlob, privateKey: undefined, problem };
    if (identity.asked || !missing) unusable.push(problem);
    return undefined;
  }
}

function understood(text: string, label: string): ReadKey {
  const parsed: ParsedKey | Error | ParsedKey[] = ssh2.utils.parseKey(text);
  const key = Array.isArray(parsed) ? (parsed as ParsedKey[])[0] : parsed;
  if (key === undefined || key instanceof Error) {
    const encrypted = /encrypted/i.test(key?.message ?? "");
    const problem = encrypted
      ? `${label} is encrypted: add it to an agent with ssh-add`
      : `${label} is not a private key that the built-in SSH client understands (${key?.message ?? "empty"})`;
    return { label, publicBlob: publicHalf(text), privateKey: undefined, problem };
  }
  const isPrivate = key.isPrivateKey();
  return {
    label,
    publicBlob: key.getPublicSSH(),
    privateKey: isPrivate ? key : undefined,
    problem: `${label} is a public key, and no agent holds its private half`,
  };
}

/** An encrypted key in OpenSSH's format says which one it is (PROTOCOL.key): magic, cipher, kdf, options, count, public key. */
function publicHalf(text: string): Buffer | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/.exec(text)?.[1];
  if (body === undefined) return undefined;
  const bytes = Buffer.from(body, "base64");
  if (bytes.subarray(0, 15).toString("latin1") !== "openssh-key-v1\0") return undefined;
  let at = 15;
  const field = (): Buffer => {
    const length = at + 4 <= bytes.length ? bytes.readUInt32BE(at) : 0;
    at += 4 + length;
    return bytes.subarray(at - length, at);
  };
  for (let skipped = 0; skipped < 3; skipped++) field();
  at += 4;
  const blob = field();
  return blob.length > 0 ? Buffer.from(blob) : undefined;
}

async function besideIt(path: string): Promise<Buffer | undefined> {
  const text = await readFile(`${path}.pub`, "utf8").catch(() => "");
  const blob = /^\S+\s+([A-Za-z0-9+/=]+)/.exec(text)?.[1];
  return blob === undefined ? undefined : Buffer.from(blob, "base64");
}

async function heldKeys(agent: BaseAgent, socket: string, unusable: string[]): Promise<ParsedKey[]> {
  const answer = Promise.withResolvers<ParsedKey[]>();
  const timer = setTimeout(
    () => answer.reject(new Error(`no answer within ${AGENT_TIMEOUT_MS / 1000} s`)),
    AGENT_TIMEOUT_MS,
  );
  agent.getIdentities((error, keys) => {
    if (error) answer.reject(error);
    else answer.resolve((keys ?? []) as ParsedKey[]);
  });
  try {
    return await answer.promise;
  } catch (error) {
    unusable.push(`the agent at ${socket} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  } finally {
    clearTimeout(timer);
  }
}

function keyOffer(key: ParsedKey, label: string): Offer {
  return { label, method: (username) => ({ type: "publickey", username, key }) };
}

function agentOffer(agent: BaseAgent, key: ParsedKey, label: string): Offer {
  return { label, method: (username) => ({ type: "agent", username, agent: new OneKeyAgent(agent, key) }) };
}

/** An agent as if it held one key, so that keys are offered in our order. */
class OneKeyAgent extends ssh2.BaseAgent {
  readonly #agent: BaseAgent;
  readonly #key: ParsedKey;

  constructor(agent: BaseAgent, key: ParsedKey) {
    super();
    this.#agent = agent;
    this.#key = key;
  }

  getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(null, [this.#key]);
  }

  sign(key: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, callback?: SignCallback): void {
    if (typeof options === "function") this.#agent.sign(key, data, options);
    else this.#agent.sign(key, data, options, callback);
  }
}
