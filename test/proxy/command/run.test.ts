import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { createServer, get } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { startHealthApp } from "../../support/health-app.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const LAUNCHER = new URL("../../../proxy/kdeploy-proxy.mjs", import.meta.url).pathname;

type Proxy = {
  child: ChildProcess;
  port: number;
  environment: NodeJS.ProcessEnv;
  output(): string;
  ended: Promise<unknown[]>;
};

function environmentOf(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: home, KAMAL_PROXY_SOCKET: join(home, "c.sock") };
}

async function startProxy(home: string): Promise<Proxy> {
  const environment = environmentOf(home);
  const args = [LAUNCHER, "run", "--http-port", "0", "--https-port", "0", "--bind", "127.0.0.1"];
  const child = spawn(process.execPath, args, { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  const ended = once(child, "exit");
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const started = /"msg":"Server started","http":(\d+)/.exec(output);
      if (started) resolve(Number(started[1]));
    });
    child.once("exit", () => reject(new Error(`ended early: ${output}`)));
  });
  return { child, port, environment, output: () => output, ended };
}

async function command(environment: NodeJS.ProcessEnv, ...args: string[]) {
  const options = { env: environment };
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [LAUNCHER, ...args], options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

test("run, deploy, SIGTERM, run again: the route is still there; nothing but state is left behind [DP-15]", async () => {
  const home = await temporaryDirectory();
  const app = await startHealthApp();
  onTestFinished(() => app.kill());
  const first = await startProxy(home);
  expect(await command(first.environment, "deploy", "web", "--target", app.address)).toEqual({
    code: 0,
    stdout: "",
    stderr: "",
  });
  // Hanging up is no reason to stop.
  first.child.kill("SIGHUP");
  expect((await fetch(`http://127.0.0.1:${first.port}/x`)).status).toBe(200);
  first.child.kill("SIGTERM");
  expect(await first.ended).toEqual([0, null]);
  expect(first.output()).toMatch(/"msg":"Server stopped"\}\n$/);
  expect(await readdir(join(home, ".config", "kamal-proxy"))).toEqual(["kdeploy-proxy.state.json"]);
  expect(await readdir(home)).not.toContain("c.sock");
  const second = await startProxy(home);
  expect((await fetch(`http://127.0.0.1:${second.port}/x`)).status).toBe(200);
  // Killed, it leaves its sockets behind; the next one takes them over.
  second.child.kill("SIGKILL");
  await second.ended;
  expect((await command(second.environment, "list")).stderr).toMatch(/connect: connection refused/);
  const third = await startProxy(home);
  expect((await command(third.environment, "list")).stdout).toMatch(/^web .* running {2}no/m);
});

test("a second proxy on the same data directory ends with a message [ST-06]", async () => {
  const home = await temporaryDirectory();
  await startProxy(home);
  const { code, stderr } = await command(environmentOf(home), "run", "--http-port", "0", "--https-port", "0");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Error: data directory .* is in use by another proxy\n/);
});

test("a second signal ends it at once [DP-15]", async () => {
  const home = await temporaryDirectory();
  const hanging = createServer((request, response) => {
    if (request.url === "/up") response.end();
  });
  await once(hanging.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    hanging.closeAllConnections();
    hanging.close();
  });
  const { port } = hanging.address() as AddressInfo;
  const proxy = await startProxy(home);
  await command(proxy.environment, "deploy", "web", "--target", `127.0.0.1:${port}`);
  const request = get(`http://127.0.0.1:${proxy.port}/slow`).on("error", () => undefined);
  await once(hanging, "request");
  const startedAt = performance.now();
  proxy.child.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(proxy.child.exitCode, "it waits for the request").toBeNull();
  proxy.child.kill("SIGINT");
  expect(await proxy.ended).toEqual([1, null]);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  request.destroy();
});

test("a signal during a deploy: the deploy fails by name, the proxy ends in peace [DP-15]", async () => {
  const home = await temporaryDirectory();
  const proxy = await startProxy(home);
  const deploying = command(proxy.environment, "deploy", "web", "--target", "127.0.0.1:1");
  await expect.poll(() => proxy.output(), { timeout: 5_000 }).toContain('"Healthcheck failed"');
  proxy.child.kill("SIGTERM");
  expect(await deploying).toEqual({ code: 1, stdout: "", stderr: "Error: the proxy is shutting down\n" });
  expect(await proxy.ended).toEqual([0, null]);
});

test("only run creates the data directory", async () => {
  const home = await temporaryDirectory();
  await command(environmentOf(home), "list");
  await command(environmentOf(home), "--help");
  expect(await readdir(home)).toEqual([]);
});

test("an old Node is told so in one line", async () => {
  const pretend =
    "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.20.2'});Object.defineProperty(process,'version',{value:'v20.20.2'})";
  const run = promisify(execFile)(process.execPath, ["--import", pretend, LAUNCHER, "list"]);
  await expect(run).rejects.toMatchObject({
    code: 1,
    stdout: "",
    stderr: "kdeploy-proxy: needs Node 24 or newer, this is v20.20.2\n",
  });
});

test("the control socket is not on the network", async () => {
  const home = await temporaryDirectory();
  const proxy = await startProxy(home);
  const socket = connect(join(home, "c.sock"));
  await once(socket, "connect");
  socket.destroy();
  expect(proxy.output()).not.toMatch(/"level":"ERROR"/);
});
