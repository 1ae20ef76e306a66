/** One role of `servers`: its hosts, and what differs there from the root. Config-schema §4. */
import * as z from "zod";
import { host, word } from "../value-syntax.ts";
import { assetPath } from "./asset-path.ts";
import { roleEnv } from "./env.ts";
import { labels } from "./labels.ts";
import { logging } from "./logging.ts";
import { containerOptions } from "./options.ts";
import { proxy } from "./proxy.ts";
import { arrayOrHash, choice, hash, isHash, key, list, seconds, section, strictText, text } from "./types.ts";

const tags = choice([list(text(word)), text(word)], "should be a string or an array", (input) =>
  Array.isArray(input) ? 0 : typeof input === "object" ? undefined : 1,
);

/** `host`, `host: tag` or `host: [tag, tag]`. */
export const hostEntry = choice(
  [
    strictText("should be a string or a hash", host),
    hash(tags, host).refine((entry) => Object.keys(entry).length <= 1, {
      error: "multiple hosts found: one host per entry",
    }),
  ],
  "should be a string or a hash",
  (input) => (typeof input === "string" ? 0 : isHash(input) ? 1 : undefined),
);

export type HostEntry = z.output<typeof hostEntry>;

const proxySwitch = choice([z.boolean(), proxy, z.null()], "should be a boolean or a hash", (input) =>
  isHash(input) ? 1 : undefined,
);

export const role = section({
  hosts: key(list(hostEntry), "The servers; a host may have tags, for env.tags and accessories.", [
    "192.0.2.1",
    { "192.0.2.2": ["canary"] },
  ]),
  cmd: key(text(), "Command instead of the image's own.", "bin/jobs"),
  proxy: key(
    proxySwitch,
    "Whether requests go to this role: true, false, or what differs from the root's proxy. Only the primary role has one by itself.",
    false,
  ),
  env: key(roleEnv, "Variables beside the root's.", { QUEUES: "default,mailers" }),
  labels: key(labels(), "Labels beside the root's.", { "com.example.team": "shop" }),
  options: key(containerOptions(), "Flags for docker run; restart is unless-stopped unless given.", {
    memory: "2g",
    cpus: 2,
    restart: "always",
  }),
  logging: key(logging, "What differs from the root's logging."),
  asset_path: key(assetPath(), "Instead of the root's asset_path.", ["/app/public/assets", "/app/public/packs"]),
  stop_timeout: key(seconds(), "Instead of the root's stop_timeout, seconds.", 60),
});

/** A list of hosts, or all of the above. */
export const roleOrHosts = choice([list(hostEntry), role], "should be an array or a hash", arrayOrHash);
