import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { inventory } from "../../../cli/remote/inventory.ts";
import { detailsNamed, parseInventory } from "../../../cli/remote/inventory-facts.ts";
import { parseRoutes } from "../../../cli/remote/routes.ts";
import { printed, roleContainer, route } from "../../support/printed-inventory.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { example } from "./example.ts";

const config = example("accessories: { db: { image: 'db:1', host: 1.1.1.1 } }");

describe("the inventory of a host", () => {
  test("its line runs in a real shell, changes nothing, and comes to its end without Docker", async () => {
    const home = await temporaryDirectory();
    mkdirSync(join(home, "app-db"));
    writeFileSync(join(home, "app-db/a b.conf"), "x");
    mkdirSync(join(home, ".kamal/apps/app/env/roles"), { recursive: true });
    writeFileSync(join(home, ".kamal/apps/app/env/roles/web.env"), "");
    writeFileSync(join(home, ".kamal/apps/app/hosts"), "one web\ntwo jobs,web\n");
    mkdirSync(join(home, ".kamal/lock-app"));
    writeFileSync(join(home, ".kamal/lock-app/details"), Buffer.from("Locked by: ann at now").toString("base64"));
    writeFileSync(join(home, ".kamal/lock-app/beat-abc"), "");
    const line = inventory(config, ["app-db/a b.conf", "app-db/gone.conf"]);
    const env = { PATH: "/usr/bin:/bin", DOCKER_HOST: "unix:///nonexistent" };
    const answer = parseInventory(execFileSync("/bin/sh", ["-c", line], { cwd: home, env }).toString());
    expect(answer).toMatchObject({ home, logDriver: "", containers: [], routes: undefined });
    expect(answer?.lease).toMatchObject({ beat: { token: "abc" }, details: "Locked by: ann at now" });
    expect(answer?.hosts.map(({ host }) => host)).toEqual(["one", "two"]);
    expect(answer?.paths).toContain(".kamal/apps/app/env/roles/web.env");
    expect([...(answer?.checksums ?? [])]).toEqual([
      ["app-db/a b.conf", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"],
      ["app-db/gone.conf", "missing"],
    ]);
  });

  test("says what containers are like, and shows no value of a variable when it is printed", () => {
    const web = roleContainer("web", "one", { env: ["TOKEN=abc=def", "EMPTY="], health: "unhealthy" });
    const facts = parseInventory(printed({ containers: [web], routes: [route("app-web", web)], hosts: "one web\n" }));
    if (facts === undefined) throw new Error("no facts");
    const found = detailsNamed(facts, "app-web-v1");
    expect(found).toMatchObject({ status: "running", health: "unhealthy", image: "acme/app:v1", command: ["serve"] });
    expect(found?.env.get("TOKEN")?.reveal()).toBe("abc=def");
    expect(found?.env.get("EMPTY")?.reveal()).toBe("");
    expect(facts.containers).toEqual([
      { id: web.id, name: "app-web-v1", state: "running", service: "app", destination: "", role: "web" },
    ]);
    expect(facts.routes?.[0]).toMatchObject({ service: "app-web", hosts: ["app.example.com"], state: "running" });
    expect(inspect(facts.details.get(web.id)?.env)).not.toContain("abc=def");
  });

  test("answers that broke off are none", () => {
    expect(parseInventory(printed({}).replace("@@ end\n", ""))).toBeUndefined();
    expect(parseInventory("")).toBeUndefined();
  });
});

describe("routes", () => {
  test("of the original are read from its table", () => {
    const table = [
      "\u001b[3;94mService\u001b[0m    \u001b[3;94mHost\u001b[0m           \u001b[3;94mPath\u001b[0m  \u001b[3;94mTarget\u001b[0m           \u001b[3;94mState\u001b[0m    \u001b[3;94mTLS\u001b[0m  ",
      "\u001b[1;34mapp-web\u001b[0m    \u001b[ma.com,b.com\u001b[0m    \u001b[m/\u001b[0m     \u001b[m0123456789ab:80\u001b[0m  \u001b[mrunning\u001b[0m  \u001b[myes\u001b[0m  ",
      "\u001b[1;34mother-web\u001b[0m  \u001b[m*\u001b[0m              \u001b[m/api\u001b[0m  \u001b[mcafe01234567:80\u001b[0m  \u001b[mpaused\u001b[0m   \u001b[mno\u001b[0m   ",
    ].join("\n");
    expect(parseRoutes(table)).toEqual([
      {
        service: "app-web",
        hosts: ["a.com", "b.com"],
        paths: ["/"],
        targets: ["0123456789ab:80"],
        state: "running",
        tls: true,
        options: undefined,
      },
      {
        service: "other-web",
        hosts: [],
        paths: ["/api"],
        targets: ["cafe01234567:80"],
        state: "paused",
        tls: false,
        options: undefined,
      },
    ]);
  });

  test("nothing, or an error, is no answer", () => {
    expect(parseRoutes("")).toBeUndefined();
    expect(parseRoutes("Error: unknown flag")).toBeUndefined();
    expect(parseRoutes("{ broken")).toBeUndefined();
  });
});
