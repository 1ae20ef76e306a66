/** What the commands do to what visitors see, through a whole proxy: routing, moving, conflicts, pauses, rollouts, restarts. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type CommandRun, runCommandLine } from "../support/command-line.ts";
import { startHealthApp } from "../support/health-app.ts";
import { startProxyProcess } from "../support/proxy-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

type Bed = {
  readonly home: string;
  run(...args: string[]): Promise<CommandRun>;
  /** Must succeed. */
  deploy(service: string, target: string, ...flags: string[]): Promise<void>;
  /** Status and body of a GET. */
  ask(host: string, path?: string, headers?: Record<string, string>): Promise<{ status: number; text: string }>;
  restart(signal?: NodeJS.Signals): Promise<void>;
};

async function startBed(home?: string): Promise<Bed> {
  const directory = home ?? (await temporaryDirectory());
  let proxy = await startProxyProcess(directory);
  const run = (...args: string[]) => runCommandLine(args, { environment: { ...proxy.environment } });
  onTestFinished(async () => {
    await proxy.child.end("SIGKILL");
  });
  return {
    home: directory,
    run,
    async deploy(service, target, ...flags) {
      const quick = ["--health-check-interval", "50ms", "--deploy-timeout", "5s", "--drain-timeout", "1s"];
      expect(await run("deploy", service, "--target", target, ...quick, ...flags)).toMatchObject({
        code: 0,
        stderr: "",
      });
    },
    ask: (host, path = "/", headers = {}) => get(proxy.port, host, path, headers),
    async restart(signal = "SIGKILL") {
      await proxy.child.end(signal);
      proxy = await startProxyProcess(directory);
    },
  };
}

function get(port: number, host: string, path: string, headers: Record<string, string>) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const asking = request(
      { port, host: "127.0.0.1", path, headers: { ...headers, Host: host }, agent: false },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    asking.on("error", reject);
    asking.end();
  });
}

/** An app that answers with its name. */
async function app(name: string): Promise<string> {
  const app = await startHealthApp();
  app.respond(200, {}, name);
  onTestFinished(() => app.kill());
  return app.address;
}

test("the first deploy makes the state file; a service without host answers for any [A128] [A187]", async () => {
  const bed = await startBed();
  const file = join(bed.home, ".config", "kamal-proxy", "kdeploy-proxy.state.json");
  expect(existsSync(file)).toBe(false);
  expect(await bed.ask("any.example")).toMatchObject({ status: 404 });
  await bed.deploy("web", await app("v1"));
  expect(existsSync(file)).toBe(true);
  expect(await bed.ask("any.example")).toEqual({ status: 200, text: "v1" });
});

test("services on different hosts, a service that moves, and one that wants a taken host [A132 A133 A134 A135]", async () => {
  const bed = await startBed();
  const [one, two] = [await app("one"), await app("two")];
  await bed.deploy("one", one, "--host", "a.example");
  await bed.deploy("two", two, "--host", "b.example");
  expect(await bed.ask("a.example")).toMatchObject({ text: "one" });
  expect(await bed.ask("b.example")).toMatchObject({ text: "two" });
  expect(await bed.run("deploy", "two", "--target", two, "--host", "a.example")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^Error: host settings conflict with another service\n/),
  });
  expect(await bed.ask("a.example")).toMatchObject({ text: "one" });
  expect(await bed.ask("b.example")).toMatchObject({ text: "two" });
  await bed.deploy("one", one, "--host", "c.example");
  expect(await bed.ask("c.example")).toMatchObject({ text: "one" });
  expect(await bed.ask("a.example")).toMatchObject({ status: 404 });
  await bed.deploy("any", one);
  expect(await bed.run("deploy", "other", "--target", two)).toMatchObject({ code: 1 });
  expect(await bed.ask("x.example")).toMatchObject({ text: "one" });
});

test("a redeploy replaces the target and the hosts; a removal takes both away [A118 A120 A124]", async () => {
  const bed = await startBed();
  await bed.deploy("web", await app("v1"), "--host", "dropped.example", "--host", "kept.example");
  expect(await bed.ask("dropped.example")).toMatchObject({ text: "v1" });
  await bed.deploy("web", await app("v2"), "--host", "kept.example", "--host", "new.example");
  expect(await bed.ask("dropped.example")).toMatchObject({ status: 404 });
  expect(await bed.ask("kept.example")).toMatchObject({ text: "v2" });
  expect(await bed.ask("new.example")).toMatchObject({ text: "v2" });
  expect(await bed.run("remove", "web")).toMatchObject({ code: 0, stderr: "" });
  expect(await bed.ask("kept.example")).toMatchObject({ status: 404 });
});

test("a target that never gets healthy is not installed [A145]", async () => {
  const bed = await startBed();
  const failed = await bed.run("deploy", "web", "--target", "127.0.0.1:1", "--deploy-timeout", "300ms");
  expect(failed).toMatchObject({ code: 1, stdout: "" });
  expect(failed.stderr).toMatch(/^Error: target failed to become healthy within configured timeout \(300ms\)\n/);
  expect(await bed.ask("a.example")).toMatchObject({ status: 404 });
});

test("a pause survives a redeploy and a restart; resume ends it [A131]", async () => {
  const bed = await startBed();
  await bed.deploy("web", await app("v1"));
  await bed.run("pause", "web", "--max-pause", "50ms");
  expect(await bed.ask("a.example")).toMatchObject({ status: 504 });
  await bed.deploy("web", await app("v2"));
  expect(await bed.ask("a.example")).toMatchObject({ status: 504 });
  await bed.restart();
  expect(await bed.ask("a.example")).toMatchObject({ status: 504 });
  expect(await bed.run("resume", "web")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await bed.ask("a.example")).toEqual({ status: 200, text: "v2" });
});

test("a redeploy with pages that are not there changes nothing, not even after a restart [A130]", async () => {
  const bed = await startBed();
  await bed.deploy("web", await app("v1"));
  const failed = await bed.run("deploy", "web", "--target", await app("v2"), "--error-pages", "/nowhere");
  expect(failed).toMatchObject({ code: 1, stdout: "" });
  expect(failed.stderr).toMatch(/^Error: unable to load error pages\n--error-pages \/nowhere: ENOENT/);
  expect(await bed.ask("a.example")).toMatchObject({ text: "v1" });
  await bed.restart();
  expect(await bed.ask("a.example")).toMatchObject({ text: "v1" });
});

test("pages of its own are shown while it is stopped, message and all", async () => {
  const bed = await startBed();
  const pages = join(bed.home, "pages");
  await mkdir(pages);
  await writeFile(join(pages, "503.html"), "<h1>Closed: {{ .Message }}</h1>");
  await bed.deploy("web", await app("v1"), "--error-pages", pages);
  await bed.run("stop", "web", "--message", "<back> at noon");
  const page = { status: 503, text: "<h1>Closed: &lt;back&gt; at noon</h1>" };
  expect(await bed.ask("a.example")).toEqual(page);
  await bed.restart();
  expect(await bed.ask("a.example"), "after a restart").toEqual(page);
  const broken = join(bed.home, "broken");
  await mkdir(broken);
  await writeFile(join(broken, "503.html"), "<p>\n{{ if }}");
  expect((await bed.run("deploy", "web", "--target", "app", "--error-pages", broken)).stderr).toMatch(
    /^Error: unable to load error pages\n--error-pages .*: 503\.html:2: /,
  );
});

test("a rollout: its target alone changes nothing, the cookie of a listed visitor does, until it stops [A146]", async () => {
  const bed = await startBed();
  const visitor = (value: string) => bed.ask("a.example", "/", { Cookie: `kamal-rollout=${value}` });
  await bed.deploy("web", await app("v1"));
  expect(await bed.run("rollout", "deploy", "web", "--target", await app("v2"))).toMatchObject({ code: 0, stderr: "" });
  expect(await visitor("1")).toMatchObject({ text: "v1" });
  await bed.run("rollout", "set", "web", "--list", "2,3");
  expect(await visitor("1")).toMatchObject({ text: "v1" });
  await bed.run("rollout", "set", "web", "--list", "1");
  expect(await visitor("1")).toMatchObject({ text: "v2" });
  expect(await bed.ask("a.example")).toMatchObject({ text: "v1" });
  await bed.restart();
  expect(await visitor("1"), "after a restart").toMatchObject({ text: "v2" });
  await bed.deploy("web", await app("v3"));
  expect(await visitor("1"), "after a deploy").toMatchObject({ text: "v2" });
  expect(await visitor("2")).toMatchObject({ text: "v3" });
  await bed.run("rollout", "stop", "web");
  expect(await visitor("1")).toMatchObject({ text: "v3" });
});

test("what kamal-proxy left behind serves, reads, rollout and all, and one bad entry costs only itself [W3]", async () => {
  const home = await temporaryDirectory();
  const directory = join(home, ".config", "kamal-proxy");
  await mkdir(directory, { recursive: true });
  const entry = (name: string, host: string, options: object, rest: object) => ({
    name,
    options: { hosts: [host], path_prefixes: ["/"], strip_prefix: true, tls_redirect: true, ...options },
    target_options: { health_check_config: { path: "/up", interval: 1e9, timeout: 5e9 }, response_timeout: 3e10 },
    rollout_targets: null,
    pause_controller: { state: 0, stop_message: "", fail_after: 0 },
    rollout_controller: null,
    ...rest,
  });
  const state = [
    entry(
      "web",
      "web.example",
      { writer_affinity_timeout: 1e9 },
      {
        active_targets: [await app("writer")],
        active_readers: [await app("reader")],
        rollout_targets: [await app("canary")],
        rollout_controller: { percentage: 0, percentage_split_point: 0, allowlist: ["7"] },
      },
    ),
    // Nobody listens there: no order ever leaves this machine.
    entry(
      "tls",
      "tls.example",
      { tls_enabled: true, tls_redirect: true, acme_directory: "http://127.0.0.1:1/directory" },
      { active_targets: [await app("tls")] },
    ),
    entry("pages", "pages.example", { error_page_path: "/nowhere" }, { active_targets: [await app("pages")] }),
    { name: "old", hosts: ["old.example"], active_target: await app("old"), rollout_target: "" },
  ];
  await writeFile(join(directory, "kamal-proxy.state"), JSON.stringify(state));
  const bed = await startBed(home);
  expect(await bed.ask("web.example")).toMatchObject({ text: "reader" });
  expect(await bed.ask("web.example", "/", { Cookie: "kamal-rollout=7" })).toMatchObject({ text: "canary" });
  expect(await bed.ask("old.example")).toMatchObject({ text: "old" });
  expect(await bed.ask("tls.example"), "sent to HTTPS").toMatchObject({ status: 301 });
  expect(await bed.ask("pages.example")).toMatchObject({ status: 404 });
  const { stdout, stderr } = await bed.run("list");
  expect(stdout).toMatch(/^pages .* quarantined +no +$/m);
  expect(stdout).toMatch(/^Rollout of web: 127\.0\.0\.1:\d+, 0% and 7$/m);
  expect(stderr).toMatch(/^Warning: pages was not restored: unable to load error pages: .*nowhere/m);
  await bed.deploy("pages", await app("cured"), "--host", "pages.example");
  expect(await bed.ask("pages.example")).toMatchObject({ text: "cured" });
  expect((await bed.run("list")).stderr).toBe("");
  expect((await bed.run("certificates")).stdout).toMatch(/^tls\.example +tls +- +- +- +missing/m);
});
