/** Names of servers as they are configured: text in, its parts out, or an error before anything is run with it. */
import { HostError } from "../execute/host-error.ts";

export type HostAddress = {
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
};

const HOST = /^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$/;
const USER = /^[A-Za-z0-9_.\\][A-Za-z0-9_.\\-]*\$?$/;

/**
 * `host`, `user@host`, `host:port`, `[v6]:port`, a bare IPv6 address.
 * @throws HostError `host-name-invalid` for all else: blanks, newlines, a leading "-" that `ssh` would take for an option
 */
export function parseHostAddress(text: string): HostAddress {
  const at = text.lastIndexOf("@");
  const user = at === -1 ? undefined : text.slice(0, at);
  const rest = text.slice(at + 1);
  const bracketed = /^\[([^\]]+)\](?::([0-9]{1,5}))?$/.exec(rest);
  const withPort = /^([^:]+):([0-9]{1,5})$/.exec(rest);
  const host = bracketed?.[1] ?? withPort?.[1] ?? rest;
  const portText = bracketed?.[2] ?? withPort?.[2];
  const port = portText === undefined ? undefined : Number(portText);
  const wrong =
    !HOST.test(host) ||
    host.length > 253 ||
    (user !== undefined && !USER.test(user)) ||
    port === 0 ||
    (port ?? 0) > 65_535;
  if (wrong) throw invalidHost(text);
  return { user, host, port };
}

/** @throws HostError `host-name-invalid` */
export function checkedUser(user: string, host: string): string {
  if (USER.test(user)) return user;
  throw new HostError(host, "host-name-invalid", "configuration", `Not a user name for ${host}: ${shown(user)}`);
}

function invalidHost(text: string): HostError {
  return new HostError(
    shown(text),
    "host-name-invalid",
    "configuration",
    `Not a host name or address: ${shown(text)}`,
    {
      hint: "A server is written as a name or an IP address, without options or blanks.",
    },
  );
}

function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
