import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { formatTable } from "../../../proxy/command/table.ts";
import { VERSION } from "../../../proxy/command/version.ts";
import { ControlSocket } from "../../../proxy/control/control-socket.ts";
import { runCommandLine } from "../../support/command-line.ts";
import { startControl } from "../../support/control-bench.ts";
import { startHealthApp } from "../../support/health-app.ts";

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
  const run = (args: readonly string[], isTTY = false) =>
    runCommandLine(args, { environment: { KAMAL_PROXY_SOCKET: path }, isTTY });
  return { bench, app, run };
}

const QUICK = ["--health-check-interval", "20ms"];

test("bare, help and version", async () => {
  const bare = await runCommandLine([]);
  expect(bare).toMatchObject({ code: 0, stderr: "" });
  for (const name of ["deploy", "list, ls", "pause", "remove, rm", "resume", "run", "stop", "version", "help"]) {
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
  [
    ["run", "--metrics-port", "9000"],
    "Error: --metrics-port is not supported yet\nLeave the flag and METRICS_PORT out until a version serves metrics.\n",
  ],
  [["run", "--http-port", "70000"], "Error: --http-port must be between 0 and 65535, not 70000\n"],
  [["run", "--bind", "localhost"], 'Error: --bind takes an IP address, not "localhost"\n'],
])("%j", async (args, stderr) => {
  expect(await runCommandLine(args)).toEqual({ code: 1, stdout: "", stderr });
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

test("success says nothing; a terminal sees how it goes", async () => {
  const { run, app } = await proxy();
  const deploy = ["deploy", "web", "--target", app.address, ...QUICK];
  expect(await run(deploy)).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await run(deploy, true)).stderr).toBe(
    `${app.address}: healthy (200) (check 1)\nswitched to ${app.address}\n`,
  );
  expect(await run(["pause", "web", "--max-pause", "5s"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await run(["stop", "web", "--message", "soon"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await run(["resume", "web"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await run(["rm", "web"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await run(["remove", "web"])).toEqual({ code: 1, stdout: "", stderr: "Error: service not found\n" });
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

test("list: columns, any host, several targets, colours only on a terminal", async () => {
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
