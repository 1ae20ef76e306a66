import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { foreignHome, inHome } from "../../../cli/remote/proxy-mount.ts";

/** What the line prints where Docker says that; null for no such container. */
function printed(source: string | null): string {
  const docker = source === null ? "docker() { return 1; }" : `docker() { echo '${source}'; }`;
  const { stdout, stderr } = spawnSync("sh", ["-c", `PWD=/home/me; ${docker}\n${foreignHome("kamal-proxy")}`], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout.trim();
}

describe("the home that a proxy has files of", () => {
  test("is told when it is another user's", () => {
    expect(printed("/home/ann/.kamal/proxy/apps-config")).toBe("/home/ann");
    expect(printed("/root/.kamal/proxy/apps-config")).toBe("/root");
  });

  test("is not told when it is one's own, and where there is none", () => {
    expect(printed("/home/me/.kamal/proxy/apps-config")).toBe("");
    expect(printed("")).toBe("");
    expect(printed(null)).toBe("");
  });

  test("is known of a proxy that was set aside, when a reboot was killed before the new one was there", () => {
    const docker = `docker() { case "$*" in
      "ps --all --quiet --filter name=^kamal-proxy_replaced_") printf 'abc\\ndef\\n';;
      *" abc "*) echo /home/ann/.kamal/proxy/apps-config;;
      *) return 1;; esac; }`;
    const line = `PWD=/home/me; ${docker}\n${foreignHome("kamal-proxy")}`;
    expect(spawnSync("sh", ["-c", line], { encoding: "utf8" }).stdout).toBe("/home/ann\n");
  });

  test("is that of the line that is run in it, and nothing else changes", () => {
    expect(inHome("", "docker run x")).toBe("docker run x");
    const { stdout } = spawnSync("sh", ["-c", inHome("/home/a b", 'echo "$PWD/x" "$(pwd)"')], {
      encoding: "utf8",
      cwd: "/tmp",
    });
    expect(stdout.trim()).toBe("/home/a b/x /tmp");
  });
});
