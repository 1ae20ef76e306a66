/** Why a connection could not be made: what the system, the library and the server said in, one error for people out. */
import { HostError, type HostErrorCode, type HostErrorReason } from "../execute/host-error.ts";
import type { Identities } from "./identities.ts";
import type { HostSettings } from "./ssh-settings.ts";

export type ConnectEvidence = {
  readonly settings: HostSettings;
  readonly identities: Identities | undefined;
  /** What the server accepts, once it said so. */
  readonly methodsLeft: readonly string[] | undefined;
  /** Labels of what was really offered. */
  readonly offered: readonly string[];
  readonly proxyOutput: string;
};

const BY_SYSTEM_CODE: Readonly<Record<string, readonly [HostErrorReason, string]>> = {
  ENOTFOUND: ["dns", "has no address: the name is unknown"],
  EAI_AGAIN: ["dns", "has no address: name servers do not answer"],
  ENODATA: ["dns", "has no address of the wanted kind"],
  EADDRNOTAVAIL: ["unreachable", "cannot be reached from this machine"],
  ECONNREFUSED: ["refused", "refuses connections"],
  ETIMEDOUT: ["timeout", "does not answer"],
  EHOSTUNREACH: ["unreachable", "cannot be reached: no route to it"],
  ENETUNREACH: ["unreachable", "cannot be reached: no network"],
  ECONNRESET: ["handshake", "closed the connection before the SSH handshake was done"],
  EPIPE: ["handshake", "closed the connection before the SSH handshake was done"],
};

const HINTS: Readonly<Partial<Record<HostErrorReason, string>>> = {
  unreachable: "Is its address right, and is it switched on?",
  timeout: "Is its address right, is it switched on, and does a firewall let this machine in?",
};

export function connectFailure(error: unknown, evidence: ConnectEvidence): HostError {
  if (error instanceof HostError) return error;
  const { settings } = evidence;
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const { code, level, message } = first as { code?: unknown; level?: unknown; message: string };
  const where =
    settings.address === settings.name ? `port ${settings.port}` : `${settings.address}, port ${settings.port}`;
  const unreachable = (reason: HostErrorReason, what: string, hint?: string): HostError =>
    fail(
      settings,
      "host-unreachable",
      reason,
      `${settings.name} (${where}) ${what}.${proxySaid(evidence)}`,
      error,
      hint,
    );
  const known = BY_SYSTEM_CODE[String(code)];
  if (known !== undefined) return unreachable(known[0], known[1], HINTS[known[0]]);
  if (level === "client-authentication" || /too many authentication failures/i.test(message))
    return authenticationFailure(error, evidence);
  if (level === "client-timeout")
    return unreachable("timeout", "accepts connections, but does not answer as an SSH server in time");
  if (/before handshake/i.test(message)) {
    return unreachable(
      "handshake",
      "closed the connection before the SSH handshake",
      "It may be overloaded (MaxStartups), or no SSH server.",
    );
  }
  if (/no matching/i.test(message)) {
    return unreachable(
      "handshake",
      `and the built-in SSH client have no method in common (${message})`,
      "Set `ssh: { transport: system }` to connect with this machine's own ssh.",
    );
  }
  return unreachable("handshake", `broke off the SSH handshake: ${message}`);
}

export function connectTimedOut(evidence: ConnectEvidence): HostError {
  const { settings } = evidence;
  const seconds = settings.connectTimeoutMs / 1000;
  return fail(
    settings,
    "host-unreachable",
    "timeout",
    `${settings.name} (port ${settings.port}) did not let us in within ${seconds} s.${proxySaid(evidence)}`,
    undefined,
    "It may be off, or a firewall drops packets to it.",
  );
}

function authenticationFailure(error: unknown, evidence: ConnectEvidence): HostError {
  const { settings, identities, offered, methodsLeft } = evidence;
  const tried = offered.length === 0 ? "No key was offered" : `Offered: ${offered.join(", ")}`;
  const unusable = (identities?.unusable ?? []).map((sentence) => ` Not usable: ${sentence}.`).join("");
  const wanted =
    methodsLeft === undefined || methodsLeft.includes("publickey")
      ? ""
      : ` The server accepts only ${methodsLeft.join(", ")}.`;
  const tooMany = /too many/i.test((error as Error).message);
  return fail(
    settings,
    "ssh-authentication-failed",
    "authentication",
    `${settings.name} does not let ${settings.user} log in. ${tried}.${unusable}${wanted}`,
    error,
    tooMany
      ? "Too many keys were offered: name the right one with ssh/keys, and set ssh/keys_only."
      : "Keys on FIDO devices and user certificates need `ssh: { transport: system }`.",
  );
}

function proxySaid({ proxyOutput }: ConnectEvidence): string {
  const said = proxyOutput.replace(/[\p{Cc}\s]+/gu, " ").trim();
  return said === "" ? "" : ` The proxy command said: ${said.slice(0, 500)}`;
}

function fail(
  settings: HostSettings,
  code: HostErrorCode,
  reason: HostErrorReason,
  message: string,
  cause: unknown,
  hint: string | undefined,
): HostError {
  return new HostError(settings.name, code, reason, message, { cause, hint });
}
