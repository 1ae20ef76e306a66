import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { roleEnvFile } from "../../../cli/config/names.ts";
import * as accessory from "../../../cli/remote/accessory.ts";
import * as accessoryReplace from "../../../cli/remote/accessory-replace.ts";
import * as app from "../../../cli/remote/app.ts";
import * as assets from "../../../cli/remote/app-assets.ts";
import * as exec from "../../../cli/remote/app-exec.ts";
import { recordHosts } from "../../../cli/remote/app-hosts.ts";
import { logs } from "../../../cli/remote/app-logs.ts";
import { record } from "../../../cli/remote/audit.ts";
import { build, plainBuild } from "../../../cli/remote/build.ts";
import { listContext } from "../../../cli/remote/build-check.ts";
import { builderKind } from "../../../cli/remote/builder.ts";
import { inspect } from "../../../cli/remote/container-state.ts";
import { envFile, keep } from "../../../cli/remote/env-file.ts";
import { cloneOf, makeDirectory } from "../../../cli/remote/git-clone.ts";
import * as image from "../../../cli/remote/image.ts";
import { inspectProxy } from "../../../cli/remote/proxy-drift.ts";
import { inHome } from "../../../cli/remote/proxy-mount.ts";
import * as proxyRun from "../../../cli/remote/proxy-run.ts";
import { listContainers } from "../../../cli/remote/prune.ts";
import { inspectImage } from "../../../cli/remote/pushed-image.ts";
import * as registry from "../../../cli/remote/registry.ts";
import { install, tlsPathsInProxy } from "../../../cli/remote/tls-files.ts";
import { Secret } from "../../../cli/secret/secret.ts";
import { accessoryOf, deployOf, example, hostOf, roleOf } from "./example.ts";

const config = example();
const web = roleOf(config);

function runOf(more: string, exported = false): string {
  const written = example(more);
  return app.run(written, roleOf(written), { version: "123", host: hostOf(roleOf(written)), exported });
}

function fileOf(value: string): string {
  return envFile(new Map([["KEY", new Secret(value)]]), {}).content.reveal();
}

const withSecret = example("env: { secret: [S] }");
const buildSecret = example("builder: { arch: amd64, args: { A: '' }, secrets: [TOKEN] }");
const built = build(buildSecret, builderKind(buildSecret, "amd64"), {
  version: "1",
  context: ".",
  secrets: new Map([["TOKEN", new Secret("t")]]),
}).command;
const similar = example("asset_path: /p\nservers: { web: [1.1.1.1], web-admin: [1.1.1.1] }");
const withPort = example("accessories: { db: { image: 'db:1', host: 1.1.1.1, port: 3306 } }");
const withAccessory = example("accessories: { db: { image: 'db:1', host: 1.1.1.1 } }");

/** What it is about, a part of the original's line, the part of ours that stands for it, the whole of ours, and why. */
const DIFFERENCES: readonly (readonly [string, string, string, string, string])[] = [
  [
    "Registry password",
    'docker login ghcr.io -u "u" -p "secret"',
    'docker login ghcr.io -u "u" --password-stdin',
    registry.login({ server: "ghcr.io" }, new Secret("u"), new Secret("secret")).command,
    "Every user of a host can read its command lines. The password goes through stdin.",
  ],
  [
    "TLS key of one's own",
    "upload of key.pem, mode 0644",
    "docker cp - kamal-proxy:/home/kamal-proxy/.apps-config/app/tls/web",
    install(config, { role: "web" }, new Secret("c"), new Secret("k")).command,
    "The key has mode 0600 and belongs to the proxy's user, which an upload by another user could not do.",
  ],
  [
    "Replacing the proxy of another user",
    "apps-config of this user's home",
    "PWD=/home/ann; docker run",
    inHome("/home/ann", "docker run"),
    "Files of apps stay where the proxy saw them, in the home of whoever started it first.",
  ],
  [
    "Certificates of accessories",
    "/home/kamal-proxy/.apps-config/app/tls/cert.pem",
    "/home/kamal-proxy/.apps-config/app/tls/accessories/db/cert.pem",
    tlsPathsInProxy(config, { accessory: "db" }).certificate,
    "The original names one path for all of them and puts nothing there.",
  ],
  [
    "Secrets with backslashes or tabs",
    "KEY=C:\\\\dir",
    "KEY=C:\\dir",
    fileOf("C:\\dir"),
    "Docker takes the rest of a line as it stands, so it is written as it stands.",
  ],
  [
    "Secrets with newlines, or of 60 kB and more",
    "KEY=a\\nb",
    "#export KEY='a",
    fileOf("a\nb"),
    "Docker's env files cannot hold them. They stand in the same file as comments of Docker's, which the shell reads.",
  ],
  [
    "A container with such secrets",
    "--env-file .kamal/apps/app/env/roles/web.env --log-opt",
    "eval \"$(sed -n 's/^#//p' .kamal/apps/app/env/roles/web.env)\" && docker run --detach",
    runOf("", true),
    'The shell exports them, and `"$@"` is `--env NAME` for each: no value is ever an argument.',
  ],
  [
    "`exec` in a new container of a role with secrets",
    "--env-file .kamal/apps/app/env/roles/web.env --log-opt",
    "eval \"$(sed -n 's/^#//p' .kamal/apps/app/env/roles/web.env)\" && docker run --rm",
    exec.execInNew(withSecret, roleOf(withSecret), {
      version: "1",
      command: "true",
      hex: "0",
      hostEnv: hostOf(roleOf(withSecret)).env,
    }),
    "The file on the host says whether there are such values; the secrets themselves are not asked for.",
  ],
  [
    "Empty plain variables",
    "--env A --env-file",
    "--env A= --env-file",
    runOf("env: { A: '' }"),
    "Without `=` Docker takes the variable of the ssh session.",
  ],
  [
    "Newlines in plain values",
    '--env A="a\\nb"',
    '--env A="a\nb"',
    runOf('env: { A: "a\\nb" }'),
    "They arrive as newlines.",
  ],
  [
    "`#{`, `#$` and `#@` in values",
    '--env A="\\#{x}"',
    '--env A="#{x}"',
    runOf("env: { A: '#{x}' }"),
    "They arrive without a backslash.",
  ],
  [
    "Characters beyond ASCII",
    '--env A="caf"é',
    '--env A="café"',
    runOf("env: { A: café }"),
    "The same word, with all of it in quotes.",
  ],
  [
    "`${` that is no variable",
    '--env A="${"',
    '--env A="\\${"',
    runOf("env: { A: '${' }"),
    "The shell would refuse the whole line.",
  ],
  [
    "Options that are false",
    '--init "false"',
    "--init=false",
    runOf("servers: { web: { hosts: [1.1.1.1], options: { init: false } } }"),
    "Docker would take `false` for the image.",
  ],
  [
    "Reserved labels in the root's `labels`",
    '--label service="other"',
    '--label service="app" --label role="web" --label destination ghcr.io',
    runOf("labels: { service: other }"),
    "A container that says otherwise is never found again.",
  ],
  [
    "Volumes with blanks or shell characters",
    "--volume $PWD/a b:/c",
    '--volume "${PWD}/a b:/c"',
    runOf("volumes: ['$PWD/a b:/c']"),
    "One volume is one argument. `$NAME` and `${NAME}` stay the server's.",
  ],
  [
    "Versions with dots",
    "'name=^app-web-1.2$'",
    "'name=^app-web-1\\.2$'",
    app.containerIdOfVersion(config, web, "1.2"),
    "Docker reads a regular expression, in which a dot is any character.",
  ],
  [
    "Pulling",
    "docker image rm --force ghcr.io/dhh/app:1",
    "docker pull ghcr.io/dhh/app:1",
    image.pull(config, "1"),
    "A pull that fails must not leave the host without the image.",
  ],
  [
    "Mirrors of the registry",
    "{{index .RegistryConfig.Mirrors 0}}",
    "docker info --format '{{json .RegistryConfig.Mirrors}}'",
    image.mirrors(),
    "The original's fails on every host without a mirror.",
  ],
  [
    "The registry on this machine, when images are pulled",
    "not started",
    "docker start kamal-docker-registry || docker run --detach",
    registry.startLocalRegistry(5555),
    "It may have been stopped since the last build.",
  ],
  [
    "Port of the registry on this machine",
    "not asked",
    "docker port kamal-docker-registry 5000",
    registry.localRegistryPort(),
    "All projects of a machine have one container for it, which may have been made for another port.",
  ],
  [
    "State of a container",
    "xargs docker inspect --format '{{if .State.Health}}",
    'docker inspect --type container --format \'{"name":',
    inspect("app-web-1"),
    "One question answers health, exit code, memory and restarts.",
  ],
  [
    "Version of the running proxy",
    "awk -F: '{print $NF}'",
    'docker inspect kamal-proxy --format \'{"image": {{json .Config.Image}},',
    inspectProxy(),
    "A registry's port is not a tag, and a tag that is no version (`latest`) is no error. The same question says whether the proxy is as `proxy.run` wants it.",
  ],
  [
    "The proxy's image",
    '2> /dev/null || echo "basecamp/kamal-proxy"):',
    '|| echo "kdeploy/kdeploy-proxy"):',
    proxyRun.start(undefined),
    "kdeploy's own, unless `proxy.run.repository` or the boot files of a server say otherwise.",
  ],
  [
    "Rebooting the proxy",
    "docker container prune --force --filter label=org.opencontainers.image.title=kamal-proxy",
    "docker rename kamal-proxy kamal-proxy_replaced_0",
    proxyRun.setAside("0"),
    "The old one is removed when the new one takes commands; until then it can come back.",
  ],
  [
    "Addresses of the proxy, IPv6",
    "--publish [::1]:80:80",
    "--publish '[::1]:80:80'",
    proxyRun.start(roleOf(example("proxy: { run: { bind_ips: ['::1'] } }")).proxy?.run),
    "Brackets mean something to a shell.",
  ],
  [
    "Automatic certificates on several hosts",
    "refused",
    '--acme-peer="1.1.1.2"',
    deployOf("proxy: { host: a.b, ssl: true }"),
    "The proxies are told of one another.",
  ],
  [
    "Following a log",
    "docker logs --timestamps --follow",
    "docker logs --timestamps --since 5m --follow",
    logs(config, web, { follow: true, since: "5m" }),
    "`--since` counts too.",
  ],
  [
    "Searching while following",
    'grep "a$b"',
    "grep --line-buffered 'a$b'",
    logs(config, web, { follow: true, grep: "a$b" }),
    "The pattern arrives as it was typed, one that begins with a dash after `-e`. Lines come as they are written, not many at a time.",
  ],
  [
    "Old assets of a role",
    "-name 'web-*' ! -name web-123 -exec",
    "-name 'web-*' ! -name web-123 ! -name 'web-admin-*' -exec",
    assets.clean(similar, roleOf(similar), "123"),
    "Those of a role whose name begins alike stay.",
  ],
  [
    "Retained containers",
    "tail -n +6 | while read container_id",
    "--filter label=role=web --format '{{.ID}} {{.State}} {{.Names}}'",
    listContainers(config, web),
    "Versions are counted for each role and destination; containers replaced by one of their own version do not count.",
  ],
  [
    "Audit entries with backslashes",
    'echo "[T] [ann] a\\\\nb"',
    "printf '%s\\n' \"[T] [ann] a\\\\nb\"",
    record(config, { time: "T", performer: "ann", message: "a\\nb" }),
    "Some shells' `echo` reads them. Newlines become blanks: an entry is one line.",
  ],
  [
    "Build secrets",
    'export TOKEN="t"',
    'eval "$(cat)" && docker buildx build',
    built,
    "Exported by the shell, from stdin: they are in no command line of this machine either.",
  ],
  [
    "Empty build arguments",
    "--build-arg A --secret",
    "--build-arg A= --secret",
    built,
    "Empty is empty; null passes on the variable of this machine.",
  ],
  [
    "Builds of a commit that is pushed already",
    "docker buildx build",
    "docker buildx imagetools inspect ghcr.io/dhh/app:123",
    inspectImage(config, "123"),
    "The registry is asked first, and what it has is not built again. With `--no-cache` it is; so it is with `builder.args`, `target`, `pack` or a `dockerfile` of another name, which make different images of one commit.",
  ],
  [
    "Builds without buildx",
    "docker buildx build",
    "docker build -t ghcr.io/dhh/app:123",
    plainBuild(config, { version: "123", context: ".", secrets: new Map() }).command,
    "The original refuses; plain Docker is enough for this machine's own architecture.",
  ],
  [
    "Clones of the sources",
    "a directory that everybody on this machine can read",
    "mkdir -p -m 700 /tmp/kamal-clones/app-",
    makeDirectory(cloneOf(config, { cwd: "/src", root: "/src", temporary: "/tmp" })),
    "The sources are nobody else's business.",
  ],
  [
    "What `build dev` finds in the context",
    "an image that is run to list its files",
    "docker buildx build --output=type=tar,dest=-",
    listContext(config, undefined, "/tmp/check"),
    "Needs no image from a registry, runs nothing, leaves nothing.",
  ],
  [
    "Env file of a new container",
    "stays, whatever becomes of the container",
    "mkdir -p .kamal/apps/app/env/roles && if test -f .kamal/apps/app/env/roles/web.env; then",
    keep(roleEnvFile(config, web)),
    "The one before is kept, and put back when the new container does not stay: the file on the host is always that of what runs.",
  ],
  [
    "Env files of accessories that are removed",
    "left where they are",
    "rm -f .kamal/apps/app/env/accessories/db.env",
    accessory.removeEnvFile(withAccessory, accessoryOf(withAccessory, "db")),
    "Secrets of what is gone do not stay.",
  ],
  [
    "Ports of accessories without an address",
    "--publish 3306:3306",
    "--publish 127.0.0.1:3306:3306",
    accessory.run(withPort, accessoryOf(withPort, "db"), "1.1.1.1", false),
    "A database is not for everybody: Docker's rules go past the firewall of the host.",
  ],
  [
    "Replacing an accessory",
    "docker container prune --force --filter label=service=app-db",
    "docker rename app-db app-db_replaced_0",
    accessoryReplace.keepContainer(accessoryOf(withAccessory, "db"), "0"),
    "The old one is removed when the new one is healthy; until then it can come back, with the files and variables it had.",
  ],
  [
    "Hosts that an app ever had",
    "not recorded",
    "cat .kamal/apps/app/hosts 2> /dev/null",
    recordHosts(config, [{ host: "1.1.1.1", roles: ["web"] }]),
    "A host that leaves the configuration is found by `kdeploy diff`. One command for each host, at the end of a deploy.",
  ],
];

describe("lines that differ from the original's on purpose", () => {
  test.each(DIFFERENCES)("%s", (_what, original, part, ours) => {
    expect(ours).toContain(part);
    expect(ours).not.toContain(original);
  });

  test("the README has all of them, and no other", () => {
    const readme = readFileSync(new URL("../../../cli/README.md", import.meta.url), "utf8");
    const section = /## Differences from Kamal\n([^]*?)(?=\n## |$)/.exec(readme)?.[1] ?? "";
    const rows = section.split("\n").filter((line) => line.startsWith("| ") && !/^\| (?:what|---)/.test(line));
    expect(rows).toEqual(DIFFERENCES.map(([what, original, part, , why]) => row(what, original, part, why)));
  });
});

function row(what: string, original: string, ours: string, why: string): string {
  const cell = (line: string) => `\`\` ${line.trim().replaceAll("\n", "⏎")} \`\``;
  return `| ${[what, cell(original), cell(ours), why].map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
}
