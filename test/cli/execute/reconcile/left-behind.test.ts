import { describe, expect, test } from "vitest";
import { compare } from "../../../../cli/execute/reconcile/compare.ts";
import { parseInventory } from "../../../../cli/remote/inventory-facts.ts";
import { select } from "../../../../cli/selection/selection.ts";
import {
  accessoryContainer,
  container,
  type PrintedHost,
  printed,
  roleContainer,
  route,
} from "../../../support/printed-inventory.ts";
import { configOf } from "../../config/written-config.ts";
import { CONFIG, compared, served, web } from "./compared.ts";

describe("hosts that left", () => {
  const there = roleContainer("web", "two");
  const files = [".kamal/apps/app/env/roles/web.env"];
  const former = { containers: [there], routes: [route("app-web", there)], paths: files };

  test("are cleared of all that the app has there", () => {
    expect(compared(CONFIG, { one: served }, { former: { two: former } })).toEqual([
      "role-left on two: The role web does not belong on this host any more; its containers are here still: 1 running. → remove-containers",
      "route-left on two: The proxy has a route to app-web still, which is no role of this host any more. → remove-route",
      "host-left on two: two left the configuration; files of the app are there still. → leave-host",
    ]);
  });

  test("by a former name only are forgotten; a copy of a server is another server", () => {
    const one = { ...served, engine: "E1" };
    expect(compared(CONFIG, { one }, { former: { two: { ...one, paths: files } } })).toEqual([
      "host-left on two: two left the configuration, but is the same server as one. → forget-host",
    ]);
    const copy = { ...former, containers: [{ ...there, id: "c".repeat(64) }], engine: "E1" };
    expect(compared(CONFIG, { one }, { former: { two: copy } })).toHaveLength(3);
  });

  test("without anything of the app are not worth a word; one that cannot be asked is", () => {
    expect(compared(CONFIG, { one: served }, { former: { two: {}, three: "three does not answer" } })).toEqual([
      "host-left on three: three left the configuration, and cannot be asked what is there: three does not answer → nothing",
    ]);
  });

  test("keep proxy and images where another app or destination has need of them", () => {
    const action = (more: PrintedHost) => {
      const config = configOf(CONFIG);
      const facts = parseInventory(printed({ ...former, ...more }));
      if (facts === undefined) throw new Error("no facts");
      const empty = {
        config,
        selection: select(config, {}),
        facts: new Map(),
        files: new Map(),
        secretsOf: () => new Map(),
      };
      return compare({ ...empty, former: new Map([["two", facts]]) }).at(-1)?.action;
    };
    expect(action({})).toEqual({ do: "leave-host", removesImages: true, removesProxy: true });
    const other = container("other-web-1", { labels: { service: "other", role: "web", destination: "" } });
    expect(action({ containers: [there, other] })).toMatchObject({ removesImages: true, removesProxy: false });
    const staging = container("app-web-st-1", { labels: { service: "app", role: "web", destination: "st" } });
    expect(action({ containers: [there, staging] })).toMatchObject({ removesImages: false, removesProxy: false });
    expect(action({ paths: [...files, ".kamal/apps/other/env"] })).toMatchObject({ removesProxy: false });
    expect(action({ routes: [route("by-hand", "cafecafecafe")] })).toMatchObject({ removesProxy: false });
  });
});

describe("a server with two names in the configuration", () => {
  const db = accessoryContainer("app-db", "private");
  const jobs = roleContainer("jobs", "private");
  const both = {
    ...served,
    containers: [web, jobs, db],
    engine: "E1",
    paths: [
      ".kamal/apps/app/env/accessories/db.env",
      ".kamal/apps/app/env/roles/jobs.env",
      ".kamal/apps/app/env/roles/web.env",
    ],
  };
  const config =
    "servers: { web: [one], jobs: { hosts: [private], cmd: serve } }\nproxy: { host: app.example.com }\n" +
    "accessories: { db: { image: 'db:1', host: private, cmd: serve } }";

  test("has nothing left over of what belongs there by the other one", () => {
    expect(compared(config, { one: both, private: both })).toEqual([]);
    expect(compared(config, { one: both, private: { ...both, engine: "E2" } })).not.toEqual([]);
  });

  test("nor when only one of them was asked", () => {
    expect(compared(config, { one: both }, { filters: { hosts: "one" } })).toEqual([]);
    const [left] = compared(CONFIG, { one: both }, { filters: { hosts: "one" } });
    expect(left).toMatch(/^role-left on one: The role jobs left the configuration/);
  });
});

test("another user's project of the same name keeps its containers and routes", () => {
  const api = roleContainer("api", "one");
  const host = { containers: [web, api], routes: [route("app-web", web), route("app-api", api)] };
  expect(compared(CONFIG, { one: host })).toEqual([
    "role-left on one: The role api left the configuration; its containers are here still: 1 running. → nothing",
  ]);
  const paths = [".kamal/apps/app/env/roles/api.env"];
  expect(compared(CONFIG, { one: { ...host, paths } }).slice(0, 2)).toEqual([
    "role-left on one: The role api left the configuration; its containers are here still: 1 running. → remove-containers",
    "route-left on one: The proxy has a route to app-api still, which is no role of this host any more. → remove-route",
  ]);
});
