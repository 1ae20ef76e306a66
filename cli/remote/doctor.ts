/** What `kdeploy doctor` asks of a host: a configuration in, one line of shell that changes nothing and answers everything out. */
import type { Config } from "../config/config.ts";
import { PROXY_CONTAINER } from "../config/names.ts";
import { word } from "./conventions.ts";
import { inspectLease } from "./lease.ts";
import type { RemoteCommand } from "./remote-command.ts";

/** Before each answer, with its name. */
export const MARK = "@@ ";
/** Lines of a list that are read; a host with more has other problems. */
const MAX_LIST_LINES = 500;

/**
 * For `parseSurvey`. One round trip, because a host may be far away; each answer may be missing, and none keeps the next from coming.
 * Only what POSIX and busybox have is taken for granted: the sockets are read from /proc, `ss` or `netstat` add the programs' names.
 */
export function survey(config: Config): string {
  const list = `head -n ${MAX_LIST_LINES}`;
  const info = "{{.ServerVersion}}|{{.Architecture}}|{{.DockerRootDir}}";
  const answers: readonly (readonly [string, string])[] = [
    ["clock", "date +%s"],
    ["user", "id -un; id -u; id -nG"],
    ["machine", "uname -m"],
    ["addresses", '{ echo "${SSH_CONNECTION:-}" | cut -d " " -f 3; ip -o addr show || hostname -I; } 2> /dev/null'],
    ["client", "docker -v 2>&1"],
    // Of an error, `docker info` tells the reason on different streams; `docker version` tells it last.
    ["docker", `docker info --format '${info}' 2> /dev/null || docker version 2>&1 > /dev/null | tail -n 3`],
    ["disk", `root=$(docker info --format '{{.DockerRootDir}}' 2> /dev/null); df -Pk / $root 2> /dev/null`],
    ["sockets", `grep -h ' 0A ' /proc/net/tcp /proc/net/tcp6 2> /dev/null | ${list}`],
    ["programs", `{ ss -ltnp || netstat -ltnp; } 2> /dev/null | ${list}`],
    ["containers", `docker ps --format '{{.Names}}|{{.Ports}}' 2> /dev/null | ${list}`],
    [
      "proxy",
      `docker inspect ${PROXY_CONTAINER} --format '{{.State.Status}}|{{.RestartCount}}|{{.Config.Image}}' 2> /dev/null`,
    ],
    ["proxy-version", `docker exec ${PROXY_CONTAINER} kamal-proxy version 2> /dev/null`],
    ["boot-options", "cat .kamal/proxy/options 2> /dev/null"],
    ["lock", inspectLease(config)],
  ];
  // An answer may end without a newline, as the details of a lock do.
  const lines = answers.map(([name, line]) => `echo '${MARK}${name}'; { ${line}; }; echo`);
  return `${lines.join("; ")}; echo '${MARK}end'`;
}

/** A login of its own that leaves nothing behind: neither the user's own logins nor a stored password are touched. */
export function tryLogin(login: RemoteCommand): RemoteCommand {
  const { command, input, shown } = login;
  const around = (line: string): string =>
    `d=$(mktemp -d) && { trap 'rm -rf "$d"' EXIT; trap 'exit 1' HUP INT TERM; DOCKER_CONFIG=$d ${line}; }`;
  return {
    command: around(command),
    ...(input === undefined ? {} : { input }),
    ...(shown === undefined ? {} : { shown: around(shown) }),
  };
}

/** Prints the addresses that the host finds under a name, one a line; fails where it cannot say. */
export function resolveName(name: string): string {
  return `getent ahosts ${word(name)} | cut -d ' ' -f 1 | sort -u`;
}
