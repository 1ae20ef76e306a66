import { expect, test } from "vitest";
import { readTrustedProxies } from "../../../proxy/options/trusted-proxies.ts";

test("ranges, single addresses and presets, each once", () => {
  expect(readTrustedProxies([])).toEqual([]);
  expect(readTrustedProxies(["10.0.0.0/8", "192.0.2.7", "fd00::/8", "::1", "10.0.0.0/8"])).toEqual([
    "10.0.0.0/8",
    "192.0.2.7/32",
    "fd00::/8",
    "::1/128",
  ]);
  expect(readTrustedProxies(["private"])).toContain("172.16.0.0/12");
  const both = readTrustedProxies(["cloudflare", "private"]);
  expect(both).toContain("104.16.0.0/13");
  expect(both).toContain("fc00::/7");
  expect(readTrustedProxies(both), "what is spelled out can be given again").toEqual(both);
});

test.each(["", "10.0.0.0/33", "::/129", "10.0.0/8", "proxy.example", "10.0.0.0/", "10.0.0.0/8/8", "fe80::1%eth0"])(
  "%j is no range",
  (text) => {
    expect(() => readTrustedProxies([text])).toThrow(
      expect.objectContaining({ code: "invalid-argument", hint: expect.stringContaining("private and cloudflare") }),
    );
  },
);
