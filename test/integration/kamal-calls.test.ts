/** Kamal's calls, one after the other as it makes them in the life of a server, against our image on a real engine. */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEPLOY_FLAGS } from "../../proxy/options/deploy-flags.ts";
import { docker, type Finished, reasonToSkip, run } from "../support/docker/engine.ts";
import { buildAppImage, buildProxyImage, nodeImage } from "../support/docker/images.ts";
import { type KamalFlags, KamalServer, quoted } from "../support/docker/kamal-server.ts";

/** All that Kamal 2.12 can say to `deploy`. Source: proxy-behaviour §13, cli-docker-commands §4. */
const MAPPED_FLAGS = `target host tls tls-certificate-path tls-private-key-path deploy-timeout drain-timeout
  health-check-interval health-check-timeout health-check-path target-timeout buffer-requests buffer-responses
  buffer-memory max-request-body max-response-body path-prefix strip-path-prefix forward-headers tls-redirect
  log-request-header log-response-header error-pages`.split(/\s+/);

/** What every deploy carries, whatever the configuration says. */
const ALWAYS = {
  "deploy-timeout": "30s",
  "drain-timeout": "30s",
  "buffer-requests": true,
  "buffer-responses": true,
  "log-request-header": ["Cache-Control", "Last-Modified", "User-Agent"],
} as const;

const APPS_CONFIG = "/home/kamal-proxy/.apps-config";
const SILENCE: Finished = { code: 0, stdout: "", stderr: "" };
const skip = reasonToSkip();

let server: KamalServer;
let appImage = "";
const targets = { v1: "", v2: "" };

if (skip !== undefined) process.stderr.write(`Kamal's calls are not replayed: ${skip}.\n`);

describe.skipIf(skip !== undefined)("Kamal's calls", () => {
  beforeAll(async () => {
    const base = await nodeImage();
    appImage = await buildAppImage(base);
    server = await KamalServer.prepare(await buildProxyImage(base));
  });

  afterAll(async () => {
    await server?.clear();
  });

  test("the network and the folder for apps are made, again and again", async () => {
    const create = `docker network create ${server.network}`;
    expect((await server.sh(create)).code).toBe(0);
    expect(await server.sh(create)).toMatchObject({ code: 1, stderr: expect.stringContaining("already exists") });
    expect(await server.sh("mkdir -p .kamal/proxy/apps-config")).toEqual(SILENCE);
  });

  test("the proxy starts, with everything that the configuration can add, and takes calls", async () => {
    const options = `--expose=9090 --memory=${quoted("512m")} --label=${quoted("team=web shop")}`;
    const booted = await server.boot({ options, command: `--debug --metrics-port ${quoted("9090")}` });
    expect(booted).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/) });
    // Kamal's next call to it comes after an app's start. A call within the first quarter of a second finds no proxy yet.
    await expect.poll(() => server.command("remove", "app-web")).toEqual(refusal("service not found"));
    expect(await visit("/")).toMatchObject({ status: 404 });
  });

  test("starting it once more is no mistake", async () => {
    const id = await docker("inspect", "--format", "{{.Id}}", server.proxy);
    expect(await server.boot()).toEqual({ code: 0, stdout: `${server.proxy}\n`, stderr: "" });
    expect(await docker("inspect", "--format", "{{.Id}} {{.State.Running}}", server.proxy)).toBe(`${id} true`);
  });

  test("its version is read from the image's tag", async () => {
    const line = `docker inspect ${server.proxy} --format '{{.Config.Image}}' | awk -F: '{print $NF}'`;
    expect(await server.sh(line)).toEqual({ code: 0, stdout: "v0.9.2\n", stderr: "" });
  });

  test("details show the one container", async () => {
    const { code, stdout } = await server.sh(`docker ps --filter 'name=^${server.proxy}$'`);
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(2);
    expect(stdout).toMatch(/kamal-proxy:v0\.9\.2 +"kamal-proxy run --d…".* Up /);
  });

  test("the first deploy, with what Kamal always says", async () => {
    targets.v1 = await server.startApp(appImage, "v1");
    expect(targets.v1).toMatch(/^[0-9a-f]{12}:3000$/);
    expect(await server.deploy("app-web", { target: targets.v1, host: "example.com", ...ALWAYS })).toEqual(SILENCE);
    expect(await visit("/hello?x=1")).toMatchObject({ status: 200, app: { version: "v1", url: "/hello?x=1" } });
    expect(await visit("/hello", { host: "other.example" })).toMatchObject({ status: 404 });
    const before = await filesIn("/tmp");
    expect(await visit("/", { body: Buffer.alloc(3_000_000) })).toMatchObject({ app: { received: 3_000_000 } });
    const long = await visit("/bytes?count=3000000");
    expect(long.body).toHaveLength(3_000_000);
    expect(await filesIn("/tmp")).toBe(before);
  });

  test("another version takes over", async () => {
    targets.v2 = await server.startApp(appImage, "v2");
    const health = { "health-check-interval": "1s", "health-check-timeout": "5s", "health-check-path": "/up?full=1" };
    const flags = { target: targets.v2, host: "example.com", ...health, ...ALWAYS };
    expect(await server.deploy("app-web", flags)).toEqual(SILENCE);
    expect(await visit("/")).toMatchObject({ status: 200, app: { version: "v2" } });
    expect(await docker("stop", server.appName("v1"))).toBe(server.appName("v1"));
    expect(await visit("/")).toMatchObject({ status: 200, app: { version: "v2" } });
    await docker("start", server.appName("v1"));
  });

  test("a version that is not healthy fails the deploy with the reason, and changes nothing", async () => {
    const flags = { target: targets.v1, host: "example.com", ...ALWAYS, "deploy-timeout": "1.5s" };
    const { code, stdout, stderr } = await server.deploy("app-web", { ...flags, "health-check-path": "/broken" });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^Error: target failed to become healthy within configured timeout \(1\.5s\)\n/);
    expect(stderr).toContain("500");
    expect(await visit("/")).toMatchObject({ status: 200, app: { version: "v2" } });
  });

  test("every flag at once: hosts, paths, limits, timeouts, forwarded headers, logged headers, error pages", async () => {
    await uploadErrorPages("v2");
    expect(await server.deploy("app-web", everything({ target: targets.v2 }))).toEqual(SILENCE);
    const host = "www.example.com";
    expect(await visit("/", { host })).toMatchObject({ status: 404 });
    expect(await visit("/v2/x", { host })).toMatchObject({ status: 200, app: { url: "/v2/x" } });
    const forwarded = { "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https" };
    const { app } = await visit("/api/x", { headers: forwarded });
    expect(app).toMatchObject({ url: "/api/x" });
    expect(app?.headers["x-forwarded-for"]).toMatch(/^192\.0\.2\.7, /);
    expect(app?.headers["x-forwarded-proto"]).toBe("https");
    expect(await visit("/api", { body: Buffer.alloc(100_000) })).toMatchObject({ status: 200 });
    expect(await visit("/api", { body: Buffer.alloc(100_001) })).toMatchObject({ status: 413 });
    expect(await visit("/api/bytes?count=200000")).toMatchObject({ status: 200 });
    const tooLong = { status: 502, body: "<p>Our own 502.</p><p>the end</p>\n" };
    expect(await visit("/api/bytes?count=200001")).toMatchObject(tooLong);
    const tooLate = { status: 504, body: "<p>Our own 504.</p><p>the end</p>\n" };
    expect(await visit("/api/slow?ms=4000")).toMatchObject(tooLate);
  });

  test("the yes-or-no flags the other way round", async () => {
    const flags = everything({
      target: targets.v2,
      "buffer-requests": false,
      "buffer-responses": false,
      "strip-path-prefix": true,
      "forward-headers": false,
    });
    expect(await server.deploy("app-web", flags)).toEqual(SILENCE);
    const { app } = await visit("/api/x", { headers: { "X-Forwarded-For": "192.0.2.7" } });
    expect(app).toMatchObject({ url: "/x" });
    expect(app?.headers["x-forwarded-for"]).not.toContain("192.0.2.7");
    expect(await visit("/api/bytes?count=200001")).toMatchObject({ status: 200 });
  });

  test("error pages of older versions are cleared away after the deploy, and the new ones go on", async () => {
    await uploadErrorPages("v3");
    expect(await server.deploy("app-web", everything({ target: targets.v2 }, "v3"))).toEqual(SILENCE);
    const folder = ".kamal/proxy/apps-config/app/error_pages";
    const clear = `find ${folder} -mindepth 1 -maxdepth 1 ! -name v3 -exec rm -rf {} +`;
    expect(await server.sh(clear)).toEqual(SILENCE);
    expect(await readdir(join(server.home, folder))).toEqual(["v3"]);
    expect(await visit("/api/bytes?count=200001")).toMatchObject({ status: 502, body: expect.stringContaining("own") });
  });

  test("error pages that are not there fail the deploy, and change nothing", async () => {
    const { code, stderr } = await server.deploy("app-web", everything({ target: targets.v2 }, "nowhere"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: unable to load error pages\n.*nowhere/);
    expect(await visit("/api")).toMatchObject({ status: 200 });
  });

  test("a certificate whose files are not there is refused, and nothing changes [A30]", async () => {
    const files = `${APPS_CONFIG}/app/tls/web`;
    const certificate = { "tls-certificate-path": `${files}/cert.pem`, "tls-private-key-path": `${files}/key.pem` };
    expect(await server.sh("mkdir -p .kamal/proxy/apps-config/app/tls/web")).toEqual(SILENCE);
    const flags = { target: targets.v2, host: "example.com", tls: true, ...certificate, ...ALWAYS };
    const { code, stdout, stderr } = await server.deploy("app-web", flags);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^Error: unable to load certificate\n.*cert\.pem/);
    expect(await visit("/api")).toMatchObject({ status: 200 });
  });

  test("logs are lines with a time, with the headers that were asked for, and can be searched", async () => {
    await visit("/api/searched-for", { headers: { "User-Agent": "Kamal's visitor", "Cache-Control": "no-cache" } });
    const line = `docker logs ${server.proxy} --since 10m --tail 100 --timestamps 2>&1 | grep 'searched-for'`;
    await expect.poll(async () => (await server.sh(line)).code, { timeout: 5_000 }).toBe(0);
    const [time = "", ...rest] = (await server.sh(line)).stdout.trim().split(" ");
    expect(Date.parse(time)).not.toBeNaN();
    expect(JSON.parse(rest.join(" "))).toMatchObject({
      msg: "Request",
      service: "app-web",
      target: targets.v2,
      path: "/api/searched-for",
      req_user_agent: "Kamal's visitor",
      req_cache_control: "no-cache",
      req_last_modified: "",
      resp_x_plan: "basic",
    });
  });

  test("maintenance: running requests finish, the others are told why, in any words; live ends it", async () => {
    const message = 'Back at "noon" – für $5, `now` or #{later}\\ <soon>';
    const running = visit("/api/slow?ms=1500");
    await expect.poll(() => inFlight(), { timeout: 5_000 }).toBe(1);
    expect(await server.command("stop", "app-web", { "drain-timeout": "30s", message })).toEqual(SILENCE);
    expect(await running).toMatchObject({ status: 200 });
    const { status, body } = await visit("/api");
    expect(status).toBe(503);
    // Kamal's quoting leaves the backslash that Ruby puts before "#{".
    expect(unescapeHtml(body)).toContain(message.replace("#{", "\\#{"));
    expect(await server.command("resume", "app-web")).toEqual(SILENCE);
    expect(await visit("/api")).toMatchObject({ status: 200 });
  });

  test("maintenance without a word, and of a service that is not there", async () => {
    expect(await server.command("stop", "app-web")).toEqual(SILENCE);
    expect(await visit("/api")).toMatchObject({ status: 503, body: "<p>Our own 503.</p><p>the end</p>\n" });
    expect(await server.command("resume", "app-web")).toEqual(SILENCE);
    expect(await server.command("stop", "nobody-web", { message: "x" })).toEqual(refusal("service not found"));
    expect(await server.command("resume", "nobody-web")).toEqual(refusal("service not found"));
  });

  test("an accessory is a service by its container's name, on a host of its own", async () => {
    const flags = { target: targets.v1, host: "db.example.com", ...ALWAYS };
    expect(await server.deploy("app-db", flags)).toEqual(SILENCE);
    expect(await visit("/", { host: "db.example.com" })).toMatchObject({ status: 200, app: { version: "v1" } });
    const taken = await server.deploy("other-web", flags);
    expect(taken).toMatchObject({ code: 1, stdout: "" });
    expect(taken.stderr).toMatch(/^Error: host settings conflict with another service\n/);
    expect(await server.command("remove", "app-db")).toEqual(SILENCE);
    expect(await visit("/", { host: "db.example.com" })).toMatchObject({ status: 404 });
  });

  test("metrics are where the boot configuration put them", async () => {
    const script = `fetch("http://${server.proxy}:9090/metrics").then((r) => r.text()).then(console.log)`;
    const page = await docker("exec", server.appName("v1"), "node", "--eval", script);
    expect(page).toMatch(/^kamal_proxy_http_requests_total\{.*service="app-web".*\} \d+$/m);
    const ports = await docker("inspect", "--format", "{{json .Config.ExposedPorts}}", server.proxy);
    expect(JSON.parse(ports)).toHaveProperty("9090/tcp");
  });

  test("a reboot: stopped, pruned by its label, started by the older Kamals' way, with its services", async () => {
    await docker("container", "stop", server.proxy);
    expect(await docker("inspect", "--format", "{{.State.ExitCode}}", server.proxy)).toBe("0");
    const id = await docker("inspect", "--format", "{{.Id}}", server.proxy);
    expect(await server.prune("container")).toMatchObject({ code: 0, stdout: expect.stringContaining(id) });
    expect(await server.bootFromFiles()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/) });
    await expect.poll(() => statusOf("/api"), { timeout: 10_000 }).toBe(200);
    expect(await visit("/api/bytes?count=200001")).toMatchObject({ status: 502, body: expect.stringContaining("own") });
    const command = await docker("inspect", "--format", "{{json .Config.Cmd}}", server.proxy);
    expect(JSON.parse(command)).toEqual(["kamal-proxy", "run"]);
  });

  test("an app is removed, once", async () => {
    expect(await server.command("remove", "app-web")).toEqual(SILENCE);
    expect(await visit("/api")).toMatchObject({ status: 404 });
    expect(await server.command("remove", "app-web")).toEqual(refusal("service not found"));
  });

  test("the proxy is removed: container, image and folder", async () => {
    expect(await server.sh("ls .kamal/apps | wc -l")).toMatchObject({ code: 0, stdout: "0\n" });
    expect((await server.sh(`docker container stop ${server.proxy}`)).code).toBe(0);
    expect((await server.prune("container")).code).toBe(0);
    const pruned = await server.prune("image");
    expect(pruned).toMatchObject({ code: 0, stdout: expect.stringContaining(`${server.repository}:v0.9.2`) });
    expect((await run("docker", ["inspect", server.proxy])).code).not.toBe(0);
    expect(await server.sh("rm -r .kamal/proxy")).toEqual(SILENCE);
  });

  test("all that Kamal can say to deploy has been said, and has an option", () => {
    expect([...server.flagsSent].toSorted()).toEqual(MAPPED_FLAGS.toSorted());
    expect(MAPPED_FLAGS.filter((flag) => !(flag in DEPLOY_FLAGS))).toEqual([]);
  });
});

/** Every flag but those of TLS, in Kamal's order. */
function everything(changes: KamalFlags, pages = "v2"): KamalFlags {
  return {
    target: "",
    host: ["example.com", "www.example.com"],
    "deploy-timeout": "30s",
    "drain-timeout": "30s",
    "health-check-interval": "0.5s",
    "health-check-timeout": "5s",
    "health-check-path": "/up",
    "target-timeout": "2s",
    "buffer-requests": true,
    "buffer-responses": true,
    "buffer-memory": "65536",
    "max-request-body": "100000",
    "max-response-body": "200000",
    "path-prefix": ["/api", "/v2"],
    "strip-path-prefix": false,
    "forward-headers": true,
    "tls-redirect": false,
    "log-request-header": ["Cache-Control", "Last-Modified", "User-Agent"],
    "log-response-header": ["X-Plan"],
    "error-pages": `${APPS_CONFIG}/app/error_pages/${pages}`,
    ...changes,
  };
}

/** As Kamal uploads them: a folder for each version, in the folder that the proxy sees. */
async function uploadErrorPages(version: string): Promise<void> {
  expect(await server.sh("mkdir -p .kamal/proxy/apps-config/app/error_pages")).toEqual(SILENCE);
  const folder = join(server.home, ".kamal/proxy/apps-config/app/error_pages", version);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  for (const status of [502, 504]) await writeFile(join(folder, `${status}.html`), page(status));
  const told = "{{ if .Message }}<p>{{ .Message }}</p>{{ else }}<p>Our own 503.</p>{{ end }}";
  await writeFile(join(folder, "503.html"), page(503).replace("<p>Our own 503.</p>", told));
  await writeFile(join(folder, "418.html"), "<p>the end</p>");
}

/** Kamal uploads pages of statuses only, so what pages share is in one of them. */
function page(status: number): string {
  return `<p>Our own ${status}.</p>{{ template "418.html" . }}\n`;
}

type Visit = { readonly host?: string; readonly headers?: Record<string, string>; readonly body?: Buffer };
type Seen = { version: string; url: string; received: number; headers: Record<string, string> };
type Answer = { readonly status: number; readonly body: string; readonly app: Seen | undefined };

function visit(path: string, { host = "example.com", headers = {}, body }: Visit = {}): Promise<Answer> {
  const target = { port: server.port, host: "127.0.0.1", path, method: body ? "POST" : "GET", agent: false } as const;
  return new Promise((resolve, reject) => {
    const asking = request({ ...target, headers: { Host: host, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const app = text.startsWith("{") ? (JSON.parse(text) as Seen) : undefined;
        resolve({ status: response.statusCode ?? 0, body: text, app });
      });
    });
    asking.on("error", reject);
    asking.end(body);
  });
}

async function statusOf(path: string): Promise<number> {
  return (await visit(path).catch(() => ({ status: 0 }))).status;
}

function refusal(message: string): Finished {
  return { code: 1, stdout: "", stderr: `Error: ${message}\n` };
}

async function inFlight(): Promise<unknown> {
  const { stdout } = await run("docker", ["exec", server.proxy, "kamal-proxy", "list", "--json"]);
  return Number(/"inFlight": *(\d+)/.exec(stdout)?.[1]);
}

async function filesIn(directory: string): Promise<string> {
  return docker("exec", server.proxy, "ls", "-a", directory);
}

function unescapeHtml(text: string): string {
  const characters: Readonly<Record<string, string>> = {
    "#34": '"',
    "#39": "'",
    "#96": "`",
    lt: "<",
    gt: ">",
    amp: "&",
  };
  return text.replace(/&(#34|#39|#96|lt|gt|amp);/g, (_, name: string) => characters[name] as string);
}
