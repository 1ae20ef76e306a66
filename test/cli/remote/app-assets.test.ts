import { describe, expect, test } from "vitest";
import { assetVolumes, clean, extract, hasAssets, missingAssetPath, sync } from "../../../cli/remote/app-assets.ts";
import { example, roleOf } from "./example.ts";

const config = example("asset_path: [/public/assets, '/public/packs:ro']");
const web = roleOf(config);
const A = ".kamal/apps/app/assets";

describe("assets in several directories", () => {
  test("the first one is where the original has its only one, each further one has a place of its own", () => {
    expect(assetVolumes(config, web, "123")).toEqual([
      `--volume $PWD/${A}/volumes/web-123:/public/assets`,
      `--volume $PWD/${A}/volumes-2/web-123:/public/packs:ro`,
    ]);
  });

  test("are copied out of one container", () => {
    expect(extract(config, web, "123").split(" && ")).toEqual([
      `/usr/bin/env mkdir -p ${A}/extracted/web-123`,
      `/usr/bin/env mkdir -p ${A}/extracted-2/web-123`,
      "docker container rm app-web-assets 2> /dev/null || true",
      "docker container create --name app-web-assets ghcr.io/dhh/app:123",
      `docker container cp -L app-web-assets:/public/assets/. ${A}/extracted/web-123`,
      `docker container cp -L app-web-assets:/public/packs/. ${A}/extracted-2/web-123`,
      "docker container rm app-web-assets",
    ]);
  });

  test("are shared and cleared away each for itself", () => {
    const lines = sync(config, web, "123", "122");
    expect(lines).toHaveLength(8);
    expect(lines.slice(4)).toEqual([
      `/usr/bin/env mkdir -p ${A}/volumes-2/web-123`,
      `/usr/bin/env cp -rnT ${A}/extracted-2/web-123 ${A}/volumes-2/web-123`,
      `/usr/bin/env cp -rnT ${A}/extracted-2/web-123 ${A}/volumes-2/web-122 || true`,
      `/usr/bin/env cp -rnT ${A}/extracted-2/web-122 ${A}/volumes-2/web-123 || true`,
    ]);
    const directories = [...clean(config, web, "123").matchAll(/find \S+\/(\S+) /g)].map(([, name]) => name);
    expect(directories).toEqual(["extracted", "volumes", "extracted-2", "volumes-2"]);
  });

  test("none is none", () => {
    const none = example("asset_path: []");
    expect(hasAssets(roleOf(none))).toBe(false);
    expect(assetVolumes(none, roleOf(none), "1")).toEqual([]);
  });
});

describe("a directory that the image does not have", () => {
  const similar = roleOf(example("asset_path: [/public, /public/packs]"));

  test.each([
    ["Error: No such container:path: app-web-assets:/public/packs/.", "/public/packs"],
    ["Error response from daemon: Could not find the file /public in container app-web-assets", "/public"],
    ["Error response from daemon: No such image: app:1", undefined],
    ["No such container:path: other:/elsewhere", undefined],
  ])("%s", (stderr, path) => {
    expect(missingAssetPath(similar, stderr)).toBe(path);
  });
});
