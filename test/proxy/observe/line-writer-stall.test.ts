import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, read } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { LineWriter } from "../../../proxy/observe/line-writer.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

/** A named pipe: its reader's end reads only when a test says so. */
async function startPipe() {
  const path = join(await temporaryDirectory(), "pipe");
  execFileSync("mkfifo", [path]);
  // Open for both, so that opening does not wait for the other side.
  const reader = openSync(path, constants.O_RDWR);
  const writer = openSync(path, constants.O_WRONLY);
  return { reader, writer };
}

test("a reader that stalls costs lines, counted, never memory or time; once it reads again it is told how many [LG-01]", async () => {
  const { reader, writer } = await startPipe();
  const recovered: number[] = [];
  const lines = new LineWriter(writer, (lost) => recovered.push(lost));
  const line = `${"x".repeat(999)}\n`;
  for (let index = 0; index < 3_000; index++) lines.append(line);
  expect(lines.dropped).toBeGreaterThan(2_000);
  const kept = 3_000 - lines.dropped;
  expect(kept * line.length, "two buffers").toBeLessThanOrEqual(2 * 256 * 1024);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(recovered, "it has not read yet").toEqual([]);
  const bytes = Buffer.alloc(64 * 1024);
  let received = "";
  while (received.length < kept * line.length) {
    const { bytesRead } = await promisify(read)(reader, bytes, 0, bytes.length, null);
    received += bytes.toString("latin1", 0, bytesRead);
  }
  expect(received, "whole lines only").toBe(line.repeat(kept));
  await eventually("it is told", () => recovered.length > 0);
  expect(recovered).toEqual([lines.dropped]);
  closeSync(reader);
  closeSync(writer);
});

test("a reader that has gone is no reason to stop: its lines are counted as dropped [LG-02]", async () => {
  const { reader, writer } = await startPipe();
  const lines = new LineWriter(writer);
  closeSync(reader);
  lines.append("one\n");
  lines.append("two\n");
  await lines.drain(2_000);
  expect(lines.dropped).toBe(2);
  lines.append("three\n");
  await lines.drain(2_000);
  expect(lines.dropped).toBe(3);
  closeSync(writer);
});
