import { expect, test } from "vitest";
import { dataDirectoryOf, socketPathOf } from "../../../proxy/control/paths.ts";

test("the data directory is under HOME, else under the temporary directory", () => {
  expect(dataDirectoryOf({ HOME: "/home/u", XDG_CONFIG_HOME: "/x" })).toBe("/home/u/.config/kamal-proxy");
  expect(dataDirectoryOf({ HOME: "", TMPDIR: "/var/tmp" })).toBe("/var/tmp/.config/kamal-proxy");
  expect(dataDirectoryOf({})).toBe("/tmp/.config/kamal-proxy");
});

test("the socket's path: named, else in the runtime directory, else in the temporary one", () => {
  const environment = { KAMAL_PROXY_SOCKET: "/a/b.sock", XDG_RUNTIME_DIR: "/run/user/1", TMPDIR: "/t" };
  expect(socketPathOf(environment)).toBe("/a/b.sock");
  expect(socketPathOf({ ...environment, KAMAL_PROXY_SOCKET: "" })).toBe("/run/user/1/kamal-proxy.sock");
  expect(socketPathOf({ TMPDIR: "/t" })).toBe("/t/kamal-proxy.sock");
  expect(socketPathOf({})).toBe("/tmp/kamal-proxy.sock");
});
