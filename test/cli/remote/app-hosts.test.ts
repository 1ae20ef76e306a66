import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { forgetHosts, parseHosts, readHosts, recordHosts } from "../../../cli/remote/app-hosts.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { example } from "./example.ts";

const config = example();
let home: string;

function sh(line: string): string {
  return execFileSync("/bin/sh", ["-c", line], { cwd: home }).toString();
}

function recorded(): string {
  return readFileSync(join(home, ".kamal/apps/app/hosts"), "utf8");
}

describe("the record of hosts", () => {
  beforeEach(async () => {
    home = await temporaryDirectory();
  });

  test("has every host that there ever was, sorted, with the roles of now", () => {
    sh(
      recordHosts(config, [
        { host: "b", roles: ["web"] },
        { host: "a.b", roles: [] },
      ]),
    );
    expect(recorded()).toBe("a.b\nb web\n");
    sh(
      recordHosts(config, [
        { host: "b", roles: ["jobs", "web"] },
        { host: "c", roles: ["web"] },
      ]),
    );
    expect(recorded()).toBe("a.b\nb jobs,web\nc web\n");
    expect(parseHosts(sh(readHosts(config)))).toEqual([
      { host: "a.b", roles: [] },
      { host: "b", roles: ["jobs", "web"] },
      { host: "c", roles: ["web"] },
    ]);
    expect(readdirSync(join(home, ".kamal/apps/app"))).toEqual(["hosts"]);
  });

  test("forgets the hosts that it is told to, and none whose name begins alike", () => {
    sh(
      recordHosts(
        config,
        ["app", "app1", "deploy@app1:22", "xapp"].map((host) => ({ host, roles: ["web"] })),
      ),
    );
    sh(forgetHosts(config, ["app", "xapp"]));
    expect(recorded()).toBe("app1 web\ndeploy@app1:22 web\n");
  });

  test("where there is none, nothing is said and nothing made", () => {
    sh(forgetHosts(config, ["a"]));
    expect(existsSync(join(home, ".kamal"))).toBe(false);
    mkdirSync(join(home, ".kamal"));
    expect(sh(`${readHosts(config)} || true`)).toBe("");
    expect(parseHosts("")).toEqual([]);
  });
});
