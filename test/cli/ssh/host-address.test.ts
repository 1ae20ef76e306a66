import { describe, expect, test } from "vitest";
import { checkedUser, parseHostAddress } from "../../../cli/ssh/host-address.ts";

describe("names of servers [CLI-12]", () => {
  test.each([
    ["app.example.com", undefined, "app.example.com", undefined],
    ["10.0.0.1", undefined, "10.0.0.1", undefined],
    ["deploy@app:2222", "deploy", "app", 2222],
    ["fe80::1%eth0", undefined, "fe80::1%eth0", undefined],
    ["root@[::1]:22", "root", "::1", 22],
    ["AD\\user@app_1", "AD\\user", "app_1", undefined],
  ])("%s", (text, user, host, port) => expect(parseHostAddress(text)).toEqual({ user, host, port }));

  test.each([
    "",
    "-oProxyCommand=x",
    "user@-x",
    "-l@host",
    "a b",
    "a\nb",
    "host:0",
    "host:70000",
    "a;b",
    "$(x)",
    "a/b",
    "a,b",
    "@",
    "user@",
    "[::1",
    "a".repeat(254),
  ])("%j is refused", (text) =>
    expect(() => parseHostAddress(text)).toThrow(expect.objectContaining({ code: "host-name-invalid", exitCode: 3 })),
  );

  test("user names, too", () => {
    expect(checkedUser("deploy", "app")).toBe("deploy");
    for (const user of ["-l", "a b", "a;b", ""]) expect(() => checkedUser(user, "app")).toThrow("Not a user name");
  });
});
