import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { formatTable } from "../../../proxy/command/table.ts";
import { ControlSocket } from "../../../proxy/control/control-socket.ts";
import { VERSION } from "../../../proxy/version.ts";
import { runCommandLine } from "../../support/command-line.ts";
import { startControl } from "../../support/control-bench.ts";
import { startHealthApp } from "../../support/health-app.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

async function proxy() {
  const bench = await startControl();
  const path = join(bench.directory, "c.sock");
  const socket = await ControlSocket.listen(path, bench.plane, bench.log.log);
  const app = await startHealthApp();
  onTestFinished(async () => {
    await app.kill();
    await bench.plane.close();
    await socket.close();
  });
  const run = (args: readonly string[], isTTY = false, more: Record<string, string> = {}) =>
    runCommandLine(args, { environment: { KAMAL_PROXY_SOCKET: path, ...more }, isTTY });
  return { bench, app, run };
}

const QUICK = ["--health-check-interval", "20ms"];

test("bare, help and version [W27]", async () => {
  const bare = await runCommandLine([]);
  expect(bare).toMatchObject({ code: 0, stderr: "" });
  for (const name of [
    "certificates",
    "deploy",
    "list, ls",
    "pause",
    "remove, rm",
    "resume",
    "rollout",
    "run",
    "stop",
    "version",
    "help",
  ]) {
    expect(bare.stdout).toContain(`  ${name} `);
  }
  expect(await runCommandLine(["help"])).toEqual(bare);
  expect(await runCommandLine(["--help"])).toEqual(bare);
  expect(await runCommandLine(["help", "pause"])).toEqual(await runCommandLine(["pause", "-h"]));
  expect(await runCommandLine(["version"])).toMatchObject({ code: 0, stdout: `kdeploy-proxy ${VERSION}\n` });
  expect(VERSION).toBe((JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version);
});

test.each([
  [
    ["lst"],
    'Error: unknown command "lst" for "kamal-proxy"\n\nDid you mean this?\n\tlist\n\tls\n\nRun \'kamal-proxy --help\' for usage.\n',
  ],
  [["nonsense"], 'Error: unknown command "nonsense" for "kamal-proxy"\nRun \'kamal-proxy --help\' for usage.\n'],
  [["--nonsense"], "Error: unknown flag: --nonsense\n"],
  [["-x"], "Error: unknown shorthand flag: 'x' in -x\n"],
  [["list", "extra"], 'Error: unknown command "extra" for "kamal-proxy list"\n'],
  [["deploy"], "Error: accepts 1 arg(s), received 0\n"],
  [["pause", "a", "b"], "Error: accepts 1 arg(s), received 2\n"],
  [["deploy", "web"], 'Error: required flag(s) "target" not set\n'],
  [["deploy", "web", "--target", ""], 'Error: required flag(s) "target" not set\n'],
  [["deploy", "web", "extra", "--max-request-body", "1"], "Error: accepts 1 arg(s), received 2\n"],
  [
    ["deploy", "web", "--max-request-body", "1", "--max-response-body", "1", "--tls"],
    "Error: max-request-body can only be set when request buffering is enabled\n",
  ],
  [
    ["deploy", "web", "--max-request-body", "1", "--buffer-requests=false", "--max-response-body", "0"],
    "Error: max-response-body can only be set when response buffering is enabled\n",
  ],
  [["deploy", "web", "--tls"], "Error: service options invalid: host must be set when using TLS\n"],
  [
    ["deploy", "web", "--host", "a.example", "--canonical-host", "b.example", "--tls-private-key-path", "k"],
    "Error: service options invalid: canonical-host 'b.example' must be present in the hosts list: [a.example]\n",
  ],
  [["deploy", "web", "--tls-certificate-path", "c"], 'Error: required flag(s) "target" not set\n'],
  [
    ["deploy", "web", "--target", "a", "--tls-certificate-path", "c"],
    "Error: if any flags in the group [tls-certificate-path tls-private-key-path] are set they must all be set; missing [tls-private-key-path]\n",
  ],
  [
    ["deploy", "web", "--target", "a", "--tls-private-key-path", "k"],
    "Error: if any flags in the group [tls-certificate-path tls-private-key-path] are set they must all be set; missing [tls-certificate-path]\n",
  ],
  [
    ["deploy", "web", "--target", "a", "--buffer-memory", "-1"],
    "Error: target options invalid: buffer-memory must be between 0 and 9007199254740991, not -1\n",
  ],
  [
    ["deploy", "web", "--target", "a", "--health-check-port", "65536"],
    "Error: target options invalid: health-check-port must be between 0 and 65535, not 65536\n",
  ],
  [["rollout", "deploy", "web"], 'Error: required flag(s) "target" not set\n'],
  [["rollout", "deploy", "web", "--target", "a", "--force"], "Error: unknown flag: --force\n"],
  [["rollout", "deploy"], "Error: accepts 1 arg(s), received 0\n"],
  [["rollout", "set", "web"], "Error: at least one of the flags in the group [percent list] is required\n"],
  [
    ["rollout", "set", "web", "--percent", "150"],
    "Error: rollout options invalid: percent must be between 0 and 100, not 150\n",
  ],
  [
    ["rollout", "set", "web", "--percent=-1"],
    "Error: rollout options invalid: percent must be between 0 and 100, not -1\n",
  ],
  [
    ["rollout", "sett"],
    'Error: unknown command "sett" for "kamal-proxy rollout"\n\nDid you mean this?\n\tset\n\nRun \'kamal-proxy rollout --help\' for usage.\n',
  ],
  [["rollout", "--percent"], "Error: unknown flag: --percent\n"],
  [
    ["completion", "tcsh"],
    'Error: unknown command "tcsh" for "kamal-proxy completion"\nShells: bash, zsh, fish, powershell.\n',
  ],
  [["completion", "bash", "zsh"], "Error: accepts 1 arg(s), received 2\n"],
  [["deploy", "web", "--host", "a b"], 'Error: service options invalid: host "a b" contains blanks\n'],
  [
    ["deploy", "web", "--health-check-interval", "0s", "--target", "a"],
    "Error: target options invalid: health-check-interval must be longer than 0s, not 0s\n",
  ],
  [
    ["deploy", "web", "extra", "--deploy-timeout", "30"],
    'Error: invalid argument "30" for "--deploy-timeout" flag: time: missing unit in duration "30"\n',
  ],
  [["pause", "web", "--max-pause", "-1s"], "Error: pause options invalid: max-pause cannot be negative: -1s\n"],
  [
    ["run", "--http3"],
    "Error: --http3 is not supported: no release of Node speaks HTTP/3\nLeave the flag out; clients use HTTP/1.1 and HTTP/2.\n",
  ],
  [["run", "--metrics-port", "-1"], "Error: --metrics-port must be between 0 and 65535, not -1\n"],
  [["run", "--metrics-bind", "all"], 'Error: --metrics-bind takes an IP address, not "all"\n'],
  [
    ["run", "--trusted-proxy", "10.0.0.0/33"],
    'Error: --trusted-proxy "10.0.0.0/33" is not an address range\nRanges look like 10.0.0.0/8 or fd00::/8; there are also the names private and cloudflare.\n',
  ],
  [["run", "--http-port", "70000"], "Error: --http-port must be between 0 and 65535, not 70000\n"],
  [["run", "--bind", "localhost"], 'Error: --bind takes an IP address, not "localhost"\n'],
])("%j [W28]", async (args, stderr) => {
  expect(await runCommandLine(args)).toEqual({ code: 1, stdout: "", stderr });
});

test("help of the rollout group, and of what is in it", async () => {
  const group = await runCommandLine(["rollout"]);
  expect(group).toMatchObject({ code: 0, stderr: "" });
  expect(group.stdout).toMatch(
    /^Try new targets.*\n\nUsage: kamal-proxy rollout <command> \[flags\]\n\n {2}deploy .*\n {2}set .*\n {2}stop /,
  );
  expect(await runCommandLine(["rollout", "--help"])).toEqual(group);
  expect(await runCommandLine(["help", "rollout"])).toEqual(group);
  const set = await runCommandLine(["rollout", "set", "--help"]);
  expect(set.stdout).toMatch(/^Usage: kamal-proxy rollout set <service> \[flags\]\n[^]*--percent <int>/);
  expect(await runCommandLine(["help", "rollout", "set"])).toEqual(set);
});

test("a bad target is refused before anybody is asked", async () => {
  expect((await runCommandLine(["deploy", "web", "--target", "http://x"])).stderr).toMatch(
    /^Error: http:\/\/x :invalid host pattern\nA target is host/,
  );
});

test("without a proxy: the original's words, and where to look", async () => {
  const environment = { KAMAL_PROXY_SOCKET: "", XDG_RUNTIME_DIR: "/nowhere" };
  expect(await runCommandLine(["list"], { environment })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^Error: dial unix \/nowhere\/kamal-proxy\.sock: connect: no such file or directory\nIs the proxy running\?/,
    ),
  });
});

test("success says nothing; a terminal sees how it goes, and so do programs that want to", async () => {
  const { run, app } = await proxy();
  const deploy = ["deploy", "web", "--target", app.address, ...QUICK];
  expect(await run(deploy)).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await run(deploy, true)).stderr).toBe(
    `${app.address}: healthy (200) (check 1)\nswitched to ${app.address}\n`,
  );
  expect((await run(deploy, false, { KAMAL_PROXY_PROGRESS: "lines" })).stderr).toBe(
    `Progress: ${app.address}: healthy (200) (check 1)\nProgress: switched to ${app.address}\n`,
  );
  expect(await run(["pause", "web", "--max-pause", "5s"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await run(["stop", "web", "--message", "soon"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await run(["resume", "web"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await run(["rm", "web"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await run(["remove", "web"])).toEqual({ code: 1, stdout: "", stderr: "Error: service not found\n" });
});

test("TLS that cannot come true is refused with the reason, after everything else has been checked [A144] [A30]", async () => {
  const { run, app, bench } = await proxy();
  const deploy = ["deploy", "web", "--target", app.address, "--host", "a.example", "--tls", ...QUICK];
  const { stderr } = await run([...deploy, "--canonical-host", "b.example"]);
  expect(stderr).toMatch(/canonical-host 'b.example' must be present/);
  expect((await run([...deploy, "--host", "*.a.example"])).stderr).toBe(
    "Error: automatic TLS does not support wildcards\nName every host; or say with --tls-dns-hook how DNS records are put in place; or bring a certificate: --tls-certificate-path, --tls-private-key-path.\n",
  );
  const own = ["--tls-certificate-path", "/nowhere.pem", "--tls-private-key-path", "/nowhere.key"];
  expect(await run([...deploy, ...own])).toEqual({
    code: 1,
    stdout: "",
    stderr:
      "Error: unable to load certificate\n--tls-certificate-path /nowhere.pem: ENOENT: no such file or directory, stat '/nowhere.pem'. Nothing was changed.\n",
  });
  expect(bench.dataPlane.table.services).toEqual([]);
});

test("every deploy flag arrives where traffic looks for it", async () => {
  const { run, app, bench } = await proxy();
  const pages = await temporaryDirectory();
  await writeFile(join(pages, "503.html"), "<h1>Soon</h1>");
  const flags =
    "--host a.example --host www.a.example --canonical-host www.a.example --path-prefix /x --strip-path-prefix=false" +
    " --read-target localhost:PORT --writer-affinity-timeout 250ms --read-target-websockets --target-timeout 2s" +
    " --buffer-requests --buffer-responses --buffer-memory 10 --max-request-body 0x14 --max-response-body 30" +
    " --log-request-header X-A --log-response-header X-B --exclude-metrics-path /up,/metrics --forward-headers=false" +
    ` --client-ip-header X-Real-IP --scope-cookie-paths --tls-redirect=false --error-pages ${pages}`;
  const given = flags.replace("PORT", String(app.port)).split(" ");
  expect(await run(["deploy", "web", "--target", app.address, ...given, ...QUICK])).toMatchObject({
    code: 0,
    stderr: "",
  });
  expect(bench.dataPlane.route("web")).toEqual({
    name: "web",
    hosts: ["a.example", "www.a.example"],
    pathPrefixes: ["/x"],
    stripPathPrefix: false,
    gate: { state: "running" },
    targets: [
      { id: expect.any(String), address: app.address, slot: "active", role: "writer", inRotation: true, healthy: true },
      expect.objectContaining({ address: `localhost:${app.port}`, slot: "active", role: "reader", inRotation: true }),
    ],
    healthCheckPath: "/up",
    targetTimeoutMs: 2_000,
    forwardHeaders: false,
    rollout: null,
    writerAffinityTimeoutMs: 250,
    readTargetsAcceptWebsockets: true,
    canonicalHost: "www.a.example",
    tls: { enabled: false, redirect: true, automatic: false, hstsSeconds: 0 },
    targetProtocol: "http1",
    clientIpHeader: "X-Real-IP",
    scopeCookiePaths: true,
    buffering: { requests: true, responses: true, memoryBytes: 10, maxRequestBytes: 20, maxResponseBytes: 30 },
    errorPages: { "503.html": "<h1>Soon</h1>" },
    excludeMetricsPaths: ["/up", "/metrics"],
    logRequestHeaders: ["X-A"],
    logResponseHeaders: ["X-B"],
  });
  await run(["deploy", "web", "--target", app.address, ...QUICK]);
  expect(bench.dataPlane.route("web"), "what is not repeated falls back to its default").toMatchObject({
    hosts: [""],
    forwardHeaders: true,
    writerAffinityTimeoutMs: 1_000,
    buffering: { requests: false, memoryBytes: 1_048_576 },
    errorPages: null,
  });
});

test("whether forwarded headers are believed stays open unless the flag is mentioned, so that it can follow TLS", async () => {
  const { run, app, bench } = await proxy();
  const said = async (...flags: string[]) => {
    await run(["deploy", "web", "--target", app.address, ...QUICK, ...flags]);
    return (await bench.plane.list()).services[0]?.options.target.forwardHeaders;
  };
  expect(await said()).toBeNull();
  expect(await said("--forward-headers")).toBe(true);
  expect(await said("--forward-headers=false")).toBe(false);
});

test("a rollout from the command line, and how list shows it [W27]", async () => {
  const { run, app, bench } = await proxy();
  const target = `localhost:${app.port}`;
  await run(["deploy", "web", "--target", app.address, ...QUICK]);
  const table = (await run(["list"])).stdout;
  expect(await run(["rollout", "set", "web", "--percent", "20"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "Error: rollout target not set\nSay first where it leads: rollout deploy web --target host[:port]\n",
  });
  expect(await run(["rollout", "deploy", "x", "--target", target])).toMatchObject({
    code: 1,
    stderr: "Error: service not found\n",
  });
  const deploy = ["rollout", "deploy", "web", "--target", target, "--read-target", target];
  expect(await run(deploy)).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await run(["list"])).stdout).toBe(`${table}\nRollout of web: ${target},${target}, nobody yet\n`);
  const set = ["rollout", "set", "web"];
  expect(await run([...set, "--percent", "20", "--list", 'a,"b,c"'])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await run(["list"])).stdout).toContain(`Rollout of web: ${target},${target}, 20% and a,b,c\n`);
  expect(await run([...set, "--list", "a"])).toMatchObject({ code: 0 });
  expect(bench.dataPlane.route("web")?.rollout).toEqual({ percentage: 0, allowlist: ["a"] });
  expect(await run([...set, "--percent", "0"])).toMatchObject({ code: 0 });
  expect(bench.dataPlane.route("web")?.rollout).toEqual({ percentage: 0, allowlist: [] });
  expect((await run(["list"])).stdout).toContain(", 0%\n");
  expect(await run(["rollout", "stop", "web"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await run(["rollout", "stop", "web"])).toMatchObject({ code: 0 });
  const json = JSON.parse((await run(["list", "--json"])).stdout) as { services: object[] };
  expect(json.services[0]).toMatchObject({
    targets: [{ role: "writer" }],
    rollout: { targets: [{ role: "writer" }, { role: "reader" }], split: null },
  });
});

test("a failed deploy prints why and what to change", async () => {
  const { run, app } = await proxy();
  app.respond(302, { Location: "https://x/up" });
  const { code, stderr } = await run(["deploy", "web", "--target", app.address, "--deploy-timeout", "100ms", ...QUICK]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^Error: target failed to become healthy within configured timeout \(100ms\)\nhttp:\/\/127.*\/up answered:\n {2}.*302 Found → https:\/\/x\/up.*\nLikely cause: the app redirects plain HTTP to HTTPS/,
  );
});

test("list: columns, any host, several targets, colours only on a terminal [W27]", async () => {
  const { run, app } = await proxy();
  expect((await run(["list"])).stdout).toBe("Service  Host  Path  Target  State  TLS  \n");
  await run(["deploy", "b", "--target", app.address, "--host", "b.example.com,*.b.example.com", ...QUICK]);
  await run(["deploy", "a", "--target", `${app.address},localhost:${app.port}`, "--path-prefix", "api,v2", ...QUICK]);
  const { stdout } = await run(["ls"]);
  const targets = `${app.address},localhost:${app.port}`;
  expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["Service", "Host", "Path", "Target", "State", "TLS", ""],
    ["a", "*", "/api,/v2", targets, "running", "no", ""],
    ["b", "b.example.com,*.b.example.com", "/", app.address, "running", "no", ""],
    [""],
  ]);
  expect((await run(["ls"], true)).stdout).toContain("\u001b[1;34ma\u001b[0m        \u001b[m*\u001b[0m");
  const json = JSON.parse((await run(["list", "--json"])).stdout) as { services: object[] };
  expect(json.services[1]).toMatchObject({ name: "b", targets: [{ health: "healthy" }] });
});

test("a table is aligned by bytes, with the original's escapes", () => {
  expect(formatTable(["A", "Bc"], [["é", "x"]], false)).toBe("A   Bc  \né  x   \n");
  expect(formatTable(["A"], [["x"]], true)).toBe("\u001b[3;94mA\u001b[0m  \n\u001b[1;34mx\u001b[0m  \n");
});
