import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import * as replace from "../../../cli/remote/accessory-replace.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { accessoryOf, example } from "./example.ts";

const config = example(
  "accessories: { db: { image: 'db:1', host: h, files: ['a:/etc/my.cnf', 'init:/init', 'c d:/c d'] } }",
);
const db = accessoryOf(config, "db");
const HEX = "0123456789abcdef";
const ENV = ".kamal/apps/app/env/accessories/db.env";

async function server(files: Readonly<Record<string, string>>) {
  const home = await temporaryDirectory();
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  return {
    home,
    write,
    read: (path: string) => readFileSync(join(home, path), "utf8"),
    there: (path: string) => existsSync(join(home, path)),
    sh: (line: string, env: Record<string, string> = {}) =>
      execFileSync("/bin/sh", ["-c", line], { cwd: home, env: { ...process.env, ...env }, stdio: "pipe" }).toString(),
  };
}

test("containers and files that were kept are told from the accessory's own", async () => {
  expect(replace.keptIn(db, "app-db\n")).toEqual({ own: true, kept: [], files: [] });
  expect(replace.keptIn(db, `app-db_replaced_${HEX}\napp-db2\n`)).toEqual({ own: false, kept: [HEX], files: [] });
  expect(replace.keptIn(db, `app-db\napp-db_replaced_${HEX}/\n`)).toEqual({ own: true, kept: [], files: [HEX] });
  expect(replace.keptIn(db, "")).toEqual({ own: false, kept: [], files: [] });
});

test("the question for them prints containers and directories, goes well without any, and fails when Docker does", async () => {
  const { home, sh } = await server({ "bin/docker": '#!/bin/sh\n[ "$BROKEN" ] && exit 1\necho app-db\n' });
  sh("chmod +x bin/docker");
  const env = { PATH: `${home}/bin:${process.env["PATH"]}` };
  const ask = (more: Record<string, string> = {}) =>
    replace.keptIn(db, sh(replace.listContainers(db), { ...env, ...more }));
  expect(ask()).toEqual({ own: true, kept: [], files: [] });
  for (const line of replace.keepFiles(config, db, HEX)) sh(line);
  expect(ask()).toEqual({ own: true, kept: [], files: [HEX] });
  expect(() => ask({ BROKEN: "1" })).toThrow("Command failed");
});

test("lines", () => {
  expect(replace.listContainers(db)).toBe(
    "docker ps -a --filter label=service=app-db --format '{{.Names}}' && (ls -d app-db_replaced_*/ 2> /dev/null || true)",
  );
  expect(replace.keepContainer(db, HEX)).toBe(`docker rename app-db app-db_replaced_${HEX}`);
  expect(replace.bringBackContainer(db, HEX)).toBe(`docker rename app-db_replaced_${HEX} app-db`);
  expect(replace.dropKeptContainer(db, HEX)).toBe(`docker container rm --force app-db_replaced_${HEX}`);
  expect(replace.removeOwnContainer(db)).toBe("docker container rm --force app-db");
  expect(replace.dropKeptFiles(db, HEX)).toBe(`/usr/bin/env rm -rf app-db_replaced_${HEX}`);
});

test("files, directories and variables are as they were when they are brought back, and nothing is left over", async () => {
  const { home, read, sh, there, write } = await server({
    "app-db/etc/my.cnf": "old",
    "app-db/init/1.sql": "old",
    [ENV]: "PW=old\n",
  });
  sh(`chmod 600 ${ENV}`);
  for (const line of replace.keepFiles(config, db, HEX)) sh(line);
  expect(statSync(join(home, `app-db_replaced_${HEX}`)).mode & 0o777).toBe(0o700);
  write("app-db/etc/my.cnf", "new");
  write("app-db/init/2.sql", "new");
  write("app-db/c d", "new");
  sh(`rm ${ENV}`);
  write(ENV, "PW=new\n");
  for (const line of replace.bringBackFiles(config, db, HEX)) sh(line);
  sh(replace.dropKeptFiles(db, HEX));
  expect(read("app-db/etc/my.cnf")).toBe("old");
  expect([there("app-db/init/1.sql"), there("app-db/init/2.sql")]).toEqual([true, false]);
  expect(read(ENV)).toBe("PW=old\n");
  expect(statSync(join(home, ENV)).mode & 0o777).toBe(0o600);
  expect(there(`app-db_replaced_${HEX}`)).toBe(false);
});

test.each([["['x:/init/x.sql', 'init:/init']"], ["['init:/init', 'x:/init/x.sql']"]])(
  "a file in a directory that is uploaded as well comes back, with the rest of it: %s",
  async (files) => {
    const both = example(`accessories: { db: { image: 'db:1', host: h, files: ${files} } }`);
    const { read, sh, write } = await server({ "app-db/init/x.sql": "old x", "app-db/init/1.sql": "old 1" });
    for (const line of replace.keepFiles(both, accessoryOf(both, "db"), HEX)) sh(line);
    write("app-db/init/x.sql", "new");
    write("app-db/init/1.sql", "new");
    for (const line of replace.bringBackFiles(both, accessoryOf(both, "db"), HEX)) sh(line);
    expect([read("app-db/init/x.sql"), read("app-db/init/1.sql")]).toEqual(["old x", "old 1"]);
  },
);

test("half of a copy, of a disk that is full or a connection that was lost, never comes back", async () => {
  const { home, read, sh } = await server({
    "app-db/etc/my.cnf": "whole",
    "bin/cp": '#!/bin/sh\nprintf wh > "$3"; exit 1\n',
  });
  sh("chmod +x bin/cp");
  const path = `${home}/bin:${process.env["PATH"]}`;
  const [directory = "", copy = ""] = replace.keepFiles(config, db, HEX);
  sh(directory);
  expect(() => sh(copy, { PATH: path })).toThrow("Command failed");
  for (const line of replace.bringBackFiles(config, db, HEX)) sh(line);
  expect(read("app-db/etc/my.cnf")).toBe("whole");
});
