/** Which servers are believed to be who they say they are: a host's settings and the key it shows in, a refusal or none out. */
import type { ServerHostKeyAlgorithm } from "ssh2";
import { HostError } from "../execute/host-error.ts";
import {
  fingerprint,
  judgeHostKey,
  type KnownHostEntry,
  keyType,
  knownHostsLine,
  knownKeyTypes,
} from "./known-hosts.ts";
import { appendKnownHost, readKnownHosts } from "./known-hosts-file.ts";
import type { HostSettings } from "./ssh-settings.ts";

/** Something a person should know that stops nothing. */
export type SshNotice = { readonly host: string; readonly message: string };

export class HostKeys {
  readonly #notice: (notice: SshNotice) => void;
  /** Keys believed in this process, for files that cannot be written. */
  readonly #accepted = new Map<string, Buffer>();
  /** One writer at a time: forty first connections would wait for one another's lock file. */
  #writing: Promise<void> = Promise.resolve();

  constructor(notice: (notice: SshNotice) => void) {
    this.#notice = notice;
  }

  /** What may be negotiated: the types known for the host, or undefined for any. */
  async algorithms(settings: HostSettings): Promise<ServerHostKeyAlgorithm[] | undefined> {
    const { name, plainName } = settings.knownHosts;
    const types = knownKeyTypes(await entriesFor(settings), name, plainName);
    const usable = types.flatMap((type) => ALGORITHMS[type] ?? []);
    return usable.length === 0 ? undefined : usable;
  }

  /** Undefined when the key is believed; an unknown one is, and is stored, unless the host's settings are strict. */
  async refusal(settings: HostSettings, key: Buffer): Promise<HostError | undefined> {
    const { name, plainName, strict } = settings.knownHosts;
    const verdict = judgeHostKey(await entriesFor(settings), name, plainName, key);
    const shown = `${keyType(key)} ${fingerprint(key)}`;
    switch (verdict.kind) {
      case "changed":
        return changed(settings, verdict.entry, `shows another host key than the known one: ${shown}`);
      case "revoked":
        return changed(settings, verdict.entry, `shows a revoked host key: ${shown}`);
      case "authority-only":
        return new HostError(
          settings.name,
          "host-key-unknown",
          "host-key",
          `${settings.name} is vouched for by a certificate authority (${where(verdict.entry)}), which the built-in SSH client does not check.`,
          {
            hint: "Set `ssh: { transport: system }` to connect with this machine's own ssh, or add the host's key to known_hosts.",
          },
        );
      case "unknown":
        return strict ? unknownRefused(settings, shown) : this.#accept(settings, key, shown);
      case "known":
        break;
    }
    return undefined;
  }

  async #accept(settings: HostSettings, key: Buffer, shown: string): Promise<HostError | undefined> {
    const { name, plainName, userFiles, hashNames } = settings.knownHosts;
    const before = this.#accepted.get(name);
    if (before !== undefined)
      return before.equals(key)
        ? undefined
        : changed(settings, undefined, `shows another host key than a moment ago: ${shown}`);
    this.#accepted.set(name, key);
    const file = userFiles[0];
    const stored = this.#writing.then(async () => {
      if (file === undefined || file === "/dev/null") return;
      await appendKnownHost(
        file,
        knownHostsLine(name, key, hashNames),
        (entries) => judgeHostKey(entries, name, plainName, key).kind === "unknown",
      );
    });
    this.#writing = stored.catch(() => {});
    const problem = await stored.then(
      () => "",
      (error: unknown) => ` It could not be stored: ${error instanceof Error ? error.message : String(error)}`,
    );
    this.#notice({
      host: settings.name,
      message: `First connection to ${name}: its host key ${shown} is trusted from now on.${problem}`,
    });
    return undefined;
  }
}

const ALGORITHMS: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/** A server without any key of the known types: as bad as a changed key. */
export function noKnownKeyOffered(settings: HostSettings): HostError {
  return changed(settings, undefined, "offers no host key of the types that are known for it.");
}

function entriesFor(settings: HostSettings): Promise<KnownHostEntry[]> {
  return readKnownHosts([...settings.knownHosts.userFiles, ...settings.knownHosts.globalFiles]);
}

function changed(settings: HostSettings, entry: KnownHostEntry | undefined, what: string): HostError {
  const known =
    entry === undefined
      ? ""
      : ` Known is ${entry.type} ${fingerprint(Buffer.from(entry.key, "base64"))} (${where(entry)}).`;
  return new HostError(
    settings.name,
    "host-key-changed",
    "host-key",
    `${settings.name} ${what}.${known}`.replace("..", "."),
    {
      hint: `Somebody may be listening in. If the server was set up anew: ssh-keygen -R '${settings.knownHosts.name}'`,
    },
  );
}

function unknownRefused(settings: HostSettings, shown: string): HostError {
  const { name } = settings.knownHosts;
  return new HostError(settings.name, "host-key-unknown", "host-key", `The host key of ${name} is unknown: ${shown}.`, {
    hint: "StrictHostKeyChecking is on. Compare the fingerprint, then add the key: ssh-keyscan, or one connection with ssh.",
  });
}

function where(entry: KnownHostEntry): string {
  return `${entry.file}, line ${entry.line}`;
}
