import { describe, expect, test } from "vitest";
import { readTrustedProxies } from "../../../proxy/options/trusted-proxies.ts";
import { addressOfHop, plainAddress } from "../../../proxy/request/client-address.ts";
import { TrustedProxies } from "../../../proxy/request/trusted-proxies.ts";

const trusted = (...ranges: string[]): TrustedProxies => new TrustedProxies(ranges, 32);

describe("ranges", () => {
  test.each([
    ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]],
    ["10.1.2.3/8", ["10.9.9.9"], ["11.1.2.3"]],
    ["192.0.2.7", ["192.0.2.7"], ["192.0.2.8"]],
    ["192.0.2.0/31", ["192.0.2.0", "192.0.2.1"], ["192.0.2.2"]],
    ["0.0.0.0/0", ["1.2.3.4", "255.255.255.255"], ["::1"]],
    ["::/0", ["::1", "2001:db8::1"], ["1.2.3.4"]],
    ["2001:db8::/32", ["2001:db8::1", "2001:db8:ffff::"], ["2001:db9::1"]],
    ["::1", ["::1"], ["::2"]],
    ["::ffff:10.0.0.0/104", ["10.9.9.9"], ["11.0.0.1"]],
  ])("%s", (range, inside, outside) => {
    const proxies = trusted(range);
    expect(inside.map((address) => proxies.includes(address))).toEqual(inside.map(() => true));
    expect(outside.map((address) => proxies.includes(address))).toEqual(outside.map(() => false));
  });

  test.each([
    "",
    "10.0.0.0/33",
    "10.0.0/8",
    "::/129",
    "fe80::1%eth0/64",
    "example.com",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "/8",
  ])("%j is refused, and named", (range) => {
    expect(() => trusted("10.0.0.0/8", range)).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(JSON.stringify(range)) }),
    );
  });

  test("presets", () => {
    const home = new TrustedProxies(readTrustedProxies(["private"]), 32);
    for (const address of ["10.1.1.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "::1", "fd12::1"]) {
      expect(home.includes(address), address).toBe(true);
    }
    for (const address of ["172.32.0.1", "11.0.0.1", "2606:4700::1"]) expect(home.includes(address)).toBe(false);
    const cloudflare = new TrustedProxies(readTrustedProxies(["cloudflare"]), 32);
    expect(["104.16.0.1", "172.64.3.4", "2606:4700::1", "10.0.0.1"].map((a) => cloudflare.includes(a))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe("the client behind", () => {
  const proxies = new TrustedProxies(["10.0.0.0/8", "fd00::/8"], 4);

  test.each([
    ["1.1.1.1", "1.1.1.1"],
    ["1.1.1.1, 2.2.2.2", "2.2.2.2"],
    ["1.1.1.1, 2.2.2.2, 10.0.0.2", "2.2.2.2"],
    ["1.1.1.1,10.0.0.2,fd00::1", "1.1.1.1"],
    ["10.0.0.3, 10.0.0.2", "10.0.0.3"],
    // What is no address ends the search.
    ["1.1.1.1, unknown, 10.0.0.2", "10.0.0.2"],
    ["1.1.1.1, unknown", "10.0.0.1"],
    ["1.1.1.1,", "10.0.0.1"],
    ["", "10.0.0.1"],
    // And so does the limit.
    ["1.1.1.1, 10.0.0.9, 10.0.0.8, 10.0.0.7", "1.1.1.1"],
    ["1.1.1.1, 10.0.0.9, 10.0.0.8, 10.0.0.7, 10.0.0.6", "10.0.0.9"],
    ["[2001:DB8::1]:443, 10.0.0.2:80", "2001:db8::1"],
  ])("%j is %s", (field, client) => {
    expect(proxies.clientBehind("10.0.0.1", field)).toBe(client);
  });
});

test.each([
  ["1.2.3.4", "1.2.3.4"],
  [" 1.2.3.4:80 ", "1.2.3.4"],
  ["[::1]", "::1"],
  ["[2001:DB8:0::1]:8080", "2001:db8::1"],
  ["2001:db8:0:0:0:0:0:1", "2001:db8::1"],
  ["::ffff:1.2.3.4", "1.2.3.4"],
  ["::FFFF:102:304", "1.2.3.4"],
  ["fe80::1%eth0", "fe80::1"],
  ["unknown", null],
  ["_hidden", null],
  ["1.2.3", null],
  ["1.2.3.4:x", null],
  ['"1.2.3.4"', null],
  ["", null],
])("hop %j is %j [FW-05]", (hop, address) => {
  expect(addressOfHop(hop)).toBe(address);
});

test.each([
  ["::ffff:1.2.3.4", "1.2.3.4"],
  ["fe80::1%eth0", "fe80::1"],
  ["::1", "::1"],
  ["", ""],
])("socket address %j is %j [FW-05]", (given, plain) => {
  expect(plainAddress(given)).toBe(plain);
});
