import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LocalHost } from "../../../cli/execute/local-host.ts";
import { goodReleases, parseReleases, readReleases, recordRelease } from "../../../cli/remote/releases.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { configOf } from "../config/written-config.ts";

const config = configOf("service: app\n");
const release = (version: string, rolledBackFrom?: string) => ({
  version,
  ...(rolledBackFrom === undefined ? {} : { rolledBackFrom }),
  at: "2026-01-01T00:00:00Z",
  performer: "Eve 'O' <eve@example.com> $(id) `id`",
});

describe("the release record", () => {
  test("keeps what was written, in order, and no more than it should", async () => {
    const host = new LocalHost({ cwd: await temporaryDirectory() });
    expect(parseReleases((await host.run(readReleases(config))).stdout)).toEqual([]);
    for (const version of ["v1", "v2", "v3", "v4"]) {
      expect((await host.run(recordRelease(config, release(version), 3))).exitCode).toBe(0);
    }
    const read = parseReleases((await host.run(readReleases(config))).stdout);
    expect(read).toEqual(["v2", "v3", "v4"].map((version) => release(version)));
  });

  test("is whole at any time, and passes over what is no entry", async () => {
    const cwd = await temporaryDirectory();
    const host = new LocalHost({ cwd });
    await host.run(recordRelease(config, release("v1"), 3));
    await host.run("printf 'torn {\\n\\n[1]\\n{\"version\":7}\\n' >> .kamal/apps/app/releases");
    expect(readFileSync(join(cwd, ".kamal/apps/app/releases"), "utf8")).toContain("torn");
    expect(parseReleases((await host.run(readReleases(config))).stdout)).toEqual([release("v1")]);
  });
});

describe("good releases", () => {
  test.each([
    ["the ones before", [release("v1"), release("v2"), release("v3")], ["v3"], ["v2", "v1"]],
    ["none of them twice", [release("v1"), release("v2"), release("v1"), release("v2")], ["v2"], ["v1"]],
    [
      "not what was rolled back from",
      [release("v1"), release("v2"), release("v3"), release("v2", "v3")],
      ["v2"],
      ["v1"],
    ],
    [
      "what was rolled back from, once it is deployed anew",
      [release("v1"), release("v2"), release("v1", "v2"), release("v2"), release("v3")],
      ["v3"],
      ["v2", "v1"],
    ],
    ["all, where nothing runs", [release("v1")], [], ["v1"]],
  ])("%s", (_, releases, current, good) => {
    expect(goodReleases(releases, current)).toEqual(good);
  });
});
