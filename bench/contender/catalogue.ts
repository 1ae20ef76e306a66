/** The field: every contender by name, and which of them run when nobody chooses. */
import { caddy } from "./caddy.ts";
import type { Contender } from "./contender.ts";
import { haproxy, haproxyWithoutLog } from "./haproxy.ts";
import { httpProxy3 } from "./http-proxy-3.ts";
import { kamalProxy } from "./kamal-proxy.ts";
import { nginx, nginxWithoutLog } from "./nginx.ts";
import { nodeHttpPipe } from "./node-http-pipe.ts";
import { ours } from "./ours.ts";

export const contenders: Record<string, Contender> = {
  ours,
  nginx,
  haproxy,
  "kamal-proxy": kamalProxy,
  "node-http-pipe": nodeHttpPipe,
  "http-proxy-3": httpProxy3,
  caddy,
  "nginx-no-log": nginxWithoutLog,
  "haproxy-no-log": haproxyWithoutLog,
};

/** The names to run: the chosen ones, else all that log, plus the ones without a log when asked for. */
export function field(only: string[] | undefined, withoutLog: boolean): string[] {
  return only ?? Object.keys(contenders).filter((name) => contenders[name].logs || withoutLog);
}
