import { expect, test } from "vitest";
import { formatTargetAddress, parseTargetAddress } from "../../../proxy/target/target-address.ts";

test.each([
  ["app", "app:80"],
  ["app-v2:3000", "app-v2:3000"],
  ["a", "a:80"],
  ["172.17.0.2:3000", "172.17.0.2:3000"],
  ["0a1b2c3d4e5f:80", "0a1b2c3d4e5f:80"],
  ["[fd00::1]:3000", "[fd00::1]:3000"],
])("%j is the target %j [W22]", (given, shown) => {
  expect(formatTargetAddress(parseTargetAddress(given))).toBe(shown);
});

test.each([
  "",
  "_",
  "/",
  "http://app",
  "app/path",
  "app:0",
  "app:65536",
  "app:",
  "a b",
  "-app",
  "fd00::1",
  "unix:/x",
  ":0",
])("%j is no target [A62] [CS-11]", (text) => {
  expect(() => parseTargetAddress(text)).toThrow(
    expect.objectContaining({ code: "invalid-target", message: `${text} :invalid host pattern` }),
  );
});
