/** Secrets of every kind on their way through setup, deploys, failures and everyday commands: they arrive where they belong, and are seen nowhere else. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REGISTRY } from "../bed/layout.ts";
import { AppProject } from "../support/bed/app-project.ts";
import type { KdeployResult } from "../support/bed/kdeploy.ts";
import type { Server } from "../support/bed/server.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { reasonToSkip } from "../support/docker/engine.ts";
import { type SecretManagers, secretManagers } from "../support/secret-managers.ts";
import { CommandLineWatch, leaks, sentinel } from "../support/sentinels.ts";
import { certificateFor } from "../support/test-certificates.ts";

const skip = reasonToSkip();

const app = sentinel("app");
const lines = sentinel("lines");
/** What is searched for, by what it is. */
const secrets: Record<string, string> = {
  "the registry's password": REGISTRY.password,
  "a variable": app,
  "a variable of several lines": lines,
  "a variable fetched by a program": sentinel("exec"),
  "a variable of an accessory": sentinel("accessory"),
  "a build secret": sentinel("build"),
  "a secret that is fetched and not used": sentinel("unused"),
  "a password manager's session": sentinel("session"),
  "a password manager's password": sentinel("master"),
};
/** What shells and env files are known to spoil. */
const ODD = `${app} it's "odd" \\ \\n $HOME \${x} \`id\` $(id) #x !&;|<>*?[]{}~%é🦊 end`;
const SEVERAL = `-----BEGIN KEY-----\n${lines}\\def\n\n\tindented\n-----END KEY-----\n`;

let bed: Bed;
let server: Server;
let project: AppProject;
let tools: string;
let managers: SecretManagers;
/** What the password manager holds. */
let manager: { readonly session: string | undefined } & Readonly<Record<string, unknown>>;
let watch: CommandLineWatch;
/** All that kdeploy printed, by command. */
const printed: Record<string, string> = {};

if (skip !== undefined) process.stderr.write(`Secrets are not looked for on servers: ${skip}.\n`);

describe.skipIf(skip !== undefined)("secrets on their way", () => {
  beforeAll(async () => {
    bed = await startBed();
    server = bed.servers[0];
    await bed.reset();
    const { chain, privateKey } = await certificateFor(["app.example"]);
    secrets["a certificate's key"] = privateKey.split("\n")[1] ?? "";
    tools = await mkdtemp(join(tmpdir(), "kdeploy-sentinels-"));
    await makeTools(chain, privateKey);
    project = await AppProject.create();
    await makeProject();
    // The bed's own password is known to its scripts, and whoever works with another bed at the same time names it.
    watch = new CommandLineWatch(Object.values(secrets).filter((secret) => secret !== REGISTRY.password));
  });

  afterAll(async () => {
    await project?.remove();
    if (tools !== undefined) await rm(tools, { recursive: true, force: true });
    await bed?.reset();
    await bed?.end();
  });

  test("setup, deploys and everyday commands are run", async () => {
    await project.commit("first");
    await kdeploy(["setup", "--verbose"]);
    await project.commit("second");
    await kdeploy(["deploy", "--json"]);
    await kdeploy(["app", "exec", "--verbose", "hostname"]);
    await kdeploy(["app", "exec", "--json", "--reuse", "hostname"]);
    await kdeploy(["app", "logs", "--verbose"]);
    await kdeploy(["config", "--json"]);
    await kdeploy(["details", "--verbose"]);
    const { stdout } = await kdeploy(["audit", "--json"]);
    expect(stdout).toContain("Booted app");
  });

  test("deploys fail while everything around repeats the secrets", async () => {
    const hook = await kdeploy(["redeploy", "--skip-push", "--verbose"], 1, { HOOK_FAILS: "1" });
    expect(hook.output).toContain("(hook-failed)");
    expect(hook.output).toContain("the hook has [REDACTED]");
    await project.change("server.mjs", (text) =>
      text.replace("await (role", "console.log(process.env);\nthrow new Error(process.env.APP_SECRET);\nawait (role"),
    );
    await project.commit("broken");
    const broken = await kdeploy(["deploy", "--json"], 1);
    expect(broken.output).toContain("Error: [REDACTED]");
    const trouble = { call: "item get", kind: "error", message: `no item for ${manager.session}` };
    await writeFile(join(tools, "op.json"), JSON.stringify({ ...manager, trouble }));
    const refused = await kdeploy(["redeploy", "--verbose"], 4);
    expect(refused.output).toContain("no item for [REDACTED]");
  });

  test("they are where they belong: in containers, in files for them, in the proxy, in the environment of builds and hooks", async () => {
    const environments = await server.engine(
      "inspect",
      "--format",
      "{{json .Config.Env}}",
      ...(await containers("node-app")),
    );
    const exec = secrets["a variable fetched by a program"] ?? "";
    for (const value of [ODD, SEVERAL, exec]) expect(environments).toContain(JSON.stringify(value).slice(1, -1));
    expect(environments).toContain(secrets["a variable of an accessory"]);
    const file = ".kamal/apps/node-app/env/roles/web.env";
    expect(await server.inside(`cat /root/${file}`)).toContain(app);
    expect(await server.inside(`stat --format %a /root/${file}`)).toBe("600");
    const key = await server.engine("cp", "kamal-proxy:/home/kamal-proxy/.apps-config/node-app/tls/web", "-");
    expect(key).toContain(secrets["a certificate's key"]);
    expect(await server.inside("find /root/.kamal -name key.pem -exec stat --format %a {} +")).toBe("600");
    expect(await server.inside("cat /root/.docker/config.json")).toContain(
      Buffer.from(`${REGISTRY.username}:${REGISTRY.password}`).toString("base64"),
    );
    expect(await readFile(join(tools, "build-saw"), "utf8")).toContain(digest(secrets["a build secret"] ?? ""));
    expect(await readFile(join(project.folder, "hook-saw"), "utf8")).toContain(digest(ODD));
    const sessions = (await managers.calls()).map(({ env }) => env["OP_SESSION"]);
    expect(sessions).toContain(secrets["a password manager's session"]);
  });

  test("a person who asks for them gets them", async () => {
    const words = ["--adapter", "exec", "--from", `cat ${join(tools, "values.json")}`];
    const { stdout, stderr } = await project.kdeploy(["secrets", "fetch", ...words]);
    expect(JSON.parse(stdout)).toMatchObject({ EXEC_SECRET: secrets["a variable fetched by a program"] });
    expect(stderr).toBe("");
  });

  test("nothing that kdeploy prints has them: lines, events, errors, answers", () => {
    expect(Object.keys(printed)).toHaveLength(11);
    expect(leaks(printed, secrets)).toEqual([]);
    expect(Object.values(printed).join("\n")).toContain("[REDACTED]");
  });

  test("log files have none", async () => {
    const folder = join(project.folder, "log");
    const logs: Record<string, string> = {};
    for (const name of await readdir(folder)) {
      logs[name] = await readFile(join(folder, name), "utf8");
      expect((await stat(join(folder, name))).mode & 0o077, name).toBe(0);
    }
    expect(Object.keys(logs).length).toBeGreaterThanOrEqual(4);
    expect(Object.values(logs).join("\n")).toContain("docker run");
    expect(leaks(logs, secrets)).toEqual([]);
  });

  test("no command line has one: over SSH, of Docker on this machine, of password managers, of any process", async () => {
    const sent = server.commands().map(({ text }) => text);
    expect(sent.length).toBeGreaterThan(40);
    const local = await readFile(join(tools, "docker-arguments"), "utf8");
    expect(local).toContain("--secret id=");
    const calls = await managers.calls();
    expect(calls.length).toBeGreaterThan(10);
    const { looks, seen } = await watch.stop();
    expect(looks).toBeGreaterThan(50);
    const places = {
      "over SSH": sent.join("\n"),
      "Docker on this machine": local,
      "the password manager": JSON.stringify(calls.map(({ args }) => args)),
      "any process": seen.join("\n"),
    };
    expect(leaks(places, secrets)).toEqual([]);
  });

  test("it would have been seen, on a command line and in base64", async () => {
    const header = Buffer.from(`user:${app}`).toString("base64");
    expect(leaks({ header, body: app.slice(0, -1) }, { app })).toEqual(["header: app"]);
    const watching = new CommandLineWatch([app]);
    execFileSync("sh", ["-c", "sleep 0.5", app]);
    expect((await watching.stop()).seen.join()).toContain(app);
  });

  test("servers keep none but in the files of containers and proxy: audit log, what inspect shows, images", async () => {
    const audit = await server.inside("cat /root/.kamal/*audit.log");
    expect(audit).toContain("Booted app");
    const all = await containers();
    const inspected = JSON.parse(await server.engine("inspect", ...all)) as { Config: { Env?: unknown } }[];
    // Variables of a container are there for whoever may ask Docker; labels, commands and mounts are not theirs.
    for (const { Config } of inspected) delete Config.Env;
    const images = (await server.engine("image", "ls", "--quiet")).split("\n");
    const histories = await Promise.all(images.map((id) => server.engine("history", "--no-trunc", id)));
    const places = {
      audit,
      ".kamal": await server.inside("find /root/.kamal -type f -not -path '*/env/*' -not -name key.pem -exec cat {} +"),
      inspect: JSON.stringify(inspected),
      "docker ps": await server.engine("ps", "--all", "--no-trunc"),
      images: await server.engine("image", "inspect", ...images),
      history: histories.join("\n"),
      "the proxy's log": await server.engine("logs", "kamal-proxy"),
    };
    expect(inspected.length).toBeGreaterThanOrEqual(3);
    expect(leaks(places, secrets)).toEqual([]);
  });
});

/** Runs it, with somebody who types the password manager's password; keeps what it printed. */
async function kdeploy(args: readonly string[], exitCode = 0, more: NodeJS.ProcessEnv = {}): Promise<KdeployResult> {
  const env = { ...managers.env, PATH: `${tools}:${process.env["PATH"]}`, SEVERAL, ...more };
  const input = `${secrets["a password manager's password"]}\n`;
  const result = await project.kdeploy(args, { env, input });
  printed[`${Object.keys(printed).length + 1} ${args.join(" ")}`] = result.output;
  expect(result.exitCode, result.output).toBe(exitCode);
  return result;
}

/** A password manager, a Docker that tells what it was asked, and files that programs print. */
async function makeTools(certificate: string, privateKey: string): Promise<void> {
  const fields = {
    APP_SECRET: ODD,
    UNUSED: secrets["a secret that is fetched and not used"],
    CERTIFICATE: certificate,
  };
  manager = {
    account: "acme",
    password: secrets["a password manager's password"],
    session: secrets["a password manager's session"],
    items: {
      "Vault/App": Object.entries({ ...fields, PRIVATE_KEY: privateKey }).map(([label, value]) => ({ label, value })),
    },
  };
  managers = await secretManagers({ op: manager }, tools);
  await writeFile(
    join(tools, "values.json"),
    JSON.stringify({
      EXEC_SECRET: secrets["a variable fetched by a program"],
      KV_SECRET: secrets["a variable of an accessory"],
      BUILD_TOKEN: secrets["a build secret"],
    }),
  );
  // Without BuildKit, docker build takes no secrets: what it was given is kept, and the rest is built.
  const docker = execFileSync("sh", ["-c", "command -v docker"]).toString().trim();
  await writeFile(
    join(tools, "docker"),
    `#!/bin/sh
printf '%s\\n' "$*" >> '${tools}/docker-arguments'
case " $* " in *" --secret "*) printf %s "$BUILD_TOKEN" | sha256sum > '${tools}/build-saw' ;; esac
left=$#
while [ $left -gt 0 ]; do
  word=$1; shift; left=$((left - 1))
  if [ "$word" = --secret ]; then shift; left=$((left - 1)); else set -- "$@" "$word"; fi
done
exec '${docker}' "$@"
`,
  );
  await chmod(join(tools, "docker"), 0o755);
}

async function makeProject(): Promise<void> {
  const [before = "", after = ""] = (await project.read("config/deploy.yml")).split(/^servers:[^]*?(?=^registry:)/m);
  const { address } = server;
  await project.change(
    "config/deploy.yml",
    () => `${before}
servers: { web: [${address}] }
proxy:
  app_port: 3000
  host: app.example
  ssl: { certificate_pem: CERTIFICATE, private_key_pem: PRIVATE_KEY }
  healthcheck: { interval: 1 }
env: { secret: [APP_SECRET, SEVERAL, EXEC_SECRET] }
accessories:
  kv: { image: busybox, host: ${address}, cmd: sleep 3600, env: { secret: [KV_SECRET] } }
output: { file: { path: log } }
${after.replace("driver: docker\n", "driver: docker\n  secrets: [BUILD_TOKEN]\n")}`,
  );
  await project.change(
    ".kamal/secrets",
    () => `KAMAL_REGISTRY_PASSWORD=$KAMAL_REGISTRY_PASSWORD
SEVERAL=$SEVERAL
OP=$(kamal secrets fetch --adapter 1password --account acme --from Vault/App)
APP_SECRET=$(kamal secrets extract APP_SECRET $OP)
CERTIFICATE=$(kamal secrets extract CERTIFICATE $OP)
PRIVATE_KEY=$(kamal secrets extract PRIVATE_KEY $OP)
REST=$(kdeploy secrets fetch --adapter exec --from "cat ${join(tools, "values.json")}")
EXEC_SECRET=$(kdeploy secrets extract EXEC_SECRET $REST)
KV_SECRET=$(kdeploy secrets extract KV_SECRET $REST)
BUILD_TOKEN=$(kdeploy secrets extract BUILD_TOKEN $REST)
`,
  );
  await mkdir(join(project.folder, ".kamal/hooks"));
  await writeFile(
    join(project.folder, ".kamal/hooks/pre-deploy"),
    `#!/bin/sh
printf %s "$APP_SECRET" | sha256sum > hook-saw
printf 'the hook has %s\\n' "$APP_SECRET"
[ -z "$HOOK_FAILS" ] || exit 3
`,
    { mode: 0o755 },
  );
  await writeFile(join(project.folder, ".gitignore"), "log\nhook-saw\n");
}

/** Ids, of all or of those whose name begins so. */
async function containers(name = ""): Promise<string[]> {
  const ids = await server.engine("ps", "--all", "--quiet", "--filter", `name=^${name}`);
  return ids.split("\n").filter(Boolean);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
