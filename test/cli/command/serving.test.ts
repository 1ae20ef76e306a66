import { describe, expect, test } from "vitest";
import { servingSentence } from "../../../cli/command/serving.ts";
import { select } from "../../../cli/selection/selection.ts";
import { configOf } from "../config/written-config.ts";

function sentence(written: string): string {
  const config = configOf(written);
  return servingSentence({ selection: select(config, { hosts: undefined, roles: undefined, primary: false }) }, "v1");
}

describe("after a version has taken over, it is said where it is to be seen", () => {
  test.each([
    ["the name", "proxy: { host: shop.example.com, ssl: true }", "https://shop.example.com"],
    ["a path and a port", "proxy: { host: a.b, path_prefix: /api, run: { http_port: 8080 } }", "http://a.b:8080/api"],
    ["the servers, where any name does", "servers: [deploy@1.1.1.1:2222, '::2']", "http://1.1.1.1 http://[::2]"],
    ["no wildcard", "proxy: { hosts: ['*.a.b', c.d] }", "http://c.d"],
  ])("%s", (_, more, urls) => {
    expect(sentence(more)).toBe(`Version v1 serves: ${urls}`);
  });

  test("a worker serves nobody", () => {
    expect(sentence("servers: { web: { hosts: [a], proxy: false } }")).toBe("Version v1 runs.");
  });
});
