import { describe, expect, test } from "vitest";
import type { Config } from "../../../cli/config/config.ts";
import { KdeployError } from "../../../cli/errors.ts";
import { type Filters, select } from "../../../cli/selection/selection.ts";
import { configOf } from "../config/written-config.ts";

const config = configOf(`
servers:
  workers: { hosts: [w1, shared] }
  web: { hosts: [shared, web1, web2], proxy: { host: a.b } }
  cron: { hosts: [cron1] }
accessories:
  db: { image: 'db:1', hosts: [db1, web2] }
  search: { image: 's:1', host: s1, proxy: { host: c.d } }
`);

function selected(filters: Filters, of: Config = config) {
  const { hosts, roles, primaryHost, primaryRole, appHosts, proxyHosts, lockHost } = select(of, filters);
  return {
    hosts: hosts.join(" "),
    roles: roles.map((role) => role.name).join(" "),
    primary: `${primaryRole?.name}@${primaryHost}`,
    app: appHosts.join(" "),
    proxy: proxyHosts.join(" "),
    lock: lockHost,
  };
}

function caught(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("hosts and roles", () => {
  test("without filters all of them, the primary's first", () => {
    expect(selected({})).toEqual({
      hosts: "shared web1 web2 cron1 w1 db1 s1",
      roles: "web cron workers",
      primary: "web@shared",
      app: "shared web1 web2 cron1 w1",
      proxy: "shared web1 web2 s1",
      lock: "shared",
    });
  });

  test.each<[Filters, Partial<ReturnType<typeof selected>>]>([
    [{ hosts: "web*" }, { hosts: "web1 web2", roles: "web", primary: "web@web1", proxy: "web1 web2" }],
    [
      { hosts: "w1,shared" },
      { hosts: "w1 shared", roles: "workers web", primary: "workers@w1", app: "shared w1", proxy: "shared" },
    ],
    [{ hosts: "db1" }, { hosts: "db1", roles: "", primary: "undefined@db1", app: "", proxy: "" }],
    [{ hosts: "{cron,db}1" }, { hosts: "cron1 db1", roles: "cron", primary: "cron@cron1" }],
    [{ hosts: "[!w]*1" }, { hosts: "cron1 db1 s1" }],
    [{ roles: "workers" }, { hosts: "shared w1", roles: "workers", primary: "workers@w1", proxy: "shared" }],
    [{ roles: "w*" }, { hosts: "shared web1 web2 w1", roles: "web workers", primary: "web@shared" }],
    [{ roles: "workers,cron" }, { roles: "workers cron", primary: "workers@w1" }],
    [
      { roles: "workers", hosts: "shared" },
      { hosts: "shared", roles: "workers", primary: "workers@shared" },
    ],
    [{ primary: true }, { hosts: "shared", roles: "web workers", primary: "web@shared" }],
    [
      { primary: true, hosts: "web2" },
      { hosts: "shared", primary: "web@shared" },
    ],
    [
      { primary: true, roles: "cron" },
      { hosts: "cron1", roles: "cron", primary: "cron@cron1" },
    ],
  ])("%j", (filters, expected) => {
    expect(selected(filters)).toMatchObject(expected);
  });

  test("the lock is on the same host whatever is selected", () => {
    const filters: Filters[] = [{}, { hosts: "web2" }, { roles: "cron" }, { primary: true }, { hosts: "db1" }];
    expect(new Set(filters.map((one) => select(config, one).lockHost))).toEqual(new Set(["shared"]));
  });

  test("roles of a host come with the primary one first", () => {
    const names = (host: string, filters: Filters = {}) =>
      select(config, filters)
        .rolesOn(host)
        .map((role) => role.name);
    expect(names("shared")).toEqual(["web", "workers"]);
    expect(names("shared", { hosts: "w1,shared" })).toEqual(["workers", "web"]);
    expect(names("shared", { roles: "workers" })).toEqual(["workers"]);
    expect(names("db1")).toEqual([]);
  });

  test("hosts of an accessory are the selected ones", () => {
    const hostsOf = (filters: Filters) => {
      const selection = select(config, filters);
      return config.accessories.map((accessory) => selection.accessoryHosts(accessory).join(" "));
    };
    expect(hostsOf({})).toEqual(["db1 web2", "s1"]);
    expect(hostsOf({ roles: "web" })).toEqual(["web2", ""]);
    expect(hostsOf({ hosts: "s*" })).toEqual(["", "s1"]);
  });

  test("accessories alone have a primary host too", () => {
    const alone = { ...config, roles: [] };
    expect(selected({}, alone)).toMatchObject({ hosts: "db1 web2 s1", primary: "undefined@db1", lock: "db1" });
  });

  test.each<[Filters, string]>([
    [{ hosts: "nowhere,no*" }, "no hosts match nowhere,no*"],
    [{ roles: "admin" }, "no roles match admin"],
    [{ hosts: "" }, "no hosts match "],
    [{ hosts: "web1", roles: "cron" }, "no hosts and roles match web1 with cron"],
  ])("%j is an error of usage", (filters, message) => {
    const error = caught(() => select(config, filters));
    expect(error).toBeInstanceOf(KdeployError);
    expect(error).toMatchObject({ message, exitClass: "usage" });
  });
});
