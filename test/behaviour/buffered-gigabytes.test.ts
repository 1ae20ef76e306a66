/** Kamal buffers requests and responses by default: bodies of gigabytes pass in little memory and leave nothing behind. */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { get, request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AppProcess, startApp } from "../support/app-process.ts";
import { eventually } from "../support/eventually.ts";
import { openFiles, residentBytes, watchResidentBytes } from "../support/process-memory.ts";
import { type ProxyProcess, startProxyProcess } from "../support/proxy-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MEGABYTE = 1024 * 1024;
const MEGABYTES = 3 * 1024;
const MAX_GROWTH_BYTES = 40 * MEGABYTE;
const PIECE = Buffer.alloc(MEGABYTE, "fedcba9876543210");
const TIMEOUT_MS = 180_000;

let app: AppProcess;

beforeAll(async () => {
  app = await startApp("bulk-app");
});

afterAll(() => app.child.end());

test("a 3 GB upload passes in 40 MB and leaves no file", { timeout: TIMEOUT_MS }, async () => {
  const { proxy, spill } = await bufferingProxy();
  const { pid = 0 } = proxy.child.process;
  await upload(proxy, 64);
  const before = residentBytes(pid);
  const watch = watchResidentBytes(pid);
  expect(await upload(proxy, MEGABYTES)).toBe(String(MEGABYTES * MEGABYTE));
  expect(watch.peak() - before).toBeLessThan(MAX_GROWTH_BYTES);
  expect(readdirSync(spill)).toEqual([]);
  await eventually("the spill file is closed", () => !openFiles(pid).some((path) => path.startsWith(spill)));
  await proxy.child.end();
});

test("a 3 GB download passes in 40 MB and leaves no file", { timeout: TIMEOUT_MS }, async () => {
  const { proxy, spill } = await bufferingProxy();
  const { pid = 0 } = proxy.child.process;
  await download(proxy, 64);
  const before = residentBytes(pid);
  const watch = watchResidentBytes(pid);
  expect(await download(proxy, MEGABYTES)).toBe(MEGABYTES * MEGABYTE);
  expect(watch.peak() - before).toBeLessThan(MAX_GROWTH_BYTES);
  expect(readdirSync(spill)).toEqual([]);
  await eventually("the spill file is closed", () => !openFiles(pid).some((path) => path.startsWith(spill)));
  await proxy.child.end();
});

test("SIGKILL in the middle of a buffered upload leaves no file", { timeout: TIMEOUT_MS }, async () => {
  const { proxy, spill } = await bufferingProxy();
  const { pid = 0 } = proxy.child.process;
  const outgoing = request({ port: proxy.port, host: "127.0.0.1", method: "POST", path: "/" });
  outgoing.on("error", () => undefined);
  for (let piece = 0; piece < 64; piece++) outgoing.write(PIECE);
  await eventually("something is spilt", () => openFiles(pid).some((path) => path.startsWith(spill)));
  expect(readdirSync(spill)).toEqual([]);
  await proxy.child.end("SIGKILL");
  expect(readdirSync(spill)).toEqual([]);
});

/** A proxy with both buffers on, whose spill files would be in a directory of their own. */
async function bufferingProxy(): Promise<{ proxy: ProxyProcess; spill: string }> {
  const spill = await temporaryDirectory();
  const proxy = await startProxyProcess(await temporaryDirectory(), 0, { TMPDIR: spill });
  await proxy.deploy("web", [app.port], { buffering: { requests: true, responses: true } });
  return { proxy, spill };
}

async function upload(proxy: ProxyProcess, megabytes: number): Promise<string> {
  const outgoing = request({
    port: proxy.port,
    host: "127.0.0.1",
    method: "POST",
    path: "/",
    headers: { "Content-Length": megabytes * MEGABYTE },
  });
  const answered = once(outgoing, "response") as Promise<[Readable]>;
  await pipeline(Readable.from(pieces(megabytes)), outgoing);
  const [response] = await answered;
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}

async function download(proxy: ProxyProcess, megabytes: number): Promise<number> {
  const outgoing = get({ port: proxy.port, host: "127.0.0.1", path: `/download?megabytes=${megabytes}` });
  const [response] = (await once(outgoing, "response")) as [Readable];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
}

function* pieces(count: number): Generator<Buffer> {
  for (let piece = 0; piece < count; piece++) yield PIECE;
}
