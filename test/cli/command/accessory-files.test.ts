import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { containers, fleetOf } from "../../support/accessory-fleet.ts";
import { EverydayFleet } from "../../support/everyday-fleet.ts";
import { THREE_HOSTS } from "../../support/simulated-fleet.ts";

describe("files", () => {
  const WITH_FILES = `${THREE_HOSTS}
accessories:
  db:
    image: pg
    host: two
    env: { clear: { SIZE: 1GB }, secret: [PW] }
    files:
      - my.cnf.erb:/etc/my.cnf
      - { local: init, remote: /init, mode: "0640", owner: "999:999" }
`;

  async function withFiles(files: Readonly<Record<string, string>>): Promise<EverydayFleet> {
    const fleet = new EverydayFleet({ config: WITH_FILES });
    const directory = await fleet.directory();
    for (const folder of [".kamal", "init/deep"]) mkdirSync(join(directory, folder), { recursive: true });
    for (const [path, text] of Object.entries({ ".kamal/secrets": "PW=hush\n", ...files }))
      writeFileSync(join(directory, path), text);
    return fleet;
  }

  test("a template has the accessory's variables; a directory goes with all that is in it", async () => {
    const template = 'size=<%= ENV["SIZE"] %>\npassword=<%= ENV["PW"] %>\n';
    const fleet = await withFiles({ "my.cnf.erb": template, "init/b.sql": "B", "init/deep/a.sql.erb": "<%= A %>" });
    expect((await fleet.run("accessory boot db")).exitCode).toBe(0);
    const uploads = fleet.recording.all.filter(({ command }) => command.startsWith("upload app-db"));
    expect(uploads.map(({ command, input }) => [command.replace(/ \d+$/, ""), input])).toEqual([
      ["upload app-db/etc/my.cnf", "size=1GB\npassword=hush\n"],
      ["upload app-db/init/b.sql", "B"],
      ["upload app-db/init/deep/a.sql.erb", "<%= A %>"],
    ]);
    expect(
      fleet.recording.on("two").filter((line) => /app-db\/(?:init|etc)/.test(line) && !/upload|run/.test(line)),
    ).toEqual([
      "/usr/bin/env mkdir -p app-db/etc",
      "/usr/bin/env chmod 755 app-db/etc/my.cnf",
      "/usr/bin/env mkdir -p app-db/init app-db/init/deep",
      "/usr/bin/env find app-db/init -type f -exec chmod 0640 {} +",
      "/usr/bin/env chown -R 999:999 app-db/init",
    ]);
    expect(fleet.recording.on("two").join("\n")).not.toContain("hush");
  });

  test("what a template cannot do here is refused with file and line, before anything is changed", async () => {
    const fleet = await withFiles({ "my.cnf.erb": "a\n<% if true %>b<% end %>\n" });
    const { exitCode, err } = await fleet.run("accessory boot db");
    expect(exitCode).toBe(3);
    expect(err).toContain("my.cnf.erb:2:1");
    expect(containers(fleet, "two")).toEqual([]);
  });

  test("what is there and cannot be read is named, and no defect of this program", async () => {
    const fleet = await withFiles({ "my.cnf.erb": "", "init/b.sql": "B" });
    symlinkSync("nowhere", join(await fleet.directory(), "init/link"));
    const { exitCode, err } = await fleet.run("accessory boot db");
    expect([exitCode, err]).toEqual([3, expect.stringContaining("init, of accessory db, cannot be read: ENOENT")]);
    expect(containers(fleet, "two")).toEqual([]);
  });

  test.each(["accessory boot all", "accessory upgrade db -y", "accessory upload db", "setup --skip-push"])(
    "%s with a file that is not there changes nothing",
    async (words) => {
      const fleet = await withFiles({});
      const { exitCode, err } = await fleet.run(words);
      expect(exitCode).toBe(3);
      expect(err).toContain("There is no file my.cnf.erb, of accessory db. Nothing was changed.");
      expect(fleet.recording.all).toEqual([]);
    },
  );
});

describe("backup and restore", () => {
  test("run the project's hook, with what it needs to know", async () => {
    const fleet = fleetOf();
    mkdirSync(join(await fleet.directory(), ".kamal/hooks"), { recursive: true });
    writeFileSync(join(await fleet.directory(), ".kamal/secrets"), "PW=hush\n");
    await fleet.recordHooks(["accessory-backup", "accessory-restore"]);
    expect((await fleet.run("accessory backup cache")).exitCode).toBe(0);
    expect((await fleet.run("accessory restore db Dockerfile -y")).exitCode).toBe(0);
    expect(await fleet.hookLog()).toEqual([
      "accessory-backup one,two accessory backup",
      "accessory-restore two accessory restore",
    ]);
    expect(fleet.lockSteps("one")).toEqual(["taken", "released"]);
    expect(fleet.recording.all.filter(({ command }) => /docker exec|docker run/.test(command))).toEqual([]);
  });

  test("without a hook, with --skip-hooks, or without a file, it is an error that says so", async () => {
    const fleet = fleetOf();
    const none = await fleet.run("accessory backup db");
    expect([none.exitCode, none.err]).toEqual([
      1,
      expect.stringContaining("There is no hook .kamal/hooks/accessory-backup."),
    ]);
    expect(none.err).toContain(".kamal/hooks/accessory-backup.sample");
    await fleet.recordHooks(["accessory-backup", "accessory-restore"]);
    expect((await fleet.run("accessory backup db --skip-hooks")).exitCode).toBe(2);
    const missing = await fleet.run("accessory restore db no.sql -y");
    expect([missing.exitCode, missing.err]).toEqual([3, expect.stringContaining("There is no file no.sql.")]);
  });
});
