/** The field: every contender by name, and which of them run when nobody chooses. */
import { caddy } from "./caddy.ts";
import type { Contender } from "./contender.ts";
import { haproxy, haproxyWithoutLog } from "./haproxy.ts";
import { httpProxy3 } from "./http-proxy-3.ts";
import { kamalProxy } from "./kamal-proxy.ts";
import { nginx, nginxWithoutLog } from "./nginx.ts";
import { nodeHttpPipe } from "./node-http-pipe.ts";
import { ours } from "./ours.ts";

export const contenders = {
  ours,
  nginx,
  haproxy,
  "kamal-proxy": kamalProxy,
  "node-http-pipe": nodeHttpPipe,
  "http-proxy-3": httpProxy3,
  caddy,
  "nginx-no-log": nginxWithoutLog,
  "haproxy-no-log": haproxyWithoutLog,
} satisfies Record<string, Contender>;

export type ContenderName = keyof typeof contenders;

export const contenderNames = Object.keys(contenders) as ContenderName[];

/** The names to run: the chosen ones, else all that log, plus the ones without a log when asked for. */
export function field(only: ContenderName[] | undefined, withoutLog: boolean): ContenderName[] {
  return only ?? contenderNames.filter((name) => contenders[name].logs || withoutLog);
}
