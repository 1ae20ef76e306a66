import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
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

test("containers that were kept are told from the accessory's own", () => {
  expect(replace.listContainers(db)).toBe("docker ps -a --filter label=service=app-db --format '{{.Names}}'");
  expect(replace.keptIn(db, "app-db\n")).toEqual({ own: true, kept: [] });
  expect(replace.keptIn(db, `app-db_replaced_${HEX}\napp-db2\n`)).toEqual({ own: false, kept: [HEX] });
  expect(replace.keptIn(db, "")).toEqual({ own: false, kept: [] });
});

test("lines", () => {
  expect(replace.keepContainer(db, HEX)).toBe(`docker rename app-db app-db_replaced_${HEX}`);
  expect(replace.bringBackContainer(db, HEX)).toBe(`docker rename app-db_replaced_${HEX} app-db`);
  expect(replace.dropKeptContainer(db, HEX)).toBe(`docker container rm --force app-db_replaced_${HEX}`);
  expect(replace.removeOwnContainer(db)).toBe("docker container rm --force app-db");
  expect(replace.dropKeptFiles(db, HEX)).toBe(`/usr/bin/env rm -rf app-db_replaced_${HEX}`);
});

test("files and directories are as they were when they are brought back, and nothing is left over", async () => {
  const home = await temporaryDirectory();
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  };
  const sh = (line: string) => execFileSync("/bin/sh", ["-c", line], { cwd: home });
  write("app-db/etc/my.cnf", "old");
  write("app-db/init/1.sql", "old");
  for (const line of replace.keepFiles(db, HEX)) sh(line);
  write("app-db/etc/my.cnf", "new");
  write("app-db/init/2.sql", "new");
  write("app-db/c d", "new");
  for (const line of replace.bringBackFiles(db, HEX)) sh(line);
  sh(replace.dropKeptFiles(db, HEX));
  expect(readFileSync(join(home, "app-db/etc/my.cnf"), "utf8")).toBe("old");
  expect(existsSync(join(home, "app-db/init/1.sql"))).toBe(true);
  expect(existsSync(join(home, "app-db/init/2.sql"))).toBe(false);
  expect(existsSync(join(home, `app-db_replaced_${HEX}`))).toBe(false);
});
