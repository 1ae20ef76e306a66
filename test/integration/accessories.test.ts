/** Postgres, Redis and a page behind the proxy as accessories of real servers: started, upgraded, backed up, restored, removed. */
import { appendFile, readdir } from "node:fs/promises";
import { request } from "node:http";
import { createConnection } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HUB_IMAGES } from "../bed/layout.ts";
import { AccessoryProject } from "../support/bed/accessory-project.ts";
import type { KdeployResult } from "../support/bed/kdeploy.ts";
import type { Server } from "../support/bed/server.ts";
import { type Bed, startBed } from "../support/bed/servers.ts";
import { reasonToSkip } from "../support/docker/engine.ts";

const skip = reasonToSkip();
const PSQL = "psql --no-align --tuples-only --username shop shop_production";

let bed: Bed;
let project: AccessoryProject;
let first: Server;
let second: Server;

if (skip !== undefined) process.stderr.write(`Accessories are not tested on servers: ${skip}.\n`);

describe.skipIf(skip !== undefined)("accessories", () => {
  beforeAll(async () => {
    bed = await startBed();
    [first, second] = bed.servers;
    await bed.reset();
    project = await AccessoryProject.create();
  });

  afterAll(async () => {
    await project?.remove();
    await bed?.reset();
    await bed?.end();
  });

  test("boot ends when the database takes connections, with its files rendered and its secret on no command line", async () => {
    await kdeploy("accessory", "boot", "db");
    expect(await visits()).toBe("shop");
    expect(first.commands().filter(({ text }) => text.includes('it is a "secret"'))).toEqual([]);
    const again = await kdeploy("accessory", "boot", "db");
    expect(again.stdout).toContain("db is there already and stays as it is");
  });

  test("a bare port is reachable on the server, and from nowhere else", async () => {
    expect(await first.inside("(exec 3<>/dev/tcp/127.0.0.1/5432) && echo open")).toBe("open");
    expect(await connects(first.address, 5432)).toBe(false);
  });

  test("one that crashes again and again fails with the end of its log, and is not in the way of the next attempt", async () => {
    await project.change("cmd: redis-server --appendonly yes", "cmd: redis-server --appendonly perhaps");
    const failed = await project.kdeploy(["accessory", "boot", "cache"]);
    expect(failed.exitCode, failed.output).toBe(1);
    expect(failed.stderr).toContain("cache did not come up");
    expect(failed.stderr).toContain("argument must be 'yes' or 'no'");
    expect(await names(first)).toEqual(["shop-db"]);
    await project.change("cmd: redis-server --appendonly perhaps", "cmd: redis-server --appendonly yes");
    await kdeploy("accessory", "boot", "cache");
    for (const server of [first, second]) expect(await names(server)).toContain("shop-cache");
  });

  test("exec runs in the container or in a new one, takes standard input, and keeps bytes and exit codes", async () => {
    await kdeploy("accessory", "exec", "cache", "--reuse", "redis-cli set greeting hello");
    const got = await kdeploy("accessory", "exec", "cache", "--reuse", "redis-cli get greeting");
    for (const { address } of [first, second]) expect(got.stdout).toContain(`Accessory cache Host: ${address}\nhello`);
    const fresh = await kdeploy("accessory", "exec", "db", "sh -c 'echo $POSTGRES_DB $HOSTNAME'");
    expect(fresh.stdout).toContain("shop_production");
    const raw = await kdeploy("accessory", "exec", "db", "--reuse", "--raw", "printf 'a\\r\\n\\n'");
    expect(raw.stdout).toBe("a\r\n\n");
    const failed = await project.kdeploy(["accessory", "exec", "db", "--reuse", "sh -c 'exit 7'"]);
    expect(failed.exitCode).toBe(7);
    const input = "INSERT INTO visits VALUES ('from stdin');\n";
    const fed = await project.kdeploy(["accessory", "exec", "db", "-i", "--reuse", PSQL], { input });
    expect(fed.exitCode, fed.output).toBe(0);
    expect(await visits()).toBe("shop\nfrom stdin");
  });

  test("logs are there, and can be searched", async () => {
    expect((await kdeploy("accessory", "logs", "db")).stdout).toContain("ready to accept connections");
    const found = await kdeploy("accessory", "logs", "db", "--grep", "listening on IPv4");
    expect(found.stdout).toContain("port 5432");
    expect(found.stdout).not.toContain("ready to accept");
  });

  test("an upgrade takes the new image, waits until it is healthy, and the data survive", async () => {
    const before = await first.engine("inspect", "--format", "{{.Id}}", "shop-db");
    await project.change(`image: ${HUB_IMAGES.postgres}`, `image: ${HUB_IMAGES.newerPostgres}`);
    await kdeploy("accessory", "upgrade", "db", "-y");
    expect(await first.engine("inspect", "--format", "{{.Config.Image}} {{.State.Health.Status}}", "shop-db")).toBe(
      `${HUB_IMAGES.newerPostgres} healthy`,
    );
    expect(await first.engine("inspect", "--format", "{{.Id}}", "shop-db")).not.toBe(before);
    expect(await visits()).toBe("shop\nfrom stdin");
    expect(await names(first)).toEqual(["shop-cache", "shop-db"]);
    const nobody = await project.kdeploy(["accessory", "upgrade", "db"]);
    expect([nobody.exitCode, nobody.stderr]).toEqual([1, expect.stringContaining("declined")]);
  });

  test("an upgrade that does not come up brings the old container and its files back", async () => {
    const before = await first.engine("inspect", "--format", "{{.Id}}", "shop-db");
    await project.change("cmd: postgres -c log_statement=ddl", "cmd: postgres -c no_such_setting=1");
    await appendFile(join(project.folder, "config/schema.sql.erb"), "SELECT 'changed';\n");
    const failed = await project.kdeploy(["accessory", "upgrade", "db", "--confirmed"]);
    expect(failed.exitCode, failed.output).toBe(1);
    expect(failed.stderr).toContain('unrecognized configuration parameter "no_such_setting"');
    expect(failed.stdout).toContain("db: as before.");
    expect(await first.engine("inspect", "--format", "{{.Id}}", "shop-db")).toBe(before);
    expect(await visits()).toBe("shop\nfrom stdin");
    expect(await first.inside("cat /root/shop-db/docker-entrypoint-initdb.d/schema.sql")).not.toContain("changed");
    expect(await first.inside("ls -A /root")).not.toContain("replaced");
    await project.change("cmd: postgres -c no_such_setting=1", "cmd: postgres -c log_statement=ddl");
  });

  test("one host after another, and a host that is away is named", async () => {
    await kdeploy("accessory", "upgrade", "cache", "--rolling", "-y");
    const got = await kdeploy("accessory", "exec", "cache", "--reuse", "redis-cli get greeting");
    expect(got.stdout.match(/^hello$/gm)).toHaveLength(2);
    await second.stopSshd();
    const failed = await project.kdeploy(["accessory", "restart", "cache"]);
    await second.startSshd();
    expect(failed.exitCode, failed.output).toBe(6);
    expect(failed.stderr).toContain(second.address);
    expect(await names(first)).toContain("shop-cache");
  });

  test("what the sample hooks have backed up can be restored", async () => {
    await kdeploy("init");
    const missing = await project.kdeploy(["accessory", "backup", "db"]);
    expect([missing.exitCode, missing.stderr]).toEqual([1, expect.stringContaining("accessory-backup.sample")]);
    await project.useSampleHooks("accessory-backup", "accessory-restore");
    const saved = await kdeploy("accessory", "backup", "db");
    const [file = ""] = await readdir(join(project.folder, "backups"));
    expect(saved.stdout).toContain(`saved backups/${file}`);
    await kdeploy("accessory", "exec", "db", "--reuse", `${PSQL} -c 'DROP TABLE visits'`);
    await kdeploy("accessory", "restore", "db", `backups/${file}`, "-y");
    expect(await visits()).toBe("shop\nfrom stdin");
  });

  test("behind the proxy it is served on every host, and stops and goes without the proxy", async () => {
    const early = await project.kdeploy(["accessory", "boot", "admin"]);
    expect([early.exitCode, early.stderr]).toEqual([1, expect.stringContaining("kdeploy proxy boot")]);
    await kdeploy("proxy", "boot");
    await kdeploy("accessory", "boot", "all");
    for (const { address } of [first, second]) expect(await page(address)).toBe("three visits\n");
    await kdeploy("accessory", "reboot", "admin", "-y");
    expect(await page(first.address)).toBe("three visits\n");
    await kdeploy("accessory", "stop", "admin", "--hosts", second.address);
    await expect(page(second.address)).rejects.toThrow("status 404");
    await kdeploy("accessory", "start", "admin");
    expect(await page(second.address)).toBe("three visits\n");
    await first.engine("rm", "--force", "kamal-proxy");
    await kdeploy("accessory", "stop", "admin");
    expect((await kdeploy("accessory", "details", "admin")).stdout).not.toContain("Up ");
  });

  test("removed, nothing of it is left: container, image, files and variables", async () => {
    await kdeploy("accessory", "remove", "db", "-y");
    expect(await names(first)).not.toContain("shop-db");
    expect(await first.engine("image", "ls", "--format", "{{.Repository}}:{{.Tag}}")).not.toContain(
      HUB_IMAGES.newerPostgres,
    );
    expect(await first.inside("ls -A /root /root/.kamal/apps/shop/env/accessories")).not.toMatch(/shop-db|db\.env/);
    await kdeploy("remove", "-y");
    for (const server of [first, second]) expect(await names(server)).toEqual([]);
  });
});

/** Must do what it is told. */
async function kdeploy(...args: readonly string[]): Promise<KdeployResult> {
  const result = await project.kdeploy(args);
  expect(result.exitCode, `kdeploy ${args.join(" ")}\n${result.output}`).toBe(0);
  return result;
}

/** Rows of the table, behind kdeploy's back. */
function visits(): Promise<string> {
  return first.engine("exec", "shop-db", ...PSQL.split(" "), "-c", "SELECT who FROM visits");
}

/** Of containers in any state, but for the proxy's. */
async function names(server: Server): Promise<string[]> {
  const listed = await server.engine("ps", "--all", "--format", "{{.Names}}");
  return listed
    .split("\n")
    .filter((name) => name !== "" && name !== "kamal-proxy")
    .toSorted();
}

function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: 2_000 });
    const settle = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => settle(true));
    socket.once("timeout", () => settle(false));
    socket.once("error", () => settle(false));
  });
}

/** @throws for everything but a 200 */
function page(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { Host: "admin.example.com" };
    const asking = request({ host: address, path: "/reports/today.txt", headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () =>
        response.statusCode === 200 ? resolve(body) : reject(new Error(`status ${response.statusCode}`)),
      );
    });
    asking.on("error", reject);
    asking.end();
  });
}
