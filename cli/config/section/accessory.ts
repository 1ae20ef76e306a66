/** `accessories`: databases, caches and other containers beside the app, with a life of their own. Config-schema §10. */
import * as z from "zod";
import { argument, containerName, host, image, line, word } from "../value-syntax.ts";
import { roleEnv } from "./env.ts";
import { labels } from "./labels.ts";
import { containerOptions } from "./options.ts";
import { proxy } from "./proxy.ts";
import { registry } from "./registry.ts";
import { choice, hash, isHash, key, list, requiredKey, section, text } from "./types.ts";

export const PLACEMENTS = ["host", "hosts", "role", "roles", "tag", "tags"] as const;

const hostText = (names: string) => host(names);
const path = (value: string) => argument(value);

const mountText = text((mount) => {
  const wrong = argument(mount);
  if (wrong !== undefined) return wrong;
  const [local = "", remote = "", options, ...rest] = mount.split(":");
  return local !== "" && remote !== "" && rest.length === 0 && options !== ""
    ? undefined
    : "should be LOCAL:REMOTE or LOCAL:REMOTE:OPTIONS";
});

const mountHash = section({
  local: requiredKey(
    text(path),
    "Path on this machine; a directory that is not absolute is made below the accessory's own.",
    "config/my.cnf",
  ),
  remote: requiredKey(text(path), "Path in the container.", "/etc/mysql/my.cnf"),
  mode: key(
    text((mode) =>
      /^(?:[0-7]{3,4}|[ugoa]*[-+=][rwxXst]*)$/.test(mode) ? undefined : `is not a file mode: ${JSON.stringify(mode)}`,
    ),
    "Its mode.",
    "0644",
  ),
  owner: key(
    text((owner) =>
      /^[\w.-]+(?::[\w.-]+)?$/.test(owner) && !owner.startsWith("-")
        ? undefined
        : `is not an owner: ${JSON.stringify(owner)}`,
    ),
    "Its owner, user or user:group.",
    "mysql:mysql",
  ),
  options: key(text(word), "Options of the mount, such as ro.", "ro"),
});

const mount = choice([mountText, mountHash], "should be a string or a hash", (input) =>
  isHash(input) ? 1 : typeof input === "object" ? undefined : 0,
);

export type MountInput = z.output<typeof mount>;

const publish = text((value) =>
  /^[\w.:[\]/-]+$/.test(value) && !value.startsWith("-") ? undefined : `is not a port: ${JSON.stringify(value)}`,
);

/** null and false mean none, as in the original. */
const accessoryProxy = choice([proxy, z.literal(false), z.null()], "should be a hash", (input) =>
  isHash(input) ? 0 : undefined,
);

export const accessory = section({
  image: requiredKey(text(image), "The image; the accessory's own registry server is put before it.", "postgres:17"),
  registry: key(registry, "Registry of the image, if not the app's."),
  host: key(text(hostText), "Where it runs: exactly one of host, hosts, role, roles, tag and tags.", "192.0.2.10"),
  hosts: key(list(text(hostText)), "On several hosts."),
  role: key(text(word), "On all hosts of a role."),
  roles: key(list(text(word)), "On all hosts of several roles."),
  tag: key(text(word), "On all hosts with a tag."),
  tags: key(list(text(word)), "On all hosts with one of several tags."),
  service: key(
    text(containerName),
    "Name of container and directory on the server; <service>-<name> unless given.",
    "shop-db",
  ),
  cmd: key(text(), "Command instead of the image's own.", "postgres -c shared_buffers=1GB"),
  port: key(
    publish,
    "Port to publish: PORT for the host itself only, ADDRESS:HOST_PORT:PORT for others, or HOST_PORT:PORT, which anybody can reach, past the firewall too.",
    "127.0.0.1:5432:5432",
  ),
  labels: key(labels(), "Labels of the container.", { "com.example.team": "shop" }),
  options: key(containerOptions(), "Flags for docker run; restart is unless-stopped unless given.", {
    restart: "always",
    cpus: 2,
  }),
  env: key(roleEnv, "Variables.", { clear: { POSTGRES_USER: "shop" }, secret: ["POSTGRES_PASSWORD"] }),
  files: key(
    list(mount),
    "Files and directories to upload and mount. A local name that ends in erb is rendered first, with the variables of env. Files get mode 755, those of directories keep theirs, unless mode says otherwise.",
    [
      "config/postgres.conf:/etc/postgresql/postgresql.conf",
      {
        local: "config/init.sql",
        remote: "/docker-entrypoint-initdb.d/init.sql",
        mode: "0644",
        owner: "root",
        options: "ro",
      },
    ],
  ),
  directories: key(list(mount), "Directories of the server to create and mount.", ["data:/var/lib/postgresql/data"]),
  volumes: key(list(text(line)), "Volumes, as docker run takes them.", ["shop-db:/var/lib/postgresql/data"]),
  network: key(text(word), "Docker network; kamal unless given.", "kamal"),
  proxy: key(accessoryProxy, "Let the proxy send requests to it. Nothing is inherited from the root's proxy."),
}).superRefine((value, context) => {
  const given = PLACEMENTS.filter((name) => value[name] !== undefined);
  if (given.length === 1) return;
  const message = `specify one of ${PLACEMENTS.slice(0, -1)
    .map((name) => `\`${name}\``)
    .join(", ")} or \`tags\``;
  context.addIssue({ code: "custom", message, path: given.slice(1, 2), input: value });
});

export type AccessoryInput = z.output<typeof accessory>;

export const accessories = hash(accessory, containerName);
