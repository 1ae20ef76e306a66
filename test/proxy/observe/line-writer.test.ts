/** The line writer: order kept, nobody ever waits for it, and a reader that stalls costs lines, not memory. */
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { LineWriter } from "../../../proxy/observe/line-writer.ts";
import { eventually, pause } from "../../support/eventually.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kdeploy-lines-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
});

/** A pipe that this test reads when it likes. */
function pipe(): { writeFd: number; read: () => string } {
  const path = join(directory, "pipe");
  execFileSync("mkfifo", [path]);
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeFd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(readFd));
  const buffer = Buffer.alloc(256 * 1024);
  return {
    writeFd,
    read: () => {
      try {
        return buffer.toString("latin1", 0, readSync(readFd, buffer));
      } catch {
        return "";
      }
    },
  };
}

const line = (number: number): string => `{"n":${number},"pad":"${"x".repeat(200)}"}\n`;

test("lines arrive whole and in order", async () => {
  const path = join(directory, "log");
  const writer = new LineWriter(openSync(path, "a"));
  let wanted = "";
  for (let number = 0; number < 10_000; number++) {
    writer.append(line(number));
    wanted += line(number);
    if (number % 500 === 0) await pause(1);
  }
  await writer.drain(2_000);
  expect(readFileSync(path, "latin1")).toBe(wanted);
  expect(writer.dropped).toBe(0);
});

test("a single line does not wait for company for long", async () => {
  const path = join(directory, "log");
  const writer = new LineWriter(openSync(path, "a"));
  writer.append("one\n");
  await eventually("it is written", () => readFileSync(path, "latin1") !== "", 1_000);
  expect(readFileSync(path, "latin1")).toBe("one\n");
});

test("text beyond latin1 is written as UTF-8, with its newline", async () => {
  const path = join(directory, "log");
  const writer = new LineWriter(openSync(path, "a"));
  writer.write("äöü € 日本");
  writer.write("two\n");
  await writer.drain(1_000);
  expect(readFileSync(path, "utf8")).toBe("äöü € 日本\ntwo\n");
});

test("a reader that stalls costs lines, which are counted; nobody waits and memory stays flat", async () => {
  const { writeFd, read } = pipe();
  const writer = new LineWriter(writeFd);
  const total = 100_000;
  const before = process.memoryUsage().arrayBuffers;
  let slowest = 0;
  for (let number = 0; number < total; number++) {
    const startedAt = performance.now();
    writer.append(line(number));
    slowest = Math.max(slowest, performance.now() - startedAt);
    if (number % 5_000 === 0) await pause(1);
  }
  expect(writer.dropped).toBeGreaterThan(total - 10_000);
  expect(slowest).toBeLessThan(100);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);

  // The reader comes back: what was kept arrives, whole lines in order, and the count is right.
  let text = "";
  const drained = writer.drain(5_000);
  const reading = setInterval(() => (text += read()), 2);
  await drained;
  await pause(30);
  clearInterval(reading);
  const numbers = text
    .split("\n")
    .slice(0, -1)
    .map((entry) => (JSON.parse(entry) as { n: number }).n);
  expect(numbers.length + writer.dropped).toBe(total);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(new Set(numbers).size).toBe(numbers.length);
});

test("after a stall it writes on", async () => {
  const { writeFd, read } = pipe();
  const writer = new LineWriter(writeFd);
  for (let number = 0; number < 10_000; number++) writer.append(line(number));
  let text = "";
  const reading = setInterval(() => (text += read()), 2);
  await writer.drain(5_000);
  const dropped = writer.dropped;
  writer.append("after\n");
  await eventually("it arrives", () => text.endsWith("\nafter\n"));
  clearInterval(reading);
  expect(writer.dropped).toBe(dropped);
});

test("a reader that has gone is no reason to stop [LG-02]", async () => {
  const path = join(directory, "gone");
  execFileSync("mkfifo", [path]);
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = new LineWriter(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  closeSync(readFd);
  for (let number = 0; number < 10; number++) writer.append(line(number));
  await writer.drain(1_000);
  expect(writer.dropped).toBe(10);
});

test("draining gives up after its time when nobody reads", async () => {
  const { writeFd } = pipe();
  const writer = new LineWriter(writeFd);
  for (let number = 0; number < 3_000; number++) writer.append(line(number));
  const startedAt = performance.now();
  await writer.drain(150);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
