import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type Child, startChild } from "../support/child-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { unusedPort } from "../support/unused-port.ts";

async function startProxy(...flags: string[]): Promise<Child> {
  const home = await temporaryDirectory();
  const environment = { HOME: home, KAMAL_PROXY_SOCKET: `${home}/p.sock` };
  const child = startChild(
    "proxy/kdeploy-proxy.mjs",
    ["run", "--http-port", "0", "--https-port", "0", "--bind", "127.0.0.1", ...flags],
    environment,
  );
  onTestFinished(async () => void (await child.end("SIGKILL")));
  return child;
}

test("--metrics-port: the page is there from the start to the end, and the log says where [W20]", async () => {
  const port = await unusedPort();
  const proxy = await startProxy("--metrics-port", String(port), "--metrics-bind", "127.0.0.1");
  const enabled = await proxy.line((line) => line.includes('"Metrics enabled"'));
  expect(JSON.parse(enabled)).toMatchObject({ level: "INFO", address: `127.0.0.1:${port}` });
  const started = JSON.parse(await proxy.line((line) => line.includes('"Server started"'))) as { http: number };
  expect((await fetch(`http://127.0.0.1:${started.http}/`)).status).toBe(404);
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(page).toContain('kamal_proxy_http_requests_total{method="GET",service="",status="404"} 1\n');
  expect(page).toContain("\nprocess_resident_memory_bytes ");
});

test("without it nothing is listened on, and only who asks for more is told", async () => {
  const proxy = await startProxy("--debug");
  const disabled = await proxy.line((line) => line.includes('"Metrics server disabled"'));
  expect(JSON.parse(disabled)).toMatchObject({ level: "DEBUG" });
});

test("a metrics port that is taken ends the start with the reason", async () => {
  const other = createServer();
  const port = await unusedPort();
  await new Promise<void>((resolve) => {
    other.listen(port, "127.0.0.1", resolve);
  });
  onTestFinished(() => void other.close());
  const proxy = await startProxy("--metrics-port", String(port), "--metrics-bind", "127.0.0.1");
  await expect.poll(() => proxy.process.exitCode, { timeout: 10_000 }).toBe(1);
  await expect
    .poll(() => proxy.output.join("\n"))
    .toContain(`listen tcp 127.0.0.1:${port}: bind: address already in use`);
});
