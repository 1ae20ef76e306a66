import { execFile } from "node:child_process";
import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { readServiceOptions } from "../../../proxy/options/service-options.ts";
import { readTargetOptions } from "../../../proxy/options/target-options.ts";
import type { WriteStep } from "../../../proxy/state/durable-write.ts";
import { SnapshotFile } from "../../../proxy/state/snapshot-file.ts";
import { formatSnapshot, NOTHING_CARRIED, type Snapshot } from "../../../proxy/state/snapshot-format.ts";
import { recordedLog } from "../../support/recorded-log.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const STEPS: readonly WriteStep[] = ["open", "write", "sync", "keep-previous", "rename", "sync-directory"];

function snapshotOf(target: string): Snapshot {
  const options = { service: readServiceOptions({}), target: readTargetOptions({}) };
  const others = { readTargets: [], rolloutTargets: [], rolloutReadTargets: [], rollout: null };
  const gate = { state: "running" } as const;
  return {
    services: [{ name: "web", ...options, ...others, targets: [target], gate, carried: NOTHING_CARRIED }],
    quarantined: [],
  };
}

async function open(directory: string, checkpoint?: (step: WriteStep) => void) {
  const log = recordedLog();
  const file = await SnapshotFile.open(directory, log.log, checkpoint ? { checkpoint } : {});
  onTestFinished(() => file.close());
  return { file, log };
}

async function loadedTarget(file: SnapshotFile): Promise<string | undefined> {
  return (await file.load()).services[0]?.targets[0];
}

test("what is saved is loaded; the generation before it is kept; everything is private [W5 ST-10]", async () => {
  const directory = join(await temporaryDirectory(), "a", "b");
  const { file, log } = await open(directory);
  expect(await file.load()).toEqual({ path: undefined, services: [], quarantined: [] });
  await file.save(snapshotOf("one:80"));
  await file.save(snapshotOf("two:80"));
  expect(await file.load()).toEqual({ path: file.path, ...snapshotOf("two:80") });
  expect(await readFile(`${file.path}.previous`, "utf8")).toBe(formatSnapshot(snapshotOf("one:80")));
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  expect((await stat(file.path)).mode & 0o777).toBe(0o600);
  expect(log.saying("Saved state")).toHaveLength(2);
  expect((await readdir(directory)).sort()).toEqual([
    "kdeploy-proxy.lock",
    "kdeploy-proxy.state.json",
    "kdeploy-proxy.state.json.previous",
  ]);
});

test("saves at once are made in order, one at a time [W5]", async () => {
  let steps = "";
  const { file } = await open(
    await temporaryDirectory(),
    (step) => (steps += step === "open" ? "(" : step === "written" ? ")" : ""),
  );
  await Promise.all(Array.from({ length: 20 }, (_, index) => file.save(snapshotOf(`t${index}:80`))));
  expect(await loadedTarget(file)).toBe("t19:80");
  expect(steps).toBe("()".repeat(20));
});

test.each(STEPS)(
  "a save that fails before %s leaves the generation before it, and nothing else [W5 ST-02]",
  async (failing) => {
    let broken = false;
    const directory = await temporaryDirectory();
    const { file, log } = await open(directory, (step) => {
      if (broken && step === failing) throw new Error("ENOSPC: no space left on device");
    });
    broken = true;
    await expect(file.save(snapshotOf("first:80")), "with nothing before it").rejects.toMatchObject({
      code: "state-not-saved",
    });
    expect(await loadedTarget(file)).toBeUndefined();
    broken = false;
    await file.save(snapshotOf("one:80"));
    broken = true;
    await expect(file.save(snapshotOf("two:80"))).rejects.toMatchObject({
      code: "state-not-saved",
      message: "unable to save state: ENOSPC: no space left on device",
    });
    expect(await loadedTarget(file)).toBe("one:80");
    expect((await readdir(directory)).filter((name) => name.endsWith(".new"))).toEqual([]);
    expect(log.saying("Unable to save state")).toHaveLength(2);
    broken = false;
    await file.save(snapshotOf("three:80"));
    expect(await loadedTarget(file)).toBe("three:80");
  },
);

test("a file system that takes no more bytes refuses the save and keeps the old state [ST-02]", async () => {
  // A real write error, from a limit on the size of files that the child is given.
  const directory = await temporaryDirectory();
  const program = new URL("../../support/programs/save-large-state.ts", import.meta.url).pathname;
  const command = `ulimit -f 64; exec "$0" "$@"`;
  const { stdout } = await promisify(execFile)("sh", ["-c", command, process.execPath, program, directory]);
  expect(stdout).toBe("state-not-saved unable to save state: EFBIG: file too large, write\nkept small:80\n");
  expect((await readdir(directory)).filter((name) => name.endsWith(".new"))).toEqual([]);
});

test("cut at every byte, the file is kept aside and the generation before it restored [ST-03]", async () => {
  const directory = await temporaryDirectory();
  const { file } = await open(directory);
  await file.save(snapshotOf("one:80"));
  await file.save(snapshotOf("two:80"));
  const whole = await readFile(file.path);
  // Without the final newline it is still whole.
  for (let length = 0; length < whole.length - 1; length++) {
    await writeFile(file.path, whole.subarray(0, length));
    expect(await loadedTarget(file), `${length} bytes`).toBe("one:80");
    const aside = (await readdir(directory)).filter((name) => name.includes(".corrupt-"));
    expect(aside, `${length} bytes`).toHaveLength(1);
    expect(await readFile(join(directory, aside[0] ?? ""))).toEqual(whole.subarray(0, length));
    await rm(join(directory, aside[0] ?? ""));
  }
});

test.each([
  ["empty", ""],
  ["null", "null"],
  ["a list", "[]"],
  ["another program's", '{"format":"x","version":1,"services":[]}'],
  ["without version", '{"format":"kdeploy-proxy state","services":[]}'],
  ["without services", '{"format":"kdeploy-proxy state","version":1}'],
  ["with a byte order mark", `\uFEFF${formatSnapshot(snapshotOf("x:80"))}`],
  ["not UTF-8", Buffer.from([0xff, 0xfe, 0x7b])],
])("a file that is %s counts as damaged [ST-03]", async (_, content) => {
  const { file, log } = await open(await temporaryDirectory());
  await writeFile(file.path, content);
  expect((await file.load()).services).toEqual([]);
  expect(log.saying("Failed to decode saved state")).toHaveLength(1);
  expect(log.saying("No generation of the state file is whole; starting without services")).toHaveLength(1);
});

test("after a damaged generation, saving and loading go on, and the last whole one stays behind it", async () => {
  const directory = await temporaryDirectory();
  const { file } = await open(directory);
  await file.save(snapshotOf("one:80"));
  await file.save(snapshotOf("two:80"));
  await writeFile(file.path, "{");
  expect(await loadedTarget(file)).toBe("one:80");
  expect(await loadedTarget(file), "again, as after a crash right then").toBe("one:80");
  await file.save(snapshotOf("three:80"));
  await writeFile(file.path, "{");
  expect(await loadedTarget(file)).toBe("one:80");
});

test("an unreadable file is kept aside too; something that is no file as well", async () => {
  const directory = await temporaryDirectory();
  const { file } = await open(directory);
  await file.save(snapshotOf("one:80"));
  await file.save(snapshotOf("two:80"));
  await rm(file.path);
  await mkdir(file.path);
  expect(await loadedTarget(file)).toBe("one:80");
});

test("a file that may not be read is not taken for no file", async () => {
  const directory = await temporaryDirectory();
  const { file } = await open(directory);
  await file.save(snapshotOf("one:80"));
  await chmod(file.path, 0o000);
  await withoutPrivileges(directory, async () => {
    await expect(file.load()).rejects.toMatchObject({
      message: expect.stringMatching(/^cannot read .*permission denied/),
    });
  });
  await chmod(file.path, 0o600);
  expect(await loadedTarget(file)).toBe("one:80");
});

/** Root reads everything, so a test of permissions runs as nobody for a moment. */
async function withoutPrivileges(directory: string, action: () => Promise<void>): Promise<void> {
  const NOBODY = 65_534;
  if (process.geteuid?.() !== 0) return action();
  await chown(directory, NOBODY, NOBODY);
  process.seteuid?.(NOBODY);
  try {
    await action();
  } finally {
    process.seteuid?.(0);
  }
}

test("a newer version's file is refused and not touched, in either generation [ST-05]", async () => {
  const newer = '{"format":"kdeploy-proxy state","version":99,"services":[]}';
  const { file } = await open(await temporaryDirectory());
  await writeFile(file.path, newer);
  const refusal = { message: expect.stringContaining("was written by a newer kdeploy-proxy") };
  await expect(file.load()).rejects.toMatchObject(refusal);
  expect(await readFile(file.path, "utf8")).toBe(newer);
  await rm(file.path);
  await writeFile(`${file.path}.previous`, newer);
  await expect(file.load()).rejects.toMatchObject(refusal);
});

test("a damaged kamal-proxy file is left alone", async () => {
  const directory = await temporaryDirectory();
  const { file, log } = await open(directory);
  const path = join(directory, "kamal-proxy.state");
  await writeFile(path, '[{"name":');
  expect((await file.load()).services).toEqual([]);
  expect(log.saying("Failed to restore saved state")[0]).toMatchObject({ path });
  expect(await readFile(path, "utf8")).toBe('[{"name":');
});

test("two proxies cannot share a data directory; a dead one leaves no lock behind [ST-06]", async () => {
  const directory = await temporaryDirectory();
  const first = await SnapshotFile.open(directory, recordedLog().log);
  const second = SnapshotFile.open(directory, recordedLog().log);
  await expect(second).rejects.toMatchObject({
    code: "data-directory-in-use",
    message: `data directory ${directory} is in use by another proxy`,
  });
  await first.close();
  await open(directory);
});

test("a data directory that cannot be made is named, with what to do", async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, "file"), "");
  await expect(SnapshotFile.open(join(directory, "file", "x"), recordedLog().log)).rejects.toMatchObject({
    message: expect.stringMatching(/^data directory .*\/file\/x cannot be used: ENOTDIR/),
  });
});
