/** The field: every contender by name, and which of them run when nobody chooses. */
import { caddy } from "./caddy.ts";
import type { Contender } from "./contender.ts";
import { haproxy, haproxyWithoutLog } from "./haproxy.ts";
import { httpProxy3 } from "./http-proxy-3.ts";
import { kamalProxy } from "./kamal-proxy.ts";
import { nginx, nginxWithoutLog } from "./nginx.ts";
import { nodeHttpPipe } from "./node-http-pipe.ts";
import { ours, oursObserved, oursSilent } from "./ours.ts";

export const contenders = {
  ours,
  nginx,
  haproxy,
  "kamal-proxy": kamalProxy,
  "node-http-pipe": nodeHttpPipe,
  "http-proxy-3": httpProxy3,
  caddy,
  "ours-observed": oursObserved,
  "ours-silent": oursSilent,
  "nginx-no-log": nginxWithoutLog,
  "haproxy-no-log": haproxyWithoutLog,
} satisfies Record<string, Contender>;

export type ContenderName = keyof typeof contenders;

export const contenderNames = Object.keys(contenders) as ContenderName[];

/** What our own log and metrics cost, and what others' logs do: run when asked for. */
const variants: readonly ContenderName[] = ["ours-observed", "ours-silent", "nginx-no-log", "haproxy-no-log"];

/** The names to run: the chosen ones, else all but the variants, which come along when asked for. */
export function field(only: ContenderName[] | undefined, withoutLog: boolean): ContenderName[] {
  return only ?? contenderNames.filter((name) => withoutLog || !variants.includes(name));
}
