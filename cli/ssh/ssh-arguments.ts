/** Command lines of the `ssh` program: the `ssh` section and a host in, arguments out. Nothing of them passes a shell here. */
import { checkedUser, parseHostAddress } from "./host-address.ts";
import { CONNECT_TIMEOUT_MS, KEEPALIVE_COUNT, KEEPALIVE_INTERVAL_MS } from "./limits.ts";
import { expandHome } from "./openssh-config.ts";
import type { SshOptions } from "./ssh-settings.ts";

/** As the original's: files, the way there, keys. `keyFiles` are those of `key_data`, written out. */
function optionArguments(options: SshOptions, keyFiles: readonly string[], configFile: string | undefined): string[] {
  const args: string[] = [];
  if (options.config === false) args.push("-F", "/dev/null");
  else if (configFile !== undefined) args.push("-F", configFile);
  if (options.proxy !== undefined) args.push("-J", jumpList(options.proxy));
  else if (options.proxyCommand !== undefined) args.push("-o", `ProxyCommand=${options.proxyCommand}`);
  for (const key of [...(options.keys ?? []).map(expandHome), ...keyFiles]) args.push("-i", key);
  if (options.keysOnly !== undefined) args.push("-o", `IdentitiesOnly=${options.keysOnly ? "yes" : "no"}`);
  if (options.forwardAgent !== undefined) args.push(options.forwardAgent ? "-A" : "-a");
  return args;
}

/** `ssh … -t user@host -p PORT COMMAND`: a session for the person at the terminal, or for what is piped in. */
export function interactiveArguments(
  name: string,
  command: string,
  options: SshOptions,
  keyFiles: readonly string[],
  configFile: string | undefined,
  hasTerminal: boolean,
): string[] {
  const { user, host, port } = target(name, options);
  // Without a terminal here, ssh would say that it makes none there.
  const terminal = hasTerminal ? "-t" : "-T";
  // ssh looks for options behind the host, too.
  const line = command.startsWith("-") ? ` ${command}` : command;
  return [...optionArguments(options, keyFiles, configFile), terminal, `${user}@${host}`, "-p", String(port), line];
}

/** Arguments for the master connection: nobody is asked anything, and a dead server is noticed. */
export function masterArguments(
  name: string,
  controlPath: string,
  options: SshOptions,
  keyFiles: readonly string[],
  configFile: string | undefined,
  acceptNew: boolean,
): string[] {
  const { user, host, port } = target(name, options);
  const settings = [
    "BatchMode=yes",
    `ServerAliveInterval=${KEEPALIVE_INTERVAL_MS / 1000}`,
    `ServerAliveCountMax=${KEEPALIVE_COUNT}`,
    `ConnectTimeout=${CONNECT_TIMEOUT_MS / 1000}`,
    "ControlMaster=yes",
    "ControlPersist=no",
    "RemoteCommand=none",
    "RequestTTY=no",
    ...(acceptNew ? ["StrictHostKeyChecking=accept-new"] : []),
  ].flatMap((setting) => ["-o", setting]);
  const where = ["-S", controlPath, "-N", "-l", user, "-p", String(port), "--", host];
  return [...optionArguments(options, keyFiles, configFile), ...settings, ...where];
}

/** Arguments for one command over a master connection that is there. */
export function sharedArguments(name: string, controlPath: string, options: SshOptions, command: string): string[] {
  const { user, host, port } = target(name, options);
  return [
    "-F",
    "/dev/null",
    "-o",
    "BatchMode=yes",
    "-o",
    "ControlMaster=no",
    "-S",
    controlPath,
    "-T",
    "-l",
    user,
    "-p",
    String(port),
    "--",
    host,
    command,
  ];
}

/** Arguments that have a master connection begin (`forward`) or end (`cancel`) to lead a port of the server here. */
export function forwardArguments(
  verb: "forward" | "cancel",
  name: string,
  controlPath: string,
  { remotePort, localPort }: { readonly remotePort: number; readonly localPort: number },
): string[] {
  const ports = `127.0.0.1:${remotePort}:127.0.0.1:${localPort}`;
  return ["-F", "/dev/null", "-S", controlPath, "-O", verb, "-R", ports, "--", parseHostAddress(name).host];
}

function jumpList(proxy: string): string {
  const hops = proxy.split(",").map((hop) => {
    const { user, host, port } = parseHostAddress(hop.trim());
    return `${user ?? "root"}@${host.includes(":") ? `[${host}]` : host}${port === undefined ? "" : `:${port}`}`;
  });
  return hops.join(",");
}

function target(name: string, options: SshOptions): { user: string; host: string; port: number } {
  const { user, host, port } = parseHostAddress(name);
  return { user: checkedUser(user ?? options.user, name), host, port: port ?? options.port };
}
