/** The whole of deploy.yml. Config-schema §2. */
import type * as z from "zod";
import { image, line, word } from "../value-syntax.ts";
import { accessories } from "./accessory.ts";
import { ALIAS_EXAMPLE, aliases } from "./alias.ts";
import { assetPath } from "./asset-path.ts";
import { boot } from "./boot.ts";
import { builder } from "./builder.ts";
import { env } from "./env.ts";
import { rootLabels } from "./labels.ts";
import { logging } from "./logging.ts";
import { NOTIFY_EXAMPLE, notify } from "./notify.ts";
import { output } from "./output.ts";
import { proxy } from "./proxy.ts";
import { registry } from "./registry.ts";
import { SERVERS_EXAMPLE, servers } from "./servers.ts";
import { ssh } from "./ssh.ts";
import { sshkit } from "./sshkit.ts";
import { boolean, choice, hash, integer, isHash, key, list, seconds, section, text } from "./types.ts";

const hooksOutput = choice([hash(text()), text()], "should be a string or a hash", (input) =>
  isHash(input) ? 0 : typeof input === "object" ? undefined : 1,
);

export const root = section({
  service: key(text(), "Name of the app: in the names of its containers and in their labels.", "shop"),
  image: key(text(image), "Repository of the image, without the registry's server.", "acme/shop"),
  servers: key(servers, "Hosts, or roles with hosts.", SERVERS_EXAMPLE),
  registry: key(registry, "Where the image is pushed and pulled."),
  builder: key(builder, "How the image is built."),
  env: key(env, "Variables of all app containers.", {
    clear: { RAILS_LOG_LEVEL: "info" },
    secret: ["RAILS_MASTER_KEY"],
  }),
  proxy: key(proxy, "How requests reach the app."),
  accessories: key(accessories, "Containers beside the app, by name."),
  labels: key(rootLabels(), "Labels of all app containers.", { "com.example.team": "shop" }),
  volumes: key(list(text(line)), "Volumes of all app containers, as docker run takes them.", [
    "shop-storage:/app/storage",
  ]),
  asset_path: key(
    assetPath(),
    "Directory of fingerprinted assets in the image, or a list of such; old and new versions then serve both generations. PATH or PATH:OPTIONS.",
    "/app/public/assets",
  ),
  hooks_path: key(text(line), "Directory of the hooks.", ".kamal/hooks"),
  hooks_output: key(hooksOutput, "What hooks print: quiet or verbose, for all or by hook.", {
    "pre-deploy": "verbose",
  }),
  secrets_path: key(text(line), "Path of the secrets files, without -common or .DESTINATION.", ".kamal/secrets"),
  error_pages_path: key(text(line), "Local directory of pages such as 404.html and 503.html.", "public"),
  require_destination: key(boolean(), "Refuse to run without --destination.", false),
  primary_role: key(text(word), "Role that is booted first and used by single-host commands.", "web"),
  allow_empty_roles: key(boolean(), "Allow roles without hosts, except the primary one.", false),
  retain_containers: key(integer(), "Old containers and images kept on each host, for rollback.", 5),
  minimum_version: key(text(word), "Oldest version of Kamal that this file works with.", "2.0.0"),
  readiness_delay: key(seconds(), "Seconds that a container without proxy and health check must stay up.", 7),
  deploy_timeout: key(seconds(), "Seconds that a new container may take to become ready.", 30),
  drain_timeout: key(seconds(), "Seconds that requests on the old container may take to finish.", 30),
  stop_timeout: key(seconds(), "Seconds between SIGTERM and SIGKILL when a container is stopped.", 30),
  run_directory: key(text(line), "Accepted and ignored, as in the original: .kamal is always used.", ".kamal"),
  ssh: key(ssh, "How servers are reached."),
  sshkit: key(sshkit, "Bounds of the connections."),
  boot: key(boot, "How many hosts at a time get the new version."),
  logging: key(logging, "Docker's log driver."),
  output: key(output, "Where the record of a command goes."),
  notify: key(notify, "Messages to chats and programs when something was changed. (kdeploy only)", NOTIFY_EXAMPLE),
  aliases: key(aliases, "Commands of your own.", ALIAS_EXAMPLE),
});

export type RootInput = z.output<typeof root>;
