import { describe, expect, test } from "vitest";
import {
  accessoryContainer,
  container,
  PROXY,
  type PrintedHost,
  roleContainer,
  route,
} from "../../../support/printed-inventory.ts";
import { CONFIG, compared, type Extra, served, web } from "./compared.ts";

const WITH_DB = `${CONFIG}\naccessories: { db: { image: 'db:1', host: one, cmd: serve } }`;

describe("an app that is as configured", () => {
  test("differs in nothing, with stopped versions kept for a rollback, one-off containers and another app beside it", () => {
    const containers = [
      web,
      roleContainer("web", "one", { version: "v0", state: "exited" }),
      container("app-web-exec-v1-abc", { labels: { service: "app" } }),
      container("app-admin-web-v7", { labels: { service: "app-admin", role: "web", destination: "" } }),
      container("app-web-st-v7", { labels: { service: "app", role: "web", destination: "st" } }),
      container("app-admin-db", { labels: { service: "app-admin-db" } }),
    ];
    const [, , , admin, staging] = containers;
    if (admin === undefined || staging === undefined) throw new Error("no containers");
    const routes = [route("app-web", web), route("app-admin-web", admin), route("app-web-st", staging)];
    const paths = [
      ".kamal/apps/app/env/roles/web.env",
      ".kamal/apps/app/hosts",
      ".kamal/apps/app-admin/env/roles/web.env",
      ".kamal/apps/app-admin/env/accessories/db.env",
      ".kamal/apps/app-st/env/roles/web.env",
    ];
    expect(compared(CONFIG, { one: { containers, routes, paths } })).toEqual([]);
  });

  test("of the original's proxy only what its table says is compared", () => {
    const image = { proxy: container("kamal-proxy", { image: "kdeploy/kdeploy-proxy:v0.1.0" }) };
    const row = (cells: readonly string[]) => cells.map((cell) => cell.padEnd(20)).join("");
    const head = row(["Service", "Host", "Path", "Target", "State", "TLS"]);
    const table = (host: string) =>
      `${head}\n${row(["app-web", host, "/", `${web.id.slice(0, 12)}:80`, "running", "no"])}`;
    expect(compared(CONFIG, { one: { ...served, ...image, routes: table("app.example.com") } })).toEqual([]);
    expect(compared(CONFIG, { one: { ...served, ...image, routes: table("old.example.com") } })).toEqual([
      "route-changed on one: The route to app-web is another: host old.example.com in place of app.example.com. → route",
    ]);
  });
});

describe("roles", () => {
  test("that changed are booted with the version that they have", () => {
    expect(compared(`${CONFIG}\nenv: { A: b }`, { one: served })).toEqual([
      "container-changed on one: app-web-v1 is not as it would be run now: env A is new. → boot",
    ]);
  });

  test("that do not run get the version of the others; without one it is a person's to deploy", () => {
    const two = "servers: { web: [one, two] }\nproxy: { host: app.example.com }";
    const stopped = { containers: [roleContainer("web", "two", { state: "exited" })] };
    expect(compared(two, { one: served, two: stopped })).toEqual([
      "role-missing on two: web is stopped on this host. → boot",
    ]);
    expect(compared(CONFIG, { one: {} })).toEqual(["role-missing on one: web is not on this host. → nothing"]);
  });

  test("of several versions are told, and left", () => {
    const two = "servers: { web: [one, two] }\nproxy: { host: app.example.com }";
    const newer = roleContainer("web", "two", { version: "v2" });
    expect(compared(two, { one: served, two: { containers: [newer], routes: [route("app-web", newer)] } })).toEqual([
      "versions-mixed on all: The hosts do not run the same version: v1 on one; v2 on two. → nothing",
    ]);
  });

  test("that left the file, or the host, go with their routes and files", () => {
    const jobs = roleContainer("jobs", "one");
    const old = roleContainer("jobs", "one", { version: "v0", state: "exited" });
    const host = { ...served, containers: [web, jobs, old], paths: [".kamal/apps/app/env/roles/jobs.env"] };
    const left = "its containers are here still: 1 running, 1 stopped. → remove-containers";
    const file = "files-left on one: Nothing uses these any more: .kamal/apps/app/env/roles/jobs.env. → remove-files";
    expect(compared(CONFIG, { one: host })).toEqual([
      `role-left on one: The role jobs left the configuration; ${left}`,
      file,
    ]);
    const moved = "servers: { web: [one], jobs: [two] }\nproxy: { host: app.example.com }";
    const there = { containers: [roleContainer("jobs", "two")] };
    expect(compared(moved, { one: host, two: there })).toEqual([
      `role-left on one: The role jobs does not belong on this host any more; ${left}`,
      file,
    ]);
  });

  test("what runs beside the container that serves is stale, whichever is newer", () => {
    const newer = roleContainer("web", "one", { version: "v2" });
    expect(compared(CONFIG, { one: { ...served, containers: [newer, web] } })).toEqual([
      "container-stale on one: app-web-v2 runs beside app-web-v1, and serves nothing. → stop-container",
    ]);
  });

  test("of a selection only are looked for; what left is told all the same", () => {
    const two = "servers: { web: [one], jobs: [one] }\nproxy: { host: app.example.com }";
    expect(compared(two, { one: served }, { filters: { roles: "web" } })).toEqual([]);
    expect(compared(two, { one: served })).toEqual(["role-missing on one: jobs is not on this host. → boot"]);
  });
});

describe("routes", () => {
  const changed = (yaml: string, options: Parameters<typeof route>[2] = {}) =>
    compared(yaml, { one: { containers: [web], routes: [route("app-web", web, options)] } });

  test("that are missing, or lead to what does not run, are told anew", () => {
    expect(compared(CONFIG, { one: { ...served, routes: [] } })).toEqual([
      "route-missing on one: The proxy has no route to app-web. → route",
    ]);
    expect(compared(CONFIG, { one: { ...served, routes: [route("app-web", "cafecafecafe")] } })).toEqual([
      "route-changed on one: The route to app-web is another: target cafecafecafe:80, which does not run. → route",
    ]);
  });

  test("that are other than configured say in what", () => {
    const yaml =
      "servers: [one]\nproxy: { hosts: [App.example.com, b.com], path_prefix: api, ssl: true, healthcheck: { path: ready }, response_timeout: 60, app_port: 3000 }";
    expect(changed(yaml)).toEqual([
      "route-changed on one: The route to app-web is another: app_port 80 in place of 3000; " +
        "host app.example.com in place of app.example.com, b.com; path-prefix / in place of /api; tls false in place of true; " +
        "health-check-path /up in place of /ready; target-timeout 30000 in place of 60000. → route",
    ]);
  });

  test("with what the proxy was told and the configuration does not say any more", () => {
    expect(
      changed(CONFIG, { service: { canonicalHost: "app.example.com" }, target: { targetTimeoutMs: 5000 } }),
    ).toEqual([
      "route-changed on one: The route to app-web is another: canonical-host app.example.com in place of none; target-timeout 5000 in place of 30000. → route",
    ]);
  });

  test("that are held back are a person's to let through", () => {
    expect(changed(CONFIG, { state: "stopped" })).toEqual([
      "route-paused on one: Requests to app-web are held back: it is stopped. → nothing",
    ]);
  });

  test("that are of no role go: by their container, else by a role that there was; never another app's", () => {
    const paths = [".kamal/apps/app/env/roles/admin-web.env", ".kamal/apps/app/env/roles/jobs.env"];
    const files =
      "files-left on one: Nothing uses these any more: .kamal/apps/app/env/roles/admin-web.env, .kamal/apps/app/env/roles/jobs.env. → remove-files";
    const routes = [
      route("app-web", web),
      route("app-jobs", "cafecafecafe"),
      route("app-admin-web", "cafecafecafe"),
      route("app-x", "cafecafecafe"),
    ];
    const left = (service: string) =>
      `route-left on one: The proxy has a route to ${service} still, which is no role of this host any more. → remove-route`;
    expect(compared(CONFIG, { one: { ...served, routes, paths } })).toEqual([
      left("app-jobs"),
      left("app-admin-web"),
      files,
    ]);
    const others = [...paths, ".kamal/apps/app-admin/env/roles/web.env"];
    expect(compared(CONFIG, { one: { ...served, routes, paths: others } })).toEqual([left("app-jobs"), files]);
  });
});

describe("the proxy", () => {
  test("that does not run is started, and nothing is said of its routes", () => {
    expect(compared(CONFIG, { one: { containers: [web], routes: null } })).toEqual([
      "proxy-missing on one: There is no proxy on this host. → boot-proxy",
    ]);
    const stopped = { ...PROXY, details: { ...PROXY.details, state: { Status: "exited" } } };
    expect(compared(CONFIG, { one: { containers: [web], routes: "", proxy: stopped } })).toEqual([
      "proxy-missing on one: The proxy is exited. → boot-proxy",
    ]);
  });

  test("that runs without an answer is told", () => {
    expect(compared(CONFIG, { one: { containers: [web], routes: "" } })).toEqual([
      "proxy-missing on one: The proxy runs, and does not answer: nothing is known of its routes. → nothing",
    ]);
  });

  test("that is another than proxy.run or the boot files say is told", () => {
    const old = container("kamal-proxy", { image: "kdeploy/kdeploy-proxy:v0.0.9" });
    expect(compared(CONFIG, { one: { ...served, proxy: old } })).toEqual([
      "proxy-changed on one: The proxy is not as it would be run now: image kdeploy/kdeploy-proxy:v0.0.9. → reboot-proxy",
    ]);
    const [changed] = compared(CONFIG.replace("com }", "com, run: { http_port: 8080 } }"), { one: served });
    expect(changed).toMatch(/^proxy-changed on one: .*8080.* → reboot-proxy$/);
  });
});

describe("accessories", () => {
  const db = accessoryContainer("app-db", "one");
  const paths = [".kamal/apps/app/env/accessories/db.env"];
  const host = { ...served, containers: [web, db], paths };
  const of = (one: typeof db, more: Extra = {}, there: PrintedHost = {}) =>
    compared(WITH_DB, { one: { ...host, containers: [web, one], ...there } }, more);

  test("that run as configured do not differ", () => {
    expect(of(db)).toEqual([]);
    const files = new Map([["db", new Map([["app-db/my.cnf", "aa"]])]]);
    expect(of(db, { files }, { checksums: ["aa app-db/my.cnf"] })).toEqual([]);
    expect(of(db, { files }, { checksums: ["unreadable app-db/my.cnf"] })).toEqual([]);
  });

  test("that are missing, stopped, sick or changed", () => {
    expect(compared(WITH_DB, { one: { ...served, paths } })).toEqual([
      "accessory-missing on one: The accessory db is not on this host. → boot-accessory",
    ]);
    expect(of(accessoryContainer("app-db", "one", { state: "exited" }))).toEqual([
      "accessory-missing on one: The accessory db is exited. → reboot-accessory",
    ]);
    expect(of(accessoryContainer("app-db", "one", { health: "unhealthy" }))).toEqual([
      "accessory-unhealthy on one: The accessory db is unhealthy. → nothing",
    ]);
    const files = new Map([["db", new Map([["app-db/my.cnf", "aa"]])]]);
    expect(
      of(accessoryContainer("app-db", "one", { image: "db:0" }), { files }, { checksums: ["bb app-db/my.cnf"] }),
    ).toEqual([
      "accessory-changed on one: The accessory db is not as it would be run now: image db:0 in place of db:1, file app-db/my.cnf changed. → reboot-accessory",
    ]);
  });

  test("whose data a new container would not find are a person's to restart", () => {
    const volume = (one: string) => WITH_DB.replace("cmd: serve", `cmd: serve, ${one}`);
    const there = (options: Parameters<typeof accessoryContainer>[2]): PrintedHost => ({
      ...host,
      containers: [web, accessoryContainer("app-db", "one", options)],
    });
    const action = (yaml: string, options: Parameters<typeof accessoryContainer>[2]) =>
      compared(yaml, { one: there(options) }).map((line) => line.replace(/^(\S+).* → /, "$1 "));
    const moved = { binds: ["/home/ann/app-db/data:/data"] };
    expect(action(volume("directories: ['data:/data']"), moved)).toEqual(["accessory-changed nothing"]);
    expect(action(volume("volumes: ['new:/data']"), { binds: ["old:/data"] })).toEqual(["accessory-changed nothing"]);
    expect(action(WITH_DB, { binds: ["old:/data"] })).toEqual(["accessory-changed nothing"]);
    const anonymous = { config: { Volumes: { "/data": {} } } };
    expect(action(volume("volumes: ['new:/data']"), anonymous)).toEqual(["accessory-changed nothing"]);
    expect(action(WITH_DB, { ...anonymous, state: "exited" })).toEqual(["accessory-missing nothing"]);
    expect(action(WITH_DB, anonymous)).toEqual([]);
    // These are found as before.
    const kept = { binds: ["old:/data:ro"], ...anonymous };
    expect(action(volume("volumes: ['old:/data']"), kept)).toEqual(["accessory-changed reboot-accessory"]);
    const file = { binds: ["/home/ann/app-db/my.cnf:/my.cnf"] };
    expect(action(volume("files: ['my.cnf:/my.cnf']"), file)).toEqual(["accessory-changed reboot-accessory"]);
  });

  test("that left go, with their secrets", () => {
    expect(compared(CONFIG, { one: host })).toEqual([
      "accessory-left on one: The accessory db left the configuration; its container app-db is here still. → remove-accessory",
      "files-left on one: Nothing uses these any more: .kamal/apps/app/env/accessories/db.env. → remove-files",
    ]);
  });

  test("a container that another app or destination may have is never removed", () => {
    const files =
      "files-left on one: Nothing uses these any more: .kamal/apps/app/env/accessories/db.env. → remove-files";
    expect(
      compared(CONFIG, { one: { ...host, paths: [...paths, ".kamal/apps/app-st/env/accessories/db.env"] } }),
    ).toEqual([
      "accessory-left on one: The accessory db left the configuration; its container app-db is here still, and another app may have it. → nothing",
      files,
    ]);
    // Without an env file of its own, this app has no claim to it.
    expect(compared(CONFIG, { one: { ...host, paths: [] } })).toEqual([]);
    // `app-admin` is an app of its own, as its containers say: its `db` is not called `app-db`.
    const admin = container("app-admin-web-v1", { labels: { service: "app-admin", role: "web", destination: "" } });
    const known = {
      ...host,
      containers: [web, db, admin],
      paths: [...paths, ".kamal/apps/app-admin/env/accessories/db.env"],
    };
    expect(compared(CONFIG, { one: known })[0]).toMatch(/here still\. → remove-accessory$/);
  });
});

describe("files", () => {
  test("of assets, error pages and certificates that nothing uses go; others stay", () => {
    const paths = [
      ".kamal/apps/app/assets/volumes/web-v1",
      ".kamal/apps/app/assets/extracted/jobs-v1",
      ".kamal/apps/app-admin/assets/volumes/web-v1",
      ".kamal/proxy/apps-config/app/error_pages/v0",
      ".kamal/proxy/apps-config/app/error_pages/v1",
      ".kamal/proxy/apps-config/app/error_pages/v1/404.html",
      ".kamal/proxy/apps-config/app/tls/web",
      ".kamal/proxy/apps-config/app/tls/web/cert.pem",
      ".kamal/proxy/apps-config/app/tls/accessories",
      ".kamal/proxy/apps-config/app/tls/accessories/db",
    ];
    const config = `${CONFIG}\nasset_path: /public\nerror_pages_path: public`;
    const asset = { binds: ["/root/.kamal/apps/app/assets/volumes/web-v1:/public"] };
    const here = roleContainer("web", "one", asset);
    const options = { service: { errorPagesPath: "/home/kamal-proxy/.apps-config/app/error_pages/v1" } };
    expect(compared(config, { one: { containers: [here], routes: [route("app-web", here, options)], paths } })).toEqual(
      [
        "files-left on one: Nothing uses these any more: .kamal/apps/app/assets/extracted/jobs-v1, " +
          ".kamal/proxy/apps-config/app/error_pages/v0, .kamal/proxy/apps-config/app/tls/web, " +
          ".kamal/proxy/apps-config/app/tls/accessories/db. → remove-files",
      ],
    );
  });
});

test("of certain roles only nothing is said of files that others may use", () => {
  const config = CONFIG.replace("web: [one]", "web: [one], jobs: { hosts: [one], cmd: serve }");
  const jobs = roleContainer("jobs", "one");
  const paths = [".kamal/apps/app/assets/volumes/web-v1"];
  const host = { ...served, containers: [web, jobs], paths };
  expect(compared(config, { one: host }, { filters: { roles: "jobs" } })).toEqual([]);
  expect(compared(config, { one: host })).toHaveLength(1);
});

test("destinations of one service do not touch one another", () => {
  const env = ["KAMAL_DESTINATION=st"];
  const staging = container("app-web-st-v1", {
    image: "acme/app:v1",
    env: ["KAMAL_CONTAINER_NAME=app-web-st-v1", "KAMAL_VERSION=v1", "KAMAL_HOST=one", ...env],
    labels: { service: "app", role: "web", destination: "st" },
  });
  const jobs = container("app-jobs-v1", { labels: { service: "app", role: "jobs", destination: "" } });
  const host = { containers: [staging, web, jobs], routes: [route("app-web-st", staging), route("app-web", web)] };
  expect(compared(CONFIG, { one: host }, { destination: "st" })).toEqual([]);
});
