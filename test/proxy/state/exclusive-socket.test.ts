import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdir, readdir, symlink, unlink, utimes, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { claimSocketPath } from "../../../proxy/state/exclusive-socket.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const IN_USE = {
  code: "address-in-use",
  message: expect.stringMatching(/^listen unix .*: bind: address already in use$/),
};

async function claim(path: string) {
  const server = createServer((socket) => socket.on("error", () => socket.destroy()).end("here"));
  const claim = await claimSocketPath(server, path);
  onTestFinished(() => claim.release());
  return claim;
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path).on("error", () => undefined);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A socket whose process has been killed with SIGKILL. */
async function staleSocket(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
}

test("a claimed path answers, is private, and leaves nothing else behind", async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, "s");
  const claimed = await claim(path);
  expect(await answers(path)).toBe(true);
  expect((await lstat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(["s"]);
  await claimed.release();
  expect(await readdir(directory)).toEqual([]);
});

test("a live socket is not replaced [CS-01]", async () => {
  const path = join(await temporaryDirectory(), "s");
  await claim(path);
  await expect(claim(path)).rejects.toMatchObject(IN_USE);
  expect(await answers(path)).toBe(true);
});

test("the socket of a killed process is replaced [CS-01]", async () => {
  const path = join(await temporaryDirectory(), "s");
  await staleSocket(path);
  expect(await answers(path)).toBe(false);
  await claim(path);
  expect(await answers(path)).toBe(true);
});

test("of many claimants at once, on a stale socket, one wins and goes on answering", async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, "s");
  await staleSocket(path);
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => claim(path)));
  expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
  expect(await answers(path)).toBe(true);
  expect(await readdir(directory)).toEqual(["s"]);
});

test("a claimant that died while removing a stale socket does not block the next", async () => {
  const path = join(await temporaryDirectory(), "s");
  await staleSocket(path);
  await mkdir(`${path}~`);
  await utimes(`${path}~`, 0, 0);
  await claim(path);
  expect(await answers(path)).toBe(true);
});

test("files and symbolic links are left alone [CS-01]", async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, "file"), "precious");
  await expect(claim(join(directory, "file"))).rejects.toMatchObject(IN_USE);
  await symlink(join(directory, "elsewhere"), join(directory, "link"));
  await expect(claim(join(directory, "link"))).rejects.toMatchObject(IN_USE);
  expect((await readdir(directory)).sort()).toEqual(["file", "link"]);
});

test("release does not remove what somebody else has put there since", async () => {
  const path = join(await temporaryDirectory(), "s");
  const first = await claim(path);
  await unlink(path);
  await claim(path);
  await first.release();
  expect(await answers(path)).toBe(true);
});

test("a path too long for a socket is named", async () => {
  const path = join(await temporaryDirectory(), "x".repeat(120));
  await expect(claim(path)).rejects.toMatchObject({ message: expect.stringContaining("bind: invalid argument") });
});
