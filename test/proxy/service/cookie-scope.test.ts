import { describe, expect, test } from "vitest";
import { scopedCookie } from "../../../proxy/service/cookie-scope.ts";

const HOST = "example.com";
const scoped = (cookie: string): string => scopedCookie(cookie, "/api", HOST);

describe("the path", () => {
  test.each([
    ["a=1; Path=/", "a=1; Path=/api", "[A33]"],
    ["a=1; Path=/admin", "a=1; Path=/api/admin", "[A34]"],
    ["a=1", "a=1; Path=/api", "[A35]"],
    ["a=1; Path=", "a=1; Path=/api", ""],
    ["a=1; Path", "a=1; Path=/api", ""],
    ["a=1; Path=/x/", "a=1; Path=/api/x", ""],
    ["a=1; Path=/x//y/./z", "a=1; Path=/api/x/y/z", ""],
    ["a=1; Path=/../../x", "a=1; Path=/api/x", ""],
    ["a=1; Path=x", "a=1; Path=/api/x", ""],
    ["a=1; path=/y; Path=/x", "a=1; path=/y; Path=/api/x", ""],
  ])("%j → %j %s", (from, to) => {
    expect(scoped(from)).toBe(to);
  });
});

describe("the domain", () => {
  test.each([
    ["a=1; Domain=; Path=/", true, "[A40]"],
    ["a=1; Domain=example.com; Path=/", true, "[A36 A41]"],
    ["a=1; Domain=EXAMPLE.com; Path=/", true, ""],
    ["a=1; Domain=other.com; Path=/", false, "[A37 A42]"],
    ["a=1; Domain=sub.example.com; Path=/", false, "[A43]"],
    ["a=1; Domain=.example.com; Path=/", false, ""],
    ["a=1; Domain=other.com; Domain=example.com; Path=/", true, ""],
  ])("%j is scoped: %j %s", (cookie, expected) => {
    expect(scoped(cookie)).toBe(expected ? cookie.replace("Path=/", "Path=/api") : cookie);
  });

  test("of the parent on a sub-domain: not scoped [A44]", () => {
    const cookie = "a=1; Domain=example.com; Path=/";
    expect(scopedCookie(cookie, "/api", "sub.example.com")).toBe(cookie);
  });
});

test("everything else of the line stays byte for byte", () => {
  const before = 'sid=a=b"{c}; ; HttpOnly ;Max-Age=1;expires=Thu, 01 Jan 1970 00:00:00 GMT;';
  const after = ";Priority=High; SameSite=none;Secure; Partitioned;x-odd";
  expect(scoped(`${before} path = / ${after}`)).toBe(`${before} path=/api${after}`);
  expect(scoped(`sid=1;Secure${after}`)).toBe(`sid=1;Secure${after}; Path=/api`);
});

test.each(["", "no-name", "=1; Path=/", " =1; Path=/", "__Host-a=1; Path=/; Secure", "__host-a=1; Path=/"])(
  "%j is left alone",
  (cookie) => {
    expect(scoped(cookie)).toBe(cookie);
  },
);
