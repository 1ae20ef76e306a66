import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ControlSocket } from "../../../proxy/control/control-socket.ts";
import { runCommandLine } from "../../support/command-line.ts";
import { startControl } from "../../support/control-bench.ts";
import { startHealthApp } from "../../support/health-app.ts";
import { problemOf, ScriptedIssuer } from "../../support/scripted-issuer.ts";

async function proxy() {
  const issuer = new ScriptedIssuer();
  const bench = await startControl(undefined, { issue: issuer.issue });
  const path = join(bench.directory, "c.sock");
  const socket = await ControlSocket.listen(path, bench.plane, bench.log.log);
  const app = await startHealthApp();
  onTestFinished(async () => {
    await app.kill();
    await bench.plane.close();
    await socket.close();
  });
  const run = (args: readonly string[], isTTY = false) =>
    runCommandLine(args, { environment: { KAMAL_PROXY_SOCKET: path, NO_COLOR: "1" }, isTTY });
  const deploy = (host: string, isTTY = false) =>
    run(["deploy", "web", "--target", app.address, "--host", host, "--tls", "--health-check-interval", "20ms"], isTTY);
  return { issuer, run, deploy };
}

test("without TLS it says so", async () => {
  const { run } = await proxy();
  expect(await run(["certificates"])).toEqual({ code: 0, stdout: "No service uses TLS.\n", stderr: "" });
  expect(await run(["certificates", "x"])).toMatchObject({
    code: 1,
    stderr: 'Error: unknown command "x" for "kamal-proxy certificates"\n',
  });
});

test("who has which certificate, until when, and when it is renewed", async () => {
  const { run, deploy } = await proxy();
  expect(await deploy("a.example")).toEqual({ code: 0, stdout: "", stderr: "" });
  const { stdout, stderr, code } = await run(["certificates"]);
  expect([code, stderr]).toEqual([0, ""]);
  const [columns = "", row = ""] = stdout.split("\n");
  expect(columns.trim().split(/\s{2,}/)).toEqual(["Name", "Service", "Issuer", "Expires", "Renews", "State"]);
  const [name, service, issuer, expires, renews, state] = row.trim().split(/\s{2,}/);
  expect([name, service, issuer]).toEqual(["a.example", "web", "kdeploy test authority"]);
  expect(expires).toMatch(/^\d{4}-\d\d-\d\d \(in 89d\)$/);
  expect(renews).toMatch(/^\d{4}-\d\d-\d\d \(in (5[5-9]|6[0-4])d\)$/);
  expect(state).toMatch(/^valid/);
});

test("what is missing, and why, as words and as JSON", async () => {
  const { run, deploy, issuer } = await proxy();
  issuer.answer = () => Promise.resolve(problemOf("dns", { detail: "a.example has no address" }));
  const deployed = await deploy("a.example");
  expect(deployed.code).toBe(0);
  expect(deployed.stderr).toMatch(
    /^Warning: there is no certificate for a\.example yet: a\.example has no address; next/,
  );
  const { stdout, stderr } = await run(["certificates"]);
  expect(
    stdout
      .split("\n")[1]
      ?.trim()
      .split(/\s{2,}/),
  ).toEqual(["a.example", "web", "-", "-", "-", "missing"]);
  expect(stderr).toMatch(
    /^Warning: a\.example: a\.example has no address; next attempt at \d{4}-\d\d-\d\dT[\d:.]+Z\n$/,
  );
  const json = JSON.parse((await run(["certificates", "--json"])).stdout) as { certificates: object[] };
  expect(json.certificates).toEqual([
    {
      name: "a.example",
      service: "web",
      source: "automatic",
      state: "missing",
      ordering: false,
      origin: "Let's Encrypt",
      issuer: null,
      names: [],
      serial: null,
      notBefore: null,
      notAfter: null,
      renewsAt: null,
      lastError: "a.example has no address",
      failedAttempts: 1,
      nextAttemptAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    },
  ]);
});

test("a person who watches a deploy reads what it waits for", async () => {
  const { deploy } = await proxy();
  const { stderr } = await deploy("a.example", true);
  expect(stderr).toContain("Waiting for a certificate for a.example from Let's Encrypt (HTTP-01)…\n");
  expect(stderr).toMatch(/^a\.example: issued, valid until \d{4}-\d\d-\d\d$/m);
});
