import { describe, expect, test } from "vitest";
import {
  isTooOld,
  ORIGINAL_PROXY_IMAGE,
  PROXY_IMAGE,
  parseImage,
  proxyImage,
} from "../../../cli/remote/proxy-image.ts";
import { VERSION } from "../../../proxy/version.ts";

const RUN = { registry: undefined, repository: undefined, version: undefined };

describe("the proxy's image", () => {
  test("is the one of this version", () => {
    expect(PROXY_IMAGE.tag).toBe(`v${VERSION}`);
  });

  test.each([
    [undefined, `kdeploy/kdeploy-proxy:${PROXY_IMAGE.tag}`],
    [RUN, `kdeploy/kdeploy-proxy:${PROXY_IMAGE.tag}`],
    [{ ...RUN, registry: "r.io:5000" }, `r.io:5000/kdeploy/kdeploy-proxy:${PROXY_IMAGE.tag}`],
    [{ ...RUN, repository: "basecamp/kamal-proxy" }, `basecamp/kamal-proxy:${ORIGINAL_PROXY_IMAGE.tag}`],
    [{ ...RUN, repository: "acme/proxy", version: "v9" }, "acme/proxy:v9"],
  ])("%j is %s", (run, image) => {
    expect(proxyImage(run)).toBe(image);
  });

  test.each([
    ["basecamp/kamal-proxy:v0.9.2", "basecamp/kamal-proxy", "v0.9.2"],
    ["registry:5000/a/b", "registry:5000/a/b", undefined],
    ["registry:5000/a/b:c@sha256:00\n", "registry:5000/a/b", "c"],
    ["a", "a", undefined],
  ])("%s has its parts", (reference, repository, tag) => {
    expect(parseImage(reference)).toEqual({ repository, tag });
  });

  test.each([
    ["basecamp/kamal-proxy:v0.9.1", true],
    ["r.io/basecamp/kamal-proxy:v0.8.10", true],
    ["basecamp/kamal-proxy:v0.9.2", false],
    ["basecamp/kamal-proxy:v0.10.0", false],
    ["basecamp/kamal-proxy:latest", false],
    ["basecamp/kamal-proxy@sha256:00", false],
    ["kdeploy/kdeploy-proxy:v0.0.9", true],
    [`kdeploy/kdeploy-proxy:${PROXY_IMAGE.tag}`, false],
  ])("%s too old: %s [CLI-23]", (reference, old) => {
    expect(isTooOld(reference)).toBe(old);
  });
});
