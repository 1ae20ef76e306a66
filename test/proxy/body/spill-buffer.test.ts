import { execFileSync } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { BufferSpace } from "../../../proxy/body/buffer-space.ts";
import { Replay } from "../../../proxy/body/replay.ts";
import { SpillBuffer, type SpillOptions } from "../../../proxy/body/spill-buffer.ts";
import { DEFAULT_LIMITS } from "../../../proxy/limits.ts";
import { startChild } from "../../support/child-process.ts";
import { eventually } from "../../support/eventually.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const NO_LIMITS: SpillOptions = { memoryBytes: 1_000_000, maxBytes: 0, expectedBytes: -1 };

/** A buffer in a temporary directory of its own, and what is open there. */
async function start(options: Partial<SpillOptions> = {}, maxBufferedMemoryBytes = 1_000_000) {
  const directory = await temporaryDirectory();
  useTmpdir(directory);
  const space = new BufferSpace({ ...DEFAULT_LIMITS, maxBufferedMemoryBytes });
  let progress = 0;
  const held = new SpillBuffer(space, { ...NO_LIMITS, ...options }, () => progress++);
  onTestFinished(() => held.discard());
  return { directory, space, held, progress: () => progress };
}

function useTmpdir(directory: string): void {
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = directory;
  onTestFinished(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  });
}

function openBelow(directory: string): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      return [];
    }
  });
}

/** One pass, with a pause after every `pauseEvery` pieces, as a socket makes them. */
function replayed(held: SpillBuffer, pauseEvery = 2): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const replay: Replay = new Replay(held, {
      takePiece: (bytes, from, to, last) => {
        pieces.push(Buffer.from(bytes.subarray(from, to)));
        if (last) resolve(Buffer.concat(pieces));
        if (last || pieces.length % pauseEvery !== 0) return true;
        setImmediate(() => replay.resume());
        return false;
      },
      replayFailed: reject,
    });
    replay.resume();
  });
}

async function filled(held: SpillBuffer, ...chunks: Buffer[]): Promise<void> {
  for (const chunk of chunks) {
    expect(held.append(chunk, 0, chunk.length)).toBe(true);
    if (held.congested) await eventually("the disk catches up", () => !held.congested);
  }
  held.finish();
  await eventually("everything is on file", () => held.settled);
}

describe("what goes in comes out", () => {
  test.each([
    ["no limits at all [A17 A23]", {}],
    ["any length, 5 bytes of memory [A18 A24]", { memoryBytes: 5 }],
    ["within memory [A19 A25]", { memoryBytes: 2048, maxBytes: 2048 }],
    ["2048 bytes at most, 5 of memory [A20 A26]", { memoryBytes: 5, maxBytes: 2048 }],
    ["no memory at all", { memoryBytes: 0 }],
  ])("%s", async (_, options) => {
    const { held, directory } = await start(options);
    await filled(held, Buffer.from("Hello, "), Buffer.from("World!"));
    expect(held.length).toBe(13);
    expect((await replayed(held)).toString()).toBe("Hello, World!");
    expect(openBelow(directory)).toHaveLength(held.memoryLength < 13 ? 1 : 0);
    expect(readdirSync(directory)).toEqual([]);
    held.discard();
    await eventually("the file is closed", () => openBelow(directory).length === 0);
  });

  test("more than the limit is refused, and nothing of it taken [A21 A27]", async () => {
    const { held } = await start({ memoryBytes: 5, maxBytes: 8 });
    const chunk = Buffer.from("Hello, World!");
    expect(held.append(chunk, 0, 8)).toBe(true);
    expect(held.append(chunk, 8, 9)).toBe(false);
    expect(held.length).toBe(8);
  });

  test("nothing stays nothing, without a file [A22 A28]", async () => {
    const { held, directory } = await start({ memoryBytes: 0 });
    held.finish();
    expect([held.length, held.settled, held.memoryPiece(0)]).toEqual([0, true, null]);
    expect(openBelow(directory)).toEqual([]);
  });

  test("however it is cut into chunks, as often as it is asked for", async () => {
    const { directory } = await start();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 90_000 }), { maxLength: 12 }),
        fc.nat({ max: 150_000 }),
        fc.constantFrom(0, 3_000, 1_000_000),
        fc.boolean(),
        async (sizes, memoryBytes, budget, announced) => {
          const space = new BufferSpace({ ...DEFAULT_LIMITS, maxBufferedMemoryBytes: budget });
          const total = sizes.reduce((sum, size) => sum + size, 0);
          const whole = Buffer.from(Array.from({ length: total }, (_, index) => (index * 31 + (index >> 8)) & 255));
          const expectedBytes = announced ? total : -1;
          const held = new SpillBuffer(space, { memoryBytes, maxBytes: 0, expectedBytes }, () => {});
          let at = 0;
          await filled(held, ...sizes.map((size) => whole.subarray(at, (at += size))));
          expect(held.memoryLength).toBeLessThanOrEqual(memoryBytes);
          expect(space.used).toBeLessThanOrEqual(budget);
          const passes = total === 0 ? [] : [await replayed(held), await replayed(held, 1)];
          expect(passes.every((pass) => pass.equals(whole))).toBe(true);
          held.discard();
          expect(space.used).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
    await eventually("no descriptor is left", () => openBelow(directory).length === 0);
  });
});

describe("memory and disk", () => {
  test("a body takes no more memory than has come of it, whatever was announced", async () => {
    const { held, space } = await start({ memoryBytes: 1_000_000, expectedBytes: 1_000_000 });
    held.append(Buffer.from("x"), 0, 1);
    expect(space.used).toBeLessThanOrEqual(2048);
  });

  test("while the disk is behind, it says so, and tells when it has caught up", async () => {
    const { held, progress } = await start({ memoryBytes: 0 });
    const chunk = Buffer.alloc(64 * 1024, "c");
    let appended = 0;
    while (!held.congested) {
      held.append(chunk, 0, chunk.length);
      appended += chunk.length;
      expect(appended).toBeLessThan(1024 * 1024);
    }
    await eventually("it has caught up", () => !held.congested && progress() > 0);
  });

  test("a file that is discarded while it is written or read is closed once, afterwards", async () => {
    const { directory, space } = await start();
    let readAfterwards = 0;
    for (const delayMs of [0, 0, 1, 2, 5]) {
      const held = new SpillBuffer(space, { ...NO_LIMITS, memoryBytes: 0 }, () => {});
      const chunk = Buffer.alloc(500_000);
      held.append(chunk, 0, chunk.length);
      held.finish();
      await new Promise((resolve) => {
        setTimeout(resolve, delayMs);
      });
      if (held.settled) held.readFile(Buffer.alloc(100), 0, () => readAfterwards++);
      held.discard();
      held.discard();
    }
    await eventually("no descriptor is left", () => openBelow(directory).length === 0);
    expect([readAfterwards, readdirSync(directory)]).toEqual([0, []]);
  });

  test("without its directory, it fails and says why", async () => {
    const { held } = await start({ memoryBytes: 2 });
    useTmpdir("/nowhere/at/all");
    const chunk = Buffer.alloc(20_000);
    held.append(chunk, 0, chunk.length);
    held.finish();
    await eventually("it fails", () => held.failure !== null);
    expect(held.failure?.message).toContain("ENOENT");
    expect(held.settled).toBe(false);
    held.append(chunk, 0, chunk.length);
    held.discard();
  });

  test("on a full disk, it fails and says why, and gives the room back [ST-09]", async (context) => {
    const { directory, held } = await start({ memoryBytes: 0 });
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=512k", "none", directory], { stdio: "ignore" });
    } catch {
      context.skip("cannot mount a small file system here");
    }
    onTestFinished(() => void execFileSync("umount", ["-l", directory]));
    const chunk = Buffer.alloc(64 * 1024);
    for (let index = 0; index < 64 && held.failure === null; index++) {
      held.append(chunk, 0, chunk.length);
      if (held.congested) await eventually("progress or failure", () => !held.congested || held.failure !== null);
    }
    expect(held.failure?.message).toContain("ENOSPC");
    held.discard();
    await eventually("no descriptor is left", () => openBelow(directory).length === 0);
    expect(readdirSync(directory)).toEqual([]);
  });
});

test("a proxy that is killed in the middle of spilling leaves no file behind [W11 ST-09]", async () => {
  const directory = await temporaryDirectory();
  const child = startChild("test/support/programs/spill-and-wait.ts", [], { TMPDIR: directory });
  expect(await child.line((line) => line.startsWith("spilled"))).toBe("spilled 2, names 0");
  await child.end("SIGKILL");
  expect(readdirSync(directory)).toEqual([]);
});
