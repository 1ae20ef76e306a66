import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EverydayFleet } from "../../support/everyday-fleet.ts";
import { THREE_HOSTS } from "../../support/simulated-fleet.ts";

describe("secrets of a deploy", () => {
  test("those that are missing are all named before anything is built, and no server is reached", async () => {
    const fleet = new EverydayFleet({ config: `${THREE_HOSTS}env: { secret: [A_KEY, B_KEY] }\n` });
    const { exitCode, err } = await fleet.run("deploy --version v9 -P");
    expect(exitCode).toBe(4);
    expect(err).toMatch(/secrets are missing: A_KEY \(\w+\), B_KEY \(\w+\)/);
    expect(fleet.recording.all).toEqual([]);
  });

  test("one that is missing is told as everywhere else", async () => {
    const fleet = new EverydayFleet({ config: `${THREE_HOSTS}env: { secret: [A_KEY] }\n` });
    const { exitCode, err } = await fleet.run("redeploy --version v9 -P");
    expect(exitCode).toBe(4);
    expect(err).toContain("secret 'A_KEY' not found");
    expect(fleet.recording.all).toEqual([]);
  });

  test("a dry run asks no password manager", async () => {
    const fleet = new EverydayFleet({ config: `${THREE_HOSTS}env: { secret: [A_KEY] }\n` });
    const cwd = await fleet.directory();
    const asked = join(cwd, "asked");
    await mkdir(join(cwd, ".kamal"));
    await writeFile(join(cwd, ".kamal/secrets"), `A_KEY=$(touch ${asked}; echo value)\n`);
    const { exitCode } = await fleet.run("deploy --version v9 --dry-run");
    expect(exitCode).toBe(0);
    await expect(access(asked)).rejects.toThrow("ENOENT");
  });
});
